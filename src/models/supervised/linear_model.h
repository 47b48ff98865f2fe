/*
 * linear_model.h: what logistic and linear regression share: the fitted weights,
 * predicting with them, showing them in the user's units, storing them.
 */
#ifndef SHOPPER_LINEAR_MODEL_H
#define SHOPPER_LINEAR_MODEL_H

#include "../learner.h"

typedef struct ShopperLinearModel
{
	int			n_outputs;		/* rows of w: 1, or one for each class of three and more */
	int			width;			/* design columns without the intercept */
	double	   *w;				/* (n_outputs)(width + 1) in prepared units, intercept last */
	double	   *std_error;		/* (n_outputs)(width + 1) in raw units; NULL: none computed */
	bool	   *aliased;		/* (n_outputs)(width + 1) not identified; NULL: none */
	double		freedom;		/* residual degrees of freedom for t; 0: z */
	double		objective;		/* value reached */
	double		gradient_norm;	/* greatest absolute component there, penalty included */
	int64_t		iterations;
	double	   *mean;			/* (width) training means of the prepared columns; NULL: standardized ones, that is 0 and the spec's shares */
} ShopperLinearModel;

extern ShopperStatus shopper_linear_model_new(ShopperEnv *env, ShopperModel *model, int n_outputs, ShopperLinearModel **lm);
/*
 * Standard errors in raw units from the covariance (p, p) of the prepared
 * coefficients of one output, p = width + 1.
 */
extern void shopper_linear_raw_errors(const ShopperSpec *spec, const double *covariance, double *std_error);
/* Start from an earlier model's coefficients, matched by column and level; what is new starts at 0. */
extern ShopperStatus shopper_linear_start(ShopperEnv *env, const ShopperModel *previous, const ShopperModel *model,
										  ShopperLinearModel *lm);

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
