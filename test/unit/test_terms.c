/* test_terms.c: families' derivatives, terms against columns made by hand, what a sandwich is, held offsets. */
#include "check.h"

#include "../../src/core/hash.h"
#include "../../src/features/intake.h"
#include "../../src/models/explain.h"
#include "../../src/models/supervised/glm.h"

enum {N = 400, HAND = 10};

/* ---- derivatives ---- */

/* Score and information of each family against central differences of its deviance. */
static void
derivatives(double power)
{
	ShopperEnv *env = check_env(-1);
	ShopperTable t;
	ShopperCategory category = {.size = 3,.offset = 2};
	ShopperSpec spec = {.n_dense = 2,.n_categories = 1,.category = &category,.width = 5};
	ShopperGlm	f = {.env = env,.t = &t,.spec = &spec,.p = 6,.power = power,.observed = true};
	double		w[6] = {0.3, -0.2, 0.1, 0.4, -0.3, 0.5},
				g[6],
				g2[6],
				up,
				down,
				value;

	CHECK_OK(env, shopper_table_make(env, &t, true, N, 2, 1, 0));
	t.size[0] = 3;
	t.weight = shopper_alloc(env, N, sizeof(double));
	for (int i = 0; i < N; i++)
	{
		t.dense[0][i] = shopper_normal(2, 1, (uint64_t) i);
		t.dense[1][i] = shopper_normal(2, 2, (uint64_t) i);
		t.lookup[0][i] = i % 4;	/* 3 is "all zeros" */
		t.weight[i] = 1 + i % 3;
		t.y[i] = power < 2 && i % 5 == 0 ? 0 : exp(shopper_normal(2, 3, (uint64_t) i));
	}
	CHECK_OK(env, shopper_glm_allocate(&f));
	CHECK_OK(env, shopper_glm_evaluate(&f, w, &value, g));
	for (int i = 0; i < 6; i++)
	{
		double		keep = w[i];

		w[i] = keep + 1e-5;
		CHECK_OK(env, shopper_glm_evaluate(&f, w, &up, g));
		w[i] = keep - 1e-5;
		CHECK_OK(env, shopper_glm_evaluate(&f, w, &down, g2));
		w[i] = keep;
		CHECK_NEAR((up - down) / 2e-5, -(g[i] + g2[i]), 1e-5 * (1 + fabs(g[i])));
		CHECK_OK(env, shopper_glm_evaluate(&f, w, &value, NULL));
		if (i < 2)
		{
			double		h = 0;

			for (int r = 0; r < N; r++)
				h += f.h[r] * t.dense[i][r] * t.dense[i][r];
			CHECK_NEAR((g2[i] - g[i]) / 2e-5, h, 1e-5 * (1 + h));
		}
	}
	check_env_end(env);
}

/* ---- models ---- */

static double
cube(double x)
{
	return x > 0 ? x * x * x : 0;
}

/* Columns x, z, a, b (categories); by hand: the logarithm of x, and behind them what the terms make of them. */
static ShopperStatus
train(ShopperEnv *env, const char *learner, const char *const options[][2], bool by_hand, const double *knot, ShopperModel *model)
{
	static const char *const names[] = {"x", "z", "a", "b", "s", "xz", "xa1", "xa2", "ab1", "ab2"};
	static const char *const levels[] = {"p", "q", "r"};
	ShopperIntakeRules rules = {.max_levels = 10,.on_unseen = SHOPPER_UNSEEN_ZERO};
	ShopperIntake in;
	ShopperTable table;
	int			n = by_hand ? HAND : 4;
	bool		classes = strcmp(learner, "logistic") == 0;

	memset(model, 0, sizeof(*model));
	model->learner = shopper_learner_by_name(learner);
	model->task = classes ? SHOPPER_CLASSIFY : SHOPPER_REGRESS;
	SHOPPER_TRY(shopper_options_init(env, &model->options, model->learner->options, shopper_shape_options(SHOPPER_ROWS)));
	for (int i = 0; options[i][0] != NULL; i++)
	{
		const ShopperOption *o = shopper_option(&model->options, options[i][0])->option;
		char	   *copy = shopper_strdup(env, options[i][1], strlen(options[i][1])),
				   *save = NULL;
		ShopperRaw	element[4],
					raw = {.kind = o->type == SHOPPER_STRINGS ? SHOPPER_RAW_ARRAY : SHOPPER_RAW_STRING,.text = options[i][1],.element = element};

		if (copy == NULL)
			return env->status;
		for (char *word = strtok_r(copy, ",", &save); word != NULL && raw.kind == SHOPPER_RAW_ARRAY; word = strtok_r(NULL, ",", &save))
			element[raw.n++] = (ShopperRaw) {.kind = SHOPPER_RAW_STRING,.text = word};
		SHOPPER_TRY(shopper_options_set(env, &model->options, learner, options[i][0], &raw));
	}
	SHOPPER_TRY(shopper_intake_init(&in, env, true, n, "y", classes ? SHOPPER_TARGET_CLASS : SHOPPER_TARGET_NUMBER, (ShopperIntakeRoles) {.group = true}));
	for (int c = 0; c < n; c++)
		SHOPPER_TRY(shopper_intake_column(&in, c, names[c], c == 2 || c == 3 ? SHOPPER_KIND_CATEGORY : SHOPPER_KIND_NUMBER, false, false));
	for (int i = 0; i < N; i++)
	{
		double		x = exp(0.5 * shopper_normal(3, 1, (uint64_t) i)),
					z = shopper_normal(3, 2, (uint64_t) i) + 3;
		int			a = i % 7 % 3,
					b = i % 5 % 2;
		double		score = x - 0.5 * z + (a == 1) * x + (a == 2 && b == 1) + shopper_normal(3, 3, (uint64_t) i);

		SHOPPER_TRY(shopper_intake_row(&in));
		if (classes)
			SHOPPER_TRY(shopper_intake_class(&in, score > 0.5 ? "yes" : "no", score > 0.5 ? 3 : 2));
		else
			in.y[in.n] = exp(0.5 * score);
		in.group[in.n] = (uint64_t) i;	/* clusters of one row */
		shopper_intake_number(&in, &in.column[0], by_hand ? log(x) : x);
		shopper_intake_number(&in, &in.column[1], z);
		SHOPPER_TRY(shopper_intake_text(&in, &in.column[2], levels[a], 1));
		SHOPPER_TRY(shopper_intake_text(&in, &in.column[3], levels[b], 1));
		if (by_hand)
		{
			const double *k = knot;
			double		s = (cube(z - k[0]) - cube(z - k[1]) * (k[2] - k[0]) / (k[2] - k[1]) + cube(z - k[2]) * (k[1] - k[0]) / (k[2] - k[1])) / ((k[2] - k[0]) * (k[2] - k[0]));
			double		hand[6] = {s, log(x) * z, log(x) * (a == 1), log(x) * (a == 2), a == 1 && b == 1, a == 2 && b == 1};

			for (int c = 0; c < 6; c++)
				shopper_intake_number(&in, &in.column[4 + c], hand[c]);
		}
		shopper_intake_commit(&in);
	}
	SHOPPER_NEW0(env, model->spec, 1);
	SHOPPER_TRY(shopper_intake_finish(&in, &rules, &table, model->spec));
	return shopper_train_rows(env, model, &table, NULL, NULL);
}

static double
metric(const ShopperModel *model, const char *name)
{
	for (int64_t i = 0; i < model->n_metrics; i++)
		if (strcmp(model->metric[i].name, name) == 0)
			return model->metric[i].value;
	return NAN;
}

/* Rows of coefficients() with terms, and by hand. */
static const char *const same[][4] = {
	{"(intercept)", NULL, "(intercept)", NULL}, {"log(x)", NULL, "x", NULL}, {"z", NULL, "z", NULL}, {"a", "q", "a", "q"}, {"a", "r", "a", "r"}, {"b", "q", "b", "q"},
	{"spline(z, 2)", NULL, "s", NULL}, {"log(x) * z", NULL, "xz", NULL}, {"log(x) * a", "q", "xa1", NULL}, {"log(x) * a", "r", "xa2", NULL},
	{"a * b", "q * q", "ab1", NULL}, {"a * b", "r * q", "ab2", NULL}};

static const ShopperCoefficient *
find(const ShopperCoefficient *c, int64_t n, const char *feature, const char *level)
{
	for (int64_t i = 0; i < n; i++)
		if (strcmp(c[i].feature, feature) == 0 && (level == NULL || (c[i].level != NULL && strcmp(c[i].level, level) == 0)))
			return &c[i];
	CHECK(!"found");
	return c;
}

/* The same likelihood, coefficients and errors as with columns made by hand. */
static void
terms_by_hand(const char *learner, const char *family)
{
	ShopperEnv *env = check_env(-1);
	const char *const with_terms[][2] = {{"penalty", "none"}, {"reference", "a = p,b = p"}, {"logs", "x"}, {"splines", "z 3"}, {"interactions", "x * z,x*a,a * b"},
	{family == NULL ? NULL : "family", family}, {NULL}};
	const char *const by_hand[][2] = {{"penalty", "none"}, {"reference", "a = p,b = p"}, {family == NULL ? NULL : "family", family}, {NULL}};
	ShopperModel terms,
				hand,
				back;
	ShopperCoefficient *c,
			   *d;
	const ShopperLinearModel *lm;
	unsigned char *bytes,
			   *again;
	int64_t		n,
				m,
				length,
				length2;
	double		dense[2] = {0.4, -1.2},
				out[2],
				back_out[2],
				base,
				contribution[4],
				sum;
	int32_t		lookup[2] = {0, 0};

	CHECK_OK(env, train(env, learner, with_terms, false, NULL, &terms));
	lm = terms.state;
	CHECK(lm->terms != NULL && lm->terms->n == 4 && lm->terms->term[0].n_knots == 3);
	CHECK_OK(env, train(env, learner, by_hand, true, lm->terms->term[0].knot, &hand));
	CHECK_OK(env, terms.learner->coefficients(env, &terms, &c, &n));
	CHECK_OK(env, hand.learner->coefficients(env, &hand, &d, &m));
	CHECK(n == 12 && m == 12);
	for (int i = 0; i < 12; i++)
	{
		const ShopperCoefficient *x = find(c, n, same[i][0], same[i][1]),
				   *y = find(d, m, same[i][2], same[i][3]);

		CHECK_NEAR((x->coefficient - y->coefficient) / y->std_error, 0, 1e-8);
		CHECK_NEAR(x->std_error / y->std_error, 1, 1e-8);
		CHECK_NEAR((x->conf_high - y->conf_high) / y->std_error, 0, 1e-8);
	}
	CHECK_NEAR(metric(&terms, "log_likelihood"), metric(&hand, "log_likelihood"), 1e-8);
	CHECK_OK(env, shopper_model_encode(env, &terms, &bytes, &length));
	CHECK_OK(env, shopper_model_decode(env, bytes, (size_t) length, &back));
	CHECK_OK(env, shopper_model_encode(env, &back, &again, &length2));
	CHECK(length == length2 && memcmp(bytes, again, (size_t) length) == 0);
	shopper_linear_predict(&terms, dense, lookup, out);
	shopper_linear_predict(&back, dense, lookup, back_out);
	CHECK(out[0] == back_out[0]);
	CHECK_OK(env, shopper_explain(env, &terms, dense, lookup, terms.task == SHOPPER_CLASSIFY ? 1 : 0, &base, contribution));
	sum = base + contribution[0] + contribution[1] + contribution[2] + contribution[3];
	CHECK_NEAR(sum, terms.task == SHOPPER_CLASSIFY ? log(out[1] / out[0]) : family != NULL ? log(out[0]) : out[0], 1e-9);
	check_env_end(env);
}

/* With clusters of one row the sandwich of clusters is that of rows, but for the correction. */
static void
clusters_of_one(const char *learner, const char *family)
{
	static const char *const errors[] = {"robust", "clustered"};
	ShopperEnv *env = check_env(-1);
	ShopperModel model;
	ShopperCoefficient *c[2];
	int64_t		n;

	for (int k = 0; k < 2; k++)
	{
		const char *const options[][2] = {{"penalty", "none"}, {"errors", errors[k]}, {k == 1 ? "cluster" : "penalty", k == 1 ? "g" : "none"}, {family == NULL ? NULL : "family", family}, {NULL}};

		CHECK_OK(env, train(env, learner, options, false, NULL, &model));
		CHECK_OK(env, model.learner->coefficients(env, &model, &c[k], &n));
	}
	for (int64_t i = 0; i < n; i++)
	{
		double		correction = (double) N / (N - n);	/* of clusters; OLS robust has it too */

		CHECK_NEAR(c[1][i].std_error / c[0][i].std_error, strcmp(learner, "linear") == 0 && family == NULL ? 1 : sqrt(correction), 1e-9);
	}
	check_env_end(env);
}

/* The offset's coefficient is 1, whatever the penalty. */
static void
offset(const char *family)
{
	ShopperEnv *env = check_env(-1);
	const char *const held_options[][2] = {{"family", family}, {"offset_column", "z"}, {"penalty", "ridge"}, {NULL}};
	ShopperModel model;
	ShopperCoefficient *c;
	int64_t		n;

	CHECK_OK(env, train(env, "linear", held_options, false, NULL, &model));
	CHECK_OK(env, model.learner->coefficients(env, &model, &c, &n));
	CHECK_NEAR(find(c, n, "z", "(offset)")->coefficient, 1, 0);
	CHECK(isnan(find(c, n, "z", NULL)->std_error));
	check_env_end(env);
}

/* Every allocation that fails, every poll that cancels. */
static void
failures(const char *learner, const char *family)
{
	const char *const options[][2] = {{"penalty", "none"}, {"logs", "x"}, {"splines", "z"}, {"interactions", "x*a,a*b"}, {"errors", "clustered"}, {"cluster", "g"},
	{family == NULL ? NULL : "family", family}, {NULL}};
	ShopperStatus status = SHOPPER_OUT_OF_MEMORY;
	ShopperModel model;

	for (long k = 0; status == SHOPPER_OUT_OF_MEMORY && k < 3000; k += 1 + k / 100)
	{
		ShopperEnv *env = check_env(k);

		status = train(env, learner, options, false, NULL, &model);
		CHECK(status == SHOPPER_OUT_OF_MEMORY || status == SHOPPER_OK);
		check_env_end(env);
	}
	CHECK(status == SHOPPER_OK);
	for (long k = 0; k < 90; k += 9)
	{
		ShopperEnv *env = check_env(-1);

		check_cancel_after(env, k);
		status = train(env, learner, options, false, NULL, &model);
		CHECK(status == SHOPPER_CANCELLED || status == SHOPPER_OK);
		check_env_end(env);
	}
}

void
test_terms(void)
{
	derivatives(1);
	derivatives(1.5);
	derivatives(2);
	terms_by_hand("linear", NULL);
	terms_by_hand("linear", "gamma");
	terms_by_hand("logistic", NULL);
	clusters_of_one("linear", NULL);
	clusters_of_one("linear", "gamma");
	clusters_of_one("logistic", NULL);
	offset("gaussian");
	offset("gamma");
	failures("linear", NULL);
	failures("linear", "gamma");
	failures("logistic", NULL);
}
