/*
 * tree.c: decision trees from left to right; see pictures.h.
 *
 * Each node is a box: the condition that leads to it, what it says, how many rows are there. Boxes of
 * the last level drawn stand one below the other, their parents beside the middle of their children.
 */
#include "frame.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define BOX_HEIGHT 40
#define PITCH 48				/* from box to box */
#define GAP 34					/* between levels, for the lines */
#define LEAST_BOX 110
#define MOST_BOX 230
#define MOST_ROWS 80			/* boxes one below the other; more levels are left out */

typedef struct Layout
{
	ShopperEnv *env;
	const ShopperDrawnNode *node;
	int64_t		n;
	int			most;			/* deepest level drawn */
	double	   *y;				/* (n) middle of the box, in rows */
	double	   *width;			/* (most + 1) of the boxes of a level */
	double	   *x;				/* (most + 1) */
} Layout;

static void
words(const ShopperDrawnNode *node, char *text, size_t size)
{
	char		rows[48];

	shopper_number_words(node->rows, rows, sizeof(rows));
	snprintf(text, size, "%s rows", rows);
}

static bool
is_end(const Layout *l, int64_t i)
{
	return l->node[i].depth == l->most || l->node[i].leaves == 1;
}

/* How many boxes would stand one below the other. */
static int64_t
ends(const Layout *l)
{
	int64_t		n = 0;

	for (int64_t i = 0; i < l->n; i++)
		n += l->node[i].depth <= l->most && is_end(l, i);
	return n;
}

static ShopperStatus
lay_out(Layout *l)
{
	double	   *sum;
	int		   *children;
	int64_t		row = 0;

	while (l->most > 1 && ends(l) > MOST_ROWS)
		l->most--;
	SHOPPER_NEW0(l->env, l->y, l->n);
	SHOPPER_NEW0(l->env, sum, l->n);
	SHOPPER_NEW0(l->env, children, l->n);
	SHOPPER_NEW0(l->env, l->width, l->most + 1);
	SHOPPER_NEW0(l->env, l->x, l->most + 1);
	for (int64_t i = 0; i < l->n; i++)
	{
		const ShopperDrawnNode *node = &l->node[i];
		char		text[64];
		double		wide;

		if (node->depth > l->most)
			continue;
		if (is_end(l, i))
			l->y[i] = (double) row++;
		words(node, text, sizeof(text));
		wide = fmax(shopper_text_width(node->condition != NULL ? node->condition : "all rows", 12) + 19,
					shopper_text_width(node->prediction, 11) * 1.08 + shopper_text_width(text, 11) + 32);
		l->width[node->depth] = fmax(l->width[node->depth], fmin(fmax(wide, LEAST_BOX), MOST_BOX));
	}
	for (int64_t i = l->n - 1; i >= 0; i--)	/* children come after their parent */
	{
		int64_t		parent = l->node[i].parent;

		if (l->node[i].depth > l->most)
			continue;
		if (children[i] > 0)
			l->y[i] = sum[i] / children[i];
		if (parent >= 0)
		{
			sum[parent] += l->y[i];
			children[parent]++;
		}
	}
	l->x[0] = SHOPPER_MARGIN;
	for (int d = 1; d <= l->most; d++)
		l->x[d] = l->x[d - 1] + l->width[d - 1] + GAP;
	shopper_release(l->env, sum);
	shopper_release(l->env, children);
	return SHOPPER_OK;
}

static void
draw_node(const Layout *l, ShopperWriter *w, double top, int64_t i)
{
	const ShopperDrawnNode *node = &l->node[i];
	double		x = l->x[node->depth],
				width = l->width[node->depth],
				y = top + l->y[i] * PITCH,
				share = fmin(fmax(node->share, 0), 1);
	int			ink = node->class_number < 0 ? SHOPPER_INK_SERIES : SHOPPER_INK_SERIES + node->class_number % SHOPPER_SERIES;
	char		rows[64],
				below[64];

	words(node, rows, sizeof(rows));
	if (node->parent >= 0)
	{
		const ShopperDrawnNode *parent = &l->node[node->parent];
		double		from = l->x[parent->depth] + l->width[parent->depth],
					middle = (from + x) / 2;

		shopper_svg(w, "<path fill=\"none\" stroke-width=\"1.5\"%S d=\"M%n %nC%n %n %n %n %n %n\"/>\n", SHOPPER_INK_AXIS,
					from, top + l->y[node->parent] * PITCH + BOX_HEIGHT / 2, middle, top + l->y[node->parent] * PITCH + BOX_HEIGHT / 2,
					middle, y + BOX_HEIGHT / 2, x, y + BOX_HEIGHT / 2);
	}
	shopper_svg(w, "<rect x=\"%n\" y=\"%n\" width=\"%n\" height=\"%d\" rx=\"4\" fill-opacity=\"%n\"%B/>\n", x, y, width, BOX_HEIGHT,
				0.04 + 0.22 * share * share, ink);
	shopper_svg(w, "<rect x=\"%n\" y=\"%n\" width=\"%n\" height=\"3\"%F/>\n", x + 1, y + BOX_HEIGHT - 4, (width - 2) * share, ink);
	shopper_svg_label(w, x + 9, y + 15, SHOPPER_START, SHOPPER_INK_TEXT, 12, node->parent < 0, width - 18, node->condition != NULL ? node->condition : "all rows");
	shopper_svg_label(w, x + 9, y + 30, SHOPPER_START, SHOPPER_INK_TEXT, 11, node->leaves == 1,
					  width - 30 - shopper_text_width(rows, 11), node->prediction);
	shopper_svg_label(w, x + width - 9, y + 30, SHOPPER_END, SHOPPER_INK_MUTED, 11, false, INFINITY, rows);
	if (node->depth == l->most && node->leaves > 1)
	{
		snprintf(below, sizeof(below), "%lld leaves \xe2\x80\xa6", (long long) node->leaves);
		shopper_svg_label(w, x + width + 8, y + BOX_HEIGHT / 2 + 4, SHOPPER_START, SHOPPER_INK_MUTED, 11, false, INFINITY, below);
	}
}

ShopperStatus
shopper_draw_tree(ShopperEnv *env, const ShopperDrawnNode *node, int64_t n, int most, const ShopperPicture *p, ShopperWriter *w)
{
	Layout		l = {.env = env,.node = node,.n = n};
	ShopperFrame f;
	ShopperPicture sized = *p;
	int			depth = 0;
	bool		cut = false;

	for (int64_t i = 0; i < n; i++)
		depth = node[i].depth > depth ? node[i].depth : depth;
	l.most = most < depth ? most : depth;
	SHOPPER_TRY(lay_out(&l));
	for (int64_t i = 0; i < n; i++)
		cut |= node[i].depth == l.most && node[i].leaves > 1;
	sized.width = (int) (l.x[l.most] + l.width[l.most] + SHOPPER_MARGIN + (cut ? 90 : 0));
	if (p->title != NULL)
		sized.width = (int) fmax(sized.width, fmin(shopper_text_width(p->title, 16.5) + 2 * SHOPPER_MARGIN, 600));
	shopper_frame_init(&f, &sized, w);
	shopper_describe(&f, "Decision tree of %lld leaves.", (long long) (n > 0 ? node[0].leaves : 0));
	if (cut)
		shopper_note(&f, "%d of %d levels are drawn", l.most, depth);
	f.top = shopper_head_height(&f) + 6;
	f.height = f.top + (double) ends(&l) * PITCH + shopper_notes_height(&f);
	shopper_frame_begin(&f);
	for (int64_t i = 0; i < n; i++)
	{
		if (node[i].depth <= l.most)
			draw_node(&l, w, f.top, i);
		if (i % 1000 == 999)
			SHOPPER_TRY(shopper_poll(env));
	}
	shopper_svg_end(w);
	return w->status;
}
