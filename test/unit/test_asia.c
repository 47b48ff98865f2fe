/*
 * test_asia.c: the network of chest diseases with its published tables (Lauritzen and
 * Spiegelhalter 1988): learned from 100,000 rows drawn from it, then all answers with up to two
 * facts against the true joint distribution, summed by brute force.
 */
#include "check.h"

#include "../../src/core/hash.h"
#include "../../src/features/intake.h"
#include "../../src/models/supervised/bayes_net.h"

enum {ASIA, SMOKE, TUB, LUNG, BRONC, EITHER, XRAY, DYSP, N};

#define ROWS 100000
#define WORLDS (1 << N)

static const char *const name[N] = {"asia", "smoke", "tub", "lung", "bronc", "either", "xray", "dysp"};

/* The chance of yes, given the nodes before it. */
static double
chance(int i, unsigned world)
{
	bool		either = world >> EITHER & 1,
				bronc = world >> BRONC & 1;

	switch (i)
	{
		case ASIA:
			return 0.01;
		case SMOKE:
			return 0.5;
		case TUB:
			return world >> ASIA & 1 ? 0.05 : 0.01;
		case LUNG:
			return world >> SMOKE & 1 ? 0.1 : 0.01;
		case BRONC:
			return world >> SMOKE & 1 ? 0.6 : 0.3;
		case EITHER:
			return world >> TUB & 1 || world >> LUNG & 1;
		case XRAY:
			return either ? 0.98 : 0.05;
		default:
			return either ? bronc ? 0.9 : 0.7 : bronc ? 0.8 : 0.1;
	}
}

static unsigned
draw(uint64_t row)
{
	unsigned	world = 0;

	for (int i = 0; i < N; i++)
		world |= (unsigned) (shopper_uniform(21, (uint64_t) i, row) < chance(i, world)) << i;
	return world;
}

/* P(query = yes | facts), and the probability of the facts; `known` are their nodes, `world` what they say. */
static double
brute_force(int query, unsigned known, unsigned world, double *facts)
{
	double		yes = 0;

	*facts = 0;
	for (unsigned w = 0; w < WORLDS; w++)
	{
		double		p = (w & known) == (world & known);

		for (int i = 0; i < N; i++)
			p *= w >> i & 1 ? chance(i, w) : 1 - chance(i, w);
		*facts += p;
		yes += w >> query & 1 ? p : 0;
	}
	return yes / *facts;
}

static ShopperStatus
train(ShopperEnv *env, double smoothing, ShopperModel *model)
{
	static const char *const edges[] = {"asia->tub", "smoke->lung", "smoke->bronc", "tub->either", "lung->either", "either->xray", "either->dysp", "bronc->dysp"};
	ShopperIntakeRules rules = {.max_levels = 10,.positive = "yes"};
	ShopperIntake in;
	ShopperTable table;
	ShopperRaw	edge[8] = {{0}},
				list = {.kind = SHOPPER_RAW_ARRAY,.n = 8,.element = edge},
				given = {.kind = SHOPPER_RAW_STRING,.text = "given"},
				prior = {.kind = SHOPPER_RAW_NUMBER};
	char		text[20];

	memset(model, 0, sizeof(*model));
	model->learner = shopper_learner_by_name("bayes_net");
	model->task = SHOPPER_CLASSIFY;
	for (int i = 0; i < 8; i++)
		edge[i] = (ShopperRaw) {.kind = SHOPPER_RAW_STRING,.text = edges[i]};
	SHOPPER_TRY(shopper_options_init(env, &model->options, model->learner->options, shopper_shape_options(SHOPPER_ROWS)));
	SHOPPER_TRY(shopper_options_set(env, &model->options, "bayes_net", "structure", &given));
	SHOPPER_TRY(shopper_options_set(env, &model->options, "bayes_net", "edges", &list));
	snprintf(text, sizeof(text), "%g", smoothing);
	prior.text = text;
	SHOPPER_TRY(shopper_options_set(env, &model->options, "bayes_net", "smoothing", &prior));
	SHOPPER_TRY(shopper_intake_init(&in, env, true, N - 1, "dysp", SHOPPER_TARGET_CLASS, (ShopperIntakeRoles) {0}));
	for (int i = 0; i < N - 1; i++)
		SHOPPER_TRY(shopper_intake_column(&in, i, name[i], SHOPPER_KIND_CATEGORY, false, false));
	for (uint64_t row = 0; row < ROWS; row++)
	{
		unsigned	world = draw(row);

		SHOPPER_TRY(shopper_intake_row(&in));
		for (int i = 0; i < N - 1; i++)
			SHOPPER_TRY(shopper_intake_text(&in, &in.column[i], world >> i & 1 ? "yes" : "no", world >> i & 1 ? 3 : 2));
		SHOPPER_TRY(shopper_intake_class(&in, world >> DYSP & 1 ? "yes" : "no", world >> DYSP & 1 ? 3 : 2));
		shopper_intake_commit(&in);
	}
	SHOPPER_NEW0(env, model->spec, 1);
	SHOPPER_TRY(shopper_intake_finish(&in, &rules, &table, model->spec));
	return shopper_train_rows(env, model, &table, NULL, NULL);
}

/* Levels are ordered by count. */
static int
state_of(const ShopperModel *m, int i, bool yes)
{
	return i == DYSP ? yes : shopper_category_code(&m->spec->category[m->spec->column[i].first], yes ? "yes" : "no", yes ? 3 : 2);
}

static double
answer(ShopperEnv *env, const ShopperModel *m, int query, unsigned known, unsigned world)
{
	int			state[N];
	double		p[4] = {NAN, NAN, NAN, NAN};

	for (int i = 0; i < N; i++)
		state[i] = known >> i & 1 ? state_of(m, i, world >> i & 1) : -1;
	CHECK_OK(env, shopper_bayes_net_query(env, m->state, query, state, NULL, p));
	return p[state_of(m, query, true)];
}

/* Published answers, to be sure of the tables above. */
static void
published(void)
{
	double		facts;

	CHECK_NEAR(brute_force(DYSP, 0, 0, &facts), 0.4360, 5e-5);
	CHECK_NEAR(brute_force(EITHER, 0, 0, &facts), 0.0648, 5e-5);
	CHECK_NEAR(brute_force(XRAY, 0, 0, &facts), 0.1103, 5e-5);
	CHECK_NEAR(brute_force(BRONC, 0, 0, &facts), 0.45, 1e-12);
	/* a visit to Asia and dyspnoea */
	CHECK_NEAR(brute_force(TUB, 1 << ASIA | 1 << DYSP, ~0u, &facts), 0.0877, 1e-4);
}

/*
 * The largest error over all questions with up to two facts that at least `least` rows show; *beyond: of
 * all others, how many times the standard error of a share of the rows that show the facts, or 0.01.
 */
static double
worst_answer(ShopperEnv *env, const ShopperModel *m, double least, double *beyond)
{
	double		worst = 0;

	*beyond = 0;
	for (unsigned known = 0; known < WORLDS; known++)
		for (unsigned world = 0; __builtin_popcount(known) <= 2 && world < WORLDS; world++)
			for (int query = 0; (world & ~known) == 0 && query < N; query++)
			{
				double		facts,
							truth = brute_force(query, known, world, &facts),
							off;

				if (known >> query & 1 || !(facts > 0))
					continue;
				off = fabs(answer(env, m, query, known, world) - truth);
				if (facts * ROWS >= least)
					worst = fmax(worst, off);
				else
					*beyond = fmax(*beyond, off / fmax(sqrt(truth * (1 - truth) / (facts * ROWS)), 0.01));
			}
	return worst;
}

void
test_asia(void)
{
	ShopperEnv *env = check_env(-1);
	ShopperModel m;
	double		beyond;

	published();
	CHECK_OK(env, train(env, 1, &m));
	CHECK(worst_answer(env, &m, 2000, &beyond) < 0.01);
	/* facts of 20 rows: here the prior's row for each state shows, so it is made small */
	CHECK_OK(env, train(env, 0.001, &m));
	CHECK(worst_answer(env, &m, 2000, &beyond) < 0.01);
	CHECK(beyond < 2);
	check_env_end(env);
}
