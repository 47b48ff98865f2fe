/*
 * sessions.h: what the learners of sessions (markov, session_knn) share: the order of a
 * session's items, how often sessions return to an item, and what fills a list up.
 *
 * A session is a "user" of its events, in the order of time, items of one moment in the
 * order of their ids. An item that comes twice stands where it came last.
 */
#ifndef SHOPPER_SESSIONS_H
#define SHOPPER_SESSIONS_H

#include "recommender.h"

#define SHOPPER_RETURN_RANKS 20 /* how long ago, in other items; the last one stands for all that are longer ago */

/* The first member of the state. */
typedef struct ShopperSessions
{
	ShopperEvents events;		/* without values; popularity: events of the item */
	int32_t    *turn;			/* (lines) where the line's item came last, among the items of its session, from 0 */
	float		returned[SHOPPER_RETURN_RANKS]; /* share of the steps that went to the item so long ago, 0: the last one; all 0: not learned */
} ShopperSessions;

/* Training events in order: of session s those from start[s] to start[s + 1]. */
typedef struct ShopperSteps
{
	int64_t    *start;			/* (sessions + 1) */
	int32_t    *item;			/* (events) */
	int64_t    *last;			/* (sessions) time of the last event */
} ShopperSteps;

/* Options that both have: end the learner's table with them. */
#define SHOPPER_SESSION_OPTIONS \
	{"fallback", SHOPPER_CHOICE, "popular", 0, 0, false, "popular,recent,none", "what fills a list up: popular items, the session's own items first, or nothing"}, \
	{"returns", SHOPPER_BOOLEAN, "true", 0, 0, false, NULL, "learn how often sessions return to an item, by how long ago it was; shows when seen items may come"}, \
	{NULL}

/* Events, order and returns from finished pairs with times; uses them up. Sets model->n_train. */
extern ShopperStatus shopper_sessions_start(ShopperEnv *env, ShopperModel *model, ShopperPairs *pairs, ShopperSessions *s, ShopperSteps *steps);
extern void shopper_steps_free(ShopperEnv *env, ShopperSteps *steps);

/* A training session's items as lines, the latest last. */
extern ShopperStatus shopper_sessions_lines(ShopperEnv *env, const ShopperSessions *s, int64_t session, ShopperLine **line, int64_t *n);

/*
 * Add what returning to the lines gives, then put the fall-back below all other scores. score (items and
 * more): of a line whose code is not an item of the model, -INFINITY before; other scores are 0 or greater.
 */
extern ShopperStatus shopper_sessions_complete(ShopperEnv *env, const ShopperModel *model, const ShopperLine *line, int64_t n, double *score);

extern void shopper_sessions_encode(const ShopperSessions *s, ShopperWriter *w);
/* Checks everything it reads. */
extern ShopperStatus shopper_sessions_decode(ShopperSessions *s, ShopperReader *r);
extern void shopper_sessions_describe(const ShopperModel *model, void (*add) (void *ctx, const char *key, double value), void *ctx);

#endif
