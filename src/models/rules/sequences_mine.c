/*
 * sequences_mine.c: counts which items follow which, one antecedent at a time.
 *
 * A customer's lines are events in the order of time. For one antecedent the events of
 * each customer who has it are walked once, with the times at which the antecedent was
 * complete; the nearest of these before an event decides whether the event follows it.
 * Memory: the events, and for the antecedent at hand one entry for each customer and item.
 */
#include <string.h>

#include "../../core/sort.h"
#include "sequences.h"

#define POLL_STEPS 1000000		/* a step is one event looked at: a few nanoseconds */
#define DAY 86400e6

typedef struct Entry			/* a customer and an item around the antecedent at hand */
{
	int32_t		item;
	int32_t		customer;
	int64_t		gap;
} Entry;

typedef struct Entries
{
	int64_t		n;
	int64_t		capacity;
	Entry	   *entry;			/* as found, by customer */
	int64_t		sorted_capacity;
	Entry	   *sorted;			/* by item */
	int32_t    *count;			/* (items + 1) entries of each item; after sorting, where they end */
	int32_t    *stamp;			/* (items) which walk has seen it */
	int64_t    *place;			/* (items) of the entry of this walk */
	int32_t		walk;
} Entries;

typedef struct Miner
{
	ShopperEnv *env;
	const ShopperSequenceLimits *limits;
	ShopperSequences *s;
	int64_t		capacity;
	int32_t		items;
	int64_t    *start;			/* (customers + 1) events */
	int32_t    *item;
	int64_t    *time;
	int64_t    *holder_start;	/* (items + 1) */
	int32_t    *holder;			/* customers of each item */
	int64_t    *when;			/* (longest customer) times of the antecedent at hand */
	int64_t		n_when;
	double	   *gap;			/* (customers) of one rule, exact: microseconds */
	int64_t		work;
} Miner;

static ShopperStatus
worked(Miner *m, int64_t steps)
{
	m->work += steps + 10;
	if (m->work < POLL_STEPS)
		return SHOPPER_OK;
	m->work = 0;
	return shopper_poll(m->env);
}

/* Time from one moment to a later one; may be longer than an int64_t has. */
static uint64_t
between(int64_t from, int64_t to)
{
	return (uint64_t) to - (uint64_t) from;
}

/* ---- events ---- */

/* Lines of frequent items by customer and time. */
static ShopperStatus
make_events(Miner *m, const ShopperPairs *p)
{
	uint64_t   *key;
	uint32_t   *by_time,
			   *by_customer;
	int64_t		n = 0,
				longest = 0;

	SHOPPER_NEW(m->env, key, p->n);
	SHOPPER_NEW(m->env, by_time, p->n);
	SHOPPER_NEW(m->env, by_customer, p->n);
	for (int64_t i = 0; i < p->n; i++)
	{
		SHOPPER_TRY(worked(m, 0));
		key[i] = (uint64_t) p->time[i] ^ 0x8000000000000000ULL;
	}
	SHOPPER_TRY(shopper_sort_order(m->env, key, by_time, p->n));
	for (int64_t i = 0; i < p->n; i++)
	{
		SHOPPER_TRY(worked(m, 0));
		key[i] = (uint64_t) p->a[by_time[i]];
	}
	SHOPPER_TRY(shopper_sort_order(m->env, key, by_customer, p->n));
	SHOPPER_NEW0(m->env, m->start, m->s->n_customers + 1);
	SHOPPER_NEW(m->env, m->item, p->n);
	SHOPPER_NEW(m->env, m->time, p->n);
	for (int64_t i = 0; i < p->n; i++)
	{
		int64_t		line = by_time[by_customer[i]];

		SHOPPER_TRY(worked(m, 10));
		if (p->b[line] >= m->items)
			continue;
		m->item[n] = p->b[line];
		m->time[n++] = p->time[line];
		m->start[p->a[line] + 1] = n;
	}
	for (int32_t c = 0; c < m->s->n_customers; c++)
	{
		if (m->start[c + 1] < m->start[c])
			m->start[c + 1] = m->start[c];
		if (m->start[c + 1] - m->start[c] > longest)
			longest = m->start[c + 1] - m->start[c];
	}
	SHOPPER_NEW(m->env, m->when, longest);
	shopper_release(m->env, by_customer);
	shopper_release(m->env, by_time);
	shopper_release(m->env, key);
	return SHOPPER_OK;
}

static ShopperStatus
make_holders(Miner *m)
{
	int32_t    *seen;
	int64_t    *next;

	SHOPPER_NEW(m->env, m->holder_start, m->items + 1);
	SHOPPER_NEW(m->env, next, m->items);
	SHOPPER_NEW(m->env, seen, m->items);
	m->holder_start[0] = 0;
	for (int32_t i = 0; i < m->items; i++)
	{
		next[i] = m->holder_start[i];
		m->holder_start[i + 1] = m->holder_start[i] + m->s->items.count[i];
		seen[i] = -1;
	}
	SHOPPER_NEW(m->env, m->holder, m->holder_start[m->items]);
	for (int32_t c = 0; c < m->s->n_customers; c++)
	{
		for (int64_t e = m->start[c]; e < m->start[c + 1]; e++)
			if (seen[m->item[e]] != c)
			{
				seen[m->item[e]] = c;
				m->holder[next[m->item[e]]++] = c;
			}
		SHOPPER_TRY(worked(m, m->start[c + 1] - m->start[c]));
	}
	shopper_release(m->env, seen);
	shopper_release(m->env, next);
	return SHOPPER_OK;
}

/* ---- entries ---- */

static ShopperStatus
entries_init(Miner *m, Entries *e)
{
	memset(e, 0, sizeof(*e));
	SHOPPER_NEW(m->env, e->count, m->items + 1);
	SHOPPER_NEW0(m->env, e->stamp, m->items);
	SHOPPER_NEW(m->env, e->place, m->items);
	return SHOPPER_OK;
}

static void
entries_clear(Miner *m, Entries *e)
{
	e->n = 0;
	memset(e->count, 0, (size_t) (m->items + 1) * sizeof(*e->count));
}

/* The next customer. */
static void
entries_walk(Miner *m, Entries *e)
{
	if (e->walk++ < INT32_MAX - 1)
		return;
	memset(e->stamp, 0, (size_t) m->items * sizeof(*e->stamp));
	e->walk = 1;
}

/* An item was met: the shortest gap of the walk stays. */
static ShopperStatus
entries_add(Miner *m, Entries *e, int32_t item, int32_t customer, int64_t gap)
{
	if (e->stamp[item] == e->walk)
	{
		if (gap < e->entry[e->place[item]].gap)
			e->entry[e->place[item]].gap = gap;
		return SHOPPER_OK;
	}
	SHOPPER_TRY(shopper_grow(m->env, &e->entry, &e->capacity, e->n + 1, sizeof(Entry)));
	e->stamp[item] = e->walk;
	e->place[item] = e->n;
	e->entry[e->n++] = (Entry) {item, customer, gap};
	e->count[item]++;
	return SHOPPER_OK;
}

/* Afterwards the entries of an item are sorted[count[item - 1] .. count[item] - 1]. */
static ShopperStatus
entries_sort(Miner *m, Entries *e)
{
	int32_t		end = 0;

	SHOPPER_TRY(shopper_grow(m->env, &e->sorted, &e->sorted_capacity, e->n, sizeof(Entry)));
	for (int32_t i = 0; i < m->items; i++)
	{
		int32_t		n = e->count[i];

		e->count[i] = end;
		end += n;
	}
	for (int64_t i = 0; i < e->n; i++)
		e->sorted[e->count[e->entry[i].item]++] = e->entry[i];
	return worked(m, 2 * e->n + m->items);
}

/* ---- rules of one antecedent ---- */

/* The events of a customer that follow the times in when. */
static ShopperStatus
follow(Miner *m, Entries *after, int32_t customer)
{
	uint64_t	least = m->limits->min_gap > 0 ? (uint64_t) m->limits->min_gap : 1;
	int64_t		k = -1;

	if (m->n_when == 0)
		return SHOPPER_OK;
	entries_walk(m, after);
	for (int64_t e = m->start[customer]; e < m->start[customer + 1]; e++)
	{
		while (k + 1 < m->n_when && m->when[k + 1] < m->time[e] && between(m->when[k + 1], m->time[e]) >= least)
			k++;
		if (k >= 0 && between(m->when[k], m->time[e]) <= (uint64_t) m->limits->max_gap)
			SHOPPER_TRY(entries_add(m, after, m->item[e], customer, (int64_t) between(m->when[k], m->time[e])));
	}
	return worked(m, m->start[customer + 1] - m->start[customer]);
}

static ShopperStatus
add_rule(Miner *m, ShopperSequenceRule rule, const Entry *entry)
{
	ShopperSequences *s = m->s;
	double		sum = 0,
				lower;
	int64_t		half = rule.count / 2;

	for (int32_t i = 0; i < rule.count; i++)
	{
		m->gap[i] = (double) entry[i].gap;
		sum += (double) entry[i].gap;
	}
	shopper_select(m->gap, rule.count, half);
	lower = m->gap[half];
	if (rule.count % 2 == 0)
	{
		lower = m->gap[0];
		for (int64_t i = 1; i < half; i++)
			if (m->gap[i] > lower)
				lower = m->gap[i];
	}
	rule.mean_days = sum / rule.count / DAY;
	rule.median_days = (m->gap[half] + lower) / 2 / DAY;
	if (s->n >= m->limits->max_rules)
	{
		shopper_fail(m->env, SHOPPER_LIMIT, "more than %lld sequence rules", (long long) m->limits->max_rules);
		shopper_hint(m->env, "Raise min_support or min_confidence, or max_rules.");
		return SHOPPER_LIMIT;
	}
	SHOPPER_TRY(shopper_grow(m->env, &s->rule, &m->capacity, s->n + 1, sizeof(ShopperSequenceRule)));
	s->rule[s->n++] = rule;
	return worked(m, 10 * rule.count);
}

static ShopperStatus
add_rules(Miner *m, Entries *after, int32_t first, int32_t second, int32_t antecedent_count)
{
	SHOPPER_TRY(entries_sort(m, after));
	for (int32_t y = 0; y < m->items; y++)
	{
		int32_t		from = y > 0 ? after->count[y - 1] : 0,
					n = after->count[y] - from;

		if (n >= m->limits->min_count && (double) n / antecedent_count >= m->limits->min_confidence)
			SHOPPER_TRY(add_rule(m, (ShopperSequenceRule) {first, second, y, n, antecedent_count, 0, 0}, after->sorted + from));
	}
	return SHOPPER_OK;
}

/* The times at which a customer has both items (or the one, second -1) within the window. */
static void
complete(Miner *m, int32_t customer, int32_t first, int32_t second)
{
	int64_t		last[2] = {0, 0};
	bool		has[2] = {false, false};

	m->n_when = 0;
	for (int64_t e = m->start[customer]; e < m->start[customer + 1]; e++)
	{
		int			which = m->item[e] == second;

		if (m->item[e] != first && !which)
			continue;
		has[which] = true;
		last[which] = m->time[e];
		if (second < 0 || (has[!which] && between(last[!which], m->time[e]) <= (uint64_t) m->limits->window))
			m->when[m->n_when++] = m->time[e];
	}
}

/* Items above `item` that a customer bought within the window around it; when[] has the times of `item`. */
static ShopperStatus
partners(Miner *m, Entries *with, int32_t item, int32_t customer)
{
	int64_t		k = 0;
	uint64_t	window = (uint64_t) m->limits->window;

	entries_walk(m, with);
	for (int64_t e = m->start[customer]; e < m->start[customer + 1]; e++)
	{
		while (k < m->n_when && m->when[k] < m->time[e])
			k++;				/* the first time that is not before the event */
		if (m->item[e] > item && ((k < m->n_when && between(m->time[e], m->when[k]) <= window)
								  || (k > 0 && between(m->when[k - 1], m->time[e]) <= window)))
			SHOPPER_TRY(entries_add(m, with, m->item[e], customer, 0));
	}
	return worked(m, m->start[customer + 1] - m->start[customer]);
}

static ShopperStatus
mine_item(Miner *m, Entries *with, Entries *after, int32_t item)
{
	entries_clear(m, with);
	entries_clear(m, after);
	for (int64_t h = m->holder_start[item]; h < m->holder_start[item + 1]; h++)
	{
		complete(m, m->holder[h], item, -1);
		SHOPPER_TRY(follow(m, after, m->holder[h]));
		if (m->limits->max_antecedent > 1)
			SHOPPER_TRY(partners(m, with, item, m->holder[h]));
	}
	SHOPPER_TRY(add_rules(m, after, item, -1, (int32_t) m->s->items.count[item]));
	if (m->limits->max_antecedent < 2)
		return SHOPPER_OK;
	SHOPPER_TRY(entries_sort(m, with));
	for (int32_t z = item + 1; z < m->items; z++)
	{
		int32_t		from = with->count[z - 1],
					n = with->count[z] - from;

		if (n < m->limits->min_count)
			continue;
		entries_clear(m, after);
		for (int32_t i = 0; i < n; i++)
		{
			complete(m, with->sorted[from + i].customer, item, z);
			SHOPPER_TRY(follow(m, after, with->sorted[from + i].customer));
		}
		SHOPPER_TRY(add_rules(m, after, item, z, n));
	}
	return SHOPPER_OK;
}

/* ---- the best first ---- */

double
shopper_sequence_lift(const ShopperSequences *s, const ShopperSequenceRule *rule)
{
	return (double) rule->count * s->n_customers / ((double) rule->antecedent_count * (double) s->items.count[rule->consequent]);
}

static ShopperStatus
sort_rules(ShopperEnv *env, ShopperSequences *s)
{
	ShopperSequenceRule *sorted;
	uint64_t   *key;
	uint32_t   *order;

	SHOPPER_NEW(env, key, s->n);
	SHOPPER_NEW(env, order, s->n);
	SHOPPER_NEW(env, sorted, s->n);
	for (int by = 0; by < 3 && s->n > 1; by++)	/* stable: the least important first */
	{
		ShopperSequenceRule *unsorted = s->rule;

		for (int64_t i = 0; i < s->n; i++)
		{
			const ShopperSequenceRule *r = &s->rule[i];

			if ((i & 0xfffff) == 0)
				SHOPPER_TRY(shopper_poll(env));
			key[i] = shopper_sortable(by == 0 ? -r->count : by == 1 ? -(double) r->count / r->antecedent_count : -shopper_sequence_lift(s, r));
		}
		SHOPPER_TRY(shopper_sort_order(env, key, order, s->n));
		for (int64_t i = 0; i < s->n; i++)
			sorted[i] = s->rule[order[i]];
		s->rule = sorted;
		sorted = unsorted;
	}
	shopper_release(env, sorted);
	shopper_release(env, order);
	shopper_release(env, key);
	return SHOPPER_OK;
}

ShopperStatus
shopper_sequences_mine(ShopperEnv *env, const ShopperPairs *pairs, const ShopperSequenceLimits *limits, ShopperSequences *s)
{
	Miner		m = {.env = env,.limits = limits,.s = s,.items = (int32_t) s->items.n};
	Entries		with,
				after;

	SHOPPER_TRY(make_events(&m, pairs));
	SHOPPER_TRY(make_holders(&m));
	SHOPPER_TRY(entries_init(&m, &with));
	SHOPPER_TRY(entries_init(&m, &after));
	SHOPPER_NEW(env, m.gap, s->n_customers);
	for (int32_t item = 0; item < m.items; item++)
		SHOPPER_TRY(mine_item(&m, &with, &after, item));
	return sort_rules(env, s);
}
