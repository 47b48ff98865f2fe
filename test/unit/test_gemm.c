/* test_gemm.c: float32 kernels against naive versions, and every level against every other, bit for bit. */
#include "check.h"

#include "../../src/core/gemm.h"
#include "../../src/core/hash.h"

static const char *const levels[] = {"portable", "v3", "v4"};

static void
fill(float *x, int n, uint64_t stream, double scale)
{
	for (int i = 0; i < n; i++)
		x[i] = (float) (scale * shopper_normal(5, stream, (uint64_t) i));
}

/* Both orders of A, every remainder of rows and panels, each form of start. */
static void
product(const ShopperKernels *k)
{
	enum {M = 21, N = 144, K = 531};
	static float a[M * K],
				b[K * N],
				start[M * N],
				c[M * N];
	int			widths[] = {16, 32, 48, 64, 80, 112, 144};
	int			depths[] = {0, 1, 7, K};

	fill(a, M * K, 1, 1);
	fill(b, K * N, 2, 1);
	fill(start, M * N, 3, 1);
	for (int form = 0; form < 12; form++)
		for (int m = 1; m <= M; m += form < 2 ? 1 : 5)
		{
			int			n = widths[(m + form) % 7],
						depth = depths[(m + form) % 4];
			int			row = form & 1 ? K : 1,
						col = form & 1 ? 1 : M;
			int			ld = form % 3 == 0 ? 0 : N;
			double		worst = 0;

			k->product(m, n, depth, a, row, col, b, N, form % 3 == 2 ? NULL : start, ld, c, N);
			for (int i = 0; i < m; i++)
				for (int j = 0; j < n; j++)
				{
					double		sum = form % 3 == 2 ? 0 : start[i * ld + j];

					for (int p = 0; p < depth; p++)
						sum += (double) a[i * row + p * col] * b[p * N + j];
					worst = fmax(worst, fabs(sum - c[i * N + j]));
				}
			CHECK(worst < 1e-4);
		}
}

static void
lookups(const ShopperKernels *k)
{
	enum {ROWS = 9, WIDTH = 32, SIZE = 5};
	static const int32_t code[ROWS] = {0, 4, 4, 5, -1, 2, 0, 1, 100};
	float		table[SIZE * WIDTH],
				out[ROWS * WIDTH],
				gradient[3 * WIDTH],
				dot[ROWS];

	fill(table, SIZE * WIDTH, 1, 1);
	fill(out, ROWS * WIDTH, 2, 1);
	memset(gradient, 0, sizeof(gradient));
	k->scatter_add(ROWS, WIDTH, code, 2, 5, out, gradient);
	CHECK_NEAR(gradient[3], out[5 * WIDTH + 3], 0);
	CHECK_NEAR(gradient[2 * WIDTH + 9], out[WIDTH + 9] + out[2 * WIDTH + 9], 0);
	CHECK_NEAR(gradient[WIDTH], 0, 0);
	k->gather_add(ROWS, WIDTH, code, SIZE, table, out);
	fill(gradient, WIDTH, 2, 1);
	for (int j = 0; j < WIDTH; j++)
		CHECK_NEAR(out[j], gradient[j] + table[j], 0);
	k->dots(ROWS, WIDTH, out, WIDTH, table, 0.5f, dot);
	for (int i = 0; i < ROWS; i++)
	{
		double		sum = 0.5;

		for (int j = 0; j < WIDTH; j++)
			sum += (double) out[i * WIDTH + j] * table[j];
		CHECK_NEAR(dot[i], sum, 1e-5);
	}
}

static void
functions(const ShopperKernels *k)
{
	enum {N = 4096};
	static float x[N],
				y[N],
				h[N];
	double		worst[4] = {0};

	for (int i = 0; i < N; i++)
		x[i] = (float) ((i - N / 2) * 0.011);
	memcpy(y, x, sizeof(y));
	k->tanh(N, y);
	for (int i = 0; i < N; i++)
		worst[0] = fmax(worst[0], fabs(y[i] - tanh(x[i])) / fmax(fabs(tanh(x[i])), 1e-20));
	memcpy(h, y, sizeof(h));
	for (int i = 0; i < N; i++)
		y[i] = 1;
	k->tanh_back(N, y, h, 1);
	for (int i = 0; i < N; i++)
		worst[1] = fmax(worst[1], fabs(y[i] - (1 - pow(tanh(x[i]), 2))));
	memcpy(y, x, sizeof(y));
	k->sigmoid(N, y);
	for (int i = 0; i < N; i++)
		worst[2] = fmax(worst[2], fabs(y[i] * (1 + exp(-x[i])) - 1));
	memcpy(h, y, sizeof(h));
	for (int i = 0; i < N; i++)
		y[i] = 2;
	k->sigmoid_back(N, y, h, 1);
	for (int i = 0; i < N; i++)
		worst[3] = fmax(worst[3], fabs(y[i] - 2 / (1 + exp(-x[i])) / (1 + exp(x[i]))));
	for (int i = 0; i < 4; i++)
		CHECK_NEAR(worst[i], 0, 3e-7);
	memcpy(y, x, sizeof(y));
	k->relu(N, y);
	CHECK(y[0] == 0 && y[N - 1] == x[N - 1] && y[N / 2] == 0);
	memcpy(h, y, sizeof(h));
	memcpy(y, x, sizeof(y));
	k->relu_back(N, y, h, 1);
	CHECK(y[0] == 0 && y[N - 1] == x[N - 1] && y[N / 2] == 0);
}

static void
losses(const ShopperKernels *k)
{
	enum {N = 37};
	float		z[N],
				y[N],
				w[N],
				delta[N],
				loss[N],
				p[3 * 32];

	for (int i = 0; i < N; i++)
	{
		z[i] = (float) (i - 18) * 3;
		y[i] = (float) (i % 2);
		w[i] = (float) (1 + i % 3);
	}
	k->cross_entropy(N, z, y, w, 0.25f, delta, loss);
	for (int i = 0; i < N; i++)
	{
		double		sign = y[i] > 0 ? 1 : -1;
		double		wanted = w[i] * (sign * z[i] > 0 ? log1p(exp(-sign * z[i])) : log1p(exp(sign * z[i])) - sign * z[i]);

		CHECK_NEAR(loss[i], wanted, 1e-6 + 3e-7 * wanted);
		CHECK_NEAR(delta[i], w[i] * 0.25 * (1 / (1 + exp(-z[i])) - y[i]), 3e-7);
	}
	for (int i = 0; i < 3 * 32; i++)
		p[i] = (float) (i % 32) * 4;
	k->softmax(3, 19, p, 32);
	for (int i = 0; i < 3; i++)
	{
		double		sum = 0;

		for (int j = 0; j < 32; j++)
			sum += p[i * 32 + j];
		CHECK_NEAR(sum, 1, 1e-6);
		CHECK_NEAR(p[i * 32 + 18], 1 - exp(-4), 1e-5);
		CHECK(p[i * 32 + 19] == 0 && p[i * 32 + 31] == 0);
	}
}

/* 60 steps against double arithmetic; a weight without gradients ends with moments of exactly 0. */
static void
optimisers(const ShopperKernels *k)
{
	enum {N = 21};
	float		w[N],
				g[N],
				m[N] = {0},
				v[N] = {0};
	double		dw[N],
				dm[N] = {0},
				dv[N] = {0};

	fill(w, N, 1, 0.5);
	for (int i = 0; i < N; i++)
		dw[i] = w[i];
	for (int t = 1; t <= 60; t++)
	{
		double		rate = 0.01 * sqrt(1 - pow(0.999, t)) / (1 - pow(0.9, t));
		ShopperAdam step = {0.9f, 0.999f, (float) rate, 1e-8f, 0.01f};

		fill(g, N, (uint64_t) t, 1);
		for (int i = 0; i < N; i++)
		{
			double		d = g[i] + 0.01 * dw[i];

			dm[i] = 0.9 * dm[i] + 0.1 * d;
			dv[i] = 0.999 * dv[i] + 0.001 * d * d;
			dw[i] -= rate * dm[i] / (sqrt(dv[i]) + 1e-8);
		}
		k->adam(N, w, g, m, v, &step, t % 2 == 0);
		CHECK((t % 2 == 0) == (g[3] == 0));
	}
	for (int i = 0; i < N; i++)
		CHECK_NEAR(w[i], dw[i], 2e-6);
	for (int t = 0; t < 100000; t++)
		k->adam(N, w, g, m, v, &(ShopperAdam) {0.9f, 0.999f, 0.01f, 1e-8f, 0}, false);
	CHECK(m[0] == 0 && v[0] == 0);

	for (int form = 0; form < 3; form++)
	{
		ShopperDescent step = {0.1f, form > 0 ? 0.9f : 0.0f, form == 2, 0.5f};
		double		d;

		fill(w, N, 7, 1);
		fill(g, N, 8, 1);
		fill(v, N, 9, 1);
		d = -0.1 * (g[4] + 0.5 * w[4]);
		d = form == 0 ? w[4] + d : form == 1 ? w[4] + 0.9 * v[4] + d : w[4] + 0.9 * (0.9 * v[4] + d) + d;
		k->descent(N, w, g, form > 0 ? v : NULL, &step, true);
		CHECK_NEAR(w[4], d, 1e-6);
		CHECK(g[20] == 0);
	}
}

/* Every kernel on the same input: all levels must write the same bytes. */
static void
same_bits(const ShopperKernels *k, float *out)
{
	enum {N = 1024};
	static float a[N],
				b[N],
				c[N],
				d[N];
	float	   *at = out;
	ShopperAdam adam = {0.9f, 0.999f, 0.01f, 1e-8f, 0.1f};
	ShopperDescent descent = {0.1f, 0.9f, true, 0.01f};

#define KEEP(array) do { memcpy(at, array, sizeof(a)); at += N; } while (0)
	fill(a, N, 1, 3);
	fill(b, N, 2, 3);
	memset(c, 0, sizeof(c));
	k->product(11, 80, 40, a, 3, 11, b, 16, NULL, 0, c, 80);
	KEEP(c);
	k->dots(13, 64, a, 48, b, 1, c);
	KEEP(c);
	k->cross_entropy(N - 3, a, a, b, 0.1f, c, d);
	KEEP(c);
	KEEP(d);
	k->tanh(N, a);
	KEEP(a);
	k->tanh_back(N, b, a, 0.5f);
	KEEP(b);
	k->sigmoid(N, b);
	KEEP(b);
	k->sigmoid_back(N, a, b, 0.5f);
	KEEP(a);
	k->softmax(20, 41, b, 48);
	KEEP(b);
	fill(c, N, 3, 0.1);
	for (int t = 0; t < 5; t++)
		k->adam(N / 2 - 5, c, a, c + N / 2, b, &adam, false);
	KEEP(c);
	k->descent(N - 5, c, b, a, &descent, false);
	KEEP(c);
	a[5] = NAN;
	a[6] = INFINITY;
	a[7] = -INFINITY;
	memcpy(b, a, sizeof(a));
	k->sigmoid(N, a);
	for (int i = 0; i < N; i++)
		a[i] = a[i] == a[i] ? a[i] : -1;	/* the bits of a NaN are free */
	KEEP(a);
	k->relu(N, b);
	KEEP(b);
#undef KEEP
}

void
test_gemm(void)
{
	static float bits[3][13 * 1024];

	CHECK(shopper_kernels() != NULL && shopper_kernels_named("v9") == NULL);
	same_bits(shopper_kernels_named("portable"), bits[0]);
	for (int l = 0; l < 3; l++)
	{
		const ShopperKernels *k = shopper_kernels_named(levels[l]);

		if (k == NULL)
			continue;
		product(k);
		lookups(k);
		functions(k);
		losses(k);
		optimisers(k);
		same_bits(k, bits[l]);
		CHECK(memcmp(bits[l], bits[0], sizeof(bits[0])) == 0);
	}
}
