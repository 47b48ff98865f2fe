/* values.c: from datums to numbers, texts and days, by type; nothing depends on session settings. */
#include "pg.h"

#include <math.h>

#include "catalog/pg_enum.h"
#include "catalog/pg_type.h"
#include "common/shortest_dec.h"
#include "utils/array.h"
#include "utils/date.h"
#include "utils/datetime.h"
#include "utils/lsyscache.h"
#include "utils/numeric.h"
#include "utils/syscache.h"
#include "utils/timestamp.h"
#include "utils/uuid.h"

static ShopperConversion
conversion_of(Oid type, Oid *element)
{
	*element = InvalidOid;
	switch (type)
	{
		case INT2OID:
			return SHOPPER_FROM_INT2;
		case INT4OID:
			return SHOPPER_FROM_INT4;
		case INT8OID:
			return SHOPPER_FROM_INT8;
		case FLOAT4OID:
			return SHOPPER_FROM_FLOAT4;
		case FLOAT8OID:
			return SHOPPER_FROM_FLOAT8;
		case NUMERICOID:
			return SHOPPER_FROM_NUMERIC;
		case BOOLOID:
			return SHOPPER_FROM_BOOL;
		case INTERVALOID:
			return SHOPPER_FROM_INTERVAL;
		case TEXTOID:
		case VARCHAROID:
			return SHOPPER_FROM_TEXT;
		case BPCHAROID:
			return SHOPPER_FROM_BPCHAR;
		case NAMEOID:
			return SHOPPER_FROM_NAME;
		case CHAROID:
			return SHOPPER_FROM_CHAR;
		case UUIDOID:
			return SHOPPER_FROM_UUID;
		case DATEOID:
			return SHOPPER_FROM_DATE;
		case TIMESTAMPOID:
			return SHOPPER_FROM_TIMESTAMP;
		case TIMESTAMPTZOID:
			return SHOPPER_FROM_TIMESTAMPTZ;
		case UNKNOWNOID:
			return SHOPPER_FROM_CSTRING;
		case INT2ARRAYOID:
			*element = INT2OID;
			return SHOPPER_FROM_VECTOR;
		case INT4ARRAYOID:
			*element = INT4OID;
			return SHOPPER_FROM_VECTOR;
		case INT8ARRAYOID:
			*element = INT8OID;
			return SHOPPER_FROM_VECTOR;
		case FLOAT4ARRAYOID:
			*element = FLOAT4OID;
			return SHOPPER_FROM_VECTOR;
		case FLOAT8ARRAYOID:
			*element = FLOAT8OID;
			return SHOPPER_FROM_VECTOR;
		default:
			return type_is_enum(type) ? SHOPPER_FROM_ENUM : SHOPPER_FROM_OTHER;
	}
}

void
shopper_value_reader(ShopperValueReader *reader, Oid type, MemoryContext context)
{
	Oid			function;
	bool		varlena;

	memset(reader, 0, sizeof(*reader));
	reader->context = context;
	type = getBaseType(type);
	reader->from = conversion_of(type, &reader->element);
	if (reader->from == SHOPPER_FROM_OTHER)
	{
		getTypeOutputInfo(type, &function, &varlena);
		fmgr_info_cxt(function, &reader->output, context);
	}
}

bool
shopper_conversion_is_integer(ShopperConversion from)
{
	return from == SHOPPER_FROM_INT2 || from == SHOPPER_FROM_INT4 || from == SHOPPER_FROM_INT8;
}

bool
shopper_conversion_is_text(ShopperConversion from)
{
	return from >= SHOPPER_FROM_TEXT && from <= SHOPPER_FROM_UUID;
}

bool
shopper_feature_kind(ShopperConversion from, bool categorical, ShopperKind *kind, bool *utc, bool *may_be_id)
{
	*utc = from == SHOPPER_FROM_TIMESTAMPTZ;
	*may_be_id = shopper_conversion_is_text(from) && from != SHOPPER_FROM_ENUM && from != SHOPPER_FROM_CHAR && !categorical;
	switch (from)
	{
		case SHOPPER_FROM_INT2:
		case SHOPPER_FROM_INT4:
		case SHOPPER_FROM_INT8:
		case SHOPPER_FROM_FLOAT4:
		case SHOPPER_FROM_FLOAT8:
		case SHOPPER_FROM_NUMERIC:
		case SHOPPER_FROM_INTERVAL:
			*kind = categorical ? SHOPPER_KIND_CATEGORY : SHOPPER_KIND_NUMBER;
			return true;
		case SHOPPER_FROM_BOOL:
			*kind = categorical ? SHOPPER_KIND_CATEGORY : SHOPPER_KIND_BOOLEAN;
			return true;
		case SHOPPER_FROM_TEXT:
		case SHOPPER_FROM_BPCHAR:
		case SHOPPER_FROM_NAME:
		case SHOPPER_FROM_CHAR:
		case SHOPPER_FROM_ENUM:
		case SHOPPER_FROM_UUID:
		case SHOPPER_FROM_CSTRING:
			*kind = SHOPPER_KIND_CATEGORY;
			return true;
		case SHOPPER_FROM_DATE:
			*kind = categorical ? SHOPPER_KIND_CATEGORY : SHOPPER_KIND_DATE;
			return true;
		case SHOPPER_FROM_TIMESTAMP:
		case SHOPPER_FROM_TIMESTAMPTZ:
			*kind = SHOPPER_KIND_TIMESTAMP;
			return !categorical;
		case SHOPPER_FROM_VECTOR:
			*kind = SHOPPER_KIND_VECTOR;
			return !categorical;
		case SHOPPER_FROM_NONE:
		case SHOPPER_FROM_OTHER:
			break;
	}
	return false;
}

static double
interval_seconds(const Interval *i)
{
	if (INTERVAL_NOT_FINITE(i))
		return NAN;
	/* as EXTRACT(EPOCH): a month is 30 days, a year 365.25 days */
	return (double) i->time / USECS_PER_SEC + (double) i->day * SECS_PER_DAY +
		(double) (i->month / MONTHS_PER_YEAR) * (365.25 * SECS_PER_DAY) +
		(double) (i->month % MONTHS_PER_YEAR) * (30.0 * SECS_PER_DAY);
}

int64
shopper_value_integer(const ShopperValueReader *reader, Datum value)
{
	return reader->from == SHOPPER_FROM_INT2 ? DatumGetInt16(value)
		: reader->from == SHOPPER_FROM_INT4 ? DatumGetInt32(value) : DatumGetInt64(value);
}

double
shopper_value_number_slow(const ShopperValueReader *reader, Datum value)
{
	switch (reader->from)
	{
		case SHOPPER_FROM_INT2:
			return DatumGetInt16(value);
		case SHOPPER_FROM_INT4:
			return DatumGetInt32(value);
		case SHOPPER_FROM_INT8:
			return (double) DatumGetInt64(value);
		case SHOPPER_FROM_FLOAT4:
			return DatumGetFloat4(value);
		case SHOPPER_FROM_FLOAT8:
			return DatumGetFloat8(value);
		case SHOPPER_FROM_NUMERIC:
			return DatumGetFloat8(DirectFunctionCall1(numeric_float8_no_overflow, value));
		case SHOPPER_FROM_BOOL:
			return DatumGetBool(value) ? 1 : 0;
		case SHOPPER_FROM_INTERVAL:
			return interval_seconds(DatumGetIntervalP(value));
		default:
			return NAN;
	}
}

static const char *
enum_label(ShopperValueReader *reader, Oid oid)
{
	HeapTuple	tuple;

	for (int i = 0; i < reader->n_labels; i++)
		if (reader->label[i].oid == oid)
			return reader->label[i].label;
	tuple = SearchSysCache1(ENUMOID, ObjectIdGetDatum(oid));
	if (!HeapTupleIsValid(tuple))
		ereport(ERROR, (errcode(ERRCODE_INVALID_BINARY_REPRESENTATION), errmsg("invalid internal value for enum: %u", oid)));
	if (reader->n_labels == reader->label_capacity)
	{
		reader->label_capacity = Max(16, reader->label_capacity * 2);
		reader->label = reader->label == NULL
			? MemoryContextAlloc(reader->context, sizeof(ShopperEnumLabel) * reader->label_capacity)
			: repalloc(reader->label, sizeof(ShopperEnumLabel) * reader->label_capacity);
	}
	reader->label[reader->n_labels].oid = oid;
	reader->label[reader->n_labels].label =
		MemoryContextStrdup(reader->context, NameStr(((Form_pg_enum) GETSTRUCT(tuple))->enumlabel));
	ReleaseSysCache(tuple);
	return reader->label[reader->n_labels++].label;
}

static const char *
uuid_text(ShopperValueReader *reader, const pg_uuid_t *uuid)
{
	static const char digits[] = "0123456789abcdef";
	char	   *p = reader->buffer;

	for (int i = 0; i < UUID_LEN; i++)
	{
		if (i == 4 || i == 6 || i == 8 || i == 10)
			*p++ = '-';
		*p++ = digits[uuid->data[i] >> 4];
		*p++ = digits[uuid->data[i] & 15];
	}
	*p = '\0';
	return reader->buffer;
}

static const char *
date_text(ShopperValueReader *reader, DateADT date)
{
	int			year,
				month,
				day;

	if (DATE_NOT_FINITE(date))
		return DATE_IS_NOBEGIN(date) ? "-infinity" : "infinity";
	j2date(date + POSTGRES_EPOCH_JDATE, &year, &month, &day);
	snprintf(reader->buffer, sizeof(reader->buffer), "%04d-%02d-%02d%s", year > 0 ? year : 1 - year, month, day, year > 0 ? "" : " BC");
	return reader->buffer;
}

const char *
shopper_value_text(ShopperValueReader *reader, Datum value, size_t *length)
{
	const char *text;

	switch (reader->from)
	{
		case SHOPPER_FROM_TEXT:
		case SHOPPER_FROM_BPCHAR:
			{
				struct varlena *packed = PG_DETOAST_DATUM_PACKED(value);

				*length = VARSIZE_ANY_EXHDR(packed);
				if (reader->from == SHOPPER_FROM_BPCHAR)
					*length = (size_t) bpchartruelen(VARDATA_ANY(packed), (int) *length);
				return VARDATA_ANY(packed);
			}
		case SHOPPER_FROM_INT2:
		case SHOPPER_FROM_INT4:
		case SHOPPER_FROM_INT8:
			*length = (size_t) pg_lltoa(shopper_value_integer(reader, value), reader->buffer);
			return reader->buffer;
		case SHOPPER_FROM_FLOAT4:
			*length = (size_t) float_to_shortest_decimal_buf(DatumGetFloat4(value), reader->buffer);
			return reader->buffer;
		case SHOPPER_FROM_FLOAT8:
			*length = (size_t) double_to_shortest_decimal_buf(DatumGetFloat8(value), reader->buffer);
			return reader->buffer;
		case SHOPPER_FROM_INTERVAL:
			*length = (size_t) double_to_shortest_decimal_buf(interval_seconds(DatumGetIntervalP(value)), reader->buffer);
			return reader->buffer;
		case SHOPPER_FROM_NUMERIC:
			text = DatumGetCString(DirectFunctionCall1(numeric_out, value));
			break;
		case SHOPPER_FROM_BOOL:
			text = DatumGetBool(value) ? "true" : "false";
			break;
		case SHOPPER_FROM_NAME:
			text = NameStr(*DatumGetName(value));
			break;
		case SHOPPER_FROM_CHAR:
			reader->buffer[0] = DatumGetChar(value);
			reader->buffer[1] = '\0';
			text = reader->buffer;
			break;
		case SHOPPER_FROM_ENUM:
			text = enum_label(reader, DatumGetObjectId(value));
			break;
		case SHOPPER_FROM_UUID:
			text = uuid_text(reader, DatumGetUUIDP(value));
			break;
		case SHOPPER_FROM_DATE:
			text = date_text(reader, DatumGetDateADT(value));
			break;
		case SHOPPER_FROM_CSTRING:
			text = DatumGetCString(value);
			break;
		case SHOPPER_FROM_OTHER:
			text = OutputFunctionCall(&reader->output, value);
			break;
		default:
			elog(ERROR, "a value of this type has no text");
			text = NULL;
	}
	*length = strlen(text);
	return text;
}

double
shopper_value_days(const ShopperValueReader *reader, Datum value)
{
	Timestamp	t;

	if (reader->from == SHOPPER_FROM_DATE)
	{
		DateADT		date = DatumGetDateADT(value);

		return DATE_NOT_FINITE(date) ? NAN : date;
	}
	t = DatumGetTimestamp(value);
	if (TIMESTAMP_NOT_FINITE(t))
		return NAN;
	if (reader->from == SHOPPER_FROM_TIMESTAMPTZ && reader->zone != NULL)
		t = DatumGetTimestamp(DirectFunctionCall2(timestamptz_zone, PointerGetDatum(reader->zone), value));
	return (double) t / (double) USECS_PER_DAY;
}

double *
shopper_value_vector(const ShopperValueReader *reader, Datum value, int *n)
{
	ArrayType  *array = DatumGetArrayTypeP(value);
	int16		width;
	bool		byval;
	char		align;
	Datum	   *elements;
	bool	   *nulls;
	double	   *x;
	ShopperValueReader one = {0};

	if (ARR_NDIM(array) > 1)
		ereport(ERROR, (errcode(ERRCODE_DATA_EXCEPTION), errmsg("expected an array of one dimension, got %d", ARR_NDIM(array))));
	get_typlenbyvalalign(reader->element, &width, &byval, &align);
	deconstruct_array(array, reader->element, width, byval, align, &elements, &nulls, n);
	one.from = conversion_of(reader->element, &one.element);
	x = palloc(sizeof(double) * Max(*n, 1));
	for (int i = 0; i < *n; i++)
		x[i] = nulls[i] ? NAN : shopper_value_number(&one, elements[i]);
	return x;
}

void
shopper_read_floats(const ArrayType *array, int n, double *x)
{
	const float8 *value = (const float8 *) ARR_DATA_PTR(array);

	if (!ARR_HASNULL(array))
	{
		memcpy(x, value, sizeof(double) * n);
		return;
	}
	for (int i = 0; i < n; i++)
		x[i] = att_isnull(i, ARR_NULLBITMAP(array)) ? NAN : *value++;
}

Datum
shopper_float_array(const double *x, int n, bool nullable)
{
	Datum	   *value = palloc(sizeof(Datum) * Max(n, 1));
	bool	   *null = palloc(sizeof(bool) * Max(n, 1));
	int			lower = 1;

	for (int i = 0; i < n; i++)
		if (nullable)
			shopper_set_float(&value[i], &null[i], x[i]);
		else
		{
			value[i] = Float8GetDatum(x[i]);
			null[i] = false;
		}
	return PointerGetDatum(construct_md_array(value, null, 1, &n, &lower, FLOAT8OID, sizeof(float8), FLOAT8PASSBYVAL, TYPALIGN_DOUBLE));
}
