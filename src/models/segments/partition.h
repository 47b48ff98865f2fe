/*
 * partition.h: how good a partition of points is. label (n) is the part of each point,
 * 0 .. k - 1; points with another label are left out. All points count the same. NaN when there are
 * fewer than two parts, or as many as points.
 */
#ifndef SHOPPER_PARTITION_H
#define SHOPPER_PARTITION_H

#include "../../features/points.h"

/*
 * Mean silhouette (Rousseeuw, "Silhouettes: a graphical aid", 1987), exact: all distances. With one
 * (k) not NULL: the means of each part.
 */
extern ShopperStatus shopper_silhouette(ShopperEnv *env, const ShopperPointSet *points, const int32_t *label, int k, double *mean, double *one);
/* Calinski and Harabasz, "A dendrite method for cluster analysis", 1974: more is better. Davies and Bouldin, "A cluster separation measure", 1979: less is. */
extern ShopperStatus shopper_partition_ratios(ShopperEnv *env, const ShopperPointSet *points, const int32_t *label, int k,
											  double *calinski_harabasz, double *davies_bouldin);

#endif
