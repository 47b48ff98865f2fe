/* cohorts.c: customers by the period of their first purchase; see purchases.h. */
#include <string.h>

#include "purchases.h"

/*
 * Years begin in March here, so that the leap day is the last one. 1600-03-01 is the begin of a cycle of 400 years; the lengths of the
 * months from March are those of the line (153 m + 2) / 5.
 */
#define CYCLE_DAYS 146097
#define EPOCH 146037			/* days from 1600-03-01 to 2000-01-01 */

static int64_t
floor_divide(int64_t a, int64_t b)
{
	int64_t		rest;

	return shopper_divide(a, b, &rest);
}

/* Months since January 2000 of a day since 2000-01-01. */
static int64_t
month_of(int64_t day)
{
	int64_t		cycle = floor_divide(day + EPOCH, CYCLE_DAYS),
				d = day + EPOCH - cycle * CYCLE_DAYS,
				century = d / 36524 - (d == CYCLE_DAYS - 1),
				year,
				month;

	d -= century * 36524;
	year = d / 1461 * 4;
	d %= 1461;
	year += d / 365 - (d == 1460);
	d -= (d / 365 - (d == 1460)) * 365;
	month = (5 * d + 2) / 153;
	return (cycle * 400 + century * 100 + year - 400) * 12 + month + 2;
}

/* The first day of a month. */
static int64_t
day_of(int64_t month)
{
	int64_t		m = month - 2 + 400 * 12,
				year = floor_divide(m, 12),
				of_year = m - year * 12,
				cycle = floor_divide(year, 400),
				y = year - cycle * 400;

	return cycle * CYCLE_DAYS + y * 365 + y / 4 - y / 100 + (153 * of_year + 2) / 5 - EPOCH;
}

int64_t
shopper_period(ShopperPeriod period, int64_t at)
{
	int64_t		day = floor_divide(at, SHOPPER_DAY);

	switch (period)
	{
		case SHOPPER_PERIOD_DAY:
			return day;
		case SHOPPER_PERIOD_WEEK:
			return floor_divide(day + 5, 7);	/* 1999-12-27 was a Monday */
		case SHOPPER_PERIOD_MONTH:
			return month_of(day);
		case SHOPPER_PERIOD_QUARTER:
			return floor_divide(month_of(day), 3);
		case SHOPPER_PERIOD_YEAR:
			break;
	}
	return floor_divide(month_of(day), 12);
}

int64_t
shopper_period_day(ShopperPeriod period, int64_t number)
{
	switch (period)
	{
		case SHOPPER_PERIOD_DAY:
			return number;
		case SHOPPER_PERIOD_WEEK:
			return number * 7 - 5;
		case SHOPPER_PERIOD_MONTH:
			return day_of(number);
		case SHOPPER_PERIOD_QUARTER:
			return day_of(number * 3);
		case SHOPPER_PERIOD_YEAR:
			break;
	}
	return day_of(number * 12);
}

ShopperStatus
shopper_cohorts(ShopperPurchases *p, ShopperPeriod period, ShopperCohorts *c)
{
	int64_t		first = INT64_MAX,
				last = INT64_MIN;

	memset(c, 0, sizeof(*c));
	for (int64_t i = 0; i < p->n; i++)
		if (p->event[i].kind == SHOPPER_PURCHASE)
		{
			int64_t		number = shopper_period(period, p->event[i].at);

			if ((i & 0xfffff) == 0)
				SHOPPER_TRY(shopper_poll(p->env));
			first = number < first ? number : first;
			last = number > last ? number : last;
		}
	if (first > last)
		return SHOPPER_OK;
	c->first = first;
	c->n = last - first + 1;
	if (c->n > 5000)
	{
		shopper_fail(p->env, SHOPPER_LIMIT, "cohorts of %lld periods are too many", (long long) c->n);
		shopper_detail(p->env, "At most 5000 can be told apart.");
		shopper_hint(p->env, "Give a longer period, such as 'month', or fewer years; one wrong date in the data may be the reason.");
		return p->env->status;
	}
	SHOPPER_NEW0(p->env, c->customers, c->n * c->n);
	SHOPPER_NEW0(p->env, c->amount, c->n * c->n);
	for (int64_t customer = 0; customer < p->customer.n; customer++)
	{
		int64_t		cohort = -1,
					seen = -1;

		if ((customer & 0xffff) == 0)
			SHOPPER_TRY(shopper_poll(p->env));
		for (int64_t i = p->start[customer]; i < p->start[customer + 1]; i++)
		{
			const ShopperShopEvent *e = p->sorted[i];
			int64_t		number;

			if (e->kind != SHOPPER_PURCHASE)
				continue;
			number = shopper_period(period, e->at) - first;
			cohort = cohort < 0 ? number : cohort;
			if (number != seen)
				c->customers[cohort * c->n + number - cohort]++;
			seen = number;
			if (e->amount == e->amount)
				c->amount[cohort * c->n + number - cohort] += e->amount;
		}
	}
	return SHOPPER_OK;
}
