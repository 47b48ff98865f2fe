/* design.c: see design.h */
#include "design.h"

#include <string.h>

#include "../../core/dense.h"
#include "../../core/simd.h"
#include "../../core/threads.h"

/* Shards of a Gram matrix: each holds one of its own, so there are few. */
#define GRAM_SHARDS 4
#define TILE 32					/* columns: 128 kB of a block's rows */

SHOPPER_CLONES void
shopper_design_times(const ShopperTable *t, const ShopperSpec *spec, int64_t from, int n, const double *w, double *z)
{
	double		intercept = w[spec->width];
	int			j = 0;

	for (int i = 0; i < n; i++)
		z[i] = intercept;
	for (; j + 4 <= t->n_dense; j += 4)	/* four columns at once: z is loaded and stored less often */
	{
		const double *a = t->dense[j] + from,
				   *b = t->dense[j + 1] + from,
				   *c = t->dense[j + 2] + from,
				   *d = t->dense[j + 3] + from;

		for (int i = 0; i < n; i++)
			z[i] += (w[j] * a[i] + w[j + 1] * b[i]) + (w[j + 2] * c[i] + w[j + 3] * d[i]);
	}
	for (; j < t->n_dense; j++)
	{
		const double *x = t->dense[j] + from;

		for (int i = 0; i < n; i++)
			z[i] += w[j] * x[i];
	}
	for (int k = 0; k < t->n_lookup; k++)
	{
		const int32_t *at = t->lookup[k] + from;
		const double *wk = w + spec->category[k].offset;
		int32_t		size = spec->category[k].size;

		for (int i = 0; i < n; i++)
			if (at[i] != size)
				z[i] += wk[at[i]];
	}
}

void
shopper_design_transposed(const ShopperTable *t, const ShopperSpec *spec, int64_t from, int n, const double *r, double *g)
{
	double		sum = 0;

	for (int j = 0; j < t->n_dense; j++)
		g[j] += shopper_dot(t->dense[j] + from, r, n);
	for (int k = 0; k < t->n_lookup; k++)
	{
		const int32_t *at = t->lookup[k] + from;
		double	   *gk = g + spec->category[k].offset;
		int32_t		size = spec->category[k].size;

		for (int i = 0; i < n; i++)
			if (at[i] != size)
				gk[at[i]] += r[i];
	}
	for (int i = 0; i < n; i++)
		sum += r[i];
	g[spec->width] += sum;
}

/* ---- Gram matrix ---- */

typedef struct Gram
{
	const ShopperTable *t;
	const ShopperSpec *spec;
	const double *h;
	int64_t		from;			/* the window of rows of this round */
	int64_t		to;
	int			first;			/* and its tile of dense columns */
	double	   *partial;		/* (GRAM_SHARDS)(p)(p), each pair once, on one side of the diagonal */
	double	   *scratch;		/* (GRAM_SHARDS)(SHOPPER_BLOCK)(scratch_width) */
	int			scratch_width;
} Gram;

/*
 * Dense columns of the tile against those from it on, by dot products of h * x_j
 * with x_k; and their sums against the 1. Two tiles of a block of rows stay in the
 * cache. hx: (TILE)(SHOPPER_BLOCK).
 */
static void
gram_dense(const Gram *m, int64_t from, int n, const double *h, double *hx, double *out)
{
	const ShopperTable *t = m->t;
	int			p = m->spec->width + 1,
				d = t->n_dense,
				end = m->first + TILE < d ? m->first + TILE : d;

	for (int j = m->first; j < end; j++)
	{
		const double *x = t->dense[j] + from;
		double	   *hxj = hx + (size_t) (j - m->first) * SHOPPER_BLOCK;
		double		sum = 0;

		for (int i = 0; i < n; i++)
			hxj[i] = h[i] * x[i];
		for (int i = 0; i < n; i++)
			sum += hxj[i];
		out[(size_t) j * p + p - 1] += sum;
	}
	for (int second = m->first; second < d; second += TILE)
		for (int j = m->first; j < end; j++)
			for (int k = second > j ? second : j; k < second + TILE && k < d; k++)
				out[(size_t) j * p + k] += shopper_dot(hx + (size_t) (j - m->first) * SHOPPER_BLOCK, t->dense[k] + from, n);
}

/* row[0..d) += h * x[0..d), the dense part of a one-hot column's row */
SHOPPER_CLONES static void
add_rows(double *out, int p, const int32_t *at, int32_t size, int offset, const double *h, const double *tile, int d, int n)
{
	for (int i = 0; i < n; i++)
	{
		double	   *row;
		const double *x = tile + (size_t) i * d;
		double		hi = h[i];

		if (at[i] == size)
			continue;
		row = out + (size_t) (offset + at[i]) * p;	/* kept below the diagonal, where dense columns come first */
		for (int j = 0; j < d; j++)
			row[j] += hi * x[j];
		row[offset + at[i]] += hi;
		row[p - 1] += hi;
	}
}

/* One-hot columns against dense ones, each other and the 1; and the 1 against itself. tile: (SHOPPER_BLOCK)(n_dense). */
static void
gram_lookup(const Gram *m, int64_t from, int n, const double *h, double *tile, double *out)
{
	const ShopperTable *t = m->t;
	const ShopperSpec *spec = m->spec;
	int			p = spec->width + 1,
				d = t->n_dense;
	double		sum = 0;

	for (int j = 0; j < d && t->n_lookup > 0; j++)
		for (int i = 0; i < n; i++)
			tile[(size_t) i * d + j] = t->dense[j][from + i];
	for (int k = 0; k < t->n_lookup; k++)
	{
		const ShopperCategory *ck = &spec->category[k];
		const int32_t *at = t->lookup[k] + from;

		add_rows(out, p, at, ck->size, ck->offset, h, tile, d, n);
		for (int l = k + 1; l < t->n_lookup; l++)
		{
			const ShopperCategory *cl = &spec->category[l];
			const int32_t *bt = t->lookup[l] + from;

			for (int i = 0; i < n; i++)
				if (at[i] != ck->size && bt[i] != cl->size)
					out[(size_t) (ck->offset + at[i]) * p + cl->offset + bt[i]] += h[i];
		}
	}
	for (int i = 0; i < n; i++)
		sum += h[i];
	out[(size_t) p * p - 1] += sum;
}

/* Hand the blocks of a shard's rows to one part of the work. */
static void
each_block(Gram *m, int shard, void (*part) (const Gram *m, int64_t from, int n, const double *h, double *scratch, double *out))
{
	size_t		p = (size_t) m->spec->width + 1;
	double	   *scratch = m->scratch + (size_t) shard * SHOPPER_BLOCK * (size_t) m->scratch_width;
	int64_t		from,
				to;

	for (int i = 0; i < SHOPPER_BLOCK; i++)
		scratch[i] = 1;
	shopper_shard_range(m->to - m->from, GRAM_SHARDS, shard, &from, &to);
	to += m->from;
	for (int64_t at = m->from + from; at < to; at += SHOPPER_BLOCK)
		part(m, at, (int) (to - at < SHOPPER_BLOCK ? to - at : SHOPPER_BLOCK), m->h != NULL ? m->h + at : scratch,
			 scratch + SHOPPER_BLOCK, m->partial + (size_t) shard * p * p);
}

static void
dense_shard(void *arg, int shard)
{
	each_block(arg, shard, gram_dense);
}

static void
lookup_shard(void *arg, int shard)
{
	each_block(arg, shard, gram_lookup);
}

/* Rounds of some milliseconds over all rows, so that the caller's thread can poll between them. */
static ShopperStatus
rounds(ShopperEnv *env, Gram *m, int64_t rows, int64_t work_of_a_row, ShopperShardFn fn)
{
	int64_t		window = (30000000 / work_of_a_row / 2048 + 1) * 2048;

	for (m->from = 0; m->from < rows; m->from = m->to)
	{
		m->to = m->from + window < rows ? m->from + window : rows;
		shopper_parallel(env, GRAM_SHARDS, fn, m);
		SHOPPER_TRY(shopper_poll(env));
	}
	return SHOPPER_OK;
}

ShopperStatus
shopper_design_gram(ShopperEnv *env, const ShopperTable *t, const ShopperSpec *spec, int64_t rows,
					const double *h, double *gram)
{
	size_t		p = (size_t) spec->width + 1;
	Gram		m = {.t = t,.spec = spec,.h = h,.scratch_width = t->n_dense + 1 + TILE};

	SHOPPER_NEW0(env, m.partial, GRAM_SHARDS * p * p);
	SHOPPER_NEW(env, m.scratch, (size_t) GRAM_SHARDS * SHOPPER_BLOCK * (size_t) m.scratch_width);
	for (m.first = 0; m.first < t->n_dense; m.first += TILE)
		SHOPPER_TRY(rounds(env, &m, rows, (t->n_dense < TILE ? t->n_dense : TILE) * t->n_dense / 8 + 10, dense_shard));
	SHOPPER_TRY(rounds(env, &m, rows, t->n_lookup * (t->n_dense / 4 + 10 * t->n_lookup + 10) + 5, lookup_shard));
	for (size_t i = 0; i < p; i++)
		for (size_t j = 0; j < p; j++)
		{
			/* each pair was summed once, on one side of the diagonal */
			double		sum = 0;

			for (int s = 0; s < GRAM_SHARDS; s++)
			{
				const double *part = m.partial + (size_t) s * p * p;

				sum += i == j ? part[i * p + i] : part[i * p + j] + part[j * p + i];
			}
			gram[i * p + j] = sum;
		}
	shopper_release(env, m.partial);
	shopper_release(env, m.scratch);
	return SHOPPER_OK;
}
