/*
 * ensemble_shap.c: path-dependent Shapley values in time linear in the leaves.
 *
 * Lundberg, Erion and Lee (2018) define what a tree says of a set of known inputs:
 * at a split of an unknown input both sides count, by their share of the training
 * rows. Of one leaf with value v that is v times a product over the inputs i on its
 * path: o_i (1 when the row takes all splits of i towards the leaf, else 0) when i is
 * known, z_i (the product of the shares at these splits) when it is not.
 *
 * The Shapley value of input i is an integral over the multilinear extension (Owen
 * 1972); of one leaf
 *
 *   v (o_i - z_i) integral_0^1 prod_{j != i} (o_j t + z_j (1 - t)) dt .
 *
 * The integrand is a polynomial of degree d - 1 for d inputs on the path, so n points
 * of Gauss and Legendre give the exact value for d <= 2n, and all its terms have one
 * sign: nothing cancels. As in Linear TreeSHAP (Yu et al. 2022) the products are
 * carried down and the sums over leaves up the tree, one vector of points an edge. An
 * input that is split again replaces its factor: what lies below the second split is
 * added there, and taken off with the factor of the first.
 */
#include "ensemble_internal.h"

#include <math.h>
#include <string.h>

#include "../../core/simd.h"

#define NODES_BETWEEN_POLLS 100000
#define LEAST_SHARE 1e-250

typedef struct Edge
{
	ShopperDouble8 path[4];		/* product of the factors down to here */
	ShopperDouble8 inverse[4];	/* 1 / the factor of this edge's input, all its splits above counted */
	ShopperDouble8 sum[4];		/* of the leaves below: product times value times weight of the point */
	double		z;
	bool		o;
	bool		right_done;		/* of the node below */
	int			input;
	int			above;			/* the last edge above with this input; -1: none */
	int32_t		node;
} Edge;

typedef struct Points
{
	int			blocks;			/* of 8 */
	ShopperDouble8 t[4];
	ShopperDouble8 u[4];		/* 1 - t */
	ShopperDouble8 inverse_u[4];
	ShopperDouble8 weight[4];
} Points;

/* Roots of the Legendre polynomial of degree n by Newton's method, moved to (0, 1). */
static void
make_points(int n, double *point, double *weight)
{
	for (int i = 0; i < n; i++)
	{
		double		x = cos(3.141592653589793 * (i + 0.75) / (n + 0.5)),
					slope = 1;

		for (int round = 0; round < 100; round++)
		{
			double		p = 1,
						before = 0,
						step;

			for (int k = 1; k <= n; k++)
			{
				double		next = ((2 * k - 1) * x * p - (k - 1) * before) / k;

				before = p;
				p = next;
			}
			slope = n * (x * p - before) / (x * x - 1);
			step = p / slope;
			x -= step;
			if (fabs(step) < 1e-16)
				break;
		}
		point[i] = (1 - x) / 2;
		weight[i] = 1 / ((1 - x * x) * slope * slope);
	}
}

void
shopper_ensemble_make_points(ShopperEnsemble *e)
{
	make_points(8, e->point, e->point_weight);
	make_points(16, e->point + 8, e->point_weight + 8);
	make_points(32, e->point + 24, e->point_weight + 24);
}

static void
choose_points(const ShopperEnsemble *e, int distinct, Points *q)
{
	int			at = distinct <= 16 ? 0 : distinct <= 32 ? 8 : 24;

	q->blocks = distinct <= 16 ? 1 : distinct <= 32 ? 2 : 4;
	memcpy(q->t, e->point + at, (size_t) q->blocks * sizeof(ShopperDouble8));
	memcpy(q->weight, e->point_weight + at, (size_t) q->blocks * sizeof(ShopperDouble8));
	for (int b = 0; b < q->blocks; b++)
	{
		q->u[b] = 1 - q->t[b];
		q->inverse_u[b] = 1 / q->u[b];
	}
}

/* Fill edge d, which leads to a child: does the row go there, and which share of the training rows did. */
static inline __attribute__((always_inline)) void
enter(Edge *edge, int d, int32_t child, int input, bool goes, double share, const Points *q, const int blocks)
{
	Edge	   *to = &edge[d];
	int			above = d - 1;

	while (above > 0 && edge[above].input != input)
		above--;
	if (above == 0)
		above = -1;
	to->node = child;
	to->input = input;
	to->above = above;
	to->right_done = false;
	to->o = goes && (above < 0 || edge[above].o);
	to->z = share * (above < 0 ? 1 : edge[above].z);
	if (to->z < LEAST_SHARE)
		to->z = LEAST_SHARE;
	for (int b = 0; b < blocks; b++)
	{
		ShopperDouble8 factor = to->z * q->u[b];

		if (to->o)
		{
			factor += q->t[b];
			to->inverse[b] = 1 / factor;
		}
		else
			to->inverse[b] = q->inverse_u[b] * (1 / to->z);
		to->path[b] = edge[d - 1].path[b] * factor;
		if (above >= 0)
			to->path[b] *= edge[above].inverse[b];
		to->sum[b] = (ShopperDouble8) {0};
	}
}

/* All leaves below edge d are summed: what they give to its input. */
static inline __attribute__((always_inline)) void
leave(Edge *edge, int d, const Points *q, ShopperDouble8 *phi, const int blocks)
{
	Edge	   *from = &edge[d];
	const Edge *above = from->above >= 0 ? &edge[from->above] : NULL;
	ShopperDouble8 total = {0};

	for (int b = 0; b < blocks; b++)
		edge[d - 1].sum[b] += from->sum[b];
	if (above != NULL && !above->o)
		return;					/* both factors are shares of 1 - t: they say the same of this input */
	for (int b = 0; b < blocks; b++)
	{
		if (from->o)
			total += (1 - from->z) * (from->sum[b] * from->inverse[b]);
		else
			total -= from->sum[b] * q->inverse_u[b];
		if (above != NULL)
			total -= (1 - above->z) * (from->sum[b] * above->inverse[b]);
	}
	phi[from->input] += total;
}

static inline __attribute__((always_inline)) void
explain_tree(const ShopperEnsemble *e, const ShopperTree *t, const double *dense, const int32_t *lookup,
			 int value, const Points *q, ShopperDouble8 *phi, const int blocks)
{
	const ShopperNode *node = e->node + t->node;
	Edge		edge[SHOPPER_MAX_DEPTH + 1];
	int			d = 0;

	edge[0].node = 0;
	edge[0].right_done = false;
	edge[0].input = -1;
	for (int b = 0; b < blocks; b++)
	{
		edge[0].path[b] = (ShopperDouble8) {0} + 1;
		edge[0].sum[b] = (ShopperDouble8) {0};
	}
	for (;;)
	{
		int32_t		at = edge[d].node;
		bool		goes_left;

		if (node[at].right < 0)
		{
			double		v = e->value[(int64_t) node[at].leaf * e->values + value];

			for (int b = 0; b < blocks; b++)
				edge[d].sum[b] = edge[d].path[b] * q->weight[b] * v;
			/* up to the next right child that is still to come */
			while (d > 0)
			{
				leave(edge, d--, q, phi, blocks);
				if (!edge[d].right_done)
					break;
			}
			if (d == 0 && edge[0].right_done)
				return;
			at = edge[d].node;
			if (node[at].right < 0)
				return;			/* the root is a leaf */
			edge[d].right_done = true;
			goes_left = shopper_goes_left(e, &node[at], dense, lookup);
			enter(edge, d + 1, node[at].right, (int) node[at].input, !goes_left,
				  1 - shopper_left_share(&node[at + 1], &node[node[at].right]), q, blocks);
		}
		else
		{
			goes_left = shopper_goes_left(e, &node[at], dense, lookup);
			enter(edge, d + 1, at + 1, (int) node[at].input, goes_left,
				  shopper_left_share(&node[at + 1], &node[node[at].right]), q, blocks);
		}
		d++;
	}
}

SHOPPER_CLONES static void
explain_small_tree(const ShopperEnsemble *e, const ShopperTree *t, const double *dense, const int32_t *lookup,
				   int value, const Points *q, ShopperDouble8 *phi)
{
	explain_tree(e, t, dense, lookup, value, q, phi, 1);
}

SHOPPER_CLONES static void
explain_large_tree(const ShopperEnsemble *e, const ShopperTree *t, const double *dense, const int32_t *lookup,
				   int value, const Points *q, ShopperDouble8 *phi)
{
	explain_tree(e, t, dense, lookup, value, q, phi, q->blocks);
}

ShopperStatus
shopper_ensemble_shap(ShopperEnv *env, const ShopperEnsemble *e, const double *dense, const int32_t *lookup,
					  int output, double *base, double *contribution)
{
	int64_t		inputs = (int64_t) e->n_dense + e->n_lookup,
				nodes = 0;
	ShopperDouble8 *phi;
	Points		q = {0};

	SHOPPER_NEW0(env, phi, inputs);
	for (int64_t i = 0; i < e->n_trees; i++)
	{
		const ShopperTree *t = &e->tree[i];
		int			blocks = t->distinct <= 16 ? 1 : t->distinct <= 32 ? 2 : 4;

		if (e->values == 1 && t->output != output)
			continue;
		if (blocks != q.blocks)
			choose_points(e, t->distinct, &q);
		if (blocks == 1)
			explain_small_tree(e, t, dense, lookup, e->values == 1 ? 0 : output, &q, phi);
		else
			explain_large_tree(e, t, dense, lookup, e->values == 1 ? 0 : output, &q, phi);
		nodes += t->n_nodes;
		if (nodes > NODES_BETWEEN_POLLS)
		{
			SHOPPER_TRY(shopper_poll(env));
			nodes = 0;
		}
	}
	for (int64_t j = 0; j < inputs; j++)
		contribution[j] = shopper_sum8(phi[j]);
	shopper_release(env, phi);
	*base = e->base[output];
	return SHOPPER_OK;
}
