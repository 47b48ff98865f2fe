/*
 * histogram.c: sums of gradients by bin, and the search that follows them.
 *
 * Columns are dealt out in groups, one a thread: a group's part of a histogram is
 * counted, subtracted and searched while it is in that core's cache. Rows come in
 * windows whose gradients are gathered once for all columns of the group; four
 * columns at a time take the same rows.
 */
#include <string.h>

#include "../../core/threads.h"
#include "grow.h"

#define WINDOW 4096
#define POLL_CELLS 24000000		/* some 12 ms on one core */
#define SERIAL_CELLS 20000		/* less than this is not worth a second thread */
#define NARROW 64				/* bins of a column that has a twin */
#define NARROW_ROWS 256			/* rows that are worth it */
#define MIN_GROUP 4				/* columns */

typedef struct Counting
{
	ShopperGrower *grower;
	ShopperGrowNode *node[2];	/* the smaller child and the larger one, which may be NULL */
	int64_t    *histogram[2];
	bool		subtract;		/* the larger one holds the parent's sums */
	int			groups;
	int			count;			/* which node's rows are counted */
	int64_t		from;
	int64_t		to;
} Counting;

/* ---- cells ---- */

static void
gather(const ShopperGrower *g, const uint32_t *row, int64_t first, int n, int64_t *value)
{
	if (row == NULL)
		for (int i = 0; i < n; i++)
			value[i] = shopper_unpack(g->packed[first + i]);
	else
		for (int i = 0; i < n; i++)
			value[i] = shopper_unpack(g->packed[row[i]]);
}

static void
add_column8(const uint8_t *bin, const uint32_t *row, int n, const int64_t *value, int64_t *h)
{
	if (row == NULL)
		for (int i = 0; i < n; i++)
			h[bin[i]] += value[i];
	else
		for (int i = 0; i < n; i++)
			h[bin[row[i]]] += value[i];
}

static void
add_column16(const uint16_t *bin, const uint32_t *row, int n, const int64_t *value, int64_t *h)
{
	if (row == NULL)
		for (int i = 0; i < n; i++)
			h[bin[i]] += value[i];
	else
		for (int i = 0; i < n; i++)
			h[bin[row[i]]] += value[i];
}

/* Four columns: independent additions hide each other's latency. */
static void
add_columns(const uint8_t *const *bin, const uint32_t *row, int n, const int64_t *value, int64_t *const *h)
{
	const uint8_t *a = bin[0],
			   *b = bin[1],
			   *c = bin[2],
			   *d = bin[3];
	int64_t    *ha = h[0],
			   *hb = h[1],
			   *hc = h[2],
			   *hd = h[3];

	if (row == NULL)
		for (int i = 0; i < n; i++)
		{
			int64_t		v = value[i];

			ha[a[i]] += v;
			hb[b[i]] += v;
			hc[c[i]] += v;
			hd[d[i]] += v;
		}
	else
		for (int i = 0; i < n; i++)
		{
			int64_t		v = value[i];
			uint32_t	r = row[i];

			ha[a[r]] += v;
			hb[b[r]] += v;
			hc[c[r]] += v;
			hd[d[r]] += v;
		}
}

/*
 * Columns of few bins: neighbouring rows often meet in one bin and would wait for each
 * other's addition, so every other row adds to a twin.
 */
static void
add_narrow(const uint8_t *const *bin, const uint32_t *row, int n, const int64_t *value, int64_t *const *h, int64_t (*twin)[NARROW])
{
	const uint8_t *a = bin[0],
			   *b = bin[1],
			   *c = bin[2],
			   *d = bin[3];
	int64_t    *ha = h[0],
			   *hb = h[1],
			   *hc = h[2],
			   *hd = h[3];

	for (int i = 0; i + 1 < n; i += 2)
	{
		int64_t		v = value[i],
					w = value[i + 1];
		size_t		r = row != NULL ? row[i] : (size_t) i,
					s = row != NULL ? row[i + 1] : (size_t) i + 1;

		ha[a[r]] += v;
		twin[0][a[s]] += w;
		hb[b[r]] += v;
		twin[1][b[s]] += w;
		hc[c[r]] += v;
		twin[2][c[s]] += w;
		hd[d[r]] += v;
		twin[3][d[s]] += w;
	}
	if (n % 2 == 1)
	{
		int64_t		v = value[n - 1];
		size_t		r = row != NULL ? row[n - 1] : (size_t) n - 1;

		ha[a[r]] += v;
		hb[b[r]] += v;
		hc[c[r]] += v;
		hd[d[r]] += v;
	}
}

static void
count_narrow(const ShopperBins *bins, const int *column, const uint8_t *const *bin, const uint32_t *row, int n,
			 const int64_t *value, int64_t *const *h)
{
	int64_t		twin[4][NARROW];

	for (int k = 0; k < 4; k++)
		memset(twin[k], 0, (size_t) bins->column[column[k]].n_bins * sizeof(int64_t));
	add_narrow(bin, row, n, value, h, twin);
	for (int k = 0; k < 4; k++)
		for (int b = 0; b < bins->column[column[k]].n_bins; b++)
			h[k][b] += twin[k][b];
}

static void
count_rows(const Counting *k, const int *used, int n_used, int64_t *histogram)
{
	const ShopperGrower *g = k->grower;
	const ShopperBins *bins = g->bins;
	bool		direct = g->all_rows && k->node[k->count]->end - k->node[k->count]->begin == g->n;
	int64_t		value[WINDOW];

	for (int64_t at = k->from; at < k->to; at += WINDOW)
	{
		int			n = (int) (k->to - at < WINDOW ? k->to - at : WINDOW);
		int64_t		first = direct ? at : 0;
		const uint32_t *row = direct ? NULL : g->rows + at;
		const uint8_t *bin[2][4];	/* columns of many bins, of few */
		int64_t    *h[2][4];
		int			column[2][4],
					four[2] = {0, 0};

		gather(g, row, first, n, value);
		for (int u = 0; u < n_used; u++)
		{
			const ShopperBinColumn *c = &bins->column[used[u]];
			int			narrow = c->n_bins <= NARROW && n >= NARROW_ROWS,
						k = four[narrow];

			if (c->bin16 != NULL)
			{
				add_column16(c->bin16 + first, row, n, value, histogram + g->offset[used[u]]);
				continue;
			}
			bin[narrow][k] = c->bin8 + first;
			h[narrow][k] = histogram + g->offset[used[u]];
			column[narrow][k] = used[u];
			four[narrow] = (k + 1) % 4;
			if (k == 3 && narrow)
				count_narrow(bins, column[1], bin[1], row, n, value, h[1]);
			else if (k == 3)
				add_columns(bin[0], row, n, value, h[0]);
		}
		for (int narrow = 0; narrow < 2; narrow++)
			for (int u = 0; u < four[narrow]; u++)
				add_column8(bin[narrow][u], row, n, value, h[narrow][u]);
	}
}

/* ---- groups of columns ---- */

static void
group_range(const Counting *k, int group, int *first, int *n)
{
	*first = k->grower->n_used * group / k->groups;
	*n = k->grower->n_used * (group + 1) / k->groups - *first;
}

static void
count_group(void *arg, int group)
{
	Counting   *k = arg;
	const ShopperGrower *g = k->grower;
	int64_t    *histogram = k->histogram[k->count];
	int			first,
				n;

	group_range(k, group, &first, &n);
	if (k->from == k->node[k->count]->begin)
		for (int u = first; u < first + n; u++)
			memset(histogram + g->offset[g->used[u]], 0, (size_t) g->bins->column[g->used[u]].n_bins * sizeof(int64_t));
	count_rows(k, g->used + first, n, histogram);
}

static void
search_group(void *arg, int group)
{
	Counting   *k = arg;
	const ShopperGrower *g = k->grower;
	ShopperGroup *room = &g->group[group];
	int			first,
				n;

	group_range(k, group, &first, &n);
	room->best[0].gain = room->best[1].gain = 0;
	for (int u = first; u < first + n; u++)
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
count_and_search_group(void *arg, int group)
{
	count_group(arg, group);
	search_group(arg, group);
}

static void
run(Counting *k, ShopperShardFn fn, bool parallel)
{
	if (parallel)
		shopper_parallel(k->grower->env, k->groups, fn, k);
	else
		for (int s = 0; s < k->groups; s++)
			fn(k, s);
}

/* The best of the groups; with equal gains the lowest column, as groups are in order. */
static ShopperStatus
choose(ShopperGrower *g, const Counting *k, int which)
{
	ShopperGrowNode *node = k->node[which];
	ShopperSplit *best = &g->group[0].best[which];
	int			words;

	for (int s = 1; s < k->groups; s++)
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

/*
 * Find the best splits of two children (or of the root: large NULL). Only the smaller
 * one's rows are counted when the larger one's slot holds the sums of the parent.
 */
ShopperStatus
shopper_count_and_search(ShopperGrower *g, ShopperGrowNode *small, ShopperGrowNode *large, bool subtract)
{
	Counting	k = {.grower = g,.node = {small, large},.subtract = subtract,
		.histogram = {g->histogram[small->slot], large != NULL ? g->histogram[large->slot] : g->histogram[small->slot]}};
	int64_t		window = POLL_CELLS / (g->n_used + 1) + 1;

	k.groups = g->n_used / MIN_GROUP < g->max_groups ? g->n_used / MIN_GROUP : g->max_groups;
	if (k.groups < 1)
		k.groups = 1;
	for (k.count = large != NULL && !subtract; k.count >= 0; k.count--)
		for (k.from = k.node[k.count]->begin; k.from < k.node[k.count]->end; k.from = k.to)
		{
			bool		last;

			k.to = k.from + window < k.node[k.count]->end ? k.from + window : k.node[k.count]->end;
			last = k.count == 0 && k.to == k.node[0]->end;
			run(&k, last ? count_and_search_group : count_group, (k.to - k.from + g->bins->max_bins) * g->n_used > SERIAL_CELLS);
			SHOPPER_TRY(shopper_poll(g->env));
		}
	SHOPPER_TRY(choose(g, &k, 0));
	return large != NULL ? choose(g, &k, 1) : SHOPPER_OK;
}
