/*
 * ensemble_internal.h: how the files of the ensemble keep trees.
 *
 * Nodes of a tree lie in preorder: the left child follows its parent. That is the
 * form that is stored, walked and explained. Scoring reads a second, smaller one
 * (ensemble_score.c) that is built from it.
 */
#ifndef SHOPPER_ENSEMBLE_INTERNAL_H
#define SHOPPER_ENSEMBLE_INTERNAL_H

#include "ensemble.h"

typedef struct ShopperNode
{
	int32_t		right;			/* within the tree; -1 in a leaf */
	uint32_t	missing_left:1;
	uint32_t	input:31;
	union
	{
		float		threshold;	/* numbers */
		uint32_t	words;		/* categories: where in word[] the left levels begin */
		uint32_t	leaf;		/* leaves: number in value[] */
	};
	float		gain;
	float		cover;
} ShopperNode;

typedef struct ShopperTree
{
	int64_t		node;			/* its first node, leaf and word of left levels */
	int64_t		leaf;
	int64_t		word;
	int32_t		n_nodes;
	int32_t		output;
	int			depth;			/* edges of the longest path */
	int			distinct;		/* most different inputs on a path */
} ShopperTree;

/* A node of the form that scoring reads: 8 bytes, or 12 when a tree is too big for that. */
typedef struct ShopperHotNode
{
	uint32_t	key;			/* see ensemble_score.c */
	uint16_t	slot;			/* of the row, and from SHOPPER_KIND_SHIFT on the kind of split */
	uint16_t	child;			/* how much further the left child is, the right one follows it; 0 in a leaf */
} ShopperHotNode;

typedef struct ShopperWideNode
{
	uint32_t	key;
	uint32_t	slot;
	uint32_t	child;
} ShopperWideNode;

#define SHOPPER_KIND_NUMBER 0
#define SHOPPER_KIND_CATEGORY 1
#define SHOPPER_KIND_LARGE 2
#define SHOPPER_KIND_SHIFT 14
#define SHOPPER_SLOT_MASK ((1u << SHOPPER_KIND_SHIFT) - 1)
#define SHOPPER_MAX_SLOTS 16384
#define SHOPPER_WALKS 64		/* that go side by side, at most */

/* What a slot of a row is filled with. */
typedef struct ShopperSlot
{
	int32_t		input;			/* -1: always the least integer */
	int32_t		missing;		/* numbers: what NaN becomes, the least integer (to the left) or the greatest */
} ShopperSlot;

struct ShopperEnsemble
{
	int			n_dense;
	int			n_lookup;
	int		   *n_levels;		/* (n_lookup) */
	int			outputs;
	int			values;
	int64_t		n_trees,
				tree_capacity;
	ShopperTree *tree;
	int64_t		n_nodes,
				node_capacity;
	ShopperNode *node;
	int64_t		n_leaves,
				value_capacity;
	double	   *value;			/* (n_leaves)(values) */
	int64_t		n_words,
				word_capacity;
	uint32_t   *word;

	/* of shopper_ensemble_finish() */
	double	   *base;			/* (outputs) what the trees say on average */
	int			n_slots;
	ShopperSlot *slot;			/* NULL: rows are scored node by node (too many inputs, or not finished) */
	ShopperHotNode *hot;		/* one of the two, a tree at the same place as in node */
	ShopperWideNode *wide;
	bool		splits_categories;
	double		point[56];		/* of Gauss and Legendre on (0, 1): 8, then 16, then 32 points */
	double		point_weight[56];
	int			deepest;		/* edges of the longest path */
	int			n_number_slots; /* slots of numbers come first, behind slot 0 */
	int32_t    *start;			/* (n_trees + SHOPPER_WALKS) roots, then zeros */
	bool		vectors;		/* walks go 16 at a time, with the same result */
	uint32_t   *right_levels;	/* sets of categories with more than 31 levels, the missing one last */
};

static inline int
shopper_level_words(const ShopperEnsemble *e, int input)
{
	return (e->n_levels[input - e->n_dense] + 31) / 32;
}

/* Whether a value goes left at a split: x of a number, code of a category. */
static inline bool
shopper_value_goes_left(const ShopperEnsemble *e, const ShopperNode *node, double x, int32_t code)
{
	int			input = (int) node->input;

	if (input < e->n_dense)
		return (float) x != (float) x ? node->missing_left : (float) x <= node->threshold;
	if (code < 0 || code >= e->n_levels[input - e->n_dense])
		return node->missing_left;
	return e->word[node->words + (uint32_t) code / 32] >> (code % 32) & 1;
}

static inline bool
shopper_goes_left(const ShopperEnsemble *e, const ShopperNode *node, const double *dense, const int32_t *lookup)
{
	int			input = (int) node->input;

	return shopper_value_goes_left(e, node, input < e->n_dense ? dense[input] : 0, input < e->n_dense ? 0 : lookup[input - e->n_dense]);
}

/* Share of the training rows at a split that went left; never 0 or 1, so that it can be divided by. */
static inline double
shopper_left_share(const ShopperNode *left, const ShopperNode *right)
{
	double		sum = (double) left->cover + (double) right->cover,
				share = sum > 0 ? (double) left->cover / sum : 0.5;

	return share < 1e-12 ? 1e-12 : share > 1 - 1e-12 ? 1 - 1e-12 : share;
}

/* A tree is begun, gets its nodes in their order, is completed and counted by the caller. */
extern ShopperStatus shopper_ensemble_begin_tree(ShopperEnv *env, ShopperEnsemble *ensemble, int64_t n_nodes, int output);
/* Room for one more leaf; *value is where its numbers go. */
extern ShopperStatus shopper_ensemble_add_leaf(ShopperEnv *env, ShopperEnsemble *ensemble, float cover, double **value);
/* The right child is not known yet: 0. */
extern ShopperStatus shopper_ensemble_add_split(ShopperEnv *env, ShopperEnsemble *ensemble, int input, float threshold,
												const uint32_t *left_levels, bool missing_left, float gain);
/* Covers, depth and distinct inputs of a tree, from its leaves. */
extern void shopper_ensemble_complete(ShopperEnsemble *ensemble, ShopperTree *tree);
/* ensemble_walk.c: the leaves of a row in the trees [tree, tree + n); row has SHOPPER_WALKS numbers at least. */
extern void shopper_walk_trees(const ShopperEnsemble *ensemble, int64_t tree, int n, const int32_t *row, uint32_t *leaf);
/* The leaves of n rows in one tree; a row has n_slots numbers. leaf (SHOPPER_WALKS) in both. */
extern void shopper_walk_rows(const ShopperEnsemble *ensemble, int64_t tree, const int32_t *rows, int n, uint32_t *leaf);
/* What explaining needs: points of quadrature. */
extern void shopper_ensemble_make_points(ShopperEnsemble *ensemble);

#endif
