/*
 * bootstrap.h: two predictions of the same rows compared, with an interval that says how
 * much of the difference is chance.
 */
#ifndef SHOPPER_BOOTSTRAP_H
#define SHOPPER_BOOTSTRAP_H

#include "env.h"

typedef enum ShopperPairedMeasure
{
	SHOPPER_PAIRED_MEAN,		/* of losses or gains */
	SHOPPER_PAIRED_ROOT_MEAN,	/* of squared errors: rmse */
	SHOPPER_PAIRED_AUC			/* of scores of labelled rows */
} ShopperPairedMeasure;

typedef struct ShopperPaired
{
	double		a,				/* the measure over all rows */
				b;
	double		difference,		/* a - b */
				low,			/* of the difference: the middle 95 % of the resamples */
				high;
} ShopperPaired;

/*
 * Measure a[0..n) and b[0..n), and resample the rows, the same for both (Efron, Bootstrap
 * methods: another look at the jackknife, 1979; percentile interval). label (0 or 1) is for
 * AUC only. b may be NULL: then only a is set, and the rest is NaN, as is AUC of one class.
 * The order of the rows does not show. Time: up to 2000 resamples, fewer of many rows, so
 * that n times resamples stays near 50 million (200 at least).
 */
extern ShopperStatus shopper_paired_bootstrap(ShopperEnv *env, ShopperPairedMeasure measure, int64_t n, const double *label,
											  const double *a, const double *b, uint64_t seed, ShopperPaired *out);

#endif
