/* linear_model.c: see linear_model.h */
#include "linear_model.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "../../core/special.h"
#include "design.h"

ShopperStatus
shopper_linear_model_make(ShopperEnv *env, ShopperModel *model, int n_outputs, ShopperTerms *terms, const ShopperSpec *design,
						  ShopperLinearModel **lm)
{
	SHOPPER_NEW0(env, *lm, 1);
	(*lm)->n_outputs = n_outputs;
	(*lm)->terms = terms;
	(*lm)->design = design;
	(*lm)->width = design->width;
	(*lm)->offset = -1;
	SHOPPER_NEW0(env, (*lm)->w, (size_t) n_outputs * ((size_t) design->width + 1));
	model->state = *lm;
	return SHOPPER_OK;
}

ShopperStatus
shopper_linear_model_new(ShopperEnv *env, ShopperModel *model, int n_outputs, ShopperLinearModel **lm)
{
	return shopper_linear_model_make(env, model, n_outputs, NULL, model->spec, lm);
}

/* ---- predicting ---- */

bool
shopper_linear_is_log(const ShopperModel *model)
{
	return model->task == SHOPPER_REGRESS && !shopper_option_is(&model->options, "family", "gaussian");
}

static double
to_amount(double log_amount)
{
	return exp(log_amount < 700 ? log_amount : 700);	/* finite */
}

/* Logits to probabilities in place; one logit is that of class 1 of two. */
static void
to_probabilities(double *z, int n_outputs)
{
	double		most = z[0],
				sum = 0;

	if (n_outputs == 1)
	{
		z[1] = 1 / (1 + exp(-z[0]));
		z[0] = 1 - z[1];
		return;
	}
	for (int k = 1; k < n_outputs; k++)
		most = z[k] > most ? z[k] : most;
	for (int k = 0; k < n_outputs; k++)
		sum += z[k] = exp(z[k] - most);	/* subtract the greatest: only for stability */
	for (int k = 0; k < n_outputs; k++)
		z[k] /= sum;
}

/* The score of one output. */
static double
score_of(const ShopperLinearModel *lm, const ShopperSpec *spec, const double *dense, const int32_t *lookup, const double *w)
{
	const ShopperTerms *terms = lm->terms;
	double		z = w[lm->width];

	for (int j = 0; j < spec->n_dense; j++)
		z += w[j] * (terms == NULL ? dense[j] : shopper_terms_dense(terms, spec, lm->design, j, dense[j]));
	for (int c = 0; c < spec->n_categories; c++)
		if (lookup[c] != spec->category[c].size)
			z += w[lm->design->category[c].offset + lookup[c]];
	for (int i = 0; terms != NULL && i < terms->n; i++)
		z += shopper_term_score(terms, &terms->term[i], spec, lm->design, dense, lookup, w, NULL);
	return z;
}

void
shopper_linear_predict(const ShopperModel *model, const double *dense, const int32_t *lookup, double *out)
{
	const ShopperLinearModel *lm = model->state;

	for (int k = 0; k < lm->n_outputs; k++)
		out[k] = score_of(lm, model->spec, dense, lookup, lm->w + (size_t) k * (size_t) (lm->width + 1));
	if (model->task == SHOPPER_CLASSIFY)
		to_probabilities(out, lm->n_outputs);
	else if (shopper_linear_is_log(model))
		out[0] = to_amount(out[0]);
}

/* With terms, row by row. */
static __attribute__((noinline)) void
predict_rows(const ShopperModel *model, const ShopperTable *t, int64_t from, int64_t to, double *out)
{
	double	   *dense = __builtin_alloca(sizeof(double) * (size_t) (t->n_dense + 1));
	int32_t    *lookup = __builtin_alloca(sizeof(int32_t) * (size_t) (t->n_lookup + 1));

	for (int64_t i = from; i < to; i++)
	{
		for (int j = 0; j < t->n_dense; j++)
			dense[j] = t->dense[j][i];
		for (int k = 0; k < t->n_lookup; k++)
			lookup[k] = t->lookup[k][i];
		shopper_linear_predict(model, dense, lookup, out + (i - from) * shopper_model_outputs(model));
	}
}

void
shopper_linear_predict_block(const ShopperModel *model, const ShopperTable *t, int64_t from, int64_t to, double *out)
{
	const ShopperLinearModel *lm = model->state;
	int			outputs = shopper_model_outputs(model);
	bool		is_log = shopper_linear_is_log(model);
	double		z[SHOPPER_BLOCK];

	if (lm->terms != NULL)
	{
		predict_rows(model, t, from, to, out);
		return;
	}
	for (int64_t at = from; at < to; at += SHOPPER_BLOCK)
	{
		int			n = (int) (to - at < SHOPPER_BLOCK ? to - at : SHOPPER_BLOCK);
		double	   *block = out + (at - from) * outputs;

		for (int k = 0; k < lm->n_outputs; k++)
		{
			shopper_design_times(t, model->spec, at, n, lm->w + (size_t) k * (lm->width + 1), z);
			for (int i = 0; i < n; i++)
				block[(int64_t) i * outputs + k] = is_log ? to_amount(z[i]) : z[i];
		}
		if (model->task == SHOPPER_CLASSIFY)
			for (int i = 0; i < n; i++)
				to_probabilities(block + (int64_t) i * outputs, lm->n_outputs);
	}
}

/* ---- units ---- */

static double
dense_scale(const ShopperSpec *spec, int j)
{
	return j < spec->n_numbers ? spec->number[j].scale : 1;
}

static double
dense_mean(const ShopperSpec *spec, int j)
{
	return j < spec->n_numbers ? spec->number[j].mean : 0;
}

/* The intercept for raw columns: what standardizing took out of it goes back. */
static double
raw_intercept(const ShopperSpec *spec, const double *w)
{
	double		b = w[spec->width];

	for (int j = 0; j < spec->n_dense; j++)
		b -= w[j] * dense_mean(spec, j) / dense_scale(spec, j);
	return b;
}

void
shopper_linear_raw_errors(const ShopperSpec *spec, const double *covariance, double *std_error)
{
	size_t		p = (size_t) spec->width + 1;
	double		variance = 0;

	for (int j = 0; j < spec->width; j++)
		std_error[j] = sqrt(covariance[(size_t) j * p + (size_t) j]) / (j < spec->n_dense ? dense_scale(spec, j) : 1);
	for (size_t i = 0; i < p; i++)
	{
		double		ai = i == p - 1 ? 1 : (int) i < spec->n_dense ? -dense_mean(spec, (int) i) / dense_scale(spec, (int) i) : 0;

		for (size_t j = 0; ai != 0 && j < p; j++)
		{
			double		aj = j == p - 1 ? 1 : (int) j < spec->n_dense ? -dense_mean(spec, (int) j) / dense_scale(spec, (int) j) : 0;

			variance += ai * aj * covariance[i * p + j];
		}
	}
	std_error[p - 1] = sqrt(variance);
}

static void
fill_coefficient(const ShopperModel *model, const ShopperLinearModel *lm, int output, int j, double margin, ShopperCoefficient *c)
{
	const ShopperSpec *spec = lm->design;
	size_t		at = (size_t) output * ((size_t) lm->width + 1) + (size_t) j;
	const double *w = lm->w + (size_t) output * ((size_t) lm->width + 1);

	c->class_name = lm->n_outputs > 1 ? model->spec->classes.bytes + model->spec->classes.start[output] : NULL;
	c->coefficient = j == lm->width ? raw_intercept(spec, w) : j < spec->n_dense ? w[j] / dense_scale(spec, j) : w[j];
	c->standardized = w[j];
	c->std_error = c->statistic = c->p_value = c->conf_low = c->conf_high = NAN;
	if (lm->aliased != NULL && lm->aliased[at])
		c->coefficient = c->standardized = NAN;
	else if (lm->std_error != NULL)
	{
		c->std_error = lm->std_error[at];
		c->statistic = c->coefficient / c->std_error;
		c->p_value = lm->freedom > 0 ? 2 * shopper_student_t_tail(fabs(c->statistic), lm->freedom)
			: erfc(fabs(c->statistic) / sqrt(2));
		c->conf_low = c->coefficient - margin * c->std_error;
		c->conf_high = c->coefficient + margin * c->std_error;
	}
}

/* How many standard errors are left and right of an estimate in 95 of 100 samples. */
static double
margin_of(double freedom)
{
	return freedom > 0 ? shopper_student_t_quantile(0.975, freedom) : 1.959963984540054;
}

ShopperStatus
shopper_linear_names(ShopperEnv *env, const ShopperModel *model, ShopperFeatureName **names)
{
	const ShopperLinearModel *lm = model->state;

	SHOPPER_TRY(shopper_terms_names(env, model->spec, lm->terms, lm->design, names));
	if (lm->offset >= 0)
		(*names)[lm->offset].level = "(offset)";
	return SHOPPER_OK;
}

ShopperStatus
shopper_linear_coefficients(ShopperEnv *env, const ShopperModel *model, ShopperCoefficient **coefficients, int64_t *n)
{
	const ShopperLinearModel *lm = model->state;
	double		margin = margin_of(lm->freedom);
	ShopperFeatureName *names;
	ShopperCoefficient *c;

	SHOPPER_TRY(shopper_linear_names(env, model, &names));
	*n = (int64_t) lm->n_outputs * (lm->width + 1);
	SHOPPER_NEW0(env, *coefficients, *n);
	c = *coefficients;
	for (int k = 0; k < lm->n_outputs; k++)
	{
		c->feature = "(intercept)";
		fill_coefficient(model, lm, k, lm->width, margin, c++);
		for (int j = 0; j < lm->width; j++)
		{
			c->feature = names[j].column;
			c->level = names[j].level;
			fill_coefficient(model, lm, k, j, margin, c++);
		}
	}
	return SHOPPER_OK;
}

/* ---- warm start ---- */

static bool
same_name(const ShopperFeatureName *a, const ShopperFeatureName *b)
{
	return strcmp(a->column, b->column) == 0 &&
		(a->level == NULL || b->level == NULL ? a->level == b->level : strcmp(a->level, b->level) == 0);
}

ShopperStatus
shopper_linear_start(ShopperEnv *env, const ShopperModel *previous, const ShopperModel *model, ShopperLinearModel *lm)
{
	const ShopperLinearModel *old = previous->state;
	ShopperFeatureName *names,
			   *old_names;
	size_t		p = (size_t) lm->width + 1,
				old_p = (size_t) old->width + 1;

	if (previous->learner != model->learner || old->n_outputs != lm->n_outputs)
	{
		shopper_fail(env, SHOPPER_WRONG_MODEL, "the previous model does not fit: it is %s with %d outputs, this is %s with %d",
					 previous->learner->name, old->n_outputs, model->learner->name, lm->n_outputs);
		return env->status;
	}
	SHOPPER_TRY(shopper_linear_names(env, model, &names));
	SHOPPER_TRY(shopper_linear_names(env, previous, &old_names));
	for (int j = 0; j < lm->width; j++)
	{
		int			i = j < old->width && same_name(&names[j], &old_names[j]) ? j : 0;

		while (i < old->width && !same_name(&names[j], &old_names[i]))
			i++;
		if (i == old->width)
			continue;
		for (int k = 0; k < lm->n_outputs; k++)
		{
			double		raw = old->w[(size_t) k * old_p + (size_t) i];

			if (i < old->design->n_dense)
				raw /= dense_scale(old->design, i);
			lm->w[(size_t) k * p + (size_t) j] = raw * (j < lm->design->n_dense ? dense_scale(lm->design, j) : 1);
		}
	}
	for (int k = 0; k < lm->n_outputs; k++)
	{
		double	   *w = lm->w + (size_t) k * p;
		double		b = raw_intercept(old->design, old->w + (size_t) k * old_p);

		for (int j = 0; j < lm->design->n_dense; j++)
			b += w[j] * dense_mean(lm->design, j) / dense_scale(lm->design, j);
		w[p - 1] = b;
	}
	return SHOPPER_OK;
}

/* ---- stored form ---- */

void
shopper_linear_encode(const ShopperModel *model, ShopperWriter *w)
{
	const ShopperLinearModel *lm = model->state;
	int64_t		n = (int64_t) lm->n_outputs * (lm->width + 1);

	shopper_put_varint(w, (uint64_t) lm->n_outputs);
	shopper_terms_encode(lm->terms, model->spec, lm->design, w);
	shopper_put_varint(w, (uint64_t) lm->width);
	shopper_put_varint(w, (uint64_t) (lm->offset + 1));
	shopper_put_f64s(w, lm->w, n);
	shopper_put_u8(w, lm->mean != NULL);
	if (lm->mean != NULL)
		shopper_put_f64s(w, lm->mean, lm->width);
	shopper_put_u8(w, lm->std_error != NULL);
	if (lm->std_error != NULL)
		shopper_put_f64s(w, lm->std_error, n);
	shopper_put_u8(w, lm->aliased != NULL);
	for (int64_t i = 0; lm->aliased != NULL && i < n; i++)
		shopper_put_u8(w, lm->aliased[i]);
	shopper_put_f64(w, lm->freedom);
	shopper_put_f64(w, lm->objective);
	shopper_put_f64(w, lm->gradient_norm);
	shopper_put_varint(w, (uint64_t) lm->iterations);
}

ShopperStatus
shopper_linear_decode(ShopperModel *model, ShopperReader *r)
{
	ShopperEnv *env = r->env;
	uint64_t	n_outputs = shopper_get_varint(r),
				width,
				offset;
	ShopperTerms *terms;
	const ShopperSpec *design;
	int			wanted = shopper_model_outputs(model) > 2 ? shopper_model_outputs(model) : 1;
	ShopperLinearModel *lm;
	int64_t		n;

	SHOPPER_TRY(shopper_terms_decode(model->spec, r, &terms, &design));
	width = shopper_get_varint(r);
	offset = shopper_get_varint(r);
	if (r->failed || n_outputs != (uint64_t) wanted || width != (uint64_t) design->width || offset > (uint64_t) model->spec->n_numbers ||
		n_outputs * (width + 1) > (uint64_t) (r->end - r->next) / 8)
		return shopper_bad_bytes(env, "its weights do not fit its features");
	SHOPPER_TRY(shopper_linear_model_make(env, model, (int) n_outputs, terms, design, &lm));
	lm->offset = (int) offset - 1;
	n = (int64_t) (n_outputs * (width + 1));
	shopper_get_f64s(r, lm->w, n);
	for (int64_t i = 0; i < n; i++)
		if (!isfinite(lm->w[i]))
			return shopper_bad_bytes(env, "a weight is not finite");
	if (shopper_get_u8(r))
	{
		if (lm->width > (r->end - r->next) / 8)
			return shopper_bad_bytes(env, "its means are cut off");
		SHOPPER_NEW0(env, lm->mean, lm->width);
		shopper_get_f64s(r, lm->mean, lm->width);
	}
	if (shopper_get_u8(r))
	{
		if (n > (r->end - r->next) / 8)
			return shopper_bad_bytes(env, "its standard errors are cut off");
		SHOPPER_NEW0(env, lm->std_error, n);
		shopper_get_f64s(r, lm->std_error, n);
	}
	if (shopper_get_u8(r))
	{
		const unsigned char *flags = shopper_get_bytes(r, (size_t) n);

		if (flags == NULL)
			return shopper_bad_bytes(env, "its weights are cut off");
		SHOPPER_NEW0(env, lm->aliased, n);
		for (int64_t i = 0; i < n; i++)
			lm->aliased[i] = flags[i] != 0;
	}
	lm->freedom = shopper_get_f64(r);
	lm->objective = shopper_get_f64(r);
	lm->gradient_norm = shopper_get_f64(r);
	lm->iterations = (int64_t) shopper_get_varint(r);
	return SHOPPER_OK;
}

void
shopper_linear_describe(const ShopperModel *model, void (*add) (void *ctx, const char *key, double value), void *ctx)
{
	const ShopperLinearModel *lm = model->state;

	add(ctx, "coefficients", (double) lm->n_outputs * (lm->width + 1));
	add(ctx, "iterations", (double) lm->iterations);
	add(ctx, "objective", lm->objective);
	add(ctx, "gradient_norm", lm->gradient_norm);
	for (int i = 0; lm->terms != NULL && i < lm->terms->n; i++)
	{
		const ShopperTerm *term = &lm->terms->term[i];
		char		key[200];

		if (term->kind != SHOPPER_TERM_SPLINE)
			continue;
		for (int k = 0; k < term->n_knots; k++)
			if (snprintf(key, sizeof(key), "spline(%s) knot %d", model->spec->column[model->spec->number[term->a].column].name, k + 1) < (int) sizeof(key))
				add(ctx, key, term->knot[k]);
	}
}
