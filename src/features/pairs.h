/*
 * pairs.h: the in-memory form of (basket, item) lines and (user, item [, rating]
 * [, time]) events.
 */
#ifndef SHOPPER_PAIRS_H
#define SHOPPER_PAIRS_H

#include "dictionary.h"

/* What is below belongs to what is above: codes in right. */
typedef struct ShopperLink
{
	int32_t		below;
	int32_t		above;
} ShopperLink;

typedef struct ShopperPairs
{
	ShopperEnv *env;
	ShopperDictionary left;		/* baskets or users */
	ShopperDictionary right;	/* items */
	bool		has_value;		/* a rating or weight was given */
	bool		has_time;
	int64_t		n;
	int64_t		capacity;
	int32_t    *a;				/* (n) code in left */
	int32_t    *b;				/* (n) code in right */
	float	   *value;			/* (n) when has_value */
	int64_t    *time;			/* (n) microseconds since 2000-01-01 UTC, when has_time */
	int64_t		n_added;		/* of the n lines those that come from a hierarchy */
	int64_t		n_links;		/* of a hierarchy of items; 0: there is none */
	int64_t		link_capacity;
	ShopperLink *link;
	int64_t		n_skipped;		/* lines with a NULL id or a NULL or NaN rating */
} ShopperPairs;

extern ShopperStatus shopper_pairs_init(ShopperPairs *p, ShopperEnv *env, ShopperIdType left, ShopperIdType right,
										bool has_value, bool has_time);
/* Append a line of codes already in the dictionaries. */
extern ShopperStatus shopper_pairs_add(ShopperPairs *p, uint32_t left, uint32_t right, double value, int64_t time);

extern ShopperStatus shopper_pairs_link(ShopperPairs *p, uint32_t below, uint32_t above);
/* Code c of right becomes new_code[c]. */
static inline void
shopper_pairs_recode_links(ShopperPairs *p, const uint32_t *new_code)
{
	for (int64_t i = 0; i < p->n_links; i++)
		p->link[i] = (ShopperLink) {(int32_t) new_code[p->link[i].below], (int32_t) new_code[p->link[i].above]};
}

/*
 * After the last line: renumber both dictionaries by value and sort the lines by
 * (a, b, time, value), so that everything later is independent of the scan order.
 * Then start[a] .. start[a + 1] are the lines of a (start is left.n + 1 long).
 */
extern ShopperStatus shopper_pairs_finish(ShopperPairs *p, int64_t **start);

#endif
