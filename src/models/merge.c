/* merge.c: two models of the same kind become one. */
#include <string.h>

#include "learner.h"

static bool
same_target(const ShopperSpec *a, const ShopperSpec *b)
{
	if (strcmp(a->target, b->target) != 0 || a->target_kind != b->target_kind)
		return false;
	if (a->target_kind == SHOPPER_TARGET_NUMBER)
		return true;
	if (a->classes.n != b->classes.n || a->positive != b->positive)
		return false;
	for (int64_t c = 0; c < a->classes.n; c++)
		if (a->classes.length[c] != b->classes.length[c] ||
			memcmp(a->classes.bytes + a->classes.start[c], b->classes.bytes + b->classes.start[c], (size_t) a->classes.length[c]) != 0)
			return false;
	return true;
}

ShopperStatus
shopper_model_merge(ShopperEnv *env, ShopperModel *into, const ShopperModel *other)
{
	int64_t		n_rows = (int64_t) ((uint64_t) into->n_rows + (uint64_t) other->n_rows),
				n_train = (int64_t) ((uint64_t) into->n_train + (uint64_t) other->n_train);

	if (into->learner != other->learner || into->task != other->task)
		return shopper_fail(env, SHOPPER_WRONG_MODEL, "models of %s and of %s cannot be merged", into->learner->name, other->learner->name);
	if (into->learner->merge == NULL)
	{
		shopper_fail(env, SHOPPER_UNSUPPORTED, "models of %s cannot be merged", into->learner->name);
		shopper_hint(env, "Train one model on all rows.");
		return env->status;
	}
	if (into->spec != NULL && !same_target(into->spec, other->spec))
	{
		shopper_fail(env, SHOPPER_BAD_DATA, "the models differ in their targets");
		shopper_detail(env, "One has \"%.60s\" with %lld classes, the other \"%.60s\" with %lld.", into->spec->target,
					   (long long) into->spec->classes.n, other->spec->target, (long long) other->spec->classes.n);
		shopper_hint(env, "Target, classes and the positive class must be the same.");
		return env->status;
	}
	/* figures of either part are not those of the whole */
	into->n_metrics = into->n_steps = into->n_importance = 0;
	SHOPPER_TRY(into->learner->merge(env, into, other));
	into->n_rows = n_rows;
	into->n_train = n_train;
	return SHOPPER_OK;
}
