/*
 * nearest.h: the nearest of k centres, eight points at a time.
 */
#ifndef SHOPPER_NEAREST_H
#define SHOPPER_NEAREST_H

#include "../../features/points.h"

/* Of eight points: squared distances to the nearest and the second nearest centre, and which the nearest is (ties: the first). */
typedef struct ShopperNearest
{
	double		best[SHOPPER_TILE];
	double		second[SHOPPER_TILE];	/* INFINITY with one centre, or when it was not asked for */
	int64_t		index[SHOPPER_TILE];
} ShopperNearest;

/* One tile (d)(8) of points, centres (k, d). */
extern void shopper_nearest(const double *tile, int d, const double *centre, int k, ShopperNearest *out);
extern void shopper_nearest_two(const double *tile, int d, const double *centre, int k, ShopperNearest *out);
/* Add the first `rows` points of a tile, times their weights (NULL: 1), to the sums (k, d) of their labels, in their order. */
extern void shopper_add_tile(const double *tile, int d, int rows, const int32_t *label, const double *weight, double *sum);
/* Squared distances of a tile to one point. */
extern void shopper_tile_distances(const double *tile, int d, const double *x, double *out);

#endif
