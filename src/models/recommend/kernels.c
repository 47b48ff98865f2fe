/*
 * kernels.c: the inner loops of factor models for three instruction sets.
 *
 * A vector is 16 floats or 8 doubles in each of them, and a sum over lanes is the
 * same tree (halves onto each other), so the sets agree bit for bit. Plain C needs
 * fma() from the processor too, or it is slow; processors without it are older
 * than AVX2.
 */
#include "../../core/simd.h"
#include "factors.h"

#include <math.h>

/* Loops over the blocks of a row: unrolled up to 64 factors, so that the vectors stay in registers. */
#if defined(__GNUC__) && !defined(__clang__)
#define UNROLL _Pragma("GCC unroll 4")
#else
#define UNROLL
#endif

/* ---- plain C ---- */

typedef struct PlainL
{
	float		x[16];
} PlainL;

typedef struct PlainD
{
	double		x[8];
} PlainD;

#define TARGET
#define NAME(x) x##_plain
#define TILE_ROWS 4
#define L PlainL
#define D PlainD
#define EACH(n, expression) do { for (int i_ = 0; i_ < (n); i_++) r.x[i_] = (expression); } while (0)

static inline L
l_load_plain(const float *p)
{
	L			r;

	EACH(16, p[i_]);
	return r;
}

static inline void
l_store_plain(float *p, L a)
{
	for (int i = 0; i < 16; i++)
		p[i] = a.x[i];
}

static inline L
l_set_plain(float a)
{
	L			r;

	EACH(16, a);
	return r;
}

static inline L
l_mul_plain(L a, L b)
{
	L			r;

	EACH(16, a.x[i_] * b.x[i_]);
	return r;
}

static inline L
l_fma_plain(L a, L b, L c)
{
	L			r;

	EACH(16, __builtin_fmaf(a.x[i_], b.x[i_], c.x[i_]));
	return r;
}

static inline float
l_sum_plain(L a)
{
	for (int half = 8; half > 0; half /= 2)
		for (int i = 0; i < half; i++)
			a.x[i] += a.x[i + half];
	return a.x[0];
}

static inline D
d_load_plain(const double *p)
{
	D			r;

	EACH(8, p[i_]);
	return r;
}

static inline void
d_store_plain(double *p, D a)
{
	for (int i = 0; i < 8; i++)
		p[i] = a.x[i];
}

static inline D
d_set_plain(double a)
{
	D			r;

	EACH(8, a);
	return r;
}

static inline D
d_mul_plain(D a, D b)
{
	D			r;

	EACH(8, a.x[i_] * b.x[i_]);
	return r;
}

static inline D
d_fma_plain(D a, D b, D c)
{
	D			r;

	EACH(8, __builtin_fma(a.x[i_], b.x[i_], c.x[i_]));
	return r;
}

#include "kernels_body.h"

static const ShopperFactorKernels plain = {"plain", sgd_plain, dots_plain, rank_update_plain, line_sums_plain, solve_plain, cg_plain};

#undef TARGET
#undef NAME
#undef TILE_ROWS
#undef L
#undef D

#ifdef SHOPPER_X86_LEVELS
#include <immintrin.h>

/* ---- AVX2 and FMA: two registers a vector ---- */

typedef struct Avx2L
{
	__m256		lo,
				hi;
} Avx2L;

typedef struct Avx2D
{
	__m256d		lo,
				hi;
} Avx2D;

#define TARGET SHOPPER_V3
#define NAME(x) x##_avx2
#define TILE_ROWS 4
#define L Avx2L
#define D Avx2D

TARGET static inline L
l_load_avx2(const float *p)
{
	return (L) {_mm256_load_ps(p), _mm256_load_ps(p + 8)};
}

TARGET static inline void
l_store_avx2(float *p, L a)
{
	_mm256_store_ps(p, a.lo);
	_mm256_store_ps(p + 8, a.hi);
}

TARGET static inline L
l_set_avx2(float a)
{
	return (L) {_mm256_set1_ps(a), _mm256_set1_ps(a)};
}

TARGET static inline L
l_mul_avx2(L a, L b)
{
	return (L) {_mm256_mul_ps(a.lo, b.lo), _mm256_mul_ps(a.hi, b.hi)};
}

TARGET static inline L
l_fma_avx2(L a, L b, L c)
{
	return (L) {_mm256_fmadd_ps(a.lo, b.lo, c.lo), _mm256_fmadd_ps(a.hi, b.hi, c.hi)};
}

/* The last steps of the tree, for both sets: 8 lanes onto 4, 2, 1. */
TARGET static inline float
sum8(__m256 a)
{
	__m128		four = _mm_add_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));
	__m128		two = _mm_add_ps(four, _mm_movehl_ps(four, four));

	return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
}

TARGET static inline float
l_sum_avx2(L a)
{
	return sum8(_mm256_add_ps(a.lo, a.hi));
}

TARGET static inline D
d_load_avx2(const double *p)
{
	return (D) {_mm256_loadu_pd(p), _mm256_loadu_pd(p + 4)};
}

TARGET static inline void
d_store_avx2(double *p, D a)
{
	_mm256_storeu_pd(p, a.lo);
	_mm256_storeu_pd(p + 4, a.hi);
}

TARGET static inline D
d_set_avx2(double a)
{
	return (D) {_mm256_set1_pd(a), _mm256_set1_pd(a)};
}

TARGET static inline D
d_mul_avx2(D a, D b)
{
	return (D) {_mm256_mul_pd(a.lo, b.lo), _mm256_mul_pd(a.hi, b.hi)};
}

TARGET static inline D
d_fma_avx2(D a, D b, D c)
{
	return (D) {_mm256_fmadd_pd(a.lo, b.lo, c.lo), _mm256_fmadd_pd(a.hi, b.hi, c.hi)};
}

#include "kernels_body.h"

static const ShopperFactorKernels avx2 = {"avx2", sgd_avx2, dots_avx2, rank_update_avx2, line_sums_avx2, solve_avx2, cg_avx2};

#undef TARGET
#undef NAME
#undef TILE_ROWS
#undef L
#undef D

/* ---- AVX-512: one register a vector ---- */

#define TARGET SHOPPER_V4
#define NAME(x) x##_avx512
#define TILE_ROWS 16
#define L __m512
#define D __m512d

TARGET static inline L
l_load_avx512(const float *p)
{
	return _mm512_load_ps(p);
}

TARGET static inline void
l_store_avx512(float *p, L a)
{
	_mm512_store_ps(p, a);
}

TARGET static inline L
l_set_avx512(float a)
{
	return _mm512_set1_ps(a);
}

TARGET static inline L
l_mul_avx512(L a, L b)
{
	return _mm512_mul_ps(a, b);
}

TARGET static inline L
l_fma_avx512(L a, L b, L c)
{
	return _mm512_fmadd_ps(a, b, c);
}

TARGET static inline float
l_sum_avx512(L a)
{
	return sum8(_mm256_add_ps(_mm512_castps512_ps256(a), _mm512_extractf32x8_ps(a, 1)));
}

TARGET static inline D
d_load_avx512(const double *p)
{
	return _mm512_loadu_pd(p);
}

TARGET static inline void
d_store_avx512(double *p, D a)
{
	_mm512_storeu_pd(p, a);
}

TARGET static inline D
d_set_avx512(double a)
{
	return _mm512_set1_pd(a);
}

TARGET static inline D
d_mul_avx512(D a, D b)
{
	return _mm512_mul_pd(a, b);
}

TARGET static inline D
d_fma_avx512(D a, D b, D c)
{
	return _mm512_fmadd_pd(a, b, c);
}

#include "kernels_body.h"

static const ShopperFactorKernels avx512 = {"avx512", sgd_avx512, dots_avx512, rank_update_avx512, line_sums_avx512, solve_avx512, cg_avx512};

#undef TARGET
#undef NAME
#undef TILE_ROWS
#undef L
#undef D
#endif

const ShopperFactorKernels *
shopper_factor_kernels(int level)
{
#ifdef SHOPPER_X86_LEVELS
	if (level < 0 || level > 2)
		level = 2;
	if (level == 2 && shopper_has_v4())
		return &avx512;
	if (level >= 1 && shopper_has_v3())
		return &avx2;
#endif
	(void) level;
	return &plain;
}
