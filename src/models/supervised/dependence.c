/* dependence.c: see dependence.h */
#include "dependence.h"

#include <math.h>

#include "course.h"

#define WINDOW 16384

/* The column of an encoded number or flag, all x. */
static ShopperStatus
fill_dense(ShopperEnv *env, ShopperTable *t, int j, double x)
{
	if (t->wide)
	{
		SHOPPER_NEW(env, t->dense[j], t->n);
		for (int64_t i = 0; i < t->n; i++)
			t->dense[j][i] = x;
	}
	else
	{
		SHOPPER_NEW(env, t->dense32[j], t->n);
		for (int64_t i = 0; i < t->n; i++)
			t->dense32[j][i] = (float) x;
	}
	return SHOPPER_OK;
}

/* A column's arrays in the table, to be put back. */
typedef struct Kept
{
	void	   *column;
	void	   *flag;
} Kept;

static void *
swap_dense(ShopperTable *t, int j, void *column)
{
	void	   *before = t->wide ? (void *) t->dense[j] : (void *) t->dense32[j];

	if (t->wide)
		t->dense[j] = column;
	else
		t->dense32[j] = column;
	return before;
}

static ShopperStatus
set_number(ShopperEnv *env, const ShopperSpec *spec, ShopperTable *t, int j, double value, Kept *kept)
{
	const ShopperNumber *number = &spec->number[j];
	bool		missing = value != value;

	kept->column = swap_dense(t, j, NULL);
	if (!spec->prepared)
		return fill_dense(env, t, j, value);
	if (number->flag >= 0)
	{
		kept->flag = swap_dense(t, number->flag, NULL);
		SHOPPER_TRY(fill_dense(env, t, number->flag, missing));
	}
	return fill_dense(env, t, j, ((missing ? number->fill : value) - number->mean) / number->scale);
}

static ShopperStatus
set_category(ShopperEnv *env, const ShopperSpec *spec, ShopperTable *t, int k, int32_t code, Kept *kept)
{
	int32_t		position = spec->prepared ? shopper_category_position(&spec->category[k], code) : code;

	kept->column = t->lookup[k];
	SHOPPER_NEW(env, t->lookup[k], t->n);
	for (int64_t i = 0; i < t->n; i++)
		t->lookup[k][i] = position;
	return SHOPPER_OK;
}

static ShopperStatus
mean_of(ShopperEnv *env, const ShopperModel *model, const ShopperTable *t, int first, int last, double *mean)
{
	int			outputs = shopper_model_outputs(model);
	int64_t		window = outputs <= 32 ? WINDOW : WINDOW / outputs + 64;
	double	   *p;

	SHOPPER_NEW(env, p, window * outputs);
	for (int c = first; c <= last; c++)
		mean[c - first] = 0;
	for (int64_t at = 0; at < t->n; at += window)
	{
		int64_t		to = at + window < t->n ? at + window : t->n;

		SHOPPER_TRY(shopper_score_rows(env, model, t, at, to, p));
		for (int64_t i = 0; i < to - at; i++)
			for (int c = first; c <= last; c++)
				mean[c - first] += p[i * outputs + c];
	}
	for (int c = first; c <= last; c++)
		mean[c - first] /= (double) t->n;
	shopper_release(env, p);
	return SHOPPER_OK;
}

ShopperStatus
shopper_partial_dependence(ShopperEnv *env, const ShopperModel *model, ShopperTable *t, int column, double value,
						   int first, int last, double *mean)
{
	const ShopperSpec *spec = model->spec;
	const ShopperColumn *c = &spec->column[column];
	Kept		kept = {0};

	if (c->kind == SHOPPER_KIND_CATEGORY)
	{
		SHOPPER_TRY(set_category(env, spec, t, c->first, (int32_t) value, &kept));
		SHOPPER_TRY(mean_of(env, model, t, first, last, mean));
		shopper_release(env, t->lookup[c->first]);
		t->lookup[c->first] = kept.column;
		return SHOPPER_OK;
	}
	SHOPPER_TRY(set_number(env, spec, t, c->first, value, &kept));
	SHOPPER_TRY(mean_of(env, model, t, first, last, mean));
	shopper_release(env, swap_dense(t, c->first, kept.column));
	if (kept.flag != NULL)
		shopper_release(env, swap_dense(t, spec->number[c->first].flag, kept.flag));
	return SHOPPER_OK;
}
