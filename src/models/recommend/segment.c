/*
 * segment.c: what to show a group of users.
 *
 * The score of an item is the mean over the members of their own scores, brought to 0 to 1 over the
 * items that the member does not have; an item that a member has counts 0 for him. Items that more than
 * a share of the members have are left out. reach: the share of the members for whom the item is
 * among their own best n.
 */
#include <math.h>
#include <string.h>

#include "best.h"
#include "recommender.h"

typedef struct Segment
{
	const ShopperEvents *e;
	int64_t		members;
	unsigned char *out;			/* (items) 1: not for anybody */
	double	   *sum;			/* (items) */
	int64_t    *listed;			/* (items) members with the item among their best n */
	int64_t    *owners;			/* (items) members who have it */
	ShopperBest best;
	double	   *score;			/* (items) of one member */
} Segment;

static ShopperStatus
start(ShopperEnv *env, const ShopperEvents *e, const ShopperItemFilter *filter, Segment *s)
{
	s->e = e;
	SHOPPER_NEW(env, s->out, e->item.n);
	shopper_filter_items(filter, e->item.n, s->out);
	SHOPPER_NEW0(env, s->sum, e->item.n);
	SHOPPER_NEW0(env, s->listed, e->item.n);
	SHOPPER_NEW0(env, s->owners, e->item.n);
	SHOPPER_NEW(env, s->score, e->item.n);
	s->best.n = filter->n > e->item.n ? e->item.n : filter->n;
	SHOPPER_NEW(env, s->best.entry, s->best.n);
	return SHOPPER_OK;
}

static ShopperStatus
add_member(ShopperEnv *env, const ShopperModel *model, int64_t user, Segment *s)
{
	double		low = INFINITY,
				high = -INFINITY;
	int64_t		n;

	SHOPPER_TRY(model->learner->recommender->score_user(env, model, user, s->score));
	for (int64_t i = s->e->seen_start[user]; i < s->e->seen_start[user + 1]; i++)
	{
		s->owners[s->e->seen[i]]++;
		s->score[s->e->seen[i]] = -INFINITY;
	}
	for (int64_t i = 0; i < s->e->item.n; i++)
		if (s->score[i] > -INFINITY)
		{
			low = fmin(low, s->score[i]);
			high = fmax(high, s->score[i]);
			if (!s->out[i])
				shopper_best_offer(&s->best, s->score[i], i);
		}
	for (int64_t i = 0; i < s->e->item.n; i++)
		if (s->score[i] > -INFINITY)
			s->sum[i] += high > low && isfinite(high - low) ? (s->score[i] - low) / (high - low) : 1;
	n = shopper_best_sort(&s->best);
	for (int64_t i = 0; i < n; i++)
		s->listed[s->best.entry[i].code]++;
	s->members++;
	return shopper_poll(env);
}

/* The known users, each once, by a flag. */
static ShopperStatus
members_of(ShopperEnv *env, const ShopperEvents *e, const int32_t *user, int64_t n, unsigned char **member)
{
	SHOPPER_NEW0(env, *member, e->user.n);
	if (user == NULL)
		memset(*member, 1, (size_t) e->user.n);
	for (int64_t i = 0; i < n && user != NULL; i++)
		if (user[i] >= 0 && user[i] < e->user.n)
			(*member)[user[i]] = 1;
	return SHOPPER_OK;
}

static ShopperStatus
popular_rows(ShopperEnv *env, const ShopperModel *model, const ShopperItemFilter *filter, ShopperSegmentRow **rows, int64_t *n)
{
	ShopperRecommendation *row;

	SHOPPER_TRY(shopper_recommend(env, model, -1, filter, &row, n));
	SHOPPER_NEW(env, *rows, *n);
	for (int64_t i = 0; i < *n; i++)
		(*rows)[i] = (ShopperSegmentRow) {row[i], NAN, NAN};
	return SHOPPER_OK;
}

ShopperStatus
shopper_recommend_for_segment(ShopperEnv *env, const ShopperModel *model, const int32_t *user, int64_t n_users, double max_seen,
							  const ShopperItemFilter *filter, ShopperSegmentRow **rows, int64_t *n)
{
	const ShopperEvents *e = model->state;
	ShopperRecommendation *row;
	unsigned char *member;
	Segment		s = {0};

	if (model->learner->recommender == NULL || model->learner->recommender->score_user == NULL || filter->n <= 0)
		return popular_rows(env, model, filter, rows, n);	/* says what is wrong */
	SHOPPER_TRY(members_of(env, e, user, n_users, &member));
	SHOPPER_TRY(start(env, e, filter, &s));
	for (int64_t u = 0; u < e->user.n && s.best.n > 0; u++)
		if (member[u])
			SHOPPER_TRY(add_member(env, model, u, &s));
	if (s.members == 0)
		return popular_rows(env, model, filter, rows, n);
	for (int64_t i = 0; i < e->item.n; i++)
		if (!s.out[i] && s.sum[i] > 0 && (double) s.owners[i] <= max_seen * (double) s.members)
			shopper_best_offer(&s.best, s.sum[i] / (double) s.members, i);
	SHOPPER_NEW(env, row, s.best.n);
	*n = shopper_best_rows(&s.best, SHOPPER_FROM_MODEL, row);
	SHOPPER_NEW(env, *rows, *n);
	for (int64_t i = 0; i < *n; i++)
		(*rows)[i] = (ShopperSegmentRow) {row[i], (double) s.listed[row[i].code] / (double) s.members,
			(double) s.owners[row[i].code] / (double) s.members};
	shopper_release(env, row);
	shopper_release(env, member);
	shopper_release(env, s.out);
	shopper_release(env, s.sum);
	shopper_release(env, s.listed);
	shopper_release(env, s.owners);
	shopper_release(env, s.score);
	shopper_release(env, s.best.entry);
	return SHOPPER_OK;
}
