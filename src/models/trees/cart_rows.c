/* cart_rows.c: the rows that trees grow from: as integers, and divided by a split. */
#include "cart.h"

#include <math.h>
#include <string.h>

#define MOST_ROWS (1LL << 28)	/* sums of weights stay within 32 bits, bags of at most 15 of a row included */
#define AMOUNT_RANGE 1073741824.0

/* ---- rows as integers ---- */

static ShopperStatus
fix_weights(ShopperEnv *env, const ShopperTable *t, ShopperCartData *d)
{
	double		total = 0;
	bool		whole = true;

	d->weight_unit = 1;
	d->total = (double) d->n;
	if (t->weight == NULL)
		return SHOPPER_OK;
	for (int64_t i = 0; i < d->n; i++)
	{
		total += t->weight[i];
		whole &= t->weight[i] == floor(t->weight[i]);
	}
	if (!whole || total > (double) MOST_ROWS)
		d->weight_unit = total / (double) MOST_ROWS;
	SHOPPER_NEW(env, d->weight, d->n);
	d->total = 0;
	for (int64_t i = 0; i < d->n; i++)
	{
		d->weight[i] = (uint32_t) llrint(t->weight[i] / d->weight_unit);
		d->total += d->weight[i];
	}
	return SHOPPER_OK;
}

static ShopperStatus
fix_amounts(ShopperEnv *env, const ShopperTable *t, ShopperCartData *d)
{
	double		low = INFINITY,
				high = -INFINITY,
				middle;

	for (int64_t i = 0; i < d->n; i++)
	{
		low = t->y[i] < low ? t->y[i] : low;
		high = t->y[i] > high ? t->y[i] : high;
	}
	middle = low / 2 + high / 2;
	d->amount_unit = (high / 2 - low / 2) / AMOUNT_RANGE;
	if (!(d->amount_unit > 0))
		d->amount_unit = 1;
	SHOPPER_NEW(env, d->amount, d->n);
	for (int64_t i = 0; i < d->n; i++)
		d->amount[i] = (int32_t) llrint((t->y[i] - middle) / d->amount_unit);
	return SHOPPER_OK;
}

ShopperStatus
shopper_cart_data(ShopperEnv *env, const ShopperTable *t, const ShopperBins *bins, ShopperCartData *d)
{
	memset(d, 0, sizeof(*d));
	d->bins = bins;
	d->n = t->n_train;
	d->n_classes = t->n_classes;
	d->y_class = t->y_class;
	d->y = t->y;
	d->values = t->n_classes > 2 ? t->n_classes : 1;
	if (d->n > MOST_ROWS)
		return shopper_fail(env, SHOPPER_LIMIT, "trees are grown from at most %lld rows, got %lld", (long long) MOST_ROWS, (long long) d->n);
	SHOPPER_TRY(fix_weights(env, t, d));
	return t->n_classes > 0 ? SHOPPER_OK : fix_amounts(env, t, d);
}

/* ---- dividing ---- */

void
shopper_cart_fill_goes_left(ShopperCart *g, const ShopperCartNode *node)
{
	const ShopperBinColumn *c = &g->data->bins->column[node->column];

	for (int b = 0; b < c->n_bins - 1; b++)
		g->goes_left[b] = c->category ? g->word[node->words + b / 32] >> (b % 32) & 1 : b <= node->last_bin;
	g->goes_left[c->n_bins - 1] = node->missing_left;
}

#define DIVIDE(BINS, MOVE_LOAD) \
	for (int64_t i = from; i < to; i++) \
	{ \
		uint32_t	row = g->row[i]; \
		unsigned	is_left = g->goes_left[(BINS)[row]]; \
		g->row[left] = row; \
		g->spare_row[right] = row; \
		MOVE_LOAD; \
		left += is_left; \
		right += !is_left; \
	}

int64_t
shopper_cart_divide_rows(ShopperCart *g, const ShopperBinColumn *c, int64_t from, int64_t to, bool with_load)
{
	ShopperCartClassLoad *class_load = g->load,
			   *spare_class = g->spare_load;
	ShopperCartAmountLoad *amount_load = g->load,
			   *spare_amount = g->spare_load;
	bool		classes = g->data->n_classes > 0;
	int64_t		left = from,
				right = 0;
	size_t		size = shopper_cart_load_size(g->data);

	if (!with_load && c->bin8 != NULL)
		DIVIDE(c->bin8, (void) 0)
	else if (!with_load)
		DIVIDE(c->bin16, (void) 0)
	else if (classes && c->bin8 != NULL)
		DIVIDE(c->bin8, spare_class[right] = class_load[left] = class_load[i])
	else if (classes)
		DIVIDE(c->bin16, spare_class[right] = class_load[left] = class_load[i])
	else if (c->bin8 != NULL)
		DIVIDE(c->bin8, spare_amount[right] = amount_load[left] = amount_load[i])
	else
		DIVIDE(c->bin16, spare_amount[right] = amount_load[left] = amount_load[i])
	memcpy(g->row + left, g->spare_row, (size_t) right * sizeof(uint32_t));
	if (with_load)
		memcpy((char *) g->load + (size_t) left * size, g->spare_load, (size_t) right * size);
	return left;
}
