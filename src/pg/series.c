/*
 * series.c: window functions over the rows of a partition: interpolate, impute, sessionize,
 * and those that find values that stand out.
 *
 * All but sessionize read the whole partition at its first row and keep one number for each row.
 * As with lag() and rank(), the frame does not matter.
 */
#include "pg.h"

#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/timestamp.h"
#include "windowapi.h"

#include <float.h>

#include "../core/sort.h"
#include "../features/dictionary.h"
#include "../prepare/series.h"

/* What a partition's rows get: NaN is NULL. */
typedef struct Column
{
	bool		ready;
	double		value[FLEXIBLE_ARRAY_MEMBER];
} Column;

/* One argument of all rows of the partition; NULL is NaN. */
static void
read_numbers(WindowObject w, int argument, int64 n, double *x)
{
	bool		null,
				out;

	for (int64 i = 0; i < n; i++)
	{
		Datum		d = WinGetFuncArgInPartition(w, argument, (int) i, WINDOW_SEEK_HEAD, false, &null, &out);

		if ((i & 0x3fff) == 0)
			CHECK_FOR_INTERRUPTS();
		x[i] = null ? NAN : DatumGetFloat8(d);
	}
}

/* The numbers of the partition's rows, read and worked on by `work` at its first row. */
typedef void (*ColumnWork) (FunctionCallInfo fcinfo, ShopperEnv *env, WindowObject w, int64 n, double *x);

static double
column_value(FunctionCallInfo fcinfo, ColumnWork work)
{
	WindowObject w = PG_WINDOW_OBJECT();
	int64		n = WinGetPartitionRowCount(w);
	Column	   *c;

	if (n > (int64) ((MaxAllocSize - offsetof(Column, value)) / sizeof(double)))
		ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED), errmsg("a partition of %lld rows is too large", (long long) n),
						errhint("Partition the window, or work on parts of the rows.")));
	c = WinGetPartitionLocalMemory(w, offsetof(Column, value) + sizeof(double) * n);
	if (!c->ready)
	{
		MemoryContext context,
					old;
		ShopperEnv *env = shopper_env_create(CurrentMemoryContext, &context);

		old = MemoryContextSwitchTo(context);
		read_numbers(w, 0, n, c->value);
		work(fcinfo, env, w, n, c->value);
		MemoryContextSwitchTo(old);
		MemoryContextDelete(context);
		c->ready = true;
	}
	return c->value[WinGetCurrentPosition(w)];
}

static Datum
number_or_null(FunctionCallInfo fcinfo, double x)
{
	if (x - x != 0)
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(x);
}

/* ---- arguments, the same for all rows ---- */

static Datum
current(WindowObject w, int n, bool *null)
{
	return WinGetFuncArgCurrent(w, n, null);
}

static double
number_argument(WindowObject w, int n, const char *name, double least, double most)
{
	bool		null;
	Datum		d = current(w, n, &null);
	double		x = null ? NAN : DatumGetFloat8(d);

	if (!(x >= least && x <= most))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("%s must be from %g to %g, got %s", name, least, most,
																		 null ? "null" : psprintf("%g", x))));
	return x;
}

static int
choice_argument(WindowObject w, int n, const char *name, const char *const *choice)
{
	bool		null;
	Datum		d = current(w, n, &null);
	char	   *word = null ? pstrdup("null") : text_to_cstring(DatumGetTextPP(d));
	StringInfoData all;

	for (int i = 0; choice[i] != NULL; i++)
		if (pg_strcasecmp(word, choice[i]) == 0)
			return i;
	initStringInfo(&all);
	for (int i = 0; choice[i] != NULL; i++)
		appendStringInfo(&all, "%s%s", i == 0 ? "" : choice[i + 1] == NULL ? " or " : ", ", choice[i]);
	ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("%s must be %s, got \"%s\"", name, all.data, word)));
}

/* Days; months count 30.436875 of them, a twelfth of a mean year. NAN: NULL. */
static double
interval_argument(WindowObject w, int n, const char *name)
{
	bool		null;
	Datum		d = current(w, n, &null);
	const Interval *i;
	double		days;

	if (null)
		return NAN;
	i = DatumGetIntervalP(d);
	days = (double) i->time / (double) USECS_PER_DAY + i->day + i->month * 30.436875;
	if (days <= 0)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("%s must be longer than nothing", name)));
	return days;
}

/* A reader for an argument that is a time or a number, kept at the call site. */
static ShopperValueReader *
time_reader(FunctionCallInfo fcinfo, int n)
{
	ShopperValueReader *reader = fcinfo->flinfo->fn_extra;
	Oid			type;

	if (reader != NULL)
		return reader;
	type = get_fn_expr_argtype(fcinfo->flinfo, n);
	reader = MemoryContextAllocZero(fcinfo->flinfo->fn_mcxt, sizeof(ShopperValueReader));
	shopper_value_reader(reader, type, fcinfo->flinfo->fn_mcxt);
	if ((reader->from < SHOPPER_FROM_INT2 || reader->from > SHOPPER_FROM_NUMERIC) && reader->from != SHOPPER_FROM_DATE &&
		reader->from != SHOPPER_FROM_TIMESTAMP && reader->from != SHOPPER_FROM_TIMESTAMPTZ)
		ereport(ERROR, (errcode(ERRCODE_DATATYPE_MISMATCH), errmsg("ts must be a date, a timestamp or a number, got type %s", format_type_be(type))));
	fcinfo->flinfo->fn_extra = reader;
	return reader;
}

/* Days, or the number. */
static double
time_of(const ShopperValueReader *reader, Datum d)
{
	return reader->from <= SHOPPER_FROM_NUMERIC ? shopper_value_number(reader, d) : shopper_value_days(reader, d);
}

/* ---- interpolate(value, ts, method, ends, degree, period, max_gap) ---- */

static void
fill_gaps(FunctionCallInfo fcinfo, ShopperEnv *env, WindowObject w, int64 n, double *x)
{
	static const char *const method[] = {"step", "linear", "polynomial", "spline", "seasonal", NULL};
	static const char *const ends[] = {"null", "hold", "extrapolate", NULL};
	const ShopperValueReader *reader = time_reader(fcinfo, 1);
	double	   *time = MemoryContextAllocHuge(CurrentMemoryContext, sizeof(double) * n);
	ShopperGaps g = {
		.method = (ShopperInterpolation) choice_argument(w, 2, "method", method),
		.ends = (ShopperSeriesEnds) choice_argument(w, 3, "ends", ends)
	};
	bool		null,
				out,
				is_number = reader->from <= SHOPPER_FROM_NUMERIC;
	Datum		degree = current(w, 4, &null);

	g.degree = null ? 0 : DatumGetInt32(degree);
	if (g.degree < 1 || g.degree > 20)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("degree must be from 1 to 20, got %s", null ? "null" : psprintf("%d", g.degree))));
	g.period = interval_argument(w, 5, "period");
	g.max_gap = interval_argument(w, 6, "max_gap");
	if (g.method == SHOPPER_SEASONAL && isnan(g.period))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("method seasonal needs a period"),
						errhint("Give the time after which the pattern repeats: period => '7 days'; where ts is a number, a day is 1.")));
	if (isnan(g.max_gap))
		g.max_gap = INFINITY;
	for (int64 i = 0; i < n; i++)
	{
		Datum		d = WinGetFuncArgInPartition(w, 1, (int) i, WINDOW_SEEK_HEAD, false, &null, &out);

		if ((i & 0x3fff) == 0)
			CHECK_FOR_INTERRUPTS();
		time[i] = null ? NAN : is_number ? shopper_value_number(reader, d) : shopper_value_days(reader, d);
	}
	shopper_check(env, shopper_fill_gaps(env, &g, n, time, x));
}

PG_FUNCTION_INFO_V1(shopper_sql_interpolate);
Datum
shopper_sql_interpolate(PG_FUNCTION_ARGS)
{
	return number_or_null(fcinfo, column_value(fcinfo, fill_gaps));
}

/* ---- impute(value, method) ---- */

static void
mean_and_deviation(const double *x, int64 n, double *mean, double *sd)
{
	double		m = 0,
				squares = 0;
	int64		known = 0;

	for (int64 i = 0; i < n; i++)	/* Welford 1962 */
		if (!isnan(x[i]))
		{
			double		d = x[i] - m;

			m += d / (double) ++known;
			squares += d * (x[i] - m);
		}
	*mean = known > 0 ? m : NAN;
	*sd = known > 1 ? sqrt(squares / (double) (known - 1)) : NAN;
}

/* The most frequent value; of several the least. */
static double
mode_of(const double *x, int64 n, ShopperEnv *env)
{
	uint32_t   *order = MemoryContextAllocHuge(CurrentMemoryContext, sizeof(uint32_t) * n);
	double		best = NAN;
	int64		most = 0,
				run = 0;

	shopper_check(env, shopper_sort_doubles(env, x, order, n));
	for (int64 i = 0; i < n && !isnan(x[order[i]]); i++)
	{
		run = i > 0 && x[order[i]] == x[order[i - 1]] ? run + 1 : 1;
		if (run > most)
		{
			most = run;
			best = x[order[i]];
		}
	}
	return best;
}

static void
impute(FunctionCallInfo fcinfo, ShopperEnv *env, WindowObject w, int64 n, double *x)
{
	static const char *const method[] = {"median", "mean", "mode", NULL};
	double		fill,
				sd,
				half = 0.5;

	switch (choice_argument(w, 1, "method", method))
	{
		case 0:
			shopper_check(env, shopper_quantiles(env, x, n, &half, 1, &fill));
			break;
		case 1:
			mean_and_deviation(x, n, &fill, &sd);
			break;
		default:
			fill = mode_of(x, n, env);
	}
	for (int64 i = 0; i < n; i++)
		if (isnan(x[i]))
			x[i] = fill;
}

PG_FUNCTION_INFO_V1(shopper_sql_impute);
Datum
shopper_sql_impute(PG_FUNCTION_ARGS)
{
	return number_or_null(fcinfo, column_value(fcinfo, impute));
}

/* ---- impute(text): the most frequent one ---- */

typedef struct FrequentText
{
	bool		known;
	int32		length;
	char		text[FLEXIBLE_ARRAY_MEMBER];
} FrequentText;

/* Its code, of equally frequent ones the first by bytes; -1: all are NULL. */
static int64
most_frequent(ShopperEnv *env, WindowObject w, ShopperDictionary *d)
{
	int64		n = WinGetPartitionRowCount(w),
				best = -1;

	shopper_check(env, shopper_dictionary_init(d, env, SHOPPER_ID_TEXT));
	for (int64 i = 0; i < n; i++)
	{
		bool		null,
					out;
		Datum		value = WinGetFuncArgInPartition(w, 0, (int) i, WINDOW_SEEK_HEAD, false, &null, &out);
		text	   *word;
		uint32_t	code;

		if ((i & 0x3fff) == 0)
			CHECK_FOR_INTERRUPTS();
		if (null)
			continue;
		word = DatumGetTextPP(value);
		shopper_check(env, shopper_dictionary_add_text(d, VARDATA_ANY(word), VARSIZE_ANY_EXHDR(word), &code));
		d->count[code]++;
		if ((Pointer) word != DatumGetPointer(value))
			pfree(word);
	}
	for (int64 c = 0; c < d->n; c++)
		if (best < 0 || d->count[c] > d->count[best] ||
			(d->count[c] == d->count[best] && strcmp(d->bytes + d->start[c], d->bytes + d->start[best]) < 0))
			best = c;
	return best;
}

/* At the first row of a partition. */
static FrequentText *
find_mode(WindowObject w)
{
	MemoryContext context,
				old;
	ShopperEnv *env = shopper_env_create(CurrentMemoryContext, &context);
	ShopperDictionary d = {0};
	FrequentText *mode;
	int64		best;

	old = MemoryContextSwitchTo(context);
	best = most_frequent(env, w, &d);
	mode = WinGetPartitionLocalMemory(w, offsetof(FrequentText, text) + (best < 0 ? 0 : d.length[best]));
	mode->known = best >= 0;
	if (mode->known)
	{
		mode->length = d.length[best];
		memcpy(mode->text, d.bytes + d.start[best], d.length[best]);
	}
	MemoryContextSwitchTo(old);
	MemoryContextDelete(context);
	return mode;
}

PG_FUNCTION_INFO_V1(shopper_sql_impute_text);
Datum
shopper_sql_impute_text(PG_FUNCTION_ARGS)
{
	WindowObject w = PG_WINDOW_OBJECT();
	FrequentText *mode = WinGetCurrentPosition(w) == 0 ? find_mode(w) : WinGetPartitionLocalMemory(w, 0);
	bool		null;
	Datum		value = current(w, 0, &null);

	if (!null)
		return value;
	if (!mode->known)
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(cstring_to_text_with_len(mode->text, mode->length));
}

/* ---- zscore(value), robust_zscore(value) and the outlier_* that ask them; winsorize ---- */

static void
zscores(FunctionCallInfo fcinfo, ShopperEnv *env, WindowObject w, int64 n, double *x)
{
	double		mean,
				sd;

	mean_and_deviation(x, n, &mean, &sd);
	for (int64 i = 0; i < n; i++)
		x[i] = x[i] == mean ? 0 : sd > 0 ? (x[i] - mean) / sd : NAN;
}

/* 0.6745 (x - median) / MAD (Iglewicz and Hoaglin, How to Detect and Handle Outliers, 1993): the 0.6745 makes it a z-score of normal values. */
static void
robust_zscores(FunctionCallInfo fcinfo, ShopperEnv *env, WindowObject w, int64 n, double *x)
{
	double		half = 0.5,
				median,
				away;

	shopper_check(env, shopper_quantiles(env, x, n, &half, 1, &median));
	shopper_check(env, shopper_median_deviation(env, x, n, median, &away));
	for (int64 i = 0; i < n; i++)
		x[i] = x[i] == median ? 0 : isnan(x[i]) ? NAN : away > 0 ? 0.6744897501960817 * (x[i] - median) / away : copysign(DBL_MAX, x[i] - median);
}

PG_FUNCTION_INFO_V1(shopper_sql_zscore);
Datum
shopper_sql_zscore(PG_FUNCTION_ARGS)
{
	return number_or_null(fcinfo, column_value(fcinfo, zscores));
}

PG_FUNCTION_INFO_V1(shopper_sql_robust_zscore);
Datum
shopper_sql_robust_zscore(PG_FUNCTION_ARGS)
{
	double		z = column_value(fcinfo, robust_zscores);

	if (fabs(z) == DBL_MAX)		/* more than half of the values are equal, and this is another one */
		PG_RETURN_FLOAT8(copysign(INFINITY, z));
	return number_or_null(fcinfo, z);
}

static Datum
beyond(FunctionCallInfo fcinfo, double score, double threshold)
{
	if (isnan(score))
		PG_RETURN_NULL();
	PG_RETURN_BOOL(fabs(score) > threshold);
}

PG_FUNCTION_INFO_V1(shopper_sql_outlier_zscore);
Datum
shopper_sql_outlier_zscore(PG_FUNCTION_ARGS)
{
	double		z = column_value(fcinfo, zscores);

	return beyond(fcinfo, z, number_argument(PG_WINDOW_OBJECT(), 1, "threshold", 0, 1e6));
}

PG_FUNCTION_INFO_V1(shopper_sql_outlier_mad);
Datum
shopper_sql_outlier_mad(PG_FUNCTION_ARGS)
{
	double		z = column_value(fcinfo, robust_zscores);

	return beyond(fcinfo, z, number_argument(PG_WINDOW_OBJECT(), 1, "threshold", 0, 1e6));
}

/* How far beyond the nearer quartile, in interquartile ranges (Tukey, Exploratory Data Analysis, 1977). */
static void
beyond_quartiles(FunctionCallInfo fcinfo, ShopperEnv *env, WindowObject w, int64 n, double *x)
{
	static const double share[] = {0.25, 0.75};
	double		q[2],
				range;

	shopper_check(env, shopper_quantiles(env, x, n, share, 2, q));
	range = q[1] - q[0];
	for (int64 i = 0; i < n; i++)
	{
		double		away = x[i] < q[0] ? q[0] - x[i] : x[i] > q[1] ? x[i] - q[1] : 0;

		x[i] = isnan(x[i]) ? NAN : away == 0 ? 0 : range > 0 ? away / range : DBL_MAX;
	}
}

PG_FUNCTION_INFO_V1(shopper_sql_outlier_iqr);
Datum
shopper_sql_outlier_iqr(PG_FUNCTION_ARGS)
{
	double		away = column_value(fcinfo, beyond_quartiles);

	return beyond(fcinfo, away, number_argument(PG_WINDOW_OBJECT(), 1, "fence", 0, 1e6));
}

static void
winsorize(FunctionCallInfo fcinfo, ShopperEnv *env, WindowObject w, int64 n, double *x)
{
	double		share[2] = {number_argument(w, 1, "lower", 0, 1), number_argument(w, 2, "upper", 0, 1)},
				q[2];

	if (share[0] > share[1])
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("lower must not be above upper, got %g and %g", share[0], share[1])));
	shopper_check(env, shopper_quantiles(env, x, n, share, 2, q));
	for (int64 i = 0; i < n; i++)
		x[i] = x[i] < q[0] ? q[0] : x[i] > q[1] ? q[1] : x[i];
}

PG_FUNCTION_INFO_V1(shopper_sql_winsorize);
Datum
shopper_sql_winsorize(PG_FUNCTION_ARGS)
{
	return number_or_null(fcinfo, column_value(fcinfo, winsorize));
}

/* ---- sessionize(ts, gap, min_lag) ---- */

typedef struct Sessions
{
	bool		begun;
	double		last;			/* days: the event before */
	int64		session;
} Sessions;

/*
 * Rows come in the order of the window; the session goes on while an event follows the one before within gap. One
 * that follows within less than min_lag is no click of a person: NULL, but the session lasts.
 */
PG_FUNCTION_INFO_V1(shopper_sql_sessionize);
Datum
shopper_sql_sessionize(PG_FUNCTION_ARGS)
{
	WindowObject w = PG_WINDOW_OBJECT();
	Sessions   *s = WinGetPartitionLocalMemory(w, sizeof(Sessions));
	const ShopperValueReader *reader = time_reader(fcinfo, 0);
	double		gap = interval_argument(w, 1, "gap"),
				min_lag = interval_argument(w, 2, "min_lag"),
				now,
				since;
	bool		null;
	Datum		d = current(w, 0, &null);

	if (isnan(gap))
		ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("gap must not be null")));
	now = null ? NAN : time_of(reader, d);
	WinSetMarkPosition(w, WinGetCurrentPosition(w));
	if (isnan(now))
		PG_RETURN_NULL();
	since = s->begun ? now - s->last : INFINITY;
	if (since < -1e-9)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("sessionize needs the events in the order of time"),
						errhint("Write sessionize(ts) OVER (PARTITION BY visitor ORDER BY ts).")));
	s->begun = true;
	s->last = now;
	if (since * (double) USECS_PER_DAY > gap * (double) USECS_PER_DAY + 0.5)
		s->session++;
	else if (!isnan(min_lag) && since * (double) USECS_PER_DAY < min_lag * (double) USECS_PER_DAY - 0.5)
		PG_RETURN_NULL();
	PG_RETURN_INT64(s->session);
}
