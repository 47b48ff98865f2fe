/* holdout.c: see holdout.h */
#include "holdout.h"

#include <math.h>

#include "../core/sort.h"

/* ---- steps of the profit curve ---- */

ShopperStatus
shopper_profit_steps(ShopperEnv *env, int64_t n, const uint8_t *positive, const double *score, const double *weight,
					 int64_t max_steps, ShopperHoldout *h)
{
	uint32_t   *order;
	int64_t		at = n,
				most = n < max_steps ? n : max_steps;

	SHOPPER_NEW(env, order, n);
	SHOPPER_TRY(shopper_sort_doubles(env, score, order, n));
	SHOPPER_NEW0(env, h->threshold, most);
	SHOPPER_NEW0(env, h->positive, most);
	SHOPPER_NEW0(env, h->negative, most);
	h->n_steps = 0;
	for (int64_t k = 1; k <= most; k++)
	{
		int64_t		stop = n - (int64_t) ((__int128) n * k / most),	/* the step should end here */
					s = h->n_steps;

		if (at <= stop)
			continue;			/* equal scores filled it already */
		h->n_steps++;
		while (at > 0 && (at > stop || score[order[at]] == score[order[at - 1]]))
		{
			uint32_t	row = order[--at];
			double		w = weight != NULL ? weight[row] : 1;

			if (positive[row])
				h->positive[s] += w;
			else
				h->negative[s] += w;
			h->threshold[s] = score[row];
		}
	}
	shopper_release(env, order);
	return SHOPPER_OK;
}

void
shopper_profit_curve(const ShopperHoldout *h, double gain, double cost, ShopperProfit *profit)
{
	ShopperProfit now = {INFINITY, 0, 0, 0};

	profit[0] = now;
	for (int64_t i = 0; i < h->n_steps; i++)
	{
		now.threshold = h->threshold[i];
		now.rows += h->positive[i] + h->negative[i];
		now.positive += h->positive[i];
		now.profit = gain * now.positive - cost * (now.rows - now.positive);
		profit[i + 1] = now;
	}
}

int64_t
shopper_best_profit(const ShopperProfit *profit, int64_t n)
{
	int64_t		best = 0;

	for (int64_t i = 1; i < n; i++)
		if (profit[i].profit > profit[best].profit)
			best = i;
	return best;
}

/* ---- ranks ---- */

static ShopperStatus
make_ranks(ShopperEnv *env, const double *score, int64_t n, ShopperHoldout *h)
{
	uint32_t   *order;

	SHOPPER_NEW(env, order, n);
	SHOPPER_TRY(shopper_sort_doubles(env, score, order, n));
	h->n_ranks = n < SHOPPER_HOLDOUT_RANKS ? n : SHOPPER_HOLDOUT_RANKS;
	SHOPPER_NEW(env, h->rank, h->n_ranks);
	SHOPPER_NEW(env, h->score, h->n_ranks);
	for (int64_t i = 0; i < h->n_ranks; i++)
	{
		h->rank[i] = h->n_ranks > 1 ? 1 + (int64_t) ((__int128) (n - 1) * i / (h->n_ranks - 1)) : 1;
		h->score[i] = score[order[h->rank[i] - 1]];
	}
	shopper_release(env, order);
	return SHOPPER_OK;
}

double
shopper_holdout_quantile(const ShopperHoldout *h, double level)
{
	double		wanted = ceil((double) (h->n + 1) * level - 1e-9);

	for (int64_t i = 0; i < h->n_ranks; i++)
		if ((double) h->rank[i] >= wanted)
			return h->score[i];
	return INFINITY;
}

bool
shopper_holdout_interval(const ShopperHoldout *h, double level, double *low, double *high)
{
	double		first = floor((double) (h->n + 1) * (1 - level) / 2 + 1e-9);

	*high = shopper_holdout_quantile(h, 1 - (1 - level) / 2);
	if (first < 1 || isinf(*high))
		return false;
	*low = h->score[0];
	for (int64_t i = 1; i < h->n_ranks && (double) h->rank[i] <= first; i++)
		*low = h->score[i];
	return true;
}

ShopperStatus
shopper_holdout_make(ShopperEnv *env, const ShopperTable *t, int64_t from, int64_t n, const double *own, const double *one,
					 ShopperHoldout *h)
{
	uint8_t    *positive;
	double	   *score;

	h->n = n;
	SHOPPER_NEW(env, score, n);
	for (int64_t i = 0; i < n; i++)
		score[i] = t->y_class != NULL ? 1 - own[i] : t->y[from + i] - own[i];
	SHOPPER_TRY(make_ranks(env, score, n, h));
	if (one != NULL)
	{
		SHOPPER_NEW(env, positive, n);
		for (int64_t i = 0; i < n; i++)
			positive[i] = t->y_class[from + i] == 1;
		SHOPPER_TRY(shopper_profit_steps(env, n, positive, one, t->weight != NULL ? t->weight + from : NULL,
										 SHOPPER_HOLDOUT_STEPS, h));
		shopper_release(env, positive);
	}
	shopper_release(env, score);
	return SHOPPER_OK;
}

/* ---- storing ---- */

void
shopper_holdout_encode(const ShopperHoldout *h, ShopperWriter *w)
{
	shopper_put_varint(w, (uint64_t) h->n);
	shopper_put_varint(w, (uint64_t) h->n_ranks);
	for (int64_t i = 0; i < h->n_ranks; i++)
	{
		shopper_put_varint(w, (uint64_t) h->rank[i]);
		shopper_put_f64(w, h->score[i]);
	}
	shopper_put_varint(w, (uint64_t) h->n_steps);
	for (int64_t i = 0; i < h->n_steps; i++)
	{
		shopper_put_f64(w, h->threshold[i]);
		shopper_put_f64(w, h->positive[i]);
		shopper_put_f64(w, h->negative[i]);
	}
}

ShopperStatus
shopper_holdout_decode(ShopperEnv *env, ShopperReader *r, ShopperHoldout *h)
{
	h->n = (int64_t) shopper_get_varint(r);
	h->n_ranks = shopper_get_count(r, 9);
	SHOPPER_NEW0(env, h->rank, h->n_ranks);
	SHOPPER_NEW0(env, h->score, h->n_ranks);
	for (int64_t i = 0; i < h->n_ranks; i++)
	{
		h->rank[i] = (int64_t) shopper_get_varint(r);
		h->score[i] = shopper_get_f64(r);
	}
	h->n_steps = shopper_get_count(r, 24);
	SHOPPER_NEW0(env, h->threshold, h->n_steps);
	SHOPPER_NEW0(env, h->positive, h->n_steps);
	SHOPPER_NEW0(env, h->negative, h->n_steps);
	for (int64_t i = 0; i < h->n_steps; i++)
	{
		h->threshold[i] = shopper_get_f64(r);
		h->positive[i] = shopper_get_f64(r);
		h->negative[i] = shopper_get_f64(r);
	}
	if (h->n < 0 || h->n_ranks > h->n)
		return shopper_bad_bytes(env, "its held-out rows are not consistent");
	return SHOPPER_OK;
}
