/* predict.c: predict_purchase, predict_class, predict_proba, predict_value by row. */
#include "rows.h"

#include <math.h>

#include "utils/array.h"

static void
wrong_task(const ShopperModel *model, unsigned task)
{
	static const char *const classify = "predict_purchase, predict_class and predict_proba take classifiers, predict_value takes regressors.";
	const char *trains = task == SHOPPER_CLUSTER ? "train_clusters" : task == SHOPPER_PROJECT ? "train_projection"
		: task == SHOPPER_DETECT ? "train_anomaly" : "train_scaler";

	ereport(ERROR,
			(errcode(ERRCODE_DATATYPE_MISMATCH),
			 errmsg("expected %s, got a model of %s", task == 0 ? "a classifier or regressor" :
					task == SHOPPER_EXPLAINED ? "a classifier, regressor or anomaly detector" : shopper_task_in_words(task), model->learner->name),
			 task == SHOPPER_EXPLAINED ? errhint("Other models give no reasons for single rows.") : task < SHOPPER_CLUSTER ? errhint("%s", classify) : errhint("Such models come from %s.", trains)));
}

ShopperRowScoring *
shopper_scoring_args(FunctionCallInfo fcinfo, unsigned task)
{
	ShopperModelUse *use;
	ShopperRowScoring *s;
	HeapTupleHeader record;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		return NULL;
	use = shopper_model_arg(fcinfo, 0);
	record = PG_GETARG_HEAPTUPLEHEADER(1);
	s = use->extra;
	if (s != NULL && (use->fresh || !shopper_same_row_type(&s->type, record)))
	{
		use->extra = NULL;
		MemoryContextDelete(s->context);
		s = NULL;
	}
	if (s == NULL)
	{
		const ShopperModel *model = use->model;

		if (task == 0 ? model->learner->shape != SHOPPER_ROWS
			: task == SHOPPER_PROJECT ? model->learner->projection == NULL : (model->task & task) == 0)
			wrong_task(model, task);
		s = shopper_row_scoring_create(fcinfo->flinfo->fn_mcxt, model, record);
		use->extra = s;
	}
	shopper_row_scoring_read(s, record);
	return s;
}

/* The predictions for that record, or NULL. */
static const double *
predict(FunctionCallInfo fcinfo, ShopperTask task, const ShopperModel **model)
{
	ShopperRowScoring *s = shopper_scoring_args(fcinfo, task);

	if (s == NULL)
		return NULL;
	*model = s->model;
	shopper_predict(s->model, s->dense, s->lookup, s->out);
	return s->out;
}

/* What the forms over float8[] keep at the call site. */
typedef struct ArrayScoring
{
	double	   *dense;
	double	   *out;
	int32_t		lookup;			/* there are no categories */
} ArrayScoring;

static ArrayScoring *
start_array(FunctionCallInfo fcinfo, const ShopperModel *model, ShopperTask task)
{
	MemoryContext context = fcinfo->flinfo->fn_mcxt;
	ArrayScoring *s = MemoryContextAllocZero(context, sizeof(ArrayScoring));
	const ShopperSpec *spec = model->spec;

	if (model->task != task)
		ereport(ERROR, (errcode(ERRCODE_DATATYPE_MISMATCH),
						errmsg("expected a %s, got a model of %s", task == SHOPPER_CLASSIFY ? "classifier" : "regressor", model->learner->name)));
	for (int i = 0; i < spec->n_columns; i++)
		if (spec->column[i].kind > SHOPPER_KIND_BOOLEAN)
			ereport(ERROR, (errcode(ERRCODE_DATATYPE_MISMATCH), errmsg("column \"%s\" of the model is not a number", spec->column[i].name),
							errhint("Pass a row instead of an array.")));
	s->dense = MemoryContextAlloc(context, sizeof(double) * Max(spec->n_dense, 1));
	s->out = MemoryContextAlloc(context, sizeof(double) * Max(shopper_model_outputs(model), 2));
	return s;
}

/* Score the array in argument 1: its elements are the model's columns in their order; NULL is missing. */
static const double *
predict_array(FunctionCallInfo fcinfo, ShopperTask task, const ShopperModel **model)
{
	ShopperModelUse *use;
	ArrayScoring *s;
	ArrayType  *array;
	int			n;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		return NULL;
	use = shopper_model_arg(fcinfo, 0);
	*model = use->model;
	s = use->extra;
	if (s == NULL || use->fresh)
	{
		use->extra = NULL;
		if (s != NULL)
		{
			pfree(s->dense);
			pfree(s->out);
			pfree(s);
		}
		if ((*model)->spec == NULL)
			ereport(ERROR, (errcode(ERRCODE_DATATYPE_MISMATCH), errmsg("expected a classifier or regressor, got a model of %s", (*model)->learner->name)));
		use->extra = s = start_array(fcinfo, *model, task);
	}
	array = PG_GETARG_ARRAYTYPE_P(1);
	n = ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array));
	if (ARR_NDIM(array) > 1 || n != (*model)->spec->n_numbers)
		ereport(ERROR, (errcode(ERRCODE_DATA_EXCEPTION),
						errmsg("expected an array of %d numbers, got %d", (*model)->spec->n_numbers, n)));
	shopper_read_floats(array, n, s->dense);
	for (int j = 0; j < n; j++)
		if (s->dense[j] - s->dense[j] != 0)
			s->dense[j] = NAN;
	if ((*model)->spec->prepared)
		shopper_prepare_row((*model)->spec, s->dense, s->dense);
	shopper_predict(*model, s->dense, &s->lookup, s->out);
	return s->out;
}

static Datum
purchase(FunctionCallInfo fcinfo, const ShopperModel *model, const double *out)
{
	if (out == NULL)
		PG_RETURN_NULL();
	if (model->spec->positive < 0)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("the model has %lld classes and none is the positive one", (long long) model->spec->classes.n),
						errhint("Use predict_class or predict_proba, or train with the option positive.")));
	PG_RETURN_FLOAT8(out[model->spec->positive]);
}

PG_FUNCTION_INFO_V1(shopper_predict_purchase);
Datum
shopper_predict_purchase(PG_FUNCTION_ARGS)
{
	const ShopperModel *model = NULL;
	const double *out = predict(fcinfo, SHOPPER_CLASSIFY, &model);

	return purchase(fcinfo, model, out);
}

PG_FUNCTION_INFO_V1(shopper_predict_purchase_array);
Datum
shopper_predict_purchase_array(PG_FUNCTION_ARGS)
{
	const ShopperModel *model = NULL;
	const double *out = predict_array(fcinfo, SHOPPER_CLASSIFY, &model);

	return purchase(fcinfo, model, out);
}

static Datum
class_of(FunctionCallInfo fcinfo, const ShopperModel *model, const double *out)
{
	int			best;

	if (out == NULL)
		PG_RETURN_NULL();
	best = shopper_best_class(model, out);
	PG_RETURN_TEXT_P(cstring_to_text_with_len(model->spec->classes.bytes + model->spec->classes.start[best],
											  model->spec->classes.length[best]));
}

PG_FUNCTION_INFO_V1(shopper_predict_class);
Datum
shopper_predict_class(PG_FUNCTION_ARGS)
{
	const ShopperModel *model = NULL;
	const double *out = predict(fcinfo, SHOPPER_CLASSIFY, &model);

	return class_of(fcinfo, model, out);
}

PG_FUNCTION_INFO_V1(shopper_predict_class_array);
Datum
shopper_predict_class_array(PG_FUNCTION_ARGS)
{
	const ShopperModel *model = NULL;
	const double *out = predict_array(fcinfo, SHOPPER_CLASSIFY, &model);

	return class_of(fcinfo, model, out);
}

PG_FUNCTION_INFO_V1(shopper_predict_proba);
Datum
shopper_predict_proba(PG_FUNCTION_ARGS)
{
	const ShopperModel *model;
	const double *out = predict(fcinfo, SHOPPER_CLASSIFY, &model);
	StringInfoData json;
	ShopperValueReader number = {.from = SHOPPER_FROM_FLOAT8};

	if (out == NULL)
		PG_RETURN_NULL();
	initStringInfo(&json);
	for (int c = 0; c < model->spec->classes.n; c++)
	{
		size_t		length;
		const char *digits = shopper_value_text(&number, Float8GetDatum(out[c]), &length);

		appendStringInfoString(&json, c == 0 ? "{" : ", ");
		escape_json(&json, model->spec->classes.bytes + model->spec->classes.start[c]);
		appendStringInfo(&json, ": %.*s", (int) length, digits);
	}
	appendStringInfoChar(&json, '}');
	PG_RETURN_DATUM(DirectFunctionCall1(jsonb_in, CStringGetDatum(json.data)));
}

PG_FUNCTION_INFO_V1(shopper_predict_value);
Datum
shopper_predict_value(PG_FUNCTION_ARGS)
{
	const ShopperModel *model;
	const double *out = predict(fcinfo, SHOPPER_REGRESS, &model);

	if (out == NULL)
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(out[0]);
}

PG_FUNCTION_INFO_V1(shopper_predict_value_array);
Datum
shopper_predict_value_array(PG_FUNCTION_ARGS)
{
	const ShopperModel *model;
	const double *out = predict_array(fcinfo, SHOPPER_REGRESS, &model);

	if (out == NULL)
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(out[0]);
}
