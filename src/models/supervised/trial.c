/* trial.c: see trial.h */
#include "trial.h"

#include <math.h>
#include <string.h>

#include "../../core/arena.h"

static ShopperStatus
run(ShopperEnv *env, const ShopperTrial *trial, int fold, ShopperTrialMetrics *metrics, double *importance)
{
	ShopperModel model = {.learner = trial->learner,.task = trial->task,.options = trial->options};
	ShopperTable test;
	uint32_t   *rows;
	int64_t		n_fit,
				n_test;

	SHOPPER_NEW(env, rows, trial->n);
	shopper_fold_rows(trial->fold, trial->n, fold, trial->timed, rows, &n_fit, &n_test);
	if (n_fit == 0 || n_test == 0)
	{
		shopper_fail(env, SHOPPER_BAD_DATA, "fold %d has %lld rows to fit and %lld to test", fold + 1, (long long) n_fit, (long long) n_test);
		shopper_hint(env, "Use fewer folds, or another group or time column.");
		return env->status;
	}
	SHOPPER_TRY(shopper_fit_rows(env, &model, &trial->raw, rows, n_fit, true));
	model.n_metrics = model.n_importance = 0;
	SHOPPER_TRY(shopper_encode_rows(env, &model, &trial->raw, rows + n_fit, n_test, &test));
	SHOPPER_TRY(shopper_add_metrics(env, &model, &test, 0, n_test, "test"));
	metrics->n = 0;
	for (int64_t i = 0; i < model.n_metrics && metrics->n < SHOPPER_TRIAL_METRICS; i++)
	{
		metrics->name[metrics->n] = model.metric[i].name;	/* a constant */
		metrics->value[metrics->n++] = model.metric[i].value;
	}
	if (importance == NULL)
		return SHOPPER_OK;
	SHOPPER_TRY(shopper_add_permutation_importance(env, &model, &test, 0,
												   n_test < SHOPPER_IMPORTANCE_ROWS ? n_test : SHOPPER_IMPORTANCE_ROWS));
	for (int64_t i = 0; i < model.n_importance; i++)
	{
		int			c = shopper_spec_find(trial->raw.spec, model.importance[i].feature);

		if (c >= 0)
			importance[c] += model.importance[i].value;
	}
	return SHOPPER_OK;
}

ShopperStatus
shopper_trial_fold(ShopperEnv *env, const ShopperTrial *trial, int fold, ShopperTrialMetrics *metrics, double *importance)
{
	ShopperArena arena;

	shopper_arena_open(&arena, env);
	arena.env.seed = (uint64_t) shopper_option_integer(&trial->options, "seed");
	return shopper_arena_close(&arena, run(&arena.env, trial, fold, metrics, importance));
}

bool
shopper_trial_has_metric(const ShopperTrialMetrics *metrics, const char *name)
{
	for (int i = 0; i < metrics->n; i++)
		if (strcmp(metrics->name[i], name) == 0)
			return true;
	return false;
}

double
shopper_trial_metric(const ShopperTrialMetrics *metrics, const char *name)
{
	for (int i = 0; i < metrics->n; i++)
		if (strcmp(metrics->name[i], name) == 0)
			return metrics->value[i];
	return NAN;
}

bool
shopper_metric_rises(const char *name)
{
	return strcmp(name, "auc") == 0 || strcmp(name, "accuracy") == 0 || strcmp(name, "r2") == 0;
}

const char *
shopper_default_metric(ShopperTask task)
{
	return task == SHOPPER_CLASSIFY ? "log_loss" : "rmse";
}
