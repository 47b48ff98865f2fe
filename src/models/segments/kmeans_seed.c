/*
 * kmeans_seed.c: k-means++ with several candidates for each centre, of which the one
 * that leaves the least is kept (Arthur and Vassilvitskii 2007, section 5).
 */
#include <math.h>
#include <string.h>

#include "../../core/hash.h"
#include "../../core/threads.h"
#include "lloyd.h"
#include "nearest.h"

#define MAX_TRIALS 16

typedef struct Seeding
{
	ShopperEnv *env;
	const ShopperPointSet *p;
	int			shards;
	const double *candidate;	/* (trials, d) */
	int			trials;
	bool		keep;			/* `least` takes the distances to candidate 0 */
	double	   *least;			/* (n_tiles * 8) squared distance to the nearest centre so far, times the weight not */
	double	   *total;			/* (shards, MAX_TRIALS) what each candidate would leave */
} Seeding;

static void
seed_shard(void *arg, int shard)
{
	Seeding    *s = arg;
	const ShopperPointSet *p = s->p;
	double		sum[MAX_TRIALS] = {0};
	int64_t		from,
				to;

	shopper_shard_range(p->n_tiles, s->shards, shard, &from, &to);
	for (int64_t tile = from; tile < to; tile++)
	{
		double	   *least = s->least + tile * SHOPPER_TILE;
		int			rows = (int) (p->n - tile * SHOPPER_TILE < SHOPPER_TILE ? p->n - tile * SHOPPER_TILE : SHOPPER_TILE);

		for (int c = 0; c < s->trials; c++)
		{
			double		distance[SHOPPER_TILE];

			shopper_tile_distances(p->x + tile * p->d * SHOPPER_TILE, p->d, s->candidate + (int64_t) c * p->d, distance);
			for (int r = 0; r < SHOPPER_TILE; r++)
				distance[r] = distance[r] < least[r] ? distance[r] : least[r];
			for (int r = 0; r < rows; r++)
				sum[c] += p->weight != NULL ? p->weight[tile * SHOPPER_TILE + r] * distance[r] : distance[r];
			if (s->keep)
				memcpy(least, distance, sizeof(distance));
		}
		if (tile % 1024 == 0 && shopper_stopped(s->env))
			return;
	}
	memcpy(s->total + shard * MAX_TRIALS, sum, sizeof(sum));
}

static ShopperStatus
pass(Seeding *s, const double *candidate, int trials, bool keep, double *total)
{
	s->candidate = candidate;
	s->trials = trials;
	s->keep = keep;
	shopper_parallel(s->env, s->shards, seed_shard, s);
	for (int c = 0; c < trials; c++)
	{
		total[c] = 0;
		for (int shard = 0; shard < s->shards; shard++)
			total[c] += s->total[shard * MAX_TRIALS + c];
	}
	return shopper_poll(s->env);
}

/* The row at which the running sum of weight * least passes u times the whole; of rows that count. */
static int64_t
draw(const Seeding *s, double u, double total)
{
	const ShopperPointSet *p = s->p;
	double		left = u * total;
	int64_t		last = 0;

	for (int shard = 0; shard < s->shards; shard++)
	{
		double		sum = s->total[shard * MAX_TRIALS];
		int64_t		from,
					to;

		if (left >= sum && shard + 1 < s->shards)
		{
			left -= sum;
			continue;
		}
		shopper_shard_range(p->n_tiles, s->shards, shard, &from, &to);
		to = to * SHOPPER_TILE < p->n ? to * SHOPPER_TILE : p->n;
		for (int64_t i = from * SHOPPER_TILE; i < to; i++)
		{
			double		part = s->least[i] * (p->weight != NULL ? p->weight[i] : 1);

			if (!(part > 0))
				continue;
			last = i;
			left -= part;
			if (left < 0)
				return i;
		}
	}
	return last;				/* rounding: the last one that counts */
}

static void
copy_point(const ShopperPointSet *p, int64_t row, double *x)
{
	for (int j = 0; j < p->d; j++)
		x[j] = *shopper_coordinate(p, row, j);
}

ShopperStatus
shopper_kmeans_seed(ShopperEnv *env, const ShopperPointSet *p, int k, uint64_t seed, double *centre, int *found)
{
	Seeding		s = {.env = env,.p = p,.shards = shopper_tile_shards(p, MAX_TRIALS)};
	int			trials = 2 + (int) log(k);
	double	   *candidate,
				left[MAX_TRIALS],
				total;

	trials = trials < MAX_TRIALS ? trials : MAX_TRIALS;
	SHOPPER_NEW(env, s.least, p->n_tiles * SHOPPER_TILE);
	SHOPPER_NEW0(env, s.total, s.shards * MAX_TRIALS);
	SHOPPER_NEW(env, candidate, (int64_t) trials * p->d);
	for (int64_t i = 0; i < p->n_tiles * SHOPPER_TILE; i++)
		s.least[i] = INFINITY;
	copy_point(p, (int64_t) shopper_below(shopper_random(seed, 100, 0), (uint64_t) p->n), centre);
	SHOPPER_TRY(pass(&s, centre, 1, true, &total));
	for (*found = 1; *found < k && total > 0; ++*found)
	{
		int			best = 0;

		for (int c = 0; c < trials; c++)
			copy_point(p, draw(&s, shopper_uniform(seed, 101 + (uint64_t) *found, (uint64_t) c), total), candidate + (int64_t) c * p->d);
		SHOPPER_TRY(pass(&s, candidate, trials, false, left));
		for (int c = 1; c < trials; c++)
			best = left[c] < left[best] ? c : best;
		memcpy(centre + (int64_t) *found * p->d, candidate + (int64_t) best * p->d, (size_t) p->d * sizeof(double));
		SHOPPER_TRY(pass(&s, centre + (int64_t) *found * p->d, 1, true, &total));
	}
	shopper_release(env, s.least);
	shopper_release(env, s.total);
	shopper_release(env, candidate);
	return SHOPPER_OK;
}
