/*
 * best.h: the best n of many scored codes, by a heap with the worst on top. Ties go to
 * the smaller code, so the order of the offers means nothing.
 */
#ifndef SHOPPER_BEST_H
#define SHOPPER_BEST_H

#include <math.h>

#include "recommend.h"

typedef struct ShopperScored
{
	double		score;
	int64_t		code;
} ShopperScored;

typedef struct ShopperBest
{
	int64_t		n;				/* wanted, at least 1 */
	int64_t		kept;
	ShopperScored *entry;		/* (n), a heap once it is full */
} ShopperBest;

static inline bool
shopper_scored_better(const ShopperScored *a, const ShopperScored *b)
{
	return a->score > b->score || (a->score == b->score && a->code < b->code);
}

/* Restore the heap of n entries below `at`. */
static inline void
shopper_best_sift(ShopperScored *heap, int64_t n, int64_t at)
{
	ShopperScored moved = heap[at];

	for (int64_t child; (child = 2 * at + 1) < n; at = child)
	{
		if (child + 1 < n && shopper_scored_better(&heap[child], &heap[child + 1]))
			child++;
		if (!shopper_scored_better(&moved, &heap[child]))
			break;
		heap[at] = heap[child];
	}
	heap[at] = moved;
}

static inline void
shopper_best_heapify(ShopperBest *b)
{
	for (int64_t at = b->kept / 2 - 1; at >= 0; at--)
		shopper_best_sift(b->entry, b->kept, at);
}

static inline void
shopper_best_offer(ShopperBest *b, double score, int64_t code)
{
	ShopperScored scored = {score, code};

	if (b->kept < b->n)
	{
		b->entry[b->kept++] = scored;
		if (b->kept == b->n)
			shopper_best_heapify(b);
	}
	else if (shopper_scored_better(&scored, &b->entry[0]))
	{
		b->entry[0] = scored;
		shopper_best_sift(b->entry, b->n, 0);
	}
}

/* A score below this cannot come in any more. */
static inline double
shopper_best_threshold(const ShopperBest *b)
{
	return b->kept < b->n ? -INFINITY : b->entry[0].score;
}

/* End the offers: the entries best first, as many as are returned; the next offer starts anew. */
static inline int64_t
shopper_best_sort(ShopperBest *b)
{
	int64_t		n = b->kept;

	if (n < b->n)
		shopper_best_heapify(b);
	for (int64_t left = n - 1; left > 0; left--)
	{
		ShopperScored worst = b->entry[0];

		b->entry[0] = b->entry[left];
		b->entry[left] = worst;
		shopper_best_sift(b->entry, left, 0);
	}
	b->kept = 0;
	return n;
}

/* The same as rows of a list; rows has place for all that were kept. */
static inline int64_t
shopper_best_rows(ShopperBest *b, ShopperSource source, ShopperRecommendation *rows)
{
	int64_t		n = shopper_best_sort(b);

	for (int64_t i = 0; i < n; i++)
		rows[i] = (ShopperRecommendation) {b->entry[i].code, b->entry[i].score, i + 1, source};
	return n;
}

#endif
