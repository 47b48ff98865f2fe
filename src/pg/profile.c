/* profile.c: profile_table and correlations: what the columns of a table or query hold. */
#include "rows.h"

#include "catalog/pg_type.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/date.h"
#include "utils/datetime.h"
#include "utils/lsyscache.h"
#include "utils/regproc.h"
#include "utils/timestamp.h"

#include "../prepare/correlations.h"
#include "../prepare/profile.h"

/* ---- the table or query ---- */

static char *
query_of_table(Oid table)
{
	char	   *name = get_rel_name(table);

	if (name == NULL)
		ereport(ERROR, (errcode(ERRCODE_UNDEFINED_TABLE), errmsg("there is no table with OID %u", table)));
	return psprintf("SELECT * FROM %s", quote_qualified_identifier(get_namespace_name(get_rel_namespace(table)), name));
}

/* A text without a blank is the name of a table, any other one a query. */
static char *
source_argument(FunctionCallInfo fcinfo)
{
	char	   *source;

	if (PG_ARGISNULL(0))
		ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("the table or query must not be null")));
	if (get_fn_expr_argtype(fcinfo->flinfo, 0) == REGCLASSOID)
		return query_of_table(PG_GETARG_OID(0));
	source = text_to_cstring(PG_GETARG_TEXT_PP(0));
	if (strpbrk(source, " \t\n\r") != NULL)
		return source;
	return query_of_table(DatumGetObjectId(DirectFunctionCall1(regclassin, CStringGetDatum(source))));
}

/* ---- profile_table ---- */

typedef struct Profiling
{
	ShopperEnv *env;
	MemoryContext context;
	TupleDesc	desc;
	ShopperValueReader *reader;
	ShopperProfile f;
} Profiling;

static ShopperProfileKind
kind_of(const ShopperValueReader *reader)
{
	switch (reader->from)
	{
		case SHOPPER_FROM_INT2:
		case SHOPPER_FROM_INT4:
		case SHOPPER_FROM_INT8:
		case SHOPPER_FROM_BOOL:
		case SHOPPER_FROM_DATE:
		case SHOPPER_FROM_TIMESTAMP:
		case SHOPPER_FROM_TIMESTAMPTZ:
			return SHOPPER_PROFILE_INTEGER;
		case SHOPPER_FROM_FLOAT4:
		case SHOPPER_FROM_FLOAT8:
		case SHOPPER_FROM_NUMERIC:
		case SHOPPER_FROM_INTERVAL:
			return SHOPPER_PROFILE_NUMBER;
		default:
			return SHOPPER_PROFILE_TEXT;
	}
}

static void
profile_start(void *state, TupleDesc desc)
{
	Profiling  *p = state;

	p->desc = CreateTupleDescCopy(desc);
	p->reader = palloc0(sizeof(ShopperValueReader) * Max(desc->natts, 1));
	shopper_check(p->env, shopper_profile_init(&p->f, p->env, desc->natts, (int64) shopper_max_training_memory * (1024 * 1024 / 2)));
	for (int a = 0; a < desc->natts; a++)
	{
		ShopperValueReader *reader = &p->reader[a];
		Oid			function;
		bool		varlena;

		shopper_value_reader(reader, TupleDescAttr(desc, a)->atttypid, p->context);
		if (reader->from == SHOPPER_FROM_VECTOR || reader->from == SHOPPER_FROM_NONE)
		{
			reader->from = SHOPPER_FROM_OTHER;	/* as text, like any other type */
			getTypeOutputInfo(TupleDescAttr(desc, a)->atttypid, &function, &varlena);
			fmgr_info_cxt(function, &reader->output, p->context);
		}
		p->f.column[a].kind = kind_of(reader);
	}
	shopper_check(p->env, shopper_profile_begin(&p->f));
}

static void
profile_row(void *state, Datum *values, bool *nulls)
{
	Profiling  *p = state;

	for (int a = 0; a < p->f.p; a++)
	{
		ShopperProfileColumn *c = &p->f.column[a];
		ShopperValueReader *reader = &p->reader[a];
		size_t		length;
		const char *text;

		if (nulls[a])
			continue;
		switch (reader->from)
		{
			case SHOPPER_FROM_INT2:
			case SHOPPER_FROM_INT4:
			case SHOPPER_FROM_INT8:
				shopper_profile_integer(c, shopper_value_integer(reader, values[a]));
				break;
			case SHOPPER_FROM_BOOL:
				shopper_profile_integer(c, DatumGetBool(values[a]));
				break;
			case SHOPPER_FROM_DATE:
				if (DATE_NOT_FINITE(DatumGetDateADT(values[a])))
					c->n_invalid++;
				else
					shopper_profile_integer(c, DatumGetDateADT(values[a]));
				break;
			case SHOPPER_FROM_TIMESTAMP:
			case SHOPPER_FROM_TIMESTAMPTZ:
				if (TIMESTAMP_NOT_FINITE(DatumGetTimestamp(values[a])))
					c->n_invalid++;
				else
					shopper_profile_integer(c, DatumGetTimestamp(values[a]));
				break;
			case SHOPPER_FROM_FLOAT4:
			case SHOPPER_FROM_FLOAT8:
			case SHOPPER_FROM_NUMERIC:
			case SHOPPER_FROM_INTERVAL:
				shopper_profile_number(c, shopper_value_number(reader, values[a]));
				break;
			default:
				text = shopper_value_text(reader, values[a], &length);
				shopper_check(p->env, shopper_profile_text(&p->f, c, text, length));
		}
	}
	shopper_check(p->env, shopper_profile_row(&p->f));
}

/* A value as the text that goes out: ISO dates and times, shortest digits; long texts are cut. */
static char *
value_text(const ShopperProfileColumn *c, ShopperValueReader *reader, uint64 key)
{
	ShopperValueReader number = {.from = SHOPPER_FROM_FLOAT8};
	struct pg_tm tm;
	fsec_t		fsec;
	char		buffer[MAXDATELEN + 1],
				digits[24];
	const char *text;
	size_t		length;
	int64		whole = shopper_profile_whole(key);

	if (c->kind == SHOPPER_PROFILE_TEXT)
	{
		text = shopper_dictionary_text(&c->levels, (int64) key, digits, &length);
		return length <= 100 ? pnstrdup(text, length) : psprintf("%.*s...", pg_mbcliplen(text, (int) length, 97), text);
	}
	switch (reader->from)
	{
		case SHOPPER_FROM_BOOL:
			return pstrdup(whole ? "true" : "false");
		case SHOPPER_FROM_DATE:
			text = shopper_value_text(reader, DateADTGetDatum((DateADT) whole), &length);
			return pnstrdup(text, length);
		case SHOPPER_FROM_TIMESTAMP:
		case SHOPPER_FROM_TIMESTAMPTZ:
			if (timestamp2tm(whole, NULL, &tm, &fsec, NULL, NULL) != 0)
				elog(ERROR, "timestamp out of range");
			EncodeDateTime(&tm, fsec, reader->from == SHOPPER_FROM_TIMESTAMPTZ, 0, "UTC", USE_ISO_DATES, buffer);
			return pstrdup(buffer);
		case SHOPPER_FROM_INT2:
		case SHOPPER_FROM_INT4:
		case SHOPPER_FROM_INT8:
			return psprintf(INT64_FORMAT, whole);
		default:
			if (reader->from == SHOPPER_FROM_FLOAT4)
				number.from = SHOPPER_FROM_FLOAT4;
			text = shopper_value_text(&number, reader->from == SHOPPER_FROM_FLOAT4 ? Float4GetDatum((float4) shopper_profile_value(c, key))
									  : Float8GetDatum(shopper_profile_value(c, key)), &length);
			return pnstrdup(text, length);
	}
}

static Datum
top_values(const ShopperProfileColumn *c, ShopperValueReader *reader)
{
	StringInfoData s;

	initStringInfo(&s);
	appendStringInfoChar(&s, '[');
	for (int i = 0; i < c->n_top; i++)
	{
		appendStringInfoString(&s, i > 0 ? ", {\"value\": " : "{\"value\": ");
		escape_json(&s, value_text(c, reader, c->top[i]));
		appendStringInfo(&s, ", \"count\": %.0f, \"rate\": %.6g}", c->top_count[i], c->top_count[i] / (double) c->n);
	}
	appendStringInfoChar(&s, ']');
	return DirectFunctionCall1(jsonb_in, CStringGetDatum(s.data));
}

/* Bars of eight heights; in encodings without them letters of rising weight. */
static char *
picture(const ShopperProfileColumn *c)
{
	static const char *const bar[] = {" ", "\342\226\201", "\342\226\202", "\342\226\203", "\342\226\204", "\342\226\205", "\342\226\206", "\342\226\207", "\342\226\210"};
	static const char *const letter[] = {" ", ".", ":", "-", "=", "+", "*", "#", "@"};
	const char *const *mark = GetDatabaseEncoding() == PG_UTF8 ? bar : letter;
	StringInfoData s;
	int64		most = 1;

	initStringInfo(&s);
	for (int b = 0; b < c->bins; b++)
		most = Max(most, c->bin[b]);
	for (int b = 0; b < c->bins; b++)
		appendStringInfoString(&s, mark[(c->bin[b] * 8 + most - 1) / most]);
	return s.data;
}

static bool
is_time(const ShopperValueReader *reader)
{
	return reader->from == SHOPPER_FROM_DATE || reader->from == SHOPPER_FROM_TIMESTAMP || reader->from == SHOPPER_FROM_TIMESTAMPTZ;
}

static void
put_column(Profiling *p, int a, Tuplestorestate *rows, TupleDesc desc)
{
	ShopperProfileColumn *c = &p->f.column[a];
	ShopperValueReader *reader = &p->reader[a];
	Form_pg_attribute attribute = TupleDescAttr(p->desc, a);
	Datum		v[24] = {0};
	bool		null[24] = {false};
	bool		is_text = c->kind == SHOPPER_PROFILE_TEXT,
				number = !is_text && !is_time(reader) && c->n > 0;
	int64		unknown = p->f.n - c->n - c->n_invalid,
				distinct = (int64) rint(c->distinct);
	static const int quantile[] = {1, 2, 3, 4, 5};

	v[0] = Int32GetDatum(a + 1);
	v[1] = CStringGetTextDatum(NameStr(attribute->attname));
	v[2] = CStringGetTextDatum(format_type_with_typemod(attribute->atttypid, attribute->atttypmod));
	v[3] = Int64GetDatum(p->f.n);
	v[4] = Int64GetDatum(unknown);
	shopper_set_float(&v[5], &null[5], p->f.n > 0 ? (double) unknown / (double) p->f.n : NAN);
	v[6] = Int64GetDatum(c->n_invalid);
	v[7] = Int64GetDatum(distinct);
	v[8] = BoolGetDatum(c->distinct_exact || c->n == 0);
	null[9] = null[10] = c->n == 0;
	if (c->n > 0 && is_text)
	{
		v[9] = PointerGetDatum(cstring_to_text_with_len(c->first, pg_mbcliplen(c->first, (int) c->first_length, 100)));
		v[10] = PointerGetDatum(cstring_to_text_with_len(c->last, pg_mbcliplen(c->last, (int) c->last_length, 100)));
	}
	else if (c->n > 0)
	{
		v[9] = CStringGetTextDatum(value_text(c, reader, c->least));
		v[10] = CStringGetTextDatum(value_text(c, reader, c->greatest));
	}
	shopper_set_float(&v[11], &null[11], number ? c->mean : NAN);
	shopper_set_float(&v[12], &null[12], number ? c->sd : NAN);
	shopper_set_float(&v[13], &null[13], number ? c->skew : NAN);
	for (int i = 0; i < 5; i++)
		shopper_set_float(&v[14 + i], &null[14 + i], number ? c->quantile[quantile[i]] : NAN);
	shopper_set_float(&v[19], &null[19], number ? c->rank_error : NAN);
	v[20] = top_values(c, reader);
	v[21] = BoolGetDatum(distinct + (unknown + c->n_invalid > 0) <= 1);
	v[22] = BoolGetDatum(c->n >= 100 && ((is_text && c->distinct > 0.95 * (double) c->n) ||
										 (shopper_conversion_is_integer(reader->from) && unknown == 0 && c->distinct_exact && distinct == c->n)));
	null[23] = is_text || c->n == 0;
	if (!null[23])
		v[23] = CStringGetTextDatum(picture(c));
	tuplestore_putvalues(rows, desc, v, null);
}

PG_FUNCTION_INFO_V1(shopper_profile_table);
Datum
shopper_profile_table(PG_FUNCTION_ARGS)
{
	TupleDesc	desc;
	Tuplestorestate *rows = shopper_rows_begin(fcinfo, &desc);
	char	   *query = source_argument(fcinfo);
	Profiling	p = {0};
	ShopperRowSink sink = {profile_start, profile_row, &p};
	MemoryContext old;

	p.env = shopper_env_create(CurrentMemoryContext, &p.context);
	old = MemoryContextSwitchTo(p.context);
	shopper_env_start_pool(p.env, PG_INT32_MAX);
	shopper_run_query(query, &sink);
	shopper_check(p.env, shopper_profile_finish(&p.f));
	for (int a = 0; a < p.f.p; a++)
		put_column(&p, a, rows, desc);
	shopper_env_end_pool(p.env);
	MemoryContextSwitchTo(old);
	MemoryContextDelete(p.context);
	return (Datum) 0;
}

/* ---- correlations(source, method) ---- */

typedef struct Correlating
{
	ShopperEnv *env;
	MemoryContext context;
	int			p;
	int		   *attribute;
	char	  **name;
	ShopperValueReader *reader;
	ShopperNumbers x;
} Correlating;

static void
correlations_start(void *state, TupleDesc desc)
{
	Correlating *c = state;

	c->attribute = palloc(sizeof(int) * Max(desc->natts, 1));
	c->name = palloc(sizeof(char *) * Max(desc->natts, 1));
	c->reader = palloc0(sizeof(ShopperValueReader) * Max(desc->natts, 1));
	for (int a = 0; a < desc->natts; a++)
	{
		ShopperValueReader *reader = &c->reader[c->p];

		shopper_value_reader(reader, TupleDescAttr(desc, a)->atttypid, c->context);
		if (reader->from < SHOPPER_FROM_INT2 || reader->from > SHOPPER_FROM_INTERVAL)
			continue;
		c->attribute[c->p] = a;
		c->name[c->p++] = pstrdup(NameStr(TupleDescAttr(desc, a)->attname));
	}
	if (c->p < 2)
		ereport(ERROR, (errcode(ERRCODE_DATATYPE_MISMATCH), errmsg("correlations need at least two columns of numbers, got %d", c->p),
						errhint("Numbers, booleans and intervals count; cast others.")));
	shopper_check(c->env, shopper_numbers_init(&c->x, c->env, c->p));
}

static void
correlations_row(void *state, Datum *values, bool *nulls)
{
	Correlating *c = state;
	double	   *row;

	shopper_check(c->env, shopper_numbers_row(&c->x, &row));
	for (int a = 0; a < c->p; a++)
	{
		double		x = nulls[c->attribute[a]] ? NAN : shopper_value_number(&c->reader[a], values[c->attribute[a]]);

		row[a] = x - x == 0 ? x : NAN;
	}
}

PG_FUNCTION_INFO_V1(shopper_correlations);
Datum
shopper_correlations(PG_FUNCTION_ARGS)
{
	TupleDesc	desc;
	Tuplestorestate *rows = shopper_rows_begin(fcinfo, &desc);
	char	   *query = source_argument(fcinfo),
			   *method = PG_ARGISNULL(1) ? "pearson" : text_to_cstring(PG_GETARG_TEXT_PP(1));
	Correlating c = {0};
	ShopperRowSink sink = {correlations_start, correlations_row, &c};
	ShopperCorrelation *found;
	MemoryContext old;

	if (pg_strcasecmp(method, "pearson") != 0 && pg_strcasecmp(method, "spearman") != 0)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("method must be pearson or spearman, got \"%s\"", method)));
	c.env = shopper_env_create(CurrentMemoryContext, &c.context);
	old = MemoryContextSwitchTo(c.context);
	shopper_run_query(query, &sink);
	shopper_env_start_pool(c.env, c.x.n);
	shopper_check(c.env, shopper_correlate(&c.x, pg_strcasecmp(method, "spearman") == 0, &found));
	shopper_env_end_pool(c.env);
	for (int a = 0; a < c.p; a++)
		for (int b = a + 1; b < c.p; b++, found++)
		{
			Datum		v[5] = {CStringGetTextDatum(c.name[a]), CStringGetTextDatum(c.name[b]), 0, Int64GetDatum(found->n), 0};
			bool		null[5] = {false};

			shopper_set_float(&v[2], &null[2], found->r);
			shopper_set_float(&v[4], &null[4], found->p_value);
			tuplestore_putvalues(rows, desc, v, null);
		}
	MemoryContextSwitchTo(old);
	MemoryContextDelete(c.context);
	return (Datum) 0;
}
