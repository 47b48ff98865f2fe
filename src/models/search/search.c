/* search.c: see search.h */
#include "search.h"

#include <math.h>
#include <string.h>

#include "../../core/hash.h"
#include "../../core/sort.h"

#define RANDOM_FIRST 10			/* trials before the estimators are asked */
#define CANDIDATES 24
#define GOOD_SHARE 0.15
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

/* ---- tree-structured Parzen estimators, over all parameters together (Falkner, Klein and Hutter 2018) ---- */

/* Some trials as a density: kernels around each, and a flat one for what was never tried. */
typedef struct Density
{
	const ShopperSearch *s;
	const uint32_t *trial;
	int64_t		n;
	double		width;			/* of the kernels of numbers */
	double		other;			/* chance that a kernel's choice is another one */
} Density;

static Density
make_density(const ShopperSearch *s, const uint32_t *trial, int64_t n)
{
	double		width = 0.25 * pow((double) (n > 0 ? n : 1), -1.0 / (s->n + 4));

	return (Density) {s, trial, n, width, 1 / (1 + 0.5 * sqrt((double) n + 1))};
}

static int
choice_of(const ShopperParameter *p, double u)
{
	return (int) fmin(floor(u * p->choices), p->choices - 1);
}

/* A kernel's mass inside [0, 1]. */
static double
normal_mass(double mean, double sd)
{
	return 0.5 * (erf((1 - mean) / (sd * M_SQRT2)) - erf((0 - mean) / (sd * M_SQRT2)));
}

static double
kernel(const Density *d, const double *at, const double *u)
{
	double		product = 1;

	for (int j = 0; j < d->s->n; j++)
	{
		const ShopperParameter *p = &d->s->parameter[j];
		double		z = (u[j] - at[j]) / d->width;

		if (p->kind != SHOPPER_PARAMETER_CHOICE)
			product *= exp(-0.5 * z * z) / (d->width * sqrt(2 * M_PI) * normal_mass(at[j], d->width));
		else if (p->choices > 1)
			product *= (choice_of(p, at[j]) == choice_of(p, u[j]) ? 1 - d->other : d->other / (p->choices - 1)) * p->choices;
	}
	return product;
}

static double
density_at(const Density *d, const double *u)
{
	double		sum = 1;

	for (int64_t i = 0; i < d->n; i++)
		sum += kernel(d, d->s->point + (int64_t) d->trial[i] * d->s->n, u);
	return sum / (double) (d->n + 1);
}

/* A random point of the density, number `index` of all that are drawn. */
static void
draw(const Density *d, uint64_t index, double *u)
{
	const ShopperSearch *s = d->s;
	uint64_t	which = shopper_random(s->seed, 5000, index) % (uint64_t) (d->n + 1);
	const double *at = (int64_t) which < d->n ? s->point + (int64_t) d->trial[which] * s->n : NULL;

	for (int j = 0; j < s->n; j++)
	{
		const ShopperParameter *p = &s->parameter[j];
		uint64_t	stream = 5001 + 3 * (uint64_t) j;

		u[j] = shopper_uniform(s->seed, stream, index);
		if (at == NULL)
			continue;
		if (p->kind == SHOPPER_PARAMETER_CHOICE)
		{
			if (shopper_uniform(s->seed, stream + 1, index) >= d->other)
				u[j] = at[j];
			continue;
		}
		for (uint64_t attempt = 0; attempt < 100; attempt++)
		{
			double		x = at[j] + d->width * shopper_normal(s->seed, stream + 2, index * 100 + attempt);

			if (x < 0 || x > 1)
				continue;
			u[j] = x;
			break;
		}
	}
}

static ShopperStatus
propose_by_tpe(ShopperSearch *s, double *u)
{
	ShopperEnv *env = s->env;
	uint32_t   *order;
	double	   *candidate,
				best = -INFINITY;
	int64_t		n_good = (int64_t) ceil(GOOD_SHARE * (double) s->n_trials);
	Density		good,
				bad;

	n_good = n_good > MOST_GOOD ? MOST_GOOD : n_good;
	SHOPPER_NEW(env, order, s->n_trials);
	SHOPPER_NEW(env, candidate, s->n);
	SHOPPER_TRY(shopper_sort_doubles(env, s->loss, order, s->n_trials));
	good = make_density(s, order, n_good);
	bad = make_density(s, order + n_good, s->n_trials - n_good);
	for (uint64_t c = 0; c < CANDIDATES; c++)
	{
		double		ratio;

		SHOPPER_TRY(shopper_poll(env));	/* thousands of trials: a sum over all of them */
		draw(&good, (uint64_t) s->n_trials * CANDIDATES + c, candidate);
		ratio = density_at(&good, candidate) / density_at(&bad, candidate);
		if (!(ratio > best))
			continue;
		best = ratio;
		memcpy(u, candidate, (size_t) s->n * sizeof(double));
	}
	shopper_release(env, order);
	shopper_release(env, candidate);
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
