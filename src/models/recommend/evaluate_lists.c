/*
 * evaluate_lists.c: see evaluate_lists.h. Relevant are the user's test items.
 *
 * Figures of the other users' taste flatter what is popular, because popular items are
 * seen more often. Weighing a relevant item by 1 / propensity takes that out (Yang et al.
 * 2018, "Unbiased offline recommender evaluation for missing-not-at-random implicit
 * feedback"); the propensity is (lines of the item in training) ^ 0.5, 1 line at least,
 * and the weights are normalized for each user.
 */
#include "evaluate_lists.h"

#include <math.h>
#include <string.h>

#include "../../core/hash.h"
#include "best.h"
#include "recommender.h"

#define NORMAL_975 1.959963984540054
#define CACHE (1 << 16)			/* pairs of items whose cosine is remembered */

enum
{
	PRECISION, RECALL, NDCG, MAP, MRR, HIT_RATE, RECALL_DEBIASED, NDCG_DEBIASED, NOVELTY, DIVERSITY, MEANS
};

static const char *const mean_name[MEANS] = {
	"precision", "recall", "ndcg", "map", "mrr", "hit_rate", "recall_debiased", "ndcg_debiased", "novelty", "diversity"
};

/* Mean and squared deviations so far (Welford 1962). */
typedef struct Mean
{
	int64_t		n;
	double		mean;
	double		squares;
} Mean;

typedef struct Evaluation
{
	const ShopperEvents *e;
	int64_t		k;
	int32_t    *item;			/* (test items) code in the model, -1: unknown there */
	int32_t    *user;			/* (evaluated) code in the model */
	int64_t    *row;			/* (evaluated) user code in the test lines */
	int64_t		n_users;
	ShopperLines by_item;		/* users of each item */
	int64_t    *relevant;		/* (items) row + 1 of the user who has it in test */
	unsigned char *listed;		/* (items) */
	uint64_t   *pair;			/* (CACHE) */
	double	   *cosine;			/* (CACHE) */
	ShopperBest ideal;			/* weights of relevant items */
	Mean		mean[MEANS];
} Evaluation;

static void
add(Mean *m, double x)
{
	double		from = x - m->mean;

	m->n++;
	m->mean += from / (double) m->n;
	m->squares += from * (x - m->mean);
}

/* ---- from test ids to codes of the model ---- */

static ShopperStatus
map_codes(ShopperEnv *env, const ShopperDictionary *test, const ShopperDictionary *model, const char *what, int32_t **code)
{
	char		buffer[24];
	size_t		length;

	if (test->type != model->type)
	{
		shopper_fail(env, SHOPPER_BAD_DATA, "the ids of %s are of different types in training and test", what);
		shopper_hint(env, "Cast them to one type in both queries.");
		return env->status;
	}
	SHOPPER_NEW(env, *code, test->n);
	for (int64_t i = 0; i < test->n; i++)
	{
		const char *text = test->type == SHOPPER_ID_INT ? NULL : shopper_dictionary_text(test, i, buffer, &length);

		(*code)[i] = (int32_t) (text == NULL ? shopper_dictionary_find_int(model, test->integer[i]) : shopper_dictionary_find_text(model, text, length));
		if (i % 65536 == 0)
			SHOPPER_TRY(shopper_poll(env));
	}
	return SHOPPER_OK;
}

/* Whether line i counts: another item than in the line before, and none that the user has in training. */
static bool
counts(const Evaluation *v, const ShopperPairs *test, const int64_t *start, int64_t row, int64_t i, int64_t user)
{
	int32_t		item = v->item[test->b[i]];

	return !(i > start[row] && test->b[i] == test->b[i - 1]) && !(item >= 0 && shopper_seen_line(v->e, user, item) >= 0);
}

static ShopperStatus
prepare(ShopperEnv *env, Evaluation *v, const ShopperPairs *test, const int64_t *start)
{
	const ShopperEvents *e = v->e;
	ShopperLines by_user = {.rows = e->user.n,.start = e->seen_start};
	int32_t    *user;

	SHOPPER_TRY(map_codes(env, &test->left, &e->user, "users", &user));
	SHOPPER_TRY(map_codes(env, &test->right, &e->item, "items", &v->item));
	SHOPPER_NEW(env, v->user, test->left.n);
	SHOPPER_NEW(env, v->row, test->left.n);
	for (int64_t row = 0; row < test->left.n; row++)
	{
		bool		any = false;

		for (int64_t i = start[row]; user[row] >= 0 && i < start[row + 1] && !any; i++)
			any = counts(v, test, start, row, i, user[row]);
		if (!any || e->seen_start[user[row]] == e->seen_start[user[row] + 1])
			continue;
		v->user[v->n_users] = user[row];
		v->row[v->n_users++] = row;
	}
	SHOPPER_NEW0(env, by_user.line, e->seen_start[e->user.n] + SHOPPER_AHEAD);
	for (int64_t i = 0; i < e->seen_start[e->user.n]; i++)
		by_user.line[i].code = e->seen[i];
	SHOPPER_TRY(shopper_lines_transpose(env, &by_user, e->item.n, &v->by_item));
	shopper_release(env, by_user.line);
	SHOPPER_NEW0(env, v->relevant, e->item.n);
	SHOPPER_NEW0(env, v->listed, e->item.n);
	SHOPPER_NEW0(env, v->pair, CACHE);
	SHOPPER_NEW0(env, v->cosine, CACHE);
	return SHOPPER_OK;
}

/* ---- one list ---- */

/* Cosine of two items' columns of training, events counting 1. */
static double
cosine(Evaluation *v, int64_t a, int64_t b)
{
	uint64_t	pair = a < b ? (uint64_t) a << 32 | (uint64_t) b : (uint64_t) b << 32 | (uint64_t) a;
	uint64_t	at = shopper_mix64(pair) % CACHE;
	const int64_t *start = v->by_item.start;
	int64_t		n_a = start[a + 1] - start[a],
				n_b = start[b + 1] - start[b],
				common = 0,
				from;

	if (v->pair[at] == pair)	/* never 0: a and b differ */
		return v->cosine[at];
	if (n_a > n_b)
		return cosine(v, b, a);
	from = start[b];
	for (int64_t i = start[a]; i < start[a + 1]; i++)
	{
		int32_t		user = v->by_item.line[i].code;
		int64_t		high = start[b + 1];

		while (from < high)
		{
			int64_t		middle = (from + high) / 2;

			if (v->by_item.line[middle].code < user)
				from = middle + 1;
			else
				high = middle;
		}
		common += from < start[b + 1] && v->by_item.line[from].code == user;
	}
	v->pair[at] = pair;
	return v->cosine[at] = n_a > 0 ? (double) common / sqrt((double) n_a * (double) n_b) : 0;
}

static ShopperStatus
add_variety(ShopperEnv *env, Evaluation *v, const ShopperRecommendation *list, int64_t n)
{
	double		rare = 0,
				alike = 0;

	for (int64_t i = 0; i < n; i++)
	{
		int64_t		item = list[i].code;

		v->listed[item] = 1;
		rare -= log2((double) (v->by_item.start[item + 1] - v->by_item.start[item]) / (double) v->e->user.n);
		for (int64_t j = 0; j < i; j++)
			alike += cosine(v, item, list[j].code);
		SHOPPER_TRY(shopper_poll(env));
	}
	if (n > 0)
		add(&v->mean[NOVELTY], rare / (double) n);
	if (n > 1)
		add(&v->mean[DIVERSITY], 1 - alike / ((double) n * (double) (n - 1) / 2));
	return SHOPPER_OK;
}

static double
weight_of(const Evaluation *v, int32_t item)
{
	int64_t		n = item < 0 ? 0 : v->by_item.start[item + 1] - v->by_item.start[item];

	return 1 / sqrt((double) (n > 1 ? n : 1));
}

static double
discount(int64_t rank)
{
	return 1 / log2((double) rank + 1);
}

/* The hits of the list of evaluated user u. */
static void
add_hits(Evaluation *v, const ShopperPairs *test, const int64_t *start, int64_t u, const ShopperRecommendation *list, int64_t n)
{
	int64_t		row = v->row[u],
				relevant = 0,
				hits = 0,
				first = 0,
				shortest;
	double		weights = 0,
				weight_hit = 0,
				gain = 0,
				weighted_gain = 0,
				ideal = 0,
				weighted_ideal = 0,
				precisions = 0;

	for (int64_t i = start[row]; i < start[row + 1]; i++)
	{
		int32_t		item = v->item[test->b[i]];

		if (!counts(v, test, start, row, i, v->user[u]))
			continue;
		weights += weight_of(v, item);
		shopper_best_offer(&v->ideal, weight_of(v, item), relevant++);
		if (item >= 0)
			v->relevant[item] = row + 1;
	}
	shortest = shopper_best_sort(&v->ideal);
	for (int64_t i = 0; i < shortest; i++)
	{
		ideal += discount(i + 1);
		weighted_ideal += discount(i + 1) * v->ideal.entry[i].score;
	}
	for (int64_t i = 0; i < n; i++)
	{
		if (v->relevant[list[i].code] != row + 1)
			continue;
		first = first == 0 ? i + 1 : first;
		precisions += (double) ++hits / (double) (i + 1);
		gain += discount(i + 1);
		weight_hit += weight_of(v, (int32_t) list[i].code);
		weighted_gain += discount(i + 1) * weight_of(v, (int32_t) list[i].code);
	}
	add(&v->mean[PRECISION], (double) hits / (double) v->k);
	add(&v->mean[RECALL], (double) hits / (double) relevant);
	add(&v->mean[NDCG], gain / ideal);
	add(&v->mean[MAP], precisions / (double) shortest);
	add(&v->mean[MRR], first > 0 ? 1 / (double) first : 0);
	add(&v->mean[HIT_RATE], hits > 0);
	add(&v->mean[RECALL_DEBIASED], weight_hit / weights);
	add(&v->mean[NDCG_DEBIASED], weighted_gain / weighted_ideal);
}

/* ---- all of them ---- */

ShopperStatus
shopper_evaluate_lists(ShopperEnv *env, const ShopperModel *model, const ShopperPairs *test, const int64_t *start, int64_t k,
					   ShopperListMetric *out)
{
	Evaluation	v = {.e = model->state,.k = k};
	ShopperItemFilter filter = {.n = k,.exclude_seen = true};
	ShopperRecommendAll all;
	int64_t		listed = 0;

	SHOPPER_TRY(shopper_recommend_all_begin(env, model, &filter, &all));
	SHOPPER_TRY(prepare(env, &v, test, start));
	if (v.n_users == 0)
	{
		shopper_fail(env, SHOPPER_BAD_DATA, "no user can be evaluated");
		shopper_hint(env, "The test query must return items of users of the training query that they do not have there.");
		return env->status;
	}
	v.ideal.n = k < test->n ? k : test->n;
	SHOPPER_NEW(env, v.ideal.entry, v.ideal.n);
	for (int64_t from = 0; from < v.n_users; from += all.block)
	{
		int64_t		n = all.block < v.n_users - from ? all.block : v.n_users - from;

		SHOPPER_TRY(shopper_recommend_all_block(env, &all, v.user + from, n));
		for (int64_t b = 0; b < n; b++)
		{
			add_hits(&v, test, start, from + b, all.rows + b * all.n, all.n_rows[b]);
			SHOPPER_TRY(add_variety(env, &v, all.rows + b * all.n, all.n_rows[b]));
		}
	}
	for (int64_t i = 0; i < v.e->item.n; i++)
		listed += v.listed[i];
	for (int m = 0; m < MEANS; m++)
	{
		const Mean *mean = &v.mean[m];
		double		half = NORMAL_975 * sqrt(mean->squares / (double) (mean->n - 1) / (double) mean->n);

		out[m] = (ShopperListMetric) {mean_name[m], mean->n > 0 ? mean->mean : NAN, NAN, NAN};
		if (mean->n > 1)
		{
			out[m].low = mean->mean - half;
			out[m].high = mean->mean + half;
		}
	}
	out[MEANS] = (ShopperListMetric) {"coverage", (double) listed / (double) v.e->item.n, NAN, NAN};
	out[MEANS + 1] = (ShopperListMetric) {"users", (double) v.n_users, NAN, NAN};
	return SHOPPER_OK;
}
