/*
 * tree.c: one decision tree, for classes (CART, Breiman, Friedman, Olshen and Stone
 * 1984; with entropy and gain_ratio in the manner of ID3 and C4.5, Quinlan 1986 and
 * 1993, but with two sides a split) and for amounts.
 */
#include "trees.h"

#define COLUMNS_AT_ONCE 16

static const ShopperOption tree_options[] = {
	{"criterion", SHOPPER_CHOICE, "auto", 0, 0, false, "auto,gini,entropy,gain_ratio,squared", "what a split lowers; auto: gini for classes, squared for amounts"},
	{"max_depth", SHOPPER_INTEGER, "6", 1, SHOPPER_MAX_DEPTH, false, NULL, "splits on the way to a leaf, at most"},
	{"min_rows", SHOPPER_NUMBER, "20", 0, 1e12, false, NULL, "least rows in a leaf (sum of weights)"},
	{"min_split_rows", SHOPPER_NUMBER, "2", 0, 1e12, false, NULL, "least rows of a node that is split (sum of weights)"},
	{"max_leaves", SHOPPER_INTEGER, "0", 0, 1e9, false, NULL, "leaves at most, the best splits first; 0: no limit"},
	{"min_gain", SHOPPER_NUMBER, "0", 0, SHOPPER_NO_LIMIT, false, NULL, "least that a split lowers the impurity, per row of the table"},
	{"pruning", SHOPPER_NUMBER, "0", 0, SHOPPER_NO_LIMIT, false, NULL, "cost-complexity pruning: impurity per row that a leaf must save"},
	{"max_bins", SHOPPER_INTEGER, "256", 3, SHOPPER_MAX_BINS, false, NULL, "ranges that a number column is cut into before splits are sought"},
	{"smoothing", SHOPPER_NUMBER, "0", 0, 1e6, false, NULL, "rows added to each class of each leaf (1: Laplace), so that no probability is 0"},
	{NULL}
};

static ShopperStatus
tree_train(ShopperEnv *env, ShopperModel *model, ShopperTable *t, const ShopperModel *previous)
{
	const ShopperOptions *o = &model->options;
	ShopperCartRules rules = {
		.max_depth = (int) shopper_option_integer(o, "max_depth"),
		.max_leaves = shopper_option_integer(o, "max_leaves"),
		.min_rows = shopper_option_number(o, "min_rows"),
		.min_split_rows = shopper_option_number(o, "min_split_rows"),
		.min_gain = shopper_option_number(o, "min_gain"),
		.smoothing = shopper_option_number(o, "smoothing"),
		.columns = t->n_dense + t->n_lookup,
		.chance = 2
	};
	ShopperBins bins;
	ShopperCartData data;
	ShopperCart cart;
	ShopperTreeModel *state;

	if (previous != NULL)
	{
		shopper_fail(env, SHOPPER_UNSUPPORTED, "a single tree cannot go on from a previous model");
		shopper_hint(env, "Train anew, or use forest or boosting, which add trees.");
		return env->status;
	}
	SHOPPER_TRY(shopper_read_criterion(env, model, &rules.criterion));
	SHOPPER_TRY(shopper_bins_make(env, t, (int) shopper_option_integer(o, "max_bins"), &bins));
	SHOPPER_TRY(shopper_cart_data(env, t, &bins, &data));
	SHOPPER_TRY(shopper_cart_make(env, &data, &rules, COLUMNS_AT_ONCE, &cart));
	SHOPPER_TRY(shopper_cart_reserve(env, &cart));
	shopper_cart_begin(&cart, env->seed, 0, NULL, false);
	SHOPPER_TRY(shopper_cart_run(env, &cart));
	if (shopper_option_number(o, "pruning") > 0)
		SHOPPER_TRY(shopper_cart_prune(env, &cart, shopper_option_number(o, "pruning")));
	SHOPPER_TRY(shopper_mean_make(env, t, &state));
	SHOPPER_TRY(shopper_cart_add(env, &cart, t->size, state->ensemble));
	SHOPPER_TRY(shopper_ensemble_finish(env, state->ensemble));
	shopper_cart_release(env, &cart);
	shopper_bins_release(env, &bins);
	model->state = state;
	return shopper_add_gain_importance(env, model, state->ensemble);
}

const ShopperLearner shopper_learner_tree = {
	.number = 7,
	.name = "tree",
	.help = "decision tree",
	.shape = SHOPPER_ROWS,
	.tasks = SHOPPER_CLASSIFY | SHOPPER_REGRESS,
	.wide = false,
	.input = SHOPPER_RAW,
	.options = tree_options,
	.train_rows = tree_train,
	.predict = shopper_mean_predict,
	.predict_block = shopper_mean_predict_block,
	.explain = shopper_mean_explain,
	.explain_unit = shopper_mean_unit,
	.encode = shopper_mean_encode,
	.decode = shopper_mean_decode,
	.describe = shopper_mean_describe
};
