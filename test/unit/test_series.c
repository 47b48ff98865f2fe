/* test_series.c: gaps of series against closed forms; quantiles against sorting; order, ties, ends, failures. */
#include "check.h"

#include "../../src/core/hash.h"
#include "../../src/prepare/series.h"

static ShopperGaps
gaps(ShopperInterpolation method, ShopperSeriesEnds ends)
{
	return (ShopperGaps) {.method = method,.ends = ends,.degree = 3,.period = 12,.max_gap = INFINITY};
}

/* Natural spline through (1, 2), (2, 3), (3, 5): 2 + 3/4 x + x^3/4 and 3 + 3/2 x + 3/4 x^2 - x^3/4, x from the left knot. */
static void
closed_forms(void)
{
	ShopperEnv *env = check_env(-1);
	ShopperGaps g = gaps(SHOPPER_SPLINE, SHOPPER_ENDS_EXTRAPOLATE);
	double		t[] = {1, 1.5, 2, 2.25, 3, 4, 0},
				y[] = {2, NAN, 3, NAN, 5, NAN, NAN},
				t3[40],
				y3[40];

	CHECK_OK(env, shopper_fill_gaps(env, &g, 7, t, y));
	CHECK_NEAR(y[1], 2 + 0.75 * 0.5 + 0.125 / 4, 1e-14);
	CHECK_NEAR(y[3], 3 + 1.5 * 0.25 + 0.75 * 0.0625 - 0.015625 / 4, 1e-14);
	CHECK_NEAR(y[5], 5 + 1.5 + 1.5 - 0.75, 1e-14);	/* its slope at 3 */
	CHECK_NEAR(y[6], 2 - 0.75, 1e-14);
	/* a polynomial of the degree is found again, inside and outside */
	g = gaps(SHOPPER_POLYNOMIAL, SHOPPER_ENDS_EXTRAPOLATE);
	for (int i = 0; i < 40; i++)
	{
		t3[i] = 0.1 * i + 0.01 * (i % 3);
		y3[i] = i % 4 == 1 || i < 2 || i > 37 ? NAN : 1 - t3[i] + 2 * t3[i] * t3[i] - 0.5 * t3[i] * t3[i] * t3[i];
	}
	CHECK_OK(env, shopper_fill_gaps(env, &g, 40, t3, y3));
	for (int i = 0; i < 40; i++)
		CHECK_NEAR(y3[i], 1 - t3[i] + 2 * t3[i] * t3[i] - 0.5 * t3[i] * t3[i] * t3[i], 1e-10);
	check_env_end(env);
}

/* A season on a straight line is found again where every phase is known often enough. */
static void
seasons(void)
{
	enum {N = 120};
	ShopperEnv *env = check_env(-1);
	ShopperGaps g = gaps(SHOPPER_SEASONAL, SHOPPER_ENDS_EXTRAPOLATE);
	double		t[N],
				y[N],
				truth[N],
				worst = 0,
				worst_line = 0,
				plain[N];

	for (int i = 0; i < N; i++)
	{
		t[i] = i;
		truth[i] = 0.5 * i + 10 * sin(i * 6.283185307179586 / 12);
		plain[i] = y[i] = i % 31 == 7 || i % 31 == 8 ? NAN : truth[i];
	}
	CHECK_OK(env, shopper_fill_gaps(env, &g, N, t, y));
	g.method = SHOPPER_LINEAR;
	CHECK_OK(env, shopper_fill_gaps(env, &g, N, t, plain));
	for (int i = 0; i < N; i++)
	{
		worst = fmax(worst, fabs(y[i] - truth[i]));
		worst_line = fmax(worst_line, fabs(plain[i] - truth[i]));
	}
	CHECK(worst < 0.6 && worst_line > 2);
	g = gaps(SHOPPER_SEASONAL, SHOPPER_ENDS_NULL);
	g.period = 1;
	y[3] = NAN;
	CHECK(shopper_fill_gaps(env, &g, N, t, y) == SHOPPER_BAD_DATA);
	check_env_end(env);
}

static void
any_order(void)
{
	enum {N = 60};
	ShopperEnv *env = check_env(-1);

	for (int method = SHOPPER_STEP; method <= SHOPPER_SEASONAL; method++)
		for (int ends = SHOPPER_ENDS_NULL; ends <= SHOPPER_ENDS_EXTRAPOLATE; ends++)
		{
			ShopperGaps g = gaps((ShopperInterpolation) method, (ShopperSeriesEnds) ends);
			double		t[N],
						y[N],
						t2[N],
						y2[N];
			uint32_t	order[N];

			for (uint32_t i = 0; i < N; i++)
			{
				t[i] = i;
				y[i] = i < 3 || i > 55 || i % 5 == 0 ? NAN : (double) (i * i % 17);
				order[i] = i;
			}
			shopper_shuffle(order, N, 3, 0);
			for (int i = 0; i < N; i++)
			{
				t2[i] = t[order[i]];
				y2[i] = y[order[i]];
			}
			CHECK_OK(env, shopper_fill_gaps(env, &g, N, t, y));
			CHECK_OK(env, shopper_fill_gaps(env, &g, N, t2, y2));
			for (int i = 0; i < N; i++)
				CHECK(y[order[i]] == y2[i] || (isnan(y[order[i]]) && isnan(y2[i])));
			CHECK(isnan(y[0]) == (ends == SHOPPER_ENDS_NULL));
			CHECK(isnan(y[N - 1]) == (ends == SHOPPER_ENDS_NULL && method != SHOPPER_STEP));
			if (ends == SHOPPER_ENDS_HOLD && method != SHOPPER_SEASONAL)
				CHECK(y[0] == 9 && y[N - 1] == (double) (54 * 54 % 17));
		}
	check_env_end(env);
}

static void
edges(void)
{
	ShopperEnv *env = check_env(-1);
	ShopperGaps g = gaps(SHOPPER_LINEAR, SHOPPER_ENDS_EXTRAPOLATE);
	double		none[] = {NAN, NAN},
				one[] = {NAN, 5, NAN},
				tied[] = {1, 3, NAN, NAN, 8},
				far[] = {1, NAN, NAN, 4, NAN, 5},
				t[] = {1, 1, 1, 2, 3},
				t2[] = {0, 1, 100, 300, 301, 302},
				unknown_time[] = {1, NAN, 3},
				y[] = {1, NAN, 3};

	for (int method = SHOPPER_STEP; method <= SHOPPER_SPLINE; method++)
	{
		g.method = (ShopperInterpolation) method;
		none[0] = none[1] = NAN;
		one[0] = one[2] = NAN;
		CHECK_OK(env, shopper_fill_gaps(env, &g, 2, t2, none));
		CHECK(isnan(none[0]) && isnan(none[1]));
		CHECK_OK(env, shopper_fill_gaps(env, &g, 3, t2, one));
		CHECK(one[0] == 5 && one[2] == 5);
		CHECK_OK(env, shopper_fill_gaps(env, &g, 0, t2, one));
	}
	g = gaps(SHOPPER_LINEAR, SHOPPER_ENDS_NULL);
	CHECK_OK(env, shopper_fill_gaps(env, &g, 5, t, tied));
	CHECK(tied[2] == 2 && tied[3] == 5);
	g.max_gap = 200;
	CHECK_OK(env, shopper_fill_gaps(env, &g, 6, t2, far));
	CHECK(isnan(far[1]) && isnan(far[2]) && far[4] == 4.5);
	CHECK_OK(env, shopper_fill_gaps(env, &g, 3, unknown_time, y));
	CHECK(isnan(y[1]));
	check_env_end(env);
}

static int
by_value(const void *a, const void *b)
{
	double		x = *(const double *) a,
				y = *(const double *) b;

	return (x > y) - (x < y);
}

static void
quantiles(void)
{
	ShopperEnv *env = check_env(-1);
	double		share[] = {0, 0.25, 0.5, 0.9, 1};

	for (int n = 1; n < 200; n = n * 3 / 2 + 1)
		for (int levels = 1; levels < 1000; levels *= 10)
		{
			double		x[200],
						sorted[200],
						q[5];

			for (int i = 0; i < n; i++)
				x[i] = sorted[i] = (double) shopper_below(shopper_random(1, (uint64_t) levels, (uint64_t) i), (uint64_t) levels);
			x[n] = NAN;
			qsort(sorted, (size_t) n, sizeof(double), by_value);
			CHECK_OK(env, shopper_quantiles(env, x, n + 1, share, 5, q));
			for (int k = 0; k < 5; k++)
			{
				double		at = share[k] * (n - 1);
				int			below = (int) at;
				double		next = below + 1 < n ? sorted[below + 1] : sorted[below];

				CHECK_NEAR(q[k], sorted[below] + (next - sorted[below]) * (at - below), 1e-12);
			}
		}
	check_env_end(env);
}

void
test_series(void)
{
	closed_forms();
	seasons();
	any_order();
	edges();
	quantiles();
}
