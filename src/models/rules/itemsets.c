/* itemsets.c: the learner itemsets: from (basket, item) lines to the tree of frequent item sets. */
#include <string.h>

#include "hierarchy.h"
#include "rules.h"

#define STATE_VERSION 1
#define POPULAR_KEPT 1000		/* items kept to suggest by popularity when fewer are frequent */
#define POLL_LINES (1 << 20)

static const ShopperOption options[] = {
	{"method", SHOPPER_CHOICE, "auto", 0, 0, false, "auto,apriori,lcm", "how sets are found; all find the same ones, auto is lcm"},
	{"min_support", SHOPPER_NUMBER, "0.01", 0, 1, false, NULL, "share of baskets that a set must be in"},
	{"min_count", SHOPPER_INTEGER, NULL, 1, INT32_MAX, false, NULL, "number of baskets that a set must be in, instead of min_support"},
	{"max_length", SHOPPER_INTEGER, "0", 0, SHOPPER_MAX_SET_LENGTH, false, NULL, "most items in a set; 0: no limit"},
	{"max_basket", SHOPPER_INTEGER, NULL, 1, INT32_MAX, false, NULL, "baskets of more different items are left out, and counted"},
	{"max_itemsets", SHOPPER_INTEGER, "5000000", 1, 1000000000, false, NULL, "more sets than this are an error; training takes about 50 bytes for each"},
	{NULL}
};

/*
 * Drop repeated items of a basket and baskets that are too large, in place: start
 * (baskets + 1) bounds the baskets that are left.
 */
static ShopperStatus
collapse(ShopperEnv *env, ShopperPairs *p, int64_t max_basket, int64_t **start, ShopperItemsets *s)
{
	int64_t		used = 0,
				baskets = 0,
				to;

	SHOPPER_NEW(env, *start, p->left.n + 1);
	(*start)[0] = 0;
	for (int64_t from = 0, polled = 0; from < p->n; from = to)
	{
		int64_t		begin = used;

		for (to = from; to < p->n && p->a[to] == p->a[from]; to++)
			if (used == begin || p->b[used - 1] != p->b[to])
				p->b[used++] = p->b[to];
		if (used - begin > max_basket)
		{
			used = begin;
			s->n_skipped++;
		}
		else
			(*start)[++baskets] = used;
		if (to - polled > POLL_LINES)
		{
			SHOPPER_TRY(shopper_poll(env));
			polled = to;
		}
	}
	s->n_baskets = (int32_t) baskets;
	return SHOPPER_OK;
}

/* Count the baskets of each item, let codes be ranks, recode the n lines; steals the dictionary of items. */
static ShopperStatus
rank_dictionary(ShopperEnv *env, ShopperPairs *p, int64_t n, ShopperItemsets *s)
{
	uint32_t   *new_code;

	memset(p->right.count, 0, (size_t) p->right.n * sizeof(*p->right.count));
	for (int64_t i = 0; i < n; i++)
	{
		if (i % POLL_LINES == 0)
			SHOPPER_TRY(shopper_poll(env));
		p->right.count[p->b[i]]++;
	}
	SHOPPER_TRY(shopper_dictionary_sort(&p->right, SHOPPER_BY_COUNT, &new_code));
	for (int64_t i = 0; i < n; i++)
	{
		if (i % POLL_LINES == 0)
			SHOPPER_TRY(shopper_poll(env));
		p->b[i] = (int32_t) new_code[p->b[i]];
	}
	shopper_pairs_recode_links(p, new_code);
	shopper_release(env, new_code);
	s->items = p->right;
	memset(&p->right, 0, sizeof(p->right));
	while (s->n_items < s->items.n && s->items.count[s->n_items] > 0)
		s->n_items++;
	return SHOPPER_OK;
}

static ShopperStatus
report(ShopperEnv *env, ShopperModel *model, const ShopperFound *found)
{
	const ShopperItemsets *s = model->state;

	for (int k = 1; k <= s->tree.longest; k++)
		SHOPPER_TRY(shopper_add_step(env, model, k, "itemsets", (double) found->by_length[k]));
	SHOPPER_TRY(shopper_add_metric(env, model, "train", "itemsets", (double) s->tree.n));
	SHOPPER_TRY(shopper_add_metric(env, model, "train", "baskets", (double) s->n_baskets));
	SHOPPER_TRY(shopper_add_metric(env, model, "train", "items", (double) s->n_items));
	if (s->n_skipped > 0)
		SHOPPER_TRY(shopper_add_metric(env, model, "train", "skipped_baskets", (double) s->n_skipped));
	if (s->tree.n == 0)
		shopper_notice(env, "no item is in %lld baskets or more: the model is empty", (long long) s->min_count);
	return SHOPPER_OK;
}

static ShopperStatus
train_baskets(ShopperEnv *env, ShopperModel *model, ShopperPairs *pairs)
{
	const ShopperOptions *o = &model->options;
	int64_t		max_basket = shopper_option_set(o, "max_basket") ? shopper_option_integer(o, "max_basket") : INT64_MAX;
	int			max_length = (int) shopper_option_integer(o, "max_length");
	ShopperItemsets *s;
	ShopperFound found = {.keep = true};
	ShopperMineLimits limits;
	ShopperTransactions t = {0};
	int64_t    *start;

	if (pairs->n == 0)
		return shopper_fail(env, SHOPPER_BAD_DATA, "there are no baskets to find item sets in");
	SHOPPER_NEW0(env, s, 1);
	model->state = s;
	SHOPPER_TRY(collapse(env, pairs, max_basket, &start, s));
	if (s->n_baskets == 0)
	{
		shopper_fail(env, SHOPPER_BAD_DATA, "every basket has more than %lld items", (long long) max_basket);
		shopper_hint(env, "Raise max_basket.");
		return SHOPPER_BAD_DATA;
	}
	SHOPPER_TRY(rank_dictionary(env, pairs, start[s->n_baskets], s));
	s->min_count = shopper_option_set(o, "min_count") ? shopper_option_integer(o, "min_count")
		: shopper_min_count(shopper_option_number(o, "min_support"), s->n_baskets);
	model->n_train = start[s->n_baskets];

	t.n = s->n_baskets;
	t.n_items = (int32_t) s->items.n;
	t.start = start;
	t.item = pairs->b;
	limits.min_count = s->min_count;
	limits.max_length = max_length > 0 ? max_length : SHOPPER_MAX_SET_LENGTH;
	limits.max_itemsets = shopper_option_integer(o, "max_itemsets");
	if (shopper_option_is(o, "method", "apriori"))
		SHOPPER_TRY(shopper_mine_apriori(env, &t, &limits, &found));
	else
		SHOPPER_TRY(shopper_mine_lcm(env, &t, &limits, &found));
	if (pairs->n_links > 0)
		SHOPPER_TRY(shopper_hierarchy_filter(env, pairs, s->items.n, &found));
	SHOPPER_TRY(shopper_itemtree_build(env, &found, &s->tree));
	SHOPPER_TRY(shopper_itemtree_index(env, &s->tree));
	shopper_release(env, found.set);
	shopper_release(env, start);
	SHOPPER_TRY(shopper_dictionary_truncate(&s->items, s->tree.level[2] > POPULAR_KEPT ? s->tree.level[2]
											: s->n_items < POPULAR_KEPT ? s->n_items : POPULAR_KEPT));
	return report(env, model, &found);
}

static void
encode(const ShopperModel *model, ShopperWriter *w)
{
	const ShopperItemsets *s = model->state;

	shopper_put_u8(w, STATE_VERSION);
	shopper_put_varint(w, (uint64_t) s->n_baskets);
	shopper_put_varint(w, (uint64_t) s->n_skipped);
	shopper_put_varint(w, (uint64_t) s->n_items);
	shopper_put_varint(w, (uint64_t) s->min_count);
	shopper_dictionary_encode(&s->items, true, w);
	shopper_itemtree_encode(&s->tree, s->n_baskets, w);
}

static ShopperStatus
decode(ShopperModel *model, ShopperReader *r)
{
	ShopperItemsets *s;
	uint8_t		version = shopper_get_u8(r);
	uint64_t	n_baskets = shopper_get_varint(r);
	uint64_t	n_skipped = shopper_get_varint(r);
	uint64_t	n_items = shopper_get_varint(r);
	uint64_t	min_count = shopper_get_varint(r);

	if (!r->failed && version > STATE_VERSION)
	{
		shopper_fail(r->env, SHOPPER_NEWER_FORMAT, "item sets of format version %d are not supported", version);
		shopper_hint(r->env, "Update the extension; it reads versions 1 to %d.", STATE_VERSION);
		return SHOPPER_NEWER_FORMAT;
	}
	if (r->failed || version == 0 || n_baskets == 0 || n_baskets > INT32_MAX || n_skipped > INT32_MAX
		|| n_items > INT32_MAX || min_count == 0 || min_count > INT32_MAX)
		return shopper_bad_bytes(r->env, "its item sets are damaged");
	SHOPPER_NEW0(r->env, s, 1);
	s->n_baskets = (int32_t) n_baskets;
	s->n_skipped = (int64_t) n_skipped;
	s->n_items = (int64_t) n_items;
	s->min_count = (int64_t) min_count;
	SHOPPER_TRY(shopper_dictionary_decode(&s->items, r->env, true, r));
	for (int64_t i = 0; i < s->items.n; i++)
		if (s->items.count[i] < 1 || s->items.count[i] > (i == 0 ? s->n_baskets : s->items.count[i - 1]))
			return shopper_bad_bytes(r->env, "its items are not in the order of their counts");
	SHOPPER_TRY(shopper_itemtree_decode(&s->tree, s->n_baskets, s->items.n, r));
	for (int32_t i = 0; i < s->tree.level[2]; i++)
		if (s->tree.count[i] != s->items.count[i])
			return shopper_bad_bytes(r->env, "its item sets and its items do not agree");
	SHOPPER_TRY(shopper_itemtree_index(r->env, &s->tree));
	model->state = s;
	return SHOPPER_OK;
}

static void
describe(const ShopperModel *model, void (*add) (void *ctx, const char *key, double value), void *ctx)
{
	const ShopperItemsets *s = model->state;

	add(ctx, "baskets", (double) s->n_baskets);
	add(ctx, "skipped_baskets", (double) s->n_skipped);
	add(ctx, "items", (double) s->n_items);
	add(ctx, "frequent_items", (double) s->tree.level[2]);
	add(ctx, "itemsets", (double) s->tree.n);
	add(ctx, "longest", (double) s->tree.longest);
	add(ctx, "min_count", (double) s->min_count);
}

const ShopperLearner shopper_learner_itemsets = {
	.number = 4,
	.name = "itemsets",
	.help = "frequent item sets of baskets, from which rules and suggestions follow",
	.shape = SHOPPER_BASKETS,
	.tasks = SHOPPER_FIND_RULES,
	.options = options,
	.train_baskets = train_baskets,
	.encode = encode,
	.decode = decode,
	.describe = describe,
};
