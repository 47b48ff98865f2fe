/* test_pairs.c: any order of the lines gives the same finished pairs. */
#include "check.h"

#include "../../src/core/hash.h"
#include "../../src/features/pairs.h"

enum {N = 4000};

/* N lines, visited in the order of `order`; a tenth of them share one pair. */
static ShopperStatus
fill(ShopperPairs *p, ShopperEnv *env, const uint32_t *order, bool has_value, bool has_time)
{
	SHOPPER_TRY(shopper_pairs_init(p, env, SHOPPER_ID_INT, SHOPPER_ID_TEXT, has_value, has_time));
	for (int i = 0; i < N; i++)
	{
		uint64_t	line = order[i];
		bool		same = line % 10 == 0;
		char		item[24];
		uint32_t	left,
					right;

		snprintf(item, sizeof(item), "item %d", same ? 7 : (int) shopper_below(shopper_random(1, 1, line), 50));
		SHOPPER_TRY(shopper_dictionary_add_int(&p->left, same ? -3 : (int64_t) shopper_below(shopper_random(1, 2, line), 90), &left));
		SHOPPER_TRY(shopper_dictionary_add_text(&p->right, item, strlen(item), &right));
		SHOPPER_TRY(shopper_pairs_add(p, left, right, (double) shopper_below(shopper_random(1, 3, line), 5) - 2,
									  (int64_t) shopper_below(shopper_random(1, 4, line), 40) - 20));
	}
	return SHOPPER_OK;
}

static bool
in_order(const ShopperPairs *p, int64_t i)
{
	if (p->a[i - 1] != p->a[i])
		return p->a[i - 1] < p->a[i];
	if (p->b[i - 1] != p->b[i])
		return p->b[i - 1] < p->b[i];
	if (p->has_time && p->time[i - 1] != p->time[i])
		return p->time[i - 1] < p->time[i];
	return !p->has_value || p->value[i - 1] <= p->value[i];
}

static void
any_order(bool has_value, bool has_time)
{
	ShopperEnv *env = check_env(-1);
	ShopperPairs p,
				q;
	uint32_t	order[N];
	int64_t    *start,
			   *again;
	int			wrong = 0;

	for (uint32_t i = 0; i < N; i++)
		order[i] = i;
	CHECK_OK(env, fill(&p, env, order, has_value, has_time));
	CHECK_OK(env, shopper_pairs_finish(&p, &start));
	CHECK(p.n == N && start[0] == 0 && start[p.left.n] == N && start[1] >= N / 10);
	CHECK(p.left.integer[0] == -3 && p.left.count[0] == start[1]);
	for (int64_t i = 1; i < N; i++)
		wrong += !in_order(&p, i);
	for (int64_t a = 0; a < p.left.n; a++)
		for (int64_t i = start[a]; i < start[a + 1]; i++)
			wrong += p.a[i] != a;
	CHECK(wrong == 0);

	shopper_shuffle(order, N, 5, 0);
	CHECK_OK(env, fill(&q, env, order, has_value, has_time));
	CHECK_OK(env, shopper_pairs_finish(&q, &again));
	CHECK(memcmp(p.a, q.a, sizeof(int32_t) * N) == 0 && memcmp(p.b, q.b, sizeof(int32_t) * N) == 0);
	CHECK(!has_value || memcmp(p.value, q.value, sizeof(float) * N) == 0);
	CHECK(!has_time || memcmp(p.time, q.time, sizeof(int64_t) * N) == 0);
	CHECK(memcmp(start, again, sizeof(int64_t) * (size_t) (p.left.n + 1)) == 0);
	check_env_end(env);
}

static void
edges(void)
{
	ShopperEnv *env = check_env(-1);
	ShopperPairs p;
	uint32_t	left,
				right;
	int64_t    *start;

	CHECK_OK(env, shopper_pairs_init(&p, env, SHOPPER_ID_INT, SHOPPER_ID_INT, true, false));
	CHECK_OK(env, shopper_pairs_finish(&p, &start));
	CHECK(start[0] == 0);
	CHECK_OK(env, shopper_dictionary_add_int(&p.left, 1, &left));
	CHECK_OK(env, shopper_dictionary_add_int(&p.right, 2, &right));
	CHECK_OK(env, shopper_pairs_add(&p, left, right, NAN, 0));
	CHECK_OK(env, shopper_pairs_add(&p, left, right, -0.0, 0));
	CHECK(p.n == 1 && p.n_skipped == 1 && !signbit(p.value[0]));
	CHECK(shopper_pairs_add(&p, left, right, 1e60, 0) == SHOPPER_BAD_DATA);
	env->status = SHOPPER_OK;
	CHECK_OK(env, shopper_pairs_finish(&p, &start));
	CHECK(start[1] == 1);
	check_env_end(env);
}

/* Whatever allocation or poll fails first, the status says so and nothing leaks. */
static void
failures(void)
{
	uint32_t	order[N];
	int64_t    *start;
	ShopperPairs p;

	for (uint32_t i = 0; i < N; i++)
		order[i] = N - 1 - i;
	for (long k = 0;; k++)
	{
		ShopperEnv *env = check_env(k);
		ShopperStatus status = fill(&p, env, order, true, true);

		if (status == SHOPPER_OK)
			status = shopper_pairs_finish(&p, &start);
		check_env_end(env);
		if (status == SHOPPER_OK)
			break;
		CHECK(status == SHOPPER_OUT_OF_MEMORY);
	}
	for (long k = 0; k < 200; k++)
	{
		ShopperEnv *env = check_env(-1);
		ShopperStatus status = fill(&p, env, order, true, true);

		check_cancel_after(env, k);
		if (status == SHOPPER_OK)
			status = shopper_pairs_finish(&p, &start);
		check_env_end(env);
		if (status == SHOPPER_OK)
			break;
		CHECK(status == SHOPPER_CANCELLED && k < 199);
	}
}

void
test_pairs(void)
{
	any_order(false, false);
	any_order(true, false);
	any_order(false, true);
	any_order(true, true);
	edges();
	failures();
}
