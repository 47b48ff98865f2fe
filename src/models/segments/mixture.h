/*
 * mixture.h: mixtures of normal distributions: density, EM fit.
 */
#ifndef SHOPPER_MIXTURE_H
#define SHOPPER_MIXTURE_H

#include "../../features/points.h"

#define SHOPPER_MIXTURE_WIDTH 500	/* most columns: covariances grow with their square */

typedef enum ShopperCovariance
{
	SHOPPER_COVARIANCE_FULL, SHOPPER_COVARIANCE_TIED, SHOPPER_COVARIANCE_DIAGONAL, SHOPPER_COVARIANCE_SPHERICAL
} ShopperCovariance;

typedef struct ShopperMixture
{
	ShopperCovariance covariance;
	int			k;
	int			d;
	double	   *weight;			/* (k) sum 1 */
	double	   *mean;			/* (k, d) */
	double	   *factor;			/* full: (k, d, d) lower Cholesky factors; tied: (d, d); diagonal: (k, d) deviations; spherical: (k) */
	double	   *offset;			/* (k) log weight and the constant of the log density */
} ShopperMixture;

typedef struct ShopperMixturePlan
{
	int			k;
	ShopperCovariance covariance;
	int			starts;
	int			max_iterations;
	double		tolerance;		/* ends when the mean log likelihood grows by less */
	double		regularization; /* added to the variances */
	uint64_t	seed;
} ShopperMixturePlan;

typedef struct ShopperMixtureFit
{
	double		log_likelihood; /* mean of a row */
	int			iterations;
	bool		converged;
} ShopperMixtureFit;

extern ShopperStatus shopper_mixture_make(ShopperEnv *env, int k, int d, ShopperCovariance covariance, ShopperMixture *mixture);
extern void shopper_mixture_release(ShopperEnv *env, ShopperMixture *mixture);
/* How many numbers `factor` holds. */
extern int64_t shopper_mixture_factors(const ShopperMixture *mixture);
/* How many parameters are free: for BIC and AIC. */
extern double shopper_mixture_parameters(const ShopperMixture *mixture);
/* Set offset from weight and factor. */
extern void shopper_mixture_finish(ShopperMixture *mixture);
/* Log of weight times density of eight points (d)(8): out (k)(8); scratch (d)(8). */
extern void shopper_mixture_log_densities(const ShopperMixture *mixture, const double *tile, double *scratch, double *out);
/* The best of the starts by EM (Dempster, Laird, Rubin, "Maximum likelihood from incomplete data", 1977). Memory: 4 bytes a row. */
extern ShopperStatus shopper_mixture_fit(ShopperEnv *env, const ShopperPointSet *points, const ShopperMixturePlan *plan,
										 ShopperMixture *mixture, ShopperMixtureFit *fit);

#endif
