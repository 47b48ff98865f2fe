/*
 * evaluate_paired.c: the aggregate paired_bootstrap(label, challenger, champion, measure,
 * seed): two predictions of the same rows, and the interval of their difference.
 */
#include "evaluate.h"

#include <math.h>

#include "../core/bootstrap.h"

typedef struct Pairs
{
	int64		n,
				capacity;
	ShopperPairedMeasure measure;
	uint64		seed;
	bool		alone;			/* there is no champion */
	double	   *column[3];		/* label, challenger, champion */
} Pairs;

static ShopperPairedMeasure
measure_argument(FunctionCallInfo fcinfo, int n)
{
	static const char *const names[] = {"mean", "root_mean", "auc"};
	char	   *name = PG_ARGISNULL(n) ? "null" : text_to_cstring(PG_GETARG_TEXT_PP(n));

	for (int i = 0; i < lengthof(names); i++)
		if (strcmp(name, names[i]) == 0)
			return (ShopperPairedMeasure) i;
	ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("measure must be mean, root_mean or auc, got \"%s\"", name)));
	return SHOPPER_PAIRED_MEAN;
}

static Pairs *
start(FunctionCallInfo fcinfo, MemoryContext context)
{
	Pairs	   *p = MemoryContextAllocZero(context, sizeof(Pairs));

	p->measure = measure_argument(fcinfo, 4);
	p->seed = PG_ARGISNULL(5) ? 1 : (uint64) PG_GETARG_INT64(5);
	p->alone = PG_ARGISNULL(3);
	p->capacity = 64;
	for (int i = 0; i < 3; i++)
		p->column[i] = MemoryContextAlloc(context, sizeof(double) * p->capacity);
	return p;
}

/* (state, label, challenger, champion, measure, seed): rows without label or challenger are left out. */
PG_FUNCTION_INFO_V1(shopper_paired_accum);
Datum
shopper_paired_accum(PG_FUNCTION_ARGS)
{
	MemoryContext context = shopper_aggregate_context(fcinfo);
	Pairs	   *p;

	if (shopper_any_null(fcinfo))
		SHOPPER_RETURN_STATE(PG_ARGISNULL(0) ? NULL : PG_GETARG_POINTER(0));
	p = PG_ARGISNULL(0) ? start(fcinfo, context) : (Pairs *) PG_GETARG_POINTER(0);
	if (p->alone != PG_ARGISNULL(3))
		ereport(ERROR, (errcode(ERRCODE_DATA_EXCEPTION), errmsg("the champion's value must be null on all rows or on none")));
	if (p->n == p->capacity)
	{
		p->capacity *= 2;
		for (int i = 0; i < 3; i++)
			p->column[i] = repalloc_huge(p->column[i], sizeof(double) * p->capacity);
	}
	for (int i = 0; i < 3; i++)
	{
		double		x = i == 2 && p->alone ? 0 : PG_GETARG_FLOAT8(i + 1);

		if (isnan(x) || isinf(x))
			ereport(ERROR, (errcode(ERRCODE_DATA_EXCEPTION), errmsg("a value to compare must be finite, got %g", x)));
		p->column[i][p->n] = x;
	}
	p->n++;
	PG_RETURN_POINTER(p);
}

PG_FUNCTION_INFO_V1(shopper_paired_final);
Datum
shopper_paired_final(PG_FUNCTION_ARGS)
{
	Pairs	   *p;
	MemoryContext context;
	ShopperEnv *env;
	ShopperPaired result;
	TupleDesc	desc;
	Datum		v[6];
	bool		null[6] = {false};

	shopper_aggregate_context(fcinfo);
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	p = (Pairs *) PG_GETARG_POINTER(0);
	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	env = shopper_env_create(CurrentMemoryContext, &context);
	shopper_check(env, shopper_paired_bootstrap(env, p->measure, p->n, p->column[0], p->column[1], p->alone ? NULL : p->column[2], p->seed, &result));
	MemoryContextDelete(context);
	v[0] = Int64GetDatum(p->n);
	shopper_set_float(&v[1], &null[1], result.a);
	shopper_set_float(&v[2], &null[2], result.b);
	shopper_set_float(&v[3], &null[3], result.difference);
	shopper_set_float(&v[4], &null[4], result.low);
	shopper_set_float(&v[5], &null[5], result.high);
	return HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), v, null));
}
