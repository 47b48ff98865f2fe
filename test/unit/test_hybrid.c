/* test_hybrid.c: a hybrid of one part is the part; blends of two against their formula; stored and read again. */
#include "svd_data.h"

#include "../../src/models/recommend/hybrid.h"
#include "../../src/models/recommend/recommend.h"

static ShopperStatus
make(ShopperEnv *env, ShopperModel *model, const ShopperModel *part, int n, const char *options)
{
	memset(model, 0, sizeof(*model));
	model->learner = &shopper_learner_hybrid;
	model->task = SHOPPER_JOIN_MODELS;
	SHOPPER_TRY(shopper_options_init(env, &model->options, model->learner->options, shopper_shape_options(SHOPPER_RATINGS)));
	SHOPPER_TRY(set_options(env, model, options));
	return shopper_hybrid_make(env, model, part, n);
}

static ShopperStatus
make_parts(ShopperEnv *env, ShopperModel *part)
{
	static Data d;

	planted(&d, false);
	SHOPPER_TRY(train_by(env, &part[0], &shopper_learner_item_knn, &d, false, "k=0", NULL));
	/* the second one knows neither all users nor all items */
	for (int i = 0; i < d.n; i++)
	{
		d.user[i] = d.user[i] < 20 ? d.user[i] + 30 : d.user[i];
		d.item[i] = d.item[i] % 7 == 0 ? 70 + d.item[i] / 7 : d.item[i];
	}
	return train_by(env, &part[1], &shopper_learner_svd, &d, false, "factors=3 epochs=3", NULL);
}

static void
one_part(ShopperEnv *env, const ShopperModel *part)
{
	static const char *const options[] = {"method=score", "method=rank", "method=first"};
	const ShopperItemFilter filter = {.n = 1000,.exclude_seen = true};

	for (int k = 0; k < 3; k++)
	{
		ShopperModel h;
		ShopperRecommendation *own,
				   *row;
		int64_t		n_own,
					n,
					wrong = 0;
		int32_t		basket[] = {3, 8, 21};
		int64_t		users = ((const ShopperEvents *) part->state)->user.n;

		CHECK_OK(env, make(env, &h, part, 1, options[k]));
		for (int64_t user = -1; user < USERS; user += 5)
		{
			CHECK_OK(env, shopper_recommend(env, part, user, &filter, &own, &n_own));
			CHECK_OK(env, shopper_recommend(env, &h, user, &filter, &row, &n));
			wrong += n != n_own;
			for (int64_t i = 0; i < n && wrong == 0; i++)
				wrong += row[i].code != own[i].code || row[i].source != (user < 0 || user >= users ? SHOPPER_FROM_POPULARITY : SHOPPER_FROM_PART);
		}
		CHECK(wrong == 0);
		CHECK_OK(env, shopper_recommend_for_basket(env, part, basket, NULL, 3, &filter, &own, &n_own));
		CHECK_OK(env, shopper_recommend_for_basket(env, &h, basket, NULL, 3, &filter, &row, &n));
		CHECK(n == n_own);
		for (int64_t i = 0; i < n; i++)
			wrong += row[i].code != own[i].code;
		CHECK_OK(env, shopper_similar_items(env, part, 5, 10, &own, &n_own));
		CHECK_OK(env, shopper_similar_items(env, &h, 5, 10, &row, &n));
		CHECK(n == n_own);
		for (int64_t i = 0; i < n; i++)
			wrong += row[i].code != own[i].code;
		CHECK(wrong == 0);
	}
}

/* Every item's blended rank sum, from the parts' own lists. */
static void
ranks(ShopperEnv *env, const ShopperModel *part)
{
	const ShopperItemFilter all = {.n = 1000};
	ShopperModel h;
	const ShopperHybrid *hybrid;
	double		worst = 0;

	CHECK_OK(env, make(env, &h, part, 2, "method=rank rank_constant=10"));
	hybrid = h.state;
	for (int64_t user = 0; user < hybrid->events.user.n; user += 3)
	{
		double	   *sum = shopper_alloc0(env, (size_t) hybrid->events.item.n, sizeof(double));
		ShopperRecommendation *row;
		int64_t		n;
		bool		both = true;

		for (int p = 0; p < 2; p++)
		{
			int32_t		own = hybrid->part[p].own_user[user];
			int64_t		better = 0;

			both &= own >= 0;
			if (own < 0)
				continue;
			CHECK_OK(env, shopper_recommend(env, &part[p], own, &all, &row, &n));
			for (int64_t i = 0; i < n; i++)
			{
				int32_t		code = hybrid->part[p].item[row[i].code];

				sum[code] += 0.5 * 10 / (10 + (double) better + 1);
				better += shopper_seen_line(&hybrid->events, user, code) < 0;
			}
		}
		CHECK_OK(env, shopper_recommend(env, &h, user, &all, &row, &n));
		CHECK(n > 0);
		for (int64_t i = 0; i < n && both; i++)
			worst = fmax(worst, fabs(row[i].score - sum[row[i].code]));
	}
	CHECK_NEAR(worst, 0, 1e-12);
}

static void
stored(ShopperEnv *env, const ShopperModel *part)
{
	ShopperModel h,
				back,
				twice;
	unsigned char *bytes,
			   *again;
	int64_t		length,
				length_again;

	CHECK_OK(env, make(env, &h, part, 2, "method=rank"));
	CHECK_OK(env, shopper_model_encode(env, &h, &bytes, &length));
	CHECK_OK(env, shopper_model_decode(env, bytes, (size_t) length, &back));
	/* the parts of these tests have fewer options than the host gives: they come in by reading */
	CHECK_OK(env, shopper_model_encode(env, &back, &bytes, &length));
	CHECK_OK(env, shopper_model_decode(env, bytes, (size_t) length, &twice));
	CHECK_OK(env, shopper_model_encode(env, &twice, &again, &length_again));
	CHECK(length == length_again && memcmp(bytes, again, (size_t) length) == 0);
	CHECK(make(env, &h, &back, 1, "") == SHOPPER_WRONG_MODEL);	/* no hybrids of hybrids */
	env->status = SHOPPER_OK;
	CHECK(make(env, &h, part, 0, "") == SHOPPER_BAD_OPTION);
}

void
test_hybrid(void)
{
	ShopperEnv *env = check_env(-1);
	ShopperModel part[2];

	CHECK_OK(env, make_parts(env, part));
	one_part(env, &part[0]);
	one_part(env, &part[1]);
	ranks(env, part);
	stored(env, part);
	check_env_end(env);
}
