/* sessions.c: see sessions.h */
#include "sessions.h"

#include <math.h>
#include <string.h>

#include "../../core/sort.h"

#define POLL_EVENTS 100000

/* ---- training ---- */

/* The lines' numbers in the order of (session, time, item). Pairs are sorted by (session, item, time). */
static ShopperStatus
order_events(ShopperEnv *env, const ShopperPairs *pairs, uint32_t **order)
{
	uint64_t   *key;
	uint32_t   *by_time,
			   *by_session;

	SHOPPER_NEW(env, key, pairs->n);
	SHOPPER_NEW(env, by_time, pairs->n);
	SHOPPER_NEW(env, by_session, pairs->n);
	for (int64_t i = 0; i < pairs->n; i++)
	{
		key[i] = (uint64_t) pairs->time[i] ^ 1ULL << 63;
		if (i % POLL_EVENTS == 0)
			SHOPPER_TRY(shopper_poll(env));
	}
	SHOPPER_TRY(shopper_sort_order(env, key, by_time, pairs->n));
	for (int64_t i = 0; i < pairs->n; i++)
	{
		key[i] = (uint64_t) pairs->a[by_time[i]];
		if (i % POLL_EVENTS == 0)
			SHOPPER_TRY(shopper_poll(env));
	}
	SHOPPER_TRY(shopper_sort_order(env, key, by_session, pairs->n));
	for (int64_t i = 0; i < pairs->n; i++)
		by_session[i] = by_time[by_session[i]];
	shopper_release(env, by_time);
	shopper_release(env, key);
	*order = by_session;
	return SHOPPER_OK;
}

static ShopperStatus
find_steps(ShopperEnv *env, const ShopperPairs *pairs, ShopperSteps *steps)
{
	uint32_t   *order = NULL;

	SHOPPER_TRY(order_events(env, pairs, &order));
	SHOPPER_NEW(env, steps->start, pairs->left.n + 1);
	SHOPPER_NEW(env, steps->item, pairs->n);
	SHOPPER_NEW(env, steps->last, pairs->left.n);
	steps->start[0] = 0;
	for (int64_t s = 0; s < pairs->left.n; s++)
	{
		steps->start[s + 1] = steps->start[s] + pairs->left.count[s];
		for (int64_t i = steps->start[s]; i < steps->start[s + 1]; i++)
			steps->item[i] = pairs->b[order[i]];
		steps->last[s] = pairs->time[order[steps->start[s + 1] - 1]];
		if (s % POLL_EVENTS == 0)
			SHOPPER_TRY(shopper_poll(env));
	}
	shopper_release(env, order);
	return SHOPPER_OK;
}

void
shopper_steps_free(ShopperEnv *env, ShopperSteps *steps)
{
	shopper_release(env, steps->start);
	shopper_release(env, steps->item);
	shopper_release(env, steps->last);
}

/* Where each line's item came last: from the end, a line that has no turn yet gets the next lower one. */
static ShopperStatus
find_turns(ShopperEnv *env, const ShopperSteps *steps, ShopperSessions *s)
{
	const ShopperEvents *e = &s->events;

	SHOPPER_NEW(env, s->turn, e->seen_start[e->user.n]);
	memset(s->turn, -1, (size_t) e->seen_start[e->user.n] * sizeof(int32_t));
	for (int64_t session = 0; session < e->user.n; session++)
	{
		int32_t		left = (int32_t) (e->seen_start[session + 1] - e->seen_start[session]);

		for (int64_t i = steps->start[session + 1] - 1; left > 0; i--)
		{
			int64_t		line = shopper_seen_line(e, session, steps->item[i]);

			if (s->turn[line] < 0)
				s->turn[line] = --left;
		}
		if (session % POLL_EVENTS == 0)
			SHOPPER_TRY(shopper_poll(env));
	}
	return SHOPPER_OK;
}

/* For each step how long ago its item was there: the other items since then, as far as ranks go. */
static ShopperStatus
find_returns(ShopperEnv *env, const ShopperSteps *steps, ShopperSessions *s)
{
	int64_t		returns[SHOPPER_RETURN_RANKS] = {0},
				chances[SHOPPER_RETURN_RANKS] = {0};

	for (int64_t session = 0; session < s->events.user.n; session++)
	{
		int32_t		recent[SHOPPER_RETURN_RANKS];	/* the latest items, the last one first */
		int			n = 0;

		for (int64_t i = steps->start[session]; i < steps->start[session + 1]; i++)
		{
			int			at = 0;

			while (at < n && recent[at] != steps->item[i])
				at++;
			for (int k = 0; k < n; k++)
				chances[k]++;
			if (at < n)
				returns[at]++;
			else if (n < SHOPPER_RETURN_RANKS)
				n++;
			else
				at = n - 1;		/* longer ago or new: the oldest one goes */
			memmove(recent + 1, recent, (size_t) at * sizeof(*recent));
			recent[0] = steps->item[i];
			if (i % POLL_EVENTS == 0)
				SHOPPER_TRY(shopper_poll(env));
		}
	}
	for (int k = 0; k < SHOPPER_RETURN_RANKS; k++)
		s->returned[k] = chances[k] > 0 ? (float) ((double) returns[k] / (double) chances[k]) : 0;
	return SHOPPER_OK;
}

ShopperStatus
shopper_sessions_start(ShopperEnv *env, ShopperModel *model, ShopperPairs *pairs, ShopperSessions *s, ShopperSteps *steps)
{
	ShopperLines lines;
	bool		implicit;

	if (pairs->n > 0 && !pairs->has_time)
	{
		shopper_fail(env, SHOPPER_BAD_DATA, "%s needs the time of each event", model->learner->name);
		shopper_hint(env, "Give session, item and time: train_recommender(session_id, item_id, viewed_at, %s()); of a number, to_timestamp(seconds).",
					 model->learner->name);
		return env->status;
	}
	pairs->has_value = false;	/* a step is a step */
	if (pairs->n > 0)
		SHOPPER_TRY(find_steps(env, pairs, steps));
	SHOPPER_TRY(shopper_events_start(env, model, pairs, false, &s->events, &lines, &implicit));
	model->n_train = pairs->n;
	shopper_release(env, lines.start);
	shopper_release(env, lines.line);
	SHOPPER_TRY(find_turns(env, steps, s));
	if (shopper_option_boolean(&model->options, "returns"))
		SHOPPER_TRY(find_returns(env, steps, s));
	return SHOPPER_OK;
}

/* ---- scoring ---- */

ShopperStatus
shopper_sessions_lines(ShopperEnv *env, const ShopperSessions *s, int64_t session, ShopperLine **line, int64_t *n)
{
	const ShopperEvents *e = &s->events;
	int64_t		from = e->seen_start[session];

	*n = e->seen_start[session + 1] - from;
	SHOPPER_NEW(env, *line, *n);
	for (int64_t i = 0; i < *n; i++)
		(*line)[s->turn[from + i]] = (ShopperLine) {e->seen[from + i], 1};
	return SHOPPER_OK;
}

/* The least positive score; 1 when there is none. */
static double
least_score(const double *score, int64_t items, const ShopperLine *line, int64_t n)
{
	double		least = INFINITY;

	for (int64_t i = 0; i < items; i++)
		if (score[i] > 0 && score[i] < least)
			least = score[i];
	for (int64_t i = 0; i < n; i++)
		if (score[line[i].code] > 0 && score[line[i].code] < least)
			least = score[line[i].code];
	return isinf(least) ? 1 : least;
}

ShopperStatus
shopper_sessions_complete(ShopperEnv *env, const ShopperModel *model, const ShopperLine *line, int64_t n, double *score)
{
	const ShopperSessions *s = model->state;
	const ShopperEvents *e = &s->events;
	bool		recent = shopper_option_is(&model->options, "fallback", "recent"),
				none = shopper_option_is(&model->options, "fallback", "none");
	double		least,
				most = 0;

	for (int64_t ago = 0; ago < n; ago++)
	{
		double	   *to = &score[line[n - 1 - ago].code],
					returned = s->returned[ago < SHOPPER_RETURN_RANKS ? ago : SHOPPER_RETURN_RANKS - 1];

		if (returned > 0)
			*to = (*to > 0 ? *to : 0) + returned;
	}
	SHOPPER_TRY(shopper_poll(env));
	least = least_score(score, e->item.n, line, n);
	/* the session's own items between least / 2 and least, popular ones up to least / 2 */
	for (int64_t ago = 0; ago < n && recent; ago++)
	{
		double	   *to = &score[line[n - 1 - ago].code];

		if (!(*to > 0))
			*to = least * (1 - 0.5 * (double) (ago + 1) / (double) (n + 1));
	}
	for (int64_t i = 0; i < e->item.n; i++)
		most = fmax(most, e->popularity[i]);
	for (int64_t i = 0; i < e->item.n; i++)
		if (!(score[i] > 0))
			score[i] = none || !(most > 0) ? -INFINITY : least * 0.5 * e->popularity[i] / most;
	return SHOPPER_OK;
}

/* ---- storing ---- */

void
shopper_sessions_encode(const ShopperSessions *s, ShopperWriter *w)
{
	const ShopperEvents *e = &s->events;

	shopper_events_encode(e, w);
	for (int64_t i = 0; i < e->seen_start[e->user.n]; i++)
		shopper_put_varint(w, (uint64_t) s->turn[i]);
	shopper_put_f32s(w, s->returned, SHOPPER_RETURN_RANKS);
}

ShopperStatus
shopper_sessions_decode(ShopperSessions *s, ShopperReader *r)
{
	ShopperEnv *env = r->env;
	ShopperEvents *e = &s->events;
	unsigned char *taken;
	int64_t		total;

	SHOPPER_TRY(shopper_events_decode(e, r));
	total = e->seen_start[e->user.n];
	if (total > r->end - r->next)
		return shopper_bad_bytes(env, "the order of its sessions is cut off");
	SHOPPER_NEW(env, s->turn, total);
	SHOPPER_NEW0(env, taken, total);
	for (int64_t session = 0; session < e->user.n; session++)
		for (int64_t i = e->seen_start[session]; i < e->seen_start[session + 1]; i++)
		{
			uint64_t	turn = shopper_get_varint(r);

			if (r->failed || turn >= (uint64_t) (e->seen_start[session + 1] - e->seen_start[session]) || taken[e->seen_start[session] + (int64_t) turn])
				return shopper_bad_bytes(env, "the order of a session is damaged");
			taken[e->seen_start[session] + (int64_t) turn] = 1;
			s->turn[i] = (int32_t) turn;
		}
	shopper_release(env, taken);
	shopper_get_f32s(r, s->returned, SHOPPER_RETURN_RANKS);
	for (int k = 0; k < SHOPPER_RETURN_RANKS && !r->failed; k++)
		if (!(s->returned[k] >= 0 && s->returned[k] <= 1))
			return shopper_bad_bytes(env, "a share of returns is not one");
	for (int64_t i = 0; i < e->item.n; i++)
		if (!(e->popularity[i] >= 0))
			return shopper_bad_bytes(env, "a number of events is negative");
	return SHOPPER_OK;
}

void
shopper_sessions_describe(const ShopperModel *model, void (*add) (void *ctx, const char *key, double value), void *ctx)
{
	const ShopperSessions *s = model->state;

	add(ctx, "sessions", (double) s->events.user.n);
	add(ctx, "items", (double) s->events.item.n);
	if (shopper_option_boolean(&model->options, "returns"))
		for (int k = 0; k < 3; k++)
			add(ctx, k == 0 ? "returns_to_last" : k == 1 ? "returns_to_last_but_one" : "returns_to_last_but_two", s->returned[k]);
}
