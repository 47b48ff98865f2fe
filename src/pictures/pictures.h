/*
 * pictures.h: figures as SVG, and small ones as text. Each shopper_draw_* appends one
 * <svg> element to a writer; what is drawn depends on the given values alone, never on their order
 * (except where the order is said to count). Texts are UTF-8, NUL-terminated.
 *
 * No figure fails for its values: what is missing or not finite is left out, and said when it is
 * much; with nothing left the figure says so.
 */
#ifndef SHOPPER_PICTURES_H
#define SHOPPER_PICTURES_H

#include "../features/dictionary.h"
#include "axis.h"

#define SHOPPER_LEAST_WIDTH 160
#define SHOPPER_LEAST_HEIGHT 120
#define SHOPPER_MOST_PIXELS 4000

/* What all figures have. */
typedef struct ShopperPicture
{
	const char *title;			/* NULL: none */
	const char *x_title;		/* NULL: none */
	const char *y_title;
	int			width;			/* pixels */
	int			height;			/* 0: what the content takes, where that is known */
} ShopperPicture;

/* ---- points and lines (marks.c, lines.c, scatter.c) ---- */

typedef enum ShopperCurve
{
	SHOPPER_PLAIN,
	SHOPPER_ROC,				/* both axes from 0 to 1, the diagonal is chance */
	SHOPPER_CALIBRATION,		/* both axes from 0 to 1, the diagonal is the truth */
	SHOPPER_LIFT				/* x from 0 to 1, y from 0; 1 is chance */
} ShopperCurve;

typedef struct ShopperMarks
{
	ShopperEnv *env;
	ShopperAxisKind x_kind;
	bool		has_band;
	bool		has_series;
	int64_t		n;
	int64_t		capacity;
	double	   *x;
	double	   *y;				/* NaN: a gap */
	double	   *low;			/* band, NaN: none here */
	double	   *high;
	uint32_t   *series;			/* code in names */
	ShopperDictionary names;	/* counted */
} ShopperMarks;

extern ShopperStatus shopper_marks_init(ShopperEnv *env, ShopperMarks *m);
/* name: of the series, NULL: none. Marks without x or with infinite x are left out. */
extern ShopperStatus shopper_marks_add(ShopperMarks *m, double x, double y, double low, double high, const char *name, size_t length);
/* Lines through the marks of each series, by rising x; orders the marks. */
extern ShopperStatus shopper_draw_lines(ShopperMarks *m, ShopperCurve curve, const ShopperPicture *p, ShopperWriter *w);

/* A sample of points in bounded memory: those whose values have the smallest hashes. */
typedef struct ShopperScatter
{
	ShopperMarks marks;			/* the sample: a heap by hash */
	uint64_t   *hash;			/* (n of marks) */
	int64_t		most;			/* points in the sample */
	int64_t		n;				/* points offered */
	double		low[2];			/* of all of them: x, y */
	double		high[2];
} ShopperScatter;

extern ShopperStatus shopper_scatter_init(ShopperEnv *env, int64_t most, ShopperScatter *s);
extern ShopperStatus shopper_scatter_add(ShopperScatter *s, double x, double y, const char *name, size_t length);
extern ShopperStatus shopper_draw_scatter(ShopperScatter *s, const ShopperPicture *p, ShopperWriter *w);

/* ---- bars (bars.c) ---- */
typedef struct ShopperBars
{
	ShopperEnv *env;
	bool		has_series;
	ShopperDictionary label;	/* in the order of their first rows, which is that of the picture */
	ShopperDictionary series;	/* counted */
	ShopperDictionary cell;		/* label and series */
	int64_t		capacity;
	double	   *value;			/* (cells) sum; NaN: no value */
	uint32_t   *label_of;		/* (cells) */
	uint32_t   *series_of;		/* (cells) */
} ShopperBars;

extern ShopperStatus shopper_bars_init(ShopperEnv *env, ShopperBars *b);
/* Values of the same label and series are added; NaN: none. */
extern ShopperStatus shopper_bars_add(ShopperBars *b, const char *label, size_t label_length, double value, const char *series, size_t series_length);
extern ShopperStatus shopper_draw_bars(ShopperBars *b, const ShopperPicture *p, ShopperWriter *w);

/* ---- confusion matrix (matrix.c) ---- */
typedef struct ShopperMatrix
{
	ShopperEnv *env;
	ShopperDictionary classes;	/* counted: rows of them */
	int64_t		n;
	int64_t		capacity;
	uint32_t   *actual;			/* (n) */
	uint32_t   *predicted;		/* (n) */
	double	   *count;			/* (n) */
} ShopperMatrix;

extern ShopperStatus shopper_matrix_init(ShopperEnv *env, ShopperMatrix *m);
extern ShopperStatus shopper_matrix_add(ShopperMatrix *m, const char *actual, size_t actual_length, const char *predicted, size_t predicted_length, double count);
extern ShopperStatus shopper_draw_matrix(ShopperMatrix *m, const ShopperPicture *p, ShopperWriter *w);

/* ---- trees (tree.c) ---- */
typedef struct ShopperDrawnNode
{
	int64_t		parent;			/* index, -1: the root; parents come before children, left before right */
	int			depth;
	char	   *condition;		/* on the way from the parent; NULL in the root */
	char	   *prediction;
	int			class_number;	/* colours the node; -1: none */
	double		share;			/* of that class, else of all rows: 0 .. 1 */
	double		rows;
	int64_t		leaves;			/* at and below this node */
} ShopperDrawnNode;

/* From left to right; nodes deeper than `most` are left out, and said. Width and height are those of the tree. */
extern ShopperStatus shopper_draw_tree(ShopperEnv *env, const ShopperDrawnNode *node, int64_t n, int most, const ShopperPicture *p, ShopperWriter *w);

/* ---- figures of text (words.c) ---- */
/* One of eight heights for each number, a blank for NaN; infinities are the ends. */
extern void shopper_sparkline(ShopperWriter *w, const double *x, int64_t n);
/* A bar of at most `width` characters, to the eighth of one; nothing for NaN. */
extern void shopper_text_bar(ShopperWriter *w, double value, double low, double high, int width);

#endif
