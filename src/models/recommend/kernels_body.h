/*
 * kernels_body.h: the inner loops, included by kernels.c once for each instruction set.
 *
 * The includer defines TARGET (function attributes), NAME(x) (a name with the
 * set's ending), L (16 floats) with l_load, l_store, l_set, l_mul, l_fma, l_sum, and
 * D (8 doubles) with the like. No plain product here feeds a plain sum (a first
 * product is an fma onto 0), so that compilers have nothing to fuse differently in
 * two sets.
 */

/*
 * r = mu + b_u + b_i + p_u.q_i and the step of Koren, Bell and Volinsky (2009), eq. 5:
 *     b_u += rate (e - reg b_u),  p_u += rate (e q_i - reg p_u),  and likewise for the item.
 * The user's row stays in registers during a visit. `blocks` is a constant at each call below.
 */
TARGET static inline __attribute__((always_inline)) double
NAME(visits) (const ShopperSgd *s, int64_t from, int64_t to, const int blocks, const bool biased)
{
	const int	stride = blocks * SHOPPER_LANES;
	const L		shrinks = NAME(l_set) (s->shrink);
	double		squared = 0;

	for (int64_t v = from; v < to; v++)
	{
		const ShopperVisit *visit = &s->visit[s->order[v]];
		const ShopperLine *line = s->line + visit->from;
		const ShopperLine *end = s->line + visit->to;
		float	   *user = s->user_factor + visit->user * stride;
		float		user_bias = s->user_bias[visit->user];
		L			p[SHOPPER_MAX_BLOCKS];

		if (v + 1 < to)			/* the next visit is anywhere in memory */
		{
			const ShopperVisit *next = &s->visit[s->order[v + 1]];

			__builtin_prefetch(s->user_factor + next->user * stride);
			__builtin_prefetch(s->line + next->from);
		}
		UNROLL for (int i = 0; i < blocks; i++)
			p[i] = NAME(l_load) (user + i * SHOPPER_LANES);
		for (; line < end; line++)
		{
			float	   *item = s->item_factor + (int64_t) line->code * stride;
			float		item_bias = s->item_bias[line->code];
			L			q[SHOPPER_MAX_BLOCKS];
			L			even,
						odd,
						step;
			float		error,
						rated;

			__builtin_prefetch(s->item_factor + (int64_t) line[SHOPPER_AHEAD].code * stride, 1);
			odd = NAME(l_set) (0.0f);
			even = NAME(l_fma) (p[0], q[0] = NAME(l_load) (item), odd);
			UNROLL for (int i = 1; i < blocks; i++)
			{
				q[i] = NAME(l_load) (item + i * SHOPPER_LANES);
				if (i & 1)
					odd = NAME(l_fma) (p[i], q[i], odd);
				else
					even = NAME(l_fma) (p[i], q[i], even);
			}
			if (blocks > 1)
				even = NAME(l_fma) (odd, NAME(l_set) (1.0f), even);
			error = line->value - user_bias - item_bias - NAME(l_sum) (even);
			squared = __builtin_fma((double) error, (double) error, squared);
			rated = s->rate * error;
			if (biased)
			{
				user_bias = __builtin_fmaf(user_bias, s->bias_shrink, rated);
				s->item_bias[line->code] = __builtin_fmaf(item_bias, s->bias_shrink, rated);
			}
			step = NAME(l_set) (rated);
			UNROLL for (int i = 0; i < blocks; i++)
			{
				L			moved = NAME(l_fma) (step, p[i], NAME(l_mul) (q[i], shrinks));

				p[i] = NAME(l_fma) (step, q[i], NAME(l_mul) (p[i], shrinks));
				NAME(l_store) (item + i * SHOPPER_LANES, moved);
			}
		}
		UNROLL for (int i = 0; i < blocks; i++)
			NAME(l_store) (user + i * SHOPPER_LANES, p[i]);
		s->user_bias[visit->user] = user_bias;
	}
	return squared;
}

TARGET static double
NAME(sgd) (const ShopperSgd *s, int64_t from, int64_t to)
{
	int			blocks = s->stride / SHOPPER_LANES;

	if (!s->biased)
		return NAME(visits) (s, from, to, blocks, false);
	switch (blocks)
	{
		case 1:
			return NAME(visits) (s, from, to, 1, true);
		case 2:
			return NAME(visits) (s, from, to, 2, true);
		case 3:
			return NAME(visits) (s, from, to, 3, true);
		case 4:
			return NAME(visits) (s, from, to, 4, true);
		default:
			return NAME(visits) (s, from, to, blocks, true);
	}
}

TARGET static void
NAME(dots) (const float *v, const float *rows, int64_t n, int stride, float *out)
{
	for (int64_t r = 0; r < n; r++, rows += stride)
	{
		L			sum = NAME(l_fma) (NAME(l_load) (v), NAME(l_load) (rows), NAME(l_set) (0.0f));

		for (int i = SHOPPER_LANES; i < stride; i += SHOPPER_LANES)
			sum = NAME(l_fma) (NAME(l_load) (v + i), NAME(l_load) (rows + i), sum);
		out[r] = NAME(l_sum) (sum);
	}
}

/*
 * For 16 factors A's upper half, by blocks of 8 columns, fits into 24 vectors, which stay in
 * registers. Each element is the same chain of sums as in rank_update().
 */
TARGET static void
NAME(rank_update16) (double *A, double *b, const float *F, int stride, const int32_t *row, const double *weight, const double *target, int64_t n)
{
	double		x[16] __attribute__((aligned(64)));
	D			top[8],
				right[8],
				bottom[8];

#pragma GCC unroll 8
	for (int j = 0; j < 8; j++)
	{
		top[j] = NAME(d_load) (A + j * 16);
		right[j] = NAME(d_load) (A + j * 16 + 8);
		bottom[j] = NAME(d_load) (A + (j + 8) * 16 + 8);
	}
	for (int64_t i = 0; i < n; i++)
	{
		const float *from = F + (row != NULL ? (int64_t) row[i] : i) * stride;
		double		w = weight != NULL ? weight[i] : 1.0;
		D			low,
					high;

		if (row != NULL && i + 8 < n)
			__builtin_prefetch(F + (int64_t) row[i + 8] * stride);
		for (int j = 0; j < 16; j++)
			x[j] = from[j];
		low = NAME(d_load) (x);
		high = NAME(d_load) (x + 8);
		if (b != NULL)
		{
			D			t = NAME(d_set) (target[i]);

			NAME(d_store) (b, NAME(d_fma) (t, low, NAME(d_load) (b)));
			NAME(d_store) (b + 8, NAME(d_fma) (t, high, NAME(d_load) (b + 8)));
		}
#pragma GCC unroll 8
		for (int j = 0; j < 8; j++)
		{
			const D		above = NAME(d_set) (w * x[j]);
			const D		below = NAME(d_set) (w * x[j + 8]);

			top[j] = NAME(d_fma) (above, low, top[j]);
			right[j] = NAME(d_fma) (above, high, right[j]);
			bottom[j] = NAME(d_fma) (below, high, bottom[j]);
		}
	}
#pragma GCC unroll 8
	for (int j = 0; j < 8; j++)
	{
		NAME(d_store) (A + j * 16, top[j]);
		NAME(d_store) (A + j * 16 + 8, right[j]);
		NAME(d_store) (A + (j + 8) * 16 + 8, bottom[j]);
	}
}

/* Four rows at a time, so that A is read and written a quarter as often. */
TARGET static void
NAME(rank_update) (double *A, double *b, int factors, const float *F, int stride, const int32_t *row,
					const double *weight, const double *target, int64_t n)
{
	int			wide = shopper_gram_stride(factors);
	double		x[4][SHOPPER_MAX_FACTORS] __attribute__((aligned(64)));
	double		w[4];

	if (factors == 16)
	{
		NAME(rank_update16) (A, b, F, stride, row, weight, target, n);
		return;
	}
	for (int64_t at = 0; at < n; at += 4)
	{
		for (int k = 0; k < 4; k++)
		{
			int64_t		i = at + k < n ? at + k : at;
			const float *from = F + (row != NULL ? (int64_t) row[i] : i) * stride;

			w[k] = at + k >= n ? 0.0 : weight != NULL ? weight[i] : 1.0;
			for (int j = 0; j < wide; j++)	/* wide <= stride: the padding is zero */
				x[k][j] = from[j];
			for (int j = 0; b != NULL && at + k < n && j < wide; j += 8)
				NAME(d_store) (b + j, NAME(d_fma) (NAME(d_set) (target[i]), NAME(d_load) (x[k] + j), NAME(d_load) (b + j)));
		}
		for (int j = 0; j < factors; j++)
		{
			const D		w0 = NAME(d_set) (w[0] * x[0][j]);
			const D		w1 = NAME(d_set) (w[1] * x[1][j]);
			const D		w2 = NAME(d_set) (w[2] * x[2][j]);
			const D		w3 = NAME(d_set) (w[3] * x[3][j]);
			double	   *to = A + (int64_t) j * wide;

			for (int i = j & ~7; i < wide; i += 8)
			{
				D			sum = NAME(d_load) (to + i);

				sum = NAME(d_fma) (w0, NAME(d_load) (x[0] + i), sum);
				sum = NAME(d_fma) (w1, NAME(d_load) (x[1] + i), sum);
				sum = NAME(d_fma) (w2, NAME(d_load) (x[2] + i), sum);
				sum = NAME(d_fma) (w3, NAME(d_load) (x[3] + i), sum);
				NAME(d_store) (to + i, sum);
			}
		}
	}
}

/*
 * TILE_ROWS rows of a block of 16 columns of A stay in registers while the lines go by; blocks below the diagonal
 * are left out. Each element is one chain of sums over the lines, whatever TILE_ROWS is. b NULL: left out.
 */
TARGET static inline __attribute__((always_inline)) void
NAME(tile) (float *A, float *b, const float *F, const int stride, int rows_from, int columns_from, const ShopperLine *line, int64_t n)
{
	L			sum[TILE_ROWS],
				of_b = NAME(l_set) (0.0f);

#pragma GCC unroll 16
	for (int j = 0; j < TILE_ROWS; j++)
		sum[j] = NAME(l_set) (0.0f);
	for (int64_t i = 0; i < n; i++)
	{
		const float *x = F + (int64_t) line[i].code * stride;
		const L		right = NAME(l_load) (x + columns_from);

		__builtin_prefetch(F + (int64_t) line[i + SHOPPER_AHEAD].code * stride);
#pragma GCC unroll 16
		for (int j = 0; j < TILE_ROWS; j++)
			sum[j] = NAME(l_fma) (NAME(l_set) (x[rows_from + j]), right, sum[j]);
		if (b != NULL)
			of_b = NAME(l_fma) (NAME(l_set) (line[i].value), right, of_b);
	}
	if (b != NULL)
		NAME(l_store) (b + columns_from, of_b);
#pragma GCC unroll 16
	for (int j = 0; j < TILE_ROWS; j++)
		NAME(l_store) (A + (int64_t) (rows_from + j) * stride + columns_from, sum[j]);
}

TARGET static inline __attribute__((always_inline)) void
NAME(line_sums_by) (float *A, float *b, const float *F, const int stride, const ShopperLine *line, int64_t n)
{
	for (int c = 0; c < stride; c += SHOPPER_LANES)
	{
		NAME(tile) (A, b, F, stride, 0, c, line, n);
		for (int r = TILE_ROWS; r < c + SHOPPER_LANES; r += TILE_ROWS)
			NAME(tile) (A, NULL, F, stride, r, c, line, n);
	}
}

TARGET static void
NAME(line_sums) (float *A, float *b, const float *F, int stride, const ShopperLine *line, int64_t n)
{
	if (stride == SHOPPER_LANES)
		NAME(line_sums_by) (A, b, F, SHOPPER_LANES, line, n);
	else
		NAME(line_sums_by) (A, b, F, stride, line, n);
}

/* A = U'U by rows (right-looking: no sum over lanes), then U'y = b and Ux = y. */
TARGET static bool
NAME(solve) (double *A, double *b, int factors)
{
	int			wide = shopper_gram_stride(factors);

	for (int j = 0; j < factors; j++)
	{
		double	   *pivot = A + (int64_t) j * wide;
		double		root = pivot[j];
		D			scale;

		if (!(root > 0) || root > 1e300)	/* NaN too */
			return false;
		root = 1 / __builtin_sqrt(root);
		scale = NAME(d_set) (root);
		for (int i = j & ~7; i < wide; i += 8)
			NAME(d_store) (pivot + i, NAME(d_mul) (NAME(d_load) (pivot + i), scale));
		b[j] *= root;
		pivot[j] = 1 / pivot[j];	/* kept inverted for the second substitution */
		for (int i = j + 1; i < factors; i++)
		{
			double	   *to = A + (int64_t) i * wide;
			D			minus = NAME(d_set) (-pivot[i]);

			for (int k = i & ~7; k < wide; k += 8)
				NAME(d_store) (to + k, NAME(d_fma) (minus, NAME(d_load) (pivot + k), NAME(d_load) (to + k)));
			b[i] = __builtin_fma(-pivot[i], b[j], b[i]);
		}
	}
	for (int j = factors - 1; j >= 0; j--)
	{
		const double *pivot = A + (int64_t) j * wide;
		double		sum = b[j];

		for (int i = j + 1; i < factors; i++)
			sum = __builtin_fma(-pivot[i], b[i], sum);
		b[j] = sum * pivot[j];
	}
	return true;
}

/* out = M v for `width` blocks of M's columns: sums stay in registers. */
TARGET static inline __attribute__((always_inline)) void
NAME(columns) (const float *M, int factors, int stride, const float *v, bool negative, L *out, const int width)
{
	L			sum[4];

	UNROLL for (int i = 0; i < width; i++)
		sum[i] = NAME(l_set) (0.0f);
	for (int j = 0; j < factors; j++)
	{
		const L		each = NAME(l_set) (negative ? -v[j] : v[j]);

		UNROLL for (int i = 0; i < width; i++)
			sum[i] = NAME(l_fma) (each, NAME(l_load) (M + (int64_t) j * stride + i * SHOPPER_LANES), sum[i]);
	}
	UNROLL for (int i = 0; i < width; i++)
		out[i] = sum[i];
}

/* out = M v + sum w (q.v) q over the lines; with residual, b - that, b = sum (1 + w) q. */
TARGET static inline __attribute__((always_inline)) void
NAME(apply) (const ShopperCg *c, const ShopperLine *line, int64_t n, const L *v, L *out, const int blocks, const bool residual)
{
	float		each[SHOPPER_MAX_FACTORS] __attribute__((aligned(64)));
	int			done = 0;

	UNROLL for (int i = 0; i < blocks; i++)
		NAME(l_store) (each + i * SHOPPER_LANES, v[i]);
	for (; done + 4 <= blocks; done += 4)
		NAME(columns) (c->M + done * SHOPPER_LANES, c->factors, c->stride, each, residual, out + done, 4);
	for (; done + 2 <= blocks; done += 2)
		NAME(columns) (c->M + done * SHOPPER_LANES, c->factors, c->stride, each, residual, out + done, 2);
	if (done < blocks)
		NAME(columns) (c->M + done * SHOPPER_LANES, c->factors, c->stride, each, residual, out + done, 1);
	for (int64_t at = 0; at < n; at++)
	{
		const float *row = c->F + (int64_t) line[at].code * blocks * SHOPPER_LANES;
		float		w = c->alpha * line[at].value;
		L			q[SHOPPER_MAX_BLOCKS];
		L			sum;
		float		factor;

		__builtin_prefetch(c->F + (int64_t) line[at + SHOPPER_AHEAD].code * blocks * SHOPPER_LANES);
		sum = NAME(l_fma) (v[0], q[0] = NAME(l_load) (row), NAME(l_set) (0.0f));
		UNROLL for (int i = 1; i < blocks; i++)
		{
			q[i] = NAME(l_load) (row + i * SHOPPER_LANES);
			sum = NAME(l_fma) (v[i], q[i], sum);
		}
		factor = NAME(l_sum) (sum);
		if (residual)
			factor = __builtin_fmaf(-w, factor, line[at].value > 0 ? __builtin_fmaf(c->alpha, line[at].value, 1) : 0);
		else
			factor *= w;
		UNROLL for (int i = 0; i < blocks; i++)
			out[i] = NAME(l_fma) (NAME(l_set) (factor), q[i], out[i]);
	}
}

TARGET static inline __attribute__((always_inline)) float
NAME(l_dot) (const L *v, const L *w, const int blocks)
{
	L			sum = NAME(l_fma) (v[0], w[0], NAME(l_set) (0.0f));

	UNROLL for (int i = 1; i < blocks; i++)
		sum = NAME(l_fma) (v[i], w[i], sum);
	return NAME(l_sum) (sum);
}

/* Hestenes and Stiefel (1952), started at x; for this use Takacs, Pilaszy and Tikk (2011). */
TARGET static inline __attribute__((always_inline)) void
NAME(cg_blocks) (const ShopperCg *c, const ShopperLine *line, int64_t n, float *x, const int blocks)
{
	L			at[SHOPPER_MAX_BLOCKS],
				r[SHOPPER_MAX_BLOCKS],
				p[SHOPPER_MAX_BLOCKS],
				Ap[SHOPPER_MAX_BLOCKS];
	float		norm;

	if (blocks < 1)
		__builtin_unreachable();
	UNROLL for (int i = 0; i < blocks; i++)
		at[i] = NAME(l_load) (x + i * SHOPPER_LANES);
	NAME(apply) (c, line, n, at, r, blocks, true);
	UNROLL for (int i = 0; i < blocks; i++)
		p[i] = r[i];
	norm = NAME(l_dot) (r, r, blocks);
	for (int step = 0; step < c->steps && norm > 1e-20f; step++)
	{
		float		curvature,
					length,
					next;

		NAME(apply) (c, line, n, p, Ap, blocks, false);
		curvature = NAME(l_dot) (p, Ap, blocks);
		if (!(curvature > 0))
			break;
		length = norm / curvature;
		UNROLL for (int i = 0; i < blocks; i++)
		{
			at[i] = NAME(l_fma) (NAME(l_set) (length), p[i], at[i]);
			r[i] = NAME(l_fma) (NAME(l_set) (-length), Ap[i], r[i]);
		}
		next = NAME(l_dot) (r, r, blocks);
		UNROLL for (int i = 0; i < blocks; i++)
			p[i] = NAME(l_fma) (NAME(l_set) (next / norm), p[i], r[i]);
		norm = next;
	}
	UNROLL for (int i = 0; i < blocks; i++)
		NAME(l_store) (x + i * SHOPPER_LANES, at[i]);
}

TARGET static void
NAME(cg) (const ShopperCg *c, const ShopperLine *line, int64_t n, float *x)
{
	switch (c->stride / SHOPPER_LANES)
	{
		case 1:
			NAME(cg_blocks) (c, line, n, x, 1);
			break;
		case 2:
			NAME(cg_blocks) (c, line, n, x, 2);
			break;
		case 3:
			NAME(cg_blocks) (c, line, n, x, 3);
			break;
		case 4:
			NAME(cg_blocks) (c, line, n, x, 4);
			break;
		default:
			NAME(cg_blocks) (c, line, n, x, c->stride / SHOPPER_LANES);
	}
}
