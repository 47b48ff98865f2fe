/* terms.c: terms learned from a table, for a row, and stored; see terms.h */
#include "terms.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "../../core/sort.h"

#define WINDOW 65536			/* rows between polls */

/* ---- values ---- */

double
shopper_terms_value(const ShopperTerms *terms, const ShopperSpec *spec, int j, double encoded)
{
	double		x = encoded * spec->number[j].scale + spec->number[j].mean;

	if (terms->log[j] == SHOPPER_LOG_NONE)
		return x;
	x = x > terms->least[j] ? x : terms->least[j];
	return terms->log[j] == SHOPPER_LOG ? log(x) : log1p(x);
}

double
shopper_terms_dense(const ShopperTerms *terms, const ShopperSpec *spec, const ShopperSpec *design, int j, double encoded)
{
	if (j >= spec->n_numbers || terms->log[j] == SHOPPER_LOG_NONE)
		return encoded;
	return (shopper_terms_value(terms, spec, j, encoded) - design->number[j].mean) / design->number[j].scale;
}

static double
cube(double x)
{
	return x > 0 ? x * x * x : 0;
}

/* Column c of a restricted cubic spline, in the scale of x. */
static double
spline_value(const ShopperTerm *term, int c, double x)
{
	const double *t = term->knot;
	int			k = term->n_knots;
	double		width = t[k - 1] - t[0],
				last = t[k - 1] - t[k - 2];

	return (cube(x - t[c]) - cube(x - t[k - 2]) * (t[k - 1] - t[c]) / last + cube(x - t[k - 1]) * (t[k - 2] - t[c]) / last) / (width * width);
}

/* Column c of a term of numbers, before it is standardized. */
static double
column_value(const ShopperTerm *term, int c, double a, double b, int32_t position)
{
	if (term->kind == SHOPPER_TERM_SPLINE)
		return spline_value(term, c, a);
	return term->kind == SHOPPER_TERM_PRODUCT ? a * b : position == c ? a : 0;
}

double
shopper_term_score(const ShopperTerms *terms, const ShopperTerm *term, const ShopperSpec *spec, const ShopperSpec *design,
				   const double *dense, const int32_t *lookup, const double *w, const double *mean)
{
	double		a,
				b,
				z = 0;

	if (term->kind == SHOPPER_TERM_CELLS)
	{
		int32_t		pa = lookup[term->a],
					pb = lookup[term->b],
					size = spec->category[term->b].size;

		for (int c = 0; mean != NULL && c < term->n; c++)
			z -= w[term->first + c] * mean[term->first + c];
		return pa == spec->category[term->a].size || pb == size ? z : z + w[term->first + pa * size + pb];
	}
	a = shopper_terms_value(terms, spec, term->a, dense[term->a]);
	b = term->kind == SHOPPER_TERM_PRODUCT ? shopper_terms_value(terms, spec, term->b, dense[term->b]) : 0;
	for (int c = 0; c < term->n; c++)
	{
		const ShopperNumber *number = &design->number[term->first + c];
		double		x = column_value(term, c, a, b, term->kind == SHOPPER_TERM_SLOPES ? lookup[term->b] : 0);

		z += w[term->first + c] * ((x - number->mean) / number->scale - (mean != NULL ? mean[term->first + c] : 0));
	}
	return z;
}

/* ---- the design ---- */

static bool
is_cells(const ShopperTerm *term)
{
	return term->kind == SHOPPER_TERM_CELLS;
}

static int
columns_of(const ShopperSpec *spec, const ShopperTerm *term)
{
	switch (term->kind)
	{
		case SHOPPER_TERM_PRODUCT:
			return 1;
		case SHOPPER_TERM_SLOPES:
			return spec->category[term->b].size;
		case SHOPPER_TERM_SPLINE:
			return term->n_knots - 2;
		case SHOPPER_TERM_CELLS:
			break;
	}
	return spec->category[term->a].size * spec->category[term->b].size;
}

/* Lay the columns out; means and scales of those that are not of the spec are 0 and 1 yet. */
ShopperStatus
shopper_terms_design(ShopperEnv *env, const ShopperSpec *spec, ShopperTerms *terms, ShopperSpec **made)
{
	ShopperSpec *design;
	int			k = spec->n_categories;
	int64_t		more = 0;

	SHOPPER_NEW0(env, design, 1);
	design->n_dense = spec->n_dense;
	for (int i = 0; i < terms->n; i++)
	{
		ShopperTerm *term = &terms->term[i];
		int64_t		pairs = is_cells(term) ? (int64_t) spec->category[term->a].size * spec->category[term->b].size : 0;

		more += pairs > 0 ? pairs : columns_of(spec, term);
		if (pairs > SHOPPER_MAX_TERM_COLUMNS || more > SHOPPER_MAX_TERM_COLUMNS)
		{
			shopper_fail(env, SHOPPER_LIMIT, "the terms would add more than %d columns", SHOPPER_MAX_TERM_COLUMNS);
			shopper_hint(env, "Set max_levels lower, or name fewer interactions.");
			return env->status;
		}
		term->n = columns_of(spec, term);
		term->first = design->n_dense;
		design->n_dense += is_cells(term) ? 0 : term->n;
		design->n_categories += is_cells(term);
	}
	design->n_categories += spec->n_categories;
	design->n_numbers = design->width = design->n_dense;
	SHOPPER_NEW0(env, design->number, design->n_dense);
	SHOPPER_NEW0(env, design->category, design->n_categories);
	for (int j = 0; j < design->n_dense; j++)
	{
		if (j < spec->n_numbers)
			design->number[j] = spec->number[j];
		if (j >= spec->n_numbers || terms->log[j] != SHOPPER_LOG_NONE)
		{
			design->number[j].mean = 0;
			design->number[j].scale = 1;
		}
	}
	memcpy(design->category, spec->category, (size_t) spec->n_categories * sizeof(*spec->category));
	for (int i = 0; i < terms->n; i++)
		if (is_cells(&terms->term[i]))
			design->category[k++].size = terms->term[i].n;
	k = spec->n_categories;
	for (int c = 0; c < design->n_categories; c++)
	{
		design->category[c].offset = design->width;
		design->width += design->category[c].size;
	}
	for (int i = 0; i < terms->n; i++)
		if (is_cells(&terms->term[i]))
			terms->term[i].first = design->category[k++].offset;
	*made = design;
	return SHOPPER_OK;
}

/* ---- learning ---- */

/* Knots at Harrell's quantiles of the values that are not missing, interpolated (R's type 7). */
static ShopperStatus
learn_knots(ShopperEnv *env, const ShopperTerms *terms, const ShopperSpec *spec, const ShopperTable *t, ShopperTerm *term)
{
	static const double share[SHOPPER_MAX_KNOTS + 1][SHOPPER_MAX_KNOTS] = {
		[3] = {0.1, 0.5, 0.9},
		[4] = {0.05, 0.35, 0.65, 0.95},
		[5] = {0.05, 0.275, 0.5, 0.725, 0.95},
		[6] = {0.05, 0.23, 0.41, 0.59, 0.77, 0.95},
		[7] = {0.025, 11.0 / 60, 0.34166666666666667, 0.5, 0.65833333333333333, 49.0 / 60, 0.975},
	};
	const ShopperNumber *number = &spec->number[term->a];
	const double *x = t->dense[term->a],
			   *flag = number->flag >= 0 ? t->dense[number->flag] : NULL;
	uint64_t   *key;
	uint32_t   *order,
			   *row;
	int64_t		n = 0;
	int			kept = 0;

	SHOPPER_NEW(env, key, t->n_train);
	SHOPPER_NEW(env, order, t->n_train);
	SHOPPER_NEW(env, row, t->n_train);
	for (int64_t i = 0; i < t->n_train; i++)
		if (flag == NULL || flag[i] == 0)
		{
			row[n] = (uint32_t) i;
			key[n++] = shopper_sortable(x[i]);
		}
	SHOPPER_TRY(shopper_sort_order(env, key, order, n));
	for (int k = 0; k < term->n_knots; k++)
	{
		double		at = share[term->n_knots][k] * (double) (n - 1);
		int64_t		below = (int64_t) at;
		double		low = shopper_terms_value(terms, spec, term->a, x[row[order[below]]]),
					high = shopper_terms_value(terms, spec, term->a, x[row[order[below + 1 < n ? below + 1 : below]]]),
					knot = low + (at - (double) below) * (high - low);

		if (kept == 0 || knot - term->knot[kept - 1] > 1e-9 * (fabs(knot) + fabs(term->knot[0])))
			term->knot[kept++] = knot;
	}
	shopper_release(env, key);
	shopper_release(env, order);
	shopper_release(env, row);
	if (kept < 3)
	{
		shopper_fail(env, SHOPPER_BAD_DATA, "a spline of \"%.60s\" has only %d different knots of %d", spec->column[number->column].name, kept, term->n_knots);
		shopper_hint(env, "The column has too few different values: leave it out of the option splines, or cast it to text.");
		return env->status;
	}
	term->n_knots = kept;
	return SHOPPER_OK;
}

/* Mean and deviation of a new column, then their removal. */
static ShopperStatus
standardize(ShopperEnv *env, double *x, int64_t n, bool wanted, ShopperNumber *number)
{
	double		sum = 0,
				squares = 0;

	for (int64_t i = 0; i < n; i++)
		sum += x[i];
	for (int64_t i = 0; i < n; i++)
		squares += (x[i] - sum / (double) n) * (x[i] - sum / (double) n);
	if (!isfinite(squares))
	{
		shopper_fail(env, SHOPPER_BAD_DATA, "the values of a term are too large for a regression");
		shopper_hint(env, "Divide its columns by a constant.");
		return env->status;
	}
	if (!wanted)
		return SHOPPER_OK;
	number->mean = sum / (double) n;
	number->scale = sqrt(squares / (double) n);
	if (!(number->scale > 1e-13 * fabs(number->mean)))
		number->scale = 1;
	for (int64_t i = 0; i < n; i++)
		x[i] = (x[i] - number->mean) / number->scale;
	return shopper_poll(env);
}

static ShopperStatus
expand_numbers(ShopperEnv *env, const ShopperTerms *terms, const ShopperTerm *term, const ShopperSpec *spec, ShopperSpec *design,
			   bool standardized, const ShopperTable *t, ShopperTable *out)
{
	for (int c = 0; c < term->n; c++)
	{
		double	   *x;

		SHOPPER_NEW(env, x, t->n_train);
		for (int64_t i = 0; i < t->n_train; i++)
		{
			double		a = shopper_terms_value(terms, spec, term->a, t->dense[term->a][i]),
						b = term->kind == SHOPPER_TERM_PRODUCT ? shopper_terms_value(terms, spec, term->b, t->dense[term->b][i]) : 0;

			x[i] = column_value(term, c, a, b, term->kind == SHOPPER_TERM_SLOPES ? t->lookup[term->b][i] : 0);
			if (i % WINDOW == 0)
				SHOPPER_TRY(shopper_poll(env));
		}
		SHOPPER_TRY(standardize(env, x, t->n_train, standardized, &design->number[term->first + c]));
		out->dense[term->first + c] = x;
	}
	return SHOPPER_OK;
}

static ShopperStatus
expand_cells(ShopperEnv *env, const ShopperTerm *term, const ShopperSpec *spec, const ShopperTable *t, int32_t **lookup)
{
	int32_t		size_a = spec->category[term->a].size,
				size_b = spec->category[term->b].size,
			   *at;

	SHOPPER_NEW(env, at, t->n_train);
	for (int64_t i = 0; i < t->n_train; i++)
	{
		int32_t		a = t->lookup[term->a][i],
					b = t->lookup[term->b][i];

		at[i] = a == size_a || b == size_b ? term->n : a * size_b + b;
	}
	*lookup = at;
	return shopper_poll(env);
}

static ShopperStatus
expand(ShopperEnv *env, const ShopperTerms *terms, const ShopperSpec *spec, ShopperSpec *design, bool standardized,
	   const ShopperTable *t, ShopperTable *out)
{
	int			k = spec->n_categories;

	*out = *t;
	out->n_dense = design->n_dense;
	out->n_lookup = design->n_categories;
	SHOPPER_NEW0(env, out->dense, design->n_dense);
	SHOPPER_NEW0(env, out->lookup, design->n_categories);
	SHOPPER_NEW0(env, out->size, design->n_categories);
	memcpy(out->dense, t->dense, (size_t) t->n_dense * sizeof(*t->dense));
	for (int c = 0; c < t->n_lookup; c++)
		out->lookup[c] = t->lookup[c];
	for (int j = 0; j < spec->n_numbers; j++)
	{
		if (terms->log[j] == SHOPPER_LOG_NONE)
			continue;
		SHOPPER_NEW(env, out->dense[j], t->n_train);
		for (int64_t i = 0; i < t->n_train; i++)
		{
			out->dense[j][i] = shopper_terms_value(terms, spec, j, t->dense[j][i]);
			if (i % WINDOW == 0)
				SHOPPER_TRY(shopper_poll(env));
		}
		SHOPPER_TRY(standardize(env, out->dense[j], t->n_train, standardized, &design->number[j]));
	}
	for (int i = 0; i < terms->n; i++)
	{
		const ShopperTerm *term = &terms->term[i];

		if (is_cells(term))
			SHOPPER_TRY(expand_cells(env, term, spec, t, &out->lookup[k++]));
		else
			SHOPPER_TRY(expand_numbers(env, terms, term, spec, design, standardized, t, out));
	}
	for (int c = 0; c < design->n_categories; c++)
		out->size[c] = design->category[c].size;
	return SHOPPER_OK;
}

ShopperStatus
shopper_terms_learn(ShopperEnv *env, const ShopperModel *model, const ShopperTable *t,
					ShopperTerms **terms, const ShopperSpec **design, ShopperTable *expanded)
{
	const ShopperOptions *o = &model->options;
	const ShopperSpec *spec = model->spec;
	ShopperSpec *made;

	*terms = NULL;
	*design = spec;
	*expanded = *t;
	if (shopper_option(o, "logs")->n + shopper_option(o, "splines")->n + shopper_option(o, "interactions")->n == 0)
		return SHOPPER_OK;
	if (spec->n_dense + spec->n_categories > SHOPPER_MAX_TERM_INPUTS)
		return shopper_fail(env, SHOPPER_LIMIT, "rows with terms may have %d numbers and categories, got %d", SHOPPER_MAX_TERM_INPUTS, spec->n_dense + spec->n_categories);
	SHOPPER_NEW0(env, *terms, 1);
	SHOPPER_TRY(shopper_terms_parse(env, model, *terms));
	for (int i = 0; i < (*terms)->n; i++)
		if ((*terms)->term[i].kind == SHOPPER_TERM_SPLINE)
			SHOPPER_TRY(learn_knots(env, *terms, spec, t, &(*terms)->term[i]));
	SHOPPER_TRY(shopper_terms_design(env, spec, *terms, &made));
	*design = made;
	return expand(env, *terms, spec, made, shopper_option_boolean(o, "standardize"), t, expanded);
}
