/* ask_clusters.c: what SQL asks of models of clusters. */
#include "fuzz.h"

#include <string.h>

#include "../../src/models/segments/hierarchical.h"
#include "../../src/models/segments/match.h"
#include "../../src/models/segments/profile.h"
#include "../../src/models/segments/segments.h"

void
fuzz_ask_clusters(ShopperEnv *env, const ShopperModel *m, const double *dense, const int32_t *lookup)
{
	const ShopperClusters *c = shopper_clusters_of(m);
	const ShopperDendrogram *steps = shopper_dendrogram(m);
	ShopperTrait *trait;
	int64_t		n;
	int		   *match;
	double	   *x = shopper_alloc0(env, SHOPPER_MAX_WIDTH, sizeof(double)),
			   *p = shopper_alloc0(env, (size_t) c->k, sizeof(double));

	if (x == NULL || p == NULL)
		return;
	shopper_point(m->spec, dense, lookup, c->category_weight, x);
	fuzz_sink += shopper_cluster_assign(m, x) + shopper_cluster_distance(m, x);
	shopper_cluster_membership(m, x, p);
	for (int e = 0; e < c->k; e++)
		fuzz_sink += p[e] + (c->name[e] != NULL ? (double) strlen(c->name[e]) : 0) + shopper_cluster_find(c, c->id[e]);
	if (shopper_cluster_profile(env, m, &trait, &n) == SHOPPER_OK)
		for (int64_t i = 0; i < n; i++)
			fuzz_sink += (double) (strlen(trait[i].text) + strlen(trait[i].feature)) + trait[i].difference;
	match = shopper_alloc0(env, (size_t) c->k, sizeof(int));
	if (match != NULL && shopper_clusters_match(env, m->spec, c, m->spec, c, match) == SHOPPER_OK)
		for (int e = 0; e < c->k; e++)
			fuzz_sink += match[e];
	if (steps != NULL)
		for (int64_t i = 0; i < steps->n; i++)
			fuzz_sink += steps->height[i] + steps->size[i];
}
