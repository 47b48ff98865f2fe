/* test_nmf.c: the learner nmf against its objective, summed over the whole matrix. */
#include "svd_data.h"

#include "../../src/core/threads.h"
#include "../../src/models/recommend/recommend.h"

static double x[USERS][ITEMS];
static bool cell[USERS][ITEMS];	/* counts in the objective */

static void
matrix_of(const ShopperFactors *f)
{
	const ShopperEvents *e = &f->events;

	memset(x, 0, sizeof(x));
	memset(cell, 0, sizeof(cell));
	for (int64_t u = 0; u < e->user.n; u++)
	{
		for (int64_t i = 0; i < e->item.n; i++)
			cell[u][i] = f->implicit;
		for (int64_t k = e->seen_start[u]; k < e->seen_start[u + 1]; k++)
		{
			x[u][e->seen[k]] = e->value != NULL ? e->value[k] : 1;
			cell[u][e->seen[k]] = true;
		}
	}
}

static double
product(const ShopperFactors *f, int64_t u, int64_t i)
{
	double		sum = 0;

	for (int j = 0; j < f->factors; j++)
		sum += (double) f->user_factor[u * f->stride + j] * f->item_factor[i * f->stride + j];
	return sum;
}

static double
objective(const ShopperFactors *f)
{
	double		sum = 0;

	for (int64_t u = 0; u < f->events.user.n; u++)
		for (int64_t i = 0; i < f->events.item.n; i++)
			sum += cell[u][i] ? (x[u][i] - product(f, u, i)) * (x[u][i] - product(f, u, i)) / 2 : 0;
	for (int64_t i = 0; i < f->events.user.n * f->stride; i++)
		sum += f->lambda / 2 * f->user_factor[i] * f->user_factor[i];
	for (int64_t i = 0; i < f->events.item.n * f->stride; i++)
		sum += f->lambda / 2 * f->item_factor[i] * f->item_factor[i];
	return sum;
}

/* Slope of the objective in one of the user's factors: 0 where it is positive, not below 0 where it is 0. */
static void
check_user(const ShopperFactors *f, int64_t u)
{
	for (int j = 0; j < f->factors; j++)
	{
		double		w = f->user_factor[u * f->stride + j],
					slope = f->lambda * w;

		for (int64_t i = 0; i < f->events.item.n; i++)
			if (cell[u][i])
				slope -= (x[u][i] - product(f, u, i)) * f->item_factor[i * f->stride + j];
		CHECK(w >= 0 && slope > -1e-3 && (w == 0 || slope < 1e-3));
	}
}

static void
fit(bool rated, bool weights, const char *options)
{
	ShopperEnv *env = check_env(-1);
	ShopperItemFilter filter = {.n = ITEMS};
	ShopperRecommendation *rows;
	ShopperReason *reason;
	ShopperModel model,
				back,
				other;
	ShopperWriter a,
				b;
	ShopperReader r;
	const ShopperFactors *f;
	double		last = INFINITY;
	int64_t		n,
				n_reasons;
	char		text[100];
	static Data d;

	planted(&d, rated);
	for (int i = 0; i < d.n && weights; i++)
		d.value[i] = 1 + i % 3;
	d.has_value = rated || weights;
	for (int i = 0; i < d.n && rated; i++)
		d.value[i] = fmax(d.value[i], 0.5);
	snprintf(text, sizeof(text), "%s%s", options, weights ? " implicit=true" : "");
	CHECK_OK(env, train_by(env, &back, &shopper_learner_nmf, &d, true, text, NULL));
	CHECK_NEAR(((const ShopperFactors *) back.state)->loss, back.metric[0].value, 0);
	for (int64_t i = 0; i < back.n_steps; i++)
	{
		CHECK(back.history[i].value <= last * (1 + 1e-6));
		last = back.history[i].value;
	}
	a = bytes_of(env, &back);
	memset(&model, 0, sizeof(model));
	model.learner = back.learner;
	shopper_reader_init(&r, env, a.data, (size_t) a.length);
	CHECK_OK(env, model.learner->decode(&model, &r));
	CHECK_OK(env, shopper_reader_done(&r, "state"));
	f = model.state;
	matrix_of(f);
	CHECK_NEAR(objective(f), f->loss, 1e-5 * f->loss);
	CHECK(f->loss <= last * (1 + 1e-6));
	for (int64_t i = 0; i < f->events.item.n * f->stride; i++)
		CHECK(f->item_factor[i] >= 0);
	for (int64_t u = 0; u < f->events.user.n; u += 3)
	{
		double		rating[ITEMS];
		int64_t		first = f->events.seen_start[u];

		check_user(f, u);
		for (int64_t i = first; i < f->events.seen_start[u + 1]; i++)
			rating[i - first] = x[u][f->events.seen[i]];
		CHECK_OK(env, shopper_recommend_for_basket(env, &model, f->events.seen + first, rating, (int) (f->events.seen_start[u + 1] - first), &filter, &rows, &n));
		for (int64_t i = 0; i < n; i++)
		{
			double		sum = 0;

			CHECK_NEAR(rows[i].score, product(f, u, rows[i].code), 1e-5);
			CHECK_OK(env, shopper_explain_recommendation(env, &model, u, rows[i].code, ITEMS, &reason, &n_reasons));
			for (int64_t k = 0; k < n_reasons; k++)
				sum += reason[k].contribution;
			CHECK_NEAR(sum, rows[i].score, 1e-3);
		}
	}
	env->pool = shopper_pool_create(env, 3);
	CHECK_OK(env, train_by(env, &other, &shopper_learner_nmf, &d, false, text, NULL));
	b = bytes_of(env, &other);
	CHECK(same_bytes(&a, &b));
	shopper_pool_end(env->pool);
	env->pool = NULL;
	/* going on from a model lowers its objective */
	CHECK_OK(env, train_by(env, &other, &shopper_learner_nmf, &d, false, text, &model));
	CHECK(((const ShopperFactors *) other.state)->loss <= f->loss * (1 + 1e-6));
	check_env_end(env);
}

static void
odd_inputs(void)
{
	ShopperEnv *env = check_env(-1);
	ShopperFactorItem *item;
	ShopperModel model,
				other;
	int64_t		n;
	static Data d;

	d = (Data) {.n = 1};		/* one user, one item, more factors than items */
	CHECK_OK(env, train_by(env, &model, &shopper_learner_nmf, &d, false, "factors=4 lambda=0", NULL));
	CHECK_NEAR(product(model.state, 0, 0), 1, 1e-3);
	d.has_value = true;
	CHECK_OK(env, train_by(env, &model, &shopper_learner_nmf, &d, false, "implicit=true", NULL));	/* a weight of 0 */
	CHECK_NEAR(product(model.state, 0, 0), 0, 1e-6);
	d.value[0] = -1;
	CHECK(train_by(env, &model, &shopper_learner_nmf, &d, false, "implicit=true", NULL) == SHOPPER_BAD_DATA);
	CHECK(train_by(env, &model, &shopper_learner_nmf, &d, false, "", NULL) == SHOPPER_BAD_DATA && env->hint[0] != '\0');
	planted(&d, false);
	CHECK_OK(env, train_by(env, &model, &shopper_learner_nmf, &d, false, "factors=4", NULL));
	CHECK(train_by(env, &other, &shopper_learner_nmf, &d, false, "factors=5", &model) == SHOPPER_BAD_OPTION);
	CHECK_OK(env, shopper_factor_profile(env, &model, -1, 3, &item, &n));
	CHECK(n == 12 && item[11].factor == 3 && item[11].rank == 3 && item[9].weight >= item[11].weight && item[0].share > 0);
	CHECK_OK(env, shopper_factor_profile(env, &model, 2, INT64_MAX, &item, &n));
	for (int64_t i = 0; i < n; i++)
		CHECK(item[i].factor == 2 && item[i].weight > 0);
	CHECK(shopper_factor_profile(env, &model, 4, 3, &item, &n) == SHOPPER_BAD_OPTION);
	CHECK_OK(env, train_by(env, &other, &shopper_learner_popular, &d, false, "", NULL));
	CHECK(shopper_factor_profile(env, &other, 0, 3, &item, &n) == SHOPPER_WRONG_MODEL);
	check_env_end(env);
}

void
test_nmf(void)
{
	fit(false, false, "factors=4 lambda=0.5");
	fit(false, true, "factors=17 lambda=2 iterations=20");
	fit(true, false, "factors=3");
	fit(true, false, "factors=5 lambda=1 iterations=100");
	odd_inputs();
}
