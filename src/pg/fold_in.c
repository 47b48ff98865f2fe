/* fold_in.c: the SQL call fold_in_from(model, query). */
#include "pairs_reader.h"

#include "../models/recommend/fold_in.h"

PG_FUNCTION_INFO_V1(shopper_fold_in_from);
Datum
shopper_fold_in_from(PG_FUNCTION_ARGS)
{
	ShopperPairTraining *t;
	ShopperModel *old;
	ShopperStatus status;
	MemoryContext caller;
	int64_t    *start;
	bytea	   *result;

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	if (PG_ARGISNULL(1))
		ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("the query must not be null")));
	t = shopper_pair_training_create(CurrentMemoryContext, SHOPPER_RECOMMEND, NULL, NULL);
	caller = MemoryContextSwitchTo(t->context);
	old = palloc0(sizeof(ShopperModel));
	shopper_model_read(t->env, shopper_model_bytes(fcinfo, 0), old);
	if (old->learner->shape != SHOPPER_RATINGS)
		ereport(ERROR, (errcode(ERRCODE_DATATYPE_MISMATCH), errmsg("expected a recommender, got a model of %s", old->learner->name),
						errhint("Recommenders come from train_recommender.")));
	MemoryContextSwitchTo(caller);
	shopper_pair_training_query(t, text_to_cstring(PG_GETARG_TEXT_PP(1)));
	MemoryContextSwitchTo(t->context);
	status = shopper_pairs_finish(&t->pairs, &start);
	if (status == SHOPPER_OK)
		status = shopper_fold_in_pairs(t->env, old, &t->pairs, &t->model);
	MemoryContextSwitchTo(caller);
	shopper_check(t->env, status);
	result = shopper_model_write(t->env, &t->model);
	MemoryContextDelete(t->context);
	PG_RETURN_BYTEA_P(result);
}
