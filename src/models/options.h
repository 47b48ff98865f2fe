/*
 * options.h: a learner's options, declared once.
 *
 * The table is the one home of names, types, defaults, ranges and help. From it
 * come the checks and their error texts, the SQL builder functions, the view
 * shopper.learner_options and the reference.
 */
#ifndef SHOPPER_OPTIONS_H
#define SHOPPER_OPTIONS_H

#include "../core/codec.h"

struct ShopperLearner;

typedef enum ShopperOptionType
{
	SHOPPER_NUMBER,				/* float8 */
	SHOPPER_INTEGER,			/* int8 */
	SHOPPER_BOOLEAN,
	SHOPPER_CHOICE,				/* text, one of .choices */
	SHOPPER_STRING,				/* text */
	SHOPPER_STRINGS,			/* text[] */
	SHOPPER_INTEGERS,			/* int8[] */
	SHOPPER_NUMBERS,			/* float8[] */
	SHOPPER_LEARNERS			/* jsonb[]: options of other learners */
} ShopperOptionType;

typedef struct ShopperOption
{
	const char *name;			/* NULL ends a table */
	ShopperOptionType type;
	const char *initial;		/* default as text: "0.1", "true", "relu", "{64,64}"; NULL: not set */
	double		min;			/* numbers, integers and elements of arrays of them: min <= value <= max */
	double		max;
	bool		above;			/* min itself is not allowed */
	const char *choices;		/* "relu,tanh,sigmoid" */
	const char *help;			/* one line, no full stop */
} ShopperOption;

#define SHOPPER_NO_LIMIT 1e300

typedef struct ShopperOptionValue
{
	const ShopperOption *option;
	bool		set;			/* false: no default and none given */
	double		number;
	int64_t		integer;
	bool		boolean;
	const char *text;			/* CHOICE, STRING */
	int			n;				/* elements of the arrays */
	const char **texts;
	int64_t    *integers;
	double	   *numbers;
	struct ShopperMember *members;
} ShopperOptionValue;

typedef struct ShopperOptions
{
	int			n;
	ShopperOptionValue *value;	/* in the order of the learner's table, then of its shape's */
} ShopperOptions;

/* A learner with its options, inside the options of another. */
typedef struct ShopperMember
{
	const struct ShopperLearner *learner;
	ShopperOptions options;
} ShopperMember;

/* What the host read from jsonb for one key. */
typedef enum ShopperRawKind
{
	SHOPPER_RAW_NULL, SHOPPER_RAW_NUMBER, SHOPPER_RAW_BOOLEAN, SHOPPER_RAW_STRING, SHOPPER_RAW_ARRAY, SHOPPER_RAW_OBJECT
} ShopperRawKind;

typedef struct ShopperRaw
{
	ShopperRawKind kind;
	const char *text;			/* number: its digits; boolean: true or false; string: itself */
	int			n;				/* elements of an array, members of an object */
	struct ShopperRaw *element;
	const char **key;			/* object */
} ShopperRaw;

/* All options of up to two tables (the second may be NULL) with their defaults. */
extern ShopperStatus shopper_options_init(ShopperEnv *env, ShopperOptions *options,
										  const ShopperOption *own, const ShopperOption *shared);
/* Set one option, checked; an unknown name is an error that lists the known ones. */
extern ShopperStatus shopper_options_set(ShopperEnv *env, ShopperOptions *options, const char *learner,
										 const char *name, const ShopperRaw *raw);
extern void shopper_options_encode(const ShopperOptions *options, ShopperWriter *w);
/* Into options made by shopper_options_init(); options that a newer version added are an error. */
extern ShopperStatus shopper_options_decode(ShopperEnv *env, ShopperOptions *options, ShopperReader *r);

/* The value of an option that not every learner has; NULL where it is not in the table. */
extern ShopperOptionValue *shopper_option_find(const ShopperOptions *options, const char *name);
/* Access by name. The name must be in the table: a wrong one ends in an assertion. */
extern const ShopperOptionValue *shopper_option(const ShopperOptions *options, const char *name);
extern double shopper_option_number(const ShopperOptions *options, const char *name);
extern int64_t shopper_option_integer(const ShopperOptions *options, const char *name);
extern bool shopper_option_boolean(const ShopperOptions *options, const char *name);
extern const char *shopper_option_text(const ShopperOptions *options, const char *name);	/* NULL when not set */
extern bool shopper_option_is(const ShopperOptions *options, const char *name, const char *text);
extern bool shopper_option_lists(const ShopperOptions *options, const char *name, const char *text);	/* of an array of texts */
extern bool shopper_option_set(const ShopperOptions *options, const char *name);

#endif
