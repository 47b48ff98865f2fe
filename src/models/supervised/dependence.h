/*
 * dependence.h: partial dependence (Friedman 2001): the mean prediction over rows when
 * one column takes the same value in all of them.
 */
#ifndef SHOPPER_DEPENDENCE_H
#define SHOPPER_DEPENDENCE_H

#include "../learner.h"

/*
 * table: encoded rows, put back as they were. column: a plain number, boolean or category of
 * the spec; value: raw number (NaN: missing), or the category's code. mean gets the mean of output.
 */
extern ShopperStatus shopper_partial_dependence(ShopperEnv *env, const ShopperModel *model, ShopperTable *table, int column,
												double value, int output, double *mean);

#endif
