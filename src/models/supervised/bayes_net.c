/*
 * bayes_net.c: the learner of discrete Bayesian networks: nodes, scoring, stored form.
 * bayes_net_fit.c finds the structure and the tables, bayes_net_query.c answers
 * questions about any node.
 *
 * A missing number or date is unknown, and so is a level that training did not see:
 * they are summed out exactly. A missing category is a level of its own where training
 * had one. With at most one parent beside the target (naive, tan, chow_liu) scoring is
 * one pass from the leaves up; in a given network with unknown values it is variable
 * elimination.
 *
 * Memory of a model: 8 bytes for each number of its tables. predict uses at most 600 kB
 * of stack.
 */
#include "bayes_net.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const ShopperOption options[] = {
	{"structure", SHOPPER_CHOICE, "tan", 0, 0, false, "tan,naive,chow_liu,given", "edges: target and a tree between columns, target alone, best tree, or the option edges"},
	{"edges", SHOPPER_STRINGS, NULL, 0, 0, false, NULL, "given: edges such as 'age -> device'; the target is a node like the others"},
	{"root", SHOPPER_STRING, NULL, 0, 0, false, NULL, "tan: column at the root of the tree; the first one when not set"},
	{"bins", SHOPPER_INTEGER, "5", 2, 100, false, NULL, "bins of a number or date, of about equal numbers of rows"},
	{"smoothing", SHOPPER_NUMBER, "1", 0, 1e9, true, NULL, "added to the count of each state in each table (Dirichlet prior)"},
	{"max_parents", SHOPPER_INTEGER, "5", 1, SHOPPER_NODE_PARENTS, false, NULL, "given: most parents of a node"},
	{NULL}
};

ShopperStatus
shopper_bayes_net_new(ShopperEnv *env, ShopperModel *model, ShopperBayesNet **net)
{
	const ShopperSpec *spec = model->spec;
	ShopperBayesNet *b;

	if (spec->n_columns >= SHOPPER_MAX_NODES)
		return shopper_fail(env, SHOPPER_LIMIT, "a network can have %d nodes", SHOPPER_MAX_NODES);
	SHOPPER_NEW0(env, b, 1);
	b->n_nodes = spec->n_columns + 1;
	SHOPPER_NEW0(env, b->node, b->n_nodes);
	for (int i = 0; i < b->n_nodes; i++)
	{
		ShopperNode *node = &b->node[i];
		const ShopperColumn *column = &spec->column[i < spec->n_columns ? i : 0];

		node->column = i < spec->n_columns ? i : -1;
		node->name = i < spec->n_columns ? column->name : spec->target;
		if (i == spec->n_columns)
			node->n_states = (int) spec->classes.n;
		else if (column->kind == SHOPPER_KIND_CATEGORY)
			node->n_states = spec->category[column->first].n_levels;
		else if (column->kind == SHOPPER_KIND_BOOLEAN)
			node->n_states = 2;
	}
	*net = b;
	model->state = b;
	return SHOPPER_OK;
}

/* Parents before children, by repeated search for nodes whose parents are done. */
ShopperStatus
shopper_bayes_net_finish(ShopperEnv *env, ShopperBayesNet *net)
{
	int			n = net->n_nodes,
				done = 0,
				before = -1,
			   *state,
				n_order;
	bool	   *placed;

	SHOPPER_NEW(env, net->order, n);
	SHOPPER_NEW0(env, placed, n);
	while (done > before)
	{
		before = done;
		for (int i = n - 1; i >= 0; i--)
		{
			bool		ready = !placed[i];

			for (int k = 0; ready && k < net->node[i].n_parents; k++)
				ready = placed[net->node[i].parent[k]];
			if (ready)
			{
				placed[i] = true;
				net->order[done++] = i;
			}
		}
	}
	for (int i = 0; i < n && done < n; i++)
		if (!placed[i])
			return shopper_fail(env, SHOPPER_BAD_OPTION, "the edges make a circle through \"%.60s\"", net->node[i].name);
	shopper_release(env, placed);
	net->tree = net->node[n - 1].n_parents == 0;
	net->n_states = 0;
	for (int i = 0; i < n; i++)
	{
		const ShopperNode *node = &net->node[i];
		int			others = 0;

		for (int k = 0; k < node->n_parents; k++)
			others += node->parent[k] != n - 1;
		net->tree &= others <= 1;
		net->node[i].offset = net->n_states;
		net->n_states += node->n_states;
	}
	net->tree &= net->n_states <= SHOPPER_TREE_STATES;
	if (net->tree)
		return SHOPPER_OK;
	if (n > SHOPPER_PLAN_NODES)
	{
		shopper_fail(env, SHOPPER_LIMIT, "a network of this structure can have %d nodes and trees %d states, got %d and %d",
					 SHOPPER_PLAN_NODES, SHOPPER_TREE_STATES, n, net->n_states);
		shopper_hint(env, "Use fewer columns, or a smaller max_levels.");
		return env->status;
	}
	SHOPPER_NEW(env, state, n);
	SHOPPER_NEW(env, net->elimination, n);
	for (int i = 0; i < n; i++)
		state[i] = -1;
	SHOPPER_TRY(shopper_bayes_net_order(env, net, n - 1, state, net->elimination, &n_order));
	for (int i = 0; i < n - 1; i++)	/* nodes of one state have no place in it */
	{
		bool		there = false;

		for (int k = 0; k < n_order; k++)
			there |= net->elimination[k] == i;
		if (!there)
			net->elimination[n_order++] = i;
	}
	shopper_release(env, state);
	return SHOPPER_OK;
}

int
shopper_node_state(const ShopperNode *node, double x)
{
	int			low = 0,
				high = node->n_states - 1;

	if (x != x)
		return -1;
	while (low < high)
	{
		int			middle = (low + high + 1) / 2;

		if (x >= node->border[middle - 1])
			low = middle;
		else
			high = middle - 1;
	}
	return low;
}

const char *
shopper_node_label(const ShopperModel *model, const ShopperNode *node, int state)
{
	const ShopperSpec *spec = model->spec;
	const ShopperCategory *category;

	if (node->column < 0)
		return spec->classes.bytes + spec->classes.start[state];
	if (node->label != NULL)
		return node->label[state];
	if (spec->column[node->column].kind == SHOPPER_KIND_BOOLEAN)
		return state ? "true" : "false";
	category = &spec->category[spec->column[node->column].first];
	return state == category->null_code ? "(missing)" : state == category->other_code ? "(other)"
		: category->levels.bytes + category->levels.start[state];
}

/* ---- scoring ---- */

static inline int
state_of(const ShopperSpec *spec, const ShopperNode *node, double number, int32_t code)
{
	const ShopperColumn *column = &spec->column[node->column];

	if (column->kind == SHOPPER_KIND_CATEGORY)
		return code >= 0 && code < node->n_states ? code : -1;
	if (column->kind == SHOPPER_KIND_BOOLEAN)
		return number != number ? -1 : number != 0;
	return shopper_node_state(node, number);
}

/* P(s | parents), where the target is c and the other parent, if any, is t. */
static inline double
tree_probability(const ShopperBayesNet *net, const ShopperNode *node, int s, int t, int c)
{
	int64_t		at = 0;

	for (int k = 0; k < node->n_parents; k++)
	{
		bool		target = node->parent[k] == net->n_nodes - 1;

		at = at * net->node[node->parent[k]].n_states + (target ? c : t);
	}
	return node->table[at * node->n_states + s];
}

static int
tree_parent(const ShopperBayesNet *net, const ShopperNode *node)
{
	for (int k = 0; k < node->n_parents; k++)
		if (node->parent[k] != net->n_nodes - 1)
			return node->parent[k];
	return -1;
}

/* log P(c and the known states): messages from the leaves up. belief: (n_states) scratch. */
static double
tree_score(const ShopperBayesNet *net, const int *state, int c, double *belief)
{
	int			target = net->n_nodes - 1;
	double		score = log(net->node[target].table[c]);

	for (int i = 0; i < net->n_states; i++)
		belief[i] = 1;
	for (int k = net->n_nodes - 1; k >= 0; k--)
	{
		const ShopperNode *node = &net->node[net->order[k]];
		int			v = net->order[k],
					q = tree_parent(net, node),
					first = q < 0 || state[q] < 0 ? 0 : state[q],
					last = q < 0 ? 0 : state[q] < 0 ? net->node[q].n_states - 1 : state[q];
		double		most = 0;

		if (v == target)
			continue;
		for (int t = first; t <= last; t++)
		{
			double		sum = 0;

			if (state[v] >= 0)
				sum = tree_probability(net, node, state[v], t, c) * belief[node->offset + state[v]];
			else
				for (int s = 0; s < node->n_states; s++)
					sum += tree_probability(net, node, s, t, c) * belief[node->offset + s];
			if (q < 0)
				score += log(sum);
			else
			{
				double	   *b = &belief[net->node[q].offset + t];

				*b *= sum;
				most = *b > most ? *b : most;
			}
		}
		if (q >= 0 && most < 1e-100 && most > 0)	/* nothing becomes too small */
		{
			score += log(most);
			for (int t = first; t <= last; t++)
				belief[net->node[q].offset + t] /= most;
		}
	}
	return score;
}

/* Everything is known: the tables that the target is part of. */
static void
known_scores(const ShopperBayesNet *net, int *state, double *out)
{
	int			target = net->n_nodes - 1;

	for (int c = 0; c < net->node[target].n_states; c++)
	{
		state[target] = c;
		out[c] = 0;
		for (int i = 0; i < net->n_nodes; i++)
		{
			const ShopperNode *node = &net->node[i];
			bool		part = i == target;
			int64_t		at = 0;

			for (int k = 0; k < node->n_parents; k++)
			{
				part |= node->parent[k] == target;
				at = at * net->node[node->parent[k]].n_states + state[node->parent[k]];
			}
			if (part)
				out[c] += log(node->table[at * node->n_states + state[i]]);
		}
	}
}

static void
to_probabilities(double *z, int n)
{
	double		most = z[0],
				sum = 0;

	for (int c = 1; c < n; c++)
		most = z[c] > most ? z[c] : most;
	for (int c = 0; c < n; c++)
		sum += z[c] = exp(z[c] - most);
	for (int c = 0; c < n; c++)
		z[c] /= sum;
}

static void
tree_scores(const ShopperBayesNet *net, const int *state, double *out)
{
	double		belief[SHOPPER_TREE_STATES];

	for (int c = 0; c < net->node[net->n_nodes - 1].n_states; c++)
		out[c] = tree_score(net, state, c, belief);
}

/* state (n_nodes): of all columns; the target's is overwritten. */
static void
posterior(const ShopperBayesNet *net, int *state, double *out)
{
	int			n = net->node[net->n_nodes - 1].n_states;
	bool		known = true;

	for (int i = 0; i < net->n_nodes - 1; i++)
		known &= state[i] >= 0;
	state[net->n_nodes - 1] = -1;
	if (!known && !net->tree)
	{
		if (!shopper_bayes_net_posterior(net, state, out))
			for (int c = 0; c < n; c++)	/* training tried the worst case: only damaged tables come here */
				out[c] = 1.0 / n;
		return;
	}
	if (known)
		known_scores(net, state, out);
	else
		tree_scores(net, state, out);
	to_probabilities(out, n);
}

static void
predict(const ShopperModel *model, const double *dense, const int32_t *lookup, double *out)
{
	const ShopperBayesNet *net = model->state;
	const ShopperSpec *spec = model->spec;
	int			state[SHOPPER_MAX_NODES];

	for (int i = 0; i < spec->n_columns; i++)
	{
		bool		category = spec->column[i].kind == SHOPPER_KIND_CATEGORY;
		int			at = spec->column[i].first;

		state[i] = state_of(spec, &net->node[i], category ? 0 : dense[at], category ? lookup[at] : -1);
	}
	posterior(net, state, out);
}

static void
predict_block(const ShopperModel *model, const ShopperTable *t, int64_t from, int64_t to, double *out)
{
	const ShopperBayesNet *net = model->state;
	const ShopperSpec *spec = model->spec;
	int			state[SHOPPER_MAX_NODES];

	for (int64_t row = from; row < to; row++)
	{
		for (int i = 0; i < spec->n_columns; i++)
		{
			bool		category = spec->column[i].kind == SHOPPER_KIND_CATEGORY;
			int			at = spec->column[i].first;

			state[i] = state_of(spec, &net->node[i], category ? 0 : t->dense[at][row], category ? t->lookup[at][row] : -1);
		}
		posterior(net, state, out + (row - from) * spec->classes.n);
	}
}

/* ---- stored form ---- */

static bool
has_bins(const ShopperModel *model, const ShopperNode *node)
{
	ShopperKind kind;

	if (node->column < 0)
		return false;
	kind = model->spec->column[node->column].kind;
	return kind != SHOPPER_KIND_CATEGORY && kind != SHOPPER_KIND_BOOLEAN;
}

static void
encode(const ShopperModel *model, ShopperWriter *w)
{
	const ShopperBayesNet *net = model->state;

	for (int i = 0; i < net->n_nodes; i++)
	{
		const ShopperNode *node = &net->node[i];

		if (has_bins(model, node))
		{
			shopper_put_varint(w, (uint64_t) node->n_states);
			shopper_put_f64s(w, node->border, node->n_states - 1);
			for (int s = 0; s < node->n_states; s++)
				shopper_put_string(w, node->label[s]);
		}
		shopper_put_varint(w, (uint64_t) node->n_parents);
		for (int k = 0; k < node->n_parents; k++)
		{
			shopper_put_varint(w, (uint64_t) node->parent[k]);
			shopper_put_f64(w, node->strength[k]);
		}
	}
	for (int i = 0; i < net->n_nodes; i++)
		shopper_put_f64s(w, net->node[i].table, net->node[i].n_table);
}

static ShopperStatus
damaged(ShopperReader *r)
{
	return shopper_bad_bytes(r->env, "its network is damaged");
}

static ShopperStatus
decode_bins(ShopperNode *node, ShopperReader *r)
{
	ShopperEnv *env = r->env;

	node->n_states = (int) shopper_get_count(r, 1);
	if (r->failed || node->n_states < 1 || node->n_states > SHOPPER_NODE_STATES || (node->n_states - 1) > (r->end - r->next) / 8)
		return damaged(r);
	SHOPPER_NEW(env, node->border, node->n_states);
	SHOPPER_NEW0(env, node->label, node->n_states);
	shopper_get_f64s(r, node->border, node->n_states - 1);
	for (int s = 0; s < node->n_states; s++)
	{
		node->label[s] = shopper_get_text(r, NULL);
		if (node->label[s] == NULL || r->failed || (s + 1 < node->n_states && !isfinite(node->border[s])) ||
			(s > 0 && s + 1 < node->n_states && !(node->border[s] > node->border[s - 1])))
			return damaged(r);
	}
	return SHOPPER_OK;
}

static ShopperStatus
decode_node(const ShopperModel *model, ShopperBayesNet *net, int i, ShopperReader *r)
{
	ShopperNode *node = &net->node[i];
	uint64_t	parents;

	if (node->column >= 0 && model->spec->column[node->column].kind == SHOPPER_KIND_VECTOR)
		return damaged(r);
	if (has_bins(model, node))
		SHOPPER_TRY(decode_bins(node, r));
	parents = shopper_get_varint(r);
	if (r->failed || parents > SHOPPER_NODE_PARENTS || node->n_states < 1 || node->n_states > SHOPPER_NODE_STATES)
		return damaged(r);
	node->n_parents = (int) parents;
	for (int k = 0; k < node->n_parents; k++)
	{
		uint64_t	parent = shopper_get_varint(r);

		node->strength[k] = shopper_get_f64(r);
		if (r->failed || parent >= (uint64_t) net->n_nodes)
			return damaged(r);
		node->parent[k] = (int) parent;
		for (int l = 0; l < k; l++)
			if (node->parent[l] == node->parent[k])
				return damaged(r);
	}
	return SHOPPER_OK;
}

static ShopperStatus
decode(ShopperModel *model, ShopperReader *r)
{
	ShopperEnv *env = r->env;
	ShopperBayesNet *net;

	SHOPPER_TRY(shopper_bayes_net_new(env, model, &net));
	for (int i = 0; i < net->n_nodes; i++)
		SHOPPER_TRY(decode_node(model, net, i, r));
	for (int i = 0; i < net->n_nodes; i++)
	{
		ShopperNode *node = &net->node[i];

		node->n_table = node->n_states;
		for (int k = 0; k < node->n_parents && node->n_table <= SHOPPER_NODE_TABLE; k++)
			node->n_table *= net->node[node->parent[k]].n_states;
		if (node->n_table > SHOPPER_NODE_TABLE || node->n_table > (r->end - r->next) / 8)
			return damaged(r);
		SHOPPER_NEW(env, node->table, node->n_table);
		shopper_get_f64s(r, node->table, node->n_table);
		for (int64_t k = 0; k < node->n_table; k++)
			if (!(node->table[k] > 0 && node->table[k] <= 1))
				return shopper_bad_bytes(env, "a probability is outside of 0 and 1");
	}
	if (shopper_bayes_net_finish(env, net) != SHOPPER_OK)
		return env->status == SHOPPER_BAD_OPTION || env->status == SHOPPER_LIMIT ? damaged(r) : env->status;
	return SHOPPER_OK;
}

static void
describe(const ShopperModel *model, void (*add) (void *ctx, const char *key, double value), void *ctx)
{
	const ShopperBayesNet *net = model->state;
	double		edges = 0,
				parameters = 0;

	for (int i = 0; i < net->n_nodes; i++)
	{
		edges += net->node[i].n_parents;
		parameters += (double) net->node[i].n_table;
	}
	add(ctx, "nodes", net->n_nodes);
	add(ctx, "edges", edges);
	add(ctx, "parameters", parameters);
}

const ShopperLearner shopper_learner_bayes_net = {
	.number = 11,
	.name = "bayes_net",
	.help = "discrete Bayesian network: naive, tree-augmented, Chow-Liu tree, or given edges",
	.shape = SHOPPER_ROWS,
	.tasks = SHOPPER_CLASSIFY,
	.wide = true,
	.input = SHOPPER_RAW,
	.options = options,
	.train_rows = shopper_bayes_net_train,
	.predict = predict,
	.predict_block = predict_block,
	.encode = encode,
	.decode = decode,
	.describe = describe
};
