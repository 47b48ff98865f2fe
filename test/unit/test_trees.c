/*
 * test_trees.c: tree() and forest(): the first split against all possible ones, pruning
 * against scikit-learn's figures, bags, weights, threads, merging, cancel.
 */
#include "check.h"

#include "../../src/core/hash.h"
#include "../../src/core/threads.h"
#include "../../src/models/learner.h"
#include "../../src/models/trees/trees.h"

enum {N = 240, NUMBERS = 3, LOOKUPS = 1, LEVELS = 5};

typedef struct Made
{
	ShopperTable t;
	ShopperSpec spec;
	ShopperModel model;
} Made;

static ShopperStatus
set_option(ShopperEnv *env, ShopperModel *model, const char *name, const char *value)
{
	ShopperOptionType type = shopper_option(&model->options, name)->option->type;
	ShopperRaw	raw = {.kind = type == SHOPPER_BOOLEAN ? SHOPPER_RAW_BOOLEAN : type == SHOPPER_CHOICE ? SHOPPER_RAW_STRING : SHOPPER_RAW_NUMBER,.text = value};

	return shopper_options_set(env, &model->options, model->learner->name, name, &raw);
}

/* Three numbers (one with missing values, one of few values), one category; copies: each row so often; weighted: as weight instead. */
static ShopperStatus
make(ShopperEnv *env, Made *m, const char *learner, int classes, bool copies, bool weighted)
{
	static const char *const level[] = {"red", "green", "blue", "grey", "white"};
	ShopperSpec *spec = &m->spec;
	uint32_t	code;
	int64_t		n = 0;

	memset(m, 0, sizeof(*m));
	for (int i = 0; i < N; i++)
		n += copies ? 1 + i % 3 : 1;
	SHOPPER_TRY(shopper_table_make(env, &m->t, false, n, NUMBERS, LOOKUPS, classes));
	if (weighted)
		SHOPPER_NEW(env, m->t.weight, n);
	n = 0;
	for (int i = 0; i < N; i++)
		for (int copy = 0; copy < (copies ? 1 + i % 3 : 1); copy++, n++)
		{
			double		a = shopper_normal(3, 1, (uint64_t) i),
						b = floor(4 * shopper_uniform(3, 2, (uint64_t) i)),
						z;

			m->t.dense32[0][n] = (float) a;
			m->t.dense32[1][n] = (float) b;
			m->t.dense32[2][n] = i % 6 == 0 ? NAN : (float) shopper_normal(3, 3, (uint64_t) i);
			m->t.lookup[0][n] = (int32_t) (shopper_random(3, 4, (uint64_t) i) % LEVELS);
			z = a + (b == 2) + (i % 6 == 0) + 0.8 * (m->t.lookup[0][n] % 2) + 0.6 * shopper_normal(3, 5, (uint64_t) i);
			if (classes > 0)
				m->t.y_class[n] = z > 1.5 && classes > 2 ? 2 : z > 0.5;
			else
				m->t.y[n] = 100 + 10 * z;
			if (weighted)
				m->t.weight[n] = 1 + i % 3;
		}
	m->t.size[0] = LEVELS;
	spec->n_columns = NUMBERS + LOOKUPS;
	spec->n_numbers = spec->n_dense = NUMBERS;
	spec->n_categories = LOOKUPS;
	SHOPPER_NEW0(env, spec->column, NUMBERS + LOOKUPS);
	SHOPPER_NEW0(env, spec->number, NUMBERS);
	SHOPPER_NEW0(env, spec->category, LOOKUPS);
	for (int j = 0; j < NUMBERS; j++)
	{
		spec->column[j] = (ShopperColumn) {.name = shopper_strdup(env, j == 0 ? "a" : j == 1 ? "b" : "c", 1),.first = j,.n = 1};
		spec->number[j].column = j;
		spec->number[j].flag = -1;
		spec->number[j].scale = 1;
	}
	spec->column[NUMBERS] = (ShopperColumn) {.name = shopper_strdup(env, "colour", 6),.kind = SHOPPER_KIND_CATEGORY,.n = 1};
	spec->category[0].column = NUMBERS;
	SHOPPER_TRY(shopper_dictionary_init(&spec->category[0].levels, env, SHOPPER_ID_TEXT));
	for (int k = 0; k < LEVELS; k++)
		SHOPPER_TRY(shopper_dictionary_add_text(&spec->category[0].levels, level[k], strlen(level[k]), &code));
	SHOPPER_NEW0(env, spec->category[0].count, LEVELS);
	shopper_category_number(&spec->category[0], false, false);
	spec->target = shopper_strdup(env, "y", 1);
	spec->positive = classes == 2 ? 1 : -1;
	spec->target_kind = classes > 0 ? SHOPPER_TARGET_CLASS : SHOPPER_TARGET_NUMBER;
	SHOPPER_TRY(shopper_dictionary_init(&spec->classes, env, SHOPPER_ID_TEXT));
	for (int c = 0; c < classes; c++)
		SHOPPER_TRY(shopper_dictionary_add_text(&spec->classes, c == 0 ? "no" : c == 1 ? "so" : "yes", c == 2 ? 3 : 2, &code));
	m->model.learner = shopper_learner_by_name(learner);
	m->model.task = classes > 0 ? SHOPPER_CLASSIFY : SHOPPER_REGRESS;
	m->model.spec = spec;
	return shopper_options_init(env, &m->model.options, m->model.learner->options, shopper_shape_options(SHOPPER_ROWS));
}

static ShopperStatus
train(ShopperEnv *env, Made *m)
{
	return shopper_train_rows(env, &m->model, &m->t, NULL, NULL);
}

/* ---- the first split ---- */

static double
impurity(const ShopperTable *t, const bool *in, bool side, const char *criterion, double *weight)
{
	double		count[3] = {0},
				mean = 0,
				sum = 0;

	*weight = 0;
	for (int64_t i = 0; i < t->n; i++)
		if (in[i] == side)
		{
			*weight += 1;
			if (t->y_class != NULL)
				count[t->y_class[i]]++;
			else
				mean += t->y[i];
		}
	if (*weight == 0)
		return 0;
	if (t->y_class == NULL)
	{
		mean /= *weight;
		for (int64_t i = 0; i < t->n; i++)
			sum += in[i] == side ? (t->y[i] - mean) * (t->y[i] - mean) : 0;
		return sum;
	}
	for (int c = 0; c < 3; c++)
		sum += count[c] == 0 ? 0 : strcmp(criterion, "gini") == 0 ? count[c] * (1 - count[c] / *weight) : -count[c] * log2(count[c] / *weight);
	return sum;
}

static void
try_split(const ShopperTable *t, const bool *in, const char *criterion, double min_rows, double *best)
{
	bool		all[N] = {false};
	double		left,
				right,
				whole,
				sum = impurity(t, all, false, criterion, &whole) - impurity(t, in, true, criterion, &left);

	sum -= impurity(t, in, false, criterion, &right);
	if (left >= min_rows && right >= min_rows && sum > *best)
		*best = sum;
}

/* Every cut of every number with missing values on either side, every set of levels. */
static double
best_of_all(const ShopperTable *t, const char *criterion, double min_rows)
{
	double		best = 0;
	bool		in[N];

	for (int j = 0; j < NUMBERS; j++)
		for (int64_t k = 0; k < t->n; k++)
			for (int missing = 0; missing < 2; missing++)
			{
				float		cut = isnan(t->dense32[j][k]) ? INFINITY : t->dense32[j][k];

				for (int64_t i = 0; i < t->n; i++)
					in[i] = isnan(t->dense32[j][i]) ? missing : t->dense32[j][i] <= cut;
				try_split(t, in, criterion, min_rows, &best);
			}
	for (unsigned set = 1; set < (1u << LEVELS) - 1; set++)
	{
		for (int64_t i = 0; i < t->n; i++)
			in[i] = set >> t->lookup[0][i] & 1;
		try_split(t, in, criterion, min_rows, &best);
	}
	return best;
}

static bool
root_gain(void *ctx, const ShopperTreeNodeView *node)
{
	*(double *) ctx = node->gain;
	return false;
}

static void
first_split(const char *criterion, int classes)
{
	ShopperEnv *env = check_env(-1);
	Made		m;
	double		gain;

	CHECK_OK(env, make(env, &m, "tree", classes, false, false));
	CHECK_OK(env, set_option(env, &m.model, "criterion", criterion));
	CHECK_OK(env, set_option(env, &m.model, "max_depth", "1"));
	CHECK_OK(env, set_option(env, &m.model, "min_rows", "7"));
	CHECK_OK(env, train(env, &m));
	shopper_ensemble_visit(shopper_model_ensemble(&m.model), 0, root_gain, &gain);
	CHECK_NEAR(gain / best_of_all(&m.t, criterion, 7), 1, 1e-6);
	check_env_end(env);
}

/* ---- pruning ---- */

/*
 * x = 0 .. 15, y as below, each 15 times. scikit-learn 1.9's cost_complexity_pruning_path
 * gives for Gini 0, 0.05208333, 0.05555556, 0.08888889, 0.18802083, half of that for
 * squares, and trees of 7, 5, 3, 2 and 1 leaves.
 */
static int
leaves_after(const char *alpha, const char *max_leaves, int classes)
{
	static const int y[16] = {0, 0, 1, 0, 0, 0, 1, 1, 1, 1, 0, 1, 1, 1, 1, 0};
	ShopperEnv *env = check_env(-1);
	Made		m;
	int			leaves;

	CHECK_OK(env, make(env, &m, "tree", classes, false, false));
	for (int i = 0; i < N; i++)
	{
		m.t.dense32[0][i] = (float) (i % 16);
		m.t.dense32[1][i] = m.t.dense32[2][i] = 0;
		m.t.lookup[0][i] = 0;
		if (classes > 0)
			m.t.y_class[i] = y[i % 16];
		else
			m.t.y[i] = y[i % 16];
	}
	CHECK_OK(env, set_option(env, &m.model, "min_rows", "1"));
	CHECK_OK(env, set_option(env, &m.model, "max_depth", "20"));
	CHECK_OK(env, set_option(env, &m.model, "pruning", alpha));
	CHECK_OK(env, set_option(env, &m.model, "max_leaves", max_leaves));
	CHECK_OK(env, set_option(env, &m.model, "importance", "false"));
	CHECK_OK(env, train(env, &m));
	leaves = (int) shopper_ensemble_leaves(shopper_model_ensemble(&m.model));
	check_env_end(env);
	return leaves;
}

/* ---- models as a whole ---- */

static void
encode(ShopperEnv *env, Made *m, unsigned char **bytes, int64_t *length)
{
	CHECK_OK(env, shopper_model_encode(env, &m->model, bytes, length));
}

static void
same_for_threads(const char *learner, int classes)
{
	unsigned char *bytes[3];
	int64_t		length[3];
	ShopperEnv *env[3];

	for (int k = 0; k < 3; k++)
	{
		Made		m;
		ShopperModel back;
		unsigned char *again;
		int64_t		length2;

		env[k] = check_env(-1);
		env[k]->threads = 1 + k;
		env[k]->pool = shopper_pool_create(env[k], 1 + k);
		CHECK_OK(env[k], make(env[k], &m, learner, classes, false, false));
		CHECK_OK(env[k], set_option(env[k], &m.model, "min_rows", "3"));
		if (strcmp(learner, "forest") == 0)
			CHECK_OK(env[k], set_option(env[k], &m.model, "trees", "11"));
		CHECK_OK(env[k], train(env[k], &m));
		encode(env[k], &m, &bytes[k], &length[k]);
		CHECK_OK(env[k], shopper_model_decode(env[k], bytes[k], (size_t) length[k], &back));
		CHECK_OK(env[k], shopper_model_encode(env[k], &back, &again, &length2));
		CHECK(length2 == length[k] && memcmp(again, bytes[k], (size_t) length2) == 0);
	}
	for (int k = 1; k < 3; k++)
		CHECK(length[0] == length[k] && memcmp(bytes[0], bytes[k], (size_t) length[0]) == 0);
	for (int k = 0; k < 3; k++)
		check_env_end(env[k]);
}

/* A weight of 2 is a row twice: the same tree. */
static void
weights(int classes)
{
	ShopperEnv *env = check_env(-1);
	Made		m[2];

	for (int k = 0; k < 2; k++)
	{
		CHECK_OK(env, make(env, &m[k], "tree", classes, k == 0, k == 1));
		CHECK_OK(env, set_option(env, &m[k].model, "importance", "false"));
		CHECK_OK(env, train(env, &m[k]));
	}
	for (int64_t i = 0; i < m[0].t.n; i++)
	{
		double		dense[NUMBERS],
					a[3],
					b[3];
		int32_t		code = m[0].t.lookup[0][i];

		for (int j = 0; j < NUMBERS; j++)
			dense[j] = m[0].t.dense32[j][i];
		shopper_mean_predict(&m[0].model, dense, &code, a);
		shopper_mean_predict(&m[1].model, dense, &code, b);
		CHECK_NEAR(a[0], b[0], 1e-10 * fabs(a[0]));
	}
	check_env_end(env);
}

/* Bags hold as many draws as there are rows; out of the bag about a share of 1 / e. */
static void
bags(void)
{
	ShopperEnv *env = check_env(-1);
	Made		m,
				other;
	double		rows = 0,
				accuracy = 0,
				p[2],
				q[2],
				mean[2];
	double		dense[NUMBERS] = {0.3, 2, NAN};
	int32_t		code = 3;

	CHECK_OK(env, make(env, &m, "forest", 2, false, false));
	CHECK_OK(env, set_option(env, &m.model, "trees", "40"));
	CHECK_OK(env, train(env, &m));
	CHECK(shopper_ensemble_trees(shopper_model_ensemble(&m.model)) == 40);
	for (int64_t i = 0; i < m.model.n_metrics; i++)
		if (strcmp(m.model.metric[i].dataset, "out_of_bag") == 0)
		{
			rows = strcmp(m.model.metric[i].name, "rows") == 0 ? m.model.metric[i].value : rows;
			accuracy = strcmp(m.model.metric[i].name, "accuracy") == 0 ? m.model.metric[i].value : accuracy;
		}
	CHECK(rows == N);
	CHECK(accuracy > 0.75 && accuracy < 0.97);
	CHECK(m.model.n_steps > 5);
	for (int64_t i = 0; i < m.model.n_importance; i++)
		CHECK(strcmp(m.model.importance[i].method, "gain") != 0 || (m.model.importance[i].value >= 0 && m.model.importance[i].value <= 1));
	/* two forests together answer with the mean, by number of trees */
	env->seed = 99;
	CHECK_OK(env, make(env, &other, "forest", 2, false, false));
	CHECK_OK(env, set_option(env, &other.model, "trees", "40"));
	CHECK_OK(env, train(env, &other));
	shopper_mean_predict(&m.model, dense, &code, p);
	shopper_mean_predict(&other.model, dense, &code, q);
	CHECK_OK(env, m.model.learner->merge(env, &m.model, &other.model));
	shopper_mean_predict(&m.model, dense, &code, mean);
	CHECK(p[1] != q[1]);
	CHECK_NEAR(mean[1], (p[1] + q[1]) / 2, 1e-12);
	CHECK_NEAR(mean[0] + mean[1], 1, 1e-12);
	check_env_end(env);
}

/* Contributions and base add up to the answer. */
static void
explain(const char *learner, int classes)
{
	ShopperEnv *env = check_env(-1);
	Made		m;
	double		dense[NUMBERS] = {0.1, 1, NAN},
				base,
				phi[NUMBERS + LOOKUPS],
				out[3];
	int32_t		code = 1;

	CHECK_OK(env, make(env, &m, learner, classes, false, false));
	CHECK_OK(env, train(env, &m));
	shopper_mean_predict(&m.model, dense, &code, out);
	for (int k = 0; k < (classes > 0 ? classes : 1); k++)
	{
		CHECK_OK(env, m.model.learner->explain(env, &m.model, dense, &code, k, &base, phi));
		for (int j = 0; j < NUMBERS + LOOKUPS; j++)
			base += phi[j];
		CHECK_NEAR(base, out[k], 1e-10 * (1 + fabs(out[k])));
	}
	check_env_end(env);
}

static ShopperStatus
put_rule(void *ctx, const ShopperTreeRule *rule)
{
	*(double *) ctx += rule->rows;
	CHECK(strlen(rule->rule) > 0 && strlen(rule->prediction) > 0);
	return SHOPPER_OK;
}

static void
text(void)
{
	ShopperEnv *env = check_env(-1);
	Made		m;
	char	   *got;
	int64_t		length;
	double		rows = 0;

	CHECK_OK(env, make(env, &m, "tree", 2, false, false));
	CHECK_OK(env, train(env, &m));
	CHECK_OK(env, shopper_tree_rules(env, &m.model, SHOPPER_ALL_TREES, put_rule, &rows));
	CHECK(rows == N);
	CHECK_OK(env, shopper_tree_text(env, &m.model, 1, &got, &length));
	CHECK(strncmp(got, "all rows: ", 10) == 0 && strstr(got, "a <= ") != NULL && (int64_t) strlen(got) == length);
	CHECK(shopper_tree_text(env, &m.model, 2, &got, &length) == SHOPPER_BAD_OPTION);
	check_env_end(env);
}

static void
failures(const char *learner)
{
	ShopperStatus status = SHOPPER_OUT_OF_MEMORY;

	for (long k = 0; status == SHOPPER_OUT_OF_MEMORY && k < 4000; k++)
	{
		ShopperEnv *env = check_env(k);
		Made		m;

		status = make(env, &m, learner, 2, false, false);
		if (status == SHOPPER_OK && strcmp(learner, "forest") == 0)
			status = set_option(env, &m.model, "trees", "3");
		if (status == SHOPPER_OK)
			status = train(env, &m);
		CHECK(status == SHOPPER_OUT_OF_MEMORY || status == SHOPPER_OK);
		check_env_end(env);
	}
	CHECK(status == SHOPPER_OK);
	for (long k = 0; k < 40; k += 3)
	{
		ShopperEnv *env = check_env(-1);
		Made		m;

		check_cancel_after(env, k);
		CHECK_OK(env, make(env, &m, learner, 3, false, false));
		status = train(env, &m);
		CHECK(status == SHOPPER_CANCELLED || status == SHOPPER_OK);
		check_env_end(env);
	}
}

void
test_trees(void)
{
	first_split("gini", 2);
	first_split("entropy", 2);
	first_split("squared", 0);
	/* the sets of three classes are near the best, here they are the best */
	first_split("gini", 3);
	CHECK(leaves_after("0", "0", 2) == 7);
	CHECK(leaves_after("0", "4", 2) == 4);
	CHECK(leaves_after("0.05208", "0", 2) == 7 && leaves_after("0.02604", "0", 0) == 7);
	CHECK(leaves_after("0.05209", "0", 2) == 5 && leaves_after("0.02605", "0", 0) == 5);
	CHECK(leaves_after("0.05556", "0", 2) == 3 && leaves_after("0.02778", "0", 0) == 3);
	CHECK(leaves_after("0.08889", "0", 2) == 2 && leaves_after("0.04445", "0", 0) == 2);
	CHECK(leaves_after("0.18803", "0", 2) == 1 && leaves_after("0.09402", "0", 0) == 1);
	same_for_threads("tree", 2);
	same_for_threads("tree", 0);
	same_for_threads("forest", 2);
	same_for_threads("forest", 3);
	same_for_threads("forest", 0);
	weights(2);
	weights(3);
	weights(0);
	bags();
	explain("tree", 2);
	explain("tree", 3);
	explain("forest", 2);
	explain("forest", 0);
	text();
	failures("tree");
	failures("forest");
}
