/*
 * boost_leaf.c: what the leaves say, where scores begin, and adding a tree to the
 * scores of the rows.
 *
 * Values come from gradients in full precision: sums of pieces of PIECE rows, in
 * double, added in order. With absolute and quantile loss a leaf says the quantile
 * of what is left of its rows (Friedman 2001, section 4.3).
 */
#include <math.h>
#include <string.h>

#include "../../core/threads.h"
#include "boost.h"

#define PIECE 4096
#define WINDOW 128				/* pieces between two polls: some 6 ms on one core */
#define STRETCH 16384			/* rows whose scores stay in the cache; more when there are many leaves to look up */
#define SCORE_BLOCK 4096		/* rows that a shard walks down the tree */

typedef struct Residual
{
	double		value;
	double		weight;
} Residual;

typedef struct LeafPiece
{
	int32_t		node;
	const uint32_t *rows;
	int64_t		from;
	int64_t		to;
	double		g;
	double		h;
	double		weight;
} LeafPiece;

typedef struct Leaves
{
	ShopperBoostFit *fit;
	double	   *score;
	const double *value;
	LeafPiece  *piece;
	int64_t		n;
	int64_t		first;			/* piece, or block, of shard 0 */
	int64_t		stretch;		/* rows of a shard that adds values to scores */
	int64_t		row;			/* walks: the first row */
} Leaves;

/* ---- pieces ---- */

static ShopperStatus
list_pieces(ShopperBoostFit *fit, Leaves *l)
{
	const ShopperGrower *g = &fit->grower;
	int64_t		n = 0;

	SHOPPER_NEW(fit->env, l->piece, g->n_leaves + g->n_rows / PIECE + 1);
	for (int64_t k = 0; k < g->n_nodes; k++)
		for (int64_t at = g->node[k].begin; g->node[k].left < 0 && at < g->node[k].end; at += PIECE)
			l->piece[n++] = (LeafPiece) {.node = (int32_t) k,.rows = g->node[k].rows,.from = at,.to = at + PIECE < g->node[k].end ? at + PIECE : g->node[k].end};
	l->n = n;
	return SHOPPER_OK;
}

static ShopperStatus
for_pieces(Leaves *l, int64_t n, ShopperShardFn fn)
{
	for (l->first = 0; l->first < n; l->first += WINDOW)
	{
		shopper_parallel(l->fit->env, (int) (n - l->first < WINDOW ? n - l->first : WINDOW), fn, l);
		SHOPPER_TRY(shopper_poll(l->fit->env));
	}
	return SHOPPER_OK;
}

static void
sum_piece(void *arg, int shard)
{
	Leaves	   *l = arg;
	LeafPiece  *p = &l->piece[l->first + shard];
	const uint32_t *rows = p->rows;
	const float *slope = l->fit->slope;
	const double *weight = l->fit->t->weight;
	double		g = 0,
				h = 0,
				w = 0;

	for (int64_t i = p->from; i < p->to; i++)
	{
		g += (double) slope[2 * (size_t) rows[i]];
		h += (double) slope[2 * (size_t) rows[i] + 1];
	}
	for (int64_t i = p->from; weight != NULL && i < p->to; i++)
		w += weight[rows[i]];
	p->g = g;
	p->h = h;
	p->weight = weight != NULL ? w : (double) (p->to - p->from);
}

/* The first of rows[from .. to), which ascend, that is at least `row`. */
static int64_t
first_row(const uint32_t *rows, int64_t from, int64_t to, int64_t row)
{
	while (from < to)
	{
		int64_t		middle = from + (to - from) / 2;

		if (rows[middle] < row)
			from = middle + 1;
		else
			to = middle;
	}
	return from;
}

/* Rows next to each other are in different leaves, but one thread writes them: its stretch of every leaf. */
static void
add_stretch(void *arg, int shard)
{
	Leaves	   *l = arg;
	const ShopperGrower *g = &l->fit->grower;
	int64_t		row = (l->first + shard) * l->stretch;

	for (int64_t k = 0; k < g->n_nodes; k++)
	{
		const uint32_t *rows = g->node[k].rows;
		int64_t		i = g->node[k].begin,
					end = g->node[k].end;

		if (g->node[k].left >= 0)
			continue;
		for (i = first_row(rows, i, end, row); i < end && rows[i] < row + l->stretch; i++)
			l->score[rows[i]] += l->value[k];
	}
}

/* ---- quantiles ---- */

/* The least value at which the weights up to it reach `share` of all (quickselect). */
static double
weighted_quantile(Residual *r, int64_t n, double share)
{
	double		total = 0,
				wanted,
				below = 0;
	int64_t		low = 0,
				high = n;

	for (int64_t i = 0; i < n; i++)
		total += r[i].weight;
	wanted = share * total;
	while (high - low > 1)
	{
		double		a = r[low].value,
					b = r[low + (high - low) / 2].value,
					c = r[high - 1].value,
					pivot = a < b ? (b < c ? b : a < c ? c : a) : (a < c ? a : b < c ? c : b),
					less = 0,
					same = 0;
		int64_t		first = low,
					last = high;

		/* three ways: values below the pivot, equal to it, above */
		for (int64_t i = low; i < last;)
		{
			Residual	swap = r[i];

			if (swap.value < pivot)
			{
				less += swap.weight;
				r[i++] = r[first];
				r[first++] = swap;
			}
			else if (swap.value > pivot)
			{
				r[i] = r[--last];
				r[last] = swap;
			}
			else
			{
				same += swap.weight;
				i++;
			}
		}
		if (first > low && below + less >= wanted)
			high = first;
		else if (last == high || below + less + same >= wanted)
			return pivot;
		else
		{
			below += less + same;
			low = last;
		}
	}
	return r[low].value;
}

static double
quantile_share(const ShopperBoostFit *fit)
{
	return fit->boost->loss == SHOPPER_BOOST_QUANTILE ? fit->quantile : 0.5;
}

static bool
uses_quantiles(const ShopperBoostFit *fit)
{
	return fit->boost->loss == SHOPPER_BOOST_ABSOLUTE || fit->boost->loss == SHOPPER_BOOST_QUANTILE;
}

typedef struct Renewing
{
	ShopperBoostFit *fit;
	const double *score;
	double	   *value;
	int64_t		first;
} Renewing;

static void
renew_leaf(void *arg, int shard)
{
	Renewing   *r = arg;
	const ShopperTable *t = r->fit->t;
	const ShopperGrowNode *node = &r->fit->grower.node[r->first + shard];
	const uint32_t *rows = node->rows;
	Residual   *residual = r->fit->residual;

	if (node->left >= 0 || node->begin == node->end)
		return;
	for (int64_t i = node->begin; i < node->end; i++)
		residual[i] = (Residual) {t->y[rows[i]] - r->score[rows[i]], t->weight != NULL ? t->weight[rows[i]] : 1};
	r->value[r->first + shard] = r->fit->learning_rate *
		weighted_quantile(residual + node->begin, node->end - node->begin, quantile_share(r->fit));
}

static ShopperStatus
renew(ShopperBoostFit *fit, const double *score, double *value)
{
	Renewing	r = {.fit = fit,.score = score,.value = value};
	int64_t		n = fit->grower.n_nodes;

	if (fit->residual == NULL)
	{
		fit->residual = shopper_alloc(fit->env, (size_t) fit->t->n_train, sizeof(Residual));
		if (fit->residual == NULL)
			return fit->env->status;
	}
	for (r.first = 0; r.first < n; r.first += 8)
	{
		shopper_parallel(fit->env, (int) (n - r.first < 8 ? n - r.first : 8), renew_leaf, &r);
		SHOPPER_TRY(shopper_poll(fit->env));
	}
	return SHOPPER_OK;
}

/* ---- values ---- */

/* With a logarithmic link a step up is damped: exp of it would be far beyond what the parabola knows. */
static double
leaf_step(const ShopperBoostFit *fit, const ShopperGrowNode *node, double gradient, double hessian)
{
	double		w = shopper_leaf_value(&fit->grower.options, gradient, hessian);

	w = w < node->low ? node->low : w > node->high ? node->high : w;
	return shopper_boost_log_link(fit->boost->loss) && w > 0 ? log1p(w) : w;
}

ShopperStatus
shopper_boost_leaves(ShopperBoostFit *fit, int output, double *value, double *cover)
{
	const ShopperGrower *g = &fit->grower;
	Leaves		l = {.fit = fit};
	int64_t		next;

	SHOPPER_TRY(list_pieces(fit, &l));
	SHOPPER_TRY(for_pieces(&l, l.n, sum_piece));
	for (int64_t k = 0; k < l.n; k = next)
	{
		int32_t		node = l.piece[k].node;
		double		gradient = 0,
					hessian = 0;

		cover[node] = 0;
		for (next = k; next < l.n && l.piece[next].node == node; next++)
		{
			gradient += l.piece[next].g;
			hessian += l.piece[next].h;
			cover[node] += l.piece[next].weight;
		}
		value[node] = fit->learning_rate * leaf_step(fit, &g->node[node], gradient, hessian);
	}
	shopper_release(fit->env, l.piece);
	return uses_quantiles(fit) ? renew(fit, fit->score[output], value) : SHOPPER_OK;
}

/* ---- scores ---- */

/* The leaf of a row, by its bins. */
static int32_t
leaf_of(const ShopperGrower *g, int64_t row)
{
	int32_t		at = 0;

	while (g->node[at].left >= 0)
	{
		const ShopperGrowNode *node = &g->node[at];
		const ShopperBinColumn *c = &g->bins->column[node->split.column];
		int			bin = c->bin8 != NULL ? c->bin8[row] : c->bin16[row];
		bool		left = bin == c->n_bins - 1 ? node->split.missing_left :
			c->category ? g->words[node->levels + bin / 32] >> bin % 32 & 1 : bin <= node->split.bin;

		at = left ? node->left : node->right;
	}
	return at;
}

static void
walk_block(void *arg, int shard)
{
	Leaves	   *l = arg;
	int64_t		from = l->row + (l->first + shard) * SCORE_BLOCK,
				to = from + SCORE_BLOCK < l->fit->t->n ? from + SCORE_BLOCK : l->fit->t->n;

	for (int64_t i = from; i < to; i++)
		l->score[i] += l->value[leaf_of(&l->fit->grower, i)];
}

ShopperStatus
shopper_boost_update(ShopperBoostFit *fit, int output, const double *value)
{
	const ShopperGrower *g = &fit->grower;
	Leaves		l = {.fit = fit,.score = fit->score[output],.value = value};

	if (g->all_rows)
	{
		l.stretch = STRETCH > 16 * g->n_leaves ? STRETCH : 16 * g->n_leaves;
		SHOPPER_TRY(for_pieces(&l, (g->n + l.stretch - 1) / l.stretch, add_stretch));
		l.row = fit->t->n_train;
	}
	return for_pieces(&l, (fit->t->n - l.row + SCORE_BLOCK - 1) / SCORE_BLOCK, walk_block);
}

/* ---- where scores begin ---- */

ShopperStatus
shopper_boost_base(ShopperBoostFit *fit, double *base)
{
	const ShopperTable *t = fit->t;
	int			outputs = fit->boost->outputs;
	double	   *sum,
				total = 0;
	Residual   *y;

	SHOPPER_NEW0(fit->env, sum, outputs + 1);
	for (int64_t i = 0; i < t->n_train; i++)
	{
		double		w = t->weight != NULL ? t->weight[i] : 1;

		total += w;
		sum[t->y_class != NULL ? t->y_class[i] : 0] += t->y_class != NULL ? w : w * t->y[i];
	}
	if (!(total > 0))
		return shopper_fail(fit->env, SHOPPER_BAD_DATA, "all training rows have weight 0");
	if (fit->boost->loss == SHOPPER_BOOST_LOG_LOSS)
		base[0] = log((sum[1] + 1e-9 * total) / (sum[0] + 1e-9 * total));
	else if (fit->boost->loss == SHOPPER_BOOST_SOFTMAX)
		for (int c = 0; c < outputs; c++)
			base[c] = log(sum[c] / total + 1e-9);
	else if (uses_quantiles(fit))
	{
		SHOPPER_NEW(fit->env, y, t->n_train);
		for (int64_t i = 0; i < t->n_train; i++)
			y[i] = (Residual) {t->y[i], t->weight != NULL ? t->weight[i] : 1};
		base[0] = weighted_quantile(y, t->n_train, quantile_share(fit));
		shopper_release(fit->env, y);
	}
	else
		base[0] = shopper_boost_log_link(fit->boost->loss) ? log(sum[0] / total) : sum[0] / total;
	shopper_release(fit->env, sum);
	return SHOPPER_OK;
}
