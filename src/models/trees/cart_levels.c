/* cart_levels.c: the order in which levels of a category are split; see cart_split.c. */
#include "cart_split.h"

#include <math.h>
#include <string.h>

#include "../../core/hash.h"

#define DIRECTION_STEPS 30

/* First principal direction of the levels' class shares, weighted, by power iteration. */
static void
find_direction(ShopperCartPass *p)
{
	ShopperCartScratch *s = p->s;
	int			k = p->d->n_classes;
	double	   *v = s->direction,
			   *next = s->direction + k;

	for (int c = 0; c < k; c++)
		v[c] = 1.0 / (1 + c);
	for (int step = 0; step < DIRECTION_STEPS; step++)
	{
		double		norm = 0;

		memset(next, 0, (size_t) k * sizeof(double));
		for (int i = 0; i < s->n_present; i++)
		{
			const uint32_t *count = s->count + (size_t) s->present[i] * (size_t) k;
			double		weight = 0,
						dot = 0;

			for (int c = 0; c < k; c++)
				weight += count[c];
			for (int c = 0; c < k; c++)
				dot += v[c] * (count[c] / weight - (double) s->all[c] / (double) p->weight);
			for (int c = 0; c < k; c++)
				next[c] += weight * dot * (count[c] / weight - (double) s->all[c] / (double) p->weight);
		}
		for (int c = 0; c < k; c++)
			norm += next[c] * next[c];
		if (!(norm > 0))
			return;
		for (int c = 0; c < k; c++)
			v[c] = next[c] / sqrt(norm);
	}
}

static double
level_key(ShopperCartPass *p, int bin)
{
	ShopperCartScratch *s = p->s;
	int			k = p->d->n_classes;
	const uint32_t *count = s->count + (size_t) bin * (size_t) k;
	double		weight = 0,
				dot = 0;

	if (k == 0)
		return (double) s->sum[bin].sum / (double) s->sum[bin].weight;
	for (int c = 0; c < k; c++)
		weight += count[c];
	if (k == 2)
		return count[1] / weight;
	for (int c = 0; c < k; c++)
		dot += s->direction[c] * count[c];
	return dot / weight;
}

/* Merge sort of present[] by key; equal keys keep their order, that of the codes. */
static void
sort_levels(ShopperCartScratch *s)
{
	int			n = s->n_present;
	int32_t    *from = s->present,
			   *to = s->merge;

	for (int width = 1; width < n; width *= 2)
	{
		int32_t    *swap = from;

		for (int at = 0; at < n; at += 2 * width)
		{
			int			middle = at + width < n ? at + width : n,
						end = at + 2 * width < n ? at + 2 * width : n,
						a = at,
						b = middle;

			for (int o = at; o < end; o++)
				to[o] = a < middle && (b >= end || s->key[from[a]] <= s->key[from[b]]) ? from[a++] : from[b++];
		}
		from = to;
		to = swap;
	}
	s->present = from;
	s->merge = to;
}

void
shopper_cart_order_levels(ShopperCartPass *p, uint64_t random)
{
	ShopperCartScratch *s = p->s;

	if (!p->rules->random_cuts && p->d->n_classes > 2)
		find_direction(p);
	for (int i = 0; i < s->n_present; i++)
		s->key[s->present[i]] = p->rules->random_cuts ? shopper_uniform(random, 1, (uint64_t) s->present[i]) : level_key(p, s->present[i]);
	sort_levels(s);
}
