/*
 * knn.c: k nearest neighbours, exact. The model holds the training rows as float32; all
 * distances are computed, sixteen rows at a time and for several questions while those
 * rows are in the cache. Numbers are standardized; two different levels of a category
 * are sqrt(2) apart (manhattan: 2), as their one-hot columns are. Rows at the same
 * distance: the one that comes first in the (random, but fixed) training order.
 *
 * More rows than max_rows: the first ones of that order are kept, a random sample.
 *
 * Memory: 4 bytes a value. Scoring uses at most 300 kB of stack.
 */
#include <math.h>
#include <string.h>

#include "../../core/simd.h"
#include "../learner.h"

#define LANES 16
#define TILES 32				/* that questions share: rows of 24 columns then fill 50 kB */
#define QUESTIONS 8				/* at a time */
#define MAX_NUMBERS 4000
#define MAX_CATEGORIES 1664
#define MAX_K 1000
#define MEASURED 2000			/* training rows that are scored at the end of training */

typedef float Floats __attribute__((vector_size(64), aligned(4), may_alias));
typedef int32_t Integers __attribute__((vector_size(64), aligned(4), may_alias));

typedef enum Metric {EUCLIDEAN, MANHATTAN, COSINE} Metric;

typedef struct Neighbours
{
	int			k;
	bool		by_distance;
	Metric		metric;
	int			n_dense;
	int			n_lookup;
	int32_t    *size;			/* (n_lookup) the code that is "all zeros" */
	int64_t		n;
	int64_t		n_tiles;
	float	   *x;				/* (n_tiles)(n_dense)(LANES) */
	int32_t    *code;			/* (n_tiles)(n_lookup)(LANES) */
	float	   *norm;			/* (n_tiles)(LANES) cosine: lengths */
	int32_t    *y_class;		/* (n), or */
	double	   *y;
	float	   *weight;			/* (n), NULL: all 1 */
} Neighbours;

static const ShopperOption options[] = {
	{"k", SHOPPER_INTEGER, "25", 1, MAX_K, false, NULL, "how many neighbours are asked"},
	{"weights", SHOPPER_CHOICE, "uniform", 0, 0, false, "uniform,distance", "all count the same, or by 1 / distance"},
	{"metric", SHOPPER_CHOICE, "euclidean", 0, 0, false, "euclidean,manhattan,cosine", "distance between rows"},
	{"max_rows", SHOPPER_INTEGER, "100000", 1, 10000000, false, NULL, "rows that the model keeps; of more, a random sample"},
	{NULL}
};

static ShopperStatus
make(ShopperEnv *env, ShopperModel *model, int64_t n, bool weighted, Neighbours **out)
{
	const ShopperOptions *o = &model->options;
	const ShopperSpec *spec = model->spec;
	Neighbours *m;

	SHOPPER_NEW0(env, m, 1);
	m->k = (int) shopper_option_integer(o, "k");
	m->k = m->k < n ? m->k : (int) n;
	m->by_distance = shopper_option_is(o, "weights", "distance");
	m->metric = shopper_option_is(o, "metric", "euclidean") ? EUCLIDEAN : shopper_option_is(o, "metric", "manhattan") ? MANHATTAN : COSINE;
	m->n_dense = spec->n_dense;
	m->n_lookup = spec->n_categories;
	m->n = n;
	m->n_tiles = (n + LANES - 1) / LANES;
	SHOPPER_NEW0(env, m->size, m->n_lookup);
	for (int c = 0; c < m->n_lookup; c++)
		m->size[c] = spec->category[c].size;
	SHOPPER_NEW0(env, m->x, m->n_tiles * m->n_dense * LANES);
	SHOPPER_NEW0(env, m->code, m->n_tiles * m->n_lookup * LANES);
	if (model->task == SHOPPER_CLASSIFY)
		SHOPPER_NEW(env, m->y_class, n);
	else
		SHOPPER_NEW(env, m->y, n);
	if (weighted)
		SHOPPER_NEW(env, m->weight, n);
	*out = m;
	model->state = m;
	return SHOPPER_OK;
}

static inline float *
number_of(const Neighbours *m, int64_t row, int j)
{
	return &m->x[(row / LANES * m->n_dense + j) * LANES + row % LANES];
}

static inline int32_t *
code_of(const Neighbours *m, int64_t row, int c)
{
	return &m->code[(row / LANES * m->n_lookup + c) * LANES + row % LANES];
}

static ShopperStatus
finish(ShopperEnv *env, Neighbours *m)
{
	if (m->metric != COSINE)
		return SHOPPER_OK;
	SHOPPER_NEW0(env, m->norm, m->n_tiles * LANES);
	for (int64_t i = 0; i < m->n; i++)
	{
		double		sum = 0;

		for (int j = 0; j < m->n_dense; j++)
			sum += (double) *number_of(m, i, j) * (double) *number_of(m, i, j);
		for (int c = 0; c < m->n_lookup; c++)
			sum += *code_of(m, i, c) != m->size[c];
		m->norm[i] = (float) sqrt(sum);
		if (i % 4096 == 0)
			SHOPPER_TRY(shopper_poll(env));
	}
	return SHOPPER_OK;
}

static ShopperStatus
train(ShopperEnv *env, ShopperModel *model, ShopperTable *t, const ShopperModel *previous)
{
	int64_t		max_rows = shopper_option_integer(&model->options, "max_rows"),
				n = t->n_train < max_rows ? t->n_train : max_rows;
	Neighbours *m;

	if (previous != NULL)
		return shopper_fail(env, SHOPPER_UNSUPPORTED, "a model of neighbours cannot be continued from an earlier one");
	if (t->n_dense > MAX_NUMBERS || t->n_lookup > MAX_CATEGORIES)
		return shopper_fail(env, SHOPPER_LIMIT, "at most %d numbers are possible, got %d", MAX_NUMBERS, t->n_dense);
	if (n < t->n_train)
		shopper_notice(env, "%lld of %lld training rows are kept, a random sample (option max_rows)", (long long) n, (long long) t->n_train);
	SHOPPER_TRY(make(env, model, n, t->weight != NULL, &m));
	for (int64_t i = 0; i < n; i++)
	{
		for (int j = 0; j < t->n_dense; j++)
			*number_of(m, i, j) = t->dense32[j][i];
		for (int c = 0; c < t->n_lookup; c++)
			*code_of(m, i, c) = t->lookup[c][i];
		if (m->y_class != NULL)
			m->y_class[i] = t->y_class[i];
		else
			m->y[i] = t->y[i];
		if (m->weight != NULL)
			m->weight[i] = (float) t->weight[i];
		if (i % 1024 == 0)
			SHOPPER_TRY(shopper_poll(env));
	}
	return finish(env, m);
}

/* ---- searching ---- */

typedef struct Found
{
	float		distance;
	int32_t		row;
} Found;

/* The k nearest so far, the farthest of them on top. */
typedef struct Question
{
	float		x[MAX_NUMBERS];
	int32_t		code[MAX_CATEGORIES];
	float		norm;
	int			n;
	Found		found[MAX_K];
} Question;

static inline bool
farther(Found a, Found b)
{
	return a.distance > b.distance || (a.distance == b.distance && a.row > b.row);
}

static void
offer(Question *q, int k, float distance, int32_t row)
{
	Found		new = {distance, row};
	int			at = 0;

	if (q->n < k)
	{
		for (at = q->n++; at > 0 && farther(new, q->found[(at - 1) / 2]); at = (at - 1) / 2)
			q->found[at] = q->found[(at - 1) / 2];
		q->found[at] = new;
		return;
	}
	if (!farther(q->found[0], new))
		return;
	for (;;)
	{
		int			child = 2 * at + 1;

		if (child >= k)
			break;
		child += child + 1 < k && farther(q->found[child + 1], q->found[child]);
		if (!farther(q->found[child], new))
			break;
		q->found[at] = q->found[child];
		at = child;
	}
	q->found[at] = new;
}

/* Distances (squared ones for euclidean) of a question to the rows of some tiles. */
SHOPPER_CLONES static void
distances(const Neighbours *m, const Question *q, int64_t tile, int64_t end, float *out)
{
	for (; tile < end; tile++, out += LANES)
	{
		const float *x = m->x + tile * m->n_dense * LANES;
		const int32_t *code = m->code + tile * m->n_lookup * LANES;
		Floats		sum = {0};
		Integers	apart = {0};

		if (m->metric == EUCLIDEAN)
			for (int j = 0; j < m->n_dense; j++)
			{
				Floats		d = *(const Floats *) (x + j * LANES) - q->x[j];

				sum += d * d;
			}
		else if (m->metric == MANHATTAN)
			for (int j = 0; j < m->n_dense; j++)
			{
				Floats		d = *(const Floats *) (x + j * LANES) - q->x[j];
				Integers	bits = (Integers) d & 0x7fffffff;

				sum += (Floats) bits;
			}
		else
			for (int j = 0; j < m->n_dense; j++)
				sum += *(const Floats *) (x + j * LANES) * q->x[j];
		for (int c = 0; c < m->n_lookup; c++)
		{
			Integers	a = *(const Integers *) (code + c * LANES);
			int32_t		zero = m->size[c];

			if (m->metric == COSINE)
				apart -= (a == q->code[c]) & (a != zero);
			else				/* each side that is not all zeros has a 1 where the other has 0 */
				apart += (a != q->code[c]) & ((q->code[c] != zero) - (a != zero));
		}
		sum += __builtin_convertvector(apart, Floats);
		if (m->metric == COSINE)
			for (int i = 0; i < LANES; i++)
			{
				float		norms = m->norm[tile * LANES + i] * q->norm;

				sum[i] = norms > 0 ? 1 - sum[i] / norms : 1;
			}
		*(Floats *) out = sum;
	}
}

/* Ask all rows, some at a time for all questions. */
static void
search(const Neighbours *m, Question *question, int n)
{
	float		distance[TILES * LANES];

	for (int64_t tile = 0; tile < m->n_tiles; tile += TILES)
	{
		int64_t		end = tile + TILES < m->n_tiles ? tile + TILES : m->n_tiles,
					rows = (end * LANES < m->n ? end * LANES : m->n) - tile * LANES;

		for (int i = 0; i < n; i++)
		{
			Question   *q = &question[i];

			distances(m, q, tile, end, distance);
			for (int64_t r = 0; r < rows; r++)
				if (q->n < m->k || !(distance[r] >= q->found[0].distance))
					offer(q, m->k, distance[r], (int32_t) (tile * LANES + r));
		}
	}
}

static void
start(const Neighbours *m, Question *q)
{
	double		sum = 0;

	for (int j = 0; j < m->n_dense; j++)
		sum += (double) q->x[j] * (double) q->x[j];
	for (int c = 0; c < m->n_lookup; c++)
		sum += q->code[c] != m->size[c];
	q->norm = (float) sqrt(sum);
	q->n = 0;
}

/* How much a neighbour counts; with equal rows by distance only these count. */
static double
vote(const Neighbours *m, const Found *f, bool exact)
{
	double		weight = m->weight != NULL ? (double) m->weight[f->row] : 1,
				distance = m->metric == EUCLIDEAN ? sqrt((double) f->distance) : (double) f->distance;

	if (!m->by_distance)
		return weight;
	if (exact)
		return distance > 0 ? 0 : weight;
	return weight / distance;
}

static void
answer(const Neighbours *m, const Question *q, int outputs, double *out)
{
	bool		exact = false;
	double		total = 0;

	for (int i = 0; i < q->n; i++)
		exact |= !(q->found[i].distance > 0);
	memset(out, 0, (size_t) outputs * sizeof(double));
	for (int i = 0; i < q->n; i++)
	{
		double		v = vote(m, &q->found[i], exact);

		total += v;
		if (m->y_class != NULL)
			out[m->y_class[q->found[i].row]] += v;
		else
			out[0] += v * m->y[q->found[i].row];
	}
	for (int c = 0; c < outputs; c++)
		out[c] = total > 0 ? out[c] / total : m->y_class != NULL ? 1.0 / outputs : 0;
}

static void
predict(const ShopperModel *model, const double *dense, const int32_t *lookup, double *out)
{
	const Neighbours *m = model->state;
	Question	q;

	for (int j = 0; j < m->n_dense; j++)
		q.x[j] = (float) dense[j];
	memcpy(q.code, lookup, (size_t) m->n_lookup * sizeof(int32_t));
	start(m, &q);
	search(m, &q, 1);
	answer(m, &q, shopper_model_outputs(model), out);
}

static void
predict_block(const ShopperModel *model, const ShopperTable *t, int64_t from, int64_t to, double *out)
{
	const Neighbours *m = model->state;
	int			outputs = shopper_model_outputs(model);
	Question	question[QUESTIONS];

	for (; from < to; from += QUESTIONS)
	{
		int			n = (int) (to - from < QUESTIONS ? to - from : QUESTIONS);

		if (t->env->cancelled != NULL && t->env->cancelled(t->env->ctx))
		{						/* a flag is read, no more; whoever measures polls next and drops this */
			memset(out, 0, (size_t) (to - from) * (size_t) outputs * sizeof(double));
			return;
		}
		for (int i = 0; i < n; i++)
		{
			for (int j = 0; j < m->n_dense; j++)
				question[i].x[j] = t->dense32[j][from + i];
			for (int c = 0; c < m->n_lookup; c++)
				question[i].code[c] = t->lookup[c][from + i];
			start(m, &question[i]);
		}
		search(m, question, n);
		for (int i = 0; i < n; i++, out += outputs)
			answer(m, &question[i], outputs, out);
	}
}

/* ---- stored form ---- */

static void
encode(const ShopperModel *model, ShopperWriter *w)
{
	const Neighbours *m = model->state;

	shopper_put_varint(w, (uint64_t) m->n);
	shopper_put_u8(w, m->weight != NULL);
	for (int64_t i = 0; i < m->n; i++)
	{
		for (int j = 0; j < m->n_dense; j++)
			shopper_put_f32s(w, number_of(m, i, j), 1);
		for (int c = 0; c < m->n_lookup; c++)
			shopper_put_varint(w, (uint64_t) *code_of(m, i, c));
		if (m->y_class != NULL)
			shopper_put_varint(w, (uint64_t) m->y_class[i]);
		else
			shopper_put_f64(w, m->y[i]);
		if (m->weight != NULL)
			shopper_put_f32s(w, &m->weight[i], 1);
	}
}

static ShopperStatus
decode_row(const ShopperModel *model, Neighbours *m, int64_t i, ShopperReader *r)
{
	bool		sound = true;

	for (int j = 0; j < m->n_dense; j++)
	{
		shopper_get_f32s(r, number_of(m, i, j), 1);
		sound &= isfinite(*number_of(m, i, j));
	}
	for (int c = 0; c < m->n_lookup; c++)
	{
		uint64_t	code = shopper_get_varint(r);

		sound &= code <= (uint64_t) m->size[c];
		*code_of(m, i, c) = sound ? (int32_t) code : 0;
	}
	if (m->y_class != NULL)
	{
		uint64_t	y = shopper_get_varint(r);

		sound &= y < (uint64_t) model->spec->classes.n;
		m->y_class[i] = sound ? (int32_t) y : 0;
	}
	else
	{
		m->y[i] = shopper_get_f64(r);
		sound &= isfinite(m->y[i]);
	}
	if (m->weight != NULL)
	{
		shopper_get_f32s(r, &m->weight[i], 1);
		sound &= m->weight[i] >= 0 && isfinite(m->weight[i]);
	}
	return sound && !r->failed ? SHOPPER_OK : shopper_bad_bytes(r->env, "a row is damaged");
}

static ShopperStatus
decode(ShopperModel *model, ShopperReader *r)
{
	size_t		row = (size_t) model->spec->n_dense * 4 + (size_t) model->spec->n_categories + (model->task == SHOPPER_CLASSIFY ? 1 : 8);
	int64_t		n = shopper_get_count(r, row);
	bool		weighted = shopper_get_u8(r) != 0;
	Neighbours *m;

	if (r->failed || n < 1 || n > 10000000 || model->spec->n_dense > MAX_NUMBERS || model->spec->n_categories > MAX_CATEGORIES)
		return shopper_bad_bytes(r->env, "its rows are cut off");
	SHOPPER_TRY(make(r->env, model, n, weighted, &m));
	for (int64_t i = 0; i < n; i++)
		SHOPPER_TRY(decode_row(model, m, i, r));
	return finish(r->env, m);
}

static void
describe(const ShopperModel *model, void (*add) (void *ctx, const char *key, double value), void *ctx)
{
	const Neighbours *m = model->state;

	add(ctx, "kept_rows", (double) m->n);
}

const ShopperLearner shopper_learner_knn = {
	.number = 10,
	.name = "knn",
	.help = "k nearest neighbours, exact",
	.shape = SHOPPER_ROWS,
	.tasks = SHOPPER_CLASSIFY | SHOPPER_REGRESS,
	.wide = false,
	.input = SHOPPER_PREPARED,
	.measured_rows = MEASURED,
	.options = options,
	.train_rows = train,
	.predict = predict,
	.predict_block = predict_block,
	.encode = encode,
	.decode = decode,
	.describe = describe
};
