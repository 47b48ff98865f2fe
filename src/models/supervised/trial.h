/*
 * trial.h: measuring options instead of models: fit on some folds, measure on the one
 * left out. What cross_validate, tune and select_features are made of.
 */
#ifndef SHOPPER_TRIAL_H
#define SHOPPER_TRIAL_H

#include "course.h"

#define SHOPPER_TRIAL_METRICS 12

typedef struct ShopperTrialMetrics
{
	int			n;
	const char *name[SHOPPER_TRIAL_METRICS];
	double		value[SHOPPER_TRIAL_METRICS];
} ShopperTrialMetrics;

typedef struct ShopperTrial
{
	const struct ShopperLearner *learner;
	ShopperTask task;
	ShopperOptions options;
	ShopperRawRows raw;
	const int32_t *fold;		/* (rows of raw) */
	bool		timed;			/* folds are stretches of time */
	int64_t		n;				/* rows [0, n) are used: fewer for a first look */
} ShopperTrial;

/*
 * One fold: metrics of the rows left out. importance (columns of the spec), when not NULL, gets
 * added how much each column matters there (by shuffling it).
 */
extern ShopperStatus shopper_trial_fold(ShopperEnv *env, const ShopperTrial *trial, int fold,
										ShopperTrialMetrics *metrics, double *importance);
extern bool shopper_trial_has_metric(const ShopperTrialMetrics *metrics, const char *name);
/* NaN when it was not measured, or could not be: auc of one class. */
extern double shopper_trial_metric(const ShopperTrialMetrics *metrics, const char *name);
/* Whether more of this metric is better; false for losses and errors. */
extern bool shopper_metric_rises(const char *name);
/* log_loss or rmse */
extern const char *shopper_default_metric(ShopperTask task);

#endif
