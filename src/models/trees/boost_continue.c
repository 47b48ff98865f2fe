/*
 * boost_continue.c: boosting on from an earlier model.
 *
 * Its trees are taken over for the columns and levels of the new rows, by name. A
 * level that the old model has not seen goes the way of its "other", or of missing
 * values. New columns are fine: only new trees use them.
 */
#include <string.h>

#include "boost.h"

static ShopperStatus
check_classes(ShopperEnv *env, const ShopperSpec *spec, const ShopperSpec *old)
{
	bool		same = spec->classes.n == old->classes.n;

	for (int64_t c = 0; same && c < spec->classes.n; c++)
	{
		char		buffer[2][64];
		size_t		length[2];
		const char *text = shopper_dictionary_text(&spec->classes, c, buffer[0], &length[0]);
		const char *before = shopper_dictionary_text(&old->classes, c, buffer[1], &length[1]);

		same = length[0] == length[1] && memcmp(text, before, length[0]) == 0;
	}
	return same ? SHOPPER_OK : shopper_fail(env, SHOPPER_BAD_OPTION, "previous model has other classes");
}

/* The new column that an old one became, or NULL with an error. */
static ShopperColumn *
find_column(ShopperEnv *env, const ShopperSpec *spec, const ShopperColumn *old)
{
	for (int i = 0; i < spec->n_columns; i++)
	{
		ShopperColumn *column = &spec->column[i];

		if (strcmp(old->name, column->name) == 0 && old->kind == column->kind && old->n == column->n)
			return column;
	}
	shopper_fail(env, SHOPPER_BAD_OPTION, "previous model uses column \"%.60s\", which the rows do not have in that kind", old->name);
	shopper_hint(env, "Give the same columns as in the training of the previous model; more are fine.");
	return NULL;
}

/* Old codes of the new levels of a category. */
static ShopperStatus
map_levels(ShopperEnv *env, const ShopperCategory *category, const ShopperCategory *old, int32_t **codes)
{
	SHOPPER_NEW(env, *codes, category->n_levels);
	for (int32_t code = 0; code < category->n_levels; code++)
	{
		if (code == category->null_code)
			(*codes)[code] = old->null_code >= 0 ? old->null_code : old->other_code;
		else if (code == category->other_code)
			(*codes)[code] = old->other_code;
		else
		{
			char		buffer[64];
			size_t		length;
			const char *text = shopper_dictionary_text(&category->levels, code, buffer, &length);

			(*codes)[code] = shopper_category_code(old, text, length);
		}
	}
	return SHOPPER_OK;
}

/* Count days from the old model's origin, so that its thresholds mean the same dates. */
static void
keep_origin(ShopperSpec *spec, ShopperColumn *column, const ShopperColumn *old, ShopperTable *t)
{
	double		shift = column->origin - old->origin;

	if (shift == 0 || (column->kind != SHOPPER_KIND_DATE && column->kind != SHOPPER_KIND_TIMESTAMP))
		return;
	column->origin = old->origin;
	for (int j = column->first; j < column->first + column->n; j++)
	{
		ShopperNumber *number = &spec->number[j];

		if (number->part != SHOPPER_PART_DAYS)
			continue;
		number->mean += shift;
		number->fill += shift;
		number->low += shift;
		number->high += shift;
		for (int64_t i = 0; i < t->n; i++)
			t->dense32[j][i] = (float) ((double) t->dense32[j][i] + shift);
	}
}

ShopperStatus
shopper_boost_continue(ShopperEnv *env, ShopperModel *model, ShopperTable *t, ShopperBoost *boost, const ShopperModel *previous)
{
	const ShopperBoost *old = previous->state;
	const ShopperSpec *old_spec = previous->spec;
	ShopperSpec *spec = model->spec;
	int		   *input;
	int32_t   **old_code;

	if (old->outputs != boost->outputs || shopper_boost_log_link(old->loss) != shopper_boost_log_link(boost->loss))
	{
		shopper_fail(env, SHOPPER_BAD_OPTION, "previous model has another kind of score");
		shopper_hint(env, "Amounts with loss poisson, tweedie or gamma are boosted as logarithms, others as they are.");
		return SHOPPER_BAD_OPTION;
	}
	if (model->task == SHOPPER_CLASSIFY)
		SHOPPER_TRY(check_classes(env, spec, old_spec));
	SHOPPER_NEW0(env, input, old_spec->n_numbers + old_spec->n_categories);
	SHOPPER_NEW0(env, old_code, spec->n_categories);
	for (int i = 0; i < old_spec->n_columns; i++)
	{
		const ShopperColumn *from = &old_spec->column[i];
		ShopperColumn *column = find_column(env, spec, from);

		if (column == NULL)
			return env->status;
		if (column->kind == SHOPPER_KIND_CATEGORY)
		{
			input[old_spec->n_numbers + from->first] = spec->n_numbers + column->first;
			SHOPPER_TRY(map_levels(env, &spec->category[column->first], &old_spec->category[from->first], &old_code[column->first]));
			continue;
		}
		for (int j = 0; j < column->n; j++)
			input[from->first + j] = column->first + j;
		keep_origin(spec, column, from, t);
	}
	for (int k = 0; k < spec->n_categories; k++)
		if (old_code[k] == NULL)	/* a new column: no old tree reads it */
			SHOPPER_NEW0(env, old_code[k], spec->category[k].n_levels);
	memcpy(boost->base, old->base, (size_t) boost->outputs * sizeof(double));
	boost->rounds = old->rounds;
	return shopper_ensemble_append(env, boost->trees.ensemble, old->trees.ensemble, input, (const int32_t *const *) old_code);
}
