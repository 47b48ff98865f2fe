/*
 * lda.c: linear discriminant analysis (Fisher 1936; Rao 1948; Hastie, Tibshirani, Friedman, The
 * Elements of Statistical Learning, 2009, section 4.3): the directions in which the classes differ
 * most, measured by how rows differ inside the classes. A classifier and a projection.
 *
 * With the pooled covariance W = L L' (divisor n - classes) and class means m_c, the axes are
 * L'^-1 v, v the directions of the whitened, weighted means sqrt(n_c) L^-1 (m_c - m). Scores have
 * variance 1 inside the classes, so a row belongs to the class whose mean is nearest there, with
 * the share of each class as a head start.
 */
#include "projection.h"

#include <math.h>
#include <string.h>

#include "../../core/dense.h"
#include "../../core/eigen.h"

static const ShopperOption options[] = {
	{"components", SHOPPER_INTEGER, NULL, 1, SHOPPER_MAX_WIDTH, false, NULL, "how many axes project() shows; all, that is one fewer than classes, when not set"},
	{"shrinkage", SHOPPER_NUMBER, "0", 0, 1, false, NULL, "from the covariance inside the classes (0) towards equal variances without covariance (1)"},
	{"priors", SHOPPER_CHOICE, "rows", 0, 0, false, "rows,equal", "how probable classes are beforehand: as in the rows, or all the same"},
	{"target", SHOPPER_STRING, NULL, 0, 0, false, NULL, "the class column, for train_projection"},
	{NULL}
};

typedef struct Discriminant
{
	ShopperProjection p;		/* all axes; p.k of them are shown */
	int			rank;			/* axes in all */
	int			classes;
	double	   *place;			/* (classes, rank) mean scores */
	double	   *prior;			/* (classes) log */
} Discriminant;

/* ---- fit ---- */

typedef struct Classes
{
	int			n;
	double	   *weight;			/* (n) */
	double	   *mean;			/* (n, d) */
} Classes;

static ShopperStatus
class_means(ShopperEnv *env, const ShopperTable *t, const ShopperSpec *spec, Classes *c)
{
	int			d = spec->width;

	c->n = t->n_classes;
	SHOPPER_NEW0(env, c->weight, c->n);
	SHOPPER_NEW0(env, c->mean, (int64_t) c->n * d);
	for (int64_t i = 0; i < t->n_train; i++)
		c->weight[t->y_class[i]] += t->weight != NULL ? t->weight[i] : 1;
	for (int j = 0; j < t->n_dense; j++)
	{
		SHOPPER_TRY(shopper_poll(env));
		for (int64_t i = 0; i < t->n_train; i++)
			c->mean[(int64_t) t->y_class[i] * d + j] += (t->weight != NULL ? t->weight[i] : 1) * t->dense[j][i];
	}
	for (int k = 0; k < spec->n_categories; k++)
	{
		SHOPPER_TRY(shopper_poll(env));
		for (int64_t i = 0; i < t->n_train; i++)
			if (t->lookup[k][i] < spec->category[k].size)
				c->mean[(int64_t) t->y_class[i] * d + spec->category[k].offset + t->lookup[k][i]] += t->weight != NULL ? t->weight[i] : 1;
	}
	for (int e = 0; e < c->n; e++)
		for (int j = 0; j < d && c->weight[e] > 0; j++)
			c->mean[(int64_t) e * d + j] /= c->weight[e];
	return SHOPPER_OK;
}

/* The pooled covariance, shrunk towards its mean variance (Ledoit and Wolf 2004 for the form). */
static void
pool(ShopperCross *cross, int classes, double shrinkage)
{
	int			d = cross->p;
	double		divisor = cross->n > classes ? cross->n - classes : 1,
				trace = 0;

	for (int a = 0; a < d; a++)
		trace += cross->cross[(int64_t) a * d + a] / divisor;
	for (int a = 0; a < d; a++)
		for (int b = 0; b <= a; b++)
			cross->cross[(int64_t) a * d + b] = (1 - shrinkage) * cross->cross[(int64_t) a * d + b] / divisor + (a == b ? shrinkage * trace / d : 0);
}

/* x := L^-1 x; left out columns become 0. */
static void
forwards(const double *l, int d, const bool *skip, double *x)
{
	for (int i = 0; i < d; i++)
		x[i] = skip[i] ? 0 : (x[i] - shopper_dot(l + (int64_t) i * d, x, i)) / l[(int64_t) i * d + i];
}

/* x := L'^-1 x */
static void
backwards(const double *l, int d, const bool *skip, double *x)
{
	for (int i = d - 1; i >= 0; i--)
	{
		x[i] = skip[i] ? 0 : x[i] / l[(int64_t) i * d + i];
		for (int j = 0; j < i; j++)
			x[j] -= l[(int64_t) i * d + j] * x[i];
	}
}

/*
 * Whitened means u_c = sqrt(n_c) L^-1 (m_c - m), rows of u (classes, d). Their Gram matrix is small; an eigenvector e of it
 * with value g gives the direction sum_c e_c u_c / sqrt(g), and g / (n - classes) ... is what the classes differ by along it.
 */
static ShopperStatus
find_axes(ShopperEnv *env, ShopperModel *model, const Classes *c, const ShopperCross *within, const bool *skip, Discriminant *l)
{
	int			d = within->p,
				shown,
				n = c->n;
	double	   *u,
			   *gram,
			   *value,
			   *vector,
			   *mean,
				total = 0;

	SHOPPER_NEW0(env, mean, d);
	SHOPPER_NEW(env, u, (int64_t) n * d);
	SHOPPER_NEW(env, gram, (int64_t) n * n);
	SHOPPER_NEW(env, vector, (int64_t) n * n);
	SHOPPER_NEW(env, value, n);
	for (int e = 0; e < n; e++)
		total += c->weight[e];
	for (int e = 0; e < n; e++)
		for (int j = 0; j < d; j++)
			mean[j] += c->weight[e] / total * c->mean[(int64_t) e * d + j];
	for (int e = 0; e < n; e++)
	{
		for (int j = 0; j < d; j++)
			u[(int64_t) e * d + j] = sqrt(c->weight[e]) * (c->mean[(int64_t) e * d + j] - mean[j]);
		forwards(within->cross, d, skip, u + (int64_t) e * d);
	}
	for (int a = 0; a < n; a++)
		for (int b = 0; b < n; b++)
			gram[a * n + b] = shopper_dot(u + (int64_t) a * d, u + (int64_t) b * d, d);
	SHOPPER_TRY(shopper_eigen(env, gram, n, value, vector));
	for (l->rank = 0; l->rank < n - 1 && l->rank < d && value[l->rank] > 1e-10 * value[0] && value[0] > 0;)
		l->rank++;
	if (l->rank == 0)
	{
		shopper_fail(env, SHOPPER_BAD_DATA, "the classes do not differ in any column");
		shopper_hint(env, "All class means are equal: other columns are needed to tell the classes apart.");
		return env->status;
	}
	SHOPPER_TRY(shopper_projection_make(env, d, l->rank, &l->p));
	memcpy(l->p.mean, mean, sizeof(double) * (size_t) d);
	for (int i = 0; i < l->rank; i++)
	{
		double	   *axis = l->p.axis + (int64_t) i * d;

		for (int e = 0; e < n; e++)
			for (int j = 0; j < d; j++)
				axis[j] += vector[i * n + e] * u[(int64_t) e * d + j] / sqrt(value[i]);
		backwards(within->cross, d, skip, axis);
		shopper_projection_sign(axis, d);
		l->p.scale[i] = 1;
		l->p.variance[i] = value[i] / total;
		l->p.total += value[i] / total;
	}
	SHOPPER_NEW(env, l->place, (int64_t) n * l->rank);
	for (int e = 0; e < n; e++)
		shopper_project_point(&l->p, c->mean + (int64_t) e * d, l->place + (int64_t) e * l->rank);
	shown = shopper_option_set(&model->options, "components") && shopper_option_integer(&model->options, "components") < l->rank
		? (int) shopper_option_integer(&model->options, "components") : l->rank;
	l->p.k = shown;
	return SHOPPER_OK;
}

static ShopperStatus
set_priors(ShopperEnv *env, const ShopperModel *model, const Classes *c, Discriminant *l)
{
	double		total = 0;

	SHOPPER_NEW(env, l->prior, c->n);
	for (int e = 0; e < c->n; e++)
		total += c->weight[e];
	for (int e = 0; e < c->n; e++)
		l->prior[e] = log(shopper_option_is(&model->options, "priors", "equal") ? 1.0 / c->n : c->weight[e] / total);
	return SHOPPER_OK;
}

static ShopperStatus
train(ShopperEnv *env, ShopperModel *model, ShopperTable *t, const ShopperModel *previous)
{
	ShopperCross within;
	Classes		c;
	Discriminant *l;
	bool	   *skip;
	int			skipped;

	if (previous != NULL)
	{
		shopper_fail(env, SHOPPER_UNSUPPORTED, "lda cannot go on from a previous model");
		shopper_hint(env, "Train it on all rows.");
		return env->status;
	}
	SHOPPER_NEW0(env, l, 1);
	SHOPPER_TRY(shopper_points_check(env, model->spec->width));
	SHOPPER_TRY(class_means(env, t, model->spec, &c));
	for (int e = 0; e < c.n; e++)
		if (!(c.weight[e] > 0))
			return shopper_fail(env, SHOPPER_BAD_DATA, "a class has no rows to learn from");
	SHOPPER_TRY(shopper_table_cross(t, model->spec, 1, t->y_class, c.mean, t->n_train, &within));
	pool(&within, c.n, shopper_option_number(&model->options, "shrinkage"));
	SHOPPER_NEW0(env, skip, within.p);
	SHOPPER_TRY(shopper_cholesky(env, within.cross, within.p, 1e-9, skip, &skipped));
	SHOPPER_TRY(find_axes(env, model, &c, &within, skip, l));
	SHOPPER_TRY(set_priors(env, model, &c, l));
	l->classes = c.n;
	model->state = l;
	return SHOPPER_OK;
}

/* ---- predictions ---- */

static void
predict(const ShopperModel *model, const double *dense, const int32_t *lookup, double *out)
{
	const Discriminant *l = model->state;
	ShopperProjection all = l->p;
	double		score[SHOPPER_MAX_WIDTH],
				x[SHOPPER_MAX_WIDTH],
				most = -INFINITY,
				sum = 0;

	all.k = l->rank;
	shopper_point(model->spec, dense, lookup, 1, x);
	shopper_project_point(&all, x, score);
	for (int e = 0; e < l->classes; e++)
	{
		double		squares = 0;

		for (int i = 0; i < l->rank; i++)
		{
			double		away = score[i] - l->place[(int64_t) e * l->rank + i];

			squares += away * away;
		}
		out[e] = l->prior[e] - squares / 2;
		most = out[e] > most ? out[e] : most;
	}
	for (int e = 0; e < l->classes; e++)
		sum += out[e] = exp(out[e] - most);
	for (int e = 0; e < l->classes; e++)
		out[e] /= sum;
}

static void
predict_block(const ShopperModel *model, const ShopperTable *t, int64_t from, int64_t to, double *out)
{
	const Discriminant *l = model->state;
	double		dense[SHOPPER_MAX_WIDTH];
	int32_t		lookup[SHOPPER_MAX_WIDTH];

	for (int64_t i = from; i < to; i++)
	{
		for (int j = 0; j < t->n_dense; j++)
			dense[j] = t->dense[j][i];
		for (int k = 0; k < t->n_lookup; k++)
			lookup[k] = t->lookup[k][i];
		predict(model, dense, lookup, out + (i - from) * l->classes);
	}
}

static const ShopperProjection *
projection(const ShopperModel *model)
{
	return &((const Discriminant *) model->state)->p;
}

/* ---- stored form ---- */

static void
encode(const ShopperModel *model, ShopperWriter *w)
{
	const Discriminant *l = model->state;
	ShopperProjection all = l->p;

	all.k = l->rank;
	shopper_projection_encode(&all, w);
	shopper_put_varint(w, (uint64_t) l->p.k);
	shopper_put_f64s(w, l->place, (int64_t) l->classes * l->rank);
	shopper_put_f64s(w, l->prior, l->classes);
}

static ShopperStatus
decode(ShopperModel *model, ShopperReader *r)
{
	Discriminant *l;
	uint64_t	shown;
	bool		sound;

	SHOPPER_NEW0(r->env, l, 1);
	model->state = l;
	SHOPPER_TRY(shopper_projection_decode(model, r, &l->p));
	l->rank = l->p.k;
	l->classes = (int) model->spec->classes.n;
	shown = shopper_get_varint(r);
	if (r->failed || shown < 1 || shown > (uint64_t) l->rank ||
		(size_t) l->classes * ((size_t) l->rank + 1) > (size_t) (r->end - r->next) / sizeof(double))
		return shopper_bad_bytes(r->env, "its classes do not fit its axes");
	l->p.k = (int) shown;
	SHOPPER_NEW(r->env, l->place, (int64_t) l->classes * l->rank);
	SHOPPER_NEW(r->env, l->prior, l->classes);
	shopper_get_f64s(r, l->place, (int64_t) l->classes * l->rank);
	shopper_get_f64s(r, l->prior, l->classes);
	sound = !r->failed;
	for (int64_t i = 0; sound && i < (int64_t) l->classes * l->rank; i++)
		sound = l->place[i] - l->place[i] == 0;
	for (int e = 0; sound && e < l->classes; e++)
		sound = l->prior[e] <= 0 && l->prior[e] > -1e3;
	return sound ? SHOPPER_OK : shopper_bad_bytes(r->env, "its classes do not fit its axes");
}

static void
describe(const ShopperModel *model, void (*add) (void *ctx, const char *key, double value), void *ctx)
{
	shopper_projection_describe(projection(model), add, ctx);
}

const ShopperLearner shopper_learner_lda = {
	.number = 30,
	.name = "lda",
	.help = "linear discriminant analysis: the directions in which classes differ most; classifier and projection",
	.shape = SHOPPER_ROWS,
	.tasks = SHOPPER_CLASSIFY,
	.wide = true,
	.input = SHOPPER_PREPARED,
	.options = options,
	.train_rows = train,
	.predict = predict,
	.predict_block = predict_block,
	.projection = projection,
	.encode = encode,
	.decode = decode,
	.describe = describe
};
