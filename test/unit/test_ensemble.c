/* test_ensemble.c: scores against a plain walk, Shapley values against all coalitions, bytes, other codes. */
#include "check.h"

#include "../../src/core/hash.h"
#include "../../src/models/trees/ensemble_internal.h"

enum {NUMBERS = 4, LOOKUPS = 2, INPUTS = NUMBERS + LOOKUPS, ROWS = 203, MOST_NODES = 4000, VALUES = 3};

typedef struct Grown
{
	int			n;
	ShopperGrownNode node[MOST_NODES];
	double		value[MOST_NODES][VALUES];
	uint32_t	set[MOST_NODES][4];
} Grown;

static const int levels[LOOKUPS] = {7, 100};

static double
random_number(uint64_t seed, uint64_t i)
{
	uint64_t	r = shopper_random(seed, 1, i);

	return r % 7 == 0 ? NAN : r % 7 == 1 ? 0 : r % 11 == 0 ? INFINITY : r % 13 == 0 ? -INFINITY : (double) (float) shopper_normal(seed, 2, i);
}

/* Children are made behind their parent, in random places, until there are `leaves` leaves or the depth is reached. */
static void
grow(Grown *g, uint64_t seed, int leaves, int depth)
{
	int			level[MOST_NODES] = {0},
				n_leaves = 1;

	g->n = 1;
	memset(g->node, 0, sizeof(g->node));
	for (uint64_t tries = 0; n_leaves < leaves && tries < 100000; tries++)
	{
		int			at = (int) (shopper_random(seed, 3, tries) % (uint64_t) g->n);
		ShopperGrownNode *node = &g->node[at];

		if (node->right > 0 || level[at] >= depth)
			continue;
		node->input = (int) (shopper_random(seed, 4, tries) % INPUTS);
		node->threshold = tries % 9 == 0 ? INFINITY : tries % 7 == 0 ? -0.0f : (float) shopper_normal(seed, 5, tries);
		node->missing_left = shopper_random(seed, 6, tries) % 2;
		node->gain = shopper_uniform(seed, 7, tries);
		for (int k = 0; k < 4; k++)
			g->set[at][k] = (uint32_t) shopper_random(seed, 8, tries * 4 + (uint64_t) k);
		node->left_levels = g->set[at];
		node->left = g->n++;
		node->right = g->n++;
		level[node->left] = level[node->right] = level[at] + 1;
		n_leaves++;
	}
	for (int i = 0; i < g->n; i++)
		if (g->node[i].right == 0)
		{
			g->node[i].left = g->node[i].right = -1;
			g->node[i].cover = (double) (shopper_random(seed, 9, (uint64_t) i) % 50 + (i % 5 != 0));
			for (int k = 0; k < VALUES; k++)
				g->value[i][k] = shopper_normal(seed, 10, (uint64_t) (i * VALUES + k));
			g->node[i].value = g->value[i];
		}
}

static bool
goes_left(const ShopperGrownNode *node, const double *dense, const int32_t *lookup)
{
	int32_t		code = node->input < NUMBERS ? 0 : lookup[node->input - NUMBERS];

	if (node->input < NUMBERS)
		return isnan(dense[node->input]) ? node->missing_left : (float) dense[node->input] <= node->threshold;
	if (code < 0 || code >= levels[node->input - NUMBERS])
		return node->missing_left;
	return node->left_levels[code / 32] >> (code % 32) & 1;
}

static const double *
plain(const Grown *g, const double *dense, const int32_t *lookup)
{
	int			at = 0;

	while (g->node[at].left >= 0)
		at = goes_left(&g->node[at], dense, lookup) ? g->node[at].left : g->node[at].right;
	return g->node[at].value;
}

static void
random_row(uint64_t i, double *dense, int32_t *lookup)
{
	for (int j = 0; j < NUMBERS; j++)
		dense[j] = random_number(77, i * NUMBERS + (uint64_t) j);
	for (int k = 0; k < LOOKUPS; k++)
		lookup[k] = (int32_t) (shopper_random(78, (uint64_t) k, i) % (uint64_t) (levels[k] + 2)) - 1;
}

static ShopperEnsemble *
make(ShopperEnv *env, Grown *grown, int n_trees, int leaves, int depth, int outputs, int values)
{
	ShopperEnsemble *e;

	CHECK_OK(env, shopper_ensemble_make(env, NUMBERS, LOOKUPS, levels, outputs, values, &e));
	for (int t = 0; t < n_trees; t++)
	{
		grow(&grown[t], 100 + (uint64_t) t, t == 0 ? 1 : leaves, depth);
		CHECK_OK(env, shopper_ensemble_add(env, e, grown[t].node, grown[t].n, values == 1 ? t % outputs : 0));
	}
	CHECK_OK(env, shopper_ensemble_finish(env, e));
	return e;
}

static void
scores(int n_trees, int leaves, int depth, int outputs, int values)
{
	ShopperEnv *env = check_env(-1);
	Grown	   *grown = shopper_alloc(env, (size_t) n_trees, sizeof(Grown));
	ShopperEnsemble *e = make(env, grown, n_trees, leaves, depth, outputs, values);
	ShopperTable table;
	double		block[ROWS * VALUES],
				one[VALUES],
				wanted[VALUES],
				dense[NUMBERS];
	int32_t		lookup[LOOKUPS];
	bool		same = true;

	CHECK_OK(env, shopper_table_make(env, &table, false, ROWS, NUMBERS, LOOKUPS, 0));
	for (int i = 0; i < ROWS; i++)
	{
		random_row((uint64_t) i, dense, lookup);
		for (int j = 0; j < NUMBERS; j++)
			table.dense32[j][i] = (float) dense[j];
		for (int k = 0; k < LOOKUPS; k++)
			table.lookup[k][i] = lookup[k];
	}
	for (int words = 0; words < 2; words++)		/* the second time without vectors */
	{
		shopper_ensemble_sum_block(e, &table, 3, ROWS, block + 3 * outputs);
		for (int i = 3; i < ROWS; i++)
		{
			random_row((uint64_t) i, dense, lookup);
			memset(wanted, 0, sizeof(wanted));
			for (int t = 0; t < n_trees; t++)
				for (int k = 0; k < values; k++)
					wanted[values == 1 ? t % outputs : k] += plain(&grown[t], dense, lookup)[k];
			shopper_ensemble_sum(e, dense, lookup, one);
			same &= memcmp(one, wanted, (size_t) outputs * sizeof(double)) == 0;
			same &= memcmp(block + i * outputs, wanted, (size_t) outputs * sizeof(double)) == 0;
		}
		e->vectors = false;
	}
	CHECK(same);
	check_env_end(env);
}

/* ---- Shapley values ---- */

/* What a tree says when only the inputs in `known` are known. */
static double
expectation(const Grown *g, const double *cover, int at, unsigned known, const double *dense, const int32_t *lookup, int k)
{
	const ShopperGrownNode *node = &g->node[at];
	double		left,
				right;

	if (node->left < 0)
		return node->value[k];
	if (known >> node->input & 1)
		return expectation(g, cover, goes_left(node, dense, lookup) ? node->left : node->right, known, dense, lookup, k);
	left = expectation(g, cover, node->left, known, dense, lookup, k);
	right = expectation(g, cover, node->right, known, dense, lookup, k);
	return cover[at] > 0 ? (cover[node->left] * left + cover[node->right] * right) / cover[at] : (left + right) / 2;
}

static double
sum_covers(const Grown *g, double *cover, int at)
{
	const ShopperGrownNode *node = &g->node[at];

	return cover[at] = node->left < 0 ? node->cover : sum_covers(g, cover, node->left) + sum_covers(g, cover, node->right);
}

static void
shapley(int n_trees, int leaves, int depth, int outputs, int values)
{
	static const double factorial[] = {1, 1, 2, 6, 24, 120, 720};
	ShopperEnv *env = check_env(-1);
	Grown	   *grown = shopper_alloc(env, (size_t) n_trees, sizeof(Grown));
	ShopperEnsemble *e = make(env, grown, n_trees, leaves, depth, outputs, values);
	double		cover[MOST_NODES],
				dense[NUMBERS],
				game[1 << INPUTS],
				phi[INPUTS],
				sum[VALUES],
				base,
				total;
	int32_t		lookup[LOOKUPS];

	for (int i = 0; i < 12; i++)
		for (int output = 0; output < outputs; output++)
		{
			random_row((uint64_t) i, dense, lookup);
			memset(game, 0, sizeof(game));
			for (int t = 0; t < n_trees; t++)
			{
				if (values == 1 && t % outputs != output)
					continue;
				sum_covers(&grown[t], cover, 0);
				for (unsigned s = 0; s < 1 << INPUTS; s++)
					game[s] += expectation(&grown[t], cover, 0, s, dense, lookup, values == 1 ? 0 : output);
			}
			CHECK_OK(env, shopper_ensemble_shap(env, e, dense, lookup, output, &base, phi));
			CHECK_NEAR(base, game[0], 1e-9);
			total = base;
			for (int j = 0; j < INPUTS; j++)
			{
				double		wanted = 0;

				for (unsigned s = 0; s < 1 << INPUTS; s++)
					if (!(s >> j & 1))
					{
						int			size = __builtin_popcount(s);

						wanted += factorial[size] * factorial[INPUTS - size - 1] / factorial[INPUTS] * (game[s | 1u << j] - game[s]);
					}
				CHECK_NEAR(phi[j], wanted, 1e-9);
				total += phi[j];
			}
			shopper_ensemble_sum(e, dense, lookup, sum);
			CHECK_NEAR(total, sum[output], 1e-9);
		}
	check_env_end(env);
}

/* A path of 60 different inputs, then of one input 60 times: exact by closed form, and by the sum. */
static void
deep(void)
{
	ShopperEnv *env = check_env(-1);
	ShopperGrownNode node[2 * SHOPPER_MAX_DEPTH + 1];
	double		value[2 * SHOPPER_MAX_DEPTH + 1],
				dense[SHOPPER_MAX_DEPTH],
				phi[SHOPPER_MAX_DEPTH],
				base,
				total,
				sum;

	for (int different = 0; different < 2; different++)
		for (int depth = 1; depth <= SHOPPER_MAX_DEPTH; depth += 9)
		{
			ShopperEnsemble *e;

			CHECK_OK(env, shopper_ensemble_make(env, SHOPPER_MAX_DEPTH, 0, NULL, 1, 1, &e));
			for (int d = 0; d <= 2 * depth; d++)
			{
				value[d] = d == 2 * depth ? 1 : different ? 0 : d * 0.125;
				node[d] = (ShopperGrownNode) {.left = -1,.right = -1,.cover = d == 2 * depth ? 1 : 1 << (d / 8 % 4),.value = &value[d]};
			}
			for (int d = 0; d < depth; d++)
				node[2 * d] = (ShopperGrownNode) {.left = 2 * d + 1,.right = 2 * d + 2,.input = different ? d : 0,.threshold = (float) d};
			for (int d = 0; d < SHOPPER_MAX_DEPTH; d++)
				dense[d] = 1000;
			CHECK_OK(env, shopper_ensemble_add(env, e, node, 2 * depth + 1, 0));
			CHECK_OK(env, shopper_ensemble_finish(env, e));
			CHECK_OK(env, shopper_ensemble_shap(env, e, dense, NULL, 0, &base, phi));
			shopper_ensemble_sum(e, dense, NULL, &sum);
			total = base;
			for (int j = 0; j < SHOPPER_MAX_DEPTH; j++)
				total += phi[j];
			CHECK_NEAR(total, sum, 1e-12);
			CHECK_NEAR(sum, 1, 0);
			if (!different)
				CHECK_NEAR(phi[0], 1 - base, 1e-12);
		}
	check_env_end(env);
}

/* ---- bytes, walking, other codes ---- */

static bool
touch(void *ctx, const ShopperTreeNodeView *node)
{
	int		   *seen = ctx;

	CHECK(node->node == *seen && node->parent < node->node && (node->parent >= 0 || node->node == 0));
	CHECK(node->is_left == (node->parent == node->node - 1) && node->depth <= SHOPPER_MAX_DEPTH);
	(*seen)++;
	return true;
}

static void
bytes(void)
{
	ShopperEnv *env = check_env(-1);
	Grown	   *grown = shopper_alloc(env, 9, sizeof(Grown));
	ShopperCategory category[LOOKUPS] = {{.n_levels = 7}, {.n_levels = 100}};
	ShopperSpec spec = {.n_numbers = NUMBERS,.n_categories = LOOKUPS,.category = category};

	for (int values = 1; values <= VALUES; values += VALUES - 1)
	{
		ShopperEnsemble *e = make(env, grown, 9, 40, 12, VALUES, values),
				   *back;
		ShopperWriter w,
					again;
		ShopperReader r;
		int			seen = 0;

		shopper_writer_init(&w, env);
		shopper_ensemble_encode(e, &w);
		CHECK_OK(env, w.status);
		shopper_reader_init(&r, env, w.data, (size_t) w.length);
		CHECK_OK(env, shopper_ensemble_decode(env, &r, &spec, VALUES, &back));
		CHECK_OK(env, shopper_reader_done(&r, "test"));
		shopper_writer_init(&again, env);
		shopper_ensemble_encode(back, &again);
		CHECK(again.length == w.length && memcmp(again.data, w.data, (size_t) w.length) == 0);
		CHECK(shopper_ensemble_visit(e, 4, touch, &seen) && seen == grown[4].n);
		for (int64_t cut = 0; cut < w.length; cut += 7)
		{
			env->status = SHOPPER_OK;
			shopper_reader_init(&r, env, w.data, (size_t) cut);
			CHECK(shopper_ensemble_decode(env, &r, &spec, VALUES, &back) == SHOPPER_BAD_BYTES);
		}
		env->status = SHOPPER_OK;
		shopper_ensemble_truncate(e, 4);
		CHECK(shopper_ensemble_trees(e) == 4);
		CHECK(shopper_ensemble_leaves(e) == (shopper_ensemble_nodes(e) + 4) / 2);
	}
	check_env_end(env);
}

/* The same trees over columns in another order, levels with other codes, one level more. */
static void
other_codes(void)
{
	ShopperEnv *env = check_env(-1);
	Grown	   *grown = shopper_alloc(env, 20, sizeof(Grown));
	ShopperEnsemble *e = make(env, grown, 20, 60, 20, 1, 1),
			   *moved;
	/* numbers reversed; the second category first, and a new one behind */
	int			input[INPUTS] = {3, 2, 1, 0, 5, 4},
				new_levels[LOOKUPS] = {101, 7};
	int32_t		large[101],
				small[7];
	const int32_t *old_code[LOOKUPS] = {large, small};

	for (int c = 0; c < 101; c++)
		large[c] = c == 50 ? -1 : (c * 37) % 101 == 100 ? 100 : (c * 37) % 101;
	for (int c = 0; c < 7; c++)
		small[c] = 6 - c;
	CHECK_OK(env, shopper_ensemble_make(env, NUMBERS, LOOKUPS, new_levels, 1, 1, &moved));
	CHECK_OK(env, shopper_ensemble_append(env, moved, e, input, old_code));
	CHECK_OK(env, shopper_ensemble_finish(env, moved));
	for (int i = 0; i < ROWS; i++)
	{
		double		dense[NUMBERS],
					turned[NUMBERS],
					a,
					b;
		int32_t		lookup[LOOKUPS],
					codes[LOOKUPS] = {i % 102 - 1, i % 8 - 1};

		random_row((uint64_t) i, dense, lookup);
		for (int j = 0; j < NUMBERS; j++)
			turned[NUMBERS - 1 - j] = dense[j];
		lookup[0] = codes[1] < 0 ? -1 : small[codes[1]];
		lookup[1] = codes[0] < 0 ? -1 : large[codes[0]];
		shopper_ensemble_sum(e, dense, lookup, &a);
		shopper_ensemble_sum(moved, turned, codes, &b);
		CHECK(a == b);
	}
	check_env_end(env);
}

void
test_ensemble(void)
{
	scores(1, 1, 1, 1, 1);
	scores(21, 31, 12, 1, 1);
	scores(75, 31, 12, 1, 1);
	scores(12, 31, 64, 3, 1);
	scores(9, 700, 40, 3, 3);
	shapley(1, 8, 3, 1, 1);
	shapley(5, 20, 8, 1, 1);
	shapley(4, 60, 30, 3, 3);
	shapley(6, 12, 5, 3, 1);
	deep();
	bytes();
	other_codes();
}
