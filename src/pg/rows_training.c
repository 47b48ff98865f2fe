/*
 * rows_training.c: what each column of the user's rows is for, and rows into an intake;
 * see rows.h. Models of rows without a target take the same way: they lack the roles that
 * their options do not know.
 */
#include "rows.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "utils/lsyscache.h"

#include "../core/hash.h"

static ShopperTrainingColumn *
add_column(ShopperRowTraining *t, TupleDesc desc, int attribute, ShopperRole role)
{
	ShopperTrainingColumn *c = &t->column[t->n_columns++];

	c->role = role;
	c->attribute = attribute;
	shopper_value_reader(&c->reader, TupleDescAttr(desc, attribute)->atttypid, t->context);
	return c;
}

static int
named_attribute(ShopperRowTraining *t, TupleDesc desc, const char *option)
{
	const ShopperOptionValue *v = shopper_option_find(&t->model.options, option);
	const char *name = v != NULL ? v->text : NULL;
	int			attribute;

	if (name == NULL)
		return -1;
	attribute = shopper_find_attribute(desc, name);
	if (attribute < 0)
		shopper_missing_column(desc, psprintf("column of option %s,", option), name);
	return attribute;
}

static void
refuse_type(TupleDesc desc, int attribute)
{
	Form_pg_attribute a = TupleDescAttr(desc, attribute);
	bool		array = OidIsValid(get_element_type(a->atttypid));

	ereport(ERROR,
			(errcode(array ? ERRCODE_FEATURE_NOT_SUPPORTED : ERRCODE_DATATYPE_MISMATCH),
			 errmsg("column \"%s\" of type %s cannot be a feature", NameStr(a->attname), format_type_be(a->atttypid)),
			 array ? errdetail("Arrays of numbers are read as that many numbers; sequences and bags of other values are not supported.") : 0,
			 errhint("Cast it, leave it out of the query, or name it in the option exclude.")));
}

static void
plan_target(ShopperRowTraining *t, TupleDesc desc, int attribute)
{
	ShopperTrainingColumn *c = add_column(t, desc, attribute, SHOPPER_ROLE_TARGET);
	ShopperConversion from = c->reader.from;
	bool		number = from >= SHOPPER_FROM_INT2 && from <= SHOPPER_FROM_INTERVAL;

	if (t->task == SHOPPER_REGRESS ? number : from != SHOPPER_FROM_OTHER && from != SHOPPER_FROM_VECTOR && from != SHOPPER_FROM_TIMESTAMP && from != SHOPPER_FROM_TIMESTAMPTZ)
		return;
	ereport(ERROR, (errcode(ERRCODE_DATATYPE_MISMATCH),
					errmsg("target \"%s\" of type %s cannot be %s", t->target, format_type_be(TupleDescAttr(desc, attribute)->atttypid),
						   t->task == SHOPPER_REGRESS ? "an amount" : "a class"),
					errhint(t->task == SHOPPER_REGRESS ? "Use train_classifier for classes, or cast the target to a number."
							: "Cast the target to boolean or text.")));
}

static bool
is_feature(ShopperRowTraining *t, TupleDesc desc, int attribute)
{
	const ShopperOptions *o = &t->model.options;
	Form_pg_attribute a = TupleDescAttr(desc, attribute);

	for (int i = 0; i < t->n_columns; i++)
		if (t->column[i].attribute == attribute)
			return false;
	if (a->attisdropped || shopper_option_lists(o, "exclude", NameStr(a->attname)))
		return false;
	return !shopper_option_set(o, "features") || shopper_option_lists(o, "features", NameStr(a->attname));
}

/* Options that list columns must not name one that is absent: a typing error would go unnoticed. */
static void
check_listed(ShopperRowTraining *t, TupleDesc desc)
{
	static const char *const lists[] = {"features", "exclude", "categorical"};

	for (int k = 0; k < 3; k++)
	{
		const ShopperOptionValue *v = shopper_option(&t->model.options, lists[k]);

		for (int i = 0; i < v->n; i++)
			if (shopper_find_attribute(desc, v->texts[i]) < 0)
				shopper_missing_column(desc, psprintf("column of option %s,", lists[k]), v->texts[i]);
	}
}

static text *
time_zone(const ShopperOptions *options)
{
	const char *zone = shopper_option_text(options, "timezone");

	return zone == NULL ? NULL : cstring_to_text(zone);
}

static void
plan_features(ShopperRowTraining *t, TupleDesc desc)
{
	const ShopperOptions *o = &t->model.options;
	ShopperIntakeRoles roles = {0};
	int			first = t->n_columns,
				n = 0;

	for (int i = 0; i < first; i++)
	{
		roles.weight |= t->column[i].role == SHOPPER_ROLE_WEIGHT;
		roles.held_out |= t->column[i].role == SHOPPER_ROLE_HELD_OUT;
		roles.time |= t->column[i].role == SHOPPER_ROLE_TIME;
		roles.group |= t->column[i].role == SHOPPER_ROLE_GROUP;
	}
	for (int i = 0; i < desc->natts; i++)
	{
		const char *name = NameStr(TupleDescAttr(desc, i)->attname);
		ShopperTrainingColumn *c;
		bool		utc,
					may_be_id;

		if (!is_feature(t, desc, i))
			continue;
		shopper_find_attribute(desc, name);	/* refuses duplicates */
		c = add_column(t, desc, i, SHOPPER_ROLE_FEATURE);
		if (!shopper_feature_kind(c->reader.from, shopper_option_lists(o, "categorical", name), &c->kind, &utc, &may_be_id))
			refuse_type(desc, i);
		if (shopper_option_is(o, "date_parts", "none") && (c->kind == SHOPPER_KIND_DATE || c->kind == SHOPPER_KIND_TIMESTAMP))
			t->n_columns--;
		else
			c->feature = n++;
	}
	shopper_check(t->env, shopper_intake_init(&t->intake, t->env, t->wide, n, t->target,
											  t->target == NULL ? SHOPPER_TARGET_NONE
											  : t->task == SHOPPER_CLASSIFY ? SHOPPER_TARGET_CLASS : SHOPPER_TARGET_NUMBER,
											  roles));
	for (int i = first; i < t->n_columns; i++)
	{
		ShopperTrainingColumn *c = &t->column[i];
		const char *name = NameStr(TupleDescAttr(desc, c->attribute)->attname);
		ShopperKind kind;
		bool		utc,
					may_be_id;

		shopper_feature_kind(c->reader.from, shopper_option_lists(o, "categorical", name), &kind, &utc, &may_be_id);
		c->reader.zone = time_zone(o);
		shopper_check(t->env, shopper_intake_column(&t->intake, c->feature, name, kind, utc, may_be_id));
	}
}

static bool
is_time(ShopperConversion from)
{
	return from >= SHOPPER_FROM_DATE && from <= SHOPPER_FROM_TIMESTAMPTZ;
}

/* The column that says which rows are the latest: a date, a timestamp, or a number that grows with time. */
static void
plan_time(ShopperRowTraining *t, TupleDesc desc)
{
	const ShopperOptionValue *v = shopper_option_find(&t->model.options, "validation_time");
	const char *option = v != NULL ? v->text : NULL,
			   *name = option != NULL ? option : t->time_column;
	ShopperConversion from;
	int			attribute;

	if (name == NULL)
		return;
	if (option != NULL && t->time_column != NULL && strcmp(option, t->time_column) != 0)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("time_column \"%s\" and option validation_time \"%s\" differ", t->time_column, option),
						errhint("Name one time column.")));
	if (option != NULL && shopper_option_set(&t->model.options, "validation_column"))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("options validation_time and validation_column exclude each other")));
	attribute = shopper_find_attribute(desc, name);
	if (attribute < 0)
		shopper_missing_column(desc, "time column", name);
	from = add_column(t, desc, attribute, SHOPPER_ROLE_TIME)->reader.from;
	if (!is_time(from) && !(from >= SHOPPER_FROM_INT2 && from <= SHOPPER_FROM_NUMERIC))
		ereport(ERROR, (errcode(ERRCODE_DATATYPE_MISMATCH),
						errmsg("the time column must be a date, a timestamp or a number, got type %s",
							   format_type_be(TupleDescAttr(desc, attribute)->atttypid))));
}

/* The column whose rows belong together: in folds, or in standard errors of clusters. */
static void
plan_group(ShopperRowTraining *t, TupleDesc desc)
{
	const ShopperOptionValue *option = shopper_option_find(&t->model.options, "cluster");
	const char *name = t->group_column,
			   *cluster = option != NULL ? option->text : NULL;
	int			attribute;

	if (name != NULL && cluster != NULL && strcmp(name, cluster) != 0)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("group column \"%s\" and option cluster \"%s\" differ", name, cluster),
						errhint("Name one column.")));
	name = name != NULL ? name : cluster;
	if (name == NULL)
		return;
	attribute = shopper_find_attribute(desc, name);
	if (attribute < 0)
		shopper_missing_column(desc, "group column", name);
	add_column(t, desc, attribute, SHOPPER_ROLE_GROUP);
}

void
shopper_row_training_plan(ShopperRowTraining *t, TupleDesc desc)
{
	MemoryContext old = MemoryContextSwitchTo(t->context);
	int			target = t->target != NULL ? shopper_find_attribute(desc, t->target) : -1,
				weight,
				held_out;

	if (target < 0 && t->target != NULL)
		shopper_missing_column(desc, "target", t->target);
	weight = named_attribute(t, desc, "weight");
	held_out = named_attribute(t, desc, "validation_column");
	t->column = palloc0(sizeof(ShopperTrainingColumn) * Max(desc->natts, 1));
	t->n_columns = 0;
	if (target >= 0)
		plan_target(t, desc, target);
	if (weight >= 0)
	{
		ShopperConversion from = add_column(t, desc, weight, SHOPPER_ROLE_WEIGHT)->reader.from;

		if (from < SHOPPER_FROM_INT2 || from > SHOPPER_FROM_BOOL)
			ereport(ERROR, (errcode(ERRCODE_DATATYPE_MISMATCH), errmsg("the weight column must be a number, got type %s",
																	   format_type_be(TupleDescAttr(desc, weight)->atttypid))));
	}
	if (held_out >= 0 && add_column(t, desc, held_out, SHOPPER_ROLE_HELD_OUT)->reader.from != SHOPPER_FROM_BOOL)
		ereport(ERROR, (errcode(ERRCODE_DATATYPE_MISMATCH), errmsg("the validation column must be boolean, got type %s",
																   format_type_be(TupleDescAttr(desc, held_out)->atttypid))));
	plan_time(t, desc);
	plan_group(t, desc);
	check_listed(t, desc);
	plan_features(t, desc);
	t->planned = true;
	MemoryContextSwitchTo(old);
}

/* ---- training: start, rows, end ---- */

ShopperRowTraining *
shopper_row_training_create(MemoryContext parent, ShopperTask task, const char *target, Jsonb *options, bytea *previous)
{
	MemoryContext context,
				old;
	ShopperEnv *env = shopper_env_create(parent, &context);
	ShopperRowTraining *t;

	old = MemoryContextSwitchTo(context);
	t = palloc0(sizeof(ShopperRowTraining));
	t->env = env;
	t->context = context;
	t->task = task;
	t->target = target != NULL ? pstrdup(target) : NULL;
	t->boolean_code[0] = t->boolean_code[1] = -1;
	t->options = shopper_training_begin(env, task, options, previous, &t->model, &t->previous);
	t->wide = t->model.learner->wide;
	MemoryContextSwitchTo(old);
	return t;
}

/* The class of this row; booleans, the usual case, without making text of them each time. */
static void
read_class(ShopperRowTraining *t, Datum value)
{
	ShopperIntake *in = &t->intake;
	ShopperValueReader *reader = &t->column[0].reader;
	bool		boolean = reader->from == SHOPPER_FROM_BOOL;
	int32_t    *known = &t->boolean_code[boolean && DatumGetBool(value)];
	size_t		length;
	const char *class;

	if (boolean && *known >= 0)
	{
		in->classes.count[*known]++;
		in->y_class[in->n] = *known;
		return;
	}
	class = shopper_value_text(reader, value, &length);
	shopper_check(t->env, shopper_intake_class(in, class, length));
	if (boolean)
		*known = in->y_class[in->n];
}

/* Target, weight and split of this row; false: the row is left out. */
static bool
read_roles(ShopperRowTraining *t, Datum *values, bool *nulls, int *features)
{
	ShopperIntake *in = &t->intake;
	int			i;

	for (i = 0; i < t->n_columns && t->column[i].role != SHOPPER_ROLE_FEATURE; i++)
	{
		ShopperTrainingColumn *c = &t->column[i];
		Datum		value = values[c->attribute];
		bool		null = nulls[c->attribute];

		if (c->role == SHOPPER_ROLE_HELD_OUT)
			in->held_out[in->n] = !null && DatumGetBool(value);
		else if (c->role == SHOPPER_ROLE_TIME)
			in->time[in->n] = null ? NAN : is_time(c->reader.from) ? shopper_value_days(&c->reader, value)
				: shopper_value_number(&c->reader, value);
		else if (c->role == SHOPPER_ROLE_GROUP)
		{
			size_t		length = 0;
			const char *group = null ? "" : shopper_value_text(&c->reader, value, &length);

			in->group[in->n] = shopper_hash_bytes(group, length, null);
		}
		else if (null)
			return false;
		else if (c->role == SHOPPER_ROLE_WEIGHT)
		{
			double		weight = shopper_value_number(&c->reader, value);

			if (!(weight >= 0) || isinf(weight))
				ereport(ERROR, (errcode(ERRCODE_DATA_EXCEPTION), errmsg("row weights must be finite and not negative, got %g", weight)));
			if (weight == 0)
				return false;
			in->weight[in->n] = weight;
		}
		else if (in->target_kind == SHOPPER_TARGET_NUMBER)
		{
			double		y = shopper_value_number(&c->reader, value);

			if (y - y != 0)
				return false;
			in->y[in->n] = y;
		}
	}
	if (in->target_kind == SHOPPER_TARGET_CLASS)
		read_class(t, values[t->column[0].attribute]);
	*features = i;
	return true;
}

void
shopper_row_training_add(ShopperRowTraining *t, Datum *values, bool *nulls)
{
	ShopperIntake *in = &t->intake;
	ShopperEnv *env = t->env;
	int			i;

	shopper_check(env, shopper_intake_row(in));
	if (!read_roles(t, values, nulls, &i))
	{
		in->n_skipped++;
		return;
	}
	for (; i < t->n_columns; i++)
	{
		ShopperTrainingColumn *c = &t->column[i];
		ShopperIntakeColumn *to = &in->column[c->feature];
		Datum		value = values[c->attribute];
		bool		null = nulls[c->attribute];

		switch (c->kind)
		{
			case SHOPPER_KIND_NUMBER:
			case SHOPPER_KIND_BOOLEAN:
				shopper_intake_number(in, to, null ? NAN : shopper_value_number(&c->reader, value));
				break;
			case SHOPPER_KIND_CATEGORY:
				{
					size_t		length = 0;
					const char *level = null ? NULL : shopper_value_text(&c->reader, value, &length);

					shopper_check(env, shopper_intake_text(in, to, level, length));
					break;
				}
			case SHOPPER_KIND_DATE:
			case SHOPPER_KIND_TIMESTAMP:
				shopper_intake_days(in, to, null ? NAN : shopper_value_days(&c->reader, value));
				break;
			case SHOPPER_KIND_VECTOR:
				{
					int			n = 0;
					double	   *x = null ? NULL : shopper_value_vector(&c->reader, value, &n);

					shopper_check(env, shopper_intake_vector(in, to, x, n));
					break;
				}
		}
	}
	shopper_intake_commit(in);
}

static ShopperStatus
finish_reading(ShopperRowTraining *t, ShopperTable *table)
{
	ShopperEnv *env = t->env;
	const ShopperOptions *o = &t->model.options;
	ShopperIntakeRules rules = {
		.max_levels = shopper_option_integer(o, "max_levels"),
		.on_unseen = shopper_option_is(o, "on_unseen", "zero") ? SHOPPER_UNSEEN_ZERO
		: shopper_option_is(o, "on_unseen", "error") ? SHOPPER_UNSEEN_ERROR : SHOPPER_UNSEEN_OTHER,
		.date_days_only = shopper_option_is(o, "date_parts", "days"),
		.positive = t->target != NULL ? shopper_option_text(o, "positive") : NULL,
		.zone = shopper_option_text(o, "timezone"),
	};

	SHOPPER_NEW0(env, t->model.spec, 1);
	SHOPPER_TRY(shopper_intake_finish(&t->intake, &rules, table, t->model.spec));
	shopper_env_start_pool(env, table->n);
	return SHOPPER_OK;
}

static ShopperStatus
finish(ShopperRowTraining *t)
{
	ShopperTable table;

	SHOPPER_TRY(finish_reading(t, &table));
	if (t->model.learner->shape == SHOPPER_POINTS)
		return shopper_train_points(t->env, &t->model, &table, t->previous);
	return shopper_train_rows(t->env, &t->model, &table, shopper_class_weights(t->env, &t->model.options, t->model.spec), t->previous);
}

void
shopper_row_training_table(ShopperRowTraining *t, ShopperTable *table)
{
	MemoryContext old = MemoryContextSwitchTo(t->context);

	if (!t->planned)
		ereport(ERROR, (errcode(ERRCODE_DATA_EXCEPTION), errmsg("no rows to learn from")));
	shopper_check(t->env, finish_reading(t, table));
	shopper_check(t->env, shopper_table_order(table, 0));
	MemoryContextSwitchTo(old);
}

bytea *
shopper_row_training_finish(ShopperRowTraining *t)
{
	MemoryContext old = MemoryContextSwitchTo(t->context);
	ShopperStatus status = finish(t);

	MemoryContextSwitchTo(old);
	return shopper_training_end(t->env, status, &t->model);
}
