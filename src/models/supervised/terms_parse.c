/* terms_parse.c: the terms that options name; and the reference levels. See terms.h */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "course.h"
#include "terms.h"

#define DEFAULT_KNOTS 5

static const char *
skip_spaces(const char *text)
{
	return text + strspn(text, " ");
}

/* The column that is called text[0 .. length) without the spaces around it, or -1. */
static int
find_column(const ShopperSpec *spec, const char *text, size_t length)
{
	const char *end = text + length;

	text = skip_spaces(text);
	while (end > text && end[-1] == ' ')
		end--;
	for (int c = 0; c < spec->n_columns && end > text; c++)
		if (strlen(spec->column[c].name) == (size_t) (end - text) && memcmp(spec->column[c].name, text, (size_t) (end - text)) == 0)
			return c;
	return -1;
}

static void
hint_columns(ShopperEnv *env, const ShopperSpec *spec)
{
	char		names[300] = "";
	size_t		length = 0;

	for (int c = 0; c < spec->n_columns && length + 80 < sizeof(names); c++)
		length += (size_t) snprintf(names + length, sizeof(names) - length, "%s\"%.60s\"", c > 0 ? ", " : "", spec->column[c].name);
	shopper_hint(env, "The columns are %s.", names);
}

static ShopperStatus
unknown_column(ShopperEnv *env, const ShopperSpec *spec, const char *option, const char *text, const char *wanted)
{
	shopper_fail(env, SHOPPER_BAD_OPTION, "option \"%s\" must have %s, got \"%.100s\"", option, wanted, text);
	hint_columns(env, spec);
	return env->status;
}

static bool
is_number(const ShopperColumn *c)
{
	return c->kind == SHOPPER_KIND_NUMBER || c->kind == SHOPPER_KIND_BOOLEAN;
}

/* Dates count by their days. */
static bool
has_number(const ShopperColumn *c)
{
	return is_number(c) || c->kind == SHOPPER_KIND_DATE || c->kind == SHOPPER_KIND_TIMESTAMP;
}

ShopperStatus
shopper_terms_number(ShopperEnv *env, const ShopperSpec *spec, const char *option, const char *name, int *number)
{
	int			c = find_column(spec, name, strlen(name));

	if (c < 0 || !is_number(&spec->column[c]))
		return unknown_column(env, spec, option, name, c < 0 ? "the name of a column" : "a column of numbers");
	*number = spec->column[c].first;
	return SHOPPER_OK;
}

/* ---- logarithms ---- */

static ShopperStatus
parse_log(ShopperEnv *env, const ShopperSpec *spec, const char *text, ShopperTerms *terms)
{
	const ShopperNumber *x;
	int			j = 0;

	SHOPPER_TRY(shopper_terms_number(env, spec, "logs", text, &j));
	x = &spec->number[j];
	terms->least[j] = x->n_missing > 0 && x->fill < x->low ? x->fill : x->low;
	if (terms->least[j] < 0)
	{
		shopper_fail(env, SHOPPER_BAD_DATA, "column \"%.60s\" has no logarithm: its smallest value is %g", spec->column[x->column].name, terms->least[j]);
		shopper_hint(env, "Leave it out of the option logs, or use a spline.");
		return env->status;
	}
	terms->log[j] = terms->least[j] > 0 ? SHOPPER_LOG : SHOPPER_LOG1P;
	return SHOPPER_OK;
}

/* ---- splines: "name" or "name 4" ---- */

static ShopperStatus
parse_spline(ShopperEnv *env, const ShopperSpec *spec, const char *text, ShopperTerm *term)
{
	const char *space = strrchr(text, ' ');
	char	   *end = NULL;
	int			c = find_column(spec, text, strlen(text));

	term->kind = SHOPPER_TERM_SPLINE;
	term->n_knots = DEFAULT_KNOTS;
	if (c < 0 && space != NULL)
	{
		long		knots = strtol(space + 1, &end, 10);

		c = *end == '\0' && end > space + 1 ? find_column(spec, text, (size_t) (space - text)) : -1;
		if (c >= 0 && (knots < 3 || knots > SHOPPER_MAX_KNOTS))
			return shopper_fail(env, SHOPPER_BAD_OPTION, "a spline has 3 to %d knots, got \"%.100s\"", SHOPPER_MAX_KNOTS, text);
		term->n_knots = (int) knots;
	}
	if (c < 0 || !has_number(&spec->column[c]))
		return unknown_column(env, spec, "splines", text, c < 0 ? "the name of a column, or \"name 4\" for 4 knots" : "a column of numbers");
	term->a = spec->column[c].first;
	return SHOPPER_OK;
}

/* ---- interactions: "a * b" ---- */

static ShopperStatus
parse_interaction(ShopperEnv *env, const ShopperSpec *spec, const char *text, ShopperTerm *term)
{
	const ShopperColumn *a,
			   *b;
	int			first = -1,
				second = -1;

	for (const char *star = strchr(text, '*'); star != NULL && second < 0; star = strchr(star + 1, '*'))
	{
		first = find_column(spec, text, (size_t) (star - text));
		second = first < 0 ? -1 : find_column(spec, star + 1, strlen(star + 1));
	}
	if (second < 0)
		return unknown_column(env, spec, "interactions", text, "two columns, as \"a * b\"");
	a = &spec->column[first];
	b = &spec->column[second];
	if (a->kind == SHOPPER_KIND_VECTOR || b->kind == SHOPPER_KIND_VECTOR)
		return unknown_column(env, spec, "interactions", text, "numbers, dates and categories, not arrays");
	if (a->kind == SHOPPER_KIND_CATEGORY && b->kind != SHOPPER_KIND_CATEGORY)
	{
		b = a;
		a = &spec->column[second];
	}
	term->a = a->first;
	term->b = b->first;
	term->kind = a->kind == SHOPPER_KIND_CATEGORY ? SHOPPER_TERM_CELLS
		: b->kind == SHOPPER_KIND_CATEGORY ? SHOPPER_TERM_SLOPES : SHOPPER_TERM_PRODUCT;
	if (term->kind == SHOPPER_TERM_CELLS && a == b)
		return unknown_column(env, spec, "interactions", text, "two different categories");
	return SHOPPER_OK;
}

ShopperStatus
shopper_terms_parse(ShopperEnv *env, const ShopperModel *model, ShopperTerms *terms)
{
	const ShopperSpec *spec = model->spec;
	const ShopperOptionValue *logs = shopper_option(&model->options, "logs"),
			   *splines = shopper_option(&model->options, "splines"),
			   *interactions = shopper_option(&model->options, "interactions");

	SHOPPER_NEW0(env, terms->log, spec->n_numbers);
	SHOPPER_NEW0(env, terms->least, spec->n_numbers);
	SHOPPER_NEW0(env, terms->term, splines->n + interactions->n);
	for (int i = 0; i < logs->n; i++)
		SHOPPER_TRY(parse_log(env, spec, logs->texts[i], terms));
	for (int i = 0; i < splines->n; i++)
		SHOPPER_TRY(parse_spline(env, spec, splines->texts[i], &terms->term[terms->n++]));
	for (int i = 0; i < interactions->n; i++)
		SHOPPER_TRY(parse_interaction(env, spec, interactions->texts[i], &terms->term[terms->n++]));
	return SHOPPER_OK;
}

/* ---- reference levels: "column = level" ---- */

static const char *
level_name(const ShopperCategory *c, int code)
{
	return code == c->null_code ? "(missing)" : code == c->other_code ? "(other)" : c->levels.bytes + c->levels.start[code];
}

static ShopperStatus
parse_reference(ShopperEnv *env, const ShopperSpec *spec, const char *text, int *base)
{
	const ShopperCategory *category;
	const char *equals,
			   *level;
	char		names[300] = "";
	size_t		length = 0;
	int			c = -1;

	for (equals = strchr(text, '='); equals != NULL && c < 0; equals = strchr(equals + 1, '='))
	{
		c = find_column(spec, text, (size_t) (equals - text));
		if (c >= 0)
			break;
	}
	if (c < 0 || spec->column[c].kind != SHOPPER_KIND_CATEGORY)
		return unknown_column(env, spec, "reference", text, "a category and a level of it, as \"device = phone\"");
	category = &spec->category[spec->column[c].first];
	level = skip_spaces(equals + 1);
	for (int code = 0; code < category->n_levels; code++)
		if (strcmp(level_name(category, code), level) == 0)
		{
			base[spec->column[c].first] = code;
			return SHOPPER_OK;
		}
	for (int code = 0; code < category->n_levels && length + 50 < sizeof(names); code++)
		length += (size_t) snprintf(names + length, sizeof(names) - length, "%s\"%.40s\"", code > 0 ? ", " : "", level_name(category, code));
	shopper_fail(env, SHOPPER_BAD_OPTION, "column \"%.60s\" has no level \"%.100s\"", spec->column[c].name, level);
	shopper_hint(env, "Its levels are %s.", names);
	return env->status;
}

ShopperStatus
shopper_chosen_reference(ShopperEnv *env, const ShopperModel *model, int **base)
{
	const ShopperOptionValue *v = shopper_option_find(&model->options, "reference");

	*base = NULL;
	if (v == NULL || v->n == 0)
		return SHOPPER_OK;
	if (shopper_option_is(&model->options, "levels", "all"))
	{
		shopper_fail(env, SHOPPER_BAD_OPTION, "option \"reference\" needs levels => 'reference', got 'all'");
		shopper_hint(env, "With all levels there is none to compare the others with.");
		return env->status;
	}
	SHOPPER_NEW(env, *base, model->spec->n_categories);
	for (int k = 0; k < model->spec->n_categories; k++)
		(*base)[k] = -1;
	for (int i = 0; i < v->n; i++)
		SHOPPER_TRY(parse_reference(env, model->spec, v->texts[i], *base));
	return SHOPPER_OK;
}
