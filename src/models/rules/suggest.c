/*
 * suggest.c: what to add to a basket.
 *
 * A rule A => c speaks when A lies in the basket and c does not: then A and {c} form a
 * frequent set with exactly one item outside of the basket. The walk visits the sets
 * with at most one such item: those below the basket's items, and, by the index of
 * pairs, those below an outside item that is rarer than all of A. Below a node with
 * an outside item it keeps, as a twin, the node of the same set without that item: the
 * antecedent, whose count the confidence needs.
 */
#include <math.h>
#include <string.h>

#include "../../core/sort.h"
#include "rules.h"

#define POLL_STEPS 500000		/* a step is one child looked at or looked up: at most 30 ns */

typedef struct Best
{
	int32_t		node;			/* antecedent and item together; -1: no rule yet */
	int32_t		antecedent;
} Best;

typedef struct Walk
{
	ShopperEnv *env;
	const ShopperItemsets *sets;
	const ShopperItemTree *tree;
	const ShopperSuggestLimits *limits;
	bool	   *inside;			/* (items) in the basket */
	Best	   *best;			/* (items) */
	int64_t		work;
} Walk;

static double
confidence(const Walk *w, int32_t node, int32_t antecedent)
{
	return (double) w->tree->count[node] / w->tree->count[antecedent];
}

static double
lift(const Walk *w, int32_t item, int32_t node, int32_t antecedent)
{
	return (double) w->tree->count[node] * w->sets->n_baskets
		/ ((double) w->tree->count[antecedent] * w->tree->count[item]);
}

/* Does the set of `node`, without `item`, suggest item better than what was seen before? */
static void
consider(Walk *w, int32_t item, int32_t node, int32_t antecedent)
{
	Best	   *best = &w->best[item];
	double		now = confidence(w, node, antecedent);

	if (now < w->limits->min_confidence || lift(w, item, node, antecedent) < w->limits->min_lift)
		return;
	if (best->node >= 0)
	{
		double		before = confidence(w, best->node, best->antecedent);

		/* the same item: equal confidence is equal lift; then the rule with more baskets, then the first of the tree */
		if (now < before || (now == before && w->tree->count[node] < w->tree->count[best->node]))
			return;
		if (now == before && w->tree->count[node] == w->tree->count[best->node] && !shopper_itemtree_precedes(w->tree, node, best->node))
			return;
	}
	best->node = node;
	best->antecedent = antecedent;
}

static bool
may_suggest(const Walk *w, int32_t item)
{
	return !w->inside[item] && (w->limits->allowed == NULL || w->limits->allowed[item]);
}

static ShopperStatus
count_work(Walk *w, int64_t steps)
{
	w->work += steps;
	if (w->work < POLL_STEPS)
		return SHOPPER_OK;
	w->work = 0;
	return shopper_poll(w->env);
}

/* The sets below node, which has the outside item; twin is its set without it, -1 for none. */
static ShopperStatus
walk_outside(Walk *w, int32_t item, int32_t node, int32_t twin)
{
	SHOPPER_TRY(count_work(w, w->tree->first[node + 1] - w->tree->first[node]));
	for (int32_t c = w->tree->first[node]; c < w->tree->first[node + 1]; c++)
	{
		int32_t		antecedent;

		if (!w->inside[w->tree->item[c]])
			continue;
		antecedent = shopper_itemtree_child(w->tree, twin, w->tree->item[c]);
		if (antecedent < 0)
			continue;
		consider(w, item, c, antecedent);
		SHOPPER_TRY(walk_outside(w, item, c, antecedent));
	}
	return SHOPPER_OK;
}

/* The sets below node, whose items are all in the basket. */
static ShopperStatus
walk_inside(Walk *w, int32_t node)
{
	SHOPPER_TRY(count_work(w, w->tree->first[node + 1] - w->tree->first[node]));
	for (int32_t c = w->tree->first[node]; c < w->tree->first[node + 1]; c++)
	{
		int32_t		item = w->tree->item[c];

		if (w->inside[item])
			SHOPPER_TRY(walk_inside(w, c));
		else if (may_suggest(w, item))
		{
			consider(w, item, c, node);
			SHOPPER_TRY(walk_outside(w, item, c, node));
		}
	}
	return SHOPPER_OK;
}

/* The sets of one rarer item outside, then this one of the basket, then what lies below. */
static ShopperStatus
walk_pairs(Walk *w, int32_t inside)
{
	SHOPPER_TRY(count_work(w, w->tree->pair_start[inside + 1] - w->tree->pair_start[inside]));
	for (int32_t i = w->tree->pair_start[inside]; i < w->tree->pair_start[inside + 1]; i++)
	{
		int32_t		node = w->tree->pair[i],
					item = w->tree->parent[node];	/* a single item's node is its code */

		if (!may_suggest(w, item))
			continue;
		consider(w, item, node, inside);
		SHOPPER_TRY(walk_outside(w, item, node, inside));
	}
	return SHOPPER_OK;
}

static void
fill_rule(const Walk *w, int32_t item, ShopperSuggestion *s)
{
	const Best *best = &w->best[item];

	s->item = item;
	s->source = SHOPPER_FROM_RULE;
	s->score = confidence(w, best->node, best->antecedent);
	s->lift = lift(w, item, best->node, best->antecedent);
	s->count = w->tree->count[best->node];
	s->n_antecedent = shopper_itemtree_items(w->tree, best->antecedent, s->antecedent);
}

/* The best n of the items that rules suggest: sorted by item, then stably by count, lift, confidence. */
static ShopperStatus
take_rules(Walk *w, ShopperSuggestion *out, int64_t *n_out)
{
	int64_t		n = 0;
	int32_t    *item,
			   *sorted,
			   *swap;
	uint64_t   *key;
	uint32_t   *order;

	SHOPPER_NEW(w->env, item, w->sets->items.n);
	for (int32_t i = 0; i < w->tree->level[2]; i++)
		if (w->best[i].node >= 0)
			item[n++] = i;
	SHOPPER_NEW(w->env, sorted, w->sets->items.n);
	SHOPPER_NEW(w->env, key, n);
	SHOPPER_NEW(w->env, order, n);
	for (int pass = 0; pass < 3; pass++)
	{
		for (int64_t i = 0; i < n; i++)
		{
			const Best *best = &w->best[item[i]];

			key[i] = shopper_sortable(-(pass == 0 ? w->tree->count[best->node]
										: pass == 1 ? lift(w, item[i], best->node, best->antecedent)
										: confidence(w, best->node, best->antecedent)));
		}
		SHOPPER_TRY(shopper_sort_order(w->env, key, order, n));
		for (int64_t i = 0; i < n; i++)
			sorted[i] = item[order[i]];
		swap = item;
		item = sorted;
		sorted = swap;
	}
	for (int64_t i = 0; i < n && *n_out < w->limits->n; i++)
		fill_rule(w, item[i], &out[(*n_out)++]);
	shopper_release(w->env, order);
	shopper_release(w->env, key);
	shopper_release(w->env, sorted);
	shopper_release(w->env, item);
	return SHOPPER_OK;
}

/* Fill up with the most popular items that no rule suggested. */
static void
take_popular(const Walk *w, ShopperSuggestion *out, int64_t *n_out)
{
	for (int32_t item = 0; item < w->sets->items.n && *n_out < w->limits->n; item++)
	{
		ShopperSuggestion *s = &out[*n_out];

		if (!may_suggest(w, item) || w->best[item].node >= 0)
			continue;
		memset(s, 0, sizeof(*s));
		s->item = item;
		s->source = SHOPPER_FROM_POPULARITY;
		s->score = (double) w->sets->items.count[item] / w->sets->n_baskets;
		s->lift = 1;
		s->count = w->sets->items.count[item];
		++*n_out;
	}
}

ShopperStatus
shopper_rules_suggest(ShopperEnv *env, const ShopperModel *model, const int32_t *basket, int64_t n_basket,
					  const ShopperSuggestLimits *limits, ShopperSuggestion **suggestions, int64_t *n)
{
	Walk		w = {.env = env, .limits = limits, .sets = shopper_itemsets(model)};
	int64_t		most = limits->n < w.sets->items.n ? limits->n : w.sets->items.n,
				n_items = 0;
	int32_t    *item;

	*n = 0;
	w.tree = &w.sets->tree;
	SHOPPER_NEW(env, *suggestions, most > 0 ? most : 0);
	if (most <= 0)
		return SHOPPER_OK;
	SHOPPER_NEW0(env, w.inside, w.sets->items.n);
	SHOPPER_NEW(env, w.best, w.sets->items.n);
	memset(w.best, -1, (size_t) w.sets->items.n * sizeof(*w.best));
	SHOPPER_NEW(env, item, n_basket);
	for (int64_t i = 0; i < n_basket; i++)
		if (basket[i] >= 0 && basket[i] < w.sets->items.n && !w.inside[basket[i]])
		{
			w.inside[basket[i]] = true;
			item[n_items++] = basket[i];
		}
	for (int64_t i = 0; i < n_items; i++)
		if (item[i] < w.tree->level[2])
		{
			SHOPPER_TRY(walk_inside(&w, item[i]));
			SHOPPER_TRY(walk_pairs(&w, item[i]));
		}
	shopper_release(env, item);
	SHOPPER_TRY(take_rules(&w, *suggestions, n));
	if (!limits->rules_only)
		take_popular(&w, *suggestions, n);
	shopper_release(env, w.best);
	shopper_release(env, w.inside);
	return SHOPPER_OK;
}
