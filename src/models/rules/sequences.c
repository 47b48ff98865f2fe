/* sequences.c: the learner sequences: from (customer, item, time) lines to rules of what is bought later. */
#include "sequences.h"

#include <math.h>
#include <string.h>

#include "mine.h"

#define STATE_VERSION 1
#define POLL_LINES (1 << 20)
#define MAX_DAYS 36500
#define DAY 86400e6

static const ShopperOption options[] = {
	{"max_gap", SHOPPER_NUMBER, "30", 0, MAX_DAYS, true, NULL, "days within which the consequent must follow"},
	{"min_gap", SHOPPER_NUMBER, "0", 0, MAX_DAYS, false, NULL, "days that must pass at least; 0: any later moment"},
	{"together", SHOPPER_NUMBER, "0", 0, MAX_DAYS, false, NULL, "days within which both items of an antecedent must be bought; 0: at the same moment"},
	{"min_support", SHOPPER_NUMBER, "0.01", 0, 1, false, NULL, "share of customers that a rule must hold for"},
	{"min_count", SHOPPER_INTEGER, NULL, 1, INT32_MAX, false, NULL, "number of customers that a rule must hold for, instead of min_support"},
	{"min_confidence", SHOPPER_NUMBER, "0", 0, 1, false, NULL, "share of the customers with the antecedent that must buy the consequent"},
	{"max_antecedent", SHOPPER_INTEGER, "2", 1, 2, false, NULL, "most items of an antecedent"},
	{"max_rules", SHOPPER_INTEGER, "1000000", 1, 100000000, false, NULL, "more rules than this are an error"},
	{NULL}
};

/* Count the customers of each item; codes become ranks; the infrequent ones are forgotten. */
static ShopperStatus
rank_items(ShopperEnv *env, ShopperPairs *p, ShopperSequences *s)
{
	uint32_t   *new_code;
	int64_t		frequent = 0;

	memset(p->right.count, 0, (size_t) p->right.n * sizeof(*p->right.count));
	for (int64_t i = 0; i < p->n; i++)
	{
		if (i % POLL_LINES == 0)
			SHOPPER_TRY(shopper_poll(env));
		if (i == 0 || p->a[i] != p->a[i - 1] || p->b[i] != p->b[i - 1])
			p->right.count[p->b[i]]++;
	}
	SHOPPER_TRY(shopper_dictionary_sort(&p->right, SHOPPER_BY_COUNT, &new_code));
	for (int64_t i = 0; i < p->n; i++)
	{
		if (i % POLL_LINES == 0)
			SHOPPER_TRY(shopper_poll(env));
		p->b[i] = (int32_t) new_code[p->b[i]];
	}
	shopper_release(env, new_code);
	s->items = p->right;
	memset(&p->right, 0, sizeof(p->right));
	s->n_items = s->items.n;
	while (frequent < s->items.n && s->items.count[frequent] >= s->min_count)
		frequent++;
	return shopper_dictionary_truncate(&s->items, frequent);
}

static ShopperStatus
train(ShopperEnv *env, ShopperModel *model, ShopperPairs *pairs)
{
	const ShopperOptions *o = &model->options;
	ShopperSequenceLimits limits = {
		.max_gap = llrint(shopper_option_number(o, "max_gap") * DAY),
		.min_gap = llrint(shopper_option_number(o, "min_gap") * DAY),
		.window = llrint(shopper_option_number(o, "together") * DAY),
		.min_confidence = shopper_option_number(o, "min_confidence"),
		.max_antecedent = (int) shopper_option_integer(o, "max_antecedent"),
		.max_rules = shopper_option_integer(o, "max_rules"),
	};
	ShopperSequences *s;

	if (limits.min_gap > limits.max_gap)
		return shopper_fail(env, SHOPPER_BAD_OPTION, "min_gap (%g days) must not be above max_gap (%g days)",
							shopper_option_number(o, "min_gap"), shopper_option_number(o, "max_gap"));
	if (pairs->n == 0)
		return shopper_fail(env, SHOPPER_BAD_DATA, "there are no lines to find sequences in");
	SHOPPER_NEW0(env, s, 1);
	model->state = s;
	s->n_customers = (int32_t) pairs->left.n;
	s->min_count = limits.min_count = shopper_option_set(o, "min_count") ? shopper_option_integer(o, "min_count")
		: shopper_min_count(shopper_option_number(o, "min_support"), s->n_customers);
	SHOPPER_TRY(rank_items(env, pairs, s));
	SHOPPER_TRY(shopper_sequences_mine(env, pairs, &limits, s));
	SHOPPER_TRY(shopper_add_metric(env, model, "train", "rules", (double) s->n));
	SHOPPER_TRY(shopper_add_metric(env, model, "train", "customers", (double) s->n_customers));
	SHOPPER_TRY(shopper_add_metric(env, model, "train", "items", (double) s->n_items));
	if (s->n == 0)
		shopper_notice(env, "no rule holds for %lld customers or more: the model is empty", (long long) s->min_count);
	return SHOPPER_OK;
}

static void
encode(const ShopperModel *model, ShopperWriter *w)
{
	const ShopperSequences *s = model->state;

	shopper_put_u8(w, STATE_VERSION);
	shopper_put_varint(w, (uint64_t) s->n_customers);
	shopper_put_varint(w, (uint64_t) s->n_items);
	shopper_put_varint(w, (uint64_t) s->min_count);
	shopper_dictionary_encode(&s->items, true, w);
	shopper_put_varint(w, (uint64_t) s->n);
	for (int64_t i = 0; i < s->n && w->status == SHOPPER_OK; i++)
	{
		const ShopperSequenceRule *r = &s->rule[i];

		shopper_put_varint(w, (uint64_t) r->first);
		shopper_put_varint(w, (uint64_t) (r->second + 1));
		shopper_put_varint(w, (uint64_t) r->consequent);
		shopper_put_varint(w, (uint64_t) r->count);
		shopper_put_varint(w, (uint64_t) r->antecedent_count);
		shopper_put_f64(w, r->mean_days);
		shopper_put_f64(w, r->median_days);
	}
}

static ShopperStatus
damaged(ShopperReader *r)
{
	return shopper_bad_bytes(r->env, "its sequence rules are damaged");
}

/* A code of an item, at least one customer's. */
static bool
get_item(const ShopperSequences *s, ShopperReader *r, int64_t plus, int32_t *code)
{
	uint64_t	v = shopper_get_varint(r);

	*code = (int32_t) ((int64_t) (v & 0x7fffffff) - plus);
	return !r->failed && v < (uint64_t) (s->items.n + plus);
}

static bool
get_rule(const ShopperSequences *s, ShopperReader *r, ShopperSequenceRule *rule)
{
	uint64_t	count,
				antecedent;

	if (!get_item(s, r, 0, &rule->first) || !get_item(s, r, 1, &rule->second) || !get_item(s, r, 0, &rule->consequent))
		return false;
	count = shopper_get_varint(r);
	antecedent = shopper_get_varint(r);
	rule->mean_days = shopper_get_f64(r);
	rule->median_days = shopper_get_f64(r);
	if (r->failed || count < 1 || count > antecedent || count > (uint64_t) s->items.count[rule->consequent]
		|| antecedent > (uint64_t) s->items.count[rule->first]
		|| (rule->second >= 0 && (rule->second <= rule->first || antecedent > (uint64_t) s->items.count[rule->second]))
		|| !(rule->mean_days >= 0 && rule->mean_days <= MAX_DAYS + 1) || !(rule->median_days >= 0 && rule->median_days <= MAX_DAYS + 1))
		return false;
	rule->count = (int32_t) count;
	rule->antecedent_count = (int32_t) antecedent;
	return true;
}

static ShopperStatus
decode(ShopperModel *model, ShopperReader *r)
{
	ShopperSequences *s;
	uint8_t		version = shopper_get_u8(r);
	uint64_t	n_customers = shopper_get_varint(r);
	uint64_t	n_items = shopper_get_varint(r);
	uint64_t	min_count = shopper_get_varint(r);

	if (!r->failed && version > STATE_VERSION)
	{
		shopper_fail(r->env, SHOPPER_NEWER_FORMAT, "sequence rules of format version %d are not supported", version);
		shopper_hint(r->env, "Update the extension; it reads versions 1 to %d.", STATE_VERSION);
		return SHOPPER_NEWER_FORMAT;
	}
	if (r->failed || version == 0 || n_customers == 0 || n_customers > INT32_MAX || n_items > INT32_MAX || min_count == 0 || min_count > INT32_MAX)
		return damaged(r);
	SHOPPER_NEW0(r->env, s, 1);
	s->n_customers = (int32_t) n_customers;
	s->n_items = (int64_t) n_items;
	s->min_count = (int64_t) min_count;
	SHOPPER_TRY(shopper_dictionary_decode(&s->items, r->env, true, r));
	for (int64_t i = 0; i < s->items.n; i++)
		if (s->items.count[i] < 1 || s->items.count[i] > s->n_customers)
			return damaged(r);
	s->n = shopper_get_count(r, 21);
	if (r->failed)
		return damaged(r);
	SHOPPER_NEW(r->env, s->rule, s->n);
	for (int64_t i = 0; i < s->n; i++)
	{
		if (i % POLL_LINES == 0)
			SHOPPER_TRY(shopper_poll(r->env));
		if (!get_rule(s, r, &s->rule[i]))
			return damaged(r);
	}
	model->state = s;
	return SHOPPER_OK;
}

static void
describe(const ShopperModel *model, void (*add) (void *ctx, const char *key, double value), void *ctx)
{
	const ShopperSequences *s = model->state;

	add(ctx, "customers", (double) s->n_customers);
	add(ctx, "items", (double) s->n_items);
	add(ctx, "frequent_items", (double) s->items.n);
	add(ctx, "rules", (double) s->n);
	add(ctx, "min_count", (double) s->min_count);
}

const ShopperLearner shopper_learner_sequences = {
	.number = 18,
	.name = "sequences",
	.help = "rules of what customers buy after what, and how many days later",
	.shape = SHOPPER_SEQUENCES,
	.tasks = SHOPPER_FIND_SEQUENCES,
	.options = options,
	.train_baskets = train,
	.encode = encode,
	.decode = decode,
	.describe = describe,
};
