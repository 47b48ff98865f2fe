/* hybrid.c: the learner hybrid: uniting the parts, storing them; see hybrid.h */
#include "hybrid.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "../../core/sort.h"

#define USERS_PER_POLL 10000

/* ---- users and items of all parts ---- */

/* Ids of one part's dictionary into one of all; code (own n) gets theirs. */
static ShopperStatus
add_ids(const ShopperDictionary *own, ShopperDictionary *all, int32_t *code)
{
	for (int64_t i = 0; i < own->n; i++)
	{
		char		buffer[24];
		size_t		length;
		uint32_t	to;

		if (own->type == SHOPPER_ID_INT)
			SHOPPER_TRY(shopper_dictionary_add_int(all, own->integer[i], &to));
		else
		{
			const char *text = shopper_dictionary_text(own, i, buffer, &length);

			SHOPPER_TRY(shopper_dictionary_add_text(all, text, length, &to));
		}
		code[i] = (int32_t) to;
		if (i % USERS_PER_POLL == 0)
			SHOPPER_TRY(shopper_poll(all->env));
	}
	return SHOPPER_OK;
}

static const ShopperDictionary *
ids_of(const ShopperPart *part, bool users)
{
	return users ? &shopper_part_events(part)->user : &shopper_part_events(part)->item;
}

static const char *
type_name(ShopperIdType type)
{
	return type == SHOPPER_ID_INT ? "integers" : type == SHOPPER_ID_UUID ? "uuids" : "texts";
}

/* The dictionary of all by value; code[p] (the part's ids) in it, own[p] (all ids) back, -1: not of the part. Parts without ids (of users) fit any type. */
static ShopperStatus
unite(ShopperEnv *env, ShopperHybrid *h, bool users, ShopperDictionary *all, int32_t **code, int32_t **own)
{
	int			first = 0;
	uint32_t   *new_code;

	while (first < h->n - 1 && ids_of(&h->part[first], users)->n == 0)
		first++;
	SHOPPER_TRY(shopper_dictionary_init(all, env, ids_of(&h->part[first], users)->type));
	for (int p = 0; p < h->n; p++)
	{
		const ShopperDictionary *d = ids_of(&h->part[p], users);

		SHOPPER_NEW(env, code[p], d->n);
		if (d->n > 0 && d->type != all->type)
		{
			shopper_fail(env, SHOPPER_WRONG_MODEL, "the %s ids of part %d are %s, those of part %d are %s", users ? "user" : "item",
						 p + 1, type_name(d->type), first + 1, type_name(all->type));
			shopper_hint(env, "Train the parts with ids of the same type.");
			return env->status;
		}
		SHOPPER_TRY(add_ids(d, all, code[p]));
	}
	SHOPPER_TRY(shopper_dictionary_sort(all, SHOPPER_BY_VALUE, &new_code));
	for (int p = 0; p < h->n; p++)
	{
		const ShopperDictionary *d = ids_of(&h->part[p], users);

		SHOPPER_NEW(env, own[p], all->n);
		memset(own[p], -1, (size_t) all->n * sizeof(int32_t));
		for (int64_t i = 0; i < d->n; i++)
		{
			code[p][i] = (int32_t) new_code[code[p][i]];
			own[p][code[p][i]] = (int32_t) i;
		}
	}
	shopper_release(env, new_code);
	return SHOPPER_OK;
}

/* What users have, in any part. */
static ShopperStatus
unite_seen(ShopperEnv *env, ShopperHybrid *h)
{
	ShopperEvents *e = &h->events;
	int64_t		most = 0,
				used = 0;
	int64_t    *last;			/* (items) user + 1 that was noted last */

	for (int p = 0; p < h->n; p++)
		most += shopper_part_events(&h->part[p])->seen_start[shopper_part_events(&h->part[p])->user.n];
	SHOPPER_NEW(env, e->seen, most);
	SHOPPER_NEW0(env, e->seen_start, e->user.n + 1);
	SHOPPER_NEW0(env, last, e->item.n);
	for (int64_t user = 0; user < e->user.n; user++)
	{
		int64_t		from = used;

		for (int p = 0; p < h->n; p++)
		{
			const ShopperEvents *of = shopper_part_events(&h->part[p]);
			int32_t		own = h->part[p].own_user[user];

			for (int64_t i = own < 0 ? 0 : of->seen_start[own]; own >= 0 && i < of->seen_start[own + 1]; i++)
			{
				int32_t		item = h->part[p].item[of->seen[i]];
				int64_t		at = used;

				if (last[item] == user + 1)
					continue;
				last[item] = user + 1;
				e->item.count[item]++;
				/* each part's items rise: few moves */
				for (; at > from && e->seen[at - 1] > item; at--)
					e->seen[at] = e->seen[at - 1];
				e->seen[at] = item;
				used++;
			}
		}
		e->seen_start[user + 1] = used;
		if (user % 100 == 0)
			SHOPPER_TRY(shopper_poll(env));
	}
	shopper_release(env, last);
	return SHOPPER_OK;
}

/* From a part that is popularity alone, else from the first that has users. */
static ShopperStatus
take_popularity(ShopperEnv *env, ShopperHybrid *h)
{
	const ShopperPart *from = NULL;

	for (int p = h->n - 1; p >= 0; p--)
		if (shopper_part_events(&h->part[p])->user.n > 0)
			from = &h->part[p];
	for (int p = h->n - 1; p >= 0; p--)
		if (h->part[p].model.learner->recommender->score_basket == NULL)
			from = &h->part[p];
	SHOPPER_NEW(env, h->events.popularity, h->events.item.n);
	for (int64_t i = 0; i < h->events.item.n; i++)
		h->events.popularity[i] = from == NULL || from->own_item[i] < 0 ? -INFINITY : shopper_part_events(from)->popularity[from->own_item[i]];
	return SHOPPER_OK;
}

static ShopperStatus
unite_parts(ShopperEnv *env, ShopperHybrid *h)
{
	int32_t    *code[SHOPPER_MOST_PARTS],
			   *own[SHOPPER_MOST_PARTS];

	SHOPPER_TRY(unite(env, h, true, &h->events.user, code, own));
	for (int p = 0; p < h->n; p++)
	{
		h->part[p].own_user = own[p];
		shopper_release(env, code[p]);
	}
	SHOPPER_TRY(unite(env, h, false, &h->events.item, code, own));
	for (int p = 0; p < h->n; p++)
	{
		h->part[p].item = code[p];
		h->part[p].own_item = own[p];
	}
	memset(h->events.item.count, 0, (size_t) h->events.item.n * sizeof(int64_t));
	SHOPPER_TRY(unite_seen(env, h));
	return take_popularity(env, h);
}

/* ---- making ---- */

static ShopperStatus
check_part(ShopperEnv *env, const ShopperModel *part, int number)
{
	if (part->learner->recommender == NULL)
	{
		shopper_fail(env, SHOPPER_WRONG_MODEL, "part %d must be a recommender, got a model of %s", number, part->learner->name);
		shopper_hint(env, "Recommenders come from train_recommender and train_content.");
		return env->status;
	}
	if (part->learner->recommender == &shopper_hybrid_recommender)
	{
		shopper_fail(env, SHOPPER_WRONG_MODEL, "part %d is a hybrid itself", number);
		shopper_hint(env, "Give its parts instead.");
		return env->status;
	}
	return SHOPPER_OK;
}

/* Method, constant and weights from the options. */
static ShopperStatus
set_options(ShopperEnv *env, const ShopperModel *model, ShopperHybrid *h)
{
	const ShopperOptionValue *weights = shopper_option(&model->options, "weights");
	double		sum = 0;

	h->method = shopper_option_is(&model->options, "method", "rank") ? SHOPPER_BLEND_RANKS
		: shopper_option_is(&model->options, "method", "first") ? SHOPPER_FIRST_PART : SHOPPER_BLEND_SCORES;
	h->constant = shopper_option_number(&model->options, "rank_constant");
	if (weights->set && weights->n != h->n)
		return shopper_fail(env, SHOPPER_BAD_OPTION, "expected one weight for each of the %d models, got %d", h->n, weights->n);
	for (int p = 0; p < h->n; p++)
	{
		h->part[p].weight = weights->set ? weights->numbers[p] : 1;
		sum += h->part[p].weight;
	}
	if (!(sum > 0))
		return shopper_fail(env, SHOPPER_BAD_OPTION, "one of the weights must be above 0");
	for (int p = 0; p < h->n; p++)
		h->part[p].weight /= sum;
	return SHOPPER_OK;
}

static ShopperStatus
start(ShopperEnv *env, ShopperModel *model, int64_t n, ShopperHybrid **hybrid)
{
	if (n < 1 || n > SHOPPER_MOST_PARTS)
		return shopper_fail(env, SHOPPER_BAD_OPTION, "expected 1 to %d models, got %lld", SHOPPER_MOST_PARTS, (long long) n);
	SHOPPER_NEW0(env, *hybrid, 1);
	SHOPPER_NEW0(env, (*hybrid)->part, n);
	(*hybrid)->n = (int) n;
	model->state = *hybrid;
	return SHOPPER_OK;
}

ShopperStatus
shopper_hybrid_make(ShopperEnv *env, ShopperModel *model, const ShopperModel *parts, int n)
{
	ShopperHybrid *h = NULL;

	SHOPPER_TRY(start(env, model, n, &h));
	for (int p = 0; p < n; p++)
	{
		SHOPPER_TRY(check_part(env, &parts[p], p + 1));
		h->part[p].model = parts[p];
		model->n_rows += parts[p].n_rows;
		model->n_train += parts[p].n_train;
	}
	SHOPPER_TRY(set_options(env, model, h));
	return unite_parts(env, h);
}

/* ---- storing: the parts; what they make together is found anew ---- */

static void
hybrid_encode(const ShopperModel *model, ShopperWriter *w)
{
	const ShopperHybrid *h = model->state;

	shopper_put_varint(w, (uint64_t) h->n);
	for (int p = 0; p < h->n; p++)
	{
		unsigned char *bytes;
		int64_t		length;

		if (w->status != SHOPPER_OK)
			return;
		w->status = shopper_model_encode(w->env, &h->part[p].model, &bytes, &length);
		if (w->status != SHOPPER_OK)
			return;
		shopper_put_text(w, (const char *) bytes, (size_t) length);
		shopper_release(w->env, bytes);
	}
}

static ShopperStatus
hybrid_decode(ShopperModel *model, ShopperReader *r)
{
	ShopperEnv *env = r->env;
	ShopperHybrid *h = NULL;
	int64_t		n = shopper_get_count(r, SHOPPER_MODEL_HEADER);

	if (r->failed || n < 1 || n > SHOPPER_MOST_PARTS)
		return shopper_bad_bytes(env, "its number of parts is out of range");
	SHOPPER_TRY(start(env, model, n, &h));
	for (int p = 0; p < h->n; p++)
	{
		int64_t		length = shopper_get_count(r, 1);
		const unsigned char *bytes = shopper_get_bytes(r, (size_t) length);
		ShopperModelHeader header;

		if (bytes == NULL)
			return shopper_bad_bytes(env, "a part is cut off");
		SHOPPER_TRY(shopper_model_header(env, bytes, (size_t) length, (size_t) length, &header));
		/* before decoding: hybrids of hybrids could be nested without end */
		if (shopper_learner_by_number(header.learner)->recommender == NULL || header.learner == model->learner->number)
			return shopper_bad_bytes(env, "a part is not a recommender");
		SHOPPER_TRY(shopper_model_decode(env, bytes, (size_t) length, &h->part[p].model));
	}
	SHOPPER_TRY(set_options(env, model, h));
	return unite_parts(env, h);
}

static void
hybrid_describe(const ShopperModel *model, void (*add) (void *ctx, const char *key, double value), void *ctx)
{
	const ShopperHybrid *h = model->state;

	add(ctx, "users", (double) h->events.user.n);
	add(ctx, "items", (double) h->events.item.n);
	for (int p = 0; p < h->n; p++)
	{
		char		key[60];

		snprintf(key, sizeof(key), "part_%d_%s", p + 1, h->part[p].model.learner->name);
		add(ctx, key, h->part[p].weight);
	}
}

static const ShopperOption hybrid_options[] = {
	{"weights", SHOPPER_NUMBERS, NULL, 0, 1e30, false, NULL, "how much each part counts; not set: all the same"},
	{"method", SHOPPER_CHOICE, "score", 0, 0, false, "score,rank,first", "blend scores, blend ranks, or take the first part that scores an item"},
	{"rank_constant", SHOPPER_NUMBER, "60", 0, 1e9, true, NULL, "of method rank: the greater, the less the first ranks stand out"},
	{NULL}
};

const ShopperLearner shopper_learner_hybrid = {
	.number = 24,
	.name = "hybrid",
	.help = "one list from several recommenders",
	.shape = SHOPPER_RATINGS,
	.tasks = SHOPPER_JOIN_MODELS,
	.options = hybrid_options,
	.encode = hybrid_encode,
	.decode = hybrid_decode,
	.describe = hybrid_describe,
	.recommender = &shopper_hybrid_recommender,
};
