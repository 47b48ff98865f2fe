/*
 * bayes.h: naive Bayes as counts and moments, what bayes.c, bayes_fit.c, bayes_merge.c and the
 * plain-column aggregate share.
 */
#ifndef SHOPPER_BAYES_H
#define SHOPPER_BAYES_H

#include "../../core/moments.h"
#include "../learner.h"

typedef struct ShopperBayes
{
	/* what is known and stored; K classes */
	int			n_classes;
	double	   *weight;			/* (K) of the training rows */
	ShopperMoments *moments;	/* (n_numbers)(K) of the values that are present */
	double	  **level;			/* (n_categories)(n_levels)(K) weight of each level */

	/* what scoring needs, made from it by shopper_bayes_finish() */
	double	   *prior;			/* (K) logarithm of the share */
	double	   *constant;		/* (n_numbers)(K) log density at x: constant - rate * (x - center)^2; */
	double	   *rate;			/* booleans: constant for false, rate for true */
	double	   *center;
	bool	   *boolean;		/* (n_numbers) */
	double	  **log_level;		/* (n_categories)(n_levels)(K) */
} ShopperBayes;

/* All counts 0, for model->spec; becomes model->state. */
extern ShopperStatus shopper_bayes_new(ShopperEnv *env, ShopperModel *model, ShopperBayes **bayes);
/* Make the part that scoring needs. */
extern ShopperStatus shopper_bayes_finish(ShopperEnv *env, const ShopperModel *model, ShopperBayes *bayes);
/* Add another model's counts, levels matched by text. *moved (n_categories)(old n_levels): codes that changed; may be NULL. */
extern ShopperStatus shopper_bayes_merge(ShopperEnv *env, ShopperModel *into, const ShopperModel *other, int32_t ***moved);
/* The learner's train_rows (bayes_fit.c). */
extern ShopperStatus shopper_bayes_train(ShopperEnv *env, ShopperModel *model, ShopperTable *table, const ShopperModel *previous);

#endif
