/*
 * cart.h: growing one tree on binned columns, for tree() and forest().
 *
 * A grower owns a list of rows that each split divides in place, and a stack of open
 * nodes. It works in slices, so that the caller can poll between them, and allocates
 * nothing in a slice: trees of a forest grow side by side, one a shard.
 *
 * All sums are of integers: weights are fixed-point numbers, amounts as well. So a
 * split does not depend on the order of rows, and weight 2 is the same as a row twice.
 */
#ifndef SHOPPER_CART_H
#define SHOPPER_CART_H

#include "../../features/bins.h"
#include "ensemble.h"

typedef enum ShopperCriterion
{
	SHOPPER_GINI,
	SHOPPER_ENTROPY,
	SHOPPER_GAIN_RATIO,
	SHOPPER_SQUARED
} ShopperCriterion;

typedef struct ShopperCartRules
{
	ShopperCriterion criterion;
	int			max_depth;
	int64_t		max_leaves;		/* 0: no limit; else the best split of all open nodes comes first */
	double		min_rows;		/* sum of weights in a leaf */
	double		min_split_rows;
	double		min_gain;		/* per row of the whole table */
	double		smoothing;		/* added to each class of a leaf */
	int			columns;		/* tried at a node; all: no choice is made */
	double		chance;			/* how often a category's gain by chance is taken off, 0: not at all */
	bool		random_cuts;	/* one cut at random a column (extra trees) */
} ShopperCartRules;

/* What the growers of a forest share: the rows, as integers. */
typedef struct ShopperCartData
{
	const ShopperBins *bins;
	int64_t		n;				/* training rows */
	int			n_classes;		/* 0: amounts */
	const int32_t *y_class;
	const double *y;
	uint32_t   *weight;			/* (n) fixed point; NULL: all 1 */
	double		weight_unit;	/* a weight is so much times the integer */
	int32_t    *amount;			/* (n) (y - middle) / amount_unit */
	double		amount_unit;
	double		total;			/* sum of the integer weights */
	int			values;			/* numbers in a leaf: 1 for amounts and two classes (share of class 1), else classes */
} ShopperCartData;

/* An open or finished node. */
typedef struct ShopperCartNode
{
	int64_t		from;			/* its rows; of those left out of the bag */
	int64_t		to;
	int64_t		out_from;
	int64_t		out_to;
	int			depth;
	int			column;			/* best split; -1: none */
	int			last_bin;		/* numbers: last one to the left */
	bool		missing_left;
	double		gain;			/* in integer units */
	int64_t		words;			/* categories: where in the grower's words the left levels are */
	int32_t		left;			/* children, when divided */
	int32_t		right;
} ShopperCartNode;

typedef struct ShopperCartScratch ShopperCartScratch;

typedef struct ShopperCart
{
	const ShopperCartData *data;
	const ShopperCartRules *rules;
	uint64_t	seed;
	uint64_t	stream;			/* a pair of streams of random numbers: 2 * stream, 2 * stream + 1 */
	ShopperCartScratch **scratch;	/* one for each column that is looked at at once */
	int			n_scratch;

	uint32_t   *row;			/* (n) in the bag, then out of it */
	uint32_t   *spare_row;
	void	   *load;			/* (n) class and weight, or weight and amount, of rows in the bag */
	void	   *spare_load;
	uint8_t    *goes_left;		/* (bins) of the split that is being made */
	int64_t		n_bag;
	double		total;			/* weight of the bag, integer units */

	ShopperCartNode *node;
	int64_t		n_nodes,
				node_capacity;
	int32_t    *pending;		/* (node_capacity) nodes whose split is not sought yet */
	int64_t		n_pending;
	int32_t    *open;			/* (node_capacity) nodes with a split that is not made yet */
	int64_t		n_open;
	uint32_t   *word;
	int64_t		n_words,
				word_capacity;
	int64_t		n_leaves;		/* divided or not: leaves if it ended now */
	int			most_words;		/* of a set of levels */
	int32_t		searching;		/* node whose split is sought, -1: none */
	int			tried;			/* columns of it looked at, */
	int			useful;			/* and of these not constant */
	double		spread;			/* amounts: mean square around the mean in that node */
	int		   *order;			/* columns in the order of this node */
	struct ShopperCartSplit *found; /* (columns) best split of each column tried */
	bool		done;
} ShopperCart;

extern ShopperStatus shopper_cart_data(ShopperEnv *env, const ShopperTable *table, const ShopperBins *bins, ShopperCartData *data);

/* parallel: how many columns are looked at at once (1 in forests). */
extern ShopperStatus shopper_cart_make(ShopperEnv *env, const ShopperCartData *data, const ShopperCartRules *rules,
										 int parallel, ShopperCart *g);
/*
 * Begin a tree: times (n) says how often each row is in the bag; NULL: once. keep_out: the
 * others are led through the tree as well. No allocation.
 */
extern void shopper_cart_begin(ShopperCart *g, uint64_t seed, uint64_t stream, const uint8_t *times, bool keep_out);
/* Room for what a slice may add; call between slices. */
extern ShopperStatus shopper_cart_reserve(ShopperEnv *env, ShopperCart *g);
/* Go on for about so many cells; g->done when the tree is complete. Thread-safe. */
extern void shopper_cart_slice(ShopperCart *g, int64_t cells);
/* The same for one tree alone: the columns of large nodes are shards. */
extern ShopperStatus shopper_cart_run(ShopperEnv *env, ShopperCart *g);
/* Cost-complexity pruning (Breiman et al. 1984) of a complete tree; alpha per row. */
extern ShopperStatus shopper_cart_prune(ShopperEnv *env, ShopperCart *g, double alpha);

extern void shopper_cart_release(ShopperEnv *env, ShopperCart *g);

/* Sum of the weights of a node's rows, in integer units. */
extern double shopper_cart_weight(const ShopperCart *g, const ShopperCartNode *node);
/* What a leaf says: shares of classes, or the mean. */
extern void shopper_cart_leaf(const ShopperCart *g, const ShopperCartNode *node, double *value);
/* Append the complete tree; n_levels: of each category. */
extern ShopperStatus shopper_cart_add(ShopperEnv *env, const ShopperCart *g, const int *n_levels, ShopperEnsemble *ensemble);

typedef struct ShopperCartSplit
{
	double		gain;			/* 0: none */
	double		ratio;			/* of gain_ratio */
	double		impurity;		/* of the rows, by weight; 0 of amounts */
	int			levels;			/* that occur, of a category; else 0 */
	bool		constant;		/* one value in all rows */
	bool		missing_left;
	int			last_bin;
} ShopperCartSplit;

/* Class and weight of a row, or weight and weight times amount. */
typedef struct ShopperCartClassLoad
{
	uint32_t	y;
	uint32_t	weight;
} ShopperCartClassLoad;

typedef struct ShopperCartAmountLoad
{
	int64_t		weight;
	int64_t		sum;
} ShopperCartAmountLoad;

/* ---- cart_rows.c ---- */
static inline size_t
shopper_cart_load_size(const ShopperCartData *data)
{
	return data->n_classes > 0 ? sizeof(ShopperCartClassLoad) : sizeof(ShopperCartAmountLoad);
}

extern void shopper_cart_fill_goes_left(ShopperCart *g, const ShopperCartNode *node);
/* Rows [from, to) in two parts, both in their old order; returns where the right one begins. */
extern int64_t shopper_cart_divide_rows(ShopperCart *g, const ShopperBinColumn *column, int64_t from, int64_t to, bool with_load);

/* ---- cart_split.c ---- */
extern ShopperStatus shopper_cart_scratch(ShopperEnv *env, const ShopperCartData *data, ShopperCartScratch **scratch);
/* The best split of rows by one column; left_levels (categories, may be NULL) gets it. random: for random_cuts. */
extern void shopper_cart_split(const ShopperCartData *data, const ShopperCartRules *rules, ShopperCartScratch *s, int column,
							   const uint32_t *row, const void *load, int64_t n, uint64_t random,
							   ShopperCartSplit *split, uint32_t *left_levels);

#endif
