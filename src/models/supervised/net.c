/* net.c: shape, first weights, forward pass and stored form of a net (see net.h). */
#include "net.h"

#include <math.h>
#include <string.h>

#include "../../core/hash.h"

#define STREAM_WEIGHTS 0x6e657401	/* plus 2 * layer; biases one more */
#define BLOCK_FLOATS 6144			/* one of two activation buffers of predict: 24 kB */
#define DENSE_COLUMNS 32			/* dense columns copied at a time */
#define MOST_ROWS 48				/* rows at a time: the products take 6 rows a block */

/* ---- shape ---- */

static ShopperStatus
check_shape(ShopperEnv *env, const ShopperNetShape *shape)
{
	if (shape->n_hidden > SHOPPER_NET_MAX_HIDDEN)
		return shopper_fail(env, SHOPPER_LIMIT, "net would have %d hidden layers, limit is %d",
							shape->n_hidden, SHOPPER_NET_MAX_HIDDEN);
	for (int l = 0; l < shape->n_hidden; l++)
		if (shape->hidden[l] < 1 || shape->hidden[l] > SHOPPER_NET_MAX_WIDTH)
			return shopper_fail(env, SHOPPER_LIMIT, "hidden layer %d would have %lld units, limit is %d",
								l + 1, (long long) shape->hidden[l], SHOPPER_NET_MAX_WIDTH);
	if (shape->outputs > SHOPPER_NET_MAX_WIDTH)
		return shopper_fail(env, SHOPPER_LIMIT, "net would have %d classes, limit is %d",
							shape->outputs, SHOPPER_NET_MAX_WIDTH);
	return SHOPPER_OK;
}

/* Fill in the layers; returns the padded number of parameters. */
static int64_t
lay_out(ShopperNet *net, const ShopperNetShape *shape)
{
	int64_t		in = shape->n_dense;
	int64_t		at = 0;

	for (int k = 0; k < shape->n_lookup; k++)
	{
		net->size[k] = shape->size[k];
		net->block[k] = in;
		in += shape->size[k];
	}
	for (int l = 0; l < net->n_layers; l++)
	{
		ShopperNetLayer *layer = &net->layer[l];
		bool		last = l == net->n_layers - 1;

		layer->in = in;
		layer->out = last ? shape->outputs : (int) shape->hidden[l];
		layer->vector = last && l > 0 && layer->out == 1;
		layer->stride = layer->vector ? 1 : (int) shopper_pad(layer->out);
		layer->n_weights = layer->vector ? shopper_pad(in) : in * layer->stride;
		layer->weight = at;
		layer->bias = at + layer->n_weights;
		at = layer->bias + (layer->vector ? SHOPPER_LANES : layer->stride);
		in = layer->out;
	}
	return at;
}

ShopperStatus
shopper_net_make(ShopperEnv *env, const ShopperNetShape *shape, ShopperNet **result)
{
	ShopperNet *net;

	SHOPPER_TRY(check_shape(env, shape));
	SHOPPER_NEW0(env, net, 1);
	net->kernels = shopper_kernels();
	net->activation = shape->activation;
	net->head = shape->head;
	net->n_dense = shape->n_dense;
	net->n_lookup = shape->n_lookup;
	net->outputs = shape->outputs;
	net->n_layers = shape->n_hidden + 1;
	net->target_scale = 1;
	SHOPPER_NEW0(env, net->size, net->n_lookup);
	SHOPPER_NEW0(env, net->block, net->n_lookup);
	SHOPPER_NEW0(env, net->layer, net->n_layers);
	net->n_params = lay_out(net, shape);
	if (net->n_params > SHOPPER_NET_MAX_WEIGHTS)
	{
		shopper_fail(env, SHOPPER_LIMIT, "net would have %lld weights, limit is %d",
					 (long long) net->n_params, SHOPPER_NET_MAX_WEIGHTS);
		shopper_hint(env, "Use smaller hidden layers, or fewer category levels.");
		return SHOPPER_LIMIT;
	}
	SHOPPER_NEW0(env, net->param, net->n_params);
	*result = net;
	return SHOPPER_OK;
}

int64_t
shopper_net_count(const ShopperNet *net)
{
	int64_t		n = 0;

	for (int l = 0; l < net->n_layers; l++)
		n += (net->layer[l].in + 1) * net->layer[l].out;
	return n;
}

/* Where weight (i, j) stands in param, whatever the layer's form. */
static inline int64_t
weight_at(const ShopperNetLayer *layer, int64_t i, int64_t j)
{
	return layer->weight + (layer->vector ? i : i * layer->stride + j);
}

void
shopper_net_init(ShopperNet *net, uint64_t seed, bool he)
{
	for (int l = 0; l < net->n_layers; l++)
	{
		const ShopperNetLayer *layer = &net->layer[l];
		double		fans = he ? (double) layer->in : (double) (layer->in + layer->out);
		double		bound = sqrt((!he && net->activation == SHOPPER_SIGMOID ? 2.0 : 6.0) / fmax(fans, 1.0));
		uint64_t	stream = STREAM_WEIGHTS + 2 * (uint64_t) l;

		for (int64_t i = 0; i < layer->in; i++)
			for (int64_t j = 0; j < layer->out; j++)
			{
				double		u = shopper_uniform(seed, stream, (uint64_t) (i * layer->out + j));

				net->param[weight_at(layer, i, j)] = (float) (bound * (2.0 * u - 1.0));
			}
		for (int j = 0; j < layer->out; j++)
			net->param[layer->bias + j] = he ? 0.0f :
				(float) (bound * (2.0 * shopper_uniform(seed, stream + 1, (uint64_t) j) - 1.0));
	}
}

/* ---- forward pass ---- */

void
shopper_net_layer(const ShopperNet *net, int l, int64_t rows, const float *in, float *out)
{
	const ShopperNetLayer *layer = &net->layer[l];
	const float *weight = net->param + layer->weight;
	const float *bias = net->param + layer->bias;
	int64_t		in_stride = shopper_pad(layer->in);

	if (layer->vector)
		net->kernels->dots(rows, in_stride, in, in_stride, weight, bias[0], out);
	else
		net->kernels->product(rows, layer->stride, layer->in, in, in_stride, 1, weight, layer->stride,
							  bias, 0, out, layer->stride);
}

void
shopper_net_activate(const ShopperNet *net, int64_t n, float *x)
{
	switch (net->activation)
	{
		case SHOPPER_RELU:
			net->kernels->relu(n, x);
			break;
		case SHOPPER_TANH:
			net->kernels->tanh(n, x);
			break;
		case SHOPPER_SIGMOID:
			net->kernels->sigmoid(n, x);
			break;
	}
}

/*
 * exp for x <= 0, in double and without the library's: the same bits everywhere.
 * Taylor's series up to r^13 / 13! on |r| <= ln 2 / 2: 2e-17.
 */
static double
exp_negative(double x)
{
	static const double factor[] = {1.0, 1.0, 1.0 / 2, 1.0 / 6, 1.0 / 24, 1.0 / 120, 1.0 / 720, 1.0 / 5040, 1.0 / 40320,
	1.0 / 362880, 1.0 / 3628800, 1.0 / 39916800, 1.0 / 479001600, 1.0 / 6227020800.0};
	double		k,
				r,
				p = factor[13];
	uint64_t	bits;
	double		power;

	if (!(x > -700.0))			/* exp(-700) is still normal */
		return x != x ? x : 0.0;
	k = (x * 1.4426950408889634 + 0x1.8p52) - 0x1.8p52;	/* rounds to an integer */
	/* ln 2 in two parts: k times the first is exact */
	r = (x - k * 0x1.62e42fee00000p-1) - k * 0x1.a39ef35793c76p-33;
	for (int i = 12; i >= 0; i--)
		p = p * r + factor[i];
	bits = (uint64_t) ((int64_t) k + 1023) << 52;
	memcpy(&power, &bits, sizeof(power));
	return p * power;
}

void
shopper_net_output(const ShopperNet *net, const float *z, double *out)
{
	double		top,
				total = 0;

	if (net->head == SHOPPER_HEAD_NUMBER)
	{
		out[0] = net->target_mean + net->target_scale * (double) z[0];
		return;
	}
	if (net->head == SHOPPER_HEAD_BINARY)
	{
		double		e = exp_negative(-fabs((double) z[0]));
		int			likely = !(z[0] < 0);

		out[likely] = 1.0 / (1.0 + e);
		out[!likely] = e / (1.0 + e);	/* not 1 - likely: keeps its digits */
		return;
	}
	top = z[0];
	for (int j = 1; j < net->outputs; j++)
		top = z[j] > top ? z[j] : top;
	for (int j = 0; j < net->outputs; j++)
		total += out[j] = exp_negative((double) z[j] - top);
	for (int j = 0; j < net->outputs; j++)
		out[j] /= total;
}

/* Rows to predict: one row of doubles, or rows of a table from `first` on. */
typedef struct Rows
{
	const double *dense;
	const int32_t *lookup;
	const ShopperTable *table;
	int64_t		first;
	int64_t		n;
} Rows;

/* Layer 0 in the order of training: bias, numbers, then the looked-up rows. */
static void
first_layer(const ShopperNet *net, const Rows *rows, float *out)
{
	const ShopperNetLayer *layer = &net->layer[0];
	float		x[DENSE_COLUMNS * MOST_ROWS];	/* (columns, rows) */

	const float *weight = net->param + layer->weight;
	const float *start = net->param + layer->bias;
	int			from = 0;

	do
	{
		int			n = net->n_dense - from < DENSE_COLUMNS ? net->n_dense - from : DENSE_COLUMNS;

		for (int j = 0; j < n; j++)
		{
			if (rows->table)
				memcpy(x + j * rows->n, rows->table->dense32[from + j] + rows->first, (size_t) rows->n * sizeof(float));
			else
				x[j] = (float) rows->dense[from + j];
		}
		net->kernels->product(rows->n, layer->stride, n, x, 1, rows->n, weight + (int64_t) from * layer->stride,
							  layer->stride, start, from > 0 ? layer->stride : 0, out, layer->stride);
		start = out;
		from += DENSE_COLUMNS;
	} while (from < net->n_dense);
	for (int k = 0; k < net->n_lookup; k++)
		net->kernels->gather_add(rows->n, layer->stride, rows->table ? rows->table->lookup[k] + rows->first : rows->lookup + k,
								 net->size[k], weight + net->block[k] * layer->stride, out);
}

static void
predict_rows(const ShopperNet *net, const Rows *rows, double *out)
{
	float		one[BLOCK_FLOATS],
				two[BLOCK_FLOATS];
	float	   *now = one,
			   *next = two;
	int			outputs = net->head == SHOPPER_HEAD_BINARY ? 2 : net->outputs;

	first_layer(net, rows, now);
	for (int l = 1; l < net->n_layers; l++)
	{
		float	   *swap = now;

		shopper_net_activate(net, rows->n * net->layer[l - 1].stride, now);
		shopper_net_layer(net, l, rows->n, now, next);
		now = next;
		next = swap;
	}
	for (int64_t i = 0; i < rows->n; i++)
		shopper_net_output(net, now + i * net->layer[net->n_layers - 1].stride, out + i * outputs);
}

void
shopper_net_predict(const ShopperNet *net, const double *dense, const int32_t *lookup, double *out)
{
	Rows		rows = {dense, lookup, NULL, 0, 1};

	predict_rows(net, &rows, out);
}

void
shopper_net_predict_block(const ShopperNet *net, const ShopperTable *table, int64_t from, int64_t to, double *out)
{
	int			widest = SHOPPER_LANES;
	int			outputs = net->head == SHOPPER_HEAD_BINARY ? 2 : net->outputs;
	int64_t		step;

	for (int l = 0; l < net->n_layers; l++)
		widest = net->layer[l].stride > widest ? net->layer[l].stride : widest;
	step = BLOCK_FLOATS / widest < MOST_ROWS ? BLOCK_FLOATS / widest : MOST_ROWS;
	for (int64_t at = from; at < to; at += step)
	{
		Rows		rows = {NULL, NULL, table, at, to - at < step ? to - at : step};

		predict_rows(net, &rows, out + (at - from) * outputs);
	}
}

/* ---- stored form ---- */

void
shopper_net_encode(const ShopperNet *net, ShopperWriter *w)
{
	shopper_put_u8(w, (uint8_t) net->activation);
	shopper_put_u8(w, (uint8_t) net->head);
	shopper_put_varint(w, (uint64_t) net->n_dense);
	shopper_put_varint(w, (uint64_t) net->n_lookup);
	for (int k = 0; k < net->n_lookup; k++)
		shopper_put_varint(w, (uint64_t) net->size[k]);
	shopper_put_varint(w, (uint64_t) net->n_layers);
	for (int l = 0; l < net->n_layers; l++)
		shopper_put_varint(w, (uint64_t) net->layer[l].out);
	shopper_put_f64(w, net->target_mean);
	shopper_put_f64(w, net->target_scale);
	shopper_put_varint(w, (uint64_t) net->epochs);
	shopper_put_f64(w, net->loss);
	shopper_put_varint(w, (uint64_t) shopper_net_count(net));
	for (int l = 0; l < net->n_layers; l++)
	{
		const ShopperNetLayer *layer = &net->layer[l];

		for (int64_t i = 0; i < layer->in && !layer->vector; i++)
			shopper_put_f32s(w, net->param + weight_at(layer, i, 0), layer->out);
		if (layer->vector)
			shopper_put_f32s(w, net->param + layer->weight, layer->in);
		shopper_put_f32s(w, net->param + layer->bias, layer->out);
	}
}

/* A varint that must lie in [low, high]; 0 and failed otherwise. */
static int64_t
get_within(ShopperReader *r, uint64_t low, uint64_t high)
{
	uint64_t	v = shopper_get_varint(r);

	if (v >= low && v <= high)
		return (int64_t) v;
	r->failed = true;
	return 0;
}

/* The shape, each count within its limit; arrays are no longer than the bytes justify. */
static ShopperStatus
get_shape(ShopperEnv *env, ShopperReader *r, ShopperNetShape *shape)
{
	int64_t    *width;
	int		   *size;
	int			n_layers;
	int64_t		columns;

	shape->activation = (ShopperActivation) get_within(r, SHOPPER_RELU, SHOPPER_SIGMOID);
	shape->head = (ShopperHead) get_within(r, SHOPPER_HEAD_BINARY, SHOPPER_HEAD_NUMBER);
	shape->n_dense = (int) get_within(r, 0, SHOPPER_NET_MAX_WEIGHTS);
	shape->n_lookup = (int) shopper_get_count(r, 1);
	SHOPPER_NEW0(env, size, shape->n_lookup);
	columns = shape->n_dense;
	for (int k = 0; k < shape->n_lookup; k++)
	{
		size[k] = (int) get_within(r, 0, (uint64_t) (SHOPPER_NET_MAX_WEIGHTS - columns));
		columns += size[k];
	}
	n_layers = (int) get_within(r, 1, SHOPPER_NET_MAX_HIDDEN + 1);
	SHOPPER_NEW0(env, width, n_layers);
	for (int l = 0; l < n_layers; l++)
		width[l] = get_within(r, 1, SHOPPER_NET_MAX_WIDTH);
	if (r->failed)
		return shopper_bad_bytes(env, "net");
	shape->size = size;
	shape->n_hidden = n_layers - 1;
	shape->hidden = width;
	shape->outputs = (int) width[n_layers - 1];
	if ((shape->head == SHOPPER_HEAD_CLASSES) != (shape->outputs > 1))
		return shopper_bad_bytes(env, "outputs of a net");
	return SHOPPER_OK;
}

/* Weights of the shape, without padding: sums and products that cannot overflow within the limits above. */
static int64_t
count_weights(const ShopperNetShape *shape)
{
	int64_t		in = shape->n_dense;
	int64_t		n = 0;

	for (int k = 0; k < shape->n_lookup; k++)
		in += shape->size[k];
	for (int l = 0; l <= shape->n_hidden; l++)
	{
		n += (in + 1) * shape->hidden[l];	/* the last width is the outputs */
		in = shape->hidden[l];
	}
	return n;
}

ShopperStatus
shopper_net_decode(ShopperEnv *env, ShopperReader *r, ShopperNet **result)
{
	ShopperNetShape shape = {0};
	ShopperNet *net;
	double		mean,
				scale,
				loss;
	int64_t		epochs;

	SHOPPER_TRY(get_shape(env, r, &shape));
	mean = shopper_get_f64(r);
	scale = shopper_get_f64(r);
	epochs = get_within(r, 0, INT64_MAX);
	loss = shopper_get_f64(r);
	if (shopper_get_count(r, sizeof(float)) != count_weights(&shape) || r->failed ||
		!isfinite(mean) || !isfinite(scale) || !isfinite(loss))
		return shopper_bad_bytes(env, "net");
	SHOPPER_TRY(shopper_net_make(env, &shape, &net));
	net->target_mean = mean;
	net->target_scale = scale;
	net->epochs = epochs;
	net->loss = loss;
	for (int l = 0; l < net->n_layers; l++)
	{
		const ShopperNetLayer *layer = &net->layer[l];

		for (int64_t i = 0; i < layer->in && !layer->vector; i++)
			shopper_get_f32s(r, net->param + weight_at(layer, i, 0), layer->out);
		if (layer->vector)
			shopper_get_f32s(r, net->param + layer->weight, layer->in);
		shopper_get_f32s(r, net->param + layer->bias, layer->out);
	}
	for (int64_t i = 0; i < net->n_params; i++)
		if (!isfinite(net->param[i]))
			return shopper_bad_bytes(env, "weights of a net");
	*result = net;
	return r->failed ? shopper_bad_bytes(env, "net") : SHOPPER_OK;
}
