/* spec.c: encoding single rows, names of columns, stored form of the feature spec. */
#include "spec.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define MAX_COLUMNS 1664		/* of a PostgreSQL row */
#define MAX_NUMBERS 1000000

static const double two_pi = 6.283185307179586;

int
shopper_spec_find(const ShopperSpec *spec, const char *name)
{
	for (int i = 0; i < spec->n_columns; i++)
		if (strcmp(spec->column[i].name, name) == 0)
			return i;
	return -1;
}

const ShopperColumn *
shopper_spec_find_like(const ShopperSpec *spec, const ShopperColumn *column)
{
	int			i = shopper_spec_find(spec, column->name);

	return i >= 0 && spec->column[i].kind == column->kind && spec->column[i].n == column->n ? &spec->column[i] : NULL;
}

bool
shopper_spec_same_target(const ShopperSpec *a, const ShopperSpec *b)
{
	bool		same = a->target_kind == b->target_kind &&
		(a->target_kind != SHOPPER_TARGET_CLASS || a->classes.n == b->classes.n);

	for (int64_t c = 0; same && a->target_kind == SHOPPER_TARGET_CLASS && c < a->classes.n; c++)
	{
		char		buffer[2][24];
		size_t		length[2];
		const char *x = shopper_dictionary_text(&a->classes, c, buffer[0], &length[0]),
				   *y = shopper_dictionary_text(&b->classes, c, buffer[1], &length[1]);

		same = length[0] == length[1] && memcmp(x, y, length[0]) == 0;
	}
	return same;
}

double
shopper_date_part(double days, int part, double origin)
{
	switch (part)
	{
		case SHOPPER_PART_DAYS:
			return days - origin;
		case SHOPPER_PART_WEEK_SIN:
			return sin(two_pi * floor(days) / 7);	/* whole days: the hour has its own pair */
		case SHOPPER_PART_WEEK_COS:
			return cos(two_pi * floor(days) / 7);
		case SHOPPER_PART_YEAR_SIN:
			return sin(two_pi * floor(days) / 365.2425);
		case SHOPPER_PART_YEAR_COS:
			return cos(two_pi * floor(days) / 365.2425);
		case SHOPPER_PART_DAY_SIN:
			return sin(two_pi * (days - floor(days)));
		case SHOPPER_PART_DAY_COS:
			return cos(two_pi * (days - floor(days)));
	}
	return NAN;
}

static const char *
date_part_name(int part)
{
	static const char *const names[] = {"days", "weekday sin", "weekday cos", "season sin", "season cos", "hour sin", "hour cos"};

	return names[part];
}

int32_t
shopper_category_code(const ShopperCategory *category, const char *text, size_t length)
{
	int64_t		code;

	if (text == NULL)
		return category->null_code >= 0 ? category->null_code : category->other_code;
	code = shopper_dictionary_find_text(&category->levels, text, length);
	return code >= 0 ? (int32_t) code : category->other_code;
}

void
shopper_prepare_row(const ShopperSpec *spec, const double *raw, double *dense)
{
	for (int j = 0; j < spec->n_numbers; j++)
	{
		const ShopperNumber *number = &spec->number[j];
		double		x = raw[j];
		bool		missing = x != x;

		if (number->flag >= 0)
			dense[number->flag] = missing;
		dense[j] = ((missing ? number->fill : x) - number->mean) / number->scale;
	}
}

/* What tells the numbers of one column apart: NULL for a plain number. */
static ShopperStatus
part_name(ShopperEnv *env, const ShopperSpec *spec, const ShopperNumber *number, const char **name)
{
	const ShopperColumn *column = &spec->column[number->column];
	char		text[24];

	*name = NULL;
	if (column->kind == SHOPPER_KIND_DATE || column->kind == SHOPPER_KIND_TIMESTAMP)
		*name = date_part_name(number->part);
	else if (column->kind == SHOPPER_KIND_VECTOR)
	{
		snprintf(text, sizeof(text), "%d", number->part + 1);
		*name = shopper_strdup(env, text, strlen(text));
		if (*name == NULL)
			return env->status;
	}
	return SHOPPER_OK;
}

ShopperStatus
shopper_spec_names(ShopperEnv *env, const ShopperSpec *spec, ShopperFeatureName **names)
{
	SHOPPER_NEW0(env, *names, spec->width);
	for (int j = 0; j < spec->n_numbers; j++)
	{
		const ShopperNumber *number = &spec->number[j];

		(*names)[j].column = spec->column[number->column].name;
		SHOPPER_TRY(part_name(env, spec, number, &(*names)[j].level));
		if (number->flag >= 0)
		{
			(*names)[number->flag].column = spec->column[number->column].name;
			(*names)[number->flag].level = "(missing)";
		}
	}
	for (int k = 0; k < spec->n_categories; k++)
	{
		const ShopperCategory *category = &spec->category[k];

		for (int code = 0; code < category->n_levels; code++)
		{
			int			position = shopper_category_position(category, code);
			ShopperFeatureName *name = &(*names)[category->offset + position];

			if (position == category->size)
				continue;
			name->column = spec->column[category->column].name;
			name->level = code == category->null_code ? "(missing)"
				: code == category->other_code ? "(other)"
				: category->levels.bytes + category->levels.start[code];
		}
	}
	return SHOPPER_OK;
}

/* ---- stored form ---- */

void
shopper_spec_encode(const ShopperSpec *spec, ShopperWriter *w)
{
	shopper_put_varint(w, (uint64_t) spec->n_columns);
	for (int i = 0; i < spec->n_columns; i++)
	{
		const ShopperColumn *c = &spec->column[i];

		shopper_put_string(w, c->name);
		shopper_put_u8(w, (uint8_t) c->kind);
		shopper_put_u8(w, c->utc);
		shopper_put_varint(w, (uint64_t) c->first);
		shopper_put_varint(w, (uint64_t) c->n);
		shopper_put_f64(w, c->origin);
	}
	shopper_put_varint(w, (uint64_t) spec->n_numbers);
	for (int j = 0; j < spec->n_numbers; j++)
	{
		const ShopperNumber *x = &spec->number[j];

		shopper_put_varint(w, (uint64_t) x->column);
		shopper_put_varint(w, (uint64_t) x->part);
		shopper_put_f64(w, x->mean);
		shopper_put_f64(w, x->scale);
		shopper_put_f64(w, x->fill);
		shopper_put_f64(w, x->low);
		shopper_put_f64(w, x->high);
		shopper_put_varint(w, (uint64_t) x->n_missing);
		shopper_put_varint(w, (uint64_t) (x->flag + 1));
	}
	shopper_put_varint(w, (uint64_t) spec->n_categories);
	for (int k = 0; k < spec->n_categories; k++)
	{
		const ShopperCategory *c = &spec->category[k];

		shopper_put_varint(w, (uint64_t) c->column);
		shopper_dictionary_encode(&c->levels, false, w);
		shopper_put_u8(w, c->null_code >= 0);
		shopper_put_u8(w, c->other_code >= 0);
		shopper_put_varint(w, (uint64_t) (c->base + 1));
		for (int code = 0; code < c->n_levels; code++)
			shopper_put_varint(w, c->count != NULL ? (uint64_t) c->count[code] : 0);
	}
	shopper_put_u8(w, (uint8_t) spec->on_unseen);
	shopper_put_u8(w, spec->prepared);
	shopper_put_string(w, spec->target);
	shopper_put_u8(w, (uint8_t) spec->target_kind);
	shopper_put_varint(w, (uint64_t) (spec->positive + 1));
	if (spec->target_kind == SHOPPER_TARGET_CLASS)
		shopper_dictionary_encode(&spec->classes, true, w);
	shopper_put_f64(w, spec->target_mean);
	shopper_put_f64(w, spec->target_scale);
	shopper_put_string(w, spec->zone);
}

static ShopperStatus
damaged(ShopperEnv *env)
{
	return shopper_bad_bytes(env, "its feature section is damaged");
}

static ShopperStatus
decode_columns(ShopperEnv *env, ShopperSpec *spec, ShopperReader *r)
{
	spec->n_columns = (int) shopper_get_count(r, 12);
	if (spec->n_columns > MAX_COLUMNS)
		return damaged(env);
	SHOPPER_NEW0(env, spec->column, spec->n_columns);
	for (int i = 0; i < spec->n_columns; i++)
	{
		ShopperColumn *c = &spec->column[i];
		uint64_t	first,
					n;

		c->name = shopper_get_text(r, NULL);
		c->kind = (ShopperKind) shopper_get_u8(r);
		c->utc = shopper_get_u8(r) != 0;
		first = shopper_get_varint(r);
		n = shopper_get_varint(r);
		c->origin = shopper_get_f64(r);
		if (r->failed || c->kind > SHOPPER_KIND_VECTOR || first > MAX_NUMBERS || n > MAX_NUMBERS)
			return damaged(env);
		c->first = (int) first;
		c->n = (int) n;
	}
	return SHOPPER_OK;
}

static ShopperStatus
decode_numbers(ShopperEnv *env, ShopperSpec *spec, ShopperReader *r)
{
	int			n_flags = 0;

	spec->n_numbers = (int) shopper_get_count(r, 44);
	if (spec->n_numbers > MAX_NUMBERS)
		return damaged(env);
	SHOPPER_NEW0(env, spec->number, spec->n_numbers);
	for (int j = 0; j < spec->n_numbers; j++)
	{
		ShopperNumber *x = &spec->number[j];
		uint64_t	column = shopper_get_varint(r);
		uint64_t	part = shopper_get_varint(r);
		uint64_t	flag;

		x->mean = shopper_get_f64(r);
		x->scale = shopper_get_f64(r);
		x->fill = shopper_get_f64(r);
		x->low = shopper_get_f64(r);
		x->high = shopper_get_f64(r);
		x->n_missing = (int64_t) shopper_get_varint(r);
		flag = shopper_get_varint(r);
		if (r->failed || column >= (uint64_t) spec->n_columns || part > MAX_NUMBERS || flag > 2 * MAX_NUMBERS)
			return damaged(env);
		x->column = (int) column;
		x->part = (int) part;
		x->flag = (int) flag - 1;
		/* flags are numbered behind the numbers, in their order */
		if (x->flag >= 0 && x->flag != spec->n_numbers + n_flags++)
			return damaged(env);
	}
	spec->n_dense = spec->n_numbers + n_flags;
	return SHOPPER_OK;
}

static ShopperStatus
decode_categories(ShopperEnv *env, ShopperSpec *spec, ShopperReader *r)
{
	spec->width = spec->n_dense;
	spec->n_categories = (int) shopper_get_count(r, 6);
	if (spec->n_categories > MAX_COLUMNS)
		return damaged(env);
	SHOPPER_NEW0(env, spec->category, spec->n_categories);
	for (int k = 0; k < spec->n_categories; k++)
	{
		ShopperCategory *c = &spec->category[k];
		uint64_t	column = shopper_get_varint(r);
		uint64_t	base;
		bool		has_null,
					has_other;

		SHOPPER_TRY(shopper_dictionary_decode(&c->levels, env, false, r));
		has_null = shopper_get_u8(r) != 0;
		has_other = shopper_get_u8(r) != 0;
		base = shopper_get_varint(r);
		if (r->failed || column >= (uint64_t) spec->n_columns || c->levels.type != SHOPPER_ID_TEXT)
			return damaged(env);
		c->column = (int) column;
		shopper_category_number(c, has_null, has_other);
		if (base > (uint64_t) c->n_levels || c->levels.n > MAX_NUMBERS)
			return damaged(env);
		c->base = (int) base - 1;
		c->size = c->n_levels - (c->base >= 0);
		c->offset = spec->width;
		spec->width += c->size;
		SHOPPER_NEW0(env, c->count, c->n_levels);
		for (int code = 0; code < c->n_levels; code++)
			c->count[code] = (int64_t) shopper_get_varint(r);
	}
	return r->failed ? damaged(env) : SHOPPER_OK;
}

/* Every column's numbers or category must exist and belong to it, and every one of these to a column. */
static ShopperStatus
check_columns(ShopperEnv *env, const ShopperSpec *spec)
{
	int			n_numbers = 0,
				n_categories = 0;

	for (int i = 0; i < spec->n_columns; i++)
	{
		const ShopperColumn *c = &spec->column[i];

		if (c->kind == SHOPPER_KIND_CATEGORY)
		{
			if (c->first >= spec->n_categories || spec->category[c->first].column != i)
				return damaged(env);
			n_categories++;
			continue;
		}
		n_numbers += c->n;
		if (c->n < 1 || c->first + c->n > spec->n_numbers ||
			(c->kind <= SHOPPER_KIND_BOOLEAN && c->n != 1))
			return damaged(env);
		for (int j = c->first; j < c->first + c->n; j++)
		{
			int			part = spec->number[j].part;

			if (spec->number[j].column != i ||
				((c->kind == SHOPPER_KIND_DATE || c->kind == SHOPPER_KIND_TIMESTAMP) && part > SHOPPER_PART_DAY_COS) ||
				(c->kind == SHOPPER_KIND_VECTOR && part != j - c->first))
				return damaged(env);
		}
	}
	/* none is shared, as each names its column: so equal sums mean that none is left over */
	return n_numbers == spec->n_numbers && n_categories == spec->n_categories ? SHOPPER_OK : damaged(env);
}

ShopperStatus
shopper_spec_decode(ShopperEnv *env, ShopperSpec *spec, ShopperReader *r)
{
	uint8_t		on_unseen,
				target_kind;
	uint64_t	positive;

	memset(spec, 0, sizeof(*spec));
	SHOPPER_TRY(decode_columns(env, spec, r));
	SHOPPER_TRY(decode_numbers(env, spec, r));
	SHOPPER_TRY(decode_categories(env, spec, r));
	SHOPPER_TRY(check_columns(env, spec));
	on_unseen = shopper_get_u8(r);
	spec->prepared = shopper_get_u8(r) != 0;
	spec->target = shopper_get_text(r, NULL);
	target_kind = shopper_get_u8(r);
	positive = shopper_get_varint(r);
	if (r->failed || on_unseen > SHOPPER_UNSEEN_ERROR || target_kind > SHOPPER_TARGET_NONE)
		return damaged(env);
	spec->on_unseen = (ShopperOnUnseen) on_unseen;
	spec->target_kind = (ShopperTargetKind) target_kind;
	if (spec->target_kind == SHOPPER_TARGET_CLASS)
	{
		SHOPPER_TRY(shopper_dictionary_decode(&spec->classes, env, true, r));
		if (spec->classes.n < 2 || spec->classes.type != SHOPPER_ID_TEXT || positive > (uint64_t) spec->classes.n)
			return damaged(env);
	}
	else if (positive != 0)
		return damaged(env);
	if (spec->target_kind == SHOPPER_TARGET_NONE)
		spec->target = NULL;
	spec->positive = (int) positive - 1;
	spec->target_mean = shopper_get_f64(r);
	spec->target_scale = shopper_get_f64(r);
	spec->zone = shopper_get_text(r, NULL);
	if (spec->zone != NULL && spec->zone[0] == '\0')
		spec->zone = NULL;
	return r->failed ? damaged(env) : SHOPPER_OK;
}

void
shopper_category_number(ShopperCategory *c, bool has_null, bool has_other)
{
	c->n_levels = (int) c->levels.n;
	c->null_code = has_null ? c->n_levels++ : -1;
	c->other_code = has_other ? c->n_levels++ : -1;
	c->base = -1;
}
