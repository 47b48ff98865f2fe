/* test_itemsets.c: both miners against brute force and against each other. */
#include "shop.h"

#include "../../src/models/rules/mine.h"

static void
transactions_of(ShopperEnv *env, const Shop *shop, ShopperTransactions *t)
{
	int64_t    *start = shopper_alloc(env, BASKETS + 1, sizeof(int64_t));
	int32_t    *item = shopper_alloc(env, BASKETS * ITEMS, sizeof(int32_t));
	int64_t		used = 0;

	for (int b = 0; b < shop->n; b++)
	{
		start[b] = used;
		for (int i = 0; i < ITEMS; i++)
			if (shop->basket[b] >> i & 1)
				item[used++] = i;
	}
	start[shop->n] = used;
	*t = (ShopperTransactions) {shop->n, ITEMS, start, item};
}

static ShopperStatus
mine(ShopperEnv *env, bool apriori, const ShopperTransactions *t, const ShopperMineLimits *limits, bool keep, ShopperFound *found)
{
	found->keep = keep;
	return (apriori ? shopper_mine_apriori : shopper_mine_lcm) (env, t, limits, found);
}

static void
mined_as_counted(const Shop *shop, int min_count, int max_length, bool apriori)
{
	ShopperEnv *env = check_env(-1);
	ShopperTransactions t;
	ShopperMineLimits limits = {min_count, max_length, 1000000};
	ShopperFound found,
				counted;
	int64_t		by_length[ITEMS + 1] = {0};
	uint32_t	path[ITEMS + 1] = {0};
	int			wrong = 0,
				n = 0;

	transactions_of(env, shop, &t);
	for (uint32_t s = 1; s < SETS; s++)
		if (shop->count[s] >= min_count && __builtin_popcount(s) <= max_length)
		{
			by_length[__builtin_popcount(s)]++;
			n++;
		}
	CHECK_OK(env, mine(env, apriori, &t, &limits, true, &found));
	CHECK_OK(env, mine(env, apriori, &t, &limits, false, &counted));
	CHECK(found.n == n && counted.n == n);
	for (int k = 1; k <= ITEMS; k++)
		wrong += found.by_length[k] != by_length[k] || counted.by_length[k] != by_length[k];
	for (int64_t i = 0; i < found.n; i++)
	{
		const ShopperFoundSet *s = &found.set[i];

		path[s->depth] = path[s->depth - 1] | 1u << s->item;
		wrong += __builtin_popcount(path[s->depth]) != s->depth || shop->count[path[s->depth]] != s->count;
	}
	CHECK(wrong == 0);
	if (n > 0)
	{
		limits.max_itemsets = n - 1;
		CHECK(mine(env, apriori, &t, &limits, true, &found) == SHOPPER_LIMIT && env->hint[0] != '\0');
		CHECK(mine(env, apriori, &t, &limits, false, &found) == SHOPPER_LIMIT);
	}
	check_env_end(env);
}

static void
miners(void)
{
	Shop		shop;

	for (uint64_t seed = 1; seed <= 8; seed++)
		for (int apriori = 0; apriori < 2; apriori++)
		{
			make_shop(&shop, seed, 0.1 * (double) seed);
			for (int min_count = 1; min_count <= BASKETS + 1; min_count += min_count < 6 ? 1 : 11)
				for (int max_length = 1; max_length <= ITEMS; max_length += 3)
					mined_as_counted(&shop, min_count, max_length, apriori);
		}
	CHECK(shopper_min_count(0.01, 9835) == 99 && shopper_min_count(0.05, 100000) == 5000);
	CHECK(shopper_min_count(0.1, 10) == 1 && shopper_min_count(0.3, 10) == 3 && shopper_min_count(0.7, 1000) == 700);
	CHECK(shopper_min_count(0, 10) == 1 && shopper_min_count(1, 10) == 10);
}

/* Items beyond a word, more than 64 of them beside an item: lists below lists. The miners check each other. */
static void
many_items(int n, int n_items, int length, int min_count, int max_length)
{
	ShopperEnv *env = check_env(-1);
	int64_t    *start = shopper_alloc(env, (size_t) n + 1, sizeof(int64_t));
	int32_t    *item = shopper_alloc(env, (size_t) n * (size_t) length, sizeof(int32_t));
	bool	   *has = shopper_alloc(env, (size_t) n_items, sizeof(bool));
	ShopperTransactions t = {n, n_items, start, item};
	ShopperMineLimits limits = {min_count, max_length, 10000000};
	ShopperFound found[3];
	int64_t		used = 0;

	for (int b = 0; b < n; b++)
	{
		start[b] = used;
		memset(has, 0, (size_t) n_items);
		for (int k = 0; k < length; k++)
		{
			double		u = shopper_uniform(9, (uint64_t) b, (uint64_t) k);
			int			i = (int) (u * u * n_items);

			if (!has[i])
				item[used++] = i;
			has[i] = true;
		}
	}
	start[n] = used;
	CHECK_OK(env, mine(env, true, &t, &limits, true, &found[0]));
	CHECK_OK(env, mine(env, false, &t, &limits, true, &found[1]));
	CHECK_OK(env, mine(env, false, &t, &limits, false, &found[2]));
	CHECK(found[0].n == found[1].n && found[0].n == found[2].n && found[0].n > 0);
	CHECK(memcmp(found[0].set, found[1].set, (size_t) found[0].n * sizeof(ShopperFoundSet)) == 0);
	CHECK(memcmp(found[0].by_length, found[2].by_length, sizeof(found[0].by_length)) == 0);
	check_env_end(env);
}

/* Identical long baskets: 2^n sets must end in an error soon, and their singles be found. */
static void
explosion(void)
{
	ShopperEnv *env = check_env(-1);
	enum {LONG = 300};
	int64_t		start[4] = {0, LONG, 2 * LONG, 3 * LONG};
	int32_t		item[3 * LONG];
	ShopperTransactions t = {3, LONG, start, item};
	ShopperMineLimits limits = {2, SHOPPER_MAX_SET_LENGTH, 5000};
	ShopperFound found;

	for (int i = 0; i < 3 * LONG; i++)
		item[i] = i % LONG;
	for (int keep = 0; keep < 2; keep++)
		CHECK(mine(env, false, &t, &limits, keep, &found) == SHOPPER_LIMIT);
	CHECK(mine(env, true, &t, &limits, true, &found) == SHOPPER_LIMIT);
	limits.max_length = 1;
	for (int keep = 0; keep < 2; keep++)
		CHECK(mine(env, false, &t, &limits, keep, &found) == SHOPPER_OK && found.n == LONG);
	limits.max_length = 2;
	limits.max_itemsets = 1000000;
	for (int keep = 0; keep < 2; keep++)
		CHECK(mine(env, false, &t, &limits, keep, &found) == SHOPPER_OK && found.n == LONG + LONG * (LONG - 1) / 2);
	check_env_end(env);
}

void
test_itemsets(void)
{
	miners();
	many_items(60, 150, 110, 20, 3);
	many_items(400, 3000, 30, 3, 63);
	many_items(300, 70, 12, 2, 4);
	many_items(30, 20000, 2000, 2, 2);
	explosion();
}
