/* test_boosting.c: gradients and trees of boosting() against finite differences and brute force. */
#include "boosting_data.h"

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

/* Sums of every column against additions one by one: places shared and not, some columns, parts of some rows. */
static void
column_sums(int n_used, int parts)
{
	enum
	{
		N = 5000, SHAPES = 11
	};
	static const int levels[SHAPES] = {2, 300, 30, 5, 255, 12, 3, 1, 256, 15, 20};
	ShopperEnv *env = check_env(-1);
	ShopperTable t;
	ShopperBins bins;
	ShopperGrower g;
	ShopperGrowOptions o = {.max_leaves = 4,.max_depth = 64,.min_rows = 5};
	int64_t		histogram[512],
				from = N / 3,
				to = N - 7;

	CHECK_OK(env, shopper_table_make(env, &t, false, N, 1, SHAPES, 0));
	for (int64_t i = 0; i < N; i++)
		t.dense32[0][i] = (float) (shopper_random(8, 50, (uint64_t) i) % 1000);
	for (int k = 0; k < SHAPES; k++)
	{
		t.size[k] = levels[k];
		for (int64_t i = 0; i < N; i++)
			t.lookup[k][i] = (int32_t) (shopper_random(8, (uint64_t) k, (uint64_t) i) % (uint64_t) (levels[k] + 1)) - 1;
	}
	CHECK_OK(env, shopper_bins_make(env, &t, 64, &bins));
	env->threads = parts;
	CHECK_OK(env, shopper_grower_make(env, &bins, N, &o, 1 << 24, &g));
	CHECK(g.lines.n_wide == 2 && g.lines.width < bins.n_columns);
	for (int64_t i = 0; i < N; i++)
	{
		g.packed[i] = (uint32_t) shopper_random(8, 60, (uint64_t) i);
		g.rows[i] = (uint32_t) (N - 1 - i);
	}
	for (int j = 0; j < n_used; j++)
		g.used[g.n_used++] = (int) ((int64_t) j * bins.n_columns / n_used);
	CHECK_OK(env, shopper_count_begin(&g));
	CHECK(g.max_parts == parts);
	shopper_count_rows(&g, g.rows, from, N / 2, true, parts, false);
	shopper_count_rows(&g, g.rows, N / 2, to, false, parts, false);
	for (int u = 0; u < g.n_used; u++)
	{
		const ShopperBinColumn *c = &bins.column[g.used[u]];

		shopper_fold_column(&g, g.used[u], parts, histogram);
		for (int64_t i = from; i < to; i++)
			histogram[c->bin8 != NULL ? c->bin8[g.rows[i]] : c->bin16[g.rows[i]]] -= shopper_unpack(g.packed[g.rows[i]]);
		for (int b = 0; b < c->n_bins; b++)
			CHECK(histogram[b] == 0);
	}
	check_env_end(env);
}

/* A pool of four histograms gives the same tree as one of any size, and rows moved one by one. */
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
		g[k].vectors &= k == 0;
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
		for (int64_t r = a->begin; a->left < 0 && r < a->end; r++)
			CHECK(a->rows[r] == b->rows[r] && (r == a->begin || a->rows[r] > a->rows[r - 1]));
	}
	check_env_end(env);
}

/* Of eleven levels the one that differs has `rare` rows: it is told apart when those are min_rows. */
static void
rare_level(int rare, int min_rows, bool expected)
{
	enum
	{
		N = 1000
	};
	ShopperEnv *env = check_env(-1);
	ShopperTable t;
	ShopperBins bins;
	ShopperGrower g;
	ShopperGrowOptions o = {.max_leaves = 10,.max_depth = 9,.min_rows = min_rows,.min_hessian = 1e-3,.max_category_levels = 8};
	int64_t		sum = 0;
	bool		apart = false;

	CHECK_OK(env, shopper_table_make(env, &t, false, N + rare, 0, 1, 0));
	t.size[0] = 11;
	for (int64_t i = 0; i < N + rare; i++)
		t.lookup[0][i] = i < N ? (int32_t) (i % 10) : 10;
	CHECK_OK(env, shopper_bins_make(env, &t, 64, &bins));
	CHECK_OK(env, shopper_grower_make(env, &bins, N + rare, &o, 1 << 24, &g));
	for (int64_t i = 0; i < N + rare; i++)
	{
		g.packed[i] = (uint32_t) (i < N ? 1 : 100) << 16 | 1;
		g.rows[i] = (uint32_t) i;
		sum += shopper_unpack(g.packed[i]);
	}
	g.n_rows = N + rare;
	g.all_rows = g.counted = true;
	g.gradient_unit = g.hessian_unit = 1;
	g.used[g.n_used++] = 0;
	CHECK_OK(env, shopper_grow_tree(&g, sum));
	for (int64_t k = 0; k < g.n_nodes; k++)
		apart |= g.node[k].end - g.node[k].begin == rare;
	CHECK(apart == expected);
	check_env_end(env);
}

void
test_boosting(void)
{
	rare_level(19, 20, false);
	rare_level(20, 20, true);
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
	column_sums(12, 1);
	column_sums(5, 3);
	small_pool();
}
