/*
 * bayes_merge.c: two naive Bayes models become the one of all their rows. Columns are
 * matched by name, levels by text; the dictionaries are united.
 */
#include <math.h>
#include <string.h>

#include "bayes.h"

/* Stored counts may be anything: they must not overflow as signed numbers. */
static int64_t
sum_of(int64_t a, int64_t b)
{
	return (int64_t) ((uint64_t) a + (uint64_t) b);
}

/* The other model's column of this name, or NULL with an error. */
static const ShopperColumn *
find_column(ShopperEnv *env, const ShopperSpec *spec, const ShopperColumn *column)
{
	const ShopperColumn *c = shopper_spec_find_like(spec, column);

	if (c != NULL)
		return c;
	shopper_fail(env, SHOPPER_BAD_DATA, "the models differ in their columns: one has no column \"%.60s\" of the same type", column->name);
	shopper_hint(env, "Train them on the same columns; a text column that looks like an identifier is left out of a training.");
	return NULL;
}

static ShopperStatus
check_classes(ShopperEnv *env, const ShopperSpec *a, const ShopperSpec *b)
{
	if (shopper_spec_same_target(a, b) && a->positive == b->positive)
		return SHOPPER_OK;
	shopper_fail(env, SHOPPER_BAD_DATA, "the models differ in their classes: %lld and %lld of target \"%.60s\"",
				 (long long) a->classes.n, (long long) b->classes.n, a->target);
	shopper_hint(env, "Both must have seen the same classes, with the same positive one.");
	return env->status;
}

/* ---- levels ---- */

/* Put the codes of `from` (n_levels) into `dictionary`, counts added; NULL and rare levels are not in it. */
static ShopperStatus
add_levels(ShopperDictionary *dictionary, const ShopperCategory *from)
{
	for (int64_t l = 0; l < from->levels.n; l++)
	{
		uint32_t	code;

		SHOPPER_TRY(shopper_dictionary_add_text(dictionary, from->levels.bytes + from->levels.start[l],
												(size_t) from->levels.length[l], &code));
		dictionary->count[code] = sum_of(dictionary->count[code], from->count[l]);
	}
	return SHOPPER_OK;
}

/* Which level of `to` each level of `from` has become. */
static ShopperStatus
map_levels(ShopperEnv *env, const ShopperCategory *from, const ShopperCategory *to, int32_t **map)
{
	SHOPPER_NEW(env, *map, from->n_levels);
	for (int l = 0; l < from->n_levels; l++)
		(*map)[l] = l == from->null_code ? to->null_code : l == from->other_code ? to->other_code
			: shopper_category_code(to, from->levels.bytes + from->levels.start[l], (size_t) from->levels.length[l]);
	return SHOPPER_OK;
}

static void
move_counts(const ShopperCategory *from, const int32_t *map, const double *counts, int k, ShopperCategory *to, double *into)
{
	for (int l = 0; l < from->n_levels; l++)
	{
		to->count[map[l]] = sum_of(to->count[map[l]], from->count[l]);
		for (int c = 0; c < k; c++)
			into[(int64_t) map[l] * k + c] += counts[(int64_t) l * k + c];
	}
}

/* Category g of `into` gets the levels and counts of category h of `other`; *moved says where its own went. */
static ShopperStatus
merge_category(ShopperEnv *env, ShopperModel *into, int g, const ShopperModel *other, int h, int32_t **moved)
{
	ShopperBayes *b = into->state;
	const ShopperBayes *o = other->state;
	ShopperCategory *a = &into->spec->category[g],
				joint = *a;
	const ShopperCategory *from = &other->spec->category[h];
	int64_t		most = shopper_option_integer(&into->options, "max_levels");
	bool		overflow;
	uint32_t   *order;
	int32_t    *map;
	double	   *level;

	SHOPPER_TRY(shopper_dictionary_init(&joint.levels, env, SHOPPER_ID_TEXT));
	SHOPPER_TRY(add_levels(&joint.levels, a));
	SHOPPER_TRY(add_levels(&joint.levels, from));
	SHOPPER_TRY(shopper_dictionary_sort(&joint.levels, SHOPPER_BY_COUNT, &order));
	shopper_release(env, order);
	overflow = joint.levels.n > most;
	if (overflow)
		SHOPPER_TRY(shopper_dictionary_truncate(&joint.levels, most));
	shopper_category_number(&joint, a->null_code >= 0 || from->null_code >= 0,
							overflow || a->other_code >= 0 || from->other_code >= 0);
	joint.size = joint.n_levels;
	SHOPPER_NEW0(env, joint.count, joint.n_levels);
	SHOPPER_NEW0(env, level, (size_t) joint.n_levels * (size_t) b->n_classes);
	SHOPPER_TRY(map_levels(env, a, &joint, moved));
	SHOPPER_TRY(map_levels(env, from, &joint, &map));
	move_counts(a, *moved, b->level[g], b->n_classes, &joint, level);
	move_counts(from, map, o->level[h], b->n_classes, &joint, level);
	shopper_release(env, map);
	*a = joint;
	b->level[g] = level;
	return SHOPPER_OK;
}

/* ---- numbers ---- */

static void
merge_number(ShopperModel *into, int j, const ShopperModel *other, int i, double origins)
{
	ShopperBayes *b = into->state;
	const ShopperBayes *o = other->state;
	ShopperNumber *a = &into->spec->number[j];
	ShopperNumber from = other->spec->number[i];
	ShopperMoments all = {0};

	for (int c = 0; c < b->n_classes; c++)
	{
		ShopperMoments *m = &b->moments[(size_t) j * (size_t) b->n_classes + (size_t) c],
					theirs = o->moments[(size_t) i * (size_t) b->n_classes + (size_t) c];

		theirs.mean += origins;
		shopper_moments_merge(m, &theirs);
		shopper_moments_merge(&all, m);
	}
	from.low += origins;
	from.high += origins;
	if (from.n_missing < other->n_train)
	{
		bool		empty = a->n_missing >= into->n_train;

		a->low = empty || from.low < a->low ? from.low : a->low;
		a->high = empty || from.high > a->high ? from.high : a->high;
		a->fill = empty ? from.fill + origins : a->fill;
	}
	a->n_missing = sum_of(a->n_missing, from.n_missing);
	a->mean = all.mean;
	a->scale = all.n > 0 ? sqrt(all.squares / all.n) : 0;
}

ShopperStatus
shopper_bayes_merge(ShopperEnv *env, ShopperModel *into, const ShopperModel *other, int32_t ***moved)
{
	ShopperSpec *spec = into->spec;
	ShopperBayes *b = into->state;
	const ShopperBayes *o = other->state;
	int32_t   **maps;

	if (spec->n_columns != other->spec->n_columns)
	{
		shopper_fail(env, SHOPPER_BAD_DATA, "the models differ in their columns: one has %d, the other %d", spec->n_columns, other->spec->n_columns);
		shopper_hint(env, "Train them on the same columns; a text column that looks like an identifier is left out of a training.");
		return env->status;
	}
	SHOPPER_TRY(check_classes(env, spec, other->spec));
	SHOPPER_NEW0(env, maps, spec->n_categories);
	for (int i = 0; i < spec->n_columns; i++)
	{
		const ShopperColumn *c = &spec->column[i];
		const ShopperColumn *theirs = find_column(env, other->spec, c);

		if (theirs == NULL)
			return env->status;
		if (c->kind == SHOPPER_KIND_CATEGORY)
			SHOPPER_TRY(merge_category(env, into, c->first, other, theirs->first, &maps[c->first]));
		else
			for (int j = 0; j < c->n; j++)
			{
				bool		days = (c->kind == SHOPPER_KIND_DATE || c->kind == SHOPPER_KIND_TIMESTAMP) &&
					spec->number[c->first + j].part == SHOPPER_PART_DAYS;

				merge_number(into, c->first + j, other, theirs->first + j, days ? theirs->origin - c->origin : 0);
			}
	}
	spec->width = spec->n_dense;
	for (int g = 0; g < spec->n_categories; g++)
	{
		spec->category[g].offset = spec->width;
		spec->width += spec->category[g].size;
	}
	for (int c = 0; c < b->n_classes; c++)
	{
		b->weight[c] += o->weight[c];
		spec->classes.count[c] = sum_of(spec->classes.count[c], other->spec->classes.count[c]);
	}
	into->n_rows = sum_of(into->n_rows, other->n_rows);
	into->n_train = sum_of(into->n_train, other->n_train);
	if (moved != NULL)
		*moved = maps;
	return shopper_bayes_finish(env, into, b);
}
