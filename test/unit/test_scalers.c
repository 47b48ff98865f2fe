/* test_scalers.c: scales against their definitions, there and back; codings; order of rows, stored form; the normal quantile. */
#include "points_data.h"

#include "../../src/core/special.h"
#include "../../src/models/scalers/scaler.h"

enum {N = 401, D = 3};

static void
numbers(double *x)
{
	for (int i = 0; i < N; i++)
	{
		x[i * D] = 50 + 7 * shopper_normal(1, 0, (uint64_t) i);
		x[i * D + 1] = i % 5 == 0 ? NAN : floor(10 * shopper_uniform(1, 1, (uint64_t) i));
		x[i * D + 2] = 3;
	}
}

static void
normal_quantile(void)
{
	for (double p = 1e-300; p < 1; p = p < 1e-3 ? p * 7 : p + 0.0007)
		CHECK_NEAR(shopper_normal_cdf(shopper_normal_quantile(p)) / p, 1, 1e-11);
	CHECK_NEAR(shopper_normal_quantile(0.975), 1.959963984540054, 1e-14);
	CHECK_NEAR(shopper_normal_quantile(1e-7), -5.199337582192817, 1e-13);
	CHECK_NEAR(shopper_normal_quantile(0.5), 0, 1e-16);
	CHECK(isinf(shopper_normal_quantile(0)) && isinf(shopper_normal_quantile(1)) && isnan(shopper_normal_quantile(2)));
}

static void
there_and_back(void)
{
	static const char *const methods[] = {"method=standard", "method=min_max", "method=robust", "method=quantile quantiles=401", "method=quantile distribution=normal"};
	double		x[N * D];

	numbers(x);
	for (int m = 0; m < 5; m++)
	{
		ShopperEnv *env = check_env(-1);
		ShopperModel model;
		double		sum = 0,
					squares = 0,
					low = INFINITY,
					high = -INFINITY,
					out[D];
		int			present = 0;

		CHECK_OK(env, train_points(env, &model, "scaler", methods[m], N, D, x, 3, NULL));
		CHECK(shopper_model_outputs(&model) == D);
		for (int i = 0; i < N; i++)
		{
			double		z;

			shopper_predict(&model, x + i * D, (int32_t[1]) {0}, out);
			for (int j = 0; j < D; j++)
			{
				CHECK(isnan(out[j]) == isnan(x[i * D + j]));
				if (isnan(out[j]))
					continue;
				CHECK_NEAR(shopper_unscale_number(&model, j, out[j]), x[i * D + j], m == 4 ? 1e-6 : 1e-9);
			}
			z = out[1];
			if (isnan(z))
				continue;
			present++;
			sum += z;
			squares += z * z;
			low = z < low ? z : low;
			high = z > high ? z : high;
		}
		if (m == 0)
		{
			CHECK_NEAR(sum, 0, 1e-9);
			CHECK_NEAR(squares / present, 1, 1e-12);
		}
		if (m == 1 || m == 3)
			CHECK(low == 0 && high == 1);
		if (m == 4)
			CHECK_NEAR(low, -high, 1e-8);
		check_env_end(env);
	}
}

static void
codings(void)
{
	ShopperEnv *env = check_env(-1);
	ShopperModel model;
	double		x[N * D],
				out[D + 4];

	numbers(x);
	for (int m = 0; m < 4; m++)
	{
		static const char *const options[] = {"method=ordinal", "method=ordinal sort=value", "method=frequency", "method=one_hot"};

		CHECK_OK(env, train_points(env, &model, "encoder", options[m], N, D, x, 4, NULL));
		CHECK(shopper_model_outputs(&model) == D + (m == 3 ? 4 : 1));
		for (int l = 0; l < 4; l++)
		{
			char		level[3] = {'l', (char) ('0' + l), '\0'};
			int32_t		code = shopper_category_code(&model.spec->category[0], level, 2);

			shopper_predict(&model, x, &code, out);
			CHECK(out[0] == x[0]);
			/* 401 rows: l0 has one more than the others, so count and value give the same order */
			if (m < 2)
			{
				CHECK(out[D] == l);
				CHECK(shopper_unscale_level(&model, 0, l + 0.3) == code);
			}
			else if (m == 2)
				CHECK_NEAR(out[D], (l == 0 ? 101 : 100) / 401.0, 1e-15);
			else
				for (int e = 0; e < 4; e++)
					CHECK(out[D + e] == (e == code));
		}
		shopper_predict(&model, x, (int32_t[1]) {-1}, out);
		CHECK(m < 2 ? isnan(out[D]) : out[D] == 0);
	}
	check_env_end(env);
}

static void
same_bytes(void)
{
	static const char *const options[] = {"method=quantile quantiles=50 impute=median", "sort=value method=ordinal"};
	double		x[N * D],
				y[N * D];

	numbers(x);
	for (int i = 0; i < N; i++)
		memcpy(y + i * D, x + (N - 1 - i) * D, sizeof(double) * D);
	for (int m = 0; m < 2; m++)
	{
		ShopperEnv *env = check_env(-1);
		ShopperModel model;
		unsigned char *bytes[2];
		int64_t		n[2];
		double		missing[D] = {NAN, NAN, NAN},
					out[2][D + 1];

		for (int turn = 0; turn < 2; turn++)
		{
			CHECK_OK(env, train_points(env, &model, m == 0 ? "scaler" : "encoder", options[m], N, D, turn == 0 ? x : y, 0, NULL));
			CHECK_OK(env, shopper_model_encode(env, &model, &bytes[turn], &n[turn]));
		}
		CHECK(n[0] == n[1] && memcmp(bytes[0], bytes[1], (size_t) n[0]) == 0);
		shopper_predict(&model, missing, NULL, out[0]);
		CHECK(isnan(out[0][0]) == (m == 1));
		shopper_predict(&model, x, NULL, out[0]);
		CHECK_OK(env, shopper_model_decode(env, bytes[0], (size_t) n[0], &model));
		shopper_predict(&model, x, NULL, out[1]);
		CHECK(memcmp(&out[0][0], &out[1][0], sizeof(double)) == 0 && out[0][2] == out[1][2]);
		check_env_end(env);
	}
}

void
test_scalers(void)
{
	normal_quantile();
	there_and_back();
	codings();
	same_bytes();
}
