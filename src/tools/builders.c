/*
 * builders.c: prints the SQL of the option builders, logistic(), mlp() and so on,
 * from the learners' option tables, where every default is written once.
 */
#include <stdio.h>
#include <string.h>

#include "../models/learner.h"

static const char *
sql_type(ShopperOptionType type)
{
	static const char *const names[] = {"float8", "bigint", "boolean", "text", "text", "text[]", "bigint[]", "float8[]", "jsonb[]"};

	return names[type];
}

/* For the inside of an SQL literal. */
static void
print_doubled(const char *text)
{
	for (; *text != '\0'; text++)
		printf(*text == '\'' ? "''" : "%c", *text);
}

static void
print_quoted(const char *text)
{
	putchar('\'');
	print_doubled(text);
	putchar('\'');
}

static void
print_default(const ShopperOption *o)
{
	if (o->initial == NULL)
		printf("NULL");
	else if (o->type == SHOPPER_NUMBER || o->type == SHOPPER_INTEGER || o->type == SHOPPER_BOOLEAN)
		printf("%s", o->initial);
	else
		print_quoted(o->initial);
}

static void
print_arguments(const ShopperOption *o)
{
	for (; o != NULL && o->name != NULL; o++)
	{
		printf("\t%s %s DEFAULT ", o->name, sql_type(o->type));
		print_default(o);
		printf(",\n");
	}
}

static void
print_help(const ShopperOption *o)
{
	for (; o != NULL && o->name != NULL; o++)
	{
		printf("; %s: ", o->name);
		print_doubled(o->help);
	}
}

int
main(void)
{
	printf("-- Options builders: generated from the learners' option tables by src/tools/builders.c.\n\n");
	for (const ShopperLearner *const *l = shopper_learners; *l != NULL; l++)
	{
		const ShopperOption *shared = shopper_shared_options(*l);

		if ((*l)->tasks == SHOPPER_JOIN_MODELS)
			continue;
		printf("CREATE FUNCTION @extschema@.%s(\n", (*l)->name);
		print_arguments((*l)->options);
		print_arguments(shared);
		printf("\textra jsonb DEFAULT NULL)\nRETURNS jsonb LANGUAGE c IMMUTABLE PARALLEL SAFE\n"
			   "AS 'MODULE_PATHNAME', 'shopper_build_options';\n");
		printf("COMMENT ON FUNCTION @extschema@.%s IS 'Options of ", (*l)->name);
		print_doubled((*l)->help);
		print_help((*l)->options);
		print_help(shared);
		printf("';\n\n");
	}
	return 0;
}
