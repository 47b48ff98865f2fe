/* Figures: escaping, ticks, numbers in words, and odd values: always well-formed, never outside. */
#include <float.h>
#include <limits.h>

#include "../../src/core/calendar.h"
#include "../../src/pictures/frame.h"
#include "check.h"

extern void test_pictures(void);

/* What the writer holds, as a text. */
static char *
text_of(ShopperWriter *w)
{
	shopper_put_bytes(w, "", 1);
	CHECK(w->status == SHOPPER_OK);
	return w->data == NULL ? "" : (char *) w->data;
}

/* Tags are closed in their order, attributes are quoted, no & or < is bare: enough for what shopper_svg can get wrong. */
static bool
well_formed(const char *s)
{
	const char *open[64];
	size_t		length[64];
	int			depth = 0;

	for (; *s != '\0'; s++)
	{
		if (*s == '&' && strncmp(s, "&amp;", 5) != 0 && strncmp(s, "&lt;", 4) != 0 && strncmp(s, "&gt;", 4) != 0 && strncmp(s, "&quot;", 6) != 0 && strncmp(s, "&#", 2) != 0)
			return false;
		if ((unsigned char) *s < 0x20 && *s != '\n')
			return false;
		if (*s == '>')
			return false;
		if (*s != '<')
			continue;
		if (s[1] == '/')
		{
			if (depth == 0 || strncmp(s + 2, open[depth - 1], length[depth - 1]) != 0 || s[2 + length[depth - 1]] != '>')
				return false;
			depth--;
			s += 2 + strcspn(s + 2, ">");
			continue;
		}
		open[depth] = s + 1;
		length[depth] = strcspn(s + 1, " />");
		for (s++; *s != '>'; s++)
		{
			if (*s == '\0' || *s == '<')
				return false;
			if (*s == '"')
				for (s++; *s != '"'; s++)
					if (*s == '\0' || *s == '<')
						return false;
		}
		if (s[-1] != '/' && ++depth == 64)
			return false;
	}
	return depth == 0;
}

static void
check_escape(ShopperEnv *env, const char *text, size_t length, const char *wanted)
{
	ShopperWriter w;

	shopper_writer_init(&w, env);
	shopper_svg_escape(&w, text, length);
	CHECK(strcmp(text_of(&w), wanted) == 0);
}

static void
test_escape(ShopperEnv *env)
{
	check_escape(env, "a<b>&\"'c", 8, "a&lt;b&gt;&amp;&quot;&#39;c");
	check_escape(env, "tab\tline\n", 9, "tab line ");
	check_escape(env, "\x01\x7f\x1f", 3, "&#xfffd;&#xfffd;&#xfffd;");
	check_escape(env, "\xe6\x97\xa5", 3, "\xe6\x97\xa5");
	check_escape(env, "\xe6\x97", 2, "&#xfffd;&#xfffd;");	/* cut */
	check_escape(env, "\xc0\xbc", 2, "&#xfffd;&#xfffd;");	/* '<' in two bytes */
	check_escape(env, "\xed\xa0\x80", 3, "&#xfffd;&#xfffd;&#xfffd;");	/* half of a pair */
	check_escape(env, "\xef\xbf\xbf", 3, "&#xfffd;");	/* not a character */
	check_escape(env, "\xf0\x9f\x9b\x92", 4, "\xf0\x9f\x9b\x92");
	check_escape(env, "\xf5\x80\x80\x80", 4, "&#xfffd;&#xfffd;&#xfffd;&#xfffd;");
}

static void
check_words(double x, const char *wanted)
{
	char		text[48];

	shopper_number_words(x, text, sizeof(text));
	if (strcmp(text, wanted) != 0)
		printf("%g is %s\n", x, text);
	CHECK(strcmp(text, wanted) == 0);
}

/* Ticks rise, lie on the axis, are evenly apart and have different labels. */
static void
check_axis(ShopperAxisKind kind, double low, double high, int wanted, bool loose)
{
	ShopperAxis a;

	shopper_axis(&a, kind, low, high, wanted, loose);
	a.from = 0;
	a.to = 1000;
	CHECK(a.n >= (kind == SHOPPER_AXIS_DAYS ? 1 : 2) && a.n <= SHOPPER_TICKS);
	CHECK(a.low < a.high && (low > high || (a.low <= low && a.high >= high)));
	for (int i = 0; i < a.n; i++)
	{
		double		x = shopper_axis_place(&a, a.tick[i].at);

		CHECK(x >= -1 && x <= 1001);
		CHECK(i == 0 || a.tick[i].at > a.tick[i - 1].at);
		CHECK(i == 0 || strcmp(a.tick[i].label, a.tick[i - 1].label) != 0);
		CHECK(strlen(a.tick[i].label) < 20);
	}
}

static void
test_axes(void)
{
	static const double span[] = {1e-320, 1e-300, 1e-12, 0.003, 0.1, 1, 7, 99, 1e4, 12345678, 1e15, 1e300, 1.7e308};
	ShopperAxis a;

	for (int i = 0; i < (int) (sizeof(span) / sizeof(span[0])); i++)
		for (int wanted = 3; wanted < 10; wanted++)
			for (int loose = 0; loose < 2; loose++)
			{
				check_axis(SHOPPER_AXIS_NUMBER, 0, span[i], wanted, loose);
				check_axis(SHOPPER_AXIS_NUMBER, -span[i], span[i] / 3, wanted, loose);
				check_axis(SHOPPER_AXIS_NUMBER, span[i], span[i], wanted, loose);
				check_axis(SHOPPER_AXIS_NUMBER, span[i] / 3, span[i], wanted, loose);
				check_axis(SHOPPER_AXIS_WHOLE, 1, 1 + floor(fmin(span[i], 1e15)), wanted, loose);
				if (span[i] > 1e-4 && span[i] < 2e6)
					check_axis(SHOPPER_AXIS_DAYS, 9000.3, 9000.3 + span[i], wanted, loose);
			}
	check_axis(SHOPPER_AXIS_NUMBER, 1e9, 1e9 + 5, 5, true);
	check_axis(SHOPPER_AXIS_NUMBER, -DBL_MAX, DBL_MAX, 3, true);
	check_axis(SHOPPER_AXIS_NUMBER, INFINITY, -INFINITY, 5, true);
	check_axis(SHOPPER_AXIS_DAYS, 0, 0, 5, false);
	check_axis(SHOPPER_AXIS_SHARE, 0, 1, 5, true);

	shopper_axis(&a, SHOPPER_AXIS_NUMBER, 0.2, 9.7, 6, true);
	CHECK(a.low == 0 && a.high == 10 && a.n == 6 && strcmp(a.tick[1].label, "2") == 0);
	shopper_axis(&a, SHOPPER_AXIS_NUMBER, 0, 45000, 5, true);
	CHECK(strcmp(a.tick[a.n - 1].label, "50k") == 0);
	shopper_axis(&a, SHOPPER_AXIS_DAYS, 9132, 9132 + 364, 6, false);	/* 2025 */
	CHECK(strcmp(a.tick[0].label, "2025-01") == 0 && strcmp(a.tick[1].label, "2025-04") == 0);
	shopper_axis(&a, SHOPPER_AXIS_DAYS, 9131.9, 9132.2, 6, false);
	CHECK(a.n == 2 && strcmp(a.tick[0].label, "2025-01-01") == 0 && strcmp(a.tick[1].label, "03:00") == 0);

	shopper_axis(&a, SHOPPER_AXIS_DAYS, 9132, 9132 + 40, 6, false);
	CHECK(strcmp(a.tick[0].label, "2025-01-06") == 0 && strcmp(a.tick[1].label, "2025-01-13") == 0);	/* Mondays */

	check_words(0, "0");
	check_words(-0.0, "0");
	check_words(0.73021, "0.73");
	check_words(12.345, "12.35");
	check_words(1234.4, "1234");
	check_words(99999, "100k");
	check_words(123456, "123k");
	check_words(-2.5e9, "-2.5bn");
	check_words(1e-300, "1.00e-300");
	check_words(1.5e300, "1.50e300");
	check_words(NAN, "NaN");
	check_words(-INFINITY, "-infinity");
}

static void
test_calendar(void)
{
	char		text[40];

	for (int64_t day = -800000; day < 800000; day += 97)
	{
		int64_t		month = shopper_month_of_day(day);

		CHECK(shopper_first_day(month) <= day && shopper_first_day(month + 1) > day);
	}
	shopper_date_text(0, text, sizeof(text));
	CHECK(strcmp(text, "2000-01-01") == 0);
	shopper_date_text(-1, text, sizeof(text));
	CHECK(strcmp(text, "1999-12-31") == 0);
	shopper_date_text(59, text, sizeof(text));
	CHECK(strcmp(text, "2000-02-29") == 0);
	shopper_date_text(9190, text, sizeof(text));
	CHECK(strcmp(text, "2025-02-28") == 0);
}

/* Values as strange as they come. */
static double
odd(int i)
{
	static const double value[] = {0, -0.0, 1, -1, 1e-300, -1e-320, 1e300, -DBL_MAX, DBL_MAX, NAN, INFINITY, -INFINITY, 0.1, 3.25, 1e17, 42};

	return value[(unsigned) i % 16];
}

static const char *
odd_name(int i)
{
	static const char *const name[] = {"<b>&\"'", "\x01\xff", "", "12", "7", "-1e5", "\xe6\x97\xa5\xe6\x9c\xac", "a name that is far too long to be shown beside anything, whatever it is beside",
	"class 10", "class 9", "(none)", "%n%s%F"};

	return i % 13 == 12 ? NULL : name[i % 12];
}

static size_t
size_of(const char *name)
{
	return name == NULL ? 0 : strlen(name);
}

/* Each figure of the first n odd rows from i on; the text lives in env. */
static char *
draw(ShopperEnv *env, int figure, int i, int n, const ShopperPicture *p)
{
	ShopperWriter w;
	ShopperMarks m;
	ShopperScatter s;
	ShopperBars b;
	ShopperMatrix x;

	shopper_writer_init(&w, env);
	CHECK_OK(env, shopper_marks_init(env, &m));
	CHECK_OK(env, shopper_scatter_init(env, 5, &s));
	CHECK_OK(env, shopper_bars_init(env, &b));
	CHECK_OK(env, shopper_matrix_init(env, &x));
	m.has_band = figure % 2 == 0;
	m.has_series = s.marks.has_series = b.has_series = i % 2 == 0;
	for (int k = i; k < i + n; k++)
	{
		const char *name = odd_name(k * 3),
				   *other = odd_name(k * 5 + 1);

		CHECK_OK(env, shopper_marks_add(&m, odd(k * 7), odd(k), odd(k * 3), odd(k * 5), name, size_of(name)));
		CHECK_OK(env, shopper_scatter_add(&s, odd(k * 7), odd(k), name, size_of(name)));
		CHECK_OK(env, shopper_bars_add(&b, name, size_of(name), odd(k), other, size_of(other)));
		CHECK_OK(env, shopper_matrix_add(&x, name, size_of(name), other, size_of(other), odd(k)));
	}
	if (figure < 4)
		CHECK_OK(env, shopper_draw_lines(&m, (ShopperCurve) figure, p, &w));
	else if (figure == 4)
		CHECK_OK(env, shopper_draw_scatter(&s, p, &w));
	else if (figure == 5)
		CHECK_OK(env, shopper_draw_bars(&b, p, &w));
	else
		CHECK_OK(env, shopper_draw_matrix(&x, p, &w));
	return text_of(&w);
}

static void
test_odd(void)
{
	static const ShopperPicture size[] = {
		{NULL, NULL, NULL, 640, 360}, {"<&>", "x", "?column?", SHOPPER_LEAST_WIDTH, SHOPPER_LEAST_HEIGHT}, {"t", "x\x02", "a long title of the axis that needs more than there is", 300, 4000}
	};

	for (int figure = 0; figure < 7; figure++)
		for (int n = 0; n < 40; n += n < 4 ? 1 : 9)
			for (int i = 0; i < 17; i++)
			{
				ShopperEnv *env = check_env(-1);
				char	   *svg = draw(env, figure, i, n, &size[i % 3]);

				CHECK(well_formed(svg));
				CHECK(strstr(svg, "nan") == NULL && strstr(svg, "\"inf") == NULL);
				check_env_end(env);
			}
}

/* The order of rows does not show: lines, clouds (also sampled ones) and matrices. */
static void
test_order(void)
{
	ShopperPicture p = {"t", "x", "y", 400, 300};
	char	   *first[3] = {NULL, NULL, NULL};

	for (int turn = 0; turn < 2; turn++)
	{
		ShopperEnv *env = check_env(-1);
		ShopperMarks m;
		ShopperScatter s;
		ShopperMatrix x;

		CHECK_OK(env, shopper_marks_init(env, &m));
		CHECK_OK(env, shopper_scatter_init(env, 300, &s));
		CHECK_OK(env, shopper_matrix_init(env, &x));
		m.has_series = s.marks.has_series = true;
		for (int k = 0; k < 20000; k++)
		{
			int			i = turn == 0 ? k : 19999 - k;
			const char *name = i % 3 == 0 ? "a" : "b";

			CHECK_OK(env, shopper_marks_add(&m, i / 7, sin(i), 0, 0, name, 1));
			CHECK_OK(env, shopper_scatter_add(&s, i % 1000, sin(i), name, 1));
			CHECK_OK(env, shopper_matrix_add(&x, name, 1, i % 5 == 0 ? "a" : "b", 1, 1));
		}
		for (int figure = 0; figure < 3; figure++)
		{
			ShopperWriter w;
			char	   *svg;

			shopper_writer_init(&w, env);
			CHECK_OK(env, figure == 0 ? shopper_draw_lines(&m, SHOPPER_PLAIN, &p, &w) : figure == 1 ? shopper_draw_scatter(&s, &p, &w) : shopper_draw_matrix(&x, &p, &w));
			svg = text_of(&w);
			CHECK(strlen(svg) < 60000);	/* thinned, sampled */
			if (turn == 0)
				first[figure] = strdup(svg);
			else
			{
				CHECK(strcmp(first[figure], svg) == 0);
				free(first[figure]);
			}
		}
		check_env_end(env);
	}
}

static void
test_tree(void)
{
	ShopperEnv *env = check_env(-1);
	ShopperDrawnNode node[] = {
		{-1, 0, NULL, "yes 0.6", 1, 0.6, 100, 3}, {0, 1, "age < 3 & so on", "no", 0, 0.9, 40, 1}, {0, 1, "age >= 3", "yes", 1, 2, 60, 2}, {2, 2, "x", "", -1, NAN, 30, 1}, {2, 2, "y", "\x01", 20, 0.1, 1e300, 1}
	};
	ShopperPicture p = {NULL, NULL, NULL, 0, 0};

	for (int most = 1; most < 5; most++)
	{
		ShopperWriter w;
		char	   *svg;

		shopper_writer_init(&w, env);
		CHECK_OK(env, shopper_draw_tree(env, node, 5, most, &p, &w));
		svg = text_of(&w);
		CHECK(well_formed(svg));
		CHECK((strstr(svg, "1 of 2 levels are drawn") != NULL) == (most == 1));
	}
	check_env_end(env);
}

static void
check_bar(ShopperEnv *env, double value, double low, double high, int width, const char *wanted)
{
	ShopperWriter w;

	shopper_writer_init(&w, env);
	shopper_text_bar(&w, value, low, high, width);
	CHECK(strcmp(text_of(&w), wanted) == 0);
}

#define FULL "\xe2\x96\x88"
#define HALF "\xe2\x96\x8c"
#define LOW "\xe2\x96\x81"

static void
test_words(ShopperEnv *env)
{
	ShopperWriter w;

	check_bar(env, 0.5, 0, 1, 4, FULL FULL);
	check_bar(env, 0.5, 0, 1, 3, FULL HALF);
	check_bar(env, -3, 0, 1, 3, "");
	check_bar(env, INFINITY, 0, 1, 2, FULL FULL);
	check_bar(env, -INFINITY, 0, 1, 2, "");
	check_bar(env, 1, 1, 1, 2, "");
	check_bar(env, 2, 1, 1, 1, FULL);
	check_bar(env, NAN, 0, 1, 1, "");
	check_bar(env, 1, 0, INFINITY, 1, "");
	check_bar(env, DBL_MAX, -DBL_MAX, DBL_MAX, 1, FULL);
	shopper_writer_init(&w, env);
	shopper_sparkline(&w, (double[]) {0, 7, NAN, -INFINITY, INFINITY}, 5);
	CHECK(strcmp(text_of(&w), LOW FULL " " LOW FULL) == 0);
	shopper_writer_init(&w, env);
	shopper_sparkline(&w, (double[]) {-DBL_MAX, DBL_MAX}, 2);
	CHECK(strcmp(text_of(&w), LOW FULL) == 0);
}

/* Out of memory at any point: a status, no crash. */
static void
test_memory(void)
{
	for (long allocations = 0; allocations < 60; allocations++)
	{
		ShopperEnv *env = check_env(allocations);
		ShopperMarks m;
		ShopperWriter w;
		ShopperPicture p = {"t", "x", "y", 400, 300};
		ShopperStatus status = shopper_marks_init(env, &m);

		shopper_writer_init(&w, env);
		m.has_band = true;
		for (int i = 0; status == SHOPPER_OK && i < 100; i++)
			status = shopper_marks_add(&m, i, i, i, i, i % 2 ? "a" : "b", 1);
		if (status == SHOPPER_OK)
			status = shopper_draw_lines(&m, SHOPPER_PLAIN, &p, &w);
		CHECK(status == SHOPPER_OK || status == SHOPPER_OUT_OF_MEMORY);
		check_env_end(env);
	}
}

void
test_pictures(void)
{
	ShopperEnv *env = check_env(-1);

	test_escape(env);
	test_words(env);
	check_env_end(env);
	test_axes();
	test_calendar();
	test_odd();
	test_order();
	test_tree();
	test_memory();
}
