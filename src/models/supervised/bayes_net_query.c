/*
 * bayes_net_query.c: exact inference by variable elimination (Zhang and Poole 1994), the
 * order by least fill-in. Tables of nodes are never copied: evidence is an offset into
 * them. A variable is summed out of the product of all factors that have it, which gives
 * a new factor over the others; the product itself is never made.
 */
#include <math.h>
#include <string.h>

#include "bayes_net.h"

#define SCOPE 26				/* variables of two states and more: 2^26 numbers are over every limit */

typedef struct Factor
{
	const double *value;
	int			n;
	int16_t		var[SCOPE];
	int32_t		stride[SCOPE];
	bool		used;			/* went into a later one */
} Factor;

typedef struct Elimination
{
	ShopperEnv *env;			/* NULL: nothing to poll */
	const ShopperBayesNet *net;
	const int  *state;
	bool *const *allowed;
	Factor	   *factor;			/* (2 n_nodes) */
	int			n_factors;
	double	   *memory;			/* for new factors */
	int64_t		left;
	int64_t		limit;			/* numbers of one factor */
	int64_t		largest;		/* that was too large */
} Elimination;

static bool
open_node(const Elimination *e, int i)
{
	return e->state[i] < 0 && e->net->node[i].n_states > 1;
}

/* The table of a node, evidence put in. */
static bool
add_node(Elimination *e, int i)
{
	const ShopperNode *node = &e->net->node[i];
	Factor	   *f = &e->factor[e->n_factors++];
	int64_t		stride = 1;

	f->value = node->table;
	f->n = 0;
	f->used = false;
	for (int k = node->n_parents; k >= 0; k--)	/* itself first, then the last parent */
	{
		int			v = k == node->n_parents ? i : node->parent[k];

		if (open_node(e, v))
		{
			if (f->n == SCOPE)
				return false;
			f->var[f->n] = (int16_t) v;
			f->stride[f->n++] = (int32_t) stride;
		}
		else
			f->value += stride * (e->state[v] < 0 ? 0 : e->state[v]);
		stride *= e->net->node[v].n_states;
	}
	return true;
}

static int
position(const Factor *f, int v)
{
	for (int k = 0; k < f->n; k++)
		if (f->var[k] == v)
			return k;
	return -1;
}

/* The sum over v (or, v < 0, the product alone) at one assignment: base[] are the places in the factors. */
static double
sum_of_products(const Elimination *e, const int *member, int members, const int64_t *base, const int64_t *step, int v)
{
	int			states = v < 0 ? 1 : e->net->node[v].n_states;
	const bool *allowed = v < 0 || e->allowed == NULL ? NULL : e->allowed[v];
	double		sum = 0;

	for (int s = 0; s < states; s++)
	{
		double		product = 1;

		if (allowed != NULL && !allowed[s])
			continue;
		for (int m = 0; m < members; m++)
			product *= e->factor[member[m]].value[base[m] + s * step[m]];
		sum += product;
	}
	return sum;
}

/* Sum v out of the factors that have it; SHOPPER_LIMIT leaves e->largest. member, base, step: (factors) scratch. */
static ShopperStatus
eliminate(Elimination *e, int v, int *member, int64_t *base, int64_t *step)
{
	Factor	   *out = &e->factor[e->n_factors];
	int			members = 0,
				digit[SCOPE] = {0};
	int64_t		size = 1,
				polled = 0;
	double	   *value = e->memory,
				most = 0;

	out->n = 0;
	out->used = false;
	for (int f = 0; f < e->n_factors; f++)
	{
		Factor	   *in = &e->factor[f];
		int			at = in->used ? -1 : position(in, v);

		if (at < 0)
			continue;
		step[members] = in->stride[at];
		base[members] = 0;
		member[members++] = f;
		in->used = true;
		for (int k = 0; k < in->n; k++)
			if (in->var[k] != v && position(out, in->var[k]) < 0)
			{
				if (out->n == SCOPE)
					return SHOPPER_LIMIT;
				out->var[out->n] = in->var[k];
				out->stride[out->n++] = (int32_t) size;
				size *= e->net->node[in->var[k]].n_states;
				e->largest = size;
				if (size > e->limit || size > e->left)
					return SHOPPER_LIMIT;
			}
	}
	for (int64_t i = 0; i < size; i++)
	{
		value[i] = sum_of_products(e, member, members, base, step, v);
		most = value[i] > most ? value[i] : most;
		for (int k = 0; k < out->n; k++)	/* the next assignment, and its places */
		{
			int			states = e->net->node[out->var[k]].n_states,
						move = ++digit[k] < states ? 1 : 1 - states;

			for (int m = 0; m < members; m++)
			{
				int			at = position(&e->factor[member[m]], out->var[k]);

				if (at >= 0)
					base[m] += (int64_t) move * e->factor[member[m]].stride[at];
			}
			if (digit[k] < states)
				break;
			digit[k] = 0;
		}
		polled += (int64_t) members * e->net->node[v].n_states;
		if (e->env != NULL && polled > 1000000)
		{
			polled = 0;
			SHOPPER_TRY(shopper_poll(e->env));
		}
	}
	for (int64_t i = 0; i < size && most > 0; i++)
		value[i] /= most;		/* only ratios matter: so nothing becomes too small */
	out->value = value;
	e->n_factors++;
	e->memory += size;
	e->left -= size;
	return SHOPPER_OK;
}

/* What is left speaks of the query alone. */
static bool
normalize(const Elimination *e, int query, double *probability)
{
	const ShopperNode *node = &e->net->node[query];
	double		sum = 0;

	for (int s = 0; s < node->n_states; s++)
	{
		double		p = e->state[query] >= 0 && e->state[query] != s ? 0 : 1;

		if (e->allowed != NULL && e->allowed[query] != NULL && !e->allowed[query][s])
			p = 0;
		for (int f = 0; f < e->n_factors; f++)
			if (!e->factor[f].used)
				p *= e->factor[f].value[e->factor[f].n > 0 ? s * e->factor[f].stride[0] : 0];
		probability[s] = p;
		sum += p;
	}
	for (int s = 0; s < node->n_states; s++)
		probability[s] /= sum > 0 ? sum : 1;
	return sum > 0;
}

/* Nodes that are asked for or known, and all above them: the others sum to 1. */
static void
mark_relevant(const ShopperBayesNet *net, int query, const int *state, bool *const *allowed, bool *relevant)
{
	for (int k = net->n_nodes - 1; k >= 0; k--)
	{
		int			i = net->order[k];
		const ShopperNode *node = &net->node[i];

		relevant[i] |= i == query || state[i] >= 0 || (allowed != NULL && allowed[i] != NULL);
		for (int p = 0; relevant[i] && p < node->n_parents; p++)
			relevant[node->parent[p]] = true;
	}
}

/* ---- the order ---- */

static int64_t
fill_in(const bool *edge, int n, int i, const bool *gone)
{
	int64_t		count = 0;

	for (int a = 0; a < n; a++)
		for (int b = a + 1; b < n && edge[i * n + a]; b++)
			count += !gone[a] && !gone[b] && edge[i * n + b] && !edge[a * n + b];
	return count;
}

static ShopperStatus
least_fill(ShopperEnv *env, const ShopperBayesNet *net, int query, const int *state, const bool *relevant, int *order, int *n_order)
{
	int			n = net->n_nodes;
	bool	   *edge,
			   *gone;

	SHOPPER_NEW0(env, edge, (size_t) n * (size_t) n);
	SHOPPER_NEW0(env, gone, n);
	for (int i = 0; i < n; i++)
	{
		const ShopperNode *node = &net->node[i];

		gone[i] = state[i] >= 0 || node->n_states < 2 || (relevant != NULL && !relevant[i]);
		for (int a = -1; a < node->n_parents && (relevant == NULL || relevant[i]); a++)
			for (int b = -1; b < node->n_parents; b++)
				edge[(a < 0 ? i : node->parent[a]) * n + (b < 0 ? i : node->parent[b])] = true;
	}
	gone[query] = true;			/* stays to the end; its edges add nothing to the choice */
	*n_order = 0;
	for (;;)
	{
		int			best = -1;
		int64_t		least = 0;

		for (int i = 0; i < n; i++)
		{
			int64_t		fill = gone[i] ? 0 : fill_in(edge, n, i, gone);

			if (!gone[i] && (best < 0 || fill < least))
			{
				best = i;
				least = fill;
				if (fill == 0)
					break;
			}
		}
		if (best < 0)
			break;
		for (int a = 0; a < n; a++)
			for (int b = 0; b < n && edge[best * n + a]; b++)
				if (edge[best * n + b])
					edge[a * n + b] = true;
		gone[best] = true;
		order[(*n_order)++] = best;
		SHOPPER_TRY(shopper_poll(env));
	}
	shopper_release(env, edge);
	shopper_release(env, gone);
	return SHOPPER_OK;
}

ShopperStatus
shopper_bayes_net_order(ShopperEnv *env, const ShopperBayesNet *net, int query, const int *state, int *order, int *n)
{
	return least_fill(env, net, query, state, NULL, order, n);
}

/* ---- asking ---- */

static ShopperStatus
run(Elimination *e, const bool *relevant, const int *order, int n_order, int *member, int64_t *base, int64_t *step)
{
	for (int i = 0; i < e->net->n_nodes; i++)
		if (relevant[i] && !add_node(e, i))
			return SHOPPER_LIMIT;
	for (int k = 0; k < n_order; k++)
		if (relevant[order[k]] && open_node(e, order[k]))
			SHOPPER_TRY(eliminate(e, order[k], member, base, step));
	return SHOPPER_OK;
}

/* Numbers of the factor that summing v out gives; more than the limit may be cut short. */
static int64_t
size_without(const Elimination *e, int v)
{
	int64_t		size = 1;

	for (int f = 0; f < e->n_factors; f++)
	{
		const Factor *in = &e->factor[f];

		if (in->used || position(in, v) < 0)
			continue;
		for (int k = 0; k < in->n; k++)
		{
			bool		known = in->var[k] == v;

			for (int g = 0; g < f && !known; g++)
				known = !e->factor[g].used && position(&e->factor[g], v) >= 0 && position(&e->factor[g], in->var[k]) >= 0;
			if (!known && size <= e->limit)
				size *= e->net->node[in->var[k]].n_states;
		}
	}
	return size;
}

ShopperStatus
shopper_bayes_net_query(ShopperEnv *env, const ShopperBayesNet *net, int query, const int *state, bool *const *allowed, double *probability)
{
	Elimination e = {.env = env,.net = net,.state = state,.allowed = allowed,.limit = SHOPPER_QUERY_NUMBERS};
	size_t		n = (size_t) net->n_nodes;
	bool	   *relevant;
	int		   *order,
			   *member,
				n_order = 0;
	int64_t    *base,
			   *step;
	ShopperStatus status;

	SHOPPER_NEW0(env, relevant, n);
	SHOPPER_NEW(env, order, n);
	SHOPPER_NEW(env, member, 2 * n);
	SHOPPER_NEW(env, base, 2 * n);
	SHOPPER_NEW(env, step, 2 * n);
	SHOPPER_NEW(env, e.factor, 2 * n + 1);
	mark_relevant(net, query, state, allowed, relevant);
	SHOPPER_TRY(least_fill(env, net, query, state, relevant, order, &n_order));
	for (int i = 0; i < net->n_nodes; i++)
		if (relevant[i] && !add_node(&e, i))
			return shopper_fail(env, SHOPPER_LIMIT, "a node has too many parents");
	for (int k = 0; k < n_order; k++)
	{
		int64_t		size = size_without(&e, order[k]);

		status = SHOPPER_LIMIT;
		if (size <= SHOPPER_QUERY_NUMBERS)
		{
			SHOPPER_NEW(env, e.memory, size);
			e.left = size;
			status = eliminate(&e, order[k], member, base, step);
		}
		if (status == SHOPPER_LIMIT)
		{
			shopper_fail(env, SHOPPER_LIMIT, "the answer needs a table of more than %d numbers", SHOPPER_QUERY_NUMBERS);
			shopper_hint(env, "Give more evidence, or train with fewer bins, levels or parents.");
		}
		SHOPPER_TRY(status);
	}
	if (!normalize(&e, query, probability))
		return shopper_fail(env, SHOPPER_BAD_DATA, "the evidence is impossible");
	return SHOPPER_OK;
}

static bool
answer(const ShopperBayesNet *net, const int *state, bool every, double *probability)
{
	Factor		factor[2 * SHOPPER_PLAN_NODES];
	double		memory[SHOPPER_PLAN_NUMBERS];
	int			member[2 * SHOPPER_PLAN_NODES];
	int64_t		base[2 * SHOPPER_PLAN_NODES],
				step[2 * SHOPPER_PLAN_NODES];
	bool		relevant[SHOPPER_PLAN_NODES] = {false};
	Elimination e = {.net = net,.state = state,.factor = factor,.memory = memory,
	.left = SHOPPER_PLAN_NUMBERS,.limit = SHOPPER_PLAN_NUMBERS};

	if (net->n_nodes > SHOPPER_PLAN_NODES)
		return false;
	memset(relevant, every, (size_t) net->n_nodes);
	mark_relevant(net, net->n_nodes - 1, state, NULL, relevant);
	return run(&e, relevant, net->elimination, net->n_nodes - 1, member, base, step) == SHOPPER_OK &&
		(probability == NULL || normalize(&e, net->n_nodes - 1, probability));
}

bool
shopper_bayes_net_posterior(const ShopperBayesNet *net, const int *state, double *probability)
{
	return answer(net, state, false, probability);
}

bool
shopper_bayes_net_fits(const ShopperBayesNet *net)
{
	int			state[SHOPPER_PLAN_NODES];

	for (int i = 0; i < SHOPPER_PLAN_NODES; i++)
		state[i] = -1;
	return answer(net, state, true, NULL);	/* with less to sum out every factor is a part of one here */
}
