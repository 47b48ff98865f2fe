/*
 * lines.c: lines with bands, curves of classifiers.
 *
 * Of more marks than pixels only those that show are drawn: of each column of pixels the first, the
 * last, the lowest and the highest (Jugel, Jerzak, Hackenbroich and Markl, M4, 2014).
 */
#include "frame.h"

#include <math.h>
#include <string.h>

#include "../core/sort.h"

#define MARKERS 40				/* marks of a line up to which each gets a marker */

/* ---- order: by series, x and y ---- */

static ShopperStatus
permute(ShopperMarks *m, const uint32_t *order)
{
	double	  **column[] = {&m->x, &m->y, &m->low, &m->high};
	double	   *moved;
	uint32_t   *series;

	for (int k = 0; k < (m->has_band ? 4 : 2); k++)
	{
		SHOPPER_NEW(m->env, moved, m->capacity);
		for (int64_t i = 0; i < m->n; i++)
			moved[i] = (*column[k])[order[i]];
		shopper_release(m->env, *column[k]);
		*column[k] = moved;
	}
	SHOPPER_NEW(m->env, series, m->capacity);
	for (int64_t i = 0; i < m->n; i++)
		series[i] = m->series[order[i]];
	shopper_release(m->env, m->series);
	m->series = series;
	return shopper_poll(m->env);
}

static ShopperStatus
sort_marks(ShopperMarks *m, const int *place)
{
	uint32_t   *order;
	uint64_t   *key;
	const double *by[] = {m->high, m->low, m->y, m->x};

	SHOPPER_NEW(m->env, order, m->n);
	for (int k = m->has_band ? 0 : 2; k < 4; k++)
	{
		by[0] = m->high;
		by[1] = m->low;
		by[2] = m->y;
		by[3] = m->x;
		SHOPPER_TRY(shopper_sort_doubles(m->env, by[k], order, m->n));
		SHOPPER_TRY(permute(m, order));
	}
	SHOPPER_NEW(m->env, key, m->n);
	for (int64_t i = 0; i < m->n; i++)
		key[i] = (uint64_t) (place[m->series[i]] + 1);
	SHOPPER_TRY(shopper_sort_order(m->env, key, order, m->n));
	SHOPPER_TRY(permute(m, order));
	shopper_release(m->env, key);
	shopper_release(m->env, order);
	return SHOPPER_OK;
}

/* ---- ranges ---- */

static void
widen(double range[2], double x)
{
	if (x < range[0])
		range[0] = x;
	if (x > range[1])
		range[1] = x;
}

/* Also how many marks of drawn series have no y. */
static int64_t
find_ranges(const ShopperMarks *m, const int *place, double x[2], double y[2])
{
	int64_t		gaps = 0;

	for (int64_t i = 0; i < m->n; i++)
	{
		if (place[m->series[i]] < 0)
			continue;
		gaps += isnan(m->y[i]);
		if (isnan(m->y[i]) && (!m->has_band || isnan(m->low[i])))
			continue;
		widen(x, m->x[i]);
		widen(y, m->y[i]);
		if (m->has_band)
		{
			widen(y, m->low[i]);
			widen(y, m->high[i]);
		}
	}
	return gaps;
}

/* ---- drawing ---- */

typedef struct Stretch
{
	ShopperFrame *f;
	const ShopperMarks *m;
	int64_t		from;			/* the marks of a series */
	int64_t		to;
	int			place;
	int			ink;
} Stretch;

static double
x_of(const Stretch *s, int64_t i)
{
	return shopper_axis_place(&s->f->x, s->m->x[i]);
}

static double
y_of(const Stretch *s, double y)
{
	return shopper_axis_place(&s->f->y, y);
}

static bool
is_dense(const Stretch *s)
{
	return s->to - s->from > 6 * (int64_t) (s->f->right - s->f->left);
}

/* The end of the marks in the same column of pixels as mark i. */
static int64_t
column_end(const Stretch *s, int64_t i)
{
	double		column = floor(x_of(s, i));

	while (++i < s->to && floor(x_of(s, i)) == column)
		;
	return i;
}

static void
put_point(const Stretch *s, int64_t i, bool move)
{
	shopper_svg(s->f->w, "%s%n %n", move ? "M" : "L", x_of(s, i), y_of(s, s->m->y[i]));
}

/* First, lowest and highest in their order, last; of a column without numbers nothing. */
static void
put_column(const Stretch *s, int64_t from, int64_t to, bool *begun)
{
	const double *y = s->m->y;
	int64_t		pick[4] = {-1, -1, -1, -1},
				last = -1;

	for (int64_t i = from; i < to; i++)
	{
		if (isnan(y[i]))
			continue;
		if (pick[0] < 0)
			pick[0] = pick[1] = pick[2] = i;
		if (y[i] < y[pick[1]])
			pick[1] = i;
		if (y[i] > y[pick[2]])
			pick[2] = i;
		pick[3] = i;
	}
	if (pick[1] > pick[2])
	{
		int64_t		other = pick[1];

		pick[1] = pick[2];
		pick[2] = other;
	}
	for (int k = 0; k < 4; k++)
		if (pick[k] > last)
		{
			put_point(s, pick[k], !*begun);
			*begun = true;
			last = pick[k];
		}
}

/* Dashes tell lines apart where colours do not. */
static const char *
dashes(int place)
{
	static const char *const dash[] = {"", " stroke-dasharray=\"7 3\"", " stroke-dasharray=\"2 3\"", " stroke-dasharray=\"9 3 2 3\""};

	return dash[place % 4];
}

static void
draw_line(const Stretch *s)
{
	ShopperWriter *w = s->f->w;
	bool		begun = false;

	shopper_svg(w, "<path fill=\"none\" stroke-width=\"2\" stroke-linejoin=\"round\" stroke-linecap=\"round\"%s%S d=\"", dashes(s->place), s->ink);
	if (is_dense(s))
		for (int64_t i = s->from, end; i < s->to; i = end)
		{
			end = column_end(s, i);
			put_column(s, i, end, &begun);
			if (shopper_poll(s->m->env) != SHOPPER_OK)
				return;
		}
	else
		for (int64_t i = s->from; i < s->to; i++)
		{
			bool		gap = isnan(s->m->y[i]);

			if (!gap)
				put_point(s, i, !begun);
			if (!gap && !begun && (i + 1 == s->to || isnan(s->m->y[i + 1])))
				shopper_svg(w, "h0");	/* one mark alone: a dot */
			begun = !gap;
		}
	shopper_svg(w, "\"/>\n");
	if (s->to - s->from <= MARKERS)
	{
		shopper_svg(w, "<g%F>", s->ink);
		for (int64_t i = s->from; i < s->to; i++)
			if (!isnan(s->m->y[i]))
				shopper_marker(w, s->place, x_of(s, i), y_of(s, s->m->y[i]), 3);
		shopper_svg(w, "</g>\n");
	}
}

/* There along the highs, back along the lows; a gap parts it. */
static void
draw_band(const Stretch *s)
{
	ShopperWriter *w = s->f->w;
	const double *low = s->m->low,
			   *high = s->m->high;
	bool		dense = is_dense(s);

	shopper_svg(w, "<path fill-opacity=\"0.18\"%F d=\"", s->ink);
	for (int64_t i = s->from; i < s->to; i++)
	{
		int64_t		end = i;

		while (end < s->to && !isnan(low[end]))
			end++;
		if (end == i)
			continue;
		for (int64_t k = i, next; k < end; k = next)
		{
			double		top = high[k];

			next = dense ? column_end(s, k) : k + 1;
			if (dense && shopper_poll(s->m->env) != SHOPPER_OK)
				return;
			next = next > end ? end : next;
			for (int64_t j = k; j < next; j++)
				top = fmax(top, high[j]);
			shopper_svg(w, "%s%n %n", k == i ? "M" : "L", x_of(s, k), y_of(s, top));
		}
		for (int64_t k = end - 1, next; k >= i; k = next)
		{
			double		bottom = low[k];

			for (next = k; next >= i && (next == k || (dense && floor(x_of(s, next)) == floor(x_of(s, k)))); next--)
				bottom = fmin(bottom, low[next]);
			shopper_svg(w, "L%n %n", x_of(s, k), y_of(s, bottom));
		}
		shopper_svg(w, "Z");
		i = end;
	}
	shopper_svg(w, "\"/>\n");
}

static void
draw_reference(ShopperFrame *f, ShopperCurve curve)
{
	double		one = shopper_axis_place(&f->y, 1);

	if (curve == SHOPPER_PLAIN)
		return;
	shopper_svg(f->w, "<path stroke-dasharray=\"4 4\"%S d=\"M%n %nL%n %n\"/>\n", SHOPPER_INK_AXIS,
				shopper_axis_place(&f->x, 0), curve == SHOPPER_LIFT ? one : shopper_axis_place(&f->y, 0), shopper_axis_place(&f->x, 1), one);
}

static ShopperStatus
draw_series(ShopperMarks *m, ShopperFrame *f, const int *place, const ShopperLegend *legend, bool band)
{
	int64_t		from = 0;

	while (from < m->n && place[m->series[from]] < 0)
		from++;
	for (int i = 0; i < legend->n; i++)
	{
		Stretch		s = {.f = f,.m = m,.from = from,.to = from,.place = i,.ink = legend->ink[i]};

		while (s.to < m->n && m->series[s.to] == legend->code[i])
			s.to++;
		if (band)
			draw_band(&s);
		else
			draw_line(&s);
		SHOPPER_TRY(shopper_poll(m->env));
		from = s.to;
	}
	return SHOPPER_OK;
}

ShopperStatus
shopper_draw_lines(ShopperMarks *m, ShopperCurve curve, const ShopperPicture *p, ShopperWriter *w)
{
	ShopperLegend legend;
	ShopperFrame f;
	int		   *place;
	double		x[2] = {INFINITY, -INFINITY},
				y[2] = {INFINITY, -INFINITY};
	int64_t		gaps;
	bool		empty;

	SHOPPER_TRY(shopper_legend(m->env, &m->names, &legend));
	SHOPPER_TRY(shopper_legend_places(m->env, &m->names, &legend, &place));
	SHOPPER_TRY(sort_marks(m, place));
	gaps = find_ranges(m, place, x, y);
	shopper_frame_init(&f, p, w);
	f.legend = m->has_series ? &legend : NULL;
	shopper_describe(&f, "Lines of %d series, %lld points.", legend.n, (long long) (m->n - gaps));
	if (curve == SHOPPER_PLAIN && gaps > 0 && y[0] <= y[1])
		shopper_note(&f, "%lld of %lld points have no value", (long long) gaps, (long long) m->n);
	if (legend.left_out > 0)
		shopper_note(&f, "%lld more series are left out", (long long) legend.left_out);
	empty = y[0] > y[1];
	if (curve == SHOPPER_PLAIN)
		shopper_frame_axes(&f, m->x_kind, x, false, SHOPPER_AXIS_NUMBER, y);
	else
	{
		for (int end = 0; end < 2; end++)	/* scores that are no probabilities go beyond */
		{
			widen(x, end);
			widen(y, end);
		}
		shopper_frame_axes(&f, SHOPPER_AXIS_SHARE, x, true, curve == SHOPPER_LIFT ? SHOPPER_AXIS_NUMBER : SHOPPER_AXIS_SHARE, y);
	}
	if (empty)
		shopper_frame_empty(&f);
	else
	{
		draw_reference(&f, curve);
		if (m->has_band)
			SHOPPER_TRY(draw_series(m, &f, place, &legend, true));
		SHOPPER_TRY(draw_series(m, &f, place, &legend, false));
	}
	shopper_svg_end(w);
	shopper_release(m->env, place);
	return w->status;
}
