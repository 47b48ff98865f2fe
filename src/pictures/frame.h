/*
 * frame.h: what the figures share: title, legend, notes, axes.
 *
 * From top to bottom: title, legend, title of the y axis, plot, ticks, title of the x axis, notes.
 * A frame grows beyond the height asked for rather than squeeze the plot.
 */
#ifndef SHOPPER_FRAME_H
#define SHOPPER_FRAME_H

#include "pictures.h"
#include "svg.h"

#define SHOPPER_MARGIN 14.0
#define SHOPPER_NOTES 3

/* The series that are drawn: those with the most rows, in the order of their names. */
typedef struct ShopperLegend
{
	int			n;
	int64_t		left_out;
	uint32_t	code[SHOPPER_SERIES];
	char	   *name[SHOPPER_SERIES];
	int			ink[SHOPPER_SERIES];
} ShopperLegend;

typedef struct ShopperFrame
{
	ShopperWriter *w;
	const ShopperPicture *p;
	const ShopperLegend *legend;	/* NULL: none is shown */
	int			n_notes;
	char		note[SHOPPER_NOTES][100];
	char		description[400];
	double		height;			/* of the whole picture */
	double		left,			/* of the plot */
				right,
				top,
				bottom;
	ShopperAxis x;
	ShopperAxis y;
} ShopperFrame;

/* What stands for a row without a series or label. */
#define SHOPPER_NO_NAME "(none)"

/* The most frequent codes, at most `most` (<= 60), in the order of their names: numbers by size, then texts by bytes. */
extern ShopperStatus shopper_choose_names(ShopperEnv *env, const ShopperDictionary *names, int most, uint32_t *code, char **name, int *n);
extern ShopperStatus shopper_legend(ShopperEnv *env, const ShopperDictionary *names, ShopperLegend *legend);
/* The drawn series of each code, -1: left out. */
extern ShopperStatus shopper_legend_places(ShopperEnv *env, const ShopperDictionary *names, const ShopperLegend *legend, int **place);

extern void shopper_frame_init(ShopperFrame *f, const ShopperPicture *p, ShopperWriter *w);
extern void shopper_note(ShopperFrame *f, const char *format,...) __attribute__((format(printf, 2, 3)));
extern void shopper_describe(ShopperFrame *f, const char *format,...) __attribute__((format(printf, 2, 3)));

/* Heights of what stands above and below the plot. */
extern double shopper_head_height(const ShopperFrame *f);
extern double shopper_notes_height(const ShopperFrame *f);
/* <svg>, title, legend and notes of a picture whose height is known. */
extern void shopper_frame_begin(ShopperFrame *f);

/* Everything but the marks: plot and axes. ranges: low and high, low > high when there is nothing to show. */
extern void shopper_frame_axes(ShopperFrame *f, ShopperAxisKind x_kind, const double x_range[2], bool x_loose,
							   ShopperAxisKind y_kind, const double y_range[2]);
/* Text in the middle of the plot: there is nothing to draw. */
extern void shopper_frame_empty(ShopperFrame *f);

/* A marker of the shape of a series, in the ink of the group that it is in. */
extern void shopper_marker(ShopperWriter *w, int shape, double x, double y, double size);

#endif
