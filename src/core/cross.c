/* cross.c: see cross.h. The joining rule is that of Chan, Golub, LeVeque 1983. */
#include "cross.h"

#include <math.h>

#include "simd.h"

/* cross += sum over n rows of x x', below the diagonal; four rows at a time. */
SHOPPER_CLONES static void
add_products(double *cross, const double *rows, int n, int p)
{
	int			i = 0;

	for (; i + 4 <= n; i += 4)
	{
		const double *x0 = rows + (long) i * p,
				   *x1 = x0 + p,
				   *x2 = x1 + p,
				   *x3 = x2 + p;

		for (int a = 0; a < p; a++)
		{
			double		y0 = x0[a],
						y1 = x1[a],
						y2 = x2[a],
						y3 = x3[a];
			double	   *out = cross + (long) a * p;

			for (int b = 0; b <= a; b++)
				out[b] += (y0 * x0[b] + y1 * x1[b]) + (y2 * x2[b] + y3 * x3[b]);
		}
	}
	for (; i < n; i++)
	{
		const double *x = rows + (long) i * p;

		for (int a = 0; a < p; a++)
			for (int b = 0; b <= a; b++)
				cross[(long) a * p + b] += x[a] * x[b];
	}
}

/* Move the means to those of both samples; what that adds to the products is weight * gap gap'. */
static void
join(ShopperCross *c, double n, const double *mean)
{
	double		total = c->n + n,
				weight = c->n * (n / total);

	for (int a = 0; a < c->p; a++)
	{
		double		gap = mean[a] - c->mean[a];

		for (int b = 0; b <= a; b++)
			c->cross[(long) a * c->p + b] += weight * gap * (mean[b] - c->mean[b]);
	}
	for (int a = 0; a < c->p; a++)
		c->mean[a] += (mean[a] - c->mean[a]) * (n / total);
	c->n = total;
}

SHOPPER_CLONES static void
centre(double *rows, int n, int p, double *mean)
{
	for (int a = 0; a < p; a++)
		mean[a] = rows[a];
	for (int i = 1; i < n; i++)
		for (int a = 0; a < p; a++)
			mean[a] += rows[(long) i * p + a];
	for (int a = 0; a < p; a++)
		mean[a] /= n;
	for (int i = 0; i < n; i++)
		for (int a = 0; a < p; a++)
			rows[(long) i * p + a] -= mean[a];
}

void
shopper_cross_add(ShopperCross *c, double *rows, int n)
{
	double	   *mean = rows + (long) n * c->p;

	if (n == 0)
		return;
	centre(rows, n, c->p, mean);
	add_products(c->cross, rows, n, c->p);
	join(c, n, mean);
}

void
shopper_cross_add_weighted(ShopperCross *c, double *rows, const double *weight, int n)
{
	double	   *mean = rows + (long) n * c->p,
				total = 0;

	for (int a = 0; a < c->p; a++)
		mean[a] = 0;
	for (int i = 0; i < n; i++)
	{
		total += weight[i];
		for (int a = 0; a < c->p; a++)
			mean[a] += weight[i] * rows[(long) i * c->p + a];
	}
	if (!(total > 0))
		return;
	for (int a = 0; a < c->p; a++)
		mean[a] /= total;
	for (int i = 0; i < n; i++)
	{
		double		root = sqrt(weight[i]);

		for (int a = 0; a < c->p; a++)
			rows[(long) i * c->p + a] = root * (rows[(long) i * c->p + a] - mean[a]);
	}
	add_products(c->cross, rows, n, c->p);
	join(c, total, mean);
}

void
shopper_cross_merge(ShopperCross *a, const ShopperCross *b)
{
	if (!(b->n > 0))
		return;
	for (int i = 0; i < a->p; i++)
		for (int j = 0; j <= i; j++)
			a->cross[(long) i * a->p + j] += b->cross[(long) i * a->p + j];
	join(a, b->n, b->mean);
}
