/*
 * kmeans_batch.c: k-means by small batches (Sculley, "Web-scale k-means clustering",
 * 2010): each batch moves the nearest centres by 1 / (rows they have seen).
 */
#include <math.h>
#include <string.h>

#include "../../core/hash.h"
#include "lloyd.h"
#include "kmeans.h"
#include "nearest.h"

#define PATIENCE 10				/* batches in which the mean distance does not get better end the fit */
#define MEMORY 0.1				/* share of the newest batch in that mean */

ShopperStatus
shopper_kmeans_batches(ShopperEnv *env, const ShopperPointSet *p, const ShopperKmeansPlan *plan, double unit, ShopperKmeans *r)
{
	double	   *tile,
			   *seen,
			   *before,
				mean = INFINITY,
				least = INFINITY;
	int			waited = 0;
	size_t		kd = (size_t) r->k * (size_t) p->d;

	SHOPPER_NEW0(env, tile, (int64_t) p->d * SHOPPER_TILE);
	SHOPPER_NEW0(env, seen, r->k);
	SHOPPER_NEW(env, before, kd);
	r->converged = false;
	for (r->iterations = 0; r->iterations < plan->max_iterations && !r->converged;)
	{
		double		sum = 0,
					weights = 0,
					most = 0;

		memcpy(before, r->centre, kd * sizeof(double));
		for (int64_t at = 0; at < plan->batch; at += SHOPPER_TILE)
		{
			int64_t		row[SHOPPER_TILE];
			int			n = (int) (plan->batch - at < SHOPPER_TILE ? plan->batch - at : SHOPPER_TILE);
			ShopperNearest near;

			for (int i = 0; i < n; i++)
			{
				row[i] = (int64_t) shopper_below(shopper_random(plan->seed, 200 + (uint64_t) r->iterations, (uint64_t) (at + i)), (uint64_t) p->n);
				for (int j = 0; j < p->d; j++)
					tile[j * SHOPPER_TILE + i] = *shopper_coordinate(p, row[i], j);
			}
			shopper_nearest(tile, p->d, before, r->k, &near);
			for (int i = 0; i < n; i++)
			{
				double		weight = p->weight != NULL ? p->weight[row[i]] : 1,
						   *centre = r->centre + near.index[i] * p->d;

				seen[near.index[i]] += weight;
				for (int j = 0; j < p->d; j++)
					centre[j] += (tile[j * SHOPPER_TILE + i] - centre[j]) * weight / seen[near.index[i]];
				sum += weight * near.best[i];
				weights += weight;
			}
			if (at % 1024 == 0)
				SHOPPER_TRY(shopper_poll(env));
		}
		for (int c = 0; c < r->k; c++)
			most = fmax(most, sqrt(shopper_squared_distance(before + (int64_t) c * p->d, r->centre + (int64_t) c * p->d, p->d)));
		r->shift[r->iterations++] = most;
		mean = isinf(mean) ? sum / weights : mean + MEMORY * (sum / weights - mean);
		waited = mean < least ? 0 : waited + 1;
		least = fmin(least, mean);
		r->converged = waited >= PATIENCE || most <= plan->tolerance * unit;
	}
	shopper_release(env, tile);
	shopper_release(env, seen);
	shopper_release(env, before);
	return SHOPPER_OK;
}
