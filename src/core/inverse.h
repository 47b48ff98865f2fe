/* inverse.h: inverses of large symmetric positive definite matrices, in double. */
#ifndef SHOPPER_INVERSE_H
#define SHOPPER_INVERSE_H

#include "env.h"

/* Rows and columns are padded to a multiple of this: the kernels know whole blocks only. */
#define SHOPPER_INVERSE_PAD 24

static inline int64_t
shopper_inverse_stride(int64_t n)
{
	return (n + SHOPPER_INVERSE_PAD - 1) / SHOPPER_INVERSE_PAD * SHOPPER_INVERSE_PAD;
}

/*
 * Replace a by its inverse. a is (stride, stride) with stride = shopper_inverse_stride(n); the part with
 * column <= row < n is read and written, all else is scratch. SHOPPER_BAD_DATA when it is not positive
 * definite. Polls, runs on the pool; the same bits on every processor and for any number of threads.
 */
extern ShopperStatus shopper_inverse(ShopperEnv *env, double *a, int64_t n);

/* For tests: level 0 plain C, 1 AVX2, 2 AVX-512, at most what the processor has; -1: the best. */
extern ShopperStatus shopper_inverse_level(ShopperEnv *env, double *a, int64_t n, int level);

#endif
