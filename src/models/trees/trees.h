/*
 * trees.h: what the learners tree(), forest() and boosting() share.
 */
#ifndef SHOPPER_TREES_H
#define SHOPPER_TREES_H

#include "cart.h"
#include "ensemble.h"

/* The state of every learner of trees starts with this. */
typedef struct ShopperTreeModel
{
	ShopperEnsemble *ensemble;
} ShopperTreeModel;

/* The trees of a model, NULL when its learner has none. */
extern const ShopperEnsemble *shopper_model_ensemble(const ShopperModel *model);

/* ---- models that answer with the mean of their trees: tree and forest ---- */
/* Leaves hold the share of class 1 of two, the shares of all of more classes, or a mean amount. */
extern void shopper_mean_predict(const ShopperModel *model, const double *dense, const int32_t *lookup, double *out);
extern void shopper_mean_predict_block(const ShopperModel *model, const ShopperTable *table, int64_t from, int64_t to, double *out);
extern ShopperStatus shopper_mean_explain(ShopperEnv *env, const ShopperModel *model, const double *dense, const int32_t *lookup,
										  int output, double *base, double *contribution);
extern const char *shopper_mean_unit(const ShopperModel *model);
extern void shopper_mean_encode(const ShopperModel *model, ShopperWriter *w);
extern ShopperStatus shopper_mean_decode(ShopperModel *model, ShopperReader *r);
extern void shopper_mean_describe(const ShopperModel *model, void (*add) (void *ctx, const char *key, double value), void *ctx);
/* An empty model for the rows of a table. */
extern ShopperStatus shopper_mean_make(ShopperEnv *env, const ShopperTable *table, ShopperTreeModel **model);

/* Add importance "gain": each column's share of what all splits gain. */
extern ShopperStatus shopper_add_gain_importance(ShopperEnv *env, ShopperModel *model, const ShopperEnsemble *ensemble);
/* The criterion that the option of this name asks for; auto is the one of the task. */
extern ShopperStatus shopper_read_criterion(ShopperEnv *env, const ShopperModel *model, ShopperCriterion *criterion);
/* Whether both models know the same classes in the same order. */
extern ShopperStatus shopper_check_classes(ShopperEnv *env, const ShopperSpec *spec, const ShopperSpec *other);
/*
 * Append the trees of `other`, whose columns and levels are found here by name. A level that only `other`
 * knows has no code here, so rows of it go the way of this model's rare levels; one that only this model knows
 * goes the way of the other's.
 */
extern ShopperStatus shopper_take_trees(ShopperEnv *env, const ShopperSpec *spec, ShopperEnsemble *ensemble,
										const ShopperSpec *other, const ShopperEnsemble *from);

/* ---- trees to read (trees_text.c) ---- */
typedef struct ShopperTreeRule
{
	int64_t		tree;			/* from 1 */
	int64_t		leaf;			/* from 1, left to right */
	char	   *rule;			/* "all rows" for a tree of one leaf */
	char	   *prediction;		/* class, amount, or what is added to which score */
	double		value;			/* probability of the class, amount, addition */
	double		rows;			/* sum of the weights of the training rows there */
	double		share;			/* of the tree's */
	int			n_probabilities;	/* classes, 0 when leaves hold no shares */
	double	   *probability;
} ShopperTreeRule;

#define SHOPPER_ALL_TREES INT64_MIN
/* The leaves of tree number `tree` (from 1), or of all; put() may end with a status. */
extern ShopperStatus shopper_tree_rules(ShopperEnv *env, const ShopperModel *model, int64_t tree,
										ShopperStatus (*put) (void *ctx, const ShopperTreeRule *rule), void *ctx);
/* An indented tree. */
extern ShopperStatus shopper_tree_text(ShopperEnv *env, const ShopperModel *model, int64_t tree, char **text, int64_t *length);

/* Node by node, to be drawn: parents before children, left before right. */
typedef struct ShopperTreeNode
{
	int64_t		parent;			/* number of it in this order, -1: the root */
	int			depth;
	char	   *condition;		/* on the way from the parent, NULL in the root; this and prediction belong to the env */
	char	   *prediction;
	int			class_number;	/* that it speaks for, -1: none */
	double		share;			/* of that class; without one, of all rows */
	double		rows;			/* sum of the weights of the training rows there */
	int64_t		leaves;			/* at and below it */
} ShopperTreeNode;

extern ShopperStatus shopper_tree_nodes(ShopperEnv *env, const ShopperModel *model, int64_t tree,
										ShopperStatus (*put) (void *ctx, const ShopperTreeNode *node), void *ctx);

#endif
