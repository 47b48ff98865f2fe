/* svd_data.h: small data and training for test_svd.c and test_recommend.c. */
#ifndef SHOPPER_SVD_DATA_H
#define SHOPPER_SVD_DATA_H

#include "check.h"

#include "../../src/core/hash.h"
#include "../../src/models/recommend/factors.h"

enum
{
	USERS = 60,
	ITEMS = 40
};

typedef struct Data
{
	int			n;
	int			user[USERS * ITEMS];
	int			item[USERS * ITEMS];
	double		value[USERS * ITEMS];
	bool		has_value;
	bool		has_time;
} Data;

/* Two hidden tastes plus biases; about two thirds of the cells are known. */
static inline double
planted_rating(int user, int item)
{
	double		u = shopper_normal(5, 1, (uint64_t) user),
				v = shopper_normal(5, 2, (uint64_t) user),
				i = shopper_normal(5, 3, (uint64_t) item),
				j = shopper_normal(5, 4, (uint64_t) item);

	return 3 + 0.3 * shopper_normal(5, 5, (uint64_t) user) + 0.3 * shopper_normal(5, 6, (uint64_t) item) + 0.5 * (u * i + v * j);
}

static inline bool
known(int user, int item)
{
	return shopper_uniform(6, (uint64_t) user, (uint64_t) item) < 0.65;
}

static inline void
planted(Data *d, bool has_value)
{
	memset(d, 0, sizeof(*d));
	d->has_value = has_value;
	for (int user = 0; user < USERS; user++)
		for (int item = 0; item < ITEMS; item++)
		{
			double		rating = planted_rating(user, item);

			if (!known(user, item) || (!has_value && rating < 3.2))
				continue;
			d->user[d->n] = user;
			d->item[d->n] = item;
			d->value[d->n++] = rating;
		}
}

static const ShopperOption shape_options[] = {
	{"seed", SHOPPER_INTEGER, "1", -9e15, 9e15, false, NULL, "seed"},
	{.name = NULL}
};

static inline ShopperStatus
set_options(ShopperEnv *env, ShopperModel *model, const char *options)
{
	char		copy[300],
			   *save = NULL;

	snprintf(copy, sizeof(copy), "%s", options);
	for (char *word = strtok_r(copy, " ", &save); word != NULL; word = strtok_r(NULL, " ", &save))
	{
		char	   *value = strchr(word, '=');
		ShopperRaw	raw = {.kind = SHOPPER_RAW_NUMBER};

		*value++ = '\0';
		raw.text = value;
		if (strcmp(value, "true") == 0 || strcmp(value, "false") == 0)
			raw.kind = SHOPPER_RAW_BOOLEAN;
		else if (*value >= 'a' && *value <= 'z')
			raw.kind = SHOPPER_RAW_STRING;
		SHOPPER_TRY(shopper_options_set(env, &model->options, model->learner->name, word, &raw));
	}
	return SHOPPER_OK;
}

/* Lines in rising order, or backwards. Ids: users are integers, items texts. */
static inline ShopperStatus
train_by(ShopperEnv *env, ShopperModel *model, const ShopperLearner *learner, const Data *d, bool backwards, const char *options,
		 const ShopperModel *previous)
{
	ShopperPairs pairs;
	int64_t    *start;

	memset(model, 0, sizeof(*model));
	model->learner = learner;
	model->task = SHOPPER_RECOMMEND;
	SHOPPER_TRY(shopper_options_init(env, &model->options, model->learner->options, shape_options));
	SHOPPER_TRY(set_options(env, model, options));
	SHOPPER_TRY(shopper_pairs_init(&pairs, env, SHOPPER_ID_INT, SHOPPER_ID_TEXT, d->has_value, d->has_time));
	for (int i = 0; i < d->n; i++)
	{
		int			at = backwards ? d->n - 1 - i : i;
		char		item[24];
		uint32_t	left,
					right;

		snprintf(item, sizeof(item), "item %02d", d->item[at]);
		SHOPPER_TRY(shopper_dictionary_add_int(&pairs.left, d->user[at], &left));
		SHOPPER_TRY(shopper_dictionary_add_text(&pairs.right, item, strlen(item), &right));
		SHOPPER_TRY(shopper_pairs_add(&pairs, left, right, d->value[at], at));
	}
	SHOPPER_TRY(shopper_pairs_finish(&pairs, &start));
	shopper_release(env, start);
	return model->learner->train_ratings(env, model, &pairs, previous);
}

static inline ShopperStatus
train(ShopperEnv *env, ShopperModel *model, const Data *d, bool backwards, const char *options, const ShopperModel *previous)
{
	return train_by(env, model, &shopper_learner_svd, d, backwards, options, previous);
}

static inline ShopperWriter
bytes_of(ShopperEnv *env, const ShopperModel *model)
{
	ShopperWriter w;

	shopper_writer_init(&w, env);
	model->learner->encode(model, &w);
	CHECK_OK(env, w.status);
	return w;
}

static inline bool
same_bytes(const ShopperWriter *a, const ShopperWriter *b)
{
	return a->length == b->length && memcmp(a->data, b->data, (size_t) a->length) == 0;
}

static inline ShopperStatus
decode(ShopperEnv *env, const void *bytes, size_t length, ShopperModel *model)
{
	ShopperReader r;

	memset(model, 0, sizeof(*model));
	model->learner = &shopper_learner_svd;
	shopper_reader_init(&r, env, bytes, length);
	SHOPPER_TRY(model->learner->decode(model, &r));
	return shopper_reader_done(&r, "state");
}

#endif
