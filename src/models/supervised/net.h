/*
 * net.h: a feed-forward net over prepared rows: shape, weights, forward pass,
 * stored form. net_fit.c and net_step.c train it, mlp.c is the learner around both.
 *
 * Layer 0 reads n_dense numbers and one weight row for each category (the one-hot
 * columns are never made). Weights are float32, (inputs, outputs) row-major with
 * rows padded to 16 floats; the padding is 0 and stays 0. A single output behind a
 * hidden layer keeps its weights as one padded vector instead.
 *
 * Memory of a model: 4 bytes a weight (padded). predict and predict_block use at
 * most 60 kB of stack and nothing else.
 */
#ifndef SHOPPER_NET_H
#define SHOPPER_NET_H

#include "../../core/gemm.h"
#include "../learner.h"

#define SHOPPER_NET_MAX_WIDTH 4096	/* units of a layer: bounds the stack of predict */
#define SHOPPER_NET_MAX_HIDDEN 64
#define SHOPPER_NET_MAX_WEIGHTS 16000000	/* one optimiser pass over them stays near 20 ms */

typedef enum ShopperActivation
{
	SHOPPER_RELU = 0,
	SHOPPER_TANH = 1,
	SHOPPER_SIGMOID = 2
} ShopperActivation;

typedef enum ShopperHead
{
	SHOPPER_HEAD_BINARY = 0,	/* one logit; class 1 is the positive one */
	SHOPPER_HEAD_CLASSES = 1,	/* softmax */
	SHOPPER_HEAD_NUMBER = 2		/* the standardized target */
} ShopperHead;

typedef struct ShopperNetLayer
{
	int64_t		in;				/* rows of weights; layer 0: n_dense and all blocks */
	int			out;
	int			stride;			/* floats between rows of outputs: out padded, or 1 for a vector */
	bool		vector;
	int64_t		weight;			/* first weight and first bias in param */
	int64_t		bias;
	int64_t		n_weights;		/* with padding */
} ShopperNetLayer;

typedef struct ShopperNet
{
	const ShopperKernels *kernels;
	ShopperActivation activation;
	ShopperHead head;
	int			n_dense;
	int			n_lookup;
	int		   *size;			/* (n_lookup) */
	int64_t    *block;			/* (n_lookup) weight row of each block's first column */
	int			outputs;		/* of the last layer: 1, or the classes */
	int			n_layers;		/* hidden ones and the head */
	ShopperNetLayer *layer;
	int64_t		n_params;		/* with padding */
	float	   *param;			/* (n_params) each layer: weights, then biases */
	double		target_mean;	/* HEAD_NUMBER: y = target_mean + target_scale * output */
	double		target_scale;
	int64_t		epochs;			/* run in training */
	double		loss;			/* mean of the last epoch */
} ShopperNet;

/* What decides the shape. hidden (n_hidden) and size (n_lookup) are copied. */
typedef struct ShopperNetShape
{
	int			n_dense;
	int			n_lookup;
	const int  *size;
	int			n_hidden;
	const int64_t *hidden;
	int			outputs;
	ShopperActivation activation;
	ShopperHead head;
} ShopperNetShape;

/* All weights 0; SHOPPER_LIMIT when it would be too big. */
extern ShopperStatus shopper_net_make(ShopperEnv *env, const ShopperNetShape *shape, ShopperNet **net);
/*
 * Random weights by the seed. glorot: uniform within sqrt(6 / (in + out)) (2 instead of 6 for
 * sigmoid), biases alike (Glorot and Bengio 2010, as scikit-learn); he: uniform within
 * sqrt(6 / in), biases 0 (He et al. 2015).
 */
extern void shopper_net_init(ShopperNet *net, uint64_t seed, bool he);
/*
 * Start from the weights of an earlier model (net_continue.c): the same columns, classes and
 * layers, else SHOPPER_BAD_OPTION. Weights are moved by name and rescaled to the new spec.
 */
extern ShopperStatus shopper_net_continue(ShopperEnv *env, ShopperNet *net, const ShopperSpec *spec,
										  const ShopperModel *previous);
/* Weights and biases, without padding. */
extern int64_t shopper_net_count(const ShopperNet *net);

/* One layer behind the first: out (rows, stride) from in (rows, padded inputs); no activation. */
extern void shopper_net_layer(const ShopperNet *net, int l, int64_t rows, const float *in, float *out);
extern void shopper_net_activate(const ShopperNet *net, int64_t n, float *x);
/* Logits or outputs of a row to probabilities or a number in the user's units; z has the last layer's width. */
extern void shopper_net_output(const ShopperNet *net, const float *z, double *out);

/* ShopperLearner's predict and predict_block; both give the same bits for the same row. */
extern void shopper_net_predict(const ShopperNet *net, const double *dense, const int32_t *lookup, double *out);
extern void shopper_net_predict_block(const ShopperNet *net, const ShopperTable *table, int64_t from, int64_t to, double *out);

extern void shopper_net_encode(const ShopperNet *net, ShopperWriter *w);
extern ShopperStatus shopper_net_decode(ShopperEnv *env, ShopperReader *r, ShopperNet **net);

/* ---- training (net_fit.c) ---- */

typedef enum ShopperSchedule
{
	SHOPPER_RATE_CONSTANT,
	SHOPPER_RATE_INVERSE,		/* rate / (1 + decay * epoch) */
	SHOPPER_RATE_COSINE,		/* rate * (1 + cos(pi * epoch / epochs)) / 2 */
	SHOPPER_RATE_STEP			/* rate * decay^(epoch / step_epochs), whole steps */
} ShopperSchedule;

typedef struct ShopperNetFit
{
	bool		adam;			/* else gradient descent */
	double		learning_rate;
	double		momentum;
	bool		nesterov;
	double		beta1;
	double		beta2;
	double		epsilon;
	double		l2;				/* adds l2 / 2 * |w|^2 / batch rows to a batch's loss; not of biases */
	double		dropout;		/* share of each hidden layer's outputs set to 0 */
	int64_t		batch_size;
	int64_t		epochs;
	ShopperSchedule schedule;
	double		decay;
	int64_t		step_epochs;
	bool		shuffle;
	bool		early_stopping;
	bool		on_accuracy;	/* early stopping watches accuracy, else loss */
	int64_t		patience;
	double		tolerance;
} ShopperNetFit;

/*
 * Fit on rows [0, n_train); rows behind are measured after each epoch. Adds the
 * history to the model. Memory: six floats a weight, and for each of at most 512
 * rows at a time two (with dropout three) floats a unit and one a column.
 * The same rows, settings and seed give the same weights for any number of threads.
 */
extern ShopperStatus shopper_net_fit(ShopperEnv *env, ShopperModel *model, ShopperNet *net,
									 const ShopperTable *table, const ShopperNetFit *fit);

#endif
