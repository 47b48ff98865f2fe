/*
 * drift.c: how the rows of a query are distributed over what a model knows of its columns,
 * and how far two such distributions are from each other.
 */
#include "rows.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/lsyscache.h"

#include "../core/hash.h"
#include "../models/segments/segments.h"
#include "../prepare/drift.h"

#define MOST_SAMPLED 200000		/* rows from which ranges are made */
#define SAMPLE_BYTES (128 << 20)

/* What is counted: a column of the model, or what it predicts. */
typedef struct Counted
{
	const char *name;
	const char *kind;			/* number, category or score */
	int			column;			/* index in the spec; -1: the prediction */
	int			number;			/* index of its value in a sampled row; -1: levels */
	int			n_edges;
	double	   *edge;
	int			n_levels;
	double	   *count;			/* ranges or levels, then SHOPPER_DRIFT_OWN */
} Counted;

typedef struct Counting
{
	ShopperEnv *env;
	MemoryContext context;
	const ShopperModel *model;
	ArrayType  *reference;		/* whose edges are taken; NULL: they are made from a sample */
	ShopperRowScoring *scoring;
	int			n_counted;
	Counted    *counted;
	int			n_numbers;
	bool	   *nulls;			/* of the row */
	double	   *value;			/* (n_numbers) of the row */
	int64		n;				/* rows */
	int64		capacity;
	int64		most;			/* rows that a sample holds */
	double	   *sample;			/* (n_numbers)(most) */
} Counting;

static bool
predicts_number(const ShopperModel *model)
{
	return model->task == SHOPPER_REGRESS || model->task == SHOPPER_DETECT ||
		(model->task == SHOPPER_CLASSIFY && model->spec->positive >= 0);
}

/* Levels that a prediction may have: classes, or clusters. */
static int
predicted_levels(const ShopperModel *model)
{
	return model->task == SHOPPER_CLASSIFY ? (int) model->spec->classes.n : model->task == SHOPPER_CLUSTER ? shopper_clusters_of(model)->k : 0;
}

/* Cells of something counted. */
static void
make_cells(Counting *c, Counted *f)
{
	f->count = MemoryContextAllocZero(c->context, sizeof(double) * ((f->number >= 0 ? SHOPPER_DRIFT_BINS : f->n_levels) + SHOPPER_DRIFT_OWN));
	if (f->number >= 0)
		f->edge = MemoryContextAllocZero(c->context, sizeof(double) * SHOPPER_DRIFT_BINS);
}

/*
 * All columns but dates, which always move on, and vectors; and the prediction. A date's or
 * vector's numbers have no distribution that should stay.
 */
static void
plan_counted(Counting *c)
{
	const ShopperSpec *spec = c->model->spec;

	c->counted = MemoryContextAllocZero(c->context, sizeof(Counted) * (spec->n_columns + 1));
	for (int i = 0; i < spec->n_columns; i++)
	{
		const ShopperColumn *column = &spec->column[i];
		Counted    *f = &c->counted[c->n_counted];

		if (column->kind > SHOPPER_KIND_CATEGORY)
			continue;
		f->name = column->name;
		f->column = i;
		f->kind = column->kind == SHOPPER_KIND_CATEGORY ? "category" : "number";
		f->number = column->kind == SHOPPER_KIND_CATEGORY ? -1 : c->n_numbers++;
		f->n_levels = column->kind == SHOPPER_KIND_CATEGORY ? (int) spec->category[column->first].levels.n : 0;
		make_cells(c, f);
		c->n_counted++;
	}
	if (predicts_number(c->model) || predicted_levels(c->model) > 0)
	{
		Counted    *f = &c->counted[c->n_counted++];

		f->name = "(score)";
		f->kind = "score";
		f->column = -1;
		f->number = predicts_number(c->model) ? c->n_numbers++ : -1;
		f->n_levels = f->number >= 0 ? 0 : predicted_levels(c->model);
		make_cells(c, f);
	}
}

/* The edges of this name in the reference. */
static void
take_edges(Counting *c, Counted *f, Datum *distribution, bool *nulls, int n)
{
	for (int i = 0; i < n; i++)
	{
		HeapTupleHeader record;
		Datum		name,
					edges;
		bool		null;
		ArrayType  *array;

		if (nulls[i])
			continue;
		record = DatumGetHeapTupleHeader(distribution[i]);
		name = GetAttributeByNum(record, 1, &null);
		if (null || strcmp(TextDatumGetCString(name), f->name) != 0)
			continue;
		edges = GetAttributeByNum(record, 3, &null);
		if (null)
			return;
		array = DatumGetArrayTypeP(edges);
		if (ARR_NDIM(array) > 1 || (ARR_NDIM(array) == 1 && ARR_DIMS(array)[0] >= SHOPPER_DRIFT_BINS))
			ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("the reference has too many edges for \"%s\"", f->name)));
		f->n_edges = ARR_NDIM(array) == 0 ? 0 : ARR_DIMS(array)[0];
		shopper_read_floats(array, f->n_edges, f->edge);
		return;
	}
	ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("the reference has no distribution of \"%s\"", f->name),
					errhint("It must come from the same model.")));
}

static void
counting_start(void *state, TupleDesc desc)
{
	Counting   *c = state;
	Datum	   *distribution;
	bool	   *nulls;
	int			n;

	c->scoring = shopper_row_scoring_plan(c->context, c->model, desc);
	plan_counted(c);
	c->value = MemoryContextAllocZero(c->context, sizeof(double) * Max(c->n_numbers, 1));
	c->most = Max(1000, Min(MOST_SAMPLED, SAMPLE_BYTES / (int64) (sizeof(double) * Max(c->n_numbers, 1))));
	if (c->reference == NULL)
		return;
	deconstruct_array(c->reference, ARR_ELEMTYPE(c->reference), -1, false, TYPALIGN_DOUBLE, &distribution, &nulls, &n);
	for (int i = 0; i < c->n_counted; i++)
		if (c->counted[i].number >= 0)
			take_edges(c, &c->counted[i], distribution, nulls, n);
}

static void
count_number(Counted *f, double x)
{
	f->count[isnan(x) ? f->n_edges + 1 : shopper_drift_range(f->edge, f->n_edges, x)]++;
}

/* The level of a category in the row: a code of the spec's levels, or one of the own cells. */
static void
count_level(Counting *c, Counted *f)
{
	const ShopperColumn *column = &c->model->spec->column[f->column];
	int32_t		code = c->scoring->code[column->first];
	bool		missing = c->nulls[c->scoring->column[f->column].attribute];

	f->count[missing ? f->n_levels : code < 0 || code >= f->n_levels ? f->n_levels + 1 : code]++;
}

static void
count_prediction(Counting *c, Counted *f)
{
	double		point[SHOPPER_MAX_WIDTH];
	const ShopperModel *model = c->model;
	ShopperRowScoring *s = c->scoring;
	int			cluster;

	if (model->task == SHOPPER_CLUSTER)
	{
		shopper_point(model->spec, s->dense, s->lookup, shopper_clusters_of(model)->category_weight, point);
		cluster = shopper_cluster_assign(model, point);
		f->count[cluster < 0 ? f->n_levels : cluster]++;	/* in none: noise */
		return;
	}
	shopper_predict(model, s->dense, s->lookup, s->out);
	if (f->number >= 0)
		c->value[f->number] = s->out[model->task == SHOPPER_CLASSIFY ? model->spec->positive : 0];
	else
		f->count[shopper_best_class(model, s->out)]++;
}

/* Each row is as likely to be in the sample (Vitter's reservoir, 1985). */
static void
sample_row(Counting *c)
{
	int64		place = c->n;

	if (place >= c->most)
		place = (int64) (shopper_hash_add(1, (uint64) c->n) % (uint64) (c->n + 1));
	if (place >= c->most)
		return;
	if (place >= c->capacity)
	{
		c->capacity = Max(1024, Min(2 * c->capacity, c->most));
		c->sample = c->sample == NULL ? MemoryContextAllocHuge(c->context, sizeof(double) * c->capacity * Max(c->n_numbers, 1))
			: repalloc_huge(c->sample, sizeof(double) * c->capacity * Max(c->n_numbers, 1));
	}
	memcpy(c->sample + place * c->n_numbers, c->value, sizeof(double) * c->n_numbers);
}

static void
counting_row(void *state, Datum *values, bool *nulls)
{
	Counting   *c = state;

	shopper_row_scoring_encode(c->scoring, values, nulls);
	c->nulls = nulls;
	for (int i = 0; i < c->n_counted; i++)
	{
		Counted    *f = &c->counted[i];

		if (f->column < 0)
			count_prediction(c, f);
		else if (f->number < 0)
			count_level(c, f);
		else
			c->value[f->number] = c->scoring->raw[c->model->spec->column[f->column].first];
		if (f->number >= 0 && c->reference != NULL)
			count_number(f, c->value[f->number]);
	}
	if (c->reference == NULL)
		sample_row(c);
	c->n++;
}

/* Ranges of a number from the sampled rows, and their counts. */
static void
count_sample(Counting *c, Counted *f)
{
	int64		n = Min(c->n, c->most);
	double	   *x = MemoryContextAllocHuge(c->context, sizeof(double) * Max(n, 1));

	for (int64 i = 0; i < n; i++)
		x[i] = c->sample[i * c->n_numbers + f->number];
	shopper_check(c->env, shopper_drift_edges(c->env, x, n, f->edge, &f->n_edges));
	for (int64 i = 0; i < n; i++)
		count_number(f, x[i]);
	pfree(x);
	CHECK_FOR_INTERRUPTS();
}

/* The texts of the cells that are levels. */
static Datum
level_array(const Counting *c, const Counted *f)
{
	const ShopperModel *model = c->model;
	Datum	   *d = palloc(sizeof(Datum) * Max(f->n_levels, 1));

	for (int i = 0; i < f->n_levels; i++)
	{
		char		buffer[24];
		size_t		length;
		const char *text;

		if (f->column < 0 && model->task == SHOPPER_CLUSTER)
			length = snprintf(buffer, sizeof(buffer), "%d", shopper_clusters_of(model)->id[i]), text = buffer;
		else
			text = shopper_dictionary_text(f->column < 0 ? &model->spec->classes : &model->spec->category[model->spec->column[f->column].first].levels,
										   i, buffer, &length);
		d[i] = PointerGetDatum(cstring_to_text_with_len(text, (int) length));
	}
	return PointerGetDatum(construct_array(d, f->n_levels, TEXTOID, -1, false, TYPALIGN_INT));
}

static void
put_counted(const Counting *c, const Counted *f, Tuplestorestate *rows, TupleDesc desc)
{
	int			cells = (f->number >= 0 ? f->n_edges + 1 : f->n_levels) + SHOPPER_DRIFT_OWN;
	Datum		values[5] = {CStringGetTextDatum(f->name), CStringGetTextDatum(f->kind)};
	bool		nulls[5] = {false, false, f->number < 0, f->number >= 0, false};

	if (f->number >= 0)
		values[2] = shopper_float_array(f->edge, f->n_edges, false);
	else
		values[3] = level_array(c, f);
	values[4] = shopper_float_array(f->count, cells, false);
	tuplestore_putvalues(rows, desc, values, nulls);
}

/* distributions(model, query, reference) */
PG_FUNCTION_INFO_V1(shopper_distributions);
Datum
shopper_distributions(PG_FUNCTION_ARGS)
{
	Counting	c = {0};
	ShopperRowSink sink = {counting_start, counting_row, &c};
	Tuplestorestate *rows;
	TupleDesc	desc;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("model and query must not be null")));
	rows = shopper_rows_begin(fcinfo, &desc);
	c.env = shopper_env_create(CurrentMemoryContext, &c.context);
	c.model = shopper_model_arg(fcinfo, 0)->model;
	if (c.model->spec == NULL)
		ereport(ERROR, (errcode(ERRCODE_DATATYPE_MISMATCH), errmsg("expected a model of rows, got a model of %s", c.model->learner->name),
						errhint("Classifiers, regressors, clusters, anomalies and projections have columns whose distribution can be watched.")));
	c.reference = PG_ARGISNULL(2) ? NULL : PG_GETARG_ARRAYTYPE_P(2);
	shopper_run_query(text_to_cstring(PG_GETARG_TEXT_PP(1)), &sink);
	for (int i = 0; i < c.n_counted; i++)
	{
		if (c.reference == NULL && c.counted[i].number >= 0 && c.n > 0)
			count_sample(&c, &c.counted[i]);
		put_counted(&c, &c.counted[i], rows, desc);
	}
	MemoryContextDelete(c.context);
	return (Datum) 0;
}

static double *
counts_arg(FunctionCallInfo fcinfo, int n, int *cells)
{
	ArrayType  *array = PG_GETARG_ARRAYTYPE_P(n);
	double	   *x;

	*cells = ARR_NDIM(array) == 1 ? ARR_DIMS(array)[0] : 0;
	x = palloc(sizeof(double) * Max(*cells, 1));
	shopper_read_floats(array, *cells, x);
	for (int i = 0; i < *cells; i++)
		if (!(x[i] >= 0) || isinf(x[i]))
			ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("counts must be finite and not negative, got %g", x[i])));
	return x;
}

/* drift(expected, actual, ordered) */
PG_FUNCTION_INFO_V1(shopper_drift_of_counts);
Datum
shopper_drift_of_counts(PG_FUNCTION_ARGS)
{
	MemoryContext context;
	ShopperEnv *env = shopper_env_create(CurrentMemoryContext, &context);
	TupleDesc	desc;
	Datum		values[6];
	bool		nulls[6];
	int			n,
				m;
	double	   *expected = counts_arg(fcinfo, 0, &n),
			   *actual = counts_arg(fcinfo, 1, &m);
	bool		ordered = PG_GETARG_BOOL(2);
	ShopperDrift d;

	if (n != m || n < SHOPPER_DRIFT_OWN)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("both distributions must have the same cells, got %d and %d", n, m),
						errhint("The last two are missing and unseen values.")));
	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	desc = BlessTupleDesc(desc);
	n -= SHOPPER_DRIFT_OWN;
	shopper_check(env, shopper_drift(env, expected, actual, ordered ? n : 0, ordered ? 0 : n, &d));
	MemoryContextDelete(context);
	shopper_set_float(&values[0], &nulls[0], d.psi);
	shopper_set_float(&values[1], &nulls[1], d.chance);
	shopper_set_float(&values[2], &nulls[2], d.ks);
	shopper_set_float(&values[3], &nulls[3], d.js);
	shopper_set_float(&values[4], &nulls[4], d.missing);
	shopper_set_float(&values[5], &nulls[5], d.unseen);
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(desc, values, nulls)));
}
