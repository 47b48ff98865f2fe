/*
 * hierarchical.c: the learner: rows are joined until k clusters are left. A new row
 * belongs to the cluster with the nearest centre.
 *
 * Memory: 8 bytes for each pair of rows, both ways: 200 MB for 5,000 rows.
 */
#include "hierarchical.h"

#include <math.h>

#include "linkage.h"
#include "partition.h"

#define MAX_ROWS 5000
#define CHOOSE_MIN 2			/* clusters tried when neither k nor height is set */
#define CHOOSE_MAX 10

static const ShopperOption options[] = {
	{"k", SHOPPER_INTEGER, NULL, 1, MAX_ROWS, false, NULL, "number of clusters; of 2 to 10 the one of the best silhouette when neither k nor height is set"},
	{"height", SHOPPER_NUMBER, NULL, 0, 1e300, false, NULL, "join groups up to this distance instead of down to k clusters"},
	{"linkage", SHOPPER_CHOICE, "ward", 0, 0, false, "ward,average,complete,single", "distance of two groups: growth of the sum of squares; mean, greatest or least distance of their rows"},
	{NULL}
};

static ShopperStatus
choose(ShopperEnv *env, ShopperModel *model, const ShopperPointSet *p, const ShopperMerge *merge, int32_t *label, int64_t *k)
{
	double		best = -INFINITY;

	*k = 1;
	for (int64_t trial = CHOOSE_MIN; trial <= CHOOSE_MAX && trial < p->n; trial++)
	{
		double		value;

		SHOPPER_TRY(shopper_linkage_cut(env, merge, p->n, p->n - trial, label, NULL));
		SHOPPER_TRY(shopper_silhouette(env, p, label, (int) trial, &value, NULL));
		SHOPPER_TRY(shopper_add_step(env, model, trial, "silhouette", value));
		if (value > best)
		{
			best = value;
			*k = trial;
		}
	}
	return SHOPPER_OK;
}

static ShopperStatus
check_options(ShopperEnv *env, const ShopperModel *model, int64_t n)
{
	const ShopperOptions *o = &model->options;

	if (n > MAX_ROWS)
	{
		shopper_fail(env, SHOPPER_LIMIT, "hierarchical() takes at most %d rows, got %lld", MAX_ROWS, (long long) n);
		shopper_hint(env, "Give a random sample (predict_cluster places all rows then), or use kmeans().");
		return env->status;
	}
	if (shopper_option_set(o, "k") && shopper_option_set(o, "height"))
		return shopper_fail(env, SHOPPER_BAD_OPTION, "options k and height exclude each other");
	return shopper_clusters_check(env, shopper_option_integer(o, "k"), n);
}

static ShopperStatus
train(ShopperEnv *env, ShopperModel *model, ShopperTable *t, const ShopperModel *previous)
{
	const ShopperOptions *o = &model->options;
	ShopperPointSet p;
	ShopperDendrogram *own;
	ShopperMerge *merge;
	int32_t    *label;
	int64_t		k = shopper_option_integer(o, "k");

	SHOPPER_TRY(check_options(env, model, t->n));
	SHOPPER_TRY(shopper_clusters_points(model, t, &p));
	SHOPPER_NEW0(env, own, 1);
	SHOPPER_NEW(env, merge, p.n);
	SHOPPER_NEW(env, label, p.n);
	SHOPPER_TRY(shopper_linkage(env, &p, shopper_option_is(o, "linkage", "average") ? SHOPPER_LINKAGE_AVERAGE
								: shopper_option_is(o, "linkage", "complete") ? SHOPPER_LINKAGE_COMPLETE
								: shopper_option_is(o, "linkage", "single") ? SHOPPER_LINKAGE_SINGLE : SHOPPER_LINKAGE_WARD, merge));
	own->n = p.n - 1;
	SHOPPER_NEW(env, own->height, own->n);
	SHOPPER_NEW(env, own->size, own->n);
	for (int64_t i = 0; i < own->n; i++)
		own->height[i] = merge[i].height;
	SHOPPER_TRY(shopper_linkage_cut(env, merge, p.n, own->n, label, own->size));
	if (shopper_option_set(o, "height"))
		for (k = p.n; k > 1 && own->height[p.n - k] <= shopper_option_number(o, "height");)
			k--;
	else if (k == 0)
		SHOPPER_TRY(choose(env, model, &p, merge, label, &k));
	SHOPPER_TRY(shopper_linkage_cut(env, merge, p.n, p.n - k, label, NULL));
	SHOPPER_TRY(shopper_clusters_make(env, model, &p, (int) k, label, NULL, own, previous));
	SHOPPER_TRY(shopper_add_metric(env, model, "train", "rows", (double) p.n));
	return shopper_add_metric(env, model, "train", "clusters", (double) k);
}

const ShopperDendrogram *
shopper_dendrogram(const ShopperModel *model)
{
	return model->learner == &shopper_learner_hierarchical ? shopper_clusters_of(model)->own : NULL;
}

static void
encode(const ShopperModel *model, ShopperWriter *w)
{
	const ShopperDendrogram *own = shopper_clusters_of(model)->own;

	shopper_clusters_encode(model->state, w);
	shopper_put_varint(w, (uint64_t) own->n);
	for (int64_t i = 0; i < own->n; i++)
	{
		shopper_put_f64(w, own->height[i]);
		shopper_put_varint(w, (uint64_t) own->size[i]);
	}
}

static ShopperStatus
decode(ShopperModel *model, ShopperReader *r)
{
	ShopperClusters *c;
	ShopperDendrogram *own;

	SHOPPER_TRY(shopper_clusters_decode(model, r, &c));
	SHOPPER_NEW0(r->env, own, 1);
	own->n = shopper_get_count(r, 9);
	if (r->failed || c->k < 1 || own->n >= MAX_ROWS)
		return shopper_bad_bytes(r->env, "its steps are cut off");
	SHOPPER_NEW(r->env, own->height, own->n);
	SHOPPER_NEW(r->env, own->size, own->n);
	for (int64_t i = 0; i < own->n; i++)
	{
		uint64_t	size;

		own->height[i] = shopper_get_f64(r);
		size = shopper_get_varint(r);
		if (r->failed || !(own->height[i] >= 0) || own->height[i] - own->height[i] != 0 || size > MAX_ROWS)
			return shopper_bad_bytes(r->env, "a step is damaged");
		own->size[i] = (int32_t) size;
	}
	c->own = own;
	return SHOPPER_OK;
}

static const ShopperClusterer clusterer = {.assign = shopper_clusters_nearest};

const ShopperLearner shopper_learner_hierarchical = {
	.number = 28,
	.name = "hierarchical",
	.help = "hierarchical clusters: rows joined step by step, up to 5,000 rows",
	.shape = SHOPPER_POINTS,
	.tasks = SHOPPER_CLUSTER,
	.wide = true,
	.input = SHOPPER_PREPARED,
	.options = options,
	.train_rows = train,
	.predict = shopper_clusters_predict,
	.clusterer = &clusterer,
	.encode = encode,
	.decode = decode,
	.describe = shopper_clusters_describe
};
