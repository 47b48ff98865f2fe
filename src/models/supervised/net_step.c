/*
 * net_step.c: one step of minibatch training.
 *
 * A step has two phases on the pool. First every row on its own: gather, forward,
 * loss, backward to the deltas of each layer (sharded by rows). Then every weight
 * on its own: its gradient is a sum over the batch's rows in their order, followed
 * at once by the optimiser (sharded by rows of weights). Neither phase adds up
 * anything across shards, so the number of threads cannot change a bit.
 *
 * Batches larger than a chunk go through both phases chunk by chunk; gradients
 * continue to add up and the optimiser runs with the last one. Adam is exact: the
 * moments of every weight move in every step, also those of levels that the batch
 * has not seen.
 */
#include "net_step.h"

#include <math.h>
#include <string.h>

#include "../../core/hash.h"
#include "../../core/threads.h"

#define STREAM_DROPOUT 0x6e657600	/* plus the layer */
#define GRANULE SHOPPER_NET_GRANULE

/* ---- first phase: rows ---- */

/* Where the rows from position p of the epoch stand, and how many of them are contiguous. */
static int64_t
row_at(const ShopperNetRun *f, int64_t p, int64_t *run)
{
	int64_t		granules;

	if (!f->training || f->order == NULL)
	{
		*run = INT64_MAX;
		return p;
	}
	if (f->granule == 1)
	{
		*run = 1;
		return f->order[p];
	}
	granules = f->table->n_train / GRANULE;
	*run = GRANULE - p % GRANULE;
	if (p / GRANULE >= granules)	/* the last rows, too few for a granule, come last */
		return p;
	return (int64_t) f->order[p / GRANULE] * GRANULE + p % GRANULE;
}

/* Whole granules, the usual case, get copies of constant length. */
static inline void
copy_run(void *to, const void *from, int64_t n)
{
	if (n == GRANULE)
		memcpy(to, from, GRANULE * sizeof(float));
	else
		for (int64_t i = 0; i < n; i++)
			memcpy((float *) to + i, (const float *) from + i, sizeof(float));
}

/* Ask for the rows of the next batch: random granules miss the caches and the address translation. */
static void
fetch_ahead(const ShopperNetRun *f, int64_t from, int64_t to)
{
	const ShopperTable *t = f->table;
	int64_t		run;

	if (!f->training || f->order == NULL || f->granule == 1)
		return;
	for (int64_t i = from; i < to; i += run)
	{
		int64_t		p = f->position + f->rows + i;
		int64_t		row;

		if (p >= t->n_train)
			return;
		row = row_at(f, p, &run);
		for (int j = 0; j < t->n_dense; j++)
		{
			__builtin_prefetch(t->dense32[j] + row);
			__builtin_prefetch(t->dense32[j] + row + GRANULE - 1);
		}
		for (int k = 0; k < t->n_lookup; k++)
		{
			__builtin_prefetch(t->lookup[k] + row);
			__builtin_prefetch(t->lookup[k] + row + GRANULE - 1);
		}
	}
}

static void
gather(const ShopperNetRun *f, int64_t from, int64_t to)
{
	const ShopperTable *t = f->table;
	const ShopperNet *net = f->net;
	int64_t		run;

	for (int64_t i = from; i < to; i += run)
	{
		int64_t		row = row_at(f, f->position + i, &run);

		if (run > to - i)
			run = to - i;
		for (int j = 0; j < net->n_dense; j++)
			copy_run(f->x + j * f->chunk + i, t->dense32[j] + row, run);
		for (int k = 0; k < net->n_lookup; k++)
			copy_run(f->code + k * f->chunk + i, t->lookup[k] + row, run);
		for (int64_t r = 0; r < run; r++)
		{
			f->target[i + r] = net->head == SHOPPER_HEAD_NUMBER ?
				(float) ((t->y[row + r] - net->target_mean) / net->target_scale) : (float) t->y_class[row + r];
			f->weight[i + r] = t->weight != NULL ? (float) t->weight[row + r] : 1.0f;
		}
	}
}

/* Inverted dropout (Srivastava et al. 2014): four units take 16 bits each of one random number. */
static void
drop(const ShopperNetRun *f, int l, int64_t from, int64_t to)
{
	int64_t		stride = f->net->layer[l].stride;
	uint64_t	cut = (uint64_t) (f->how->dropout * 65536.0);
	float		kept = (float) (65536.0 / (65536.0 - (double) cut));

	for (int64_t i = from; i < to; i++)
	{
		uint64_t	row = f->epoch * (uint64_t) f->table->n_train + (uint64_t) (f->position + i);
		float	   *mask = f->mask[l] + i * stride;
		float	   *h = f->h[l] + i * stride;

		for (int64_t j = 0; j < stride; j += 4)
		{
			uint64_t	bits = shopper_random(f->env->seed, STREAM_DROPOUT + (uint64_t) l,
											  row * (uint64_t) (stride / 4) + (uint64_t) (j / 4));

			for (int q = 0; q < 4; q++)
			{
				mask[j + q] = (bits >> (16 * q) & 0xffff) < cut ? 0.0f : kept;
				h[j + q] *= mask[j + q];
			}
		}
	}
}

static void
forward(const ShopperNetRun *f, int64_t from, int64_t to)
{
	const ShopperNet *net = f->net;
	const ShopperNetLayer *layer = &net->layer[0];
	const float *weight = net->param + layer->weight;
	int64_t		rows = to - from;
	float	   *h = f->h[0] + from * layer->stride;

	net->kernels->product(rows, layer->stride, net->n_dense, f->x + from, 1, f->chunk, weight, layer->stride,
						  net->param + layer->bias, 0, h, layer->stride);
	for (int k = 0; k < net->n_lookup; k++)
		net->kernels->gather_add(rows, layer->stride, f->code + k * f->chunk + from, net->size[k],
								 weight + net->block[k] * layer->stride, h);
	for (int l = 1; l < net->n_layers; l++)
	{
		float	   *below = h;

		shopper_net_activate(net, rows * layer->stride, below);
		if (f->training && f->mask[l - 1] != NULL)
			drop(f, l - 1, from, to);
		layer = &net->layer[l];
		h = f->h[l] + from * layer->stride;
		shopper_net_layer(net, l, rows, below, h);
	}
}

static void
number_loss(const ShopperNetRun *f, const float *z, float *dz, int64_t from, int64_t to)
{
	for (int64_t i = from; i < to; i++)
	{
		float		error = z[i] - f->target[i];

		dz[i] = f->weight[i] * f->scale * error;
		f->loss[i] = f->weight[i] * error * error * 0.5f;
		f->hit[i] = 0;
	}
}

static void
classes_loss(const ShopperNetRun *f, int64_t from, int64_t to)
{
	const ShopperNetLayer *layer = &f->net->layer[f->net->n_layers - 1];

	f->net->kernels->softmax(to - from, layer->out, f->h[f->net->n_layers - 1] + from * layer->stride, layer->stride);
	for (int64_t i = from; i < to; i++)
	{
		const float *p = f->h[f->net->n_layers - 1] + i * layer->stride;
		float	   *d = f->delta[f->net->n_layers - 1] + i * layer->stride;
		int			class = (int) f->target[i];
		int			guess = 0;

		for (int j = 0; j < layer->out; j++)
		{
			d[j] = f->weight[i] * f->scale * (p[j] - (j == class ? 1.0f : 0.0f));
			guess = p[j] > p[guess] ? j : guess;
		}
		f->loss[i] = f->weight[i] * (float) -log(fmax((double) p[class], 1e-37));
		f->hit[i] = guess == class ? f->weight[i] : 0.0f;
	}
}

/* Loss and delta of the last layer. A single output that is not a vector stands in column 0. */
static void
head(const ShopperNetRun *f, int64_t from, int64_t to)
{
	int			last = f->net->n_layers - 1;
	const ShopperNetLayer *layer = &f->net->layer[last];
	float	   *z = layer->vector ? f->h[last] : f->z;
	float	   *dz = layer->vector ? f->delta[last] : f->dz;

	if (f->net->head == SHOPPER_HEAD_CLASSES)
	{
		classes_loss(f, from, to);
		return;
	}
	for (int64_t i = from; i < to && !layer->vector; i++)
		z[i] = f->h[last][i * layer->stride];
	if (f->net->head == SHOPPER_HEAD_NUMBER)
		number_loss(f, z, dz, from, to);
	else
	{
		f->net->kernels->cross_entropy(to - from, z + from, f->target + from, f->weight + from, f->scale,
									   dz + from, f->loss + from);
		for (int64_t i = from; i < to && !f->training; i++)
			f->hit[i] = (z[i] >= 0) == (f->target[i] > 0) ? f->weight[i] : 0.0f;
	}
	for (int64_t i = from; i < to && !layer->vector; i++)
		f->delta[last][i * layer->stride] = dz[i];
}

/* delta of each hidden layer: (delta of the layer above) W', times mask and derivative. */
static void
backward(const ShopperNetRun *f, int64_t from, int64_t to)
{
	const ShopperNet *net = f->net;
	int64_t		rows = to - from;

	for (int l = net->n_layers - 1; l > 0; l--)
	{
		const ShopperNetLayer *layer = &net->layer[l];
		int64_t		width = shopper_pad(layer->in);
		const float *above = f->delta[l] + from * layer->stride;
		float	   *delta = f->delta[l - 1] + from * width;
		float	   *h = f->h[l - 1] + from * width;
		float		keep = 1;

		if (layer->vector)
			net->kernels->product(rows, width, 1, above, 1, 1, net->param + layer->weight, width, NULL, 0, delta, width);
		else
			net->kernels->product(rows, width, layer->out, above, layer->stride, 1, f->across[l], width, NULL, 0, delta, width);
		if (f->mask[l - 1] != NULL)
		{
			const float *mask = f->mask[l - 1] + from * width;

			for (int64_t i = 0; i < rows * width; i++)
				delta[i] *= mask[i];
			keep = (float) (1.0 - floor(f->how->dropout * 65536.0) / 65536.0);
		}
		if (net->activation == SHOPPER_RELU)
			net->kernels->relu_back(rows * width, delta, h, keep);
		else if (net->activation == SHOPPER_TANH)
			net->kernels->tanh_back(rows * width, delta, h, keep);
		else
			net->kernels->sigmoid_back(rows * width, delta, h, keep);
	}
}

void
shopper_net_rows(void *arg, int shard)
{
	ShopperNetRun *f = arg;
	int64_t		from,
				to;

	shopper_shard_range(f->rows, f->shards, shard, &from, &to);
	gather(f, from, to);
	fetch_ahead(f, from, to);
	forward(f, from, to);
	head(f, from, to);
	if (f->training)
		backward(f, from, to);
}

/* ---- second phase: weights ---- */

/* One optimiser pass over n parameters from `at`. */
static void
optimise(const ShopperNetRun *f, int64_t at, int64_t n, bool decays, bool clear)
{
	const ShopperKernels *kernels = f->net->kernels;
	float	   *weight = f->net->param + at;
	float	   *gradient = f->gradient + at;

	if (f->how->adam)
	{
		ShopperAdam step = f->adam;

		step.decay = decays ? step.decay : 0;
		kernels->adam(n, weight, gradient, f->first + at, f->second + at, &step, clear);
	}
	else
	{
		ShopperDescent step = f->descent;

		step.decay = decays ? step.decay : 0;
		kernels->descent(n, weight, gradient, f->first == NULL ? NULL : f->first + at, &step, clear);
	}
}

void
shopper_net_transpose(const ShopperNetRun *f, int l, int64_t from, int64_t to)
{
	const ShopperNetLayer *layer = &f->net->layer[l];
	const float *weight = f->net->param + layer->weight;
	int64_t		width = shopper_pad(layer->in);

	for (int64_t j = 0; j < layer->out; j++)
		for (int64_t i = from; i < to; i++)
			f->across[l][j * width + i] = weight[i * layer->stride + j];
}

/* Weight rows [from, to) of numbers or hidden units: gradient = inputs' times deltas. */
static void
dense_rows(const ShopperNetRun *f, int l, int64_t from, int64_t to)
{
	const ShopperNet *net = f->net;
	const ShopperNetLayer *layer = &net->layer[l];
	int64_t		stride = layer->stride;
	int64_t		at = layer->weight + from * stride;
	const float *input = l == 0 ? f->x + from * f->chunk : f->h[l - 1] + from;

	if (from == to)
		return;
	net->kernels->product(to - from, stride, f->rows, input, l == 0 ? f->chunk : 1,
						  l == 0 ? 1 : shopper_pad(layer->in), f->delta[l], stride,
						  f->starting ? NULL : f->gradient + at, stride, f->gradient + at, stride);
	if (!f->finishing)
		return;
	optimise(f, at, (to - from) * stride, true, false);
	if (l > 0)
		shopper_net_transpose(f, l, from, to);
}

/* Weight rows [from, to) of layer 0 that belong to category levels. */
static void
lookup_rows(const ShopperNetRun *f, int64_t from, int64_t to)
{
	const ShopperNet *net = f->net;
	const ShopperNetLayer *layer = &net->layer[0];
	int64_t		at = layer->weight + from * layer->stride;

	for (int k = 0; k < net->n_lookup; k++)
	{
		int64_t		low = from > net->block[k] ? from - net->block[k] : 0;
		int64_t		high = to - net->block[k] < net->size[k] ? to - net->block[k] : net->size[k];

		if (low < high)
			net->kernels->scatter_add(f->rows, layer->stride, f->code + k * f->chunk, low, high, f->delta[0],
									  f->gradient + layer->weight + (net->block[k] + low) * layer->stride);
	}
	if (f->finishing)
		optimise(f, at, (to - from) * layer->stride, true, true);
}

/* Biases, and the weights of a vector. */
static void
layer_ends(const ShopperNetRun *f, int l)
{
	static const float one = 1;
	const ShopperNet *net = f->net;
	const ShopperNetLayer *layer = &net->layer[l];
	float	   *bias = f->gradient + layer->bias;
	float	   *weight = f->gradient + layer->weight;
	int64_t		width = shopper_pad(layer->in);

	if (layer->vector)
	{
		float		sum = f->starting ? 0 : *bias;

		for (int64_t i = 0; i < f->rows; i++)
			sum += f->delta[l][i];
		*bias = sum;
		net->kernels->product(1, width, f->rows, f->delta[l], 0, 1, f->h[l - 1], width,
							  f->starting ? NULL : weight, 0, weight, width);
		if (f->finishing)
			optimise(f, layer->weight, layer->in, true, false);	/* not the padding: its input is sigmoid(0) */
	}
	else
		net->kernels->product(1, layer->stride, f->rows, &one, 0, 0, f->delta[l], layer->stride,
							  f->starting ? NULL : bias, 0, bias, layer->stride);
	if (f->finishing)
		optimise(f, layer->bias, layer->vector ? 1 : layer->stride, false, false);
}

void
shopper_net_weights(void *arg, int shard)
{
	ShopperNetRun *f = arg;
	const ShopperNet *net = f->net;
	int64_t		from,
				to;

	for (int l = 0; l < net->n_layers; l++)
	{
		const ShopperNetLayer *layer = &net->layer[l];
		int64_t		dense = l == 0 ? net->n_dense : layer->vector ? 0 : layer->in;

		shopper_shard_range(dense, f->shards, shard, &from, &to);
		dense_rows(f, l, from, to);
		if (shard == f->shards - 1)
			layer_ends(f, l);
	}
	shopper_shard_range(net->layer[0].in - net->n_dense, f->shards, shard, &from, &to);
	lookup_rows(f, net->n_dense + from, net->n_dense + to);
}
