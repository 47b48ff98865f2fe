/* eigen.h: eigenvalues and eigenvectors of small symmetric matrices, in double. */
#ifndef SHOPPER_EIGEN_H
#define SHOPPER_EIGEN_H

#include "env.h"

/*
 * Of the symmetric a (n, n), full, destroyed: value (n) falling, and row j of vector (n, n) the unit
 * eigenvector of value[j]. In a fixed order of operations. Polls.
 */
extern ShopperStatus shopper_eigen(ShopperEnv *env, double *a, int n, double *value, double *vector);

#endif
