/*
 * recommend.h: the questions that SQL asks a recommender.
 *
 * Users and items are codes of the model's dictionaries (shopper_recommend_ids());
 * -1 stands for an id that the model does not know. Items are those with a training
 * event. Scores of explicit models are predicted ratings, not clipped to the rating
 * range, so that ties at its end keep their order; scores of implicit models are
 * preferences, about 0 to 1. Ties go to the smaller code, which is the order of the
 * ids. A model of a learner that has no such answers is SHOPPER_WRONG_MODEL.
 */
#ifndef SHOPPER_RECOMMEND_H
#define SHOPPER_RECOMMEND_H

#include "../learner.h"

typedef enum ShopperSource
{
	SHOPPER_FROM_MODEL,			/* a known user */
	SHOPPER_FROM_BASKET,		/* folded in from given items */
	SHOPPER_FROM_POPULARITY,	/* nothing is known: most popular first */
	SHOPPER_FROM_PART			/* and above: the part of a model of several that gives most, numbered from here */
} ShopperSource;

typedef struct ShopperRecommendation
{
	int64_t		code;			/* item; user in shopper_similar_users() */
	double		score;
	int64_t		rank;			/* 1, 2, ... */
	ShopperSource source;
} ShopperRecommendation;

/* Which items may come, and how many. Filters apply before the cut; codes of -1 are ignored. */
typedef struct ShopperItemFilter
{
	int64_t		n;				/* at most so many rows; fewer only when there are no more candidates */
	const int32_t *only_items;	/* NULL: all; else only these, even when there are none */
	int			n_only;
	const int32_t *not_items;
	int			n_not;
	bool		exclude_seen;	/* leave out the user's items, or those of the basket */
	int			strangers;		/* codes from the number of items on stand for so many items that only the basket has; of ordered models */
	double		diversity;		/* 0 to 1: how much unlike the rows of shopper_recommend() shall be (diversity.c) */
} ShopperItemFilter;

/* model, basket, popular, or the learner of a part: the SQL column "source" */
extern const char *shopper_source_name(const ShopperModel *model, ShopperSource source);

/* Whether baskets are sessions, the latest item last, whose items may be recommended even if the model does not know them. */
extern bool shopper_recommends_next(const ShopperModel *model);

/* The dictionaries of a model. */
extern ShopperStatus shopper_recommend_ids(ShopperEnv *env, const ShopperModel *model, const ShopperDictionary **users,
										   const ShopperDictionary **items);

/* Items for a user; an unknown user (-1) gets popular ones. *rows from env, best first. */
extern ShopperStatus shopper_recommend(ShopperEnv *env, const ShopperModel *model, int64_t user,
									   const ShopperItemFilter *filter, ShopperRecommendation **rows, int64_t *n);

/* Which items the lists of a filter leave: out, (items), 1: not a candidate. */
extern void shopper_filter_items(const ShopperItemFilter *filter, int64_t items, unsigned char *out);

/* Items for many users, in blocks (recommend_all.c): the rows of shopper_recommend(), to the bit. */
typedef struct ShopperRecommendAll
{
	const ShopperModel *model;
	int64_t		n;				/* rows of a user at most */
	int64_t		block;			/* users of a block at most */
	bool		exclude_seen;
	unsigned char *out;			/* (items) */
	void	   *prepared;		/* the learner's */
	struct ShopperBest *best;	/* (block) */
	double	   *score;			/* (items), without a block function */
	unsigned char *from;		/* (items) of models with parts; else NULL */
	ShopperRecommendation *rows;	/* (block, n): of the block's user b from rows[b * n] on */
	int64_t    *n_rows;			/* (block) */
} ShopperRecommendAll;

extern ShopperStatus shopper_recommend_all_begin(ShopperEnv *env, const ShopperModel *model, const ShopperItemFilter *filter,
												 ShopperRecommendAll *all);
/* Fills rows and n_rows for at most all->block known users. */
extern ShopperStatus shopper_recommend_all_block(ShopperEnv *env, ShopperRecommendAll *all, const int32_t *user, int64_t n);

/* One item for a group of users; see segment.c. */
typedef struct ShopperSegmentRow
{
	ShopperRecommendation item; /* score: mean of the members' scores, each brought to 0 to 1 */
	double		reach;			/* share of the members whose own best n it is among; NAN when popular items are given */
	double		seen;			/* share of the members who have it */
} ShopperSegmentRow;

/*
 * Items for a group of users, best first; user NULL: all. Unknown users do not count; when none is known, popular
 * items. Items that more than a share max_seen of the members have are left out; exclude_seen is not looked at.
 */
extern ShopperStatus shopper_recommend_for_segment(ShopperEnv *env, const ShopperModel *model, const int32_t *user, int64_t n_users,
												   double max_seen, const ShopperItemFilter *filter, ShopperSegmentRow **rows, int64_t *n);

/*
 * Items for somebody who is known by a basket alone. ratings, (n_items), may be NULL:
 * then every item counts as one event, or in an explicit model as rated highest.
 * When no item is known, popular ones. Of ordered models the last item is the latest,
 * and rows may be strangers (ShopperItemFilter).
 */
extern ShopperStatus shopper_recommend_for_basket(ShopperEnv *env, const ShopperModel *model, const int32_t *items,
												  const double *ratings, int n_items, const ShopperItemFilter *filter,
												  ShopperRecommendation **rows, int64_t *n);

/*
 * Explicit: the rating, within the range of the training ratings; an unknown user or item leaves its
 * parts out (the mean when both are unknown). Implicit: the preference, 0 when either is unknown.
 */
extern ShopperStatus shopper_predict_rating(ShopperEnv *env, const ShopperModel *model, int64_t user, int64_t item,
											double *rating);

/* The n others with the most similar factors: cosine, in [-1, 1]. No rows for an unknown code. */
extern ShopperStatus shopper_similar_items(ShopperEnv *env, const ShopperModel *model, int64_t item, int64_t n,
										   ShopperRecommendation **rows, int64_t *n_rows);
extern ShopperStatus shopper_similar_users(ShopperEnv *env, const ShopperModel *model, int64_t user, int64_t n,
										   ShopperRecommendation **rows, int64_t *n_rows);

/* Why an item is recommended: what one of the user's items gives to its score. */
typedef struct ShopperReason
{
	int64_t		code;
	double		contribution;	/* their sum is the score; of ratings, what the score differs from the means */
	double		share;			/* of the sum of the sizes of all contributions, signed; 0 when that is 0 */
} ShopperReason;

/* The n items with the greatest contributions, greatest first. No rows for an unknown user or item, or when no item gives anything. */
extern ShopperStatus shopper_explain_recommendation(ShopperEnv *env, const ShopperModel *model, int64_t user, int64_t item,
													int64_t n, ShopperReason **rows, int64_t *n_rows);

/* An item of a factor. */
typedef struct ShopperFactorItem
{
	int			factor;			/* from 0 */
	int64_t		code;
	int64_t		rank;			/* 1, 2, ... by the size of the weight */
	double		weight;
	double		share;			/* of the sizes of all items' weights in the factor, signed */
} ShopperFactorItem;

/* The n items that weigh most in a factor (from 0; -1: in each factor). Items that weigh nothing are left out. */
extern ShopperStatus shopper_factor_profile(ShopperEnv *env, const ShopperModel *model, int factor, int64_t n, ShopperFactorItem **rows,
											int64_t *n_rows);

/* Whether the model has factors. */
extern bool shopper_has_factors(const ShopperModel *model);
/* The factors and the bias (0 in implicit models) of a row: *factors points into the model, *n of them; bias may be NULL. */
extern const float *shopper_user_factors(const ShopperModel *model, int64_t user, int *n, double *bias);
extern const float *shopper_item_factors(const ShopperModel *model, int64_t item, int *n, double *bias);

#endif
