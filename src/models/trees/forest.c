/*
 * forest.c: many trees, each grown from a sample of the rows, with a few columns
 * tried at each split; their mean answers (Breiman 2001). With extra_trees the cuts
 * are random too (Geurts, Ernst and Wehenkel 2006).
 *
 * Trees grow side by side, in slices between which the caller is asked whether to
 * stop. What is random depends on seed, tree and node alone, and trees are put
 * together in their order: the same forest for any number of threads.
 */
#include "trees.h"

#include <math.h>
#include <string.h>

#include "../../core/hash.h"
#include "../../core/metrics.h"
#include "../../core/threads.h"

#define SLICE_CELLS 3000000
#define MOST_AT_ONCE 64
#define MOST_TIMES 15			/* that a row is in one bag: see MOST_ROWS in cart.c */

static const ShopperOption forest_options[] = {
	{"trees", SHOPPER_INTEGER, "100", 1, 100000, false, NULL, "how many trees"},
	{"criterion", SHOPPER_CHOICE, "auto", 0, 0, false, "auto,gini,entropy,squared", "what a split lowers; auto: gini for classes, squared for amounts"},
	{"max_depth", SHOPPER_INTEGER, "0", 0, SHOPPER_MAX_DEPTH, false, NULL, "splits on the way to a leaf, at most; 0: 64"},
	{"min_rows", SHOPPER_NUMBER, "6", 0, 1e12, false, NULL, "least rows in a leaf (sum of weights; a row counts as often as it was drawn)"},
	{"max_leaves", SHOPPER_INTEGER, "0", 0, 1e9, false, NULL, "leaves of a tree at most, the best splits first; 0: no limit"},
	{"min_gain", SHOPPER_NUMBER, "0", 0, SHOPPER_NO_LIMIT, false, NULL, "least that a split lowers the impurity, per row"},
	{"columns", SHOPPER_NUMBER, "0", 0, 1, false, NULL, "share of the columns tried at a split; 0: their square root for classes, a third for amounts"},
	{"bootstrap", SHOPPER_BOOLEAN, "true", 0, 0, false, NULL, "draw each tree's rows with repetition"},
	{"rows", SHOPPER_NUMBER, "1", 0, 1, true, NULL, "rows drawn for a tree, as a share of all"},
	{"extra_trees", SHOPPER_BOOLEAN, "false", 0, 0, false, NULL, "one random cut a column instead of the best one"},
	{"out_of_bag", SHOPPER_BOOLEAN, "true", 0, 0, false, NULL, "measure each row by the trees that did not see it"},
	{"max_bins", SHOPPER_INTEGER, "256", 3, SHOPPER_MAX_BINS, false, NULL, "ranges that a number column is cut into before splits are sought"},
	{NULL}
};

typedef struct Forest
{
	ShopperEnv *env;
	ShopperModel *model;
	const ShopperTable *t;
	const ShopperCartData *data;
	ShopperTreeModel *state;
	bool		bootstrap;
	double		rows;
	int			at_once;
	ShopperCart *cart;			/* (at_once) */
	uint8_t   **times;			/* (at_once)(n) how often each row is in the bag; NULL: all once */
	int64_t		first;			/* number of the first tree in work */
	bool		begin;			/* the shards draw bags */
	double	   *out_sum;		/* (n)(values) of the trees that did not see the row; NULL: not wanted */
	uint32_t   *out_trees;		/* (n) how many */
} Forest;

/* ---- bags ---- */

static void
draw_bag(const Forest *f, uint64_t tree, uint8_t *times)
{
	int64_t		n = f->data->n,
				wanted = (int64_t) ceil(f->rows * (double) n);
	uint64_t	seed = f->env->seed;

	memset(times, 0, (size_t) n);
	for (int64_t i = 0; f->bootstrap && i < wanted; i++)
	{
		uint64_t	row = shopper_below(shopper_random(seed, 2 * tree, (uint64_t) i), (uint64_t) n);

		times[row] += times[row] < MOST_TIMES;
	}
	/* without repetition: each row with the chance that is left (Knuth, algorithm S) */
	for (int64_t i = 0; !f->bootstrap && i < n; i++)
		if ((int64_t) shopper_below(shopper_random(seed, 2 * tree, (uint64_t) i), (uint64_t) (n - i)) < wanted)
		{
			times[i] = 1;
			wanted--;
		}
}

static void
tree_shard(void *arg, int shard)
{
	Forest	   *f = arg;
	ShopperCart *cart = &f->cart[shard];

	if (!f->begin)
		shopper_cart_slice(cart, SLICE_CELLS);
	else
	{
		uint64_t	tree = (uint64_t) (f->first + shard);

		if (f->times != NULL)
			draw_bag(f, tree, f->times[shard]);
		shopper_cart_begin(cart, f->env->seed, tree, f->times != NULL ? f->times[shard] : NULL, f->out_sum != NULL);
	}
}

/* ---- rows out of the bag ---- */

static void
add_out_of_bag(Forest *f, const ShopperCart *cart, double *value)
{
	int			values = f->data->values;

	for (int64_t i = 0; i < cart->n_nodes; i++)
	{
		const ShopperCartNode *node = &cart->node[i];

		if (node->left >= 0 || node->out_from == node->out_to)
			continue;
		shopper_cart_leaf(cart, node, value);
		for (int64_t r = node->out_from; r < node->out_to; r++)
		{
			uint32_t	row = cart->row[r];

			for (int k = 0; k < values; k++)
				f->out_sum[(size_t) row * (size_t) values + (size_t) k] += value[k];
			f->out_trees[row]++;
		}
	}
}

typedef struct OutSums
{
	double		weight,
				loss,			/* log loss, or squared errors */
				wrong,
				y,
				y2;
} OutSums;

/* Probability of a class from the mean of shares. */
static inline double
share_of(const double *p, int values, int c, double n)
{
	return values > 1 ? p[c] / n : c == 1 ? p[0] / n : 1 - p[0] / n;
}

static OutSums
sum_out_of_bag(const Forest *f)
{
	const ShopperTable *t = f->t;
	int			values = f->data->values;
	OutSums		s = {0};

	for (int64_t i = 0; i < f->data->n; i++)
	{
		const double *p = f->out_sum + (size_t) i * (size_t) values;
		double		w = t->weight != NULL ? t->weight[i] : 1,
					n = f->out_trees[i];

		if (n == 0)
			continue;
		s.weight += w;
		if (t->y_class != NULL)
		{
			int			best = 0;

			for (int c = 1; c < t->n_classes; c++)
				best = share_of(p, values, c, n) > share_of(p, values, best, n) ? c : best;
			s.wrong += w * (best != t->y_class[i]);
			s.loss += w * shopper_log_loss_one(share_of(p, values, t->y_class[i], n));
		}
		else
		{
			double		y = t->y[i] - f->model->spec->target_mean;

			s.loss += w * (p[0] / n - t->y[i]) * (p[0] / n - t->y[i]);
			s.y += w * y;
			s.y2 += w * y * y;
		}
	}
	return s;
}

/* After so many trees: the error so far. */
static ShopperStatus
add_curve(Forest *f, int64_t trees, int64_t all)
{
	OutSums		s;
	bool		due = trees == all || trees <= 5;

	for (int64_t step = 10; step <= trees && !due; step *= 10)
		due = trees == step || trees == 2 * step || trees == 5 * step;
	if (f->out_sum == NULL || !due)
		return SHOPPER_OK;
	s = sum_out_of_bag(f);
	if (!(s.weight > 0))
		return SHOPPER_OK;
	if (f->t->y_class != NULL)
		return shopper_add_step(f->env, f->model, trees, "out_of_bag_error", s.wrong / s.weight);
	return shopper_add_step(f->env, f->model, trees, "out_of_bag_rmse", sqrt(s.loss / s.weight));
}

static ShopperStatus
out_of_bag_auc(const Forest *f, double *auc)
{
	ShopperEnv *env = f->env;
	uint8_t    *positive;
	double	   *score,
			   *weight;
	int64_t		m = 0;

	SHOPPER_NEW(env, positive, f->data->n);
	SHOPPER_NEW(env, score, f->data->n);
	SHOPPER_NEW(env, weight, f->data->n);
	for (int64_t i = 0; i < f->data->n; i++)
		if (f->out_trees[i] > 0)
		{
			positive[m] = f->t->y_class[i] == 1;
			weight[m] = f->t->weight != NULL ? f->t->weight[i] : 1;
			score[m++] = f->out_sum[i] / f->out_trees[i];
		}
	SHOPPER_TRY(shopper_auc(env, m, positive, score, weight, auc));
	shopper_release(env, positive);
	shopper_release(env, score);
	shopper_release(env, weight);
	return SHOPPER_OK;
}

static ShopperStatus
add_metrics(Forest *f)
{
	static const char set[] = "out_of_bag";
	ShopperEnv *env = f->env;
	OutSums		s;
	double		auc,
				rows = 0;

	if (f->out_sum == NULL)
		return SHOPPER_OK;
	s = sum_out_of_bag(f);
	for (int64_t i = 0; i < f->data->n; i++)
		rows += f->out_trees[i] > 0;
	SHOPPER_TRY(shopper_add_metric(env, f->model, set, "rows", rows));
	if (!(s.weight > 0))
		return SHOPPER_OK;
	if (f->t->y_class == NULL)
	{
		double		spread = s.y2 - s.y * s.y / s.weight;

		SHOPPER_TRY(shopper_add_metric(env, f->model, set, "rmse", sqrt(s.loss / s.weight)));
		return shopper_add_metric(env, f->model, set, "r2", spread > 0 ? 1 - s.loss / spread : NAN);
	}
	SHOPPER_TRY(shopper_add_metric(env, f->model, set, "log_loss", s.loss / s.weight));
	SHOPPER_TRY(shopper_add_metric(env, f->model, set, "accuracy", 1 - s.wrong / s.weight));
	if (f->t->n_classes > 2)
		return SHOPPER_OK;
	SHOPPER_TRY(out_of_bag_auc(f, &auc));
	return shopper_add_metric(env, f->model, set, "auc", auc);
}

/* ---- growing ---- */

static ShopperStatus
grow_some(Forest *f, int n)
{
	ShopperEnv *env = f->env;
	bool		done;

	for (int i = 0; i < n; i++)
		SHOPPER_TRY(shopper_cart_reserve(env, &f->cart[i]));
	f->begin = true;
	shopper_parallel(env, n, tree_shard, f);
	f->begin = false;
	do
	{
		SHOPPER_TRY(shopper_poll(env));
		for (int i = 0; i < n; i++)
			SHOPPER_TRY(shopper_cart_reserve(env, &f->cart[i]));
		shopper_parallel(env, n, tree_shard, f);
		done = true;
		for (int i = 0; i < n; i++)
			done &= f->cart[i].done;
	} while (!done);
	return SHOPPER_OK;
}

static ShopperStatus
grow_all(Forest *f, int64_t before, int64_t trees)
{
	ShopperEnv *env = f->env;
	double	   *value;

	SHOPPER_NEW(env, value, f->data->values);
	for (f->first = before; f->first < before + trees; f->first += f->at_once)
	{
		int			n = before + trees - f->first < f->at_once ? (int) (before + trees - f->first) : f->at_once;

		SHOPPER_TRY(grow_some(f, n));
		for (int i = 0; i < n; i++)
		{
			SHOPPER_TRY(shopper_cart_add(env, &f->cart[i], f->t->size, f->state->ensemble));
			if (f->out_sum != NULL)
				add_out_of_bag(f, &f->cart[i], value);
			SHOPPER_TRY(shopper_poll(env));
			SHOPPER_TRY(add_curve(f, f->first + i + 1 - before, trees));
		}
		shopper_progress(env, "trees", f->first + n - before, trees, NAN);
	}
	return SHOPPER_OK;
}

static ShopperStatus
forest_make(Forest *f, const ShopperCartRules *rules, int64_t trees, bool out_of_bag)
{
	ShopperEnv *env = f->env;
	bool		bags = f->bootstrap || f->rows < 1;

	f->at_once = env->threads < 1 ? 1 : env->threads > MOST_AT_ONCE ? MOST_AT_ONCE : env->threads;
	if (f->at_once > trees)
		f->at_once = (int) trees;
	SHOPPER_NEW0(env, f->cart, f->at_once);
	if (bags)
		SHOPPER_NEW0(env, f->times, f->at_once);
	for (int i = 0; i < f->at_once; i++)
	{
		SHOPPER_TRY(shopper_cart_make(env, f->data, rules, 1, &f->cart[i]));
		if (bags)
			SHOPPER_NEW(env, f->times[i], f->data->n);
	}
	if (bags && out_of_bag)
	{
		SHOPPER_NEW0(env, f->out_sum, (size_t) f->data->n * (size_t) f->data->values);
		SHOPPER_NEW0(env, f->out_trees, f->data->n);
	}
	return SHOPPER_OK;
}

static void
forest_release(Forest *f)
{
	for (int i = 0; i < f->at_once; i++)
	{
		shopper_cart_release(f->env, &f->cart[i]);
		if (f->times != NULL)
			shopper_release(f->env, f->times[i]);
	}
	shopper_release(f->env, f->out_sum);
	shopper_release(f->env, f->out_trees);
}

static int
columns_to_try(const ShopperModel *model, const ShopperTable *t)
{
	int			all = t->n_dense + t->n_lookup;
	double		share = shopper_option_number(&model->options, "columns"),
				n = share > 0 ? share * all : model->task == SHOPPER_CLASSIFY ? sqrt(all) : all / 3.0;
	int			columns = (int) (n + 1e-9);

	return columns < 1 ? 1 : columns > all ? all : columns;
}

static ShopperStatus
forest_train(ShopperEnv *env, ShopperModel *model, ShopperTable *t, const ShopperModel *previous)
{
	const ShopperOptions *o = &model->options;
	int64_t		depth = shopper_option_integer(o, "max_depth"),
				trees = shopper_option_integer(o, "trees"),
				before;
	ShopperCartRules rules = {
		.max_depth = depth > 0 ? (int) depth : SHOPPER_MAX_DEPTH,
		.max_leaves = shopper_option_integer(o, "max_leaves"),
		.min_rows = shopper_option_number(o, "min_rows"),
		.min_gain = shopper_option_number(o, "min_gain"),
		.columns = columns_to_try(model, t),
		.chance = 1,
		.random_cuts = shopper_option_boolean(o, "extra_trees")
	};
	Forest		f = {.env = env,.model = model,.t = t,
	.bootstrap = shopper_option_boolean(o, "bootstrap"),.rows = shopper_option_number(o, "rows")};
	ShopperBins bins;
	ShopperCartData data;

	SHOPPER_TRY(shopper_read_criterion(env, model, &rules.criterion));
	SHOPPER_TRY(shopper_mean_make(env, t, &f.state));
	if (previous != NULL)
		SHOPPER_TRY(shopper_take_trees(env, model->spec, f.state->ensemble, previous->spec, shopper_model_ensemble(previous)));
	before = shopper_ensemble_trees(f.state->ensemble);
	SHOPPER_TRY(shopper_bins_make(env, t, (int) shopper_option_integer(o, "max_bins"), &bins));
	SHOPPER_TRY(shopper_cart_data(env, t, &bins, &data));
	f.data = &data;
	SHOPPER_TRY(forest_make(&f, &rules, trees, shopper_option_boolean(o, "out_of_bag")));
	SHOPPER_TRY(grow_all(&f, before, trees));
	SHOPPER_TRY(shopper_ensemble_finish(env, f.state->ensemble));
	SHOPPER_TRY(add_metrics(&f));
	forest_release(&f);
	shopper_bins_release(env, &bins);
	model->state = f.state;
	return shopper_add_gain_importance(env, model, f.state->ensemble);
}

static ShopperStatus
forest_merge(ShopperEnv *env, ShopperModel *into, const ShopperModel *other)
{
	ShopperTreeModel *state = into->state;

	SHOPPER_TRY(shopper_take_trees(env, into->spec, state->ensemble, other->spec, shopper_model_ensemble(other)));
	return shopper_ensemble_finish(env, state->ensemble);
}

const ShopperLearner shopper_learner_forest = {
	.number = 8,
	.name = "forest",
	.help = "random forest",
	.shape = SHOPPER_ROWS,
	.tasks = SHOPPER_CLASSIFY | SHOPPER_REGRESS,
	.wide = false,
	.input = SHOPPER_RAW,
	.options = forest_options,
	.train_rows = forest_train,
	.predict = shopper_mean_predict,
	.predict_block = shopper_mean_predict_block,
	.explain = shopper_mean_explain,
	.explain_unit = shopper_mean_unit,
	.merge = forest_merge,
	.encode = shopper_mean_encode,
	.decode = shopper_mean_decode,
	.describe = shopper_mean_describe
};
