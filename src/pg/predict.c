/* predict.c: predict_purchase, predict_class, predict_proba, predict_value by row. */
#include "rows.h"

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

		if (task == 0 ? model->learner->shape != SHOPPER_ROWS : model->task != task)
			ereport(ERROR, (errcode(ERRCODE_DATATYPE_MISMATCH),
							errmsg("expected a %s, got a model of %s",
								   task == SHOPPER_CLASSIFY ? "classifier" : task == SHOPPER_REGRESS ? "regressor" : "classifier or regressor",
								   model->learner->name),
							errhint("predict_purchase, predict_class and predict_proba take classifiers, predict_value takes regressors.")));
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

PG_FUNCTION_INFO_V1(shopper_predict_purchase);
Datum
shopper_predict_purchase(PG_FUNCTION_ARGS)
{
	const ShopperModel *model;
	const double *out = predict(fcinfo, SHOPPER_CLASSIFY, &model);

	if (out == NULL)
		PG_RETURN_NULL();
	if (model->spec->positive < 0)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("the model has %lld classes and none is the positive one", (long long) model->spec->classes.n),
						errhint("Use predict_class or predict_proba, or train with the option positive.")));
	PG_RETURN_FLOAT8(out[model->spec->positive]);
}

PG_FUNCTION_INFO_V1(shopper_predict_class);
Datum
shopper_predict_class(PG_FUNCTION_ARGS)
{
	const ShopperModel *model;
	const double *out = predict(fcinfo, SHOPPER_CLASSIFY, &model);
	int			best;

	if (out == NULL)
		PG_RETURN_NULL();
	best = shopper_best_class(model, out);
	PG_RETURN_TEXT_P(cstring_to_text_with_len(model->spec->classes.bytes + model->spec->classes.start[best],
											  model->spec->classes.length[best]));
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
