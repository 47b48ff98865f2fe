/* fold_in.c: old and new lines together; the learners do the rest (ShopperRecommender.fold_in). See fold_in.h. */
#include "fold_in.h"

#include <string.h>

#define LINES_PER_POLL 100000

static ShopperStatus
add_id(ShopperDictionary *to, const ShopperDictionary *from, int64_t code, uint32_t *out)
{
	char		buffer[24];
	size_t		length;
	const char *text;

	if (from->type == SHOPPER_ID_INT)
		return shopper_dictionary_add_int(to, from->integer[code], out);
	text = shopper_dictionary_text(from, code, buffer, &length);
	return shopper_dictionary_add_text(to, text, length, out);
}

/* Codes of d's ids in `to`. */
static ShopperStatus
add_ids(ShopperEnv *env, ShopperDictionary *to, const ShopperDictionary *d, uint32_t **code)
{
	SHOPPER_NEW(env, *code, d->n);
	for (int64_t i = 0; i < d->n; i++)
	{
		SHOPPER_TRY(add_id(to, d, i, &(*code)[i]));
		if (i % LINES_PER_POLL == 0)
			SHOPPER_TRY(shopper_poll(env));
	}
	return SHOPPER_OK;
}

/* Lines of one side into the union; the time tells old from new, and the later rating counts. */
static ShopperStatus
add_lines(ShopperEnv *env, ShopperPairs *all, const ShopperDictionary *users, const ShopperDictionary *items, const int64_t *start,
		  const int32_t *code, const float *value, const ShopperLine *line, int64_t time)
{
	uint32_t   *user,
			   *item;

	SHOPPER_TRY(add_ids(env, &all->left, users, &user));
	SHOPPER_TRY(add_ids(env, &all->right, items, &item));
	for (int64_t u = 0; u < users->n; u++)
		for (int64_t i = start[u]; i < start[u + 1]; i++)
		{
			SHOPPER_TRY(shopper_pairs_add(all, user[u], item[line != NULL ? line[i].code : code[i]],
										  line != NULL ? line[i].value : value != NULL ? value[i] : 1, time));
			if (i % LINES_PER_POLL == 0)
				SHOPPER_TRY(shopper_poll(env));
		}
	shopper_release(env, user);
	shopper_release(env, item);
	return SHOPPER_OK;
}

static ShopperStatus
old_codes(ShopperEnv *env, const ShopperDictionary *now, const ShopperDictionary *old, int64_t **code)
{
	SHOPPER_NEW(env, *code, now->n);
	for (int64_t i = 0; i < now->n; i++)
	{
		(*code)[i] = shopper_find_same(old, now, i);
		if (i % LINES_PER_POLL == 0)
			SHOPPER_TRY(shopper_poll(env));
	}
	return SHOPPER_OK;
}

/* The union as sorted lines; `given` are the new ones, by user. */
static ShopperStatus
unite(ShopperEnv *env, const ShopperEvents *old, const ShopperDictionary *users, const ShopperDictionary *items, const ShopperLines *given,
	  bool implicit, ShopperFoldIn *in)
{
	ShopperPairs all;
	int64_t    *start;

	SHOPPER_TRY(shopper_pairs_init(&all, env, old->user.type, old->item.type, true, true));
	SHOPPER_TRY(add_lines(env, &all, &old->user, &old->item, old->seen_start, old->seen, old->value, NULL, 0));
	SHOPPER_TRY(add_lines(env, &all, users, items, given->start, NULL, NULL, given->line, 1));
	SHOPPER_TRY(shopper_pairs_finish(&all, &start));
	SHOPPER_TRY(shopper_lines_from_pairs(env, &all, start, implicit, &in->lines));
	shopper_release(env, start);
	in->events.user = all.left;
	in->events.item = all.right;
	SHOPPER_TRY(shopper_events_from_lines(env, &in->events, &in->lines, implicit, true));
	SHOPPER_TRY(old_codes(env, &in->events.user, &old->user, &in->old_user));
	SHOPPER_TRY(old_codes(env, &in->events.item, &old->item, &in->old_item));
	SHOPPER_NEW0(env, in->touched, in->events.user.n);
	for (int64_t u = 0; u < in->events.user.n; u++)
	{
		in->touched[u] = shopper_find_same(users, &in->events.user, u) >= 0;
		if (u % LINES_PER_POLL == 0)
			SHOPPER_TRY(shopper_poll(env));
	}
	return SHOPPER_OK;
}

/* Integers and texts do not mix: an id would never be found again. */
static ShopperStatus
check_ids(ShopperEnv *env, const char *what, const ShopperDictionary *old, const ShopperDictionary *given)
{
	static const char *const name[] = {"text", "integers", "uuids"};

	if (old->type == given->type)
		return SHOPPER_OK;
	shopper_fail(env, SHOPPER_BAD_DATA, "%ss of the model are %s, those of the query are %s", what, name[old->type], name[given->type]);
	shopper_hint(env, "Cast the column in the query.");
	return env->status;
}

ShopperStatus
shopper_fold_in_pairs(ShopperEnv *env, const ShopperModel *old, ShopperPairs *pairs, ShopperModel *model)
{
	const ShopperEvents *e = old->state;
	const ShopperRecommender *r = old->learner->recommender;
	ShopperFoldIn in = {.lines = {0}};
	ShopperLines given;
	bool		implicit = true;

	*model = *old;
	if (r == NULL)
		return shopper_fail(env, SHOPPER_WRONG_MODEL, "expected a recommender, got a model of %s", old->learner->name);
	if (r->fold_in == NULL)
	{
		shopper_fail(env, SHOPPER_WRONG_MODEL, "a model of %s cannot take new lines", old->learner->name);
		shopper_hint(env, "Train it anew with all lines; factor models, ease and item_knn take new ones.");
		return env->status;
	}
	if (r->basket_value != NULL)
		(void) r->basket_value(old, &implicit);
	if (pairs->n == 0)
		return shopper_fail(env, SHOPPER_BAD_DATA, "there are no lines to take in");
	SHOPPER_TRY(check_ids(env, "user", &e->user, &pairs->left));
	SHOPPER_TRY(check_ids(env, "item", &e->item, &pairs->right));
	if (!implicit && !pairs->has_value)
	{
		shopper_fail(env, SHOPPER_BAD_DATA, "the model has learned from ratings, but the query returns none");
		shopper_hint(env, "Return the rating as third column.");
		return env->status;
	}
	if (!implicit && e->value == NULL)
	{
		shopper_fail(env, SHOPPER_UNSUPPORTED, "the model does not hold its ratings");
		shopper_hint(env, "Train it anew with this version.");
		return env->status;
	}
	SHOPPER_TRY(shopper_lines_by_user(env, pairs, implicit, &given));
	SHOPPER_TRY(unite(env, e, &pairs->left, &pairs->right, &given, implicit, &in));
	model->n_rows = old->n_rows + pairs->n + pairs->n_skipped;
	model->n_train = in.lines.start[in.lines.rows];
	return r->fold_in(env, old, &in, model);
}
