/* cohorts.c: customers by the period of their first purchase; see purchases.h. */
#include <string.h>

#include "../core/calendar.h"
#include "purchases.h"

static int64_t
floor_divide(int64_t a, int64_t b)
{
	int64_t		rest;

	return shopper_divide(a, b, &rest);
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
			return shopper_month_of_day(day);
		case SHOPPER_PERIOD_QUARTER:
			return floor_divide(shopper_month_of_day(day), 3);
		case SHOPPER_PERIOD_YEAR:
			break;
	}
	return floor_divide(shopper_month_of_day(day), 12);
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
			return shopper_first_day(number);
		case SHOPPER_PERIOD_QUARTER:
			return shopper_first_day(number * 3);
		case SHOPPER_PERIOD_YEAR:
			break;
	}
	return shopper_first_day(number * 12);
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
