/* evaluate_confusion.c: confusion(), counts of pairs of texts. */
#include "evaluate.h"

typedef struct Confusion
{
	ShopperEnv *env;
	MemoryContext context;
	ShopperDictionary pair;		/* length of actual as 8 digits, actual, predicted; counted */
} Confusion;

static Confusion *
confusion_make(MemoryContext parent)
{
	MemoryContext context;
	ShopperEnv *env = shopper_env_create(parent, &context);
	Confusion  *c = MemoryContextAllocZero(context, sizeof(Confusion));

	c->env = env;
	c->context = context;
	shopper_check(env, shopper_dictionary_init(&c->pair, env, SHOPPER_ID_TEXT));
	return c;
}

PG_FUNCTION_INFO_V1(shopper_confusion_accum);
Datum
shopper_confusion_accum(PG_FUNCTION_ARGS)
{
	MemoryContext context = shopper_aggregate_context(fcinfo);
	Confusion  *c = PG_ARGISNULL(0) ? NULL : (Confusion *) PG_GETARG_POINTER(0);
	ShopperLabels	   *l = shopper_labels(fcinfo, 1);
	const char *a,
			   *b;
	size_t		na,
				nb;
	char	   *key;
	uint32_t	code;

	if (shopper_any_null(fcinfo))
		SHOPPER_RETURN_STATE(c);
	if (c == NULL)
		c = confusion_make(context);
	a = shopper_value_text(&l->reader[1], PG_GETARG_DATUM(1), &na);
	b = shopper_value_text(&l->reader[2], PG_GETARG_DATUM(2), &nb);
	key = palloc(na + nb + 16);
	snprintf(key, 16, "%08x", (unsigned) na);
	memcpy(key + 8, a, na);
	memcpy(key + 8 + na, b, nb);
	shopper_check(c->env, shopper_dictionary_add_text(&c->pair, key, na + nb + 8, &code));
	c->pair.count[code]++;
	pfree(key);
	PG_RETURN_POINTER(c);
}

static void
confusion_merge(Confusion *into, const ShopperDictionary *from)
{
	for (int64 i = 0; i < from->n; i++)
	{
		uint32_t	code;

		shopper_check(into->env, shopper_dictionary_add_text(&into->pair, from->bytes + from->start[i], from->length[i], &code));
		into->pair.count[code] += from->count[i];
	}
}

PG_FUNCTION_INFO_V1(shopper_confusion_combine);
Datum
shopper_confusion_combine(PG_FUNCTION_ARGS)
{
	MemoryContext context = shopper_aggregate_context(fcinfo);
	Confusion  *a = PG_ARGISNULL(0) ? NULL : (Confusion *) PG_GETARG_POINTER(0);

	if (PG_ARGISNULL(1))
		SHOPPER_RETURN_STATE(a);
	if (a == NULL)
		a = confusion_make(context);
	confusion_merge(a, &((Confusion *) PG_GETARG_POINTER(1))->pair);
	PG_RETURN_POINTER(a);
}

PG_FUNCTION_INFO_V1(shopper_confusion_serial);
Datum
shopper_confusion_serial(PG_FUNCTION_ARGS)
{
	Confusion  *c;
	ShopperWriter w;
	bytea	   *result;

	shopper_aggregate_context(fcinfo);
	c = (Confusion *) PG_GETARG_POINTER(0);
	shopper_writer_init(&w, c->env);
	shopper_dictionary_encode(&c->pair, true, &w);
	shopper_check(c->env, w.status);
	result = palloc(VARHDRSZ + w.length);
	SET_VARSIZE(result, VARHDRSZ + w.length);
	memcpy(VARDATA(result), w.data, w.length);
	PG_RETURN_BYTEA_P(result);
}

PG_FUNCTION_INFO_V1(shopper_confusion_deserial);
Datum
shopper_confusion_deserial(PG_FUNCTION_ARGS)
{
	bytea	   *bytes;
	Confusion  *c;
	ShopperReader r;

	shopper_aggregate_context(fcinfo);
	bytes = PG_GETARG_BYTEA_PP(0);
	c = confusion_make(CurrentMemoryContext);
	shopper_reader_init(&r, c->env, VARDATA_ANY(bytes), VARSIZE_ANY_EXHDR(bytes));
	shopper_check(c->env, shopper_dictionary_decode(&c->pair, c->env, true, &r));
	for (int64 i = 0; i < c->pair.n; i++)
		if (c->pair.type != SHOPPER_ID_TEXT || c->pair.length[i] < 8 ||
			strtoul(pnstrdup(c->pair.bytes + c->pair.start[i], 8), NULL, 16) > c->pair.length[i] - 8)
			ereport(ERROR, (errcode(ERRCODE_INVALID_BINARY_REPRESENTATION), errmsg("invalid aggregate state")));
	PG_RETURN_POINTER(c);
}

static void
fill_confusion(void *state, int i, Datum *values, bool *nulls)
{
	ShopperDictionary *d = state;
	const char *key = d->bytes + d->start[i];
	int			actual = (int) strtoul(pnstrdup(key, 8), NULL, 16);

	values[0] = PointerGetDatum(cstring_to_text_with_len(key + 8, actual));
	values[1] = PointerGetDatum(cstring_to_text_with_len(key + 8 + actual, d->length[i] - 8 - actual));
	values[2] = Int64GetDatum(d->count[i]);
}

PG_FUNCTION_INFO_V1(shopper_confusion_final);
Datum
shopper_confusion_final(PG_FUNCTION_ARGS)
{
	Confusion  *c,
			   *copy;
	uint32_t   *new_code;

	shopper_aggregate_context(fcinfo);
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	c = (Confusion *) PG_GETARG_POINTER(0);
	copy = confusion_make(CurrentMemoryContext);	/* the state stays as it is */
	confusion_merge(copy, &c->pair);
	shopper_check(copy->env, shopper_dictionary_sort(&copy->pair, SHOPPER_BY_VALUE, &new_code));
	return shopper_composite_array(fcinfo, (int) copy->pair.n, fill_confusion, &copy->pair);
}
