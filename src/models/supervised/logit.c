/* logit.c: loss, gradient and Hessian in passes over the rows; see logit.h */
#include "logit.h"

#include <math.h>
#include <string.h>

#include "../../core/threads.h"
#include "design.h"

#define SHARDS 64				/* of a pass for loss and gradient; sums in this order */

/* ---- one pass over rows: loss, gradient, second derivatives ---- */

static void
two_class_block(ShopperLogit *f, int64_t at, int n, double *z, double *loss, double *g)
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
many_class_block(ShopperLogit *f, int64_t at, int n, double *z, double *loss, double *g)
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
	ShopperLogit		   *f = arg;
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
pass(ShopperLogit *f, const double *w, int64_t rows)
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

/* The smooth part of f at w, its gradient when g is not NULL; *l1 gets the other part. */
ShopperStatus
shopper_logit_evaluate(ShopperLogit *f, const double *w, double *value, double *l1, double *g)
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
		bool		penalized = !shopper_logit_is_intercept(f, i) && !f->fixed[i];
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
ShopperStatus
shopper_logit_hessian(ShopperLogit *f, const double *w, int a, int b, int64_t rows, double *gram)
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
double
shopper_logit_optimality(const ShopperLogit *f, const double *w, const double *g)
{
	double		most = 0;

	for (size_t i = 0; i < (size_t) f->k * f->p; i++)
	{
		double		v = fabs(g[i]);

		if (f->l1 > 0 && !shopper_logit_is_intercept(f, i))
			v = w[i] != 0 ? fabs(g[i] + (w[i] > 0 ? f->l1 : -f->l1)) : v > f->l1 ? v - f->l1 : 0;
		most = f->fixed[i] || v <= most ? most : v;
	}
	return most;
}

/* The Hessian of all classes together, (k p, k p), over `rows` rows; fixed parameters get 0. block: (p, p) to work in. */
ShopperStatus
shopper_logit_joint_hessian(ShopperLogit *f, const double *w, int64_t rows, double *block, double *joint)
{
	size_t		p = f->p,
				n = (size_t) f->k * p;

	for (int a = 0; a < f->k; a++)
		for (int b = a; b < f->k; b++)
		{
			SHOPPER_TRY(shopper_logit_hessian(f, w, a, b, rows, block));
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

ShopperStatus
shopper_logit_allocate(ShopperLogit *f)
{
	size_t		n = (size_t) f->k * f->p;

	SHOPPER_NEW0(f->env, f->fixed, n);
	SHOPPER_NEW(f->env, f->loss, SHARDS);
	SHOPPER_NEW(f->env, f->partial, SHARDS * n);
	SHOPPER_NEW(f->env, f->z, (size_t) SHARDS * (size_t) f->k * SHOPPER_BLOCK);
	SHOPPER_NEW(f->env, f->h, f->t->n_train);
	return SHOPPER_OK;
}
