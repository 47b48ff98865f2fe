/* test_eigen.c: eigenvectors against their definition, for both methods, with equal and zero values. */
#include "check.h"

#include "../../src/core/eigen.h"
#include "../../src/core/hash.h"

static void
holds(int n, int rank, bool equal)
{
	ShopperEnv *env = check_env(-1);
	double	   *a = shopper_alloc0(env, (size_t) n * (size_t) n, sizeof(double)),
			   *kept = shopper_alloc0(env, (size_t) n * (size_t) n, sizeof(double)),
			   *vector = shopper_alloc0(env, (size_t) n * (size_t) n, sizeof(double)),
			   *value = shopper_alloc0(env, (size_t) n, sizeof(double)),
				worst = 0,
				skew = 0,
				trace = 0,
				sum = 0;

	for (int r = 0; r < rank; r++)
		for (int i = 0; i < n; i++)
			for (int j = 0; j < n; j++)
				a[i * n + j] += equal ? (i == j) * 2.0 / rank
					: (1 + r % 5) * shopper_normal(3, (uint64_t) r, (uint64_t) i) * shopper_normal(3, (uint64_t) r, (uint64_t) j);
	for (int i = 0; i < n; i++)
		trace += a[i * n + i];
	memcpy(kept, a, (size_t) n * (size_t) n * sizeof(double));
	CHECK_OK(env, shopper_eigen(env, a, n, value, vector));
	for (int k = 0; k < n; k++)
	{
		sum += value[k];
		CHECK(k == 0 || value[k] <= value[k - 1]);
		for (int i = 0; i < n; i++)
		{
			double		x = 0;

			for (int j = 0; j < n; j++)
				x += kept[i * n + j] * vector[k * n + j];
			worst = fmax(worst, fabs(x - value[k] * vector[k * n + i]));
		}
		for (int l = 0; l <= k; l++)
		{
			double		dot = 0;

			for (int j = 0; j < n; j++)
				dot += vector[k * n + j] * vector[l * n + j];
			skew = fmax(skew, fabs(dot - (k == l)));
		}
	}
	CHECK(worst < 1e-11 * (1 + fabs(trace)));
	CHECK(skew < 1e-11);
	CHECK_NEAR(sum, trace, 1e-9 * (1 + fabs(trace)));
	check_env_end(env);
}

void
test_eigen(void)
{
	int			size[] = {1, 2, 3, 10, 48, 49, 50, 90, 200};

	for (int k = 0; k < 9; k++)
	{
		holds(size[k], size[k] + 5, false);
		holds(size[k], size[k] / 3, false);
		holds(size[k], 1, true);
	}
}
