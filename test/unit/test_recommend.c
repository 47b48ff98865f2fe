/* test_recommend.c: questions to a factor model, its stored form, failures. */
#include "svd_data.h"

#include "../../src/models/recommend/recommend.h"

static const ShopperItemFilter all = {.n = 1000};
static const ShopperItemFilter unseen = {.n = 1000,.exclude_seen = true};

/* ---- questions ---- */

/* Best first, ties by code, ranks from 1. */
static bool
ordered(const ShopperRecommendation *rows, int64_t n)
{
	for (int64_t i = 0; i < n; i++)
		if (rows[i].rank != i + 1 ||
			(i > 0 && (rows[i].score > rows[i - 1].score ||
					   (rows[i].score == rows[i - 1].score && rows[i].code <= rows[i - 1].code))))
			return false;
	return true;
}

static void
filters(ShopperEnv *env, const ShopperModel *model)
{
	const ShopperFactors *f = model->state;
	ShopperRecommendation *rows,
			   *whole;
	int64_t		n,
				n_whole,
				seen = f->events.seen_start[4] - f->events.seen_start[3];
	int32_t		only[] = {5, -1, 1000, (int32_t) f->events.seen[f->events.seen_start[3]], 30, 31, 5},
				first;
	ShopperItemFilter filter = {.n = 3,.exclude_seen = true};

	CHECK_OK(env, shopper_recommend(env, model, 3, &all, &whole, &n_whole));
	CHECK(n_whole == f->events.item.n && ordered(whole, n_whole) && whole[0].source == SHOPPER_FROM_MODEL);
	for (int64_t i = 0; i < n_whole; i++)
		CHECK_NEAR(whole[i].score, shopper_factors_score(f, 3, whole[i].code), 1e-12);
	CHECK_OK(env, shopper_recommend(env, model, 3, &unseen, &rows, &n));
	CHECK(n == f->events.item.n - seen && ordered(rows, n));
	for (int64_t i = 0; i < n; i++)
		for (int64_t s = f->events.seen_start[3]; s < f->events.seen_start[4]; s++)
			CHECK(rows[i].code != f->events.seen[s]);

	/* the cut comes after the filters */
	first = (int32_t) rows[0].code;
	filter.not_items = &first;
	filter.n_not = 1;
	{
		ShopperRecommendation *cut;

		CHECK_OK(env, shopper_recommend(env, model, 3, &filter, &cut, &n));
		CHECK(n == 3 && cut[0].code == rows[1].code && cut[2].code == rows[3].code && cut[2].rank == 3);
	}
	filter = (ShopperItemFilter) {.n = 10,.only_items = only,.n_only = 7};
	CHECK_OK(env, shopper_recommend(env, model, 3, &filter, &rows, &n));
	CHECK(n >= 3 && n <= 4 && ordered(rows, n));
	filter.n_only = 0;
	CHECK_OK(env, shopper_recommend(env, model, 3, &filter, &rows, &n));
	CHECK(n == 0);
	filter = (ShopperItemFilter) {.n = -5};
	CHECK_OK(env, shopper_recommend(env, model, 3, &filter, &rows, &n));
	CHECK(n == 0);
}

static void
questions(void)
{
	ShopperEnv *env = check_env(-1);
	ShopperModel model;
	ShopperRecommendation *rows;
	const ShopperFactors *f;
	int64_t		n;
	double		rating;
	static Data d;

	planted(&d, true);
	CHECK_OK(env, train(env, &model, &d, false, "factors=3 epochs=100 regularization=0.01", NULL));
	f = model.state;
	filters(env, &model);
	CHECK_OK(env, shopper_recommend(env, &model, -1, &unseen, &rows, &n));
	CHECK(n == f->events.item.n && ordered(rows, n) && strcmp(shopper_source_name(&model, rows[0].source), "popular") == 0);
	CHECK(rows[0].score == f->events.popularity[rows[0].code]);

	CHECK_OK(env, shopper_predict_rating(env, &model, -1, -1, &rating));
	CHECK_NEAR(rating, f->mu, 1e-12);
	CHECK_OK(env, shopper_predict_rating(env, &model, 2, -1, &rating));
	CHECK_NEAR(rating, f->mu + f->user_bias[2], 1e-12);
	CHECK_OK(env, shopper_predict_rating(env, &model, 1000000, 7, &rating));
	CHECK_NEAR(rating, f->mu + f->item_bias[7], 1e-12);
	CHECK_OK(env, shopper_predict_rating(env, &model, 2, 7, &rating));
	CHECK(rating >= f->lowest && rating <= f->highest);

	CHECK_OK(env, shopper_similar_items(env, &model, 7, 5, &rows, &n));
	CHECK(n == 5 && ordered(rows, n) && rows[0].score <= 1 && rows[0].code != 7);
	{
		const float *a = shopper_item_factors(&model, 7, &(int) {0}, NULL),
				   *b = shopper_item_factors(&model, rows[0].code, &(int) {0}, NULL);
		double		ab = 0,
					aa = 0,
					bb = 0;

		for (int i = 0; i < 3; i++)
		{
			ab += (double) a[i] * b[i];
			aa += (double) a[i] * a[i];
			bb += (double) b[i] * b[i];
		}
		CHECK_NEAR(rows[0].score, ab / sqrt(aa * bb), 1e-5);
	}
	CHECK_OK(env, shopper_similar_items(env, &model, -1, 5, &rows, &n));
	CHECK(n == 0);
	CHECK_OK(env, shopper_similar_users(env, &model, 0, 1000, &rows, &n));
	CHECK(n == f->events.user.n - 1 && ordered(rows, n));
	check_env_end(env);
}

/* The basket of a known user gives what the user gets. */
static void
basket(void)
{
	ShopperEnv *env = check_env(-1);
	ShopperModel model;
	ShopperRecommendation *rows,
			   *own;
	const ShopperFactors *f;
	int32_t		items[ITEMS + 1];
	int			n_items = 0;
	int64_t		n,
				n_own;
	double		ratings[ITEMS + 1];
	static Data d;

	/* implicit: the last step of training is the same half-step */
	planted(&d, false);
	CHECK_OK(env, train(env, &model, &d, false, "factors=5 epochs=6", NULL));
	f = model.state;
	for (int64_t i = f->events.seen_start[8]; i < f->events.seen_start[9]; i++)
		items[n_items++] = (int32_t) f->events.seen[i];
	items[n_items++] = -1;		/* unknown: ignored */
	CHECK_OK(env, shopper_recommend_for_basket(env, &model, items, NULL, n_items, &unseen, &rows, &n));
	CHECK_OK(env, shopper_recommend(env, &model, 8, &unseen, &own, &n_own));
	CHECK(n == n_own && rows[0].source == SHOPPER_FROM_BASKET);
	for (int64_t i = 0; i < n && i < n_own; i++)
		CHECK(rows[i].code == own[i].code && rows[i].score == own[i].score);

	/* explicit: the factors of a converged fit minimize the same objective */
	planted(&d, true);
	CHECK_OK(env, train(env, &model, &d, false, "factors=3 epochs=600 regularization=0.01 learning_rate_decay=0.99", NULL));
	f = model.state;
	n_items = 0;
	for (int i = 0; i < d.n; i++)
		if (d.user[i] == 8)
		{
			items[n_items] = d.item[i];
			ratings[n_items++] = d.value[i];
		}
	CHECK_OK(env, shopper_recommend_for_basket(env, &model, items, ratings, n_items, &unseen, &rows, &n));
	CHECK(n == f->events.item.n - n_items && ordered(rows, n));
	for (int64_t i = 0; i < n; i++)
		CHECK_NEAR(rows[i].score, shopper_factors_score(f, 8, rows[i].code), 0.05);
	CHECK_OK(env, shopper_recommend_for_basket(env, &model, items, NULL, n_items, &all, &rows, &n));
	CHECK(n == f->events.item.n);
	items[0] = -1;
	CHECK_OK(env, shopper_recommend_for_basket(env, &model, items, NULL, 1, &all, &rows, &n));
	CHECK(n == f->events.item.n && rows[0].source == SHOPPER_FROM_POPULARITY);
	CHECK_OK(env, shopper_recommend_for_basket(env, &model, NULL, NULL, 0, &all, &rows, &n));
	CHECK(n == f->events.item.n && rows[0].source == SHOPPER_FROM_POPULARITY);
	check_env_end(env);
}

/* ---- stored form ---- */

static int	described;

static void
count_keys(void *ctx, const char *key, double value)
{
	(void) ctx;
	described += key[0] != '\0' && isfinite(value);
}

static void
stored_form(void)
{
	const char *options[] = {"factors=3 epochs=4", "factors=17 epochs=2 implicit=true", "factors=16 epochs=2 biased=false"};
	static Data d;

	planted(&d, true);
	for (int i = 0; i < d.n; i++)
		d.value[i] = fabs(d.value[i]);
	for (int o = 0; o < 3; o++)
	{
		ShopperEnv *env = check_env(-1);
		ShopperModel model,
					back;
		ShopperWriter w,
					again;
		ShopperRecommendation *a,
				   *b;
		int64_t		n;
		int32_t		items[] = {1, 2, 3};

		CHECK_OK(env, train(env, &model, &d, false, options[o], NULL));
		w = bytes_of(env, &model);
		CHECK_OK(env, decode(env, w.data, (size_t) w.length, &back));
		again = bytes_of(env, &back);
		CHECK(same_bytes(&w, &again));
		CHECK_OK(env, shopper_recommend_for_basket(env, &model, items, NULL, 3, &all, &a, &n));
		CHECK_OK(env, shopper_recommend_for_basket(env, &back, items, NULL, 3, &all, &b, &n));
		CHECK(a[0].code == b[0].code && a[0].score == b[0].score && a[n - 1].score == b[n - 1].score);
		described = 0;
		model.learner->describe(&back, count_keys, NULL);
		CHECK(described >= 10);
		check_env_end(env);
	}
}

/* Cut and changed bytes give a status; what decodes all the same can be asked. */
static void
damaged_bytes(void)
{
	ShopperEnv *env = check_env(-1);
	static Data d;
	ShopperModel model;
	ShopperWriter w;
	unsigned char *copy;

	planted(&d, false);
	for (int i = 0; i < d.n; i++)
		d.user[i] %= 7;
	CHECK_OK(env, train(env, &model, &d, false, "factors=2 epochs=2", NULL));
	w = bytes_of(env, &model);
	copy = malloc((size_t) w.length);
	for (int64_t cut = 0; cut < w.length; cut++)
	{
		ShopperEnv *small = check_env(-1);
		unsigned char *part = malloc((size_t) cut + 1);

		memcpy(part, w.data, (size_t) cut);
		CHECK(decode(small, part, (size_t) cut, &model) == SHOPPER_BAD_BYTES);
		free(part);
		check_env_end(small);
	}
	for (uint64_t round = 0; round < 4000; round++)
	{
		ShopperEnv *small = check_env(-1);
		ShopperRecommendation *rows;
		int64_t		n;
		int32_t		items[] = {0, 1};

		memcpy(copy, w.data, (size_t) w.length);
		for (uint64_t change = 0; change <= round % 3; change++)
		{
			uint64_t	random = shopper_random(3, round, change);
			/* half of them in the head, where counts are */
			uint64_t	at = shopper_below(random, random & 1 ? 120 : (uint64_t) w.length);

			copy[at] = (unsigned char) (random >> 1 & 2 ? 255 : random >> 8);
		}
		if (decode(small, copy, (size_t) w.length, &model) == SHOPPER_OK)
		{
			const ShopperFactors *f = model.state;

			CHECK_OK(small, shopper_recommend(small, &model, f->events.user.n - 1, &unseen, &rows, &n));
			(void) shopper_recommend_for_basket(small, &model, items, NULL, 2, &unseen, &rows, &n);
			(void) shopper_similar_items(small, &model, 0, 5, &rows, &n);
		}
		else
			CHECK(small->status == SHOPPER_BAD_BYTES);
		check_env_end(small);
	}
	free(copy);
	check_env_end(env);
}

/* ---- failures ---- */

static ShopperStatus
everything(ShopperEnv *env, const Data *d, const char *options)
{
	ShopperModel model,
				back;
	ShopperWriter w;
	ShopperRecommendation *rows;
	int64_t		n;
	int32_t		items[] = {1, 2};

	SHOPPER_TRY(train(env, &model, d, false, options, NULL));
	shopper_writer_init(&w, env);
	model.learner->encode(&model, &w);
	SHOPPER_TRY(w.status);
	SHOPPER_TRY(decode(env, w.data, (size_t) w.length, &back));
	SHOPPER_TRY(shopper_recommend(env, &back, 1, &unseen, &rows, &n));
	SHOPPER_TRY(shopper_recommend_for_basket(env, &back, items, NULL, 2, &unseen, &rows, &n));
	return shopper_similar_users(env, &back, 1, 3, &rows, &n);
}

static void
failures(void)
{
	const char *options[] = {"factors=3 epochs=2 validation=0.3", "factors=3 epochs=2 implicit=true"};
	static Data d;

	planted(&d, true);
	for (int i = 0; i < d.n; i++)
		d.value[i] = fabs(d.value[i]);
	for (int o = 0; o < 2; o++)
	{
		ShopperStatus status = SHOPPER_OUT_OF_MEMORY;
		long		allowed;

		for (allowed = 0; allowed < 2000 && status != SHOPPER_OK; allowed++)
		{
			ShopperEnv *env = check_env(allowed);

			status = everything(env, &d, options[o]);
			CHECK(status == SHOPPER_OK || status == SHOPPER_OUT_OF_MEMORY);
			check_env_end(env);
		}
		CHECK(status == SHOPPER_OK && allowed > 20);
		status = SHOPPER_CANCELLED;
		for (allowed = 0; allowed < 2000 && status != SHOPPER_OK; allowed++)
		{
			ShopperEnv *env = check_env(-1);

			check_cancel_after(env, allowed);
			status = everything(env, &d, options[o]);
			CHECK(status == SHOPPER_OK || status == SHOPPER_CANCELLED);
			check_env_end(env);
		}
		CHECK(status == SHOPPER_OK && allowed > 10);
	}
}

void
test_recommend(void)
{
	questions();
	basket();
	stored_form();
	damaged_bytes();
	failures();
}
