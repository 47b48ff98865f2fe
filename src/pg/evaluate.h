/*
 * evaluate.h: what the aggregates that measure predictions share.
 */
#ifndef SHOPPER_EVALUATE_H
#define SHOPPER_EVALUATE_H

#include "pg.h"

typedef struct ShopperLabels			/* in fn_extra: how to read the arguments of "any" */
{
	ShopperValueReader reader[4];
} ShopperLabels;

/* The aggregate's memory context; an error outside of aggregates. */
extern MemoryContext shopper_aggregate_context(FunctionCallInfo fcinfo);
/* From argument first on: aggregates leave their state out. */
extern ShopperLabels *shopper_labels(FunctionCallInfo fcinfo, int first);
extern bool shopper_is_yes(const char *word, size_t length);
extern bool shopper_is_positive(ShopperValueReader *reader, Datum value);
/* Rows with a NULL in the first two arguments are left out, as in every aggregate of SQL. */
extern bool shopper_any_null(FunctionCallInfo fcinfo);
/* Labels and scores (or relevances and ranks), kept until the end (evaluate_points.c). */
typedef struct ShopperPoints
{
	int64		n;
	int64		capacity;
	int64		k;				/* cut of ranking metrics; bins of curves; 0: none */
	double		gain;			/* of profit curves */
	double		cost;
	double	   *x;				/* label 0/1, relevance */
	double	   *y;				/* score, rank */
} ShopperPoints;

/* Add the label and score in arguments 1 and 2, which are not NULL. */
extern ShopperPoints *shopper_points_add_score(FunctionCallInfo fcinfo);
/* A final function's state; NULL when there were no rows. */
extern ShopperPoints *shopper_points_final(FunctionCallInfo fcinfo);
/* A composite array as the result: element i is made by fill(). */
extern Datum shopper_composite_array(FunctionCallInfo fcinfo, int n, void (*fill) (void *state, int i, Datum *values, bool *nulls), void *state);

#endif
