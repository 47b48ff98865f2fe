/*
 * evaluate_points.c: measures that need an order: auc, curves, ranking. Pairs of
 * numbers are kept until the end and merged by appending, so results do not depend
 * on the plan.
 */
#include "evaluate.h"

#include <math.h>

#include "libpq/pqformat.h"

#include "../core/metrics.h"
#include "../core/sort.h"

static ShopperPoints *
points_make(MemoryContext context, int64 capacity)
{
	ShopperPoints *p = MemoryContextAllocZero(context, sizeof(ShopperPoints));

	p->capacity = Max(capacity, 8);
	p->x = MemoryContextAllocHuge(context, sizeof(double) * p->capacity);
	p->y = MemoryContextAllocHuge(context, sizeof(double) * p->capacity);
	return p;
}

static void
points_reserve(ShopperPoints *p, int64 more)
{
	if (p->n + more <= p->capacity)
		return;
	while (p->capacity < p->n + more)
		p->capacity *= 2;
	p->x = repalloc_huge(p->x, sizeof(double) * p->capacity);
	p->y = repalloc_huge(p->y, sizeof(double) * p->capacity);
}

static ShopperPoints *
points_add(FunctionCallInfo fcinfo, double x, double y)
{
	MemoryContext context = shopper_aggregate_context(fcinfo);
	ShopperPoints *p = PG_ARGISNULL(0) ? points_make(context, 8) : (ShopperPoints *) PG_GETARG_POINTER(0);

	points_reserve(p, 1);
	p->x[p->n] = x;
	p->y[p->n++] = y;
	return p;
}

/* The third argument, when there is one: a positive number that is the same on all rows. */
static void
set_cut(FunctionCallInfo fcinfo, ShopperPoints *p)
{
	int32		k = PG_NARGS() > 3 && !PG_ARGISNULL(3) ? PG_GETARG_INT32(3) : 0;

	if (PG_NARGS() > 3 && k < 1)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("the last argument must be at least 1, got %d", k)));
	if (p->k != 0 && p->k != k)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("the last argument must be the same on all rows of a group")));
	p->k = k;
}

ShopperPoints *
shopper_points_add_score(FunctionCallInfo fcinfo)
{
	double		score = PG_GETARG_FLOAT8(2);

	if (isnan(score))
		ereport(ERROR, (errcode(ERRCODE_DATA_EXCEPTION), errmsg("a score must not be NaN")));
	return points_add(fcinfo, shopper_is_positive(&shopper_labels(fcinfo, 1)->reader[1], PG_GETARG_DATUM(1)), score);
}

PG_FUNCTION_INFO_V1(shopper_score_accum);
Datum
shopper_score_accum(PG_FUNCTION_ARGS)
{
	ShopperPoints *p;

	shopper_aggregate_context(fcinfo);
	if (shopper_any_null(fcinfo))
		SHOPPER_RETURN_STATE(PG_ARGISNULL(0) ? NULL : PG_GETARG_POINTER(0));
	p = shopper_points_add_score(fcinfo);
	set_cut(fcinfo, p);
	PG_RETURN_POINTER(p);
}

/* (relevance, rank, k): a NULL rank is a relevant item that was not suggested. */
PG_FUNCTION_INFO_V1(shopper_rank_accum);
Datum
shopper_rank_accum(PG_FUNCTION_ARGS)
{
	ShopperPoints *p;
	double		relevance;

	shopper_aggregate_context(fcinfo);
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
	MemoryContext context = shopper_aggregate_context(fcinfo);
	ShopperPoints *a = PG_ARGISNULL(0) ? NULL : (ShopperPoints *) PG_GETARG_POINTER(0);
	ShopperPoints *b = PG_ARGISNULL(1) ? NULL : (ShopperPoints *) PG_GETARG_POINTER(1);

	if (b == NULL)
		SHOPPER_RETURN_STATE(a);
	if (a == NULL)
		a = points_make(context, b->n);
	points_reserve(a, b->n);
	memcpy(a->x + a->n, b->x, sizeof(double) * b->n);
	memcpy(a->y + a->n, b->y, sizeof(double) * b->n);
	a->n += b->n;
	a->k = b->k;
	a->gain = b->gain;
	a->cost = b->cost;
	PG_RETURN_POINTER(a);
}

PG_FUNCTION_INFO_V1(shopper_points_serial);
Datum
shopper_points_serial(PG_FUNCTION_ARGS)
{
	ShopperPoints *p;
	StringInfoData s;

	shopper_aggregate_context(fcinfo);
	p = (ShopperPoints *) PG_GETARG_POINTER(0);
	pq_begintypsend(&s);
	pq_sendint64(&s, p->n);
	pq_sendint64(&s, p->k);
	pq_sendfloat8(&s, p->gain);
	pq_sendfloat8(&s, p->cost);
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
	ShopperPoints *p;
	int64		n;

	shopper_aggregate_context(fcinfo);
	bytes = PG_GETARG_BYTEA_PP(0);
	initStringInfo(&s);
	appendBinaryStringInfo(&s, VARDATA_ANY(bytes), VARSIZE_ANY_EXHDR(bytes));
	n = pq_getmsgint64(&s);
	if (n < 0 || n != (s.len - 32) / 16 || s.len != n * 16 + 32)
		ereport(ERROR, (errcode(ERRCODE_INVALID_BINARY_REPRESENTATION), errmsg("invalid aggregate state")));
	p = points_make(CurrentMemoryContext, n);
	p->k = pq_getmsgint64(&s);
	p->gain = pq_getmsgfloat8(&s);
	p->cost = pq_getmsgfloat8(&s);
	for (p->n = 0; p->n < n; p->n++)
	{
		p->x[p->n] = pq_getmsgfloat8(&s);
		p->y[p->n] = pq_getmsgfloat8(&s);
	}
	PG_RETURN_POINTER(p);
}

ShopperPoints *
shopper_points_final(FunctionCallInfo fcinfo)
{
	shopper_aggregate_context(fcinfo);
	return PG_ARGISNULL(0) ? NULL : (ShopperPoints *) PG_GETARG_POINTER(0);
}

PG_FUNCTION_INFO_V1(shopper_auc_final);
Datum
shopper_auc_final(PG_FUNCTION_ARGS)
{
	ShopperPoints *p = shopper_points_final(fcinfo);
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
descending(ShopperEnv *env, const ShopperPoints *p)
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
	ShopperPoints *p = shopper_points_final(fcinfo);
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
	return shopper_composite_array(fcinfo, n, fill_roc, r);
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
	ShopperPoints *p = shopper_points_final(fcinfo);
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
	return shopper_composite_array(fcinfo, n_bins, fill_bin, b);
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
	ShopperPoints *p = shopper_points_final(fcinfo);
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
count_hits(const ShopperPoints *p, double *hits, double *relevant)
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
	ShopperPoints *p = shopper_points_final(fcinfo);
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
	ShopperPoints *p = shopper_points_final(fcinfo);
	double		hits,
				relevant;

	if (p == NULL)
		PG_RETURN_NULL();
	count_hits(p, &hits, &relevant);
	if (relevant == 0)
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(hits / relevant);
}
