/*
 * sequences.h: rules of time: who buys the antecedent, one or two items, buys the
 * consequent later. Customers count once for a rule.
 */
#ifndef SHOPPER_SEQUENCES_H
#define SHOPPER_SEQUENCES_H

#include "../learner.h"

typedef struct ShopperSequenceRule
{
	int32_t		first;			/* codes of ShopperSequences.items; the antecedent is first and second */
	int32_t		second;			/* above first; -1: the antecedent is one item */
	int32_t		consequent;		/* any item, those of the antecedent too: bought again */
	int32_t		count;			/* customers with the antecedent and then the consequent */
	int32_t		antecedent_count;	/* customers with the antecedent */
	double		mean_days;		/* between the two; of each customer the shortest time */
	double		median_days;
} ShopperSequenceRule;

/* model->state of learner sequences */
typedef struct ShopperSequences
{
	ShopperDictionary items;	/* the frequent ones by falling number of customers, with that number */
	int32_t		n_customers;
	int64_t		n_items;		/* different items, the infrequent ones too */
	int64_t		min_count;
	int64_t		n;
	ShopperSequenceRule *rule;	/* (n) best first: by lift, confidence, count; then by the order of mining */
} ShopperSequences;

static inline const ShopperSequences *
shopper_sequences(const ShopperModel *model)
{
	return model->state;
}

typedef struct ShopperSequenceLimits
{
	int64_t		max_gap;		/* microseconds from the later item of the antecedent */
	int64_t		min_gap;
	int64_t		window;			/* between two items of an antecedent */
	int64_t		min_count;
	double		min_confidence;
	int			max_antecedent;
	int64_t		max_rules;
} ShopperSequenceLimits;

/* Fill rule and n from finished lines of customers and times whose items are codes of s->items or above them all: infrequent. */
extern ShopperStatus shopper_sequences_mine(ShopperEnv *env, const ShopperPairs *pairs, const ShopperSequenceLimits *limits,
											ShopperSequences *s);

extern double shopper_sequence_lift(const ShopperSequences *s, const ShopperSequenceRule *rule);

#endif
