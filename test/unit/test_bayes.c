/* test_bayes.c: naive Bayes against plain sums; explanations; merging against training at once. */
#include "check.h"

#include "../../src/core/hash.h"
#include "../../src/core/threads.h"
#include "../../src/features/intake.h"
#include "../../src/models/supervised/bayes.h"

enum {ROWS = 3000};

static const char *const colours[] = {"red", "green", "blue", "black"};

/* Rows [from, to) of an endless table: a number with NULLs, a boolean, a category with NULLs, a date, classes. */
static ShopperStatus
train(ShopperEnv *env, int from, int to, int classes, bool weighted, const ShopperModel *previous, ShopperModel *model)
{
	static const char *const class_names[] = {"no", "yes", "maybe"};
	static const char *const names[] = {"age", "member", "colour", "birth"};
	static const ShopperKind kinds[] = {SHOPPER_KIND_NUMBER, SHOPPER_KIND_BOOLEAN, SHOPPER_KIND_CATEGORY, SHOPPER_KIND_DATE};
	ShopperIntakeRules rules = {.max_levels = 1000};
	ShopperIntake in;
	ShopperTable t;

	memset(model, 0, sizeof(*model));
	model->learner = shopper_learner_by_name("bayes");
	model->task = SHOPPER_CLASSIFY;
	SHOPPER_TRY(shopper_options_init(env, &model->options, model->learner->options, shopper_shape_options(SHOPPER_ROWS)));
	SHOPPER_TRY(shopper_intake_init(&in, env, true, 4, "buys", SHOPPER_TARGET_CLASS, (ShopperIntakeRoles) {.weight = weighted}));
	for (int i = 0; i < 4; i++)
		SHOPPER_TRY(shopper_intake_column(&in, i, names[i], kinds[i], false, false));
	for (int i = from; i < to; i++)
	{
		uint64_t	at = (uint64_t) i;
		int			class = (int) (shopper_random(5, 1, at) % (uint64_t) classes);
		int			colour = (int) (shopper_random(5, 2, at) % (uint64_t) (class + 2));

		SHOPPER_TRY(shopper_intake_row(&in));
		SHOPPER_TRY(shopper_intake_class(&in, class_names[class], strlen(class_names[class])));
		if (weighted)
			in.weight[in.n] = 0.5 + (i % 3);
		shopper_intake_number(&in, &in.column[0], i % 7 == 0 ? NAN : 1e6 + class + shopper_normal(5, 3, at));
		shopper_intake_number(&in, &in.column[1], i % 11 == 0 ? NAN : shopper_uniform(5, 4, at) < 0.3 + 0.2 * class);
		SHOPPER_TRY(shopper_intake_text(&in, &in.column[2], i % 13 == 0 ? NULL : colours[colour], strlen(colours[colour])));
		shopper_intake_days(&in, &in.column[3], 7000 + class * 10 + (int) (i * 7919LL % 100));
		shopper_intake_commit(&in);
	}
	SHOPPER_NEW0(env, model->spec, 1);
	rules.positive = classes == 2 ? "yes" : NULL;
	SHOPPER_TRY(shopper_intake_finish(&in, &rules, &t, model->spec));
	return shopper_train_rows(env, model, &t, NULL, previous);
}

/* One number, one boolean, one category by the definition. */
static void
definition(void)
{
	ShopperEnv *env = check_env(-1);
	ShopperModel model;
	double		sum[2] = {0},
				squares[2] = {0},
				n[2] = {0},
				weight[2] = {0},
				member[2] = {0},
				members[2] = {0},
				red[2] = {0},
				all_squares = 0,
				all_mean,
				z[2],
				dense[7],
				out[2];
	int32_t		lookup[1];

	CHECK_OK(env, train(env, 0, ROWS, 2, true, NULL, &model));
	for (int pass = 0; pass < 2; pass++)
		for (int i = 0; i < ROWS; i++)
		{
			uint64_t	at = (uint64_t) i;
			int			c = (int) (shopper_random(5, 1, at) % 2);
			double		w = 0.5 + (i % 3),
						x = 1e6 + c + shopper_normal(5, 3, at);

			all_mean = n[0] + n[1] > 0 ? (sum[0] + sum[1]) / (n[0] + n[1]) : 0;
			if (i % 7 != 0 && pass == 0)
			{
				n[c] += w;
				sum[c] += w * x;
			}
			else if (i % 7 != 0)
			{
				squares[c] += w * (x - sum[c] / n[c]) * (x - sum[c] / n[c]);
				all_squares += w * (x - all_mean) * (x - all_mean);
			}
			if (pass == 1)
				continue;
			weight[c] += w;
			if (i % 11 != 0)
			{
				members[c] += w;
				member[c] += w * (shopper_uniform(5, 4, at) < 0.3 + 0.2 * c);
			}
			red[c] += w * (i % 13 != 0 && shopper_random(5, 2, at) % (uint64_t) (c + 2) == 0);
		}
	dense[0] = 1e6 + 0.7;
	dense[1] = 1;
	for (int j = 2; j < 7; j++)
		dense[j] = NAN;
	lookup[0] = shopper_category_code(&model.spec->category[0], "red", 3);
	for (int c = 0; c < 2; c++)
	{
		double		variance = squares[c] / n[c] + 1e-9 * all_squares / (n[0] + n[1]);

		z[c] = log(weight[c]) - 0.5 * log(variance) - 0.5 * (dense[0] - sum[c] / n[c]) * (dense[0] - sum[c] / n[c]) / variance +
			log((member[c] + 1) / (members[c] + 2)) + log((red[c] + 1) / (weight[c] + 4));
	}
	model.learner->predict(&model, dense, lookup, out);
	CHECK(model.spec->category[0].n_levels == 4);	/* red, green, blue and NULL */
	CHECK_NEAR(out[1], 1 / (1 + exp(z[0] - z[1])), 1e-9);
	CHECK_NEAR(out[0] + out[1], 1, 1e-15);
	check_env_end(env);
}

/* base + contributions = log odds, or the centred scores of several classes. */
static void
explanations(int classes)
{
	ShopperEnv *env = check_env(-1);
	ShopperModel model;
	double		dense[7] = {1e6 + 1, NAN, 30, 0.1, 0.2, 0.3, 0.4},
				out[3],
				score[3],
				contribution[8];
	int32_t		lookup[1] = {1};

	CHECK_OK(env, train(env, 0, ROWS, classes, false, NULL, &model));
	CHECK(model.spec->n_dense == 7);
	model.learner->predict(&model, dense, lookup, out);
	for (int c = 0; c < classes; c++)
	{
		double		base;

		CHECK_OK(env, model.learner->explain(env, &model, dense, lookup, c, &base, contribution));
		score[c] = base;
		for (int j = 0; j < model.spec->n_dense + model.spec->n_categories; j++)
			score[c] += contribution[j];
		CHECK_NEAR(contribution[1], 0, 0);	/* the missing boolean */
	}
	if (classes == 2)
	{
		CHECK_NEAR(score[1], log(out[1] / out[0]), 1e-9);
		CHECK_NEAR(score[0], -score[1], 1e-12);
	}
	else
		for (int c = 1; c < classes; c++)
			CHECK_NEAR(score[c] - score[0], log(out[c] / out[0]), 1e-9);
	CHECK(strcmp(model.learner->explain_unit(&model), "log_odds") == 0);
	check_env_end(env);
}

/* Merged, continued, or at once: the same predictions. */
static void
merging(int classes)
{
	ShopperEnv *env = check_env(-1);
	ShopperModel all,
				first,
				second,
				continued,
				back;
	unsigned char *bytes;
	int64_t		length;

	CHECK_OK(env, train(env, 0, ROWS, classes, true, NULL, &all));
	CHECK_OK(env, train(env, 0, 700, classes, true, NULL, &first));
	CHECK_OK(env, train(env, 700, ROWS, classes, true, NULL, &second));
	CHECK_OK(env, train(env, 700, ROWS, classes, true, &first, &continued));
	CHECK_OK(env, second.learner->merge(env, &second, &first));
	CHECK(second.n_rows == ROWS && second.spec->number[0].n_missing == all.spec->number[0].n_missing);
	CHECK(second.spec->number[0].low == all.spec->number[0].low && second.spec->category[0].n_levels == all.spec->category[0].n_levels);
	CHECK(memcmp(second.spec->category[0].count, all.spec->category[0].count, (size_t) all.spec->category[0].n_levels * sizeof(int64_t)) == 0);
	CHECK_OK(env, shopper_model_encode(env, &continued, &bytes, &length));
	CHECK_OK(env, shopper_model_decode(env, bytes, (size_t) length, &back));
	for (int i = 0; i < 50; i++)
	{
		double		dense[7],
					out[4][3];
		const ShopperModel *models[] = {&all, &second, &continued, &back};

		for (int m = 0; m < 4; m++)
		{
			const ShopperSpec *spec = models[m]->spec;
			double		days = 7010 + i;
			int32_t		lookup = shopper_category_code(&spec->category[0], i % 5 < 4 ? colours[i % 5] : NULL, i % 5 < 4 ? strlen(colours[i % 5]) : 0);

			dense[0] = i % 6 == 0 ? NAN : 1e6 + i * 0.1;
			dense[1] = i % 3 == 0 ? NAN : i % 2;
			for (int part = 0; part < 5; part++)
				dense[2 + part] = shopper_date_part(days, part, spec->column[3].origin);
			models[m]->learner->predict(models[m], dense, &lookup, out[m]);
			for (int c = 0; m > 0 && c < classes; c++)
				CHECK_NEAR(out[m][c], out[0][c], 1e-9);
		}
	}
	check_env_end(env);
}

static void
failures(void)
{
	ShopperStatus status = SHOPPER_OUT_OF_MEMORY;
	ShopperModel model,
				other;
	unsigned char *bytes[2];
	int64_t		length[2];
	ShopperEnv *env[2];

	for (long k = 0; status == SHOPPER_OUT_OF_MEMORY && k < 2000; k++)
	{
		ShopperEnv *poor = check_env(k);

		status = train(poor, 0, 300, 2, false, NULL, &model);
		CHECK(status == SHOPPER_OUT_OF_MEMORY || status == SHOPPER_OK);
		check_env_end(poor);
	}
	CHECK(status == SHOPPER_OK);
	for (int k = 0; k < 2; k++)
	{
		env[k] = check_env(-1);
		env[k]->pool = shopper_pool_create(env[k], 1 + k);
		CHECK_OK(env[k], train(env[k], 0, ROWS, 3, false, NULL, &model));
		CHECK_OK(env[k], shopper_model_encode(env[k], &model, &bytes[k], &length[k]));
	}
	CHECK(length[0] == length[1] && memcmp(bytes[0], bytes[1], (size_t) length[0]) == 0);
	CHECK_OK(env[1], train(env[1], 0, 300, 2, false, NULL, &other));
	CHECK(model.learner->merge(env[1], &model, &other) == SHOPPER_BAD_DATA);	/* other classes */
	check_env_end(env[0]);
	check_env_end(env[1]);
}

void
test_bayes(void)
{
	definition();
	explanations(2);
	explanations(3);
	merging(2);
	merging(3);
	failures();
}
