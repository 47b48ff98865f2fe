/*
 * table.h: the training table, columns of numbers and of category codes.
 *
 * Every column is one contiguous array that doubles as rows arrive. A learner sees
 * it when rows are in their final order: [0, n_train) to fit, [n_train, n) to
 * validate. The order is a function of the rows' content and the seed alone, and
 * random, so contiguous rows are as good as a random sample.
 */
#ifndef SHOPPER_TABLE_H
#define SHOPPER_TABLE_H

#include <float.h>

#include "../core/sort.h"
#include "spec.h"

typedef struct ShopperTable
{
	ShopperEnv *env;
	bool		wide;			/* numbers are float64 in dense, else float32 in dense32 */
	int64_t		n;				/* rows */
	int64_t		n_train;
	int64_t		capacity;

	int			n_dense;		/* number columns (after preparing: and flags) */
	double	  **dense;			/* (n_dense)(n) when wide */
	float	  **dense32;		/* (n_dense)(n) otherwise */
	int			n_lookup;		/* category columns */
	int32_t   **lookup;			/* (n_lookup)(n) codes, see spec.h */
	int		   *size;			/* (n_lookup) block sizes when prepared, levels when raw */

	int			n_classes;		/* 0 for a number target, or none: y and y_class are NULL */
	int32_t    *y_class;		/* (n) class of each row */
	double	   *y;				/* (n) number target */
	double	   *weight;			/* (n) row weight times class weight, mean as given; NULL: all 1 */
	uint8_t    *held_out;		/* (n) from validation_column while reading; NULL: none */
	double	   *time;			/* (n) of validation_time, or of time-ordered folds; NULL: none; NaN: unknown, oldest */
	uint64_t   *group;			/* (n) rows of one group are never split over folds; NULL: none */
} ShopperTable;

/* What float32 cannot hold becomes its greatest value; NaN stays. */
static inline float
shopper_narrow(double x)
{
	return x > FLT_MAX ? FLT_MAX : x < -FLT_MAX ? -FLT_MAX : (float) x;
}

/* Arrays for n rows from env, for tests and benchmarks that make their own data. n_classes 0: a number target, -1: none. */
extern ShopperStatus shopper_table_make(ShopperEnv *env, ShopperTable *table, bool wide, int64_t n,
										int n_dense, int n_lookup, int n_classes);

/* Whether the parts agree: counts, codes in range, weights not negative. For assertions and tests. */
extern bool shopper_table_valid(const ShopperTable *table);

/*
 * Order of the training rows: sorted by a hash of their content (ties compared in
 * full), then shuffled by the seed; held-out rows last. Sets n_train. `fraction`
 * of the rows (of each class for a class target; with `time` the latest ones, rows
 * of one moment together) is held out when there is no held_out column. Codes must
 * be canonical already (given by count and value).
 */
extern ShopperStatus shopper_table_order(ShopperTable *table, double fraction);
/* The split alone, for rows that are in that order already. */
extern ShopperStatus shopper_table_split(ShopperTable *table, double fraction);

typedef enum ShopperImpute
{
	SHOPPER_IMPUTE_MEDIAN, SHOPPER_IMPUTE_MEAN, SHOPPER_IMPUTE_ZERO
} ShopperImpute;

/* What numbers become: (x - mean) / scale with these. */
typedef enum ShopperScale
{
	SHOPPER_SCALE_NONE,			/* 0 and 1 */
	SHOPPER_SCALE_STANDARD,		/* mean and population standard deviation */
	SHOPPER_SCALE_MIN_MAX,		/* least value and range */
	SHOPPER_SCALE_ROBUST		/* median and distance of the quartiles */
} ShopperScale;

typedef struct ShopperPrepare
{
	ShopperImpute impute;
	bool		missing_flags;
	ShopperScale scale;
	bool		drop_base;		/* one level of each category, the most frequent, gets no column */
	const int  *base;			/* (n_categories) another one to drop, or -1; NULL: none */
} ShopperPrepare;

/*
 * Learn means, scales, fills and blocks from rows [0, n_train) into spec, then
 * turn all rows into the prepared encoding in place (flags are added columns).
 * Raw learners call shopper_table_summarize() instead, for ranges, means and level
 * counts, and shopper_spec_lay_out() for the numbers of levels.
 */
extern ShopperStatus shopper_table_prepare(ShopperTable *table, ShopperSpec *spec, const ShopperPrepare *how);
/* Choose the base of each category (base: another one to drop, or -1; NULL: none), set block sizes and offsets. */
extern void shopper_spec_lay_out(ShopperSpec *spec, bool drop_base, const int *base);
/* Turn raw rows into the encoding of a spec that was learned from others, in place. */
extern ShopperStatus shopper_table_encode(ShopperTable *table, const ShopperSpec *spec);
/* The quantile q of the present values of rows [0, n_train) of a raw column, between two of them by linear interpolation; 0 when there are none. */
extern double shopper_table_quantile(const ShopperTable *table, int column, double q);
extern ShopperStatus shopper_table_summarize(ShopperTable *table, ShopperSpec *spec, ShopperImpute impute);

/* A key whose order is that of times; a missing time (NaN) sorts first. */
static inline uint64_t
shopper_time_key(double time)
{
	return time == time ? shopper_sortable(time) : 0;
}

/* ---- parts of a table (subset.c) ---- */

/*
 * A raw spec of its own with the columns for which keep says so (NULL: all), ready to be
 * prepared; names and dictionaries are shared with the given one.
 */
extern ShopperStatus shopper_spec_subset(ShopperEnv *env, const ShopperSpec *spec, const bool *keep, ShopperSpec *subset);
/* The given rows (NULL: the first n) of a raw table, with the same columns, as a table of its own. */
extern ShopperStatus shopper_table_subset(ShopperEnv *env, const ShopperTable *table, const ShopperSpec *spec, const bool *keep,
										  const uint32_t *rows, int64_t n, bool wide, ShopperTable *subset);

#endif
