/*
 * mlp_bench.c: seconds and quality of the learner mlp on a binary file of rows.
 *
 *   mlp_bench make FILE [ROWS [TEST_ROWS]]    synthetic purchases: 20 numbers, 4 categories
 *   mlp_bench fit FILE [threads=2] [repeat=1] [seed=1] [name=value ...]    options of mlp
 *
 * The file, little-endian: int64 train, validation and test rows, numbers,
 * categories, classes (0: number target); int32 block sizes; float64 target mean
 * and scale; float32 columns (standardized); int32 columns (positions in their
 * block); float64 targets. mlp_peer.py reads the same file.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../src/core/hash.h"
#include "../../src/core/threads.h"
#include "../../src/models/learner.h"
#include "bench.h"

typedef struct Data
{
	int64_t		train,
				validation,
				test,
				n_dense,
				n_lookup,
				n_classes;
	double		target[2];		/* mean, scale */
	ShopperTable table;
} Data;

/* ---- synthetic purchases ---- */

#define NUMBERS 20
#define CATEGORIES 4
static const int sizes[CATEGORIES] = {3, 12, 50, 500};

/* Raw numbers f (skewed counts and measures), categories k and the outcome of row i. */
static double
make_row(uint64_t i, double *f, int *k)
{
	double		u[NUMBERS + CATEGORIES + 1];
	double		z;

	for (int j = 0; j < NUMBERS + CATEGORIES + 1; j++)
		u[j] = shopper_uniform(11, (uint64_t) j, i);
	for (int j = 0; j < 6; j++)
		f[j] = floor((6 + 4 * j) * pow(u[j], 2.0 + 0.3 * j));
	for (int j = 6; j < 12; j++)
		f[j] = exp(0.8 * shopper_normal(12, (uint64_t) j, i));
	for (int j = 12; j < NUMBERS; j++)
		f[j] = u[j];
	for (int j = 0; j < CATEGORIES; j++)
		k[j] = (int) (sizes[j] * pow(u[NUMBERS + j], 1.8));
	z = -3.6 + 0.5 * f[0] * 0.3 + 0.3 * log(1 + f[2]) + 0.9 * sin(6.28 * f[12] + 0.7)
		+ (f[7] > 1.2 && f[13] > 0.6 ? 1.3 : 0) - 5 * (f[14] - 0.5) * (f[14] - 0.5)
		+ 0.6 * log(f[8]) * (f[3] > 3 ? 1 : -0.3) + (k[0] == 0 && f[9] > 1 ? -1.0 : 0.2)
		+ 0.5 * sin(k[1] * 12.9898 + 1) + 0.35 * sin(k[2] * 7.233) + 0.7 * sin(k[3] * 3.717 + 0.5);
	return u[NUMBERS + CATEGORIES] < 1 / (1 + exp(-z));
}

static int
make(const char *path, int64_t train, int64_t test)
{
	int64_t		n = train + test;
	int64_t		head[6] = {train, 0, test, NUMBERS, CATEGORIES, 2};
	double		target[2] = {0, 1};
	float	   *dense = malloc((size_t) (n * NUMBERS) * sizeof(float));
	int32_t    *lookup = malloc((size_t) (n * CATEGORIES) * sizeof(int32_t));
	double	   *y = malloc((size_t) n * sizeof(double));
	FILE	   *file = fopen(path, "wb");
	double		f[NUMBERS];
	int			k[CATEGORIES];

	if (dense == NULL || lookup == NULL || y == NULL || file == NULL)
		return 1;
	for (int64_t i = 0; i < n; i++)
	{
		y[i] = make_row((uint64_t) i, f, k);
		for (int j = 0; j < NUMBERS; j++)
			dense[j * n + i] = (float) f[j];
		for (int j = 0; j < CATEGORIES; j++)
			lookup[j * n + i] = k[j];
	}
	for (int j = 0; j < NUMBERS; j++)
	{
		double		sum = 0,
					squares = 0;

		for (int64_t i = 0; i < train; i++)
			sum += dense[j * n + i];
		for (int64_t i = 0; i < train; i++)
			squares += pow(dense[j * n + i] - sum / (double) train, 2);
		for (int64_t i = 0; i < n; i++)
			dense[j * n + i] = (float) ((dense[j * n + i] - sum / (double) train) / sqrt(squares / (double) train));
	}
	fwrite(head, sizeof(head), 1, file);
	fwrite(sizes, sizeof(sizes), 1, file);
	fwrite(target, sizeof(target), 1, file);
	fwrite(dense, sizeof(float), (size_t) (n * NUMBERS), file);
	fwrite(lookup, sizeof(int32_t), (size_t) (n * CATEGORIES), file);
	fwrite(y, sizeof(double), (size_t) n, file);
	return fclose(file) != 0;
}

/* ---- fitting ---- */

static void
get(FILE *file, void *to, size_t size)
{
	if (size > 0 && fread(to, size, 1, file) != 1)
	{
		fprintf(stderr, "short file\n");
		exit(1);
	}
}

static void
load(ShopperEnv *env, const char *path, Data *d)
{
	FILE	   *file = fopen(path, "rb");
	size_t		n;

	if (file == NULL)
	{
		perror(path);
		exit(1);
	}
	get(file, d, 6 * sizeof(int64_t));
	n = (size_t) (d->train + d->validation + d->test);
	bench_check(env, shopper_table_make(env, &d->table, false, (int64_t) n, (int) d->n_dense, (int) d->n_lookup, (int) d->n_classes));
	get(file, d->table.size, (size_t) d->n_lookup * sizeof(int));
	get(file, d->target, sizeof(d->target));
	for (int j = 0; j < d->n_dense; j++)
		get(file, d->table.dense32[j], n * sizeof(float));
	for (int k = 0; k < d->n_lookup; k++)
		get(file, d->table.lookup[k], n * sizeof(int32_t));
	for (size_t i = 0; i < n; i++)
	{
		double		y;

		get(file, &y, sizeof(y));
		if (d->n_classes > 0)
			d->table.y_class[i] = (int32_t) y;
		else
			d->table.y[i] = y;
	}
	fclose(file);
}

static int
compare_pairs(const void *a, const void *b)
{
	const double *x = a,
			   *y = b;

	return x[0] < y[0] ? -1 : x[0] > y[0];
}

/* AUC by ranks, ties at half (class targets), or RMSE. */
static double
quality(const ShopperModel *model, const Data *d)
{
	int64_t		from = d->train + d->validation;
	int			outputs = d->n_classes > 0 ? (int) d->n_classes : 1;
	double	   *out = malloc((size_t) (d->test * outputs) * sizeof(double));
	double	   *pair = malloc((size_t) d->test * 2 * sizeof(double));
	double		sum = 0,
				positives = 0,
				errors = 0;

	model->learner->predict_block(model, &d->table, from, from + d->test, out);
	for (int64_t i = 0; i < d->test; i++)
	{
		pair[2 * i] = out[i * outputs + outputs - 1];
		pair[2 * i + 1] = d->n_classes > 0 ? d->table.y_class[from + i] == outputs - 1 : d->table.y[from + i];
		errors += (pair[2 * i] - pair[2 * i + 1]) * (pair[2 * i] - pair[2 * i + 1]);
	}
	if (d->n_classes > 0)
		qsort(pair, (size_t) d->test, 2 * sizeof(double), compare_pairs);
	for (int64_t i = 0, end; i < d->test && d->n_classes > 0; i = end)
	{
		double		here = 0;

		for (end = i; end < d->test && pair[2 * end] == pair[2 * i]; end++)
			here += pair[2 * end + 1];
		sum += here * ((double) (i + end + 1) / 2);
		positives += here;
	}
	free(out);
	free(pair);
	if (d->n_classes == 0)
		return sqrt(errors / (double) d->test);
	return (sum - positives * (positives + 1) / 2) / (positives * ((double) d->test - positives));
}

/* Nanoseconds of one predict() call, over the test rows. */
static double
predict_time(const ShopperModel *model, const Data *d)
{
	int64_t		rows = d->test < 20000 ? d->test : 20000;
	double	   *dense = malloc((size_t) (rows * d->n_dense + 1) * sizeof(double));
	int32_t    *lookup = malloc((size_t) (rows * d->n_lookup + 1) * sizeof(int32_t));
	double		out[4096],
				start;

	for (int64_t i = 0; i < rows; i++)
	{
		for (int64_t j = 0; j < d->n_dense; j++)
			dense[i * d->n_dense + j] = d->table.dense32[j][d->train + i];
		for (int64_t k = 0; k < d->n_lookup; k++)
			lookup[i * d->n_lookup + k] = d->table.lookup[k][d->train + i];
	}
	start = bench_now();
	for (int64_t i = 0; i < rows; i++)
		model->learner->predict(model, dense + i * d->n_dense, lookup + i * d->n_lookup, out);
	start = bench_now() - start;
	free(dense);
	free(lookup);
	return start * 1e9 / (double) rows;
}

static void
set_option(ShopperEnv *env, ShopperModel *model, const char *name, char *value)
{
	const ShopperOption *option = shopper_option(&model->options, name)->option;
	ShopperRaw	raw = {.text = value};
	ShopperRaw	element[64];

	raw.kind = option->type == SHOPPER_BOOLEAN ? SHOPPER_RAW_BOOLEAN :
		option->type == SHOPPER_NUMBER || option->type == SHOPPER_INTEGER ? SHOPPER_RAW_NUMBER : SHOPPER_RAW_STRING;
	if (option->type == SHOPPER_INTEGERS)
	{
		raw.kind = SHOPPER_RAW_ARRAY;
		raw.element = element;
		for (char *word = strtok(value, ","); word != NULL && raw.n < 64; word = strtok(NULL, ","))
			element[raw.n++] = (ShopperRaw) {.kind = SHOPPER_RAW_NUMBER, .text = word};
	}
	bench_check(env, shopper_options_set(env, &model->options, "mlp", name, &raw));
}

static int
fit(int argc, char **argv)
{
	ShopperEnv	env = bench_env(2);
	ShopperSpec spec = {0};
	ShopperModel model = {.learner = shopper_learner_by_name("mlp"), .spec = &spec};
	Data		d;
	int			repeat = 1;

	load(&env, argv[2], &d);
	model.task = d.n_classes > 0 ? SHOPPER_CLASSIFY : SHOPPER_REGRESS;
	spec.target_mean = d.target[0];
	spec.target_scale = d.target[1];
	bench_check(&env, shopper_options_init(&env, &model.options, model.learner->options, NULL));
	for (int i = 3; i < argc; i++)
	{
		char	   *value = strchr(argv[i], '=');

		if (value == NULL)
			return 1;
		*value++ = '\0';
		if (strcmp(argv[i], "threads") == 0)
			env.threads = atoi(value);
		else if (strcmp(argv[i], "repeat") == 0)
			repeat = atoi(value);
		else if (strcmp(argv[i], "seed") == 0)
			env.seed = (uint64_t) atoll(value);
		else
			set_option(&env, &model, argv[i], value);
	}
	env.pool = shopper_pool_create(&env, env.threads);
	for (int i = 0; i < repeat; i++)
	{
		ShopperTable table = d.table;
		double		start = bench_now();

		table.n_train = d.train;
		table.n = d.train + d.validation;
		model.n_steps = 0;
		bench_check(&env, model.learner->train_rows(&env, &model, &table, NULL));
		printf("fit %.3f s, %s %.6f, %lld steps of history, predict %.0f ns\n", bench_now() - start,
			   d.n_classes > 0 ? "auc" : "rmse", quality(&model, &d), (long long) model.n_steps, predict_time(&model, &d));
	}
	shopper_pool_end(env.pool);
	return 0;
}

int
main(int argc, char **argv)
{
	if (argc >= 3 && strcmp(argv[1], "make") == 0)
		return make(argv[2], argc > 3 ? atoll(argv[3]) : 1000000, argc > 4 ? atoll(argv[4]) : 200000);
	if (argc >= 3 && strcmp(argv[1], "fit") == 0)
		return fit(argc, argv);
	fprintf(stderr, "usage: mlp_bench make FILE [ROWS [TEST_ROWS]] | fit FILE [threads=2] [repeat=1] [seed=1] [name=value ...]\n");
	return 2;
}
