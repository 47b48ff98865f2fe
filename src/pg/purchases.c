/* purchases.c: features of customers (purchase_features), churn_labels and cohort_table from the log of a shop. */
#include "event_log.h"
#include "pairs_reader.h"

#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/date.h"

static char *
query_argument(FunctionCallInfo fcinfo, int n)
{
	if (PG_ARGISNULL(n))
		ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("the query of events must not be null")));
	return text_to_cstring(PG_GETARG_TEXT_PP(n));
}

/* ---- purchase_features ---- */

typedef struct Row
{
	Datum	   *value;
	bool	   *null;
	int			n;
} Row;

static void
put_number(Row *row, double x)
{
	shopper_set_float(&row->value[row->n], &row->null[row->n], x);
	row->n++;
}

static void
put_count(Row *row, int64 n)
{
	row->null[row->n] = n < 0;
	row->value[row->n++] = Int64GetDatum(n);
}

static void
put_level(Row *row, const ShopperDictionary *d, int32 code)
{
	char		buffer[24];
	size_t		length;
	const char *word;

	row->null[row->n] = code < 0;
	row->value[row->n] = (Datum) 0;
	if (code >= 0)
	{
		word = shopper_dictionary_text(d, code, buffer, &length);
		row->value[row->n] = PointerGetDatum(cstring_to_text_with_len(word, (int) length));
	}
	row->n++;
}

/* Always of its full length, so that it can be a feature. */
static void
put_shares(Row *row, const double *x, int n)
{
	row->null[row->n] = false;
	row->value[row->n++] = shopper_float_array(x, n, true);
}

static void
put_features(Row *row, const ShopperPurchases *p, const ShopperPurchaseFeatures *f)
{
	put_number(row, f->recency_days);
	put_count(row, f->frequency);
	put_number(row, f->monetary);
	put_number(row, f->tenure_days);
	put_number(row, f->gap_days_mean);
	put_number(row, f->gap_days_sd);
	put_number(row, f->order_value);
	put_number(row, f->basket_lines);
	put_number(row, f->quantity);
	put_count(row, f->items);
	put_number(row, f->return_share);
	put_number(row, f->discount_share);
	put_count(row, f->categories);
	put_level(row, &p->category, f->top_category);
	put_number(row, f->top_category_share);
	put_number(row, f->category_entropy);
	put_count(row, f->brands);
	put_level(row, &p->brand, f->top_brand);
	put_number(row, f->top_brand_share);
	put_count(row, f->visits);
	put_number(row, f->visits_per_week);
	put_number(row, f->visit_days);
	put_number(row, f->dwell_seconds);
	put_number(row, f->orders_per_visit);
	put_number(row, f->trend);
	put_shares(row, f->weekday_share, 7);
	put_shares(row, f->daypart_share, 4);
	row->null[row->n] = f->buys < 0;
	row->value[row->n++] = BoolGetDatum(f->buys > 0);
}

static void
set_as_of(ShopperEventLog *log, FunctionCallInfo fcinfo, int n)
{
	if (PG_ARGISNULL(n))
		return;
	log->as_of_type = get_fn_expr_argtype(fcinfo->flinfo, n);
	log->as_of = PG_GETARG_DATUM(n);
}

/* The type that customer_type, the first argument, names. */
static Oid
customer_type(FunctionCallInfo fcinfo)
{
	if (!PG_ARGISNULL(0))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("customer_type must be null: it only names a type"),
						errhint("Write null::bigint.")));
	return get_fn_expr_argtype(fcinfo->flinfo, 0);
}

/* A row for each customer with an event before as_of; churn: of buyers alone, and only (customer, recency_days, churned). */
static void
put_customers(FunctionCallInfo fcinfo, ShopperEventLog *log, const char *query, Oid type, bool churn)
{
	TupleDesc	desc;
	Tuplestorestate *rows = shopper_rows_begin(fcinfo, &desc);
	ShopperPurchases *p = &log->p;
	MemoryContext per_row,
				old;

	shopper_event_log_read(log, query);
	if (p->customer.type == SHOPPER_ID_TEXT && (type == INT2OID || type == INT4OID || type == INT8OID || type == UUIDOID))
		ereport(ERROR, (errcode(ERRCODE_DATATYPE_MISMATCH), errmsg("the customers are texts, they cannot be returned as %s", format_type_be(type)),
						errhint("Write null::text as the type.")));
	per_row = AllocSetContextCreate(log->context, "pg_shopper row", ALLOCSET_DEFAULT_SIZES);
	old = MemoryContextSwitchTo(per_row);
	for (int64 c = 0; c < p->customer.n; c++)
	{
		ShopperPurchaseFeatures f;
		Datum		value[32];
		bool		null[32] = {false};
		Row			row = {value, null, 1};
		bool		any;

		if ((c & 0xfff) == 0)
			shopper_check(log->env, shopper_poll(log->env));
		shopper_check(log->env, shopper_customer_features(p, c, &f, &any));
		if (!any || (churn && f.frequency == 0))
			continue;
		value[0] = shopper_id_datum(&p->customer, c, type);
		if (churn)
		{
			put_number(&row, f.recency_days);
			value[2] = BoolGetDatum(f.buys == 0);
		}
		else
			put_features(&row, p, &f);
		tuplestore_putvalues(rows, desc, value, null);
		MemoryContextReset(per_row);
	}
	MemoryContextSwitchTo(old);
	MemoryContextDelete(log->context);
}

/* Arguments from `first` on: events, as_of, horizon, history, trend, columns, timezone. */
static Datum
purchase_features(FunctionCallInfo fcinfo, Oid type, int first)
{
	char	   *query = query_argument(fcinfo, first);
	ShopperEventLog		   *log = shopper_event_log_create(fcinfo, first + 5, first + 6);

	set_as_of(log, fcinfo, first + 1);
	log->horizon = PG_ARGISNULL(first + 2) ? NULL : PG_GETARG_INTERVAL_P(first + 2);
	log->history = PG_ARGISNULL(first + 3) ? NULL : PG_GETARG_INTERVAL_P(first + 3);
	log->trend = PG_ARGISNULL(first + 4) ? NULL : PG_GETARG_INTERVAL_P(first + 4);
	put_customers(fcinfo, log, query, type, false);
	return (Datum) 0;
}

PG_FUNCTION_INFO_V1(shopper_purchase_features);
Datum
shopper_purchase_features(PG_FUNCTION_ARGS)
{
	return purchase_features(fcinfo, TEXTOID, 0);
}

PG_FUNCTION_INFO_V1(shopper_purchase_features_as);
Datum
shopper_purchase_features_as(PG_FUNCTION_ARGS)
{
	return purchase_features(fcinfo, customer_type(fcinfo), 1);
}

/* Arguments from `first` on: events, as_of, silent_for, columns, timezone. */
static Datum
churn_labels(FunctionCallInfo fcinfo, Oid type, int first)
{
	char	   *query = query_argument(fcinfo, first);
	ShopperEventLog		   *log = shopper_event_log_create(fcinfo, first + 3, first + 4);

	if (PG_ARGISNULL(first + 1) || PG_ARGISNULL(first + 2))
		ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("as_of and silent_for must not be null"),
						errhint("Who buys nothing for silent_for from as_of on has left.")));
	set_as_of(log, fcinfo, first + 1);
	log->horizon = PG_GETARG_INTERVAL_P(first + 2);
	put_customers(fcinfo, log, query, type, true);
	return (Datum) 0;
}

PG_FUNCTION_INFO_V1(shopper_churn_labels);
Datum
shopper_churn_labels(PG_FUNCTION_ARGS)
{
	return churn_labels(fcinfo, TEXTOID, 0);
}

PG_FUNCTION_INFO_V1(shopper_churn_labels_as);
Datum
shopper_churn_labels_as(PG_FUNCTION_ARGS)
{
	return churn_labels(fcinfo, customer_type(fcinfo), 1);
}

/* ---- cohort_table: (events, period, columns, timezone) ---- */

static ShopperPeriod
period_argument(FunctionCallInfo fcinfo, int n)
{
	static const char *const name[] = {"day", "week", "month", "quarter", "year"};
	char	   *given = PG_ARGISNULL(n) ? "month" : text_to_cstring(PG_GETARG_TEXT_PP(n));

	for (int i = 0; i < 5; i++)
		if (pg_strcasecmp(given, name[i]) == 0)
			return (ShopperPeriod) i;
	ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("period must be day, week, month, quarter or year, got \"%s\"", given)));
}

PG_FUNCTION_INFO_V1(shopper_cohort_table);
Datum
shopper_cohort_table(PG_FUNCTION_ARGS)
{
	TupleDesc	desc;
	Tuplestorestate *rows = shopper_rows_begin(fcinfo, &desc);
	char	   *query = query_argument(fcinfo, 0);
	ShopperPeriod period = period_argument(fcinfo, 1);
	ShopperEventLog		   *log = shopper_event_log_create(fcinfo, 2, 3);
	ShopperCohorts c;

	shopper_event_log_read(log, query);
	shopper_check(log->env, shopper_cohorts(&log->p, period, &c));
	for (int64 cohort = 0; cohort < c.n; cohort++)
	{
		int64		size = c.customers[cohort * c.n];

		for (int64 age = 0; size > 0 && age < c.n - cohort; age++)
		{
			int64		active = c.customers[cohort * c.n + age];
			Datum		v[7] = {
				DateADTGetDatum((DateADT) shopper_period_day(period, c.first + cohort)), Int64GetDatum(size), Int32GetDatum((int32) age),
				DateADTGetDatum((DateADT) shopper_period_day(period, c.first + cohort + age)), Int64GetDatum(active),
				Float8GetDatum((double) active / (double) size), Float8GetDatum(c.amount[cohort * c.n + age])
			};
			bool		null[7] = {false};

			null[6] = !log->p.has.amount;
			tuplestore_putvalues(rows, desc, v, null);
		}
	}
	MemoryContextDelete(log->context);
	return (Datum) 0;
}
