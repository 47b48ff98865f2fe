/* sort.c: least-significant-digit radix sort of (key, index) pairs, 11 bits a pass. */
#include "sort.h"

#define DIGIT_BITS 11
#define BUCKETS (1 << DIGIT_BITS)
#define PASSES 6

typedef struct Pair
{
	uint64_t	key;
	uint32_t	index;
} Pair;

ShopperStatus
shopper_sort_order(ShopperEnv *env, const uint64_t *key, uint32_t *order, int64_t n)
{
	Pair	   *from,
			   *to,
			   *swap;
	int64_t		(*count)[BUCKETS];

	SHOPPER_NEW(env, from, n);
	SHOPPER_NEW(env, to, n);
	SHOPPER_NEW0(env, count, PASSES);
	for (int64_t i = 0; i < n; i++)
	{
		uint64_t	k = key[i];

		from[i].key = k;
		from[i].index = (uint32_t) i;
		for (int pass = 0; pass < PASSES; pass++)
			count[pass][(k >> (pass * DIGIT_BITS)) & (BUCKETS - 1)]++;
	}
	for (int pass = 0; pass < PASSES; pass++)
	{
		int64_t    *c = count[pass];
		int64_t		sum = 0;
		int			shift = pass * DIGIT_BITS;

		SHOPPER_TRY(shopper_poll(env));
		if (n > 0 && c[(from[0].key >> shift) & (BUCKETS - 1)] == n)
			continue;			/* every key has the same digit here */
		for (int b = 0; b < BUCKETS; b++)
		{
			int64_t		here = c[b];

			c[b] = sum;
			sum += here;
		}
		for (int64_t i = 0; i < n; i++)
			to[c[(from[i].key >> shift) & (BUCKETS - 1)]++] = from[i];
		swap = from;
		from = to;
		to = swap;
	}
	for (int64_t i = 0; i < n; i++)
		order[i] = from[i].index;
	shopper_release(env, count);
	shopper_release(env, from);
	shopper_release(env, to);
	return SHOPPER_OK;
}
