/* correlations.h: correlations of all pairs of columns of numbers. */
#ifndef SHOPPER_CORRELATIONS_H
#define SHOPPER_CORRELATIONS_H

#include "../core/env.h"

/* Rows of p numbers, NaN where unknown. */
typedef struct ShopperNumbers
{
	ShopperEnv *env;
	int			p;
	int64_t		n;
	int64_t		capacity;
	double	   *x;				/* (n, p) */
} ShopperNumbers;

extern ShopperStatus shopper_numbers_init(ShopperNumbers *x, ShopperEnv *env, int p);
/* A place for the next row, to be filled. */
extern ShopperStatus shopper_numbers_row(ShopperNumbers *x, double **row);

typedef struct ShopperCorrelation
{
	double		r;				/* NaN: one of the columns does not vary, or fewer than two rows */
	double		p_value;		/* of r = 0, two-sided, by Student's t; NaN below three rows */
	int64_t		n;				/* rows in which both are known */
} ShopperCorrelation;

/*
 * Of each pair a < b of columns, in the order (0, 1), (0, 2), ..., over the rows that know both. ranks: of Spearman,
 * that is of the mid-ranks among these rows. Uses up x.
 */
extern ShopperStatus shopper_correlate(ShopperNumbers *x, bool ranks, ShopperCorrelation **pairs);

#endif
