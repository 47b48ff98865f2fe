/* test_recommend_all.c: many users at once against one by one. */
#include "svd_data.h"

#include "../../src/core/threads.h"
#include "../../src/models/recommend/recommend.h"

/* The rows of every user, in blocks of all sizes, equal those of shopper_recommend() to the bit. */
static void
same_rows(ShopperEnv *env, const ShopperModel *model, const ShopperItemFilter *filter)
{
	const ShopperEvents *e = model->state;
	ShopperRecommendAll all;
	int32_t		user[USERS];
	int64_t		wrong = 0;

	CHECK_OK(env, shopper_recommend_all_begin(env, model, filter, &all));
	for (int64_t from = 0, n = 1; from < e->user.n; from += n, n += 7)
	{
		if (n > e->user.n - from)
			n = e->user.n - from;
		n = n > all.block ? all.block : n;
		for (int64_t b = 0; b < n; b++)
			user[b] = (int32_t) (e->user.n - 1 - from - b);
		CHECK_OK(env, shopper_recommend_all_block(env, &all, user, n));
		for (int64_t b = 0; b < n; b++)
		{
			ShopperRecommendation *row;
			int64_t		n_rows;

			CHECK_OK(env, shopper_recommend(env, model, user[b], filter, &row, &n_rows));
			wrong += n_rows != all.n_rows[b];
			for (int64_t i = 0; i < n_rows && i < all.n_rows[b]; i++)
			{
				const ShopperRecommendation *got = &all.rows[b * all.n + i];

				wrong += got->code != row[i].code || got->score != row[i].score || got->rank != row[i].rank || got->source != row[i].source;
			}
		}
	}
	CHECK(wrong == 0);
}

static void
every_learner(void)
{
	const struct
	{
		const ShopperLearner *learner;
		bool		rated;
		const char *options;
	}			kind[] = {
		{&shopper_learner_svd, true, "factors=3 epochs=10"}, {&shopper_learner_svd, true, "factors=3 epochs=3 biased=false"},
		{&shopper_learner_svd, false, "factors=20 epochs=3"}, {&shopper_learner_als, true, "factors=17 epochs=3"},
		{&shopper_learner_item_knn, false, "k=5"}, {&shopper_learner_user_knn, true, "k=5"}, {&shopper_learner_popular, false, ""},
		{&shopper_learner_ease, false, "lambda=10"}, {&shopper_learner_ease, false, "weighted=true keep=6"}
	};
	static Data d;
	int32_t		only[] = {5, -1, 1000, 30, 31, 5, 0},
				not[] = {1, 30, -1};
	const ShopperItemFilter filter[] = {
		{.n = 5,.exclude_seen = true}, {.n = 7}, {.n = 1000,.exclude_seen = true}, {.n = 0}, {.n = -3},
		{.n = 3,.only_items = only,.n_only = 7}, {.n = 3,.only_items = only}, {.n = 4,.not_items = not,.n_not = 3,.exclude_seen = true}
	};

	for (size_t k = 0; k < sizeof(kind) / sizeof(kind[0]); k++)
	{
		ShopperEnv *env = check_env(-1);
		ShopperModel model;

		planted(&d, kind[k].rated);
		CHECK_OK(env, train_by(env, &model, kind[k].learner, &d, false, kind[k].options, NULL));
		for (size_t i = 0; i < sizeof(filter) / sizeof(filter[0]); i++)
			same_rows(env, &model, &filter[i]);
		check_env_end(env);
	}
}

/* Scores that are equal, nearly equal or not finite, over more than one tile of items; threads change nothing. */
static void
close_scores(void)
{
	enum {MANY = 1300};
	ShopperEnv *env = check_env(-1);
	ShopperPairs pairs;
	ShopperModel model = {.learner = &shopper_learner_svd,.task = SHOPPER_RECOMMEND};
	ShopperFactors *f;
	int64_t    *start;
	const ShopperItemFilter filter = {.n = 25,.exclude_seen = true};

	CHECK_OK(env, shopper_options_init(env, &model.options, model.learner->options, shape_options));
	CHECK_OK(env, set_options(env, &model, "factors=19 epochs=1"));
	CHECK_OK(env, shopper_pairs_init(&pairs, env, SHOPPER_ID_INT, SHOPPER_ID_INT, false, false));
	for (int i = 0; i < MANY; i++)
	{
		uint32_t	left,
					right;

		CHECK_OK(env, shopper_dictionary_add_int(&pairs.left, i % 40, &left));
		CHECK_OK(env, shopper_dictionary_add_int(&pairs.right, i, &right));
		CHECK_OK(env, shopper_pairs_add(&pairs, left, right, 1, 0));
	}
	CHECK_OK(env, shopper_pairs_finish(&pairs, &start));
	CHECK_OK(env, model.learner->train_ratings(env, &model, &pairs, NULL));
	f = model.state;
	for (int round = 0; round < 4; round++)
	{
		for (int64_t i = 0; i < MANY; i++)
			for (int j = 0; j < f->factors; j++)
				f->item_factor[i * f->stride + j] = round == 0 ? 0.3f
					: round == 1 ? (float) (0.3 + 1e-7 * (double) shopper_below(shopper_random(1, (uint64_t) i, (uint64_t) j), 5))
					: round == 2 ? (float) shopper_normal(2, (uint64_t) i, (uint64_t) j)
					: i % 7 == 0 ? 1e30f : i % 11 == 0 ? -1e30f : (float) shopper_normal(3, (uint64_t) i, (uint64_t) j);
		for (int64_t u = 0; u < 40; u++)
			for (int j = 0; j < f->factors; j++)
				f->user_factor[u * f->stride + j] = round == 3 ? u % 2 == 0 ? 1e30f : -1e-30f : (float) shopper_normal(4, (uint64_t) u, (uint64_t) j);
		same_rows(env, &model, &filter);
		env->pool = shopper_pool_create(env, 2);
		same_rows(env, &model, &filter);
		shopper_pool_end(env->pool);
		env->pool = NULL;
	}
	check_env_end(env);
}

void
test_recommend_all(void)
{
	every_learner();
	close_scores();
}
