/*
 * holdout.h: what is kept of a model's predictions for its held-out rows: enough to
 * choose a cut-off by profit and to give intervals and sets with a promised coverage.
 */
#ifndef SHOPPER_HOLDOUT_H
#define SHOPPER_HOLDOUT_H

#include "learner.h"

#define SHOPPER_HOLDOUT_STEPS 512
#define SHOPPER_HOLDOUT_RANKS 1024

/*
 * n held-out rows of a table from row `from` on. own: the probability of each row's own class, or the
 * predicted amount; one: the probability of class 1 of two, else NULL.
 * Unweighted for the ranks (coverage is a promise about rows), weighted for the steps.
 */
extern ShopperStatus shopper_holdout_make(ShopperEnv *env, const ShopperTable *table, int64_t from, int64_t n,
										  const double *own, const double *one, ShopperHoldout *holdout);

/*
 * Split conformal prediction (Vovk, Gammerman and Shafer 2005; Lei et al. 2018): a new row's
 * score is at most this with probability level or more. Infinity when the held-out rows are
 * too few for the level: ceil((n + 1) level) must not exceed n.
 */
extern double shopper_holdout_quantile(const ShopperHoldout *holdout, double level);
/*
 * The same for both ends of signed errors, each with half of what is missing to the level: the true
 * amount lies in [prediction + *low, prediction + *high]. Asymmetric, so it serves quantile models
 * as well (Romano, Patterson and Candes 2019). False: too few rows for the level.
 */
extern bool shopper_holdout_interval(const ShopperHoldout *holdout, double level, double *low, double *high);

/* Profit of saying yes from a threshold on: gain for each true yes, cost for each false one. */
typedef struct ShopperProfit
{
	double		threshold;		/* infinity: to nobody */
	double		rows;			/* weight of the rows at or above it */
	double		positive;
	double		profit;
} ShopperProfit;

/* Every step, from "to nobody" to "to everybody": n_steps + 1 of them; profit[] is the caller's. */
extern void shopper_profit_curve(const ShopperHoldout *holdout, double gain, double cost, ShopperProfit *profit);
/* The step of the highest profit, the highest threshold among equal ones. */
extern int64_t shopper_best_profit(const ShopperProfit *profit, int64_t n);

/*
 * Steps from labels and scores, at most max_steps: for the curve of a query's rows. Rows of
 * one score are never parted.
 */
extern ShopperStatus shopper_profit_steps(ShopperEnv *env, int64_t n, const uint8_t *positive, const double *score,
										  const double *weight, int64_t max_steps, ShopperHoldout *holdout);

extern void shopper_holdout_encode(const ShopperHoldout *holdout, ShopperWriter *w);
extern ShopperStatus shopper_holdout_decode(ShopperEnv *env, ShopperReader *r, ShopperHoldout *holdout);

#endif
