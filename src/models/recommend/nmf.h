/* nmf.h: the two fits of the learner nmf, see nmf.c. Factors hold their starting values; both add history and set f->loss. */
#ifndef SHOPPER_NMF_H
#define SHOPPER_NMF_H

#include "factors.h"

#define SHOPPER_NMF_PASSES 500	/* at most, of one row that is solved to the end */
#define SHOPPER_NMF_TOLERANCE 1e-6	/* of the largest step of a pass beside the largest coordinate */

/* Leaves f->gram set, of the items. Memory: 8 x 4 + 8 bytes for each item and factor. */
extern ShopperStatus shopper_nmf_fit_events(ShopperEnv *env, ShopperModel *model, ShopperFactors *f, const ShopperLines *lines, int64_t iterations);
extern ShopperStatus shopper_nmf_fit_ratings(ShopperEnv *env, ShopperModel *model, ShopperFactors *f, const ShopperLines *lines, int64_t iterations);

#endif
