/* mixture.c: the densities of mixture.h. */
#include "mixture.h"

#include <math.h>
#include <string.h>

#include "../../core/simd.h"

ShopperStatus
shopper_mixture_make(ShopperEnv *env, int k, int d, ShopperCovariance covariance, ShopperMixture *m)
{
	*m = (ShopperMixture) {.covariance = covariance,.k = k,.d = d};
	SHOPPER_NEW0(env, m->weight, k);
	SHOPPER_NEW0(env, m->mean, (int64_t) k * d);
	SHOPPER_NEW0(env, m->factor, shopper_mixture_factors(m));
	SHOPPER_NEW0(env, m->offset, k);
	return SHOPPER_OK;
}

void
shopper_mixture_release(ShopperEnv *env, ShopperMixture *m)
{
	shopper_release(env, m->weight);
	shopper_release(env, m->mean);
	shopper_release(env, m->factor);
	shopper_release(env, m->offset);
}

int64_t
shopper_mixture_factors(const ShopperMixture *m)
{
	int64_t		d = m->d;

	switch (m->covariance)
	{
		case SHOPPER_COVARIANCE_FULL:
			return m->k * d * d;
		case SHOPPER_COVARIANCE_TIED:
			return d * d;
		case SHOPPER_COVARIANCE_DIAGONAL:
			return m->k * d;
		case SHOPPER_COVARIANCE_SPHERICAL:
			return m->k;
	}
	return 0;
}

double
shopper_mixture_parameters(const ShopperMixture *m)
{
	double		d = m->d,
				triangle = d * (d + 1) / 2,
				own = m->k * d + m->k - 1;

	switch (m->covariance)
	{
		case SHOPPER_COVARIANCE_FULL:
			return own + m->k * triangle;
		case SHOPPER_COVARIANCE_TIED:
			return own + triangle;
		case SHOPPER_COVARIANCE_DIAGONAL:
			return own + m->k * d;
		case SHOPPER_COVARIANCE_SPHERICAL:
			return own + m->k;
	}
	return 0;
}

/* Deviation j of component c, or the diagonal of its Cholesky factor. */
static inline double
diagonal(const ShopperMixture *m, int c, int j)
{
	int64_t		d = m->d;

	switch (m->covariance)
	{
		case SHOPPER_COVARIANCE_FULL:
			return m->factor[c * d * d + j * d + j];
		case SHOPPER_COVARIANCE_TIED:
			return m->factor[j * d + j];
		case SHOPPER_COVARIANCE_DIAGONAL:
			return m->factor[c * d + j];
		case SHOPPER_COVARIANCE_SPHERICAL:
			return m->factor[c];
	}
	return 1;
}

void
shopper_mixture_finish(ShopperMixture *m)
{
	const double half_log_two_pi = 0.91893853320467274178;

	for (int c = 0; c < m->k; c++)
	{
		m->offset[c] = (m->weight[c] > 0 ? log(m->weight[c]) : -1e300) - m->d * half_log_two_pi;
		for (int j = 0; j < m->d; j++)
			m->offset[c] -= log(diagonal(m, c, j));
	}
}

SHOPPER_CLONES void
shopper_mixture_log_densities(const ShopperMixture *m, const double *tile, double *scratch, double *out)
{
	int			d = m->d;
	bool		triangle = m->covariance <= SHOPPER_COVARIANCE_TIED;

	for (int c = 0; c < m->k; c++)
	{
		const double *mean = m->mean + (int64_t) c * d,
				   *l = m->factor + (m->covariance == SHOPPER_COVARIANCE_FULL ? (int64_t) c * d * d : 0);
		ShopperDouble8 squares = {0};

		for (int j = 0; j < d; j++)	/* solve L y = x - mean */
		{
			ShopperDouble8 y = *(const ShopperDouble8 *) (tile + (int64_t) j * SHOPPER_TILE) - mean[j];

			if (triangle)
				for (int i = 0; i < j; i++)
					y -= *(const ShopperDouble8 *) (scratch + (int64_t) i * SHOPPER_TILE) * l[(int64_t) j * d + i];
			y /= diagonal(m, c, j);
			*(ShopperDouble8 *) (scratch + (int64_t) j * SHOPPER_TILE) = y;
			squares += y * y;
		}
		*(ShopperDouble8 *) (out + (int64_t) c * SHOPPER_TILE) = m->offset[c] - 0.5 * squares;
	}
}
