/*
 * linear_cross.c: linear regression from counts, means and cross products alone: no
 * row is seen again. OLS and ridge; the statistics stay in the model, so that models of
 * parts can be merged into the one of all rows.
 *
 * Columns are standardized by their own deviations, so the Gram matrix is that of
 * correlations; its solution loses as many digits as that has condition.
 */
#include <math.h>
#include <string.h>

#include "../../core/cross.h"
#include "../../core/dense.h"
#include "linear_model.h"

#define ALIAS_TOLERANCE 1e-10

static double
product(const ShopperCross *c, int a, int b)
{
	return c->cross[(size_t) (a > b ? a : b) * (size_t) c->p + (size_t) (a > b ? b : a)];
}

/* Means and deviations go into the spec: the model is one of standardized columns. */
static ShopperStatus
fill_spec(ShopperEnv *env, ShopperSpec *spec, const ShopperCross *c)
{
	for (int j = 0; j < c->p; j++)
	{
		double		deviation = sqrt(product(c, j, j) / c->n);

		if (!isfinite(deviation) || !isfinite(c->mean[j]))
		{
			shopper_fail(env, SHOPPER_BAD_DATA, "the values are too large for a regression");
			shopper_hint(env, "Divide them by a constant.");
			return env->status;
		}
		if (!(deviation > 1e-13 * fabs(c->mean[j])))	/* rounding leaves a tiny deviation in a column of one large value */
			deviation = 1;
		if (j == c->p - 1)
		{
			spec->target_mean = c->mean[j];
			spec->target_scale = deviation;
			break;
		}
		spec->number[j].mean = spec->number[j].fill = c->mean[j];
		spec->number[j].scale = deviation;
		spec->number[j].flag = -1;
	}
	spec->prepared = true;
	spec->n_dense = spec->width = c->p - 1;
	return SHOPPER_OK;
}

static ShopperStatus
keep(ShopperEnv *env, ShopperLinearModel *lm, const ShopperCross *c)
{
	size_t		p = (size_t) c->p;

	SHOPPER_NEW0(env, lm->cross, 1);
	*lm->cross = *c;
	SHOPPER_NEW(env, lm->cross->mean, p);
	SHOPPER_NEW(env, lm->cross->cross, p * p);
	memcpy(lm->cross->mean, c->mean, p * sizeof(double));
	memcpy(lm->cross->cross, c->cross, p * p * sizeof(double));
	return SHOPPER_OK;
}

/* Variances of the coefficients; the intercept of centred columns is independent of the slopes. */
static ShopperStatus
add_errors(ShopperEnv *env, ShopperModel *model, ShopperLinearModel *lm, const double *l, const bool *skip, double n, int rank)
{
	size_t		q = (size_t) lm->width,
				p = q + 1;
	double	   *inverse,
			   *covariance,
				variance;

	lm->freedom = n - rank - 1;
	if (!(lm->freedom > 0))
		return SHOPPER_OK;
	variance = lm->objective / lm->freedom;
	SHOPPER_NEW(env, inverse, q * q);
	SHOPPER_NEW0(env, covariance, p * p);
	SHOPPER_NEW0(env, lm->std_error, p);
	SHOPPER_TRY(shopper_cholesky_inverse(env, l, (int) q, skip, inverse));
	for (size_t i = 0; i < q; i++)
		for (size_t j = 0; j < q; j++)
			covariance[i * p + j] = variance * inverse[i * q + j];
	covariance[p * p - 1] = variance / n;
	shopper_linear_raw_errors(model->spec, covariance, lm->std_error);
	for (size_t i = 0; i < q; i++)
		if (skip[i])
			lm->std_error[i] = NAN;
	shopper_release(env, inverse);
	shopper_release(env, covariance);
	return shopper_add_metric(env, model, "train", "sigma", sqrt(variance));
}

/* What needs the rows themselves. */
static ShopperStatus
check_options(ShopperEnv *env, const ShopperOptions *o)
{
	bool		fits = (shopper_option_is(o, "penalty", "none") || shopper_option_is(o, "penalty", "ridge")) && shopper_option_boolean(o, "intercept") &&
		shopper_option_is(o, "family", "gaussian") && shopper_option_is(o, "errors", "model") && !shopper_option_set(o, "offset_column") &&
		!shopper_option_set(o, "interactions") && !shopper_option_set(o, "logs") && !shopper_option_set(o, "splines");

	if (fits)
		return SHOPPER_OK;
	shopper_fail(env, SHOPPER_BAD_OPTION, "train_linear fits with an intercept, with penalty none or ridge");
	shopper_detail(env, "Families, terms, offsets and other standard errors need the rows.");
	shopper_hint(env, "train_regressor with linear() can do the others.");
	return env->status;
}

ShopperStatus
shopper_linear_from_cross(ShopperEnv *env, ShopperModel *model, const ShopperCross *c)
{
	const ShopperOptions *o = &model->options;
	bool		ridge = shopper_option_is(o, "penalty", "ridge");
	double		alpha = ridge ? shopper_option_number(o, "alpha") : 0,
				total = product(c, c->p - 1, c->p - 1),
			   *l,
			   *xy,
			   *w;
	int			q = c->p - 1,
				n_skipped;
	bool	   *skip;
	ShopperLinearModel *lm;

	SHOPPER_TRY(check_options(env, o));
	SHOPPER_TRY(fill_spec(env, model->spec, c));
	SHOPPER_TRY(shopper_linear_model_new(env, model, 1, &lm));
	SHOPPER_TRY(keep(env, lm, c));
	SHOPPER_NEW(env, l, (size_t) q * (size_t) q);
	SHOPPER_NEW(env, xy, q);
	SHOPPER_NEW0(env, skip, q);
	for (int i = 0; i < q; i++)
	{
		double		scale = model->spec->number[i].scale;

		for (int j = 0; j < q; j++)
			l[(size_t) i * (size_t) q + (size_t) j] = product(c, i, j) / (scale * model->spec->number[j].scale);
		l[(size_t) i * (size_t) q + (size_t) i] += alpha;
		xy[i] = product(c, i, q) / scale;
	}
	SHOPPER_TRY(shopper_cholesky(env, l, q, ALIAS_TOLERANCE, skip, &n_skipped));
	w = lm->w;
	memcpy(w, xy, (size_t) q * sizeof(double));
	shopper_cholesky_solve(l, q, skip, w);
	w[q] = c->mean[q];
	lm->objective = total;
	for (int i = 0; i < q; i++)
	{
		if (!isfinite(w[i]))
			return shopper_fail(env, SHOPPER_BAD_DATA, "the coefficients are not finite");
		lm->objective -= w[i] * xy[i];	/* at the optimum also with a penalty */
	}
	lm->objective = lm->objective > 0 ? lm->objective : 0;
	lm->iterations = 1;
	if (n_skipped > 0)
	{
		SHOPPER_NEW0(env, lm->aliased, q + 1);
		memcpy(lm->aliased, skip, (size_t) q * sizeof(bool));
		shopper_notice(env, "%d of %d columns are combinations of others; their coefficients are NULL", n_skipped, q);
	}
	SHOPPER_TRY(shopper_add_metric(env, model, "train", "rows", c->n));
	if (ridge)
		return SHOPPER_OK;
	SHOPPER_TRY(shopper_add_metric(env, model, "train", "rmse", sqrt(lm->objective / c->n)));
	SHOPPER_TRY(shopper_add_metric(env, model, "train", "r2", total > 0 ? 1 - lm->objective / total : NAN));
	return add_errors(env, model, lm, l, skip, c->n, q - n_skipped);
}

/* ---- merging ---- */

/* The other's column of each of ours; the target is the last of both. */
static ShopperStatus
match_columns(ShopperEnv *env, const ShopperSpec *a, const ShopperSpec *b, int *match)
{
	bool		same = a->n_columns == b->n_columns;

	for (int j = 0; same && j < a->n_columns; j++)
	{
		match[j] = shopper_spec_find(b, a->column[j].name);
		same = match[j] >= 0;
	}
	match[a->n_columns] = a->n_columns;
	if (same)
		return SHOPPER_OK;
	return shopper_fail(env, SHOPPER_BAD_DATA, "the models differ in their columns");
}

ShopperStatus
shopper_linear_merge(ShopperEnv *env, ShopperModel *into, const ShopperModel *other)
{
	ShopperLinearModel *a = into->state;
	const ShopperLinearModel *b = other->state;
	ShopperCross moved;
	int		   *match;

	if (a->cross == NULL || b->cross == NULL)
	{
		shopper_fail(env, SHOPPER_UNSUPPORTED, "a linear model without its statistics cannot be merged");
		shopper_hint(env, "Models of train_linear keep them.");
		return env->status;
	}
	SHOPPER_NEW(env, match, into->spec->n_columns + 1);
	SHOPPER_TRY(match_columns(env, into->spec, other->spec, match));
	moved = *b->cross;
	SHOPPER_NEW(env, moved.mean, moved.p);
	SHOPPER_NEW0(env, moved.cross, (size_t) moved.p * (size_t) moved.p);
	for (int i = 0; i < moved.p; i++)
	{
		moved.mean[i] = b->cross->mean[match[i]];
		for (int j = 0; j <= i; j++)
			moved.cross[(size_t) i * (size_t) moved.p + (size_t) j] = product(b->cross, match[i], match[j]);
		if (i + 1 < moved.p)
		{
			ShopperNumber *number = &into->spec->number[i];
			const ShopperNumber *theirs = &other->spec->number[match[i]];

			number->low = theirs->low < number->low ? theirs->low : number->low;
			number->high = theirs->high > number->high ? theirs->high : number->high;
		}
	}
	shopper_cross_merge(a->cross, &moved);
	return shopper_linear_from_cross(env, into, a->cross);
}

/* ---- stored form: behind the weights, when there are statistics ---- */

void
shopper_linear_encode_cross(const ShopperLinearModel *lm, ShopperWriter *w)
{
	if (lm->cross == NULL)
		return;
	shopper_put_f64(w, lm->cross->n);
	shopper_put_f64s(w, lm->cross->mean, lm->cross->p);
	for (int i = 0; i < lm->cross->p; i++)
		shopper_put_f64s(w, lm->cross->cross + (size_t) i * (size_t) lm->cross->p, i + 1);
}

ShopperStatus
shopper_linear_decode_cross(ShopperModel *model, ShopperReader *r)
{
	ShopperLinearModel *lm = model->state;
	size_t		p = (size_t) model->spec->width + 1;

	if (r->failed || r->next == r->end)
		return SHOPPER_OK;
	if (model->spec->n_columns != model->spec->width || model->spec->n_numbers != model->spec->width ||
		(size_t) (r->end - r->next) != (1 + p + p * (p + 1) / 2) * 8)
		return shopper_bad_bytes(r->env, "its statistics do not fit its features");
	for (int j = 0; j < model->spec->n_columns; j++)
		if (model->spec->column[j].kind != SHOPPER_KIND_NUMBER || model->spec->column[j].first != j)
			return shopper_bad_bytes(r->env, "its statistics do not fit its features");
	SHOPPER_NEW0(r->env, lm->cross, 1);
	lm->cross->p = (int) p;
	SHOPPER_NEW(r->env, lm->cross->mean, p);
	SHOPPER_NEW0(r->env, lm->cross->cross, p * p);
	lm->cross->n = shopper_get_f64(r);
	shopper_get_f64s(r, lm->cross->mean, (int64_t) p);
	for (size_t i = 0; i < p; i++)
		shopper_get_f64s(r, lm->cross->cross + i * p, (int64_t) i + 1);
	return SHOPPER_OK;
}
