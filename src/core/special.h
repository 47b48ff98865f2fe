/*
 * special.h: distribution functions for tests and intervals. They agree with tables to
 * 1e-12 relative, tails included (Student's t with df above 10,000: 1e-10); a NaN
 * argument, or a df that is not positive, gives NaN.
 */
#ifndef SHOPPER_SPECIAL_H
#define SHOPPER_SPECIAL_H

#include <math.h>
#include <stdint.h>

/* P(Z <= z) of the standard normal. */
extern double shopper_normal_cdf(double z);
/* z with P(Z <= z) = p, 0 < p < 1, to 1e-14 relative to the greater of |z| and 1. */
extern double shopper_normal_quantile(double p);
/* P(X > x) of chi-square with df degrees of freedom; 1 for x <= 0. */
extern double shopper_chi_square_tail(double x, double df);
/* P(T > t) of Student's t, one tail: double it for the two-sided p value of |t|. */
extern double shopper_student_t_tail(double t, double df);
/* t with P(T <= t) = p, 0.5 <= p < 1, by bisection to the last digit. */
extern double shopper_student_t_quantile(double p, double df);
/* The regularized incomplete gamma function of the upper part, Q(a, x); a > 0, x >= 0. */
extern double shopper_gamma_upper(double a, double x);
/* The regularized incomplete beta function I_x(a, b); a, b > 0, 0 <= x <= 1. */
extern double shopper_beta_lower(double a, double b, double x);
/*
 * P(X >= k): `drawn` of `whole` things are drawn, `marked` of them are marked, X is how many of
 * those come (Fisher's exact test, one-sided). To 1e-10 relative; 0 below about 1e-308.
 */
extern double shopper_hypergeometric_tail(int64_t k, int64_t drawn, int64_t marked, int64_t whole);

/* The log odds of p, which is kept `least` away from 0 and 1. */
static inline double
shopper_logit(double p, double least)
{
	p = p < least ? least : p > 1 - least ? 1 - least : p;
	return log(p / (1 - p));
}

#endif
