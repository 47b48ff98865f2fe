/*
 * course.h: what training, folds, trials and stacks share: fitting a model on some
 * rows and columns of a raw table, predictions for rows that it did not see, measuring.
 */
#ifndef SHOPPER_COURSE_H
#define SHOPPER_COURSE_H

#include "../learner.h"

/*
 * A training table as it was read: raw, in canonical order, with the spec of its columns.
 * Nothing here changes it.
 */
typedef struct ShopperRawRows
{
	const ShopperTable *table;
	const ShopperSpec *spec;
	const bool *keep;			/* columns to use; NULL: all */
	const double *class_weight; /* (classes); NULL: none given */
} ShopperRawRows;

/*
 * Fit: model has learner, task and options; its spec, state, n_train and history are set.
 * Rows [0, n_train) of the table are learned from; it is weighed and encoded in place.
 * No metrics, no calibration.
 */
extern ShopperStatus shopper_fit(ShopperEnv *env, ShopperModel *model, ShopperTable *table,
								 const double *class_weight, const ShopperModel *previous);
/*
 * The same on the given rows (NULL: the first n) of a raw table; calibrated: and learn the calibration that the
 * options ask for. Rows are held out of these only when the learner stops early by them.
 */
extern ShopperStatus shopper_fit_rows(ShopperEnv *env, ShopperModel *model, const ShopperRawRows *raw,
									  const uint32_t *rows, int64_t n, bool calibrated);
/* Encode the given rows of a raw table for a finished model: *table is what shopper_score_rows and shopper_add_metrics take. */
extern ShopperStatus shopper_encode_rows(ShopperEnv *env, const ShopperModel *model, const ShopperRawRows *raw,
										 const uint32_t *rows, int64_t n, ShopperTable *table);

/* The level of each category that option `reference`, where a learner has it, chooses: -1 for none; NULL when it is not set. */
extern ShopperStatus shopper_chosen_reference(ShopperEnv *env, const ShopperModel *model, int **base);

/* ---- folds ---- */

/*
 * fold[i] in 0 .. k-1 for each row: classes spread evenly; rows of one group together when the
 * table has groups (by their hash, then fold sizes differ).
 */
extern ShopperStatus shopper_random_folds(ShopperEnv *env, const ShopperTable *table, int k, int32_t *fold);
/*
 * k + 1 stretches of time of equally many rows (rows of one moment together), numbered -1 .. k-1:
 * fold f is tested after training on all earlier ones; -1 is only trained on.
 */
extern ShopperStatus shopper_time_folds(ShopperEnv *env, const ShopperTable *table, int k, int32_t *fold);
/* The rows to fit on (then *n_fit) and, behind them, to test on (*n_test) in fold f; rows has room for all. */
extern void shopper_fold_rows(const int32_t *fold, int64_t n, int f, bool timed, uint32_t *rows, int64_t *n_fit, int64_t *n_test);

/*
 * Predictions (n, outputs) for rows [0, n) of a raw table, each by a model that was fitted on
 * the other folds among these rows. `model` has learner, task and options only.
 */
extern ShopperStatus shopper_out_of_fold(ShopperEnv *env, const ShopperModel *model, const ShopperRawRows *raw, int64_t n,
										 int k, double *out);

/* ---- measuring (measure.c) ---- */

#define SHOPPER_IMPORTANCE_ROWS 5000

/* Predictions of encoded rows [from, to), calibrated. */
extern ShopperStatus shopper_score_rows(ShopperEnv *env, const ShopperModel *model, const ShopperTable *table,
										int64_t from, int64_t to, double *out);
/* Add rows, log_loss, accuracy, brier, auc or rmse, mae, r2 of encoded rows [from, to). */
extern ShopperStatus shopper_add_metrics(ShopperEnv *env, ShopperModel *model, const ShopperTable *table,
										 int64_t from, int64_t to, const char *dataset);
extern ShopperStatus shopper_add_permutation_importance(ShopperEnv *env, ShopperModel *model, const ShopperTable *table,
														int64_t from, int64_t n);

#endif
