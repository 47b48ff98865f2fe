/*
 * fold_in.h: new lines for a finished model: their users, and items that are new, become
 * known without training it anew.
 */
#ifndef SHOPPER_FOLD_IN_H
#define SHOPPER_FOLD_IN_H

#include "recommender.h"

/* All lines together, and where they come from; what a learner makes its new state of. */
typedef struct ShopperFoldIn
{
	ShopperEvents events;		/* of the old and the new lines, with values */
	ShopperLines lines;			/* the same by user */
	int64_t    *old_user;		/* (users) their codes in the old model, or -1 */
	int64_t    *old_item;		/* (items) */
	unsigned char *touched;		/* (users) 1: has new lines */
} ShopperFoldIn;

/*
 * model becomes `old` with the lines of `pairs` (finished, used up): of a user and item that it has already
 * events add up, and of ratings the new one counts. Users and items without new lines keep what they have.
 */
extern ShopperStatus shopper_fold_in_pairs(ShopperEnv *env, const ShopperModel *old, ShopperPairs *pairs, ShopperModel *model);

#endif
