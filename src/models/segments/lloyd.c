/*
 * lloyd.c: Lloyd's iterations; see lloyd.h.
 *
 * Each shard adds up its own rows, shards are added in their order: the centres are the
 * same for any number of threads. With many centres Hamerly's two bounds tell for most
 * rows that their nearest centre cannot have changed; the others are gathered to tiles of
 * eight and compared with all centres. Both ways find the same centres.
 */
#include "lloyd.h"

#include <math.h>
#include <string.h>

#include "../../core/threads.h"
#include "kmeans.h"
#include "nearest.h"

#define BLOCK 32				/* tiles that are still in the cache when they are added up */
#define BOUNDED 256				/* from this k * d on bounds cost less than they save */
#define SLACK (1 + 1e-9)		/* rounding of the bounds */

typedef struct Fit
{
	ShopperEnv *env;
	const ShopperPointSet *p;
	int			k;
	int			shards;
	double	   *centre;			/* (k, d) */
	int32_t    *label;			/* (n) */
	double	   *upper;			/* (n) bounds of the distances to the nearest and the second nearest centre; */
	double	   *lower;			/* NULL: without bounds */
	bool		first;			/* the bounds are not known yet */
	double	   *shift;			/* (k) how far each centre moved last */
	double	   *half;			/* (k) half the way to the nearest other centre */
	int			farthest;		/* the centre that moved most, */
	double		most;			/* how far, and the second most */
	double		second;
	double	   *sum;			/* (shards, k, d) */
	double	   *count;			/* (shards, k) weights */
	double	   *gathered;		/* (shards, d, 8) rows to compare with all centres */
	double	   *inertia;		/* (shards) */
} Fit;

static inline int
rows_of(const ShopperPointSet *p, int64_t tile)
{
	int64_t		left = p->n - tile * SHOPPER_TILE;

	return (int) (left < SHOPPER_TILE ? left : SHOPPER_TILE);
}

static double
label_all(Fit *f, int64_t from, int64_t to)
{
	const ShopperPointSet *p = f->p;
	double		inertia = 0;

	for (int64_t tile = from; tile < to; tile++)
	{
		ShopperNearest near;
		int			rows = rows_of(p, tile);

		(f->upper != NULL ? shopper_nearest_two : shopper_nearest) (p->x + tile * p->d * SHOPPER_TILE, p->d, f->centre, f->k, &near);
		for (int r = 0; r < rows; r++)
		{
			int64_t		i = tile * SHOPPER_TILE + r;

			f->label[i] = (int32_t) near.index[r];
			inertia += p->weight != NULL ? p->weight[i] * near.best[r] : near.best[r];
			if (f->upper != NULL)
			{
				f->upper[i] = sqrt(near.best[r]);
				f->lower[i] = sqrt(near.second[r]);
			}
		}
	}
	return inertia;
}

/* Compare up to eight rows with all centres. */
static void
label_rows(Fit *f, const int64_t *row, int n, double *tile)
{
	const ShopperPointSet *p = f->p;
	ShopperNearest near;

	for (int r = 0; r < n; r++)
		for (int j = 0; j < p->d; j++)
			tile[j * SHOPPER_TILE + r] = *shopper_coordinate(p, row[r], j);
	shopper_nearest_two(tile, p->d, f->centre, f->k, &near);
	for (int r = 0; r < n; r++)
	{
		f->label[row[r]] = (int32_t) near.index[r];
		f->upper[row[r]] = sqrt(near.best[r]);
		f->lower[row[r]] = sqrt(near.second[r]);
	}
}

static void
label_bounded(Fit *f, int64_t from, int64_t to, double *tile)
{
	int64_t		row[SHOPPER_TILE];
	int			n = 0;
	int64_t		end = to * SHOPPER_TILE < f->p->n ? to * SHOPPER_TILE : f->p->n;

	for (int64_t i = from * SHOPPER_TILE; i < end; i++)
	{
		int32_t		c = f->label[i];
		double		bound;

		f->upper[i] += f->shift[c] * SLACK;
		f->lower[i] -= (c == f->farthest ? f->second : f->most) * SLACK;
		bound = f->half[c] > f->lower[i] ? f->half[c] : f->lower[i];
		if (f->upper[i] * SLACK < bound)
			continue;
		row[n++] = i;
		if (n == SHOPPER_TILE)
		{
			label_rows(f, row, n, tile);
			n = 0;
		}
	}
	if (n > 0)
		label_rows(f, row, n, tile);
}

static void
add_up(Fit *f, int64_t from, int64_t to, double *sum, double *count)
{
	const ShopperPointSet *p = f->p;

	for (int64_t tile = from; tile < to; tile++)
	{
		int64_t		first = tile * SHOPPER_TILE;
		int			rows = rows_of(p, tile);

		shopper_add_tile(p->x + first * p->d, p->d, rows, f->label + first, p->weight != NULL ? p->weight + first : NULL, sum);
		for (int r = 0; r < rows; r++)
			count[f->label[first + r]] += p->weight != NULL ? p->weight[first + r] : 1;
	}
}

static void
iterate_shard(void *arg, int shard)
{
	Fit		   *f = arg;
	double	   *sum = f->sum + (int64_t) shard * f->k * f->p->d,
			   *count = f->count + (int64_t) shard * f->k;
	int64_t		from,
				to;

	shopper_shard_range(f->p->n_tiles, f->shards, shard, &from, &to);
	memset(sum, 0, (size_t) f->k * (size_t) f->p->d * sizeof(double));
	memset(count, 0, (size_t) f->k * sizeof(double));
	for (; from < to && !shopper_stopped(f->env); from += BLOCK)
	{
		int64_t		end = from + BLOCK < to ? from + BLOCK : to;

		if (f->upper != NULL && !f->first)
			label_bounded(f, from, end, f->gathered + (int64_t) shard * f->p->d * SHOPPER_TILE);
		else
			label_all(f, from, end);
		add_up(f, from, end, sum, count);
	}
}

static void
assign_shard(void *arg, int shard)
{
	Fit		   *f = arg;
	int64_t		from,
				to;

	shopper_shard_range(f->p->n_tiles, f->shards, shard, &from, &to);
	f->inertia[shard] = 0;
	for (; from < to && !shopper_stopped(f->env); from += BLOCK)
		f->inertia[shard] += label_all(f, from, from + BLOCK < to ? from + BLOCK : to);
}

ShopperStatus
shopper_kmeans_assign(ShopperEnv *env, const ShopperPointSet *p, const double *centre, int k, int32_t *label, double *inertia)
{
	Fit			f = {.env = env,.p = p,.k = k,.shards = shopper_tile_shards(p, 1),.centre = (double *) centre,.label = label};
	double		total = 0;

	SHOPPER_NEW(env, f.inertia, f.shards);
	shopper_parallel(env, f.shards, assign_shard, &f);
	SHOPPER_TRY(shopper_poll(env));
	for (int shard = 0; shard < f.shards; shard++)
		total += f.inertia[shard];
	if (inertia != NULL)
		*inertia = total;
	shopper_release(env, f.inertia);
	return SHOPPER_OK;
}

/*
 * Give centre c, which no row is nearest to, the row that is farthest from its own centre and does not stand
 * there alone; sum and count are those of all shards. Rows all on centres: the centre stays as it is.
 */
static ShopperStatus
fill_empty(Fit *f, int c, double *sum, double *count)
{
	const ShopperPointSet *p = f->p;
	double		most = 0;
	int64_t		row = -1;
	double		weight;

	for (int64_t i = 0; i < p->n; i++)
	{
		const double *own = f->centre + (int64_t) f->label[i] * p->d;
		double		distance = 0;

		if (!(count[f->label[i]] > (p->weight != NULL ? p->weight[i] : 1)))
			continue;
		for (int j = 0; j < p->d; j++)
		{
			double		gap = *shopper_coordinate(p, i, j) - own[j];

			distance += gap * gap;
		}
		if (distance > most)
		{
			most = distance;
			row = i;
		}
		if (i % 4096 == 0)
			SHOPPER_TRY(shopper_poll(f->env));
	}
	if (row < 0)
		return SHOPPER_OK;
	weight = p->weight != NULL ? p->weight[row] : 1;
	for (int j = 0; j < p->d; j++)
	{
		double		part = weight * *shopper_coordinate(p, row, j);

		sum[(int64_t) f->label[row] * p->d + j] -= part;
		sum[(int64_t) c * p->d + j] = part;
	}
	count[f->label[row]] -= weight;
	count[c] = weight;
	f->label[row] = c;
	if (f->upper != NULL)
		f->upper[row] = INFINITY;	/* compare it again */
	return SHOPPER_OK;
}

/* What Hamerly's bounds need to know of the new centres. */
static ShopperStatus
note_centres(Fit *f, const double *before)
{
	f->most = f->second = 0;
	f->farthest = -1;
	for (int c = 0; c < f->k; c++)
	{
		f->shift[c] = sqrt(shopper_squared_distance(f->centre + (int64_t) c * f->p->d, before + (int64_t) c * f->p->d, f->p->d));
		if (f->shift[c] > f->most)
		{
			f->second = f->most;
			f->most = f->shift[c];
			f->farthest = c;
		}
		else if (f->shift[c] > f->second)
			f->second = f->shift[c];
	}
	for (int c = 0; f->upper != NULL && c < f->k; c++)
	{
		double		least = INFINITY;

		for (int e = 0; e < f->k; e++)
			if (e != c)
				least = fmin(least, shopper_squared_distance(f->centre + (int64_t) c * f->p->d, f->centre + (int64_t) e * f->p->d, f->p->d));
		f->half[c] = 0.5 * sqrt(least);
		SHOPPER_TRY(shopper_poll(f->env));
	}
	return SHOPPER_OK;
}

/* Add up the shards, move the centres. */
static ShopperStatus
move_centres(Fit *f, double *before)
{
	int64_t		kd = (int64_t) f->k * f->p->d;

	for (int shard = 1; shard < f->shards; shard++)
	{
		for (int64_t j = 0; j < kd; j++)
			f->sum[j] += f->sum[shard * kd + j];
		for (int c = 0; c < f->k; c++)
			f->count[c] += f->count[(int64_t) shard * f->k + c];
	}
	for (int c = 0; c < f->k; c++)
		if (f->count[c] == 0)
			SHOPPER_TRY(fill_empty(f, c, f->sum, f->count));
	memcpy(before, f->centre, (size_t) kd * sizeof(double));
	for (int c = 0; c < f->k; c++)
		for (int j = 0; f->count[c] > 0 && j < f->p->d; j++)
			f->centre[(int64_t) c * f->p->d + j] = f->sum[(int64_t) c * f->p->d + j] / f->count[c];
	return note_centres(f, before);
}

ShopperStatus
shopper_kmeans_lloyd(ShopperEnv *env, const ShopperPointSet *p, const ShopperKmeansPlan *plan, double unit, ShopperKmeans *result)
{
	int64_t		kd = (int64_t) result->k * p->d;
	Fit			f = {.env = env,.p = p,.k = result->k,.shards = shopper_tile_shards(p, kd),.centre = result->centre,.label = result->label};
	double	   *before;

	SHOPPER_NEW(env, f.sum, f.shards * kd);
	SHOPPER_NEW(env, f.count, (int64_t) f.shards * f.k);
	SHOPPER_NEW(env, f.shift, f.k);
	SHOPPER_NEW(env, f.half, f.k);
	SHOPPER_NEW(env, before, kd);
	if (kd >= BOUNDED && f.k >= 8)
	{
		SHOPPER_NEW(env, f.upper, p->n);
		SHOPPER_NEW(env, f.lower, p->n);
		SHOPPER_NEW0(env, f.gathered, (int64_t) f.shards * p->d * SHOPPER_TILE);
	}
	f.first = true;
	result->converged = false;
	for (result->iterations = 0; result->iterations < plan->max_iterations && !result->converged; f.first = false)
	{
		shopper_parallel(env, f.shards, iterate_shard, &f);
		SHOPPER_TRY(shopper_poll(env));
		SHOPPER_TRY(move_centres(&f, before));
		result->shift[result->iterations++] = f.most;
		result->converged = f.most <= plan->tolerance * unit;
		shopper_progress(env, "k-means", result->iterations, plan->max_iterations, f.most);
	}
	shopper_release(env, f.sum);
	shopper_release(env, f.count);
	shopper_release(env, f.shift);
	shopper_release(env, f.half);
	shopper_release(env, before);
	shopper_release(env, f.upper);
	shopper_release(env, f.lower);
	shopper_release(env, f.gathered);
	return SHOPPER_OK;
}
