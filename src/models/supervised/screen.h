/*
 * screen.h: what one column alone tells of the target: mutual information, and how nearly
 * it gives the target away.
 */
#ifndef SHOPPER_SCREEN_H
#define SHOPPER_SCREEN_H

#include "../../features/table.h"

typedef struct ShopperScreen
{
	double		mutual_information; /* nats, between at most 20 bins of a number (or levels) and the classes (or 10 bins of the amount) */
	double		p_value;		/* of no relation: G-test of the same counts */
	double		strength;		/* two classes: AUC; more: accuracy of guessing by bin; amounts: explained share of the variance */
	bool		constant;
	int64_t		n_missing;
	int64_t		n_levels;		/* categories */
	bool		capped;			/* rare levels share one code */
} ShopperScreen;

/* A column of the user's in a raw table; of several numbers the most telling one counts. */
extern ShopperStatus shopper_screen_column(ShopperEnv *env, const ShopperTable *table, const ShopperSpec *spec, int column,
										   ShopperScreen *screen);

#endif
