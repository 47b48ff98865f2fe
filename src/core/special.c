/*
 * special.c: see special.h. Series and continued fractions of the NIST Digital Library
 * of Mathematical Functions: 8.11.4, 8.9.2 (gamma) and 8.17.22 (beta), evaluated by the
 * method of W. J. Lentz (1976) in the form of I. J. Thompson and A. R. Barnett (1986).
 */
#include "special.h"

#include <math.h>

#define PRECISION 1e-16			/* below half an ulp: later terms change nothing */
#define TINY 1e-300				/* stands for a denominator of 0 in Lentz's method */
#define MAX_TERMS 100000		/* sqrt(a) terms are needed: enough for a of 1e8 and more */

double
shopper_normal_cdf(double z)
{
	return 0.5 * erfc(-z * 0.70710678118654752440);
}

/*
 * Halley's steps on the tail that is at most 1/2, from the expansion z ~ sqrt(-2 log p - log(2 pi) - log(-2 log p)) far
 * out and from 0 within.
 */
double
shopper_normal_quantile(double p)
{
	double		tail = p < 0.5 ? p : 1 - p,
				l = -2 * log(tail),
				z = l > 4 ? sqrt(l - 1.8378770664093453 - log(l - 2)) : 0;

	if (!(p > 0 && p < 1))
		return p == 0 ? -INFINITY : p == 1 ? INFINITY : NAN;
	for (int i = 0; i < 20; i++)
	{
		double		error = shopper_normal_cdf(-z) - tail,
					step = error / (0.3989422804014327 * exp(-0.5 * z * z));

		step /= 1 + 0.5 * z * step;
		z += step;
		if (fabs(step) <= 1e-15 * (1 + fabs(z)))
			break;
	}
	return p < 0.5 ? -z : z;
}

/* x^a exp(-x) / gamma(a + 1) */
static double
gamma_factor(double a, double x)
{
	/* near x = a the exponent cancels: write it as a (1 + log r - r) + Stirling's terms */
	if (a > 50)
	{
		double		d = (x - a) / a,
					inverse = 1 / (a * a),
					stirling = (1 / 12.0 - inverse * (1 / 360.0 - inverse * (1 / 1260.0 - inverse / 1680.0))) / a;

		return exp(a * (log1p(d) - d) - stirling) / sqrt(6.28318530717958647693 * a);
	}
	return exp(a * log(x) - x - lgamma(a + 1));
}

double
shopper_gamma_upper(double a, double x)
{
	double		factor;

	if (!(a > 0) || isnan(x))
		return NAN;
	if (x <= 0)
		return 1;
	if (isinf(x))
		return 0;
	factor = gamma_factor(a, x);
	if (x < a + 1)				/* the series of the lower part */
	{
		double		term = 1,
					sum = 1;

		for (int n = 1; n < MAX_TERMS && term > PRECISION * sum; n++)
			sum += term *= x / (a + n);
		return 1 - factor * sum;
	}
	else						/* the continued fraction of the upper part */
	{
		double		b = x + 1 - a,
					c = 1 / TINY,
					d = 1 / b,
					h = d;

		for (int n = 1; n < MAX_TERMS; n++)
		{
			double		an = -n * (n - a),
						step;

			b += 2;
			d = an * d + b;
			d = 1 / (fabs(d) < TINY ? TINY : d);
			c = b + an / c;
			c = fabs(c) < TINY ? TINY : c;
			step = c * d;
			h *= step;
			if (fabs(step - 1) < PRECISION * 4)
				break;
		}
		return factor * a * h;
	}
}

double
shopper_chi_square_tail(double x, double df)
{
	if (df == 1 && x > 0)
		return erfc(sqrt(x / 2));	/* the same, in fewer steps */
	return shopper_gamma_upper(df / 2, x / 2);
}

/* The continued fraction of I_x(a, b), to be used for x < (a + 1) / (a + b + 2). */
static double
beta_fraction(double a, double b, double x)
{
	double		c = 1,
				d = 1 - (a + b) * x / (a + 1),
				h;

	d = 1 / (fabs(d) < TINY ? TINY : d);
	h = d;
	for (int n = 1; n < MAX_TERMS; n++)
	{
		double		even = n * (b - n) * x / ((a + 2 * n - 1) * (a + 2 * n)),
					odd = -(a + n) * (a + b + n) * x / ((a + 2 * n) * (a + 2 * n + 1)),
					step;

		d = 1 + even * d;
		d = 1 / (fabs(d) < TINY ? TINY : d);
		c = 1 + even / c;
		c = fabs(c) < TINY ? TINY : c;
		h *= c * d;
		d = 1 + odd * d;
		d = 1 / (fabs(d) < TINY ? TINY : d);
		c = 1 + odd / c;
		c = fabs(c) < TINY ? TINY : c;
		step = c * d;
		h *= step;
		if (fabs(step - 1) < PRECISION * 4)
			break;
	}
	return h;
}

/* log(gamma(a + b) / (gamma(a) gamma(b))), without the loss of lgamma differences for a large argument */
static double
log_inverse_beta(double a, double b)
{
	double		small = a < b ? a : b,
				large = a < b ? b : a;

	if (large > 50)
	{
		/* gamma(l + s) / gamma(l) by Stirling's series on both sides */
		double		sum = large + small,
					i = 1 / (large * large),
					j = 1 / (sum * sum),
					of_large = (1 / 12.0 - i * (1 / 360.0 - i * (1 / 1260.0 - i / 1680.0))) / large,
					of_sum = (1 / 12.0 - j * (1 / 360.0 - j * (1 / 1260.0 - j / 1680.0))) / sum;

		return (sum - 0.5) * log1p(small / large) + small * (log(large) - 1) + of_sum - of_large - lgamma(small);
	}
	return lgamma(a + b) - lgamma(a) - lgamma(b);
}

/* I_x(a, b) where y = 1 - x is known better than x can say */
static double
beta_lower(double a, double b, double x, double y)
{
	double		factor;

	if (x <= 0)
		return 0;
	if (y <= 0)
		return 1;
	factor = exp(a * (x < 0.5 ? log(x) : log1p(-y)) + b * (y < 0.5 ? log(y) : log1p(-x)) + log_inverse_beta(a, b));
	if (x < (a + 1) / (a + b + 2))
		return factor * beta_fraction(a, b, x) / a;
	return 1 - factor * beta_fraction(b, a, y) / b;
}

double
shopper_beta_lower(double a, double b, double x)
{
	if (!(a > 0) || !(b > 0) || isnan(x))
		return NAN;
	return beta_lower(a, b, x, 1 - x);
}

double
shopper_student_t_tail(double t, double df)
{
	double		tail;

	if (!(df > 0) || isnan(t))
		return NAN;
	if (isinf(df))
		return shopper_normal_cdf(-t);
	if (isinf(t))
		return t > 0 ? 0 : 1;
	/* x = df / (df + t^2), without overflow of t^2 and with an exact 1 - x */
	tail = fabs(t) > sqrt(df) ? 0.5 * beta_lower(df / 2, 0.5, df / t / t / (1 + df / t / t), 1 / (1 + df / t / t))
		: 0.5 * beta_lower(df / 2, 0.5, 1 / (1 + t * t / df), t * t / df / (1 + t * t / df));
	return t > 0 ? tail : 1 - tail;
}

double
shopper_student_t_quantile(double p, double df)
{
	double		low = 0,
				high = 2;

	if (!(df > 0) || !(p >= 0.5 && p < 1))
		return NAN;
	while (shopper_student_t_tail(high, df) > 1 - p && high < 1e300)
		high *= 2;
	for (int i = 0; i < 200 && low < high; i++)
	{
		double		middle = low + (high - low) / 2;

		if (middle == low || middle == high)
			break;
		if (shopper_student_t_tail(middle, df) > 1 - p)
			low = middle;
		else
			high = middle;
	}
	return high;
}
