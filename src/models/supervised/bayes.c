/*
 * bayes.c: naive Bayes. The log odds of a class are the log prior odds plus one term
 * for each input: numbers are normal within each class, booleans and categories have
 * the share of their level, smoothed by Laplace's rule.
 *
 * What is missing says nothing: a missing number leaves its term out, in training and
 * in scoring. A missing category is a level of its own where training had one. A level
 * that training did not see is left out as well: the smoothed count of zero would speak
 * for the class with the fewest rows, which is no evidence. A class without a value of
 * some number takes that column's mean and variance of all classes.
 *
 * The variances get var_smoothing times the variance of the column over all rows. This
 * is what scikit-learn's GaussianNB does with standardized columns, and unlike its rule
 * it does not change when a column is given in another unit. A constant column says
 * nothing.
 *
 * The model is counts and moments, so it is continued and merged by adding
 * (bayes_merge.c). Memory in training: 8 numbers for each column and class.
 */
#include "bayes.h"

#include <math.h>
#include <string.h>

#include "../../core/simd.h"

#define PIECE 256				/* rows scored at once */
#define FAR 1e100				/* a squared distance that is as good as infinite */

static const ShopperOption options[] = {
	{"smoothing", SHOPPER_NUMBER, "1", 0, 1e9, true, NULL, "added to the count of each level of a category in each class"},
	{"var_smoothing", SHOPPER_NUMBER, "1e-9", 0, 1e9, true, NULL, "added to the variances: so many times the variance of the column"},
	{NULL}
};

ShopperStatus
shopper_bayes_new(ShopperEnv *env, ShopperModel *model, ShopperBayes **bayes)
{
	const ShopperSpec *spec = model->spec;
	size_t		k = (size_t) spec->classes.n;
	ShopperBayes *b;

	SHOPPER_NEW0(env, b, 1);
	b->n_classes = (int) k;
	SHOPPER_NEW0(env, b->weight, k);
	SHOPPER_NEW0(env, b->moments, (size_t) spec->n_numbers * k);
	SHOPPER_NEW0(env, b->level, spec->n_categories);
	for (int c = 0; c < spec->n_categories; c++)
		SHOPPER_NEW0(env, b->level[c], (size_t) spec->category[c].n_levels * k);
	*bayes = b;
	model->state = b;
	return SHOPPER_OK;
}

/* ---- from counts to logarithms ---- */

static double
positive(double x)
{
	return x > 1e-300 ? x : 1e-300;
}

static void
finish_boolean(const ShopperMoments *m, double smoothing, double *no, double *yes)
{
	double		share = m->n > 0 ? (m->mean * m->n + smoothing) / (m->n + 2 * smoothing) : 0.5;

	*no = log(positive(1 - share));
	*yes = log(positive(share));
}

static void
finish_normal(const ShopperMoments *m, const ShopperMoments *all, double var_smoothing, double *constant, double *rate, double *center)
{
	double		spread = all->squares / all->n,
				variance = (m->n > 0 ? m->squares / m->n : spread) + var_smoothing * spread;

	if (!(spread > 0) || !(spread < 1e300))
		return;					/* the same for all classes: 0 */
	*center = m->n > 0 ? m->mean : all->mean;
	*rate = 0.5 / positive(variance);
	*constant = -0.5 * log(positive(variance));
}

ShopperStatus
shopper_bayes_finish(ShopperEnv *env, const ShopperModel *model, ShopperBayes *b)
{
	const ShopperSpec *spec = model->spec;
	double		smoothing = shopper_option_number(&model->options, "smoothing"),
				var_smoothing = shopper_option_number(&model->options, "var_smoothing"),
				total = 0;
	size_t		k = (size_t) b->n_classes;

	SHOPPER_NEW0(env, b->prior, k);
	SHOPPER_NEW0(env, b->constant, (size_t) spec->n_numbers * k);
	SHOPPER_NEW0(env, b->rate, (size_t) spec->n_numbers * k);
	SHOPPER_NEW0(env, b->center, (size_t) spec->n_numbers * k);
	SHOPPER_NEW0(env, b->boolean, spec->n_numbers);
	SHOPPER_NEW0(env, b->log_level, spec->n_categories);
	for (size_t c = 0; c < k; c++)
		total += b->weight[c];
	for (size_t c = 0; c < k; c++)
		b->prior[c] = log(positive(b->weight[c] / positive(total)));
	for (int j = 0; j < spec->n_numbers; j++)
	{
		size_t		at = (size_t) j * k;
		ShopperMoments all = {0};

		b->boolean[j] = spec->column[spec->number[j].column].kind == SHOPPER_KIND_BOOLEAN;
		for (size_t c = 0; c < k; c++)
			shopper_moments_merge(&all, &b->moments[at + c]);
		for (size_t c = at; c < at + k && all.n > 0; c++)
		{
			if (b->boolean[j])
				finish_boolean(&b->moments[c], smoothing, &b->constant[c], &b->rate[c]);
			else
				finish_normal(&b->moments[c], &all, var_smoothing, &b->constant[c], &b->rate[c], &b->center[c]);
		}
	}
	for (int g = 0; g < spec->n_categories; g++)
	{
		size_t		levels = (size_t) spec->category[g].n_levels;

		SHOPPER_NEW0(env, b->log_level[g], levels * k);
		for (size_t c = 0; c < k; c++)
		{
			double		sum = 0;

			for (size_t l = 0; l < levels; l++)
				sum += b->level[g][l * k + c];
			for (size_t l = 0; l < levels; l++)
				b->log_level[g][l * k + c] = log(positive((b->level[g][l * k + c] + smoothing) / (sum + smoothing * (double) levels)));
		}
	}
	return SHOPPER_OK;
}

/* ---- scoring ---- */

static inline double
far_at_most(double x)
{
	return x < FAR ? x : FAR;
}

/* What number j = x says for class c; 0 when it is missing. */
static inline double
number_term(const ShopperBayes *b, int j, int c, double x)
{
	size_t		at = (size_t) j * (size_t) b->n_classes + (size_t) c;
	double		d = x - b->center[at];

	if (x != x)
		return 0;
	if (b->boolean[j])
		return x != 0 ? b->rate[at] : b->constant[at];
	return b->constant[at] - far_at_most(b->rate[at] * d * d);
}

static inline double
level_term(const ShopperBayes *b, const ShopperSpec *spec, int g, int c, int32_t code)
{
	if (code < 0 || code >= spec->category[g].n_levels)
		return 0;
	return b->log_level[g][(size_t) code * (size_t) b->n_classes + (size_t) c];
}

/* Scores to probabilities, in place. */
static void
to_probabilities(double *z, int n)
{
	double		most = z[0],
				sum = 0;

	for (int c = 1; c < n; c++)
		most = z[c] > most ? z[c] : most;
	for (int c = 0; c < n; c++)
		sum += z[c] = z[c] == most ? 1 : exp(z[c] - most);
	for (int c = 0; c < n; c++)
		z[c] /= sum;
}

static void
predict(const ShopperModel *model, const double *dense, const int32_t *lookup, double *out)
{
	const ShopperBayes *b = model->state;
	const ShopperSpec *spec = model->spec;

	for (int c = 0; c < b->n_classes; c++)
	{
		out[c] = b->prior[c];
		for (int j = 0; j < spec->n_numbers; j++)
			out[c] += number_term(b, j, c, dense[j]);
		for (int g = 0; g < spec->n_categories; g++)
			out[c] += level_term(b, spec, g, c, lookup[g]);
	}
	to_probabilities(out, b->n_classes);
}

/* The same terms of a column for one class. */
static SHOPPER_CLONES void
add_number(double constant, double rate, double center, const double *x, int64_t n, double *z)
{
	for (int64_t i = 0; i < n; i++)
	{
		double		d = x[i] - center,
					term = constant - far_at_most(rate * d * d);

		z[i] += x[i] == x[i] ? term : 0;
	}
}

/* The scores of class c for up to PIECE rows, in the order of predict(). */
static void
score_class(const ShopperModel *model, const ShopperTable *t, int64_t from, int64_t n, int c, double *z)
{
	const ShopperBayes *b = model->state;

	for (int64_t i = 0; i < n; i++)
		z[i] = b->prior[c];
	for (int j = 0; j < t->n_dense; j++)
	{
		size_t		at = (size_t) j * (size_t) b->n_classes + (size_t) c;

		if (b->boolean[j])
			for (int64_t i = 0; i < n; i++)
				z[i] += number_term(b, j, c, t->dense[j][from + i]);
		else
			add_number(b->constant[at], b->rate[at], b->center[at], t->dense[j] + from, n, z);
	}
	for (int g = 0; g < t->n_lookup; g++)
		for (int64_t i = 0; i < n; i++)
			z[i] += level_term(b, model->spec, g, c, t->lookup[g][from + i]);
}

static void
predict_block(const ShopperModel *model, const ShopperTable *t, int64_t from, int64_t to, double *out)
{
	int			k = ((const ShopperBayes *) model->state)->n_classes;
	double		z[PIECE];

	for (int64_t at = from; at < to; at += PIECE, out += PIECE * k)
	{
		int64_t		n = at + PIECE < to ? PIECE : to - at;

		for (int c = 0; c < k; c++)
		{
			score_class(model, t, at, n, c, z);
			for (int64_t i = 0; i < n; i++)
				out[i * k + c] = z[i];
		}
		for (int64_t i = 0; i < n; i++)
			to_probabilities(out + i * k, k);
	}
}

/* ---- why: each term against the mean of all classes, or with two classes against the other one ---- */

static double
against_others(const double *term, int k, int output)
{
	double		mean = 0;

	if (k == 2)
		return term[output] - term[1 - output];
	for (int c = 0; c < k; c++)
		mean += term[c] / k;
	return term[output] - mean;
}

static ShopperStatus
explain(ShopperEnv *env, const ShopperModel *model, const double *dense, const int32_t *lookup, int output,
		double *base, double *contribution)
{
	const ShopperBayes *b = model->state;
	const ShopperSpec *spec = model->spec;
	double	   *term;

	SHOPPER_NEW(env, term, b->n_classes);
	*base = against_others(b->prior, b->n_classes, output);
	for (int j = 0; j < spec->n_numbers; j++)
	{
		for (int c = 0; c < b->n_classes; c++)
			term[c] = number_term(b, j, c, dense[j]);
		contribution[j] = against_others(term, b->n_classes, output);
	}
	for (int g = 0; g < spec->n_categories; g++)
	{
		for (int c = 0; c < b->n_classes; c++)
			term[c] = level_term(b, spec, g, c, lookup[g]);
		contribution[spec->n_dense + g] = against_others(term, b->n_classes, output);
	}
	shopper_release(env, term);
	return SHOPPER_OK;
}

static const char *
explain_unit(const ShopperModel *model)
{
	(void) model;
	return "log_odds";
}

/* ---- stored form ---- */

static void
encode(const ShopperModel *model, ShopperWriter *w)
{
	const ShopperBayes *b = model->state;
	const ShopperSpec *spec = model->spec;
	int64_t		k = b->n_classes;

	shopper_put_f64s(w, b->weight, k);
	for (int64_t i = 0; i < spec->n_numbers * k; i++)
	{
		shopper_put_f64(w, b->moments[i].n);
		shopper_put_f64(w, b->moments[i].mean);
		shopper_put_f64(w, b->moments[i].squares);
	}
	for (int g = 0; g < spec->n_categories; g++)
		shopper_put_f64s(w, b->level[g], spec->category[g].n_levels * k);
}

static ShopperStatus
decode(ShopperModel *model, ShopperReader *r)
{
	ShopperEnv *env = r->env;
	const ShopperSpec *spec = model->spec;
	int64_t		k = spec->classes.n,
				values = 1 + 3 * (int64_t) spec->n_numbers;
	ShopperBayes *b;
	bool		sound = true;

	for (int g = 0; g < spec->n_categories; g++)
		values += spec->category[g].n_levels;
	if (values * k > (r->end - r->next) / 8)
		return shopper_bad_bytes(env, "its counts are cut off");
	SHOPPER_TRY(shopper_bayes_new(env, model, &b));
	shopper_get_f64s(r, b->weight, k);
	for (int64_t c = 0; c < k; c++)
		sound &= !(b->weight[c] < 0);
	for (int64_t i = 0; i < spec->n_numbers * k; i++)
	{
		ShopperMoments *m = &b->moments[i];

		m->n = shopper_get_f64(r);
		m->mean = shopper_get_f64(r);
		m->squares = shopper_get_f64(r);
		sound &= !(m->n < 0 || m->squares < 0);	/* huge values may have overflowed: finish() knows */
	}
	for (int g = 0; g < spec->n_categories; g++)
	{
		int64_t		n = spec->category[g].n_levels * k;

		shopper_get_f64s(r, b->level[g], n);
		for (int64_t i = 0; i < n; i++)
			sound &= !(b->level[g][i] < 0);
	}
	if (!sound)
		return shopper_bad_bytes(env, "a count is negative");
	return shopper_bayes_finish(env, model, b);
}

static ShopperStatus
merge(ShopperEnv *env, ShopperModel *into, const ShopperModel *other)
{
	return shopper_bayes_merge(env, into, other, NULL);
}

static void
describe(const ShopperModel *model, void (*add) (void *ctx, const char *key, double value), void *ctx)
{
	const ShopperBayes *b = model->state;
	double		n = b->n_classes + 2.0 * model->spec->n_numbers * b->n_classes;

	for (int g = 0; g < model->spec->n_categories; g++)
		n += (double) model->spec->category[g].n_levels * b->n_classes;
	add(ctx, "parameters", n);
}

const ShopperLearner shopper_learner_bayes = {
	.number = 9,
	.name = "bayes",
	.help = "naive Bayes: normal numbers, smoothed shares of categories",
	.shape = SHOPPER_ROWS,
	.tasks = SHOPPER_CLASSIFY,
	.wide = true,
	.input = SHOPPER_RAW,
	.measured_rows = 200000,
	.options = options,
	.train_rows = shopper_bayes_train,
	.predict = predict,
	.predict_block = predict_block,
	.explain = explain,
	.explain_unit = explain_unit,
	.merge = merge,
	.encode = encode,
	.decode = decode,
	.describe = describe
};
