/*
 * truncated.c: svd(method => 'truncated'), the truncated singular value decomposition
 * X = U S V' of the whole user x item matrix, cells without an event being 0 (PureSVD;
 * Cremonesi, Koren and Turrin 2010). Users are x_u V, items V, scores x_u V V'.
 *
 * V comes from block Krylov spaces (Golub and Underwood 1977; Musco and Musco 2015, "Randomized
 * block Krylov methods") with a few more vectors than wanted, from a random start: each round
 * builds V, X'X V, (X'X)^2 V ... in orthonormal blocks, takes the eigenvectors of X'X within
 * them, and goes on from the first ones, until X'X v = s^2 v holds for all that are wanted. In
 * double; every row has one owner and sums over rows run over fixed shards.
 */
#include <math.h>
#include <string.h>

#include "../../core/dense.h"
#include "../../core/eigen.h"
#include "../../core/hash.h"
#include "../../core/threads.h"
#include "factors.h"

#define SHARDS 16
#define CHUNK_COST 1e7			/* multiplications between polls */
#define MORE 8					/* vectors beyond those wanted, at least; at most half as many as wanted, or MOST_MORE */
#define MOST_MORE 30
#define BLOCKS 6				/* of a Krylov space, at most: */
#define MOST_WIDTH 320			/* so many vectors, and */
#define MOST_BYTES 5e8			/* so much memory */
#define MOST_PRODUCTS 60		/* of X'X with a block: what has not converged by then has neighbours that are hardly smaller */
#define TOLERANCE 1e-7			/* of |X'X v - s^2 v| beside s^2 */
#define STREAM_START 21

typedef struct Subspace
{
	const ShopperLines *by_user;
	const ShopperLines *by_item;
	int64_t		items;
	int			n;				/* vectors of a block */
	int			blocks;
	double	   *K[BLOCKS];		/* (items, n) the space: orthonormal; K[0] is V */
	double	   *A[BLOCKS];		/* (items, n) X'X K */
	double	   *V;				/* (items, n) the best vectors of the space, and */
	double	   *Z;				/* (items, n) X'X V */
	double	   *Y;				/* (users, n) X K */
	double	   *value;			/* (blocks n) squares of the singular values */
	double	   *turn;			/* (blocks n, blocks n) */
	double	   *H;				/* (blocks n, blocks n) */
	double	   *G;				/* (n, n) */
	double	   *partial;		/* (SHARDS, n, n) */
	/* of one step */
	const ShopperLines *lines;
	const double *from;
	double	   *to;
	const double *left;
	const double *right;
	int64_t		first,
				last;
} Subspace;

/* ---- products ---- */

/* Rows of to = lines times from. */
static void
lines_shard(void *arg, int shard)
{
	Subspace   *s = arg;

	for (int64_t row = s->first + shard; row < s->last; row += SHARDS)
	{
		double	   *to = s->to + row * s->n;

		memset(to, 0, (size_t) s->n * sizeof(double));
		for (int64_t i = s->lines->start[row]; i < s->lines->start[row + 1]; i++)
			shopper_add_doubles(to, s->from + (int64_t) s->lines->line[i].code * s->n, s->n, s->lines->line[i].value);
	}
}

static ShopperStatus
times_lines(ShopperEnv *env, Subspace *s, const ShopperLines *lines, const double *from, double *to)
{
	s->lines = lines;
	s->from = from;
	s->to = to;
	for (s->first = 0; s->first < lines->rows; s->first = s->last)
	{
		double		cost = 0;

		for (s->last = s->first; s->last < lines->rows && cost < CHUNK_COST; s->last++)
			cost += (double) (lines->start[s->last + 1] - lines->start[s->last] + 1) * s->n;
		SHOPPER_TRY(shopper_poll(env));
		shopper_parallel(env, SHARDS, lines_shard, s);
	}
	return SHOPPER_OK;
}

static void
cross_shard(void *arg, int shard)
{
	Subspace   *s = arg;
	double	   *sum = s->partial + (int64_t) shard * s->n * s->n;
	int64_t		from,
				to;

	shopper_shard_range(s->last - s->first, SHARDS, shard, &from, &to);
	for (int64_t row = s->first + from; row < s->first + to; row++)
		for (int a = 0; a < s->n; a++)
			shopper_add_doubles(sum + a * s->n, s->right + row * s->n, s->n, s->left[row * s->n + a]);
}

/* G = left' right over rows of items */
static ShopperStatus
cross(ShopperEnv *env, Subspace *s, const double *left, const double *right, double *G)
{
	int64_t		size = (int64_t) s->n * s->n,
				step = (int64_t) (CHUNK_COST / (double) size) + SHARDS;

	memset(s->partial, 0, (size_t) (SHARDS * size) * sizeof(double));
	s->left = left;
	s->right = right;
	for (s->first = 0; s->first < s->items; s->first = s->last)
	{
		s->last = s->first + step < s->items ? s->first + step : s->items;
		SHOPPER_TRY(shopper_poll(env));
		shopper_parallel(env, SHARDS, cross_shard, s);
	}
	memset(G, 0, (size_t) size * sizeof(double));
	for (int shard = 0; shard < SHARDS; shard++)
		shopper_add_doubles(G, s->partial + shard * size, (int) size, 1);
	return SHOPPER_OK;
}

static void
combine_shard(void *arg, int shard)
{
	Subspace   *s = arg;

	for (int64_t item = s->first + shard; item < s->last; item += SHARDS)
		for (int a = 0; a < s->n; a++)
			shopper_add_doubles(s->to + item * s->n, s->left + a * s->n, s->n, s->from[item * s->n + a]);
}

/* to (items, n) += from (items, n) times M (n, n) */
static ShopperStatus
combine(ShopperEnv *env, Subspace *s, double *to, const double *from, const double *M)
{
	int64_t		step = (int64_t) (CHUNK_COST / ((double) s->n * s->n)) + SHARDS;

	s->to = to;
	s->from = from;
	s->left = M;
	for (s->first = 0; s->first < s->items; s->first = s->last)
	{
		s->last = s->first + step < s->items ? s->first + step : s->items;
		SHOPPER_TRY(shopper_poll(env));
		shopper_parallel(env, SHARDS, combine_shard, s);
	}
	return SHOPPER_OK;
}

/*
 * Orthonormal columns that span those of rows: Cholesky's factor of their products, twice, since once
 * leaves a trace of their condition. Columns that depend on others become 0.
 */
static ShopperStatus
orthonormal(ShopperEnv *env, Subspace *s, double *rows)
{
	bool	   *skip;
	double	   *inverse,
			   *old;
	int			n = s->n;

	SHOPPER_NEW(env, skip, n);
	SHOPPER_NEW(env, inverse, n * n);
	SHOPPER_NEW(env, old, s->items * n);
	for (int round = 0; round < 2; round++)
	{
		SHOPPER_TRY(cross(env, s, rows, rows, s->G));
		SHOPPER_TRY(shopper_cholesky(env, s->G, n, 1e-13, skip, NULL));
		memset(inverse, 0, (size_t) n * (size_t) n * sizeof(double));
		for (int j = 0; j < n; j++)	/* column j of L^-1 is row j of its transpose */
		{
			double	   *x = inverse + j * n;

			if (skip[j])
				continue;
			for (int i = j; i < n; i++)
				x[i] = skip[i] ? 0 : ((i == j) - shopper_dot(s->G + i * n + j, x + j, i - j)) / s->G[i * n + i];
		}
		memcpy(old, rows, (size_t) (s->items * n) * sizeof(double));
		memset(rows, 0, (size_t) (s->items * n) * sizeof(double));
		SHOPPER_TRY(combine(env, s, rows, old, inverse));
	}
	shopper_release(env, skip);
	shopper_release(env, inverse);
	shopper_release(env, old);
	return SHOPPER_OK;
}

/* ---- the iteration ---- */

static ShopperStatus
start(ShopperEnv *env, Subspace *s, const ShopperFactors *f, const ShopperFactors *previous)
{
	for (int64_t item = 0; item < s->items; item++)
	{
		int64_t		old = previous != NULL ? shopper_find_same(&previous->events.item, &f->events.item, item) : -1;
		uint64_t	hash = shopper_hash_add(env->seed, shopper_dictionary_hash(&f->events.item, item));

		for (int j = 0; j < s->n; j++)
			s->K[0][item * s->n + j] = previous != NULL && j < previous->factors
				? old >= 0 ? previous->item_factor[old * previous->stride + j] : 0
				: shopper_normal(hash, STREAM_START, (uint64_t) j);
		if (item % 1024 == 0)
			SHOPPER_TRY(shopper_poll(env));
	}
	return orthonormal(env, s, s->K[0]);
}

static void
column_squares(const Subspace *s, const double *rows, double *squares)
{
	memset(squares, 0, (size_t) s->n * sizeof(double));
	for (int64_t item = 0; item < s->items; item++)
		for (int j = 0; j < s->n; j++)
			squares[j] += rows[item * s->n + j] * rows[item * s->n + j];
}

/*
 * The part of a block that lies in the blocks before it is taken out, twice, since once leaves a trace; what
 * remains becomes orthonormal. A column of which only rounding remains becomes 0.
 */
static ShopperStatus
leave_out(ShopperEnv *env, Subspace *s, int k)
{
	double	   *whole,
			   *rest;

	SHOPPER_NEW(env, whole, s->n);
	SHOPPER_NEW(env, rest, s->n);
	column_squares(s, s->K[k], whole);
	for (int round = 0; round < 2; round++)
		for (int j = 0; j < k; j++)
		{
			SHOPPER_TRY(cross(env, s, s->K[j], s->K[k], s->G));
			for (int i = 0; i < s->n * s->n; i++)
				s->G[i] = -s->G[i];
			SHOPPER_TRY(combine(env, s, s->K[k], s->K[j], s->G));
		}
	column_squares(s, s->K[k], rest);
	for (int j = 0; j < s->n; j++)
		if (!(rest[j] > 1e-20 * whole[j]))
			for (int64_t item = 0; item < s->items; item++)
				s->K[k][item * s->n + j] = 0;
	shopper_release(env, whole);
	shopper_release(env, rest);
	return orthonormal(env, s, s->K[k]);
}

/* Columns before those that differ in size are brought near 1. */
static void
level_columns(const Subspace *s, double *rows)
{
	for (int64_t item = 0; item < s->items; item++)
		for (int j = 0; j < s->n; j++)
			rows[item * s->n + j] /= s->value[j] > 1e-12 * s->value[0] ? s->value[j] : 1;
}

static ShopperStatus
build_space(ShopperEnv *env, Subspace *s, bool first)
{
	int			width = s->blocks * s->n;

	for (int k = 0; k < s->blocks; k++)
	{
		SHOPPER_TRY(times_lines(env, s, s->by_user, s->K[k], s->Y));
		SHOPPER_TRY(times_lines(env, s, s->by_item, s->Y, s->A[k]));
		for (int j = 0; j <= k; j++)
		{
			SHOPPER_TRY(cross(env, s, s->K[j], s->A[k], s->G));
			for (int a = 0; a < s->n; a++)
				for (int b = 0; b < s->n; b++)
				{
					double		x = s->G[a * s->n + b];

					if (j == k)
						x = (x + s->G[b * s->n + a]) / 2;
					s->H[(size_t) (j * s->n + a) * (size_t) width + (size_t) (k * s->n + b)] = x;
					s->H[(size_t) (k * s->n + b) * (size_t) width + (size_t) (j * s->n + a)] = x;
				}
		}
		if (k + 1 == s->blocks)
			break;
		memcpy(s->K[k + 1], s->A[k], (size_t) (s->items * s->n) * sizeof(double));
		if (k == 0 && !first)
			level_columns(s, s->K[1]);
		SHOPPER_TRY(leave_out(env, s, k + 1));
	}
	return SHOPPER_OK;
}

/* The best vectors of the space; the largest |X'X v - s^2 v| / s^2 of the first `wanted`. */
static ShopperStatus
round_of(ShopperEnv *env, Subspace *s, int wanted, bool first, double *error)
{
	int			n = s->n,
				width = s->blocks * n;
	size_t		block = (size_t) (s->items * n) * sizeof(double);
	double	   *rest;

	SHOPPER_TRY(build_space(env, s, first));
	SHOPPER_TRY(shopper_eigen(env, s->H, width, s->value, s->turn));
	memset(s->V, 0, block);
	memset(s->Z, 0, block);
	for (int k = 0; k < s->blocks; k++)
	{
		for (int a = 0; a < n; a++)	/* vectors by column */
			for (int b = 0; b < n; b++)
				s->G[b * n + a] = s->turn[(size_t) a * (size_t) width + (size_t) (k * n + b)];
		SHOPPER_TRY(combine(env, s, s->V, s->K[k], s->G));
		SHOPPER_TRY(combine(env, s, s->Z, s->A[k], s->G));
	}
	SHOPPER_NEW0(env, rest, n);
	for (int64_t item = 0; item < s->items; item++)
	{
		if (item % 1024 == 0)
			SHOPPER_TRY(shopper_poll(env));
		for (int j = 0; j < n; j++)
		{
			double		gap = s->Z[item * n + j] - s->value[j] * s->V[item * n + j];

			rest[j] += gap * gap;
		}
	}
	*error = 0;
	for (int j = 0; j < wanted; j++)
		if (s->value[j] > 1e-12 * s->value[0])
			*error = fmax(*error, sqrt(rest[j]) / s->value[j]);
	shopper_release(env, rest);
	return SHOPPER_OK;
}

/* The next space begins with the best vectors of this one. */
static ShopperStatus
go_on(ShopperEnv *env, Subspace *s)
{
	double	   *swap = s->K[0];

	s->K[0] = s->V;
	s->V = swap;
	return orthonormal(env, s, s->K[0]);
}

/* Singular values, items with their largest loading positive, users. */
static ShopperStatus
take(ShopperEnv *env, const Subspace *s, ShopperFactors *f, const ShopperLines *lines)
{
	for (int j = 0; j < f->factors && j < s->n; j++)
	{
		int64_t		top = 0;
		bool		real = s->value[j] > 1e-12 * s->value[0];

		f->singular[j] = real ? sqrt(s->value[j]) : 0;
		for (int64_t item = 0; item < s->items; item++)
			if (fabs(s->V[item * s->n + j]) > fabs(s->V[top * s->n + j]))
				top = item;
		for (int64_t item = 0; item < s->items && real; item++)
			f->item_factor[item * f->stride + j] = (float) (s->V[top * s->n + j] < 0 ? -s->V[item * s->n + j] : s->V[item * s->n + j]);
		SHOPPER_TRY(shopper_poll(env));
	}
	for (int64_t user = 0; user < lines->rows; user++)
	{
		SHOPPER_TRY(shopper_project(env, f, lines->line + lines->start[user], lines->start[user + 1] - lines->start[user],
									f->user_factor + user * f->stride));
		if (user % 256 == 0)
			SHOPPER_TRY(shopper_poll(env));
	}
	return SHOPPER_OK;
}

ShopperStatus
shopper_project(ShopperEnv *env, const ShopperFactors *f, const ShopperLine *line, int64_t n, float *x)
{
	double		sum[SHOPPER_MAX_FACTORS] = {0};

	for (int64_t i = 0; i < n; i++)
	{
		const float *row = f->item_factor + (int64_t) line[i].code * f->stride;

		for (int j = 0; j < f->factors; j++)
			sum[j] += (double) line[i].value * row[j];
		if (i % 4096 == 4095)
			SHOPPER_TRY(shopper_poll(env));
	}
	for (int j = 0; j < f->factors; j++)
		x[j] = (float) sum[j];
	return SHOPPER_OK;
}

/* More blocks converge in fewer products with X; they cost memory and an eigenproblem of all of them. */
static int
choose_blocks(int n, int64_t items)
{
	int			blocks = BLOCKS;

	while (blocks > 2 && (blocks * n > MOST_WIDTH || (double) items * n * 2 * blocks * sizeof(double) > MOST_BYTES || (int64_t) (blocks - 1) * n >= items))
		blocks--;
	return n == items ? 1 : blocks;
}

ShopperStatus
shopper_truncated_fit(ShopperEnv *env, ShopperModel *model, ShopperFactors *f, const ShopperLines *lines, const ShopperFactors *previous)
{
	int64_t		most = f->events.user.n < f->events.item.n ? f->events.user.n : f->events.item.n,
				more = f->factors / 2 < MORE ? MORE : f->factors / 2 < MOST_MORE ? f->factors / 2 : MOST_MORE,
				size;
	Subspace	s = {.by_user = lines,.items = f->events.item.n};
	ShopperLines by_item;
	double		error = INFINITY,
				squares = 0;

	s.n = (int) (f->factors + more < most ? f->factors + more : most);
	s.blocks = choose_blocks(s.n, s.items);
	size = (int64_t) s.n * s.n;
	SHOPPER_TRY(shopper_lines_transpose(env, lines, s.items, &by_item));
	s.by_item = &by_item;
	SHOPPER_NEW(env, s.V, s.items * s.n);
	SHOPPER_NEW(env, s.Y, lines->rows * s.n);
	SHOPPER_NEW(env, s.Z, s.items * s.n);
	for (int k = 0; k < s.blocks; k++)
	{
		SHOPPER_NEW(env, s.K[k], s.items * s.n);
		SHOPPER_NEW(env, s.A[k], s.items * s.n);
	}
	SHOPPER_NEW(env, s.value, s.blocks * s.n);
	SHOPPER_NEW(env, s.turn, s.blocks * s.blocks * size);
	SHOPPER_NEW(env, s.H, s.blocks * s.blocks * size);
	SHOPPER_NEW(env, s.G, size);
	SHOPPER_NEW(env, s.partial, SHARDS * size);
	SHOPPER_TRY(start(env, &s, f, previous));
	for (f->epochs = 1;; f->epochs++)
	{
		SHOPPER_TRY(round_of(env, &s, f->factors < s.n ? f->factors : s.n, f->epochs == 1, &error));
		SHOPPER_TRY(shopper_add_step(env, model, f->epochs, "residual", error));
		shopper_progress(env, "round", f->epochs, MOST_PRODUCTS / s.blocks, error);
		if (error <= TOLERANCE || (f->epochs + 1) * s.blocks > MOST_PRODUCTS)
			break;
		SHOPPER_TRY(go_on(env, &s));
	}
	if (error > TOLERANCE)
		shopper_notice(env, "svd: after %lld rounds the last of %d factors is known to %.1g only", (long long) f->epochs, f->factors, error);
	f->best_epoch = f->epochs;
	SHOPPER_TRY(take(env, &s, f, lines));
	for (int64_t i = 0; i < lines->start[lines->rows]; i++)
		squares += (double) lines->line[i].value * lines->line[i].value;
	for (int j = 0; j < f->factors; j++)
		squares -= f->singular[j] * f->singular[j];
	f->loss = fmax(squares, 0);
	model->n_train = lines->start[lines->rows];
	for (int k = 0; k < s.blocks; k++)
	{
		shopper_release(env, s.K[k]);
		shopper_release(env, s.A[k]);
	}
	shopper_release(env, s.V);
	shopper_release(env, s.Y);
	shopper_release(env, s.Z);
	shopper_release(env, s.partial);
	shopper_release(env, by_item.start);
	shopper_release(env, by_item.line);
	return shopper_add_metric(env, model, "train", "loss", f->loss);
}
