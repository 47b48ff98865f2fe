/*
 * components.c: see components.h.
 *
 * Pairs of boxes are split until they are too far apart, wholly within the distance, or
 * known to hang together already, which ends nearly all pairs inside a dense part at once.
 * The components do not depend on the order in which points are joined.
 */
#include "components.h"

#include "nearest.h"

#define POLL_PAIRS 1024

typedef struct Joining
{
	ShopperEnv *env;
	const ShopperKdTree *t;
	double		within;
	uint32_t   *parent;			/* (n) by place in the tree */
	bool	   *one;			/* (n_nodes) all points of the node hang together; once so, always */
	int64_t		pairs;
} Joining;

static uint32_t
root_of(Joining *j, int64_t place)
{
	uint32_t	at = (uint32_t) place;

	while (j->parent[at] != at)
	{
		j->parent[at] = j->parent[j->parent[at]];
		at = j->parent[at];
	}
	return at;
}

static void
join(Joining *j, int64_t a, int64_t b)
{
	uint32_t	x = root_of(j, a),
				y = root_of(j, b);

	if (x < y)
		j->parent[y] = x;
	else
		j->parent[x] = y;
}

static void
join_all(Joining *j, int32_t node)
{
	const ShopperKdNode *self = &j->t->node[node];

	if (j->one[node])
		return;
	for (int64_t i = self->first + 1; i < self->first + self->n; i++)
		join(j, self->first, i);
	j->one[node] = true;
}

/* Whether the points of a node are known to hang together. */
static bool
is_one(Joining *j, int32_t node)
{
	const ShopperKdNode *self = &j->t->node[node];

	if (j->one[node])
		return true;
	if (self->right > 0)
	{
		j->one[node] = j->one[node + 1] && j->one[self->right] &&
			root_of(j, j->t->node[node + 1].first) == root_of(j, j->t->node[self->right].first);
		return j->one[node];
	}
	for (int64_t i = self->first + 1; i < self->first + self->n; i++)
		if (root_of(j, i) != root_of(j, self->first))
			return false;
	return j->one[node] = true;
}

static bool
are_one(Joining *j, int32_t a, int32_t b)
{
	return is_one(j, a) && is_one(j, b) && root_of(j, j->t->node[a].first) == root_of(j, j->t->node[b].first);
}

/* Squared distances of the nearest and of the farthest corners of two boxes. */
static void
between_boxes(const ShopperKdTree *t, int32_t a, int32_t b, double *least, double *most)
{
	const double *low_a = shopper_kdtree_low(t, a),
			   *high_a = shopper_kdtree_high(t, a),
			   *low_b = shopper_kdtree_low(t, b),
			   *high_b = shopper_kdtree_high(t, b);

	*least = *most = 0;
	for (int j = 0; j < t->d; j++)
	{
		double		below = low_b[j] - high_a[j],
					above = low_a[j] - high_b[j],
					gap = below > 0 ? below : above > 0 ? above : 0,
					up = high_b[j] - low_a[j],
					down = high_a[j] - low_b[j],
					far = up > down ? up : down;

		*least += gap * gap;
		*most += far * far;
	}
}

static void
join_leaves(Joining *j, int32_t a, int32_t b)
{
	const ShopperKdTree *t = j->t;
	const ShopperKdNode *from = &t->node[a],
			   *to = &t->node[b];
	double		x[SHOPPER_MAX_WIDTH];

	for (int64_t i = from->first; i < from->first + from->n; i++)
	{
		for (int k = 0; k < t->d; k++)
			x[k] = shopper_kdtree_coordinate(t, i, k);
		for (int64_t at = to->first; at < to->first + to->n; at += SHOPPER_TILE)
		{
			double		distance[SHOPPER_TILE];
			int			rows = (int) (to->first + to->n - at < SHOPPER_TILE ? to->first + to->n - at : SHOPPER_TILE);

			shopper_tile_distances(t->x + at * t->d, t->d, x, distance);
			for (int r = 0; r < rows; r++)
				if (distance[r] <= j->within)
					join(j, i, at + r);
		}
		if (a != b && are_one(j, a, b))
			return;
	}
}

static ShopperStatus
join_nodes(Joining *j, int32_t a, int32_t b)
{
	const ShopperKdNode *from = &j->t->node[a],
			   *to = &j->t->node[b];
	double		least,
				most;

	if (++j->pairs % POLL_PAIRS == 0)
		SHOPPER_TRY(shopper_poll(j->env));
	if (are_one(j, a, b))
		return SHOPPER_OK;
	between_boxes(j->t, a, b, &least, &most);
	if (least > j->within)
		return SHOPPER_OK;
	if (most <= j->within)
	{
		join_all(j, a);
		join_all(j, b);
		join(j, from->first, to->first);
		return SHOPPER_OK;
	}
	if (a == b && from->right > 0)
	{
		SHOPPER_TRY(join_nodes(j, a + 1, a + 1));
		SHOPPER_TRY(join_nodes(j, from->right, from->right));
		return join_nodes(j, a + 1, from->right);
	}
	if (from->right == 0 && to->right == 0)
	{
		join_leaves(j, a, b);
		return SHOPPER_OK;
	}
	if (to->right == 0 || (from->right > 0 && from->n >= to->n))
	{
		SHOPPER_TRY(join_nodes(j, a + 1, b));
		return join_nodes(j, from->right, b);
	}
	SHOPPER_TRY(join_nodes(j, a, b + 1));
	return join_nodes(j, a, to->right);
}

ShopperStatus
shopper_components(ShopperEnv *env, const ShopperKdTree *t, double within, int32_t *component, int *k)
{
	Joining		j = {.env = env,.t = t,.within = within};
	int32_t    *number;			/* of the root at each place */
	uint32_t   *place;			/* of each row */

	SHOPPER_NEW(env, j.parent, t->n);
	SHOPPER_NEW0(env, j.one, t->n_nodes);
	SHOPPER_NEW(env, number, t->n);
	SHOPPER_NEW(env, place, t->n);
	for (int64_t i = 0; i < t->n; i++)
	{
		j.parent[i] = (uint32_t) i;
		number[i] = -1;
		place[t->row[i]] = (uint32_t) i;
	}
	SHOPPER_TRY(join_nodes(&j, 0, 0));
	*k = 0;
	for (int64_t row = 0; row < t->n; row++)
	{
		uint32_t	root = root_of(&j, place[row]);

		if (number[root] < 0)
			number[root] = (*k)++;
		component[row] = number[root];
	}
	shopper_release(env, j.parent);
	shopper_release(env, j.one);
	shopper_release(env, number);
	shopper_release(env, place);
	return SHOPPER_OK;
}
