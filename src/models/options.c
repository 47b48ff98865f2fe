/* options.c: defaults, checks and stored form of learner options. */
#include "learner.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int
count_table(const ShopperOption *table)
{
	int			n = 0;

	while (table != NULL && table[n].name != NULL)
		n++;
	return n;
}

/* Split "{64,64}" or "a,b" at commas into a raw array; memory from env. */
static ShopperStatus
raw_from_list(ShopperEnv *env, const char *text, ShopperRawKind kind, ShopperRaw *raw)
{
	char	   *copy = shopper_strdup(env, text, strlen(text));
	char	   *save = NULL,
			   *word;
	int			n = 1;

	if (copy == NULL)
		return env->status;
	for (const char *p = text; *p != '\0'; p++)
		n += *p == ',';
	raw->kind = SHOPPER_RAW_ARRAY;
	raw->n = 0;
	SHOPPER_NEW(env, raw->element, n);
	for (word = strtok_r(copy, "{,}", &save); word != NULL; word = strtok_r(NULL, "{,}", &save))
	{
		raw->element[raw->n].kind = kind;
		raw->element[raw->n++].text = word;
	}
	return SHOPPER_OK;
}

static ShopperStatus
set_initial(ShopperEnv *env, ShopperOptions *options, const ShopperOption *option)
{
	ShopperRaw	raw = {0};

	if (option->initial == NULL)
		return SHOPPER_OK;
	raw.text = option->initial;
	switch (option->type)
	{
		case SHOPPER_NUMBER:
		case SHOPPER_INTEGER:
			raw.kind = SHOPPER_RAW_NUMBER;
			break;
		case SHOPPER_BOOLEAN:
			raw.kind = SHOPPER_RAW_BOOLEAN;
			break;
		case SHOPPER_CHOICE:
		case SHOPPER_STRING:
			raw.kind = SHOPPER_RAW_STRING;
			break;
		case SHOPPER_STRINGS:
			SHOPPER_TRY(raw_from_list(env, option->initial, SHOPPER_RAW_STRING, &raw));
			break;
		case SHOPPER_INTEGERS:
		case SHOPPER_NUMBERS:
			SHOPPER_TRY(raw_from_list(env, option->initial, SHOPPER_RAW_NUMBER, &raw));
			break;
		case SHOPPER_LEARNERS:
			return SHOPPER_OK;
	}
	return shopper_options_set(env, options, "", option->name, &raw);
}

ShopperStatus
shopper_options_init(ShopperEnv *env, ShopperOptions *options, const ShopperOption *own, const ShopperOption *shared)
{
	int			n_own = count_table(own),
				n_shared = count_table(shared);

	options->n = n_own + n_shared;
	SHOPPER_NEW0(env, options->value, options->n);
	for (int i = 0; i < options->n; i++)
		options->value[i].option = i < n_own ? &own[i] : &shared[i - n_own];
	for (int i = 0; i < options->n; i++)
		SHOPPER_TRY(set_initial(env, options, options->value[i].option));
	return SHOPPER_OK;
}

/* ---- checks ---- */

static const char *
type_in_words(ShopperOptionType type)
{
	switch (type)
	{
		case SHOPPER_NUMBER:
			return "a number";
		case SHOPPER_INTEGER:
			return "an integer";
		case SHOPPER_BOOLEAN:
			return "true or false";
		case SHOPPER_CHOICE:
		case SHOPPER_STRING:
			return "a text";
		case SHOPPER_STRINGS:
			return "an array of texts";
		case SHOPPER_INTEGERS:
			return "an array of integers";
		case SHOPPER_NUMBERS:
			return "an array of numbers";
		case SHOPPER_LEARNERS:
			return "an array of learners' options, as in ARRAY[boosting(), logistic()]";
	}
	return "";
}

static ShopperStatus
wrong_type(ShopperEnv *env, const ShopperOption *option, const ShopperRaw *raw)
{
	static const char *const kinds[] = {"null", "a number", "a boolean", "a text", "an array", "an object"};

	return shopper_fail(env, SHOPPER_BAD_OPTION, "option \"%s\" must be %s, got %s",
						option->name, type_in_words(option->type), kinds[raw->kind]);
}

static ShopperStatus
out_of_range(ShopperEnv *env, const ShopperOption *option, const char *got)
{
	if (option->max >= SHOPPER_NO_LIMIT)
		return shopper_fail(env, SHOPPER_BAD_OPTION, "option \"%s\" must be %s %g, got %s", option->name,
							option->above ? "greater than" : "at least", option->min, got);
	return shopper_fail(env, SHOPPER_BAD_OPTION, "option \"%s\" must be %s %g and at most %g, got %s", option->name,
						option->above ? "greater than" : "at least", option->min, option->max, got);
}

static ShopperStatus
read_number(ShopperEnv *env, const ShopperOption *option, const ShopperRaw *raw, double *number)
{
	char	   *end;

	*number = 0;
	if (raw->kind != SHOPPER_RAW_NUMBER)
		return wrong_type(env, option, raw);
	*number = strtod(raw->text, &end);
	if (*end != '\0' || !isfinite(*number) || *number < option->min || *number > option->max ||
		(option->above && *number == option->min))
		return out_of_range(env, option, raw->text);
	return SHOPPER_OK;
}

static ShopperStatus
read_integer(ShopperEnv *env, const ShopperOption *option, const ShopperRaw *raw, int64_t *integer)
{
	double		number;
	char	   *end;

	SHOPPER_TRY(read_number(env, option, raw, &number));
	errno = 0;
	*integer = strtoll(raw->text, &end, 10);
	if (*end == '\0' && errno == 0)
		return SHOPPER_OK;
	if (number != floor(number) || fabs(number) > 9e15)	/* "1e3" and "5.0" are integers too */
		return shopper_fail(env, SHOPPER_BAD_OPTION, "option \"%s\" must be an integer, got %s", option->name, raw->text);
	*integer = (int64_t) number;
	return SHOPPER_OK;
}

static bool
is_choice(const char *choices, const char *text)
{
	size_t		length = strlen(text);

	for (const char *p = choices; p != NULL; p = strchr(p, ',') ? strchr(p, ',') + 1 : NULL)
		if (strncmp(p, text, length) == 0 && (p[length] == ',' || p[length] == '\0') && length > 0)
			return true;
	return false;
}

static ShopperStatus
read_text(ShopperEnv *env, const ShopperOption *option, const ShopperRaw *raw, const char **text)
{
	if (raw->kind != SHOPPER_RAW_STRING)
		return wrong_type(env, option, raw);
	if (option->type == SHOPPER_CHOICE && !is_choice(option->choices, raw->text))
		return shopper_fail(env, SHOPPER_BAD_OPTION, "option \"%s\" must be one of %s, got \"%s\"",
							option->name, option->choices, raw->text);
	*text = shopper_strdup(env, raw->text, strlen(raw->text));
	return *text == NULL ? env->status : SHOPPER_OK;
}

/* Whether a learner is made of others: such a one cannot be a member itself. */
static bool
has_members(const ShopperLearner *learner)
{
	for (const ShopperOption *o = learner->options; o != NULL && o->name != NULL; o++)
		if (o->type == SHOPPER_LEARNERS)
			return true;
	return false;
}

static ShopperStatus
read_member(ShopperEnv *env, const ShopperOption *option, const ShopperRaw *raw, ShopperMember *member)
{
	const char *name = NULL;

	if (raw->kind != SHOPPER_RAW_OBJECT)
		return wrong_type(env, option, raw);
	for (int i = 0; i < raw->n; i++)
		if (strcmp(raw->key[i], "algorithm") == 0 && raw->element[i].kind == SHOPPER_RAW_STRING)
			name = raw->element[i].text;
	member->learner = name != NULL ? shopper_learner_by_name(name) : NULL;
	if (member->learner == NULL || member->learner->shape != SHOPPER_ROWS || has_members(member->learner))
	{
		shopper_fail(env, SHOPPER_BAD_OPTION, name != NULL ? "option \"%s\" cannot hold the algorithm \"%.60s\"" :
					 "an element of option \"%s\" names no algorithm", option->name, name);
		shopper_hint(env, "Give options made by builders, as in ARRAY[boosting(), logistic()].");
		return env->status;
	}
	SHOPPER_TRY(shopper_options_init(env, &member->options, member->learner->options, shopper_shape_options(SHOPPER_ROWS)));
	for (int i = 0; i < raw->n; i++)
		if (strcmp(raw->key[i], "algorithm") != 0)
			SHOPPER_TRY(shopper_options_set(env, &member->options, name, raw->key[i], &raw->element[i]));
	return SHOPPER_OK;
}

static ShopperStatus
read_array(ShopperEnv *env, const ShopperOption *option, const ShopperRaw *raw, ShopperOptionValue *value)
{
	if (raw->kind != SHOPPER_RAW_ARRAY)
		return wrong_type(env, option, raw);
	value->n = raw->n;
	if (option->type == SHOPPER_STRINGS)
		SHOPPER_NEW0(env, value->texts, raw->n);
	else if (option->type == SHOPPER_NUMBERS)
		SHOPPER_NEW0(env, value->numbers, raw->n);
	else if (option->type == SHOPPER_LEARNERS)
		SHOPPER_NEW0(env, value->members, raw->n);
	else
		SHOPPER_NEW0(env, value->integers, raw->n);
	for (int i = 0; i < raw->n; i++)
	{
		if (option->type == SHOPPER_STRINGS)
			SHOPPER_TRY(read_text(env, option, &raw->element[i], &value->texts[i]));
		else if (option->type == SHOPPER_NUMBERS)
			SHOPPER_TRY(read_number(env, option, &raw->element[i], &value->numbers[i]));
		else if (option->type == SHOPPER_LEARNERS)
			SHOPPER_TRY(read_member(env, option, &raw->element[i], &value->members[i]));
		else
			SHOPPER_TRY(read_integer(env, option, &raw->element[i], &value->integers[i]));
	}
	return SHOPPER_OK;
}

static ShopperStatus
unknown_option(ShopperEnv *env, const ShopperOptions *options, const char *learner, const char *name)
{
	size_t		used = 0;

	shopper_fail(env, SHOPPER_BAD_OPTION, "unknown option \"%s\" of %s", name, learner);
	used = (size_t) snprintf(env->hint, sizeof(env->hint), "Known options: ");
	for (int i = 0; i < options->n && used < sizeof(env->hint); i++)
		used += (size_t) snprintf(env->hint + used, sizeof(env->hint) - used, "%s%s",
								  i > 0 ? ", " : "", options->value[i].option->name);
	return SHOPPER_BAD_OPTION;
}

ShopperOptionValue *
shopper_option_find(const ShopperOptions *options, const char *name)
{
	for (int i = 0; i < options->n; i++)
		if (strcmp(options->value[i].option->name, name) == 0)
			return &options->value[i];
	return NULL;
}

ShopperStatus
shopper_options_set(ShopperEnv *env, ShopperOptions *options, const char *learner, const char *name, const ShopperRaw *raw)
{
	ShopperOptionValue *value = shopper_option_find(options, name);
	const ShopperOption *option;

	if (value == NULL)
		return unknown_option(env, options, learner, name);
	option = value->option;
	if (raw->kind == SHOPPER_RAW_NULL)	/* null means: leave the default */
		return SHOPPER_OK;
	switch (option->type)
	{
		case SHOPPER_NUMBER:
			SHOPPER_TRY(read_number(env, option, raw, &value->number));
			break;
		case SHOPPER_INTEGER:
			SHOPPER_TRY(read_integer(env, option, raw, &value->integer));
			break;
		case SHOPPER_BOOLEAN:
			if (raw->kind != SHOPPER_RAW_BOOLEAN)
				return wrong_type(env, option, raw);
			value->boolean = strcmp(raw->text, "true") == 0;
			break;
		case SHOPPER_CHOICE:
		case SHOPPER_STRING:
			SHOPPER_TRY(read_text(env, option, raw, &value->text));
			break;
		case SHOPPER_STRINGS:
		case SHOPPER_INTEGERS:
		case SHOPPER_NUMBERS:
		case SHOPPER_LEARNERS:
			SHOPPER_TRY(read_array(env, option, raw, value));
			break;
	}
	value->set = true;
	return SHOPPER_OK;
}

/* ---- access ---- */

const ShopperOptionValue *
shopper_option(const ShopperOptions *options, const char *name)
{
	const ShopperOptionValue *value = shopper_option_find(options, name);

	shopper_assert(value != NULL);
	return value;
}

double
shopper_option_number(const ShopperOptions *options, const char *name)
{
	return shopper_option(options, name)->number;
}

int64_t
shopper_option_integer(const ShopperOptions *options, const char *name)
{
	return shopper_option(options, name)->integer;
}

bool
shopper_option_boolean(const ShopperOptions *options, const char *name)
{
	return shopper_option(options, name)->boolean;
}

const char *
shopper_option_text(const ShopperOptions *options, const char *name)
{
	return shopper_option(options, name)->text;
}

bool
shopper_option_is(const ShopperOptions *options, const char *name, const char *text)
{
	const char *set = shopper_option_text(options, name);

	return set != NULL && strcmp(set, text) == 0;
}

bool
shopper_option_set(const ShopperOptions *options, const char *name)
{
	return shopper_option(options, name)->set;
}

bool
shopper_option_lists(const ShopperOptions *options, const char *name, const char *text)
{
	const ShopperOptionValue *value = shopper_option(options, name);

	for (int i = 0; i < value->n; i++)
		if (strcmp(value->texts[i], text) == 0)
			return true;
	return false;
}

/* ---- stored form: the set values, by name, so that tables may grow ---- */

void
shopper_options_encode(const ShopperOptions *options, ShopperWriter *w)
{
	int			n = 0;

	for (int i = 0; i < options->n; i++)
		n += options->value[i].set;
	shopper_put_varint(w, (uint64_t) n);
	for (int i = 0; i < options->n; i++)
	{
		const ShopperOptionValue *v = &options->value[i];

		if (!v->set)
			continue;
		shopper_put_string(w, v->option->name);
		shopper_put_u8(w, (uint8_t) v->option->type);
		switch (v->option->type)
		{
			case SHOPPER_NUMBER:
				shopper_put_f64(w, v->number);
				break;
			case SHOPPER_INTEGER:
				shopper_put_i64(w, v->integer);
				break;
			case SHOPPER_BOOLEAN:
				shopper_put_u8(w, v->boolean);
				break;
			case SHOPPER_CHOICE:
			case SHOPPER_STRING:
				shopper_put_string(w, v->text);
				break;
			case SHOPPER_STRINGS:
				shopper_put_varint(w, (uint64_t) v->n);
				for (int k = 0; k < v->n; k++)
					shopper_put_string(w, v->texts[k]);
				break;
			case SHOPPER_INTEGERS:
				shopper_put_varint(w, (uint64_t) v->n);
				for (int k = 0; k < v->n; k++)
					shopper_put_i64(w, v->integers[k]);
				break;
			case SHOPPER_NUMBERS:
				shopper_put_varint(w, (uint64_t) v->n);
				for (int k = 0; k < v->n; k++)
					shopper_put_f64(w, v->numbers[k]);
				break;
			case SHOPPER_LEARNERS:
				shopper_put_varint(w, (uint64_t) v->n);
				for (int k = 0; k < v->n; k++)
				{
					shopper_put_u16(w, v->members[k].learner->number);
					shopper_options_encode(&v->members[k].options, w);
				}
				break;
		}
	}
}

static ShopperStatus
decode_member(ShopperEnv *env, ShopperMember *member, ShopperReader *r)
{
	member->learner = shopper_learner_by_number(shopper_get_u16(r));
	if (member->learner == NULL || member->learner->shape != SHOPPER_ROWS || has_members(member->learner))
		return shopper_bad_bytes(env, "a member is of a learner that is not known");
	SHOPPER_TRY(shopper_options_init(env, &member->options, member->learner->options, shopper_shape_options(SHOPPER_ROWS)));
	return shopper_options_decode(env, &member->options, r);
}

static ShopperStatus
decode_value(ShopperEnv *env, ShopperOptionValue *v, ShopperReader *r)
{
	switch (v->option->type)
	{
		case SHOPPER_NUMBER:
			v->number = shopper_get_f64(r);
			break;
		case SHOPPER_INTEGER:
			v->integer = shopper_get_i64(r);
			break;
		case SHOPPER_BOOLEAN:
			v->boolean = shopper_get_u8(r) != 0;
			break;
		case SHOPPER_CHOICE:
		case SHOPPER_STRING:
			v->text = shopper_get_text(r, NULL);
			if (v->text != NULL && v->option->type == SHOPPER_CHOICE && !is_choice(v->option->choices, v->text))
				return shopper_bad_bytes(env, "an option has a value that is not known");
			break;
		case SHOPPER_STRINGS:
			v->n = (int) shopper_get_count(r, 1);
			SHOPPER_NEW0(env, v->texts, v->n);
			for (int k = 0; k < v->n && !r->failed; k++)
				v->texts[k] = shopper_get_text(r, NULL);
			break;
		case SHOPPER_INTEGERS:
			v->n = (int) shopper_get_count(r, 8);
			SHOPPER_NEW0(env, v->integers, v->n);
			for (int k = 0; k < v->n; k++)
				v->integers[k] = shopper_get_i64(r);
			break;
		case SHOPPER_NUMBERS:
			v->n = (int) shopper_get_count(r, 8);
			SHOPPER_NEW0(env, v->numbers, v->n);
			for (int k = 0; k < v->n; k++)
				v->numbers[k] = shopper_get_f64(r);
			break;
		case SHOPPER_LEARNERS:
			v->n = (int) shopper_get_count(r, 3);
			SHOPPER_NEW0(env, v->members, v->n);
			for (int k = 0; k < v->n; k++)
				SHOPPER_TRY(decode_member(env, &v->members[k], r));
			break;
	}
	v->set = true;
	return r->failed ? shopper_bad_bytes(env, "its options section is damaged") : SHOPPER_OK;
}

ShopperStatus
shopper_options_decode(ShopperEnv *env, ShopperOptions *options, ShopperReader *r)
{
	int64_t		n = shopper_get_count(r, 2);

	for (int64_t i = 0; i < n; i++)
	{
		char	   *name = shopper_get_text(r, NULL);
		uint8_t		type = shopper_get_u8(r);
		ShopperOptionValue *v;

		if (name == NULL || r->failed)
			return env->status != SHOPPER_OK ? env->status : shopper_bad_bytes(env, "its options section is damaged");
		v = shopper_option_find(options, name);
		if (v == NULL || type != (uint8_t) v->option->type)
		{
			shopper_fail(env, SHOPPER_NEWER_FORMAT, "the model has an option \"%.60s\" that this version does not know", name);
			shopper_hint(env, "Update the extension.");
			return env->status;
		}
		SHOPPER_TRY(decode_value(env, v, r));
	}
	return SHOPPER_OK;
}
