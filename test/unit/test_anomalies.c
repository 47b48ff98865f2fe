/* test_anomalies.c: isolation forests against plain walks of their trees; what is strange, missing values, levels; order of rows, threads, stored form. */
#include "points_data.h"

#include "../../src/core/metrics.h"
#include "../../src/models/anomalies/isolation.h"

enum {N = 600, D = 4, STRANGE = 20};

/* A cloud, and the first rows far outside of it. */
static void
cloud(double *x, uint64_t seed)
{
	for (int i = 0; i < N; i++)
		for (int j = 0; j < D; j++)
			x[i * D + j] = shopper_normal(seed, (uint64_t) j, (uint64_t) i) * (i < STRANGE ? 4 : 1) + (i < STRANGE && j == 1 ? 6 : 0);
}

static int32_t
level_code(const ShopperModel *model, const char *text)
{
	return shopper_category_code(&model->spec->category[0], text, strlen(text));
}

/* Steps to the leaf, taken one by one; checks that every node holds the rows of its children. */
static double
walk(const ShopperModel *model, int t, const double *x, int32_t level)
{
	const ShopperIsolationForest *f = model->state;
	int			n = model->spec->n_numbers,
				steps = 0;
	int32_t		at = f->root[t];

	CHECK(f->node[at].size == f->sample);
	for (; f->node[at].slot != 0; steps++)
	{
		const ShopperIsolationNode *node = &f->node[at];
		int			slot = node->slot - 1;
		bool		right;

		CHECK(f->node[node->child].size + f->node[node->child + 1].size == node->size);
		CHECK(f->node[node->child].size > 0 && f->node[node->child + 1].size > 0);
		if (slot >= 2 * n)
			right = level == slot - 2 * n;
		else
		{
			double		v = x[slot % n];

			right = v != v ? slot >= n : (float) v >= node->threshold;
		}
		at = node->child + right;
	}
	return steps + shopper_isolation_path(f->node[at].size);
}

static void
scores(void)
{
	ShopperEnv *env = check_env(-1);
	ShopperModel model;
	const ShopperIsolationForest *f;
	double		x[N * D],
				score[N],
				auc;
	uint8_t		positive[N];
	int			above = 0;

	cloud(x, 1);
	for (int i = 0; i < N; i += 7)
		x[i * D + 2] = NAN;
	CHECK_OK(env, train_points(env, &model, "isolation_forest", "trees=37 contamination=0.05", N, D, x, 3, NULL));
	f = model.state;
	CHECK(f->n_trees == 37 && f->sample == 256);
	for (int i = 0; i < N; i++)
	{
		char		level[3] = {'l', (char) ('0' + i % 3), '\0'};
		int32_t		lookup[1] = {level_code(&model, level)};
		double		contribution[D + 1],
					sum = 0,
					path = 0;

		shopper_predict(&model, x + i * D, lookup, &score[i]);
		for (int t = 0; t < f->n_trees; t++)
			path += walk(&model, t, x + i * D, lookup[0]);
		CHECK_NEAR(score[i], pow(2, -path / f->n_trees / shopper_isolation_path(256)), 1e-12);
		shopper_isolation_explain(&model, x + i * D, lookup, contribution);
		for (int c = 0; c <= D; c++)
			sum += contribution[c];
		CHECK_NEAR(sum, 1 + log2(score[i]), 1e-12);
		positive[i] = i < STRANGE;
		above += shopper_is_anomaly(&model, score[i]);
		if (i < STRANGE && x[i * D + 1] > 8)
			for (int c = 0; c <= D; c++)
				CHECK(fabs(x[i * D + (c < D ? c : 0)]) > 4 || c == 1 || contribution[c] < contribution[1]);
	}
	CHECK(above == N / 20);
	CHECK_OK(env, shopper_auc(env, N, positive, score, NULL, &auc));
	CHECK(auc > 0.97);
	check_env_end(env);
}

/* c(n) against its definition: the mean number of steps of an unsuccessful search, by recursion over all splits. */
static void
paths(void)
{
	double		c[65] = {0, 0};

	for (int n = 2; n <= 64; n++)
	{
		double		sum = 0;

		/* the first key parts the others at any place: depth of a leaf, over n leaves */
		for (int left = 1; left < n; left++)
			sum += (double) left / n * (1 + c[left]) + (double) (n - left) / n * (1 + c[n - left]);
		c[n] = sum / (n - 1);
		CHECK_NEAR(shopper_isolation_path(n), c[n], 1e-9);
	}
}

/* What is missing, or a level, where the others have none. */
static void
rare(void)
{
	ShopperEnv *env = check_env(-1);
	ShopperModel model;
	double		x[N * D],
				usual,
				strange;
	int32_t		lookup[1];

	for (int i = 0; i < N * D; i++)
		x[i] = i % D == 0 ? 5 : shopper_normal(3, 0, (uint64_t) i);
	x[0] = NAN;
	x[D] = NAN;
	CHECK_OK(env, train_points(env, &model, "isolation_forest", "sample=600", N, D, x, 300, NULL));
	lookup[0] = level_code(&model, "l5");
	shopper_predict(&model, x + 5 * D, lookup, &usual);
	x[5 * D] = NAN;
	shopper_predict(&model, x + 5 * D, lookup, &strange);
	CHECK(strange > usual);
	/* unknown levels, all missing: an answer */
	lookup[0] = -1;
	for (int j = 0; j < D; j++)
		x[j] = NAN;
	shopper_predict(&model, x, lookup, &strange);
	CHECK(strange > 0 && strange < 1);
	/* rows that are all the same; one row */
	for (int i = 0; i < N * D; i++)
		x[i] = 1;
	CHECK_OK(env, train_points(env, &model, "isolation_forest", "", N, D, x, 0, NULL));
	CHECK(((ShopperIsolationForest *) model.state)->n_nodes == 100);
	shopper_predict(&model, x, lookup, &usual);
	CHECK_NEAR(usual, 0.5, 1e-12);
	CHECK_OK(env, train_points(env, &model, "isolation_forest", "", 1, D, x, 0, NULL));
	CHECK_OK(env, train_points(env, &model, "isolation_forest", "max_depth=1 trees=1 sample=2", 2, D, x, 2, NULL));
	CHECK(((ShopperIsolationForest *) model.state)->n_nodes == 3);
	CHECK(train_points(env, &model, "isolation_forest", "", 2, D, x, 2, &model) == SHOPPER_UNSUPPORTED);
	check_env_end(env);
}

static void
same_bytes(void)
{
	unsigned char *first = NULL;
	int64_t		length = 0;
	double		x[N * D],
				y[N * D],
				score[2];

	cloud(x, 3);
	for (int turn = 0; turn < 2; turn++)
	{
		ShopperEnv *env = check_env(-1);
		ShopperModel model;
		unsigned char *bytes;
		int64_t		n;

		for (int i = 0; i < N; i++)
			memcpy(y + i * D, x + (turn == 0 ? i : N - 1 - i) * D, sizeof(double) * D);
		env->threads = turn == 0 ? 1 : 2;
		if (turn == 1)
			env->pool = shopper_pool_create(env, 2);
		CHECK_OK(env, train_points(env, &model, "isolation_forest", "", N, D, y, 0, NULL));
		shopper_predict(&model, x, NULL, &score[0]);
		CHECK_OK(env, shopper_model_encode(env, &model, &bytes, &n));
		if (turn == 0)
		{
			first = malloc((size_t) n);
			memcpy(first, bytes, (size_t) n);
			length = n;
		}
		else
			CHECK(n == length && memcmp(bytes, first, (size_t) n) == 0);
		CHECK_OK(env, shopper_model_decode(env, bytes, (size_t) n, &model));
		shopper_predict(&model, x, NULL, &score[1]);
		CHECK(score[0] == score[1]);
		if (env->pool != NULL)
			shopper_pool_end(env->pool);
		check_env_end(env);
	}
	free(first);
}

void
test_anomalies(void)
{
	paths();
	scores();
	rare();
	same_bytes();
}
