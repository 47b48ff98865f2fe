/* factor_profile.c: what a factor is about: the items that weigh most in it. */
#include <math.h>

#include "best.h"
#include "recommender.h"

#define ITEMS_PER_POLL 100000

/* One factor's best items into rows; *n is how many there are. */
static ShopperStatus
one_factor(ShopperEnv *env, const ShopperModel *model, int factor, ShopperBest *best, ShopperFactorItem *rows, int64_t *n)
{
	const ShopperEvents *e = model->state;
	double		sum = 0;
	int			factors;

	for (int64_t i = 0; i < e->item.n; i++)
	{
		double		weight = shopper_item_factors(model, i, &factors, NULL)[factor];

		if (i % ITEMS_PER_POLL == 0)
			SHOPPER_TRY(shopper_poll(env));
		sum += fabs(weight);
		if (weight != 0)
			shopper_best_offer(best, fabs(weight), i);
	}
	*n = shopper_best_sort(best);
	for (int64_t i = 0; i < *n; i++)
	{
		double		weight = shopper_item_factors(model, best->entry[i].code, &factors, NULL)[factor];

		rows[i] = (ShopperFactorItem) {factor, best->entry[i].code, i + 1, weight, weight / sum};
	}
	return SHOPPER_OK;
}

ShopperStatus
shopper_factor_profile(ShopperEnv *env, const ShopperModel *model, int factor, int64_t n, ShopperFactorItem **rows, int64_t *n_rows)
{
	const ShopperEvents *e = model->state;
	ShopperBest best = {.n = n < 0 ? 0 : n > e->item.n ? e->item.n : n};
	int			factors = 0;

	*n_rows = 0;
	if (!shopper_has_factors(model))
		return shopper_fail(env, SHOPPER_WRONG_MODEL, "a model of %s has no factors", model->learner->name);
	if (e->item.n > 0)
		shopper_item_factors(model, 0, &factors, NULL);
	if (factor >= factors)
	{
		shopper_fail(env, SHOPPER_BAD_OPTION, "the model has no factor %d", factor + 1);
		shopper_hint(env, "Its factors are 1 to %d.", factors);
		return env->status;
	}
	SHOPPER_NEW(env, best.entry, best.n);
	SHOPPER_NEW(env, *rows, best.n * (factor < 0 ? factors : 1));
	for (int j = factor < 0 ? 0 : factor; j < (factor < 0 ? factors : factor + 1) && best.n > 0; j++)
	{
		int64_t		found;

		SHOPPER_TRY(one_factor(env, model, j, &best, *rows + *n_rows, &found));
		*n_rows += found;
	}
	shopper_release(env, best.entry);
	return SHOPPER_OK;
}
