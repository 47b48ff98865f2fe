/* recommend.c: answers from a factor model: top n, fold-in of a basket, neighbours. See recommend.h. */
#include "recommend.h"

#include <math.h>
#include <string.h>

#include "factors.h"

#define SCORES_PER_POLL 1000000

/* Scores of all items (or users) and which of them may come. */
typedef struct Candidates
{
	int64_t		n;
	double	   *score;
	unsigned char *out;			/* 1: not a candidate */
} Candidates;

const char *
shopper_source_name(ShopperSource source)
{
	return source == SHOPPER_FROM_MODEL ? "model" : source == SHOPPER_FROM_BASKET ? "basket" : "popular";
}

static ShopperStatus
factors_of(ShopperEnv *env, const ShopperModel *model, const ShopperFactors **f)
{
	*f = model->state;
	if (model->learner != &shopper_learner_svd)
		return shopper_fail(env, SHOPPER_WRONG_MODEL, "expected a svd model, got a %s model", model->learner->name);
	return SHOPPER_OK;
}

ShopperStatus
shopper_recommend_ids(ShopperEnv *env, const ShopperModel *model, const ShopperDictionary **users,
					  const ShopperDictionary **items)
{
	const ShopperFactors *f;

	SHOPPER_TRY(factors_of(env, model, &f));
	*users = &f->user;
	*items = &f->item;
	return SHOPPER_OK;
}

/* ---- the best n of all candidates ---- */

static inline bool
better(const Candidates *c, int64_t a, int64_t b)
{
	return c->score[a] > c->score[b] || (c->score[a] == c->score[b] && a < b);
}

/* Restore the heap (worst on top) below `at`. */
static void
sift_down(const Candidates *c, int64_t *heap, int64_t n, int64_t at)
{
	int64_t		moved = heap[at];

	for (int64_t child; (child = 2 * at + 1) < n; at = child)
	{
		if (child + 1 < n && better(c, heap[child], heap[child + 1]))
			child++;
		if (!better(c, moved, heap[child]))
			break;
		heap[at] = heap[child];
	}
	heap[at] = moved;
}

static ShopperStatus
best_rows(ShopperEnv *env, const Candidates *c, int64_t wanted, ShopperSource source, ShopperRecommendation **rows, int64_t *n)
{
	int64_t    *heap;
	int64_t		candidates = 0,
				kept = 0;

	for (int64_t i = 0; i < c->n; i++)
		candidates += !c->out[i];
	if (wanted > candidates)
		wanted = candidates;
	*n = wanted > 0 ? wanted : 0;
	SHOPPER_NEW(env, *rows, *n);
	SHOPPER_NEW(env, heap, *n);
	for (int64_t i = 0; i < c->n && *n > 0; i++)
	{
		if (i % SCORES_PER_POLL == 0)
			SHOPPER_TRY(shopper_poll(env));
		if (c->out[i])
			continue;
		if (kept < *n)
		{
			heap[kept++] = i;
			if (kept == *n)
				for (int64_t at = *n / 2 - 1; at >= 0; at--)
					sift_down(c, heap, *n, at);
		}
		else if (better(c, i, heap[0]))
		{
			heap[0] = i;
			sift_down(c, heap, *n, 0);
		}
	}
	for (int64_t left = *n; left > 0; left--)
	{
		int64_t		code = heap[0];

		(*rows)[left - 1] = (ShopperRecommendation) {code, c->score[code], left, source};
		heap[0] = heap[left - 1];
		sift_down(c, heap, left - 1, 0);
	}
	shopper_release(env, heap);
	return SHOPPER_OK;
}

static ShopperStatus
candidates_init(ShopperEnv *env, Candidates *c, int64_t n)
{
	c->n = n;
	SHOPPER_NEW0(env, c->score, n);
	SHOPPER_NEW0(env, c->out, n);
	return SHOPPER_OK;
}

/* only_items and not_items; what was seen is the caller's to know. */
static void
apply_filter(const ShopperItemFilter *filter, Candidates *c)
{
	if (filter->only_items != NULL)
	{
		memset(c->out, 1, (size_t) c->n);
		for (int i = 0; i < filter->n_only; i++)
			if (filter->only_items[i] >= 0 && filter->only_items[i] < c->n)
				c->out[filter->only_items[i]] = 0;
	}
	for (int i = 0; i < filter->n_not; i++)
		if (filter->not_items[i] >= 0 && filter->not_items[i] < c->n)
			c->out[filter->not_items[i]] = 1;
}

/* score = base + bias (may be NULL) + v . row */
static ShopperStatus
score_rows(ShopperEnv *env, const float *v, const float *rows, int stride, double base, const float *bias, Candidates *c)
{
	const ShopperFactorKernels *kernels = shopper_factor_kernels(-1);
	float		dot[256];

	for (int64_t from = 0; from < c->n; from += 256)
	{
		int64_t		m = c->n - from < 256 ? c->n - from : 256;

		if (from % 65536 == 0)
			SHOPPER_TRY(shopper_poll(env));
		kernels->dots(v, rows + from * stride, m, stride, dot);
		for (int64_t i = 0; i < m; i++)
			c->score[from + i] = base + (bias != NULL ? bias[from + i] : 0) + dot[i];
	}
	return SHOPPER_OK;
}

/* ---- for a user ---- */

static void
popular_scores(const ShopperFactors *f, Candidates *c)
{
	for (int64_t i = 0; i < c->n; i++)
		c->score[i] = f->popularity[i];
}

ShopperStatus
shopper_recommend(ShopperEnv *env, const ShopperModel *model, int64_t user, const ShopperItemFilter *filter,
				  ShopperRecommendation **rows, int64_t *n)
{
	const ShopperFactors *f;
	Candidates	c;
	bool		known;

	SHOPPER_TRY(factors_of(env, model, &f));
	SHOPPER_TRY(candidates_init(env, &c, f->item.n));
	known = user >= 0 && user < f->user.n;
	apply_filter(filter, &c);
	if (known && filter->exclude_seen)
		for (int64_t i = f->seen_start[user]; i < f->seen_start[user + 1]; i++)
			c.out[f->seen[i]] = 1;
	if (known)
		SHOPPER_TRY(score_rows(env, f->user_factor + user * f->stride, f->item_factor, f->stride,
							   f->mu + f->user_bias[user], f->item_bias, &c));
	else
		popular_scores(f, &c);
	SHOPPER_TRY(best_rows(env, &c, filter->n, known ? SHOPPER_FROM_MODEL : SHOPPER_FROM_POPULARITY, rows, n));
	shopper_release(env, c.score);
	shopper_release(env, c.out);
	return SHOPPER_OK;
}

/* ---- for a basket ---- */

/*
 * The known items as lines. An item given twice: events add up, of ratings the last
 * one holds. at, (items) zeros: where an item's line is, plus 1.
 */
static int64_t
basket_lines(const ShopperFactors *f, const int32_t *items, const double *ratings, int n_items, int32_t *at,
			 ShopperLine *line)
{
	int64_t		n = 0;

	for (int i = 0; i < n_items; i++)
	{
		double		value = ratings != NULL ? ratings[i] : f->implicit ? 1 : f->highest;
		ShopperLine *to;

		if (items[i] < 0 || items[i] >= f->item.n || !(fabs(value) <= 1e30) || (f->implicit && value < 0))
			continue;
		if (at[items[i]] == 0)
		{
			line[n] = (ShopperLine) {(int32_t) items[i], 0};
			at[items[i]] = (int32_t) ++n;
		}
		to = &line[at[items[i]] - 1];
		to->value = (float) (f->implicit ? to->value + value : value);
	}
	return n;
}

/* v . w over the factors, in one order everywhere */
static double
dot(const double *v, const double *w, int n)
{
	double		sum = 0;

	for (int j = 0; j < n; j++)
		sum += v[j] * w[j];
	return sum;
}

/*
 * Explicit: the user's factors p and bias b that minimize, with the items fixed,
 *     sum (r - mu - b_i - b - p.q_i)^2 + n (reg |p|^2 + bias_reg b^2),
 * the objective that the stochastic steps of n ratings descend. With M = Q'Q + n reg I
 * and s = sum q_i, block elimination gives z = M^-1 Q'r, y = M^-1 s,
 *     b = (sum r - s.z) / (n (1 + bias_reg) - s.y),  p = z - b y.
 */
static ShopperStatus
fold_in_ratings(ShopperEnv *env, const ShopperFactors *f, const ShopperLine *line, int64_t n, float *x, double *bias)
{
	const ShopperFactorKernels *kernels = shopper_factor_kernels(-1);
	int			k = f->factors,
				wide = shopper_gram_stride(k);
	double		rest_sum = 0;
	double	   *A,
			   *M,
			   *s,
			   *y,
			   *z;
	const double one = 1;

	SHOPPER_NEW0(env, A, k * wide);
	SHOPPER_NEW(env, M, k * wide);
	SHOPPER_NEW0(env, s, wide);
	SHOPPER_NEW(env, y, wide);
	SHOPPER_NEW0(env, z, wide);
	for (int64_t i = 0; i < n; i++)
	{
		double		rest = line[i].value - f->mu - f->item_bias[line[i].code];
		double		nothing = 0;

		if ((i & 255) == 0)
			SHOPPER_TRY(shopper_poll(env));
		kernels->rank_update(A, z, k, f->item_factor, f->stride, &line[i].code, NULL, &rest, 1);
		kernels->rank_update(A, s, k, f->item_factor, f->stride, &line[i].code, &nothing, &one, 1);
		rest_sum += rest;
	}
	for (int j = 0; j < k; j++)	/* the tiny part keeps it solvable when the penalty is 0 */
		A[j * (wide + 1)] += (double) n * f->regularization + 1e-6;
	memcpy(y, s, (size_t) wide * sizeof(double));
	memcpy(M, A, (size_t) (k * wide) * sizeof(double));
	if (!kernels->solve(M, z, k) || !kernels->solve(A, y, k))
		return shopper_fail(env, SHOPPER_BAD_DATA, "the basket's system of equations is singular");
	*bias = f->biased ? (rest_sum - dot(s, z, k)) / ((double) n * (1 + f->bias_regularization) + 1e-6 - dot(s, y, k)) : 0;
	for (int j = 0; j < k; j++)
		x[j] = (float) (z[j] - *bias * y[j]);
	shopper_release(env, A);
	shopper_release(env, M);
	shopper_release(env, s);
	shopper_release(env, y);
	shopper_release(env, z);
	return SHOPPER_OK;
}

static ShopperStatus
fold_in_events(ShopperEnv *env, const ShopperFactors *f, const ShopperLine *line, int64_t n, float *x)
{
	int			wide = shopper_gram_stride(f->factors);
	double	   *A,
			   *b;

	SHOPPER_NEW(env, A, f->factors * wide);
	SHOPPER_NEW(env, b, wide);
	if (!shopper_als_row(f, f->item_factor, f->gram, line, n, A, b, x))
		return shopper_fail(env, SHOPPER_BAD_DATA, "the basket's system of equations is singular");
	shopper_release(env, A);
	shopper_release(env, b);
	return SHOPPER_OK;
}

ShopperStatus
shopper_recommend_for_basket(ShopperEnv *env, const ShopperModel *model, const int32_t *items, const double *ratings,
							 int n_items, const ShopperItemFilter *filter, ShopperRecommendation **rows, int64_t *n)
{
	const ShopperFactors *f;
	ShopperLine *line;
	int32_t    *at;
	float	   *x;
	double		bias = 0;
	Candidates	c;
	int64_t		n_lines;

	SHOPPER_TRY(factors_of(env, model, &f));
	SHOPPER_NEW0(env, at, f->item.n);
	SHOPPER_NEW(env, line, n_items < f->item.n ? n_items : f->item.n);
	n_lines = basket_lines(f, items, ratings, n_items, at, line);
	shopper_release(env, at);
	if (n_lines == 0)
		return shopper_recommend(env, model, -1, filter, rows, n);
	SHOPPER_TRY(shopper_factor_rows(env, 1, f->stride, &x));
	if (f->implicit)
		SHOPPER_TRY(fold_in_events(env, f, line, n_lines, x));
	else
		SHOPPER_TRY(fold_in_ratings(env, f, line, n_lines, x, &bias));
	SHOPPER_TRY(candidates_init(env, &c, f->item.n));
	apply_filter(filter, &c);
	for (int64_t i = 0; i < n_lines && filter->exclude_seen; i++)
		c.out[line[i].code] = 1;
	SHOPPER_TRY(score_rows(env, x, f->item_factor, f->stride, f->mu + bias, f->item_bias, &c));
	SHOPPER_TRY(best_rows(env, &c, filter->n, SHOPPER_FROM_BASKET, rows, n));
	shopper_release(env, c.score);
	shopper_release(env, c.out);
	shopper_release(env, line);
	return SHOPPER_OK;
}

/* ---- single figures and neighbours ---- */

ShopperStatus
shopper_predict_rating(ShopperEnv *env, const ShopperModel *model, int64_t user, int64_t item, double *rating)
{
	const ShopperFactors *f;

	SHOPPER_TRY(factors_of(env, model, &f));
	if (user >= f->user.n)
		user = -1;
	if (item >= f->item.n)
		item = -1;
	*rating = shopper_factors_clip(f, shopper_factors_score(f, user, item));
	return SHOPPER_OK;
}

static ShopperStatus
similar(ShopperEnv *env, const float *rows, int stride, int64_t n_rows, int64_t code, int64_t wanted,
		ShopperRecommendation **out, int64_t *n)
{
	const ShopperFactorKernels *kernels = shopper_factor_kernels(-1);
	Candidates	c;
	const float *own = rows + code * stride;
	float		length,
				other;

	if (code < 0 || code >= n_rows)
	{
		*n = 0;
		SHOPPER_NEW(env, *out, 0);
		return SHOPPER_OK;
	}
	SHOPPER_TRY(candidates_init(env, &c, n_rows));
	SHOPPER_TRY(score_rows(env, own, rows, stride, 0, NULL, &c));
	kernels->dots(own, own, 1, stride, &length);
	for (int64_t i = 0; i < n_rows; i++)
	{
		if (i % SCORES_PER_POLL == 0)
			SHOPPER_TRY(shopper_poll(env));
		kernels->dots(rows + i * stride, rows + i * stride, 1, stride, &other);
		if (i == code || !(other > 0) || !(length > 0))	/* a row without factors is similar to nothing */
			c.out[i] = 1;
		else
			c.score[i] = fmax(-1, fmin(1, c.score[i] / (sqrt(length) * sqrt(other))));
	}
	SHOPPER_TRY(best_rows(env, &c, wanted, SHOPPER_FROM_MODEL, out, n));
	shopper_release(env, c.score);
	shopper_release(env, c.out);
	return SHOPPER_OK;
}

ShopperStatus
shopper_similar_items(ShopperEnv *env, const ShopperModel *model, int64_t item, int64_t n,
					  ShopperRecommendation **rows, int64_t *n_rows)
{
	const ShopperFactors *f;

	SHOPPER_TRY(factors_of(env, model, &f));
	return similar(env, f->item_factor, f->stride, f->item.n, item, n, rows, n_rows);
}

ShopperStatus
shopper_similar_users(ShopperEnv *env, const ShopperModel *model, int64_t user, int64_t n,
					  ShopperRecommendation **rows, int64_t *n_rows)
{
	const ShopperFactors *f;

	SHOPPER_TRY(factors_of(env, model, &f));
	return similar(env, f->user_factor, f->stride, f->user.n, user, n, rows, n_rows);
}

const float *
shopper_user_factors(const ShopperModel *model, int64_t user, int *n, double *bias)
{
	const ShopperFactors *f = model->state;

	*n = f->factors;
	if (bias != NULL)
		*bias = f->user_bias[user];
	return f->user_factor + user * f->stride;
}

const float *
shopper_item_factors(const ShopperModel *model, int64_t item, int *n, double *bias)
{
	const ShopperFactors *f = model->state;

	*n = f->factors;
	if (bias != NULL)
		*bias = f->item_bias[item];
	return f->item_factor + item * f->stride;
}
