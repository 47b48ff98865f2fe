/*
 * explain.c: reasons for single predictions (explain_prediction, prediction_receipt) and
 * the course of predictions over one column (partial_dependence).
 */
#include "rows.h"

#include <math.h>

#include "miscadmin.h"

#include "../models/anomalies/isolation.h"
#include "../models/explain.h"
#include "../models/supervised/dependence.h"
#include "inspect.h"
#include "utils/lsyscache.h"

/* The output that is explained when nobody says which. */
static int
default_output(ShopperRowScoring *s)
{
	if (s->model->task != SHOPPER_CLASSIFY)
		return 0;
	if (s->model->spec->positive >= 0)
		return s->model->spec->positive;
	shopper_predict(s->model, s->dense, s->lookup, s->out);
	return shopper_best_class(s->model, s->out);
}

/* The class that argument n names; by default the positive one, else the most probable for this row. */
static int
class_arg(FunctionCallInfo fcinfo, int n, ShopperRowScoring *s)
{
	const ShopperSpec *spec = s->model->spec;
	char	   *name;
	int64		code;

	if (s->model->task != SHOPPER_CLASSIFY)
	{
		if (PG_NARGS() > n && !PG_ARGISNULL(n))
			ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("a regressor has no classes"),
							errhint("Leave the argument class out.")));
		return 0;
	}
	if (PG_NARGS() <= n || PG_ARGISNULL(n))
		return default_output(s);
	name = text_to_cstring(PG_GETARG_TEXT_PP(n));
	code = shopper_dictionary_find_text(&spec->classes, name, strlen(name));
	if (code < 0)
		shopper_unknown_class(spec, name);
	return (int) code;
}

/* Contributions of s's row in the current memory context. */
static double *
explain(ShopperRowScoring *s, int output, double *base)
{
	ShopperEnv *env = shopper_env_create(CurrentMemoryContext, NULL);
	double	   *contribution = palloc(sizeof(double) * Max(s->n_columns, 1));

	env->seed = (uint64) shopper_option_integer(&s->model->options, "seed");
	shopper_check(env, shopper_explain(env, s->model, s->dense, s->lookup, output, base, contribution));
	return contribution;
}

int *
shopper_order_by_size(const double *contribution, int n)
{
	int		   *order = palloc(sizeof(int) * Max(n, 1));

	for (int i = 0; i < n; i++)
	{
		int			at = i;

		for (; at > 0 && fabs(contribution[order[at - 1]]) < fabs(contribution[i]); at--)
			order[at] = order[at - 1];
		order[at] = i;
	}
	return order;
}

double *
shopper_contributions(ShopperRowScoring *s)
{
	const ShopperModel *m = s->model;
	double	   *contribution,
				base;

	if (m->task != SHOPPER_DETECT)
		return explain(s, default_output(s), &base);
	contribution = palloc(sizeof(double) * Max(s->n_columns, 1));
	shopper_isolation_explain(m, s->dense, s->lookup, contribution);
	return contribution;
}

char *
shopper_column_value_text(const ShopperRowScoring *s, int column)
{
	int			attribute = s->column[column].attribute;
	Oid			output;
	bool		varlena;

	if (s->nulls[attribute])
		return NULL;
	getTypeOutputInfo(TupleDescAttr(s->desc, attribute)->atttypid, &output, &varlena);
	return OidOutputFunctionCall(output, s->values[attribute]);
}

void
shopper_put_contribution(Tuplestorestate *rows, TupleDesc desc, const ShopperRowScoring *s, int column, double contribution)
{
	char	   *value = column < 0 ? NULL : shopper_column_value_text(s, column);
	Datum		v[3] = {CStringGetTextDatum(column < 0 ? "(base)" : s->column[column].column->name)};
	bool		null[3] = {false, value == NULL};

	if (value != NULL)
		v[1] = CStringGetTextDatum(value);
	shopper_set_float(&v[2], &null[2], contribution);
	tuplestore_putvalues(rows, desc, v, null);
}

PG_FUNCTION_INFO_V1(shopper_explain_prediction);
Datum
shopper_explain_prediction(PG_FUNCTION_ARGS)
{
	TupleDesc	desc;
	Tuplestorestate *rows = shopper_rows_begin(fcinfo, &desc);
	ShopperRowScoring *s = shopper_scoring_args(fcinfo, 0);
	double	   *contribution,
				base;
	int		   *order;

	if (s == NULL)
		return (Datum) 0;
	contribution = explain(s, class_arg(fcinfo, 2, s), &base);
	order = shopper_order_by_size(contribution, s->n_columns);
	shopper_put_contribution(rows, desc, s, -1, base);
	for (int i = 0; i < s->n_columns; i++)
		shopper_put_contribution(rows, desc, s, order[i], contribution[order[i]]);
	return (Datum) 0;
}

/* ---- prediction_receipt ---- */

static void
put_score(ShopperJson *j, ShopperRowScoring *s, int output)
{
	const ShopperModel *m = s->model;
	const ShopperDictionary *classes = &m->spec->classes;
	int			best;

	shopper_predict(m, s->dense, s->lookup, s->out);
	if (m->task != SHOPPER_CLASSIFY)
	{
		shopper_json_number(j, "value", s->out[0]);
		return;
	}
	best = shopper_best_class(m, s->out);
	shopper_json_text(j, "class", classes->bytes + classes->start[best]);
	shopper_json_text(j, "explained_class", classes->bytes + classes->start[output]);
	shopper_json_number(j, "probability", s->out[output]);
	if (shopper_option_set(&m->options, "cutoff"))
		shopper_json_number(j, "cutoff", shopper_option_number(&m->options, "cutoff"));
}

static void
put_reasons(ShopperJson *j, ShopperRowScoring *s, int output, int most)
{
	double		base,
			   *contribution = explain(s, output, &base);
	int		   *order = shopper_order_by_size(contribution, s->n_columns);

	shopper_json_text(j, "unit", shopper_explain_unit(s->model));
	shopper_json_number(j, "base", base);
	shopper_json_open(j, "reasons", '[');
	for (int i = 0; i < s->n_columns && i < most && contribution[order[i]] != 0; i++)
	{
		char	   *value = shopper_column_value_text(s, order[i]);

		shopper_json_open(j, NULL, '{');
		shopper_json_text(j, "feature", s->column[order[i]].column->name);
		shopper_json_text(j, "value", value);
		shopper_json_number(j, "contribution", contribution[order[i]]);
		shopper_json_close(j, '}');
	}
	shopper_json_close(j, ']');
}

/* Levels that training did not know, and numbers that were filled or lie outside what training saw. */
static void
put_oddities(ShopperJson *j, ShopperRowScoring *s)
{
	const ShopperSpec *spec = s->model->spec;
	double		farthest = 0;

	shopper_json_open(j, "unseen", '[');
	for (int c = 0; c < s->n_columns; c++)
		if (s->unseen[c])
			shopper_json_text(j, NULL, spec->column[c].name);
	shopper_json_close(j, ']');
	shopper_json_open(j, "imputed", '[');
	for (int c = 0; c < s->n_columns; c++)
		if (spec->column[c].kind != SHOPPER_KIND_CATEGORY && spec->column[c].n > 0 && isnan(s->raw[spec->column[c].first]))
			shopper_json_text(j, NULL, spec->column[c].name);
	shopper_json_close(j, ']');
	shopper_json_open(j, "out_of_range", '[');
	for (int k = 0; k < spec->n_numbers; k++)
	{
		const ShopperNumber *number = &spec->number[k];
		const ShopperColumn *column = &spec->column[number->column];
		double		x = s->raw[k],
					range = number->high - number->low,
					beyond;

		if (isnan(x) || !(number->low <= number->high) || (x >= number->low && x <= number->high))
			continue;
		beyond = (x < number->low ? number->low - x : x - number->high) / (range > 0 ? range : 1);
		farthest = Max(farthest, beyond);
		shopper_json_open(j, NULL, '{');
		shopper_json_text(j, "feature", column->name);
		shopper_json_number(j, "value", x);
		shopper_json_number(j, "low", number->low);
		shopper_json_number(j, "high", number->high);
		shopper_json_number(j, "beyond", beyond);
		shopper_json_close(j, '}');
	}
	shopper_json_close(j, ']');
	shopper_json_number(j, "range_distance", farthest);
}

PG_FUNCTION_INFO_V1(shopper_prediction_receipt);
Datum
shopper_prediction_receipt(PG_FUNCTION_ARGS)
{
	ShopperRowScoring *s = shopper_scoring_args(fcinfo, 0);
	ShopperModelUse *use = fcinfo->flinfo->fn_extra;
	ShopperJson j;
	int			output;

	if (s == NULL)
		PG_RETURN_NULL();
	output = class_arg(fcinfo, 2, s);
	shopper_json_begin(&j);
	put_score(&j, s, output);
	shopper_json_text(&j, "model", shopper_model_id(use));
	shopper_json_text(&j, "algorithm", s->model->learner->name);
	shopper_json_text(&j, "target", s->model->spec->target);
	if (s->model->calibration.kind != SHOPPER_CALIBRATION_NONE)
		shopper_json_text(&j, "calibration", shopper_option_text(&s->model->options, "calibration"));
	put_reasons(&j, s, output, 5);
	put_oddities(&j, s);
	return shopper_json_end(&j);
}

/* ---- partial_dependence ---- */

typedef struct Dependence
{
	ShopperMeasured *m;
	int			column;
	int			first_output;
	int			last_output;
	double	   *mean;			/* of each of these outputs */
	Tuplestorestate *rows;
	TupleDesc	desc;
} Dependence;

/* One value of the column: a row for each output that was asked for. */
static void
put_dependence(Dependence *d, const char *label, double x, double value)
{
	const ShopperModel *model = &d->m->model;
	const ShopperDictionary *classes = &model->spec->classes;

	shopper_check(d->m->env, shopper_partial_dependence(d->m->env, model, &d->m->table, d->column, value, d->first_output, d->last_output, d->mean));
	for (int output = d->first_output; output <= d->last_output; output++)
	{
		Datum		v[4] = {CStringGetTextDatum(label)};
		bool		null[4] = {false};

		shopper_set_float(&v[1], &null[1], x);
		null[2] = model->task != SHOPPER_CLASSIFY;
		if (!null[2])
			v[2] = CStringGetTextDatum(classes->bytes + classes->start[output]);
		shopper_set_float(&v[3], &null[3], d->mean[output - d->first_output]);
		tuplestore_putvalues(d->rows, d->desc, v, null);
	}
}

static void
put_levels(Dependence *d)
{
	const ShopperCategory *c = &d->m->model.spec->category[d->m->model.spec->column[d->column].first];

	for (int code = 0; code < c->n_levels; code++)
		put_dependence(d, code == c->null_code ? "(missing)" : code == c->other_code ? "(other)" : c->levels.bytes + c->levels.start[code],
					   NAN, code);
}

static int
compare_doubles(const void *a, const void *b)
{
	double		x = *(const double *) a,
				y = *(const double *) b;

	CHECK_FOR_INTERRUPTS();
	return (x > y) - (x < y);
}

/* Quantiles of the query's different values; then missing, when a row has none. */
static void
put_quantiles(Dependence *d, int points)
{
	ShopperMeasured *m = d->m;
	int64		n = 0;
	int64		different = 0;
	bool		missing;

	for (int64 i = 0; i < m->table.n; i++)
		if (!isnan(m->raw[i]))
			m->raw[n++] = m->raw[i];
	missing = n < m->table.n;
	qsort(m->raw, n, sizeof(double), compare_doubles);
	for (int64 i = 0; i < n; i++)
		if (different == 0 || m->raw[i] != m->raw[different - 1])
			m->raw[different++] = m->raw[i];
	points = (int) Min(points, different);
	for (int k = 0; k < points; k++)
	{
		double		x = m->raw[points > 1 ? (different - 1) * k / (points - 1) : different / 2];
		ShopperValueReader number = {.from = SHOPPER_FROM_FLOAT8};
		size_t		length;

		put_dependence(d, pstrdup(shopper_value_text(&number, Float8GetDatum(x), &length)), x, x);
	}
	if (missing)
		put_dependence(d, "(missing)", NAN, NAN);
}

PG_FUNCTION_INFO_V1(shopper_partial_dependence_of_query);
Datum
shopper_partial_dependence_of_query(PG_FUNCTION_ARGS)
{
	Dependence	d;
	const ShopperModel *model;
	const ShopperSpec *spec;
	const ShopperColumn *c;
	char	   *feature;
	int			points;

	d.rows = shopper_rows_begin(fcinfo, &d.desc);
	if (PG_ARGISNULL(0) || PG_ARGISNULL(1) || PG_ARGISNULL(2))
		return (Datum) 0;
	model = shopper_rows_model_arg(fcinfo);
	spec = model->spec;
	feature = text_to_cstring(PG_GETARG_TEXT_PP(1));
	points = PG_ARGISNULL(3) ? 20 : PG_GETARG_INT32(3);
	if (points < 1 || points > 1000)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("points must be from 1 to 1000, got %d", points)));
	d.column = shopper_spec_find(spec, feature);
	if (d.column < 0)
		shopper_unknown_feature(spec, feature);
	c = &spec->column[d.column];
	if (c->kind > SHOPPER_KIND_CATEGORY)
		ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
						errmsg("partial dependence needs a number, a boolean or a category, column \"%s\" is none", feature)));
	d.first_output = 0;
	d.last_output = model->task == SHOPPER_CLASSIFY ? (int) spec->classes.n - 1 : 0;
	if (model->task == SHOPPER_CLASSIFY && spec->positive >= 0)
		d.first_output = d.last_output = spec->positive;
	d.mean = palloc(sizeof(double) * (d.last_output - d.first_output + 1));
	d.m = shopper_measured_query(model, text_to_cstring(PG_GETARG_TEXT_PP(2)), false,
								 c->kind == SHOPPER_KIND_CATEGORY ? -1 : c->first);
	if (c->kind == SHOPPER_KIND_CATEGORY)
		put_levels(&d);
	else
		put_quantiles(&d, points);
	shopper_env_end_pool(d.m->env);
	return (Datum) 0;
}
