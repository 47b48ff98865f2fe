/* matrix.c: confusion matrix, shaded by the share of each actual class; see pictures.h */
#include "frame.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define MOST_CLASSES 12
#define LABEL_SIZE 12
#define MOST_UPRIGHT 110		/* pixels of a name that stands upright */

ShopperStatus
shopper_matrix_init(ShopperEnv *env, ShopperMatrix *m)
{
	memset(m, 0, sizeof(*m));
	m->env = env;
	return shopper_dictionary_init(&m->classes, env, SHOPPER_ID_TEXT);
}

ShopperStatus
shopper_matrix_add(ShopperMatrix *m, const char *actual, size_t actual_length, const char *predicted, size_t predicted_length, double count)
{
	int64_t		capacity = m->capacity;
	uint32_t	a,
				b;

	if (actual == NULL || predicted == NULL || !(count > 0 && count < 1e18))
		return SHOPPER_OK;
	SHOPPER_TRY(shopper_dictionary_add_text(&m->classes, actual, actual_length, &a));
	SHOPPER_TRY(shopper_dictionary_add_text(&m->classes, predicted, predicted_length, &b));
	m->classes.count[a] += (int64_t) count;
	m->classes.count[b] += (int64_t) count;
	SHOPPER_TRY(shopper_grow(m->env, &m->actual, &capacity, m->n + 1, sizeof(uint32_t)));
	capacity = m->capacity;
	SHOPPER_TRY(shopper_grow(m->env, &m->predicted, &capacity, m->n + 1, sizeof(uint32_t)));
	SHOPPER_TRY(shopper_grow(m->env, &m->count, &m->capacity, m->n + 1, sizeof(double)));
	m->actual[m->n] = a;
	m->predicted[m->n] = b;
	m->count[m->n++] = count;
	return SHOPPER_OK;
}

/* ---- drawing ---- */

typedef struct Table
{
	int			n;				/* classes, the rest as one more when there are others */
	char	   *name[MOST_CLASSES + 1];
	double		count[MOST_CLASSES + 1][MOST_CLASSES + 1];	/* actual, predicted */
	double		total;
	double		hits;			/* rows of drawn classes that are right; of the rest it cannot be told */
} Table;

static ShopperStatus
fill(const ShopperMatrix *m, Table *t)
{
	uint32_t	code[MOST_CLASSES];
	int		   *place;

	memset(t, 0, sizeof(*t));
	SHOPPER_TRY(shopper_choose_names(m->env, &m->classes, MOST_CLASSES, code, t->name, &t->n));
	SHOPPER_NEW(m->env, place, m->classes.n);
	for (int64_t c = 0; c < m->classes.n; c++)
		place[c] = t->n;
	for (int i = 0; i < t->n; i++)
		place[code[i]] = i;
	if (m->classes.n > t->n)
		t->name[t->n++] = "(others)";
	for (int64_t i = 0; i < m->n; i++)
	{
		t->count[place[m->actual[i]]][place[m->predicted[i]]] += m->count[i];
		t->total += m->count[i];
		t->hits += m->actual[i] == m->predicted[i] ? m->count[i] : 0;
	}
	shopper_release(m->env, place);
	return SHOPPER_OK;
}

static double
row_sum(const Table *t, int row)
{
	double		sum = 0;

	for (int k = 0; k < t->n; k++)
		sum += t->count[row][k];
	return sum;
}

static void
draw_cell(ShopperFrame *f, double x, double y, double width, double height, double count, double share, bool right)
{
	int			ink = share > 0.55 ? SHOPPER_INK_ON : SHOPPER_INK_TEXT;
	bool		two_lines = height >= 38 && width >= 44;
	char		text[48];

	shopper_svg(f->w, "<rect x=\"%n\" y=\"%n\" width=\"%n\" height=\"%n\" rx=\"2\" fill-opacity=\"%n\"%F/>", x + 1, y + 1, width - 2, height - 2,
				0.06 + 0.9 * share, right ? SHOPPER_INK_SERIES : SHOPPER_INK_SERIES + 1);
	shopper_number_words(count, text, sizeof(text));
	shopper_svg_label(f->w, x + width / 2, y + height / 2 + (two_lines ? -1 : 4), SHOPPER_MIDDLE, count == 0 ? SHOPPER_INK_MUTED : ink, 12, count != 0, width - 2, text);
	snprintf(text, sizeof(text), "%.1f %%", share * 100);
	if (two_lines)
		shopper_svg_label(f->w, x + width / 2, y + height / 2 + 14, SHOPPER_MIDDLE, ink, 10, false, width - 2, text);
}

ShopperStatus
shopper_draw_matrix(ShopperMatrix *m, const ShopperPicture *p, ShopperWriter *w)
{
	Table		t;
	ShopperFrame f;
	double		widest = shopper_text_width("actual", LABEL_SIZE),
				head,
				foot,
				cell,
				column,
				x;
	bool		upright;

	SHOPPER_TRY(fill(m, &t));
	shopper_frame_init(&f, p, w);
	shopper_describe(&f, "Confusion matrix of %lld classes.", (long long) m->classes.n);
	if (t.total > 0)
		shopper_note(&f, "%.1f %% of %.0f rows are right; shares are of the actual class", t.hits / t.total * 100, t.total);
	if (m->classes.n > MOST_CLASSES)
		shopper_note(&f, "%lld rare classes are taken together", (long long) (m->classes.n - MOST_CLASSES));
	for (int i = 0; i < t.n; i++)
		widest = fmax(widest, shopper_text_width(t.name[i], LABEL_SIZE));
	widest = fmin(widest, (p->width - 2 * SHOPPER_MARGIN) * 0.35);
	x = SHOPPER_MARGIN + widest + 8;
	column = t.n > 0 ? (p->width - SHOPPER_MARGIN - x) / t.n : 0;
	upright = widest > column - 4;	/* names of columns that do not fit side by side */
	head = shopper_head_height(&f) + (upright ? fmin(widest, MOST_UPRIGHT) + 28 : 40);
	foot = shopper_notes_height(&f) + 6;
	cell = p->height > 0 && t.n > 0 ? fmin(fmax((p->height - head - foot) / t.n, 24), 90) : t.n <= 4 ? 56 : t.n <= 8 ? 44 : 32;
	f.height = fmax(p->height, head + foot + fmax(t.n * cell, 40));
	shopper_frame_begin(&f);
	f.top = head;
	f.bottom = f.height - foot;
	column = fmin(column, cell * 2.6);
	if (t.n == 0)
		shopper_frame_empty(&f);
	else
	{
		shopper_svg_label(w, x - 8, head - 8, SHOPPER_END, SHOPPER_INK_MUTED, 11, false, widest + 1, "actual");
		shopper_svg_label(w, x + column * t.n / 2, shopper_head_height(&f) + 12, SHOPPER_MIDDLE, SHOPPER_INK_MUTED, 11, false, column * t.n, "predicted");
	}
	for (int i = 0; i < t.n; i++)
	{
		double		sum = row_sum(&t, i);

		if (upright)
		{
			shopper_svg(w, "<g transform=\"translate(%n %n)rotate(-90)\">", x + column * (i + 0.5) + 4, head - 6);
			shopper_svg_label(w, 0, 0, SHOPPER_START, SHOPPER_INK_TEXT, LABEL_SIZE, false, MOST_UPRIGHT, t.name[i]);
			shopper_svg(w, "</g>\n");
		}
		else
			shopper_svg_label(w, x + column * (i + 0.5), head - 8, SHOPPER_MIDDLE, SHOPPER_INK_TEXT, LABEL_SIZE, false, column - 4, t.name[i]);
		shopper_svg_label(w, x - 8, head + cell * (i + 0.5) + 4, SHOPPER_END, SHOPPER_INK_TEXT, LABEL_SIZE, false, widest + 1, t.name[i]);
		for (int k = 0; k < t.n; k++)
			draw_cell(&f, x + column * k, head + cell * i, column, cell, t.count[i][k], sum > 0 ? t.count[i][k] / sum : 0, i == k);
		shopper_svg(w, "\n");
	}
	shopper_svg_end(w);
	return w->status;
}
