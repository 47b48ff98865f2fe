/*
 * gradient.c: svd(method => 'gradient'), the explicit form by plain gradient descent on all
 * ratings at once, as textbooks have it:
 *
 *     J = 1/2 sum e_ui^2 + lambda/2 (sum |p_u|^2 + sum |q_i|^2 + sum b_u^2 + sum b_i^2),
 *     e_ui = r_ui - mu - b_u - b_i - p_u.q_i
 *
 * with steps of learning_rate against the gradient, of users and items from the same point. A step
 * that makes J larger is taken back, and the rate halved.
 * Each row has one owner, so threads change nothing.
 */
#include <math.h>
#include <string.h>

#include "../../core/dense.h"
#include "../../core/threads.h"
#include "factors.h"

#define SHARDS 16
#define CHUNK_COST 1e7
#define MOST_HALVINGS 60

typedef struct Side
{
	const ShopperFactors *f;
	const ShopperLines *lines;
	bool		users;
	const float *own;			/* factors and biases before the step */
	const float *own_bias;
	const float *other;
	const float *other_bias;
	float	   *out;			/* after it */
	float	   *out_bias;
	double		rate;
	double		lambda;
	int64_t		from,
				to;
	double		squared[SHARDS];	/* errors before the step */
	double		penalty[SHARDS];
} Side;

static void
side_shard(void *arg, int shard)
{
	Side	   *s = arg;
	const ShopperFactors *f = s->f;
	double		gradient[SHOPPER_MAX_FACTORS];

	for (int64_t row = s->from + shard; row < s->to; row += SHARDS)
	{
		const float *own = s->own + row * f->stride;
		double		errors = 0;

		memset(gradient, 0, (size_t) f->factors * sizeof(double));
		for (int64_t i = s->lines->start[row]; i < s->lines->start[row + 1]; i++)
		{
			const ShopperLine *line = &s->lines->line[i];
			const float *other = s->other + (int64_t) line->code * f->stride;
			float		dot;
			double		error;

			shopper_factor_kernels(-1)->dots(own, other, 1, f->stride, &dot);
			error = line->value - f->mu - ((double) s->own_bias[row] + s->other_bias[line->code]) - dot;
			errors += error;
			s->squared[shard] += error * error;
			shopper_add_floats(gradient, other, f->factors, error);
		}
		for (int j = 0; j < f->factors; j++)
		{
			s->penalty[shard] += (double) own[j] * own[j];
			s->out[row * f->stride + j] = (float) (own[j] + s->rate * (gradient[j] - s->lambda * own[j]));
		}
		s->penalty[shard] += (double) s->own_bias[row] * s->own_bias[row];
		if (f->biased)
			s->out_bias[row] = (float) (s->own_bias[row] + s->rate * (errors - s->lambda * s->own_bias[row]));
	}
}

static ShopperStatus
side_step(ShopperEnv *env, Side *s)
{
	memset(s->squared, 0, sizeof(s->squared));
	memset(s->penalty, 0, sizeof(s->penalty));
	for (s->from = 0; s->from < s->lines->rows; s->from = s->to)
	{
		double		cost = 0;

		for (s->to = s->from; s->to < s->lines->rows && cost < CHUNK_COST; s->to++)
			cost += (double) (s->lines->start[s->to + 1] - s->lines->start[s->to] + 2) * (s->f->stride + 8);
		SHOPPER_TRY(shopper_poll(env));
		shopper_parallel(env, SHARDS, side_shard, s);
	}
	return SHOPPER_OK;
}

/* J, and the root mean square of the errors, where the step began. */
static void
measure(const Side *users, const Side *items, double n, double *loss, double *rmse)
{
	double		squared = 0,
				penalty = 0;

	for (int shard = 0; shard < SHARDS; shard++)
	{
		squared += users->squared[shard];
		penalty += users->penalty[shard] + items->penalty[shard];
	}
	*loss = squared / 2 + users->lambda * penalty / 2;
	*rmse = sqrt(squared / n);
}

static void
copy_factors(ShopperFactors *to, const ShopperFactors *from)
{
	int64_t		users = from->events.user.n,
				items = from->events.item.n;

	memcpy(to->user_factor, from->user_factor, (size_t) (users * from->stride) * sizeof(float));
	memcpy(to->item_factor, from->item_factor, (size_t) (items * from->stride) * sizeof(float));
	memcpy(to->user_bias, from->user_bias, (size_t) users * sizeof(float));
	memcpy(to->item_bias, from->item_bias, (size_t) items * sizeof(float));
}

static ShopperStatus
diverged(ShopperEnv *env, int64_t epoch)
{
	shopper_fail(env, SHOPPER_BAD_DATA, "training diverged in epoch %lld", (long long) epoch);
	shopper_hint(env, "Lower \"learning_rate\", or look for ratings that are far beyond the others.");
	return env->status;
}

ShopperStatus
shopper_gradient_fit(ShopperEnv *env, ShopperModel *model, ShopperFactors *f, const ShopperLines *lines, int64_t epochs,
					 double rate, double lambda)
{
	int64_t		items = f->events.item.n;
	double		n = (double) lines->start[lines->rows],
				loss = 0,
				rmse = 0,
				sum = 0,
				last = INFINITY;
	int64_t		made = 0;		/* steps */
	int			halvings = 0;
	bool		again = false;
	ShopperLines by_item;
	ShopperFactors next = *f,
				good = *f;

	SHOPPER_TRY(shopper_lines_transpose(env, lines, items, &by_item));
	SHOPPER_TRY(shopper_factors_alloc(env, &next));
	SHOPPER_TRY(shopper_factors_alloc(env, &good));
	f->lowest = f->highest = lines->line[0].value;
	for (int64_t i = 0; i < lines->start[lines->rows]; i++)
	{
		sum += lines->line[i].value;
		f->lowest = fmin(f->lowest, lines->line[i].value);
		f->highest = fmax(f->highest, lines->line[i].value);
	}
	f->mu = f->biased ? sum / n : 0;
	for (;;)					/* the last pass only measures */
	{
		Side		user = {.f = f,.lines = lines,.own = f->user_factor,.own_bias = f->user_bias,.other = f->item_factor,
			.other_bias = f->item_bias,.out = next.user_factor,.out_bias = next.user_bias,.rate = rate,.lambda = lambda};
		Side		item = {.f = f,.lines = &by_item,.own = f->item_factor,.own_bias = f->item_bias,.other = f->user_factor,
			.other_bias = f->user_bias,.out = next.item_factor,.out_bias = next.item_bias,.rate = rate,.lambda = lambda};

		SHOPPER_TRY(side_step(env, &user));
		SHOPPER_TRY(side_step(env, &item));
		measure(&user, &item, n, &loss, &rmse);
		if (!(loss <= last * (1 + 1e-12)))
		{
			/* uphill: the step was too long; from the point before it a step of half the rate */
			if (++halvings > MOST_HALVINGS)
				return diverged(env, made);
			rate /= 2;
			copy_factors(f, &good);
			made--;
			again = true;
			continue;
		}
		if (made > 0 && !again)
		{
			SHOPPER_TRY(shopper_add_step(env, model, made, "train_loss", loss));
			SHOPPER_TRY(shopper_add_step(env, model, made, "train_rmse", rmse));
		}
		shopper_progress(env, "epoch", made, epochs, loss);
		if (made == epochs)
			break;
		again = false;
		last = loss;
		copy_factors(&good, f);
		copy_factors(f, &next);
		made++;
	}
	if (halvings > 0)
		shopper_notice(env, "learning_rate was too high and became %g", rate);
	f->epochs = f->best_epoch = epochs;
	f->loss = rmse;
	model->n_train = lines->start[lines->rows];
	shopper_release(env, by_item.start);
	shopper_release(env, by_item.line);
	SHOPPER_TRY(shopper_add_metric(env, model, "train", "loss", loss));
	return shopper_add_metric(env, model, "train", "rmse", rmse);
}
