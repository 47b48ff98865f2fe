/*
 * hypergeometric.c: the tail of the hypergeometric distribution. The first term by the
 * saddle-point form of C. Loader, "Fast and accurate computation of binomial
 * probabilities" (2000), which loses no digits where logarithms of factorials cancel;
 * the others follow by their ratios.
 */
#include "special.h"

#include <math.h>

#define NOTHING 1e-17			/* of the sum: later terms change nothing */

/* log(n!) minus Stirling's sqrt(2 pi n) (n / e)^n. */
static double
stirling_error(double n)
{
	double		inverse = 1 / (n * n);

	if (n <= 15)
		return lgamma(n + 1) - (n + 0.5) * log(n) + n - 0.91893853320467274178;
	return (1 / 12.0 - inverse * (1 / 360.0 - inverse * (1 / 1260.0 - inverse * (1 / 1680.0 - inverse / 1188)))) / n;
}

/* x log(x / mean) + mean - x, without cancelling near the mean. */
static double
deviance(double x, double mean)
{
	double		v = (x - mean) / (x + mean),
				sum = (x - mean) * v,
				term = 2 * x * v,
				before;

	if (fabs(x - mean) >= 0.1 * (x + mean))
		return x * log(x / mean) + mean - x;
	for (int j = 1; j < 1000; j++)
	{
		before = sum;
		term *= v * v;
		sum += term / (2 * j + 1);
		if (sum == before)
			break;
	}
	return sum;
}

/* log P(x of n succeed), n being a part of `whole` trials that have `drawn` successes. */
static double
log_binomial(double x, double n, double drawn, double whole)
{
	double		p = drawn / whole;

	if (x == 0)
		return n == 0 ? 0 : n * log1p(-p);
	if (x == n)
		return p > 0.5 ? n * log1p(-(whole - drawn) / whole) : n * log(p);
	return stirling_error(n) - stirling_error(x) - stirling_error(n - x) - deviance(x, n * p)
		- deviance(n - x, n * ((whole - drawn) / whole)) - 0.5 * log(6.28318530717958647693 * x * ((n - x) / n));
}

static double
term_of(double k, double drawn, double marked, double whole)
{
	return exp(log_binomial(k, marked, drawn, whole) + log_binomial(drawn - k, whole - marked, drawn, whole)
			   - log_binomial(drawn, whole, drawn, whole));
}

double
shopper_hypergeometric_tail(int64_t k, int64_t drawn, int64_t marked, int64_t whole)
{
	double		n = (double) (drawn < marked ? drawn : marked),	/* the two are alike: to the last digit */
				m = (double) (drawn < marked ? marked : drawn),
				rest = (double) (whole - marked - drawn),
				term = 1,
				sum = 1;

	if (k <= 0 || k <= drawn + marked - whole)
		return 1;
	if (k > drawn || k > marked)
		return 0;
	if ((double) k * (double) whole > n * m)	/* above the mean: upwards the terms fall */
	{
		for (double i = (double) k; i < n && i < m && term > NOTHING * sum; i++)
			sum += term *= (m - i) / (i + 1) * ((n - i) / (rest + i + 1));
		sum *= term_of((double) k, n, m, (double) whole);
		return sum < 1 ? sum : 1;
	}
	for (double i = (double) k - 1; i > 0 && rest + i > 0 && term > NOTHING * sum; i--)
		sum += term *= i / (m - i + 1) * ((rest + i) / (n - i + 1));
	sum = 1 - sum * term_of((double) k - 1, n, m, (double) whole);
	return sum > 0 ? sum : 0;
}
