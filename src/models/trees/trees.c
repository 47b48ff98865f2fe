/* trees.c: see trees.h */
#include "trees.h"

#include <string.h>

const ShopperEnsemble *
shopper_model_ensemble(const ShopperModel *model)
{
	static const char *const learners[] = {"tree", "forest", "boosting"};

	for (size_t i = 0; i < sizeof(learners) / sizeof(learners[0]); i++)
		if (strcmp(model->learner->name, learners[i]) == 0)
			return ((const ShopperTreeModel *) model->state)->ensemble;
	return NULL;
}
