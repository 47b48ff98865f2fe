/* points.c: see points.h. Memory: 8 bytes a coordinate; while they are made one column more. */
#include "points.h"

#include <string.h>

#include "../core/threads.h"

#define SHARDS 64

ShopperStatus
shopper_points_check(ShopperEnv *env, int d)
{
	if (d <= SHOPPER_MAX_WIDTH)
		return SHOPPER_OK;
	shopper_fail(env, SHOPPER_LIMIT, "the rows have %d columns after encoding, at most %d are possible", d, SHOPPER_MAX_WIDTH);
	shopper_hint(env, "Each level of a category is a column: lower max_levels, or leave columns out with exclude.");
	return env->status;
}

ShopperStatus
shopper_points_init(ShopperEnv *env, int64_t n, int d, ShopperPointSet *p)
{
	memset(p, 0, sizeof(*p));
	SHOPPER_TRY(shopper_points_check(env, d));
	p->n = n;
	p->n_tiles = (n + SHOPPER_TILE - 1) / SHOPPER_TILE;
	p->d = d;
	SHOPPER_NEW0(env, p->x, p->n_tiles * d * SHOPPER_TILE);
	return SHOPPER_OK;
}

typedef struct Copying
{
	const ShopperPointSet *p;
	const double *column;		/* a number column, or */
	const int32_t *code;		/* a category */
	int			first;			/* their (first) coordinate */
	int			size;			/* of the category */
	double		weight;
} Copying;

static void
copy_shard(void *arg, int shard)
{
	const Copying *c = arg;
	int64_t		from,
				to;

	shopper_shard_range(c->p->n_tiles, SHARDS, shard, &from, &to);
	from *= SHOPPER_TILE;
	to = to * SHOPPER_TILE < c->p->n ? to * SHOPPER_TILE : c->p->n;
	for (int64_t i = from; i < to; i++)
		if (c->column != NULL)
			*shopper_coordinate(c->p, i, c->first) = c->column[i];
		else if (c->code[i] < c->size)
			*shopper_coordinate(c->p, i, c->first + c->code[i]) = c->weight;
}

ShopperStatus
shopper_points_make(ShopperTable *t, const ShopperSpec *spec, double category_weight, ShopperPointSet *p)
{
	ShopperEnv *env = t->env;

	shopper_assert(t->wide && spec->prepared);
	SHOPPER_TRY(shopper_points_init(env, t->n, spec->width, p));
	p->weight = t->weight;
	for (int j = 0; j < t->n_dense; j++)
	{
		Copying		c = {.p = p,.column = t->dense[j],.first = j};

		shopper_parallel(env, SHARDS, copy_shard, &c);
		shopper_release(env, t->dense[j]);
		t->dense[j] = NULL;
		SHOPPER_TRY(shopper_poll(env));
	}
	for (int k = 0; k < t->n_lookup; k++)
	{
		Copying		c = {.p = p,.code = t->lookup[k],.first = spec->category[k].offset,.size = spec->category[k].size,.weight = category_weight};

		shopper_parallel(env, SHARDS, copy_shard, &c);
		SHOPPER_TRY(shopper_poll(env));
	}
	return SHOPPER_OK;
}

ShopperStatus
shopper_points_subset(ShopperEnv *env, const ShopperPointSet *from, const uint32_t *rows, int64_t n, ShopperPointSet *to)
{
	SHOPPER_TRY(shopper_points_init(env, n, from->d, to));
	if (from->weight != NULL)
		SHOPPER_NEW(env, to->weight, n);
	for (int64_t i = 0; i < n; i++)
	{
		int64_t		row = rows != NULL ? rows[i] : i;

		for (int j = 0; j < from->d; j++)
			*shopper_coordinate(to, i, j) = *shopper_coordinate(from, row, j);
		if (from->weight != NULL)
			to->weight[i] = from->weight[row];
		if (i % 1024 == 0)
			SHOPPER_TRY(shopper_poll(env));
	}
	return SHOPPER_OK;
}

void
shopper_point(const ShopperSpec *spec, const double *dense, const int32_t *lookup, double category_weight, double *x)
{
	memcpy(x, dense, (size_t) spec->n_dense * sizeof(double));
	memset(x + spec->n_dense, 0, (size_t) (spec->width - spec->n_dense) * sizeof(double));
	for (int k = 0; k < spec->n_categories; k++)
		if (lookup[k] < spec->category[k].size)
			x[spec->category[k].offset + lookup[k]] = category_weight;
}
