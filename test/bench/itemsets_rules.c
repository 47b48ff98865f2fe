/*
 * itemsets_rules.c: the whole course of the learner itemsets outside of the server.
 *
 * usage: itemsets_rules FILE SUPPORT METHOD MIN_CONFIDENCE [SHOWN]
 *
 * FILE holds a basket a line; beside FILE.txt, FILE.names may name its items. Trains,
 * stores and reads back, finds the rules with one item on the right, prints the first
 * SHOWN of them, suggests items for baskets of the file, and prints what each step took.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../src/models/rules/rules.h"
#include "bench.h"

static double
milliseconds(void)
{
	return 1e3 * bench_now();
}

static char **
read_names(const char *path)
{
	char		other[1000];
	char	  **names = NULL;
	char	   *line = NULL;
	size_t		size = 0;
	FILE	   *file;
	int			n = 0;

	snprintf(other, sizeof(other), "%.*s.names", (int) (strlen(path) - 4), path);
	file = fopen(other, "r");
	while (file != NULL && getline(&line, &size, file) > 0)
	{
		names = realloc(names, (size_t) (n + 2) * sizeof(char *));
		line[strcspn(line, "\n")] = '\0';
		names[n++] = strdup(line);
		names[n] = NULL;
	}
	return names;
}

static void
read_pairs(ShopperEnv *env, const char *path, ShopperPairs *pairs)
{
	FILE	   *file = fopen(path, "r");
	char	  **names = read_names(path);
	char	   *line = NULL;
	size_t		size = 0;

	if (file == NULL)
	{
		perror(path);
		exit(1);
	}
	bench_check(env, shopper_pairs_init(pairs, env, SHOPPER_ID_INT, names ? SHOPPER_ID_TEXT : SHOPPER_ID_INT, false, false));
	for (int64_t basket = 0; getline(&line, &size, file) > 0; basket++)
	{
		char	   *end = line;

		for (;;)
		{
			char	   *at = end;
			long		item = strtol(at, &end, 10);
			uint32_t	left,
						right;

			if (at == end)
				break;
			bench_check(env, shopper_dictionary_add_int(&pairs->left, basket, &left));
			bench_check(env, names ? shopper_dictionary_add_text(&pairs->right, names[item], strlen(names[item]), &right)
				 : shopper_dictionary_add_int(&pairs->right, item, &right));
			bench_check(env, shopper_pairs_add(pairs, left, right, 0, 0));
		}
	}
	fclose(file);
}

/* Is `best` the beginning of the list? */
static const char *
compare(const ShopperRuleList *best, const ShopperRuleList *list)
{
	ShopperRule a,
				b;

	for (int64_t i = 0; i < best->n; i++)
	{
		shopper_rules_get(best, i, &a);
		shopper_rules_get(list, i, &b);
		if (memcmp(&a, &b, sizeof(a)) != 0)
			return "DIFFERENT";
	}
	return "the same";
}

static void
print_rules(const ShopperModel *model, const ShopperRuleList *list, int64_t shown)
{
	const ShopperDictionary *d = &shopper_itemsets(model)->items;
	char		buffer[24];

	for (int64_t i = 0; i < list->n && i < shown; i++)
	{
		ShopperRule rule;

		shopper_rules_get(list, i, &rule);
		printf("  {");
		for (int k = 0; k < rule.n_antecedent; k++)
			printf("%s%s", k ? ", " : "", shopper_dictionary_text(d, rule.antecedent[k], buffer, NULL));
		printf("} => %s | %lld | %.8f | %.7f | %.6f\n", shopper_dictionary_text(d, rule.consequent[0], buffer, NULL),
			   (long long) rule.count, rule.support, rule.confidence, rule.lift);
	}
}

/* Suggest for 1000 baskets of the training data without their last item. */
static void
time_suggestions(ShopperEnv *env, const ShopperModel *model, const ShopperPairs *pairs, const int64_t *start)
{
	double		began = milliseconds(),
				slowest = 0;
	int64_t		asked = 0,
				by_rule = 0;

	for (int64_t b = 0; b < pairs->left.n; b += pairs->left.n / 1000 + 1, asked++)
	{
		ShopperSuggestLimits limits = {.n = 10};
		ShopperSuggestion *s;
		int64_t		n;
		double		one = milliseconds();

		bench_check(env, shopper_rules_suggest(env, model, pairs->b + start[b], start[b + 1] - start[b] - 1, &limits, &s, &n));
		one = milliseconds() - one;
		slowest = one > slowest ? one : slowest;
		for (int64_t i = 0; i < n; i++)
			by_rule += s[i].source == SHOPPER_FROM_RULE;
		free(s);
	}
	printf("suggest   %.3f ms a basket, slowest %.3f ms, %.1f items by rules\n", (milliseconds() - began) / (double) asked,
		   slowest, (double) by_rule / (double) asked);
}

int
main(int argc, char **argv)
{
	ShopperEnv	env = bench_env(1);
	ShopperModel model = {.learner = &shopper_learner_itemsets, .task = SHOPPER_FIND_RULES},
				back = {.learner = &shopper_learner_itemsets};
	ShopperPairs pairs;
	ShopperWriter w;
	ShopperReader r;
	ShopperRuleLimits limits = {0};
	ShopperRuleList list,
				best;
	ShopperRaw	support = {.kind = SHOPPER_RAW_NUMBER,.text = argv[2]},
				method = {.kind = SHOPPER_RAW_STRING,.text = argv[3]};
	int64_t    *start;
	double		at;

	if (argc < 5)
	{
		fprintf(stderr, "usage: %s FILE SUPPORT METHOD MIN_CONFIDENCE [SHOWN]\n", argv[0]);
		return 2;
	}
	bench_check(&env, shopper_options_init(&env, &model.options, model.learner->options, shopper_shape_options(SHOPPER_BASKETS)));
	bench_check(&env, shopper_options_set(&env, &model.options, "itemsets", "min_support", &support));
	bench_check(&env, shopper_options_set(&env, &model.options, "itemsets", "method", &method));
	at = milliseconds();
	read_pairs(&env, argv[1], &pairs);
	printf("read      %.2f ms, %lld lines\n", milliseconds() - at, (long long) pairs.n);
	at = milliseconds();
	bench_check(&env, shopper_pairs_finish(&pairs, &start));
	printf("finish    %.2f ms\n", milliseconds() - at);
	at = milliseconds();
	bench_check(&env, model.learner->train_baskets(&env, &model, &pairs));
	printf("train     %.2f ms, %d sets\n", milliseconds() - at, shopper_itemsets(&model)->tree.n);
	shopper_writer_init(&w, &env);
	at = milliseconds();
	model.learner->encode(&model, &w);
	bench_check(&env, w.status);
	printf("encode    %.2f ms, %lld bytes\n", milliseconds() - at, (long long) w.length);
	shopper_reader_init(&r, &env, w.data, (size_t) w.length);
	at = milliseconds();
	bench_check(&env, back.learner->decode(&back, &r));
	bench_check(&env, shopper_reader_done(&r, "state"));
	printf("decode    %.2f ms\n", milliseconds() - at);
	limits.min_confidence = atof(argv[4]);
	at = milliseconds();
	bench_check(&env, shopper_rules_find(&env, &back, &limits, &list));
	printf("rules     %.2f ms, %lld rules\n", milliseconds() - at, (long long) list.n);
	limits.max_rules = 100;
	at = milliseconds();
	bench_check(&env, shopper_rules_find(&env, &back, &limits, &best));
	printf("best 100  %.2f ms, %s\n", milliseconds() - at, compare(&best, &list));
	print_rules(&back, &list, argc > 5 ? atoi(argv[5]) : 0);
	time_suggestions(&env, &back, &pairs, start);
	return 0;
}
