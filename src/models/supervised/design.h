/*
 * design.h: the algebra of a prepared table, for linear models.
 *
 * A row of the design has width + 1 columns: the dense ones, the one-hot blocks,
 * and a 1 for the intercept, last. One-hot columns are never stored or multiplied:
 * they are looked up and added to.
 */
#ifndef SHOPPER_DESIGN_H
#define SHOPPER_DESIGN_H

#include "../../features/table.h"

#define SHOPPER_BLOCK 512		/* rows that a kernel takes at once: its scratch stays in the cache */

/* z[0..n) = design rows [from, from + n) times w (width + 1); n at most SHOPPER_BLOCK. */
extern void shopper_design_times(const ShopperTable *t, const ShopperSpec *spec, int64_t from, int n,
								 const double *w, double *z);
/* g (width + 1) += the transposed rows times r[0..n). */
extern void shopper_design_transposed(const ShopperTable *t, const ShopperSpec *spec, int64_t from, int n,
									  const double *r, double *g);
/*
 * gram (width + 1, width + 1), symmetric, full: sum over rows [0, rows) of
 * h[row] * x x'. h NULL: all 1. Sums over fixed shards.
 */
extern ShopperStatus shopper_design_gram(ShopperEnv *env, const ShopperTable *t, const ShopperSpec *spec, int64_t rows,
										 const double *h, double *gram);

#endif
