/*
 * svd.c: the learner `svd`: matrix factorization of (user, item [, rating] [, time]).
 *
 * With ratings: the explicit form (sgd.c), with the latest rating of a user and item
 * when there are times, else their mean. Without, or with implicit => true: the
 * implicit form (als.c); repeated lines add up, the third column is a weight. Two other
 * methods: gradient, plain gradient descent on ratings, and truncated, the singular value
 * decomposition of the matrix of events, where the third column is a weight too. The
 * model knows the ids of its own lines; a previous model gives starting values for
 * ids that it shares.
 */
#include "factors.h"

#include <math.h>

#define AUTO_LAMBDA 0.1			/* ml-100k: NDCG@10 is within 0.01 of its best from 0.06 to 0.12 */

static const ShopperOption svd_options[] = {
	{"method", SHOPPER_CHOICE, NULL, 0, 0, false, "sgd,gradient,truncated", "sgd: stochastic steps on ratings, alternating ones on events; gradient: steps on all ratings at once; truncated: singular value decomposition of the events, missing ones being 0; not set: sgd"},
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
	{"lambda", SHOPPER_NUMBER, NULL, 0, 1e12, true, NULL, "penalty on the factors: implicit: not set, 0.1 (1 + alpha w) sqrt(events per user x events per item); gradient: not set, regularization"},
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
	if (old->form != (shopper_option_is(&model->options, "method", "truncated") ? SHOPPER_PROJECTED : SHOPPER_LEAST_SQUARES))
		return shopper_fail(env, SHOPPER_WRONG_MODEL, "the previous model is %struncated, this training is not", old->form == SHOPPER_PROJECTED ? "" : "not ");
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

/* Events to factors by what the method says; everything but the fit is done. */
static ShopperStatus
fit(ShopperEnv *env, ShopperModel *model, ShopperFactors *f, ShopperLines *lines, const ShopperSgdOptions *options, const ShopperFactors *previous)
{
	const ShopperOptions *o = &model->options;

	if (f->form == SHOPPER_PROJECTED)
		return shopper_truncated_fit(env, model, f, lines, previous);
	if (!f->implicit)
	{
		f->biased = options->biased;
		f->regularization = options->regularization;
		f->bias_regularization = options->bias_regularization;
		if (shopper_option_is(o, "method", "gradient"))
		{
			double		lambda = shopper_option_set(o, "lambda") ? shopper_option_number(o, "lambda") : options->regularization;

			/* folding in has a penalty for each rating */
			f->regularization = f->bias_regularization = lambda * (double) lines->rows / (double) lines->start[lines->rows];
			return shopper_gradient_fit(env, model, f, lines, options->epochs, options->learning_rate, lambda);
		}
		return shopper_sgd_fit(env, model, f, lines, options);
	}
	f->alpha = shopper_option_number(o, "alpha");
	f->lambda = shopper_option_set(o, "lambda") ? shopper_option_number(o, "lambda") : shopper_auto_lambda(f, lines);
	if (!(f->lambda > 0 && f->lambda < 1e30))
		return shopper_fail(env, SHOPPER_BAD_DATA, "weights are too large");
	return shopper_als_fit(env, model, f, lines, options->epochs, (int) shopper_option_integer(o, "cg_steps"));
}

/* truncated is a method of events, gradient one of ratings. */
static ShopperStatus
check_method(ShopperEnv *env, ShopperModel *model, const ShopperPairs *pairs)
{
	ShopperOptionValue *implicit = shopper_option_find(&model->options, "implicit");

	if (shopper_option_is(&model->options, "method", "truncated"))
	{
		if (implicit->set && !implicit->boolean)
		{
			shopper_fail(env, SHOPPER_BAD_OPTION, "option \"method\" is truncated, which learns from events, but \"implicit\" is false");
			shopper_hint(env, "Leave \"implicit\" out: the third column is then a weight. Ratings are learned by method sgd or gradient, or by als().");
			return env->status;
		}
		implicit->set = implicit->boolean = true;
	}
	else if (shopper_option_is(&model->options, "method", "gradient") && shopper_is_implicit(model, pairs))
	{
		shopper_fail(env, SHOPPER_BAD_OPTION, "option \"method\" is gradient, which learns from ratings, but there are none");
		shopper_hint(env, "Give the rating as third column, or use als(), nmf() or method => 'truncated'.");
		return env->status;
	}
	return SHOPPER_OK;
}

static ShopperStatus
svd_train(ShopperEnv *env, ShopperModel *model, ShopperPairs *pairs, const ShopperModel *previous)
{
	ShopperSgdOptions options;
	ShopperLines lines;
	ShopperFactors *f;
	bool		implicit;

	SHOPPER_TRY(check_method(env, model, pairs));
	read_options(model, &options);
	SHOPPER_NEW0(env, f, 1);
	model->state = f;
	f->form = shopper_option_is(&model->options, "method", "truncated") ? SHOPPER_PROJECTED : SHOPPER_LEAST_SQUARES;
	SHOPPER_TRY(check_previous(env, model, previous, shopper_is_implicit(model, pairs)));
	SHOPPER_TRY(shopper_events_start(env, model, pairs, true, &f->events, &lines, &implicit));
	if (implicit)
		shopper_events_drop_ones(env, &f->events);
	f->implicit = implicit;
	f->factors = (int) shopper_option_integer(&model->options, "factors");
	SHOPPER_TRY(shopper_factors_alloc(env, f));
	if (f->form == SHOPPER_LEAST_SQUARES)
		shopper_factors_start(f, previous != NULL ? previous->state : NULL, env->seed,
							  shopper_option_number(&model->options, "init_sd"));
	SHOPPER_TRY(fit(env, model, f, &lines, &options, previous != NULL ? previous->state : NULL));
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
	if (f->form == SHOPPER_NONNEGATIVE)
		add(ctx, "lambda", f->lambda);
	if (f->implicit && f->form != SHOPPER_LEAST_SQUARES)
		return;
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

void
shopper_factor_describe_lists(const ShopperModel *model, void (*add) (void *ctx, const char *key, const double *value, int64_t n), void *ctx)
{
	const ShopperFactors *f = model->state;

	if (f->form == SHOPPER_PROJECTED)
		add(ctx, "singular_values", f->singular, f->factors);
}

const ShopperLearner shopper_learner_svd = {
	.number = 5,
	.name = "svd",
	.help = "matrix factorization: biased SVD of ratings, implicit ALS or truncated SVD of events",
	.shape = SHOPPER_RATINGS,
	.tasks = SHOPPER_RECOMMEND,
	.options = svd_options,
	.train_ratings = svd_train,
	.encode = shopper_factor_encode,
	.decode = shopper_factor_decode,
	.describe = shopper_factor_describe,
	.describe_lists = shopper_factor_describe_lists,
	.recommender = &shopper_factor_recommender,
};
