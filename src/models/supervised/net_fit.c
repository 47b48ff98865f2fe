/*
 * net_fit.c: training of a net: memory, batches, epochs, early stopping. The step
 * itself is net_step.c.
 */
#include "net_step.h"

#include <math.h>
#include <string.h>

#include "../../core/hash.h"
#include "../../core/threads.h"

#define STREAM_ORDER 0x6e657500
#define CHUNK_ROWS 512			/* a chunk of 64-64 activations stays in L2 */
#define CHUNK_WORK 1.0e9		/* floating operations between polls: 10 to 20 ms of one core */

/*
 * Operations that are worth a thread. A training step moves weights, activations
 * and deltas between cores: with 24 inputs and batches of 200 two threads lost at
 * 64-64 (7 million operations), drew at 128-128 (24) and won at 256-256 (86). A
 * thread that the system takes off its core in mid-shard costs milliseconds more.
 */
#define STEP_WORK 1.5e7
#define SHARD_ROWS 24

/* ---- memory: one allocation, counted in a first round and dealt out in a second ---- */

typedef struct Arena
{
	float	   *base;			/* NULL while counting */
	size_t		used;
} Arena;

/* Rows start on cache lines; the odd line between arrays keeps equal rows of two arrays off the same cache set. */
static float *
take(Arena *arena, int64_t rows, int64_t width)
{
	float	   *p = arena->base == NULL ? NULL : arena->base + arena->used;

	arena->used += (size_t) shopper_pad(rows * width) + SHOPPER_LANES;
	return p;
}

static void
deal(ShopperNetRun *f, Arena *arena)
{
	const ShopperNet *net = f->net;
	bool		velocity = f->how->adam || f->how->momentum > 0;

	f->gradient = take(arena, net->n_params, 1);
	f->first = velocity ? take(arena, net->n_params, 1) : NULL;
	f->second = f->how->adam ? take(arena, net->n_params, 1) : NULL;
	f->best = f->how->early_stopping ? take(arena, net->n_params, 1) : NULL;
	f->x = take(arena, f->chunk, net->n_dense);
	f->code = (int32_t *) take(arena, f->chunk, net->n_lookup);
	f->target = take(arena, f->chunk, 1);
	f->weight = take(arena, f->chunk, 1);
	f->loss = take(arena, f->chunk, 1);
	f->hit = take(arena, f->chunk, 1);
	f->z = take(arena, f->chunk, 1);
	f->dz = take(arena, f->chunk, 1);
	for (int l = 0; l < net->n_layers; l++)
	{
		const ShopperNetLayer *layer = &net->layer[l];
		bool		hidden = l < net->n_layers - 1;

		f->h[l] = take(arena, f->chunk, layer->stride);
		f->delta[l] = take(arena, f->chunk, layer->stride);
		f->mask[l] = hidden && f->how->dropout > 0 ? take(arena, f->chunk, layer->stride) : NULL;
		f->across[l] = l > 0 && !layer->vector ? take(arena, layer->out, shopper_pad(layer->in)) : NULL;
	}
}

/* Multiply-adds of one row through all layers. */
static double
row_work(const ShopperNet *net)
{
	double		work = (double) (net->n_dense + net->n_lookup) * net->layer[0].stride;

	for (int l = 1; l < net->n_layers; l++)
		work += (double) net->layer[l].in * net->layer[l].stride;
	return work;
}

static ShopperStatus
prepare(ShopperNetRun *f, void **memory)
{
	Arena		arena = {NULL, 0};
	int64_t		n = f->table->n_train;
	double		most = CHUNK_WORK / (6.0 * row_work(f->net));
	float	   *base;

	f->chunk = most < CHUNK_ROWS ? (int64_t) most : CHUNK_ROWS;
	if (f->chunk > f->how->batch_size && f->table->n == n)
		f->chunk = f->how->batch_size;
	f->chunk = shopper_pad(f->chunk < 1 ? 1 : f->chunk);
	deal(f, &arena);
	SHOPPER_NEW0(f->env, base, arena.used + SHOPPER_LANES);
	*memory = base;
	arena.base = base + (SHOPPER_LANES - ((uintptr_t) base / sizeof(float)) % SHOPPER_LANES) % SHOPPER_LANES;
	arena.used = 0;
	deal(f, &arena);
	if (f->how->shuffle)
	{
		f->granule = n >= SHOPPER_NET_GRANULE_FROM ? SHOPPER_NET_GRANULE : 1;
		SHOPPER_NEW(f->env, f->order, n / f->granule);
	}
	return SHOPPER_OK;
}

/* ---- batches and epochs ---- */

/* Both phases (or, when measuring, the first) for one chunk of rows; adds to the sums. */
static ShopperStatus
run_chunk(ShopperNetRun *f, int64_t position, int64_t rows)
{
	double		work = (f->training ? 6.0 : 2.0) * row_work(f->net) * (double) rows;
	double		most = fmin(work / STEP_WORK, (double) rows / SHARD_ROWS);

	SHOPPER_TRY(shopper_poll(f->env));
	f->position = position;
	f->rows = rows;
	f->shards = f->env->pool == NULL || most < 2 ? 1 : most < f->env->threads ? (int) most : f->env->threads;
	shopper_parallel(f->env, f->shards, shopper_net_rows, f);
	if (f->training)
		shopper_parallel(f->env, f->shards, shopper_net_weights, f);
	for (int64_t i = 0; i < rows; i++)
		f->total_loss += (double) f->loss[i];
	for (int64_t i = 0; i < rows && !f->training; i++)
	{
		f->total_weight += (double) f->weight[i];
		f->total_hit += (double) f->hit[i];
	}
	return SHOPPER_OK;
}

static double
rate_of(const ShopperNetFit *how, int64_t epoch)
{
	switch (how->schedule)
	{
		case SHOPPER_RATE_INVERSE:
			return how->learning_rate / (1.0 + how->decay * (double) epoch);
		case SHOPPER_RATE_COSINE:
			return how->learning_rate * 0.5 * (1.0 + cos(3.141592653589793 * (double) epoch / (double) how->epochs));
		case SHOPPER_RATE_STEP:
			return how->learning_rate * pow(how->decay, (double) (epoch / how->step_epochs));
		case SHOPPER_RATE_CONSTANT:
			break;
	}
	return how->learning_rate;
}

/* Settings of step t (from 1) for a batch of so many rows. */
static void
set_step(ShopperNetRun *f, double rate, int64_t t, int64_t rows)
{
	const ShopperNetFit *how = f->how;

	f->scale = (float) (1.0 / (double) rows);
	if (how->adam)
		f->adam = (ShopperAdam)
	{
		(float) how->beta1, (float) how->beta2,
			(float) (rate * sqrt(1.0 - pow(how->beta2, (double) t)) / (1.0 - pow(how->beta1, (double) t))),
			(float) how->epsilon, (float) (how->l2 / (double) rows)
	};
	else
		f->descent = (ShopperDescent)
	{
		(float) rate, (float) how->momentum, how->nesterov, (float) (how->l2 / (double) rows)
	};
}

/* One pass over the training rows; *t counts steps of the whole training. */
static ShopperStatus
run_epoch(ShopperNetRun *f, int64_t epoch, int64_t *t)
{
	int64_t		n = f->table->n_train;
	double		rate = rate_of(f->how, epoch);

	if (f->order != NULL)
	{
		for (int64_t i = 0; i < n / f->granule; i++)
			f->order[i] = (uint32_t) i;
		shopper_shuffle(f->order, n / f->granule, f->env->seed, STREAM_ORDER + (uint64_t) epoch);
	}
	f->training = true;
	f->epoch = (uint64_t) epoch;
	f->total_loss = 0;
	for (int64_t at = 0; at < n; at += f->how->batch_size)
	{
		int64_t		rows = n - at < f->how->batch_size ? n - at : f->how->batch_size;

		set_step(f, rate, ++*t, rows);
		for (int64_t done = 0; done < rows; done += f->chunk)
		{
			int64_t		part = rows - done < f->chunk ? rows - done : f->chunk;

			f->starting = done == 0;
			f->finishing = done + part == rows;
			SHOPPER_TRY(run_chunk(f, at + done, part));
		}
	}
	f->total_loss /= (double) n;
	return SHOPPER_OK;
}

/* Loss and accuracy of the rows behind the training rows, as weighted means. */
static ShopperStatus
measure(ShopperNetRun *f, double *loss, double *accuracy)
{
	f->training = false;
	f->total_loss = f->total_weight = f->total_hit = 0;
	for (int64_t at = f->table->n_train; at < f->table->n; at += f->chunk)
		SHOPPER_TRY(run_chunk(f, at, f->table->n - at < f->chunk ? f->table->n - at : f->chunk));
	f->total_weight = fmax(f->total_weight, 1e-300);	/* rows of weight 0 measure as 0 */
	*loss = f->total_loss / f->total_weight;
	*accuracy = f->total_hit / f->total_weight;
	return SHOPPER_OK;
}

/* Early stopping as scikit-learn counts: an epoch must beat the best by the tolerance, or it is one of patience. */
typedef struct Watch
{
	double		best;
	int64_t		stale;
} Watch;

static bool
is_stale(ShopperNetRun *f, Watch *watch, double score)
{
	watch->stale = score < watch->best + f->how->tolerance ? watch->stale + 1 : 0;
	if (score > watch->best)
	{
		watch->best = score;
		memcpy(f->best, f->net->param, (size_t) f->net->n_params * sizeof(float));
	}
	return watch->stale > f->how->patience;
}

static ShopperStatus
diverged(ShopperEnv *env, int64_t epoch)
{
	shopper_fail(env, SHOPPER_BAD_DATA, "training diverged in epoch %lld: the loss is not finite", (long long) epoch);
	shopper_hint(env, "Use a smaller learning_rate.");
	return SHOPPER_BAD_DATA;
}

static ShopperStatus
run_epochs(ShopperNetRun *f, ShopperModel *model)
{
	Watch		watch = {-INFINITY, 0};
	int64_t		t = 0;
	bool		stop = false;

	for (int64_t epoch = 0; epoch < f->how->epochs && !stop; epoch++)
	{
		double		loss,
					accuracy;

		SHOPPER_TRY(run_epoch(f, epoch, &t));
		if (!isfinite(f->total_loss))
			return diverged(f->env, epoch + 1);
		f->net->loss = f->total_loss;
		f->net->epochs = epoch + 1;
		SHOPPER_TRY(shopper_add_step(f->env, model, epoch + 1, "train_loss", f->total_loss));
		if (f->table->n > f->table->n_train)
		{
			SHOPPER_TRY(measure(f, &loss, &accuracy));
			SHOPPER_TRY(shopper_add_step(f->env, model, epoch + 1, "validation_loss", loss));
			if (f->net->head != SHOPPER_HEAD_NUMBER)
				SHOPPER_TRY(shopper_add_step(f->env, model, epoch + 1, "validation_accuracy", accuracy));
			stop = f->how->early_stopping && is_stale(f, &watch, f->how->on_accuracy ? accuracy : -loss);
		}
		shopper_progress(f->env, "epochs", epoch + 1, f->how->epochs, f->net->loss);
	}
	if (f->how->early_stopping && isfinite(watch.best))
		memcpy(f->net->param, f->best, (size_t) f->net->n_params * sizeof(float));
	for (int64_t i = 0; i < f->net->n_params; i++)
		if (!isfinite(f->net->param[i]))
			return diverged(f->env, f->net->epochs);
	return SHOPPER_OK;
}

ShopperStatus
shopper_net_fit(ShopperEnv *env, ShopperModel *model, ShopperNet *net, const ShopperTable *table, const ShopperNetFit *how)
{
	ShopperNetRun f = {.env = env, .table = table, .net = net, .how = how};
	void	   *memory = NULL;

	SHOPPER_TRY(prepare(&f, &memory));
	for (int l = 1; l < net->n_layers; l++)
		if (f.across[l] != NULL)
			shopper_net_transpose(&f, l, 0, net->layer[l].in);
	SHOPPER_TRY(run_epochs(&f, model));
	shopper_release(env, f.order);
	shopper_release(env, memory);
	return SHOPPER_OK;
}
