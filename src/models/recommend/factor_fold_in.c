/*
 * factor_fold_in.c: new lines for a factor model. Users with new lines are solved anew from
 * the items' rows, as a basket is; items that are new are solved in the same way from the
 * rows of their users, with the sides changed. Of the truncated decomposition that is
 * folding in (Berry, Dumais and O'Brien 1995): rows of new items come out s^2 too large.
 */
#include <math.h>
#include <string.h>

#include "factors.h"
#include "fold_in.h"

typedef struct Folding
{
	ShopperFactors *f;
	const ShopperFoldIn *in;
	ShopperLines by_item;
	ShopperLine *line;			/* scratch for the lines of a user with known items */
} Folding;

/* What the old model knows keeps its place in the rows. */
static ShopperStatus
copy_rows(ShopperEnv *env, const ShopperFactors *old, const Folding *fold)
{
	ShopperFactors *f = fold->f;
	size_t		size = (size_t) f->stride * sizeof(float);

	for (int64_t u = 0; u < f->events.user.n; u++)
	{
		int64_t		from = fold->in->old_user[u];

		if (u % 4096 == 0)
			SHOPPER_TRY(shopper_poll(env));
		if (from < 0)
			continue;
		memcpy(f->user_factor + u * f->stride, old->user_factor + from * f->stride, size);
		f->user_bias[u] = old->user_bias[from];
	}
	for (int64_t i = 0; i < f->events.item.n; i++)
	{
		int64_t		from = fold->in->old_item[i];

		if (from < 0)
			continue;
		memcpy(f->item_factor + i * f->stride, old->item_factor + from * f->stride, size);
		f->item_bias[i] = old->item_bias[from];
	}
	return SHOPPER_OK;
}

/* Damped mean of what the lines differ from the other side's means: the bias where factors alone give a rating. */
static double
damped_mean(const ShopperFactors *f, const ShopperLine *line, int64_t n, const float *other)
{
	double		sum = 0;

	for (int64_t i = 0; i < n; i++)
		sum += line[i].value - f->mu - other[line[i].code];
	return sum / (SHOPPER_BIAS_DAMPING + (double) n);
}

/* Users with new lines, from all their items or from those that the old model knows. */
static ShopperStatus
fold_users(ShopperEnv *env, Folding *fold, bool all_items)
{
	ShopperFactors *f = fold->f;
	const ShopperLines *lines = &fold->in->lines;

	for (int64_t u = 0; u < lines->rows; u++)
	{
		const ShopperLine *line = lines->line + lines->start[u];
		int64_t		n = lines->start[u + 1] - lines->start[u];
		double		bias;

		if (!fold->in->touched[u])
			continue;
		SHOPPER_TRY(shopper_poll(env));
		if (!all_items)
		{
			int64_t		known = 0;

			for (int64_t i = 0; i < n; i++)
				if (fold->in->old_item[line[i].code] >= 0)
					fold->line[known++] = line[i];
			line = fold->line;
			n = known;
		}
		memset(f->user_factor + u * f->stride, 0, (size_t) f->stride * sizeof(float));
		f->user_bias[u] = 0;
		if (n == 0)
			continue;
		SHOPPER_TRY(shopper_fold_in(env, f, line, n, f->user_factor + u * f->stride, &bias));
		f->user_bias[u] = (float) (f->raw ? damped_mean(f, line, n, f->item_bias) : bias);
	}
	return SHOPPER_OK;
}

/* Items that are new, from the rows of their users. */
static ShopperStatus
fold_items(ShopperEnv *env, Folding *fold)
{
	ShopperFactors *f = fold->f,
				mirror = *f;

	mirror.item_factor = f->user_factor;
	mirror.item_bias = f->user_bias;
	if (f->implicit)
	{
		SHOPPER_NEW(env, mirror.gram, (int64_t) f->factors * shopper_gram_stride(f->factors));
		SHOPPER_TRY(shopper_gram(env, f->user_factor, f->events.user.n, f->factors, f->stride, mirror.gram));
	}
	for (int64_t i = 0; i < f->events.item.n; i++)
	{
		const ShopperLine *line = fold->by_item.line + fold->by_item.start[i];
		int64_t		n = fold->by_item.start[i + 1] - fold->by_item.start[i];
		float	   *row = f->item_factor + i * f->stride;
		double		bias;

		if (fold->in->old_item[i] >= 0)
			continue;
		SHOPPER_TRY(shopper_poll(env));
		SHOPPER_TRY(shopper_fold_in(env, &mirror, line, n, row, &bias));
		f->item_bias[i] = (float) (f->raw ? damped_mean(f, line, n, f->user_bias) : bias);
		for (int j = 0; j < f->factors && f->form == SHOPPER_PROJECTED; j++)
			row[j] = (float) (f->singular[j] > 0 ? row[j] / (f->singular[j] * f->singular[j]) : 0);
	}
	return SHOPPER_OK;
}

ShopperStatus
shopper_factor_fold_in(ShopperEnv *env, const ShopperModel *old_model, const ShopperFoldIn *in, ShopperModel *model)
{
	const ShopperFactors *old = old_model->state;
	Folding		fold = {.in = in};
	ShopperFactors *f;
	bool		new_items = false;

	SHOPPER_NEW(env, f, 1);
	*f = *old;
	fold.f = f;
	model->state = f;
	f->events = in->events;
	SHOPPER_TRY(shopper_factors_alloc(env, f));
	SHOPPER_TRY(copy_rows(env, old, &fold));
	if (f->form == SHOPPER_PROJECTED)
		memcpy(f->singular, old->singular, (size_t) f->factors * sizeof(double));
	for (int64_t i = 0; i < in->lines.start[in->lines.rows] && !f->implicit; i++)
	{
		f->lowest = fmin(f->lowest, in->lines.line[i].value);
		f->highest = fmax(f->highest, in->lines.line[i].value);
	}
	for (int64_t i = 0; i < f->events.item.n; i++)
		new_items |= in->old_item[i] < 0;
	SHOPPER_NEW(env, fold.line, f->events.item.n);
	SHOPPER_TRY(fold_users(env, &fold, !new_items));
	if (new_items)
	{
		SHOPPER_TRY(shopper_lines_transpose(env, &in->lines, f->events.item.n, &fold.by_item));
		SHOPPER_TRY(fold_items(env, &fold));
		if (f->implicit && f->form != SHOPPER_PROJECTED)
		{
			SHOPPER_NEW(env, f->gram, (int64_t) f->factors * shopper_gram_stride(f->factors));
			SHOPPER_TRY(shopper_gram(env, f->item_factor, f->events.item.n, f->factors, f->stride, f->gram));
		}
		SHOPPER_TRY(fold_users(env, &fold, true));
	}
	if (f->implicit)
		shopper_events_drop_ones(env, &f->events);
	return SHOPPER_OK;
}
