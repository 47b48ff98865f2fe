/*
 * bayes_net.h: discrete Bayesian networks. Every column is a node, the target is the
 * last one; numbers and dates are cut into bins. Nodes have tables of the probability
 * of each state given the states of their parents.
 */
#ifndef SHOPPER_BAYES_NET_H
#define SHOPPER_BAYES_NET_H

#include "../learner.h"

#define SHOPPER_MAX_NODES 1665	/* the columns of a row, and the target */
#define SHOPPER_NODE_PARENTS 8
#define SHOPPER_NODE_STATES 30000
#define SHOPPER_NODE_TABLE 4000000	/* numbers of a table */
#define SHOPPER_TREE_STATES 30000	/* of all nodes: bounds the stack of predict */
#define SHOPPER_PLAN_NODES 200	/* of a given network, and the numbers of its largest answers: the same */
#define SHOPPER_PLAN_NUMBERS 30000
#define SHOPPER_QUERY_NUMBERS 20000000

typedef struct ShopperNode
{
	const char *name;
	int			column;			/* of the spec; -1: the target */
	int			n_states;
	double	   *border;			/* numbers: (n_states - 1) ascending; state s holds border[s - 1] <= x < border[s] */
	char	  **label;			/* numbers: (n_states) */
	int			n_parents;
	int			parent[SHOPPER_NODE_PARENTS];
	double		strength[SHOPPER_NODE_PARENTS]; /* mutual information with the parent, in nats; of tan between columns given the target */
	double	   *table;			/* (states of parents, the first one slowest)(n_states) */
	int64_t		n_table;
	int			offset;			/* of its states among those of all nodes */
} ShopperNode;

typedef struct ShopperBayesNet
{
	int			n_nodes;
	ShopperNode *node;
	/* made by shopper_net_of_nodes() */
	int		   *order;			/* parents before children */
	int		   *elimination;	/* of a given network: all nodes but the target, to be summed out in this order */
	bool		tree;			/* at most one parent beside the target, which has none */
	int			n_states;		/* of all nodes */
} ShopperBayesNet;

/* Columns of the spec and the target become nodes without bins, parents and tables. */
extern ShopperStatus shopper_bayes_net_new(ShopperEnv *env, ShopperModel *model, ShopperBayesNet **net);
/* Orders; SHOPPER_BAD_OPTION when the edges make a circle. */
extern ShopperStatus shopper_bayes_net_finish(ShopperEnv *env, ShopperBayesNet *net);
/* The learner's train_rows (bayes_net_fit.c). */
extern ShopperStatus shopper_bayes_net_train(ShopperEnv *env, ShopperModel *model, ShopperTable *table, const ShopperModel *previous);
/* The state of a value, -1 for missing. */
extern int	shopper_node_state(const ShopperNode *node, double x);
/* The text of a state. */
extern const char *shopper_node_label(const ShopperModel *model, const ShopperNode *node, int state);

/* ---- inference (bayes_net_query.c) ---- */

/*
 * Probabilities of the states of node `query`, given evidence: state[i] is the state of
 * node i or -1; allowed[i] (n_states), where not NULL, says which states are possible.
 * Exact, by variable elimination in the order of least fill-in. SHOPPER_LIMIT when a
 * factor would have more than SHOPPER_QUERY_NUMBERS numbers, SHOPPER_BAD_DATA when the
 * evidence cannot be.
 */
extern ShopperStatus shopper_bayes_net_query(ShopperEnv *env, const ShopperBayesNet *net, int query,
											 const int *state, bool *const *allowed, double *probability);
/* The same for the target and single states, in the memory at hand; false when that is too small. */
extern bool shopper_bayes_net_posterior(const ShopperBayesNet *net, const int *state, double *probability);
/* Whether that memory is enough, whatever is known. */
extern bool shopper_bayes_net_fits(const ShopperBayesNet *net);
/* The order of least fill-in for summing out everything but `query`; graph of all nodes. */
extern ShopperStatus shopper_bayes_net_order(ShopperEnv *env, const ShopperBayesNet *net, int query, const int *state, int *order, int *n);

#endif
