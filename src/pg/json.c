/* json.c: writing jsonb, key by key. */
#include "inspect.h"

static void
key(ShopperJson *j, const char *name)
{
	appendStringInfoString(&j->s, j->first ? "" : ", ");
	j->first = false;
	if (name == NULL)
		return;
	escape_json(&j->s, name);
	appendStringInfoString(&j->s, ": ");
}

void
shopper_json_begin(ShopperJson *j)
{
	initStringInfo(&j->s);
	appendStringInfoChar(&j->s, '{');
	j->first = true;
}

Datum
shopper_json_end(ShopperJson *j)
{
	appendStringInfoChar(&j->s, '}');
	return DirectFunctionCall1(jsonb_in, CStringGetDatum(j->s.data));
}

void
shopper_json_number(void *json, const char *name, double value)
{
	ShopperJson *j = json;
	ShopperValueReader number = {.from = SHOPPER_FROM_FLOAT8};
	size_t		length;
	const char *digits;

	key(j, name);
	if (value - value != 0)
	{
		appendStringInfoString(&j->s, "null");
		return;
	}
	digits = shopper_value_text(&number, Float8GetDatum(value), &length);
	appendBinaryStringInfo(&j->s, digits, (int) length);
}

void
shopper_json_numbers(void *json, const char *name, const double *value, int64_t n)
{
	shopper_json_open(json, name, '[');
	for (int64_t i = 0; i < n; i++)
		shopper_json_number(json, NULL, value[i]);
	shopper_json_close(json, ']');
}

void
shopper_json_boolean(ShopperJson *j, const char *name, bool value)
{
	key(j, name);
	appendStringInfoString(&j->s, value ? "true" : "false");
}

void
shopper_json_text(ShopperJson *j, const char *name, const char *value)
{
	key(j, name);
	if (value == NULL)
		appendStringInfoString(&j->s, "null");
	else
		escape_json(&j->s, value);
}

void
shopper_json_open(ShopperJson *j, const char *name, char bracket)
{
	key(j, name);
	appendStringInfoChar(&j->s, bracket);
	j->first = true;
}

void
shopper_json_close(ShopperJson *j, char bracket)
{
	appendStringInfoChar(&j->s, bracket);
	j->first = false;
}
