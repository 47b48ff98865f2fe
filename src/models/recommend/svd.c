/*
 * svd.c: the learner `svd`: matrix factorization of (user, item [, rating] [, time]).
 *
 * With ratings: the explicit form (sgd.c), with the latest rating of a user and item
 * when there are times, else their mean. Without, or with implicit => true: the
 * implicit form (als.c); repeated lines add up, the third column is a weight. The
 * model knows the ids of its own lines; a previous model gives starting values for
 * ids that it shares.
 */
#include "factors.h"

#include <math.h>

#define AUTO_LAMBDA 0.1			/* ml-100k: NDCG@10 is within 0.01 of its best from 0.06 to 0.12 */

static const ShopperOption svd_options[] = {
	{"factors", SHOPPER_INTEGER, "32", 1, SHOPPER_MAX_FACTORS, false, NULL, "length of the vectors of users and items"},
	{"epochs", SHOPPER_INTEGER, "20", 1, 100000, false, NULL, "passes over the ratings; implicit: steps of items and users"},
	{"implicit", SHOPPER_BOOLEAN, NULL, 0, 0, false, NULL, "learn from events instead of ratings (the third column is then a weight); not set: when there is no rating"},
	{"learning_rate", SHOPPER_NUMBER, "0.02", 0, 10, true, NULL, "step of the explicit form"},
	{"learning_rate_decay", SHOPPER_NUMBER, "1", 0, 1, true, NULL, "factor on learning_rate after each epoch"},
	{"regularization", SHOPPER_NUMBER, "0.08", 0, 1000, false, NULL, "penalty on the factors of the explicit form, for each rating"},
	{"bias_regularization", SHOPPER_NUMBER, NULL, 0, 1000, false, NULL, "penalty on the biases; not set: regularization"},
	{"biased", SHOPPER_BOOLEAN, "true", 0, 0, false, NULL, "explicit: learn a mean and a bias for each user and item"},
	{"init_sd", SHOPPER_NUMBER, "0.03", 0, 10, true, NULL, "standard deviation of the factors before training"},
	{"shuffle", SHOPPER_BOOLEAN, "true", 0, 0, false, NULL, "explicit: visit users in a new random order in each epoch"},
	{"validation", SHOPPER_NUMBER, "0", 0, 0.9, false, NULL, "explicit: fraction of the ratings held out to stop early"},
	{"patience", SHOPPER_INTEGER, "5", 1, 100000, false, NULL, "epochs without improvement on the held-out ratings before stopping"},
	{"alpha", SHOPPER_NUMBER, "5", 0, 1e6, true, NULL, "implicit: an event of weight w has confidence 1 + alpha w"},
	{"lambda", SHOPPER_NUMBER, NULL, 0, 1e12, true, NULL, "implicit: penalty on the factors; not set: 0.1 (1 + alpha w) sqrt(events per user x events per item)"},
	{"cg_steps", SHOPPER_INTEGER, "3", 0, 1000, false, NULL, "implicit: conjugate gradient steps for each row and epoch; 0: solve each row exactly"},
	{NULL}
};

static void
read_options(const ShopperModel *model, ShopperSgdOptions *o)
{
	const ShopperOptions *options = &model->options;

	o->epochs = shopper_option_integer(options, "epochs");
	o->learning_rate = shopper_option_number(options, "learning_rate");
	o->decay = shopper_option_number(options, "learning_rate_decay");
	o->regularization = shopper_option_number(options, "regularization");
	o->bias_regularization = shopper_option_set(options, "bias_regularization")
		? shopper_option_number(options, "bias_regularization") : o->regularization;
	o->biased = shopper_option_boolean(options, "biased");
	o->shuffle = shopper_option_boolean(options, "shuffle");
	o->validation = shopper_option_number(options, "validation");
	o->patience = shopper_option_integer(options, "patience");
}

static ShopperStatus
check_previous(ShopperEnv *env, const ShopperModel *model, const ShopperModel *previous, bool implicit)
{
	const ShopperFactors *old = previous != NULL ? previous->state : NULL;

	if (old == NULL)
		return SHOPPER_OK;
	if (previous->learner != model->learner)
		return shopper_fail(env, SHOPPER_WRONG_MODEL, "expected a previous svd model, got a %s model", previous->learner->name);
	if (old->implicit != implicit)
		return shopper_fail(env, SHOPPER_WRONG_MODEL, "the previous model is %s, this training is %s",
							old->implicit ? "implicit" : "explicit", implicit ? "implicit" : "explicit");
	if (old->factors != shopper_option_integer(&model->options, "factors"))
		return shopper_fail(env, SHOPPER_BAD_OPTION, "option \"factors\" must be %d like in the previous model, got %lld",
							old->factors, (long long) shopper_option_integer(&model->options, "factors"));
	return SHOPPER_OK;
}

/*
 * A penalty on the scale of the data. The largest singular values of the matrix of
 * confidences are near c sqrt(events per user x events per item); a penalty above the
 * largest leaves only zeros, one far below the others none at all.
 */
double
shopper_auto_lambda(const ShopperFactors *f, const ShopperLines *lines)
{
	double		n = (double) lines->start[lines->rows],
				weight = 0;

	for (int64_t i = 0; i < lines->start[lines->rows]; i++)
		weight += lines->line[i].value;
	return AUTO_LAMBDA * (1 + f->alpha * weight / n) * n / sqrt((double) f->events.user.n * (double) f->events.item.n);
}

static ShopperStatus
svd_train(ShopperEnv *env, ShopperModel *model, ShopperPairs *pairs, const ShopperModel *previous)
{
	ShopperSgdOptions options;
	ShopperLines lines;
	ShopperFactors *f;
	bool		implicit;

	read_options(model, &options);
	SHOPPER_NEW0(env, f, 1);
	model->state = f;
	SHOPPER_TRY(check_previous(env, model, previous, shopper_is_implicit(model, pairs)));
	SHOPPER_TRY(shopper_events_start(env, model, pairs, true, &f->events, &lines, &implicit));
	if (implicit)
		shopper_events_drop_ones(env, &f->events);
	f->implicit = implicit;
	f->factors = (int) shopper_option_integer(&model->options, "factors");
	SHOPPER_TRY(shopper_factors_alloc(env, f));
	shopper_factors_start(f, previous != NULL ? previous->state : NULL, env->seed,
						  shopper_option_number(&model->options, "init_sd"));
	if (!implicit)
	{
		f->biased = options.biased;
		f->regularization = options.regularization;
		f->bias_regularization = options.bias_regularization;
		SHOPPER_TRY(shopper_sgd_fit(env, model, f, &lines, &options));
	}
	else
	{
		f->alpha = shopper_option_number(&model->options, "alpha");
		f->lambda = shopper_option_set(&model->options, "lambda")
			? shopper_option_number(&model->options, "lambda") : shopper_auto_lambda(f, &lines);
		if (!(f->lambda > 0 && f->lambda < 1e30))
			return shopper_fail(env, SHOPPER_BAD_DATA, "weights are too large");
		SHOPPER_TRY(shopper_als_fit(env, model, f, &lines, options.epochs,
									(int) shopper_option_integer(&model->options, "cg_steps")));
	}
	shopper_release(env, lines.start);
	shopper_release(env, lines.line);
	return SHOPPER_OK;
}

void
shopper_factor_encode(const ShopperModel *model, ShopperWriter *w)
{
	shopper_factors_encode(model->state, w);
}

ShopperStatus
shopper_factor_decode(ShopperModel *model, ShopperReader *r)
{
	ShopperFactors *f;

	SHOPPER_NEW(r->env, f, 1);
	model->state = f;
	return shopper_factors_decode(f, r);
}

void
shopper_factor_describe(const ShopperModel *model, void (*add) (void *ctx, const char *key, double value), void *ctx)
{
	const ShopperFactors *f = model->state;

	add(ctx, "users", (double) f->events.user.n);
	add(ctx, "items", (double) f->events.item.n);
	add(ctx, f->implicit ? "events" : "ratings", (double) f->events.seen_start[f->events.user.n]);
	add(ctx, "factors", f->factors);
	add(ctx, "implicit", f->implicit);
	add(ctx, "epochs", (double) f->epochs);
	add(ctx, "best_epoch", (double) f->best_epoch);
	add(ctx, "loss", f->loss);
	if (f->implicit)
	{
		add(ctx, "alpha", f->alpha);
		add(ctx, "lambda", f->lambda);
		return;
	}
	add(ctx, "mean", f->mu);
	add(ctx, "lowest", f->lowest);
	add(ctx, "highest", f->highest);
}

const ShopperLearner shopper_learner_svd = {
	.number = 5,
	.name = "svd",
	.help = "matrix factorization: biased SVD of ratings, or implicit ALS of events",
	.shape = SHOPPER_RATINGS,
	.tasks = SHOPPER_RECOMMEND,
	.options = svd_options,
	.train_ratings = svd_train,
	.encode = shopper_factor_encode,
	.decode = shopper_factor_decode,
	.describe = shopper_factor_describe,
	.recommender = &shopper_factor_recommender,
};
