/* test_diversity.c: diverse lists against maximal marginal relevance spelled out. */
#include "svd_data.h"

#include "../../src/models/recommend/recommend.h"

/* Cosine of the factors, or the neighbours' weight: what similar_items() says. */
static double
alike(ShopperEnv *env, const ShopperModel *model, int64_t a, int64_t b)
{
	ShopperRecommendation *row;
	int64_t		n;

	CHECK_OK(env, shopper_similar_items(env, model, a, ITEMS, &row, &n));
	for (int64_t i = 0; i < n; i++)
		if (row[i].code == b)
			return row[i].score;
	CHECK_OK(env, shopper_similar_items(env, model, b, ITEMS, &row, &n));
	for (int64_t i = 0; i < n; i++)
		if (row[i].code == a)
			return row[i].score;
	return 0;
}

/* Every step takes the item with the greatest marginal relevance of all that are left. */
static void
steps(const ShopperLearner *learner, bool rated, const char *options, double diversity)
{
	enum {N = 6};
	ShopperEnv *env = check_env(-1);
	static Data d;
	ShopperModel model;
	ShopperItemFilter filter = {.n = 1000,.exclude_seen = true};
	ShopperRecommendation *all,
			   *row;
	int64_t		n_all,
				n;

	planted(&d, rated);
	CHECK_OK(env, train_by(env, &model, learner, &d, false, options, NULL));
	CHECK_OK(env, shopper_recommend(env, &model, 11, &filter, &all, &n_all));
	filter.n = N;
	filter.diversity = diversity;
	CHECK_OK(env, shopper_recommend(env, &model, 11, &filter, &row, &n));
	CHECK(n == N && row[0].code == all[0].code);
	for (int k = 1; k < N; k++)
	{
		double		value[ITEMS],
					best = -INFINITY,
					got = NAN;

		for (int64_t i = 0; i < n_all; i++)
		{
			double		nearest = -INFINITY;
			bool		taken = false;

			for (int j = 0; j < k; j++)
			{
				taken |= row[j].code == all[i].code;
				nearest = fmax(nearest, row[j].code == all[i].code ? 1 : alike(env, &model, row[j].code, all[i].code));
			}
			value[i] = (1 - diversity) * (all[i].score - all[n_all - 1].score) / (all[0].score - all[n_all - 1].score) - diversity * nearest;
			if (!taken)
				best = fmax(best, value[i]);
			if (all[i].code == row[k].code)
			{
				CHECK(!taken && row[k].score == all[i].score && row[k].rank == k + 1);
				got = value[i];
			}
		}
		CHECK_NEAR(got, best, 1e-6);
	}
	check_env_end(env);
}

/* All items can be asked for; nothing left to choose from gives no rows. */
static void
ends(void)
{
	ShopperEnv *env = check_env(-1);
	static Data d;
	ShopperModel model;
	ShopperItemFilter filter = {.n = INT64_MAX,.diversity = 1};
	ShopperRecommendation *row;
	int32_t		none[1];
	int64_t		n;

	planted(&d, false);
	CHECK_OK(env, train(env, &model, &d, false, "factors=3 epochs=2", NULL));
	CHECK_OK(env, shopper_recommend(env, &model, 3, &filter, &row, &n));
	CHECK(n == ((const ShopperFactors *) model.state)->events.item.n && row[n - 1].rank == n);
	CHECK_OK(env, shopper_recommend(env, &model, -1, &filter, &row, &n));
	CHECK(n == ((const ShopperFactors *) model.state)->events.item.n && row[0].source == SHOPPER_FROM_POPULARITY);
	filter.only_items = none;
	CHECK_OK(env, shopper_recommend(env, &model, 3, &filter, &row, &n));
	CHECK(n == 0);
	check_env_end(env);
}

void
test_diversity(void)
{
	for (int d = 1; d <= 4; d++)
	{
		steps(&shopper_learner_svd, false, "factors=4 epochs=5", d / 4.0);
		steps(&shopper_learner_als, true, "factors=4 epochs=5", d / 4.0);
		steps(&shopper_learner_item_knn, false, "k=6", d / 4.0);
		steps(&shopper_learner_item_knn, true, "k=6 shrinkage=1", d / 4.0);
	}
	ends();
}
