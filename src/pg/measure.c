/*
 * measure.c: a stored model on new rows: model_metrics and feature_importance over
 * the rows of a query.
 */
#include "rows.h"

#include "inspect.h"

static void
measured_start(void *state, TupleDesc desc)
{
	ShopperMeasured *m = state;
	const ShopperSpec *spec = m->model.spec;
	ShopperTable *t = &m->table;

	m->scoring = shopper_row_scoring_plan(m->context, &m->model, desc);
	m->target = spec->target != NULL ? shopper_find_attribute(desc, spec->target) : -1;
	if (m->target < 0 && m->need_target)
		shopper_missing_column(desc, "the target", spec->target);
	if (m->target >= 0)
		shopper_value_reader(&m->reader, TupleDescAttr(desc, m->target)->atttypid, m->context);
	shopper_check(m->env, shopper_table_make(m->env, t, m->model.learner->wide, 1024, spec->n_dense, spec->n_categories,
											 spec->target_kind == SHOPPER_TARGET_CLASS ? (int) spec->classes.n
											 : spec->target_kind == SHOPPER_TARGET_NUMBER ? 0 : -1));
	t->n = 0;
	for (int k = 0; k < t->n_lookup; k++)
		t->size[k] = spec->prepared ? spec->category[k].size : spec->category[k].n_levels;
}

static void
grow(ShopperMeasured *m, void *array, size_t width)
{
	int64_t		capacity = m->table.capacity;

	if (*(void **) array != NULL)
		shopper_check(m->env, shopper_grow(m->env, array, &capacity, m->table.n + 1, width));
}

static void
grow_table(ShopperMeasured *m)
{
	ShopperTable *t = &m->table;

	for (int j = 0; j < t->n_dense; j++)
	{
		if (t->wide)
			grow(m, &t->dense[j], sizeof(double));
		else
			grow(m, &t->dense32[j], sizeof(float));
	}
	for (int k = 0; k < t->n_lookup; k++)
		grow(m, &t->lookup[k], sizeof(int32_t));
	grow(m, &t->y_class, sizeof(int32_t));
	grow(m, &t->y, sizeof(double));
	t->capacity *= 2;
}

/* The target of a row; false: it is missing and the row is left out. */
static bool
read_target(ShopperMeasured *m, Datum value, bool null)
{
	const ShopperDictionary *classes = &m->model.spec->classes;
	ShopperTable *t = &m->table;
	size_t		length;
	const char *class;
	int64		code;

	if (null)
		return false;
	if (t->y != NULL)
	{
		t->y[t->n] = shopper_value_number(&m->reader, value);
		return t->y[t->n] - t->y[t->n] == 0;
	}
	class = shopper_value_text(&m->reader, value, &length);
	code = shopper_dictionary_find_text(classes, class, length);
	if (code < 0)
		ereport(ERROR, (errcode(ERRCODE_DATA_EXCEPTION),
						errmsg("target \"%s\" has a class that training did not see: \"%.*s\"", m->model.spec->target,
							   (int) Min(length, 100), class)));
	t->y_class[t->n] = (int32_t) code;
	return true;
}

/* Note the raw value of the watched number. */
static void
watch(ShopperMeasured *m)
{
	shopper_check(m->env, shopper_grow(m->env, &m->raw, &m->watched_capacity, m->table.n + 1, sizeof(double)));
	m->raw[m->table.n] = m->scoring->raw[m->watched];
}

static void
measured_row(void *state, Datum *values, bool *nulls)
{
	ShopperMeasured *m = state;
	ShopperTable *t = &m->table;

	if (t->n == t->capacity)
		grow_table(m);
	if (m->need_target && !read_target(m, values[m->target], nulls[m->target]))
		return;
	shopper_row_scoring_encode(m->scoring, values, nulls);
	if (m->watched >= 0)
		watch(m);
	for (int j = 0; j < t->n_dense; j++)
	{
		if (t->wide)
			t->dense[j][t->n] = m->scoring->dense[j];
		else
			t->dense32[j][t->n] = (float) m->scoring->dense[j];
	}
	for (int k = 0; k < t->n_lookup; k++)
		t->lookup[k][t->n] = m->scoring->lookup[k];
	t->n++;
}

ShopperMeasured *
shopper_measured_query(const ShopperModel *model, const char *query, bool need_target, int watched)
{
	MemoryContext context;
	ShopperEnv *env = shopper_env_create(CurrentMemoryContext, &context);
	ShopperMeasured *m = MemoryContextAllocZero(context, sizeof(ShopperMeasured));
	ShopperRowSink sink = {measured_start, measured_row, m};

	m->env = env;
	m->context = context;
	m->need_target = need_target;
	m->watched = watched;
	m->model = *model;
	m->model.n_metrics = m->model.metric_capacity = m->model.n_importance = m->model.importance_capacity = 0;
	m->model.metric = NULL;
	m->model.importance = NULL;
	env->seed = (uint64) shopper_option_integer(&model->options, "seed");
	shopper_run_query(query, &sink);
	if (m->table.n == 0)
		ereport(ERROR, (errcode(ERRCODE_DATA_EXCEPTION), errmsg("no rows to measure")));
	m->table.n_train = m->table.n;
	shopper_env_start_pool(env, m->table.n);
	return m;
}

const ShopperModel *
shopper_rows_model_arg(FunctionCallInfo fcinfo)
{
	return shopper_model_of_shape(fcinfo, 0, SHOPPER_ROWS, "a classifier or regressor",
								  "Such models come from train_classifier and train_regressor.")->model;
}

/* Measure the model of argument 0 on the query of argument 1; the copy of the model holds what was found. */
static const ShopperModel *
measure(FunctionCallInfo fcinfo, bool importance)
{
	ShopperMeasured *m = shopper_measured_query(shopper_rows_model_arg(fcinfo), text_to_cstring(PG_GETARG_TEXT_PP(1)), true, -1);

	shopper_check(m->env, shopper_measure_rows(m->env, &m->model, &m->table, importance));
	shopper_env_end_pool(m->env);
	return &m->model;
}

PG_FUNCTION_INFO_V1(shopper_model_metrics_of_query);
Datum
shopper_model_metrics_of_query(PG_FUNCTION_ARGS)
{
	TupleDesc	desc;
	Tuplestorestate *rows = shopper_rows_begin(fcinfo, &desc);

	shopper_put_metrics(rows, desc, measure(fcinfo, false));
	return (Datum) 0;
}

PG_FUNCTION_INFO_V1(shopper_feature_importance_of_query);
Datum
shopper_feature_importance_of_query(PG_FUNCTION_ARGS)
{
	TupleDesc	desc;
	Tuplestorestate *rows = shopper_rows_begin(fcinfo, &desc);

	shopper_put_importance(rows, desc, measure(fcinfo, true));
	return (Datum) 0;
}
