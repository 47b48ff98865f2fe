/*
 * histogram.c: sums of gradients by bin, and the search that follows them.
 *
 * When the rows are counted (count.c), columns are dealt out in groups, one a thread: a
 * group's part of a histogram is folded out of the cells, subtracted and searched while it
 * is in that core's cache.
 */
#include <string.h>

#include "../../core/threads.h"
#include "grow.h"

#define POLL_CELLS 24000000		/* some 8 ms on one core */
#define SERIAL_CELLS 20000		/* less than this is not worth a second thread */
#define MIN_GROUP 4				/* columns */
#define LEVEL_WORK 16			/* of a level, against a bin of a number */

typedef struct Searching
{
	ShopperGrower *grower;
	ShopperGrowNode *node[2];	/* the smaller child and the larger one, which may be NULL */
	int64_t    *histogram[2];
	bool		subtract;		/* the larger one holds the parent's sums */
	int			fold;			/* which node's rows were counted */
	int			parts;
} Searching;

/* ---- groups of columns ---- */

/* What searching a column costs: levels are sorted, bins of numbers only added up. */
static int64_t
column_work(const ShopperGrower *g, int used)
{
	const ShopperBinColumn *c = &g->bins->column[g->used[used]];

	return (int64_t) c->n_bins * (c->category ? LEVEL_WORK : 1);
}

/* Cut the columns of the next tree into groups of about the same work, in their order. */
void
shopper_group_columns(ShopperGrower *g)
{
	int64_t		all = 0,
				before = 0;
	int			k = 0;

	g->n_groups = g->n_used / MIN_GROUP < g->max_groups ? g->n_used / MIN_GROUP : g->max_groups;
	if (g->n_groups < 1)
		g->n_groups = 1;
	for (int u = 0; u < g->n_used; u++)
		all += column_work(g, u);
	for (int u = 0; u < g->n_used; u++)
	{
		int64_t		work = column_work(g, u);

		for (; k < g->n_groups && (2 * before + work) * g->n_groups >= 2 * all * k; k++)
			g->group[k].first = u;
		before += work;
	}
	for (; k <= g->n_groups; k++)
		g->group[k].first = g->n_used;
}

static void
fold_group(void *arg, int group)
{
	Searching  *k = arg;
	const ShopperGrower *g = k->grower;

	for (int u = g->group[group].first; u < g->group[group + 1].first; u++)
		shopper_fold_column(g, g->used[u], k->parts, k->histogram[k->fold] + g->offset[g->used[u]]);
}

static void
search_group(void *arg, int group)
{
	Searching   *k = arg;
	const ShopperGrower *g = k->grower;
	ShopperGroup *room = &g->group[group];

	room->best[0].gain = room->best[1].gain = 0;
	for (int u = room->first; u < room[1].first; u++)
	{
		int			j = g->used[u];
		int64_t    *small = k->histogram[0] + g->offset[j],
				   *large = k->histogram[1] + g->offset[j];

		shopper_search_column(g, k->node[0], j, small, room, &room->best[0]);
		if (k->node[1] == NULL)
			continue;
		if (k->subtract)
			for (int b = 0; b < g->bins->column[j].n_bins; b++)
				large[b] -= small[b];
		shopper_search_column(g, k->node[1], j, large, room, &room->best[1]);
	}
}

static void
fold_and_search_group(void *arg, int group)
{
	fold_group(arg, group);
	search_group(arg, group);
}

static void
run(Searching *k, ShopperShardFn fn, bool parallel)
{
	if (parallel)
		shopper_parallel(k->grower->env, k->grower->n_groups, fn, k);
	else
		for (int s = 0; s < k->grower->n_groups; s++)
			fn(k, s);
}

/* The best of the groups; with equal gains the lowest column, as groups are in order. */
static ShopperStatus
choose(ShopperGrower *g, const Searching *k, int which)
{
	ShopperGrowNode *node = k->node[which];
	ShopperSplit *best = &g->group[0].best[which];
	int			words;

	for (int s = 1; s < g->n_groups; s++)
		if (g->group[s].best[which].gain > best->gain)
			best = &g->group[s].best[which];
	node->split = *best;
	node->split.levels = NULL;
	node->levels = -1;
	if (best->gain <= 0 || !g->bins->column[best->column].category)
		return SHOPPER_OK;
	words = (g->bins->column[best->column].n_levels + 31) / 32;
	SHOPPER_TRY(shopper_grow(g->env, &g->words, &g->word_capacity, g->n_words + words, sizeof(uint32_t)));
	node->levels = g->n_words;
	memcpy(g->words + g->n_words, best->levels, (size_t) words * sizeof(uint32_t));
	g->n_words += words;
	return SHOPPER_OK;
}

/* Count the rows of one of the nodes. */
static ShopperStatus
count_node(Searching *k, int which)
{
	ShopperGrower *g = k->grower;
	const ShopperGrowNode *node = k->node[which];
	int64_t		window = POLL_CELLS / (g->n_used + 1) + 1,
				to;
	bool		all = g->all_rows && node->end - node->begin == g->n,
				parallel = (node->end - node->begin) * g->n_used > SERIAL_CELLS;

	k->fold = which;
	k->parts = parallel ? g->max_parts : 1;
	for (int64_t from = node->begin; from < node->end; from = to)
	{
		to = from + window < node->end ? from + window : node->end;
		shopper_count_rows(g, all ? NULL : node->rows, from, to, from == node->begin, k->parts, parallel);
		SHOPPER_TRY(shopper_poll(g->env));
	}
	return SHOPPER_OK;
}

/*
 * Find the best splits of two children (or of the root: large NULL). Only the smaller
 * one's rows are counted when the larger one's slot holds the sums of the parent.
 */
ShopperStatus
shopper_count_and_search(ShopperGrower *g, ShopperGrowNode *small, ShopperGrowNode *large, bool subtract)
{
	Searching	k = {.grower = g,.node = {small, large},.subtract = subtract,
		.histogram = {g->histogram[small->slot], large != NULL ? g->histogram[large->slot] : g->histogram[small->slot]}};
	bool		parallel = (int64_t) g->bins->max_bins * g->n_used > SERIAL_CELLS;

	if (large != NULL && !subtract)
	{
		SHOPPER_TRY(count_node(&k, 1));
		run(&k, fold_group, parallel);
	}
	SHOPPER_TRY(count_node(&k, 0));
	run(&k, fold_and_search_group, parallel || k.parts > 1);
	SHOPPER_TRY(choose(g, &k, 0));
	return large != NULL ? choose(g, &k, 1) : SHOPPER_OK;
}
