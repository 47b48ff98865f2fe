/*
 * bins.h: the training table in small integers, for learners that grow trees.
 *
 * Each column becomes one contiguous array of bins, one byte a cell (two for
 * categories of more than 255 levels). A number's bins are ranges between edges:
 * bin b holds edge[b - 1] < x <= edge[b], so "bin <= b" and "x <= edge[b]" say the
 * same of every row, in training and in scoring. A category's bin is its code.
 * The last bin of every column is that of missing values (numbers) or of levels
 * without a code (categories); it may be empty.
 */
#ifndef SHOPPER_BINS_H
#define SHOPPER_BINS_H

#include "table.h"

#define SHOPPER_MAX_BINS 256	/* of a number, the missing one included */
#define SHOPPER_MAX_LEVEL_BINS 65536
#define SHOPPER_BINS_SLACK 64	/* cells behind the last row that may be read, not used */

typedef struct ShopperBinColumn
{
	bool		category;
	int			source;			/* index in table->dense or table->lookup */
	int			n_bins;			/* all, the missing one (n_bins - 1) included; values use 0 .. n_bins - 2 */
	uint8_t    *bin8;			/* (n) when n_bins <= 256, else NULL */
	uint16_t   *bin16;			/* (n) otherwise, else NULL */
	float	   *edge;			/* numbers: (n_bins - 2) ascending edges between the value bins */
} ShopperBinColumn;

typedef struct ShopperBins
{
	int64_t		n;				/* rows, held-out ones included */
	int			n_columns;		/* numbers first, then categories: column j is input j of the trees */
	ShopperBinColumn *column;
	int			max_bins;		/* the most of any column */
} ShopperBins;

/*
 * Bin a raw table. Edges of numbers come from at most 200,000 of the rows [0, n_train)
 * (the first ones: their order is random): midpoints between all distinct values when
 * they fit into max_bins - 1 bins, else quantiles, where a value of many rows gets a bin
 * of its own. Weights do not count. max_bins: 3 to SHOPPER_MAX_BINS.
 * Categories of more than SHOPPER_MAX_LEVEL_BINS - 1 levels share the missing bin for the
 * rarest. Same rows, same bins, whatever the number of threads.
 */
extern ShopperStatus shopper_bins_make(ShopperEnv *env, const ShopperTable *table, int max_bins, ShopperBins *bins);
extern void shopper_bins_release(ShopperEnv *env, ShopperBins *bins);

#endif
