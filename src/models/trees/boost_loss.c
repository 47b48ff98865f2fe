/*
 * boost_loss.c: losses of boosting() and their derivatives by the score s.
 *
 *   log loss   log(1 + exp(-s)) of class 1, log(1 + exp(s)) of class 0
 *   softmax    log(sum exp(s_c)) - s_y; hessian p (1 - p) K / (K - 1) (Friedman 2001)
 *   squared    (s - y)^2 / 2
 *   absolute   |y - s|
 *   quantile   q (y - s) above, (1 - q) (s - y) below
 *   poisson    exp(s) - y s
 *   tweedie    exp((2 - p) s) / (2 - p) - y exp((1 - p) s) / (1 - p)
 *   gamma      s + y exp(-s)
 */
#include <math.h>
#include <string.h>

#include "../../core/simd.h"
#include "boost.h"

#define PIECE 256				/* rows worked on at once; a multiple of 8 */
#define MOST_MARGIN 36.0		/* exp(-36) is lost beside 1 */

typedef int64_t Long8 __attribute__((vector_size(64), aligned(8), may_alias));

/* ---- exp ---- */

/* x where it is at most `limit` in size, else +-limit; one comparison at a time, as GCC takes two apart into scalars. */
static inline __attribute__((always_inline)) void
bound8(ShopperDouble8 *value, double limit)
{
	ShopperDouble8 x = *value,
				most = {limit, limit, limit, limit, limit, limit, limit, limit};
	Long8		beyond = (Long8) (x > most);

	x = (ShopperDouble8) (((Long8) x & ~beyond) | ((Long8) most & beyond));
	beyond = (Long8) (x < -most);
	*value = (ShopperDouble8) (((Long8) x & ~beyond) | ((Long8) -most & beyond));
}

/* 2^k times a Taylor polynomial on [-ln 2 / 2, ln 2 / 2]; x within +-700. */
static inline __attribute__((always_inline)) void
exp8(ShopperDouble8 *value)
{
	static const double inverse[] = {
		1.0 / 479001600, 1.0 / 39916800, 1.0 / 3628800, 1.0 / 362880, 1.0 / 40320, 1.0 / 5040, 1.0 / 720,
		1.0 / 120, 1.0 / 24, 1.0 / 6, 0.5, 1, 1
	};
	const double magic = 0x1.8p52;
	ShopperDouble8 x = *value,
				k,
				r,
				p;
	k = x * 0x1.71547652b82fep0 + magic;
	r = x - (k - magic) * 0x1.62e42fefa3800p-1 - (k - magic) * 0x1.ef35793c76730p-45;
	p = r * inverse[0] + inverse[1];
	for (int i = 2; i < 13; i++)
		p = p * r + inverse[i];
	*value = p * (ShopperDouble8) (((Long8) k + 1023) << 52);
}

SHOPPER_CLONES void
shopper_boost_exp(const double *x, double *y, int n)
{
	for (int i = 0; i < n; i += 8)
	{
		ShopperDouble8 v;

		memcpy(&v, x + i, sizeof(v));
		bound8(&v, 700);
		exp8(&v);
		memcpy(y + i, &v, sizeof(v));
	}
}

/* ---- the losses, PIECE rows at most: gradient, hessian and loss of each without its weight ---- */

typedef struct Piece
{
	const ShopperBoostFit *fit;
	int			n;
	const double *score;
	const double *y;			/* the target; classes: 1 for the output's own */
	const double *top;
	double		g[PIECE];
	double		h[PIECE];
	double		loss[PIECE];	/* log loss: see log_losses */
	double		e[PIECE];
	double		x[PIECE];
} Piece;

/* Scores and signs of the classes; what is beyond the rows does no harm. */
SHOPPER_CLONES static void
log_loss_margins(Piece *p, const int32_t *y)
{
	for (int i = 0; i < p->n; i++)
	{
		p->x[i] = p->score[i];
		p->e[i] = (double) (2 * y[i] - 1);
	}
	for (int i = p->n; i < PIECE; i++)
	{
		p->x[i] = 0;
		p->e[i] = 1;
	}
}

/* e = exp(-margin): g = -sign e / (1 + e), h = e / (1 + e)^2, loss = log(1 + e) */
SHOPPER_CLONES static void
log_loss_slope(Piece *p)
{
	for (int i = 0; i < PIECE; i += 8)
	{
		ShopperDouble8 z,
					sign,
					e,
					one = {1, 1, 1, 1, 1, 1, 1, 1};

		memcpy(&z, p->x + i, sizeof(z));
		memcpy(&sign, p->e + i, sizeof(sign));
		e = -sign * z;
		bound8(&e, MOST_MARGIN);
		exp8(&e);
		z = one / (one + e);
		sign = -sign * e * z;
		memcpy(p->g + i, &sign, sizeof(sign));
		z = e * z * z;
		memcpy(p->h + i, &z, sizeof(z));
		e = one + e;
		memcpy(p->loss + i, &e, sizeof(e));
	}
}

/* A logarithm for each 16 factors of at most exp(36) + 1. */
static void
log_losses(const double *weight, int n, const double *factor, double *loss)
{
	if (weight != NULL)
	{
		for (int i = 0; i < n; i++)
			*loss += weight[i] * log(factor[i]);
		return;
	}
	for (int i = 0; i < n; i += 16)
	{
		double		product = 1;

		for (int k = i; k < i + 16 && k < n; k++)
			product *= factor[k];
		*loss += log(product);
	}
}

static void
number_slope(Piece *p, ShopperBoostLoss loss, double quantile, double power)
{
	for (int i = 0; i < p->n; i++)
	{
		double		d = p->score[i] - p->y[i];

		p->h[i] = 1;
		switch (loss)
		{
			case SHOPPER_BOOST_SQUARED:
				p->g[i] = d;
				p->loss[i] = 0.5 * d * d;
				break;
			case SHOPPER_BOOST_ABSOLUTE:
				p->g[i] = d > 0 ? 1 : d < 0 ? -1 : 0;
				p->loss[i] = fabs(d);
				break;
			case SHOPPER_BOOST_QUANTILE:
				p->g[i] = d >= 0 ? 1 - quantile : -quantile;
				p->loss[i] = p->g[i] * d;
				break;
			case SHOPPER_BOOST_POISSON:
				p->h[i] = p->e[i];
				p->g[i] = p->e[i] - p->y[i];
				p->loss[i] = p->e[i] - p->y[i] * p->score[i];
				break;
			case SHOPPER_BOOST_TWEEDIE:
				{
					double		all = exp((2 - power) * p->score[i]),
								part = p->y[i] > 0 ? p->y[i] * exp((1 - power) * p->score[i]) : 0;

					p->g[i] = all - part;
					p->h[i] = (2 - power) * all - (1 - power) * part;
					p->loss[i] = all / (2 - power) - part / (1 - power);
					break;
				}
			default:			/* gamma: e = exp(-s) */
				p->h[i] = p->y[i] * p->e[i];
				p->g[i] = 1 - p->h[i];
				p->loss[i] = p->score[i] + p->h[i];
				break;
		}
	}
}

static void
class_slope(Piece *p, int classes, const int32_t *y, int output)
{
	double		factor = (double) classes / (classes - 1);

	for (int i = 0; i < PIECE; i++)
		p->x[i] = i < p->n ? p->score[i] - p->top[i] : 0;
	shopper_boost_exp(p->x, p->e, PIECE);
	for (int i = 0; i < p->n; i++)
	{
		p->g[i] = p->e[i] - (y[i] == output);
		p->h[i] = factor * p->e[i] * (1 - p->e[i]);
	}
}

static void
slope_piece(const ShopperBoostFit *fit, int output, int64_t from, Piece *p, ShopperBoostSums *sums)
{
	const ShopperTable *t = fit->t;
	ShopperBoostLoss loss = fit->boost->loss;
	const double *weight = t->weight != NULL ? t->weight + from : NULL;

	p->score = fit->score[output] + from;
	if (loss == SHOPPER_BOOST_LOG_LOSS)
	{
		log_loss_margins(p, t->y_class + from);
		log_loss_slope(p);
		log_losses(weight, p->n, p->loss, &sums->loss);
		return;
	}
	if (loss == SHOPPER_BOOST_SOFTMAX)
	{
		p->top = fit->top + from;
		class_slope(p, t->n_classes, t->y_class + from, output);
		return;
	}
	p->y = t->y + from;
	if (loss == SHOPPER_BOOST_POISSON || loss == SHOPPER_BOOST_GAMMA)
	{
		double		sign = loss == SHOPPER_BOOST_POISSON ? 1 : -1;

		for (int i = 0; i < PIECE; i++)
			p->x[i] = i < p->n ? sign * p->score[i] : 0;
		shopper_boost_exp(p->x, p->e, PIECE);
	}
	number_slope(p, loss, fit->quantile, fit->power);
	for (int i = 0; i < p->n; i++)
		sums->loss += weight != NULL ? weight[i] * p->loss[i] : p->loss[i];
}

/* As single floats, gradient and hessian in turn, and the largest of both: greater ones replace, in any order. */
SHOPPER_CLONES static void
store_slopes(const Piece *p, float *slope, ShopperBoostSums *sums)
{
	float		most[16] = {0};
	int			n = 2 * p->n,
				k = 0;

	for (int i = 0; i < p->n; i++)
	{
		slope[2 * i] = (float) p->g[i];
		slope[2 * i + 1] = (float) p->h[i];
	}
	for (; k + 16 <= n; k += 16)
		for (int l = 0; l < 16; l++)
			most[l] = fabsf(slope[k + l]) > most[l] ? fabsf(slope[k + l]) : most[l];
	for (; k < n; k++)
		most[k % 16] = fabsf(slope[k]) > most[k % 16] ? fabsf(slope[k]) : most[k % 16];
	for (int l = 0; l < 16; l += 2)
	{
		sums->most_gradient = most[l] > sums->most_gradient ? most[l] : sums->most_gradient;
		sums->most_hessian = most[l + 1] > sums->most_hessian ? most[l + 1] : sums->most_hessian;
	}
}

void
shopper_boost_slope(const ShopperBoostFit *fit, int output, int64_t from, int64_t to, ShopperBoostSums *sums)
{
	Piece		p = {.fit = fit};

	for (; from < to; from += p.n)
	{
		const double *weight = fit->t->weight != NULL ? fit->t->weight + from : NULL;

		p.n = (int) (to - from < PIECE ? to - from : PIECE);
		slope_piece(fit, output, from, &p, sums);
		if (weight != NULL)
			for (int i = 0; i < p.n; i++)
			{
				p.g[i] *= weight[i];
				p.h[i] *= weight[i];
				sums->weight += weight[i];
			}
		else
			sums->weight += p.n;
		store_slopes(&p, fit->slope + 2 * from, sums);
	}
}

void
shopper_boost_top(const ShopperBoostFit *fit, int64_t from, int64_t to, ShopperBoostSums *sums)
{
	int			classes = fit->boost->outputs;
	double		most[PIECE],
				sum[PIECE],
				x[PIECE],
				e[PIECE];

	for (; from < to; from += PIECE)
	{
		int			n = (int) (to - from < PIECE ? to - from : PIECE);

		for (int i = 0; i < PIECE; i++)
		{
			most[i] = i < n ? fit->score[0][from + i] : 0;
			sum[i] = 0;
		}
		for (int c = 1; c < classes; c++)
			for (int i = 0; i < n; i++)
				most[i] = fit->score[c][from + i] > most[i] ? fit->score[c][from + i] : most[i];
		for (int c = 0; c < classes; c++)
		{
			for (int i = 0; i < PIECE; i++)
				x[i] = i < n ? fit->score[c][from + i] - most[i] : 0;
			shopper_boost_exp(x, e, PIECE);
			for (int i = 0; i < n; i++)
				sum[i] += e[i];
		}
		for (int i = 0; i < n; i++)
		{
			double		w = fit->t->weight != NULL ? fit->t->weight[from + i] : 1;

			fit->top[from + i] = most[i] + log(sum[i]);
			sums->loss += w * (fit->top[from + i] - fit->score[fit->t->y_class[from + i]][from + i]);
			sums->weight += w;
		}
	}
}

ShopperStatus
shopper_boost_check_target(ShopperEnv *env, const ShopperTable *t, ShopperBoostLoss loss)
{
	bool		positive = loss == SHOPPER_BOOST_GAMMA;
	double		largest = 0;

	if (!shopper_boost_log_link(loss))
		return SHOPPER_OK;
	for (int64_t i = 0; i < t->n; i++)
	{
		if (t->y[i] < 0 || (positive && !(t->y[i] > 0)))
		{
			shopper_fail(env, SHOPPER_BAD_DATA, "loss %s needs targets %s 0, got %g",
						 positive ? "gamma" : loss == SHOPPER_BOOST_POISSON ? "poisson" : "tweedie", positive ? "above" : "of at least", t->y[i]);
			shopper_hint(env, "Leave those rows out, or use loss \"squared\"%s.", positive ? " or \"tweedie\"" : "");
			return SHOPPER_BAD_DATA;
		}
		if (i < t->n_train && t->y[i] > largest)
			largest = t->y[i];
	}
	if (!(largest > 0))
		return shopper_fail(env, SHOPPER_BAD_DATA, "all targets are 0: there is no amount to learn");
	return SHOPPER_OK;
}
