/*
 * divide.c: the rows of a node to its children.
 *
 * A first pass marks the rows that go left, a bit each, and counts them by block; so a
 * second one knows where the rows of each block go, and writes them there.
 */
#include <string.h>

#include "../../core/simd.h"
#include "../../core/threads.h"
#include "grow.h"

#ifdef SHOPPER_X86_LEVELS
#include <immintrin.h>
#endif

#define BLOCK 8192				/* rows of a shard, a multiple of 8 */
#define POLL_BLOCKS 1024		/* between two polls */

typedef struct Dividing
{
	ShopperGrower *g;
	const ShopperBinColumn *column;
	const uint32_t *rows;		/* of the node */
	uint32_t   *to;				/* of its children */
	int64_t		n;
	int64_t		middle;			/* so many of them go left */
	int64_t		first;			/* block of shard 0 */
} Dividing;

/* One bit a row: whether it goes left. What is beyond the rows is 0. */
#define MARK(bin) \
	do { \
		int64_t		i_ = 0; \
		for (; i_ + 8 <= n; i_ += 8) \
		{ \
			unsigned	bits_ = 0; \
			_Pragma("GCC unroll 8") \
			for (int k_ = 0; k_ < 8; k_++) \
				bits_ |= (unsigned) goes_left[(bin)[rows[i_ + k_]]] << k_; \
			left[i_ / 8] = (uint8_t) bits_; \
		} \
		for (; i_ < n; i_++) \
			left[i_ / 8] = (uint8_t) ((i_ % 8 == 0 ? 0 : left[i_ / 8]) | goes_left[(bin)[rows[i_]]] << i_ % 8); \
	} while (0)

static void
mark_block(void *arg, int shard)
{
	Dividing   *d = arg;
	const uint8_t *restrict goes_left = d->g->goes_left;
	int64_t		block = d->first + shard,
				from = block * BLOCK,
				n = from + BLOCK < d->n ? BLOCK : d->n - from,
				n_left = 0;
	const uint32_t *restrict rows = d->rows + from;
	uint8_t    *restrict left = d->g->left + from / 8;

	if (d->column->bin8 != NULL)
		MARK(d->column->bin8);
	else
		MARK(d->column->bin16);
	for (int64_t i = 0; i < (n + 7) / 8; i += 8)
	{
		uint64_t	bits = 0;

		memcpy(&bits, left + i, (size_t) ((n + 7) / 8 - i < 8 ? (n + 7) / 8 - i : 8));
		n_left += __builtin_popcountll(bits);
	}
	d->g->block_left[block] = n_left;
}

/* Rows whose bit is set to `low`, the others to `high`, both in their order. */
static void
divide(const uint32_t *rows, const uint8_t *left, int64_t from, int64_t to, uint32_t *low, uint32_t *high)
{
	for (int64_t i = from; i < to; i++)
	{
		int			bit = left[i / 8] >> i % 8 & 1;

		*(bit ? low : high) = rows[i];
		low += bit;
		high += 1 - bit;
	}
}

#ifdef SHOPPER_X86_LEVELS
/* The same, 16 rows at a time. */
SHOPPER_V4 static void
divide_v4(const uint32_t *rows, const uint8_t *left, int64_t n, uint32_t *low, uint32_t *high)
{
	int64_t		i = 0;

	for (; i + 16 <= n; i += 16)
	{
		__mmask16	side = (__mmask16) (left[i / 8] | left[i / 8 + 1] << 8);
		__m512i		row = _mm512_loadu_si512(rows + i);
		int			n_left = __builtin_popcount(side);

		_mm512_mask_storeu_epi32(low, (__mmask16) ((1u << n_left) - 1), _mm512_maskz_compress_epi32(side, row));
		_mm512_mask_storeu_epi32(high, (__mmask16) ((1u << (16 - n_left)) - 1), _mm512_maskz_compress_epi32((__mmask16) ~side, row));
		low += n_left;
		high += 16 - n_left;
	}
	divide(rows, left, i, n, low, high);
}
#endif

/* block_left holds sums by now: the rows before the block's that go left. */
static void
divide_block(void *arg, int shard)
{
	Dividing   *d = arg;
	int64_t		block = d->first + shard,
				from = block * BLOCK,
				n = from + BLOCK < d->n ? BLOCK : d->n - from,
				left_before = d->g->block_left[block];
	const uint8_t *left = d->g->left + from / 8;
	uint32_t   *low = d->to + left_before,
			   *high = d->to + d->middle + from - left_before;

#ifdef SHOPPER_X86_LEVELS
	if (d->g->vectors)
	{
		divide_v4(d->rows + from, left, n, low, high);
		return;
	}
#endif
	divide(d->rows + from, left, 0, n, low, high);
}

static ShopperStatus
over_blocks(Dividing *d, ShopperShardFn fn)
{
	int64_t		blocks = (d->n + BLOCK - 1) / BLOCK;

	for (d->first = 0; d->first < blocks; d->first += POLL_BLOCKS)
	{
		shopper_parallel(d->g->env, (int) (blocks - d->first < POLL_BLOCKS ? blocks - d->first : POLL_BLOCKS), fn, d);
		SHOPPER_TRY(shopper_poll(d->g->env));
	}
	return SHOPPER_OK;
}

/* The rows of a node to the other array, those that go left before the others, both in their order. */
ShopperStatus
shopper_divide_rows(ShopperGrower *g, const ShopperGrowNode *node, uint32_t **children, int64_t *middle)
{
	Dividing	d = {.g = g,.column = &g->bins->column[node->split.column],.n = node->end - node->begin};

	*children = node->rows == g->rows ? g->spare : g->rows;
	d.rows = node->rows + node->begin;
	d.to = *children + node->begin;
	SHOPPER_TRY(over_blocks(&d, mark_block));
	for (int64_t b = 0; b * BLOCK < d.n; b++)
	{
		int64_t		n_left = g->block_left[b];

		g->block_left[b] = d.middle;
		d.middle += n_left;
	}
	*middle = node->begin + d.middle;
	return over_blocks(&d, divide_block);
}

/* Room for the rows of every second level, and for their marks. */
ShopperStatus
shopper_divide_make(ShopperGrower *g)
{
	SHOPPER_NEW(g->env, g->spare, g->n);
	SHOPPER_NEW(g->env, g->left, g->n / 8 + 1);
	SHOPPER_NEW(g->env, g->block_left, g->n / BLOCK + 1);
	g->vectors = shopper_has_v4();
	return SHOPPER_OK;
}

void
shopper_divide_release(ShopperGrower *g)
{
	shopper_release(g->env, g->spare);
	shopper_release(g->env, g->left);
	shopper_release(g->env, g->block_left);
	g->spare = NULL;
	g->left = NULL;
	g->block_left = NULL;
}
