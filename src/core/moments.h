/*
 * moments.h: weight, mean and sum of squared deviations of a sample, and the rule
 * that joins two samples without a loss of digits (Chan, Golub, LeVeque 1983).
 */
#ifndef SHOPPER_MOMENTS_H
#define SHOPPER_MOMENTS_H

typedef struct ShopperMoments
{
	double		n;				/* sum of weights */
	double		mean;
	double		squares;		/* sum of weight (x - mean)^2 */
} ShopperMoments;

static inline void
shopper_moments_merge(ShopperMoments *a, const ShopperMoments *b)
{
	double		total = a->n + b->n,
				gap = b->mean - a->mean;

	if (!(b->n > 0))
		return;
	if (!(a->n > 0))
	{
		*a = *b;
		return;
	}
	a->mean += gap * (b->n / total);
	a->squares += b->squares + gap * gap * a->n * (b->n / total);
	a->n = total;
}

#endif
