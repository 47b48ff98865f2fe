/* nearest.c: see nearest.h. Sums run over the coordinates in their order, so all ways give the same bits. */
#include "nearest.h"

#include <math.h>

#include "../../core/simd.h"

typedef int64_t Long8 __attribute__((vector_size(64), aligned(8), may_alias));

#define SELECT(mask, yes, no) ((ShopperDouble8) (((mask) & (Long8) (yes)) | (~(mask) & (Long8) (no))))

/* Keep the nearest, or the nearest two. */
static inline __attribute__((always_inline)) void
offer(ShopperDouble8 distance, int64_t c, bool two, ShopperDouble8 *best, ShopperDouble8 *second, Long8 *index)
{
	Long8		nearer = distance < *best;

	if (two)
	{
		Long8		nearer_second = distance < *second;

		*second = SELECT(nearer, *best, SELECT(nearer_second, distance, *second));
	}
	*best = SELECT(nearer, distance, *best);
	*index = (nearer & (Long8) {c, c, c, c, c, c, c, c}) | (~nearer & *index);
}

static inline __attribute__((always_inline)) void
find(const double *tile, int d, const double *centre, int k, bool two, ShopperNearest *out)
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
		offer(sa, c, two, &best, &second, &index);
		offer(sb, c + 1, two, &best, &second, &index);
		offer(se, c + 2, two, &best, &second, &index);
		offer(sf, c + 3, two, &best, &second, &index);
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
		offer(sum, c, two, &best, &second, &index);
	}
	*(ShopperDouble8 *) out->best = best;
	*(ShopperDouble8 *) out->second = second;
	*(Long8 *) out->index = index;
}

SHOPPER_CLONES void
shopper_nearest(const double *tile, int d, const double *centre, int k, ShopperNearest *out)
{
	find(tile, d, centre, k, false, out);
}

SHOPPER_CLONES void
shopper_nearest_two(const double *tile, int d, const double *centre, int k, ShopperNearest *out)
{
	find(tile, d, centre, k, true, out);
}

/* Rows of a block of eight coordinates of a tile, from its columns: halves change places in three steps. */
static inline __attribute__((always_inline)) void
turn(const double *tile, ShopperDouble8 *row)
{
	static const Long8 even = {0, 8, 2, 10, 4, 12, 6, 14},
				odd = {1, 9, 3, 11, 5, 13, 7, 15},
				even2 = {0, 1, 8, 9, 4, 5, 12, 13},
				odd2 = {2, 3, 10, 11, 6, 7, 14, 15},
				low = {0, 1, 2, 3, 8, 9, 10, 11},
				high = {4, 5, 6, 7, 12, 13, 14, 15};
	const ShopperDouble8 *x = (const ShopperDouble8 *) tile;
	ShopperDouble8 a[8],
				b[8];

	for (int i = 0; i < 8; i += 2)
	{
		a[i] = __builtin_shuffle(x[i], x[i + 1], even);
		a[i + 1] = __builtin_shuffle(x[i], x[i + 1], odd);
	}
	for (int i = 0; i < 8; i += 4)
		for (int e = 0; e < 2; e++)
		{
			b[i + e] = __builtin_shuffle(a[i + e], a[i + e + 2], even2);
			b[i + e + 2] = __builtin_shuffle(a[i + e], a[i + e + 2], odd2);
		}
	for (int i = 0; i < 4; i++)
	{
		row[i] = __builtin_shuffle(b[i], b[i + 4], low);
		row[i + 4] = __builtin_shuffle(b[i], b[i + 4], high);
	}
}

SHOPPER_CLONES void
shopper_add_tile(const double *tile, int d, int rows, const int32_t *label, const double *weight, double *sum)
{
	int			j = 0;

	for (; j + SHOPPER_TILE <= d; j += SHOPPER_TILE)
	{
		ShopperDouble8 row[SHOPPER_TILE];

		turn(tile + (int64_t) j * SHOPPER_TILE, row);
		for (int r = 0; r < rows; r++)
			*(ShopperDouble8 *) (sum + (int64_t) label[r] * d + j) += row[r] * (weight != NULL ? weight[r] : 1);
	}
	for (; j < d; j++)
		for (int r = 0; r < rows; r++)
			sum[(int64_t) label[r] * d + j] += tile[j * SHOPPER_TILE + r] * (weight != NULL ? weight[r] : 1);
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
