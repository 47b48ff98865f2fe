/* explain.c: see explain.h */
#include "explain.h"

#include <math.h>
#include <string.h>

#include "../core/hash.h"
#include "../core/special.h"

#define EXACT_COLUMNS 10
#define ORDERS 32

const char *
shopper_explain_unit(const ShopperModel *model)
{
	if (model->learner->explain_unit != NULL)
		return model->learner->explain_unit(model);
	return model->task == SHOPPER_CLASSIFY ? "log_odds" : "amount";
}

/* ---- learners that explain themselves ---- */

static ShopperStatus
explain_by_learner(ShopperEnv *env, const ShopperModel *m, const double *dense, const int32_t *lookup, int output,
				   double *base, double *contribution)
{
	const ShopperSpec *spec = m->spec;
	double	   *by_input;

	SHOPPER_NEW0(env, by_input, spec->n_dense + spec->n_categories);
	SHOPPER_TRY(m->learner->explain(env, m, dense, lookup, output, base, by_input));
	for (int j = 0; j < spec->n_numbers; j++)
	{
		contribution[spec->number[j].column] += by_input[j];
		if (spec->number[j].flag >= 0)
			contribution[spec->number[j].column] += by_input[spec->number[j].flag];
	}
	for (int k = 0; k < spec->n_categories; k++)
		contribution[spec->category[k].column] += by_input[spec->n_dense + k];
	shopper_release(env, by_input);
	return SHOPPER_OK;
}

/* ---- all others ---- */

typedef struct Game
{
	const ShopperModel *model;
	int			output;
	const double *dense;		/* the row */
	const int32_t *lookup;
	double	   *dense_reference;
	int32_t    *lookup_reference;
	double	   *dense_now;		/* the row with some columns as in the reference */
	int32_t    *lookup_now;
	double	   *out;
} Game;

static double
value_of(Game *g)
{
	g->model->learner->predict(g->model, g->dense_now, g->lookup_now, g->out);
	if (g->model->task != SHOPPER_CLASSIFY)
		return g->out[0];
	return shopper_logit(g->out[g->output], 1e-9);
}

/* Take one column from the row, or from the reference. */
static void
set_column(Game *g, int column, bool row)
{
	const ShopperSpec *spec = g->model->spec;
	const ShopperColumn *c = &spec->column[column];
	const double *dense = row ? g->dense : g->dense_reference;

	if (c->kind == SHOPPER_KIND_CATEGORY)
	{
		g->lookup_now[c->first] = row ? g->lookup[c->first] : g->lookup_reference[c->first];
		return;
	}
	for (int j = c->first; j < c->first + c->n; j++)
	{
		int			flag = spec->number[j].flag;

		g->dense_now[j] = dense[j];
		if (flag >= 0)
			g->dense_now[flag] = dense[flag];
	}
}

static void
make_reference(Game *g)
{
	const ShopperSpec *spec = g->model->spec;

	for (int j = 0; j < spec->n_numbers; j++)
	{
		const ShopperNumber *number = &spec->number[j];

		g->dense_reference[j] = spec->prepared ? (number->fill - number->mean) / number->scale : number->fill;
	}
	for (int k = 0; k < spec->n_categories; k++)
	{
		const ShopperCategory *c = &spec->category[k];
		int			most = 0;

		for (int l = 1; l < c->n_levels; l++)
			if (c->count[l] > c->count[most])
				most = l;
		g->lookup_reference[k] = spec->prepared ? shopper_category_position(c, most) : most;
	}
}

/* Shapley (1953): the mean over all subsets of the others, weighted by how many orders have it first. */
static ShopperStatus
explain_exactly(ShopperEnv *env, Game *g, double *base, double *contribution)
{
	int			n = g->model->spec->n_columns;
	double	   *value,
				weight[EXACT_COLUMNS];

	SHOPPER_NEW(env, value, (size_t) 1 << n);
	for (unsigned set = 0; set < 1u << n; set++)
	{
		for (int c = 0; c < n; c++)
			set_column(g, c, set >> c & 1);
		value[set] = value_of(g);
		if (set % 16 == 0)
			SHOPPER_TRY(shopper_poll(env));
	}
	for (int size = 0; size < n; size++)	/* size! (n - size - 1)! / n! */
		weight[size] = exp(lgamma(size + 1) + lgamma(n - size) - lgamma(n + 1));
	for (unsigned set = 0; set < 1u << n; set++)
		for (int c = 0; c < n; c++)
			if (!(set >> c & 1))
				contribution[c] += weight[__builtin_popcount(set)] * (value[set | 1u << c] - value[set]);
	*base = value[0];
	shopper_release(env, value);
	return SHOPPER_OK;
}

static ShopperStatus
explain_by_sampling(ShopperEnv *env, Game *g, double *base, double *contribution)
{
	int			n = g->model->spec->n_columns;
	uint32_t   *order;

	SHOPPER_NEW(env, order, n);
	for (int c = 0; c < n; c++)
	{
		order[c] = (uint32_t) c;
		set_column(g, c, false);
	}
	*base = value_of(g);
	for (int round = 0; round < 2 * ORDERS; round++)
	{
		double		before = *base;

		if (round % 2 == 0)
			shopper_shuffle(order, n, env->seed, 3000 + (uint64_t) round);
		for (int i = 0; i < n; i++)
		{
			int			c = (int) order[round % 2 == 0 ? i : n - 1 - i];
			double		now;

			set_column(g, c, true);
			now = value_of(g);
			contribution[c] += (now - before) / (2 * ORDERS);
			before = now;
			SHOPPER_TRY(shopper_poll(env));
		}
		for (int c = 0; c < n; c++)
			set_column(g, c, false);
	}
	shopper_release(env, order);
	return SHOPPER_OK;
}

ShopperStatus
shopper_explain(ShopperEnv *env, const ShopperModel *m, const double *dense, const int32_t *lookup, int output,
				double *base, double *contribution)
{
	const ShopperSpec *spec = m->spec;
	Game		g = {.model = m,.output = output,.dense = dense,.lookup = lookup};

	memset(contribution, 0, (size_t) spec->n_columns * sizeof(double));
	if (m->learner->explain != NULL)
		return explain_by_learner(env, m, dense, lookup, output, base, contribution);
	SHOPPER_NEW0(env, g.dense_reference, spec->n_dense);
	SHOPPER_NEW0(env, g.lookup_reference, spec->n_categories);
	SHOPPER_NEW0(env, g.dense_now, spec->n_dense);
	SHOPPER_NEW0(env, g.lookup_now, spec->n_categories);
	SHOPPER_NEW0(env, g.out, shopper_model_outputs(m));
	make_reference(&g);
	return spec->n_columns <= EXACT_COLUMNS ? explain_exactly(env, &g, base, contribution)
		: explain_by_sampling(env, &g, base, contribution);
}
