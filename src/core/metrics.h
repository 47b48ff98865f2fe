/*
 * metrics.h: how good predictions are. Weights may be NULL (all 1); probabilities
 * are clipped at 1e-15 for the logarithm only.
 */
#ifndef SHOPPER_METRICS_H
#define SHOPPER_METRICS_H

#include "env.h"

/*
 * Area under the ROC curve: the chance that a positive row outscores a negative
 * one, ties counting half (Hanley and McNeil 1982). NaN when one class is absent.
 */
extern ShopperStatus shopper_auc(ShopperEnv *env, int64_t n, const uint8_t *positive, const double *score,
								 const double *weight, double *auc);
extern double shopper_log_loss_one(double probability_of_truth);

#endif
