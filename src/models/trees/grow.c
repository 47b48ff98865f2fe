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
	SHOPPER_TRY(shopper_divide_make(g));
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
	shopper_divide_release(g);
	for (int k = 0; k < g->n_slots; k++)
		shopper_release(g->env, g->histogram[k]);
	g->packed = g->rows = NULL;
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
	SHOPPER_TRY(shopper_divide_rows(g, &node, &rows, &middle));
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
