/*
 * simd.h: one source, several processors, the same bits.
 *
 * Kernels are written with fixed 64-byte vectors and compiled for x86-64-v4, v3
 * and the baseline; the loader picks. Lanes, not registers, fix the order of every
 * sum, and nothing is fused (-ffp-contract=off), so all three agree bit for bit.
 */
#ifndef SHOPPER_SIMD_H
#define SHOPPER_SIMD_H

#include <stdbool.h>

#if defined(__x86_64__) && !defined(__clang__) && !defined(SHOPPER_NO_CLONES)
#define SHOPPER_CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define SHOPPER_CLONES
#endif

/*
 * What plain vectors cannot say, or not well, has code for two levels beside plain C. A
 * function of a level is called only where shopper_has_v3() or shopper_has_v4() says so.
 */
#if defined(__x86_64__) && (defined(__GNUC__) || defined(__clang__))
#define SHOPPER_X86_LEVELS
#define SHOPPER_V3 __attribute__((target("avx2,fma")))
#define SHOPPER_V4 __attribute__((target("avx512f,avx512dq,avx512vl,avx512bw,avx2,fma,popcnt")))
#endif

static inline bool
shopper_has_v3(void)
{
#ifdef SHOPPER_X86_LEVELS
	return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
#else
	return false;
#endif
}

static inline bool
shopper_has_v4(void)
{
#ifdef SHOPPER_X86_LEVELS
	return shopper_has_v3() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
		__builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("popcnt");
#else
	return false;
#endif
}

typedef double ShopperDouble8 __attribute__((vector_size(64), aligned(8), may_alias));

static inline double
shopper_sum8(ShopperDouble8 v)
{
	return ((v[0] + v[4]) + (v[2] + v[6])) + ((v[1] + v[5]) + (v[3] + v[7]));
}

#endif
