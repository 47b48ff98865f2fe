/*
 * recommender.h: what a learner of (user, item) events gives to the questions of
 * recommend.h, and what every such model remembers of its events.
 */
#ifndef SHOPPER_RECOMMENDER_H
#define SHOPPER_RECOMMENDER_H

#include "../learner.h"

#define SHOPPER_AHEAD 8			/* zeroed lines that follow the last one, so that kernels may look ahead */

/* One event: the code on the other side, and the rating or weight. */
typedef struct ShopperLine
{
	int32_t		code;
	float		value;
} ShopperLine;

/*
 * Events by row: start[r] .. start[r + 1] are the lines of row r, codes rising.
 * SHOPPER_AHEAD zeroed lines follow the last one.
 */
typedef struct ShopperLines
{
	int64_t		rows;
	int64_t    *start;
	ShopperLine *line;
} ShopperLines;

/* The first member of every recommender's state. */
typedef struct ShopperEvents
{
	ShopperDictionary user;		/* in value order; borrowed from the pairs while training */
	ShopperDictionary item;		/* its counts: lines of the item */
	float	   *popularity;		/* (items) weight sum, or the damped mean of the ratings */
	int64_t    *seen_start;		/* (users + 1) */
	int32_t    *seen;			/* item codes of a user, rising */
	float	   *value;			/* (lines) rating or weight; NULL: not kept, or of factor models all 1 */
} ShopperEvents;

struct ShopperBest;
struct ShopperFoldIn;
struct ShopperRecommendation;

/* Many users at once: who, what may come, and where the best of each are collected. */
typedef struct ShopperUserBlock
{
	const int32_t *user;		/* (n) codes */
	int64_t		n;
	const unsigned char *out;	/* (items) 1: not for anybody */
	bool		exclude_seen;
	struct ShopperBest *best;	/* (n), empty at first */
} ShopperUserBlock;

/* Members that a learner cannot answer are NULL. Codes are valid; score has a place for every item (or user). */
typedef struct ShopperRecommender
{
	/*
	 * Baskets are sessions: score_basket gets their lines by when the item came last, the latest last; and also
	 * those of items that the model does not know, as codes from the number of items on (see ShopperItemFilter).
	 * Then score has a place for them too, -INFINITY at first.
	 */
	bool		ordered;
	/* The score of every item for a known user; -INFINITY: not a candidate. NULL: the model has no users. */
	ShopperStatus (*score_user) (ShopperEnv *env, const ShopperModel *model, int64_t user, double *score);
	/*
	 * The best items of a block of users, the same scores as of score_user; NULL: score_user is asked.
	 * What block_begin prepares for blocks of at most n users stays valid for all blocks of one call.
	 */
	ShopperStatus (*block_begin) (ShopperEnv *env, const ShopperModel *model, int64_t n, void **prepared);
	ShopperStatus (*block) (ShopperEnv *env, const ShopperModel *model, void *prepared, const ShopperUserBlock *block);
	/* For somebody who is known by these lines alone (each item once, at least one). NULL: popular items are given. */
	ShopperStatus (*score_basket) (ShopperEnv *env, const ShopperModel *model, const ShopperLine *line, int64_t n, double *score);
	/* The same with the number of the part of the model that gives most, for each place of score; NULL: there are no parts. */
	ShopperStatus (*score_user_from) (ShopperEnv *env, const ShopperModel *model, int64_t user, double *score, unsigned char *from);
	ShopperStatus (*score_basket_from) (ShopperEnv *env, const ShopperModel *model, const ShopperLine *line, int64_t n, double *score,
										unsigned char *from);
	const char *(*part_name) (const ShopperModel *model, int part);
	/* What an item of a basket counts when no rating is given, and whether an item given twice adds up. */
	double		(*basket_value) (const ShopperModel *model, bool *adds_up);
	/* How similar every item (or user) is to one; -INFINITY: not at all a candidate. */
	ShopperStatus (*similar) (ShopperEnv *env, const ShopperModel *model, bool users, int64_t code, double *score);
	/* How similar n other items are to one, 0 where nothing is known; NULL: nothing is. */
	ShopperStatus (*similarity) (ShopperEnv *env, const ShopperModel *model, int64_t item, const int64_t *other, int64_t n, double *out);
	/* The rating, or the preference; codes of -1 are unknown. */
	ShopperStatus (*rating) (ShopperEnv *env, const ShopperModel *model, int64_t user, int64_t item, double *rating);
	/* What each of the user's lines gives to the score of an item; NULL: nothing does. */
	ShopperStatus (*explain) (ShopperEnv *env, const ShopperModel *model, int64_t user, int64_t item, double *contribution);
	/* Make model->state of `old` and what its lines and new ones are together; NULL: cannot. */
	ShopperStatus (*fold_in) (ShopperEnv *env, const ShopperModel *old, const struct ShopperFoldIn *in, ShopperModel *model);
	/* The vector of a row, into the model, and its bias. */
	const float *(*factors) (const ShopperModel *model, bool users, int64_t code, int *n, double *bias);
} ShopperRecommender;

/* The line of a user with an item, or -1. */
static inline int64_t
shopper_seen_line(const ShopperEvents *e, int64_t user, int64_t item)
{
	int64_t		low = e->seen_start[user],
				high = e->seen_start[user + 1];

	while (low < high)
	{
		int64_t		middle = (low + high) / 2;

		if (e->seen[middle] < item)
			low = middle + 1;
		else
			high = middle;
	}
	return low < e->seen_start[user + 1] && e->seen[low] == item ? low : -1;
}

/* ---- factors.c ---- */

/* The code in d of what has a code in `from`, or -1. */
extern int64_t shopper_find_same(const ShopperDictionary *d, const ShopperDictionary *from, int64_t code);

/* ---- diversity.c ---- */

/* Keep n of the *n_rows best rows, so that they are not too alike; see ShopperItemFilter. */
extern ShopperStatus shopper_diversify(ShopperEnv *env, const ShopperModel *model, double diversity, int64_t n,
									   struct ShopperRecommendation *rows, int64_t *n_rows);

/* ---- ratings.c ---- */

/* One line a (user, item): the latest rating when there are times, else the mean; implicit: the sum of the weights. */
extern ShopperStatus shopper_lines_from_pairs(ShopperEnv *env, const ShopperPairs *pairs, const int64_t *start,
											  bool implicit, ShopperLines *lines);
/* The same events by the other side. */
extern ShopperStatus shopper_lines_transpose(ShopperEnv *env, const ShopperLines *lines, int64_t rows, ShopperLines *out);
/* Move the lines whose flag is set into a list of their own; both keep their order. */
extern ShopperStatus shopper_lines_split(ShopperEnv *env, ShopperLines *lines, const unsigned char *flag, ShopperLines *out);

/* ---- events.c ---- */

/* The lines of finished pairs. */
extern ShopperStatus shopper_lines_by_user(ShopperEnv *env, const ShopperPairs *pairs, bool implicit, ShopperLines *lines);

/* Whether lines are events: the option implicit, else when there are no ratings; of learners without the option always. */
extern bool shopper_is_implicit(const ShopperModel *model, const ShopperPairs *pairs);
/*
 * From finished pairs: whether they are events (the option implicit, else no ratings), one line a user and
 * item by user, the dictionaries, what was seen. Uses up the pairs.
 */
extern ShopperStatus shopper_events_start(ShopperEnv *env, ShopperModel *model, ShopperPairs *pairs, bool keep_values,
										  ShopperEvents *e, ShopperLines *lines, bool *implicit);

/*
 * Fill everything from the lines (by user): what was seen, counts, popularity (implicit: sums of
 * weights). keep_values: also the values. The dictionaries are set already.
 */
extern ShopperStatus shopper_events_from_lines(ShopperEnv *env, ShopperEvents *e, const ShopperLines *lines,
											   bool implicit, bool keep_values);
/* Forget the values when all of them are 1. */
extern void shopper_events_drop_ones(ShopperEnv *env, ShopperEvents *e);
extern void shopper_events_encode(const ShopperEvents *e, ShopperWriter *w);
/* Checks everything it reads; e is zeroed before. */
extern ShopperStatus shopper_events_decode(ShopperEvents *e, ShopperReader *r);

#endif
