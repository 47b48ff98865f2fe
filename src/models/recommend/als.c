/*
 * als.c: the implicit form (Hu, Koren and Volinsky 2008, "Collaborative filtering
 * for implicit feedback datasets"): minimize over all users u and items i
 *
 *     sum c_ui (p_ui - x_u.y_i)^2 + lambda (sum |x_u|^2 + sum |y_i|^2)
 *
 * with p = 1 and c = 1 + alpha w where there is an event of weight w, else p = 0 and
 * c = 1, by alternating steps: each row exactly, or by a few conjugate gradient steps
 * from where it stands (Takacs, Pilaszy and Tikk 2011), several times faster from 64
 * factors on. Each row has one owner and Gram matrices are summed over fixed shards,
 * so the number of threads changes nothing. The last step is an exact one of the
 * users: their rows equal what fold-in of the same items gives.
 */
#include "factors.h"

#include <string.h>

#include "../../core/threads.h"

#define SHARDS 16				/* fixed: they decide the order of sums */
#define CHUNK_COST 3e7			/* multiplications between polls, about 10 ms of one core */
#define BATCH 256				/* lines handed to a kernel in one call */

/* ---- Gram matrix ---- */

typedef struct GramJob
{
	const float *F;
	int64_t		from,
				to;
	int			factors;
	int			stride;
	double	   *partial;		/* (SHARDS, size) */
	int64_t		size;
} GramJob;

static void
gram_shard(void *arg, int shard)
{
	GramJob    *job = arg;
	int64_t		from,
				to;

	shopper_shard_range(job->to - job->from, SHARDS, shard, &from, &to);
	shopper_factor_kernels(-1)->rank_update(job->partial + shard * job->size, NULL, job->factors,
											job->F + (job->from + from) * job->stride, job->stride, NULL, NULL, NULL, to - from);
}

ShopperStatus
shopper_gram(ShopperEnv *env, const float *F, int64_t rows, int factors, int stride, double *gram)
{
	GramJob		job = {.F = F,.factors = factors,.stride = stride};
	int64_t		step = (int64_t) (2 * CHUNK_COST / ((double) factors * factors)) + 1;

	job.size = (int64_t) factors * shopper_gram_stride(factors);
	SHOPPER_NEW0(env, job.partial, SHARDS * job.size);
	for (job.from = 0; job.from < rows; job.from = job.to)
	{
		job.to = job.from + step < rows ? job.from + step : rows;
		SHOPPER_TRY(shopper_poll(env));
		shopper_parallel(env, SHARDS, gram_shard, &job);
	}
	memset(gram, 0, (size_t) job.size * sizeof(double));
	for (int shard = 0; shard < SHARDS; shard++)
		for (int64_t i = 0; i < job.size; i++)
			gram[i] += job.partial[shard * job.size + i];
	shopper_release(env, job.partial);
	return SHOPPER_OK;
}

/* ---- one row ---- */

static void
row_begin(const ShopperFactors *f, const double *gram, double *A, double *b)
{
	int			wide = shopper_gram_stride(f->factors);

	memcpy(A, gram, (size_t) f->factors * (size_t) wide * sizeof(double));
	memset(b, 0, (size_t) wide * sizeof(double));
	for (int j = 0; j < f->factors; j++)
		A[j * (wide + 1)] += f->lambda;
}

/* A line of weight 0 says nothing: its item counts like one without an event. */
static void
row_add(const ShopperFactors *f, const float *F, const ShopperLine *line, int64_t n, double *A, double *b)
{
	int32_t		row[BATCH];
	double		weight[BATCH],
				target[BATCH];

	for (int64_t from = 0; from < n; from += BATCH)
	{
		int			m = (int) (n - from < BATCH ? n - from : BATCH);

		for (int i = 0; i < m; i++)
		{
			row[i] = line[from + i].code;
			weight[i] = f->alpha * line[from + i].value;
			target[i] = line[from + i].value > 0 ? 1 + weight[i] : 0;
		}
		shopper_factor_kernels(-1)->rank_update(A, b, f->factors, F, f->stride, row, weight, target, m);
	}
}

static bool
row_end(const ShopperFactors *f, double *A, double *b, float *x)
{
	if (!shopper_factor_kernels(-1)->solve(A, b, f->factors))
		return false;
	for (int j = 0; j < f->factors; j++)
		x[j] = (float) b[j];
	return true;
}

void
shopper_als_system(const ShopperFactors *f, const float *F, const double *gram, const ShopperLine *line, int64_t n, double *A, double *b)
{
	row_begin(f, gram, A, b);
	row_add(f, F, line, n, A, b);
}

bool
shopper_als_row(const ShopperFactors *f, const float *F, const double *gram, const ShopperLine *line, int64_t n,
				double *A, double *b, float *x)
{
	shopper_als_system(f, F, gram, line, n, A, b);
	return row_end(f, A, b, x);
}

/* ---- all rows of one side ---- */

typedef struct Half
{
	const ShopperFactors *f;
	const float *F;				/* the other side */
	const double *gram;			/* of the other side */
	const ShopperLines *lines;
	float	   *out;
	ShopperCg	cg;				/* steps 0: exact */
	float	   *M;				/* cg.M, filled by half_step() */
	int64_t		from,
				to;
	double	   *A;				/* (SHARDS, factors, wide) */
	double	   *b;				/* (SHARDS, wide) */
	bool		failed[SHARDS];
} Half;

static void
half_shard(void *arg, int shard)
{
	Half	   *h = arg;
	int			wide = shopper_gram_stride(h->f->factors);
	double	   *A = h->A + (int64_t) shard * h->f->factors * wide;
	double	   *b = h->b + (int64_t) shard * wide;
	int64_t		from,
				to;

	shopper_shard_range(h->to - h->from, SHARDS, shard, &from, &to);
	for (int64_t r = h->from + from; r < h->from + to; r++)
	{
		int64_t		start = h->lines->start[r],
					n = h->lines->start[r + 1] - start;
		float	   *x = h->out + r * h->f->stride;

		if (n == 0)
			memset(x, 0, (size_t) h->f->stride * sizeof(float));
		else if (h->cg.steps > 0)
			shopper_factor_kernels(-1)->cg(&h->cg, h->lines->line + start, n, x);
		else if (!shopper_als_row(h->f, h->F, h->gram, h->lines->line + start, n, A, b, x))
			h->failed[shard] = true;
	}
}

/* A row with very many lines: alone, in pieces with polls between. */
static ShopperStatus
long_row(ShopperEnv *env, Half *h, int64_t r, int64_t piece)
{
	int64_t		end = h->lines->start[r + 1];

	row_begin(h->f, h->gram, h->A, h->b);
	for (int64_t from = h->lines->start[r]; from < end; from += piece)
	{
		SHOPPER_TRY(shopper_poll(env));
		row_add(h->f, h->F, h->lines->line + from, from + piece < end ? piece : end - from, h->A, h->b);
	}
	if (!row_end(h->f, h->A, h->b, h->out + r * h->f->stride))
		h->failed[0] = true;
	return SHOPPER_OK;
}

/* The Gram matrix as conjugate gradients read it: single precision, both halves, lambda added. */
static void
fill_cg(Half *h)
{
	const ShopperFactors *f = h->f;
	int			wide = shopper_gram_stride(f->factors);

	for (int j = 0; j < f->factors; j++)
		for (int i = j; i < f->factors; i++)
			h->M[j * f->stride + i] = h->M[i * f->stride + j] =
				(float) (h->gram[j * wide + i] + (i == j ? f->lambda : 0));
	h->cg.M = h->M;
	h->cg.F = h->F;
	h->cg.factors = f->factors;
	h->cg.stride = f->stride;
	h->cg.alpha = (float) f->alpha;
}

static ShopperStatus
half_step(ShopperEnv *env, Half *h, int cg_steps)
{
	double		k = h->f->factors;
	double		line_cost = cg_steps > 0 ? (cg_steps + 1) * (k + 30) : k * k / 2 + 4 * k,
				row_cost = cg_steps > 0 ? (cg_steps + 1) * k * k / 2 : k * k * k / 6 + 2 * k * k;
	int64_t		piece = (int64_t) (CHUNK_COST / line_cost / BATCH + 1) * BATCH;
	const int64_t *start = h->lines->start;

	memset(h->failed, 0, sizeof(h->failed));
	h->cg.steps = cg_steps;
	if (cg_steps > 0)
		fill_cg(h);
	for (h->from = 0; h->from < h->lines->rows; h->from = h->to)
	{
		double		cost = 0;

		for (h->to = h->from; h->to < h->lines->rows && start[h->to + 1] - start[h->to] <= piece && cost < CHUNK_COST; h->to++)
			cost += (double) (start[h->to + 1] - start[h->to]) * line_cost + row_cost;
		SHOPPER_TRY(shopper_poll(env));
		if (h->to > h->from)
			shopper_parallel(env, SHARDS, half_shard, h);
		else
			SHOPPER_TRY(long_row(env, h, h->to++, piece));
	}
	for (int shard = 0; shard < SHARDS; shard++)
		if (h->failed[shard])
		{
			shopper_fail(env, SHOPPER_BAD_DATA, "a system of equations is singular");
			shopper_hint(env, "Raise \"lambda\", or scale the weights.");
			return env->status;
		}
	return SHOPPER_OK;
}

/* ---- objective ---- */

typedef struct LossJob
{
	const ShopperFactors *f;
	const ShopperLines *lines;	/* by user */
	int64_t		from,
				to;
	double		sum[SHARDS];
} LossJob;

/* What the events add to the sum over all pairs of (0 - x.y)^2. */
static void
loss_shard(void *arg, int shard)
{
	LossJob    *job = arg;
	const ShopperFactors *f = job->f;
	const ShopperFactorKernels *kernels = shopper_factor_kernels(-1);
	int64_t		from,
				to;
	double		sum = 0;

	shopper_shard_range(job->to - job->from, SHARDS, shard, &from, &to);
	for (int64_t user = job->from + from; user < job->from + to; user++)
		for (int64_t i = job->lines->start[user]; i < job->lines->start[user + 1]; i++)
		{
			const ShopperLine *line = &job->lines->line[i];
			float		s;

			if (line->value <= 0)
				continue;
			kernels->dots(f->user_factor + user * f->stride, f->item_factor + (int64_t) line->code * f->stride, 1,
						  f->stride, &s);
			sum += (1 + f->alpha * line->value) * (1 - (double) s) * (1 - (double) s) - (double) s * s;
		}
	job->sum[shard] += sum;
}

static ShopperStatus
objective(ShopperEnv *env, const ShopperFactors *f, const ShopperLines *lines, const double *user_gram,
		  const double *item_gram, double *loss)
{
	LossJob		job = {.f = f,.lines = lines};
	int			wide = shopper_gram_stride(f->factors);
	int64_t		step = (int64_t) (CHUNK_COST / 10 / f->stride) + 1;

	for (job.from = 0; job.from < lines->rows; job.from = job.to)
	{
		for (job.to = job.from + 1; job.to < lines->rows && lines->start[job.to] - lines->start[job.from] < step;)
			job.to++;
		SHOPPER_TRY(shopper_poll(env));
		shopper_parallel(env, SHARDS, loss_shard, &job);
	}
	*loss = 0;
	for (int shard = 0; shard < SHARDS; shard++)
		*loss += job.sum[shard];
	for (int j = 0; j < f->factors; j++)	/* sum of all (x.y)^2 = trace of the product of the Gram matrices */
	{
		*loss += f->lambda * (user_gram[j * (wide + 1)] + item_gram[j * (wide + 1)]);
		*loss += user_gram[j * (wide + 1)] * item_gram[j * (wide + 1)];
		for (int i = j + 1; i < f->factors; i++)
			*loss += 2 * user_gram[j * wide + i] * item_gram[j * wide + i];
	}
	return SHOPPER_OK;
}

/* ---- the fit ---- */

ShopperStatus
shopper_als_fit(ShopperEnv *env, ShopperModel *model, ShopperFactors *f, const ShopperLines *lines, int64_t epochs,
				int cg_steps)
{
	int64_t		size = (int64_t) f->factors * shopper_gram_stride(f->factors);
	ShopperLines by_item;
	double	   *user_gram;
	Half		users = {.f = f,.F = f->item_factor,.lines = lines,.out = f->user_factor};
	Half		items = {.f = f,.F = f->user_factor,.out = f->item_factor};

	SHOPPER_TRY(shopper_lines_transpose(env, lines, f->events.item.n, &by_item));
	SHOPPER_NEW(env, f->gram, size);
	SHOPPER_NEW(env, user_gram, size);
	SHOPPER_NEW(env, users.A, SHARDS * size);
	SHOPPER_NEW(env, users.b, SHARDS * shopper_gram_stride(f->factors));
	SHOPPER_TRY(shopper_factor_rows(env, f->factors, f->stride, &users.M));
	items.lines = &by_item;
	items.M = users.M;
	items.A = users.A;
	items.b = users.b;
	users.gram = f->gram;
	items.gram = user_gram;

	SHOPPER_TRY(shopper_gram(env, f->item_factor, f->events.item.n, f->factors, f->stride, f->gram));
	for (int64_t epoch = 0; epoch <= epochs; epoch++)
	{
		if (epoch > 0)
		{
			SHOPPER_TRY(half_step(env, &items, cg_steps));
			SHOPPER_TRY(shopper_gram(env, f->item_factor, f->events.item.n, f->factors, f->stride, f->gram));
		}
		SHOPPER_TRY(half_step(env, &users, epoch < epochs ? cg_steps : 0));
		SHOPPER_TRY(shopper_gram(env, f->user_factor, f->events.user.n, f->factors, f->stride, user_gram));
		SHOPPER_TRY(objective(env, f, lines, user_gram, f->gram, &f->loss));
		if (epoch > 0)
			SHOPPER_TRY(shopper_add_step(env, model, epoch, "train_loss", f->loss));
		shopper_progress(env, "epoch", epoch, epochs, f->loss);
		f->epochs = f->best_epoch = epoch;
	}
	model->n_train = lines->start[lines->rows];
	shopper_release(env, users.A);
	shopper_release(env, users.b);
	shopper_release(env, user_gram);
	return shopper_add_metric(env, model, "train", "loss", f->loss);
}
