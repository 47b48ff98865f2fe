/*
 * segments.h: what every model of clusters is, and the questions about it.
 *
 * A learner finds a cluster for each training row; clusters.c makes the rest: sizes,
 * centres, numbers and names, the comparison with an earlier model, the stored form.
 */
#ifndef SHOPPER_SEGMENTS_H
#define SHOPPER_SEGMENTS_H

#include "../../features/points.h"
#include "../learner.h"

/* The state of every model of clusters. Clusters are in order of their ids. */
typedef struct ShopperClusters
{
	int			k;
	int			d;				/* spec->width */
	double		category_weight;	/* what one-hot columns hold */
	double	   *centre;			/* (k, d) mean of its rows in the encoding; of kmeans the centre */
	double	   *size;			/* (k) rows, or the sum of their weights */
	int32_t    *id;				/* (k) from 1, rising: what users see */
	char	  **name;			/* (k) NULL: none */
	double		noise;			/* rows (weights) in no cluster */
	double	   *mean;			/* (d) of all rows */
	double	   *deviation;		/* (d) population standard deviation of all rows */
	void	   *own;			/* the learner's own */
} ShopperClusters;

typedef struct ShopperClusterer
{
	/* The cluster (from 0) of a point (d), -1 for none. Never fails, allocates nothing. */
	int			(*assign) (const ShopperModel *model, const double *x);
	/* How much it belongs to each cluster (k), sum 1. NULL: all to the one. */
	void		(*membership) (const ShopperModel *model, const double *x, double *p);
	/* Clusters are numbered anew: cluster c was from[c]. NULL: nothing in `own` goes by cluster. */
	ShopperStatus (*renumber) (ShopperEnv *env, ShopperClusters *clusters, const int *from);
} ShopperClusterer;

/*
 * Make model->state: label (n) is the cluster of each row, from 0 to k - 1, or -1; none is empty. centre
 * (k, d) NULL: the means. Clusters are numbered by falling size, then by centre; with a previous model
 * those nearest to its clusters keep their ids and names. label is rewritten to the new order.
 */
extern ShopperStatus shopper_clusters_make(ShopperEnv *env, ShopperModel *model, const ShopperPointSet *points, int k, int32_t *label,
										   const double *centre, void *own, const ShopperModel *previous);
/* Fail when there are fewer rows than clusters asked for. */
extern ShopperStatus shopper_clusters_check(ShopperEnv *env, int64_t k, int64_t rows);
/* The points of the training table, by the model's options. */
extern ShopperStatus shopper_clusters_points(ShopperModel *model, ShopperTable *table, ShopperPointSet *points);

/* Stored form of all but `own`. */
extern void shopper_clusters_encode(const ShopperClusters *clusters, ShopperWriter *w);
extern ShopperStatus shopper_clusters_decode(ShopperModel *model, ShopperReader *r, ShopperClusters **clusters);
/* A clusterer's assign: the nearest centre. */
extern int	shopper_clusters_nearest(const ShopperModel *model, const double *x);
/* For learners' predict: the index of the cluster of an encoded row, or -1. */
extern void shopper_clusters_predict(const ShopperModel *model, const double *dense, const int32_t *lookup, double *out);
/* For learners' describe. */
extern void shopper_clusters_describe(const ShopperModel *model, void (*add) (void *ctx, const char *key, double value), void *ctx);

/* ---- questions ---- */

static inline const ShopperClusters *
shopper_clusters_of(const ShopperModel *model)
{
	return model->state;
}

extern int	shopper_cluster_assign(const ShopperModel *model, const double *x);
extern void shopper_cluster_membership(const ShopperModel *model, const double *x, double *p);
/* Distance of a point to the centre of its cluster, of the nearest one when it has none. */
extern double shopper_cluster_distance(const ShopperModel *model, const double *x);
extern double shopper_squared_distance(const double *a, const double *b, int d);
/* Clusters (from 0) of points, -1 for none. Threads. */
extern ShopperStatus shopper_clusters_label(ShopperEnv *env, const ShopperModel *model, const ShopperPointSet *points, int32_t *label);
/* The index of a cluster by its id, or -1. */
extern int	shopper_cluster_find(const ShopperClusters *clusters, int64_t id);

#endif
