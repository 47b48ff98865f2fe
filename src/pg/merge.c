/* merge.c: merge_models, two models to one; as an aggregate it is its own combine function. */
#include "pg.h"

PG_FUNCTION_INFO_V1(shopper_merge_models);
Datum
shopper_merge_models(PG_FUNCTION_ARGS)
{
	MemoryContext context;
	ShopperEnv *env = shopper_env_create(CurrentMemoryContext, &context);
	ShopperModel into,
				other;
	bytea	   *result;

	shopper_model_read(env, PG_GETARG_BYTEA_PP(0), &into);
	shopper_model_read(env, PG_GETARG_BYTEA_PP(1), &other);
	shopper_check(env, shopper_model_merge(env, &into, &other));
	result = shopper_model_write(env, &into);
	MemoryContextDelete(context);
	PG_RETURN_BYTEA_P(result);
}
