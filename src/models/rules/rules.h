/*
 * rules.h: what can be asked of an item set model: its sets, its rules, and
 * suggestions for a basket. Items are codes of ShopperItemsets.items throughout; a code
 * outside of it stands for an item that the model does not know.
 */
#ifndef SHOPPER_RULES_H
#define SHOPPER_RULES_H

#include "../learner.h"
#include "itemtree.h"

/* model->state of learner itemsets */
typedef struct ShopperItemsets
{
	/* by falling count of baskets, with that count; the frequent ones and at least the most popular ones */
	ShopperDictionary items;
	int32_t		n_baskets;		/* that were counted */
	int64_t		n_skipped;		/* baskets of more than max_basket items */
	int64_t		n_items;		/* different items in the counted baskets */
	int64_t		min_count;
	ShopperItemTree tree;
} ShopperItemsets;

static inline const ShopperItemsets *
shopper_itemsets(const ShopperModel *model)
{
	return model->state;
}

/* ---- frequent item sets ---- */

/*
 * Closed: no set of the model holds it in the same number of baskets. Maximal: no set of
 * the model that has min_count and min_support holds it. Both before the other limits.
 */
typedef enum ShopperItemsetKind
{
	SHOPPER_ALL_SETS,
	SHOPPER_CLOSED_SETS,
	SHOPPER_MAXIMAL_SETS
} ShopperItemsetKind;

/* All zeros: no limit. */
typedef struct ShopperItemsetLimits
{
	ShopperItemsetKind kind;	/* of shopper_itemsets_find() only */
	int			min_length;
	int			max_length;
	int64_t		min_count;
	double		min_support;
	const int32_t *contains;	/* (n_contains) codes that must all be in the set */
	int			n_contains;
} ShopperItemsetLimits;

/* Which of min_count and min_support binds. */
extern int64_t shopper_least_count(const ShopperItemsets *s, int64_t min_count, double min_support);

typedef struct ShopperItemset
{
	int			n;
	int32_t		items[SHOPPER_MAX_SET_LENGTH];	/* rising codes: the most frequent item first */
	int64_t		count;
	double		support;
} ShopperItemset;

typedef struct ShopperItemsetCursor
{
	const ShopperItemsets *sets;
	ShopperItemsetLimits limits;
	int64_t		min_count;
	int32_t		next,
				end;
} ShopperItemsetCursor;

/* Sets come by length, then in the order of the tree. `limits` may be NULL; contains[] must outlive the cursor. */
extern void shopper_itemsets_begin(ShopperItemsetCursor *cursor, const ShopperModel *model, const ShopperItemsetLimits *limits);
/* False at the end. Never fails, allocates nothing; a call may pass over many sets. */
extern bool shopper_itemsets_next(ShopperItemsetCursor *cursor, ShopperItemset *set);

typedef struct ShopperItemsetList
{
	const ShopperItemsets *sets;
	int64_t		n;
	int32_t    *node;			/* (n) */
} ShopperItemsetList;

/* The sets within limits, the most frequent first, then in the order of the cursor; the first max_sets of them (0: all). */
extern ShopperStatus shopper_itemsets_find(ShopperEnv *env, const ShopperModel *model, const ShopperItemsetLimits *limits,
										   int64_t max_sets, ShopperItemsetList *list);
extern void shopper_itemsets_get(const ShopperItemsetList *list, int64_t i, ShopperItemset *set);

/* ---- rules ---- */

typedef enum ShopperRuleMeasure
{
	SHOPPER_BY_LIFT,
	SHOPPER_BY_CONFIDENCE,
	SHOPPER_BY_SUPPORT,
	SHOPPER_BY_LEVERAGE,
	SHOPPER_BY_CONVICTION
} ShopperRuleMeasure;

/* All zeros: every rule with one item on the right, best lift first. */
typedef struct ShopperRuleLimits
{
	double		min_support;
	int64_t		min_count;
	double		min_confidence;
	double		max_confidence; /* 0: none */
	double		min_lift;
	int			min_length;		/* items on both sides together */
	int			max_length;		/* 0: none */
	int			max_antecedent;	/* 0: none */
	int			max_consequent;	/* 0: 1 */
	const int32_t *antecedent_contains;	/* (n) all of these must be on the left */
	int			n_antecedent_contains;
	const int32_t *consequent_contains;	/* (n) one of these must be on the right */
	int			n_consequent_contains;
	int64_t		max_rules;		/* the best of them; 0: all */
	ShopperRuleMeasure by;		/* what is best */
	double		max_q;			/* 0: none */
	bool		no_redundant;	/* leave out rules that a part of the antecedent makes with as much confidence */
} ShopperRuleLimits;

typedef struct ShopperRule
{
	int			n_antecedent;	/* at least 1 */
	int			n_consequent;	/* at least 1 */
	int32_t		antecedent[SHOPPER_MAX_SET_LENGTH];	/* rising codes */
	int32_t		consequent[SHOPPER_MAX_SET_LENGTH];
	int64_t		count;			/* baskets with both sides */
	int64_t		antecedent_count;
	int64_t		consequent_count;
	double		support;		/* count / baskets */
	double		confidence;		/* count / antecedent_count */
	double		lift;			/* confidence / (consequent_count / baskets) */
	double		leverage;		/* support - product of the sides' supports */
	double		conviction;		/* INFINITY at confidence 1; NaN when every basket has the consequent */
	double		chi_square;		/* of independence, 1 degree of freedom, no correction; NaN when a side is in every basket */
	double		p_value;
	double		fisher_p;		/* Fisher's exact test, one-sided: at least count baskets with both when sides are independent */
	double		q_value;		/* fisher_p adjusted (Benjamini and Hochberg) over the rules within the limits before max_rules */
} ShopperRule;

/* A rule in the list: a set and which items of its path are the consequent. */
typedef struct ShopperRuleRef
{
	int32_t		node;
	int32_t		antecedent_count;
	int32_t		consequent_count;
	uint64_t	consequent;		/* bit i: the i-th item of the path, rarest first */
	double		fisher_p;
	double		q_value;
} ShopperRuleRef;

typedef struct ShopperRuleList
{
	const ShopperItemsets *sets;
	int64_t		n;
	int64_t		capacity;
	ShopperRuleRef *ref;		/* (n) */
} ShopperRuleList;

/*
 * The rules within limits, best first: by the chosen measure, then by lift, confidence
 * and count, all falling (NaN last), then by length and items. `limits` may be NULL.
 */
extern ShopperStatus shopper_rules_find(ShopperEnv *env, const ShopperModel *model, const ShopperRuleLimits *limits,
										ShopperRuleList *list);
/* Drop the rules above max_q and the redundant ones; the q values come from the n figures p, which are sorted. */
extern ShopperStatus shopper_rules_prune(ShopperEnv *env, ShopperRuleList *list, const ShopperRuleLimits *limits, double *p, int64_t n);
/* Rule i of the list with all its figures. */
extern void shopper_rules_get(const ShopperRuleList *list, int64_t i, ShopperRule *rule);

/* ---- suggestions for a basket ---- */

typedef enum ShopperSuggestionSource
{
	SHOPPER_FROM_RULE,
	SHOPPER_FROM_POPULARITY
} ShopperSuggestionSource;

typedef struct ShopperSuggestion
{
	int32_t		item;
	ShopperSuggestionSource source;
	double		score;			/* rule: its confidence; popularity: the share of baskets with the item */
	double		lift;			/* rule: its lift; popularity: 1 */
	int64_t		count;			/* baskets with both sides of the rule; or with the item */
	int			n_antecedent;	/* the rule that spoke; 0 for popularity */
	int32_t		antecedent[SHOPPER_MAX_SET_LENGTH];
} ShopperSuggestion;

typedef struct ShopperSuggestLimits
{
	int64_t		n;				/* how many at most */
	double		min_confidence;
	double		min_lift;
	bool		rules_only;		/* do not fill up with popular items */
	const bool *allowed;		/* (items.n) items that may be suggested, or NULL: all */
} ShopperSuggestLimits;

/*
 * Up to n items that are not in the basket: first those that rules suggest whose
 * antecedent lies in the basket, by the best rule's confidence, then lift, then count;
 * then the most popular others. Codes may repeat and may be unknown. The time depends
 * on the sets around the basket, not on the number of rules.
 */
extern ShopperStatus shopper_rules_suggest(ShopperEnv *env, const ShopperModel *model, const int32_t *basket, int64_t n_basket,
										   const ShopperSuggestLimits *limits, ShopperSuggestion **suggestions, int64_t *n);

#endif
