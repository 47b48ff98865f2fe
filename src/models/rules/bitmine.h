/*
 * bitmine.h: mining a projected database of at most 64 items, a transaction a word.
 *
 * The database of a prefix is a list of (mask, weight). Its most frequent items, the
 * lowest bits, are settled together: the weights are added up in an array indexed by
 * mask, and sums over supersets turn it into the counts of all subsets of these items
 * at once. Each item above them gets a database of its own: the masks that hold it,
 * without infrequent items, compressed to the lowest bits, equal masks merged.
 *
 * When only the number of sets is wanted, an item as frequent as the prefix (a perfect
 * extension) is taken out and counted: with p of them each set stands for 2^p sets.
 */
#ifndef SHOPPER_BITMINE_H
#define SHOPPER_BITMINE_H

#include "mine.h"

#define SHOPPER_WORD_ITEMS 64
#define SHOPPER_MAX_BLOCK 10	/* items settled together; 7 to 12 measured alike */

typedef struct ShopperBitLevel
{
	int64_t		n;				/* different masks */
	int64_t		capacity;
	uint64_t   *mask;			/* (n) bit j: holds item j */
	int32_t    *weight;			/* (n) transactions with this mask */
	int			items;
	int32_t		code[SHOPPER_WORD_ITEMS];	/* (items) the caller's code of item j */
	int32_t		count[SHOPPER_WORD_ITEMS];	/* (items) transactions of this database that hold item j */
} ShopperBitLevel;

typedef struct ShopperBitMiner
{
	ShopperEnv *env;
	const ShopperMineLimits *limits;
	ShopperFound *found;
	int64_t		work;			/* steps since the last poll */
	int32_t    *cell;			/* (1 << SHOPPER_MAX_BLOCK) */
	int32_t		(*lanes)[8];	/* (256, 8) bit b of the row as 0 or -1 */
	uint32_t   *slot;			/* of the table that merges equal masks */
	int64_t		slots;
	/* sets counted but not kept, by (perfect extensions they go with, length) */
	int64_t		tally[SHOPPER_WORD_ITEMS + 1][SHOPPER_MAX_SET_LENGTH + 1];
	int64_t		tallied;		/* their sum, at most the number of sets */
	ShopperBitLevel level[SHOPPER_WORD_ITEMS + 1];
} ShopperBitMiner;

extern ShopperStatus shopper_bitminer_create(ShopperEnv *env, const ShopperMineLimits *limits, ShopperFound *found,
											 ShopperBitMiner **miner);
/* Room for n masks in a level. */
extern ShopperStatus shopper_bitlevel_reserve(ShopperBitMiner *miner, ShopperBitLevel *level, int64_t n);
/* Merge equal masks of a level. */
extern ShopperStatus shopper_bitlevel_merge(ShopperBitMiner *miner, ShopperBitLevel *level);
/*
 * All frequent sets of level 0, whose items are frequent and sorted by rank, behind a
 * prefix of `depth` items that has been added already; max_length is above depth.
 * `perfect`: the perfect extensions of the prefix.
 */
extern ShopperStatus shopper_bitmine(ShopperBitMiner *miner, int depth, int perfect);
/* Some sets of one length, when sets are not kept. */
static inline ShopperStatus
shopper_bitmine_tally(ShopperBitMiner *miner, int64_t sets, int depth, int perfect)
{
	miner->tally[perfect][depth] += sets;
	miner->tallied += sets;
	return miner->tallied > miner->limits->max_itemsets ? shopper_too_many_sets(miner->env, miner->limits) : SHOPPER_OK;
}
/* At the end: expand the tally into found->by_length and n. */
extern ShopperStatus shopper_bitminer_finish(ShopperBitMiner *miner);

/* Count work and poll every few milliseconds of it. */
static inline ShopperStatus
shopper_mine_worked(ShopperEnv *env, int64_t *work, int64_t steps)
{
	*work += steps;
	if (*work < 2000000)		/* a step is 1 to 5 ns */
		return SHOPPER_OK;
	*work = 0;
	return shopper_poll(env);
}

#endif
