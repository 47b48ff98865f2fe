/* sort.h: stable radix sorts, the same result everywhere. */
#ifndef SHOPPER_SORT_H
#define SHOPPER_SORT_H

#include <string.h>

#include "env.h"

/* Fill order[0..n) so that key[order[i]] rises; equal keys keep their index order. Polls. */
extern ShopperStatus shopper_sort_order(ShopperEnv *env, const uint64_t *key, uint32_t *order, int64_t n);

/* The same for numbers: NaN last, -0.0 equals 0.0. */
extern ShopperStatus shopper_sort_doubles(ShopperEnv *env, const double *x, uint32_t *order, int64_t n);

/* For keys that are hashes, that is evenly spread: fewer passes. */
extern ShopperStatus shopper_sort_hashes(ShopperEnv *env, const uint64_t *key, uint32_t *order, int64_t n);

/* The number of place k (from 0) among n numbers without NaN comes there, none larger before it, none smaller behind (Hoare's FIND, 1961). */
extern void shopper_select(double *x, int64_t n, int64_t k);

/* Sort keys in place; spare has room for n. Allocates nothing and does not poll: 1 million take some 20 ms. */
extern void shopper_sort_keys(uint64_t *key, uint64_t *spare, int64_t n);

static inline int
shopper_compare_keys(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

/* A key whose unsigned order is the numeric order of doubles (NaN last, -0.0 equals 0.0). */
static inline uint64_t
shopper_sortable(double x)
{
	uint64_t	bits;

	if (x != x)
		return UINT64_MAX;
	x += 0.0;					/* -0.0 becomes 0.0 */
	memcpy(&bits, &x, sizeof(bits));
	return bits ^ ((uint64_t) ((int64_t) bits >> 63) | 0x8000000000000000ULL);
}

#endif
