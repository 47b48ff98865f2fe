/* bitmine.c: see bitmine.h */
#include "bitmine.h"

#include <string.h>

#include "../../core/hash.h"
#include "../../core/simd.h"

#define LANES 16				/* counters of a vector; a block has at least as many cells */
#define MIN_BLOCK 4

typedef int32_t Int8 __attribute__((vector_size(32), aligned(4), may_alias));
typedef int32_t Int16 __attribute__((vector_size(64), aligned(4), may_alias));
typedef uint64_t Word8 __attribute__((vector_size(64), aligned(8), may_alias));

ShopperStatus
shopper_bitminer_create(ShopperEnv *env, const ShopperMineLimits *limits, ShopperFound *found, ShopperBitMiner **miner)
{
	ShopperBitMiner *m;

	SHOPPER_NEW0(env, m, 1);
	m->env = env;
	m->limits = limits;
	m->found = found;
	SHOPPER_NEW(env, m->cell, 1 << SHOPPER_MAX_BLOCK);
	SHOPPER_NEW(env, m->lanes, 256);
	for (int byte = 0; byte < 256; byte++)
		for (int b = 0; b < 8; b++)
			m->lanes[byte][b] = -((byte >> b) & 1);
	*miner = m;
	return SHOPPER_OK;
}

ShopperStatus
shopper_bitlevel_reserve(ShopperBitMiner *m, ShopperBitLevel *level, int64_t n)
{
	int64_t		capacity = level->capacity;

	n += 8;						/* kernels touch whole vectors */
	if (n <= capacity)
		return SHOPPER_OK;
	SHOPPER_TRY(shopper_grow(m->env, &level->mask, &capacity, n, sizeof(uint64_t)));
	capacity = level->capacity;
	SHOPPER_TRY(shopper_grow(m->env, &level->weight, &capacity, n, sizeof(int32_t)));
	level->capacity = capacity;
	return SHOPPER_OK;
}

ShopperStatus
shopper_bitlevel_merge(ShopperBitMiner *m, ShopperBitLevel *level)
{
	int64_t		slots = 16,
				kept = 0;
	int			shift = 60;

	while (slots < 2 * level->n)
	{
		slots *= 2;
		shift--;
	}
	if (slots > m->slots)
	{
		shopper_release(m->env, m->slot);
		m->slots = 0;
		SHOPPER_NEW(m->env, m->slot, slots);
		m->slots = slots;
	}
	memset(m->slot, 0, (size_t) slots * sizeof(uint32_t));
	for (int64_t i = 0; i < level->n; i++)
	{
		uint64_t	mask = level->mask[i];
		int64_t		at = (int64_t) ((mask * 0x9e3779b97f4a7c15ULL) >> shift);

		while (m->slot[at] != 0 && level->mask[m->slot[at] - 1] != mask)
			at = (at + 1) & (slots - 1);
		if (m->slot[at] != 0)
		{
			level->weight[m->slot[at] - 1] += level->weight[i];
			continue;
		}
		level->mask[kept] = mask;
		level->weight[kept] = level->weight[i];
		m->slot[at] = (uint32_t) ++kept;
	}
	level->n = kept;
	return SHOPPER_OK;
}

/* ---- kernels ---- */

/* cell[s] becomes the sum of cell[t] over all t that contain s; k >= MIN_BLOCK items. */
SHOPPER_CLONES static void
superset_sums(int32_t *cell, int k)
{
	int64_t		n = (int64_t) 1 << k;

	for (int64_t s = 0; s < n; s += LANES)	/* within a vector: bits 0 to 3 */
	{
		int32_t    *c = cell + s;

		for (int i = 0; i < 16; i += 2)
			c[i] += c[i + 1];
		for (int i = 0; i < 16; i += 4)
		{
			c[i] += c[i + 2];
			c[i + 1] += c[i + 3];
		}
		for (int i = 0; i < 16; i += 8)
			for (int j = 0; j < 4; j++)
				c[i + j] += c[i + j + 4];
		for (int j = 0; j < 8; j++)
			c[j] += c[j + 8];
	}
	for (int64_t bit = LANES; bit < n; bit *= 2)
		for (int64_t s = 0; s < n; s += 2 * bit)
			for (int64_t t = s; t < s + bit; t += LANES)
				*(Int16 *) (cell + t) += *(Int16 *) (cell + t + bit);
}

/* by_size[q] += the number of s of q items with cell[s] >= min_count, the empty one included. */
SHOPPER_CLONES static void
count_by_size(const int32_t *cell, int k, int32_t min_count, int64_t *by_size)
{
	Int16		found[SHOPPER_MAX_BLOCK - MIN_BLOCK + 1];
	int64_t		n = (int64_t) 1 << k;

	memset(found, 0, sizeof(found));
	for (int64_t s = 0; s < n; s += LANES)
		found[__builtin_popcountll((unsigned long long) s)] -= *(const Int16 *) (cell + s) >= min_count;
	for (int high = 0; high <= k - MIN_BLOCK; high++)
		for (int lane = 0; lane < LANES; lane++)
			by_size[high + __builtin_popcount((unsigned) lane)] += found[high][lane];
}

/* count[b] = the weight of the masks with bit b, for b below items. */
SHOPPER_CLONES static void
count_items(const uint64_t *mask, const int32_t *weight, int64_t n, int items, const int32_t (*lanes)[8], int32_t *count)
{
	for (int from = 0; from < items; from += 8)
	{
		Int8		sum = {0};

		for (int64_t i = 0; i < n; i++)
			sum += *(const Int8 *) lanes[(mask[i] >> from) & 255] & weight[i];
		for (int b = from; b < items && b < from + 8; b++)
			count[b] = sum[b - from];
	}
}

/*
 * Move the bits of `keep` to the lowest places in all masks, dropping the others
 * (H. S. Warren, Hacker's Delight, 7-4: the distance of each bit, one power of two a round).
 */
SHOPPER_CLONES static void
compress(uint64_t *mask, int64_t n, uint64_t keep)
{
	uint64_t	move[6],
				left = keep,
				gaps = ~keep << 1;	/* bits with an odd number of gaps below get into `odd` */
	int			rounds = 0,
				shift[6];

	for (int r = 0; r < 6; r++)
	{
		uint64_t	odd = gaps;

		for (int s = 1; s < 64; s *= 2)
			odd ^= odd << s;
		if ((odd & left) != 0)
		{
			move[rounds] = odd & left;
			shift[rounds++] = 1 << r;
		}
		left = (left ^ (odd & left)) | ((odd & left) >> (1 << r));
		gaps &= ~odd;
	}
	for (int64_t i = 0; i < n; i += 8)
	{
		Word8		x = *(Word8 *) (mask + i) & keep;

		for (int r = 0; r < rounds; r++)
		{
			Word8		t = x & move[r];

			x = (x ^ t) | (t >> shift[r]);
		}
		*(Word8 *) (mask + i) = x;
	}
}

/* ---- the recursion ---- */

/* How many of the lowest items to settle together: an array about as large as the list. */
static int
block_size(int items, int64_t n)
{
	int			size = MIN_BLOCK;

	while (size < SHOPPER_MAX_BLOCK && ((int64_t) 1 << size) < 2 * n)
		size++;
	return items < size ? items : size;
}

/* The frequent sets among items 0 .. below-1 added to `chosen`, depth first. */
static ShopperStatus
add_block(ShopperBitMiner *m, const ShopperBitLevel *level, uint32_t chosen, int below, int depth)
{
	for (int j = 0; j < below; j++)
	{
		int32_t		count = m->cell[chosen | 1u << j];

		if (count < m->limits->min_count)
			continue;
		SHOPPER_TRY(shopper_found_add(m->env, m->limits, m->found, level->code[j], count, depth + 1));
		if (depth + 1 < m->limits->max_length && j > 0)
			SHOPPER_TRY(add_block(m, level, chosen | 1u << j, j, depth + 1));
	}
	return SHOPPER_OK;
}

/* All frequent sets of the lowest `size` items. */
static ShopperStatus
settle_block(ShopperBitMiner *m, const ShopperBitLevel *level, int size, int depth, int perfect)
{
	int			k = size < MIN_BLOCK ? MIN_BLOCK : size;
	uint64_t	low = ((uint64_t) 1 << size) - 1;
	int64_t		by_size[SHOPPER_MAX_BLOCK + 1] = {0};
	int64_t		before = m->found->n;

	memset(m->cell, 0, sizeof(int32_t) << k);
	for (int64_t i = 0; i < level->n; i++)
		m->cell[level->mask[i] & low] += level->weight[i];
	superset_sums(m->cell, k);
	for (int j = 0; j < size; j++)
		m->cell[1 << j] = level->count[j];	/* masks of one item may have been left out */
	if (m->found->keep)
	{
		SHOPPER_TRY(add_block(m, level, 0, size, depth));
		return shopper_mine_worked(m->env, &m->work, (1 << k) + level->n + 4 * (m->found->n - before));
	}
	count_by_size(m->cell, k, (int32_t) m->limits->min_count, by_size);
	for (int q = 1; q <= size && depth + q <= m->limits->max_length; q++)
		SHOPPER_TRY(shopper_bitmine_tally(m, by_size[q], depth + q, perfect));
	return shopper_mine_worked(m->env, &m->work, (1 << k) + level->n);
}

/* The masks with item j, without it and all above: their number. */
static int64_t
select_masks(const ShopperBitLevel *from, int j, ShopperBitLevel *to)
{
	uint64_t	low = ((uint64_t) 1 << j) - 1;
	int64_t		n = 0;

	for (int64_t i = 0; i < from->n; i++)
	{
		to->mask[n] = from->mask[i] & low;
		to->weight[n] = from->weight[i];
		n += (int64_t) ((from->mask[i] >> j) & 1);	/* no branch: it would be a coin toss */
	}
	return n;
}

/* The database of item j of a level into the next: its frequent items; *perfect grows. */
static ShopperStatus
project(ShopperBitMiner *m, ShopperBitLevel *from, int j, ShopperBitLevel *to, int *perfect)
{
	uint64_t	keep = 0;
	int32_t		count[SHOPPER_WORD_ITEMS];

	SHOPPER_TRY(shopper_bitlevel_reserve(m, to, from->n));
	to->n = select_masks(from, j, to);
	count_items(to->mask, to->weight, to->n, j, (const int32_t (*)[8]) m->lanes, count);
	to->items = 0;
	for (int b = 0; b < j; b++)
	{
		if (count[b] < m->limits->min_count)
			continue;
		if (count[b] == from->count[j] && !m->found->keep)
		{
			++*perfect;
			continue;
		}
		keep |= (uint64_t) 1 << b;
		to->code[to->items] = from->code[b];
		to->count[to->items++] = count[b];
	}
	if (to->items > 1)
	{
		compress(to->mask, to->n, keep);
		if (to->items > block_size(to->items, to->n))
			SHOPPER_TRY(shopper_bitlevel_merge(m, to));
	}
	return shopper_mine_worked(m->env, &m->work, from->n + to->n * (1 + j / 8));
}

static ShopperStatus
add_one(ShopperBitMiner *m, int32_t code, int32_t count, int depth, int perfect)
{
	if (m->found->keep)
		return shopper_found_add(m->env, m->limits, m->found, code, count, depth);
	return shopper_bitmine_tally(m, 1, depth, perfect);
}

/* Levels rise with the depth at least one by one and lose an item each: 64 are enough. */
static ShopperStatus
mine_level(ShopperBitMiner *m, int at, int depth, int perfect)
{
	ShopperBitLevel *level = &m->level[at];
	int			size = block_size(level->items, level->n);

	if (level->items == 1)
		return add_one(m, level->code[0], level->count[0], depth + 1, perfect);
	SHOPPER_TRY(settle_block(m, level, size, depth, perfect));
	for (int j = size; j < level->items; j++)
	{
		ShopperBitLevel *next = &m->level[at + 1];
		int			more = perfect;
		bool		deeper = depth + 1 < m->limits->max_length;

		if (m->found->keep)
			SHOPPER_TRY(add_one(m, level->code[j], level->count[j], depth + 1, 0));
		if (deeper)
			SHOPPER_TRY(project(m, level, j, next, &more));
		if (!m->found->keep)
			SHOPPER_TRY(shopper_bitmine_tally(m, 1, depth + 1, more));
		if (deeper && next->items > 0)
			SHOPPER_TRY(mine_level(m, at + 1, depth + 1, more));
	}
	return SHOPPER_OK;
}

ShopperStatus
shopper_bitmine(ShopperBitMiner *m, int depth, int perfect)
{
	return m->level[0].items > 0 ? mine_level(m, 0, depth, perfect) : SHOPPER_OK;
}

/* Row p of Pascal's triangle from row p-1; sums that would overflow stay at the top. */
static void
next_binomials(int64_t *row, int p)
{
	row[p] = 0;
	for (int q = p; q > 0; q--)
		if (__builtin_add_overflow(row[q], row[q - 1], &row[q]))
			row[q] = INT64_MAX;
}

ShopperStatus
shopper_bitminer_finish(ShopperBitMiner *m)
{
	ShopperFound *found = m->found;
	int64_t		binomial[SHOPPER_WORD_ITEMS + 1] = {1};

	for (int p = 0; p <= SHOPPER_WORD_ITEMS && !found->keep; p++)
	{
		if (p > 0)
			next_binomials(binomial, p);
		for (int depth = 0; depth <= m->limits->max_length; depth++)
			for (int q = 0; q <= p && m->tally[p][depth] > 0; q++)
			{
				int64_t		sets;

				if (depth + q == 0 || depth + q > m->limits->max_length)
					continue;
				if (__builtin_mul_overflow(m->tally[p][depth], binomial[q], &sets)
					|| __builtin_add_overflow(found->n, sets, &found->n) || found->n > m->limits->max_itemsets)
					return shopper_too_many_sets(m->env, m->limits);
				found->by_length[depth + q] += sets;
			}
	}
	return SHOPPER_OK;
}
