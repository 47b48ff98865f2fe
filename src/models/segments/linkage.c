/*
 * linkage.c: see linkage.h. Chains of nearest neighbours (Benzécri 1982; Murtagh, "A survey of recent
 * advances in hierarchical clustering algorithms", 1983): two groups that are each other's
 * nearest can be joined at once, whatever else there is. New distances come from the
 * old ones (Lance and Williams, "A general theory of classificatory sorting strategies",
 * 1967). O(n^2) time.
 */
#include "linkage.h"

#include <math.h>

#include "../../core/sort.h"
#include "../../core/threads.h"
#include "nearest.h"

#define SHARDS 128

typedef struct Groups
{
	ShopperEnv *env;
	const ShopperPointSet *p;
	ShopperLinkage linkage;
	int64_t		stride;			/* whole tiles */
	double	   *distance;		/* (n, stride); squared for ward */
	double	   *size;			/* (n) weight; 0: joined to another group */
} Groups;

static void
distance_shard(void *arg, int shard)
{
	Groups	   *g = arg;
	const ShopperPointSet *p = g->p;
	double		x[SHOPPER_MAX_WIDTH];
	int64_t		from,
				to;

	shopper_shard_range(p->n, SHARDS, shard, &from, &to);
	for (int64_t i = from; i < to && !shopper_stopped(g->env); i++)
	{
		double	   *out = g->distance + i * g->stride;

		for (int j = 0; j < p->d; j++)
			x[j] = *shopper_coordinate(p, i, j);
		for (int64_t tile = 0; tile < p->n_tiles; tile++)
			shopper_tile_distances(p->x + tile * p->d * SHOPPER_TILE, p->d, x, out + tile * SHOPPER_TILE);
		for (int64_t j = 0; g->linkage != SHOPPER_LINKAGE_WARD && j < p->n; j++)
			out[j] = sqrt(out[j]);
		for (int64_t j = 0; g->linkage == SHOPPER_LINKAGE_WARD && p->weight != NULL && j < p->n; j++)
			out[j] *= 2 * p->weight[i] * p->weight[j] / (p->weight[i] + p->weight[j]);
	}
}

/* The nearest group of i, on a tie `before` (if it is one), else the first. */
static int64_t
nearest_group(const Groups *g, int64_t i, int64_t before)
{
	const double *distance = g->distance + i * g->stride;
	double		least = before >= 0 ? distance[before] : INFINITY;
	int64_t		best = before;

	for (int64_t j = 0; j < g->p->n; j++)
		if (distance[j] < least && j != i && g->size[j] > 0)
		{
			least = distance[j];
			best = j;
		}
	return best;
}

/* Group a takes in group b. */
static void
join_groups(Groups *g, int64_t a, int64_t b)
{
	double		na = g->size[a],
				nb = g->size[b],
			   *from_a = g->distance + a * g->stride,
			   *from_b = g->distance + b * g->stride,
				between = from_a[b];

	g->size[b] = 0;
	for (int64_t j = 0; j < g->p->n; j++)
	{
		double		d = 0,
					nj = g->size[j];

		if (nj == 0 || j == a)
			continue;
		switch (g->linkage)
		{
			case SHOPPER_LINKAGE_WARD:
				d = ((na + nj) * from_a[j] + (nb + nj) * from_b[j] - nj * between) / (na + nb + nj);
				break;
			case SHOPPER_LINKAGE_AVERAGE:
				d = (na * from_a[j] + nb * from_b[j]) / (na + nb);
				break;
			case SHOPPER_LINKAGE_COMPLETE:
				d = fmax(from_a[j], from_b[j]);
				break;
			case SHOPPER_LINKAGE_SINGLE:
				d = fmin(from_a[j], from_b[j]);
				break;
		}
		from_a[j] = g->distance[j * g->stride + a] = d;
	}
	g->size[a] = na + nb;
}

static ShopperStatus
run_chain(Groups *g, ShopperMerge *merge)
{
	int64_t		n = g->p->n,
				length = 0,
				done = 0;
	int32_t    *chain;

	SHOPPER_NEW(g->env, chain, n);
	while (done < n - 1)
	{
		int64_t		top,
					before,
					next;

		for (int64_t i = 0; length == 0; i++)
			if (g->size[i] > 0)
				chain[length++] = (int32_t) i;
		top = chain[length - 1];
		before = length > 1 ? chain[length - 2] : -1;
		next = nearest_group(g, top, before);
		if (next != before)
		{
			chain[length++] = (int32_t) next;
			continue;
		}
		merge[done++] = (ShopperMerge) {(int32_t) (top < next ? top : next), (int32_t) (top < next ? next : top),
			g->linkage == SHOPPER_LINKAGE_WARD ? sqrt(g->distance[top * g->stride + next]) : g->distance[top * g->stride + next]};
		join_groups(g, top < next ? top : next, top < next ? next : top);
		length -= 2;
		SHOPPER_TRY(shopper_poll(g->env));
	}
	shopper_release(g->env, chain);
	return SHOPPER_OK;
}

ShopperStatus
shopper_linkage(ShopperEnv *env, const ShopperPointSet *p, ShopperLinkage linkage, ShopperMerge *merge)
{
	Groups		g = {.env = env,.p = p,.linkage = linkage,.stride = p->n_tiles * SHOPPER_TILE};
	ShopperMerge *found;
	double	   *height;
	uint32_t   *order;

	SHOPPER_NEW(env, g.distance, p->n * g.stride);
	SHOPPER_NEW(env, g.size, p->n);
	SHOPPER_NEW(env, found, p->n);
	SHOPPER_NEW(env, height, p->n);
	SHOPPER_NEW(env, order, p->n);
	for (int64_t i = 0; i < p->n; i++)
		g.size[i] = p->weight != NULL ? p->weight[i] : 1;
	shopper_parallel(env, SHARDS, distance_shard, &g);
	SHOPPER_TRY(shopper_poll(env));
	SHOPPER_TRY(run_chain(&g, found));
	for (int64_t i = 0; i < p->n - 1; i++)
		height[i] = found[i].height;
	SHOPPER_TRY(shopper_sort_doubles(env, height, order, p->n - 1));
	for (int64_t i = 0; i < p->n - 1; i++)
		merge[i] = found[order[i]];
	shopper_release(env, g.distance);
	shopper_release(env, g.size);
	shopper_release(env, found);
	shopper_release(env, height);
	shopper_release(env, order);
	return SHOPPER_OK;
}

static int32_t
root_of(int32_t *parent, int32_t at)
{
	while (parent[at] != at)
		at = parent[at] = parent[parent[at]];
	return at;
}

ShopperStatus
shopper_linkage_cut(ShopperEnv *env, const ShopperMerge *merge, int64_t n, int64_t merges, int32_t *label, int32_t *size)
{
	int32_t    *parent,
			   *rows,
			   *number,
				k = 0;

	SHOPPER_NEW(env, parent, n);
	SHOPPER_NEW(env, rows, n);
	SHOPPER_NEW(env, number, n);
	for (int64_t i = 0; i < n; i++)
	{
		parent[i] = (int32_t) i;
		rows[i] = 1;
		number[i] = -1;
	}
	for (int64_t i = 0; i < merges; i++)
	{
		int32_t		a = root_of(parent, merge[i].a),
					b = root_of(parent, merge[i].b);

		parent[b] = a;
		rows[a] += rows[b];
		if (size != NULL)
			size[i] = rows[a];
	}
	for (int64_t i = 0; i < n; i++)
	{
		int32_t		root = root_of(parent, (int32_t) i);

		if (number[root] < 0)
			number[root] = k++;
		label[i] = number[root];
	}
	shopper_release(env, parent);
	shopper_release(env, rows);
	shopper_release(env, number);
	return SHOPPER_OK;
}
