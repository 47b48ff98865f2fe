/*
 * grow.c: growing a tree by splitting one leaf after another.
 *
 * The rows of each node are a stretch of an array of row numbers, ascending; those of
 * its children are the same stretch of a second array, those of theirs are in the first
 * again. A histogram is counted for the smaller child only, the larger one's is what is left
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

#define BLOCK 8192				/* rows that one shard moves, a multiple of 8 */
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
	SHOPPER_NEW(env, g->left, n / 8 + 1);
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
	SHOPPER_NEW0(env, g->group, g->max_groups + 1);
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
	shopper_release(g->env, g->left);
	for (int k = 0; k < g->n_slots; k++)
		shopper_release(g->env, g->histogram[k]);
	g->packed = g->rows = g->spare = NULL;
	g->left = NULL;
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
	const uint32_t *rows;		/* of the node */
	uint32_t   *to;				/* of its children */
	int64_t		n;
	int64_t		middle;			/* so many go left */
	int64_t		first;			/* block of shard 0 */
} Moving;

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
	Moving	   *m = arg;
	const uint8_t *restrict goes_left = m->g->goes_left;
	int64_t		block = m->first + shard,
				from = block * BLOCK,
				n = from + BLOCK < m->n ? BLOCK : m->n - from,
				n_left = 0;
	const uint32_t *restrict rows = m->rows + from;
	uint8_t    *restrict left = m->g->left + from / 8;

	if (m->column->bin8 != NULL)
		MARK(m->column->bin8);
	else
		MARK(m->column->bin16);
	for (int64_t i = 0; i < (n + 7) / 8; i += 8)
	{
		uint64_t	bits = 0;

		memcpy(&bits, left + i, (size_t) ((n + 7) / 8 - i < 8 ? (n + 7) / 8 - i : 8));
		n_left += __builtin_popcountll(bits);
	}
	m->g->block_left[block] = n_left;
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

#ifdef DIVIDE_V4
/* The same, 16 rows at a time. */
__attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,popcnt"))) static void
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
	Moving	   *m = arg;
	int64_t		block = m->first + shard,
				from = block * BLOCK,
				n = from + BLOCK < m->n ? BLOCK : m->n - from,
				left_before = m->g->block_left[block];
	const uint8_t *left = m->g->left + from / 8;
	uint32_t   *low = m->to + left_before,
			   *high = m->to + m->middle + from - left_before;

#ifdef DIVIDE_V4
	if (m->g->vectors)
	{
		divide_v4(m->rows + from, left, n, low, high);
		return;
	}
#endif
	divide(m->rows + from, left, 0, n, low, high);
}

static ShopperStatus
over_blocks(Moving *m, ShopperShardFn fn)
{
	int64_t		blocks = (m->n + BLOCK - 1) / BLOCK;

	for (m->first = 0; m->first < blocks; m->first += MOVE_BLOCKS)
	{
		shopper_parallel(m->g->env, (int) (blocks - m->first < MOVE_BLOCKS ? blocks - m->first : MOVE_BLOCKS), fn, m);
		SHOPPER_TRY(shopper_poll(m->g->env));
	}
	return SHOPPER_OK;
}

/* The rows of a node to the other array, those that go left before the others, both in their order. */
static ShopperStatus
move_rows(ShopperGrower *g, const ShopperGrowNode *node, uint32_t **children, int64_t *middle)
{
	Moving		m = {.g = g,.column = &g->bins->column[node->split.column],.n = node->end - node->begin};

	*children = node->rows == g->rows ? g->spare : g->rows;
	m.rows = node->rows + node->begin;
	m.to = *children + node->begin;
	SHOPPER_TRY(over_blocks(&m, mark_block));
	for (int64_t b = 0; b * BLOCK < m.n; b++)
	{
		int64_t		n_left = g->block_left[b];

		g->block_left[b] = m.middle;
		m.middle += n_left;
	}
	*middle = node->begin + m.middle;
	return over_blocks(&m, divide_block);
}

/* ---- growing ---- */

static ShopperStatus
new_node(ShopperGrower *g, const uint32_t *rows, int64_t begin, int64_t end, int64_t sum, int depth)
{
	SHOPPER_TRY(shopper_grow(g->env, &g->node, &g->node_capacity, g->n_nodes + 1, sizeof(ShopperGrowNode)));
	g->node[g->n_nodes++] = (ShopperGrowNode) {
		.rows = rows,.begin = begin,.end = end,.sum = sum,.left = -1,.right = -1,.depth = depth,.slot = -1,
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
	uint32_t   *rows;
	int64_t		middle;

	shopper_split_table(g->bins, &node.split, node.levels >= 0 ? g->words + node.levels : NULL, g->goes_left);
	SHOPPER_TRY(move_rows(g, &node, &rows, &middle));
	g->node[at].left = (int32_t) g->n_nodes;
	g->node[at].right = (int32_t) g->n_nodes + 1;
	SHOPPER_TRY(new_node(g, rows, node.begin, middle, node.split.left, node.depth + 1));
	SHOPPER_TRY(new_node(g, rows, middle, node.end, node.sum - node.split.left, node.depth + 1));
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
	SHOPPER_TRY(new_node(g, g->rows, 0, g->n_rows, sum, 0));
	if (!can_split(g, &g->node[0]) || g->options.max_leaves < 2 || g->n_used == 0)
		return SHOPPER_OK;
	SHOPPER_TRY(shopper_count_begin(g));
	shopper_group_columns(g);
	SHOPPER_TRY(take_slot(g, &g->node[0]));
	SHOPPER_TRY(shopper_count_and_search(g, &g->node[0], NULL, false));
	SHOPPER_TRY(offer_leaf(g, 0));
	while (g->n_open > 0 && g->n_leaves < g->options.max_leaves)
		SHOPPER_TRY(split_node(g, pop_open(g)));
	return SHOPPER_OK;
}
