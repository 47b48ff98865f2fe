/*
 * lines.h: the bins of a row side by side, for counting.
 *
 * A histogram costs one addition a cell, and a core stores one a cycle, so the way to
 * count faster is fewer cells: columns of few bins share a place, one byte that says
 * the bins of all of them. Their product of bins is at most SHOPPER_PLACE_CELLS; the sums
 * of one column are what is left when its place is summed over the others. Bins of the
 * rows of a node come with one or two cache lines a row, whose addresses are known early.
 */
#ifndef SHOPPER_LINES_H
#define SHOPPER_LINES_H

#include "../../features/bins.h"

#define SHOPPER_PLACE_CELLS 256

typedef struct ShopperLines
{
	int			n_places;		/* one byte each; behind them columns of more bins, two bytes each */
	int			n_wide;
	int			width;			/* bytes of a row: n_places + 2 n_wide */
	int		   *place;			/* (columns) 0 .. n_places - 1, or n_places + number among the wide ones */
	int		   *step;			/* (columns) bin b of the column adds b * step to its place */
	int		   *cells;			/* (n_places + n_wide) product of the bins there */
	uint8_t    *line;			/* (n)(width) */
} ShopperLines;

/* Lines of the rows [0, n). Memory: width bytes a row, at most those of the bins. */
extern ShopperStatus shopper_lines_make(ShopperEnv *env, const ShopperBins *bins, int64_t n, ShopperLines *lines);
extern void shopper_lines_release(ShopperEnv *env, ShopperLines *lines);

#endif
