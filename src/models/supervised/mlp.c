/*
 * mlp.c: the multi-layer perceptron, any number of hidden layers over numbers and
 * category levels; one logit for two classes, softmax for more, a standardized
 * number for regressions. Conventions (losses, L2, Adam, first weights, patience)
 * are those of scikit-learn's MLPClassifier and MLPRegressor, but early stopping
 * watches the loss by default: accuracy moves in steps, and on online_shoppers (10
 * seeds) it stopped some runs far too soon (least AUC 0.897, with the loss 0.930).
 *
 * The net itself is net.c, its training net_fit.c.
 */
#include "net.h"

#include <string.h>

static const ShopperOption mlp_options[] = {
	{"hidden", SHOPPER_INTEGERS, "{64,64}", 1, SHOPPER_NET_MAX_WIDTH, false, NULL, "units of each hidden layer; {} for none"},
	{"activation", SHOPPER_CHOICE, "relu", 0, 0, false, "relu,tanh,sigmoid", "function of the hidden units"},
	{"optimizer", SHOPPER_CHOICE, "adam", 0, 0, false, "adam,sgd", "how weights follow the gradient"},
	{"learning_rate", SHOPPER_NUMBER, "0.001", 0, 1000, true, NULL, "size of a step"},
	{"batch_size", SHOPPER_INTEGER, "200", 1, 1e9, false, NULL, "rows of a step; with more than there are, all rows"},
	{"epochs", SHOPPER_INTEGER, "50", 1, 1e6, false, NULL, "passes over the training rows, at most"},
	{"l2", SHOPPER_NUMBER, "0.0001", 0, 1e6, false, NULL, "penalty: l2 / 2 times the sum of squared weights, divided by the rows of a step"},
	{"dropout", SHOPPER_NUMBER, "0", 0, 0.95, false, NULL, "share of hidden units left out at random in each step"},
	{"beta1", SHOPPER_NUMBER, "0.9", 0, 0.9999, false, NULL, "adam: memory of the mean gradient"},
	{"beta2", SHOPPER_NUMBER, "0.999", 0, 0.999999, false, NULL, "adam: memory of the squared gradient"},
	{"epsilon", SHOPPER_NUMBER, "1e-8", 1e-12, 1, false, NULL, "adam: added to the root of the squared gradient"},
	{"momentum", SHOPPER_NUMBER, "0", 0, 0.9999, false, NULL, "sgd: share of the last step that is repeated"},
	{"nesterov", SHOPPER_BOOLEAN, "false", 0, 0, false, NULL, "sgd: look ahead along the momentum"},
	{"schedule", SHOPPER_CHOICE, "constant", 0, 0, false, "constant,inverse,cosine,step", "how the learning rate falls from epoch to epoch"},
	{"decay", SHOPPER_NUMBER, "0.1", 0, 1000, true, NULL, "inverse: rate / (1 + decay * epoch); step: rate * decay every step_epochs"},
	{"step_epochs", SHOPPER_INTEGER, "10", 1, 1e6, false, NULL, "schedule step: epochs between two falls"},
	{"shuffle", SHOPPER_BOOLEAN, "true", 0, 0, false, NULL, "new random order of the rows in each epoch"},
	{"init", SHOPPER_CHOICE, "glorot", 0, 0, false, "glorot,he", "first weights: uniform by inputs and outputs, or by inputs alone"},
	{"early_stopping", SHOPPER_BOOLEAN, "false", 0, 0, false, NULL, "stop when the held-out rows no longer improve and keep the best weights; needs validation"},
	{"stopping_metric", SHOPPER_CHOICE, "loss", 0, 0, false, "loss,accuracy", "what early stopping watches; accuracy is for classes"},
	{"patience", SHOPPER_INTEGER, "10", 1, 1e6, false, NULL, "epochs without improvement before stopping"},
	{"tolerance", SHOPPER_NUMBER, "0.0001", 0, 1000, false, NULL, "least improvement that counts"},
	{NULL}
};

static ShopperActivation
activation_of(const ShopperOptions *options)
{
	return shopper_option_is(options, "activation", "relu") ? SHOPPER_RELU :
		shopper_option_is(options, "activation", "tanh") ? SHOPPER_TANH : SHOPPER_SIGMOID;
}

static ShopperSchedule
schedule_of(const ShopperOptions *options)
{
	return shopper_option_is(options, "schedule", "inverse") ? SHOPPER_RATE_INVERSE :
		shopper_option_is(options, "schedule", "cosine") ? SHOPPER_RATE_COSINE :
		shopper_option_is(options, "schedule", "step") ? SHOPPER_RATE_STEP : SHOPPER_RATE_CONSTANT;
}

static ShopperStatus
read_fit(ShopperEnv *env, const ShopperModel *model, const ShopperTable *table, ShopperNetFit *fit)
{
	const ShopperOptions *o = &model->options;

	fit->adam = shopper_option_is(o, "optimizer", "adam");
	fit->learning_rate = shopper_option_number(o, "learning_rate");
	fit->momentum = shopper_option_number(o, "momentum");
	fit->nesterov = shopper_option_boolean(o, "nesterov");
	fit->beta1 = shopper_option_number(o, "beta1");
	fit->beta2 = shopper_option_number(o, "beta2");
	fit->epsilon = shopper_option_number(o, "epsilon");
	fit->l2 = shopper_option_number(o, "l2");
	fit->dropout = shopper_option_number(o, "dropout");
	fit->batch_size = shopper_option_integer(o, "batch_size");
	if (fit->batch_size > table->n_train)
		fit->batch_size = table->n_train;
	fit->epochs = shopper_option_integer(o, "epochs");
	fit->schedule = schedule_of(o);
	fit->decay = shopper_option_number(o, "decay");
	fit->step_epochs = shopper_option_integer(o, "step_epochs");
	fit->shuffle = shopper_option_boolean(o, "shuffle");
	fit->early_stopping = shopper_option_boolean(o, "early_stopping");
	fit->on_accuracy = shopper_option_is(o, "stopping_metric", "accuracy");
	fit->patience = shopper_option_integer(o, "patience");
	fit->tolerance = shopper_option_number(o, "tolerance");

	if (fit->early_stopping && table->n == table->n_train)
	{
		shopper_fail(env, SHOPPER_BAD_OPTION, "option \"early_stopping\" needs held-out rows");
		shopper_hint(env, "Set \"validation\" to a fraction such as 0.1.");
		return SHOPPER_BAD_OPTION;
	}
	if (fit->on_accuracy && model->task != SHOPPER_CLASSIFY)
		return shopper_fail(env, SHOPPER_BAD_OPTION, "option \"stopping_metric\" must be loss for a number target, got \"accuracy\"");
	if (fit->schedule == SHOPPER_RATE_STEP && fit->decay > 1)
		return shopper_fail(env, SHOPPER_BAD_OPTION, "option \"decay\" must be at most 1 with schedule step, got %g", fit->decay);
	return SHOPPER_OK;
}

static ShopperStatus
make_net(ShopperEnv *env, const ShopperModel *model, const ShopperTable *table, ShopperNet **net)
{
	const ShopperOptionValue *hidden = shopper_option(&model->options, "hidden");
	bool		classify = model->task == SHOPPER_CLASSIFY;
	ShopperNetShape shape = {
		.n_dense = table->n_dense,
		.n_lookup = table->n_lookup,
		.size = table->size,
		.n_hidden = hidden->n,
		.hidden = hidden->integers,
		.outputs = classify && table->n_classes > 2 ? table->n_classes : 1,
		.activation = activation_of(&model->options),
		.head = !classify ? SHOPPER_HEAD_NUMBER : table->n_classes > 2 ? SHOPPER_HEAD_CLASSES : SHOPPER_HEAD_BINARY
	};

	SHOPPER_TRY(shopper_net_make(env, &shape, net));
	if (!classify && model->spec != NULL)
	{
		(*net)->target_mean = model->spec->target_mean;
		(*net)->target_scale = model->spec->target_scale;
	}
	return SHOPPER_OK;
}

static ShopperStatus
mlp_train(ShopperEnv *env, ShopperModel *model, ShopperTable *table, const ShopperModel *previous)
{
	ShopperNetFit fit;
	ShopperNet *net;

	if (table->n_train < 1)
		return shopper_fail(env, SHOPPER_BAD_DATA, "there are no rows to train on");
	if (model->task == SHOPPER_CLASSIFY && table->n_classes < 2)
		return shopper_fail(env, SHOPPER_BAD_DATA, "training set has only one class");
	SHOPPER_TRY(read_fit(env, model, table, &fit));
	SHOPPER_TRY(make_net(env, model, table, &net));
	shopper_net_init(net, env->seed, shopper_option_is(&model->options, "init", "he"));
	if (previous != NULL)
		SHOPPER_TRY(shopper_net_continue(env, net, model->spec, previous));
	model->state = net;
	return shopper_net_fit(env, model, net, table, &fit);
}

static void
mlp_predict(const ShopperModel *model, const double *dense, const int32_t *lookup, double *out)
{
	shopper_net_predict(model->state, dense, lookup, out);
}

static void
mlp_predict_block(const ShopperModel *model, const ShopperTable *table, int64_t from, int64_t to, double *out)
{
	shopper_net_predict_block(model->state, table, from, to, out);
}

static void
mlp_encode(const ShopperModel *model, ShopperWriter *w)
{
	shopper_net_encode(model->state, w);
}

/* The net must read exactly the columns of the spec and answer its target. */
static bool
fits_spec(const ShopperNet *net, const ShopperModel *model)
{
	const ShopperSpec *spec = model->spec;

	if (net->n_dense != spec->n_dense || net->n_lookup != spec->n_categories)
		return false;
	for (int k = 0; k < net->n_lookup; k++)
		if (net->size[k] != spec->category[k].size)
			return false;
	if (model->task == SHOPPER_REGRESS)
		return net->head == SHOPPER_HEAD_NUMBER;
	return net->head != SHOPPER_HEAD_NUMBER && spec->classes.n == (net->head == SHOPPER_HEAD_BINARY ? 2 : net->outputs);
}

static ShopperStatus
mlp_decode(ShopperModel *model, ShopperReader *r)
{
	ShopperNet *net;

	SHOPPER_TRY(shopper_net_decode(r->env, r, &net));
	if (model->spec != NULL && !fits_spec(net, model))
		return shopper_bad_bytes(r->env, "net for these columns");
	model->state = net;
	return SHOPPER_OK;
}

/*
 * The mean of the weights, each by its training rows: federated averaging (McMahan et
 * al. 2017). The other net is rescaled to our means, scales and levels first; levels
 * that only it knows are lost.
 */
static ShopperStatus
mlp_merge(ShopperEnv *env, ShopperModel *into, const ShopperModel *other)
{
	ShopperNet *net = into->state,
				moved = *net;
	double		share = (double) other->n_train / ((double) into->n_train + (double) other->n_train);

	if (!(share >= 0 && share <= 1))
		return shopper_bad_bytes(env, "its number of rows is wrong");
	SHOPPER_NEW0(env, moved.param, net->n_params);
	SHOPPER_TRY(shopper_net_continue(env, &moved, into->spec, other));
	for (int64_t i = 0; i < net->n_params; i++)
	{
		net->param[i] = (float) ((1 - share) * (double) net->param[i] + share * (double) moved.param[i]);
		if (net->param[i] - net->param[i] != 0)
			return shopper_fail(env, SHOPPER_BAD_DATA, "the scales of the models are too different to merge them");
	}
	shopper_release(env, moved.param);
	return SHOPPER_OK;
}

static void
mlp_describe(const ShopperModel *model, void (*add) (void *ctx, const char *key, double value), void *ctx)
{
	const ShopperNet *net = model->state;

	add(ctx, "hidden_layers", net->n_layers - 1);
	add(ctx, "parameters", (double) shopper_net_count(net));
	add(ctx, "epochs", (double) net->epochs);
	add(ctx, "train_loss", net->loss);
}

const ShopperLearner shopper_learner_mlp = {
	.number = 3,
	.name = "mlp",
	.help = "multi-layer perceptron (neural net)",
	.shape = SHOPPER_ROWS,
	.tasks = SHOPPER_CLASSIFY | SHOPPER_REGRESS,
	.wide = false,
	.input = SHOPPER_PREPARED,
	.options = mlp_options,
	.train_rows = mlp_train,
	.predict = mlp_predict,
	.predict_block = mlp_predict_block,
	.merge = mlp_merge,
	.encode = mlp_encode,
	.decode = mlp_decode,
	.describe = mlp_describe
};
