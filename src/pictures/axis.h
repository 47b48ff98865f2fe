/*
 * axis.h: from values to pixels, and the places that are marked.
 *
 * Steps are 1, 2 or 5 times a power of ten ("nice numbers", Heckbert in Graphics Gems, 1990), for
 * days also the usual parts of the day and numbers of days, months and years. No value that a double
 * can hold overflows: differences are taken of halves.
 */
#ifndef SHOPPER_AXIS_H
#define SHOPPER_AXIS_H

#include <stdbool.h>
#include <stddef.h>

#define SHOPPER_TICKS 24

typedef enum ShopperAxisKind
{
	SHOPPER_AXIS_NUMBER,
	SHOPPER_AXIS_WHOLE,			/* marked at whole numbers only */
	SHOPPER_AXIS_DAYS,			/* days since 2000-01-01, parts of days are times */
	SHOPPER_AXIS_SHARE			/* marked in per cent */
} ShopperAxisKind;

typedef struct ShopperTick
{
	double		at;
	char		label[40];
} ShopperTick;

typedef struct ShopperAxis
{
	ShopperAxisKind kind;
	double		low;			/* ends of the axis */
	double		high;
	double		from;			/* their pixels, set by the caller */
	double		to;
	int			n;
	ShopperTick tick[SHOPPER_TICKS];
} ShopperAxis;

/*
 * An axis for values from low to high (finite; low > high: there are none), with about `wanted` ticks (2 ..
 * SHOPPER_TICKS / 2). loose: the ends become ticks, unless the axis shows days.
 */
extern void shopper_axis(ShopperAxis *axis, ShopperAxisKind kind, double low, double high, int wanted, bool loose);
extern double shopper_axis_place(const ShopperAxis *axis, double x);

/* A number in few digits, as beside a bar: 0.73, 12.35, 123k. */
extern void shopper_number_words(double x, char *text, size_t size);

#endif
