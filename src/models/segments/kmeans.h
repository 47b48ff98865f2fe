/* kmeans.h: what the files of k-means share beside lloyd.h. */
#ifndef SHOPPER_KMEANS_H
#define SHOPPER_KMEANS_H

#include "lloyd.h"
#include "segments.h"

/* Lloyd's iterations, from the centres in result to the nearest optimum; unit: the mean deviation of a column. */
extern ShopperStatus shopper_kmeans_lloyd(ShopperEnv *env, const ShopperPointSet *points, const ShopperKmeansPlan *plan, double unit,
										  ShopperKmeans *result);
/* The iterations over small batches, from the centres in result. */
extern ShopperStatus shopper_kmeans_batches(ShopperEnv *env, const ShopperPointSet *points, const ShopperKmeansPlan *plan, double unit,
											ShopperKmeans *result);
/*
 * How many clusters, from k_min to k_max: by the greatest mean silhouette (Rousseeuw 1987), or by the gap
 * statistic (Tibshirani, Walther, Hastie 2001), on a sample of the rows. What each k reached goes into the model's history.
 */
extern ShopperStatus shopper_kmeans_choose(ShopperEnv *env, ShopperModel *model, const ShopperPointSet *points, const ShopperKmeansPlan *plan,
										   int k_min, int k_max, bool gap, int *k);

#endif
