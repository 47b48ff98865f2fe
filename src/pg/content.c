/*
 * content.c: train_content, items with their attributes, as an aggregate over an id and a record
 * and as a query twin; explain_similarity.
 */
#include "ids.h"
#include "rows.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/lsyscache.h"

#include "../models/recommend/content.h"

typedef struct AttributeReader
{
	int			attribute;		/* 0-based in the row */
	ShopperAttributeKind kind;
	ShopperValueReader reader;	/* of a bag: of its elements */
	Oid			element;		/* of a bag */
	int16		width;
	bool		by_value;
	char		align;
} AttributeReader;

typedef struct ContentTraining
{
	ShopperEnv *env;
	MemoryContext context;
	ShopperModel model;
	ShopperContentIntake intake;
	ShopperValueReader item;
	int			n;
	AttributeReader *reader;	/* (n) */
	bool		planned;
	Jsonb	   *options;
	ShopperRowType type;
	TupleDesc	desc;
	Datum	   *values;
	bool	   *nulls;
	int			item_attribute; /* of the twin */
	const char *item_name;
} ContentTraining;

static ContentTraining *
create(MemoryContext parent, Jsonb *options)
{
	MemoryContext context,
				old;
	ShopperEnv *env = shopper_env_create(parent, &context);
	ContentTraining *t;

	old = MemoryContextSwitchTo(context);
	t = palloc0(sizeof(ContentTraining));
	t->env = env;
	t->context = context;
	t->options = shopper_training_begin(env, SHOPPER_FIND_SIMILAR, options, NULL, &t->model, NULL);
	MemoryContextSwitchTo(old);
	return t;
}

/* ---- which columns ---- */

static void
check_listed(const ContentTraining *t, TupleDesc desc)
{
	static const char *const lists[] = {"features", "exclude", "categorical", "text"};

	for (int k = 0; k < lengthof(lists); k++)
	{
		const ShopperOptionValue *v = shopper_option(&t->model.options, lists[k]);

		for (int i = 0; i < v->n; i++)
			if (shopper_find_attribute(desc, v->texts[i]) < 0)
				shopper_missing_column(desc, psprintf("column of option %s,", lists[k]), v->texts[i]);
	}
}

static void
refuse(TupleDesc desc, int attribute, const char *hint)
{
	ereport(ERROR, (errcode(ERRCODE_DATATYPE_MISMATCH),
					errmsg("column \"%s\" of type %s cannot be an attribute", NameStr(TupleDescAttr(desc, attribute)->attname),
						   format_type_be(TupleDescAttr(desc, attribute)->atttypid)),
					errhint("%s", hint)));
}

/* What a column is, and how it is read. */
static void
plan_column(ContentTraining *t, TupleDesc desc, int attribute, AttributeReader *r)
{
	const ShopperOptions *o = &t->model.options;
	const char *name = NameStr(TupleDescAttr(desc, attribute)->attname);
	Oid			type = TupleDescAttr(desc, attribute)->atttypid;
	bool		text = shopper_option_lists(o, "text", name),
				utc,
				may_be_id;
	ShopperKind kind;

	r->attribute = attribute;
	r->element = get_element_type(getBaseType(type));
	shopper_value_reader(&r->reader, type, t->context);
	if (text && !shopper_conversion_is_text(r->reader.from))
		refuse(desc, attribute, "Option text names columns of texts.");
	if (text)
		r->kind = SHOPPER_ATTRIBUTE_TEXT;
	else if (r->element == FLOAT4OID || r->element == FLOAT8OID)
		r->kind = SHOPPER_ATTRIBUTE_VECTOR;
	else if (OidIsValid(r->element))
	{
		r->kind = SHOPPER_ATTRIBUTE_BAG;
		get_typlenbyvalalign(r->element, &r->width, &r->by_value, &r->align);
		shopper_value_reader(&r->reader, r->element, t->context);
		if (r->reader.from == SHOPPER_FROM_TIMESTAMP || r->reader.from == SHOPPER_FROM_TIMESTAMPTZ)
			refuse(desc, attribute, "Cast its elements to text.");
	}
	else if (!shopper_feature_kind(r->reader.from, shopper_option_lists(o, "categorical", name), &kind, &utc, &may_be_id))
		refuse(desc, attribute, "Cast it, leave it out of the query, or name it in the option exclude.");
	else
		r->kind = kind == SHOPPER_KIND_CATEGORY || kind == SHOPPER_KIND_BOOLEAN ? SHOPPER_ATTRIBUTE_CATEGORY : SHOPPER_ATTRIBUTE_NUMBER;
}

/* Option weights: "column=number". */
static void
read_weights(ContentTraining *t, TupleDesc desc)
{
	const ShopperOptionValue *v = shopper_option(&t->model.options, "weights");

	for (int i = 0; i < v->n; i++)
	{
		const char *equals = strrchr(v->texts[i], '=');
		char	   *name = pnstrdup(v->texts[i], equals == NULL ? 0 : (Size) (equals - v->texts[i])),
				   *end;
		double		weight = equals == NULL ? 0 : strtod(equals + 1, &end);
		int			found = -1;

		if (equals == NULL || end == equals + 1 || *end != '\0' || !(weight >= 0 && weight <= 1e30))
			ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
							errmsg("option weights: expected column=number with a number of 0 or greater, got \"%s\"", v->texts[i])));
		for (int a = 0; a < t->n; a++)
			if (strcmp(t->intake.content->attribute[a].name, name) == 0)
				found = a;
		if (found < 0)
			shopper_missing_column(desc, "column of option weights,", name);
		t->intake.content->attribute[found].weight = weight;
	}
}

static void
plan(ContentTraining *t, TupleDesc desc, Oid item, int item_attribute)
{
	const ShopperOptions *o = &t->model.options;
	MemoryContext old = MemoryContextSwitchTo(t->context);
	ShopperIdType ids;

	shopper_id_reader(&t->item, item, t->context, "item");
	ids = shopper_conversion_is_integer(t->item.from) ? SHOPPER_ID_INT : t->item.from == SHOPPER_FROM_UUID ? SHOPPER_ID_UUID : SHOPPER_ID_TEXT;
	check_listed(t, desc);
	t->reader = palloc0(sizeof(AttributeReader) * Max(desc->natts, 1));
	for (int i = 0; i < desc->natts; i++)
	{
		const char *name = NameStr(TupleDescAttr(desc, i)->attname);

		if (i == item_attribute || TupleDescAttr(desc, i)->attisdropped || shopper_option_lists(o, "exclude", name) ||
			(shopper_option_set(o, "features") && !shopper_option_lists(o, "features", name)))
			continue;
		shopper_find_attribute(desc, name);	/* refuses duplicates */
		plan_column(t, desc, i, &t->reader[t->n++]);
	}
	shopper_check(t->env, shopper_content_begin(t->env, &t->model, &t->intake, ids, t->n));
	for (int a = 0; a < t->n; a++)
	{
		ShopperAttribute *attribute = &t->intake.content->attribute[a];

		attribute->name = pstrdup(NameStr(TupleDescAttr(desc, t->reader[a].attribute)->attname));
		attribute->kind = t->reader[a].kind;
		attribute->weight = 1;
	}
	read_weights(t, desc);
	t->planned = true;
	MemoryContextSwitchTo(old);
}

/* ---- rows ---- */

static void
add_bag(ContentTraining *t, int a, Datum value)
{
	AttributeReader *r = &t->reader[a];
	ArrayType  *array = DatumGetArrayTypeP(value);
	Datum	   *elements;
	bool	   *nulls;
	int			n;

	deconstruct_array(array, r->element, r->width, r->by_value, r->align, &elements, &nulls, &n);
	for (int i = 0; i < n; i++)
	{
		size_t		length;
		const char *text;

		if (nulls[i])
			continue;
		text = shopper_value_text(&r->reader, elements[i], &length);
		shopper_check(t->env, shopper_content_term(&t->intake, a, text, length));
	}
}

static void
add_value(ContentTraining *t, int a, Datum value)
{
	AttributeReader *r = &t->reader[a];
	ShopperContentIntake *in = &t->intake;
	const char *text;
	size_t		length;
	double	   *x;
	int			n;

	switch (r->kind)
	{
		case SHOPPER_ATTRIBUTE_CATEGORY:
			text = shopper_value_text(&r->reader, value, &length);
			shopper_check(t->env, shopper_content_term(in, a, text, length));
			break;
		case SHOPPER_ATTRIBUTE_TEXT:
			text = shopper_value_text(&r->reader, value, &length);
			shopper_check(t->env, shopper_content_text(in, a, text, length));
			break;
		case SHOPPER_ATTRIBUTE_BAG:
			add_bag(t, a, value);
			break;
		case SHOPPER_ATTRIBUTE_NUMBER:
			shopper_content_number(in, a, r->reader.from >= SHOPPER_FROM_DATE ? shopper_value_days(&r->reader, value)
								   : shopper_value_number(&r->reader, value));
			break;
		case SHOPPER_ATTRIBUTE_VECTOR:
			x = shopper_value_vector(&r->reader, value, &n);
			shopper_check(t->env, shopper_content_vector(in, a, x, n));
			break;
	}
}

/* Does the column hold the item's id? */
static bool
is_same_id(ContentTraining *t, int a, Datum item, Datum value)
{
	AttributeReader *r = &t->reader[a];
	size_t		n,
				m;
	const char *one,
			   *two;

	if (r->kind == SHOPPER_ATTRIBUTE_BAG || r->kind == SHOPPER_ATTRIBUTE_VECTOR || r->reader.from == SHOPPER_FROM_TIMESTAMP ||
		r->reader.from == SHOPPER_FROM_TIMESTAMPTZ)
		return false;
	one = shopper_value_text(&t->item, item, &n);
	two = shopper_value_text(&r->reader, value, &m);
	return n == m && memcmp(one, two, n) == 0;
}

static void
add_row(ContentTraining *t, Datum item, Datum *values, bool *nulls)
{
	ShopperDictionary *d = &t->intake.content->events.item;
	uint32_t	code;

	if (d->type == SHOPPER_ID_INT)
		shopper_check(t->env, shopper_dictionary_add_int(d, shopper_value_integer(&t->item, item), &code));
	else
	{
		size_t		length;
		const char *word = shopper_value_text(&t->item, item, &length);

		shopper_check(t->env, shopper_dictionary_add_text(d, word, length, &code));
	}
	shopper_check(t->env, shopper_content_item(&t->intake, code));
	for (int a = 0; a < t->n; a++)
	{
		int			from = t->reader[a].attribute;

		if (t->intake.is_id[a] && (nulls[from] || !is_same_id(t, a, item, values[from])))
			t->intake.is_id[a] = false;
		if (!nulls[from])
			add_value(t, a, values[from]);
	}
	shopper_check(t->env, shopper_content_commit(&t->intake));
}

/* ---- the aggregate: (item, record [, options]) ---- */

static void
set_row_type(ContentTraining *t, HeapTupleHeader record, Oid item)
{
	TupleDesc	desc;
	MemoryContext old;

	if (t->planned && shopper_same_row_type(&t->type, record))
		return;
	old = MemoryContextSwitchTo(t->planned ? CurrentMemoryContext : t->context);
	desc = shopper_row_type(&t->type, record);
	if (t->planned && !equalTupleDescs(desc, t->desc))
		ereport(ERROR, (errcode(ERRCODE_DATATYPE_MISMATCH), errmsg("the rows to learn from differ in their columns")));
	if (!t->planned)
	{
		t->desc = desc;
		t->values = palloc(sizeof(Datum) * Max(desc->natts, 1));
		t->nulls = palloc(sizeof(bool) * Max(desc->natts, 1));
		plan(t, desc, item, -1);
	}
	MemoryContextSwitchTo(old);
}

PG_FUNCTION_INFO_V1(shopper_content_accum);
Datum
shopper_content_accum(PG_FUNCTION_ARGS)
{
	MemoryContext context;
	ContentTraining *t;
	HeapTupleHeader record;
	HeapTupleData tuple;
	Jsonb	   *options = PG_NARGS() > 3 && !PG_ARGISNULL(3) ? PG_GETARG_JSONB_P(3) : NULL;
	Oid			item = get_fn_expr_argtype(fcinfo->flinfo, 1);

	if (!AggCheckCallContext(fcinfo, &context))
		elog(ERROR, "aggregate function called in non-aggregate context");
	if (!OidIsValid(item))
		elog(ERROR, "could not determine the type of argument 1");
	t = PG_ARGISNULL(0) ? NULL : (ContentTraining *) PG_GETARG_POINTER(0);
	if (PG_ARGISNULL(1) || PG_ARGISNULL(2))
		SHOPPER_RETURN_STATE(t);
	if (t == NULL)
		t = create(context, options);
	else
		shopper_check_same_options(t->options, options);
	record = PG_GETARG_HEAPTUPLEHEADER(2);
	set_row_type(t, record, item);
	tuple.t_len = HeapTupleHeaderGetDatumLength(record);
	ItemPointerSetInvalid(&tuple.t_self);
	tuple.t_tableOid = InvalidOid;
	tuple.t_data = record;
	heap_deform_tuple(&tuple, t->desc, t->values, t->nulls);
	add_row(t, PG_GETARG_DATUM(1), t->values, t->nulls);
	PG_RETURN_POINTER(t);
}

static bytea *
finish(ContentTraining *t)
{
	MemoryContext old = MemoryContextSwitchTo(t->context);
	ShopperStatus status = t->planned ? shopper_content_finish(t->env, &t->model, &t->intake)
		: shopper_fail(t->env, SHOPPER_BAD_DATA, "no rows to learn from");

	MemoryContextSwitchTo(old);
	return shopper_training_end(t->env, status, &t->model);
}

PG_FUNCTION_INFO_V1(shopper_content_final);
Datum
shopper_content_final(PG_FUNCTION_ARGS)
{
	ContentTraining *t;
	bytea	   *model;

	if (!AggCheckCallContext(fcinfo, NULL))
		elog(ERROR, "aggregate function called in non-aggregate context");
	if (PG_ARGISNULL(0))
		ereport(ERROR, (errcode(ERRCODE_DATA_EXCEPTION), errmsg("no rows to learn from")));
	t = (ContentTraining *) PG_GETARG_POINTER(0);
	model = finish(t);
	MemoryContextDelete(t->context);
	if (model == NULL)
		PG_RETURN_NULL();
	PG_RETURN_BYTEA_P(model);
}

/* ---- the query twin: (query, item column, options) ---- */

static void
twin_start(void *state, TupleDesc desc)
{
	ContentTraining *t = state;

	t->item_attribute = shopper_find_attribute(desc, t->item_name);
	if (t->item_attribute < 0)
		shopper_missing_column(desc, "the item's column", t->item_name);
	plan(t, desc, TupleDescAttr(desc, t->item_attribute)->atttypid, t->item_attribute);
}

static void
twin_row(void *state, Datum *values, bool *nulls)
{
	ContentTraining *t = state;

	if (!nulls[t->item_attribute])
		add_row(t, values[t->item_attribute], values, nulls);
}

PG_FUNCTION_INFO_V1(shopper_train_content_from);
Datum
shopper_train_content_from(PG_FUNCTION_ARGS)
{
	ContentTraining *t;
	ShopperRowSink sink = {twin_start, twin_row, NULL};
	bytea	   *model;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("the query and the item's column must not be null")));
	t = create(CurrentMemoryContext, PG_ARGISNULL(2) ? NULL : PG_GETARG_JSONB_P(2));
	t->item_name = text_to_cstring(PG_GETARG_TEXT_PP(1));
	sink.state = t;
	shopper_run_query(text_to_cstring(PG_GETARG_TEXT_PP(0)), &sink);
	model = finish(t);
	MemoryContextDelete(t->context);
	if (model == NULL)
		PG_RETURN_NULL();
	PG_RETURN_BYTEA_P(model);
}

/* ---- explain_similarity: (model, item, other, n) ---- */

PG_FUNCTION_INFO_V1(shopper_explain_similarity);
Datum
shopper_explain_similarity(PG_FUNCTION_ARGS)
{
	ShopperIdCall call;
	const ShopperContent *c;
	ShopperShared *shared;
	int64		item,
				other,
				limit;
	int64_t		n;

	if (!shopper_id_call_begin(fcinfo, &call, SHOPPER_RATINGS, "a model of items", "Models of items come from train_content."))
		return (Datum) 0;
	if (call.model->task != SHOPPER_FIND_SIMILAR)
		ereport(ERROR, (errcode(ERRCODE_DATATYPE_MISMATCH), errmsg("expected a model of items, got a model of %s", call.model->learner->name),
						errhint("Models of items come from train_content.")));
	c = call.model->state;
	item = shopper_id_argument(fcinfo, &call.argument[1], 1, &c->events.item, "item");
	other = shopper_id_argument(fcinfo, &call.argument[2], 2, &c->events.item, "item");
	limit = PG_ARGISNULL(3) ? PG_INT32_MAX : PG_GETARG_INT32(3);
	if (limit < 0)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("n must not be negative, got %lld", (long long) limit)));
	shopper_check(call.env, shopper_content_shared(call.env, call.model, item, other, limit, &shared, &n));
	for (int64_t i = 0; i < n; i++)
	{
		const ShopperAttribute *attribute = &c->attribute[shared[i].attribute];
		Datum		v[3] = {0};
		bool		null[3] = {false};
		char		buffer[24];
		size_t		length;
		const char *term;

		shopper_id_row_begin(&call);
		v[0] = CStringGetTextDatum(attribute->name);
		null[1] = shared[i].term < 0;
		if (!null[1])
		{
			term = shopper_dictionary_text(&attribute->terms, shared[i].term, buffer, &length);
			v[1] = PointerGetDatum(cstring_to_text_with_len(term, (int) length));
		}
		shopper_set_float(&v[2], &null[2], shared[i].contribution);
		shopper_id_row_end(&call, v, null);
	}
	return shopper_id_call_end(&call);
}
