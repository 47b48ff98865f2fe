/*
 * inverse.c: the inverse by sweeps (Goodnight 1979, "A tutorial on the SWEEP operator"), a
 * block of rows and columns K at a time: with D = A_KK, V = A_.K and W = V D^-1
 *
 *     A_ij -= W_i V_j',  A_iK = W_i,  A_KK = -D^-1      (i, j outside K)
 *
 * After all blocks A is minus its inverse. That is n^3 operations, as many as of Cholesky's
 * factor and the inverse from it, but nearly all of them are one product of n x B by B x n, of
 * which the lower half is made. It needs no pivots: what is swept stays positive definite.
 *
 * Each element of a product is one chain of fused multiply-adds in rising k, on every processor.
 */
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC optimize("fp-contract=off")
#endif

#include "inverse.h"

#include <math.h>
#include <string.h>

#include "simd.h"
#include "threads.h"

#ifdef SHOPPER_X86_LEVELS
#include <immintrin.h>
#endif

#define WIDTH SHOPPER_INVERSE_PAD	/* columns of a packed panel */
#define ROWS 8					/* rows of a kernel's block; divides WIDTH */
#define BLOCK 192				/* a multiple of WIDTH: rows that are swept together */
#define TALL 96					/* rows of a piece of work; W of them stays in the second cache */
#define PIECE_PANELS 32
#define MOST_PIECES 512
#define CHUNK_COST 2e8			/* multiplications between polls, some milliseconds */

/* c(ROWS, WIDTH) = (add ? c : 0) + a(ROWS, k) b(k, WIDTH) for each block of ROWS of m rows; b is packed */
typedef void (*Product) (int64_t m, int64_t k, const double *a, int64_t lda, const double *b, double *c, int64_t ldc, bool add);

#define PRODUCT(name, target, V, lanes, mr, nv, LOAD, STORE, SET, FMA) \
static target void \
name(int64_t m, int64_t k, const double *a, int64_t lda, const double *b, double *c, int64_t ldc, bool add) \
{ \
	for (int64_t i = 0; i < m; i += (mr)) \
		for (int64_t j = 0; j < WIDTH; j += (nv) * (lanes)) \
		{ \
			V			sum[mr][nv]; \
			_Pragma("GCC unroll 8") \
			for (int r = 0; r < (mr); r++) \
				_Pragma("GCC unroll 8") \
				for (int v = 0; v < (nv); v++) \
					sum[r][v] = add ? LOAD(c + (i + r) * ldc + j + v * (lanes)) : SET(0.0); \
			for (int64_t p = 0; p < k; p++) \
			{ \
				V			row[nv]; \
				_Pragma("GCC unroll 8") \
				for (int v = 0; v < (nv); v++) \
					row[v] = LOAD(b + p * WIDTH + j + v * (lanes)); \
				_Pragma("GCC unroll 8") \
				for (int r = 0; r < (mr); r++) \
				{ \
					V			x = SET(a[(i + r) * lda + p]); \
					_Pragma("GCC unroll 8") \
					for (int v = 0; v < (nv); v++) \
						sum[r][v] = FMA(x, row[v], sum[r][v]); \
				} \
			} \
			_Pragma("GCC unroll 8") \
			for (int r = 0; r < (mr); r++) \
				_Pragma("GCC unroll 8") \
				for (int v = 0; v < (nv); v++) \
					STORE(c + (i + r) * ldc + j + v * (lanes), sum[r][v]); \
		} \
}

#define PLAIN_LOAD(p) (*(p))
#define PLAIN_STORE(p, x) (*(p) = (x))
#define PLAIN_SET(x) (x)
PRODUCT(product_portable,, double, 1, 2, 4, PLAIN_LOAD, PLAIN_STORE, PLAIN_SET, fma)
#ifdef SHOPPER_X86_LEVELS
PRODUCT(product_v3, SHOPPER_V3, __m256d, 4, 4, 3,
		_mm256_loadu_pd, _mm256_storeu_pd, _mm256_set1_pd, _mm256_fmadd_pd)
PRODUCT(product_v4, SHOPPER_V4, __m512d, 8, 8, 3,
		_mm512_loadu_pd, _mm512_storeu_pd, _mm512_set1_pd, _mm512_fmadd_pd)
#endif

static Product
product_of(int level)
{
#ifdef SHOPPER_X86_LEVELS
	if ((level < 0 || level > 1) && shopper_has_v4())
		return product_v4;
	if (level != 0 && shopper_has_v3())
		return product_v3;
#endif
	return product_portable;
}

/* A product of rows by columns: columns [from, to) of panels of each piece of TALL rows. */
typedef struct Piece
{
	int64_t		row,
				rows,
				from,
				to;
} Piece;

typedef struct Sweep
{
	Product		product;
	double	   *a;
	int64_t		n;				/* padded */
	int64_t		k;				/* first of the block */
	int64_t		size;			/* of it */
	double	   *V;				/* (n, size), 0 in the block's own rows */
	double	   *packed;			/* (n / WIDTH, size, WIDTH) V transposed */
	double	   *W;				/* (n, size) -V D^-1 */
	double	   *D;				/* (size, size) minus the inverse of the block, full */
	double	   *packed_D;		/* (size / WIDTH, size, WIDTH) */
	Piece		piece[MOST_PIECES];
	int			pieces;
} Sweep;

/* Minus the inverse of the block, by sweeps of one row each; false: not positive definite. */
static bool
sweep_block(double *d, int64_t size, double *least)
{
	for (int64_t k = 0; k < size; k++)
	{
		double	   *pivot_row = d + k * size;
		double		pivot = pivot_row[k];

		if (!(pivot > least[k] && isfinite(pivot)))
			return false;
		for (int64_t i = 0; i < size; i++)
		{
			double	   *row = d + i * size;
			double		w = row[k] / pivot;

			if (i == k)
				continue;
			for (int64_t j = 0; j < size; j++)
				row[j] -= w * pivot_row[j];
			row[k] = w;
		}
		for (int64_t j = 0; j < size; j++)
			pivot_row[j] /= pivot;
		pivot_row[k] = -1 / pivot;
	}
	return true;
}

/* V by rows: below the block and above it, where only the transposed part is kept. */
static void
gather_shard(void *arg, int shard)
{
	Sweep	   *s = arg;
	int64_t		panel = shard,
				from = panel * WIDTH;
	double	   *packed = s->packed + panel * s->size * WIDTH;

	for (int64_t i = from; i < from + WIDTH; i++)
	{
		double	   *v = s->V + i * s->size;

		if (i >= s->k && i < s->k + s->size)
			memset(v, 0, (size_t) s->size * sizeof(double));
		else if (i > s->k)
			memcpy(v, s->a + i * s->n + s->k, (size_t) s->size * sizeof(double));
		else
			for (int64_t p = 0; p < s->size; p++)
				v[p] = s->a[(s->k + p) * s->n + i];
	}
	for (int64_t p = 0; p < s->size; p++)
		for (int64_t j = 0; j < WIDTH; j++)
			packed[p * WIDTH + j] = s->V[(from + j) * s->size + p];
	for (int64_t q = 0; q < s->size / WIDTH; q++)
		s->product(WIDTH, s->size, s->V + from * s->size, s->size, s->packed_D + q * s->size * WIDTH,
				   s->W + from * s->size + q * WIDTH, s->size, false);
}

static void
piece_shard(void *arg, int shard)
{
	Sweep	   *s = arg;
	const Piece *piece = &s->piece[shard];

	for (int64_t panel = piece->from; panel < piece->to; panel++)
		s->product(piece->rows, s->size, s->W + piece->row * s->size, s->size, s->packed + panel * s->size * WIDTH,
				   s->a + piece->row * s->n + panel * WIDTH, s->n, true);
}

/* The lower half of A += W V' in pieces, with polls between. */
static ShopperStatus
update(ShopperEnv *env, Sweep *s)
{
	double		cost = 0;

	s->pieces = 0;
	for (int64_t row = 0; row < s->n; row += TALL)
	{
		int64_t		rows = row + TALL < s->n ? TALL : s->n - row,
					panels = (row + rows) / WIDTH;

		for (int64_t from = 0; from < panels; from += PIECE_PANELS)
		{
			Piece	   *piece = &s->piece[s->pieces++];

			*piece = (Piece) {row, rows, from, from + PIECE_PANELS < panels ? from + PIECE_PANELS : panels};
			cost += (double) (rows * (piece->to - from) * WIDTH * s->size);
			if (s->pieces < MOST_PIECES && cost < CHUNK_COST)
				continue;
			SHOPPER_TRY(shopper_poll(env));
			shopper_parallel(env, s->pieces, piece_shard, s);
			s->pieces = 0;
			cost = 0;
		}
	}
	shopper_parallel(env, s->pieces, piece_shard, s);
	return shopper_poll(env);
}

/* What the block's own rows and columns become. */
static void
put_block(Sweep *s)
{
	for (int64_t i = 0; i < s->n; i++)
	{
		const double *w = s->W + i * s->size;

		if (i >= s->k && i < s->k + s->size)
			memcpy(s->a + i * s->n + s->k, s->D + (i - s->k) * s->size, (size_t) s->size * sizeof(double));
		else if (i > s->k)
			for (int64_t p = 0; p < s->size; p++)
				s->a[i * s->n + s->k + p] = -w[p];
		else
			for (int64_t p = 0; p < s->size; p++)
				s->a[(s->k + p) * s->n + i] = -w[p];
	}
}

static ShopperStatus
sweep(ShopperEnv *env, Sweep *s, double *least)
{
	for (int64_t i = 0; i < s->size; i++)
		for (int64_t j = 0; j <= i; j++)
			s->D[i * s->size + j] = s->D[j * s->size + i] = s->a[(s->k + i) * s->n + s->k + j];
	if (!sweep_block(s->D, s->size, least + s->k))
		return shopper_fail(env, SHOPPER_BAD_DATA, "a matrix is not positive definite");
	for (int64_t p = 0; p < s->size; p++)	/* D is symmetric up to rounding: take the lower half */
		for (int64_t j = 0; j < p; j++)
			s->D[j * s->size + p] = s->D[p * s->size + j];
	for (int64_t q = 0; q < s->size / WIDTH; q++)
		for (int64_t p = 0; p < s->size; p++)
			memcpy(s->packed_D + (q * s->size + p) * WIDTH, s->D + p * s->size + q * WIDTH, WIDTH * sizeof(double));
	SHOPPER_TRY(shopper_poll(env));
	shopper_parallel(env, (int) (s->n / WIDTH), gather_shard, s);
	SHOPPER_TRY(update(env, s));
	put_block(s);
	return SHOPPER_OK;
}

ShopperStatus
shopper_inverse_level(ShopperEnv *env, double *a, int64_t n, int level)
{
	Sweep		s = {.product = product_of(level),.a = a,.n = shopper_inverse_stride(n)};
	double	   *least;

	SHOPPER_NEW(env, s.V, s.n * BLOCK);
	SHOPPER_NEW(env, s.W, s.n * BLOCK);
	SHOPPER_NEW(env, s.packed, s.n * BLOCK);
	SHOPPER_NEW(env, s.D, BLOCK * BLOCK);
	SHOPPER_NEW(env, s.packed_D, BLOCK * BLOCK);
	SHOPPER_NEW(env, least, s.n);
	for (int64_t i = n; i < s.n; i++)
	{
		memset(a + i * s.n, 0, (size_t) s.n * sizeof(double));
		a[i * s.n + i] = 1;
	}
	for (int64_t i = 0; i < s.n; i++)
		least[i] = fabs(a[i * s.n + i]) * 1e-14;
	for (s.k = 0; s.k < s.n; s.k += s.size)
	{
		s.size = s.n - s.k < BLOCK ? s.n - s.k : BLOCK;
		SHOPPER_TRY(sweep(env, &s, least));
		shopper_progress(env, "inverse", s.k + s.size, s.n, 0);
	}
	for (int64_t i = 0; i < n; i++)
	{
		if (i % 256 == 0)
			SHOPPER_TRY(shopper_poll(env));
		for (int64_t j = 0; j <= i; j++)
			a[i * s.n + j] = -a[i * s.n + j];
	}
	shopper_release(env, s.V);
	shopper_release(env, s.W);
	shopper_release(env, s.packed);
	shopper_release(env, s.D);
	shopper_release(env, s.packed_D);
	shopper_release(env, least);
	return SHOPPER_OK;
}

ShopperStatus
shopper_inverse(ShopperEnv *env, double *a, int64_t n)
{
	return shopper_inverse_level(env, a, n, -1);
}
