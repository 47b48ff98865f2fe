/*
 * rules.c: the SQL calls of item set models: assoc_rules, frequent_itemsets,
 * assoc_recommend and the test of rule_changes; and sequence_rules.
 *
 * Sets go out in the order of their ids' values, so that a set looks the same from
 * every model.
 */
#include "ids.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/lsyscache.h"

#include "../core/special.h"
#include "../models/rules/rules.h"
#include "../models/rules/sequences.h"

typedef struct Call
{
	ShopperIdCall c;
	const ShopperDictionary *items;
} Call;

static bool
begin(FunctionCallInfo fcinfo, Call *call)
{
	if (!shopper_id_call_begin(fcinfo, &call->c, SHOPPER_BASKETS, "a model of rules", "Models of rules come from train_rules."))
		return false;
	call->items = &shopper_itemsets(call->c.model)->items;
	return true;
}

/* ---- arguments: NULL is as good as the default ---- */

/* A number from 0 to most. */
static double
number_argument(const Call *call, int n, const char *name, double most)
{
	FunctionCallInfo fcinfo = call->c.fcinfo;
	double		x = PG_ARGISNULL(n) ? 0 : PG_GETARG_FLOAT8(n);

	if (x >= 0 && x <= most)
		return x;
	ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					isinf(most) ? errmsg("%s must be 0 or greater, got %g", name, x)
					: errmsg("%s must be between 0 and %g, got %g", name, most, x)));
	return 0;
}

static int64
not_negative(const char *name, int64 x)
{
	if (x < 0)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("%s must not be negative, got %lld", name, (long long) x)));
	return x;
}

static int
int_argument(const Call *call, int n, const char *name)
{
	FunctionCallInfo fcinfo = call->c.fcinfo;

	return PG_ARGISNULL(n) ? 0 : (int) not_negative(name, PG_GETARG_INT32(n));
}

static int64
bigint_argument(const Call *call, int n, const char *name)
{
	FunctionCallInfo fcinfo = call->c.fcinfo;

	return PG_ARGISNULL(n) ? 0 : not_negative(name, PG_GETARG_INT64(n));
}

static int32_t *
items_argument(const Call *call, int n, const char *name, int *length)
{
	return shopper_id_list(call->c.fcinfo, &call->c.argument[n], n, call->items, name, length);
}

/* The number of a name in a list; 0 for NULL. */
static int
choice_argument(const Call *call, int n, const char *what, const char *const *names, int n_names, const char *in_words)
{
	FunctionCallInfo fcinfo = call->c.fcinfo;
	char	   *name;

	if (PG_ARGISNULL(n))
		return 0;
	name = text_to_cstring(PG_GETARG_TEXT_PP(n));
	for (int i = 0; i < n_names; i++)
		if (pg_strcasecmp(name, names[i]) == 0)
			return i;
	ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("%s must be %s, got \"%s\"", what, in_words, name)));
	return 0;
}

static ShopperRuleMeasure
measure_argument(const Call *call, int n)
{
	static const char *const names[] = {"lift", "confidence", "support", "leverage", "conviction"};

	return (ShopperRuleMeasure) choice_argument(call, n, "order_by", names, lengthof(names), "lift, confidence, support, leverage or conviction");
}

/* The ids' type of result column n, an array. */
static Oid
element_of_column(const Call *call, int n)
{
	return get_element_type(getBaseType(TupleDescAttr(call->c.desc, n)->atttypid));
}

/* ---- assoc_rules ---- */

/*
 * From argument n: min_confidence, min_lift, min_support, min_count, min_length,
 * max_length, max_antecedent, max_consequent, antecedent_contains,
 * consequent_contains, max_confidence, max_rules, order_by, max_q, no_redundant.
 */
static ShopperRuleLimits
rule_limits(const Call *call, int n)
{
	FunctionCallInfo fcinfo = call->c.fcinfo;
	ShopperRuleLimits limits = {0};

	limits.min_confidence = number_argument(call, n, "min_confidence", 1);
	limits.min_lift = number_argument(call, n + 1, "min_lift", INFINITY);
	limits.min_support = number_argument(call, n + 2, "min_support", 1);
	limits.min_count = bigint_argument(call, n + 3, "min_count");
	limits.min_length = int_argument(call, n + 4, "min_length");
	limits.max_length = int_argument(call, n + 5, "max_length");
	limits.max_antecedent = int_argument(call, n + 6, "max_antecedent");
	limits.max_consequent = int_argument(call, n + 7, "max_consequent");
	limits.antecedent_contains = items_argument(call, n + 8, "antecedent_contains", &limits.n_antecedent_contains);
	limits.consequent_contains = items_argument(call, n + 9, "consequent_contains", &limits.n_consequent_contains);
	limits.max_confidence = number_argument(call, n + 10, "max_confidence", 1);
	limits.max_rules = int_argument(call, n + 11, "max_rules");
	limits.by = measure_argument(call, n + 12);
	limits.max_q = number_argument(call, n + 13, "max_q", 1);
	limits.no_redundant = !PG_ARGISNULL(n + 14) && PG_GETARG_BOOL(n + 14);
	return limits;
}

static void
set_unless_nan(Datum *value, bool *null, double x)
{
	*null = isnan(x);
	*value = Float8GetDatum(*null ? 0 : x);
}

static void
put_rule(Call *call, ShopperIdSets *sets, ShopperRule *rule)
{
	Datum		v[14];
	bool		null[14] = {false};

	shopper_id_row_begin(&call->c);
	v[0] = shopper_id_array(sets, rule->antecedent, rule->n_antecedent);
	v[1] = shopper_id_array(sets, rule->consequent, rule->n_consequent);
	v[2] = Int64GetDatum(rule->count);
	v[3] = Int64GetDatum(rule->antecedent_count);
	v[4] = Int64GetDatum(rule->consequent_count);
	v[5] = Float8GetDatum(rule->support);
	v[6] = Float8GetDatum(rule->confidence);
	v[7] = Float8GetDatum(rule->lift);
	v[8] = Float8GetDatum(rule->leverage);
	set_unless_nan(&v[9], &null[9], rule->conviction);
	set_unless_nan(&v[10], &null[10], rule->chi_square);
	set_unless_nan(&v[11], &null[11], rule->p_value);
	v[12] = Float8GetDatum(rule->fisher_p);
	v[13] = Float8GetDatum(rule->q_value);
	shopper_id_row_end(&call->c, v, null);
}

static Datum
assoc_rules(FunctionCallInfo fcinfo, int first)
{
	Call		call;
	ShopperRuleLimits limits;
	ShopperRuleList list;
	ShopperIdSets sets;
	ShopperRule rule;

	if (!begin(fcinfo, &call))
		return (Datum) 0;
	limits = rule_limits(&call, first);
	shopper_id_sets(&sets, call.items, element_of_column(&call, 0), call.c.context);
	shopper_check(call.c.env, shopper_rules_find(call.c.env, call.c.model, &limits, &list));
	for (int64_t i = 0; i < list.n; i++)
	{
		shopper_rules_get(&list, i, &rule);
		put_rule(&call, &sets, &rule);
	}
	return shopper_id_call_end(&call.c);
}

PG_FUNCTION_INFO_V1(shopper_assoc_rules);
Datum
shopper_assoc_rules(PG_FUNCTION_ARGS)
{
	return assoc_rules(fcinfo, 1);
}

PG_FUNCTION_INFO_V1(shopper_assoc_rules_as);
Datum
shopper_assoc_rules_as(PG_FUNCTION_ARGS)
{
	return assoc_rules(fcinfo, 2);
}

PG_FUNCTION_INFO_V1(shopper_two_sided);
Datum
shopper_two_sided(PG_FUNCTION_ARGS)
{
	PG_RETURN_FLOAT8(2 * shopper_normal_cdf(-fabs(PG_GETARG_FLOAT8(0))));
}

/* ---- frequent_itemsets: from argument n min_support, min_count, min_length, max_length, item_contains, max_sets, sets ---- */

static ShopperItemsetKind
kind_argument(const Call *call, int n)
{
	static const char *const names[] = {"all", "closed", "maximal"};

	return (ShopperItemsetKind) choice_argument(call, n, "sets", names, lengthof(names), "all, closed or maximal");
}

static Datum
frequent_itemsets(FunctionCallInfo fcinfo, int n)
{
	Call		call;
	ShopperItemsetLimits limits = {0};
	ShopperItemsetList list;
	ShopperItemset set;
	ShopperIdSets sets;
	int			max_sets;

	if (!begin(fcinfo, &call))
		return (Datum) 0;
	limits.min_support = number_argument(&call, n, "min_support", 1);
	limits.min_count = bigint_argument(&call, n + 1, "min_count");
	limits.min_length = int_argument(&call, n + 2, "min_length");
	limits.max_length = int_argument(&call, n + 3, "max_length");
	limits.contains = items_argument(&call, n + 4, "item_contains", &limits.n_contains);
	max_sets = int_argument(&call, n + 5, "max_sets");
	limits.kind = kind_argument(&call, n + 6);
	shopper_id_sets(&sets, call.items, element_of_column(&call, 0), call.c.context);
	shopper_check(call.c.env, shopper_itemsets_find(call.c.env, call.c.model, &limits, max_sets, &list));
	for (int64_t i = 0; i < list.n; i++)
	{
		Datum		v[4];
		bool		null[4] = {false};

		shopper_itemsets_get(&list, i, &set);
		shopper_id_row_begin(&call.c);
		v[0] = shopper_id_array(&sets, set.items, set.n);
		v[1] = Int32GetDatum(set.n);
		v[2] = Int64GetDatum(set.count);
		v[3] = Float8GetDatum(set.support);
		shopper_id_row_end(&call.c, v, null);
	}
	return shopper_id_call_end(&call.c);
}

PG_FUNCTION_INFO_V1(shopper_frequent_itemsets);
Datum
shopper_frequent_itemsets(PG_FUNCTION_ARGS)
{
	return frequent_itemsets(fcinfo, 1);
}

PG_FUNCTION_INFO_V1(shopper_frequent_itemsets_as);
Datum
shopper_frequent_itemsets_as(PG_FUNCTION_ARGS)
{
	return frequent_itemsets(fcinfo, 2);
}

/* ---- sequence_rules: (model, min_confidence, min_lift, min_support, min_count, antecedent_contains, consequent_contains, max_p, max_rules) ---- */

static bool
has(const int32_t *codes, int n, int32_t code)
{
	for (int i = 0; i < n; i++)
		if (codes[i] == code)
			return true;
	return false;
}

static void
put_sequence(Call *call, ShopperIdSets *sets, const ShopperSequences *s, const ShopperSequenceRule *r, double p)
{
	Datum		v[11];
	bool		null[11] = {false};
	int32_t		antecedent[2] = {r->first, r->second};

	shopper_id_row_begin(&call->c);
	v[0] = shopper_id_array(sets, antecedent, r->second < 0 ? 1 : 2);
	v[1] = shopper_id_of(sets, r->consequent);
	v[2] = Int64GetDatum(r->count);
	v[3] = Int64GetDatum(r->antecedent_count);
	v[4] = Int64GetDatum(s->items.count[r->consequent]);
	v[5] = Float8GetDatum((double) r->count / s->n_customers);
	v[6] = Float8GetDatum((double) r->count / r->antecedent_count);
	v[7] = Float8GetDatum(shopper_sequence_lift(s, r));
	v[8] = Float8GetDatum(r->mean_days);
	v[9] = Float8GetDatum(r->median_days);
	set_unless_nan(&v[10], &null[10], p);
	shopper_id_row_end(&call->c, v, null);
}

PG_FUNCTION_INFO_V1(shopper_sequence_rules);
Datum
shopper_sequence_rules(PG_FUNCTION_ARGS)
{
	Call		call;
	const ShopperSequences *s;
	ShopperIdSets sets;
	double		min_confidence,
				min_lift,
				max_p;
	int64		min_count,
				left;
	int32_t    *antecedent,
			   *consequent;
	int			n_antecedent,
				n_consequent;

	if (!shopper_id_call_begin(fcinfo, &call.c, SHOPPER_SEQUENCES, "a model of sequence rules", "They come from train_sequence_rules."))
		return (Datum) 0;
	s = shopper_sequences(call.c.model);
	call.items = &s->items;
	min_confidence = number_argument(&call, 1, "min_confidence", 1);
	min_lift = number_argument(&call, 2, "min_lift", INFINITY);
	min_count = shopper_min_count(number_argument(&call, 3, "min_support", 1), s->n_customers);
	min_count = Max(min_count, bigint_argument(&call, 4, "min_count"));
	antecedent = items_argument(&call, 5, "antecedent_contains", &n_antecedent);
	consequent = items_argument(&call, 6, "consequent_contains", &n_consequent);
	max_p = number_argument(&call, 7, "max_p", 1);
	left = int_argument(&call, 8, "max_rules");
	left = left > 0 ? left : s->n;
	shopper_id_sets(&sets, call.items, TEXTOID, call.c.context);
	for (int64 i = 0; i < s->n && left > 0; i++)
	{
		const ShopperSequenceRule *r = &s->rule[i];
		bool		wanted = r->count >= min_count && (double) r->count / r->antecedent_count >= min_confidence
			&& shopper_sequence_lift(s, r) >= min_lift && (consequent == NULL || has(consequent, n_consequent, r->consequent));
		double		p;

		CHECK_FOR_INTERRUPTS();
		for (int k = 0; antecedent != NULL && k < n_antecedent; k++)
			wanted = wanted && antecedent[k] >= 0 && (antecedent[k] == r->first || antecedent[k] == r->second);
		if (!wanted)
			continue;
		p = r->consequent == r->first || r->consequent == r->second ? NAN	/* bought again: no two sides */
			: shopper_hypergeometric_tail(r->count, r->antecedent_count, s->items.count[r->consequent], s->n_customers);
		if (max_p > 0 && !(p <= max_p))
			continue;
		put_sequence(&call, &sets, s, r, p);
		left--;
	}
	return shopper_id_call_end(&call.c);
}

/* ---- assoc_recommend: (model, items [, item_type], n, min_confidence, min_lift, rules_only, only_items, not_items) ---- */

/* One flag for each item of the model, or NULL when all may be suggested. Arguments n and n + 1 are lists. */
static bool *
allowed_items(const Call *call, int n)
{
	int			n_only,
				n_not;
	int32_t    *only = items_argument(call, n, "only_items", &n_only);
	int32_t    *not = items_argument(call, n + 1, "not_items", &n_not);
	bool	   *allowed;

	if (only == NULL && not == NULL)
		return NULL;
	allowed = MemoryContextAllocExtended(call->c.context, Max(call->items->n, 1), MCXT_ALLOC_HUGE);
	memset(allowed, only == NULL, call->items->n);
	for (int i = 0; i < n_only; i++)
		if (only[i] >= 0)
			allowed[only[i]] = true;
	for (int i = 0; i < n_not; i++)
		if (not[i] >= 0)
			allowed[not[i]] = false;
	return allowed;
}

static void
put_suggestion(Call *call, ShopperIdSets *items, ShopperIdSets *reasons, ShopperSuggestion *s, int rank)
{
	Datum		v[6];
	bool		null[6] = {false};

	shopper_id_row_begin(&call->c);
	v[0] = shopper_id_of(items, s->item);
	v[1] = Float8GetDatum(s->score);
	v[2] = Float8GetDatum(s->lift);
	v[3] = Int32GetDatum(rank);
	v[4] = CStringGetTextDatum(s->source == SHOPPER_FROM_RULE ? "rule" : "popular");
	null[5] = s->n_antecedent == 0;
	v[5] = null[5] ? (Datum) 0 : shopper_id_array(reasons, s->antecedent, s->n_antecedent);
	shopper_id_row_end(&call->c, v, null);
}

static Datum
assoc_recommend(FunctionCallInfo fcinfo, bool witness)
{
	int			first = witness ? 3 : 2;
	Call		call;
	ShopperSuggestLimits limits = {0};
	ShopperSuggestion *suggestion;
	ShopperIdSets items,
				reasons;
	int32_t    *basket;
	int			n_basket;
	int64_t		n;
	Oid			type;

	if (!begin(fcinfo, &call))
		return (Datum) 0;
	type = TupleDescAttr(call.c.desc, 0)->atttypid;
	if (!witness)
		shopper_check_id_type(call.items, type, "item", true);
	basket = items_argument(&call, 1, "items", &n_basket);
	limits.n = PG_ARGISNULL(first) ? INT64_MAX : int_argument(&call, first, "n");
	limits.min_confidence = number_argument(&call, first + 1, "min_confidence", 1);
	limits.min_lift = number_argument(&call, first + 2, "min_lift", INFINITY);
	limits.rules_only = !PG_ARGISNULL(first + 3) && PG_GETARG_BOOL(first + 3);
	limits.allowed = allowed_items(&call, first + 4);
	shopper_id_sets(&items, call.items, type, call.c.context);
	shopper_id_sets(&reasons, call.items, TEXTOID, call.c.context);
	shopper_check(call.c.env, shopper_rules_suggest(call.c.env, call.c.model, basket, n_basket, &limits, &suggestion, &n));
	for (int64_t i = 0; i < n; i++)
		put_suggestion(&call, &items, &reasons, &suggestion[i], (int) i + 1);
	return shopper_id_call_end(&call.c);
}

PG_FUNCTION_INFO_V1(shopper_assoc_recommend);
Datum
shopper_assoc_recommend(PG_FUNCTION_ARGS)
{
	return assoc_recommend(fcinfo, false);
}

PG_FUNCTION_INFO_V1(shopper_assoc_recommend_as);
Datum
shopper_assoc_recommend_as(PG_FUNCTION_ARGS)
{
	return assoc_recommend(fcinfo, true);
}
