/* test_ease.c: large inverses, and the learner ease against its formula by elimination. */
#include "svd_data.h"

#include "../../src/core/inverse.h"
#include "../../src/core/threads.h"
#include "../../src/models/recommend/recommend.h"

/* A positive definite matrix, full. */
static void
definite(double *a, int64_t stride, int64_t n)
{
	for (int64_t i = 0; i < n; i++)
		for (int64_t j = 0; j <= i; j++)
			a[i * stride + j] = a[j * stride + i] = i == j ? 1 + (double) n / 8 : shopper_uniform(1, (uint64_t) i, (uint64_t) j) - 0.5;
}

/* The inverse times the matrix is the unit matrix; every level and any threads give the same bits. */
static void
inverse(int64_t n)
{
	ShopperEnv *env = check_env(-1);
	int64_t		stride = shopper_inverse_stride(n);
	double	   *a,
			   *p[4],
				worst = 0;

	a = shopper_alloc0(env, (size_t) (stride * stride), sizeof(double));
	definite(a, stride, n);
	for (int level = 0; level < 4; level++)
	{
		p[level] = shopper_alloc(env, (size_t) (stride * stride), sizeof(double));
		memcpy(p[level], a, (size_t) (stride * stride) * sizeof(double));
		if (level == 3)
			env->pool = shopper_pool_create(env, 3);
		CHECK_OK(env, shopper_inverse_level(env, p[level], n, level < 3 ? level : -1));
		for (int64_t i = 0; i < n; i++)
			CHECK(memcmp(p[level] + i * stride, p[0] + i * stride, (size_t) (i + 1) * sizeof(double)) == 0);
	}
	shopper_pool_end(env->pool);
	env->pool = NULL;
	for (int64_t i = 0; i < n; i += 1 + n / 20)
		for (int64_t j = 0; j < n; j += 1 + n / 20)
		{
			double		sum = i == j ? -1 : 0;

			for (int64_t k = 0; k < n; k++)
				sum += a[i * stride + k] * (k >= j ? p[0][k * stride + j] : p[0][j * stride + k]);
			worst = fmax(worst, fabs(sum));
		}
	CHECK(worst < 1e-13);
	check_env_end(env);
}

static void
no_inverse(void)
{
	ShopperEnv *env = check_env(-1);
	double	   *a = shopper_alloc0(env, 48 * 48, sizeof(double));

	for (int i = 0; i < 30; i++)	/* two equal columns */
		for (int j = 0; j < 30; j++)
			a[i * 48 + j] = (i % 29 == j % 29) + (i == j && i % 29 != 0);
	CHECK(shopper_inverse(env, a, 30) == SHOPPER_BAD_DATA);
	memset(a, 0, 48 * 48 * sizeof(double));
	a[0] = NAN;
	CHECK(shopper_inverse(env, a, 30) == SHOPPER_BAD_DATA);
	definite(a, shopper_inverse_stride(30), 30);
	check_cancel_after(env, 0);
	CHECK(shopper_inverse(env, a, 30) == SHOPPER_CANCELLED);
	check_env_end(env);
}

/* ---- the learner ---- */

static double x[USERS][ITEMS],
			B[ITEMS][ITEMS];

/* B by Gauss and Jordan's elimination in long double. */
static void
formula(const Data *d, double lambda, bool weighted)
{
	static long double a[ITEMS][2 * ITEMS];

	memset(x, 0, sizeof(x));
	for (int i = 0; i < d->n; i++)
		x[d->user[i]][d->item[i]] = weighted ? d->value[i] : 1;
	for (int i = 0; i < ITEMS; i++)
		for (int j = 0; j < ITEMS; j++)
		{
			a[i][j] = i == j ? lambda : 0;
			a[i][ITEMS + j] = i == j;
			for (int u = 0; u < USERS; u++)
				a[i][j] += (long double) x[u][i] * x[u][j];
		}
	for (int k = 0; k < ITEMS; k++)
		for (int i = 0; i < ITEMS; i++)
		{
			long double f = a[i][k] / a[k][k];

			for (int j = 0; j < 2 * ITEMS && i != k; j++)
				a[i][j] -= f * a[k][j];
		}
	for (int i = 0; i < ITEMS; i++)
		for (int j = 0; j < ITEMS; j++)
			B[i][j] = i == j ? 0 : (double) -(a[i][ITEMS + j] / a[i][i] / (a[j][ITEMS + j] / a[j][j]));
}

/* Leave the k largest by size of each column. */
static void
keep_largest(int k)
{
	for (int j = 0; j < ITEMS; j++)
		for (int left = ITEMS; left > k; left--)
		{
			int			least = -1;

			for (int i = 0; i < ITEMS; i++)
				if (B[i][j] != 0 && (least < 0 || fabs(B[i][j]) < fabs(B[least][j])))
					least = i;
			if (least >= 0 && left <= ITEMS - 1)
				B[least][j] = 0;
		}
}

static void
against_formula(bool weighted, int keep)
{
	ShopperEnv *env = check_env(-1);
	ShopperItemFilter filter = {.n = ITEMS};
	ShopperModel model,
				back;
	ShopperRecommendation *rows;
	ShopperReason *reason;
	ShopperReader r;
	ShopperWriter bytes;
	int32_t		basket[] = {3, 17, 3, -1};
	double		rating,
				sum;
	char		options[80];
	int64_t		n;
	static Data d;

	planted(&d, weighted);
	for (int i = 0; i < d.n; i++)
		d.value[i] = weighted ? 1 + i % 3 : 1;
	formula(&d, 5, weighted);
	if (keep > 0)
		keep_largest(keep);
	snprintf(options, sizeof(options), "lambda=5 keep=%d weighted=%s", keep, weighted ? "true" : "false");
	CHECK_OK(env, train_by(env, &back, &shopper_learner_ease, &d, true, options, NULL));
	bytes = bytes_of(env, &back);
	memset(&model, 0, sizeof(model));
	model.learner = &shopper_learner_ease;
	shopper_reader_init(&r, env, bytes.data, (size_t) bytes.length);
	CHECK_OK(env, model.learner->decode(&model, &r));
	CHECK_OK(env, shopper_reader_done(&r, "state"));
	for (int user = 0; user < USERS; user += 5)
	{
		CHECK_OK(env, shopper_recommend(env, &model, user, &filter, &rows, &n));
		CHECK(n == ITEMS);
		for (int64_t i = 0; i < n; i++)
		{
			double		wanted = 0;

			for (int j = 0; j < ITEMS; j++)
				wanted += x[user][j] * B[j][rows[i].code];
			CHECK_NEAR(rows[i].score, wanted, 1e-5);
			CHECK_OK(env, shopper_predict_rating(env, &model, user, rows[i].code, &rating));
			CHECK_NEAR(rating, wanted, 1e-5);
		}
	}
	CHECK_OK(env, shopper_explain_recommendation(env, &model, 0, rows[0].code, ITEMS, &reason, &n));
	CHECK_OK(env, shopper_predict_rating(env, &model, 0, rows[0].code, &rating));
	sum = 0;
	for (int64_t i = 0; i < n; i++)
	{
		CHECK_NEAR(reason[i].contribution, x[0][reason[i].code] * B[reason[i].code][rows[0].code], 1e-6);
		sum += reason[i].contribution;
	}
	CHECK_NEAR(sum, rating, 1e-9);
	/* an item that comes twice counts twice */
	CHECK_OK(env, shopper_recommend_for_basket(env, &model, basket, NULL, 4, &filter, &rows, &n));
	for (int64_t i = 0; i < n; i++)
		CHECK_NEAR(rows[i].score, 2 * B[3][rows[i].code] + B[17][rows[i].code], 1e-6);
	CHECK_OK(env, shopper_similar_items(env, &model, 4, 3, &rows, &n));
	CHECK(n == 3);
	for (int64_t i = 0; i < n; i++)
		CHECK_NEAR(rows[i].score, B[4][rows[i].code], 1e-6);
	CHECK(shopper_similar_users(env, &model, 4, 3, &rows, &n) == SHOPPER_WRONG_MODEL);
	check_env_end(env);
}

/* One user, one item, weights of 0, a model that would be too large, threads. */
static void
odd_inputs(void)
{
	ShopperEnv *env = check_env(-1);
	ShopperItemFilter filter = {.n = 5};
	ShopperRecommendation *rows;
	ShopperModel model,
				other;
	ShopperWriter a,
				b;
	int64_t		n;
	static Data d;

	planted(&d, false);
	CHECK_OK(env, train_by(env, &model, &shopper_learner_ease, &d, false, "", NULL));
	a = bytes_of(env, &model);
	env->pool = shopper_pool_create(env, 3);
	CHECK_OK(env, train_by(env, &other, &shopper_learner_ease, &d, true, "", NULL));
	b = bytes_of(env, &other);
	CHECK(same_bytes(&a, &b));
	shopper_pool_end(env->pool);
	env->pool = NULL;
	env->max_model = 5000;
	CHECK(train_by(env, &other, &shopper_learner_ease, &d, true, "", NULL) == SHOPPER_LIMIT);
	CHECK_OK(env, train_by(env, &other, &shopper_learner_ease, &d, true, "keep=3", NULL));
	env->max_model = 0;
	d = (Data) {.n = 1,.has_value = true,.value = {2}};
	CHECK_OK(env, train_by(env, &model, &shopper_learner_ease, &d, false, "weighted=true", NULL));
	CHECK_OK(env, shopper_recommend(env, &model, 0, &filter, &rows, &n));
	CHECK(n == 1 && rows[0].score == 0);
	d.value[0] = 0;
	CHECK_OK(env, train_by(env, &model, &shopper_learner_ease, &d, false, "", NULL));
	d.value[0] = -1;
	CHECK(train_by(env, &model, &shopper_learner_ease, &d, false, "", NULL) == SHOPPER_BAD_DATA);
	check_env_end(env);
}

void
test_ease(void)
{
	const int64_t sizes[] = {1, 2, 23, 24, 25, 100, 192, 193, 400};

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		inverse(sizes[i]);
	no_inverse();
	against_formula(false, 0);
	against_formula(true, 0);
	against_formula(false, 7);
	against_formula(true, ITEMS + 5);
	odd_inputs();
}
