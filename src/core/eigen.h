/* eigen.h: eigenvalues and eigenvectors of small symmetric matrices, in double. */
#ifndef SHOPPER_EIGEN_H
#define SHOPPER_EIGEN_H

#include "env.h"

/*
 * Of the symmetric a (n, n), full, destroyed: value (n) falling, and row j of vector (n, n) the unit
 * eigenvector of value[j]. By Jacobi's rotations in a fixed order; a matrix that is nearly diagonal
 * costs little. Polls.
 */
extern ShopperStatus shopper_eigen(ShopperEnv *env, double *a, int n, double *value, double *vector);

#endif
