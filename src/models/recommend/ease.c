/*
 * ease.c: the learner ease, a linear model from items to items (Steck 2019, "Embarrassingly
 * shallow autoencoders for sparse data"): B minimizes
 *
 *     |X - X B|^2 + lambda |B|^2    with zeros on the diagonal of B
 *
 * for the user x item matrix X, and in closed form, with P = (X'X + lambda I)^-1,
 *
 *     B_ij = -P_ij / P_jj.
 *
 * A user's scores are the sum of the rows of B of the user's items, times their weights.
 * Training holds 8 bytes for each pair of items; the model 4, or the `keep` weightiest of
 * each column.
 */
#include <math.h>
#include <string.h>

#include "../../core/inverse.h"
#include "../../core/simd.h"
#include "../../core/threads.h"
#include "best.h"
#include "ease.h"

#define SHARDS 16				/* of rows of the matrix */
#define TILE 32
#define CHUNK_COST 2e7			/* additions between polls */

/* ---- training ---- */

typedef struct Training
{
	const ShopperLines *by_user;
	const ShopperLines *by_item;
	double	   *P;				/* (stride, stride): X'X + lambda I, then its inverse; the lower half */
	int64_t		n,
				stride;
	double		lambda;
	int64_t		from,			/* rows of this round */
				to;
	int64_t		keep;
	double	   *diagonal;		/* (n) of the inverse */
	float	   *B;
	ShopperScored *kept;		/* (items, keep) */
	int64_t    *found;			/* (items) */
} Training;

/* Rows of X'X up to the diagonal: over the users of the row's item in their order. */
static void
gram_shard(void *arg, int shard)
{
	Training   *t = arg;

	for (int64_t item = t->from + shard; item < t->to; item += SHARDS)
	{
		double	   *row = t->P + item * t->stride;

		memset(row, 0, (size_t) (item + 1) * sizeof(double));
		for (int64_t i = t->by_item->start[item]; i < t->by_item->start[item + 1]; i++)
		{
			const ShopperLine *mine = &t->by_item->line[i];
			const ShopperLine *line = t->by_user->line + t->by_user->start[mine->code];

			for (; line->code < item; line++)	/* ends at the item itself: codes rise */
				row[line->code] += (double) mine->value * line->value;
			row[item] += (double) mine->value * mine->value;
		}
		row[item] += t->lambda;
	}
}

/* Rounds of rows that cost some milliseconds each, which is at most some additions for each row. */
static ShopperStatus
rows_in_rounds(ShopperEnv *env, Training *t, ShopperShardFn fn, bool by_lines)
{
	for (t->from = 0; t->from < t->n; t->from = t->to)
	{
		double		cost = 0;

		for (t->to = t->from; t->to < t->n && cost < CHUNK_COST; t->to++)
		{
			cost += (double) t->n;
			for (int64_t i = t->by_item->start[t->to]; by_lines && i < t->by_item->start[t->to + 1]; i++)
				cost += (double) (t->by_user->start[t->by_item->line[i].code + 1] - t->by_user->start[t->by_item->line[i].code]);
		}
		SHOPPER_TRY(shopper_poll(env));
		shopper_parallel(env, SHARDS, fn, t);
	}
	return SHOPPER_OK;
}

/* P_ij for any order of i and j */
static double
inverse_at(const Training *t, int64_t i, int64_t j)
{
	return i >= j ? t->P[i * t->stride + j] : t->P[j * t->stride + i];
}

/* B_ij of the rows i in [from, to) and all columns. Above the diagonal P is read by tiles, whose rows are short columns of B. */
SHOPPER_CLONES static void
weigh_rows(const Training *t, int64_t from, int64_t to)
{
	for (int64_t i = from; i < to; i++)
	{
		float	   *row = t->B + i * t->n;
		const double *P = t->P + i * t->stride;

		for (int64_t j = 0; j < from; j++)
			row[j] = (float) (-P[j] / t->diagonal[j]);
		for (int64_t j = from; j < to; j++)
			row[j] = i == j ? 0 : (float) (-inverse_at(t, i, j) / t->diagonal[j]);
	}
	for (int64_t tile = to; tile < t->n; tile += TILE)
	{
		int64_t		end = tile + TILE < t->n ? tile + TILE : t->n;

		for (int64_t i = from; i < to; i++)
			for (int64_t j = tile; j < end; j++)
				t->B[i * t->n + j] = (float) (-t->P[j * t->stride + i] / t->diagonal[j]);
	}
}

static void
weights_shard(void *arg, int shard)
{
	Training   *t = arg;

	for (int64_t from = t->from + TILE * shard; from < t->to; from += TILE * SHARDS)
		weigh_rows(t, from, from + TILE < t->to ? from + TILE : t->to);
}

/* The weightiest of each column. */
static void
lists_shard(void *arg, int shard)
{
	Training   *t = arg;

	for (int64_t i = t->from + shard; i < t->to; i += SHARDS)
	{
		ShopperBest best = {.n = t->keep,.entry = t->kept + i * t->keep};

		for (int64_t j = 0; j < t->n; j++)
			if (j != i && inverse_at(t, j, i) != 0)
				shopper_best_offer(&best, fabs(inverse_at(t, j, i)), j);
		t->found[i] = shopper_best_sort(&best);
	}
}

static ShopperStatus
put_lists(ShopperEnv *env, Training *t, Ease *m)
{
	int64_t		total = 0;

	for (int64_t i = 0; i < t->n; i++)
		total += t->found[i];
	m->lists.n = t->n;
	SHOPPER_NEW0(env, m->lists.start, t->n + 1);
	SHOPPER_NEW(env, m->lists.code, total);
	SHOPPER_NEW(env, m->lists.weight, total);
	total = 0;
	for (int64_t i = 0; i < t->n; i++)
	{
		for (int64_t k = 0; k < t->found[i]; k++, total++)
		{
			int64_t		from = t->kept[i * t->keep + k].code;

			m->lists.code[total] = (int32_t) from;
			m->lists.weight[total] = (float) (-inverse_at(t, from, i) / t->P[i * t->stride + i]);
		}
		m->lists.start[i + 1] = total;
	}
	return shopper_neighbours_transpose(env, &m->lists, &m->back);
}

static ShopperStatus
ease_fit(ShopperEnv *env, Ease *m, const ShopperLines *by_user, const ShopperLines *by_item, int64_t keep)
{
	Training	t = {.by_user = by_user,.by_item = by_item,.n = m->events.item.n,.lambda = m->lambda};

	t.keep = keep < t.n ? keep : t.n;
	t.stride = shopper_inverse_stride(t.n);
	SHOPPER_NEW(env, t.P, t.stride * t.stride);
	SHOPPER_TRY(rows_in_rounds(env, &t, gram_shard, true));
	SHOPPER_TRY(shopper_inverse(env, t.P, t.n));
	SHOPPER_NEW(env, t.diagonal, t.n);
	for (int64_t j = 0; j < t.n; j++)
		t.diagonal[j] = t.P[j * (t.stride + 1)];
	if (keep == 0)
		SHOPPER_NEW(env, t.B, t.n * t.n);
	else
	{
		SHOPPER_NEW(env, t.kept, t.n * t.keep);
		SHOPPER_NEW0(env, t.found, t.n);
	}
	SHOPPER_TRY(rows_in_rounds(env, &t, keep == 0 ? weights_shard : lists_shard, false));
	m->B = t.B;
	if (keep > 0)
		SHOPPER_TRY(put_lists(env, &t, m));
	shopper_release(env, t.P);
	shopper_release(env, t.diagonal);
	shopper_release(env, t.kept);
	shopper_release(env, t.found);
	return SHOPPER_OK;
}

/* The model's size is known before the work. */
ShopperStatus
shopper_ease_check_size(ShopperEnv *env, int64_t items, int64_t keep)
{
	double		bytes = keep > 0 ? 10.0 * (double) items * (double) (keep < items ? keep : items) : 4.0 * (double) items * (double) items;

	if (env->max_model == 0 || bytes <= (double) env->max_model)
		return SHOPPER_OK;
	shopper_fail(env, SHOPPER_LIMIT, "the weights between %lld items would need %.0f MB, limit is %lld MB", (long long) items, ceil(bytes / 1048576),
				 (long long) (env->max_model >> 20));
	shopper_hint(env, "Store fewer weights of each item, as in keep => 200, give fewer items, or raise pg_shopper.max_model_size.");
	return env->status;
}

static ShopperStatus
ease_train(ShopperEnv *env, ShopperModel *model, ShopperPairs *pairs, const ShopperModel *previous)
{
	bool		weighted = shopper_option_boolean(&model->options, "weighted"),
				implicit;
	int64_t		keep = shopper_option_integer(&model->options, "keep");
	ShopperLines by_user,
				by_item;
	Ease	   *m;

	(void) previous;			/* the solution is exact: nothing to start from */
	SHOPPER_NEW0(env, m, 1);
	model->state = m;
	m->lambda = shopper_option_number(&model->options, "lambda");
	SHOPPER_TRY(shopper_ease_check_size(env, pairs->right.n, keep));
	SHOPPER_TRY(shopper_events_start(env, model, pairs, true, &m->events, &by_user, &implicit));
	model->n_train = by_user.start[by_user.rows];
	for (int64_t i = 0; i < model->n_train && !weighted; i++)
		by_user.line[i].value = m->events.value[i] = by_user.line[i].value > 0;
	shopper_events_drop_ones(env, &m->events);
	SHOPPER_TRY(shopper_lines_transpose(env, &by_user, m->events.item.n, &by_item));
	SHOPPER_TRY(ease_fit(env, m, &by_user, &by_item, keep));
	shopper_release(env, by_user.start);
	shopper_release(env, by_user.line);
	shopper_release(env, by_item.start);
	shopper_release(env, by_item.line);
	return SHOPPER_OK;
}

/* ---- storing ---- */

static void
ease_encode(const ShopperModel *model, ShopperWriter *w)
{
	const Ease *m = model->state;

	shopper_put_u8(w, m->B != NULL);
	shopper_put_f64(w, m->lambda);
	shopper_events_encode(&m->events, w);
	if (m->B != NULL)
		shopper_put_f32s(w, m->B, m->events.item.n * m->events.item.n);
	else
		shopper_neighbours_encode(&m->lists, w);
}

static ShopperStatus
ease_decode(ShopperModel *model, ShopperReader *r)
{
	ShopperEnv *env = r->env;
	uint8_t		dense = shopper_get_u8(r);
	int64_t		n;
	Ease	   *m;

	SHOPPER_NEW0(env, m, 1);
	model->state = m;
	m->lambda = shopper_get_f64(r);
	if (r->failed || dense > 1 || !(m->lambda > 0 && m->lambda <= 1e30))
		return shopper_bad_bytes(env, "its head is damaged");
	SHOPPER_TRY(shopper_events_decode(&m->events, r));
	n = m->events.item.n;
	if (!dense)
	{
		SHOPPER_TRY(shopper_neighbours_decode(env, r, n, &m->lists));
		return shopper_neighbours_transpose(env, &m->lists, &m->back);
	}
	if (n > 0 && n > (r->end - r->next) / (int64_t) sizeof(float) / n)
		return shopper_bad_bytes(env, "its weights are cut off");
	SHOPPER_NEW(env, m->B, n * n);
	shopper_get_f32s(r, m->B, n * n);
	for (int64_t i = 0; i < n * n && !r->failed; i++)
		if (!(fabsf(m->B[i]) <= 1e30f))
			return shopper_bad_bytes(env, "a weight is not finite");
	return SHOPPER_OK;
}

static void
ease_describe(const ShopperModel *model, void (*add) (void *ctx, const char *key, double value), void *ctx)
{
	const Ease *m = model->state;

	add(ctx, "users", (double) m->events.user.n);
	add(ctx, "items", (double) m->events.item.n);
	add(ctx, "events", (double) m->events.seen_start[m->events.user.n]);
	add(ctx, "weights", m->B != NULL ? (double) m->events.item.n * (double) (m->events.item.n - 1) : (double) m->lists.start[m->lists.n]);
	add(ctx, "lambda", m->lambda);
}

static const ShopperOption ease_options[] = {
	{"lambda", SHOPPER_NUMBER, "300", 0, 1e12, true, NULL, "penalty on the weights between items"},
	{"keep", SHOPPER_INTEGER, "0", 0, 1000000, false, NULL, "weights stored of each item, the largest by size; 0: all, 4 bytes for each pair of items"},
	{"weighted", SHOPPER_BOOLEAN, "false", 0, 0, false, NULL, "events count their weight (the third column, or how often they come) instead of 1"},
	{NULL}
};

const ShopperLearner shopper_learner_ease = {
	.number = 19,
	.name = "ease",
	.help = "linear weights between items, in closed form",
	.shape = SHOPPER_RATINGS,
	.tasks = SHOPPER_RECOMMEND,
	.options = ease_options,
	.train_ratings = ease_train,
	.encode = ease_encode,
	.decode = ease_decode,
	.describe = ease_describe,
	.recommender = &shopper_ease_recommender,
};
