/*
 * correlations.c: see correlations.h.
 *
 * Columns without gaps go through blocks of cross products of deviations, all pairs at once. A pair of which one
 * has gaps is worked on alone, over its own rows.
 */
#include "correlations.h"

#include <math.h>
#include <string.h>

#include "../core/cross.h"
#include "../core/sort.h"
#include "../core/special.h"
#include "../core/threads.h"

#define SHARDS 16
#define BLOCK 256

ShopperStatus
shopper_numbers_init(ShopperNumbers *x, ShopperEnv *env, int p)
{
	memset(x, 0, sizeof(*x));
	x->env = env;
	x->p = p;
	return SHOPPER_OK;
}

ShopperStatus
shopper_numbers_row(ShopperNumbers *x, double **row)
{
	SHOPPER_TRY(shopper_grow(x->env, &x->x, &x->capacity, (x->n + 1) * x->p, sizeof(double)));
	*row = x->x + x->n++ * x->p;
	return SHOPPER_OK;
}

/* Student's t with n - 2 degrees of freedom. */
static double
p_value(double r, int64_t n)
{
	double		df = (double) n - 2;

	if (n < 3 || r != r)
		return NAN;
	if (fabs(r) >= 1)
		return 0;
	return 2 * shopper_student_t_tail(fabs(r) * sqrt(df / (1 - r * r)), df);
}

static ShopperCorrelation
correlation(double ab, double aa, double bb, int64_t n)
{
	ShopperCorrelation c = {NAN, NAN, n};

	if (n < 2 || !(aa > 0) || !(bb > 0))
		return c;
	c.r = ab / sqrt(aa) / sqrt(bb);
	c.r = c.r > 1 ? 1 : c.r < -1 ? -1 : c.r;
	c.p_value = p_value(c.r, n);
	return c;
}

/* ---- ranks ---- */

/* Mid-ranks, from 1, of n values; order and out have n places. */
static ShopperStatus
rank(ShopperEnv *env, const double *x, int64_t n, uint32_t *order, double *out)
{
	SHOPPER_TRY(shopper_sort_doubles(env, x, order, n));
	for (int64_t i = 0, j; i < n; i = j)
	{
		for (j = i + 1; j < n && x[order[j]] == x[order[i]]; j++);
		for (int64_t k = i; k < j; k++)
			out[order[k]] = (double) (i + j + 1) / 2;
	}
	return SHOPPER_OK;
}

static ShopperStatus
rank_column(ShopperNumbers *x, int a)
{
	double	   *value,
			   *ranked;
	uint32_t   *order;

	SHOPPER_NEW(x->env, value, x->n);
	SHOPPER_NEW(x->env, ranked, x->n);
	SHOPPER_NEW(x->env, order, x->n);
	for (int64_t i = 0; i < x->n; i++)
		value[i] = x->x[i * x->p + a];
	SHOPPER_TRY(rank(x->env, value, x->n, order, ranked));
	for (int64_t i = 0; i < x->n; i++)
		x->x[i * x->p + a] = ranked[i];
	shopper_release(x->env, value);
	shopper_release(x->env, ranked);
	shopper_release(x->env, order);
	return SHOPPER_OK;
}

/* ---- columns without gaps, all at once ---- */

typedef struct Blocks
{
	const ShopperNumbers *x;
	const int  *whole;			/* their columns */
	int			k;
	ShopperCross *cross;		/* (SHARDS) */
	double	  **rows;			/* (SHARDS) of (BLOCK + 1, k) */
} Blocks;

static void
cross_shard(void *arg, int shard)
{
	Blocks	   *b = arg;
	int64_t		from,
				to;

	shopper_shard_range(b->x->n, SHARDS, shard, &from, &to);
	for (; from < to; from += BLOCK)
	{
		int			n = (int) (to - from < BLOCK ? to - from : BLOCK);

		if (shopper_stopped(b->x->env))
			return;
		for (int i = 0; i < n; i++)
			for (int j = 0; j < b->k; j++)
				b->rows[shard][i * b->k + j] = b->x->x[(from + i) * b->x->p + b->whole[j]];
		shopper_cross_add(&b->cross[shard], b->rows[shard], n);
	}
}

static ShopperStatus
cross_columns(const ShopperNumbers *x, const int *whole, int k, ShopperCross *total)
{
	Blocks		b = {.x = x,.whole = whole,.k = k};

	SHOPPER_NEW0(x->env, b.cross, SHARDS);
	SHOPPER_NEW0(x->env, b.rows, SHARDS);
	for (int s = 0; s < SHARDS; s++)
	{
		b.cross[s].p = k;
		SHOPPER_NEW0(x->env, b.cross[s].mean, k);
		SHOPPER_NEW0(x->env, b.cross[s].cross, (int64_t) k * k);
		SHOPPER_NEW(x->env, b.rows[s], (int64_t) (BLOCK + 1) * k);
	}
	shopper_parallel(x->env, SHARDS, cross_shard, &b);
	SHOPPER_TRY(shopper_poll(x->env));
	for (int s = 1; s < SHARDS; s++)
		shopper_cross_merge(&b.cross[0], &b.cross[s]);
	*total = b.cross[0];
	return SHOPPER_OK;
}

/* ---- one pair with gaps ---- */

static ShopperStatus
pair_with_gaps(const ShopperNumbers *x, int a, int b, bool ranks, double *u, double *v, double *ranked, uint32_t *order, ShopperCorrelation *c)
{
	int64_t		n = 0;
	double		mean_u = 0,
				mean_v = 0,
				uu = 0,
				vv = 0,
				uv = 0;

	for (int64_t i = 0; i < x->n; i++)
	{
		double		p = x->x[i * x->p + a],
					q = x->x[i * x->p + b];

		if (p != p || q != q)
			continue;
		u[n] = p;
		v[n++] = q;
	}
	SHOPPER_TRY(shopper_poll(x->env));
	if (ranks)
	{
		SHOPPER_TRY(rank(x->env, u, n, order, ranked));
		memcpy(u, ranked, sizeof(double) * (size_t) n);
		SHOPPER_TRY(rank(x->env, v, n, order, ranked));
		memcpy(v, ranked, sizeof(double) * (size_t) n);
	}
	for (int64_t i = 0; i < n; i++)
	{
		mean_u += u[i];
		mean_v += v[i];
	}
	mean_u /= (double) (n > 0 ? n : 1);
	mean_v /= (double) (n > 0 ? n : 1);
	for (int64_t i = 0; i < n; i++)
	{
		uu += (u[i] - mean_u) * (u[i] - mean_u);
		vv += (v[i] - mean_v) * (v[i] - mean_v);
		uv += (u[i] - mean_u) * (v[i] - mean_v);
	}
	*c = correlation(uv, uu, vv, n);
	return SHOPPER_OK;
}

ShopperStatus
shopper_correlate(ShopperNumbers *x, bool ranks, ShopperCorrelation **pairs)
{
	int		   *whole,
			   *place,			/* among the whole columns, or -1 */
				k = 0;
	bool	   *gaps;
	double	   *u,
			   *v,
			   *ranked;
	uint32_t   *order;
	ShopperCross cross = {0};
	ShopperCorrelation *c;

	SHOPPER_NEW(x->env, whole, x->p);
	SHOPPER_NEW(x->env, place, x->p);
	SHOPPER_NEW0(x->env, gaps, x->p);
	SHOPPER_NEW(x->env, c, (int64_t) x->p * (x->p - 1) / 2 + 1);
	*pairs = c;
	for (int64_t i = 0; i < x->n; i++)
	{
		if ((i & 0xffff) == 0)
			SHOPPER_TRY(shopper_poll(x->env));
		for (int a = 0; a < x->p; a++)
			gaps[a] |= x->x[i * x->p + a] != x->x[i * x->p + a];
	}
	for (int a = 0; a < x->p; a++)
	{
		place[a] = gaps[a] ? -1 : k;
		if (!gaps[a])
			whole[k++] = a;
	}
	SHOPPER_NEW(x->env, u, x->n);
	SHOPPER_NEW(x->env, v, x->n);
	SHOPPER_NEW(x->env, ranked, ranks ? x->n : 1);
	SHOPPER_NEW(x->env, order, ranks ? x->n : 1);
	/* ranks of a whole column: its order is kept, so pairs with gaps may rank the ranks */
	for (int a = 0; ranks && a < x->p; a++)
		if (!gaps[a])
			SHOPPER_TRY(rank_column(x, a));
	if (k > 1)
		SHOPPER_TRY(cross_columns(x, whole, k, &cross));
	for (int a = 0; a < x->p; a++)
		for (int b = a + 1; b < x->p; b++, c++)
			if (place[a] < 0 || place[b] < 0)
				SHOPPER_TRY(pair_with_gaps(x, a, b, ranks, u, v, ranked, order, c));
			else
				*c = correlation(cross.cross[place[b] * k + place[a]], cross.cross[place[a] * k + place[a]], cross.cross[place[b] * k + place[b]], x->n);
	return SHOPPER_OK;
}
