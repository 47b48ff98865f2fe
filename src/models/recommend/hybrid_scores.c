/* hybrid_scores.c: the answers of a hybrid: those of its parts, blended */
#include <math.h>
#include <string.h>

#include "../../core/sort.h"
#include "hybrid.h"

/* One part's scores, on its own codes and, behind them, those of the lines that it does not know. */
typedef struct PartScores
{
	int64_t		n;
	double	   *score;			/* (n) -INFINITY: not a candidate */
	int32_t    *code;			/* (n) of all */
} PartScores;

static ShopperStatus
part_scores_init(ShopperEnv *env, const ShopperPart *part, int64_t strangers, PartScores *s)
{
	int64_t		items = shopper_part_events(part)->item.n;

	s->n = items + strangers;
	SHOPPER_NEW(env, s->score, s->n);
	SHOPPER_NEW(env, s->code, s->n);
	memcpy(s->code, part->item, (size_t) items * sizeof(int32_t));
	for (int64_t i = 0; i < s->n; i++)
		s->score[i] = -INFINITY;
	return SHOPPER_OK;
}

static void
part_scores_free(ShopperEnv *env, PartScores *s)
{
	shopper_release(env, s->score);
	shopper_release(env, s->code);
}

/* A question that a learner cannot answer leaves its part out. */
static ShopperStatus
left_out(ShopperEnv *env, ShopperStatus status, PartScores *s)
{
	if (status != SHOPPER_WRONG_MODEL)
		return status;
	env->status = SHOPPER_OK;
	for (int64_t i = 0; i < s->n; i++)
		s->score[i] = -INFINITY;
	return SHOPPER_OK;
}

/* ---- blending ---- */

/*
 * Bring the part's candidates into out (codes of all) with what they count: from their order or range among the
 * items that are not `own` (the user's or the basket's, which most lists leave out).
 */
static ShopperStatus
normalize(ShopperEnv *env, const ShopperHybrid *h, const PartScores *s, const unsigned char *own, double *part)
{
	double		low = INFINITY,
				high = -INFINITY;
	uint64_t   *key;
	uint32_t   *order;
	int64_t		better = 0;

	if (h->method != SHOPPER_BLEND_RANKS)
	{
		for (int64_t i = 0; i < s->n; i++)
			if (s->score[i] > -INFINITY && !own[s->code[i]])
			{
				low = fmin(low, s->score[i]);
				high = fmax(high, s->score[i]);
			}
		for (int64_t i = 0; i < s->n; i++)
			if (s->score[i] > -INFINITY)
				part[s->code[i]] = high > low && isfinite(high - low) ? (s->score[i] - low) / (high - low) : 1;
		return SHOPPER_OK;
	}
	SHOPPER_NEW(env, key, s->n);
	SHOPPER_NEW(env, order, s->n);
	for (int64_t i = 0; i < s->n; i++)
		key[i] = shopper_sortable(-s->score[i]);	/* NaN comes last */
	SHOPPER_TRY(shopper_sort_order(env, key, order, s->n));
	for (int64_t i = 0; i < s->n; i++)
		if (s->score[order[i]] > -INFINITY)
		{
			part[s->code[order[i]]] = h->constant / (h->constant + (double) (better + 1));
			better += !own[s->code[order[i]]];
		}
	shopper_release(env, key);
	shopper_release(env, order);
	return SHOPPER_OK;
}

/*
 * Add part p to the scores of all. score, (codes), -INFINITY at first; from, (codes): the part that gives most, or
 * h->n when two give the same; most, (codes): what that is.
 */
static ShopperStatus
add_part(ShopperEnv *env, const ShopperHybrid *h, int p, const PartScores *s, int64_t codes, const unsigned char *own,
		 double *score, unsigned char *from, double *most)
{
	double	   *part;

	SHOPPER_NEW(env, part, codes);
	for (int64_t i = 0; i < codes; i++)
		part[i] = NAN;
	SHOPPER_TRY(normalize(env, h, s, own, part));
	for (int64_t i = 0; i < codes; i++)
	{
		double		gives = h->method == SHOPPER_FIRST_PART ? h->n - 1 - p + fmin(fmax(part[i], 0), 1) : h->part[p].weight * part[i];

		if (part[i] != part[i])
			continue;
		if (score[i] == -INFINITY)
		{
			score[i] = gives;
			most[i] = gives;
			from[i] = (unsigned char) p;
			continue;
		}
		if (h->method == SHOPPER_FIRST_PART)
			continue;
		score[i] += gives;
		from[i] = gives > most[i] ? (unsigned char) p : gives == most[i] ? (unsigned char) h->n : from[i];
		most[i] = fmax(most[i], gives);
	}
	shopper_release(env, part);
	return shopper_poll(env);
}

typedef struct Blend
{
	int64_t		codes;
	unsigned char *own;			/* (codes) */
	unsigned char *from;		/* (codes) the caller's, or ours */
	double	   *most;			/* (codes) */
	bool		our_from;
} Blend;

static ShopperStatus
blend_begin(ShopperEnv *env, const ShopperHybrid *h, int64_t codes, unsigned char *from, double *score, Blend *b)
{
	*b = (Blend) {.codes = codes, .our_from = from == NULL, .from = from};
	if (from == NULL)
		SHOPPER_NEW(env, b->from, codes);
	SHOPPER_NEW0(env, b->own, codes);
	SHOPPER_NEW(env, b->most, codes);
	for (int64_t i = 0; i < codes; i++)
		score[i] = -INFINITY;
	memset(b->from, h->n, (size_t) codes);
	return SHOPPER_OK;
}

static void
blend_end(ShopperEnv *env, Blend *b)
{
	if (b->our_from)
		shopper_release(env, b->from);
	shopper_release(env, b->own);
	shopper_release(env, b->most);
}

/* ---- for a user, for a basket ---- */

static void
popularity_of(const ShopperPart *part, PartScores *s)
{
	const ShopperEvents *e = shopper_part_events(part);

	for (int64_t i = 0; i < e->item.n; i++)
		s->score[i] = e->popularity[i];
}

/* The part's scores for lines of all. Lines that it does not know are dropped, or of an ordered part strangers. */
static ShopperStatus
score_lines(ShopperEnv *env, const ShopperHybrid *h, const ShopperPart *part, const ShopperLine *line, int64_t n, PartScores *s)
{
	const ShopperRecommender *r = part->model.learner->recommender;
	int64_t		items = shopper_part_events(part)->item.n,
				used = 0;
	bool		adds_up = true;
	double		usual = r->basket_value != NULL ? r->basket_value(&part->model, &adds_up) : 1;
	ShopperLine *own;

	if (r->score_basket == NULL)
	{
		popularity_of(part, s);
		return SHOPPER_OK;
	}
	SHOPPER_NEW(env, own, n);
	for (int64_t i = 0; i < n; i++)
	{
		int64_t		code = line[i].code < h->events.item.n ? part->own_item[line[i].code] : -1;
		float		value = line[i].value == line[i].value ? line[i].value : (float) usual;

		if ((code < 0 && !r->ordered) || (adds_up && value < 0))
			continue;
		if (code < 0)
		{
			code = items + i;
			s->code[code] = line[i].code;
		}
		own[used++] = (ShopperLine) {(int32_t) code, value};
	}
	if (used > 0)
		SHOPPER_TRY(r->score_basket(env, &part->model, own, used, s->score));
	shopper_release(env, own);
	return SHOPPER_OK;
}

static ShopperStatus
blend_lines(ShopperEnv *env, const ShopperModel *model, int64_t user, const ShopperLine *line, int64_t n, int64_t codes,
			double *score, unsigned char *from)
{
	const ShopperHybrid *h = model->state;
	Blend		b;

	SHOPPER_TRY(blend_begin(env, h, codes, from, score, &b));
	for (int64_t i = 0; i < n; i++)
		b.own[line[i].code] = 1;
	for (int p = 0; p < h->n; p++)
	{
		const ShopperPart *part = &h->part[p];
		const ShopperRecommender *r = part->model.learner->recommender;
		int64_t		own = user >= 0 ? part->own_user[user] : -1;
		PartScores	s;

		SHOPPER_TRY(part_scores_init(env, part, r->ordered ? n : 0, &s));
		for (int64_t i = shopper_part_events(part)->item.n; i < s.n; i++)
			s.code[i] = 0;		/* not a candidate unless it is a line's */
		SHOPPER_TRY(own >= 0 ? r->score_user(env, &part->model, own, s.score) : score_lines(env, h, part, line, n, &s));
		SHOPPER_TRY(add_part(env, h, p, &s, codes, b.own, score, b.from, b.most));
		part_scores_free(env, &s);
	}
	blend_end(env, &b);
	return SHOPPER_OK;
}

/* A part that does not know the user gets what the user has in the others. */
static ShopperStatus
score_user_from(ShopperEnv *env, const ShopperModel *model, int64_t user, double *score, unsigned char *from)
{
	const ShopperEvents *e = model->state;
	int64_t		first = e->seen_start[user],
				n = e->seen_start[user + 1] - first;
	ShopperLine *line;

	SHOPPER_NEW(env, line, n);
	for (int64_t i = 0; i < n; i++)
		line[i] = (ShopperLine) {e->seen[first + i], NAN};
	SHOPPER_TRY(blend_lines(env, model, user, line, n, e->item.n, score, from));
	shopper_release(env, line);
	return SHOPPER_OK;
}

static ShopperStatus
hybrid_score_user(ShopperEnv *env, const ShopperModel *model, int64_t user, double *score)
{
	return score_user_from(env, model, user, score, NULL);
}

static ShopperStatus
score_basket_from(ShopperEnv *env, const ShopperModel *model, const ShopperLine *line, int64_t n, double *score, unsigned char *from)
{
	const ShopperEvents *e = model->state;
	int64_t		codes = e->item.n;

	for (int64_t i = 0; i < n; i++)
		codes = line[i].code >= codes ? line[i].code + 1 : codes;
	return blend_lines(env, model, -1, line, n, codes, score, from);
}

static ShopperStatus
hybrid_score_basket(ShopperEnv *env, const ShopperModel *model, const ShopperLine *line, int64_t n, double *score)
{
	return score_basket_from(env, model, line, n, score, NULL);
}

/* NaN: each part takes what is usual there. */
static double
hybrid_basket_value(const ShopperModel *model, bool *adds_up)
{
	(void) model;
	*adds_up = false;
	return NAN;
}

static const char *
part_name(const ShopperModel *model, int part)
{
	const ShopperHybrid *h = model->state;

	return part < h->n ? h->part[part].model.learner->name : model->learner->name;
}

/* ---- neighbours ---- */

static ShopperStatus
hybrid_similar(ShopperEnv *env, const ShopperModel *model, bool users, int64_t code, double *score)
{
	const ShopperHybrid *h = model->state;
	int64_t		n = users ? h->events.user.n : h->events.item.n;
	bool		able = false;
	Blend		b;

	SHOPPER_TRY(blend_begin(env, h, n, NULL, score, &b));
	b.own[code] = 1;
	for (int p = 0; p < h->n; p++)
	{
		const ShopperPart *part = &h->part[p];
		const ShopperRecommender *r = part->model.learner->recommender;
		const ShopperEvents *e = shopper_part_events(part);
		int64_t		own = users ? part->own_user[code] : part->own_item[code];
		PartScores	s = {.n = users ? e->user.n : e->item.n};
		ShopperStatus status;

		able |= r->similar != NULL && own < 0 && s.n > 0;
		if (r->similar == NULL || own < 0)
			continue;
		SHOPPER_NEW(env, s.score, s.n);
		SHOPPER_NEW(env, s.code, s.n);
		for (int64_t i = 0; i < n; i++)
		{
			int32_t		at = users ? part->own_user[i] : part->own_item[i];

			if (at >= 0)
				s.code[at] = (int32_t) i;
		}
		status = r->similar(env, &part->model, users, own, s.score);
		able |= status == SHOPPER_OK;
		SHOPPER_TRY(left_out(env, status, &s));
		s.score[own] = -INFINITY;
		SHOPPER_TRY(add_part(env, h, p, &s, n, b.own, score, b.from, b.most));
		part_scores_free(env, &s);
	}
	blend_end(env, &b);
	return able ? SHOPPER_OK
		: shopper_fail(env, SHOPPER_WRONG_MODEL, "no part of the hybrid knows similar %s", users ? "users" : "items");
}

static ShopperStatus
hybrid_similarity(ShopperEnv *env, const ShopperModel *model, int64_t item, const int64_t *other, int64_t n, double *out)
{
	const ShopperHybrid *h = model->state;
	int64_t    *own,
			   *at;
	double	   *part_out;

	memset(out, 0, (size_t) n * sizeof(double));
	SHOPPER_NEW(env, own, n);
	SHOPPER_NEW(env, at, n);
	SHOPPER_NEW(env, part_out, n);
	for (int p = 0; p < h->n; p++)
	{
		const ShopperPart *part = &h->part[p];
		const ShopperRecommender *r = part->model.learner->recommender;
		int64_t		used = 0;

		if (r->similarity == NULL || part->own_item[item] < 0)
			continue;
		for (int64_t i = 0; i < n; i++)
			if (part->own_item[other[i]] >= 0)
			{
				own[used] = part->own_item[other[i]];
				at[used++] = i;
			}
		SHOPPER_TRY(r->similarity(env, &part->model, part->own_item[item], own, used, part_out));
		for (int64_t i = 0; i < used; i++)
			out[at[i]] += part->weight * part_out[i];
	}
	shopper_release(env, own);
	shopper_release(env, at);
	shopper_release(env, part_out);
	return SHOPPER_OK;
}

/* ---- single ratings, reasons ---- */

static bool
gives_ratings(const ShopperPart *part)
{
	bool		adds_up = true;

	if (part->model.learner->recommender->basket_value != NULL)
		part->model.learner->recommender->basket_value(&part->model, &adds_up);
	return !adds_up;
}

/*
 * The weighted mean of the parts that have ratings; of events only when no part has ratings. Parts that know
 * both user and item, else one of them, else any.
 */
static ShopperStatus
hybrid_rating(ShopperEnv *env, const ShopperModel *model, int64_t user, int64_t item, double *rating)
{
	const ShopperHybrid *h = model->state;
	int			best = -1;
	double		sum = 0,
				weight = 0;

	for (int pass = 0; pass < 2; pass++)
		for (int p = 0; p < h->n; p++)
		{
			const ShopperPart *part = &h->part[p];
			int64_t		own_user = user >= 0 ? part->own_user[user] : -1,
						own_item = item >= 0 ? part->own_item[item] : -1;
			int			fits = (gives_ratings(part) ? 3 : 0) + (own_user >= 0) + (own_item >= 0);
			double		one;

			if (part->model.learner->recommender->rating == NULL || part->weight == 0)
				continue;
			if (pass == 0)
				best = fits > best ? fits : best;
			else if (fits == best)
			{
				SHOPPER_TRY(part->model.learner->recommender->rating(env, &part->model, own_user, own_item, &one));
				sum += part->weight * one;
				weight += part->weight;
			}
		}
	if (best < 0)
		return shopper_fail(env, SHOPPER_WRONG_MODEL, "no part of the hybrid has ratings");
	*rating = sum / weight;
	return SHOPPER_OK;
}

/* By the first part that has reasons for this user and item. */
static ShopperStatus
hybrid_explain(ShopperEnv *env, const ShopperModel *model, int64_t user, int64_t item, double *contribution)
{
	const ShopperHybrid *h = model->state;
	int64_t		first = h->events.seen_start[user];

	for (int p = 0; p < h->n; p++)
	{
		const ShopperPart *part = &h->part[p];
		const ShopperRecommender *r = part->model.learner->recommender;
		const ShopperEvents *e = shopper_part_events(part);
		int64_t		own_user = part->own_user[user],
					own_item = part->own_item[item],
					n;
		PartScores	s = {0};
		bool		any = false;

		if (r->explain == NULL || own_user < 0 || own_item < 0)
			continue;
		n = s.n = e->seen_start[own_user + 1] - e->seen_start[own_user];
		SHOPPER_NEW0(env, s.score, n);
		SHOPPER_TRY(left_out(env, r->explain(env, &part->model, own_user, own_item, s.score), &s));
		for (int64_t i = 0; i < n; i++)
		{
			int32_t		code = part->item[e->seen[e->seen_start[own_user] + i]];

			if (s.score[i] == 0 || !isfinite(s.score[i]))
				continue;
			any = true;
			contribution[shopper_seen_line(&h->events, user, code) - first] = s.score[i];
		}
		shopper_release(env, s.score);
		if (any)
			return SHOPPER_OK;
	}
	return SHOPPER_OK;
}

const ShopperRecommender shopper_hybrid_recommender = {
	.ordered = true,
	.score_user = hybrid_score_user,
	.score_basket = hybrid_score_basket,
	.score_user_from = score_user_from,
	.score_basket_from = score_basket_from,
	.part_name = part_name,
	.basket_value = hybrid_basket_value,
	.similar = hybrid_similar,
	.similarity = hybrid_similarity,
	.rating = hybrid_rating,
	.explain = hybrid_explain,
};
