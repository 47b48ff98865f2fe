/* pairs_split.h: lines to learn from and lines to test with. */
#ifndef SHOPPER_PAIRS_SPLIT_H
#define SHOPPER_PAIRS_SPLIT_H

#include "pairs.h"

typedef enum ShopperSplit
{
	SHOPPER_LEAVE_LAST_OUT,		/* each user's last line, of equal times that of the greatest item; users of one line keep it */
	SHOPPER_SPLIT_BY_TIME,		/* the latest fraction of the lines, and all lines of the time where it begins */
	SHOPPER_SPLIT_AT_RANDOM		/* a fraction of the pairs of user and item, chosen by the ids and the seed */
} ShopperSplit;

/* Copy the lines of `from` (no longer collected; it is put in order) to one of two new sets, which are still open. */
extern ShopperStatus shopper_pairs_split(ShopperPairs *from, ShopperSplit method, double fraction, uint64_t seed,
										 ShopperPairs *train, ShopperPairs *test);

#endif
