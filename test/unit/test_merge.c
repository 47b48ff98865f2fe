/* test_merge.c: statistics of the plain-column aggregates over any split of the rows; merging linear models and nets. */
#include "check.h"

#include "../../src/core/hash.h"
#include "../../src/features/intake.h"
#include "../../src/models/supervised/sums.h"

enum {ROWS = 1000, P = 5};

static double
value(int i, int j)
{
	double		x = shopper_normal(9, (uint64_t) j, (uint64_t) i);

	if (j == P)
		return 3 + 2 * value(i, 0) - value(i, 3) + 0.1 * x;
	return j == 1 ? 1e6 + x : x;
}

static ShopperSums *
make(ShopperEnv *env, bool linear, int from, int to)
{
	int			width = linear ? P + 1 : P;
	ShopperSums *s = shopper_alloc0(env, shopper_sums_size(width, linear ? SHOPPER_SUMS_LINEAR : SHOPPER_SUMS_BAYES, linear ? 0 : 2, 16), 1);

	shopper_sums_init(s, width, linear ? SHOPPER_SUMS_LINEAR : SHOPPER_SUMS_BAYES, linear ? 0 : 2, 16);
	for (int c = 0; c < 2 && !linear; c++)
		shopper_sums_name(s, c, c ? "yes" : "no", c ? 3 : 2);
	for (int i = from; i < to; i++)
	{
		double	   *row = shopper_sums_row(s);

		for (int j = 0; j < width; j++)
			row[j] = !linear && (i + j) % 7 == 0 ? NAN : value(i, j);
		shopper_sums_commit(s, linear ? 0 : value(i, 2) > 0);
	}
	shopper_sums_flush(s);
	CHECK(shopper_sums_valid(s, shopper_sums_size(width, linear ? SHOPPER_SUMS_LINEAR : SHOPPER_SUMS_BAYES, linear ? 0 : 2, 16)));
	return s;
}

static ShopperModel *
finish(ShopperEnv *env, ShopperSums *s)
{
	static const char *const names[] = {"a", "b", "c", "d", "e"};
	ShopperModel *model = shopper_alloc0(env, 1, sizeof(ShopperModel));

	model->learner = shopper_learner_by_name(s->kind == SHOPPER_SUMS_LINEAR ? "linear" : "bayes");
	model->task = s->kind == SHOPPER_SUMS_LINEAR ? SHOPPER_REGRESS : SHOPPER_CLASSIFY;
	CHECK_OK(env, shopper_options_init(env, &model->options, model->learner->options, shopper_shape_options(SHOPPER_ROWS)));
	CHECK_OK(env, shopper_sums_model(env, model, s, names));
	return model;
}

/* Predictions of two models on some rows. */
static double
difference(const ShopperModel *a, const ShopperModel *b)
{
	double		most = 0;

	for (int i = 0; i < 20; i++)
	{
		double		raw[P],
					dense[P],
					out[2][2];

		for (int j = 0; j < P; j++)
			raw[j] = value(i, j);
		for (int m = 0; m < 2; m++)
		{
			const ShopperModel *model = m ? b : a;

			memcpy(dense, raw, sizeof(raw));
			if (model->spec->prepared)
				shopper_prepare_row(model->spec, raw, dense);
			model->learner->predict(model, dense, NULL, out[m]);
		}
		most = fmax(most, fabs(out[0][0] - out[1][0]));
	}
	return most;
}

static void
splits(bool linear)
{
	ShopperEnv *env = check_env(-1);
	static const int cuts[] = {1, 31, 32, 33, 500, 999};
	ShopperModel *all = finish(env, make(env, linear, 0, ROWS));
	int			classes[] = {0, 1};

	for (int k = 0; k < 6; k++)
	{
		ShopperSums *left = make(env, linear, 0, cuts[k]),
				   *right = make(env, linear, cuts[k], ROWS);
		ShopperModel *one,
				   *two;

		if (cuts[k] > 31 && cuts[k] < 990)
		{
			one = finish(env, left);
			two = finish(env, right);
			CHECK_OK(env, shopper_model_merge(env, one, two));
			CHECK(one->n_rows == ROWS && one->n_train == ROWS);
			CHECK(difference(all, one) < 1e-9);
		}
		shopper_sums_merge(left, right, classes);
		one = finish(env, left);
		CHECK(difference(all, one) < 1e-9);
		CHECK(one->spec->number[0].low == all->spec->number[0].low && one->spec->number[0].high == all->spec->number[0].high);
	}
	check_env_end(env);
}

/* Slopes and their errors against the definition, solved by elimination. */
static void
regression(void)
{
	ShopperEnv *env = check_env(-1);
	ShopperModel *model = finish(env, make(env, true, 0, ROWS)),
				back;
	ShopperCoefficient *c;
	double		a[P + 1][2 * P + 3] = {{0}},
				rss = 0;
	int64_t		n,
				length;
	unsigned char *bytes;

	for (int i = 0; i < ROWS; i++)
	{
		double		x[P + 1] = {1};

		for (int j = 0; j < P; j++)
			x[j + 1] = value(i, j) - (j == 1 ? 1e6 : 0);
		for (int j = 0; j <= P; j++)
		{
			for (int k = 0; k <= P; k++)
				a[j][k] += x[j] * x[k];
			a[j][2 * P + 2] += x[j] * value(i, P);
		}
	}
	for (int j = 0; j <= P; j++)
		a[j][P + 1 + j] = 1;
	for (int j = 0; j <= P; j++)
		for (int k = 0; k <= P; k++)
		{
			double		f = k == j ? 1 - 1 / a[j][j] : a[k][j] / a[j][j];

			for (int l = 0; l < 2 * P + 3 && k != j; l++)
				a[k][l] -= f * a[j][l];
		}
	for (int j = 0; j <= P; j++)
		for (int l = 2 * P + 2; l >= 0; l--)
			if (l != j)
				a[j][l] /= a[j][j];
	for (int i = 0; i < ROWS; i++)
	{
		double		e = value(i, P) - a[0][2 * P + 2];

		for (int j = 0; j < P; j++)
			e -= a[j + 1][2 * P + 2] * (value(i, j) - (j == 1 ? 1e6 : 0));
		rss += e * e;
	}
	CHECK_OK(env, model->learner->coefficients(env, model, &c, &n));
	CHECK(n == P + 1);
	for (int j = 0; j < P; j++)
	{
		CHECK_NEAR(c[j + 1].coefficient, a[j + 1][2 * P + 2], 1e-10);
		CHECK_NEAR(c[j + 1].std_error, sqrt(a[j + 1][P + 2 + j] * rss / (ROWS - P - 1)), 1e-11);
	}
	CHECK_OK(env, shopper_model_encode(env, model, &bytes, &length));
	CHECK_OK(env, shopper_model_decode(env, bytes, (size_t) length, &back));
	CHECK(difference(model, &back) == 0);
	CHECK_OK(env, shopper_model_merge(env, &back, model));
	CHECK(difference(model, &back) < 1e-9);	/* twice the same rows */
	check_env_end(env);
}

/* A small net on rows [from, to). */
static ShopperStatus
train_net(ShopperEnv *env, int from, int to, ShopperModel *model)
{
	ShopperIntakeRules rules = {.max_levels = 10,.positive = "yes"};
	ShopperIntake in;
	ShopperTable t;
	ShopperRaw	raw = {.kind = SHOPPER_RAW_NUMBER,.text = "20"};

	memset(model, 0, sizeof(*model));
	model->learner = shopper_learner_by_name("mlp");
	model->task = SHOPPER_CLASSIFY;
	SHOPPER_TRY(shopper_options_init(env, &model->options, model->learner->options, shopper_shape_options(SHOPPER_ROWS)));
	SHOPPER_TRY(shopper_options_set(env, &model->options, "mlp", "epochs", &raw));
	SHOPPER_TRY(shopper_intake_init(&in, env, false, 1, "y", SHOPPER_TARGET_CLASS, (ShopperIntakeRoles) {0}));
	SHOPPER_TRY(shopper_intake_column(&in, 0, "x", SHOPPER_KIND_NUMBER, false, false));
	for (int i = from; i < to; i++)
	{
		bool		yes = value(i, 0) + 0.3 * value(i, 2) > 0;

		SHOPPER_TRY(shopper_intake_row(&in));
		SHOPPER_TRY(shopper_intake_class(&in, yes ? "yes" : "no", yes ? 3 : 2));
		shopper_intake_number(&in, &in.column[0], value(i, 0));
		shopper_intake_commit(&in);
	}
	SHOPPER_NEW0(env, model->spec, 1);
	SHOPPER_TRY(shopper_intake_finish(&in, &rules, &t, model->spec));
	return shopper_train_rows(env, model, &t, NULL, NULL);
}

static double
answer(const ShopperModel *m, double x)
{
	double		out[2];

	shopper_prepare_row(m->spec, &x, &x);
	m->learner->predict(m, &x, NULL, out);
	return out[1];
}

static void
nets(void)
{
	ShopperEnv *env = check_env(-1);
	ShopperModel one,
				same,
				other;
	double		before;

	CHECK_OK(env, train_net(env, 0, 300, &one));
	CHECK_OK(env, train_net(env, 0, 300, &same));
	CHECK_OK(env, train_net(env, 300, ROWS, &other));
	before = answer(&one, 0.2);
	CHECK_OK(env, shopper_model_merge(env, &one, &same));
	CHECK_NEAR(answer(&one, 0.2), before, 1e-6);
	CHECK_OK(env, shopper_model_merge(env, &one, &other));
	CHECK(one.n_rows == 300 + 300 + 700 && one.n_metrics == 0);
	CHECK(answer(&one, 2) > 0.8 && answer(&one, -2) < 0.2);	/* both begin with the same weights, so their mean is a net that works */
	check_env_end(env);
}

void
test_merge(void)
{
	splits(true);
	splits(false);
	regression();
	nets();
}
