/*
 * grow.c: growing a tree by splitting one leaf after another.
 *
 * The rows of each leaf are a stretch of one array of row numbers, ascending. A
 * histogram is counted for the smaller child only, the larger one's is what is left
 * of the parent's. Histograms come from a pool of bounded size; when it is empty the
 * leaf with the least gain gives its own away, and is counted anew if it is split.
 */
#include "grow.h"

#include <math.h>
#include <string.h>

#include "../../core/threads.h"

#ifdef __x86_64__
#include <immintrin.h>
#define DIVIDE_V4
#endif

#define BLOCK 8192				/* rows that one shard moves */
#define MOVE_BLOCKS 1024		/* between two polls */
#define MAX_GROUPS 64
#define MIN_SLOTS 4
#define MAX_SLOTS 16384

/* ---- making a grower ---- */

static ShopperStatus
make_group(ShopperEnv *env, const ShopperBins *bins, int words, ShopperGroup *group)
{
	for (int k = 0; k < 2; k++)
		SHOPPER_NEW0(env, group->best[k].levels, words);
	SHOPPER_NEW(env, group->level, 2 * bins->max_bins);
	SHOPPER_NEW(env, group->count, bins->max_bins);
	return SHOPPER_OK;
}

ShopperStatus
shopper_grower_make(ShopperEnv *env, const ShopperBins *bins, int64_t n, const ShopperGrowOptions *options,
					int64_t histogram_bytes, ShopperGrower *g)
{
	int			words = 1;
	int64_t		slots;

	memset(g, 0, sizeof(*g));
	g->env = env;
	g->bins = bins;
	g->options = *options;
	g->n = n;
	SHOPPER_NEW(env, g->packed, n);
	SHOPPER_NEW(env, g->rows, n);
	SHOPPER_NEW(env, g->spare, n);
	SHOPPER_NEW(env, g->block_left, n / BLOCK + 1);
	SHOPPER_NEW(env, g->goes_left, bins->max_bins);
	SHOPPER_NEW(env, g->used, bins->n_columns);
	SHOPPER_NEW(env, g->offset, bins->n_columns);
	for (int j = 0; j < bins->n_columns; j++)
	{
		g->offset[j] = g->histogram_size;
		g->histogram_size += bins->column[j].n_bins;
		if ((bins->column[j].n_levels + 31) / 32 > words)
			words = (bins->column[j].n_levels + 31) / 32;
	}
	slots = histogram_bytes / (g->histogram_size * (int64_t) sizeof(int64_t));
	if (slots > options->max_leaves + 1)
		slots = options->max_leaves + 1;
	if (slots > MAX_SLOTS)
		slots = MAX_SLOTS;
	if (slots > n + 1)
		slots = n + 1;
	g->n_slots = (int) (slots < MIN_SLOTS ? MIN_SLOTS : slots);
	SHOPPER_NEW0(env, g->histogram, g->n_slots);
	SHOPPER_NEW(env, g->free_slot, g->n_slots);
#ifdef DIVIDE_V4
	g->vectors = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
		__builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512bw");
#endif
	g->max_groups = env->threads < MAX_GROUPS ? env->threads : MAX_GROUPS;
	if (g->max_groups < 1)
		g->max_groups = 1;
	SHOPPER_NEW0(env, g->group, g->max_groups);
	for (int k = 0; k < g->max_groups; k++)
		SHOPPER_TRY(make_group(env, bins, words, &g->group[k]));
	return shopper_count_make(g);
}

void
shopper_grower_release(ShopperGrower *g)
{
	shopper_count_release(g);
	shopper_release(g->env, g->packed);
	shopper_release(g->env, g->rows);
	shopper_release(g->env, g->spare);
	for (int k = 0; k < g->n_slots; k++)
		shopper_release(g->env, g->histogram[k]);
	g->packed = g->rows = g->spare = NULL;
	g->n_slots = g->n_free = 0;
}

/* ---- the heap of leaves that can be split ---- */

static bool
comes_first(const ShopperGrower *g, int32_t a, int32_t b)
{
	const ShopperGrowNode *x = &g->node[a],
			   *y = &g->node[b];

	if (g->options.by_level)
		return x->depth < y->depth || (x->depth == y->depth && a < b);
	return x->split.gain > y->split.gain || (x->split.gain == y->split.gain && a < b);
}

static void
swap_open(ShopperGrower *g, int64_t a, int64_t b)
{
	int32_t		swap = g->open[a];

	g->open[a] = g->open[b];
	g->open[b] = swap;
}

static ShopperStatus
push_open(ShopperGrower *g, int32_t node)
{
	SHOPPER_TRY(shopper_grow(g->env, &g->open, &g->open_capacity, g->n_open + 1, sizeof(int32_t)));
	g->open[g->n_open] = node;
	for (int64_t at = g->n_open++; at > 0 && comes_first(g, g->open[at], g->open[(at - 1) / 2]); at = (at - 1) / 2)
		swap_open(g, at, (at - 1) / 2);
	return SHOPPER_OK;
}

static int32_t
pop_open(ShopperGrower *g)
{
	int32_t		first = g->open[0];
	int64_t		at = 0;

	g->open[0] = g->open[--g->n_open];
	for (;;)
	{
		int64_t		child = 2 * at + 1;

		if (child + 1 < g->n_open && comes_first(g, g->open[child + 1], g->open[child]))
			child++;
		if (child >= g->n_open || !comes_first(g, g->open[child], g->open[at]))
			return first;
		swap_open(g, at, child);
		at = child;
	}
}

/* ---- histograms ---- */

static void
release_slot(ShopperGrower *g, ShopperGrowNode *node)
{
	if (node->slot >= 0)
		g->free_slot[g->n_free++] = node->slot;
	node->slot = -1;
}

static ShopperStatus
take_slot(ShopperGrower *g, ShopperGrowNode *node)
{
	if (g->n_free == 0)
	{
		ShopperGrowNode *least = NULL;

		for (int64_t k = 0; k < g->n_open; k++)
		{
			ShopperGrowNode *other = &g->node[g->open[k]];

			if (other->slot >= 0 && (least == NULL || other->split.gain < least->split.gain))
				least = other;
		}
		release_slot(g, least);	/* at most three are in use outside the heap */
	}
	node->slot = g->free_slot[--g->n_free];
	if (g->histogram[node->slot] == NULL)
		SHOPPER_NEW(g->env, g->histogram[node->slot], g->histogram_size);
	return SHOPPER_OK;
}

/* ---- moving rows ---- */

typedef struct Moving
{
	ShopperGrower *g;
	const ShopperBinColumn *column;
	int64_t		begin;
	int64_t		end;
	int64_t		first;			/* block of shard 0 */
	int64_t		middle;			/* where the right side begins */
} Moving;

/* Whether each row goes left. */
static void
look_up(const ShopperBinColumn *c, const uint8_t *restrict goes_left, const uint32_t *restrict rows, int64_t n, uint8_t *restrict left)
{
	const uint8_t *restrict bin8 = c->bin8;
	const uint16_t *restrict bin16 = c->bin16;

	if (bin8 != NULL)
		for (int64_t i = 0; i < n; i++)
			left[i] = goes_left[bin8[rows[i]]];
	else
		for (int64_t i = 0; i < n; i++)
			left[i] = goes_left[bin16[rows[i]]];
}

/* Rows that go left to the front of `spare`, the others to its end, backwards; returns how many go left. */
static int64_t
divide(const uint32_t *rows, const uint8_t *left, int64_t n, uint32_t *spare)
{
	uint32_t   *low = spare,
			   *high = spare + n - 1;

	for (int64_t i = 0; i < n; i++)
	{
		*low = rows[i];
		*high = rows[i];
		low += left[i];
		high -= 1 - left[i];
	}
	return low - spare;
}

#ifdef DIVIDE_V4
/* The same, 16 rows at a time: whole registers are written, whose other lanes are written over later. */
__attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,popcnt"))) static int64_t
divide_v4(const uint32_t *rows, const uint8_t *left, int64_t n, uint32_t *spare)
{
	const __m512i backwards = _mm512_set_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
	uint32_t   *low = spare,
			   *high = spare + n;
	int64_t		i = 0;

	for (; n - i >= 32; i += 16)
	{
		__m128i		side = _mm_loadu_si128((const __m128i *) (left + i));
		__mmask16	to_left = _mm_test_epi8_mask(side, side);
		__m512i		row = _mm512_loadu_si512(rows + i);
		int			n_left = __builtin_popcount(to_left);

		_mm512_storeu_si512(low, _mm512_maskz_compress_epi32(to_left, row));
		_mm512_storeu_si512(high - 16, _mm512_permutexvar_epi32(backwards, _mm512_maskz_compress_epi32((__mmask16) ~to_left, row)));
		low += n_left;
		high -= 16 - n_left;
	}
	return low - spare + divide(rows + i, left + i, n - i, low);
}
#endif

static void
move_block(void *arg, int shard)
{
	Moving	   *m = arg;
	ShopperGrower *g = m->g;
	int64_t		from = m->begin + (m->first + shard) * BLOCK,
				n = from + BLOCK < m->end ? BLOCK : m->end - from,
				n_left;
	const uint32_t *rows = g->rows + from;
	uint8_t		left[BLOCK];

	look_up(m->column, g->goes_left, rows, n, left);
#ifdef DIVIDE_V4
	if (g->vectors)
		n_left = divide_v4(rows, left, n, g->spare + from);
	else
#endif
		n_left = divide(rows, left, n, g->spare + from);
	g->block_left[m->first + shard] = (int32_t) n_left;
}

/* Copy a block back; the right side was written backwards. block_left holds sums by now. */
static void
copy_block(void *arg, int shard)
{
	Moving	   *m = arg;
	ShopperGrower *g = m->g;
	int64_t		block = m->first + shard,
				from = m->begin + block * BLOCK,
				to = from + BLOCK < m->end ? from + BLOCK : m->end,
				left_before = block > 0 ? g->block_left[block - 1] : 0,
				left = g->block_left[block] - left_before;
	uint32_t   *right = g->rows + m->middle + (from - m->begin) - left_before;

	memcpy(g->rows + m->begin + left_before, g->spare + from, (size_t) left * sizeof(uint32_t));
	for (int64_t i = 0; i < to - from - left; i++)
		right[i] = g->spare[to - 1 - i];
}

static ShopperStatus
move_blocks(Moving *m, int64_t blocks, ShopperShardFn fn)
{
	for (m->first = 0; m->first < blocks; m->first += MOVE_BLOCKS)
	{
		shopper_parallel(m->g->env, (int) (blocks - m->first < MOVE_BLOCKS ? blocks - m->first : MOVE_BLOCKS), fn, m);
		SHOPPER_TRY(shopper_poll(m->g->env));
	}
	return SHOPPER_OK;
}

/* Put the rows of a node that go left before the others, both in their order. */
static ShopperStatus
move_rows(ShopperGrower *g, const ShopperGrowNode *node, int64_t *middle)
{
	Moving		m = {.g = g,.column = &g->bins->column[node->split.column],.begin = node->begin,.end = node->end};
	int64_t		blocks = (node->end - node->begin + BLOCK - 1) / BLOCK;

	SHOPPER_TRY(move_blocks(&m, blocks, move_block));
	for (int64_t b = 1; b < blocks; b++)
		g->block_left[b] += g->block_left[b - 1];
	m.middle = *middle = node->begin + g->block_left[blocks - 1];
	return move_blocks(&m, blocks, copy_block);
}

/* ---- growing ---- */

static ShopperStatus
new_node(ShopperGrower *g, int64_t begin, int64_t end, int64_t sum, int depth)
{
	SHOPPER_TRY(shopper_grow(g->env, &g->node, &g->node_capacity, g->n_nodes + 1, sizeof(ShopperGrowNode)));
	g->node[g->n_nodes++] = (ShopperGrowNode) {
		.begin = begin,.end = end,.sum = sum,.left = -1,.right = -1,.depth = depth,.slot = -1,
		.low = -INFINITY,.high = INFINITY,.levels = -1
	};
	return SHOPPER_OK;
}

static double
bounded_value(const ShopperGrower *g, const ShopperGrowNode *node)
{
	double		w = shopper_leaf_value(&g->options, (double) shopper_sum_gradient(node->sum) * g->gradient_unit,
									   (double) shopper_sum_hessian(node->sum) * g->hessian_unit);

	return w < node->low ? node->low : w > node->high ? node->high : w;
}

/* Children keep to their parent's bounds, and to their own side of the middle (as XGBoost does). */
static void
set_bounds(const ShopperGrower *g, const ShopperGrowNode *node)
{
	ShopperGrowNode *left = &g->node[node->left],
			   *right = &g->node[node->right];
	int			sign = g->options.monotone[node->split.column];
	double		middle;

	left->low = right->low = node->low;
	left->high = right->high = node->high;
	if (sign == 0)
		return;
	middle = 0.5 * (bounded_value(g, left) + bounded_value(g, right));
	if (sign > 0)
		left->high = right->low = middle;
	else
		left->low = right->high = middle;
}

static ShopperStatus
offer_leaf(ShopperGrower *g, int32_t at)
{
	if (g->node[at].split.gain > 0)
		return push_open(g, at);
	release_slot(g, &g->node[at]);
	return SHOPPER_OK;
}

static bool
can_split(const ShopperGrower *g, const ShopperGrowNode *node)
{
	return node->depth < g->options.max_depth && node->end - node->begin >= 2 * g->options.min_rows;
}

/* Histograms and best splits of the two children of node `at`. */
static ShopperStatus
search_children(ShopperGrower *g, int32_t at)
{
	ShopperGrowNode *node = &g->node[at];
	int32_t		l = node->left,
				r = node->right,
				small = g->node[l].end - g->node[l].begin <= g->node[r].end - g->node[r].begin ? l : r,
				large = small == l ? r : l;
	bool		subtract = node->slot >= 0;

	if (g->n_leaves >= g->options.max_leaves || (!can_split(g, &g->node[l]) && !can_split(g, &g->node[r])))
	{
		release_slot(g, node);
		return SHOPPER_OK;
	}
	g->node[large].slot = node->slot;
	node->slot = -1;
	if (!subtract)
		SHOPPER_TRY(take_slot(g, &g->node[large]));
	SHOPPER_TRY(take_slot(g, &g->node[small]));
	SHOPPER_TRY(shopper_count_and_search(g, &g->node[small], &g->node[large], subtract));
	SHOPPER_TRY(offer_leaf(g, l));
	return offer_leaf(g, r);
}

static ShopperStatus
split_node(ShopperGrower *g, int32_t at)
{
	ShopperGrowNode node = g->node[at];
	int64_t		middle;

	shopper_split_table(g->bins, &node.split, node.levels >= 0 ? g->words + node.levels : NULL, g->goes_left);
	SHOPPER_TRY(move_rows(g, &node, &middle));
	g->node[at].left = (int32_t) g->n_nodes;
	g->node[at].right = (int32_t) g->n_nodes + 1;
	SHOPPER_TRY(new_node(g, node.begin, middle, node.split.left, node.depth + 1));
	SHOPPER_TRY(new_node(g, middle, node.end, node.sum - node.split.left, node.depth + 1));
	g->n_leaves++;
	if (g->options.monotone != NULL)
		set_bounds(g, &g->node[at]);
	return search_children(g, at);
}

ShopperStatus
shopper_grow_tree(ShopperGrower *g, int64_t sum)
{
	g->n_nodes = g->n_words = g->n_open = 0;
	g->n_leaves = 1;
	g->n_free = g->n_slots;
	for (int k = 0; k < g->n_slots; k++)
		g->free_slot[k] = g->n_slots - 1 - k;
	SHOPPER_TRY(new_node(g, 0, g->n_rows, sum, 0));
	if (!can_split(g, &g->node[0]) || g->options.max_leaves < 2 || g->n_used == 0)
		return SHOPPER_OK;
	SHOPPER_TRY(shopper_count_begin(g));
	SHOPPER_TRY(take_slot(g, &g->node[0]));
	SHOPPER_TRY(shopper_count_and_search(g, &g->node[0], NULL, false));
	SHOPPER_TRY(offer_leaf(g, 0));
	while (g->n_open > 0 && g->n_leaves < g->options.max_leaves)
		SHOPPER_TRY(split_node(g, pop_open(g)));
	return SHOPPER_OK;
}
