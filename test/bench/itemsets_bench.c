/*
 * itemsets_bench.c: time of mining item sets alone, from a text file of transactions.
 *
 * usage: itemsets_bench FILE SUPPORT METHOD RUNS [MAX_LENGTH]
 *
 * METHOD is lcm or apriori. Prints medians of time(support) - time(100 %), once
 * counting the sets by length, once keeping them, and the sets by length.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../../src/models/rules/mine.h"

typedef struct Block
{
	struct Block *next;
	struct Block *previous;
} Block;

static Block blocks = {&blocks, &blocks};

static void *
bench_alloc(void *ctx, size_t size)
{
	Block	   *b = malloc(sizeof(Block) + size);

	(void) ctx;
	b->next = blocks.next;
	b->previous = &blocks;
	blocks.next->previous = b;
	blocks.next = b;
	return b + 1;
}

static void *
bench_resize(void *ctx, void *p, size_t size)
{
	Block	   *b = realloc((Block *) p - 1, sizeof(Block) + size);

	(void) ctx;
	b->next->previous = b;
	b->previous->next = b;
	return b + 1;
}

static void
bench_release(void *ctx, void *p)
{
	Block	   *b = (Block *) p - 1;

	(void) ctx;
	b->next->previous = b->previous;
	b->previous->next = b->next;
	free(b);
}

static void
release_all(void)
{
	while (blocks.next != &blocks)
		bench_release(NULL, blocks.next + 1);
}

static void
read_transactions(const char *path, ShopperTransactions *t)
{
	FILE	   *file = fopen(path, "r");
	char	   *line = NULL;
	size_t		size = 0;
	int64_t		lines = 0,
				items = 0;
	int64_t    *start = malloc(sizeof(int64_t));
	int32_t    *item = NULL;

	if (file == NULL)
	{
		perror(path);
		exit(1);
	}
	start[0] = 0;
	while (getline(&line, &size, file) > 0)
	{
		char	   *end = line;

		for (;;)
		{
			char	   *at = end;
			long		code = strtol(at, &end, 10);

			if (at == end)
				break;
			if ((items & (items - 1)) == 0)
				item = realloc(item, (size_t) (items ? 2 * items : 1) * sizeof(int32_t));
			item[items++] = (int32_t) code;
			if (code >= t->n_items)
				t->n_items = (int32_t) code + 1;
		}
		lines++;
		if ((lines & (lines - 1)) == 0)
			start = realloc(start, (size_t) (2 * lines + 1) * sizeof(int64_t));
		start[lines] = items;
	}
	free(line);
	fclose(file);
	t->n = lines;
	t->start = start;
	t->item = item;
}

static double
mine(const ShopperTransactions *t, const char *method, int64_t min_count, int max_length, bool keep, ShopperFound *found)
{
	ShopperEnv	env = {.alloc = bench_alloc, .resize = bench_resize, .release = bench_release, .threads = 1};
	ShopperMineLimits limits = {min_count, max_length, INT64_MAX / 4};
	struct timespec from,
				to;
	ShopperStatus status;

	found->keep = keep;
	clock_gettime(CLOCK_MONOTONIC, &from);
	status = (strcmp(method, "apriori") == 0 ? shopper_mine_apriori : shopper_mine_lcm) (&env, t, &limits, found);
	clock_gettime(CLOCK_MONOTONIC, &to);
	if (status != SHOPPER_OK)
	{
		fprintf(stderr, "%s\n", env.message);
		exit(1);
	}
	release_all();
	return 1e3 * (double) (to.tv_sec - from.tv_sec) + 1e-6 * (double) (to.tv_nsec - from.tv_nsec);
}

static int
compare(const void *a, const void *b)
{
	return (*(const double *) a > *(const double *) b) - (*(const double *) a < *(const double *) b);
}

int
main(int argc, char **argv)
{
	ShopperTransactions t = {0};
	ShopperFound found = {0},
				nothing;
	int			runs = argc > 4 ? atoi(argv[4]) : 5;
	int			max_length = argc > 5 ? atoi(argv[5]) : SHOPPER_MAX_SET_LENGTH;
	double		median[2];
	double	   *took = malloc((size_t) runs * sizeof(double));
	int64_t		min_count;

	if (argc < 4 || runs < 1)
	{
		fprintf(stderr, "usage: %s FILE SUPPORT lcm|apriori [RUNS [MAX_LENGTH]]\n", argv[0]);
		return 2;
	}
	read_transactions(argv[1], &t);
	min_count = shopper_min_count(atof(argv[2]), t.n);
	for (int keep = 0; keep < 2; keep++)
	{
		for (int run = 0; run < runs; run++)
		{
			double		base = mine(&t, argv[3], t.n, max_length, keep, &nothing);

			took[run] = mine(&t, argv[3], min_count, max_length, keep, &found) - base;
		}
		qsort(took, (size_t) runs, sizeof(double), compare);
		median[keep] = took[runs / 2];
	}
	printf("%-9s support %s: mining %9.2f ms  (keeping the sets %9.2f ms)  sets %lld ", argv[3], argv[2],
		   median[0], median[1], (long long) found.n);
	for (int length = 1; length <= SHOPPER_MAX_SET_LENGTH && found.by_length[length] > 0; length++)
		printf(" %d:%lld", length, (long long) found.by_length[length]);
	printf("\n");
	free(took);
	return 0;
}
