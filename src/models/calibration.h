/*
 * calibration.h: learning to correct a classifier's probabilities from predictions for
 * rows that it was not fitted on.
 */
#ifndef SHOPPER_CALIBRATION_H
#define SHOPPER_CALIBRATION_H

#include "learner.h"

/*
 * p (n, classes) row-major: predictions; y: the true classes; weight may be NULL.
 * Platt: logistic regression on the logit, with his smoothed targets (Platt 1999).
 * Isotonic: pool adjacent violators (Ayer et al. 1955), values kept within 1 / (n + 2) of 0
 * and 1, straight lines between the pools.
 */
extern ShopperStatus shopper_calibrate(ShopperEnv *env, ShopperCalibrationKind kind, int classes, int64_t n, const double *p,
									   const int32_t *y, const double *weight, ShopperCalibration *calibration);
extern void shopper_calibration_encode(const ShopperCalibration *calibration, ShopperWriter *w);
extern ShopperStatus shopper_calibration_decode(ShopperEnv *env, ShopperReader *r, int classes, ShopperCalibration *calibration);

#endif
