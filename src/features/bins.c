/*
 * bins.c: edges from a sample, then the bin of every cell.
 *
 * Cells are found by a binary search without branches, one step for a whole block
 * of rows at a time: the steps of one row wait for each other, those of different
 * rows do not.
 *
 * Memory: the bins themselves; while edges are sought 1.6 MB for each of four columns.
 */
#include "bins.h"

#include <math.h>
#include <string.h>

#include "../core/threads.h"

#define SAMPLE 200000
#define GROUP 4					/* most columns whose edges are sought at once, between two polls */
#define DIGIT_BITS 11
#define BUCKETS (1 << DIGIT_BITS)
#define DIGITS 3
#define BLOCK 8192				/* rows of a shard */
#define LANES 64				/* rows that search side by side */
#define WINDOW_CELLS 2000000	/* between two polls */

typedef struct Binning
{
	const ShopperTable *t;
	ShopperBins *bins;
	int			max_bins;
	int			first;			/* edges: column of shard 0 */
	int64_t		n_sample;
	uint32_t   *key;			/* (GROUP)(2)(n_sample) */
	int64_t		first_shard;	/* cells */
	int64_t		blocks;			/* of rows */
} Binning;

/* ---- edges ---- */

static inline float
number_at(const ShopperTable *t, int j, int64_t i)
{
	return t->wide ? (float) t->dense[j][i] : t->dense32[j][i];
}

/* An unsigned key in the order of floats; -0.0 equals 0.0. */
static inline uint32_t
key_of(float x)
{
	uint32_t	bits;

	x += 0.0f;
	memcpy(&bits, &x, sizeof(bits));
	return bits ^ ((uint32_t) ((int32_t) bits >> 31) | 0x80000000u);
}

static inline float
from_key(uint32_t key)
{
	float		x;

	key = (key >> 31) ? key ^ 0x80000000u : ~key;
	memcpy(&x, &key, sizeof(x));
	return x;
}

/* Sort n keys; the result is in one of the two arrays. */
static uint32_t *
sort_keys(uint32_t *from, uint32_t *to, int64_t n)
{
	int32_t		count[DIGITS][BUCKETS];

	memset(count, 0, sizeof(count));
	for (int64_t i = 0; i < n; i++)
		for (int d = 0; d < DIGITS; d++)
			count[d][(from[i] >> (d * DIGIT_BITS)) & (BUCKETS - 1)]++;
	for (int d = 0; d < DIGITS; d++)
	{
		int32_t		sum = 0;
		uint32_t   *swap = from;

		for (int b = 0; b < BUCKETS; b++)
		{
			int32_t		here = count[d][b];

			count[d][b] = sum;
			sum += here;
		}
		for (int64_t i = 0; i < n; i++)
			to[count[d][(from[i] >> (d * DIGIT_BITS)) & (BUCKETS - 1)]++] = from[i];
		from = to;
		to = swap;
	}
	return from;
}

/* A float e with a <= e < b, in the middle where there is one. */
static float
between(uint32_t a, uint32_t b)
{
	double		low = (double) from_key(a),
				high = (double) from_key(b);
	float		middle = (float) (low + (high - low) / 2);

	return middle >= from_key(a) && middle < from_key(b) ? middle : from_key(a);
}

static int64_t
run_end(const uint32_t *key, int64_t n, int64_t i)
{
	int64_t		end = i + 1;

	while (end < n && key[end] == key[i])
		end++;
	return end;
}

/* An edge behind every distinct value; -1 when there are too many. */
static int
edges_of_values(const uint32_t *key, int64_t n, int most, float *edge)
{
	int			edges = 0;

	for (int64_t i = 0, end; i < n; i = end)
	{
		end = run_end(key, n, i);
		if (end == n)
			break;
		if (edges == most)
			return -1;
		edge[edges++] = between(key[i], key[end]);
	}
	return edges;
}

/*
 * Bins of about equal counts. A value of so many rows that it fills a bin gets one
 * of its own; the others share what is left.
 */
static int
edges_of_quantiles(const uint32_t *key, int64_t n, int most, float *edge)
{
	int64_t		big = n / (most + 1) + 1,
				rest = n,
				inside = 0;
	int			rest_bins = most + 1,
				edges = 0;

	for (int64_t i = 0, end; i < n; i = end)
	{
		end = run_end(key, n, i);
		if (end - i >= big)
		{
			rest -= end - i;
			rest_bins--;
		}
	}
	for (int64_t i = 0, end; i < n && edges < most; i = end)
	{
		bool		is_big,
					next_big;

		end = run_end(key, n, i);
		if (end == n)
			break;
		is_big = end - i >= big;
		next_big = end + big <= n && key[end + big - 1] == key[end];
		inside += end - i;
		if (!is_big)
			rest -= end - i;
		if (is_big || next_big || (double) inside * (rest_bins > 0 ? rest_bins : 1) >= (double) (rest + inside))
		{
			edge[edges++] = between(key[i], key[end]);
			if (!is_big)
				rest_bins--;
			inside = 0;
		}
	}
	return edges;
}

static void
find_edges(void *arg, int shard)
{
	Binning    *b = arg;
	int			j = b->first + shard,
				edges,
				most = b->max_bins - 2;
	ShopperBinColumn *c = &b->bins->column[j];
	uint32_t   *key = b->key + (size_t) (2 * shard) * (size_t) b->n_sample,
			   *spare = key + b->n_sample,
			   *sorted;
	int64_t		n = 0;

	for (int64_t i = 0; i < b->n_sample; i++)
	{
		float		x = number_at(b->t, j, i);

		if (x == x)
			key[n++] = key_of(x);
	}
	sorted = sort_keys(key, spare, n);
	edges = edges_of_values(sorted, n, most, c->edge);
	if (edges < 0)
		edges = edges_of_quantiles(sorted, n, most, c->edge);
	c->n_bins = edges + 2;
	for (int e = edges; e < SHOPPER_MAX_BINS; e++)	/* the search looks at all of them */
		c->edge[e] = INFINITY;
}

/* ---- cells ---- */

/* Not vectorized: gathers are slower than loads (measured 30 against 4 ns a cell). */
__attribute__((optimize("no-tree-vectorize"))) static void
search_lanes(const float *x, const float *edge, int first_step, uint8_t missing, uint8_t *bin)
{
	uint32_t	at[LANES] = {0};

	for (uint32_t step = (uint32_t) first_step; step > 0; step /= 2)
		for (int r = 0; r < LANES; r++)
			at[r] += (uint32_t) (x[r] > edge[at[r] + step - 1]) * step;
	for (int r = 0; r < LANES; r++)
		bin[r] = x[r] == x[r] ? (uint8_t) at[r] : missing;
}

static void
bin_numbers(const ShopperTable *t, const ShopperBinColumn *c, int64_t from, int64_t to)
{
	int			first_step = 1;

	while (2 * first_step <= c->n_bins - 2)
		first_step *= 2;
	for (int64_t at = from; at < to; at += LANES)
	{
		int			n = (int) (to - at < LANES ? to - at : LANES);
		float		x[LANES] = {0};
		uint8_t		bin[LANES];

		for (int r = 0; r < n; r++)
			x[r] = number_at(t, c->source, at + r);
		search_lanes(x, c->edge, first_step, (uint8_t) (c->n_bins - 1), bin);
		memcpy(c->bin8 + at, bin, (size_t) n);
	}
}

static void
bin_levels(const ShopperTable *t, const ShopperBinColumn *c, int64_t from, int64_t to)
{
	const int32_t *code = t->lookup[c->source];
	uint32_t	missing = (uint32_t) c->n_bins - 1;

	for (int64_t i = from; i < to; i++)
	{
		uint32_t	bin = (uint32_t) code[i] < missing ? (uint32_t) code[i] : missing;	/* -1 is large */

		if (c->bin8 != NULL)
			c->bin8[i] = (uint8_t) bin;
		else
			c->bin16[i] = (uint16_t) bin;
	}
}

static void
bin_cells(void *arg, int shard)
{
	Binning    *b = arg;
	int64_t		at = b->first_shard + shard,
				from = at % b->blocks * BLOCK,
				to = from + BLOCK < b->bins->n ? from + BLOCK : b->bins->n;
	const ShopperBinColumn *c = &b->bins->column[at / b->blocks];

	if (c->category)
		bin_levels(b->t, c, from, to);
	else
		bin_numbers(b->t, c, from, to);
}

/* ---- all ---- */

static ShopperStatus
make_edges(ShopperEnv *env, Binning *b)
{
	const ShopperTable *t = b->t;
	int			together = env->threads < 1 ? 1 : env->threads < GROUP ? env->threads : GROUP;

	b->n_sample = t->n_train < SAMPLE ? t->n_train : SAMPLE;
	SHOPPER_NEW(env, b->key, (size_t) (2 * GROUP) * (size_t) b->n_sample);
	for (b->first = 0; b->first < t->n_dense; b->first += together)
	{
		int			n = t->n_dense - b->first < together ? t->n_dense - b->first : together;

		for (int s = 0; s < n; s++)
			SHOPPER_NEW(env, b->bins->column[b->first + s].edge, SHOPPER_MAX_BINS);
		shopper_parallel(env, n, find_edges, b);
		SHOPPER_TRY(shopper_poll(env));
	}
	shopper_release(env, b->key);
	return SHOPPER_OK;
}

ShopperStatus
shopper_bins_make(ShopperEnv *env, const ShopperTable *t, int max_bins, ShopperBins *bins)
{
	Binning		b = {.t = t,.bins = bins,.max_bins = max_bins,.blocks = (t->n + BLOCK - 1) / BLOCK};
	int64_t		shards = b.blocks * (t->n_dense + t->n_lookup),
				window = WINDOW_CELLS / BLOCK;

	shopper_assert(max_bins >= 3 && max_bins <= SHOPPER_MAX_BINS);
	memset(bins, 0, sizeof(*bins));
	bins->n = t->n;
	bins->n_columns = t->n_dense + t->n_lookup;
	SHOPPER_NEW0(env, bins->column, bins->n_columns);
	SHOPPER_TRY(make_edges(env, &b));
	for (int j = 0; j < bins->n_columns; j++)
	{
		ShopperBinColumn *c = &bins->column[j];

		c->category = j >= t->n_dense;
		c->source = c->category ? j - t->n_dense : j;
		c->n_levels = c->category ? t->size[c->source] : 0;
		if (c->category)
			c->n_bins = 1 + (t->size[c->source] < SHOPPER_MAX_LEVEL_BINS ? t->size[c->source] : SHOPPER_MAX_LEVEL_BINS - 1);
		if (c->n_bins <= 256)
			SHOPPER_NEW(env, c->bin8, bins->n + SHOPPER_BINS_SLACK);
		else
			SHOPPER_NEW(env, c->bin16, bins->n + SHOPPER_BINS_SLACK);
		if (c->n_bins > bins->max_bins)
			bins->max_bins = c->n_bins;
	}
	for (b.first_shard = 0; b.first_shard < shards; b.first_shard += window)
	{
		shopper_parallel(env, (int) (shards - b.first_shard < window ? shards - b.first_shard : window), bin_cells, &b);
		SHOPPER_TRY(shopper_poll(env));
	}
	return SHOPPER_OK;
}

void
shopper_bins_release(ShopperEnv *env, ShopperBins *bins)
{
	for (int j = 0; j < bins->n_columns; j++)
	{
		shopper_release(env, bins->column[j].bin8);
		shopper_release(env, bins->column[j].bin16);
		shopper_release(env, bins->column[j].edge);
	}
	shopper_release(env, bins->column);
	memset(bins, 0, sizeof(*bins));
}
