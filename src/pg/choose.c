/* choose.c: see choose.h; and cross_validate. */
#include "choose.h"

#include "catalog/pg_type.h"
#include "utils/lsyscache.h"

char *
shopper_text_arg(FunctionCallInfo fcinfo, int n)
{
	return PG_ARGISNULL(n) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(n));
}

int64
shopper_folds_arg(FunctionCallInfo fcinfo, int n, int64 initial)
{
	int64		k = PG_ARGISNULL(n) ? initial : PG_GETARG_INT32(n);

	if (k < 2 || k > 1000)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("the number of folds must be from 2 to 1000, got %lld", (long long) k)));
	return k;
}

/* ---- reading ---- */

static ShopperTask
find_task(ShopperChoosing *c, TupleDesc desc)
{
	char	   *algorithm = shopper_algorithm_of(c->options);
	const ShopperLearner *learner = algorithm != NULL ? shopper_learner_by_name(algorithm) : NULL;
	unsigned	tasks = learner != NULL && learner->shape == SHOPPER_ROWS ? learner->tasks : SHOPPER_CLASSIFY | SHOPPER_REGRESS;
	int			target = shopper_find_attribute(desc, c->target);
	char		category;
	bool		preferred;

	if (c->job != NULL)
	{
		if (strcmp(c->job, "classifier") != 0 && strcmp(c->job, "regressor") != 0)
			ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("job must be classifier or regressor, got \"%s\"", c->job)));
		return strcmp(c->job, "classifier") == 0 ? SHOPPER_CLASSIFY : SHOPPER_REGRESS;
	}
	if (tasks == SHOPPER_CLASSIFY || tasks == SHOPPER_REGRESS)
		return (ShopperTask) tasks;
	if (target < 0)
		shopper_missing_column(desc, "target", c->target);
	get_type_category_preferred(TupleDescAttr(desc, target)->atttypid, &category, &preferred);
	return category == TYPCATEGORY_NUMERIC ? SHOPPER_REGRESS : SHOPPER_CLASSIFY;
}

static void
choosing_start(void *state, TupleDesc desc)
{
	ShopperChoosing *c = state;

	c->task = find_task(c, desc);
	c->training = shopper_row_training_create(CurrentMemoryContext, c->task, c->target, c->options, NULL);
	c->training->wide |= c->wide;
	c->training->time_column = c->time_column;
	c->training->group_column = c->groups;
	shopper_row_training_plan(c->training, desc);
}

static void
choosing_row(void *state, Datum *values, bool *nulls)
{
	shopper_row_training_add(((ShopperChoosing *) state)->training, values, nulls);
}

void
shopper_choosing_read(ShopperChoosing *c, const char *query)
{
	ShopperRowSink sink = {choosing_start, choosing_row, c};

	shopper_run_query(query, &sink);
	shopper_row_training_table(c->training, &c->table);
	c->env = c->training->env;
	c->raw.table = &c->table;
	c->raw.spec = c->training->model.spec;
	c->raw.class_weight = shopper_class_weights(c->env, &c->training->model.options, c->raw.spec);
}

int32_t *
shopper_choosing_folds(ShopperChoosing *c, int64 k)
{
	int32_t    *fold = MemoryContextAllocHuge(c->training->context, sizeof(int32_t) * c->table.n);

	shopper_check(c->env, c->time_column != NULL ? shopper_time_folds(c->env, &c->table, (int) k, fold)
				  : shopper_random_folds(c->env, &c->table, (int) k, fold));
	return fold;
}

void
shopper_choosing_trial(ShopperChoosing *c, Jsonb *options, const int32_t *fold, ShopperTrial *trial)
{
	uint64		seed = c->env->seed;
	MemoryContext old = MemoryContextSwitchTo(c->training->context);

	memset(trial, 0, sizeof(*trial));
	trial->task = c->task;
	trial->learner = shopper_options_from_jsonb(c->env, options, c->task, &trial->options);
	trial->raw = c->raw;
	trial->fold = fold;
	trial->timed = c->time_column != NULL;
	trial->n = c->table.n;
	c->env->seed = seed;
	MemoryContextSwitchTo(old);
}

void
shopper_choosing_end(ShopperChoosing *c)
{
	shopper_env_end_pool(c->env);
	MemoryContextDelete(c->training->context);
}

/* ---- cross_validate ---- */

static void
put_fold(Tuplestorestate *rows, TupleDesc desc, int fold, const ShopperTrialMetrics *m)
{
	for (int i = 0; i < m->n; i++)
	{
		Datum		v[3] = {Int32GetDatum(fold), CStringGetTextDatum(m->name[i])};
		bool		null[3] = {false};

		shopper_set_float(&v[2], &null[2], m->value[i]);
		tuplestore_putvalues(rows, desc, v, null);
	}
}

/* query, target, options, k, groups, time_column, job */
PG_FUNCTION_INFO_V1(shopper_cross_validate);
Datum
shopper_cross_validate(PG_FUNCTION_ARGS)
{
	TupleDesc	desc;
	Tuplestorestate *rows = shopper_rows_begin(fcinfo, &desc);
	ShopperChoosing c = {0};
	ShopperTrial trial;
	int32_t    *fold;
	int64		k = shopper_folds_arg(fcinfo, 3, 5);

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("the query and the target's name must not be null")));
	c.target = shopper_text_arg(fcinfo, 1);
	c.options = PG_ARGISNULL(2) ? NULL : PG_GETARG_JSONB_P(2);
	c.groups = shopper_text_arg(fcinfo, 4);
	c.time_column = shopper_text_arg(fcinfo, 5);
	c.job = shopper_text_arg(fcinfo, 6);
	shopper_choosing_read(&c, shopper_text_arg(fcinfo, 0));
	fold = shopper_choosing_folds(&c, k);
	shopper_choosing_trial(&c, c.options, fold, &trial);
	for (int f = 0; f < k; f++)
	{
		ShopperTrialMetrics m = {0};

		shopper_check(c.env, shopper_trial_fold(c.env, &trial, f, &m, NULL));
		shopper_progress(c.env, "cross_validate", f + 1, k, shopper_trial_metric(&m, shopper_default_metric(c.task)));
		put_fold(rows, desc, f + 1, &m);
	}
	shopper_choosing_end(&c);
	return (Datum) 0;
}
