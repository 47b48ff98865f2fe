/* screen.c: see screen.h */
#include "screen.h"

#include <math.h>
#include <string.h>

#include "../../core/metrics.h"
#include "../../core/sort.h"
#include "../../core/special.h"

#define NUMBER_BINS 20
#define TARGET_BINS 10
#define MAX_BINS 256

/* Rows in bins, and the values by which they can be ranked. */
typedef struct Binned
{
	int			n_bins;
	int32_t    *bin;			/* (n) */
	double	   *value;			/* (n) of a number, NaN for missing; NULL for categories */
} Binned;

/* Bins of equally many rows, equal values together; NaN gets the last bin. */
static ShopperStatus
bin_numbers(ShopperEnv *env, const double *value, int64_t n, int bins, Binned *b)
{
	uint64_t   *key;
	uint32_t   *order;
	int64_t		present = 0;
	int			now = -1,
				wanted = -1;

	SHOPPER_NEW(env, key, n);
	SHOPPER_NEW(env, order, n);
	SHOPPER_NEW(env, b->bin, n);
	for (int64_t i = 0; i < n; i++)
	{
		key[i] = shopper_sortable(value[i]);
		present += value[i] == value[i];
	}
	SHOPPER_TRY(shopper_sort_order(env, key, order, n));
	for (int64_t i = 0; i < present; i++)
	{
		if (i == 0 || key[order[i]] != key[order[i - 1]])
		{
			int			next = (int) (i * bins / present);

			now += next != wanted;
			wanted = next;
		}
		b->bin[order[i]] = now;
	}
	b->n_bins = now + 1;
	for (int64_t i = present; i < n; i++)
		b->bin[order[i]] = now + 1;
	b->n_bins += present < n;
	shopper_release(env, key);
	shopper_release(env, order);
	return SHOPPER_OK;
}

static ShopperStatus
bin_number_column(ShopperEnv *env, const ShopperTable *t, int j, Binned *b)
{
	SHOPPER_NEW(env, b->value, t->n);
	for (int64_t i = 0; i < t->n; i++)
		b->value[i] = t->wide ? t->dense[j][i] : (double) t->dense32[j][i];
	return bin_numbers(env, b->value, t->n, NUMBER_BINS, b);
}

static ShopperStatus
bin_category(ShopperEnv *env, const ShopperTable *t, const ShopperCategory *c, int k, Binned *b)
{
	b->value = NULL;
	b->n_bins = c->n_levels < MAX_BINS ? c->n_levels + 1 : MAX_BINS;
	SHOPPER_NEW(env, b->bin, t->n);
	for (int64_t i = 0; i < t->n; i++)
	{
		int32_t		code = t->lookup[k][i];

		b->bin[i] = code < 0 || code >= b->n_bins - 1 ? b->n_bins - 1 : code;
	}
	return SHOPPER_OK;
}

static ShopperStatus
bin_target(ShopperEnv *env, const ShopperTable *t, Binned *b)
{
	if (t->y_class == NULL)
		return bin_numbers(env, t->y, t->n, TARGET_BINS, b);
	b->n_bins = t->n_classes;
	b->bin = t->y_class;
	return SHOPPER_OK;
}

/* ---- mutual information ---- */

static ShopperStatus
mutual_information(ShopperEnv *env, const Binned *x, const Binned *y, int64_t n, ShopperScreen *s)
{
	double	   *count,
			   *row,
			   *column,
				sum = 0;
	int			rows = 0,
				columns = 0;

	SHOPPER_NEW0(env, count, (size_t) x->n_bins * (size_t) y->n_bins);
	SHOPPER_NEW0(env, row, x->n_bins);
	SHOPPER_NEW0(env, column, y->n_bins);
	for (int64_t i = 0; i < n; i++)
	{
		count[(int64_t) x->bin[i] * y->n_bins + y->bin[i]]++;
		row[x->bin[i]]++;
		column[y->bin[i]]++;
	}
	for (int a = 0; a < x->n_bins; a++)
		rows += row[a] > 0;
	for (int b = 0; b < y->n_bins; b++)
		columns += column[b] > 0;
	for (int a = 0; a < x->n_bins; a++)
		for (int b = 0; b < y->n_bins; b++)
		{
			double		c = count[(int64_t) a * y->n_bins + b];

			if (c > 0)
				sum += c * log(c * (double) n / (row[a] * column[b]));
		}
	s->constant = rows < 2;
	s->mutual_information = sum > 0 ? sum / (double) n : 0;
	s->p_value = rows > 1 && columns > 1 ? shopper_chi_square_tail(2 * sum, (double) (rows - 1) * (columns - 1)) : 1;
	shopper_release(env, count);
	shopper_release(env, row);
	shopper_release(env, column);
	return SHOPPER_OK;
}

/* ---- strength ---- */

/* The share of positive rows of each bin, as a score of its rows. */
static ShopperStatus
rates(ShopperEnv *env, const Binned *x, const double *y, int64_t n, double *score)
{
	double	   *sum,
			   *count;

	SHOPPER_NEW0(env, sum, x->n_bins);
	SHOPPER_NEW0(env, count, x->n_bins);
	for (int64_t i = 0; i < n; i++)
	{
		sum[x->bin[i]] += y[i];
		count[x->bin[i]]++;
	}
	for (int64_t i = 0; i < n; i++)
		score[i] = sum[x->bin[i]] / count[x->bin[i]];
	shopper_release(env, sum);
	shopper_release(env, count);
	return SHOPPER_OK;
}

/* Numbers are ranked by themselves, either way, where they are not missing; categories by their rates. */
static ShopperStatus
two_class_strength(ShopperEnv *env, const ShopperTable *t, const Binned *x, double *strength)
{
	uint8_t    *positive;
	double	   *score,
			   *y,
				auc;
	int64_t		n = 0;

	SHOPPER_NEW(env, positive, t->n);
	SHOPPER_NEW(env, score, t->n);
	SHOPPER_NEW(env, y, t->n);
	for (int64_t i = 0; i < t->n; i++)
		y[i] = t->y_class[i] == 1;
	if (x->value == NULL)
		SHOPPER_TRY(rates(env, x, y, t->n, score));
	for (int64_t i = 0; i < t->n; i++)
	{
		if (x->value != NULL && x->value[i] != x->value[i])
			continue;
		if (x->value != NULL)
			score[n] = x->value[i];
		positive[n++] = t->y_class[i] == 1;
	}
	SHOPPER_TRY(shopper_auc(env, n, positive, score, NULL, &auc));
	*strength = auc == auc ? fmax(auc, 1 - auc) : 0.5;
	shopper_release(env, positive);
	shopper_release(env, score);
	shopper_release(env, y);
	return SHOPPER_OK;
}

/* Accuracy of saying the most frequent class of each bin. */
static ShopperStatus
guess_strength(ShopperEnv *env, const ShopperTable *t, const Binned *x, double *strength)
{
	int64_t    *count,
				right = 0;

	SHOPPER_NEW0(env, count, (size_t) x->n_bins * (size_t) t->n_classes);
	for (int64_t i = 0; i < t->n; i++)
		count[(int64_t) x->bin[i] * t->n_classes + t->y_class[i]]++;
	for (int b = 0; b < x->n_bins; b++)
	{
		int64_t		most = 0;

		for (int c = 0; c < t->n_classes; c++)
			most = count[(int64_t) b * t->n_classes + c] > most ? count[(int64_t) b * t->n_classes + c] : most;
		right += most;
	}
	*strength = (double) right / (double) t->n;
	shopper_release(env, count);
	return SHOPPER_OK;
}

/* Squared correlation of a number with the amount where it is not missing; of a category's means. */
static ShopperStatus
amount_strength(ShopperEnv *env, const ShopperTable *t, const Binned *x, double *strength)
{
	double	   *score,
				n = 0,
				mx = 0,
				my = 0,
				xx = 0,
				xy = 0,
				yy = 0;

	SHOPPER_NEW(env, score, t->n);
	if (x->value == NULL)
		SHOPPER_TRY(rates(env, x, t->y, t->n, score));
	else
		memcpy(score, x->value, (size_t) t->n * sizeof(double));
	for (int64_t i = 0; i < t->n; i++)	/* Welford 1962 */
	{
		double		dx,
					dy;

		if (score[i] != score[i])
			continue;
		n++;
		dx = score[i] - mx;
		dy = t->y[i] - my;
		mx += dx / n;
		my += dy / n;
		xx += dx * (score[i] - mx);
		xy += dx * (t->y[i] - my);
		yy += dy * (t->y[i] - my);
	}
	*strength = xx > 0 && yy > 0 ? xy * xy / (xx * yy) : 0;
	shopper_release(env, score);
	return SHOPPER_OK;
}

/* ---- a column ---- */

static ShopperStatus
screen_one(ShopperEnv *env, const ShopperTable *t, const Binned *x, const Binned *y, ShopperScreen *s)
{
	SHOPPER_TRY(mutual_information(env, x, y, t->n, s));
	/* a category with nearly a level a row says nothing about others */
	if (x->value == NULL && x->n_bins > t->n / 20)
		return SHOPPER_OK;
	return t->y_class == NULL ? amount_strength(env, t, x, &s->strength)
		: t->n_classes == 2 ? two_class_strength(env, t, x, &s->strength)
		: guess_strength(env, t, x, &s->strength);
}

ShopperStatus
shopper_screen_column(ShopperEnv *env, const ShopperTable *t, const ShopperSpec *spec, int column, ShopperScreen *s)
{
	const ShopperColumn *c = &spec->column[column];
	Binned		y = {0};

	*s = (ShopperScreen) {.constant = true,.p_value = 1};
	SHOPPER_TRY(bin_target(env, t, &y));
	for (int k = 0; k < c->n; k++)
	{
		Binned		x = {0};
		ShopperScreen one = {.p_value = 1};

		if (c->kind == SHOPPER_KIND_CATEGORY)
		{
			SHOPPER_TRY(bin_category(env, t, &spec->category[c->first], c->first, &x));
			s->n_levels = spec->category[c->first].n_levels;
			s->capped = spec->category[c->first].other_code >= 0;
			for (int64_t i = 0; i < t->n; i++)
				s->n_missing += t->lookup[c->first][i] == spec->category[c->first].null_code || t->lookup[c->first][i] < 0;
		}
		else
		{
			SHOPPER_TRY(bin_number_column(env, t, c->first + k, &x));
			for (int64_t i = 0; k == 0 && i < t->n; i++)
				s->n_missing += x.value[i] != x.value[i];
		}
		SHOPPER_TRY(screen_one(env, t, &x, &y, &one));
		s->constant &= one.constant;
		s->mutual_information = fmax(s->mutual_information, one.mutual_information);
		s->p_value = fmin(s->p_value, one.p_value);
		s->strength = fmax(s->strength, one.strength);
		shopper_release(env, x.bin);
		shopper_release(env, x.value);
		SHOPPER_TRY(shopper_poll(env));
	}
	if (y.bin != t->y_class)
		shopper_release(env, y.bin);
	return SHOPPER_OK;
}
