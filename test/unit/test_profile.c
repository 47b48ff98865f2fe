/* test_profile.c: profiles of columns and correlations against plain sums; samples, dropped levels, failures. */
#include "check.h"

#include "../../src/core/hash.h"
#include "../../src/core/sort.h"
#include "../../src/prepare/correlations.h"
#include "../../src/prepare/profile.h"

static void
exact(void)
{
	enum {N = 5000};
	ShopperEnv *env = check_env(-1);
	ShopperProfile f = {0};
	double		sum = 0,
				m2 = 0,
				m3 = 0;
	char		word[16];

	CHECK_OK(env, shopper_profile_init(&f, env, 4, 64 << 20));
	f.column[0].kind = SHOPPER_PROFILE_INTEGER;
	f.column[1].kind = SHOPPER_PROFILE_NUMBER;
	f.column[2].kind = SHOPPER_PROFILE_TEXT;
	f.column[3].kind = SHOPPER_PROFILE_NUMBER;	/* never known */
	CHECK_OK(env, shopper_profile_begin(&f));
	f.block_rows = 300;
	for (int i = 0; i < N; i++)
	{
		double		x = (double) (i % 100) * 0.5 - 7;

		shopper_profile_integer(&f.column[0], i % 7 == 0 ? INT64_MIN + i : -i);
		if (i % 10 != 3)
			shopper_profile_number(&f.column[1], i % 10 == 4 ? NAN : x);
		if (i % 10 != 3 && i % 10 != 4)
			sum += x;
		snprintf(word, sizeof(word), "w%d", i % 3 == 0 ? 1 : i % 30);
		CHECK_OK(env, shopper_profile_text(&f, &f.column[2], word, strlen(word)));
		CHECK_OK(env, shopper_profile_row(&f));
	}
	CHECK_OK(env, shopper_profile_finish(&f));
	CHECK(f.column[0].distinct == N && f.column[0].distinct_exact);
	CHECK(shopper_profile_whole(f.column[0].least) == INT64_MIN && shopper_profile_whole(f.column[0].greatest) == -1);
	CHECK(f.column[1].n == N * 8 / 10 && f.column[1].n_invalid == N / 10 && f.column[1].distinct == 80);
	sum /= N * 8 / 10;
	for (int i = 0; i < N; i++)
		if (i % 10 != 3 && i % 10 != 4)
		{
			double		d = (double) (i % 100) * 0.5 - 7 - sum;

			m2 += d * d;
			m3 += d * d * d;
		}
	CHECK_NEAR(f.column[1].mean, sum, 1e-12);
	CHECK_NEAR(f.column[1].sd, sqrt(m2 / (N * 8 / 10 - 1)), 1e-12);
	CHECK_NEAR(f.column[1].skew, sqrt(N * 8 / 10.0) * m3 / pow(m2, 1.5), 1e-12);
	CHECK(f.column[1].n_top == 10 && f.column[1].top_count[0] == N / 100);
	CHECK_NEAR(shopper_profile_value(&f.column[1], f.column[1].top[0]), -7, 0);
	CHECK(f.column[1].rank_error == 0);
	CHECK(f.column[2].distinct == 20 && f.column[2].top_count[0] > N / 3);
	CHECK(strncmp(f.column[2].first, "w1", 2) == 0 && f.column[2].first_length == 2 && strncmp(f.column[2].last, "w8", 2) == 0);
	CHECK(f.column[3].n == 0 && f.column[3].n_top == 0);
	check_env_end(env);
}

/* More values than are kept: the sample's quantiles and the estimates come near. */
static void
sampled(void)
{
	enum {N = 300000};
	ShopperEnv *env = check_env(-1);
	ShopperProfile f = {0};
	ShopperProfileColumn *c;

	CHECK_OK(env, shopper_profile_init(&f, env, 2, 0));
	f.column[0].kind = SHOPPER_PROFILE_NUMBER;
	f.column[1].kind = SHOPPER_PROFILE_TEXT;
	CHECK_OK(env, shopper_profile_begin(&f));
	CHECK(f.sample == 20000 && f.levels == 2000);
	for (int i = 0; i < N; i++)
	{
		uint64_t	r = shopper_random(7, 0, (uint64_t) i);
		char		word[24];

		shopper_profile_number(&f.column[0], i);	/* in order: a sample of the first ones would show */
		snprintf(word, sizeof(word), "%llu", (unsigned long long) (r % 5 == 0 ? 1 + r / 8 % 3 : r % 60000 + 10));
		CHECK_OK(env, shopper_profile_text(&f, &f.column[1], word, strlen(word)));
		CHECK_OK(env, shopper_profile_row(&f));
	}
	CHECK_OK(env, shopper_profile_finish(&f));
	c = &f.column[0];
	CHECK(!c->distinct_exact && c->n_sample == 20000);
	CHECK_NEAR(c->distinct / N, 1, 0.03);
	CHECK_NEAR(c->mean, (N - 1) / 2.0, 1e-6);
	for (int i = 0; i < SHOPPER_PROFILE_QUANTILES; i++)
		CHECK_NEAR(c->quantile[i] / N, ((double[]) {0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99})[i], c->rank_error);
	CHECK(c->rank_error < 0.016 && c->rank_error > 0.015);
	c = &f.column[1];
	CHECK(!c->distinct_exact);
	CHECK_NEAR(c->distinct / 48000, 1, 0.05);	/* of 60000 remainders those that 5 does not divide */
	CHECK(c->top_count[0] + (double) c->missed >= N / 5 / 3 - 1000 && c->top_count[2] > N / 5 / 3 - 3000 && c->top_count[3] < 200);
	check_env_end(env);
}

static void
correlations(void)
{
	enum {N = 700, P = 5};
	ShopperEnv *env = check_env(-1);

	for (int ranks = 0; ranks < 2; ranks++)
	{
		ShopperNumbers x;
		ShopperCorrelation *c;
		static double kept[N][P];

		CHECK_OK(env, shopper_numbers_init(&x, env, P));
		for (int i = 0; i < N; i++)
		{
			double	   *row,
						z = shopper_normal(1, 1, (uint64_t) i);

			CHECK_OK(env, shopper_numbers_row(&x, &row));
			kept[i][0] = 1000 + z;
			kept[i][1] = 5 - 2 * z + shopper_normal(1, 2, (uint64_t) i);
			kept[i][2] = i % 5 == 0 ? NAN : floor(z * 2);
			kept[i][3] = 3;
			kept[i][4] = i % 3 == 0 ? NAN : (double) i;
			memcpy(row, kept[i], sizeof(kept[i]));
		}
		CHECK_OK(env, shopper_correlate(&x, ranks, &c));
		for (int a = 0; a < P; a++)
			for (int b = a + 1; b < P; b++, c++)
			{
				double		u[N],
							v[N],
							su = 0,
							sv = 0,
							uu = 0,
							vv = 0,
							uv = 0;
				int			n = 0;

				for (int i = 0; i < N; i++)
				{
					if (kept[i][a] != kept[i][a] || kept[i][b] != kept[i][b])
						continue;
					u[n] = kept[i][a];
					v[n] = kept[i][b];
					if (ranks)	/* by counting: the mean place among equals */
					{
						u[n] = v[n] = 0.5;
						for (int j = 0; j < N; j++)
						{
							if (kept[j][a] != kept[j][a] || kept[j][b] != kept[j][b])
								continue;
							u[n] += (kept[j][a] < kept[i][a]) + 0.5 * (kept[j][a] == kept[i][a]);
							v[n] += (kept[j][b] < kept[i][b]) + 0.5 * (kept[j][b] == kept[i][b]);
						}
					}
					su += u[n];
					sv += v[n++];
				}
				for (int i = 0; i < n; i++)
				{
					uu += (u[i] - su / n) * (u[i] - su / n);
					vv += (v[i] - sv / n) * (v[i] - sv / n);
					uv += (u[i] - su / n) * (v[i] - sv / n);
				}
				CHECK(c->n == n);
				if (a == 3 || b == 3)
					CHECK(isnan(c->r) && isnan(c->p_value));
				else
					CHECK_NEAR(c->r, uv / sqrt(uu * vv), 1e-10);
			}
	}
	check_env_end(env);
}

static void
keys(void)
{
	enum {N = 3000};
	uint64_t	key[N],
				spare[N];

	for (int bits = 3; bits <= 64; bits += 20)
	{
		for (int i = 0; i < N; i++)
			key[i] = shopper_random(5, (uint64_t) bits, (uint64_t) i) >> (64 - bits > 0 ? 64 - bits : 0);
		shopper_sort_keys(key, spare, N);
		for (int i = 1; i < N; i++)
			CHECK(key[i - 1] <= key[i]);
	}
}

void
test_profile(void)
{
	exact();
	sampled();
	correlations();
	keys();
}
