/*
 * linear_model.h: what logistic and linear regression share: the fitted weights,
 * predicting with them, showing them in the user's units, storing them.
 */
#ifndef SHOPPER_LINEAR_MODEL_H
#define SHOPPER_LINEAR_MODEL_H

#include "../../core/cross.h"
#include "../learner.h"
#include "terms.h"

typedef struct ShopperLinearModel
{
	int			n_outputs;		/* rows of w: 1, or one for each class of three and more */
	int			width;			/* design columns without the intercept */
	ShopperTerms *terms;		/* NULL: none */
	const ShopperSpec *design;	/* the columns of w: the model's spec when there are no terms */
	int			offset;			/* number whose coefficient is 1, or -1 */
	double	   *w;				/* (n_outputs)(width + 1) in prepared units, intercept last */
	double	   *std_error;		/* (n_outputs)(width + 1) in raw units; NULL: none computed */
	bool	   *aliased;		/* (n_outputs)(width + 1) not identified; NULL: none */
	double		freedom;		/* residual degrees of freedom for t; 0: z */
	double		objective;		/* value reached */
	double		gradient_norm;	/* greatest absolute component there, penalty included */
	int64_t		iterations;
	double	   *mean;			/* (width) training means of the columns; NULL: standardized ones, that is 0 and the spec's shares */
	ShopperCross *cross;		/* of the columns and, last, the target; NULL: fitted from rows */
} ShopperLinearModel;

extern ShopperStatus shopper_linear_model_new(ShopperEnv *env, ShopperModel *model, int n_outputs, ShopperLinearModel **lm);
extern ShopperStatus shopper_linear_model_make(ShopperEnv *env, ShopperModel *model, int n_outputs, ShopperTerms *terms,
											   const ShopperSpec *design, ShopperLinearModel **lm);
/*
 * The same for a fit from rows: with the terms of the options. *expanded is the table of lm->design; only its rows
 * [0, n_train) may be used.
 */
extern ShopperStatus shopper_linear_begin(ShopperEnv *env, ShopperModel *model, const ShopperTable *t, int n_outputs,
										  ShopperLinearModel **lm, ShopperTable *expanded);
/* Hold parameters (n_outputs * (width + 1)): the offset at its 1, the intercept at nothing when there is to be none. */
extern void shopper_linear_hold(const ShopperModel *model, ShopperLinearModel *lm, bool *fixed);
/* Columns that earlier ones explain are held at 0, for all outputs; the intercept counts as the first column. */
extern ShopperStatus shopper_linear_find_aliased(ShopperEnv *env, const ShopperTable *t, ShopperLinearModel *lm, bool *fixed, int *n_aliased);
/* Rotate the intercept to the front, so that it is never the column to be left out; and the held offset out. */
extern void shopper_linear_intercept_first(const ShopperLinearModel *lm, const double *gram, double *moved);
/*
 * Standard errors that do not trust the model (Huber 1967, White 1980; clusters: Liang and Zeger 1986): inverse
 * (n, n), n = n_outputs * (width + 1), is that of the observed information and becomes the covariance; score
 * (n_outputs)(n_train) holds the weighted derivatives of the log likelihood by the linear predictors.
 * Corrections as statsmodels has them: clusters G / (G - 1) * (N - 1) / (N - K); robust none here.
 */
extern ShopperStatus shopper_linear_sandwich(ShopperEnv *env, const ShopperModel *model, const ShopperTable *t,
											 const ShopperLinearModel *lm, int n_parameters, const double *score, double *inverse);
/*
 * Standard errors in raw units from the covariance (p, p) of the prepared
 * coefficients of one output, p = width + 1.
 */
extern void shopper_linear_raw_errors(const ShopperSpec *spec, const double *covariance, double *std_error);
/* Start from an earlier model's coefficients, matched by column and level; what is new starts at 0. */
extern ShopperStatus shopper_linear_start(ShopperEnv *env, const ShopperModel *previous, const ShopperModel *model,
										  ShopperLinearModel *lm);

/* Names of the columns of w. */
extern ShopperStatus shopper_linear_names(ShopperEnv *env, const ShopperModel *model, ShopperFeatureName **names);
/* Linear regression with a logarithmic link: Poisson, gamma, Tweedie. */
extern bool shopper_linear_is_log(const ShopperModel *model);
/*
 * OLS or ridge from statistics alone (linear_cross.c): fills means and scales of
 * model->spec, state and metrics; the statistics are copied.
 */
extern ShopperStatus shopper_linear_from_cross(ShopperEnv *env, ShopperModel *model, const ShopperCross *cross);
extern ShopperStatus shopper_linear_merge(ShopperEnv *env, ShopperModel *into, const ShopperModel *other);
extern void shopper_linear_encode_cross(const ShopperLinearModel *lm, ShopperWriter *w);
extern ShopperStatus shopper_linear_decode_cross(ShopperModel *model, ShopperReader *r);

/* members of ShopperLearner */
extern void shopper_linear_predict(const ShopperModel *model, const double *dense, const int32_t *lookup, double *out);
extern void shopper_linear_predict_block(const ShopperModel *model, const ShopperTable *t, int64_t from, int64_t to, double *out);
extern ShopperStatus shopper_linear_coefficients(ShopperEnv *env, const ShopperModel *model,
												 ShopperCoefficient **coefficients, int64_t *n);
extern ShopperStatus shopper_linear_explain(ShopperEnv *env, const ShopperModel *model, const double *dense, const int32_t *lookup,
											int output, double *base, double *contribution);
extern const char *shopper_linear_explain_unit(const ShopperModel *model);
extern void shopper_linear_encode(const ShopperModel *model, ShopperWriter *w);
extern ShopperStatus shopper_linear_decode(ShopperModel *model, ShopperReader *r);
extern void shopper_linear_describe(const ShopperModel *model, void (*add) (void *ctx, const char *key, double value), void *ctx);

#endif
