/* profile.h: what is special about each cluster, in the user's columns and words. */
#ifndef SHOPPER_CLUSTER_PROFILE_H
#define SHOPPER_CLUSTER_PROFILE_H

#include "segments.h"

typedef struct ShopperTrait
{
	int			cluster;		/* index */
	int			rank;			/* from 1: the most special first */
	const char *feature;		/* the user's column; elements of arrays as column[2] */
	const char *level;			/* of a category: the level that is most over-represented; else NULL */
	double		value;			/* mean in the cluster; of booleans and levels the share. In units of the column, dates in days since 2000-01-01 */
	double		average;		/* the same of all rows */
	double		difference;		/* of both, in standard deviations of all rows */
	const char *text;			/* "3.1 times the average", "tablet 82 %" */
} ShopperTrait;

/* All traits of all clusters, by cluster and rank; memory from env. */
extern ShopperStatus shopper_cluster_profile(ShopperEnv *env, const ShopperModel *model, ShopperTrait **trait, int64_t *n);

#endif
