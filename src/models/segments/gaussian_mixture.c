/*
 * gaussian_mixture.c: the learner: clusters as normal distributions, with probabilities
 * for each row. The cluster of a row is the most probable one.
 *
 * Memory: 8 bytes a coordinate, 8 bytes a row.
 */
#include <math.h>
#include <string.h>

#include "../../core/threads.h"
#include "mixture.h"
#include "segments.h"

#define MAX_K 1000
#define SHARDS 128
#define CHOOSING_STARTS 3

static const ShopperOption options[] = {
	{"k", SHOPPER_INTEGER, NULL, 1, MAX_K, false, NULL, "number of clusters; the one of the least BIC between k_min and k_max when not set"},
	{"covariance", SHOPPER_CHOICE, "full", 0, 0, false, "full,tied,diagonal,spherical", "of each cluster: any; the same for all; of columns that do not depend on each other; round"},
	{"starts", SHOPPER_INTEGER, "5", 1, 1000, false, NULL, "fits from different clusters of k-means, the most likely one counts"},
	{"max_iterations", SHOPPER_INTEGER, "500", 1, 100000, false, NULL, "most iterations of a fit"},
	{"tolerance", SHOPPER_NUMBER, "1e-7", 0, 1, false, NULL, "a fit ends when the mean log likelihood grows by less"},
	{"regularization", SHOPPER_NUMBER, "1e-6", 0, 1e6, false, NULL, "added to all variances, in the scale of the model"},
	{"k_min", SHOPPER_INTEGER, "1", 1, 100, false, NULL, "fewest clusters to try when k is not set"},
	{"k_max", SHOPPER_INTEGER, "8", 1, 100, false, NULL, "most clusters to try when k is not set"},
	{NULL}
};

static double
bic(const ShopperMixture *m, double log_likelihood, double n)
{
	return -2 * log_likelihood * n + shopper_mixture_parameters(m) * log(n);
}

static ShopperStatus
choose(ShopperEnv *env, ShopperModel *model, const ShopperPointSet *p, const ShopperMixturePlan *plan, int *k)
{
	ShopperMixturePlan trial = *plan;
	int			k_min = (int) shopper_option_integer(&model->options, "k_min"),
				k_max = (int) shopper_option_integer(&model->options, "k_max");
	double		least = INFINITY;

	if (k_min > k_max)
		return shopper_fail(env, SHOPPER_BAD_OPTION, "option \"k_max\" must be at least k_min = %d, got %d", k_min, k_max);
	SHOPPER_TRY(shopper_clusters_check(env, k_min, p->n));
	trial.starts = plan->starts < CHOOSING_STARTS ? plan->starts : CHOOSING_STARTS;
	for (trial.k = k_min; trial.k <= k_max && trial.k <= p->n; trial.k++)
	{
		ShopperMixture m;
		ShopperMixtureFit fit;
		double		value;

		SHOPPER_TRY(shopper_mixture_fit(env, p, &trial, &m, &fit));
		value = bic(&m, fit.log_likelihood, (double) p->n);
		shopper_mixture_release(env, &m);
		SHOPPER_TRY(shopper_add_step(env, model, trial.k, "bic", value));
		if (value < least)
		{
			least = value;
			*k = trial.k;
		}
	}
	return SHOPPER_OK;
}

/* ---- labels ---- */

static int
most_likely(const ShopperMixture *m, const double *log_density, int r)
{
	int			best = 0;

	for (int c = 1; c < m->k; c++)
		if (log_density[c * SHOPPER_TILE + r] > log_density[best * SHOPPER_TILE + r])
			best = c;
	return best;
}

typedef struct Labelling
{
	ShopperEnv *env;
	const ShopperPointSet *p;
	const ShopperMixture *m;
	int32_t    *label;
} Labelling;

static void
label_shard(void *arg, int shard)
{
	Labelling  *l = arg;
	double		scratch[SHOPPER_MIXTURE_WIDTH * SHOPPER_TILE],
				out[MAX_K * SHOPPER_TILE];
	int64_t		from,
				to;

	shopper_shard_range(l->p->n_tiles, SHARDS, shard, &from, &to);
	for (int64_t tile = from; tile < to && !shopper_stopped(l->env); tile++)
	{
		shopper_mixture_log_densities(l->m, l->p->x + tile * l->p->d * SHOPPER_TILE, scratch, out);
		for (int r = 0; r < SHOPPER_TILE && tile * SHOPPER_TILE + r < l->p->n; r++)
			l->label[tile * SHOPPER_TILE + r] = most_likely(l->m, out, r);
	}
}

/* Components that are the most likely one of no row go: a cluster has rows. */
static ShopperStatus
drop_empty(ShopperEnv *env, ShopperMixture *m, const ShopperPointSet *p, int32_t *label)
{
	int64_t		each = shopper_mixture_factors(m) / (m->covariance == SHOPPER_COVARIANCE_TIED ? 1 : m->k);
	int64_t    *rows;
	int32_t    *new;
	int			kept = 0;
	double		total = 0;

	SHOPPER_NEW0(env, rows, m->k);
	SHOPPER_NEW(env, new, m->k);
	for (int64_t i = 0; i < p->n; i++)
		rows[label[i]]++;
	for (int c = 0; c < m->k; c++)
	{
		new[c] = kept;
		if (rows[c] == 0)
			continue;
		m->weight[kept] = m->weight[c];
		memmove(m->mean + (int64_t) kept * m->d, m->mean + (int64_t) c * m->d, (size_t) m->d * sizeof(double));
		if (m->covariance != SHOPPER_COVARIANCE_TIED)
			memmove(m->factor + kept * each, m->factor + c * each, (size_t) each * sizeof(double));
		total += m->weight[kept++];
	}
	if (kept < m->k)
	{
		shopper_notice(env, "%d of %d components are the most likely one of no row and are left out", m->k - kept, m->k);
		for (int64_t i = 0; i < p->n; i++)
			label[i] = new[label[i]];
		m->k = kept;
		for (int c = 0; c < kept; c++)
			m->weight[c] /= total;
		shopper_mixture_finish(m);
	}
	shopper_release(env, rows);
	shopper_release(env, new);
	return SHOPPER_OK;
}

static ShopperCovariance
covariance_of(const ShopperOptions *o)
{
	return shopper_option_is(o, "covariance", "tied") ? SHOPPER_COVARIANCE_TIED
		: shopper_option_is(o, "covariance", "diagonal") ? SHOPPER_COVARIANCE_DIAGONAL
		: shopper_option_is(o, "covariance", "spherical") ? SHOPPER_COVARIANCE_SPHERICAL : SHOPPER_COVARIANCE_FULL;
}

static ShopperStatus
train(ShopperEnv *env, ShopperModel *model, ShopperTable *t, const ShopperModel *previous)
{
	const ShopperOptions *o = &model->options;
	ShopperMixturePlan plan = {
		.k = (int) shopper_option_integer(o, "k"),
		.covariance = covariance_of(o),
		.starts = (int) shopper_option_integer(o, "starts"),
		.max_iterations = (int) shopper_option_integer(o, "max_iterations"),
		.tolerance = shopper_option_number(o, "tolerance"),
		.regularization = shopper_option_number(o, "regularization"),
		.seed = env->seed
	};
	ShopperPointSet p;
	ShopperMixtureFit fit;
	ShopperMixture *m;
	Labelling	l = {.env = env,.p = &p};
	double		n,
				parameters;

	SHOPPER_TRY(shopper_clusters_points(model, t, &p));
	n = (double) p.n;
	SHOPPER_TRY(shopper_clusters_check(env, plan.k, p.n));
	if (plan.k == 0)
		SHOPPER_TRY(choose(env, model, &p, &plan, &plan.k));
	SHOPPER_NEW0(env, m, 1);
	SHOPPER_TRY(shopper_mixture_fit(env, &p, &plan, m, &fit));
	parameters = shopper_mixture_parameters(m);
	SHOPPER_NEW(env, l.label, p.n);
	l.m = m;
	shopper_parallel(env, SHARDS, label_shard, &l);
	SHOPPER_TRY(shopper_poll(env));
	SHOPPER_TRY(drop_empty(env, m, &p, l.label));
	SHOPPER_TRY(shopper_clusters_make(env, model, &p, m->k, l.label, m->mean, m, previous));
	SHOPPER_TRY(shopper_add_metric(env, model, "train", "rows", n));
	SHOPPER_TRY(shopper_add_metric(env, model, "train", "log_likelihood", fit.log_likelihood * n));
	SHOPPER_TRY(shopper_add_metric(env, model, "train", "mean_log_likelihood", fit.log_likelihood));
	SHOPPER_TRY(shopper_add_metric(env, model, "train", "bic", -2 * fit.log_likelihood * n + parameters * log(n)));
	SHOPPER_TRY(shopper_add_metric(env, model, "train", "aic", -2 * fit.log_likelihood * n + parameters * 2));
	SHOPPER_TRY(shopper_add_metric(env, model, "train", "iterations", fit.iterations));
	return shopper_add_metric(env, model, "train", "converged", fit.converged);
}

/* ---- answers ---- */

/* Log densities (k)(8) of one point, in lane 0. */
static const ShopperMixture *
ask(const ShopperModel *model, const double *x, double *out)
{
	const ShopperMixture *m = shopper_clusters_of(model)->own;
	double		tile[SHOPPER_MIXTURE_WIDTH * SHOPPER_TILE],
				scratch[SHOPPER_MIXTURE_WIDTH * SHOPPER_TILE];

	for (int j = 0; j < m->d; j++)
		for (int r = 0; r < SHOPPER_TILE; r++)
			tile[j * SHOPPER_TILE + r] = x[j];
	shopper_mixture_log_densities(m, tile, scratch, out);
	return m;
}

static int
assign(const ShopperModel *model, const double *x)
{
	double		out[MAX_K * SHOPPER_TILE];

	return most_likely(ask(model, x, out), out, 0);
}

static void
membership(const ShopperModel *model, const double *x, double *p)
{
	double		out[MAX_K * SHOPPER_TILE];
	const ShopperMixture *m = ask(model, x, out);
	double		most = out[most_likely(m, out, 0) * SHOPPER_TILE],
				total = 0;

	for (int c = 0; c < m->k; c++)
	{
		double		gap = out[c * SHOPPER_TILE] - most;

		total += p[c] = gap == gap ? exp(gap) : 1;	/* a row so far away that all densities are 0: no cluster is likelier */
	}
	for (int c = 0; c < m->k; c++)
		p[c] /= total;
}

static ShopperStatus
renumber(ShopperEnv *env, ShopperClusters *c, const int *from)
{
	ShopperMixture *m = c->own,
				new;
	int64_t		each = shopper_mixture_factors(m) / (m->covariance == SHOPPER_COVARIANCE_TIED ? 1 : m->k);

	SHOPPER_TRY(shopper_mixture_make(env, m->k, m->d, m->covariance, &new));
	if (m->covariance == SHOPPER_COVARIANCE_TIED)
		memcpy(new.factor, m->factor, (size_t) each * sizeof(double));
	for (int e = 0; e < m->k; e++)
	{
		new.weight[e] = m->weight[from[e]];
		memcpy(new.mean + (int64_t) e * m->d, m->mean + (int64_t) from[e] * m->d, (size_t) m->d * sizeof(double));
		if (m->covariance != SHOPPER_COVARIANCE_TIED)
			memcpy(new.factor + e * each, m->factor + from[e] * each, (size_t) each * sizeof(double));
	}
	shopper_mixture_release(env, m);
	*m = new;
	shopper_mixture_finish(m);
	return SHOPPER_OK;
}

/* ---- stored form: means are the centres of the clusters ---- */

static void
encode(const ShopperModel *model, ShopperWriter *w)
{
	const ShopperMixture *m = shopper_clusters_of(model)->own;

	shopper_clusters_encode(model->state, w);
	shopper_put_f64s(w, m->weight, m->k);
	shopper_put_f64s(w, m->factor, shopper_mixture_factors(m));
}

/* Whether deviations, or the diagonals of the factors, are above 0 and all is finite. */
static bool
sound(const ShopperMixture *m)
{
	int64_t		n = shopper_mixture_factors(m),
				step = m->covariance <= SHOPPER_COVARIANCE_TIED ? m->d + 1 : 1;
	bool		good = true;

	for (int c = 0; c < m->k; c++)
		good &= m->weight[c] >= 0 && m->weight[c] <= 1;
	for (int64_t i = 0; i < n; i++)
		good &= m->factor[i] - m->factor[i] == 0;
	for (int64_t i = 0; i < n; i++)
	{
		int64_t		inside = m->covariance <= SHOPPER_COVARIANCE_TIED ? i % ((int64_t) m->d * m->d) : i;

		if (inside % step == 0)
			good &= m->factor[i] > 0;
	}
	return good;
}

static ShopperStatus
decode(ShopperModel *model, ShopperReader *r)
{
	ShopperClusters *c;
	ShopperMixture *m,
				size;

	SHOPPER_TRY(shopper_clusters_decode(model, r, &c));
	size = (ShopperMixture) {.covariance = covariance_of(&model->options),.k = c->k,.d = c->d};
	if (c->k < 1 || c->k > MAX_K || c->d < 1 || c->d > SHOPPER_MIXTURE_WIDTH || r->end - r->next < (c->k + shopper_mixture_factors(&size)) * 8)
		return shopper_bad_bytes(r->env, "its components are cut off");
	SHOPPER_NEW0(r->env, m, 1);
	SHOPPER_TRY(shopper_mixture_make(r->env, c->k, c->d, size.covariance, m));
	memcpy(m->mean, c->centre, (size_t) c->k * (size_t) c->d * sizeof(double));
	shopper_get_f64s(r, m->weight, m->k);
	shopper_get_f64s(r, m->factor, shopper_mixture_factors(m));
	if (r->failed || !sound(m))
		return shopper_bad_bytes(r->env, "a component is damaged");
	shopper_mixture_finish(m);
	c->own = m;
	return SHOPPER_OK;
}

static const ShopperClusterer clusterer = {.assign = assign,.membership = membership,.renumber = renumber};

const ShopperLearner shopper_learner_gaussian_mixture = {
	.number = 27,
	.name = "gaussian_mixture",
	.help = "mixture of normal distributions: clusters with probabilities",
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
