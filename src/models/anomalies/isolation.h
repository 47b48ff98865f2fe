/*
 * isolation.h: isolation forests (Liu, Ting and Zhou, "Isolation Forest", 2008): trees of random splits, in
 * which a row unlike the others is alone after few steps.
 *
 * Trees read a row as slots: 0 holds 0; then each number with a missing one as -infinity; then each number
 * with a missing one as +infinity (so a split says to which side missing values go); then 0 or 1 for each level
 * of each category. Numbers are float32. A row goes right when not slot < threshold.
 */
#ifndef SHOPPER_ISOLATION_H
#define SHOPPER_ISOLATION_H

#include <math.h>

#include "../../features/points.h"
#include "../learner.h"

#define SHOPPER_ISOLATION_DEPTH 64	/* of a tree, at most */
#define SHOPPER_ISOLATION_SLOTS (1 + 2 * SHOPPER_MAX_WIDTH)

typedef struct ShopperIsolationNode
{
	float		threshold;		/* leaves: infinity */
	int32_t		slot;			/* leaves: 0 */
	int32_t		child;			/* left one, the right one follows; leaves: itself, so that going on stays there */
	int32_t		size;			/* rows of the sample */
} ShopperIsolationNode;

typedef struct ShopperIsolationForest
{
	int			n_trees;
	int32_t		sample;			/* rows of each tree */
	double		cutoff;			/* scores from here on are anomalies */
	int64_t		n_nodes;
	ShopperIsolationNode *node; /* (n_nodes) all trees, one after the other, each with its root first */
	double	   *path;			/* (n_nodes) leaves: depth, and what is left to go on average */
	int32_t    *root;			/* (n_trees) */
	int		   *depth;			/* (n_trees) */
} ShopperIsolationForest;

/* Mean length of the paths in a search tree of n keys: 2 H(n - 1) - 2 (n - 1) / n, with harmonic numbers H. */
static inline double
shopper_isolation_path(int32_t n)
{
	double		m = n - 1,
				h = 0;

	if (n < 2)
		return 0;
	if (n > 40)					/* what is left out is below 1e-11 */
		h = log(m) + 0.5772156649015329 + 1 / (2 * m) - 1 / (12 * m * m) + 1 / (120 * m * m * m * m);
	else
		for (int i = 1; i < n; i++)
			h += 1.0 / i;
	return 2 * h - 2 * m / n;
}

static inline int
shopper_isolation_slots(const ShopperSpec *spec)
{
	return 1 + spec->n_numbers + spec->width;
}

/* Where the levels of a category begin. */
static inline int
shopper_isolation_level(const ShopperSpec *spec, int category)
{
	return 1 + spec->n_numbers + spec->category[category].offset;
}

/* Grow the trees (isolation_grow.c): fills trees, sample, nodes, roots. */
extern ShopperStatus shopper_isolation_grow(ShopperEnv *env, const ShopperModel *model, const ShopperTable *t, ShopperIsolationForest *f);
/* path and depth from the nodes. */
extern void shopper_isolation_finish(ShopperIsolationForest *f);

/*
 * Why: contribution (columns of the spec) sums to 1 + log2(score). A split gives its column by how much it made the way
 * to being alone shorter than it is on average.
 */
extern void shopper_isolation_explain(const ShopperModel *model, const double *dense, const int32_t *lookup, double *contribution);
extern bool shopper_is_anomaly(const ShopperModel *model, double score);

#endif
