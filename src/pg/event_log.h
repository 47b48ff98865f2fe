/* event_log.h: the log of a shop from a query, columns by their role. */
#ifndef SHOPPER_EVENT_LOG_H
#define SHOPPER_EVENT_LOG_H

#include "pg.h"

#include "utils/timestamp.h"

#include "../prepare/purchases.h"

typedef enum ShopperEventRole
{
	SHOPPER_EVENT_CUSTOMER, SHOPPER_EVENT_AT, SHOPPER_EVENT_KIND, SHOPPER_EVENT_ORDER_ID, SHOPPER_EVENT_ITEM, SHOPPER_EVENT_CATEGORY,
	SHOPPER_EVENT_BRAND, SHOPPER_EVENT_VISIT, SHOPPER_EVENT_AMOUNT, SHOPPER_EVENT_PRICE, SHOPPER_EVENT_QUANTITY, SHOPPER_EVENT_DISCOUNT,
	SHOPPER_EVENT_DWELL, SHOPPER_EVENT_ROLES
} ShopperEventRole;

typedef struct ShopperEventLog
{
	ShopperEnv *env;
	MemoryContext context;
	Jsonb	   *columns;		/* role to column; NULL: the roles are the names */
	text	   *zone;
	/* set by the caller before reading */
	Oid			as_of_type;		/* InvalidOid: none */
	Datum		as_of;
	Interval   *horizon,
			   *history,
			   *trend;

	int			attribute[SHOPPER_EVENT_ROLES];	/* -1: no such column */
	ShopperValueReader reader[SHOPPER_EVENT_ROLES];
	ShopperPurchases p;			/* finished after reading */
} ShopperEventLog;

/* A log in a context of its own; the arguments columns and timezone stand at these places. */
extern ShopperEventLog *shopper_event_log_create(FunctionCallInfo fcinfo, int columns, int zone);
/* Read all events of a query and group them by customer; NOTICEs tell what was left out. */
extern void shopper_event_log_read(ShopperEventLog *log, const char *query);

#endif
