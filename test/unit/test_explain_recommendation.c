/* test_explain_recommendation.c: contributions add up to the score, and stand for what leaving an item out takes away. */
#include "svd_data.h"

#include "../../src/models/recommend/recommend.h"

static ShopperReason *
reasons(ShopperEnv *env, const ShopperModel *model, int64_t user, int64_t item, int64_t *n, double *sum)
{
	ShopperReason *row = NULL;
	double		shares = 0;

	*sum = 0;
	*n = 0;
	CHECK_OK(env, shopper_explain_recommendation(env, model, user, item, ITEMS, &row, n));
	for (int64_t i = 0; i < *n; i++)
	{
		CHECK(i == 0 || row[i].contribution <= row[i - 1].contribution);
		*sum += row[i].contribution;
		shares += fabs(row[i].share);
	}
	CHECK(*n == 0 || fabs(shares - 1) < 1e-9);
	return row;
}

/* Of events the sum is the score. */
static void
events(const ShopperLearner *learner, const char *options, bool weights)
{
	ShopperEnv *env = check_env(-1);
	static Data d;
	ShopperModel model;
	const ShopperEvents *e;
	ShopperRecommendation *row;
	const ShopperItemFilter filter = {.n = 5};
	int64_t		n,
				n_rows;
	double		sum;

	planted(&d, false);
	d.has_value = weights;
	for (int i = 0; i < d.n; i++)
		d.value[i] = 1 + i % 3;
	CHECK_OK(env, train_by(env, &model, learner, &d, false, options, NULL));
	e = model.state;
	CHECK(learner == &shopper_learner_item_knn || (e->value != NULL) == weights);
	for (int64_t user = 0; user < e->user.n; user += 7)
	{
		CHECK_OK(env, shopper_recommend(env, &model, user, &filter, &row, &n_rows));
		for (int64_t i = 0; i < n_rows; i++)
		{
			reasons(env, &model, user, row[i].code, &n, &sum);
			CHECK_NEAR(sum, row[i].score, 2e-6 * (1 + fabs(row[i].score)));
		}
	}
	check_env_end(env);
}

/* Of ratings the sum is what the folded-in score differs from the means. */
static void
ratings(const ShopperLearner *learner, const char *options)
{
	ShopperEnv *env = check_env(-1);
	static Data d;
	ShopperModel model;
	const ShopperEvents *e;
	const ShopperItemFilter filter = {.n = ITEMS};
	ShopperRecommendation *row;
	int64_t		n,
				n_rows;
	double		rating[ITEMS],
				sum,
				base = NAN;

	planted(&d, true);
	CHECK_OK(env, train_by(env, &model, learner, &d, false, options, NULL));
	e = model.state;
	for (int64_t user = 0; user < e->user.n; user += 13)
	{
		int64_t		first = e->seen_start[user];

		for (int64_t i = first; i < e->seen_start[user + 1]; i++)
			rating[i - first] = e->value[i];
		if (learner == &shopper_learner_item_knn)
			CHECK_OK(env, shopper_recommend(env, &model, user, &filter, &row, &n_rows));
		else
			CHECK_OK(env, shopper_recommend_for_basket(env, &model, e->seen + first, rating, (int) (e->seen_start[user + 1] - first), &filter, &row, &n_rows));
		for (int64_t i = 0; i < n_rows; i++)
		{
			double		mean = 0;

			reasons(env, &model, user, row[i].code, &n, &sum);
			if (learner != &shopper_learner_als && learner != &shopper_learner_item_knn)
				mean = ((const ShopperFactors *) model.state)->item_bias[row[i].code];
			if (learner == &shopper_learner_item_knn)
			{
				double		mu,
							of_user,
							of_item;

				CHECK_OK(env, shopper_predict_rating(env, &model, -1, -1, &mu));
				CHECK_OK(env, shopper_predict_rating(env, &model, user, -1, &of_user));
				CHECK_OK(env, shopper_predict_rating(env, &model, -1, row[i].code, &of_item));
				CHECK_NEAR(of_user + of_item - mu + sum, row[i].score, 1e-9);
			}
			else if (learner == &shopper_learner_als)
				CHECK_NEAR(sum, row[i].score, 1e-4);
			else if (i == 0)
				base = row[i].score - mean - sum;
			else
				CHECK_NEAR(row[i].score - mean - sum, base, 1e-5);
		}
	}
	check_env_end(env);
}

static void
nothing_to_say(void)
{
	ShopperEnv *env = check_env(-1);
	static Data d;
	ShopperModel model;
	ShopperReason *row;
	int64_t		n;

	planted(&d, false);
	CHECK_OK(env, train_by(env, &model, &shopper_learner_popular, &d, false, "", NULL));
	CHECK_OK(env, shopper_explain_recommendation(env, &model, 3, 4, 5, &row, &n));
	CHECK(n == 0);
	CHECK_OK(env, train_by(env, &model, &shopper_learner_svd, &d, false, "factors=2 epochs=2", NULL));
	CHECK_OK(env, shopper_explain_recommendation(env, &model, -1, 4, 5, &row, &n));
	CHECK(n == 0);
	CHECK_OK(env, shopper_explain_recommendation(env, &model, 1, -1, 5, &row, &n));
	CHECK(n == 0);
	CHECK_OK(env, shopper_explain_recommendation(env, &model, 1, 4, 1, &row, &n));
	CHECK(n == 1);
	CHECK_OK(env, train_by(env, &model, &shopper_learner_user_knn, &d, false, "k=3", NULL));
	CHECK(shopper_explain_recommendation(env, &model, 3, 4, 5, &row, &n) == SHOPPER_WRONG_MODEL && env->hint[0] != '\0');
	check_env_end(env);
}

void
test_explain_recommendation(void)
{
	events(&shopper_learner_svd, "factors=4 epochs=5", false);
	events(&shopper_learner_svd, "factors=17 epochs=3 implicit=true", true);
	events(&shopper_learner_als, "factors=4 epochs=5", false);
	events(&shopper_learner_item_knn, "k=6", false);
	events(&shopper_learner_item_knn, "k=0 implicit=true", true);
	ratings(&shopper_learner_als, "factors=3 epochs=10");
	ratings(&shopper_learner_svd, "factors=3 epochs=10");
	ratings(&shopper_learner_item_knn, "k=5 shrinkage=1");
	nothing_to_say();
}
