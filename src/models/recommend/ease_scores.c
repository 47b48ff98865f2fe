/* ease_scores.c: the answers of ease: sums of rows of B, for one user, a block of users, a basket. */
#include <math.h>
#include <string.h>

#include "../../core/dense.h"
#include "../../core/threads.h"
#include "best.h"
#include "ease.h"
#include "fold_in.h"

#define SHARDS 16				/* of a block of users */
#define CHUNK_COST 2e7			/* additions between polls */

/* ---- scores ---- */

/* What one item of a user gives to all. */
static void
add_item(const Ease *m, int64_t item, double weight, double *score)
{
	if (m->B != NULL)
	{
		shopper_add_floats(score, m->B + item * m->events.item.n, m->events.item.n, weight);
		return;
	}
	for (int64_t i = m->back.start[item]; i < m->back.start[item + 1]; i++)
		score[m->back.code[i]] += weight * m->back.weight[i];
}

static double
weight_of(const Ease *m, int64_t from, int64_t to)
{
	if (m->B != NULL)
		return m->B[from * m->events.item.n + to];
	for (int64_t i = m->lists.start[to]; i < m->lists.start[to + 1]; i++)
		if (m->lists.code[i] == from)
			return m->lists.weight[i];
	return 0;
}

static double
value_of(const Ease *m, int64_t line)
{
	return m->events.value != NULL ? m->events.value[line] : 1;
}

static ShopperStatus
ease_score_user(ShopperEnv *env, const ShopperModel *model, int64_t user, double *score)
{
	const Ease *m = model->state;
	const ShopperEvents *e = &m->events;

	memset(score, 0, (size_t) e->item.n * sizeof(double));
	for (int64_t i = e->seen_start[user]; i < e->seen_start[user + 1]; i++)
	{
		add_item(m, e->seen[i], value_of(m, i), score);
		if (i % 64 == 0)
			SHOPPER_TRY(shopper_poll(env));
	}
	return SHOPPER_OK;
}

static ShopperStatus
ease_score_basket(ShopperEnv *env, const ShopperModel *model, const ShopperLine *line, int64_t n, double *score)
{
	const Ease *m = model->state;

	memset(score, 0, (size_t) m->events.item.n * sizeof(double));
	for (int64_t i = 0; i < n; i++)
	{
		add_item(m, line[i].code, line[i].value, score);
		if (i % 64 == 0)
			SHOPPER_TRY(shopper_poll(env));
	}
	return SHOPPER_OK;
}

/* ---- blocks of users: each by one thread ---- */

typedef struct Block
{
	const Ease *m;
	const ShopperUserBlock *users;
	int64_t		from,			/* users of this round */
				to;
	double	   *score;			/* (SHARDS, items) */
} Block;

static ShopperStatus
ease_block_begin(ShopperEnv *env, const ShopperModel *model, int64_t n, void **prepared)
{
	const Ease *m = model->state;
	Block	   *b;

	(void) n;
	SHOPPER_NEW0(env, b, 1);
	*prepared = b;
	b->m = m;
	SHOPPER_NEW(env, b->score, SHARDS * m->events.item.n);
	return SHOPPER_OK;
}

static void
block_shard(void *arg, int shard)
{
	const Block *b = arg;
	const ShopperEvents *e = &b->m->events;
	double	   *score = b->score + (int64_t) shard * e->item.n;

	for (int64_t at = b->from + shard; at < b->to; at += SHARDS)
	{
		int64_t		user = b->users->user[at],
					seen = e->seen_start[user],
					end = b->users->exclude_seen ? e->seen_start[user + 1] : seen;
		ShopperBest *best = &b->users->best[at];

		memset(score, 0, (size_t) e->item.n * sizeof(double));
		for (int64_t i = e->seen_start[user]; i < e->seen_start[user + 1]; i++)
			add_item(b->m, e->seen[i], value_of(b->m, i), score);
		for (int64_t i = 0; i < e->item.n; i++)
			if (seen < end && e->seen[seen] == i)
				seen++;
			else if (!b->users->out[i] && score[i] >= shopper_best_threshold(best) && score[i] > -INFINITY)
				shopper_best_offer(best, score[i], i);
	}
}

static ShopperStatus
ease_block(ShopperEnv *env, const ShopperModel *model, void *prepared, const ShopperUserBlock *users)
{
	Block	   *b = prepared;
	const ShopperEvents *e = &((const Ease *) model->state)->events;

	b->users = users;
	for (b->from = 0; b->from < users->n; b->from = b->to)
	{
		double		cost = 0;

		for (b->to = b->from; b->to < users->n && cost < 2 * CHUNK_COST; b->to++)
			cost += (double) (e->seen_start[users->user[b->to] + 1] - e->seen_start[users->user[b->to]] + 8) * (double) e->item.n;
		SHOPPER_TRY(shopper_poll(env));
		shopper_parallel(env, SHARDS, block_shard, b);
	}
	return SHOPPER_OK;
}

/* ---- single figures ---- */

static double
ease_basket_value(const ShopperModel *model, bool *adds_up)
{
	(void) model;
	*adds_up = true;
	return 1;
}

static ShopperStatus
ease_similar(ShopperEnv *env, const ShopperModel *model, bool users, int64_t code, double *score)
{
	const Ease *m = model->state;

	if (users)
	{
		shopper_fail(env, SHOPPER_WRONG_MODEL, "a model of ease knows no similar users");
		shopper_hint(env, "Use a model of user_knn, or a factor model.");
		return env->status;
	}
	memset(score, 0, (size_t) m->events.item.n * sizeof(double));
	add_item(m, code, 1, score);
	return SHOPPER_OK;
}

/* What is left of a correlation when all other items are known: the root of both weights' product, with their sign. */
static ShopperStatus
ease_similarity(ShopperEnv *env, const ShopperModel *model, int64_t item, const int64_t *other, int64_t n, double *out)
{
	const Ease *m = model->state;

	for (int64_t i = 0; i < n; i++)
	{
		double		there = weight_of(m, item, other[i]),
					back = weight_of(m, other[i], item);

		out[i] = there * back > 0 ? copysign(fmin(1, sqrt(there * back)), there) : 0;
		if (i % 4096 == 0)
			SHOPPER_TRY(shopper_poll(env));
	}
	return SHOPPER_OK;
}

static ShopperStatus
ease_rating(ShopperEnv *env, const ShopperModel *model, int64_t user, int64_t item, double *rating)
{
	const Ease *m = model->state;
	const ShopperEvents *e = &m->events;

	(void) env;
	*rating = 0;
	for (int64_t i = user < 0 || item < 0 ? 0 : e->seen_start[user]; user >= 0 && item >= 0 && i < e->seen_start[user + 1]; i++)
		*rating += value_of(m, i) * weight_of(m, e->seen[i], item);
	return SHOPPER_OK;
}

static ShopperStatus
ease_explain(ShopperEnv *env, const ShopperModel *model, int64_t user, int64_t item, double *contribution)
{
	const Ease *m = model->state;
	int64_t		first = m->events.seen_start[user];

	for (int64_t i = first; i < m->events.seen_start[user + 1]; i++)
	{
		contribution[i - first] = value_of(m, i) * weight_of(m, m->events.seen[i], item);
		if (i % 4096 == 0)
			SHOPPER_TRY(shopper_poll(env));
	}
	return SHOPPER_OK;
}

/* ---- new lines: the weights stay, new items have none ---- */

static ShopperStatus
ease_fold_in(ShopperEnv *env, const ShopperModel *old_model, const ShopperFoldIn *in, ShopperModel *model)
{
	const Ease *old = old_model->state;
	int64_t		n = in->events.item.n,
				n_old = old->events.item.n;
	Ease	   *m;

	SHOPPER_NEW0(env, m, 1);
	model->state = m;
	m->lambda = old->lambda;
	m->events = in->events;
	for (int64_t i = 0; i < m->events.seen_start[m->events.user.n] && !shopper_option_boolean(&model->options, "weighted"); i++)
		m->events.value[i] = m->events.value[i] > 0;
	shopper_events_drop_ones(env, &m->events);
	if (old->B == NULL)
	{
		SHOPPER_TRY(shopper_neighbours_renumber(env, &old->lists, in->old_item, n, &m->lists));
		return shopper_neighbours_transpose(env, &m->lists, &m->back);
	}
	SHOPPER_TRY(shopper_ease_check_size(env, n, 0));
	SHOPPER_NEW0(env, m->B, n * n);
	for (int64_t i = 0; i < n; i++)
	{
		SHOPPER_TRY(shopper_poll(env));
		for (int64_t j = 0; j < n && in->old_item[i] >= 0; j++)
			if (in->old_item[j] >= 0)
				m->B[i * n + j] = old->B[in->old_item[i] * n_old + in->old_item[j]];
	}
	return SHOPPER_OK;
}

const ShopperRecommender shopper_ease_recommender = {
	.score_user = ease_score_user,
	.block_begin = ease_block_begin,
	.block = ease_block,
	.score_basket = ease_score_basket,
	.basket_value = ease_basket_value,
	.similar = ease_similar,
	.similarity = ease_similarity,
	.rating = ease_rating,
	.explain = ease_explain,
	.fold_in = ease_fold_in,
};
