/* test_table.c: order, split, summaries and preparation of the training table. */
#include "check.h"

#include "../../src/core/hash.h"
#include "../../src/features/intake.h"

static int
compare(const void *a, const void *b)
{
	double		x = *(const double *) a,
				y = *(const double *) b;

	return (x > y) - (x < y);
}

/* The median of a column of one of several shapes against a full sort. */
static void
medians(bool wide, int shape, int64_t n)
{
	ShopperEnv *env = check_env(-1);
	ShopperTable t;
	ShopperSpec spec = {0};
	double	   *sorted = calloc((size_t) n, sizeof(double));
	int64_t		present = 0;

	CHECK_OK(env, shopper_table_make(env, &t, wide, n, 1, 0, 0));
	spec.n_numbers = 1;
	spec.number = shopper_alloc0(env, 1, sizeof(ShopperNumber));
	for (int64_t i = 0; i < n; i++)
	{
		double		z = shopper_normal(9, (uint64_t) shape, (uint64_t) i);
		double		x = shape == 0 ? z : shape == 1 ? floor(z * 2) : shape == 2 ? exp(20 * z) : shape == 3 ? 7 : shape == 4 ? (z > 0) : z * 1e-300;

		if (shape != 3 && shopper_uniform(5, 0, (uint64_t) i) < 0.1)
			x = NAN;
		if (wide)
			t.dense[0][i] = x;
		else
			t.dense32[0][i] = (float) x;
		if (x == x)
			sorted[present++] = wide ? x : (double) (float) x;
	}
	qsort(sorted, (size_t) present, sizeof(double), compare);
	CHECK_OK(env, shopper_table_summarize(&t, &spec, SHOPPER_IMPUTE_MEDIAN));
	CHECK(spec.number[0].fill == 0.5 * sorted[(present - 1) / 2] + 0.5 * sorted[present / 2]);
	CHECK(spec.number[0].low == sorted[0] && spec.number[0].high == sorted[present - 1]);
	CHECK(spec.number[0].n_missing == n - present);
	free(sorted);
	check_env_end(env);
}

/* Fill an intake with rows 0 .. n-1 taken in steps, so that the arrival order differs. */
static void
read_rows(ShopperEnv *env, int64_t n, int64_t step, ShopperTable *t, ShopperSpec *spec)
{
	ShopperIntake in;
	ShopperIntakeRules rules = {.max_levels = 3};

	CHECK_OK(env, shopper_intake_init(&in, env, true, 2, "y", SHOPPER_TARGET_CLASS, (ShopperIntakeRoles) {0}));
	CHECK_OK(env, shopper_intake_column(&in, 0, "x", SHOPPER_KIND_NUMBER, false, false));
	CHECK_OK(env, shopper_intake_column(&in, 1, "c", SHOPPER_KIND_CATEGORY, false, true));
	for (int64_t k = 0, i = 0; k < n; k++, i = (i + step) % n)
	{
		char		level[8];

		snprintf(level, sizeof(level), "l%d", (int) floor(sqrt((double) (i % 30))));
		CHECK_OK(env, shopper_intake_row(&in));
		shopper_intake_number(&in, &in.column[0], i % 7 == 0 ? NAN : (double) (i % 11));
		CHECK_OK(env, shopper_intake_text(&in, &in.column[1], i % 13 == 0 ? NULL : level, 2));
		CHECK_OK(env, shopper_intake_class(&in, i % 3 == 0 ? "true" : "false", i % 3 == 0 ? 4 : 5));
		shopper_intake_commit(&in);
	}
	CHECK_OK(env, shopper_intake_finish(&in, &rules, t, spec));
}

static void
order_is_canonical(void)
{
	enum {N = 1009};
	ShopperPrepare how = {SHOPPER_IMPUTE_MEDIAN, true, SHOPPER_SCALE_STANDARD, true, NULL};
	ShopperEnv *env[2];
	ShopperTable t[2];
	ShopperSpec spec[2];

	for (int k = 0; k < 2; k++)
	{
		env[k] = check_env(-1);
		read_rows(env[k], N, k == 0 ? 1 : 500, &t[k], &spec[k]);
		CHECK_OK(env[k], shopper_table_order(&t[k], 0.2));
		CHECK_OK(env[k], shopper_table_prepare(&t[k], &spec[k], &how));
	}
	CHECK(t[0].n_train == t[1].n_train && t[0].n_dense == 2);
	CHECK(memcmp(t[0].dense[0], t[1].dense[0], N * sizeof(double)) == 0);
	CHECK(memcmp(t[0].dense[1], t[1].dense[1], N * sizeof(double)) == 0);
	CHECK(memcmp(t[0].lookup[0], t[1].lookup[0], N * sizeof(int32_t)) == 0);
	CHECK(memcmp(t[0].y_class, t[1].y_class, N * sizeof(int32_t)) == 0);
	CHECK(spec[0].category[0].n_levels == 5);	/* three levels, NULL, other */
	CHECK(spec[0].category[0].size == 4 && spec[0].width == 6);

	/* a fifth of each class is held out */
	{
		int			held[2] = {0};

		for (int64_t i = t[0].n_train; i < t[0].n; i++)
			held[t[0].y_class[i]]++;
		CHECK(held[1] == 67 && held[0] == 134);
	}
	/* training rows are standardized */
	{
		double		sum = 0,
					squares = 0;

		for (int64_t i = 0; i < t[0].n_train; i++)
		{
			sum += t[0].dense[0][i];
			squares += t[0].dense[0][i] * t[0].dense[0][i];
		}
		CHECK_NEAR(sum, 0, 1e-9);
		CHECK_NEAR(squares / (double) t[0].n_train, 1, 1e-12);
	}
	check_env_end(env[0]);
	check_env_end(env[1]);
}

void
test_table(void)
{
	for (int shape = 0; shape < 6; shape++)
	{
		medians(true, shape, 20001);
		medians(true, shape, 20000);
		medians(false, shape, 999);
		medians(true, shape, 10);
	}
	order_is_canonical();
}
