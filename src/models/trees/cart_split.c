/*
 * cart_split.c: the best split of a node's rows by one column.
 *
 * Sums of each bin, then one pass over the bins that occur, from left to right. The
 * levels of a category are put in an order first, and are then treated as bins: by
 * the mean of the target, for which one of these splits is the best of all sets
 * (Fisher 1958; Breiman et al. 1984, 4.5); with more than two classes by the first
 * principal direction of the levels' class shares (Coppersmith, Hong and Hosking
 * 1999), which is near the best. Missing values of a number go to the better side, a
 * category's are one more level. Levels that do not occur go to the heavier side.
 */
#include "cart_split.h"

#include <math.h>
#include <string.h>

#include "../../core/hash.h"
#include "../../core/sort.h"

#define LEAST_GAIN 1e-9			/* of the rows' weight: less is rounding */
#define LEAST_SQUARE 1e-12		/* of the sum of squares */

ShopperStatus
shopper_cart_scratch(ShopperEnv *env, const ShopperCartData *d, ShopperCartScratch **scratch)
{
	ShopperCartScratch *s;
	int			bins = d->bins->max_bins + 1,
				k = d->n_classes + 1;

	SHOPPER_NEW0(env, s, 1);
	if (d->n_classes > 0)
		SHOPPER_NEW0(env, s->count, (size_t) bins * (size_t) d->n_classes);
	else
		SHOPPER_NEW0(env, s->sum, bins);
	SHOPPER_NEW0(env, s->seen, bins / 64 + 1);
	SHOPPER_NEW(env, s->present, bins);
	SHOPPER_NEW(env, s->key, bins);
	SHOPPER_NEW(env, s->merge, bins);
	SHOPPER_NEW(env, s->left, k);
	SHOPPER_NEW(env, s->all, k);
	SHOPPER_NEW(env, s->direction, 2 * k);
	*scratch = s;
	return SHOPPER_OK;
}

/* ---- sums of each bin ---- */

#define FILL(BINS) \
	do { \
		if (k == 2) \
			for (int64_t i = 0; i < n; i++) \
				s->count[2 * (BINS)[row[i]] + class_load[i].y] += class_load[i].weight; \
		else if (k > 0) \
			for (int64_t i = 0; i < n; i++) \
				s->count[(size_t) (BINS)[row[i]] * k + class_load[i].y] += class_load[i].weight; \
		else \
			for (int64_t i = 0; i < n; i++) \
			{ \
				ShopperCartAmountLoad *to = &s->sum[(BINS)[row[i]]]; \
				to->weight += amount_load[i].weight; \
				to->sum += amount_load[i].sum; \
			} \
	} while (0)

static void
fill(const ShopperCartData *d, const ShopperBinColumn *c, ShopperCartScratch *s, const uint32_t *row, const void *load, int64_t n)
{
	size_t		k = (size_t) d->n_classes;
	const ShopperCartClassLoad *class_load = load;
	const ShopperCartAmountLoad *amount_load = load;

	if (c->bin8 != NULL)
		FILL(c->bin8);
	else
		FILL(c->bin16);
}

static bool
occurs(const ShopperCartData *d, const ShopperCartScratch *s, int bin)
{
	if (d->n_classes == 0)
		return s->sum[bin].weight > 0;
	for (int k = 0; k < d->n_classes; k++)
		if (s->count[(size_t) bin * (size_t) d->n_classes + (size_t) k] > 0)
			return true;
	return false;
}

/* The bins that occur, ascending. Few rows: a mark a row costs less than a look at all bins. */
static void
collect(const ShopperCartData *d, const ShopperBinColumn *c, ShopperCartScratch *s, const uint32_t *row, int64_t n)
{
	s->n_present = 0;
	if (n >= c->n_bins / 2)
	{
		for (int b = 0; b < c->n_bins; b++)
			if (occurs(d, s, b))
				s->present[s->n_present++] = b;
		return;
	}
	for (int64_t i = 0; i < n; i++)
	{
		unsigned	b = c->bin8 != NULL ? c->bin8[row[i]] : c->bin16[row[i]];

		s->seen[b / 64] |= 1ULL << (b % 64);
	}
	for (int w = 0; w <= (c->n_bins - 1) / 64; w++)
	{
		for (uint64_t bits = s->seen[w]; bits != 0; bits &= bits - 1)
			s->present[s->n_present++] = w * 64 + __builtin_ctzll(bits);
		s->seen[w] = 0;
	}
}

static void
clear(const ShopperCartData *d, ShopperCartScratch *s)
{
	for (int i = 0; i < s->n_present; i++)
	{
		if (d->n_classes == 0)
			s->sum[s->present[i]] = (ShopperCartAmountLoad) {0};
		else
			memset(s->count + (size_t) s->present[i] * (size_t) d->n_classes, 0, (size_t) d->n_classes * sizeof(uint32_t));
	}
}

/* ---- impurity, times the weight ---- */

static inline double
x_log_x(double x)
{
	return x > 0 ? x * log2(x) : 0;
}

static inline double
impurity(ShopperCriterion criterion, const int64_t *count, int k, double weight)
{
	double		sum = 0;

	if (criterion == SHOPPER_GINI)
	{
		for (int c = 0; c < k; c++)
			sum += (double) count[c] * (double) count[c];
		return weight - sum / weight;
	}
	for (int c = 0; c < k; c++)
		sum += x_log_x((double) count[c]);
	return x_log_x(weight) - sum;
}

/* The same of what is in all and not in left. */
static inline double
impurity_rest(ShopperCriterion criterion, const int64_t *all, const int64_t *left, int k, double weight)
{
	double		sum = 0;

	if (criterion == SHOPPER_GINI)
	{
		for (int c = 0; c < k; c++)
			sum += (double) (all[c] - left[c]) * (double) (all[c] - left[c]);
		return weight - sum / weight;
	}
	for (int c = 0; c < k; c++)
		sum += x_log_x((double) (all[c] - left[c]));
	return x_log_x(weight) - sum;
}

/* ---- one pass over the bins ---- */

static void
prepare(ShopperCartPass *p)
{
	ShopperCartScratch *s = p->s;
	int			k = p->d->n_classes;

	p->weight = p->sum = 0;
	memset(s->all, 0, (size_t) k * sizeof(int64_t));
	for (int i = 0; i < s->n_present; i++)
	{
		int			b = s->present[i];

		if (k == 0)
		{
			p->weight += s->sum[b].weight;
			p->sum += s->sum[b].sum;
		}
		for (int c = 0; c < k; c++)
		{
			s->all[c] += s->count[(size_t) b * (size_t) k + (size_t) c];
			p->weight += s->count[(size_t) b * (size_t) k + (size_t) c];
		}
	}
	p->parent = k > 0 ? impurity(p->rules->criterion, s->all, k, (double) p->weight)
		: -(double) p->sum * (double) p->sum / (double) p->weight;
	p->best = INFINITY;
	p->best_at = -1;
}

static inline void
offer(ShopperCartPass *p, int at, bool missing_left, double both)
{
	if (both < p->best && (p->only < 0 || p->only == at))
	{
		p->best = both;
		p->best_at = at;
		p->missing_left = missing_left;
	}
}

static void
pass_amounts(ShopperCartPass *p, bool missing_left)
{
	ShopperCartScratch *s = p->s;
	int64_t		weight = missing_left ? s->sum[p->missing].weight : 0,
				sum = missing_left ? s->sum[p->missing].sum : 0;

	for (int i = 0; i < p->n; i++)
	{
		int64_t		rest,
					rest_sum;

		weight += s->sum[s->present[i]].weight;
		sum += s->sum[s->present[i]].sum;
		rest = p->weight - weight;
		if (weight < p->min_weight)
			continue;
		if (rest < p->min_weight)
			break;
		rest_sum = p->sum - sum;
		offer(p, i, missing_left, -(double) sum * (double) sum / (double) weight - (double) rest_sum * (double) rest_sum / (double) rest);
	}
}

/* Two classes, Gini: twice the product of both counts over their sum. */
static void
pass_two(ShopperCartPass *p, bool missing_left)
{
	ShopperCartScratch *s = p->s;
	const uint32_t *count = s->count;
	int64_t		zero = missing_left ? count[2 * p->missing] : 0,
				one = missing_left ? count[2 * p->missing + 1] : 0;

	for (int i = 0; i < p->n; i++)
	{
		int64_t		weight,
					rest;

		zero += count[2 * s->present[i]];
		one += count[2 * s->present[i] + 1];
		weight = zero + one;
		rest = p->weight - weight;
		if (weight < p->min_weight)
			continue;
		if (rest < p->min_weight)
			break;
		offer(p, i, missing_left, 2 * ((double) zero * (double) one / (double) weight +
									   (double) (s->all[0] - zero) * (double) (s->all[1] - one) / (double) rest));
	}
}

static void
pass_classes(ShopperCartPass *p, bool missing_left)
{
	ShopperCartScratch *s = p->s;
	int			k = p->d->n_classes;
	int64_t		weight = 0;

	for (int c = 0; c < k; c++)
		weight += s->left[c] = missing_left ? s->count[(size_t) p->missing * (size_t) k + (size_t) c] : 0;
	for (int i = 0; i < p->n; i++)
	{
		const uint32_t *count = s->count + (size_t) s->present[i] * (size_t) k;

		for (int c = 0; c < k; c++)
		{
			s->left[c] += count[c];
			weight += count[c];
		}
		if (weight < p->min_weight)
			continue;
		if (p->weight - weight < p->min_weight)
			break;
		offer(p, i, missing_left, impurity(p->rules->criterion, s->left, k, (double) weight) +
			  impurity_rest(p->rules->criterion, s->all, s->left, k, (double) (p->weight - weight)));
	}
}

static void
pass(ShopperCartPass *p, bool missing_left)
{
	if (p->d->n_classes == 0)
		pass_amounts(p, missing_left);
	else if (p->d->n_classes == 2 && p->rules->criterion == SHOPPER_GINI)
		pass_two(p, missing_left);
	else
		pass_classes(p, missing_left);
}

/* ---- all ---- */

/* Extra trees: a cut at random, uniform in the values for a number, in the sets for levels. */
static int
random_cut(const ShopperCartPass *p, const ShopperBinColumn *c, uint64_t random)
{
	const ShopperCartScratch *s = p->s;
	double		u = shopper_uniform(random, 2, 0);
	float		low,
				high,
				cut;
	int			at = 0;

	if (p->n < 2)
		return 0;
	if (c->category)
		return (int) (u * (p->n - 1));
	low = c->edge[s->present[0]];
	high = c->edge[s->present[p->n - 1] - 1];
	cut = (float) (low + u * ((double) high - low));
	while (at + 2 < p->n && c->edge[s->present[at + 1] - 1] < cut)
		at++;
	return at;
}

/* Of the edges between two neighbouring bins that occur, the one nearest to their middle. */
static int
middle_edge(const ShopperBinColumn *c, int a, int b)
{
	double		middle = ((double) c->edge[a] + (double) c->edge[b - 1]) / 2;
	int			best = a;

	for (int k = a; k < b; k++)
		if (fabs((double) c->edge[k] - middle) < fabs((double) c->edge[best] - middle))
			best = k;
	return best;
}

static void
set_levels(const ShopperCartPass *p, const ShopperBinColumn *c, ShopperCartSplit *split, uint32_t *left_levels)
{
	const ShopperCartScratch *s = p->s;
	int64_t		left = 0;
	int			missing = c->n_bins - 1;
	bool		heavier;

	for (int i = 0; i <= p->best_at; i++)
	{
		if (p->d->n_classes == 0)
			left += s->sum[s->present[i]].weight;
		for (int k = 0; k < p->d->n_classes; k++)
			left += s->count[(size_t) s->present[i] * (size_t) p->d->n_classes + (size_t) k];
	}
	heavier = 2 * left >= p->weight;
	split->missing_left = heavier;
	if (left_levels != NULL)
		memset(left_levels, heavier ? 0xff : 0, (size_t) (c->n_bins / 32 + 1) * sizeof(uint32_t));
	for (int i = 0; i < s->n_present; i++)
	{
		uint32_t	b = (uint32_t) s->present[i];

		if ((int) b == missing)
			split->missing_left = i <= p->best_at;
		else if (left_levels != NULL)
			left_levels[b / 32] = (left_levels[b / 32] & ~(1u << (b % 32))) | (uint32_t) (i <= p->best_at) << (b % 32);
	}
}

static void
set_number(const ShopperCartPass *p, const ShopperBinColumn *c, ShopperCartSplit *split)
{
	const ShopperCartScratch *s = p->s;
	int64_t		left = 0;

	split->missing_left = p->missing_left;
	split->last_bin = p->best_at == p->n - 1 ? c->n_bins - 2	/* all numbers, from the missing ones */
		: middle_edge(c, s->present[p->best_at], s->present[p->best_at + 1]);
	if (p->missing >= 0)
		return;
	for (int i = 0; i <= p->best_at; i++)
	{
		if (p->d->n_classes == 0)
			left += s->sum[s->present[i]].weight;
		for (int k = 0; k < p->d->n_classes; k++)
			left += s->count[(size_t) s->present[i] * (size_t) p->d->n_classes + (size_t) k];
	}
	split->missing_left = 2 * left >= p->weight;
}

static double
split_information(const ShopperCartPass *p)
{
	const ShopperCartScratch *s = p->s;
	double		left = 0,
				all = (double) p->weight;

	for (int i = 0; i <= p->best_at; i++)
		for (int k = 0; k < p->d->n_classes; k++)
			left += s->count[(size_t) s->present[i] * (size_t) p->d->n_classes + (size_t) k];
	if (p->missing >= 0 && p->missing_left)
		for (int k = 0; k < p->d->n_classes; k++)
			left += s->count[(size_t) p->missing * (size_t) p->d->n_classes + (size_t) k];
	return x_log_x(all) - x_log_x(left) - x_log_x(all - left);
}

void
shopper_cart_split(const ShopperCartData *d, const ShopperCartRules *rules, ShopperCartScratch *s, int column,
				   const uint32_t *row, const void *load, int64_t n, uint64_t random, ShopperCartSplit *split, uint32_t *left_levels)
{
	const ShopperBinColumn *c = &d->bins->column[column];
	ShopperCartPass		p = {.d = d,.rules = rules,.s = s,.missing = -1,.only = -1};

	memset(split, 0, sizeof(*split));
	fill(d, c, s, row, load, n);
	collect(d, c, s, row, n);
	split->constant = s->n_present < 2;
	if (!split->constant)
	{
		p.min_weight = (int64_t) ceil(rules->min_rows / d->weight_unit * (1 - 1e-9));
		if (p.min_weight < 1)
			p.min_weight = 1;
		p.n = s->n_present;
		prepare(&p);
		if (c->category)
			shopper_cart_order_levels(&p, random);
		else if (s->present[s->n_present - 1] == c->n_bins - 1)
			p.missing = s->present[--p.n];
		if (rules->random_cuts)
			p.only = random_cut(&p, c, random);
		pass(&p, false);
		if (p.missing >= 0)
			pass(&p, true);
		if (p.best_at >= 0 && p.parent - p.best > (d->n_classes > 0 ? LEAST_GAIN * (double) p.weight : LEAST_SQUARE * fabs(p.best)))
		{
			split->gain = p.parent - p.best;
			split->levels = c->category ? s->n_present : 0;
			split->impurity = d->n_classes > 0 ? p.parent / (double) p.weight : 0;
			if (c->category)
				set_levels(&p, c, split, left_levels);
			else
				set_number(&p, c, split);
			if (rules->criterion == SHOPPER_GAIN_RATIO)
				split->ratio = split->gain / split_information(&p);
		}
	}
	clear(d, s);
}
