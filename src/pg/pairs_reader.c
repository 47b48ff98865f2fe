/* pairs_reader.c: see pairs_reader.h; train_rules and train_recommender as aggregates and query twins. */
#include "pairs_reader.h"

#include <ctype.h>
#include <math.h>

#include "catalog/pg_type.h"
#include "utils/lsyscache.h"
#include "utils/timestamp.h"
#include "utils/uuid.h"

#include "../models/rules/hierarchy.h"

/* ---- ids ---- */

ShopperIdType
shopper_id_type(const ShopperValueReader *reader)
{
	return shopper_conversion_is_integer(reader->from) ? SHOPPER_ID_INT
		: reader->from == SHOPPER_FROM_UUID ? SHOPPER_ID_UUID : SHOPPER_ID_TEXT;
}

uint32_t
shopper_add_id(ShopperEnv *env, ShopperDictionary *d, ShopperValueReader *reader, Datum id)
{
	uint32_t	code;
	size_t		length;
	const char *word;

	if (d->type == SHOPPER_ID_INT)
		shopper_check(env, shopper_dictionary_add_int(d, shopper_value_integer(reader, id), &code));
	else
	{
		word = shopper_value_text(reader, id, &length);
		shopper_check(env, shopper_dictionary_add_text(d, word, length, &code));
	}
	return code;
}

void
shopper_id_reader(ShopperValueReader *reader, Oid type, MemoryContext context, const char *what)
{
	Oid			base = getBaseType(type);

	shopper_value_reader(reader, type, context);
	if (OidIsValid(get_element_type(base)))
		ereport(ERROR, (errcode(ERRCODE_DATATYPE_MISMATCH), errmsg("%s of type %s cannot be an id", what, format_type_be(type)),
						errhint("Give one id at a time: unnest the array.")));
	if (reader->from == SHOPPER_FROM_TIMESTAMP || reader->from == SHOPPER_FROM_TIMESTAMPTZ)
		ereport(ERROR, (errcode(ERRCODE_DATATYPE_MISMATCH), errmsg("%s of type %s cannot be an id", what, format_type_be(type)),
						errhint("Cast it to date or text.")));
}

/* A uuid in any form that its input function takes, as its 36-character text. */
static bool
canonical_uuid(const char *word, size_t length, char *out)
{
	int			digits = 0;

	if (length >= 2 && word[0] == '{' && word[length - 1] == '}')
	{
		word++;
		length -= 2;
	}
	for (size_t i = 0; i < length; i++)
	{
		if (word[i] == '-' && digits > 0 && digits < 32 && digits % 4 == 0 && word[i - 1] != '-')
			continue;
		if (!isxdigit((unsigned char) word[i]) || digits == 32)
			return false;
		if (digits == 8 || digits == 12 || digits == 16 || digits == 20)
			*out++ = '-';
		*out++ = pg_ascii_tolower((unsigned char) word[i]);
		digits++;
	}
	return digits == 32;
}

/* A text that holds a whole number, as the input functions of integers take it. */
static bool
whole_number(const char *word, size_t length, int64 *number)
{
	char	   *copy = pnstrdup(word, length),
			   *end;

	errno = 0;
	*number = strtoll(copy, &end, 10);
	if (errno != 0 || end == copy)
		return false;
	while (isspace((unsigned char) *end))
		end++;
	return *end == '\0';
}

int64
shopper_find_id(const ShopperDictionary *d, ShopperValueReader *reader, Datum id)
{
	char		uuid[36];
	size_t		length;
	const char *word;
	int64		number;

	if (d->type == SHOPPER_ID_INT && shopper_conversion_is_integer(reader->from))
		return shopper_dictionary_find_int(d, shopper_value_integer(reader, id));
	word = shopper_value_text(reader, id, &length);
	if (d->type == SHOPPER_ID_INT)
		return whole_number(word, length, &number) ? shopper_dictionary_find_int(d, number) : -1;
	if (d->type == SHOPPER_ID_UUID && reader->from != SHOPPER_FROM_UUID)
		return canonical_uuid(word, length, uuid) ? shopper_dictionary_find_text(d, uuid, sizeof(uuid)) : -1;
	return shopper_dictionary_find_text(d, word, length);
}

const char *
shopper_canonical_id(const ShopperDictionary *d, ShopperValueReader *reader, Datum id, size_t *length)
{
	const char *word = shopper_value_text(reader, id, length);
	char	   *uuid;
	int64		number;

	if (d->type == SHOPPER_ID_INT && !shopper_conversion_is_integer(reader->from))
	{
		if (!whole_number(word, *length, &number))
			return NULL;
		word = psprintf("%lld", (long long) number);
		*length = strlen(word);
	}
	if (d->type == SHOPPER_ID_UUID && reader->from != SHOPPER_FROM_UUID)
	{
		uuid = palloc(36);
		if (!canonical_uuid(word, *length, uuid))
			return NULL;
		word = uuid;
		*length = 36;
	}
	return word;
}

Datum
shopper_id_datum(const ShopperDictionary *d, int64 code, Oid type)
{
	char		buffer[24];
	size_t		length;
	const char *word;
	Oid			input,
				param;

	if (d->type == SHOPPER_ID_INT && type == INT8OID)
		return Int64GetDatum(d->integer[code]);
	word = shopper_dictionary_text(d, code, buffer, &length);
	if (type == TEXTOID || type == VARCHAROID)
		return PointerGetDatum(cstring_to_text_with_len(word, (int) length));
	getTypeInputInfo(type, &input, &param);
	return OidInputFunctionCall(input, pnstrdup(word, length), param, -1);
}

/* ---- training ---- */

ShopperPairTraining *
shopper_pair_training_create(MemoryContext parent, ShopperTask task, Jsonb *options, bytea *previous)
{
	MemoryContext context,
				old;
	ShopperEnv *env = shopper_env_create(parent, &context);
	ShopperPairTraining *t;

	old = MemoryContextSwitchTo(context);
	t = palloc0(sizeof(ShopperPairTraining));
	t->env = env;
	t->context = context;
	t->task = task;
	t->options = shopper_training_begin(env, task, options, previous, &t->model, &t->previous);
	MemoryContextSwitchTo(old);
	return t;
}

void
shopper_pair_training_types(ShopperPairTraining *t, Oid left, Oid right, Oid value, Oid time)
{
	const char *who = t->task == SHOPPER_FIND_RULES ? "basket" : t->task == SHOPPER_FIND_SEQUENCES ? "customer" : "user";

	shopper_id_reader(&t->left, left, t->context, who);
	shopper_id_reader(&t->right, right, t->context, "item");
	t->has_value = OidIsValid(value);
	t->has_time = OidIsValid(time);
	if (t->has_value)
	{
		shopper_value_reader(&t->value, value, t->context);
		if (t->value.from < SHOPPER_FROM_INT2 || t->value.from > SHOPPER_FROM_BOOL)
			ereport(ERROR, (errcode(ERRCODE_DATATYPE_MISMATCH), errmsg("a rating must be a number, got type %s", format_type_be(value)),
							errhint("Options come from svd(...) as jsonb.")));
	}
	if (t->has_time)
		shopper_value_reader(&t->time, time, t->context);
	shopper_check(t->env, shopper_pairs_init(&t->pairs, t->env, shopper_id_type(&t->left), shopper_id_type(&t->right), t->has_value, t->has_time));
	t->started = true;
}

void
shopper_pair_training_add(ShopperPairTraining *t, Datum left, bool left_null, Datum right, bool right_null,
						  Datum value, bool value_null, Datum time, bool time_null)
{
	double		number = 0;
	int64		at = 0;

	if (t->has_value && !value_null)
		number = shopper_value_number(&t->value, value);
	if (t->has_time && !time_null)
	{
		double		days = shopper_value_days(&t->time, time);

		at = isnan(days) ? 0 : (int64) rint(days * (double) USECS_PER_DAY);
		time_null = isnan(days);
	}
	if (left_null || right_null || (t->has_value && (value_null || number - number != 0)) || (t->has_time && time_null))
	{
		t->pairs.n_skipped++;
		return;
	}
	shopper_check(t->env, shopper_pairs_add(&t->pairs, shopper_add_id(t->env, &t->pairs.left, &t->left, left),
											shopper_add_id(t->env, &t->pairs.right, &t->right, right), number, at));
}

static ShopperStatus
finish(ShopperPairTraining *t)
{
	int64_t    *start;

	if (t->pairs.n == 0)
	{
		shopper_fail(t->env, SHOPPER_BAD_DATA, "no rows to learn from");
		if (t->pairs.n_skipped > 0)
			shopper_detail(t->env, "%lld rows were left out because of NULLs.", (long long) t->pairs.n_skipped);
		return t->env->status;
	}
	SHOPPER_TRY(shopper_pairs_finish(&t->pairs, &start));
	shopper_release(t->env, start);
	shopper_env_start_pool(t->env, t->pairs.n);
	t->model.n_rows = t->model.n_train = t->pairs.n - t->pairs.n_added;
	if (t->task == SHOPPER_FIND_RULES || t->task == SHOPPER_FIND_SEQUENCES)
		return t->model.learner->train_baskets(t->env, &t->model, &t->pairs);
	return t->model.learner->train_ratings(t->env, &t->model, &t->pairs, t->previous);
}

bytea *
shopper_pair_training_finish(ShopperPairTraining *t)
{
	MemoryContext old = MemoryContextSwitchTo(t->context);
	ShopperStatus status = finish(t);

	MemoryContextSwitchTo(old);
	return shopper_training_end(t->env, status, &t->model);
}

/* ---- aggregates: what each argument is follows from the types of the call ---- */

typedef struct PairArguments	/* in fn_extra: argument numbers, 0 = absent */
{
	int			value,
				time,
				options,
				previous;
	Oid			type[7];
} PairArguments;

static bool
is_time(Oid type)
{
	return type == DATEOID || type == TIMESTAMPOID || type == TIMESTAMPTZOID;
}

static PairArguments *
find_arguments(FunctionCallInfo fcinfo, ShopperTask task)
{
	PairArguments *a = fcinfo->flinfo->fn_extra;

	if (a != NULL)
		return a;
	a = MemoryContextAllocZero(fcinfo->flinfo->fn_mcxt, sizeof(PairArguments));
	for (int i = 1; i < PG_NARGS() && i < 7; i++)
	{
		Oid			type = get_fn_expr_argtype(fcinfo->flinfo, i);

		if (!OidIsValid(type))
			elog(ERROR, "could not determine the type of argument %d", i);
		a->type[i] = type;
		if (i < 3)
			continue;
		if (i == 3 && task != SHOPPER_FIND_SEQUENCES && is_time(getBaseType(type)))
			a->time = i;
		else if (i == 3 && task != SHOPPER_FIND_SEQUENCES && (PG_NARGS() > 4 || (type != JSONBOID && type != UNKNOWNOID)))
			a->value = i;
		else if (type == JSONBOID)
			a->options = i;
		else if (type == BYTEAOID)
			a->previous = i;
		else if (type == TIMESTAMPTZOID)
			a->time = i;
		else
			ereport(ERROR, (errcode(ERRCODE_INDETERMINATE_DATATYPE),
							errmsg("cannot tell whether the third argument is a rating or options"),
							errhint("Cast it: rating::float8, or '...'::jsonb.")));
	}
	return fcinfo->flinfo->fn_extra = a;
}

static Datum
accumulate(FunctionCallInfo fcinfo, ShopperTask task)
{
	MemoryContext context;
	ShopperPairTraining *t;
	PairArguments *a;
	Jsonb	   *options;

	if (!AggCheckCallContext(fcinfo, &context))
		elog(ERROR, "aggregate function called in non-aggregate context");
	a = find_arguments(fcinfo, task);
	options = a->options != 0 && !PG_ARGISNULL(a->options) ? PG_GETARG_JSONB_P(a->options) : NULL;
	if (PG_ARGISNULL(0))
	{
		t = shopper_pair_training_create(context, task, options,
										 a->previous != 0 && !PG_ARGISNULL(a->previous) ? PG_GETARG_BYTEA_P(a->previous) : NULL);
		shopper_pair_training_types(t, a->type[1], a->type[2], a->value != 0 ? a->type[a->value] : InvalidOid,
									a->time != 0 ? a->type[a->time] : InvalidOid);
	}
	else
	{
		t = (ShopperPairTraining *) PG_GETARG_POINTER(0);
		shopper_check_same_options(t->options, options);
	}
	shopper_pair_training_add(t, PG_GETARG_DATUM(1), PG_ARGISNULL(1), PG_GETARG_DATUM(2), PG_ARGISNULL(2),
							  a->value != 0 ? PG_GETARG_DATUM(a->value) : (Datum) 0, a->value == 0 || PG_ARGISNULL(a->value),
							  a->time != 0 ? PG_GETARG_DATUM(a->time) : (Datum) 0, a->time == 0 || PG_ARGISNULL(a->time));
	PG_RETURN_POINTER(t);
}

PG_FUNCTION_INFO_V1(shopper_rules_accum);
Datum
shopper_rules_accum(PG_FUNCTION_ARGS)
{
	return accumulate(fcinfo, SHOPPER_FIND_RULES);
}

PG_FUNCTION_INFO_V1(shopper_sequences_accum);
Datum
shopper_sequences_accum(PG_FUNCTION_ARGS)
{
	return accumulate(fcinfo, SHOPPER_FIND_SEQUENCES);
}

PG_FUNCTION_INFO_V1(shopper_recommender_accum);
Datum
shopper_recommender_accum(PG_FUNCTION_ARGS)
{
	return accumulate(fcinfo, SHOPPER_RECOMMEND);
}

PG_FUNCTION_INFO_V1(shopper_pairs_final);
Datum
shopper_pairs_final(PG_FUNCTION_ARGS)
{
	ShopperPairTraining *t;
	bytea	   *model;

	if (!AggCheckCallContext(fcinfo, NULL))
		elog(ERROR, "aggregate function called in non-aggregate context");
	if (PG_ARGISNULL(0))
		ereport(ERROR, (errcode(ERRCODE_DATA_EXCEPTION), errmsg("no rows to learn from")));
	t = (ShopperPairTraining *) PG_GETARG_POINTER(0);
	model = shopper_pair_training_finish(t);
	MemoryContextDelete(t->context);
	if (model == NULL)
		PG_RETURN_NULL();
	PG_RETURN_BYTEA_P(model);
}

/* ---- query twins: columns by position ---- */

typedef struct TwinColumns
{
	ShopperPairTraining *t;
	int			value,			/* attribute numbers from 0, -1 = absent */
				time;
} TwinColumns;

static void
twin_start(void *state, TupleDesc desc)
{
	TwinColumns *c = state;
	bool		rules = c->t->task == SHOPPER_FIND_RULES,
				sequences = c->t->task == SHOPPER_FIND_SEQUENCES;

	c->value = c->time = -1;
	for (int i = 2; i < desc->natts && !rules; i++)
	{
		if (is_time(getBaseType(TupleDescAttr(desc, i)->atttypid)) && c->time < 0)
			c->time = i;
		else if (i == 2)
			c->value = i;
		else
			desc = NULL;
		if (desc == NULL)
			break;
	}
	if (desc == NULL || desc->natts < 2 || (rules && desc->natts != 2) || (sequences && (desc->natts != 3 || c->time != 2)))
		ereport(ERROR, (errcode(ERRCODE_DATATYPE_MISMATCH),
						errmsg(rules ? "the query must return two columns: basket, item"
							   : sequences ? "the query must return three columns: customer, item, time"
							   : "the query must return user, item and, when there are any, rating and time"),
						errhint("Columns are read by position, not by name.")));
	shopper_pair_training_types(c->t, TupleDescAttr(desc, 0)->atttypid, TupleDescAttr(desc, 1)->atttypid,
								c->value >= 0 ? TupleDescAttr(desc, c->value)->atttypid : InvalidOid,
								c->time >= 0 ? TupleDescAttr(desc, c->time)->atttypid : InvalidOid);
}

static void
twin_row(void *state, Datum *values, bool *nulls)
{
	TwinColumns *c = state;

	shopper_pair_training_add(c->t, values[0], nulls[0], values[1], nulls[1],
							  c->value >= 0 ? values[c->value] : (Datum) 0, c->value < 0 || nulls[c->value],
							  c->time >= 0 ? values[c->time] : (Datum) 0, c->time < 0 || nulls[c->time]);
}

void
shopper_pair_training_query(ShopperPairTraining *t, const char *query)
{
	TwinColumns columns = {.t = t};
	ShopperRowSink sink = {twin_start, twin_row, &columns};

	shopper_run_query(query, &sink);
}

/* ---- hierarchies: (item or kind, kind) ---- */

typedef struct HierarchyColumns
{
	ShopperPairTraining *t;
	ShopperValueReader reader[2];
} HierarchyColumns;

static void
hierarchy_start(void *state, TupleDesc desc)
{
	HierarchyColumns *h = state;

	if (desc->natts != 2)
		ereport(ERROR, (errcode(ERRCODE_DATATYPE_MISMATCH), errmsg("the hierarchy must return two columns: item, kind"),
						errhint("A kind may belong to another one: add rows of kind and kind.")));
	for (int i = 0; i < 2; i++)
	{
		shopper_id_reader(&h->reader[i], TupleDescAttr(desc, i)->atttypid, h->t->context, i == 0 ? "item" : "kind");
		if (h->t->pairs.right.type == SHOPPER_ID_INT && !shopper_conversion_is_integer(h->reader[i].from))
			ereport(ERROR, (errcode(ERRCODE_DATATYPE_MISMATCH), errmsg("items are integers, %s of the hierarchy are of type %s", i == 0 ? "those" : "kinds",
																	   format_type_be(TupleDescAttr(desc, i)->atttypid)),
							errhint("Cast the items of the query and of the hierarchy to text.")));
	}
}

static void
hierarchy_row(void *state, Datum *values, bool *nulls)
{
	HierarchyColumns *h = state;
	ShopperPairTraining *t = h->t;

	if (!nulls[0] && !nulls[1])
		shopper_check(t->env, shopper_pairs_link(&t->pairs, shopper_add_id(t->env, &t->pairs.right, &h->reader[0], values[0]),
												 shopper_add_id(t->env, &t->pairs.right, &h->reader[1], values[1])));
}

static void
add_hierarchy(ShopperPairTraining *t, const char *query)
{
	HierarchyColumns h = {.t = t};
	ShopperRowSink sink = {hierarchy_start, hierarchy_row, &h};

	if (!t->started)
		return;
	shopper_run_query(query, &sink);
	shopper_check(t->env, shopper_hierarchy_expand(&t->pairs));
}

static Datum
train_from(FunctionCallInfo fcinfo, ShopperTask task)
{
	ShopperPairTraining *t;
	bool		has_third = PG_NARGS() > 2 && !PG_ARGISNULL(2),
				has_previous = has_third && task != SHOPPER_FIND_RULES;
	bytea	   *model;

	if (PG_ARGISNULL(0))
		ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("the query must not be null")));
	t = shopper_pair_training_create(CurrentMemoryContext, task, PG_ARGISNULL(1) ? NULL : PG_GETARG_JSONB_P(1),
											 has_previous ? PG_GETARG_BYTEA_P(2) : NULL);
	shopper_pair_training_query(t, text_to_cstring(PG_GETARG_TEXT_PP(0)));
	if (has_third && task == SHOPPER_FIND_RULES)
		add_hierarchy(t, text_to_cstring(PG_GETARG_TEXT_PP(2)));
	model = shopper_pair_training_finish(t);
	MemoryContextDelete(t->context);
	if (model == NULL)
		PG_RETURN_NULL();
	PG_RETURN_BYTEA_P(model);
}

PG_FUNCTION_INFO_V1(shopper_train_rules_from);
Datum
shopper_train_rules_from(PG_FUNCTION_ARGS)
{
	return train_from(fcinfo, SHOPPER_FIND_RULES);
}

PG_FUNCTION_INFO_V1(shopper_train_sequence_rules_from);
Datum
shopper_train_sequence_rules_from(PG_FUNCTION_ARGS)
{
	return train_from(fcinfo, SHOPPER_FIND_SEQUENCES);
}

PG_FUNCTION_INFO_V1(shopper_train_recommender_from);
Datum
shopper_train_recommender_from(PG_FUNCTION_ARGS)
{
	return train_from(fcinfo, SHOPPER_RECOMMEND);
}
