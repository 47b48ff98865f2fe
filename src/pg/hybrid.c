/* hybrid.c: hybrid, one recommender from several. */
#include "pg.h"

#include "catalog/pg_type.h"
#include "utils/array.h"

#include "../models/recommend/hybrid.h"

static const char *
number_text(double x)
{
	ShopperValueReader reader = {.from = SHOPPER_FROM_FLOAT8};
	size_t		length;
	const char *text = shopper_value_text(&reader, Float8GetDatum(x), &length);

	return pnstrdup(text, length);
}

static void
set_option(ShopperEnv *env, ShopperModel *model, const char *name, const ShopperRaw *raw)
{
	shopper_check(env, shopper_options_set(env, &model->options, model->learner->name, name, raw));
}

static void
set_weights(ShopperEnv *env, ShopperModel *model, ArrayType *array)
{
	ShopperValueReader reader = {.from = SHOPPER_FROM_VECTOR,.element = FLOAT8OID};
	ShopperRaw	raw = {.kind = SHOPPER_RAW_ARRAY};
	double	   *weight = shopper_value_vector(&reader, PointerGetDatum(array), &raw.n);

	raw.element = palloc0(sizeof(ShopperRaw) * Max(raw.n, 1));
	for (int i = 0; i < raw.n; i++)
	{
		raw.element[i].kind = SHOPPER_RAW_NUMBER;
		raw.element[i].text = number_text(weight[i]);
	}
	set_option(env, model, "weights", &raw);
}

/* (models, weights, method, rank_constant) */
PG_FUNCTION_INFO_V1(shopper_hybrid);
Datum
shopper_hybrid(PG_FUNCTION_ARGS)
{
	MemoryContext context,
				old = CurrentMemoryContext;
	ShopperEnv *env = shopper_env_create(CurrentMemoryContext, &context);
	ShopperModel model = {.learner = &shopper_learner_hybrid,.task = SHOPPER_JOIN_MODELS};
	ShopperModel *part;
	Datum	   *values;
	bool	   *nulls;
	int			n;
	bytea	   *result;

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	MemoryContextSwitchTo(context);
	shopper_check(env, shopper_options_init(env, &model.options, model.learner->options, shopper_shape_options(model.learner->shape)));
	if (!PG_ARGISNULL(1))
		set_weights(env, &model, PG_GETARG_ARRAYTYPE_P(1));
	if (!PG_ARGISNULL(2))
		set_option(env, &model, "method", &(ShopperRaw) {.kind = SHOPPER_RAW_STRING,.text = text_to_cstring(PG_GETARG_TEXT_PP(2))});
	if (!PG_ARGISNULL(3))
		set_option(env, &model, "rank_constant", &(ShopperRaw) {.kind = SHOPPER_RAW_NUMBER,.text = number_text(PG_GETARG_FLOAT8(3))});
	deconstruct_array(PG_GETARG_ARRAYTYPE_P(0), BYTEAOID, -1, false, TYPALIGN_INT, &values, &nulls, &n);
	part = palloc0(sizeof(ShopperModel) * Max(n, 1));
	for (int i = 0; i < n; i++)
	{
		if (nulls[i])
			ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("part %d must not be null", i + 1)));
		shopper_model_read(env, DatumGetByteaPP(values[i]), &part[i]);
	}
	shopper_check(env, shopper_hybrid_make(env, &model, part, n));
	MemoryContextSwitchTo(old);
	result = shopper_model_write(env, &model);
	MemoryContextDelete(context);
	PG_RETURN_BYTEA_P(result);
}
