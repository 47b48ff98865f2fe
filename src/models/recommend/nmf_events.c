/*
 * nmf_events.c: nmf over all cells, those without an event being 0. All rows of a side have
 * the same matrix, H'H or W'W with the penalty, and differ in b alone, the sum of the rows
 * of the other side that they meet. So sixteen rows are worked on side by side.
 *
 * One reading of the lines by user serves both sides: when sixteen users have taken their
 * pass, their rows are added to the sums of the items that they have. These sums are kept
 * by shard and added up in the order of the shards; users are dealt to shards by position,
 * so threads change nothing. Passes are in single precision; users are solved to the end,
 * and the objective is added up, in double.
 */
#include <math.h>
#include <string.h>

#include "../../core/simd.h"
#include "../../core/threads.h"
#include "nmf.h"

#define SHARDS 8
#define BLOCK 16				/* rows side by side */
#define BATCH 256				/* lines that are added up before they meet a larger sum */
#define CHUNK_COST 6e7			/* multiplications between polls, about 5 ms of one core */
#define PIECE 1024				/* sums that stay in the first cache */

typedef float Float4 __attribute__((vector_size(16), aligned(4), may_alias));
typedef int32_t Int4 __attribute__((vector_size(16)));
typedef float Float16 __attribute__((vector_size(64), aligned(4), may_alias));
typedef int32_t Int16 __attribute__((vector_size(64)));
typedef int64_t Mask8 __attribute__((vector_size(64)));

typedef struct Fit
{
	ShopperFactors *f;
	const ShopperLines *lines;	/* by user */
	double	   *user_gram;		/* upper halves, without the penalty; the items' is f->gram */
	double	   *full;			/* (factors, wide) the matrix of this half's rows, both halves, with the penalty */
	double	   *inverse;		/* (factors) of its diagonal */
	float	   *matrix;			/* (factors, factors) the same in single precision */
	float	   *inverse32;
	int64_t		from,			/* rows of this round */
				to;
	bool		solve;			/* users to the end, from 0 */
	float	   *sum;			/* (SHARDS, items, stride) zeros between two rounds */
	double	   *total;			/* (items, stride) of all rounds */
	float	   *work;			/* (SHARDS, 3, BLOCK, stride): b, then b and x by coordinate */
	ShopperDouble8 *lanes;		/* (SHARDS, 3, factors) x, g and b of eight rows that are solved to the end */
	double		part[SHARDS];	/* sum of b'x of this half's rows */
} Fit;

/* ---- sixteen rows ---- */

/* to[c * to_ld + r] = from[r * from_ld + c] for 16 rows and 16 columns. */
static inline __attribute__((always_inline)) void
turn(const float *from, int from_ld, float *to, int to_ld)
{
	for (int r = 0; r < BLOCK; r += 4)
		for (int c = 0; c < BLOCK; c += 4)
		{
			Float4		x[4],
						y[4];

			for (int i = 0; i < 4; i++)
				x[i] = *(const Float4 *) (from + (r + i) * from_ld + c);
			y[0] = __builtin_shuffle(x[0], x[1], (Int4) {0, 4, 1, 5});
			y[1] = __builtin_shuffle(x[0], x[1], (Int4) {2, 6, 3, 7});
			y[2] = __builtin_shuffle(x[2], x[3], (Int4) {0, 4, 1, 5});
			y[3] = __builtin_shuffle(x[2], x[3], (Int4) {2, 6, 3, 7});
			*(Float4 *) (to + c * to_ld + r) = __builtin_shuffle(y[0], y[2], (Int4) {0, 1, 4, 5});
			*(Float4 *) (to + (c + 1) * to_ld + r) = __builtin_shuffle(y[0], y[2], (Int4) {2, 3, 6, 7});
			*(Float4 *) (to + (c + 2) * to_ld + r) = __builtin_shuffle(y[1], y[3], (Int4) {0, 1, 4, 5});
			*(Float4 *) (to + (c + 3) * to_ld + r) = __builtin_shuffle(y[1], y[3], (Int4) {2, 3, 6, 7});
		}
}

/* One pass over the coordinates of sixteen rows; x and b by coordinate. */
static inline __attribute__((always_inline)) void
pass_k(const float *A, const float *inverse, float *x_, const float *b_, const int k)
{
	Float16    *x = (Float16 *) x_;
	const Float16 *b = (const Float16 *) b_;

	for (int j = 0; j < k; j++)
	{
		const float *row = A + j * k;
		Float16		even = {0},
					odd = {0},
					next;

		/* the latest coordinate comes last: nothing else waits for it */
		for (int i = 0; i < k; i++)
		{
			int			c = i + j < k ? i + j : i + j - k;

			if (i % 2 == 0)
				even += row[c] * x[c];
			else
				odd += row[c] * x[c];
		}
		next = x[j] - inverse[j] * ((even + odd) - b[j]);
		x[j] = (Float16) ((Int16) next & (Int16) (next > 0));	/* at least 0 */
	}
}

SHOPPER_CLONES static void
pass_lanes(const float *A, const float *inverse, float *x, const float *b, int k)
{
	if (k == 16)
		pass_k(A, inverse, x, b, 16);
	else
		pass_k(A, inverse, x, b, k);
}

/* out (stride) = sum of value times the rows of F */
static inline __attribute__((always_inline)) void
sum_rows(const float *F, const int stride, const ShopperLine *line, int64_t n, float *out)
{
	for (int j = 0; j < stride; j += 16)
	{
		Float16		sum = {0};

		for (int64_t from = 0; from < n; from += BATCH)
		{
			int64_t		to = from + BATCH < n ? from + BATCH : n,
						i = from;
			Float16		even = {0},
						odd = {0};

			for (; i + 2 <= to; i += 2)
			{
				even += line[i].value * *(const Float16 *) (F + (int64_t) line[i].code * stride + j);
				odd += line[i + 1].value * *(const Float16 *) (F + (int64_t) line[i + 1].code * stride + j);
			}
			if (i < to)
				even += line[i].value * *(const Float16 *) (F + (int64_t) line[i].code * stride + j);
			sum += even + odd;
		}
		*(Float16 *) (out + j) = sum;
	}
}

/* The rows of the lines' items in `sum` += value times row. */
static inline __attribute__((always_inline)) void
spread_row(const float *row, const int stride, const ShopperLine *line, int64_t n, float *sum)
{
	for (int j = 0; j < stride; j += 16)
	{
		const Float16 x = *(const Float16 *) (row + j);

		for (int64_t i = 0; i < n; i++)
			*(Float16 *) (sum + (int64_t) line[i].code * stride + j) += line[i].value * x;
	}
}

static inline __attribute__((always_inline)) void
users_k(Fit *t, int shard, int64_t from, int64_t to, const int k, const int stride)
{
	ShopperFactors *f = t->f;
	const int64_t *start = t->lines->start;
	float	   *work = t->work + (int64_t) shard * 3 * BLOCK * stride,
			   *b = work + BLOCK * stride,
			   *x = b + BLOCK * stride,
			   *sum = t->sum + shard * f->events.item.n * stride;

	for (int64_t u = from; u < to; u++)
		sum_rows(f->item_factor, stride, t->lines->line + start[u], start[u + 1] - start[u], work + (u - from) * stride);
	for (int j = 0; j < stride; j += 16)
		turn(work + j, stride, b + j * BLOCK, BLOCK);
	memcpy(work, f->user_factor + from * stride, (size_t) ((to - from) * stride) * sizeof(float));
	for (int j = 0; j < stride; j += 16)
		turn(work + j, stride, x + j * BLOCK, BLOCK);
	pass_k(t->matrix, t->inverse32, x, b, k);
	for (int j = 0; j < stride; j += 16)
		turn(x + j * BLOCK, BLOCK, work + j, stride);
	memcpy(f->user_factor + from * stride, work, (size_t) ((to - from) * stride) * sizeof(float));
	for (int64_t u = from; u < to; u++)
		spread_row(work + (u - from) * stride, stride, t->lines->line + start[u], start[u + 1] - start[u], sum);
}

/* Up to sixteen users: their pass, and their rows into the sums of their items. */
SHOPPER_CLONES static void
users_block(Fit *t, int shard, int64_t from, int64_t to)
{
	if (t->f->factors == 16)
		users_k(t, shard, from, to, 16, 16);
	else
		users_k(t, shard, from, to, t->f->factors, t->f->stride);
}

/* Up to sixteen items, whose sums are there. */
static void
items_block(Fit *t, int shard, int64_t from, int64_t to)
{
	ShopperFactors *f = t->f;
	int			stride = f->stride;
	float	   *work = t->work + (int64_t) shard * 3 * BLOCK * stride,
			   *b = work + BLOCK * stride,
			   *x = b + BLOCK * stride,
			   *row = f->item_factor + from * stride;
	const double *total = t->total + from * stride;

	for (int64_t i = 0; i < (to - from) * stride; i++)
		work[i] = (float) total[i];
	for (int j = 0; j < stride; j += 16)
		turn(work + j, stride, b + j * BLOCK, BLOCK);
	memcpy(work, row, (size_t) ((to - from) * stride) * sizeof(float));
	for (int j = 0; j < stride; j += 16)
		turn(work + j, stride, x + j * BLOCK, BLOCK);
	pass_lanes(t->matrix, t->inverse32, x, b, f->factors);
	for (int j = 0; j < stride; j += 16)
		turn(x + j * BLOCK, BLOCK, work + j, stride);
	memcpy(row, work, (size_t) ((to - from) * stride) * sizeof(float));
	for (int64_t i = 0; i < (to - from) * stride; i++)
		t->part[shard] += total[i] * row[i];
}

/* ---- users to the end ---- */

/* Passes of eight rows from x = 0 until none of them moves any more; a row that stands takes no more steps. */
SHOPPER_CLONES static void
solve_lanes(const double *A, const double *inverse, int wide, int k, ShopperDouble8 *x, ShopperDouble8 *g, const ShopperDouble8 *b)
{
	Mask8		moving = ~(Mask8) {0};

	for (int j = 0; j < k; j++)
	{
		x[j] = (ShopperDouble8) {0};
		g[j] = -b[j];
	}
	for (int round = 0; round < SHOPPER_NMF_PASSES; round++)
	{
		ShopperDouble8 longest = {0},
					largest = {0};
		int64_t		any = 0;

		for (int j = 0; j < k; j++)
		{
			ShopperDouble8 next = x[j] - inverse[j] * g[j],
						step,
						size;

			next = (ShopperDouble8) ((Mask8) next & (Mask8) (next > 0));	/* at least 0 */
			step = (ShopperDouble8) ((Mask8) (next - x[j]) & moving);
			x[j] += step;
			for (int i = 0; i < k; i++)
				g[i] += A[j * wide + i] * step;
			size = (ShopperDouble8) ((Mask8) step & INT64_MAX);
			longest = (ShopperDouble8) (((Mask8) size & (Mask8) (size > longest)) | ((Mask8) longest & ~(Mask8) (size > longest)));
			largest = (ShopperDouble8) (((Mask8) x[j] & (Mask8) (x[j] > largest)) | ((Mask8) largest & ~(Mask8) (x[j] > largest)));
		}
		moving &= (Mask8) (longest > SHOPPER_NMF_TOLERANCE * largest);
		for (int lane = 0; lane < 8; lane++)
			any |= moving[lane];
		if (any == 0)
			return;
	}
}

/* out[j][lane] = sum of value times the rows of F, in double beyond few lines. */
static void
sum_lane(const ShopperFactors *f, const ShopperLine *line, int64_t n, ShopperDouble8 *out, int lane, float *work)
{
	for (int j = 0; j < f->factors; j++)
		out[j][lane] = 0;
	for (int64_t from = 0; from < n; from += BATCH)
	{
		sum_rows(f->item_factor, f->stride, line + from, n - from < BATCH ? n - from : BATCH, work);
		for (int j = 0; j < f->factors; j++)
			out[j][lane] += work[j];
	}
}

static void
solve_users(Fit *t, int shard, int64_t from, int64_t to)
{
	ShopperFactors *f = t->f;
	const int64_t *start = t->lines->start;
	int			k = f->factors;
	ShopperDouble8 *x = t->lanes + (int64_t) shard * 3 * k,
			   *g = x + k,
			   *b = g + k;

	memset(b, 0, (size_t) k * sizeof(*b));
	for (int64_t u = from; u < to; u++)
		sum_lane(f, t->lines->line + start[u], start[u + 1] - start[u], b, (int) (u - from), t->work + (int64_t) shard * 3 * BLOCK * f->stride);
	solve_lanes(t->full, t->inverse, shopper_gram_stride(k), k, x, g, b);
	for (int64_t u = from; u < to; u++)
		for (int j = 0; j < k; j++)
		{
			f->user_factor[u * f->stride + j] = (float) x[j][u - from];
			t->part[shard] += b[j][u - from] * f->user_factor[u * f->stride + j];
		}
}

/* ---- halves ---- */

static void
users_shard(void *arg, int shard)
{
	Fit		   *t = arg;
	int			block = t->solve ? 8 : BLOCK;

	for (int64_t from = t->from + block * shard; from < t->to; from += block * SHARDS)
		(t->solve ? solve_users : users_block) (t, shard, from, from + block < t->to ? from + block : t->to);
}

static void
items_shard(void *arg, int shard)
{
	Fit		   *t = arg;

	for (int64_t from = t->from + BLOCK * shard; from < t->to; from += BLOCK * SHARDS)
		items_block(t, shard, from, from + BLOCK < t->to ? from + BLOCK : t->to);
}

/* What the shards have added up goes to the totals. */
SHOPPER_CLONES static void
collect_shard(void *arg, int shard)
{
	Fit		   *t = arg;
	int64_t		size = t->f->events.item.n * t->f->stride,
				from,
				to;

	shopper_shard_range(size, SHARDS, shard, &from, &to);
	for (int64_t end; from < to; from = end)
	{
		double	   *total = t->total + from;

		end = from + PIECE < to ? from + PIECE : to;
		for (int s = 0; s < SHARDS; s++)
		{
			float	   *sum = t->sum + s * size + from;

			for (int64_t i = 0; i < end - from; i++)
				total[i] += sum[i];
			memset(sum, 0, (size_t) (end - from) * sizeof(float));
		}
	}
}

/* The matrix of a half's rows from the other side's products. */
static void
take_matrix(Fit *t, const double *gram)
{
	int			k = t->f->factors,
				wide = shopper_gram_stride(k);

	for (int j = 0; j < k; j++)
	{
		double		diagonal = gram[j * (wide + 1)] + t->f->lambda;

		for (int i = j; i < k; i++)
			t->full[j * wide + i] = t->full[i * wide + j] = i == j ? diagonal : gram[j * wide + i];
		t->inverse[j] = diagonal > 0 ? 1 / diagonal : 0;
		t->inverse32[j] = isfinite((float) t->inverse[j]) ? (float) t->inverse[j] : 0;
	}
	for (int j = 0; j < k; j++)
		for (int i = 0; i < k; i++)
			t->matrix[j * k + i] = (float) t->full[j * wide + i];
	memset(t->part, 0, sizeof(t->part));
}

static ShopperStatus
users_half(ShopperEnv *env, Fit *t)
{
	double		k = t->f->factors;
	const int64_t *start = t->lines->start;

	take_matrix(t, t->f->gram);
	if (!t->solve)
		memset(t->total, 0, (size_t) (t->f->events.item.n * t->f->stride) * sizeof(double));
	for (t->from = 0; t->from < t->lines->rows; t->from = t->to)
	{
		double		cost = 0;

		for (t->to = t->from; t->to < t->lines->rows && cost < CHUNK_COST; t->to++)
			cost += (double) (start[t->to + 1] - start[t->to]) * (k + 8) + (t->solve ? 60 : 2) * k * k;
		SHOPPER_TRY(shopper_poll(env));
		shopper_parallel(env, SHARDS, users_shard, t);
		if (!t->solve)
			shopper_parallel(env, SHARDS, collect_shard, t);
	}
	return SHOPPER_OK;
}

static ShopperStatus
items_half(ShopperEnv *env, Fit *t)
{
	int64_t		items = t->f->events.item.n,
				step = (int64_t) (CHUNK_COST / ((double) t->f->factors * t->f->factors * 2)) + BLOCK * SHARDS;

	take_matrix(t, t->user_gram);
	for (t->from = 0; t->from < items; t->from = t->to)
	{
		t->to = t->from + step < items ? t->from + step : items;
		SHOPPER_TRY(shopper_poll(env));
		shopper_parallel(env, SHARDS, items_shard, t);
	}
	return SHOPPER_OK;
}

/*
 * The objective, |X|^2 being `all`: 1/2 |X|^2 - sum of b'x of the half that came last + 1/2 <W'W, H'H>, and the
 * penalty.
 */
static double
objective(const Fit *t, double all)
{
	int			k = t->f->factors,
				wide = shopper_gram_stride(k);
	const double *H = t->f->gram,
			   *W = t->user_gram;
	double		loss = all / 2;

	for (int shard = 0; shard < SHARDS; shard++)
		loss -= t->part[shard];
	for (int j = 0; j < k; j++)
	{
		loss += W[j * (wide + 1)] * H[j * (wide + 1)] / 2 + t->f->lambda / 2 * (W[j * (wide + 1)] + H[j * (wide + 1)]);
		for (int i = j + 1; i < k; i++)
			loss += W[j * wide + i] * H[j * wide + i];
	}
	return loss;
}

static ShopperStatus
alloc_fit(ShopperEnv *env, Fit *t)
{
	ShopperFactors *f = t->f;
	int64_t		size = (int64_t) f->factors * shopper_gram_stride(f->factors),
				sums = f->events.item.n * f->stride;

	SHOPPER_NEW(env, f->gram, size);
	SHOPPER_NEW(env, t->user_gram, size);
	SHOPPER_NEW(env, t->full, size);
	SHOPPER_NEW(env, t->inverse, f->factors);
	SHOPPER_NEW(env, t->matrix, f->factors * f->factors);
	SHOPPER_NEW(env, t->inverse32, f->factors);
	SHOPPER_NEW0(env, t->sum, SHARDS * sums);
	SHOPPER_NEW(env, t->total, sums);
	SHOPPER_TRY(shopper_factor_rows(env, SHARDS * 3 * BLOCK, f->stride, &t->work));
	return shopper_factor_lanes(env, (int64_t) SHARDS * 3 * f->factors, &t->lanes);
}

ShopperStatus
shopper_nmf_fit_events(ShopperEnv *env, ShopperModel *model, ShopperFactors *f, const ShopperLines *lines, int64_t iterations)
{
	Fit			t = {.f = f,.lines = lines};
	double		all = 0;

	SHOPPER_TRY(alloc_fit(env, &t));
	SHOPPER_TRY(shopper_gram(env, f->item_factor, f->events.item.n, f->factors, f->stride, f->gram));
	for (int64_t i = 0; i < lines->start[lines->rows]; i++)
		all += (double) lines->line[i].value * lines->line[i].value;
	for (int64_t step = 1; step <= iterations + 1; step++)
	{
		t.solve = step > iterations;
		SHOPPER_TRY(users_half(env, &t));
		SHOPPER_TRY(shopper_gram(env, f->user_factor, f->events.user.n, f->factors, f->stride, t.user_gram));
		if (!t.solve)
		{
			SHOPPER_TRY(items_half(env, &t));
			SHOPPER_TRY(shopper_gram(env, f->item_factor, f->events.item.n, f->factors, f->stride, f->gram));
		}
		f->loss = objective(&t, all);
		if (!t.solve)
			SHOPPER_TRY(shopper_add_step(env, model, step, "train_loss", f->loss));
		shopper_progress(env, "iteration", step, iterations + 1, f->loss);
	}
	shopper_release(env, t.user_gram);
	shopper_release(env, t.full);
	shopper_release(env, t.inverse);
	shopper_release(env, t.matrix);
	shopper_release(env, t.inverse32);
	shopper_release(env, t.sum);
	shopper_release(env, t.total);
	return SHOPPER_OK;
}
