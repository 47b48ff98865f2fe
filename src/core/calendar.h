/* calendar.h: days and months (proleptic Gregorian); day 0 is 2000-01-01, month 0 January 2000. */
#ifndef SHOPPER_CALENDAR_H
#define SHOPPER_CALENDAR_H

#include <stddef.h>
#include <stdint.h>

/* The month that a day is in. */
extern int64_t shopper_month_of_day(int64_t day);
/* The first day of a month. */
extern int64_t shopper_first_day(int64_t month);
/* "2025-03-01" */
extern void shopper_date_text(int64_t day, char *text, size_t size);

#endif
