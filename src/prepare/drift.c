/* drift.c: see drift.h */
#include "drift.h"

#include <math.h>

#include "../core/sort.h"
#include "../core/special.h"

#define ORDERED_SHARE 0.1
#define RARE_SHARE 0.01
#define SMOOTHING 0.5

ShopperStatus
shopper_drift_edges(ShopperEnv *env, const double *x, int64_t n, double *edge, int *n_edges)
{
	uint32_t   *order;
	int64_t		known = n,
				distinct = 0;

	*n_edges = 0;
	SHOPPER_NEW(env, order, n);
	SHOPPER_TRY(shopper_sort_doubles(env, x, order, n));
	while (known > 0 && isnan(x[order[known - 1]]))
		known--;
	for (int64_t i = 0; i < known; i++)
		distinct += i == 0 || x[order[i]] != x[order[i - 1]];
	for (int64_t i = 1; distinct <= SHOPPER_DRIFT_BINS && i < known; i++)
		if (x[order[i]] != x[order[i - 1]])
			edge[(*n_edges)++] = x[order[i - 1]];
	for (int64_t k = 1; distinct > SHOPPER_DRIFT_BINS && k < SHOPPER_DRIFT_BINS; k++)
	{
		double		value = x[order[(k * known - 1) / SHOPPER_DRIFT_BINS]];

		if (value < x[order[known - 1]] && (*n_edges == 0 || value > edge[*n_edges - 1]))
			edge[(*n_edges)++] = value;
	}
	shopper_release(env, order);
	return SHOPPER_OK;
}

/* The cells that are compared. */
typedef struct Cells
{
	int			n;
	double	   *expected;
	double	   *actual;
} Cells;

static void
add_cell(Cells *c, double expected, double actual)
{
	c->expected[c->n] = expected;
	c->actual[c->n++] = actual;
}

/*
 * Neighbours together until enough is expected of each. A cell that has enough by itself stays
 * alone when what lies before it is not rare; so does what remains behind the last.
 */
static void
unite_ordered(Cells *c, const double *expected, const double *actual, int n, double enough, double rare)
{
	int			first = c->n;
	double		e = 0,
				a = 0;

	for (int i = 0; i < n; i++)
	{
		if (e >= rare && expected[i] >= enough)
		{
			add_cell(c, e, a);
			e = a = 0;
		}
		e += expected[i];
		a += actual[i];
		if (e >= enough)
		{
			add_cell(c, e, a);
			e = a = 0;
		}
	}
	if (e >= rare || (c->n == first && n > 0))
		add_cell(c, e, a);
	else if (c->n > first)
	{
		c->expected[c->n - 1] += e;
		c->actual[c->n - 1] += a;
	}
}

/* Rare levels together. */
static void
unite_levels(Cells *c, const double *expected, const double *actual, int n, double enough)
{
	double		e = 0,
				a = 0;

	for (int i = 0; i < n; i++)
	{
		if (expected[i] >= enough)
			add_cell(c, expected[i], actual[i]);
		else
		{
			e += expected[i];
			a += actual[i];
		}
	}
	if (e > 0 || a > 0)
		add_cell(c, e, a);
}

static double
total(const double *x, int n)
{
	double		sum = 0;

	for (int i = 0; i < n; i++)
		sum += x[i];
	return sum;
}

/* Kolmogorov and Smirnov's distance over the cells. */
static double
distance(const double *expected, const double *actual, int n)
{
	double		e = total(expected, n),
				a = total(actual, n),
				below_e = 0,
				below_a = 0,
				most = 0;

	if (e == 0 || a == 0)
		return NAN;
	for (int i = 0; i < n; i++)
	{
		below_e += expected[i];
		below_a += actual[i];
		most = fmax(most, fabs(below_e / e - below_a / a));
	}
	return most;
}

/* p log2(p / m), of Jensen and Shannon's sum */
static double
part(double p, double m)
{
	return p > 0 ? p * log2(p / m) : 0;
}

static void
compare(const Cells *c, double e, double a, ShopperDrift *out)
{
	double		smooth_e = e + SMOOTHING * c->n,
				smooth_a = a + SMOOTHING * c->n;

	out->psi = out->js = 0;
	for (int i = 0; i < c->n; i++)
	{
		double		p = c->expected[i] / e,
					q = c->actual[i] / a,
					sp = (c->expected[i] + SMOOTHING) / smooth_e,
					sq = (c->actual[i] + SMOOTHING) / smooth_a;

		out->psi += (sq - sp) * log(sq / sp);
		out->js += 0.5 * (part(p, (p + q) / 2) + part(q, (p + q) / 2));
	}
	out->chance = c->n > 1 ? shopper_chi_square_tail(out->psi / (1 / e + 1 / a), c->n - 1) : 1;
}

ShopperStatus
shopper_drift(ShopperEnv *env, const double *expected, const double *actual, int n_ordered, int n_levels, ShopperDrift *out)
{
	int			n = n_ordered + n_levels + SHOPPER_DRIFT_OWN;
	double		e = total(expected, n),
				a = total(actual, n);
	Cells		c = {0};

	out->psi = out->chance = out->ks = out->js = out->missing = out->unseen = NAN;
	if (e == 0 || a == 0)
		return SHOPPER_OK;
	SHOPPER_NEW(env, c.expected, n);
	SHOPPER_NEW(env, c.actual, n);
	unite_ordered(&c, expected, actual, n_ordered, ORDERED_SHARE * total(expected, n_ordered), RARE_SHARE * e);
	unite_levels(&c, expected + n_ordered, actual + n_ordered, n_levels, RARE_SHARE * e);
	for (int i = n - SHOPPER_DRIFT_OWN; i < n; i++)
		if (expected[i] > 0 || actual[i] > 0)
			add_cell(&c, expected[i], actual[i]);
	compare(&c, e, a, out);
	if (n_ordered > 0)
		out->ks = distance(expected, actual, n_ordered);
	out->missing = actual[n - 2] / a;
	out->unseen = actual[n - 1] / a;
	shopper_release(env, c.expected);
	shopper_release(env, c.actual);
	return SHOPPER_OK;
}
