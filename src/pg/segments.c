/* segments.c: the SQL calls about clusters. */
#include "rows.h"

#include <math.h>

#include "inspect.h"

#include "../models/segments/hierarchical.h"
#include "../models/segments/k_distance.h"
#include "../models/segments/profile.h"
#include "../models/segments/segments.h"

/* The row in argument 1 as a point of the model in argument 0; NULL when either is NULL. x has room for SHOPPER_MAX_WIDTH. */
static const ShopperModel *
point_arg(FunctionCallInfo fcinfo, double *x)
{
	ShopperRowScoring *s = shopper_scoring_args(fcinfo, SHOPPER_CLUSTER);

	if (s == NULL)
		return NULL;
	shopper_point(s->model->spec, s->dense, s->lookup, shopper_clusters_of(s->model)->category_weight, x);
	return s->model;
}

PG_FUNCTION_INFO_V1(shopper_predict_cluster);
Datum
shopper_predict_cluster(PG_FUNCTION_ARGS)
{
	double		x[SHOPPER_MAX_WIDTH];
	const ShopperModel *model = point_arg(fcinfo, x);
	int			cluster = model != NULL ? shopper_cluster_assign(model, x) : -1;

	if (cluster < 0)
		PG_RETURN_NULL();
	PG_RETURN_INT32(shopper_clusters_of(model)->id[cluster]);
}

PG_FUNCTION_INFO_V1(shopper_cluster_distance_sql);
Datum
shopper_cluster_distance_sql(PG_FUNCTION_ARGS)
{
	double		x[SHOPPER_MAX_WIDTH];
	const ShopperModel *model = point_arg(fcinfo, x);

	if (model == NULL || shopper_clusters_of(model)->k == 0)
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(shopper_cluster_distance(model, x));
}

PG_FUNCTION_INFO_V1(shopper_cluster_membership_sql);
Datum
shopper_cluster_membership_sql(PG_FUNCTION_ARGS)
{
	double		x[SHOPPER_MAX_WIDTH];
	const ShopperModel *model = point_arg(fcinfo, x);
	const ShopperClusters *c;
	ShopperJson j;
	double	   *p;

	if (model == NULL)
		PG_RETURN_NULL();
	c = shopper_clusters_of(model);
	p = palloc(sizeof(double) * Max(c->k, 1));
	shopper_cluster_membership(model, x, p);
	shopper_json_begin(&j);
	for (int e = 0; e < c->k; e++)
	{
		char		id[16];

		snprintf(id, sizeof(id), "%d", c->id[e]);
		shopper_json_number(&j, id, p[e]);
	}
	return shopper_json_end(&j);
}

/* ---- the model itself ---- */

const ShopperModel *
shopper_clusters_arg(FunctionCallInfo fcinfo, int n)
{
	const ShopperModel *model = shopper_model_arg(fcinfo, n)->model;

	if (model->task != SHOPPER_CLUSTER)
		ereport(ERROR, (errcode(ERRCODE_DATATYPE_MISMATCH), errmsg("expected clusters, got a model of %s", model->learner->name),
						errhint("Such models come from train_clusters.")));
	return model;
}

PG_FUNCTION_INFO_V1(shopper_clusters_sql);
Datum
shopper_clusters_sql(PG_FUNCTION_ARGS)
{
	TupleDesc	desc;
	Tuplestorestate *rows = shopper_rows_begin(fcinfo, &desc);
	const ShopperClusters *c = shopper_clusters_of(shopper_clusters_arg(fcinfo, 0));
	double		total = c->noise;

	for (int e = 0; e < c->k; e++)
		total += c->size[e];
	for (int e = 0; e < c->k + (c->noise > 0); e++)
	{
		bool		none = e == c->k;
		double		size = none ? c->noise : c->size[e];
		Datum		v[4];
		bool		null[4] = {none, none || c->name[e] == NULL};

		v[0] = Int32GetDatum(none ? 0 : c->id[e]);
		v[1] = null[1] ? (Datum) 0 : CStringGetTextDatum(c->name[e]);
		v[2] = Float8GetDatum(size);
		shopper_set_float(&v[3], &null[3], total > 0 ? size / total : NAN);
		tuplestore_putvalues(rows, desc, v, null);
	}
	return (Datum) 0;
}

PG_FUNCTION_INFO_V1(shopper_cluster_profile_sql);
Datum
shopper_cluster_profile_sql(PG_FUNCTION_ARGS)
{
	TupleDesc	desc;
	Tuplestorestate *rows = shopper_rows_begin(fcinfo, &desc);
	const ShopperModel *model = shopper_clusters_arg(fcinfo, 0);
	const ShopperClusters *c = shopper_clusters_of(model);
	MemoryContext context;
	ShopperEnv *env = shopper_env_create(CurrentMemoryContext, &context);
	ShopperTrait *trait;
	int64_t		n;
	double		total = c->noise;

	for (int e = 0; e < c->k; e++)
		total += c->size[e];
	shopper_check(env, shopper_cluster_profile(env, model, &trait, &n));
	for (int64_t i = 0; i < n; i++)
	{
		const ShopperTrait *t = &trait[i];
		Datum		v[11];
		bool		null[11] = {false};

		v[0] = Int32GetDatum(c->id[t->cluster]);
		null[1] = c->name[t->cluster] == NULL;
		v[1] = null[1] ? (Datum) 0 : CStringGetTextDatum(c->name[t->cluster]);
		v[2] = Float8GetDatum(c->size[t->cluster]);
		shopper_set_float(&v[3], &null[3], c->size[t->cluster] / total);
		v[4] = Int32GetDatum(t->rank);
		v[5] = CStringGetTextDatum(t->feature);
		null[6] = t->level == NULL;
		v[6] = null[6] ? (Datum) 0 : CStringGetTextDatum(t->level);
		v[7] = CStringGetTextDatum(t->text);
		shopper_set_float(&v[8], &null[8], t->value);
		shopper_set_float(&v[9], &null[9], t->average);
		shopper_set_float(&v[10], &null[10], t->difference);
		tuplestore_putvalues(rows, desc, v, null);
	}
	MemoryContextDelete(context);
	return (Datum) 0;
}

PG_FUNCTION_INFO_V1(shopper_dendrogram_sql);
Datum
shopper_dendrogram_sql(PG_FUNCTION_ARGS)
{
	TupleDesc	desc;
	Tuplestorestate *rows = shopper_rows_begin(fcinfo, &desc);
	const ShopperModel *model = shopper_clusters_arg(fcinfo, 0);
	const ShopperDendrogram *own = shopper_dendrogram(model);

	if (own == NULL)
		ereport(ERROR, (errcode(ERRCODE_DATATYPE_MISMATCH), errmsg("expected clusters of hierarchical, got a model of %s", model->learner->name),
						errhint("Train with train_clusters(f, hierarchical()).")));
	for (int64_t i = 0; i < own->n; i++)
	{
		Datum		v[4] = {Int32GetDatum((int32) i + 1), Int32GetDatum((int32) (own->n - i)), Float8GetDatum(own->height[i]), Int32GetDatum(own->size[i])};
		bool		null[4] = {false};

		tuplestore_putvalues(rows, desc, v, null);
	}
	return (Datum) 0;
}

/* ---- names ---- */

static int
cluster_named(const ShopperClusters *c, const char *id)
{
	char	   *end;
	long long	number = strtoll(id, &end, 10);
	int			found = *id != '\0' && *end == '\0' ? shopper_cluster_find(c, number) : -1;
	StringInfoData s;

	if (found >= 0)
		return found;
	initStringInfo(&s);
	for (int e = 0; e < c->k && s.len < 200; e++)
		appendStringInfo(&s, "%s%d", e > 0 ? ", " : "", c->id[e]);
	ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("the model has no cluster \"%.40s\"", id),
					errhint("Its clusters are %s.", s.data)));
}

PG_FUNCTION_INFO_V1(shopper_name_clusters);
Datum
shopper_name_clusters(PG_FUNCTION_ARGS)
{
	MemoryContext context;
	ShopperEnv *env = shopper_env_create(CurrentMemoryContext, &context);
	Jsonb	   *names = PG_GETARG_JSONB_P(1);
	ShopperModel model;
	ShopperClusters *c;
	JsonbIterator *it;
	JsonbValue	key,
				value;
	JsonbIteratorToken token;
	bytea	   *result;

	(void) shopper_clusters_arg(fcinfo, 0);
	shopper_model_read(env, shopper_model_bytes(fcinfo, 0), &model);
	c = model.state;
	if (!JB_ROOT_IS_OBJECT(names))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("names must be a json object"),
						errhint("Give names by id, as in {\"1\": \"regulars\"}.")));
	it = JsonbIteratorInit(&names->root);
	while ((token = JsonbIteratorNext(&it, &key, true)) != WJB_DONE)
	{
		int			cluster;

		if (token != WJB_KEY)
			continue;
		JsonbIteratorNext(&it, &value, true);
		cluster = cluster_named(c, pnstrdup(key.val.string.val, key.val.string.len));
		if (value.type != jbvString && value.type != jbvNull)
			ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("the name of cluster %d must be a text, or null to take it away", c->id[cluster])));
		c->name[cluster] = NULL;
		if (value.type == jbvString && value.val.string.len > 0)
			c->name[cluster] = shopper_strdup(env, value.val.string.val, value.val.string.len);
	}
	result = shopper_model_write(env, &model);
	MemoryContextDelete(context);
	PG_RETURN_BYTEA_P(result);
}

/* ---- moves between two models ---- */

typedef struct Moves
{
	const ShopperModel *model[2];	/* old, new */
	ShopperRowScoring *scoring[2];
	MemoryContext context;
	int64	   *count;			/* (old clusters + 1, new clusters + 1), the last is none */
} Moves;

static void
moves_start(void *state, TupleDesc desc)
{
	Moves	   *m = state;

	for (int i = 0; i < 2; i++)
		m->scoring[i] = shopper_row_scoring_plan(m->context, m->model[i], desc);
}

static void
moves_row(void *state, Datum *values, bool *nulls)
{
	Moves	   *m = state;
	double		x[SHOPPER_MAX_WIDTH];
	int			cluster[2];

	for (int i = 0; i < 2; i++)
	{
		const ShopperClusters *c = shopper_clusters_of(m->model[i]);

		shopper_row_scoring_encode(m->scoring[i], values, nulls);
		shopper_point(m->model[i]->spec, m->scoring[i]->dense, m->scoring[i]->lookup, c->category_weight, x);
		cluster[i] = shopper_cluster_assign(m->model[i], x);
		cluster[i] = cluster[i] < 0 ? c->k : cluster[i];
	}
	m->count[(int64) cluster[0] * (shopper_clusters_of(m->model[1])->k + 1) + cluster[1]]++;
}

static void
put_cluster(const ShopperClusters *c, int e, Datum *v, bool *null)
{
	null[0] = e == c->k;
	v[0] = Int32GetDatum(null[0] ? 0 : c->id[e]);
	null[1] = null[0] || c->name[e] == NULL;
	v[1] = null[1] ? (Datum) 0 : CStringGetTextDatum(c->name[e]);
}

PG_FUNCTION_INFO_V1(shopper_segment_moves);
Datum
shopper_segment_moves(PG_FUNCTION_ARGS)
{
	TupleDesc	desc;
	Tuplestorestate *rows = shopper_rows_begin(fcinfo, &desc);
	Moves		m = {.context = CurrentMemoryContext};
	ShopperRowSink sink = {moves_start, moves_row, &m};
	const ShopperClusters *old,
			   *new;
	MemoryContext context;
	ShopperEnv *env = shopper_env_create(CurrentMemoryContext, &context);
	ShopperModel later;

	/* the cache holds one model for a call: the other one is read here */
	m.model[0] = shopper_clusters_arg(fcinfo, 0);
	shopper_model_read(env, PG_GETARG_BYTEA_P(1), &later);
	if (later.task != SHOPPER_CLUSTER)
		ereport(ERROR, (errcode(ERRCODE_DATATYPE_MISMATCH), errmsg("expected clusters, got a model of %s", later.learner->name),
						errhint("Such models come from train_clusters.")));
	m.model[1] = &later;
	old = shopper_clusters_of(m.model[0]);
	new = shopper_clusters_of(m.model[1]);
	m.count = palloc_extended(sizeof(int64) * (old->k + 1) * (new->k + 1), MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	shopper_run_query(text_to_cstring(PG_GETARG_TEXT_PP(2)), &sink);
	for (int a = 0; a <= old->k; a++)
	{
		int64	   *count = m.count + (int64) a * (new->k + 1),
					total = 0;

		for (int b = 0; b <= new->k; b++)
			total += count[b];
		for (int b = 0; b <= new->k; b++)
		{
			Datum		v[6];
			bool		null[6] = {false};

			if (count[b] == 0)
				continue;
			put_cluster(old, a, &v[0], &null[0]);
			put_cluster(new, b, &v[2], &null[2]);
			v[4] = Int64GetDatum(count[b]);
			v[5] = Float8GetDatum((double) count[b] / total);
			tuplestore_putvalues(rows, desc, v, null);
		}
	}
	MemoryContextDelete(context);
	return (Datum) 0;
}

/* ---- choosing eps ---- */

static void
k_distance_start(void *state, TupleDesc desc)
{
	shopper_row_training_plan(state, desc);
}

static void
k_distance_row(void *state, Datum *values, bool *nulls)
{
	shopper_row_training_add(state, values, nulls);
}

PG_FUNCTION_INFO_V1(shopper_k_distance_sql);
Datum
shopper_k_distance_sql(PG_FUNCTION_ARGS)
{
	TupleDesc	desc;
	Tuplestorestate *rows = shopper_rows_begin(fcinfo, &desc);
	int32		k = PG_ARGISNULL(1) ? 0 : PG_GETARG_INT32(1);
	ShopperRowTraining *t;
	ShopperRowSink sink = {k_distance_start, k_distance_row, NULL};
	ShopperTable table;
	ShopperPointSet p;
	double	   *distance;

	if (PG_ARGISNULL(0))
		ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("the query must not be null")));
	t = shopper_row_training_create(CurrentMemoryContext, SHOPPER_CLUSTER, NULL, PG_ARGISNULL(2) ? NULL : PG_GETARG_JSONB_P(2), NULL);
	sink.state = t;
	shopper_run_query(text_to_cstring(PG_GETARG_TEXT_PP(0)), &sink);
	shopper_row_training_table(t, &table);
	if (k < 1 || k > table.n)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("k must be from 1 to the number of rows, %lld, got %d", (long long) table.n, k)));
	shopper_check(t->env, shopper_prepare_points(&t->model, &table));
	shopper_check(t->env, shopper_points_make(&table, t->model.spec, shopper_option_number(&t->model.options, "category_weight"), &p));
	distance = shopper_alloc(t->env, p.n, sizeof(double));
	if (distance == NULL)
		shopper_report(t->env, ERROR);
	shopper_check(t->env, shopper_k_distances(t->env, &p, k, distance));
	shopper_env_end_pool(t->env);
	for (int64_t i = 0; i < p.n; i++)
	{
		Datum		v[2] = {Int64GetDatum(i + 1), Float8GetDatum(distance[i])};
		bool		null[2] = {false};

		tuplestore_putvalues(rows, desc, v, null);
	}
	MemoryContextDelete(t->context);
	return (Datum) 0;
}
