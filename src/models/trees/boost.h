/*
 * boost.h: what the files of boosting() share.
 */
#ifndef SHOPPER_BOOST_H
#define SHOPPER_BOOST_H

#include "grow.h"
#include "trees.h"

typedef enum ShopperBoostLoss
{
	SHOPPER_BOOST_LOG_LOSS = 0, /* two classes: one score, log-odds of class 1 */
	SHOPPER_BOOST_SOFTMAX = 1,	/* more classes: a score each */
	SHOPPER_BOOST_SQUARED = 2,
	SHOPPER_BOOST_ABSOLUTE = 3,
	SHOPPER_BOOST_QUANTILE = 4,
	SHOPPER_BOOST_POISSON = 5,	/* this and those below: the score is the logarithm of the amount */
	SHOPPER_BOOST_TWEEDIE = 6,
	SHOPPER_BOOST_GAMMA = 7
} ShopperBoostLoss;

#define SHOPPER_BOOST_LOSSES 8
#define SHOPPER_BOOST_HISTOGRAM_BYTES (256LL << 20)

static inline bool
shopper_boost_log_link(ShopperBoostLoss loss)
{
	return loss >= SHOPPER_BOOST_POISSON;
}

/* The state of a model. */
typedef struct ShopperBoost
{
	ShopperTreeModel trees;		/* first, as in every learner of trees */
	ShopperBoostLoss loss;
	int			outputs;		/* scores: classes, or 1 */
	double	   *base;			/* (outputs) where scores begin */
	int64_t		rounds;
	int64_t		best_round;		/* 0: not watched */
	double	  **fitted;			/* (outputs)(n) scores of the rows of training, right after it; else NULL */
} ShopperBoost;

/* A fit in progress. */
typedef struct ShopperBoostFit
{
	ShopperEnv *env;
	ShopperModel *model;
	const ShopperTable *t;
	ShopperBoost *boost;
	ShopperBins bins;
	ShopperGrower grower;
	double		quantile;
	double		power;			/* of tweedie */
	double		learning_rate;
	double		row_share;
	double		column_share;
	int8_t	   *monotone;		/* (columns), NULL: none */

	double	  **score;			/* (outputs)(n) */
	double	   *top;			/* (n) softmax: logarithm of the sum of exponentials, as the round began */
	float	   *slope;			/* (n)(2) gradient and hessian */
	void	   *residual;		/* (n) absolute, quantile */
} ShopperBoostFit;

/* What a pass over rows finds; added over shards in their order. */
typedef struct ShopperBoostSums
{
	double		loss;
	double		weight;
	float		most_gradient;
	float		most_hessian;
} ShopperBoostSums;

/* ---- boost_loss.c ---- */
/* y = exp(x), some 1e-15; n a multiple of 8 */
extern void shopper_boost_exp(const double *x, double *y, int n);
/* Refuse targets that the loss does not know. */
extern ShopperStatus shopper_boost_check_target(ShopperEnv *env, const ShopperTable *t, ShopperBoostLoss loss);
/* Softmax: fill top of rows [from, to); adds the loss. */
extern void shopper_boost_top(const ShopperBoostFit *fit, int64_t from, int64_t to, ShopperBoostSums *sums);
/* slope of rows [from, to) for one output; adds the loss, except for softmax. */
extern void shopper_boost_slope(const ShopperBoostFit *fit, int output, int64_t from, int64_t to, ShopperBoostSums *sums);

/* ---- boost_leaf.c ---- */
/* Values of the leaves of the grower's tree (n_nodes), times the learning rate; and their covers. */
extern ShopperStatus shopper_boost_leaves(ShopperBoostFit *fit, int output, double *value, double *cover);
/* Add those values to the scores of all rows. */
extern ShopperStatus shopper_boost_update(ShopperBoostFit *fit, int output, const double *value);
/* Start values of all outputs. */
extern ShopperStatus shopper_boost_base(ShopperBoostFit *fit, double *base);

/* ---- boost_fit.c ---- */
extern ShopperStatus shopper_boost_fit(ShopperBoostFit *fit, const ShopperModel *previous);

#endif
