/* eigen.c: see eigen.h. Rotations as in Golub and Van Loan 2013, "Matrix computations", section 8.5. */
#include "eigen.h"

#include <math.h>
#include <string.h>

#include "simd.h"

#define MOST_SWEEPS 60

/* x, y := c x - s y, s x + c y */
SHOPPER_CLONES static void
rotate(double *x, double *y, int n, double c, double s)
{
	for (int i = 0; i < n; i++)
	{
		double		xi = x[i],
					yi = y[i];

		x[i] = c * xi - s * yi;
		y[i] = s * xi + c * yi;
	}
}

/* Make a_pq zero: rows p and q, then the same for the columns, which are kept equal to the rows. */
static void
annihilate(double *a, double *vector, int n, int p, int q)
{
	double		app = a[p * n + p],
				aqq = a[q * n + q],
				apq = a[p * n + q],
				theta = (aqq - app) / (2 * apq),
				t = (theta >= 0 ? 1 : -1) / (fabs(theta) + sqrt(theta * theta + 1)),
				c = 1 / sqrt(t * t + 1),
				s = t * c;

	rotate(a + p * n, a + q * n, n, c, s);
	for (int i = 0; i < n; i++)
	{
		a[i * n + p] = a[p * n + i];
		a[i * n + q] = a[q * n + i];
	}
	a[p * n + p] = app - t * apq;
	a[q * n + q] = aqq + t * apq;
	a[p * n + q] = a[q * n + p] = 0;
	rotate(vector + p * n, vector + q * n, n, c, s);
}

ShopperStatus
shopper_eigen(ShopperEnv *env, double *a, int n, double *value, double *vector)
{
	memset(vector, 0, (size_t) n * (size_t) n * sizeof(double));
	for (int i = 0; i < n; i++)
		vector[i * n + i] = 1;
	for (int sweep = 0; sweep < MOST_SWEEPS; sweep++)
	{
		bool		turned = false;

		for (int p = 0; p < n; p++)
		{
			SHOPPER_TRY(shopper_poll(env));
			for (int q = p + 1; q < n; q++)
			{
				/* so small beside both that a rotation changes no digit of either value */
				if (fabs(a[p * n + q]) <= 1e-17 * sqrt(fabs(a[p * n + p])) * sqrt(fabs(a[q * n + q])) || fabs(a[p * n + q]) < 1e-300)
					continue;
				annihilate(a, vector, n, p, q);
				turned = true;
			}
		}
		if (!turned)
			break;
	}
	for (int i = 0; i < n; i++)
		value[i] = a[i * n + i];
	for (int i = 0; i < n; i++)	/* largest first */
	{
		int			best = i;

		for (int j = i + 1; j < n; j++)
			if (value[j] > value[best])
				best = j;
		if (best == i)
			continue;
		value[best] = value[i];
		value[i] = a[best * n + best];
		a[best * n + best] = a[i * n + i];
		a[i * n + i] = value[i];
		for (int k = 0; k < n; k++)
		{
			double		swap = vector[i * n + k];

			vector[i * n + k] = vector[best * n + k];
			vector[best * n + k] = swap;
		}
	}
	return SHOPPER_OK;
}
