/* nearest.c: see nearest.h. Sums run over the coordinates in their order, so all ways give the same bits. */
#include "nearest.h"

#include <math.h>

#include "../../core/simd.h"

typedef int64_t Long8 __attribute__((vector_size(64), aligned(8), may_alias));

#define SELECT(mask, yes, no) ((ShopperDouble8) (((mask) & (Long8) (yes)) | (~(mask) & (Long8) (no))))

/* Keep the nearest two. */
static inline __attribute__((always_inline)) void
offer(ShopperDouble8 distance, int64_t c, ShopperDouble8 *best, ShopperDouble8 *second, Long8 *index)
{
	Long8		nearer = distance < *best,
				nearer_second = distance < *second;

	*second = SELECT(nearer, *best, SELECT(nearer_second, distance, *second));
	*best = SELECT(nearer, distance, *best);
	*index = (nearer & (Long8) {c, c, c, c, c, c, c, c}) | (~nearer & *index);
}

SHOPPER_CLONES void
shopper_nearest(const double *tile, int d, const double *centre, int k, ShopperNearest *out)
{
	ShopperDouble8 best = (ShopperDouble8) {0} + INFINITY,
				second = best;
	Long8		index = {0};
	int			c = 0;

	for (; c + 4 <= k; c += 4)
	{
		const double *a = centre + (int64_t) c * d,
				   *b = a + d,
				   *e = b + d,
				   *f = e + d;
		ShopperDouble8 sa = {0},
					sb = {0},
					se = {0},
					sf = {0};

		for (int j = 0; j < d; j++)
		{
			ShopperDouble8 x = *(const ShopperDouble8 *) (tile + (int64_t) j * SHOPPER_TILE),
						da = x - a[j],
						db = x - b[j],
						de = x - e[j],
						df = x - f[j];

			sa += da * da;
			sb += db * db;
			se += de * de;
			sf += df * df;
		}
		offer(sa, c, &best, &second, &index);
		offer(sb, c + 1, &best, &second, &index);
		offer(se, c + 2, &best, &second, &index);
		offer(sf, c + 3, &best, &second, &index);
	}
	for (; c < k; c++)
	{
		const double *a = centre + (int64_t) c * d;
		ShopperDouble8 sum = {0};

		for (int j = 0; j < d; j++)
		{
			ShopperDouble8 x = *(const ShopperDouble8 *) (tile + (int64_t) j * SHOPPER_TILE) - a[j];

			sum += x * x;
		}
		offer(sum, c, &best, &second, &index);
	}
	*(ShopperDouble8 *) out->best = best;
	*(ShopperDouble8 *) out->second = second;
	*(Long8 *) out->index = index;
}

SHOPPER_CLONES void
shopper_tile_distances(const double *tile, int d, const double *x, double *out)
{
	ShopperDouble8 sum = {0};

	for (int j = 0; j < d; j++)
	{
		ShopperDouble8 gap = *(const ShopperDouble8 *) (tile + (int64_t) j * SHOPPER_TILE) - x[j];

		sum += gap * gap;
	}
	*(ShopperDouble8 *) out = sum;
}
