/*
 * eigen.c: see eigen.h. Small matrices by Jacobi's rotations (Golub and Van Loan 2013, "Matrix computations", section
 * 8.5). Larger ones are first made tridiagonal by reflections (Householder 1958), then diagonal by the QL method with
 * implicit shifts (Bowdler, Martin, Reinsch, Wilkinson 1968): n^3 instead of some 40 n^3 operations.
 */
#include "eigen.h"

#include <math.h>
#include <string.h>

#include "dense.h"
#include "simd.h"

#define MOST_SWEEPS 60
#define SMALL 48				/* up to here by rotations */
#define MOST_STEPS 200			/* of QL for one value; 2 or 3 are usual */

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

static ShopperStatus
by_rotations(ShopperEnv *env, double *a, int n, double *value, double *vector)
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
	return SHOPPER_OK;
}

/* ---- larger ones ---- */

SHOPPER_CLONES static void
add_rows(double *to, const double *x, double a, const double *y, double b, int n)
{
	for (int i = 0; i < n; i++)
		to[i] += a * x[i] + b * y[i];
}

/*
 * a becomes Q T Q': d and e (n) are the diagonal of T and what is beside it (e[i] between i and i + 1). Row k of a
 * holds the reflection of step k from column k + 1 on, scale[k] what it is multiplied with.
 */
static ShopperStatus
make_tridiagonal(ShopperEnv *env, double *a, int n, double *d, double *e, double *scale, double *w)
{
	for (int k = 0; k + 2 < n; k++)
	{
		double	   *v = a + (size_t) k * (size_t) n + k + 1,
					size = sqrt(shopper_dot(v, v, n - k - 1)),
					alpha = v[0] > 0 ? -size : size,
					half;
		int			m = n - k - 1;

		SHOPPER_TRY(shopper_poll(env));
		d[k] = a[(size_t) k * (size_t) n + k];
		e[k] = alpha;
		scale[k] = 0;
		if (size == 0)
			continue;
		v[0] -= alpha;
		scale[k] = 2 / shopper_dot(v, v, m);
		for (int i = 0; i < m; i++)
			w[i] = scale[k] * shopper_dot(a + (size_t) (k + 1 + i) * (size_t) n + k + 1, v, m);
		half = scale[k] / 2 * shopper_dot(v, w, m);
		for (int i = 0; i < m; i++)
			w[i] -= half * v[i];
		for (int i = 0; i < m; i++)
			add_rows(a + (size_t) (k + 1 + i) * (size_t) n + k + 1, v, -w[i], w, -v[i], m);
	}
	for (int k = n > 1 ? n - 2 : 0; k < n; k++)
		d[k] = a[(size_t) k * (size_t) n + k];
	if (n > 1)
		e[n - 2] = a[(size_t) (n - 2) * (size_t) n + n - 1];
	e[n - 1] = 0;
	return SHOPPER_OK;
}

/* Rows of vector become those of Q': the reflections, the last one first. */
static ShopperStatus
gather_reflections(ShopperEnv *env, const double *a, int n, const double *scale, double *vector)
{
	memset(vector, 0, (size_t) n * (size_t) n * sizeof(double));
	for (int i = 0; i < n; i++)
		vector[(size_t) i * (size_t) n + i] = 1;
	for (int k = n - 3; k >= 0; k--)
	{
		const double *v = a + (size_t) k * (size_t) n + k + 1;
		int			m = n - k - 1;

		SHOPPER_TRY(shopper_poll(env));
		for (int i = k + 1; i < n && scale[k] != 0; i++)	/* (H Q)' = Q' H: each row by itself */
		{
			double	   *row = vector + (size_t) i * (size_t) n + k + 1;

			add_rows(row, v, -scale[k] * shopper_dot(row, v, m), v, 0, m);
		}
	}
	return SHOPPER_OK;
}

static double
length_of(double x, double y)
{
	return sqrt(x * x + y * y);
}

static ShopperStatus
make_diagonal(ShopperEnv *env, int n, double *d, double *e, double *vector)
{
	for (int first = 0; first < n; first++)
		for (int step = 0;; step++)
		{
			double		shift,
						cosine = 1,
						sine = 1,
						carry = 0,
						g,
						r = 1;
			int			last = first,
						i;

			while (last + 1 < n && fabs(e[last]) > 1e-16 * (fabs(d[last]) + fabs(d[last + 1])) && fabs(e[last]) > 1e-300)
				last++;
			if (last == first)
				break;
			SHOPPER_TRY(shopper_poll(env));
			if (step == MOST_STEPS)
				return shopper_fail(env, SHOPPER_BAD_DATA, "the eigenvalues of a matrix of %d columns were not found", n);
			/* the shift: the eigenvalue of the first two that is nearer to d[first] */
			g = (d[first + 1] - d[first]) / (2 * e[first]);
			shift = d[last] - d[first] + e[first] / (g + (g >= 0 ? 1 : -1) * length_of(g, 1));
			g = shift;
			for (i = last - 1; i >= first; i--)
			{
				double		f = sine * e[i],
							b = cosine * e[i];

				r = length_of(f, g);
				e[i + 1] = r;
				if (r == 0)
				{
					d[i + 1] -= carry;
					e[last] = 0;
					break;
				}
				sine = f / r;
				cosine = g / r;
				g = d[i + 1] - carry;
				r = (d[i] - g) * sine + 2 * cosine * b;
				carry = sine * r;
				d[i + 1] = g + carry;
				g = cosine * r - b;
				rotate(vector + (size_t) i * (size_t) n, vector + (size_t) (i + 1) * (size_t) n, n, cosine, sine);
				r = 1;
			}
			if (i >= first)
				continue;
			d[first] -= carry;
			e[first] = g;
			e[last] = 0;
		}
	return SHOPPER_OK;
}

static ShopperStatus
by_reflections(ShopperEnv *env, double *a, int n, double *value, double *vector)
{
	double	   *beside,
			   *scale,
			   *w;

	SHOPPER_NEW(env, beside, n);
	SHOPPER_NEW0(env, scale, n);
	SHOPPER_NEW(env, w, n);
	SHOPPER_TRY(make_tridiagonal(env, a, n, value, beside, scale, w));
	SHOPPER_TRY(gather_reflections(env, a, n, scale, vector));
	SHOPPER_TRY(make_diagonal(env, n, value, beside, vector));
	shopper_release(env, beside);
	shopper_release(env, scale);
	shopper_release(env, w);
	return SHOPPER_OK;
}

ShopperStatus
shopper_eigen(ShopperEnv *env, double *a, int n, double *value, double *vector)
{
	SHOPPER_TRY((n <= SMALL ? by_rotations : by_reflections) (env, a, n, value, vector));
	for (int i = 0; i < n; i++)	/* largest first */
	{
		int			best = i;
		double		swap = value[i];

		for (int j = i + 1; j < n; j++)
			if (value[j] > value[best])
				best = j;
		if (best == i)
			continue;
		value[i] = value[best];
		value[best] = swap;
		for (int k = 0; k < n; k++)
		{
			swap = vector[(size_t) i * (size_t) n + k];
			vector[(size_t) i * (size_t) n + k] = vector[(size_t) best * (size_t) n + k];
			vector[(size_t) best * (size_t) n + k] = swap;
		}
	}
	return SHOPPER_OK;
}
