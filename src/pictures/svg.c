/* svg.c: see svg.h */
#include "svg.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define FONT "system-ui,-apple-system,'Segoe UI','DejaVu Sans',sans-serif"
#define REPLACEMENT 0xFFFD

/*
 * The hues of Okabe and Ito (Color Universal Design, 2008), which people who confuse red and green can tell apart;
 * darker on white and lighter on black than theirs, for a contrast of 3 to 1 or more.
 */
static const char *const light[SHOPPER_INKS] = {
	"#0072b2", "#c64f00", "#00805e", "#a8478a", "#8f6a00", "#3d5bd9", "#7a3fb0", "#4f6d7a",
	"#6b7580", "#ffffff", "#1f2328", "#59636e", "#e3e7eb", "#8b949e", "#ffffff"
};
static const char *const dark[SHOPPER_INKS] = {
	"#58b0f0", "#ff9350", "#3fcb9f", "#eb9bcb", "#e3b341", "#93a8ff", "#c59bf5", "#a3c0cc",
	"#98a2ad", "#14181d", "#e6edf3", "#a5afba", "#2b323a", "#6e7884", "#0b0e12"
};

/* ---- text ---- */

/* The next code point of UTF-8; what is not valid is U+FFFD, one byte long. */
static uint32_t
next_point(const unsigned char *s, size_t length, size_t *used)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	int			n = s[0] < 0x80 ? 1 : (s[0] & 0xe0) == 0xc0 ? 2 : (s[0] & 0xf0) == 0xe0 ? 3 : (s[0] & 0xf8) == 0xf0 ? 4 : 0;
	uint32_t	point;

	*used = 1;
	if (n == 1)
		return s[0];
	if (n == 0 || (size_t) n > length)
		return REPLACEMENT;
	point = s[0] & (0x7fu >> n);
	for (int i = 1; i < n; i++)
	{
		if ((s[i] & 0xc0) != 0x80)
			return REPLACEMENT;
		point = point << 6 | (s[i] & 0x3f);
	}
	if (point < least[n] || point > 0x10ffff || (point >= 0xd800 && point < 0xe000))
		return REPLACEMENT;
	*used = (size_t) n;
	return point;
}

/* Char of XML 1.0, without line breaks and tabs, which would not survive in a label. */
static bool
in_xml(uint32_t point)
{
	return point >= 0x20 && point != 0x7f && !(point >= 0x80 && point < 0xa0) && (point & 0xfffe) != 0xfffe;
}

static void
put(ShopperWriter *w, const char *text)
{
	shopper_put_bytes(w, text, strlen(text));
}

void
shopper_svg_escape(ShopperWriter *w, const char *text, size_t length)
{
	size_t		used;

	for (size_t at = 0; at < length; at += used)
	{
		uint32_t	point = next_point((const unsigned char *) text + at, length - at, &used);

		switch (point)
		{
			case '&':
				put(w, "&amp;");
				break;
			case '<':
				put(w, "&lt;");
				break;
			case '>':
				put(w, "&gt;");
				break;
			case '"':
				put(w, "&quot;");
				break;
			case '\'':
				put(w, "&#39;");
				break;
			case '\t':
			case '\n':
			case '\r':
				put(w, " ");
				break;
			default:
				if (point != REPLACEMENT && in_xml(point))
					shopper_put_bytes(w, text + at, used);
				else
					put(w, "&#xfffd;");
		}
	}
}

/* Share of the font size: Verdana-like fonts, which are the wide ones. */
static double
point_width(uint32_t point)
{
	if (point < 0x80)
		return strchr("ijlI|'.,:;!", (int) point) != NULL ? 0.36 : strchr("frt()[]-/ \"", (int) point) != NULL ? 0.42
			: strchr("mwMW@%", (int) point) != NULL ? 0.95 : point >= 'A' && point <= 'Z' ? 0.7 : 0.62;
	if ((point >= 0x300 && point < 0x370) || (point >= 0x200b && point < 0x2010) || (point >= 0xfe00 && point < 0xfe10))
		return 0;				/* joined to the one before */
	if ((point >= 0x1100 && point < 0x1160) || (point >= 0x2e80 && point < 0xa4d0) || (point >= 0xac00 && point < 0xd7b0) ||
		(point >= 0xf900 && point < 0xfb00) || (point >= 0xfe30 && point < 0xfe70) || (point >= 0xff00 && point < 0xff61) || point >= 0x1f000)
		return 1.05;			/* East Asian wide ones, pictographs */
	return 0.66;
}

/* How many bytes of a text fit, and how wide these are. */
static size_t
fitting(const char *text, double size, double most, double *width)
{
	size_t		length = strlen(text),
				used,
				at;

	*width = 0;
	for (at = 0; at < length; at += used)
	{
		double		one = size * point_width(next_point((const unsigned char *) text + at, length - at, &used));

		if (*width + one > most)
			break;
		*width += one;
	}
	return at;
}

double
shopper_text_width(const char *text, double size)
{
	double		width;

	fitting(text, size, INFINITY, &width);
	return width;
}

/* ---- elements ---- */

/* At most two decimals, none that are 0. */
static void
put_coordinate(ShopperWriter *w, double x)
{
	char		buffer[32];
	int			hundredths = x - x != 0 ? 0 : (int) lround(fmin(fmax(x, -1e6), 1e6) * 100),
				size = hundredths < 0 ? -hundredths : hundredths;

	if (size % 100 == 0)
		snprintf(buffer, sizeof(buffer), "%s%d", hundredths < 0 ? "-" : "", size / 100);
	else if (size % 10 == 0)
		snprintf(buffer, sizeof(buffer), "%s%d.%d", hundredths < 0 ? "-" : "", size / 100, size % 100 / 10);
	else
		snprintf(buffer, sizeof(buffer), "%s%d.%02d", hundredths < 0 ? "-" : "", size / 100, size % 100);
	put(w, buffer);
}

static void
put_ink(ShopperWriter *w, char how, int ink)
{
	shopper_assert(ink >= 0 && ink < SHOPPER_INKS);
	if (how == 'F')
		shopper_svg(w, " class=\"sp-f%d\" fill=\"%s\"", ink, light[ink]);
	else if (how == 'S')
		shopper_svg(w, " class=\"sp-s%d\" stroke=\"%s\"", ink, light[ink]);
	else
		shopper_svg(w, " class=\"sp-f%d sp-s%d\" fill=\"%s\" stroke=\"%s\"", ink, ink, light[ink], light[ink]);
}

void
shopper_svg(ShopperWriter *w, const char *format,...)
{
	va_list		args;
	char		buffer[16];

	va_start(args, format);
	for (const char *p = format; *p != '\0'; p++)
	{
		const char *text;

		if (*p != '%')
		{
			size_t		run = strcspn(p, "%");

			shopper_put_bytes(w, p, run);
			p += run - 1;
			continue;
		}
		switch (*++p)
		{
			case 'n':
				put_coordinate(w, va_arg(args, double));
				break;
			case 'd':
				snprintf(buffer, sizeof(buffer), "%d", va_arg(args, int));
				put(w, buffer);
				break;
			case 's':
				put(w, va_arg(args, const char *));
				break;
			case 'e':
				text = va_arg(args, const char *);
				shopper_svg_escape(w, text, strlen(text));
				break;
			case 'F':
			case 'S':
			case 'B':
				put_ink(w, *p, va_arg(args, int));
				break;
			default:
				shopper_assert(false);
		}
	}
	va_end(args);
}

void
shopper_svg_begin(ShopperWriter *w, double width, double height, const char *title, const char *description)
{
	shopper_svg(w, "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%n\" height=\"%n\" viewBox=\"0 0 %n %n\" role=\"img\" font-family=\"" FONT "\" font-size=\"12\">\n",
				width, height, width, height);
	shopper_svg(w, "<title>%e</title>\n<desc>%e</desc>\n<style>@media (prefers-color-scheme:dark){", title, description);
	for (int ink = 0; ink < SHOPPER_INKS; ink++)
		shopper_svg(w, ".sp-f%d{fill:%s}.sp-s%d{stroke:%s}", ink, dark[ink], ink, dark[ink]);
	shopper_svg(w, "}</style>\n<rect width=\"%n\" height=\"%n\" rx=\"4\"%F/>\n", width, height, SHOPPER_INK_BACK);
}

void
shopper_svg_end(ShopperWriter *w)
{
	put(w, "</svg>");
}

void
shopper_svg_label(ShopperWriter *w, double x, double y, ShopperAnchor anchor, ShopperInk ink, double size, bool bold, double most, const char *text)
{
	static const char *const anchors[] = {"", " text-anchor=\"middle\"", " text-anchor=\"end\""};
	double		wide = bold ? 1.08 : 1,
				width;
	size_t		length = strlen(text),
				fits = fitting(text, size * wide, most, &width);

	if (length == 0)
		return;
	shopper_svg(w, "<text x=\"%n\" y=\"%n\"%s%s%F", x, y, anchors[anchor], bold ? " font-weight=\"600\"" : "", ink);
	if (size != 12)
		shopper_svg(w, " font-size=\"%n\"", size);
	put(w, ">");
	if (fits < length)
		fits = fitting(text, size * wide, most - size, &width);
	shopper_svg_escape(w, text, fits);
	if (fits < length)
		shopper_svg(w, "&#8230;<title>%e</title>", text);
	put(w, "</text>\n");
}
