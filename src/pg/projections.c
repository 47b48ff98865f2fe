/* projections.c: the SQL calls about models that project. */
#include "rows.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "utils/array.h"

#include "inspect.h"

#include "../models/projections/projection.h"

static const ShopperProjection *
projection_of(const ShopperModel *model)
{
	const ShopperProjection *p = shopper_projection_of(model);

	if (p == NULL)
		ereport(ERROR, (errcode(ERRCODE_DATATYPE_MISMATCH), errmsg("expected a projection, got a model of %s", model->learner->name),
						errhint("Such models come from train_projection, with pca() or lda().")));
	return p;
}

static const ShopperProjection *
invertible(const ShopperModel *model)
{
	const ShopperProjection *p = projection_of(model);

	if (!p->orthonormal)
		ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED), errmsg("a projection of %s cannot be turned back", model->learner->name),
						errhint("Use pca().")));
	return p;
}

PG_FUNCTION_INFO_V1(shopper_project_sql);
Datum
shopper_project_sql(PG_FUNCTION_ARGS)
{
	double		score[SHOPPER_MAX_WIDTH];
	ShopperRowScoring *s = shopper_scoring_args(fcinfo, SHOPPER_PROJECT);

	if (s == NULL)
		PG_RETURN_NULL();
	shopper_project_row(s->model, s->dense, s->lookup, score);
	PG_RETURN_DATUM(shopper_float_array(score, projection_of(s->model)->k, false));
}

PG_FUNCTION_INFO_V1(shopper_projection_error_sql);
Datum
shopper_projection_error_sql(PG_FUNCTION_ARGS)
{
	double		score[SHOPPER_MAX_WIDTH],
				x[SHOPPER_MAX_WIDTH],
				back[SHOPPER_MAX_WIDTH],
				squares = 0;
	ShopperRowScoring *s = shopper_scoring_args(fcinfo, SHOPPER_PROJECT);
	const ShopperProjection *p;

	if (s == NULL)
		PG_RETURN_NULL();
	p = invertible(s->model);
	shopper_point(s->model->spec, s->dense, s->lookup, p->category_weight, x);
	shopper_project_point(p, x, score);
	shopper_unproject_point(p, score, back);
	for (int j = 0; j < p->d; j++)
		squares += (x[j] - back[j]) * (x[j] - back[j]);
	PG_RETURN_FLOAT8(sqrt(squares));
}

/* ---- back to a row ---- */

/* Of a category the level that the scores speak for most. */
static char *
likely_level(const ShopperCategory *category, const ShopperFeatureName *name, const double *x)
{
	int			best = category->offset;

	for (int e = category->offset; e < category->offset + category->size; e++)
		if (x[e] > x[best])
			best = e;
	return category->size > 0 ? pstrdup(name[best].level) : NULL;
}

PG_FUNCTION_INFO_V1(shopper_unproject_sql);
Datum
shopper_unproject_sql(PG_FUNCTION_ARGS)
{
	const ShopperModel *model;
	const ShopperProjection *p;
	const ShopperSpec *spec;
	ArrayType  *array;
	double	   *score,
				x[SHOPPER_MAX_WIDTH];
	int			n;
	ShopperJson j;
	ShopperEnv *env;
	MemoryContext context;
	ShopperFeatureName *name;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		PG_RETURN_NULL();
	model = shopper_model_arg(fcinfo, 0)->model;
	p = invertible(model);
	spec = model->spec;
	array = PG_GETARG_ARRAYTYPE_P(1);
	n = ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array));
	if (ARR_NDIM(array) > 1 || n > p->k)
		ereport(ERROR, (errcode(ERRCODE_DATA_EXCEPTION), errmsg("expected an array of at most %d scores, got %d", p->k, n)));
	score = palloc0(sizeof(double) * Max(p->k, 1));
	shopper_read_floats(array, n, score);
	for (int i = 0; i < n; i++)
		if (score[i] - score[i] != 0)
			ereport(ERROR, (errcode(ERRCODE_DATA_EXCEPTION), errmsg("score %d is not a number", i + 1)));
	shopper_unproject_point(p, score, x);
	env = shopper_env_create(CurrentMemoryContext, &context);
	shopper_check(env, shopper_spec_names(env, spec, &name));
	shopper_json_begin(&j);
	for (int e = 0; e < spec->n_numbers; e++)
		shopper_json_number(&j, name[e].level == NULL ? name[e].column : psprintf("%s %s", name[e].column, name[e].level),
							x[e] * spec->number[e].scale + spec->number[e].mean);
	for (int c = 0; c < spec->n_columns; c++)
		if (spec->column[c].kind == SHOPPER_KIND_CATEGORY)
			shopper_json_text(&j, spec->column[c].name, likely_level(&spec->category[spec->column[c].first], name, x));
	MemoryContextDelete(context);
	return shopper_json_end(&j);
}

/* ---- the axes ---- */

PG_FUNCTION_INFO_V1(shopper_explained_variance_sql);
Datum
shopper_explained_variance_sql(PG_FUNCTION_ARGS)
{
	TupleDesc	desc;
	Tuplestorestate *rows = shopper_rows_begin(fcinfo, &desc);
	const ShopperProjection *p = projection_of(shopper_model_arg(fcinfo, 0)->model);
	double		sum = 0;

	for (int i = 0; i < p->k; i++)
	{
		Datum		v[4] = {Int32GetDatum(i + 1), Float8GetDatum(p->variance[i])};
		bool		null[4] = {false};

		sum += p->variance[i];
		shopper_set_float(&v[2], &null[2], p->variance[i] / p->total);
		shopper_set_float(&v[3], &null[3], sum / p->total);
		tuplestore_putvalues(rows, desc, v, null);
	}
	return (Datum) 0;
}

typedef struct Loading
{
	int			column;
	double		value;
} Loading;

/* Largest first; of two as large the first column. */
static int
by_size(const void *a, const void *b)
{
	const Loading *x = a,
			   *y = b;

	return fabs(x->value) != fabs(y->value) ? (fabs(x->value) < fabs(y->value) ? 1 : -1) : x->column - y->column;
}

PG_FUNCTION_INFO_V1(shopper_loadings_sql);
Datum
shopper_loadings_sql(PG_FUNCTION_ARGS)
{
	TupleDesc	desc;
	Tuplestorestate *rows = shopper_rows_begin(fcinfo, &desc);
	const ShopperModel *model = shopper_model_arg(fcinfo, 0)->model;
	const ShopperProjection *p = projection_of(model);
	MemoryContext context;
	ShopperEnv *env = shopper_env_create(CurrentMemoryContext, &context);
	ShopperFeatureName *name;
	Loading    *loading = palloc(sizeof(Loading) * p->d);

	shopper_check(env, shopper_spec_names(env, model->spec, &name));
	for (int i = 0; i < p->k; i++)
	{
		for (int j = 0; j < p->d; j++)
			loading[j] = (Loading) {j, p->axis[(int64) i * p->d + j]};
		qsort(loading, p->d, sizeof(Loading), by_size);
		for (int j = 0; j < p->d; j++)
		{
			const ShopperFeatureName *f = &name[loading[j].column];
			Datum		v[5] = {Int32GetDatum(i + 1), Int32GetDatum(j + 1), CStringGetTextDatum(f->column), 0, Float8GetDatum(loading[j].value)};
			bool		null[5] = {false, false, false, f->level == NULL};

			if (f->level != NULL)
				v[3] = CStringGetTextDatum(f->level);
			tuplestore_putvalues(rows, desc, v, null);
		}
	}
	MemoryContextDelete(context);
	return (Datum) 0;
}
