/* axis.c: see axis.h */
#include "axis.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../core/calendar.h"

/* ---- numbers in words ---- */

static const struct
{
	double		size;
	const char *name;
}			unit[] = {{1e12, "tn"}, {1e9, "bn"}, {1e6, "M"}, {1e3, "k"}, {1, ""}};

static int
decade(double x)
{
	return (int) floor(log10(x) + 1e-9);
}

/* mantissa and exponent without what printf adds to it: 1.5e-300 */
static void
scientific(double x, int decimals, char *text, size_t size)
{
	char		buffer[48],
			   *e;

	snprintf(buffer, sizeof(buffer), "%.*e", decimals, x);
	e = strchr(buffer, 'e');
	*e = '\0';
	snprintf(text, size, "%se%d", buffer, atoi(e + 1));
}

/* A tick; most: the largest of all in size. */
static void
tick_label(double x, double step, double most, char *text, size_t size)
{
	int			u = 4,
				decimals;

	if (fabs(x) < step / 2)
	{
		snprintf(text, size, "0");
		return;
	}
	if (most >= 1e15 || most < 1e-4)
	{
		decimals = decade(fabs(x)) - decade(step);
		scientific(x, decimals < 0 ? 0 : decimals > 12 ? 12 : decimals, text, size);
		return;
	}
	if (most >= 1e4)
		for (u = 0; most < unit[u].size; u++)
			;
	decimals = -decade(step / unit[u].size);
	if (decimals > 3 && u < 4)
	{
		u = 4;
		decimals = -decade(step);
	}
	snprintf(text, size, "%.*f%s", decimals < 0 ? 0 : decimals, x / unit[u].size, unit[u].name);
}

/* "0.7300" becomes "0.73" */
static void
drop_zeros(char *text)
{
	size_t		n = strlen(text);

	if (strchr(text, '.') == NULL)
		return;
	while (text[n - 1] == '0')
		text[--n] = '\0';
	if (text[n - 1] == '.')
		text[n - 1] = '\0';
}

void
shopper_number_words(double x, char *text, size_t size)
{
	char		buffer[48];
	double		most = fabs(x);
	int			u = 4;

	if (x - x != 0)
		snprintf(text, size, "%s", isnan(x) ? "NaN" : x > 0 ? "infinity" : "-infinity");
	else if (x == 0)
		snprintf(text, size, "0");
	else if (most >= 9.995e14 || most < 1e-4)
		scientific(x, 2, text, size);
	else
	{
		if (most >= 99950)
			for (u = 0; most < unit[u].size * 0.9995; u++)
				;
		if (u == 4 && most >= 1000)
			snprintf(buffer, sizeof(buffer), "%.0f", x);
		else
		{
			int			decimals = (u == 4 && most >= 1 ? 3 : 2) - decade(most / unit[u].size);

			snprintf(buffer, sizeof(buffer), "%.*f", decimals < 0 ? 0 : decimals, x / unit[u].size);
			drop_zeros(buffer);
		}
		snprintf(text, size, "%s%s", buffer, unit[u].name);
	}
}

/* ---- numbers ---- */

/* The nice number that is nearest to x. */
static double
nice(double x)
{
	double		ten = pow(10, decade(fmin(x, DBL_MAX))),
				f = x / ten;

	return fmin((f < 1.5 ? 1 : f < 3.5 ? 2 : f < 7.5 ? 5 : 10) * ten, 1e308);
}

static void
number_ticks(ShopperAxis *a, int wanted, bool loose)
{
	double		half = a->high / 2 - a->low / 2,
				step = nice(half / (wanted - 1) * 2),
				first,
				last,
				most;

	if (a->kind == SHOPPER_AXIS_WHOLE && step < 1)
		step = 1;
	else if (!loose && floor(a->high / step) - ceil(a->low / step) < 1)	/* no two of them on the axis: the next smaller step has */
		step = nice(step / 2.2);
	for (;; step = nice(step * 2.2))	/* rounding may give too many */
	{
		first = loose ? floor(a->low / step + 1e-9) : ceil(a->low / step - 1e-9);
		last = loose ? ceil(a->high / step - 1e-9) : floor(a->high / step + 1e-9);
		if (last - first < SHOPPER_TICKS)
			break;
	}
	if (loose && fabs(first) * step < DBL_MAX / 2 && fabs(last) * step < DBL_MAX / 2)
	{
		a->low = fmin(a->low, first * step);	/* rounding may miss the value at the end */
		a->high = fmax(a->high, last * step);
	}
	most = fmax(fabs(a->low), fabs(a->high));
	for (double i = first; i <= last; i++)
	{
		ShopperTick *t = &a->tick[a->n];
		double		at = i * step;

		if (at - at != 0 || at > a->high + step * 1e-6 || at < a->low - step * 1e-6)
			continue;
		t->at = at;
		if (a->kind == SHOPPER_AXIS_SHARE)
			snprintf(t->label, sizeof(t->label), "%.*f %%", step < 0.0099 ? 1 : 0, at * 100 + 0.0);
		else
			tick_label(at, step, most, t->label, sizeof(t->label));
		a->n++;
	}
}

/* ---- days ---- */

#define HOUR (1.0 / 24)
#define MINUTE (1.0 / 1440)
#define SECOND (1.0 / 86400)

/* A time of the day; midnight is the date, so that one sees which day it is. */
static void
time_label(double at, double step, char *text, size_t size)
{
	double		day = floor(at + SECOND / 2000);
	int			second = (int) lround((at - day) * 86400);

	if (second <= 0)
		shopper_date_text((int64_t) day, text, size);
	else if (step >= MINUTE * 0.99)
		snprintf(text, size, "%02d:%02d", second / 3600, second / 60 % 60);
	else
		snprintf(text, size, "%02d:%02d:%02d", second / 3600, second / 60 % 60, second % 60);
}

static void
add_tick(ShopperAxis *a, double at, const char *label)
{
	if (at < a->low - 1e-9 || at > a->high + 1e-9 || a->n == SHOPPER_TICKS)
		return;
	a->tick[a->n].at = at;
	snprintf(a->tick[a->n++].label, sizeof(a->tick[0].label), "%s", label);
}

/* Every so many months, counted from January 2000. */
static void
month_ticks(ShopperAxis *a, int64_t step)
{
	int64_t		month = shopper_month_of_day((int64_t) floor(a->low));
	char		text[40];

	month -= ((month % step) + step) % step;
	for (; a->n < SHOPPER_TICKS && (double) shopper_first_day(month) <= a->high; month += step)
	{
		shopper_date_text(shopper_first_day(month), text, sizeof(text));
		if (strlen(text) >= 10)
			text[strlen(text) - (step % 12 == 0 ? 6 : 3)] = '\0';
		add_tick(a, (double) shopper_first_day(month), text);
	}
}

static void
day_ticks(ShopperAxis *a, int wanted)
{
	static const double part[] = {SECOND, 5 * SECOND, 15 * SECOND, 30 * SECOND, MINUTE, 5 * MINUTE, 15 * MINUTE, 30 * MINUTE,
	HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR, 1, 2, 7, 14};
	static const int months[] = {1, 3, 6};
	double		range = a->high - a->low,
				raw = range / (wanted - 1);
	char		text[40];

	for (int i = 0; i < (int) (sizeof(part) / sizeof(part[0])); i++)
		if (part[i] >= raw * 0.75)
		{
			double		first = part[i] >= 7 ? 2 : 0,	/* weeks begin on Monday; 2000-01-03 was one */
						at;

			for (double k = ceil((a->low - first) / part[i] - 1e-6); (at = first + k * part[i]) <= a->high + 1e-9 && a->n < SHOPPER_TICKS; k++)
			{
				if (part[i] < 1)
					time_label(at, part[i], text, sizeof(text));
				else
					shopper_date_text((int64_t) at, text, sizeof(text));
				add_tick(a, at, text);
			}
			return;
		}
	for (int i = 0; i < 3; i++)
		if (months[i] * 30.4 >= raw * 0.75)
		{
			month_ticks(a, months[i]);
			return;
		}
	month_ticks(a, 12 * (int64_t) fmax(1, nice(raw / 365.25)));
}

/* ---- both ---- */

void
shopper_axis(ShopperAxis *axis, ShopperAxisKind kind, double low, double high, int wanted, bool loose)
{
	double		size = fmax(fabs(low), fabs(high));

	axis->kind = kind;
	axis->n = 0;
	if (low > high)
	{
		low = 0;
		high = 1;
	}
	else if (kind == SHOPPER_AXIS_DAYS)
	{
		low = fmax(low, -1e9);	/* dates do not reach as far */
		high = fmin(high, 1e9);
		if (high - low < 10 * SECOND)
		{
			low -= low == floor(low) ? 1 : HOUR;
			high += low == floor(low) ? 1 : HOUR;
		}
	}
	else if (high / 2 - low / 2 <= fmax(size * 1e-12, DBL_MIN * 16))	/* one value, or as good as one */
	{
		double		pad = kind == SHOPPER_AXIS_WHOLE ? 1 : size < DBL_MIN * 1e6 ? 1 : size * 0.1;

		low = fmax(low - pad, -DBL_MAX);
		high = fmin(high + pad, DBL_MAX);
	}
	axis->low = low;
	axis->high = high;
	if (kind == SHOPPER_AXIS_DAYS)
		day_ticks(axis, wanted);
	else
		number_ticks(axis, wanted, loose);
}

double
shopper_axis_place(const ShopperAxis *a, double x)
{
	double		share = (x / 2 - a->low / 2) / (a->high / 2 - a->low / 2);

	return a->from + share * (a->to - a->from);
}
