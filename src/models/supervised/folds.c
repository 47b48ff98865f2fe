/* folds.c: splitting rows into folds, predictions out of fold. See course.h. */
#include <string.h>

#include "../../core/arena.h"
#include "../../core/hash.h"
#include "../../core/sort.h"
#include "course.h"

ShopperStatus
shopper_random_folds(ShopperEnv *env, const ShopperTable *t, int k, int32_t *fold)
{
	int64_t    *seen;

	if (t->group != NULL)
	{
		for (int64_t i = 0; i < t->n; i++)
			fold[i] = (int32_t) (shopper_random(env->seed, 2000, t->group[i]) % (uint64_t) k);
		return SHOPPER_OK;
	}
	SHOPPER_NEW0(env, seen, t->n_classes > 0 ? t->n_classes : 1);
	for (int64_t i = 0; i < t->n; i++)	/* rows are in random order */
	{
		int			class = t->y_class != NULL ? t->y_class[i] : 0;

		/* classes start at different folds, so that small ones do not all meet in fold 0 */
		fold[i] = (int32_t) ((seen[class]++ + class) % k);
	}
	shopper_release(env, seen);
	return SHOPPER_OK;
}

ShopperStatus
shopper_time_folds(ShopperEnv *env, const ShopperTable *t, int k, int32_t *fold)
{
	uint64_t   *key;
	uint32_t   *order;
	int32_t		now = -1;

	SHOPPER_NEW(env, key, t->n);
	SHOPPER_NEW(env, order, t->n);
	for (int64_t i = 0; i < t->n; i++)
		key[i] = shopper_time_key(t->time[i]);
	SHOPPER_TRY(shopper_sort_order(env, key, order, t->n));
	for (int64_t i = 0; i < t->n; i++)
	{
		int32_t		wanted = (int32_t) ((__int128) i * (k + 1) / t->n) - 1;

		if (i == 0 || key[order[i]] != key[order[i - 1]])
			now = wanted;
		fold[order[i]] = now;
	}
	shopper_release(env, key);
	shopper_release(env, order);
	return SHOPPER_OK;
}

void
shopper_fold_rows(const int32_t *fold, int64_t n, int f, bool timed, uint32_t *rows, int64_t *n_fit, int64_t *n_test)
{
	int64_t		at = 0;

	for (int64_t i = 0; i < n; i++)
		if (timed ? fold[i] < f : fold[i] != f)
			rows[at++] = (uint32_t) i;
	*n_fit = at;
	for (int64_t i = 0; i < n; i++)
		if (fold[i] == f)
			rows[at++] = (uint32_t) i;
	*n_test = at - *n_fit;
}

ShopperStatus
shopper_encode_rows(ShopperEnv *env, const ShopperModel *model, const ShopperRawRows *raw, const uint32_t *rows, int64_t n, ShopperTable *table)
{
	SHOPPER_TRY(shopper_table_subset(env, raw->table, raw->spec, raw->keep, rows, n, model->learner->wide, table));
	return shopper_table_encode(table, model->spec);
}

/* One fold: fit on the others, predict it. */
static ShopperStatus
predict_fold(ShopperEnv *env, const ShopperModel *like, const ShopperRawRows *raw, const uint32_t *rows, int64_t n_fit, int64_t n_test, double *out)
{
	ShopperModel model = {.learner = like->learner,.task = like->task,.options = like->options};
	ShopperTable test;
	int			outputs;
	double	   *p;

	SHOPPER_TRY(shopper_fit_rows(env, &model, raw, rows, n_fit, false));
	outputs = shopper_model_outputs(&model);
	SHOPPER_TRY(shopper_encode_rows(env, &model, raw, rows + n_fit, n_test, &test));
	SHOPPER_NEW(env, p, n_test * outputs);
	SHOPPER_TRY(shopper_score_rows(env, &model, &test, 0, n_test, p));	/* not calibrated: that is learned from what comes out here */
	for (int64_t i = 0; i < n_test; i++)
		memcpy(out + (int64_t) rows[n_fit + i] * outputs, p + i * outputs, (size_t) outputs * sizeof(double));
	return SHOPPER_OK;
}

ShopperStatus
shopper_out_of_fold(ShopperEnv *env, const ShopperModel *model, const ShopperRawRows *raw, int64_t n, int k, double *out)
{
	ShopperTable part = *raw->table;	/* rows [0, n) only */
	int32_t    *fold;
	uint32_t   *rows;

	part.n = n;
	SHOPPER_NEW(env, fold, n);
	SHOPPER_NEW(env, rows, n);
	SHOPPER_TRY(shopper_random_folds(env, &part, k, fold));
	for (int f = 0; f < k; f++)
	{
		ShopperArena arena;
		int64_t		n_fit,
					n_test;

		shopper_fold_rows(fold, n, f, false, rows, &n_fit, &n_test);
		if (n_test == 0)
			continue;
		shopper_arena_open(&arena, env);
		SHOPPER_TRY(shopper_arena_close(&arena, predict_fold(&arena.env, model, raw, rows, n_fit, n_test, out)));
		shopper_progress(env, "out of fold", f + 1, k, 0);
	}
	shopper_release(env, fold);
	shopper_release(env, rows);
	return SHOPPER_OK;
}
