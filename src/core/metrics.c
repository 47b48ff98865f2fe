/* metrics.c: see metrics.h */
#include "metrics.h"

#include <math.h>

#include "sort.h"

ShopperStatus
shopper_auc(ShopperEnv *env, int64_t n, const uint8_t *positive, const double *score, const double *weight, double *auc)
{
	uint64_t   *key;
	uint32_t   *order;
	double		below = 0,		/* weight of negatives with a smaller score */
				wins = 0,
				positives = 0,
				negatives = 0;

	SHOPPER_NEW(env, key, n);
	SHOPPER_NEW(env, order, n);
	for (int64_t i = 0; i < n; i++)
		key[i] = shopper_sortable(score[i]);
	SHOPPER_TRY(shopper_sort_order(env, key, order, n));
	for (int64_t i = 0; i < n;)
	{
		double		tied_positive = 0,
					tied_negative = 0;
		int64_t		j = i;

		for (; j < n && key[order[j]] == key[order[i]]; j++)
		{
			double		w = weight ? weight[order[j]] : 1;

			if (positive[order[j]])
				tied_positive += w;
			else
				tied_negative += w;
		}
		wins += tied_positive * (below + 0.5 * tied_negative);
		below += tied_negative;
		positives += tied_positive;
		negatives += tied_negative;
		i = j;
	}
	*auc = positives > 0 && negatives > 0 ? wins / (positives * negatives) : NAN;
	shopper_release(env, key);
	shopper_release(env, order);
	return SHOPPER_OK;
}

double
shopper_log_loss_one(double p)
{
	return -log(p < 1e-15 ? 1e-15 : p > 1 - 1e-15 ? 1 - 1e-15 : p);
}
