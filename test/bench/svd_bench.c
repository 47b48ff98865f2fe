/*
 * svd_bench.c: the svd learner on a file of ratings, without a server.
 *
 * usage: svd_bench FILE SEEDS THREADS [option=value ...]
 *
 * FILE has lines user,item,rating,test; test lines (1) are predicted from the others.
 * Prints for each seed the seconds of reading, of the fit (from sorted lines to the
 * finished model) and RMSE and MAE of the test ratings; with implicit=true instead
 * precision, recall and NDCG at 10 of the items that a user has in the test lines
 * (every line counts 1, candidates are the items the user has no training line for).
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../src/core/threads.h"
#include "../../src/models/learner.h"
#include "../../src/models/recommend/recommend.h"
#include "bench.h"

typedef struct Line
{
	int			user,
				item;
	float		rating;
	int			test;
} Line;

static Line *lines;
static int64_t n_lines;

static void
read_file(const char *path)
{
	FILE	   *file = fopen(path, "r");
	char		text[200];
	int64_t		capacity = 0;
	Line		l;

	if (file == NULL)
	{
		perror(path);
		exit(1);
	}
	while (fgets(text, sizeof(text), file) != NULL)
	{
		if (sscanf(text, "%d,%d,%f,%d", &l.user, &l.item, &l.rating, &l.test) != 4)
			continue;
		if (n_lines == capacity)
			lines = realloc(lines, (size_t) (capacity = capacity * 2 + 1024) * sizeof(Line));
		lines[n_lines++] = l;
	}
	fclose(file);
}

static void
set_options(ShopperEnv *env, ShopperModel *model, char **option, int n)
{
	bench_check(env, shopper_options_init(env, &model->options, model->learner->options, shopper_shape_options(model->learner->shape)));
	for (int i = 0; i < n; i++)
	{
		char	   *name = strdup(option[i]),
				   *value = strchr(name, '=');
		ShopperRaw	raw = {.kind = SHOPPER_RAW_NUMBER};

		if (value == NULL)
			continue;
		*value++ = '\0';
		raw.text = value;
		if (strcmp(value, "true") == 0 || strcmp(value, "false") == 0)
			raw.kind = SHOPPER_RAW_BOOLEAN;
		bench_check(env, shopper_options_set(env, &model->options, "svd", name, &raw));
		free(name);
	}
}

static void
collect(ShopperEnv *env, ShopperPairs *pairs, bool implicit)
{
	bench_check(env, shopper_pairs_init(pairs, env, SHOPPER_ID_INT, SHOPPER_ID_INT, !implicit, false));
	for (int64_t i = 0; i < n_lines; i++)
	{
		uint32_t	user,
					item;

		if (lines[i].test)
			continue;
		bench_check(env, shopper_dictionary_add_int(&pairs->left, lines[i].user, &user));
		bench_check(env, shopper_dictionary_add_int(&pairs->right, lines[i].item, &item));
		bench_check(env, shopper_pairs_add(pairs, user, item, lines[i].rating, 0));
	}
}

static double
test_ratings(ShopperEnv *env, const ShopperModel *model, double *mae)
{
	const ShopperDictionary *users,
			   *items;
	double		squared = 0,
				absolute = 0;
	int64_t		n = 0;

	bench_check(env, shopper_recommend_ids(env, model, &users, &items));
	for (int64_t i = 0; i < n_lines; i++)
	{
		double		rating;

		if (!lines[i].test)
			continue;
		bench_check(env, shopper_predict_rating(env, model, shopper_dictionary_find_int(users, lines[i].user),
										  shopper_dictionary_find_int(items, lines[i].item), &rating));
		squared += (rating - lines[i].rating) * (rating - lines[i].rating);
		absolute += fabs(rating - lines[i].rating);
		n++;
	}
	*mae = absolute / (double) n;
	return sqrt(squared / (double) n);
}

static int
by_user(const void *a, const void *b)
{
	const Line *x = a,
			   *y = b;

	return x->user != y->user ? (x->user > y->user) - (x->user < y->user) : (x->item > y->item) - (x->item < y->item);
}

/* Lines are sorted by user here. */
static void
test_top10(ShopperEnv *env, const ShopperModel *model, double *precision, double *recall, double *ndcg, int64_t *evaluated)
{
	const ShopperDictionary *users,
			   *items;
	ShopperItemFilter filter = {.n = 10,.exclude_seen = true};

	bench_check(env, shopper_recommend_ids(env, model, &users, &items));
	*precision = *recall = *ndcg = 0;
	*evaluated = 0;
	for (int64_t from = 0, to; from < n_lines; from = to)
	{
		int64_t		user = shopper_dictionary_find_int(users, lines[from].user),
					relevant = 0,
					hits = 0,
					n;
		double		gain = 0,
					ideal = 0;
		ShopperRecommendation *rows;

		for (to = from; to < n_lines && lines[to].user == lines[from].user; to++)
			relevant += lines[to].test;
		if (user < 0 || relevant == 0)
			continue;
		bench_check(env, shopper_recommend(env, model, user, &filter, &rows, &n));
		for (int64_t r = 0; r < n; r++)
			for (int64_t i = from; i < to; i++)
				if (lines[i].test && lines[i].item == items->integer[rows[r].code])
				{
					gain += 1 / log2((double) r + 2);
					hits++;
				}
		for (int64_t r = 0; r < relevant && r < 10; r++)
			ideal += 1 / log2((double) r + 2);
		*precision += (double) hits / 10;
		*recall += (double) hits / (double) relevant;
		*ndcg += gain / ideal;
		(*evaluated)++;
		free(rows);
	}
	*precision /= (double) *evaluated;
	*recall /= (double) *evaluated;
	*ndcg /= (double) *evaluated;
}

int
main(int argc, char **argv)
{
	double		sum = 0;
	int			seeds;
	ShopperEnv	env = bench_env(0);

	if (argc < 4)
	{
		fprintf(stderr, "usage: svd_bench FILE SEEDS THREADS [option=value ...]\n");
		return 2;
	}
	read_file(argv[1]);
	seeds = atoi(argv[2]);
	env.threads = atoi(argv[3]);
	env.pool = shopper_pool_create(&env, env.threads);
	for (int seed = 1; seed <= seeds; seed++)
	{
		ShopperModel model = {.learner = &shopper_learner_svd,.task = SHOPPER_RECOMMEND};
		ShopperPairs pairs;
		int64_t    *start;
		double		t0 = bench_now(),
					t1,
					t2,
					score,
					second,
					third;
		bool		implicit;

		env.seed = (uint64_t) seed;
		set_options(&env, &model, argv + 4, argc - 4);
		implicit = shopper_option_set(&model.options, "implicit") && shopper_option_boolean(&model.options, "implicit");
		collect(&env, &pairs, implicit);
		bench_check(&env, shopper_pairs_finish(&pairs, &start));
		t1 = bench_now();
		bench_check(&env, model.learner->train_ratings(&env, &model, &pairs, NULL));
		t2 = bench_now();
		printf("seed %d  read %.3f s  fit %.3f s  ", seed, t1 - t0, t2 - t1);
		if (implicit)
		{
			int64_t		users;

			qsort(lines, (size_t) n_lines, sizeof(Line), by_user);
			test_top10(&env, &model, &second, &third, &score, &users);
			printf("loss %.1f  precision@10 %.4f  recall@10 %.4f  ndcg@10 %.4f  users %lld\n",
				   model.metric[0].value, second, third, score, (long long) users);
		}
		else
		{
			score = test_ratings(&env, &model, &second);
			printf("train %.4f  rmse %.4f  mae %.4f\n", model.metric[0].value, score, second);
		}
		sum += score;
		fflush(stdout);
	}
	printf("mean of %d seeds %.4f\n", seeds, sum / seeds);
	shopper_pool_end(env.pool);
	return 0;
}
