/*
 * knn.c: the learners item_knn and user_knn: recommendations from the most similar items
 * (Sarwar et al. 2001) or users (Resnick et al. 1994).
 *
 * Events: an item scores the similarities of those of its k neighbours that the user has,
 * times their weights; or the similarities of the k nearest users who have it. Ratings: the
 * mean of mu + user + item, plus the weighted mean of what the k nearest neighbours' ratings
 * differ from theirs.
 */
#include <math.h>
#include <string.h>

#include "fold_in.h"
#include "neighbours.h"

typedef struct Knn
{
	ShopperEvents events;		/* with values */
	bool		users;			/* user_knn */
	bool		implicit;
	int64_t		k;				/* used of each list; 0: all */
	ShopperNeighbours lists;	/* of items, or of users */
	ShopperNeighbours back;		/* item_knn of events: by the other end; not stored */
	ShopperBiases biases;		/* ratings */
} Knn;

/* ---- ratings ---- */

static double
bias_of(const Knn *m, int64_t user, int64_t item)
{
	return m->biases.mu + (user >= 0 ? m->biases.user[user] : 0) + (item >= 0 ? m->biases.item[item] : 0);
}

static double
clip(const Knn *m, double rating)
{
	return rating < m->biases.lowest ? m->biases.lowest : rating > m->biases.highest ? m->biases.highest : rating;
}

/* rest (items): rating minus bias where the user has one, else NaN. */
static double
rate_by_items(const Knn *m, double bias, int64_t item, const double *rest)
{
	double		sum = 0,
				weight = 0;
	int64_t		used = 0;

	for (int64_t i = m->lists.start[item]; i < m->lists.start[item + 1] && (m->k == 0 || used < m->k); i++)
	{
		double		r = rest[m->lists.code[i]];

		if (r != r)
			continue;
		sum += m->lists.weight[i] * r;
		weight += fabs(m->lists.weight[i]);
		used++;
	}
	return bias + (weight > 0 ? sum / weight : 0);
}

/* What the ratings of a user differ from the means; NaN elsewhere. */
static ShopperStatus
rests_of_user(ShopperEnv *env, const Knn *m, int64_t user, double **rest)
{
	const ShopperEvents *e = &m->events;

	SHOPPER_NEW(env, *rest, e->item.n);
	for (int64_t i = 0; i < e->item.n; i++)
		(*rest)[i] = NAN;
	for (int64_t i = e->seen_start[user]; i < e->seen_start[user + 1]; i++)
		(*rest)[e->seen[i]] = e->value[i] - bias_of(m, user, e->seen[i]);
	return SHOPPER_OK;
}

/* sum and weight (items): over the nearest users who rated each item. */
static ShopperStatus
rate_by_users(ShopperEnv *env, const Knn *m, int64_t user, double *score)
{
	const ShopperEvents *e = &m->events;
	double	   *weight;
	int64_t    *used;

	SHOPPER_NEW0(env, weight, e->item.n);
	SHOPPER_NEW0(env, used, e->item.n);
	memset(score, 0, (size_t) e->item.n * sizeof(double));
	for (int64_t i = m->lists.start[user]; i < m->lists.start[user + 1]; i++)
	{
		int64_t		other = m->lists.code[i];
		double		w = m->lists.weight[i];

		for (int64_t k = e->seen_start[other]; k < e->seen_start[other + 1]; k++)
		{
			int32_t		item = e->seen[k];

			if (m->k > 0 && used[item] == m->k)
				continue;
			used[item]++;
			score[item] += w * (e->value[k] - bias_of(m, other, item));
			weight[item] += fabs(w);
		}
		if (i % 64 == 0)
			SHOPPER_TRY(shopper_poll(env));
	}
	for (int64_t i = 0; i < e->item.n; i++)
		score[i] = bias_of(m, user, i) + (weight[i] > 0 ? score[i] / weight[i] : 0);
	shopper_release(env, weight);
	shopper_release(env, used);
	return SHOPPER_OK;
}

/* ---- scores ---- */

static ShopperStatus
score_lines(ShopperEnv *env, const Knn *m, const int32_t *code, const float *value, const ShopperLine *line, int64_t n, double *score)
{
	memset(score, 0, (size_t) m->events.item.n * sizeof(double));
	for (int64_t k = 0; k < n; k++)
	{
		int64_t		item = line != NULL ? line[k].code : code[k];
		double		w = line != NULL ? line[k].value : value[k];

		for (int64_t i = m->back.start[item]; i < m->back.start[item + 1]; i++)
			score[m->back.code[i]] += m->back.weight[i] * w;
		if (k % 256 == 0)
			SHOPPER_TRY(shopper_poll(env));
	}
	return SHOPPER_OK;
}

static ShopperStatus
score_by_users(ShopperEnv *env, const Knn *m, const int32_t *other, const double *weight, int64_t n, double *score)
{
	const ShopperEvents *e = &m->events;

	memset(score, 0, (size_t) e->item.n * sizeof(double));
	for (int64_t i = 0; i < n; i++)
	{
		for (int64_t k = e->seen_start[other[i]]; k < e->seen_start[other[i] + 1]; k++)
			score[e->seen[k]] += weight[i];
		if (i % 64 == 0)
			SHOPPER_TRY(shopper_poll(env));
	}
	return SHOPPER_OK;
}

static ShopperStatus
rate_items(ShopperEnv *env, const Knn *m, int64_t user, const double *rest, double *score)
{
	for (int64_t i = 0; i < m->events.item.n; i++)
	{
		score[i] = rate_by_items(m, bias_of(m, user, i), i, rest);
		if (i % 256 == 0)
			SHOPPER_TRY(shopper_poll(env));
	}
	return SHOPPER_OK;
}

static ShopperStatus
knn_score_user(ShopperEnv *env, const ShopperModel *model, int64_t user, double *score)
{
	const Knn  *m = model->state;
	const ShopperEvents *e = &m->events;
	int64_t		from = e->seen_start[user],
				n = e->seen_start[user + 1] - from;
	double	   *rest;

	if (m->users)
		return m->implicit ? score_by_users(env, m, m->lists.code + m->lists.start[user], m->lists.weight + m->lists.start[user],
											m->lists.start[user + 1] - m->lists.start[user], score)
			: rate_by_users(env, m, user, score);
	if (m->implicit)
		return score_lines(env, m, e->seen + from, e->value + from, NULL, n, score);
	SHOPPER_TRY(rests_of_user(env, m, user, &rest));
	SHOPPER_TRY(rate_items(env, m, user, rest, score));
	shopper_release(env, rest);
	return SHOPPER_OK;
}

/* The nearest users of a basket: those who have most of it, for their size. */
static ShopperStatus
score_basket_by_users(ShopperEnv *env, const Knn *m, const ShopperLine *line, int64_t n, double *score)
{
	const ShopperEvents *e = &m->events;
	unsigned char *in_basket;
	int32_t    *other;
	double	   *weight;
	int64_t		found = 0;

	SHOPPER_NEW0(env, in_basket, e->item.n);
	SHOPPER_NEW(env, other, e->user.n);
	SHOPPER_NEW(env, weight, e->user.n);
	for (int64_t i = 0; i < n; i++)
		in_basket[line[i].code] = 1;
	for (int64_t u = 0; u < e->user.n; u++)
	{
		double		common = 0;
		int64_t		at;

		for (int64_t k = e->seen_start[u]; k < e->seen_start[u + 1]; k++)
			common += in_basket[e->seen[k]];
		if (u % 4096 == 0)
			SHOPPER_TRY(shopper_poll(env));
		if (common == 0)
			continue;
		common /= sqrt((double) n * (double) (e->seen_start[u + 1] - e->seen_start[u]));
		/* insertion into the k best */
		if (m->k > 0 && found == m->k && common <= weight[found - 1])
			continue;
		at = m->k > 0 && found == m->k ? found - 1 : found++;
		for (; at > 0 && weight[at - 1] < common; at--)
		{
			weight[at] = weight[at - 1];
			other[at] = other[at - 1];
		}
		weight[at] = common;
		other[at] = (int32_t) u;
	}
	SHOPPER_TRY(score_by_users(env, m, other, weight, found, score));
	shopper_release(env, in_basket);
	shopper_release(env, other);
	shopper_release(env, weight);
	return SHOPPER_OK;
}

static ShopperStatus
knn_score_basket(ShopperEnv *env, const ShopperModel *model, const ShopperLine *line, int64_t n, double *score)
{
	const Knn  *m = model->state;
	double	   *rest,
				mean = 0;

	if (m->implicit)
		return m->users ? score_basket_by_users(env, m, line, n, score) : score_lines(env, m, NULL, NULL, line, n, score);
	/* the stranger's own bias, damped as in training */
	for (int64_t i = 0; i < n; i++)
		mean += line[i].value - bias_of(m, -1, line[i].code);
	mean /= (double) n + 10;
	SHOPPER_NEW(env, rest, m->events.item.n);
	for (int64_t i = 0; i < m->events.item.n; i++)
		rest[i] = NAN;
	for (int64_t i = 0; i < n; i++)
		rest[line[i].code] = line[i].value - mean - bias_of(m, -1, line[i].code);
	for (int64_t i = 0; i < m->events.item.n; i++)
	{
		double		bias = mean + bias_of(m, -1, i);

		score[i] = m->users ? bias : rate_by_items(m, bias, i, rest);
		if (i % 256 == 0)
			SHOPPER_TRY(shopper_poll(env));
	}
	shopper_release(env, rest);
	return SHOPPER_OK;
}

static double
knn_basket_value(const ShopperModel *model, bool *adds_up)
{
	const Knn  *m = model->state;

	*adds_up = m->implicit;
	return m->implicit ? 1 : m->biases.highest;
}

static ShopperStatus
knn_similar(ShopperEnv *env, const ShopperModel *model, bool users, int64_t code, double *score)
{
	const Knn  *m = model->state;
	int64_t		n = users ? m->events.user.n : m->events.item.n;

	if (users != m->users)
	{
		shopper_fail(env, SHOPPER_WRONG_MODEL, "a model of %s knows no similar %s", model->learner->name, users ? "users" : "items");
		shopper_hint(env, "Use a model of %s, or a factor model.", users ? "user_knn" : "item_knn");
		return env->status;
	}
	for (int64_t i = 0; i < n; i++)
		score[i] = -INFINITY;
	for (int64_t i = m->lists.start[code]; i < m->lists.start[code + 1]; i++)
		score[m->lists.code[i]] = m->lists.weight[i];
	return SHOPPER_OK;
}

/* Of items: the weight, when one is a neighbour of the other. Of users nothing is known of items. */
static ShopperStatus
knn_similarity(ShopperEnv *env, const ShopperModel *model, int64_t item, const int64_t *other, int64_t n, double *out)
{
	const Knn  *m = model->state;
	double	   *weight;

	memset(out, 0, (size_t) n * sizeof(double));
	if (m->users)
		return SHOPPER_OK;
	SHOPPER_NEW0(env, weight, m->events.item.n);
	for (int64_t i = m->lists.start[item]; i < m->lists.start[item + 1]; i++)
		weight[m->lists.code[i]] = m->lists.weight[i];
	for (int64_t i = 0; i < n; i++)
	{
		out[i] = weight[other[i]];
		for (int64_t k = m->lists.start[other[i]]; k < m->lists.start[other[i] + 1] && out[i] == 0; k++)
			if (m->lists.code[k] == item)
				out[i] = m->lists.weight[k];
		if (i % 256 == 0)
			SHOPPER_TRY(shopper_poll(env));
	}
	shopper_release(env, weight);
	return SHOPPER_OK;
}

static ShopperStatus
knn_rating(ShopperEnv *env, const ShopperModel *model, int64_t user, int64_t item, double *rating)
{
	const Knn  *m = model->state;
	const ShopperEvents *e = &m->events;
	double		sum = 0,
				weight = 0;
	int64_t		used = 0;

	(void) env;
	*rating = 0;
	if (m->implicit && (user < 0 || item < 0))
		return SHOPPER_OK;
	for (int64_t i = user < 0 || item < 0 ? 0 : m->lists.start[m->users ? user : item];
		 user >= 0 && item >= 0 && i < m->lists.start[(m->users ? user : item) + 1] && (m->k == 0 || used < m->k); i++)
	{
		/* the neighbour's rating of the item, or the user's rating of the neighbour */
		int64_t		row = m->users ? m->lists.code[i] : user,
					wanted = m->users ? item : m->lists.code[i],
					line = shopper_seen_line(e, row, wanted);

		if (line < 0)
			continue;
		sum += m->lists.weight[i] * (m->implicit ? m->users ? 1 : e->value[line] : e->value[line] - bias_of(m, row, wanted));
		weight += fabs(m->lists.weight[i]);
		used += !m->implicit;
	}
	*rating = m->implicit ? sum : clip(m, bias_of(m, user, item) + (weight > 0 ? sum / weight : 0));
	return SHOPPER_OK;
}

/* The terms of the item's sum: over the user's items among its neighbours. */
static ShopperStatus
knn_explain(ShopperEnv *env, const ShopperModel *model, int64_t user, int64_t item, double *contribution)
{
	const Knn  *m = model->state;
	const ShopperEvents *e = &m->events;
	double		weight = 0;
	int64_t		used = 0,
				first = e->seen_start[user];

	if (m->users)
	{
		shopper_fail(env, SHOPPER_WRONG_MODEL, "a model of %s does not go by the user's own items", model->learner->name);
		shopper_hint(env, "Ask similar_users() whose items they are, or use item_knn or a factor model.");
		return env->status;
	}
	for (int64_t i = m->lists.start[item]; i < m->lists.start[item + 1] && (m->implicit || m->k == 0 || used < m->k); i++)
	{
		int64_t		line = shopper_seen_line(e, user, m->lists.code[i]);

		if (line < 0)
			continue;
		contribution[line - first] = m->lists.weight[i] * (m->implicit ? e->value[line] : e->value[line] - bias_of(m, user, e->seen[line]));
		weight += fabs(m->lists.weight[i]);
		used++;
	}
	for (int64_t i = 0; i < e->seen_start[user + 1] - first && !m->implicit && weight > 0; i++)
		contribution[i] /= weight;
	return SHOPPER_OK;
}

/* ---- new lines: item_knn only ---- */

/* What is not stored. */
static ShopperStatus
finish(ShopperEnv *env, Knn *m)
{
	if (!m->users && m->implicit)
		return shopper_neighbours_transpose(env, &m->lists, &m->back);
	return SHOPPER_OK;
}

/* Damped means of new users and items, with the others' as they are. */
static ShopperStatus
fold_in_biases(ShopperEnv *env, const Knn *old, const ShopperFoldIn *in, double damping, Knn *m)
{
	const ShopperEvents *e = &in->events;
	double	   *sum;

	SHOPPER_NEW0(env, m->biases.user, e->user.n);
	SHOPPER_NEW0(env, m->biases.item, e->item.n);
	SHOPPER_NEW0(env, sum, e->item.n);
	for (int64_t i = 0; i < e->item.n; i++)
		m->biases.item[i] = in->old_item[i] >= 0 ? old->biases.item[in->old_item[i]] : 0;
	for (int64_t u = 0; u < e->user.n; u++)
	{
		int64_t		from = e->seen_start[u],
					to = e->seen_start[u + 1];
		double		mine = 0;

		for (int64_t i = from; i < to; i++)
			mine += e->value[i] - m->biases.mu - m->biases.item[e->seen[i]];
		m->biases.user[u] = in->touched[u] ? (float) (mine / (damping + (double) (to - from))) : old->biases.user[in->old_user[u]];
		for (int64_t i = from; i < to; i++)
		{
			sum[e->seen[i]] += e->value[i] - m->biases.mu - m->biases.user[u];
			m->biases.lowest = fmin(m->biases.lowest, e->value[i]);
			m->biases.highest = fmax(m->biases.highest, e->value[i]);
		}
		if (u % 1024 == 0)
			SHOPPER_TRY(shopper_poll(env));
	}
	for (int64_t i = 0; i < e->item.n; i++)
		if (in->old_item[i] < 0)
			m->biases.item[i] = (float) (sum[i] / (damping + (double) e->item.count[i]));
	shopper_release(env, sum);
	return SHOPPER_OK;
}

static ShopperStatus
knn_fold_in(ShopperEnv *env, const ShopperModel *old_model, const ShopperFoldIn *in, ShopperModel *model)
{
	const Knn  *old = old_model->state;
	Knn		   *m;

	SHOPPER_NEW(env, m, 1);
	*m = *old;
	model->state = m;
	m->events = in->events;
	SHOPPER_TRY(shopper_neighbours_renumber(env, &old->lists, in->old_item, m->events.item.n, &m->lists));
	if (!m->implicit)
		SHOPPER_TRY(fold_in_biases(env, old, in, shopper_option_number(&model->options, "bias_damping"), m));
	return finish(env, m);
}

static const ShopperRecommender knn_recommender = {
	.score_user = knn_score_user,
	.score_basket = knn_score_basket,
	.basket_value = knn_basket_value,
	.similar = knn_similar,
	.similarity = knn_similarity,
	.rating = knn_rating,
	.explain = knn_explain,
	.fold_in = knn_fold_in,
};

/* The same without fold_in: a new user has no neighbours yet. */
static const ShopperRecommender user_recommender = {
	.score_user = knn_score_user,
	.score_basket = knn_score_basket,
	.basket_value = knn_basket_value,
	.similar = knn_similar,
	.similarity = knn_similarity,
	.rating = knn_rating,
	.explain = knn_explain,
};

/* ---- training ---- */

extern const ShopperLearner shopper_learner_user_knn;

static void
read_options(const ShopperModel *model, bool implicit, ShopperNeighbourOptions *o, ShopperWeighting *weighting)
{
	const ShopperOptions *options = &model->options;

	o->similarity = shopper_option_is(options, "similarity", "jaccard") ? SHOPPER_JACCARD
		: shopper_option_is(options, "similarity", "adjusted_cosine") ||
		(!implicit && shopper_option_is(options, "similarity", "auto")) ? SHOPPER_ADJUSTED_COSINE : SHOPPER_COSINE;
	o->shrinkage = shopper_option_set(options, "shrinkage") ? shopper_option_number(options, "shrinkage") : implicit ? 0 : 100;
	o->min_common = shopper_option_integer(options, "min_common");
	o->k = shopper_option_integer(options, "k");
	if (!implicit && o->k > 0)	/* which of the neighbours a user has rated is not known yet */
		o->k = o->k > shopper_option_integer(options, "keep") ? o->k : shopper_option_integer(options, "keep");
	*weighting = shopper_option_is(options, "weighting", "binary") ? SHOPPER_WEIGHT_BINARY
		: shopper_option_is(options, "weighting", "tfidf") ? SHOPPER_WEIGHT_TFIDF
		: shopper_option_is(options, "weighting", "bm25") ? SHOPPER_WEIGHT_BM25 : SHOPPER_WEIGHT_NONE;
}

/* Ratings become what is left of them without the means. */
static void
take_biases(const Knn *m, ShopperLines *lines)
{
	for (int64_t u = 0; u < lines->rows; u++)
		for (int64_t i = lines->start[u]; i < lines->start[u + 1]; i++)
			lines->line[i].value = (float) (lines->line[i].value - bias_of(m, u, lines->line[i].code));
}

static ShopperStatus
knn_train(ShopperEnv *env, ShopperModel *model, ShopperPairs *pairs, const ShopperModel *previous)
{
	ShopperNeighbourOptions o;
	ShopperWeighting weighting;
	ShopperLines by_user,
				by_item;
	Knn		   *m;

	(void) previous;			/* neighbours are found anew */
	SHOPPER_NEW0(env, m, 1);
	model->state = m;
	m->users = model->learner == &shopper_learner_user_knn;
	SHOPPER_TRY(shopper_events_start(env, model, pairs, true, &m->events, &by_user, &m->implicit));
	model->n_train = by_user.start[by_user.rows];
	m->k = shopper_option_integer(&model->options, "k");
	read_options(model, m->implicit, &o, &weighting);
	if (m->implicit)
		SHOPPER_TRY(shopper_weigh_lines(env, &by_user, m->events.item.n, weighting));
	else
	{
		SHOPPER_TRY(shopper_biases_fit(env, &by_user, m->events.item.n, shopper_option_number(&model->options, "bias_damping"), &m->biases));
		take_biases(m, &by_user);
	}
	SHOPPER_TRY(shopper_lines_transpose(env, &by_user, m->events.item.n, &by_item));
	SHOPPER_TRY(m->users ? shopper_neighbours_find(env, &by_item, &by_user, &o, &m->lists)
				: shopper_neighbours_find(env, &by_user, &by_item, &o, &m->lists));
	shopper_release(env, by_user.start);
	shopper_release(env, by_user.line);
	shopper_release(env, by_item.start);
	shopper_release(env, by_item.line);
	return finish(env, m);
}

/* ---- storing ---- */

static void
knn_encode(const ShopperModel *model, ShopperWriter *w)
{
	const Knn  *m = model->state;

	shopper_put_u8(w, m->implicit);
	shopper_put_varint(w, (uint64_t) m->k);
	shopper_events_encode(&m->events, w);
	if (!m->implicit)
	{
		shopper_put_f64(w, m->biases.mu);
		shopper_put_f64(w, m->biases.lowest);
		shopper_put_f64(w, m->biases.highest);
		shopper_put_f32s(w, m->biases.user, m->events.user.n);
		shopper_put_f32s(w, m->biases.item, m->events.item.n);
	}
	shopper_neighbours_encode(&m->lists, w);
}

static ShopperStatus
get_biases(ShopperReader *r, Knn *m)
{
	ShopperEnv *env = r->env;

	m->biases.mu = shopper_get_f64(r);
	m->biases.lowest = shopper_get_f64(r);
	m->biases.highest = shopper_get_f64(r);
	if (m->events.user.n + m->events.item.n > (r->end - r->next) / (int64_t) sizeof(float))
		return shopper_bad_bytes(env, "its biases are cut off");
	SHOPPER_NEW(env, m->biases.user, m->events.user.n);
	SHOPPER_NEW(env, m->biases.item, m->events.item.n);
	shopper_get_f32s(r, m->biases.user, m->events.user.n);
	shopper_get_f32s(r, m->biases.item, m->events.item.n);
	if (!isfinite(m->biases.mu) || !(m->biases.lowest <= m->biases.highest) || !isfinite(m->biases.lowest) || !isfinite(m->biases.highest))
		return shopper_bad_bytes(env, "its means are not finite");
	return SHOPPER_OK;
}

static ShopperStatus
knn_decode(ShopperModel *model, ShopperReader *r)
{
	Knn		   *m;

	SHOPPER_NEW0(r->env, m, 1);
	model->state = m;
	m->users = model->learner == &shopper_learner_user_knn;
	m->implicit = shopper_get_u8(r) != 0;
	m->k = (int64_t) (shopper_get_varint(r) & INT64_MAX);
	SHOPPER_TRY(shopper_events_decode(&m->events, r));
	if (m->events.value == NULL)
		return shopper_bad_bytes(r->env, "it has no values of events");
	if (!m->implicit)
		SHOPPER_TRY(get_biases(r, m));
	SHOPPER_TRY(shopper_neighbours_decode(r->env, r, m->users ? m->events.user.n : m->events.item.n, &m->lists));
	return finish(r->env, m);
}

static void
knn_describe(const ShopperModel *model, void (*add) (void *ctx, const char *key, double value), void *ctx)
{
	const Knn  *m = model->state;

	add(ctx, "users", (double) m->events.user.n);
	add(ctx, "items", (double) m->events.item.n);
	add(ctx, m->implicit ? "events" : "ratings", (double) m->events.seen_start[m->events.user.n]);
	add(ctx, "neighbours", (double) m->lists.start[m->lists.n]);
	add(ctx, "implicit", m->implicit);
}

static const ShopperOption knn_options[] = {
	{"k", SHOPPER_INTEGER, "50", 0, 1000000, false, NULL, "neighbours that count; 0: all"},
	{"similarity", SHOPPER_CHOICE, "auto", 0, 0, false, "auto,cosine,adjusted_cosine,jaccard", "auto: cosine of events, of ratings adjusted_cosine (without the means, over common rows)"},
	{"weighting", SHOPPER_CHOICE, "none", 0, 0, false, "none,binary,tfidf,bm25", "events: how weights count in similarities"},
	{"shrinkage", SHOPPER_NUMBER, NULL, 0, 1e9, false, NULL, "similarities are multiplied by n / (n + shrinkage), n in common; not set: 0 of events, 100 of ratings"},
	{"min_common", SHOPPER_INTEGER, "1", 1, 1000000, false, NULL, "fewer in common: no neighbours"},
	{"keep", SHOPPER_INTEGER, "1000", 1, 1000000, false, NULL, "ratings: neighbours stored of each, from which those k are taken that were rated"},
	{"bias_damping", SHOPPER_NUMBER, "10", 0, 1e9, false, NULL, "ratings: pulls the means of users and items to the common one"},
	{"implicit", SHOPPER_BOOLEAN, NULL, 0, 0, false, NULL, "learn from events instead of ratings (the third column is then a weight); not set: when there is no rating"},
	{NULL}
};

const ShopperLearner shopper_learner_item_knn = {
	.number = 14,
	.name = "item_knn",
	.help = "recommendations from similar items",
	.shape = SHOPPER_RATINGS,
	.tasks = SHOPPER_RECOMMEND,
	.options = knn_options,
	.train_ratings = knn_train,
	.encode = knn_encode,
	.decode = knn_decode,
	.describe = knn_describe,
	.recommender = &knn_recommender,
};

const ShopperLearner shopper_learner_user_knn = {
	.number = 15,
	.name = "user_knn",
	.help = "recommendations from similar users",
	.shape = SHOPPER_RATINGS,
	.tasks = SHOPPER_RECOMMEND,
	.options = knn_options,
	.train_ratings = knn_train,
	.encode = knn_encode,
	.decode = knn_decode,
	.describe = knn_describe,
	.recommender = &user_recommender,
};
