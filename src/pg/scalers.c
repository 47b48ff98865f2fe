/* scalers.c: the SQL calls about scaled and encoded rows. */
#include "rows.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/numeric.h"

#include "inspect.h"

#include "../core/hash.h"
#include "../models/scalers/scaler.h"

static const ShopperModel *
scaler_arg(FunctionCallInfo fcinfo)
{
	const ShopperModel *model = shopper_model_arg(fcinfo, 0)->model;

	if (model->task != SHOPPER_SCALE)
		ereport(ERROR, (errcode(ERRCODE_DATATYPE_MISMATCH), errmsg("expected a scaler, got a model of %s", model->learner->name),
						errhint("Such models come from train_scaler.")));
	return model;
}

/* The key of each column of the encoding in json, in the current context. */
static char **
make_keys(const ShopperSpec *spec)
{
	MemoryContext context;
	ShopperEnv *env = shopper_env_create(CurrentMemoryContext, &context);
	ShopperFeatureName *name;
	char	  **key = palloc(sizeof(char *) * Max(spec->width, 1));

	shopper_check(env, shopper_spec_names(env, spec, &name));
	for (int e = 0; e < spec->width; e++)
		key[e] = name[e].level == NULL ? pstrdup(name[e].column)
			: psprintf(e < spec->n_numbers ? "%s %s" : "%s=%s", name[e].column, name[e].level);
	MemoryContextDelete(context);
	return key;
}

static char **
keys_of(ShopperRowScoring *s)
{
	MemoryContext old;

	if (s->extra == NULL)
	{
		old = MemoryContextSwitchTo(s->context);
		s->extra = make_keys(s->model->spec);
		MemoryContextSwitchTo(old);
	}
	return s->extra;
}

/* A category as it is. */
static void
put_text(ShopperJson *j, const char *name, ShopperRowScoring *s, int column)
{
	int			attribute = s->column[column].attribute;
	size_t		length;
	const char *text = s->nulls[attribute] ? NULL : shopper_value_text(&s->column[column].reader, s->values[attribute], &length);

	shopper_json_text(j, name, text != NULL ? pnstrdup(text, length) : NULL);
}

PG_FUNCTION_INFO_V1(shopper_scale_sql);
Datum
shopper_scale_sql(PG_FUNCTION_ARGS)
{
	ShopperRowScoring *s = shopper_scoring_args(fcinfo, SHOPPER_SCALE);
	const ShopperSpec *spec;
	bool		keep;
	char	  **key;
	ShopperJson j;

	if (s == NULL)
		PG_RETURN_NULL();
	spec = s->model->spec;
	key = keys_of(s);
	keep = s->model->learner == &shopper_learner_scaler;
	shopper_scale_row(s->model, s->dense, s->lookup, s->out);
	shopper_json_begin(&j);
	for (int i = 0; i < spec->n_numbers; i++)
		shopper_json_number(&j, key[i], s->out[i]);
	for (int c = 0; c < spec->n_columns; c++)
	{
		const ShopperColumn *column = &spec->column[c];
		const ShopperCategory *category;

		if (column->kind != SHOPPER_KIND_CATEGORY)
			continue;
		category = &spec->category[column->first];
		if (keep)
			put_text(&j, column->name, s, c);
		else if (shopper_scaler_of(s->model)->coding != SHOPPER_CODING_ONE_HOT)
			shopper_json_number(&j, column->name, s->out[spec->n_numbers + column->first]);
		else
			for (int e = category->offset; e < category->offset + category->size; e++)
				shopper_json_number(&j, key[e], s->out[e]);
	}
	return shopper_json_end(&j);
}

PG_FUNCTION_INFO_V1(shopper_scale_array_sql);
Datum
shopper_scale_array_sql(PG_FUNCTION_ARGS)
{
	ShopperRowScoring *s = shopper_scoring_args(fcinfo, SHOPPER_SCALE);

	if (s == NULL)
		PG_RETURN_NULL();
	shopper_scale_row(s->model, s->dense, s->lookup, s->out);
	return shopper_float_array(s->out, shopper_model_outputs(s->model), true);
}

/* ---- back ---- */

/* The number behind a key; NaN when it is null or absent. */
static double
number_at(Jsonb *object, const char *key, bool *found)
{
	JsonbValue	name = {.type = jbvString},
			   *v;

	name.val.string.val = (char *) key;
	name.val.string.len = strlen(key);
	v = findJsonbValueFromContainer(&object->root, JB_FOBJECT, &name);
	*found = v != NULL;
	if (v == NULL || v->type == jbvNull)
		return NAN;
	if (v->type != jbvNumeric)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("\"%s\" must be a number", key)));
	return DatumGetFloat8(DirectFunctionCall1(numeric_float8_no_overflow, NumericGetDatum(v->val.numeric)));
}

static void
put_level(ShopperJson *j, const ShopperSpec *spec, const ShopperCategory *c, int32_t code)
{
	const char *level = code < 0 || code == c->null_code ? NULL
		: code == c->other_code ? "(other)" : c->levels.bytes + c->levels.start[code];

	shopper_json_text(j, spec->column[c->column].name, level);
}

/* One category of an encoder, from one number or from one for each level. */
static void
unscale_category(ShopperJson *j, const ShopperModel *model, int k, Jsonb *scaled, char **key)
{
	const ShopperSpec *spec = model->spec;
	const ShopperCategory *c = &spec->category[k];
	bool		found,
				any = false;
	double		most = 0;
	int32_t		code = -1;

	if (shopper_scaler_of(model)->coding == SHOPPER_CODING_ORDINAL)
	{
		double		z = number_at(scaled, spec->column[c->column].name, &found);

		if (found)
			put_level(j, spec, c, shopper_unscale_level(model, k, z));
		return;
	}
	for (int l = 0; l < c->size; l++)
	{
		double		x = number_at(scaled, key[c->offset + l], &found);

		any |= found;
		if (x > most)
		{
			most = x;
			code = l;
		}
	}
	if (any)
		put_level(j, spec, c, code);
}

static void
keep_category(ShopperJson *j, const char *name, Jsonb *scaled)
{
	JsonbValue	key = {.type = jbvString},
			   *v;

	key.val.string.val = (char *) name;
	key.val.string.len = strlen(name);
	v = findJsonbValueFromContainer(&scaled->root, JB_FOBJECT, &key);
	if (v == NULL)
		return;
	if (v->type != jbvString && v->type != jbvNull)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("\"%s\" must be a text", name)));
	shopper_json_text(j, name, v->type == jbvNull ? NULL : pnstrdup(v->val.string.val, v->val.string.len));
}

PG_FUNCTION_INFO_V1(shopper_unscale_sql);
Datum
shopper_unscale_sql(PG_FUNCTION_ARGS)
{
	const ShopperModel *model;
	const ShopperSpec *spec;
	Jsonb	   *scaled;
	ShopperJson j;
	char	  **key;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		PG_RETURN_NULL();
	model = scaler_arg(fcinfo);
	spec = model->spec;
	scaled = PG_GETARG_JSONB_P(1);
	if (!JB_ROOT_IS_OBJECT(scaled))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("expected a json object"), errhint("Pass what scale() returned.")));
	if (shopper_scaler_of(model)->coding == SHOPPER_CODING_FREQUENCY)
		ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED), errmsg("an encoding by frequency cannot be turned back"),
						errhint("Levels may be as frequent as others: use ordinal or one_hot.")));
	key = make_keys(spec);
	shopper_json_begin(&j);
	for (int i = 0; i < spec->n_numbers; i++)
	{
		bool		found;
		double		z = number_at(scaled, key[i], &found);

		if (found)
			shopper_json_number(&j, key[i], z != z ? NAN : shopper_unscale_number(model, i, z));
	}
	for (int k = 0; k < spec->n_categories; k++)
		if (model->learner == &shopper_learner_scaler)
			keep_category(&j, spec->column[spec->category[k].column].name, scaled);
		else
			unscale_category(&j, model, k, scaled, key);
	return shopper_json_end(&j);
}

/* ---- the model itself ---- */

PG_FUNCTION_INFO_V1(shopper_scaled_columns_sql);
Datum
shopper_scaled_columns_sql(PG_FUNCTION_ARGS)
{
	TupleDesc	desc;
	Tuplestorestate *rows = shopper_rows_begin(fcinfo, &desc);
	const ShopperModel *model = scaler_arg(fcinfo);
	const ShopperSpec *spec = model->spec;
	const ShopperScaler *s = shopper_scaler_of(model);
	MemoryContext context;
	ShopperEnv *env = shopper_env_create(CurrentMemoryContext, &context);
	ShopperFeatureName *name;
	int			n = shopper_model_outputs(model);

	shopper_check(env, shopper_spec_names(env, spec, &name));
	for (int i = 0; i < n; i++)
	{
		bool		number = i < spec->n_numbers,
					whole = !number && s->coding != SHOPPER_CODING_ONE_HOT;
		const char *column = whole ? spec->column[spec->category[i - spec->n_numbers].column].name : name[i].column,
				   *level = whole ? NULL : name[i].level;
		Datum		v[5] = {Int32GetDatum(i + 1), CStringGetTextDatum(column)};
		bool		null[5] = {false, false, level == NULL};

		if (level != NULL)
			v[2] = CStringGetTextDatum(level);
		shopper_set_float(&v[3], &null[3], number && s->n_quantiles == 0 ? s->centre[i] : NAN);
		shopper_set_float(&v[4], &null[4], number && s->n_quantiles == 0 ? s->scale[i] : NAN);
		tuplestore_putvalues(rows, desc, v, null);
	}
	MemoryContextDelete(context);
	return (Datum) 0;
}

PG_FUNCTION_INFO_V1(shopper_hash_encode_sql);
Datum
shopper_hash_encode_sql(PG_FUNCTION_ARGS)
{
	text	   *value = PG_GETARG_TEXT_PP(0);
	int32		buckets = PG_GETARG_INT32(1);

	if (buckets < 1)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("buckets must be at least 1, got %d", buckets)));
	PG_RETURN_INT32((int32) shopper_below(shopper_hash_bytes(VARDATA_ANY(value), VARSIZE_ANY_EXHDR(value), (uint64_t) PG_GETARG_INT64(2)), (uint64_t) buckets));
}
