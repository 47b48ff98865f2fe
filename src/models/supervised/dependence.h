/*
 * dependence.h: partial dependence (Friedman 2001): the mean prediction over rows when
 * one column takes the same value in all of them.
 */
#ifndef SHOPPER_DEPENDENCE_H
#define SHOPPER_DEPENDENCE_H

#include "../learner.h"

/*
 * table: encoded rows, put back as they were. column: a plain number, boolean or category of
 * the spec; value: raw number (NaN: missing), or the category's code. mean (last - first + 1) gets the
 * means of these outputs.
 */
extern ShopperStatus shopper_partial_dependence(ShopperEnv *env, const ShopperModel *model, ShopperTable *table, int column,
												double value, int first, int last, double *mean);

#endif
