/* ids.c: see ids.h */
#include "ids.h"

#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/lsyscache.h"
#include "utils/tuplestore.h"

/* ---- arguments ---- */

static Oid
argument_type(FunctionCallInfo fcinfo, int n)
{
	Oid			type = get_fn_expr_argtype(fcinfo->flinfo, n);

	if (!OidIsValid(type))
		elog(ERROR, "could not determine the type of argument %d", n + 1);
	return type;
}

int64
shopper_id_argument(FunctionCallInfo fcinfo, ShopperIdArgument *a, int n, const ShopperDictionary *d, const char *what)
{
	if (PG_ARGISNULL(n))
		return -1;
	if (!a->ready)
		shopper_id_reader(&a->reader, argument_type(fcinfo, n), fcinfo->flinfo->fn_mcxt, what);
	a->ready = true;
	return shopper_find_id(d, &a->reader, PG_GETARG_DATUM(n));
}

static void
start_list(FunctionCallInfo fcinfo, ShopperIdArgument *a, int n, const char *what)
{
	Oid			base,
				element = TEXTOID;

	a->type = argument_type(fcinfo, n);
	base = getBaseType(a->type);
	a->array = InvalidOid;
	if (base != UNKNOWNOID && base != TEXTOID && base != VARCHAROID)
	{
		a->array = base;
		element = get_element_type(base);
		if (!OidIsValid(element))
			ereport(ERROR, (errcode(ERRCODE_DATATYPE_MISMATCH),
							errmsg("%s must be an array of ids, got type %s", what, format_type_be(a->type)),
							errhint("Write ARRAY[...] around it.")));
	}
	shopper_id_reader(&a->reader, element, fcinfo->flinfo->fn_mcxt, what);
	a->ready = true;
}

/* The array in argument n, parsed when it came as text. */
static ArrayType *
list_array(FunctionCallInfo fcinfo, const ShopperIdArgument *a, int n)
{
	Oid			input,
				element;
	char	   *literal;

	if (OidIsValid(a->array))
		return PG_GETARG_ARRAYTYPE_P(n);
	literal = a->type == UNKNOWNOID ? PG_GETARG_CSTRING(n) : text_to_cstring(PG_GETARG_TEXT_PP(n));
	getTypeInputInfo(TEXTARRAYOID, &input, &element);
	return DatumGetArrayTypeP(OidInputFunctionCall(input, literal, element, -1));
}

/* The code of an id that d does not know. */
static int32_t
stranger(const ShopperDictionary *d, ShopperValueReader *reader, Datum id, ShopperDictionary *strangers, bool add)
{
	size_t		length;
	const char *word = shopper_canonical_id(d, reader, id, &length);
	int64		found;
	uint32_t	code;

	if (word == NULL)
		return -1;
	found = shopper_dictionary_find_text(strangers, word, length);
	if (found < 0 && !add)
		return -1;
	code = (uint32_t) found;
	if (found < 0 && shopper_dictionary_add_text(strangers, word, length, &code) != SHOPPER_OK)
		shopper_report(strangers->env, ERROR);
	return (int32_t) (d->n + code);
}

int32_t *
shopper_id_list(FunctionCallInfo fcinfo, ShopperIdArgument *a, int n, const ShopperDictionary *d, const char *what, int *length)
{
	return shopper_id_list_with(fcinfo, a, n, d, NULL, false, what, length);
}

int32_t *
shopper_id_list_with(FunctionCallInfo fcinfo, ShopperIdArgument *a, int n, const ShopperDictionary *d,
					 ShopperDictionary *strangers, bool add, const char *what, int *length)
{
	ArrayType  *array;
	Datum	   *values;
	bool	   *nulls,
				byval;
	int16		width;
	char		align;
	int32_t    *code;

	*length = 0;
	if (PG_ARGISNULL(n))
		return NULL;
	if (!a->ready)
		start_list(fcinfo, a, n, what);
	array = list_array(fcinfo, a, n);
	get_typlenbyvalalign(ARR_ELEMTYPE(array), &width, &byval, &align);
	deconstruct_array(array, ARR_ELEMTYPE(array), width, byval, align, &values, &nulls, length);
	code = palloc(sizeof(int32_t) * Max(*length, 1));
	for (int i = 0; i < *length; i++)
	{
		code[i] = nulls[i] ? -1 : (int32_t) shopper_find_id(d, &a->reader, values[i]);
		if (code[i] < 0 && !nulls[i] && strangers != NULL)
			code[i] = stranger(d, &a->reader, values[i], strangers, add);
	}
	return code;
}

void
shopper_check_id_type(const ShopperDictionary *d, Oid type, const char *what, bool list)
{
	if ((type != INT8OID || d->type == SHOPPER_ID_INT) && (type != UUIDOID || d->type == SHOPPER_ID_UUID))
		return;
	ereport(ERROR, (errcode(ERRCODE_DATATYPE_MISMATCH),
					errmsg("the model's %s ids are %s, they cannot be returned as %s", what,
						   d->type == SHOPPER_ID_INT ? "integers" : d->type == SHOPPER_ID_UUID ? "uuids" : "texts",
						   format_type_be(type)),
					errhint("Cast the %s that you give to %s, or name the type that you want: %s_type => null::text.",
							list ? "ids" : "id", list ? "text[]" : "text", what)));
}

/* ---- sets as results ---- */

void
shopper_id_sets(ShopperIdSets *s, const ShopperDictionary *d, Oid type, MemoryContext context)
{
	s->d = d;
	s->type = type;
	s->context = context;
	get_typlenbyvalalign(type, &s->width, &s->by_value, &s->align);
	s->id = MemoryContextAllocHuge(context, sizeof(Datum) * Max(d->n, 1));
	s->ready = MemoryContextAllocExtended(context, Max(d->n, 1), MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
}

Datum
shopper_id_of(ShopperIdSets *s, int32_t code)
{
	if (!s->ready[code])
	{
		MemoryContext old = MemoryContextSwitchTo(s->context);

		s->id[code] = shopper_id_datum(s->d, code, s->type);
		s->ready[code] = true;
		MemoryContextSwitchTo(old);
	}
	return s->id[code];
}

/* Integers by number, texts by bytes, as in every other order of ids. */
static bool
comes_before(const ShopperDictionary *d, int32_t a, int32_t b)
{
	int			order;

	if (d->type == SHOPPER_ID_INT)
		return d->integer[a] < d->integer[b];
	order = memcmp(d->bytes + d->start[a], d->bytes + d->start[b], Min(d->length[a], d->length[b]));
	return order != 0 ? order < 0 : d->length[a] < d->length[b];
}

Datum
shopper_id_array(ShopperIdSets *s, int32_t *code, int n)
{
	Datum	   *id = palloc(sizeof(Datum) * Max(n, 1));

	for (int i = 1; i < n; i++)	/* sets are short */
	{
		int32_t		moving = code[i];
		int			to = i;

		for (; to > 0 && comes_before(s->d, moving, code[to - 1]); to--)
			code[to] = code[to - 1];
		code[to] = moving;
	}
	for (int i = 0; i < n; i++)
		id[i] = shopper_id_of(s, code[i]);
	return PointerGetDatum(construct_array(id, n, s->type, s->width, s->by_value, s->align));
}

/* ---- calls ---- */

ShopperIdArgument *
shopper_id_arguments(FunctionCallInfo fcinfo, ShopperModelUse *use)
{
	if (use->extra == NULL)
		use->extra = MemoryContextAllocZero(fcinfo->flinfo->fn_mcxt, sizeof(ShopperIdArgument) * SHOPPER_ID_ARGUMENTS);
	return use->extra;
}

bool
shopper_id_call_begin(FunctionCallInfo fcinfo, ShopperIdCall *call, ShopperShape shape, const char *wanted, const char *hint)
{
	ShopperModelUse *use;

	call->fcinfo = fcinfo;
	call->rows = shopper_rows_begin(fcinfo, &call->desc);
	if (PG_ARGISNULL(0))
		return false;
	use = shopper_model_of_shape(fcinfo, 0, shape, wanted, hint);
	call->model = use->model;
	call->argument = shopper_id_arguments(fcinfo, use);
	call->env = shopper_env_create(CurrentMemoryContext, &call->context);
	call->old = MemoryContextSwitchTo(call->context);
	call->row = AllocSetContextCreate(call->context, "pg_shopper row", ALLOCSET_SMALL_SIZES);
	return true;
}

Datum
shopper_id_call_end(ShopperIdCall *call)
{
	MemoryContextSwitchTo(call->old);
	MemoryContextDelete(call->context);
	return (Datum) 0;
}

void
shopper_id_row_begin(ShopperIdCall *call)
{
	CHECK_FOR_INTERRUPTS();
	MemoryContextReset(call->row);
	MemoryContextSwitchTo(call->row);
}

void
shopper_id_row_end(ShopperIdCall *call, Datum *values, bool *nulls)
{
	tuplestore_putvalues(call->rows, call->desc, values, nulls);
	MemoryContextSwitchTo(call->context);
}
