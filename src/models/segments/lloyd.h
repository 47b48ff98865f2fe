/*
 * lloyd.h: k-means on points: k-means++ starts (Arthur and Vassilvitskii, "k-means++:
 * the advantages of careful seeding", 2007), Lloyd's iterations ("Least squares
 * quantization in PCM", 1982) with Hamerly's bounds ("Making k-means even faster",
 * 2010), or small batches (Sculley, "Web-scale k-means clustering", 2010).
 */
#ifndef SHOPPER_LLOYD_H
#define SHOPPER_LLOYD_H

#include "../../features/points.h"

typedef struct ShopperKmeansPlan
{
	int			k;
	int			starts;
	int			max_iterations;
	double		tolerance;		/* ends when no centre moves farther than this times the mean deviation of a column */
	int64_t		batch;			/* rows of a small batch; 0: all rows */
	const double *centres;		/* (k, d) start from these; NULL: k-means++ */
	uint64_t	seed;
} ShopperKmeansPlan;

typedef struct ShopperKmeans
{
	int			k;				/* at most the plan's: there may be fewer different rows */
	double	   *centre;			/* (k, d) */
	int32_t    *label;			/* (n) the nearest centre */
	double		inertia;		/* weighted sum of squared distances to it */
	int			iterations;
	bool		converged;
	double	   *shift;			/* (iterations) how far the centre that moved most did */
} ShopperKmeans;

/* The best of the starts. Memory: 20 bytes a row beside the points. */
extern ShopperStatus shopper_kmeans(ShopperEnv *env, const ShopperPointSet *points, const ShopperKmeansPlan *plan, ShopperKmeans *result);
/* *centre (k, d) by k-means++; fewer than k when there are fewer different rows: *found. */
extern ShopperStatus shopper_kmeans_seed(ShopperEnv *env, const ShopperPointSet *points, int k, uint64_t seed, double *centre, int *found);
/* Nearest centres of all points; *inertia may be NULL. */
extern ShopperStatus shopper_kmeans_assign(ShopperEnv *env, const ShopperPointSet *points, const double *centre, int k, int32_t *label, double *inertia);

/* How many shards work on tiles, when each has a sum of `each` doubles: by the problem, not the threads. */
static inline int
shopper_tile_shards(const ShopperPointSet *points, int64_t each)
{
	int64_t		most = 16000000 / (each > 0 ? each : 1),
				shards = points->n_tiles / 64 + 1;

	shards = shards < most ? shards : most;
	return (int) (shards < 1 ? 1 : shards > 128 ? 128 : shards);
}

#endif
