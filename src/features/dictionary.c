/* dictionary.c: an arena of values and an open-addressing index over it. */
#include "dictionary.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../core/hash.h"
#include "../core/sort.h"

#define FIRST_SLOTS 16
#define POLL_CODES (1 << 17)	/* at most 100 ns each */
#define MAX_CODES 0x7ffffff0		/* codes fit an int32 everywhere */

static uint64_t
hash_int(int64_t value)
{
	return shopper_mix64((uint64_t) value + 0x9e3779b97f4a7c15ULL);
}

static uint64_t
hash_text(const char *text, size_t length)
{
	return shopper_hash_bytes(text, length, 0);
}

uint64_t
shopper_dictionary_hash(const ShopperDictionary *d, int64_t code)
{
	return d->type == SHOPPER_ID_INT ? hash_int(d->integer[code])
		: hash_text(d->bytes + d->start[code], (size_t) d->length[code]);
}

ShopperStatus
shopper_dictionary_init(ShopperDictionary *d, ShopperEnv *env, ShopperIdType type)
{
	memset(d, 0, sizeof(*d));
	d->env = env;
	d->type = type;
	SHOPPER_NEW0(env, d->slot, FIRST_SLOTS);
	SHOPPER_NEW0(env, d->tag, FIRST_SLOTS);
	d->mask = FIRST_SLOTS - 1;
	return SHOPPER_OK;
}

/* Rebuild the index with `slots` slots (a power of two above n). */
static ShopperStatus
rehash(ShopperDictionary *d, uint64_t slots)
{
	shopper_release(d->env, d->slot);
	shopper_release(d->env, d->tag);
	d->slot = d->tag = NULL;
	SHOPPER_NEW0(d->env, d->slot, slots);
	SHOPPER_NEW0(d->env, d->tag, slots);
	d->mask = slots - 1;
	for (int64_t code = 0; code < d->n; code++)
	{
		uint64_t	h = shopper_dictionary_hash(d, code);
		uint64_t	at = h & d->mask;

		if ((code + 1) % POLL_CODES == 0)
			SHOPPER_TRY(shopper_poll(d->env));
		while (d->slot[at] != 0)
			at = (at + 1) & d->mask;
		d->slot[at] = (uint32_t) code + 1;
		d->tag[at] = (uint32_t) (h >> 32);
	}
	return SHOPPER_OK;
}

/* Levels are short: two overlapping words decide without a call. */
static inline bool
same_text(const ShopperDictionary *d, uint32_t code, const char *text, size_t length)
{
	const char *own = d->bytes + d->start[code];
	uint64_t	a[2],
				b[2];

	if ((size_t) d->length[code] != length)
		return false;
	if (length < 8 || length > 16)
		return memcmp(own, text, length) == 0;
	memcpy(&a[0], own, 8);
	memcpy(&a[1], own + length - 8, 8);
	memcpy(&b[0], text, 8);
	memcpy(&b[1], text + length - 8, 8);
	return a[0] == b[0] && a[1] == b[1];
}

/* The slot of the value with this hash, or of the empty place where it belongs. */
static inline uint64_t
probe(const ShopperDictionary *d, uint64_t h, int64_t value, const char *text, size_t length)
{
	uint64_t	at = h & d->mask;
	uint32_t	tag = (uint32_t) (h >> 32);

	while (d->slot[at] != 0)
	{
		if (d->tag[at] == tag)
		{
			uint32_t	code = d->slot[at] - 1;

			if (text == NULL ? d->integer[code] == value : same_text(d, code, text, length))
				break;
		}
		at = (at + 1) & d->mask;
	}
	return at;
}

/* Room for one more code in the arrays; the capacity is shared by all of them. */
static ShopperStatus
grow_codes(ShopperDictionary *d)
{
	int64_t		capacity;

	if (d->n < d->capacity)
		return SHOPPER_OK;
	if (d->n >= MAX_CODES)
		return shopper_fail(d->env, SHOPPER_LIMIT, "more than %d different values in one column", MAX_CODES);
	capacity = d->capacity;
	SHOPPER_TRY(shopper_grow(d->env, &d->count, &capacity, d->n + 1, sizeof(int64_t)));
	if (d->type == SHOPPER_ID_INT)
	{
		capacity = d->capacity;
		SHOPPER_TRY(shopper_grow(d->env, &d->integer, &capacity, d->n + 1, sizeof(int64_t)));
	}
	else
	{
		capacity = d->capacity;
		SHOPPER_TRY(shopper_grow(d->env, &d->start, &capacity, d->n + 1, sizeof(int64_t)));
		capacity = d->capacity;
		SHOPPER_TRY(shopper_grow(d->env, &d->length, &capacity, d->n + 1, sizeof(int32_t)));
	}
	d->capacity = capacity;
	return SHOPPER_OK;
}

static ShopperStatus
add(ShopperDictionary *d, uint64_t h, int64_t value, const char *text, size_t length, uint32_t *code)
{
	uint64_t	at = probe(d, h, value, text, length);

	if (d->slot[at] != 0)
	{
		*code = d->slot[at] - 1;
		return SHOPPER_OK;
	}
	SHOPPER_TRY(grow_codes(d));
	if (text == NULL)
		d->integer[d->n] = value;
	else
	{
		SHOPPER_TRY(shopper_grow(d->env, &d->bytes, &d->bytes_capacity, d->bytes_used + (int64_t) length + 1, 1));
		memcpy(d->bytes + d->bytes_used, text, length);
		d->bytes[d->bytes_used + (int64_t) length] = '\0';
		d->start[d->n] = d->bytes_used;
		d->length[d->n] = (int32_t) length;
		d->bytes_used += (int64_t) length + 1;
	}
	d->count[d->n] = 0;
	*code = (uint32_t) d->n++;
	d->slot[at] = *code + 1;
	d->tag[at] = (uint32_t) (h >> 32);
	if ((uint64_t) d->n * 2 > d->mask)
		return rehash(d, (d->mask + 1) * 4);
	return SHOPPER_OK;
}

ShopperStatus
shopper_dictionary_add_int(ShopperDictionary *d, int64_t value, uint32_t *code)
{
	return add(d, hash_int(value), value, NULL, 0, code);
}

ShopperStatus
shopper_dictionary_add_text(ShopperDictionary *d, const char *text, size_t length, uint32_t *code)
{
	if (length > INT32_MAX)
		return shopper_fail(d->env, SHOPPER_LIMIT, "a text value of %zu bytes is too long", length);
	return add(d, hash_text(text, length), 0, text, length, code);
}

int64_t
shopper_dictionary_find_int(const ShopperDictionary *d, int64_t value)
{
	return (int64_t) d->slot[probe(d, hash_int(value), value, NULL, 0)] - 1;
}

int64_t
shopper_dictionary_find_text(const ShopperDictionary *d, const char *text, size_t length)
{
	return (int64_t) d->slot[probe(d, hash_text(text, length), 0, text, length)] - 1;
}

const char *
shopper_dictionary_text(const ShopperDictionary *d, int64_t code, char *buffer, size_t *length)
{
	if (d->type == SHOPPER_ID_INT)
	{
		int			n = snprintf(buffer, 24, "%lld", (long long) d->integer[code]);

		if (length != NULL)
			*length = (size_t) n;
		return buffer;
	}
	if (length != NULL)
		*length = (size_t) d->length[code];
	return d->bytes + d->start[code];
}

/* ---- a canonical order of codes ---- */

static int
compare_values(const ShopperDictionary *d, uint32_t a, uint32_t b)
{
	int			c;

	if (d->type == SHOPPER_ID_INT)
		return (d->integer[a] > d->integer[b]) - (d->integer[a] < d->integer[b]);
	c = memcmp(d->bytes + d->start[a], d->bytes + d->start[b],
			   (size_t) (d->length[a] < d->length[b] ? d->length[a] : d->length[b]));
	return c != 0 ? c : (d->length[a] > d->length[b]) - (d->length[a] < d->length[b]);
}

static int
compare_codes(const ShopperDictionary *d, ShopperDictionaryOrder order, uint32_t a, uint32_t b)
{
	if (order == SHOPPER_BY_COUNT && d->count[a] != d->count[b])
		return d->count[a] > d->count[b] ? -1 : 1;
	return compare_values(d, a, b);
}

/* Bottom-up merge sort: the comparison needs the dictionary, which qsort cannot pass on. */
static ShopperStatus
sort_codes(const ShopperDictionary *d, ShopperDictionaryOrder order, uint32_t *code, uint32_t *spare)
{
	uint32_t   *from = code,
			   *to = spare;
	int64_t		work = 0;

	for (int64_t width = 1; width < d->n; width *= 2)
	{
		uint32_t   *swap;

		for (int64_t left = 0; left < d->n; left += 2 * width)
		{
			int64_t		middle = left + width < d->n ? left + width : d->n;
			int64_t		right = left + 2 * width < d->n ? left + 2 * width : d->n;
			int64_t		a = left,
						b = middle;

			for (int64_t i = left; i < right; i++)
			{
				if (work++ % POLL_CODES == 0)
					SHOPPER_TRY(shopper_poll(d->env));
				to[i] = a < middle && (b >= right || compare_codes(d, order, from[a], from[b]) <= 0)
					? from[a++] : from[b++];
			}
		}
		swap = from;
		from = to;
		to = swap;
	}
	if (from != code)
		memcpy(code, from, (size_t) d->n * sizeof(uint32_t));
	return SHOPPER_OK;
}

ShopperStatus
shopper_dictionary_sort(ShopperDictionary *d, ShopperDictionaryOrder order, uint32_t **new_code)
{
	uint32_t   *sorted,			/* new code -> old code */
			   *spare;
	int64_t    *count,
			   *integer = NULL,
			   *start = NULL;
	int32_t    *length = NULL;

	SHOPPER_NEW(d->env, sorted, d->n);
	SHOPPER_NEW(d->env, spare, d->n);
	for (int64_t i = 0; i < d->n; i++)
		sorted[i] = (uint32_t) i;
	SHOPPER_TRY(sort_codes(d, order, sorted, spare));

	/* Move the values; the byte arena stays as it is. */
	SHOPPER_NEW(d->env, count, d->capacity);
	for (int64_t i = 0; i < d->n; i++)
		count[i] = d->count[sorted[i]];
	shopper_release(d->env, d->count);
	d->count = count;
	if (d->type == SHOPPER_ID_INT)
	{
		SHOPPER_NEW(d->env, integer, d->capacity);
		for (int64_t i = 0; i < d->n; i++)
			integer[i] = d->integer[sorted[i]];
		shopper_release(d->env, d->integer);
		d->integer = integer;
	}
	else
	{
		SHOPPER_NEW(d->env, start, d->capacity);
		SHOPPER_NEW(d->env, length, d->capacity);
		for (int64_t i = 0; i < d->n; i++)
		{
			start[i] = d->start[sorted[i]];
			length[i] = d->length[sorted[i]];
		}
		shopper_release(d->env, d->start);
		shopper_release(d->env, d->length);
		d->start = start;
		d->length = length;
	}
	for (int64_t i = 0; i < d->n; i++)
		spare[sorted[i]] = (uint32_t) i;
	shopper_release(d->env, sorted);
	*new_code = spare;
	return rehash(d, d->mask + 1);
}

ShopperStatus
shopper_dictionary_truncate(ShopperDictionary *d, int64_t n)
{
	if (n >= d->n)
		return SHOPPER_OK;
	d->n = n;
	return rehash(d, d->mask + 1);
}

/* ---- stored form: type, count, values, counts ---- */

void
shopper_dictionary_encode(const ShopperDictionary *d, bool with_count, ShopperWriter *w)
{
	shopper_put_u8(w, (uint8_t) d->type);
	shopper_put_varint(w, (uint64_t) d->n);
	for (int64_t i = 0; i < d->n; i++)
	{
		if (d->type == SHOPPER_ID_INT)
			shopper_put_i64(w, d->integer[i]);
		else
			shopper_put_text(w, d->bytes + d->start[i], (size_t) d->length[i]);
		if (with_count)
			shopper_put_varint(w, (uint64_t) d->count[i]);
	}
}

ShopperStatus
shopper_dictionary_decode(ShopperDictionary *d, ShopperEnv *env, bool with_count, ShopperReader *r)
{
	uint8_t		type = shopper_get_u8(r);
	int64_t		n = shopper_get_count(r, type == SHOPPER_ID_INT ? 8 : 1);

	if (r->failed || type > SHOPPER_ID_UUID)
		return shopper_bad_bytes(env, "a dictionary is damaged");
	SHOPPER_TRY(shopper_dictionary_init(d, env, (ShopperIdType) type));
	for (int64_t i = 0; i < n; i++)
	{
		uint32_t	code;

		if (type == SHOPPER_ID_INT)
			SHOPPER_TRY(shopper_dictionary_add_int(d, shopper_get_i64(r), &code));
		else
		{
			size_t		length = (size_t) shopper_get_count(r, 1);
			const unsigned char *text = shopper_get_bytes(r, length);

			if (text == NULL)
				return shopper_bad_bytes(env, "a dictionary is damaged");
			if (!shopper_valid_text(env, (const char *) text, length))
				return env->status;
			SHOPPER_TRY(shopper_dictionary_add_text(d, (const char *) text, length, &code));
		}
		if (r->failed || code != (uint32_t) i)
			return shopper_bad_bytes(env, "a dictionary holds a value twice");
		if (with_count)
		{
			uint64_t	count = shopper_get_varint(r);

			if (count > INT64_MAX)
				return shopper_bad_bytes(env, "a dictionary is damaged");
			d->count[i] = (int64_t) count;
		}
	}
	return r->failed ? shopper_bad_bytes(env, "a dictionary is damaged") : SHOPPER_OK;
}
