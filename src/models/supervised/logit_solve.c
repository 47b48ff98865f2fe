/*
 * logit_solve.c: the optimum of a logistic regression.
 *
 * Without L1: Newton steps; with many rows the Hessian comes from a part of them
 * (they are in random order), with many classes from its diagonal blocks, and
 * L-BFGS (Nocedal 1980) corrects the step. The gradient is always that of all rows.
 * With L1: proximal Newton, coordinate descent on the quadratic model (Friedman,
 * Hastie, Tibshirani 2010; Lee, Sun, Saunders 2014).
 */
#include <math.h>
#include <string.h>

#include "../../core/dense.h"
#include "logit.h"

#define MEMORY 10				/* L-BFGS pairs */

/* ---- smooth problems: Newton, corrected by L-BFGS where the Hessian is not exact ---- */

typedef struct Pairs
{
	double	   *s,
			   *y,
				rho[MEMORY];
	int			n,
				next;
} Pairs;

/*
 * Cholesky factor in place, with a ridge as small as rounding allows: rows that are
 * nearly sure, and the direction that is common to all classes, leave a singular matrix.
 */
static ShopperStatus
factor_block(ShopperLogit *f, double *a, size_t n, const bool *fixed)
{
	double	   *copy;

	SHOPPER_NEW(f->env, copy, n * n);
	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; fixed[i] && j < n; j++)
			a[i * n + j] = a[j * n + i] = i == j;
	for (double ridge = f->k > 1 ? 1e-9 : 1e-12;; ridge *= 100)
	{
		memcpy(copy, a, n * n * sizeof(double));
		for (size_t i = 0; i < n; i++)
			copy[i * n + i] += ridge * (copy[i * n + i] + 1e-20);
		if (shopper_cholesky(f->env, copy, (int) n, 0, NULL, NULL) == SHOPPER_OK)
			break;
		if (f->env->status != SHOPPER_BAD_DATA || ridge > 1e6)
			return f->env->status;
		f->env->status = SHOPPER_OK;
	}
	memcpy(a, copy, n * n * sizeof(double));
	shopper_release(f->env, copy);
	return SHOPPER_OK;
}

/* Factor the Hessian at w: whole, or its diagonal blocks. */
static ShopperStatus
precondition(ShopperLogit *f, const double *w, double *factor)
{
	size_t		p = f->p;

	if (f->joint)
	{
		double	   *block;

		SHOPPER_NEW(f->env, block, p * p);
		SHOPPER_TRY(shopper_logit_joint_hessian(f, w, f->hessian_rows, block, factor));
		shopper_release(f->env, block);
		return factor_block(f, factor, (size_t) f->k * p, f->fixed);
	}
	for (int k = 0; k < f->k; k++)
	{
		SHOPPER_TRY(shopper_logit_hessian(f, w, k, k, f->hessian_rows, factor + (size_t) k * p * p));
		SHOPPER_TRY(factor_block(f, factor + (size_t) k * p * p, p, f->fixed + (size_t) k * p));
	}
	return SHOPPER_OK;
}

/* d = -(approximate inverse Hessian) g, by the two-loop recursion around the factored blocks. */
static void
direction(const ShopperLogit *f, const double *factor, const Pairs *m, const double *g, double *d)
{
	int64_t		n = (int64_t) f->k * (int64_t) f->p;
	double		alpha[MEMORY];

	for (int64_t i = 0; i < n; i++)
		d[i] = -g[i];
	for (int q = 0; q < m->n; q++)
	{
		int			at = (m->next - 1 - q + 2 * MEMORY) % MEMORY;

		alpha[at] = m->rho[at] * shopper_dot(m->s + at * n, d, n);
		for (int64_t i = 0; i < n; i++)
			d[i] -= alpha[at] * m->y[at * n + i];
	}
	if (f->joint)
		shopper_cholesky_solve(factor, (int) n, NULL, d);
	for (int k = 0; k < f->k && !f->joint; k++)
		shopper_cholesky_solve(factor + (size_t) k * f->p * f->p, (int) f->p, NULL, d + (size_t) k * f->p);
	for (int q = m->n - 1; q >= 0; q--)
	{
		int			at = (m->next - 1 - q + 2 * MEMORY) % MEMORY;
		double		beta = m->rho[at] * shopper_dot(m->y + at * n, d, n);

		for (int64_t i = 0; i < n; i++)
			d[i] += (alpha[at] - beta) * m->s[at * n + i];
	}
	for (int64_t i = 0; i < n; i++)
		if (f->fixed[i])
			d[i] = 0;
}

static void
remember(const ShopperLogit *f, Pairs *m, const double *w, const double *w_new, const double *g, const double *g_new)
{
	int64_t		n = (int64_t) f->k * (int64_t) f->p;
	double	   *s = m->s + m->next * n,
			   *y = m->y + m->next * n,
				sy;

	for (int64_t i = 0; i < n; i++)
	{
		s[i] = w_new[i] - w[i];
		y[i] = g_new[i] - g[i];
	}
	sy = shopper_dot(s, y, n);
	if (sy <= 1e-14 * shopper_dot(y, y, n))
		return;
	m->rho[m->next] = 1 / sy;
	m->next = (m->next + 1) % MEMORY;
	m->n += m->n < MEMORY;
}

static ShopperStatus
step_history(ShopperLogit *f, int64_t iteration, double objective, double gradient)
{
	SHOPPER_TRY(shopper_add_step(f->env, f->model, iteration, "objective", objective));
	SHOPPER_TRY(shopper_add_step(f->env, f->model, iteration, "gradient_norm", gradient));
	shopper_progress(f->env, "logistic", iteration, shopper_option_integer(&f->model->options, "max_iterations"), objective);
	return SHOPPER_OK;
}

static ShopperStatus
no_finite_optimum(ShopperLogit *f)
{
	shopper_fail(f->env, SHOPPER_BAD_DATA, "the fit has no finite optimum");
	shopper_detail(f->env, "Some columns separate the classes of \"%.60s\" completely, so unpenalized coefficients grow without end.", f->spec->target);
	shopper_hint(f->env, "Use a penalty, such as logistic(penalty => 'l2', c => 1), or leave such columns out.");
	return f->env->status;
}

ShopperStatus
shopper_logit_solve_smooth(ShopperLogit *f, ShopperLinearModel *lm, int64_t max_iterations, double tolerance)
{
	ShopperEnv *env = f->env;
	size_t		n = (size_t) f->k * f->p;
	bool		exact = (f->k == 1 || f->joint) && f->hessian_rows == f->t->n_train;
	bool		separable = f->l2 == 0;
	double	   *w = lm->w,
			   *w_new,
			   *g,
			   *g_new,
			   *d,
			   *factor;
	double		value,
				l1,
				value_new,
				norm,
				step_size = 0;
	Pairs		m = {0};
	int64_t		iteration;

	SHOPPER_NEW0(env, w_new, n);
	SHOPPER_NEW0(env, g, n);
	SHOPPER_NEW0(env, g_new, n);
	SHOPPER_NEW0(env, d, n);
	SHOPPER_NEW0(env, factor, n * (f->joint ? n : f->p));
	SHOPPER_NEW0(env, m.s, MEMORY * n);
	SHOPPER_NEW0(env, m.y, MEMORY * n);
	SHOPPER_TRY(shopper_logit_evaluate(f, w, &value, &l1, g));
	norm = shopper_logit_optimality(f, w, g);
	for (iteration = 1; iteration <= max_iterations; iteration++)
	{
		double		t = 1,
					slope;

		/* without a penalty the step must vanish too: on separable data only the gradient does */
		if (norm <= tolerance && (!separable || iteration == 1 || step_size < 1e-6))
			break;
		if (exact || iteration <= 4 || iteration % MEMORY == 0)
			SHOPPER_TRY(precondition(f, w, factor));
		direction(f, factor, &m, g, d);
		slope = shopper_dot(g, d, (int64_t) n);
		if (slope >= 0 && m.n > 0)
		{
			m.n = 0;
			direction(f, factor, &m, g, d);
			slope = shopper_dot(g, d, (int64_t) n);
		}
		for (;; t *= 0.5)
		{
			for (size_t i = 0; i < n; i++)
				w_new[i] = w[i] + t * d[i];
			SHOPPER_TRY(shopper_logit_evaluate(f, w_new, &value_new, &l1, g_new));
			/* near the optimum differences of values are rounding: then the gradient decides */
			if (value_new <= value + 1e-4 * t * slope ||
				(value_new <= value + 1e-12 * fabs(value) && shopper_logit_optimality(f, w_new, g_new) < norm))
				break;
			if (t < 1e-10)
				goto stalled;
		}
		if (!exact)
			remember(f, &m, w, w_new, g, g_new);
		step_size = 0;
		for (size_t i = 0; i < n; i++)
			step_size = fabs(w_new[i] - w[i]) > step_size ? fabs(w_new[i] - w[i]) : step_size;
		memcpy(w, w_new, n * sizeof(double));
		memcpy(g, g_new, n * sizeof(double));
		value = value_new;
		norm = shopper_logit_optimality(f, w, g);
		SHOPPER_TRY(step_history(f, iteration, value, norm));
	}
stalled:						/* no representable step improves further */
	if (separable && step_size > 1e-4 && f->t->n_train > 0)
		return no_finite_optimum(f);
	lm->iterations = iteration - 1;
	lm->objective = value;
	lm->gradient_norm = norm;
	shopper_release(env, factor);
	shopper_release(env, m.s);
	shopper_release(env, m.y);
	return SHOPPER_OK;
}

/* ---- L1: proximal Newton, class by class ---- */

/* Minimize g'd + d'Hd/2 + penalties of w + d over d by coordinate descent; hd = H d throughout. */
static ShopperStatus
coordinate_descent(ShopperLogit *f, const double *h, const double *w, const double *g, const bool *fixed, double *d, double *hd)
{
	int			p = (int) f->p;
	double		first = 0;

	memset(d, 0, f->p * sizeof(double));
	memset(hd, 0, f->p * sizeof(double));
	for (int sweep = 0; sweep < 1000; sweep++)
	{
		double		most = 0;

		SHOPPER_TRY(shopper_poll(f->env));
		for (int j = 0; j < p; j++)
		{
			double		a = h[(size_t) j * f->p + (size_t) j],
						x = w[j] + d[j],
						slope = g[j] + hd[j],
						target,
						change;

			if (fixed[j] || a <= 0)
				continue;
			target = x - slope / a;
			if (j < p - 1)		/* soft threshold; the intercept is free */
				target = target > f->l1 / a ? target - f->l1 / a : target < -f->l1 / a ? target + f->l1 / a : 0;
			change = target - x;
			if (change == 0)
				continue;
			d[j] += change;
			for (int i = 0; i < p; i++)
				hd[i] += change * h[(size_t) j * f->p + (size_t) i];
			most = a * change * change > most ? a * change * change : most;
		}
		if (sweep == 0)
			first = most;
		if (most <= 1e-16 * first || most == 0)
			break;
	}
	return SHOPPER_OK;
}

ShopperStatus
shopper_logit_solve_l1(ShopperLogit *f, ShopperLinearModel *lm, int64_t max_iterations, double tolerance)
{
	ShopperEnv *env = f->env;
	size_t		n = (size_t) f->k * f->p;
	double	   *w = lm->w,
			   *w_new,
			   *g,
			   *d,
			   *hd,
			   *h;
	double		value,
				l1,
				norm;
	int64_t		iteration;

	SHOPPER_NEW0(env, w_new, n);
	SHOPPER_NEW0(env, g, n);
	SHOPPER_NEW0(env, d, f->p);
	SHOPPER_NEW0(env, hd, f->p);
	SHOPPER_NEW0(env, h, f->p * f->p);
	SHOPPER_TRY(shopper_logit_evaluate(f, w, &value, &l1, g));
	norm = shopper_logit_optimality(f, w, g);
	for (iteration = 1; iteration <= max_iterations && norm > tolerance; iteration++)
	{
		bool		moved = false;

		for (int k = 0; k < f->k; k++)
		{
			double	   *wk = w + (size_t) k * f->p;
			double		t = 1,
						value_new,
						l1_new,
						decrease = 0;

			SHOPPER_TRY(shopper_logit_hessian(f, w, k, k, f->hessian_rows, h));
			for (size_t i = 0; i < f->p; i++)	/* the quadratic model must be bounded */
				h[i * f->p + i] += 1e-10 * h[i * f->p + i] + 1e-12;
			SHOPPER_TRY(coordinate_descent(f, h, wk, g + (size_t) k * f->p, f->fixed + (size_t) k * f->p, d, hd));
			for (size_t i = 0; i < f->p; i++)
				decrease += g[(size_t) k * f->p + i] * d[i] +
					(i + 1 < f->p ? f->l1 * (fabs(wk[i] + d[i]) - fabs(wk[i])) : 0);
			for (;; t *= 0.5)
			{
				memcpy(w_new, w, n * sizeof(double));
				for (size_t i = 0; i < f->p; i++)
				{
					double		x = wk[i] + t * d[i];

					w_new[(size_t) k * f->p + i] = fabs(x) < 1e-15 * fabs(wk[i]) ? 0 : x;
				}
				SHOPPER_TRY(shopper_logit_evaluate(f, w_new, &value_new, &l1_new, NULL));
				if (value_new + l1_new <= value + l1 + 1e-4 * t * decrease || t < 1e-10)
					break;
			}
			if (t < 1e-10 && value_new + l1_new > value + l1)
				continue;
			moved |= memcmp(w, w_new, n * sizeof(double)) != 0;
			memcpy(w, w_new, n * sizeof(double));
			SHOPPER_TRY(shopper_logit_evaluate(f, w, &value, &l1, g));
		}
		norm = shopper_logit_optimality(f, w, g);
		SHOPPER_TRY(step_history(f, iteration, value + l1, norm));
		if (!moved)
			break;
	}
	lm->iterations = iteration - 1;
	lm->objective = value + l1;
	lm->gradient_norm = norm;
	return SHOPPER_OK;
}
