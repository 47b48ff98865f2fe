/* content.c: the learner content: items like others by their attributes; see content.h */
#include "content.h"

#include <math.h>
#include <string.h>

#include "best.h"
#include "factors.h"

#define STEPS_PER_POLL 1000000

ShopperStatus
shopper_content_index(ShopperEnv *env, ShopperContent *c)
{
	int64_t		items = c->events.item.n;
	int64_t    *next;

	SHOPPER_NEW0(env, c->posting, c->n_terms + 1);
	SHOPPER_NEW(env, c->posting_item, c->start[items]);
	SHOPPER_NEW(env, c->posting_weight, c->start[items]);
	SHOPPER_NEW(env, next, c->n_terms);
	for (int64_t i = 0; i < c->start[items]; i++)
		c->posting[c->term[i] + 1]++;
	for (int64_t t = 0; t < c->n_terms; t++)
	{
		c->posting[t + 1] += c->posting[t];
		next[t] = c->posting[t];
	}
	SHOPPER_TRY(shopper_poll(env));
	for (int64_t i = 0; i < items; i++)
		for (int64_t k = c->start[i]; k < c->start[i + 1]; k++)
		{
			int64_t		at = next[c->term[k]]++;

			c->posting_item[at] = (int32_t) i;
			c->posting_weight[at] = c->weight[k];
		}
	shopper_release(env, next);
	return SHOPPER_OK;
}

/* ---- scores ---- */

/* The dot product of every item with the profile: terms (n) with their weights, and a dense part. 0 is not a candidate. */
static ShopperStatus
score_profile(ShopperEnv *env, const ShopperContent *c, const int32_t *term, const double *weight, int64_t n, const float *dense, double *score)
{
	const ShopperFactorKernels *kernels = shopper_factor_kernels(-1);
	int64_t		items = c->events.item.n,
				steps = 0;
	float		dot[256];

	memset(score, 0, (size_t) items * sizeof(double));
	for (int64_t from = 0; from < items && c->stride > 0; from += 256)
	{
		int64_t		m = items - from < 256 ? items - from : 256;

		kernels->dots(dense, c->dense + from * c->stride, m, c->stride, dot);
		for (int64_t i = 0; i < m; i++)
			score[from + i] = dot[i];
		SHOPPER_TRY(shopper_poll(env));
	}
	for (int64_t k = 0; k < n; k++)
	{
		for (int64_t i = c->posting[term[k]]; i < c->posting[term[k] + 1]; i++)
			score[c->posting_item[i]] += weight[term[k]] * c->posting_weight[i];
		steps += c->posting[term[k] + 1] - c->posting[term[k]];
		if (steps > STEPS_PER_POLL)
		{
			SHOPPER_TRY(shopper_poll(env));
			steps = 0;
		}
	}
	for (int64_t i = 0; i < items; i++)
		if (score[i] == 0)
			score[i] = -INFINITY;
	return SHOPPER_OK;
}

/* The mean of the similarities to the lines' items, weighted by their ratings. */
static ShopperStatus
content_score_basket(ShopperEnv *env, const ShopperModel *model, const ShopperLine *line, int64_t n, double *score)
{
	const ShopperContent *c = model->state;
	double	   *weight,
				sum = 0;
	unsigned char *there;
	int32_t    *term;
	float	   *dense;
	int64_t		n_terms = 0;

	SHOPPER_NEW0(env, weight, c->n_terms);
	SHOPPER_NEW0(env, there, c->n_terms);
	SHOPPER_NEW(env, term, c->n_terms);
	SHOPPER_TRY(shopper_factor_rows(env, 1, c->stride, &dense));
	for (int64_t i = 0; i < n; i++)
		sum += fabs(line[i].value);
	for (int64_t i = 0; i < n && sum > 0; i++)
	{
		double		part = line[i].value / sum;

		for (int64_t k = c->start[line[i].code]; k < c->start[line[i].code + 1]; k++)
		{
			if (!there[c->term[k]])
				term[n_terms++] = c->term[k];
			there[c->term[k]] = 1;
			weight[c->term[k]] += part * c->weight[k];
		}
		for (int k = 0; k < c->n_dense; k++)
			dense[k] += (float) (part * c->dense[line[i].code * c->stride + k]);
		if (i % 1000 == 0)
			SHOPPER_TRY(shopper_poll(env));
	}
	SHOPPER_TRY(score_profile(env, c, term, weight, n_terms, dense, score));
	shopper_release(env, weight);
	shopper_release(env, there);
	shopper_release(env, term);
	return SHOPPER_OK;
}

static double
content_basket_value(const ShopperModel *model, bool *adds_up)
{
	(void) model;
	*adds_up = false;			/* ratings may be negative: less of this kind */
	return 1;
}

static ShopperStatus
content_similar(ShopperEnv *env, const ShopperModel *model, bool users, int64_t code, double *score)
{
	ShopperLine one = {(int32_t) code, 1};

	if (users)
		return shopper_fail(env, SHOPPER_WRONG_MODEL, "a model of content has no users");
	return content_score_basket(env, model, &one, 1, score);
}

/* ---- pairs of items ---- */

static double
dense_part(const ShopperContent *c, int64_t a, int64_t b, int from, int n)
{
	double		sum = 0;

	for (int k = from; k < from + n; k++)
		sum += (double) c->dense[a * c->stride + k] * c->dense[b * c->stride + k];
	return sum;
}

/* The sum over the terms that both have; each is offered to best. */
static double
common_terms(const ShopperContent *c, int64_t a, int64_t b, ShopperBest *best)
{
	int64_t		i = c->start[a],
				j = c->start[b];
	double		sum = 0;

	while (i < c->start[a + 1] && j < c->start[b + 1])
		if (c->term[i] < c->term[j])
			i++;
		else if (c->term[i] > c->term[j])
			j++;
		else
		{
			double		product = (double) c->weight[i] * c->weight[j];

			if (best != NULL)
				shopper_best_offer(best, product, c->term[i]);
			sum += product;
			i++;
			j++;
		}
	return sum;
}

static ShopperStatus
content_similarity(ShopperEnv *env, const ShopperModel *model, int64_t item, const int64_t *other, int64_t n, double *out)
{
	const ShopperContent *c = model->state;

	for (int64_t i = 0; i < n; i++)
	{
		out[i] = common_terms(c, item, other[i], NULL) + dense_part(c, item, other[i], 0, c->n_dense);
		if (i % 64 == 0)
			SHOPPER_TRY(shopper_poll(env));
	}
	return SHOPPER_OK;
}

ShopperStatus
shopper_content_shared(ShopperEnv *env, const ShopperModel *model, int64_t item, int64_t other, int64_t n, ShopperShared **shared, int64_t *n_shared)
{
	const ShopperContent *c = model->state;
	ShopperBest best = {.n = n};
	int64_t		most;

	*n_shared = 0;
	*shared = NULL;
	if (item < 0 || other < 0 || item >= c->events.item.n || other >= c->events.item.n || n <= 0)
		return SHOPPER_OK;
	most = c->start[item + 1] - c->start[item] + c->n_attributes;
	best.n = n < most ? n : most;
	SHOPPER_NEW(env, best.entry, best.n);
	/* codes behind those of the terms: attributes of the dense part */
	for (int a = 0; a < c->n_attributes; a++)
	{
		const ShopperAttribute *attribute = &c->attribute[a];
		double		part = shopper_has_terms(attribute->kind) ? 0 : dense_part(c, item, other, attribute->first, attribute->n);

		if (part != 0)
			shopper_best_offer(&best, part, c->n_terms + a);
	}
	common_terms(c, item, other, &best);
	*n_shared = shopper_best_sort(&best);
	SHOPPER_NEW(env, *shared, *n_shared);
	for (int64_t i = 0; i < *n_shared; i++)
	{
		ShopperShared *s = &(*shared)[i];
		int64_t		code = best.entry[i].code;

		*s = (ShopperShared) {(int) (code - c->n_terms), -1, best.entry[i].score};
		for (int a = 0; a < c->n_attributes && code < c->n_terms; a++)
			if (code >= c->attribute[a].first_term && code < c->attribute[a].first_term + c->attribute[a].terms.n)
			{
				s->attribute = a;
				s->term = code - c->attribute[a].first_term;
			}
	}
	shopper_release(env, best.entry);
	return SHOPPER_OK;
}

static const ShopperRecommender content_recommender = {
	.score_basket = content_score_basket,
	.basket_value = content_basket_value,
	.similar = content_similar,
	.similarity = content_similarity,
};

/* ---- storing ---- */

static void
content_encode(const ShopperModel *model, ShopperWriter *w)
{
	const ShopperContent *c = model->state;
	int64_t		items = c->events.item.n;

	shopper_events_encode(&c->events, w);
	shopper_put_varint(w, (uint64_t) c->n_attributes);
	for (int a = 0; a < c->n_attributes; a++)
	{
		const ShopperAttribute *attribute = &c->attribute[a];

		shopper_put_string(w, attribute->name);
		shopper_put_u8(w, (uint8_t) attribute->kind);
		shopper_put_f64(w, attribute->weight);
		if (shopper_has_terms(attribute->kind))
		{
			shopper_dictionary_encode(&attribute->terms, true, w);
			continue;
		}
		shopper_put_varint(w, (uint64_t) attribute->n);
		shopper_put_f64(w, attribute->mean);
		shopper_put_f64(w, attribute->scale);
	}
	shopper_put_varint(w, (uint64_t) c->start[items]);
	for (int64_t i = 0; i < items; i++)
	{
		int32_t		last = -1;

		shopper_put_varint(w, (uint64_t) (c->start[i + 1] - c->start[i]));
		for (int64_t k = c->start[i]; k < c->start[i + 1]; k++)
		{
			shopper_put_varint(w, (uint64_t) (c->term[k] - last));
			last = c->term[k];
		}
	}
	shopper_put_f32s(w, c->weight, c->start[items]);
	for (int64_t i = 0; i < items; i++)
		shopper_put_f32s(w, c->dense + i * c->stride, c->n_dense);
}

static ShopperStatus
get_attribute(ShopperContent *c, ShopperAttribute *attribute, ShopperReader *r)
{
	ShopperEnv *env = r->env;
	uint8_t		kind;
	size_t		length;

	attribute->name = shopper_get_text(r, &length);
	kind = shopper_get_u8(r);
	attribute->weight = shopper_get_f64(r);
	if (r->failed || kind > SHOPPER_ATTRIBUTE_VECTOR || !(attribute->weight >= 0 && attribute->weight <= 1e30))
		return shopper_bad_bytes(env, "an attribute is damaged");
	attribute->kind = (ShopperAttributeKind) kind;
	attribute->first_term = c->n_terms;
	if (shopper_has_terms(attribute->kind))
	{
		SHOPPER_TRY(shopper_dictionary_decode(&attribute->terms, env, true, r));
		c->n_terms += attribute->terms.n;
		return c->n_terms > INT32_MAX ? shopper_bad_bytes(env, "it has too many terms") : SHOPPER_OK;
	}
	attribute->n = (int) shopper_get_count(r, c->events.item.n > 0 ? sizeof(float) : 1);
	attribute->mean = shopper_get_f64(r);
	attribute->scale = shopper_get_f64(r);
	if (r->failed || attribute->n < 0 || !isfinite(attribute->mean) || !isfinite(attribute->scale) ||
		(attribute->kind == SHOPPER_ATTRIBUTE_NUMBER && attribute->n != 2 && attribute->n != 0))
		return shopper_bad_bytes(env, "an attribute is damaged");
	attribute->first = c->n_dense;
	c->n_dense += attribute->n;
	return c->n_dense > (1 << 24) ? shopper_bad_bytes(env, "its vectors are too long") : SHOPPER_OK;
}

static ShopperStatus
get_terms(ShopperContent *c, ShopperReader *r)
{
	ShopperEnv *env = r->env;
	int64_t		items = c->events.item.n,
				total = shopper_get_count(r, 5),
				at = 0;

	SHOPPER_NEW0(env, c->start, items + 1);
	SHOPPER_NEW(env, c->term, total);
	SHOPPER_NEW(env, c->weight, total);
	for (int64_t i = 0; i < items; i++)
	{
		int64_t		n = shopper_get_count(r, 1),
					last = -1;

		if (r->failed || n > total - at)
			return shopper_bad_bytes(env, "an item has too many terms");
		for (int64_t k = 0; k < n; k++)
		{
			uint64_t	step = shopper_get_varint(r);

			if (step == 0 || step > (uint64_t) (c->n_terms - 1 - last))
				return shopper_bad_bytes(env, "a term is out of range");
			last += (int64_t) step;
			c->term[at++] = (int32_t) last;
		}
		c->start[i + 1] = at;
	}
	if (r->failed || at != total)
		return shopper_bad_bytes(env, "its terms are damaged");
	shopper_get_f32s(r, c->weight, total);
	for (int64_t i = 0; i < total && !r->failed; i++)
		if (!(fabsf(c->weight[i]) <= 1.001f))
			return shopper_bad_bytes(env, "the weight of a term is out of range");
	return SHOPPER_OK;
}

static ShopperStatus
content_decode(ShopperModel *model, ShopperReader *r)
{
	ShopperEnv *env = r->env;
	ShopperContent *c;
	int64_t		items,
				n;

	SHOPPER_NEW0(env, c, 1);
	model->state = c;
	SHOPPER_TRY(shopper_events_decode(&c->events, r));
	items = c->events.item.n;
	if (c->events.user.n != 0)
		return shopper_bad_bytes(env, "a model of items has users");
	n = shopper_get_count(r, 10);
	if (n > SHOPPER_MAX_ATTRIBUTES)
		return shopper_bad_bytes(env, "it has too many attributes");
	c->n_attributes = (int) n;
	SHOPPER_NEW0(env, c->attribute, n);
	for (int a = 0; a < c->n_attributes; a++)
		SHOPPER_TRY(get_attribute(c, &c->attribute[a], r));
	SHOPPER_TRY(get_terms(c, r));
	c->stride = (c->n_dense + SHOPPER_LANES - 1) / SHOPPER_LANES * SHOPPER_LANES;
	if (c->n_dense > 0 && items > (r->end - r->next) / (int64_t) sizeof(float) / c->n_dense)
		return shopper_bad_bytes(env, "its vectors are cut off");
	SHOPPER_TRY(shopper_factor_rows(env, items, c->stride, &c->dense));
	for (int64_t i = 0; i < items; i++)
	{
		shopper_get_f32s(r, c->dense + i * c->stride, c->n_dense);
		for (int k = 0; k < c->n_dense; k++)
			if (!(fabsf(c->dense[i * c->stride + k]) <= 1.001f))
				return shopper_bad_bytes(env, "a number of an item is out of range");
	}
	return shopper_content_index(env, c);
}

static void
content_describe(const ShopperModel *model, void (*add) (void *ctx, const char *key, double value), void *ctx)
{
	const ShopperContent *c = model->state;

	add(ctx, "items", (double) c->events.item.n);
	add(ctx, "attributes", c->n_attributes);
	add(ctx, "terms", (double) c->n_terms);
	add(ctx, "numbers", c->n_dense);
}

static const ShopperOption content_options[] = {
	{"text", SHOPPER_STRINGS, NULL, 0, 0, false, NULL, "text columns to read word by word; others are categories"},
	{"weights", SHOPPER_STRINGS, NULL, 0, 0, false, NULL, "how much columns count, as in {brand=2,price=0.5}; 1 when not given"},
	{"features", SHOPPER_STRINGS, NULL, 0, 0, false, NULL, "columns to use; all others are ignored"},
	{"exclude", SHOPPER_STRINGS, NULL, 0, 0, false, NULL, "columns to leave out"},
	{"categorical", SHOPPER_STRINGS, NULL, 0, 0, false, NULL, "number and date columns to treat as categories"},
	{NULL}
};

const ShopperLearner shopper_learner_content = {
	.number = 23,
	.name = "content",
	.help = "items that are alike by their attributes",
	.shape = SHOPPER_RATINGS,
	.tasks = SHOPPER_FIND_SIMILAR,
	.options = content_options,
	.encode = content_encode,
	.decode = content_decode,
	.describe = content_describe,
	.recommender = &content_recommender,
};
