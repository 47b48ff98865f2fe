/*
 * grow.h: growing one tree of boosting() from gradients in small integers.
 *
 * Every row has a packed pair (gradient, hessian) of 16-bit integers, rounded up or
 * down at random so that sums are right on average (Shi et al. 2022). A histogram
 * entry is one 64-bit integer, the gradients' sum in its high half and the hessians'
 * in its low half: one addition a cell. Integers make sums exact, so that neither
 * the order of rows nor the number of threads matters.
 */
#ifndef SHOPPER_GROW_H
#define SHOPPER_GROW_H

#include "../../features/bins.h"
#include "ensemble.h"
#include "lines.h"

typedef struct ShopperGrowOptions
{
	bool		by_level;		/* all splits of a level before the next; else the best leaf first */
	int64_t		max_leaves;
	int			max_depth;
	int64_t		min_rows;
	double		min_hessian;
	double		l1;
	double		l2;
	double		min_gain;
	double		category_smoothing;
	double		category_l2;
	int			max_category_levels;
	const int8_t *monotone;		/* (columns) +1 rises, -1 falls, 0 free; NULL: all free */
} ShopperGrowOptions;

/* A split that was found, not yet made. */
typedef struct ShopperSplit
{
	double		gain;			/* 0: none */
	int			column;
	int			bin;			/* numbers: bins 0 .. bin go left */
	bool		missing_left;
	int64_t		left;			/* packed sums of the left side */
	uint32_t   *levels;			/* categories: bit set of the levels that go left, room for the widest */
} ShopperSplit;

typedef struct ShopperGrowNode
{
	const uint32_t *rows;		/* its rows: rows[begin .. end), ascending */
	int64_t		begin;
	int64_t		end;
	int64_t		sum;			/* packed gradient and hessian */
	int32_t		left;			/* -1: a leaf */
	int32_t		right;
	int			depth;
	int			slot;			/* of its histogram, or -1 */
	double		low;			/* what its value may be, under monotone constraints */
	double		high;
	ShopperSplit split;			/* levels: NULL, see below */
	int64_t		levels;			/* categories: first word in grower->words, or -1 */
} ShopperGrowNode;

/* Places that are counted together, as their cells fit into the first cache. */
typedef struct ShopperCountBlock
{
	int			n_places;		/* of one byte */
	int			n_adjacent;		/* the first of them that lie side by side, a multiple of four */
	int			n;				/* of two bytes, too, which come behind */
	const uint32_t *at;			/* (n) offset in a line */
	const int64_t *start;		/* (n) first cell of the place, in the block */
	int64_t		first_cell;		/* of the block */
	int64_t		n_cells;
} ShopperCountBlock;

typedef struct ShopperGrower
{
	ShopperEnv *env;
	const ShopperBins *bins;
	ShopperGrowOptions options;
	int64_t		n;				/* training rows */

	/* set before each tree */
	uint32_t   *packed;			/* (n) gradient in the high 16 bits, signed; hessian in the low ones */
	double		gradient_unit;
	double		hessian_unit;
	int			most_hessian;	/* of one row, in units */
	bool		counted;		/* the hessian of every row is one unit, so its sum counts rows */
	int			n_used;			/* columns that may split */
	int		   *used;			/* (n_columns) ascending */
	int64_t		n_rows;			/* rows to grow from */
	uint32_t   *rows;			/* (n) ascending when the tree begins */
	bool		all_rows;		/* rows are 0 .. n - 1 */

	/* the tree */
	ShopperGrowNode *node;
	int64_t		n_nodes;
	int64_t		node_capacity;
	int64_t		n_leaves;
	uint32_t   *words;			/* level sets of the splits */
	int64_t		n_words;
	int64_t		word_capacity;

	/* working memory */
	uint32_t   *spare;			/* (n) rows of nodes of odd depth */
	uint8_t    *left;			/* (n / 8 + 1) bits of the rows that go left, while a node is split */
	int64_t    *block_left;		/* (blocks of n) and how many they are */
	bool		vectors;		/* rows are moved 16 at a time, with the same result */
	uint8_t    *goes_left;		/* (max_bins) of the split that is being made */
	int64_t    *offset;			/* (n_columns) of a column in a histogram */
	int64_t		histogram_size;
	int64_t	  **histogram;		/* (n_slots); NULL until used */
	int			n_slots;
	int		   *free_slot;
	int			n_free;
	int32_t    *open;			/* heap of leaves that can be split */
	int64_t		n_open;
	int64_t		open_capacity;
	int			max_groups;
	int			n_groups;		/* of the columns of this tree */
	struct ShopperGroup *group;	/* (max_groups + 1); of the last one only where it begins */

	/* counting */
	ShopperLines lines;
	int			n_blocks;
	ShopperCountBlock *block;
	uint32_t   *at;
	int64_t    *start;
	int64_t    *cell_of;		/* (places) first cell, -1: not in this tree */
	int64_t		n_cells;
	int			max_parts;		/* threads that share the rows of a block */
	int64_t    *cells;			/* (max_parts)(n_cells) */
	int64_t		cell_capacity;
} ShopperGrower;

/* Sorting room of a search over levels. */
typedef struct ShopperLevel
{
	double		ratio;
	int64_t		sum;
	int32_t		bin;
} ShopperLevel;

/* A group of columns: what one thread counts and searches. */
typedef struct ShopperGroup
{
	int			first;			/* among the used columns; it ends where the next one begins */
	ShopperSplit best[2];		/* of the smaller and the larger child */
	ShopperLevel *level;		/* (2)(max_bins) */
	uint32_t   *count;			/* (max_bins) */
} ShopperGroup;

static inline int64_t
shopper_sum_gradient(int64_t sum)
{
	return sum >> 32;
}

static inline int64_t
shopper_sum_hessian(int64_t sum)
{
	return (int64_t) (uint32_t) sum;
}

static inline int64_t
shopper_unpack(uint32_t packed)
{
	return (int64_t) (int16_t) (packed >> 16) * (1LL << 32) + (int64_t) (packed & 0xffff);
}

/* Memory: 8 bytes a row besides `packed`, histograms of at most histogram_bytes (at least three). */
extern ShopperStatus shopper_grower_make(ShopperEnv *env, const ShopperBins *bins, int64_t n, const ShopperGrowOptions *options,
										 int64_t histogram_bytes, ShopperGrower *grower);
/* Give back what grows with the rows, and the histograms. */
extern void shopper_grower_release(ShopperGrower *grower);
/* Grow a tree from rows[0 .. n_rows), whose packed sum is given; the result is in node, with their rows, and words. */
extern ShopperStatus shopper_grow_tree(ShopperGrower *grower, int64_t sum);

/* The value of a leaf with these sums, and what it takes off the loss. */
extern double shopper_leaf_value(const ShopperGrowOptions *o, double gradient, double hessian);

/* divide.c: the rows of a node that go left before the others, both in their order, into the other array. */
extern ShopperStatus shopper_divide_make(ShopperGrower *grower);
extern void shopper_divide_release(ShopperGrower *grower);
extern ShopperStatus shopper_divide_rows(ShopperGrower *grower, const ShopperGrowNode *node, uint32_t **children, int64_t *middle);
/* count.c: rows by lines into cells, and out of them; see there. */
extern ShopperStatus shopper_count_make(ShopperGrower *grower);
extern void shopper_count_release(ShopperGrower *grower);
extern ShopperStatus shopper_count_begin(ShopperGrower *grower);
extern void shopper_count_rows(const ShopperGrower *grower, const uint32_t *rows, int64_t from, int64_t to, bool clear, int parts, bool parallel);
extern void shopper_fold_column(const ShopperGrower *grower, int column, int parts, int64_t *histogram);

/* histogram.c: deal out the columns of the next tree. */
extern void shopper_group_columns(ShopperGrower *grower);
/* Count small (and large, when parent is NULL), subtract, search; see there. */
extern ShopperStatus shopper_count_and_search(ShopperGrower *grower, ShopperGrowNode *small, ShopperGrowNode *large,
											  bool subtract);
/* split.c: the best split of a node at one column, if it is better than *best. */
extern void shopper_search_column(const ShopperGrower *grower, const ShopperGrowNode *node, int column,
								  const int64_t *histogram, ShopperGroup *group, ShopperSplit *best);
/* Which bins go left: table (n_bins of the split's column). */
extern void shopper_split_table(const ShopperBins *bins, const ShopperSplit *split, const uint32_t *levels, uint8_t *table);

#endif
