/* recommend.c: the questions of recommend.h, asked of any recommender: filters, the best n, what is popular. */
#include "recommend.h"

#include <math.h>
#include <string.h>

#include "best.h"
#include "recommender.h"

#define SCORES_PER_POLL 1000000
#define POOL 5					/* a diverse list of n comes from the best POOL n, at least POOL_LEAST */
#define POOL_LEAST 100

/* Scores of all items (or users) and which of them may come. */
typedef struct Candidates
{
	int64_t		n;
	double	   *score;
	unsigned char *out;			/* 1: not a candidate */
	unsigned char *from;		/* of models with parts: which one gives most; else NULL */
} Candidates;

const char *
shopper_source_name(const ShopperModel *model, ShopperSource source)
{
	if (source >= SHOPPER_FROM_PART)
		return model->learner->recommender->part_name(model, (int) source - SHOPPER_FROM_PART);
	return source == SHOPPER_FROM_MODEL ? "model" : source == SHOPPER_FROM_BASKET ? "basket" : "popular";
}

/* What every recommender's state begins with; its answers. */
static ShopperStatus
recommender_of(ShopperEnv *env, const ShopperModel *model, const ShopperEvents **events, const ShopperRecommender **recommender)
{
	*events = model->state;
	*recommender = model->learner->recommender;
	if (*recommender == NULL)
		return shopper_fail(env, SHOPPER_WRONG_MODEL, "expected a recommender, got a model of %s", model->learner->name);
	return SHOPPER_OK;
}

static ShopperStatus
cannot(ShopperEnv *env, const ShopperModel *model, const char *what)
{
	return shopper_fail(env, SHOPPER_WRONG_MODEL, "a model of %s has no %s", model->learner->name, what);
}

ShopperStatus
shopper_recommend_ids(ShopperEnv *env, const ShopperModel *model, const ShopperDictionary **users,
					  const ShopperDictionary **items)
{
	const ShopperEvents *e;
	const ShopperRecommender *r;

	SHOPPER_TRY(recommender_of(env, model, &e, &r));
	*users = &e->user;
	*items = &e->item;
	return SHOPPER_OK;
}

/* ---- the best n of all candidates ---- */

static ShopperStatus
best_rows(ShopperEnv *env, const Candidates *c, int64_t wanted, ShopperSource source, ShopperRecommendation **rows, int64_t *n)
{
	ShopperBest best = {.n = 0};
	int64_t		candidates = 0;

	for (int64_t i = 0; i < c->n; i++)
		candidates += !c->out[i];
	best.n = wanted > candidates ? candidates : wanted > 0 ? wanted : 0;
	SHOPPER_NEW(env, *rows, best.n);
	SHOPPER_NEW(env, best.entry, best.n);
	for (int64_t i = 0; i < c->n && best.n > 0; i++)
	{
		if (i % SCORES_PER_POLL == 0)
			SHOPPER_TRY(shopper_poll(env));
		if (!c->out[i])
			shopper_best_offer(&best, c->score[i], i);
	}
	*n = shopper_best_rows(&best, source, *rows);
	for (int64_t i = 0; i < *n && c->from != NULL; i++)
		(*rows)[i].source = (ShopperSource) (SHOPPER_FROM_PART + c->from[(*rows)[i].code]);
	shopper_release(env, best.entry);
	return SHOPPER_OK;
}

static ShopperStatus
candidates_init(ShopperEnv *env, Candidates *c, int64_t n)
{
	c->n = n;
	c->from = NULL;
	SHOPPER_NEW0(env, c->score, n);
	SHOPPER_NEW0(env, c->out, n);
	return SHOPPER_OK;
}

static void
candidates_free(ShopperEnv *env, Candidates *c)
{
	shopper_release(env, c->score);
	shopper_release(env, c->out);
	shopper_release(env, c->from);
}

void
shopper_filter_items(const ShopperItemFilter *filter, int64_t items, unsigned char *out)
{
	memset(out, filter->only_items != NULL, (size_t) items);
	for (int i = 0; i < filter->n_only && filter->only_items != NULL; i++)
		if (filter->only_items[i] >= 0 && filter->only_items[i] < items)
			out[filter->only_items[i]] = 0;
	for (int i = 0; i < filter->n_not; i++)
		if (filter->not_items[i] >= 0 && filter->not_items[i] < items)
			out[filter->not_items[i]] = 1;
}

/* ---- for a user ---- */

/* Scores of minus infinity and NaN are no candidates. */
static void
drop_impossible(Candidates *c)
{
	for (int64_t i = 0; i < c->n; i++)
		c->out[i] |= !(c->score[i] > -INFINITY);
}

static void
popular_scores(const ShopperEvents *e, Candidates *c)
{
	for (int64_t i = 0; i < c->n; i++)
		c->score[i] = e->popularity[i];
}

ShopperStatus
shopper_recommend(ShopperEnv *env, const ShopperModel *model, int64_t user, const ShopperItemFilter *filter,
				  ShopperRecommendation **rows, int64_t *n)
{
	const ShopperEvents *e;
	const ShopperRecommender *r;
	Candidates	c;
	bool		known;
	int64_t		pool = filter->n;

	SHOPPER_TRY(recommender_of(env, model, &e, &r));
	if (r->score_user == NULL)
	{
		cannot(env, model, "users");
		shopper_hint(env, "Give the user's items to recommend_for_basket().");
		return env->status;
	}
	SHOPPER_TRY(candidates_init(env, &c, e->item.n));
	known = user >= 0 && user < e->user.n;
	shopper_filter_items(filter, c.n, c.out);
	if (known && filter->exclude_seen)
		for (int64_t i = e->seen_start[user]; i < e->seen_start[user + 1]; i++)
			c.out[e->seen[i]] = 1;
	if (known && r->score_user_from != NULL)
	{
		SHOPPER_NEW0(env, c.from, c.n);
		SHOPPER_TRY(r->score_user_from(env, model, user, c.score, c.from));
	}
	else if (known)
		SHOPPER_TRY(r->score_user(env, model, user, c.score));
	else
		popular_scores(e, &c);
	drop_impossible(&c);
	if (filter->diversity > 0 && r->similarity != NULL && filter->n > 0)
		pool = filter->n > INT64_MAX / POOL ? INT64_MAX : filter->n * POOL > POOL_LEAST ? filter->n * POOL : POOL_LEAST;
	SHOPPER_TRY(best_rows(env, &c, pool, known ? SHOPPER_FROM_MODEL : SHOPPER_FROM_POPULARITY, rows, n));
	if (pool > filter->n || pool == INT64_MAX)
		SHOPPER_TRY(shopper_diversify(env, model, filter->diversity, filter->n, *rows, n));
	candidates_free(env, &c);
	return SHOPPER_OK;
}

/* ---- for a basket ---- */

bool
shopper_recommends_next(const ShopperModel *model)
{
	return model->learner->recommender != NULL && model->learner->recommender->ordered;
}

/* The items of a session as lines, in the order in which they came last; at, (codes) zeros. */
static int64_t
session_lines(const ShopperModel *model, const int32_t *items, const double *ratings, int n_items, int64_t codes, int32_t *at, ShopperLine *line)
{
	bool		adds_up;
	double		usual = model->learner->recommender->basket_value != NULL
		? model->learner->recommender->basket_value(model, &adds_up) : 1;
	int64_t		n = 0;

	for (int i = n_items - 1; i >= 0; i--)
		if (items[i] >= 0 && items[i] < codes && at[items[i]] == 0 && (ratings == NULL || fabs(ratings[i]) <= 1e30))
		{
			at[items[i]] = 1;
			line[n++] = (ShopperLine) {items[i], (float) (ratings != NULL ? ratings[i] : usual)};
		}
	for (int64_t i = 0; i < n / 2; i++)
	{
		ShopperLine swap = line[i];

		line[i] = line[n - 1 - i];
		line[n - 1 - i] = swap;
	}
	return n;
}

/*
 * The known items as lines. An item given twice: events add up, of ratings the last
 * one holds. at, (items) zeros: where an item's line is, plus 1.
 */
static int64_t
basket_lines(const ShopperModel *model, const ShopperEvents *e, const int32_t *items, const double *ratings, int n_items,
			 int32_t *at, ShopperLine *line)
{
	bool		adds_up = true;
	double		usual = model->learner->recommender->basket_value != NULL
		? model->learner->recommender->basket_value(model, &adds_up) : 1;
	int64_t		n = 0;

	for (int i = 0; i < n_items; i++)
	{
		double		value = ratings != NULL ? ratings[i] : usual;
		ShopperLine *to;

		if (items[i] < 0 || items[i] >= e->item.n || !(fabs(value) <= 1e30) || (adds_up && value < 0))
			continue;
		if (at[items[i]] == 0)
		{
			line[n] = (ShopperLine) {(int32_t) items[i], 0};
			at[items[i]] = (int32_t) ++n;
		}
		to = &line[at[items[i]] - 1];
		to->value = (float) (adds_up ? to->value + value : value);
	}
	return n;
}

ShopperStatus
shopper_recommend_for_basket(ShopperEnv *env, const ShopperModel *model, const int32_t *items, const double *ratings,
							 int n_items, const ShopperItemFilter *filter, ShopperRecommendation **rows, int64_t *n)
{
	const ShopperEvents *e;
	const ShopperRecommender *r;
	ShopperLine *line;
	int32_t    *at;
	Candidates	c;
	int64_t		codes,
				n_lines;

	SHOPPER_TRY(recommender_of(env, model, &e, &r));
	codes = e->item.n + (r->ordered ? filter->strangers : 0);
	SHOPPER_NEW0(env, at, codes);
	SHOPPER_NEW(env, line, n_items < codes ? n_items : codes);
	n_lines = r->ordered ? session_lines(model, items, ratings, n_items, codes, at, line)
		: basket_lines(model, e, items, ratings, n_items, at, line);
	shopper_release(env, at);
	if (n_lines == 0 && r->score_user == NULL)
	{
		*n = 0;
		SHOPPER_NEW(env, *rows, 0);
		return SHOPPER_OK;
	}
	if (n_lines == 0)
		return shopper_recommend(env, model, -1, filter, rows, n);
	SHOPPER_TRY(candidates_init(env, &c, codes));
	for (int64_t i = e->item.n; i < codes; i++)
		c.score[i] = -INFINITY;
	shopper_filter_items(filter, c.n, c.out);
	for (int64_t i = 0; i < n_lines && filter->exclude_seen; i++)
		c.out[line[i].code] = 1;
	if (r->score_basket_from != NULL)
	{
		SHOPPER_NEW0(env, c.from, c.n);
		SHOPPER_TRY(r->score_basket_from(env, model, line, n_lines, c.score, c.from));
	}
	else if (r->score_basket != NULL)
		SHOPPER_TRY(r->score_basket(env, model, line, n_lines, c.score));
	else
		popular_scores(e, &c);
	drop_impossible(&c);
	SHOPPER_TRY(best_rows(env, &c, filter->n, r->score_basket != NULL ? SHOPPER_FROM_BASKET : SHOPPER_FROM_POPULARITY, rows, n));
	candidates_free(env, &c);
	shopper_release(env, line);
	return SHOPPER_OK;
}

/* ---- single figures and neighbours ---- */

ShopperStatus
shopper_predict_rating(ShopperEnv *env, const ShopperModel *model, int64_t user, int64_t item, double *rating)
{
	const ShopperEvents *e;
	const ShopperRecommender *r;

	SHOPPER_TRY(recommender_of(env, model, &e, &r));
	if (r->rating == NULL)
		return cannot(env, model, "ratings");
	return r->rating(env, model, user < e->user.n ? user : -1, item < e->item.n ? item : -1, rating);
}

static ShopperStatus
similar(ShopperEnv *env, const ShopperModel *model, bool users, int64_t code, int64_t wanted, ShopperRecommendation **out, int64_t *n)
{
	const ShopperEvents *e;
	const ShopperRecommender *r;
	Candidates	c;
	int64_t		rows;

	SHOPPER_TRY(recommender_of(env, model, &e, &r));
	if (r->similar == NULL)
		return cannot(env, model, users ? "similar users" : "similar items");
	rows = users ? e->user.n : e->item.n;
	if (code < 0 || code >= rows)
	{
		*n = 0;
		SHOPPER_NEW(env, *out, 0);
		return SHOPPER_OK;
	}
	SHOPPER_TRY(candidates_init(env, &c, rows));
	SHOPPER_TRY(r->similar(env, model, users, code, c.score));
	c.score[code] = -INFINITY;
	drop_impossible(&c);
	SHOPPER_TRY(best_rows(env, &c, wanted, SHOPPER_FROM_MODEL, out, n));
	candidates_free(env, &c);
	return SHOPPER_OK;
}

ShopperStatus
shopper_similar_items(ShopperEnv *env, const ShopperModel *model, int64_t item, int64_t n,
					  ShopperRecommendation **rows, int64_t *n_rows)
{
	return similar(env, model, false, item, n, rows, n_rows);
}

ShopperStatus
shopper_similar_users(ShopperEnv *env, const ShopperModel *model, int64_t user, int64_t n,
					  ShopperRecommendation **rows, int64_t *n_rows)
{
	return similar(env, model, true, user, n, rows, n_rows);
}

ShopperStatus
shopper_explain_recommendation(ShopperEnv *env, const ShopperModel *model, int64_t user, int64_t item, int64_t n,
							   ShopperReason **rows, int64_t *n_rows)
{
	const ShopperEvents *e;
	const ShopperRecommender *r;
	ShopperRecommendation *best;
	Candidates	c;
	int64_t		first;
	double		sum = 0;

	SHOPPER_TRY(recommender_of(env, model, &e, &r));
	*n_rows = 0;
	*rows = NULL;
	if (r->explain == NULL || user < 0 || user >= e->user.n || item < 0 || item >= e->item.n)
		return SHOPPER_OK;
	first = e->seen_start[user];
	SHOPPER_TRY(candidates_init(env, &c, e->seen_start[user + 1] - first));
	SHOPPER_TRY(r->explain(env, model, user, item, c.score));
	for (int64_t i = 0; i < c.n; i++)
	{
		c.out[i] = c.score[i] == 0 || !isfinite(c.score[i]);
		sum += c.out[i] ? 0 : fabs(c.score[i]);
	}
	SHOPPER_TRY(best_rows(env, &c, n, SHOPPER_FROM_MODEL, &best, n_rows));
	SHOPPER_NEW(env, *rows, *n_rows);
	for (int64_t i = 0; i < *n_rows; i++)
		(*rows)[i] = (ShopperReason) {e->seen[first + best[i].code], best[i].score, sum > 0 ? best[i].score / sum : 0};
	shopper_release(env, best);
	candidates_free(env, &c);
	return SHOPPER_OK;
}

bool
shopper_has_factors(const ShopperModel *model)
{
	return model->learner->recommender != NULL && model->learner->recommender->factors != NULL;
}

const float *
shopper_user_factors(const ShopperModel *model, int64_t user, int *n, double *bias)
{
	return model->learner->recommender->factors(model, true, user, n, bias);
}

const float *
shopper_item_factors(const ShopperModel *model, int64_t item, int *n, double *bias)
{
	return model->learner->recommender->factors(model, false, item, n, bias);
}
