/*
 * score.c: what scoring jobs of named models need besides predictions: a row's reasons as
 * one text, and a hash of its content.
 */
#include "rows.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "utils/datum.h"

#include "../core/hash.h"

#define MOST_REASON_BYTES 60	/* of one value */

/* ---- reasons ---- */

/* A column's value for people: floats with six digits that count, others as they are written. NULL for NULL. */
static char *
short_value(const ShopperRowScoring *s, int column)
{
	int			attribute = s->column[column].attribute;
	Oid			type = TupleDescAttr(s->desc, attribute)->atttypid;

	if (s->nulls[attribute] || (type != FLOAT8OID && type != FLOAT4OID))
		return shopper_column_value_text(s, column);
	return psprintf("%.6g", type == FLOAT8OID ? DatumGetFloat8(s->values[attribute]) : DatumGetFloat4(s->values[attribute]));
}

/* "cart_adds = 3 (+0.84)" */
static void
put_reason(StringInfo s, const char *name, const char *value, double contribution)
{
	int			length = value == NULL ? 0 : (int) strlen(value);
	int			shown = pg_mbcliplen(value == NULL ? "" : value, length, MOST_REASON_BYTES);

	if (s->len > 0)
		appendStringInfoString(s, "; ");
	if (value == NULL)
		appendStringInfo(s, "%s is missing (%+.3g)", name, contribution);
	else
		appendStringInfo(s, "%s = %.*s%s (%+.3g)", name, shown, value, shown < length ? "..." : "", contribution);
}

PG_FUNCTION_INFO_V1(shopper_top_reasons);
Datum
shopper_top_reasons(PG_FUNCTION_ARGS)
{
	int			n = PG_ARGISNULL(2) ? 0 : PG_GETARG_INT32(2);
	ShopperRowScoring *s;
	double	   *contribution;
	int		   *order;
	StringInfoData text;

	if (n < 0)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("the number of reasons must be at least 0, got %d", n)));
	s = shopper_scoring_args(fcinfo, SHOPPER_EXPLAINED);
	if (s == NULL || n == 0)
		PG_RETURN_NULL();
	contribution = shopper_contributions(s);
	order = shopper_order_by_size(contribution, s->n_columns);
	initStringInfo(&text);
	for (int i = 0; i < s->n_columns && i < n; i++)
	{
		double		c = contribution[order[i]];

		if (c == 0 || isnan(c))
			break;
		put_reason(&text, s->column[order[i]].column->name, short_value(s, order[i]), c);
	}
	PG_RETURN_TEXT_P(cstring_to_text_with_len(text.data, text.len));
}

/* ---- the content of a row ---- */

typedef struct RowHash			/* kept at the call site */
{
	MemoryContext context;
	ShopperRowType type;
	TupleDesc	desc;
	Datum	   *values;
	bool	   *nulls;
} RowHash;

static RowHash *
row_hash_start(FunctionCallInfo fcinfo, HeapTupleHeader record)
{
	RowHash    *h = fcinfo->flinfo->fn_extra;
	MemoryContext caller;

	if (h == NULL)
	{
		h = fcinfo->flinfo->fn_extra = MemoryContextAllocZero(fcinfo->flinfo->fn_mcxt, sizeof(RowHash));
		h->context = AllocSetContextCreate(fcinfo->flinfo->fn_mcxt, "pg_shopper row hash", ALLOCSET_SMALL_SIZES);
	}
	else if (shopper_same_row_type(&h->type, record))
		return h;
	MemoryContextReset(h->context);
	caller = MemoryContextSwitchTo(h->context);
	h->desc = shopper_row_type(&h->type, record);
	h->values = palloc(sizeof(Datum) * h->desc->natts);
	h->nulls = palloc(sizeof(bool) * h->desc->natts);
	MemoryContextSwitchTo(caller);
	return h;
}

/* The bytes that a value is stored as, wherever and however they are. */
static uint64
hash_value(Form_pg_attribute attribute, Datum value)
{
	if (attribute->attbyval)
		return (uint64) value;
	if (attribute->attlen == -1)
	{
		struct varlena *v = PG_DETOAST_DATUM_PACKED(value);

		return shopper_hash_bytes(VARDATA_ANY(v), VARSIZE_ANY_EXHDR(v), 1);
	}
	return shopper_hash_bytes(DatumGetPointer(value), datumGetSize(value, false, attribute->attlen), 1);
}

PG_FUNCTION_INFO_V1(shopper_row_hash);
Datum
shopper_row_hash(PG_FUNCTION_ARGS)
{
	HeapTupleHeader record = PG_GETARG_HEAPTUPLEHEADER(0);
	RowHash    *h = row_hash_start(fcinfo, record);
	HeapTupleData tuple = {.t_len = HeapTupleHeaderGetDatumLength(record), .t_tableOid = InvalidOid, .t_data = record};
	uint64		hash = 1;

	ItemPointerSetInvalid(&tuple.t_self);
	heap_deform_tuple(&tuple, h->desc, h->values, h->nulls);
	for (int i = 0; i < h->desc->natts; i++)
		if (!TupleDescAttr(h->desc, i)->attisdropped)
			hash = h->nulls[i] ? shopper_hash_add(~hash, 0) : shopper_hash_add(hash, hash_value(TupleDescAttr(h->desc, i), h->values[i]));
	PG_RETURN_INT64((int64) hash);
}
