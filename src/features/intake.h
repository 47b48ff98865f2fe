/*
 * intake.h: from rows as they arrive to a training table and its feature spec.
 *
 * The host calls, for each row, shopper_intake_row(), then the setter of each
 * column's kind, then shopper_intake_commit(). Values land in their columns at
 * once; nothing is kept twice.
 */
#ifndef SHOPPER_INTAKE_H
#define SHOPPER_INTAKE_H

#include <math.h>

#include "spec.h"
#include "table.h"

typedef struct ShopperIntakeColumn
{
	char	   *name;
	ShopperKind kind;
	bool		utc;			/* timestamptz */
	bool		may_be_id;		/* text or uuid: left out when it looks like an identifier */
	int			n;				/* number columns: 1, vectors: their length once known */
	void	  **number;			/* (n) arrays; dates: one array of days, always float64 */
	int32_t    *code;			/* categories: arrival codes, -1 for NULL */
	ShopperDictionary levels;
} ShopperIntakeColumn;

typedef struct ShopperIntake
{
	ShopperEnv *env;
	bool		wide;
	int64_t		n;
	int64_t		capacity;
	int			n_columns;
	ShopperIntakeColumn *column;

	char	   *target;			/* NULL: none */
	ShopperTargetKind target_kind;
	ShopperDictionary classes;
	int32_t    *y_class;
	double	   *y;
	double	   *weight;			/* NULL without a weight column */
	uint8_t    *held_out;		/* NULL without a validation column */
	double	   *time;			/* NULL without a time column */
	uint64_t   *group;			/* NULL without a group column */
	int64_t		n_skipped;		/* rows without a target or with weight 0 or NULL */
} ShopperIntake;

/* What the options say about reading. */
typedef struct ShopperIntakeRules
{
	int64_t		max_levels;
	ShopperOnUnseen on_unseen;
	bool		date_days_only;
	const char *positive;		/* NULL: find it out */
	const char *zone;
} ShopperIntakeRules;

/* Which columns there are beside features and target. */
typedef struct ShopperIntakeRoles
{
	bool		weight;
	bool		held_out;
	bool		time;
	bool		group;
} ShopperIntakeRoles;

extern ShopperStatus shopper_intake_init(ShopperIntake *in, ShopperEnv *env, bool wide, int n_columns,
										 const char *target, ShopperTargetKind kind, ShopperIntakeRoles roles);
/* Declare column i before the first row. */
extern ShopperStatus shopper_intake_column(ShopperIntake *in, int i, const char *name, ShopperKind kind, bool utc, bool may_be_id);

/* Make room for row in->n. */
extern ShopperStatus shopper_intake_grow(ShopperIntake *in);
static inline ShopperStatus
shopper_intake_row(ShopperIntake *in)
{
	return in->n < in->capacity ? SHOPPER_OK : shopper_intake_grow(in);
}

/* Infinities count as missing. */
static inline void
shopper_intake_store(const ShopperIntake *in, void *array, double x)
{
	if (x - x != 0)
		x = NAN;
	if (in->wide)
		((double *) array)[in->n] = x;
	else
		((float *) array)[in->n] = shopper_narrow(x);
}

static inline void
shopper_intake_number(ShopperIntake *in, ShopperIntakeColumn *c, double x)
{
	shopper_intake_store(in, c->number[0], x);
}

/* days since 2000-01-01, NAN for missing */
static inline void
shopper_intake_days(ShopperIntake *in, ShopperIntakeColumn *c, double days)
{
	((double *) c->number[0])[in->n] = days - days != 0 ? NAN : days;
}

/* text NULL: missing */
static inline ShopperStatus
shopper_intake_text(ShopperIntake *in, ShopperIntakeColumn *c, const char *text, size_t length)
{
	uint32_t	code;

	if (text == NULL)
	{
		c->code[in->n] = -1;
		return SHOPPER_OK;
	}
	SHOPPER_TRY(shopper_dictionary_add_text(&c->levels, text, length, &code));
	c->levels.count[code]++;
	c->code[in->n] = (int32_t) code;
	return SHOPPER_OK;
}

/* n = 0: missing. The first vector's length holds for all; another one is an error. */
extern ShopperStatus shopper_intake_vector(ShopperIntake *in, ShopperIntakeColumn *c, const double *x, int n);
extern ShopperStatus shopper_intake_class(ShopperIntake *in, const char *text, size_t length);

static inline void
shopper_intake_commit(ShopperIntake *in)
{
	in->n++;
}

/* Number levels and classes canonically; fill table and spec. The intake's arrays move into the table. */
extern ShopperStatus shopper_intake_finish(ShopperIntake *in, const ShopperIntakeRules *rules, ShopperTable *table, ShopperSpec *spec);

#endif
