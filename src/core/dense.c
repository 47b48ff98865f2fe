/* dense.c: see dense.h */
#include "dense.h"

#include <math.h>
#include <string.h>

#include "simd.h"

#define CHOLESKY_BLOCK 32

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

SHOPPER_CLONES void
shopper_add_doubles(double *to, const double *row, int64_t n, double weight)
{
	for (int64_t i = 0; i < n; i++)
		to[i] += weight * row[i];
}

SHOPPER_CLONES void
shopper_add_floats(double *to, const float *row, int64_t n, double weight)
{
	for (int64_t i = 0; i < n; i++)
		to[i] += weight * row[i];
}

/*
 * Row i from column first to last (not i itself), where rows of those columns are
 * done and before[] holds the products of the columns before first.
 */
static void
finish_row(double *a, int n, int i, int first, int last, const bool *skip, const double *before)
{
	double	   *row = a + (size_t) i * n;

	for (int j = first; j < last; j++)
	{
		const double *other = a + (size_t) j * n;

		row[j] = skip != NULL && skip[j] ? 0
			: (row[j] - before[j - first] - shopper_dot(row + first, other + first, j - first)) / other[j];
	}
}

/* The diagonal element of row i, whose other elements are done; false when the column is a combination of others. */
static bool
finish_pivot(double *a, int n, int i, double tolerance)
{
	double	   *row = a + (size_t) i * n;
	double		pivot = row[i] - shopper_dot(row, row, i);

	if (!(pivot > tolerance * row[i] && isfinite(pivot)))
		return false;
	row[i] = sqrt(pivot);
	return true;
}

/* In blocks of rows against blocks of rows, which stay in the cache: a row by itself would read the whole matrix. */
ShopperStatus
shopper_cholesky(ShopperEnv *env, double *a, int n, double tolerance, bool *skip, int *n_skipped)
{
	double		before[CHOLESKY_BLOCK][CHOLESKY_BLOCK];
	int			skipped = 0;

	for (int top = 0; top < n; top += CHOLESKY_BLOCK)
	{
		int			bottom = top + CHOLESKY_BLOCK < n ? top + CHOLESKY_BLOCK : n;

		SHOPPER_TRY(shopper_poll(env));
		for (int left = 0; left <= top; left += CHOLESKY_BLOCK)
		{
			int			right = left + CHOLESKY_BLOCK < n ? left + CHOLESKY_BLOCK : n;

			for (int i = top; i < bottom; i++)
				for (int j = left; j < right && j < i; j++)
					before[i - top][j - left] = shopper_dot(a + (size_t) i * n, a + (size_t) j * n, left);
			for (int i = top; i < bottom; i++)
			{
				finish_row(a, n, i, left, left < top ? right : i, skip, before[i - top]);
				if (left < top)
					continue;
				if (skip != NULL)
					skip[i] = false;
				if (finish_pivot(a, n, i, tolerance))
					continue;
				if (skip == NULL)
					return shopper_fail(env, SHOPPER_BAD_DATA, "columns are linearly dependent");
				skip[i] = true;
				skipped++;
				memset(a + (size_t) i * n, 0, (size_t) i * sizeof(double));
				a[(size_t) i * n + i] = 1;
			}
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
