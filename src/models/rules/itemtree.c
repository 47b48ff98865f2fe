/*
 * itemtree.c: see itemtree.h
 *
 * Stored: the number of nodes, then for the root and for each node in level order the
 * number of its children and of each child (item - the elder's item, parent's count -
 * count), all varints: most nodes take 3 or 4 bytes.
 */
#include "itemtree.h"

#include <string.h>

#define POLL_NODES (1 << 18)

static ShopperStatus
alloc_tree(ShopperEnv *env, ShopperItemTree *tree, int64_t n)
{
	memset(tree, 0, sizeof(*tree));
	tree->n = (int32_t) n;
	SHOPPER_NEW(env, tree->item, n);
	SHOPPER_NEW(env, tree->count, n);
	SHOPPER_NEW(env, tree->parent, n);
	SHOPPER_NEW(env, tree->first, n + 1);
	return SHOPPER_OK;
}

ShopperStatus
shopper_itemtree_build(ShopperEnv *env, const ShopperFound *found, ShopperItemTree *tree)
{
	int32_t		next[SHOPPER_MAX_SET_LENGTH + 2];	/* free place of each level */
	int32_t		path[SHOPPER_MAX_SET_LENGTH + 1];

	if (found->n >= INT32_MAX)
		return shopper_fail(env, SHOPPER_LIMIT, "more than %d frequent item sets", INT32_MAX - 1);
	SHOPPER_TRY(alloc_tree(env, tree, found->n));
	for (int k = 1; k <= SHOPPER_MAX_SET_LENGTH; k++)
	{
		tree->level[k + 1] = tree->level[k] + (int32_t) found->by_length[k];
		if (found->by_length[k] > 0)
			tree->longest = k;
	}
	memcpy(next, tree->level, sizeof(next));
	path[0] = -1;
	for (int64_t i = 0; i < found->n; i++)
	{
		int			depth = found->set[i].depth;
		int32_t		node = next[depth]++;

		if (i % POLL_NODES == 0)
			SHOPPER_TRY(shopper_poll(env));
		tree->item[node] = found->set[i].item;
		tree->count[node] = found->set[i].count;
		tree->parent[node] = path[depth - 1];
		tree->first[node] = depth < SHOPPER_MAX_SET_LENGTH ? next[depth + 1] : tree->n;
		path[depth] = node;
	}
	tree->first[found->n] = tree->n;
	return SHOPPER_OK;
}

int32_t
shopper_itemtree_child(const ShopperItemTree *tree, int32_t node, int32_t item)
{
	int32_t		low,
				high,
				end;

	if (node < 0)
		return item >= 0 && item < tree->level[2] ? item : -1;
	low = tree->first[node];
	high = end = tree->first[node + 1];
	while (low < high)
	{
		int32_t		middle = low + (high - low) / 2;

		if (tree->item[middle] < item)
			low = middle + 1;
		else
			high = middle;
	}
	return low < end && tree->item[low] == item ? low : -1;
}

int32_t
shopper_itemtree_find(const ShopperItemTree *tree, int32_t from, const int32_t *falling, int n)
{
	for (int i = 0; i < n; i++)
	{
		from = shopper_itemtree_child(tree, from, falling[i]);
		if (from < 0)
			return -1;
	}
	return from;
}

int
shopper_itemtree_items(const ShopperItemTree *tree, int32_t node, int32_t *items)
{
	int			n = 0;

	for (; node >= 0; node = tree->parent[node])
		items[n++] = tree->item[node];
	return n;
}

/* ---- stored form ---- */

static void
put_children(const ShopperItemTree *tree, int32_t from, int32_t to, int32_t parent_count, ShopperWriter *w)
{
	int32_t		elder = -1;

	shopper_put_varint(w, (uint64_t) (to - from));
	for (int32_t c = from; c < to; c++)
	{
		shopper_put_varint(w, (uint64_t) (tree->item[c] - elder - 1));
		shopper_put_varint(w, (uint64_t) (parent_count - tree->count[c]));
		elder = tree->item[c];
	}
}

void
shopper_itemtree_encode(const ShopperItemTree *tree, int32_t n_baskets, ShopperWriter *w)
{
	shopper_put_varint(w, (uint64_t) tree->n);
	put_children(tree, 0, tree->level[2], n_baskets, w);
	for (int32_t i = 0; i < tree->n && w->status == SHOPPER_OK; i++)
		put_children(tree, tree->first[i], tree->first[i + 1], tree->count[i], w);
}

/* The children of a node behind the *used nodes: codes rise and stay below `below`. */
static bool
get_children(ShopperItemTree *tree, int32_t parent, int64_t below, int32_t parent_count, int32_t *used, ShopperReader *r)
{
	int64_t		n = shopper_get_count(r, 2);
	int64_t		elder = -1;

	if (r->failed || n > tree->n - *used)
		return false;
	for (int64_t i = 0; i < n; i++)
	{
		uint64_t	step = shopper_get_varint(r);
		uint64_t	fewer = shopper_get_varint(r);

		if (r->failed || step >= (uint64_t) (below - elder - 1) || fewer >= (uint64_t) parent_count)
			return false;
		elder += (int64_t) step + 1;
		tree->item[*used] = (int32_t) elder;
		tree->count[*used] = parent_count - (int32_t) fewer;
		tree->parent[(*used)++] = parent;
	}
	return true;
}

static ShopperStatus
damaged(ShopperReader *r)
{
	return shopper_bad_bytes(r->env, "its tree of item sets is damaged");
}

ShopperStatus
shopper_itemtree_decode(ShopperItemTree *tree, int32_t n_baskets, int64_t n_items, ShopperReader *r)
{
	int64_t		n = shopper_get_count(r, 3);
	int32_t		used = 0;
	int			length = 1;

	if (r->failed || n >= INT32_MAX)
		return damaged(r);
	SHOPPER_TRY(alloc_tree(r->env, tree, n));
	if (!get_children(tree, -1, n_items, n_baskets, &used, r))
		return damaged(r);
	for (int32_t i = 0; i < used; i++)
		if (tree->item[i] != i)
			return damaged(r);	/* single items must be the most frequent ones, without a gap */
	tree->level[2] = used;
	for (int32_t i = 0; i < tree->n; i++)
	{
		if (i % POLL_NODES == 0)
			SHOPPER_TRY(shopper_poll(r->env));
		if (i >= used)
			return damaged(r);	/* nobody's child */
		if (i == tree->level[length + 1])
		{
			if (++length > SHOPPER_MAX_SET_LENGTH)
				return damaged(r);
			tree->level[length + 1] = used;
		}
		tree->first[i] = used;
		if (!get_children(tree, i, tree->item[i], tree->count[i], &used, r))
			return damaged(r);
	}
	tree->first[tree->n] = used;
	tree->longest = tree->n > 0 ? length : 0;
	for (int k = length + 1; k <= SHOPPER_MAX_SET_LENGTH; k++)
		tree->level[k + 1] = tree->n;
	return SHOPPER_OK;
}

ShopperStatus
shopper_itemtree_index(ShopperEnv *env, ShopperItemTree *tree)
{
	int32_t		single = tree->level[2],
				pairs = tree->longest > 1 ? tree->level[3] : single;
	int32_t    *next;

	SHOPPER_NEW0(env, tree->pair_start, (int64_t) single + 1);
	SHOPPER_NEW(env, tree->pair, pairs - single);
	SHOPPER_NEW(env, next, single);
	for (int32_t node = single; node < pairs; node++)
		tree->pair_start[tree->item[node] + 1]++;
	for (int32_t i = 0; i < single; i++)
	{
		tree->pair_start[i + 1] += tree->pair_start[i];
		next[i] = tree->pair_start[i];
	}
	for (int32_t node = single; node < pairs; node++)
		tree->pair[next[tree->item[node]]++] = node;
	shopper_release(env, next);
	return SHOPPER_OK;
}

/* The codes of a node's path from the root, that is falling; their number. */
static int
path_of(const ShopperItemTree *tree, int32_t node, int32_t *path)
{
	int32_t		up[SHOPPER_MAX_SET_LENGTH];
	int			n = 0;

	for (; node >= 0; node = tree->parent[node])
		up[n++] = tree->item[node];
	for (int i = 0; i < n; i++)
		path[i] = up[n - 1 - i];
	return n;
}

bool
shopper_itemtree_precedes(const ShopperItemTree *tree, int32_t a, int32_t b)
{
	int32_t		path_a[SHOPPER_MAX_SET_LENGTH],
				path_b[SHOPPER_MAX_SET_LENGTH];
	int			n_a = path_of(tree, a, path_a),
				n_b = path_of(tree, b, path_b);

	for (int i = 0; i < n_a && i < n_b; i++)
		if (path_a[i] != path_b[i])
			return path_a[i] < path_b[i];
	return n_a < n_b;
}
