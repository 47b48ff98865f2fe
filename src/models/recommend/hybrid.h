/*
 * hybrid.h: one recommender from several. The parts are whole models; users and items are those of
 * any part.
 */
#ifndef SHOPPER_HYBRID_H
#define SHOPPER_HYBRID_H

#include "recommender.h"

#define SHOPPER_MOST_PARTS 16

typedef enum ShopperHybridMethod
{
	SHOPPER_BLEND_SCORES,		/* weighted mean of scores brought to 0 to 1 */
	SHOPPER_BLEND_RANKS,		/* sum of weight * constant / (constant + rank): Cormack, Clarke and Buettcher 2009, Reciprocal rank fusion */
	SHOPPER_FIRST_PART			/* the first part that scores the item */
} ShopperHybridMethod;

typedef struct ShopperPart
{
	ShopperModel model;
	double		weight;			/* their sum is 1 */
	int32_t    *item;			/* (the part's items) code of all */
	int32_t    *own_item;		/* (items) code of the part, or -1 */
	int32_t    *own_user;		/* (users) */
} ShopperPart;

typedef struct ShopperHybrid
{
	/* of all parts: what a user has in any of them; popularity of the part that gives it, -INFINITY for items that it does not know */
	ShopperEvents events;
	int			n;
	ShopperPart *part;
	ShopperHybridMethod method;
	double		constant;
} ShopperHybrid;

static inline const ShopperEvents *
shopper_part_events(const ShopperPart *part)
{
	return part->model.state;
}

/* Parts as a model; option weights, one for each part, may be unset. The parts stay where they are: keep them. */
extern ShopperStatus shopper_hybrid_make(ShopperEnv *env, ShopperModel *model, const ShopperModel *parts, int n);

/* The answers (hybrid_scores.c). */
extern const ShopperRecommender shopper_hybrid_recommender;

#endif
