/*
 * gemm.h: float32 kernels for nets: small matrix products, activations, losses
 * and optimiser passes.
 *
 * Each kernel exists for x86-64-v4 (AVX-512), x86-64-v3 (AVX2 and FMA) and any
 * other processor, made from one text (gemm_lanes.h). All of them give the same
 * bits: every element of a product is one chain of fused multiply-adds in rising
 * k, reductions use 16 fixed lanes and one fixed tree, exp and its like are our
 * own polynomials. So a model trained on one machine has the same bytes, and the
 * same predictions, on another.
 *
 * Kernels own nothing, allocate nothing and may run on any thread. Arrays may
 * have any alignment; they must not overlap unless "in place" is said.
 */
#ifndef SHOPPER_GEMM_H
#define SHOPPER_GEMM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SHOPPER_LANES 16

/* The least multiple of 16 that holds n: rows of weights and activations have this stride. */
static inline int64_t
shopper_pad(int64_t n)
{
	return (n + SHOPPER_LANES - 1) / SHOPPER_LANES * SHOPPER_LANES;
}

/* One step of Adam (Kingma and Ba 2015, the efficient form at the end of section 2). */
typedef struct ShopperAdam
{
	float		beta1,
				beta2;
	float		step;			/* learning rate with both bias corrections: lr sqrt(1 - beta2^t) / (1 - beta1^t) */
	float		epsilon;
	float		decay;			/* L2: gradient += decay * weight */
} ShopperAdam;

/* One step of gradient descent; velocity is not touched when momentum is 0 (it may be NULL). */
typedef struct ShopperDescent
{
	float		rate;
	float		momentum;
	bool		nesterov;
	float		decay;
} ShopperDescent;

typedef struct ShopperKernels
{
	const char *name;			/* v4, v3, portable */

	/*
	 * C(m, n) = start + A(m, k) B(k, n). Element A[i][p] is a[i * a_row + p * a_col], so
	 * either order of A (or its transpose) will do; B and C are row-major with strides ldb
	 * and ldc; n is a multiple of 16. start is a matrix of stride start_ld: NULL for zero, C
	 * itself to add, or one row of biases with stride 0.
	 */
	void		(*product) (int64_t m, int64_t n, int64_t k, const float *a, int64_t a_row, int64_t a_col,
							const float *b, int64_t ldb, const float *start, int64_t start_ld, float *c, int64_t ldc);
	/* z[i] = bias + dot(a + i * lda, w), for i < m; k is a multiple of 16 */
	void		(*dots) (int64_t m, int64_t k, const float *a, int64_t lda, const float *w, float bias, float *z);

	/*
	 * One-hot columns looked up: out[i] += table[code[i]] for each row i < n, and the gradient
	 * table[code[i] - from] += delta[i] in rising i for the codes from <= code < to. Rows have
	 * `width` floats (a multiple of 16); codes outside [0, limit) or [from, to) mean nothing.
	 */
	void		(*gather_add) (int64_t n, int64_t width, const int32_t *code, int64_t limit, const float *table, float *out);
	void		(*scatter_add) (int64_t n, int64_t width, const int32_t *code, int64_t from, int64_t to,
								const float *delta, float *table);

	/* Activations in place, and delta *= derivative at the output h * keep; n is a multiple of 16. */
	void		(*relu) (int64_t n, float *x);
	void		(*tanh) (int64_t n, float *x);
	void		(*sigmoid) (int64_t n, float *x);
	void		(*relu_back) (int64_t n, float *delta, const float *h, float keep);
	void		(*tanh_back) (int64_t n, float *delta, const float *h, float keep);
	void		(*sigmoid_back) (int64_t n, float *delta, const float *h, float keep);

	/*
	 * Binary cross-entropy of logits z and targets y in {0, 1}: delta = weight * scale *
	 * (sigmoid(z) - y), loss = weight * -log p(y). Any n; delta may be z; NULL delta: losses only.
	 */
	void		(*cross_entropy) (int64_t n, const float *z, const float *y, const float *weight, float scale,
								  float *delta, float *loss);

	/* Softmax of each row of m logits in place; the padding behind `classes` becomes 0. */
	void		(*softmax) (int64_t m, int64_t classes, float *z, int64_t ldz);

	/* Optimiser passes over n weights (any n); clear sets the gradient to 0 for the next step. */
	void		(*adam) (int64_t n, float *weight, float *gradient, float *m, float *v, const ShopperAdam *step, bool clear);
	void		(*descent) (int64_t n, float *weight, float *gradient, float *velocity, const ShopperDescent *step, bool clear);
} ShopperKernels;

/* The fastest kernels that this processor runs. */
extern const ShopperKernels *shopper_kernels(void);
/* By name, for tests; NULL when this processor or build has none. */
extern const ShopperKernels *shopper_kernels_named(const char *name);

#endif
