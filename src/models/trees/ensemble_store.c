/* ensemble_store.c: trees to bytes and back. */
#include "ensemble_internal.h"

#include <math.h>
#include <string.h>

#define TAG_LEAF 0
#define TAG_NUMBER 1
#define TAG_CATEGORY 2
#define TAG_MISSING_LEFT 4

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
	SHOPPER_TRY(shopper_ensemble_add_leaf(env, e, cover, &value));
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
	return shopper_ensemble_add_split(env, e, (int) input, threshold, set, (tag & TAG_MISSING_LEFT) != 0, gain);
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
	bool		whole = false;	/* every split has both children */
	ShopperTree *t;

	if (r->failed || n < 1 || output >= (uint64_t) (e->values == 1 ? e->outputs : 1))
		return shopper_bad_bytes(env, "a tree is empty or for no output");
	SHOPPER_TRY(shopper_ensemble_begin_tree(env, e, n, (int) output));
	t = &e->tree[e->n_trees];
	while (t->n_nodes < n)
	{
		uint8_t		tag = shopper_get_u8(r);

		if (t->n_nodes % 65536 == 65535)
			SHOPPER_TRY(shopper_poll(env));
		if (tag == TAG_LEAF)
		{
			SHOPPER_TRY(get_leaf(env, e, r));
			whole = top == 0;
			if (whole)
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
	if (t->n_nodes != n || !whole)
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
