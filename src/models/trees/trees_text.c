/*
 * trees_text.c: trees as people read them, in the names of their columns and levels.
 *
 * A rule merges all splits of a column on the way to a leaf into one condition:
 * bounds of a number, a list of levels. Missing values are named where some were
 * seen in training.
 */
#include "trees.h"
#include "trees_words.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

typedef struct Node
{
	ShopperTreeNodeView view;
	int64_t		left;
	int64_t		right;
	double		cover;			/* exact sums of the leaves */
	int64_t		n_leaves;
} Node;

typedef struct Reading
{
	ShopperEnv *env;
	const ShopperModel *model;
	const ShopperSpec *spec;
	const ShopperEnsemble *e;
	int64_t		tree;			/* from 0 */
	Node	   *node;
	int64_t		n,
				capacity;
	double	   *sum;			/* (nodes)(values): cover times value of the leaves below */
	ShopperStatus status;
	ShopperWriter text;
} Reading;

/* One split, seen from one of its children. */
static void
say_split(Reading *r, const ShopperTreeNodeView *split, bool left)
{
	const ShopperSpec *spec = r->spec;

	if (split->input < spec->n_numbers)
		shopper_say_range(&r->text, spec, split->input, left ? -INFINITY : split->threshold, left ? split->threshold : INFINITY, left == split->missing_left);
	else
	{
		int			words = (spec->category[split->input - spec->n_numbers].n_levels + 31) / 32;
		uint32_t   *in = shopper_alloc(r->env, (size_t) words + 1, sizeof(uint32_t));

		if (in == NULL)
			return;
		for (int k = 0; k < words; k++)
			in[k] = left ? split->left_levels[k] : ~split->left_levels[k];
		shopper_say_levels(&r->text, spec, split->input, in);
		shopper_release(r->env, in);
	}
}

/* All splits of one input on the way to a leaf; path: nodes from the root, of n. */
static void
say_merged(Reading *r, const int64_t *path, int n, int input)
{
	const ShopperSpec *spec = r->spec;
	float		low = -INFINITY,
				high = INFINITY;
	bool		missing = true;
	int			words = input < spec->n_numbers ? 0 : (spec->category[input - spec->n_numbers].n_levels + 31) / 32;
	uint32_t   *in = shopper_alloc(r->env, (size_t) words + 1, sizeof(uint32_t));

	if (in == NULL)
		return;
	memset(in, 0xff, (size_t) words * sizeof(uint32_t));
	for (int d = 0; d + 1 < n; d++)
	{
		const ShopperTreeNodeView *split = &r->node[path[d]].view;
		bool		left = r->node[path[d + 1]].view.is_left;

		if (split->input != input)
			continue;
		missing &= left == split->missing_left;
		if (words == 0 && input < spec->n_numbers)
		{
			if (left && split->threshold < high)
				high = split->threshold;
			if (!left && split->threshold > low)
				low = split->threshold;
		}
		for (int k = 0; k < words; k++)
			in[k] &= left ? split->left_levels[k] : ~split->left_levels[k];
	}
	if (input < spec->n_numbers)
		shopper_say_range(&r->text, spec, input, low, high, missing);
	else
		shopper_say_levels(&r->text, spec, input, in);
	shopper_release(r->env, in);
}

static void
say_rule(Reading *r, int64_t leaf)
{
	int64_t		path[SHOPPER_MAX_DEPTH + 1];
	int			n = r->node[leaf].view.depth + 1;

	for (int64_t at = leaf, d = n - 1; d >= 0; at = r->node[at].view.parent, d--)
		path[d] = at;
	if (n == 1)
		shopper_say(&r->text, "all rows");
	for (int d = 0; d + 1 < n; d++)
	{
		int			input = r->node[path[d]].view.input;
		bool		said = false;

		for (int k = 0; k < d; k++)
			said |= r->node[path[k]].view.input == input;
		if (said)
			continue;
		if (d > 0)
			shopper_say(&r->text, " and ");
		say_merged(r, path, n, input);
	}
}

/* ---- what a node says ---- */

static bool
says_shares(const Reading *r)
{
	return r->model->task == SHOPPER_CLASSIFY && strcmp(r->model->learner->name, "boosting") != 0;
}

static void
say_class(ShopperWriter *w, const ShopperSpec *spec, int64_t c)
{
	char		buffer[24];
	size_t		length;
	const char *text = shopper_dictionary_text(&spec->classes, c, buffer, &length);

	shopper_put_bytes(w, text, length);
}

/* Shares of all classes; value is what a leaf holds, or a mean of leaves. */
static void
shares_of(const Reading *r, const double *value, double *share)
{
	int			n = (int) r->spec->classes.n;

	for (int c = 0; c < n; c++)
		share[c] = n > 2 ? value[c] : c == 1 ? value[0] : 1 - value[0];
}

/* The class it speaks for, -1: none. */
static int
say_prediction(Reading *r, const double *value, double *share, double *number)
{
	ShopperWriter *w = &r->text;
	int			output = shopper_ensemble_output_of(r->e, r->tree),
				best = 0;

	*number = value[0];
	if (says_shares(r))
	{
		shares_of(r, value, share);
		for (int64_t c = 1; c < r->spec->classes.n; c++)
			best = share[c] > share[best] ? (int) c : best;
		*number = share[best];
		say_class(w, r->spec, best);
		return best;
	}
	if (strcmp(r->model->learner->name, "boosting") == 0)
	{
		if (r->model->task == SHOPPER_CLASSIFY)
		{
			say_class(w, r->spec, shopper_ensemble_outputs(r->e) > 1 ? output : 1);
			shopper_say(w, value[0] < 0 ? " " : " +");
		}
		else
			shopper_say(w, value[0] < 0 ? "" : "+");
		shopper_say_number(w, value[0], 4);
	}
	else
		shopper_say_number(w, value[0], 6);
	return -1;
}

/* ---- a tree in memory ---- */

static bool
take_node(void *ctx, const ShopperTreeNodeView *view)
{
	Reading    *r = ctx;

	r->status = shopper_grow(r->env, &r->node, &r->capacity, r->n + 1, sizeof(Node));
	if (r->status == SHOPPER_OK && r->n % 10000 == 9999)
		r->status = shopper_poll(r->env);
	if (r->status != SHOPPER_OK)
		return false;
	r->node[r->n] = (Node) {.view = *view,.left = -1,.right = -1,.cover = view->leaf ? view->cover : 0,.n_leaves = view->leaf};
	if (view->parent >= 0)
	{
		if (view->is_left)
			r->node[view->parent].left = r->n;
		else
			r->node[view->parent].right = r->n;
	}
	r->n++;
	return true;
}

static ShopperStatus
read_tree(Reading *r, int64_t tree)
{
	int			values = shopper_ensemble_values(r->e);

	r->tree = tree;
	r->n = 0;
	if (!shopper_ensemble_visit(r->e, tree, take_node, r))
		return r->status;
	shopper_release(r->env, r->sum);
	SHOPPER_NEW0(r->env, r->sum, (size_t) r->n * (size_t) values);
	for (int64_t i = r->n - 1; i >= 0; i--)
	{
		Node	   *node = &r->node[i];
		double	   *sum = r->sum + i * values;

		for (int k = 0; k < values; k++)
			sum[k] = node->view.leaf ? node->cover * node->view.value[k] : r->sum[node->left * values + k] + r->sum[node->right * values + k];
		if (!node->view.leaf)
		{
			node->cover = r->node[node->left].cover + r->node[node->right].cover;
			node->n_leaves = r->node[node->left].n_leaves + r->node[node->right].n_leaves;
		}
	}
	return SHOPPER_OK;
}

static ShopperStatus
begin(ShopperEnv *env, const ShopperModel *model, int64_t tree, Reading *r)
{
	memset(r, 0, sizeof(*r));
	r->env = env;
	r->model = model;
	r->spec = model->spec;
	r->e = shopper_model_ensemble(model);
	if (r->e == NULL)
	{
		shopper_fail(env, SHOPPER_WRONG_MODEL, "a model of %s has no trees", model->learner->name);
		shopper_hint(env, "Give a model trained with tree(), forest() or boosting().");
		return env->status;
	}
	if (tree != SHOPPER_ALL_TREES && (tree < 1 || tree > shopper_ensemble_trees(r->e)))
	{
		shopper_fail(env, SHOPPER_BAD_OPTION, "there is no tree %lld, the model has %lld", (long long) tree, (long long) shopper_ensemble_trees(r->e));
		shopper_hint(env, "Trees are counted from 1.");
		return env->status;
	}
	shopper_writer_init(&r->text, env);
	return SHOPPER_OK;
}

/* What the writer holds becomes a text of its own. */
static ShopperStatus
take_text(Reading *r, char **text)
{
	SHOPPER_TRY(r->text.status);
	*text = shopper_strdup(r->env, (const char *) (r->text.data != NULL ? r->text.data : (unsigned char *) ""), (size_t) r->text.length);
	r->text.length = 0;
	return *text == NULL ? r->env->status : SHOPPER_OK;
}

static ShopperStatus
put_leaf(Reading *r, int64_t node, int64_t leaf, double *share,
		 ShopperStatus (*put) (void *ctx, const ShopperTreeRule *rule), void *ctx)
{
	const Node *n = &r->node[node];
	ShopperTreeRule rule = {.tree = r->tree + 1,.leaf = leaf,.rows = n->cover,
	.share = r->node[0].cover > 0 ? n->cover / r->node[0].cover : NAN,.probability = share,
	.n_probabilities = says_shares(r) ? (int) r->spec->classes.n : 0};

	say_rule(r, node);
	SHOPPER_TRY(r->env->status);
	SHOPPER_TRY(take_text(r, &rule.rule));
	say_prediction(r, n->view.value, share, &rule.value);
	SHOPPER_TRY(take_text(r, &rule.prediction));
	SHOPPER_TRY(put(ctx, &rule));
	shopper_release(r->env, rule.rule);
	shopper_release(r->env, rule.prediction);
	return SHOPPER_OK;
}

ShopperStatus
shopper_tree_rules(ShopperEnv *env, const ShopperModel *model, int64_t tree,
				   ShopperStatus (*put) (void *ctx, const ShopperTreeRule *rule), void *ctx)
{
	bool		all = tree == SHOPPER_ALL_TREES;
	Reading		r;
	double	   *share;

	SHOPPER_TRY(begin(env, model, tree, &r));
	SHOPPER_NEW(env, share, model->task == SHOPPER_CLASSIFY ? model->spec->classes.n : 1);
	for (int64_t t = all ? 0 : tree - 1; t < (all ? shopper_ensemble_trees(r.e) : tree); t++)
	{
		int64_t		leaf = 0;

		SHOPPER_TRY(read_tree(&r, t));
		for (int64_t i = 0; i < r.n; i++)
			if (r.node[i].view.leaf)
			{
				SHOPPER_TRY(put_leaf(&r, i, ++leaf, share, put, ctx));
				if (leaf % 1000 == 999)
					SHOPPER_TRY(shopper_poll(env));
			}
		SHOPPER_TRY(shopper_poll(env));
	}
	return SHOPPER_OK;
}

/* The same of the node itself: leaves below count by their rows; a share is said too. */
static int
say_node(Reading *r, int64_t i, double *share, double *number)
{
	const Node *node = &r->node[i];
	int			values = shopper_ensemble_values(r->e),
				class_number;
	double	   *mean = r->sum + i * values;
	char		buffer[60];

	for (int k = 0; k < values; k++)
		mean[k] = node->view.leaf ? node->view.value[k] : node->cover > 0 ? mean[k] / node->cover : 0;
	class_number = say_prediction(r, mean, share, number);
	if (class_number >= 0)
	{
		snprintf(buffer, sizeof(buffer), " %.4g", *number);
		shopper_say(&r->text, buffer);
	}
	return class_number;
}

static void
say_line(Reading *r, int64_t i, int64_t *leaf, double *share)
{
	const Node *node = &r->node[i];
	ShopperWriter *w = &r->text;
	double		number;
	char		buffer[60];

	if (i > 0)
		shopper_say(w, "\n");
	for (int d = 0; d < node->view.depth; d++)
		shopper_say(w, "  ");
	if (i == 0)
		shopper_say(w, "all rows");
	else
		say_split(r, &r->node[node->view.parent].view, node->view.is_left);
	shopper_say(w, ": ");
	say_node(r, i, share, &number);
	snprintf(buffer, sizeof(buffer), " (%.6g rows", node->cover);
	shopper_say(w, buffer);
	if (node->view.leaf)
	{
		snprintf(buffer, sizeof(buffer), ", leaf %lld", (long long) ++*leaf);
		shopper_say(w, buffer);
	}
	shopper_say(w, ")");
}

ShopperStatus
shopper_tree_text(ShopperEnv *env, const ShopperModel *model, int64_t tree, char **text, int64_t *length)
{
	Reading		r;
	double	   *share;
	int64_t		leaf = 0;

	SHOPPER_TRY(begin(env, model, tree == SHOPPER_ALL_TREES ? 0 : tree, &r));
	SHOPPER_NEW(env, share, model->task == SHOPPER_CLASSIFY ? model->spec->classes.n : 1);
	SHOPPER_TRY(read_tree(&r, tree - 1));
	for (int64_t i = 0; i < r.n; i++)
	{
		say_line(&r, i, &leaf, share);
		SHOPPER_TRY(env->status);
		if (i % 1000 == 999)
			SHOPPER_TRY(shopper_poll(env));
	}
	SHOPPER_TRY(r.text.status);
	*length = r.text.length;
	return take_text(&r, text);
}

ShopperStatus
shopper_tree_nodes(ShopperEnv *env, const ShopperModel *model, int64_t tree,
				   ShopperStatus (*put) (void *ctx, const ShopperTreeNode *node), void *ctx)
{
	Reading		r;
	double	   *share;

	SHOPPER_TRY(begin(env, model, tree == SHOPPER_ALL_TREES ? 0 : tree, &r));
	SHOPPER_NEW(env, share, model->task == SHOPPER_CLASSIFY ? model->spec->classes.n : 1);
	SHOPPER_TRY(read_tree(&r, tree - 1));
	for (int64_t i = 0; i < r.n; i++)
	{
		const Node *n = &r.node[i];
		ShopperTreeNode node = {.parent = n->view.parent,.depth = n->view.depth,.rows = n->cover,.leaves = n->n_leaves};
		double		number;

		if (i > 0)
		{
			say_split(&r, &r.node[node.parent].view, n->view.is_left);
			SHOPPER_TRY(env->status);
			SHOPPER_TRY(take_text(&r, &node.condition));
		}
		node.class_number = say_node(&r, i, share, &number);
		node.share = node.class_number >= 0 ? number : r.node[0].cover > 0 ? n->cover / r.node[0].cover : 0;
		SHOPPER_TRY(take_text(&r, &node.prediction));
		SHOPPER_TRY(put(ctx, &node));
		if (i % 1000 == 999)
			SHOPPER_TRY(shopper_poll(env));
	}
	return SHOPPER_OK;
}
