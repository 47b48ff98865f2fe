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

#define ALIAS_TOLERANCE 1e-10	/* pivot left of a column that others explain, relative */
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
	{NULL}
};

/* ---- unpenalized fits: what is not identified, and standard errors ---- */

/* Columns that earlier ones explain are held at 0; the intercept counts as the first column. */
static ShopperStatus
find_aliased(ShopperLogit *f, ShopperLinearModel *lm)
{
	ShopperEnv *env = f->env;
	size_t		p = f->p;
	double	   *gram,
			   *moved;
	bool	   *skip;
	int			n_skipped;

	SHOPPER_NEW(env, gram, p * p);
	SHOPPER_NEW(env, moved, p * p);
	SHOPPER_NEW(env, skip, p);
	SHOPPER_TRY(shopper_design_gram(env, f->t, f->spec, f->t->n_train, f->t->weight, gram));
	for (size_t i = 0; i < p; i++)	/* intercept first, so that it is never the one to go */
		for (size_t j = 0; j < p; j++)
			moved[i * p + j] = gram[((i + p - 1) % p) * p + (j + p - 1) % p];
	SHOPPER_TRY(shopper_cholesky(env, moved, (int) p, ALIAS_TOLERANCE, skip, &n_skipped));
	if (n_skipped > 0)
	{
		SHOPPER_NEW0(env, lm->aliased, (size_t) f->k * p);
		for (size_t i = 1; i < p; i++)
			for (int k = 0; skip[i] && k < f->k; k++)
				f->fixed[(size_t) k * p + i - 1] = lm->aliased[(size_t) k * p + i - 1] = true;
		f->any_fixed = true;
		shopper_notice(env, "%d of %zu columns are combinations of others; their coefficients are NULL", n_skipped, p - 1);
	}
	shopper_release(env, gram);
	shopper_release(env, moved);
	shopper_release(env, skip);
	return SHOPPER_OK;
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

/* Log likelihood of the fit and of the intercept alone. */
static ShopperStatus
add_likelihoods(ShopperLogit *f, const ShopperLinearModel *lm)
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
	f->l2 = f->l1 = 0;
	SHOPPER_TRY(shopper_logit_evaluate(f, lm->w, &value, &l1, NULL));
	SHOPPER_TRY(shopper_add_metric(f->env, f->model, "train", "log_likelihood", -value / f->c));
	return shopper_add_metric(f->env, f->model, "train", "null_log_likelihood", null_likelihood);
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
	ShopperLogit			f = {.env = env, .model = model, .t = t, .spec = model->spec};
	ShopperLinearModel *lm;
	double		tolerance;

	f.k = t->n_classes > 2 ? t->n_classes : 1;
	f.p = (size_t) model->spec->width + 1;
	f.c = none ? 1 : shopper_option_number(o, "c");
	f.l1 = none ? 0 : l1_ratio;
	f.l2 = none ? 0 : 1 - l1_ratio;
	SHOPPER_TRY(shopper_logit_allocate(&f));
	SHOPPER_TRY(shopper_linear_model_new(env, model, f.k, &lm));
	if (previous != NULL)
		SHOPPER_TRY(shopper_linear_start(env, previous, model, lm));
	for (int k = 0; k < f.k && !shopper_option_boolean(o, "intercept"); k++)
		f.fixed[(size_t) k * f.p + f.p - 1] = f.any_fixed = true;
	if (none)
	{
		SHOPPER_TRY(find_aliased(&f, lm));
		for (size_t i = 0; f.k > 1 && i < f.p; i++)
			f.fixed[i] = f.any_fixed = true;	/* the first class is the base */
	}
	for (size_t i = 0; i < (size_t) f.k * f.p; i++)
		if (f.fixed[i])
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
	SHOPPER_TRY(add_likelihoods(&f, lm));
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
