/*
 * projection.h: rows as a few numbers: what pca and lda share.
 *
 * A row is the point of its encoding, one-hot columns included. Score j of a point x is
 * axis[j] . (x - mean) / scale[j].
 */
#ifndef SHOPPER_PROJECTION_H
#define SHOPPER_PROJECTION_H

#include "../../core/cross.h"
#include "../../features/points.h"
#include "../learner.h"

typedef struct ShopperProjection
{
	int			d;				/* spec->width */
	int			k;				/* scores */
	bool		orthonormal;	/* axes of length 1, at right angles: scores can be turned back into rows */
	double		category_weight;	/* what one-hot columns hold */
	double	   *mean;			/* (d) */
	double	   *axis;			/* (k, d) */
	double	   *scale;			/* (k) */
	double	   *variance;		/* (k) along the axis, falling */
	double		total;			/* of all axes that there are */
} ShopperProjection;

/* Of a model that projects, else NULL. */
extern const ShopperProjection *shopper_projection_of(const ShopperModel *model);

extern ShopperStatus shopper_projection_make(ShopperEnv *env, int d, int k, ShopperProjection *p);
/* Turn the axis so that its largest element is positive. */
extern void shopper_projection_sign(double *axis, int d);
/* Scores (k) of a point (d). */
extern void shopper_project_point(const ShopperProjection *p, const double *x, double *score);
/* The point (d) of scores (k): the nearest to all points with these scores. Orthonormal axes only. */
extern void shopper_unproject_point(const ShopperProjection *p, const double *score, double *x);
/* Scores of one encoded row; never fails, allocates nothing. */
extern void shopper_project_row(const ShopperModel *model, const double *dense, const int32_t *lookup, double *score);

extern void shopper_projection_encode(const ShopperProjection *p, ShopperWriter *w);
/* Checks everything against the model's spec. */
extern ShopperStatus shopper_projection_decode(ShopperModel *model, ShopperReader *r, ShopperProjection *p);
extern void shopper_projection_describe(const ShopperProjection *p, void (*add) (void *ctx, const char *key, double value), void *ctx);

/*
 * Weighted count, means and cross products of deviations of all encoded rows [0, n) of a table, or, with centre
 * (n_groups, d) and group (n), of what they differ from the centre of their group. Threads; the same for any number of them.
 */
extern ShopperStatus shopper_table_cross(const ShopperTable *table, const ShopperSpec *spec, double category_weight,
										 const int32_t *group, const double *centre, int64_t n, ShopperCross *cross);

/* The model of pca from the cross products of rows of raw numbers alone (pca.c); the spec names their columns. */
extern ShopperStatus shopper_pca_from_cross(ShopperEnv *env, ShopperModel *model, ShopperCross *cross);

#endif
