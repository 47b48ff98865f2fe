/* profile.c: see profile.h */
#include "profile.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "../../core/sort.h"
#include "../trees/trees_words.h"

#define SAME 0.05				/* as near to the average as this counts as average */

static double
in_deviations(const ShopperClusters *c, double x, int j)
{
	return c->deviation[j] > 0 ? (x - c->mean[j]) / c->deviation[j] : 0;
}

/* ---- words ---- */

/* "3.1 times the average", "41 % of the average", "12 above the average" */
static void
say_ratio(ShopperWriter *w, double value, double average)
{
	char		text[64];
	double		ratio = value / average;

	if (value == average || fabs(value - average) <= SAME * fabs(average))
		snprintf(text, sizeof(text), "about the average");
	else if (!(average > 0) || value < 0 || !(ratio < 1e6))
		snprintf(text, sizeof(text), "%.3g %s the average", fabs(value - average), value > average ? "above" : "below");
	else if (ratio < 1)
		snprintf(text, sizeof(text), "%.0f %% of the average", ratio * 100);
	else
		snprintf(text, sizeof(text), ratio < 10 ? "%.1f times the average" : "%.0f times the average", ratio);
	shopper_say(w, text);
}

static void
say_share(ShopperWriter *w, const char *level, double share)
{
	char		text[32];

	shopper_say(w, level);
	snprintf(text, sizeof(text), " %.0f %%", share * 100);
	shopper_say(w, text);
}

static ShopperStatus
finish_text(ShopperWriter *w, const char **text)
{
	shopper_put_u8(w, 0);
	*text = (const char *) w->data;
	return w->status;
}

/* ---- traits ---- */

static ShopperStatus
name_number(ShopperEnv *env, const ShopperColumn *column, const ShopperNumber *number, const char **name)
{
	char		part[24];
	ShopperWriter w;

	*name = column->name;
	if (column->kind != SHOPPER_KIND_VECTOR)
		return SHOPPER_OK;
	snprintf(part, sizeof(part), "[%d]", number->part + 1);
	shopper_writer_init(&w, env);
	shopper_say(&w, column->name);
	shopper_say(&w, part);
	return finish_text(&w, name);
}

static ShopperStatus
number_trait(ShopperEnv *env, const ShopperModel *model, const ShopperColumn *column, int j, ShopperTrait *t)
{
	const ShopperClusters *c = model->state;
	const ShopperNumber *number = &model->spec->number[j];
	double		origin = column->kind == SHOPPER_KIND_DATE || column->kind == SHOPPER_KIND_TIMESTAMP ? column->origin : 0,
				x = c->centre[(int64_t) t->cluster * c->d + j];
	ShopperWriter w;

	SHOPPER_TRY(name_number(env, column, number, &t->feature));
	t->value = x * number->scale + number->mean + origin;
	t->average = c->mean[j] * number->scale + number->mean + origin;
	t->difference = in_deviations(c, x, j);
	shopper_writer_init(&w, env);
	if (column->kind == SHOPPER_KIND_DATE || column->kind == SHOPPER_KIND_TIMESTAMP)
		shopper_say_date(&w, t->value);
	else if (column->kind == SHOPPER_KIND_BOOLEAN)
		say_share(&w, "true", t->value);
	else
		say_ratio(&w, t->value, t->average);
	return finish_text(&w, &t->text);
}

static const char *
level_name(const ShopperCategory *category, int code)
{
	return code == category->null_code ? "(missing)" : code == category->other_code ? "(other)"
		: category->levels.bytes + category->levels.start[code];
}

/* The level that is over-represented most. */
static ShopperStatus
category_trait(ShopperEnv *env, const ShopperModel *model, const ShopperColumn *column, ShopperTrait *t)
{
	const ShopperClusters *c = model->state;
	const ShopperCategory *category = &model->spec->category[column->first];
	const double *centre = c->centre + (int64_t) t->cluster * c->d;
	int			best = 0;
	ShopperWriter w;

	for (int code = 1; code < category->size; code++)
		if (in_deviations(c, centre[category->offset + code], category->offset + code) >
			in_deviations(c, centre[category->offset + best], category->offset + best))
			best = code;
	t->feature = column->name;
	t->level = level_name(category, best);
	t->value = centre[category->offset + best] / c->category_weight;
	t->average = c->mean[category->offset + best] / c->category_weight;
	t->difference = in_deviations(c, centre[category->offset + best], category->offset + best);
	shopper_writer_init(&w, env);
	say_share(&w, t->level, t->value);
	return finish_text(&w, &t->text);
}

/* Sort the traits of one cluster: the greatest differences first. */
static ShopperStatus
rank(ShopperEnv *env, ShopperTrait *trait, int64_t n)
{
	double	   *key;
	uint32_t   *order;
	ShopperTrait *sorted;

	SHOPPER_NEW(env, key, n);
	SHOPPER_NEW(env, order, n);
	SHOPPER_NEW(env, sorted, n);
	for (int64_t i = 0; i < n; i++)
		key[i] = -fabs(trait[i].difference);
	SHOPPER_TRY(shopper_sort_doubles(env, key, order, n));
	for (int64_t i = 0; i < n; i++)
	{
		sorted[i] = trait[order[i]];
		sorted[i].rank = (int) i + 1;
	}
	memcpy(trait, sorted, (size_t) n * sizeof(*trait));
	shopper_release(env, key);
	shopper_release(env, order);
	shopper_release(env, sorted);
	return SHOPPER_OK;
}

ShopperStatus
shopper_cluster_profile(ShopperEnv *env, const ShopperModel *model, ShopperTrait **trait, int64_t *n)
{
	const ShopperSpec *spec = model->spec;
	const ShopperClusters *c = model->state;

	SHOPPER_NEW0(env, *trait, (int64_t) c->k * (spec->n_numbers + spec->n_categories));
	*n = 0;
	for (int e = 0; e < c->k; e++)
	{
		int64_t		first = *n;

		for (int i = 0; i < spec->n_columns; i++)
		{
			const ShopperColumn *column = &spec->column[i];
			bool		date = column->kind == SHOPPER_KIND_DATE || column->kind == SHOPPER_KIND_TIMESTAMP;

			if (column->kind == SHOPPER_KIND_CATEGORY)
			{
				if (spec->category[column->first].size == 0)
					continue;
				(*trait)[*n].cluster = e;
				SHOPPER_TRY(category_trait(env, model, column, &(*trait)[(*n)++]));
				continue;
			}
			for (int j = column->first; j < column->first + column->n; j++)
			{
				if (date && spec->number[j].part != SHOPPER_PART_DAYS)
					continue;	/* weekdays and seasons have no mean that says much */
				(*trait)[*n].cluster = e;
				SHOPPER_TRY(number_trait(env, model, column, j, &(*trait)[(*n)++]));
			}
		}
		SHOPPER_TRY(rank(env, *trait + first, *n - first));
	}
	return SHOPPER_OK;
}
