/*
 * purchases.c: see purchases.h.
 *
 * Events are kept as records of 72 bytes in the order in which they come. At the end they are
 * grouped by a counting sort of pointers, and each customer's few events are sorted by time.
 */
#include "purchases.h"

#include <math.h>

#include "../core/sort.h"

#define LOOK_AHEAD 12			/* events are fetched this many pointers before they are used */

ShopperStatus
shopper_purchases_init(ShopperPurchases *p, ShopperEnv *env, ShopperIdType customer)
{
	p->env = env;
	p->first = INT64_MAX;
	p->last = INT64_MIN;
	SHOPPER_TRY(shopper_dictionary_init(&p->customer, env, customer));
	SHOPPER_TRY(shopper_dictionary_init(&p->category, env, SHOPPER_ID_TEXT));
	return shopper_dictionary_init(&p->brand, env, SHOPPER_ID_TEXT);
}

/* a - b without overflow */
static int64_t
before(int64_t a, int64_t b)
{
	return a < INT64_MIN + b ? INT64_MIN : a - b;
}

static int64_t
after(int64_t a, int64_t b)
{
	return a > INT64_MAX - b ? INT64_MAX : a + b;
}

ShopperStatus
shopper_purchases_add(ShopperPurchases *p, const ShopperShopEvent *event)
{
	if (event->at < p->first)
		p->first = event->at;
	if (event->at > p->last)
		p->last = event->at;
	if (event->customer >= p->buys_capacity)
	{
		int64_t		old = p->buys_capacity;

		SHOPPER_TRY(shopper_grow(p->env, &p->buys, &p->buys_capacity, event->customer + 1, sizeof(bool)));
		memset(p->buys + old, 0, (size_t) (p->buys_capacity - old));
	}
	if (event->at >= p->as_of)
	{
		if (event->kind == SHOPPER_PURCHASE && p->horizon > 0 && event->at < after(p->as_of, p->horizon))
			p->buys[event->customer] = true;
		return SHOPPER_OK;
	}
	if (p->history > 0 && p->as_of != INT64_MAX && event->at < before(p->as_of, p->history))
		return SHOPPER_OK;
	SHOPPER_TRY(shopper_grow(p->env, &p->event, &p->capacity, p->n + 1, sizeof(ShopperShopEvent)));
	p->event[p->n++] = *event;
	return SHOPPER_OK;
}

/* ---- order ---- */

#define COMPARE(a, b) do { if ((a) != (b)) return (a) < (b) ? -1 : 1; } while (0)

/* Time first; then all that a feature may depend on. */
static int
compare(const ShopperShopEvent *a, const ShopperShopEvent *b)
{
	COMPARE(a->at, b->at);
	COMPARE(a->order_id, b->order_id);
	COMPARE(a->item, b->item);
	COMPARE(a->kind, b->kind);
	COMPARE(shopper_sortable(a->amount), shopper_sortable(b->amount));
	COMPARE(shopper_sortable((double) a->quantity), shopper_sortable((double) b->quantity));
	COMPARE(shopper_sortable((double) a->dwell), shopper_sortable((double) b->dwell));
	return 0;
}

/* Stable merge sort of pointers, from runs of insertion; events often come in order already. */
static ShopperStatus
sort_events(ShopperEnv *env, ShopperShopEvent **e, int64_t n, ShopperShopEvent **spare)
{
	enum {RUN = 16};
	bool		sorted = true;

	for (int64_t i = 1; i < n && sorted; i++)
		sorted = compare(e[i - 1], e[i]) <= 0;
	if (sorted)
		return SHOPPER_OK;
	for (int64_t from = 0; from < n; from += RUN)
		for (int64_t i = from + 1; i < n && i < from + RUN; i++)
		{
			ShopperShopEvent *x = e[i];
			int64_t		j = i;

			for (; j > from && compare(e[j - 1], x) > 0; j--)
				e[j] = e[j - 1];
			e[j] = x;
		}
	for (int64_t width = RUN; width < n; width *= 2)
	{
		for (int64_t from = 0, steps = 0; from + width < n; from += 2 * width)
		{
			int64_t		middle = from + width,
						to = middle + width < n ? middle + width : n,
						a = from,
						b = middle;

			if (compare(e[middle - 1], e[middle]) <= 0)
				continue;
			for (int64_t k = from; k < to; k++)
			{
				if ((++steps & 0xfffff) == 0)
					SHOPPER_TRY(shopper_poll(env));
				spare[k] = b >= to || (a < middle && compare(e[a], e[b]) <= 0) ? e[a++] : e[b++];
			}
			memcpy(e + from, spare + from, sizeof(*e) * (size_t) (to - from));
		}
		SHOPPER_TRY(shopper_poll(env));
	}
	return SHOPPER_OK;
}

static ShopperStatus
group(ShopperPurchases *p)
{
	int64_t		customers = p->customer.n;
	uint32_t   *new_code;

	SHOPPER_TRY(shopper_dictionary_sort(&p->customer, SHOPPER_BY_VALUE, &new_code));
	SHOPPER_NEW0(p->env, p->start, customers + 2);
	SHOPPER_NEW(p->env, p->sorted, p->n);
	for (int64_t i = 0; i < p->n; i++)
	{
		if ((i & 0xfffff) == 0)
			SHOPPER_TRY(shopper_poll(p->env));
		p->event[i].customer = (int32_t) new_code[p->event[i].customer];
		p->start[p->event[i].customer + 2]++;
	}
	for (int64_t c = 0; c < customers; c++)
		p->start[c + 2] += p->start[c + 1];
	for (int64_t i = 0; i < p->n; i++)	/* start[c + 1] moves from the begin of c to its end */
	{
		if ((i & 0xfffff) == 0)
			SHOPPER_TRY(shopper_poll(p->env));
		p->sorted[p->start[p->event[i].customer + 1]++] = &p->event[i];
	}
	if (p->buys_capacity > 0)
	{
		bool	   *buys;

		SHOPPER_NEW0(p->env, buys, customers);
		for (int64_t c = 0; c < customers; c++)
			buys[new_code[c]] = p->buys[c];
		shopper_release(p->env, p->buys);
		p->buys = buys;
	}
	shopper_release(p->env, new_code);
	return SHOPPER_OK;
}

/* Codes of categories and brands in the order of their values, so that ties are broken by value. */
static ShopperStatus
renumber_levels(ShopperPurchases *p)
{
	uint32_t   *category,
			   *brand;

	SHOPPER_TRY(shopper_dictionary_sort(&p->category, SHOPPER_BY_VALUE, &category));
	SHOPPER_TRY(shopper_dictionary_sort(&p->brand, SHOPPER_BY_VALUE, &brand));
	for (int64_t i = 0; i < p->n; i++)
	{
		ShopperShopEvent *e = &p->event[i];

		if ((i & 0xfffff) == 0)
			SHOPPER_TRY(shopper_poll(p->env));
		if (e->category >= 0)
			e->category = (int32_t) category[e->category];
		if (e->brand >= 0)
			e->brand = (int32_t) brand[e->brand];
	}
	shopper_release(p->env, category);
	shopper_release(p->env, brand);
	return SHOPPER_OK;
}

/* Without as_of: the end of the last day with an event. */
static ShopperStatus
end_after_last_day(ShopperPurchases *p)
{
	int64_t		rest,
				kept = 0;

	p->as_of = after(p->last, SHOPPER_DAY);
	shopper_divide(p->as_of, SHOPPER_DAY, &rest);
	p->as_of -= rest;
	for (int64_t i = 0; p->history > 0 && i < p->n; i++)
	{
		if ((i & 0xfffff) == 0)
			SHOPPER_TRY(shopper_poll(p->env));
		if (p->event[i].at >= before(p->as_of, p->history))
			p->event[kept++] = p->event[i];
	}
	if (p->history > 0)
		p->n = kept;
	return SHOPPER_OK;
}

static int64_t
set_size(int64_t n)
{
	int64_t		size = 8;

	while (size < 2 * n)
		size *= 2;
	return size;
}

ShopperStatus
shopper_purchases_finish(ShopperPurchases *p)
{
	int64_t		most = 1,
				levels = p->category.n > p->brand.n ? p->category.n : p->brand.n;
	ShopperShopEvent **spare;

	if (p->as_of == INT64_MAX && p->n > 0)
		SHOPPER_TRY(end_after_last_day(p));
	if (p->has.category || p->has.brand)
		SHOPPER_TRY(renumber_levels(p));
	SHOPPER_TRY(group(p));
	for (int64_t c = 0; c < p->customer.n; c++)
		if (p->start[c + 1] - p->start[c] > most)
			most = p->start[c + 1] - p->start[c];
	SHOPPER_NEW(p->env, spare, most);
	for (int64_t c = 0, polled = 0; c < p->customer.n; c++)
	{
		int64_t		n = p->start[c + 1] - p->start[c];

		if (p->start[c] - polled > 100000)
		{
			polled = p->start[c];
			SHOPPER_TRY(shopper_poll(p->env));
		}
		for (int64_t i = p->start[c]; i < p->start[c + 1] && i < p->start[c] + 64; i++)
			if (i + LOOK_AHEAD < p->n)
				__builtin_prefetch(p->sorted[i + LOOK_AHEAD]);
		SHOPPER_TRY(sort_events(p->env, p->sorted + p->start[c], n, spare));
	}
	shopper_release(p->env, spare);
	SHOPPER_NEW(p->env, p->seen, set_size(most));
	SHOPPER_NEW(p->env, p->order_at, most);
	SHOPPER_NEW0(p->env, p->level_count, levels);
	SHOPPER_NEW0(p->env, p->level_amount, levels);
	SHOPPER_NEW(p->env, p->level, levels < most ? levels : most);
	return SHOPPER_OK;
}

/* ---- sets of ids ---- */

typedef struct Set
{
	uint64_t   *slot;			/* 0: free */
	uint64_t	mask;
	int64_t		n;
} Set;

static Set
set_begin(ShopperPurchases *p, int64_t n)
{
	Set			set = {p->seen, (uint64_t) set_size(n) - 1, 0};

	memset(set.slot, 0, sizeof(uint64_t) * (set.mask + 1));
	return set;
}

/* Whether it was not there yet; id is not 0. */
static bool
set_add(Set *set, uint64_t id)
{
	uint64_t	i = (id * 0x9e3779b97f4a7c15ULL) >> 20 & set->mask;

	while (set->slot[i] != 0)
	{
		if (set->slot[i] == id)
			return false;
		i = (i + 1) & set->mask;
	}
	set->slot[i] = id;
	set->n++;
	return true;
}

/* ---- features ---- */

static double
days(int64_t from, int64_t to)
{
	return (double) (to - from) / (double) SHOPPER_DAY;
}

/* Different orders, their times into order_at; without ids all that is bought at one time is one order. */
static int64_t
find_orders(ShopperPurchases *p, ShopperShopEvent *const *e, int64_t n)
{
	Set			orders = set_begin(p, n);
	int64_t		found = 0;

	for (int64_t i = 0; i < n; i++)
		if (e[i]->kind == SHOPPER_PURCHASE)
		{
			uint64_t	id = p->has.order_id && e[i]->order_id != 0 ? e[i]->order_id : (uint64_t) e[i]->at * 2 + 1;

			if (set_add(&orders, id))
				p->order_at[found++] = e[i]->at;
		}
	return found;
}

static int64_t
count_items(ShopperPurchases *p, ShopperShopEvent *const *e, int64_t n)
{
	Set			items = set_begin(p, n);

	for (int64_t i = 0; i < n; i++)
		if (e[i]->kind == SHOPPER_PURCHASE && e[i]->item != 0)
			set_add(&items, e[i]->item);
	return items.n;
}

static int64_t
count_visits(ShopperPurchases *p, ShopperShopEvent *const *e, int64_t n)
{
	Set			visits;
	int64_t		found = 0,
				rest;

	if (!p->has.visit)
	{
		int64_t		last = INT64_MIN;

		for (int64_t i = 0; i < n; i++)
		{
			int64_t		day = shopper_divide(e[i]->at, SHOPPER_DAY, &rest);

			found += day != last;
			last = day;
		}
		return found;
	}
	visits = set_begin(p, n);
	for (int64_t i = 0; i < n; i++)
		if (e[i]->visit != 0)
			set_add(&visits, e[i]->visit);
	return visits.n;
}

/* The levels of the lines bought: how many, the one with most lines, its share, the entropy. */
static void
describe_levels(ShopperPurchases *p, ShopperShopEvent *const *e, int64_t n, bool brand,
				int64_t *different, int32_t *top, double *share, double *entropy)
{
	int64_t		found = 0,
				lines = 0;
	int32_t		best = -1;

	*entropy = 0;
	for (int64_t i = 0; i < n; i++)
	{
		int32_t		level = brand ? e[i]->brand : e[i]->category;

		if (e[i]->kind != SHOPPER_PURCHASE || level < 0)
			continue;
		if (p->level_count[level]++ == 0)
			p->level[found++] = level;
		if (e[i]->amount == e[i]->amount)
			p->level_amount[level] += e[i]->amount;
		lines++;
	}
	for (int64_t k = 0; k < found; k++)
	{
		int32_t		level = p->level[k];
		double		part = (double) p->level_count[level] / (double) lines;

		*entropy -= part * log(part);
		if (best < 0 || p->level_count[level] > p->level_count[best] ||
			(p->level_count[level] == p->level_count[best] &&
			 (p->level_amount[level] > p->level_amount[best] || (p->level_amount[level] == p->level_amount[best] && level < best))))
			best = level;
	}
	*different = found;
	*top = best;
	*share = found > 0 ? (double) p->level_count[best] / (double) lines : NAN;
	if (found == 0)
		*entropy = NAN;
	for (int64_t k = 0; k < found; k++)
	{
		p->level_count[p->level[k]] = 0;
		p->level_amount[p->level[k]] = 0;
	}
}

static double
ratio(double a, double b)
{
	return b > 0 ? a / b : NAN;
}

/* What depends on the times of the orders. */
static void
describe_orders(const ShopperPurchases *p, ShopperPurchaseFeatures *f)
{
	const int64_t *at = p->order_at;
	int64_t		n = f->frequency,
				rest;
	double		squares = 0;

	f->recency_days = n > 0 ? days(at[n - 1], p->as_of) : NAN;
	f->gap_days_mean = n > 1 ? days(at[0], at[n - 1]) / (double) (n - 1) : NAN;
	for (int64_t i = 1; i < n; i++)
	{
		double		d = days(at[i - 1], at[i]) - f->gap_days_mean;

		squares += d * d;
	}
	f->gap_days_sd = n > 2 ? sqrt(squares / (double) (n - 2)) : NAN;
	for (int64_t i = 0; i < n; i++)
	{
		int64_t		day = shopper_divide(at[i], SHOPPER_DAY, &rest),
					weekday;

		shopper_divide(day + 5, 7, &weekday);	/* 2000-01-01 was a Saturday */
		f->weekday_share[weekday] += 1.0 / (double) n;
		f->daypart_share[rest / (6 * 3600 * SHOPPER_SECOND)] += 1.0 / (double) n;
	}
	if (n == 0)
	{
		for (int i = 0; i < 7; i++)
			f->weekday_share[i] = NAN;
		for (int i = 0; i < 4; i++)
			f->daypart_share[i] = NAN;
	}
}

ShopperStatus
shopper_customer_features(ShopperPurchases *p, int64_t customer, ShopperPurchaseFeatures *f, bool *any)
{
	ShopperShopEvent **e = p->sorted + p->start[customer];
	int64_t		n = p->start[customer + 1] - p->start[customer],
				lines = 0,
				returned_lines = 0,
				discounted = 0,
				recent_from = before(p->as_of, p->trend),
				earlier_from = before(recent_from, p->trend);
	double		returned = 0,
				dwell = 0,
				span[2] = {0, 0},	/* earlier, recent */
				unused;
	bool		known_dwell = false;

	memset(f, 0, sizeof(*f));
	*any = n > 0;
	if (n == 0)
		return SHOPPER_OK;
	if (n > 100000)
		SHOPPER_TRY(shopper_poll(p->env));
	for (int64_t i = 0; i < n; i++)
	{
		if (p->start[customer] + i + LOOK_AHEAD < p->n)
			__builtin_prefetch(e[i + LOOK_AHEAD]);
		if (e[i]->dwell == e[i]->dwell)
		{
			dwell += (double) e[i]->dwell;
			known_dwell = true;
		}
		if (e[i]->kind == SHOPPER_RETURN)
		{
			returned_lines++;
			if (e[i]->amount == e[i]->amount)
				returned += e[i]->amount;
		}
		if (e[i]->kind != SHOPPER_PURCHASE)
			continue;
		lines++;
		discounted += e[i]->discounted;
		if (e[i]->amount == e[i]->amount)
		{
			f->monetary += e[i]->amount;
			if (e[i]->at >= earlier_from)
				span[e[i]->at >= recent_from] += e[i]->amount;
		}
		if (e[i]->quantity == e[i]->quantity)
			f->quantity += (double) e[i]->quantity;
	}
	f->frequency = find_orders(p, e, n);
	describe_orders(p, f);
	if (!p->has.amount)
		for (int64_t i = 0; i < f->frequency; i++)
			if (p->order_at[i] >= earlier_from)
				span[p->order_at[i] >= recent_from] += 1;
	f->trend = ratio(span[1] - span[0], span[1] + span[0]);
	f->tenure_days = days(e[0]->at, p->as_of);
	f->order_value = p->has.amount ? ratio(f->monetary, (double) f->frequency) : NAN;
	f->basket_lines = ratio((double) lines, (double) f->frequency);
	f->return_share = p->has.amount ? ratio(returned, f->monetary) : ratio((double) returned_lines, (double) lines);
	f->discount_share = p->has.discount ? ratio((double) discounted, (double) lines) : NAN;
	f->items = p->has.item ? count_items(p, e, n) : -1;
	f->categories = f->brands = -1;
	f->top_category = f->top_brand = -1;
	f->top_category_share = f->category_entropy = f->top_brand_share = NAN;
	if (p->has.category)
		describe_levels(p, e, n, false, &f->categories, &f->top_category, &f->top_category_share, &f->category_entropy);
	if (p->has.brand)
		describe_levels(p, e, n, true, &f->brands, &f->top_brand, &f->top_brand_share, &unused);
	f->visits = count_visits(p, e, n);
	f->visits_per_week = (double) f->visits * 7 / (f->tenure_days > 7 ? f->tenure_days : 7);
	f->visit_days = days(e[n - 1]->at, p->as_of);
	f->dwell_seconds = known_dwell ? ratio(dwell, (double) f->visits) : NAN;
	f->orders_per_visit = ratio((double) f->frequency, (double) f->visits);
	if (!p->has.amount)
		f->monetary = NAN;
	if (!p->has.quantity)
		f->quantity = NAN;
	f->buys = p->horizon > 0 ? p->buys[customer] : -1;
	return SHOPPER_OK;
}
