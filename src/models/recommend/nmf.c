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
 * row of H. Each row has one owner, so threads change nothing. In the end users are solved
 * to the end: their rows are what folding in the same items gives.
 */
#include <math.h>
#include <string.h>

#include "../../core/dense.h"
#include "../../core/simd.h"
#include "../../core/threads.h"
#include "factors.h"
#include "neighbours.h"

#define SHARDS 16
#define CHUNK_COST 2e7
#define BATCH 256				/* lines handed to a kernel in one call */
#define AUTO_LAMBDA 0.1
#define AUTO_LAMBDA_RATINGS 0.03
#define MOST_PASSES 500			/* of one row that is solved to the end */
#define PASS_TOLERANCE 1e-6

typedef struct Half
{
	const ShopperFactors *f;
	const float *F;				/* the other side */
	const double *gram;			/* of it, upper half; NULL: ratings */
	const ShopperLines *lines;
	float	   *out;
	bool		solve;			/* to the end, from 0 */
	double	   *full;			/* (factors, wide) gram with the penalty, both halves; events */
	double	   *inverse;		/* (factors) of its diagonal */
	int64_t		from,
				to;
	double	   *A;				/* (SHARDS, factors, wide) */
	double	   *b;				/* (SHARDS, wide) */
	ShopperDouble8 *lanes;		/* (SHARDS, 3, factors) x, g, b of eight rows side by side; events */
	double		loss[SHARDS];	/* of the half's rows, after it: 1/2 of what the cells differ, without |X|^2 and penalty */
} Half;

/* A (both halves) x = b is the row's system without bounds: A of all items, or of the rated ones. */
static void
system_of(const ShopperFactors *f, const float *F, const double *gram, const ShopperLine *line, int64_t n, double *A, double *b)
{
	const ShopperFactorKernels *kernels = shopper_factor_kernels(-1);
	int			k = f->factors,
				wide = shopper_gram_stride(k);

	if (gram != NULL)
		memcpy(A, gram, (size_t) (k * wide) * sizeof(double));
	else
		memset(A, 0, (size_t) (k * wide) * sizeof(double));
	memset(b, 0, (size_t) wide * sizeof(double));
	for (int64_t from = 0; from < n; from += BATCH)
	{
		int32_t		code[BATCH];
		int			m = (int) (n - from < BATCH ? n - from : BATCH);

		for (int i = 0; i < m; i++)
		{
			code[i] = line[from + i].code;
			shopper_add_floats(b, F + (int64_t) code[i] * f->stride, k, line[from + i].value);
		}
		if (gram == NULL)
			kernels->rank_update(A, NULL, k, F, f->stride, code, NULL, NULL, m);
	}
	for (int j = 0; j < k; j++)
	{
		for (int i = 0; i < j; i++)
			A[j * wide + i] = A[i * wide + j];
		A[j * (wide + 1)] += f->lambda;
	}
}

/* One pass over the coordinates; g = A x - b is kept. The largest step beside the largest coordinate. */
SHOPPER_CLONES static double
pass(const double *A, int wide, int k, double *x, double *g)
{
	double		step = 0,
				largest = 0;

	for (int j = 0; j < k; j++)
	{
		const double *row = A + j * wide;
		double		old = x[j],
					d;

		if (!(row[j] > 0))
			continue;
		x[j] = old - g[j] / row[j];
		x[j] = x[j] > 0 ? x[j] : 0;
		d = x[j] - old;
		if (x[j] > largest)
			largest = x[j];
		if (d == 0)
			continue;
		for (int i = 0; i < k; i++)
			g[i] += d * row[i];
		step = fabs(d) > step ? fabs(d) : step;
	}
	return largest > 0 ? step / largest : step;
}

static void
gradient_of(const double *A, int wide, int k, const double *b, const double *x, double *g)
{
	for (int j = 0; j < k; j++)
	{
		double		sum = -b[j];

		for (int i = 0; i < k; i++)
			sum += A[j * wide + i] * x[i];
		g[j] = sum;
	}
}

void
shopper_nmf_row(const ShopperFactors *f, const double *gram, const ShopperLine *line, int64_t n, double *A, double *b, float *out)
{
	double		x[SHOPPER_MAX_FACTORS] = {0},
				g[SHOPPER_MAX_FACTORS];
	int			wide = shopper_gram_stride(f->factors);

	system_of(f, f->item_factor, gram, line, n, A, b);
	gradient_of(A, wide, f->factors, b, x, g);
	for (int i = 0; i < MOST_PASSES && pass(A, wide, f->factors, x, g) > PASS_TOLERANCE; i++)
		;
	for (int j = 0; j < f->factors; j++)
		out[j] = (float) x[j];
}

/* 1/2 x'Ax - b'x without the penalty, g being Ax - b. */
static double
row_loss(const ShopperFactors *f, const double *x, const double *g, const double *b)
{
	double		sum = 0;

	for (int j = 0; j < f->factors; j++)
		sum += x[j] * (g[j] - b[j]) / 2 - f->lambda * x[j] * x[j] / 2;
	return sum;
}

static void
one_row(Half *h, int shard, int64_t row)
{
	const ShopperFactors *f = h->f;
	int			k = f->factors,
				wide = shopper_gram_stride(k);
	const ShopperLine *line = h->lines->line + h->lines->start[row];
	int64_t		n = h->lines->start[row + 1] - h->lines->start[row];
	double	   *A = h->A + (int64_t) shard * k * wide,
			   *b = h->b + (int64_t) shard * wide;
	float	   *out = h->out + row * f->stride;
	double		x[SHOPPER_MAX_FACTORS],
				g[SHOPPER_MAX_FACTORS];

	if (h->solve)
		shopper_nmf_row(f, h->gram, line, n, A, b, out);
	else
		system_of(f, h->F, h->gram, line, n, A, b);
	for (int j = 0; j < k; j++)
		x[j] = out[j];
	gradient_of(A, wide, k, b, x, g);
	if (!h->solve)
		pass(A, wide, k, x, g);
	for (int j = 0; j < k; j++)
		out[j] = (float) x[j];
	h->loss[shard] += row_loss(f, x, g, b);
}

/* ---- of events all rows have the same matrix: eight of them side by side ---- */

typedef float Float16 __attribute__((vector_size(64), aligned(4), may_alias));
typedef int64_t Mask8 __attribute__((vector_size(64)));

/* out[j][lane] = sum of value times the factors of the lines; in single precision over few lines at a time. */
SHOPPER_CLONES static void
sum_lines(const float *F, int stride, int factors, const ShopperLine *line, int64_t n, ShopperDouble8 *out, int lane)
{
	for (int j = 0; j < factors; j += 16)
	{
		for (int64_t from = 0; from < n; from += BATCH)
		{
			int64_t		to = from + BATCH < n ? from + BATCH : n;
			Float16		even = {0},
						odd = {0};

			for (int64_t i = from; i + 2 <= to; i += 2)
			{
				__builtin_prefetch(F + (int64_t) line[i + SHOPPER_AHEAD].code * stride + j);
				__builtin_prefetch(F + (int64_t) line[i + SHOPPER_AHEAD - 1].code * stride + j);
				even += line[i].value * *(const Float16 *) (F + (int64_t) line[i].code * stride + j);
				odd += line[i + 1].value * *(const Float16 *) (F + (int64_t) line[i + 1].code * stride + j);
			}
			if ((to - from) % 2 != 0)
				even += line[to - 1].value * *(const Float16 *) (F + (int64_t) line[to - 1].code * stride + j);
			even += odd;
			for (int k = 0; k < 16 && j + k < factors; k++)
				out[j + k][lane] += even[k];
		}
	}
}

/* One pass of eight rows; what they add to the loss. */
SHOPPER_CLONES static double
pass_lanes(const double *A, const double *inverse, int wide, int k, double lambda, ShopperDouble8 *x, ShopperDouble8 *g, const ShopperDouble8 *b)
{
	ShopperDouble8 sum = {0};

	for (int i = 0; i < k; i++)
		g[i] = -b[i];
	for (int j = 0; j < k; j++)
		for (int i = 0; i < k; i++)
			g[i] += A[j * wide + i] * x[j];
	for (int j = 0; j < k; j++)
	{
		ShopperDouble8 next = x[j] - inverse[j] * g[j],
					step;

		next = (ShopperDouble8) ((Mask8) next & (Mask8) (next > 0));	/* at least 0 */
		step = next - x[j];
		x[j] = next;
		for (int i = 0; i < k; i++)
			g[i] += A[j * wide + i] * step;
	}
	for (int j = 0; j < k; j++)
		sum += x[j] * ((g[j] - b[j]) * 0.5 - lambda * 0.5 * x[j]);
	return shopper_sum8(sum);
}

static void
eight_rows(Half *h, int shard, int64_t from, int64_t to)
{
	const ShopperFactors *f = h->f;
	int			k = f->factors;
	ShopperDouble8 *x = h->lanes + (int64_t) shard * 3 * k,
			   *g = x + k,
			   *b = g + k;

	memset(x, 0, (size_t) (3 * k) * sizeof(ShopperDouble8));
	for (int64_t row = from; row < to; row++)
	{
		sum_lines(h->F, f->stride, k, h->lines->line + h->lines->start[row], h->lines->start[row + 1] - h->lines->start[row], b, (int) (row - from));
		for (int j = 0; j < k; j++)
			x[j][row - from] = h->out[row * f->stride + j];
	}
	h->loss[shard] += pass_lanes(h->full, h->inverse, shopper_gram_stride(k), k, f->lambda, x, g, b);
	for (int64_t row = from; row < to; row++)
		for (int j = 0; j < k; j++)
			h->out[row * f->stride + j] = (float) x[j][row - from];
}

static void
half_shard(void *arg, int shard)
{
	Half	   *h = arg;

	for (int64_t from = h->from + 8 * shard; from < h->to; from += 8 * SHARDS)
	{
		int64_t		to = from + 8 < h->to ? from + 8 : h->to;

		if (h->gram != NULL && !h->solve)
			eight_rows(h, shard, from, to);
		else
			for (int64_t row = from; row < to; row++)
				one_row(h, shard, row);
	}
}

static void
fill_full(Half *h)
{
	const ShopperFactors *f = h->f;
	int			wide = shopper_gram_stride(f->factors);

	for (int j = 0; j < f->factors; j++)
	{
		double		diagonal = h->gram[j * (wide + 1)] + f->lambda;

		for (int i = j; i < f->factors; i++)
			h->full[j * wide + i] = h->full[i * wide + j] = i == j ? diagonal : h->gram[j * wide + i];
		h->inverse[j] = diagonal > 0 ? 1 / diagonal : 0;
	}
}

static ShopperStatus
half_step(ShopperEnv *env, Half *h)
{
	double		k = h->f->factors,
				line_cost = h->gram != NULL ? k + 8 : k * k / 2 + k + 30;

	memset(h->loss, 0, sizeof(h->loss));
	if (h->gram != NULL)
		fill_full(h);
	for (h->from = 0; h->from < h->lines->rows; h->from = h->to)
	{
		double		cost = 0;

		for (h->to = h->from; h->to < h->lines->rows && cost < CHUNK_COST; h->to++)
			cost += (double) (h->lines->start[h->to + 1] - h->lines->start[h->to]) * line_cost + (h->solve ? 60 : 2) * k * k;
		SHOPPER_TRY(shopper_poll(env));
		shopper_parallel(env, SHARDS, half_shard, h);
	}
	return SHOPPER_OK;
}

/* The squares of all factors, from their products. */
static double
trace(const double *gram, int factors)
{
	double		sum = 0;

	for (int j = 0; j < factors; j++)
		sum += gram[j * (shopper_gram_stride(factors) + 1)];
	return sum;
}

static double
squares(const float *rows, int64_t n, int stride)
{
	double		sum = 0;

	for (int64_t i = 0; i < n * stride; i++)
		sum += (double) rows[i] * rows[i];
	return sum;
}

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

static ShopperStatus
nmf_fit(ShopperEnv *env, ShopperModel *model, ShopperFactors *f, const ShopperLines *lines, int64_t iterations)
{
	int			wide = shopper_gram_stride(f->factors);
	int64_t		size = (int64_t) f->factors * wide;
	double		all = 0,
			   *gram = NULL;
	ShopperLines by_item;
	Half		users = {.f = f,.F = f->item_factor,.lines = lines,.out = f->user_factor},
				items = {.f = f,.F = f->user_factor,.lines = &by_item,.out = f->item_factor};

	SHOPPER_TRY(shopper_lines_transpose(env, lines, f->events.item.n, &by_item));
	SHOPPER_NEW(env, users.A, SHARDS * size);
	SHOPPER_NEW(env, users.b, SHARDS * wide);
	SHOPPER_NEW(env, users.full, size);
	SHOPPER_NEW(env, users.inverse, f->factors);
	SHOPPER_TRY(shopper_factor_lanes(env, SHARDS * 3 * f->factors, &users.lanes));
	items.full = users.full;
	items.inverse = users.inverse;
	items.lanes = users.lanes;
	items.A = users.A;
	items.b = users.b;
	if (f->implicit)
	{
		SHOPPER_NEW(env, gram, size);
		SHOPPER_NEW(env, f->gram, size);
		users.gram = f->gram;
		items.gram = gram;
		SHOPPER_TRY(shopper_gram(env, f->item_factor, f->events.item.n, f->factors, f->stride, f->gram));
	}
	for (int64_t i = 0; i < lines->start[lines->rows]; i++)
		all += (double) lines->line[i].value * lines->line[i].value;
	for (int64_t step = 1; step <= iterations + 1; step++)
	{
		const Half *last = step <= iterations ? &items : &users;
		double		loss = all / 2;

		users.solve = step > iterations;
		SHOPPER_TRY(half_step(env, &users));
		if (step <= iterations)
		{
			if (f->implicit)
				SHOPPER_TRY(shopper_gram(env, f->user_factor, f->events.user.n, f->factors, f->stride, gram));
			SHOPPER_TRY(half_step(env, &items));
			if (f->implicit)
				SHOPPER_TRY(shopper_gram(env, f->item_factor, f->events.item.n, f->factors, f->stride, f->gram));
		}
		for (int shard = 0; shard < SHARDS; shard++)
			loss += last->loss[shard];
		if (f->implicit && step <= iterations)
			loss += f->lambda / 2 * (trace(gram, f->factors) + trace(f->gram, f->factors));
		else
			loss += f->lambda / 2 * (squares(f->user_factor, f->events.user.n, f->stride) + squares(f->item_factor, f->events.item.n, f->stride));
		f->loss = loss;
		if (step <= iterations)
			SHOPPER_TRY(shopper_add_step(env, model, step, "train_loss", loss));
		shopper_progress(env, "iteration", step, iterations + 1, loss);
	}
	f->epochs = f->best_epoch = iterations;
	model->n_train = lines->start[lines->rows];
	shopper_release(env, users.A);
	shopper_release(env, users.b);
	shopper_release(env, gram);
	shopper_release(env, by_item.start);
	shopper_release(env, by_item.line);
	return shopper_add_metric(env, model, "train", "loss", f->loss);
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
	SHOPPER_TRY(nmf_fit(env, model, f, &lines, shopper_option_integer(o, "iterations")));
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
