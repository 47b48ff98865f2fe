/* sort.c: least-significant-digit radix sort of (key, index) pairs, 11 bits a pass. */
#include "sort.h"

#define DIGIT_BITS 11
#define BUCKETS (1 << DIGIT_BITS)

/* packed: two arrays of these are the peak of a training's memory */
typedef struct __attribute__((packed)) Pair
{
	uint64_t	key;
	uint32_t	index;
} Pair;

/* Radix passes over the bits from low_bit up; *sorted points into memory to be released. */
static ShopperStatus
radix_passes(ShopperEnv *env, const uint64_t *key, int64_t n, int low_bit, Pair **sorted, Pair **spare)
{
	Pair	   *from,
			   *to,
			   *swap;
	int64_t		(*count)[BUCKETS];
	int			passes = (64 - low_bit + DIGIT_BITS - 1) / DIGIT_BITS;

	SHOPPER_NEW(env, from, n);
	SHOPPER_NEW(env, to, n);
	SHOPPER_NEW0(env, count, passes);
	for (int64_t i = 0; i < n; i++)
	{
		uint64_t	k = key[i];

		from[i].key = k;
		from[i].index = (uint32_t) i;
		for (int pass = 0; pass < passes; pass++)
			count[pass][(k >> (low_bit + pass * DIGIT_BITS)) & (BUCKETS - 1)]++;
	}
	for (int pass = 0; pass < passes; pass++)
	{
		int64_t    *c = count[pass];
		int64_t		sum = 0;
		int			shift = low_bit + pass * DIGIT_BITS;

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
	shopper_release(env, count);
	*sorted = from;
	*spare = to;
	return SHOPPER_OK;
}

ShopperStatus
shopper_sort_order(ShopperEnv *env, const uint64_t *key, uint32_t *order, int64_t n)
{
	Pair	   *sorted = NULL,
			   *spare = NULL;

	SHOPPER_TRY(radix_passes(env, key, n, 0, &sorted, &spare));
	for (int64_t i = 0; i < n; i++)
		order[i] = sorted[i].index;
	shopper_release(env, sorted);
	shopper_release(env, spare);
	return SHOPPER_OK;
}

ShopperStatus
shopper_sort_doubles(ShopperEnv *env, const double *x, uint32_t *order, int64_t n)
{
	uint64_t   *key;

	SHOPPER_NEW(env, key, n);
	for (int64_t i = 0; i < n; i++)
	{
		if ((i & 0xfffff) == 0)
			SHOPPER_TRY(shopper_poll(env));
		key[i] = shopper_sortable(x[i]);
	}
	SHOPPER_TRY(shopper_sort_order(env, key, order, n));
	shopper_release(env, key);
	return SHOPPER_OK;
}

ShopperStatus
shopper_sort_hashes(ShopperEnv *env, const uint64_t *key, uint32_t *order, int64_t n)
{
	Pair	   *sorted = NULL,
			   *spare = NULL;
	int			bits = DIGIT_BITS;

	while (bits < 55 && ((int64_t) 1 << bits) < 2 * n)
		bits += DIGIT_BITS;
	SHOPPER_TRY(radix_passes(env, key, n, 64 - bits, &sorted, &spare));
	for (int64_t i = 1; i < n; i++)	/* few keys share their upper bits: they are near their places */
	{
		Pair		pair = sorted[i];
		int64_t		j = i;

		for (; j > 0 && sorted[j - 1].key > pair.key; j--)
			sorted[j] = sorted[j - 1];
		sorted[j] = pair;
	}
	for (int64_t i = 0; i < n; i++)
		order[i] = sorted[i].index;
	shopper_release(env, sorted);
	shopper_release(env, spare);
	return SHOPPER_OK;
}

void
shopper_sort_keys(uint64_t *key, uint64_t *spare, int64_t n)
{
	uint64_t   *from = key,
			   *to = spare;

	for (int shift = 0; shift < 64; shift += DIGIT_BITS)
	{
		int64_t		count[BUCKETS] = {0},
					sum = 0;
		uint64_t   *swap;

		for (int64_t i = 0; i < n; i++)
			count[(from[i] >> shift) & (BUCKETS - 1)]++;
		if (n > 0 && count[(from[0] >> shift) & (BUCKETS - 1)] == n)
			continue;
		for (int b = 0; b < BUCKETS; b++)
		{
			int64_t		here = count[b];

			count[b] = sum;
			sum += here;
		}
		for (int64_t i = 0; i < n; i++)
			to[count[(from[i] >> shift) & (BUCKETS - 1)]++] = from[i];
		swap = from;
		from = to;
		to = swap;
	}
	if (from != key)
		memcpy(key, from, sizeof(uint64_t) * (size_t) n);
}

void
shopper_select(double *x, int64_t n, int64_t k)
{
	int64_t		low = 0,
				high = n - 1;

	while (low < high)			/* the middle of three as pivot */
	{
		double		a = x[low],
					b = x[low + (high - low) / 2],
					c = x[high],
					pivot = a < b ? (b < c ? b : a < c ? c : a) : (a < c ? a : b < c ? c : b);
		int64_t		i = low,
					j = high;

		while (i <= j)
		{
			while (x[i] < pivot)
				i++;
			while (x[j] > pivot)
				j--;
			if (i <= j)
			{
				double		swap = x[i];

				x[i++] = x[j];
				x[j--] = swap;
			}
		}
		if (k <= j)
			high = j;
		else if (k >= i)
			low = i;
		else
			return;
	}
}
