/*
 * isolation_forest.c: the learner of isolation forests: scores, the cut-off, reasons, stored form. See isolation.h.
 *
 * The score of a row is 2 ^ (-E(h) / c): h is the length of its path in each tree, c the mean length for
 * the size of the sample. 0.5 is a row like the others, near 1 one that is alone at once.
 */
#include "isolation.h"

#include <string.h>

#include "../../core/sort.h"
#include "../../core/threads.h"

#define TOGETHER 8				/* trees side by side, so that they wait for memory together */
#define SHARDS 64
#define JUDGED 100000			/* rows whose scores give the cut-off: the first ones, and so a random sample */

static const ShopperOption options[] = {
	{"trees", SHOPPER_INTEGER, "100", 1, 10000, false, NULL, "number of trees"},
	{"sample", SHOPPER_INTEGER, "256", 2, 1000000, false, NULL, "rows that each tree is grown from"},
	{"max_depth", SHOPPER_INTEGER, NULL, 1, SHOPPER_ISOLATION_DEPTH, false, NULL, "splits above a leaf at most; the binary logarithm of sample when not set"},
	{"contamination", SHOPPER_NUMBER, "0.01", 0, 0.5, true, NULL, "share of the training rows that is_anomaly says true of"},
	{NULL}
};

/* ---- one row ---- */

static void
set_slots(const ShopperSpec *spec, const double *dense, const int32_t *lookup, float *slot)
{
	int			n = spec->n_numbers;

	slot[0] = 0;
	for (int j = 0; j < n; j++)
	{
		float		v = shopper_narrow(dense[j]);

		slot[1 + j] = v != v ? -INFINITY : v;
		slot[1 + n + j] = v != v ? INFINITY : v;
	}
	memset(slot + 1 + 2 * n, 0, sizeof(float) * (size_t) (spec->width - n));
	for (int k = 0; k < spec->n_categories; k++)
		if (lookup[k] >= 0 && lookup[k] < spec->category[k].size)
			slot[shopper_isolation_level(spec, k) + lookup[k]] = 1;
}

static inline int32_t
next_node(const ShopperIsolationNode *node, const float *slot)
{
	return node->child + !(slot[node->slot] < node->threshold);
}

static double
score_slots(const ShopperIsolationForest *f, const float *slot)
{
	double		sum = 0;
	int			t = 0;

	for (; t + TOGETHER <= f->n_trees; t += TOGETHER)
	{
		int32_t		at[TOGETHER];
		int			depth = 0;

		for (int l = 0; l < TOGETHER; l++)
		{
			at[l] = f->root[t + l];
			depth = f->depth[t + l] > depth ? f->depth[t + l] : depth;
		}
		for (int d = 0; d < depth; d++)
			for (int l = 0; l < TOGETHER; l++)
				at[l] = next_node(&f->node[at[l]], slot);
		for (int l = 0; l < TOGETHER; l++)
			sum += f->path[at[l]];
	}
	for (; t < f->n_trees; t++)
	{
		int32_t		at = f->root[t];

		for (int d = 0; d < f->depth[t]; d++)
			at = next_node(&f->node[at], slot);
		sum += f->path[at];
	}
	return f->sample < 2 ? 0.5 : exp2(-sum / f->n_trees / shopper_isolation_path(f->sample));
}

static void
predict(const ShopperModel *model, const double *dense, const int32_t *lookup, double *out)
{
	float		slot[SHOPPER_ISOLATION_SLOTS];

	set_slots(model->spec, dense, lookup, slot);
	out[0] = score_slots(model->state, slot);
}

bool
shopper_is_anomaly(const ShopperModel *model, double score)
{
	const ShopperIsolationForest *f = model->state;

	return score >= f->cutoff;
}

static int
column_of_slot(const ShopperSpec *spec, int slot)
{
	int			n = spec->n_numbers;

	if (slot <= 2 * n)
		return spec->number[(slot - 1) % n].column;
	for (int k = spec->n_categories - 1; k > 0; k--)
		if (slot >= shopper_isolation_level(spec, k))
			return spec->category[k].column;
	return spec->category[0].column;
}

void
shopper_isolation_explain(const ShopperModel *model, const double *dense, const int32_t *lookup, double *contribution)
{
	const ShopperIsolationForest *f = model->state;
	float		slot[SHOPPER_ISOLATION_SLOTS];
	double		whole = shopper_isolation_path(f->sample) * f->n_trees;

	for (int c = 0; c < model->spec->n_columns; c++)
		contribution[c] = 0;
	set_slots(model->spec, dense, lookup, slot);
	for (int t = 0; t < f->n_trees; t++)
	{
		int32_t		at = f->root[t],
					next;

		for (; f->node[at].slot > 0; at = next)
		{
			next = next_node(&f->node[at], slot);
			contribution[column_of_slot(model->spec, f->node[at].slot)] +=
				(shopper_isolation_path(f->node[at].size) - 1 - shopper_isolation_path(f->node[next].size)) / whole;
		}
	}
}

/* ---- training ---- */

typedef struct Judging
{
	const ShopperModel *model;
	const ShopperTable *t;
	int64_t		n;
	double	   *score;
} Judging;

static void
judge_shard(void *arg, int shard)
{
	const Judging *g = arg;
	const ShopperSpec *spec = g->model->spec;
	double		dense[SHOPPER_MAX_WIDTH];
	int32_t		lookup[SHOPPER_MAX_WIDTH];
	int64_t		from,
				to;

	shopper_shard_range(g->n, SHARDS, shard, &from, &to);
	for (int64_t i = from; i < to; i++)
	{
		for (int j = 0; j < spec->n_numbers; j++)
			dense[j] = g->t->dense[j][i];
		for (int k = 0; k < spec->n_categories; k++)
			lookup[k] = g->t->lookup[k][i];
		predict(g->model, dense, lookup, &g->score[i]);
		if (i % 64 == 0 && shopper_stopped(g->t->env))
			return;
	}
}

/* The least score among the highest ones whose rows make up the share of contamination. */
static ShopperStatus
find_cutoff(ShopperEnv *env, ShopperModel *model, const ShopperTable *t, ShopperIsolationForest *f)
{
	Judging		g = {model, t, t->n < JUDGED ? t->n : JUDGED, NULL};
	uint32_t   *order;
	double		total = 0,
				above = 0,
				share = shopper_option_number(&model->options, "contamination");
	int64_t		i;

	SHOPPER_NEW(env, g.score, g.n);
	SHOPPER_NEW(env, order, g.n);
	shopper_parallel(env, SHARDS, judge_shard, &g);
	SHOPPER_TRY(shopper_poll(env));
	SHOPPER_TRY(shopper_sort_doubles(env, g.score, order, g.n));
	for (i = 0; i < g.n; i++)
		total += t->weight != NULL ? t->weight[i] : 1;
	for (i = g.n; i > 0 && above < share * total * (1 - 1e-12); i--)
		above += t->weight != NULL ? t->weight[order[i - 1]] : 1;
	f->cutoff = g.score[order[i]];
	shopper_release(env, order);
	shopper_release(env, g.score);
	return SHOPPER_OK;
}

static ShopperStatus
train(ShopperEnv *env, ShopperModel *model, ShopperTable *t, const ShopperModel *previous)
{
	ShopperIsolationForest *f;

	if (previous != NULL)
	{
		shopper_fail(env, SHOPPER_UNSUPPORTED, "isolation_forest cannot continue from an earlier model");
		shopper_hint(env, "Train anew: each tree needs a few rows only.");
		return env->status;
	}
	if (model->spec->n_numbers + model->spec->n_categories == 0 || t->n == 0)
		return shopper_fail(env, SHOPPER_BAD_DATA, "no columns to learn from");
	SHOPPER_TRY(shopper_points_check(env, model->spec->width));
	SHOPPER_NEW0(env, f, 1);
	SHOPPER_TRY(shopper_isolation_grow(env, model, t, f));
	model->state = f;
	SHOPPER_TRY(find_cutoff(env, model, t, f));
	SHOPPER_TRY(shopper_add_metric(env, model, "train", "rows", (double) model->n_rows));
	return shopper_add_metric(env, model, "train", "cutoff", f->cutoff);
}

/* The lengths of the paths below a node; returns how deep it goes. */
static int
set_paths(ShopperIsolationForest *f, int32_t at, int depth)
{
	const ShopperIsolationNode *node = &f->node[at];
	int			left,
				right;

	f->path[at] = depth + shopper_isolation_path(node->size);
	if (node->slot == 0)
		return 0;
	left = set_paths(f, node->child, depth + 1);
	right = set_paths(f, node->child + 1, depth + 1);
	return 1 + (left > right ? left : right);
}

void
shopper_isolation_finish(ShopperIsolationForest *f)
{
	for (int t = 0; t < f->n_trees; t++)
		f->depth[t] = set_paths(f, f->root[t], 0);
}

/* ---- stored form: nodes before their children, as slot (0: a leaf), threshold of numbers, size of the left child ---- */

static bool
is_number(const ShopperSpec *spec, int slot)
{
	return slot <= 2 * spec->n_numbers;
}

static void
encode_node(const ShopperSpec *spec, const ShopperIsolationForest *f, int32_t at, ShopperWriter *w)
{
	const ShopperIsolationNode *node = &f->node[at];

	shopper_put_varint(w, (uint64_t) node->slot);
	if (node->slot == 0)
		return;
	if (is_number(spec, node->slot))
		shopper_put_f32s(w, &node->threshold, 1);
	shopper_put_varint(w, (uint64_t) f->node[node->child].size);
	encode_node(spec, f, node->child, w);
	encode_node(spec, f, node->child + 1, w);
}

static void
encode(const ShopperModel *model, ShopperWriter *w)
{
	const ShopperIsolationForest *f = model->state;

	shopper_put_varint(w, (uint64_t) f->sample);
	shopper_put_f64(w, f->cutoff);
	shopper_put_varint(w, (uint64_t) f->n_nodes);
	shopper_put_varint(w, (uint64_t) f->n_trees);
	for (int t = 0; t < f->n_trees; t++)
		encode_node(model->spec, f, f->root[t], w);
}

typedef struct Decoding
{
	ShopperReader *r;
	const ShopperSpec *spec;
	ShopperIsolationForest *f;
	int64_t		n;				/* nodes so far */
} Decoding;

static bool
decode_node(Decoding *d, int32_t at, int32_t size, int depth)
{
	ShopperIsolationNode *node = &d->f->node[at];
	uint64_t	slot = shopper_get_varint(d->r),
				left;

	*node = (ShopperIsolationNode) {.threshold = INFINITY,.child = at,.size = size};
	if (slot == 0)
		return !d->r->failed;
	if (d->r->failed || slot >= (uint64_t) shopper_isolation_slots(d->spec) || depth == SHOPPER_ISOLATION_DEPTH || d->n + 2 > d->f->n_nodes)
		return false;
	node->slot = (int32_t) slot;
	node->child = (int32_t) d->n;
	node->threshold = 0.5f;
	d->n += 2;
	if (is_number(d->spec, node->slot))
		shopper_get_f32s(d->r, &node->threshold, 1);
	left = shopper_get_varint(d->r);
	return !d->r->failed && node->threshold - node->threshold == 0 && left > 0 && left < (uint64_t) size &&
		decode_node(d, node->child, (int32_t) left, depth + 1) &&
		decode_node(d, node->child + 1, size - (int32_t) left, depth + 1);
}

static ShopperStatus
decode(ShopperModel *model, ShopperReader *r)
{
	ShopperEnv *env = r->env;
	ShopperIsolationForest *f;
	uint64_t	sample = shopper_get_varint(r);
	Decoding	d = {r, model->spec, NULL, 0};
	int64_t		n_trees;

	SHOPPER_NEW0(env, f, 1);
	model->state = d.f = f;
	f->cutoff = shopper_get_f64(r);
	f->n_nodes = shopper_get_count(r, 1);
	n_trees = shopper_get_count(r, 1);
	if (r->failed || sample < 1 || sample > INT32_MAX || n_trees < 1 || n_trees > f->n_nodes || f->n_nodes > INT32_MAX || f->cutoff - f->cutoff != 0 ||
		model->spec->width > SHOPPER_MAX_WIDTH || model->spec->n_dense != model->spec->n_numbers)
		return shopper_bad_bytes(env, "its forest is damaged");
	f->sample = (int32_t) sample;
	f->n_trees = (int) n_trees;
	SHOPPER_NEW(env, f->node, f->n_nodes);
	SHOPPER_NEW0(env, f->path, f->n_nodes);
	SHOPPER_NEW(env, f->root, f->n_trees);
	SHOPPER_NEW0(env, f->depth, f->n_trees);
	for (int t = 0; t < f->n_trees; t++)
	{
		f->root[t] = (int32_t) d.n++;
		if (d.n > f->n_nodes || !decode_node(&d, f->root[t], f->sample, 0))
			return shopper_bad_bytes(env, "a tree is damaged");
	}
	if (d.n != f->n_nodes)
		return shopper_bad_bytes(env, "its forest has fewer nodes than it says");
	shopper_isolation_finish(f);
	return SHOPPER_OK;
}

static void
describe(const ShopperModel *model, void (*add) (void *ctx, const char *key, double value), void *ctx)
{
	const ShopperIsolationForest *f = model->state;

	add(ctx, "trees", f->n_trees);
	add(ctx, "nodes", (double) f->n_nodes);
	add(ctx, "sample", f->sample);
	add(ctx, "cutoff", f->cutoff);
}

const ShopperLearner shopper_learner_isolation_forest = {
	.number = 31,
	.name = "isolation_forest",
	.help = "isolation forest: a row is strange when random splits part it from the others early",
	.shape = SHOPPER_POINTS,
	.tasks = SHOPPER_DETECT,
	.wide = true,
	.input = SHOPPER_RAW,
	.options = options,
	.train_rows = train,
	.predict = predict,
	.encode = encode,
	.decode = decode,
	.describe = describe
};
