/*
 * trees.h: what the learners tree(), forest() and boosting() share.
 */
#ifndef SHOPPER_TREES_H
#define SHOPPER_TREES_H

#include "ensemble.h"

/* The state of every learner of trees starts with this. */
typedef struct ShopperTreeModel
{
	ShopperEnsemble *ensemble;
} ShopperTreeModel;

/* The trees of a model, NULL when its learner has none. */
extern const ShopperEnsemble *shopper_model_ensemble(const ShopperModel *model);

#endif
