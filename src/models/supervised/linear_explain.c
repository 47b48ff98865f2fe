/*
 * linear_explain.c: why a linear model gives a row its score.
 *
 * A column contributes its weight times its distance from the training mean, exactly:
 * the base is the score of a row of means.
 */
#include "linear_model.h"

/* Training mean of column j of the design. */
static double
mean_of(const ShopperModel *model, int j)
{
	const ShopperLinearModel *lm = model->state;
	const ShopperSpec *spec = model->spec;

	if (lm->mean != NULL)
		return lm->mean[j];
	for (int i = 0; j >= spec->n_numbers && i < spec->n_numbers; i++)
		if (spec->number[i].flag == j)
			return model->n_train > 0 ? (double) spec->number[i].n_missing / (double) model->n_train : 0;
	return 0;					/* standardized */
}

static double
category_mean(const ShopperCategory *c, const double *w)
{
	double		sum = 0,
				n = 0;

	for (int l = 0; l < c->n_levels; l++)
	{
		int32_t		position = shopper_category_position(c, l);

		n += (double) c->count[l];
		if (position != c->size)
			sum += (double) c->count[l] * w[position];
	}
	return n > 0 ? sum / n : 0;
}

/* Credit a term to its columns, in equal parts. */
static void
credit(const ShopperSpec *spec, const ShopperTerm *term, double value, double *contribution)
{
	int			a = term->kind == SHOPPER_TERM_CELLS ? spec->n_dense + term->a : term->a,
				b = term->kind == SHOPPER_TERM_SPLINE ? a : term->kind == SHOPPER_TERM_PRODUCT ? term->b : spec->n_dense + term->b;

	contribution[a] += value / 2;
	contribution[b] += value / 2;
}

ShopperStatus
shopper_linear_explain(ShopperEnv *env, const ShopperModel *model, const double *dense, const int32_t *lookup, int output,
					   double *base, double *contribution)
{
	const ShopperLinearModel *lm = model->state;
	const ShopperSpec *spec = model->spec;
	const ShopperTerms *terms = lm->terms;
	bool		two = model->task == SHOPPER_CLASSIFY && lm->n_outputs == 1;
	const double *w = lm->w + (two ? 0 : (size_t) output * (size_t) (lm->width + 1));
	double		sign = two && output == 0 ? -1 : 1;

	(void) env;
	*base = sign * w[lm->width];
	for (int j = 0; j < spec->n_dense; j++)
	{
		double		mean = mean_of(model, j),
					x = terms == NULL ? dense[j] : shopper_terms_dense(terms, spec, lm->design, j, dense[j]);

		contribution[j] = sign * w[j] * (x - mean);
		*base += sign * w[j] * mean;
	}
	for (int k = 0; k < spec->n_categories; k++)
	{
		const ShopperCategory *c = &spec->category[k];
		const double *wk = w + lm->design->category[k].offset;
		double		mean = category_mean(c, wk),
					now = lookup[k] != c->size ? wk[lookup[k]] : 0;

		contribution[spec->n_dense + k] = sign * (now - mean);
		*base += sign * mean;
	}
	for (int i = 0; terms != NULL && i < terms->n; i++)
	{
		const ShopperTerm *term = &terms->term[i];

		credit(spec, term, sign * shopper_term_score(terms, term, spec, lm->design, dense, lookup, w, lm->mean), contribution);
		for (int c = term->first; lm->mean != NULL && c < term->first + term->n; c++)
			*base += sign * w[c] * lm->mean[c];
	}
	return SHOPPER_OK;
}

const char *
shopper_linear_explain_unit(const ShopperModel *model)
{
	return model->task == SHOPPER_CLASSIFY ? "log_odds" : shopper_linear_is_log(model) ? "log_amount" : "amount";
}
