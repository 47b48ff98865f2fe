/* rows.c: see rows.h */
#include "rows.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "utils/lsyscache.h"

#include "../core/hash.h"

TupleDesc
shopper_row_type(ShopperRowType *known, HeapTupleHeader record)
{
	TupleDesc	shared,
				desc;

	known->oid = HeapTupleHeaderGetTypeId(record);
	known->typmod = HeapTupleHeaderGetTypMod(record);
	known->entry = known->oid == RECORDOID ? NULL : lookup_type_cache(known->oid, TYPECACHE_TUPDESC);
	known->version = known->entry == NULL ? 0 : known->entry->tupDesc_identifier;
	shared = lookup_rowtype_tupdesc(known->oid, known->typmod);
	desc = CreateTupleDescCopyConstr(shared);
	ReleaseTupleDesc(shared);
	return desc;
}

/* ---- what the columns are for ---- */

/* "a, b, c": names of a row's columns, for hints */
static char *
column_names(TupleDesc desc)
{
	StringInfoData s;

	initStringInfo(&s);
	for (int i = 0; i < desc->natts && s.len < 300; i++)
		if (!TupleDescAttr(desc, i)->attisdropped)
			appendStringInfo(&s, "%s%s", s.len > 0 ? ", " : "", NameStr(TupleDescAttr(desc, i)->attname));
	return s.data;
}

/* ROW(a, b) has columns f1, f2, ...: nothing can be matched by name. */
static bool
is_unnamed_row(TupleDesc desc)
{
	for (int i = 0; i < desc->natts; i++)
	{
		char		name[16];

		snprintf(name, sizeof(name), "f%d", i + 1);
		if (strcmp(NameStr(TupleDescAttr(desc, i)->attname), name) != 0)
			return false;
	}
	return true;
}

void
shopper_missing_column(TupleDesc desc, const char *what, const char *name)
{
	ereport(ERROR,
			(errcode(ERRCODE_UNDEFINED_COLUMN),
			 errmsg("%s \"%s\" is not in the row", what, name),
			 errdetail("The row has: %s.", column_names(desc)),
			 is_unnamed_row(desc)
			 ? errhint("ROW(...) has no column names. Pass the alias of a sub-select, as f in FROM (SELECT ...) f, or cast to a named type: ROW(...)::my_type.")
			 : 0));
}

void
shopper_unknown_feature(const ShopperSpec *spec, const char *name)
{
	StringInfoData s;

	initStringInfo(&s);
	for (int c = 0; c < spec->n_columns && s.len < 300; c++)
		appendStringInfo(&s, "%s\"%s\"", c > 0 ? ", " : "", spec->column[c].name);
	ereport(ERROR, (errcode(ERRCODE_UNDEFINED_COLUMN), errmsg("the model has no column \"%s\"", name),
					errhint("Its columns are %s.", s.data)));
}

void
shopper_unknown_class(const ShopperSpec *spec, const char *name)
{
	StringInfoData s;

	initStringInfo(&s);
	for (int c = 0; c < spec->classes.n && s.len < 300; c++)
		appendStringInfo(&s, "%s\"%s\"", c > 0 ? ", " : "", spec->classes.bytes + spec->classes.start[c]);
	ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("the model has no class \"%s\"", name),
					errhint("Its classes are %s.", s.data)));
}

/* The attribute of this name, or -1; two of the same name are an error. */
int
shopper_find_attribute(TupleDesc desc, const char *name)
{
	int			found = -1;

	for (int i = 0; i < desc->natts; i++)
	{
		if (TupleDescAttr(desc, i)->attisdropped || strcmp(NameStr(TupleDescAttr(desc, i)->attname), name) != 0)
			continue;
		if (found >= 0)
			ereport(ERROR, (errcode(ERRCODE_DUPLICATE_COLUMN), errmsg("column \"%s\" appears twice in the row", name),
							errhint("Give each column a name of its own.")));
		found = i;
	}
	return found;
}

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
	const char *name = shopper_option_text(&t->model.options, option);
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
											  t->task == SHOPPER_CLASSIFY ? SHOPPER_TARGET_CLASS : SHOPPER_TARGET_NUMBER,
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
	const char *option = shopper_option_text(&t->model.options, "validation_time");
	const char *name = option != NULL ? option : t->time_column;
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
	int			target = shopper_find_attribute(desc, t->target),
				weight,
				held_out;

	if (target < 0)
		shopper_missing_column(desc, "target", t->target);
	weight = named_attribute(t, desc, "weight");
	held_out = named_attribute(t, desc, "validation_column");
	t->column = palloc0(sizeof(ShopperTrainingColumn) * Max(desc->natts, 1));
	t->n_columns = 0;
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
	t->target = pstrdup(target);
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
		.positive = shopper_option_text(o, "positive"),
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

/* ---- scoring ---- */

static bool
fits(ShopperKind kind, ShopperConversion from, bool utc)
{
	bool		number = from >= SHOPPER_FROM_INT2 && from <= SHOPPER_FROM_INTERVAL;

	switch (kind)
	{
		case SHOPPER_KIND_NUMBER:
		case SHOPPER_KIND_BOOLEAN:
			return number;
		case SHOPPER_KIND_CATEGORY:
			return from != SHOPPER_FROM_OTHER && from != SHOPPER_FROM_VECTOR;
		case SHOPPER_KIND_DATE:
		case SHOPPER_KIND_TIMESTAMP:
			return from >= SHOPPER_FROM_DATE && from <= SHOPPER_FROM_TIMESTAMPTZ;
		case SHOPPER_KIND_VECTOR:
			return from == SHOPPER_FROM_VECTOR;
	}
	return false;
}

/* Find the model's columns in s->desc. */
static void
bind_columns(ShopperRowScoring *s)
{
	const ShopperModel *model = s->model;
	const ShopperSpec *spec = model->spec;

	s->column = palloc0(sizeof(ShopperScoringColumn) * spec->n_columns);
	for (int i = 0; i < spec->n_columns; i++)
	{
		ShopperScoringColumn *c = &s->column[i];
		const ShopperColumn *column = &spec->column[i];

		c->column = column;
		c->attribute = shopper_find_attribute(s->desc, column->name);
		if (c->attribute < 0)
			shopper_missing_column(s->desc, "the model's column", column->name);
		shopper_value_reader(&c->reader, TupleDescAttr(s->desc, c->attribute)->atttypid, s->context);
		c->reader.zone = spec->zone != NULL ? cstring_to_text(spec->zone) : NULL;
		if (!fits(column->kind, c->reader.from, column->utc))
			ereport(ERROR, (errcode(ERRCODE_DATATYPE_MISMATCH),
							errmsg("column \"%s\" of type %s does not fit the model", column->name,
								   format_type_be(TupleDescAttr(s->desc, c->attribute)->atttypid)),
							errhint("Cast it to the type that it had in training.")));
	}
	s->n_columns = spec->n_columns;
	s->values = palloc(sizeof(Datum) * Max(s->desc->natts, 1));
	s->nulls = palloc(sizeof(bool) * Max(s->desc->natts, 1));
	s->raw = palloc0(sizeof(double) * Max(spec->n_dense, 1));
	s->dense = spec->prepared ? palloc0(sizeof(double) * Max(spec->n_dense, 1)) : s->raw;
	s->lookup = palloc0(sizeof(int32_t) * Max(spec->n_categories, 1));
	s->code = spec->prepared ? palloc0(sizeof(int32_t) * Max(spec->n_categories, 1)) : s->lookup;
	s->unseen = palloc0(sizeof(bool) * Max(spec->n_columns, 1));
	s->out = palloc0(sizeof(double) * Max(shopper_model_outputs(model), 2));
}

static ShopperRowScoring *
make_scoring(MemoryContext parent, const ShopperModel *model, HeapTupleHeader record, TupleDesc desc)
{
	MemoryContext context = AllocSetContextCreate(parent, "pg_shopper scoring", ALLOCSET_SMALL_SIZES);
	MemoryContext old = MemoryContextSwitchTo(context);
	ShopperRowScoring *s = palloc0(sizeof(ShopperRowScoring));

	s->context = context;
	s->model = model;
	s->desc = record != NULL ? shopper_row_type(&s->type, record) : CreateTupleDescCopy(desc);
	bind_columns(s);
	MemoryContextSwitchTo(old);
	return s;
}

ShopperRowScoring *
shopper_row_scoring_create(MemoryContext parent, const ShopperModel *model, HeapTupleHeader record)
{
	return make_scoring(parent, model, record, NULL);
}

ShopperRowScoring *
shopper_row_scoring_plan(MemoryContext parent, const ShopperModel *model, TupleDesc desc)
{
	return make_scoring(parent, model, NULL, desc);
}

static void
unseen(const ShopperColumn *column, const char *level, size_t length)
{
	ereport(ERROR, (errcode(ERRCODE_DATA_EXCEPTION),
					errmsg("column \"%s\" has a level that training did not see: \"%.*s\"", column->name, (int) Min(length, 100), level),
					errhint("The model was trained with on_unseen => 'error'.")));
}

static void
read_category(ShopperRowScoring *s, ShopperScoringColumn *c, Datum value, bool null)
{
	const ShopperSpec *spec = s->model->spec;
	const ShopperCategory *category = &spec->category[c->column->first];
	size_t		length = 0;
	const char *level = null ? NULL : shopper_value_text(&c->reader, value, &length);
	int32_t		code = shopper_category_code(category, level, length);

	if (spec->on_unseen != SHOPPER_UNSEEN_OTHER && level != NULL &&
		(code < 0 || code == category->other_code) &&
		shopper_dictionary_find_text(&category->levels, level, length) < 0)
	{
		if (spec->on_unseen == SHOPPER_UNSEEN_ERROR)
			unseen(c->column, level, length);
		code = -1;
	}
	s->unseen[c - s->column] = level != NULL && (code < 0 || code == category->other_code);
	s->code[c->column->first] = code;
	if (spec->prepared)
		s->lookup[c->column->first] = shopper_category_position(category, code);
}

static void
read_vector(ShopperRowScoring *s, ShopperScoringColumn *c, Datum value, bool null)
{
	int			n = 0;
	double	   *x = null ? NULL : shopper_value_vector(&c->reader, value, &n);

	if (n > 0 && n != c->column->n)
		ereport(ERROR, (errcode(ERRCODE_DATA_EXCEPTION),
						errmsg("array of column \"%s\" has %d elements, the model was trained with %d", c->column->name, n, c->column->n)));
	for (int i = 0; i < c->column->n; i++)
		s->raw[c->column->first + i] = n > 0 && x[i] - x[i] == 0 ? x[i] : NAN;
	if (x != NULL)
		pfree(x);
}

void
shopper_row_scoring_read(ShopperRowScoring *s, HeapTupleHeader record)
{
	HeapTupleData tuple;

	tuple.t_len = HeapTupleHeaderGetDatumLength(record);
	ItemPointerSetInvalid(&tuple.t_self);
	tuple.t_tableOid = InvalidOid;
	tuple.t_data = record;
	heap_deform_tuple(&tuple, s->desc, s->values, s->nulls);
	shopper_row_scoring_encode(s, s->values, s->nulls);
}

void
shopper_row_scoring_encode(ShopperRowScoring *s, Datum *values, bool *nulls)
{
	const ShopperSpec *spec = s->model->spec;

	for (int i = 0; i < s->n_columns; i++)
	{
		ShopperScoringColumn *c = &s->column[i];
		Datum		value = values[c->attribute];
		bool		null = nulls[c->attribute];

		switch (c->column->kind)
		{
			case SHOPPER_KIND_NUMBER:
			case SHOPPER_KIND_BOOLEAN:
				{
					double		x = null ? NAN : shopper_value_number(&c->reader, value);

					s->raw[c->column->first] = x - x != 0 ? NAN : x;
					break;
				}
			case SHOPPER_KIND_CATEGORY:
				read_category(s, c, value, null);
				break;
			case SHOPPER_KIND_DATE:
			case SHOPPER_KIND_TIMESTAMP:
				{
					double		days = null ? NAN : shopper_value_days(&c->reader, value);

					for (int k = 0; k < c->column->n; k++)
						s->raw[c->column->first + k] = shopper_date_part(days, k, c->column->origin);
					break;
				}
			case SHOPPER_KIND_VECTOR:
				read_vector(s, c, value, null);
				break;
		}
	}
	if (spec->prepared)
		shopper_prepare_row(spec, s->raw, s->dense);
}
