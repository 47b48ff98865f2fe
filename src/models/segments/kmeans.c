/*
 * kmeans.c: the learner: clusters around k centres. Centres start in canonical order
 * and by the seed, so the model does not depend on threads or the order of the scan.
 *
 * Memory: 8 bytes a coordinate, 20 bytes a row.
 */
#include "kmeans.h"
#include "match.h"

#define MAX_K 10000

static const ShopperOption options[] = {
	{"k", SHOPPER_INTEGER, NULL, 1, MAX_K, false, NULL, "number of clusters; chosen between k_min and k_max when not set"},
	{"starts", SHOPPER_INTEGER, "10", 1, 10000, false, NULL, "fits from different centres, the best one counts"},
	{"max_iterations", SHOPPER_INTEGER, "300", 1, 100000, false, NULL, "most iterations of a fit"},
	{"tolerance", SHOPPER_NUMBER, "1e-3", 0, 1, false, NULL, "a fit ends when no centre moves farther than this times the mean deviation of a column"},
	{"batch", SHOPPER_INTEGER, NULL, 1, 100000000, false, NULL, "learn from random batches of so many rows instead of all rows at once"},
	{"centres", SHOPPER_NUMBERS, NULL, -1e300, 1e300, false, NULL, "centres to start from, one after the other: a value for each column in units of the column, shares for levels"},
	{"choose", SHOPPER_CHOICE, "silhouette", 0, 0, false, "silhouette,gap", "how k is chosen when it is not set"},
	{"k_min", SHOPPER_INTEGER, "2", 1, 1000, false, NULL, "fewest clusters to try when k is not set"},
	{"k_max", SHOPPER_INTEGER, "10", 2, 1000, false, NULL, "most clusters to try when k is not set"},
	{NULL}
};

/* The option centres, in the encoding. */
static ShopperStatus
given_centres(ShopperEnv *env, const ShopperModel *model, ShopperKmeansPlan *plan)
{
	const ShopperOptionValue *v = shopper_option(&model->options, "centres");
	const ShopperSpec *spec = model->spec;
	double		weight = shopper_option_number(&model->options, "category_weight"),
			   *centre;
	int			k = v->n / spec->width;

	if (v->n == 0 || v->n % spec->width != 0 || (plan->k > 0 && k != plan->k))
	{
		shopper_fail(env, SHOPPER_BAD_OPTION, "option \"centres\" must have %d numbers for each of the clusters, got %d in all", spec->width, v->n);
		shopper_hint(env, "Give a value for each number column, then a share for each level of each category.");
		return env->status;
	}
	SHOPPER_NEW(env, centre, v->n);
	for (int i = 0; i < v->n; i++)
	{
		int			j = i % spec->width;

		centre[i] = j < spec->n_numbers ? (v->numbers[i] - spec->number[j].mean) / spec->number[j].scale : v->numbers[i] * weight;
	}
	plan->k = k;
	plan->centres = centre;
	return SHOPPER_OK;
}

/* Start from the clusters of an earlier model when it has as many. */
static ShopperStatus
earlier_centres(ShopperEnv *env, const ShopperModel *model, const ShopperModel *previous, ShopperKmeansPlan *plan)
{
	const ShopperClusters *earlier = previous->state;
	double	   *centre;

	if (plan->k > 0 && plan->k != earlier->k)
		return SHOPPER_OK;
	SHOPPER_NEW(env, centre, (int64_t) earlier->k * model->spec->width);
	SHOPPER_TRY(shopper_translate_points(env, previous->spec, earlier->category_weight, earlier->centre, earlier->k,
										 model->spec, shopper_option_number(&model->options, "category_weight"), centre));
	plan->k = earlier->k;
	plan->centres = centre;
	return SHOPPER_OK;
}

static ShopperStatus
make_plan(ShopperEnv *env, ShopperModel *model, const ShopperPointSet *p, const ShopperModel *previous, ShopperKmeansPlan *plan)
{
	const ShopperOptions *o = &model->options;

	*plan = (ShopperKmeansPlan) {
		.k = (int) shopper_option_integer(o, "k"),
		.starts = (int) shopper_option_integer(o, "starts"),
		.max_iterations = (int) shopper_option_integer(o, "max_iterations"),
		.tolerance = shopper_option_number(o, "tolerance"),
		.batch = shopper_option_integer(o, "batch"),
		.seed = env->seed
	};
	if (shopper_option_set(o, "centres"))
		SHOPPER_TRY(given_centres(env, model, plan));
	else if (previous != NULL)
		SHOPPER_TRY(earlier_centres(env, model, previous, plan));
	SHOPPER_TRY(shopper_clusters_check(env, plan->k, p->n));
	if (plan->k == 0)
		SHOPPER_TRY(shopper_kmeans_choose(env, model, p, plan, (int) shopper_option_integer(o, "k_min"), (int) shopper_option_integer(o, "k_max"),
										  shopper_option_is(o, "choose", "gap"), &plan->k));
	return SHOPPER_OK;
}

static ShopperStatus
train(ShopperEnv *env, ShopperModel *model, ShopperTable *t, const ShopperModel *previous)
{
	ShopperPointSet p;
	ShopperKmeansPlan plan;
	ShopperKmeans r;

	SHOPPER_TRY(shopper_clusters_points(model, t, &p));
	SHOPPER_TRY(make_plan(env, model, &p, previous, &plan));
	SHOPPER_TRY(shopper_kmeans(env, &p, &plan, &r));
	if (r.k < plan.k)
		shopper_notice(env, "there are only %d different rows: %d clusters instead of %d", r.k, r.k, plan.k);
	SHOPPER_TRY(shopper_clusters_make(env, model, &p, r.k, r.label, r.centre, NULL, previous));
	for (int i = 0; i < r.iterations; i++)
		SHOPPER_TRY(shopper_add_step(env, model, i + 1, "centre_shift", r.shift[i]));
	SHOPPER_TRY(shopper_add_metric(env, model, "train", "rows", (double) p.n));
	SHOPPER_TRY(shopper_add_metric(env, model, "train", "inertia", r.inertia));
	SHOPPER_TRY(shopper_add_metric(env, model, "train", "iterations", r.iterations));
	return shopper_add_metric(env, model, "train", "converged", r.converged);
}

static void
encode(const ShopperModel *model, ShopperWriter *w)
{
	shopper_clusters_encode(model->state, w);
}

static ShopperStatus
decode(ShopperModel *model, ShopperReader *r)
{
	ShopperClusters *c;

	SHOPPER_TRY(shopper_clusters_decode(model, r, &c));
	return c->k > 0 ? SHOPPER_OK : shopper_bad_bytes(r->env, "it has no clusters");
}

static const ShopperClusterer clusterer = {.assign = shopper_clusters_nearest};

const ShopperLearner shopper_learner_kmeans = {
	.number = 25,
	.name = "kmeans",
	.help = "k-means: clusters around k centres",
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
