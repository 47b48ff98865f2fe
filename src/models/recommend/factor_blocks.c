/*
 * factor_blocks.c: the best items of a block of users of a factor model, at the speed of
 * a matrix product.
 *
 * The product (core/gemm.h) adds in another order than score_user, so its figures only
 * sort out: an item whose product lies below the worst kept score by more than both can
 * be off by is passed over, any other is scored exactly. So rows are those of score_user
 * to the bit. Of 5,000 items some 70 are scored twice for a list of 10.
 */
#include <math.h>
#include <string.h>

#include "../../core/gemm.h"
#include "../../core/threads.h"
#include "best.h"
#include "factors.h"

#define SHARDS 16
#define TILE 512				/* items of a tile; its factors stay in the second cache */
#define USERS 32				/* of a product */
#define LONG_LIST_COST 1000
#define CHUNK_COST 2e8			/* multiplications between polls, about 10 ms of one core */

typedef struct Prepared
{
	const ShopperFactors *f;
	const ShopperUserBlock *block;
	float	   *item;			/* (tiles, factors, TILE): the items' factors by column */
	float	   *bias;			/* (tiles, TILE) */
	float	   *user;			/* (users, stride): the block's factors, one after the other */
	double	   *margin;			/* (users) */
	float	   *product;		/* (SHARDS, USERS, TILE) */
	double		longest;		/* item: length of the longest row of factors */
	double		highest;		/* largest size of a bias */
	int64_t		from,			/* tiles of this step */
				to;
} Prepared;

static double
length_of(const float *row, int n)
{
	double		sum = 0;

	for (int j = 0; j < n; j++)
		sum += (double) row[j] * row[j];
	return sqrt(sum);
}

ShopperStatus
shopper_factor_block_begin(ShopperEnv *env, const ShopperModel *model, int64_t n, void **prepared)
{
	const ShopperFactors *f = model->state;
	int64_t		items = f->events.item.n,
				tiles = (items + TILE - 1) / TILE;
	Prepared   *p;

	SHOPPER_NEW0(env, p, 1);
	*prepared = p;
	p->f = f;
	SHOPPER_NEW0(env, p->item, tiles * f->factors * TILE);
	SHOPPER_NEW0(env, p->bias, tiles * TILE);
	SHOPPER_NEW(env, p->user, n * f->stride);
	SHOPPER_NEW(env, p->margin, n);
	SHOPPER_NEW(env, p->product, SHARDS * USERS * TILE);
	for (int64_t i = 0; i < items; i++)
	{
		const float *row = f->item_factor + i * f->stride;
		float	   *to = p->item + i / TILE * f->factors * TILE + i % TILE;

		for (int j = 0; j < f->factors; j++)
			to[j * TILE] = row[j];
		p->bias[i] = f->raw ? 0 : f->item_bias[i];
		p->longest = fmax(p->longest, length_of(row, f->factors));
		p->highest = fmax(p->highest, fabsf(p->bias[i]));
		if (i % 8192 == 0)
			SHOPPER_TRY(shopper_poll(env));
	}
	return SHOPPER_OK;
}

/* The items of one tile that may come in: scored exactly, as score_user does. */
static void
offer_tile(const Prepared *p, int64_t b, int64_t tile, const float *product)
{
	const ShopperFactors *f = p->f;
	ShopperBest *best = &p->block->best[b];
	int64_t		user = p->block->user[b],
				n = f->events.item.n - tile * TILE;
	double		base = f->raw ? 0 : f->mu + f->user_bias[user];
	float		least = (float) (shopper_best_threshold(best) - base - p->margin[b]);

	for (int64_t from = 0; from < TILE && from < n; from += SHOPPER_LANES)
	{
		int			any = 0;

		for (int j = 0; j < SHOPPER_LANES; j++)	/* NaN comes too */
			any |= !(product[from + j] < least);
		for (int64_t j = from; any && j < from + SHOPPER_LANES && j < n; j++)
		{
			int64_t		item = tile * TILE + j;
			double		score;
			float		dot;

			if (product[j] < least || p->block->out[item] || (p->block->exclude_seen && shopper_seen_line(&f->events, user, item) >= 0))
				continue;
			shopper_factor_kernels(-1)->dots(f->user_factor + user * f->stride, f->item_factor + item * f->stride, 1, f->stride, &dot);
			score = base + (f->raw ? 0 : f->item_bias[item]) + dot;
			if (!(score > -INFINITY))
				continue;
			shopper_best_offer(best, score, item);
			least = (float) (shopper_best_threshold(best) - base - p->margin[b]);
		}
	}
}

static void
tile_shard(void *arg, int shard)
{
	const Prepared *p = arg;
	float	   *product = p->product + (int64_t) shard * USERS * TILE;
	int64_t		from,
				to;

	shopper_shard_range(p->block->n, SHARDS, shard, &from, &to);
	for (int64_t tile = p->from; tile < p->to; tile++)
		for (int64_t b = from; b < to; b += USERS)
		{
			int64_t		users = to - b < USERS ? to - b : USERS;

			shopper_kernels()->product(users, TILE, p->f->factors, p->user + b * p->f->stride, p->f->stride, 1,
									   p->item + tile * p->f->factors * TILE, TILE, p->bias + tile * TILE, 0, product, TILE);
			for (int64_t u = 0; u < users; u++)
				offer_tile(p, b + u, tile, product + u * TILE);
		}
}

ShopperStatus
shopper_factor_block(ShopperEnv *env, const ShopperModel *model, void *prepared, const ShopperUserBlock *users)
{
	Prepared   *p = prepared;
	const ShopperFactors *f = model->state;
	/* long lists: most scores are made twice and go through a heap */
	double		cost = f->factors + 8 + (users->n > 0 && users->best[0].n > f->events.item.n / 16 ? LONG_LIST_COST : 0);
	int64_t		tiles = (f->events.item.n + TILE - 1) / TILE,
				step = (int64_t) (CHUNK_COST / ((double) users->n * TILE * cost)) + 1;

	p->block = users;
	for (int64_t b = 0; b < users->n; b++)
	{
		const float *row = f->user_factor + users->user[b] * f->stride;
		double		base = f->raw ? 0 : f->mu + f->user_bias[users->user[b]];

		memcpy(p->user + b * f->stride, row, (size_t) f->stride * sizeof(float));
		/* each chain of k + 1 sums is off by at most (k + 1) / 2^24 of the sum of its sizes; there are two, and roundings of the rest */
		p->margin[b] = 4 * (f->factors + 4) * 0x1p-24 * (length_of(row, f->factors) * p->longest + p->highest + fabs(base)) + 1e-30;
	}
	for (p->from = 0; p->from < tiles; p->from = p->to)
	{
		p->to = p->from + step < tiles ? p->from + step : tiles;
		SHOPPER_TRY(shopper_poll(env));
		shopper_parallel(env, SHARDS, tile_shard, p);
	}
	return SHOPPER_OK;
}
