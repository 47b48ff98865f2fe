/*
 * als_ratings.c: the learner als, and its explicit form: alternating least squares with
 * weighted lambda (ALS-WR; Zhou, Wilkinson, Schreiber and Pan 2008), which minimizes
 *
 *     sum (r_ui - x_u.y_i)^2 + lambda (sum n_u |x_u|^2 + sum n_i |y_i|^2)
 *
 * over the known ratings, n being the ratings of a row. Each row is solved exactly by one
 * owner, so the number of threads changes nothing. Where a user or item is unknown the
 * damped means answer. Events go to the implicit form, als.c.
 */
#include <math.h>
#include <string.h>

#include "../../core/simd.h"
#include "../../core/threads.h"
#include "factors.h"
#include "neighbours.h"

#define SHARDS 16
#define CHUNK_COST 3e7			/* multiplications between polls, about 10 ms of one core */
#define BATCH 256

typedef struct Half
{
	const ShopperFactors *f;
	const float *F;				/* the other side */
	const ShopperLines *lines;
	float	   *out;
	int64_t		from,
				to;
	float	   *A;				/* (SHARDS, stride, stride) */
	float	   *b;				/* (SHARDS, stride) */
	ShopperDouble8 *lanes;		/* (SHARDS, factors + 1, factors) */
	double		explained[SHARDS];	/* of the sum of squared ratings, by this half's rows */
	bool		failed[SHARDS];
} Half;

/* What is added to the diagonal of a row with n lines. */
static double
penalty(const ShopperFactors *f, int64_t n)
{
	return f->regularization * (double) n + 1e-9;
}

/*
 * Systems of eight rows side by side: element (j, i) of row `lane` is A[j * k + i][lane], i >= j, then b. The sums
 * over few lines are of single precision, those over all lines of double.
 */
static void
system_of(const Half *h, int shard, int64_t row, ShopperDouble8 *lanes, int lane)
{
	const ShopperFactors *f = h->f;
	const ShopperLine *line = h->lines->line + h->lines->start[row];
	int64_t		n = h->lines->start[row + 1] - h->lines->start[row];
	int			k = f->factors;
	float	   *A = h->A + (int64_t) shard * f->stride * f->stride,
			   *b = h->b + (int64_t) shard * f->stride;
	double	   *to = (double *) lanes + lane;

	shopper_factor_kernels(-1)->line_sums(A, b, h->F, f->stride, line, n < BATCH ? n : BATCH);
	for (int j = 0; j < k; j++)
	{
		for (int i = j; i < k; i++)
			to[(j * k + i) * 8] = A[j * f->stride + i];
		to[(k * k + j) * 8] = b[j];
	}
	for (int64_t from = BATCH; from < n; from += BATCH)
	{
		shopper_factor_kernels(-1)->line_sums(A, b, h->F, f->stride, line + from, n - from < BATCH ? n - from : BATCH);
		for (int j = 0; j < k; j++)
		{
			for (int i = j; i < k; i++)
				to[(j * k + i) * 8] += A[j * f->stride + i];
			to[(k * k + j) * 8] += b[j];
		}
	}
	for (int j = 0; j < k; j++)
		to[j * (k + 1) * 8] += n > 0 ? penalty(f, n) : 1;
}

/* A = U'U, U'y = b, U x = y; x over b; square: y'y = b'x. False: not positive definite. */
static inline __attribute__((always_inline)) bool
solve_k(ShopperDouble8 *A, const int k, ShopperDouble8 *square)
{
	ShopperDouble8 *b = A + k * k;
	bool		good = true;

	*square = (ShopperDouble8) {0};
	for (int j = 0; j < k; j++)
	{
		ShopperDouble8 *pivot = A + j * k,
					root;

		for (int lane = 0; lane < 8; lane++)
		{
			good &= pivot[j][lane] > 0 && pivot[j][lane] <= 1e300;
			root[lane] = 1 / sqrt(pivot[j][lane]);
		}
		for (int i = j; i < k; i++)
			pivot[i] *= root;
		b[j] *= root;
		*square += b[j] * b[j];
		pivot[j] = root;		/* inverted, for the second substitution */
		for (int i = j + 1; i < k; i++)
		{
			ShopperDouble8 *to = A + i * k,
						factor = pivot[i];

			for (int c = i; c < k; c++)
				to[c] -= factor * pivot[c];
			b[i] -= factor * b[j];
		}
	}
	for (int j = k - 1; j >= 0; j--)
	{
		ShopperDouble8 sum = b[j];

		for (int i = j + 1; i < k; i++)
			sum -= A[j * k + i] * b[i];
		b[j] = sum * A[j * k + j];
	}
	return good;
}

SHOPPER_CLONES static bool
solve_lanes(ShopperDouble8 *A, int k, ShopperDouble8 *square)
{
	return k == 16 ? solve_k(A, 16, square) : solve_k(A, k, square);
}

/* Rows without lines keep what they have. */
static void
half_shard(void *arg, int shard)
{
	Half	   *h = arg;
	const int64_t *start = h->lines->start;
	int			k = h->f->factors;
	ShopperDouble8 *lanes = h->lanes + (int64_t) shard * k * (k + 1),
				square;

	for (int64_t from = h->from + 8 * shard; from < h->to; from += 8 * SHARDS)
	{
		for (int lane = 0; lane < 8; lane++)	/* lanes without a row repeat another: lanes do not meet */
			system_of(h, shard, from + lane < h->to ? from + lane : from, lanes, lane);
		if (!solve_lanes(lanes, k, &square))
			h->failed[shard] = true;
		for (int64_t row = from; row < from + 8 && row < h->to; row++)
		{
			double		size = 0;

			for (int j = 0; j < k && start[row + 1] > start[row]; j++)
			{
				double		x = lanes[k * k + j][row - from];

				h->out[row * h->f->stride + j] = (float) x;
				size += x * x;
			}
			h->explained[shard] += square[row - from] + penalty(h->f, start[row + 1] - start[row]) * size;
		}
	}
}

/* Solve every row of one side. */
static ShopperStatus
half_step(ShopperEnv *env, Half *h)
{
	double		k = h->f->factors,
				row_cost = k * k * k / 6 + 100;

	memset(h->explained, 0, sizeof(h->explained));
	for (h->from = 0; h->from < h->lines->rows; h->from = h->to)
	{
		double		cost = 0;

		for (h->to = h->from; h->to < h->lines->rows && cost < 2 * CHUNK_COST; h->to++)
			cost += row_cost / 4 + (double) (h->lines->start[h->to + 1] - h->lines->start[h->to]) * k * k / 2;
		shopper_parallel(env, SHARDS, half_shard, h);
		SHOPPER_TRY(shopper_poll(env));
	}
	for (int s = 0; s < SHARDS; s++)
		if (h->failed[s])
		{
			shopper_fail(env, SHOPPER_BAD_DATA, "a user's or item's system of equations is singular");
			shopper_hint(env, "Use a larger lambda.");
			return env->status;
		}
	return SHOPPER_OK;
}

/* Root mean square of the training errors. */
static double
training_error(const ShopperFactors *f, const ShopperLines *by_user)
{
	double		sum = 0;

	for (int64_t u = 0; u < by_user->rows; u++)
		for (int64_t i = by_user->start[u]; i < by_user->start[u + 1]; i++)
		{
			double		error = by_user->line[i].value - shopper_factors_score(f, u, by_user->line[i].code);

			sum += error * error;
		}
	return sqrt(sum / (double) by_user->start[by_user->rows]);
}

/*
 * The same after a half, without looking at the lines: where x solves (A + c I) x = b, a row's squared errors are
 * those of its ratings minus b'x + c x'x.
 */
static double
error_left(const Half *h, double squares)
{
	for (int s = 0; s < SHARDS; s++)
		squares -= h->explained[s];
	return sqrt(fmax(squares, 0) / (double) h->lines->start[h->lines->rows]);
}

static ShopperStatus
fit_ratings(ShopperEnv *env, ShopperModel *model, ShopperFactors *f, const ShopperLines *by_user, int64_t epochs)
{
	double		squares = 0;
	ShopperLines by_item;
	ShopperBiases biases;
	Half		users = {.f = f,.lines = by_user},
				items = {.f = f,.lines = &by_item};

	SHOPPER_TRY(shopper_lines_transpose(env, by_user, f->events.item.n, &by_item));
	SHOPPER_TRY(shopper_biases_fit(env, by_user, f->events.item.n, SHOPPER_BIAS_DAMPING, &biases));
	f->mu = biases.mu;
	f->lowest = biases.lowest;
	f->highest = biases.highest;
	memcpy(f->user_bias, biases.user, (size_t) f->events.user.n * sizeof(float));
	memcpy(f->item_bias, biases.item, (size_t) f->events.item.n * sizeof(float));
	for (int64_t i = 0; i < by_user->start[by_user->rows]; i++)
		squares += (double) by_user->line[i].value * by_user->line[i].value;
	SHOPPER_TRY(shopper_factor_rows(env, (int64_t) SHARDS * f->stride, f->stride, &users.A));
	SHOPPER_TRY(shopper_factor_rows(env, SHARDS, f->stride, &users.b));
	SHOPPER_TRY(shopper_factor_lanes(env, (int64_t) SHARDS * f->factors * (f->factors + 1), &users.lanes));
	items.lanes = users.lanes;
	items.A = users.A;
	items.b = users.b;
	users.F = items.out = f->item_factor;
	items.F = users.out = f->user_factor;
	for (int64_t epoch = 0; epoch < epochs; epoch++)
	{
		SHOPPER_TRY(half_step(env, &users));
		SHOPPER_TRY(half_step(env, &items));
		f->epochs = f->best_epoch = epoch + 1;
		f->loss = error_left(&items, squares);
		SHOPPER_TRY(shopper_add_step(env, model, epoch + 1, "train_rmse", f->loss));
		shopper_progress(env, "als", epoch + 1, epochs, f->loss);
	}
	SHOPPER_TRY(half_step(env, &users));	/* then a known user's row is what folding in gives */
	model->n_train = by_user->start[by_user->rows];
	return shopper_add_metric(env, model, "train", "rmse", training_error(f, by_user));
}

static ShopperStatus
als_train(ShopperEnv *env, ShopperModel *model, ShopperPairs *pairs, const ShopperModel *previous)
{
	const ShopperOptions *o = &model->options;
	const ShopperFactors *old = previous != NULL ? previous->state : NULL;
	ShopperLines lines;
	ShopperFactors *f;
	int64_t		epochs = shopper_option_integer(o, "epochs");

	SHOPPER_NEW0(env, f, 1);
	model->state = f;
	f->factors = (int) shopper_option_integer(o, "factors");
	if (old != NULL && (old->factors != f->factors || old->implicit != shopper_is_implicit(model, pairs)))
	{
		shopper_fail(env, SHOPPER_BAD_OPTION, "the previous model has %d factors and learns from %s", old->factors, old->implicit ? "events" : "ratings");
		shopper_hint(env, "Continue with the same number of factors and the same kind of lines.");
		return env->status;
	}
	SHOPPER_TRY(shopper_events_start(env, model, pairs, true, &f->events, &lines, &f->implicit));
	if (f->implicit)
		shopper_events_drop_ones(env, &f->events);
	SHOPPER_TRY(shopper_factors_alloc(env, f));
	shopper_factors_start(f, old, env->seed, shopper_option_number(o, "init_sd"));
	if (!f->implicit)
	{
		f->raw = true;
		f->regularization = shopper_option_set(o, "lambda") ? shopper_option_number(o, "lambda") : 0.1;
		SHOPPER_TRY(fit_ratings(env, model, f, &lines, epochs));
	}
	else
	{
		f->alpha = shopper_option_number(o, "alpha");
		f->lambda = shopper_option_set(o, "lambda") ? shopper_option_number(o, "lambda") : shopper_auto_lambda(f, &lines);
		if (!(f->lambda > 0 && f->lambda < 1e30))
			return shopper_fail(env, SHOPPER_BAD_DATA, "weights are too large");
		SHOPPER_TRY(shopper_als_fit(env, model, f, &lines, epochs, (int) shopper_option_integer(o, "cg_steps")));
	}
	shopper_release(env, lines.start);
	shopper_release(env, lines.line);
	return SHOPPER_OK;
}

static const ShopperOption als_options[] = {
	{"factors", SHOPPER_INTEGER, "32", 1, SHOPPER_MAX_FACTORS, false, NULL, "length of the vectors of users and items"},
	{"epochs", SHOPPER_INTEGER, "15", 1, 100000, false, NULL, "times that all users and all items are solved"},
	{"lambda", SHOPPER_NUMBER, NULL, 0, 1e12, true, NULL, "penalty on the factors; ratings: for each rating, 0.1 when not set; events: not set, 0.1 (1 + alpha w) sqrt(events per user x events per item)"},
	{"alpha", SHOPPER_NUMBER, "5", 0, 1e6, true, NULL, "events: an event of weight w has confidence 1 + alpha w"},
	{"cg_steps", SHOPPER_INTEGER, "3", 0, 1000, false, NULL, "events: conjugate gradient steps for each row and epoch; 0: solve each row exactly"},
	{"init_sd", SHOPPER_NUMBER, "0.1", 0, 10, true, NULL, "standard deviation of the factors before training"},
	{"implicit", SHOPPER_BOOLEAN, NULL, 0, 0, false, NULL, "learn from events instead of ratings (the third column is then a weight); not set: when there is no rating"},
	{NULL}
};

const ShopperLearner shopper_learner_als = {
	.number = 17,
	.name = "als",
	.help = "factors by alternating least squares, of ratings (weighted lambda) or events (confidences)",
	.shape = SHOPPER_RATINGS,
	.tasks = SHOPPER_RECOMMEND,
	.options = als_options,
	.train_ratings = als_train,
	.encode = shopper_factor_encode,
	.decode = shopper_factor_decode,
	.describe = shopper_factor_describe,
	.recommender = &shopper_factor_recommender,
};
