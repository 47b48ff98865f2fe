/*
 * table.c: order, split and preparation of the training table.
 *
 * Peak memory: the columns and, while rows are sorted, 36 bytes a row (hash, order,
 * two arrays of pairs); then one spare column, as columns are permuted one at a time.
 */
#include "table.h"

#include <math.h>
#include <string.h>

#include "../core/hash.h"
#include "../core/simd.h"
#include "../core/sort.h"
#include "../core/threads.h"

#define SHARDS 256
#define GROUP 8					/* columns between two polls */
#define HASH_BLOCK 1024
#define HASH_WINDOW 262144

ShopperStatus
shopper_table_make(ShopperEnv *env, ShopperTable *t, bool wide, int64_t n, int n_dense, int n_lookup, int n_classes)
{
	memset(t, 0, sizeof(*t));
	t->env = env;
	t->wide = wide;
	t->n = t->n_train = t->capacity = n;
	t->n_dense = n_dense;
	t->n_lookup = n_lookup;
	t->n_classes = n_classes > 0 ? n_classes : 0;
	if (wide)
		SHOPPER_NEW0(env, t->dense, n_dense);
	else
		SHOPPER_NEW0(env, t->dense32, n_dense);
	for (int j = 0; j < n_dense; j++)
	{
		if (wide)
			SHOPPER_NEW0(env, t->dense[j], n);
		else
			SHOPPER_NEW0(env, t->dense32[j], n);
	}
	SHOPPER_NEW0(env, t->lookup, n_lookup);
	SHOPPER_NEW0(env, t->size, n_lookup);
	for (int k = 0; k < n_lookup; k++)
		SHOPPER_NEW0(env, t->lookup[k], n);
	if (n_classes > 0)
		SHOPPER_NEW0(env, t->y_class, n);
	else if (n_classes == 0)
		SHOPPER_NEW0(env, t->y, n);
	return SHOPPER_OK;
}

bool
shopper_table_valid(const ShopperTable *t)
{
	bool		valid = t->n_train >= 0 && t->n_train <= t->n && (t->y_class != NULL) == (t->n_classes > 0);

	for (int k = 0; k < t->n_lookup; k++)
		for (int64_t i = 0; i < t->n; i++)
			valid &= t->lookup[k][i] >= -1 && t->lookup[k][i] <= t->size[k];
	for (int64_t i = 0; i < t->n; i++)
		valid &= (t->y_class == NULL || (t->y_class[i] >= 0 && t->y_class[i] < t->n_classes)) &&
			(t->weight == NULL || t->weight[i] >= 0);
	return valid;
}

/* ---- canonical order ---- */

typedef struct Hashing
{
	const ShopperTable *t;
	uint64_t   *hash;
	int64_t		from;			/* the rows at hand */
	int64_t		to;
} Hashing;

/* One multiplication a value: the sum of a row is mixed well at its end. */
static inline uint64_t
chain(uint64_t hash, uint64_t value)
{
	hash = (hash ^ value) * 0x9e3779b97f4a7c15ULL;
	return hash ^ (hash >> 32);
}

static SHOPPER_CLONES void
chain_doubles(uint64_t *hash, const double *x, int64_t n)
{
	for (int64_t i = 0; i < n; i++)
		hash[i] = chain(hash[i], shopper_double_key(x[i]));
}

static SHOPPER_CLONES void
chain_floats(uint64_t *hash, const float *x, int64_t n)
{
	for (int64_t i = 0; i < n; i++)
		hash[i] = chain(hash[i], shopper_double_key((double) x[i]));
}

static SHOPPER_CLONES void
chain_codes(uint64_t *hash, const int32_t *code, int64_t n)
{
	for (int64_t i = 0; i < n; i++)
		hash[i] = chain(hash[i], (uint64_t) code[i]);
}

/* Hash of rows [from, from + n), column by column: few enough rows that their hashes stay in the first-level cache. */
static void
hash_block(const ShopperTable *t, int64_t from, int64_t n, uint64_t *hash)
{
	for (int64_t i = 0; i < n; i++)
		hash[i] = t->y_class ? (uint64_t) t->y_class[from + i] : t->y ? shopper_double_key(t->y[from + i]) : 0;
	for (int j = 0; j < t->n_dense; j++)
		if (t->wide)
			chain_doubles(hash, t->dense[j] + from, n);
		else
			chain_floats(hash, t->dense32[j] + from, n);
	for (int k = 0; k < t->n_lookup; k++)
		chain_codes(hash, t->lookup[k] + from, n);
	if (t->weight != NULL)
		chain_doubles(hash, t->weight + from, n);
	for (int64_t i = 0; t->held_out != NULL && i < n; i++)
		hash[i] = chain(hash[i], t->held_out[from + i]);
	if (t->time != NULL)
		chain_doubles(hash, t->time + from, n);
	for (int64_t i = 0; t->group != NULL && i < n; i++)
		hash[i] = chain(hash[i], t->group[from + i]);
	for (int64_t i = 0; i < n; i++)
		hash[i] = shopper_mix64(hash[i]);
}

static void
hash_shard(void *arg, int shard)
{
	Hashing    *h = arg;
	int64_t		from,
				to;

	shopper_shard_range(h->to - h->from, SHARDS, shard, &from, &to);
	from += h->from;
	to += h->from;
	for (int64_t at = from; at < to; at += HASH_BLOCK)
		hash_block(h->t, at, at + HASH_BLOCK < to ? HASH_BLOCK : to - at, h->hash + at);
}

/* In windows, with a poll between them. */
static ShopperStatus
hash_rows(Hashing *h)
{
	for (h->from = 0; h->from < h->t->n; h->from = h->to)
	{
		h->to = h->from + HASH_WINDOW < h->t->n ? h->from + HASH_WINDOW : h->t->n;
		shopper_parallel(h->t->env, SHARDS, hash_shard, h);
		SHOPPER_TRY(shopper_poll(h->t->env));
	}
	return SHOPPER_OK;
}

/* Full comparison of two rows with equal hashes; 0 only when they are the same row content. */
static int
compare_rows(const Hashing *h, uint32_t a, uint32_t b)
{
	const ShopperTable *t = h->t;
	int			c = 0;

	for (int j = 0; j < t->n_dense && c == 0; j++)
		c = t->wide ? shopper_compare_keys(shopper_double_key(t->dense[j][a]), shopper_double_key(t->dense[j][b]))
			: shopper_compare_keys(shopper_double_key((double) t->dense32[j][a]), shopper_double_key((double) t->dense32[j][b]));
	for (int k = 0; k < t->n_lookup && c == 0; k++)
		c = shopper_compare_keys((uint64_t) t->lookup[k][a], (uint64_t) t->lookup[k][b]);
	if (c == 0 && t->y_class != NULL)
		c = shopper_compare_keys((uint64_t) t->y_class[a], (uint64_t) t->y_class[b]);
	if (c == 0 && t->y != NULL)
		c = shopper_compare_keys(shopper_double_key(t->y[a]), shopper_double_key(t->y[b]));
	if (c == 0 && t->weight != NULL)
		c = shopper_compare_keys(shopper_double_key(t->weight[a]), shopper_double_key(t->weight[b]));
	if (c == 0 && t->held_out != NULL)
		c = shopper_compare_keys(t->held_out[a], t->held_out[b]);
	if (c == 0 && t->time != NULL)
		c = shopper_compare_keys(shopper_double_key(t->time[a]), shopper_double_key(t->time[b]));
	if (c == 0 && t->group != NULL)
		c = shopper_compare_keys(t->group[a], t->group[b]);
	return c;
}

/* Rows with equal hashes are nearly always equal rows, in any order the same; sort the others fully. */
static ShopperStatus
order_ties(const Hashing *h, uint32_t *order)
{
	for (int64_t i = 1; i < h->t->n; i++)
	{
		for (int64_t j = i; j > 0 && h->hash[order[j - 1]] == h->hash[order[j]] &&
			 compare_rows(h, order[j - 1], order[j]) > 0; j--)
		{
			uint32_t	swap = order[j];

			order[j] = order[j - 1];
			order[j - 1] = swap;
		}
		if (i % 65536 == 0)
			SHOPPER_TRY(shopper_poll(h->t->env));
	}
	return SHOPPER_OK;
}

/* Mark the latest rows as held out: those from the moment on at which `fraction` of the rows begins. */
static ShopperStatus
hold_out_latest(ShopperTable *t, double fraction)
{
	ShopperEnv *env = t->env;
	uint64_t   *key;
	uint32_t   *order;
	uint64_t	border;

	SHOPPER_NEW(env, key, t->n);
	SHOPPER_NEW(env, order, t->n);
	SHOPPER_NEW(env, t->held_out, t->n);
	for (int64_t i = 0; i < t->n; i++)
		key[i] = shopper_time_key(t->time[i]);
	SHOPPER_TRY(shopper_sort_order(env, key, order, t->n));
	border = key[order[t->n - 1 - (int64_t) ((double) (t->n - 1) * fraction)]];
	for (int64_t i = 0; i < t->n; i++)
		t->held_out[i] = key[i] >= border;
	shopper_release(env, key);
	shopper_release(env, order);
	return SHOPPER_OK;
}

/* Move held-out rows behind the others, keeping the order inside both parts. */
static ShopperStatus
split_rows(ShopperTable *t, uint32_t *order, double fraction)
{
	ShopperEnv *env = t->env;
	uint32_t   *held;
	int64_t		kept = 0,
				n_held = 0;
	int64_t    *left;			/* how many rows of each class still stay in training */
	int			classes = t->n_classes > 0 ? t->n_classes : 1;

	if (t->held_out == NULL && fraction <= 0)
	{
		t->n_train = t->n;
		return SHOPPER_OK;
	}
	if (t->held_out == NULL && t->time != NULL)
		SHOPPER_TRY(hold_out_latest(t, fraction));
	SHOPPER_NEW(env, held, t->n);
	SHOPPER_NEW0(env, left, classes);
	if (t->held_out == NULL)
	{
		for (int64_t i = 0; i < t->n; i++)
			left[t->y_class ? t->y_class[i] : 0]++;
		for (int c = 0; c < classes; c++)
			left[c] -= (int64_t) floor((double) left[c] * fraction + 0.5);
	}
	for (int64_t i = 0; i < t->n; i++)
	{
		uint32_t	row = order[i];
		bool		out = t->held_out ? t->held_out[row] != 0 : left[t->y_class ? t->y_class[row] : 0]-- <= 0;

		if (out)
			held[n_held++] = row;
		else
			order[kept++] = row;
	}
	memcpy(order + kept, held, (size_t) n_held * sizeof(uint32_t));
	t->n_train = kept;
	shopper_release(env, held);
	shopper_release(env, left);
	return SHOPPER_OK;
}

/* ---- moving the columns into that order ---- */

typedef struct Moving
{
	const ShopperTable *t;
	const uint32_t *order;
	const void *from;
	void	   *to;
	size_t		width;
} Moving;

static void
gather_shard(void *arg, int shard)
{
	Moving	   *m = arg;
	int64_t		from,
				to;

	shopper_shard_range(m->t->n, SHARDS, shard, &from, &to);
	if (m->width == 8)
		for (int64_t i = from; i < to; i++)
			((uint64_t *) m->to)[i] = ((const uint64_t *) m->from)[m->order[i]];
	else if (m->width == 4)
		for (int64_t i = from; i < to; i++)
			((uint32_t *) m->to)[i] = ((const uint32_t *) m->from)[m->order[i]];
	else
		for (int64_t i = from; i < to; i++)
			((uint8_t *) m->to)[i] = ((const uint8_t *) m->from)[m->order[i]];
}

/* Gather one column into the spare one; the old column becomes the next spare. */
static ShopperStatus
move_column(ShopperTable *t, const uint32_t *order, void *column, void **spare, size_t width)
{
	void	  **slot = column;
	Moving		m = {t, order, *slot, *spare, width};

	if (*slot == NULL)
		return SHOPPER_OK;
	if (m.to == NULL)
	{
		m.to = shopper_alloc(t->env, (size_t) t->n, width);
		if (m.to == NULL)
			return t->env->status;
	}
	shopper_parallel(t->env, SHARDS, gather_shard, &m);
	*slot = m.to;
	*spare = (void *) m.from;
	return shopper_poll(t->env);
}

static ShopperStatus
move_columns(ShopperTable *t, const uint32_t *order)
{
	void	   *wide = NULL,
			   *narrow = NULL,
			   *byte = NULL;

	for (int j = 0; j < t->n_dense; j++)
		SHOPPER_TRY(t->wide ? move_column(t, order, &t->dense[j], &wide, 8)
					: move_column(t, order, &t->dense32[j], &narrow, 4));
	SHOPPER_TRY(move_column(t, order, &t->y, &wide, 8));
	SHOPPER_TRY(move_column(t, order, &t->weight, &wide, 8));
	SHOPPER_TRY(move_column(t, order, &t->time, &wide, 8));
	SHOPPER_TRY(move_column(t, order, &t->group, &wide, 8));
	shopper_release(t->env, wide);
	for (int k = 0; k < t->n_lookup; k++)
		SHOPPER_TRY(move_column(t, order, &t->lookup[k], &narrow, 4));
	SHOPPER_TRY(move_column(t, order, &t->y_class, &narrow, 4));
	shopper_release(t->env, narrow);
	SHOPPER_TRY(move_column(t, order, &t->held_out, &byte, 1));
	shopper_release(t->env, byte);
	return SHOPPER_OK;
}

ShopperStatus
shopper_table_order(ShopperTable *t, double fraction)
{
	ShopperEnv *env = t->env;
	Hashing		h = {.t = t};
	uint32_t   *order;

	SHOPPER_NEW(env, h.hash, t->n);
	SHOPPER_TRY(hash_rows(&h));
	SHOPPER_NEW(env, order, t->n);
	SHOPPER_TRY(shopper_sort_hashes(env, h.hash, order, t->n));
	SHOPPER_TRY(order_ties(&h, order));
	shopper_release(env, h.hash);
	/* Equal rows are neighbours now; the shuffle keeps them from filling one minibatch. */
	shopper_shuffle(order, t->n, env->seed, 1);
	SHOPPER_TRY(shopper_poll(env));
	SHOPPER_TRY(split_rows(t, order, fraction));
	SHOPPER_TRY(move_columns(t, order));
	shopper_release(env, order);
	return SHOPPER_OK;
}

ShopperStatus
shopper_table_split(ShopperTable *t, double fraction)
{
	uint32_t   *order;

	SHOPPER_NEW(t->env, order, t->n);
	for (int64_t i = 0; i < t->n; i++)
		order[i] = (uint32_t) i;
	SHOPPER_TRY(split_rows(t, order, fraction));
	if (t->n_train < t->n)
		SHOPPER_TRY(move_columns(t, order));
	shopper_release(t->env, order);
	return SHOPPER_OK;
}

/* ---- preparing ---- */

typedef struct Standardizing
{
	const ShopperTable *t;
	const ShopperSpec *spec;
	int			first;			/* column of the group at hand */
} Standardizing;

static bool
constant(const ShopperNumber *number)
{
	/* rounding leaves a tiny deviation in a column of one large value */
	return number->low == number->high || !(number->scale > 1e-13 * fabs(number->mean));
}

/* Give the numbers that are sometimes missing in training a 0/1 column that says where. */
static void
plan_flags(ShopperSpec *spec, int64_t n_train)
{
	for (int j = 0; j < spec->n_numbers; j++)
		if (spec->number[j].n_missing > 0 && spec->number[j].n_missing < n_train)
			spec->number[j].flag = spec->n_dense++;
}

static ShopperStatus
add_flags(ShopperTable *t, const ShopperSpec *spec)
{
	ShopperEnv *env = t->env;
	double	  **dense = NULL;
	float	  **dense32 = NULL;

	if (spec->n_dense == t->n_dense)
		return SHOPPER_OK;
	if (t->wide)
	{
		SHOPPER_NEW(env, dense, spec->n_dense);
		memcpy(dense, t->dense, (size_t) t->n_dense * sizeof(*dense));
		t->dense = dense;
	}
	else
	{
		SHOPPER_NEW(env, dense32, spec->n_dense);
		memcpy(dense32, t->dense32, (size_t) t->n_dense * sizeof(*dense32));
		t->dense32 = dense32;
	}
	for (int j = 0; j < spec->n_numbers; j++)
	{
		int			flag = spec->number[j].flag;

		if (flag < 0)
			continue;
		if (t->wide)
		{
			SHOPPER_NEW(env, dense[flag], t->n);
			for (int64_t i = 0; i < t->n; i++)
				dense[flag][i] = dense[j][i] != dense[j][i];
		}
		else
		{
			SHOPPER_NEW(env, dense32[flag], t->n);
			for (int64_t i = 0; i < t->n; i++)
				dense32[flag][i] = dense32[j][i] != dense32[j][i];
		}
	}
	t->n_dense = spec->n_dense;
	return SHOPPER_OK;
}

static void
standardize_number(void *arg, int number_in_group)
{
	Standardizing *s = arg;
	const ShopperTable *t = s->t;
	int			j = s->first + number_in_group;
	const ShopperNumber number = s->spec->number[j];

	if (t->wide)
	{
		double	   *x = t->dense[j];

		for (int64_t i = 0; i < t->n; i++)
			x[i] = ((x[i] == x[i] ? x[i] : number.fill) - number.mean) / number.scale;
	}
	else
	{
		float	   *x = t->dense32[j];

		for (int64_t i = 0; i < t->n; i++)
			x[i] = (float) (((x[i] == x[i] ? (double) x[i] : number.fill) - number.mean) / number.scale);
	}
}

void
shopper_spec_lay_out(ShopperSpec *spec, bool drop_base, const int *base)
{
	spec->width = spec->n_dense;
	for (int k = 0; k < spec->n_categories; k++)
	{
		ShopperCategory *category = &spec->category[k];

		category->base = -1;
		if (drop_base && category->n_levels > 0)
		{
			category->base = 0;
			for (int c = 1; c < category->n_levels; c++)
				if (category->count[c] > category->count[category->base])
					category->base = c;
			if (base != NULL && base[k] >= 0)
				category->base = base[k];
		}
		category->size = category->n_levels - (category->base >= 0);
		category->offset = spec->width;
		spec->width += category->size;
	}
}

ShopperStatus
shopper_table_encode(ShopperTable *t, const ShopperSpec *spec)
{
	Standardizing s = {t, spec, 0};

	if (!spec->prepared)
		return SHOPPER_OK;
	SHOPPER_TRY(add_flags(t, spec));
	for (; s.first < spec->n_numbers; s.first += GROUP)
	{
		shopper_parallel(t->env, spec->n_numbers - s.first < GROUP ? spec->n_numbers - s.first : GROUP, standardize_number, &s);
		SHOPPER_TRY(shopper_poll(t->env));
	}
	for (int k = 0; k < t->n_lookup; k++)
	{
		for (int64_t i = 0; i < t->n; i++)
			t->lookup[k][i] = shopper_category_position(&spec->category[k], t->lookup[k][i]);
		t->size[k] = spec->category[k].size;
		SHOPPER_TRY(shopper_poll(t->env));
	}
	return SHOPPER_OK;
}

ShopperStatus
shopper_table_prepare(ShopperTable *t, ShopperSpec *spec, const ShopperPrepare *how)
{
	SHOPPER_TRY(shopper_table_summarize(t, spec, how->impute));
	for (int j = 0; j < spec->n_numbers; j++)
	{
		ShopperNumber *number = &spec->number[j];
		ShopperKind kind = spec->column[number->column].kind;
		bool		cyclic = (kind == SHOPPER_KIND_DATE || kind == SHOPPER_KIND_TIMESTAMP) && number->part != SHOPPER_PART_DAYS;

		if (cyclic || how->scale == SHOPPER_SCALE_NONE)
		{
			number->mean = 0;
			number->scale = 1;
		}
		else if (how->scale == SHOPPER_SCALE_STANDARD)
			number->scale = constant(number) ? 1 : number->scale;
		else if (how->scale == SHOPPER_SCALE_MIN_MAX)
		{
			number->mean = number->low;
			number->scale = number->high > number->low ? number->high - number->low : 1;
		}
		else
		{
			double		quarter = shopper_table_quantile(t, j, 0.25),
						three = shopper_table_quantile(t, j, 0.75);

			number->mean = shopper_table_quantile(t, j, 0.5);
			number->scale = three > quarter ? three - quarter : 1;
			SHOPPER_TRY(shopper_poll(t->env));
		}
	}
	if (how->missing_flags)
		plan_flags(spec, t->n_train);
	shopper_spec_lay_out(spec, how->drop_base, how->base);
	spec->prepared = true;
	return shopper_table_encode(t, spec);
}
