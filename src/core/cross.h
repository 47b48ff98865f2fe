/*
 * cross.h: count, means and cross products of deviations of rows of p numbers, block by
 * block: exact enough for regressions, and joined without a loss of digits.
 */
#ifndef SHOPPER_CROSS_H
#define SHOPPER_CROSS_H

typedef struct ShopperCross
{
	int			p;
	double		n;
	double	   *mean;			/* (p) */
	double	   *cross;			/* (p, p) sum of (x_a - mean_a)(x_b - mean_b); the part with b <= a is kept */
} ShopperCross;

/* Add n rows (n + 1, p): they are centred in place, the last row is scratch. */
extern void shopper_cross_add(ShopperCross *c, double *rows, int n);
/* The same with a weight (not negative) for each row: n becomes their sum. */
extern void shopper_cross_add_weighted(ShopperCross *c, double *rows, const double *weight, int n);
/* Add another sample of the same p columns. */
extern void shopper_cross_merge(ShopperCross *a, const ShopperCross *b);

#endif
