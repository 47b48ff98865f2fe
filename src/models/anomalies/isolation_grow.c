/*
 * isolation_grow.c: growing the trees of an isolation forest; see isolation.h.
 *
 * A split takes a number or a category at random among those in which the rows of the node differ. Of a number
 * the threshold is uniform between the least and the greatest value, and missing values go to a random
 * side, or apart when the others are all the same; of a category one level, any of those present, is parted from
 * the others.
 *
 * Memory: 36 bytes for each row of each tree's sample.
 */
#include "isolation.h"

#include <string.h>

#include "../../core/hash.h"
#include "../../core/threads.h"

typedef struct Growing
{
	ShopperEnv *env;
	const ShopperSpec *spec;
	const ShopperTable *t;
	int32_t		sample;
	int			max_depth;
	uint32_t   *rows;			/* (trees, sample) */
	int		   *unit;			/* (trees, units) numbers, then categories, in any order */
	const double *sum;			/* (n) of the weights so far; NULL: all are 1 */
	ShopperIsolationNode *node; /* (trees, 2 sample - 1) */
	int32_t    *n_nodes;		/* (trees) */
} Growing;

/* One tree while it grows. */
typedef struct Tree
{
	const Growing *g;
	ShopperIsolationNode *node;
	int32_t		n_nodes;
	int		   *unit;
	uint64_t	stream;			/* of random numbers, and how many were taken */
	uint64_t	taken;
} Tree;

static uint64_t
draw(Tree *t)
{
	return shopper_random(t->g->env->seed, t->stream, t->taken++);
}

/* in [0, 1) */
static double
draw_uniform(Tree *t)
{
	return (double) (draw(t) >> 11) * 0x1.0p-53;
}

typedef struct Split
{
	const double *number;
	const int32_t *code;
	int32_t		level;			/* of codes: this one goes right */
	float		missing;		/* of numbers: what a missing value is */
	float		threshold;
	int			slot;
} Split;

/* Split rows by number j; false: they do not differ. */
static bool
split_number(Tree *t, int j, const uint32_t *rows, int32_t n, Split *s)
{
	const double *x = t->g->t->dense[j];
	float		low = INFINITY,
				high = -INFINITY;
	bool		missing = false;

	for (int32_t i = 0; i < n; i++)
	{
		float		v = shopper_narrow(x[rows[i]]);

		missing |= v != v;
		low = v < low ? v : low;
		high = v > high ? v : high;
	}
	if (!(low < high) && !(missing && low == high))
		return false;
	s->number = x;
	s->threshold = low;
	s->missing = -INFINITY;
	if (low < high)
	{
		s->threshold = (float) ((double) low + draw_uniform(t) * ((double) high - (double) low));
		if (!(s->threshold > low))
			s->threshold = high;
		if (draw(t) >> 63)
			s->missing = INFINITY;
	}
	s->slot = 1 + j + (s->missing > 0 ? t->g->spec->n_numbers : 0);
	return true;
}

/* By category k: the level with the least hash, so any of those that are present. */
static bool
split_category(Tree *t, int k, const uint32_t *rows, int32_t n, Split *s)
{
	const int32_t *code = t->g->t->lookup[k];
	uint64_t	seed = draw(t),
				best = UINT64_MAX;
	bool		differ = false;

	for (int32_t i = 0; i < n; i++)
	{
		uint64_t	key = shopper_hash_add(seed, (uint64_t) code[rows[i]]);

		differ |= code[rows[i]] != code[rows[0]];
		if (key <= best && code[rows[i]] >= 0)
		{
			best = key;
			s->level = code[rows[i]];
		}
	}
	if (!differ)
		return false;
	s->code = code;
	s->threshold = 0.5f;
	s->slot = shopper_isolation_level(t->g->spec, k) + s->level;
	return true;
}

static bool
choose(Tree *t, const uint32_t *rows, int32_t n, Split *s)
{
	int			left = t->g->spec->n_numbers + t->g->spec->n_categories;

	memset(s, 0, sizeof(*s));
	while (left > 0)
	{
		int			at = (int) shopper_below(draw(t), (uint64_t) left--),
					u = t->unit[at];

		t->unit[at] = t->unit[left];
		t->unit[left] = u;
		if (u < t->g->spec->n_numbers ? split_number(t, u, rows, n, s) : split_category(t, u - t->g->spec->n_numbers, rows, n, s))
			return true;
	}
	return false;
}

static bool
goes_right(const Split *s, uint32_t row)
{
	float		v;

	if (s->code != NULL)
		return s->code[row] == s->level;
	v = shopper_narrow(s->number[row]);
	return !((v != v ? s->missing : v) < s->threshold);
}

static void
grow(Tree *t, int32_t at, uint32_t *rows, int32_t n, int depth)
{
	Split		s;
	int32_t		left = 0,
				child = t->n_nodes;

	t->node[at] = (ShopperIsolationNode) {.threshold = INFINITY,.child = at,.size = n};
	if (n < 2 || depth == t->g->max_depth || shopper_stopped(t->g->env) || !choose(t, rows, n, &s))
		return;
	for (int32_t i = 0; i < n; i++)
		if (!goes_right(&s, rows[i]))
		{
			uint32_t	row = rows[left];

			rows[left++] = rows[i];
			rows[i] = row;
		}
	shopper_assert(left > 0 && left < n);
	t->n_nodes += 2;
	t->node[at].threshold = s.threshold;
	t->node[at].slot = s.slot;
	t->node[at].child = child;
	grow(t, child, rows, left, depth + 1);
	grow(t, child + 1, rows + left, n - left, depth + 1);
}

static int64_t
common_divisor(int64_t a, int64_t b)
{
	while (b != 0)
	{
		int64_t		rest = a % b;

		a = b;
		b = rest;
	}
	return a;
}

/* The row whose part of the sum of weights holds this. */
static uint32_t
row_at(const double *sum, int64_t n, double sought)
{
	int64_t		low = 0,
				high = n - 1;

	while (low < high)
	{
		int64_t		middle = (low + high) / 2;

		if (sum[middle] > sought)
			high = middle;
		else
			low = middle + 1;
	}
	return (uint32_t) low;
}

/* Every so-manieth of the rows, which are in random order: all different. With weights, rows as they fall. */
static void
draw_sample(Tree *t, uint32_t *rows)
{
	const Growing *g = t->g;
	int64_t		n = g->t->n,
				step,
				at = (int64_t) shopper_below(draw(t), (uint64_t) n);

	do
		step = 1 + (int64_t) shopper_below(draw(t), (uint64_t) n);
	while (common_divisor(step, n) != 1);
	for (int32_t i = 0; i < g->sample; i++)
	{
		rows[i] = g->sum != NULL ? row_at(g->sum, n, draw_uniform(t) * g->sum[n - 1]) : (uint32_t) at;
		at = (at + step) % n;
	}
}

static void
grow_tree(void *arg, int shard)
{
	const Growing *g = arg;
	int			units = g->spec->n_numbers + g->spec->n_categories;
	uint32_t   *rows = g->rows + (int64_t) shard * g->sample;
	Tree		t = {.g = g,.node = g->node + (int64_t) shard * (2 * (int64_t) g->sample - 1),.n_nodes = 1,
	.unit = g->unit + (int64_t) shard * units,.stream = (uint64_t) shard};

	if (shopper_stopped(g->env))
		return;
	for (int u = 0; u < units; u++)
		t.unit[u] = u;
	draw_sample(&t, rows);
	grow(&t, 0, rows, g->sample, 0);
	g->n_nodes[shard] = t.n_nodes;
}

/* All trees into one array. */
static ShopperStatus
pack(ShopperEnv *env, const Growing *g, ShopperIsolationForest *f)
{
	SHOPPER_NEW(env, f->root, f->n_trees);
	SHOPPER_NEW0(env, f->depth, f->n_trees);
	for (int t = 0; t < f->n_trees; t++)
	{
		f->root[t] = (int32_t) f->n_nodes;
		f->n_nodes += g->n_nodes[t];
	}
	if (f->n_nodes > INT32_MAX)
		return shopper_fail(env, SHOPPER_LIMIT, "the trees have %lld nodes, at most %d are possible", (long long) f->n_nodes, INT32_MAX);
	SHOPPER_NEW(env, f->node, f->n_nodes);
	SHOPPER_NEW0(env, f->path, f->n_nodes);
	for (int t = 0; t < f->n_trees; t++)
		for (int32_t i = 0; i < g->n_nodes[t]; i++)
		{
			ShopperIsolationNode *node = &f->node[f->root[t] + i];

			*node = g->node[t * (2 * (int64_t) g->sample - 1) + i];
			node->child += f->root[t];
		}
	shopper_isolation_finish(f);
	return SHOPPER_OK;
}

static int
levels_of_depth(int32_t sample)
{
	int			depth = 1;

	while (depth < 31 && ((int64_t) 1 << depth) < sample)
		depth++;
	return depth;
}

ShopperStatus
shopper_isolation_grow(ShopperEnv *env, const ShopperModel *model, const ShopperTable *t, ShopperIsolationForest *f)
{
	const ShopperOptions *o = &model->options;
	int64_t		sample = shopper_option_integer(o, "sample");
	Growing		g = {.env = env,.spec = model->spec,.t = t};
	double	   *sum;

	f->n_trees = (int) shopper_option_integer(o, "trees");
	f->sample = g.sample = (int32_t) (sample < t->n ? sample : t->n);
	g.max_depth = shopper_option_set(o, "max_depth") ? (int) shopper_option_integer(o, "max_depth") : levels_of_depth(g.sample);
	SHOPPER_NEW(env, g.rows, (int64_t) f->n_trees * g.sample);
	SHOPPER_NEW(env, g.unit, (int64_t) f->n_trees * (model->spec->n_numbers + model->spec->n_categories));
	SHOPPER_NEW(env, g.node, f->n_trees * (2 * (int64_t) g.sample - 1));
	SHOPPER_NEW0(env, g.n_nodes, f->n_trees);
	if (t->weight != NULL)
	{
		SHOPPER_NEW(env, sum, t->n);
		for (int64_t i = 0; i < t->n; i++)
		{
			sum[i] = t->weight[i] + (i > 0 ? sum[i - 1] : 0);
			if (i % 65536 == 0)
				SHOPPER_TRY(shopper_poll(env));
		}
		g.sum = sum;
	}
	shopper_parallel(env, f->n_trees, grow_tree, &g);
	SHOPPER_TRY(shopper_poll(env));
	SHOPPER_TRY(pack(env, &g, f));
	shopper_release(env, g.rows);
	shopper_release(env, g.unit);
	shopper_release(env, g.node);
	shopper_release(env, g.n_nodes);
	return SHOPPER_OK;
}
