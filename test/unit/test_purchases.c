/* test_purchases.c: features of customers against sums by hand; the calendar of cohorts; order of events; failures. */
#include "check.h"

#include <time.h>

#include "../../src/core/hash.h"
#include "../../src/prepare/purchases.h"

enum {SHOPPERS = 7, LOG = 400};

static ShopperShopEvent
draw(int i)
{
	ShopperShopEvent e = {0};

	e.customer = (int32_t) shopper_below(shopper_random(1, 1, (uint64_t) i), SHOPPERS);
	e.at = (int64_t) shopper_below(shopper_random(1, 2, (uint64_t) i), 200) * SHOPPER_DAY / 2;
	e.kind = (uint8_t) shopper_below(shopper_random(1, 3, (uint64_t) i), 3);
	e.order_id = 1 + (uint64_t) e.customer * 1000 + (uint64_t) e.at / (uint64_t) (5 * SHOPPER_DAY);
	e.item = 1 + shopper_below(shopper_random(1, 4, (uint64_t) i), 20);
	e.visit = 1 + (uint64_t) e.at / (uint64_t) (2 * SHOPPER_DAY);
	e.category = (int32_t) shopper_below(shopper_random(1, 5, (uint64_t) i), 3);
	e.brand = -1;
	e.amount = (double) (1 + shopper_below(shopper_random(1, 6, (uint64_t) i), 1000)) / 7;
	e.quantity = 2;
	e.dwell = 10;
	e.discounted = i % 4 == 0;
	return e;
}

static void
fill(ShopperEnv *env, ShopperPurchases *p, uint64_t order_seed)
{
	uint32_t	order[LOG],
				code;

	memset(p, 0, sizeof(*p));
	p->as_of = 80 * SHOPPER_DAY;
	p->horizon = 10 * SHOPPER_DAY;
	p->trend = 20 * SHOPPER_DAY;
	p->has = (ShopperShopColumns) {true, true, true, false, true, true, true, true, true};
	CHECK_OK(env, shopper_purchases_init(p, env, SHOPPER_ID_INT));
	for (int c = 0; c < SHOPPERS; c++)
		CHECK_OK(env, shopper_dictionary_add_int(&p->customer, c, &code));
	for (int c = 0; c < 3; c++)
		CHECK_OK(env, shopper_dictionary_add_text(&p->category, "cab" + c, 1, &code));
	for (uint32_t i = 0; i < LOG; i++)
		order[i] = i;
	shopper_shuffle(order, LOG, order_seed, 0);
	for (int i = 0; i < LOG; i++)
	{
		ShopperShopEvent e = draw((int) order[i]);

		CHECK_OK(env, shopper_purchases_add(p, &e));
	}
	CHECK_OK(env, shopper_purchases_finish(p));
}

static bool
seen_before(const ShopperShopEvent *e, int i, int customer, uint64_t (*key) (const ShopperShopEvent *), bool bought)
{
	for (int j = 0; j < i; j++)
		if (e[j].customer == customer && e[j].at < 80 * SHOPPER_DAY && (!bought || e[j].kind == SHOPPER_PURCHASE) && key(&e[j]) == key(&e[i]))
			return true;
	return false;
}

static uint64_t order_key(const ShopperShopEvent *e) { return e->order_id; }
static uint64_t item_key(const ShopperShopEvent *e) { return e->item; }
static uint64_t visit_key(const ShopperShopEvent *e) { return e->visit; }

static void
against_sums(void)
{
	ShopperEnv *env = check_env(-1);
	ShopperPurchases p;
	ShopperShopEvent e[LOG];

	for (int i = 0; i < LOG; i++)
		e[i] = draw(i);
	fill(env, &p, 1);
	for (int c = 0; c < SHOPPERS; c++)
	{
		ShopperPurchaseFeatures f;
		bool		any;
		int64_t		orders = 0,
					items = 0,
					visits = 0,
					last = 0,
					lines = 0,
					levels[3] = {0};
		double		monetary = 0,
					returned = 0,
					span[2] = {0},
					sum = 0;
		int			buys = 0;

		for (int i = 0; i < LOG; i++)
		{
			if (e[i].customer != c)
				continue;
			buys |= e[i].at >= 80 * SHOPPER_DAY && e[i].at < 90 * SHOPPER_DAY && e[i].kind == SHOPPER_PURCHASE;
			if (e[i].at >= 80 * SHOPPER_DAY)
				continue;
			visits += !seen_before(e, i, c, visit_key, false);
			if (e[i].kind == SHOPPER_RETURN)
				returned += e[i].amount;
			if (e[i].kind != SHOPPER_PURCHASE)
				continue;
			orders += !seen_before(e, i, c, order_key, true);
			items += !seen_before(e, i, c, item_key, true);
			monetary += e[i].amount;
			lines++;
			levels[e[i].category]++;
			if (e[i].at >= 40 * SHOPPER_DAY)
				span[e[i].at >= 60 * SHOPPER_DAY] += e[i].amount;
		}
		/* the last order began with its first line */
		for (int i = 0; i < LOG; i++)
			if (e[i].customer == c && e[i].kind == SHOPPER_PURCHASE && e[i].at < 80 * SHOPPER_DAY)
			{
				int64_t		begin = e[i].at;

				for (int j = 0; j < LOG; j++)
					if (e[j].customer == c && e[j].kind == SHOPPER_PURCHASE && e[j].order_id == e[i].order_id && e[j].at < begin)
						begin = e[j].at;
				last = begin > last ? begin : last;
			}
		CHECK_OK(env, shopper_customer_features(&p, c, &f, &any));
		CHECK(any);
		CHECK(f.frequency == orders);
		CHECK(f.items == items);
		CHECK(f.visits == visits);
		CHECK(f.buys == buys);
		CHECK_NEAR(f.monetary, monetary, 1e-9);
		CHECK_NEAR(f.return_share, returned / monetary, 1e-12);
		CHECK_NEAR(f.trend, (span[1] - span[0]) / (span[1] + span[0]), 1e-12);
		CHECK_NEAR(f.recency_days, (double) (80 * SHOPPER_DAY - last) / (double) SHOPPER_DAY, 1e-12);
		CHECK_NEAR(f.quantity, 2 * (double) lines, 1e-9);
		for (int k = 0; k < 3; k++)
			CHECK(levels[k] <= (int64_t) (f.top_category_share * (double) lines + 0.5));
		for (int k = 0; k < 7; k++)
			sum += f.weekday_share[k];
		CHECK_NEAR(sum, 1, 1e-12);
		CHECK(f.brands == -1 && f.top_brand == -1 && isnan(f.top_brand_share));
	}
	check_env_end(env);
}

static void
any_order(void)
{
	ShopperEnv *a = check_env(-1),
			   *b = check_env(-1);
	ShopperPurchases p,
				q;

	fill(a, &p, 1);
	fill(b, &q, 2);
	for (int c = 0; c < SHOPPERS; c++)
	{
		ShopperPurchaseFeatures f,
					g;
		bool		any;

		CHECK_OK(a, shopper_customer_features(&p, c, &f, &any));
		CHECK_OK(b, shopper_customer_features(&q, c, &g, &any));
		CHECK(memcmp(&f, &g, sizeof(f)) == 0);
	}
	check_env_end(a);
	check_env_end(b);
}

/* The C library's calendar is the witness. */
static void
calendar(void)
{
	for (int64_t day = -150000; day < 150000; day += 13)
	{
		time_t		at = (time_t) (day + 10957) * 86400;
		struct tm	tm;
		int64_t		month;

		gmtime_r(&at, &tm);
		month = shopper_period(SHOPPER_PERIOD_MONTH, day * SHOPPER_DAY);
		CHECK(month == (tm.tm_year - 100) * 12 + tm.tm_mon);
		CHECK(shopper_period_day(SHOPPER_PERIOD_MONTH, month) == day - tm.tm_mday + 1);
		CHECK(shopper_period(SHOPPER_PERIOD_YEAR, day * SHOPPER_DAY) == tm.tm_year - 100);
		CHECK(shopper_period_day(SHOPPER_PERIOD_YEAR, tm.tm_year - 100) == day - tm.tm_yday);
		CHECK(shopper_period_day(SHOPPER_PERIOD_WEEK, shopper_period(SHOPPER_PERIOD_WEEK, day * SHOPPER_DAY)) == day - (tm.tm_wday + 6) % 7);
		CHECK(shopper_period(SHOPPER_PERIOD_QUARTER, day * SHOPPER_DAY + 5) == (tm.tm_year - 100) * 4 + tm.tm_mon / 3);
	}
}

static void
cohorts(void)
{
	ShopperEnv *env = check_env(-1);
	ShopperPurchases p;
	ShopperCohorts c;
	int64_t		starters = 0;
	double		amount = 0,
				wanted = 0;

	fill(env, &p, 3);
	CHECK_OK(env, shopper_cohorts(&p, SHOPPER_PERIOD_WEEK, &c));
	for (int64_t k = 0; k < c.n; k++)
		starters += c.customers[k * c.n];
	CHECK(starters == SHOPPERS);
	for (int64_t k = 0; k < c.n * c.n; k++)
		amount += c.amount[k];
	for (int i = 0; i < LOG; i++)
		if (draw(i).kind == SHOPPER_PURCHASE && draw(i).at < p.as_of)
			wanted += draw(i).amount;
	CHECK_NEAR(amount, wanted, 1e-8);
	check_env_end(env);
}

/* No as_of: the end of the last day; history counts from there. Nothing at all is no error. */
static void
open_end(void)
{
	ShopperEnv *env = check_env(-1);
	ShopperPurchases p = {.as_of = INT64_MAX,.history = 2 * SHOPPER_DAY,.trend = SHOPPER_DAY};
	ShopperPurchaseFeatures f;
	ShopperShopEvent e = {.category = -1,.brand = -1};
	uint32_t	code;
	bool		any;

	CHECK_OK(env, shopper_purchases_init(&p, env, SHOPPER_ID_INT));
	CHECK_OK(env, shopper_purchases_finish(&p));
	memset(&p, 0, sizeof(p));
	p.as_of = INT64_MAX;
	p.history = 2 * SHOPPER_DAY;
	CHECK_OK(env, shopper_purchases_init(&p, env, SHOPPER_ID_INT));
	CHECK_OK(env, shopper_dictionary_add_int(&p.customer, 5, &code));
	for (int d = 0; d < 4; d++)
	{
		e.at = d * SHOPPER_DAY + SHOPPER_DAY / 2;
		CHECK_OK(env, shopper_purchases_add(&p, &e));
	}
	CHECK_OK(env, shopper_purchases_finish(&p));
	CHECK(p.as_of == 4 * SHOPPER_DAY);
	CHECK_OK(env, shopper_customer_features(&p, 0, &f, &any));
	CHECK(f.frequency == 2);
	CHECK_NEAR(f.recency_days, 0.5, 0);
	CHECK(isnan(f.order_value) && isnan(f.monetary) && f.items == -1);
	check_env_end(env);
}

void
test_purchases(void)
{
	against_sums();
	any_order();
	calendar();
	cohorts();
	open_end();
}
