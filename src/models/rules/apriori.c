/*
 * apriori.c: counting level by level (R. Agrawal and R. Srikant, "Fast algorithms for
 * mining association rules", VLDB 1994), with the candidates in a prefix tree.
 *
 * Sets of one length are a level: nodes sorted by parent, then item. The candidates
 * below a node are its elder siblings' items, left out when a subset is infrequent;
 * each transaction walks down the tree to the candidates that it holds.
 */
#include <string.h>

#include "bitmine.h"
#include "mine.h"

#define MAX_CANDIDATES 100000000	/* of one level; 8 bytes each while pairs are counted */

typedef struct Level
{
	int64_t		n;
	int64_t		capacity;
	int32_t    *item;			/* (n) rank */
	int32_t    *count;			/* (n) */
	int32_t    *parent;			/* (n) into the level above */
	int32_t    *first;			/* (n + 1) children in the level below, when there is one */
	bool	   *leads;			/* (n) to a candidate of the level being counted */
} Level;

typedef struct Miner
{
	ShopperEnv *env;
	const ShopperMineLimits *limits;
	ShopperFound *found;
	ShopperRanks ranks;
	int64_t    *start;			/* transactions of at least two frequent items, ranks rising */
	int32_t    *rank;
	int64_t		n;
	bool	   *holds;			/* (ranks.n) of the current transaction */
	int64_t		work;
	Level		level[SHOPPER_MAX_SET_LENGTH + 1];	/* level[k]: sets of k + 1 items */
} Miner;

static ShopperStatus
too_many_candidates(Miner *m, int length)
{
	shopper_fail(m->env, SHOPPER_LIMIT, "apriori would have to count more than %d candidates of %d items", MAX_CANDIDATES, length);
	shopper_hint(m->env, "Use method 'auto', or raise min_support.");
	return SHOPPER_LIMIT;
}

static ShopperStatus
recode(Miner *m, const ShopperTransactions *t)
{
	int64_t		used = 0;

	SHOPPER_NEW(m->env, m->start, t->n + 1);
	SHOPPER_NEW(m->env, m->rank, t->start[t->n]);
	m->start[0] = 0;
	for (int64_t i = 0; i < t->n; i++)
	{
		int64_t		begin = used,
					moved = 0;

		for (int64_t at = t->start[i]; at < t->start[i + 1]; at++)
		{
			int32_t		r = m->ranks.rank_of[t->item[at]];
			int64_t		to = used;

			if (r < 0)
				continue;
			for (; to > begin && m->rank[to - 1] > r; to--, moved++)
				m->rank[to] = m->rank[to - 1];
			m->rank[to] = r;
			used++;
		}
		if (used - begin < 2)
			used = begin;
		else
			m->start[++m->n] = used;
		SHOPPER_TRY(shopper_mine_worked(m->env, &m->work, t->start[i + 1] - t->start[i] + moved));
	}
	return SHOPPER_OK;
}

static ShopperStatus
add_node(Miner *m, Level *level, int32_t parent, int32_t item, int32_t count)
{
	if (level->n == level->capacity)
	{
		int64_t		capacity = level->capacity;

		SHOPPER_TRY(shopper_grow(m->env, &level->item, &capacity, level->n + 1, sizeof(int32_t)));
		capacity = level->capacity;
		SHOPPER_TRY(shopper_grow(m->env, &level->count, &capacity, level->n + 1, sizeof(int32_t)));
		capacity = level->capacity;
		SHOPPER_TRY(shopper_grow(m->env, &level->parent, &capacity, level->n + 1, sizeof(int32_t)));
		level->capacity = capacity;
	}
	level->item[level->n] = item;
	level->count[level->n] = count;
	level->parent[level->n++] = parent;
	return SHOPPER_OK;
}

/* Set first[] of the nodes above a level that is complete. */
static ShopperStatus
link_level(Miner *m, int k)
{
	Level	   *above = &m->level[k - 1],
			   *level = &m->level[k];

	if (above->first == NULL)
		SHOPPER_NEW(m->env, above->first, above->n + 1);
	memset(above->first, 0, (size_t) (above->n + 1) * sizeof(*above->first));
	for (int64_t i = 0; i < level->n; i++)
		above->first[level->parent[i] + 1]++;
	for (int64_t i = 0; i < above->n; i++)
		above->first[i + 1] += above->first[i];
	return shopper_mine_worked(m->env, &m->work, above->n + level->n);
}

/* ---- pairs: counted in a triangle ---- */

static ShopperStatus
count_pairs(Miner *m)
{
	int64_t		pairs = (int64_t) m->ranks.n * (m->ranks.n - 1) / 2;
	int32_t    *pair;

	if (pairs > MAX_CANDIDATES)
		return too_many_candidates(m, 2);
	SHOPPER_NEW0(m->env, pair, pairs);
	for (int64_t t = 0; t < m->n; t++)
	{
		int64_t		n = m->start[t + 1] - m->start[t];
		const int32_t *rank = m->rank + m->start[t];

		for (int64_t i = 1; i < n; i++)
		{
			int32_t    *row = pair + (int64_t) rank[i] * (rank[i] - 1) / 2;

			for (int64_t j = 0; j < i; j++)
				row[rank[j]]++;
			SHOPPER_TRY(shopper_mine_worked(m->env, &m->work, 2 * i));
		}
	}
	for (int32_t i = 1; i < m->ranks.n; i++)
	{
		const int32_t *row = pair + (int64_t) i * (i - 1) / 2;

		for (int32_t j = 0; j < i; j++)
			if (row[j] >= m->limits->min_count)
				SHOPPER_TRY(add_node(m, &m->level[1], i, j, row[j]));
		SHOPPER_TRY(shopper_mine_worked(m->env, &m->work, i));
	}
	shopper_release(m->env, pair);
	return SHOPPER_OK;
}

/* ---- longer sets ---- */

/* The child with this item, or -1. */
static int32_t
child(const Level *level, const Level *below, int32_t node, int32_t item)
{
	int32_t		low = level->first[node],
				high = level->first[node + 1];

	while (low < high)
	{
		int32_t		middle = low + (high - low) / 2;

		if (below->item[middle] < item)
			low = middle + 1;
		else
			high = middle;
	}
	return low < level->first[node + 1] && below->item[low] == item ? low : -1;
}

/* Are all subsets of path[0 .. k] that leave out one of its first k - 1 items frequent? */
static bool
subsets_frequent(const Miner *m, const int32_t *path, int k)
{
	for (int without = 0; without < k - 1; without++)
	{
		int32_t		node = -1;
		int			depth = 0;

		for (int i = 0; i <= k; i++)
		{
			if (i == without)
				continue;
			node = depth == 0 ? path[i] : child(&m->level[depth - 1], &m->level[depth], node, path[i]);
			if (node < 0)
				return false;
			depth++;
		}
	}
	return true;
}

/* The candidates of k + 1 items, from the frequent sets of k: a set and the items of its elder siblings. */
static ShopperStatus
add_candidates(Miner *m, int k)
{
	const Level *above = &m->level[k - 1];
	int32_t		path[SHOPPER_MAX_SET_LENGTH + 1];

	for (int32_t node = 0; node < above->n; node++)
	{
		int32_t		at = node;

		for (int depth = k - 1; depth >= 0; depth--)
		{
			path[depth] = m->level[depth].item[at];
			at = depth > 0 ? m->level[depth].parent[at] : 0;
		}
		for (int32_t elder = m->level[k - 2].first[above->parent[node]]; elder < node; elder++)
		{
			path[k] = above->item[elder];
			SHOPPER_TRY(shopper_mine_worked(m->env, &m->work, k * k * 4));
			if (!subsets_frequent(m, path, k))
				continue;
			SHOPPER_TRY(add_node(m, &m->level[k], node, path[k], 0));
			if (m->level[k].n > MAX_CANDIDATES)
				return too_many_candidates(m, k + 1);
		}
	}
	return SHOPPER_OK;
}

/* Mark the nodes above the candidates, so that the walk leaves out dead branches. */
static ShopperStatus
mark_leading(Miner *m, int k)
{
	for (int depth = k - 1; depth >= 0; depth--)
	{
		Level	   *level = &m->level[depth],
				   *below = &m->level[depth + 1];

		if (level->leads == NULL)
			SHOPPER_NEW(m->env, level->leads, level->n);
		memset(level->leads, 0, (size_t) level->n * sizeof(bool));
		for (int64_t i = 0; i < below->n; i++)
			if (depth + 1 == k || below->leads[i])
				level->leads[below->parent[i]] = true;
		SHOPPER_TRY(shopper_mine_worked(m->env, &m->work, below->n));
	}
	return SHOPPER_OK;
}

/* Count the candidates (level k) below a node of level `depth` for the marked transaction: steps taken. */
static int64_t
count_below(Miner *m, int depth, int32_t node, int k)
{
	const Level *level = &m->level[depth];
	Level	   *below = &m->level[depth + 1];
	int64_t		steps = level->first[node + 1] - level->first[node];

	for (int32_t c = level->first[node]; c < level->first[node + 1]; c++)
	{
		if (!m->holds[below->item[c]])
			continue;
		if (depth + 1 == k)
			below->count[c]++;
		else if (below->leads[c])
			steps += count_below(m, depth + 1, c, k);
	}
	return steps;
}

static ShopperStatus
count_candidates(Miner *m, int k)
{
	for (int64_t t = 0; t < m->n; t++)
	{
		const int32_t *rank = m->rank + m->start[t];
		int64_t		n = m->start[t + 1] - m->start[t];

		for (int64_t i = 0; i < n; i++)
			m->holds[rank[i]] = true;
		for (int64_t i = k; i < n; i++)	/* k more frequent items must follow the first */
			if (m->level[0].leads[rank[i]])
				SHOPPER_TRY(shopper_mine_worked(m->env, &m->work, count_below(m, 0, rank[i], k)));
		for (int64_t i = 0; i < n; i++)
			m->holds[rank[i]] = false;
	}
	return SHOPPER_OK;
}

static void
drop_infrequent(Miner *m, Level *level)
{
	int64_t		kept = 0;

	for (int64_t i = 0; i < level->n; i++)
		if (level->count[i] >= m->limits->min_count)
		{
			level->item[kept] = level->item[i];
			level->count[kept] = level->count[i];
			level->parent[kept++] = level->parent[i];
		}
	level->n = kept;
}

/* A level is complete: enter it into the counts. */
static ShopperStatus
finish_level(Miner *m, int k, int64_t *total)
{
	*total += m->level[k].n;
	if (*total > m->limits->max_itemsets)
		return shopper_too_many_sets(m->env, m->limits);
	if (!m->found->keep)
	{
		m->found->by_length[k + 1] = m->level[k].n;
		m->found->n = *total;
	}
	return k > 0 ? link_level(m, k) : SHOPPER_OK;
}

/* Add a node and all below it to the preorder. */
static ShopperStatus
add_subtree(Miner *m, int depth, int32_t node)
{
	const Level *level = &m->level[depth];

	SHOPPER_TRY(shopper_found_add(m->env, m->limits, m->found, m->ranks.code[level->item[node]], level->count[node], depth + 1));
	SHOPPER_TRY(shopper_mine_worked(m->env, &m->work, 8));
	for (int32_t c = level->first ? level->first[node] : 0; level->first && c < level->first[node + 1]; c++)
		SHOPPER_TRY(add_subtree(m, depth + 1, c));
	return SHOPPER_OK;
}

ShopperStatus
shopper_mine_apriori(ShopperEnv *env, const ShopperTransactions *t, const ShopperMineLimits *limits, ShopperFound *found)
{
	Miner	   *m;
	int64_t		total = 0;
	bool		keep = found->keep;

	memset(found, 0, sizeof(*found));
	found->keep = keep;
	SHOPPER_NEW0(env, m, 1);
	m->env = env;
	m->limits = limits;
	m->found = found;
	SHOPPER_TRY(shopper_rank_items(env, t, limits->min_count, &m->ranks));
	SHOPPER_TRY(recode(m, t));
	SHOPPER_NEW0(env, m->holds, m->ranks.n);
	for (int32_t r = 0; r < m->ranks.n; r++)
		SHOPPER_TRY(add_node(m, &m->level[0], 0, r, m->ranks.count[r]));
	SHOPPER_TRY(finish_level(m, 0, &total));
	for (int k = 1; k < limits->max_length && m->level[k - 1].n > k; k++)
	{
		if (k == 1)
			SHOPPER_TRY(count_pairs(m));
		else
		{
			SHOPPER_TRY(add_candidates(m, k));
			SHOPPER_TRY(link_level(m, k));
			SHOPPER_TRY(mark_leading(m, k));
			SHOPPER_TRY(count_candidates(m, k));
			drop_infrequent(m, &m->level[k]);
		}
		SHOPPER_TRY(finish_level(m, k, &total));
	}
	for (int32_t r = 0; r < m->ranks.n && keep; r++)
		SHOPPER_TRY(add_subtree(m, 0, r));
	return SHOPPER_OK;
}
