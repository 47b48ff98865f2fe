/*
 * popular.c: the learner popular: what most users have, recent events first when there are
 * times and a half-life. The honest baseline, and a fall-back for strangers.
 */
#include <math.h>
#include <string.h>

#include "recommender.h"

#define MICROSECONDS_PER_DAY 86400e6

static ShopperStatus
popular_score(ShopperEnv *env, const ShopperModel *model, int64_t user, double *score)
{
	const ShopperEvents *e = model->state;

	(void) env;
	(void) user;
	for (int64_t i = 0; i < e->item.n; i++)
		score[i] = e->popularity[i];
	return SHOPPER_OK;
}

static const ShopperRecommender popular_recommender = {
	.score_user = popular_score,
};

/* Each event counts its weight, halved with each half-life before the latest one. */
static ShopperStatus
decay(ShopperEnv *env, const ShopperPairs *pairs, bool implicit, double half_life, double *weight)
{
	int64_t		latest = INT64_MIN;

	for (int64_t i = 0; i < pairs->n; i++)
		latest = pairs->time[i] > latest ? pairs->time[i] : latest;
	for (int64_t i = 0; i < pairs->n; i++)
	{
		double		days = (double) (latest - pairs->time[i]) / MICROSECONDS_PER_DAY;

		weight[pairs->b[i]] += (implicit && pairs->has_value ? pairs->value[i] : 1) * exp2(-days / half_life);
		if (i % 100000 == 0)
			SHOPPER_TRY(shopper_poll(env));
	}
	return SHOPPER_OK;
}

static ShopperStatus
popular_train(ShopperEnv *env, ShopperModel *model, ShopperPairs *pairs, const ShopperModel *previous)
{
	ShopperEvents *e;
	ShopperLines lines;
	double	   *weight = NULL;
	bool		implicit;

	(void) previous;
	SHOPPER_NEW0(env, e, 1);
	model->state = e;
	if (shopper_option_set(&model->options, "half_life"))
	{
		if (!pairs->has_time)
		{
			shopper_fail(env, SHOPPER_BAD_OPTION, "option \"half_life\" needs the time of each event");
			shopper_hint(env, "Give user, item, rating and time: train_recommender(user_id, item_id, rating, bought_at, popular(half_life => 30)).");
			return env->status;
		}
		SHOPPER_NEW0(env, weight, pairs->right.n);
		SHOPPER_TRY(decay(env, pairs, shopper_is_implicit(model, pairs), shopper_option_number(&model->options, "half_life"), weight));
	}
	SHOPPER_TRY(shopper_events_start(env, model, pairs, false, e, &lines, &implicit));
	model->n_train = lines.start[lines.rows];
	for (int64_t i = 0; weight != NULL && i < e->item.n; i++)
		e->popularity[i] = (float) fmin(weight[i], 1e30);
	shopper_release(env, weight);
	shopper_release(env, lines.start);
	shopper_release(env, lines.line);
	return SHOPPER_OK;
}

static void
popular_encode(const ShopperModel *model, ShopperWriter *w)
{
	shopper_events_encode(model->state, w);
}

static ShopperStatus
popular_decode(ShopperModel *model, ShopperReader *r)
{
	ShopperEvents *e;

	SHOPPER_NEW(r->env, e, 1);
	model->state = e;
	return shopper_events_decode(e, r);
}

static void
popular_describe(const ShopperModel *model, void (*add) (void *ctx, const char *key, double value), void *ctx)
{
	const ShopperEvents *e = model->state;

	add(ctx, "users", (double) e->user.n);
	add(ctx, "items", (double) e->item.n);
	add(ctx, "events", (double) e->seen_start[e->user.n]);
}

static const ShopperOption popular_options[] = {
	{"half_life", SHOPPER_NUMBER, NULL, 0, 1e9, true, NULL, "days after which an event counts half; needs times; not set: all count the same"},
	{"implicit", SHOPPER_BOOLEAN, NULL, 0, 0, false, NULL, "count events instead of ratings (the third column is then a weight); not set: when there is no rating"},
	{NULL}
};

const ShopperLearner shopper_learner_popular = {
	.number = 16,
	.name = "popular",
	.help = "what most users have",
	.shape = SHOPPER_RATINGS,
	.tasks = SHOPPER_RECOMMEND,
	.options = popular_options,
	.train_ratings = popular_train,
	.encode = popular_encode,
	.decode = popular_decode,
	.describe = popular_describe,
	.recommender = &popular_recommender,
};
