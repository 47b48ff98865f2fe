/* test_rules.c: models of item sets, their rules and suggestions against brute force; stored form; failures. */
#include "shop.h"

#include "../../src/models/rules/rules.h"

/* ---- models ---- */

static void
set_option(ShopperEnv *env, ShopperModel *model, const char *name, const char *text)
{
	ShopperRaw	raw = {.kind = strcmp(name, "method") == 0 ? SHOPPER_RAW_STRING : SHOPPER_RAW_NUMBER,.text = text};

	CHECK_OK(env, shopper_options_set(env, &model->options, "itemsets", name, &raw));
}

static ShopperStatus
new_model(ShopperEnv *env, ShopperModel *model)
{
	memset(model, 0, sizeof(*model));
	model->learner = &shopper_learner_itemsets;
	model->task = SHOPPER_FIND_RULES;
	return shopper_options_init(env, &model->options, model->learner->options, shopper_shape_options(SHOPPER_BASKETS));
}

/* Train on the lines of a shop, in an order of its own for each seed, some of them twice. */
static ShopperStatus
train(ShopperEnv *env, ShopperModel *model, const Shop *shop, uint64_t seed)
{
	ShopperPairs pairs;
	uint32_t	order[BASKETS * ITEMS];
	int64_t    *start;
	uint32_t	left,
				right;

	SHOPPER_TRY(shopper_pairs_init(&pairs, env, SHOPPER_ID_INT, SHOPPER_ID_TEXT, false, false));
	for (uint32_t i = 0; i < BASKETS * ITEMS; i++)
		order[i] = i;
	shopper_shuffle(order, BASKETS * ITEMS, seed, 0);
	for (int k = 0; k < BASKETS * ITEMS; k++)
	{
		uint32_t	basket = order[k] / ITEMS,
					item = order[k] % ITEMS;
		char		name[] = {(char) ('a' + item), 0};

		if ((shop->basket[basket] >> item & 1) == 0)
			continue;
		SHOPPER_TRY(shopper_dictionary_add_int(&pairs.left, (int64_t) basket * 7, &left));
		SHOPPER_TRY(shopper_dictionary_add_text(&pairs.right, name, 1, &right));
		for (uint32_t copy = 0; copy <= order[k] % 5 / 4; copy++)
			SHOPPER_TRY(shopper_pairs_add(&pairs, left, right, 0, 0));
	}
	SHOPPER_TRY(shopper_pairs_finish(&pairs, &start));
	return model->learner->train_baskets(env, model, &pairs);
}

/* The model's code of each item of the shop, and back. */
static void
item_codes(const ShopperModel *model, int32_t *code, int *item)
{
	const ShopperDictionary *d = &shopper_itemsets(model)->items;

	for (int i = 0; i < ITEMS; i++)
	{
		char		name[] = {(char) ('a' + i), 0};

		code[i] = (int32_t) shopper_dictionary_find_text(d, name, 1);
		if (code[i] >= 0)
			item[code[i]] = i;
	}
}

static uint32_t
mask_of(const int32_t *codes, int n, const int *item)
{
	uint32_t	mask = 0;

	for (int i = 0; i < n; i++)
		mask |= 1u << item[codes[i]];
	return mask;
}

static void
sets_as_counted(const Shop *shop, const ShopperModel *model, const ShopperItemsetLimits *limits, uint32_t contains, int min_count)
{
	ShopperItemsetCursor cursor;
	ShopperItemset set;
	int32_t		code[ITEMS];
	int			item[ITEMS],
				n = 0,
				wrong = 0;

	item_codes(model, code, item);
	for (uint32_t s = 1; s < SETS; s++)
		n += shop->count[s] >= min_count && (s & contains) == contains
			&& __builtin_popcount(s) >= limits->min_length && (limits->max_length == 0 || __builtin_popcount(s) <= limits->max_length);
	shopper_itemsets_begin(&cursor, model, limits);
	while (shopper_itemsets_next(&cursor, &set))
	{
		uint32_t	s = mask_of(set.items, set.n, item);

		n--;
		wrong += shop->count[s] != set.count || set.count < min_count || (s & contains) != contains
			|| set.n < limits->min_length || set.support != (double) set.count / shop->n;
		for (int i = 1; i < set.n; i++)
			wrong += set.items[i - 1] >= set.items[i];
	}
	CHECK(n == 0 && wrong == 0);
}

/* Does brute force grant the rule left => right? */
static bool
is_rule(const Shop *shop, uint32_t left, uint32_t right, const ShopperRuleLimits *l, int min_count, uint32_t need_left, uint32_t need_right)
{
	int			count = shop->count[left | right];
	double		confidence = (double) count / shop->count[left];
	double		lift = (double) count * shop->n / ((double) shop->count[left] * shop->count[right]);
	int			size = __builtin_popcount(left | right);

	return count >= min_count && confidence >= l->min_confidence && lift >= l->min_lift
		&& (l->max_confidence == 0 || confidence <= l->max_confidence)
		&& size >= l->min_length && (l->max_length == 0 || size <= l->max_length)
		&& (l->max_antecedent == 0 || __builtin_popcount(left) <= l->max_antecedent)
		&& __builtin_popcount(right) <= (l->max_consequent ? l->max_consequent : 1)
		&& (left & need_left) == need_left && (need_right == 0 || (right & need_right) != 0);
}

/* Closed or maximal among the sets of at least min_count baskets, the model holding those of model_count. */
static void
kinds_as_counted(ShopperEnv *env, const Shop *shop, const ShopperModel *model, int model_count, int min_count, int min_length)
{
	int32_t		code[ITEMS];
	int			item[ITEMS];

	item_codes(model, code, item);
	for (int kind = SHOPPER_ALL_SETS; kind <= SHOPPER_MAXIMAL_SETS; kind++)
	{
		ShopperItemsetLimits limits = {.kind = (ShopperItemsetKind) kind,.min_count = min_count,.min_length = min_length};
		ShopperItemsetList list;
		ShopperItemset set;
		int64_t		n = 0;
		int			wrong = 0;
		static bool granted[SETS];

		for (uint32_t s = 1; s < SETS; s++)
		{
			granted[s] = shop->count[s] >= min_count && shop->count[s] >= model_count && __builtin_popcount(s) >= min_length;
			for (int i = 0; i < ITEMS; i++)
				if ((s >> i & 1) == 0 && kind != SHOPPER_ALL_SETS
					&& shop->count[s | 1u << i] >= (kind == SHOPPER_CLOSED_SETS ? shop->count[s] : min_count > model_count ? min_count : model_count))
					granted[s] = false;
			n += granted[s];
		}
		CHECK_OK(env, shopper_itemsets_find(env, model, &limits, 0, &list));
		CHECK(list.n == n);
		for (int64_t i = 0; i < list.n; i++)
		{
			shopper_itemsets_get(&list, i, &set);
			wrong += !granted[mask_of(set.items, set.n, item)];
		}
		CHECK(wrong == 0);
	}
}

/* Does a part of the antecedent, not empty, have at least the confidence? */
static bool
is_redundant(const Shop *shop, uint32_t left, uint32_t right)
{
	for (uint32_t part = (left - 1) & left; part > 0; part = (part - 1) & left)
		if (shop->count[part | right] * shop->count[left] >= shop->count[left | right] * shop->count[part])
			return true;
	return false;
}

/* q by its definition, and what max_q and no_redundant leave. */
static void
pruned_as_counted(ShopperEnv *env, const Shop *shop, const ShopperModel *model, double max_q, bool no_redundant)
{
	ShopperRuleLimits limits = {.min_confidence = 0.3,.max_consequent = 2};
	ShopperRuleList all,
				list;
	ShopperRule rule,
				other;
	int32_t		code[ITEMS];
	int			item[ITEMS],
				wrong = 0;
	int64_t		n = 0;

	item_codes(model, code, item);
	CHECK_OK(env, shopper_rules_find(env, model, &limits, &all));
	for (int64_t i = 0; i < all.n; i++)
	{
		double		q = 1;

		shopper_rules_get(&all, i, &rule);
		for (int64_t j = 0; j < all.n; j++)
			if (all.ref[j].fisher_p >= rule.fisher_p)
			{
				int64_t		rank = 0;

				for (int64_t k = 0; k < all.n; k++)
					rank += all.ref[k].fisher_p <= all.ref[j].fisher_p;
				q = fmin(q, all.ref[j].fisher_p * (double) all.n / (double) rank);
			}
		wrong += fabs(q - rule.q_value) > 1e-12;
		n += q <= max_q && !(no_redundant && is_redundant(shop, mask_of(rule.antecedent, rule.n_antecedent, item),
														  mask_of(rule.consequent, rule.n_consequent, item)));
	}
	CHECK(wrong == 0);
	limits.max_q = max_q;
	limits.no_redundant = no_redundant;
	CHECK_OK(env, shopper_rules_find(env, model, &limits, &list));
	CHECK(list.n == n && n > 0 && n < all.n);
	limits.max_rules = 2;
	CHECK_OK(env, shopper_rules_find(env, model, &limits, &all));
	CHECK(all.n == 2);
	for (int64_t i = 0; i < 2; i++)
	{
		shopper_rules_get(&all, i, &rule);
		shopper_rules_get(&list, i, &other);
		CHECK(memcmp(&rule, &other, sizeof(rule)) == 0);
	}
}

static double
by_measure(const ShopperRule *rule, ShopperRuleMeasure by)
{
	return by == SHOPPER_BY_LIFT ? rule->lift : by == SHOPPER_BY_CONFIDENCE ? rule->confidence
		: by == SHOPPER_BY_SUPPORT ? (double) rule->count : by == SHOPPER_BY_LEVERAGE ? rule->leverage : rule->conviction;
}

static bool
figures_agree(const Shop *shop, const ShopperRule *r, uint32_t left, uint32_t right)
{
	double		n = shop->n,
				a = shop->count[left],
				c = shop->count[right],
				ac = shop->count[left | right];
	double		conviction = c == n ? NAN : ac == a ? INFINITY : (1 - c / n) / (1 - ac / a);
	double		expected[4] = {a * c / n, a * (n - c) / n, (n - a) * c / n, (n - a) * (n - c) / n},
				observed[4] = {ac, a - ac, c - ac, n - a - c + ac},
				chi = 0;

	for (int i = 0; i < 4; i++)
		chi += (observed[i] - expected[i]) * (observed[i] - expected[i]) / expected[i];
	return r->count == ac && r->antecedent_count == a && r->consequent_count == c && r->support == ac / n
		&& r->confidence == ac / a && fabs(r->lift - ac * n / (a * c)) < 1e-12
		&& fabs(r->leverage - (ac / n - a / n * c / n)) < 1e-12
		&& (isnan(conviction) ? isnan(r->conviction) : isinf(conviction) ? isinf(r->conviction) : fabs(r->conviction - conviction) < 1e-9)
		&& (a == n || c == n ? isnan(r->chi_square) && isnan(r->p_value)
			: fabs(r->chi_square - chi) < 1e-9 && fabs(r->p_value - erfc(sqrt(chi / 2))) < 1e-9);
}

static void
rules_as_counted(ShopperEnv *env, const Shop *shop, const ShopperModel *model, ShopperRuleLimits limits, int min_count,
				 uint32_t need_left, uint32_t need_right)
{
	ShopperRuleList list,
				best;
	ShopperRule rule,
				first;
	int32_t		code[ITEMS],
				left_codes[ITEMS],
				right_codes[ITEMS];
	int			item[ITEMS],
				wrong = 0,
				n_left = 0,
				n_right = 0;
	int64_t		n = 0;
	double		before = INFINITY;

	item_codes(model, code, item);
	for (int i = 0; i < ITEMS; i++)
	{
		if (need_left >> i & 1)
			left_codes[n_left++] = code[i];
		if (need_right >> i & 1)
			right_codes[n_right++] = code[i];
	}
	limits.antecedent_contains = left_codes;
	limits.n_antecedent_contains = n_left;
	limits.consequent_contains = right_codes;
	limits.n_consequent_contains = n_right;
	for (uint32_t s = 1; s < SETS; s++)
		for (uint32_t left = (s - 1) & s; left > 0; left = (left - 1) & s)
			n += is_rule(shop, left, s ^ left, &limits, min_count, need_left, need_right);
	CHECK_OK(env, shopper_rules_find(env, model, &limits, &list));
	CHECK(list.n == n);
	for (int64_t i = 0; i < list.n; i++)
	{
		uint32_t	left,
					right;

		shopper_rules_get(&list, i, &rule);
		left = mask_of(rule.antecedent, rule.n_antecedent, item);
		right = mask_of(rule.consequent, rule.n_consequent, item);
		wrong += (left & right) != 0 || !is_rule(shop, left, right, &limits, min_count, need_left, need_right);
		wrong += !figures_agree(shop, &rule, left, right);
		wrong += by_measure(&rule, limits.by) > before || (isnan(before) && !isnan(by_measure(&rule, limits.by)));
		before = by_measure(&rule, limits.by);
	}
	CHECK(wrong == 0);
	limits.max_rules = 3;
	CHECK_OK(env, shopper_rules_find(env, model, &limits, &best));
	CHECK(best.n == (n < 3 ? n : 3));
	for (int64_t i = 0; i < best.n; i++)
	{
		shopper_rules_get(&list, i, &first);
		shopper_rules_get(&best, i, &rule);
		CHECK(memcmp(&first, &rule, sizeof(rule)) == 0);
	}
}

/* The best confidence of a rule that suggests an item, 0 without one. */
static double
best_confidence(const Shop *shop, uint32_t basket, int item, int min_count, double *lift)
{
	double		best = 0;

	for (uint32_t left = basket; left > 0; left = (left - 1) & basket)
	{
		int			count = shop->count[left | 1u << item];

		if (count >= min_count && (double) count / shop->count[left] > best)
		{
			best = (double) count / shop->count[left];
			*lift = (double) count * shop->n / ((double) shop->count[left] * shop->count[1u << item]);
		}
	}
	return best;
}

static void
suggestions_as_counted(ShopperEnv *env, const Shop *shop, const ShopperModel *model, int min_count, double min_confidence)
{
	int32_t		code[ITEMS],
				basket[ITEMS + 2];
	int			item[ITEMS];

	item_codes(model, code, item);
	for (uint32_t b = 0; b < SETS; b += 13)
	{
		ShopperSuggestLimits limits = {.n = b % 12, .min_confidence = min_confidence};
		ShopperSuggestion *s;
		int64_t		n,
					n_basket = 0;
		int			by_rule = 0,
					wrong = 0;
		uint32_t	seen = b;
		double		lift;

		for (int i = 0; i < ITEMS; i++)
		{
			if (b >> i & 1)
				basket[n_basket++] = code[i];
			else if (best_confidence(shop, b, i, min_count, &lift) >= (min_confidence > 0 ? min_confidence : 1e-9))
				by_rule++;
		}
		basket[n_basket++] = -1;
		basket[n_basket++] = 1000;
		CHECK_OK(env, shopper_rules_suggest(env, model, basket, n_basket, &limits, &s, &n));
		for (int64_t i = 0; i < n; i++)
		{
			int			it = item[s[i].item];

			wrong += seen >> it & 1;
			seen |= 1u << it;
			if (s[i].source == SHOPPER_FROM_RULE)
			{
				uint32_t	left = mask_of(s[i].antecedent, s[i].n_antecedent, item);
				double		confidence = best_confidence(shop, b, it, min_count, &lift);

				wrong += i >= by_rule || s[i].score != confidence || fabs(s[i].lift - lift) > 1e-12 || (left & ~b) != 0 || left == 0
					|| s[i].count != shop->count[left | 1u << it] || confidence != (double) s[i].count / shop->count[left];
				wrong += i > 0 && s[i].score > s[i - 1].score;
			}
			else
				wrong += i < by_rule || s[i].score != (double) shop->count[1u << it] / shop->n
					|| (i > by_rule && s[i].score > s[i - 1].score);
		}
		CHECK(wrong == 0);
		CHECK(n == (ITEMS - __builtin_popcount(b) < limits.n ? ITEMS - __builtin_popcount(b) : limits.n));
		limits.rules_only = true;
		CHECK_OK(env, shopper_rules_suggest(env, model, basket, n_basket, &limits, &s, &n));
		CHECK(n == (by_rule < limits.n ? by_rule : limits.n));
	}
}

static void
models(void)
{
	Shop		shop;

	for (uint64_t seed = 1; seed <= 4; seed++)
	{
		ShopperEnv *env = check_env(-1);
		ShopperModel model;
		int32_t		contains[2];
		int			item[ITEMS];
		int32_t		code[ITEMS];

		make_shop(&shop, seed, 0.3);
		CHECK_OK(env, new_model(env, &model));
		set_option(env, &model, "min_count", "4");
		if (seed > 2)
			set_option(env, &model, "method", "apriori");
		CHECK_OK(env, train(env, &model, &shop, seed));
		item_codes(&model, code, item);
		contains[0] = code[1];
		contains[1] = code[4];
		sets_as_counted(&shop, &model, &(ShopperItemsetLimits) {0}, 0, 4);
		sets_as_counted(&shop, &model, &(ShopperItemsetLimits) {.min_length = 2, .max_length = 3, .min_support = 0.1}, 0, 6);
		sets_as_counted(&shop, &model, &(ShopperItemsetLimits) {.min_count = 5, .contains = contains, .n_contains = 2}, 1 << 1 | 1 << 4, 5);
		sets_as_counted(&shop, &model, &(ShopperItemsetLimits) {.min_length = 60}, 0, 4);
		rules_as_counted(env, &shop, &model, (ShopperRuleLimits) {0}, 4, 0, 0);
		kinds_as_counted(env, &shop, &model, 4, 1, 0);
		kinds_as_counted(env, &shop, &model, 4, 7, 2);
		pruned_as_counted(env, &shop, &model, 1, true);
		pruned_as_counted(env, &shop, &model, 0.9, false);
		pruned_as_counted(env, &shop, &model, 0.9, true);
		for (int by = SHOPPER_BY_LIFT; by <= SHOPPER_BY_CONVICTION; by++)
			rules_as_counted(env, &shop, &model, (ShopperRuleLimits) {.min_confidence = 0.4, .max_consequent = 9, .by = by}, 4, 0, 0);
		rules_as_counted(env, &shop, &model, (ShopperRuleLimits) {.min_lift = 1.1, .min_length = 3, .max_length = 4, .min_support = 0.1}, 6, 0, 0);
		rules_as_counted(env, &shop, &model, (ShopperRuleLimits) {.max_antecedent = 2, .max_consequent = 2, .max_confidence = 0.7}, 4, 0, 0);
		rules_as_counted(env, &shop, &model, (ShopperRuleLimits) {.max_consequent = 2}, 4, 1 << 2 | 1 << 0, 0);
		rules_as_counted(env, &shop, &model, (ShopperRuleLimits) {.max_consequent = 2}, 4, 1 << 2, 1 << 1 | 1 << 4);
		suggestions_as_counted(env, &shop, &model, 4, 0);
		suggestions_as_counted(env, &shop, &model, 4, 0.5);
		check_env_end(env);
	}
}

/* ---- stored form ---- */

static ShopperStatus
decode(ShopperEnv *env, const unsigned char *bytes, size_t length, ShopperModel *model)
{
	ShopperReader r;

	memset(model, 0, sizeof(*model));
	model->learner = &shopper_learner_itemsets;
	shopper_reader_init(&r, env, bytes, length);
	SHOPPER_TRY(model->learner->decode(model, &r));
	return shopper_reader_done(&r, "state");
}

static void
count_keys(void *ctx, const char *key, double value)
{
	if (key[0] != '\0' && value >= 0)
		++*(int *) ctx;
}

/* Whatever decoding accepts must be safe to use. */
static void
use(ShopperEnv *env, const ShopperModel *model)
{
	ShopperRuleLimits limits = {.max_consequent = 3, .max_rules = 5, .no_redundant = true};
	ShopperItemsetLimits closed = {.kind = SHOPPER_CLOSED_SETS};
	ShopperItemsetList sets;
	ShopperSuggestLimits suggest = {.n = 5};
	ShopperItemsetCursor cursor;
	ShopperItemset set;
	ShopperRuleList list;
	ShopperRule rule;
	ShopperSuggestion *s;
	int64_t		n;
	int32_t		basket[] = {0, 2, 3};

	shopper_itemsets_begin(&cursor, model, NULL);
	while (shopper_itemsets_next(&cursor, &set))
		CHECK(set.count > 0 && set.n > 0);
	CHECK_OK(env, shopper_itemsets_find(env, model, &closed, 0, &sets));
	if (shopper_rules_find(env, model, &limits, &list) == SHOPPER_OK)
		for (int64_t i = 0; i < list.n; i++)
			shopper_rules_get(&list, i, &rule);
	CHECK_OK(env, shopper_rules_suggest(env, model, basket, 3, &suggest, &s, &n));
}

static void
stored_form(void)
{
	ShopperEnv *env = check_env(-1);
	Shop		shop;
	ShopperModel model,
				again,
				back;
	ShopperWriter w[3];
	int			keys = 0;

	make_shop(&shop, 3, 0.3);
	CHECK_OK(env, new_model(env, &model));
	CHECK_OK(env, new_model(env, &again));
	set_option(env, &model, "min_count", "8");
	set_option(env, &again, "min_support", "0.12");
	set_option(env, &again, "method", "apriori");
	CHECK_OK(env, train(env, &model, &shop, 1));
	CHECK_OK(env, train(env, &again, &shop, 2));
	CHECK(model.n_steps == shopper_itemsets(&model)->tree.longest && model.n_metrics >= 3);
	model.learner->describe(&model, count_keys, &keys);
	CHECK(keys == 7);
	for (int i = 0; i < 3; i++)
		shopper_writer_init(&w[i], env);
	model.learner->encode(&model, &w[0]);
	again.learner->encode(&again, &w[1]);
	CHECK_OK(env, decode(env, w[0].data, (size_t) w[0].length, &back));
	back.learner->encode(&back, &w[2]);
	CHECK(w[0].length == w[1].length && memcmp(w[0].data, w[1].data, (size_t) w[0].length) == 0);
	CHECK(w[0].length == w[2].length && memcmp(w[0].data, w[2].data, (size_t) w[0].length) == 0);
	use(env, &back);
	for (int64_t cut = 0; cut < w[0].length; cut++)
	{
		ShopperEnv *other = check_env(-1);

		CHECK(decode(other, w[0].data, (size_t) cut, &back) != SHOPPER_OK);
		check_env_end(other);
	}
	for (uint64_t round = 0; round < 20000; round++)
	{
		ShopperEnv *other = check_env(-1);
		unsigned char *bytes = shopper_alloc(other, (size_t) w[0].length, 1);

		memcpy(bytes, w[0].data, (size_t) w[0].length);
		for (uint64_t k = 0; k <= round % 3; k++)
			bytes[shopper_below(shopper_random(2, round, 2 * k), (uint64_t) w[0].length)] = (unsigned char) shopper_random(2, round, 2 * k + 1);
		if (decode(other, bytes, (size_t) w[0].length, &back) == SHOPPER_OK)
			use(other, &back);
		check_env_end(other);
	}
	check_env_end(env);
}

/* ---- failures ---- */

static ShopperStatus
whole_course(ShopperEnv *env, const Shop *shop, bool apriori, long polls)
{
	ShopperModel model;
	ShopperRuleList list;
	ShopperRaw	method = {.kind = SHOPPER_RAW_STRING,.text = "apriori"};
	ShopperSuggestLimits suggest = {.n = 5};
	ShopperSuggestion *s;
	ShopperWriter w;
	int64_t		n;
	int32_t		basket[] = {0, 2, 3};

	check_cancel_after(env, polls);
	SHOPPER_TRY(new_model(env, &model));
	if (apriori)
		SHOPPER_TRY(shopper_options_set(env, &model.options, "itemsets", "method", &method));
	SHOPPER_TRY(train(env, &model, shop, 1));
	shopper_writer_init(&w, env);
	model.learner->encode(&model, &w);
	SHOPPER_TRY(w.status);
	SHOPPER_TRY(decode(env, w.data, (size_t) w.length, &model));
	SHOPPER_TRY(shopper_rules_find(env, &model, &(ShopperRuleLimits) {.max_consequent = 2}, &list));
	return shopper_rules_suggest(env, &model, basket, 3, &suggest, &s, &n);
}

static void
failures(void)
{
	Shop		shop;
	ShopperStatus status;

	make_shop(&shop, 3, 0.3);
	for (int apriori = 0; apriori < 2; apriori++)
	{
		long		k = 0;

		do
		{
			ShopperEnv *env = check_env(k++);

			status = whole_course(env, &shop, apriori, -1);
			check_env_end(env);
			CHECK(status == SHOPPER_OK || status == SHOPPER_OUT_OF_MEMORY);
		} while (status == SHOPPER_OUT_OF_MEMORY);
		k = 0;
		do
		{
			ShopperEnv *env = check_env(-1);

			status = whole_course(env, &shop, apriori, k++);
			check_env_end(env);
			CHECK(status == SHOPPER_OK || status == SHOPPER_CANCELLED);
		} while (status == SHOPPER_CANCELLED);
		CHECK(k > 10);
	}
}

static void
edges(void)
{
	ShopperEnv *env = check_env(-1);
	Shop		shop;
	ShopperModel model;
	ShopperPairs none;
	int64_t    *start;
	ShopperRuleList list;
	int32_t		unknown = -1;

	CHECK_OK(env, new_model(env, &model));
	CHECK_OK(env, shopper_pairs_init(&none, env, SHOPPER_ID_INT, SHOPPER_ID_INT, false, false));
	CHECK_OK(env, shopper_pairs_finish(&none, &start));
	CHECK(model.learner->train_baskets(env, &model, &none) == SHOPPER_BAD_DATA);
	env->status = SHOPPER_OK;

	/* nothing frequent: an empty model that still knows what is popular */
	make_shop(&shop, 3, 0.3);
	set_option(env, &model, "min_count", "61");
	CHECK_OK(env, train(env, &model, &shop, 1));
	CHECK(shopper_itemsets(&model)->tree.n == 0 && shopper_itemsets(&model)->items.n == ITEMS);
	use(env, &model);
	CHECK_OK(env, shopper_rules_find(env, &model, NULL, &list));
	CHECK(list.n == 0);

	/* large baskets are left out */
	CHECK_OK(env, new_model(env, &model));
	set_option(env, &model, "max_basket", "4");
	set_option(env, &model, "max_length", "2");
	CHECK_OK(env, train(env, &model, &shop, 1));
	for (int b = 0; b < shop.n; b++)
		shop.count[0] -= __builtin_popcount(shop.basket[b]) > 4;
	CHECK(shopper_itemsets(&model)->n_baskets == shop.count[0] && shopper_itemsets(&model)->n_skipped == shop.n - shop.count[0]);
	CHECK(shopper_itemsets(&model)->tree.longest == 2);
	CHECK_OK(env, shopper_rules_find(env, &model, &(ShopperRuleLimits) {.antecedent_contains = &unknown, .n_antecedent_contains = 1}, &list));
	CHECK(list.n == 0);
	CHECK_OK(env, shopper_rules_find(env, &model, &(ShopperRuleLimits) {.consequent_contains = &unknown, .n_consequent_contains = 1}, &list));
	CHECK(list.n == 0);
	check_env_end(env);
}

void
test_rules(void)
{
	models();
	stored_form();
	failures();
	edges();
}
