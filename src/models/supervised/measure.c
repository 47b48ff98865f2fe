/*
 * measure.c: how good a model of rows is: metrics and permutation importance on the
 * rows of an encoded table.
 */
#include "course.h"

#include <math.h>
#include <string.h>

#include "../../core/hash.h"
#include "../../core/metrics.h"
#include "../../core/threads.h"

#define SHARDS 64
#define PIECE 512				/* rows that a shard scores at once: fewer of many classes */
#define PIECE_NUMBERS 65536

/* ---- measuring ---- */

typedef struct Sums
{
	double		weight,
				loss,			/* log loss, or squared errors */
				hits,			/* accuracy, or absolute errors */
				brier,
				y,
				y2;
} Sums;

typedef struct Measuring
{
	const ShopperModel *model;
	const ShopperTable *t;
	int64_t		from;
	int64_t		to;
	int			outputs;
	int			piece;			/* rows that a shard scores at once */
	double		cutoff;
	double	   *out;			/* (SHARDS)(piece)(outputs) */
	double	   *score;			/* (to - from) of class 1 of two; NULL: not wanted */
	Sums		sums[SHARDS];
} Measuring;

static void
add_class(Sums *s, const double *p, int outputs, double cutoff, int y, double w)
{
	int			best = shopper_best_of(outputs, p, cutoff);

	s->loss += w * shopper_log_loss_one(p[y]);
	s->hits += w * (best == y);
	s->brier += w * (p[outputs - 1] - (y == outputs - 1)) * (p[outputs - 1] - (y == outputs - 1));
}

static void
add_number(Sums *s, double p, double y, double w)
{
	s->loss += w * (p - y) * (p - y);
	s->hits += w * fabs(p - y);
	s->y += w * y;
	s->y2 += w * y * y;
}

static void
measure_shard(void *arg, int shard)
{
	Measuring  *m = arg;
	const ShopperTable *t = m->t;
	double	   *out = m->out + (size_t) shard * (size_t) m->piece * (size_t) m->outputs;
	Sums	   *s = &m->sums[shard];
	int64_t		from,
				to;

	memset(s, 0, sizeof(*s));
	shopper_shard_range(m->to - m->from, SHARDS, shard, &from, &to);
	for (int64_t at = m->from + from; at < m->from + to; at += m->piece)
	{
		int64_t		end = at + m->piece < m->from + to ? at + m->piece : m->from + to;

		shopper_predict_block(m->model, t, at, end, out);
		for (int64_t i = at; i < end; i++)
		{
			const double *p = out + (i - at) * m->outputs;
			double		w = t->weight != NULL ? t->weight[i] : 1;

			s->weight += w;
			if (t->y_class != NULL)
				add_class(s, p, m->outputs, m->cutoff, t->y_class[i], w);
			else
				add_number(s, p[0] - m->model->spec->target_mean, t->y[i] - m->model->spec->target_mean, w);
			if (m->score != NULL)
				m->score[i - m->from] = p[1];
		}
	}
}

static ShopperStatus
measuring_init(ShopperEnv *env, Measuring *m, const ShopperModel *model, const ShopperTable *t, int64_t from, int64_t to)
{
	memset(m, 0, sizeof(*m));
	m->model = model;
	m->t = t;
	m->from = from;
	m->to = to;
	m->outputs = shopper_model_outputs(model);
	m->piece = m->outputs <= PIECE_NUMBERS / PIECE ? PIECE : m->outputs < PIECE_NUMBERS ? PIECE_NUMBERS / m->outputs : 1;
	m->cutoff = t->y_class != NULL ? shopper_cutoff(model) : 0;
	SHOPPER_NEW(env, m->out, (size_t) SHARDS * (size_t) m->piece * (size_t) m->outputs);
	return SHOPPER_OK;
}

/* Rows between two polls: fewer where scoring is slow. */
static int64_t
window_of(const ShopperModel *model)
{
	int			outputs = shopper_model_outputs(model);
	int64_t		most = model->learner->measured_rows > 0 && model->learner->measured_rows < 16384 ? 512 : 16384;

	return outputs <= 32 ? most : most * 32 / outputs > SHARDS ? most * 32 / outputs : SHARDS;
}

/* Score rows [m->from, m->to), in rounds with a poll between them; *total gets the sums. */
static ShopperStatus
measure(ShopperEnv *env, Measuring *m, Sums *total)
{
	int64_t		from = m->from,
				to = m->to;
	double	   *score = m->score;
	int64_t		window = window_of(m->model);

	memset(total, 0, sizeof(*total));
	for (m->from = from; m->from < to; m->from = m->to)
	{
		m->to = m->from + window < to ? m->from + window : to;
		if (score != NULL)
			m->score = score + (m->from - from);
		shopper_parallel(env, SHARDS, measure_shard, m);
		for (int s = 0; s < SHARDS; s++)
		{
			total->weight += m->sums[s].weight;
			total->loss += m->sums[s].loss;
			total->hits += m->sums[s].hits;
			total->brier += m->sums[s].brier;
			total->y += m->sums[s].y;
			total->y2 += m->sums[s].y2;
		}
		SHOPPER_TRY(shopper_poll(env));
	}
	m->from = from;
	m->to = to;
	m->score = score;
	return SHOPPER_OK;
}

static ShopperStatus
add_class_metrics(ShopperEnv *env, ShopperModel *model, const Measuring *m, const Sums *sums, const char *dataset)
{
	int64_t		n = m->to - m->from;
	uint8_t    *positive;
	double		auc;

	SHOPPER_TRY(shopper_add_metric(env, model, dataset, "log_loss", sums->loss / sums->weight));
	SHOPPER_TRY(shopper_add_metric(env, model, dataset, "accuracy", sums->hits / sums->weight));
	if (m->score == NULL)
		return SHOPPER_OK;
	SHOPPER_NEW(env, positive, n);
	for (int64_t i = 0; i < n; i++)
		positive[i] = m->t->y_class[m->from + i] == 1;
	SHOPPER_TRY(shopper_auc(env, n, positive, m->score, m->t->weight != NULL ? m->t->weight + m->from : NULL, &auc));
	shopper_release(env, positive);
	SHOPPER_TRY(shopper_add_metric(env, model, dataset, "brier", sums->brier / sums->weight));
	return shopper_add_metric(env, model, dataset, "auc", auc);
}

ShopperStatus
shopper_add_metrics(ShopperEnv *env, ShopperModel *model, const ShopperTable *t, int64_t from, int64_t to, const char *dataset)
{
	Measuring	m;
	Sums		sums;

	if (from == to)
		return SHOPPER_OK;
	SHOPPER_TRY(measuring_init(env, &m, model, t, from, to));
	if (m.outputs == 2)
		SHOPPER_NEW(env, m.score, to - from);
	SHOPPER_TRY(measure(env, &m, &sums));
	SHOPPER_TRY(shopper_add_metric(env, model, dataset, "rows", (double) (to - from)));
	if (t->y_class != NULL)
		SHOPPER_TRY(add_class_metrics(env, model, &m, &sums, dataset));
	else
	{
		double		spread = sums.y2 - sums.y * sums.y / sums.weight;

		SHOPPER_TRY(shopper_add_metric(env, model, dataset, "rmse", sqrt(sums.loss / sums.weight)));
		SHOPPER_TRY(shopper_add_metric(env, model, dataset, "mae", sums.hits / sums.weight));
		SHOPPER_TRY(shopper_add_metric(env, model, dataset, "r2", spread > 0 ? 1 - sums.loss / spread : NAN));
	}
	shopper_release(env, m.out);
	shopper_release(env, m.score);
	return SHOPPER_OK;
}

/* ---- permutation importance (Breiman 2001): how much worse when a column is shuffled ---- */

/* A small table of its own: rows [from, from + n) of t. */
static ShopperStatus
copy_rows(ShopperEnv *env, const ShopperTable *t, int64_t from, int64_t n, ShopperTable *copy)
{
	SHOPPER_TRY(shopper_table_make(env, copy, t->wide, n, t->n_dense, t->n_lookup, t->n_classes));
	for (int j = 0; j < t->n_dense; j++)
	{
		if (t->wide)
			memcpy(copy->dense[j], t->dense[j] + from, (size_t) n * sizeof(double));
		else
			memcpy(copy->dense32[j], t->dense32[j] + from, (size_t) n * sizeof(float));
	}
	for (int k = 0; k < t->n_lookup; k++)
	{
		memcpy(copy->lookup[k], t->lookup[k] + from, (size_t) n * sizeof(int32_t));
		copy->size[k] = t->size[k];
	}
	if (t->y_class != NULL)
		memcpy(copy->y_class, t->y_class + from, (size_t) n * sizeof(int32_t));
	else
		memcpy(copy->y, t->y + from, (size_t) n * sizeof(double));
	if (t->weight != NULL)
	{
		SHOPPER_NEW(env, copy->weight, n);
		memcpy(copy->weight, t->weight + from, (size_t) n * sizeof(double));
	}
	return SHOPPER_OK;
}

static void
permute_dense(const ShopperTable *from, ShopperTable *to, int j, const uint32_t *order)
{
	for (int64_t i = 0; i < to->n; i++)
	{
		if (to->wide)
			to->dense[j][i] = from->dense[j][order[i]];
		else
			to->dense32[j][i] = from->dense32[j][order[i]];
	}
}

/* Rearrange everything that comes from one column of the user's; order NULL puts it back. */
static void
permute_column(const ShopperSpec *spec, const ShopperTable *from, ShopperTable *to, int column, const uint32_t *order)
{
	const ShopperColumn *c = &spec->column[column];

	if (c->kind == SHOPPER_KIND_CATEGORY)
	{
		for (int64_t i = 0; i < to->n; i++)
			to->lookup[c->first][i] = from->lookup[c->first][order[i]];
		return;
	}
	for (int j = c->first; j < c->first + c->n; j++)
	{
		permute_dense(from, to, j, order);
		if (spec->number[j].flag >= 0)
			permute_dense(from, to, spec->number[j].flag, order);
	}
}

static double
loss_of(const Sums *s, bool regression)
{
	return regression ? sqrt(s->loss / s->weight) : s->loss / s->weight;
}

/* Measured on rows [from, from + n). */
ShopperStatus
shopper_add_permutation_importance(ShopperEnv *env, ShopperModel *model, const ShopperTable *t, int64_t from, int64_t n)
{
	const ShopperSpec *spec = model->spec;
	ShopperTable still,
				moved;
	Measuring	m;
	Sums		sums;
	uint32_t   *order,
			   *same;
	double		base;

	SHOPPER_TRY(copy_rows(env, t, from, n, &still));
	SHOPPER_TRY(copy_rows(env, t, from, n, &moved));
	SHOPPER_NEW(env, order, n);
	SHOPPER_NEW(env, same, n);
	for (int64_t i = 0; i < n; i++)
		same[i] = (uint32_t) i;
	SHOPPER_TRY(measuring_init(env, &m, model, &moved, 0, n));
	SHOPPER_TRY(measure(env, &m, &sums));
	base = loss_of(&sums, t->y != NULL);
	for (int c = 0; c < spec->n_columns; c++)
	{
		memcpy(order, same, (size_t) n * sizeof(uint32_t));
		shopper_shuffle(order, n, env->seed, 1000 + (uint64_t) c);
		permute_column(spec, &still, &moved, c, order);
		SHOPPER_TRY(measure(env, &m, &sums));
		permute_column(spec, &still, &moved, c, same);
		SHOPPER_TRY(shopper_add_importance(env, model, spec->column[c].name, "permutation", loss_of(&sums, t->y != NULL) - base));
	}
	return SHOPPER_OK;
}

ShopperStatus
shopper_measure_rows(ShopperEnv *env, ShopperModel *model, const ShopperTable *t, bool importance)
{
	if (importance)
		return shopper_add_permutation_importance(env, model, t, 0, t->n);
	return shopper_add_metrics(env, model, t, 0, t->n, "query");
}

/* ---- predictions of many rows ---- */

typedef struct Scoring
{
	const ShopperModel *model;
	const ShopperTable *t;
	int64_t		from;
	int64_t		to;
	double	   *out;			/* of row from */
} Scoring;

static void
score_shard(void *arg, int shard)
{
	Scoring    *s = arg;
	int			outputs = shopper_model_outputs(s->model);
	int64_t		from,
				to;

	shopper_shard_range(s->to - s->from, SHARDS, shard, &from, &to);
	for (int64_t at = from; at < to; at += PIECE)
	{
		int64_t		end = at + PIECE < to ? at + PIECE : to;

		shopper_predict_block(s->model, s->t, s->from + at, s->from + end, s->out + at * outputs);
	}
}

ShopperStatus
shopper_score_rows(ShopperEnv *env, const ShopperModel *model, const ShopperTable *t, int64_t from, int64_t to, double *out)
{
	int64_t		window = window_of(model);

	for (int64_t at = from; at < to; at += window)
	{
		Scoring		s = {model, t, at, at + window < to ? at + window : to, out + (at - from) * shopper_model_outputs(model)};

		shopper_parallel(env, SHARDS, score_shard, &s);
		SHOPPER_TRY(shopper_poll(env));
	}
	return SHOPPER_OK;
}
