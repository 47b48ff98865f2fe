/*
 * diversity.c: lists whose items are not all of one kind, by maximal marginal relevance
 * (Carbonell and Goldstein 1998): of a pool of the best, take one by one the item with
 * the greatest
 *
 *     (1 - diversity) relevance - diversity (similarity to the most similar item taken)
 *
 * with relevance the score, brought to 0 to 1 over the pool. Ties go to the better one.
 */
#include <math.h>
#include <string.h>

#include "recommend.h"
#include "recommender.h"

ShopperStatus
shopper_diversify(ShopperEnv *env, const ShopperModel *model, double diversity, int64_t n, ShopperRecommendation *rows, int64_t *n_rows)
{
	int64_t		pool = *n_rows;
	ShopperRecommendation *taken;
	int64_t    *code;
	double	   *nearest,
			   *similarity,
				top = pool > 0 ? rows[0].score : 0,
				range = pool > 0 ? top - rows[pool - 1].score : 0;

	n = n < pool ? n : pool;
	SHOPPER_NEW(env, taken, n);
	SHOPPER_NEW(env, code, pool);
	SHOPPER_NEW(env, nearest, pool);
	SHOPPER_NEW(env, similarity, pool);
	for (int64_t i = 0; i < pool; i++)
	{
		code[i] = rows[i].code;
		nearest[i] = -INFINITY;
	}
	for (int64_t k = 0; k < n; k++)
	{
		int64_t		best = -1;
		double		best_value = 0;

		for (int64_t i = 0; i < pool; i++)
		{
			/* sizes of 1e300 leave no range */
			double		relevance = range > 0 && isfinite(range) ? 1 - (top - rows[i].score) / range : 1;
			double		value = (1 - diversity) * relevance - (k > 0 ? diversity * nearest[i] : 0);

			if (rows[i].code >= 0 && (best < 0 || value > best_value))
			{
				best = i;
				best_value = value;
			}
		}
		taken[k] = rows[best];
		taken[k].rank = k + 1;
		rows[best].code = -1;
		SHOPPER_TRY(shopper_poll(env));
		SHOPPER_TRY(model->learner->recommender->similarity(env, model, taken[k].code, code, pool, similarity));
		for (int64_t i = 0; i < pool; i++)
			nearest[i] = fmax(nearest[i], similarity[i]);
	}
	memcpy(rows, taken, (size_t) n * sizeof(*rows));
	*n_rows = n;
	shopper_release(env, taken);
	shopper_release(env, code);
	shopper_release(env, nearest);
	shopper_release(env, similarity);
	return SHOPPER_OK;
}
