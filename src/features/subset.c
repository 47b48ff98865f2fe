/*
 * subset.c: some rows and columns of a raw training table as a table of its own:
 * what folds, trials and the members of a stack are fitted on.
 */
#include <string.h>

#include "table.h"

ShopperStatus
shopper_spec_subset(ShopperEnv *env, const ShopperSpec *spec, const bool *keep, ShopperSpec *subset)
{
	shopper_assert(!spec->prepared);
	*subset = *spec;
	subset->n_columns = subset->n_numbers = subset->n_categories = 0;
	SHOPPER_NEW(env, subset->column, spec->n_columns);
	SHOPPER_NEW(env, subset->number, spec->n_numbers);
	SHOPPER_NEW(env, subset->category, spec->n_categories);
	for (int i = 0; i < spec->n_columns; i++)
	{
		const ShopperColumn *from = &spec->column[i];
		ShopperColumn *to = &subset->column[subset->n_columns];

		if (keep != NULL && !keep[i])
			continue;
		*to = *from;
		if (from->kind == SHOPPER_KIND_CATEGORY)
		{
			to->first = subset->n_categories;
			subset->category[subset->n_categories] = spec->category[from->first];
			subset->category[subset->n_categories++].column = subset->n_columns;
		}
		else
		{
			to->first = subset->n_numbers;
			for (int k = 0; k < from->n; k++)
			{
				subset->number[subset->n_numbers] = spec->number[from->first + k];
				subset->number[subset->n_numbers++].column = subset->n_columns;
			}
		}
		subset->n_columns++;
	}
	subset->n_dense = subset->n_numbers;
	return SHOPPER_OK;
}

/* ---- rows ---- */

/* A new array of the given rows (NULL: the first n) of a column; NULL stays NULL. */
static ShopperStatus
gather(ShopperEnv *env, const void *column, const uint32_t *rows, int64_t n, size_t width, void *slot)
{
	void	  **to = slot;

	*to = NULL;
	if (column == NULL)
		return SHOPPER_OK;
	*to = shopper_alloc(env, (size_t) n, width);
	if (*to == NULL)
		return env->status;
	if (rows == NULL)
		memcpy(*to, column, (size_t) n * width);
	else if (width == 8)
		for (int64_t i = 0; i < n; i++)
			((uint64_t *) *to)[i] = ((const uint64_t *) column)[rows[i]];
	else if (width == 4)
		for (int64_t i = 0; i < n; i++)
			((uint32_t *) *to)[i] = ((const uint32_t *) column)[rows[i]];
	else
		for (int64_t i = 0; i < n; i++)
			((uint8_t *) *to)[i] = ((const uint8_t *) column)[rows[i]];
	return shopper_poll(env);
}

static ShopperStatus
gather_number(ShopperEnv *env, const ShopperTable *from, int j, const uint32_t *rows, ShopperTable *to, int at)
{
	if (from->wide == to->wide)
		return to->wide ? gather(env, from->dense[j], rows, to->n, 8, &to->dense[at])
			: gather(env, from->dense32[j], rows, to->n, 4, &to->dense32[at]);
	if (to->wide)
	{
		SHOPPER_NEW(env, to->dense[at], to->n);
		for (int64_t i = 0; i < to->n; i++)
			to->dense[at][i] = from->dense32[j][rows != NULL ? rows[i] : i];
	}
	else
	{
		SHOPPER_NEW(env, to->dense32[at], to->n);
		for (int64_t i = 0; i < to->n; i++)
			to->dense32[at][i] = shopper_narrow(from->dense[j][rows != NULL ? rows[i] : i]);
	}
	return shopper_poll(env);
}

ShopperStatus
shopper_table_subset(ShopperEnv *env, const ShopperTable *t, const ShopperSpec *spec, const bool *keep,
					 const uint32_t *rows, int64_t n, bool wide, ShopperTable *subset)
{
	memset(subset, 0, sizeof(*subset));
	subset->env = env;
	subset->wide = wide;
	subset->n = subset->n_train = subset->capacity = n;
	subset->n_classes = t->n_classes;
	if (wide)
		SHOPPER_NEW0(env, subset->dense, t->n_dense);
	else
		SHOPPER_NEW0(env, subset->dense32, t->n_dense);
	SHOPPER_NEW0(env, subset->lookup, t->n_lookup);
	SHOPPER_NEW0(env, subset->size, t->n_lookup);
	for (int j = 0; j < spec->n_numbers; j++)
		if (keep == NULL || keep[spec->number[j].column])
			SHOPPER_TRY(gather_number(env, t, j, rows, subset, subset->n_dense++));
	for (int k = 0; k < spec->n_categories; k++)
		if (keep == NULL || keep[spec->category[k].column])
		{
			subset->size[subset->n_lookup] = t->size[k];
			SHOPPER_TRY(gather(env, t->lookup[k], rows, n, 4, &subset->lookup[subset->n_lookup++]));
		}
	SHOPPER_TRY(gather(env, t->y_class, rows, n, 4, &subset->y_class));
	SHOPPER_TRY(gather(env, t->y, rows, n, 8, &subset->y));
	SHOPPER_TRY(gather(env, t->weight, rows, n, 8, &subset->weight));
	SHOPPER_TRY(gather(env, t->time, rows, n, 8, &subset->time));
	SHOPPER_TRY(gather(env, t->group, rows, n, 8, &subset->group));
	return gather(env, t->held_out, rows, n, 1, &subset->held_out);
}
