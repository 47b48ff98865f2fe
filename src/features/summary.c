/*
 * summary.c: what each number column of the training rows looks like: range, median,
 * mean, deviation. Needs no memory, so columns are done in parallel.
 */
#include "table.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../core/simd.h"
#include "../core/sort.h"
#include "../core/threads.h"

static inline double
value_at(const ShopperTable *t, int j, int64_t i)
{
	return t->wide ? t->dense[j][i] : (double) t->dense32[j][i];
}

#define SELECT_BITS 11
#define SELECT_BUFFER 2048

static int
compare_u64(const void *a, const void *b)
{
	return shopper_compare_keys(*(const uint64_t *) a, *(const uint64_t *) b);
}

static double
from_sortable(uint64_t key)
{
	double		x;

	key = (key >> 63) ? key ^ 0x8000000000000000ULL : ~key;
	memcpy(&x, &key, sizeof(x));
	return x;
}

/*
 * The key of the given rank (from 0) among the training values: digits of 11 bits
 * are fixed from the top until few candidates are left. *next gets the key of the
 * following rank. Needs no memory, so columns can be done in parallel.
 */
static uint64_t
select_rank(const ShopperTable *t, int j, int64_t rank, uint64_t *next)
{
	uint64_t	prefix = 0,
				mask = 0,
				candidate[SELECT_BUFFER];
	int64_t		inside = INT64_MAX,
				n = 0;

	for (int shift = 64 - SELECT_BITS; inside > SELECT_BUFFER && mask != UINT64_MAX; shift -= SELECT_BITS)
	{
		int64_t		count[1 << SELECT_BITS] = {0};
		int			digit = 0;
		int			at = shift > 0 ? shift : 0;

		for (int64_t i = 0; i < t->n_train; i++)
		{
			uint64_t	key = shopper_sortable(value_at(t, j, i));

			if ((key & mask) == prefix && key != UINT64_MAX)
				count[(key >> at) & ((1 << SELECT_BITS) - 1)]++;
		}
		if (shift < 0)			/* the last digit is short: its upper bits are fixed already */
			mask &= ~(uint64_t) ((1 << SELECT_BITS) - 1);
		while (rank >= count[digit])
			rank -= count[digit++];
		inside = count[digit];
		prefix = (prefix & mask) | (uint64_t) digit << at;
		mask |= (uint64_t) ((1 << SELECT_BITS) - 1) << at;
	}
	*next = UINT64_MAX;
	for (int64_t i = 0; i < t->n_train; i++)
	{
		uint64_t	key = shopper_sortable(value_at(t, j, i));

		if ((key & mask) == prefix && n < SELECT_BUFFER)
			candidate[n++] = key;
		else if ((key & mask) > prefix && key < *next)
			*next = key;
	}
	if (inside > SELECT_BUFFER)	/* every bit is fixed: all candidates are the same value */
	{
		if (rank + 1 < inside)
			*next = prefix;
		return prefix;
	}
	qsort(candidate, (size_t) n, sizeof(uint64_t), compare_u64);
	if (rank + 1 < n)
		*next = candidate[rank + 1];
	return candidate[rank];
}

/*
 * The middle by bracketing: the first rows are a random sample, so the median lies
 * between two of its quantiles close to the middle; one pass counts what is below
 * and bins what is between, a second collects one bin. False when luck fails.
 */
static bool
bracket_median(const ShopperTable *t, int j, int64_t present, double *result)
{
	uint64_t	key[SELECT_BUFFER];
	double		low,
				high,
				scale,
				least = INFINITY,
				most = -INFINITY,
				next = INFINITY;
	int64_t		count[SELECT_BUFFER] = {0};
	int64_t		n = 0,
				inside,
				rank = (present - 1) / 2;
	int			bin = 0;

	for (int64_t i = 0; i < t->n_train && n < SELECT_BUFFER; i++)
		if (value_at(t, j, i) == value_at(t, j, i))
			key[n++] = shopper_sortable(value_at(t, j, i));
	if (n < 512)
		return false;
	qsort(key, (size_t) n, sizeof(uint64_t), compare_u64);
	low = from_sortable(key[n * 46 / 100]);
	high = from_sortable(key[n * 54 / 100]);
	scale = (SELECT_BUFFER - 1) / (high > low ? high - low : 1);
	if (!(scale > 0 && scale < 1e300))
		return false;
	for (int64_t i = 0; i < t->n_train; i++)
	{
		double		x = value_at(t, j, i);

		rank -= x < low;
		if (x >= low && x <= high)	/* seldom: guessed right nearly always */
			count[(int) ((x - low) * scale)]++;
	}
	if (rank < 0)
		return false;
	while (bin < SELECT_BUFFER && rank >= count[bin])
		rank -= count[bin++];
	if (bin == SELECT_BUFFER)
		return false;
	n = 0;
	inside = count[bin];
	for (int64_t i = 0; i < t->n_train; i++)
	{
		double		x = value_at(t, j, i);

		if (x >= low && x <= high && (int) ((x - low) * scale) == bin)
		{
			least = x < least ? x : least;
			most = x > most ? x : most;
			if (n < SELECT_BUFFER)
				key[n++] = shopper_sortable(x);
		}
	}
	if (present % 2 == 0 && rank + 1 >= inside)
		for (int64_t i = 0; i < t->n_train; i++)
		{
			double		x = value_at(t, j, i);

			next = x > most && x < next ? x : next;
		}
	if (least == most)
		*result = least;
	else if (inside > SELECT_BUFFER)
		return false;
	else
	{
		qsort(key, (size_t) n, sizeof(uint64_t), compare_u64);
		*result = from_sortable(key[rank]);
	}
	if (present % 2 == 0)
		*result = 0.5 * *result + 0.5 * (rank + 1 >= inside ? next : least == most ? least : from_sortable(key[rank + 1]));
	return true;
}

/* The middle of the present values: the mean of the middle two. */
static double
median(const ShopperTable *t, int j, int64_t present)
{
	uint64_t	low,
				high;
	double		middle;

	if (present == 0)
		return 0;
	if (bracket_median(t, j, present, &middle))
		return middle;
	low = select_rank(t, j, (present - 1) / 2, &high);
	if (present % 2 == 1)
		high = low;
	return 0.5 * from_sortable(low) + 0.5 * from_sortable(high);
}

double
shopper_table_quantile(const ShopperTable *t, int j, double q)
{
	int64_t		present = 0;
	uint64_t	low,
				high;
	double		at;

	for (int64_t i = 0; i < t->n_train; i++)
		present += value_at(t, j, i) == value_at(t, j, i);
	if (present == 0)
		return 0;
	at = q * (double) (present - 1);
	low = select_rank(t, j, (int64_t) at, &high);
	at -= floor(at);
	return at > 0 ? from_sortable(low) * (1 - at) + from_sortable(high) * at : from_sortable(low);
}

typedef struct Summing
{
	const ShopperTable *t;
	ShopperSpec *spec;
	ShopperImpute impute;
	int			first;			/* column of the group at hand */
} Summing;

#define LANES 8

/* What the present ones of some values are; sums run in lanes, so that additions need not wait for one another. */
typedef struct Sight
{
	double		low[LANES];
	double		high[LANES];
	double		sum[LANES];
	double		squares[LANES]; /* of what differs from `center` */
	int64_t		present[LANES];
} Sight;

static inline __attribute__((always_inline)) void
look_at(Sight *s, int lane, double x, double center)
{
	bool		there = x == x;
	double		d = x - center;

	s->low[lane] = x < s->low[lane] ? x : s->low[lane];
	s->high[lane] = x > s->high[lane] ? x : s->high[lane];
	s->sum[lane] += there ? x : 0;
	s->squares[lane] += there ? d * d : 0;
	s->present[lane] += there;
}

static inline __attribute__((always_inline)) void
look(const double *wide, const float *narrow, int64_t n, double center, Sight *sight)
{
	Sight		s;

	for (int l = 0; l < LANES; l++)
	{
		s.low[l] = INFINITY;
		s.high[l] = -INFINITY;
		s.sum[l] = s.squares[l] = 0;
		s.present[l] = 0;
	}
	for (int64_t i = 0; i + LANES <= n; i += LANES)
		for (int l = 0; l < LANES; l++)
			look_at(&s, l, wide != NULL ? wide[i + l] : (double) narrow[i + l], center);
	for (int64_t i = n - n % LANES; i < n; i++)
		look_at(&s, (int) (i % LANES), wide != NULL ? wide[i] : (double) narrow[i], center);
	*sight = s;
}

static SHOPPER_CLONES void
look_wide(const double *x, int64_t n, double center, Sight *s)
{
	look(x, NULL, n, center, s);
}

static SHOPPER_CLONES void
look_narrow(const float *x, int64_t n, double center, Sight *s)
{
	look(NULL, x, n, center, s);
}

static void
look_at_column(const ShopperTable *t, int j, double center, Sight *s)
{
	if (t->wide)
		look_wide(t->dense[j], t->n_train, center, s);
	else
		look_narrow(t->dense32[j], t->n_train, center, s);
}

static double
sum_lanes(const double *lane)
{
	return ((lane[0] + lane[4]) + (lane[2] + lane[6])) + ((lane[1] + lane[5]) + (lane[3] + lane[7]));
}

/* One column's range, count of missing values and (two-pass, hence exact) mean and deviation of the present ones. */
static void
summarize_number(void *arg, int number_in_group)
{
	Summing    *s = arg;
	int			j = s->first + number_in_group;
	const ShopperTable *t = s->t;
	ShopperNumber *number = &s->spec->number[j];
	Sight		sight;
	double		low = INFINITY,
				high = -INFINITY,
				squares;
	int64_t		present = 0;

	look_at_column(t, j, 0, &sight);
	for (int l = 0; l < LANES; l++)
	{
		low = sight.low[l] < low ? sight.low[l] : low;
		high = sight.high[l] > high ? sight.high[l] : high;
		present += sight.present[l];
	}
	number->n_missing = t->n_train - present;
	number->low = present > 0 ? low : 0;
	number->high = present > 0 ? high : 0;
	number->mean = present > 0 ? sum_lanes(sight.sum) / (double) present : 0;
	look_at_column(t, j, number->mean, &sight);
	squares = sum_lanes(sight.squares);
	number->fill = s->impute == SHOPPER_IMPUTE_MEAN ? number->mean
		: s->impute == SHOPPER_IMPUTE_MEDIAN ? median(t, j, present) : 0;

	/* mean and deviation of the filled column, by Chan's rule for joining two samples */
	if (number->n_missing > 0)
	{
		double		gap = number->fill - number->mean;
		double		share = (double) number->n_missing / (double) t->n_train;

		number->mean += gap * share;
		squares += gap * gap * share * (double) present;
	}
	number->scale = t->n_train > 0 ? sqrt(squares / (double) t->n_train) : 0;
	number->flag = -1;
}

static ShopperStatus
count_levels(const ShopperTable *t, ShopperSpec *spec)
{
	for (int k = 0; k < spec->n_categories; k++)
	{
		ShopperCategory *category = &spec->category[k];

		SHOPPER_NEW0(t->env, category->count, category->n_levels);
		for (int64_t i = 0; i < t->n_train; i++)
			if (t->lookup[k][i] >= 0)
				category->count[t->lookup[k][i]]++;
		SHOPPER_TRY(shopper_poll(t->env));
	}
	return SHOPPER_OK;
}

ShopperStatus
shopper_table_summarize(ShopperTable *t, ShopperSpec *spec, ShopperImpute impute)
{
	Summing		s = {t, spec, impute, 0};
	int			group = t->env->threads > 1 ? t->env->threads : 1;

	for (; s.first < t->n_dense; s.first += group)	/* a column of a million rows takes some 10 ms */
	{
		shopper_parallel(t->env, t->n_dense - s.first < group ? t->n_dense - s.first : group, summarize_number, &s);
		SHOPPER_TRY(shopper_poll(t->env));
	}
	spec->n_dense = t->n_dense;
	return count_levels(t, spec);
}
