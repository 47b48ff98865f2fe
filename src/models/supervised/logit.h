/*
 * logit.h: the objective of logistic regression, its derivatives, its solvers.
 *
 * f(w) = c * sum_i weight_i * loss_i + l2/2 |w|^2 + l1 |w|_1 over the prepared
 * columns, intercepts free of penalty. w is (k, p): one row for two classes, one a
 * class for more; p = width + 1, intercept last.
 */
#ifndef SHOPPER_LOGIT_H
#define SHOPPER_LOGIT_H

#include "linear_model.h"

typedef struct ShopperLogit
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
	bool	   *fixed;			/* (k * p) held parameters: aliased, base class, no intercept, offset */
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
} ShopperLogit;

static inline bool
shopper_logit_is_intercept(const ShopperLogit *f, size_t i)
{
	return i % f->p == f->p - 1;
}

/* The arrays of a fit whose t, spec, k and p are set. */
extern ShopperStatus shopper_logit_allocate(ShopperLogit *f);
/* The smooth part of f at w, its gradient when g is not NULL; *l1 gets the other part. */
extern ShopperStatus shopper_logit_evaluate(ShopperLogit *f, const double *w, double *value, double *l1, double *g);
/* Hessian block (p, p) of classes a and b at w, from the first `rows` rows, scaled to all; penalty on the diagonal of a == b. */
extern ShopperStatus shopper_logit_hessian(ShopperLogit *f, const double *w, int a, int b, int64_t rows, double *gram);
/* The Hessian of all classes together, (k p, k p); fixed parameters get 0. block: (p, p) to work in. */
extern ShopperStatus shopper_logit_joint_hessian(ShopperLogit *f, const double *w, int64_t rows, double *block, double *joint);
/* Greatest component of the least subgradient: 0 exactly at an optimum. */
extern double shopper_logit_optimality(const ShopperLogit *f, const double *w, const double *g);

/* Minimize from lm->w on; set objective, gradient norm and iterations. l1 must be 0 for the first. */
extern ShopperStatus shopper_logit_solve_smooth(ShopperLogit *f, ShopperLinearModel *lm, int64_t max_iterations, double tolerance);
extern ShopperStatus shopper_logit_solve_l1(ShopperLogit *f, ShopperLinearModel *lm, int64_t max_iterations, double tolerance);

#endif
