/* evaluate.c: reading labels, composite results, sums (log loss, accuracy, rmse ...), fold(). */
#include "evaluate.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/lsyscache.h"
#include "utils/typcache.h"

#include "../core/hash.h"
#include "../core/metrics.h"

MemoryContext
shopper_aggregate_context(FunctionCallInfo fcinfo)
{
	MemoryContext context;

	if (!AggCheckCallContext(fcinfo, &context))
		elog(ERROR, "aggregate function called in non-aggregate context");
	return context;
}

/* ---- reading labels ---- */

ShopperLabels *
shopper_labels(FunctionCallInfo fcinfo, int first)
{
	ShopperLabels	   *l = fcinfo->flinfo->fn_extra;

	if (l != NULL)
		return l;
	l = MemoryContextAllocZero(fcinfo->flinfo->fn_mcxt, sizeof(ShopperLabels));
	for (int i = first; i < Min(PG_NARGS(), 4); i++)
	{
		Oid			type = get_fn_expr_argtype(fcinfo->flinfo, i);

		if (!OidIsValid(type))
			elog(ERROR, "could not determine the type of argument %d", i + 1);
		shopper_value_reader(&l->reader[i], type, fcinfo->flinfo->fn_mcxt);
		if (l->reader[i].from == SHOPPER_FROM_VECTOR || l->reader[i].from == SHOPPER_FROM_TIMESTAMP || l->reader[i].from == SHOPPER_FROM_TIMESTAMPTZ)
			ereport(ERROR, (errcode(ERRCODE_DATATYPE_MISMATCH), errmsg("a value of type %s cannot be a class or a key", format_type_be(type)),
							errhint("Cast it to text.")));
	}
	return fcinfo->flinfo->fn_extra = l;
}

bool
shopper_is_yes(const char *word, size_t length)
{
	static const char *const yes[] = {"true", "t", "1", "yes", "y"};

	for (int i = 0; i < 5; i++)
		if (strlen(yes[i]) == length && pg_strncasecmp(yes[i], word, length) == 0)
			return true;
	return false;
}

/* Boolean, a number that is not 0, or true, t, 1, yes, y in any case. */
bool
shopper_is_positive(ShopperValueReader *reader, Datum value)
{
	size_t		length;
	const char *word;

	if (reader->from == SHOPPER_FROM_BOOL)
		return DatumGetBool(value);
	if (reader->from >= SHOPPER_FROM_INT2 && reader->from <= SHOPPER_FROM_NUMERIC)
		return shopper_value_number(reader, value) != 0;
	word = shopper_value_text(reader, value, &length);
	return shopper_is_yes(word, length);
}

bool
shopper_any_null(FunctionCallInfo fcinfo)
{
	return PG_ARGISNULL(1) || PG_ARGISNULL(2);
}

Datum
shopper_composite_array(FunctionCallInfo fcinfo, int n, void (*fill) (void *state, int i, Datum *values, bool *nulls), void *state)
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

/*
 * Sums: a float8[] that is added to in place and merged by adding.
 */

#define SUM_FIELDS 5

/* The state's numbers, made when absent; in place, as the executor owns the array. */
static double *
sums_state(FunctionCallInfo fcinfo, ArrayType **array)
{
	MemoryContext context = shopper_aggregate_context(fcinfo);

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

	shopper_aggregate_context(fcinfo);
	if (PG_ARGISNULL(0))
		return NULL;
	return sums_state(fcinfo, &array);
}

static Datum
keep_state(FunctionCallInfo fcinfo)
{
	shopper_aggregate_context(fcinfo);
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

	if (shopper_any_null(fcinfo))
		return keep_state(fcinfo);
	y = shopper_is_positive(&shopper_labels(fcinfo, 1)->reader[1], PG_GETARG_DATUM(1));
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
	ShopperLabels	   *l = shopper_labels(fcinfo, 1);
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

	if (shopper_any_null(fcinfo))
		return keep_state(fcinfo);
	if (l->reader[1].from == SHOPPER_FROM_BOOL && l->reader[2].from >= SHOPPER_FROM_FLOAT4 && l->reader[2].from <= SHOPPER_FROM_NUMERIC)
		ereport(ERROR, (errcode(ERRCODE_DATATYPE_MISMATCH), errmsg("expected a predicted class, got a number"),
						errhint("Compare with predict_class, or with probability >= 0.5.")));
	a = shopper_value_text(&l->reader[1], PG_GETARG_DATUM(1), &na);
	b = shopper_value_text(&l->reader[2], PG_GETARG_DATUM(2), &nb);
	if (PG_NARGS() > 3 && !PG_ARGISNULL(3))
	{
		text	   *t = PG_GETARG_TEXT_PP(3);

		positive = VARDATA_ANY(t);
		np = VARSIZE_ANY_EXHDR(t);
	}
	ya = positive != NULL ? na == np && memcmp(a, positive, np) == 0 : shopper_is_yes(a, na);
	yb = positive != NULL ? nb == np && memcmp(b, positive, np) == 0 : shopper_is_yes(b, nb);
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

	if (shopper_any_null(fcinfo))
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

/* ---- fold ---- */

PG_FUNCTION_INFO_V1(shopper_fold);
Datum
shopper_fold(PG_FUNCTION_ARGS)
{
	ShopperLabels	   *l;
	int32		k;
	int64		seed;
	uint64		hash;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		PG_RETURN_NULL();
	l = shopper_labels(fcinfo, 0);
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

/* ---- a target as training reads it ---- */

PG_FUNCTION_INFO_V1(shopper_class_label);
Datum
shopper_class_label(PG_FUNCTION_ARGS)
{
	size_t		length;
	const char *word = shopper_value_text(&shopper_labels(fcinfo, 0)->reader[0], PG_GETARG_DATUM(0), &length);

	PG_RETURN_TEXT_P(cstring_to_text_with_len(word, (int) length));
}

PG_FUNCTION_INFO_V1(shopper_amount);
Datum
shopper_amount(PG_FUNCTION_ARGS)
{
	PG_RETURN_FLOAT8(shopper_value_number(&shopper_labels(fcinfo, 0)->reader[0], PG_GETARG_DATUM(0)));
}
