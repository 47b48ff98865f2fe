/* hierarchical.h: what a model of hierarchical() tells of its steps. */
#ifndef SHOPPER_HIERARCHICAL_H
#define SHOPPER_HIERARCHICAL_H

#include "segments.h"

typedef struct ShopperDendrogram
{
	int64_t		n;				/* steps, one fewer than rows */
	double	   *height;			/* (n) rising */
	int32_t    *size;			/* (n) rows of the group that the step made */
} ShopperDendrogram;

/* NULL: the model is of another learner. */
extern const ShopperDendrogram *shopper_dendrogram(const ShopperModel *model);

#endif
