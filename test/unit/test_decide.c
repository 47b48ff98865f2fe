/* Calibration, held-out rows, profit, folds, arenas, search. */
#include "check.h"

#include "../../src/core/arena.h"
#include "../../src/core/hash.h"
#include "../../src/models/calibration.h"
#include "../../src/models/holdout.h"
#include "../../src/models/search/search.h"
#include "../../src/models/supervised/course.h"
#include "../../src/models/supervised/screen.h"

#define N 4000

/* Probabilities that are too sure: the truth is their square root's odds. */
static void
sure_scores(double *p, int32_t *y)
{
	for (int i = 0; i < N; i++)
	{
		double		z = 1.5 * shopper_normal(7, 1, (uint64_t) i);

		y[i] = shopper_uniform(7, 2, (uint64_t) i) < 1 / (1 + exp(-z));
		p[2 * i + 1] = 1 / (1 + exp(-3 * z - 1));
		p[2 * i] = 1 - p[2 * i + 1];
	}
}

static double
loss(const double *p, const int32_t *y)
{
	double		sum = 0;

	for (int i = 0; i < N; i++)
		sum -= log(p[2 * i + y[i]]);
	return sum / N;
}

static void
dummy_predict_block(const ShopperModel *model, const ShopperTable *t, int64_t from, int64_t to, double *out)
{
	(void) model;
	for (int64_t i = from; i < to; i++)
	{
		out[2 * (i - from) + 1] = t->dense[0][i];
		out[2 * (i - from)] = 1 - t->dense[0][i];
	}
}

static void
check_calibration(void)
{
	static const ShopperLearner dummy = {.name = "dummy",.predict_block = dummy_predict_block};
	ShopperEnv *env = check_env(-1);
	ShopperSpec spec = {.classes = {.n = 2}};
	ShopperModel model = {.learner = &dummy,.task = SHOPPER_CLASSIFY,.spec = &spec};
	ShopperTable t;
	double	   *p = malloc(2 * N * sizeof(double)),
			   *out = malloc(2 * N * sizeof(double));
	int32_t    *y = malloc(N * sizeof(int32_t));
	double		raw;

	sure_scores(p, y);
	raw = loss(p, y);
	CHECK_OK(env, shopper_table_make(env, &t, true, N, 1, 0, 2));
	for (int i = 0; i < N; i++)
		t.dense[0][i] = p[2 * i + 1];
	for (int kind = SHOPPER_CALIBRATION_PLATT; kind <= SHOPPER_CALIBRATION_ISOTONIC; kind++)
	{
		ShopperWriter w;
		ShopperReader r;
		ShopperCalibration back;

		memset(&model.calibration, 0, sizeof(model.calibration));
		CHECK_OK(env, shopper_calibrate(env, (ShopperCalibrationKind) kind, 2, N, p, y, NULL, &model.calibration));
		shopper_predict_block(&model, &t, 0, N, out);
		CHECK(loss(out, y) < raw - 0.05);
		for (int i = 0; i < N; i++)
		{
			int			j = (int) (shopper_random(1, 1, (uint64_t) i) % N);

			CHECK(!(p[2 * i + 1] < p[2 * j + 1]) || out[2 * i + 1] <= out[2 * j + 1]);
			CHECK_NEAR(out[2 * i] + out[2 * i + 1], 1, 1e-12);
		}
		/* stored and read back, it says the same */
		shopper_writer_init(&w, env);
		shopper_calibration_encode(&model.calibration, &w);
		shopper_reader_init(&r, env, w.data, (size_t) w.length);
		memset(&back, 0, sizeof(back));
		CHECK_OK(env, shopper_calibration_decode(env, &r, 2, &back));
		CHECK_OK(env, shopper_reader_done(&r, "calibration"));
		model.calibration = back;
		raw = out[1];
		shopper_predict_block(&model, &t, 0, 1, out);
		CHECK(raw == out[1]);
		sure_scores(p, y);
		raw = loss(p, y);
	}
	/* Platt finds the map that made the scores: z = (logit(p) - 1) / 3 */
	CHECK_OK(env, shopper_calibrate(env, SHOPPER_CALIBRATION_PLATT, 2, N, p, y, NULL, &model.calibration));
	CHECK_NEAR(model.calibration.map[0].slope, 1.0 / 3, 0.03);
	CHECK_NEAR(model.calibration.map[0].offset, -1.0 / 3, 0.08);
	/* its steps can be cancelled: sorting polls a few times only */
	check_cancel_after(env, 12);
	CHECK(shopper_calibrate(env, SHOPPER_CALIBRATION_PLATT, 2, N, p, y, NULL, &model.calibration) == SHOPPER_CANCELLED);
	free(p);
	free(out);
	free(y);
	check_env_end(env);
}

static void
check_holdout(void)
{
	ShopperEnv *env = check_env(-1);
	ShopperHoldout h = {0};
	ShopperTable t;
	ShopperProfit profit[20];
	uint8_t		positive[8] = {1, 1, 0, 1, 0, 0, 1, 0};
	double		score[8] = {0.9, 0.8, 0.8, 0.7, 0.4, 0.3, 0.2, 0.1},
				p[100],
				low,
				high;
	int64_t		best;

	/* errors 1 .. 100 */
	CHECK_OK(env, shopper_table_make(env, &t, true, 100, 0, 0, 0));
	for (int i = 0; i < 100; i++)
	{
		p[i] = 5;
		t.y[i] = 5 + (i * 37 % 100) + 1;
	}
	CHECK_OK(env, shopper_holdout_make(env, &t, 0, 100, p, NULL, &h));
	CHECK_NEAR(shopper_holdout_quantile(&h, 0.9), 91, 0);	/* ceil(101 * 0.9) */
	CHECK_NEAR(shopper_holdout_quantile(&h, 0.5), 51, 0);
	CHECK(isinf(shopper_holdout_quantile(&h, 0.995)));
	CHECK(shopper_holdout_interval(&h, 0.9, &low, &high) && low == 5 && high == 96);	/* floor and ceil of 101 * .05, 101 * .95 */
	CHECK(!shopper_holdout_interval(&h, 0.985, &low, &high));

	/* gain 1, cost 1: 1 (0.9), 1 (both at 0.8), 2 (0.7), then falling */
	memset(&h, 0, sizeof(h));
	CHECK_OK(env, shopper_profit_steps(env, 8, positive, score, NULL, 8, &h));
	CHECK(h.n_steps == 7);
	shopper_profit_curve(&h, 1, 1, profit);
	CHECK(isinf(profit[0].threshold) && profit[0].profit == 0);
	CHECK_NEAR(profit[1].profit, 1, 0);
	CHECK_NEAR(profit[2].rows, 3, 0);
	best = shopper_best_profit(profit, 8);
	CHECK_NEAR(profit[best].threshold, 0.7, 0);
	CHECK_NEAR(profit[best].profit, 2, 0);
	CHECK_NEAR(profit[7].rows, 8, 0);
	/* nobody is worth it */
	shopper_profit_curve(&h, 1, 100, profit + 8);
	CHECK(shopper_best_profit(profit + 8, 3) == 1);
	shopper_profit_curve(&h, 0, 1, profit);
	CHECK(shopper_best_profit(profit, 8) == 0);
	/* fewer steps than scores: every row is in one */
	memset(&h, 0, sizeof(h));
	CHECK_OK(env, shopper_profit_steps(env, 8, positive, score, NULL, 3, &h));
	shopper_profit_curve(&h, 1, 1, profit);
	CHECK(h.n_steps <= 3);
	CHECK_NEAR(profit[h.n_steps].rows, 8, 0);
	CHECK_NEAR(profit[h.n_steps].positive, 4, 0);
	check_env_end(env);
}

static void
check_folds(void)
{
	ShopperEnv *env = check_env(-1);
	ShopperTable t;
	int32_t		fold[103];
	uint32_t	rows[103];
	int64_t		n_fit,
				n_test;
	int			size[5] = {0},
				class1[5] = {0};

	CHECK_OK(env, shopper_table_make(env, &t, true, 103, 0, 0, 2));
	for (int i = 0; i < 103; i++)
		t.y_class[i] = i % 10 == 0;
	CHECK_OK(env, shopper_random_folds(env, &t, 5, fold));
	for (int i = 0; i < 103; i++)
	{
		size[fold[i]]++;
		class1[fold[i]] += t.y_class[i];
	}
	for (int f = 0; f < 5; f++)
	{
		CHECK(size[f] >= 20 && size[f] <= 22);
		CHECK(class1[f] >= 2 && class1[f] <= 3);
	}
	shopper_fold_rows(fold, 103, 2, false, rows, &n_fit, &n_test);
	CHECK(n_fit + n_test == 103 && n_test == size[2]);
	for (int i = 0; i < n_test; i++)
		CHECK(fold[rows[n_fit + i]] == 2);

	/* groups are never parted */
	CHECK((t.group = shopper_alloc(env, 103, 8)) != NULL);
	for (int i = 0; i < 103; i++)
		t.group[i] = (uint64_t) (i / 7);
	CHECK_OK(env, shopper_random_folds(env, &t, 5, fold));
	for (int i = 1; i < 103; i++)
		CHECK(i % 7 == 0 || fold[i] == fold[i - 1]);

	/* time: folds rise with it, equal moments stay together */
	CHECK((t.time = shopper_alloc(env, 103, 8)) != NULL);
	for (int i = 0; i < 103; i++)
		t.time[i] = (i * 29 % 103) / 3;
	CHECK_OK(env, shopper_time_folds(env, &t, 4, fold));
	for (int i = 0; i < 103; i++)
		for (int j = 0; j < 103; j++)
		{
			CHECK(!(t.time[i] < t.time[j]) || fold[i] <= fold[j]);
			CHECK(t.time[i] != t.time[j] || fold[i] == fold[j]);
		}
	shopper_fold_rows(fold, 103, 0, true, rows, &n_fit, &n_test);
	CHECK(n_fit > 15 && n_test > 15);
	for (int i = 0; i < n_fit; i++)
		CHECK(fold[rows[i]] == -1);
	check_env_end(env);
}

static void
check_arena(void)
{
	ShopperEnv *env = check_env(-1);
	ShopperArena arena;
	char	   *p;

	shopper_arena_open(&arena, env);
	for (int i = 0; i < 100; i++)
	{
		p = shopper_alloc(&arena.env, 100, 10);
		CHECK(p != NULL && (uintptr_t) p % 16 == 0);
		memset(p, i, 1000);
		if (i % 3 == 0)
			shopper_release(&arena.env, p);
		else if (i % 3 == 1)
			CHECK(arena.env.resize(arena.env.ctx, p, 5000) != NULL);
	}
	CHECK(arena.peak >= 33 * 1000 + 33 * 5000);
	shopper_fail(&arena.env, SHOPPER_BAD_DATA, "inner %d", 5);
	shopper_hint(&arena.env, "outer");
	CHECK(shopper_arena_close(&arena, SHOPPER_BAD_DATA) == SHOPPER_BAD_DATA);
	CHECK(strcmp(env->message, "inner 5") == 0 && strcmp(env->hint, "outer") == 0);
	CHECK(arena.used == 0);
	check_env_end(env);
}

/* TPE must find a valley in far fewer trials than chance does. */
static double
valley(const double *x)
{
	return (x[0] - 0.3) * (x[0] - 0.3) + (log10(x[1]) + 2) * (log10(x[1]) + 2) / 10 + (x[2] != 2) * 0.3 + fabs(x[3] - 12) / 50;
}

static double
best_of_search(ShopperSearchMethod method, uint64_t seed)
{
	static const ShopperParameter parameter[] = {
		{.kind = SHOPPER_PARAMETER_REAL,.min = 0,.max = 1},
		{.kind = SHOPPER_PARAMETER_REAL,.min = 1e-5,.max = 1,.log = true},
		{.kind = SHOPPER_PARAMETER_CHOICE,.choices = 4},
		{.kind = SHOPPER_PARAMETER_INTEGER,.min = 3,.max = 40},
	};
	ShopperEnv *env = check_env(-1);
	ShopperSearch s;
	double		best = INFINITY;

	shopper_search_init(&s, env, method, parameter, 4, seed);
	for (int i = 0; i < 60; i++)
	{
		double		x[4];

		CHECK_OK(env, shopper_search_propose(&s, x));
		CHECK(x[0] >= 0 && x[0] <= 1 && x[1] >= 1e-5 && x[1] <= 1 && x[2] >= 0 && x[2] <= 3 && x[3] >= 3 && x[3] <= 40);
		CHECK(x[2] == floor(x[2]) && x[3] == floor(x[3]));
		CHECK_OK(env, shopper_search_report(&s, valley(x)));
		best = fmin(best, valley(x));
	}
	check_env_end(env);
	return best;
}

static void
check_search(void)
{
	static const ShopperParameter grid[] = {
		{.kind = SHOPPER_PARAMETER_CHOICE,.choices = 3},
		{.kind = SHOPPER_PARAMETER_INTEGER,.min = 1,.max = 2,.points = 5},
		{.kind = SHOPPER_PARAMETER_REAL,.min = 1,.max = 100,.log = true,.points = 3},
	};
	ShopperEnv *env = check_env(-1);
	ShopperSearch s;
	double		tpe = 0,
				chance = 0,
				x[3];
	int			seen[3][3][3] = {0};

	for (uint64_t seed = 1; seed <= 10; seed++)
	{
		tpe += best_of_search(SHOPPER_SEARCH_TPE, seed);
		chance += best_of_search(SHOPPER_SEARCH_RANDOM, seed);
	}
	CHECK(tpe < 0.5 * chance);

	shopper_search_init(&s, env, SHOPPER_SEARCH_GRID, grid, 3, 1);
	CHECK(shopper_search_grid_size(&s) == 18);
	for (int i = 0; i < 18; i++)
	{
		CHECK_OK(env, shopper_search_propose(&s, x));
		CHECK_OK(env, shopper_search_report(&s, 1));
		seen[(int) x[0]][(int) x[1]][(int) (log10(x[2]) + 0.5)]++;
	}
	for (int a = 0; a < 3; a++)
		for (int b = 1; b <= 2; b++)
			for (int c = 0; c < 3; c++)
				CHECK(seen[a][b][c] == 1);
	check_env_end(env);
}

static void
check_screen(void)
{
	ShopperEnv *env = check_env(-1);
	ShopperColumn column[3] = {{.name = "half",.kind = SHOPPER_KIND_NUMBER,.first = 0,.n = 1},
	{.name = "noise",.kind = SHOPPER_KIND_NUMBER,.first = 1,.n = 1}, {.name = "c",.kind = SHOPPER_KIND_CATEGORY,.first = 0,.n = 1}};
	ShopperCategory category = {.column = 2,.n_levels = 2,.null_code = -1,.other_code = -1};
	ShopperSpec spec = {.n_columns = 3,.column = column,.n_categories = 1,.category = &category};
	ShopperScreen s;
	ShopperTable t;

	CHECK_OK(env, shopper_table_make(env, &t, true, N, 2, 1, 2));
	for (int i = 0; i < N; i++)
	{
		t.y_class[i] = i % 2;
		t.dense[0][i] = -(i % 2) * 3.0;	/* the target, the wrong way round */
		t.dense[1][i] = shopper_uniform(3, 3, (uint64_t) i);
		t.lookup[0][i] = i % 2 == 1 || i % 4 == 0;	/* P(1 | y): 1 and 1/2 */
	}
	CHECK_OK(env, shopper_screen_column(env, &t, &spec, 0, &s));
	CHECK_NEAR(s.mutual_information, log(2), 1e-12);
	CHECK_NEAR(s.strength, 1, 0);
	CHECK_OK(env, shopper_screen_column(env, &t, &spec, 1, &s));
	CHECK(s.mutual_information < 0.01 && s.p_value > 0.001 && s.strength < 0.53);
	CHECK_OK(env, shopper_screen_column(env, &t, &spec, 2, &s));
	/* H(c) - H(c | y): P(c = 1) = 3/4; y = 1 certain, y = 0 one bit */
	CHECK_NEAR(s.mutual_information, -0.75 * log(0.75) - 0.25 * log(0.25) - 0.5 * log(2), 1e-12);
	CHECK_NEAR(s.strength, 0.75, 1e-12);
	check_env_end(env);
}

void
test_decide(void)
{
	check_calibration();
	check_holdout();
	check_folds();
	check_arena();
	check_search();
	check_screen();
}
