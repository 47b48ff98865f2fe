/* ask_rules.c: what SQL can ask of item sets; apart from ask.c, whose header has names of its own for the same. */
#include "fuzz.h"

#include "../../src/core/hash.h"
#include "../../src/core/special.h"
#include "../../src/models/rules/rules.h"
#include "../../src/models/rules/sequences.h"

void
fuzz_ask_rules(ShopperEnv *env, const ShopperModel *m, uint64_t random)
{
	const ShopperItemsets *s = shopper_itemsets(m);
	int32_t		basket[4];
	ShopperItemsetLimits set_limits = {.kind = (ShopperItemsetKind) (random / 16 % 3),.min_length = (int) (random % 3),.contains = basket,.n_contains = (int) (random % 7 == 0)};
	ShopperRuleLimits rule_limits = {.max_consequent = random % 2 ? 2 : SHOPPER_MAX_SET_LENGTH,.max_rules = random % 3 ? 50 : 0,
	.min_confidence = (double) (random % 11) / 20,.by = (ShopperRuleMeasure) (random % 5),
	.max_q = random / 32 % 2 ? 0.5 : 0,.no_redundant = random / 64 % 2};
	ShopperSuggestLimits suggest = {.n = 20};
	ShopperItemsetList sets;
	ShopperRuleList rules;
	ShopperSuggestion *suggestions;
	int64_t		n;

	for (int i = 0; i < 4; i++)
		basket[i] = (int32_t) (shopper_random(random, 9, (uint64_t) i) % (uint64_t) (s->items.n + 3)) - 1;
	fuzz_touch_dictionary(&s->items);
	if (shopper_itemsets_find(env, m, &set_limits, 0, &sets) == SHOPPER_OK)
		for (int64_t i = 0; i < sets.n; i++)
		{
			ShopperItemset set;

			shopper_itemsets_get(&sets, i, &set);
			for (int k = 0; k < set.n; k++)
				fuzz_sink += (double) s->items.count[set.items[k]];
		}
	if (shopper_rules_find(env, m, &rule_limits, &rules) == SHOPPER_OK)
		for (int64_t i = 0; i < rules.n; i++)
		{
			ShopperRule rule;

			shopper_rules_get(&rules, i, &rule);
			for (int k = 0; k < rule.n_antecedent; k++)
				fuzz_sink += (double) s->items.count[rule.antecedent[k]];
			for (int k = 0; k < rule.n_consequent; k++)
				fuzz_sink += (double) s->items.count[rule.consequent[k]];
		}
	if (shopper_rules_suggest(env, m, basket, 4, &suggest, &suggestions, &n) == SHOPPER_OK)
		for (int64_t i = 0; i < n; i++)
		{
			fuzz_sink += (double) s->items.count[suggestions[i].item];
			for (int k = 0; k < suggestions[i].n_antecedent; k++)
				fuzz_sink += (double) s->items.count[suggestions[i].antecedent[k]];
		}
}

void
fuzz_ask_sequences(const ShopperModel *m)
{
	const ShopperSequences *s = shopper_sequences(m);

	fuzz_touch_dictionary(&s->items);
	for (int64_t i = 0; i < s->n; i++)
	{
		const ShopperSequenceRule *r = &s->rule[i];

		fuzz_sink += shopper_sequence_lift(s, r) + (double) s->items.count[r->first] + (r->second >= 0 ? (double) s->items.count[r->second] : 0)
			+ shopper_hypergeometric_tail(r->count, r->antecedent_count, s->items.count[r->consequent], s->n_customers);
	}
}
