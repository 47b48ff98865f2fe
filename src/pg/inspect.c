/* inspect.c: looking into a model: info, metrics, history, check, coefficients, importance, learner options. */
#include "inspect.h"

#include <math.h>

#include "access/detoast.h"

#include "named.h"

/* ---- model_info ---- */

void
shopper_json_options(ShopperJson *j, const ShopperOptions *options)
{
	for (int i = 0; i < options->n; i++)
	{
		const ShopperOptionValue *v = &options->value[i];
		const char *name = v->option->name;

		if (!v->set)
			continue;
		switch (v->option->type)
		{
			case SHOPPER_NUMBER:
				shopper_json_number(j, name, v->number);
				break;
			case SHOPPER_INTEGER:
				shopper_json_number(j, name, (double) v->integer);
				break;
			case SHOPPER_BOOLEAN:
				shopper_json_boolean(j, name, v->boolean);
				break;
			case SHOPPER_CHOICE:
			case SHOPPER_STRING:
				shopper_json_text(j, name, v->text);
				break;
			case SHOPPER_STRINGS:
				shopper_json_open(j, name, '[');
				for (int k = 0; k < v->n; k++)
					shopper_json_text(j, NULL, v->texts[k]);
				shopper_json_close(j, ']');
				break;
			case SHOPPER_INTEGERS:
				shopper_json_open(j, name, '[');
				for (int k = 0; k < v->n; k++)
					shopper_json_number(j, NULL, (double) v->integers[k]);
				shopper_json_close(j, ']');
				break;
			case SHOPPER_NUMBERS:
				shopper_json_open(j, name, '[');
				for (int k = 0; k < v->n; k++)
					shopper_json_number(j, NULL, v->numbers[k]);
				shopper_json_close(j, ']');
				break;
			case SHOPPER_LEARNERS:
				shopper_json_open(j, name, '[');
				for (int k = 0; k < v->n; k++)
				{
					shopper_json_open(j, NULL, '{');
					shopper_json_text(j, "algorithm", v->members[k].learner->name);
					shopper_json_options(j, &v->members[k].options);
					shopper_json_close(j, '}');
				}
				shopper_json_close(j, ']');
				break;
		}
	}
}

static const char *
kind_in_words(ShopperKind kind)
{
	static const char *const names[] = {"number", "boolean", "category", "date", "timestamp", "vector"};

	return names[kind];
}

static void
json_spec(ShopperJson *j, const ShopperSpec *spec)
{
	if (spec->target != NULL)
		shopper_json_text(j, "target", spec->target);
	if (spec->target_kind == SHOPPER_TARGET_CLASS)
	{
		shopper_json_open(j, "classes", '[');
		for (int c = 0; c < spec->classes.n; c++)
			shopper_json_text(j, NULL, spec->classes.bytes + spec->classes.start[c]);
		shopper_json_close(j, ']');
		if (spec->positive >= 0)
			shopper_json_text(j, "positive", spec->classes.bytes + spec->classes.start[spec->positive]);
	}
	shopper_json_open(j, "features", '[');
	for (int i = 0; i < spec->n_columns; i++)
	{
		const ShopperColumn *c = &spec->column[i];

		shopper_json_open(j, NULL, '{');
		shopper_json_text(j, "name", c->name);
		shopper_json_text(j, "kind", kind_in_words(c->kind));
		if (c->kind == SHOPPER_KIND_CATEGORY)
			shopper_json_number(j, "levels", spec->category[c->first].n_levels);
		else if (c->kind <= SHOPPER_KIND_BOOLEAN)
		{
			const ShopperNumber *x = &spec->number[c->first];

			shopper_json_number(j, "min", x->low);
			shopper_json_number(j, "max", x->high);
			shopper_json_number(j, "missing", (double) x->n_missing);
		}
		shopper_json_close(j, '}');
	}
	shopper_json_close(j, ']');
}

/* What a task makes, without an article. */
static const char *
job_of(ShopperTask task)
{
	const char *words = shopper_task_in_words(task);

	return strncmp(words, "a ", 2) == 0 ? words + 2 : strncmp(words, "an ", 3) == 0 ? words + 3 : words;
}

PG_FUNCTION_INFO_V1(shopper_model_info);
Datum
shopper_model_info(PG_FUNCTION_ARGS)
{
	ShopperModelUse *use = shopper_model_arg(fcinfo, 0);
	const ShopperModel *m = use->model;
	ShopperJson j;

	shopper_json_begin(&j);
	shopper_json_text(&j, "algorithm", m->learner->name);
	shopper_json_text(&j, "job", job_of(m->task));
	shopper_json_number(&j, "bytes", (double) shopper_model_length(use));
	shopper_json_number(&j, "rows", (double) m->n_rows);
	shopper_json_number(&j, "training_rows", (double) m->n_train);
	if (m->spec != NULL)
		json_spec(&j, m->spec);
	if (m->learner->describe != NULL)
		m->learner->describe(m, shopper_json_number, &j);
	if (m->learner->describe_lists != NULL)
		m->learner->describe_lists(m, shopper_json_numbers, &j);
	shopper_json_open(&j, "options", '{');
	shopper_json_options(&j, &m->options);
	shopper_json_close(&j, '}');
	return shopper_json_end(&j);
}

/* ---- rows about a model ---- */

void
shopper_put_metrics(Tuplestorestate *rows, TupleDesc desc, const ShopperModel *m)
{
	for (int64 i = 0; i < m->n_metrics; i++)
	{
		Datum		v[3] = {CStringGetTextDatum(m->metric[i].dataset), CStringGetTextDatum(m->metric[i].name)};
		bool		null[3] = {false};

		shopper_set_float(&v[2], &null[2], m->metric[i].value);
		tuplestore_putvalues(rows, desc, v, null);
	}
}

PG_FUNCTION_INFO_V1(shopper_model_metrics);
Datum
shopper_model_metrics(PG_FUNCTION_ARGS)
{
	TupleDesc	desc;
	Tuplestorestate *rows = shopper_rows_begin(fcinfo, &desc);

	shopper_put_metrics(rows, desc, shopper_model_arg(fcinfo, 0)->model);
	return (Datum) 0;
}

PG_FUNCTION_INFO_V1(shopper_training_history);
Datum
shopper_training_history(PG_FUNCTION_ARGS)
{
	TupleDesc	desc;
	Tuplestorestate *rows = shopper_rows_begin(fcinfo, &desc);
	const ShopperModel *m = shopper_model_arg(fcinfo, 0)->model;

	for (int64 i = 0; i < m->n_steps; i++)
	{
		Datum		v[3] = {Int32GetDatum((int32) m->history[i].step), CStringGetTextDatum(m->history[i].metric)};
		bool		null[3] = {false};

		shopper_set_float(&v[2], &null[2], m->history[i].value);
		tuplestore_putvalues(rows, desc, v, null);
	}
	return (Datum) 0;
}

void
shopper_put_importance(Tuplestorestate *rows, TupleDesc desc, const ShopperModel *m)
{
	for (int64 i = 0; i < m->n_importance; i++)
	{
		Datum		v[3] = {CStringGetTextDatum(m->importance[i].feature), CStringGetTextDatum(m->importance[i].method)};
		bool		null[3] = {false};

		shopper_set_float(&v[2], &null[2], m->importance[i].value);
		tuplestore_putvalues(rows, desc, v, null);
	}
}

/* What training measured; no rows when it was told not to. */
PG_FUNCTION_INFO_V1(shopper_feature_importance);
Datum
shopper_feature_importance(PG_FUNCTION_ARGS)
{
	TupleDesc	desc;
	Tuplestorestate *rows = shopper_rows_begin(fcinfo, &desc);

	shopper_put_importance(rows, desc, shopper_model_arg(fcinfo, 0)->model);
	return (Datum) 0;
}

static void
set_text(Datum *value, bool *null, const char *word)
{
	*null = word == NULL;
	*value = *null ? (Datum) 0 : CStringGetTextDatum(word);
}

PG_FUNCTION_INFO_V1(shopper_coefficients);
Datum
shopper_coefficients(PG_FUNCTION_ARGS)
{
	TupleDesc	desc;
	Tuplestorestate *rows = shopper_rows_begin(fcinfo, &desc);
	const ShopperModel *m = shopper_model_arg(fcinfo, 0)->model;
	ShopperEnv *env = shopper_env_create(CurrentMemoryContext, NULL);
	ShopperCoefficient *c;
	int64_t		n;

	if (m->learner->coefficients == NULL)
		ereport(ERROR, (errcode(ERRCODE_DATATYPE_MISMATCH), errmsg("a model of %s has no coefficients", m->learner->name),
						errhint("Only logistic and linear models have them; feature_importance works for others.")));
	shopper_check(env, m->learner->coefficients(env, m, &c, &n));
	for (int64 i = 0; i < n; i++)
	{
		Datum		v[10];
		bool		null[10];

		set_text(&v[0], &null[0], c[i].class_name);
		set_text(&v[1], &null[1], c[i].feature);
		set_text(&v[2], &null[2], c[i].level);
		shopper_set_float(&v[3], &null[3], c[i].coefficient);
		shopper_set_float(&v[4], &null[4], c[i].standardized);
		shopper_set_float(&v[5], &null[5], c[i].std_error);
		shopper_set_float(&v[6], &null[6], c[i].statistic);
		shopper_set_float(&v[7], &null[7], c[i].p_value);
		shopper_set_float(&v[8], &null[8], c[i].conf_low);
		shopper_set_float(&v[9], &null[9], c[i].conf_high);
		tuplestore_putvalues(rows, desc, v, null);
	}
	return (Datum) 0;
}

/* ---- model_check: never an error, whatever the bytes ---- */

static void
check_row(Tuplestorestate *rows, TupleDesc desc, const char *item, bool ok, const char *message)
{
	Datum		v[3] = {CStringGetTextDatum(item), BoolGetDatum(ok), CStringGetTextDatum(message)};
	bool		null[3] = {false};

	tuplestore_putvalues(rows, desc, v, null);
}

PG_FUNCTION_INFO_V1(shopper_model_check);
Datum
shopper_model_check(PG_FUNCTION_ARGS)
{
	TupleDesc	desc;
	Tuplestorestate *rows = shopper_rows_begin(fcinfo, &desc);
	bytea	   *bytes = shopper_model_bytes(fcinfo, 0);
	MemoryContext context;
	ShopperEnv *env = shopper_env_create(CurrentMemoryContext, &context);
	ShopperModelHeader header;
	ShopperModel model;
	Size		length = VARSIZE_ANY_EXHDR(bytes);
	bool		ok;

	ok = shopper_model_header(env, VARDATA_ANY(bytes), length, length, &header) == SHOPPER_OK;
	check_row(rows, desc, "header", ok, ok ? psprintf("format version %d", header.format) : env->message);
	if (ok)
	{
		ok = shopper_model_decode(env, VARDATA_ANY(bytes), length, &model) == SHOPPER_OK;
		check_row(rows, desc, "content", ok, ok ? psprintf("%zu bytes, checksum matches", (size_t) length) : env->message);
	}
	if (ok)
		check_row(rows, desc, "algorithm", true, model.learner->name);
	MemoryContextDelete(context);
	return (Datum) 0;
}

/* ---- what learners there are ---- */

static const char *
option_type(ShopperOptionType type)
{
	static const char *const names[] = {"float8", "bigint", "boolean", "text", "text", "text[]", "bigint[]", "float8[]", "jsonb[]"};

	return names[type];
}

static void
option_rows(Tuplestorestate *rows, TupleDesc desc, const ShopperLearner *learner, const ShopperOption *o)
{
	for (; o != NULL && o->name != NULL; o++)
	{
		Datum		v[9];
		bool		null[9] = {false};
		bool		number = o->type == SHOPPER_NUMBER || o->type == SHOPPER_INTEGER || o->type == SHOPPER_INTEGERS || o->type == SHOPPER_NUMBERS;

		v[0] = CStringGetTextDatum(learner->name);
		v[1] = CStringGetTextDatum(o->name);
		v[2] = CStringGetTextDatum(option_type(o->type));
		set_text(&v[3], &null[3], o->initial);
		shopper_set_float(&v[4], &null[4], number ? o->min : NAN);
		v[5] = BoolGetDatum(o->above);
		null[5] = !number;
		shopper_set_float(&v[6], &null[6], number && o->max < SHOPPER_NO_LIMIT ? o->max : NAN);
		set_text(&v[7], &null[7], o->choices);
		set_text(&v[8], &null[8], o->help);
		tuplestore_putvalues(rows, desc, v, null);
	}
}

PG_FUNCTION_INFO_V1(shopper_learner_options);
Datum
shopper_learner_options(PG_FUNCTION_ARGS)
{
	TupleDesc	desc;
	Tuplestorestate *rows = shopper_rows_begin(fcinfo, &desc);

	for (const ShopperLearner *const *l = shopper_learners; *l != NULL; l++)
	{
		option_rows(rows, desc, *l, (*l)->options);
		option_rows(rows, desc, *l, shopper_shared_options(*l));
	}
	return (Datum) 0;
}

/* ---- model_id: of bytes the header is enough ---- */

PG_FUNCTION_INFO_V1(shopper_model_id_sql);
Datum
shopper_model_id_sql(PG_FUNCTION_ARGS)
{
	bytea	   *head;
	MemoryContext context;
	ShopperEnv *env;
	ShopperModelHeader header;

	if (shopper_declared_as_name(fcinfo, 0))
		PG_RETURN_TEXT_P(cstring_to_text(shopper_model_id(shopper_model_arg(fcinfo, 0))));
	head = PG_GETARG_BYTEA_P_SLICE(0, 0, SHOPPER_MODEL_HEADER);
	env = shopper_env_create(CurrentMemoryContext, &context);
	shopper_check(env, shopper_model_header(env, VARDATA_ANY(head), VARSIZE_ANY_EXHDR(head), toast_raw_datum_size(PG_GETARG_DATUM(0)) - VARHDRSZ, &header));
	MemoryContextDelete(context);
	PG_RETURN_TEXT_P(cstring_to_text(psprintf("%016llx", (unsigned long long) header.hash)));
}
