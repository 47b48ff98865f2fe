/* intake.c: see intake.h */
#include "intake.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define FIRST_ROWS 64			/* small: a GROUP BY may hold thousands of tables */
#define ID_MIN_ROWS 100
#define ID_MIN_SHARE 0.95

ShopperStatus
shopper_intake_init(ShopperIntake *in, ShopperEnv *env, bool wide, int n_columns,
					const char *target, ShopperTargetKind kind, ShopperIntakeRoles roles)
{
	memset(in, 0, sizeof(*in));
	in->env = env;
	in->wide = wide;
	in->n_columns = n_columns;
	in->capacity = FIRST_ROWS;
	if (target != NULL)
	{
		in->target = shopper_strdup(env, target, strlen(target));
		if (in->target == NULL)
			return env->status;
	}
	in->target_kind = kind;
	SHOPPER_NEW0(env, in->column, n_columns);
	if (kind == SHOPPER_TARGET_CLASS)
	{
		SHOPPER_TRY(shopper_dictionary_init(&in->classes, env, SHOPPER_ID_TEXT));
		SHOPPER_NEW(env, in->y_class, in->capacity);
	}
	else if (kind == SHOPPER_TARGET_NUMBER)
		SHOPPER_NEW(env, in->y, in->capacity);
	if (roles.weight)
		SHOPPER_NEW(env, in->weight, in->capacity);
	if (roles.held_out)
		SHOPPER_NEW(env, in->held_out, in->capacity);
	if (roles.time)
		SHOPPER_NEW(env, in->time, in->capacity);
	if (roles.group)
		SHOPPER_NEW(env, in->group, in->capacity);
	return SHOPPER_OK;
}

static size_t
number_width(const ShopperIntake *in, const ShopperIntakeColumn *c)
{
	bool		date = c->kind == SHOPPER_KIND_DATE || c->kind == SHOPPER_KIND_TIMESTAMP;

	return in->wide || date ? sizeof(double) : sizeof(float);
}

static ShopperStatus
make_numbers(ShopperIntake *in, ShopperIntakeColumn *c, int n)
{
	SHOPPER_NEW0(in->env, c->number, n);
	for (int i = 0; i < n; i++)
	{
		c->number[i] = shopper_alloc(in->env, (size_t) in->capacity, number_width(in, c));
		if (c->number[i] == NULL)
			return in->env->status;
	}
	c->n = n;
	return SHOPPER_OK;
}

ShopperStatus
shopper_intake_column(ShopperIntake *in, int i, const char *name, ShopperKind kind, bool utc, bool may_be_id)
{
	ShopperIntakeColumn *c = &in->column[i];

	c->name = shopper_strdup(in->env, name, strlen(name));
	if (c->name == NULL)
		return in->env->status;
	c->kind = kind;
	c->utc = utc;
	c->may_be_id = may_be_id;
	if (kind == SHOPPER_KIND_CATEGORY)
	{
		SHOPPER_TRY(shopper_dictionary_init(&c->levels, in->env, SHOPPER_ID_TEXT));
		SHOPPER_NEW(in->env, c->code, in->capacity);
		return SHOPPER_OK;
	}
	return kind == SHOPPER_KIND_VECTOR ? SHOPPER_OK : make_numbers(in, c, 1);
}

/* Grow one array to the capacity that follows in->capacity. */
static ShopperStatus
grow_array(ShopperIntake *in, void *array, size_t width)
{
	int64_t		capacity = in->capacity;

	if (*(void **) array == NULL)
		return SHOPPER_OK;
	return shopper_grow(in->env, array, &capacity, in->capacity + 1, width);
}

ShopperStatus
shopper_intake_grow(ShopperIntake *in)
{
	if (in->capacity >= INT32_MAX)
		return shopper_fail(in->env, SHOPPER_LIMIT, "more than %d training rows", INT32_MAX);
	for (int i = 0; i < in->n_columns; i++)
	{
		ShopperIntakeColumn *c = &in->column[i];

		for (int k = 0; k < c->n; k++)
			SHOPPER_TRY(grow_array(in, &c->number[k], number_width(in, c)));
		SHOPPER_TRY(grow_array(in, &c->code, sizeof(int32_t)));
	}
	SHOPPER_TRY(grow_array(in, &in->y_class, sizeof(int32_t)));
	SHOPPER_TRY(grow_array(in, &in->y, sizeof(double)));
	SHOPPER_TRY(grow_array(in, &in->weight, sizeof(double)));
	SHOPPER_TRY(grow_array(in, &in->held_out, 1));
	SHOPPER_TRY(grow_array(in, &in->time, sizeof(double)));
	SHOPPER_TRY(grow_array(in, &in->group, sizeof(uint64_t)));
	in->capacity *= 2;
	return SHOPPER_OK;
}

ShopperStatus
shopper_intake_vector(ShopperIntake *in, ShopperIntakeColumn *c, const double *x, int n)
{
	if (n > 0 && c->n == 0)
	{
		int64_t		row = in->n;

		SHOPPER_TRY(make_numbers(in, c, n));
		for (in->n = 0; in->n < row; in->n++)	/* the rows before had none */
			for (int k = 0; k < n; k++)
				shopper_intake_store(in, c->number[k], NAN);
	}
	if (n > 0 && n != c->n)
	{
		shopper_fail(in->env, SHOPPER_BAD_DATA, "arrays of column \"%s\" differ in length: expected %d, got %d", c->name, c->n, n);
		shopper_hint(in->env, "Arrays of one length are read as that many numbers. Leave the column out with exclude => ARRAY['%s'].", c->name);
		return in->env->status;
	}
	for (int k = 0; k < c->n; k++)
		shopper_intake_store(in, c->number[k], n > 0 ? x[k] : NAN);
	return SHOPPER_OK;
}

ShopperStatus
shopper_intake_class(ShopperIntake *in, const char *text, size_t length)
{
	uint32_t	code;

	SHOPPER_TRY(shopper_dictionary_add_text(&in->classes, text, length, &code));
	in->classes.count[code]++;
	in->y_class[in->n] = (int32_t) code;
	return SHOPPER_OK;
}

/* ---- finishing ---- */

static bool
looks_like_id(const ShopperIntake *in, const ShopperIntakeColumn *c)
{
	return c->may_be_id && in->n >= ID_MIN_ROWS && (double) c->levels.n > ID_MIN_SHARE * (double) in->n;
}

/* Levels by count, at most max_levels of them, NULL and the rest as levels of their own. */
static ShopperStatus
finish_category(ShopperIntake *in, ShopperIntakeColumn *c, int64_t max_levels, ShopperCategory *category)
{
	uint32_t   *new_code;
	bool		has_null = false,
				has_other;
	int64_t		kept;

	SHOPPER_TRY(shopper_dictionary_sort(&c->levels, SHOPPER_BY_COUNT, &new_code));
	kept = c->levels.n < max_levels ? c->levels.n : max_levels;
	has_other = kept < c->levels.n;
	for (int64_t i = 0; i < in->n; i++)
		has_null |= c->code[i] < 0;
	SHOPPER_TRY(shopper_dictionary_truncate(&c->levels, kept));
	category->levels = c->levels;
	shopper_category_number(category, has_null, has_other);
	for (int64_t i = 0; i < in->n; i++)
	{
		int32_t		code = c->code[i] < 0 ? -1 : (int32_t) new_code[c->code[i]];

		c->code[i] = code < 0 ? category->null_code : code < kept ? code : category->other_code;
	}
	shopper_release(in->env, new_code);
	return shopper_poll(in->env);
}

/* Replace the days of a date column by its parts. */
static ShopperStatus
finish_date(ShopperIntake *in, ShopperIntakeColumn *c, bool days_only, ShopperColumn *column)
{
	double	   *days = c->number[0];
	double		origin = INFINITY;
	int			n = days_only ? 1 : c->kind == SHOPPER_KIND_TIMESTAMP ? 7 : 5;
	int64_t		rows = in->n;

	for (int64_t i = 0; i < rows; i++)
		if (days[i] < origin)
			origin = days[i];
	column->origin = origin == INFINITY ? 0 : floor(origin);
	c->kind = SHOPPER_KIND_NUMBER;	/* its arrays are plain numbers from here on */
	SHOPPER_TRY(make_numbers(in, c, n));
	for (int part = 0; part < n; part++)
	{
		for (in->n = 0; in->n < rows; in->n++)
			shopper_intake_store(in, c->number[part], shopper_date_part(days[in->n], part, column->origin));
		SHOPPER_TRY(shopper_poll(in->env));
	}
	shopper_release(in->env, days);
	return SHOPPER_OK;
}

static bool
is_one_of(const ShopperDictionary *d, int64_t code, const char *const *words)
{
	for (; *words != NULL; words++)
		if (strcasecmp(d->bytes + d->start[code], *words) == 0)
			return true;
	return false;
}

/* The positive class, or -1: the option, else true, 1, yes, y of two classes. */
static ShopperStatus
find_positive(ShopperIntake *in, const char *positive, int64_t *code)
{
	static const char *const yes[] = {"true", "t", "1", "yes", "y", NULL};
	ShopperDictionary *d = &in->classes;

	*code = -1;
	if (positive != NULL)
	{
		*code = shopper_dictionary_find_text(d, positive, strlen(positive));
		if (*code >= 0)
			return SHOPPER_OK;
		shopper_fail(in->env, SHOPPER_BAD_OPTION, "no training row has the positive class \"%.80s\"", positive);
		shopper_detail(in->env, "Target \"%.60s\" has %lld classes, among them \"%.60s\".", in->target, (long long) d->n, d->bytes + d->start[0]);
		return in->env->status;
	}
	if (d->n != 2)
		return SHOPPER_OK;
	for (int i = 0; i < 2; i++)
		if (is_one_of(d, i, yes) && !is_one_of(d, 1 - i, yes))
			*code = i;
	if (*code >= 0)
		return SHOPPER_OK;
	shopper_fail(in->env, SHOPPER_BAD_OPTION, "cannot tell which class of target \"%.60s\" is the positive one", in->target);
	shopper_detail(in->env, "The classes are \"%.80s\" and \"%.80s\".", d->bytes + d->start[0], d->bytes + d->start[1]);
	shopper_hint(in->env, "Say it with the option positive => '%.80s'.", d->bytes + d->start[1]);
	return in->env->status;
}

/* Classes by value; of two classes the positive one comes second. */
static ShopperStatus
finish_classes(ShopperIntake *in, const char *positive, ShopperSpec *spec)
{
	ShopperDictionary *d = &in->classes,
				swapped;
	uint32_t   *new_code,
				code;
	int64_t		yes;

	if (d->n < 2)
	{
		shopper_fail(in->env, SHOPPER_BAD_DATA, "training set has only one class");
		shopper_detail(in->env, "All %lld rows have target \"%.60s\" = \"%.80s\".", (long long) in->n, in->target, d->bytes + d->start[0]);
		return in->env->status;
	}
	if (d->n > 10000)
	{
		shopper_fail(in->env, SHOPPER_LIMIT, "target \"%.60s\" has %lld classes, at most 10000 are possible", in->target, (long long) d->n);
		shopper_hint(in->env, "For amounts use train_regressor.");
		return in->env->status;
	}
	SHOPPER_TRY(shopper_dictionary_sort(d, SHOPPER_BY_VALUE, &new_code));
	SHOPPER_TRY(find_positive(in, positive, &yes));
	if (d->n == 2 && yes == 0)
	{
		SHOPPER_TRY(shopper_dictionary_init(&swapped, in->env, SHOPPER_ID_TEXT));
		for (int i = 1; i >= 0; i--)
		{
			SHOPPER_TRY(shopper_dictionary_add_text(&swapped, d->bytes + d->start[i], (size_t) d->length[i], &code));
			swapped.count[code] = d->count[i];
		}
		*d = swapped;
		new_code[0] = 1 - new_code[0];
		new_code[1] = 1 - new_code[1];
		yes = 1;
	}
	for (int64_t i = 0; i < in->n; i++)
		in->y_class[i] = (int32_t) new_code[in->y_class[i]];
	shopper_release(in->env, new_code);
	spec->classes = *d;
	spec->positive = (int) yes;
	return SHOPPER_OK;
}

static ShopperStatus
check_rows(const ShopperIntake *in)
{
	if (in->n > 0)
		return SHOPPER_OK;
	shopper_fail(in->env, SHOPPER_BAD_DATA, "no rows to learn from");
	if (in->n_skipped > 0 && in->target == NULL)
		shopper_detail(in->env, "%lld rows were left out because the weight is NULL or 0.", (long long) in->n_skipped);
	else if (in->n_skipped > 0)
		shopper_detail(in->env, "%lld rows were left out because target \"%.60s\" or the weight is NULL or 0.",
					   (long long) in->n_skipped, in->target);
	return in->env->status;
}

/* Which columns become features; says with a notice why one does not. */
static ShopperStatus
count_features(ShopperIntake *in, bool *use, ShopperSpec *spec)
{
	for (int i = 0; i < in->n_columns; i++)
	{
		ShopperIntakeColumn *c = &in->column[i];

		use[i] = true;
		if (c->kind == SHOPPER_KIND_CATEGORY && looks_like_id(in, c))
		{
			use[i] = false;
			shopper_notice(in->env, "column \"%s\" is left out: %lld different values in %lld rows look like an identifier",
						   c->name, (long long) c->levels.n, (long long) in->n);
		}
		else if (c->kind == SHOPPER_KIND_VECTOR && c->n == 0)
			use[i] = false;		/* only NULLs and empty arrays */
		spec->n_columns += use[i];
		spec->n_categories += use[i] && c->kind == SHOPPER_KIND_CATEGORY;
	}
	if (spec->n_columns > 0)
		return SHOPPER_OK;
	shopper_fail(in->env, SHOPPER_BAD_DATA, "no feature columns are left");
	if (in->target != NULL)
		shopper_hint(in->env, "Select at least one column beside the target \"%.60s\".", in->target);
	else
		shopper_hint(in->env, "Select at least one column that is not left out.");
	return in->env->status;
}

static ShopperStatus
add_numbers(ShopperIntake *in, ShopperIntakeColumn *c, int column, ShopperTable *t, ShopperSpec *spec)
{
	for (int k = 0; k < c->n; k++)
	{
		int			j = spec->n_numbers++;

		if (in->wide)
			t->dense[j] = c->number[k];
		else
			t->dense32[j] = c->number[k];
		spec->number[j].column = column;
		spec->number[j].part = spec->column[column].kind >= SHOPPER_KIND_DATE ? k : 0;
		spec->number[j].flag = -1;
	}
	t->n_dense = spec->n_numbers;
	return SHOPPER_OK;
}

static ShopperStatus
make_arrays(ShopperIntake *in, const bool *use, ShopperTable *t, ShopperSpec *spec)
{
	ShopperEnv *env = in->env;
	int			most = 0;

	for (int i = 0; i < in->n_columns; i++)
		if (use[i])
			most += in->column[i].n > 7 ? in->column[i].n : 7;	/* a date may become seven */
	SHOPPER_NEW0(env, spec->column, spec->n_columns);
	SHOPPER_NEW0(env, spec->number, most);
	SHOPPER_NEW0(env, spec->category, spec->n_categories);
	if (in->wide)
		SHOPPER_NEW0(env, t->dense, most);
	else
		SHOPPER_NEW0(env, t->dense32, most);
	SHOPPER_NEW0(env, t->lookup, spec->n_categories);
	SHOPPER_NEW0(env, t->size, spec->n_categories);
	return SHOPPER_OK;
}

ShopperStatus
shopper_intake_finish(ShopperIntake *in, const ShopperIntakeRules *rules, ShopperTable *t, ShopperSpec *spec)
{
	ShopperEnv *env = in->env;
	bool	   *use;
	int			n = 0;

	memset(t, 0, sizeof(*t));
	memset(spec, 0, sizeof(*spec));
	SHOPPER_TRY(check_rows(in));
	SHOPPER_NEW0(env, use, in->n_columns);
	SHOPPER_TRY(count_features(in, use, spec));
	SHOPPER_TRY(make_arrays(in, use, t, spec));
	t->env = env;
	t->wide = in->wide;
	t->n = t->n_train = in->n;
	t->capacity = in->capacity;
	for (int i = 0; i < in->n_columns; i++)
	{
		ShopperIntakeColumn *c = &in->column[i];
		ShopperColumn *column = &spec->column[n];

		if (!use[i])
			continue;
		column->name = c->name;
		column->kind = c->kind;
		column->utc = c->utc;
		if (c->kind == SHOPPER_KIND_CATEGORY)
		{
			ShopperCategory *category = &spec->category[t->n_lookup];

			category->column = n;
			column->first = t->n_lookup;
			column->n = 1;
			SHOPPER_TRY(finish_category(in, c, rules->max_levels, category));
			t->lookup[t->n_lookup] = c->code;
			t->size[t->n_lookup++] = category->n_levels;
		}
		else
		{
			if (c->kind == SHOPPER_KIND_DATE || c->kind == SHOPPER_KIND_TIMESTAMP)
				SHOPPER_TRY(finish_date(in, c, rules->date_days_only, column));
			column->first = spec->n_numbers;
			column->n = c->n;
			SHOPPER_TRY(add_numbers(in, c, n, t, spec));
		}
		n++;
	}
	spec->n_dense = t->n_dense;
	spec->target = in->target;
	spec->target_kind = in->target_kind;
	spec->target_scale = 1;
	spec->positive = -1;
	spec->on_unseen = rules->on_unseen;
	if (rules->zone != NULL)
	{
		spec->zone = shopper_strdup(env, rules->zone, strlen(rules->zone));
		if (spec->zone == NULL)
			return env->status;
	}
	if (in->target_kind == SHOPPER_TARGET_CLASS)
	{
		SHOPPER_TRY(finish_classes(in, rules->positive, spec));
		t->n_classes = (int) spec->classes.n;
	}
	t->y_class = in->y_class;
	t->y = in->y;
	t->weight = in->weight;
	t->held_out = in->held_out;
	t->time = in->time;
	t->group = in->group;
	return SHOPPER_OK;
}
