/*
 * evaluate.c: aggregates that measure predictions, over plain arguments.
 *
 * Two states. Sums: a float8[] that is added to in place, merged by adding (log
 * loss, accuracy, rmse ...). Points: pairs of numbers kept until the end, for
 * everything that needs an order (auc, curves, ranking); merged by appending, so
 * results do not depend on the plan. confusion() counts pairs of texts.
 */
#include "pg.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "libpq/pqformat.h"
#include "utils/array.h"
#include "utils/lsyscache.h"
#include "utils/typcache.h"

#include "../core/hash.h"
#include "../core/metrics.h"
#include "../core/sort.h"

static MemoryContext
aggregate_context(FunctionCallInfo fcinfo)
{
	MemoryContext context;

	if (!AggCheckCallContext(fcinfo, &context))
		elog(ERROR, "aggregate function called in non-aggregate context");
	return context;
}

/* ---- reading labels ---- */

typedef struct Labels			/* in fn_extra: how to read the arguments of "any" */
{
	ShopperValueReader reader[4];
} Labels;

static Labels *
find_labels(FunctionCallInfo fcinfo)
{
	Labels	   *l = fcinfo->flinfo->fn_extra;

	if (l != NULL)
		return l;
	l = MemoryContextAllocZero(fcinfo->flinfo->fn_mcxt, sizeof(Labels));
	for (int i = 0; i < Min(PG_NARGS(), 4); i++)
	{
		Oid			type = get_fn_expr_argtype(fcinfo->flinfo, i);

		if (!OidIsValid(type))
			elog(ERROR, "could not determine the type of argument %d", i + 1);
		if (type != INTERNALOID)
			shopper_value_reader(&l->reader[i], type, fcinfo->flinfo->fn_mcxt);
	}
	return fcinfo->flinfo->fn_extra = l;
}

static bool
is_yes(const char *word, size_t length)
{
	static const char *const yes[] = {"true", "t", "1", "yes", "y"};

	for (int i = 0; i < 5; i++)
		if (strlen(yes[i]) == length && pg_strncasecmp(yes[i], word, length) == 0)
			return true;
	return false;
}

/* Boolean, a number that is not 0, or true, t, 1, yes, y in any case. */
static bool
is_positive(ShopperValueReader *reader, Datum value)
{
	size_t		length;
	const char *word;

	if (reader->from == SHOPPER_FROM_BOOL)
		return DatumGetBool(value);
	if (reader->from >= SHOPPER_FROM_INT2 && reader->from <= SHOPPER_FROM_NUMERIC)
		return shopper_value_number(reader, value) != 0;
	word = shopper_value_text(reader, value, &length);
	return is_yes(word, length);
}

/* ---- sums ---- */

#define SUM_FIELDS 5

/* The state's numbers, made when absent; in place, as the executor owns the array. */
static double *
sums_state(FunctionCallInfo fcinfo, ArrayType **array)
{
	MemoryContext context = aggregate_context(fcinfo);

	if (PG_ARGISNULL(0))
	{
		MemoryContext old = MemoryContextSwitchTo(context);
		Datum		zero[SUM_FIELDS];

		for (int i = 0; i < SUM_FIELDS; i++)
			zero[i] = Float8GetDatum(0);
		*array = construct_array(zero, SUM_FIELDS, FLOAT8OID, sizeof(float8), FLOAT8PASSBYVAL, TYPALIGN_DOUBLE);
		MemoryContextSwitchTo(old);
	}
	else
		*array = PG_GETARG_ARRAYTYPE_P(0);
	if (ARR_NDIM(*array) != 1 || ARR_DIMS(*array)[0] != SUM_FIELDS || ARR_HASNULL(*array) || ARR_ELEMTYPE(*array) != FLOAT8OID)
		elog(ERROR, "unexpected aggregate state");
	return (double *) ARR_DATA_PTR(*array);
}

PG_FUNCTION_INFO_V1(shopper_sums_combine);
Datum
shopper_sums_combine(PG_FUNCTION_ARGS)
{
	ArrayType  *a,
			   *b;
	double	   *x,
			   *y;

	if (PG_ARGISNULL(1))
	{
		if (PG_ARGISNULL(0))
			PG_RETURN_NULL();
		PG_RETURN_DATUM(PG_GETARG_DATUM(0));
	}
	x = sums_state(fcinfo, &a);
	b = PG_GETARG_ARRAYTYPE_P(1);
	if (ARR_NDIM(b) != 1 || ARR_DIMS(b)[0] != SUM_FIELDS || ARR_HASNULL(b) || ARR_ELEMTYPE(b) != FLOAT8OID)
		elog(ERROR, "unexpected aggregate state");
	y = (double *) ARR_DATA_PTR(b);
	for (int i = 0; i < SUM_FIELDS; i++)
		x[i] += y[i];
	PG_RETURN_ARRAYTYPE_P(a);
}

static double *
final_sums(FunctionCallInfo fcinfo)
{
	ArrayType  *array;

	aggregate_context(fcinfo);
	if (PG_ARGISNULL(0))
		return NULL;
	return sums_state(fcinfo, &array);
}

/* Rows with a NULL are left out, as in every aggregate of SQL. */
static bool
any_null(FunctionCallInfo fcinfo)
{
	return PG_ARGISNULL(1) || PG_ARGISNULL(2);
}

static Datum
keep_state(FunctionCallInfo fcinfo)
{
	aggregate_context(fcinfo);
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	PG_RETURN_DATUM(PG_GETARG_DATUM(0));
}

static double
probability(FunctionCallInfo fcinfo)
{
	double		p = PG_GETARG_FLOAT8(2);

	if (!(p >= 0 && p <= 1))
		ereport(ERROR, (errcode(ERRCODE_DATA_EXCEPTION), errmsg("a probability must be from 0 to 1, got %g", p)));
	return p;
}

/* (label, probability): [rows, log loss, squared error] */
PG_FUNCTION_INFO_V1(shopper_probability_accum);
Datum
shopper_probability_accum(PG_FUNCTION_ARGS)
{
	ArrayType  *array;
	double	   *sum,
				p;
	bool		y;

	if (any_null(fcinfo))
		return keep_state(fcinfo);
	y = is_positive(&find_labels(fcinfo)->reader[1], PG_GETARG_DATUM(1));
	p = probability(fcinfo);
	sum = sums_state(fcinfo, &array);
	sum[0] += 1;
	sum[1] += shopper_log_loss_one(y ? p : 1 - p);
	sum[2] += (p - y) * (p - y);
	PG_RETURN_ARRAYTYPE_P(array);
}

/* (actual, predicted) classes: [rows, equal, true positive, predicted positive, actual positive] */
PG_FUNCTION_INFO_V1(shopper_class_accum);
Datum
shopper_class_accum(PG_FUNCTION_ARGS)
{
	Labels	   *l = find_labels(fcinfo);
	ArrayType  *array;
	double	   *sum;
	const char *a,
			   *b,
			   *positive = NULL;
	size_t		na,
				nb,
				np = 0;
	bool		ya,
				yb;

	if (any_null(fcinfo))
		return keep_state(fcinfo);
	a = shopper_value_text(&l->reader[1], PG_GETARG_DATUM(1), &na);
	b = shopper_value_text(&l->reader[2], PG_GETARG_DATUM(2), &nb);
	if (PG_NARGS() > 3 && !PG_ARGISNULL(3))
	{
		text	   *t = PG_GETARG_TEXT_PP(3);

		positive = VARDATA_ANY(t);
		np = VARSIZE_ANY_EXHDR(t);
	}
	ya = positive != NULL ? na == np && memcmp(a, positive, np) == 0 : is_yes(a, na);
	yb = positive != NULL ? nb == np && memcmp(b, positive, np) == 0 : is_yes(b, nb);
	sum = sums_state(fcinfo, &array);
	sum[0] += 1;
	sum[1] += na == nb && memcmp(a, b, na) == 0;
	sum[2] += ya && yb;
	sum[3] += yb;
	sum[4] += ya;
	PG_RETURN_ARRAYTYPE_P(array);
}

/* (actual, predicted) numbers: [rows, absolute error, squared error, sum of y, sum of squares of y] */
PG_FUNCTION_INFO_V1(shopper_number_accum);
Datum
shopper_number_accum(PG_FUNCTION_ARGS)
{
	ArrayType  *array;
	double	   *sum,
				y,
				e;

	if (any_null(fcinfo))
		return keep_state(fcinfo);
	y = PG_GETARG_FLOAT8(1);
	e = y - PG_GETARG_FLOAT8(2);
	sum = sums_state(fcinfo, &array);
	/* mean and sum of squared deviations of y, updated (Welford 1962) */
	sum[0] += 1;
	sum[1] += fabs(e);
	sum[2] += e * e;
	{
		double		gap = y - sum[3];

		sum[3] += gap / sum[0];
		sum[4] += gap * (y - sum[3]);
	}
	PG_RETURN_ARRAYTYPE_P(array);
}

/* The same, merged by Chan's rule, which keeps r2 exact for large means. */
PG_FUNCTION_INFO_V1(shopper_number_combine);
Datum
shopper_number_combine(PG_FUNCTION_ARGS)
{
	ArrayType  *a,
			   *b;
	double	   *x,
			   *y,
				n,
				gap;

	if (PG_ARGISNULL(1))
		return keep_state(fcinfo);
	x = sums_state(fcinfo, &a);
	b = PG_GETARG_ARRAYTYPE_P(1);
	if (ARR_NDIM(b) != 1 || ARR_DIMS(b)[0] != SUM_FIELDS || ARR_HASNULL(b) || ARR_ELEMTYPE(b) != FLOAT8OID)
		elog(ERROR, "unexpected aggregate state");
	y = (double *) ARR_DATA_PTR(b);
	n = x[0] + y[0];
	if (n > 0)
	{
		gap = y[3] - x[3];
		x[3] += gap * y[0] / n;
		x[4] += y[4] + gap * gap * x[0] * y[0] / n;
	}
	x[0] = n;
	x[1] += y[1];
	x[2] += y[2];
	PG_RETURN_ARRAYTYPE_P(a);
}

#define FINAL_OF_SUMS(name, expression) \
	PG_FUNCTION_INFO_V1(name); \
	Datum \
	name(PG_FUNCTION_ARGS) \
	{ \
		double	   *s = final_sums(fcinfo); \
		double		x; \
		if (s == NULL || s[0] == 0) \
			PG_RETURN_NULL(); \
		x = (expression); \
		if (isnan(x)) \
			PG_RETURN_NULL(); \
		PG_RETURN_FLOAT8(x); \
	}

FINAL_OF_SUMS(shopper_log_loss_final, s[1] / s[0])
FINAL_OF_SUMS(shopper_brier_final, s[2] / s[0])
FINAL_OF_SUMS(shopper_accuracy_final, s[1] / s[0])
FINAL_OF_SUMS(shopper_precision_final, s[3] > 0 ? s[2] / s[3] : NAN)
FINAL_OF_SUMS(shopper_recall_final, s[4] > 0 ? s[2] / s[4] : NAN)
FINAL_OF_SUMS(shopper_f1_final, s[3] + s[4] > 0 ? 2 * s[2] / (s[3] + s[4]) : NAN)
FINAL_OF_SUMS(shopper_mae_final, s[1] / s[0])
FINAL_OF_SUMS(shopper_rmse_final, sqrt(s[2] / s[0]))
FINAL_OF_SUMS(shopper_r2_final, s[4] > 0 ? 1 - s[2] / s[4] : NAN)

/* ---- points: pairs of numbers ---- */

typedef struct Points
{
	int64		n;
	int64		capacity;
	int64		k;				/* cut of ranking metrics; bins of curves; 0: none */
	double	   *x;				/* label 0/1, relevance */
	double	   *y;				/* score, rank */
} Points;

static Points *
points_make(MemoryContext context, int64 capacity)
{
	Points	   *p = MemoryContextAllocZero(context, sizeof(Points));

	p->capacity = Max(capacity, 8);
	p->x = MemoryContextAllocHuge(context, sizeof(double) * p->capacity);
	p->y = MemoryContextAllocHuge(context, sizeof(double) * p->capacity);
	return p;
}

static void
points_reserve(Points *p, int64 more)
{
	if (p->n + more <= p->capacity)
		return;
	while (p->capacity < p->n + more)
		p->capacity *= 2;
	p->x = repalloc_huge(p->x, sizeof(double) * p->capacity);
	p->y = repalloc_huge(p->y, sizeof(double) * p->capacity);
}

static Points *
points_add(FunctionCallInfo fcinfo, double x, double y)
{
	MemoryContext context = aggregate_context(fcinfo);
	Points	   *p = PG_ARGISNULL(0) ? points_make(context, 8) : (Points *) PG_GETARG_POINTER(0);

	points_reserve(p, 1);
	p->x[p->n] = x;
	p->y[p->n++] = y;
	return p;
}

/* The third argument, when there is one: a positive number that is the same on all rows. */
static void
set_cut(FunctionCallInfo fcinfo, Points *p)
{
	int32		k = PG_NARGS() > 3 && !PG_ARGISNULL(3) ? PG_GETARG_INT32(3) : 0;

	if (PG_NARGS() > 3 && k < 1)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("the last argument must be at least 1, got %d", k)));
	if (p->k != 0 && p->k != k)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("the last argument must be the same on all rows of a group")));
	p->k = k;
}

PG_FUNCTION_INFO_V1(shopper_score_accum);
Datum
shopper_score_accum(PG_FUNCTION_ARGS)
{
	Points	   *p;
	double		score;

	aggregate_context(fcinfo);
	if (any_null(fcinfo))
		PG_RETURN_POINTER(PG_ARGISNULL(0) ? NULL : PG_GETARG_POINTER(0));
	score = PG_GETARG_FLOAT8(2);
	if (isnan(score))
		ereport(ERROR, (errcode(ERRCODE_DATA_EXCEPTION), errmsg("a score must not be NaN")));
	p = points_add(fcinfo, is_positive(&find_labels(fcinfo)->reader[1], PG_GETARG_DATUM(1)), score);
	set_cut(fcinfo, p);
	PG_RETURN_POINTER(p);
}

/* (relevance, rank, k): a NULL rank is a relevant item that was not suggested. */
PG_FUNCTION_INFO_V1(shopper_rank_accum);
Datum
shopper_rank_accum(PG_FUNCTION_ARGS)
{
	Points	   *p;
	double		relevance;

	aggregate_context(fcinfo);
	relevance = PG_ARGISNULL(1) ? 0 : PG_GETARG_FLOAT8(1);
	if (!(relevance >= 0) || isinf(relevance))
		ereport(ERROR, (errcode(ERRCODE_DATA_EXCEPTION), errmsg("a relevance must be finite and not negative, got %g", relevance)));
	p = points_add(fcinfo, relevance, PG_ARGISNULL(2) ? INFINITY : (double) PG_GETARG_INT64(2));
	set_cut(fcinfo, p);
	PG_RETURN_POINTER(p);
}

PG_FUNCTION_INFO_V1(shopper_points_combine);
Datum
shopper_points_combine(PG_FUNCTION_ARGS)
{
	MemoryContext context = aggregate_context(fcinfo);
	Points	   *a = PG_ARGISNULL(0) ? NULL : (Points *) PG_GETARG_POINTER(0);
	Points	   *b = PG_ARGISNULL(1) ? NULL : (Points *) PG_GETARG_POINTER(1);

	if (b == NULL)
		PG_RETURN_POINTER(a);
	if (a == NULL)
		a = points_make(context, b->n);
	points_reserve(a, b->n);
	memcpy(a->x + a->n, b->x, sizeof(double) * b->n);
	memcpy(a->y + a->n, b->y, sizeof(double) * b->n);
	a->n += b->n;
	a->k = b->k;
	PG_RETURN_POINTER(a);
}

PG_FUNCTION_INFO_V1(shopper_points_serial);
Datum
shopper_points_serial(PG_FUNCTION_ARGS)
{
	Points	   *p;
	StringInfoData s;

	aggregate_context(fcinfo);
	p = (Points *) PG_GETARG_POINTER(0);
	pq_begintypsend(&s);
	pq_sendint64(&s, p->n);
	pq_sendint64(&s, p->k);
	for (int64 i = 0; i < p->n; i++)
	{
		pq_sendfloat8(&s, p->x[i]);
		pq_sendfloat8(&s, p->y[i]);
	}
	PG_RETURN_BYTEA_P(pq_endtypsend(&s));
}

PG_FUNCTION_INFO_V1(shopper_points_deserial);
Datum
shopper_points_deserial(PG_FUNCTION_ARGS)
{
	bytea	   *bytes;
	StringInfoData s;
	Points	   *p;
	int64		n;

	aggregate_context(fcinfo);
	bytes = PG_GETARG_BYTEA_PP(0);
	initStringInfo(&s);
	appendBinaryStringInfo(&s, VARDATA_ANY(bytes), VARSIZE_ANY_EXHDR(bytes));
	n = pq_getmsgint64(&s);
	if (n < 0 || n != (s.len - 16) / 16 || s.len != n * 16 + 16)
		ereport(ERROR, (errcode(ERRCODE_INVALID_BINARY_REPRESENTATION), errmsg("invalid aggregate state")));
	p = points_make(CurrentMemoryContext, n);
	p->k = pq_getmsgint64(&s);
	for (p->n = 0; p->n < n; p->n++)
	{
		p->x[p->n] = pq_getmsgfloat8(&s);
		p->y[p->n] = pq_getmsgfloat8(&s);
	}
	PG_RETURN_POINTER(p);
}

static Points *
final_points(FunctionCallInfo fcinfo)
{
	aggregate_context(fcinfo);
	return PG_ARGISNULL(0) ? NULL : (Points *) PG_GETARG_POINTER(0);
}

PG_FUNCTION_INFO_V1(shopper_auc_final);
Datum
shopper_auc_final(PG_FUNCTION_ARGS)
{
	Points	   *p = final_points(fcinfo);
	MemoryContext context;
	ShopperEnv *env;
	uint8	   *positive;
	double		auc;

	if (p == NULL)
		PG_RETURN_NULL();
	env = shopper_env_create(CurrentMemoryContext, &context);
	positive = MemoryContextAllocHuge(context, p->n);
	for (int64 i = 0; i < p->n; i++)
		positive[i] = p->x[i] != 0;
	shopper_check(env, shopper_auc(env, p->n, positive, p->y, NULL, &auc));
	MemoryContextDelete(context);
	if (isnan(auc))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(auc);
}

/* Order of the points by score, the highest first; of ties the positive ones first, so that the plan does not show. */
static uint32_t *
descending(ShopperEnv *env, const Points *p)
{
	uint64_t   *key = MemoryContextAllocHuge(CurrentMemoryContext, sizeof(uint64_t) * Max(p->n, 1));
	uint32_t   *order = MemoryContextAllocHuge(CurrentMemoryContext, sizeof(uint32_t) * Max(p->n, 1)),
			   *ties = MemoryContextAllocHuge(CurrentMemoryContext, sizeof(uint32_t) * Max(p->n, 1));

	for (int64 i = 0; i < p->n; i++)
		key[i] = ~shopper_sortable(p->y[i]);
	shopper_check(env, shopper_sort_order(env, key, order, p->n));
	for (int64 from = 0, to; from < p->n; from = to)
	{
		int64		at = from;

		for (to = from; to < p->n && key[order[to]] == key[order[from]]; to++)
			ties[to] = order[to];
		for (int64 i = from; i < to; i++)
			if (p->x[ties[i]] != 0)
				order[at++] = ties[i];
		for (int64 i = from; i < to; i++)
			if (p->x[ties[i]] == 0)
				order[at++] = ties[i];
	}
	return order;
}

/* A composite array: element i is made by fill(). */
static Datum
composite_array(FunctionCallInfo fcinfo, int n, void (*fill) (void *state, int i, Datum *values, bool *nulls), void *state)
{
	Oid			element = get_element_type(get_fn_expr_rettype(fcinfo->flinfo));
	TupleDesc	desc;
	Datum	   *rows = palloc(sizeof(Datum) * Max(n, 1));
	int16		width;
	bool		byval;
	char		align;

	if (!OidIsValid(element))
		elog(ERROR, "return type must be an array of a row type");
	desc = lookup_rowtype_tupdesc(element, -1);
	for (int i = 0; i < n; i++)
	{
		Datum		values[8];
		bool		nulls[8] = {false};

		fill(state, i, values, nulls);
		rows[i] = HeapTupleGetDatum(heap_form_tuple(desc, values, nulls));
	}
	ReleaseTupleDesc(desc);
	get_typlenbyvalalign(element, &width, &byval, &align);
	return PointerGetDatum(construct_array(rows, n, element, width, byval, align));
}

#define MAX_ROC_POINTS 1000

typedef struct RocPoint
{
	double		threshold,
				false_positive_rate,
				true_positive_rate;
} RocPoint;

static void
fill_roc(void *state, int i, Datum *values, bool *nulls)
{
	RocPoint   *r = (RocPoint *) state + i;

	shopper_set_float(&values[0], &nulls[0], r->threshold);
	shopper_set_float(&values[1], &nulls[1], r->false_positive_rate);
	shopper_set_float(&values[2], &nulls[2], r->true_positive_rate);
}

/* One point for each different score, from (0, 0) on; of very many every so often one. */
PG_FUNCTION_INFO_V1(shopper_roc_final);
Datum
shopper_roc_final(PG_FUNCTION_ARGS)
{
	Points	   *p = final_points(fcinfo);
	ShopperEnv *env;
	uint32_t   *order;
	RocPoint   *r;
	double		positives = 0,
				hits = 0,
				false_hits = 0;
	int			n = 0;
	int64		last = 0;

	if (p == NULL)
		PG_RETURN_NULL();
	env = shopper_env_create(CurrentMemoryContext, NULL);
	order = descending(env, p);
	for (int64 i = 0; i < p->n; i++)
		positives += p->x[i];
	r = palloc(sizeof(RocPoint) * (MAX_ROC_POINTS + 2));
	r[n++] = (RocPoint) {NAN, 0, 0};
	for (int64 i = 0; i < p->n; i++)
	{
		hits += p->x[order[i]];
		false_hits += 1 - p->x[order[i]];
		if (i + 1 < p->n && p->y[order[i + 1]] == p->y[order[i]])
			continue;
		if (i + 1 < p->n && i + 1 - last < (p->n + MAX_ROC_POINTS - 1) / MAX_ROC_POINTS)
			continue;
		last = i + 1;
		if (n <= MAX_ROC_POINTS + 1)
			r[n++] = (RocPoint) {p->y[order[i]], false_hits / (p->n - positives), hits / positives};
	}
	return composite_array(fcinfo, n, fill_roc, r);
}

typedef struct CurveBin
{
	int64		bin,
				rows,
				positives;
	double		score_sum,
				rate,
				cumulative_share,
				lift;
	bool		calibration;
} CurveBin;

static void
fill_bin(void *state, int i, Datum *values, bool *nulls)
{
	CurveBin   *b = (CurveBin *) state + i;

	values[0] = Int64GetDatum(b->bin);
	values[1] = Int64GetDatum(b->rows);
	values[2] = Int64GetDatum(b->positives);
	if (b->calibration)
	{
		shopper_set_float(&values[3], &nulls[3], b->score_sum / b->rows);
		shopper_set_float(&values[4], &nulls[4], b->rate);
		return;
	}
	shopper_set_float(&values[3], &nulls[3], b->rate);
	shopper_set_float(&values[4], &nulls[4], b->cumulative_share);
	shopper_set_float(&values[5], &nulls[5], b->lift);
}

/* Bins of equal size by score, the highest first for lift, the lowest first for calibration. */
static Datum
binned(FunctionCallInfo fcinfo, bool calibration)
{
	Points	   *p = final_points(fcinfo);
	ShopperEnv *env;
	uint32_t   *order;
	CurveBin   *b;
	double		positives = 0,
				so_far = 0;
	int			n_bins;

	if (p == NULL)
		PG_RETURN_NULL();
	n_bins = (int) Min(p->k != 0 ? p->k : 10, Min(p->n, 10000));
	env = shopper_env_create(CurrentMemoryContext, NULL);
	order = descending(env, p);
	for (int64 i = 0; i < p->n; i++)
		positives += p->x[i];
	b = palloc0(sizeof(CurveBin) * n_bins);
	for (int k = 0; k < n_bins; k++)
	{
		int64		from = p->n * k / n_bins,
					to = p->n * (k + 1) / n_bins;

		b[k].bin = k + 1;
		b[k].rows = to - from;
		b[k].calibration = calibration;
		for (int64 i = from; i < to; i++)
		{
			uint32_t	at = order[calibration ? p->n - 1 - i : i];

			b[k].positives += p->x[at] != 0;
			b[k].score_sum += p->y[at];
		}
		so_far += b[k].positives;
		b[k].rate = (double) b[k].positives / b[k].rows;
		b[k].cumulative_share = so_far / positives;
		b[k].lift = (so_far / to) / (positives / p->n);
	}
	return composite_array(fcinfo, n_bins, fill_bin, b);
}

PG_FUNCTION_INFO_V1(shopper_lift_final);
Datum
shopper_lift_final(PG_FUNCTION_ARGS)
{
	return binned(fcinfo, false);
}

PG_FUNCTION_INFO_V1(shopper_calibration_final);
Datum
shopper_calibration_final(PG_FUNCTION_ARGS)
{
	return binned(fcinfo, true);
}

/* ---- ranking ---- */

static int
compare_descending(const void *a, const void *b)
{
	double		x = *(const double *) a,
				y = *(const double *) b;

	return (x < y) - (x > y);
}

/* Gain of ranks discounted by their logarithm, over that of the best order (Jarvelin, Kekalainen 2002). */
PG_FUNCTION_INFO_V1(shopper_ndcg_final);
Datum
shopper_ndcg_final(PG_FUNCTION_ARGS)
{
	Points	   *p = final_points(fcinfo);
	double	   *best,
				gain = 0,
				ideal = 0;

	if (p == NULL)
		PG_RETURN_NULL();
	best = palloc(sizeof(double) * p->n);
	memcpy(best, p->x, sizeof(double) * p->n);
	qsort(best, p->n, sizeof(double), compare_descending);
	for (int64 i = 0; i < p->n; i++)
	{
		if (p->y[i] >= 1 && p->y[i] <= p->k)
			gain += p->x[i] / log2(p->y[i] + 1);
		if (i < p->k)
			ideal += best[i] / log2((double) i + 2);
	}
	if (ideal == 0)
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(gain / ideal);
}

static void
count_hits(const Points *p, double *hits, double *relevant)
{
	*hits = *relevant = 0;
	for (int64 i = 0; i < p->n; i++)
	{
		*relevant += p->x[i] > 0;
		*hits += p->x[i] > 0 && p->y[i] >= 1 && p->y[i] <= p->k;
	}
}

PG_FUNCTION_INFO_V1(shopper_precision_at_final);
Datum
shopper_precision_at_final(PG_FUNCTION_ARGS)
{
	Points	   *p = final_points(fcinfo);
	double		hits,
				relevant;

	if (p == NULL)
		PG_RETURN_NULL();
	count_hits(p, &hits, &relevant);
	PG_RETURN_FLOAT8(hits / p->k);
}

PG_FUNCTION_INFO_V1(shopper_recall_at_final);
Datum
shopper_recall_at_final(PG_FUNCTION_ARGS)
{
	Points	   *p = final_points(fcinfo);
	double		hits,
				relevant;

	if (p == NULL)
		PG_RETURN_NULL();
	count_hits(p, &hits, &relevant);
	if (relevant == 0)
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(hits / relevant);
}

/* ---- confusion ---- */

typedef struct Confusion
{
	ShopperEnv *env;
	MemoryContext context;
	ShopperDictionary pair;		/* length of actual as 8 digits, actual, predicted; counted */
} Confusion;

static Confusion *
confusion_make(MemoryContext parent)
{
	MemoryContext context;
	ShopperEnv *env = shopper_env_create(parent, &context);
	Confusion  *c = MemoryContextAllocZero(context, sizeof(Confusion));

	c->env = env;
	c->context = context;
	shopper_check(env, shopper_dictionary_init(&c->pair, env, SHOPPER_ID_TEXT));
	return c;
}

PG_FUNCTION_INFO_V1(shopper_confusion_accum);
Datum
shopper_confusion_accum(PG_FUNCTION_ARGS)
{
	MemoryContext context = aggregate_context(fcinfo);
	Confusion  *c = PG_ARGISNULL(0) ? NULL : (Confusion *) PG_GETARG_POINTER(0);
	Labels	   *l = find_labels(fcinfo);
	const char *a,
			   *b;
	size_t		na,
				nb;
	char	   *key;
	uint32_t	code;

	if (any_null(fcinfo))
		PG_RETURN_POINTER(c);
	if (c == NULL)
		c = confusion_make(context);
	a = shopper_value_text(&l->reader[1], PG_GETARG_DATUM(1), &na);
	b = shopper_value_text(&l->reader[2], PG_GETARG_DATUM(2), &nb);
	key = palloc(na + nb + 16);
	snprintf(key, 16, "%08x", (unsigned) na);
	memcpy(key + 8, a, na);
	memcpy(key + 8 + na, b, nb);
	shopper_check(c->env, shopper_dictionary_add_text(&c->pair, key, na + nb + 8, &code));
	c->pair.count[code]++;
	pfree(key);
	PG_RETURN_POINTER(c);
}

static void
confusion_merge(Confusion *into, const ShopperDictionary *from)
{
	for (int64 i = 0; i < from->n; i++)
	{
		uint32_t	code;

		shopper_check(into->env, shopper_dictionary_add_text(&into->pair, from->bytes + from->start[i], from->length[i], &code));
		into->pair.count[code] += from->count[i];
	}
}

PG_FUNCTION_INFO_V1(shopper_confusion_combine);
Datum
shopper_confusion_combine(PG_FUNCTION_ARGS)
{
	MemoryContext context = aggregate_context(fcinfo);
	Confusion  *a = PG_ARGISNULL(0) ? NULL : (Confusion *) PG_GETARG_POINTER(0);

	if (PG_ARGISNULL(1))
		PG_RETURN_POINTER(a);
	if (a == NULL)
		a = confusion_make(context);
	confusion_merge(a, &((Confusion *) PG_GETARG_POINTER(1))->pair);
	PG_RETURN_POINTER(a);
}

PG_FUNCTION_INFO_V1(shopper_confusion_serial);
Datum
shopper_confusion_serial(PG_FUNCTION_ARGS)
{
	Confusion  *c;
	ShopperWriter w;
	bytea	   *result;

	aggregate_context(fcinfo);
	c = (Confusion *) PG_GETARG_POINTER(0);
	shopper_writer_init(&w, c->env);
	shopper_dictionary_encode(&c->pair, true, &w);
	shopper_check(c->env, w.status);
	result = palloc(VARHDRSZ + w.length);
	SET_VARSIZE(result, VARHDRSZ + w.length);
	memcpy(VARDATA(result), w.data, w.length);
	PG_RETURN_BYTEA_P(result);
}

PG_FUNCTION_INFO_V1(shopper_confusion_deserial);
Datum
shopper_confusion_deserial(PG_FUNCTION_ARGS)
{
	bytea	   *bytes;
	Confusion  *c;
	ShopperReader r;

	aggregate_context(fcinfo);
	bytes = PG_GETARG_BYTEA_PP(0);
	c = confusion_make(CurrentMemoryContext);
	shopper_reader_init(&r, c->env, VARDATA_ANY(bytes), VARSIZE_ANY_EXHDR(bytes));
	shopper_check(c->env, shopper_dictionary_decode(&c->pair, c->env, true, &r));
	for (int64 i = 0; i < c->pair.n; i++)
		if (c->pair.type != SHOPPER_ID_TEXT || c->pair.length[i] < 8 ||
			strtoul(pnstrdup(c->pair.bytes + c->pair.start[i], 8), NULL, 16) > c->pair.length[i] - 8)
			ereport(ERROR, (errcode(ERRCODE_INVALID_BINARY_REPRESENTATION), errmsg("invalid aggregate state")));
	PG_RETURN_POINTER(c);
}

static void
fill_confusion(void *state, int i, Datum *values, bool *nulls)
{
	ShopperDictionary *d = state;
	const char *key = d->bytes + d->start[i];
	int			actual = (int) strtoul(pnstrdup(key, 8), NULL, 16);

	values[0] = PointerGetDatum(cstring_to_text_with_len(key + 8, actual));
	values[1] = PointerGetDatum(cstring_to_text_with_len(key + 8 + actual, d->length[i] - 8 - actual));
	values[2] = Int64GetDatum(d->count[i]);
}

PG_FUNCTION_INFO_V1(shopper_confusion_final);
Datum
shopper_confusion_final(PG_FUNCTION_ARGS)
{
	Confusion  *c,
			   *copy;
	uint32_t   *new_code;

	aggregate_context(fcinfo);
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	c = (Confusion *) PG_GETARG_POINTER(0);
	copy = confusion_make(CurrentMemoryContext);	/* the state stays as it is */
	confusion_merge(copy, &c->pair);
	shopper_check(copy->env, shopper_dictionary_sort(&copy->pair, SHOPPER_BY_VALUE, &new_code));
	return composite_array(fcinfo, (int) copy->pair.n, fill_confusion, &copy->pair);
}

/* ---- fold ---- */

PG_FUNCTION_INFO_V1(shopper_fold);
Datum
shopper_fold(PG_FUNCTION_ARGS)
{
	Labels	   *l;
	int32		k;
	int64		seed;
	uint64		hash;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		PG_RETURN_NULL();
	l = find_labels(fcinfo);
	k = PG_GETARG_INT32(1);
	seed = PG_ARGISNULL(2) ? 1 : PG_GETARG_INT64(2);
	if (k < 1)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("the number of folds must be at least 1, got %d", k)));
	if (shopper_conversion_is_integer(l->reader[0].from))
		hash = shopper_random((uint64) seed, 0, (uint64) shopper_value_integer(&l->reader[0], PG_GETARG_DATUM(0)));
	else
	{
		size_t		length;
		const char *word = shopper_value_text(&l->reader[0], PG_GETARG_DATUM(0), &length);

		hash = shopper_mix64(shopper_hash_bytes(word, length, (uint64) seed));
	}
	PG_RETURN_INT32((int32) shopper_below(hash, (uint64) k));
}
