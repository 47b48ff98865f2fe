/* ease.h: the inside of the learner ease: ease.c trains and stores it, ease_scores.c answers. */
#ifndef SHOPPER_EASE_H
#define SHOPPER_EASE_H

#include "neighbours.h"

typedef struct Ease
{
	ShopperEvents events;		/* with values when they are not all 1 */
	double		lambda;
	float	   *B;				/* (items, items): row i is what item i gives; NULL when only some are kept */
	ShopperNeighbours lists;	/* kept ones: of each item those that give to it, by size; equal ones by code */
	ShopperNeighbours back;		/* by the other end; not stored */
} Ease;

/* SHOPPER_LIMIT when the weights between so many items would not fit into a model. */
extern ShopperStatus shopper_ease_check_size(ShopperEnv *env, int64_t items, int64_t keep);
extern const ShopperRecommender shopper_ease_recommender;

#endif
