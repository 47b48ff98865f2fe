/* hierarchy.c: see hierarchy.h. */
#include "hierarchy.h"

#include <string.h>

#define POLL_LINES (1 << 20)

/* The links by their lower end: above[start[c] .. start[c + 1]) are the codes above c. */
typedef struct Above
{
	int64_t    *start;			/* (n + 1) */
	int32_t    *code;
} Above;

static ShopperStatus
sort_links(ShopperEnv *env, const ShopperPairs *p, int64_t n, Above *a)
{
	int64_t    *next;

	SHOPPER_NEW0(env, a->start, n + 1);
	SHOPPER_NEW0(env, next, n + 1);
	SHOPPER_NEW(env, a->code, p->n_links);
	for (int64_t i = 0; i < p->n_links; i++)
		if (p->link[i].below < n)
			a->start[p->link[i].below + 1]++;
	for (int64_t c = 0; c < n; c++)
		next[c + 1] = a->start[c + 1] += a->start[c];
	for (int64_t i = 0; i < p->n_links; i++)
		if (p->link[i].below < n)
			a->code[next[p->link[i].below]++] = p->link[i].above;
	shopper_release(env, next);
	return shopper_poll(env);
}

static ShopperStatus
circle(ShopperPairs *p, int64_t code)
{
	char		buffer[24];
	size_t		length;
	const char *name = shopper_dictionary_text(&p->right, code, buffer, &length);

	shopper_fail(p->env, SHOPPER_BAD_DATA, "the hierarchy runs in a circle: \"%.*s\" is above itself", length > 100 ? 100 : (int) length, name);
	shopper_hint(p->env, "Each row of the hierarchy is an item, or a kind, and a kind that it belongs to.");
	return p->env->status;
}

/* Write all codes above c to out; seen (codes) holds the code whose walk met it last, plus one. */
static ShopperStatus
walk(ShopperPairs *p, const Above *a, int32_t c, int32_t *seen, int32_t *out, int64_t *found)
{
	*found = 0;
	for (int64_t at = -1; at < *found; at++)
	{
		int32_t		from = at < 0 ? c : out[at];

		for (int64_t i = a->start[from]; i < a->start[from + 1]; i++)
		{
			int32_t		up = a->code[i];

			if (up == c)
				return circle(p, c);
			if (seen[up] == c + 1)
				continue;
			seen[up] = c + 1;
			out[(*found)++] = up;
		}
	}
	return SHOPPER_OK;
}

ShopperStatus
shopper_hierarchy_expand(ShopperPairs *p)
{
	ShopperEnv *env = p->env;
	int64_t		codes = p->right.n,
				lines = p->n,
				found;
	int32_t    *seen,
			   *out;
	Above		direct,
				all;

	SHOPPER_NEW0(env, seen, codes);
	SHOPPER_NEW(env, out, codes);
	SHOPPER_TRY(sort_links(env, p, codes, &direct));
	p->n_links = 0;
	for (int64_t c = 0; c < codes; c++)
	{
		if ((c & 0xfff) == 0)
			SHOPPER_TRY(shopper_poll(env));
		SHOPPER_TRY(walk(p, &direct, (int32_t) c, seen, out, &found));
		for (int64_t i = 0; i < found; i++)
			SHOPPER_TRY(shopper_pairs_link(p, (uint32_t) c, (uint32_t) out[i]));
	}
	SHOPPER_TRY(sort_links(env, p, codes, &all));
	for (int64_t line = 0; line < lines; line++)
	{
		if (line % POLL_LINES == 0)
			SHOPPER_TRY(shopper_poll(env));
		for (int64_t i = all.start[p->b[line]]; i < all.start[p->b[line] + 1]; i++)
			SHOPPER_TRY(shopper_pairs_add(p, (uint32_t) p->a[line], (uint32_t) all.code[i], 0, 0));
	}
	p->n_added = p->n - lines;
	shopper_release(env, seen);
	shopper_release(env, out);
	shopper_release(env, direct.start);
	shopper_release(env, direct.code);
	shopper_release(env, all.start);
	shopper_release(env, all.code);
	return SHOPPER_OK;
}

static bool
is_above(const Above *a, int32_t below, int32_t above)
{
	for (int64_t i = a->start[below]; i < a->start[below + 1]; i++)
		if (a->code[i] == above)
			return true;
	return false;
}

ShopperStatus
shopper_hierarchy_filter(ShopperEnv *env, const ShopperPairs *p, int64_t n_items, ShopperFound *found)
{
	Above		a;
	int32_t		path[SHOPPER_MAX_SET_LENGTH + 1];
	int64_t		kept = 0;
	int32_t		dropped = SHOPPER_MAX_SET_LENGTH + 1;	/* sets longer than this continue one that was dropped */

	SHOPPER_TRY(sort_links(env, p, n_items, &a));
	memset(found->by_length, 0, sizeof(found->by_length));
	for (int64_t i = 0; i < found->n; i++)
	{
		ShopperFoundSet set = found->set[i];
		bool		mixed = false;

		if (i % POLL_LINES == 0)
			SHOPPER_TRY(shopper_poll(env));
		if (set.depth > dropped)
			continue;
		dropped = SHOPPER_MAX_SET_LENGTH + 1;
		for (int d = 1; d < set.depth && !mixed; d++)
			mixed = is_above(&a, path[d], set.item) || is_above(&a, set.item, path[d]);
		if (mixed)
		{
			dropped = set.depth;
			continue;
		}
		path[set.depth] = set.item;
		found->set[kept++] = set;
		found->by_length[set.depth]++;
	}
	found->n = kept;
	shopper_release(env, a.start);
	shopper_release(env, a.code);
	return SHOPPER_OK;
}
