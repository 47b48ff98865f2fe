/* bayes_fit.c: counting for naive Bayes: weights, means and squares of numbers, weights of levels, by class. */
#include "bayes.h"

#include <string.h>

#include "../../core/simd.h"
#include "../../core/threads.h"

#define BLOCK 4096				/* rows whose mean is found first: they stay in the cache */
#define WINDOW 65536			/* rows of all columns between polls */
#define LANES 4
#define SCRATCH (2 * LANES + 1)
#define FEW_CLASSES 4

typedef struct Counting
{
	const ShopperTable *t;
	ShopperBayes *b;
	double	   *scratch;		/* (n_dense)(SCRATCH)(K) means, weights and sums */
	int64_t		from,
				to;
} Counting;

/* Weights and sums, or squares of what differs from the mean, of the rows of each class: lanes by row number, then classes. */
static void
add_by_class(const double *x, const int32_t *y, const double *weight, int64_t n, int k, const double *mean, double *count, double *sum)
{
	for (int64_t i = 0; i < n; i++)
		if (x[i] == x[i])
		{
			int64_t		at = (i & (LANES - 1)) * k + y[i];
			double		w = weight != NULL ? weight[i] : 1,
						d = mean != NULL ? x[i] - mean[y[i]] : x[i];

			count[at] += w;
			sum[at] += mean != NULL ? w * d * d : w * d;
		}
}

typedef double Lanes __attribute__((vector_size(8 * LANES)));
typedef int64_t Marks __attribute__((vector_size(8 * LANES)));
typedef int32_t Classes __attribute__((vector_size(4 * LANES)));

/* The same for one of few classes: rows of others add 0, so that the lanes can be a register. */
static inline __attribute__((always_inline)) void
add_lanes_of(const double *x, const int32_t *y, const double *weight, int64_t n, int c, bool squares, double center, double *count, double *sum)
{
	Lanes		counts = {0},
				sums = {0};

	for (int64_t i = 0; i < n; i += LANES)
	{
		Lanes		v,
					w = {1, 1, 1, 1},
					d;
		Classes		class;
		Marks		counted;

		memcpy(&v, x + i, sizeof(v));
		memcpy(&class, y + i, sizeof(class));
		if (weight != NULL)
			memcpy(&w, weight + i, sizeof(w));
		counted = (__builtin_convertvector(class, Marks) == c) & (v == v);
		d = v - center;
		counts += (Lanes) ((Marks) w & counted);
		sums += (Lanes) ((Marks) (squares ? w * d * d : w * d) & counted);
	}
	memcpy(count, &counts, sizeof(counts));
	memcpy(sum, &sums, sizeof(sums));
}

static SHOPPER_CLONES void
add_one_class(const double *x, const int32_t *y, const double *weight, int64_t n, int c, const double *mean, double *count, double *sum)
{
	if (weight == NULL && mean == NULL)
		add_lanes_of(x, y, NULL, n, c, false, 0, count, sum);
	else if (weight == NULL)
		add_lanes_of(x, y, NULL, n, c, true, mean[c], count, sum);
	else if (mean == NULL)
		add_lanes_of(x, y, weight, n, c, false, 0, count, sum);
	else
		add_lanes_of(x, y, weight, n, c, true, mean[c], count, sum);
}

static void
add_rows(const double *x, const int32_t *y, const double *weight, int64_t n, int k, const double *mean, double *count, double *sum)
{
	int64_t		whole = k <= FEW_CLASSES ? n - n % LANES : 0;

	memset(count, 0, (size_t) (LANES * k) * sizeof(double));
	memset(sum, 0, (size_t) (LANES * k) * sizeof(double));
	for (int c = 0; c < k && whole > 0; c++)
	{
		double		counts[LANES],
					sums[LANES];

		add_one_class(x, y, weight, whole, c, mean, counts, sums);
		for (int l = 0; l < LANES; l++)
		{
			count[l * k + c] = counts[l];
			sum[l * k + c] = sums[l];
		}
	}
	add_by_class(x + whole, y + whole, weight != NULL ? weight + whole : NULL, n - whole, k, mean, count, sum);
}

static double
add_lanes(const double *lane, int k, int c)
{
	return (lane[c] + lane[2 * k + c]) + (lane[k + c] + lane[3 * k + c]);
}

/* Moments of one block of a column: sums first, then squares of what differs from their means. */
static void
count_block(const Counting *f, int j, int64_t from, int64_t to, double *scratch)
{
	const ShopperTable *t = f->t;
	const double *x = t->dense[j] + from,
			   *weight = t->weight != NULL ? t->weight + from : NULL;
	const int32_t *y = t->y_class + from;
	int			k = f->b->n_classes;
	ShopperMoments *moments = f->b->moments + (size_t) j * (size_t) k;
	double	   *mean = scratch,
			   *count = mean + k,
			   *sum = count + LANES * k;

	add_rows(x, y, weight, to - from, k, NULL, count, sum);
	for (int c = 0; c < k; c++)
		mean[c] = add_lanes(count, k, c) > 0 ? add_lanes(sum, k, c) / add_lanes(count, k, c) : 0;
	add_rows(x, y, weight, to - from, k, mean, count, sum);
	for (int c = 0; c < k; c++)
	{
		ShopperMoments block = {add_lanes(count, k, c), mean[c], add_lanes(sum, k, c)};

		shopper_moments_merge(&moments[c], &block);
	}
}

/* One column, or the classes: rows [from, to). Columns are independent, so threads may share them out. */
static void
count_column(void *arg, int column)
{
	Counting   *f = arg;
	const ShopperTable *t = f->t;
	int			k = f->b->n_classes;

	if (column < t->n_dense)
	{
		double	   *scratch = f->scratch + (size_t) column * SCRATCH * (size_t) k;

		for (int64_t at = f->from; at < f->to; at += BLOCK)
			count_block(f, column, at, at + BLOCK < f->to ? at + BLOCK : f->to, scratch);
	}
	else if (column < t->n_dense + t->n_lookup)
	{
		int			g = column - t->n_dense;
		double	   *level = f->b->level[g];

		for (int64_t i = f->from; i < f->to; i++)
			if (t->lookup[g][i] >= 0 && t->lookup[g][i] < t->size[g])
				level[(int64_t) t->lookup[g][i] * k + t->y_class[i]] += t->weight != NULL ? t->weight[i] : 1;
	}
	else
		for (int64_t i = f->from; i < f->to; i++)
			f->b->weight[t->y_class[i]] += t->weight != NULL ? t->weight[i] : 1;
}

ShopperStatus
shopper_bayes_train(ShopperEnv *env, ShopperModel *model, ShopperTable *t, const ShopperModel *previous)
{
	Counting	f = {.t = t};
	int32_t   **moved;

	SHOPPER_TRY(shopper_bayes_new(env, model, &f.b));
	SHOPPER_NEW(env, f.scratch, (size_t) t->n_dense * SCRATCH * (size_t) f.b->n_classes);
	for (f.from = 0; f.from < t->n_train; f.from = f.to)
	{
		f.to = f.from + WINDOW < t->n_train ? f.from + WINDOW : t->n_train;
		shopper_parallel(env, t->n_dense + t->n_lookup + 1, count_column, &f);
		SHOPPER_TRY(shopper_poll(env));
	}
	shopper_release(env, f.scratch);
	if (previous == NULL)
		return shopper_bayes_finish(env, model, f.b);
	SHOPPER_TRY(shopper_bayes_merge(env, model, previous, &moved));
	for (int g = 0; g < t->n_lookup; g++)	/* the rows at hand are measured with the united levels */
	{
		t->size[g] = model->spec->category[g].n_levels;
		for (int64_t i = 0; i < t->n; i++)
			t->lookup[g][i] = t->lookup[g][i] < 0 ? -1 : moved[g][t->lookup[g][i]];
		SHOPPER_TRY(shopper_poll(env));
	}
	return SHOPPER_OK;
}
