/* segments.c: the SQL calls about clusters. */
#include "rows.h"

#include <math.h>

#include "inspect.h"

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

/* ---- rows about a model ---- */

static const ShopperModel *
clusters_arg(FunctionCallInfo fcinfo, int n)
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
	const ShopperClusters *c = shopper_clusters_of(clusters_arg(fcinfo, 0));
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
