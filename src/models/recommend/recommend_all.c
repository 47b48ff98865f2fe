/* recommend_all.c: the best items of many users: blocks of users, by the learner's block function or one by one. */
#include <math.h>
#include <string.h>

#include "best.h"
#include "recommender.h"

#define BLOCK_USERS 1024
#define BLOCK_ROWS 500000		/* rows of a block at most, about 24 MB */
#define SCORES_PER_POLL 1000000

ShopperStatus
shopper_recommend_all_begin(ShopperEnv *env, const ShopperModel *model, const ShopperItemFilter *filter, ShopperRecommendAll *all)
{
	const ShopperEvents *e = model->state;
	const ShopperRecommender *r = model->learner->recommender;
	ShopperScored *entry;
	int64_t		candidates = 0;

	memset(all, 0, sizeof(*all));
	if (r == NULL)
		return shopper_fail(env, SHOPPER_WRONG_MODEL, "expected a recommender, got a model of %s", model->learner->name);
	all->model = model;
	all->exclude_seen = filter->exclude_seen;
	SHOPPER_NEW(env, all->out, e->item.n);
	shopper_filter_items(filter, e->item.n, all->out);
	for (int64_t i = 0; i < e->item.n; i++)
		candidates += !all->out[i];
	all->n = filter->n < 0 ? 0 : filter->n > candidates ? candidates : filter->n;
	all->block = BLOCK_ROWS / (all->n + 1) + 1;	/* long lists: a few users at a time */
	all->block = all->block > BLOCK_USERS ? BLOCK_USERS : all->block;
	all->block = all->block > e->user.n ? e->user.n : all->block;
	SHOPPER_NEW(env, all->best, all->block);
	SHOPPER_NEW(env, entry, all->block * all->n);
	SHOPPER_NEW(env, all->rows, all->block * all->n);
	SHOPPER_NEW(env, all->n_rows, all->block);
	for (int64_t b = 0; b < all->block; b++)
		all->best[b] = (ShopperBest) {.n = all->n,.entry = entry + b * all->n};
	if (r->block != NULL)
		return r->block_begin(env, model, all->block, &all->prepared);
	SHOPPER_NEW(env, all->score, e->item.n);
	if (r->score_user_from != NULL)
		SHOPPER_NEW(env, all->from, e->item.n);
	return SHOPPER_OK;
}

/* One user's best by score_user. */
static ShopperStatus
one_user(ShopperEnv *env, ShopperRecommendAll *all, int64_t user, ShopperBest *best)
{
	const ShopperEvents *e = all->model->state;
	int64_t		seen = e->seen_start[user],
				end = all->exclude_seen ? e->seen_start[user + 1] : seen;

	if (all->from != NULL)
		SHOPPER_TRY(all->model->learner->recommender->score_user_from(env, all->model, user, all->score, all->from));
	else
		SHOPPER_TRY(all->model->learner->recommender->score_user(env, all->model, user, all->score));
	for (int64_t i = 0; i < e->item.n; i++)
	{
		if (i % SCORES_PER_POLL == 0)
			SHOPPER_TRY(shopper_poll(env));
		if (seen < end && e->seen[seen] == i)
			seen++;
		else if (!all->out[i] && all->score[i] > -INFINITY)
			shopper_best_offer(best, all->score[i], i);
	}
	return SHOPPER_OK;
}

ShopperStatus
shopper_recommend_all_block(ShopperEnv *env, ShopperRecommendAll *all, const int32_t *user, int64_t n)
{
	const ShopperRecommender *r = all->model->learner->recommender;
	ShopperUserBlock block = {user, n, all->out, all->exclude_seen, all->best};

	memset(all->n_rows, 0, (size_t) all->block * sizeof(int64_t));
	if (all->n == 0)
		return SHOPPER_OK;
	if (r->block != NULL)
		SHOPPER_TRY(r->block(env, all->model, all->prepared, &block));
	for (int64_t b = 0; b < n; b++)
	{
		if (r->block == NULL)
			SHOPPER_TRY(one_user(env, all, user[b], &all->best[b]));
		SHOPPER_TRY(shopper_poll(env));
		all->n_rows[b] = shopper_best_rows(&all->best[b], SHOPPER_FROM_MODEL, all->rows + b * all->n);
		for (int64_t i = b * all->n; i < b * all->n + all->n_rows[b] && all->from != NULL; i++)
			all->rows[i].source = (ShopperSource) (SHOPPER_FROM_PART + all->from[all->rows[i].code]);
	}
	return SHOPPER_OK;
}
