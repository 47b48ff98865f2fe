/* dense.c: see dense.h */
#include "dense.h"

#include <math.h>
#include <string.h>

#include "simd.h"

SHOPPER_CLONES double
shopper_dot(const double *a, const double *b, int64_t n)
{
	ShopperDouble8 s0 = {0},
				s1 = {0};
	int64_t		i = 0;
	double		sum;

	for (; i + 16 <= n; i += 16)
	{
		s0 += *(const ShopperDouble8 *) (a + i) * *(const ShopperDouble8 *) (b + i);
		s1 += *(const ShopperDouble8 *) (a + i + 8) * *(const ShopperDouble8 *) (b + i + 8);
	}
	sum = shopper_sum8(s0 + s1);
	for (; i < n; i++)
		sum += a[i] * b[i];
	return sum;
}

ShopperStatus
shopper_cholesky(ShopperEnv *env, double *a, int n, double tolerance, bool *skip, int *n_skipped)
{
	int			skipped = 0;

	for (int i = 0; i < n; i++)
	{
		double	   *row = a + (size_t) i * n;
		double		pivot;

		if (i % 64 == 0)
			SHOPPER_TRY(shopper_poll(env));
		for (int j = 0; j < i; j++)
		{
			const double *other = a + (size_t) j * n;

			row[j] = skip != NULL && skip[j] ? 0 : (row[j] - shopper_dot(row, other, j)) / other[j];
		}
		pivot = row[i] - shopper_dot(row, row, i);
		if (skip != NULL)
			skip[i] = false;
		if (pivot > tolerance * row[i] && isfinite(pivot))
			row[i] = sqrt(pivot);
		else if (skip == NULL)
			return shopper_fail(env, SHOPPER_BAD_DATA, "columns are linearly dependent");
		else
		{
			skip[i] = true;
			skipped++;
			memset(row, 0, (size_t) i * sizeof(double));
			row[i] = 1;
		}
	}
	if (n_skipped != NULL)
		*n_skipped = skipped;
	return SHOPPER_OK;
}

void
shopper_cholesky_solve(const double *l, int n, const bool *skip, double *x)
{
	for (int i = 0; i < n; i++)
		x[i] = skip != NULL && skip[i] ? 0 : (x[i] - shopper_dot(l + (size_t) i * n, x, i)) / l[(size_t) i * n + i];
	for (int i = n - 1; i >= 0; i--)
	{
		if (skip != NULL && skip[i])
			continue;
		x[i] /= l[(size_t) i * n + i];
		for (int j = 0; j < i; j++)
			x[j] -= l[(size_t) i * n + j] * x[i];
	}
	if (skip != NULL)
		for (int i = 0; i < n; i++)
			if (skip[i])
				x[i] = 0;
}

ShopperStatus
shopper_cholesky_inverse(ShopperEnv *env, const double *l, int n, const bool *skip, double *inverse)
{
	for (int i = 0; i < n; i++)
	{
		double	   *x = inverse + (size_t) i * n;

		if (i % 16 == 0)
			SHOPPER_TRY(shopper_poll(env));
		memset(x, 0, (size_t) n * sizeof(double));
		if (skip != NULL && skip[i])
			continue;
		x[i] = 1;
		shopper_cholesky_solve(l, n, skip, x);
	}
	return SHOPPER_OK;
}
