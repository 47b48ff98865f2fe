/*
 * itemtree.h: frequent item sets as a prefix tree in level order.
 *
 * A node is a set: its own item is the most frequent of them, its parent is the set
 * without it. So codes fall along a path (code 0 is the most frequent item) and rise
 * among siblings. Nodes are numbered by length of the set, then by path; the children of
 * a node are neighbours. The first nodes are the single items, node i being item i.
 */
#ifndef SHOPPER_ITEMTREE_H
#define SHOPPER_ITEMTREE_H

#include "../../core/codec.h"
#include "mine.h"

typedef struct ShopperItemTree
{
	int32_t		n;
	int32_t    *item;			/* (n) */
	int32_t    *count;			/* (n) baskets that hold the set; at most the parent's */
	int32_t    *parent;			/* (n) -1: a single item */
	int32_t    *first;			/* (n + 1) children of i: first[i] .. first[i + 1] - 1 */
	int32_t    *pair_start;		/* (single items + 1) not stored: the sets of two by their own, more frequent item */
	int32_t    *pair;			/* (sets of two) nodes, rising within an item */
	int			longest;
	int32_t		level[SHOPPER_MAX_SET_LENGTH + 2];	/* sets of k items: level[k] .. level[k + 1] - 1 */
} ShopperItemTree;

/* From the preorder of a miner, whose codes are ranks; at most INT32_MAX - 1 sets. */
extern ShopperStatus shopper_itemtree_build(ShopperEnv *env, const ShopperFound *found, ShopperItemTree *tree);
/* pair_start and pair, from the rest. */
extern ShopperStatus shopper_itemtree_index(ShopperEnv *env, ShopperItemTree *tree);
/* Whether node a comes before node b in preorder: by their paths. */
extern bool shopper_itemtree_precedes(const ShopperItemTree *tree, int32_t a, int32_t b);
/* The child of a node (-1: the root) with this item, or -1. */
extern int32_t shopper_itemtree_child(const ShopperItemTree *tree, int32_t node, int32_t item);
/* The node of a set whose codes fall, starting from a node that is a part of it (-1: the root); -1 when infrequent. */
extern int32_t shopper_itemtree_find(const ShopperItemTree *tree, int32_t from, const int32_t *falling, int n);
/* The codes of a node's set, rising, into items[SHOPPER_MAX_SET_LENGTH]; returns their number. */
extern int	shopper_itemtree_items(const ShopperItemTree *tree, int32_t node, int32_t *items);

extern void shopper_itemtree_encode(const ShopperItemTree *tree, int32_t n_baskets, ShopperWriter *w);
/* Refuses whatever is not a tree as described above, with counts of at most n_baskets and codes below n_items. */
extern ShopperStatus shopper_itemtree_decode(ShopperItemTree *tree, int32_t n_baskets, int64_t n_items, ShopperReader *r);

#endif
