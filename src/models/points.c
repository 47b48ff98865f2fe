/*
 * points.c: the course that every learner of rows without a target shares: order,
 * preparation, the learner's own fit.
 */
#include "learner.h"

static ShopperScale
scale_of(const ShopperOptions *o)
{
	return shopper_option_is(o, "scale", "none") ? SHOPPER_SCALE_NONE : shopper_option_is(o, "scale", "min_max") ? SHOPPER_SCALE_MIN_MAX
		: shopper_option_is(o, "scale", "robust") ? SHOPPER_SCALE_ROBUST : SHOPPER_SCALE_STANDARD;
}

/* Squares of what is beyond all use would overflow later, far from here. */
static ShopperStatus
check_sizes(ShopperEnv *env, const ShopperTable *t, const ShopperSpec *spec)
{
	const double most = 1e150;

	for (int j = 0; j < spec->n_numbers; j++)
	{
		const ShopperNumber *x = &spec->number[j];
		double		low = spec->prepared ? (x->low - x->mean) / x->scale : x->low,
					high = spec->prepared ? (x->high - x->mean) / x->scale : x->high;

		if (low >= -most && low <= most && high >= -most && high <= most)
			continue;
		shopper_fail(env, SHOPPER_BAD_DATA, "column \"%.60s\" has values too large to compute with", spec->column[x->column].name);
		shopper_hint(env, "Leave such rows out, or take the logarithm.");
		return env->status;
	}
	return shopper_poll(t->env);
}

ShopperStatus
shopper_prepare_points(ShopperModel *model, ShopperTable *t)
{
	const ShopperOptions *o = &model->options;
	ShopperPrepare how = {.impute = SHOPPER_IMPUTE_MEDIAN};

	if (model->learner->input == SHOPPER_RAW)
	{
		SHOPPER_TRY(shopper_table_summarize(t, model->spec, SHOPPER_IMPUTE_MEAN));
		shopper_spec_lay_out(model->spec, false, NULL);
		return check_sizes(t->env, t, model->spec);
	}
	how.scale = scale_of(o);
	if (shopper_option_is(o, "impute", "zero"))
		how.impute = SHOPPER_IMPUTE_ZERO;
	else if (shopper_option_is(o, "impute", "mean") || (shopper_option_is(o, "impute", "auto") && model->task == SHOPPER_PROJECT))
		how.impute = SHOPPER_IMPUTE_MEAN;
	SHOPPER_TRY(shopper_table_prepare(t, model->spec, &how));
	return check_sizes(t->env, t, model->spec);
}

ShopperStatus
shopper_train_points(ShopperEnv *env, ShopperModel *model, ShopperTable *t, const ShopperModel *previous)
{
	SHOPPER_TRY(shopper_table_order(t, 0));
	model->n_rows = model->n_train = t->n;
	SHOPPER_TRY(shopper_prepare_points(model, t));
	shopper_assert(shopper_table_valid(t));
	SHOPPER_TRY(model->learner->train_rows(env, model, t, previous));
	shopper_assert(model->state != NULL);
	return SHOPPER_OK;
}
