/*
 * net_step.h: one training step of a net, between net_fit.c (memory, epochs) and
 * net_step.c (the two phases of a step).
 */
#ifndef SHOPPER_NET_STEP_H
#define SHOPPER_NET_STEP_H

#include "net.h"

/*
 * Rows are in random order already. Large tables are shuffled in granules, so that
 * gathering reads whole cache lines; below this, row by row.
 */
#define SHOPPER_NET_GRANULE 16
#define SHOPPER_NET_GRANULE_FROM 100000

typedef struct ShopperNetRun
{
	ShopperEnv *env;
	const ShopperTable *table;
	ShopperNet *net;
	const ShopperNetFit *how;

	/* beside the weights, each like net->param */
	float	   *gradient;
	float	   *first;			/* Adam's mean, or the velocity of gradient descent */
	float	   *second;			/* Adam's mean square */
	float	   *best;			/* weights of the best epoch so far */
	float	   *across[SHOPPER_NET_MAX_HIDDEN + 1];	/* (out, in padded) transposed weights, NULL for layer 0 and vectors */

	uint32_t   *order;			/* of granules; NULL: rows as they are */
	int			granule;

	/* one chunk; each array has `chunk` rows */
	int64_t		chunk;
	float	   *x;				/* (n_dense, chunk) */
	int32_t    *code;			/* (n_lookup, chunk) */
	float	   *target;			/* class, or standardized number */
	float	   *weight;
	float	   *loss;
	float	   *hit;			/* weight of a row whose class is right, else 0 */
	float	   *z;				/* the output when there is one, and its delta */
	float	   *dz;
	float	   *h[SHOPPER_NET_MAX_HIDDEN + 1];	/* (chunk, stride) outputs of each layer */
	float	   *delta[SHOPPER_NET_MAX_HIDDEN + 1];	/* (chunk, stride) */
	float	   *mask[SHOPPER_NET_MAX_HIDDEN + 1];	/* (chunk, stride) 0 or 1 / (1 - dropout); NULL without */

	/* what the shards work on now */
	int64_t		position;		/* first row, in the order of the epoch */
	int64_t		rows;
	int			shards;
	bool		training;
	bool		starting;		/* first chunk of a batch */
	bool		finishing;		/* last one */
	float		scale;			/* 1 / rows of the batch */
	uint64_t	epoch;
	ShopperAdam adam;
	ShopperDescent descent;

	/* sums over rows */
	double		total_loss;
	double		total_weight;
	double		total_hit;
} ShopperNetRun;

/*
 * First phase: gather, forward, loss and (when training) deltas of the shard's share of the
 * rows. Second phase: gradients of the shard's share of the weights; with the last chunk of a
 * batch also the optimiser. Both are ShopperShardFn with a ShopperNetRun.
 */
extern void shopper_net_rows(void *run, int shard);
extern void shopper_net_weights(void *run, int shard);
/* Bring rows [from, to) of layer l's weights into run->across. */
extern void shopper_net_transpose(const ShopperNetRun *run, int l, int64_t from, int64_t to);

#endif
