/* search.c: see search.h */
#include "search.h"

#include <math.h>

#include "../../core/hash.h"
#include "../../core/sort.h"

#define RANDOM_FIRST 10			/* trials before the estimators are asked */
#define CANDIDATES 24
#define GOOD_SHARE 0.25
#define MOST_GOOD 25

void
shopper_search_init(ShopperSearch *s, ShopperEnv *env, ShopperSearchMethod method, const ShopperParameter *parameter, int n, uint64_t seed)
{
	*s = (ShopperSearch) {.env = env,.method = method,.n = n,.parameter = parameter,.seed = seed};
}

/* ---- between values and the even interval [0, 1] ---- */

static double
to_value(const ShopperParameter *p, double u)
{
	double		x;

	if (p->kind == SHOPPER_PARAMETER_CHOICE)
		return fmin(floor(u * p->choices), p->choices - 1);
	x = p->log ? exp(log(p->min) + u * (log(p->max) - log(p->min))) : p->min + u * (p->max - p->min);
	if (p->kind == SHOPPER_PARAMETER_INTEGER)
	{
		/* each integer has the same share of an even range */
		x = p->log ? floor(x + 0.5) : floor(p->min + u * (p->max - p->min + 1));
	}
	return fmin(fmax(x, p->min), p->max);
}

static int
grid_points(const ShopperParameter *p)
{
	if (p->kind == SHOPPER_PARAMETER_CHOICE)
		return p->choices;
	if (p->kind == SHOPPER_PARAMETER_INTEGER && p->max - p->min + 1 < p->points)
		return (int) (p->max - p->min + 1);
	return p->points;
}

int64_t
shopper_search_grid_size(const ShopperSearch *s)
{
	int64_t		size = 1;

	for (int j = 0; j < s->n; j++)
		if (__builtin_mul_overflow(size, grid_points(&s->parameter[j]), &size))
			return INT64_MAX;
	return size;
}

/* Combination number `trial`: the last parameter runs fastest. */
static void
grid_point(const ShopperSearch *s, int64_t trial, double *u, double *value)
{
	for (int j = s->n - 1; j >= 0; j--)
	{
		const ShopperParameter *p = &s->parameter[j];
		int			points = grid_points(p),
					at = (int) (trial % points);

		trial /= points;
		u[j] = p->kind == SHOPPER_PARAMETER_CHOICE ? (at + 0.5) / points : points > 1 ? (double) at / (points - 1) : 0.5;
		value[j] = p->kind == SHOPPER_PARAMETER_INTEGER && !p->log
			? floor(p->min + u[j] * (p->max - p->min) + 0.5) : to_value(p, u[j]);
	}
}

/* ---- tree-structured Parzen estimators ---- */

/* A trial's bandwidth in one dimension: the farther of its two neighbours, within limits. */
static double
bandwidth(const double *sorted, int64_t n, int64_t at)
{
	double		left = at > 0 ? sorted[at] - sorted[at - 1] : sorted[at],
				right = at + 1 < n ? sorted[at + 1] - sorted[at] : 1 - sorted[at],
				width = fmax(left, right);

	return fmin(fmax(width, 1.0 / (double) (n < 98 ? n + 2 : 100)), 1);
}

static double
normal_mass(double mean, double sd)
{
	return 0.5 * (erf((1 - mean) / (sd * M_SQRT2)) - erf((0 - mean) / (sd * M_SQRT2)));
}

/* Density at u of kernels at the sorted points, plus a flat one. */
static double
density(const double *sorted, int64_t n, double u)
{
	double		sum = 1;

	for (int64_t i = 0; i < n; i++)
	{
		double		sd = bandwidth(sorted, n, i),
					z = (u - sorted[i]) / sd;

		sum += exp(-0.5 * z * z) / (sd * sqrt(2 * M_PI)) / normal_mass(sorted[i], sd);
	}
	return sum / (double) (n + 1);
}

/* A random point of that density. */
static double
draw(const double *sorted, int64_t n, uint64_t seed, uint64_t stream, uint64_t index)
{
	int64_t		which = (int64_t) (shopper_random(seed, stream, index) % (uint64_t) (n + 1));

	if (which == n)
		return shopper_uniform(seed, stream + 1, index);
	for (uint64_t attempt = 0; attempt < 100; attempt++)
	{
		double		u = sorted[which] + bandwidth(sorted, n, which) * shopper_normal(seed, stream + 2, index * 100 + attempt);

		if (u >= 0 && u <= 1)
			return u;
	}
	return sorted[which];
}

static void
insert(double *sorted, int64_t *n, double u)
{
	int64_t		at = (*n)++;

	for (; at > 0 && sorted[at - 1] > u; at--)
		sorted[at] = sorted[at - 1];
	sorted[at] = u;
}

/* Of choices: how likely the good (or bad) trials are to have it, each choice counted once more. */
static double
choice_share(const double *points, int64_t n, int choices, double u)
{
	int			which = (int) fmin(floor(u * choices), choices - 1);
	double		count = 1;

	for (int64_t i = 0; i < n; i++)
		count += (int) fmin(floor(points[i] * choices), choices - 1) == which;
	return count / (double) (n + choices);
}

/* One parameter: the candidate with the best ratio of good to bad density. */
static double
propose_one(const ShopperSearch *s, int j, const double *good, int64_t n_good, const double *bad, int64_t n_bad)
{
	const ShopperParameter *p = &s->parameter[j];
	uint64_t	stream = 5000 + 16 * (uint64_t) j;
	double		best = 0.5,
				best_ratio = -INFINITY;

	for (uint64_t c = 0; c < CANDIDATES; c++)
	{
		uint64_t	index = (uint64_t) s->n_trials * CANDIDATES + c;
		double		u,
					ratio;

		if (p->kind == SHOPPER_PARAMETER_CHOICE)
		{
			/* drawn from the good trials' shares */
			int64_t		which = (int64_t) (shopper_random(s->seed, stream, index) % (uint64_t) (n_good + p->choices));

			u = which < n_good ? good[which] : ((double) (which - n_good) + 0.5) / p->choices;
			ratio = choice_share(good, n_good, p->choices, u) / choice_share(bad, n_bad, p->choices, u);
		}
		else
		{
			u = draw(good, n_good, s->seed, stream, index);
			ratio = density(good, n_good, u) / density(bad, n_bad, u);
		}
		if (ratio > best_ratio)
		{
			best_ratio = ratio;
			best = u;
		}
	}
	return best;
}

static ShopperStatus
propose_by_tpe(ShopperSearch *s, double *u)
{
	ShopperEnv *env = s->env;
	uint64_t   *key;
	uint32_t   *order;
	double	   *good,
			   *bad;
	int64_t		wanted = (int64_t) ceil(GOOD_SHARE * sqrt((double) s->n_trials) * 2);

	wanted = wanted > MOST_GOOD ? MOST_GOOD : wanted;
	SHOPPER_NEW(env, key, s->n_trials);
	SHOPPER_NEW(env, order, s->n_trials);
	SHOPPER_NEW(env, good, s->n_trials);
	SHOPPER_NEW(env, bad, s->n_trials);
	for (int64_t i = 0; i < s->n_trials; i++)
		key[i] = shopper_sortable(s->loss[i]);
	SHOPPER_TRY(shopper_sort_order(env, key, order, s->n_trials));
	for (int j = 0; j < s->n; j++)
	{
		int64_t		n_good = 0,
					n_bad = 0;

		for (int64_t i = 0; i < s->n_trials; i++)
		{
			double		point = s->point[(int64_t) order[i] * s->n + j];

			if (i < wanted)
				insert(good, &n_good, point);
			else
				insert(bad, &n_bad, point);
		}
		u[j] = propose_one(s, j, good, n_good, bad, n_bad);
	}
	shopper_release(env, key);
	shopper_release(env, order);
	shopper_release(env, good);
	shopper_release(env, bad);
	return SHOPPER_OK;
}

/* ---- the search ---- */

ShopperStatus
shopper_search_propose(ShopperSearch *s, double *value)
{
	double	   *u;

	SHOPPER_TRY(shopper_grow(s->env, &s->point, &s->value_capacity, (s->n_trials + 1) * s->n + 1, sizeof(double)));
	u = s->point + s->n_trials * s->n;
	if (s->method == SHOPPER_SEARCH_GRID)
	{
		grid_point(s, s->n_trials, u, value);
		return SHOPPER_OK;
	}
	if (s->method == SHOPPER_SEARCH_TPE && s->n_trials >= RANDOM_FIRST)
		SHOPPER_TRY(propose_by_tpe(s, u));
	else
		for (int j = 0; j < s->n; j++)
			u[j] = shopper_uniform(s->seed, 4000 + (uint64_t) j, (uint64_t) s->n_trials);
	for (int j = 0; j < s->n; j++)
		value[j] = to_value(&s->parameter[j], u[j]);
	return SHOPPER_OK;
}

ShopperStatus
shopper_search_report(ShopperSearch *s, double loss)
{
	SHOPPER_TRY(shopper_grow(s->env, &s->loss, &s->capacity, s->n_trials + 1, sizeof(double)));
	s->loss[s->n_trials++] = loss;
	return SHOPPER_OK;
}
