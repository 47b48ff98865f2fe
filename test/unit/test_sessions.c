/* test_sessions.c: markov and session_knn against naive counting. */
#include "svd_data.h"

#include <stdlib.h>

#include "../../src/models/recommend/recommend.h"

enum {LENGTH = 12};

/* Sessions of LENGTH steps with repeats; every item comes somewhere. Lines are given in the order of time. */
static void
walks(Data *d)
{
	memset(d, 0, sizeof(*d));
	d->has_time = true;
	for (int s = 0; s < USERS; s++)
		for (int k = 0; k < LENGTH; k++)
		{
			d->user[d->n] = s;
			d->item[d->n++] = k == 0 ? s % ITEMS : (int) shopper_below(shopper_random(3, (uint64_t) s, (uint64_t) k), k % 3 == 0 ? ITEMS : 12);
		}
}

static int
item_of(const Data *d, int session, int k)
{
	return d->item[session * LENGTH + k];
}

/* ---- naive ---- */

static double
naive_step(const Data *d, int from, int to)
{
	double		steps = 0,
				hits = 0;

	for (int s = 0; s < USERS; s++)
		for (int k = 1; k < LENGTH; k++)
			if (item_of(d, s, k - 1) == from)
			{
				steps++;
				hits += item_of(d, s, k) == to;
			}
	return steps > 0 ? hits / steps : 0;
}

/* How many other items came since `item` before step `to` of a session; -1: it did not come. */
static int
naive_ago(const Data *d, int session, int to, int item)
{
	int			last = -1,
				ago = 0;

	for (int k = 0; k < to; k++)
		if (item_of(d, session, k) == item)
			last = k;
	for (int other = 0; other < ITEMS && last >= 0; other++)
	{
		bool		since = false;

		for (int k = last + 1; k < to; k++)
			since |= other != item && item_of(d, session, k) == other;
		ago += since;
	}
	return last < 0 ? -1 : ago;
}

static double
naive_returned(const Data *d, int ago)
{
	double		chances = 0,
				hits = 0;

	for (int s = 0; s < USERS; s++)
		for (int k = 1; k < LENGTH; k++)
			for (int i = 0; i < ITEMS; i++)
				if (naive_ago(d, s, k, i) == ago)
				{
					chances++;
					hits += item_of(d, s, k) == i;
				}
	return chances > 0 ? hits / chances : 0;
}

static double
naive_markov(const Data *d, int session, int item, double decay, bool returns)
{
	double		sum = 0;

	for (int other = 0; other < ITEMS; other++)
	{
		int			ago = naive_ago(d, session, LENGTH, other);

		if (ago >= 0)
			sum += pow(decay, ago) * naive_step(d, other, item);
		if (ago >= 0 && other == item && returns)
			sum += naive_returned(d, ago);
	}
	return sum;
}

/* linear weights by place; all sessions but the session itself are compared, all count */
static double
naive_similarity(const Data *d, int session, int other)
{
	int			n = 0,
				m = 0;
	double		dot = 0,
				length = 0;

	for (int i = 0; i < ITEMS; i++)
	{
		n += naive_ago(d, session, LENGTH, i) >= 0;
		m += naive_ago(d, other, LENGTH, i) >= 0;
	}
	for (int i = 0; i < ITEMS; i++)
	{
		int			ago = naive_ago(d, session, LENGTH, i);
		double		w = (double) (n - ago) / n;

		if (ago < 0)
			continue;
		length += w * w;
		if (naive_ago(d, other, LENGTH, i) >= 0)
			dot += w;
	}
	return dot / sqrt(length * m);
}

static double
naive_knn(const Data *d, int session, int item)
{
	double		score = 0,
				sum = 0;

	for (int other = 0; other < USERS; other++)
	{
		double		s = other == session ? 0 : naive_similarity(d, session, other);

		for (int i = 0; i < ITEMS; i++)
			if (naive_ago(d, other, LENGTH, i) >= 0)
			{
				score += i == item ? s : 0;
				sum += s;
			}
	}
	return score / sum;
}

/* ---- */

static void
against_naive(const Data *d, const ShopperLearner *learner, const char *options, double decay, bool returns)
{
	ShopperEnv *env = check_env(-1);
	ShopperModel model;
	const ShopperItemFilter filter = {.n = ITEMS};
	double		worst = 0;

	CHECK_OK(env, train_by(env, &model, learner, d, false, options, NULL));
	for (int s = 0; s < USERS; s += 7)
	{
		ShopperRecommendation *row,
				   *again;
		int32_t		basket[LENGTH];
		int64_t		n,
					n_again,
					wrong = 0;

		for (int k = 0; k < LENGTH; k++)
			basket[k] = item_of(d, s, k);
		CHECK_OK(env, shopper_recommend(env, &model, s, &filter, &row, &n));
		for (int64_t i = 0; i < n; i++)
		{
			double		wanted = learner == &shopper_learner_markov ? naive_markov(d, s, (int) row[i].code, decay, returns)
				: naive_knn(d, s, (int) row[i].code);

			worst = fmax(worst, fabs(row[i].score - wanted));
		}
		/* a basket in the order of the session is the session, but for session_knn, which leaves the session itself out */
		CHECK_OK(env, shopper_recommend_for_basket(env, &model, basket, NULL, LENGTH, &filter, &again, &n_again));
		wrong = learner == &shopper_learner_markov && n != n_again;
		for (int64_t i = 0; i < n && wrong == 0 && learner == &shopper_learner_markov; i++)
			wrong += row[i].code != again[i].code || row[i].score != again[i].score;
		CHECK(wrong == 0 && n > 0);
	}
	CHECK_NEAR(worst, 0, 1e-7);
	check_env_end(env);
}

static void
stored(const Data *d, const ShopperLearner *learner)
{
	ShopperEnv *env = check_env(-1);
	ShopperModel one,
				two,
				back;
	ShopperWriter a,
				b;
	ShopperReader r;

	CHECK_OK(env, train_by(env, &one, learner, d, false, "", NULL));
	a = bytes_of(env, &one);
	back = one;
	shopper_reader_init(&r, env, a.data, (size_t) a.length);
	CHECK_OK(env, learner->decode(&back, &r));
	CHECK_OK(env, shopper_reader_done(&r, "state"));
	b = bytes_of(env, &back);
	CHECK(same_bytes(&a, &b));
	/* train_by gives times by the place in the data: the same events in another order */
	CHECK_OK(env, train_by(env, &two, learner, d, true, "", NULL));
	b = bytes_of(env, &two);
	CHECK(same_bytes(&a, &b));
	for (int64_t cut = 0; cut < a.length; cut += 97)
	{
		shopper_reader_init(&r, env, a.data, (size_t) cut);
		CHECK(learner->decode(&back, &r) != SHOPPER_OK || shopper_reader_done(&r, "state") != SHOPPER_OK);
		env->status = SHOPPER_OK;
	}
	check_env_end(env);
}

/* The contributions of a session's items sum to the score. */
static void
reasons(const Data *d, const ShopperLearner *learner, const char *options)
{
	ShopperEnv *env = check_env(-1);
	ShopperModel model;
	const ShopperItemFilter filter = {.n = ITEMS};
	double		worst = 0;

	CHECK_OK(env, train_by(env, &model, learner, d, false, options, NULL));
	for (int s = 0; s < USERS; s += 5)
	{
		ShopperRecommendation *row;
		int64_t		n;

		CHECK_OK(env, shopper_recommend(env, &model, s, &filter, &row, &n));
		for (int64_t i = 0; i < n; i++)
		{
			ShopperReason *reason;
			int64_t		n_reasons;
			double		sum = 0;

			CHECK_OK(env, shopper_explain_recommendation(env, &model, s, row[i].code, ITEMS, &reason, &n_reasons));
			for (int64_t k = 0; k < n_reasons; k++)
				sum += reason[k].contribution;
			worst = fmax(worst, fabs(sum - row[i].score));
		}
	}
	CHECK_NEAR(worst, 0, 1e-12);
	check_env_end(env);
}

/* Fall-backs come behind everything else; items that only the session has may come back. */
static void
fall_backs(const Data *d)
{
	ShopperEnv *env = check_env(-1);
	ShopperModel model;
	ShopperItemFilter filter = {.n = 100,.strangers = 2};
	int32_t		session[] = {ITEMS, 3, ITEMS + 1, ITEMS, -1, 99};	/* 3, stranger 1, stranger 0 */
	ShopperRecommendation *row;
	int64_t		n;
	int			place[ITEMS + 2];

	CHECK_OK(env, train_by(env, &model, &shopper_learner_markov, d, false, "fallback=recent returns=false", NULL));
	CHECK_OK(env, shopper_recommend_for_basket(env, &model, session, NULL, 6, &filter, &row, &n));
	CHECK(n == ITEMS + 2 && row[0].code == ITEMS && row[1].code == ITEMS + 1 && row[2].code == 3);
	for (int64_t i = 1; i < n; i++)
		CHECK(row[i].score > 0 && row[i].score <= row[i - 1].score);
	filter.exclude_seen = true;
	CHECK_OK(env, shopper_recommend_for_basket(env, &model, session, NULL, 6, &filter, &row, &n));
	CHECK(n == ITEMS - 1);
	filter.exclude_seen = false;
	CHECK_OK(env, train_by(env, &model, &shopper_learner_markov, d, false, "fallback=none returns=false", NULL));
	CHECK_OK(env, shopper_recommend_for_basket(env, &model, session, NULL, 6, &filter, &row, &n));
	CHECK(n == 0);				/* nothing is known of the last item */
	CHECK_OK(env, train_by(env, &model, &shopper_learner_markov, d, false, "decay=0.5 returns=true", NULL));
	CHECK_OK(env, shopper_recommend_for_basket(env, &model, session, NULL, 6, &filter, &row, &n));
	memset(place, 0, sizeof(place));
	for (int64_t i = 0; i < n; i++)
		place[row[i].code] = (int) i + 1;
	CHECK(place[ITEMS] > 0 && place[ITEMS + 1] > 0 && n == ITEMS + 2);
	check_env_end(env);
}

static void
needs_times(void)
{
	ShopperEnv *env = check_env(-1);
	ShopperModel model;
	static Data d;

	walks(&d);
	d.has_time = false;
	CHECK(train_by(env, &model, &shopper_learner_markov, &d, false, "", NULL) == SHOPPER_BAD_DATA);
	check_env_end(env);
}

void
test_sessions(void)
{
	static Data d;

	walks(&d);
	against_naive(&d, &shopper_learner_markov, "fallback=none returns=false", 0, false);
	against_naive(&d, &shopper_learner_markov, "fallback=none decay=0.5", 0.5, true);
	against_naive(&d, &shopper_learner_session_knn, "fallback=none returns=false k=0 sample=0", 0, false);
	stored(&d, &shopper_learner_markov);
	stored(&d, &shopper_learner_session_knn);
	reasons(&d, &shopper_learner_markov, "fallback=none decay=0.7");
	reasons(&d, &shopper_learner_session_knn, "fallback=none k=20 idf=true weighting=reciprocal");
	fall_backs(&d);
	needs_times();
}
