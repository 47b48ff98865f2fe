/*
 * ensemble_score.c: rows through trees, without branches that depend on the row.
 *
 * A row becomes integers first, one a slot: a number its bits, arranged so that
 * integers compare as the numbers do; a category its code. A node of 8 bytes then
 * names a slot and holds
 *
 *   number:           key = threshold as such an integer; right when slot > key
 *   category:         key = set of the levels that go right, up to 32 of them
 *   large category:   key = where in right_levels that set begins
 *   leaf:             key = its number; slot 0 holds the least integer, child is 0:
 *                     it steps to itself
 *
 * Missing numbers are the greatest integer, or the least one in a second slot for
 * the splits that send them left; missing categories are one code more. Several trees
 * (one row) or rows (one tree) walk side by side (ensemble_walk.c). Sums are taken in
 * the order of the trees either way: the same bits.
 */
#include "../../core/simd.h"
#include "ensemble_internal.h"

#include <limits.h>
#include <string.h>

static inline int32_t
sortable_float(float x)
{
	int32_t		bits;

	x += 0.0f;					/* -0.0 becomes 0.0 */
	memcpy(&bits, &x, sizeof(bits));
	return bits ^ ((bits >> 31) & INT_MAX);
}

/* ---- building ---- */

/* Give each input that is split a slot, numbers one for each side that missing values go to. */
static ShopperStatus
assign_slots(ShopperEnv *env, ShopperEnsemble *e, int32_t **slot_of)
{
	int64_t		inputs = (int64_t) e->n_dense + e->n_lookup;

	SHOPPER_NEW0(env, *slot_of, 2 * inputs);
	for (int64_t i = 0; i < e->n_nodes; i++)
		if (e->node[i].right >= 0)
		{
			bool		category = (int) e->node[i].input >= e->n_dense;

			(*slot_of)[2 * e->node[i].input + (category ? 0 : e->node[i].missing_left)] = 1;
			e->splits_categories |= category;
		}
	e->n_slots = 1;
	for (int64_t k = 0; k < 2 * inputs; k++)
		if ((*slot_of)[k] != 0)
			(*slot_of)[k] = e->n_slots++;
	if (e->n_slots > SHOPPER_MAX_SLOTS)
		return SHOPPER_OK;
	SHOPPER_NEW0(env, e->slot, e->n_slots);
	e->slot[0].input = -1;
	e->n_number_slots = 0;
	for (int64_t k = 0; k < 2 * inputs; k++)
		if ((*slot_of)[k] != 0)
		{
			e->n_number_slots += k < 2 * (int64_t) e->n_dense;
			e->slot[(*slot_of)[k]] = (ShopperSlot) {.input = (int32_t) (k / 2),.missing = k % 2 == 1 ? INT_MIN : INT_MAX};
		}
	return SHOPPER_OK;
}

static inline int
right_words(const ShopperEnsemble *e, int input)
{
	return e->n_levels[input - e->n_dense] / 32 + 1;	/* the missing one included */
}

/* The levels that go right, the missing one behind them. */
static void
right_set(const ShopperEnsemble *e, const ShopperNode *node, uint32_t *set)
{
	int			n = e->n_levels[(int) node->input - e->n_dense],
				words = shopper_level_words(e, (int) node->input);

	memset(set, 0, (size_t) right_words(e, (int) node->input) * sizeof(uint32_t));
	for (int k = 0; k < words; k++)
		set[k] = ~e->word[node->words + (uint32_t) k];
	if (n % 32 != 0)
		set[n / 32] &= (1u << (n % 32)) - 1;
	set[n / 32] |= (uint32_t) !node->missing_left << (n % 32);
}

static ShopperWideNode
make_hot(const ShopperEnsemble *e, const ShopperNode *node, const int32_t *slot_of, int64_t *n_words)
{
	int			input = (int) node->input;
	ShopperWideNode hot = {0};

	if (node->right < 0)
		hot.key = node->leaf;
	else if (input < e->n_dense)
	{
		hot.key = (uint32_t) sortable_float(node->threshold);
		hot.slot = (uint32_t) slot_of[2 * input + node->missing_left] | SHOPPER_KIND_NUMBER << SHOPPER_KIND_SHIFT;
	}
	else if (e->n_levels[input - e->n_dense] < 32)
	{
		right_set(e, node, &hot.key);
		hot.slot = (uint32_t) slot_of[2 * input] | SHOPPER_KIND_CATEGORY << SHOPPER_KIND_SHIFT;
	}
	else
	{
		hot.key = (uint32_t) *n_words;
		right_set(e, node, e->right_levels + *n_words);
		*n_words += right_words(e, input);
		hot.slot = (uint32_t) slot_of[2 * input] | SHOPPER_KIND_LARGE << SHOPPER_KIND_SHIFT;
	}
	return hot;
}

/* A tree level by level, siblings side by side; order is scratch for its nodes. */
static void
build_tree(ShopperEnsemble *e, const ShopperTree *t, const int32_t *slot_of, int32_t *order, int64_t *n_words)
{
	const ShopperNode *node = e->node + t->node;
	int32_t		n = 1;

	order[0] = 0;
	for (int32_t i = 0; i < t->n_nodes; i++)
	{
		const ShopperNode *from = &node[order[i]];
		ShopperWideNode hot = make_hot(e, from, slot_of, n_words);

		if (from->right >= 0)
		{
			hot.child = (uint32_t) (n - i);
			order[n++] = order[i] + 1;
			order[n++] = from->right;
		}
		if (e->wide != NULL)
			e->wide[t->node + i] = hot;
		else
			e->hot[t->node + i] = (ShopperHotNode) {.key = hot.key,.slot = (uint16_t) hot.slot,.child = (uint16_t) hot.child};
	}
}

static void
add_base(ShopperEnsemble *e, const ShopperTree *t, double *share)
{
	const ShopperNode *node = e->node + t->node;

	share[0] = 1;
	for (int32_t i = 0; i < t->n_nodes; i++)
	{
		if (node[i].right >= 0)
		{
			double		left = shopper_left_share(&node[i + 1], &node[node[i].right]);

			share[node[i].right] = share[i] * (1 - left);
			share[i + 1] = share[i] * left;
		}
		else
			for (int k = 0; k < e->values; k++)
				e->base[t->output + k] += share[i] * e->value[(int64_t) node[i].leaf * e->values + k];
	}
}

/* Roots of the trees, and of as many first ones behind them as walks may go too far. */
static ShopperStatus
set_starts(ShopperEnv *env, ShopperEnsemble *e)
{
	SHOPPER_NEW0(env, e->start, e->n_trees + SHOPPER_WALKS);
	e->deepest = shopper_ensemble_depth(e);
	for (int64_t t = 0; t < e->n_trees; t++)
		e->start[t] = (int32_t) e->tree[t].node;
	e->vectors = shopper_has_v4();
	return SHOPPER_OK;
}

ShopperStatus
shopper_ensemble_finish(ShopperEnv *env, ShopperEnsemble *e)
{
	int32_t    *slot_of,
			   *order,
				most = 1;
	double	   *share;
	int64_t		words = 0;

	shopper_release(env, e->slot);
	shopper_release(env, e->hot);
	shopper_release(env, e->wide);
	shopper_release(env, e->right_levels);
	shopper_release(env, e->start);
	shopper_release(env, e->base);
	e->slot = NULL;
	e->hot = NULL;
	e->wide = NULL;
	e->right_levels = NULL;
	e->splits_categories = false;
	SHOPPER_TRY(assign_slots(env, e, &slot_of));
	for (int64_t t = 0; t < e->n_trees; t++)
		most = e->tree[t].n_nodes > most ? e->tree[t].n_nodes : most;
	for (int64_t i = 0; i < e->n_nodes; i++)
		if (e->node[i].right >= 0 && (int) e->node[i].input >= e->n_dense && e->n_levels[(int) e->node[i].input - e->n_dense] >= 32)
			words += right_words(e, (int) e->node[i].input);
	SHOPPER_NEW0(env, e->base, e->outputs);
	shopper_ensemble_make_points(e);
	SHOPPER_NEW(env, share, most);
	SHOPPER_NEW(env, order, most + 1);
	if (e->slot != NULL)
	{
		SHOPPER_NEW(env, e->right_levels, words + 1);
		SHOPPER_TRY(set_starts(env, e));
		if (most > 65536)
			SHOPPER_NEW(env, e->wide, e->n_nodes);
		else
			SHOPPER_NEW(env, e->hot, e->n_nodes);
	}
	words = 0;
	for (int64_t t = 0; t < e->n_trees; t++)
	{
		add_base(e, &e->tree[t], share);
		if (e->slot != NULL)
			build_tree(e, &e->tree[t], slot_of, order, &words);
		SHOPPER_TRY(shopper_poll(env));
	}
	shopper_release(env, share);
	shopper_release(env, order);
	shopper_release(env, slot_of);
	return SHOPPER_OK;
}

/* ---- slots of a row ---- */

static inline int32_t
slot_number(float x, int32_t missing)
{
	int32_t		number = sortable_float(x);

	return x != x ? missing : number;
}

static inline int32_t
slot_code(const ShopperEnsemble *e, int input, int32_t code)
{
	int			n = e->n_levels[input - e->n_dense];

	return code < 0 || code >= n ? n : code;
}

static inline __attribute__((always_inline)) void
add_leaf(const ShopperEnsemble *e, const ShopperTree *t, uint32_t leaf, double *out)
{
	const double *value = e->value + (size_t) leaf * (size_t) e->values;

	if (e->values == 1)
		out[t->output] += value[0];
	else
		for (int k = 0; k < e->values; k++)
			out[k] += value[k];
}

/* The plain way, over the nodes as they are stored. */
static void
sum_slowly(const ShopperEnsemble *e, const double *dense, const int32_t *lookup, double *out)
{
	for (int64_t i = 0; i < e->n_trees; i++)
	{
		const ShopperTree *t = &e->tree[i];
		const ShopperNode *node = e->node + t->node;
		int32_t		at = 0;

		while (node[at].right >= 0)
			at = shopper_goes_left(e, &node[at], dense, lookup) ? at + 1 : node[at].right;
		add_leaf(e, t, node[at].leaf, out);
	}
}

void
shopper_ensemble_sum(const ShopperEnsemble *e, const double *dense, const int32_t *lookup, double *out)
{
	int32_t		filled[SHOPPER_MAX_SLOTS];

	memset(out, 0, (size_t) e->outputs * sizeof(double));
	if (e->slot == NULL)
	{
		sum_slowly(e, dense, lookup, out);
		return;
	}
	filled[0] = INT_MIN;
	for (int s = 1; s <= e->n_number_slots; s++)
		filled[s] = slot_number((float) dense[e->slot[s].input], e->slot[s].missing);
	for (int s = e->n_number_slots + 1; s < e->n_slots; s++)
		filled[s] = slot_code(e, e->slot[s].input, lookup[e->slot[s].input - e->n_dense]);
	for (int64_t t = 0; t < e->n_trees; t += SHOPPER_WALKS)
	{
		int			n = e->n_trees - t < SHOPPER_WALKS ? (int) (e->n_trees - t) : SHOPPER_WALKS;
		uint32_t	leaf[SHOPPER_WALKS];

		shopper_walk_trees(e, t, n, filled, leaf);
		if (e->outputs == 1)
		{
			double		sum = out[0];

			for (int k = 0; k < n; k++)
				sum += e->value[leaf[k]];
			out[0] = sum;
		}
		else
			for (int k = 0; k < n; k++)
				add_leaf(e, &e->tree[t + k], leaf[k], out);
	}
}

/* ---- rows of a table ---- */

static void
fill_column(const ShopperEnsemble *e, const ShopperTable *table, int s, int64_t from, int n, int32_t *filled)
{
	int			input = e->slot[s].input;
	int32_t		missing = e->slot[s].missing;

	for (int i = 0; i < n; i++)
	{
		int32_t    *to = &filled[i * e->n_slots + s];

		if (input >= e->n_dense)
			*to = slot_code(e, input, table->lookup[input - e->n_dense][from + i]);
		else if (table->wide)
			*to = slot_number((float) table->dense[input][from + i], missing);
		else
			*to = slot_number(table->dense32[input][from + i], missing);
	}
}

/* At most SHOPPER_WALKS rows, and as many as the slots leave room for. */
static void
sum_rows(const ShopperEnsemble *e, const ShopperTable *table, int64_t from, int n, double *out)
{
	int32_t		filled[SHOPPER_MAX_SLOTS];

	for (int i = 0; i < n; i++)
		filled[i * e->n_slots] = INT_MIN;
	for (int s = 1; s < e->n_slots; s++)
		fill_column(e, table, s, from, n, filled);
	for (int64_t t = 0; t < e->n_trees; t++)
	{
		uint32_t	leaf[SHOPPER_WALKS];

		shopper_walk_rows(e, t, filled, n, leaf);
		for (int i = 0; i < n; i++)
			add_leaf(e, &e->tree[t], leaf[i], out + i * e->outputs);
	}
}

/* One row of a table whose inputs are too many for slots. */
static void
sum_row_slowly(const ShopperEnsemble *e, const ShopperTable *table, int64_t row, double *out)
{
	for (int64_t i = 0; i < e->n_trees; i++)
	{
		const ShopperTree *t = &e->tree[i];
		const ShopperNode *node = e->node + t->node;
		int32_t		at = 0;

		while (node[at].right >= 0)
		{
			int			input = (int) node[at].input;
			double		x = input >= e->n_dense ? 0 : table->wide ? table->dense[input][row] : (double) table->dense32[input][row];
			int32_t		code = input < e->n_dense ? 0 : table->lookup[input - e->n_dense][row];

			at = shopper_value_goes_left(e, &node[at], x, code) ? at + 1 : node[at].right;
		}
		add_leaf(e, t, node[at].leaf, out);
	}
}

void
shopper_ensemble_sum_block(const ShopperEnsemble *e, const ShopperTable *table, int64_t from, int64_t to, double *out)
{
	int			piece = SHOPPER_WALKS;

	memset(out, 0, (size_t) (to - from) * (size_t) e->outputs * sizeof(double));
	if (e->slot == NULL)
	{
		for (int64_t i = from; i < to; i++)
			sum_row_slowly(e, table, i, out + (i - from) * e->outputs);
		return;
	}
	if ((int64_t) piece * e->n_slots > SHOPPER_MAX_SLOTS)
		piece = SHOPPER_MAX_SLOTS / e->n_slots;
	for (int64_t at = from; at < to; at += piece)
		sum_rows(e, table, at, to - at < piece ? (int) (to - at) : piece, out + (at - from) * e->outputs);
}
