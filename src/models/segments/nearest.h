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
	double		second[SHOPPER_TILE];	/* INFINITY with one centre */
	int64_t		index[SHOPPER_TILE];
} ShopperNearest;

/* One tile (d)(8) of points, centres (k, d). */
extern void shopper_nearest(const double *tile, int d, const double *centre, int k, ShopperNearest *out);
/* Squared distances of a tile to one point. */
extern void shopper_tile_distances(const double *tile, int d, const double *x, double *out);

#endif
