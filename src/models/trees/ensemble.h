/*
 * ensemble.h: decision trees as a model: what tree(), forest() and boosting() leave
 * behind. Adding trees, scoring rows, Shapley values, storing.
 *
 * Input j of a tree is number j for j < n_dense, else category j - n_dense. A number
 * goes left when (float) x <= threshold; a category when its code is in the node's
 * set of left levels; NaN, a code below 0 or one beyond the levels goes to the side
 * that the node names for missing values. A threshold of infinity sends all numbers
 * left, those without a value right (or the other way round).
 *
 * Covers are kept of the leaves, a node's is the sum of its leaves.
 */
#ifndef SHOPPER_ENSEMBLE_H
#define SHOPPER_ENSEMBLE_H

#include "../learner.h"

#define SHOPPER_MAX_DEPTH 64	/* edges from the root to a leaf; growers stop there */

/* A tree as it was grown: nodes in any order, node 0 is the root. */
typedef struct ShopperGrownNode
{
	int32_t		left;			/* index of the child; -1 in a leaf */
	int32_t		right;
	int32_t		input;
	float		threshold;		/* numbers */
	const uint32_t *left_levels; /* categories: bit c % 32 of word c / 32 */
	bool		missing_left;
	double		gain;			/* how much the split lowers the loss, summed over rows */
	double		cover;			/* leaves: sum of the weights of the training rows that come here */
	const double *value;		/* (values) leaves: what they say */
} ShopperGrownNode;

typedef struct ShopperEnsemble ShopperEnsemble;

/*
 * An empty ensemble. n_levels (n_lookup): codes of each category. outputs: numbers that a
 * row's score has. values: numbers in a leaf, either outputs (trees that speak for all of
 * them: tree, forest) or 1 (each tree adds to one output: boosting).
 */
extern ShopperStatus shopper_ensemble_make(ShopperEnv *env, int n_dense, int n_lookup, const int *n_levels,
										   int outputs, int values, ShopperEnsemble **ensemble);
/* Append a tree; output: the one it adds to when values is 1 and outputs are more, else 0. */
extern ShopperStatus shopper_ensemble_add(ShopperEnv *env, ShopperEnsemble *ensemble, const ShopperGrownNode *node,
										  int n_nodes, int output);
/* Forget the trees from tree n on (early stopping). */
extern void shopper_ensemble_truncate(ShopperEnsemble *ensemble, int64_t n_trees);
/* Call when no tree is to come: builds what scoring reads. Decoding does it by itself. */
extern ShopperStatus shopper_ensemble_finish(ShopperEnv *env, ShopperEnsemble *ensemble);

extern int64_t shopper_ensemble_trees(const ShopperEnsemble *ensemble);
extern int64_t shopper_ensemble_nodes(const ShopperEnsemble *ensemble);
extern int64_t shopper_ensemble_leaves(const ShopperEnsemble *ensemble);
extern int shopper_ensemble_outputs(const ShopperEnsemble *ensemble);
extern int shopper_ensemble_values(const ShopperEnsemble *ensemble);
extern int shopper_ensemble_depth(const ShopperEnsemble *ensemble);	/* edges of the longest path */
extern int shopper_ensemble_output_of(const ShopperEnsemble *ensemble, int64_t tree);

/* out (outputs) = sums of the leaves a row falls into. No allocation, any thread. */
extern void shopper_ensemble_sum(const ShopperEnsemble *ensemble, const double *dense, const int32_t *lookup, double *out);
/* The same for rows [from, to) of a raw table, row-major; the same bits as one by one. */
extern void shopper_ensemble_sum_block(const ShopperEnsemble *ensemble, const ShopperTable *table, int64_t from, int64_t to, double *out);

/*
 * Shapley values of one row, path-dependent (Lundberg, Erion and Lee 2018, algorithm 2):
 * *base + sum of contribution (n_dense + n_lookup) = output's sum of leaves.
 */
extern ShopperStatus shopper_ensemble_shap(ShopperEnv *env, const ShopperEnsemble *ensemble, const double *dense,
										   const int32_t *lookup, int output, double *base, double *contribution);

/*
 * Append the trees of another ensemble that reads other columns in another order.
 * input (n_dense + n_lookup of from): the input here. old_code (n_lookup here)(levels
 * here): the code that a level had there; -1: it counts as missing there.
 */
extern ShopperStatus shopper_ensemble_append(ShopperEnv *env, ShopperEnsemble *ensemble, const ShopperEnsemble *from,
											 const int *input, const int32_t *const *old_code);

/* Move the thresholds of the trees from tree n on: shift (n_dense). */
extern void shopper_ensemble_shift(ShopperEnsemble *ensemble, int64_t n, const double *shift);

/* Sum of the gains of each input (n_dense + n_lookup). */
extern void shopper_ensemble_gains(const ShopperEnsemble *ensemble, double *gain);

/*
 * Walk over tree t, parents before children, left before right. For tree_rules and
 * tree_text, merging, continuing with other codes.
 */
typedef struct ShopperTreeNodeView
{
	int64_t		node;			/* 0 .. in this order */
	int64_t		parent;			/* -1: the root */
	bool		is_left;		/* of its parent */
	int			depth;
	bool		leaf;
	int			output;			/* which output the tree adds to */
	int			input;
	float		threshold;
	const uint32_t *left_levels;
	bool		missing_left;
	double		gain;
	double		cover;
	const double *value;		/* (values) leaves */
} ShopperTreeNodeView;
extern bool shopper_ensemble_visit(const ShopperEnsemble *ensemble, int64_t tree,
								   bool (*visit) (void *ctx, const ShopperTreeNodeView *node), void *ctx);

extern void shopper_ensemble_encode(const ShopperEnsemble *ensemble, ShopperWriter *w);
/* Checks everything against the model's spec: inputs, levels, shape of the trees, depth. */
extern ShopperStatus shopper_ensemble_decode(ShopperEnv *env, ShopperReader *r, const ShopperSpec *spec,
											 int outputs, ShopperEnsemble **ensemble);

#endif
