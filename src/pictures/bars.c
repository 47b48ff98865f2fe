/* bars.c: horizontal bars, so that labels are read without turning the head; see pictures.h */
#include "frame.h"

#include <math.h>
#include <string.h>

#define MOST_LABELS 60
#define LABEL_SIZE 12
#define VALUE_SIZE 11

ShopperStatus
shopper_bars_init(ShopperEnv *env, ShopperBars *b)
{
	memset(b, 0, sizeof(*b));
	b->env = env;
	SHOPPER_TRY(shopper_dictionary_init(&b->label, env, SHOPPER_ID_TEXT));
	SHOPPER_TRY(shopper_dictionary_init(&b->series, env, SHOPPER_ID_TEXT));
	return shopper_dictionary_init(&b->cell, env, SHOPPER_ID_INT);
}

static ShopperStatus
code_of(ShopperDictionary *d, const char *text, size_t length, uint32_t *code)
{
	if (text == NULL)
	{
		text = SHOPPER_NO_NAME;
		length = strlen(SHOPPER_NO_NAME);
	}
	SHOPPER_TRY(shopper_dictionary_add_text(d, text, length, code));
	d->count[*code]++;
	return SHOPPER_OK;
}

ShopperStatus
shopper_bars_add(ShopperBars *b, const char *label, size_t label_length, double value, const char *series, size_t series_length)
{
	uint32_t	row,
				group,
				cell;
	int64_t		known = b->cell.n,
				capacity = b->capacity;

	SHOPPER_TRY(code_of(&b->label, label, label_length, &row));
	SHOPPER_TRY(code_of(&b->series, series, series_length, &group));
	SHOPPER_TRY(shopper_dictionary_add_int(&b->cell, (int64_t) row << 32 | group, &cell));
	SHOPPER_TRY(shopper_grow(b->env, &b->label_of, &capacity, b->cell.n, sizeof(uint32_t)));
	capacity = b->capacity;
	SHOPPER_TRY(shopper_grow(b->env, &b->series_of, &capacity, b->cell.n, sizeof(uint32_t)));
	SHOPPER_TRY(shopper_grow(b->env, &b->value, &b->capacity, b->cell.n, sizeof(double)));
	if (b->cell.n > known)
	{
		b->label_of[cell] = row;
		b->series_of[cell] = group;
		b->value[cell] = NAN;
	}
	if (value == value)
		b->value[cell] = (isnan(b->value[cell]) ? 0 : b->value[cell]) + value;
	return SHOPPER_OK;
}

/* ---- drawing ---- */

typedef struct Drawing
{
	ShopperFrame *f;
	int			labels;			/* drawn */
	int			series;
	double	   *value;			/* (labels)(series) */
	bool	   *known;			/* (labels)(series) there is such a row */
	double		low;			/* of the finite values, and 0 */
	double		high;
	double		thick;			/* of a bar */
	double		pitch;			/* of a label */
	double		value_room;		/* for numbers beside bars: of negative ones to the left */
	double		negative_room;
} Drawing;

static ShopperStatus
collect(const ShopperBars *b, const ShopperLegend *legend, Drawing *d)
{
	int		   *place;

	SHOPPER_TRY(shopper_legend_places(b->env, &b->series, legend, &place));
	SHOPPER_NEW0(b->env, d->value, d->labels * d->series);
	SHOPPER_NEW0(b->env, d->known, d->labels * d->series);
	for (int64_t c = 0; c < b->cell.n; c++)
	{
		int			at = place[b->series_of[c]];
		double		x = b->value[c];
		char		text[48];

		if (at < 0 || b->label_of[c] >= (uint32_t) d->labels)
			continue;
		at += (int) b->label_of[c] * d->series;
		d->value[at] = x;
		d->known[at] = true;
		if (x - x == 0)
		{
			d->low = fmin(d->low, x);
			d->high = fmax(d->high, x);
		}
		shopper_number_words(x, text, sizeof(text));
		if (x < 0)
			d->negative_room = fmax(d->negative_room, shopper_text_width(text, VALUE_SIZE) + 6);
		else
			d->value_room = fmax(d->value_room, shopper_text_width(isnan(x) ? "no value" : text, VALUE_SIZE) + 6);
	}
	shopper_release(b->env, place);
	return SHOPPER_OK;
}

static double
place_of(const Drawing *d, double left, double right, double x)
{
	x = fmin(fmax(x, d->low), d->high);	/* infinities end at the border */
	return d->high > d->low ? left + (x / 2 - d->low / 2) / (d->high / 2 - d->low / 2) * (right - left) : left;
}

static void
draw_bar(const Drawing *d, double left, double right, double y, double x, int ink)
{
	ShopperWriter *w = d->f->w;
	double		zero = place_of(d, left, right, 0),
				end = place_of(d, left, right, x);
	char		text[48];

	if (isnan(x))
	{
		shopper_svg_label(w, zero + 4, y + d->thick / 2 + 4, SHOPPER_START, SHOPPER_INK_MUTED, VALUE_SIZE, false, INFINITY, "no value");
		return;
	}
	shopper_number_words(x, text, sizeof(text));
	shopper_svg(w, "<rect x=\"%n\" y=\"%n\" width=\"%n\" height=\"%n\" rx=\"1.5\"%F/>", fmin(zero, end), y, fmax(fabs(end - zero), x == 0 ? 0 : 1), d->thick - 1, ink);
	shopper_svg_label(w, x < 0 ? end - 4 : end + 4, y + d->thick / 2 + 4, x < 0 ? SHOPPER_END : SHOPPER_START, SHOPPER_INK_MUTED, VALUE_SIZE, false, INFINITY, text);
}

static void
draw_rows(const ShopperBars *b, const ShopperLegend *legend, Drawing *d)
{
	ShopperFrame *f = d->f;
	double		widest = 0,
				room = f->right - f->left,
				left,
				right,
				y = f->top;
	char		buffer[24];
	size_t		length;

	for (int i = 0; i < d->labels; i++)
		widest = fmax(widest, shopper_text_width(shopper_dictionary_text(&b->label, i, buffer, &length), LABEL_SIZE));
	widest = fmin(widest, room * 0.4);
	left = f->left + widest + 8 + d->negative_room;
	right = fmax(f->right - d->value_room, left + 10);
	for (int i = 0; i < d->labels; i++, y += d->pitch)
	{
		double		at = y + (d->pitch - d->series * d->thick) / 2;

		shopper_svg_label(f->w, f->left + widest, y + d->pitch / 2 + 4, SHOPPER_END, SHOPPER_INK_TEXT, LABEL_SIZE, false, widest + 1,
						  shopper_dictionary_text(&b->label, i, buffer, &length));
		for (int k = 0; k < d->series; k++, at += d->thick)
			if (d->known[i * d->series + k])
				draw_bar(d, left, right, at, d->value[i * d->series + k], legend->ink[k]);
	}
	shopper_svg(f->w, "<path d=\"M%n %nV%n\"%S/>\n", place_of(d, left, right, 0), f->top, f->bottom, SHOPPER_INK_AXIS);
}

ShopperStatus
shopper_draw_bars(ShopperBars *b, const ShopperPicture *p, ShopperWriter *w)
{
	ShopperLegend legend;
	ShopperFrame f;
	Drawing		d = {.f = &f};
	bool		titled = p->y_title != NULL && *p->y_title != '\0' && strcmp(p->y_title, "?column?") != 0;
	double		head,
				foot;

	SHOPPER_TRY(shopper_legend(b->env, &b->series, &legend));
	shopper_frame_init(&f, p, w);
	f.legend = b->has_series ? &legend : NULL;
	d.labels = b->label.n > MOST_LABELS ? MOST_LABELS : (int) b->label.n;
	d.series = legend.n;
	shopper_describe(&f, "Bars of %lld labels, %d series.", (long long) b->label.n, legend.n);
	if (b->label.n > d.labels)
		shopper_note(&f, "the first %d of %lld labels", d.labels, (long long) b->label.n);
	if (legend.left_out > 0)
		shopper_note(&f, "%lld more series are left out", (long long) legend.left_out);
	SHOPPER_TRY(collect(b, &legend, &d));
	head = shopper_head_height(&f) + (titled ? 18 : 4);
	foot = shopper_notes_height(&f) + 4;
	d.thick = d.series > 1 ? 14 : 16;
	d.pitch = d.series * d.thick + 8;
	if (p->height > head + foot + d.labels * d.pitch)
		d.pitch = fmin((p->height - head - foot) / (d.labels > 0 ? d.labels : 1), d.pitch * 2);
	f.height = fmax(p->height, head + foot + fmax(d.labels * d.pitch, 30));
	f.top = head;
	f.bottom = head + d.labels * d.pitch;
	shopper_frame_begin(&f);
	if (titled)
		shopper_svg_label(w, SHOPPER_MARGIN, f.top - 6, SHOPPER_START, SHOPPER_INK_MUTED, 11, false, p->width - 2 * SHOPPER_MARGIN, p->y_title);
	if (d.labels == 0)
	{
		f.bottom = f.height - foot;
		shopper_frame_empty(&f);
	}
	else
		draw_rows(b, &legend, &d);
	shopper_svg_end(w);
	return w->status;
}
