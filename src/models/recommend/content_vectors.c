/* content_vectors.c: from rows of attributes to the vectors of content.h */
#include <math.h>
#include <string.h>

#include "../../core/sort.h"
#include "../../core/special.h"
#include "content.h"
#include "factors.h"

#define ROWS_PER_POLL 1000

/* Attributes without weight, as those that hold the item's id: nothing points to them. */
static void
drop_attributes(ShopperContent *c)
{
	int			used = 0;

	for (int a = 0; a < c->n_attributes; a++)
		if (c->attribute[a].weight > 0)
			c->attribute[used++] = c->attribute[a];
	c->n_attributes = used;
}

/* Terms by value; new_code (n) from old ones, -1 for those of one item; the dictionary keeps the others. */
static ShopperStatus
number_terms(ShopperEnv *env, ShopperAttribute *attribute, int32_t **rank, int32_t **kept, int64_t *n_kept)
{
	ShopperDictionary *d = &attribute->terms;
	uint32_t   *by_value,
			   *by_count,
			   *again;
	int64_t		n = d->n;

	SHOPPER_TRY(shopper_dictionary_sort(d, SHOPPER_BY_VALUE, &by_value));
	SHOPPER_NEW(env, *rank, n);
	SHOPPER_NEW(env, *kept, n);
	*n_kept = 0;
	for (int64_t i = 0; i < n; i++)
		(*rank)[i] = (int32_t) by_value[i];
	for (int64_t i = 0; i < n; i++)
		(*kept)[i] = d->count[i] > 1 && attribute->weight > 0 ? (int32_t) (*n_kept)++ : -1;
	shopper_release(env, by_value);
	if (*n_kept == n)
		return SHOPPER_OK;
	SHOPPER_TRY(shopper_dictionary_sort(d, SHOPPER_BY_COUNT, &by_count));
	SHOPPER_TRY(shopper_dictionary_truncate(d, *n_kept));
	SHOPPER_TRY(shopper_dictionary_sort(d, SHOPPER_BY_VALUE, &again));
	shopper_release(env, by_count);
	shopper_release(env, again);
	return SHOPPER_OK;
}

typedef struct Numbering
{
	int32_t   **rank;			/* (attributes) (codes of arrival) place among all terms by value */
	int32_t   **kept;			/* (attributes) (rank) code that is kept, or -1 */
	int64_t   **count;			/* (attributes) (rank) items */
} Numbering;

static ShopperStatus
number_all(ShopperEnv *env, ShopperContent *c, Numbering *numbering)
{
	SHOPPER_NEW0(env, numbering->rank, c->n_attributes);
	SHOPPER_NEW0(env, numbering->kept, c->n_attributes);
	SHOPPER_NEW0(env, numbering->count, c->n_attributes);
	for (int a = 0; a < c->n_attributes; a++)
	{
		ShopperAttribute *attribute = &c->attribute[a];
		int64_t		n = attribute->terms.n,
				   *arrival,
					n_kept = 0;

		attribute->first_term = c->n_terms;
		if (!shopper_has_terms(attribute->kind))
			continue;
		SHOPPER_NEW(env, arrival, n);
		SHOPPER_NEW(env, numbering->count[a], n);
		memcpy(arrival, attribute->terms.count, (size_t) n * sizeof(int64_t));
		SHOPPER_TRY(number_terms(env, attribute, &numbering->rank[a], &numbering->kept[a], &n_kept));
		for (int64_t i = 0; i < n; i++)
			numbering->count[a][numbering->rank[a][i]] = arrival[i];
		shopper_release(env, arrival);
		c->n_terms += n_kept;
	}
	return SHOPPER_OK;
}

/* What a term counts before its part is brought to length 1. */
static double
term_weight(const ShopperContent *c, const ShopperAttribute *attribute, double times, int64_t items_with)
{
	double		idf = 1 + log((1 + (double) c->events.item.n) / (1 + (double) items_with));

	return attribute->kind == SHOPPER_ATTRIBUTE_CATEGORY ? 1 : attribute->kind == SHOPPER_ATTRIBUTE_BAG ? idf : (1 + log(times)) * idf;
}

/* The terms of one row, of one attribute: entries [from, to), with ranks and sorted. */
static void
add_part(ShopperContent *c, const Numbering *numbering, int a, const uint64_t *entry, const float *times, int64_t n, double size, int64_t *used)
{
	double		squares = 0;

	for (int64_t i = 0; i < n; i++)
	{
		double		w = term_weight(c, &c->attribute[a], times[i], numbering->count[a][entry[i] & 0xffffffff]);

		squares += w * w;
	}
	for (int64_t i = 0; i < n; i++)
	{
		int64_t		rank = (int64_t) (entry[i] & 0xffffffff);

		if (numbering->kept[a][rank] < 0)
			continue;
		c->term[*used] = (int32_t) (c->attribute[a].first_term + numbering->kept[a][rank]);
		c->weight[(*used)++] = (float) (size * term_weight(c, &c->attribute[a], times[i], numbering->count[a][rank]) / sqrt(squares));
	}
}

/* Of row `row`, to the end of the lists: entries in the order of their values. */
static ShopperStatus
add_row(ShopperEnv *env, ShopperContentIntake *in, const Numbering *numbering, int64_t row, double weights, int64_t *used)
{
	ShopperContent *c = in->content;
	int64_t		from = in->start[row],
				n = in->start[row + 1] - from,
				to;
	uint64_t   *entry,
			   *key;
	uint32_t   *order;
	float	   *times;

	SHOPPER_NEW(env, entry, n);
	SHOPPER_NEW(env, key, n);
	SHOPPER_NEW(env, order, n);
	SHOPPER_NEW(env, times, n);
	for (int64_t i = 0; i < n; i++)
	{
		uint64_t	a = in->entry[from + i] >> 32;

		key[i] = a << 32 | (uint32_t) numbering->rank[a][in->entry[from + i] & 0xffffffff];
	}
	SHOPPER_TRY(shopper_sort_order(env, key, order, n));
	for (int64_t i = 0; i < n; i++)
	{
		entry[i] = key[order[i]];
		times[i] = in->times[from + order[i]];
	}
	for (int64_t i = 0; i < n; i = to)
	{
		int			a = (int) (entry[i] >> 32);

		for (to = i; to < n && (int) (entry[to] >> 32) == a; to++)
			;
		if (c->attribute[a].weight > 0)
			add_part(c, numbering, a, entry + i, times + i, to - i, sqrt(c->attribute[a].weight / weights), used);
	}
	shopper_release(env, entry);
	shopper_release(env, key);
	shopper_release(env, order);
	shopper_release(env, times);
	return SHOPPER_OK;
}

static ShopperStatus
learn_scale(ShopperEnv *env, const ShopperContentIntake *in, const uint32_t *row, int a)
{
	ShopperAttribute *attribute = &in->content->attribute[a];
	const double *x = in->number[a];
	double		sum = 0,
				squares = 0,
				n = 0;

	for (int64_t i = 0; i < in->n; i++)
		if (x[row[i]] == x[row[i]])
		{
			sum += x[row[i]];
			n++;
		}
	attribute->mean = n > 0 ? sum / n : 0;
	SHOPPER_TRY(shopper_poll(env));
	for (int64_t i = 0; i < in->n; i++)
		if (x[row[i]] == x[row[i]])
			squares += (x[row[i]] - attribute->mean) * (x[row[i]] - attribute->mean);
	attribute->scale = n > 0 && squares > 0 ? sqrt(squares / n) : 1;
	if (!isfinite(attribute->mean) || !isfinite(attribute->scale))
		return shopper_fail(env, SHOPPER_BAD_DATA, "numbers of column \"%.60s\" are too large", attribute->name);
	return SHOPPER_OK;
}

/* The dense part of the item in row x (n numbers). */
static void
add_dense(const ShopperAttribute *attribute, const double *x, double size, float *to)
{
	double		squares = 0;

	if (attribute->kind == SHOPPER_ATTRIBUTE_NUMBER)
	{
		double		turn = 1.5707963267948966 * shopper_normal_cdf((x[0] - attribute->mean) / attribute->scale);

		to[0] = x[0] == x[0] ? (float) (size * cos(turn)) : 0;
		to[1] = x[0] == x[0] ? (float) (size * sin(turn)) : 0;
		return;
	}
	for (int i = 0; i < attribute->n; i++)
		squares += x[i] * x[i];
	for (int i = 0; i < attribute->n; i++)
		to[i] = squares > 0 ? (float) (size * x[i] / sqrt(squares)) : 0;	/* NaN is not above 0 */
}

/* The dense parts; row: where item i was. */
static ShopperStatus
fill_dense(ShopperEnv *env, const ShopperContentIntake *in, const uint32_t *row, double weights)
{
	ShopperContent *c = in->content;

	for (int a = 0; a < c->n_attributes; a++)
	{
		ShopperAttribute *attribute = &c->attribute[a];

		if (shopper_has_terms(attribute->kind))
			continue;
		if (attribute->weight == 0 || in->number[a] == NULL)
		{
			attribute->n = 0;
			continue;
		}
		if (attribute->kind == SHOPPER_ATTRIBUTE_NUMBER)
		{
			SHOPPER_TRY(learn_scale(env, in, row, a));
			attribute->n = 2;
		}
		attribute->first = c->n_dense;
		c->n_dense += attribute->n;
	}
	c->stride = (c->n_dense + SHOPPER_LANES - 1) / SHOPPER_LANES * SHOPPER_LANES;
	SHOPPER_TRY(shopper_factor_rows(env, in->n, c->stride, &c->dense));
	for (int a = 0; a < c->n_attributes; a++)
	{
		const ShopperAttribute *attribute = &c->attribute[a];
		int64_t		width = attribute->kind == SHOPPER_ATTRIBUTE_NUMBER ? 1 : attribute->n;

		for (int64_t i = 0; i < in->n && attribute->n > 0 && !shopper_has_terms(attribute->kind); i++)
		{
			add_dense(attribute, in->number[a] + row[i] * width, sqrt(attribute->weight / weights), c->dense + i * c->stride + attribute->first);
			if (i % ROWS_PER_POLL == 0)
				SHOPPER_TRY(shopper_poll(env));
		}
	}
	return SHOPPER_OK;
}

ShopperStatus
shopper_content_finish(ShopperEnv *env, ShopperModel *model, ShopperContentIntake *in)
{
	ShopperContent *c = in->content;
	Numbering	numbering = {0};
	uint32_t   *new_code,
			   *row;
	double		weights = 0;
	int64_t		used = 0;

	if (in->n == 0)
		return shopper_fail(env, SHOPPER_BAD_DATA, "there are no items to learn from");
	for (int a = 0; a < c->n_attributes; a++)
	{
		if (in->is_id[a])
			c->attribute[a].weight = 0;
		weights += c->attribute[a].weight;
	}
	if (!(weights > 0))
		return shopper_fail(env, SHOPPER_BAD_DATA, "the items have no attribute beside their id");
	SHOPPER_TRY(shopper_dictionary_sort(&c->events.item, SHOPPER_BY_VALUE, &new_code));
	SHOPPER_NEW(env, row, in->n);
	for (int64_t i = 0; i < in->n; i++)
		row[new_code[i]] = (uint32_t) i;
	shopper_release(env, new_code);
	SHOPPER_NEW0(env, c->events.seen_start, 1);
	SHOPPER_NEW(env, c->events.seen, 0);
	SHOPPER_NEW0(env, c->events.popularity, in->n);
	SHOPPER_TRY(number_all(env, c, &numbering));
	SHOPPER_NEW(env, c->start, in->n + 1);
	SHOPPER_NEW(env, c->term, in->entries);
	SHOPPER_NEW(env, c->weight, in->entries);
	for (int64_t i = 0; i < in->n; i++)
	{
		c->start[i] = used;
		SHOPPER_TRY(add_row(env, in, &numbering, row[i], weights, &used));
		if (i % ROWS_PER_POLL == 0)
			SHOPPER_TRY(shopper_poll(env));
	}
	c->start[in->n] = used;
	SHOPPER_TRY(fill_dense(env, in, row, weights));
	shopper_release(env, row);
	drop_attributes(c);
	model->n_rows = model->n_train = in->n;
	return shopper_content_index(env, c);
}
