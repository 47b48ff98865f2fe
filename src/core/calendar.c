/* calendar.c: see calendar.h */
#include "calendar.h"

#include <stdio.h>

/*
 * Years begin in March here, so that the leap day is the last one. 1600-03-01 is the begin of a cycle of 400 years; the lengths of the
 * months from March are those of the line (153 m + 2) / 5.
 */
#define CYCLE_DAYS 146097
#define EPOCH 146037			/* days from 1600-03-01 to 2000-01-01 */

static int64_t
floor_divide(int64_t a, int64_t b)
{
	return a / b - (a % b < 0);
}

int64_t
shopper_month_of_day(int64_t day)
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

int64_t
shopper_first_day(int64_t month)
{
	int64_t		m = month - 2 + 400 * 12,
				year = floor_divide(m, 12),
				of_year = m - year * 12,
				cycle = floor_divide(year, 400),
				y = year - cycle * 400;

	return cycle * CYCLE_DAYS + y * 365 + y / 4 - y / 100 + (153 * of_year + 2) / 5 - EPOCH;
}

void
shopper_date_text(int64_t day, char *text, size_t size)
{
	int64_t		month = shopper_month_of_day(day),
				year = floor_divide(month, 12);

	snprintf(text, size, "%04lld-%02lld-%02lld", (long long) (year + 2000), (long long) (month - year * 12 + 1),
			 (long long) (day - shopper_first_day(month) + 1));
}
