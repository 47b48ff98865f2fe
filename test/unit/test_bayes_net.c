/* test_bayes_net.c: trees found again, tables near the truth, answers against the joint distribution summed by brute force. */
#include "check.h"

#include "../../src/core/hash.h"
#include "../../src/core/threads.h"
#include "../../src/features/intake.h"
#include "../../src/models/supervised/bayes_net.h"

enum {NODES = 8, JOINT = 3 * 3 * 3 * 3 * 3 * 3 * 3 * 2};

/* Nodes a .. g of three states and the target of two; parents before children. */
typedef struct Truth
{
	int			parents[NODES][2];	/* -1: none */
	double		table[NODES][9][3];
} Truth;

static int
states(int i)
{
	return i == NODES - 1 ? 2 : 3;
}

static int
row_of(const Truth *t, int i, const int *state)
{
	int			at = 0;

	for (int k = 0; k < 2; k++)
		if (t->parents[i][k] >= 0)
			at = at * states(t->parents[i][k]) + state[t->parents[i][k]];
	return at;
}

static void
make_truth(Truth *t, bool tree)
{
	/* the target is node 7 and has no parent: everything hangs from it */
	static const int dense[NODES][2] = {{7, -1}, {0, -1}, {0, 1}, {7, 1}, {2, 3}, {4, 7}, {5, 1}, {-1, -1}};
	static const int chow_liu[NODES][2] = {{7, -1}, {0, -1}, {0, -1}, {7, -1}, {3, -1}, {3, -1}, {5, -1}, {-1, -1}};

	memcpy(t->parents, tree ? chow_liu : dense, sizeof(dense));
	for (int i = 0; i < NODES; i++)
		for (int row = 0; row < 9; row++)
		{
			double		sum = 0;

			for (int s = 0; s < states(i); s++)
				sum += t->table[i][row][s] = 0.1 + shopper_uniform(11, (uint64_t) (i * 9 + row), (uint64_t) s) + (s == row % states(i) ? 1 : 0);
			for (int s = 0; s < states(i); s++)
				t->table[i][row][s] /= sum;
		}
}

static void
draw(const Truth *t, uint64_t row, int *state)
{
	for (int k = -1; k < NODES - 1; k++)
	{
		int			i = k < 0 ? NODES - 1 : k;
		double		u = shopper_uniform(12, (uint64_t) i, row);
		int			at = row_of(t, i, state);

		state[i] = 0;
		while (state[i] < states(i) - 1 && u >= t->table[i][at][state[i]])
			u -= t->table[i][at][state[i]++];
	}
}

/* P(query = s | state), by summing the truth over all joint states. */
static void
brute_force(const Truth *t, int query, const int *state, double *p)
{
	double		sum = 0;

	memset(p, 0, 3 * sizeof(double));
	for (int joint = 0; joint < JOINT; joint++)
	{
		int			s[NODES],
					rest = joint;
		double		product = 1;
		bool		fits = true;

		for (int i = 0; i < NODES; i++)
		{
			s[i] = rest % states(i);
			rest /= states(i);
			fits &= state[i] < 0 || state[i] == s[i];
		}
		for (int i = 0; i < NODES && fits; i++)
			product *= t->table[i][row_of(t, i, s)][s[i]];
		p[s[query]] += fits ? product : 0;
	}
	for (int i = 0; i < 3; i++)
		sum += p[i];
	for (int i = 0; i < 3; i++)
		p[i] /= sum;
}

static ShopperStatus
set(ShopperEnv *env, ShopperModel *m, const char *name, const char *value)
{
	ShopperRaw	raw = {.kind = SHOPPER_RAW_STRING,.text = value};

	return shopper_options_set(env, &m->options, "bayes_net", name, &raw);
}

static ShopperStatus
train(ShopperEnv *env, const Truth *t, int rows, const char *structure, ShopperModel *model)
{
	ShopperIntakeRules rules = {.max_levels = 10,.positive = "1"};
	ShopperIntake in;
	ShopperTable table;
	ShopperRaw	edges = {.kind = SHOPPER_RAW_ARRAY},
				edge[2 * NODES] = {{0}};
	char		text[2 * NODES][16];

	memset(model, 0, sizeof(*model));
	model->learner = shopper_learner_by_name("bayes_net");
	model->task = SHOPPER_CLASSIFY;
	SHOPPER_TRY(shopper_options_init(env, &model->options, model->learner->options, shopper_shape_options(SHOPPER_ROWS)));
	SHOPPER_TRY(set(env, model, "structure", structure));
	if (strcmp(structure, "given") == 0)
	{
		for (int i = 0; i < NODES; i++)
			for (int k = 0; k < 2; k++)
				if (t->parents[i][k] >= 0)
				{
					snprintf(text[edges.n], 16, "%c->%s%c", t->parents[i][k] == 7 ? 'y' : 'a' + t->parents[i][k], edges.n % 2 ? " " : "", 'a' + i);
					edge[edges.n] = (ShopperRaw) {.kind = SHOPPER_RAW_STRING,.text = text[edges.n]};
					edges.n++;
				}
		edges.element = edge;
		SHOPPER_TRY(shopper_options_set(env, &model->options, "bayes_net", "edges", &edges));
	}
	SHOPPER_TRY(shopper_intake_init(&in, env, true, NODES - 1, "y", SHOPPER_TARGET_CLASS, (ShopperIntakeRoles) {0}));
	for (int i = 0; i < NODES - 1; i++)
	{
		char		name[2] = {(char) ('a' + i), 0};

		SHOPPER_TRY(shopper_intake_column(&in, i, name, i % 2 ? SHOPPER_KIND_NUMBER : SHOPPER_KIND_CATEGORY, false, false));
	}
	for (int row = 0; row < rows; row++)
	{
		int			state[NODES];

		draw(t, (uint64_t) row, state);
		SHOPPER_TRY(shopper_intake_row(&in));
		for (int i = 0; i < NODES - 1; i++)
			if (i % 2)
				shopper_intake_number(&in, &in.column[i], 10 * state[i]);
			else
				SHOPPER_TRY(shopper_intake_text(&in, &in.column[i], &"xyz"[state[i]], 1));
		SHOPPER_TRY(shopper_intake_class(&in, state[7] ? "1" : "0", 1));
		shopper_intake_commit(&in);
	}
	SHOPPER_NEW0(env, model->spec, 1);
	SHOPPER_TRY(shopper_intake_finish(&in, &rules, &table, model->spec));
	return shopper_train_rows(env, model, &table, NULL, NULL);
}

/* The truth's states and the model's: levels are ordered by count. */
static int
state_of(const ShopperModel *m, int i, int state)
{
	const ShopperBayesNet *net = m->state;

	if (state < 0)
		return -1;
	if (i == NODES - 1)
		return state;
	return i % 2 ? shopper_node_state(&net->node[i], 10 * state) : shopper_category_code(&m->spec->category[m->spec->column[i].first], &"xyz"[state], 1);
}

static double
worst_answer(ShopperEnv *env, const Truth *t, const ShopperModel *m)
{
	double		worst = 0;

	for (uint64_t q = 0; q < 150; q++)
	{
		int			evidence[NODES],
					state[NODES],
					query = (int) (q % NODES);
		double		truth[3],
					answer[3];

		draw(t, 1000000 + q, evidence);
		for (int i = 0; i < NODES; i++)
		{
			if (i == query || shopper_uniform(13, q, (uint64_t) i) < 0.7)
				evidence[i] = -1;
			state[i] = state_of(m, i, evidence[i]);
		}
		brute_force(t, query, evidence, truth);
		CHECK_OK(env, shopper_bayes_net_query(env, m->state, query, state, NULL, answer));
		for (int s = 0; s < states(query); s++)
			worst = fmax(worst, fabs(truth[s] - answer[state_of(m, query, s)]));
	}
	return worst;
}

/* Scoring with values missing: message passing and elimination in the stack against the general answer. */
static void
scoring(ShopperEnv *env, const Truth *t, const ShopperModel *m)
{
	const ShopperBayesNet *net = m->state;

	for (uint64_t q = 0; q < 60; q++)
	{
		int			state[NODES];
		double		dense[NODES],
					out[2],
					answer[2];
		int32_t		lookup[NODES];

		draw(t, 2000000 + q, state);
		for (int i = 0; i < NODES; i++)
		{
			if (i == NODES - 1 || shopper_uniform(14, q, (uint64_t) i) < (double) (q % 4) / 3)
				state[i] = -1;
			if (i < NODES - 1 && i % 2)
				dense[m->spec->column[i].first] = state[i] < 0 ? NAN : 10 * state[i];
			else if (i < NODES - 1)
				lookup[m->spec->column[i].first] = state_of(m, i, state[i]);
			state[i] = state_of(m, i, state[i]);
		}
		m->learner->predict(m, dense, lookup, out);
		CHECK_OK(env, shopper_bayes_net_query(env, net, NODES - 1, state, NULL, answer));
		CHECK_NEAR(out[1], answer[1], 1e-12);
		CHECK_NEAR(out[0] + out[1], 1, 1e-12);
	}
}

/* What was learned becomes the truth: brute force must then give the same answers. */
static void
learned(const ShopperModel *m, Truth *t)
{
	const ShopperBayesNet *net = m->state;

	for (int i = 0; i < NODES; i++)
		for (int a = 0; a < 3; a++)
			for (int b = 0; b < 3; b++)
			{
				int			state[NODES] = {0};
				int64_t		at = 0;

				for (int k = 0; k < 2; k++)
					if (t->parents[i][k] >= 0)
						state[t->parents[i][k]] = (k ? b : a) % states(t->parents[i][k]);
				for (int k = 0; k < net->node[i].n_parents; k++)
					at = at * net->node[net->node[i].parent[k]].n_states + state_of(m, net->node[i].parent[k], state[net->node[i].parent[k]]);
				for (int s = 0; s < states(i); s++)
					t->table[i][row_of(t, i, state)][s] = net->node[i].table[at * states(i) + state_of(m, i, s)];
			}
}

static void
tree(void)
{
	ShopperEnv *env = check_env(-1);
	Truth		t;
	ShopperModel m;
	const ShopperBayesNet *net;

	make_truth(&t, true);
	CHECK_OK(env, train(env, &t, 100000, "chow_liu", &m));
	net = m.state;
	for (int i = 0; i < NODES; i++)
	{
		CHECK(net->node[i].n_parents == (t.parents[i][0] >= 0));
		CHECK(net->node[i].n_parents == 0 || net->node[i].parent[0] == t.parents[i][0]);
	}
	CHECK(worst_answer(env, &t, &m) < 0.01);
	scoring(env, &t, &m);
	check_env_end(env);
}

static void
given(void)
{
	ShopperEnv *env = check_env(-1);
	Truth		t;
	ShopperModel m,
				back;
	unsigned char *bytes,
			   *again;
	int64_t		length,
				length2;
	bool		two[3] = {true, true, false},
			   *allowed[NODES] = {two};
	int			state[NODES] = {-1, -1, -1, -1, -1, -1, -1, -1};
	double		either[2],
				one[2],
				first[3];

	make_truth(&t, false);
	CHECK_OK(env, train(env, &t, 100000, "given", &m));
	CHECK(worst_answer(env, &t, &m) < 0.015);	/* evidence is rarer here than in a tree */
	learned(&m, &t);
	CHECK(worst_answer(env, &t, &m) < 1e-12);
	scoring(env, &t, &m);
	/* one of two states: P(y | a in {0, 1}) by the formula of total probability */
	CHECK_OK(env, shopper_bayes_net_query(env, m.state, 7, state, allowed, either));
	CHECK_OK(env, shopper_bayes_net_query(env, m.state, 0, state, NULL, first));
	state[0] = 0;
	CHECK_OK(env, shopper_bayes_net_query(env, m.state, 7, state, NULL, one));
	first[2] = first[0] * one[1];
	state[0] = 1;
	CHECK_OK(env, shopper_bayes_net_query(env, m.state, 7, state, NULL, one));
	first[2] += first[1] * one[1];
	CHECK_NEAR(either[1], first[2] / (first[0] + first[1]), 1e-12);
	CHECK_OK(env, shopper_model_encode(env, &m, &bytes, &length));
	CHECK_OK(env, shopper_model_decode(env, bytes, (size_t) length, &back));
	CHECK_OK(env, shopper_model_encode(env, &back, &again, &length2));
	CHECK(length == length2 && memcmp(bytes, again, (size_t) length) == 0);
	scoring(env, &t, &back);
	check_env_end(env);
}

static void
others(void)
{
	ShopperEnv *env = check_env(-1);
	Truth		t;
	ShopperModel m;
	ShopperBayesNet *net;
	ShopperStatus status = SHOPPER_OUT_OF_MEMORY;
	unsigned char *bytes[2];
	int64_t		length[2];
	ShopperEnv *envs[2];

	make_truth(&t, false);
	CHECK_OK(env, train(env, &t, 3000, "naive", &m));
	scoring(env, &t, &m);
	CHECK_OK(env, train(env, &t, 3000, "tan", &m));
	scoring(env, &t, &m);
	net = m.state;
	CHECK(net->tree && net->node[0].n_parents == 1 && net->node[3].n_parents == 2);
	net->node[NODES - 1].n_parents = 1;	/* a circle */
	net->node[NODES - 1].parent[0] = 3;
	CHECK(shopper_bayes_net_finish(env, net) == SHOPPER_BAD_OPTION);
	check_env_end(env);
	for (long k = 0; status == SHOPPER_OUT_OF_MEMORY && k < 2000; k++)
	{
		env = check_env(k);
		status = train(env, &t, 200, k % 2 ? "tan" : "given", &m);
		CHECK(status == SHOPPER_OUT_OF_MEMORY || status == SHOPPER_OK);
		check_env_end(env);
	}
	CHECK(status == SHOPPER_OK);
	for (int k = 0; k < 2; k++)
	{
		envs[k] = check_env(-1);
		envs[k]->pool = shopper_pool_create(envs[k], 1 + k);
		CHECK_OK(envs[k], train(envs[k], &t, 3000, "tan", &m));
		CHECK_OK(envs[k], shopper_model_encode(envs[k], &m, &bytes[k], &length[k]));
	}
	CHECK(length[0] == length[1] && memcmp(bytes[0], bytes[1], (size_t) length[0]) == 0);
	check_env_end(envs[0]);
	check_env_end(envs[1]);
}

void
test_bayes_net(void)
{
	tree();
	given();
	others();
}
