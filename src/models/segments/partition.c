/* partition.c: see partition.h */
#include "partition.h"

#include <math.h>
#include <string.h>

#include "../../core/simd.h"
#include "../../core/threads.h"

#define SHARDS 64

/* ---- silhouette: the points of each part in tiles of their own ---- */

typedef struct Silhouette
{
	ShopperEnv *env;
	int			d;
	int			k;
	int64_t    *start;			/* (k + 1) first tile of each part */
	int64_t    *size;			/* (k) */
	double	   *x;				/* tiles */
	int64_t		n;
	double	   *sum;			/* (SHARDS, k) silhouettes by part */
	double	   *distance;		/* (SHARDS, k) scratch */
} Silhouette;

/* Sum of the distances of x to n points in tiles. */
SHOPPER_CLONES static double
sum_of_distances(const double *tile, int64_t n, int d, const double *x)
{
	ShopperDouble8 total = {0};
	double		sum = 0;

	for (; n > 0; n -= SHOPPER_TILE, tile += (int64_t) d * SHOPPER_TILE)
	{
		ShopperDouble8 squares = {0};

		for (int j = 0; j < d; j++)
		{
			ShopperDouble8 gap = *(const ShopperDouble8 *) (tile + (int64_t) j * SHOPPER_TILE) - x[j];

			squares += gap * gap;
		}
		for (int r = 0; r < SHOPPER_TILE; r++)
			squares[r] = sqrt(squares[r]);
		if (n >= SHOPPER_TILE)
			total += squares;
		else
			for (int r = 0; r < n; r++)
				sum += squares[r];
	}
	return shopper_sum8(total) + sum;
}

/* Silhouette of point r of part c. */
static double
one_silhouette(const Silhouette *s, int c, int64_t r, double *distance)
{
	double		x[SHOPPER_MAX_WIDTH],
				nearest = INFINITY,
				own;
	const double *tile = s->x + (s->start[c] + r / SHOPPER_TILE) * s->d * SHOPPER_TILE + r % SHOPPER_TILE;

	if (s->size[c] == 1)
		return 0;
	for (int j = 0; j < s->d; j++)
		x[j] = tile[(int64_t) j * SHOPPER_TILE];
	for (int e = 0; e < s->k; e++)
		distance[e] = sum_of_distances(s->x + s->start[e] * s->d * SHOPPER_TILE, s->size[e], s->d, x);
	for (int e = 0; e < s->k; e++)
		if (e != c && s->size[e] > 0)
			nearest = fmin(nearest, distance[e] / (double) s->size[e]);
	own = distance[c] / (double) (s->size[c] - 1);
	return fmax(own, nearest) > 0 ? (nearest - own) / fmax(own, nearest) : 0;
}

static void
silhouette_shard(void *arg, int shard)
{
	Silhouette *s = arg;
	double	   *sum = s->sum + (int64_t) shard * s->k;
	int64_t		from,
				to,
				first = 0;

	shopper_shard_range(s->n, SHARDS, shard, &from, &to);
	memset(sum, 0, (size_t) s->k * sizeof(double));
	for (int c = 0; c < s->k; first += s->size[c], c++)
		for (int64_t i = first > from ? first : from; i < first + s->size[c] && i < to; i++)
		{
			if (shopper_stopped(s->env))
				return;
			sum[c] += one_silhouette(s, c, i - first, s->distance + (int64_t) shard * s->k);
		}
}

static ShopperStatus
group_points(ShopperEnv *env, const ShopperPointSet *p, const int32_t *label, Silhouette *s)
{
	int64_t    *next,
				tiles = 0;

	SHOPPER_NEW0(env, s->size, s->k);
	SHOPPER_NEW0(env, s->start, s->k + 1);
	SHOPPER_NEW0(env, next, s->k);
	for (int64_t i = 0; i < p->n; i++)
		if (label[i] >= 0 && label[i] < s->k)
		{
			s->size[label[i]]++;
			s->n++;
		}
	for (int c = 0; c < s->k; c++)
	{
		s->start[c] = tiles;
		tiles += (s->size[c] + SHOPPER_TILE - 1) / SHOPPER_TILE;
	}
	s->start[s->k] = tiles;
	SHOPPER_NEW0(env, s->x, tiles * s->d * SHOPPER_TILE);
	for (int64_t i = 0; i < p->n; i++)
	{
		int32_t		c = label[i];

		if (c < 0 || c >= s->k)
			continue;
		for (int j = 0; j < s->d; j++)
			s->x[((s->start[c] + next[c] / SHOPPER_TILE) * s->d + j) * SHOPPER_TILE + next[c] % SHOPPER_TILE] = *shopper_coordinate(p, i, j);
		next[c]++;
		if (i % 4096 == 0)
			SHOPPER_TRY(shopper_poll(env));
	}
	shopper_release(env, next);
	return SHOPPER_OK;
}

/* How many parts have points. */
static int
parts(const int64_t *size, int k)
{
	int			n = 0;

	for (int c = 0; c < k; c++)
		n += size[c] > 0;
	return n;
}

ShopperStatus
shopper_silhouette(ShopperEnv *env, const ShopperPointSet *p, const int32_t *label, int k, double *mean, double *one)
{
	Silhouette	s = {.env = env,.d = p->d,.k = k};
	double		total = 0;

	SHOPPER_TRY(group_points(env, p, label, &s));
	*mean = NAN;
	for (int c = 0; one != NULL && c < k; c++)
		one[c] = NAN;
	if (parts(s.size, k) < 2 || parts(s.size, k) >= s.n)
		return SHOPPER_OK;
	SHOPPER_NEW(env, s.sum, (int64_t) SHARDS * k);
	SHOPPER_NEW(env, s.distance, (int64_t) SHARDS * k);
	shopper_parallel(env, SHARDS, silhouette_shard, &s);
	SHOPPER_TRY(shopper_poll(env));
	for (int c = 0; c < k; c++)
	{
		double		part = 0;

		for (int shard = 0; shard < SHARDS; shard++)
			part += s.sum[(int64_t) shard * k + c];
		total += part;
		if (one != NULL && s.size[c] > 0)
			one[c] = part / (double) s.size[c];
	}
	*mean = total / (double) s.n;
	shopper_release(env, s.sum);
	shopper_release(env, s.distance);
	shopper_release(env, s.x);
	shopper_release(env, s.start);
	shopper_release(env, s.size);
	return SHOPPER_OK;
}

/* ---- ratios of distances to centres ---- */

static ShopperStatus
centres_of(ShopperEnv *env, const ShopperPointSet *p, const int32_t *label, int k, double *centre, int64_t *size, double *mean, int64_t *n)
{
	int			d = p->d;

	for (int64_t i = 0; i < p->n; i++)
	{
		if (label[i] < 0 || label[i] >= k)
			continue;
		size[label[i]]++;
		++*n;
		for (int j = 0; j < d; j++)
		{
			double		x = *shopper_coordinate(p, i, j);

			centre[(int64_t) label[i] * d + j] += x;
			mean[j] += x;
		}
		if (i % 4096 == 0)
			SHOPPER_TRY(shopper_poll(env));
	}
	for (int c = 0; c < k; c++)
		for (int j = 0; j < d; j++)
			centre[(int64_t) c * d + j] /= size[c] > 0 ? (double) size[c] : 1;
	for (int j = 0; j < d; j++)
		mean[j] /= *n > 0 ? (double) *n : 1;
	return SHOPPER_OK;
}

static double
squared_gap(const double *a, const double *b, int d)
{
	double		sum = 0;

	for (int j = 0; j < d; j++)
		sum += (a[j] - b[j]) * (a[j] - b[j]);
	return sum;
}

static ShopperStatus
davies_bouldin(ShopperEnv *env, const double *centre, const double *spread, const int64_t *size, int k, int d, double *value)
{
	double		total = 0;

	for (int c = 0; c < k; c++)
	{
		double		worst = 0;

		for (int e = 0; e < k && size[c] > 0; e++)
		{
			double		apart = sqrt(squared_gap(centre + (int64_t) c * d, centre + (int64_t) e * d, d));

			if (e != c && size[e] > 0 && apart > 0)
				worst = fmax(worst, (spread[c] + spread[e]) / apart);
		}
		total += worst;
		SHOPPER_TRY(shopper_poll(env));
	}
	*value = total / parts(size, k);
	return SHOPPER_OK;
}

ShopperStatus
shopper_partition_ratios(ShopperEnv *env, const ShopperPointSet *p, const int32_t *label, int k, double *calinski_harabasz, double *bouldin)
{
	double	   *centre,
			   *mean,
			   *spread,			/* mean distance to the centre */
			   *x,
				within = 0,
				between = 0;
	int64_t    *size,
				n = 0;
	int			m;

	SHOPPER_NEW0(env, centre, (int64_t) k * p->d);
	SHOPPER_NEW0(env, mean, p->d);
	SHOPPER_NEW0(env, spread, k);
	SHOPPER_NEW0(env, size, k);
	SHOPPER_NEW(env, x, p->d);
	SHOPPER_TRY(centres_of(env, p, label, k, centre, size, mean, &n));
	for (int64_t i = 0; i < p->n; i++)
	{
		double		squares;

		if (label[i] < 0 || label[i] >= k)
			continue;
		for (int j = 0; j < p->d; j++)
			x[j] = *shopper_coordinate(p, i, j);
		squares = squared_gap(x, centre + (int64_t) label[i] * p->d, p->d);
		within += squares;
		spread[label[i]] += sqrt(squares) / (double) size[label[i]];
		if (i % 4096 == 0)
			SHOPPER_TRY(shopper_poll(env));
	}
	for (int c = 0; c < k; c++)
		between += (double) size[c] * squared_gap(centre + (int64_t) c * p->d, mean, p->d);
	m = parts(size, k);
	*calinski_harabasz = *bouldin = NAN;
	if (m >= 2 && m < n)
	{
		*calinski_harabasz = within > 0 ? between / within * (double) (n - m) / (m - 1) : NAN;
		SHOPPER_TRY(davies_bouldin(env, centre, spread, size, k, p->d, bouldin));
	}
	shopper_release(env, centre);
	shopper_release(env, mean);
	shopper_release(env, spread);
	shopper_release(env, size);
	shopper_release(env, x);
	return SHOPPER_OK;
}
