/* sort.h: stable radix sorts, the same result everywhere. */
#ifndef SHOPPER_SORT_H
#define SHOPPER_SORT_H

#include "env.h"

/* Fill order[0..n) so that key[order[i]] rises; equal keys keep their index order. Polls. */
extern ShopperStatus shopper_sort_order(ShopperEnv *env, const uint64_t *key, uint32_t *order, int64_t n);

/* A key whose unsigned order is the numeric order of doubles (NaN last, -0.0 equals 0.0). */
extern uint64_t shopper_sortable(double x);

#endif
