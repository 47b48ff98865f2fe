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
#include <time.h>

#include "../../src/models/rules/rules.h"

static void *
bench_alloc(void *ctx, size_t size)
{
	(void) ctx;
	return malloc(size);
}

static void *
bench_resize(void *ctx, void *p, size_t size)
{
	(void) ctx;
	return realloc(p, size);
}

static void
bench_release(void *ctx, void *p)
{
	(void) ctx;
	free(p);
}

static double
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return 1e3 * (double) t.tv_sec + 1e-6 * (double) t.tv_nsec;
}

static void
must(ShopperEnv *env, ShopperStatus status)
{
	if (status == SHOPPER_OK)
		return;
	fprintf(stderr, "%s\n", env->message);
	exit(1);
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
	must(env, shopper_pairs_init(pairs, env, SHOPPER_ID_INT, names ? SHOPPER_ID_TEXT : SHOPPER_ID_INT, false, false));
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
			must(env, shopper_dictionary_add_int(&pairs->left, basket, &left));
			must(env, names ? shopper_dictionary_add_text(&pairs->right, names[item], strlen(names[item]), &right)
				 : shopper_dictionary_add_int(&pairs->right, item, &right));
			must(env, shopper_pairs_add(pairs, left, right, 0, 0));
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
	double		began = now(),
				slowest = 0;
	int64_t		asked = 0,
				by_rule = 0;

	for (int64_t b = 0; b < pairs->left.n; b += pairs->left.n / 1000 + 1, asked++)
	{
		ShopperSuggestLimits limits = {.n = 10};
		ShopperSuggestion *s;
		int64_t		n;
		double		one = now();

		must(env, shopper_rules_suggest(env, model, pairs->b + start[b], start[b + 1] - start[b] - 1, &limits, &s, &n));
		one = now() - one;
		slowest = one > slowest ? one : slowest;
		for (int64_t i = 0; i < n; i++)
			by_rule += s[i].source == SHOPPER_FROM_RULE;
		free(s);
	}
	printf("suggest   %.3f ms a basket, slowest %.3f ms, %.1f items by rules\n", (now() - began) / (double) asked,
		   slowest, (double) by_rule / (double) asked);
}

int
main(int argc, char **argv)
{
	ShopperEnv	env = {.alloc = bench_alloc, .resize = bench_resize, .release = bench_release, .threads = 1};
	ShopperModel model = {.learner = &shopper_learner_itemsets, .task = SHOPPER_FIND_RULES},
				back = {.learner = &shopper_learner_itemsets};
	ShopperPairs pairs;
	ShopperWriter w;
	ShopperReader r;
	ShopperRuleLimits limits = {0};
	ShopperRuleList list,
				best;
	ShopperRaw	support = {SHOPPER_RAW_NUMBER, argv[2], 0, NULL},
				method = {SHOPPER_RAW_STRING, argv[3], 0, NULL};
	int64_t    *start;
	double		at;

	if (argc < 5)
	{
		fprintf(stderr, "usage: %s FILE SUPPORT METHOD MIN_CONFIDENCE [SHOWN]\n", argv[0]);
		return 2;
	}
	must(&env, shopper_options_init(&env, &model.options, model.learner->options, shopper_shape_options(SHOPPER_BASKETS)));
	must(&env, shopper_options_set(&env, &model.options, "itemsets", "min_support", &support));
	must(&env, shopper_options_set(&env, &model.options, "itemsets", "method", &method));
	at = now();
	read_pairs(&env, argv[1], &pairs);
	printf("read      %.2f ms, %lld lines\n", now() - at, (long long) pairs.n);
	at = now();
	must(&env, shopper_pairs_finish(&pairs, &start));
	printf("finish    %.2f ms\n", now() - at);
	at = now();
	must(&env, model.learner->train_baskets(&env, &model, &pairs));
	printf("train     %.2f ms, %d sets\n", now() - at, shopper_itemsets(&model)->tree.n);
	shopper_writer_init(&w, &env);
	at = now();
	model.learner->encode(&model, &w);
	must(&env, w.status);
	printf("encode    %.2f ms, %lld bytes\n", now() - at, (long long) w.length);
	shopper_reader_init(&r, &env, w.data, (size_t) w.length);
	at = now();
	must(&env, back.learner->decode(&back, &r));
	must(&env, shopper_reader_done(&r, "state"));
	printf("decode    %.2f ms\n", now() - at);
	limits.min_confidence = atof(argv[4]);
	at = now();
	must(&env, shopper_rules_find(&env, &back, &limits, &list));
	printf("rules     %.2f ms, %lld rules\n", now() - at, (long long) list.n);
	limits.max_rules = 100;
	at = now();
	must(&env, shopper_rules_find(&env, &back, &limits, &best));
	printf("best 100  %.2f ms, %s\n", now() - at, compare(&best, &list));
	print_rules(&back, &list, argc > 5 ? atoi(argv[5]) : 0);
	time_suggestions(&env, &back, &pairs, start);
	return 0;
}
