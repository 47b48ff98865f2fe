/*
 * factors.h: the inside of the svd learner, shared by its files only.
 *
 * svd.c is the learner svd: sgd.c fits its explicit form, als.c the implicit one, gradient.c
 * and truncated.c what its option method names; als_ratings.c is the learner als, nmf.c the
 * learner nmf. kernels.c holds the inner loops, factor_scores.c answers questions.
 */
#ifndef SHOPPER_FACTORS_H
#define SHOPPER_FACTORS_H

#include "../../core/simd.h"
#include "recommender.h"

#define SHOPPER_LANES 16			/* floats a factor row is padded to: one fixed logical vector */
#define SHOPPER_MAX_FACTORS 256
#define SHOPPER_BIAS_DAMPING 10	/* of the means that answer where user or item is unknown */
#define SHOPPER_MAX_BLOCKS (SHOPPER_MAX_FACTORS / SHOPPER_LANES)

/* What a row of a user is, given the items' factors: how users are folded in. */
typedef enum ShopperFactorForm
{
	SHOPPER_LEAST_SQUARES,		/* with a penalty, of the user's lines */
	SHOPPER_PROJECTED,			/* the sum of its items' rows, times their weights */
	SHOPPER_NONNEGATIVE			/* least squares without negative factors */
} ShopperFactorForm;

/* What the learner stores. Rows of factors are `stride` floats long, padded with zeros, 64-byte aligned. */
typedef struct ShopperFactors
{
	ShopperEvents events;
	bool		implicit;
	bool		biased;			/* explicit with mean and biases */
	bool		raw;			/* explicit, factors alone give a rating; mean and biases serve where user or item is unknown */
	ShopperFactorForm form;
	int			factors;
	int			stride;			/* factors rounded up to SHOPPER_LANES */
	double		mu;				/* mean rating; 0 when implicit or not biased */
	double		lowest;			/* range of the ratings */
	double		highest;
	double		regularization;	/* what fold-in needs of the options */
	double		bias_regularization;
	double		alpha;
	double		lambda;
	float	   *user_bias;		/* (users), zeros when implicit or not biased */
	float	   *item_bias;		/* (items) */
	float	   *user_factor;	/* (users, stride) */
	float	   *item_factor;	/* (items, stride) */
	double	   *singular;		/* (factors) singular values, falling; projected only */
	double	   *gram;			/* (factors, gram stride) of item_factor, upper half; implicit only, not stored */
	int64_t		epochs;			/* run, and of these the one that was kept */
	int64_t		best_epoch;
	double		loss;			/* objective (implicit), rmse in training (explicit) */
} ShopperFactors;

typedef struct ShopperSgdOptions
{
	int64_t		epochs;
	double		learning_rate;
	double		decay;			/* the rate is multiplied by it after each epoch */
	double		regularization;
	double		bias_regularization;
	bool		biased;
	bool		shuffle;
	double		validation;		/* share of the lines held out; 0: none */
	int64_t		patience;
} ShopperSgdOptions;

/* ---- factors.c ---- */

/* Zeroed rows on a 64-byte border, as the vector loads want them. */
extern ShopperStatus shopper_factor_rows(ShopperEnv *env, int64_t rows, int stride, float **out);
/* n zeroed vectors of eight doubles, on their border. */
extern ShopperStatus shopper_factor_lanes(ShopperEnv *env, int64_t n, ShopperDouble8 **out);
/* All arrays for the dictionaries and number of factors that f already has; those of the events excepted. */
extern ShopperStatus shopper_factors_alloc(ShopperEnv *env, ShopperFactors *f);
/*
 * Starting factors: near normal, mean 0, deviation sd, a function of seed and id;
 * biases 0. Ids that `previous` (may be NULL) knows keep what it has.
 */
extern void shopper_factors_start(ShopperFactors *f, const ShopperFactors *previous, uint64_t seed, double sd);
/* mu + biases + factors, not clipped; a code of -1 leaves its part out. */
extern double shopper_factors_score(const ShopperFactors *f, int64_t user, int64_t item);
/* Into the range of the ratings. */
extern double shopper_factors_clip(const ShopperFactors *f, double rating);
/* What the learners of factors have in common (svd.c). */
extern void shopper_factor_encode(const ShopperModel *model, ShopperWriter *w);
extern ShopperStatus shopper_factor_decode(ShopperModel *model, ShopperReader *r);
extern void shopper_factor_describe(const ShopperModel *model, void (*add) (void *ctx, const char *key, double value), void *ctx);
extern void shopper_factor_describe_lists(const ShopperModel *model, void (*add) (void *ctx, const char *key, const double *value, int64_t n), void *ctx);
extern double shopper_auto_lambda(const ShopperFactors *f, const ShopperLines *lines);
/* Members of ShopperRecommender (factor_blocks.c). */
extern ShopperStatus shopper_factor_block_begin(ShopperEnv *env, const ShopperModel *model, int64_t n, void **prepared);
extern ShopperStatus shopper_factor_block(ShopperEnv *env, const ShopperModel *model, void *prepared, const ShopperUserBlock *users);
/* The row of a user who is known by these lines, x (stride), and the bias (factor_scores.c). */
extern ShopperStatus shopper_fold_in(ShopperEnv *env, const ShopperFactors *f, const ShopperLine *line, int64_t n, float *x, double *bias);
/* The member fold_in (factor_fold_in.c). */
extern ShopperStatus shopper_factor_fold_in(ShopperEnv *env, const ShopperModel *old, const struct ShopperFoldIn *in, ShopperModel *model);
/* The answers of every factor model (factor_scores.c). */
extern const ShopperRecommender shopper_factor_recommender;
extern void shopper_factors_encode(const ShopperFactors *f, ShopperWriter *w);
/* Checks everything it reads; f is zeroed before. */
extern ShopperStatus shopper_factors_decode(ShopperFactors *f, ShopperReader *r);

/* ---- sgd.c ---- */

/* Fit biases and factors that hold their starting values; adds history and metrics. Uses up the lines. */
extern ShopperStatus shopper_sgd_fit(ShopperEnv *env, ShopperModel *model, ShopperFactors *f, ShopperLines *lines,
									 const ShopperSgdOptions *options);

/* ---- gradient.c ---- */

/* Fit biases and factors that hold their starting values by gradient descent; adds history and metrics. */
extern ShopperStatus shopper_gradient_fit(ShopperEnv *env, ShopperModel *model, ShopperFactors *f, const ShopperLines *lines, int64_t epochs,
										  double rate, double lambda);

/* ---- truncated.c ---- */

/* Singular values and factors of the matrix of all lines; `previous` (may be NULL) only saves rounds. */
extern ShopperStatus shopper_truncated_fit(ShopperEnv *env, ShopperModel *model, ShopperFactors *f, const ShopperLines *lines,
										   const ShopperFactors *previous);
/* x (stride) = sum of value times the item's row. */
extern ShopperStatus shopper_project(ShopperEnv *env, const ShopperFactors *f, const ShopperLine *line, int64_t n, float *x);

/* ---- nmf_ratings.c ---- */

/*
 * A user's row without negative factors. gram: of all items, for events; NULL: ratings. A: (factors, gram stride)
 * becomes the system of the row without bounds, both halves; b: (gram stride) is scratch.
 */
extern void shopper_nmf_row(const ShopperFactors *f, const double *gram, const ShopperLine *line, int64_t n, double *A, double *b, float *out);

/* ---- als.c ---- */

/* Fit factors that hold their starting values; adds history and metrics. cg_steps 0: every row exactly. */
extern ShopperStatus shopper_als_fit(ShopperEnv *env, ShopperModel *model, ShopperFactors *f, const ShopperLines *lines,
									 int64_t epochs, int cg_steps);
/* gram = F'F over the rows of F, upper half; gram is (factors, shopper_gram_stride). */
extern ShopperStatus shopper_gram(ShopperEnv *env, const float *F, int64_t rows, int factors, int stride, double *gram);
/*
 * One row's exact half-step given the other side F and its Gram matrix (Hu, Koren and Volinsky 2008, eq. 4):
 *     x = (F'F + alpha sum w f f' + lambda I)^-1 sum (1 + alpha w) f
 * A: (factors, gram stride) and b: (gram stride) are scratch. False: not positive definite.
 */
extern bool shopper_als_row(const ShopperFactors *f, const float *F, const double *gram, const ShopperLine *line, int64_t n,
							double *A, double *b, float *x);

/* Its system A x = b, upper half. */
extern void shopper_als_system(const ShopperFactors *f, const float *F, const double *gram, const ShopperLine *line, int64_t n,
							   double *A, double *b);

static inline int
shopper_gram_stride(int factors)
{
	return (factors + 7) & ~7;
}

/* ---- kernels.c ---- */

/* A run of lines of one user that is visited in one go. */
typedef struct ShopperVisit
{
	int64_t		user;
	int64_t		from;
	int64_t		to;
} ShopperVisit;

typedef struct ShopperSgd
{
	const ShopperVisit *visit;
	const uint32_t *order;		/* visits are made in this order */
	int64_t		visits;
	const ShopperLine *line;	/* value: rating - mu; SHOPPER_AHEAD lines behind the end are readable */
	float	   *user_bias;
	float	   *item_bias;
	float	   *user_factor;
	float	   *item_factor;
	int			stride;
	bool		biased;
	float		rate;
	float		shrink;			/* 1 - rate * regularization, of factors and of biases */
	float		bias_shrink;
} ShopperSgd;

/* The systems of one side: M = F'F + lambda I. */
typedef struct ShopperCg
{
	const float *M;				/* (factors, stride), all of it */
	const float *F;				/* the other side */
	int			factors;
	int			stride;
	float		alpha;
	int			steps;
} ShopperCg;

/*
 * The same results from every set: 16 logical lanes, explicit fma, fixed order of
 * every sum. Pointers to rows are aligned to 64 bytes.
 */
typedef struct ShopperFactorKernels
{
	const char *name;
	/* Stochastic steps over visits order[from .. to); returns the sum of squared errors met before each step. */
	double		(*sgd) (const ShopperSgd *sgd, int64_t from, int64_t to);
	/* out[i] = v . row i */
	void		(*dots) (const float *v, const float *rows, int64_t n, int stride, float *out);
	/*
	 * A += sum of weight[i] F[row[i]] F[row[i]]', the upper half by blocks of 8 columns, and
	 * b += sum of target[i] F[row[i]]. row NULL: rows 0, 1, ...; weight NULL: all 1; b NULL: left out.
	 */
	void		(*rank_update) (double *A, double *b, int factors, const float *F, int stride, const int32_t *row,
								const double *weight, const double *target, int64_t n);
	/*
	 * A = sum of F[code] F[code]' over the lines, whole blocks of 16 x 16 on and above the diagonal, and b = sum of
	 * value F[code], in single precision: for few lines. A: (stride, stride); SHOPPER_AHEAD lines behind the end are readable.
	 */
	void		(*line_sums) (float *A, float *b, const float *F, int stride, const ShopperLine *line, int64_t n);
	/* Solve A x = b for symmetric A (upper half, destroyed), x over b; false: not positive definite */
	bool		(*solve) (double *A, double *b, int factors);
	/* Conjugate gradient steps from x towards the row's solution; SHOPPER_AHEAD lines behind the end are readable */
	void		(*cg) (const ShopperCg *cg, const ShopperLine *line, int64_t n, float *x);
} ShopperFactorKernels;

/* level 0 plain C, 1 AVX2, 2 AVX-512, at most what the processor has; -1: the best. */
extern const ShopperFactorKernels *shopper_factor_kernels(int level);

#endif
