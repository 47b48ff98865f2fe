/*
 * explain.h: why a model gives a row its score: one contribution for each of the user's
 * columns. They sum, with the base, to the raw score (before calibration).
 */
#ifndef SHOPPER_EXPLAIN_H
#define SHOPPER_EXPLAIN_H

#include "learner.h"

/* log_odds, probability, amount, log_amount: what the contributions are measured in */
extern const char *shopper_explain_unit(const ShopperModel *model);

/*
 * contribution (n_columns of the spec). Exact when the learner explains itself; else Shapley
 * values against one reference row (medians or means, most frequent levels): over all subsets
 * of columns for up to 10 columns, beyond that over 32 random orders, each with its reverse
 * (Castro, Gomez and Tejada 2009), the same for the same row.
 */
extern ShopperStatus shopper_explain(ShopperEnv *env, const ShopperModel *model, const double *dense, const int32_t *lookup,
									 int output, double *base, double *contribution);

#endif
