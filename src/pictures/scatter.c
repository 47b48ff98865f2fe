/* scatter.c: points of clusters; see pictures.h */
#include "frame.h"

#include <math.h>
#include <stdlib.h>

typedef struct Dot
{
	int			place;			/* series */
	float		x;				/* pixels */
	float		y;
} Dot;

static int
compare_dots(const void *a, const void *b)
{
	const Dot  *p = a,
			   *q = b;

	if (p->place != q->place)
		return p->place < q->place ? -1 : 1;
	if (p->x != q->x)
		return p->x < q->x ? -1 : 1;
	return p->y < q->y ? -1 : p->y > q->y;
}

/* A little room around the points. */
static void
pad(double low, double high, double range[2])
{
	double		room = low <= high ? (high / 2 - low / 2) * 0.06 : 0;

	range[0] = low - room;
	range[1] = high + room;
	if (!(range[0] - range[0] == 0 && range[1] - range[1] == 0))
	{
		range[0] = low;
		range[1] = high;
	}
}

ShopperStatus
shopper_draw_scatter(ShopperScatter *s, const ShopperPicture *p, ShopperWriter *w)
{
	ShopperMarks *m = &s->marks;
	ShopperLegend legend;
	ShopperFrame f;
	int		   *place;
	Dot		   *dot;
	double		x[2],
				y[2],
				size = m->n > 800 ? 2.2 : m->n > 200 ? 2.8 : 3.5;

	SHOPPER_TRY(shopper_legend(m->env, &m->names, &legend));
	SHOPPER_TRY(shopper_legend_places(m->env, &m->names, &legend, &place));
	SHOPPER_NEW(m->env, dot, m->n);
	shopper_frame_init(&f, p, w);
	f.legend = m->has_series ? &legend : NULL;
	shopper_describe(&f, "Points of %d groups, %lld of %lld shown.", legend.n, (long long) m->n, (long long) s->n);
	if (m->n < s->n)
		shopper_note(&f, "%lld of %lld points are shown, chosen by their hash", (long long) m->n, (long long) s->n);
	if (legend.left_out > 0)
		shopper_note(&f, "%lld more groups are grey", (long long) legend.left_out);
	pad(s->low[0], s->high[0], x);
	y[0] = s->low[1];			/* this axis ends at ticks */
	y[1] = s->high[1];
	shopper_frame_axes(&f, m->x_kind, x, false, SHOPPER_AXIS_NUMBER, y);
	if (m->n == 0)
		shopper_frame_empty(&f);
	for (int64_t i = 0; i < m->n; i++)
		dot[i] = (Dot) {place[m->series[i]], (float) shopper_axis_place(&f.x, m->x[i]), (float) shopper_axis_place(&f.y, m->y[i])};
	qsort(dot, (size_t) m->n, sizeof(Dot), compare_dots);
	shopper_svg(w, "<g fill-opacity=\"0.75\">\n");
	for (int64_t i = 0; i < m->n; i++)
	{
		int			at = dot[i].place;

		if (i == 0 || at != dot[i - 1].place)
			shopper_svg(w, "%s<g%F>\n", i == 0 ? "" : "</g>\n", at < 0 ? SHOPPER_INK_REST : legend.ink[at]);
		shopper_marker(w, at < 0 ? 0 : at, dot[i].x, dot[i].y, size);
		if (i % 10 == 9)
			shopper_svg(w, "\n");
	}
	shopper_svg(w, m->n > 0 ? "</g>\n</g>\n" : "</g>\n");
	shopper_svg_end(w);
	shopper_release(m->env, place);
	shopper_release(m->env, dot);
	return w->status;
}
