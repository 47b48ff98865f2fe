/*
 * linear_fit.c: what the fits of logistic and linear regression share: terms and held
 * parameters, columns that are not identified, training means, and standard errors that
 * do not trust the model. See linear_model.h
 */
#include <math.h>
#include <string.h>

#include "../../core/dense.h"
#include "../../core/sort.h"
#include "design.h"
#include "linear_model.h"

#define ALIAS_TOLERANCE 1e-10	/* pivot left of a column that others explain, relative */
#define WINDOW 16384			/* rows between polls */

/* ---- the start ---- */

static ShopperStatus
check_errors(ShopperEnv *env, const ShopperModel *model, const ShopperTable *t)
{
	const ShopperOptions *o = &model->options;
	bool		clustered = shopper_option_is(o, "errors", "clustered");

	if (!shopper_option_is(o, "errors", "model") && !shopper_option_is(o, "penalty", "none"))
	{
		shopper_fail(env, SHOPPER_BAD_OPTION, "option errors => '%s' needs a fit without a penalty", shopper_option_text(o, "errors"));
		shopper_hint(env, "Set penalty => 'none': penalized coefficients have no standard errors.");
		return env->status;
	}
	if (clustered != shopper_option_set(o, "cluster"))
	{
		shopper_fail(env, SHOPPER_BAD_OPTION, clustered ? "option errors => 'clustered' needs option cluster" : "option cluster is for errors => 'clustered'");
		shopper_hint(env, "Name the column whose values are the clusters, as errors => 'clustered', cluster => 'customer'.");
		return env->status;
	}
	if (clustered && t->group == NULL)
		return shopper_fail(env, SHOPPER_UNSUPPORTED, "option errors => 'clustered' is not possible here: the rows come without their clusters");
	return SHOPPER_OK;
}

static ShopperStatus
find_offset(ShopperEnv *env, const ShopperModel *model, const ShopperTable *t, ShopperLinearModel *lm)
{
	const char *name = shopper_option_text(&model->options, "offset_column");
	const ShopperSpec *spec = model->spec;
	int			j = 0;

	if (name == NULL)
		return SHOPPER_OK;
	SHOPPER_TRY(shopper_terms_number(env, spec, "offset_column", name, &j));
	if (t->n_classes > 2)
		return shopper_fail(env, SHOPPER_UNSUPPORTED, "option \"offset_column\" is for two classes or an amount, got %d classes", t->n_classes);
	if (spec->number[j].n_missing > 0)
	{
		shopper_fail(env, SHOPPER_BAD_DATA, "column \"%.60s\" of option \"offset_column\" is missing in %lld rows", name, (long long) spec->number[j].n_missing);
		shopper_hint(env, "Leave these rows out of the query, or fill the column with coalesce().");
		return env->status;
	}
	if (lm->terms != NULL && lm->terms->log[j] != SHOPPER_LOG_NONE)
		return shopper_fail(env, SHOPPER_BAD_OPTION, "column \"%.60s\" cannot be in logs and be the offset: take its logarithm in the query", name);
	lm->offset = j;
	return SHOPPER_OK;
}

/* Whether training means other than those of the spec are needed to explain a score. */
static bool
needs_means(const ShopperModel *model, const ShopperLinearModel *lm)
{
	bool		needs = lm->terms != NULL || !shopper_option_boolean(&model->options, "standardize");

	for (int c = 0; c < model->spec->n_columns; c++)
		needs |= model->spec->column[c].kind == SHOPPER_KIND_DATE || model->spec->column[c].kind == SHOPPER_KIND_TIMESTAMP;
	return needs;
}

static ShopperStatus
learn_means(ShopperEnv *env, const ShopperTable *t, ShopperLinearModel *lm)
{
	double		one[SHOPPER_BLOCK];

	for (int i = 0; i < SHOPPER_BLOCK; i++)
		one[i] = 1;
	SHOPPER_NEW0(env, lm->mean, lm->width + 1);
	for (int64_t at = 0; at < t->n_train; at += SHOPPER_BLOCK)
	{
		int64_t		left = t->n_train - at;

		shopper_design_transposed(t, lm->design, at, (int) (left < SHOPPER_BLOCK ? left : SHOPPER_BLOCK), one, lm->mean);
		if (at % WINDOW == 0)
			SHOPPER_TRY(shopper_poll(env));
	}
	for (int j = 0; j < lm->width; j++)
		lm->mean[j] /= (double) t->n_train;
	return SHOPPER_OK;
}

ShopperStatus
shopper_linear_begin(ShopperEnv *env, ShopperModel *model, const ShopperTable *t, int n_outputs, ShopperLinearModel **lm, ShopperTable *expanded)
{
	ShopperTerms *terms;
	const ShopperSpec *design;

	SHOPPER_TRY(check_errors(env, model, t));
	SHOPPER_TRY(shopper_terms_learn(env, model, t, &terms, &design, expanded));
	SHOPPER_TRY(shopper_linear_model_make(env, model, n_outputs, terms, design, lm));
	SHOPPER_TRY(find_offset(env, model, t, *lm));
	return needs_means(model, *lm) ? learn_means(env, expanded, *lm) : SHOPPER_OK;
}

void
shopper_linear_hold(const ShopperModel *model, ShopperLinearModel *lm, bool *fixed)
{
	size_t		p = (size_t) lm->width + 1;

	for (int k = 0; k < lm->n_outputs; k++)
	{
		double	   *w = lm->w + (size_t) k * p;

		if (!shopper_option_boolean(&model->options, "intercept"))
		{
			fixed[(size_t) k * p + p - 1] = true;
			w[p - 1] = 0;
		}
		if (lm->offset < 0)
			continue;
		fixed[(size_t) k * p + (size_t) lm->offset] = true;
		w[lm->offset] = lm->design->number[lm->offset].scale;
		if (fixed[(size_t) k * p + p - 1])
			w[p - 1] = lm->design->number[lm->offset].mean;	/* the offset itself, not its distance from the mean */
	}
}

/* ---- what is not identified ---- */

void
shopper_linear_intercept_first(const ShopperLinearModel *lm, const double *gram, double *moved)
{
	size_t		p = (size_t) lm->width + 1,
				offset = (size_t) lm->offset + 1;

	for (size_t i = 0; i < p; i++)
		for (size_t j = 0; j < p; j++)
			moved[i * p + j] = lm->offset >= 0 && (i == offset || j == offset) ? 0 : gram[((i + p - 1) % p) * p + (j + p - 1) % p];
}

ShopperStatus
shopper_linear_find_aliased(ShopperEnv *env, const ShopperTable *t, ShopperLinearModel *lm, bool *fixed, int *n_aliased)
{
	size_t		p = (size_t) lm->width + 1;
	int			k = lm->n_outputs;
	double	   *gram,
			   *moved;
	bool	   *skip;

	SHOPPER_NEW(env, gram, p * p);
	SHOPPER_NEW(env, moved, p * p);
	SHOPPER_NEW(env, skip, p);
	SHOPPER_TRY(shopper_design_gram(env, t, lm->design, t->n_train, t->weight, gram));
	shopper_linear_intercept_first(lm, gram, moved);
	SHOPPER_TRY(shopper_cholesky(env, moved, (int) p, ALIAS_TOLERANCE, skip, n_aliased));
	*n_aliased -= lm->offset >= 0;
	if (*n_aliased > 0)
	{
		SHOPPER_NEW0(env, lm->aliased, (size_t) k * p);
		for (size_t i = 1; i < p; i++)
			for (int c = 0; skip[i] && (int) i != lm->offset + 1 && c < k; c++)
				fixed[(size_t) c * p + i - 1] = lm->aliased[(size_t) c * p + i - 1] = true;
		shopper_notice(env, "%d of %zu columns are combinations of others; their coefficients are NULL", *n_aliased, p - 1);
	}
	shopper_release(env, gram);
	shopper_release(env, moved);
	shopper_release(env, skip);
	return SHOPPER_OK;
}

/* ---- sandwich ---- */

/* Sum over rows of score score' x x'. */
static ShopperStatus
meat_of_rows(ShopperEnv *env, const ShopperTable *t, const ShopperLinearModel *lm, const double *score, double *meat)
{
	size_t		p = (size_t) lm->width + 1,
				n = (size_t) lm->n_outputs * p;
	double	   *h,
			   *block;

	SHOPPER_NEW(env, h, t->n_train);
	SHOPPER_NEW(env, block, p * p);
	for (int a = 0; a < lm->n_outputs; a++)
		for (int b = a; b < lm->n_outputs; b++)
		{
			for (int64_t i = 0; i < t->n_train; i++)
				h[i] = score[a * t->n_train + i] * score[b * t->n_train + i];
			SHOPPER_TRY(shopper_design_gram(env, t, lm->design, t->n_train, h, block));
			for (size_t i = 0; i < p; i++)
				for (size_t j = 0; j < p; j++)
					meat[((size_t) a * p + i) * n + (size_t) b * p + j] = meat[((size_t) b * p + j) * n + (size_t) a * p + i] = block[i * p + j];
		}
	shopper_release(env, h);
	shopper_release(env, block);
	return SHOPPER_OK;
}

/* sum (n) += score times one row of the design */
static void
add_row(const ShopperTable *t, const ShopperLinearModel *lm, const double *score, int64_t row, double *sum)
{
	for (int k = 0; k < lm->n_outputs; k++)
	{
		double		s = score[k * t->n_train + row];
		double	   *out = sum + (size_t) k * (size_t) (lm->width + 1);

		for (int j = 0; j < t->n_dense; j++)
			out[j] += s * t->dense[j][row];
		for (int c = 0; c < t->n_lookup; c++)
			if (t->lookup[c][row] != lm->design->category[c].size)
				out[lm->design->category[c].offset + t->lookup[c][row]] += s;
		out[lm->width] += s;
	}
}

/* Sum over clusters of u u', u the sum of score x over the cluster's rows. */
static ShopperStatus
meat_of_clusters(ShopperEnv *env, const ShopperTable *t, const ShopperLinearModel *lm, const double *score, double *meat, int64_t *n_clusters)
{
	size_t		n = (size_t) lm->n_outputs * (size_t) (lm->width + 1);
	uint32_t   *order;
	double	   *sum;

	SHOPPER_NEW(env, order, t->n_train);
	SHOPPER_NEW0(env, sum, n);
	SHOPPER_TRY(shopper_sort_order(env, t->group, order, t->n_train));
	*n_clusters = 0;
	for (int64_t i = 0; i < t->n_train; i++)
	{
		add_row(t, lm, score, order[i], sum);
		if (i % 64 == 0 || n > 200)
			SHOPPER_TRY(shopper_poll(env));
		if (i + 1 < t->n_train && t->group[order[i]] == t->group[order[i + 1]])
			continue;
		for (size_t a = 0; a < n; a++)
			for (size_t b = 0; sum[a] != 0 && b < n; b++)
				meat[a * n + b] += sum[a] * sum[b];
		memset(sum, 0, n * sizeof(double));
		(*n_clusters)++;
	}
	shopper_release(env, order);
	shopper_release(env, sum);
	return SHOPPER_OK;
}

/* out = a b, symmetric a and b (n, n) */
static ShopperStatus
multiply(ShopperEnv *env, const double *a, const double *b, size_t n, double *out)
{
	for (size_t i = 0; i < n; i++)
	{
		for (size_t j = 0; j < n; j++)
			out[i * n + j] = shopper_dot(a + i * n, b + j * n, (int64_t) n);
		SHOPPER_TRY(shopper_poll(env));
	}
	return SHOPPER_OK;
}

ShopperStatus
shopper_linear_sandwich(ShopperEnv *env, const ShopperModel *model, const ShopperTable *t, const ShopperLinearModel *lm,
						int n_parameters, const double *score, double *inverse)
{
	size_t		n = (size_t) lm->n_outputs * (size_t) (lm->width + 1);
	int64_t		n_clusters = 0;
	double		correction = 1,
				rows = (double) t->n_train,
			   *meat,
			   *half;

	SHOPPER_NEW0(env, meat, n * n);
	SHOPPER_NEW(env, half, n * n);
	if (shopper_option_is(&model->options, "errors", "robust"))
		SHOPPER_TRY(meat_of_rows(env, t, lm, score, meat));
	else
	{
		SHOPPER_TRY(meat_of_clusters(env, t, lm, score, meat, &n_clusters));
		if (n_clusters < 2)
			return shopper_fail(env, SHOPPER_BAD_DATA, "errors => 'clustered' needs two clusters or more");
		correction = (double) n_clusters / (double) (n_clusters - 1) * (rows - 1) / (rows - n_parameters);
	}
	SHOPPER_TRY(multiply(env, inverse, meat, n, half));
	/* half = B M; B M B = half B, both B and the result symmetric */
	SHOPPER_TRY(multiply(env, half, inverse, n, meat));
	for (size_t i = 0; i < n * n; i++)
		inverse[i] = correction * meat[i];
	shopper_release(env, meat);
	shopper_release(env, half);
	return SHOPPER_OK;
}
