/* registry.c: the learners of models.def, the options of each shape, small model helpers. */
#include <string.h>

#include "learner.h"

const ShopperLearner *const shopper_learners[] = {
#define SHOPPER_LEARNER(number, name) &shopper_learner_##name,
#include "models.def"
#undef SHOPPER_LEARNER
	NULL
};

/* Options of every learner that reads rows with a target. */
static const ShopperOption row_options[] = {
	{"validation", SHOPPER_NUMBER, "0", 0, 0.9, false, NULL, "fraction of rows held out to measure (and to stop early)"},
	{"validation_column", SHOPPER_STRING, NULL, 0, 0, false, NULL, "boolean column: true rows are held out"},
	{"validation_time", SHOPPER_STRING, NULL, 0, 0, false, NULL, "time column: the latest rows are held out, as many as validation says (0.2 when it is 0)"},
	{"weight", SHOPPER_STRING, NULL, 0, 0, false, NULL, "column with the weight of each row"},
	{"class_weight", SHOPPER_STRING, NULL, 0, 0, false, NULL, "'balanced', or json text such as {\"true\": 3}"},
	{"positive", SHOPPER_STRING, NULL, 0, 0, false, NULL, "the class whose probability predict_purchase gives"},
	{"cutoff", SHOPPER_NUMBER, NULL, 0, 1, false, NULL, "predict_class says the positive class from this probability on; 0.5 when not set"},
	{"calibration", SHOPPER_CHOICE, "none", 0, 0, false, "none,platt,isotonic", "correct probabilities, learned from out-of-fold predictions of 5 folds"},
	{"features", SHOPPER_STRINGS, NULL, 0, 0, false, NULL, "columns to use; all others are ignored"},
	{"exclude", SHOPPER_STRINGS, NULL, 0, 0, false, NULL, "columns to leave out"},
	{"categorical", SHOPPER_STRINGS, NULL, 0, 0, false, NULL, "number columns to treat as categories"},
	{"max_levels", SHOPPER_INTEGER, "1000", 1, 1000000, false, NULL, "levels kept of a category; the rarer ones share one"},
	{"on_unseen", SHOPPER_CHOICE, "other", 0, 0, false, "other,zero,error", "what a level unseen in training counts as"},
	{"impute", SHOPPER_CHOICE, "median", 0, 0, false, "median,mean,zero", "what a missing number becomes"},
	{"missing_flags", SHOPPER_BOOLEAN, "true", 0, 0, false, NULL, "add a 0/1 column for each number that is sometimes missing"},
	{"standardize", SHOPPER_BOOLEAN, "true", 0, 0, false, NULL, "scale numbers to mean 0 and deviation 1"},
	{"levels", SHOPPER_CHOICE, "auto", 0, 0, false, "auto,all,reference", "one column for each level, or none for the most frequent; auto: all when penalized"},
	{"date_parts", SHOPPER_CHOICE, "auto", 0, 0, false, "auto,days,none", "dates become days and cycles, days alone, or are left out"},
	{"timezone", SHOPPER_STRING, NULL, 0, 0, false, NULL, "zone in which timestamptz columns are split; UTC when not set"},
	{"importance", SHOPPER_BOOLEAN, "true", 0, 0, false, NULL, "measure permutation importance at the end of training"},
	{"on_failure", SHOPPER_CHOICE, "error", 0, 0, false, "error,null", "what happens when the rows cannot be learned from"},
	{"seed", SHOPPER_INTEGER, "1", -9e15, 9e15, false, NULL, "seed of everything random"},
	{NULL}
};

/* Options of every learner that reads pairs. */
static const ShopperOption pair_options[] = {
	{"on_failure", SHOPPER_CHOICE, "error", 0, 0, false, "error,null", "what happens when the rows cannot be learned from"},
	{"seed", SHOPPER_INTEGER, "1", -9e15, 9e15, false, NULL, "seed of everything random"},
	{NULL}
};

/* Options of every learner that reads rows without a target: which columns, and how they are read. */
#define POINT_COLUMNS \
	{"weight", SHOPPER_STRING, NULL, 0, 0, false, NULL, "column with the weight of each row"}, \
	{"features", SHOPPER_STRINGS, NULL, 0, 0, false, NULL, "columns to use; all others are ignored"}, \
	{"exclude", SHOPPER_STRINGS, NULL, 0, 0, false, NULL, "columns to leave out"}, \
	{"categorical", SHOPPER_STRINGS, NULL, 0, 0, false, NULL, "number columns to treat as categories"}, \
	{"max_levels", SHOPPER_INTEGER, "50", 1, 1000000, false, NULL, "levels kept of a category; the rarer ones share one"}, \
	{"on_unseen", SHOPPER_CHOICE, "other", 0, 0, false, "other,zero,error", "what a level unseen in training counts as"},
#define POINT_READING \
	{"date_parts", SHOPPER_CHOICE, "auto", 0, 0, false, "auto,days,none", "dates become days and cycles, days alone, or are left out"}, \
	{"timezone", SHOPPER_STRING, NULL, 0, 0, false, NULL, "zone in which timestamptz columns are split; UTC when not set"}, \
	{"on_failure", SHOPPER_CHOICE, "error", 0, 0, false, "error,null", "what happens when the rows cannot be learned from"}, \
	{"seed", SHOPPER_INTEGER, "1", -9e15, 9e15, false, NULL, "seed of everything random"},

static const ShopperOption point_options[] = {
	POINT_COLUMNS
	{"impute", SHOPPER_CHOICE, "auto", 0, 0, false, "auto,median,mean,zero", "what a missing number becomes; auto: the mean for projections, else the median"},
	{"scale", SHOPPER_CHOICE, "standard", 0, 0, false, "standard,none,min_max,robust", "numbers to mean 0 and deviation 1, as they are, to 0..1, or by median and quartiles"},
	{"category_weight", SHOPPER_NUMBER, "1", 0, 1000, true, NULL, "two levels of a category are sqrt(2) times this apart; 1: as two rows are on average in a standardized number"},
	POINT_READING
	{NULL}
};

/* The same of those that take numbers as they are; scales take all rows alike. */
static const ShopperOption raw_point_options[] = {
	POINT_COLUMNS
	POINT_READING
	{NULL}
};

const ShopperOption *
shopper_shape_options(ShopperShape shape)
{
	return shape == SHOPPER_ROWS ? row_options : shape == SHOPPER_POINTS ? point_options : pair_options;
}

const ShopperOption *
shopper_shared_options(const ShopperLearner *learner)
{
	if (learner->shape != SHOPPER_POINTS || learner->input != SHOPPER_RAW)
		return shopper_shape_options(learner->shape);
	return learner->tasks == SHOPPER_SCALE ? raw_point_options + 1 : raw_point_options;	/* without weight, the first */
}

const ShopperLearner *
shopper_learner_by_name(const char *name)
{
	for (const ShopperLearner *const *l = shopper_learners; *l != NULL; l++)
		if (strcmp((*l)->name, name) == 0)
			return *l;
	return NULL;
}

const ShopperLearner *
shopper_learner_by_number(unsigned number)
{
	for (const ShopperLearner *const *l = shopper_learners; *l != NULL; l++)
		if ((*l)->number == number)
			return *l;
	return NULL;
}

int
shopper_model_outputs(const ShopperModel *model)
{
	return model->task == SHOPPER_CLASSIFY ? (int) model->spec->classes.n
		: model->learner->outputs != NULL ? model->learner->outputs(model) : 1;
}

ShopperStatus
shopper_add_metric(ShopperEnv *env, ShopperModel *model, const char *dataset, const char *name, double value)
{
	SHOPPER_TRY(shopper_grow(env, &model->metric, &model->metric_capacity, model->n_metrics + 1, sizeof(ShopperMetric)));
	model->metric[model->n_metrics++] = (ShopperMetric) {dataset, name, value};
	return SHOPPER_OK;
}

ShopperStatus
shopper_add_step(ShopperEnv *env, ShopperModel *model, int64_t step, const char *metric, double value)
{
	SHOPPER_TRY(shopper_grow(env, &model->history, &model->step_capacity, model->n_steps + 1, sizeof(ShopperStep)));
	model->history[model->n_steps++] = (ShopperStep) {step, metric, value};
	return SHOPPER_OK;
}

ShopperStatus
shopper_add_importance(ShopperEnv *env, ShopperModel *model, const char *feature, const char *method, double value)
{
	SHOPPER_TRY(shopper_grow(env, &model->importance, &model->importance_capacity, model->n_importance + 1, sizeof(ShopperImportance)));
	model->importance[model->n_importance++] = (ShopperImportance) {feature, method, value};
	return SHOPPER_OK;
}
