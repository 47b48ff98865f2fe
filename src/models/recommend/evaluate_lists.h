/* evaluate_lists.h: how good the lists of a recommender are, on lines that it has not seen. */
#ifndef SHOPPER_EVALUATE_LISTS_H
#define SHOPPER_EVALUATE_LISTS_H

#include "recommend.h"

#define SHOPPER_LIST_METRICS 12

typedef struct ShopperListMetric
{
	const char *name;
	double		value;			/* mean over the users; NaN: there was nothing to measure */
	double		low;			/* 95 % interval of the mean over users, by the normal approximation; NaN: none */
	double		high;
} ShopperListMetric;

/*
 * Lists of k for every user that has lines in training and, in test (finished pairs), an item that he does not
 * have in training; out of all items of training that he does not have.
 */
extern ShopperStatus shopper_evaluate_lists(ShopperEnv *env, const ShopperModel *model, const ShopperPairs *test,
											const int64_t *start, int64_t k, ShopperListMetric *out);

#endif
