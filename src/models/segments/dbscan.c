/*
 * dbscan.c: clusters as dense regions (Ester, Kriegel, Sander, Xu, "A density-based
 * algorithm for discovering clusters", 1996), exact.
 *
 * A row with at least min_points rows (their weights) within eps, itself among them, is a
 * core row. Core rows within eps of each other are of one cluster; another row belongs to
 * the cluster of its nearest core row within eps, or to none. The model keeps the
 * different core rows, and asks the same of new rows.
 *
 * Memory: the points twice, and some 40 bytes a row.
 */
#include <math.h>
#include <string.h>

#include "../../core/hash.h"
#include "../../core/sort.h"
#include "../../core/threads.h"
#include "components.h"
#include "kdtree.h"
#include "nearest.h"
#include "segments.h"

#define SHARDS 256

/* What is learned: the different core rows and their clusters. */
typedef struct Cores
{
	double		within;			/* eps squared */
	ShopperPointSet points;
	int32_t    *cluster;		/* (points.n) */
	ShopperKdTree tree;
} Cores;

static const ShopperOption options[] = {
	{"eps", SHOPPER_NUMBER, "0.5", 0, 1e150, true, NULL, "how far neighbours are apart at most, in the scale of the model; k_distance() helps to choose"},
	{"min_points", SHOPPER_NUMBER, "5", 0, 1e15, true, NULL, "rows (their weights) within eps that make a row a core row; it counts itself"},
	{NULL}
};

/* ---- which rows are core rows ---- */

typedef struct Counting
{
	ShopperEnv *env;
	const ShopperKdTree *t;
	double		within;
	double		enough;
	uint8_t    *core;			/* (n) by row */
} Counting;

static void
count_shard(void *arg, int shard)
{
	Counting   *c = arg;
	double		x[SHOPPER_MAX_WIDTH];
	int64_t		from,
				to;

	shopper_shard_range(c->t->n, SHARDS, shard, &from, &to);
	for (int64_t i = from; i < to && !(i % 64 == 0 && shopper_stopped(c->env)); i++)
	{
		for (int j = 0; j < c->t->d; j++)
			x[j] = shopper_kdtree_coordinate(c->t, i, j);
		c->core[c->t->row[i]] = shopper_kdtree_weight_within(c->t, x, c->within, c->enough) >= c->enough;
	}
}

static ShopperStatus
find_core_rows(ShopperEnv *env, const ShopperPointSet *p, double within, double enough, uint8_t *core)
{
	ShopperKdTree tree;
	Counting	c = {env, &tree, within, enough, core};

	SHOPPER_TRY(shopper_kdtree_make(env, p, &tree));
	shopper_parallel(env, SHARDS, count_shard, &c);
	SHOPPER_TRY(shopper_poll(env));
	shopper_kdtree_release(env, &tree);
	return SHOPPER_OK;
}

/* ---- equal core rows are kept once ---- */

static bool
same_point(const ShopperPointSet *p, int64_t a, int64_t b)
{
	for (int j = 0; j < p->d; j++)
		if (*shopper_coordinate(p, a, j) != *shopper_coordinate(p, b, j))
			return false;
	return true;
}

/* which[i]: the place of row i among the different core rows, -1 for other rows; *rows: these, rising. */
static ShopperStatus
different_rows(ShopperEnv *env, const ShopperPointSet *p, const uint8_t *core, int32_t *which, uint32_t *rows, int64_t *n)
{
	uint64_t   *hash;
	uint32_t   *order;

	SHOPPER_NEW(env, hash, p->n);
	SHOPPER_NEW(env, order, p->n);
	for (int64_t i = 0; i < p->n; i++)
	{
		hash[i] = 0;
		for (int j = 0; j < p->d; j++)
			hash[i] = shopper_hash_add(hash[i], shopper_double_key(*shopper_coordinate(p, i, j)));
		if (i % 4096 == 0)
			SHOPPER_TRY(shopper_poll(env));
	}
	SHOPPER_TRY(shopper_sort_hashes(env, hash, order, p->n));
	for (int64_t i = 0, first = -1; i < p->n; i++)	/* in a run of equal hashes rows rise: the first core row stands for those like it */
	{
		int64_t		row = order[i];

		if (first >= 0 && hash[first] != hash[row])
			first = -1;
		which[row] = -1;
		if (!core[row])
			continue;
		if (first >= 0 && same_point(p, first, row))
			which[row] = (int32_t) first;
		else
			which[row] = (int32_t) (first = row);
	}
	*n = 0;
	for (int64_t i = 0; i < p->n; i++)
		if (which[i] == i)
		{
			rows[*n] = (uint32_t) i;
			order[i] = (uint32_t) (*n)++;
		}
	for (int64_t i = 0; i < p->n; i++)
		if (which[i] >= 0)
			which[i] = (int32_t) order[which[i]];
	shopper_release(env, hash);
	shopper_release(env, order);
	return SHOPPER_OK;
}

/* ---- labels ---- */

typedef struct Labelling
{
	ShopperEnv *env;
	const ShopperPointSet *p;
	const Cores *cores;
	int32_t    *label;			/* in: the core row, or -1; out: the cluster, or -1 */
} Labelling;

static int
cluster_of(const Cores *m, const double *x)
{
	int64_t		core = m->points.n > 0 ? shopper_kdtree_nearest(&m->tree, x, m->within, NULL) : -1;

	return core < 0 ? -1 : m->cluster[core];
}

static void
label_shard(void *arg, int shard)
{
	Labelling  *l = arg;
	double		x[SHOPPER_MAX_WIDTH];
	int64_t		from,
				to;

	shopper_shard_range(l->p->n, SHARDS, shard, &from, &to);
	for (int64_t i = from; i < to && !(i % 64 == 0 && shopper_stopped(l->env)); i++)
	{
		if (l->label[i] >= 0)
		{
			l->label[i] = l->cores->cluster[l->label[i]];
			continue;
		}
		for (int j = 0; j < l->p->d; j++)
			x[j] = *shopper_coordinate(l->p, i, j);
		l->label[i] = cluster_of(l->cores, x);
	}
}

static ShopperStatus
train(ShopperEnv *env, ShopperModel *model, ShopperTable *t, const ShopperModel *previous)
{
	double		eps = shopper_option_number(&model->options, "eps"),
				enough = shopper_option_number(&model->options, "min_points");
	ShopperPointSet p;
	Labelling	l = {.env = env,.p = &p};
	Cores	   *m;
	uint8_t    *core;
	uint32_t   *rows;
	int64_t		n_core = 0,
				n = 0;
	int			k = 0;

	SHOPPER_TRY(shopper_clusters_points(model, t, &p));
	SHOPPER_NEW0(env, m, 1);
	m->within = eps * eps;
	SHOPPER_NEW(env, core, p.n);
	SHOPPER_NEW(env, l.label, p.n);
	SHOPPER_NEW(env, rows, p.n);
	SHOPPER_TRY(find_core_rows(env, &p, m->within, enough, core));
	SHOPPER_TRY(different_rows(env, &p, core, l.label, rows, &n));
	for (int64_t i = 0; i < p.n; i++)
		n_core += core[i];
	SHOPPER_TRY(shopper_points_subset(env, &p, rows, n, &m->points));
	shopper_release(env, m->points.weight);
	m->points.weight = NULL;
	SHOPPER_NEW(env, m->cluster, n);
	if (n > 0)
	{
		SHOPPER_TRY(shopper_kdtree_make(env, &m->points, &m->tree));
		SHOPPER_TRY(shopper_components(env, &m->tree, m->within, m->cluster, &k));
	}
	l.cores = m;
	shopper_parallel(env, SHARDS, label_shard, &l);
	SHOPPER_TRY(shopper_poll(env));
	SHOPPER_TRY(shopper_clusters_make(env, model, &p, k, l.label, NULL, m, previous));
	if (k == 0)
		shopper_notice(env, "no row has %g rows within %g: there are no clusters (options eps and min_points)", enough, eps);
	SHOPPER_TRY(shopper_add_metric(env, model, "train", "rows", (double) p.n));
	SHOPPER_TRY(shopper_add_metric(env, model, "train", "clusters", k));
	SHOPPER_TRY(shopper_add_metric(env, model, "train", "noise", shopper_clusters_of(model)->noise));
	return shopper_add_metric(env, model, "train", "core_rows", (double) n_core);
}

static int
assign(const ShopperModel *model, const double *x)
{
	return cluster_of(shopper_clusters_of(model)->own, x);
}

static ShopperStatus
renumber(ShopperEnv *env, ShopperClusters *c, const int *from)
{
	Cores	   *m = c->own;
	int32_t    *new;

	SHOPPER_NEW(env, new, c->k);
	for (int e = 0; e < c->k; e++)
		new[from[e]] = e;
	for (int64_t i = 0; i < m->points.n; i++)
		m->cluster[i] = new[m->cluster[i]];
	shopper_release(env, new);
	return SHOPPER_OK;
}

/* ---- stored form ---- */

static void
encode(const ShopperModel *model, ShopperWriter *w)
{
	const Cores *m = shopper_clusters_of(model)->own;

	shopper_clusters_encode(model->state, w);
	shopper_put_f64(w, m->within);
	shopper_put_varint(w, (uint64_t) m->points.n);
	for (int64_t i = 0; i < m->points.n; i++)
	{
		shopper_put_varint(w, (uint64_t) m->cluster[i]);
		for (int j = 0; j < m->points.d; j++)
			shopper_put_f64(w, *shopper_coordinate(&m->points, i, j));
	}
}

static ShopperStatus
decode(ShopperModel *model, ShopperReader *r)
{
	ShopperClusters *c;
	Cores	   *m;
	int64_t		n;

	SHOPPER_TRY(shopper_clusters_decode(model, r, &c));
	SHOPPER_NEW0(r->env, m, 1);
	m->within = shopper_get_f64(r);
	n = shopper_get_count(r, (size_t) c->d * 8 + 1);
	if (r->failed || !(m->within >= 0) || m->within - m->within != 0 || n > INT32_MAX)
		return shopper_bad_bytes(r->env, "its core rows are cut off");
	SHOPPER_TRY(shopper_points_init(r->env, n, c->d, &m->points));
	SHOPPER_NEW(r->env, m->cluster, n);
	for (int64_t i = 0; i < n; i++)
	{
		uint64_t	cluster = shopper_get_varint(r);
		bool		sound = cluster < (uint64_t) c->k;

		for (int j = 0; j < c->d; j++)
		{
			double		x = shopper_get_f64(r);

			*shopper_coordinate(&m->points, i, j) = x;
			sound &= x - x == 0;
		}
		if (r->failed || !sound)
			return shopper_bad_bytes(r->env, "a core row is damaged");
		m->cluster[i] = (int32_t) cluster;
	}
	c->own = m;
	return n > 0 ? shopper_kdtree_make(r->env, &m->points, &m->tree) : SHOPPER_OK;
}

static void
describe(const ShopperModel *model, void (*add) (void *ctx, const char *key, double value), void *ctx)
{
	const Cores *m = shopper_clusters_of(model)->own;

	shopper_clusters_describe(model, add, ctx);
	add(ctx, "kept_core_rows", (double) m->points.n);
}

static const ShopperClusterer clusterer = {.assign = assign,.renumber = renumber};

const ShopperLearner shopper_learner_dbscan = {
	.number = 26,
	.name = "dbscan",
	.help = "dbscan: clusters as dense regions; rows elsewhere are in none",
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
	.describe = describe
};
