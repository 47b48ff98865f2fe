/*
 * prune.c: rules that chance alone would make, and rules that a shorter one makes as well.
 *
 * q values: Y. Benjamini and Y. Hochberg, "Controlling the false discovery rate", J. R.
 * Statist. Soc. B 57 (1995). Redundant: R. J. Bayardo, R. Agrawal and D. Gunopulos,
 * "Constraint-based rule mining in large, dense databases" (2000), an improvement of 0 or
 * less over the rules with a proper part of the antecedent, here one of at least one item.
 */
#include "rules.h"

#include <string.h>

#include "../../core/sort.h"

#define POLL_STEPS 200000

/* p rises afterwards; q[i] belongs to p[i]. */
static ShopperStatus
adjust(ShopperEnv *env, double *p, int64_t n, double *q)
{
	uint32_t   *order;
	double		least = 1;

	SHOPPER_NEW(env, order, n);
	SHOPPER_TRY(shopper_sort_doubles(env, p, order, n));
	for (int64_t i = 0; i < n; i++)
	{
		if ((i & 0xfffff) == 0)
			SHOPPER_TRY(shopper_poll(env));
		q[i] = p[order[i]];
	}
	memcpy(p, q, (size_t) n * sizeof(*p));
	for (int64_t i = n - 1; i >= 0; i--)
	{
		if ((i & 0xfffff) == 0)
			SHOPPER_TRY(shopper_poll(env));
		if (p[i] * (double) n / (double) (i + 1) < least)
			least = p[i] * (double) n / (double) (i + 1);
		q[i] = least;
	}
	shopper_release(env, order);
	return SHOPPER_OK;
}

/* The place of the first value that is not less than x in rising values that hold it. */
static int64_t
place(const double *rising, int64_t n, double x)
{
	int64_t		low = 0;

	while (low < n)
	{
		int64_t		middle = low + (n - low) / 2;

		if (rising[middle] < x)
			low = middle + 1;
		else
			n = middle;
	}
	return low;
}

/* Does a part of the antecedent have at least the confidence? The larger parts first. */
static ShopperStatus
is_redundant(ShopperEnv *env, const ShopperItemTree *tree, const ShopperRuleRef *ref, int64_t *work, bool *redundant)
{
	int32_t		rising[SHOPPER_MAX_SET_LENGTH];
	int			n = shopper_itemtree_items(tree, ref->node, rising);
	uint64_t	antecedent = (n < 64 ? ((uint64_t) 1 << n) - 1 : UINT64_MAX) & ~ref->consequent;

	*redundant = false;
	for (uint64_t part = (antecedent - 1) & antecedent; part > 0 && !*redundant; part = (part - 1) & antecedent)
	{
		int32_t		left = -1,
					both = -1;

		for (int i = 0; i < n; i++)
		{
			int32_t		item = rising[n - 1 - i];

			if (part >> i & 1)
				left = shopper_itemtree_child(tree, left, item);
			if ((part | ref->consequent) >> i & 1)
				both = shopper_itemtree_child(tree, both, item);
			if ((part >> i & 1 && left < 0) || ((part | ref->consequent) >> i & 1 && both < 0))
			{
				left = both = -1;	/* damaged bytes: not a tree with all parts */
				break;
			}
		}
		if (left >= 0 && both >= 0)
			*redundant = (int64_t) tree->count[both] * ref->antecedent_count >= (int64_t) tree->count[ref->node] * tree->count[left];
		*work += 2 * n;
		if (*work > POLL_STEPS)
		{
			*work = 0;
			SHOPPER_TRY(shopper_poll(env));
		}
	}
	return SHOPPER_OK;
}

ShopperStatus
shopper_rules_prune(ShopperEnv *env, ShopperRuleList *list, const ShopperRuleLimits *limits, double *p, int64_t n)
{
	double	   *q;
	int64_t		kept = 0,
				work = 0;

	if (list->n == 0)
		return SHOPPER_OK;
	SHOPPER_NEW(env, q, n);
	SHOPPER_TRY(adjust(env, p, n, q));
	for (int64_t i = 0; i < list->n; i++)
	{
		ShopperRuleRef ref = list->ref[i];
		bool		drop;

		ref.q_value = q[place(p, n, ref.fisher_p)];
		drop = limits->max_q > 0 && ref.q_value > limits->max_q;
		if (!drop && limits->no_redundant)
			SHOPPER_TRY(is_redundant(env, &list->sets->tree, &ref, &work, &drop));
		if (!drop)
			list->ref[kept++] = ref;
		if ((work += 20) > POLL_STEPS)
		{
			work = 0;
			SHOPPER_TRY(shopper_poll(env));
		}
	}
	list->n = kept;
	shopper_release(env, q);
	return SHOPPER_OK;
}
