/* test_svd.c: the svd learner: kernels, both forms, what a fit depends on. */
#include "svd_data.h"

#include "../../src/core/threads.h"
#include "../../src/models/recommend/recommend.h"

static float *
random_rows(ShopperEnv *env, int64_t rows, int factors, int stride, uint64_t stream)
{
	float	   *p;

	CHECK_OK(env, shopper_factor_rows(env, rows, stride, &p));
	for (int64_t r = 0; r < rows; r++)
		for (int i = 0; i < factors; i++)
			p[r * stride + i] = (float) (0.3 * shopper_normal(9, stream, (uint64_t) (r * factors + i)));
	return p;
}

/* ---- kernels ---- */

static void
sgd_gradient(void)
{
	ShopperEnv *env = check_env(-1);
	enum {K = 5, STRIDE = 16};
	const double reg = 0.3,
				bias_reg = 0.2,
				rate = 1e-3;
	float	   *user = random_rows(env, 1, K, STRIDE, 1),
			   *item = random_rows(env, 1, K, STRIDE, 2);
	double		theta[2 * K + 2];	/* p, q, b_u, b_i */
	float		user_bias = 0.2f,
				item_bias = -0.1f;
	ShopperLine line[1 + SHOPPER_AHEAD] = {{0, 0.7f}};
	ShopperVisit visit = {0, 0, 1};
	uint32_t	order = 0;
	ShopperSgd	sgd = {&visit, &order, 1, line, &user_bias, &item_bias, user, item, STRIDE, true,
		(float) rate, (float) (1 - rate * reg), (float) (1 - rate * bias_reg)};
	double		squared;

	for (int i = 0; i < K; i++)
	{
		theta[i] = user[i];
		theta[K + i] = item[i];
	}
	theta[2 * K] = user_bias;
	theta[2 * K + 1] = item_bias;
	squared = shopper_factor_kernels(-1)->sgd(&sgd, 0, 1);
	for (int i = 0; i < 2 * K + 2; i++)
	{
		double		objective[2],
					before = theta[i],
					after;

		for (int side = 0; side < 2; side++)
		{
			double		e = 0.7f - theta[2 * K] - theta[2 * K + 1],
						norm = 0;

			theta[i] = before + (side == 0 ? -1e-5 : 1e-5);
			e = 0.7f - theta[2 * K] - theta[2 * K + 1];
			for (int j = 0; j < K; j++)
			{
				e -= theta[j] * theta[K + j];
				norm += reg * (theta[j] * theta[j] + theta[K + j] * theta[K + j]);
			}
			norm += bias_reg * (theta[2 * K] * theta[2 * K] + theta[2 * K + 1] * theta[2 * K + 1]);
			objective[side] = (e * e + norm) / 2;
			theta[i] = before;
		}
		after = i < K ? user[i] : i < 2 * K ? item[i - K] : i == 2 * K ? user_bias : item_bias;
		CHECK_NEAR((before - after) / rate, (objective[1] - objective[0]) / 2e-5, 2e-4);
	}
	CHECK(squared > 0);
	check_env_end(env);
}

/* Every instruction set that this processor has gives the same bits. */
static void
kernels_agree(void)
{
	int			sizes[] = {1, 8, 16, 23, 33, 64, 100, 256};

	for (int s = 0; s < 8; s++)
	{
		ShopperEnv *env = check_env(-1);
		int			k = sizes[s],
					stride = (k + 15) / 16 * 16,
					wide = shopper_gram_stride(k);
		enum {N = 7};
		ShopperLine line[2 * N + SHOPPER_AHEAD] = {{0, 0}};
		ShopperVisit visit[2] = {{0, 0, N}, {1, N, 2 * N}};
		uint32_t	order[2] = {1, 0};
		int32_t		row[N];
		double		weight[N];
		float	   *user[3],
				   *item[3],
				   *M = random_rows(env, k, k, stride, 7),
				   *x[3],
				   *sums[3],
				   *sums_b[3];
		double	   *A[3],
				   *b[3],
					squared[3];
		float		bias[3][2 + N] = {{0}},
					dots[3][N];

		for (int i = 0; i < 2 * N; i++)
			line[i] = (ShopperLine) {(i * 3) % N, (float) (i % 5)};
		for (int i = 0; i < N; i++)
		{
			row[i] = (i * 5) % N;
			weight[i] = 1.0 + i;
		}
		for (int level = 0; level < 3; level++)
		{
			const ShopperFactorKernels *kernels = shopper_factor_kernels(level);
			ShopperSgd	sgd = {visit, order, 2, line, bias[level], bias[level] + 2, NULL, NULL, stride, s != 3, 0.01f, 0.99f, 0.98f};
			ShopperCg	cg = {M, NULL, k, stride, 2.0f, 3};

			sgd.user_factor = user[level] = random_rows(env, 2, k, stride, 3);
			sgd.item_factor = item[level] = random_rows(env, N, k, stride, 4);
			x[level] = random_rows(env, 1, k, stride, 5);
			A[level] = shopper_alloc0(env, (size_t) (k * wide), sizeof(double));
			b[level] = shopper_alloc0(env, (size_t) wide, sizeof(double));
			squared[level] = kernels->sgd(&sgd, 0, 2);
			kernels->dots(user[level], item[level], N, stride, dots[level]);
			kernels->rank_update(A[level], b[level], k, item[level], stride, row, weight, weight, N);
			for (int j = 0; j < k; j++)
				A[level][j * (wide + 1)] += 1;
			CHECK(kernels->solve(A[level], b[level], k));
			for (int j = 0; j < k; j++)
				M[j * stride + j] = 10;
			cg.F = item[level];
			kernels->cg(&cg, line, N, x[level]);
			sums[level] = random_rows(env, stride, stride, stride, 8);	/* written anew */
			sums_b[level] = random_rows(env, 1, stride, stride, 8);
			kernels->line_sums(sums[level], sums_b[level], item[level], stride, line, 2 * N);
		}
		for (int j = 0; j < k; j++)
			for (int i = j; i < k; i++)
			{
				double		sum = 0;

				for (int l = 0; l < 2 * N; l++)
					sum += (double) item[0][line[l].code * stride + j] * item[0][line[l].code * stride + i];
				CHECK_NEAR(sums[0][j * stride + i], sum, 1e-4);
			}
		for (int level = 1; level < 3; level++)
		{
			CHECK(squared[level] == squared[0]);
			CHECK(memcmp(user[level], user[0], (size_t) (2 * stride) * sizeof(float)) == 0);
			CHECK(memcmp(item[level], item[0], (size_t) (N * stride) * sizeof(float)) == 0);
			CHECK(memcmp(bias[level], bias[0], sizeof(bias[0])) == 0);
			CHECK(memcmp(dots[level], dots[0], sizeof(dots[0])) == 0);
			CHECK(memcmp(b[level], b[0], (size_t) k * sizeof(double)) == 0);
			CHECK(memcmp(x[level], x[0], (size_t) stride * sizeof(float)) == 0);
			CHECK(memcmp(sums_b[level], sums_b[0], (size_t) stride * sizeof(float)) == 0);
			for (int j = 0; j < stride; j++)	/* on and above the diagonal */
				CHECK(memcmp(sums[level] + j * stride + j / 16 * 16, sums[0] + j * stride + j / 16 * 16, (size_t) (stride - j / 16 * 16) * sizeof(float)) == 0);
		}
		check_env_end(env);
	}
}

/* Gauss and Jordan with pivoting, for (n, n) row-major A. */
static void
naive_solve(double *A, double *b, int n)
{
	for (int j = 0; j < n; j++)
	{
		int			pivot = j;

		for (int i = j + 1; i < n; i++)
			if (fabs(A[i * n + j]) > fabs(A[pivot * n + j]))
				pivot = i;
		for (int i = 0; i < n; i++)
		{
			double		swap = A[j * n + i];

			A[j * n + i] = A[pivot * n + i];
			A[pivot * n + i] = swap;
		}
		{
			double		swap = b[j];

			b[j] = b[pivot];
			b[pivot] = swap;
		}
		for (int i = 0; i < n; i++)
		{
			double		factor = A[i * n + j] / A[j * n + j];

			if (i == j)
				continue;
			for (int k = j; k < n; k++)
				A[i * n + k] -= factor * A[j * n + k];
			b[i] -= factor * b[j];
		}
	}
	for (int j = 0; j < n; j++)
		b[j] /= A[j * n + j];
}

static void
als_row_is_exact(void)
{
	ShopperEnv *env = check_env(-1);
	enum {K = 11, STRIDE = 16, N = 30, L = 6};
	ShopperFactors f = {.implicit = true,.factors = K,.stride = STRIDE,.alpha = 3,.lambda = 0.5};
	float	   *F = random_rows(env, N, K, STRIDE, 8),
			   *x = random_rows(env, 1, K, STRIDE, 9);
	ShopperLine line[L + SHOPPER_AHEAD] = {{1, 1}, {4, 2}, {9, 0}, {17, 1}, {18, 0.5f}, {29, 4}};
	double		gram[K * 16],
				A[K * 16],
				b[16],
				naive[K * K],
				y[K] = {0};
	float		M[K * STRIDE] __attribute__((aligned(64))) = {0};
	ShopperCg	cg = {M, F, K, STRIDE, 3, 60};

	CHECK_OK(env, shopper_gram(env, F, N, K, STRIDE, gram));
	for (int i = 0; i < K; i++)
		for (int j = 0; j < K; j++)
		{
			double		sum = i == j ? f.lambda : 0;

			for (int r = 0; r < N; r++)
				sum += (double) F[r * STRIDE + i] * F[r * STRIDE + j];
			M[i * STRIDE + j] = (float) sum;
			for (int l = 0; l < L; l++)
				sum += f.alpha * line[l].value * F[line[l].code * STRIDE + i] * F[line[l].code * STRIDE + j];
			naive[i * K + j] = sum;
		}
	for (int l = 0; l < L; l++)
		for (int i = 0; i < K; i++)
			y[i] += (line[l].value > 0 ? 1 + f.alpha * line[l].value : 0) * F[line[l].code * STRIDE + i];
	naive_solve(naive, y, K);
	CHECK(shopper_als_row(&f, F, gram, line, L, A, b, x));
	for (int i = 0; i < K; i++)
		CHECK_NEAR(x[i], y[i], 1e-6);
	memset(x, 0, STRIDE * sizeof(float));
	shopper_factor_kernels(-1)->cg(&cg, line, L, x);
	for (int i = 0; i < K; i++)
		CHECK_NEAR(x[i], y[i], 1e-4);

	/* not positive definite: no answer, no crash */
	memset(gram, 0, sizeof(gram));
	f.lambda = -1;
	CHECK(!shopper_als_row(&f, F, gram, line, 0, A, b, x));
	f.lambda = NAN;
	CHECK(!shopper_als_row(&f, F, gram, line, 0, A, b, x));
	check_env_end(env);
}

/* ---- fits ---- */

static double
held_out_rmse(ShopperEnv *env, const ShopperModel *model)
{
	double		squared = 0;
	int			n = 0;

	for (int user = 0; user < USERS; user++)
		for (int item = 0; item < ITEMS; item++)
		{
			double		rating;

			if (known(user, item))
				continue;
			CHECK_OK(env, shopper_predict_rating(env, model, user, item, &rating));
			squared += (rating - planted_rating(user, item)) * (rating - planted_rating(user, item));
			n++;
		}
	return sqrt(squared / n);
}

static void
planted_is_recovered(void)
{
	ShopperEnv *env = check_env(-1);
	ShopperModel model;
	static Data d;

	planted(&d, true);
	CHECK_OK(env, train(env, &model, &d, false, "factors=2 epochs=400 learning_rate=0.02 regularization=0.003 init_sd=0.3", NULL));
	CHECK_NEAR(model.metric[0].value, 0, 0.06);
	CHECK_NEAR(held_out_rmse(env, &model), 0, 0.12);
	CHECK(model.n_steps == 400 && model.history[399].value < model.history[0].value / 3);
	CHECK(model.n_train == d.n && model.n_rows == d.n);

	/* early stopping keeps the best epoch */
	CHECK_OK(env, train(env, &model, &d, false, "factors=30 epochs=400 learning_rate=0.05 regularization=0 validation=0.2 patience=3", NULL));
	{
		const ShopperFactors *f = model.state;

		CHECK(f->epochs < 400 && f->best_epoch == f->epochs - 3 && model.n_train < d.n);
		CHECK_NEAR(model.metric[2].value, model.history[2 * f->best_epoch - 1].value, 1e-12);
		CHECK(strcmp(model.history[1].metric, "validation_rmse") == 0);
	}
	CHECK_OK(env, train(env, &model, &d, false, "factors=8 biased=false epochs=200 learning_rate=0.02 regularization=0.01", NULL));
	CHECK_NEAR(held_out_rmse(env, &model), 0, 0.5);
	CHECK(train(env, &model, &d, false, "learning_rate=9", NULL) == SHOPPER_BAD_DATA);
	CHECK(strncmp(env->message, "training diverged", 17) == 0);
	check_env_end(env);
}

static void
objective_falls(void)
{
	ShopperEnv *env = check_env(-1);
	ShopperModel model;
	static Data d;
	const char *options[] = {"factors=6 epochs=12 cg_steps=0", "factors=6 epochs=12 cg_steps=2", "factors=20 epochs=12 lambda=0.5 alpha=20"};

	planted(&d, false);
	for (int o = 0; o < 3; o++)
	{
		CHECK_OK(env, train(env, &model, &d, false, options[o], NULL));
		CHECK(model.n_steps == 12);
		for (int64_t i = 1; i < model.n_steps; i++)
			CHECK(model.history[i].value <= model.history[i - 1].value * (1 + 1e-6));
	}
	check_env_end(env);
}

/* Thread count and order of the lines change nothing. */
static void
deterministic(void)
{
	const char *options[] = {"factors=20 epochs=5", "factors=20 epochs=5 implicit=true", "factors=9 epochs=3 implicit=true cg_steps=0"};
	static Data d;

	planted(&d, true);
	for (int i = 0; i < d.n; i++)
		d.value[i] = fabs(d.value[i]);
	for (int o = 0; o < 3; o++)
	{
		ShopperEnv *env = check_env(-1);
		ShopperModel model;
		ShopperWriter first,
					second,
					other;

		CHECK_OK(env, train(env, &model, &d, false, options[o], NULL));
		first = bytes_of(env, &model);
		env->threads = 2;
		env->pool = shopper_pool_create(env, 2);
		CHECK_OK(env, train(env, &model, &d, true, options[o], NULL));
		second = bytes_of(env, &model);
		CHECK(same_bytes(&first, &second));
		env->seed = 2;
		CHECK_OK(env, train(env, &model, &d, false, options[o], NULL));
		other = bytes_of(env, &model);
		CHECK(!same_bytes(&first, &other));
		check_env_end(env);
	}
}

static void
lines_of_one_pair(void)
{
	ShopperEnv *env = check_env(-1);
	ShopperModel model;
	Data		d = {.n = 5,.user = {1, 1, 1, 2, 2},.item = {1, 1, 2, 1, 2},.value = {5, 1, 3, 3, 4},.has_value = true};
	const ShopperFactors *f;

	/* times rise with the position: the later 1 counts, without times the mean 3 */
	d.has_time = true;
	CHECK_OK(env, train(env, &model, &d, false, "epochs=1", NULL));
	f = model.state;
	CHECK(f->lowest == 1 && f->highest == 4 && f->events.seen_start[2] == 4 && model.n_rows == 5 && model.n_train == 4);
	d.has_time = false;
	CHECK_OK(env, train(env, &model, &d, false, "epochs=1", NULL));
	f = model.state;
	CHECK(f->lowest == 3 && f->highest == 4);
	CHECK_NEAR(f->mu, 3.25, 1e-12);

	/* events add up, weights too; negative ones are refused */
	CHECK_OK(env, train(env, &model, &d, false, "epochs=1 implicit=true", NULL));
	f = model.state;
	CHECK(f->events.popularity[0] == 9 && f->events.item.count[0] == 2);
	d.has_value = false;
	CHECK_OK(env, train(env, &model, &d, false, "epochs=1", NULL));
	f = model.state;
	CHECK(f->implicit && f->events.popularity[0] == 3);
	CHECK(train(env, &model, &d, false, "implicit=false", NULL) == SHOPPER_BAD_OPTION);
	d.has_value = true;
	d.value[2] = -1;
	CHECK(train(env, &model, &d, false, "implicit=true", NULL) == SHOPPER_BAD_DATA);
	d.n = 0;
	CHECK(train(env, &model, &d, false, "", NULL) == SHOPPER_BAD_DATA);
	d.n = 1;
	CHECK_OK(env, train(env, &model, &d, false, "", NULL));
	check_env_end(env);
}

static void
warm_start(void)
{
	ShopperEnv *env = check_env(-1);
	ShopperModel first,
				second;
	static Data d;
	const ShopperFactors *f,
			   *g;

	planted(&d, true);
	d.n /= 2;					/* the first users only */
	CHECK_OK(env, train(env, &first, &d, false, "factors=4", NULL));
	planted(&d, true);
	CHECK_OK(env, train(env, &second, &d, false, "factors=4 epochs=1 learning_rate=1e-9", &first));
	f = first.state;
	g = second.state;
	CHECK(g->events.user.n == USERS && f->events.user.n < USERS);
	for (int i = 0; i < 4; i++)
	{
		CHECK_NEAR(g->user_factor[i], f->user_factor[i], 1e-6);
		CHECK_NEAR(g->item_factor[3 * g->stride + i], f->item_factor[3 * f->stride + i], 1e-6);
	}
	CHECK(g->user_factor[(USERS - 1) * g->stride] != 0);
	CHECK(train(env, &second, &d, false, "factors=5", &first) == SHOPPER_BAD_OPTION);
	CHECK(train(env, &second, &d, false, "factors=4 implicit=true", &first) == SHOPPER_WRONG_MODEL);
	check_env_end(env);
}

void
test_svd(void)
{
	sgd_gradient();
	kernels_agree();
	als_row_is_exact();
	planted_is_recovered();
	objective_falls();
	deterministic();
	lines_of_one_pair();
	warm_start();
}
