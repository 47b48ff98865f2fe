/*
 * choose.h: reading a query's rows once, to fit many models on parts of them.
 */
#ifndef SHOPPER_CHOOSE_H
#define SHOPPER_CHOOSE_H

#include "rows.h"

#include "utils/tuplestore.h"

#include "../models/supervised/trial.h"

typedef struct ShopperChoosing
{
	/* set before reading */
	const char *target;
	Jsonb	   *options;		/* say how rows are read; NULL: defaults */
	const char *job;			/* classifier, regressor, or NULL: by algorithm, else by the target's type */
	const char *groups;
	const char *time_column;
	bool		wide;			/* some learner needs float64 */

	/* after it */
	ShopperTask task;
	ShopperRowTraining *training;
	ShopperEnv *env;
	ShopperTable table;			/* raw, in canonical order */
	ShopperRawRows raw;
} ShopperChoosing;

/* Read all rows of the query; everything lives in training->context. */
extern void shopper_choosing_read(ShopperChoosing *c, const char *query);
/* fold (rows): groups and time as the choosing says, else random. */
extern int32_t *shopper_choosing_folds(ShopperChoosing *c, int64 k);
/* A trial on all rows with the learner and options of a jsonb. */
extern void shopper_choosing_trial(ShopperChoosing *c, Jsonb *options, const int32_t *fold, ShopperTrial *trial);
extern void shopper_choosing_end(ShopperChoosing *c);

/* Arguments: an optional text, NULL when it is; a number of folds from 2 on. */
extern char *shopper_text_arg(FunctionCallInfo fcinfo, int n);
extern int64 shopper_folds_arg(FunctionCallInfo fcinfo, int n, int64 initial);

#endif
