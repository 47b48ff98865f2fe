/*
 * tune.c: tune(): options that do best over folds. The search space is jsonb: options as
 * the builders make them, where a value may be a range {"min", "max" [, "log"] [, "points"]}
 * or an array of choices; an array of such objects searches several algorithms.
 */
#include "choose.h"

#include <math.h>

#include "common/int.h"
#include "portability/instr_time.h"
#include "utils/numeric.h"

#include "../models/search/search.h"

typedef struct Axis				/* an option that varies */
{
	char	   *name;
	ShopperParameter parameter;
	JsonbValue *choice;			/* (choices) */
} Axis;

typedef struct Space			/* one algorithm */
{
	Jsonb	   *fixed;			/* all other options */
	int			n;
	Axis	   *axis;
	ShopperSearch search;
} Space;

typedef struct Attempt
{
	Jsonb	   *options;
	double		mean;
	double		sd;
	int			folds;
	int64		rows;
	double		seconds;
	int			rung;			/* halving: how far it came */
	char	   *failure;
} Attempt;

typedef struct Tuning
{
	ShopperChoosing c;
	int			n_spaces;
	Space	   *space;
	int64		trials;
	int64		k;
	int32_t    *fold;
	const char *metric;
	bool		rises;
	ShopperSearchMethod method;
	bool		halving;
	uint64		seed;
	Attempt    *result;
	int64		n_results;
	int64		done;			/* fits, for progress */
	int64		planned;
} Tuning;

/* ---- the space ---- */

static JsonbValue *
member(JsonbContainer *object, const char *name)
{
	JsonbValue	key = {.type = jbvString,.val.string = {.len = strlen(name),.val = (char *) name}};

	return findJsonbValueFromContainer(object, JB_FOBJECT, &key);
}

static double
number_of(const JsonbValue *v, const char *axis, const char *what)
{
	if (v == NULL || v->type != jbvNumeric)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("range of option \"%s\" must have the number \"%s\"", axis, what),
						errhint("Write {\"min\": 0.01, \"max\": 0.3, \"log\": true}.")));
	return DatumGetFloat8(DirectFunctionCall1(numeric_float8, NumericGetDatum(v->val.numeric)));
}

static const ShopperOption *
find_option(const ShopperLearner *learner, const char *name)
{
	for (const ShopperOption *o = learner->options; o->name != NULL; o++)
		if (strcmp(o->name, name) == 0)
			return o;
	for (const ShopperOption *o = shopper_shape_options(learner->shape); o->name != NULL; o++)
		if (strcmp(o->name, name) == 0)
			return o;
	return NULL;
}

static bool
takes_array(const ShopperOption *o)
{
	return o->type == SHOPPER_STRINGS || o->type == SHOPPER_INTEGERS || o->type == SHOPPER_NUMBERS || o->type == SHOPPER_LEARNERS;
}

static void
read_range(Axis *axis, const ShopperOption *o, JsonbContainer *range)
{
	ShopperParameter *p = &axis->parameter;
	JsonbValue *log = member(range, "log"),
			   *points = member(range, "points");
	JsonbIterator *it = JsonbIteratorInit(range);
	JsonbValue	key;
	JsonbIteratorToken token;

	while ((token = JsonbIteratorNext(&it, &key, true)) != WJB_DONE)
	{
		char	   *name;

		if (token != WJB_KEY)
			continue;
		name = pnstrdup(key.val.string.val, key.val.string.len);
		if (strcmp(name, "min") != 0 && strcmp(name, "max") != 0 && strcmp(name, "log") != 0 && strcmp(name, "points") != 0)
			ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("unknown key \"%s\" in the range of option \"%s\"", name, axis->name),
							errhint("A range has min, max, log and points.")));
	}
	if (o->type != SHOPPER_NUMBER && o->type != SHOPPER_INTEGER)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("option \"%s\" takes no range: it is not a number", axis->name),
						errhint("Give an array of choices.")));
	p->kind = o->type == SHOPPER_INTEGER ? SHOPPER_PARAMETER_INTEGER : SHOPPER_PARAMETER_REAL;
	p->min = number_of(member(range, "min"), axis->name, "min");
	p->max = number_of(member(range, "max"), axis->name, "max");
	p->log = log != NULL && log->type == jbvBool && log->val.boolean;
	p->points = points != NULL ? (int) number_of(points, axis->name, "points") : 3;
	if (!(p->min <= p->max) || (p->log && !(p->min > 0)) || p->points < 1 || p->points > 10000)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("range of option \"%s\" is not possible", axis->name),
						errhint("min must not exceed max, and be above 0 when log is true; points are 1 to 10000.")));
}

static void
read_choices(Axis *axis, JsonbContainer *array)
{
	JsonbIterator *it = JsonbIteratorInit(array);
	JsonbValue	v;
	int			n = JsonContainerSize(array);

	if (n == 0)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("option \"%s\" has no choices", axis->name)));
	axis->parameter.kind = SHOPPER_PARAMETER_CHOICE;
	axis->choice = palloc0(sizeof(JsonbValue) * n);
	JsonbIteratorNext(&it, &v, true);
	while (axis->parameter.choices < n && JsonbIteratorNext(&it, &v, true) == WJB_ELEM)
		axis->choice[axis->parameter.choices++] = v;
}

/* An array is a list of choices, unless the option takes an array itself and the elements are none. */
static bool
is_choices(const ShopperOption *o, JsonbContainer *array)
{
	JsonbValue *first;

	if (!takes_array(o))
		return true;
	first = getIthJsonbValueFromContainer(array, 0);
	return first != NULL && first->type == jbvBinary && JsonContainerIsArray(first->val.binary.data);
}

static void
push_value(JsonbParseState **state, JsonbIteratorToken as, JsonbValue *v)
{
	JsonbIterator *it;
	JsonbValue	part;
	JsonbIteratorToken token;

	if (v->type != jbvBinary)
	{
		pushJsonbValue(state, as, v);
		return;
	}
	it = JsonbIteratorInit(v->val.binary.data);
	while ((token = JsonbIteratorNext(&it, &part, false)) != WJB_DONE)
		pushJsonbValue(state, token, token < WJB_BEGIN_ARRAY ? &part : NULL);
}

static void
read_space(Space *space, Jsonb *jsonb, ShopperTask task)
{
	char	   *algorithm = shopper_algorithm_of(jsonb);
	const ShopperLearner *learner = algorithm != NULL ? shopper_learner_by_name(algorithm) : NULL;
	JsonbParseState *state = NULL;
	JsonbIterator *it = JsonbIteratorInit(&jsonb->root);
	JsonbValue	key,
				v;
	JsonbIteratorToken token;

	if (learner == NULL || (learner->tasks & task) == 0)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						algorithm == NULL ? errmsg("the search space names no algorithm")
						: errmsg("algorithm \"%s\" cannot train a %s", algorithm, task == SHOPPER_CLASSIFY ? "classifier" : "regressor"),
						errhint("Start from a builder: boosting() || '{\"learning_rate\": {\"min\": 0.01, \"max\": 0.3, \"log\": true}}'.")));
	space->axis = palloc0(sizeof(Axis) * (JB_ROOT_COUNT(jsonb) + 1));
	pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
	while ((token = JsonbIteratorNext(&it, &key, true)) != WJB_DONE)
	{
		Axis	   *axis = &space->axis[space->n];
		const ShopperOption *o;

		if (token != WJB_KEY)
			continue;
		JsonbIteratorNext(&it, &v, true);
		axis->name = pnstrdup(key.val.string.val, key.val.string.len);
		o = find_option(learner, axis->name);
		if (o != NULL && v.type == jbvBinary && !JsonContainerIsArray(v.val.binary.data))
		{
			read_range(axis, o, v.val.binary.data);
			space->n++;
		}
		else if (o != NULL && v.type == jbvBinary && is_choices(o, v.val.binary.data))
		{
			read_choices(axis, v.val.binary.data);
			space->n++;
		}
		else
		{
			pushJsonbValue(&state, WJB_KEY, &key);
			push_value(&state, WJB_VALUE, &v);
		}
	}
	space->fixed = JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_OBJECT, NULL));
}

/* The options that say how rows are read: the fixed ones of the first space. */
static Jsonb *
reading_options(Jsonb *search)
{
	JsonbValue *first;

	if (JB_ROOT_IS_SCALAR(search) || JB_ROOT_COUNT(search) == 0)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("the search space must be a json object, or an array of them")));
	if (JB_ROOT_IS_OBJECT(search))
		return search;
	first = getIthJsonbValueFromContainer(&search->root, 0);
	if (first->type != jbvBinary || JsonContainerIsArray(first->val.binary.data))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("elements of the search space must be json objects")));
	return JsonbValueToJsonb(first);
}

static const char *const reading[] = {"algorithm", "weight", "class_weight", "positive", "features", "exclude", "categorical",
"max_levels", "on_unseen", "date_parts", "timezone", NULL};

/* Of these only what every learner of rows understands, without what varies. */
static Jsonb *
only_reading(Jsonb *options)
{
	JsonbParseState *state = NULL;

	pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
	for (int i = 0; reading[i] != NULL; i++)
	{
		JsonbValue	key = {.type = jbvString,.val.string = {.len = strlen(reading[i]),.val = (char *) reading[i]}};
		JsonbValue *v = member(&options->root, reading[i]);

		if (v == NULL)
			continue;
		pushJsonbValue(&state, WJB_KEY, &key);
		push_value(&state, WJB_VALUE, v);
	}
	return JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_OBJECT, NULL));
}

/* Whether an option of all learners of rows has a value when it is not given. */
static bool
has_default(const char *name)
{
	for (const ShopperOption *o = shopper_shape_options(SHOPPER_ROWS); o->name != NULL; o++)
		if (strcmp(o->name, name) == 0)
			return o->initial != NULL;
	return false;
}

/* Rows are read once, as the first space says: others must not say anything else. */
static void
check_reading(Jsonb *first, Jsonb *other)
{
	for (int i = 1; reading[i] != NULL; i++)
	{
		JsonbValue *a = member(&first->root, reading[i]),
				   *b = member(&other->root, reading[i]);

		if (a != NULL && b != NULL ? compareJsonbContainers(&JsonbValueToJsonb(a)->root, &JsonbValueToJsonb(b)->root) != 0
			: a != b && !has_default(reading[i]))
			ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("option \"%s\" differs between the search spaces", reading[i]),
							errdetail("Rows are read once for all of them."), errhint("Give it to all of them, or search them one by one.")));
	}
}

static void
read_spaces(Tuning *t, Jsonb *search)
{
	JsonbIterator *it;
	JsonbValue	v;

	if (JB_ROOT_IS_OBJECT(search))
	{
		t->space = palloc0(sizeof(Space));
		t->n_spaces = 1;
		read_space(t->space, search, t->c.task);
		return;
	}
	t->space = palloc0(sizeof(Space) * (JB_ROOT_COUNT(search) + 1));
	it = JsonbIteratorInit(&search->root);
	JsonbIteratorNext(&it, &v, true);
	while (JsonbIteratorNext(&it, &v, true) == WJB_ELEM)
	{
		if (v.type != jbvBinary || JsonContainerIsArray(v.val.binary.data))
			ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("elements of the search space must be json objects")));
		read_space(&t->space[t->n_spaces], JsonbValueToJsonb(&v), t->c.task);
		check_reading(only_reading(reading_options(search)), JsonbValueToJsonb(&v));
		t->n_spaces++;
	}
}

/* ---- trials ---- */

static Jsonb *
make_options(const Space *space, const double *value)
{
	JsonbParseState *state = NULL;
	JsonbIterator *it = JsonbIteratorInit(&space->fixed->root);
	JsonbValue	v;
	JsonbIteratorToken token;

	while ((token = JsonbIteratorNext(&it, &v, false)) != WJB_DONE && !(token == WJB_END_OBJECT && it == NULL))
		pushJsonbValue(&state, token, token < WJB_BEGIN_ARRAY ? &v : NULL);
	for (int j = 0; j < space->n; j++)
	{
		const Axis *axis = &space->axis[j];
		JsonbValue	key = {.type = jbvString,.val.string = {.len = strlen(axis->name),.val = axis->name}};

		pushJsonbValue(&state, WJB_KEY, &key);
		if (axis->parameter.kind == SHOPPER_PARAMETER_CHOICE)
		{
			push_value(&state, WJB_VALUE, &axis->choice[(int) value[j]]);
			continue;
		}
		v.type = jbvNumeric;
		v.val.numeric = DatumGetNumeric(axis->parameter.kind == SHOPPER_PARAMETER_INTEGER
										? DirectFunctionCall1(int8_numeric, Int64GetDatum((int64) value[j]))
										: DirectFunctionCall1(float8_numeric, Float8GetDatum(value[j])));
		pushJsonbValue(&state, WJB_VALUE, &v);
	}
	return JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_OBJECT, NULL));
}

/* Mean and deviation of the metric over the folds, on the first `rows` rows. Rows that cannot be learned from are a failed trial. */
static void
run_trial(Tuning *t, Attempt *r, int64 rows)
{
	ShopperTrial trial;
	double		value[1000],
				sum = 0,
				squares = 0;
	instr_time	start,
				now;

	shopper_choosing_trial(&t->c, r->options, t->fold, &trial);
	trial.n = rows;
	r->rows = rows;
	r->folds = (int) t->k;
	r->failure = NULL;
	INSTR_TIME_SET_CURRENT(start);
	for (int f = 0; f < t->k; f++)
	{
		ShopperTrialMetrics m = {0};
		ShopperStatus status = shopper_trial_fold(t->c.env, &trial, f, &m, NULL);

		if (status == SHOPPER_BAD_DATA)
		{
			r->failure = pstrdup(t->c.env->message);
			t->c.env->status = SHOPPER_OK;
			r->mean = r->sd = NAN;
			return;
		}
		shopper_check(t->c.env, status);
		if (!shopper_trial_has_metric(&m, t->metric))
			ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("metric \"%s\" is not measured here", t->metric),
							errhint(t->c.task == SHOPPER_CLASSIFY ? "Classifiers have log_loss, accuracy and, with two classes, auc and brier."
									: "Regressors have rmse, mae and r2.")));
		value[f] = shopper_trial_metric(&m, t->metric);
		if (isnan(value[f]))
		{
			r->failure = psprintf("%s cannot be measured in fold %d: are all its rows alike?", t->metric, f + 1);
			r->mean = r->sd = NAN;
			return;
		}
		sum += value[f];
		shopper_progress(t->c.env, "tune", ++t->done, t->planned, value[f]);
	}
	r->mean = sum / t->k;
	for (int f = 0; f < t->k; f++)
		squares += (value[f] - r->mean) * (value[f] - r->mean);
	r->sd = sqrt(squares / (t->k - 1));
	INSTR_TIME_SET_CURRENT(now);
	INSTR_TIME_SUBTRACT(now, start);
	r->seconds += INSTR_TIME_GET_DOUBLE(now);
}

static double
loss_of(const Tuning *t, const Attempt *r)
{
	return t->rises ? -r->mean : r->mean;
}

static void
search(Tuning *t, int64 rows)
{
	double	   *value = palloc(sizeof(double) * 1700);

	for (int64 i = 0; i < t->trials; i++)
	{
		Space	   *space = &t->space[i % t->n_spaces];
		Attempt    *r = &t->result[t->n_results];

		if (t->method == SHOPPER_SEARCH_GRID)
		{
			/* spaces one after another */
			int			at = 0;

			while (t->space[at].search.n_trials == shopper_search_grid_size(&t->space[at].search))
				at++;
			space = &t->space[at];
		}
		shopper_check(t->c.env, shopper_search_propose(&space->search, value));
		r->options = make_options(space, value);
		run_trial(t, r, rows);
		shopper_check(t->c.env, shopper_search_report(&space->search, loss_of(t, r)));
		t->n_results++;
	}
}

/* Better first: farther rung, lower loss, earlier trial; failures last. */
static int
compare_attempts(const void *a, const void *b, void *tuning)
{
	const Tuning *t = tuning;
	int			i = *(const int *) a,
				j = *(const int *) b;
	const Attempt *r = &t->result[i],
			   *other = &t->result[j];

	if (r->rung != other->rung)
		return other->rung - r->rung;
	if (isnan(r->mean) != isnan(other->mean))
		return isnan(r->mean) ? 1 : -1;
	if (!isnan(r->mean) && r->mean != other->mean)
		return loss_of(t, r) < loss_of(t, other) ? -1 : 1;
	return i - j;
}

static int *
ranked(Tuning *t)
{
	int		   *order = palloc(sizeof(int) * Max(t->n_results, 1));

	for (int i = 0; i < t->n_results; i++)
		order[i] = i;
	qsort_arg(order, t->n_results, sizeof(int), compare_attempts, t);
	return order;
}

/*
 * Successive halving (Jamieson and Talwalkar 2016) by thirds: all trials on few rows, the best
 * third of them on three times as many, and so on to all rows.
 */
static void
halve(Tuning *t)
{
	int			rungs = 1;
	int64		rows = t->c.table.n,
				left;

	for (int64 trials = t->trials; trials > 3 && rows / 3 >= 1000 && rungs < 6; trials /= 3)
	{
		rows /= 3;
		rungs++;
	}
	search(t, rows);
	left = t->n_results;
	for (int rung = 1; rung < rungs; rung++)
	{
		int		   *order = ranked(t);

		rows = rung == rungs - 1 ? t->c.table.n : rows * 3;
		left = Max(left / 3, 1);
		for (int i = 0; i < left; i++)
		{
			Attempt    *r = &t->result[order[i]];

			if (r->failure != NULL)
				continue;
			r->rung = rung;
			run_trial(t, r, rows);
		}
	}
}

/* ---- the function ---- */

static void
put_results(Tuning *t, Tuplestorestate *rows, TupleDesc desc)
{
	int		   *order = ranked(t);

	for (int i = 0; i < t->n_results; i++)
	{
		const Attempt *r = &t->result[order[i]];
		Datum		v[8] = {Int32GetDatum(i + 1), Int32GetDatum(order[i] + 1), CStringGetTextDatum(t->metric)};
		bool		null[8] = {false};

		shopper_set_float(&v[3], &null[3], r->mean);
		shopper_set_float(&v[4], &null[4], r->sd);
		v[5] = Int64GetDatum(r->rows);
		v[6] = JsonbPGetDatum(r->options);
		null[7] = r->failure == NULL;
		if (r->failure != NULL)
			v[7] = CStringGetTextDatum(r->failure);
		tuplestore_putvalues(rows, desc, v, null);
	}
}

static void
plan_trials(Tuning *t)
{
	int64		grid = 0;

	for (int s = 0; s < t->n_spaces; s++)
	{
		Space	   *space = &t->space[s];
		ShopperParameter *p = palloc0(sizeof(ShopperParameter) * (space->n + 1));

		for (int j = 0; j < space->n; j++)
			p[j] = space->axis[j].parameter;
		shopper_search_init(&space->search, t->c.env, t->method, p, space->n, t->seed + s);
		if (t->method == SHOPPER_SEARCH_GRID && pg_add_s64_overflow(grid, shopper_search_grid_size(&space->search), &grid))
			grid = PG_INT64_MAX;
	}
	if (t->method == SHOPPER_SEARCH_GRID)
	{
		if (grid > 100000)
			ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED), errmsg("the grid has %lld combinations, at most 100000 are possible", (long long) grid),
							errhint("Use fewer points, or method => 'tpe'.")));
		t->trials = grid;
	}
	t->planned = t->trials * t->k;
	t->result = palloc0(sizeof(Attempt) * Max(t->trials, 1));
}

static void
read_method(Tuning *t, const char *method)
{
	if (method == NULL || strcmp(method, "tpe") == 0)
		t->method = SHOPPER_SEARCH_TPE;
	else if (strcmp(method, "random") == 0)
		t->method = SHOPPER_SEARCH_RANDOM;
	else if (strcmp(method, "grid") == 0)
		t->method = SHOPPER_SEARCH_GRID;
	else if (strcmp(method, "halving") == 0)
	{
		t->method = SHOPPER_SEARCH_RANDOM;
		t->halving = true;
	}
	else
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("method must be one of tpe, random, grid, halving, got \"%s\"", method)));
}

/* query, target, search, trials, k, metric, method, groups, time_column, job, seed */
PG_FUNCTION_INFO_V1(shopper_tune);
Datum
shopper_tune(PG_FUNCTION_ARGS)
{
	TupleDesc	desc;
	Tuplestorestate *rows = shopper_rows_begin(fcinfo, &desc);
	Tuning		t = {.trials = PG_ARGISNULL(3) ? 30 : PG_GETARG_INT32(3)};
	MemoryContext old;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1) || PG_ARGISNULL(2))
		ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("the query, the target's name and the search space must not be null")));
	if (t.trials < 1 || t.trials > 100000)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("trials must be from 1 to 100000, got %lld", (long long) t.trials)));
	t.k = shopper_folds_arg(fcinfo, 4, 5);
	read_method(&t, shopper_text_arg(fcinfo, 6));
	t.seed = PG_ARGISNULL(10) ? 1 : (uint64) PG_GETARG_INT64(10);
	t.c.target = shopper_text_arg(fcinfo, 1);
	t.c.options = only_reading(reading_options(PG_GETARG_JSONB_P(2)));
	t.c.groups = shopper_text_arg(fcinfo, 7);
	t.c.time_column = shopper_text_arg(fcinfo, 8);
	t.c.job = shopper_text_arg(fcinfo, 9);
	t.c.wide = JB_ROOT_IS_ARRAY(PG_GETARG_JSONB_P(2));
	shopper_choosing_read(&t.c, shopper_text_arg(fcinfo, 0));
	old = MemoryContextSwitchTo(t.c.training->context);
	t.metric = PG_ARGISNULL(5) ? shopper_default_metric(t.c.task) : shopper_text_arg(fcinfo, 5);
	t.rises = shopper_metric_rises(t.metric);
	read_spaces(&t, PG_GETARG_JSONB_P(2));
	t.fold = shopper_choosing_folds(&t.c, t.k);
	plan_trials(&t);
	if (t.halving)
		halve(&t);
	else
		search(&t, t.c.table.n);
	put_results(&t, rows, desc);
	MemoryContextSwitchTo(old);
	shopper_choosing_end(&t.c);
	return (Datum) 0;
}
