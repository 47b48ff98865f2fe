/*
 * linkage.h: all rows joined step by step, the nearest two groups first.
 */
#ifndef SHOPPER_LINKAGE_H
#define SHOPPER_LINKAGE_H

#include "../../features/points.h"

typedef enum ShopperLinkage
{
	SHOPPER_LINKAGE_WARD, SHOPPER_LINKAGE_AVERAGE, SHOPPER_LINKAGE_COMPLETE, SHOPPER_LINKAGE_SINGLE
} ShopperLinkage;

/* One step: the groups of two rows become one. */
typedef struct ShopperMerge
{
	int32_t		a;				/* a row of each */
	int32_t		b;
	double		height;			/* how far they were apart; ward: the root of twice what the sum of squares grows */
} ShopperMerge;

/* merge (n - 1) by rising height. Memory: 8 bytes for each pair of rows, both ways. */
extern ShopperStatus shopper_linkage(ShopperEnv *env, const ShopperPointSet *points, ShopperLinkage linkage, ShopperMerge *merge);
/* label (n) after the first `merges` steps, numbered from 0 by first rows; the number of groups is n - merges. size: rows of the group that each step made, or NULL. */
extern ShopperStatus shopper_linkage_cut(ShopperEnv *env, const ShopperMerge *merge, int64_t n, int64_t merges, int32_t *label, int32_t *size);

#endif
