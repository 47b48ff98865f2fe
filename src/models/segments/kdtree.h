/*
 * kdtree.h: points in a k-d tree (Bentley, "Multidimensional binary search trees used for
 * associative searching", 1975), for what lies within a distance and for what is nearest.
 *
 * Distances are squared and summed in the order of the coordinates. A box is never judged
 * farther than a point in it: rounding does not change the order of sums, so the answers
 * are those of comparing all points.
 */
#ifndef SHOPPER_KDTREE_H
#define SHOPPER_KDTREE_H

#include "../../features/points.h"

#define SHOPPER_KD_LEAF 32		/* points in a leaf, whole tiles */

typedef struct ShopperKdNode
{
	int64_t		first;			/* its points in tree order, a multiple of SHOPPER_KD_LEAF */
	int64_t		n;
	int32_t		right;			/* the left child follows its parent; 0: a leaf */
	double		weight;			/* of its points */
} ShopperKdNode;

typedef struct ShopperKdTree
{
	int			d;
	int64_t		n;
	int32_t		n_nodes;
	ShopperKdNode *node;
	double	   *box;			/* (n_nodes, 2, d) least and greatest coordinates */
	uint32_t   *row;			/* (n) which row each place of the tree holds */
	double	   *x;				/* tiles in tree order */
	double	   *weight;			/* (n) in tree order, or NULL */
} ShopperKdTree;

/* Memory: the points once more, and an eighth of it. At least one point. */
extern ShopperStatus shopper_kdtree_make(ShopperEnv *env, const ShopperPointSet *points, ShopperKdTree *tree);
extern void shopper_kdtree_release(ShopperEnv *env, ShopperKdTree *tree);
/* The weight of the points within a squared distance of x; stops counting once it is `enough`. */
extern double shopper_kdtree_weight_within(const ShopperKdTree *tree, const double *x, double within, double enough);
/* The row nearest to x within a squared distance, ties by the lower row; -1: none. *distance (squared) may be NULL. */
extern int64_t shopper_kdtree_nearest(const ShopperKdTree *tree, const double *x, double within, double *distance);
/* Squared distances of the k nearest points to x, the k-th first, the others in no order; INFINITY where there are fewer points. */
extern void shopper_kdtree_distances(const ShopperKdTree *tree, const double *x, int k, double *distance);

/* Coordinate j of the point at a place of the tree. */
static inline double
shopper_kdtree_coordinate(const ShopperKdTree *tree, int64_t place, int j)
{
	return tree->x[(place / SHOPPER_TILE * tree->d + j) * SHOPPER_TILE + place % SHOPPER_TILE];
}

static inline const double *
shopper_kdtree_low(const ShopperKdTree *tree, int32_t node)
{
	return tree->box + (int64_t) node * 2 * tree->d;
}

static inline const double *
shopper_kdtree_high(const ShopperKdTree *tree, int32_t node)
{
	return shopper_kdtree_low(tree, node) + tree->d;
}

#endif
