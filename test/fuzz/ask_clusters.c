/* ask_clusters.c: what SQL asks of models of clusters. */
#include "fuzz.h"

#include <string.h>

#include "../../src/models/segments/segments.h"

void
fuzz_ask_clusters(ShopperEnv *env, const ShopperModel *m, const double *dense, const int32_t *lookup)
{
	const ShopperClusters *c = shopper_clusters_of(m);
	double	   *x = shopper_alloc0(env, SHOPPER_MAX_WIDTH, sizeof(double)),
			   *p = shopper_alloc0(env, (size_t) c->k, sizeof(double));

	if (x == NULL || p == NULL)
		return;
	shopper_point(m->spec, dense, lookup, c->category_weight, x);
	fuzz_sink += shopper_cluster_assign(m, x) + shopper_cluster_distance(m, x);
	shopper_cluster_membership(m, x, p);
	for (int e = 0; e < c->k; e++)
		fuzz_sink += p[e] + (c->name[e] != NULL ? (double) strlen(c->name[e]) : 0);
}
