/*
 * neighbours.h: for each item (or user) the most similar others, with their weights:
 * what item_knn and user_knn are made of.
 */
#ifndef SHOPPER_NEIGHBOURS_H
#define SHOPPER_NEIGHBOURS_H

#include "recommender.h"

typedef enum ShopperSimilarity
{
	SHOPPER_COSINE,
	SHOPPER_ADJUSTED_COSINE,	/* of what is left of ratings without the biases, over the common rows */
	SHOPPER_JACCARD				/* common rows over all rows of both */
} ShopperSimilarity;

typedef enum ShopperWeighting
{
	SHOPPER_WEIGHT_NONE,
	SHOPPER_WEIGHT_BINARY,		/* every event counts 1 */
	SHOPPER_WEIGHT_TFIDF,		/* sqrt(w) ln(1 + users / users of the item), as with words in documents */
	SHOPPER_WEIGHT_BM25			/* Robertson and Zaragoza 2009, k1 = 100, b = 0.8 */
} ShopperWeighting;

typedef struct ShopperNeighbourOptions
{
	ShopperSimilarity similarity;
	double		shrinkage;		/* similarity is multiplied by n / (n + shrinkage), n common rows */
	int64_t		min_common;		/* fewer common rows: no neighbours */
	int64_t		k;				/* kept of each; 0: all */
} ShopperNeighbourOptions;

typedef struct ShopperNeighbours
{
	int64_t		n;				/* rows */
	int64_t    *start;			/* (n + 1) */
	int32_t    *code;			/* by falling similarity, equal ones by code */
	double	   *weight;
} ShopperNeighbours;

/*
 * Neighbours of the columns of `lines` (by row), given also by column. Sums run over the rows in
 * their order, so results do not depend on threads. Memory: 12 bytes a kept neighbour, 4 a line, and for
 * each of 8 shards up to 32 bytes a column.
 */
extern ShopperStatus shopper_neighbours_find(ShopperEnv *env, const ShopperLines *by_row, const ShopperLines *by_column,
											 const ShopperNeighbourOptions *options, ShopperNeighbours *out);
/* The same lists by the other end: who has it as a neighbour. Codes rise. */
extern ShopperStatus shopper_neighbours_transpose(ShopperEnv *env, const ShopperNeighbours *lists, ShopperNeighbours *out);

/* The same lists of n rows, of which row i was old[i], or is new and has no neighbours (-1). Order stays: codes rise with the old ones. */
extern ShopperStatus shopper_neighbours_renumber(ShopperEnv *env, const ShopperNeighbours *lists, const int64_t *old, int64_t n, ShopperNeighbours *out);

extern void shopper_neighbours_encode(const ShopperNeighbours *lists, ShopperWriter *w);
extern ShopperStatus shopper_neighbours_decode(ShopperEnv *env, ShopperReader *r, int64_t n, ShopperNeighbours *lists);

/* Weigh the values of lines (by user) in place. */
extern ShopperStatus shopper_weigh_lines(ShopperEnv *env, ShopperLines *lines, int64_t items, ShopperWeighting weighting);

/*
 * Means of ratings: mu + user bias + item bias, by 20 sweeps of
 * b_i = sum(r - mu - b_u) / (damping + n_i), b_u = sum(r - mu - b_i) / (damping + n_u).
 */
typedef struct ShopperBiases
{
	double		mu;
	double		lowest;
	double		highest;
	float	   *user;
	float	   *item;
} ShopperBiases;

extern ShopperStatus shopper_biases_fit(ShopperEnv *env, const ShopperLines *lines, int64_t items, double damping, ShopperBiases *b);

#endif
