/* trees_words.c: see trees_words.h */
#include "trees_words.h"
#include "../../core/calendar.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MOST_LISTED 12			/* levels in a condition; the rest is counted */

/* ---- small pieces of text ---- */

void
shopper_say(ShopperWriter *w, const char *text)
{
	shopper_put_bytes(w, text, strlen(text));
}

void
shopper_say_number(ShopperWriter *w, double x, int digits)
{
	char		buffer[40];

	snprintf(buffer, sizeof(buffer), "%.*g", digits, x);
	shopper_say(w, buffer);
}

/* The shortest digits that give the same float. */
static void
say_float(ShopperWriter *w, float x)
{
	char		buffer[40];

	for (int digits = 3; digits <= 9; digits++)
	{
		snprintf(buffer, sizeof(buffer), "%.*g", digits, (double) x);
		if (strtof(buffer, NULL) == x)
			break;
	}
	shopper_say(w, buffer);
}

void
shopper_say_date(ShopperWriter *w, double days)
{
	char		buffer[64];

	if (!(fabs(days) < 1e8))
	{
		shopper_say_number(w, days, 9);
		return;
	}
	shopper_date_text((int64_t) floor(days), buffer, sizeof(buffer));
	shopper_say(w, buffer);
}

static const ShopperColumn *
column_of(const ShopperSpec *spec, int input)
{
	return &spec->column[input < spec->n_numbers ? spec->number[input].column : spec->category[input - spec->n_numbers].column];
}

static void
say_input(ShopperWriter *w, const ShopperSpec *spec, int input)
{
	static const char *const parts[] = {"", " (week, sine)", " (week, cosine)", " (year, sine)", " (year, cosine)", " (day, sine)", " (day, cosine)"};
	const ShopperColumn *c = column_of(spec, input);
	char		buffer[24];

	shopper_say(w, c->name);
	if (input >= spec->n_numbers)
		return;
	if (c->kind == SHOPPER_KIND_VECTOR)
	{
		snprintf(buffer, sizeof(buffer), "[%d]", input - c->first + 1);
		shopper_say(w, buffer);
	}
	else if (c->kind == SHOPPER_KIND_DATE || c->kind == SHOPPER_KIND_TIMESTAMP)
	{
		int			part = spec->number[input].part;

		shopper_say(w, part >= 0 && part <= SHOPPER_PART_DAY_COS ? parts[part] : "");
	}
}

static void
say_level(ShopperWriter *w, const ShopperCategory *c, int code)
{
	char		buffer[24];
	size_t		length;
	const char *text;

	if (code == c->null_code)
		shopper_say(w, "(null)");
	else if (code == c->other_code)
		shopper_say(w, "(other)");
	else if (code < c->levels.n)
	{
		text = shopper_dictionary_text(&c->levels, code, buffer, &length);
		shopper_put_bytes(w, text, length);
	}
}

/* ---- conditions ---- */

static void
say_bound(ShopperWriter *w, const ShopperSpec *spec, int input, float bound)
{
	const ShopperColumn *c = column_of(spec, input);

	if ((c->kind == SHOPPER_KIND_DATE || c->kind == SHOPPER_KIND_TIMESTAMP) && spec->number[input].part == SHOPPER_PART_DAYS)
		shopper_say_date(w, (double) bound + c->origin);
	else
		say_float(w, bound);
}

/* What is left of a number: low < x <= high, and whether missing values come here. */
void
shopper_say_range(ShopperWriter *w, const ShopperSpec *spec, int input, float low, float high, bool missing)
{
	bool		seen_missing = spec->number[input].n_missing > 0,
				is_boolean = column_of(spec, input)->kind == SHOPPER_KIND_BOOLEAN,
				has_low = low > -INFINITY,
				has_high = high < INFINITY;

	if (low == INFINITY || (!has_low && !has_high))	/* a threshold of infinity parts numbers from missing values */
	{
		say_input(w, spec, input);
		shopper_say(w, low == INFINITY ? (missing ? " is null" : " is nothing") : missing ? " is anything" : " is not null");
		return;
	}
	if (missing && seen_missing)
		shopper_say(w, "(");
	if (is_boolean && low < 1 && high >= 0 && has_low != has_high)
	{
		shopper_say(w, has_low ? "" : "not ");
		say_input(w, spec, input);
	}
	else if (has_low && has_high)
	{
		say_bound(w, spec, input, low);
		shopper_say(w, " < ");
		say_input(w, spec, input);
		shopper_say(w, " <= ");
		say_bound(w, spec, input, high);
	}
	else
	{
		say_input(w, spec, input);
		shopper_say(w, has_low ? " > " : " <= ");
		say_bound(w, spec, input, has_low ? low : high);
	}
	if (missing && seen_missing)
	{
		shopper_say(w, " or ");
		say_input(w, spec, input);
		shopper_say(w, " is null)");
	}
}

void
shopper_say_levels(ShopperWriter *w, const ShopperSpec *spec, int input, const uint32_t *in)
{
	const ShopperCategory *c = &spec->category[input - spec->n_numbers];
	int			n_in = 0,
				listed = 0,
				wanted;
	bool		positive;
	char		buffer[40];

	for (int k = 0; k < c->n_levels; k++)
		n_in += in[k / 32] >> (k % 32) & 1;
	positive = 2 * n_in <= c->n_levels;
	wanted = positive ? n_in : c->n_levels - n_in;
	say_input(w, spec, input);
	if (wanted == 0)
	{
		shopper_say(w, positive ? " is unseen" : " is anything");
		return;
	}
	shopper_say(w, wanted == 1 ? positive ? " = " : " <> " : positive ? " in (" : " not in (");
	for (int k = 0; k < c->n_levels && listed <= MOST_LISTED; k++)
		if ((in[k / 32] >> (k % 32) & 1) == positive)
		{
			if (listed > 0)
				shopper_say(w, ", ");
			if (listed++ < MOST_LISTED)
				say_level(w, c, k);
			else
			{
				snprintf(buffer, sizeof(buffer), "and %d more", wanted - MOST_LISTED);
				shopper_say(w, buffer);
			}
		}
	shopper_say(w, wanted == 1 ? "" : ")");
}
