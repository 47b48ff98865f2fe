/*
 * pictures.c: figures of the rows of a query, and of trees, as SVG.
 *
 * Texts go to the figures as UTF-8 and come back in the encoding of the database.
 */
#include "pg.h"

#include <math.h>

#include "executor/spi.h"
#include "mb/pg_wchar.h"

#include "../core/calendar.h"
#include "../models/trees/trees.h"
#include "../pictures/pictures.h"

#define MOST_POINTS 2000		/* of a cloud */
#define MOST_COLUMNS 5

/* ---- arguments: query, title, width, height ---- */

typedef enum Role
{
	ROLE_LABEL,					/* any type, as text */
	ROLE_VALUE,					/* a number */
	ROLE_PLACE					/* a number, a date or a time */
} Role;

typedef struct Column
{
	const char *what;
	Role		role;
	ShopperValueReader reader;
} Column;

typedef struct Reading
{
	ShopperEnv *env;
	MemoryContext context;
	ShopperPicture picture;
	const char *shape;			/* the columns in words */
	int			least;			/* columns that there must be */
	int			n;				/* that there are */
	Column		column[MOST_COLUMNS];
	void	   *figure;
	void		(*plan) (struct Reading *r);	/* n is known: say what the columns are; NULL: they are set */
	ShopperStatus (*take) (struct Reading *r, Datum *values, bool *nulls);
} Reading;

static char *
to_utf8(const char *text, size_t length)
{
	char	   *copy = pnstrdup(text, length);

	if (GetDatabaseEncoding() == PG_SQL_ASCII)	/* who knows; the figure shows U+FFFD for what is not UTF-8 */
		return copy;
	return pg_server_to_any(copy, (int) length, PG_UTF8);
}

static int
size_argument(FunctionCallInfo fcinfo, int n, const char *name, int least, int otherwise)
{
	int			pixels;

	if (PG_ARGISNULL(n))
		return otherwise;
	pixels = PG_GETARG_INT32(n);
	if (pixels < least || pixels > SHOPPER_MOST_PIXELS)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("%s must be from %d to %d pixels, got %d", name, least, SHOPPER_MOST_PIXELS, pixels)));
	return pixels;
}

static void
begin(FunctionCallInfo fcinfo, Reading *r, int first, int width, int height)
{
	memset(r, 0, sizeof(*r));
	r->env = shopper_env_create(CurrentMemoryContext, &r->context);
	if (!PG_ARGISNULL(first))
	{
		text	   *title = PG_GETARG_TEXT_PP(first);

		r->picture.title = to_utf8(VARDATA_ANY(title), VARSIZE_ANY_EXHDR(title));
	}
	if (PG_NARGS() < first + 3)
		return;
	r->picture.width = size_argument(fcinfo, first + 1, "width", SHOPPER_LEAST_WIDTH, width);
	r->picture.height = size_argument(fcinfo, first + 2, "height", SHOPPER_LEAST_HEIGHT, height);
}

/* ---- rows ---- */

static bool
is_number(ShopperConversion from)
{
	return (from >= SHOPPER_FROM_INT2 && from <= SHOPPER_FROM_INTERVAL);
}

static bool
is_time(ShopperConversion from)
{
	return from == SHOPPER_FROM_DATE || from == SHOPPER_FROM_TIMESTAMP || from == SHOPPER_FROM_TIMESTAMPTZ;
}

static void
start_rows(void *state, TupleDesc desc)
{
	Reading    *r = state;

	r->n = desc->natts;
	if (r->n < r->least || r->n > MOST_COLUMNS || (r->plan == NULL && r->column[r->n - 1].what == NULL))
		ereport(ERROR, (errcode(ERRCODE_DATATYPE_MISMATCH), errmsg("the query must return the columns %s", r->shape),
						errdetail("It returns %d.", desc->natts),
						errhint("Columns count by their position, their names become the titles of the axes.")));
	if (r->plan != NULL)
		r->plan(r);
	for (int i = 0; i < r->n; i++)
	{
		Column	   *c = &r->column[i];
		Form_pg_attribute a = TupleDescAttr(desc, i);

		shopper_value_reader(&c->reader, a->atttypid, CurrentMemoryContext);
		if ((c->role == ROLE_LABEL && c->reader.from == SHOPPER_FROM_VECTOR) ||
			(c->role == ROLE_VALUE && !is_number(c->reader.from)) ||
			(c->role == ROLE_PLACE && !is_number(c->reader.from) && !is_time(c->reader.from)))
			ereport(ERROR, (errcode(ERRCODE_DATATYPE_MISMATCH),
							errmsg("column %d (%s) must be %s, got type %s", i + 1, c->what,
								   c->role == ROLE_LABEL ? "a text or one value" : c->role == ROLE_VALUE ? "a number" : "a number, a date or a timestamp", format_type_be(a->atttypid)),
							errhint("The query must return the columns %s.", r->shape)));
	}
	r->picture.x_title = to_utf8(NameStr(TupleDescAttr(desc, 0)->attname), strlen(NameStr(TupleDescAttr(desc, 0)->attname)));
	if (r->n > 1)
		r->picture.y_title = to_utf8(NameStr(TupleDescAttr(desc, 1)->attname), strlen(NameStr(TupleDescAttr(desc, 1)->attname)));
}

static void
take_row(void *state, Datum *values, bool *nulls)
{
	Reading    *r = state;

	shopper_check(r->env, r->take(r, values, nulls));
}

/* NaN: NULL. */
static double
number_of(const Reading *r, int i, Datum *values, bool *nulls)
{
	const ShopperValueReader *reader = &r->column[i].reader;

	return i >= r->n || nulls[i] ? NAN : is_time(reader->from) ? shopper_value_days(reader, values[i]) : shopper_value_number(reader, values[i]);
}

/* Without DateStyle and time zone, as everywhere here; the time where it is not midnight. */
static char *
time_text(double days)
{
	char		date[40];
	int			second;

	if (isnan(days))
		return "infinity";
	shopper_date_text((int64) floor(days), date, sizeof(date));
	second = (int) ((days - floor(days)) * 86400 + 0.0005);
	return second == 0 ? pstrdup(date) : psprintf("%s %02d:%02d:%02d", date, second / 3600, second / 60 % 60, second % 60);
}

/* NULL: NULL, or there is no such column. */
static char *
text_of(Reading *r, int i, Datum *values, bool *nulls, size_t *length)
{
	ShopperValueReader *reader = &r->column[i].reader;
	const char *text;
	char	   *utf8;

	*length = 0;
	if (i >= r->n || i < 0 || nulls[i])
		return NULL;
	if (reader->from == SHOPPER_FROM_TIMESTAMP || reader->from == SHOPPER_FROM_TIMESTAMPTZ)
		utf8 = time_text(shopper_value_days(reader, values[i]));
	else
	{
		text = shopper_value_text(reader, values[i], length);
		utf8 = to_utf8(text, *length);
	}
	*length = strlen(utf8);
	return utf8;
}

static void
read_query(FunctionCallInfo fcinfo, int argument, Reading *r)
{
	ShopperRowSink sink = {start_rows, take_row, r};

	shopper_run_query(text_to_cstring(PG_GETARG_TEXT_PP(argument)), &sink);
}

static Datum
finish(Reading *r, ShopperStatus status, const ShopperWriter *w)
{
	char	   *text;
	Datum		result;

	shopper_check(r->env, status);
	text = pg_any_to_server((char *) w->data, (int) w->length, PG_UTF8);
	result = PointerGetDatum(cstring_to_text_with_len(text, text == (char *) w->data ? (int) w->length : (int) strlen(text)));
	MemoryContextDelete(r->context);
	return result;
}

static Column
column(const char *what, Role role)
{
	return (Column) {.what = what,.role = role};
}

/* ---- lines ---- */

static void
plan_lines(Reading *r)
{
	ShopperMarks *m = r->figure;

	m->has_series = r->n == 3 || r->n == 5;
	m->has_band = r->n >= 4;
	if (m->has_band)
	{
		r->column[2] = column("low", ROLE_VALUE);
		r->column[3] = column("high", ROLE_VALUE);
	}
	if (m->has_series)
		r->column[r->n - 1] = column("series", ROLE_LABEL);
}

static ShopperAxisKind
axis_kind(const Column *c)
{
	return is_time(c->reader.from) ? SHOPPER_AXIS_DAYS : shopper_conversion_is_integer(c->reader.from) ? SHOPPER_AXIS_WHOLE : SHOPPER_AXIS_NUMBER;
}

static ShopperStatus
take_mark(Reading *r, Datum *values, bool *nulls)
{
	ShopperMarks *m = r->figure;
	size_t		length;
	char	   *name = text_of(r, m->has_series ? r->n - 1 : -1, values, nulls, &length);

	m->x_kind = axis_kind(&r->column[0]);
	return shopper_marks_add(m, number_of(r, 0, values, nulls), number_of(r, 1, values, nulls),
							 m->has_band ? number_of(r, 2, values, nulls) : NAN, m->has_band ? number_of(r, 3, values, nulls) : NAN, name, length);
}

static Datum
draw_lines(FunctionCallInfo fcinfo, int first, ShopperCurve curve, int width, int height)
{
	Reading		r;
	ShopperMarks m;
	ShopperWriter w;

	begin(fcinfo, &r, first + 1, width, height);
	shopper_check(r.env, shopper_marks_init(r.env, &m));
	r.shape = "x, y [, low, high] [, series]";
	r.least = 2;
	r.column[0] = column("x", ROLE_PLACE);
	r.column[1] = column("y", ROLE_VALUE);
	r.figure = &m;
	r.plan = plan_lines;
	r.take = take_mark;
	read_query(fcinfo, first, &r);
	shopper_writer_init(&w, r.env);
	return finish(&r, shopper_draw_lines(&m, curve, &r.picture, &w), &w);
}

PG_FUNCTION_INFO_V1(shopper_plot_lines);
Datum
shopper_plot_lines(PG_FUNCTION_ARGS)
{
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	return draw_lines(fcinfo, 0, SHOPPER_PLAIN, 640, 360);
}

/* (kind, query, title, width, height) */
PG_FUNCTION_INFO_V1(shopper_plot_curve);
Datum
shopper_plot_curve(PG_FUNCTION_ARGS)
{
	char	   *kind;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		PG_RETURN_NULL();
	kind = text_to_cstring(PG_GETARG_TEXT_PP(0));
	if (strcmp(kind, "roc") == 0)
		return draw_lines(fcinfo, 1, SHOPPER_ROC, 480, 420);
	if (strcmp(kind, "calibration") == 0)
		return draw_lines(fcinfo, 1, SHOPPER_CALIBRATION, 480, 420);
	if (strcmp(kind, "lift") == 0)
		return draw_lines(fcinfo, 1, SHOPPER_LIFT, 480, 420);
	ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("kind must be roc, calibration or lift, got \"%s\"", kind)));
}

/* ---- points ---- */

static void
plan_scatter(Reading *r)
{
	ShopperScatter *s = r->figure;

	s->marks.has_series = r->n == 3;
}

static ShopperStatus
take_point(Reading *r, Datum *values, bool *nulls)
{
	ShopperScatter *s = r->figure;
	size_t		length;
	char	   *name = text_of(r, s->marks.has_series ? 2 : -1, values, nulls, &length);

	s->marks.x_kind = axis_kind(&r->column[0]) == SHOPPER_AXIS_DAYS ? SHOPPER_AXIS_DAYS : SHOPPER_AXIS_NUMBER;
	return shopper_scatter_add(s, number_of(r, 0, values, nulls), number_of(r, 1, values, nulls), name, length);
}

PG_FUNCTION_INFO_V1(shopper_plot_scatter);
Datum
shopper_plot_scatter(PG_FUNCTION_ARGS)
{
	Reading		r;
	ShopperScatter s;
	ShopperWriter w;

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	begin(fcinfo, &r, 1, 640, 480);
	shopper_check(r.env, shopper_scatter_init(r.env, MOST_POINTS, &s));
	r.shape = "x, y [, cluster]";
	r.least = 2;
	r.column[0] = column("x", ROLE_PLACE);
	r.column[1] = column("y", ROLE_VALUE);
	r.column[2] = column("cluster", ROLE_LABEL);
	r.figure = &s;
	r.take = take_point;
	r.plan = plan_scatter;
	read_query(fcinfo, 0, &r);
	shopper_writer_init(&w, r.env);
	return finish(&r, shopper_draw_scatter(&s, &r.picture, &w), &w);
}

/* ---- bars ---- */

static ShopperStatus
take_bar(Reading *r, Datum *values, bool *nulls)
{
	ShopperBars *b = r->figure;
	size_t		label_length,
				series_length;
	char	   *label = text_of(r, 0, values, nulls, &label_length),
			   *series = text_of(r, 2, values, nulls, &series_length);

	b->has_series = r->n == 3;
	return shopper_bars_add(b, label, label_length, number_of(r, 1, values, nulls), series, series_length);
}

PG_FUNCTION_INFO_V1(shopper_plot_bars);
Datum
shopper_plot_bars(PG_FUNCTION_ARGS)
{
	Reading		r;
	ShopperBars b;
	ShopperWriter w;

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	begin(fcinfo, &r, 1, 640, 0);
	shopper_check(r.env, shopper_bars_init(r.env, &b));
	r.shape = "label, value [, series]";
	r.least = 2;
	r.column[0] = column("label", ROLE_LABEL);
	r.column[1] = column("value", ROLE_VALUE);
	r.column[2] = column("series", ROLE_LABEL);
	r.figure = &b;
	r.take = take_bar;
	read_query(fcinfo, 0, &r);
	shopper_writer_init(&w, r.env);
	return finish(&r, shopper_draw_bars(&b, &r.picture, &w), &w);
}

/* ---- confusion matrix ---- */

static ShopperStatus
take_cell(Reading *r, Datum *values, bool *nulls)
{
	size_t		actual_length,
				predicted_length;
	char	   *actual = text_of(r, 0, values, nulls, &actual_length),
			   *predicted = text_of(r, 1, values, nulls, &predicted_length);

	return shopper_matrix_add(r->figure, actual, actual_length, predicted, predicted_length, number_of(r, 2, values, nulls));
}

PG_FUNCTION_INFO_V1(shopper_plot_matrix);
Datum
shopper_plot_matrix(PG_FUNCTION_ARGS)
{
	Reading		r;
	ShopperMatrix m;
	ShopperWriter w;

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	begin(fcinfo, &r, 1, 480, 0);
	shopper_check(r.env, shopper_matrix_init(r.env, &m));
	r.shape = "actual, predicted, row_count";
	r.least = 3;
	r.column[0] = column("actual", ROLE_LABEL);
	r.column[1] = column("predicted", ROLE_LABEL);
	r.column[2] = column("row_count", ROLE_VALUE);
	r.figure = &m;
	r.take = take_cell;
	read_query(fcinfo, 0, &r);
	shopper_writer_init(&w, r.env);
	return finish(&r, shopper_draw_matrix(&m, &r.picture, &w), &w);
}

/* ---- trees ---- */

typedef struct Nodes
{
	ShopperEnv *env;
	ShopperDrawnNode *node;
	int64_t		n;
	int64_t		capacity;
} Nodes;

static ShopperStatus
take_node(void *ctx, const ShopperTreeNode *node)
{
	Nodes	   *all = ctx;

	SHOPPER_TRY(shopper_grow(all->env, &all->node, &all->capacity, all->n + 1, sizeof(ShopperDrawnNode)));
	all->node[all->n++] = (ShopperDrawnNode) {
		.parent = node->parent,.depth = node->depth,
			.condition = node->condition == NULL ? NULL : to_utf8(node->condition, strlen(node->condition)),
			.prediction = to_utf8(node->prediction, strlen(node->prediction)),
			.class_number = node->class_number,.share = node->share,.rows = node->rows,.leaves = node->leaves
	};
	return SHOPPER_OK;
}

/* (model, tree, title, max_depth) */
PG_FUNCTION_INFO_V1(shopper_plot_tree);
Datum
shopper_plot_tree(PG_FUNCTION_ARGS)
{
	Reading		r;
	Nodes		all = {0};
	ShopperWriter w;
	MemoryContext old;
	ShopperStatus status;
	int			most;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		PG_RETURN_NULL();
	begin(fcinfo, &r, 2, 0, 0);
	most = PG_ARGISNULL(3) ? 4 : PG_GETARG_INT32(3);
	if (most < 1 || most > SHOPPER_MAX_DEPTH)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("max_depth must be from 1 to %d, got %d", SHOPPER_MAX_DEPTH, most)));
	all.env = r.env;
	shopper_writer_init(&w, r.env);
	old = MemoryContextSwitchTo(r.context);
	status = shopper_tree_nodes(r.env, shopper_model_of_shape(fcinfo, 0, SHOPPER_ROWS, "a model of trees", "Train one with tree(), forest() or boosting().")->model,
								PG_GETARG_INT32(1), take_node, &all);
	if (status == SHOPPER_OK)
		status = shopper_draw_tree(r.env, all.node, all.n, most, &r.picture, &w);
	MemoryContextSwitchTo(old);
	return finish(&r, status, &w);
}
