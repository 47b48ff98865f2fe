/* bootstrap.c: see bootstrap.h */
#include "bootstrap.h"

#include <math.h>

#include "hash.h"
#include "sort.h"

#define MOST_RESAMPLES	2000
#define FEWEST_RESAMPLES	200
#define MOST_DRAWS	50000000

/* One of the two predictions, in canonical order of rows. */
typedef struct Side
{
	double	   *x;
	uint32_t   *order;			/* AUC: rows by rising score */
} Side;

/* AUC of rows that count `times` each; order is that of the scores. */
static double
weighted_auc(int64_t n, const Side *s, const double *label, const uint32_t *times)
{
	double		below = 0,
				wins = 0,
				positives = 0;

	for (int64_t i = 0; i < n;)
	{
		double		score = s->x[s->order[i]],
					tied_positive = 0,
					tied_negative = 0;

		for (; i < n && s->x[s->order[i]] == score; i++)
		{
			uint32_t	row = s->order[i];

			if (label[row] != 0)
				tied_positive += times[row];
			else
				tied_negative += times[row];
		}
		wins += tied_positive * (below + 0.5 * tied_negative);
		below += tied_negative;
		positives += tied_positive;
	}
	return positives > 0 && below > 0 ? wins / (positives * below) : NAN;
}

static double
measure_side(ShopperPairedMeasure measure, int64_t n, const Side *s, const double *label, const uint32_t *times)
{
	double		sum = 0;

	if (measure == SHOPPER_PAIRED_AUC)
		return weighted_auc(n, s, label, times);
	for (int64_t i = 0; i < n; i++)
		sum += times[i] * s->x[i];
	return measure == SHOPPER_PAIRED_MEAN ? sum / n : sqrt(sum / n);
}

/* Copy a column in the order of the rows' hashes; of equal rows the order does not matter. */
static ShopperStatus
start_side(ShopperEnv *env, ShopperPairedMeasure measure, int64_t n, const double *x, const uint32_t *canonical, Side *s)
{
	SHOPPER_NEW(env, s->x, n);
	for (int64_t i = 0; i < n; i++)
		s->x[i] = x[canonical[i]];
	if (measure == SHOPPER_PAIRED_AUC)
	{
		SHOPPER_NEW(env, s->order, n);
		SHOPPER_TRY(shopper_sort_doubles(env, s->x, s->order, n));
	}
	return SHOPPER_OK;
}

/* The q quantile of sorted numbers, between neighbours by their distance. */
static double
quantile(const double *x, const uint32_t *order, int64_t n, double q)
{
	double		place = q * (n - 1);
	int64_t		i = (int64_t) place;
	double		low = x[order[i]],
				high = x[order[i + 1 < n ? i + 1 : i]];

	return low + (place - i) * (high - low);
}

static ShopperStatus
resample(ShopperEnv *env, ShopperPairedMeasure measure, int64_t n, const Side *a, const Side *b, const double *label,
		 uint32_t *times, uint64_t seed, ShopperPaired *out)
{
	int64_t		resamples = MOST_DRAWS / n,
				kept = 0;
	double	   *difference;
	uint32_t   *order;

	resamples = resamples > MOST_RESAMPLES ? MOST_RESAMPLES : resamples < FEWEST_RESAMPLES ? FEWEST_RESAMPLES : resamples;
	SHOPPER_NEW(env, difference, resamples);
	SHOPPER_NEW(env, order, resamples);
	for (int64_t r = 0; r < resamples; r++)
	{
		memset(times, 0, sizeof(uint32_t) * n);
		for (int64_t i = 0; i < n; i++)
		{
			if (i % 100000 == 0)
				SHOPPER_TRY(shopper_poll(env));
			times[shopper_below(shopper_random(seed, (uint64_t) r, (uint64_t) i), (uint64_t) n)]++;
		}
		difference[kept] = measure_side(measure, n, a, label, times) - measure_side(measure, n, b, label, times);
		kept += !isnan(difference[kept]);	/* a resample of one class has no AUC */
	}
	if (kept == 0)
		return SHOPPER_OK;
	SHOPPER_TRY(shopper_sort_doubles(env, difference, order, kept));
	out->low = quantile(difference, order, kept, 0.025);
	out->high = quantile(difference, order, kept, 0.975);
	return SHOPPER_OK;
}

ShopperStatus
shopper_paired_bootstrap(ShopperEnv *env, ShopperPairedMeasure measure, int64_t n, const double *label,
						 const double *a, const double *b, uint64_t seed, ShopperPaired *out)
{
	uint64_t   *hash;
	uint32_t   *canonical,
			   *times;
	double	   *labels = NULL;
	Side		first = {0},
				second = {0};

	*out = (ShopperPaired) {NAN, NAN, NAN, NAN, NAN};
	if (n == 0)
		return SHOPPER_OK;
	SHOPPER_NEW(env, hash, n);
	SHOPPER_NEW(env, canonical, n);
	SHOPPER_NEW(env, times, n);
	for (int64_t i = 0; i < n; i++)
	{
		hash[i] = shopper_hash_add(1, label != NULL ? shopper_double_key(label[i]) : 0);
		hash[i] = shopper_hash_add(hash[i], shopper_double_key(a[i]));
		hash[i] = shopper_hash_add(hash[i], b != NULL ? shopper_double_key(b[i]) : 0);
		times[i] = 1;
	}
	SHOPPER_TRY(shopper_sort_hashes(env, hash, canonical, n));
	if (measure == SHOPPER_PAIRED_AUC)
	{
		SHOPPER_NEW(env, labels, n);
		for (int64_t i = 0; i < n; i++)
			labels[i] = label[canonical[i]];
	}
	SHOPPER_TRY(start_side(env, measure, n, a, canonical, &first));
	out->a = measure_side(measure, n, &first, labels, times);
	if (b == NULL)
		return SHOPPER_OK;
	SHOPPER_TRY(start_side(env, measure, n, b, canonical, &second));
	out->b = measure_side(measure, n, &second, labels, times);
	out->difference = out->a - out->b;
	return resample(env, measure, n, &first, &second, labels, times, seed, out);
}
