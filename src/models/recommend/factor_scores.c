/*
 * factor_scores.c: the answers of factor models: scores, folding a basket in,
 * neighbours by the cosine of their factors.
 */
#include <math.h>
#include <string.h>

#include "factors.h"

#define SCORES_PER_POLL 1000000

/* score = base + bias (may be NULL) + v . row */
static ShopperStatus
score_rows(ShopperEnv *env, const float *v, const float *rows, int64_t n, int stride, double base, const float *bias, double *score)
{
	const ShopperFactorKernels *kernels = shopper_factor_kernels(-1);
	float		dot[256];

	for (int64_t from = 0; from < n; from += 256)
	{
		int64_t		m = n - from < 256 ? n - from : 256;

		if (from % 65536 == 0)
			SHOPPER_TRY(shopper_poll(env));
		kernels->dots(v, rows + from * stride, m, stride, dot);
		for (int64_t i = 0; i < m; i++)
			score[from + i] = base + (bias != NULL ? bias[from + i] : 0) + dot[i];
	}
	return SHOPPER_OK;
}

static ShopperStatus
score_user(ShopperEnv *env, const ShopperModel *model, int64_t user, double *score)
{
	const ShopperFactors *f = model->state;

	return score_rows(env, f->user_factor + user * f->stride, f->item_factor, f->events.item.n, f->stride,
					  f->raw ? 0 : f->mu + f->user_bias[user], f->raw ? NULL : f->item_bias, score);
}

/* ---- folding in ---- */

/* v . w over the factors, in one order everywhere */
static double
dot(const double *v, const double *w, int n)
{
	double		sum = 0;

	for (int j = 0; j < n; j++)
		sum += v[j] * w[j];
	return sum;
}

/* For fold_in_ratings(): M (upper half), Q'r in z, and s; the sum of the rests r - mu - b_i. All zero at first. */
static ShopperStatus
rating_system(ShopperEnv *env, const ShopperFactors *f, const ShopperLine *line, int64_t n, double *M, double *z, double *s, double *rest_sum)
{
	const ShopperFactorKernels *kernels = shopper_factor_kernels(-1);
	const double one = 1,
				nothing = 0;

	for (int64_t i = 0; i < n; i++)
	{
		double		rest = line[i].value - (f->raw ? 0 : f->mu + f->item_bias[line[i].code]);

		if ((i & 255) == 0)
			SHOPPER_TRY(shopper_poll(env));
		kernels->rank_update(M, z, f->factors, f->item_factor, f->stride, &line[i].code, NULL, &rest, 1);
		kernels->rank_update(M, s, f->factors, f->item_factor, f->stride, &line[i].code, &nothing, &one, 1);
		*rest_sum += rest;
	}
	for (int j = 0; j < f->factors; j++)	/* the tiny part keeps it solvable when the penalty is 0 */
		M[j * (shopper_gram_stride(f->factors) + 1)] += (double) n * f->regularization + 1e-6;
	return SHOPPER_OK;
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

	SHOPPER_NEW0(env, A, k * wide);
	SHOPPER_NEW(env, M, k * wide);
	SHOPPER_NEW0(env, s, wide);
	SHOPPER_NEW(env, y, wide);
	SHOPPER_NEW0(env, z, wide);
	SHOPPER_TRY(rating_system(env, f, line, n, A, z, s, &rest_sum));
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

static ShopperStatus
fold_in_nonnegative(ShopperEnv *env, const ShopperFactors *f, const ShopperLine *line, int64_t n, float *x)
{
	int			wide = shopper_gram_stride(f->factors);
	double	   *A,
			   *b;

	SHOPPER_NEW(env, A, f->factors * wide);
	SHOPPER_NEW(env, b, wide);
	shopper_nmf_row(f, f->implicit ? f->gram : NULL, line, n, A, b, x);
	shopper_release(env, A);
	shopper_release(env, b);
	return SHOPPER_OK;
}

/* The row of a user who is known by these lines, x (stride), and the bias. */
ShopperStatus
shopper_fold_in(ShopperEnv *env, const ShopperFactors *f, const ShopperLine *line, int64_t n, float *x, double *bias)
{
	*bias = 0;
	if (f->form == SHOPPER_PROJECTED)
		return shopper_project(env, f, line, n, x);
	if (f->form == SHOPPER_NONNEGATIVE)
		return fold_in_nonnegative(env, f, line, n, x);
	if (f->implicit)
		return fold_in_events(env, f, line, n, x);
	return fold_in_ratings(env, f, line, n, x, bias);
}

static ShopperStatus
score_basket(ShopperEnv *env, const ShopperModel *model, const ShopperLine *line, int64_t n, double *score)
{
	const ShopperFactors *f = model->state;
	double		bias = 0;
	float	   *x;

	SHOPPER_TRY(shopper_factor_rows(env, 1, f->stride, &x));
	SHOPPER_TRY(shopper_fold_in(env, f, line, n, x, &bias));
	return score_rows(env, x, f->item_factor, f->events.item.n, f->stride, f->raw ? 0 : f->mu + bias, f->raw ? NULL : f->item_bias, score);
}

static double
basket_value(const ShopperModel *model, bool *adds_up)
{
	const ShopperFactors *f = model->state;

	*adds_up = f->implicit;
	return f->implicit ? 1 : f->highest;
}

/* ---- single figures and neighbours ---- */

static ShopperStatus
rating(ShopperEnv *env, const ShopperModel *model, int64_t user, int64_t item, double *result)
{
	const ShopperFactors *f = model->state;

	(void) env;
	*result = shopper_factors_clip(f, shopper_factors_score(f, user, item));
	return SHOPPER_OK;
}

static ShopperStatus
similar(ShopperEnv *env, const ShopperModel *model, bool users, int64_t code, double *score)
{
	const ShopperFactors *f = model->state;
	const ShopperFactorKernels *kernels = shopper_factor_kernels(-1);
	const float *rows = users ? f->user_factor : f->item_factor;
	int64_t		n = users ? f->events.user.n : f->events.item.n;
	const float *own = rows + code * f->stride;
	float		length,
				other;

	SHOPPER_TRY(score_rows(env, own, rows, n, f->stride, 0, NULL, score));
	kernels->dots(own, own, 1, f->stride, &length);
	for (int64_t i = 0; i < n; i++)
	{
		if (i % SCORES_PER_POLL == 0)
			SHOPPER_TRY(shopper_poll(env));
		kernels->dots(rows + i * f->stride, rows + i * f->stride, 1, f->stride, &other);
		score[i] = other > 0 && length > 0	/* a row without factors is similar to nothing */
			? fmax(-1, fmin(1, score[i] / (sqrt(length) * sqrt(other)))) : -INFINITY;
	}
	return SHOPPER_OK;
}

static ShopperStatus
similarity(ShopperEnv *env, const ShopperModel *model, int64_t item, const int64_t *other, int64_t n, double *out)
{
	const ShopperFactors *f = model->state;
	const ShopperFactorKernels *kernels = shopper_factor_kernels(-1);
	const float *own = f->item_factor + item * f->stride;
	float		length,
				length_of_other,
				product;

	kernels->dots(own, own, 1, f->stride, &length);
	for (int64_t i = 0; i < n; i++)
	{
		const float *row = f->item_factor + other[i] * f->stride;

		if (i % 65536 == 0)
			SHOPPER_TRY(shopper_poll(env));
		kernels->dots(row, row, 1, f->stride, &length_of_other);
		kernels->dots(own, row, 1, f->stride, &product);
		out[i] = length > 0 && length_of_other > 0 ? fmax(-1, fmin(1, product / (sqrt(length) * sqrt(length_of_other)))) : 0;
	}
	return SHOPPER_OK;
}

/* ---- explaining ---- */

static ShopperStatus
explain_projected(ShopperEnv *env, const ShopperFactors *f, int64_t first, int64_t n, int64_t item, double *contribution)
{
	const ShopperEvents *e = &f->events;

	for (int64_t i = 0; i < n; i++)
	{
		float		nearness;

		shopper_factor_kernels(-1)->dots(f->item_factor + item * f->stride, f->item_factor + (int64_t) e->seen[first + i] * f->stride, 1, f->stride, &nearness);
		contribution[i] = (e->value != NULL ? e->value[first + i] : 1) * (double) nearness;
		if (i % 4096 == 0)
			SHOPPER_TRY(shopper_poll(env));
	}
	return SHOPPER_OK;
}

/* Factors that are 0 stay so: the others' system alone is linear. */
static void
leave_out_zeros(const ShopperFactors *f, const float *x, double *A, double *b)
{
	int			wide = shopper_gram_stride(f->factors);

	for (int j = 0; j < f->factors; j++)
	{
		if (x[j] != 0)
			continue;
		for (int i = 0; i < f->factors; i++)
			A[j * wide + i] = A[i * wide + j] = 0;
		A[j * (wide + 1)] = 1;
		b[j] = 0;
	}
}

/*
 * The score is linear in what the user's items say: y.x with x = A^-1 sum t_j y_j, A the
 * user's system, so item j gives t_j y.A^-1 y_j (Hu, Koren and Volinsky 2008, section 5).
 * t_j is the confidence, or what the rating leaves of the means; the means are no item's.
 */
static ShopperStatus
explain(ShopperEnv *env, const ShopperModel *model, int64_t user, int64_t item, double *contribution)
{
	const ShopperFactors *f = model->state;
	const ShopperEvents *e = &f->events;
	int64_t		first = e->seen_start[user],
				n = e->seen_start[user + 1] - first;
	int			k = f->factors,
				wide = shopper_gram_stride(k);
	double		bias = 0,
				unused = 0;
	double	   *A,
			   *b,
			   *s;
	float	   *x;
	ShopperLine *line;

	if (f->form == SHOPPER_PROJECTED)	/* of V V', which the weights are times */
		return explain_projected(env, f, first, n, item, contribution);
	if (!f->implicit && e->value == NULL)
	{
		shopper_fail(env, SHOPPER_UNSUPPORTED, "the model does not hold its ratings");
		shopper_hint(env, "Train it anew with this version.");
		return env->status;
	}
	SHOPPER_NEW0(env, A, k * wide);
	SHOPPER_NEW0(env, b, wide);
	SHOPPER_NEW0(env, s, wide);
	SHOPPER_NEW0(env, line, n + SHOPPER_AHEAD);
	for (int64_t i = 0; i < n; i++)
		line[i] = (ShopperLine) {e->seen[first + i], e->value != NULL ? e->value[first + i] : 1};
	SHOPPER_TRY(shopper_factor_rows(env, 1, f->stride, &x));
	if (f->form == SHOPPER_NONNEGATIVE)
		shopper_nmf_row(f, f->implicit ? f->gram : NULL, line, n, A, b, x);
	else if (f->implicit)
		shopper_als_system(f, f->item_factor, f->gram, line, n, A, b);
	else
	{
		SHOPPER_TRY(fold_in_ratings(env, f, line, n, x, &bias));
		SHOPPER_TRY(rating_system(env, f, line, n, A, b, s, &unused));
	}
	memset(b, 0, (size_t) wide * sizeof(double));
	for (int j = 0; j < k; j++)
		b[j] = f->item_factor[item * f->stride + j];
	if (f->form == SHOPPER_NONNEGATIVE)
		leave_out_zeros(f, x, A, b);
	if (!shopper_factor_kernels(-1)->solve(A, b, k))
		return shopper_fail(env, SHOPPER_BAD_DATA, "the user's system of equations is singular");
	for (int64_t i = 0; i < n; i++)
	{
		const float *row = f->item_factor + (int64_t) line[i].code * f->stride;
		double		said = f->form == SHOPPER_NONNEGATIVE ? line[i].value
			: f->implicit ? line[i].value > 0 ? 1 + f->alpha * line[i].value : 0
			: line[i].value - (f->raw ? 0 : f->mu + f->item_bias[line[i].code] + bias);
		double		nearness = 0;

		for (int j = 0; j < k; j++)
			nearness += b[j] * row[j];
		contribution[i] = said * nearness;
		if (i % 4096 == 0)
			SHOPPER_TRY(shopper_poll(env));
	}
	shopper_release(env, A);
	shopper_release(env, b);
	shopper_release(env, s);
	shopper_release(env, line);
	return SHOPPER_OK;
}

static const float *
factors(const ShopperModel *model, bool users, int64_t code, int *n, double *bias)
{
	const ShopperFactors *f = model->state;

	*n = f->factors;
	if (bias != NULL)
		*bias = users ? f->user_bias[code] : f->item_bias[code];
	return (users ? f->user_factor : f->item_factor) + code * f->stride;
}

const ShopperRecommender shopper_factor_recommender = {
	.score_user = score_user,
	.block_begin = shopper_factor_block_begin,
	.block = shopper_factor_block,
	.score_basket = score_basket,
	.basket_value = basket_value,
	.similar = similar,
	.similarity = similarity,
	.rating = rating,
	.explain = explain,
	.fold_in = shopper_factor_fold_in,
	.factors = factors,
};
