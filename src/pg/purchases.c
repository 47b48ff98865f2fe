/*
 * purchases.c: reads the log of a shop from a query, columns by their role, and returns
 * features of customers (purchase_features) and cohorts (cohort_table).
 */
#include "pairs_reader.h"
#include "rows.h"

#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/date.h"
#include "utils/lsyscache.h"
#include "utils/timestamp.h"

#include "../core/hash.h"
#include "../prepare/purchases.h"

typedef enum Role
{
	CUSTOMER, AT, EVENT, ORDER_ID, ITEM, CATEGORY, BRAND, VISIT, AMOUNT, PRICE, QUANTITY, DISCOUNT, DWELL, ROLES
} Role;

static const char *const role_name[ROLES] = {
	"customer", "at", "event", "order_id", "item", "category", "brand", "visit", "amount", "price", "quantity", "discount", "dwell_seconds"
};

typedef struct Log
{
	ShopperEnv *env;
	MemoryContext context;
	Jsonb	   *columns;		/* role to column; NULL: the roles are the names */
	text	   *zone;
	Oid			as_of_type;		/* InvalidOid: none */
	Datum		as_of;
	Interval   *horizon,
			   *history,
			   *trend;
	int			attribute[ROLES];	/* -1: no such column */
	ShopperValueReader reader[ROLES];
	ShopperPurchases p;
} Log;

/* ---- columns ---- */

static char *
all_roles(void)
{
	StringInfoData s;

	initStringInfo(&s);
	for (int r = 0; r < ROLES; r++)
		appendStringInfo(&s, "%s%s", r > 0 ? ", " : "", role_name[r]);
	return s.data;
}

/* The column that `columns` names for a role; *named tells whether it names one, NULL: it wants none. */
static char *
mapped_column(Jsonb *columns, Role role, bool *named)
{
	JsonbValue	key,
			   *value;

	key.type = jbvString;
	key.val.string.val = (char *) role_name[role];
	key.val.string.len = (int) strlen(role_name[role]);
	value = columns == NULL ? NULL : findJsonbValueFromContainer(&columns->root, JB_FOBJECT, &key);
	*named = value != NULL;
	if (value == NULL || value->type == jbvNull)
		return NULL;
	if (value->type != jbvString)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("columns: %s must name a column as a text", role_name[role])));
	return pnstrdup(value->val.string.val, value->val.string.len);
}

static void
check_roles(Jsonb *columns)
{
	JsonbIterator *it;
	JsonbValue	v;
	JsonbIteratorToken token;

	if (columns == NULL)
		return;
	if (!JB_ROOT_IS_OBJECT(columns))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("columns must be a json object"),
						errhint("Name the column of each part of an event, as in '{\"customer\": \"customer_id\", \"at\": \"ordered_at\"}'.")));
	it = JsonbIteratorInit(&columns->root);
	while ((token = JsonbIteratorNext(&it, &v, true)) != WJB_DONE)
	{
		char	   *name;
		bool		known = false;

		if (token != WJB_KEY)
			continue;
		name = pnstrdup(v.val.string.val, v.val.string.len);
		for (int r = 0; r < ROLES; r++)
			known |= strcmp(name, role_name[r]) == 0;
		if (!known)
			ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("columns: \"%s\" is not a part of an event", name),
							errhint("Known are %s.", all_roles())));
	}
}

static void
check_type(Role role, Oid type, ShopperConversion from)
{
	bool		number = from >= SHOPPER_FROM_INT2 && from <= SHOPPER_FROM_BOOL;
	bool		fine = true;

	if (role == AT)
		fine = from == SHOPPER_FROM_DATE || from == SHOPPER_FROM_TIMESTAMP || from == SHOPPER_FROM_TIMESTAMPTZ;
	else if (role == DWELL)
		fine = number || from == SHOPPER_FROM_INTERVAL;
	else if (role >= AMOUNT)
		fine = number;
	else
		fine = from != SHOPPER_FROM_VECTOR && from != SHOPPER_FROM_NONE;
	if (!fine)
		ereport(ERROR, (errcode(ERRCODE_DATATYPE_MISMATCH),
						errmsg("%s must be %s, got type %s", role_name[role],
							   role == AT ? "a date or a timestamp" : role >= AMOUNT ? "a number" : "a text or a number", format_type_be(type))));
}

/* The length of an interval that ends (direction -1) or begins (1) at a time, in microseconds. */
static int64
interval_length(const Interval *i, int64 at, int direction, const char *name)
{
	Interval	copy = *i;
	int64		length;

	if (at == PG_INT64_MAX)		/* no time: months of 30 days */
		length = copy.time + (copy.day + INT64CONST(30) * copy.month) * USECS_PER_DAY;
	else
	{
		Datum		moved = direction > 0 ? DirectFunctionCall2(timestamp_pl_interval, TimestampGetDatum(at), IntervalPGetDatum(&copy))
			: DirectFunctionCall2(timestamp_mi_interval, TimestampGetDatum(at), IntervalPGetDatum(&copy));

		length = direction * (DatumGetTimestamp(moved) - at);
	}
	if (length <= 0)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("%s must be longer than nothing", name)));
	return length;
}

/* Days as read by a value reader, in microseconds. */
static int64
microseconds(double days)
{
	return (int64) rint(days * (double) USECS_PER_DAY);
}

static void
set_times(Log *log)
{
	ShopperPurchases *p = &log->p;
	ShopperValueReader reader;
	double		days;

	p->as_of = PG_INT64_MAX;
	if (OidIsValid(log->as_of_type))
	{
		Oid			type = log->as_of_type;
		Datum		as_of = log->as_of;

		if (type == UNKNOWNOID || type == TEXTOID || type == VARCHAROID)
		{
			char	   *word = type == UNKNOWNOID ? DatumGetCString(as_of) : text_to_cstring(DatumGetTextPP(as_of));

			as_of = DirectFunctionCall3(timestamptz_in, CStringGetDatum(word), ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1));
			type = TIMESTAMPTZOID;
		}
		memset(&reader, 0, sizeof(reader));
		shopper_value_reader(&reader, type, log->context);
		if (reader.from != SHOPPER_FROM_DATE && reader.from != SHOPPER_FROM_TIMESTAMP && reader.from != SHOPPER_FROM_TIMESTAMPTZ)
			ereport(ERROR, (errcode(ERRCODE_DATATYPE_MISMATCH), errmsg("as_of must be a date or a timestamp, got type %s", format_type_be(type))));
		reader.zone = log->zone;
		days = shopper_value_days(&reader, as_of);
		if (isnan(days))
			ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("as_of must not be infinite")));
		p->as_of = microseconds(days);
	}
	if (log->horizon != NULL && p->as_of == PG_INT64_MAX)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("a horizon needs as_of"),
						errhint("as_of divides the past, which gives the features, from the horizon, which gives the label.")));
	p->horizon = log->horizon == NULL ? 0 : interval_length(log->horizon, p->as_of, 1, "horizon");
	p->history = log->history == NULL ? 0 : interval_length(log->history, p->as_of, -1, "history");
	p->trend = log->trend == NULL ? 90 * USECS_PER_DAY : interval_length(log->trend, p->as_of, -1, "trend");
}

static void
log_start(void *state, TupleDesc desc)
{
	Log		   *log = state;
	ShopperShopColumns *has = &log->p.has;
	const int  *a = log->attribute;

	for (int r = 0; r < ROLES; r++)
	{
		bool		named;
		char	   *name = mapped_column(log->columns, r, &named);

		log->attribute[r] = named && name == NULL ? -1 : shopper_find_attribute(desc, named ? name : role_name[r]);
		if (log->attribute[r] >= 0)
		{
			Oid			type = TupleDescAttr(desc, log->attribute[r])->atttypid;

			shopper_value_reader(&log->reader[r], type, log->context);
			check_type(r, type, log->reader[r].from);
		}
		else if ((named && name != NULL) || r == CUSTOMER || r == AT)
			shopper_missing_column(desc, "column", named && name != NULL ? name : role_name[r]);
	}
	log->reader[AT].zone = log->zone;
	shopper_id_reader(&log->reader[CUSTOMER], TupleDescAttr(desc, a[CUSTOMER])->atttypid, log->context, "customer");
	has->order_id = a[ORDER_ID] >= 0;
	has->item = a[ITEM] >= 0;
	has->category = a[CATEGORY] >= 0;
	has->brand = a[BRAND] >= 0;
	has->visit = a[VISIT] >= 0;
	has->amount = a[AMOUNT] >= 0 || a[PRICE] >= 0;
	has->quantity = a[QUANTITY] >= 0;
	has->discount = a[DISCOUNT] >= 0;
	has->dwell = a[DWELL] >= 0;
	shopper_check(log->env, shopper_purchases_init(&log->p, log->env, shopper_id_type(&log->reader[CUSTOMER])));
}

/* ---- rows ---- */

/* 0 is none */
static uint64
id_key(Log *log, Role role, const Datum *values, const bool *nulls)
{
	ShopperValueReader *reader = &log->reader[role];
	int			a = log->attribute[role];
	uint64		key;

	if (a < 0 || nulls[a])
		return 0;
	if (shopper_conversion_is_integer(reader->from))
		key = (uint64) shopper_value_integer(reader, values[a]);
	else
	{
		size_t		length;
		const char *word = shopper_value_text(reader, values[a], &length);

		key = shopper_hash_bytes(word, length, 0);
	}
	return key == 0 ? PG_UINT64_MAX : key;
}

static int32
level(Log *log, Role role, ShopperDictionary *d, const Datum *values, const bool *nulls)
{
	int			a = log->attribute[role];
	uint32_t	code;
	size_t		length;
	const char *word;

	if (a < 0 || nulls[a])
		return -1;
	word = shopper_value_text(&log->reader[role], values[a], &length);
	shopper_check(log->env, shopper_dictionary_add_text(d, word, length, &code));
	return (int32) code;
}

static double
number(Log *log, Role role, const Datum *values, const bool *nulls)
{
	int			a = log->attribute[role];
	double		x = a < 0 || nulls[a] ? NAN : shopper_value_number(&log->reader[role], values[a]);

	return x - x == 0 ? x : NAN;
}

static bool
is_word(const char *word, size_t length, const char *const *list)
{
	for (; *list != NULL; list++)
		if (strlen(*list) == length && pg_strncasecmp(word, *list, length) == 0)
			return true;
	return false;
}

static ShopperEventKind
kind_of(Log *log, const Datum *values, const bool *nulls, double amount, double quantity)
{
	static const char *const bought[] = {"purchase", "buy", "bought", "order", "sale", NULL};
	static const char *const returned[] = {"return", "returned", "refund", "cancel", "cancellation", NULL};
	int			a = log->attribute[EVENT];
	size_t		length;
	const char *word;

	if (a >= 0)
	{
		if (nulls[a])
			return SHOPPER_VISIT;
		word = shopper_value_text(&log->reader[EVENT], values[a], &length);
		if (is_word(word, length, returned))
			return SHOPPER_RETURN;
		if (!is_word(word, length, bought))
			return SHOPPER_VISIT;
	}
	return amount < 0 || quantity < 0 ? SHOPPER_RETURN : SHOPPER_PURCHASE;
}

static void
log_row(void *state, Datum *values, bool *nulls)
{
	Log		   *log = state;
	ShopperPurchases *p = &log->p;
	ShopperShopEvent e;
	double		days,
				quantity,
				amount,
				discount;

	if (nulls[log->attribute[CUSTOMER]] || nulls[log->attribute[AT]])
	{
		p->n_skipped++;
		return;
	}
	days = shopper_value_days(&log->reader[AT], values[log->attribute[AT]]);
	if (isnan(days))
	{
		p->n_skipped++;
		return;
	}
	memset(&e, 0, sizeof(e));
	e.at = microseconds(days);
	e.customer = (int32) shopper_add_id(log->env, &p->customer, &log->reader[CUSTOMER], values[log->attribute[CUSTOMER]]);
	quantity = number(log, QUANTITY, values, nulls);
	amount = number(log, AMOUNT, values, nulls);
	if (log->attribute[AMOUNT] < 0)
		amount = number(log, PRICE, values, nulls) * (log->attribute[QUANTITY] < 0 ? 1 : quantity);
	e.kind = (uint8) kind_of(log, values, nulls, amount, quantity);
	if (e.at < p->as_of)		/* what comes later shows by its kind alone */
	{
		discount = number(log, DISCOUNT, values, nulls);
		e.amount = e.kind == SHOPPER_RETURN ? fabs(amount) : amount;
		e.quantity = (float) quantity;
		e.dwell = (float) number(log, DWELL, values, nulls);
		e.discounted = discount > 0;
		e.order_id = id_key(log, ORDER_ID, values, nulls);
		e.item = id_key(log, ITEM, values, nulls);
		e.visit = id_key(log, VISIT, values, nulls);
		e.category = level(log, CATEGORY, &p->category, values, nulls);
		e.brand = level(log, BRAND, &p->brand, values, nulls);
	}
	shopper_check(log->env, shopper_purchases_add(p, &e));
}

/* ---- reading the log ---- */

/* From the arguments columns and timezone. */
static Log *
log_create(FunctionCallInfo fcinfo, int columns, int zone)
{
	MemoryContext context;
	ShopperEnv *env = shopper_env_create(CurrentMemoryContext, &context);
	MemoryContext old = MemoryContextSwitchTo(context);
	Log		   *log = palloc0(sizeof(Log));

	log->env = env;
	log->context = context;
	log->columns = PG_ARGISNULL(columns) ? NULL : PG_GETARG_JSONB_P(columns);
	log->zone = PG_ARGISNULL(zone) ? NULL : PG_GETARG_TEXT_P_COPY(zone);
	check_roles(log->columns);
	MemoryContextSwitchTo(old);
	return log;
}

static void
log_read(Log *log, const char *query)
{
	ShopperRowSink sink = {log_start, log_row, log};
	ShopperPurchases *p = &log->p;
	MemoryContext old = MemoryContextSwitchTo(log->context);

	set_times(log);
	shopper_run_query(query, &sink);
	if (p->n_skipped > 0)
		ereport(NOTICE, (errmsg("%lld events without a customer or a time were left out", (long long) p->n_skipped)));
	if (p->horizon > 0 && p->last < p->as_of + p->horizon - USECS_PER_DAY && p->first <= p->last)
		ereport(NOTICE, (errmsg("the events end on %s, before the horizon does: who buys later counts as not buying",
								DatumGetCString(DirectFunctionCall1(timestamp_out, TimestampGetDatum(p->last))))));
	shopper_check(log->env, shopper_purchases_finish(p));
	MemoryContextSwitchTo(old);
}

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
	Datum		v[7];
	bool		null[7];
	int			lower = 1;

	for (int i = 0; i < n; i++)
		shopper_set_float(&v[i], &null[i], x[i]);
	row->null[row->n] = false;
	row->value[row->n++] = PointerGetDatum(construct_md_array(v, null, 1, &n, &lower, FLOAT8OID, 8, FLOAT8PASSBYVAL, TYPALIGN_DOUBLE));
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
set_as_of(Log *log, FunctionCallInfo fcinfo, int n)
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
put_customers(FunctionCallInfo fcinfo, Log *log, const char *query, Oid type, bool churn)
{
	TupleDesc	desc;
	Tuplestorestate *rows = shopper_rows_begin(fcinfo, &desc);
	ShopperPurchases *p = &log->p;
	MemoryContext per_row,
				old;

	log_read(log, query);
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
	Log		   *log = log_create(fcinfo, first + 5, first + 6);

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
	Log		   *log = log_create(fcinfo, first + 3, first + 4);

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
	Log		   *log = log_create(fcinfo, 2, 3);
	ShopperCohorts c;

	log_read(log, query);
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
