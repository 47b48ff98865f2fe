/*
 * boosting.c: gradient boosted trees: two classes by log-odds, more by softmax (a tree
 * a class and round), numbers by squared, absolute or quantile loss, amounts with long
 * tails by poisson, tweedie or gamma loss on their logarithm.
 *
 * The rounds are boost_fit.c, growing a tree is grow.c, count.c, histogram.c and split.c.
 */
#include <math.h>
#include <string.h>

#include "boost.h"

static const ShopperOption options[] = {
	{"trees", SHOPPER_INTEGER, "100", 1, 100000, false, NULL, "rounds; each adds one tree, or one a class with more than two classes"},
	{"learning_rate", SHOPPER_NUMBER, "0.1", 0, 1, true, NULL, "share of each tree's step that is taken"},
	{"max_leaves", SHOPPER_INTEGER, "31", 2, 1000000, false, NULL, "leaves of a tree, with growth leaf"},
	{"max_depth", SHOPPER_INTEGER, "0", 0, SHOPPER_MAX_DEPTH, false, NULL, "edges from root to leaf; 0: 64, or 6 with growth depth"},
	{"growth", SHOPPER_CHOICE, "leaf", 0, 0, false, "leaf,depth", "split the best leaf next, or all leaves of a level"},
	{"min_rows", SHOPPER_INTEGER, "20", 1, 1e9, false, NULL, "rows that a leaf needs, and a level that is told apart from the others"},
	{"min_hessian", SHOPPER_NUMBER, "0.001", 0, SHOPPER_NO_LIMIT, false, NULL, "sum of second derivatives that a leaf needs"},
	{"l1", SHOPPER_NUMBER, "0", 0, SHOPPER_NO_LIMIT, false, NULL, "penalty on the size of leaf values"},
	{"l2", SHOPPER_NUMBER, "1", 0, SHOPPER_NO_LIMIT, false, NULL, "penalty on the squares of leaf values"},
	{"min_gain", SHOPPER_NUMBER, "0", 0, SHOPPER_NO_LIMIT, false, NULL, "a split must lower the loss, summed over rows, by more"},
	{"rows", SHOPPER_NUMBER, "1", 0, 1, true, NULL, "share of the rows that each round draws"},
	{"columns", SHOPPER_NUMBER, "1", 0, 1, true, NULL, "share of the columns that each tree draws"},
	{"max_bins", SHOPPER_INTEGER, "256", 3, SHOPPER_MAX_BINS, false, NULL, "ranges of a number column, the one of missing values included"},
	{"loss", SHOPPER_CHOICE, "auto", 0, 0, false, "auto,squared,absolute,quantile,poisson,tweedie,gamma", "for number targets; auto: squared. Classes have log loss"},
	{"quantile", SHOPPER_NUMBER, "0.5", 0.001, 0.999, false, NULL, "loss quantile: which one"},
	{"tweedie_power", SHOPPER_NUMBER, "1.5", 1.01, 1.99, false, NULL, "loss tweedie: variance grows as this power of the mean"},
	{"increasing", SHOPPER_STRINGS, NULL, 0, 0, false, NULL, "number columns that may only raise the prediction"},
	{"decreasing", SHOPPER_STRINGS, NULL, 0, 0, false, NULL, "number columns that may only lower the prediction"},
	{"category_smoothing", SHOPPER_NUMBER, "10", 0, SHOPPER_NO_LIMIT, false, NULL, "categories: pulls the order of small levels to the middle"},
	{"category_l2", SHOPPER_NUMBER, "10", 0, SHOPPER_NO_LIMIT, false, NULL, "categories: added to l2 while splits of more than four levels are compared"},
	{"max_category_levels", SHOPPER_INTEGER, "16", 1, 65536, false, NULL, "categories: levels on the smaller side of a split"},
	{"early_stopping", SHOPPER_INTEGER, "0", 0, 100000, false, NULL, "rounds without a better validation loss before stopping; 0: never"},
	{"tolerance", SHOPPER_NUMBER, "0", 0, SHOPPER_NO_LIMIT, false, NULL, "early stopping: least improvement that counts"},
	{NULL}
};

static const char *const loss_name[SHOPPER_BOOST_LOSSES] = {"", "", "squared", "absolute", "quantile", "poisson", "tweedie", "gamma"};

/* ---- reading options ---- */

static ShopperStatus
read_loss(ShopperEnv *env, const ShopperModel *model, ShopperBoostLoss *loss)
{
	const char *text = shopper_option_text(&model->options, "loss");

	*loss = model->task == SHOPPER_REGRESS ? SHOPPER_BOOST_SQUARED :
		model->spec->classes.n > 2 ? SHOPPER_BOOST_SOFTMAX : SHOPPER_BOOST_LOG_LOSS;
	if (strcmp(text, "auto") == 0)
		return SHOPPER_OK;
	if (model->task == SHOPPER_CLASSIFY)
	{
		shopper_fail(env, SHOPPER_BAD_OPTION, "option \"loss\" must be auto for classes, got \"%s\"", text);
		shopper_hint(env, "Classes are fitted by log loss; use train_regressor for a number target.");
		return SHOPPER_BAD_OPTION;
	}
	for (int k = SHOPPER_BOOST_SQUARED; k < SHOPPER_BOOST_LOSSES; k++)
		if (strcmp(text, loss_name[k]) == 0)
			*loss = (ShopperBoostLoss) k;
	return SHOPPER_OK;
}

static ShopperStatus
constrain(ShopperEnv *env, const ShopperModel *model, const char *name, int8_t sign, int8_t *monotone, bool *any)
{
	const ShopperOptionValue *value = shopper_option(&model->options, name);
	const ShopperSpec *spec = model->spec;

	for (int k = 0; value->set && k < value->n; k++)
	{
		int			c = shopper_spec_find(spec, value->texts[k]);
		const ShopperColumn *column = c >= 0 ? &spec->column[c] : NULL;

		if (column == NULL || (column->kind != SHOPPER_KIND_NUMBER && column->kind != SHOPPER_KIND_BOOLEAN))
		{
			shopper_fail(env, SHOPPER_BAD_OPTION, "option \"%s\" names \"%.60s\", which is no number column of the rows", name, value->texts[k]);
			shopper_hint(env, "Dates, vectors and categories have no direction; columns that are left out cannot be named.");
			return SHOPPER_BAD_OPTION;
		}
		if (monotone[column->first] == -sign)
			return shopper_fail(env, SHOPPER_BAD_OPTION, "column \"%.60s\" is named both in \"increasing\" and in \"decreasing\"", column->name);
		monotone[column->first] = sign;
		*any = true;
	}
	return SHOPPER_OK;
}

static ShopperStatus
read_monotone(ShopperBoostFit *fit)
{
	ShopperEnv *env = fit->env;
	ShopperBoostLoss loss = fit->boost->loss;
	bool		any = false;

	SHOPPER_NEW0(env, fit->monotone, fit->t->n_dense + fit->t->n_lookup);
	SHOPPER_TRY(constrain(env, fit->model, "increasing", 1, fit->monotone, &any));
	SHOPPER_TRY(constrain(env, fit->model, "decreasing", -1, fit->monotone, &any));
	if (!any)
		fit->monotone = NULL;
	else if (loss == SHOPPER_BOOST_SOFTMAX)
		return shopper_fail(env, SHOPPER_BAD_OPTION, "options \"increasing\" and \"decreasing\" need two classes or a number target, got %d classes",
							fit->t->n_classes);
	else if (loss == SHOPPER_BOOST_ABSOLUTE || loss == SHOPPER_BOOST_QUANTILE)
		return shopper_fail(env, SHOPPER_BAD_OPTION, "options \"increasing\" and \"decreasing\" do not go with loss %s", loss_name[loss]);
	return SHOPPER_OK;
}

static ShopperStatus
read_grow(ShopperBoostFit *fit, ShopperGrowOptions *g)
{
	const ShopperOptions *o = &fit->model->options;

	memset(g, 0, sizeof(*g));
	g->by_level = shopper_option_is(o, "growth", "depth");
	g->max_leaves = g->by_level ? INT32_MAX / 4 : shopper_option_integer(o, "max_leaves");
	g->max_depth = (int) shopper_option_integer(o, "max_depth");
	if (g->max_depth == 0)
		g->max_depth = g->by_level ? 6 : SHOPPER_MAX_DEPTH;
	g->min_rows = shopper_option_integer(o, "min_rows");
	g->min_hessian = shopper_option_number(o, "min_hessian");
	g->l1 = shopper_option_number(o, "l1");
	g->l2 = shopper_option_number(o, "l2");
	g->min_gain = shopper_option_number(o, "min_gain");
	g->category_smoothing = shopper_option_number(o, "category_smoothing");
	g->category_l2 = shopper_option_number(o, "category_l2");
	g->max_category_levels = (int) shopper_option_integer(o, "max_category_levels");
	fit->quantile = shopper_option_number(o, "quantile");
	fit->power = shopper_option_number(o, "tweedie_power");
	fit->learning_rate = shopper_option_number(o, "learning_rate");
	fit->row_share = shopper_option_number(o, "rows");
	fit->column_share = shopper_option_number(o, "columns");
	SHOPPER_TRY(read_monotone(fit));
	g->monotone = fit->monotone;
	if (shopper_option_integer(o, "early_stopping") > 0 && fit->t->n == fit->t->n_train)
	{
		shopper_fail(fit->env, SHOPPER_BAD_OPTION, "option \"early_stopping\" needs held-out rows");
		shopper_hint(fit->env, "Set \"validation\" to a fraction such as 0.1.");
		return SHOPPER_BAD_OPTION;
	}
	return SHOPPER_OK;
}

/* ---- training ---- */

static ShopperStatus
make_state(ShopperEnv *env, ShopperModel *model, const ShopperTable *t, ShopperBoost **boost)
{
	SHOPPER_NEW0(env, *boost, 1);
	SHOPPER_TRY(read_loss(env, model, &(*boost)->loss));
	(*boost)->outputs = (*boost)->loss == SHOPPER_BOOST_SOFTMAX ? t->n_classes : 1;
	SHOPPER_NEW0(env, (*boost)->base, (*boost)->outputs);
	return shopper_ensemble_make(env, t->n_dense, t->n_lookup, t->size, (*boost)->outputs, 1, &(*boost)->trees.ensemble);
}

/* Go on from an earlier model: take over where it begins and its trees. */
static ShopperStatus
take_previous(ShopperEnv *env, const ShopperModel *model, ShopperBoost *boost, const ShopperModel *previous)
{
	const ShopperBoost *old = previous->state;

	SHOPPER_TRY(shopper_check_classes(env, model->spec, previous->spec));
	if (old->outputs != boost->outputs || shopper_boost_log_link(old->loss) != shopper_boost_log_link(boost->loss))
	{
		shopper_fail(env, SHOPPER_BAD_OPTION, "previous model has another kind of score");
		shopper_hint(env, "Amounts with loss poisson, tweedie or gamma are boosted as logarithms, others as they are.");
		return SHOPPER_BAD_OPTION;
	}
	memcpy(boost->base, old->base, (size_t) boost->outputs * sizeof(double));
	boost->rounds = old->rounds;
	return shopper_take_trees(env, model->spec, boost->trees.ensemble, previous->spec, old->trees.ensemble);
}

static ShopperStatus
train(ShopperEnv *env, ShopperModel *model, ShopperTable *t, const ShopperModel *previous)
{
	ShopperBoostFit fit = {.env = env,.model = model,.t = t};
	ShopperGrowOptions grow;

	SHOPPER_TRY(make_state(env, model, t, &fit.boost));
	model->state = fit.boost;
	SHOPPER_TRY(read_grow(&fit, &grow));
	SHOPPER_TRY(shopper_boost_check_target(env, t, fit.boost->loss));
	if (previous != NULL)
		SHOPPER_TRY(take_previous(env, model, fit.boost, previous));
	else
		SHOPPER_TRY(shopper_boost_base(&fit, fit.boost->base));
	SHOPPER_TRY(shopper_bins_make(env, t, (int) shopper_option_integer(&model->options, "max_bins"), &fit.bins));
	SHOPPER_TRY(shopper_grower_make(env, &fit.bins, t->n_train, &grow, SHOPPER_BOOST_HISTOGRAM_BYTES, &fit.grower));
	SHOPPER_TRY(shopper_boost_fit(&fit, previous));
	shopper_release(env, fit.slope);	/* measuring needs room, too */
	shopper_grower_release(&fit.grower);
	shopper_bins_release(env, &fit.bins);
	return shopper_option_boolean(&model->options, "importance") ? shopper_add_gain_importance(env, model, fit.boost->trees.ensemble) : SHOPPER_OK;
}

/* ---- scoring ---- */

/* Scores in out (outputs) become probabilities or a number. */
static void
link_row(const ShopperBoost *boost, double *out)
{
	double		most,
				sum = 0;

	if (shopper_boost_log_link(boost->loss))
		out[0] = exp(out[0] > 700 ? 700 : out[0]);
	else if (boost->loss == SHOPPER_BOOST_LOG_LOSS)
	{
		double		z = out[0];

		out[1] = 1 / (1 + exp(-z));
		out[0] = 1 / (1 + exp(z));
	}
	else if (boost->loss == SHOPPER_BOOST_SOFTMAX)
	{
		most = out[0];
		for (int c = 1; c < boost->outputs; c++)
			most = out[c] > most ? out[c] : most;
		for (int c = 0; c < boost->outputs; c++)
			sum += out[c] = exp(out[c] - most);
		for (int c = 0; c < boost->outputs; c++)
			out[c] /= sum;
	}
}

static void
predict(const ShopperModel *model, const double *dense, const int32_t *lookup, double *out)
{
	const ShopperBoost *boost = model->state;

	shopper_ensemble_sum(boost->trees.ensemble, dense, lookup, out);
	for (int c = 0; c < boost->outputs; c++)
		out[c] += boost->base[c];
	link_row(boost, out);
}

static void
predict_block(const ShopperModel *model, const ShopperTable *t, int64_t from, int64_t to, double *out)
{
	const ShopperBoost *boost = model->state;
	bool		two = boost->loss == SHOPPER_BOOST_LOG_LOSS;

	shopper_ensemble_sum_block(boost->trees.ensemble, t, from, to, out);
	for (int64_t i = 0; i < to - from; i++)
		for (int c = 0; c < boost->outputs; c++)
			out[i * boost->outputs + c] += boost->base[c];
	if (two)					/* one score a row becomes two probabilities: from the end, in place */
		for (int64_t i = to - from - 1; i >= 0; i--)
			out[2 * i] = out[i];
	for (int64_t i = 0; i < to - from; i++)
		link_row(boost, out + i * (two ? 2 : boost->outputs));
}

static bool
predict_fitted(const ShopperModel *model, int64_t from, int64_t to, double *out)
{
	const ShopperBoost *boost = model->state;
	int			wide = boost->loss == SHOPPER_BOOST_LOG_LOSS ? 2 : boost->outputs;

	if (boost->fitted == NULL)
		return false;
	for (int64_t i = from; i < to; i++)
	{
		double	   *row = out + (i - from) * wide;

		for (int c = 0; c < boost->outputs; c++)
			row[c] = boost->fitted[c][i];
		link_row(boost, row);
	}
	return true;
}

static ShopperStatus
explain(ShopperEnv *env, const ShopperModel *model, const double *dense, const int32_t *lookup, int output,
		double *base, double *contribution)
{
	const ShopperBoost *boost = model->state;
	bool		negate = boost->loss == SHOPPER_BOOST_LOG_LOSS && output == 0;
	int			raw = boost->loss == SHOPPER_BOOST_SOFTMAX ? output : 0;

	SHOPPER_TRY(shopper_ensemble_shap(env, boost->trees.ensemble, dense, lookup, raw, base, contribution));
	*base += boost->base[raw];
	if (!negate)
		return SHOPPER_OK;
	*base = -*base;
	for (int j = 0; j < model->spec->n_numbers + model->spec->n_categories; j++)
		contribution[j] = -contribution[j];
	return SHOPPER_OK;
}

static const char *
explain_unit(const ShopperModel *model)
{
	const ShopperBoost *boost = model->state;

	return boost->loss <= SHOPPER_BOOST_SOFTMAX ? "log_odds" : shopper_boost_log_link(boost->loss) ? "log_amount" : "amount";
}

/* ---- bytes ---- */

static void
encode(const ShopperModel *model, ShopperWriter *w)
{
	const ShopperBoost *boost = model->state;

	shopper_put_u8(w, (uint8_t) boost->loss);
	shopper_put_varint(w, (uint64_t) boost->rounds);
	shopper_put_varint(w, (uint64_t) boost->best_round);
	shopper_put_varint(w, (uint64_t) boost->outputs);
	shopper_put_f64s(w, boost->base, boost->outputs);
	shopper_ensemble_encode(boost->trees.ensemble, w);
}

static bool
fits_target(const ShopperModel *model, const ShopperBoost *boost)
{
	if (model->task == SHOPPER_REGRESS)
		return boost->loss >= SHOPPER_BOOST_SQUARED && boost->outputs == 1;
	if (model->spec->classes.n == 2)
		return boost->loss == SHOPPER_BOOST_LOG_LOSS && boost->outputs == 1;
	return boost->loss == SHOPPER_BOOST_SOFTMAX && boost->outputs == model->spec->classes.n;
}

static ShopperStatus
decode(ShopperModel *model, ShopperReader *r)
{
	ShopperEnv *env = r->env;
	ShopperBoost *boost;
	uint8_t		loss = shopper_get_u8(r);
	uint64_t	rounds = shopper_get_varint(r),
				best = shopper_get_varint(r);
	int64_t		outputs = shopper_get_count(r, sizeof(double));

	SHOPPER_NEW0(env, boost, 1);
	boost->loss = (ShopperBoostLoss) loss;
	boost->outputs = (int) outputs;
	boost->rounds = (int64_t) rounds;
	boost->best_round = (int64_t) best;
	if (r->failed || loss >= SHOPPER_BOOST_LOSSES || outputs > INT32_MAX || boost->rounds < 0 || boost->best_round < 0 ||
		!fits_target(model, boost))
		return shopper_bad_bytes(env, "boosted trees do not fit their target");
	SHOPPER_NEW(env, boost->base, outputs);
	shopper_get_f64s(r, boost->base, outputs);
	for (int64_t c = 0; c < outputs; c++)
		if (!isfinite(boost->base[c]))
			return shopper_bad_bytes(env, "boosted trees begin at no number");
	model->state = boost;
	return shopper_ensemble_decode(env, r, model->spec, boost->outputs, &boost->trees.ensemble);
}

static void
describe(const ShopperModel *model, void (*add) (void *ctx, const char *key, double value), void *ctx)
{
	const ShopperBoost *boost = model->state;

	add(ctx, "trees", (double) shopper_ensemble_trees(boost->trees.ensemble));
	add(ctx, "leaves", (double) shopper_ensemble_leaves(boost->trees.ensemble));
	add(ctx, "rounds", (double) boost->rounds);
	if (boost->best_round > 0)
		add(ctx, "best_round", (double) boost->best_round);
}

const ShopperLearner shopper_learner_boosting = {
	.number = 6,
	.name = "boosting",
	.help = "gradient boosted trees",
	.shape = SHOPPER_ROWS,
	.tasks = SHOPPER_CLASSIFY | SHOPPER_REGRESS,
	.wide = false,
	.input = SHOPPER_RAW,
	.options = options,
	.train_rows = train,
	.predict = predict,
	.predict_block = predict_block,
	.predict_fitted = predict_fitted,
	.explain = explain,
	.explain_unit = explain_unit,
	.encode = encode,
	.decode = decode,
	.describe = describe
};
