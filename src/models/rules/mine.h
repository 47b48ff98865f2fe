/*
 * mine.h: all frequent item sets of a list of transactions.
 *
 * An item set is frequent when at least min_count transactions hold all its items.
 * Two miners give exactly the same sets: shopper_mine_lcm(), which projects the
 * database item by item, and shopper_mine_apriori(), which counts level by level.
 * Items are ranked by falling count, ties by rising code; a set is a path of falling
 * ranks (its rarest item first) and sets come depth first, siblings by rising rank.
 * That is the order of the tree (itemtree.h), whatever the order of transactions.
 */
#ifndef SHOPPER_MINE_H
#define SHOPPER_MINE_H

#include "../../core/env.h"

/* 2^64 subsets lie under a longer set, so no limit on their number would let it pass. */
#define SHOPPER_MAX_SET_LENGTH 63

typedef struct ShopperTransactions
{
	int64_t		n;				/* below 2^31 */
	int32_t		n_items;		/* codes are 0 .. n_items-1 */
	const int64_t *start;		/* (n + 1) */
	const int32_t *item;		/* (start[n]) no item twice in a transaction, any order */
} ShopperTransactions;

typedef struct ShopperMineLimits
{
	int64_t		min_count;		/* at least 1 */
	int			max_length;		/* 1 .. SHOPPER_MAX_SET_LENGTH */
	int64_t		max_itemsets;	/* more: SHOPPER_LIMIT */
} ShopperMineLimits;

/* One frequent set of the preorder: its first depth-1 items are those of the nodes above. */
typedef struct ShopperFoundSet
{
	int32_t		item;			/* its most frequent item, in the caller's code */
	int32_t		count;
	int32_t		depth;			/* its length, from 1 */
} ShopperFoundSet;

typedef struct ShopperFound
{
	bool		keep;			/* set by the caller; false: only by_length is wanted */
	int64_t		n;				/* sets found */
	int64_t		by_length[SHOPPER_MAX_SET_LENGTH + 1];
	ShopperFoundSet *set;		/* (n) in preorder, when keep */
	int64_t		capacity;
} ShopperFound;

/* The least count of a support: ceil(support * n), proof against its rounding, at least 1. */
extern int64_t shopper_min_count(double support, int64_t n);

/* Both fill *found, which need not be initialized but for keep. They poll. */
extern ShopperStatus shopper_mine_lcm(ShopperEnv *env, const ShopperTransactions *transactions,
									  const ShopperMineLimits *limits, ShopperFound *found);
extern ShopperStatus shopper_mine_apriori(ShopperEnv *env, const ShopperTransactions *transactions,
										  const ShopperMineLimits *limits, ShopperFound *found);

/* ---- inside the room ---- */

/* The frequent items by rank: code (n) and count (n) of each; rank_of (n_items) or -1. */
typedef struct ShopperRanks
{
	int32_t		n;
	int32_t    *code;
	int32_t    *count;
	int32_t    *rank_of;
} ShopperRanks;

extern ShopperStatus shopper_rank_items(ShopperEnv *env, const ShopperTransactions *transactions, int64_t min_count,
										ShopperRanks *ranks);
extern ShopperStatus shopper_too_many_sets(ShopperEnv *env, const ShopperMineLimits *limits);

/* Append a set to the preorder. */
static inline ShopperStatus
shopper_found_add(ShopperEnv *env, const ShopperMineLimits *limits, ShopperFound *found, int32_t item, int32_t count, int depth)
{
	if (found->n == found->capacity)
		SHOPPER_TRY(shopper_grow(env, &found->set, &found->capacity, found->n + 1, sizeof(ShopperFoundSet)));
	if (found->n >= limits->max_itemsets)
		return shopper_too_many_sets(env, limits);
	found->set[found->n].item = item;
	found->set[found->n].count = count;
	found->set[found->n].depth = depth;
	found->n++;
	found->by_length[depth]++;
	return SHOPPER_OK;
}

#endif
