/*
 * simd.h: one source, several processors, the same bits.
 *
 * Kernels are written with fixed 64-byte vectors and compiled for x86-64-v4, v3
 * and the baseline; the loader picks. Lanes, not registers, fix the order of every
 * sum, and nothing is fused (-ffp-contract=off), so all three agree bit for bit.
 */
#ifndef SHOPPER_SIMD_H
#define SHOPPER_SIMD_H

#if defined(__x86_64__) && !defined(__clang__) && !defined(SHOPPER_NO_CLONES)
#define SHOPPER_CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define SHOPPER_CLONES
#endif

typedef double ShopperDouble8 __attribute__((vector_size(64), aligned(8), may_alias));

static inline double
shopper_sum8(ShopperDouble8 v)
{
	return ((v[0] + v[4]) + (v[2] + v[6])) + ((v[1] + v[5]) + (v[3] + v[7]));
}

#endif
