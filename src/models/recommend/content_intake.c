/* content_intake.c: rows of attributes as they arrive; see content.h */
#include <math.h>
#include <string.h>

#include "../../core/sort.h"
#include "../../features/tokens.h"
#include "content.h"

#define SHORT_RUN 32			/* below it insertion beats a radix sort by far */

ShopperStatus
shopper_content_begin(ShopperEnv *env, ShopperModel *model, ShopperContentIntake *in, ShopperIdType items, int n_attributes)
{
	ShopperContent *c;

	memset(in, 0, sizeof(*in));
	SHOPPER_NEW0(env, c, 1);
	model->state = c;
	in->env = env;
	in->content = c;
	if (n_attributes > SHOPPER_MAX_ATTRIBUTES)
		return shopper_fail(env, SHOPPER_LIMIT, "more than %d attributes", SHOPPER_MAX_ATTRIBUTES);
	SHOPPER_TRY(shopper_dictionary_init(&c->events.user, env, SHOPPER_ID_INT));
	SHOPPER_TRY(shopper_dictionary_init(&c->events.item, env, items));
	c->n_attributes = n_attributes;
	SHOPPER_NEW0(env, c->attribute, n_attributes);
	for (int a = 0; a < n_attributes; a++)
		SHOPPER_TRY(shopper_dictionary_init(&c->attribute[a].terms, env, SHOPPER_ID_TEXT));
	SHOPPER_NEW0(env, in->number, n_attributes);
	SHOPPER_NEW(env, in->is_id, n_attributes);
	memset(in->is_id, true, (size_t) n_attributes * sizeof(bool));
	return SHOPPER_OK;
}

/* Room in the numbers of an attribute, new rows missing. */
static ShopperStatus
grow_numbers(ShopperContentIntake *in, int a, int64_t capacity)
{
	int64_t		n = in->content->attribute[a].n,
				have = in->number[a] == NULL ? 0 : in->capacity * n;

	if (n == 0)
		return SHOPPER_OK;
	SHOPPER_TRY(shopper_grow(in->env, &in->number[a], &have, capacity * n, sizeof(double)));
	for (int64_t i = in->n * n; i < capacity * n; i++)
		in->number[a][i] = NAN;
	return SHOPPER_OK;
}

static ShopperStatus
grow_rows(ShopperContentIntake *in)
{
	int64_t		capacity = in->capacity < 64 ? 64 : in->capacity * 2,
				starts = in->capacity + 1;

	if (in->capacity == 0)
		starts = 0;
	for (int a = 0; a < in->content->n_attributes; a++)
	{
		ShopperAttribute *attribute = &in->content->attribute[a];

		if (attribute->kind == SHOPPER_ATTRIBUTE_NUMBER)
			attribute->n = 1;	/* while reading */
		if (!shopper_has_terms(attribute->kind))
			SHOPPER_TRY(grow_numbers(in, a, capacity));
	}
	SHOPPER_TRY(shopper_grow(in->env, &in->start, &starts, capacity + 1, sizeof(int64_t)));
	in->capacity = capacity;
	if (in->n == 0)
		in->start[0] = 0;
	return SHOPPER_OK;
}

ShopperStatus
shopper_content_item(ShopperContentIntake *in, uint32_t code)
{
	char		buffer[24];
	size_t		length;
	const char *id;

	if (in->n == in->capacity)
		SHOPPER_TRY(grow_rows(in));
	if (code == in->n)
		return SHOPPER_OK;
	id = shopper_dictionary_text(&in->content->events.item, code, buffer, &length);
	shopper_fail(in->env, SHOPPER_BAD_DATA, "item \"%.*s\" comes twice", (int) (length < 60 ? length : 60), id);
	shopper_hint(in->env, "Give each item one row; collect several values of a column with array_agg.");
	return in->env->status;
}

ShopperStatus
shopper_content_term(ShopperContentIntake *in, int attribute, const char *text, size_t length)
{
	uint32_t	code;

	SHOPPER_TRY(shopper_dictionary_add_text(&in->content->attribute[attribute].terms, text, length, &code));
	SHOPPER_TRY(shopper_grow(in->env, &in->entry, &in->entry_capacity, in->entries + 1, sizeof(uint64_t)));
	in->entry[in->entries++] = (uint64_t) attribute << 32 | code;
	return SHOPPER_OK;
}

ShopperStatus
shopper_content_text(ShopperContentIntake *in, int attribute, const char *text, size_t length)
{
	ShopperTokens t;

	shopper_tokens_begin(&t, text, length);
	for (int64_t i = 1; shopper_tokens_next(&t); i++)
	{
		SHOPPER_TRY(shopper_content_term(in, attribute, t.word, t.length));
		if (i % 10000 == 0)
			SHOPPER_TRY(shopper_poll(in->env));
	}
	return SHOPPER_OK;
}

void
shopper_content_number(ShopperContentIntake *in, int attribute, double x)
{
	in->number[attribute][in->n] = isfinite(x) ? x : NAN;
}

ShopperStatus
shopper_content_vector(ShopperContentIntake *in, int attribute, const double *x, int n)
{
	ShopperAttribute *a = &in->content->attribute[attribute];
	double	   *to;

	if (n == 0)
		return SHOPPER_OK;
	if (a->n == 0)
	{
		a->n = n;
		SHOPPER_TRY(grow_numbers(in, attribute, in->capacity));
		for (int64_t i = 0; i < in->n * n; i++)
			in->number[attribute][i] = NAN;
	}
	if (n != a->n)
	{
		shopper_fail(in->env, SHOPPER_BAD_DATA, "vectors of column \"%.60s\" differ in length: %d and %d", a->name, a->n, n);
		shopper_hint(in->env, "Vectors of numbers have one length; values of a set are given as text[] or int[].");
		return in->env->status;
	}
	to = in->number[attribute] + in->n * n;
	for (int i = 0; i < n; i++)
		if (!(fabs(x[i]) <= 1e30))
			return SHOPPER_OK;
	memcpy(to, x, (size_t) n * sizeof(double));
	return SHOPPER_OK;
}

static ShopperStatus
sort_entries(ShopperEnv *env, uint64_t *entry, int64_t n)
{
	uint64_t   *copy;
	uint32_t   *order;

	if (n <= SHORT_RUN)
	{
		for (int64_t i = 1; i < n; i++)
		{
			uint64_t	moving = entry[i];
			int64_t		at = i;

			for (; at > 0 && entry[at - 1] > moving; at--)
				entry[at] = entry[at - 1];
			entry[at] = moving;
		}
		return SHOPPER_OK;
	}
	SHOPPER_NEW(env, copy, n);
	SHOPPER_NEW(env, order, n);
	memcpy(copy, entry, (size_t) n * sizeof(*entry));
	SHOPPER_TRY(shopper_sort_order(env, copy, order, n));
	for (int64_t i = 0; i < n; i++)
		entry[i] = copy[order[i]];
	shopper_release(env, copy);
	shopper_release(env, order);
	return SHOPPER_OK;
}

ShopperStatus
shopper_content_commit(ShopperContentIntake *in)
{
	int64_t		from = in->start[in->n],
				used = from;

	SHOPPER_TRY(sort_entries(in->env, in->entry + from, in->entries - from));
	SHOPPER_TRY(shopper_grow(in->env, &in->times, &in->times_capacity, in->entries, sizeof(float)));
	for (int64_t i = from; i < in->entries; i++)
	{
		if (used > from && in->entry[used - 1] == in->entry[i])
		{
			in->times[used - 1]++;
			continue;
		}
		in->entry[used] = in->entry[i];
		in->times[used++] = 1;
		in->content->attribute[in->entry[i] >> 32].terms.count[in->entry[i] & 0xffffffff]++;
	}
	in->entries = used;
	in->start[++in->n] = used;
	return SHOPPER_OK;
}
