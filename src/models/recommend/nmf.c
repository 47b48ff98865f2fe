/*
 * nmf.c: the learner nmf, factors that are never negative (Lee and Seung 1999), by
 * coordinate descent (Cichocki and Phan 2009, "Fast local algorithms for large scale
 * nonnegative matrix and tensor factorizations"). Of events it minimizes over all cells,
 * those without an event being 0,
 *
 *     1/2 |X - W H'|^2 + lambda/2 (|W|^2 + |H|^2),      W, H >= 0
 *
 * of ratings the same over the known ones only. In each iteration every row of W takes one
 * pass over its coordinates, each set to its best value with the others fixed, then every
 * row of H. In the end users are solved to the end: their rows are what folding in the same
 * items gives. The fits are in nmf_events.c and nmf_ratings.c.
 */
#include <math.h>
#include <string.h>

#include "neighbours.h"
#include "nmf.h"

#define AUTO_LAMBDA 0.1
#define AUTO_LAMBDA_RATINGS 0.03

/*
 * Starting values as scikit-learn's: |normal| sqrt(mean / factors), so that products are of the size of
 * the cells. The mean is over the cells that count.
 */
static void
start_factors(ShopperFactors *f, const ShopperFactors *previous, uint64_t seed, double mean)
{
	shopper_factors_start(f, previous, seed, sqrt(mean / f->factors));
	for (int64_t i = 0; i < f->events.user.n * f->stride; i++)
		f->user_factor[i] = fabsf(f->user_factor[i]);
	for (int64_t i = 0; i < f->events.item.n * f->stride; i++)
		f->item_factor[i] = fabsf(f->item_factor[i]);
}

/* The mean of the cells that count. */
static ShopperStatus
mean_cell(ShopperEnv *env, const ShopperFactors *f, const ShopperLines *lines, double *mean)
{
	double		n = (double) lines->start[lines->rows];

	*mean = 0;
	for (int64_t i = 0; i < lines->start[lines->rows]; i++)
	{
		double		value = lines->line[i].value;

		if (value < 0)
		{
			shopper_fail(env, SHOPPER_BAD_DATA, "nmf needs ratings of 0 and more, got %g", value);
			shopper_hint(env, "Add a constant to the ratings, or use svd() or als().");
			return env->status;
		}
		*mean += value;
	}
	*mean /= f->implicit ? (double) f->events.user.n * (double) f->events.item.n : n;
	return SHOPPER_OK;
}

/* On the scale of the largest singular value, as shopper_auto_lambda(); ml-100k is best near it. */
static double
auto_lambda(const ShopperFactors *f, const ShopperLines *lines)
{
	double		sum = 0;

	for (int64_t i = 0; i < lines->start[lines->rows]; i++)
		sum += lines->line[i].value;
	return (f->implicit ? AUTO_LAMBDA : AUTO_LAMBDA_RATINGS) * sum / sqrt((double) f->events.user.n * (double) f->events.item.n);
}

/* What answers for ratings where user or item is unknown. */
static ShopperStatus
take_means(ShopperEnv *env, ShopperFactors *f, const ShopperLines *lines)
{
	ShopperBiases biases;

	SHOPPER_TRY(shopper_biases_fit(env, lines, f->events.item.n, SHOPPER_BIAS_DAMPING, &biases));
	f->mu = biases.mu;
	f->lowest = biases.lowest;
	f->highest = biases.highest;
	memcpy(f->user_bias, biases.user, (size_t) f->events.user.n * sizeof(float));
	memcpy(f->item_bias, biases.item, (size_t) f->events.item.n * sizeof(float));
	shopper_release(env, biases.user);
	shopper_release(env, biases.item);
	return SHOPPER_OK;
}

static ShopperStatus
nmf_train(ShopperEnv *env, ShopperModel *model, ShopperPairs *pairs, const ShopperModel *previous)
{
	const ShopperOptions *o = &model->options;
	const ShopperFactors *old = previous != NULL ? previous->state : NULL;
	ShopperLines lines;
	ShopperFactors *f;
	double		mean;

	SHOPPER_NEW0(env, f, 1);
	model->state = f;
	f->form = SHOPPER_NONNEGATIVE;
	f->factors = (int) shopper_option_integer(o, "factors");
	if (old != NULL && (old->form != f->form || old->factors != f->factors || old->implicit != shopper_is_implicit(model, pairs)))
	{
		shopper_fail(env, SHOPPER_BAD_OPTION, "the previous model is %s of %d factors and learns from %s", previous->learner->name,
					 old->factors, old->implicit ? "events" : "ratings");
		shopper_hint(env, "Continue with the same learner, number of factors and kind of lines.");
		return env->status;
	}
	SHOPPER_TRY(shopper_events_start(env, model, pairs, true, &f->events, &lines, &f->implicit));
	if (f->implicit)
		shopper_events_drop_ones(env, &f->events);
	f->raw = !f->implicit;
	SHOPPER_TRY(shopper_factors_alloc(env, f));
	SHOPPER_TRY(mean_cell(env, f, &lines, &mean));
	f->lambda = shopper_option_set(o, "lambda") ? shopper_option_number(o, "lambda") : auto_lambda(f, &lines);
	start_factors(f, old, env->seed, mean);
	if (!f->implicit)
		SHOPPER_TRY(take_means(env, f, &lines));
	SHOPPER_TRY((f->implicit ? shopper_nmf_fit_events : shopper_nmf_fit_ratings) (env, model, f, &lines, shopper_option_integer(o, "iterations")));
	f->epochs = f->best_epoch = shopper_option_integer(o, "iterations");
	model->n_train = lines.start[lines.rows];
	SHOPPER_TRY(shopper_add_metric(env, model, "train", "loss", f->loss));
	shopper_release(env, lines.start);
	shopper_release(env, lines.line);
	return SHOPPER_OK;
}

static const ShopperOption nmf_options[] = {
	{"factors", SHOPPER_INTEGER, "16", 1, SHOPPER_MAX_FACTORS, false, NULL, "length of the vectors of users and items"},
	{"iterations", SHOPPER_INTEGER, "50", 1, 100000, false, NULL, "passes over all users and all items"},
	{"lambda", SHOPPER_NUMBER, NULL, 0, 1e12, false, NULL, "penalty on the factors; not set: 0.1 (of ratings 0.03) times the mean weight sqrt(events per user x events per item)"},
	{"implicit", SHOPPER_BOOLEAN, NULL, 0, 0, false, NULL, "learn from events instead of ratings (the third column is then a weight); not set: when there is no rating"},
	{NULL}
};

const ShopperLearner shopper_learner_nmf = {
	.number = 20,
	.name = "nmf",
	.help = "factors that are never negative, of events (all cells) or ratings (the known ones)",
	.shape = SHOPPER_RATINGS,
	.tasks = SHOPPER_RECOMMEND,
	.options = nmf_options,
	.train_ratings = nmf_train,
	.encode = shopper_factor_encode,
	.decode = shopper_factor_decode,
	.describe = shopper_factor_describe,
	.recommender = &shopper_factor_recommender,
};
