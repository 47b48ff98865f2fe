/*
 * drift.h: how far the rows of today are from those of training.
 *
 * A distribution is counts over cells: ordered ones (ranges of a number), then levels (of a
 * category), then two of their own, for missing values and for levels that training did not
 * keep. Two distributions over the same cells are compared.
 */
#ifndef SHOPPER_DRIFT_H
#define SHOPPER_DRIFT_H

#include "../core/env.h"

#define SHOPPER_DRIFT_BINS 100	/* ranges of a number, at most */
#define SHOPPER_DRIFT_OWN 2		/* the cells for missing and unseen */

/*
 * Edges between ranges of about equally many of the n values (NaN ones are left out): value x
 * lies in range shopper_drift_range(). Fewer when values repeat: with at most
 * SHOPPER_DRIFT_BINS distinct ones each has a range of its own. edge has room for
 * SHOPPER_DRIFT_BINS - 1.
 */
extern ShopperStatus shopper_drift_edges(ShopperEnv *env, const double *x, int64_t n, double *edge, int *n_edges);

/* The range of x: edge[r - 1] < x <= edge[r], 0 .. n_edges. */
static inline int
shopper_drift_range(const double *edge, int n_edges, double x)
{
	int			low = 0;

	for (int high = n_edges; low < high;)
	{
		int			middle = (low + high) / 2;

		if (x > edge[middle])
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

typedef struct ShopperDrift
{
	double		psi;			/* population stability index: sum of (a - e) ln(a / e) */
	double		chance;			/* how probable one as large is without drift */
	double		ks;				/* greatest distance of the two distribution functions over the ordered cells; NaN: there are none */
	double		js;				/* Jensen-Shannon divergence in bits, 0 to 1 */
	double		missing;		/* share of missing values in `actual` */
	double		unseen;			/* share of levels that training did not keep in `actual` */
} ShopperDrift;

/*
 * expected and actual: n_ordered + n_levels + SHOPPER_DRIFT_OWN counts. For psi and js ordered
 * cells are united with their neighbours until a tenth of the expected rows is in each (what is
 * left over beside heavy cells stays one when it is a hundredth), and levels of less than a
 * hundredth are taken together; psi adds half a row to each cell, so that
 * empty ones stay finite. The index without drift is about chi-square distributed with one
 * degree less than there are cells, times 1/rows + 1/rows (Yurdakul and Naranjo, Statistical
 * properties of the population stability index, 2020). Without rows on a side all is NaN.
 */
extern ShopperStatus shopper_drift(ShopperEnv *env, const double *expected, const double *actual, int n_ordered, int n_levels, ShopperDrift *out);

#endif
