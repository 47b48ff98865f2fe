/* sets.c: walking through item sets: all, closed or maximal ones; see rules.h */
#include "rules.h"

#include <string.h>

#include "../../core/sort.h"

#define POLL_STEPS 500000		/* a step is one child looked up: at most 30 ns */

int64_t
shopper_least_count(const ShopperItemsets *s, int64_t min_count, double min_support)
{
	int64_t		count = min_support > 0 ? shopper_min_count(min_support, s->n_baskets) : 1;

	return count > min_count ? count : min_count;
}

void
shopper_itemsets_begin(ShopperItemsetCursor *c, const ShopperModel *model, const ShopperItemsetLimits *limits)
{
	const ShopperItemTree *tree = &shopper_itemsets(model)->tree;
	int			longest = SHOPPER_MAX_SET_LENGTH;

	memset(c, 0, sizeof(*c));
	c->sets = shopper_itemsets(model);
	if (limits != NULL)
		c->limits = *limits;
	c->min_count = shopper_least_count(c->sets, c->limits.min_count, c->limits.min_support);
	if (c->limits.max_length > 0 && c->limits.max_length < longest)
		longest = c->limits.max_length;
	c->next = c->limits.min_length <= 1 ? 0
		: c->limits.min_length > SHOPPER_MAX_SET_LENGTH ? tree->n : tree->level[c->limits.min_length];
	c->end = tree->level[longest + 1];
}

static bool
contains(const ShopperItemset *set, int32_t item)
{
	for (int i = 0; i < set->n; i++)
		if (set->items[i] == item)
			return true;
	return false;
}

static void
get_set(const ShopperItemsets *sets, int32_t node, ShopperItemset *set)
{
	set->n = shopper_itemtree_items(&sets->tree, node, set->items);
	set->count = sets->tree.count[node];
	set->support = (double) set->count / sets->n_baskets;
}

/* Is the set of a node within the limits? Then *set is filled. */
static bool
within(const ShopperItemsetCursor *c, int32_t node, ShopperItemset *set)
{
	if (c->sets->tree.count[node] < c->min_count)
		return false;
	get_set(c->sets, node, set);
	for (int i = 0; i < c->limits.n_contains; i++)
		if (!contains(set, c->limits.contains[i]))
			return false;
	return true;
}

bool
shopper_itemsets_next(ShopperItemsetCursor *c, ShopperItemset *set)
{
	while (c->next < c->end)
		if (within(c, c->next++, set))
			return true;
	return false;
}

/*
 * Mark the sets that another one stands for: closed: one item more in the same number
 * of baskets; maximal: one item more and still frequent. Each set marks its parts of one
 * item less; the part without its most frequent item is its parent.
 */
static ShopperStatus
mark_covered(ShopperEnv *env, const ShopperItemsetCursor *c, bool *covered)
{
	const ShopperItemTree *tree = &c->sets->tree;
	bool		maximal = c->limits.kind == SHOPPER_MAXIMAL_SETS;
	int64_t		work = 0;

	for (int32_t node = tree->level[2]; node < tree->n; node++)
	{
		int32_t		rising[SHOPPER_MAX_SET_LENGTH],	/* nodes, then items of the part */
					part[SHOPPER_MAX_SET_LENGTH];
		int			n = 0;

		for (int32_t at = node; at >= 0 && tree->count[node] >= c->min_count; at = tree->parent[at])
			rising[n++] = at;
		for (int i = 0; i < n; i++)
		{
			int32_t		found;

			for (int k = 0; k < i; k++)
				part[k] = tree->item[rising[i - 1 - k]];
			found = shopper_itemtree_find(tree, i + 1 < n ? rising[i + 1] : -1, part, i);
			if (found >= 0 && (maximal || tree->count[found] == tree->count[node]))
				covered[found] = true;
			work += i + 1;
		}
		if (++work > POLL_STEPS)
		{
			work = 0;
			SHOPPER_TRY(shopper_poll(env));
		}
	}
	return SHOPPER_OK;
}

ShopperStatus
shopper_itemsets_find(ShopperEnv *env, const ShopperModel *model, const ShopperItemsetLimits *limits,
					  int64_t max_sets, ShopperItemsetList *list)
{
	ShopperItemsetCursor c;
	ShopperItemset set;
	int64_t		capacity = 0;
	int32_t    *found = NULL;
	bool	   *covered = NULL;
	uint64_t   *key;
	uint32_t   *order;

	memset(list, 0, sizeof(*list));
	shopper_itemsets_begin(&c, model, limits);
	list->sets = c.sets;
	if (c.limits.kind != SHOPPER_ALL_SETS)
	{
		SHOPPER_NEW0(env, covered, c.sets->tree.n);
		SHOPPER_TRY(mark_covered(env, &c, covered));
	}
	for (int32_t node = c.next; node < c.end; node++)
	{
		if ((node & 0xffff) == 0)
			SHOPPER_TRY(shopper_poll(env));
		if ((covered != NULL && covered[node]) || !within(&c, node, &set))
			continue;
		SHOPPER_TRY(shopper_grow(env, &found, &capacity, list->n + 1, sizeof(*found)));
		found[list->n++] = node;
	}
	SHOPPER_NEW(env, key, list->n);
	SHOPPER_NEW(env, order, list->n);
	for (int64_t i = 0; i < list->n; i++)
		key[i] = (uint64_t) (INT32_MAX - c.sets->tree.count[found[i]]);
	SHOPPER_TRY(shopper_sort_order(env, key, order, list->n));
	if (max_sets > 0 && list->n > max_sets)
		list->n = max_sets;
	SHOPPER_NEW(env, list->node, list->n);
	for (int64_t i = 0; i < list->n; i++)
		list->node[i] = found[order[i]];
	shopper_release(env, order);
	shopper_release(env, key);
	shopper_release(env, found);
	shopper_release(env, covered);
	return SHOPPER_OK;
}

void
shopper_itemsets_get(const ShopperItemsetList *list, int64_t i, ShopperItemset *set)
{
	get_set(list->sets, list->node[i], set);
}
