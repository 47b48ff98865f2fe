/* clusters.c: from the cluster of each training row to the state of a model; its stored form; see segments.h. */
#include <math.h>
#include <string.h>

#include "../../core/sort.h"
#include "../../core/threads.h"
#include "match.h"
#include "segments.h"

#define POLL_ROWS 4096

double
shopper_squared_distance(const double *a, const double *b, int d)
{
	double		sum = 0;

	for (int j = 0; j < d; j++)
		sum += (a[j] - b[j]) * (a[j] - b[j]);
	return sum;
}

ShopperStatus
shopper_clusters_check(ShopperEnv *env, int64_t k, int64_t rows)
{
	if (k <= rows)
		return SHOPPER_OK;
	shopper_fail(env, SHOPPER_BAD_DATA, "%lld clusters cannot be made of %lld rows", (long long) k, (long long) rows);
	shopper_hint(env, "Give at most as many clusters as there are rows.");
	return env->status;
}

ShopperStatus
shopper_clusters_points(ShopperModel *model, ShopperTable *t, ShopperPointSet *p)
{
	return shopper_points_make(t, model->spec, shopper_option_number(&model->options, "category_weight"), p);
}

static ShopperStatus
make_clusters(ShopperEnv *env, int k, int d, ShopperClusters **clusters)
{
	ShopperClusters *c;

	SHOPPER_NEW0(env, c, 1);
	c->k = k;
	c->d = d;
	SHOPPER_NEW0(env, c->centre, (int64_t) k * d);
	SHOPPER_NEW0(env, c->size, k);
	SHOPPER_NEW0(env, c->id, k);
	SHOPPER_NEW0(env, c->name, k);
	SHOPPER_NEW0(env, c->mean, d);
	SHOPPER_NEW0(env, c->deviation, d);
	*clusters = c;
	return SHOPPER_OK;
}

/* Sizes and means of the clusters, mean and deviation of all rows. */
static ShopperStatus
describe_rows(ShopperEnv *env, const ShopperPointSet *p, const int32_t *label, ShopperClusters *c)
{
	int			d = p->d;
	double		total = 0;

	for (int64_t i = 0; i < p->n; i++)
	{
		double		weight = p->weight != NULL ? p->weight[i] : 1;
		double	   *sum = label[i] >= 0 ? c->centre + (int64_t) label[i] * d : NULL;

		total += weight;
		*(label[i] >= 0 ? &c->size[label[i]] : &c->noise) += weight;
		for (int j = 0; j < d; j++)
		{
			double		x = weight * *shopper_coordinate(p, i, j);

			c->mean[j] += x;
			if (sum != NULL)
				sum[j] += x;
		}
		if (i % POLL_ROWS == 0)
			SHOPPER_TRY(shopper_poll(env));
	}
	for (int j = 0; j < d; j++)
		c->mean[j] /= total;
	for (int e = 0; e < c->k; e++)
		for (int j = 0; j < d; j++)
			c->centre[(int64_t) e * d + j] /= c->size[e];
	for (int64_t i = 0; i < p->n; i++)
	{
		double		weight = p->weight != NULL ? p->weight[i] : 1;

		for (int j = 0; j < d; j++)
		{
			double		gap = *shopper_coordinate(p, i, j) - c->mean[j];

			c->deviation[j] += weight * gap * gap;
		}
		if (i % POLL_ROWS == 0)
			SHOPPER_TRY(shopper_poll(env));
	}
	for (int j = 0; j < d; j++)
		c->deviation[j] = sqrt(c->deviation[j] / total);
	return SHOPPER_OK;
}

/* Whether cluster a comes before b: the larger one, then by centre. */
static bool
before(const ShopperClusters *c, uint32_t a, uint32_t b)
{
	if (c->size[a] != c->size[b])
		return c->size[a] > c->size[b];
	for (int j = 0; j < c->d; j++)
	{
		double		x = c->centre[(int64_t) a * c->d + j],
					y = c->centre[(int64_t) b * c->d + j];

		if (x != y)
			return x < y;
	}
	return a < b;
}

/* from[i]: which cluster comes at place i. Merges sorted runs: there may be as many clusters as rows. */
static ShopperStatus
order_by_size(ShopperEnv *env, const ShopperClusters *c, uint32_t *from)
{
	uint32_t   *spare;

	SHOPPER_NEW(env, spare, c->k);
	for (int e = 0; e < c->k; e++)
		from[e] = (uint32_t) e;
	for (int64_t run = 1; run < c->k; run *= 2)
	{
		for (int64_t start = 0; start < c->k; start += 2 * run)
		{
			int64_t		middle = start + run < c->k ? start + run : c->k,
						end = start + 2 * run < c->k ? start + 2 * run : c->k,
						a = start,
						b = middle;

			for (int64_t i = start; i < end; i++)
				spare[i] = a < middle && (b == end || before(c, from[a], from[b])) ? from[a++] : from[b++];
			SHOPPER_TRY(shopper_poll(env));
		}
		memcpy(from, spare, (size_t) c->k * sizeof(*from));
	}
	shopper_release(env, spare);
	return SHOPPER_OK;
}

/* Bring the clusters into the order of from; ids stay with their places. */
static ShopperStatus
renumber(ShopperEnv *env, ShopperModel *model, ShopperClusters *c, const uint32_t *from, int32_t *label, int64_t n)
{
	double	   *centre,
			   *size;
	int		   *old;
	int32_t    *new;

	SHOPPER_NEW(env, centre, (int64_t) c->k * c->d);
	SHOPPER_NEW(env, size, c->k);
	SHOPPER_NEW(env, old, c->k);
	SHOPPER_NEW(env, new, c->k);
	for (int e = 0; e < c->k; e++)
	{
		old[e] = (int) from[e];
		new[from[e]] = e;
		size[e] = c->size[from[e]];
		memcpy(centre + (int64_t) e * c->d, c->centre + (int64_t) from[e] * c->d, (size_t) c->d * sizeof(double));
	}
	shopper_release(env, c->centre);
	shopper_release(env, c->size);
	c->centre = centre;
	c->size = size;
	for (int64_t i = 0; i < n; i++)
		label[i] = label[i] < 0 ? -1 : new[label[i]];
	if (model->learner->clusterer->renumber != NULL)
		SHOPPER_TRY(model->learner->clusterer->renumber(env, c, old));
	shopper_release(env, old);
	shopper_release(env, new);
	return SHOPPER_OK;
}

/* Ids and names of the clusters of an earlier model, for those that are nearest to them; new ones get the ids that follow. */
static ShopperStatus
keep_ids(ShopperEnv *env, ShopperModel *model, ShopperClusters *c, int32_t *label, int64_t n, const ShopperModel *previous)
{
	const ShopperClusters *earlier = previous->state;
	int		   *match;
	uint32_t   *from;
	double	   *key;
	char	  **name;
	int32_t		next = 0;

	SHOPPER_NEW(env, match, c->k);
	SHOPPER_NEW(env, from, c->k);
	SHOPPER_NEW(env, key, c->k);
	SHOPPER_NEW0(env, name, c->k);
	SHOPPER_TRY(shopper_clusters_match(env, model->spec, c, previous->spec, earlier, match));
	for (int e = 0; e < earlier->k; e++)
		next = earlier->id[e] > next ? earlier->id[e] : next;
	for (int e = 0; e < c->k; e++)
		key[e] = match[e] >= 0 ? earlier->id[match[e]] : ++next;
	SHOPPER_TRY(shopper_sort_doubles(env, key, from, c->k));
	for (int e = 0; e < c->k; e++)
	{
		int			of = match[from[e]];

		c->id[e] = (int32_t) key[from[e]];
		if (of < 0 || earlier->name[of] == NULL)
			continue;
		name[e] = shopper_strdup(env, earlier->name[of], strlen(earlier->name[of]));
		if (name[e] == NULL)
			return env->status;
	}
	c->name = name;
	SHOPPER_TRY(renumber(env, model, c, from, label, n));
	shopper_release(env, match);
	shopper_release(env, from);
	shopper_release(env, key);
	return SHOPPER_OK;
}

ShopperStatus
shopper_clusters_make(ShopperEnv *env, ShopperModel *model, const ShopperPointSet *p, int k, int32_t *label,
					  const double *centre, void *own, const ShopperModel *previous)
{
	ShopperClusters *c;
	uint32_t   *from;

	SHOPPER_TRY(make_clusters(env, k, p->d, &c));
	c->own = own;
	c->category_weight = shopper_option_number(&model->options, "category_weight");
	SHOPPER_TRY(describe_rows(env, p, label, c));
	if (centre != NULL)
		memcpy(c->centre, centre, (size_t) k * (size_t) p->d * sizeof(double));
	SHOPPER_NEW(env, from, k);
	SHOPPER_TRY(order_by_size(env, c, from));
	SHOPPER_TRY(renumber(env, model, c, from, label, p->n));
	for (int e = 0; e < k; e++)
		c->id[e] = e + 1;
	shopper_release(env, from);
	model->state = c;
	return previous != NULL ? keep_ids(env, model, c, label, p->n, previous) : SHOPPER_OK;
}

/* ---- stored form ---- */

void
shopper_clusters_encode(const ShopperClusters *c, ShopperWriter *w)
{
	shopper_put_varint(w, (uint64_t) c->k);
	shopper_put_f64(w, c->category_weight);
	shopper_put_f64(w, c->noise);
	shopper_put_f64s(w, c->mean, c->d);
	shopper_put_f64s(w, c->deviation, c->d);
	for (int e = 0; e < c->k; e++)
	{
		shopper_put_varint(w, (uint64_t) c->id[e]);
		shopper_put_string(w, c->name[e]);
		shopper_put_f64(w, c->size[e]);
		shopper_put_f64s(w, c->centre + (int64_t) e * c->d, c->d);
	}
}

static bool
all_finite(const double *x, int64_t n)
{
	bool		finite = true;

	for (int64_t i = 0; i < n; i++)
		finite &= x[i] - x[i] == 0;
	return finite;
}

ShopperStatus
shopper_clusters_decode(ShopperModel *model, ShopperReader *r, ShopperClusters **clusters)
{
	int			d = model->spec->width;
	int64_t		k = shopper_get_count(r, (size_t) d * 8 + 10);
	ShopperClusters *c;
	bool		sound;

	if (r->failed || d > SHOPPER_MAX_WIDTH || k > INT32_MAX)
		return shopper_bad_bytes(r->env, "its clusters are cut off");
	SHOPPER_TRY(make_clusters(r->env, (int) k, d, &c));
	c->category_weight = shopper_get_f64(r);
	c->noise = shopper_get_f64(r);
	shopper_get_f64s(r, c->mean, d);
	shopper_get_f64s(r, c->deviation, d);
	sound = c->category_weight > 0 && all_finite(&c->category_weight, 1) && c->noise >= 0 && all_finite(&c->noise, 1);
	for (int e = 0; e < k && !r->failed; e++)
	{
		uint64_t	id = shopper_get_varint(r);

		c->name[e] = shopper_get_text(r, NULL);
		if (c->name[e] != NULL && c->name[e][0] == '\0')
			c->name[e] = NULL;
		c->size[e] = shopper_get_f64(r);
		shopper_get_f64s(r, c->centre + (int64_t) e * d, d);
		sound &= id > (e > 0 ? (uint64_t) c->id[e - 1] : 0) && id <= INT32_MAX && c->size[e] >= 0 && all_finite(&c->size[e], 1);
		c->id[e] = sound ? (int32_t) id : e + 1;
	}
	sound &= all_finite(c->centre, k * d) && all_finite(c->mean, d) && all_finite(c->deviation, d);
	if (r->failed || !sound)
		return r->env->status != SHOPPER_OK ? r->env->status : shopper_bad_bytes(r->env, "a cluster is damaged");
	model->state = *clusters = c;
	return SHOPPER_OK;
}

void
shopper_clusters_describe(const ShopperModel *model, void (*add) (void *ctx, const char *key, double value), void *ctx)
{
	const ShopperClusters *c = model->state;

	add(ctx, "clusters", c->k);
	add(ctx, "in_no_cluster", c->noise);
}

/* ---- questions ---- */

int
shopper_cluster_find(const ShopperClusters *c, int64_t id)
{
	for (int e = 0; e < c->k; e++)
		if (c->id[e] == id)
			return e;
	return -1;
}

int
shopper_clusters_nearest(const ShopperModel *model, const double *x)
{
	const ShopperClusters *c = model->state;
	double		least = INFINITY;
	int			best = 0;

	for (int e = 0; e < c->k; e++)
	{
		double		distance = shopper_squared_distance(x, c->centre + (int64_t) e * c->d, c->d);

		if (distance < least)
		{
			least = distance;
			best = e;
		}
	}
	return best;
}

int
shopper_cluster_assign(const ShopperModel *model, const double *x)
{
	return model->learner->clusterer->assign(model, x);
}

void
shopper_cluster_membership(const ShopperModel *model, const double *x, double *p)
{
	const ShopperClusters *c = model->state;
	int			own;

	if (model->learner->clusterer->membership != NULL)
	{
		model->learner->clusterer->membership(model, x, p);
		return;
	}
	memset(p, 0, (size_t) c->k * sizeof(double));
	own = shopper_cluster_assign(model, x);
	if (own >= 0)
		p[own] = 1;
}

double
shopper_cluster_distance(const ShopperModel *model, const double *x)
{
	const ShopperClusters *c = model->state;
	int			own = shopper_cluster_assign(model, x);
	double		least = INFINITY;

	for (int e = 0; e < c->k; e++)
		if (own < 0 || e == own)
			least = fmin(least, shopper_squared_distance(x, c->centre + (int64_t) e * c->d, c->d));
	return sqrt(least);
}

void
shopper_clusters_predict(const ShopperModel *model, const double *dense, const int32_t *lookup, double *out)
{
	const ShopperClusters *c = model->state;
	double		x[SHOPPER_MAX_WIDTH];

	shopper_point(model->spec, dense, lookup, c->category_weight, x);
	out[0] = shopper_cluster_assign(model, x);
}

typedef struct Labelling
{
	ShopperEnv *env;
	const ShopperModel *model;
	const ShopperPointSet *p;
	int32_t    *label;
} Labelling;

#define SHARDS 128

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
		for (int j = 0; j < l->p->d; j++)
			x[j] = *shopper_coordinate(l->p, i, j);
		l->label[i] = shopper_cluster_assign(l->model, x);
	}
}

ShopperStatus
shopper_clusters_label(ShopperEnv *env, const ShopperModel *model, const ShopperPointSet *p, int32_t *label)
{
	Labelling	l = {env, model, p, label};

	shopper_parallel(env, SHARDS, label_shard, &l);
	return shopper_poll(env);
}
