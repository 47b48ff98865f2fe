/* pairs_split.c: see pairs_split.h */
#include "pairs_split.h"

#include "../core/hash.h"
#include "../core/sort.h"

#define POLL_LINES 65536

static void
mark_last(const ShopperPairs *p, const int64_t *start, unsigned char *out)
{
	for (int64_t user = 0; user < p->left.n; user++)
	{
		int64_t		last = start[user];

		for (int64_t i = last + 1; i < start[user + 1]; i++)	/* items rise */
			if (p->time[i] >= p->time[last])
				last = i;
		out[last] = start[user + 1] - start[user] > 1;
	}
}

static ShopperStatus
mark_latest(const ShopperPairs *p, double fraction, unsigned char *out)
{
	uint64_t   *key;
	uint32_t   *order;
	int64_t		cut;

	SHOPPER_NEW(p->env, key, p->n);
	SHOPPER_NEW(p->env, order, p->n);
	for (int64_t i = 0; i < p->n; i++)
		key[i] = (uint64_t) p->time[i] ^ 1ULL << 63;
	SHOPPER_TRY(shopper_sort_order(p->env, key, order, p->n));
	cut = p->time[order[(int64_t) ((1 - fraction) * (double) p->n)]];
	for (int64_t i = 0; i < p->n; i++)
		out[i] = p->time[i] >= cut;
	shopper_release(p->env, key);
	shopper_release(p->env, order);
	return SHOPPER_OK;
}

static ShopperStatus
mark_random(const ShopperPairs *p, double fraction, uint64_t seed, unsigned char *out)
{
	for (int64_t i = 0; i < p->n; i++)
	{
		out[i] = shopper_uniform(seed, shopper_dictionary_hash(&p->left, p->a[i]), shopper_dictionary_hash(&p->right, p->b[i])) < fraction;
		if (i % POLL_LINES == 0)
			SHOPPER_TRY(shopper_poll(p->env));
	}
	return SHOPPER_OK;
}

static ShopperStatus
copy_id(const ShopperDictionary *from, int64_t code, ShopperDictionary *to, uint32_t *new_code)
{
	char		buffer[24];
	size_t		length;
	const char *text;

	if (from->type == SHOPPER_ID_INT)
		return shopper_dictionary_add_int(to, from->integer[code], new_code);
	text = shopper_dictionary_text(from, code, buffer, &length);
	return shopper_dictionary_add_text(to, text, length, new_code);
}

ShopperStatus
shopper_pairs_split(ShopperPairs *from, ShopperSplit method, double fraction, uint64_t seed, ShopperPairs *train, ShopperPairs *test)
{
	ShopperEnv *env = from->env;
	unsigned char *out;
	int64_t    *start;

	if (method != SHOPPER_SPLIT_AT_RANDOM && !from->has_time)
	{
		shopper_fail(env, SHOPPER_BAD_DATA, "a split by time needs the times of the lines");
		shopper_hint(env, "Return a date or timestamp as the last column, or split with method => 'random'.");
		return env->status;
	}
	SHOPPER_TRY(shopper_pairs_init(train, env, from->left.type, from->right.type, from->has_value, from->has_time));
	SHOPPER_TRY(shopper_pairs_init(test, env, from->left.type, from->right.type, from->has_value, from->has_time));
	train->n_skipped = from->n_skipped;
	if (from->n == 0)
		return SHOPPER_OK;
	SHOPPER_TRY(shopper_pairs_finish(from, &start));
	SHOPPER_NEW0(env, out, from->n);
	if (method == SHOPPER_LEAVE_LAST_OUT)
		mark_last(from, start, out);
	else
		SHOPPER_TRY(method == SHOPPER_SPLIT_BY_TIME ? mark_latest(from, fraction, out) : mark_random(from, fraction, seed, out));
	for (int64_t i = 0; i < from->n; i++)
	{
		ShopperPairs *to = out[i] ? test : train;
		uint32_t	left,
					right;

		SHOPPER_TRY(copy_id(&from->left, from->a[i], &to->left, &left));
		SHOPPER_TRY(copy_id(&from->right, from->b[i], &to->right, &right));
		SHOPPER_TRY(shopper_pairs_add(to, left, right, from->has_value ? from->value[i] : 0, from->has_time ? from->time[i] : 0));
		if (i % POLL_LINES == 0)
			SHOPPER_TRY(shopper_poll(env));
	}
	shopper_release(env, out);
	shopper_release(env, start);
	return SHOPPER_OK;
}
