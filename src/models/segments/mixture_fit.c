/*
 * mixture_fit.c: EM; see mixture.h.
 *
 * Sums of a step are taken around the means of the step before, so covariances lose no
 * digits. Each shard adds up its own rows, shards are added in their order.
 */
#include <math.h>
#include <string.h>

#include "../../core/dense.h"
#include "../../core/hash.h"
#include "../../core/simd.h"
#include "../../core/threads.h"
#include "lloyd.h"
#include "mixture.h"

#define START_ROWS 20000		/* of more rows, the starts are tried on the first ones, a random sample */

/* A step over the rows: responsibilities, and their sums by shard. */
typedef struct Step
{
	ShopperEnv *env;
	const ShopperPointSet *p;
	const ShopperMixture *m;
	const int32_t *label;		/* the first step: all of a row goes to its cluster of k-means; else NULL */
	int			shards;
	int64_t		each;			/* doubles of a shard, eight lanes of: for each component 1, d, and the products (triangle, or d) */
	int64_t		products;
	double	   *sum;			/* (shards, each, 8) */
	double	   *likelihood;		/* (shards) */
	double	   *scratch;		/* (shards, d + k, 8) */
	double	   *total;			/* (each) of all shards */
} Step;

/* Logs of densities to weighted responsibilities in place; the log likelihood of the tile's rows. */
static double
respond(const Step *s, int64_t tile, double *p)
{
	double		sum = 0;

	for (int r = 0; r < SHOPPER_TILE; r++)
	{
		int64_t		i = tile * SHOPPER_TILE + r;
		double		weight = i >= s->p->n ? 0 : s->p->weight != NULL ? s->p->weight[i] : 1,
					most = -INFINITY,
					total = 0;

		if (s->label != NULL || weight == 0)
		{
			for (int c = 0; c < s->m->k; c++)
				p[c * SHOPPER_TILE + r] = weight > 0 && s->label[i] == c ? weight : 0;
			continue;
		}
		for (int c = 0; c < s->m->k; c++)
			most = fmax(most, p[c * SHOPPER_TILE + r]);
		for (int c = 0; c < s->m->k; c++)
			total += p[c * SHOPPER_TILE + r] = exp(p[c * SHOPPER_TILE + r] - most);
		for (int c = 0; c < s->m->k; c++)
			p[c * SHOPPER_TILE + r] *= weight / total;
		sum += weight * (most + log(total));
	}
	return sum;
}

/* Add a tile to the sums of a shard. */
SHOPPER_CLONES static void
add_tile(const Step *s, const double *tile, const double *p, double *gap, double *sum)
{
	int			d = s->p->d;
	bool		triangle = s->m->covariance <= SHOPPER_COVARIANCE_TIED;
	ShopperDouble8 *to = (ShopperDouble8 *) sum,
			   *g = (ShopperDouble8 *) gap;

	for (int c = 0; c < s->m->k; c++)
	{
		ShopperDouble8 r = *(const ShopperDouble8 *) (p + (int64_t) c * SHOPPER_TILE);
		const double *mean = s->m->mean + (int64_t) c * d;

		*to++ += r;
		for (int j = 0; j < d; j++)
		{
			g[j] = *(const ShopperDouble8 *) (tile + (int64_t) j * SHOPPER_TILE) - mean[j];
			*to++ += r * g[j];
		}
		for (int j = 0; j < d; j++)
		{
			ShopperDouble8 part = r * g[j];

			if (triangle)
				for (int i = 0; i <= j; i++)
					*to++ += part * g[i];
			else
				*to++ += part * g[j];
		}
	}
}

static void
step_shard(void *arg, int shard)
{
	Step	   *s = arg;
	double	   *sum = s->sum + (int64_t) shard * s->each * SHOPPER_TILE,
			   *gap = s->scratch + (int64_t) shard * (s->p->d + s->m->k) * SHOPPER_TILE,
			   *p = gap + (int64_t) s->p->d * SHOPPER_TILE;
	int64_t		from,
				to;

	shopper_shard_range(s->p->n_tiles, s->shards, shard, &from, &to);
	memset(sum, 0, (size_t) s->each * SHOPPER_TILE * sizeof(double));
	s->likelihood[shard] = 0;
	for (int64_t tile = from; tile < to && !(tile % 16 == 0 && shopper_stopped(s->env)); tile++)
	{
		const double *x = s->p->x + tile * s->p->d * SHOPPER_TILE;

		if (s->label == NULL)
			shopper_mixture_log_densities(s->m, x, gap, p);
		s->likelihood[shard] += respond(s, tile, p);
		add_tile(s, x, p, gap, sum);
	}
}

/* The sums over all rows; *likelihood: their log likelihood under the mixture as it is. */
static ShopperStatus
step(Step *s, double *likelihood)
{
	shopper_parallel(s->env, s->shards, step_shard, s);
	SHOPPER_TRY(shopper_poll(s->env));
	*likelihood = 0;
	memset(s->total, 0, (size_t) s->each * sizeof(double));
	for (int shard = 0; shard < s->shards; shard++)
	{
		const ShopperDouble8 *sum = (const ShopperDouble8 *) (s->sum + (int64_t) shard * s->each * SHOPPER_TILE);

		for (int64_t i = 0; i < s->each; i++)
			s->total[i] += shopper_sum8(sum[i]);
		*likelihood += s->likelihood[shard];
	}
	return SHOPPER_OK;
}

/* ---- from sums to a mixture ---- */

static ShopperStatus
singular(ShopperEnv *env)
{
	shopper_fail(env, SHOPPER_BAD_DATA, "the covariance of a component is singular");
	shopper_hint(env, "Raise the option regularization, ask for fewer clusters, or use covariance => 'diagonal'.");
	return env->status;
}

/* Cholesky factor of covariance sums (triangle by rows) / n. */
static ShopperStatus
factorize(ShopperEnv *env, const double *sums, double n, double regularization, int d, double *l)
{
	memset(l, 0, (size_t) d * (size_t) d * sizeof(double));
	for (int j = 0; j < d; j++)
	{
		for (int i = 0; i <= j; i++)
			l[(int64_t) j * d + i] = *sums++ / n;
		l[(int64_t) j * d + j] += regularization;
	}
	if (shopper_cholesky(env, l, d, 1e-14, NULL, NULL) != SHOPPER_OK)
		return env->status == SHOPPER_BAD_DATA ? singular(env) : env->status;
	for (int j = 0; j < d; j++)
		for (int i = j + 1; i < d; i++)
			l[(int64_t) j * d + i] = 0;
	return SHOPPER_OK;
}

static ShopperStatus
set_factor(ShopperEnv *env, const ShopperMixturePlan *plan, int c, const double *products, double n, ShopperMixture *m)
{
	int			d = m->d;
	int64_t		width = m->covariance == SHOPPER_COVARIANCE_DIAGONAL ? d : 1;
	double		mean = 0;

	switch (m->covariance)
	{
		case SHOPPER_COVARIANCE_FULL:
			return factorize(env, products, n, plan->regularization, d, m->factor + (int64_t) c * d * d);
		case SHOPPER_COVARIANCE_TIED:	/* after the last component */
			return SHOPPER_OK;
		case SHOPPER_COVARIANCE_DIAGONAL:
			for (int j = 0; j < d; j++)
				m->factor[(int64_t) c * d + j] = sqrt(fmax(products[j] / n, 0) + plan->regularization);
			break;
		case SHOPPER_COVARIANCE_SPHERICAL:
			for (int j = 0; j < d; j++)
				mean += (fmax(products[j] / n, 0) + plan->regularization) / d;
			m->factor[c] = sqrt(mean);
			break;
	}
	for (int64_t j = c * width; j < (c + 1) * width; j++)
		if (!(m->factor[j] > 0))
			return singular(env);
	return SHOPPER_OK;
}

/* Weights, means and covariances from the sums of a step; a component without rows stays where it is. */
static ShopperStatus
maximize(ShopperEnv *env, Step *s, const ShopperMixturePlan *plan, ShopperMixture *m)
{
	int			d = m->d;
	double		all = 0,
			   *at = s->total,
			   *tied;
	bool		triangle = m->covariance <= SHOPPER_COVARIANCE_TIED;

	SHOPPER_NEW0(env, tied, s->products);
	for (int c = 0; c < m->k; c++)
		all += s->total[c * (1 + d + s->products)];
	for (int c = 0; c < m->k; c++, at += 1 + d + s->products)
	{
		double		n = at[0],
				   *gap = at + 1,
				   *products = at + 1 + d,
				   *next = products;

		m->weight[c] = n / all;
		if (!(n > 1e-10 * all / m->k))
			continue;
		for (int j = 0; j < d; j++)
		{
			gap[j] /= n;
			m->mean[(int64_t) c * d + j] += gap[j];
			if (triangle)
				for (int i = 0; i <= j; i++)
					*next++ -= n * gap[j] * gap[i];
			else
				*next++ -= n * gap[j] * gap[j];
		}
		for (int64_t i = 0; i < s->products; i++)
			tied[i] += products[i];
		SHOPPER_TRY(set_factor(env, plan, c, products, n, m));
	}
	if (m->covariance == SHOPPER_COVARIANCE_TIED)
		SHOPPER_TRY(factorize(env, tied, all, plan->regularization, d, m->factor));
	shopper_mixture_finish(m);
	shopper_release(env, tied);
	return SHOPPER_OK;
}

/* ---- the fit ---- */

static ShopperStatus
open_step(ShopperEnv *env, const ShopperPointSet *p, const ShopperMixture *m, Step *s)
{
	int64_t		d = p->d;

	*s = (Step) {.env = env,.p = p,.m = m};
	s->products = m->covariance <= SHOPPER_COVARIANCE_TIED ? d * (d + 1) / 2 : d;
	s->each = m->k * (1 + d + s->products);
	s->shards = shopper_tile_shards(p, s->each * SHOPPER_TILE);
	SHOPPER_NEW(env, s->sum, s->shards * s->each * SHOPPER_TILE);
	SHOPPER_NEW(env, s->likelihood, s->shards);
	SHOPPER_NEW0(env, s->scratch, s->shards * (d + m->k) * SHOPPER_TILE);
	SHOPPER_NEW(env, s->total, s->each);
	return SHOPPER_OK;
}

static void
close_step(ShopperEnv *env, Step *s)
{
	shopper_release(env, s->sum);
	shopper_release(env, s->likelihood);
	shopper_release(env, s->scratch);
	shopper_release(env, s->total);
}

static double
sum_of_weights(const ShopperPointSet *p)
{
	double		sum = 0;

	for (int64_t i = 0; p->weight != NULL && i < p->n; i++)
		sum += p->weight[i];
	return p->weight != NULL ? sum : (double) p->n;
}

/* EM from labels (NULL: from the mixture as it is). */
static ShopperStatus
climb(ShopperEnv *env, const ShopperPointSet *p, const ShopperMixturePlan *plan, const int32_t *label, ShopperMixture *m, ShopperMixtureFit *fit)
{
	Step		s;
	double		likelihood,
				rows = sum_of_weights(p);

	SHOPPER_TRY(open_step(env, p, m, &s));
	if (label != NULL)
	{
		s.label = label;
		SHOPPER_TRY(step(&s, &likelihood));
		SHOPPER_TRY(maximize(env, &s, plan, m));
		s.label = NULL;
	}
	fit->log_likelihood = -INFINITY;
	fit->converged = false;
	for (fit->iterations = 0; fit->iterations <= plan->max_iterations; fit->iterations++)
	{
		SHOPPER_TRY(step(&s, &likelihood));
		likelihood /= rows;
		fit->converged = likelihood - fit->log_likelihood < plan->tolerance;
		fit->log_likelihood = likelihood;
		if (fit->converged || fit->iterations == plan->max_iterations)
			break;
		SHOPPER_TRY(maximize(env, &s, plan, m));
		shopper_progress(env, "mixture", fit->iterations + 1, plan->max_iterations, -likelihood);
	}
	close_step(env, &s);
	return SHOPPER_OK;
}

/* Start 0: the best k-means; the others: few iterations from other centres, so that they differ. */
static ShopperStatus
start_from_clusters(ShopperEnv *env, const ShopperPointSet *p, const ShopperMixturePlan *plan, int start, ShopperMixture *m, ShopperKmeans *r)
{
	ShopperKmeansPlan means = {.k = plan->k,.starts = start == 0 ? 10 : 1,.max_iterations = start == 0 ? 100 : start % 4,
	.tolerance = 1e-4,.seed = shopper_hash_add(plan->seed, 1000 + (uint64_t) start)};

	if (means.max_iterations == 0)
		means.max_iterations = 100;
	SHOPPER_TRY(shopper_kmeans(env, p, &means, r));
	if (r->k < plan->k)
	{
		shopper_fail(env, SHOPPER_BAD_DATA, "there are only %d different rows for %d clusters", r->k, plan->k);
		return env->status;
	}
	memcpy(m->mean, r->centre, (size_t) plan->k * (size_t) p->d * sizeof(double));
	return SHOPPER_OK;
}

static ShopperStatus
best_start(ShopperEnv *env, const ShopperPointSet *p, const ShopperMixturePlan *plan, ShopperMixture *best, ShopperMixtureFit *best_fit)
{
	ShopperMixture trial;
	ShopperMixtureFit fit;

	best_fit->log_likelihood = -INFINITY;
	SHOPPER_TRY(shopper_mixture_make(env, plan->k, p->d, plan->covariance, best));
	SHOPPER_TRY(shopper_mixture_make(env, plan->k, p->d, plan->covariance, &trial));
	for (int start = 0; start < plan->starts; start++)
	{
		ShopperKmeans r;

		SHOPPER_TRY(start_from_clusters(env, p, plan, start, &trial, &r));
		SHOPPER_TRY(climb(env, p, plan, r.label, &trial, &fit));
		shopper_release(env, r.centre);
		shopper_release(env, r.label);
		shopper_release(env, r.shift);
		if (fit.log_likelihood > best_fit->log_likelihood)
		{
			ShopperMixture swap = *best;

			*best = trial;
			trial = swap;
			*best_fit = fit;
		}
	}
	shopper_mixture_release(env, &trial);
	return SHOPPER_OK;
}

ShopperStatus
shopper_mixture_fit(ShopperEnv *env, const ShopperPointSet *p, const ShopperMixturePlan *plan, ShopperMixture *m, ShopperMixtureFit *fit)
{
	ShopperPointSet sample = *p;

	if (p->d > SHOPPER_MIXTURE_WIDTH)
	{
		shopper_fail(env, SHOPPER_LIMIT, "the rows have %d columns after encoding, at most %d are possible", p->d, SHOPPER_MIXTURE_WIDTH);
		shopper_hint(env, "Lower max_levels, or leave columns out with exclude.");
		return env->status;
	}
	if (p->n > START_ROWS)
	{
		sample.n = START_ROWS;
		sample.n_tiles = START_ROWS / SHOPPER_TILE;
	}
	SHOPPER_TRY(best_start(env, &sample, plan, m, fit));
	return p->n > START_ROWS ? climb(env, p, plan, NULL, m, fit) : SHOPPER_OK;
}
