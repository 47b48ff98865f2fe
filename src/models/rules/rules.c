/* rules.c: rules made from item sets; see rules.h */
#include "rules.h"

#include <math.h>
#include <string.h>

#include "../../core/sort.h"
#include "../../core/special.h"

#define POLL_STEPS 500000		/* a step is one item looked at or one child looked up: at most 30 ns */
#define SPARE_RULES 65536		/* collected beyond max_rules before the worst are dropped */

/* ---- figures of a rule ---- */

static double
confidence(const ShopperRuleList *list, const ShopperRuleRef *ref)
{
	return (double) list->sets->tree.count[ref->node] / ref->antecedent_count;
}

static double
lift(const ShopperRuleList *list, const ShopperRuleRef *ref)
{
	return (double) list->sets->tree.count[ref->node] * list->sets->n_baskets
		/ ((double) ref->antecedent_count * ref->consequent_count);
}

static double
leverage(const ShopperRuleList *list, const ShopperRuleRef *ref)
{
	double		n = list->sets->n_baskets;

	return list->sets->tree.count[ref->node] / n - (ref->antecedent_count / n) * (ref->consequent_count / n);
}

static double
conviction(const ShopperRuleList *list, const ShopperRuleRef *ref)
{
	double		n = list->sets->n_baskets;
	double		without = n - ref->consequent_count;
	double		failing = ref->antecedent_count - list->sets->tree.count[ref->node];

	if (without == 0)
		return NAN;
	return failing == 0 ? INFINITY : without * ref->antecedent_count / (n * failing);
}

/* Pearson's chi-square of the table (antecedent or not, consequent or not). */
static double
chi_square(const ShopperRuleList *list, const ShopperRuleRef *ref)
{
	double		n = list->sets->n_baskets,
				a = ref->antecedent_count,
				c = ref->consequent_count,
				off = n * list->sets->tree.count[ref->node] - a * c;

	if (a >= n || c >= n)
		return NAN;
	return off / (a * (n - a)) * off / (c * (n - c)) * n;
}

static double
measure(const ShopperRuleList *list, const ShopperRuleRef *ref, ShopperRuleMeasure by)
{
	switch (by)
	{
		case SHOPPER_BY_LIFT:
			return lift(list, ref);
		case SHOPPER_BY_CONFIDENCE:
			return confidence(list, ref);
		case SHOPPER_BY_SUPPORT:
			return list->sets->tree.count[ref->node];
		case SHOPPER_BY_LEVERAGE:
			return leverage(list, ref);
		case SHOPPER_BY_CONVICTION:
			return conviction(list, ref);
	}
	return NAN;
}

void
shopper_rules_get(const ShopperRuleList *list, int64_t i, ShopperRule *rule)
{
	const ShopperRuleRef *ref = &list->ref[i];
	int32_t		items[SHOPPER_MAX_SET_LENGTH];
	int			n = shopper_itemtree_items(&list->sets->tree, ref->node, items);

	memset(rule, 0, sizeof(*rule));
	for (int k = 0; k < n; k++)	/* items rise, the path falls */
	{
		if ((ref->consequent >> (n - 1 - k)) & 1)
			rule->consequent[rule->n_consequent++] = items[k];
		else
			rule->antecedent[rule->n_antecedent++] = items[k];
	}
	rule->count = list->sets->tree.count[ref->node];
	rule->antecedent_count = ref->antecedent_count;
	rule->consequent_count = ref->consequent_count;
	rule->support = (double) rule->count / list->sets->n_baskets;
	rule->confidence = confidence(list, ref);
	rule->lift = lift(list, ref);
	rule->leverage = leverage(list, ref);
	rule->conviction = conviction(list, ref);
	rule->chi_square = chi_square(list, ref);
	rule->p_value = shopper_chi_square_tail(rule->chi_square, 1);
	rule->fisher_p = ref->fisher_p;
	rule->q_value = ref->q_value;
}

/* ---- the best first ---- */

/* Refine an order, stably: the largest measure first, NaN last. */
static ShopperStatus
sort_by(ShopperEnv *env, ShopperRuleList *list, ShopperRuleMeasure by, uint64_t *key, uint32_t *order)
{
	ShopperRuleRef *sorted;

	for (int64_t i = 0; i < list->n; i++)
	{
		if (i % POLL_STEPS == 0)
			SHOPPER_TRY(shopper_poll(env));
		key[i] = shopper_sortable(-measure(list, &list->ref[i], by));
	}
	SHOPPER_TRY(shopper_sort_order(env, key, order, list->n));
	SHOPPER_NEW(env, sorted, list->capacity);
	for (int64_t i = 0; i < list->n; i++)
		sorted[i] = list->ref[order[i]];
	shopper_release(env, list->ref);
	list->ref = sorted;
	return SHOPPER_OK;
}

static ShopperStatus
sort_rules(ShopperEnv *env, ShopperRuleList *list, ShopperRuleMeasure by)
{
	static const ShopperRuleMeasure ties[] = {SHOPPER_BY_SUPPORT, SHOPPER_BY_CONFIDENCE, SHOPPER_BY_LIFT};
	uint64_t   *key;
	uint32_t   *order;

	if (list->n < 2)
		return SHOPPER_OK;
	SHOPPER_NEW(env, key, list->n);
	SHOPPER_NEW(env, order, list->n);
	for (int i = 0; i < 3; i++)
		SHOPPER_TRY(sort_by(env, list, ties[i], key, order));
	if (by != SHOPPER_BY_LIFT)
		SHOPPER_TRY(sort_by(env, list, by, key, order));
	shopper_release(env, order);
	shopper_release(env, key);
	return SHOPPER_OK;
}

/* ---- generation ---- */

typedef struct Finder
{
	ShopperEnv *env;
	const ShopperItemTree *tree;
	ShopperRuleLimits limits;
	ShopperRuleList *list;
	bool	   *left;			/* (level-1 items) wanted in the antecedent */
	bool	   *right;
	int			n_left;			/* different ones */
	double	   *p;				/* (n_p) Fisher's figure of every rule, those dropped by max_rules too */
	int64_t		n_p;
	int64_t		p_capacity;
	int64_t		work;
	/* the set at hand, rarest item first */
	int			n;
	int32_t		node;
	int32_t		path[SHOPPER_MAX_SET_LENGTH];
	int32_t		node_of[SHOPPER_MAX_SET_LENGTH];	/* (n) nodes of the path's beginnings */
} Finder;

/* The node of the set's items inside or outside of mask. */
static int32_t
find_part(Finder *f, uint64_t mask, bool inside)
{
	int32_t		part[SHOPPER_MAX_SET_LENGTH];
	int			n = 0,
				i = 0;
	int32_t		from = -1;

	/* a common beginning need not be looked up */
	for (; i < f->n && ((mask >> i) & 1) == inside; i++)
		from = f->node_of[i];
	for (; i < f->n; i++)
		if (((mask >> i) & 1) == inside)
			part[n++] = f->path[i];
	f->work += 2 * n + 1;
	return shopper_itemtree_find(f->tree, from, part, n);
}

static ShopperStatus
add_rule(Finder *f, uint64_t consequent, int32_t antecedent_count)
{
	ShopperRuleList *list = f->list;
	int32_t		node = find_part(f, consequent, true);
	ShopperRuleRef ref = {f->node, antecedent_count, 0, consequent, 0, 0};

	if (node < 0)
		return SHOPPER_OK;
	ref.consequent_count = f->tree->count[node];
	if (f->limits.min_lift > 0 && lift(list, &ref) < f->limits.min_lift)
		return SHOPPER_OK;
	if (f->n_p >= INT32_MAX)
	{
		shopper_fail(f->env, SHOPPER_LIMIT, "more than %d rules", INT32_MAX);
		shopper_hint(f->env, "Raise min_confidence or min_support, or set max_rules.");
		return SHOPPER_LIMIT;
	}
	ref.fisher_p = shopper_hypergeometric_tail(f->tree->count[f->node], antecedent_count, ref.consequent_count, list->sets->n_baskets);
	f->work += 20 + 2 * (int64_t) sqrt(antecedent_count);	/* terms: some standard deviations */
	SHOPPER_TRY(shopper_grow(f->env, &f->p, &f->p_capacity, f->n_p + 1, sizeof(*f->p)));
	f->p[f->n_p++] = ref.fisher_p;
	SHOPPER_TRY(shopper_grow(f->env, &list->ref, &list->capacity, list->n + 1, sizeof(ShopperRuleRef)));
	list->ref[list->n++] = ref;
	if (f->limits.max_rules == 0 || f->limits.max_q > 0 || f->limits.no_redundant || list->n - SPARE_RULES < f->limits.max_rules * 2)
		return SHOPPER_OK;
	SHOPPER_TRY(sort_rules(f->env, list, f->limits.by));
	list->n = f->limits.max_rules;
	return SHOPPER_OK;
}

/*
 * Rules whose consequent is `consequent` and items of the path from `next` on. A larger
 * consequent leaves a smaller antecedent, which is in more baskets: the confidence only
 * falls, so nothing is lost behind a consequent that misses min_confidence.
 */
static ShopperStatus
add_consequents(Finder *f, uint64_t consequent, int size, int next, bool has_right)
{
	for (int i = next; i < f->n; i++)
	{
		uint64_t	mask = consequent | (uint64_t) 1 << i;
		bool		right = has_right || f->right[f->path[i]];
		int32_t		antecedent;
		double		confident;

		if (f->left[f->path[i]])
			continue;
		antecedent = find_part(f, mask, false);
		if (antecedent < 0)
			continue;
		confident = (double) f->tree->count[f->node] / f->tree->count[antecedent];
		if (confident < f->limits.min_confidence)
			continue;
		if ((right || f->limits.n_consequent_contains == 0)
			&& (f->limits.max_confidence <= 0 || confident <= f->limits.max_confidence)
			&& (f->limits.max_antecedent <= 0 || f->n - size - 1 <= f->limits.max_antecedent))
			SHOPPER_TRY(add_rule(f, mask, f->tree->count[antecedent]));
		if (size + 1 < f->limits.max_consequent && size + 2 < f->n)
			SHOPPER_TRY(add_consequents(f, mask, size + 1, i + 1, right));
		if (f->work > POLL_STEPS)
		{
			f->work = 0;
			SHOPPER_TRY(shopper_poll(f->env));
		}
	}
	return SHOPPER_OK;
}

/* The rules of one set of at least two items. */
static ShopperStatus
add_rules_of(Finder *f, int32_t node)
{
	int			n_left = 0;
	int			n = 0;
	int32_t		rising[SHOPPER_MAX_SET_LENGTH];

	for (int32_t at = node; at >= 0; at = f->tree->parent[at])
		rising[n++] = at;
	for (int i = 0; i < n; i++)
	{
		f->node_of[i] = rising[n - 1 - i];
		f->path[i] = f->tree->item[f->node_of[i]];
		n_left += f->left[f->path[i]];
	}
	f->n = n;
	f->node = node;
	f->work += n;
	return n_left == f->n_left ? add_consequents(f, 0, 0, 0, false) : SHOPPER_OK;
}

/* Mark the codes in flags: how many different ones, or -1 when one is in no frequent set. */
static int
mark(const ShopperItemTree *tree, const int32_t *codes, int n, bool *flags)
{
	int			different = 0;
	bool		unknown = false;

	for (int i = 0; i < n; i++)
	{
		if (codes[i] < 0 || codes[i] >= tree->level[2])
			unknown = true;
		else
		{
			different += !flags[codes[i]];
			flags[codes[i]] = true;
		}
	}
	return unknown ? -1 : different;
}

ShopperStatus
shopper_rules_find(ShopperEnv *env, const ShopperModel *model, const ShopperRuleLimits *limits, ShopperRuleList *list)
{
	Finder		f = {.env = env, .list = list};
	int64_t		min_count;
	int			from,
				to = SHOPPER_MAX_SET_LENGTH;

	memset(list, 0, sizeof(*list));
	list->sets = shopper_itemsets(model);
	f.tree = &list->sets->tree;
	if (limits != NULL)
		f.limits = *limits;
	if (f.limits.max_consequent <= 0)
		f.limits.max_consequent = 1;
	if (f.limits.max_rules > INT32_MAX)
		f.limits.max_rules = 0;
	if (f.limits.max_length > 0 && f.limits.max_length < to)
		to = f.limits.max_length;
	if (f.limits.max_antecedent > 0 && f.limits.max_antecedent < to - f.limits.max_consequent)
		to = f.limits.max_antecedent + f.limits.max_consequent;
	from = f.limits.min_length < 2 ? 2 : f.limits.min_length;
	min_count = shopper_least_count(list->sets, f.limits.min_count, f.limits.min_support);
	SHOPPER_NEW0(env, f.left, f.tree->level[2]);
	SHOPPER_NEW0(env, f.right, f.tree->level[2]);
	f.n_left = mark(f.tree, f.limits.antecedent_contains, f.limits.n_antecedent_contains, f.left);
	(void) mark(f.tree, f.limits.consequent_contains, f.limits.n_consequent_contains, f.right);
	if (from > to || f.n_left < 0)
		return SHOPPER_OK;
	for (int32_t node = f.tree->level[from]; node < f.tree->level[to + 1]; node++)
	{
		if ((node & 0xffff) == 0)
			SHOPPER_TRY(shopper_poll(env));
		if (f.tree->count[node] >= min_count)
			SHOPPER_TRY(add_rules_of(&f, node));
	}
	SHOPPER_TRY(shopper_rules_prune(env, list, &f.limits, f.p, f.n_p));
	SHOPPER_TRY(sort_rules(env, list, f.limits.by));
	if (f.limits.max_rules > 0 && list->n > f.limits.max_rules)
		list->n = f.limits.max_rules;
	shopper_release(env, f.p);
	shopper_release(env, f.right);
	shopper_release(env, f.left);
	return SHOPPER_OK;
}
