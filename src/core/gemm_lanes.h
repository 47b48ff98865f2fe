/*
 * gemm_lanes.h: the text of the kernels, included by gemm.c once per processor
 * level. It has no guard on purpose.
 *
 * The includer defines the vector type V of VL floats, the operations below and
 * KERNEL (the target attribute). Rules that keep all levels equal bit for bit:
 * FMA(a, b, c) is one rounding of a * b + c; a product is never left to the
 * compiler's contraction (target code uses intrinsics); a reduction keeps 16
 * logical lanes, 16 / VL vectors.
 *
 * operations: LOAD STORE SET ADD SUB MUL DIV SQRT MAX MIN FMA FNMA (c - a * b)
 * ABS SIGN_OF (magnitude of a, sign of b) LESS_SELECT (a < b ? x : y) POWER2
 * (2^k of integral k) SUM16 (the fixed tree over 16 lanes).
 */
#define NAME_(a, b) a##_##b
#define NAME__(a, b) NAME_(a, b)
#define NAME(a) NAME__(a, LEVEL)
#define INNER static inline __attribute__((always_inline)) KERNEL
#define OUTER static KERNEL
#define PARTS (SHOPPER_LANES / VL)
#define K_BLOCK 512				/* 512 x 64 floats of B are 128 kB: a panel stays in L2 */

/* ---- products ---- */

/* One block of mr rows and nv vectors in registers; mr and nv are constants at each call. */
INNER void
NAME(block) (int mr, int nv, int64_t k, const float *a, int64_t a_row, int64_t a_col,
			 const float *b, int64_t ldb, const float *start, int64_t start_ld, float *c, int64_t ldc)
{
	V			acc[MR_MAX][NV_MAX];

#pragma GCC unroll 8
	for (int i = 0; i < mr; i++)
#pragma GCC unroll 8
		for (int j = 0; j < nv; j++)
			acc[i][j] = start == NULL ? SET(0.0f) : LOAD(start + i * start_ld + j * VL);
	for (int64_t p = 0; p < k; p++)
	{
		V			row[NV_MAX];

#pragma GCC unroll 8
		for (int j = 0; j < nv; j++)
			row[j] = LOAD(b + j * VL);
#pragma GCC unroll 8
		for (int i = 0; i < mr; i++)
		{
			V			x = SET(a[i * a_row]);

#pragma GCC unroll 8
			for (int j = 0; j < nv; j++)
				acc[i][j] = FMA(x, row[j], acc[i][j]);
		}
		a += a_col;
		b += ldb;
	}
#pragma GCC unroll 8
	for (int i = 0; i < mr; i++)
#pragma GCC unroll 8
		for (int j = 0; j < nv; j++)
			STORE(c + i * ldc + j * VL, acc[i][j]);
}

/* All rows of one panel of nv vectors. */
INNER void
NAME(panel) (int nv, int64_t m, int64_t k, const float *a, int64_t a_row, int64_t a_col,
			 const float *b, int64_t ldb, const float *start, int64_t start_ld, float *c, int64_t ldc)
{
	int64_t		i = 0;

#define BLOCK(mr) \
	NAME(block) (mr, nv, k, a + i * a_row, a_row, a_col, b, ldb, \
				 start == NULL ? NULL : start + i * start_ld, start_ld, c + i * ldc, ldc)
	for (; i + MR_MAX <= m; i += MR_MAX)
		BLOCK(MR_MAX);
	switch (m - i)
	{
		case 1:
			BLOCK(1);
			break;
		case 2:
			BLOCK(2);
			break;
		case 3:
			BLOCK(3);
			break;
		case 4:
			BLOCK(4);
			break;
		case 5:
			BLOCK(5);
			break;
	}
#undef BLOCK
}

OUTER void
NAME(product) (int64_t m, int64_t n, int64_t k, const float *a, int64_t a_row, int64_t a_col,
			   const float *b, int64_t ldb, const float *start, int64_t start_ld, float *c, int64_t ldc)
{
	int64_t		p = 0;

	do
	{
		int64_t		depth = k - p < K_BLOCK ? k - p : K_BLOCK;
		const float *from = p > 0 ? c : start;	/* later blocks of k continue the same chains */
		int64_t		from_ld = p > 0 ? ldc : start_ld;
		int64_t		j = 0;

#define PANEL(nv) \
	NAME(panel) (nv, m, depth, a + p * a_col, a_row, a_col, b + p * ldb + j, ldb, \
				 from == NULL ? NULL : from + j, from_ld, c + j, ldc)
		for (; j + NV_MAX * VL <= n; j += NV_MAX * VL)
			PANEL(NV_MAX);
#if NV_MAX * VL > 32
		if (n - j >= 32)
		{
			PANEL(32 / VL);
			j += 32;
		}
#endif
#if NV_MAX * VL > 16
		if (n - j >= 16)
			PANEL(16 / VL);
#endif
#undef PANEL
		p += K_BLOCK;
	} while (p < k);
}

OUTER void
NAME(dots) (int64_t m, int64_t k, const float *a, int64_t lda, const float *w, float bias, float *z)
{
	for (int64_t i = 0; i < m; i++)
	{
		const float *row = a + i * lda;
		V			sum[PARTS];

#pragma GCC unroll 16
		for (int part = 0; part < PARTS; part++)
			sum[part] = SET(0.0f);
		for (int64_t j = 0; j < k; j += SHOPPER_LANES)
#pragma GCC unroll 16
			for (int part = 0; part < PARTS; part++)
				sum[part] = FMA(LOAD(row + j + part * VL), LOAD(w + j + part * VL), sum[part]);
		z[i] = bias + SUM16(sum);
	}
}

OUTER void
NAME(gather_add) (int64_t n, int64_t width, const int32_t *code, int64_t limit, const float *table, float *out)
{
	for (int64_t i = 0; i < n; i++)
	{
		const float *row;

		if (code[i] < 0 || code[i] >= limit)
			continue;
		row = table + code[i] * width;
		for (int64_t j = 0; j < width; j += VL)
			STORE(out + i * width + j, ADD(LOAD(out + i * width + j), LOAD(row + j)));
	}
}

OUTER void
NAME(scatter_add) (int64_t n, int64_t width, const int32_t *code, int64_t from, int64_t to,
				   const float *delta, float *table)
{
	for (int64_t i = 0; i < n; i++)
	{
		float	   *row;

		if (code[i] < from || code[i] >= to)
			continue;
		row = table + (code[i] - from) * width;
		for (int64_t j = 0; j < width; j += VL)
			STORE(row + j, ADD(LOAD(row + j), LOAD(delta + i * width + j)));
	}
}

/* ---- functions of one vector; polynomials are our own Remez fits, errors relative ---- */

/* exp, 1e-7; clamped to [-87, 88], where float32 neither under- nor overflows */
INNER V
NAME(exp) (V x)
{
	V			round = SET(12582912.0f);	/* 1.5 * 2^23: adding it rounds to an integer */
	V			k,
				r,
				p;

	x = MAX(MIN(x, SET(88.0f)), SET(-87.0f));
	k = SUB(FMA(x, SET(1.44269504f), round), round);
	/* ln 2 in two parts: k times the first is exact */
	r = FNMA(k, SET(0.693359375f), x);
	r = FNMA(k, SET(-2.12194440e-4f), r);
	p = SET(0.001383683574f);
	p = FMA(p, r, SET(0.008374824031f));
	p = FMA(p, r, SET(0.04166822619f));
	p = FMA(p, r, SET(0.1666642007f));
	p = FMA(p, r, SET(0.4999999208f));
	p = FMA(p, r, SET(1.0f));
	p = FMA(p, r, SET(1.0f));
	return MUL(p, POWER2(k));
}

/* log(1 + e) for e in [0, 1], 1e-7 */
INNER V
NAME(log1p) (V e)
{
	V			p = SET(-0.003244011913f);

	p = FMA(p, e, SET(0.01985140049f));
	p = FMA(p, e, SET(-0.05695941325f));
	p = FMA(p, e, SET(0.1060364202f));
	p = FMA(p, e, SET(-0.1530558451f));
	p = FMA(p, e, SET(0.1967593625f));
	p = FMA(p, e, SET(-0.2495413302f));
	p = FMA(p, e, SET(0.3332996235f));
	p = FMA(p, e, SET(-0.4999990242f));
	p = FMA(p, e, SET(0.9999999953f));
	return MUL(p, e);
}

INNER V
NAME(sigmoid_of) (V x)
{
	V			one = SET(1.0f);

	return DIV(one, ADD(one, NAME(exp) (SUB(SET(0.0f), x))));
}

/* odd polynomial below 0.64, where 1 - 2 / (exp(2x) + 1) would cancel */
INNER V
NAME(tanh_of) (V x)
{
	V			a = ABS(x);
	V			z = MUL(x, x);
	V			one = SET(1.0f);
	V			p = SET(-0.005601561576f);
	V			large;

	p = FMA(p, z, SET(0.02054961391f));
	p = FMA(p, z, SET(-0.05371346647f));
	p = FMA(p, z, SET(0.1333114525f));
	p = FMA(p, z, SET(-0.3333327181f));
	p = FMA(MUL(p, z), a, a);
	large = SUB(one, DIV(SET(2.0f), ADD(NAME(exp) (ADD(a, a)), one)));
	return SIGN_OF(LESS_SELECT(a, SET(0.64f), p, large), x);
}

/* ---- activations ---- */

OUTER void
NAME(relu) (int64_t n, float *x)
{
	for (int64_t i = 0; i < n; i += VL)
		STORE(x + i, MAX(LOAD(x + i), SET(0.0f)));
}

OUTER void
NAME(tanh) (int64_t n, float *x)
{
	for (int64_t i = 0; i < n; i += VL)
		STORE(x + i, NAME(tanh_of) (LOAD(x + i)));
}

OUTER void
NAME(sigmoid) (int64_t n, float *x)
{
	for (int64_t i = 0; i < n; i += VL)
		STORE(x + i, NAME(sigmoid_of) (LOAD(x + i)));
}

OUTER void
NAME(relu_back) (int64_t n, float *delta, const float *h, float keep)
{
	(void) keep;
	for (int64_t i = 0; i < n; i += VL)
		STORE(delta + i, LESS_SELECT(SET(0.0f), LOAD(h + i), LOAD(delta + i), SET(0.0f)));
}

OUTER void
NAME(tanh_back) (int64_t n, float *delta, const float *h, float keep)
{
	for (int64_t i = 0; i < n; i += VL)
	{
		V			y = MUL(LOAD(h + i), SET(keep));

		STORE(delta + i, MUL(LOAD(delta + i), FNMA(y, y, SET(1.0f))));
	}
}

OUTER void
NAME(sigmoid_back) (int64_t n, float *delta, const float *h, float keep)
{
	for (int64_t i = 0; i < n; i += VL)
	{
		V			y = MUL(LOAD(h + i), SET(keep));

		STORE(delta + i, MUL(LOAD(delta + i), FNMA(y, y, y)));
	}
}

/* ---- loss ---- */

INNER void
NAME(cross_entropy_of) (const float *z, const float *y, const float *weight, float scale, float *delta, float *loss)
{
	V			one = SET(1.0f),
				zero = SET(0.0f);
	V			x = LOAD(z),
				t = LOAD(y),
				w = LOAD(weight);
	V			e = NAME(exp) (SUB(zero, ABS(x)));
	V			p = DIV(LESS_SELECT(x, zero, e, one), ADD(one, e));

	/* -log p(y) = max(z, 0) - z y + log(1 + exp(-|z|)): no overflow for any z */
	STORE(loss, MUL(w, ADD(NAME(log1p) (e), FNMA(x, t, MAX(x, zero)))));
	if (delta != NULL)
		STORE(delta, MUL(MUL(w, SET(scale)), SUB(p, t)));
}

OUTER void
NAME(cross_entropy) (int64_t n, const float *z, const float *y, const float *weight, float scale,
					 float *delta, float *loss)
{
	int64_t		i = 0;
	float		tail[5][VL] = {{0}};

	for (; i + VL <= n; i += VL)
		NAME(cross_entropy_of) (z + i, y + i, weight + i, scale, delta == NULL ? NULL : delta + i, loss + i);
	if (i == n)
		return;
	for (int64_t j = 0; i + j < n; j++)
	{
		tail[0][j] = z[i + j];
		tail[1][j] = y[i + j];
		tail[2][j] = weight[i + j];
	}
	NAME(cross_entropy_of) (tail[0], tail[1], tail[2], scale, tail[3], tail[4]);
	for (int64_t j = 0; i + j < n; j++)
	{
		if (delta != NULL)
			delta[i + j] = tail[3][j];
		loss[i + j] = tail[4][j];
	}
}

OUTER void
NAME(softmax) (int64_t m, int64_t classes, float *z, int64_t ldz)
{
	int64_t		width = shopper_pad(classes);

	for (int64_t i = 0; i < m; i++, z += ldz)
	{
		float		top = z[0],
					total;
		V			sum[PARTS];

		for (int64_t j = 1; j < classes; j++)
			top = z[j] > top ? z[j] : top;
#pragma GCC unroll 16
		for (int part = 0; part < PARTS; part++)
			sum[part] = SET(0.0f);
		for (int64_t j = classes; j < width; j++)
			z[j] = -1e30f;		/* exp gives 1e-38, lost in the sum */
		for (int64_t j = 0; j < width; j += SHOPPER_LANES)
#pragma GCC unroll 16
			for (int part = 0; part < PARTS; part++)
			{
				/* less the largest: only for stability */
				V			e = NAME(exp) (SUB(LOAD(z + j + part * VL), SET(top)));

				STORE(z + j + part * VL, e);
				sum[part] = ADD(sum[part], e);
			}
		total = SUM16(sum);
		for (int64_t j = 0; j < width; j += VL)
			STORE(z + j, DIV(LOAD(z + j), SET(total)));
		for (int64_t j = classes; j < width; j++)
			z[j] = 0;
	}
}

/* ---- optimisers ---- */

/*
 * Moments of a weight without gradients shrink towards 0 and would stay at the
 * least denormal number, which many processors handle in microcode: below 1e-30
 * they are 0. Then m / (sqrt(v) + epsilon) moves the weight by less than 1e-22.
 */
INNER V
NAME(flush) (V x)
{
	return LESS_SELECT(ABS(x), SET(1e-30f), SET(0.0f), x);
}

INNER void
NAME(adam_of) (float *weight, const float *gradient, float *m, float *v, const ShopperAdam *step)
{
	V			w = LOAD(weight);
	V			g = FMA(SET(step->decay), w, LOAD(gradient));
	V			mean = NAME(flush) (FMA(SET(step->beta1), LOAD(m), MUL(SET(1.0f - step->beta1), g)));
	V			square = NAME(flush) (FMA(SET(step->beta2), LOAD(v), MUL(SET(1.0f - step->beta2), MUL(g, g))));

	STORE(m, mean);
	STORE(v, square);
	STORE(weight, FNMA(SET(step->step), DIV(mean, ADD(SQRT(square), SET(step->epsilon))), w));
}

OUTER void
NAME(adam) (int64_t n, float *weight, float *gradient, float *m, float *v, const ShopperAdam *step, bool clear)
{
	int64_t		i = 0;
	float		tail[4][VL] = {{0}};
	ShopperAdam s = *step;		/* a copy that the stores below cannot reach: its vectors stay in registers */

	for (; i + VL <= n; i += VL)
	{
		NAME(adam_of) (weight + i, gradient + i, m + i, v + i, &s);
		if (clear)
			STORE(gradient + i, SET(0.0f));
	}
	if (i == n)
		return;
	for (int64_t j = 0; i + j < n; j++)
	{
		tail[0][j] = weight[i + j];
		tail[1][j] = gradient[i + j];
		tail[2][j] = m[i + j];
		tail[3][j] = v[i + j];
	}
	NAME(adam_of) (tail[0], tail[1], tail[2], tail[3], &s);
	for (int64_t j = 0; i + j < n; j++)
	{
		weight[i + j] = tail[0][j];
		m[i + j] = tail[2][j];
		v[i + j] = tail[3][j];
		if (clear)
			gradient[i + j] = 0;
	}
}

INNER void
NAME(descent_of) (float *weight, const float *gradient, float *velocity, const ShopperDescent *step)
{
	V			w = LOAD(weight);
	V			g = FMA(SET(step->decay), w, LOAD(gradient));
	V			move = MUL(SET(-step->rate), g);

	if (step->momentum > 0)
	{
		V			u = FMA(SET(step->momentum), LOAD(velocity), move);

		STORE(velocity, u);
		move = step->nesterov ? FMA(SET(step->momentum), u, move) : u;
	}
	STORE(weight, ADD(w, move));
}

OUTER void
NAME(descent) (int64_t n, float *weight, float *gradient, float *velocity, const ShopperDescent *step, bool clear)
{
	int64_t		i = 0;
	bool		moving = step->momentum > 0;
	float		tail[3][VL] = {{0}};

	for (; i + VL <= n; i += VL)
	{
		NAME(descent_of) (weight + i, gradient + i, moving ? velocity + i : NULL, step);
		if (clear)
			STORE(gradient + i, SET(0.0f));
	}
	if (i == n)
		return;
	for (int64_t j = 0; i + j < n; j++)
	{
		tail[0][j] = weight[i + j];
		tail[1][j] = gradient[i + j];
		tail[2][j] = moving ? velocity[i + j] : 0;
	}
	NAME(descent_of) (tail[0], tail[1], tail[2], step);
	for (int64_t j = 0; i + j < n; j++)
	{
		weight[i + j] = tail[0][j];
		if (moving)
			velocity[i + j] = tail[2][j];
		if (clear)
			gradient[i + j] = 0;
	}
}

static const ShopperKernels NAME(kernels) = {
	LEVEL_NAME,
	NAME(product), NAME(dots), NAME(gather_add), NAME(scatter_add),
	NAME(relu), NAME(tanh), NAME(sigmoid),
	NAME(relu_back), NAME(tanh_back), NAME(sigmoid_back),
	NAME(cross_entropy), NAME(softmax),
	NAME(adam), NAME(descent)
};

#undef NAME_
#undef NAME__
#undef NAME
#undef INNER
#undef OUTER
#undef PARTS
#undef K_BLOCK

/* the next level defines them anew */
#undef LEVEL
#undef LEVEL_NAME
#undef KERNEL
#undef V
#undef VL
#undef MR_MAX
#undef NV_MAX
#undef LOAD
#undef STORE
#undef SET
#undef ADD
#undef SUB
#undef MUL
#undef DIV
#undef SQRT
#undef MAX
#undef MIN
#undef FMA
#undef FNMA
#undef ABS
#undef SIGN_OF
#undef LESS_SELECT
#undef POWER2
#undef SUM16
#undef SIGN_BITS
