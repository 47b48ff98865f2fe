/* test_truncated.c: eigenvectors; svd by the methods truncated and gradient against the whole matrix. */
#include "svd_data.h"

#include "../../src/core/eigen.h"
#include "../../src/core/threads.h"
#include "../../src/models/recommend/recommend.h"

static void
eigen(int n, bool equal)
{
	ShopperEnv *env = check_env(-1);
	double	   *a = shopper_alloc0(env, (size_t) (n * n), sizeof(double)),
			   *copy = shopper_alloc(env, (size_t) (n * n), sizeof(double)),
			   *vector = shopper_alloc(env, (size_t) (n * n), sizeof(double)),
			   *value = shopper_alloc(env, (size_t) n, sizeof(double));

	for (int i = 0; i < n; i++)
		for (int j = 0; j <= i; j++)
			a[i * n + j] = a[j * n + i] = equal ? 1 : shopper_normal(1, (uint64_t) i, (uint64_t) j);
	memcpy(copy, a, (size_t) (n * n) * sizeof(double));
	CHECK_OK(env, shopper_eigen(env, a, n, value, vector));
	for (int j = 0; j < n; j++)
	{
		CHECK(j == 0 || value[j] <= value[j - 1]);
		for (int i = 0; i < n; i++)
		{
			double		sum = 0,
						product = 0;

			for (int k = 0; k < n; k++)
			{
				sum += copy[i * n + k] * vector[j * n + k];
				product += vector[i * n + k] * vector[j * n + k];
			}
			CHECK_NEAR(sum, value[j] * vector[j * n + i], 1e-12 * n);
			CHECK_NEAR(product, i == j, 1e-13 * n);
		}
	}
	check_env_end(env);
}

static double x[USERS][ITEMS];

static void
matrix_of(const Data *d)
{
	memset(x, 0, sizeof(x));
	for (int i = 0; i < d->n; i++)
		x[d->user[i]][d->item[i]] += d->has_value ? d->value[i] : 1;
}

/* Singular values are the roots of the eigenvalues of X'X; scores X V V' by its eigenvectors; users are their items' rows. */
static void
truncated(bool weights, int factors)
{
	ShopperEnv *env = check_env(-1);
	double		G[ITEMS * ITEMS] = {0},
				value[ITEMS],
				V[ITEMS * ITEMS],
				worst = 0,
				basket_gap = 0;
	ShopperItemFilter filter = {.n = ITEMS};
	ShopperModel model,
				back,
				other;
	const ShopperFactors *f;
	ShopperWriter a,
				b;
	ShopperRecommendation *rows;
	char		options[80];
	int64_t		n;
	static Data d;

	planted(&d, weights);
	for (int i = 0; i < d.n; i++)
		d.value[i] = 1 + i % 3;
	matrix_of(&d);
	for (int u = 0; u < USERS; u++)
		for (int i = 0; i < ITEMS; i++)
			for (int j = 0; j < ITEMS; j++)
				G[i * ITEMS + j] += x[u][i] * x[u][j];
	CHECK_OK(env, shopper_eigen(env, G, ITEMS, value, V));
	snprintf(options, sizeof(options), "method=truncated factors=%d", factors);
	CHECK_OK(env, train(env, &back, &d, true, options, NULL));
	a = bytes_of(env, &back);
	CHECK_OK(env, decode(env, a.data, (size_t) a.length, &model));
	f = model.state;
	CHECK(f->events.item.n == ITEMS);
	for (int j = 0; j < factors; j++)
	{
		double		largest = 0;

		CHECK_NEAR(f->singular[j], j < ITEMS ? sqrt(fmax(value[j], 0)) : 0, 1e-6 * sqrt(value[0]));
		for (int i = 0; i < ITEMS; i++)
			largest = fabs(f->item_factor[i * f->stride + j]) > fabs(largest) ? f->item_factor[i * f->stride + j] : largest;
		CHECK(largest > 0 || (j >= ITEMS && largest == 0));
	}
	for (int user = 0; user < USERS; user++)
	{
		double		rating[ITEMS];
		int32_t		basket[ITEMS];
		int			n_items = 0;
		int64_t		code = shopper_dictionary_find_int(&f->events.user, user);

		for (int i = 0; i < ITEMS; i++)
			if (x[user][i] != 0)
			{
				basket[n_items] = i;
				rating[n_items++] = x[user][i];
			}
		if (code < 0)			/* a user without events */
			continue;
		CHECK_OK(env, shopper_recommend_for_basket(env, &model, basket, rating, n_items, &filter, &rows, &n));
		for (int64_t i = 0; i < n; i++)
		{
			double		wanted = 0,
						score,
						sum = 0;
			ShopperReason *reason;
			int64_t		n_reasons;

			for (int j = 0; j < factors && j < ITEMS; j++)
			{
				double		own = 0;

				for (int k = 0; k < ITEMS; k++)
					own += x[user][k] * V[j * ITEMS + k];
				wanted += own * V[j * ITEMS + rows[i].code];
			}
			CHECK_OK(env, shopper_predict_rating(env, &model, code, rows[i].code, &score));
			worst = fmax(worst, fabs(score - wanted));
			basket_gap = fmax(basket_gap, fabs(score - rows[i].score));
			if (user % 20 != 0)
				continue;
			CHECK_OK(env, shopper_explain_recommendation(env, &model, code, rows[i].code, ITEMS, &reason, &n_reasons));
			for (int64_t k = 0; k < n_reasons; k++)
				sum += reason[k].contribution;
			CHECK_NEAR(sum, score, 1e-5);
		}
	}
	CHECK(worst < 2e-5);
	CHECK(basket_gap == 0);
	env->pool = shopper_pool_create(env, 3);
	CHECK_OK(env, train(env, &other, &d, false, options, NULL));
	b = bytes_of(env, &other);
	CHECK(same_bytes(&a, &b));
	shopper_pool_end(env->pool);
	env->pool = NULL;
	/* from an earlier model: the same answers in fewer rounds */
	CHECK_OK(env, train(env, &other, &d, false, options, &model));
	CHECK(((const ShopperFactors *) other.state)->epochs <= f->epochs);
	CHECK_NEAR(((const ShopperFactors *) other.state)->singular[0], f->singular[0], 1e-6);
	check_env_end(env);
}

/* One epoch is one step against the gradient of J; later ones lower J, whatever the threads. */
static void
gradient(bool biased)
{
	ShopperEnv *env = check_env(-1);
	ShopperModel model,
				start,
				other;
	const ShopperFactors *f,
			   *g;
	ShopperWriter a,
				b;
	double		last = INFINITY;
	char		options[120];
	static Data d;

	planted(&d, true);
	matrix_of(&d);
	snprintf(options, sizeof(options), "method=gradient factors=3 learning_rate=0.002 lambda=0.5 biased=%s epochs=", biased ? "true" : "false");
	strcat(options, "1");
	CHECK_OK(env, train(env, &start, &d, false, options, NULL));
	CHECK_OK(env, train(env, &model, &d, false, options, &start));	/* a second step */
	f = start.state;
	g = model.state;
	for (int user = 0; user < USERS; user += 7)
		for (int j = 0; j < 3; j++)
		{
			double		sum = -0.5 * f->user_factor[user * f->stride + j],
						bias = -0.5 * f->user_bias[user];

			for (int i = 0; i < ITEMS; i++)
				if (x[user][i] != 0)
				{
					sum += (x[user][i] - shopper_factors_score(f, user, i)) * f->item_factor[i * f->stride + j];
					bias += x[user][i] - shopper_factors_score(f, user, i);
				}
			CHECK_NEAR(g->user_factor[user * f->stride + j], f->user_factor[user * f->stride + j] + 0.002 * sum, 1e-6);
			CHECK_NEAR(g->user_bias[user], biased ? f->user_bias[user] + 0.002 * bias : 0, 1e-6);
		}
	strcat(options, "00");
	CHECK_OK(env, train(env, &model, &d, true, options, NULL));
	for (int64_t i = 0; i < model.n_steps; i++)
		if (strcmp(model.history[i].metric, "train_loss") == 0)
		{
			CHECK(model.history[i].value < last);
			last = model.history[i].value;
		}
	CHECK(model.n_steps == 200 && ((const ShopperFactors *) model.state)->loss < 0.65);
	a = bytes_of(env, &model);
	env->pool = shopper_pool_create(env, 3);
	CHECK_OK(env, train(env, &other, &d, false, options, NULL));
	b = bytes_of(env, &other);
	CHECK(same_bytes(&a, &b));
	shopper_pool_end(env->pool);
	env->pool = NULL;
	/* a rate that is far too high is halved until J falls at each step */
	CHECK_OK(env, train(env, &model, &d, true, "method=gradient learning_rate=5 epochs=300", NULL));
	for (int64_t i = 2; i < model.n_steps; i += 2)
		CHECK(model.history[i].value <= model.history[i - 2].value);
	check_env_end(env);
}

static void
refused(void)
{
	ShopperEnv *env = check_env(-1);
	ShopperModel model,
				other;
	static Data d;

	planted(&d, false);
	CHECK(train(env, &model, &d, false, "method=gradient", NULL) == SHOPPER_BAD_OPTION);
	CHECK(train(env, &model, &d, false, "method=truncated implicit=false", NULL) == SHOPPER_BAD_OPTION);
	CHECK_OK(env, train(env, &model, &d, false, "factors=3 epochs=2", NULL));
	CHECK(train(env, &other, &d, false, "method=truncated factors=3", &model) == SHOPPER_WRONG_MODEL);
	/* one user, one item */
	d = (Data) {.n = 1};
	CHECK_OK(env, train(env, &model, &d, false, "method=truncated factors=3", NULL));
	CHECK_NEAR(((const ShopperFactors *) model.state)->singular[0], 1, 1e-12);
	CHECK_NEAR(((const ShopperFactors *) model.state)->singular[1], 0, 0);
	/* nothing but weights of 0 */
	d.has_value = true;
	CHECK_OK(env, train(env, &model, &d, false, "method=truncated factors=3", NULL));
	CHECK_NEAR(((const ShopperFactors *) model.state)->singular[0], 0, 0);
	d.value[0] = -1;
	CHECK(train(env, &model, &d, false, "method=truncated", NULL) == SHOPPER_BAD_DATA);
	check_env_end(env);
}

void
test_truncated(void)
{
	eigen(1, false);
	eigen(2, true);
	eigen(17, false);
	eigen(40, true);
	truncated(false, 5);
	truncated(true, 12);
	truncated(false, ITEMS + 3);
	gradient(true);
	gradient(false);
	refused();
}
