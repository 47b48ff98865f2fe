/*
 * svg.h: writing SVG: elements with escaped texts, one palette, widths of texts.
 *
 * Texts are UTF-8. What is not valid there, or not allowed in XML, becomes U+FFFD. Coordinates
 * are pixels with at most two decimals, printed without the locale.
 *
 * Colours are attributes, those of the light palette, so that a picture is readable where style
 * sheets are ignored; a style sheet changes them for readers who prefer dark pages. So no reader
 * needs CSS variables.
 */
#ifndef SHOPPER_SVG_H
#define SHOPPER_SVG_H

#include "../core/codec.h"

#define SHOPPER_SERIES 8		/* colours of the palette; more series are left out */

typedef enum ShopperInk
{
	SHOPPER_INK_SERIES = 0,		/* and the seven after it */
	SHOPPER_INK_REST = SHOPPER_SERIES, /* what belongs to no series */
	SHOPPER_INK_BACK,
	SHOPPER_INK_TEXT,
	SHOPPER_INK_MUTED,
	SHOPPER_INK_GRID,
	SHOPPER_INK_AXIS,
	SHOPPER_INK_ON,				/* text on an area of a series' colour */
	SHOPPER_INKS
} ShopperInk;

typedef enum ShopperAnchor
{
	SHOPPER_START,
	SHOPPER_MIDDLE,
	SHOPPER_END
} ShopperAnchor;

/*
 * printf of its own: %n a coordinate (double), %d an int, %s text to be taken as it is, %e text to be escaped,
 * %F, %S, %B an ink as fill, stroke or both. There is no %%.
 */
extern void shopper_svg(ShopperWriter *w, const char *format,...);
/* Escaped; nothing in it ends an attribute or an element. */
extern void shopper_svg_escape(ShopperWriter *w, const char *text, size_t length);

/* From <svg> to the background. description: for those who do not see the picture. */
extern void shopper_svg_begin(ShopperWriter *w, double width, double height, const char *title, const char *description);
extern void shopper_svg_end(ShopperWriter *w);

/* About how wide a text is, in pixels; on the wide side. */
extern double shopper_text_width(const char *text, double size);
/* One line of text on a baseline. Longer than `most` pixels: cut with an ellipsis, whole as a tooltip. */
extern void shopper_svg_label(ShopperWriter *w, double x, double y, ShopperAnchor anchor, ShopperInk ink, double size, bool bold,
							  double most, const char *text);

#endif
