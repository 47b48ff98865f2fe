/*
 * points.h: rows as points: all columns of the encoding, one-hot ones included, as
 * numbers. For learners that need distances between rows.
 *
 * Eight rows lie side by side (a tile), so that a vector holds one coordinate of
 * eight rows. Rows behind the last one are 0.
 */
#ifndef SHOPPER_POINTS_H
#define SHOPPER_POINTS_H

#include "table.h"

#define SHOPPER_TILE 8
#define SHOPPER_MAX_WIDTH 4000	/* a point fits on the stack */

typedef struct ShopperPointSet
{
	int64_t		n;
	int64_t		n_tiles;
	int			d;				/* spec->width */
	double	   *x;				/* (n_tiles)(d)(SHOPPER_TILE) */
	double	   *weight;			/* (n); NULL: all 1 */
} ShopperPointSet;

/* Coordinate j of a row. */
static inline double *
shopper_coordinate(const ShopperPointSet *p, int64_t row, int j)
{
	return &p->x[(row / SHOPPER_TILE * p->d + j) * SHOPPER_TILE + row % SHOPPER_TILE];
}

/* Fail when rows of d columns are more than SHOPPER_MAX_WIDTH wide. */
extern ShopperStatus shopper_points_check(ShopperEnv *env, int d);
/* Room for n points of d zeros; more than SHOPPER_MAX_WIDTH columns are an error. */
extern ShopperStatus shopper_points_init(ShopperEnv *env, int64_t n, int d, ShopperPointSet *points);
/*
 * The rows of an encoded table (wide), in their order; one-hot columns hold category_weight
 * instead of 1. The numbers are moved: the table is without them afterwards.
 */
extern ShopperStatus shopper_points_make(ShopperTable *table, const ShopperSpec *spec, double category_weight, ShopperPointSet *points);
/* Copy of the given rows (NULL: the first n). */
extern ShopperStatus shopper_points_subset(ShopperEnv *env, const ShopperPointSet *from, const uint32_t *rows, int64_t n, ShopperPointSet *to);
/* The same encoding for one row: x (spec->width). */
extern void shopper_point(const ShopperSpec *spec, const double *dense, const int32_t *lookup, double category_weight, double *x);

#endif
