/*
 * glm.h: linear regression with a logarithmic link: counts (Poisson), positive amounts
 * (gamma), amounts with zeros (Tweedie, a compound of both).
 *
 * mu = exp(x w), the variance of y is dispersion * mu^power; minimized is
 * sum_i weight_i deviance_i + alpha |w|^2 (McCullagh and Nelder 1989).
 */
#ifndef SHOPPER_GLM_H
#define SHOPPER_GLM_H

#include "linear_model.h"

typedef struct ShopperGlm
{
	ShopperEnv *env;
	const ShopperTable *t;
	const ShopperSpec *spec;	/* design */
	size_t		p;				/* width + 1 */
	double		power;			/* 1: Poisson, 2: gamma */
	double		alpha;
	bool	   *fixed;			/* (p) */
	bool		observed;		/* h is the observed information, else the expected one */
	double	   *score;			/* (n_train) derivative of the quasi log likelihood by the linear predictor */
	double	   *h;				/* (n_train) minus its second derivative */
	const double *w;
	double	   *z;				/* (n_train) linear predictor */
	double	   *partial;		/* (SHARDS)(p) */
	double	   *sum;			/* (SHARDS) */
	int64_t		from,
				to;
} ShopperGlm;

/* The arrays of a fit whose env, t, spec and p are set. */
extern ShopperStatus shopper_glm_allocate(ShopperGlm *f);
/* Deviance at w, z, score, h; g (p) = X' score when it is not NULL: -1/2 of the deviance's gradient. */
extern ShopperStatus shopper_glm_evaluate(ShopperGlm *f, const double *w, double *deviance, double *g);
/* The whole fit of a model that shopper_linear_begin() began: weights, errors, metrics. */
extern ShopperStatus shopper_glm_train(ShopperEnv *env, ShopperModel *model, const ShopperTable *t, ShopperLinearModel *lm);

#endif
