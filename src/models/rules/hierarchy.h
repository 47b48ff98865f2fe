/*
 * hierarchy.h: items and the kinds that they belong to (a phone is one of the phones, those of the
 * electronics), so that rules can speak of kinds: R. Srikant, R. Agrawal, "Mining generalized
 * association rules" (VLDB 1995).
 */
#ifndef SHOPPER_HIERARCHY_H
#define SHOPPER_HIERARCHY_H

#include "../../features/pairs.h"
#include "mine.h"

/*
 * From the links of the pairs (item to kind, kind to kind): link each item and kind with all kinds above it, and
 * add a line of its basket for each kind above an item. A circle is SHOPPER_BAD_DATA. Before shopper_pairs_finish().
 */
extern ShopperStatus shopper_hierarchy_expand(ShopperPairs *pairs);
/*
 * Drop the sets that hold an item and a kind above it: they are in the same baskets as without the kind. Links are
 * those of shopper_hierarchy_expand() in the codes of the sets, which are below n_items.
 */
extern ShopperStatus shopper_hierarchy_filter(ShopperEnv *env, const ShopperPairs *pairs, int64_t n_items, ShopperFound *found);

#endif
