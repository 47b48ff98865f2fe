/* kmeans_choose.c: how many clusters; see kmeans.h. */
#include <math.h>
#include <string.h>

#include "../../core/hash.h"
#include "../../core/threads.h"
#include "kmeans.h"
#include "partition.h"

#define SAMPLE 5000				/* rows that each k is tried on */
#define REFERENCES 20			/* sets of evenly spread points for the gap statistic */
#define STARTS 5				/* fits of each k */

/* The mean silhouette for k clusters. */
static ShopperStatus
silhouette_of(ShopperEnv *env, const ShopperPointSet *p, const ShopperKmeans *r, double *value)
{
	return shopper_silhouette(env, p, r->label, r->k, value, NULL);
}

static void
release_result(ShopperEnv *env, ShopperKmeans *r)
{
	shopper_release(env, r->centre);
	shopper_release(env, r->label);
	shopper_release(env, r->shift);
}

static ShopperStatus
by_silhouette(ShopperEnv *env, ShopperModel *model, const ShopperPointSet *p, ShopperKmeansPlan *plan, int k_min, int k_max, int *k)
{
	double		best = -INFINITY;

	*k = 1;
	for (plan->k = k_min < 2 ? 2 : k_min; plan->k <= k_max; plan->k++)
	{
		ShopperKmeans r;
		double		value;

		SHOPPER_TRY(shopper_kmeans(env, p, plan, &r));
		SHOPPER_TRY(silhouette_of(env, p, &r, &value));
		release_result(env, &r);
		SHOPPER_TRY(shopper_add_step(env, model, plan->k, "silhouette", value));
		if (value > best)
		{
			best = value;
			*k = plan->k;
		}
	}
	return SHOPPER_OK;
}

/* Points spread evenly over the box of the given ones. */
static ShopperStatus
spread_evenly(ShopperEnv *env, const ShopperPointSet *p, uint64_t seed, uint64_t set, ShopperPointSet *even)
{
	SHOPPER_TRY(shopper_points_init(env, p->n, p->d, even));
	for (int j = 0; j < p->d; j++)
	{
		double		low = INFINITY,
					high = -INFINITY;

		for (int64_t i = 0; i < p->n; i++)
		{
			low = fmin(low, *shopper_coordinate(p, i, j));
			high = fmax(high, *shopper_coordinate(p, i, j));
		}
		for (int64_t i = 0; i < p->n; i++)
			*shopper_coordinate(even, i, j) = low + (high - low) * shopper_uniform(seed, 300 + set, (uint64_t) (i * p->d + j));
		SHOPPER_TRY(shopper_poll(env));
	}
	return SHOPPER_OK;
}

/* The logarithm of the inertia with k clusters. */
static ShopperStatus
log_inertia(ShopperEnv *env, const ShopperPointSet *p, const ShopperKmeansPlan *plan, double *value)
{
	ShopperKmeans r;

	SHOPPER_TRY(shopper_kmeans(env, p, plan, &r));
	*value = log(fmax(r.inertia, 1e-300));
	release_result(env, &r);
	return SHOPPER_OK;
}

/* The least k whose gap is not below that of k + 1 by more than its error: the rule of section 3 of the paper. */
static ShopperStatus
by_gap(ShopperEnv *env, ShopperModel *model, const ShopperPointSet *p, ShopperKmeansPlan *plan, int k_min, int k_max, int *k)
{
	ShopperPointSet even[REFERENCES];
	double		before = -INFINITY;

	for (int b = 0; b < REFERENCES; b++)
		SHOPPER_TRY(spread_evenly(env, p, plan->seed, (uint64_t) b, &even[b]));
	*k = k_max;
	for (plan->k = k_min; plan->k <= k_max; plan->k++)
	{
		double		ours,
					value[REFERENCES],
					mean = 0,
					squares = 0,
					error;

		SHOPPER_TRY(log_inertia(env, p, plan, &ours));
		for (int b = 0; b < REFERENCES; b++)
		{
			SHOPPER_TRY(log_inertia(env, &even[b], plan, &value[b]));
			mean += value[b] / REFERENCES;
		}
		for (int b = 0; b < REFERENCES; b++)
			squares += (value[b] - mean) * (value[b] - mean) / REFERENCES;
		error = sqrt(squares * (1 + 1.0 / REFERENCES));
		SHOPPER_TRY(shopper_add_step(env, model, plan->k, "gap", mean - ours));
		if (before >= mean - ours - error)
		{
			*k = plan->k - 1;
			break;
		}
		before = mean - ours;
	}
	for (int b = 0; b < REFERENCES; b++)
		shopper_release(env, even[b].x);
	return SHOPPER_OK;
}

ShopperStatus
shopper_kmeans_choose(ShopperEnv *env, ShopperModel *model, const ShopperPointSet *p, const ShopperKmeansPlan *plan,
					  int k_min, int k_max, bool gap, int *k)
{
	ShopperPointSet sample = *p;
	ShopperKmeansPlan trial = *plan;

	if (k_min > k_max)
		return shopper_fail(env, SHOPPER_BAD_OPTION, "option \"k_max\" must be at least k_min = %d, got %d", k_min, k_max);
	if (p->n > SAMPLE)			/* rows are in a random order */
	{
		sample.n = SAMPLE;
		sample.n_tiles = (SAMPLE + SHOPPER_TILE - 1) / SHOPPER_TILE;
	}
	if (k_max >= sample.n)
		k_max = (int) sample.n - 1;
	k_min = k_min < k_max ? k_min : k_max;
	if (k_max < 2)
	{
		*k = 1;
		return SHOPPER_OK;
	}
	trial.starts = plan->starts < STARTS ? plan->starts : STARTS;
	trial.batch = 0;
	return gap ? by_gap(env, model, &sample, &trial, k_min, k_max, k) : by_silhouette(env, model, &sample, &trial, k_min, k_max, k);
}
