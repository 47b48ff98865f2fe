/*
 * dense.h: small dense algebra in double, row-major, sums in fixed lanes.
 */
#ifndef SHOPPER_DENSE_H
#define SHOPPER_DENSE_H

#include "env.h"

extern double shopper_dot(const double *a, const double *b, int64_t n);
/* to += weight row */
extern void shopper_add_doubles(double *to, const double *row, int64_t n, double weight);
extern void shopper_add_floats(double *to, const float *row, int64_t n, double weight);

/*
 * Cholesky factor of the symmetric a (n, n): its lower part becomes L with
 * a = L L'. A column whose pivot falls below tolerance times its diagonal is a
 * combination of earlier ones: with `skip` (n) it is left out (skip[j] = true, row
 * and column 0), without it SHOPPER_BAD_DATA is returned. *n_skipped may be NULL.
 * Polls.
 */
extern ShopperStatus shopper_cholesky(ShopperEnv *env, double *a, int n, double tolerance, bool *skip, int *n_skipped);
/* x := (L L')^-1 x; skipped columns give 0. */
extern void shopper_cholesky_solve(const double *l, int n, const bool *skip, double *x);
/* inverse (n, n), full: of the columns that were not skipped, 0 elsewhere. Polls. */
extern ShopperStatus shopper_cholesky_inverse(ShopperEnv *env, const double *l, int n, const bool *skip, double *inverse);

#endif
