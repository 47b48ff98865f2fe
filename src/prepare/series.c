/* series.c: see series.h. */
#include "series.h"

#include <math.h>
#include <string.h>

#include "../core/sort.h"

/* The known points of a series, times rising and different. */
typedef struct Knots
{
	int64_t		n;
	double	   *t;
	double	   *y;
	double	   *bend;			/* SPLINE: second derivatives */
} Knots;

static ShopperStatus
find_knots(ShopperEnv *env, int64_t n, const double *time, const double *y, Knots *k)
{
	uint32_t   *order = NULL;
	double		last = -INFINITY;
	int64_t		same = 0;
	bool		rising = true;

	k->n = 0;
	SHOPPER_NEW(env, k->t, n);
	SHOPPER_NEW(env, k->y, n);
	for (int64_t i = 0; i < n && rising; i++)
		if (y[i] == y[i] && time[i] == time[i])
		{
			rising = time[i] >= last;
			last = time[i];
		}
	if (!rising)
	{
		SHOPPER_NEW(env, order, n);
		SHOPPER_TRY(shopper_sort_doubles(env, time, order, n));
	}
	for (int64_t j = 0; j < n; j++)
	{
		int64_t		i = order != NULL ? order[j] : j;

		if ((j & 0xfffff) == 0)
			SHOPPER_TRY(shopper_poll(env));
		if (y[i] != y[i] || time[i] != time[i])
			continue;
		if (k->n > 0 && k->t[k->n - 1] == time[i])
		{
			same++;
			k->y[k->n - 1] += (y[i] - k->y[k->n - 1]) / (double) (same + 1);
			continue;
		}
		same = 0;
		k->t[k->n] = time[i];
		k->y[k->n++] = y[i];
	}
	shopper_release(env, order);
	return SHOPPER_OK;
}

/*
 * Second derivatives of the natural cubic spline (de Boor, A Practical Guide to Splines, 1978): a tridiagonal
 * system, solved forwards and back.
 */
static ShopperStatus
bend(ShopperEnv *env, Knots *k)
{
	double	   *upper;

	SHOPPER_NEW0(env, k->bend, k->n);
	SHOPPER_NEW0(env, upper, k->n);
	for (int64_t i = 1; i + 1 < k->n; i++)
	{
		double		left = k->t[i] - k->t[i - 1],
					right = k->t[i + 1] - k->t[i],
					slopes = (k->y[i + 1] - k->y[i]) / right - (k->y[i] - k->y[i - 1]) / left,
					pivot = 2 * (left + right) - left * upper[i - 1];

		if ((i & 0xfffff) == 0)
			SHOPPER_TRY(shopper_poll(env));
		upper[i] = right / pivot;
		k->bend[i] = (6 * slopes - left * k->bend[i - 1]) / pivot;
	}
	for (int64_t i = k->n - 2; i > 0; i--)
		k->bend[i] -= upper[i] * k->bend[i + 1];
	shopper_release(env, upper);
	return SHOPPER_OK;
}

/* Neville's scheme over the degree + 1 knots around the interval that begins with knot i. */
static double
polynomial(const Knots *k, int64_t i, int degree, double t)
{
	double		p[32];
	int64_t		n = degree + 1 < k->n ? degree + 1 : k->n,
				from = i - (n - 2) / 2;

	if (from > k->n - n)
		from = k->n - n;
	if (from < 0)
		from = 0;
	for (int64_t a = 0; a < n; a++)
		p[a] = k->y[from + a];
	for (int64_t width = 1; width < n; width++)
		for (int64_t a = 0; a + width < n; a++)
			p[a] = ((t - k->t[from + a + width]) * p[a] + (k->t[from + a] - t) * p[a + 1]) / (k->t[from + a] - k->t[from + a + width]);
	return p[0];
}

static double
line(const Knots *k, int64_t i, double t)
{
	return k->y[i] + (k->y[i + 1] - k->y[i]) * ((t - k->t[i]) / (k->t[i + 1] - k->t[i]));
}

static double
spline(const Knots *k, int64_t i, double t)
{
	double		h = k->t[i + 1] - k->t[i],
				a = (k->t[i + 1] - t) / h,
				b = (t - k->t[i]) / h;

	if (a < 0)					/* beyond the ends, where it does not bend, it goes on straight */
		return k->y[i + 1] + (t - k->t[i + 1]) * ((k->y[i + 1] - k->y[i]) / h + h * k->bend[i] / 6);
	if (b < 0)
		return k->y[i] + (t - k->t[i]) * ((k->y[i + 1] - k->y[i]) / h - h * k->bend[i + 1] / 6);
	return a * k->y[i] + b * k->y[i + 1] + ((a * a * a - a) * k->bend[i] + (b * b * b - b) * k->bend[i + 1]) * h * h / 6;
}

/* The value at a time that no knot has; i is the last knot before it, -1: none. */
static double
value_at(const ShopperGaps *g, const Knots *k, int64_t i, double t)
{
	bool		outside = i < 0 || i == k->n - 1;
	int64_t		begin = i < 0 ? 0 : i >= k->n - 1 ? k->n - 2 : i;

	if (k->n == 0)
		return NAN;
	if (outside)
	{
		if (g->method == SHOPPER_STEP && i >= 0)
			return k->y[i];
		if (g->ends == SHOPPER_ENDS_NULL)
			return NAN;
		if (g->ends == SHOPPER_ENDS_HOLD || g->method == SHOPPER_STEP || k->n < 2)
			return k->y[i < 0 ? 0 : i];
	}
	else if (k->t[i + 1] - k->t[i] > g->max_gap)
		return NAN;
	switch (g->method)
	{
		case SHOPPER_STEP:
			return k->y[i];
		case SHOPPER_POLYNOMIAL:
			return polynomial(k, begin, g->degree, t);
		case SHOPPER_SPLINE:
			return spline(k, begin, t);
		case SHOPPER_LINEAR:
		case SHOPPER_SEASONAL:
			break;
	}
	return line(k, begin, t);
}

/* ---- seasons ---- */

/* The season as one number for each of `phases` parts; a phase of a time is that of the nearest part. */
typedef struct Season
{
	int64_t		phases;
	double		origin,
				period;
	double	   *effect;
} Season;

static int64_t
phase_of(const Season *s, double t)
{
	double		turns = (t - s->origin) / s->period;

	return (int64_t) floor((turns - floor(turns)) * (double) s->phases + 0.5) % s->phases;
}

/* The step of the series is the median distance of its times: a season of p steps has p phases. */
static ShopperStatus
season_begin(ShopperEnv *env, double period, int64_t n, const double *time, Season *s)
{
	uint32_t   *order;
	double	   *step,
				share = 0.5,
				median;
	int64_t		steps = 0;

	SHOPPER_NEW(env, order, n);
	SHOPPER_NEW(env, step, n);
	SHOPPER_TRY(shopper_sort_doubles(env, time, order, n));
	for (int64_t i = 1; i < n; i++)
	{
		double		d = time[order[i]] - time[order[i - 1]];

		if (d > 0)
			step[steps++] = d;
	}
	SHOPPER_TRY(shopper_quantiles(env, step, steps, &share, 1, &median));
	s->period = period;
	s->origin = n > 0 ? time[order[0]] : 0;
	s->phases = steps > 0 && period / median < 1e6 ? (int64_t) floor(period / median + 0.5) : 0;
	shopper_release(env, order);
	shopper_release(env, step);
	if (steps > 0 && s->phases < 2)
	{
		shopper_fail(env, SHOPPER_BAD_DATA, "the season must be longer than one step of the series and shorter than a million");
		shopper_detail(env, "The season is %.6g days long, a step %.6g.", period, median);
		shopper_hint(env, "Give period as the time after which the pattern repeats, such as '7 days' for daily values.");
		return env->status;
	}
	SHOPPER_NEW0(env, s->effect, s->phases);
	return SHOPPER_OK;
}

/*
 * Classical additive decomposition (Kendall and Stuart, The Advanced Theory of Statistics 3, 1966): a centred
 * average over one period is the trend, the mean rest of each phase its effect.
 */
static ShopperStatus
learn_season(ShopperEnv *env, Season *s, const Knots *k)
{
	double	   *sum,
				mean = 0;
	int64_t    *count,
				low = 0,
				high = 0,
				known = 0;

	SHOPPER_NEW0(env, count, s->phases);
	SHOPPER_NEW(env, sum, k->n + 1);
	sum[0] = 0;					/* areas under the line through the knots */
	for (int64_t i = 1; i < k->n; i++)
		sum[i] = sum[i - 1] + (k->t[i] - k->t[i - 1]) * (k->y[i] + k->y[i - 1]) / 2;
	for (int64_t i = 0; i < k->n; i++)
	{
		double		from = k->t[i] - s->period / 2,
					to = k->t[i] + s->period / 2,
					area;
		int64_t		p = phase_of(s, k->t[i]);

		if ((i & 0xffff) == 0)
			SHOPPER_TRY(shopper_poll(env));
		if (from < k->t[0] || to > k->t[k->n - 1])
			continue;
		while (k->t[low + 1] <= from)
			low++;
		while (high + 1 < k->n - 1 && k->t[high + 1] <= to)
			high++;
		area = sum[high] + (to - k->t[high]) * (k->y[high] + line(k, high, to)) / 2
			- sum[low] - (from - k->t[low]) * (k->y[low] + line(k, low, from)) / 2;
		s->effect[p] += k->y[i] - area / s->period;
		count[p]++;
	}
	for (int64_t p = 0; p < s->phases; p++)
		if (count[p] > 0)
		{
			s->effect[p] /= (double) count[p];
			mean += s->effect[p];
			known++;
		}
	for (int64_t p = 0; p < s->phases; p++)
		s->effect[p] = count[p] > 0 ? s->effect[p] - mean / (double) known : 0;
	shopper_release(env, sum);
	shopper_release(env, count);
	return SHOPPER_OK;
}

/* ---- filling ---- */

ShopperStatus
shopper_fill_gaps(ShopperEnv *env, const ShopperGaps *g, int64_t n, const double *time, double *y)
{
	Knots		k = {0};
	Season		season = {0};
	int64_t		at = -1;

	SHOPPER_TRY(find_knots(env, n, time, y, &k));
	if (k.n == n || k.n == 0)
		return SHOPPER_OK;
	if (g->method == SHOPPER_SEASONAL)
	{
		SHOPPER_TRY(season_begin(env, g->period, n, time, &season));
		if (k.n > 1)
			SHOPPER_TRY(learn_season(env, &season, &k));
		for (int64_t i = 0; i < k.n; i++)
			k.y[i] -= season.effect[phase_of(&season, k.t[i])];
	}
	if (g->method == SHOPPER_SPLINE)
		SHOPPER_TRY(bend(env, &k));
	for (int64_t i = 0; i < n; i++)
	{
		double		t = time[i];

		if ((i & 0xfffff) == 0)
			SHOPPER_TRY(shopper_poll(env));
		if (y[i] == y[i] || t != t)
			continue;
		if (at >= 0 && k.t[at] > t)	/* not in order of time: search */
		{
			int64_t		low = -1,
						high = at;

			while (high - low > 1)
			{
				int64_t		middle = (low + high) / 2;

				if (k.t[middle] <= t)
					low = middle;
				else
					high = middle;
			}
			at = low;
		}
		while (at + 1 < k.n && k.t[at + 1] <= t)
			at++;
		y[i] = at >= 0 && k.t[at] == t ? k.y[at] : value_at(g, &k, at, t);
		if (g->method == SHOPPER_SEASONAL)
			y[i] += season.effect[phase_of(&season, t)];
	}
	shopper_release(env, k.t);
	shopper_release(env, k.y);
	shopper_release(env, k.bend);
	shopper_release(env, season.effect);
	return SHOPPER_OK;
}

/* ---- quantiles ---- */

static ShopperStatus
known_values(ShopperEnv *env, const double *x, int64_t n, double **known, int64_t *count)
{
	SHOPPER_NEW(env, *known, n);
	*count = 0;
	for (int64_t i = 0; i < n; i++)
		if (x[i] == x[i])
			(*known)[(*count)++] = x[i];
	return shopper_poll(env);
}

ShopperStatus
shopper_quantiles(ShopperEnv *env, const double *x, int64_t n, const double *share, int k, double *q)
{
	double	   *known;
	int64_t		count = 0;

	SHOPPER_TRY(known_values(env, x, n, &known, &count));
	for (int i = 0; i < k; i++)
	{
		double		at = share[i] * (double) (count - 1),
					low,
					high;
		int64_t		below = (int64_t) floor(at);

		SHOPPER_TRY(shopper_poll(env));
		q[i] = NAN;
		if (count == 0)
			continue;
		shopper_select(known, count, below);
		low = high = known[below];
		if (below + 1 < count)
		{
			high = known[below + 1];
			for (int64_t j = below + 2; j < count; j++)
				high = known[j] < high ? known[j] : high;
		}
		q[i] = low + (high - low) * (at - (double) below);
	}
	shopper_release(env, known);
	return SHOPPER_OK;
}

ShopperStatus
shopper_median_deviation(ShopperEnv *env, const double *x, int64_t n, double centre, double *deviation)
{
	double	   *away,
				share = 0.5;

	SHOPPER_NEW(env, away, n);
	for (int64_t i = 0; i < n; i++)
		away[i] = fabs(x[i] - centre);
	SHOPPER_TRY(shopper_quantiles(env, away, n, &share, 1, deviation));
	shopper_release(env, away);
	return SHOPPER_OK;
}
