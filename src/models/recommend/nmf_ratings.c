/*
 * nmf_ratings.c: nmf over the known ratings: each row has a system of its own, made of the
 * other side's rows that it meets, and one owner, so threads change nothing. Also a single
 * row of either form, solved to the end.
 */
#include <math.h>
#include <string.h>

#include "../../core/dense.h"
#include "../../core/simd.h"
#include "../../core/threads.h"
#include "nmf.h"

#define SHARDS 16
#define CHUNK_COST 2e7
#define BATCH 256				/* lines handed to a kernel in one call */

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
	for (int i = 0; i < SHOPPER_NMF_PASSES && pass(A, wide, f->factors, x, g) > SHOPPER_NMF_TOLERANCE; i++)
		;
	for (int j = 0; j < f->factors; j++)
		out[j] = (float) x[j];
}

typedef struct Half
{
	const ShopperFactors *f;
	const float *F;				/* the other side */
	const ShopperLines *lines;
	float	   *out;
	bool		solve;			/* to the end, from 0 */
	int64_t		from,
				to;
	double	   *A;				/* (SHARDS, factors, wide) */
	double	   *b;				/* (SHARDS, wide) */
	double		loss[SHARDS];	/* of the half's rows, after it: 1/2 of what the cells differ, without |X|^2 and penalty */
} Half;

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
		shopper_nmf_row(f, NULL, line, n, A, b, out);
	else
		system_of(f, h->F, NULL, line, n, A, b);
	for (int j = 0; j < k; j++)
		x[j] = out[j];
	gradient_of(A, wide, k, b, x, g);
	if (!h->solve)
		pass(A, wide, k, x, g);
	for (int j = 0; j < k; j++)
		out[j] = (float) x[j];
	h->loss[shard] += row_loss(f, x, g, b);
}

static void
half_shard(void *arg, int shard)
{
	Half	   *h = arg;

	for (int64_t from = h->from + 8 * shard; from < h->to; from += 8 * SHARDS)
		for (int64_t row = from; row < from + 8 && row < h->to; row++)
			one_row(h, shard, row);
}

static ShopperStatus
half_step(ShopperEnv *env, Half *h)
{
	double		k = h->f->factors;

	memset(h->loss, 0, sizeof(h->loss));
	for (h->from = 0; h->from < h->lines->rows; h->from = h->to)
	{
		double		cost = 0;

		for (h->to = h->from; h->to < h->lines->rows && cost < CHUNK_COST; h->to++)
			cost += (double) (h->lines->start[h->to + 1] - h->lines->start[h->to]) * (k * k / 2 + k + 30) + (h->solve ? 60 : 2) * k * k;
		SHOPPER_TRY(shopper_poll(env));
		shopper_parallel(env, SHARDS, half_shard, h);
	}
	return SHOPPER_OK;
}

static double
squares(const float *rows, int64_t n, int stride)
{
	double		sum = 0;

	for (int64_t i = 0; i < n * stride; i++)
		sum += (double) rows[i] * rows[i];
	return sum;
}

ShopperStatus
shopper_nmf_fit_ratings(ShopperEnv *env, ShopperModel *model, ShopperFactors *f, const ShopperLines *lines, int64_t iterations)
{
	int			wide = shopper_gram_stride(f->factors);
	double		all = 0;
	ShopperLines by_item;
	Half		users = {.f = f,.F = f->item_factor,.lines = lines,.out = f->user_factor},
				items = {.f = f,.F = f->user_factor,.lines = &by_item,.out = f->item_factor};

	SHOPPER_TRY(shopper_lines_transpose(env, lines, f->events.item.n, &by_item));
	SHOPPER_NEW(env, users.A, (int64_t) SHARDS * f->factors * wide);
	SHOPPER_NEW(env, users.b, (int64_t) SHARDS * wide);
	items.A = users.A;
	items.b = users.b;
	for (int64_t i = 0; i < lines->start[lines->rows]; i++)
		all += (double) lines->line[i].value * lines->line[i].value;
	for (int64_t step = 1; step <= iterations + 1; step++)
	{
		const Half *last = step <= iterations ? &items : &users;
		double		loss = all / 2;

		users.solve = step > iterations;
		SHOPPER_TRY(half_step(env, &users));
		if (step <= iterations)
			SHOPPER_TRY(half_step(env, &items));
		for (int shard = 0; shard < SHARDS; shard++)
			loss += last->loss[shard];
		loss += f->lambda / 2 * (squares(f->user_factor, f->events.user.n, f->stride) + squares(f->item_factor, f->events.item.n, f->stride));
		f->loss = loss;
		if (step <= iterations)
			SHOPPER_TRY(shopper_add_step(env, model, step, "train_loss", loss));
		shopper_progress(env, "iteration", step, iterations + 1, loss);
	}
	shopper_release(env, users.A);
	shopper_release(env, users.b);
	shopper_release(env, by_item.start);
	shopper_release(env, by_item.line);
	return SHOPPER_OK;
}
