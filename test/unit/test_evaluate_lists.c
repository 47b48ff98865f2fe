/* test_evaluate_lists.c: measures of lists against brute force over plain tables. */
#include "svd_data.h"

#include "../../src/models/recommend/evaluate_lists.h"

/* Lines of training and test; test has a user and an item that training does not, and doubles. */
static bool
held_out(int user, int item)
{
	return item == ITEMS - 1 || user == USERS - 1 || shopper_uniform(9, (uint64_t) user, (uint64_t) item) < 0.25;
}

static ShopperStatus
test_pairs(ShopperEnv *env, const Data *d, ShopperPairs *pairs, int64_t **start)
{
	SHOPPER_TRY(shopper_pairs_init(pairs, env, SHOPPER_ID_INT, SHOPPER_ID_TEXT, false, false));
	for (int i = d->n - 1; i >= 0; i--)
		for (int twice = 0; twice <= i % 2; twice++)
		{
			char		item[24];
			uint32_t	left,
						right;

			snprintf(item, sizeof(item), "item %02d", d->item[i]);
			SHOPPER_TRY(shopper_dictionary_add_int(&pairs->left, d->user[i], &left));
			SHOPPER_TRY(shopper_dictionary_add_text(&pairs->right, item, strlen(item), &right));
			SHOPPER_TRY(shopper_pairs_add(pairs, left, right, 1, 0));
		}
	return shopper_pairs_finish(pairs, start);
}

static void
split(Data *train_part, Data *test_part, bool repeat)
{
	static Data d;

	planted(&d, false);
	*train_part = *test_part = (Data) {.n = 0};
	for (int i = 0; i < d.n; i++)
	{
		bool		out = held_out(d.user[i], d.item[i]);

		if (!out)
		{
			train_part->user[train_part->n] = d.user[i];
			train_part->item[train_part->n++] = d.item[i];
		}
		if (out || (repeat && i % 10 == 0))	/* what the user has in training does not count */
		{
			test_part->user[test_part->n] = d.user[i];
			test_part->item[test_part->n++] = d.item[i];
		}
	}
}

static int
down(const void *a, const void *b)
{
	double		x = *(const double *) a,
				y = *(const double *) b;

	return x < y ? 1 : x > y ? -1 : 0;
}

typedef struct Tables
{
	bool		have[USERS][ITEMS],
				wanted[USERS][ITEMS];
	int			count[ITEMS];
	int			users;			/* in training */
} Tables;

static double
cosine(const Tables *t, int a, int b)
{
	int			common = 0;

	for (int u = 0; u < USERS; u++)
		common += t->have[u][a] && t->have[u][b];
	return common / sqrt((double) t->count[a] * t->count[b]);
}

/* The figures of one user's list (items as numbers of the data). */
static void
one_list(const Tables *t, int user, const int *list, int n, int k, double *out)
{
	double		weight[ITEMS],
				ideal = 0,
				weighted_ideal = 0,
				all = 0,
				pairs = 0;
	int			relevant = 0,
				hits = 0;

	memset(out, 0, 10 * sizeof(double));
	for (int i = 0; i < ITEMS; i++)
		if (t->wanted[user][i] && !t->have[user][i])
		{
			weight[relevant] = 1 / sqrt(t->count[i] > 1 ? t->count[i] : 1);
			all += weight[relevant++];
		}
	qsort(weight, (size_t) relevant, sizeof(double), down);
	for (int i = 0; i < relevant && i < k; i++)
	{
		ideal += 1 / log2(i + 2);
		weighted_ideal += weight[i] / log2(i + 2);
	}
	for (int i = 0; i < n; i++)
	{
		int			item = list[i];

		out[8] -= log2((double) t->count[item] / t->users) / n;
		for (int j = 0; j < i; j++, pairs++)
			out[9] += cosine(t, item, list[j]);
		if (!t->wanted[user][item])
			continue;
		hits++;
		out[2] += 1 / log2(i + 2) / ideal;
		out[3] += (double) hits / (i + 1) / (relevant < k ? relevant : k);
		out[4] = out[4] > 0 ? out[4] : 1.0 / (i + 1);
		out[6] += 1 / sqrt(t->count[item]) / all;
		out[7] += 1 / sqrt(t->count[item]) / log2(i + 2) / weighted_ideal;
	}
	out[0] = (double) hits / k;
	out[1] = (double) hits / relevant;
	out[5] = hits > 0;
	out[9] = 1 - out[9] / pairs;
}

static void
against_brute_force(const ShopperLearner *learner, const char *options, int k, bool repeat)
{
	static const char *const name[] = {"precision", "recall", "ndcg", "map", "mrr", "hit_rate", "recall_debiased", "ndcg_debiased",
	"novelty", "diversity", "coverage", "users"};
	static Data train_part,
				test_part;
	static Tables t;
	ShopperEnv *env = check_env(-1);
	ShopperModel model;
	ShopperPairs test;
	ShopperListMetric metric[SHOPPER_LIST_METRICS];
	const ShopperDictionary *user_ids,
			   *item_ids;
	double		value[USERS][10],
				sum[10] = {0};
	bool		listed[ITEMS] = {false};
	int			users = 0,
				items = 0,
				covered = 0;
	int64_t    *start;

	split(&train_part, &test_part, repeat);
	memset(&t, 0, sizeof(t));
	for (int i = 0; i < train_part.n; i++)
	{
		t.have[train_part.user[i]][train_part.item[i]] = true;
		t.count[train_part.item[i]]++;
	}
	for (int i = 0; i < test_part.n; i++)
		t.wanted[test_part.user[i]][test_part.item[i]] = true;
	CHECK_OK(env, train_by(env, &model, learner, &train_part, false, options, NULL));
	CHECK_OK(env, test_pairs(env, &test_part, &test, &start));
	CHECK_OK(env, shopper_evaluate_lists(env, &model, &test, start, k, metric));
	CHECK_OK(env, shopper_recommend_ids(env, &model, &user_ids, &item_ids));
	t.users = (int) user_ids->n;
	for (int user = 0; user < USERS; user++)
	{
		const ShopperItemFilter filter = {.n = k,.exclude_seen = true};
		ShopperRecommendation *row;
		int			list[ITEMS];
		int64_t		n,
					code = shopper_dictionary_find_int(user_ids, user);
		bool		any = false;

		for (int i = 0; i < ITEMS; i++)
			any |= t.wanted[user][i] && !t.have[user][i];
		if (code < 0 || !any)
			continue;
		CHECK_OK(env, shopper_recommend(env, &model, code, &filter, &row, &n));
		for (int64_t i = 0; i < n; i++)
		{
			char		buffer[24];
			size_t		length;

			list[i] = atoi(shopper_dictionary_text(item_ids, row[i].code, buffer, &length) + 5);
			listed[list[i]] = true;
		}
		one_list(&t, user, list, (int) n, k, value[users]);
		for (int m = 0; m < 10; m++)
			sum[m] += value[users][m];
		users++;
	}
	for (int i = 0; i < ITEMS; i++)
	{
		items += t.count[i] > 0;
		covered += listed[i];
	}
	CHECK(users > 30 && users < USERS && items > 30 && items < ITEMS);
	for (int m = 0; m < 10; m++)
	{
		double		squares = 0;

		for (int u = 0; u < users; u++)
			squares += (value[u][m] - sum[m] / users) * (value[u][m] - sum[m] / users);
		CHECK(strcmp(metric[m].name, name[m]) == 0);
		if (k == 1 && m == 9)	/* no pairs */
		{
			CHECK(isnan(metric[m].value));
			continue;
		}
		CHECK_NEAR(metric[m].value, sum[m] / users, 1e-12);
		CHECK_NEAR(metric[m].high - metric[m].value, 1.959963985 * sqrt(squares / (users - 1) / users), 1e-9);
		CHECK_NEAR(metric[m].value - metric[m].low, 1.959963985 * sqrt(squares / (users - 1) / users), 1e-9);
	}
	CHECK(strcmp(metric[10].name, name[10]) == 0 && strcmp(metric[11].name, name[11]) == 0);
	CHECK_NEAR(metric[10].value, (double) covered / items, 1e-15);
	CHECK(metric[11].value == users && isnan(metric[11].low));
	check_env_end(env);
}

static void
failures(void)
{
	static Data train_part,
				test_part;
	ShopperStatus status = SHOPPER_OUT_OF_MEMORY;
	ShopperEnv *env = check_env(-1);
	ShopperModel model;
	ShopperPairs test;
	ShopperListMetric metric[SHOPPER_LIST_METRICS];
	int64_t    *start;

	split(&train_part, &test_part, false);
	CHECK_OK(env, train_by(env, &model, &shopper_learner_svd, &train_part, false, "factors=2 epochs=2", NULL));
	CHECK_OK(env, test_pairs(env, &test_part, &test, &start));
	for (long allowed = 0; allowed < 100 && status != SHOPPER_OK; allowed++)
	{
		ShopperEnv *small = check_env(allowed);

		status = shopper_evaluate_lists(small, &model, &test, start, 5, metric);
		CHECK(status == SHOPPER_OK || status == SHOPPER_OUT_OF_MEMORY);
		check_env_end(small);
	}
	CHECK(status == SHOPPER_OK);
	/* nothing but what is in training already; ids of another type */
	CHECK_OK(env, test_pairs(env, &train_part, &test, &start));
	CHECK(shopper_evaluate_lists(env, &model, &test, start, 5, metric) == SHOPPER_BAD_DATA);
	test.left.type = SHOPPER_ID_UUID;
	CHECK(shopper_evaluate_lists(env, &model, &test, start, 5, metric) == SHOPPER_BAD_DATA && env->hint[0] != '\0');
	check_env_end(env);
}

void
test_evaluate_lists(void)
{
	for (int k = 1; k <= 10; k += 3)
	{
		against_brute_force(&shopper_learner_svd, "factors=4 epochs=5", k, false);
		against_brute_force(&shopper_learner_item_knn, "k=5", k, true);
		against_brute_force(&shopper_learner_popular, "", k, true);
	}
	failures();
}
