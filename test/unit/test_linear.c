/* test_linear.c: derivatives of the logistic objective, optimality, OLS and ridge against plain algebra. */
#include "check.h"

#include "../../src/core/hash.h"
#include "../../src/core/threads.h"
#include "../../src/models/supervised/design.h"
#include "../../src/models/supervised/logit.h"

enum {N = 700, DENSE = 3};

/* A prepared table: three numbers, two categories of 3 and 4 positions (the second with "all zeros"), weights. */
static void
make_table(ShopperEnv *env, ShopperTable *t, ShopperSpec *spec, int classes)
{
	static ShopperCategory category[2];

	CHECK_OK(env, shopper_table_make(env, t, true, N, DENSE, 2, classes));
	memset(spec, 0, sizeof(*spec));
	memset(category, 0, sizeof(category));
	spec->n_dense = DENSE;
	spec->n_categories = 2;
	spec->category = category;
	category[0].size = t->size[0] = 3;
	category[0].offset = DENSE;
	category[1].size = t->size[1] = 4;
	category[1].offset = DENSE + 3;
	spec->width = DENSE + 7;
	t->weight = shopper_alloc(env, N, sizeof(double));
	for (int i = 0; i < N; i++)
	{
		double		z = 0;

		for (int j = 0; j < DENSE; j++)
			z += (j - 1) * (t->dense[j][i] = shopper_normal(4, (uint64_t) j, (uint64_t) i));
		t->lookup[0][i] = i % 3;
		t->lookup[1][i] = i % 5;	/* 4 is "all zeros" */
		t->weight[i] = 0.5 + (i % 4);
		z += shopper_normal(4, 9, (uint64_t) i) + (i % 3 == 1);
		if (classes > 0)
			t->y_class[i] = classes == 2 ? z > 0 : z > 1 ? 2 : z > -0.5 ? 1 : 0;
		else
			t->y[i] = 10 + 2 * z;
	}
}

/* Gradient and Hessian of the objective against central differences. */
static void
derivatives(int classes)
{
	ShopperEnv *env = check_env(-1);
	ShopperTable t;
	ShopperSpec spec;
	ShopperModel model = {.spec = &spec};
	ShopperLogit f = {.env = env, .model = &model, .t = &t, .spec = &spec, .c = 1.7, .l2 = 0.3};
	int			n;
	double	   *w,
			   *g,
			   *g2,
			   *h,
				value,
				up,
				down,
				l1;

	make_table(env, &t, &spec, classes);
	f.k = classes > 2 ? classes : 1;
	f.p = (size_t) spec.width + 1;
	n = f.k * (int) f.p;
	CHECK_OK(env, shopper_logit_allocate(&f));
	w = shopper_alloc0(env, (size_t) n, sizeof(double));
	g = shopper_alloc0(env, (size_t) n, sizeof(double));
	g2 = shopper_alloc0(env, (size_t) n, sizeof(double));
	h = shopper_alloc0(env, f.p * f.p, sizeof(double));
	for (int i = 0; i < n; i++)
		w[i] = 0.3 * shopper_normal(8, 0, (uint64_t) i);
	CHECK_OK(env, shopper_logit_evaluate(&f, w, &value, &l1, g));
	for (int i = 0; i < n; i++)
	{
		double		keep = w[i];

		w[i] = keep + 1e-5;
		CHECK_OK(env, shopper_logit_evaluate(&f, w, &up, &l1, NULL));
		w[i] = keep - 1e-5;
		CHECK_OK(env, shopper_logit_evaluate(&f, w, &down, &l1, NULL));
		w[i] = keep;
		CHECK_NEAR((up - down) / 2e-5, g[i], 1e-4 * (1 + fabs(g[i])));
	}
	for (int a = 0; a < f.k; a++)
	{
		CHECK_OK(env, shopper_logit_hessian(&f, w, a, f.k - 1, N, h));
		for (int j = 0; j < (int) f.p; j++)
		{
			double		keep = w[(f.k - 1) * (int) f.p + j];

			w[(f.k - 1) * (int) f.p + j] = keep + 1e-5;
			CHECK_OK(env, shopper_logit_evaluate(&f, w, &up, &l1, g));
			w[(f.k - 1) * (int) f.p + j] = keep - 1e-5;
			CHECK_OK(env, shopper_logit_evaluate(&f, w, &down, &l1, g2));
			w[(f.k - 1) * (int) f.p + j] = keep;
			for (int i = 0; i < (int) f.p; i++)
				CHECK_NEAR((g[a * (int) f.p + i] - g2[a * (int) f.p + i]) / 2e-5, h[i * (int) f.p + j], 1e-4 * (1 + fabs(h[i * (int) f.p + j])));
		}
	}
	check_env_end(env);
}

/* The Gram matrix against a loop over expanded rows. */
static void
gram(void)
{
	ShopperEnv *env = check_env(-1);
	ShopperTable t;
	ShopperSpec spec;
	int			p;
	double	   *fast,
			   *slow;

	make_table(env, &t, &spec, 2);
	p = spec.width + 1;
	fast = shopper_alloc0(env, (size_t) (p * p), sizeof(double));
	slow = shopper_alloc0(env, (size_t) (p * p), sizeof(double));
	CHECK_OK(env, shopper_design_gram(env, &t, &spec, N, t.weight, fast));
	for (int i = 0; i < N; i++)
	{
		double		x[16] = {0};

		for (int j = 0; j < DENSE; j++)
			x[j] = t.dense[j][i];
		for (int k = 0; k < 2; k++)
			if (t.lookup[k][i] < spec.category[k].size)
				x[spec.category[k].offset + t.lookup[k][i]] = 1;
		x[p - 1] = 1;
		for (int a = 0; a < p; a++)
			for (int b = 0; b < p; b++)
				slow[a * p + b] += t.weight[i] * x[a] * x[b];
	}
	for (int i = 0; i < p * p; i++)
		CHECK_NEAR(fast[i], slow[i], 1e-9);
	check_env_end(env);
}

/* A whole training through the shared course; the caller frees the env. */
static ShopperStatus
train(ShopperEnv *env, const char *learner, int classes, const char *option, const char *value, ShopperModel *model)
{
	ShopperTable t;
	ShopperSpec *spec = shopper_alloc0(env, 1, sizeof(ShopperSpec));
	ShopperRaw	raw = {.kind = SHOPPER_RAW_STRING,.text = value};
	uint32_t	code;

	memset(model, 0, sizeof(*model));
	model->learner = shopper_learner_by_name(learner);
	model->task = classes > 0 ? SHOPPER_CLASSIFY : SHOPPER_REGRESS;
	model->spec = spec;
	SHOPPER_TRY(shopper_table_make(env, &t, true, N, DENSE, 0, classes));
	spec->n_columns = spec->n_numbers = DENSE;
	SHOPPER_NEW0(env, spec->column, DENSE);
	SHOPPER_NEW0(env, spec->number, DENSE);
	for (int j = 0; j < DENSE; j++)
	{
		spec->column[j] = (ShopperColumn) {.name = "x",.first = j,.n = 1};
		spec->number[j].column = j;
	}
	spec->target = "y";
	spec->positive = classes == 2 ? 1 : -1;
	spec->target_kind = classes > 0 ? SHOPPER_TARGET_CLASS : SHOPPER_TARGET_NUMBER;
	SHOPPER_TRY(shopper_dictionary_init(&spec->classes, env, SHOPPER_ID_TEXT));
	for (int c = 0; c < classes; c++)
		SHOPPER_TRY(shopper_dictionary_add_text(&spec->classes, c == 0 ? "a" : c == 1 ? "b" : "c", 1, &code));
	for (int i = 0; i < N; i++)
	{
		double		z = shopper_normal(4, 9, (uint64_t) i);

		for (int j = 0; j < DENSE; j++)
			z += (j - 1) * (t.dense[j][i] = 5 + 3 * shopper_normal(4, (uint64_t) j, (uint64_t) i));
		if (classes > 0)
			t.y_class[i] = classes == 2 ? z > 0 : z > 2 ? 2 : z > -2 ? 1 : 0;
		else
			t.y[i] = 3 * t.dense[0][i] - 2 * t.dense[2][i] + 7;
	}
	SHOPPER_TRY(shopper_options_init(env, &model->options, model->learner->options, shopper_shape_options(SHOPPER_ROWS)));
	SHOPPER_TRY(shopper_options_set(env, &model->options, learner, option, &raw));
	return shopper_train_rows(env, model, &t, NULL, NULL);
}

static void
optimum(const char *learner, int classes, const char *penalty)
{
	ShopperEnv *env = check_env(-1);
	ShopperModel model,
				back;
	ShopperLinearModel *lm;
	unsigned char *bytes,
			   *again;
	int64_t		length,
				length2;

	CHECK_OK(env, train(env, learner, classes, "penalty", penalty, &model));
	lm = model.state;
	CHECK(lm->gradient_norm < 1e-4 * N);
	CHECK_OK(env, shopper_model_encode(env, &model, &bytes, &length));
	CHECK_OK(env, shopper_model_decode(env, bytes, (size_t) length, &back));
	CHECK_OK(env, shopper_model_encode(env, &back, &again, &length2));
	CHECK(length == length2 && memcmp(bytes, again, (size_t) length) == 0);
	check_env_end(env);
}

/* Every allocation that fails, every poll that cancels: a status, and nothing left running. */
static void
failures(void)
{
	ShopperStatus status = SHOPPER_OUT_OF_MEMORY;
	ShopperModel model;

	for (long k = 0; status == SHOPPER_OUT_OF_MEMORY && k < 2000; k++)
	{
		ShopperEnv *env = check_env(k);

		status = train(env, "logistic", 2, "penalty", "none", &model);
		CHECK(status == SHOPPER_OUT_OF_MEMORY || status == SHOPPER_OK);
		check_env_end(env);
	}
	CHECK(status == SHOPPER_OK);
	for (long k = 0; k < 60; k += 7)
	{
		ShopperEnv *env = check_env(-1);

		check_cancel_after(env, k);
		status = train(env, "logistic", 3, "penalty", "l1", &model);
		CHECK(status == SHOPPER_CANCELLED || status == SHOPPER_OK);
		check_env_end(env);
	}
}

static void
same_for_threads(void)
{
	unsigned char *bytes[2];
	int64_t		length[2];
	ShopperEnv *env[2];

	for (int k = 0; k < 2; k++)
	{
		ShopperModel model;

		env[k] = check_env(-1);
		env[k]->pool = shopper_pool_create(env[k], 1 + k);
		CHECK_OK(env[k], train(env[k], "logistic", 2, "penalty", "l2", &model));
		CHECK_OK(env[k], shopper_model_encode(env[k], &model, &bytes[k], &length[k]));
	}
	CHECK(length[0] == length[1] && memcmp(bytes[0], bytes[1], (size_t) length[0]) == 0);
	check_env_end(env[0]);
	check_env_end(env[1]);
}

static void
exact_line(void)
{
	ShopperEnv *env = check_env(-1);
	ShopperModel model;
	ShopperCoefficient *c;
	int64_t		n;

	CHECK_OK(env, train(env, "linear", 0, "penalty", "none", &model));
	CHECK_OK(env, model.learner->coefficients(env, &model, &c, &n));
	CHECK(n == 4);
	CHECK_NEAR(c[0].coefficient, 7, 1e-10);
	CHECK_NEAR(c[1].coefficient, 3, 1e-11);
	CHECK_NEAR(c[2].coefficient, 0, 1e-11);
	CHECK_NEAR(c[3].coefficient, -2, 1e-11);
	check_env_end(env);
}

/* Contributions and base sum to the score; the mean row contributes nothing. */
static void
explained(const char *learner, int classes, const char *option, const char *value)
{
	ShopperEnv *env = check_env(-1);
	ShopperModel model;

	CHECK_OK(env, train(env, learner, classes, option, value, &model));
	for (int output = 0; output < shopper_model_outputs(&model); output++)
	{
		double		dense[DENSE] = {0.7, -1.5, 0},
					out[3],
					base,
					contribution[DENSE],
					sum;

		CHECK_OK(env, model.learner->explain(env, &model, dense, NULL, output, &base, contribution));
		model.learner->predict(&model, dense, NULL, out);
		sum = base + contribution[0] + contribution[1] + contribution[2];
		CHECK_NEAR(contribution[2], 0, 0);
		if (classes == 3)
		{
			double		other_base,
						other[DENSE];

			CHECK_OK(env, model.learner->explain(env, &model, dense, NULL, 0, &other_base, other));
			CHECK_NEAR(sum - other_base - other[0] - other[1] - other[2], log(out[output] / out[0]), 1e-9);
		}
		else
			CHECK_NEAR(sum, classes == 0 ? out[0] : log(out[output] / out[1 - output]), 1e-9);
	}
	check_env_end(env);
}

void
test_linear(void)
{
	static const char *const penalties[] = {"l2", "l1", "elastic_net", "none"};
	static const char *const regressions[] = {"none", "ridge", "lasso", "elastic_net"};

	derivatives(2);
	derivatives(3);
	gram();
	for (int k = 0; k < 4; k++)
	{
		optimum("logistic", 2, penalties[k]);
		optimum("logistic", 3, penalties[k]);
		optimum("linear", 0, regressions[k]);
	}
	exact_line();
	explained("linear", 0, "penalty", "ridge");
	explained("logistic", 2, "penalty", "l2");
	explained("logistic", 3, "penalty", "l2");
	failures();
	same_for_threads();
}
