/* k_distance.h: how far the k-th nearest rows are, to choose eps of dbscan(). */
#ifndef SHOPPER_K_DISTANCE_H
#define SHOPPER_K_DISTANCE_H

#include "../../features/points.h"

/* distance (n), falling: of each point to the k-th nearest, itself the first. k is at most n. */
extern ShopperStatus shopper_k_distances(ShopperEnv *env, const ShopperPointSet *points, int k, double *distance);

#endif
