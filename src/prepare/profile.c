/*
 * profile.c: see profile.h.
 *
 * Values wait in blocks, a column after the other, so that columns can be worked on side by side. Keys are
 * integers whose unsigned order is that of the values: one radix sort serves all kinds of numbers and gives
 * quantiles, distinct and frequent values at once.
 */
#include "profile.h"

#include <math.h>

#include "../core/hash.h"
#include "../core/sort.h"
#include "../core/threads.h"

#define REGISTER_BITS 14
#define REGISTERS (1 << REGISTER_BITS)
#define BLOCK_VALUES (1 << 21)	/* of all columns */
#define SIDE_BY_SIDE 8			/* columns that are sorted together */
#define STREAM 0x70726f66		/* of random numbers */

ShopperStatus
shopper_profile_init(ShopperProfile *f, ShopperEnv *env, int p, int64_t budget)
{
	f->env = env;
	f->p = p;
	f->sample = budget;			/* divided among the columns when their kinds are known */
	SHOPPER_NEW0(env, f->column, p);
	return SHOPPER_OK;
}

static int64_t
between(int64_t x, int64_t low, int64_t high)
{
	return x < low ? low : x > high ? high : x;
}

ShopperStatus
shopper_profile_begin(ShopperProfile *f)
{
	int64_t		budget = f->sample / (f->p > 0 ? f->p : 1);

	f->sample = between(budget / (int64_t) sizeof(uint64_t), 20000, 1000000);
	f->levels = between(budget / 96, 2000, 1000000);
	f->block_rows = between(BLOCK_VALUES / (f->p > 0 ? f->p : 1), 256, 65536);
	for (int a = 0; a < f->p; a++)
	{
		ShopperProfileColumn *c = &f->column[a];

		c->least = UINT64_MAX;
		if (c->kind == SHOPPER_PROFILE_TEXT)
			SHOPPER_TRY(shopper_dictionary_init(&c->levels, f->env, SHOPPER_ID_TEXT));
		else
			SHOPPER_NEW(f->env, c->block, f->block_rows);
	}
	return SHOPPER_OK;
}

/* ---- keys ---- */

int64_t
shopper_profile_whole(uint64_t key)
{
	return (int64_t) (key ^ 0x8000000000000000ULL);
}

static double
unsortable(uint64_t key)
{
	uint64_t	bits = key >> 63 ? key ^ 0x8000000000000000ULL : ~key;
	double		x;

	memcpy(&x, &bits, sizeof(x));
	return x;
}

double
shopper_profile_value(const ShopperProfileColumn *c, uint64_t key)
{
	return c->kind == SHOPPER_PROFILE_INTEGER ? (double) shopper_profile_whole(key) : unsortable(key);
}

void
shopper_profile_number(ShopperProfileColumn *c, double x)
{
	if (x - x != 0)
		c->n_invalid++;
	else
		c->block[c->n_block++] = shopper_sortable(x);
}

/* ---- distinct values, estimated (Flajolet, Fusy, Gandouet, Meunier: HyperLogLog, 2007) ---- */

static void
note_distinct(ShopperProfileColumn *c, uint64_t hash)
{
	uint64_t	rest = hash << REGISTER_BITS | (uint64_t) 1 << (REGISTER_BITS - 1);
	uint8_t		rank = (uint8_t) (__builtin_clzll(rest) + 1),
			   *r = &c->registers[hash >> (64 - REGISTER_BITS)];

	if (rank > *r)
		*r = rank;
}

static double
estimate_distinct(const ShopperProfileColumn *c)
{
	double		sum = 0,
				m = REGISTERS,
				estimate;
	int			empty = 0;

	for (int i = 0; i < REGISTERS; i++)
	{
		sum += ldexp(1, -c->registers[i]);
		empty += c->registers[i] == 0;
	}
	estimate = 0.7213 / (1 + 1.079 / m) * m * m / sum;
	return estimate < 2.5 * m && empty > 0 ? m * log(m / empty) : estimate;
}

/* ---- texts ---- */

/* Forget the rarer half of the levels; those who come back are counted anew (lossy counting, Manku and Motwani 2002). */
static ShopperStatus
drop_rare_levels(ShopperProfile *f, ShopperProfileColumn *c)
{
	uint32_t   *new_code;

	if (c->registers == NULL)
		SHOPPER_NEW0(f->env, c->registers, REGISTERS);
	for (int64_t i = 0; i < c->levels.n; i++)
		note_distinct(c, shopper_dictionary_hash(&c->levels, i));
	SHOPPER_TRY(shopper_dictionary_sort(&c->levels, SHOPPER_BY_COUNT, &new_code));
	shopper_release(f->env, new_code);
	c->missed += c->levels.count[f->levels / 2];
	return shopper_dictionary_truncate(&c->levels, f->levels / 2);
}

static int
compare_bytes(const char *a, size_t a_length, const char *b, size_t b_length)
{
	int			order = memcmp(a, b, a_length < b_length ? a_length : b_length);

	return order != 0 ? order : (a_length > b_length) - (a_length < b_length);
}

static ShopperStatus
keep_text(ShopperEnv *env, char **kept, size_t *kept_length, const char *text, size_t length)
{
	shopper_release(env, *kept);
	*kept = shopper_strdup(env, text, length);
	*kept_length = length;
	return *kept == NULL ? env->status : SHOPPER_OK;
}

ShopperStatus
shopper_profile_text(ShopperProfile *f, ShopperProfileColumn *c, const char *text, size_t length)
{
	uint32_t	code;
	int64_t		known = c->levels.n;

	SHOPPER_TRY(shopper_dictionary_add_text(&c->levels, text, length, &code));
	c->levels.count[code]++;
	c->n++;
	if (c->levels.n == known)
		return SHOPPER_OK;
	if (c->first == NULL || compare_bytes(text, length, c->first, c->first_length) < 0)
		SHOPPER_TRY(keep_text(f->env, &c->first, &c->first_length, text, length));
	if (c->last == NULL || compare_bytes(text, length, c->last, c->last_length) > 0)
		SHOPPER_TRY(keep_text(f->env, &c->last, &c->last_length, text, length));
	return c->levels.n > f->levels ? drop_rare_levels(f, c) : SHOPPER_OK;
}

/* ---- blocks of numbers ---- */

/* Mean and powers of deviations of the block, then joined with those so far (Pebay 2008). */
static void
add_moments(ShopperProfileColumn *c)
{
	double		n = (double) c->n,
				k = (double) c->n_block,
				sum = 0,
				mean,
				m2 = 0,
				m3 = 0,
				gap,
				total = n + k;

	for (int64_t i = 0; i < c->n_block; i++)
		sum += shopper_profile_value(c, c->block[i]);
	mean = sum / k;
	for (int64_t i = 0; i < c->n_block; i++)
	{
		double		d = shopper_profile_value(c, c->block[i]) - mean;

		m2 += d * d;
		m3 += d * d * d;
	}
	gap = mean - c->mean;
	c->m3 += m3 + gap * gap * gap * n * k * (n - k) / (total * total) + 3 * gap * (n * m2 - k * c->m2) / total;
	c->m2 += m2 + gap * gap * n * k / total;
	c->mean += gap * k / total;
}

/* A random sample of all values so far (Li 1994, algorithm L): between two that enter, the others are only counted. */
static void
sample_block(ShopperProfileColumn *c, uint64_t seed, uint64_t stream, int64_t size)
{
	int64_t		i = 0;

	while (i < c->n_block && c->n_sample < size)
		c->sample[c->n_sample++] = c->block[i++];
	if (i == c->n_block)
		return;
	for (;;)
	{
		if (c->next > 0)
		{
			int64_t		at = c->next - c->n;

			if (at >= c->n_block)
				return;
			c->sample[shopper_below(shopper_random(seed, stream, (uint64_t) c->next * 4 + 1), (uint64_t) size)] = c->block[at];
		}
		else
		{
			c->next = size - 1;
			c->w = 1;
		}
		c->w *= exp(log(1 - shopper_uniform(seed, stream, (uint64_t) c->next * 4 + 2)) / (double) size);
		c->next += 1 + (int64_t) floor(log(1 - shopper_uniform(seed, stream, (uint64_t) c->next * 4 + 3)) / log1p(-c->w));
	}
}

static void
work_block(void *arg, int shard)
{
	ShopperProfile *f = arg;
	ShopperProfileColumn *c = &f->column[shard];

	if (c->n_block == 0)
		return;
	for (int64_t i = 0; i < c->n_block; i++)
	{
		c->least = c->block[i] < c->least ? c->block[i] : c->least;
		c->greatest = c->block[i] > c->greatest ? c->block[i] : c->greatest;
	}
	add_moments(c);
	if (c->registers != NULL)
	{
		if (c->n == c->n_sample)	/* they begin now */
			for (int64_t i = 0; i < c->n_sample; i++)
				note_distinct(c, shopper_mix64(c->sample[i] * 0x9e3779b97f4a7c15ULL + 1));
		for (int64_t i = 0; i < c->n_block; i++)
			note_distinct(c, shopper_mix64(c->block[i] * 0x9e3779b97f4a7c15ULL + 1));
	}
	sample_block(c, f->env->seed, STREAM + (uint64_t) shard, f->sample);
	c->n += c->n_block;
	c->n_block = 0;
}

static ShopperStatus
end_block(ShopperProfile *f)
{
	for (int a = 0; a < f->p; a++)
	{
		ShopperProfileColumn *c = &f->column[a];
		int64_t		need = c->n_sample + c->n_block < f->sample ? c->n_sample + c->n_block : f->sample;

		if (c->n_block > 0 && need > c->n_sample)
			SHOPPER_TRY(shopper_grow(f->env, &c->sample, &c->capacity, need, sizeof(uint64_t)));
		if (c->n_block > 0 && c->n + c->n_block > f->sample && c->registers == NULL)
			SHOPPER_NEW0(f->env, c->registers, REGISTERS);
	}
	SHOPPER_TRY(shopper_poll(f->env));
	shopper_parallel(f->env, f->p, work_block, f);
	return SHOPPER_OK;
}

ShopperStatus
shopper_profile_row(ShopperProfile *f)
{
	f->n++;
	return f->n % f->block_rows == 0 ? end_block(f) : SHOPPER_OK;
}

/* ---- results ---- */

/* Put a value before place `at` of the most frequent ones. */
static void
insert_top(ShopperProfileColumn *c, int at, uint64_t value, double count)
{
	if (c->n_top < SHOPPER_PROFILE_TOP)
		c->n_top++;
	for (int i = c->n_top - 1; i > at; i--)
	{
		c->top[i] = c->top[i - 1];
		c->top_count[i] = c->top_count[i - 1];
	}
	c->top[at] = value;
	c->top_count[at] = count;
}

/* Values come rising: of equally frequent ones the least stays first. */
static void
note_number(ShopperProfileColumn *c, uint64_t key, double count)
{
	int			at = c->n_top;

	while (at > 0 && c->top_count[at - 1] < count)
		at--;
	if (at < SHOPPER_PROFILE_TOP)
		insert_top(c, at, key, count);
}

static int
compare_levels(const ShopperProfileColumn *c, uint64_t a, uint64_t b)
{
	const ShopperDictionary *d = &c->levels;

	return compare_bytes(d->bytes + d->start[a], (size_t) d->length[a], d->bytes + d->start[b], (size_t) d->length[b]);
}

/* Levels come in any order: of equally frequent ones the first by bytes goes first. */
static void
note_level(ShopperProfileColumn *c, uint64_t code, double count)
{
	int			at = c->n_top;

	while (at > 0 && (c->top_count[at - 1] < count || (c->top_count[at - 1] == count && compare_levels(c, code, c->top[at - 1]) < 0)))
		at--;
	if (at < SHOPPER_PROFILE_TOP)
		insert_top(c, at, code, count);
}

/* As percentile_cont. */
static double
quantile(const ShopperProfileColumn *c, double share)
{
	double		at = share * (double) (c->n_sample - 1),
				low;
	int64_t		below = (int64_t) floor(at);

	low = shopper_profile_value(c, c->sample[below]);
	if (below + 1 >= c->n_sample)
		return low;
	return low + (shopper_profile_value(c, c->sample[below + 1]) - low) * (at - (double) below);
}

/* Whole numbers get bins of a whole width, so that none holds more of them than another. */
static void
draw(ShopperProfileColumn *c)
{
	bool		whole = c->kind == SHOPPER_PROFILE_INTEGER;
	double		low = whole ? floor(c->quantile[0]) : c->quantile[0],
				range = c->quantile[SHOPPER_PROFILE_QUANTILES - 1] - low,
				width = whole ? ceil((range + 1) / SHOPPER_PROFILE_BINS) : range / SHOPPER_PROFILE_BINS;

	c->bins = whole ? (int) ceil((range + 1) / width) : width > 0 ? SHOPPER_PROFILE_BINS : 1;
	for (int64_t i = 0; i < c->n_sample; i++)
	{
		double		place = width > 0 ? floor((shopper_profile_value(c, c->sample[i]) - low) / width) : 0;

		c->bin[place < 0 ? 0 : place >= c->bins ? c->bins - 1 : (int) place]++;
	}
}

typedef struct Sorting
{
	ShopperProfile *f;
	int			first;			/* column */
	uint64_t   *spare[SIDE_BY_SIDE];
} Sorting;

static void
describe_numbers(void *arg, int shard)
{
	static const double share[SHOPPER_PROFILE_QUANTILES] = {0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99};
	Sorting    *s = arg;
	ShopperProfileColumn *c = &s->f->column[s->first + shard];
	int64_t		run = 0,
				distinct = 0;
	double		scale;

	if (c->kind == SHOPPER_PROFILE_TEXT || c->n == 0)
		return;
	shopper_sort_keys(c->sample, s->spare[shard], c->n_sample);
	scale = (double) c->n / (double) c->n_sample;
	for (int64_t i = 0; i < c->n_sample; i++)
	{
		run++;
		if (i + 1 < c->n_sample && c->sample[i] == c->sample[i + 1])
			continue;
		distinct++;
		if (c->n_top < SHOPPER_PROFILE_TOP || (double) run * scale > c->top_count[SHOPPER_PROFILE_TOP - 1])
			note_number(c, c->sample[i], (double) run * scale);
		run = 0;
	}
	c->distinct_exact = c->registers == NULL;
	c->distinct = c->registers == NULL ? (double) distinct : fmin(fmax(estimate_distinct(c), (double) distinct), (double) c->n);
	for (int i = 0; i < SHOPPER_PROFILE_QUANTILES; i++)
		c->quantile[i] = quantile(c, share[i]);
	/* Massart 1990: the distribution of a sample is that far from the truth with probability 2 exp(-2 n e^2) at most */
	c->rank_error = c->registers == NULL ? 0 : sqrt(log(2 / 0.0001) / (2 * (double) c->n_sample));
	c->sd = c->n > 1 ? sqrt(c->m2 / (double) (c->n - 1)) : NAN;
	c->skew = c->m2 > 0 ? sqrt((double) c->n) * c->m3 / pow(c->m2, 1.5) : NAN;
	draw(c);
}

static ShopperStatus
describe_levels(ShopperProfile *f, ShopperProfileColumn *c)
{
	if (c->registers != NULL)
		for (int64_t i = 0; i < c->levels.n; i++)
			note_distinct(c, shopper_dictionary_hash(&c->levels, i));
	c->distinct_exact = c->registers == NULL;
	c->distinct = c->registers == NULL ? (double) c->levels.n : fmin(fmax(estimate_distinct(c), (double) c->levels.n), (double) c->n);
	for (int64_t i = 0; i < c->levels.n; i++)
	{
		if ((i & 0xffff) == 0)
			SHOPPER_TRY(shopper_poll(f->env));
		note_level(c, (uint64_t) i, (double) c->levels.count[i]);
	}
	return SHOPPER_OK;
}

ShopperStatus
shopper_profile_finish(ShopperProfile *f)
{
	Sorting		s = {.f = f};
	int64_t		most = 1;

	SHOPPER_TRY(end_block(f));
	for (int a = 0; a < f->p; a++)
	{
		shopper_release(f->env, f->column[a].block);
		f->column[a].block = NULL;
		if (f->column[a].kind == SHOPPER_PROFILE_TEXT)
			SHOPPER_TRY(describe_levels(f, &f->column[a]));
		else if (f->column[a].n_sample > most)
			most = f->column[a].n_sample;
	}
	for (int i = 0; i < SIDE_BY_SIDE; i++)
		SHOPPER_NEW(f->env, s.spare[i], most);
	for (s.first = 0; s.first < f->p; s.first += SIDE_BY_SIDE)
	{
		SHOPPER_TRY(shopper_poll(f->env));
		shopper_parallel(f->env, f->p - s.first < SIDE_BY_SIDE ? f->p - s.first : SIDE_BY_SIDE, describe_numbers, &s);
	}
	for (int i = 0; i < SIDE_BY_SIDE; i++)
		shopper_release(f->env, s.spare[i]);
	return SHOPPER_OK;
}
