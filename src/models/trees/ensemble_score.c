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
 * the splits that send them left; missing categories are one code more. As a step
 * needs the one before it, several trees (one row) or rows (one tree) walk side by
 * side. Sums are taken in the order of the trees either way: the same bits.
 */
#include "ensemble_internal.h"

#include <limits.h>
#include <string.h>

#define LANES 8
#define KIND_NUMBER 0
#define KIND_CATEGORY 1
#define KIND_LARGE 2
#define KIND_SHIFT 14
#define SLOT_MASK ((1u << KIND_SHIFT) - 1)
#define ROWS_AT_ONCE 64

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
	for (int64_t k = 0; k < 2 * inputs; k++)
		if ((*slot_of)[k] != 0)
			e->slot[(*slot_of)[k]] = (ShopperSlot) {.input = (int32_t) (k / 2),.missing_left = k % 2 == 1};
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
		hot.slot = (uint32_t) slot_of[2 * input + node->missing_left] | KIND_NUMBER << KIND_SHIFT;
	}
	else if (e->n_levels[input - e->n_dense] < 32)
	{
		right_set(e, node, &hot.key);
		hot.slot = (uint32_t) slot_of[2 * input] | KIND_CATEGORY << KIND_SHIFT;
	}
	else
	{
		hot.key = (uint32_t) *n_words;
		right_set(e, node, e->right_levels + *n_words);
		*n_words += right_words(e, input);
		hot.slot = (uint32_t) slot_of[2 * input] | KIND_LARGE << KIND_SHIFT;
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

/* ---- walking ---- */

static inline int32_t
slot_number(float x, bool missing_left)
{
	if (x != x)
		return missing_left ? INT_MIN : INT_MAX;
	return sortable_float(x);
}

static inline int32_t
slot_code(const ShopperEnsemble *e, int input, int32_t code)
{
	int			n = e->n_levels[input - e->n_dense];

	return code < 0 || code >= n ? n : code;
}

/* 1: to the right. `categories` and the type of the node are constants of the caller. */
static inline __attribute__((always_inline)) uint32_t
goes_right(const ShopperEnsemble *e, uint32_t key, uint32_t slot, const int32_t *row, bool categories)
{
	int32_t		x = row[slot & SLOT_MASK];
	uint32_t	kind = slot >> KIND_SHIFT,
				right = x > (int32_t) key;

	if (!categories)
		return right;
	if (__builtin_expect(kind == KIND_LARGE, 0))
		return e->right_levels[key + (uint32_t) x / 32] >> (x & 31) & 1;
	/* arithmetic, not a branch: nodes of both kinds alternate at random */
	return (right & (kind ^ 1)) | ((key >> (x & 31)) & kind);
}

/*
 * Walk LANES trees or rows to their leaves: at[l] is lane l's node, row[l] its row. After
 * two steps the second tells whether all stand still.
 */
#define WALK(NODE, CATEGORIES) \
	do { \
		uint32_t	moved_; \
		do { \
			moved_ = 0; \
			_Pragma("GCC unroll 8") \
			for (int l_ = 0; l_ < LANES; l_++) \
				at[l_] += (NODE)[at[l_]].child + goes_right(e, (NODE)[at[l_]].key, (NODE)[at[l_]].slot, row[l_], CATEGORIES); \
			_Pragma("GCC unroll 8") \
			for (int l_ = 0; l_ < LANES; l_++) \
			{ \
				uint32_t	step_ = (NODE)[at[l_]].child + goes_right(e, (NODE)[at[l_]].key, (NODE)[at[l_]].slot, row[l_], CATEGORIES); \
				at[l_] += step_; \
				moved_ |= step_; \
			} \
		} while (moved_ != 0); \
		_Pragma("GCC unroll 8") \
		for (int l_ = 0; l_ < LANES; l_++) \
			leaf[l_] = (NODE)[at[l_]].key; \
	} while (0)

static inline __attribute__((always_inline)) void
walk(const ShopperEnsemble *e, const int64_t *start, const int32_t *const *row, uint32_t *leaf)
{
	size_t		at[LANES];

	for (int l = 0; l < LANES; l++)
		at[l] = (size_t) start[l];
	if (e->wide != NULL)
		WALK(e->wide, true);
	else if (e->splits_categories)
		WALK(e->hot, true);
	else
		WALK(e->hot, false);
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
	const int32_t *row[LANES];

	memset(out, 0, (size_t) e->outputs * sizeof(double));
	if (e->slot == NULL)
	{
		sum_slowly(e, dense, lookup, out);
		return;
	}
	filled[0] = INT_MIN;
	for (int s = 1; s < e->n_slots; s++)
	{
		int			input = e->slot[s].input;

		filled[s] = input < e->n_dense ? slot_number((float) dense[input], e->slot[s].missing_left)
			: slot_code(e, input, lookup[input - e->n_dense]);
	}
	for (int l = 0; l < LANES; l++)
		row[l] = filled;
	for (int64_t t = 0; t < e->n_trees; t += LANES)
	{
		int			n = e->n_trees - t < LANES ? (int) (e->n_trees - t) : LANES;
		int64_t		start[LANES];
		uint32_t	leaf[LANES];

		for (int l = 0; l < LANES; l++)
			start[l] = e->tree[t + (l < n ? l : 0)].node;
		walk(e, start, row, leaf);
		for (int l = 0; l < n; l++)
			add_leaf(e, &e->tree[t + l], leaf[l], out);
	}
}

/* ---- rows of a table ---- */

static void
fill_column(const ShopperEnsemble *e, const ShopperTable *table, int s, int64_t from, int n, int32_t *filled)
{
	int			input = e->slot[s].input;
	bool		missing_left = e->slot[s].missing_left;

	for (int i = 0; i < n; i++)
	{
		int32_t    *to = &filled[i * e->n_slots + s];

		if (input >= e->n_dense)
			*to = slot_code(e, input, table->lookup[input - e->n_dense][from + i]);
		else if (table->wide)
			*to = slot_number((float) table->dense[input][from + i], missing_left);
		else
			*to = slot_number(table->dense32[input][from + i], missing_left);
	}
}

/* At most ROWS_AT_ONCE rows, and as many as the slots leave room for. */
static void
sum_rows(const ShopperEnsemble *e, const ShopperTable *table, int64_t from, int n, double *out)
{
	int32_t		filled[SHOPPER_MAX_SLOTS];

	for (int i = 0; i < n; i++)
		filled[i * e->n_slots] = INT_MIN;
	for (int s = 1; s < e->n_slots; s++)
		fill_column(e, table, s, from, n, filled);
	for (int64_t t = 0; t < e->n_trees; t++)
		for (int at = 0; at < n; at += LANES)
		{
			int			lanes = n - at < LANES ? n - at : LANES;
			int64_t		start[LANES];
			const int32_t *row[LANES];
			uint32_t	leaf[LANES];

			for (int l = 0; l < LANES; l++)
			{
				start[l] = e->tree[t].node;
				row[l] = filled + (at + (l < lanes ? l : 0)) * e->n_slots;
			}
			walk(e, start, row, leaf);
			for (int l = 0; l < lanes; l++)
				add_leaf(e, &e->tree[t], leaf[l], out + (at + l) * e->outputs);
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
	int			piece = ROWS_AT_ONCE;

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
