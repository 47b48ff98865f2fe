/*
 * purchases.h: a log of shop events as one row of features for each customer.
 *
 * Nothing from as_of on enters a feature: an event then is looked at only for the
 * label, and is not kept. The features are the same for any order of the events.
 */
#ifndef SHOPPER_PURCHASES_H
#define SHOPPER_PURCHASES_H

#include "../features/dictionary.h"

#define SHOPPER_SECOND INT64_C(1000000)
#define SHOPPER_DAY (86400 * SHOPPER_SECOND)

/* floor(at / unit) and what remains of at */
static inline int64_t
shopper_divide(int64_t at, int64_t unit, int64_t *rest)
{
	int64_t		q = at / unit - (at % unit < 0);

	*rest = at - q * unit;
	return q;
}

typedef enum ShopperEventKind
{
	SHOPPER_PURCHASE,			/* a line of an order */
	SHOPPER_RETURN,
	SHOPPER_VISIT				/* a view, a click: anything else that a customer does */
} ShopperEventKind;

/* One event. What is not given: 0, in category and brand -1, in numbers NaN. */
typedef struct ShopperShopEvent
{
	int64_t		at;				/* microseconds since 2000-01-01 in the shop's time */
	uint64_t	order_id;		/* ids that are only counted: an integer, or the hash of a text; */
	uint64_t	item;			/* 0 is none */
	uint64_t	visit;
	double		amount;			/* of the line; of returns what went back, positive */
	float		quantity;
	float		dwell;			/* seconds */
	int32_t		customer;		/* codes */
	int32_t		category;
	int32_t		brand;
	uint8_t		kind;
	bool		discounted;
} ShopperShopEvent;

/* Which columns the log has: what others would say is NULL. */
typedef struct ShopperShopColumns
{
	bool		order_id,
				item,
				category,
				brand,
				visit,
				amount,
				quantity,
				discount,
				dwell;
} ShopperShopColumns;

typedef struct ShopperPurchases
{
	ShopperEnv *env;
	ShopperShopColumns has;
	int64_t		as_of;			/* INT64_MAX: the end of the last day with an event */
	int64_t		horizon;		/* 0: no label */
	int64_t		history;		/* only events this long before as_of; 0: all */
	int64_t		trend;			/* length of the two spans that are compared */
	ShopperDictionary customer,
				category,
				brand;
	int64_t		n;
	int64_t		capacity;
	ShopperShopEvent *event;
	bool	   *buys;			/* (customers) a purchase within the horizon */
	int64_t		buys_capacity;
	int64_t		first,			/* times of all events that were given; first > last: none */
				last;
	int64_t		n_skipped;		/* without customer or time: counted by the caller */

	/* after shopper_purchases_finish(): the events of customer c in the order of time */
	int64_t    *start;			/* (customers + 1) */
	ShopperShopEvent **sorted;	/* (n) */

	/* scratch of one customer */
	uint64_t   *seen;			/* a set of ids */
	int64_t    *order_at;		/* (most events) */
	int64_t    *level_count;	/* (categories or brands) */
	double	   *level_amount;
	int32_t    *level;
} ShopperPurchases;

/* What a customer's events say; NaN and -1 mean that nothing can be said. */
typedef struct ShopperPurchaseFeatures
{
	double		recency_days;	/* from the last order to as_of */
	int64_t		frequency;		/* orders */
	double		monetary;		/* sum of the amounts bought */
	double		tenure_days;	/* from the first event to as_of */
	double		gap_days_mean;	/* between orders */
	double		gap_days_sd;	/* sample standard deviation */
	double		order_value;	/* monetary an order */
	double		basket_lines;	/* lines an order */
	double		quantity;
	int64_t		items;			/* different ones bought */
	double		return_share;	/* amount returned to amount bought; of lines without amounts */
	double		discount_share; /* of the lines bought */
	int64_t		categories;
	int32_t		top_category;	/* most lines; then most amount; then by value */
	double		top_category_share; /* of the lines with a category */
	double		category_entropy;	/* nats */
	int64_t		brands;
	int32_t		top_brand;
	double		top_brand_share;
	int64_t		visits;			/* different visits; without such ids different days with an event */
	double		visits_per_week;	/* since the first event, at least one week */
	double		visit_days;		/* from the last event to as_of */
	double		dwell_seconds;	/* a visit */
	double		orders_per_visit;
	double		trend;			/* (recent - before) / (recent + before): amounts, or orders without amounts */
	double		weekday_share[7];	/* of the orders, Monday first */
	double		daypart_share[4];	/* 0 to 6, to 12, to 18, to 24 o'clock */
	int			buys;			/* 0, 1; -1: no horizon */
} ShopperPurchaseFeatures;

extern ShopperStatus shopper_purchases_init(ShopperPurchases *p, ShopperEnv *env, ShopperIdType customer);
/* Take an event whose codes are in the dictionaries; it is kept when it is before as_of. */
extern ShopperStatus shopper_purchases_add(ShopperPurchases *p, const ShopperShopEvent *event);
/* Group by customer and sort by time. */
extern ShopperStatus shopper_purchases_finish(ShopperPurchases *p);
/* The features of a customer; *any is false when nothing is known of it before as_of. */
extern ShopperStatus shopper_customer_features(ShopperPurchases *p, int64_t customer, ShopperPurchaseFeatures *f, bool *any);

/* ---- cohorts ---- */

typedef enum ShopperPeriod
{
	SHOPPER_PERIOD_DAY, SHOPPER_PERIOD_WEEK, SHOPPER_PERIOD_MONTH, SHOPPER_PERIOD_QUARTER, SHOPPER_PERIOD_YEAR
} ShopperPeriod;

/* The number of the period that holds a time, counted from that of 2000-01-01; weeks begin on Monday. */
extern int64_t shopper_period(ShopperPeriod period, int64_t at);
/* Its first day, in days since 2000-01-01. */
extern int64_t shopper_period_day(ShopperPeriod period, int64_t number);

typedef struct ShopperCohorts
{
	int64_t		first;			/* period of the first purchase of all */
	int64_t		n;				/* periods up to the last purchase */
	int64_t    *customers;		/* (n, n): cohort, age */
	double	   *amount;			/* (n, n) bought */
} ShopperCohorts;

/* By the period of their first purchase: how many customers bought in each later one. */
extern ShopperStatus shopper_cohorts(ShopperPurchases *p, ShopperPeriod period, ShopperCohorts *c);

#endif
