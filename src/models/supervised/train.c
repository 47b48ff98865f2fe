/*
 * train.c: the course that every learner of rows shares: order and split, weights,
 * preparation, calibration, the learner's own fit, metrics, permutation importance.
 */
#include <math.h>
#include <string.h>

#include "../calibration.h"
#include "../holdout.h"
#include "course.h"

#define CALIBRATION_FOLDS 5

/* ---- weights ---- */

/* Multiply the row weights by the weights of their classes; 'balanced' makes the classes weigh the same. */
static ShopperStatus
weigh(ShopperEnv *env, const ShopperModel *model, ShopperTable *t, const double *given)
{
	bool		balanced = shopper_option_is(&model->options, "class_weight", "balanced");
	double	   *class_weight,
				total = 0;

	if (t->n_classes == 0 || (given == NULL && !balanced))
		return SHOPPER_OK;
	SHOPPER_NEW0(env, class_weight, t->n_classes);
	if (balanced)
	{
		for (int64_t i = 0; i < t->n_train; i++)
			class_weight[t->y_class[i]] += t->weight != NULL ? t->weight[i] : 1;
		for (int c = 0; c < t->n_classes; c++)
			total += class_weight[c];
		for (int c = 0; c < t->n_classes; c++)
			class_weight[c] = class_weight[c] > 0 ? total / (t->n_classes * class_weight[c]) : 0;
	}
	else
		memcpy(class_weight, given, (size_t) t->n_classes * sizeof(double));
	if (t->weight == NULL)
	{
		SHOPPER_NEW(env, t->weight, t->n);
		for (int64_t i = 0; i < t->n; i++)
			t->weight[i] = 1;
	}
	for (int64_t i = 0; i < t->n; i++)
		t->weight[i] *= class_weight[t->y_class[i]];
	return SHOPPER_OK;
}

/* The rows that are left to fit must still hold two classes. */
static ShopperStatus
check_training_rows(ShopperEnv *env, const ShopperModel *model, const ShopperTable *t)
{
	int			first = -1;

	if (t->n_train == 0)
	{
		shopper_fail(env, SHOPPER_BAD_DATA, "no rows are left to fit: all %lld are held out", (long long) t->n);
		shopper_hint(env, "Check the options validation and validation_column.");
		return env->status;
	}
	for (int64_t i = 0; t->n_classes > 0 && i < t->n_train; i++)
	{
		if (first < 0)
			first = t->y_class[i];
		if (t->y_class[i] != first)
			return SHOPPER_OK;
	}
	if (t->n_classes == 0)
		return SHOPPER_OK;
	shopper_fail(env, SHOPPER_BAD_DATA, "training set has only one class");
	shopper_detail(env, "After holding rows out, all %lld have target \"%.60s\" = \"%.80s\".", (long long) t->n_train,
				   model->spec->target, model->spec->classes.bytes + model->spec->classes.start[first]);
	shopper_hint(env, "Rows are held out by validation, folds and calibration; each needs some of both classes left.");
	return env->status;
}

static ShopperStatus
scale_target(ShopperEnv *env, const ShopperTable *t, ShopperSpec *spec)
{
	double		sum = 0,
				squares = 0;

	if (t->y == NULL)
		return SHOPPER_OK;
	for (int64_t i = 0; i < t->n_train; i++)
		sum += t->y[i];
	spec->target_mean = sum / (double) t->n_train;
	for (int64_t i = 0; i < t->n_train; i++)
		squares += (t->y[i] - spec->target_mean) * (t->y[i] - spec->target_mean);
	spec->target_scale = sqrt(squares / (double) t->n_train);
	if (!(spec->target_scale > 0))
		spec->target_scale = 1;
	if (isfinite(spec->target_scale))
		return SHOPPER_OK;
	shopper_fail(env, SHOPPER_BAD_DATA, "target \"%.60s\" has values too large to compute with", spec->target);
	shopper_detail(env, "Their variance is beyond all numbers.");
	shopper_hint(env, "Leave such rows out, or learn from a smaller unit.");
	return env->status;
}

/* ---- the course ---- */

static ShopperStatus
prepare(ShopperModel *model, ShopperTable *t)
{
	const ShopperOptions *o = &model->options;
	const ShopperLearner *learner = model->learner;
	ShopperPrepare how;
	int		   *base;

	how.impute = shopper_option_is(o, "impute", "mean") ? SHOPPER_IMPUTE_MEAN
		: shopper_option_is(o, "impute", "zero") ? SHOPPER_IMPUTE_ZERO : SHOPPER_IMPUTE_MEDIAN;
	if (learner->input == SHOPPER_RAW)
	{
		/* raw learners see what is missing, so nothing is filled: the mean is enough to describe a column, medians cost */
		SHOPPER_TRY(shopper_table_summarize(t, model->spec, SHOPPER_IMPUTE_MEAN));
		shopper_spec_lay_out(model->spec, false, NULL);
		return SHOPPER_OK;
	}
	how.missing_flags = shopper_option_boolean(o, "missing_flags");
	how.scale = shopper_option_boolean(o, "standardize") ? SHOPPER_SCALE_STANDARD : SHOPPER_SCALE_NONE;
	how.drop_base = shopper_option_is(o, "levels", "reference") ||
		(shopper_option_is(o, "levels", "auto") && learner->wants_reference != NULL && learner->wants_reference(o));
	SHOPPER_TRY(shopper_chosen_reference(t->env, model, &base));
	how.base = base;
	how.drop_base |= base != NULL;
	return shopper_table_prepare(t, model->spec, &how);
}

ShopperStatus
shopper_fit(ShopperEnv *env, ShopperModel *model, ShopperTable *t, const double *class_weight, const ShopperModel *previous)
{
	model->n_train = t->n_train;
	SHOPPER_TRY(check_training_rows(env, model, t));
	SHOPPER_TRY(weigh(env, model, t, class_weight));
	SHOPPER_TRY(prepare(model, t));
	SHOPPER_TRY(scale_target(env, t, model->spec));
	shopper_assert(shopper_table_valid(t));
	SHOPPER_TRY(model->learner->train_rows(env, model, t, previous));
	shopper_assert(model->state != NULL);
	return SHOPPER_OK;
}

/* How many rows the options hold out. */
static double
held_out_share(const ShopperModel *model, const ShopperTable *t)
{
	double		share = shopper_option_number(&model->options, "validation");

	return share == 0 && t->time != NULL && shopper_option_set(&model->options, "validation_time") ? 0.2 : share;
}

/* Learn to correct the probabilities, from predictions for the rows to be fitted by models that did not see them. */
static ShopperStatus
calibrate(ShopperEnv *env, ShopperModel *model, const ShopperTable *t, const double *class_weight)
{
	bool		platt = shopper_option_is(&model->options, "calibration", "platt");
	ShopperRawRows raw = {t, model->spec, NULL, class_weight};
	double	   *p;

	if (shopper_option_is(&model->options, "calibration", "none"))
		return SHOPPER_OK;
	if (t->n_classes == 0)
	{
		shopper_fail(env, SHOPPER_BAD_OPTION, "option \"calibration\" is for classifiers");
		shopper_hint(env, "Leave it out: an amount has no probabilities to correct.");
		return env->status;
	}
	SHOPPER_NEW(env, p, t->n_train * t->n_classes);
	SHOPPER_TRY(shopper_out_of_fold(env, model, &raw, t->n_train, CALIBRATION_FOLDS, p));
	SHOPPER_TRY(shopper_calibrate(env, platt ? SHOPPER_CALIBRATION_PLATT : SHOPPER_CALIBRATION_ISOTONIC, t->n_classes,
								  t->n_train, p, t->y_class, t->weight, &model->calibration));
	shopper_release(env, p);
	return SHOPPER_OK;
}

/* What held-out rows tell, from as many predictions at a time as do not take much memory with many classes. */
static ShopperStatus
look_at_held_out(ShopperEnv *env, ShopperModel *model, const ShopperTable *t)
{
	int			outputs = shopper_model_outputs(model);
	int64_t		held = t->n - t->n_train,
				window = outputs < 64 ? 16384 : 1048576 / outputs + 1;
	double	   *p,
			   *own,
			   *one = NULL;

	SHOPPER_NEW(env, p, window * outputs);
	SHOPPER_NEW(env, own, held);
	if (outputs == 2)
		SHOPPER_NEW(env, one, held);
	for (int64_t at = 0; at < held; at += window)
	{
		int64_t		n = at + window < held ? window : held - at;

		SHOPPER_TRY(shopper_score_rows(env, model, t, t->n_train + at, t->n_train + at + n, p));
		for (int64_t i = 0; i < n; i++)
		{
			own[at + i] = p[i * outputs + (t->y_class != NULL ? t->y_class[t->n_train + at + i] : 0)];
			if (one != NULL)
				one[at + i] = p[i * outputs + 1];
		}
	}
	SHOPPER_TRY(shopper_holdout_make(env, t, t->n_train, held, own, one, &model->holdout));
	shopper_release(env, p);
	shopper_release(env, own);
	shopper_release(env, one);
	return SHOPPER_OK;
}

/* Metrics, what held-out rows tell, importance. */
static ShopperStatus
measure(ShopperEnv *env, ShopperModel *model, const ShopperTable *t)
{
	int64_t		held = t->n - t->n_train,
				limit = model->learner->measured_rows > 0 ? model->learner->measured_rows : INT64_MAX;

	SHOPPER_TRY(shopper_add_metrics(env, model, t, 0, limit < t->n_train ? limit : t->n_train, "train"));
	SHOPPER_TRY(shopper_add_metrics(env, model, t, t->n_train, t->n, "validation"));
	if (held > 0)
		SHOPPER_TRY(look_at_held_out(env, model, t));
	if (shopper_option_boolean(&model->options, "importance"))
	{
		int64_t		from = held > 0 ? t->n_train : 0,
					n = t->n - from;

		limit = limit < SHOPPER_IMPORTANCE_ROWS ? limit : SHOPPER_IMPORTANCE_ROWS;
		SHOPPER_TRY(shopper_add_permutation_importance(env, model, t, from, n < limit ? n : limit));
	}
	return SHOPPER_OK;
}

ShopperStatus
shopper_train_rows(ShopperEnv *env, ShopperModel *model, ShopperTable *t, const double *class_weight, const ShopperModel *previous)
{
	SHOPPER_TRY(shopper_table_order(t, held_out_share(model, t)));
	model->n_rows = t->n;
	SHOPPER_TRY(calibrate(env, model, t, class_weight));
	SHOPPER_TRY(shopper_fit(env, model, t, class_weight, previous));
	model->fitted = t;
	SHOPPER_TRY(measure(env, model, t));
	model->fitted = NULL;
	return SHOPPER_OK;
}

/* Whether the learner was told to stop when held-out rows get no better. */
static bool
stops_early(const ShopperModel *model)
{
	const ShopperOptionValue *v = shopper_option_find(&model->options, "early_stopping");

	return v != NULL && (v->boolean || v->integer > 0);
}

ShopperStatus
shopper_fit_rows(ShopperEnv *env, ShopperModel *model, const ShopperRawRows *raw, const uint32_t *rows, int64_t n, bool calibrated)
{
	ShopperTable t;

	SHOPPER_NEW0(env, model->spec, 1);
	SHOPPER_TRY(shopper_spec_subset(env, raw->spec, raw->keep, model->spec));
	SHOPPER_TRY(shopper_table_subset(env, raw->table, raw->spec, raw->keep, rows, n, model->learner->wide, &t));
	model->n_rows = n;
	if (stops_early(model))
		SHOPPER_TRY(shopper_table_split(&t, held_out_share(model, &t)));
	if (calibrated)
		SHOPPER_TRY(calibrate(env, model, &t, raw->class_weight));
	return shopper_fit(env, model, &t, raw->class_weight, NULL);
}
