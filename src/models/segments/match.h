/*
 * match.h: clusters of one model beside those of another: the same point in both encodings,
 * and the optimal assignment of one side to the other.
 */
#ifndef SHOPPER_MATCH_H
#define SHOPPER_MATCH_H

#include "segments.h"

/* Points (n, from->width) in one encoding to points (n, to->width) in the other; columns must be the same by name and kind. */
extern ShopperStatus shopper_translate_points(ShopperEnv *env, const ShopperSpec *from, double from_weight, const double *x, int n,
											  const ShopperSpec *to, double to_weight, double *out);
/* match[c]: the cluster of `earlier` that cluster c continues, or -1; the distances of centres, in the earlier scale, sum to the least. */
extern ShopperStatus shopper_clusters_match(ShopperEnv *env, const ShopperSpec *spec, const ShopperClusters *clusters,
											const ShopperSpec *earlier_spec, const ShopperClusters *earlier, int *match);
/*
 * The assignment of rows to columns of cost (rows, columns) with the least sum: column[r], or -1 when there are
 * more rows than columns. Kuhn, "The Hungarian method for the assignment problem", 1955, with the shortest
 * augmenting paths of Jonker and Volgenant 1987: O(n^3).
 */
extern ShopperStatus shopper_assignment(ShopperEnv *env, const double *cost, int rows, int columns, int *column);

#endif
