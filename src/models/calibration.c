/* calibration.c: see calibration.h and learner.h */
#include "calibration.h"

#include <math.h>
#include <string.h>

#include "../core/sort.h"
#include "../core/special.h"

static double
sigmoid(double z)
{
	return z >= 0 ? 1 / (1 + exp(-z)) : exp(z) / (1 + exp(z));
}

/* ---- using ---- */

static double
correct(const ShopperCalibration *c, const ShopperCalibrationMap *m, double p)
{
	int64_t		low = 0,
				high = m->n - 1;

	if (c->kind == SHOPPER_CALIBRATION_PLATT)
		return sigmoid(m->slope * shopper_logit(p, 1e-12) + m->offset);
	if (!(p > m->raw[0]))
		return m->calibrated[0];
	if (p >= m->raw[high])
		return m->calibrated[high];
	while (high - low > 1)
	{
		int64_t		middle = (low + high) / 2;

		if (m->raw[middle] <= p)
			low = middle;
		else
			high = middle;
	}
	return m->calibrated[low] + (m->calibrated[high] - m->calibrated[low]) * (p - m->raw[low]) / (m->raw[high] - m->raw[low]);
}

static void
correct_row(const ShopperCalibration *c, int classes, double *out)
{
	double		sum = 0;

	if (c->n_maps == 1)
	{
		out[1] = correct(c, &c->map[0], out[1]);
		out[0] = 1 - out[1];
		return;
	}
	for (int k = 0; k < classes; k++)
		sum += out[k] = correct(c, &c->map[k], out[k]);
	for (int k = 0; k < classes; k++)
		out[k] = sum > 0 ? out[k] / sum : 1.0 / classes;
}

void
shopper_predict(const ShopperModel *m, const double *dense, const int32_t *lookup, double *out)
{
	m->learner->predict(m, dense, lookup, out);
	if (m->calibration.kind != SHOPPER_CALIBRATION_NONE)
		correct_row(&m->calibration, shopper_model_outputs(m), out);
}

void
shopper_predict_block(const ShopperModel *m, const ShopperTable *t, int64_t from, int64_t to, double *out)
{
	int			outputs = shopper_model_outputs(m);

	if (m->fitted != t || m->learner->predict_fitted == NULL || !m->learner->predict_fitted(m, from, to, out))
		m->learner->predict_block(m, t, from, to, out);
	if (m->calibration.kind != SHOPPER_CALIBRATION_NONE)
		for (int64_t i = 0; i < to - from; i++)
			correct_row(&m->calibration, outputs, out + i * outputs);
}

double
shopper_cutoff(const ShopperModel *m)
{
	const ShopperOptionValue *v = shopper_option(&m->options, "cutoff");

	return v->set ? v->number : 0.5;
}

int
shopper_best_of(int classes, const double *p, double cutoff)
{
	int			best = 0;

	if (classes == 2)
		return p[1] >= cutoff;
	for (int c = 1; c < classes; c++)
		best = p[c] > p[best] ? c : best;
	return best;
}

int
shopper_best_class(const ShopperModel *m, const double *p)
{
	return shopper_best_of(shopper_model_outputs(m), p, shopper_cutoff(m));
}

/* ---- learning ---- */

/* One class against the rest. */
typedef struct Points
{
	int64_t		n;
	double	   *p;				/* rising */
	double	   *y;				/* 0 or 1 */
	double	   *weight;
} Points;

static ShopperStatus
collect(ShopperEnv *env, int classes, int class, int64_t n, const double *p, const int32_t *y, const double *weight, Points *points)
{
	uint64_t   *key;
	uint32_t   *order;

	points->n = n;
	SHOPPER_NEW(env, points->p, n);
	SHOPPER_NEW(env, points->y, n);
	SHOPPER_NEW(env, points->weight, n);
	SHOPPER_NEW(env, key, n);
	SHOPPER_NEW(env, order, n);
	for (int64_t i = 0; i < n; i++)
		key[i] = shopper_sortable(p[i * classes + class]);
	SHOPPER_TRY(shopper_sort_order(env, key, order, n));
	for (int64_t i = 0; i < n; i++)
	{
		points->p[i] = p[(int64_t) order[i] * classes + class];
		points->y[i] = y[order[i]] == class;
		points->weight[i] = weight != NULL ? weight[order[i]] : 1;
	}
	shopper_release(env, key);
	shopper_release(env, order);
	return SHOPPER_OK;
}

/* Platt's loss, with the gradient and Hessian where they are wanted. */
typedef struct PlattLoss
{
	double		yes,			/* smoothed targets */
				no;
	double		value;
	double		ga,
				gb,
				haa,
				hab,
				hbb;
} PlattLoss;

static ShopperStatus
platt_loss(ShopperEnv *env, const Points *points, double slope, double offset, PlattLoss *l)
{
	l->value = l->ga = l->gb = l->hab = 0;
	l->haa = l->hbb = 1e-9;
	for (int64_t i = 0; i < points->n; i++)
	{
		double		w = points->weight[i],
					target = points->y[i] > 0 ? l->yes : l->no,
					z = points->p[i],
					s = slope * z + offset,
					q = sigmoid(s);

		l->value += w * ((s > 0 ? s : 0) + log1p(exp(-fabs(s))) - target * s);
		l->ga += w * (q - target) * z;
		l->gb += w * (q - target);
		l->haa += w * q * (1 - q) * z * z;
		l->hab += w * q * (1 - q) * z;
		l->hbb += w * q * (1 - q);
		if (i % 65536 == 65535)
			SHOPPER_TRY(shopper_poll(env));
	}
	return shopper_poll(env);
}

/* Newton's method in two unknowns; a step that does not pay is halved. The points' probabilities become log-odds. */
static ShopperStatus
fit_platt(ShopperEnv *env, Points *points, ShopperCalibrationMap *m)
{
	double		positive = 0,
				total = 0;
	PlattLoss	now,
				next;

	for (int64_t i = 0; i < points->n; i++)
	{
		positive += points->weight[i] * points->y[i];
		total += points->weight[i];
		points->p[i] = shopper_logit(points->p[i], 1e-12);
	}
	SHOPPER_TRY(shopper_poll(env));
	now.yes = next.yes = (positive + 1) / (positive + 2);
	now.no = next.no = 1 / (total - positive + 2);
	m->slope = 0;
	m->offset = log((positive + 1) / (total - positive + 1));
	SHOPPER_TRY(platt_loss(env, points, m->slope, m->offset, &now));
	for (int step = 0; step < 100; step++)
	{
		double		det = now.haa * now.hbb - now.hab * now.hab,
					da = (now.hbb * now.ga - now.hab * now.gb) / det,
					db = (now.haa * now.gb - now.hab * now.ga) / det,
					share = 1;

		if (!(det > 0))
			break;
		for (; share > 1e-6; share /= 2)
		{
			SHOPPER_TRY(platt_loss(env, points, m->slope - share * da, m->offset - share * db, &next));
			if (next.value <= now.value)
				break;
		}
		if (!(next.value <= now.value))
			break;
		m->slope -= share * da;
		m->offset -= share * db;
		now = next;
		if (fabs(da) + fabs(db) < 1e-10)
			break;
	}
	return SHOPPER_OK;
}

typedef struct Pool
{
	double		weight;
	double		mean;
	double		low;			/* raw probabilities that it spans */
	double		high;
} Pool;

static ShopperStatus
fit_isotonic(ShopperEnv *env, const Points *points, ShopperCalibrationMap *m)
{
	Pool	   *pool;
	int64_t		n = 0;
	double		least = 1 / (double) (points->n + 2);

	SHOPPER_NEW(env, pool, points->n);
	for (int64_t i = 0; i < points->n; i++)
	{
		Pool		next = {points->weight[i], points->y[i], points->p[i], points->p[i]};

		/* equal scores are one point; a falling mean is pooled */
		while (n > 0 && (pool[n - 1].high == next.low || pool[n - 1].mean >= next.mean))
		{
			Pool	   *before = &pool[--n];

			next.mean = (next.mean * next.weight + before->mean * before->weight) / (next.weight + before->weight);
			next.weight += before->weight;
			next.low = before->low;
		}
		pool[n++] = next;
	}
	SHOPPER_NEW(env, m->raw, 2 * n);
	SHOPPER_NEW(env, m->calibrated, 2 * n);
	m->n = 0;
	for (int64_t i = 0; i < n; i++)
	{
		double		value = fmin(fmax(pool[i].mean, least), 1 - least);

		m->raw[m->n] = pool[i].low;
		m->calibrated[m->n++] = value;
		if (pool[i].high > pool[i].low)
		{
			m->raw[m->n] = pool[i].high;
			m->calibrated[m->n++] = value;
		}
	}
	shopper_release(env, pool);
	return SHOPPER_OK;
}

ShopperStatus
shopper_calibrate(ShopperEnv *env, ShopperCalibrationKind kind, int classes, int64_t n, const double *p,
				  const int32_t *y, const double *weight, ShopperCalibration *c)
{
	c->kind = kind;
	c->n_maps = classes == 2 ? 1 : classes;
	SHOPPER_NEW0(env, c->map, c->n_maps);
	for (int k = 0; k < c->n_maps; k++)
	{
		Points		points = {0};

		SHOPPER_TRY(collect(env, classes, classes == 2 ? 1 : k, n, p, y, weight, &points));
		if (kind == SHOPPER_CALIBRATION_PLATT)
			SHOPPER_TRY(fit_platt(env, &points, &c->map[k]));
		else
			SHOPPER_TRY(fit_isotonic(env, &points, &c->map[k]));
		shopper_release(env, points.p);
		shopper_release(env, points.y);
		shopper_release(env, points.weight);
		SHOPPER_TRY(shopper_poll(env));
	}
	return SHOPPER_OK;
}

/* ---- storing ---- */

void
shopper_calibration_encode(const ShopperCalibration *c, ShopperWriter *w)
{
	shopper_put_u8(w, (uint8_t) c->kind);
	for (int k = 0; c->kind != SHOPPER_CALIBRATION_NONE && k < c->n_maps; k++)
	{
		const ShopperCalibrationMap *m = &c->map[k];

		shopper_put_f64(w, m->slope);
		shopper_put_f64(w, m->offset);
		shopper_put_varint(w, (uint64_t) m->n);
		for (int64_t i = 0; i < m->n; i++)
		{
			shopper_put_f64(w, m->raw[i]);
			shopper_put_f64(w, m->calibrated[i]);
		}
	}
}

ShopperStatus
shopper_calibration_decode(ShopperEnv *env, ShopperReader *r, int classes, ShopperCalibration *c)
{
	c->kind = (ShopperCalibrationKind) shopper_get_u8(r);
	if (c->kind == SHOPPER_CALIBRATION_NONE)
		return SHOPPER_OK;
	if (c->kind > SHOPPER_CALIBRATION_ISOTONIC || classes < 2)
		return shopper_bad_bytes(env, "its calibration is not one of a classifier");
	c->n_maps = classes == 2 ? 1 : classes;
	SHOPPER_NEW0(env, c->map, c->n_maps);
	for (int k = 0; k < c->n_maps; k++)
	{
		ShopperCalibrationMap *m = &c->map[k];

		m->slope = shopper_get_f64(r);
		m->offset = shopper_get_f64(r);
		m->n = shopper_get_count(r, 16);
		if (c->kind == SHOPPER_CALIBRATION_ISOTONIC && m->n < 1)
			return shopper_bad_bytes(env, "its calibration has no points");
		SHOPPER_NEW0(env, m->raw, m->n);
		SHOPPER_NEW0(env, m->calibrated, m->n);
		for (int64_t i = 0; i < m->n; i++)
		{
			m->raw[i] = shopper_get_f64(r);
			m->calibrated[i] = shopper_get_f64(r);
			if (i > 0 && !(m->raw[i] > m->raw[i - 1]))
				return shopper_bad_bytes(env, "its calibration points do not rise");
		}
	}
	return SHOPPER_OK;
}
