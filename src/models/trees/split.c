/*
 * split.c: the best split of a node at one column, from its histogram.
 *
 * Numbers: every edge between bins, with missing rows on either side; the last edge
 * separates present from missing. Where no row of the node is missing, missing
 * values go with the child of more weight.
 *
 * Categories: levels in order of gradient / (hessian + smoothing), split there
 * (Fisher 1958; Breiman et al. 1984), the smaller side of at most
 * max_category_levels levels and with an extra penalty. A level of fewer than min_rows
 * rows in the node goes with the other side: among hundreds of levels some small ones
 * are always extreme by chance. Up to four levels are split exactly. Levels without rows
 * in the node, and missing values without rows, go with the child of more weight.
 *
 * Of equal gains the lowest column, then the lowest bin stays.
 */
#include <math.h>
#include <string.h>

#include "../../core/simd.h"
#include "grow.h"

#define FEW_LEVELS 4
#define EDGES 256				/* whose gains are computed together */

typedef struct Search
{
	const ShopperGrower *g;
	const ShopperGrowOptions *o;
	const ShopperGrowNode *node;
	double		gu;				/* what a unit is worth */
	double		hu;
	double		parent;			/* score of the node */
	double		floor;			/* gains up to this are none */
	int64_t		enough;			/* so many units of hessian are surely min_rows rows */
	int64_t		least;			/* units of hessian that a child needs */
	int			monotone;
	bool		bounded;
	const uint32_t *count;		/* rows of each bin, or NULL: not counted yet */
	bool		want_count;		/* a better split may have too few rows */
} Search;

static inline double
soft(double g, double l1)
{
	return g > l1 ? g - l1 : g < -l1 ? g + l1 : 0;
}

double
shopper_leaf_value(const ShopperGrowOptions *o, double gradient, double hessian)
{
	double		h = hessian + o->l2;

	return h > 0 ? -soft(gradient, o->l1) / h : 0;
}

/* Twice what a leaf takes off the loss (Chen and Guestrin 2016); no branch, so that loops of it become vectors. */
static inline double
score(double g, double h, double l1, double l2)
{
	double		t = soft(g, l1);

	h += l2;
	return (h > 0 ? t * t : 0) / (h > 0 ? h : 1);
}

/* The same for a leaf that must keep to bounds; *value is what it would say. */
static double
bounded_score(const ShopperGrowOptions *o, const ShopperGrowNode *node, double g, double h, double l2, double *value)
{
	double		w;

	h += l2;
	w = h > 0 ? -soft(g, o->l1) / h : 0;
	w = w < node->low ? node->low : w > node->high ? node->high : w;
	*value = w;
	return -(2 * g * w + h * w * w + 2 * o->l1 * fabs(w));
}

static double
gain_of(const Search *s, int64_t left, int64_t right, double l2)
{
	const ShopperGrowOptions *o = s->o;
	double		lg = (double) shopper_sum_gradient(left) * s->gu,
				lh = (double) shopper_sum_hessian(left) * s->hu,
				rg = (double) shopper_sum_gradient(right) * s->gu,
				rh = (double) shopper_sum_hessian(right) * s->hu;

	if (s->bounded)
	{
		double		a,
					b,
					both = bounded_score(o, s->node, lg, lh, l2, &a) + bounded_score(o, s->node, rg, rh, l2, &b);

		if ((s->monotone > 0 && a > b) || (s->monotone < 0 && a < b))
			return 0;
		return 0.5 * (both - s->parent);
	}
	return 0.5 * (score(lg, lh, o->l1, l2) + score(rg, rh, o->l1, l2) - s->parent);
}

/* Whether a side of so many units, and rows when they are counted, is large enough. */
static inline bool
allowed(Search *s, int64_t sum, int64_t rows)
{
	int64_t		h = shopper_sum_hessian(sum);

	if (h < s->least)
		return false;
	if (s->count != NULL)
		return rows >= s->o->min_rows;
	return h >= s->enough;
}

static inline bool
maybe(const Search *s, int64_t sum)
{
	return s->count == NULL && !s->g->counted && shopper_sum_hessian(sum) >= s->least;
}

/* Take a split when it is better and both sides are large enough. */
static bool
offer(Search *s, int64_t left, int64_t rows, double l2, ShopperSplit *best)
{
	int64_t		right = s->node->sum - left,
				all = s->node->end - s->node->begin;
	double		gain = gain_of(s, left, right, l2);

	if (!(gain > best->gain) || !(gain > s->floor))
		return false;
	if (!allowed(s, left, rows) || !allowed(s, right, all - rows))
	{
		if (maybe(s, left) && maybe(s, right))
			s->want_count = true;
		return false;
	}
	best->gain = gain;
	best->left = left;
	return true;
}

static bool
left_is_larger(const Search *s, int64_t left)
{
	return 2 * shopper_sum_hessian(left) > shopper_sum_hessian(s->node->sum);
}

typedef struct Edges
{
	double		gain[EDGES];
	int64_t		left[EDGES];
	int64_t		rows[EDGES];
} Edges;

/* What gain_of() says of n edges, bit for bit. */
SHOPPER_CLONES static void
gains_of(const Search *s, int n, Edges *e)
{
	const double gu = s->gu,
				hu = s->hu,
				l1 = s->o->l1,
				l2 = s->o->l2,
				parent = s->parent;
	const int32_t gradient = (int32_t) shopper_sum_gradient(s->node->sum),
				hessian = (int32_t) shopper_sum_hessian(s->node->sum);

	for (int i = 0; i < n; i++)
	{
		int32_t		lg = (int32_t) shopper_sum_gradient(e->left[i]),	/* sums of all rows keep to 31 bits */
					lh = (int32_t) shopper_sum_hessian(e->left[i]);

		e->gain[i] = 0.5 * (score((double) lg * gu, (double) lh * hu, l1, l2) +
							score((double) (gradient - lg) * gu, (double) (hessian - lh) * hu, l1, l2) - parent);
	}
}

/* Sums to the left of the n edges behind `first`; *left and *rows are those before them, and go on. */
static void
sum_edges(const Search *s, const int64_t *histogram, int first, int n, int64_t *left, int64_t *rows, Edges *e)
{
	for (int i = 0; i < n; i++)
		e->left[i] = *left += histogram[first + i];
	for (int i = 0; i < n && s->count != NULL; i++)
		e->rows[i] = *rows += s->count[first + i];
}

static void
search_number(Search *s, int column, const int64_t *histogram, ShopperSplit *best)
{
	int			missing = s->g->bins->column[column].n_bins - 1;
	bool		some = histogram[missing] != 0;
	Edges		e;

	for (int side = 0; side <= some; side++)
	{
		int			n = missing - 1 + (some && side == 0);
		int64_t		left = side == 1 ? histogram[missing] : 0,
					rows = side == 1 && s->count != NULL ? s->count[missing] : 0;

		for (int first = 0; first < n; first += EDGES)
		{
			int			edges = n - first < EDGES ? n - first : EDGES;

			sum_edges(s, histogram, first, edges, &left, &rows, &e);
			if (!s->bounded)
				gains_of(s, edges, &e);
			for (int i = 0; i < edges; i++)
			{
				if (!s->bounded && !(e.gain[i] > best->gain))
					continue;
				if (histogram[first + i] == 0 || !offer(s, e.left[i], s->count != NULL ? e.rows[i] : 0, s->o->l2, best))
				{
					if (s->want_count)
						return;
					continue;
				}
				best->column = column;
				best->bin = first + i;
				best->missing_left = some ? side == 1 : left_is_larger(s, e.left[i]);
			}
		}
	}
}

/* ---- categories ---- */

static inline bool
before(const ShopperLevel *a, const ShopperLevel *b)
{
	return a->ratio < b->ratio || (a->ratio == b->ratio && a->bin < b->bin);
}

/* Merge sort; the result is in level[0 .. n). */
static void
sort_levels(ShopperLevel *level, ShopperLevel *spare, int n)
{
	ShopperLevel *from = level,
			   *to = spare;

	for (int width = 1; width < n; width *= 2)
	{
		ShopperLevel *swap = from;

		for (int at = 0; at < n; at += 2 * width)
		{
			int			middle = at + width < n ? at + width : n,
						end = at + 2 * width < n ? at + 2 * width : n;

			for (int a = at, b = middle, k = at; k < end; k++)
				to[k] = b == end || (a < middle && !before(&from[b], &from[a])) ? from[a++] : from[b++];
		}
		from = to;
		to = swap;
	}
	if (from != level)
		memcpy(level, from, (size_t) n * sizeof(*level));
}

/* Keep the set of level[from .. to) as the left side. */
static void
keep_levels(const Search *s, int column, const int64_t *histogram, const ShopperLevel *level, int from, int to, ShopperSplit *best)
{
	const ShopperBinColumn *c = &s->g->bins->column[column];
	int			missing = c->n_bins - 1;
	bool		others = left_is_larger(s, best->left);

	best->column = column;
	best->missing_left = histogram[missing] == 0 && others;
	memset(best->levels, 0, (size_t) ((c->n_levels + 31) / 32) * sizeof(uint32_t));
	for (int k = from; k < to; k++)
	{
		if (level[k].bin == missing)
			best->missing_left = true;
		else
			best->levels[level[k].bin / 32] |= 1u << level[k].bin % 32;
	}
	for (int b = 0; others && b < missing; b++)
		if (histogram[b] == 0)
			best->levels[b / 32] |= 1u << b % 32;
	for (int b = missing; best->missing_left && b < c->n_levels; b++)	/* levels that share the last bin */
		best->levels[b / 32] |= 1u << b % 32;
}

/* Leave out the levels of fewer than min_rows rows, told by hessians; returns how many remain. */
static int
drop_rare_levels(const Search *s, ShopperLevel *level, int n)
{
	double		least = (double) s->o->min_rows * (double) shopper_sum_hessian(s->node->sum) / (double) (s->node->end - s->node->begin);
	int			kept = 0;

	for (int k = 0; k < n; k++)
		if ((double) shopper_sum_hessian(level[k].sum) >= least)
			level[kept++] = level[k];
	return kept;
}

static void
search_levels(Search *s, int column, const int64_t *histogram, ShopperLevel *level, ShopperSplit *best)
{
	int			n_bins = s->g->bins->column[column].n_bins,
				n = 0,
				from = 0,		/* the best stretch of levels so far */
				to = 0,
				most;
	bool		few;
	double		smoothing = 1e-9,
				l2 = s->o->l2;
	ShopperSplit trial = *best;

	for (int b = 0; b < n_bins; b++)
		if (histogram[b] != 0)
			level[n++] = (ShopperLevel) {.sum = histogram[b],.bin = b};
	few = n <= FEW_LEVELS;
	most = n - 1;
	if (!few)
	{
		n = drop_rare_levels(s, level, n);
		most = (n + 1) / 2 < s->o->max_category_levels ? (n + 1) / 2 : s->o->max_category_levels;
		smoothing = s->o->category_smoothing;
		l2 += s->o->category_l2;
	}
	for (int k = 0; k < n; k++)
		level[k].ratio = (double) shopper_sum_gradient(level[k].sum) * s->gu /
			((double) shopper_sum_hessian(level[k].sum) * s->hu + smoothing);
	sort_levels(level, level + n_bins, n);
	for (int side = 0; side < (few ? 1 : 2); side++)
	{
		int64_t		left = 0,
					rows = 0;

		for (int k = 0; k < most; k++)
		{
			int			at = side == 0 ? k : n - 1 - k;

			left += level[at].sum;
			if (s->count != NULL)
				rows += s->count[level[at].bin];
			if (offer(s, left, rows, l2, &trial))
			{
				from = side == 0 ? 0 : at;
				to = side == 0 ? k + 1 : n;
			}
			if (s->want_count)	/* the next round finds what this one found */
				return;
		}
	}
	if (to == 0)
		return;
	best->gain = trial.gain;
	best->left = trial.left;
	keep_levels(s, column, histogram, level, from, to, best);
}

/* Rows of the node in each bin of a column. */
static void
count_bins(const ShopperGrower *g, const ShopperGrowNode *node, int column, uint32_t *count)
{
	const ShopperBinColumn *c = &g->bins->column[column];

	memset(count, 0, (size_t) c->n_bins * sizeof(*count));
	if (c->bin8 != NULL)
		for (int64_t i = node->begin; i < node->end; i++)
			count[c->bin8[node->rows[i]]]++;
	else
		for (int64_t i = node->begin; i < node->end; i++)
			count[c->bin16[node->rows[i]]]++;
}

void
shopper_search_column(const ShopperGrower *g, const ShopperGrowNode *node, int column, const int64_t *histogram,
					  ShopperGroup *room, ShopperSplit *best)
{
	const ShopperGrowOptions *o = &g->options;
	Search		s = {.g = g,.o = o,.node = node,.gu = g->gradient_unit,.hu = g->hessian_unit};
	double		gradient = (double) shopper_sum_gradient(node->sum) * s.gu,
				hessian = (double) shopper_sum_hessian(node->sum) * s.hu,
				value;
	int64_t		rows = node->end - node->begin;

	if (rows < 2 * o->min_rows || !(hessian > 0))
		return;
	s.bounded = o->monotone != NULL;
	s.monotone = o->monotone != NULL ? o->monotone[column] : 0;
	s.parent = s.bounded ? bounded_score(o, node, gradient, hessian, o->l2, &value) : score(gradient, hessian, o->l1, o->l2);
	/* rounding alone makes gains of about this size: (unit / 2)^2 a row over the hessian of a row */
	s.floor = 2 * s.gu * s.gu * (double) rows / hessian;
	if (s.floor < o->min_gain)
		s.floor = o->min_gain;
	s.enough = g->counted ? o->min_rows : o->min_rows * g->most_hessian;
	s.least = (int64_t) ceil(o->min_hessian / s.hu);
	if (s.least < 1)
		s.least = 1;
	for (int round = 0; round < 2; round++)
	{
		s.want_count = false;
		if (g->bins->column[column].category)
			search_levels(&s, column, histogram, room->level, best);
		else
			search_number(&s, column, histogram, best);
		if (!s.want_count)
			break;
		count_bins(g, node, column, room->count);
		s.count = room->count;
	}
}

void
shopper_split_table(const ShopperBins *bins, const ShopperSplit *split, const uint32_t *levels, uint8_t *table)
{
	const ShopperBinColumn *c = &bins->column[split->column];

	for (int b = 0; b < c->n_bins - 1; b++)
		table[b] = c->category ? levels[b / 32] >> b % 32 & 1 : b <= split->bin;
	table[c->n_bins - 1] = split->missing_left;
}
