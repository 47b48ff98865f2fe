/* test_bins.c: edges and bins of the training table against plain searches. */
#include "check.h"

#include "../../src/core/hash.h"
#include "../../src/core/threads.h"
#include "../../src/features/bins.h"

enum
{
	SHAPES = 8, LEVELS = 300
};

static double
cell(int shape, int64_t i)
{
	double		z = shopper_normal(3, (uint64_t) shape, (uint64_t) i);

	switch (shape)
	{
		case 0:
			return z;
		case 1:
			return floor(z * 3);
		case 2:
			return i % 9 == 0 ? NAN : exp(8 * z);
		case 3:
			return 7;
		case 4:
			return i % 3 == 0 ? 0 : i % 3 == 1 ? -0.0 : fabs(z);	/* two thirds in one value */
		case 5:
			return NAN;
		case 6:
			return i == 4 ? INFINITY : i == 5 ? -INFINITY : z;
		default:
			return 1 + (double) (i % 4) * 1.1920929e-7;	/* neighbouring floats */
	}
}

static void
make_table(ShopperEnv *env, ShopperTable *t, bool wide, int64_t n)
{
	CHECK_OK(env, shopper_table_make(env, t, wide, n, SHAPES, 2, 2));
	t->n_train = n - n / 10;
	for (int j = 0; j < SHAPES; j++)
		for (int64_t i = 0; i < n; i++)
		{
			if (wide)
				t->dense[j][i] = cell(j, i);
			else
				t->dense32[j][i] = (float) cell(j, i);
		}
	t->size[0] = 5;
	t->size[1] = LEVELS;
	for (int64_t i = 0; i < n; i++)
	{
		t->lookup[0][i] = (int32_t) (i % 6) - 1;
		t->lookup[1][i] = (int32_t) (i % (LEVELS + 1)) - 1;
	}
}

static int
plain_bin(const ShopperBinColumn *c, float x)
{
	int			b = 0;

	if (x != x)
		return c->n_bins - 1;
	while (b < c->n_bins - 2 && x > c->edge[b])
		b++;
	return b;
}

static void
against_search(bool wide, int64_t n, int max_bins)
{
	ShopperEnv *env = check_env(-1);
	ShopperTable t;
	ShopperBins bins;
	bool		same = true;

	make_table(env, &t, wide, n);
	CHECK_OK(env, shopper_bins_make(env, &t, max_bins, &bins));
	CHECK(bins.n == n && bins.n_columns == SHAPES + 2);
	for (int j = 0; j < SHAPES; j++)
	{
		const ShopperBinColumn *c = &bins.column[j];
		int			used[256] = {0};

		CHECK(c->n_bins >= 2 && c->n_bins <= max_bins);
		for (int e = 1; e < c->n_bins - 2; e++)
			CHECK(c->edge[e] > c->edge[e - 1]);
		for (int64_t i = 0; i < n; i++)
		{
			same &= c->bin8[i] == plain_bin(c, (float) cell(j, i));
			used[c->bin8[i]] += i < t.n_train;
		}
		for (int b = 0; b < c->n_bins - 1 && j != 5; b++)
			CHECK(used[b] > 0);
	}
	CHECK(same);
	if (max_bins == 256 && n > 1000)
	{
		CHECK(bins.column[0].n_bins > 250);
		CHECK(bins.column[2].n_bins > 250);
		CHECK(bins.column[4].n_bins > 200 && bins.column[4].bin8[0] == bins.column[4].bin8[1]);
		CHECK(bins.column[7].n_bins == 5);
	}
	CHECK(bins.column[3].n_bins == 2 && bins.column[5].n_bins == 2);
	CHECK(bins.column[SHAPES].n_bins == 6 && bins.column[SHAPES + 1].n_bins == LEVELS + 1);
	for (int64_t i = 0; i < n; i++)
	{
		same &= bins.column[SHAPES].bin8[i] == (t.lookup[0][i] < 0 ? 5 : t.lookup[0][i]);
		same &= bins.column[SHAPES + 1].bin16[i] == (t.lookup[1][i] < 0 ? LEVELS : t.lookup[1][i]);
	}
	CHECK(same);
	shopper_bins_release(env, &bins);
	check_env_end(env);
}

/* Without ties, bins hold about the same number of rows. */
static void
even(void)
{
	ShopperEnv *env = check_env(-1);
	ShopperTable t;
	ShopperBins bins;
	int64_t		n = 30000,
				count[256] = {0};

	make_table(env, &t, false, n);
	t.n_train = n;
	CHECK_OK(env, shopper_bins_make(env, &t, 256, &bins));
	for (int64_t i = 0; i < n; i++)
		count[bins.column[0].bin8[i]]++;
	CHECK(bins.column[0].n_bins == 256);
	for (int b = 0; b < 255; b++)
		CHECK(count[b] >= n / 255 - 2 && count[b] <= n / 255 + 2);
	check_env_end(env);
}

static void
failures(void)
{
	ShopperStatus status = SHOPPER_OUT_OF_MEMORY;

	for (long k = 0; status == SHOPPER_OUT_OF_MEMORY; k++)
	{
		ShopperEnv *env = check_env(k);
		ShopperTable t;
		ShopperBins bins;

		status = shopper_table_make(env, &t, false, 100, SHAPES, 2, 2);
		if (status == SHOPPER_OK)
			status = shopper_bins_make(env, &t, 256, &bins);
		CHECK(status == SHOPPER_OUT_OF_MEMORY || status == SHOPPER_OK);
		check_env_end(env);
	}
	for (int threads = 1; threads <= 3; threads++)
	{
		ShopperEnv *env = check_env(-1);
		ShopperTable t;
		ShopperBins bins;

		make_table(env, &t, false, 20000);
		env->pool = shopper_pool_create(env, threads);
		check_cancel_after(env, threads - 1);
		CHECK(shopper_bins_make(env, &t, 256, &bins) == SHOPPER_CANCELLED);
		check_env_end(env);
	}
}

void
test_bins(void)
{
	against_search(false, 20000, 256);
	against_search(true, 5000, 256);
	against_search(false, 20000, 16);
	against_search(false, 9000, 3);
	even();
	failures();
}
