/*
 * train.c: the course that every learner of rows shares: order and split, weights,
 * preparation, the learner's own fit, metrics, permutation importance.
 */
#include <math.h>
#include <string.h>

#include "../../core/hash.h"
#include "../../core/metrics.h"
#include "../../core/threads.h"
#include "../learner.h"

#define SHARDS 64
#define PIECE 512				/* rows that a shard scores at once */
#define IMPORTANCE_ROWS 5000

/* ---- weights ---- */

/* Multiply the row weights by the weights of their classes; 'balanced' makes the classes weigh the same. */
static ShopperStatus
weigh(ShopperEnv *env, const ShopperModel *model, ShopperTable *t, const double *given)
{
	bool		balanced = shopper_option_is(&model->options, "class_weight", "balanced");
	double	   *class_weight,
				total = 0;

	if (t->n_classes == 0 || (given == NULL && !balanced))
		return SHOPPER_OK;
	SHOPPER_NEW0(env, class_weight, t->n_classes);
	if (balanced)
	{
		for (int64_t i = 0; i < t->n_train; i++)
			class_weight[t->y_class[i]] += t->weight != NULL ? t->weight[i] : 1;
		for (int c = 0; c < t->n_classes; c++)
			total += class_weight[c];
		for (int c = 0; c < t->n_classes; c++)
			class_weight[c] = class_weight[c] > 0 ? total / (t->n_classes * class_weight[c]) : 0;
	}
	else
		memcpy(class_weight, given, (size_t) t->n_classes * sizeof(double));
	if (t->weight == NULL)
	{
		SHOPPER_NEW(env, t->weight, t->n);
		for (int64_t i = 0; i < t->n; i++)
			t->weight[i] = 1;
	}
	for (int64_t i = 0; i < t->n; i++)
		t->weight[i] *= class_weight[t->y_class[i]];
	return SHOPPER_OK;
}

/* The rows that are left to fit must still hold two classes. */
static ShopperStatus
check_training_rows(ShopperEnv *env, const ShopperModel *model, const ShopperTable *t)
{
	int			first = -1;

	if (t->n_train == 0)
	{
		shopper_fail(env, SHOPPER_BAD_DATA, "no rows are left to fit: all %lld are held out", (long long) t->n);
		shopper_hint(env, "Check the options validation and validation_column.");
		return env->status;
	}
	for (int64_t i = 0; t->n_classes > 0 && i < t->n_train; i++)
	{
		if (first < 0)
			first = t->y_class[i];
		if (t->y_class[i] != first)
			return SHOPPER_OK;
	}
	if (t->n_classes == 0)
		return SHOPPER_OK;
	shopper_fail(env, SHOPPER_BAD_DATA, "training set has only one class");
	shopper_detail(env, "After holding rows out, all %lld have target \"%.60s\" = \"%.80s\".", (long long) t->n_train,
				   model->spec->target, model->spec->classes.bytes + model->spec->classes.start[first]);
	return env->status;
}

static ShopperStatus
scale_target(const ShopperTable *t, ShopperSpec *spec)
{
	double		sum = 0,
				squares = 0;

	if (t->y == NULL)
		return SHOPPER_OK;
	for (int64_t i = 0; i < t->n_train; i++)
		sum += t->y[i];
	spec->target_mean = sum / (double) t->n_train;
	for (int64_t i = 0; i < t->n_train; i++)
		squares += (t->y[i] - spec->target_mean) * (t->y[i] - spec->target_mean);
	spec->target_scale = sqrt(squares / (double) t->n_train);
	if (!(spec->target_scale > 0))
		spec->target_scale = 1;
	return SHOPPER_OK;
}

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
	double	   *out;			/* (SHARDS)(PIECE)(outputs) */
	double	   *score;			/* (to - from) of class 1 of two; NULL: not wanted */
	Sums		sums[SHARDS];
} Measuring;

static void
add_class(Sums *s, const double *p, int outputs, int y, double w)
{
	int			best = 0;

	for (int c = 1; c < outputs; c++)
		best = p[c] > p[best] ? c : best;
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
	double	   *out = m->out + (size_t) shard * PIECE * (size_t) m->outputs;
	Sums	   *s = &m->sums[shard];
	int64_t		from,
				to;

	memset(s, 0, sizeof(*s));
	shopper_shard_range(m->to - m->from, SHARDS, shard, &from, &to);
	for (int64_t at = m->from + from; at < m->from + to; at += PIECE)
	{
		int64_t		end = at + PIECE < m->from + to ? at + PIECE : m->from + to;

		m->model->learner->predict_block(m->model, t, at, end, out);
		for (int64_t i = at; i < end; i++)
		{
			const double *p = out + (i - at) * m->outputs;
			double		w = t->weight != NULL ? t->weight[i] : 1;

			s->weight += w;
			if (t->y_class != NULL)
				add_class(s, p, m->outputs, t->y_class[i], w);
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
	SHOPPER_NEW(env, m->out, (size_t) SHARDS * PIECE * (size_t) m->outputs);
	return SHOPPER_OK;
}

/* Score rows [m->from, m->to), in rounds with a poll between them; *total gets the sums. */
static ShopperStatus
measure(ShopperEnv *env, Measuring *m, Sums *total)
{
	int64_t		from = m->from,
				to = m->to;
	double	   *score = m->score;
	int64_t		window = m->model->learner->measured_rows > 0 ? 512 : 16384;	/* slow scoring: poll more often */

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

static ShopperStatus
add_metrics(ShopperEnv *env, ShopperModel *model, const ShopperTable *t, int64_t from, int64_t to, const char *dataset)
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
static ShopperStatus
add_permutation_importance(ShopperEnv *env, ShopperModel *model, const ShopperTable *t, int64_t from, int64_t n)
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

/* ---- the course ---- */

static ShopperStatus
prepare(ShopperModel *model, ShopperTable *t)
{
	const ShopperOptions *o = &model->options;
	const ShopperLearner *learner = model->learner;
	ShopperPrepare how;

	how.impute = shopper_option_is(o, "impute", "mean") ? SHOPPER_IMPUTE_MEAN
		: shopper_option_is(o, "impute", "zero") ? SHOPPER_IMPUTE_ZERO : SHOPPER_IMPUTE_MEDIAN;
	if (learner->input == SHOPPER_RAW)
	{
		/* raw learners see what is missing, so nothing is filled: the mean is enough to describe a column, medians cost */
		SHOPPER_TRY(shopper_table_summarize(t, model->spec, SHOPPER_IMPUTE_MEAN));
		return shopper_table_lay_out(t, model->spec, false);
	}
	how.missing_flags = shopper_option_boolean(o, "missing_flags");
	how.standardize = shopper_option_boolean(o, "standardize");
	how.drop_base = shopper_option_is(o, "levels", "reference") ||
		(shopper_option_is(o, "levels", "auto") && learner->wants_reference != NULL && learner->wants_reference(o));
	return shopper_table_prepare(t, model->spec, &how);
}

ShopperStatus
shopper_train_rows(ShopperEnv *env, ShopperModel *model, ShopperTable *t, const double *class_weight, const ShopperModel *previous)
{
	int64_t		limit = model->learner->measured_rows;

	SHOPPER_TRY(shopper_table_order(t, shopper_option_number(&model->options, "validation")));
	model->n_rows = t->n;
	model->n_train = t->n_train;
	SHOPPER_TRY(check_training_rows(env, model, t));
	SHOPPER_TRY(weigh(env, model, t, class_weight));
	SHOPPER_TRY(prepare(model, t));
	SHOPPER_TRY(scale_target(t, model->spec));
	shopper_assert(shopper_table_valid(t));
	SHOPPER_TRY(model->learner->train_rows(env, model, t, previous));
	shopper_assert(model->state != NULL);
	SHOPPER_TRY(add_metrics(env, model, t, 0, limit > 0 && limit < t->n_train ? limit : t->n_train, "train"));
	SHOPPER_TRY(add_metrics(env, model, t, t->n_train, t->n, "validation"));
	if (shopper_option_boolean(&model->options, "importance"))
	{
		int64_t		from = t->n > t->n_train ? t->n_train : 0,
					rows = limit > 0 && limit < IMPORTANCE_ROWS ? limit : IMPORTANCE_ROWS;

		SHOPPER_TRY(add_permutation_importance(env, model, t, from, t->n - from < rows ? t->n - from : rows));
	}
	return SHOPPER_OK;
}

ShopperStatus
shopper_measure_rows(ShopperEnv *env, ShopperModel *model, const ShopperTable *t, bool importance)
{
	if (importance)
		return add_permutation_importance(env, model, t, 0, t->n);
	return add_metrics(env, model, t, 0, t->n, "query");
}
