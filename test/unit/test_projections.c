/* test_projections.c: principal components and discriminants against their definitions; order of rows, threads, stored form, failures. */
#include "points_data.h"

#include "../../src/models/projections/projection.h"

enum {N = 500, D = 4};

static void
mixed(double *x, uint64_t seed)
{
	for (int i = 0; i < N; i++)
	{
		double		a = shopper_normal(seed, 0, (uint64_t) i),
					b = shopper_normal(seed, 1, (uint64_t) i);

		x[i * D] = 10 + 3 * a;
		x[i * D + 1] = -2 * a + b;
		x[i * D + 2] = i % 9 == 0 ? NAN : 0.5 * b;
		x[i * D + 3] = shopper_normal(seed, 2, (uint64_t) i);
	}
}

/* Axes are orthonormal, scores uncorrelated with the stated variances, all axes together lose nothing. */
static void
components(void)
{
	ShopperEnv *env = check_env(-1);
	ShopperModel model;
	const ShopperProjection *p;
	double		x[N * D],
				score[N][16],
				point[16],
				back[16];
	int32_t		lookup[1];

	mixed(x, 1);
	CHECK_OK(env, train_points(env, &model, "pca", "", N, D, x, 3, NULL));
	p = shopper_projection_of(&model);
	CHECK(p != NULL && p->d == D + 3 && p->orthonormal);
	CHECK(p->k == D + 2);		/* three levels are two directions */
	for (int a = 0; a < p->k; a++)
		for (int b = 0; b < p->k; b++)
		{
			double		dot = 0;

			for (int j = 0; j < p->d; j++)
				dot += p->axis[a * p->d + j] * p->axis[b * p->d + j];
			CHECK_NEAR(dot, a == b, 1e-10);
		}
	for (int i = 0; i < N; i++)
	{
		double		raw[D],
					dense[D];

		memcpy(raw, x + i * D, sizeof(raw));
		shopper_prepare_row(model.spec, raw, dense);
		lookup[0] = shopper_category_position(&model.spec->category[0], (int32_t) shopper_dictionary_find_text(&model.spec->category[0].levels, (char[2]) {'l', (char) ('0' + i % 3)}, 2));
		shopper_project_row(&model, dense, lookup, score[i]);
		shopper_point(model.spec, dense, lookup, 1, point);
		shopper_unproject_point(p, score[i], back);
		for (int j = 0; j < p->d; j++)
			CHECK_NEAR(back[j], point[j], 1e-9);
	}
	for (int a = 0; a < p->k; a++)
		for (int b = 0; b <= a; b++)
		{
			double		sum = 0;

			for (int i = 0; i < N; i++)
				sum += score[i][a] * score[i][b];
			CHECK_NEAR(sum / (N - 1), a == b ? p->variance[a] : 0, 1e-9);
		}
	check_env_end(env);
}

static void
options(void)
{
	ShopperEnv *env = check_env(-1);
	ShopperModel all,
				few,
				white,
				next;
	const ShopperProjection *p;
	double		x[N * D],
				sum = 0;

	mixed(x, 2);
	CHECK_OK(env, train_points(env, &all, "pca", "", N, D, x, 0, NULL));
	CHECK_OK(env, train_points(env, &few, "pca", "explained=0.7", N, D, x, 0, NULL));
	CHECK_OK(env, train_points(env, &white, "pca", "whiten=true components=2", N, D, x, 0, NULL));
	p = shopper_projection_of(&few);
	for (int i = 0; i < p->k; i++)
		sum += p->variance[i];
	CHECK(sum >= 0.7 * p->total && sum - p->variance[p->k - 1] < 0.7 * p->total);
	CHECK(shopper_projection_of(&white)->k == 2 && shopper_model_outputs(&white) == 2);
	CHECK_NEAR(shopper_projection_of(&white)->scale[1], sqrt(shopper_projection_of(&all)->variance[1]), 1e-12);
	/* an earlier model decides the direction */
	for (int j = 0; j < D; j++)
		((ShopperProjection *) all.state)->axis[j] *= -1;
	CHECK_OK(env, train_points(env, &next, "pca", "", N, D, x, 0, &all));
	CHECK_NEAR(shopper_projection_of(&next)->axis[0], shopper_projection_of(&all)->axis[0], 1e-12);
	/* one row, constant columns */
	CHECK_OK(env, train_points(env, &all, "pca", "", 1, D, x, 0, NULL));
	CHECK(shopper_projection_of(&all)->k == 1 && shopper_projection_of(&all)->total == 0);
	check_env_end(env);
}

static void
same_bytes(void)
{
	unsigned char *first = NULL;
	int64_t		length = 0;
	double		x[N * D],
				y[N * D];

	mixed(x, 3);
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
		CHECK_OK(env, train_points(env, &model, "pca", "", N, D, y, 0, NULL));
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
		CHECK(shopper_projection_of(&model)->d == D);
		if (env->pool != NULL)
			shopper_pool_end(env->pool);
		check_env_end(env);
	}
	free(first);
}

void
test_projections(void)
{
	components();
	options();
	same_bytes();
}
