/*
 * sgd.c: the explicit form, r = mu + b_u + b_i + p_u.q_i, by stochastic gradient
 * descent (Koren, Bell and Volinsky 2009, "Matrix factorization techniques for
 * recommender systems").
 *
 * One thread: 20 million steps take some tenths of a second, and steps of several
 * threads on shared rows would make the result depend on their timing. Lines are
 * visited user by user (the user's row then stays in registers); with `shuffle` the
 * lines of a user are in random order and the users in a new one in each epoch,
 * which on the data at hand learns as well as a full shuffle.
 */
#include "factors.h"

#include <math.h>
#include <string.h>

#include "../../core/hash.h"

#define LONG_VISIT 16384			/* lines: a longer run of one user is cut, so that polls come in time */
#define FLOATS_PER_POLL 4000000	/* lines * stride between polls, some milliseconds */

enum
{
	STREAM_HOLD_OUT = 11,
	STREAM_LINES = 12,
	STREAM_EPOCH = 1000
};

typedef struct Fit
{
	ShopperEnv *env;
	ShopperFactors *f;
	const ShopperSgdOptions *options;
	ShopperLines *train;
	ShopperLines held_out;		/* rows 0 when there is none */
	ShopperSgd	sgd;
	uint32_t   *order;
	ShopperFactors best;		/* its arrays: the best epoch so far */
	double		best_rmse;
} Fit;

/* ---- preparation ---- */

static ShopperStatus
hold_out(Fit *fit)
{
	int64_t		n = fit->train->start[fit->train->rows];
	int64_t		wanted = (int64_t) ((double) n * fit->options->validation);
	uint32_t   *order;
	unsigned char *flag;

	if (wanted == 0)
		return SHOPPER_OK;
	SHOPPER_NEW(fit->env, order, n);
	SHOPPER_NEW0(fit->env, flag, n);
	for (int64_t i = 0; i < n; i++)
		order[i] = (uint32_t) i;
	shopper_shuffle(order, n, fit->env->seed, STREAM_HOLD_OUT);
	for (int64_t i = 0; i < wanted; i++)
		flag[order[i]] = 1;
	SHOPPER_TRY(shopper_lines_split(fit->env, fit->train, flag, &fit->held_out));
	shopper_release(fit->env, order);
	shopper_release(fit->env, flag);
	return SHOPPER_OK;
}

/* The range is that of all lines, the mean that of the training lines. */
static void
range_and_mean(ShopperFactors *f, const ShopperLines *lines, bool first)
{
	int64_t		n = lines->start[lines->rows];
	double		sum = 0;

	for (int64_t i = 0; i < n; i++)
	{
		double		v = lines->line[i].value;

		sum += v;
		if ((first && i == 0) || v < f->lowest)
			f->lowest = v;
		if ((first && i == 0) || v > f->highest)
			f->highest = v;
	}
	if (first)
		f->mu = sum / (double) n;
}

static void
centre(const ShopperFactors *f, ShopperLines *lines)
{
	for (int64_t i = 0; i < lines->start[lines->rows]; i++)
		lines->line[i].value = (float) (lines->line[i].value - f->mu);
}

static void
shuffle_lines(ShopperLine *line, int64_t n, uint64_t seed, uint64_t stream)
{
	for (int64_t i = n - 1; i > 0; i--)
	{
		int64_t		j = (int64_t) shopper_below(shopper_random(seed, stream, (uint64_t) i), (uint64_t) i + 1);
		ShopperLine swap = line[i];

		line[i] = line[j];
		line[j] = swap;
	}
}

static ShopperStatus
plan_visits(Fit *fit)
{
	const ShopperLines *lines = fit->train;
	int64_t		visits = 0;
	ShopperVisit *visit;

	for (int64_t user = 0; user < lines->rows; user++)
		visits += (lines->start[user + 1] - lines->start[user] + LONG_VISIT - 1) / LONG_VISIT;
	SHOPPER_NEW(fit->env, visit, visits);
	SHOPPER_NEW(fit->env, fit->order, visits);
	visits = 0;
	for (int64_t user = 0; user < lines->rows; user++)
	{
		int64_t		end = lines->start[user + 1];

		if ((user & 0xfff) == 0)
			SHOPPER_TRY(shopper_poll(fit->env));
		if (fit->options->shuffle)
			shuffle_lines(lines->line + lines->start[user], end - lines->start[user], fit->env->seed,
						  shopper_hash_add(STREAM_LINES, (uint64_t) user));
		for (int64_t from = lines->start[user]; from < end; from += LONG_VISIT)
		{
			visit[visits] = (ShopperVisit) {user, from, from + LONG_VISIT < end ? from + LONG_VISIT : end};
			fit->order[visits] = (uint32_t) visits;
			visits++;
		}
	}
	fit->sgd = (ShopperSgd) {
		.visit = visit,.order = fit->order,.visits = visits,.line = lines->line,
		.user_bias = fit->f->user_bias,.item_bias = fit->f->item_bias,
		.user_factor = fit->f->user_factor,.item_factor = fit->f->item_factor,
		.stride = fit->f->stride,.biased = fit->options->biased
	};
	return SHOPPER_OK;
}

/* A row that no step touches holds its random start: it would only add noise to scores. */
static ShopperStatus
clear_untouched(Fit *fit)
{
	const ShopperLines *lines = fit->train;
	ShopperFactors *f = fit->f;
	unsigned char *touched;

	SHOPPER_NEW0(fit->env, touched, f->events.item.n);
	for (int64_t i = 0; i < lines->start[lines->rows]; i++)
		touched[lines->line[i].code] = 1;
	for (int64_t item = 0; item < f->events.item.n; item++)
		if (!touched[item])
			memset(f->item_factor + item * f->stride, 0, (size_t) f->stride * sizeof(float));
	for (int64_t user = 0; user < f->events.user.n; user++)
		if (lines->start[user] == lines->start[user + 1])
			memset(f->user_factor + user * f->stride, 0, (size_t) f->stride * sizeof(float));
	shopper_release(fit->env, touched);
	return SHOPPER_OK;
}

/* ---- epochs ---- */

static ShopperStatus
one_epoch(Fit *fit, int64_t epoch, double rate, double *rmse)
{
	const ShopperFactorKernels *kernels = shopper_factor_kernels(-1);
	ShopperSgd *sgd = &fit->sgd;
	double		squared = 0;

	if (fit->options->shuffle)
		shopper_shuffle(fit->order, sgd->visits, fit->env->seed, (uint64_t) (STREAM_EPOCH + epoch));
	sgd->rate = (float) rate;
	sgd->shrink = (float) (1 - rate * fit->options->regularization);
	sgd->bias_shrink = (float) (1 - rate * fit->options->bias_regularization);
	for (int64_t from = 0, to; from < sgd->visits; from = to)
	{
		int64_t		floats = 0;

		for (to = from; to < sgd->visits && floats < FLOATS_PER_POLL; to++)
			floats += (sgd->visit[fit->order[to]].to - sgd->visit[fit->order[to]].from) * sgd->stride;
		SHOPPER_TRY(shopper_poll(fit->env));
		squared += kernels->sgd(sgd, from, to);
	}
	*rmse = sqrt(squared / (double) fit->train->start[fit->train->rows]);
	if (!(*rmse < 1e15))
	{
		shopper_fail(fit->env, SHOPPER_BAD_DATA, "training diverged in epoch %lld", (long long) epoch);
		shopper_hint(fit->env, "Lower \"learning_rate\", or scale the ratings.");
		return SHOPPER_BAD_DATA;
	}
	return SHOPPER_OK;
}

/* Root mean square and mean absolute error of clipped predictions; values are centred. */
static ShopperStatus
measure(Fit *fit, const ShopperLines *lines, double *rmse, double *mae)
{
	const ShopperFactorKernels *kernels = shopper_factor_kernels(-1);
	const ShopperFactors *f = fit->f;
	int64_t		n = lines->start[lines->rows],
				poll = 0;
	double		squared = 0,
				absolute = 0;

	for (int64_t user = 0; user < lines->rows; user++)
	{
		for (int64_t i = lines->start[user]; i < lines->start[user + 1]; i++)
		{
			const ShopperLine *line = &lines->line[i];
			float		dot;
			double		score,
						error;

			kernels->dots(f->user_factor + user * f->stride, f->item_factor + (int64_t) line->code * f->stride, 1,
						  f->stride, &dot);
			score = f->mu + f->user_bias[user] + f->item_bias[line->code] + dot;
			error = line->value + f->mu - shopper_factors_clip(f, score);
			squared += error * error;
			absolute += fabs(error);
		}
		if (lines->start[user + 1] * f->stride >= poll)
		{
			SHOPPER_TRY(shopper_poll(fit->env));
			poll = lines->start[user + 1] * f->stride + FLOATS_PER_POLL;
		}
	}
	*rmse = sqrt(squared / (double) n);
	*mae = absolute / (double) n;
	return SHOPPER_OK;
}

static void
copy_fit(ShopperFactors *to, const ShopperFactors *from)
{
	memcpy(to->user_bias, from->user_bias, (size_t) from->events.user.n * sizeof(float));
	memcpy(to->item_bias, from->item_bias, (size_t) from->events.item.n * sizeof(float));
	memcpy(to->user_factor, from->user_factor, (size_t) (from->events.user.n * from->stride) * sizeof(float));
	memcpy(to->item_factor, from->item_factor, (size_t) (from->events.item.n * from->stride) * sizeof(float));
}

/* Early stopping: *stop when the held-out lines were not predicted better for `patience` epochs. */
static ShopperStatus
validate(Fit *fit, ShopperModel *model, int64_t epoch, bool *stop)
{
	double		rmse,
				mae;

	SHOPPER_TRY(measure(fit, &fit->held_out, &rmse, &mae));
	SHOPPER_TRY(shopper_add_step(fit->env, model, epoch, "validation_rmse", rmse));
	if (epoch == 1 || rmse < fit->best_rmse)
	{
		fit->best_rmse = rmse;
		fit->f->best_epoch = epoch;
		copy_fit(&fit->best, fit->f);
	}
	*stop = epoch - fit->f->best_epoch >= fit->options->patience;
	return SHOPPER_OK;
}

static ShopperStatus
run_epochs(Fit *fit, ShopperModel *model)
{
	double		rate = fit->options->learning_rate;
	bool		stop = false;

	for (int64_t epoch = 1; epoch <= fit->options->epochs && !stop; epoch++)
	{
		double		rmse;

		SHOPPER_TRY(one_epoch(fit, epoch, rate, &rmse));
		SHOPPER_TRY(shopper_add_step(fit->env, model, epoch, "train_rmse", rmse));
		shopper_progress(fit->env, "epoch", epoch, fit->options->epochs, rmse);
		rate *= fit->options->decay;
		fit->f->epochs = epoch;
		if (fit->held_out.rows > 0)
			SHOPPER_TRY(validate(fit, model, epoch, &stop));
		else
			fit->f->best_epoch = epoch;
	}
	if (fit->held_out.rows > 0)
		copy_fit(fit->f, &fit->best);
	return SHOPPER_OK;
}

static ShopperStatus
add_metrics(Fit *fit, ShopperModel *model)
{
	double		rmse,
				mae;

	SHOPPER_TRY(measure(fit, fit->train, &rmse, &mae));
	fit->f->loss = rmse;
	SHOPPER_TRY(shopper_add_metric(fit->env, model, "train", "rmse", rmse));
	SHOPPER_TRY(shopper_add_metric(fit->env, model, "train", "mae", mae));
	if (fit->held_out.rows == 0)
		return SHOPPER_OK;
	SHOPPER_TRY(measure(fit, &fit->held_out, &rmse, &mae));
	SHOPPER_TRY(shopper_add_metric(fit->env, model, "validation", "rmse", rmse));
	return shopper_add_metric(fit->env, model, "validation", "mae", mae);
}

ShopperStatus
shopper_sgd_fit(ShopperEnv *env, ShopperModel *model, ShopperFactors *f, ShopperLines *lines,
				const ShopperSgdOptions *options)
{
	Fit			fit = {.env = env,.f = f,.options = options,.train = lines};

	SHOPPER_TRY(hold_out(&fit));
	range_and_mean(f, lines, true);
	if (fit.held_out.rows > 0)
	{
		range_and_mean(f, &fit.held_out, false);
		fit.best.factors = f->factors;
		fit.best.events.user.n = f->events.user.n;
		fit.best.events.item.n = f->events.item.n;
		SHOPPER_TRY(shopper_factors_alloc(env, &fit.best));
	}
	if (!options->biased)
	{
		f->mu = 0;
		memset(f->user_bias, 0, (size_t) f->events.user.n * sizeof(float));
		memset(f->item_bias, 0, (size_t) f->events.item.n * sizeof(float));
	}
	centre(f, lines);
	if (fit.held_out.rows > 0)
		centre(f, &fit.held_out);
	SHOPPER_TRY(clear_untouched(&fit));
	SHOPPER_TRY(plan_visits(&fit));
	SHOPPER_TRY(run_epochs(&fit, model));
	model->n_train = lines->start[lines->rows];
	return add_metrics(&fit, model);
}
