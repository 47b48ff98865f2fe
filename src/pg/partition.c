/*
 * partition.c: silhouette, calinski_harabasz and davies_bouldin as aggregates over
 * (point float8[], label int), and segment_quality of a model on the rows of a query.
 */
#include "rows.h"

#include <math.h>

#include "utils/array.h"
#include "utils/tuplestore.h"

#include "../core/hash.h"
#include "../core/sort.h"
#include "../models/segments/partition.h"
#include "../models/segments/segments.h"

/* ---- aggregates ---- */

typedef struct Partition
{
	ShopperEnv *env;
	MemoryContext context;
	int			d;				/* -1: not known yet */
	int64_t		n;
	double	   *x;				/* (n, d) */
	int64_t		x_capacity;
	int32_t    *label;
	int64_t		label_capacity;
	int32		sample;			/* 0: all */
} Partition;

static Partition *
start_partition(FunctionCallInfo fcinfo, MemoryContext parent)
{
	MemoryContext context;
	ShopperEnv *env = shopper_env_create(parent, &context);
	Partition  *s = MemoryContextAllocZero(context, sizeof(Partition));

	s->env = env;
	s->context = context;
	s->d = -1;
	if (PG_NARGS() > 3)
	{
		s->sample = PG_ARGISNULL(3) ? 0 : PG_GETARG_INT32(3);
		if (s->sample < 0 || s->sample == 1)
			ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("the sample must have at least 2 rows, got %d", s->sample)));
	}
	return s;
}

PG_FUNCTION_INFO_V1(shopper_partition_accum);
Datum
shopper_partition_accum(PG_FUNCTION_ARGS)
{
	MemoryContext context;
	Partition  *s;
	ArrayType  *array;
	int			d;

	if (!AggCheckCallContext(fcinfo, &context))
		elog(ERROR, "aggregate function called in non-aggregate context");
	s = PG_ARGISNULL(0) ? start_partition(fcinfo, context) : (Partition *) PG_GETARG_POINTER(0);
	if (PG_ARGISNULL(1) || PG_ARGISNULL(2))
		PG_RETURN_POINTER(s);
	array = PG_GETARG_ARRAYTYPE_P(1);
	d = ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array));
	if (ARR_NDIM(array) > 1 || d > SHOPPER_MAX_WIDTH || (s->d >= 0 && d != s->d))
		ereport(ERROR, (errcode(ERRCODE_DATA_EXCEPTION),
						errmsg("expected points of %d numbers, got one of %d", s->d >= 0 ? s->d : SHOPPER_MAX_WIDTH, d)));
	s->d = d;
	shopper_check(s->env, shopper_grow(s->env, &s->x, &s->x_capacity, (s->n + 1) * Max(d, 1), sizeof(double)));
	shopper_check(s->env, shopper_grow(s->env, &s->label, &s->label_capacity, s->n + 1, sizeof(int32_t)));
	shopper_read_floats(array, d, s->x + s->n * d);
	for (int j = 0; j < d; j++)
		if (!(fabs(s->x[s->n * d + j]) <= 1e150))
			ereport(ERROR, (errcode(ERRCODE_DATA_EXCEPTION), errmsg("coordinates must be finite, not NULL and at most 1e150")));
	s->label[s->n++] = PG_GETARG_INT32(2);
	PG_RETURN_POINTER(s);
}

/* Labels to 0 .. k - 1 in their order; k. */
static int
number_labels(ShopperEnv *env, int32_t *label, int64_t n)
{
	double	   *key = shopper_alloc(env, n, sizeof(double));
	uint32_t   *order = shopper_alloc(env, n, sizeof(uint32_t));
	int			k = -1;
	double		last = NAN;

	if (key == NULL || order == NULL)
		shopper_report(env, ERROR);
	for (int64_t i = 0; i < n; i++)
		key[i] = label[i];
	shopper_check(env, shopper_sort_doubles(env, key, order, n));
	for (int64_t i = 0; i < n; i++)
	{
		k += key[order[i]] != last;
		last = key[order[i]];
		label[order[i]] = k;
	}
	return k + 1;
}

/* The points in an order that does not depend on the scan; of a sample the first ones. */
static int64_t
order_points(Partition *s, uint32_t **order)
{
	uint64_t   *hash = shopper_alloc(s->env, s->n, sizeof(uint64_t));

	*order = shopper_alloc(s->env, s->n, sizeof(uint32_t));
	if (hash == NULL || *order == NULL)
		shopper_report(s->env, ERROR);
	for (int64_t i = 0; i < s->n; i++)
	{
		hash[i] = (uint64_t) s->label[i];
		for (int j = 0; j < s->d; j++)
			hash[i] = shopper_hash_add(hash[i], shopper_double_key(s->x[i * s->d + j]));
		if (i % 4096 == 0)
			shopper_check(s->env, shopper_poll(s->env));
	}
	shopper_check(s->env, shopper_sort_hashes(s->env, hash, *order, s->n));
	return s->sample > 0 && s->sample < s->n ? s->sample : s->n;
}

typedef ShopperStatus (*Measure) (ShopperEnv *env, const ShopperPointSet *p, const int32_t *label, int k, double *value);

static Datum
finish_partition(FunctionCallInfo fcinfo, Measure measure)
{
	Partition  *s;
	ShopperPointSet p;
	int32_t    *label;
	uint32_t   *order;
	int64_t		n;
	double		value;

	if (!AggCheckCallContext(fcinfo, NULL))
		elog(ERROR, "aggregate function called in non-aggregate context");
	s = PG_ARGISNULL(0) ? NULL : (Partition *) PG_GETARG_POINTER(0);
	if (s == NULL || s->n == 0)
		PG_RETURN_NULL();
	n = order_points(s, &order);
	shopper_check(s->env, shopper_points_init(s->env, n, s->d, &p));
	label = shopper_alloc(s->env, n, sizeof(int32_t));
	if (label == NULL)
		shopper_report(s->env, ERROR);
	for (int64_t i = 0; i < n; i++)
	{
		label[i] = s->label[order[i]];
		for (int j = 0; j < s->d; j++)
			*shopper_coordinate(&p, i, j) = s->x[(int64_t) order[i] * s->d + j];
	}
	shopper_env_start_pool(s->env, n);
	shopper_check(s->env, measure(s->env, &p, label, number_labels(s->env, label, n), &value));
	shopper_env_end_pool(s->env);
	if (isnan(value))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(value);
}

static ShopperStatus
silhouette(ShopperEnv *env, const ShopperPointSet *p, const int32_t *label, int k, double *value)
{
	return shopper_silhouette(env, p, label, k, value, NULL);
}

static ShopperStatus
calinski_harabasz(ShopperEnv *env, const ShopperPointSet *p, const int32_t *label, int k, double *value)
{
	double		other;

	return shopper_partition_ratios(env, p, label, k, value, &other);
}

static ShopperStatus
davies_bouldin(ShopperEnv *env, const ShopperPointSet *p, const int32_t *label, int k, double *value)
{
	double		other;

	return shopper_partition_ratios(env, p, label, k, &other, value);
}

PG_FUNCTION_INFO_V1(shopper_silhouette_final);
Datum
shopper_silhouette_final(PG_FUNCTION_ARGS)
{
	return finish_partition(fcinfo, silhouette);
}

PG_FUNCTION_INFO_V1(shopper_calinski_harabasz_final);
Datum
shopper_calinski_harabasz_final(PG_FUNCTION_ARGS)
{
	return finish_partition(fcinfo, calinski_harabasz);
}

PG_FUNCTION_INFO_V1(shopper_davies_bouldin_final);
Datum
shopper_davies_bouldin_final(PG_FUNCTION_ARGS)
{
	return finish_partition(fcinfo, davies_bouldin);
}

/* ---- segment_quality ---- */

static void
put_quality(Tuplestorestate *rows, TupleDesc desc, int32 cluster, const char *metric, double value)
{
	Datum		v[3] = {Int32GetDatum(cluster), CStringGetTextDatum(metric)};
	bool		null[3] = {cluster == 0};

	shopper_set_float(&v[2], &null[2], value);
	tuplestore_putvalues(rows, desc, v, null);
}

/* model, query, sample: rows that the silhouette is computed on, NULL: all */
PG_FUNCTION_INFO_V1(shopper_segment_quality);
Datum
shopper_segment_quality(PG_FUNCTION_ARGS)
{
	TupleDesc	desc;
	Tuplestorestate *rows = shopper_rows_begin(fcinfo, &desc);
	const ShopperClusters *c;
	ShopperMeasured *m;
	ShopperPointSet p,
				sample;
	int32_t    *label;
	int64_t    *size;
	double	   *one,
				value,
				other,
				squares = 0;
	int64_t		none = 0;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		return (Datum) 0;
	m = shopper_measured_query(shopper_clusters_arg(fcinfo, 0), text_to_cstring(PG_GETARG_TEXT_PP(1)), false, -1);
	c = shopper_clusters_of(&m->model);
	shopper_check(m->env, shopper_table_order(&m->table, 0));
	shopper_check(m->env, shopper_points_make(&m->table, m->model.spec, c->category_weight, &p));
	label = shopper_alloc(m->env, p.n, sizeof(int32_t));
	size = shopper_alloc0(m->env, c->k, sizeof(int64_t));
	one = shopper_alloc0(m->env, c->k, sizeof(double));
	if (label == NULL || size == NULL || one == NULL)
		shopper_report(m->env, ERROR);
	shopper_check(m->env, shopper_clusters_label(m->env, &m->model, &p, label));
	for (int64_t i = 0; i < p.n; i++)
	{
		if (label[i] < 0)
		{
			none++;
			continue;
		}
		size[label[i]]++;
		for (int j = 0; j < p.d; j++)
		{
			double		gap = *shopper_coordinate(&p, i, j) - c->centre[(int64_t) label[i] * c->d + j];

			squares += gap * gap;
		}
		if (i % 4096 == 0)
			shopper_check(m->env, shopper_poll(m->env));
	}
	sample = p;
	if (!PG_ARGISNULL(2) && PG_GETARG_INT32(2) < p.n)
	{
		if (PG_GETARG_INT32(2) < 2)
			ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("the sample must have at least 2 rows, got %d", PG_GETARG_INT32(2))));
		sample.n = PG_GETARG_INT32(2);
		sample.n_tiles = (sample.n + SHOPPER_TILE - 1) / SHOPPER_TILE;
	}
	put_quality(rows, desc, 0, "rows", (double) p.n);
	put_quality(rows, desc, 0, "in_no_cluster", (double) none);
	put_quality(rows, desc, 0, "inertia", squares);
	shopper_check(m->env, shopper_silhouette(m->env, &sample, label, c->k, &value, one));
	put_quality(rows, desc, 0, "silhouette", value);
	shopper_check(m->env, shopper_partition_ratios(m->env, &p, label, c->k, &value, &other));
	put_quality(rows, desc, 0, "calinski_harabasz", value);
	put_quality(rows, desc, 0, "davies_bouldin", other);
	for (int e = 0; e < c->k; e++)
	{
		put_quality(rows, desc, c->id[e], "rows", (double) size[e]);
		put_quality(rows, desc, c->id[e], "silhouette", one[e]);
	}
	MemoryContextDelete(m->context);
	return (Datum) 0;
}
