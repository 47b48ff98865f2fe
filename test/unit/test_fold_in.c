/* test_fold_in.c: new users and items in finished models. */
#include "svd_data.h"

#include "../../src/models/recommend/fold_in.h"
#include "../../src/models/recommend/recommend.h"

enum {NEW_USER = 1000, NEW_ITEM = 97};

static void
positive(Data *d, bool rated)
{
	planted(d, rated);
	for (int i = 0; i < d->n; i++)
		d->value[i] = fmax(d->value[i], 0.25);
}

/* Finished pairs of user, item and value. */
static void
lines_of(ShopperEnv *env, ShopperPairs *pairs, const int (*line)[3], int n, bool rated, bool backwards)
{
	int64_t    *start;

	CHECK_OK(env, shopper_pairs_init(pairs, env, SHOPPER_ID_INT, SHOPPER_ID_TEXT, rated, false));
	for (int k = 0; k < n; k++)
	{
		const int  *l = line[backwards ? n - 1 - k : k];
		char		item[24];
		uint32_t	left,
					right;

		snprintf(item, sizeof(item), "item %02d", l[1]);
		CHECK_OK(env, shopper_dictionary_add_int(&pairs->left, l[0], &left));
		CHECK_OK(env, shopper_dictionary_add_text(&pairs->right, item, strlen(item), &right));
		CHECK_OK(env, shopper_pairs_add(pairs, left, right, l[2], 0));
	}
	CHECK_OK(env, shopper_pairs_finish(pairs, &start));
}

/* A new user gets what a basket of the same items gets; nobody else changes; a user's new line counts. */
static void
users(const ShopperLearner *learner, bool rated, const char *options)
{
	static const int line[][3] = {{NEW_USER, 3, 4}, {NEW_USER, 11, 2}, {NEW_USER, 25, 5}, {7, 3, 1}};
	static Data d;
	ShopperEnv *env = check_env(-1);
	ShopperItemFilter filter = {.n = ITEMS};
	ShopperRecommendation *rows,
			   *same;
	ShopperModel model,
				after;
	ShopperPairs pairs;
	ShopperWriter a,
				b;
	const ShopperEvents *e;
	int32_t		basket[] = {3, 11, 25};
	double		ratings[] = {4, 2, 5};
	int64_t		n,
				n_same,
				code,
				at;

	positive(&d, rated);
	CHECK_OK(env, train_by(env, &model, learner, &d, false, options, NULL));
	lines_of(env, &pairs, line, 4, rated, false);
	CHECK_OK(env, shopper_fold_in_pairs(env, &model, &pairs, &after));
	a = bytes_of(env, &after);
	lines_of(env, &pairs, line, 4, rated, true);
	CHECK_OK(env, shopper_fold_in_pairs(env, &model, &pairs, &after));
	b = bytes_of(env, &after);
	CHECK(same_bytes(&a, &b));
	{
		ShopperReader r;

		memset(&after, 0, sizeof(after));
		after.learner = learner;
		shopper_reader_init(&r, env, a.data, (size_t) a.length);
		CHECK_OK(env, learner->decode(&after, &r));
		CHECK_OK(env, shopper_reader_done(&r, "state"));
	}
	e = after.state;
	CHECK(e->user.n == ((const ShopperEvents *) model.state)->user.n + 1 && e->item.n == ITEMS);
	code = shopper_dictionary_find_int(&e->user, NEW_USER);
	CHECK_OK(env, shopper_recommend(env, &after, code, &filter, &rows, &n));
	CHECK_OK(env, shopper_recommend_for_basket(env, &model, basket, rated ? ratings : NULL, 3, &filter, &same, &n_same));
	CHECK(n == ITEMS && n_same == n && rows[0].source == SHOPPER_FROM_MODEL);
	for (int64_t i = 0; i < n; i++)	/* item_knn's own mean of a basket is damped in another way */
		CHECK((rows[i].code == same[i].code && fabs(rows[i].score - same[i].score) < 1e-5) || (rated && strcmp(learner->name, "item_knn") == 0));
	for (int user = 0; user < USERS; user += 9)
	{
		int64_t		old = shopper_dictionary_find_int(&((const ShopperEvents *) model.state)->user, user);

		if (old < 0)
			continue;
		CHECK_OK(env, shopper_recommend(env, &model, old, &filter, &same, &n_same));
		CHECK_OK(env, shopper_recommend(env, &after, shopper_dictionary_find_int(&e->user, user), &filter, &rows, &n));
		for (int64_t i = 0; i < n && i < n_same; i++)
			CHECK(rows[i].code == same[i].code && rows[i].score == same[i].score);
	}
	/* of ratings the new one counts, events add up */
	at = shopper_seen_line(e, shopper_dictionary_find_int(&e->user, 7), 3);
	CHECK(at >= 0);
	if (rated)
		CHECK(e->value[at] == 1);
	else if (known(7, 3) && planted_rating(7, 3) >= 3.2 && strcmp(learner->name, "ease") != 0)
		CHECK(e->value != NULL && e->value[at] == 2);
	check_env_end(env);
}

/* An item that is new gets the row that makes the objective of its lines least, with the users as they are. */
static void
items(bool rated)
{
	static const int line[][3] = {{3, NEW_ITEM, 5}, {8, NEW_ITEM, 2}, {20, NEW_ITEM, 4}, {NEW_USER, NEW_ITEM, 4}};
	static Data d;
	ShopperEnv *env = check_env(-1);
	ShopperModel model,
				after;
	ShopperPairs pairs;
	const ShopperFactors *f;
	double		score;
	int64_t		item;

	positive(&d, rated);
	CHECK_OK(env, train_by(env, &model, &shopper_learner_als, &d, false, "factors=4 epochs=10", NULL));
	lines_of(env, &pairs, line, 4, rated, false);
	CHECK_OK(env, shopper_fold_in_pairs(env, &model, &pairs, &after));
	f = after.state;
	CHECK(f->events.item.n == ITEMS + 1);
	item = shopper_dictionary_find_text(&f->events.item, "item 97", 7);
	CHECK(item == ITEMS && f->events.item.count[item] == 4);
	/* the users of the lines are solved again with it: near what they said */
	CHECK_OK(env, shopper_predict_rating(env, &after, shopper_dictionary_find_int(&f->events.user, 3), item, &score));
	CHECK(rated ? fabs(score - 5) < 1.5 : score > 0.3);
	CHECK_OK(env, shopper_predict_rating(env, &after, shopper_dictionary_find_int(&f->events.user, NEW_USER), item, &score));
	CHECK(rated ? fabs(score - 4) < 1.5 : score > 0);
	check_env_end(env);
}

/* New items in each learner: the answers go on. */
static void
new_items(const ShopperLearner *learner, bool rated, const char *options)
{
	static const int line[][3] = {{3, NEW_ITEM, 5}, {-5, NEW_ITEM, 2}, {NEW_USER, NEW_ITEM, 4}, {NEW_USER, 2, 4}};
	static Data d;
	ShopperEnv *env = check_env(-1);
	ShopperItemFilter filter = {.n = ITEMS + 1};
	ShopperRecommendation *rows;
	ShopperModel model,
				after;
	ShopperPairs pairs;
	int64_t		n;

	positive(&d, rated);
	CHECK_OK(env, train_by(env, &model, learner, &d, false, options, NULL));
	lines_of(env, &pairs, line, 4, rated, false);
	CHECK_OK(env, shopper_fold_in_pairs(env, &model, &pairs, &after));
	for (int64_t user = 0; user < ((const ShopperEvents *) after.state)->user.n; user += 5)
	{
		CHECK_OK(env, shopper_recommend(env, &after, user, &filter, &rows, &n));
		CHECK(n == ITEMS + 1);
	}
	check_env_end(env);
}

static void
refused(void)
{
	static const int line[][3] = {{1, 2, 3}};
	static Data d;
	ShopperEnv *env = check_env(-1);
	ShopperModel model,
				after;
	ShopperPairs pairs;
	int64_t    *start;
	uint32_t	code;

	planted(&d, true);
	lines_of(env, &pairs, line, 1, false, false);
	CHECK_OK(env, train_by(env, &model, &shopper_learner_user_knn, &d, false, "", NULL));
	CHECK(shopper_fold_in_pairs(env, &model, &pairs, &after) == SHOPPER_WRONG_MODEL && env->hint[0] != '\0');
	CHECK_OK(env, train_by(env, &model, &shopper_learner_popular, &d, false, "", NULL));
	CHECK(shopper_fold_in_pairs(env, &model, &pairs, &after) == SHOPPER_WRONG_MODEL);
	CHECK_OK(env, train_by(env, &model, &shopper_learner_als, &d, false, "epochs=1", NULL));
	CHECK(shopper_fold_in_pairs(env, &model, &pairs, &after) == SHOPPER_BAD_DATA);	/* no ratings */
	CHECK_OK(env, shopper_pairs_init(&pairs, env, SHOPPER_ID_TEXT, SHOPPER_ID_TEXT, true, false));
	CHECK_OK(env, shopper_dictionary_add_text(&pairs.left, "7", 1, &code));
	CHECK_OK(env, shopper_dictionary_add_text(&pairs.right, "7", 1, &code));
	CHECK_OK(env, shopper_pairs_add(&pairs, 0, 0, 1, 0));
	CHECK_OK(env, shopper_pairs_finish(&pairs, &start));
	CHECK(shopper_fold_in_pairs(env, &model, &pairs, &after) == SHOPPER_BAD_DATA && strstr(env->message, "integers") != NULL);
	check_env_end(env);
}

void
test_fold_in(void)
{
	const struct
	{
		const ShopperLearner *learner;
		bool		rated;
		const char *options;
	}			kind[] = {
		{&shopper_learner_als, false, "factors=4 epochs=5"}, {&shopper_learner_als, true, "factors=4 epochs=5"},
		{&shopper_learner_svd, true, "factors=4 epochs=20"}, {&shopper_learner_svd, true, "factors=4 biased=false"},
		{&shopper_learner_svd, false, "factors=3 epochs=3"}, {&shopper_learner_svd, false, "factors=5 method=truncated"},
		{&shopper_learner_svd, true, "factors=3 method=gradient learning_rate=0.001"}, {&shopper_learner_nmf, false, "factors=4"},
		{&shopper_learner_nmf, true, "factors=3"}, {&shopper_learner_ease, false, "lambda=10"}, {&shopper_learner_ease, false, "lambda=10 keep=5"},
		{&shopper_learner_item_knn, false, "k=7"}, {&shopper_learner_item_knn, true, "k=7"}
	};

	for (size_t k = 0; k < sizeof(kind) / sizeof(kind[0]); k++)
	{
		users(kind[k].learner, kind[k].rated, kind[k].options);
		new_items(kind[k].learner, kind[k].rated, kind[k].options);
	}
	items(true);
	items(false);
	refused();
}
