/* evaluate_recommender.c: train on the rows of a query, hold the lists to those of another. */
#include "pairs_reader.h"

#include "utils/tuplestore.h"

#include "../models/recommend/evaluate_lists.h"

static const char *
query_argument(FunctionCallInfo fcinfo, int n, const char *what)
{
	if (PG_ARGISNULL(n))
		ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("the %s query must not be null", what)));
	return text_to_cstring(PG_GETARG_TEXT_PP(n));
}

static int
k_argument(FunctionCallInfo fcinfo, int n)
{
	int			k = PG_ARGISNULL(n) ? 10 : PG_GETARG_INT32(n);

	if (k < 1)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("k must be at least 1, got %d", k)));
	return k;
}

/* The test lines, read like those of training; they are not learned from. */
static ShopperPairs *
test_lines(const char *query, Jsonb *options, int64_t **start)
{
	ShopperPairTraining *t = shopper_pair_training_create(CurrentMemoryContext, SHOPPER_RECOMMEND, options, NULL);

	shopper_pair_training_query(t, query);
	if (t->pairs.n == 0)
		ereport(ERROR, (errcode(ERRCODE_DATA_EXCEPTION), errmsg("the test query returned no rows")));
	shopper_check(t->env, shopper_pairs_finish(&t->pairs, start));
	return &t->pairs;
}

/* (train_query, test_query, options, k) */
PG_FUNCTION_INFO_V1(shopper_sql_evaluate_recommender);
Datum
shopper_sql_evaluate_recommender(PG_FUNCTION_ARGS)
{
	TupleDesc	desc;
	Tuplestorestate *rows = shopper_rows_begin(fcinfo, &desc);
	MemoryContext context,
				old = CurrentMemoryContext;
	ShopperEnv *env = shopper_env_create(CurrentMemoryContext, &context);
	ShopperListMetric metric[SHOPPER_LIST_METRICS];
	ShopperPairTraining *t;
	ShopperPairs *test;
	ShopperModel model;
	Jsonb	   *options = PG_ARGISNULL(2) ? NULL : PG_GETARG_JSONB_P(2);
	const char *train_query = query_argument(fcinfo, 0, "training"),
			   *test_query = query_argument(fcinfo, 1, "test");
	int			k = k_argument(fcinfo, 3);
	int64_t    *start;
	bytea	   *bytes;

	MemoryContextSwitchTo(context);
	t = shopper_pair_training_create(CurrentMemoryContext, SHOPPER_RECOMMEND, options, NULL);
	shopper_pair_training_query(t, train_query);
	bytes = shopper_pair_training_finish(t);
	if (bytes != NULL)
	{
		MemoryContextDelete(t->context);
		shopper_model_read(env, bytes, &model);
		test = test_lines(test_query, options, &start);
		shopper_env_start_pool(env, test->n);
		shopper_check(env, shopper_evaluate_lists(env, &model, test, start, k, metric));
	}
	for (int m = 0; m < SHOPPER_LIST_METRICS && bytes != NULL; m++)
	{
		Datum		v[4];
		bool		null[4] = {false};

		v[0] = CStringGetTextDatum(metric[m].name);
		shopper_set_float(&v[1], &null[1], metric[m].value);
		shopper_set_float(&v[2], &null[2], metric[m].low);
		shopper_set_float(&v[3], &null[3], metric[m].high);
		tuplestore_putvalues(rows, desc, v, null);
	}
	MemoryContextSwitchTo(old);
	MemoryContextDelete(context);
	return (Datum) 0;
}
