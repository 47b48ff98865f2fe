/*
 * mine.c: ranking items, and the miner that projects the database item by item.
 *
 * Occurrence deliver after T. Uno, M. Kiyomi and H. Arimura, "LCM ver. 2: efficient
 * mining algorithms for frequent/closed/maximal itemsets" (FIMI 2004), in the variant
 * for all frequent sets: for an item, walk through its transactions and count the more
 * frequent items in them. The counters stay in the first cache, which a triangle of
 * all pairs does not. What is frequent beside the item becomes its projected database:
 * as words when 64 items are enough (bitmine.h), else as a list like the first one.
 */
#include "mine.h"

#include <math.h>
#include <string.h>

#include "../../core/sort.h"
#include "bitmine.h"

#define AHEAD 16				/* occurrences that a prefetch runs ahead; 4 to 16 measured alike, none a third slower */

#define RARE 64				/* occurrences weighed against looking at one counter each */

/*
 * Transactions as one array of ranks, each transaction rising behind a -1. place holds,
 * rank by rank, where each item occurs in it, so that the items more frequent than an
 * occurrence are found by walking back to the -1.
 */
typedef struct Lists
{
	int32_t		n;				/* items */
	const int32_t *code;		/* (n) the caller's codes */
	const int32_t *count;		/* (n) transactions that hold the item */
	int32_t    *flat;
	int64_t    *from;			/* (n + 1) into place */
	uint32_t   *place;
	int32_t    *beside;			/* (n) counters, all 0 between items */
	int32_t    *partner;		/* (n) items frequent beside the current one, rising */
	uint8_t    *bit;			/* (n) their bits, NO_BIT for the others */
} Lists;

#define NO_BIT 64

typedef struct Miner
{
	ShopperEnv *env;
	const ShopperMineLimits *limits;
	ShopperFound *found;
	ShopperBitMiner *bits;
	uint64_t	bit_value[NO_BIT + 1];	/* 1 << bit; NO_BIT: 0 */
	int64_t		work;
} Miner;

int64_t
shopper_min_count(double support, int64_t n)
{
	double		count = support * (double) n;

	/* support and product are rounded by 2^-53 each: 0.05 * 100000 must not become 5001 */
	count = ceil(count * (1 - 1e-15));
	return count < 1 ? 1 : (int64_t) count;
}

ShopperStatus
shopper_too_many_sets(ShopperEnv *env, const ShopperMineLimits *limits)
{
	shopper_fail(env, SHOPPER_LIMIT, "more than %lld frequent item sets", (long long) limits->max_itemsets);
	shopper_detail(env, "An item set is frequent here when it is in at least %lld basket%s.", (long long) limits->min_count,
				   limits->min_count == 1 ? "" : "s");
	shopper_hint(env, "Raise min_support or min_count, set max_length, or raise max_itemsets.");
	return SHOPPER_LIMIT;
}

ShopperStatus
shopper_rank_items(ShopperEnv *env, const ShopperTransactions *t, int64_t min_count, ShopperRanks *ranks)
{
	int32_t    *count;
	uint64_t   *key;
	uint32_t   *order;
	int64_t		work = 0;

	memset(ranks, 0, sizeof(*ranks));
	SHOPPER_NEW0(env, count, t->n_items);
	SHOPPER_NEW(env, ranks->rank_of, t->n_items);
	for (int64_t from = 0; from < t->start[t->n]; from += 1 << 20)
	{
		int64_t		to = from + (1 << 20) < t->start[t->n] ? from + (1 << 20) : t->start[t->n];

		SHOPPER_TRY(shopper_poll(env));
		for (int64_t i = from; i < to; i++)
			count[t->item[i]]++;
	}
	for (int32_t i = 0; i < t->n_items; i++)
		ranks->n += count[i] >= min_count;
	SHOPPER_NEW(env, key, ranks->n);
	SHOPPER_NEW(env, order, ranks->n);
	SHOPPER_NEW(env, ranks->code, ranks->n);
	SHOPPER_NEW(env, ranks->count, ranks->n);
	ranks->n = 0;
	for (int32_t i = 0; i < t->n_items; i++)
	{
		ranks->rank_of[i] = -1;
		if (count[i] < min_count)
			continue;
		key[ranks->n] = (uint64_t) (INT32_MAX - count[i]);
		ranks->code[ranks->n++] = i;
	}
	SHOPPER_TRY(shopper_sort_order(env, key, order, ranks->n));
	for (int32_t r = 0; r < ranks->n; r++)
		ranks->rank_of[ranks->code[order[r]]] = r;
	for (int32_t i = 0; i < t->n_items; i++)
		if (ranks->rank_of[i] >= 0)
		{
			ranks->code[ranks->rank_of[i]] = i;
			ranks->count[ranks->rank_of[i]] = count[i];
		}
	shopper_release(env, order);
	shopper_release(env, key);
	shopper_release(env, count);
	return shopper_mine_worked(env, &work, t->n_items);
}

/* ---- few items: words from the start ---- */

static ShopperStatus
mine_words(Miner *m, const ShopperTransactions *t, const ShopperRanks *ranks)
{
	ShopperBitLevel *level = &m->bits->level[0];
	uint64_t   *value;
	int			perfect = 0;

	SHOPPER_NEW0(m->env, value, t->n_items);
	for (int32_t r = 0; r < ranks->n; r++)
	{
		if (ranks->count[r] == t->n && !m->found->keep)
		{
			perfect++;
			continue;
		}
		level->code[level->items] = ranks->code[r];
		level->count[level->items] = ranks->count[r];
		value[ranks->code[r]] = (uint64_t) 1 << level->items++;
	}
	m->bits->tally[perfect][0] = 1;	/* the empty set, of which the perfect extensions are sets */
	SHOPPER_TRY(shopper_bitlevel_reserve(m->bits, level, t->n));
	for (int64_t i = 0; i < t->n; i++)
	{
		uint64_t	mask = 0;

		for (int64_t at = t->start[i]; at < t->start[i + 1]; at++)
			mask |= value[t->item[at]];
		level->mask[level->n] = mask;
		level->weight[level->n] = 1;
		level->n += mask != 0;
		SHOPPER_TRY(shopper_mine_worked(m->env, &m->work, t->start[i + 1] - t->start[i]));
	}
	shopper_release(m->env, value);
	SHOPPER_TRY(shopper_bitlevel_merge(m->bits, level));
	return shopper_bitmine(m->bits, 0, perfect);
}

/* ---- many items: lists ---- */

static ShopperStatus
alloc_lists(ShopperEnv *env, Lists *l, int32_t n, int64_t n_places, int64_t n_transactions)
{
	l->n = n;
	SHOPPER_NEW(env, l->flat, n_places + n_transactions + 1);
	SHOPPER_NEW(env, l->place, n_places);
	SHOPPER_NEW0(env, l->from, (int64_t) n + 1);
	SHOPPER_NEW0(env, l->beside, n);
	SHOPPER_NEW(env, l->partner, n);
	SHOPPER_NEW(env, l->bit, n);
	memset(l->bit, NO_BIT, (size_t) n);
	return SHOPPER_OK;
}

static void
free_lists(ShopperEnv *env, Lists *l)
{
	shopper_release(env, l->flat);
	shopper_release(env, l->place);
	shopper_release(env, l->from);
	shopper_release(env, l->beside);
	shopper_release(env, l->partner);
	shopper_release(env, l->bit);
}

/* Transactions with at least two frequent items: how many, and their frequent items in all and by rank. */
static ShopperStatus
count_places(Miner *m, const ShopperTransactions *t, const ShopperRanks *ranks, int32_t *length, int64_t *by_rank,
			 int64_t *n_places, int64_t *n_transactions)
{
	*n_places = *n_transactions = 0;
	for (int64_t i = 0; i < t->n; i++)
	{
		int32_t		n = 0;

		for (int64_t at = t->start[i]; at < t->start[i + 1]; at++)
			n += ranks->rank_of[t->item[at]] >= 0;
		length[i] = n < 2 ? 0 : n;
		SHOPPER_TRY(shopper_mine_worked(m->env, &m->work, t->start[i + 1] - t->start[i]));
		if (n < 2)
			continue;
		*n_places += n;
		++*n_transactions;
		for (int64_t at = t->start[i]; at < t->start[i + 1]; at++)
			if (ranks->rank_of[t->item[at]] >= 0)
				by_rank[ranks->rank_of[t->item[at]]]++;
	}
	return SHOPPER_OK;
}

/*
 * Turn the transactions twice: first into the transactions of each item, then, item by
 * item, back into transactions, which so become sorted by rank without sorting.
 */
static ShopperStatus
build_lists(Miner *m, const ShopperTransactions *t, const ShopperRanks *ranks, Lists *l)
{
	int64_t		n_places,
				n_transactions,
			   *by_rank;
	int32_t    *length;
	uint32_t   *fill,			/* (t->n) next free place of each transaction */
				next = 0;

	SHOPPER_NEW(m->env, length, t->n);
	SHOPPER_NEW0(m->env, by_rank, ranks->n + 1);
	SHOPPER_TRY(count_places(m, t, ranks, length, by_rank, &n_places, &n_transactions));
	if (n_places + n_transactions > UINT32_MAX)
		return shopper_fail(m->env, SHOPPER_LIMIT, "more than %u frequent items in all baskets", UINT32_MAX);
	SHOPPER_TRY(alloc_lists(m->env, l, ranks->n, n_places, n_transactions));
	SHOPPER_NEW(m->env, fill, t->n);
	for (int32_t r = 0; r < l->n; r++)
	{
		l->from[r + 1] = l->from[r] + by_rank[r];
		by_rank[r] = l->from[r];
	}
	for (int64_t i = 0; i < t->n; i++)
	{
		if (length[i] == 0)
			continue;
		l->flat[next] = -1;
		fill[i] = next + 1;
		next += (uint32_t) length[i] + 1;
		for (int64_t at = t->start[i]; at < t->start[i + 1]; at++)
		{
			int32_t		r = ranks->rank_of[t->item[at]];

			if (r >= 0)
				l->place[by_rank[r]++] = (uint32_t) i;
		}
		SHOPPER_TRY(shopper_mine_worked(m->env, &m->work, 2 * (t->start[i + 1] - t->start[i])));
	}
	for (int32_t r = 0; r < l->n; r++)
	{
		for (int64_t k = l->from[r]; k < l->from[r + 1]; k++)
		{
			uint32_t	at = fill[l->place[k]]++;

			l->flat[at] = r;
			l->place[k] = at;
		}
		SHOPPER_TRY(shopper_mine_worked(m->env, &m->work, 4 * (l->from[r + 1] - l->from[r])));
	}
	l->code = ranks->code;
	l->count = ranks->count;
	shopper_release(m->env, fill);
	shopper_release(m->env, length);
	shopper_release(m->env, by_rank);
	return SHOPPER_OK;
}

/* Shell sort with the gaps of M. Ciura (2001): short lists, in place. */
static void
sort_ranks(int32_t *rank, int32_t n)
{
	static const int32_t gaps[] = {1577021, 701149, 311727, 138561, 61587, 27379, 12169, 5405, 2403, 1068, 475, 211, 93, 41, 17, 7, 3, 1};

	for (size_t g = 0; g < sizeof(gaps) / sizeof(gaps[0]); g++)
		for (int32_t i = gaps[g]; i < n; i++)
		{
			int32_t		moving = rank[i],
						at = i;

			for (; at >= gaps[g] && rank[at - gaps[g]] > moving; at -= gaps[g])
				rank[at] = rank[at - gaps[g]];
			rank[at] = moving;
		}
}

/*
 * find_partners() for an item so rare that looking through all counters would take
 * longer than the walk itself: the counters that were touched are noted.
 */
static ShopperStatus
find_partners_of_rare(Miner *m, Lists *l, int32_t i, int32_t *n_partners)
{
	int32_t		touched = 0,
				n = 0;
	int64_t		steps = 0;

	for (int64_t k = l->from[i]; k < l->from[i + 1]; k++)
		for (const int32_t *at = l->flat + l->place[k] - 1; *at >= 0; at--, steps++)
			if (l->beside[*at]++ == 0)
				l->partner[touched++] = *at;
	for (int32_t p = 0; p < touched; p++)
	{
		int32_t		x = l->partner[p];

		if (l->beside[x] >= m->limits->min_count)
			l->partner[n++] = x;
		else
			l->beside[x] = 0;
	}
	sort_ranks(l->partner, n);
	*n_partners = n;
	return shopper_mine_worked(m->env, &m->work, 4 * steps);
}

/* Count what stands beside item i and collect the frequent partners; the counters of the others are cleared. */
static ShopperStatus
find_partners(Miner *m, Lists *l, int32_t i, int32_t *n_partners)
{
	int32_t		min_count = (int32_t) m->limits->min_count;
	int64_t		from = l->from[i],
				to = l->from[i + 1],
				steps = 0;
	int32_t		n = 0;

	if ((to - from) * RARE < i)
		return find_partners_of_rare(m, l, i, n_partners);
	for (int64_t k = from; k < to; k++)
	{
		const int32_t *at = l->flat + l->place[k] - 1;

		__builtin_prefetch(l->flat + l->place[k + AHEAD < to ? k + AHEAD : k]);
		for (; *at >= 0; at--, steps++)
			l->beside[*at]++;
		if ((k & 4095) == 0)
		{
			SHOPPER_TRY(shopper_mine_worked(m->env, &m->work, steps));
			steps = 0;
		}
	}
	for (int32_t x = 0; x < i; x++)
	{
		if (l->beside[x] >= min_count)
			l->partner[n++] = x;
		else
			l->beside[x] = 0;
	}
	*n_partners = n;
	return shopper_mine_worked(m->env, &m->work, steps + i / 2);
}

/* The transactions of item i as words over its partners. */
static ShopperStatus
mine_partner_words(Miner *m, Lists *l, int32_t i, int32_t n_partners, int depth)
{
	ShopperBitLevel *level = &m->bits->level[0];
	int			perfect = 0;
	int64_t		n = 0,
				steps = 0;

	level->items = 0;
	for (int32_t p = 0; p < n_partners; p++)
	{
		int32_t		x = l->partner[p];

		if (l->beside[x] == l->count[i] && !m->found->keep)
		{
			perfect++;
			continue;
		}
		level->code[level->items] = l->code[x];
		level->count[level->items] = l->beside[x];
		l->bit[x] = (uint8_t) level->items++;
	}
	if (!m->found->keep)
		SHOPPER_TRY(shopper_bitmine_tally(m->bits, 1, depth, perfect));
	if (level->items > 1)
	{
		SHOPPER_TRY(shopper_bitlevel_reserve(m->bits, level, l->from[i + 1] - l->from[i]));
		for (int64_t k = l->from[i]; k < l->from[i + 1]; k++)
		{
			const int32_t *at = l->flat + l->place[k] - 1;
			uint64_t	mask = 0;

			__builtin_prefetch(l->flat + l->place[k + AHEAD < l->from[i + 1] ? k + AHEAD : k]);
			for (; *at >= 0; at--, steps++)
				mask |= m->bit_value[l->bit[*at]];
			level->mask[n] = mask;
			level->weight[n] = 1;
			n += (mask & (mask - 1)) != 0;	/* one item alone is counted already */
		}
	}
	level->n = n;
	for (int32_t p = 0; p < n_partners; p++)
		l->bit[l->partner[p]] = NO_BIT;
	SHOPPER_TRY(shopper_mine_worked(m->env, &m->work, steps));
	return shopper_bitmine(m->bits, depth, perfect);
}

static ShopperStatus mine_lists(Miner *m, Lists *l, int depth);

/* The transactions of item i as lists over its partners, whose codes and counts are given. */
static ShopperStatus
project_lists(Miner *m, Lists *l, int32_t i, int32_t n_partners, Lists *to)
{
	int32_t    *new_rank;
	int64_t		n_places = 0,
				used = 0;

	for (int32_t p = 0; p < n_partners; p++)
		n_places += l->beside[l->partner[p]];
	SHOPPER_TRY(alloc_lists(m->env, to, n_partners, n_places, l->from[i + 1] - l->from[i]));
	SHOPPER_NEW(m->env, new_rank, l->n);
	memset(new_rank, -1, (size_t) l->n * sizeof(*new_rank));
	for (int32_t p = 0; p < n_partners; p++)
		new_rank[l->partner[p]] = p;
	for (int64_t k = l->from[i]; k < l->from[i + 1]; k++)
	{
		const int32_t *at = l->flat + l->place[k] - 1;
		int64_t		steps = 0,
					begin = used + 1;

		while (at[-steps] >= 0)
			steps++;
		to->flat[used++] = -1;
		for (int64_t s = steps - 1; s >= 0; s--)
			if (new_rank[at[-s]] >= 0)
				to->flat[used++] = new_rank[at[-s]];
		if (used - begin < 2)
			used = begin - 1;	/* no pair in it */
		for (int64_t p = begin; p < used; p++)
			to->from[to->flat[p] + 1]++;
		SHOPPER_TRY(shopper_mine_worked(m->env, &m->work, 3 * steps));
	}
	shopper_release(m->env, new_rank);
	for (int32_t r = 0; r < to->n; r++)
		to->from[r + 1] += to->from[r];
	n_places = to->from[to->n];
	for (int64_t p = used - 1; p >= 0; p--)
	{
		if (to->flat[p] >= 0)
			to->place[--to->from[to->flat[p] + 1]] = (uint32_t) p;
		if ((p & 0xfffff) == 0)
			SHOPPER_TRY(shopper_poll(m->env));
	}
	/* each from[r + 1] has come down to the beginning of r: move them to their own items */
	memmove(to->from, to->from + 1, (size_t) to->n * sizeof(*to->from));
	to->from[to->n] = n_places;
	return SHOPPER_OK;
}

static ShopperStatus
mine_partner_lists(Miner *m, Lists *l, int32_t i, int32_t n_partners, int depth)
{
	Lists		next = {0};
	int32_t    *code,
			   *count;

	SHOPPER_NEW(m->env, code, n_partners);
	SHOPPER_NEW(m->env, count, n_partners);
	for (int32_t p = 0; p < n_partners; p++)
	{
		code[p] = l->code[l->partner[p]];
		count[p] = l->beside[l->partner[p]];
	}
	SHOPPER_TRY(project_lists(m, l, i, n_partners, &next));
	next.code = code;
	next.count = count;
	if (!m->found->keep)
		SHOPPER_TRY(shopper_bitmine_tally(m->bits, 1, depth, 0));
	SHOPPER_TRY(mine_lists(m, &next, depth));
	free_lists(m->env, &next);
	shopper_release(m->env, code);
	shopper_release(m->env, count);
	return SHOPPER_OK;
}

/* All frequent sets of l behind a prefix of `depth` items. */
static ShopperStatus
mine_lists(Miner *m, Lists *l, int depth)
{
	for (int32_t i = 0; i < l->n; i++)
	{
		int32_t		n_partners = 0;

		if (m->found->keep)
			SHOPPER_TRY(shopper_found_add(m->env, m->limits, m->found, l->code[i], l->count[i], depth + 1));
		if (depth + 1 < m->limits->max_length && l->from[i + 1] - l->from[i] >= m->limits->min_count)
			SHOPPER_TRY(find_partners(m, l, i, &n_partners));
		if (n_partners == 0 && !m->found->keep)
			SHOPPER_TRY(shopper_bitmine_tally(m->bits, 1, depth + 1, 0));
		else if (n_partners > SHOPPER_WORD_ITEMS)
			SHOPPER_TRY(mine_partner_lists(m, l, i, n_partners, depth + 1));
		else if (n_partners > 0)
			SHOPPER_TRY(mine_partner_words(m, l, i, n_partners, depth + 1));
		for (int32_t p = 0; p < n_partners; p++)
			l->beside[l->partner[p]] = 0;
	}
	return SHOPPER_OK;
}

ShopperStatus
shopper_mine_lcm(ShopperEnv *env, const ShopperTransactions *t, const ShopperMineLimits *limits, ShopperFound *found)
{
	Miner		m = {.env = env, .limits = limits, .found = found};
	ShopperRanks ranks;
	bool		keep = found->keep;

	memset(found, 0, sizeof(*found));
	found->keep = keep;
	SHOPPER_TRY(shopper_rank_items(env, t, limits->min_count, &ranks));
	if (ranks.n == 0)
		return SHOPPER_OK;
	for (int b = 0; b < NO_BIT; b++)
		m.bit_value[b] = (uint64_t) 1 << b;
	SHOPPER_TRY(shopper_bitminer_create(env, limits, found, &m.bits));
	if (ranks.n <= SHOPPER_WORD_ITEMS)
		SHOPPER_TRY(mine_words(&m, t, &ranks));
	else
	{
		Lists		l = {0};

		SHOPPER_TRY(build_lists(&m, t, &ranks, &l));
		SHOPPER_TRY(mine_lists(&m, &l, 0));
		free_lists(env, &l);
	}
	return shopper_bitminer_finish(m.bits);
}
