/*
 * options.c: options between SQL and the learners: the builder functions
 * (logistic(), mlp(), ...), and reading jsonb.
 */
#include "pg.h"

#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/lsyscache.h"
#include "utils/numeric.h"
#include "utils/syscache.h"

/* ---- jsonb to raw values ---- */

static void raw_from_jsonb(JsonbValue *v, ShopperRaw *raw);

static void
object_from_jsonb(JsonbContainer *object, ShopperRaw *raw)
{
	JsonbIterator *it = JsonbIteratorInit(object);
	JsonbValue	v;
	JsonbIteratorToken token;
	int			n = JsonContainerSize(object);

	raw->kind = SHOPPER_RAW_OBJECT;
	raw->element = palloc0(sizeof(ShopperRaw) * Max(n, 1));
	raw->key = palloc0(sizeof(char *) * Max(n, 1));
	while ((token = JsonbIteratorNext(&it, &v, true)) != WJB_DONE)
	{
		if (token == WJB_KEY)
			raw->key[raw->n] = pnstrdup(v.val.string.val, v.val.string.len);
		else if (token == WJB_VALUE)
			raw_from_jsonb(&v, &raw->element[raw->n++]);
	}
}

static void
raw_from_jsonb(JsonbValue *v, ShopperRaw *raw)
{
	memset(raw, 0, sizeof(*raw));
	switch (v->type)
	{
		case jbvNull:
			raw->kind = SHOPPER_RAW_NULL;
			break;
		case jbvString:
			raw->kind = SHOPPER_RAW_STRING;
			raw->text = pnstrdup(v->val.string.val, v->val.string.len);
			break;
		case jbvNumeric:
			raw->kind = SHOPPER_RAW_NUMBER;
			raw->text = DatumGetCString(DirectFunctionCall1(numeric_out, NumericGetDatum(v->val.numeric)));
			break;
		case jbvBool:
			raw->kind = SHOPPER_RAW_BOOLEAN;
			raw->text = v->val.boolean ? "true" : "false";
			break;
		case jbvBinary:
			if (JsonContainerIsArray(v->val.binary.data))
			{
				JsonbIterator *it = JsonbIteratorInit(v->val.binary.data);
				JsonbValue	element;
				int			n = JsonContainerSize(v->val.binary.data);

				raw->kind = SHOPPER_RAW_ARRAY;
				raw->element = palloc0(sizeof(ShopperRaw) * Max(n, 1));
				JsonbIteratorNext(&it, &element, true);
				while (raw->n < n && JsonbIteratorNext(&it, &element, true) == WJB_ELEM)
					raw_from_jsonb(&element, &raw->element[raw->n++]);
				break;
			}
			object_from_jsonb(v->val.binary.data, raw);
			break;
		default:
			raw->kind = SHOPPER_RAW_OBJECT;
	}
}

const char *
shopper_task_in_words(ShopperTask task)
{
	switch (task)
	{
		case SHOPPER_CLASSIFY:
			return "a classifier";
		case SHOPPER_REGRESS:
			return "a regressor";
		case SHOPPER_FIND_RULES:
			return "rules";
		case SHOPPER_RECOMMEND:
			return "a recommender";
		case SHOPPER_FIND_SEQUENCES:
			return "sequence rules";
		case SHOPPER_CLUSTER:
			return "clusters";
		case SHOPPER_PROJECT:
			return "a projection";
		case SHOPPER_DETECT:
			return "an anomaly detector";
		case SHOPPER_SCALE:
			return "a scaler";
		case SHOPPER_FIND_SIMILAR:
			return "similar items";
		case SHOPPER_JOIN_MODELS:
			return "a hybrid";
	}
	return "";
}

static const char *
default_learner(ShopperTask task)
{
	switch (task)
	{
		case SHOPPER_CLASSIFY:
			return "logistic";
		case SHOPPER_REGRESS:
			return "linear";
		case SHOPPER_FIND_RULES:
			return "itemsets";
		case SHOPPER_RECOMMEND:
			return "svd";
		case SHOPPER_FIND_SEQUENCES:
			return "sequences";
		case SHOPPER_CLUSTER:
			return "kmeans";
		case SHOPPER_PROJECT:
			return "pca";
		case SHOPPER_DETECT:
			return "isolation_forest";
		case SHOPPER_SCALE:
			return "scaler";
		case SHOPPER_FIND_SIMILAR:
			return "content";
		case SHOPPER_JOIN_MODELS:
			return "hybrid";
	}
	return "";
}

/* "a(), b(), c()": the learners of a task, for hints */
static char *
learners_of(ShopperTask task)
{
	StringInfoData s;

	initStringInfo(&s);
	for (const ShopperLearner *const *l = shopper_learners; *l != NULL; l++)
		if ((*l)->tasks & task)
			appendStringInfo(&s, "%s%s()", s.len > 0 ? ", " : "", (*l)->name);
	return s.data;
}

static const ShopperLearner *
find_learner(const char *name, ShopperTask task)
{
	const ShopperLearner *learner = shopper_learner_by_name(name);

	if (learner == NULL || (learner->tasks & task) == 0)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						learner == NULL ? errmsg("unknown algorithm \"%s\"", name)
						: errmsg("%s cannot train %s", name, shopper_task_in_words(task)),
						errhint("Options for %s come from: %s.", shopper_task_in_words(task), learners_of(task))));
	return learner;
}

char *
shopper_algorithm_of(Jsonb *jsonb)
{
	JsonbValue	k = {.type = jbvString,.val.string = {.len = 9,.val = "algorithm"}};
	JsonbValue *v;

	if (jsonb == NULL || !JB_ROOT_IS_OBJECT(jsonb))
		return NULL;
	v = findJsonbValueFromContainer(&jsonb->root, JB_FOBJECT, &k);
	if (v == NULL || v->type == jbvNull)
		return NULL;
	if (v->type != jbvString)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("option \"algorithm\" must be a text")));
	return pnstrdup(v->val.string.val, v->val.string.len);
}

const ShopperLearner *
shopper_options_from_jsonb(ShopperEnv *env, Jsonb *jsonb, ShopperTask task, ShopperOptions *options)
{
	const ShopperLearner *learner;
	const char *name = shopper_algorithm_of(jsonb);
	JsonbIterator *it;
	JsonbValue	key,
				value;
	JsonbIteratorToken token;

	if (jsonb != NULL && !JB_ROOT_IS_OBJECT(jsonb))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("options must be a json object"),
						errhint("Use a builder such as %s.", learners_of(task))));
	learner = find_learner(name != NULL ? name : default_learner(task), task);
	shopper_check(env, shopper_options_init(env, options, learner->options, shopper_shared_options(learner)));
	if (jsonb == NULL)
		return learner;
	it = JsonbIteratorInit(&jsonb->root);
	while ((token = JsonbIteratorNext(&it, &key, true)) != WJB_DONE)
	{
		ShopperRaw	raw;
		char	   *option;

		if (token != WJB_KEY)
			continue;
		JsonbIteratorNext(&it, &value, true);
		option = pnstrdup(key.val.string.val, key.val.string.len);
		if (strcmp(option, "algorithm") == 0)
			continue;
		raw_from_jsonb(&value, &raw);
		shopper_check(env, shopper_options_set(env, options, learner->name, option, &raw));
	}
	env->seed = (uint64) shopper_option_integer(options, "seed");
	return learner;
}

double *
shopper_class_weights(ShopperEnv *env, const ShopperOptions *options, const ShopperSpec *spec)
{
	const char *text = shopper_option_text(options, "class_weight");
	Jsonb	   *jsonb;
	double	   *weight;
	JsonbIterator *it;
	JsonbValue	key,
				value;
	JsonbIteratorToken token;

	if (text == NULL || strcmp(text, "balanced") == 0)
		return NULL;
	jsonb = DatumGetJsonbP(DirectFunctionCall1(jsonb_in, CStringGetDatum(text)));
	if (!JB_ROOT_IS_OBJECT(jsonb))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("option \"class_weight\" must be 'balanced' or a json object, got %s", text)));
	weight = palloc(sizeof(double) * spec->classes.n);
	for (int i = 0; i < spec->classes.n; i++)
		weight[i] = 1;
	it = JsonbIteratorInit(&jsonb->root);
	while ((token = JsonbIteratorNext(&it, &key, true)) != WJB_DONE)
	{
		int64		code;

		if (token != WJB_KEY)
			continue;
		JsonbIteratorNext(&it, &value, true);
		code = shopper_dictionary_find_text(&spec->classes, key.val.string.val, key.val.string.len);
		if (code < 0)
			ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
							errmsg("option \"class_weight\" names class \"%.*s\", which no training row has", key.val.string.len, key.val.string.val)));
		if (value.type != jbvNumeric)
			ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("weights in option \"class_weight\" must be numbers")));
		weight[code] = DatumGetFloat8(DirectFunctionCall1(numeric_float8, NumericGetDatum(value.val.numeric)));
		if (!(weight[code] >= 0) || weight[code] > 1e12)
			ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("weights in option \"class_weight\" must be from 0 to 1e12")));
	}
	return weight;
}

/* ---- builders: one C function behind all of them ---- */

typedef struct Builder			/* in fn_extra: which learner, which argument is which option */
{
	const ShopperLearner *learner;
	int			n;
	char	  **name;
	Oid		   *type;
} Builder;

static Builder *
find_builder(FunctionCallInfo fcinfo)
{
	Builder    *b = fcinfo->flinfo->fn_extra;
	MemoryContext old;
	HeapTuple	tuple;
	Oid		   *types;
	char	  **names,
			   *modes;

	if (b != NULL)
		return b;
	old = MemoryContextSwitchTo(fcinfo->flinfo->fn_mcxt);
	b = palloc0(sizeof(Builder));
	tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(fcinfo->flinfo->fn_oid));
	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for function %u", fcinfo->flinfo->fn_oid);
	b->learner = shopper_learner_by_name(NameStr(((Form_pg_proc) GETSTRUCT(tuple))->proname));
	b->n = get_func_arg_info(tuple, &types, &names, &modes);
	b->name = names;
	b->type = types;
	ReleaseSysCache(tuple);
	if (b->learner == NULL)
		elog(ERROR, "no learner of this name");
	MemoryContextSwitchTo(old);
	return fcinfo->flinfo->fn_extra = b;
}

static JsonbValue *
push_text(JsonbParseState **state, JsonbIteratorToken token, const char *text, int length)
{
	JsonbValue	v;

	v.type = jbvString;
	v.val.string.val = (char *) text;
	v.val.string.len = length;
	return pushJsonbValue(state, token, &v);
}

static void
push_number(JsonbParseState **state, JsonbIteratorToken token, Datum numeric)
{
	JsonbValue	v;

	v.type = jbvNumeric;
	v.val.numeric = DatumGetNumeric(numeric);
	pushJsonbValue(state, token, &v);
}

/* float8 by its shortest decimal, whatever extra_float_digits says */
static Datum
numeric_of_double(double x)
{
	ShopperValueReader reader = {.from = SHOPPER_FROM_FLOAT8};
	size_t		length;
	const char *text = shopper_value_text(&reader, Float8GetDatum(x), &length);

	if (isnan(x) || isinf(x))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("an option must be a finite number")));
	return DirectFunctionCall3(numeric_in, CStringGetDatum(pnstrdup(text, length)), ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1));
}

static void
push_object(JsonbParseState **state, Jsonb *object)
{
	JsonbIterator *it = JsonbIteratorInit(&object->root);
	JsonbValue	v;
	JsonbIteratorToken token;

	if (!JB_ROOT_IS_OBJECT(object))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("an element of this option must be a json object"),
						errhint("Give options made by builders, as in ARRAY[boosting(), logistic()].")));
	while ((token = JsonbIteratorNext(&it, &v, false)) != WJB_DONE)
		pushJsonbValue(state, token, token < WJB_BEGIN_ARRAY ? &v : NULL);
}

static void
push_array(JsonbParseState **state, Datum datum, Oid element)
{
	ArrayType  *array = DatumGetArrayTypeP(datum);
	Datum	   *values;
	bool	   *nulls;
	int			n;
	int16		width;
	bool		byval;
	char		align;

	get_typlenbyvalalign(element, &width, &byval, &align);
	deconstruct_array(array, element, width, byval, align, &values, &nulls, &n);
	pushJsonbValue(state, WJB_BEGIN_ARRAY, NULL);
	for (int i = 0; i < n; i++)
	{
		if (nulls[i])
			ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("an option array must not contain nulls")));
		if (element == TEXTOID)
		{
			char	   *word = TextDatumGetCString(values[i]);

			push_text(state, WJB_ELEM, word, strlen(word));
		}
		else if (element == FLOAT8OID)
			push_number(state, WJB_ELEM, numeric_of_double(DatumGetFloat8(values[i])));
		else if (element == JSONBOID)
			push_object(state, DatumGetJsonbP(values[i]));
		else
			push_number(state, WJB_ELEM, DirectFunctionCall1(int8_numeric, values[i]));
	}
	pushJsonbValue(state, WJB_END_ARRAY, NULL);
}

static void
push_argument(JsonbParseState **state, Datum value, Oid type)
{
	JsonbValue	v;

	switch (type)
	{
		case FLOAT8OID:
			push_number(state, WJB_VALUE, numeric_of_double(DatumGetFloat8(value)));
			break;
		case INT8OID:
			push_number(state, WJB_VALUE, DirectFunctionCall1(int8_numeric, value));
			break;
		case BOOLOID:
			v.type = jbvBool;
			v.val.boolean = DatumGetBool(value);
			pushJsonbValue(state, WJB_VALUE, &v);
			break;
		case TEXTOID:
			{
				char	   *word = TextDatumGetCString(value);

				push_text(state, WJB_VALUE, word, strlen(word));
				break;
			}
		case TEXTARRAYOID:
			push_array(state, value, TEXTOID);
			break;
		case INT8ARRAYOID:
			push_array(state, value, INT8OID);
			break;
		case FLOAT8ARRAYOID:
			push_array(state, value, FLOAT8OID);
			break;
		case JSONBARRAYOID:
			push_array(state, value, JSONBOID);
			break;
		default:
			elog(ERROR, "unexpected type of a builder's argument");
	}
}

/* Keys of extra, written as given; they are checked like all others when training starts. */
static void
push_extra(JsonbParseState **state, Jsonb *extra)
{
	JsonbIterator *it = JsonbIteratorInit(&extra->root);
	JsonbValue	v;
	JsonbIteratorToken token;

	if (!JB_ROOT_IS_OBJECT(extra))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("argument \"extra\" must be a json object")));
	while ((token = JsonbIteratorNext(&it, &v, true)) != WJB_DONE)
		if (token == WJB_KEY || token == WJB_VALUE)
			pushJsonbValue(state, token, &v);
}

PG_FUNCTION_INFO_V1(shopper_build_options);
Datum
shopper_build_options(PG_FUNCTION_ARGS)
{
	Builder    *b = find_builder(fcinfo);
	JsonbParseState *state = NULL;
	JsonbValue *result;

	pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
	push_text(&state, WJB_KEY, "algorithm", 9);
	push_text(&state, WJB_VALUE, b->learner->name, strlen(b->learner->name));
	for (int i = 0; i < b->n; i++)
	{
		if (PG_ARGISNULL(i))
			continue;
		if (b->type[i] == JSONBOID)
		{
			push_extra(&state, PG_GETARG_JSONB_P(i));
			continue;
		}
		push_text(&state, WJB_KEY, b->name[i], strlen(b->name[i]));
		push_argument(&state, PG_GETARG_DATUM(i), b->type[i]);
	}
	result = pushJsonbValue(&state, WJB_END_OBJECT, NULL);
	PG_RETURN_JSONB_P(JsonbValueToJsonb(result));
}
