/*
 * logistic.c: logistic regression, two classes and more, to the exact optimum.
 *
 * Minimizes  f(w) = c * sum_i weight_i * loss_i + l2/2 |w|^2 + l1 |w|_1  over the
 * prepared columns, intercepts free of penalty; c = 1 and no penalty for 'none'.
 * loss is the negative log likelihood (binomial; multinomial with one weight row a
 * class: symmetric when penalized, the first class fixed at 0 when not).
 *
 * Method: Newton steps; with many rows the Hessian comes from a part of them (they
 * are in random order), with many classes from its diagonal blocks, and L-BFGS
 * (Nocedal 1980) corrects the step. The gradient is always that of all rows. L1: proximal Newton with coordinate descent on the quadratic
 * model (Friedman, Hastie, Tibshirani 2010; Lee, Sun, Saunders 2014).
 * Memory beyond the table: 8 bytes a row, and some matrices of width squared.
 */
#include <math.h>
#include <string.h>

#include "../../core/dense.h"
#include "../../core/threads.h"
#include "design.h"
#include "linear_model.h"

#define SHARDS 64				/* of a pass for loss and gradient; sums in this order */
#define MEMORY 10				/* L-BFGS pairs */
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

typedef struct Fit
{
	ShopperEnv *env;
	ShopperModel *model;
	const ShopperTable *t;
	const ShopperSpec *spec;
	int			k;				/* weight rows: 1 for two classes */
	size_t		p;				/* width + 1 */
	double		c,
				l1,
				l2;
	bool		intercept;
	bool	   *fixed;			/* (k * p) parameters held at 0: aliased, base class, no intercept */
	bool		any_fixed;
	int64_t		hessian_rows;
	bool		joint;			/* the Hessian of all classes together is small enough to factor */
	/* one pass */
	const double *w;
	double	   *loss;			/* (SHARDS) */
	double	   *partial;		/* (SHARDS)(k * p) */
	double	   *z;				/* (SHARDS)(k)(SHOPPER_BLOCK) */
	double	   *h;				/* (n_train) second derivative per row for class pair h_a, h_b */
	int			h_a,
				h_b;
	bool		want_gradient,
				want_h;
	int64_t		window_from,
				window_to;
} Fit;

/* ---- one pass over rows: loss, gradient, second derivatives ---- */

static void
two_class_block(Fit *f, int64_t at, int n, double *z, double *loss, double *g)
{
	const ShopperTable *t = f->t;
	double		product = 1,	/* of 1 + exp(-|z|): one logarithm a block, exact to rounding */
				sum = 0;

	shopper_design_times(t, f->spec, at, n, f->w, z);
	for (int i = 0; i < n; i++)
	{
		double		e = exp(-fabs(z[i]));
		double		p = z[i] >= 0 ? 1 / (1 + e) : e / (1 + e);
		double		y = t->y_class[at + i];
		double		m = z[i] > 0 ? z[i] : 0;
		double		weight = t->weight != NULL ? t->weight[at + i] : 1;

		if (t->weight != NULL)
			sum += weight * (m - y * z[i] + log1p(e));
		else
		{
			sum += m - y * z[i];
			product *= 1 + e;
		}
		if (f->want_h)
			f->h[at + i] = f->c * weight * p * (1 - p);
		z[i] = f->c * weight * (p - y);
	}
	*loss += f->c * (sum + log(product));
	if (f->want_gradient)
		shopper_design_transposed(t, f->spec, at, n, z, g);
}

static void
many_class_block(Fit *f, int64_t at, int n, double *z, double *loss, double *g)
{
	const ShopperTable *t = f->t;

	for (int k = 0; k < f->k; k++)
		shopper_design_times(t, f->spec, at, n, f->w + (size_t) k * f->p, z + (size_t) k * SHOPPER_BLOCK);
	for (int i = 0; i < n; i++)
	{
		int			y = t->y_class[at + i];
		double		weight = f->c * (t->weight != NULL ? t->weight[at + i] : 1);
		double		most = z[i],
					sum = 0,
					truth = z[(size_t) y * SHOPPER_BLOCK + i];

		for (int k = 1; k < f->k; k++)
			most = z[(size_t) k * SHOPPER_BLOCK + i] > most ? z[(size_t) k * SHOPPER_BLOCK + i] : most;
		for (int k = 0; k < f->k; k++)
			sum += z[(size_t) k * SHOPPER_BLOCK + i] = exp(z[(size_t) k * SHOPPER_BLOCK + i] - most);
		*loss += weight * (most + log(sum) - truth);
		if (f->want_h)
		{
			double		pa = z[(size_t) f->h_a * SHOPPER_BLOCK + i] / sum,
						pb = z[(size_t) f->h_b * SHOPPER_BLOCK + i] / sum;

			f->h[at + i] = weight * pa * ((f->h_a == f->h_b) - pb);
		}
		for (int k = 0; k < f->k; k++)
			z[(size_t) k * SHOPPER_BLOCK + i] = weight * (z[(size_t) k * SHOPPER_BLOCK + i] / sum - (k == y));
	}
	for (int k = 0; f->want_gradient && k < f->k; k++)
		shopper_design_transposed(t, f->spec, at, n, z + (size_t) k * SHOPPER_BLOCK, g + (size_t) k * f->p);
}

static void
pass_shard(void *arg, int shard)
{
	Fit		   *f = arg;
	double	   *z = f->z + (size_t) shard * (size_t) f->k * SHOPPER_BLOCK;
	double	   *g = f->partial + (size_t) shard * (size_t) f->k * f->p;
	int64_t		from,
				to;

	shopper_shard_range(f->window_to - f->window_from, SHARDS, shard, &from, &to);
	for (int64_t at = f->window_from + from; at < f->window_from + to; at += SHOPPER_BLOCK)
	{
		int64_t		left = f->window_from + to - at;
		int			n = (int) (left < SHOPPER_BLOCK ? left : SHOPPER_BLOCK);

		(f->k == 1 ? two_class_block : many_class_block) (f, at, n, z, &f->loss[shard], g);
	}
}

/* Run one pass over rows [0, rows) in rounds that leave time to poll. */
static ShopperStatus
pass(Fit *f, const double *w, int64_t rows)
{
	int64_t		window = 200000000 / ((int64_t) f->k * (f->spec->n_dense + 4 * f->spec->n_categories + 20));

	window = window < SHARDS * 64 ? SHARDS * 64 : window;
	f->w = w;
	memset(f->loss, 0, SHARDS * sizeof(double));
	if (f->want_gradient)
		memset(f->partial, 0, SHARDS * (size_t) f->k * f->p * sizeof(double));
	for (f->window_from = 0; f->window_from < rows; f->window_from = f->window_to)
	{
		f->window_to = f->window_from + window < rows ? f->window_from + window : rows;
		shopper_parallel(f->env, SHARDS, pass_shard, f);
		SHOPPER_TRY(shopper_poll(f->env));
	}
	return SHOPPER_OK;
}

static bool
is_intercept(const Fit *f, size_t i)
{
	return i % f->p == f->p - 1;
}

/* The smooth part of f at w, its gradient when g is not NULL; *l1 gets the other part. */
static ShopperStatus
evaluate(Fit *f, const double *w, double *value, double *l1, double *g)
{
	size_t		n = (size_t) f->k * f->p;

	f->want_gradient = g != NULL;
	f->want_h = false;
	SHOPPER_TRY(pass(f, w, f->t->n_train));
	*value = *l1 = 0;
	for (int s = 0; s < SHARDS; s++)
		*value += f->loss[s];
	for (size_t i = 0; i < n; i++)
	{
		bool		penalized = !is_intercept(f, i);
		double		sum = 0;

		if (penalized)
		{
			*value += 0.5 * f->l2 * w[i] * w[i];
			*l1 += f->l1 * fabs(w[i]);
		}
		if (g == NULL)
			continue;
		for (int s = 0; s < SHARDS; s++)
			sum += f->partial[(size_t) s * n + i];
		g[i] = f->fixed[i] ? 0 : sum + (penalized ? f->l2 * w[i] : 0);
	}
	return SHOPPER_OK;
}

/* Hessian block of classes a and b at w over hessian_rows, scaled to all rows; penalty on the diagonal of a == b. */
static ShopperStatus
hessian(Fit *f, const double *w, int a, int b, int64_t rows, double *gram)
{
	double		scale = (double) f->t->n_train / (double) rows;

	f->want_gradient = false;
	f->want_h = true;
	f->h_a = a;
	f->h_b = b;
	SHOPPER_TRY(pass(f, w, rows));
	SHOPPER_TRY(shopper_design_gram(f->env, f->t, f->spec, rows, f->h, gram));
	if (scale != 1)
		for (size_t i = 0; i < f->p * f->p; i++)
			gram[i] *= scale;
	for (size_t i = 0; a == b && i + 1 < f->p; i++)
		gram[i * f->p + i] += f->l2;
	return SHOPPER_OK;
}

/* Greatest component of the least subgradient: 0 exactly at an optimum. */
static double
optimality(const Fit *f, const double *w, const double *g)
{
	double		most = 0;

	for (size_t i = 0; i < (size_t) f->k * f->p; i++)
	{
		double		v = fabs(g[i]);

		if (f->l1 > 0 && !is_intercept(f, i))
			v = w[i] != 0 ? fabs(g[i] + (w[i] > 0 ? f->l1 : -f->l1)) : v > f->l1 ? v - f->l1 : 0;
		most = f->fixed[i] || v <= most ? most : v;
	}
	return most;
}

/* ---- smooth problems: Newton, corrected by L-BFGS where the Hessian is not exact ---- */

typedef struct Pairs
{
	double	   *s,
			   *y,
				rho[MEMORY];
	int			n,
				next;
} Pairs;

/* The Hessian of all classes together, (k p, k p), over `rows` rows; fixed parameters get 0. block: (p, p) to work in. */
static ShopperStatus
joint_hessian(Fit *f, const double *w, int64_t rows, double *block, double *joint)
{
	size_t		p = f->p,
				n = (size_t) f->k * p;

	for (int a = 0; a < f->k; a++)
		for (int b = a; b < f->k; b++)
		{
			SHOPPER_TRY(hessian(f, w, a, b, rows, block));
			for (size_t i = 0; i < p; i++)
				for (size_t j = 0; j < p; j++)
					joint[((size_t) a * p + i) * n + (size_t) b * p + j] =
						joint[((size_t) b * p + j) * n + (size_t) a * p + i] = block[i * p + j];
		}
	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; f->fixed[i] && j < n; j++)
			joint[i * n + j] = joint[j * n + i] = 0;
	return SHOPPER_OK;
}

/*
 * Cholesky factor in place, with a ridge as small as rounding allows: rows that are
 * nearly sure, and the direction that is common to all classes, leave a singular matrix.
 */
static ShopperStatus
factor_block(Fit *f, double *a, size_t n, const bool *fixed)
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
precondition(Fit *f, const double *w, double *factor)
{
	size_t		p = f->p;

	if (f->joint)
	{
		double	   *block;

		SHOPPER_NEW(f->env, block, p * p);
		SHOPPER_TRY(joint_hessian(f, w, f->hessian_rows, block, factor));
		shopper_release(f->env, block);
		return factor_block(f, factor, (size_t) f->k * p, f->fixed);
	}
	for (int k = 0; k < f->k; k++)
	{
		SHOPPER_TRY(hessian(f, w, k, k, f->hessian_rows, factor + (size_t) k * p * p));
		SHOPPER_TRY(factor_block(f, factor + (size_t) k * p * p, p, f->fixed + (size_t) k * p));
	}
	return SHOPPER_OK;
}

/* d = -(approximate inverse Hessian) g, by the two-loop recursion around the factored blocks. */
static void
direction(const Fit *f, const double *factor, const Pairs *m, const double *g, double *d)
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
remember(const Fit *f, Pairs *m, const double *w, const double *w_new, const double *g, const double *g_new)
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
step_history(Fit *f, int64_t iteration, double objective, double gradient)
{
	SHOPPER_TRY(shopper_add_step(f->env, f->model, iteration, "objective", objective));
	SHOPPER_TRY(shopper_add_step(f->env, f->model, iteration, "gradient_norm", gradient));
	shopper_progress(f->env, "logistic", iteration, shopper_option_integer(&f->model->options, "max_iterations"), objective);
	return SHOPPER_OK;
}

static ShopperStatus
no_finite_optimum(Fit *f)
{
	shopper_fail(f->env, SHOPPER_BAD_DATA, "the fit has no finite optimum");
	shopper_detail(f->env, "Some columns separate the classes of \"%.60s\" completely, so unpenalized coefficients grow without end.", f->spec->target);
	shopper_hint(f->env, "Use a penalty, such as logistic(penalty => 'l2', c => 1), or leave such columns out.");
	return f->env->status;
}

static ShopperStatus
solve_smooth(Fit *f, ShopperLinearModel *lm, int64_t max_iterations, double tolerance)
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
	SHOPPER_TRY(evaluate(f, w, &value, &l1, g));
	norm = optimality(f, w, g);
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
			SHOPPER_TRY(evaluate(f, w_new, &value_new, &l1, g_new));
			/* near the optimum differences of values are rounding: then the gradient decides */
			if (value_new <= value + 1e-4 * t * slope ||
				(value_new <= value + 1e-12 * fabs(value) && optimality(f, w_new, g_new) < norm))
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
		norm = optimality(f, w, g);
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
coordinate_descent(Fit *f, const double *h, const double *w, const double *g, const bool *fixed, double *d, double *hd)
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
	/* exact zeros: w + d is what the threshold chose */
	return SHOPPER_OK;
}

static ShopperStatus
solve_l1(Fit *f, ShopperLinearModel *lm, int64_t max_iterations, double tolerance)
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
	SHOPPER_TRY(evaluate(f, w, &value, &l1, g));
	norm = optimality(f, w, g);
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

			SHOPPER_TRY(hessian(f, w, k, k, f->hessian_rows, h));
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
				SHOPPER_TRY(evaluate(f, w_new, &value_new, &l1_new, NULL));
				if (value_new + l1_new <= value + l1 + 1e-4 * t * decrease || t < 1e-10)
					break;
			}
			if (t < 1e-10 && value_new + l1_new > value + l1)
				continue;
			moved |= memcmp(w, w_new, n * sizeof(double)) != 0;
			memcpy(w, w_new, n * sizeof(double));
			SHOPPER_TRY(evaluate(f, w, &value, &l1, g));
		}
		norm = optimality(f, w, g);
		SHOPPER_TRY(step_history(f, iteration, value + l1, norm));
		if (!moved)
			break;
	}
	lm->iterations = iteration - 1;
	lm->objective = value + l1;
	lm->gradient_norm = norm;
	return SHOPPER_OK;
}

/* ---- unpenalized fits: what is not identified, and standard errors ---- */

/* Columns that earlier ones explain are held at 0; the intercept counts as the first column. */
static ShopperStatus
find_aliased(Fit *f, ShopperLinearModel *lm)
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
standard_errors(Fit *f, ShopperLinearModel *lm)
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
	SHOPPER_TRY(joint_hessian(f, lm->w, f->t->n_train, block, joint));
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
add_likelihoods(Fit *f, const ShopperLinearModel *lm)
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
	SHOPPER_TRY(evaluate(f, lm->w, &value, &l1, NULL));
	SHOPPER_TRY(shopper_add_metric(f->env, f->model, "train", "log_likelihood", -value / f->c));
	return shopper_add_metric(f->env, f->model, "train", "null_log_likelihood", null_likelihood);
}

static ShopperStatus
allocate(Fit *f)
{
	size_t		n = (size_t) f->k * f->p;

	SHOPPER_NEW0(f->env, f->fixed, n);
	SHOPPER_NEW(f->env, f->loss, SHARDS);
	SHOPPER_NEW(f->env, f->partial, SHARDS * n);
	SHOPPER_NEW(f->env, f->z, (size_t) SHARDS * (size_t) f->k * SHOPPER_BLOCK);
	SHOPPER_NEW(f->env, f->h, f->t->n_train);
	return SHOPPER_OK;
}

/* How many rows a Hessian needs to guide the steps (rows are in random order); few rows: all, and Newton is exact. */
static int64_t
hessian_rows(const Fit *f)
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
	Fit			f = {.env = env, .model = model, .t = t, .spec = model->spec};
	ShopperLinearModel *lm;
	double		tolerance;

	f.k = t->n_classes > 2 ? t->n_classes : 1;
	f.p = (size_t) model->spec->width + 1;
	f.c = none ? 1 : shopper_option_number(o, "c");
	f.l1 = none ? 0 : l1_ratio;
	f.l2 = none ? 0 : 1 - l1_ratio;
	f.intercept = shopper_option_boolean(o, "intercept");
	SHOPPER_TRY(allocate(&f));
	SHOPPER_TRY(shopper_linear_model_new(env, model, f.k, &lm));
	if (previous != NULL)
		SHOPPER_TRY(shopper_linear_start(env, previous, model, lm));
	for (int k = 0; k < f.k && !f.intercept; k++)
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
		SHOPPER_TRY(solve_l1(&f, lm, shopper_option_integer(o, "max_iterations"), tolerance));
	else
		SHOPPER_TRY(solve_smooth(&f, lm, shopper_option_integer(o, "max_iterations"), tolerance));
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
	.coefficients = shopper_linear_coefficients,
	.encode = shopper_linear_encode,
	.decode = shopper_linear_decode,
	.describe = shopper_linear_describe,
};
