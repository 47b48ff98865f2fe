/* Two predictions compared: measures by hand, the interval against the normal one, independence of order. */
#include "check.h"

#include "../../src/core/bootstrap.h"
#include "../../src/core/hash.h"

#define ROWS 400

static double label[ROWS], a[ROWS], b[ROWS];

static void
make_rows(void)
{
	for (int i = 0; i < ROWS; i++)
	{
		label[i] = shopper_uniform(1, 0, i) < 0.4;
		a[i] = label[i] + shopper_uniform(1, 1, i) * 1.5;
		b[i] = label[i] + shopper_uniform(1, 2, i) * 3;
	}
}

static double
naive_auc(const double *x)
{
	double		wins = 0,
				pairs = 0;

	for (int i = 0; i < ROWS; i++)
		for (int j = 0; j < ROWS; j++)
			if (label[i] > label[j])
			{
				wins += x[i] > x[j] ? 1 : x[i] == x[j] ? 0.5 : 0;
				pairs++;
			}
	return wins / pairs;
}

void
test_bootstrap(void)
{
	ShopperEnv *env = check_env(-1);
	ShopperPaired p,
				again;
	double		mean = 0,
				square = 0,
				error,
				turned[3][ROWS];

	make_rows();

	/* the mean: its bootstrap interval is near the one of the normal distribution */
	for (int i = 0; i < ROWS; i++)
		mean += (a[i] - b[i]) / ROWS;
	for (int i = 0; i < ROWS; i++)
		square += (a[i] - b[i] - mean) * (a[i] - b[i] - mean) / ROWS;
	error = sqrt(square / ROWS);
	CHECK_OK(env, shopper_paired_bootstrap(env, SHOPPER_PAIRED_MEAN, ROWS, NULL, a, b, 1, &p));
	CHECK_NEAR(p.difference, mean, 1e-12);
	CHECK_NEAR(p.low, mean - 1.96 * error, 0.15 * error);
	CHECK_NEAR(p.high, mean + 1.96 * error, 0.15 * error);

	/* rmse */
	square = 0;
	for (int i = 0; i < ROWS; i++)
		square += a[i];
	CHECK_OK(env, shopper_paired_bootstrap(env, SHOPPER_PAIRED_ROOT_MEAN, ROWS, NULL, a, b, 1, &p));
	CHECK_NEAR(p.a, sqrt(square / ROWS), 1e-12);
	CHECK(p.low < p.difference && p.difference < p.high);

	/* AUC, and the order of the rows */
	CHECK_OK(env, shopper_paired_bootstrap(env, SHOPPER_PAIRED_AUC, ROWS, label, a, b, 7, &p));
	CHECK_NEAR(p.a, naive_auc(a), 1e-12);
	CHECK_NEAR(p.b, naive_auc(b), 1e-12);
	CHECK(p.low > 0 && p.low < p.difference && p.difference < p.high);
	for (int i = 0; i < ROWS; i++)
	{
		int			to = (i * 7 + 3) % ROWS;

		turned[0][to] = label[i];
		turned[1][to] = a[i];
		turned[2][to] = b[i];
	}
	CHECK_OK(env, shopper_paired_bootstrap(env, SHOPPER_PAIRED_AUC, ROWS, turned[0], turned[1], turned[2], 7, &again));
	CHECK(again.low == p.low && again.high == p.high && again.a == p.a);
	CHECK_OK(env, shopper_paired_bootstrap(env, SHOPPER_PAIRED_AUC, ROWS, label, a, b, 8, &again));
	CHECK(again.low != p.low);

	/* one side, one class, one row, none */
	CHECK_OK(env, shopper_paired_bootstrap(env, SHOPPER_PAIRED_MEAN, ROWS, NULL, a, NULL, 1, &p));
	CHECK(!isnan(p.a) && isnan(p.b) && isnan(p.low));
	CHECK_OK(env, shopper_paired_bootstrap(env, SHOPPER_PAIRED_AUC, 1, label, a, b, 1, &p));
	CHECK(isnan(p.a) && isnan(p.low));
	CHECK_OK(env, shopper_paired_bootstrap(env, SHOPPER_PAIRED_MEAN, 1, NULL, a, b, 1, &p));
	CHECK(p.low == a[0] - b[0] && p.high == p.low);
	CHECK_OK(env, shopper_paired_bootstrap(env, SHOPPER_PAIRED_MEAN, 0, NULL, a, b, 1, &p));
	CHECK(isnan(p.a));
	check_env_end(env);

	env = check_env(3);
	CHECK(shopper_paired_bootstrap(env, SHOPPER_PAIRED_MEAN, ROWS, NULL, a, b, 1, &p) == SHOPPER_OUT_OF_MEMORY);
	check_env_end(env);
	env = check_env(-1);
	check_cancel_after(env, 5);
	CHECK(shopper_paired_bootstrap(env, SHOPPER_PAIRED_MEAN, ROWS, NULL, a, b, 1, &p) == SHOPPER_CANCELLED);
	check_env_end(env);
}
