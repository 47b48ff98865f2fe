/*
 * boost_fit.c: the rounds of gradient boosting (Friedman 2001; Chen and Guestrin 2016).
 *
 * Memory besides the training table: a byte a cell (two for categories of more than
 * 255 levels), as much again or less for lines (lines.h), 28 bytes a row (score 8,
 * gradient and hessian 8, packed 4, row numbers 8), 8 more a row for each class beyond two
 * and once for the softmax, 16 more with absolute and quantile loss, and histograms of at
 * most SHOPPER_BOOST_HISTOGRAM_BYTES.
 */
#include <math.h>
#include <string.h>

#include "../../core/hash.h"
#include "../../core/simd.h"
#include "../../core/threads.h"
#include "boost.h"

#define SHARDS 64
#define WINDOW 250000			/* rows of a pass between two polls: some 9 ms on one core */

#define MOST_UNITS 32767		/* of a row; less when the sum of all rows could pass 2^31 */
#define ROW_STREAM 3000000000ULL
#define COLUMN_STREAM 4000000000ULL

typedef struct Pass
{
	ShopperBoostFit *fit;
	int			output;
	int64_t		from;
	int64_t		to;
	bool		tops;			/* the softmax's, else slopes */
	ShopperBoostSums sums[SHARDS];
	int64_t		sum[SHARDS];
	uint32_t	seed;
	int			most_units;
} Pass;

/* ---- passes over rows ---- */

static ShopperStatus
over_rows(Pass *p, int64_t from, int64_t to, ShopperShardFn fn, ShopperBoostSums *total)
{
	if (total != NULL)
		memset(total, 0, sizeof(*total));
	for (p->from = from; p->from < to; p->from = p->to)
	{
		p->to = p->from + WINDOW < to ? p->from + WINDOW : to;
		memset(p->sums, 0, sizeof(p->sums));
		shopper_parallel(p->fit->env, SHARDS, fn, p);
		for (int s = 0; total != NULL && s < SHARDS; s++)
		{
			total->loss += p->sums[s].loss;
			total->weight += p->sums[s].weight;
			total->most_gradient = fmaxf(total->most_gradient, p->sums[s].most_gradient);
			total->most_hessian = fmaxf(total->most_hessian, p->sums[s].most_hessian);
		}
		SHOPPER_TRY(shopper_poll(p->fit->env));
	}
	return SHOPPER_OK;
}

static void
slope_shard(void *arg, int shard)
{
	Pass	   *p = arg;
	int64_t		from,
				to;

	shopper_shard_range(p->to - p->from, SHARDS, shard, &from, &to);
	if (p->tops)
		shopper_boost_top(p->fit, p->from + from, p->from + to, &p->sums[shard]);
	else
		shopper_boost_slope(p->fit, p->output, p->from + from, p->from + to, &p->sums[shard]);
}

/* Gradients of one output, or the softmax's denominators, of rows [from, to). */
static ShopperStatus
slopes(ShopperBoostFit *fit, bool tops, int output, int64_t from, int64_t to, ShopperBoostSums *total)
{
	Pass		p = {.fit = fit,.output = output,.tops = tops};

	return over_rows(&p, from, to, slope_shard, total);
}

/* Two bijections of 32 bits with good avalanche, enough to round by. */
static inline uint32_t
mix32(uint32_t x)
{
	x = (x ^ (x >> 16)) * 0x7feb352du;
	x = (x ^ (x >> 15)) * 0x846ca68bu;
	return x ^ (x >> 16);
}

/* Round up or down at random, so that the mean is right; the draw depends on the row alone. */
SHOPPER_CLONES static void
pack_rows(const float *slope, float per_gradient, float per_hessian, int most, uint32_t seed, int64_t from, int64_t to, uint32_t *packed)
{
	float		limit = (float) most;

	for (int64_t i = from; i < to; i++)
	{
		uint32_t	random = mix32((uint32_t) i * 0x9e3779b9u + seed);
		float		g = slope[2 * i] * per_gradient + (float) (int32_t) (random >> 16) * 0x1p-16f,
					h = slope[2 * i + 1] * per_hessian + (float) (int32_t) (random & 0xffff) * 0x1p-16f;
		int32_t		down;

		g = g < -limit ? -limit : g > limit ? limit : g;
		h = h > limit ? limit : h;
		down = (int32_t) (g + 32768.0f) - 32768;	/* towards minus infinity */
		packed[i] = (uint32_t) down << 16 | (uint32_t) (int32_t) h;
	}
}

static void
pack_shard(void *arg, int shard)
{
	Pass	   *p = arg;
	ShopperGrower *g = &p->fit->grower;
	int64_t		from,
				to,
				sum = 0;

	shopper_shard_range(p->to - p->from, SHARDS, shard, &from, &to);
	from += p->from;
	to += p->from;
	pack_rows(p->fit->slope, (float) (1 / g->gradient_unit), (float) (1 / g->hessian_unit), p->most_units, p->seed, from, to, g->packed);
	if (g->all_rows)
		for (int64_t i = from; i < to; i++)
		{
			g->rows[i] = (uint32_t) i;
			sum += shopper_unpack(g->packed[i]);
		}
	p->sum[shard] += sum;
}

/* ---- one tree ---- */

/* Each row with chance row_share, by a draw that depends on round and row alone. */
static ShopperStatus
draw_rows(ShopperBoostFit *fit, int64_t round)
{
	ShopperGrower *g = &fit->grower;

	g->n_rows = g->n;
	if (g->all_rows)
		return SHOPPER_OK;
	g->n_rows = 0;
	for (int64_t i = 0; i < g->n; i++)
	{
		g->rows[g->n_rows] = (uint32_t) i;
		g->n_rows += shopper_uniform(fit->env->seed, ROW_STREAM + (uint64_t) round, (uint64_t) i) < fit->row_share;
		if ((i & 0xfffff) == 0xfffff)
			SHOPPER_TRY(shopper_poll(fit->env));
	}
	if (g->n_rows == 0)			/* one row at least */
		g->rows[g->n_rows++] = (uint32_t) shopper_below(shopper_random(fit->env->seed, ROW_STREAM, (uint64_t) round), (uint64_t) g->n);
	return SHOPPER_OK;
}

static ShopperStatus
draw_columns(ShopperBoostFit *fit, uint64_t tree)
{
	ShopperGrower *g = &fit->grower;
	int			n = fit->bins.n_columns,
				wanted = (int) ceil(fit->column_share * n - 1e-9);
	uint32_t   *order;
	bool	   *in;

	if (n == 0 || (wanted >= n && g->n_used == n))
		return SHOPPER_OK;
	SHOPPER_NEW(fit->env, order, n);
	SHOPPER_NEW0(fit->env, in, n);
	for (int j = 0; j < n; j++)
		order[j] = (uint32_t) j;
	if (wanted < n)
		shopper_shuffle(order, n, fit->env->seed, COLUMN_STREAM + tree);
	for (int j = 0; j < wanted || j < 1; j++)
		in[order[j]] = true;
	g->n_used = 0;
	for (int j = 0; j < n; j++)
		if (in[j])
			g->used[g->n_used++] = j;
	shopper_release(fit->env, order);
	shopper_release(fit->env, in);
	return SHOPPER_OK;
}

/* Gradients as integers; *sum is that of all rows of the tree. */
static ShopperStatus
pack(ShopperBoostFit *fit, uint64_t tree, const ShopperBoostSums *most, int64_t *sum)
{
	ShopperGrower *g = &fit->grower;
	Pass		p = {.fit = fit,.seed = (uint32_t) shopper_random(fit->env->seed, 77, tree)};
	ShopperBoostLoss loss = fit->boost->loss;

	p.most_units = (int) (INT32_MAX / g->n < MOST_UNITS ? INT32_MAX / g->n : MOST_UNITS);
	g->counted = fit->t->weight == NULL &&
		(loss == SHOPPER_BOOST_SQUARED || loss == SHOPPER_BOOST_ABSOLUTE || loss == SHOPPER_BOOST_QUANTILE);
	g->gradient_unit = most->most_gradient > 1e-30f ? (double) most->most_gradient / p.most_units : 1;
	g->hessian_unit = g->counted ? 1 : most->most_hessian > 1e-30f ? (double) most->most_hessian / p.most_units : 1;
	g->most_hessian = g->counted ? 1 : p.most_units;
	SHOPPER_TRY(over_rows(&p, 0, g->n, pack_shard, NULL));
	*sum = 0;
	for (int s = 0; s < SHARDS; s++)
		*sum += p.sum[s];
	if (!g->all_rows)
		for (int64_t i = 0; i < g->n_rows; i++)
			*sum += shopper_unpack(g->packed[g->rows[i]]);
	return SHOPPER_OK;
}

/* Hand the grown tree to the ensemble. */
static ShopperStatus
keep_tree(ShopperBoostFit *fit, int output, const double *value, const double *cover)
{
	const ShopperGrower *g = &fit->grower;
	ShopperGrownNode *node;

	SHOPPER_NEW0(fit->env, node, g->n_nodes);
	for (int64_t k = 0; k < g->n_nodes; k++)
	{
		const ShopperGrowNode *from = &g->node[k];
		const ShopperBinColumn *c = from->left >= 0 ? &g->bins->column[from->split.column] : NULL;

		node[k] = (ShopperGrownNode) {.left = from->left,.right = from->right,.cover = cover[k],.value = &value[k]};
		if (c == NULL)
			continue;
		node[k].input = from->split.column;
		node[k].missing_left = from->split.missing_left;
		node[k].gain = from->split.gain;
		if (c->category)
			node[k].left_levels = g->words + from->levels;
		else
			node[k].threshold = from->split.bin < c->n_bins - 2 ? c->edge[from->split.bin] : INFINITY;
	}
	SHOPPER_TRY(shopper_ensemble_add(fit->env, fit->boost->trees.ensemble, node, (int) g->n_nodes, output));
	shopper_release(fit->env, node);
	return SHOPPER_OK;
}

static ShopperStatus
grow_one(ShopperBoostFit *fit, int64_t round, int output, const ShopperBoostSums *most)
{
	ShopperGrower *g = &fit->grower;
	uint64_t	tree = (uint64_t) round * (uint64_t) fit->boost->outputs + (uint64_t) output;
	int64_t		sum;
	double	   *value,
			   *cover;

	if (!isfinite(most->loss) || isinf(most->most_gradient) || isinf(most->most_hessian))
	{
		shopper_fail(fit->env, SHOPPER_BAD_DATA, "the loss grew beyond all numbers in round %lld", (long long) round);
		shopper_hint(fit->env, "Divide the target by a constant, or lower learning_rate.");
		return SHOPPER_BAD_DATA;
	}
	SHOPPER_TRY(draw_rows(fit, round));
	SHOPPER_TRY(draw_columns(fit, tree));
	SHOPPER_TRY(pack(fit, tree, most, &sum));
	SHOPPER_TRY(shopper_grow_tree(g, sum));
	SHOPPER_NEW0(fit->env, value, g->n_nodes);
	SHOPPER_NEW0(fit->env, cover, g->n_nodes);
	SHOPPER_TRY(shopper_boost_leaves(fit, output, value, cover));
	SHOPPER_TRY(keep_tree(fit, output, value, cover));
	SHOPPER_TRY(shopper_boost_update(fit, output, value));
	shopper_release(fit->env, value);
	shopper_release(fit->env, cover);
	return SHOPPER_OK;
}

/* ---- rounds ---- */

/* Losses of training and held-out rows; with a single output also the slopes of the next round. */
static ShopperStatus
measure(ShopperBoostFit *fit, ShopperBoostSums *train, ShopperBoostSums *held)
{
	bool		tops = fit->boost->loss == SHOPPER_BOOST_SOFTMAX;

	SHOPPER_TRY(slopes(fit, tops, 0, 0, fit->t->n_train, train));
	return slopes(fit, tops, 0, fit->t->n_train, fit->t->n, held);
}

static ShopperStatus
grow_round(ShopperBoostFit *fit, int64_t round, const ShopperBoostSums *most, bool *grew)
{
	*grew = false;
	for (int c = 0; c < fit->boost->outputs; c++)
	{
		ShopperBoostSums own = *most;

		if (fit->boost->loss == SHOPPER_BOOST_SOFTMAX)
			SHOPPER_TRY(slopes(fit, false, c, 0, fit->t->n_train, &own));
		SHOPPER_TRY(grow_one(fit, round, c, &own));
		*grew |= fit->grower.n_leaves > 1;
	}
	return SHOPPER_OK;
}

static ShopperStatus
start_scores(ShopperBoostFit *fit, const ShopperModel *previous)
{
	ShopperEnv *env = fit->env;
	const ShopperTable *t = fit->t;
	int			outputs = fit->boost->outputs;
	double	   *sum;

	SHOPPER_NEW(env, fit->score, outputs);
	for (int c = 0; c < outputs; c++)
	{
		SHOPPER_NEW(env, fit->score[c], t->n);
		for (int64_t i = 0; i < t->n; i++)
			fit->score[c][i] = fit->boost->base[c];
	}
	if (outputs > 1)
		SHOPPER_NEW(env, fit->top, t->n);
	SHOPPER_NEW(env, fit->slope, 2 * t->n);
	if (previous == NULL)
		return SHOPPER_OK;
	SHOPPER_TRY(shopper_ensemble_finish(env, fit->boost->trees.ensemble));
	SHOPPER_NEW(env, sum, 1024 * outputs);
	for (int64_t from = 0; from < t->n; from += 1024)
	{
		int64_t		to = from + 1024 < t->n ? from + 1024 : t->n;

		shopper_ensemble_sum_block(fit->boost->trees.ensemble, t, from, to, sum);
		for (int64_t i = from; i < to; i++)
			for (int c = 0; c < outputs; c++)
				fit->score[c][i] += sum[(i - from) * outputs + c];
		SHOPPER_TRY(shopper_poll(env));
	}
	shopper_release(env, sum);
	return SHOPPER_OK;
}

ShopperStatus
shopper_boost_fit(ShopperBoostFit *fit, const ShopperModel *previous)
{
	ShopperEnv *env = fit->env;
	const ShopperOptions *o = &fit->model->options;
	ShopperBoost *boost = fit->boost;
	int64_t		rounds = shopper_option_integer(o, "trees"),
				patience = shopper_option_integer(o, "early_stopping"),
				before = shopper_ensemble_trees(boost->trees.ensemble),
				beyond;			/* rounds after the best one */
	double		tolerance = shopper_option_number(o, "tolerance"),
				best = INFINITY;
	bool		grew = true,
				sampled = fit->row_share < 1 || fit->column_share < 1;
	ShopperBoostSums train,
				held;

	fit->grower.all_rows = fit->row_share >= 1;
	SHOPPER_TRY(start_scores(fit, previous));
	SHOPPER_TRY(measure(fit, &train, &held));
	for (int64_t round = 1; round <= rounds && (grew || sampled); round++)
	{
		SHOPPER_TRY(grow_round(fit, round, &train, &grew));
		SHOPPER_TRY(measure(fit, &train, &held));
		boost->rounds++;
		SHOPPER_TRY(shopper_add_step(env, fit->model, round, "train_loss", train.loss / train.weight));
		if (held.weight > 0)
			SHOPPER_TRY(shopper_add_step(env, fit->model, round, "validation_loss", held.loss / held.weight));
		shopper_progress(env, "boosting", round, rounds, train.loss / train.weight);
		if (patience == 0)
			continue;
		if (held.loss / held.weight < best - tolerance)
		{
			best = held.loss / held.weight;
			boost->best_round = round;
		}
		else if (round - boost->best_round >= patience)
			break;
	}
	beyond = patience > 0 ? (shopper_ensemble_trees(boost->trees.ensemble) - before) / boost->outputs - boost->best_round : 0;
	if (beyond > 0)
		shopper_ensemble_truncate(boost->trees.ensemble, before + boost->best_round * boost->outputs);
	else
		boost->fitted = fit->score;
	boost->rounds -= beyond;
	return shopper_ensemble_finish(env, boost->trees.ensemble);
}
