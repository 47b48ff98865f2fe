/* frame.c: see frame.h */
#include "frame.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TITLE_HEIGHT 24
#define ROW_HEIGHT 18			/* of the legend */
#define NOTE_HEIGHT 15
#define LEAST_PLOT 80

/* ---- names ---- */

#define DIGITS "0123456789"

static bool
as_number(const char *text, double *x)
{
	char	   *end;

	if (*text == '\0' || strspn(text, "+-.0123456789eE") != strlen(text))
		return false;
	*x = strtod(text, &end);
	return *end == '\0';
}

static int
compare_names(const char *a, const char *b)
{
	double		x = 0,
				y = 0;
	bool		first = as_number(a, &x),
				second = as_number(b, &y);

	if (first && second && x != y)
		return x < y ? -1 : 1;
	if (first != second)
		return first ? -1 : 1;
	for (const char *p = a, *q = b; *p != '\0' && *q != '\0'; p++, q++)	/* "class 7" before "class 10" */
	{
		size_t		n = strspn(p, DIGITS),
					m = strspn(q, DIGITS);

		if (n > 0 && m > 0 && n != m && *p != '0' && *q != '0')
			return n < m ? -1 : 1;
		if (*p != *q)
			break;
		if (n > 0 && n == m)
		{
			int			order = strncmp(p, q, n);

			if (order != 0)
				return order;
			p += n - 1;
			q += n - 1;
		}
	}
	return strcmp(a, b);
}

static char *
name_of(ShopperEnv *env, const ShopperDictionary *names, int64_t code)
{
	char		buffer[24];
	size_t		length;
	const char *text = shopper_dictionary_text(names, code, buffer, &length);

	return shopper_strdup(env, text, length);
}

ShopperStatus
shopper_choose_names(ShopperEnv *env, const ShopperDictionary *names, int most, uint32_t *code, char **name, int *n)
{
	*n = 0;
	for (int64_t c = 0; c < names->n; c++)	/* the most frequent ones first, of equal counts the first by name */
	{
		int			at = *n;
		char	   *text = NULL;

		if (c % 100000 == 99999)
			SHOPPER_TRY(shopper_poll(env));
		if (at == most && names->count[c] < names->count[code[at - 1]])
			continue;
		text = name_of(env, names, c);
		if (text == NULL)
			return env->status;
		while (at > 0 && (names->count[c] > names->count[code[at - 1]] ||
						  (names->count[c] == names->count[code[at - 1]] && compare_names(text, name[at - 1]) < 0)))
			at--;
		if (at == most)
		{
			shopper_release(env, text);
			continue;
		}
		if (*n == most)
			shopper_release(env, name[most - 1]);
		else
			++*n;
		memmove(code + at + 1, code + at, sizeof(*code) * (size_t) (*n - at - 1));
		memmove(name + at + 1, name + at, sizeof(*name) * (size_t) (*n - at - 1));
		code[at] = (uint32_t) c;
		name[at] = text;
	}
	for (int i = 1; i < *n; i++)	/* then by name */
		for (int k = i; k > 0 && compare_names(name[k], name[k - 1]) < 0; k--)
		{
			uint32_t	c = code[k];
			char	   *text = name[k];

			code[k] = code[k - 1];
			name[k] = name[k - 1];
			code[k - 1] = c;
			name[k - 1] = text;
		}
	return SHOPPER_OK;
}

ShopperStatus
shopper_legend(ShopperEnv *env, const ShopperDictionary *names, ShopperLegend *legend)
{
	int			ink = SHOPPER_INK_SERIES;

	SHOPPER_TRY(shopper_choose_names(env, names, SHOPPER_SERIES, legend->code, legend->name, &legend->n));
	legend->left_out = names->n - legend->n;
	for (int i = 0; i < legend->n; i++)
		legend->ink[i] = names->n > 1 && strcmp(legend->name[i], SHOPPER_NO_NAME) == 0 ? SHOPPER_INK_REST : ink++;
	return SHOPPER_OK;
}

ShopperStatus
shopper_legend_places(ShopperEnv *env, const ShopperDictionary *names, const ShopperLegend *legend, int **place)
{
	SHOPPER_NEW(env, *place, names->n);
	for (int64_t c = 0; c < names->n; c++)
		(*place)[c] = -1;
	for (int i = 0; i < legend->n; i++)
		(*place)[legend->code[i]] = i;
	return SHOPPER_OK;
}

/* ---- notes ---- */

void
shopper_frame_init(ShopperFrame *f, const ShopperPicture *p, ShopperWriter *w)
{
	memset(f, 0, sizeof(*f));
	f->w = w;
	f->p = p;
	f->height = p->height;
	f->left = SHOPPER_MARGIN;
	f->right = p->width - SHOPPER_MARGIN;
}

void
shopper_note(ShopperFrame *f, const char *format,...)
{
	va_list		args;

	if (f->n_notes == SHOPPER_NOTES)
		return;
	va_start(args, format);
	vsnprintf(f->note[f->n_notes++], sizeof(f->note[0]), format, args);
	va_end(args);
}

void
shopper_describe(ShopperFrame *f, const char *format,...)
{
	size_t		used = strlen(f->description);
	va_list		args;

	va_start(args, format);
	vsnprintf(f->description + used, sizeof(f->description) - used, format, args);
	va_end(args);
}

/* ---- head ---- */

#define LEGEND_SIZE 12
#define SWATCH 18

/* Where each entry of the legend goes: x and row; returns the rows. */
static int
place_legend(const ShopperFrame *f, double *x, int *row, double *most)
{
	double		at = SHOPPER_MARGIN,
				room = f->p->width - 2 * SHOPPER_MARGIN;
	int			rows = 0;

	*most = fmax(fmin(room - SWATCH, 300), 40);
	for (int i = 0; i < f->legend->n; i++)
	{
		double		wide = SWATCH + fmin(shopper_text_width(f->legend->name[i], LEGEND_SIZE), *most) + 14;

		if (i > 0 && at + wide - 14 > SHOPPER_MARGIN + room)
		{
			at = SHOPPER_MARGIN;
			rows++;
		}
		x[i] = at;
		row[i] = rows;
		at += wide;
	}
	return rows + 1;
}

/* A single series without a name needs none. */
static bool
shows_legend(const ShopperFrame *f)
{
	return f->legend != NULL && f->legend->n > 0 && (f->legend->n > 1 || strcmp(f->legend->name[0], SHOPPER_NO_NAME) != 0);
}

static bool
has_title(const ShopperFrame *f)
{
	return f->p->title != NULL && *f->p->title != '\0';
}

double
shopper_head_height(const ShopperFrame *f)
{
	double		x[SHOPPER_SERIES],
				most;
	int			row[SHOPPER_SERIES];

	return 10 + (has_title(f) ? TITLE_HEIGHT : 0) + (shows_legend(f) ? ROW_HEIGHT * place_legend(f, x, row, &most) + 4 : 0);
}

double
shopper_notes_height(const ShopperFrame *f)
{
	return 8 + NOTE_HEIGHT * f->n_notes;
}

void
shopper_marker(ShopperWriter *w, int shape, double x, double y, double size)
{
	double		s = size * 0.9;

	switch (shape % 4)
	{
		case 0:
			shopper_svg(w, "<circle cx=\"%n\" cy=\"%n\" r=\"%n\"/>", x, y, size);
			break;
		case 1:
			shopper_svg(w, "<path d=\"M%n %nh%nv%nh%nZ\"/>", x - s, y - s, 2 * s, 2 * s, -2 * s);
			break;
		case 2:
			shopper_svg(w, "<path d=\"M%n %nL%n %nH%nZ\"/>", x, y - size * 1.2, x + size * 1.15, y + s, x - size * 1.15);
			break;
		default:
			shopper_svg(w, "<path d=\"M%n %nL%n %nL%n %nL%n %nZ\"/>", x, y - size * 1.3, x + size * 1.3, y, x, y + size * 1.3, x - size * 1.3, y);
	}
}

static void
draw_legend(ShopperFrame *f, double top)
{
	double		x[SHOPPER_SERIES],
				most;
	int			row[SHOPPER_SERIES];

	place_legend(f, x, row, &most);
	for (int i = 0; i < f->legend->n; i++)
	{
		double		y = top + ROW_HEIGHT * row[i] + 9;

		shopper_svg(f->w, "<g%F>", f->legend->ink[i]);
		shopper_marker(f->w, i, x[i] + 6, y, 4.5);
		shopper_svg(f->w, "</g>");
		shopper_svg_label(f->w, x[i] + SWATCH, y + 4, SHOPPER_START, SHOPPER_INK_TEXT, LEGEND_SIZE, false, most, f->legend->name[i]);
	}
}

void
shopper_frame_begin(ShopperFrame *f)
{
	double		y = 10,
				width = f->p->width;

	for (int i = 0; i < f->n_notes; i++)
		shopper_describe(f, " %c%s.", f->note[i][0] >= 'a' && f->note[i][0] <= 'z' ? f->note[i][0] - 32 : f->note[i][0], f->note[i] + 1);
	shopper_svg_begin(f->w, width, f->height, has_title(f) ? f->p->title : "Figure", f->description);
	if (has_title(f))
	{
		shopper_svg_label(f->w, SHOPPER_MARGIN, y + 15, SHOPPER_START, SHOPPER_INK_TEXT, 15, true, width - 2 * SHOPPER_MARGIN, f->p->title);
		y += TITLE_HEIGHT;
	}
	if (shows_legend(f))
		draw_legend(f, y);
	for (int i = 0; i < f->n_notes; i++)
		shopper_svg_label(f->w, SHOPPER_MARGIN, f->height - 8 - NOTE_HEIGHT * (f->n_notes - 1 - i), SHOPPER_START, SHOPPER_INK_MUTED, 11, false,
						  width - 2 * SHOPPER_MARGIN, f->note[i]);
}

/* ---- axes ---- */

static double
widest_tick(const ShopperAxis *a)
{
	double		most = 0;

	for (int i = 0; i < a->n; i++)
		most = fmax(most, shopper_text_width(a->tick[i].label, 11));
	return most;
}

/* As many ticks as find room beside one another. */
static void
make_x_axis(ShopperFrame *f, ShopperAxisKind kind, const double range[2], bool loose)
{
	double		room = f->right - f->left;

	for (int wanted = (int) fmin(fmax(room / 60, 3), 10);; wanted--)
	{
		shopper_axis(&f->x, kind, range[0], range[1], wanted, loose);
		if (wanted <= 3 || (widest_tick(&f->x) + 12) * (f->x.n - 1) <= room)
			break;
	}
	f->x.from = f->left;
	f->x.to = f->right;
}

static void
draw_x_ticks(ShopperFrame *f)
{
	double		last = -INFINITY;	/* end of the label before */

	for (int i = 0; i < f->x.n; i++)
	{
		const ShopperTick *t = &f->x.tick[i];
		double		x = shopper_axis_place(&f->x, t->at),
					wide = shopper_text_width(t->label, 11),
					middle = fmin(fmax(x, wide / 2 + 4), f->p->width - wide / 2 - 4);

		shopper_svg(f->w, "<path d=\"M%n %nv4\"%S/>\n", x, f->bottom, SHOPPER_INK_AXIS);
		if (middle - wide / 2 < last + 4)
			continue;
		last = middle + wide / 2;
		shopper_svg_label(f->w, middle, f->bottom + 17, SHOPPER_MIDDLE, SHOPPER_INK_MUTED, 11, false, INFINITY, t->label);
	}
}

static bool
named(const char *title)
{
	return title != NULL && *title != '\0' && strcmp(title, "?column?") != 0;
}

void
shopper_frame_axes(ShopperFrame *f, ShopperAxisKind x_kind, const double x_range[2], bool x_loose,
				   ShopperAxisKind y_kind, const double y_range[2])
{
	double		head = shopper_head_height(f) + (named(f->p->y_title) ? 26 : 8),
				foot = shopper_notes_height(f) + 20 + (named(f->p->x_title) ? 16 : 0);

	f->height = fmax(f->height, head + foot + LEAST_PLOT);
	shopper_frame_begin(f);
	f->top = head;
	f->bottom = f->height - foot;
	shopper_axis(&f->y, y_kind, y_range[0], y_range[1], (int) fmin(fmax((f->bottom - f->top) / 45, 3), 9), true);
	f->y.from = f->bottom;
	f->y.to = f->top;
	f->left = SHOPPER_MARGIN + widest_tick(&f->y) + 6;
	f->right = f->p->width - SHOPPER_MARGIN - 4;
	make_x_axis(f, x_kind, x_range, x_loose);
	if (named(f->p->y_title))
		shopper_svg_label(f->w, SHOPPER_MARGIN, f->top - 14, SHOPPER_START, SHOPPER_INK_MUTED, 11, false, f->p->width - 2 * SHOPPER_MARGIN, f->p->y_title);
	for (int i = 0; i < f->y.n; i++)
	{
		double		y = shopper_axis_place(&f->y, f->y.tick[i].at);

		shopper_svg(f->w, "<path d=\"M%n %nH%n\"%S/>\n", f->left, y, f->right, SHOPPER_INK_GRID);
		shopper_svg_label(f->w, f->left - 6, y + 4, SHOPPER_END, SHOPPER_INK_MUTED, 11, false, INFINITY, f->y.tick[i].label);
	}
	shopper_svg(f->w, "<path d=\"M%n %nH%n\"%S/>\n", f->left, f->bottom, f->right, SHOPPER_INK_AXIS);
	draw_x_ticks(f);
	if (named(f->p->x_title))
		shopper_svg_label(f->w, f->right, f->bottom + 33, SHOPPER_END, SHOPPER_INK_MUTED, 11, false, f->right - SHOPPER_MARGIN, f->p->x_title);
}

void
shopper_frame_empty(ShopperFrame *f)
{
	shopper_svg_label(f->w, (f->left + f->right) / 2, (f->top + f->bottom) / 2 + 4, SHOPPER_MIDDLE, SHOPPER_INK_MUTED, 13, false, INFINITY, "nothing to draw");
}
