/* cart_split.h: a search for the best split by one column, in progress. */
#ifndef SHOPPER_CART_SPLIT_H
#define SHOPPER_CART_SPLIT_H

#include "cart.h"

struct ShopperCartScratch
{
	uint32_t   *count;			/* (bins)(classes), 0 between calls */
	ShopperCartAmountLoad *sum;		/* (bins), 0 between calls */
	uint64_t   *seen;			/* a bit a bin, 0 between calls */
	int32_t    *present;		/* bins that occur, in the order of the pass */
	int			n_present;
	double	   *key;			/* (bins) what levels are ordered by */
	int32_t    *merge;			/* (bins) */
	int64_t    *left;			/* (classes) */
	int64_t    *all;			/* (classes) */
	double	   *direction;		/* (2)(classes) */
};

/* One pass over the bins. */
typedef struct ShopperCartPass
{
	const ShopperCartData *d;
	const ShopperCartRules *rules;
	ShopperCartScratch *s;
	int			n;				/* bins in the pass */
	int			missing;		/* numbers: the bin of missing values, if it occurs; else -1 */
	int64_t		min_weight;		/* of a side */
	int64_t		weight;			/* of all */
	int64_t		sum;
	double		parent;			/* impurity */
	double		best;			/* impurity of both sides */
	int			best_at;		/* bins to the left are present[0 .. best_at] */
	bool		missing_left;
	int			only;			/* random cuts: the only place that counts; -1: all */
} ShopperCartPass;

/* ---- cart_levels.c ---- */
/* Put the levels that occur in an order; random: for random_cuts. */
extern void shopper_cart_order_levels(ShopperCartPass *p, uint64_t random);

#endif
