/* test_drift.c: distances of distributions against figures worked out by hand and by scipy. */
#include "check.h"

#include "../../src/prepare/drift.h"

static void
edges(void)
{
	ShopperEnv *env = check_env(-1);
	double		x[1000],
				edge[SHOPPER_DRIFT_BINS];
	int			n,
				count[SHOPPER_DRIFT_BINS] = {0};

	for (int i = 0; i < 1000; i++)
		x[i] = i * 7 % 1000;
	x[3] = NAN;
	CHECK_OK(env, shopper_drift_edges(env, x, 1000, edge, &n));
	CHECK(n == SHOPPER_DRIFT_BINS - 1);
	for (int i = 0; i < 1000; i++)
		if (i != 3)
			count[shopper_drift_range(edge, n, x[i])]++;
	for (int i = 0; i < SHOPPER_DRIFT_BINS; i++)
		CHECK(count[i] >= 9 && count[i] <= 10);
	CHECK(shopper_drift_range(edge, n, -INFINITY) == 0 && shopper_drift_range(edge, n, INFINITY) == n);

	/* few values: one range each */
	for (int i = 0; i < 1000; i++)
		x[i] = i % 3;
	CHECK_OK(env, shopper_drift_edges(env, x, 1000, edge, &n));
	CHECK(n == 2 && edge[0] == 0 && edge[1] == 1);
	CHECK(shopper_drift_range(edge, n, 0) == 0 && shopper_drift_range(edge, n, 1) == 1 && shopper_drift_range(edge, n, 2) == 2);
	/* one value has most rows */
	for (int i = 0; i < 1000; i++)
		x[i] = i < 800 ? 5 : i;
	CHECK_OK(env, shopper_drift_edges(env, x, 1000, edge, &n));
	CHECK(n < SHOPPER_DRIFT_BINS - 1 && edge[0] == 5);
	for (int i = 1; i < n; i++)
		CHECK(edge[i] > edge[i - 1]);

	x[0] = NAN;
	CHECK_OK(env, shopper_drift_edges(env, x, 1, edge, &n));
	CHECK(n == 0);
	CHECK_OK(env, shopper_drift_edges(env, x, 0, edge, &n));
	CHECK(n == 0);
	check_env_end(env);
}

/* scipy 1.17: jensenshannon(p, q, 2) ** 2, ks as the greatest difference of cumulative sums. */
static void
distances(void)
{
	ShopperEnv *env = check_env(-1);
	double		expected[] = {100, 200, 300, 400, 0, 0},
				actual[] = {400, 300, 200, 100, 0, 0},
				ten[22],
				other[22];
	ShopperDrift d;

	CHECK_OK(env, shopper_drift(env, expected, actual, 4, 0, &d));
	CHECK_NEAR(d.ks, 0.4, 1e-15);
	CHECK_NEAR(d.js, 0.15356065532898455, 1e-12);
	/* half a row in each of four cells */
	CHECK_NEAR(d.psi, 2 * (300 * log(400.5 / 100.5) + 100 * log(300.5 / 200.5)) / 1002, 1e-12);
	CHECK(d.chance < 1e-90);
	CHECK(d.missing == 0 && d.unseen == 0);
	/* the same cells without an order: the same but for ks */
	CHECK_OK(env, shopper_drift(env, expected, actual, 0, 4, &d));
	CHECK(isnan(d.ks));
	CHECK_NEAR(d.js, 0.15356065532898455, 1e-12);
	/* none */
	CHECK_OK(env, shopper_drift(env, expected, expected, 4, 0, &d));
	CHECK(d.psi == 0 && d.ks == 0 && d.js == 0 && d.chance == 1);
	/* all of it */
	for (int i = 0; i < 6; i++)
	{
		expected[i] = i < 2 ? 50 : 0;
		actual[i] = i == 4 ? 60 : i == 5 ? 40 : 0;
	}
	CHECK_OK(env, shopper_drift(env, expected, actual, 4, 0, &d));
	CHECK_NEAR(d.js, 1, 1e-15);
	CHECK(isnan(d.ks) && d.psi > 5 && isfinite(d.psi));
	CHECK_NEAR(d.missing, 0.6, 1e-15);
	CHECK_NEAR(d.unseen, 0.4, 1e-15);

	/* rare levels together: moving rows among them is no drift */
	for (int i = 0; i < 22; i++)
		ten[i] = i < 10 ? 100 : i < 20 ? 1 : 0, other[i] = i < 10 ? 100 : i == 15 ? 10 : 0;
	CHECK_OK(env, shopper_drift(env, ten, other, 0, 20, &d));
	CHECK_NEAR(d.psi, 0, 1e-15);
	/* neighbours together: twenty ranges are compared as ten */
	for (int i = 0; i < 20; i++)
		ten[i] = 10, other[i] = i % 2 == 0 ? 20 : 0;
	CHECK_OK(env, shopper_drift(env, ten, other, 20, 0, &d));
	CHECK_NEAR(d.psi, 0, 1e-15);
	CHECK_NEAR(d.ks, 0.05, 1e-15);

	/* few rows beside a heavy value are seen, on either side */
	{
		double		heavy[] = {30, 900, 20, 20, 30, 0, 0},
					moved[] = {0, 900, 0, 0, 100, 0, 0},
					left[] = {100, 900, 0, 0, 0, 0, 0};

		CHECK_OK(env, shopper_drift(env, heavy, moved, 5, 0, &d));
		CHECK_NEAR(d.psi, (30 * log(30.5 / 0.5) + 30 * log(100.5 / 70.5)) / 1001.5, 1e-12);
		CHECK_OK(env, shopper_drift(env, heavy, left, 5, 0, &d));
		CHECK_NEAR(d.psi, (70 * log(100.5 / 30.5) + 70 * log(70.5 / 0.5)) / 1001.5, 1e-12);
	}

	for (int i = 0; i < 22; i++)
		other[i] = 0;
	CHECK_OK(env, shopper_drift(env, ten, other, 20, 0, &d));
	CHECK(isnan(d.psi) && isnan(d.ks) && isnan(d.js) && isnan(d.missing));
	check_env_end(env);
}

/* Without drift the chance is spread evenly: few small samples look as if they had some. */
static void
chance(void)
{
	ShopperEnv *env = check_env(-1);
	uint64_t	state = 88172645463325252ULL;
	int			alarms = 0,
				halves = 0;

	for (int round = 0; round < 400; round++)
	{
		double		e[12] = {0},
					a[12] = {0};
		ShopperDrift d;

		for (int i = 0; i < 1500; i++)
		{
			state ^= state << 13;
			state ^= state >> 7;
			state ^= state << 17;
			(i < 1000 ? e : a)[state % 10]++;
		}
		CHECK_OK(env, shopper_drift(env, e, a, 10, 0, &d));
		alarms += d.chance < 0.01;
		halves += d.chance < 0.5;
	}
	CHECK(alarms < 14);
	CHECK(halves > 150 && halves < 250);
	check_env_end(env);
}

void
test_drift(void)
{
	edges();
	distances();
	chance();
}
