/*
 * train_rows.c: training on rows as aggregates over records, and their query twins:
 * train_classifier and train_regressor, which have a target, and for rows without one
 * train_clusters and its like.
 */
#include "rows.h"

/* ---- aggregates ---- */

static bool
has_target(ShopperTask task)
{
	return task == SHOPPER_CLASSIFY || task == SHOPPER_REGRESS;
}

/* Whether argument n is there and not NULL. */
static bool
given(FunctionCallInfo fcinfo, int n)
{
	return PG_NARGS() > n && !PG_ARGISNULL(n);
}

/* lda() is a classifier: its target comes as an option when a projection is wanted. */
static char *
target_of_lda(Jsonb *options)
{
	char	   *algorithm = shopper_algorithm_of(options);
	JsonbValue	key = {.type = jbvString},
			   *v;

	if (algorithm == NULL || strcmp(algorithm, "lda") != 0)
		return NULL;
	key.val.string.val = "target";
	key.val.string.len = 6;
	v = findJsonbValueFromContainer(&options->root, JB_FOBJECT, &key);
	if (v == NULL || v->type != jbvString)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("lda needs the column with the classes"),
						errhint("Name it: lda(target => 'segment').")));
	return pnstrdup(v->val.string.val, v->val.string.len);
}

/* Arguments from `first` on, behind state and record or behind the query: [target,] [options [, previous model]]. */
static ShopperRowTraining *
start_training(FunctionCallInfo fcinfo, int first, MemoryContext context, ShopperTask task)
{
	int			n = first + has_target(task);
	Jsonb	   *options = given(fcinfo, n) ? PG_GETARG_JSONB_P(n) : NULL;
	bytea	   *previous = given(fcinfo, n + 1) ? PG_GETARG_BYTEA_P(n + 1) : NULL;
	char	   *target = NULL;

	if (has_target(task))
	{
		if (PG_ARGISNULL(first))
			ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("the target's name must not be null")));
		target = text_to_cstring(PG_GETARG_TEXT_PP(first));
	}
	else if (task == SHOPPER_PROJECT && options != NULL && (target = target_of_lda(options)) != NULL)
		task = SHOPPER_CLASSIFY;
	return shopper_row_training_create(context, task, target, options, previous);
}

static void
check_target(FunctionCallInfo fcinfo, ShopperRowTraining *t)
{
	text	   *target = PG_ARGISNULL(2) ? NULL : PG_GETARG_TEXT_PP(2);
	size_t		length = strlen(t->target);

	if (target == NULL || VARSIZE_ANY_EXHDR(target) != length || memcmp(VARDATA_ANY(target), t->target, length) != 0)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("the target must be the same on all rows of a group")));
}

static void
check_arguments(FunctionCallInfo fcinfo, ShopperTask task, ShopperRowTraining *t)
{
	int			options = has_target(task) ? 3 : 2;

	if (has_target(task))
		check_target(fcinfo, t);
	shopper_check_same_options(t->options, given(fcinfo, options) ? PG_GETARG_JSONB_P(options) : NULL);
}

static void
set_row_type(ShopperRowTraining *t, HeapTupleHeader record)
{
	TupleDesc	desc;
	MemoryContext old;

	if (t->planned && shopper_same_row_type(&t->type, record))
		return;
	old = MemoryContextSwitchTo(t->planned ? CurrentMemoryContext : t->context);
	desc = shopper_row_type(&t->type, record);
	if (t->planned && !equalTupleDescs(desc, t->desc))
		ereport(ERROR, (errcode(ERRCODE_DATATYPE_MISMATCH), errmsg("the rows to train on differ in their columns")));
	if (!t->planned)
	{
		t->desc = desc;
		t->values = palloc(sizeof(Datum) * Max(desc->natts, 1));
		t->nulls = palloc(sizeof(bool) * Max(desc->natts, 1));
		shopper_row_training_plan(t, t->desc);
	}
	MemoryContextSwitchTo(old);
}

static Datum
accumulate(FunctionCallInfo fcinfo, ShopperTask task)
{
	MemoryContext context;
	ShopperRowTraining *t;
	HeapTupleHeader record;
	HeapTupleData tuple;

	if (!AggCheckCallContext(fcinfo, &context))
		elog(ERROR, "aggregate function called in non-aggregate context");
	t = PG_ARGISNULL(0) ? NULL : (ShopperRowTraining *) PG_GETARG_POINTER(0);
	if (PG_ARGISNULL(1))
		SHOPPER_RETURN_STATE(t);
	if (t == NULL)
		t = start_training(fcinfo, 2, context, task);
	else
		check_arguments(fcinfo, task, t);
	record = PG_GETARG_HEAPTUPLEHEADER(1);
	set_row_type(t, record);
	tuple.t_len = HeapTupleHeaderGetDatumLength(record);
	ItemPointerSetInvalid(&tuple.t_self);
	tuple.t_tableOid = InvalidOid;
	tuple.t_data = record;
	heap_deform_tuple(&tuple, t->desc, t->values, t->nulls);
	shopper_row_training_add(t, t->values, t->nulls);
	PG_RETURN_POINTER(t);
}

PG_FUNCTION_INFO_V1(shopper_rows_final);
Datum
shopper_rows_final(PG_FUNCTION_ARGS)
{
	ShopperRowTraining *t;
	bytea	   *model;

	if (!AggCheckCallContext(fcinfo, NULL))
		elog(ERROR, "aggregate function called in non-aggregate context");
	if (PG_ARGISNULL(0))
		ereport(ERROR, (errcode(ERRCODE_DATA_EXCEPTION), errmsg("no rows to learn from")));
	t = (ShopperRowTraining *) PG_GETARG_POINTER(0);
	model = shopper_row_training_finish(t);
	MemoryContextDelete(t->context);
	if (model == NULL)
		PG_RETURN_NULL();
	PG_RETURN_BYTEA_P(model);
}

/* ---- query twins ---- */

static void
twin_start(void *state, TupleDesc desc)
{
	shopper_row_training_plan(state, desc);
}

static void
twin_row(void *state, Datum *values, bool *nulls)
{
	shopper_row_training_add(state, values, nulls);
}

static Datum
train_from(FunctionCallInfo fcinfo, ShopperTask task)
{
	ShopperRowTraining *t;
	ShopperRowSink sink = {twin_start, twin_row, NULL};
	bytea	   *model;

	if (PG_ARGISNULL(0))
		ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("the query must not be null")));
	t = start_training(fcinfo, 1, CurrentMemoryContext, task);
	sink.state = t;
	shopper_run_query(text_to_cstring(PG_GETARG_TEXT_PP(0)), &sink);
	model = shopper_row_training_finish(t);
	MemoryContextDelete(t->context);
	if (model == NULL)
		PG_RETURN_NULL();
	PG_RETURN_BYTEA_P(model);
}

/* ---- the jobs: a state function and a twin for each ---- */

#define TRAINING(job, task) \
	PG_FUNCTION_INFO_V1(shopper_##job##_accum); \
	Datum shopper_##job##_accum(PG_FUNCTION_ARGS) { return accumulate(fcinfo, task); } \
	PG_FUNCTION_INFO_V1(shopper_train_##job##_from); \
	Datum shopper_train_##job##_from(PG_FUNCTION_ARGS) { return train_from(fcinfo, task); }

TRAINING(classifier, SHOPPER_CLASSIFY)
TRAINING(regressor, SHOPPER_REGRESS)
TRAINING(clusters, SHOPPER_CLUSTER)
TRAINING(projection, SHOPPER_PROJECT)
TRAINING(anomaly, SHOPPER_DETECT)
TRAINING(scaler, SHOPPER_SCALE)
