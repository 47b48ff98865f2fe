/*
 * ensemble.c: trees kept, walked, stored. Scoring is ensemble_score.c, explaining
 * ensemble_shap.c.
 */
#include "ensemble_internal.h"

#include <math.h>
#include <string.h>

#define TAG_LEAF 0
#define TAG_NUMBER 1
#define TAG_CATEGORY 2
#define TAG_MISSING_LEFT 4

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

static ShopperStatus
begin_tree(ShopperEnv *env, ShopperEnsemble *e, int64_t n_nodes, int output)
{
	SHOPPER_TRY(shopper_grow(env, &e->tree, &e->tree_capacity, e->n_trees + 1, sizeof(ShopperTree)));
	SHOPPER_TRY(shopper_grow(env, &e->node, &e->node_capacity, e->n_nodes + n_nodes, sizeof(ShopperNode)));
	if (e->n_nodes + n_nodes > MAX_NODES)
		return shopper_fail(env, SHOPPER_LIMIT, "the trees have more than %d nodes", MAX_NODES);
	e->tree[e->n_trees] = (ShopperTree) {.node = e->n_nodes,.leaf = e->n_leaves,.word = e->n_words,.output = output};
	return SHOPPER_OK;
}

/* Room for one more leaf; *value is where its numbers go. */
static ShopperStatus
add_leaf(ShopperEnv *env, ShopperEnsemble *e, float cover, double **value)
{
	ShopperTree *t = &e->tree[e->n_trees];
	int64_t		at = e->n_leaves * e->values;

	SHOPPER_TRY(shopper_grow(env, &e->value, &e->value_capacity, at + e->values, sizeof(double)));
	e->node[t->node + t->n_nodes++] = (ShopperNode) {.right = -1,.leaf = (uint32_t) e->n_leaves,.cover = cover};
	e->n_leaves++;
	*value = e->value + at;
	return SHOPPER_OK;
}

/* The right child is not known yet: 0. */
static ShopperStatus
add_split(ShopperEnv *env, ShopperEnsemble *e, int input, float threshold, const uint32_t *left_levels, bool missing_left, float gain)
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
	SHOPPER_TRY(begin_tree(env, e, n_nodes, output));
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
			SHOPPER_TRY(add_leaf(env, e, (float) g->cover, &value));
			memcpy(value, g->value, (size_t) e->values * sizeof(double));
			continue;
		}
		shopper_assert(top + 2 <= SHOPPER_MAX_DEPTH + 2 && g->left < n_nodes && g->right < n_nodes);
		stack[top].node = g->right;
		stack[top++].parent = t->n_nodes;
		stack[top].node = g->left;
		stack[top++].parent = -1;
		SHOPPER_TRY(add_split(env, e, g->input, g->threshold, g->left_levels, g->missing_left, (float) g->gain));
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

	SHOPPER_TRY(begin_tree(env, e, old->n_nodes, old->output));
	t = &e->tree[e->n_trees];
	for (int32_t i = 0; i < old->n_nodes; i++)
	{
		int			j = node[i].right < 0 ? 0 : input[node[i].input];

		if (node[i].right < 0)
		{
			SHOPPER_TRY(add_leaf(env, e, node[i].cover, &value));
			memcpy(value, from->value + (int64_t) node[i].leaf * from->values, (size_t) e->values * sizeof(double));
			continue;
		}
		if (j >= e->n_dense)
			translate_levels(e, from, &node[i], j, old_code[j - e->n_dense], set);
		SHOPPER_TRY(add_split(env, e, j, node[i].threshold, set, node[i].missing_left, node[i].gain));
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

/* ---- storing ---- */

static void
put_node(const ShopperEnsemble *e, const ShopperNode *node, ShopperWriter *w)
{
	bool		category = node->right >= 0 && (int) node->input >= e->n_dense;

	if (node->right < 0)
	{
		shopper_put_u8(w, TAG_LEAF);
		shopper_put_f32s(w, &node->cover, 1);
		shopper_put_f64s(w, e->value + (int64_t) node->leaf * e->values, e->values);
		return;
	}
	shopper_put_u8(w, (uint8_t) ((category ? TAG_CATEGORY : TAG_NUMBER) | (node->missing_left ? TAG_MISSING_LEFT : 0)));
	shopper_put_varint(w, node->input);
	shopper_put_f32s(w, &node->gain, 1);
	if (category)
		for (int k = 0; k < shopper_level_words(e, (int) node->input); k++)
			shopper_put_u32(w, e->word[node->words + (uint32_t) k]);
	else
		shopper_put_f32s(w, &node->threshold, 1);
}

void
shopper_ensemble_encode(const ShopperEnsemble *e, ShopperWriter *w)
{
	shopper_put_varint(w, (uint64_t) e->values);
	shopper_put_varint(w, (uint64_t) e->n_trees);
	for (int64_t i = 0; i < e->n_trees; i++)
	{
		shopper_put_varint(w, (uint64_t) e->tree[i].n_nodes);
		shopper_put_varint(w, (uint64_t) e->tree[i].output);
		for (int32_t k = 0; k < e->tree[i].n_nodes; k++)
			put_node(e, &e->node[e->tree[i].node + k], w);
	}
}

static ShopperStatus
get_leaf(ShopperEnv *env, ShopperEnsemble *e, ShopperReader *r)
{
	double	   *value;
	float		cover;

	shopper_get_f32s(r, &cover, 1);
	if (r->failed || !(cover >= 0) || isinf(cover))
		return shopper_bad_bytes(env, "a leaf has no proper cover");
	SHOPPER_TRY(add_leaf(env, e, cover, &value));
	memset(value, 0, (size_t) e->values * sizeof(double));
	shopper_get_f64s(r, value, e->values);
	for (int k = 0; k < e->values; k++)
		if (r->failed || !isfinite(value[k]))
			return shopper_bad_bytes(env, "a leaf is not a number");
	return SHOPPER_OK;
}

/* *set, for a category's left levels, has room for any. */
static ShopperStatus
get_split(ShopperEnv *env, ShopperEnsemble *e, ShopperReader *r, uint8_t tag, uint32_t *set)
{
	uint64_t	input = shopper_get_varint(r);
	bool		category = (tag & 3) == TAG_CATEGORY;
	float		gain,
				threshold = 0;

	shopper_get_f32s(r, &gain, 1);
	if (r->failed || isnan(gain) || input >= (uint64_t) (e->n_dense + e->n_lookup) || category != (input >= (uint64_t) e->n_dense))
		return shopper_bad_bytes(env, "a split reads a column that is not there");
	if (!category)
		shopper_get_f32s(r, &threshold, 1);
	else
		for (int k = 0; k < shopper_level_words(e, (int) input); k++)
			set[k] = shopper_get_u32(r);
	if (r->failed || isnan(threshold))
		return shopper_bad_bytes(env, "a split has no threshold");
	return add_split(env, e, (int) input, threshold, set, (tag & TAG_MISSING_LEFT) != 0, gain);
}

/* Preorder tells the shape: a split is followed by its left tree, then by its right one. */
static ShopperStatus
get_tree(ShopperEnv *env, ShopperEnsemble *e, ShopperReader *r, uint32_t *set)
{
	int64_t		n = shopper_get_count(r, 6);
	uint64_t	output = shopper_get_varint(r);
	int32_t		open[SHOPPER_MAX_DEPTH];	/* splits whose right child is to come, and their depths */
	int			at_depth[SHOPPER_MAX_DEPTH],
				top = 0,
				depth = 0;
	ShopperTree *t;

	if (r->failed || n < 1 || output >= (uint64_t) (e->values == 1 ? e->outputs : 1))
		return shopper_bad_bytes(env, "a tree is empty or for no output");
	SHOPPER_TRY(begin_tree(env, e, n, (int) output));
	t = &e->tree[e->n_trees];
	while (t->n_nodes < n)
	{
		uint8_t		tag = shopper_get_u8(r);

		if (t->n_nodes % 65536 == 65535)
			SHOPPER_TRY(shopper_poll(env));
		if (tag == TAG_LEAF)
		{
			SHOPPER_TRY(get_leaf(env, e, r));
			if (top == 0)
				break;
			e->node[t->node + open[--top]].right = t->n_nodes;
			depth = at_depth[top] + 1;
		}
		else if ((tag & 3) == TAG_NUMBER || (tag & 3) == TAG_CATEGORY)
		{
			if (depth >= SHOPPER_MAX_DEPTH || tag > (TAG_CATEGORY | TAG_MISSING_LEFT))
				return shopper_bad_bytes(env, "a tree is deeper than trees get");
			open[top] = t->n_nodes;
			at_depth[top++] = depth++;
			SHOPPER_TRY(get_split(env, e, r, tag, set));
		}
		else
			return shopper_bad_bytes(env, "a node is neither split nor leaf");
	}
	if (t->n_nodes != n || top != 0 || e->node[t->node + n - 1].right != -1)
		return shopper_bad_bytes(env, "a tree does not end with a leaf");
	e->n_nodes += n;
	shopper_ensemble_complete(e, t);
	e->n_trees++;
	return SHOPPER_OK;
}

ShopperStatus
shopper_ensemble_decode(ShopperEnv *env, ShopperReader *r, const ShopperSpec *spec, int outputs, ShopperEnsemble **ensemble)
{
	uint64_t	values = shopper_get_varint(r);
	int64_t		n = shopper_get_count(r, 15);
	uint32_t   *set;
	int		   *n_levels,
				most = 0;

	if (r->failed || (values != 1 && values != (uint64_t) outputs))
		return shopper_bad_bytes(env, "its leaves do not fit its target");
	SHOPPER_NEW(env, n_levels, spec->n_categories);
	for (int k = 0; k < spec->n_categories; k++)
	{
		n_levels[k] = spec->category[k].n_levels;
		most = n_levels[k] > most ? n_levels[k] : most;
	}
	SHOPPER_NEW0(env, set, most / 32 + 1);
	SHOPPER_TRY(shopper_ensemble_make(env, spec->n_numbers, spec->n_categories, n_levels, outputs, (int) values, ensemble));
	for (int64_t i = 0; i < n; i++)
		SHOPPER_TRY(get_tree(env, *ensemble, r, set));
	shopper_release(env, set);
	shopper_release(env, n_levels);
	return shopper_ensemble_finish(env, *ensemble);
}
