/* models.c: a small model of each kind, made as the host makes them. */
#include "fuzz.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../src/core/hash.h"
#include "../../src/features/intake.h"
#include "../../src/models/recommend/content.h"
#include "../../src/models/recommend/hybrid.h"
#include "../../src/models/supervised/sums.h"

const char *const fuzz_kind_name[FUZZ_KINDS] = {
#define ROWS(name, learner, classes, options) name,
#define BASKETS(name, ids, options) name,
#define SEQUENCES(name, ids, options) name,
#define RATINGS(name, learner, implicit, options) name,
#define SUMS(name) name,
#define POINTS(name, learner, options) name,
#define MADE(name, function) name,
#include "kinds.def"
#undef ROWS
#undef BASKETS
#undef SEQUENCES
#undef RATINGS
#undef SUMS
#undef POINTS
#undef MADE
};

enum {N_ROWS = 200, USERS = 12, ITEMS = 9, BASKETS = 30};

/* "name=value name=value": arrays as 4,3 */
static ShopperStatus
set_options(ShopperEnv *env, ShopperModel *model, const char *options)
{
	char		copy[300],
			   *save = NULL;

	snprintf(copy, sizeof(copy), "%s", options);
	for (char *word = strtok_r(copy, " ", &save); word != NULL; word = strtok_r(NULL, " ", &save))
	{
		char	   *value = strchr(word, '='),
				   *next = NULL;
		const char *key = "algorithm";
		ShopperRaw	element[8],
					algorithm[8],
					raw = {.kind = SHOPPER_RAW_NUMBER,.element = element};
		ShopperOptionType type;

		*value++ = '\0';
		type = shopper_option(&model->options, word)->option->type;
		raw.text = value;
		if (type == SHOPPER_BOOLEAN)
			raw.kind = SHOPPER_RAW_BOOLEAN;
		else if (type == SHOPPER_CHOICE || type == SHOPPER_STRING)
			raw.kind = SHOPPER_RAW_STRING;
		else if (type == SHOPPER_LEARNERS)
		{
			raw.kind = SHOPPER_RAW_ARRAY;
			for (char *part = strtok_r(value, ",", &next); part != NULL; part = strtok_r(NULL, ",", &next))
			{
				algorithm[raw.n] = (ShopperRaw) {.kind = SHOPPER_RAW_STRING,.text = part};
				element[raw.n] = (ShopperRaw) {.kind = SHOPPER_RAW_OBJECT,.n = 1,.element = &algorithm[raw.n],.key = &key};
				raw.n++;
			}
		}
		else if (type == SHOPPER_STRINGS || type == SHOPPER_INTEGERS || type == SHOPPER_NUMBERS)
		{
			raw.kind = SHOPPER_RAW_ARRAY;
			for (char *part = strtok_r(value, ",", &next); part != NULL; part = strtok_r(NULL, ",", &next))
				element[raw.n++] = (ShopperRaw) {.kind = type == SHOPPER_STRINGS ? SHOPPER_RAW_STRING : SHOPPER_RAW_NUMBER,.text = part};
		}
		SHOPPER_TRY(shopper_options_set(env, &model->options, model->learner->name, word, &raw));
	}
	return SHOPPER_OK;
}

static ShopperStatus
start(ShopperEnv *env, ShopperModel *model, const ShopperLearner *learner, ShopperTask task, const char *options)
{
	memset(model, 0, sizeof(*model));
	model->learner = learner;
	model->task = task;
	SHOPPER_TRY(shopper_options_init(env, &model->options, learner->options, shopper_shared_options(learner)));
	return set_options(env, model, options);
}

/* ---- rows: numbers, a boolean, a category with NULLs and rare levels, dates, a vector ---- */

/* classes 0: a number target, -1: none */
static ShopperStatus
add_row(ShopperIntake *in, int i, int classes, bool vectors)
{
	static const char *const class_names[] = {"no", "yes", "perhaps"};
	double		x = shopper_normal(1, 1, (uint64_t) i),
				vector[3];
	char		level[16];
	int			class = classes == 2 ? x + shopper_normal(1, 2, (uint64_t) i) > 0 : (int) (shopper_random(1, 8, (uint64_t) i) % 3);

	for (int k = 0; k < 3; k++)
		vector[k] = shopper_normal(1, 10 + (uint64_t) k, (uint64_t) i);
	SHOPPER_TRY(shopper_intake_row(in));
	if (classes > 0)
		SHOPPER_TRY(shopper_intake_class(in, class_names[class], strlen(class_names[class])));
	else if (classes == 0)
		in->y[in->n] = exp(x + 0.3 * shopper_normal(1, 3, (uint64_t) i));	/* above 0, for every family */
	in->weight[in->n] = 1 + i % 2;
	shopper_intake_number(in, &in->column[0], i % 7 == 0 ? NAN : x);
	shopper_intake_number(in, &in->column[1], i % 2);
	snprintf(level, sizeof(level), "level %d", i % 11 == 10 ? i : i % 3);
	SHOPPER_TRY(shopper_intake_text(in, &in->column[2], i % 13 == 0 ? NULL : level, strlen(level)));
	shopper_intake_days(in, &in->column[3], i % 17 == 0 ? NAN : 7000 + i * 5);
	shopper_intake_days(in, &in->column[4], 7000.25 + i);
	if (vectors)
		SHOPPER_TRY(shopper_intake_vector(in, &in->column[5], vector, i % 19 == 0 ? 0 : 3));
	shopper_intake_commit(in);
	return SHOPPER_OK;
}

/* Start a model and read its rows. */
static ShopperStatus
read_rows(ShopperEnv *env, ShopperModel *model, const ShopperLearner *learner, int classes, ShopperTask task, const char *options, ShopperTable *table)
{
	static const ShopperKind kinds[] = {SHOPPER_KIND_NUMBER, SHOPPER_KIND_BOOLEAN, SHOPPER_KIND_CATEGORY,
	SHOPPER_KIND_DATE, SHOPPER_KIND_TIMESTAMP, SHOPPER_KIND_VECTOR};
	static const char *const names[] = {"age", "member", "colour", "birth", "seen", "taste"};
	ShopperIntakeRules rules = {.max_levels = 4,.on_unseen = SHOPPER_UNSEEN_OTHER,.zone = "Europe/Berlin"};
	ShopperIntake in;
	bool		vectors = learner != &shopper_learner_bayes_net;

	SHOPPER_TRY(start(env, model, learner, task, options));
	SHOPPER_TRY(shopper_intake_init(&in, env, learner->wide, vectors ? 6 : 5, classes < 0 ? NULL : "bought",
									classes > 0 ? SHOPPER_TARGET_CLASS : classes == 0 ? SHOPPER_TARGET_NUMBER : SHOPPER_TARGET_NONE,
									(ShopperIntakeRoles) {.weight = true}));
	for (int i = 0; i < 5 + vectors; i++)
		SHOPPER_TRY(shopper_intake_column(&in, i, names[i], kinds[i], i == 4, false));
	for (int i = 0; i < N_ROWS; i++)
		SHOPPER_TRY(add_row(&in, i, classes, vectors));
	SHOPPER_NEW0(env, model->spec, 1);
	return shopper_intake_finish(&in, &rules, table, model->spec);
}

ShopperStatus
fuzz_train_rows(ShopperEnv *env, ShopperModel *model, const ShopperLearner *learner, int classes,
				const char *options, const ShopperModel *previous)
{
	ShopperTable table;

	SHOPPER_TRY(read_rows(env, model, learner, classes, classes > 0 ? SHOPPER_CLASSIFY : SHOPPER_REGRESS, options, &table));
	return shopper_train_rows(env, model, &table, NULL, previous);
}

ShopperStatus
fuzz_train_points(ShopperEnv *env, ShopperModel *model, const ShopperLearner *learner, const char *options, const ShopperModel *previous)
{
	ShopperTable table;

	SHOPPER_TRY(read_rows(env, model, learner, -1, (ShopperTask) learner->tasks, options, &table));
	return shopper_train_points(env, model, &table, previous);
}

/* ---- pairs ---- */

static ShopperStatus
add_pair(ShopperPairs *p, int left, int right, double value, int64_t time)
{
	char		text[40];
	uint32_t	a,
				b;

	SHOPPER_TRY(shopper_dictionary_add_int(&p->left, left * 3, &a));
	if (p->right.type == SHOPPER_ID_INT)
		SHOPPER_TRY(shopper_dictionary_add_int(&p->right, right, &b));
	else
	{
		snprintf(text, sizeof(text), p->right.type == SHOPPER_ID_UUID ? "0000000%d-0000-4000-8000-000000000000" : "item %d", right);
		SHOPPER_TRY(shopper_dictionary_add_text(&p->right, text, strlen(text), &b));
	}
	return shopper_pairs_add(p, a, b, value, time);
}

static ShopperStatus
train_baskets(ShopperEnv *env, ShopperModel *model, ShopperIdType items, const char *options)
{
	ShopperPairs pairs;
	int64_t    *first;

	SHOPPER_TRY(start(env, model, &shopper_learner_itemsets, SHOPPER_FIND_RULES, options));
	SHOPPER_TRY(shopper_pairs_init(&pairs, env, SHOPPER_ID_INT, items, false, false));
	for (int b = 0; b < BASKETS; b++)
		for (int i = 0; i < ITEMS; i++)
			if (i == b % 2 || shopper_uniform(3, (uint64_t) b, (uint64_t) i) < 0.45)
				SHOPPER_TRY(add_pair(&pairs, b, i, 0, 0));
	SHOPPER_TRY(shopper_pairs_finish(&pairs, &first));
	return model->learner->train_baskets(env, model, &pairs);
}

static ShopperStatus
train_sequences(ShopperEnv *env, ShopperModel *model, ShopperIdType items, const char *options)
{
	const int64_t day = 86400000000;
	ShopperPairs pairs;
	int64_t    *first;

	SHOPPER_TRY(start(env, model, &shopper_learner_sequences, SHOPPER_FIND_SEQUENCES, options));
	SHOPPER_TRY(shopper_pairs_init(&pairs, env, SHOPPER_ID_INT, items, false, true));
	for (int u = 0; u < USERS; u++)
		for (int i = 0; i < ITEMS; i++)
			if (shopper_uniform(4, (uint64_t) u, (uint64_t) i) < 0.5)
				SHOPPER_TRY(add_pair(&pairs, u, i, 0, (u + 2 * i) * day));
	SHOPPER_TRY(shopper_pairs_finish(&pairs, &first));
	return model->learner->train_baskets(env, model, &pairs);
}

ShopperStatus
fuzz_train_ratings(ShopperEnv *env, ShopperModel *model, const ShopperLearner *learner, bool implicit, const char *options, const ShopperModel *previous)
{
	ShopperPairs pairs;
	int64_t    *first;

	SHOPPER_TRY(start(env, model, learner, SHOPPER_RECOMMEND, options));
	SHOPPER_TRY(shopper_pairs_init(&pairs, env, SHOPPER_ID_INT, implicit ? SHOPPER_ID_UUID : SHOPPER_ID_TEXT, !implicit, !implicit));
	for (int u = 0; u < USERS; u++)
		for (int i = 0; i < ITEMS; i++)
			if (shopper_uniform(4, (uint64_t) u, (uint64_t) i) < 0.5)
				SHOPPER_TRY(add_pair(&pairs, u, i, 1 + (u * i) % 5, u + i));
	SHOPPER_TRY(shopper_pairs_finish(&pairs, &first));
	return model->learner->train_ratings(env, model, &pairs, previous);
}

static ShopperStatus
train_sums(ShopperEnv *env, ShopperModel *model)
{
	static const char *const names[] = {"height", "width"};
	size_t		size = shopper_sums_size(3, true, 0, 0);
	ShopperSums *s = shopper_alloc0(env, size, 1);

	SHOPPER_TRY(start(env, model, &shopper_learner_linear, SHOPPER_REGRESS, ""));
	shopper_sums_init(s, 3, true, 0, 0);
	for (int i = 0; i < N_ROWS; i++)
	{
		double	   *row = shopper_sums_row(s);

		for (int j = 0; j < 3; j++)
			row[j] = shopper_normal(6, (uint64_t) j, (uint64_t) i);
		shopper_sums_commit(s, 0);
	}
	shopper_sums_flush(s);
	return shopper_sums_model(env, model, s, names);
}

/* ---- items by their attributes ---- */

static ShopperStatus
make_content(ShopperEnv *env, ShopperModel *model)
{
	static char names[5][8] = {"kind", "tags", "title", "price", "taste"};
	ShopperContentIntake in;

	SHOPPER_TRY(start(env, model, &shopper_learner_content, SHOPPER_FIND_SIMILAR, ""));
	SHOPPER_TRY(shopper_content_begin(env, model, &in, SHOPPER_ID_TEXT, 5));
	for (int a = 0; a < 5; a++)
	{
		in.content->attribute[a].name = names[a];
		in.content->attribute[a].kind = (ShopperAttributeKind) a;
		in.content->attribute[a].weight = a + 1;
		in.is_id[a] = false;
	}
	for (int i = 0; i < ITEMS; i++)
	{
		char		word[24];
		uint32_t	code;
		double		v[2] = {i, 1};

		snprintf(word, sizeof(word), "item %d", i);
		SHOPPER_TRY(shopper_dictionary_add_text(&in.content->events.item, word, strlen(word), &code));
		SHOPPER_TRY(shopper_content_item(&in, code));
		SHOPPER_TRY(shopper_content_term(&in, 0, i % 2 ? "odd" : "even", i % 2 ? 3 : 4));
		for (int t = 0; t < 3; t++)
			if (shopper_uniform(4, (uint64_t) i, (uint64_t) t) < 0.6)
				SHOPPER_TRY(shopper_content_term(&in, 1, &"abc"[t], 1));
		SHOPPER_TRY(shopper_content_text(&in, 2, "the same for all", (size_t) (i % 4) * 4 + 4));
		shopper_content_number(&in, 3, i % 3);
		SHOPPER_TRY(shopper_content_vector(&in, 4, v, i % 5 == 0 ? 0 : 2));
		SHOPPER_TRY(shopper_content_commit(&in));
	}
	return shopper_content_finish(env, model, &in);
}

static ShopperStatus
make_hybrid(ShopperEnv *env, ShopperModel *model)
{
	ShopperModel part[3];

	SHOPPER_TRY(fuzz_train_ratings(env, &part[0], &shopper_learner_item_knn, false, "k=3 implicit=true", NULL));
	SHOPPER_TRY(fuzz_train_ratings(env, &part[1], &shopper_learner_markov, false, "decay=0.5", NULL));
	SHOPPER_TRY(make_content(env, &part[2]));
	SHOPPER_TRY(start(env, model, &shopper_learner_hybrid, SHOPPER_JOIN_MODELS, ""));
	return shopper_hybrid_make(env, model, part, 3);
}

static ShopperStatus
train(ShopperEnv *env, int k, ShopperModel *model)
{
	int			at = 0;

#define ROWS(name, learner, classes, options) \
	if (k == at++) return fuzz_train_rows(env, model, &shopper_learner_##learner, classes, options, NULL);
#define BASKETS(name, ids, options) \
	if (k == at++) return train_baskets(env, model, ids, options);
#define SEQUENCES(name, ids, options) \
	if (k == at++) return train_sequences(env, model, ids, options);
#define RATINGS(name, learner, implicit, options) \
	if (k == at++) return fuzz_train_ratings(env, model, &shopper_learner_##learner, implicit, options, NULL);
#define POINTS(name, learner, options) \
	if (k == at++) return fuzz_train_points(env, model, &shopper_learner_##learner, options, NULL);
#define SUMS(name) \
	if (k == at++) return train_sums(env, model);
#define MADE(name, function) \
	if (k == at++) return function(env, model);
#include "kinds.def"
#undef ROWS
#undef BASKETS
#undef SEQUENCES
#undef RATINGS
#undef SUMS
#undef POINTS
#undef MADE
	return SHOPPER_UNSUPPORTED;
}

void
fuzz_model(ShopperEnv *env, int k, unsigned char **bytes, int64_t *length)
{
	ShopperModel model;

	if (train(env, k, &model) != SHOPPER_OK || shopper_model_encode(env, &model, bytes, length) != SHOPPER_OK)
	{
		printf("fuzz: cannot make %s: %s\n", fuzz_kind_name[k], env->message);
		exit(1);
	}
}
