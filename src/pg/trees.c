/* trees.c: the SQL calls that show trees: tree_rules, tree_text. */
#include "pg.h"

#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/tuplestore.h"

#include "../models/trees/trees.h"

PG_FUNCTION_INFO_V1(shopper_tree_rules_sql);
PG_FUNCTION_INFO_V1(shopper_tree_text_sql);

static ShopperModelUse *
model_of_rows(FunctionCallInfo fcinfo)
{
	return shopper_model_of_shape(fcinfo, 0, SHOPPER_ROWS, "a model of trees", "Train one with tree(), forest() or boosting().");
}

typedef struct Output
{
	Tuplestorestate *store;
	TupleDesc	desc;
	MemoryContext context;		/* of one row */
} Output;

static ShopperStatus
put_rule(void *ctx, const ShopperTreeRule *rule)
{
	Output	   *out = ctx;
	MemoryContext old = MemoryContextSwitchTo(out->context);
	Datum		values[8];
	bool		nulls[8] = {false};

	values[0] = Int32GetDatum((int32) rule->tree);
	values[1] = Int32GetDatum((int32) rule->leaf);
	values[2] = CStringGetTextDatum(rule->rule);
	values[3] = CStringGetTextDatum(rule->prediction);
	shopper_set_float(&values[4], &nulls[4], rule->value);
	shopper_set_float(&values[5], &nulls[5], rule->rows);
	shopper_set_float(&values[6], &nulls[6], rule->share);
	nulls[7] = rule->n_probabilities == 0;
	if (!nulls[7])
		values[7] = shopper_float_array(rule->probability, rule->n_probabilities, false);
	tuplestore_putvalues(out->store, out->desc, values, nulls);
	MemoryContextSwitchTo(old);
	MemoryContextReset(out->context);
	return SHOPPER_OK;
}

Datum
shopper_tree_rules_sql(PG_FUNCTION_ARGS)
{
	Output		out;
	MemoryContext context;
	ShopperEnv *env;

	out.store = shopper_rows_begin(fcinfo, &out.desc);
	if (PG_ARGISNULL(0))
		return (Datum) 0;
	out.context = AllocSetContextCreate(CurrentMemoryContext, "one rule", ALLOCSET_DEFAULT_SIZES);
	env = shopper_env_create(CurrentMemoryContext, &context);
	shopper_check(env, shopper_tree_rules(env, model_of_rows(fcinfo)->model, PG_ARGISNULL(1) ? SHOPPER_ALL_TREES : PG_GETARG_INT32(1), put_rule, &out));
	MemoryContextDelete(context);
	MemoryContextDelete(out.context);
	return (Datum) 0;
}

Datum
shopper_tree_text_sql(PG_FUNCTION_ARGS)
{
	MemoryContext context;
	ShopperEnv *env = shopper_env_create(CurrentMemoryContext, &context);
	char	   *text;
	int64		length;
	Datum		result;

	shopper_check(env, shopper_tree_text(env, model_of_rows(fcinfo)->model, PG_GETARG_INT32(1), &text, &length));
	result = PointerGetDatum(cstring_to_text_with_len(text, (int) length));
	MemoryContextDelete(context);
	PG_RETURN_DATUM(result);
}
