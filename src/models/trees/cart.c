/* cart.c: see cart.h. Rows are cart_rows.c, what a split costs is in cart_split.c. */
#include "cart.h"

#include <math.h>
#include <string.h>

#include "../../core/hash.h"
#include "../../core/threads.h"

#define PARALLEL_CELLS 100000	/* a node with fewer is not worth waking threads */
#define SLICE_CELLS 2000000
#define SETS_AT_ONCE 64

/* ---- the grower ---- */

ShopperStatus
shopper_cart_make(ShopperEnv *env, const ShopperCartData *d, const ShopperCartRules *rules, int parallel, ShopperCart *g)
{
	memset(g, 0, sizeof(*g));
	g->data = d;
	g->rules = rules;
	g->n_scratch = parallel;
	SHOPPER_NEW(env, g->scratch, parallel);
	for (int i = 0; i < parallel; i++)
		SHOPPER_TRY(shopper_cart_scratch(env, d, &g->scratch[i]));
	SHOPPER_NEW(env, g->row, d->n);
	SHOPPER_NEW(env, g->spare_row, d->n);
	g->load = shopper_alloc(env, (size_t) d->n, shopper_cart_load_size(d));
	g->spare_load = shopper_alloc(env, (size_t) d->n, shopper_cart_load_size(d));
	if (g->load == NULL || g->spare_load == NULL)
		return env->status;
	SHOPPER_NEW(env, g->goes_left, d->bins->max_bins + 1);
	SHOPPER_NEW(env, g->order, d->bins->n_columns);
	SHOPPER_NEW(env, g->found, d->bins->n_columns);
	g->most_words = d->bins->max_bins / 32 + 1;
	return SHOPPER_OK;
}

void
shopper_cart_release(ShopperEnv *env, ShopperCart *g)
{
	shopper_release(env, g->row);
	shopper_release(env, g->spare_row);
	shopper_release(env, g->load);
	shopper_release(env, g->spare_load);
	shopper_release(env, g->node);
	shopper_release(env, g->pending);
	shopper_release(env, g->open);
	shopper_release(env, g->word);
}

static int32_t
add_node(ShopperCart *g, int64_t from, int64_t to, int64_t out_from, int64_t out_to, int depth)
{
	g->node[g->n_nodes] = (ShopperCartNode) {.from = from,.to = to,.out_from = out_from,.out_to = out_to,
	.depth = depth,.column = -1,.left = -1,.right = -1};
	g->pending[g->n_pending++] = (int32_t) g->n_nodes;
	return (int32_t) g->n_nodes++;
}

void
shopper_cart_begin(ShopperCart *g, uint64_t seed, uint64_t stream, const uint8_t *times, bool keep_out)
{
	const ShopperCartData *d = g->data;
	ShopperCartClassLoad *class_load = g->load;
	ShopperCartAmountLoad *amount_load = g->load;
	int64_t		in = 0,
				out = 0;

	g->seed = seed;
	g->stream = stream;
	g->total = 0;
	for (int64_t i = 0; i < d->n; i++)
	{
		uint32_t	weight = (times != NULL ? times[i] : 1) * (d->weight != NULL ? d->weight[i] : 1);

		if (weight == 0)
		{
			g->spare_row[out++] = (uint32_t) i;
			continue;
		}
		g->row[in] = (uint32_t) i;
		if (d->n_classes > 0)
			class_load[in++] = (ShopperCartClassLoad) {.y = (uint32_t) d->y_class[i],.weight = weight};
		else
			amount_load[in++] = (ShopperCartAmountLoad) {.weight = weight,.sum = (int64_t) weight * d->amount[i]};
		g->total += weight;
	}
	g->n_bag = in;
	memcpy(g->row + in, g->spare_row, (size_t) out * sizeof(uint32_t));
	g->n_nodes = g->n_pending = g->n_open = g->n_words = 0;
	g->n_leaves = 1;
	g->searching = -1;
	g->done = false;
	add_node(g, 0, in, in, keep_out ? d->n : in, 0);
}

ShopperStatus
shopper_cart_reserve(ShopperEnv *env, ShopperCart *g)
{
	int64_t		capacity = g->node_capacity;

	if (g->n_words + 2 * g->most_words > g->word_capacity)
		SHOPPER_TRY(shopper_grow(env, &g->word, &g->word_capacity, g->n_words + (int64_t) SETS_AT_ONCE * g->most_words, sizeof(uint32_t)));
	if (g->n_nodes + 2 <= capacity)
		return SHOPPER_OK;
	SHOPPER_TRY(shopper_grow(env, &g->node, &capacity, g->n_nodes + 1024, sizeof(ShopperCartNode)));
	g->node_capacity = 0;
	SHOPPER_TRY(shopper_grow(env, &g->pending, &g->node_capacity, capacity, sizeof(int32_t)));
	g->node_capacity = 0;
	SHOPPER_TRY(shopper_grow(env, &g->open, &g->node_capacity, capacity, sizeof(int32_t)));
	g->node_capacity = capacity;
	return SHOPPER_OK;
}

/* ---- seeking a split ---- */

static bool
pure(const ShopperCart *g, const ShopperCartNode *node)
{
	const ShopperCartData *d = g->data;
	const ShopperCartClassLoad *load = g->load;

	for (int64_t i = node->from + 1; i < node->to; i++)
		if (d->n_classes > 0 ? load[i].y != load[node->from].y : d->amount[g->row[i]] != d->amount[g->row[node->from]])
			return false;
	return true;
}

double
shopper_cart_weight(const ShopperCart *g, const ShopperCartNode *node)
{
	const ShopperCartClassLoad *class_load = g->load;
	const ShopperCartAmountLoad *amount_load = g->load;
	int64_t		sum = 0;

	for (int64_t i = node->from; i < node->to; i++)
		sum += g->data->n_classes > 0 ? class_load[i].weight : amount_load[i].weight;
	return (double) sum;
}

/* In the units of sums. */
static double
spread_of(const ShopperCart *g, const ShopperCartNode *node)
{
	const ShopperCartAmountLoad *load = g->load;
	double		sum = 0,
				squares = 0,
				weight = 0;

	for (int64_t i = node->from; i < node->to; i++)
	{
		double		amount = g->data->amount[g->row[i]];

		weight += (double) load[i].weight;
		sum += (double) load[i].sum;
		squares += (double) load[i].sum * amount;
	}
	return squares / weight - sum / weight * (sum / weight);
}

/* Take the next node to seek a split for; false when it must stay a leaf. */
static bool
start_search(ShopperCart *g, int32_t number)
{
	const ShopperCartNode *node = &g->node[number];
	const ShopperCartRules *rules = g->rules;
	int			all = g->data->bins->n_columns;
	double		least = 2 * rules->min_rows > rules->min_split_rows ? 2 * rules->min_rows : rules->min_split_rows;

	if (node->depth >= rules->max_depth || node->to - node->from < 2 || pure(g, node))
		return false;
	if (shopper_cart_weight(g, node) * g->data->weight_unit < least * (1 - 1e-9))
		return false;
	g->spread = g->data->n_classes == 0 ? spread_of(g, node) : 0;
	for (int j = 0; j < all; j++)
		g->order[j] = j;
	g->searching = number;
	g->tried = g->useful = 0;
	return true;
}

/* The next column to try: any when all are, else drawn without putting back. */
static int
draw_column(ShopperCart *g)
{
	int			all = g->data->bins->n_columns,
				at = g->tried,
				swap;

	if (g->rules->columns < all)
	{
		uint64_t	random = shopper_random(g->seed, 2 * g->stream + 1, (uint64_t) g->searching << 24 | (uint64_t) at);

		at += (int) shopper_below(random, (uint64_t) (all - at));
		swap = g->order[at];
		g->order[at] = g->order[g->tried];
		g->order[g->tried] = swap;
	}
	return g->order[g->tried];
}

static void
try_column(ShopperCart *g, int column, int place, ShopperCartScratch *scratch, uint32_t *left_levels)
{
	const ShopperCartNode *node = &g->node[g->searching];
	uint64_t	random = g->rules->random_cuts
		? shopper_random(g->seed, 2 * g->stream + 1, (uint64_t) g->searching << 24 | 1ULL << 23 | (uint64_t) column) : 0;

	shopper_cart_split(g->data, g->rules, scratch, column, g->row + node->from, (char *) g->load + (size_t) node->from * shopper_cart_load_size(g->data),
					   node->to - node->from, random, &g->found[place], left_levels);
}

/*
 * What the best set of levels gains by chance alone, when the target does not depend
 * on them: sorting the levels by their means takes 2 / pi of their sum of squares, each
 * of which is worth one row's impurity (for bits: half a chi-square). Without it a
 * category of hundreds of levels would win in every small node.
 */
static double
chance(const ShopperCart *g, const ShopperCartSplit *f)
{
	double		row = 1 / g->data->weight_unit,	/* a weight of 1 is a row */
				each = g->data->n_classes == 0 ? g->spread : g->rules->criterion == SHOPPER_GINI ? f->impurity : 0.5 / 0.6931471805599453;

	return f->levels < 3 ? 0 : g->rules->chance * 2 / 3.141592653589793 * (f->levels - 1) * each * row;
}

/* Quinlan (1993): of the columns that gain at least the average, the one with the best ratio. */
static int
best_place(const ShopperCart *g)
{
	double		average = 0,
				most = 0;
	int			n = 0,
				best = -1;

	if (g->rules->criterion == SHOPPER_GAIN_RATIO)
	{
		for (int i = 0; i < g->tried; i++)
		{
			average += g->found[i].gain;
			n += g->found[i].gain > 0;
		}
		average = n > 0 ? average / n * (1 - 1e-9) : 0;
	}
	for (int i = 0; i < g->tried; i++)
	{
		const ShopperCartSplit *f = &g->found[i];
		double		beyond = f->gain - chance(g, f),
					value = average > 0 ? f->ratio : beyond;

		if (f->gain > 0 && beyond > 0 && f->gain >= average &&
			(best < 0 || value > most || (value == most && g->order[i] < g->order[best])))
		{
			best = i;
			most = value;
		}
	}
	return best;
}

/* A gain of integers in the target's units: impurity times weight. */
static double
real_gain(const ShopperCart *g, double gain)
{
	const ShopperCartData *d = g->data;

	return gain * d->weight_unit * (d->n_classes > 0 ? 1 : d->amount_unit * d->amount_unit);
}

static void
end_search(ShopperCart *g)
{
	int			best = best_place(g);
	int32_t		number = g->searching;
	ShopperCartNode *node = &g->node[number];
	int			column = best < 0 ? -1 : g->order[best];

	if (best >= 0 && real_gain(g, g->found[best].gain) / (g->total * g->data->weight_unit) >= g->rules->min_gain)
	{
		const ShopperCartSplit *f = &g->found[best];

		node->gain = real_gain(g, f->gain);
		if (g->data->bins->column[column].category)
		{
			node->words = g->n_words;
			try_column(g, column, best, g->scratch[0], g->word + g->n_words);
			g->n_words += g->data->bins->column[column].n_bins / 32 + 1;
		}
		node->column = column;
		node->last_bin = f->last_bin;
		node->missing_left = f->missing_left;
		g->open[g->n_open++] = number;
	}
	g->searching = -1;
}

static bool
enough_columns(const ShopperCart *g)
{
	return g->tried == g->data->bins->n_columns || (g->tried >= g->rules->columns && g->useful > 0);
}

/* ---- dividing ---- */

/* Make the split of the node that is next; returns the rows moved, -1 when none is left. */
static int64_t
divide(ShopperCart *g)
{
	int64_t		at = g->n_open - 1,
				middle,
				out_middle;
	int32_t		number;
	ShopperCartNode *node;

	if (g->n_open == 0 || (g->rules->max_leaves > 0 && g->n_leaves >= g->rules->max_leaves))
		return -1;
	for (int64_t i = 0; g->rules->max_leaves > 0 && i < g->n_open; i++)
	{
		const ShopperCartNode *a = &g->node[g->open[i]],
				   *b = &g->node[g->open[at]];

		if (a->gain > b->gain || (a->gain == b->gain && g->open[i] < g->open[at]))
			at = i;
	}
	number = g->open[at];
	g->open[at] = g->open[--g->n_open];
	node = &g->node[number];
	shopper_cart_fill_goes_left(g, node);
	middle = shopper_cart_divide_rows(g, &g->data->bins->column[node->column], node->from, node->to, true);
	out_middle = shopper_cart_divide_rows(g, &g->data->bins->column[node->column], node->out_from, node->out_to, false);
	/* the left child is looked at first */
	node->right = add_node(g, middle, node->to, out_middle, node->out_to, node->depth + 1);
	node = &g->node[number];
	node->left = add_node(g, node->from, middle, node->out_from, out_middle, node->depth + 1);
	g->n_leaves++;
	return node->to - node->from;
}

static bool
has_room(const ShopperCart *g)
{
	return g->n_nodes + 2 <= g->node_capacity && g->n_words + 2 * g->most_words <= g->word_capacity;
}

void
shopper_cart_slice(ShopperCart *g, int64_t cells)
{
	while (cells > 0 && !g->done && has_room(g))
	{
		if (g->searching >= 0)
		{
			const ShopperCartNode *node = &g->node[g->searching];

			if (enough_columns(g))
			{
				end_search(g);
				continue;
			}
			try_column(g, draw_column(g), g->tried, g->scratch[0], NULL);
			g->useful += !g->found[g->tried++].constant;
			cells -= node->to - node->from + 100;
		}
		else if (g->n_pending > 0)
		{
			int32_t		number = g->pending[--g->n_pending];

			cells -= g->node[number].to - g->node[number].from;
			(void) start_search(g, number);
		}
		else
		{
			int64_t		moved = divide(g);

			g->done = moved < 0;
			cells -= 2 * moved;
		}
	}
}

static void
column_shard(void *arg, int shard)
{
	ShopperCart *g = arg;

	try_column(g, g->order[g->tried + shard], g->tried + shard, g->scratch[shard], NULL);
}

ShopperStatus
shopper_cart_run(ShopperEnv *env, ShopperCart *g)
{
	int			all = g->data->bins->n_columns;

	while (!g->done)
	{
		int64_t		rows = g->searching >= 0 ? g->node[g->searching].to - g->node[g->searching].from : 0;

		SHOPPER_TRY(shopper_poll(env));
		SHOPPER_TRY(shopper_cart_reserve(env, g));
		if (rows * (all - g->tried) > PARALLEL_CELLS && g->rules->columns >= all && g->tried < all)
		{
			int			n = all - g->tried < g->n_scratch ? all - g->tried : g->n_scratch;

			shopper_parallel(env, n, column_shard, g);
			for (int i = 0; i < n; i++)
				g->useful += !g->found[g->tried + i].constant;
			g->tried += n;
		}
		else if (rows > PARALLEL_CELLS)
			shopper_cart_slice(g, 1);
		else
			/* one node at a time as long as they may be large */
			shopper_cart_slice(g, g->n_pending + g->n_open > 0 && g->n_nodes < 64 ? 1 : SLICE_CELLS / 4);
	}
	return SHOPPER_OK;
}
