/* test_boosting_fit.c: what boosted models promise: constraints, scores, weights, stopping, going on, failures, threads. */
#include "boosting_data.h"

static void
monotone(int task, const char *options, double sign)
{
	ShopperEnv *env = check_env(-1);
	Setting		s = {.task = task,.n = 2000,.options = options};
	ShopperModel model;
	bool		rises = true,
				moves = false;

	CHECK_OK(env, train(env, &s, &model));
	for (int k = 0; k < 40; k++)
	{
		Row			r = row_at(k * 7 + 1, task);
		double		before = -INFINITY,
					out[3];

		for (double x = -3; x <= 3; x += 0.05)
		{
			double		p;

			r.x[0] = x;
			predict_row(&model, &r, out);
			p = sign * out[task == 2];
			rises &= p >= before - 1e-12;
			moves |= before > -INFINITY && p > before + 1e-6;
			before = p;
		}
	}
	CHECK(rises && moves);
	check_env_end(env);
}

/* Missing rows have lower targets: the direction is learned, and single and block scores agree with the fit. */
static void
scores(int task, const char *options)
{
	ShopperEnv *env = check_env(-1);
	Setting		s = {.task = task,.n = 1500,.weighted = true,.options = options};
	ShopperModel model,
				back;
	ShopperTable t;
	Row			r = row_at(1, task);
	double		with[3],
				without[3],
				block[3],
				base,
				part[COLUMNS];
	unsigned char *bytes,
			   *again;
	int64_t		length,
				length2;
	int			outputs;

	CHECK_OK(env, read_rows(env, &s, &model, &t));
	CHECK_OK(env, shopper_train_rows(env, &model, &t, NULL, NULL));
	outputs = shopper_model_outputs(&model);
	r.x[0] = 1.5;
	predict_row(&model, &r, with);
	r.x[0] = NAN;
	predict_row(&model, &r, without);
	if (task < 3)
		CHECK(without[outputs - 1] < with[outputs - 1]);
	for (int64_t i = 0; i < 50; i++)
	{
		double		dense[3],
					sum;

		for (int j = 0; j < 3; j++)
			dense[j] = (double) t.dense32[j][i];
		model.learner->predict(&model, dense, &t.lookup[0][i], with);
		model.learner->predict_block(&model, &t, i, i + 1, block);
		for (int c = 0; c < outputs; c++)
			CHECK(with[c] == block[c]);
		CHECK_OK(env, model.learner->explain(env, &model, dense, &t.lookup[0][i], outputs - 1, &base, part));
		sum = base + part[0] + part[1] + part[2] + part[3];
		if (strcmp(model.learner->explain_unit(&model), "amount") == 0)
			CHECK_NEAR(sum, with[0], 1e-9 * (1 + fabs(sum)));
		else if (strcmp(model.learner->explain_unit(&model), "log_amount") == 0)
			CHECK_NEAR(sum, log(with[0]), 1e-9 * (1 + fabs(sum)));
		else if (outputs == 2)
			CHECK_NEAR(sum, log(with[1] / with[0]), 1e-9 * (1 + fabs(sum)));
	}
	if (task >= 2)
		CHECK_NEAR(last_step(&model, "train_loss"), metric(&model, "train", "log_loss"), 1e-9);
	else if (((const ShopperBoost *) model.state)->loss == SHOPPER_BOOST_SQUARED)
		CHECK_NEAR(sqrt(2 * last_step(&model, "train_loss")), metric(&model, "train", "rmse"), 1e-9);
	CHECK_OK(env, shopper_model_encode(env, &model, &bytes, &length));
	CHECK_OK(env, shopper_model_decode(env, bytes, (size_t) length, &back));
	CHECK_OK(env, shopper_model_encode(env, &back, &again, &length2));
	CHECK(length == length2 && memcmp(bytes, again, (size_t) length) == 0);
	check_env_end(env);
}

/* A weight of 3 is the same as the row three times; only the rounding of gradients differs. */
static void
weights(int task, const char *options)
{
	ShopperEnv *env = check_env(-1);
	Setting		weighted = {.task = task,.n = 240,.weighted = true,.options = options},
				repeated = {.task = task,.n = 240,.repeated = true,.options = options};
	ShopperModel a,
				b;

	CHECK_OK(env, train(env, &weighted, &a));
	CHECK_OK(env, train(env, &repeated, &b));
	for (int i = 0; i < 200; i++)
	{
		Row			r = row_at(i, task);
		double		x[3],
					y[3];

		predict_row(&a, &r, x);
		predict_row(&b, &r, y);
		CHECK_NEAR(x[0], y[0], 1e-6 * (1 + fabs(x[0])));
	}
	check_env_end(env);
}

static void
quantiles(void)
{
	ShopperEnv *env = check_env(-1);
	Setting		s = {.task = 0,.n = 3000,.options = "loss=quantile quantile=0.8 trees=60"};
	ShopperModel model;
	int			below = 0;

	CHECK_OK(env, train(env, &s, &model));
	for (int i = 0; i < 3000; i++)
	{
		Row			r = row_at(i, 0);
		double		p;

		predict_row(&model, &r, &p);
		below += r.y <= p;
	}
	CHECK(below > 0.77 * 3000 && below < 0.85 * 3000);
	check_env_end(env);
}

static void
early_stopping(void)
{
	ShopperEnv *env = check_env(-1);
	Setting		s = {.task = 2,.n = 1000,.held = true,.options = "trees=400 early_stopping=10 min_rows=2 learning_rate=0.3"},
				none = {.task = 2,.n = 100,.options = "early_stopping=10"};
	ShopperModel model;
	const ShopperBoost *boost;
	double		best = INFINITY;

	CHECK_OK(env, train(env, &s, &model));
	boost = model.state;
	CHECK(boost->best_round > 0 && boost->best_round < 200 && boost->rounds == boost->best_round);
	CHECK(shopper_ensemble_trees(boost->trees.ensemble) == boost->best_round);
	for (int64_t i = 0; i < model.n_steps; i++)
		if (strcmp(model.history[i].metric, "validation_loss") == 0 && model.history[i].value < best)
			best = model.history[i].value;
	CHECK_NEAR(metric(&model, "validation", "log_loss"), best, 1e-9);
	CHECK(train(env, &none, &model) == SHOPPER_BAD_OPTION);
	CHECK(strstr(env->message, "early_stopping") != NULL && env->hint[0] != '\0');
	check_env_end(env);
}

/* Boosting on gives what one training of as many rounds gives, and more columns are fine, fewer an error. */
static void
continuing(int task)
{
	ShopperEnv *env = check_env(-1);
	Setting		first = {.task = task,.n = 800,.columns = 2,.options = "trees=10"},
				then = {.task = task,.n = 800,.options = "trees=10"},
				less = {.task = task,.n = 800,.columns = 1,.options = "trees=10"};
	ShopperModel a,
				b,
				c;
	const ShopperBoost *boost;

	CHECK_OK(env, train(env, &first, &a));
	CHECK_OK(env, train_from(env, &then, &b, &a));
	boost = b.state;
	CHECK(boost->rounds == 20 && shopper_ensemble_trees(boost->trees.ensemble) == 20 * boost->outputs);
	CHECK(last_step(&b, "train_loss") < last_step(&a, "train_loss"));
	CHECK(train_from(env, &less, &c, &b) == SHOPPER_BAD_OPTION);
	CHECK(strstr(env->message, "column \"b\"") != NULL);
	check_env_end(env);
}

/* ---- refusals, failures, threads ---- */

static void
refused(int task, const char *options, const char *part)
{
	ShopperEnv *env = check_env(-1);
	Setting		s = {.task = task,.n = 100,.options = options};
	ShopperModel model;

	CHECK(train(env, &s, &model) != SHOPPER_OK);
	CHECK(strstr(env->message, part) != NULL);
	check_env_end(env);
}

static void
failures(void)
{
	Setting		s = {.task = 3,.n = 300,.held = true,.options = "trees=2 early_stopping=1 importance=false"};
	ShopperStatus status = SHOPPER_OUT_OF_MEMORY;
	ShopperModel model;

	for (long k = 0; status == SHOPPER_OUT_OF_MEMORY && k < 3000; k++)
	{
		ShopperEnv *env = check_env(k);

		status = train(env, &s, &model);
		CHECK(status == SHOPPER_OUT_OF_MEMORY || status == SHOPPER_OK);
		check_env_end(env);
	}
	CHECK(status == SHOPPER_OK);
	for (long k = 0; k < 400; k += 13)
	{
		ShopperEnv *env = check_env(-1);

		check_cancel_after(env, k);
		status = train(env, &s, &model);
		CHECK(status == SHOPPER_CANCELLED || status == SHOPPER_OK);
		check_env_end(env);
	}
}

static void
same_for_threads(int task, const char *options)
{
	unsigned char *bytes[3];
	int64_t		length[3];
	ShopperEnv *env[3];
	Setting		s = {.task = task,.n = 20000,.held = true,.options = options};

	for (int k = 0; k < 3; k++)
	{
		ShopperModel model;

		env[k] = check_env(-1);
		env[k]->threads = 1 + k;
		env[k]->pool = shopper_pool_create(env[k], 1 + k);
		CHECK_OK(env[k], train(env[k], &s, &model));
		CHECK_OK(env[k], shopper_model_encode(env[k], &model, &bytes[k], &length[k]));
		CHECK(length[0] == length[k] && memcmp(bytes[0], bytes[k], (size_t) length[0]) == 0);
	}
	for (int k = 0; k < 3; k++)
		check_env_end(env[k]);
}

void
test_boosting_fit(void)
{
	monotone(0, "increasing=a", 1);
	monotone(0, "decreasing=a", -1);
	monotone(2, "increasing=a", 1);
	monotone(1, "decreasing=a loss=poisson", -1);
	scores(0, "trees=20");
	scores(0, "trees=20 rows=0.5 columns=0.5");
	scores(0, "trees=20 loss=absolute");
	scores(1, "trees=20 loss=poisson");
	scores(1, "trees=20 loss=tweedie");
	scores(1, "trees=20 loss=gamma");
	scores(2, "trees=20");
	scores(2, "trees=20 l1=2 max_bins=16 rows=0.7");
	scores(3, "trees=20");
	weights(0, "trees=3 max_leaves=4 min_rows=1");
	weights(2, "trees=3 max_leaves=4 min_rows=1");
	weights(1, "trees=3 max_leaves=4 min_rows=1 loss=poisson");
	quantiles();
	early_stopping();
	continuing(0);
	continuing(2);
	continuing(3);
	refused(0, "loss=poisson", "targets of at least 0");
	refused(0, "loss=gamma", "targets above 0");
	refused(2, "loss=squared", "must be auto");
	refused(0, "increasing=nowhere", "nowhere");
	refused(0, "increasing=level", "level");
	refused(0, "increasing=a decreasing=a", "both");
	refused(0, "increasing=a loss=absolute", "absolute");
	refused(3, "increasing=a", "3 classes");
	failures();
	same_for_threads(0, "trees=5 importance=false");
	same_for_threads(2, "trees=5 rows=0.6 columns=0.6 growth=depth importance=false");
	same_for_threads(3, "trees=3 importance=false");
	same_for_threads(1, "trees=3 loss=absolute importance=false");
}
