/* events.c: what every recommender remembers of its events. See recommender.h. */
#include <math.h>
#include <string.h>

#include "recommender.h"

#define MOST_FEW 16				/* different values that are stored as a table */
#define POPULARITY_DAMPING 10	/* ratings at the mean added to each item (the usual strength for ratings of 1 to 5) */

ShopperStatus
shopper_events_from_lines(ShopperEnv *env, ShopperEvents *e, const ShopperLines *lines, bool implicit, bool keep_values)
{
	int64_t		n = lines->start[lines->rows];
	double		sum = 0,
				mean;
	double	   *item_sum;

	SHOPPER_NEW(env, e->seen, n);
	SHOPPER_NEW(env, e->seen_start, lines->rows + 1);
	SHOPPER_NEW(env, e->popularity, e->item.n);
	SHOPPER_NEW0(env, item_sum, e->item.n);
	if (keep_values)
		SHOPPER_NEW(env, e->value, n);
	for (int64_t i = 0; i <= lines->rows; i++)
		e->seen_start[i] = lines->start[i];
	for (int64_t i = 0; i < e->item.n; i++)
		e->item.count[i] = 0;
	SHOPPER_TRY(shopper_poll(env));
	for (int64_t i = 0; i < n; i++)
	{
		const ShopperLine *line = &lines->line[i];

		e->seen[i] = line->code;
		if (keep_values)
			e->value[i] = line->value;
		e->item.count[line->code]++;
		item_sum[line->code] += line->value;
		sum += line->value;
	}
	mean = sum / (double) n;
	for (int64_t i = 0; i < e->item.n; i++)
		e->popularity[i] = (float) (implicit ? item_sum[i]
									: (item_sum[i] + POPULARITY_DAMPING * mean) / ((double) e->item.count[i] + POPULARITY_DAMPING));
	shopper_release(env, item_sum);
	return SHOPPER_OK;
}

ShopperStatus
shopper_lines_by_user(ShopperEnv *env, const ShopperPairs *pairs, bool implicit, ShopperLines *lines)
{
	int64_t    *start;

	SHOPPER_NEW(env, start, pairs->left.n + 1);
	start[0] = 0;
	for (int64_t user = 0; user < pairs->left.n; user++)	/* finishing the pairs has counted them */
		start[user + 1] = start[user] + pairs->left.count[user];
	SHOPPER_TRY(shopper_lines_from_pairs(env, pairs, start, implicit, lines));
	shopper_release(env, start);
	return SHOPPER_OK;
}

bool
shopper_is_implicit(const ShopperModel *model, const ShopperPairs *pairs)
{
	const ShopperOptionValue *v = shopper_option_find(&model->options, "implicit");

	return v == NULL || (v->set ? v->boolean : !pairs->has_value);
}

ShopperStatus
shopper_events_start(ShopperEnv *env, ShopperModel *model, ShopperPairs *pairs, bool keep_values,
					 ShopperEvents *e, ShopperLines *lines, bool *implicit)
{
	if (pairs->n == 0)
		return shopper_fail(env, SHOPPER_BAD_DATA, "there are no lines to learn from");
	*implicit = shopper_is_implicit(model, pairs);
	if (!*implicit && !pairs->has_value)
	{
		shopper_fail(env, SHOPPER_BAD_OPTION, "option \"implicit\" is false, but there are no ratings");
		shopper_hint(env, "Give the rating as third column, or leave the option out.");
		return env->status;
	}
	model->n_rows = pairs->n + pairs->n_skipped;
	SHOPPER_TRY(shopper_lines_by_user(env, pairs, *implicit, lines));
	e->user = pairs->left;
	e->item = pairs->right;
	return shopper_events_from_lines(env, e, lines, *implicit, keep_values);
}

void
shopper_events_drop_ones(ShopperEnv *env, ShopperEvents *e)
{
	for (int64_t i = 0; i < e->seen_start[e->user.n]; i++)
		if (e->value[i] != 1)
			return;
	shopper_release(env, e->value);
	e->value = NULL;
}

/* ---- storing ---- */

/* How values are stored */
enum {NO_VALUES, PLAIN_VALUES, FEW_VALUES};

/* Stars and the like take few values: then a table of them and a byte for each line. */
static void
put_values(const float *value, int64_t n, ShopperWriter *w)
{
	float		table[MOST_FEW];
	int			different = 0;

	for (int64_t i = 0; value != NULL && i < n && different <= MOST_FEW; i++)
	{
		int			at = 0;

		while (at < different && table[at] != value[i])
			at++;
		if (at == different && different++ < MOST_FEW)
			table[at] = value[i];
	}
	shopper_put_u8(w, value == NULL ? NO_VALUES : different > MOST_FEW ? PLAIN_VALUES : FEW_VALUES);
	if (value == NULL)
		return;
	if (different > MOST_FEW)
	{
		shopper_put_f32s(w, value, n);
		return;
	}
	shopper_put_u8(w, (uint8_t) different);
	shopper_put_f32s(w, table, different);
	for (int64_t i = 0; i < n; i++)
	{
		uint8_t		at = 0;

		while (table[at] != value[i])
			at++;
		shopper_put_u8(w, at);
	}
}

void
shopper_events_encode(const ShopperEvents *e, ShopperWriter *w)
{
	int64_t		total = e->seen_start[e->user.n];

	shopper_dictionary_encode(&e->user, false, w);
	shopper_dictionary_encode(&e->item, true, w);
	shopper_put_f32s(w, e->popularity, e->item.n);
	shopper_put_varint(w, (uint64_t) total);
	for (int64_t user = 0; user < e->user.n; user++)
	{
		int32_t		last = -1;

		shopper_put_varint(w, (uint64_t) (e->seen_start[user + 1] - e->seen_start[user]));
		for (int64_t i = e->seen_start[user]; i < e->seen_start[user + 1]; i++)
		{
			shopper_put_varint(w, (uint64_t) (e->seen[i] - last));
			last = e->seen[i];
		}
	}
	put_values(e->value, total, w);
}

/* n float32 that must all be finite and not so large that a score could overflow. */
static ShopperStatus
get_floats(ShopperReader *r, float *v, int64_t n)
{
	shopper_get_f32s(r, v, n);
	for (int64_t i = 0; i < n && !r->failed; i++)
		if (!(fabsf(v[i]) <= 1e30f))
			return shopper_bad_bytes(r->env, "a value of an event is not finite");
	return SHOPPER_OK;
}

static ShopperStatus
get_seen(ShopperEvents *e, ShopperReader *r)
{
	int64_t		total = shopper_get_count(r, 1),
				at = 0;

	SHOPPER_NEW0(r->env, e->seen_start, e->user.n + 1);
	SHOPPER_NEW(r->env, e->seen, total);
	for (int64_t user = 0; user < e->user.n; user++)
	{
		int64_t		n = shopper_get_count(r, 1);
		int64_t		last = -1;

		if (n > total - at)
			return shopper_bad_bytes(r->env, "a user has too many items");
		for (int64_t i = 0; i < n; i++)
		{
			uint64_t	step = shopper_get_varint(r);

			if (step == 0 || step > (uint64_t) (e->item.n - 1 - last))
				return shopper_bad_bytes(r->env, "an item code is out of range");
			last += (int64_t) step;
			e->seen[at++] = (int32_t) last;
		}
		e->seen_start[user + 1] = at;
	}
	if (r->failed || at != total)
		return shopper_bad_bytes(r->env, "its list of seen items is damaged");
	return SHOPPER_OK;
}

static ShopperStatus
get_values(ShopperEvents *e, ShopperReader *r)
{
	ShopperEnv *env = r->env;
	uint8_t		kind = shopper_get_u8(r),
				different = kind == FEW_VALUES ? shopper_get_u8(r) : 0;
	int64_t		total = e->seen_start[e->user.n];
	float		table[MOST_FEW];
	const unsigned char *at;

	if (r->failed || kind > FEW_VALUES || different > MOST_FEW)
		return shopper_bad_bytes(env, "its values are damaged");
	if (kind == NO_VALUES)
		return SHOPPER_OK;
	if (total > (r->end - r->next) / (kind == FEW_VALUES ? 1 : (int64_t) sizeof(float)))
		return shopper_bad_bytes(env, "its values are cut off");
	SHOPPER_NEW0(env, e->value, total);
	if (kind == PLAIN_VALUES)
		return get_floats(r, e->value, total);
	SHOPPER_TRY(get_floats(r, table, different));
	at = shopper_get_bytes(r, (size_t) total);
	for (int64_t i = 0; i < total && at != NULL; i++)
	{
		if (at[i] >= different)
			return shopper_bad_bytes(env, "a value of an event is unknown");
		e->value[i] = table[at[i]];
	}
	return SHOPPER_OK;
}

ShopperStatus
shopper_events_decode(ShopperEvents *e, ShopperReader *r)
{
	ShopperEnv *env = r->env;

	memset(e, 0, sizeof(*e));
	SHOPPER_TRY(shopper_dictionary_decode(&e->user, env, false, r));
	SHOPPER_TRY(shopper_dictionary_decode(&e->item, env, true, r));
	if (e->item.n > (r->end - r->next) / (int64_t) sizeof(float))
		return shopper_bad_bytes(env, "its popularity is cut off");
	SHOPPER_NEW0(env, e->popularity, e->item.n);
	SHOPPER_TRY(get_floats(r, e->popularity, e->item.n));
	SHOPPER_TRY(get_seen(e, r));
	return get_values(e, r);
}
