/* k_distance.c: see k_distance.h */
#include "k_distance.h"

#include <math.h>
#include <string.h>

#include "../../core/sort.h"
#include "../../core/threads.h"
#include "kdtree.h"

#define SHARDS 256

typedef struct Measuring
{
	ShopperEnv *env;
	const ShopperKdTree *t;
	int			k;
	double	   *heap;			/* (SHARDS, k) */
	double	   *distance;		/* (n) by place in the tree */
} Measuring;

static void
measure_shard(void *arg, int shard)
{
	Measuring  *m = arg;
	double		x[SHOPPER_MAX_WIDTH];
	int64_t		from,
				to;

	shopper_shard_range(m->t->n, SHARDS, shard, &from, &to);
	for (int64_t i = from; i < to && !(i % 16 == 0 && shopper_stopped(m->env)); i++)
	{
		for (int j = 0; j < m->t->d; j++)
			x[j] = shopper_kdtree_coordinate(m->t, i, j);
		shopper_kdtree_distances(m->t, x, m->k, m->heap + (int64_t) shard * m->k);
		m->distance[i] = sqrt(m->heap[(int64_t) shard * m->k]);
	}
}

ShopperStatus
shopper_k_distances(ShopperEnv *env, const ShopperPointSet *p, int k, double *distance)
{
	ShopperKdTree tree;
	Measuring	m = {.env = env,.t = &tree,.k = k};
	uint32_t   *order;

	SHOPPER_TRY(shopper_kdtree_make(env, p, &tree));
	SHOPPER_NEW(env, m.heap, (int64_t) SHARDS * k);
	SHOPPER_NEW(env, m.distance, p->n);
	SHOPPER_NEW(env, order, p->n);
	shopper_parallel(env, SHARDS, measure_shard, &m);
	SHOPPER_TRY(shopper_poll(env));
	SHOPPER_TRY(shopper_sort_doubles(env, m.distance, order, p->n));
	for (int64_t i = 0; i < p->n; i++)
		distance[i] = m.distance[order[p->n - 1 - i]];
	shopper_kdtree_release(env, &tree);
	shopper_release(env, m.heap);
	shopper_release(env, m.distance);
	shopper_release(env, order);
	return SHOPPER_OK;
}
