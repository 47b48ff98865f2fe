/* glm.c: see glm.h */
#include "glm.h"

#include <math.h>
#include <string.h>

#include "../../core/dense.h"
#include "../../core/threads.h"
#include "design.h"

#define SHARDS 64
#define WINDOW 65536			/* rows between polls */
#define MAX_HALVINGS 40
#define DIVERGES 60				/* steps after which coefficients that still move have no end */

/* ---- one pass ---- */

static double
unit_deviance(double power, double y, double z)
{
	double		mu = exp(z);

	if (power == 1)
		return 2 * ((y > 0 ? y * (log(y) - z) : 0) - (y - mu));
	if (power == 2)
		return 2 * (z - log(y) + y / mu - 1);
	return 2 * (pow(y, 2 - power) / ((1 - power) * (2 - power)) - y * exp((1 - power) * z) / (1 - power) + exp((2 - power) * z) / (2 - power));
}

static void
evaluate_shard(void *arg, int shard)
{
	ShopperGlm *f = arg;
	const ShopperTable *t = f->t;
	double		q = 1 - f->power;
	int64_t		from,
				to;

	shopper_shard_range(f->to - f->from, SHARDS, shard, &from, &to);
	for (int64_t at = f->from + from; at < f->from + to; at += SHOPPER_BLOCK)
	{
		int64_t		left = f->from + to - at;
		int			n = (int) (left < SHOPPER_BLOCK ? left : SHOPPER_BLOCK);

		shopper_design_times(t, f->spec, at, n, f->w, f->z + at);
		for (int64_t i = at; i < at + n; i++)
		{
			double		weight = t->weight != NULL ? t->weight[i] : 1,
						y = t->y[i],
						mu = exp(f->z[i]),
						scale = weight * exp(q * f->z[i]);

			f->sum[shard] += weight * unit_deviance(f->power, y, f->z[i]);
			f->score[i] = scale * (y - mu);
			f->h[i] = scale * (f->observed ? mu - q * (y - mu) : mu);
		}
		if (f->partial != NULL)
			shopper_design_transposed(t, f->spec, at, n, f->score + at, f->partial + (size_t) shard * f->p);
	}
}

ShopperStatus
shopper_glm_allocate(ShopperGlm *f)
{
	SHOPPER_NEW(f->env, f->z, f->t->n_train);
	SHOPPER_NEW(f->env, f->score, f->t->n_train);
	SHOPPER_NEW(f->env, f->h, f->t->n_train);
	SHOPPER_NEW(f->env, f->partial, SHARDS * f->p);
	SHOPPER_NEW(f->env, f->sum, SHARDS);
	SHOPPER_NEW0(f->env, f->fixed, f->p);
	return SHOPPER_OK;
}

ShopperStatus
shopper_glm_evaluate(ShopperGlm *f, const double *w, double *deviance, double *g)
{
	f->w = w;
	memset(f->partial, 0, SHARDS * f->p * sizeof(double));
	memset(f->sum, 0, SHARDS * sizeof(double));
	for (f->from = 0; f->from < f->t->n_train; f->from = f->to)
	{
		f->to = f->from + WINDOW < f->t->n_train ? f->from + WINDOW : f->t->n_train;
		shopper_parallel(f->env, SHARDS, evaluate_shard, f);
		SHOPPER_TRY(shopper_poll(f->env));
	}
	*deviance = 0;
	for (int s = 0; s < SHARDS; s++)
		*deviance += f->sum[s];
	for (size_t i = 0; g != NULL && i < f->p; i++)
	{
		g[i] = 0;
		for (int s = 0; s < SHARDS && !f->fixed[i]; s++)
			g[i] += f->partial[(size_t) s * f->p + i];
	}
	return SHOPPER_OK;
}

/* ---- the optimum ---- */

static double
penalty_of(const ShopperGlm *f, const double *w)
{
	double		sum = 0;

	for (size_t i = 0; i + 1 < f->p; i++)
		sum += f->fixed[i] ? 0 : w[i] * w[i];
	return f->alpha * sum;
}

/* Factor of the information that h holds, and the penalty; held and unidentified parameters are skipped. */
static ShopperStatus
factor(ShopperGlm *f, double *a, bool *skip)
{
	SHOPPER_TRY(shopper_design_gram(f->env, f->t, f->spec, f->t->n_train, f->h, a));
	for (size_t i = 0; i + 1 < f->p; i++)
		a[i * f->p + i] += f->alpha;
	for (size_t i = 0; i < f->p; i++)
		for (size_t j = 0; f->fixed[i] && j < f->p; j++)
			a[i * f->p + j] = a[j * f->p + i] = 0;
	return shopper_cholesky(f->env, a, (int) f->p, 1e-14, skip, NULL);
}

static ShopperStatus
no_finite_optimum(ShopperGlm *f, const ShopperModel *model)
{
	shopper_fail(f->env, SHOPPER_BAD_DATA, "the fit has no finite optimum");
	shopper_detail(f->env, "Some columns mark rows whose \"%.60s\" is always 0, so unpenalized coefficients grow without end.", model->spec->target);
	shopper_hint(f->env, "Use linear(penalty => 'ridge'), or leave such columns out.");
	return f->env->status;
}

/* Newton steps, halved until they improve: with a logarithmic link the deviance is convex for powers 1 to 2. */
static ShopperStatus
solve(ShopperGlm *f, ShopperModel *model, ShopperLinearModel *lm)
{
	ShopperEnv *env = f->env;
	int64_t		most = shopper_option_integer(&model->options, "max_iterations");
	double	   *a,
			   *g,
			   *step,
			   *w_new,
				value,
				value_new,
				decrement,
				longest;
	bool	   *skip;

	SHOPPER_NEW(env, a, f->p * f->p);
	SHOPPER_NEW(env, g, f->p);
	SHOPPER_NEW(env, step, f->p);
	SHOPPER_NEW(env, w_new, f->p);
	SHOPPER_NEW0(env, skip, f->p);
	f->observed = true;
	SHOPPER_TRY(shopper_glm_evaluate(f, lm->w, &value, g));
	value += penalty_of(f, lm->w);
	for (lm->iterations = 1; lm->iterations <= most; lm->iterations++)
	{
		double		t = 1;
		int			halvings = 0;

		SHOPPER_TRY(factor(f, a, skip));
		decrement = longest = 0;
		for (size_t i = 0; i < f->p; i++)
			step[i] = g[i] -= i + 1 < f->p && !f->fixed[i] ? f->alpha * lm->w[i] : 0;
		shopper_cholesky_solve(a, (int) f->p, skip, step);
		for (size_t i = 0; i < f->p; i++)
		{
			decrement += step[i] * g[i];
			longest = fabs(step[i]) > longest ? fabs(step[i]) : longest;
		}
		for (;; t *= 0.5)
		{
			for (size_t i = 0; i < f->p; i++)
				w_new[i] = lm->w[i] + t * step[i];
			SHOPPER_TRY(shopper_glm_evaluate(f, w_new, &value_new, g));
			value_new += penalty_of(f, w_new);
			if (value_new <= value + 1e-12 * fabs(value) || ++halvings == MAX_HALVINGS)
				break;
		}
		if (halvings == MAX_HALVINGS)
		{
			SHOPPER_TRY(shopper_glm_evaluate(f, lm->w, &value, g));
			value += penalty_of(f, lm->w);
			break;
		}
		memcpy(lm->w, w_new, f->p * sizeof(double));
		value = value_new;
		SHOPPER_TRY(shopper_add_step(env, model, lm->iterations, "objective", value));
		shopper_progress(env, "linear", lm->iterations, most, value);
		if (decrement <= 1e-13 * (fabs(value) + 1) && (longest < 1e-3 || f->alpha > 0))
			break;
		if (lm->iterations == DIVERGES && longest > 1e-3 && f->alpha == 0)
			return no_finite_optimum(f, model);
	}
	lm->objective = value;
	lm->gradient_norm = 0;
	for (size_t i = 0; i < f->p; i++)
	{
		double		v = 2 * fabs(g[i] - (i + 1 < f->p && !f->fixed[i] ? f->alpha * lm->w[i] : 0));

		lm->gradient_norm = !f->fixed[i] && v > lm->gradient_norm ? v : lm->gradient_norm;
	}
	shopper_release(env, a);
	return SHOPPER_OK;
}

/* ---- start, figures, errors ---- */

/* Where the fit starts, and the null model: intercept (of the prepared columns) and offset alone, in closed form. */
static ShopperStatus
null_model(ShopperGlm *f, const ShopperLinearModel *lm, double *w, double *deviance)
{
	double		above = 0,
				below = 0;

	memset(w, 0, f->p * sizeof(double));
	if (lm->offset >= 0)
		w[lm->offset] = lm->w[lm->offset];
	SHOPPER_TRY(shopper_glm_evaluate(f, w, deviance, NULL));
	for (int64_t i = 0; i < f->t->n_train; i++)
	{
		double		weight = f->t->weight != NULL ? f->t->weight[i] : 1;

		above += weight * f->t->y[i] * exp((1 - f->power) * f->z[i]);
		below += weight * exp((2 - f->power) * f->z[i]);
		if (i % WINDOW == 0)
			SHOPPER_TRY(shopper_poll(f->env));
	}
	w[f->p - 1] = log(above / below);
	return shopper_glm_evaluate(f, w, deviance, NULL);
}

static ShopperStatus
check_targets(ShopperEnv *env, const ShopperModel *model, const ShopperTable *t, double power)
{
	double		sum = 0,
				least = INFINITY;

	for (int64_t i = 0; i < t->n_train; i++)
	{
		sum += t->y[i];
		least = t->y[i] < least ? t->y[i] : least;
	}
	if (least >= 0 && (power < 2 || least > 0) && sum > 0)
		return SHOPPER_OK;
	shopper_fail(env, SHOPPER_BAD_DATA, power < 2 ? "family \"%s\" needs targets of 0 and more, not all 0" : "family \"%s\" needs targets above 0",
				 shopper_option_text(&model->options, "family"));
	shopper_detail(env, "The smallest \"%.60s\" is %g.", model->spec->target, least);
	shopper_hint(env, power < 2 ? "Use family => 'gaussian' for amounts that can be negative."
				 : "Leave these rows out, or use family => 'tweedie' for amounts that are sometimes 0.");
	return env->status;
}

/* Log likelihood of Poisson and gamma; of Tweedie it has no closed form. */
static ShopperStatus
log_likelihood(const ShopperGlm *f, double dispersion, double *sum)
{
	*sum = 0;
	for (int64_t i = 0; i < f->t->n_train; i++)
	{
		double		weight = f->t->weight != NULL ? f->t->weight[i] : 1,
					y = f->t->y[i],
					z = f->z[i],
					shape = weight / dispersion;

		*sum += f->power == 1 ? weight * (y * z - exp(z) - lgamma(y + 1))
			: shape * (log(shape * y) - z - y * exp(-z)) - log(y) - lgamma(shape);
		if (i % WINDOW == 0)
			SHOPPER_TRY(shopper_poll(f->env));
	}
	return SHOPPER_OK;
}

/* Pearson's statistic over the degrees of freedom; z is that of the last evaluation. */
static ShopperStatus
dispersion_of(const ShopperGlm *f, double freedom, double *dispersion)
{
	double		sum = 0;

	for (int64_t i = 0; i < f->t->n_train; i++)
	{
		double		weight = f->t->weight != NULL ? f->t->weight[i] : 1,
					e = f->t->y[i] - exp(f->z[i]);

		sum += weight * e * e * exp(-f->power * f->z[i]);
		if (i % WINDOW == 0)
			SHOPPER_TRY(shopper_poll(f->env));
	}
	*dispersion = sum / freedom;
	return SHOPPER_OK;
}

static ShopperStatus
add_errors(ShopperGlm *f, const ShopperModel *model, ShopperLinearModel *lm, int n_parameters, double dispersion)
{
	ShopperEnv *env = f->env;
	double	   *a,
			   *inverse;
	bool	   *skip;

	SHOPPER_NEW(env, a, f->p * f->p);
	SHOPPER_NEW(env, inverse, f->p * f->p);
	SHOPPER_NEW0(env, skip, f->p);
	SHOPPER_NEW0(env, lm->std_error, f->p);
	SHOPPER_TRY(factor(f, a, skip));
	SHOPPER_TRY(shopper_cholesky_inverse(env, a, (int) f->p, skip, inverse));
	if (f->observed)
		SHOPPER_TRY(shopper_linear_sandwich(env, model, f->t, lm, n_parameters, f->score, inverse));
	else
		for (size_t i = 0; i < f->p * f->p; i++)
			inverse[i] *= dispersion;
	shopper_linear_raw_errors(lm->design, inverse, lm->std_error);
	for (size_t i = 0; i < f->p; i++)
		if (f->fixed[i])
			lm->std_error[i] = NAN;
	shopper_release(env, a);
	shopper_release(env, inverse);
	return SHOPPER_OK;
}

/* Deviances and, without a penalty, what a statistician wants of the fit. */
static ShopperStatus
report(ShopperGlm *f, ShopperModel *model, ShopperLinearModel *lm, double null_deviance)
{
	ShopperEnv *env = f->env;
	bool		robust = !shopper_option_is(&model->options, "errors", "model"),
				poisson = shopper_option_is(&model->options, "family", "poisson");
	int			n_parameters = 0;
	double		deviance,
				dispersion = 1,
				likelihood;

	f->observed = robust;
	SHOPPER_TRY(shopper_glm_evaluate(f, lm->w, &deviance, NULL));
	SHOPPER_TRY(shopper_add_metric(env, model, "train", "deviance", deviance));
	SHOPPER_TRY(shopper_add_metric(env, model, "train", "null_deviance", null_deviance));
	if (f->alpha > 0)
		return SHOPPER_OK;
	for (size_t i = 0; i < f->p; i++)
		n_parameters += !f->fixed[i];
	if (!poisson)
	{
		SHOPPER_TRY(dispersion_of(f, (double) (f->t->n_train - n_parameters), &dispersion));
		lm->freedom = robust ? 0 : (double) (f->t->n_train - n_parameters);
		SHOPPER_TRY(shopper_add_metric(env, model, "train", "dispersion", dispersion));
	}
	if (!shopper_option_is(&model->options, "family", "tweedie"))
	{
		SHOPPER_TRY(log_likelihood(f, dispersion, &likelihood));
		SHOPPER_TRY(shopper_add_metric(env, model, "train", "log_likelihood", likelihood));
		SHOPPER_TRY(shopper_add_metric(env, model, "train", "aic", 2 * n_parameters - 2 * likelihood));
	}
	if (f->t->n_train <= n_parameters)
		return SHOPPER_OK;
	return add_errors(f, model, lm, n_parameters, dispersion);
}

ShopperStatus
shopper_glm_train(ShopperEnv *env, ShopperModel *model, const ShopperTable *t, ShopperLinearModel *lm)
{
	const ShopperOptions *o = &model->options;
	ShopperGlm	f = {.env = env,.t = t,.spec = lm->design,.p = (size_t) lm->width + 1};
	double	   *start,
				null_deviance;
	int			n_aliased;
	bool		cold = true;

	if (shopper_option_is(o, "penalty", "lasso") || shopper_option_is(o, "penalty", "elastic_net"))
	{
		shopper_fail(env, SHOPPER_BAD_OPTION, "family \"%s\" can have penalty none or ridge, got \"%s\"", shopper_option_text(o, "family"), shopper_option_text(o, "penalty"));
		shopper_hint(env, "Use linear(penalty => 'ridge'), or family => 'gaussian'.");
		return env->status;
	}
	f.power = shopper_option_is(o, "family", "poisson") ? 1 : shopper_option_is(o, "family", "gamma") ? 2 : shopper_option_number(o, "tweedie_power");
	f.alpha = shopper_option_is(o, "penalty", "ridge") ? shopper_option_number(o, "alpha") : 0;
	SHOPPER_TRY(check_targets(env, model, t, f.power));
	SHOPPER_TRY(shopper_glm_allocate(&f));
	SHOPPER_NEW(env, start, f.p);
	shopper_linear_hold(model, lm, f.fixed);
	if (f.alpha == 0)
		SHOPPER_TRY(shopper_linear_find_aliased(env, t, lm, f.fixed, &n_aliased));
	for (size_t i = 0; i < f.p; i++)
	{
		if (f.fixed[i] && (int) i != lm->offset && i + 1 < f.p)
			lm->w[i] = 0;
		cold &= f.fixed[i] || lm->w[i] == 0;
	}
	SHOPPER_TRY(null_model(&f, lm, start, &null_deviance));
	if (cold && !f.fixed[f.p - 1])
		lm->w[f.p - 1] = start[f.p - 1];
	SHOPPER_TRY(solve(&f, model, lm));
	return report(&f, model, lm, null_deviance);
}
