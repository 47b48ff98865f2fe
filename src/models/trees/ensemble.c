/*
 * ensemble.c: trees kept and walked. Bytes are ensemble_store.c, scoring is
 * ensemble_score.c, explaining ensemble_shap.c.
 */
#include "ensemble_internal.h"

#include <math.h>
#include <string.h>

#define MAX_NODES 0x3fffffff	/* of all trees; leaves and words too: they are kept in 32 bits */

ShopperStatus
shopper_ensemble_make(ShopperEnv *env, int n_dense, int n_lookup, const int *n_levels,
					  int outputs, int values, ShopperEnsemble **ensemble)
{
	ShopperEnsemble *e;

	shopper_assert(values == outputs || values == 1);
	SHOPPER_NEW0(env, e, 1);
	e->n_dense = n_dense;
	e->n_lookup = n_lookup;
	e->outputs = outputs;
	e->values = values;
	SHOPPER_NEW(env, e->n_levels, n_lookup);
	for (int k = 0; k < n_lookup; k++)
		e->n_levels[k] = n_levels[k];
	*ensemble = e;
	return SHOPPER_OK;
}

int64_t
shopper_ensemble_trees(const ShopperEnsemble *e)
{
	return e->n_trees;
}

int64_t
shopper_ensemble_nodes(const ShopperEnsemble *e)
{
	return e->n_nodes;
}

int64_t
shopper_ensemble_leaves(const ShopperEnsemble *e)
{
	return e->n_leaves;
}

int
shopper_ensemble_outputs(const ShopperEnsemble *e)
{
	return e->outputs;
}

int
shopper_ensemble_values(const ShopperEnsemble *e)
{
	return e->values;
}

int
shopper_ensemble_output_of(const ShopperEnsemble *e, int64_t tree)
{
	return e->tree[tree].output;
}

int
shopper_ensemble_depth(const ShopperEnsemble *e)
{
	int			depth = 0;

	for (int64_t t = 0; t < e->n_trees; t++)
		depth = e->tree[t].depth > depth ? e->tree[t].depth : depth;
	return depth;
}

/* ---- adding ---- */

ShopperStatus
shopper_ensemble_begin_tree(ShopperEnv *env, ShopperEnsemble *e, int64_t n_nodes, int output)
{
	SHOPPER_TRY(shopper_grow(env, &e->tree, &e->tree_capacity, e->n_trees + 1, sizeof(ShopperTree)));
	SHOPPER_TRY(shopper_grow(env, &e->node, &e->node_capacity, e->n_nodes + n_nodes, sizeof(ShopperNode)));
	if (e->n_nodes + n_nodes > MAX_NODES)
		return shopper_fail(env, SHOPPER_LIMIT, "the trees have more than %d nodes", MAX_NODES);
	e->tree[e->n_trees] = (ShopperTree) {.node = e->n_nodes,.leaf = e->n_leaves,.word = e->n_words,.output = output};
	return SHOPPER_OK;
}

ShopperStatus
shopper_ensemble_add_leaf(ShopperEnv *env, ShopperEnsemble *e, float cover, double **value)
{
	ShopperTree *t = &e->tree[e->n_trees];
	int64_t		at = e->n_leaves * e->values;

	SHOPPER_TRY(shopper_grow(env, &e->value, &e->value_capacity, at + e->values, sizeof(double)));
	e->node[t->node + t->n_nodes++] = (ShopperNode) {.right = -1,.leaf = (uint32_t) e->n_leaves,.cover = cover};
	e->n_leaves++;
	*value = e->value + at;
	return SHOPPER_OK;
}

ShopperStatus
shopper_ensemble_add_split(ShopperEnv *env, ShopperEnsemble *e, int input, float threshold, const uint32_t *left_levels, bool missing_left, float gain)
{
	ShopperTree *t = &e->tree[e->n_trees];
	ShopperNode *node = &e->node[t->node + t->n_nodes++];

	*node = (ShopperNode) {.input = (uint32_t) input,.missing_left = missing_left,.gain = gain,.threshold = threshold};
	if (input >= e->n_dense)
	{
		int			words = shopper_level_words(e, input),
					rest = e->n_levels[input - e->n_dense] % 32;

		SHOPPER_TRY(shopper_grow(env, &e->word, &e->word_capacity, e->n_words + words, sizeof(uint32_t)));
		if (e->n_words + words > MAX_NODES)
			return shopper_fail(env, SHOPPER_LIMIT, "the trees split too many levels");
		node->words = (uint32_t) e->n_words;
		if (words > 0)
		{
			memcpy(e->word + e->n_words, left_levels, (size_t) words * sizeof(uint32_t));
			if (rest > 0)
				e->word[e->n_words + words - 1] &= (1u << rest) - 1;
		}
		e->n_words += words;
	}
	return SHOPPER_OK;
}

/* From the nodes of a whole tree: covers upwards, depth and different inputs downwards. */
void
shopper_ensemble_complete(ShopperEnsemble *e, ShopperTree *t)
{
	ShopperNode *node = e->node + t->node;
	uint32_t	input[SHOPPER_MAX_DEPTH + 1];
	int32_t		right[SHOPPER_MAX_DEPTH + 1];	/* right children still to visit, by depth of their parent */
	int			depth = 0,
				top = 0,
				at_depth[SHOPPER_MAX_DEPTH + 1];

	t->depth = t->distinct = 0;
	for (int32_t i = t->n_nodes - 1; i >= 0; i--)
		if (node[i].right >= 0)
			node[i].cover = (float) ((double) node[i + 1].cover + (double) node[node[i].right].cover);
	for (int32_t i = 0; i < t->n_nodes; i++)
	{
		if (i > 0 && top > 0 && right[top - 1] == i)
			depth = at_depth[--top] + 1;
		if (node[i].right >= 0)
		{
			right[top] = node[i].right;
			at_depth[top++] = depth;
			input[depth++] = node[i].input;
		}
		else
		{
			int			distinct = 0;

			for (int k = 0; k < depth; k++)
			{
				bool		seen = false;

				for (int j = 0; j < k; j++)
					seen |= input[j] == input[k];
				distinct += !seen;
			}
			t->depth = depth > t->depth ? depth : t->depth;
			t->distinct = distinct > t->distinct ? distinct : t->distinct;
		}
	}
}

ShopperStatus
shopper_ensemble_add(ShopperEnv *env, ShopperEnsemble *e, const ShopperGrownNode *grown, int n_nodes, int output)
{
	struct
	{
		int32_t		node;		/* of grown */
		int32_t		parent;		/* whose right child it is, in the new tree; -1: a left one */
	}			stack[SHOPPER_MAX_DEPTH + 2];
	int			top = 0;
	ShopperTree *t;

	shopper_assert(output >= 0 && output < (e->values == 1 ? e->outputs : 1));
	SHOPPER_TRY(shopper_ensemble_begin_tree(env, e, n_nodes, output));
	t = &e->tree[e->n_trees];
	stack[top].node = 0;
	stack[top++].parent = -1;
	while (top > 0)
	{
		const ShopperGrownNode *g = &grown[stack[--top].node];
		double	   *value;

		if (stack[top].parent >= 0)
			e->node[t->node + stack[top].parent].right = t->n_nodes;
		if (g->left < 0)
		{
			SHOPPER_TRY(shopper_ensemble_add_leaf(env, e, (float) g->cover, &value));
			memcpy(value, g->value, (size_t) e->values * sizeof(double));
			continue;
		}
		shopper_assert(top + 2 <= SHOPPER_MAX_DEPTH + 2 && g->left < n_nodes && g->right < n_nodes);
		stack[top].node = g->right;
		stack[top++].parent = t->n_nodes;
		stack[top].node = g->left;
		stack[top++].parent = -1;
		SHOPPER_TRY(shopper_ensemble_add_split(env, e, g->input, g->threshold, g->left_levels, g->missing_left, (float) g->gain));
	}
	e->n_nodes += t->n_nodes;
	shopper_ensemble_complete(e, t);
	e->n_trees++;
	return SHOPPER_OK;
}

void
shopper_ensemble_truncate(ShopperEnsemble *e, int64_t n)
{
	if (n >= e->n_trees)
		return;
	e->n_nodes = e->tree[n].node;
	e->n_leaves = e->tree[n].leaf;
	e->n_words = e->tree[n].word;
	e->n_trees = n;
}

/* The set of levels here that go left: what their old codes did. */
static void
translate_levels(const ShopperEnsemble *e, const ShopperEnsemble *from, const ShopperNode *node, int input,
				 const int32_t *old_code, uint32_t *set)
{
	int			old_levels = from->n_levels[(int) node->input - from->n_dense];

	memset(set, 0, (size_t) shopper_level_words(e, input) * sizeof(uint32_t));
	for (int c = 0; c < e->n_levels[input - e->n_dense]; c++)
	{
		int32_t		old = old_code[c];
		bool		left = old < 0 || old >= old_levels ? node->missing_left
			: from->word[node->words + (uint32_t) old / 32] >> (old % 32) & 1;

		set[c / 32] |= (uint32_t) left << (c % 32);
	}
}

static ShopperStatus
append_tree(ShopperEnv *env, ShopperEnsemble *e, const ShopperEnsemble *from, const ShopperTree *old,
			const int *input, const int32_t *const *old_code, uint32_t *set)
{
	const ShopperNode *node = from->node + old->node;
	ShopperTree *t;
	double	   *value;

	SHOPPER_TRY(shopper_ensemble_begin_tree(env, e, old->n_nodes, old->output));
	t = &e->tree[e->n_trees];
	for (int32_t i = 0; i < old->n_nodes; i++)
	{
		int			j = node[i].right < 0 ? 0 : input[node[i].input];

		if (node[i].right < 0)
		{
			SHOPPER_TRY(shopper_ensemble_add_leaf(env, e, node[i].cover, &value));
			memcpy(value, from->value + (int64_t) node[i].leaf * from->values, (size_t) e->values * sizeof(double));
			continue;
		}
		if (j >= e->n_dense)
			translate_levels(e, from, &node[i], j, old_code[j - e->n_dense], set);
		SHOPPER_TRY(shopper_ensemble_add_split(env, e, j, node[i].threshold, set, node[i].missing_left, node[i].gain));
		e->node[t->node + i].right = node[i].right;
	}
	e->n_nodes += t->n_nodes;
	shopper_ensemble_complete(e, t);
	e->n_trees++;
	return SHOPPER_OK;
}

ShopperStatus
shopper_ensemble_append(ShopperEnv *env, ShopperEnsemble *e, const ShopperEnsemble *from,
						const int *input, const int32_t *const *old_code)
{
	int			most = 0;
	uint32_t   *set;

	shopper_assert(e->outputs == from->outputs && e->values == from->values);
	for (int k = 0; k < e->n_lookup; k++)
		most = e->n_levels[k] > most ? e->n_levels[k] : most;
	SHOPPER_NEW(env, set, most / 32 + 1);
	for (int64_t i = 0; i < from->n_trees; i++)
	{
		SHOPPER_TRY(append_tree(env, e, from, &from->tree[i], input, old_code, set));
		SHOPPER_TRY(shopper_poll(env));
	}
	shopper_release(env, set);
	return SHOPPER_OK;
}

void
shopper_ensemble_shift(ShopperEnsemble *e, int64_t n, const double *shift)
{
	for (int64_t i = n < e->n_trees ? e->tree[n].node : e->n_nodes; i < e->n_nodes; i++)
		if (e->node[i].right >= 0 && (int) e->node[i].input < e->n_dense)
			e->node[i].threshold = (float) ((double) e->node[i].threshold + shift[e->node[i].input]);
}

/* ---- looking ---- */

void
shopper_ensemble_gains(const ShopperEnsemble *e, double *gain)
{
	memset(gain, 0, (size_t) (e->n_dense + e->n_lookup) * sizeof(double));
	for (int64_t i = 0; i < e->n_nodes; i++)
		if (e->node[i].right >= 0)
			gain[e->node[i].input] += (double) e->node[i].gain;
}

bool
shopper_ensemble_visit(const ShopperEnsemble *e, int64_t tree,
					   bool (*visit) (void *ctx, const ShopperTreeNodeView *node), void *ctx)
{
	const ShopperTree *t = &e->tree[tree];
	struct
	{
		int32_t		right;
		int32_t		parent;
		int			depth;
	}			todo[SHOPPER_MAX_DEPTH + 1];
	int			top = 0,
				depth = 0;

	for (int32_t i = 0; i < t->n_nodes; i++)
	{
		const ShopperNode *node = &e->node[t->node + i];
		ShopperTreeNodeView view = {.node = i,.parent = i - 1,.is_left = true,.leaf = node->right < 0,.output = t->output,
		.gain = (double) node->gain,.cover = (double) node->cover};

		if (top > 0 && todo[top - 1].right == i)
		{
			view.parent = todo[--top].parent;
			view.is_left = false;
			depth = todo[top].depth + 1;
		}
		view.depth = depth;
		if (view.leaf)
			view.value = e->value + (int64_t) node->leaf * e->values;
		else
		{
			view.input = (int) node->input;
			view.missing_left = node->missing_left;
			if (view.input < e->n_dense)
				view.threshold = node->threshold;
			else
				view.left_levels = e->word + node->words;
			todo[top].right = node->right;
			todo[top].parent = i;
			todo[top++].depth = depth++;
		}
		if (!visit(ctx, &view))
			return false;
	}
	return true;
}
