/* event_log.c: see event_log.h. */
#include "event_log.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "utils/lsyscache.h"

#include "../core/hash.h"
#include "pairs_reader.h"
#include "rows.h"

static const char *const role_name[SHOPPER_EVENT_ROLES] = {
	"customer", "at", "event", "order_id", "item", "category", "brand", "visit", "amount", "price", "quantity", "discount", "dwell_seconds"
};

/* ---- columns ---- */

static char *
all_roles(void)
{
	StringInfoData s;

	initStringInfo(&s);
	for (int r = 0; r < SHOPPER_EVENT_ROLES; r++)
		appendStringInfo(&s, "%s%s", r > 0 ? ", " : "", role_name[r]);
	return s.data;
}

/* The column that `columns` names for a role; *named tells whether it names one, NULL: it wants none. */
static char *
mapped_column(Jsonb *columns, ShopperEventRole role, bool *named)
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
		for (int r = 0; r < SHOPPER_EVENT_ROLES; r++)
			known |= strcmp(name, role_name[r]) == 0;
		if (!known)
			ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("columns: \"%s\" is not a part of an event", name),
							errhint("Known are %s.", all_roles())));
	}
}

static void
check_type(ShopperEventRole role, Oid type, ShopperConversion from)
{
	bool		number = from >= SHOPPER_FROM_INT2 && from <= SHOPPER_FROM_BOOL;
	bool		fine = true;

	if (role == SHOPPER_EVENT_AT)
		fine = from == SHOPPER_FROM_DATE || from == SHOPPER_FROM_TIMESTAMP || from == SHOPPER_FROM_TIMESTAMPTZ;
	else if (role == SHOPPER_EVENT_DWELL)
		fine = number || from == SHOPPER_FROM_INTERVAL;
	else if (role >= SHOPPER_EVENT_AMOUNT)
		fine = number;
	else
		fine = from != SHOPPER_FROM_VECTOR && from != SHOPPER_FROM_NONE;
	if (!fine)
		ereport(ERROR, (errcode(ERRCODE_DATATYPE_MISMATCH),
						errmsg("%s must be %s, got type %s", role_name[role],
							   role == SHOPPER_EVENT_AT ? "a date or a timestamp" : role >= SHOPPER_EVENT_AMOUNT ? "a number" : "a text or a number", format_type_be(type))));
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
set_times(ShopperEventLog *log)
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
	ShopperEventLog		   *log = state;
	ShopperShopColumns *has = &log->p.has;
	const int  *a = log->attribute;

	for (int r = 0; r < SHOPPER_EVENT_ROLES; r++)
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
		else if ((named && name != NULL) || r == SHOPPER_EVENT_CUSTOMER || r == SHOPPER_EVENT_AT)
			shopper_missing_column(desc, "column", named && name != NULL ? name : role_name[r]);
	}
	log->reader[SHOPPER_EVENT_AT].zone = log->zone;
	shopper_id_reader(&log->reader[SHOPPER_EVENT_CUSTOMER], TupleDescAttr(desc, a[SHOPPER_EVENT_CUSTOMER])->atttypid, log->context, "customer");
	has->order_id = a[SHOPPER_EVENT_ORDER_ID] >= 0;
	has->item = a[SHOPPER_EVENT_ITEM] >= 0;
	has->category = a[SHOPPER_EVENT_CATEGORY] >= 0;
	has->brand = a[SHOPPER_EVENT_BRAND] >= 0;
	has->visit = a[SHOPPER_EVENT_VISIT] >= 0;
	has->amount = a[SHOPPER_EVENT_AMOUNT] >= 0 || a[SHOPPER_EVENT_PRICE] >= 0;
	has->quantity = a[SHOPPER_EVENT_QUANTITY] >= 0;
	has->discount = a[SHOPPER_EVENT_DISCOUNT] >= 0;
	has->dwell = a[SHOPPER_EVENT_DWELL] >= 0;
	shopper_check(log->env, shopper_purchases_init(&log->p, log->env, shopper_id_type(&log->reader[SHOPPER_EVENT_CUSTOMER])));
}

/* ---- rows ---- */

/* 0 is none */
static uint64
id_key(ShopperEventLog *log, ShopperEventRole role, const Datum *values, const bool *nulls)
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
level(ShopperEventLog *log, ShopperEventRole role, ShopperDictionary *d, const Datum *values, const bool *nulls)
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
number(ShopperEventLog *log, ShopperEventRole role, const Datum *values, const bool *nulls)
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
kind_of(ShopperEventLog *log, const Datum *values, const bool *nulls, double amount, double quantity)
{
	static const char *const bought[] = {"purchase", "buy", "bought", "order", "sale", NULL};
	static const char *const returned[] = {"return", "returned", "refund", "cancel", "cancellation", NULL};
	int			a = log->attribute[SHOPPER_EVENT_KIND];
	size_t		length;
	const char *word;

	if (a >= 0)
	{
		if (nulls[a])
			return SHOPPER_VISIT;
		word = shopper_value_text(&log->reader[SHOPPER_EVENT_KIND], values[a], &length);
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
	ShopperEventLog		   *log = state;
	ShopperPurchases *p = &log->p;
	ShopperShopEvent e;
	double		days,
				quantity,
				amount,
				discount;

	if (nulls[log->attribute[SHOPPER_EVENT_CUSTOMER]] || nulls[log->attribute[SHOPPER_EVENT_AT]])
	{
		p->n_skipped++;
		return;
	}
	days = shopper_value_days(&log->reader[SHOPPER_EVENT_AT], values[log->attribute[SHOPPER_EVENT_AT]]);
	if (isnan(days))
	{
		p->n_skipped++;
		return;
	}
	memset(&e, 0, sizeof(e));
	e.at = microseconds(days);
	e.customer = (int32) shopper_add_id(log->env, &p->customer, &log->reader[SHOPPER_EVENT_CUSTOMER], values[log->attribute[SHOPPER_EVENT_CUSTOMER]]);
	quantity = number(log, SHOPPER_EVENT_QUANTITY, values, nulls);
	amount = number(log, SHOPPER_EVENT_AMOUNT, values, nulls);
	if (log->attribute[SHOPPER_EVENT_AMOUNT] < 0)
		amount = number(log, SHOPPER_EVENT_PRICE, values, nulls) * (log->attribute[SHOPPER_EVENT_QUANTITY] < 0 ? 1 : quantity);
	e.kind = (uint8) kind_of(log, values, nulls, amount, quantity);
	if (e.at < p->as_of)		/* what comes later shows by its kind alone */
	{
		discount = number(log, SHOPPER_EVENT_DISCOUNT, values, nulls);
		e.amount = e.kind == SHOPPER_RETURN ? fabs(amount) : amount;
		e.quantity = (float) quantity;
		e.dwell = (float) number(log, SHOPPER_EVENT_DWELL, values, nulls);
		e.discounted = discount > 0;
		e.order_id = id_key(log, SHOPPER_EVENT_ORDER_ID, values, nulls);
		e.item = id_key(log, SHOPPER_EVENT_ITEM, values, nulls);
		e.visit = id_key(log, SHOPPER_EVENT_VISIT, values, nulls);
		e.category = level(log, SHOPPER_EVENT_CATEGORY, &p->category, values, nulls);
		e.brand = level(log, SHOPPER_EVENT_BRAND, &p->brand, values, nulls);
	}
	shopper_check(log->env, shopper_purchases_add(p, &e));
}

/* ---- reading the log ---- */

ShopperEventLog *
shopper_event_log_create(FunctionCallInfo fcinfo, int columns, int zone)
{
	MemoryContext context;
	ShopperEnv *env = shopper_env_create(CurrentMemoryContext, &context);
	MemoryContext old = MemoryContextSwitchTo(context);
	ShopperEventLog		   *log = palloc0(sizeof(ShopperEventLog));

	log->env = env;
	log->context = context;
	log->columns = PG_ARGISNULL(columns) ? NULL : PG_GETARG_JSONB_P(columns);
	log->zone = PG_ARGISNULL(zone) ? NULL : PG_GETARG_TEXT_P_COPY(zone);
	check_roles(log->columns);
	MemoryContextSwitchTo(old);
	return log;
}

void
shopper_event_log_read(ShopperEventLog *log, const char *query)
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
