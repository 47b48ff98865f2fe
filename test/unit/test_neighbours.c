/* test_neighbours.c: item_knn, user_knn and popular against sums over the whole matrix. */
#include "svd_data.h"

#include "../../src/core/hash.h"
#include "../../src/core/threads.h"
#include "../../src/models/recommend/neighbours.h"
#include "../../src/models/recommend/recommend.h"

static double value[USERS][ITEMS];	/* 0: no event */

static void
matrix_of(const Data *d)
{
	memset(value, 0, sizeof(value));
	for (int i = 0; i < d->n; i++)
		value[d->user[i]][d->item[i]] = d->has_value ? d->value[i] : 1;
}

/* Similarity of two columns, or rows, of the matrix. */
static double
similar(bool users, bool jaccard, int a, int b)
{
	double		dot = 0,
				aa = 0,
				bb = 0,
				common = 0,
				either = 0;

	for (int i = 0; i < (users ? ITEMS : USERS); i++)
	{
		double		x = users ? value[a][i] : value[i][a],
					y = users ? value[b][i] : value[i][b];

		dot += x * y;
		aa += x * x;
		bb += y * y;
		common += x != 0 && y != 0;
		either += x != 0 || y != 0;
	}
	if (common == 0)
		return 0;
	return jaccard ? common / either : dot / sqrt(aa * bb);
}

/* The k nearest of one, ties by code. */
static int
nearest(bool users, bool jaccard, int of, int k, int *who)
{
	int			n = 0,
				all = users ? USERS : ITEMS;
	bool		taken[USERS] = {false};

	while (k == 0 || n < k)
	{
		int			best = -1;

		for (int i = 0; i < all; i++)
			if (i != of && !taken[i] && similar(users, jaccard, of, i) > 0 &&
				(best < 0 || similar(users, jaccard, of, i) > similar(users, jaccard, of, best)))
				best = i;
		if (best < 0)
			return n;
		taken[best] = true;
		who[n++] = best;
	}
	return n;
}

static double
wanted_score(bool users, bool jaccard, int k, int user, int item)
{
	int			who[USERS],
				n = nearest(users, jaccard, users ? user : item, k, who);
	double		sum = 0;

	for (int i = 0; i < n; i++)
		sum += users ? similar(true, jaccard, user, who[i]) * (value[who[i]][item] != 0)
			: similar(false, jaccard, item, who[i]) * value[user][who[i]];
	return sum;
}

/* Codes are in value order, and every user and item has events: code = number. */
static void
events(const ShopperLearner *learner, bool users, bool jaccard, int k)
{
	ShopperEnv *env = check_env(-1);
	ShopperItemFilter filter = {.n = ITEMS,.exclude_seen = false};
	ShopperRecommendation *rows;
	ShopperModel model,
				back;
	ShopperWriter bytes;
	char		options[100];
	int64_t		n;
	Data		d;

	planted(&d, false);
	matrix_of(&d);
	snprintf(options, sizeof(options), "k=%d similarity=%s", k, jaccard ? "jaccard" : "cosine");
	CHECK_OK(env, train_by(env, &model, learner, &d, true, options, NULL));
	bytes = bytes_of(env, &model);
	for (int user = 0; user < USERS; user += 7)
	{
		CHECK_OK(env, shopper_recommend(env, &model, user, &filter, &rows, &n));
		CHECK(n == ITEMS);
		for (int64_t i = 0; i < n; i++)
		{
			double		rating;

			CHECK_NEAR(rows[i].score, wanted_score(users, jaccard, k, user, (int) rows[i].code), 1e-9);
			CHECK_OK(env, shopper_predict_rating(env, &model, user, rows[i].code, &rating));
			CHECK_NEAR(rating, rows[i].score, 1e-9);
		}
	}
	/* stored and read back */
	{
		ShopperReader r;

		memset(&back, 0, sizeof(back));
		back.learner = learner;
		shopper_reader_init(&r, env, bytes.data, (size_t) bytes.length);
		CHECK_OK(env, learner->decode(&back, &r));
		CHECK_OK(env, shopper_reader_done(&r, "state"));
	}
	CHECK_OK(env, shopper_recommend(env, &back, 3, &filter, &rows, &n));
	CHECK_NEAR(rows[0].score, wanted_score(users, jaccard, k, 3, (int) rows[0].code), 1e-9);
	check_env_end(env);
}

/*
 * Weights of 2 instead of 1 change no cosine, but are added up as numbers, while ones are counted: popular
 * columns, rare ones and more rows than lines are found the same way, to the bit.
 */
static void
counted(int64_t k, double shrinkage, int64_t min_common)
{
	enum {ROWS = 500, COLUMNS = 3000};
	ShopperEnv *env = check_env(-1);
	ShopperNeighbourOptions o = {.similarity = SHOPPER_COSINE,.k = k,.shrinkage = shrinkage,.min_common = min_common};
	ShopperLines rows = {.rows = ROWS},
				columns;
	ShopperNeighbours list[2];
	int64_t		n = 0;

	rows.start = shopper_alloc0(env, ROWS + 1, sizeof(int64_t));
	rows.line = shopper_alloc0(env, ROWS * COLUMNS + SHOPPER_AHEAD, sizeof(ShopperLine));
	for (int r = 0; r < ROWS; r++)
	{
		for (int c = 0; c < COLUMNS; c++)
			if (shopper_uniform(5, (uint64_t) r, (uint64_t) c) < (c % 100 == 0 ? 0.3 : c % 10 == 0 ? 0.03 : 0.002))
				rows.line[n++] = (ShopperLine) {c, 1};
		rows.start[r + 1] = n;
	}
	for (int pass = 0; pass < 2; pass++)
	{
		for (int64_t i = 0; i < n; i++)
			rows.line[i].value = (float) (1 + pass);
		CHECK_OK(env, shopper_lines_transpose(env, &rows, COLUMNS, &columns));
		CHECK_OK(env, shopper_neighbours_find(env, &rows, &columns, &o, &list[pass]));
	}
	CHECK(list[0].start[COLUMNS] > COLUMNS / 10);
	CHECK(memcmp(list[0].start, list[1].start, (COLUMNS + 1) * sizeof(int64_t)) == 0);
	CHECK(memcmp(list[0].code, list[1].code, (size_t) list[0].start[COLUMNS] * sizeof(int32_t)) == 0);
	CHECK(memcmp(list[0].weight, list[1].weight, (size_t) list[0].start[COLUMNS] * sizeof(double)) == 0);
	check_env_end(env);
}

static void
threads(void)
{
	ShopperEnv *env = check_env(-1);
	ShopperModel one,
				two;
	ShopperWriter a,
				b;
	Data		d;

	planted(&d, true);
	CHECK_OK(env, train_by(env, &one, &shopper_learner_item_knn, &d, false, "k=5", NULL));
	a = bytes_of(env, &one);
	env->pool = shopper_pool_create(env, 3);
	CHECK_OK(env, train_by(env, &two, &shopper_learner_item_knn, &d, true, "k=5", NULL));
	b = bytes_of(env, &two);
	CHECK(same_bytes(&a, &b));
	shopper_pool_end(env->pool);
	env->pool = NULL;
	check_env_end(env);
}

/* Ratings: better than the means alone, never outside the range; baskets and neighbours answer. */
static void
ratings(const ShopperLearner *learner)
{
	ShopperEnv *env = check_env(-1);
	ShopperItemFilter filter = {.n = 5,.exclude_seen = true};
	ShopperRecommendation *rows;
	ShopperModel model;
	double		error = 0,
				spread = 0;
	int32_t		basket[3] = {1, 5, 9};
	int64_t		n;
	int			cells = 0;
	Data		d;

	planted(&d, true);
	CHECK_OK(env, train_by(env, &model, learner, &d, false, "k=20 shrinkage=5", NULL));
	for (int user = 0; user < USERS; user++)
		for (int item = 0; item < ITEMS; item++)
		{
			double		rating,
						truth = planted_rating(user, item);

			if (known(user, item))
				continue;
			CHECK_OK(env, shopper_predict_rating(env, &model, user, item, &rating));
			error += (rating - truth) * (rating - truth);
			spread += (truth - 3) * (truth - 3);
			cells++;
		}
	CHECK(error < 0.45 * spread);
	CHECK_OK(env, shopper_recommend_for_basket(env, &model, basket, NULL, 3, &filter, &rows, &n));
	CHECK(n == 5);
	for (int64_t i = 0; i < n; i++)
		CHECK(rows[i].code != 1 && rows[i].code != 5 && rows[i].code != 9);
	CHECK(shopper_similar_items(env, &model, 1, 3, &rows, &n) == (learner == &shopper_learner_item_knn ? SHOPPER_OK : SHOPPER_WRONG_MODEL));
	CHECK(shopper_similar_users(env, &model, 1, 3, &rows, &n) == (learner == &shopper_learner_user_knn ? SHOPPER_OK : SHOPPER_WRONG_MODEL));
	check_env_end(env);
}

static void
popularity(void)
{
	ShopperEnv *env = check_env(-1);
	ShopperItemFilter filter = {.n = ITEMS,.exclude_seen = false};
	ShopperRecommendation *rows;
	ShopperModel model;
	int64_t		n;
	Data		d;

	planted(&d, false);
	matrix_of(&d);
	CHECK_OK(env, train_by(env, &model, &shopper_learner_popular, &d, false, "", NULL));
	CHECK_OK(env, shopper_recommend(env, &model, 2, &filter, &rows, &n));
	for (int64_t i = 0; i < n; i++)
	{
		double		count = 0;

		for (int user = 0; user < USERS; user++)
			count += value[user][rows[i].code];
		CHECK_NEAR(rows[i].score, count, 0);
		CHECK(i == 0 || rows[i].score <= rows[i - 1].score);
	}
	CHECK(train_by(env, &model, &shopper_learner_popular, &d, false, "half_life=2", NULL) == SHOPPER_BAD_OPTION);
	check_env_end(env);
}

void
test_neighbours(void)
{
	events(&shopper_learner_item_knn, false, false, 0);
	events(&shopper_learner_item_knn, false, false, 4);
	events(&shopper_learner_item_knn, false, true, 4);
	events(&shopper_learner_user_knn, true, false, 6);
	events(&shopper_learner_user_knn, true, true, 0);
	counted(50, 0, 1);
	counted(0, 0, 1);
	counted(3, 10, 2);
	threads();
	ratings(&shopper_learner_item_knn);
	ratings(&shopper_learner_user_knn);
	popularity();
}
