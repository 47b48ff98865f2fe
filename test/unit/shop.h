/* shop.h: small random baskets and brute-force counts of all their item sets. */
#ifndef SHOPPER_TEST_SHOP_H
#define SHOPPER_TEST_SHOP_H

#include "check.h"

#include "../../src/core/hash.h"

enum {ITEMS = 10, BASKETS = 60, SETS = 1 << ITEMS};

/* Baskets as bit masks of items, and what brute force says about them. */
typedef struct Shop
{
	int			n;
	uint32_t	basket[BASKETS];
	int			count[SETS];
} Shop;

static inline void
make_shop(Shop *shop, uint64_t seed, double density)
{
	memset(shop, 0, sizeof(*shop));
	shop->n = BASKETS;
	for (int b = 0; b < BASKETS; b++)
	{
		for (int i = 0; i < ITEMS; i++)
			if (shopper_uniform(seed, (uint64_t) b, (uint64_t) i) < density * (1 + i % 3) / 2)
				shop->basket[b] |= 1u << i;
		shop->basket[b] |= 1u << (b % 2);	/* no basket is empty */
		if (seed % 2 == 0)
			shop->basket[b] |= 1u << 5; /* an item in every basket */
	}
	for (uint32_t s = 0; s < SETS; s++)
		for (int b = 0; b < BASKETS; b++)
			shop->count[s] += (shop->basket[b] & s) == s;
}

#endif
