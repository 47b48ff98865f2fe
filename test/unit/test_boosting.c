/* test_boosting.c: gradient boosting against brute force, finite differences and itself. */
#include "check.h"

#include "../../src/core/hash.h"
#include "../../src/core/threads.h"
#include "../../src/features/intake.h"
#include "../../src/models/trees/boost.h"

enum
{
	COLUMNS = 4, LEVELS = 4
};

/* One row of the synthetic data: three numbers (the first sometimes missing), a category, a target. */
typedef struct Row
{
	double		x[3];
	int			level;			/* -1: missing */
	double		y;
	double		weight;
	bool		held;
} Row;

static Row
row_at(int64_t i, int task)
{
	Row			r = {.weight = 1};
	double		noise = shopper_normal(5, 9, (uint64_t) i),
				z;

	for (int j = 0; j < 3; j++)
		r.x[j] = shopper_normal(5, (uint64_t) j, (uint64_t) i);
	r.x[1] = floor(r.x[1] * 2);
	r.level = (int) (shopper_random(5, 20, (uint64_t) i) % (LEVELS + 1)) - 1;
	z = r.x[0] * r.x[0] + (r.x[1] > 0 ? 1 : -0.5) + (r.level == 2 ? 1.5 : 0) + 0.3 * r.x[2] + 0.5 * noise;
	if (i % 6 == 0)
	{
		z -= 2 + r.x[0] * r.x[0];
		r.x[0] = NAN;
	}
	r.y = task == 0 ? z : task == 1 ? exp(z) : task == 2 ? z > 0.8 : z > 1.5 ? 2 : z > 0 ? 1 : 0;
	r.held = i % 5 == 4;
	return r;
}

typedef struct Setting
{
	int			task;			/* 0 number, 1 amount, 2 two classes, 3 three */
	int64_t		n;
	bool		held;
	bool		weighted;
	bool		repeated;		/* weights as repeated rows */
	int			columns;		/* 0: all */
	const char *options;
} Setting;

static ShopperStatus
set_options(ShopperEnv *env, ShopperModel *model, const char *options)
{
	char		copy[300],
			   *save = NULL;

	snprintf(copy, sizeof(copy), "%s", options);
	for (char *word = strtok_r(copy, " ", &save); word != NULL; word = strtok_r(NULL, " ", &save))
	{
		char	   *value = strchr(word, '=');
		ShopperRaw	element = {.kind = SHOPPER_RAW_STRING},
					raw = {.kind = SHOPPER_RAW_NUMBER,.n = 1,.element = &element};
		ShopperOptionType type;

		*value++ = '\0';
		type = shopper_option(&model->options, word)->option->type;
		raw.text = element.text = value;
		raw.kind = type == SHOPPER_CHOICE ? SHOPPER_RAW_STRING : type == SHOPPER_BOOLEAN ? SHOPPER_RAW_BOOLEAN
			: type == SHOPPER_STRINGS ? SHOPPER_RAW_ARRAY : SHOPPER_RAW_NUMBER;
		SHOPPER_TRY(shopper_options_set(env, &model->options, "boosting", word, &raw));
	}
	return SHOPPER_OK;
}

static ShopperStatus
read_rows(ShopperEnv *env, const Setting *s, ShopperModel *model, ShopperTable *t)
{
	static const char *const names[] = {"a", "b", "c", "level"};
	static const char *const classes[] = {"no", "yes", "zz"};
	ShopperIntakeRules rules = {.max_levels = 100};
	ShopperIntake in;
	int			columns = s->columns > 0 ? s->columns : COLUMNS;

	memset(model, 0, sizeof(*model));
	model->learner = &shopper_learner_boosting;
	model->task = s->task < 2 ? SHOPPER_REGRESS : SHOPPER_CLASSIFY;
	SHOPPER_NEW0(env, model->spec, 1);
	SHOPPER_TRY(shopper_options_init(env, &model->options, model->learner->options, shopper_shape_options(SHOPPER_ROWS)));
	SHOPPER_TRY(set_options(env, model, s->options));
	SHOPPER_TRY(shopper_intake_init(&in, env, false, columns, "y", s->task < 2 ? SHOPPER_TARGET_NUMBER : SHOPPER_TARGET_CLASS,
									s->weighted, s->held));
	for (int j = 0; j < columns; j++)
		SHOPPER_TRY(shopper_intake_column(&in, j, names[j], j < 3 ? SHOPPER_KIND_NUMBER : SHOPPER_KIND_CATEGORY, false, false));
	for (int64_t i = 0; i < s->n; i++)
	{
		Row			r = row_at(i, s->task);
		int			weight = 1 + (int) (i % 3);
		char		level[8];

		snprintf(level, sizeof(level), "l%d", r.level);
		for (int copy = 0; copy < (s->repeated ? weight : 1); copy++)
		{
			SHOPPER_TRY(shopper_intake_row(&in));
			for (int j = 0; j < 3 && j < columns; j++)
				shopper_intake_number(&in, &in.column[j], r.x[j]);
			if (columns == COLUMNS)
				SHOPPER_TRY(shopper_intake_text(&in, &in.column[3], r.level < 0 ? NULL : level, 2));
			if (s->task < 2)
				in.y[in.n] = r.y;
			else
				SHOPPER_TRY(shopper_intake_class(&in, classes[(int) r.y], strlen(classes[(int) r.y])));
			if (s->weighted)
				in.weight[in.n] = weight;
			if (s->held)
				in.held_out[in.n] = r.held;
			shopper_intake_commit(&in);
		}
	}
	return shopper_intake_finish(&in, &rules, t, model->spec);
}

static ShopperStatus
train_from(ShopperEnv *env, const Setting *s, ShopperModel *model, const ShopperModel *previous)
{
	ShopperTable t;

	SHOPPER_TRY(read_rows(env, s, model, &t));
	return shopper_train_rows(env, model, &t, NULL, previous);
}

static ShopperStatus
train(ShopperEnv *env, const Setting *s, ShopperModel *model)
{
	return train_from(env, s, model, NULL);
}

static void
predict_row(const ShopperModel *model, const Row *r, double *out)
{
	char		level[8];
	int32_t		code;

	snprintf(level, sizeof(level), "l%d", r->level);
	code = model->spec->n_categories > 0 ? shopper_category_code(&model->spec->category[0], r->level < 0 ? NULL : level, 2) : -1;
	model->learner->predict(model, r->x, &code, out);
}

static double
metric(const ShopperModel *model, const char *dataset, const char *name)
{
	for (int64_t i = 0; i < model->n_metrics; i++)
		if (strcmp(model->metric[i].dataset, dataset) == 0 && strcmp(model->metric[i].name, name) == 0)
			return model->metric[i].value;
	return NAN;
}

static double
last_step(const ShopperModel *model, const char *name)
{
	double		value = NAN;

	for (int64_t i = 0; i < model->n_steps; i++)
		if (strcmp(model->history[i].metric, name) == 0)
			value = model->history[i].value;
	return value;
}

/* ---- exp, gradients ---- */

static void
exponentials(void)
{
	double		x[64],
				y[64],
				worst = 0;

	for (int k = 0; k < 500; k++)
	{
		for (int i = 0; i < 64; i++)
			x[i] = (shopper_uniform(1, 1, (uint64_t) (k * 64 + i)) - 0.5) * (k % 3 == 0 ? 1300 : k % 3 == 1 ? 40 : 1);
		shopper_boost_exp(x, y, 64);
		for (int i = 0; i < 64; i++)
			worst = fmax(worst, fabs(y[i] / exp(x[i]) - 1));
	}
	CHECK(worst < 2e-15);
}

/* Loss of one row by its formula. */
static double
loss_of(const ShopperBoostFit *fit, double s, double y)
{
	double		p = fit->power;

	switch (fit->boost->loss)
	{
		case SHOPPER_BOOST_LOG_LOSS:
			return log(1 + exp(y > 0.5 ? -s : s));
		case SHOPPER_BOOST_SQUARED:
			return 0.5 * (s - y) * (s - y);
		case SHOPPER_BOOST_ABSOLUTE:
			return fabs(s - y);
		case SHOPPER_BOOST_QUANTILE:
			return y > s ? fit->quantile * (y - s) : (1 - fit->quantile) * (s - y);
		case SHOPPER_BOOST_POISSON:
			return exp(s) - y * s;
		case SHOPPER_BOOST_TWEEDIE:
			return exp((2 - p) * s) / (2 - p) - y * exp((1 - p) * s) / (1 - p);
		default:
			return s + y * exp(-s);
	}
}

/* Gradient, hessian and loss of each row against central differences, with and without weights. */
static void
derivatives(ShopperBoostLoss loss, bool weighted)
{
	ShopperEnv *env = check_env(-1);
	enum
	{
		N = 300
	};
	ShopperTable t;
	ShopperBoost boost = {.loss = loss,.outputs = 1};
	ShopperBoostFit fit = {.env = env,.t = &t,.boost = &boost,.quantile = 0.3,.power = 1.4};
	ShopperBoostSums sums = {0};
	bool		classes = loss == SHOPPER_BOOST_LOG_LOSS,
				curved = classes || loss == SHOPPER_BOOST_SQUARED || loss >= SHOPPER_BOOST_POISSON;
	double		total = 0;

	CHECK_OK(env, shopper_table_make(env, &t, false, N, 0, 0, classes ? 2 : 0));
	fit.score = shopper_alloc(env, 1, sizeof(double *));
	fit.score[0] = shopper_alloc(env, N, sizeof(double));
	fit.slope = shopper_alloc(env, 2 * N, sizeof(float));
	t.weight = weighted ? shopper_alloc(env, N, sizeof(double)) : NULL;
	for (int i = 0; i < N; i++)
	{
		fit.score[0][i] = 1.5 * shopper_normal(2, 1, (uint64_t) i);
		if (classes)
			t.y_class[i] = i % 3 == 0;
		else
			t.y[i] = exp(shopper_normal(2, 2, (uint64_t) i));
		if (weighted)
			t.weight[i] = 0.5 + i % 4;
	}
	shopper_boost_slope(&fit, 0, 0, N, &sums);
	for (int i = 0; i < N; i++)
	{
		double		y = classes ? t.y_class[i] : t.y[i],
					w = weighted ? t.weight[i] : 1,
					s = fit.score[0][i],
					up = loss_of(&fit, s + 1e-4, y),
					down = loss_of(&fit, s - 1e-4, y),
					here = loss_of(&fit, s, y);

		total += w * here;
		if (loss >= SHOPPER_BOOST_ABSOLUTE && loss <= SHOPPER_BOOST_QUANTILE && fabs(s - y) < 1e-3)
			continue;
		CHECK_NEAR((double) fit.slope[2 * i], w * (up - down) / 2e-4, 1e-5 * (1 + fabs(w * here)));
		if (curved)
			CHECK_NEAR((double) fit.slope[2 * i + 1], w * (up - 2 * here + down) / 1e-8, 1e-4 * (1 + fabs(w * here)));
		CHECK(fabsf(fit.slope[2 * i]) <= sums.most_gradient && fit.slope[2 * i + 1] <= sums.most_hessian);
	}
	CHECK_NEAR(sums.loss, total, 1e-9 * fabs(total));
	check_env_end(env);
}

static void
softmax_derivatives(void)
{
	ShopperEnv *env = check_env(-1);
	enum
	{
		N = 50, K = 3
	};
	ShopperTable t;
	ShopperBoost boost = {.loss = SHOPPER_BOOST_SOFTMAX,.outputs = K};
	ShopperBoostFit fit = {.env = env,.t = &t,.boost = &boost};
	ShopperBoostSums sums = {0};

	CHECK_OK(env, shopper_table_make(env, &t, false, N, 0, 0, K));
	fit.score = shopper_alloc(env, K, sizeof(double *));
	for (int c = 0; c < K; c++)
	{
		fit.score[c] = shopper_alloc(env, N, sizeof(double));
		for (int i = 0; i < N; i++)
			fit.score[c][i] = 2 * shopper_normal(2, (uint64_t) c, (uint64_t) i);
	}
	fit.top = shopper_alloc(env, N, sizeof(double));
	fit.slope = shopper_alloc(env, 2 * N, sizeof(float));
	for (int i = 0; i < N; i++)
		t.y_class[i] = i % K;
	shopper_boost_top(&fit, 0, N, &sums);
	for (int c = 0; c < K; c++)
	{
		shopper_boost_slope(&fit, c, 0, N, &sums);
		for (int i = 0; i < N; i++)
		{
			double		loss[3];

			for (int k = 0; k < 3; k++)
			{
				double		sum = 0;

				for (int d = 0; d < K; d++)
					sum += exp(fit.score[d][i] + (d == c ? (k - 1) * 1e-4 : 0));
				loss[k] = log(sum) - fit.score[i % K][i] - (c == i % K ? (k - 1) * 1e-4 : 0);
			}
			CHECK_NEAR((double) fit.slope[2 * i], (loss[2] - loss[0]) / 2e-4, 1e-6);
			CHECK_NEAR((double) fit.slope[2 * i + 1] * (K - 1) / K, (loss[2] - 2 * loss[1] + loss[0]) / 1e-8, 1e-5);
		}
	}
	check_env_end(env);
}

/* ---- the first split against all splits ---- */

typedef struct Sides
{
	double		g[2],
				h[2];
	int			n[2];
} Sides;

static double
gain_of(const Sides *s, double l2, int min_rows)
{
	double		g = s->g[0] + s->g[1],
				h = s->h[0] + s->h[1];

	if (s->n[0] < min_rows || s->n[1] < min_rows)
		return 0;
	return 0.5 * (s->g[0] * s->g[0] / (s->h[0] + l2) + s->g[1] * s->g[1] / (s->h[1] + l2) - g * g / (h + l2));
}

/* The best gain of any split of the rows: every value of every number, missing on either side; every set of levels. */
static double
best_gain(const ShopperTable *t, const float *slope, double l2, int min_rows)
{
	double		best = 0;

	for (int j = 0; j < t->n_dense; j++)
		for (int64_t e = 0; e < t->n; e++)
			for (int side = 0; side < 2; side++)
			{
				Sides		s = {.n = {0, 0}};

				for (int64_t i = 0; i < t->n; i++)
				{
					float		x = t->dense32[j][i];
					int			k = x == x ? x > t->dense32[j][e] : side;

					s.g[k] += (double) slope[2 * i];
					s.h[k] += (double) slope[2 * i + 1];
					s.n[k]++;
				}
				best = fmax(best, gain_of(&s, l2, min_rows));
			}
	for (int k = 0; k < t->n_lookup; k++)
		for (int set = 1; set < 1 << t->size[k]; set++)
		{
			Sides		s = {.n = {0, 0}};

			for (int64_t i = 0; i < t->n; i++)
			{
				int			side = set >> t->lookup[k][i] & 1;

				s.g[side] += (double) slope[2 * i];
				s.h[side] += (double) slope[2 * i + 1];
				s.n[side]++;
			}
			best = fmax(best, gain_of(&s, l2, min_rows));
		}
	return best;
}

static bool
root_gain(void *ctx, const ShopperTreeNodeView *node)
{
	*(double *) ctx = node->gain;
	return false;
}

static void
exact_split(int task, bool weighted, const char *options, int min_rows)
{
	ShopperEnv *env = check_env(-1);
	Setting		s = {.task = task,.n = 150,.weighted = weighted,.options = options};
	ShopperModel model;
	ShopperTable t;
	ShopperBoostSums sums = {0};
	ShopperBoostFit fit = {.env = env,.t = &t};
	double		found = 0,
				wanted;

	CHECK_OK(env, read_rows(env, &s, &model, &t));
	CHECK(t.n_lookup == 1 && t.size[0] == LEVELS + 1);
	for (int64_t i = 0; i < t.n; i++)	/* four levels, which are split exactly */
		t.lookup[0][i] %= LEVELS;
	t.size[0] = LEVELS;
	CHECK_OK(env, model.learner->train_rows(env, &model, &t, NULL));
	fit.boost = model.state;
	fit.score = shopper_alloc(env, 1, sizeof(double *));
	fit.score[0] = shopper_alloc(env, (size_t) t.n, sizeof(double));
	fit.slope = shopper_alloc(env, 2 * (size_t) t.n, sizeof(float));
	for (int64_t i = 0; i < t.n; i++)
		fit.score[0][i] = fit.boost->base[0];
	shopper_boost_slope(&fit, 0, 0, t.n, &sums);
	wanted = best_gain(&t, fit.slope, 1, min_rows);
	shopper_ensemble_visit(fit.boost->trees.ensemble, 0, root_gain, &found);
	CHECK(wanted > 0);
	CHECK_NEAR(found, wanted, 1e-3 * wanted);
	check_env_end(env);
}

/* ---- leaves: rows, covers, bounded pool ---- */

typedef struct Walk
{
	double		least;			/* cover of a leaf */
	double		sum;
	int			depth;
	int			leaves;
} Walk;

static bool
walk_leaf(void *ctx, const ShopperTreeNodeView *node)
{
	Walk	   *w = ctx;

	if (!node->leaf)
		return true;
	w->least = fmin(w->least, node->cover);
	w->sum += node->cover;
	w->depth = node->depth > w->depth ? node->depth : w->depth;
	w->leaves++;
	return true;
}

static void
leaf_sizes(int task, const char *options, int min_rows, int leaves, int depth)
{
	ShopperEnv *env = check_env(-1);
	Setting		s = {.task = task,.n = 3000,.options = options};
	ShopperModel model;
	const ShopperBoost *boost;

	CHECK_OK(env, train(env, &s, &model));
	boost = model.state;
	for (int64_t k = 0; k < shopper_ensemble_trees(boost->trees.ensemble); k++)
	{
		Walk		w = {.least = 1e9};

		shopper_ensemble_visit(boost->trees.ensemble, k, walk_leaf, &w);
		CHECK(w.least >= min_rows);
		CHECK(w.sum == 3000);
		CHECK(w.leaves <= leaves && w.depth <= depth);
	}
	check_env_end(env);
}

/* A pool of four histograms gives the same tree as one of any size. */
static void
small_pool(void)
{
	ShopperEnv *env = check_env(-1);
	Setting		s = {.task = 0,.n = 4000,.options = "trees=1"};
	ShopperModel model;
	ShopperTable t;
	ShopperBins bins;
	ShopperGrower g[2];
	ShopperGrowOptions o = {.max_leaves = 60,.max_depth = 64,.min_rows = 5,.min_hessian = 1e-3,.l2 = 1,.max_category_levels = 32};

	CHECK_OK(env, read_rows(env, &s, &model, &t));
	CHECK_OK(env, shopper_bins_make(env, &t, 64, &bins));
	for (int k = 0; k < 2; k++)
	{
		int64_t		sum = 0;

		CHECK_OK(env, shopper_grower_make(env, &bins, t.n, &o, k == 0 ? 0 : 1 << 24, &g[k]));
		CHECK(k == 0 ? g[k].n_slots == 4 : g[k].n_slots > 50);
		for (int64_t i = 0; i < t.n; i++)
		{
			g[k].packed[i] = (uint32_t) (int) floor(1000 * t.y[i]) << 16 | 1;
			g[k].rows[i] = (uint32_t) i;
			sum += shopper_unpack(g[k].packed[i]);
		}
		g[k].n_rows = t.n;
		g[k].all_rows = g[k].counted = true;
		g[k].gradient_unit = 1e-3;
		g[k].hessian_unit = 1;
		for (int j = 0; j < bins.n_columns; j++)
			g[k].used[g[k].n_used++] = j;
		CHECK_OK(env, shopper_grow_tree(&g[k], sum));
	}
	CHECK(g[0].n_nodes == 119 && g[1].n_nodes == 119);
	for (int64_t i = 0; i < g[0].n_nodes && i < g[1].n_nodes; i++)
	{
		const ShopperGrowNode *a = &g[0].node[i],
				   *b = &g[1].node[i];

		CHECK(a->left == b->left && a->begin == b->begin && a->end == b->end && a->sum == b->sum);
		CHECK(a->left < 0 || (a->split.gain == b->split.gain && a->split.column == b->split.column));
	}
	check_env_end(env);
}

/* ---- what models must do ---- */

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
test_boosting(void)
{
	exponentials();
	for (int loss = SHOPPER_BOOST_SQUARED; loss < SHOPPER_BOOST_LOSSES; loss++)
	{
		derivatives((ShopperBoostLoss) loss, false);
		derivatives((ShopperBoostLoss) loss, true);
	}
	derivatives(SHOPPER_BOOST_LOG_LOSS, false);
	derivatives(SHOPPER_BOOST_LOG_LOSS, true);
	softmax_derivatives();
	for (int min_rows = 1; min_rows <= 60; min_rows += 10)
	{
		char		options[60];

		snprintf(options, sizeof(options), "trees=1 max_leaves=2 min_rows=%d", min_rows);
		exact_split(0, false, options, min_rows);
		exact_split(0, true, options, min_rows);
		exact_split(2, false, options, min_rows);
		exact_split(2, true, options, min_rows);
	}
	leaf_sizes(0, "trees=5 min_rows=7 max_leaves=40", 7, 40, 64);
	leaf_sizes(2, "trees=20 min_rows=13 max_leaves=100 min_hessian=0 learning_rate=0.5", 13, 100, 64);
	leaf_sizes(2, "trees=5 min_rows=2 growth=depth", 2, 64, 6);
	leaf_sizes(2, "trees=5 min_rows=2 growth=depth max_depth=3", 2, 8, 3);
	leaf_sizes(2, "trees=5 min_rows=2 max_depth=4", 2, 16, 4);
	small_pool();
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
