/* kdtree.c: see kdtree.h */
#include "kdtree.h"

#include <math.h>
#include <string.h>

#include "nearest.h"

/* ---- making ---- */

typedef struct Making
{
	ShopperEnv *env;
	const ShopperPointSet *p;
	ShopperKdTree *tree;
} Making;

static inline bool
row_less(const ShopperPointSet *p, int j, uint32_t a, uint32_t b)
{
	double		x = *shopper_coordinate(p, a, j),
				y = *shopper_coordinate(p, b, j);

	return x < y || (x == y && a < b);
}

/* Put the row of rank `middle` by coordinate j at its place, lesser ones before it. */
static ShopperStatus
partition(Making *m, uint32_t *row, int64_t n, int64_t middle, int j)
{
	int64_t		low = 0,
				high = n - 1;

	while (low < high)
	{
		uint32_t	pivot = row[low + (high - low) / 2];
		int64_t		a = low,
					b = high;

		while (a <= b)
		{
			while (row_less(m->p, j, row[a], pivot))
				a++;
			while (row_less(m->p, j, pivot, row[b]))
				b--;
			if (a <= b)
			{
				uint32_t	swap = row[a];

				row[a++] = row[b];
				row[b--] = swap;
			}
		}
		if (middle <= b)
			high = b;
		else if (middle >= a)
			low = a;
		else
			break;
		SHOPPER_TRY(shopper_poll(m->env));
	}
	return SHOPPER_OK;
}

/* The box of rows. */
static ShopperStatus
find_box(ShopperEnv *env, const ShopperPointSet *p, const uint32_t *row, int64_t n, double *low, double *high)
{
	for (int j = 0; j < p->d; j++)
	{
		low[j] = INFINITY;
		high[j] = -INFINITY;
	}
	for (int64_t i = 0; i < n; i++)
	{
		for (int j = 0; j < p->d; j++)
		{
			double		x = *shopper_coordinate(p, row[i], j);

			low[j] = x < low[j] ? x : low[j];
			high[j] = x > high[j] ? x : high[j];
		}
		if (i % 1024 == 0)
			SHOPPER_TRY(shopper_poll(env));
	}
	return SHOPPER_OK;
}

static ShopperStatus
make_node(Making *m, int64_t first, int64_t n)
{
	ShopperKdTree *t = m->tree;
	int32_t		self = t->n_nodes++;
	double	   *low = t->box + (int64_t) self * 2 * t->d,
			   *high = low + t->d;
	int64_t		leaves = (n + SHOPPER_KD_LEAF - 1) / SHOPPER_KD_LEAF,
				half = leaves / 2 * SHOPPER_KD_LEAF;
	int			widest = 0;

	t->node[self] = (ShopperKdNode) {.first = first,.n = n};
	SHOPPER_TRY(find_box(m->env, m->p, t->row + first, n, low, high));
	for (int64_t i = first; i < first + n; i++)
		t->node[self].weight += m->p->weight != NULL ? m->p->weight[t->row[i]] : 1;
	if (leaves <= 1)
		return SHOPPER_OK;
	for (int j = 1; j < t->d; j++)
		widest = high[j] - low[j] > high[widest] - low[widest] ? j : widest;
	SHOPPER_TRY(partition(m, t->row + first, n, half, widest));
	SHOPPER_TRY(make_node(m, first, half));
	t->node[self].right = t->n_nodes;
	return make_node(m, first + half, n - half);
}

ShopperStatus
shopper_kdtree_make(ShopperEnv *env, const ShopperPointSet *p, ShopperKdTree *t)
{
	Making		m = {env, p, t};
	int64_t		leaves = (p->n + SHOPPER_KD_LEAF - 1) / SHOPPER_KD_LEAF;

	memset(t, 0, sizeof(*t));
	t->d = p->d;
	t->n = p->n;
	SHOPPER_NEW(env, t->node, 2 * leaves);
	SHOPPER_NEW(env, t->box, 2 * leaves * 2 * p->d);
	SHOPPER_NEW(env, t->row, p->n);
	for (int64_t i = 0; i < p->n; i++)
		t->row[i] = (uint32_t) i;
	SHOPPER_TRY(make_node(&m, 0, p->n));
	SHOPPER_NEW0(env, t->x, p->n_tiles * p->d * SHOPPER_TILE);
	if (p->weight != NULL)
		SHOPPER_NEW(env, t->weight, p->n);
	for (int64_t i = 0; i < p->n; i++)
	{
		for (int j = 0; j < p->d; j++)
			t->x[(i / SHOPPER_TILE * p->d + j) * SHOPPER_TILE + i % SHOPPER_TILE] = *shopper_coordinate(p, t->row[i], j);
		if (p->weight != NULL)
			t->weight[i] = p->weight[t->row[i]];
		if (i % 4096 == 0)
			SHOPPER_TRY(shopper_poll(env));
	}
	return SHOPPER_OK;
}

void
shopper_kdtree_release(ShopperEnv *env, ShopperKdTree *t)
{
	shopper_release(env, t->node);
	shopper_release(env, t->box);
	shopper_release(env, t->row);
	shopper_release(env, t->x);
	shopper_release(env, t->weight);
}

/* ---- asking ---- */

/* Squared distance of a point to a box. */
static inline double
box_distance(const ShopperKdTree *t, int32_t node, const double *x)
{
	const double *low = shopper_kdtree_low(t, node),
			   *high = shopper_kdtree_high(t, node);
	double		sum = 0;

	for (int j = 0; j < t->d; j++)
	{
		double		below = low[j] - x[j],
					above = x[j] - high[j],
					gap = below > 0 ? below : above > 0 ? above : 0;

		sum += gap * gap;
	}
	return sum;
}

/* Squared distance to the farthest corner of a box. */
static inline double
corner_distance(const ShopperKdTree *t, int32_t node, const double *x)
{
	const double *low = shopper_kdtree_low(t, node),
			   *high = shopper_kdtree_high(t, node);
	double		sum = 0;

	for (int j = 0; j < t->d; j++)
	{
		double		below = x[j] - low[j],
					above = high[j] - x[j],
					gap = below > above ? below : above;

		sum += gap * gap;
	}
	return sum;
}

static double
leaf_weight(const ShopperKdTree *t, const ShopperKdNode *leaf, const double *x, double within)
{
	double		sum = 0;

	for (int64_t at = leaf->first; at < leaf->first + leaf->n; at += SHOPPER_TILE)
	{
		double		distance[SHOPPER_TILE];
		int			rows = (int) (leaf->first + leaf->n - at < SHOPPER_TILE ? leaf->first + leaf->n - at : SHOPPER_TILE);

		shopper_tile_distances(t->x + at * t->d, t->d, x, distance);
		for (int r = 0; r < rows; r++)
			if (distance[r] <= within)
				sum += t->weight != NULL ? t->weight[at + r] : 1;
	}
	return sum;
}

static void
add_weight(const ShopperKdTree *t, int32_t node, const double *x, double within, double enough, double *sum)
{
	const ShopperKdNode *self = &t->node[node];
	double		left,
				right;

	if (corner_distance(t, node, x) <= within)
	{
		*sum += self->weight;
		return;
	}
	if (self->right == 0)
	{
		*sum += leaf_weight(t, self, x, within);
		return;
	}
	left = box_distance(t, node + 1, x);
	right = box_distance(t, self->right, x);
	for (int side = 0; side < 2 && *sum < enough; side++)	/* the nearer side first */
	{
		bool		to_left = (left <= right) == (side == 0);

		if ((to_left ? left : right) <= within)
			add_weight(t, to_left ? node + 1 : self->right, x, within, enough, sum);
	}
}

double
shopper_kdtree_weight_within(const ShopperKdTree *t, const double *x, double within, double enough)
{
	double		sum = 0;

	if (box_distance(t, 0, x) <= within)
		add_weight(t, 0, x, within, enough, &sum);
	return sum;
}

typedef struct Nearest
{
	double		distance;
	int64_t		row;
} Nearest;

static void
find_nearest(const ShopperKdTree *t, int32_t node, const double *x, Nearest *best)
{
	const ShopperKdNode *self = &t->node[node];
	double		left,
				right;

	if (self->right == 0)
	{
		for (int64_t at = self->first; at < self->first + self->n; at += SHOPPER_TILE)
		{
			double		distance[SHOPPER_TILE];
			int			rows = (int) (self->first + self->n - at < SHOPPER_TILE ? self->first + self->n - at : SHOPPER_TILE);

			shopper_tile_distances(t->x + at * t->d, t->d, x, distance);
			for (int r = 0; r < rows; r++)
				if (distance[r] < best->distance ||
					(distance[r] == best->distance && (best->row < 0 || t->row[at + r] < best->row)))
					*best = (Nearest) {distance[r], t->row[at + r]};
		}
		return;
	}
	left = box_distance(t, node + 1, x);
	right = box_distance(t, self->right, x);
	for (int side = 0; side < 2; side++)
	{
		bool		to_left = (left <= right) == (side == 0);

		if ((to_left ? left : right) <= best->distance)
			find_nearest(t, to_left ? node + 1 : self->right, x, best);
	}
}

int64_t
shopper_kdtree_nearest(const ShopperKdTree *t, const double *x, double within, double *distance)
{
	Nearest		best = {within, -1};

	if (box_distance(t, 0, x) <= within)
		find_nearest(t, 0, x, &best);
	if (distance != NULL)
		*distance = best.distance;
	return best.row;
}

/* Put a distance into the heap of the k least, the greatest of them on top. */
static void
keep_least(double *heap, int k, double distance)
{
	int			at = 0;

	if (!(distance < heap[0]))
		return;
	for (;;)
	{
		int			child = 2 * at + 1;

		if (child >= k)
			break;
		child += child + 1 < k && heap[child + 1] > heap[child];
		if (!(heap[child] > distance))
			break;
		heap[at] = heap[child];
		at = child;
	}
	heap[at] = distance;
}

static void
find_distances(const ShopperKdTree *t, int32_t node, const double *x, int k, double *heap)
{
	const ShopperKdNode *self = &t->node[node];
	double		left,
				right;

	if (self->right == 0)
	{
		for (int64_t at = self->first; at < self->first + self->n; at += SHOPPER_TILE)
		{
			double		distance[SHOPPER_TILE];
			int			rows = (int) (self->first + self->n - at < SHOPPER_TILE ? self->first + self->n - at : SHOPPER_TILE);

			shopper_tile_distances(t->x + at * t->d, t->d, x, distance);
			for (int r = 0; r < rows; r++)
				keep_least(heap, k, distance[r]);
		}
		return;
	}
	left = box_distance(t, node + 1, x);
	right = box_distance(t, self->right, x);
	for (int side = 0; side < 2; side++)
	{
		bool		to_left = (left <= right) == (side == 0);

		if ((to_left ? left : right) < heap[0])
			find_distances(t, to_left ? node + 1 : self->right, x, k, heap);
	}
}

void
shopper_kdtree_distances(const ShopperKdTree *t, const double *x, int k, double *distance)
{
	for (int i = 0; i < k; i++)
		distance[i] = INFINITY;
	find_distances(t, 0, x, k, distance);
}
