/*
 * decide.c: from predictions to decisions: intervals and class sets with a promised
 * coverage, profit curves, the best cut-off, storing a cut-off in a model.
 */
#include "rows.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/tuplestore.h"

#include "../models/holdout.h"
#include "evaluate.h"

/* ---- intervals and sets ---- */

/* The level in argument 2, of a model that held rows out. */
static double
level_arg(FunctionCallInfo fcinfo, const ShopperModel *model)
{
	double		level = PG_ARGISNULL(2) ? 0.9 : PG_GETARG_FLOAT8(2);

	if (!(level > 0 && level < 1))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("level must be above 0 and below 1, got %g", level)));
	if (model->holdout.n == 0)
		ereport(ERROR, (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE), errmsg("the model was trained without held-out rows"),
						errhint("Train it with an option such as validation => 0.2; the rows held out say how far predictions stray.")));
	return level;
}

PG_FUNCTION_INFO_V1(shopper_predict_interval);
Datum
shopper_predict_interval(PG_FUNCTION_ARGS)
{
	ShopperRowScoring *s = shopper_scoring_args(fcinfo, SHOPPER_REGRESS);
	TupleDesc	desc;
	Datum		values[3];
	bool		nulls[3] = {false};
	double		level,
				low,
				high;

	if (s == NULL)
		PG_RETURN_NULL();
	level = level_arg(fcinfo, s->model);
	if (!shopper_holdout_interval(&s->model->holdout, level, &low, &high))
		ereport(ERROR, (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
						errmsg("%lld held-out rows are too few for level %g", (long long) s->model->holdout.n, level),
						errhint("A level needs about 2 / (1 - level) held-out rows.")));
	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	shopper_predict(s->model, s->dense, s->lookup, s->out);
	values[0] = Float8GetDatum(s->out[0] + low);
	values[1] = Float8GetDatum(s->out[0]);
	values[2] = Float8GetDatum(s->out[0] + high);
	return HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), values, nulls));
}

PG_FUNCTION_INFO_V1(shopper_predict_set);
Datum
shopper_predict_set(PG_FUNCTION_ARGS)
{
	ShopperRowScoring *s = shopper_scoring_args(fcinfo, SHOPPER_CLASSIFY);
	const ShopperDictionary *classes;
	Datum	   *names;
	double		stray;
	int			n = 0;

	if (s == NULL)
		PG_RETURN_NULL();
	stray = shopper_holdout_quantile(&s->model->holdout, level_arg(fcinfo, s->model));
	classes = &s->model->spec->classes;
	names = palloc(sizeof(Datum) * classes->n);
	shopper_predict(s->model, s->dense, s->lookup, s->out);
	for (int c = 0; c < classes->n; c++)
		if (1 - s->out[c] <= stray)
			names[n++] = CStringGetTextDatum(classes->bytes + classes->start[c]);
	PG_RETURN_ARRAYTYPE_P(construct_array(names, n, TEXTOID, -1, false, TYPALIGN_INT));
}

/* ---- profit from a model's held-out rows ---- */

static void
check_money(double gain, double cost)
{
	if (!(gain >= 0) || !(cost >= 0) || isinf(gain) || isinf(cost))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("gain and cost must be finite and not negative, got %g and %g", gain, cost)));
}

static void
check_two_classes(const ShopperModel *model)
{
	if (model->task != SHOPPER_CLASSIFY || model->spec->classes.n != 2)
		ereport(ERROR, (errcode(ERRCODE_DATATYPE_MISMATCH), errmsg("a cut-off needs a classifier of two classes")));
}

static ShopperProfit *
profit_of_model(FunctionCallInfo fcinfo, int64 *n)
{
	const ShopperModel *model = shopper_rows_model_arg(fcinfo);
	ShopperProfit *profit;

	check_money(PG_GETARG_FLOAT8(1), PG_GETARG_FLOAT8(2));
	check_two_classes(model);
	if (model->holdout.n_steps == 0)
		ereport(ERROR, (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE), errmsg("the model was trained without held-out rows"),
						errhint("Train it with an option such as validation => 0.2, or give labels and scores: best_cutoff(label, score, gain, cost).")));
	*n = model->holdout.n_steps + 1;
	profit = palloc(sizeof(ShopperProfit) * *n);
	shopper_profit_curve(&model->holdout, PG_GETARG_FLOAT8(1), PG_GETARG_FLOAT8(2), profit);
	return profit;
}

static void
fill_profit(void *state, int i, Datum *values, bool *nulls)
{
	const ShopperProfit *p = (const ShopperProfit *) state + i;

	shopper_set_float(&values[0], &nulls[0], p->threshold);
	shopper_set_float(&values[1], &nulls[1], p->rows);
	shopper_set_float(&values[2], &nulls[2], p->positive);
	shopper_set_float(&values[3], &nulls[3], p->profit);
}

static Datum
best_threshold(FunctionCallInfo fcinfo, const ShopperProfit *profit, int64 n)
{
	double		threshold = profit[shopper_best_profit(profit, n)].threshold;

	if (isinf(threshold))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(threshold);
}

PG_FUNCTION_INFO_V1(shopper_profit_curve_of_model);
Datum
shopper_profit_curve_of_model(PG_FUNCTION_ARGS)
{
	TupleDesc	desc;
	Tuplestorestate *rows = shopper_rows_begin(fcinfo, &desc);
	int64		n;
	ShopperProfit *profit = profit_of_model(fcinfo, &n);

	for (int64 i = 0; i < n; i++)
	{
		Datum		values[4];
		bool		nulls[4];

		fill_profit(profit, i, values, nulls);
		tuplestore_putvalues(rows, desc, values, nulls);
	}
	return (Datum) 0;
}

PG_FUNCTION_INFO_V1(shopper_best_cutoff_of_model);
Datum
shopper_best_cutoff_of_model(PG_FUNCTION_ARGS)
{
	int64		n;
	ShopperProfit *profit = profit_of_model(fcinfo, &n);

	return best_threshold(fcinfo, profit, n);
}

/* ---- profit from labels and scores ---- */

static ShopperProfit *
profit_of_points(FunctionCallInfo fcinfo, ShopperPoints *p, int64 most, int64 *n)
{
	ShopperEnv *env = shopper_env_create(CurrentMemoryContext, NULL);
	ShopperHoldout steps = {0};
	uint8	   *positive = MemoryContextAllocHuge(CurrentMemoryContext, p->n);
	ShopperProfit *profit;

	for (int64 i = 0; i < p->n; i++)
		positive[i] = p->x[i] != 0;
	shopper_check(env, shopper_profit_steps(env, p->n, positive, p->y, NULL, most, &steps));
	*n = steps.n_steps + 1;
	profit = MemoryContextAllocHuge(CurrentMemoryContext, sizeof(ShopperProfit) * *n);
	shopper_profit_curve(&steps, p->gain, p->cost, profit);
	return profit;
}

PG_FUNCTION_INFO_V1(shopper_profit_accum);
Datum
shopper_profit_accum(PG_FUNCTION_ARGS)
{
	ShopperPoints *p;
	double		gain,
				cost;

	shopper_aggregate_context(fcinfo);
	if (shopper_any_null(fcinfo))
		SHOPPER_RETURN_STATE(PG_ARGISNULL(0) ? NULL : PG_GETARG_POINTER(0));
	gain = PG_GETARG_FLOAT8(3);
	cost = PG_GETARG_FLOAT8(4);
	check_money(gain, cost);
	p = shopper_points_add_score(fcinfo);
	if (p->n > 1 && (p->gain != gain || p->cost != cost))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("gain and cost must be the same on all rows of a group")));
	p->gain = gain;
	p->cost = cost;
	PG_RETURN_POINTER(p);
}

PG_FUNCTION_INFO_V1(shopper_profit_curve_final);
Datum
shopper_profit_curve_final(PG_FUNCTION_ARGS)
{
	ShopperPoints *p = shopper_points_final(fcinfo);
	ShopperProfit *profit;
	int64		n;

	if (p == NULL)
		PG_RETURN_NULL();
	profit = profit_of_points(fcinfo, p, 1000, &n);
	return shopper_composite_array(fcinfo, (int) n, fill_profit, profit);
}

PG_FUNCTION_INFO_V1(shopper_best_cutoff_final);
Datum
shopper_best_cutoff_final(PG_FUNCTION_ARGS)
{
	ShopperPoints *p = shopper_points_final(fcinfo);
	ShopperProfit *profit;
	int64		n;

	if (p == NULL)
		PG_RETURN_NULL();
	profit = profit_of_points(fcinfo, p, p->n, &n);
	return best_threshold(fcinfo, profit, n);
}

/* ---- storing a cut-off ---- */

PG_FUNCTION_INFO_V1(shopper_set_cutoff);
Datum
shopper_set_cutoff(PG_FUNCTION_ARGS)
{
	MemoryContext context;
	ShopperEnv *env = shopper_env_create(CurrentMemoryContext, &context);
	ShopperModel model;
	ShopperOptionValue *stored;
	double		cutoff = PG_GETARG_FLOAT8(1);
	bytea	   *bytes;

	shopper_model_read(env, shopper_model_bytes(fcinfo, 0), &model);
	check_two_classes(&model);
	if (!(cutoff >= 0 && cutoff <= 1))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("the cut-off must be from 0 to 1, got %g", cutoff)));
	stored = shopper_option_find(&model.options, "cutoff");
	stored->set = true;
	stored->number = cutoff;
	bytes = shopper_model_write(env, &model);
	MemoryContextDelete(context);
	PG_RETURN_BYTEA_P(bytes);
}
