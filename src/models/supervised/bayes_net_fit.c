/*
 * bayes_net_fit.c: bins, structure and tables of a Bayesian network.
 *
 * Chow-Liu tree: the spanning tree with the most mutual information (Chow and Liu 1968),
 * rooted at the target. Tree-augmented naive Bayes: the same over the columns, with the
 * information given the target, which is a parent of all (Friedman, Geiger, Goldszmidt
 * 1997). Rows in which one of the values is missing do not count for a pair or a table.
 *
 * Memory: 2 bytes a value, and one table for each pair of one column with the others.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../core/calendar.h"
#include "../../core/sort.h"
#include "../../core/threads.h"
#include "bayes_net.h"

#define SAMPLE 200000			/* rows that choose the borders: the first ones, their order is random */
#define WINDOW 65536			/* rows between polls */
#define MAX_PAIRS 64000000		/* numbers in the tables of one column with the others */

typedef struct Fit
{
	ShopperEnv *env;
	ShopperModel *model;
	const ShopperTable *t;
	ShopperBayesNet *net;
	int16_t   **state;			/* (n_nodes)(n_train), -1 missing */
	/* pairs of one node with others, in rounds of rows */
	int			one;
	int			n_others;
	int		   *other;
	bool		given_target;
	double	  **pair;			/* (n_others)(states of the target or 1)(states of one)(of the other) */
	double	   *information;	/* (n_others) */
	int64_t		from,
				to;
} Fit;

/* ---- bins ---- */

static void
number_text(const Fit *f, const ShopperNode *node, double x, char *text, size_t size)
{
	const ShopperColumn *column = &f->model->spec->column[node->column];

	if (column->kind == SHOPPER_KIND_DATE || column->kind == SHOPPER_KIND_TIMESTAMP)
		shopper_date_text((int64_t) floor(x + column->origin), text, size);
	else
		snprintf(text, size, "%.10g", x);
}

/* "< 30", "30-39", ">= 60" of whole numbers, "[0.5, 1.25)" of others, "7" where a bin is one value. */
static ShopperStatus
make_labels(Fit *f, ShopperNode *node, bool whole, bool single, double least)
{
	bool		counts = whole && least >= 0 && f->model->spec->column[node->column].kind == SHOPPER_KIND_NUMBER;

	SHOPPER_NEW0(f->env, node->label, node->n_states);
	for (int s = 0; s < node->n_states; s++)
	{
		bool		first = s == 0,
					last = s == node->n_states - 1;
		double		from = first ? least : node->border[s - 1],
					to = last ? least : node->border[s];
		char		low[40],
					high[40],
					text[100];

		number_text(f, node, from, low, sizeof(low));
		number_text(f, node, counts && !first && !last ? to - 1 : to, high, sizeof(high));
		if (single || (counts && !first && !last && to - 1 == from))
			snprintf(text, sizeof(text), "%s", low);
		else if (first && last)
			snprintf(text, sizeof(text), "any");
		else if (first)
			snprintf(text, sizeof(text), "< %s", high);
		else if (last)
			snprintf(text, sizeof(text), ">= %s", low);
		else
			snprintf(text, sizeof(text), counts ? "%s-%s" : "[%s, %s)", low, high);
		node->label[s] = shopper_strdup(f->env, text, strlen(text));
		if (node->label[s] == NULL)
			return f->env->status;
	}
	return SHOPPER_OK;
}

/* Borders at quantiles; a column of few values gets a bin for each. */
static ShopperStatus
make_bins(Fit *f, ShopperNode *node)
{
	ShopperEnv *env = f->env;
	const double *x = f->t->dense[f->model->spec->column[node->column].first];
	int64_t		bins = shopper_option_integer(&f->model->options, "bins"),
				n = 0,
				distinct = 0,
				sample = f->t->n_train < SAMPLE ? f->t->n_train : SAMPLE;
	uint64_t   *key;
	uint32_t   *order;
	double	   *value;
	bool		whole = true;

	SHOPPER_NEW(env, key, sample);
	SHOPPER_NEW(env, order, sample);
	SHOPPER_NEW(env, value, sample);
	SHOPPER_NEW(env, node->border, bins);
	for (int64_t i = 0; i < sample; i++)
		if (x[i] == x[i])
		{
			value[n] = x[i];
			key[n++] = shopper_sortable(x[i]);
			whole &= x[i] == floor(x[i]) && fabs(x[i]) < 1e9;
		}
	SHOPPER_TRY(shopper_sort_order(env, key, order, n));
	for (int64_t i = 0; i < n && distinct <= bins; i++)
		distinct += i == 0 || value[order[i]] != value[order[i - 1]];
	node->n_states = 1;
	for (int64_t i = 1; i < n && distinct <= bins; i++)
		if (value[order[i]] != value[order[i - 1]])
			node->border[node->n_states++ - 1] = value[order[i]];
	for (int64_t k = 1; k < bins && distinct > bins; k++)
	{
		double		border = value[order[k * n / bins]];

		if (border > value[order[0]] && (node->n_states == 1 || border > node->border[node->n_states - 2]))
			node->border[node->n_states++ - 1] = border;
	}
	SHOPPER_TRY(make_labels(f, node, whole, distinct <= bins && n > 0, n > 0 ? value[order[0]] : 0));
	shopper_release(env, key);
	shopper_release(env, order);
	shopper_release(env, value);
	return SHOPPER_OK;
}

/* ---- rows as states ---- */

static void
fill_states(void *arg, int i)
{
	Fit		   *f = arg;
	const ShopperNode *node = &f->net->node[i];
	const ShopperColumn *column = node->column >= 0 ? &f->model->spec->column[node->column] : NULL;
	int16_t    *state = f->state[i];

	for (int64_t row = f->from; row < f->to; row++)
	{
		if (column == NULL)
			state[row] = (int16_t) f->t->y_class[row];
		else if (column->kind == SHOPPER_KIND_CATEGORY)
			state[row] = (int16_t) f->t->lookup[column->first][row];
		else if (column->kind == SHOPPER_KIND_BOOLEAN)
			state[row] = (int16_t) (f->t->dense[column->first][row] != f->t->dense[column->first][row] ? -1 : f->t->dense[column->first][row] != 0);
		else
			state[row] = (int16_t) shopper_node_state(node, f->t->dense[column->first][row]);
	}
}

/* Run fn over n shards for each window of training rows. */
static ShopperStatus
by_windows(Fit *f, int n, ShopperShardFn fn)
{
	for (f->from = 0; f->from < f->t->n_train; f->from = f->to)
	{
		f->to = f->from + WINDOW < f->t->n_train ? f->from + WINDOW : f->t->n_train;
		shopper_parallel(f->env, n, fn, f);
		SHOPPER_TRY(shopper_poll(f->env));
	}
	return SHOPPER_OK;
}

static ShopperStatus
make_states(Fit *f)
{
	ShopperEnv *env = f->env;

	SHOPPER_NEW0(env, f->state, f->net->n_nodes);
	for (int i = 0; i < f->net->n_nodes; i++)
	{
		ShopperNode *node = &f->net->node[i];

		if (node->column >= 0 && f->model->spec->column[node->column].kind == SHOPPER_KIND_VECTOR)
		{
			shopper_fail(env, SHOPPER_BAD_DATA, "column \"%.60s\" is an array, which cannot be a node", node->name);
			shopper_hint(env, "Leave it out with exclude => ARRAY['%.60s'].", node->name);
			return env->status;
		}
		if (node->n_states == 0)
			SHOPPER_TRY(make_bins(f, node));
		if (node->n_states > SHOPPER_NODE_STATES)
		{
			shopper_fail(env, SHOPPER_LIMIT, "\"%.60s\" has %d levels, at most %d are possible", node->name, node->n_states, SHOPPER_NODE_STATES);
			shopper_hint(env, "Lower max_levels.");
			return env->status;
		}
		SHOPPER_NEW(env, f->state[i], f->t->n_train);
	}
	return by_windows(f, f->net->n_nodes, fill_states);
}

/* ---- mutual information ---- */

static void
count_pair(void *arg, int k)
{
	Fit		   *f = arg;
	const int16_t *a = f->state[f->one],
			   *b = f->state[f->other[k]],
			   *c = f->state[f->net->n_nodes - 1];
	int64_t		n_a = f->net->node[f->one].n_states,
				n_b = f->net->node[f->other[k]].n_states;
	double	   *pair = f->pair[k];

	for (int64_t i = f->from; i < f->to; i++)
		if (a[i] >= 0 && b[i] >= 0)
			pair[((f->given_target ? c[i] : 0) * n_a + a[i]) * n_b + b[i]] += f->t->weight != NULL ? f->t->weight[i] : 1;
}

/* sum of p(a, b, c) log(p(a, b | c) / (p(a | c) p(b | c))), in place; margin: scratch of n_a + n_b. */
static double
information_of(const double *pair, int64_t n_c, int64_t n_a, int64_t n_b, double *margin)
{
	double		total = 0,
				sum = 0;

	for (int64_t i = 0; i < n_c * n_a * n_b; i++)
		total += pair[i];
	for (int64_t c = 0; c < n_c; c++)
	{
		const double *p = pair + c * n_a * n_b;
		double		in_c = 0;

		memset(margin, 0, (size_t) (n_a + n_b) * sizeof(double));
		for (int64_t a = 0; a < n_a; a++)
			for (int64_t b = 0; b < n_b; b++)
			{
				margin[a] += p[a * n_b + b];
				margin[n_a + b] += p[a * n_b + b];
				in_c += p[a * n_b + b];
			}
		for (int64_t a = 0; a < n_a; a++)
			for (int64_t b = 0; b < n_b; b++)
				if (p[a * n_b + b] > 0)
					sum += p[a * n_b + b] * log(p[a * n_b + b] * in_c / (margin[a] * margin[n_a + b]));
	}
	return total > 0 && sum > 0 ? sum / total : 0;
}

/* Information of f->one with each of f->other into f->information. */
static ShopperStatus
find_information(Fit *f, int one, int n_others, bool given_target)
{
	ShopperEnv *env = f->env;
	int64_t		n_c = given_target ? f->model->spec->classes.n : 1,
				n_a = f->net->node[one].n_states,
				size = 0,
				widest = 0;
	double	   *all,
			   *margin;

	f->one = one;
	f->n_others = n_others;
	f->given_target = given_target;
	for (int k = 0; k < n_others; k++)
	{
		int64_t		n_b = f->net->node[f->other[k]].n_states;

		size += n_c * n_a * n_b;
		widest = n_b > widest ? n_b : widest;
	}
	if (size > MAX_PAIRS)
	{
		shopper_fail(env, SHOPPER_LIMIT, "the levels of \"%.60s\" and the other columns make too large tables", f->net->node[one].name);
		shopper_hint(env, "Lower max_levels, or leave columns out.");
		return env->status;
	}
	SHOPPER_NEW0(env, all, size);
	SHOPPER_NEW(env, margin, n_a + widest);
	size = 0;
	for (int k = 0; k < n_others; k++)
	{
		f->pair[k] = all + size;
		size += n_c * n_a * f->net->node[f->other[k]].n_states;
	}
	SHOPPER_TRY(by_windows(f, n_others, count_pair));
	for (int k = 0; k < n_others; k++)
		f->information[k] = information_of(f->pair[k], n_c, n_a, f->net->node[f->other[k]].n_states, margin);
	shopper_release(env, all);
	shopper_release(env, margin);
	return shopper_poll(env);
}

/* ---- structure ---- */

static void
add_parent(ShopperNode *node, int parent, double strength)
{
	node->parent[node->n_parents] = parent;
	node->strength[node->n_parents++] = strength;
}

/*
 * The tree of most information among the first n nodes, from `root` on (Prim 1957):
 * the information of a node with those outside is found when it joins. Ties: the
 * first node.
 */
static ShopperStatus
span(Fit *f, int n, int root, bool given_target)
{
	ShopperEnv *env = f->env;
	double	   *best;
	int		   *from,
				newest = root;
	bool	   *inside;

	SHOPPER_NEW(env, best, n);
	SHOPPER_NEW0(env, from, n);
	SHOPPER_NEW0(env, inside, n);
	for (int i = 0; i < n; i++)
		best[i] = -1;
	inside[root] = true;
	for (int done = 1; done < n; done++)
	{
		int			n_others = 0;

		for (int i = 0; i < n; i++)
			if (!inside[i])
				f->other[n_others++] = i;
		SHOPPER_TRY(find_information(f, newest, n_others, given_target));
		newest = -1;
		for (int k = 0; k < n_others; k++)
		{
			int			i = f->other[k];

			if (f->information[k] > best[i])
			{
				best[i] = f->information[k];
				from[i] = f->one;
			}
			if (newest < 0 || best[i] > best[newest])
				newest = i;
		}
		inside[newest] = true;
		add_parent(&f->net->node[newest], from[newest], best[newest]);
	}
	shopper_release(env, best);
	shopper_release(env, from);
	shopper_release(env, inside);
	return SHOPPER_OK;
}

static ShopperStatus
target_to_all(Fit *f)
{
	int			target = f->net->n_nodes - 1;

	for (int i = 0; i < target; i++)
		f->other[i] = i;
	SHOPPER_TRY(find_information(f, target, target, false));
	for (int i = 0; i < target; i++)
		add_parent(&f->net->node[i], target, f->information[i]);
	return SHOPPER_OK;
}

static ShopperStatus
find_node(const Fit *f, const char *name, size_t length, const char *option, int *node)
{
	char		known[300] = "";

	for (*node = 0; *node < f->net->n_nodes; ++*node)
	{
		const char *candidate = f->net->node[*node].name;

		if (strlen(candidate) == length && memcmp(candidate, name, length) == 0)
			return SHOPPER_OK;
		snprintf(known + strlen(known), sizeof(known) - strlen(known), "%s%s", *node > 0 ? ", " : "", candidate);
	}
	shopper_fail(f->env, SHOPPER_BAD_OPTION, "option \"%s\" names \"%.*s\", which is no column", option, (int) (length < 60 ? length : 60), name);
	shopper_detail(f->env, "The nodes are: %s.", known);
	return SHOPPER_BAD_OPTION;
}

/* 'a -> b', spaces around the arrow or not */
static ShopperStatus
read_edge(Fit *f, const char *edge, int64_t max_parents)
{
	const char *arrow = strstr(edge, "->"),
			   *end = edge + strlen(edge),
			   *right,
			   *left_end = arrow;
	int			parent,
				child;
	ShopperNode *node;

	if (arrow == NULL)
	{
		shopper_fail(f->env, SHOPPER_BAD_OPTION, "option \"edges\" must hold edges such as 'age -> device', got '%.80s'", edge);
		return SHOPPER_BAD_OPTION;
	}
	for (; *edge == ' '; edge++);
	for (; left_end > edge && left_end[-1] == ' '; left_end--);
	for (right = arrow + 2; *right == ' '; right++);
	for (; end > right && end[-1] == ' '; end--);
	SHOPPER_TRY(find_node(f, edge, (size_t) (left_end - edge), "edges", &parent));
	SHOPPER_TRY(find_node(f, right, (size_t) (end - right), "edges", &child));
	node = &f->net->node[child];
	if (parent == child)
		return shopper_fail(f->env, SHOPPER_BAD_OPTION, "an edge leads from \"%.60s\" to itself", node->name);
	for (int k = 0; k < node->n_parents; k++)
		if (node->parent[k] == parent)
			return shopper_fail(f->env, SHOPPER_BAD_OPTION, "the edge from \"%.60s\" to \"%.60s\" is given twice", f->net->node[parent].name, node->name);
	if (node->n_parents == max_parents)
	{
		shopper_fail(f->env, SHOPPER_BAD_OPTION, "\"%.60s\" has more than %lld parents", node->name, (long long) max_parents);
		shopper_hint(f->env, "Raise max_parents (at most %d), or leave edges out.", SHOPPER_NODE_PARENTS);
		return SHOPPER_BAD_OPTION;
	}
	f->other[0] = parent;
	SHOPPER_TRY(find_information(f, child, 1, false));
	add_parent(node, parent, f->information[0]);
	return SHOPPER_OK;
}

static ShopperStatus
make_structure(Fit *f)
{
	const ShopperOptions *o = &f->model->options;
	const ShopperOptionValue *edges = shopper_option(o, "edges");
	const char *root = shopper_option_text(o, "root");
	int			n = f->net->n_nodes,
				first = 0;
	bool		given = shopper_option_is(o, "structure", "given");

	if (given != (edges->set && edges->n > 0))
	{
		shopper_fail(f->env, SHOPPER_BAD_OPTION, given ? "structure given needs the option \"edges\"" : "option \"edges\" needs structure given");
		shopper_hint(f->env, "As in bayes_net(structure => 'given', edges => ARRAY['age -> device']).");
		return SHOPPER_BAD_OPTION;
	}
	if (root != NULL && !shopper_option_is(o, "structure", "tan"))
		return shopper_fail(f->env, SHOPPER_BAD_OPTION, "option \"root\" needs structure tan");
	SHOPPER_NEW(f->env, f->other, n);
	SHOPPER_NEW(f->env, f->pair, n);
	SHOPPER_NEW(f->env, f->information, n);
	for (int i = 0; given && i < edges->n; i++)
		SHOPPER_TRY(read_edge(f, edges->texts[i], shopper_option_integer(o, "max_parents")));
	if (given)
		return SHOPPER_OK;
	if (shopper_option_is(o, "structure", "chow_liu"))
		return span(f, n, n - 1, false);
	SHOPPER_TRY(target_to_all(f));
	if (shopper_option_is(o, "structure", "naive"))
		return SHOPPER_OK;
	if (root != NULL)
		SHOPPER_TRY(find_node(f, root, strlen(root), "root", &first));
	if (first == n - 1)
		return shopper_fail(f->env, SHOPPER_BAD_OPTION, "option \"root\" must name a column, \"%.60s\" is the target", root);
	return span(f, n - 1, first, true);
}

/* ---- tables ---- */

static void
count_table(void *arg, int i)
{
	Fit		   *f = arg;
	const ShopperNode *node = &f->net->node[i];

	for (int64_t row = f->from; row < f->to; row++)
	{
		int64_t		at = 0;
		bool		known = f->state[i][row] >= 0;

		for (int k = 0; k < node->n_parents; k++)
		{
			int			s = f->state[node->parent[k]][row];

			known &= s >= 0;
			at = at * f->net->node[node->parent[k]].n_states + s;
		}
		if (known)
			node->table[at * node->n_states + f->state[i][row]] += f->t->weight != NULL ? f->t->weight[row] : 1;
	}
}

static ShopperStatus
make_tables(Fit *f)
{
	double		smoothing = shopper_option_number(&f->model->options, "smoothing");

	for (int i = 0; i < f->net->n_nodes; i++)
	{
		ShopperNode *node = &f->net->node[i];

		node->n_table = node->n_states;
		for (int k = 0; k < node->n_parents && node->n_table <= SHOPPER_NODE_TABLE; k++)
			node->n_table *= f->net->node[node->parent[k]].n_states;
		if (node->n_table > SHOPPER_NODE_TABLE)
		{
			shopper_fail(f->env, SHOPPER_LIMIT, "the table of \"%.60s\" and its parents would have more than %d numbers", node->name, SHOPPER_NODE_TABLE);
			shopper_hint(f->env, "Use fewer parents, bins or levels (max_levels).");
			return SHOPPER_LIMIT;
		}
		SHOPPER_NEW0(f->env, node->table, node->n_table);
	}
	SHOPPER_TRY(by_windows(f, f->net->n_nodes, count_table));
	for (int i = 0; i < f->net->n_nodes; i++)
	{
		const ShopperNode *node = &f->net->node[i];

		for (int64_t at = 0; at < node->n_table; at += node->n_states)
		{
			double		sum = 0;

			for (int s = 0; s < node->n_states; s++)
				sum += node->table[at + s] += smoothing;
			for (int s = 0; s < node->n_states; s++)
				node->table[at + s] = fmax(node->table[at + s] / sum, 1e-300);
		}
	}
	return SHOPPER_OK;
}

ShopperStatus
shopper_bayes_net_train(ShopperEnv *env, ShopperModel *model, ShopperTable *t, const ShopperModel *previous)
{
	Fit			f = {.env = env,.model = model,.t = t};

	if (previous != NULL)
	{
		shopper_fail(env, SHOPPER_UNSUPPORTED, "a Bayesian network cannot be continued from an earlier model");
		shopper_hint(env, "Train it on all rows; bayes() can be continued.");
		return env->status;
	}
	SHOPPER_TRY(shopper_bayes_net_new(env, model, &f.net));
	SHOPPER_TRY(make_states(&f));
	SHOPPER_TRY(make_structure(&f));
	SHOPPER_TRY(shopper_bayes_net_finish(env, f.net));
	SHOPPER_TRY(make_tables(&f));
	for (int i = 0; i < f.net->n_nodes; i++)
		shopper_release(env, f.state[i]);
	if (f.net->tree || shopper_bayes_net_fits(f.net))
		return SHOPPER_OK;
	shopper_fail(env, SHOPPER_LIMIT, "the edges are too dense to sum out missing values exactly");
	shopper_hint(env, "Leave edges out, or use fewer bins or levels (max_levels).");
	return env->status;
}
