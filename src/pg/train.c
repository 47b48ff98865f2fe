/* train.c: what every training begins and ends with. */
#include "pg.h"

Jsonb *
shopper_training_begin(ShopperEnv *env, ShopperTask task, Jsonb *options, bytea *previous, ShopperModel *model, ShopperModel **earlier)
{
	Jsonb	   *copy = NULL;

	model->task = task;
	model->learner = shopper_options_from_jsonb(env, options, task, &model->options);
	if (options != NULL)
	{
		copy = palloc(VARSIZE(options));
		memcpy(copy, options, VARSIZE(options));
	}
	if (previous != NULL)
	{
		*earlier = palloc0(sizeof(ShopperModel));
		shopper_model_read(env, previous, *earlier);
		if ((*earlier)->learner != model->learner || (*earlier)->task != task)
			ereport(ERROR, (errcode(ERRCODE_DATATYPE_MISMATCH),
							errmsg("the previous model is one of %s, training is by %s", (*earlier)->learner->name, model->learner->name),
							errhint("Continue with the same algorithm, or leave the previous model out.")));
	}
	return copy;
}

void
shopper_check_same_options(const Jsonb *first, const Jsonb *now)
{
	if (first == NULL && now == NULL)
		return;
	if (first != NULL && now != NULL)
	{
		if (VARSIZE(first) == VARSIZE(now) && memcmp(first, now, VARSIZE(now)) == 0)
			return;
		if (compareJsonbContainers((JsonbContainer *) &first->root, (JsonbContainer *) &now->root) == 0)
			return;
	}
	ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("the options must be the same on all rows of a group")));
}

bytea *
shopper_training_end(ShopperEnv *env, ShopperStatus status, const ShopperModel *model)
{
	shopper_env_end_pool(env);
	if (status == SHOPPER_BAD_DATA && shopper_option_is(&model->options, "on_failure", "null"))
	{
		shopper_report(env, WARNING);
		return NULL;
	}
	if (status != SHOPPER_OK)
		shopper_report(env, ERROR);
	return shopper_model_write(env, model);
}
