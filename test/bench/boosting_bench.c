/*
 * boosting_bench.c: seconds and quality of the learner boosting on a binary file of rows.
 *
 *   boosting_bench FILE [threads=2] [repeat=1] [name=value ...]    options of boosting
 *
 * The file, little-endian, as boosting_peer.py writes it: int64 training rows, test
 * rows, numbers, categories; int32 levels of each category; float32 columns, int32
 * codes, uint8 targets, each of training rows, then test rows.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "../../src/core/metrics.h"
#include "../../src/core/threads.h"
#include "../../src/models/learner.h"
#include "bench.h"

static double
cpu(void)
{
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	return (double) (u.ru_utime.tv_sec + u.ru_stime.tv_sec) + 1e-6 * (double) (u.ru_utime.tv_usec + u.ru_stime.tv_usec);
}

static void
get(FILE *f, void *to, size_t size, size_t n)
{
	if (fread(to, size, n, f) != n)
	{
		fprintf(stderr, "the file is too short\n");
		exit(1);
	}
}

static void
read_rows(ShopperEnv *env, const char *name, ShopperTable *t, ShopperSpec *spec)
{
	FILE	   *f = fopen(name, "rb");
	int64_t		size[4];
	int32_t		levels[64];
	uint8_t    *y;
	uint32_t	code;

	if (f == NULL)
	{
		perror(name);
		exit(1);
	}
	get(f, size, sizeof(int64_t), 4);
	get(f, levels, sizeof(int32_t), (size_t) size[3]);
	bench_check(env, shopper_table_make(env, t, false, size[0] + size[1], (int) size[2], (int) size[3], 2));
	for (int j = 0; j < t->n_dense; j++)
		get(f, t->dense32[j], sizeof(float), (size_t) t->n);
	for (int k = 0; k < t->n_lookup; k++)
		get(f, t->lookup[k], sizeof(int32_t), (size_t) t->n);
	y = malloc((size_t) t->n);
	get(f, y, 1, (size_t) t->n);
	for (int64_t i = 0; i < t->n; i++)
		t->y_class[i] = y[i];
	fclose(f);
	free(y);
	t->n_train = size[0];
	memset(spec, 0, sizeof(*spec));
	spec->n_numbers = spec->n_dense = t->n_dense;
	spec->n_categories = t->n_lookup;
	spec->number = calloc((size_t) t->n_dense + 1, sizeof(ShopperNumber));
	spec->category = calloc((size_t) t->n_lookup + 1, sizeof(ShopperCategory));
	spec->target = "bought";
	bench_check(env, shopper_dictionary_init(&spec->classes, env, SHOPPER_ID_TEXT));
	bench_check(env, shopper_dictionary_add_text(&spec->classes, "false", 5, &code));
	bench_check(env, shopper_dictionary_add_text(&spec->classes, "true", 4, &code));
	for (int k = 0; k < t->n_lookup; k++)
		spec->category[k].n_levels = t->size[k] = levels[k];
}

int
main(int argc, char **argv)
{
	ShopperEnv	env = bench_env(2);
	ShopperTable all;
	ShopperSpec spec;
	int			repeat = 1;
	double		auc,
			   *score,
			   *p;
	uint8_t    *positive;

	for (int a = 2; a < argc; a++)
	{
		if (strncmp(argv[a], "threads=", 8) == 0)
			env.threads = atoi(argv[a] + 8);
		else if (strncmp(argv[a], "repeat=", 7) == 0)
			repeat = atoi(argv[a] + 7);
	}
	read_rows(&env, argv[1], &all, &spec);
	env.pool = shopper_pool_create(&env, env.threads);
	while (repeat-- > 0)
	{
		ShopperModel model = {.learner = shopper_learner_by_name("boosting"),.task = SHOPPER_CLASSIFY,.spec = &spec};
		ShopperTable t = all;
		double		begin,
					used;
		int64_t		n_test = all.n - all.n_train;

		t.n = t.n_train;
		bench_check(&env, shopper_options_init(&env, &model.options, model.learner->options, shopper_shape_options(SHOPPER_ROWS)));
		for (int a = 2; a < argc; a++)
		{
			char		name[64];
			const char *value = strchr(argv[a], '=') + 1;
			ShopperRaw	raw = {.kind = SHOPPER_RAW_NUMBER,.text = value};

			snprintf(name, sizeof(name), "%.*s", (int) (value - argv[a] - 1), argv[a]);
			if (strcmp(name, "threads") == 0 || strcmp(name, "repeat") == 0)
				continue;
			if (shopper_option(&model.options, name)->option->type == SHOPPER_CHOICE)
				raw.kind = SHOPPER_RAW_STRING;
			bench_check(&env, shopper_options_set(&env, &model.options, "boosting", name, &raw));
		}
		begin = bench_now();
		used = cpu();
		bench_check(&env, model.learner->train_rows(&env, &model, &t, NULL));
		printf("pg_shopper boosting: fit %.3f s, CPU %.3f s", bench_now() - begin, cpu() - used);
		begin = bench_now();
		p = malloc((size_t) n_test * 2 * sizeof(double));
		score = malloc((size_t) n_test * sizeof(double));
		positive = malloc((size_t) n_test);
		model.learner->predict_block(&model, &all, all.n_train, all.n, p);
		for (int64_t i = 0; i < n_test; i++)
		{
			score[i] = p[2 * i + 1];
			positive[i] = all.y_class[all.n_train + i] == 1;
		}
		printf(", predict %.0f ns a row", 1e9 * (bench_now() - begin) / (double) n_test);
		bench_check(&env, shopper_auc(&env, n_test, positive, score, NULL, &auc));
		printf(", test AUC %.5f\n", auc);
		fflush(stdout);
		free(p);
		free(score);
		free(positive);
	}
	shopper_pool_end(env.pool);
	return 0;
}
