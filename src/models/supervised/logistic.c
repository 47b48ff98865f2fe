/*
 * logistic.c: logistic regression, two classes and more, to the exact optimum.
 *
 * loss is the negative log likelihood: binomial, or multinomial with one weight row
 * a class, symmetric when penalized, the first class fixed at 0 when not. c = 1 and
 * no penalty for 'none', with standard errors from the inverse Hessian.
 * Memory beyond the table: 8 bytes a row, and some matrices of width squared.
 */
#include <math.h>
#include <string.h>

#include "../../core/dense.h"
#include "design.h"
#include "logit.h"

#define HESSIAN_ROWS 65536		/* a Hessian of so many rows, or of 100 a column, guides as well as one of all */
#define MAX_JOINT 600			/* order of the Hessian of all classes together, for steps */
#define MAX_FULL_HESSIAN 1500	/* the same, for standard errors */

static const ShopperOption options[] = {
	{"penalty", SHOPPER_CHOICE, "l2", 0, 0, false, "l2,l1,elastic_net,none", "what keeps the coefficients small"},
	{"c", SHOPPER_NUMBER, "1", 0, SHOPPER_NO_LIMIT, true, NULL, "weight of the losses against the penalty: smaller is stronger"},
	{"l1_ratio", SHOPPER_NUMBER, "0.5", 0, 1, false, NULL, "share of l1 in elastic_net"},
	{"intercept", SHOPPER_BOOLEAN, "true", 0, 0, false, NULL, "fit an intercept"},
	{"max_iterations", SHOPPER_INTEGER, "200", 1, 1e6, false, NULL, "at most so many steps"},
	{"tolerance", SHOPPER_NUMBER, "1e-8", 0, 1, true, NULL, "stop when no gradient component exceeds this times c times the rows"},
	SHOPPER_TERM_OPTIONS,
	{NULL}
};

/* ---- unpenalized fits: what is not identified, and standard errors ---- */

/* Derivatives of the log likelihood by the linear predictors, (k)(n_train). */
static ShopperStatus
row_scores(ShopperLogit *f, const double *w, double *score)
{
	const ShopperTable *t = f->t;

	for (int64_t at = 0; at < t->n_train; at += SHOPPER_BLOCK)
	{
		int64_t		left = t->n_train - at;
		int			n = (int) (left < SHOPPER_BLOCK ? left : SHOPPER_BLOCK);

		for (int k = 0; k < f->k; k++)
			shopper_design_times(t, f->spec, at, n, w + (size_t) k * f->p, score + k * t->n_train + at);
		for (int64_t i = at; i < at + n; i++)
		{
			double		weight = t->weight != NULL ? t->weight[i] : 1,
						most = f->k == 1 ? 0 : score[i],
						sum = f->k == 1 ? 1 : 0;

			for (int k = 0; k < f->k; k++)
				most = score[k * t->n_train + i] > most ? score[k * t->n_train + i] : most;
			sum *= exp(-most);
			for (int k = 0; k < f->k; k++)
				sum += score[k * t->n_train + i] = exp(score[k * t->n_train + i] - most);
			for (int k = 0; k < f->k; k++)
				score[k * t->n_train + i] = weight * ((f->k == 1 ? t->y_class[i] == 1 : t->y_class[i] == k) - score[k * t->n_train + i] / sum);
		}
		if (at % 16384 == 0)
			SHOPPER_TRY(shopper_poll(f->env));
	}
	return SHOPPER_OK;
}

static int
n_parameters(const ShopperLogit *f)
{
	int			n = 0;

	for (size_t i = 0; i < (size_t) f->k * f->p; i++)
		n += !f->fixed[i];
	return n;
}

/* Inverse of the joint Hessian at the optimum. */
static ShopperStatus
standard_errors(ShopperLogit *f, ShopperLinearModel *lm)
{
	ShopperEnv *env = f->env;
	size_t		n = (size_t) f->k * f->p,
				p = f->p;
	double	   *joint,
			   *block,
			   *inverse;
	bool	   *skip;

	if (n > MAX_FULL_HESSIAN && f->k > 1)
		return SHOPPER_OK;
	SHOPPER_NEW0(env, joint, n * n);
	SHOPPER_NEW0(env, inverse, n * n);
	SHOPPER_NEW0(env, skip, n);
	SHOPPER_NEW0(env, lm->std_error, n);
	SHOPPER_NEW(env, block, p * p);
	SHOPPER_TRY(shopper_logit_joint_hessian(f, lm->w, f->t->n_train, block, joint));
	SHOPPER_TRY(shopper_cholesky(env, joint, (int) n, 1e-14, skip, NULL));
	SHOPPER_TRY(shopper_cholesky_inverse(env, joint, (int) n, skip, inverse));
	if (!shopper_option_is(&f->model->options, "errors", "model"))
	{
		double	   *score;

		SHOPPER_NEW(env, score, f->k * f->t->n_train);
		SHOPPER_TRY(row_scores(f, lm->w, score));
		SHOPPER_TRY(shopper_linear_sandwich(env, f->model, f->t, lm, n_parameters(f), score, inverse));
		shopper_release(env, score);
	}
	for (int k = 0; k < f->k; k++)
	{
		for (size_t i = 0; i < p; i++)
			memcpy(block + i * p, inverse + ((size_t) k * p + i) * n + (size_t) k * p, p * sizeof(double));
		shopper_linear_raw_errors(f->spec, block, lm->std_error + (size_t) k * p);
		for (size_t i = 0; i < p; i++)
			if (f->fixed[(size_t) k * p + i])
				lm->std_error[(size_t) k * p + i] = NAN;
	}
	return SHOPPER_OK;
}

/* Log likelihood of two classes with the offset and the best intercept, by Newton steps. */
static ShopperStatus
null_with_offset(ShopperLogit *f, const ShopperLinearModel *lm, double *likelihood)
{
	const ShopperTable *t = f->t;
	const double *x = t->dense[lm->offset];
	double		scale = lm->w[lm->offset],
				b = 0,
				step = 1;

	for (int round = 0; round < 100 && fabs(step) > 1e-10; round++)
	{
		double		slope = 0,
					curve = 0;

		*likelihood = 0;
		for (int64_t i = 0; i < t->n_train; i++)
		{
			double		weight = t->weight != NULL ? t->weight[i] : 1,
						z = b + scale * x[i],
						p = 1 / (1 + exp(-z));

			slope += weight * (t->y_class[i] - p);
			curve += weight * p * (1 - p);
			*likelihood += weight * ((t->y_class[i] - 1) * z - (z < -700 ? -z : log1p(exp(-z))));
			if (i % 65536 == 0)
				SHOPPER_TRY(shopper_poll(f->env));
		}
		step = slope / curve;
		step = step > 2 ? 2 : step < -2 ? -2 : step;
		b += step;
	}
	return SHOPPER_OK;
}

/* Log likelihood of the fit and of the intercept alone. */
static ShopperStatus
add_likelihoods(ShopperLogit *f, const ShopperLinearModel *lm, bool penalized)
{
	double		value,
				l1,
				total = 0,
				null_likelihood = 0;
	double	   *class_weight;
	const ShopperTable *t = f->t;

	SHOPPER_NEW0(f->env, class_weight, t->n_classes);
	for (int64_t i = 0; i < t->n_train; i++)
		class_weight[t->y_class[i]] += t->weight != NULL ? t->weight[i] : 1;
	for (int c = 0; c < t->n_classes; c++)
		total += class_weight[c];
	for (int c = 0; c < t->n_classes; c++)
		if (class_weight[c] > 0)
			null_likelihood += class_weight[c] * log(class_weight[c] / total);
	if (lm->offset >= 0)
		SHOPPER_TRY(null_with_offset(f, lm, &null_likelihood));
	f->l2 = f->l1 = 0;
	SHOPPER_TRY(shopper_logit_evaluate(f, lm->w, &value, &l1, NULL));
	SHOPPER_TRY(shopper_add_metric(f->env, f->model, "train", "log_likelihood", -value / f->c));
	SHOPPER_TRY(shopper_add_metric(f->env, f->model, "train", "null_log_likelihood", null_likelihood));
	return penalized ? SHOPPER_OK : shopper_add_metric(f->env, f->model, "train", "aic", 2 * n_parameters(f) + 2 * value);
}

/* How many rows a Hessian needs to guide the steps (rows are in random order); few rows: all, and Newton is exact. */
static int64_t
hessian_rows(const ShopperLogit *f)
{
	int64_t		rows = 100 * (int64_t) f->p > HESSIAN_ROWS ? 100 * (int64_t) f->p : HESSIAN_ROWS;

	return rows < f->t->n_train ? rows : f->t->n_train;
}

static ShopperStatus
train(ShopperEnv *env, ShopperModel *model, ShopperTable *t, const ShopperModel *previous)
{
	const ShopperOptions *o = &model->options;
	bool		none = shopper_option_is(o, "penalty", "none");
	double		l1_ratio = shopper_option_is(o, "penalty", "l1") ? 1
		: shopper_option_is(o, "penalty", "elastic_net") ? shopper_option_number(o, "l1_ratio") : 0;
	ShopperTable expanded;
	ShopperLogit f = {.env = env,.model = model,.t = &expanded};
	ShopperLinearModel *lm;
	double		tolerance;
	int			n_aliased;

	f.k = t->n_classes > 2 ? t->n_classes : 1;
	SHOPPER_TRY(shopper_linear_begin(env, model, t, f.k, &lm, &expanded));
	f.spec = lm->design;
	f.p = (size_t) lm->width + 1;
	f.c = none ? 1 : shopper_option_number(o, "c");
	f.l1 = none ? 0 : l1_ratio;
	f.l2 = none ? 0 : 1 - l1_ratio;
	SHOPPER_TRY(shopper_logit_allocate(&f));
	if (previous != NULL)
		SHOPPER_TRY(shopper_linear_start(env, previous, model, lm));
	shopper_linear_hold(model, lm, f.fixed);
	if (none)
	{
		SHOPPER_TRY(shopper_linear_find_aliased(env, &expanded, lm, f.fixed, &n_aliased));
		for (size_t i = 0; f.k > 1 && i < f.p; i++)
			f.fixed[i] = true;	/* the first class is the base */
	}
	for (size_t i = 0; i < (size_t) f.k * f.p; i++)
		if (f.fixed[i] && lm->offset < 0)
			lm->w[i] = 0;
		else if (lm->aliased != NULL && lm->aliased[i])
			lm->w[i] = 0;
	f.hessian_rows = hessian_rows(&f);
	f.joint = f.k > 1 && (size_t) f.k * f.p <= MAX_JOINT;
	tolerance = shopper_option_number(o, "tolerance") * f.c * (double) t->n_train;
	if (f.l1 > 0)
		SHOPPER_TRY(shopper_logit_solve_l1(&f, lm, shopper_option_integer(o, "max_iterations"), tolerance));
	else
		SHOPPER_TRY(shopper_logit_solve_smooth(&f, lm, shopper_option_integer(o, "max_iterations"), tolerance));
	if (lm->gradient_norm > 1000 * tolerance)
		shopper_notice(env, "training stopped after %lld iterations, gradient norm %g", (long long) lm->iterations, lm->gradient_norm);
	if (none)
		SHOPPER_TRY(standard_errors(&f, lm));
	SHOPPER_TRY(add_likelihoods(&f, lm, !none));
	shopper_release(env, f.partial);
	shopper_release(env, f.z);
	shopper_release(env, f.h);
	return SHOPPER_OK;
}

static bool
wants_reference(const ShopperOptions *o)
{
	return shopper_option_is(o, "penalty", "none");
}

const ShopperLearner shopper_learner_logistic = {
	.number = 1,
	.name = "logistic",
	.help = "logistic regression: two classes or more, L2, L1, elastic net or unpenalized with standard errors",
	.shape = SHOPPER_ROWS,
	.tasks = SHOPPER_CLASSIFY,
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
