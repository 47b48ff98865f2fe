/*
 * series.h: one series of (time, value): what its gaps may have held, and which values stand out.
 */
#ifndef SHOPPER_SERIES_H
#define SHOPPER_SERIES_H

#include "../core/env.h"

typedef enum ShopperInterpolation
{
	SHOPPER_STEP,				/* the last known value */
	SHOPPER_LINEAR,
	SHOPPER_POLYNOMIAL,			/* through the degree + 1 known points around */
	SHOPPER_SPLINE,				/* natural cubic */
	SHOPPER_SEASONAL			/* linear, after an additive season of fixed length is taken out */
} ShopperInterpolation;

typedef enum ShopperSeriesEnds
{
	SHOPPER_ENDS_NULL,			/* before the first and after the last known value nothing is known */
	SHOPPER_ENDS_HOLD,			/* the nearest known value */
	SHOPPER_ENDS_EXTRAPOLATE
} ShopperSeriesEnds;

typedef struct ShopperGaps
{
	ShopperInterpolation method;
	ShopperSeriesEnds ends;
	int			degree;			/* POLYNOMIAL: from 1 */
	double		period;			/* SEASONAL: length of the season, in units of time */
	double		max_gap;		/* between two known values that are farther apart nothing is filled; INFINITY: never */
} ShopperGaps;

/*
 * Fill the gaps of a series: y[i] at time[i], NaN where unknown, in place. Times in any order; known values
 * of one time count as their mean; where the time is NaN nothing is filled. Known values stay as they are.
 * SEASONAL fails with SHOPPER_BAD_DATA when the season is not at least two steps long.
 */
extern ShopperStatus shopper_fill_gaps(ShopperEnv *env, const ShopperGaps *g, int64_t n, const double *time, double *y);

/*
 * Where the known values of x lie: q[k] is the quantile of share[k] by linear interpolation (as
 * percentile_cont), NaN when nothing is known.
 */
extern ShopperStatus shopper_quantiles(ShopperEnv *env, const double *x, int64_t n, const double *share, int k, double *q);
/* The median of |x - centre|. */
extern ShopperStatus shopper_median_deviation(ShopperEnv *env, const double *x, int64_t n, double centre, double *deviation);

#endif
