/* trees_words.h: conditions of trees in words: bounds of a number, lists of levels. */
#ifndef SHOPPER_TREES_WORDS_H
#define SHOPPER_TREES_WORDS_H

#include "../learner.h"

extern void shopper_say(ShopperWriter *w, const char *text);
extern void shopper_say_number(ShopperWriter *w, double x, int digits);
/* Day number since 2000-01-01 as a date. */
extern void shopper_say_date(ShopperWriter *w, double days);
/* low < x <= high; missing: missing values come here too. */
extern void shopper_say_range(ShopperWriter *w, const ShopperSpec *spec, int input, float low, float high, bool missing);
/* in: bit c % 32 of word c / 32 for each level c that comes here. */
extern void shopper_say_levels(ShopperWriter *w, const ShopperSpec *spec, int input, const uint32_t *in);

#endif
