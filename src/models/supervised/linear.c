/*
 * linear.c: linear regression by normal equations: OLS, ridge, lasso, elastic net.
 *
 * none:        minimize  sum_i weight_i (y_i - x_i w)^2
 * ridge:       that + alpha |w|^2
 * lasso, elastic_net: that / (2 sum_i weight_i) + alpha (r |w|_1 + (1 - r)/2 |w|^2),
 *              r = 1 or l1_ratio, by coordinate descent on the Gram matrix
 *              (Friedman, Hastie, Tibshirani 2010).
 * The intercept is free of penalty; y keeps its own units. The Gram matrix is of
 * standardized columns in double, and the solution is refined with residuals of
 * the rows, so that its error is that of an orthogonal factorization.
 */
#include <math.h>
#include <string.h>

#include "../../core/dense.h"
#include "../../core/threads.h"
#include "design.h"
#include "linear_model.h"

#define SHARDS 64
#define ALIAS_TOLERANCE 1e-10
#define REFINEMENTS 3
#define WINDOW 131072			/* rows between polls */

static const ShopperOption options[] = {
	{"penalty", SHOPPER_CHOICE, "none", 0, 0, false, "none,ridge,lasso,elastic_net", "what keeps the coefficients small"},
	{"alpha", SHOPPER_NUMBER, "1", 0, SHOPPER_NO_LIMIT, false, NULL, "strength of the penalty"},
	{"l1_ratio", SHOPPER_NUMBER, "0.5", 0, 1, false, NULL, "share of l1 in elastic_net"},
	{"intercept", SHOPPER_BOOLEAN, "true", 0, 0, false, NULL, "fit an intercept"},
	{"max_iterations", SHOPPER_INTEGER, "10000", 1, 1e9, false, NULL, "at most so many sweeps over the coefficients (lasso, elastic_net)"},
	{"tolerance", SHOPPER_NUMBER, "1e-10", 0, 1, true, NULL, "stop when no gradient component exceeds this times the deviation of y (lasso, elastic_net)"},
	{NULL}
};

typedef struct Fit
{
	ShopperEnv *env;
	const ShopperTable *t;
	const ShopperSpec *spec;
	size_t		p;
	const double *w;
	double	   *partial;		/* (SHARDS)(p) of X'W(y - Xw) */
	double	   *squares;		/* (SHARDS) of the weighted squared residuals */
	bool	   *fixed;			/* (p) */
	int64_t		from,
				to;
} Fit;

static void
residual_shard(void *arg, int shard)
{
	Fit		   *f = arg;
	const ShopperTable *t = f->t;
	int64_t		from,
				to;
	double		z[SHOPPER_BLOCK];

	shopper_shard_range(f->to - f->from, SHARDS, shard, &from, &to);
	for (int64_t at = f->from + from; at < f->from + to; at += SHOPPER_BLOCK)
	{
		int64_t		left = f->from + to - at;
		int			n = (int) (left < SHOPPER_BLOCK ? left : SHOPPER_BLOCK);

		shopper_design_times(t, f->spec, at, n, f->w, z);
		for (int i = 0; i < n; i++)
		{
			double		weight = t->weight != NULL ? t->weight[at + i] : 1;
			double		e = t->y[at + i] - z[i];

			f->squares[shard] += weight * e * e;
			z[i] = weight * e;
		}
		shopper_design_transposed(t, f->spec, at, n, z, f->partial + (size_t) shard * f->p);
	}
}

/* g = X'W(y - Xw), *squares = weighted sum of squared residuals */
static ShopperStatus
residuals(Fit *f, const double *w, double *g, double *squares)
{
	f->w = w;
	memset(f->partial, 0, SHARDS * f->p * sizeof(double));
	memset(f->squares, 0, SHARDS * sizeof(double));
	for (f->from = 0; f->from < f->t->n_train; f->from = f->to)
	{
		f->to = f->from + WINDOW < f->t->n_train ? f->from + WINDOW : f->t->n_train;
		shopper_parallel(f->env, SHARDS, residual_shard, f);
		SHOPPER_TRY(shopper_poll(f->env));
	}
	*squares = 0;
	for (int s = 0; s < SHARDS; s++)
		*squares += f->squares[s];
	for (size_t i = 0; i < f->p; i++)
	{
		g[i] = 0;
		for (int s = 0; s < SHARDS && !f->fixed[i]; s++)
			g[i] += f->partial[(size_t) s * f->p + i];
	}
	return SHOPPER_OK;
}

/* Rotate the intercept to the front, so that it is never the column to be left out. */
static void
intercept_first(const double *gram, size_t p, double *moved)
{
	for (size_t i = 0; i < p; i++)
		for (size_t j = 0; j < p; j++)
			moved[i * p + j] = gram[((i + p - 1) % p) * p + (j + p - 1) % p];
}

/* OLS and ridge: factor once, then refine w with residuals from the rows. */
static ShopperStatus
solve_squares(Fit *f, ShopperLinearModel *lm, const double *gram, double alpha, double *covariance)
{
	ShopperEnv *env = f->env;
	size_t		p = f->p;
	double	   *l,
			   *g,
			   *step,
			   *inverse;
	bool	   *skip;
	int			n_skipped;

	SHOPPER_NEW(env, l, p * p);
	SHOPPER_NEW(env, inverse, p * p);
	SHOPPER_NEW(env, g, p);
	SHOPPER_NEW(env, step, p);
	SHOPPER_NEW0(env, skip, p);
	intercept_first(gram, p, l);
	for (size_t i = 1; i < p; i++)
		l[i * p + i] += alpha;
	if (f->fixed[p - 1])		/* no intercept */
		for (size_t i = 0; i < p; i++)
			l[i] = l[i * p] = 0;
	SHOPPER_TRY(shopper_cholesky(env, l, (int) p, ALIAS_TOLERANCE, skip, &n_skipped));
	n_skipped -= f->fixed[p - 1];
	if (n_skipped > 0)
	{
		SHOPPER_NEW0(env, lm->aliased, p);
		for (size_t i = 1; i < p; i++)
			f->fixed[i - 1] = lm->aliased[i - 1] = skip[i];
		shopper_notice(env, "%d of %zu columns are combinations of others; their coefficients are NULL", n_skipped, p - 1);
	}
	for (int round = 0; round < REFINEMENTS; round++)
	{
		SHOPPER_TRY(residuals(f, lm->w, g, &lm->objective));
		for (size_t i = 0; i < p; i++)
			step[(i + 1) % p] = g[i] - (i + 1 < p ? alpha * lm->w[i] : 0);
		shopper_cholesky_solve(l, (int) p, skip, step);
		for (size_t i = 0; i < p; i++)
			lm->w[i] += step[(i + 1) % p];
	}
	lm->iterations = REFINEMENTS;
	if (covariance == NULL)
		return SHOPPER_OK;
	SHOPPER_TRY(shopper_cholesky_inverse(env, l, (int) p, skip, inverse));
	for (size_t i = 0; i < p; i++)
		for (size_t j = 0; j < p; j++)
			covariance[i * p + j] = inverse[((i + 1) % p) * p + (j + 1) % p];
	lm->freedom = (double) f->t->n_train - (double) (p - (size_t) n_skipped - f->fixed[p - 1]);
	return SHOPPER_OK;
}

/* Lasso and elastic net; gram and xy are divided by the sum of weights. */
static ShopperStatus
solve_l1(Fit *f, ShopperLinearModel *lm, const double *gram, const double *xy, double l1, double l2,
		 int64_t max_sweeps, double tolerance)
{
	ShopperEnv *env = f->env;
	int			p = (int) f->p;
	double	   *slope,			/* gram w - xy */
			   *w = lm->w;

	SHOPPER_NEW(env, slope, p);
	for (int i = 0; i < p; i++)
		slope[i] = shopper_dot(gram + (size_t) i * f->p, w, p) - xy[i];
	for (lm->iterations = 1; lm->iterations <= max_sweeps; lm->iterations++)
	{
		double		worst = 0;

		if (lm->iterations % 16 == 0)
			SHOPPER_TRY(shopper_poll(env));
		for (int j = 0; j < p; j++)
		{
			double		a = gram[(size_t) j * f->p + (size_t) j],
						penalty = j < p - 1 ? l1 : 0,
						ridge = j < p - 1 ? l2 : 0,
						pull,
						target,
						change;

			if (f->fixed[j] || a <= 0)
				continue;
			pull = a * w[j] - slope[j];
			target = pull > penalty ? (pull - penalty) / (a + ridge) : pull < -penalty ? (pull + penalty) / (a + ridge) : 0;
			change = target - w[j];
			if (change == 0)
				continue;
			w[j] = target;
			for (int i = 0; i < p; i++)
				slope[i] += change * gram[(size_t) j * f->p + (size_t) i];
			worst = fabs(change) * a > worst ? fabs(change) * a : worst;
		}
		if (worst <= tolerance)
			break;
	}
	return SHOPPER_OK;
}

/* Greatest component of the least subgradient of the objective, in the sum scale of the squares. */
static double
optimality(const Fit *f, const double *w, const double *g, double l1, double l2)
{
	double		most = 0;

	for (size_t i = 0; i < f->p; i++)
	{
		bool		penalized = i + 1 < f->p;
		double		v = -g[i] + (penalized ? l2 * w[i] : 0);

		if (penalized && l1 > 0)
			v = w[i] != 0 ? v + (w[i] > 0 ? l1 : -l1) : fabs(v) > l1 ? fabs(v) - l1 : 0;
		if (!f->fixed[i] && fabs(v) > most)
			most = fabs(v);
	}
	return most;
}

static ShopperStatus
allocate(Fit *f)
{
	SHOPPER_NEW(f->env, f->partial, SHARDS * f->p);
	SHOPPER_NEW(f->env, f->squares, SHARDS);
	SHOPPER_NEW0(f->env, f->fixed, f->p);
	return SHOPPER_OK;
}

static ShopperStatus
train(ShopperEnv *env, ShopperModel *model, ShopperTable *t, const ShopperModel *previous)
{
	const ShopperOptions *o = &model->options;
	bool		none = shopper_option_is(o, "penalty", "none"),
				ridge = shopper_option_is(o, "penalty", "ridge");
	double		ratio = shopper_option_is(o, "penalty", "lasso") ? 1 : shopper_option_number(o, "l1_ratio"),
				alpha = none ? 0 : shopper_option_number(o, "alpha"),
				total = 0;
	Fit			f = {.env = env, .t = t, .spec = model->spec, .p = (size_t) model->spec->width + 1};
	ShopperLinearModel *lm;
	double	   *gram,
			   *g,
			   *covariance = NULL;

	SHOPPER_TRY(allocate(&f));
	SHOPPER_TRY(shopper_linear_model_new(env, model, 1, &lm));
	if (previous != NULL)
		SHOPPER_TRY(shopper_linear_start(env, previous, model, lm));
	f.fixed[f.p - 1] = !shopper_option_boolean(o, "intercept");
	if (f.fixed[f.p - 1])
		lm->w[f.p - 1] = 0;
	for (int64_t i = 0; i < t->n_train; i++)
		total += t->weight != NULL ? t->weight[i] : 1;
	SHOPPER_NEW(env, gram, f.p * f.p);
	SHOPPER_NEW(env, g, f.p);
	SHOPPER_TRY(shopper_design_gram(env, t, model->spec, t->n_train, t->weight, gram));
	if (none || ridge)
	{
		if (none)
			SHOPPER_NEW(env, covariance, f.p * f.p);
		SHOPPER_TRY(solve_squares(&f, lm, gram, alpha, covariance));
		SHOPPER_TRY(residuals(&f, lm->w, g, &lm->objective));
		lm->gradient_norm = optimality(&f, lm->w, g, 0, alpha);
		for (int j = 0; j + 1 < (int) f.p; j++)
			lm->objective += alpha * lm->w[j] * lm->w[j];
	}
	else
	{
		double	   *zero;

		SHOPPER_NEW0(env, zero, f.p);
		SHOPPER_TRY(residuals(&f, zero, g, &lm->objective));
		for (size_t i = 0; i < f.p * f.p; i++)
			gram[i] /= total;
		for (size_t i = 0; i < f.p; i++)
			g[i] /= total;
		SHOPPER_TRY(solve_l1(&f, lm, gram, g, alpha * ratio, alpha * (1 - ratio), shopper_option_integer(o, "max_iterations"),
							 shopper_option_number(o, "tolerance") * model->spec->target_scale));
		SHOPPER_TRY(residuals(&f, lm->w, g, &lm->objective));
		lm->gradient_norm = optimality(&f, lm->w, g, alpha * ratio * total, alpha * (1 - ratio) * total);
		lm->objective /= 2 * total;
		for (int j = 0; j + 1 < (int) f.p; j++)
			lm->objective += alpha * (ratio * fabs(lm->w[j]) + 0.5 * (1 - ratio) * lm->w[j] * lm->w[j]);
	}
	if (none)
	{
		double		variance = lm->objective / lm->freedom;

		SHOPPER_NEW0(env, lm->std_error, f.p);
		for (size_t i = 0; i < f.p * f.p; i++)
			covariance[i] *= variance;
		shopper_linear_raw_errors(model->spec, covariance, lm->std_error);
		for (size_t i = 0; i < f.p; i++)
			if (f.fixed[i])
				lm->std_error[i] = NAN;
		SHOPPER_TRY(shopper_add_metric(env, model, "train", "sigma", sqrt(variance)));
	}
	shopper_release(env, gram);
	shopper_release(env, covariance);
	return shopper_add_step(env, model, lm->iterations, "objective", lm->objective);
}

static bool
wants_reference(const ShopperOptions *o)
{
	return shopper_option_is(o, "penalty", "none");
}

const ShopperLearner shopper_learner_linear = {
	.number = 2,
	.name = "linear",
	.help = "linear regression: OLS with standard errors, ridge, lasso, elastic net",
	.shape = SHOPPER_ROWS,
	.tasks = SHOPPER_REGRESS,
	.wide = true,
	.input = SHOPPER_PREPARED,
	.options = options,
	.wants_reference = wants_reference,
	.train_rows = train,
	.predict = shopper_linear_predict,
	.predict_block = shopper_linear_predict_block,
	.explain = shopper_linear_explain,
	.explain_unit = shopper_linear_explain_unit,
	.coefficients = shopper_linear_coefficients,
	.encode = shopper_linear_encode,
	.decode = shopper_linear_decode,
	.describe = shopper_linear_describe,
};
