/*
 * session_knn.c: the learner session_knn: items of the training sessions that are most like the
 * present one (Jannach and Ludewig 2017, "When recurrent neural networks meet the neighborhood
 * for session-based recommendation"; weights by position: Ludewig and Jannach 2018, "Evaluation
 * of session-based recommendation algorithms", V-SkNN).
 *
 * Of the sessions that share an item with the present one, the `sample` latest are compared:
 *
 *     similarity = sum over shared items of w(j) / sqrt(sum w(j)^2 * items of the other)
 *
 * a cosine, with w(j) the weight of an item by its place in the present session. The k most
 * similar ones, ties to the later one, give each of their items their similarity.
 */
#include <math.h>
#include <string.h>

#include "../../core/sort.h"
#include "best.h"
#include "sessions.h"

typedef struct SessionKnn
{
	ShopperSessions s;
	int32_t    *age;			/* (sessions) 0: the latest; a permutation */
	/* not stored: */
	int32_t    *by_age;			/* (sessions) */
	int64_t    *start;			/* (items + 1) */
	int32_t    *at;				/* (lines) ages of the item's sessions, rising */
	double	   *rarity;			/* (items) what an item counts in the sum of scores */
} SessionKnn;

/* One session that shares items with the present one. */
typedef struct Neighbour
{
	int32_t		session;
	double		similarity;
} Neighbour;

/* The weight of the item at place i of n, 0 the first. */
static double
place_weight(const ShopperModel *model, int64_t i, int64_t n)
{
	double		share = (double) (i + 1) / (double) n;

	return shopper_option_is(&model->options, "weighting", "none") ? 1
		: shopper_option_is(&model->options, "weighting", "reciprocal") ? 1 / (double) (n - i)
		: shopper_option_is(&model->options, "weighting", "quadratic") ? share * share : share;
}

/* The latest `sample` sessions with an item of the lines, without `self`; similarity: the weights of what they share. */
static ShopperStatus
latest_sessions(ShopperEnv *env, const ShopperModel *model, const ShopperLine *line, int64_t n, int64_t self, Neighbour **found, int64_t *n_found)
{
	const SessionKnn *m = model->state;
	int64_t		sample = shopper_option_integer(&model->options, "sample"),
				entries = 0,
				used = 0;
	uint64_t   *key;
	uint32_t   *order;
	double	   *weight;

	sample = sample <= 0 || sample > INT32_MAX ? INT32_MAX : sample;	/* stored options are not checked */
	for (int64_t i = 0; i < n; i++)
		if (line[i].code < m->s.events.item.n)
		{
			int64_t		length = m->start[line[i].code + 1] - m->start[line[i].code];

			entries += length < sample + 1 ? length : sample + 1;	/* one may be self */
		}
	SHOPPER_NEW(env, key, entries);
	SHOPPER_NEW(env, order, entries);
	SHOPPER_NEW(env, weight, entries);
	entries = 0;
	for (int64_t i = 0; i < n; i++)
		for (int64_t k = line[i].code < m->s.events.item.n ? m->start[line[i].code] : 0, taken = 0;
			 line[i].code < m->s.events.item.n && k < m->start[line[i].code + 1] && taken < sample + 1; k++, taken++)
		{
			key[entries] = (uint64_t) m->at[k];
			weight[entries++] = place_weight(model, i, n);
		}
	SHOPPER_TRY(shopper_sort_order(env, key, order, entries));
	SHOPPER_NEW(env, *found, entries);
	for (int64_t i = 0; i < entries; i++)
	{
		int32_t		session = m->by_age[key[order[i]]];

		if (session == self)
			continue;
		if (used == 0 || (*found)[used - 1].session != session)
		{
			if (used == sample)
				break;
			(*found)[used++] = (Neighbour) {session, 0};
		}
		(*found)[used - 1].similarity += weight[order[i]];
	}
	*n_found = used;
	shopper_release(env, key);
	shopper_release(env, order);
	shopper_release(env, weight);
	return SHOPPER_OK;
}

/* The k nearest sessions, best first. */
static ShopperStatus
neighbours(ShopperEnv *env, const ShopperModel *model, const ShopperLine *line, int64_t n, int64_t self, Neighbour **nearest, int64_t *n_nearest)
{
	const SessionKnn *m = model->state;
	const ShopperEvents *e = &m->s.events;
	Neighbour  *found = NULL;
	ShopperBest best = {.n = shopper_option_integer(&model->options, "k")};
	double		length = 0;
	int64_t		n_found = 0;

	for (int64_t i = 0; i < n; i++)
		length += place_weight(model, i, n) * place_weight(model, i, n);
	SHOPPER_TRY(latest_sessions(env, model, line, n, self, &found, &n_found));
	best.n = best.n <= 0 || best.n > n_found ? n_found : best.n;
	*n_nearest = 0;
	*nearest = found;
	if (best.n == 0)
		return SHOPPER_OK;
	SHOPPER_NEW(env, best.entry, best.n);
	for (int64_t i = 0; i < n_found; i++)	/* the latest first: ties go to the smaller number */
	{
		int64_t		items = e->seen_start[found[i].session + 1] - e->seen_start[found[i].session];

		shopper_best_offer(&best, found[i].similarity / sqrt(length * (double) items), i);
		if (i % 4096 == 0)
			SHOPPER_TRY(shopper_poll(env));
	}
	*n_nearest = shopper_best_sort(&best);
	SHOPPER_NEW(env, *nearest, *n_nearest);
	for (int64_t i = 0; i < *n_nearest; i++)
		(*nearest)[i] = (Neighbour) {found[best.entry[i].code].session, best.entry[i].score};
	shopper_release(env, found);
	shopper_release(env, best.entry);
	return SHOPPER_OK;
}

/* Scores sum to 1 before returns and fall-back, so that they are like probabilities. */
static ShopperStatus
score_session(ShopperEnv *env, const ShopperModel *model, const ShopperLine *line, int64_t n, int64_t self, double *score)
{
	const SessionKnn *m = model->state;
	const ShopperEvents *e = &m->s.events;
	Neighbour  *near;
	int64_t		n_near;
	double		sum = 0;

	memset(score, 0, (size_t) e->item.n * sizeof(double));
	SHOPPER_TRY(neighbours(env, model, line, n, self, &near, &n_near));
	for (int64_t i = 0; i < n_near; i++)
	{
		for (int64_t k = e->seen_start[near[i].session]; k < e->seen_start[near[i].session + 1]; k++)
			score[e->seen[k]] += near[i].similarity * m->rarity[e->seen[k]];
		if (i % 64 == 0)
			SHOPPER_TRY(shopper_poll(env));
	}
	for (int64_t i = 0; i < e->item.n; i++)
		sum += score[i];
	for (int64_t i = 0; i < e->item.n && sum > 0; i++)
		score[i] /= sum;
	shopper_release(env, near);
	return shopper_sessions_complete(env, model, line, n, score);
}

static ShopperStatus
knn_score_basket(ShopperEnv *env, const ShopperModel *model, const ShopperLine *line, int64_t n, double *score)
{
	return score_session(env, model, line, n, -1, score);
}

static ShopperStatus
knn_score_user(ShopperEnv *env, const ShopperModel *model, int64_t user, double *score)
{
	const SessionKnn *m = model->state;
	ShopperLine *line;
	int64_t		n;

	SHOPPER_TRY(shopper_sessions_lines(env, &m->s, user, &line, &n));
	SHOPPER_TRY(score_session(env, model, line, n, user, score));
	shopper_release(env, line);
	return SHOPPER_OK;
}

/* Users: the nearest sessions. Items: those of the sessions with the item. */
static ShopperStatus
knn_similar(ShopperEnv *env, const ShopperModel *model, bool users, int64_t code, double *score)
{
	const SessionKnn *m = model->state;
	const ShopperEvents *e = &m->s.events;
	ShopperLine one = {(int32_t) code, 1},
			   *line = &one;
	Neighbour  *near;
	int64_t		n = 1,
				n_near;

	for (int64_t i = 0; i < (users ? e->user.n : e->item.n); i++)
		score[i] = users ? -INFINITY : 0;
	if (users)
		SHOPPER_TRY(shopper_sessions_lines(env, &m->s, code, &line, &n));
	SHOPPER_TRY(neighbours(env, model, line, n, users ? code : -1, &near, &n_near));
	for (int64_t i = 0; i < n_near; i++)
	{
		if (users)
			score[near[i].session] = near[i].similarity;
		for (int64_t k = e->seen_start[near[i].session]; k < e->seen_start[near[i].session + 1] && !users; k++)
			score[e->seen[k]] += near[i].similarity * m->rarity[e->seen[k]];
		if (i % 64 == 0)
			SHOPPER_TRY(shopper_poll(env));
	}
	for (int64_t i = 0; i < e->item.n && !users; i++)
		score[i] = score[i] > 0 ? score[i] : -INFINITY;
	if (users)
		shopper_release(env, line);
	shopper_release(env, near);
	return SHOPPER_OK;
}

/* Whether a session has an item. */
static inline bool
has(const ShopperEvents *e, int64_t session, int64_t item)
{
	return shopper_seen_line(e, session, item) >= 0;
}

/* Each neighbour with the item gives its part of the score to the shared items, by their weights. */
static ShopperStatus
knn_explain(ShopperEnv *env, const ShopperModel *model, int64_t user, int64_t item, double *contribution)
{
	const SessionKnn *m = model->state;
	const ShopperEvents *e = &m->s.events;
	ShopperLine *line;
	Neighbour  *near;
	int64_t		n,
				n_near;
	double		all = 0;

	SHOPPER_TRY(shopper_sessions_lines(env, &m->s, user, &line, &n));
	SHOPPER_TRY(neighbours(env, model, line, n, user, &near, &n_near));
	for (int64_t i = 0; i < n_near; i++)
	{
		double		shared = 0;

		for (int64_t k = e->seen_start[near[i].session]; k < e->seen_start[near[i].session + 1]; k++)
			all += near[i].similarity * m->rarity[e->seen[k]];
		for (int64_t k = 0; k < n; k++)
			shared += has(e, near[i].session, line[k].code) ? place_weight(model, k, n) : 0;
		for (int64_t k = 0; k < n && has(e, near[i].session, item); k++)
			if (has(e, near[i].session, line[k].code))
				contribution[shopper_seen_line(e, user, line[k].code) - e->seen_start[user]] +=
					near[i].similarity * m->rarity[item] * place_weight(model, k, n) / shared;
		SHOPPER_TRY(shopper_poll(env));
	}
	for (int64_t k = 0; k < n; k++)
	{
		int64_t		at = shopper_seen_line(e, user, line[k].code) - e->seen_start[user],
					ago = n - 1 - k;

		contribution[at] = all > 0 ? contribution[at] / all : 0;
		if (line[k].code == item)
			contribution[at] += m->s.returned[ago < SHOPPER_RETURN_RANKS ? ago : SHOPPER_RETURN_RANKS - 1];
	}
	shopper_release(env, line);
	shopper_release(env, near);
	return SHOPPER_OK;
}

static const ShopperRecommender session_knn_recommender = {
	.ordered = true,
	.score_user = knn_score_user,
	.score_basket = knn_score_basket,
	.similar = knn_similar,
	.explain = knn_explain,
};

/* ---- training ---- */

/* What follows from ages and events: sessions by age, the index by item, rarities. */
static ShopperStatus
finish(ShopperEnv *env, const ShopperModel *model, SessionKnn *m)
{
	const ShopperEvents *e = &m->s.events;
	int64_t    *next;

	SHOPPER_NEW(env, m->by_age, e->user.n);
	for (int64_t s = 0; s < e->user.n; s++)
		m->by_age[m->age[s]] = (int32_t) s;
	SHOPPER_NEW0(env, m->start, e->item.n + 1);
	SHOPPER_NEW(env, m->at, e->seen_start[e->user.n]);
	SHOPPER_NEW(env, m->rarity, e->item.n);
	SHOPPER_NEW(env, next, e->item.n);
	for (int64_t i = 0; i < e->seen_start[e->user.n]; i++)
		m->start[e->seen[i] + 1]++;
	for (int64_t i = 0; i < e->item.n; i++)
	{
		m->rarity[i] = !shopper_option_boolean(&model->options, "idf") || m->start[i + 1] == 0 ? 1
			: log(1 + (double) e->user.n / (double) m->start[i + 1]);
		m->start[i + 1] += m->start[i];
		next[i] = m->start[i];
	}
	for (int64_t age = 0; age < e->user.n; age++)
	{
		for (int64_t i = e->seen_start[m->by_age[age]]; i < e->seen_start[m->by_age[age] + 1]; i++)
			m->at[next[e->seen[i]]++] = (int32_t) age;
		if (age % 10000 == 0)
			SHOPPER_TRY(shopper_poll(env));
	}
	shopper_release(env, next);
	return SHOPPER_OK;
}

static ShopperStatus
knn_train(ShopperEnv *env, ShopperModel *model, ShopperPairs *pairs, const ShopperModel *previous)
{
	ShopperSteps steps;
	SessionKnn *m;
	uint64_t   *key;
	uint32_t   *order;
	int64_t		sessions;

	(void) previous;			/* nothing is fitted */
	SHOPPER_NEW0(env, m, 1);
	model->state = m;
	SHOPPER_TRY(shopper_sessions_start(env, model, pairs, &m->s, &steps));
	sessions = m->s.events.user.n;
	SHOPPER_NEW(env, key, sessions);
	SHOPPER_NEW(env, order, sessions);
	SHOPPER_NEW(env, m->age, sessions);
	for (int64_t s = 0; s < sessions; s++)
		key[s] = ~((uint64_t) steps.last[s] ^ 1ULL << 63);
	SHOPPER_TRY(shopper_sort_order(env, key, order, sessions));
	for (int64_t age = 0; age < sessions; age++)
		m->age[order[age]] = (int32_t) age;
	shopper_release(env, key);
	shopper_release(env, order);
	shopper_steps_free(env, &steps);
	return finish(env, model, m);
}

/* ---- storing ---- */

static void
knn_encode(const ShopperModel *model, ShopperWriter *w)
{
	const SessionKnn *m = model->state;

	shopper_sessions_encode(&m->s, w);
	for (int64_t s = 0; s < m->s.events.user.n; s++)
		shopper_put_varint(w, (uint64_t) m->age[s]);
}

static ShopperStatus
knn_decode(ShopperModel *model, ShopperReader *r)
{
	ShopperEnv *env = r->env;
	SessionKnn *m;
	unsigned char *taken;
	int64_t		sessions;

	SHOPPER_NEW0(env, m, 1);
	model->state = m;
	SHOPPER_TRY(shopper_sessions_decode(&m->s, r));
	sessions = m->s.events.user.n;
	if (sessions > r->end - r->next)
		return shopper_bad_bytes(env, "the ages of its sessions are cut off");
	SHOPPER_NEW(env, m->age, sessions);
	SHOPPER_NEW0(env, taken, sessions);
	for (int64_t s = 0; s < sessions; s++)
	{
		uint64_t	age = shopper_get_varint(r);

		if (r->failed || age >= (uint64_t) sessions || taken[age])
			return shopper_bad_bytes(env, "the age of a session is damaged");
		taken[age] = 1;
		m->age[s] = (int32_t) age;
	}
	shopper_release(env, taken);
	return finish(env, model, m);
}

static const ShopperOption session_knn_options[] = {
	{"k", SHOPPER_INTEGER, "100", 0, INT32_MAX, false, NULL, "nearest sessions that count; 0: all of the sample"},
	{"sample", SHOPPER_INTEGER, "1000", 0, INT32_MAX, false, NULL, "latest sessions with an item of the present one that are compared; 0: all"},
	{"weighting", SHOPPER_CHOICE, "linear", 0, 0, false, "linear,quadratic,reciprocal,none", "how much more the latest items of the present session count"},
	{"idf", SHOPPER_BOOLEAN, "false", 0, 0, false, NULL, "let rare items count more in the scores"},
	SHOPPER_SESSION_OPTIONS
};

const ShopperLearner shopper_learner_session_knn = {
	.number = 22,
	.name = "session_knn",
	.help = "the next item of a session from the sessions most like it",
	.shape = SHOPPER_RATINGS,
	.tasks = SHOPPER_RECOMMEND,
	.options = session_knn_options,
	.train_ratings = knn_train,
	.encode = knn_encode,
	.decode = knn_decode,
	.describe = shopper_sessions_describe,
	.recommender = &session_knn_recommender,
};
