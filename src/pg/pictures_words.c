/*
 * pictures_words.c: figures of text: sparkline and bar.
 */
#include "pg.h"

#include "mb/pg_wchar.h"
#include "utils/array.h"

#include "../pictures/pictures.h"

static Datum
words(ShopperEnv *env, MemoryContext context, const ShopperWriter *w)
{
	char	   *text;
	Datum		result;

	shopper_check(env, w->status);
	text = w->length == 0 ? "" : pg_any_to_server(pnstrdup((char *) w->data, w->length), (int) w->length, PG_UTF8);
	result = PointerGetDatum(cstring_to_text(text));
	MemoryContextDelete(context);
	return result;
}

PG_FUNCTION_INFO_V1(shopper_sparkline_sql);
Datum
shopper_sparkline_sql(PG_FUNCTION_ARGS)
{
	ArrayType  *array = PG_GETARG_ARRAYTYPE_P(0);
	int			n = ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array));
	MemoryContext context;
	ShopperEnv *env = shopper_env_create(CurrentMemoryContext, &context);
	ShopperWriter w;
	double	   *x = palloc(sizeof(double) * Max(n, 1));

	shopper_read_floats(array, n, x);
	shopper_writer_init(&w, env);
	shopper_sparkline(&w, x, n);
	pfree(x);
	return words(env, context, &w);
}

PG_FUNCTION_INFO_V1(shopper_bar_sql);
Datum
shopper_bar_sql(PG_FUNCTION_ARGS)
{
	int			width = PG_GETARG_INT32(3);
	MemoryContext context;
	ShopperEnv *env;
	ShopperWriter w;

	if (width < 1 || width > 1000)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("width must be from 1 to 1000 characters, got %d", width)));
	env = shopper_env_create(CurrentMemoryContext, &context);
	shopper_writer_init(&w, env);
	shopper_text_bar(&w, PG_GETARG_FLOAT8(0), PG_GETARG_FLOAT8(1), PG_GETARG_FLOAT8(2), width);
	return words(env, context, &w);
}
