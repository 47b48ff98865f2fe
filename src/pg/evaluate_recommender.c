/* evaluate_recommender.c: train on the rows of a query, hold the lists to those of another. */
#include "pairs_reader.h"

#include "utils/tuplestore.h"

#include "../features/pairs_split.h"
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

/* Hold the lists of the model in bytes to the test lines, and put the rows. */
static void
put_measures(ShopperEnv *env, bytea *bytes, const ShopperPairs *test, const int64_t *start, int k, Tuplestorestate *rows, TupleDesc desc)
{
	ShopperListMetric metric[SHOPPER_LIST_METRICS];
	ShopperModel model;

	shopper_model_read(env, bytes, &model);
	shopper_env_start_pool(env, test->n);
	shopper_check(env, shopper_evaluate_lists(env, &model, test, start, k, metric));
	for (int m = 0; m < SHOPPER_LIST_METRICS; m++)
	{
		Datum		v[4];
		bool		null[4] = {false};

		v[0] = CStringGetTextDatum(metric[m].name);
		shopper_set_float(&v[1], &null[1], metric[m].value);
		shopper_set_float(&v[2], &null[2], metric[m].low);
		shopper_set_float(&v[3], &null[3], metric[m].high);
		tuplestore_putvalues(rows, desc, v, null);
	}
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
	ShopperPairTraining *t;
	ShopperPairs *test;
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
		test = test_lines(test_query, options, &start);
		put_measures(env, bytes, test, start, k, rows, desc);
	}
	MemoryContextSwitchTo(old);
	MemoryContextDelete(context);
	return (Datum) 0;
}

static ShopperSplit
method_argument(FunctionCallInfo fcinfo, int n)
{
	const char *method = PG_ARGISNULL(n) ? "leave_last_out" : text_to_cstring(PG_GETARG_TEXT_PP(n));

	if (strcmp(method, "leave_last_out") == 0)
		return SHOPPER_LEAVE_LAST_OUT;
	if (strcmp(method, "time") == 0)
		return SHOPPER_SPLIT_BY_TIME;
	if (strcmp(method, "random") == 0)
		return SHOPPER_SPLIT_AT_RANDOM;
	ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("method must be leave_last_out, time or random, got \"%s\"", method)));
}

static double
fraction_argument(FunctionCallInfo fcinfo, int n)
{
	double		fraction = PG_ARGISNULL(n) ? 0.2 : PG_GETARG_FLOAT8(n);

	if (!(fraction > 0 && fraction < 1))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("fraction must be above 0 and below 1, got %g", fraction)));
	return fraction;
}

/* (query, options, k, method, fraction) */
PG_FUNCTION_INFO_V1(shopper_sql_evaluate_recommender_split);
Datum
shopper_sql_evaluate_recommender_split(PG_FUNCTION_ARGS)
{
	TupleDesc	desc;
	Tuplestorestate *rows = shopper_rows_begin(fcinfo, &desc);
	MemoryContext context,
				old = CurrentMemoryContext;
	ShopperEnv *env = shopper_env_create(CurrentMemoryContext, &context);
	ShopperPairTraining *t;
	ShopperPairs train,
				test;
	Jsonb	   *options = PG_ARGISNULL(1) ? NULL : PG_GETARG_JSONB_P(1);
	const char *query = query_argument(fcinfo, 0, "training");
	int			k = k_argument(fcinfo, 2);
	ShopperSplit method = method_argument(fcinfo, 3);
	double		fraction = fraction_argument(fcinfo, 4);
	int64_t    *start;
	bytea	   *bytes;

	MemoryContextSwitchTo(context);
	t = shopper_pair_training_create(CurrentMemoryContext, SHOPPER_RECOMMEND, options, NULL);
	shopper_pair_training_query(t, query);
	shopper_check(t->env, shopper_pairs_split(&t->pairs, method, fraction, t->env->seed, &train, &test));
	t->pairs = train;
	bytes = shopper_pair_training_finish(t);
	if (bytes != NULL)
	{
		shopper_check(t->env, shopper_pairs_finish(&test, &start));
		put_measures(env, bytes, &test, start, k, rows, desc);
	}
	MemoryContextSwitchTo(old);
	MemoryContextDelete(context);
	return (Datum) 0;
}
