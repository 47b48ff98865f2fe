/*
 * markov.c: the learner markov: the next item of a session from the last ones, by how often
 * an item followed another in the training sessions (a first-order Markov chain).
 *
 *     score(i) = sum over the session's items j, the last one first, of decay^ago P(i | j)
 *
 * with P(i | j) the share of the steps from j that went to i. decay 0 is the last item alone.
 */
#include <math.h>
#include <string.h>

#include "../../core/sort.h"
#include "sessions.h"

#define SESSIONS_PER_POLL 10000
#define NO_DECAY 1e-9			/* older items count less than this: left out */

typedef struct Markov
{
	ShopperSessions s;
	int64_t    *start;			/* (items + 1) */
	int32_t    *to;				/* rising within an item */
	int32_t    *count;			/* steps */
	int64_t    *steps;			/* (items) steps from it; not stored */
} Markov;

static void
add_steps(const Markov *m, int64_t item, double weight, double *score)
{
	for (int64_t i = m->start[item]; i < m->start[item + 1]; i++)
		score[m->to[i]] += weight * (double) m->count[i] / (double) m->steps[item];
}

static ShopperStatus
markov_score_basket(ShopperEnv *env, const ShopperModel *model, const ShopperLine *line, int64_t n, double *score)
{
	const Markov *m = model->state;
	double		decay = shopper_option_number(&model->options, "decay"),
				weight = 1;

	memset(score, 0, (size_t) m->s.events.item.n * sizeof(double));
	for (int64_t i = n - 1; i >= 0 && weight > NO_DECAY; i--, weight *= decay)
	{
		if (line[i].code < m->s.events.item.n)
			add_steps(m, line[i].code, weight, score);
		SHOPPER_TRY(shopper_poll(env));
	}
	return shopper_sessions_complete(env, model, line, n, score);
}

static ShopperStatus
markov_score_user(ShopperEnv *env, const ShopperModel *model, int64_t user, double *score)
{
	const Markov *m = model->state;
	ShopperLine *line;
	int64_t		n;

	SHOPPER_TRY(shopper_sessions_lines(env, &m->s, user, &line, &n));
	SHOPPER_TRY(markov_score_basket(env, model, line, n, score));
	shopper_release(env, line);
	return SHOPPER_OK;
}

/* What comes next after an item. */
static ShopperStatus
markov_similar(ShopperEnv *env, const ShopperModel *model, bool users, int64_t code, double *score)
{
	const Markov *m = model->state;

	if (users)
	{
		shopper_fail(env, SHOPPER_WRONG_MODEL, "a model of markov knows no similar users");
		shopper_hint(env, "Use a model of user_knn, or a factor model.");
		return env->status;
	}
	for (int64_t i = 0; i < m->s.events.item.n; i++)
		score[i] = -INFINITY;
	for (int64_t i = m->start[code]; i < m->start[code + 1]; i++)
		score[m->to[i]] = (double) m->count[i] / (double) m->steps[code];
	return SHOPPER_OK;
}

static ShopperStatus
markov_explain(ShopperEnv *env, const ShopperModel *model, int64_t user, int64_t item, double *contribution)
{
	const Markov *m = model->state;
	const ShopperEvents *e = &m->s.events;
	int64_t		first = e->seen_start[user],
				n = e->seen_start[user + 1] - first;
	double		decay = shopper_option_number(&model->options, "decay");

	(void) env;
	for (int64_t k = 0; k < n; k++)
	{
		int32_t		from = e->seen[first + k];
		int64_t		ago = n - 1 - m->s.turn[first + k];
		double		weight = ago == 0 ? 1 : pow(decay, (double) ago);

		for (int64_t i = m->start[from]; i < m->start[from + 1] && weight > NO_DECAY; i++)
			if (m->to[i] == item)
				contribution[k] += weight * (double) m->count[i] / (double) m->steps[from];
		if (from == item)
			contribution[k] += m->s.returned[ago < SHOPPER_RETURN_RANKS ? ago : SHOPPER_RETURN_RANKS - 1];
	}
	return SHOPPER_OK;
}

static const ShopperRecommender markov_recommender = {
	.ordered = true,
	.score_user = markov_score_user,
	.score_basket = markov_score_basket,
	.similar = markov_similar,
	.explain = markov_explain,
};

/* ---- training ---- */

static ShopperStatus
count_from(ShopperEnv *env, Markov *m)
{
	int64_t		items = m->s.events.item.n;

	SHOPPER_NEW0(env, m->steps, items);
	for (int64_t i = 0; i < items; i++)
		for (int64_t k = m->start[i]; k < m->start[i + 1]; k++)
			m->steps[i] += m->count[k];
	return SHOPPER_OK;
}

/* Steps by (from, to), counted. */
static ShopperStatus
count_steps(ShopperEnv *env, const ShopperSteps *steps, Markov *m)
{
	int64_t		items = m->s.events.item.n,
				sessions = m->s.events.user.n,
				n = 0,
				used = 0;
	uint64_t   *key;
	uint32_t   *order;

	SHOPPER_NEW(env, key, steps->start[sessions]);
	SHOPPER_NEW(env, order, steps->start[sessions]);
	for (int64_t s = 0; s < sessions; s++)
	{
		for (int64_t i = steps->start[s] + 1; i < steps->start[s + 1]; i++)
			key[n++] = (uint64_t) steps->item[i - 1] * (uint64_t) items + (uint64_t) steps->item[i];
		if (s % SESSIONS_PER_POLL == 0)
			SHOPPER_TRY(shopper_poll(env));
	}
	SHOPPER_TRY(shopper_sort_order(env, key, order, n));
	SHOPPER_NEW0(env, m->start, items + 1);
	SHOPPER_NEW(env, m->to, n);
	SHOPPER_NEW(env, m->count, n);
	for (int64_t i = 0; i < n; i++)
	{
		uint64_t	now = key[order[i]];

		if (i == 0 || now != key[order[i - 1]])
		{
			m->start[now / (uint64_t) items + 1]++;
			m->to[used] = (int32_t) (now % (uint64_t) items);
			m->count[used++] = 0;
		}
		m->count[used - 1]++;
	}
	for (int64_t i = 0; i < items; i++)
		m->start[i + 1] += m->start[i];
	shopper_release(env, key);
	shopper_release(env, order);
	return count_from(env, m);
}

static ShopperStatus
markov_train(ShopperEnv *env, ShopperModel *model, ShopperPairs *pairs, const ShopperModel *previous)
{
	ShopperSteps steps;
	Markov	   *m;

	(void) previous;			/* counted anew */
	SHOPPER_NEW0(env, m, 1);
	model->state = m;
	SHOPPER_TRY(shopper_sessions_start(env, model, pairs, &m->s, &steps));
	SHOPPER_TRY(count_steps(env, &steps, m));
	shopper_steps_free(env, &steps);
	return SHOPPER_OK;
}

/* ---- storing ---- */

static void
markov_encode(const ShopperModel *model, ShopperWriter *w)
{
	const Markov *m = model->state;
	int64_t		items = m->s.events.item.n;

	shopper_sessions_encode(&m->s, w);
	shopper_put_varint(w, (uint64_t) m->start[items]);
	for (int64_t i = 0; i < items; i++)
	{
		int32_t		last = -1;

		shopper_put_varint(w, (uint64_t) (m->start[i + 1] - m->start[i]));
		for (int64_t k = m->start[i]; k < m->start[i + 1]; k++)
		{
			shopper_put_varint(w, (uint64_t) (m->to[k] - last));
			shopper_put_varint(w, (uint64_t) m->count[k]);
			last = m->to[k];
		}
	}
}

static ShopperStatus
markov_decode(ShopperModel *model, ShopperReader *r)
{
	ShopperEnv *env = r->env;
	Markov	   *m;
	int64_t		items,
				total,
				at = 0;

	SHOPPER_NEW0(env, m, 1);
	model->state = m;
	SHOPPER_TRY(shopper_sessions_decode(&m->s, r));
	items = m->s.events.item.n;
	total = shopper_get_count(r, 2);
	SHOPPER_NEW0(env, m->start, items + 1);
	SHOPPER_NEW(env, m->to, total);
	SHOPPER_NEW(env, m->count, total);
	for (int64_t i = 0; i < items; i++)
	{
		int64_t		n = shopper_get_count(r, 2),
					last = -1;

		if (r->failed || n > total - at)
			return shopper_bad_bytes(env, "an item has too many steps");
		for (int64_t k = 0; k < n; k++, at++)
		{
			uint64_t	step = shopper_get_varint(r),
						count = shopper_get_varint(r);

			if (step == 0 || step > (uint64_t) (items - 1 - last) || count == 0 || count > INT32_MAX)
				return shopper_bad_bytes(env, "a step is out of range");
			last += (int64_t) step;
			m->to[at] = (int32_t) last;
			m->count[at] = (int32_t) count;
		}
		m->start[i + 1] = at;
	}
	if (r->failed || at != total)
		return shopper_bad_bytes(env, "its steps are damaged");
	return count_from(env, m);
}

static void
markov_describe(const ShopperModel *model, void (*add) (void *ctx, const char *key, double value), void *ctx)
{
	const Markov *m = model->state;

	shopper_sessions_describe(model, add, ctx);
	add(ctx, "transitions", (double) m->start[m->s.events.item.n]);
}

static const ShopperOption markov_options[] = {
	{"decay", SHOPPER_NUMBER, "0", 0, 1, false, NULL, "what an item counts that was one step before another of the session; 0: the last item alone"},
	SHOPPER_SESSION_OPTIONS
};

const ShopperLearner shopper_learner_markov = {
	.number = 21,
	.name = "markov",
	.help = "the next item of a session from what followed its last one",
	.shape = SHOPPER_RATINGS,
	.tasks = SHOPPER_RECOMMEND,
	.options = markov_options,
	.train_ratings = markov_train,
	.encode = markov_encode,
	.decode = markov_decode,
	.describe = markov_describe,
	.recommender = &markov_recommender,
};
