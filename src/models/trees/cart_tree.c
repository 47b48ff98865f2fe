/* cart_tree.c: what becomes of a tree that is grown: pruning, leaves, a tree of an ensemble. */
#include "cart.h"

#include <math.h>
#include <string.h>

typedef struct Below
{
	double		gain;			/* sum over the splits of the subtree */
	int64_t		splits;
} Below;

ShopperStatus
shopper_cart_prune(ShopperEnv *env, ShopperCart *g, double alpha)
{
	double		per_row = g->total * g->data->weight_unit;
	Below	   *below;
	int32_t    *parent;

	SHOPPER_NEW0(env, below, g->n_nodes);
	SHOPPER_NEW(env, parent, g->n_nodes);
	parent[0] = -1;
	for (int64_t i = g->n_nodes - 1; i >= 0; i--)	/* children have higher numbers */
	{
		const ShopperCartNode *node = &g->node[i];

		if (node->left < 0)
			continue;
		parent[node->left] = parent[node->right] = (int32_t) i;
		below[i].gain = node->gain + below[node->left].gain + below[node->right].gain;
		below[i].splits = 1 + below[node->left].splits + below[node->right].splits;
	}
	for (;;)
	{
		int64_t		weakest = -1;
		double		least = 0;
		Below		gone;

		/* what a subtree gains per leaf that it costs */
		for (int64_t i = 0; i < g->n_nodes; i++)
			if (below[i].splits > 0)
			{
				double		strength = below[i].gain / (double) below[i].splits / per_row;

				if (weakest < 0 || strength < least)
				{
					weakest = i;
					least = strength;
				}
			}
		if (weakest < 0 || least > alpha)
			break;
		gone = below[weakest];
		for (int64_t i = weakest; i >= 0; i = parent[i])
		{
			below[i].gain -= gone.gain;
			below[i].splits -= gone.splits;
		}
		/* the subtree no longer counts */
		g->node[weakest].left = g->node[weakest].right = -1;
		below[weakest] = (Below) {0};
		for (int64_t i = weakest + 1; i < g->n_nodes; i++)
			if (parent[i] >= 0 && below[i].splits > 0 && g->node[parent[i]].left != i && g->node[parent[i]].right != i)
			{
				below[i] = (Below) {0};
				g->node[i].left = g->node[i].right = -1;
			}
		SHOPPER_TRY(shopper_poll(env));
	}
	shopper_release(env, below);
	shopper_release(env, parent);
	return SHOPPER_OK;
}

void
shopper_cart_leaf(const ShopperCart *g, const ShopperCartNode *node, double *value)
{
	const ShopperCartData *d = g->data;
	const ShopperCartClassLoad *class_load = g->load;
	const ShopperCartAmountLoad *amount_load = g->load;
	double		weight = 0,
				sum = 0,
				smooth = g->rules->smoothing;

	if (d->n_classes == 0)
	{
		double		base = d->y[g->row[node->from]];

		for (int64_t i = node->from; i < node->to; i++)
		{
			weight += (double) amount_load[i].weight;
			sum += (double) amount_load[i].weight * (d->y[g->row[i]] - base);
		}
		value[0] = base + sum / weight;
		return;
	}
	memset(value, 0, (size_t) d->values * sizeof(double));
	for (int64_t i = node->from; i < node->to; i++)
	{
		double		w = class_load[i].weight * d->weight_unit;

		weight += w;
		if (d->values > 1)
			value[class_load[i].y] += w;
		else if (class_load[i].y == 1)
			value[0] += w;
	}
	for (int c = 0; c < d->values; c++)
		value[c] = (value[c] + smooth) / (weight + smooth * d->n_classes);
}

/* All codes of the category, those that the bins keep together with the missing ones included. */
static void
copy_levels(const ShopperCart *g, const ShopperCartNode *node, int n_levels, uint32_t *set)
{
	const ShopperBinColumn *c = &g->data->bins->column[node->column];

	memset(set, 0, (size_t) (n_levels / 32 + 1) * sizeof(uint32_t));
	for (int k = 0; k < n_levels; k++)
	{
		bool		left = k < c->n_bins - 1 ? g->word[node->words + k / 32] >> (k % 32) & 1 : node->missing_left;

		set[k / 32] |= (uint32_t) left << (k % 32);
	}
}

ShopperStatus
shopper_cart_add(ShopperEnv *env, const ShopperCart *g, const int *n_levels, ShopperEnsemble *ensemble)
{
	const ShopperBins *bins = g->data->bins;
	ShopperGrownNode *grown;
	double	   *value;
	uint32_t   *set;
	int64_t		at = 0,
				words = 0;

	for (int64_t i = 0; i < g->n_nodes; i++)
		if (g->node[i].left >= 0 && bins->column[g->node[i].column].category)
			words += n_levels[bins->column[g->node[i].column].source] / 32 + 1;
	SHOPPER_NEW0(env, grown, g->n_nodes);
	SHOPPER_NEW(env, value, g->n_nodes * g->data->values);
	SHOPPER_NEW(env, set, words);
	for (int64_t i = 0; i < g->n_nodes; i++)
	{
		const ShopperCartNode *node = &g->node[i];
		ShopperGrownNode *to = &grown[i];

		to->left = node->left;
		to->right = node->right;
		if (node->left < 0)
		{
			to->cover = shopper_cart_weight(g, node) * g->data->weight_unit;
			to->value = value + i * g->data->values;
			shopper_cart_leaf(g, node, value + i * g->data->values);
			continue;
		}
		to->input = node->column;
		to->missing_left = node->missing_left;
		to->gain = node->gain;
		if (bins->column[node->column].category)
		{
			to->left_levels = set + at;
			copy_levels(g, node, n_levels[bins->column[node->column].source], set + at);
			at += n_levels[bins->column[node->column].source] / 32 + 1;
		}
		else
			to->threshold = node->last_bin == bins->column[node->column].n_bins - 2 ? INFINITY
				: bins->column[node->column].edge[node->last_bin];
	}
	SHOPPER_TRY(shopper_ensemble_add(env, ensemble, grown, (int) g->n_nodes, 0));
	shopper_release(env, grown);
	shopper_release(env, value);
	shopper_release(env, set);
	return SHOPPER_OK;
}
