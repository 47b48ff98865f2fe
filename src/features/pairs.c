/* pairs.c: collecting (left, right) lines and bringing them into an order that the scan cannot change. */
#include "pairs.h"

#include <math.h>
#include <string.h>

#include "../core/sort.h"

#define MAX_LINES 0x7ffffff0	/* line numbers fit an uint32, differences of starts an int32 */
#define POLL_LINES (1 << 20)	/* a few milliseconds of gathering */
#define SHORT_RUN 32			/* below it insertion beats a radix sort by far */

ShopperStatus
shopper_pairs_init(ShopperPairs *p, ShopperEnv *env, ShopperIdType left, ShopperIdType right,
				   bool has_value, bool has_time)
{
	memset(p, 0, sizeof(*p));
	p->env = env;
	p->has_value = has_value;
	p->has_time = has_time;
	SHOPPER_TRY(shopper_dictionary_init(&p->left, env, left));
	return shopper_dictionary_init(&p->right, env, right);
}

/* Room for one more line; the capacity is shared by all columns. */
static ShopperStatus
grow_lines(ShopperPairs *p)
{
	int64_t		capacity = p->capacity;

	if (p->n < p->capacity)
		return SHOPPER_OK;
	if (p->n >= MAX_LINES)
		return shopper_fail(p->env, SHOPPER_LIMIT, "more than %d lines", MAX_LINES);
	if (p->has_value)
	{
		capacity = p->capacity;
		SHOPPER_TRY(shopper_grow(p->env, &p->value, &capacity, p->n + 1, sizeof(float)));
	}
	if (p->has_time)
	{
		capacity = p->capacity;
		SHOPPER_TRY(shopper_grow(p->env, &p->time, &capacity, p->n + 1, sizeof(int64_t)));
	}
	capacity = p->capacity;
	SHOPPER_TRY(shopper_grow(p->env, &p->a, &capacity, p->n + 1, sizeof(int32_t)));
	capacity = p->capacity;
	SHOPPER_TRY(shopper_grow(p->env, &p->b, &capacity, p->n + 1, sizeof(int32_t)));
	p->capacity = capacity;
	return SHOPPER_OK;
}

ShopperStatus
shopper_pairs_add(ShopperPairs *p, uint32_t left, uint32_t right, double value, int64_t time)
{
	if (p->has_value)
	{
		if (isnan(value))
		{
			p->n_skipped++;
			return SHOPPER_OK;
		}
		if (!isfinite((float) value))
			return shopper_fail(p->env, SHOPPER_BAD_DATA, "a rating must be a finite number, got %g", value);
	}
	SHOPPER_TRY(grow_lines(p));
	p->a[p->n] = (int32_t) left;
	p->b[p->n] = (int32_t) right;
	if (p->has_value)
		p->value[p->n] = value == 0 ? 0.0f : (float) value; /* -0.0 would tie with 0.0 and differ in its bits */
	if (p->has_time)
		p->time[p->n] = time;
	p->n++;
	return SHOPPER_OK;
}

ShopperStatus
shopper_pairs_link(ShopperPairs *p, uint32_t below, uint32_t above)
{
	SHOPPER_TRY(shopper_grow(p->env, &p->link, &p->link_capacity, p->n_links + 1, sizeof(ShopperLink)));
	p->link[p->n_links++] = (ShopperLink) {(int32_t) below, (int32_t) above};
	return SHOPPER_OK;
}

/* Sort a dictionary by value and give the lines, and links of items, the new codes. */
static ShopperStatus
renumber(ShopperPairs *p, ShopperDictionary *d, int32_t *code)
{
	uint32_t   *new_code;

	SHOPPER_TRY(shopper_dictionary_sort(d, SHOPPER_BY_VALUE, &new_code));
	memset(d->count, 0, (size_t) d->n * sizeof(*d->count));
	for (int64_t i = 0; i < p->n; i++)
	{
		if (i % POLL_LINES == 0)
			SHOPPER_TRY(shopper_poll(p->env));
		code[i] = (int32_t) new_code[code[i]];
		d->count[code[i]]++;
	}
	if (d == &p->right)
		shopper_pairs_recode_links(p, new_code);
	shopper_release(p->env, new_code);
	return SHOPPER_OK;
}

static inline uint64_t
time_key(int64_t time)
{
	return (uint64_t) time ^ 0x8000000000000000ULL; /* unsigned order = signed order */
}

/* Does line i belong strictly before line j, both of one pair? */
static bool
earlier(const ShopperPairs *p, uint32_t i, uint32_t j)
{
	if (p->has_time && p->time[i] != p->time[j])
		return p->time[i] < p->time[j];
	return p->has_value && p->value[i] < p->value[j];
}

/* Re-sort `order` by keys already stored in the order of `order`. */
static ShopperStatus
reorder(ShopperEnv *env, const uint64_t *key, uint32_t *order, int64_t n)
{
	uint32_t   *by_key,
			   *old;

	SHOPPER_NEW(env, by_key, n);
	SHOPPER_NEW(env, old, n);
	memcpy(old, order, (size_t) n * sizeof(*order));
	SHOPPER_TRY(shopper_sort_order(env, key, by_key, n));
	for (int64_t i = 0; i < n; i++)
		order[i] = old[by_key[i]];
	shopper_release(env, old);
	shopper_release(env, by_key);
	return SHOPPER_OK;
}

/* Sort a run of lines of one pair by (time, value): stable passes, the least important key first. */
static ShopperStatus
sort_run(const ShopperPairs *p, uint32_t *order, int64_t n)
{
	uint64_t   *key;

	if (n <= SHORT_RUN)
	{
		for (int64_t i = 1; i < n; i++)
		{
			uint32_t	line = order[i];
			int64_t		at = i;

			for (; at > 0 && earlier(p, line, order[at - 1]); at--)
				order[at] = order[at - 1];
			order[at] = line;
		}
		return SHOPPER_OK;
	}
	SHOPPER_NEW(p->env, key, n);
	if (p->has_value)
	{
		for (int64_t i = 0; i < n; i++)
			key[i] = shopper_sortable(p->value[order[i]]);
		SHOPPER_TRY(reorder(p->env, key, order, n));
	}
	if (p->has_time)
	{
		for (int64_t i = 0; i < n; i++)
			key[i] = time_key(p->time[order[i]]);
		SHOPPER_TRY(reorder(p->env, key, order, n));
	}
	shopper_release(p->env, key);
	return SHOPPER_OK;
}

/* Put one column of 4- or 8-byte cells into the order of `order`. */
static ShopperStatus
gather(ShopperPairs *p, void *column, size_t size, const uint32_t *order)
{
	void	  **slot = column;
	char	   *moved = shopper_alloc(p->env, (size_t) p->capacity, size);

	if (moved == NULL)
		return p->env->status;
	for (int64_t from = 0; from < p->n; from += POLL_LINES)
	{
		int64_t		to = from + POLL_LINES < p->n ? from + POLL_LINES : p->n;

		SHOPPER_TRY(shopper_poll(p->env));
		if (size == 4)
			for (int64_t i = from; i < to; i++)
				((uint32_t *) moved)[i] = ((const uint32_t *) *slot)[order[i]];
		else
			for (int64_t i = from; i < to; i++)
				((uint64_t *) moved)[i] = ((const uint64_t *) *slot)[order[i]];
	}
	shopper_release(p->env, *slot);
	*slot = moved;
	return SHOPPER_OK;
}

/* The lines in the order of (a, b, time, value). */
static ShopperStatus
sort_lines(ShopperPairs *p)
{
	uint64_t   *key;
	uint32_t   *order;
	int64_t		items = p->right.n > 0 ? p->right.n : 1;
	bool		rising = true;	/* every key above the one before: nothing to do */

	SHOPPER_NEW(p->env, key, p->n);
	for (int64_t i = 0; i < p->n; i++)
	{
		if (i % POLL_LINES == 0)
			SHOPPER_TRY(shopper_poll(p->env));
		key[i] = (uint64_t) p->a[i] * (uint64_t) items + (uint64_t) p->b[i];	/* dense: fewest radix passes */
		if (i > 0 && key[i] <= key[i - 1])
			rising = false;
	}
	if (!rising)
	{
		SHOPPER_NEW(p->env, order, p->n);
		SHOPPER_TRY(shopper_sort_order(p->env, key, order, p->n));
		for (int64_t from = 0, to; (p->has_time || p->has_value) && from < p->n; from = to)
		{
			for (to = from + 1; to < p->n && key[order[to]] == key[order[from]]; to++)
				;
			if (to - from > 1)
				SHOPPER_TRY(sort_run(p, order + from, to - from));
		}
		SHOPPER_TRY(gather(p, &p->a, sizeof(int32_t), order));
		SHOPPER_TRY(gather(p, &p->b, sizeof(int32_t), order));
		if (p->has_value)
			SHOPPER_TRY(gather(p, &p->value, sizeof(float), order));
		if (p->has_time)
			SHOPPER_TRY(gather(p, &p->time, sizeof(int64_t), order));
		shopper_release(p->env, order);
	}
	shopper_release(p->env, key);
	return SHOPPER_OK;
}

ShopperStatus
shopper_pairs_finish(ShopperPairs *p, int64_t **start)
{
	SHOPPER_TRY(renumber(p, &p->left, p->a));
	SHOPPER_TRY(renumber(p, &p->right, p->b));
	SHOPPER_TRY(sort_lines(p));
	SHOPPER_NEW(p->env, *start, p->left.n + 1);
	(*start)[0] = 0;
	for (int64_t i = 0; i < p->left.n; i++)
		(*start)[i + 1] = (*start)[i] + p->left.count[i];
	return SHOPPER_OK;
}
