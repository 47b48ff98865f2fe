/*
 * linear.c: linear regression by normal equations: OLS, ridge, lasso, elastic net; the
 * families with a logarithmic link are fitted in glm.c.
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
#include "glm.h"

#define SHARDS 64
#define ALIAS_TOLERANCE 1e-10
#define REFINEMENTS 3
#define WINDOW 131072			/* rows between polls */

static const ShopperOption options[] = {
	{"family", SHOPPER_CHOICE, "gaussian", 0, 0, false, "gaussian,poisson,gamma,tweedie", "how the target is distributed; all but gaussian have a logarithmic link"},
	{"tweedie_power", SHOPPER_NUMBER, "1.5", 1, 2, false, NULL, "variance grows with this power of the mean (family tweedie)"},
	{"penalty", SHOPPER_CHOICE, "none", 0, 0, false, "none,ridge,lasso,elastic_net", "what keeps the coefficients small"},
	{"alpha", SHOPPER_NUMBER, "1", 0, SHOPPER_NO_LIMIT, false, NULL, "strength of the penalty"},
	{"l1_ratio", SHOPPER_NUMBER, "0.5", 0, 1, false, NULL, "share of l1 in elastic_net"},
	{"intercept", SHOPPER_BOOLEAN, "true", 0, 0, false, NULL, "fit an intercept"},
	{"max_iterations", SHOPPER_INTEGER, "10000", 1, 1e9, false, NULL, "at most so many sweeps over the coefficients (lasso, elastic_net), or steps (families but gaussian)"},
	{"tolerance", SHOPPER_NUMBER, "1e-10", 0, 1, true, NULL, "stop when no gradient component exceeds this times the deviation of y (lasso, elastic_net)"},
	SHOPPER_TERM_OPTIONS,
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
	int			n_skipped,
				n_held = f->fixed[p - 1] + (lm->offset >= 0);

	SHOPPER_NEW(env, l, p * p);
	SHOPPER_NEW(env, inverse, p * p);
	SHOPPER_NEW(env, g, p);
	SHOPPER_NEW(env, step, p);
	SHOPPER_NEW0(env, skip, p);
	shopper_linear_intercept_first(lm, gram, l);
	for (size_t i = 1; i < p; i++)
		l[i * p + i] += (int) i == lm->offset + 1 ? 0 : alpha;
	if (f->fixed[p - 1])		/* no intercept */
		for (size_t i = 0; i < p; i++)
			l[i] = l[i * p] = 0;
	SHOPPER_TRY(shopper_cholesky(env, l, (int) p, ALIAS_TOLERANCE, skip, &n_skipped));
	n_skipped -= n_held;
	if (n_skipped > 0)
	{
		SHOPPER_NEW0(env, lm->aliased, p);
		for (size_t i = 1; i < p; i++)
			if (skip[i] && (int) i != lm->offset + 1)
			{
				f->fixed[i - 1] = lm->aliased[i - 1] = true;
				lm->w[i - 1] = 0;
			}
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
	lm->freedom = (double) f->t->n_train - (double) (p - (size_t) n_skipped - (size_t) n_held);
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

/* Value of the penalty at w, the held offset left out. */
static double
penalty_of(const Fit *f, const double *w, double l1, double l2)
{
	double		sum = 0;

	for (size_t i = 0; i + 1 < f->p; i++)
		if (!f->fixed[i])
			sum += l1 * fabs(w[i]) + l2 * w[i] * w[i];
	return sum;
}

/* Weighted residuals of all training rows. */
static ShopperStatus
row_scores(Fit *f, const double *w, double *score)
{
	const ShopperTable *t = f->t;

	for (int64_t at = 0; at < t->n_train; at += SHOPPER_BLOCK)
	{
		int64_t		left = t->n_train - at;
		int			n = (int) (left < SHOPPER_BLOCK ? left : SHOPPER_BLOCK);

		shopper_design_times(t, f->spec, at, n, w, score + at);
		for (int64_t i = at; i < at + n; i++)
			score[i] = (t->weight != NULL ? t->weight[i] : 1) * (t->y[i] - score[i]);
		if (at % WINDOW == 0)
			SHOPPER_TRY(shopper_poll(f->env));
	}
	return SHOPPER_OK;
}

/* Standard errors from the inverse of X'WX, and the likelihood of normal errors. */
static ShopperStatus
add_errors(Fit *f, ShopperModel *model, ShopperLinearModel *lm, double *covariance)
{
	ShopperEnv *env = f->env;
	double		n = (double) f->t->n_train,
				variance = lm->objective / lm->freedom,
				logs = 0,
				likelihood,
			   *score;
	int			n_parameters = (int) (n - lm->freedom);

	SHOPPER_NEW0(env, lm->std_error, f->p);
	SHOPPER_TRY(shopper_add_metric(env, model, "train", "sigma", sqrt(variance)));
	for (int64_t i = 0; f->t->weight != NULL && i < f->t->n_train; i++)
		logs += log(f->t->weight[i]);
	likelihood = 0.5 * (logs - n * (log(2 * M_PI * lm->objective / n) + 1));
	SHOPPER_TRY(shopper_add_metric(env, model, "train", "log_likelihood", likelihood));
	SHOPPER_TRY(shopper_add_metric(env, model, "train", "aic", 2 * n_parameters - 2 * likelihood));
	if (shopper_option_is(&model->options, "errors", "model"))
		for (size_t i = 0; i < f->p * f->p; i++)
			covariance[i] *= variance;
	else
	{
		SHOPPER_NEW(env, score, f->t->n_train);
		SHOPPER_TRY(row_scores(f, lm->w, score));
		SHOPPER_TRY(shopper_linear_sandwich(env, model, f->t, lm, n_parameters, score, covariance));
		if (shopper_option_is(&model->options, "errors", "robust"))	/* HC1 (MacKinnon and White 1985) */
			for (size_t i = 0; i < f->p * f->p; i++)
				covariance[i] *= n / lm->freedom;
		lm->freedom = 0;		/* z, not t */
		shopper_release(env, score);
	}
	shopper_linear_raw_errors(lm->design, covariance, lm->std_error);
	for (size_t i = 0; i < f->p; i++)
		if (f->fixed[i])
			lm->std_error[i] = NAN;
	return SHOPPER_OK;
}

/* OLS and ridge */
static ShopperStatus
train_squares(Fit *f, ShopperModel *model, ShopperLinearModel *lm, const double *gram, double alpha)
{
	bool		none = shopper_option_is(&model->options, "penalty", "none");
	double	   *g,
			   *covariance = NULL;

	SHOPPER_NEW(f->env, g, f->p);
	if (none)
		SHOPPER_NEW(f->env, covariance, f->p * f->p);
	SHOPPER_TRY(solve_squares(f, lm, gram, alpha, covariance));
	SHOPPER_TRY(residuals(f, lm->w, g, &lm->objective));
	lm->gradient_norm = optimality(f, lm->w, g, 0, alpha);
	lm->objective += penalty_of(f, lm->w, 0, alpha);
	return none ? add_errors(f, model, lm, covariance) : SHOPPER_OK;
}

static ShopperStatus
train_l1(Fit *f, ShopperModel *model, ShopperLinearModel *lm, double *gram, double alpha, double ratio)
{
	const ShopperOptions *o = &model->options;
	double		total = 0,
			   *zero,
			   *g;

	SHOPPER_NEW0(f->env, zero, f->p);
	SHOPPER_NEW(f->env, g, f->p);
	for (int64_t i = 0; i < f->t->n_train; i++)
		total += f->t->weight != NULL ? f->t->weight[i] : 1;
	SHOPPER_TRY(residuals(f, zero, g, &lm->objective));
	for (size_t i = 0; i < f->p * f->p; i++)
		gram[i] /= total;
	for (size_t i = 0; i < f->p; i++)
		g[i] /= total;
	SHOPPER_TRY(solve_l1(f, lm, gram, g, alpha * ratio, alpha * (1 - ratio), shopper_option_integer(o, "max_iterations"),
						 shopper_option_number(o, "tolerance") * model->spec->target_scale));
	SHOPPER_TRY(residuals(f, lm->w, g, &lm->objective));
	lm->gradient_norm = optimality(f, lm->w, g, alpha * ratio * total, alpha * (1 - ratio) * total);
	lm->objective /= 2 * total;
	lm->objective += penalty_of(f, lm->w, alpha * ratio, 0.5 * alpha * (1 - ratio));
	return SHOPPER_OK;
}

static ShopperStatus
train(ShopperEnv *env, ShopperModel *model, ShopperTable *t, const ShopperModel *previous)
{
	const ShopperOptions *o = &model->options;
	bool		none = shopper_option_is(o, "penalty", "none");
	double		alpha = none ? 0 : shopper_option_number(o, "alpha"),
			   *gram;
	ShopperTable expanded;
	Fit			f = {.env = env,.t = &expanded};
	ShopperLinearModel *lm;

	SHOPPER_TRY(shopper_linear_begin(env, model, t, 1, &lm, &expanded));
	if (previous != NULL)
		SHOPPER_TRY(shopper_linear_start(env, previous, model, lm));
	if (shopper_linear_is_log(model))
		return shopper_glm_train(env, model, &expanded, lm);
	f.spec = lm->design;
	f.p = (size_t) lm->width + 1;
	SHOPPER_TRY(allocate(&f));
	shopper_linear_hold(model, lm, f.fixed);
	SHOPPER_NEW(env, gram, f.p * f.p);
	SHOPPER_TRY(shopper_design_gram(env, &expanded, lm->design, t->n_train, t->weight, gram));
	if (none || shopper_option_is(o, "penalty", "ridge"))
		SHOPPER_TRY(train_squares(&f, model, lm, gram, alpha));
	else
		SHOPPER_TRY(train_l1(&f, model, lm, gram, alpha, shopper_option_is(o, "penalty", "lasso") ? 1 : shopper_option_number(o, "l1_ratio")));
	shopper_release(env, gram);
	return shopper_add_step(env, model, lm->iterations, "objective", lm->objective);
}

static bool
wants_reference(const ShopperOptions *o)
{
	return shopper_option_is(o, "penalty", "none");
}

static void
encode(const ShopperModel *model, ShopperWriter *w)
{
	shopper_linear_encode(model, w);
	shopper_linear_encode_cross(model->state, w);
}

static ShopperStatus
decode(ShopperModel *model, ShopperReader *r)
{
	SHOPPER_TRY(shopper_linear_decode(model, r));
	return shopper_linear_decode_cross(model, r);
}

const ShopperLearner shopper_learner_linear = {
	.number = 2,
	.name = "linear",
	.help = "linear regression: OLS with standard errors, ridge, lasso, elastic net; Poisson, gamma, Tweedie",
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
	.merge = shopper_linear_merge,
	.coefficients = shopper_linear_coefficients,
	.encode = encode,
	.decode = decode,
	.describe = shopper_linear_describe,
};
