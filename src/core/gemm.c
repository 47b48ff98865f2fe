/*
 * gemm.c: the kernels of gemm.h for each processor level, and the choice.
 *
 * Levels are compiled by function attributes, so the library itself needs no
 * more than the baseline and runs anywhere.
 */
/*
 * GCC's vector intrinsics are plain * and + to its optimiser, which may fuse them
 * into one rounding where the processor can; then levels would differ.
 */
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC optimize("fp-contract=off")
#endif

#include "gemm.h"

#include <math.h>
#include <string.h>

#include "simd.h"

#ifdef SHOPPER_X86_LEVELS
#include <immintrin.h>
#endif

/* ---- any processor: four lanes in plain C ---- */

typedef struct Quad
{
	float		f[4];
} Quad;

#define EACH(expression) \
	do { for (int q = 0; q < 4; q++) out.f[q] = (expression); } while (0)
#define QUAD1(name, expression) \
	static inline Quad name(Quad a) { Quad out; EACH(expression); return out; }
#define QUAD2(name, expression) \
	static inline Quad name(Quad a, Quad b) { Quad out; EACH(expression); return out; }
#define QUAD3(name, expression) \
	static inline Quad name(Quad a, Quad b, Quad c) { Quad out; EACH(expression); return out; }

QUAD1(quad_sqrt, sqrtf(a.f[q]))
QUAD1(quad_abs, fabsf(a.f[q]))
QUAD2(quad_add, a.f[q] + b.f[q])
QUAD2(quad_sub, a.f[q] - b.f[q])
QUAD2(quad_mul, a.f[q] * b.f[q])
QUAD2(quad_div, a.f[q] / b.f[q])
/* the second operand when one is NaN, as the vector instructions have it */
QUAD2(quad_max, a.f[q] > b.f[q] ? a.f[q] : b.f[q])
QUAD2(quad_min, a.f[q] < b.f[q] ? a.f[q] : b.f[q])
QUAD2(quad_sign_of, copysignf(a.f[q], b.f[q]))
QUAD3(quad_fma, fmaf(a.f[q], b.f[q], c.f[q]))
QUAD3(quad_fnma, fmaf(-a.f[q], b.f[q], c.f[q]))

static inline Quad
quad_load(const float *p)
{
	Quad		out;

	memcpy(&out, p, sizeof(out));
	return out;
}

static inline void
quad_store(float *p, Quad a)
{
	memcpy(p, &a, sizeof(a));
}

static inline Quad
quad_set(float x)
{
	return (Quad) {{x, x, x, x}};
}

static inline Quad
quad_less_select(Quad a, Quad b, Quad x, Quad y)
{
	Quad		out;

	EACH(a.f[q] < b.f[q] ? x.f[q] : y.f[q]);
	return out;
}

static inline Quad
quad_power2(Quad k)
{
	Quad		out;

	for (int q = 0; q < 4; q++)
	{
		/* NaN, which has no integer, takes the path that the vector instructions take */
		int32_t		exponent = k.f[q] == k.f[q] ? (int32_t) k.f[q] : INT32_MIN;
		uint32_t	bits = ((uint32_t) exponent + 127U) << 23;

		memcpy(&out.f[q], &bits, sizeof(bits));
	}
	return out;
}

/* lane i with i + 8, then i + 4, i + 2, i + 1 */
static inline float
quad_sum16(const Quad *s)
{
	Quad		t = quad_add(quad_add(s[0], s[2]), quad_add(s[1], s[3]));

	return (t.f[0] + t.f[2]) + (t.f[1] + t.f[3]);
}

#define LEVEL portable
#define LEVEL_NAME "portable"
#define KERNEL
#define V Quad
#define VL 4
#define MR_MAX 6
#define NV_MAX 4
#define LOAD quad_load
#define STORE quad_store
#define SET quad_set
#define ADD quad_add
#define SUB quad_sub
#define MUL quad_mul
#define DIV quad_div
#define SQRT quad_sqrt
#define MAX quad_max
#define MIN quad_min
#define FMA quad_fma
#define FNMA quad_fnma
#define ABS quad_abs
#define SIGN_OF quad_sign_of
#define LESS_SELECT quad_less_select
#define POWER2 quad_power2
#define SUM16 quad_sum16
#include "gemm_lanes.h"

#ifdef SHOPPER_X86_LEVELS

/* ---- x86-64-v3: eight lanes ---- */

#define V3_INLINE static inline __attribute__((always_inline)) SHOPPER_V3

/* lane i with i + 4, then i + 2, i + 1: the end of the tree over 16 lanes */
V3_INLINE float
sum8(__m256 s)
{
	__m128		t = _mm_add_ps(_mm256_castps256_ps128(s), _mm256_extractf128_ps(s, 1));

	t = _mm_add_ps(t, _mm_movehl_ps(t, t));
	return _mm_cvtss_f32(_mm_add_ss(t, _mm_shuffle_ps(t, t, 1)));
}

#define LEVEL v3
#define LEVEL_NAME "v3"
#define KERNEL SHOPPER_V3
#define V __m256
#define VL 8
#define MR_MAX 6
#define NV_MAX 2
#define LOAD(p) _mm256_loadu_ps(p)
#define STORE(p, a) _mm256_storeu_ps(p, a)
#define SET(x) _mm256_set1_ps(x)
#define ADD _mm256_add_ps
#define SUB _mm256_sub_ps
#define MUL _mm256_mul_ps
#define DIV _mm256_div_ps
#define SQRT _mm256_sqrt_ps
#define MAX _mm256_max_ps
#define MIN _mm256_min_ps
#define FMA _mm256_fmadd_ps
#define FNMA _mm256_fnmadd_ps
#define SIGN_BITS _mm256_set1_ps(-0.0f)
#define ABS(a) _mm256_andnot_ps(SIGN_BITS, a)
#define SIGN_OF(a, b) _mm256_or_ps(_mm256_andnot_ps(SIGN_BITS, a), _mm256_and_ps(SIGN_BITS, b))
#define LESS_SELECT(a, b, x, y) _mm256_blendv_ps(y, x, _mm256_cmp_ps(a, b, _CMP_LT_OQ))
#define POWER2(k) \
	_mm256_castsi256_ps(_mm256_slli_epi32(_mm256_add_epi32(_mm256_cvttps_epi32(k), _mm256_set1_epi32(127)), 23))
#define SUM16(s) sum8(_mm256_add_ps((s)[0], (s)[1]))
#include "gemm_lanes.h"

/* ---- x86-64-v4: sixteen lanes ---- */

#define LEVEL v4
#define LEVEL_NAME "v4"
#define KERNEL SHOPPER_V4
#define V __m512
#define VL 16
#define MR_MAX 6
#define NV_MAX 4
#define LOAD(p) _mm512_loadu_ps(p)
#define STORE(p, a) _mm512_storeu_ps(p, a)
#define SET(x) _mm512_set1_ps(x)
#define ADD _mm512_add_ps
#define SUB _mm512_sub_ps
#define MUL _mm512_mul_ps
#define DIV _mm512_div_ps
#define SQRT _mm512_sqrt_ps
#define MAX _mm512_max_ps
#define MIN _mm512_min_ps
#define FMA _mm512_fmadd_ps
#define FNMA _mm512_fnmadd_ps
#define ABS _mm512_abs_ps
#define SIGN_BITS _mm512_set1_ps(-0.0f)
#define SIGN_OF(a, b) _mm512_or_ps(_mm512_andnot_ps(SIGN_BITS, a), _mm512_and_ps(SIGN_BITS, b))
#define LESS_SELECT(a, b, x, y) _mm512_mask_blend_ps(_mm512_cmp_ps_mask(a, b, _CMP_LT_OQ), y, x)
#define POWER2(k) \
	_mm512_castsi512_ps(_mm512_slli_epi32(_mm512_add_epi32(_mm512_cvttps_epi32(k), _mm512_set1_epi32(127)), 23))
#define SUM16(s) sum8(_mm256_add_ps(_mm512_castps512_ps256((s)[0]), _mm512_extractf32x8_ps((s)[0], 1)))
#include "gemm_lanes.h"

#endif							/* SHOPPER_X86_LEVELS */

const ShopperKernels *
shopper_kernels_named(const char *name)
{
#ifdef SHOPPER_X86_LEVELS
	if (strcmp(name, "v4") == 0)
		return shopper_has_v4() ? &kernels_v4 : NULL;
	if (strcmp(name, "v3") == 0)
		return shopper_has_v3() ? &kernels_v3 : NULL;
#endif
	return strcmp(name, "portable") == 0 ? &kernels_portable : NULL;
}

const ShopperKernels *
shopper_kernels(void)
{
	const ShopperKernels *best = shopper_kernels_named("v4");

	if (best == NULL)
		best = shopper_kernels_named("v3");
	return best != NULL ? best : shopper_kernels_named("portable");
}
