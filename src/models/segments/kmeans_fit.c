/*
 * kmeans_fit.c: the best of several fits by lloyd.c or kmeans_batch.c; see lloyd.h.
 *
 * With many rows the starts are tried on a sample, and only the best one goes on with all.
 */
#include <math.h>
#include <string.h>

#include "../../core/hash.h"
#include "kmeans.h"

#define START_ROWS 65536		/* of more rows, the starts are tried on the first ones, a random sample */

/* The mean deviation of a column: root of the mean variance; of the first rows, which are a random sample. */
static ShopperStatus
mean_deviation(ShopperEnv *env, const ShopperPointSet *p, double *unit)
{
	int64_t		n = p->n < START_ROWS ? p->n : START_ROWS;
	double		total = 0;

	for (int j = 0; j < p->d; j++)
	{
		double		sum = 0,
					squares = 0;

		for (int64_t i = 0; i < n; i++)
			sum += *shopper_coordinate(p, i, j);
		for (int64_t i = 0; i < n; i++)
		{
			double		gap = *shopper_coordinate(p, i, j) - sum / (double) n;

			squares += gap * gap;
		}
		total += squares / (double) n;
		SHOPPER_TRY(shopper_poll(env));
	}
	*unit = sqrt(total / p->d);
	return SHOPPER_OK;
}

/* Clusters without rows go: there are fewer different rows than centres. */
static void
drop_empty(const ShopperPointSet *p, ShopperKmeans *r, int64_t *rows, int32_t *new)
{
	int			kept = 0;

	memset(rows, 0, (size_t) r->k * sizeof(*rows));
	for (int64_t i = 0; i < p->n; i++)
		rows[r->label[i]]++;
	for (int c = 0; c < r->k; c++)
	{
		new[c] = kept;
		if (rows[c] == 0)
			continue;
		if (kept < c)
			memcpy(r->centre + (int64_t) kept * p->d, r->centre + (int64_t) c * p->d, (size_t) p->d * sizeof(double));
		kept++;
	}
	if (kept < r->k)
		for (int64_t i = 0; i < p->n; i++)
			r->label[i] = new[r->label[i]];
	r->k = kept;
}

/* One fit from centres that are in place: iterations, labels, inertia. */
static ShopperStatus
fit_from(ShopperEnv *env, const ShopperPointSet *p, const ShopperKmeansPlan *plan, double unit, ShopperKmeans *r)
{
	int64_t    *rows;
	int32_t    *new;

	if (plan->batch > 0)
		SHOPPER_TRY(shopper_kmeans_batches(env, p, plan, unit, r));
	else
		SHOPPER_TRY(shopper_kmeans_lloyd(env, p, plan, unit, r));
	SHOPPER_TRY(shopper_kmeans_assign(env, p, r->centre, r->k, r->label, &r->inertia));
	SHOPPER_NEW(env, rows, r->k);
	SHOPPER_NEW(env, new, r->k);
	drop_empty(p, r, rows, new);
	shopper_release(env, rows);
	shopper_release(env, new);
	return SHOPPER_OK;
}

static ShopperStatus
make_result(ShopperEnv *env, const ShopperPointSet *p, const ShopperKmeansPlan *plan, ShopperKmeans *r)
{
	memset(r, 0, sizeof(*r));
	r->k = plan->k;
	SHOPPER_NEW(env, r->centre, (int64_t) plan->k * p->d);
	SHOPPER_NEW(env, r->label, p->n);
	SHOPPER_NEW0(env, r->shift, plan->max_iterations);
	return SHOPPER_OK;
}

/* The best of the starts on these points. */
static ShopperStatus
best_start(ShopperEnv *env, const ShopperPointSet *p, const ShopperKmeansPlan *plan, double unit, ShopperKmeans *best)
{
	ShopperKmeans trial;

	SHOPPER_TRY(make_result(env, p, plan, best));
	best->inertia = INFINITY;
	SHOPPER_TRY(make_result(env, p, plan, &trial));
	for (int start = 0; start < plan->starts; start++)
	{
		SHOPPER_TRY(shopper_kmeans_seed(env, p, plan->k, shopper_hash_add(plan->seed, (uint64_t) start), trial.centre, &trial.k));
		SHOPPER_TRY(fit_from(env, p, plan, unit, &trial));
		if (trial.inertia < best->inertia)
		{
			ShopperKmeans swap = *best;

			*best = trial;
			trial = swap;
		}
	}
	shopper_release(env, trial.centre);
	shopper_release(env, trial.label);
	shopper_release(env, trial.shift);
	return SHOPPER_OK;
}

ShopperStatus
shopper_kmeans(ShopperEnv *env, const ShopperPointSet *p, const ShopperKmeansPlan *plan, ShopperKmeans *result)
{
	ShopperPointSet sample = *p;
	ShopperKmeans started;
	double		unit;

	SHOPPER_TRY(mean_deviation(env, p, &unit));
	if (plan->centres == NULL && p->n <= START_ROWS)
		return best_start(env, p, plan, unit, result);
	SHOPPER_TRY(make_result(env, p, plan, result));
	if (plan->centres != NULL)
		memcpy(result->centre, plan->centres, (size_t) plan->k * (size_t) p->d * sizeof(double));
	else
	{
		sample.n = START_ROWS;
		sample.n_tiles = START_ROWS / SHOPPER_TILE;
		SHOPPER_TRY(best_start(env, &sample, plan, unit, &started));
		result->k = started.k;
		memcpy(result->centre, started.centre, (size_t) started.k * (size_t) p->d * sizeof(double));
		shopper_release(env, started.centre);
		shopper_release(env, started.label);
		shopper_release(env, started.shift);
	}
	return fit_from(env, p, plan, unit, result);
}
