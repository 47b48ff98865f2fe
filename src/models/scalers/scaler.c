/*
 * scaler.c: the learners scaler() and encoder(); see scaler.h. Missing values are left out of all figures.
 *
 * Memory: 8 bytes a number of the table; with quantiles 12 bytes a row more.
 */
#include "scaler.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../../core/sort.h"
#include "../../core/special.h"

#define LEAST 1e-7				/* the tails of a normal distribution of quantiles end here */

static const ShopperOption scaler_options[] = {
	{"method", SHOPPER_CHOICE, "standard", 0, 0, false, "standard,min_max,robust,quantile,none", "numbers to mean 0 and deviation 1, to 0..1, by median and quartiles, by their rank, or as they are"},
	{"distribution", SHOPPER_CHOICE, "uniform", 0, 0, false, "uniform,normal", "of method quantile: even from 0 to 1, or normal"},
	{"quantiles", SHOPPER_INTEGER, "1000", 2, 100000, false, NULL, "of method quantile: how many are kept; ranks between them are interpolated"},
	{"impute", SHOPPER_CHOICE, "none", 0, 0, false, "none,median,mean,zero,nearest", "what a missing number becomes; none: it stays missing; nearest: the mean of the nearest rows that have it"},
	{"neighbours", SHOPPER_INTEGER, "5", 1, SHOPPER_MAX_NEIGHBOURS, false, NULL, "of impute nearest: how many rows"},
	{"donors", SHOPPER_INTEGER, "10000", 1, 1000000, false, NULL, "of impute nearest: how many training rows the model keeps, at random"},
	{"one_hot", SHOPPER_BOOLEAN, "false", 0, 0, false, NULL, "scale_array() ends with a 0 or 1 for each level of each category"},
	{NULL}
};

static const ShopperOption encoder_options[] = {
	{"method", SHOPPER_CHOICE, "one_hot", 0, 0, false, "one_hot,ordinal,frequency", "a 0 or 1 for each level, 0 1 2 and so on, or the share of rows that have it"},
	{"sort", SHOPPER_CHOICE, "frequency", 0, 0, false, "frequency,value", "of method ordinal: the most frequent level is 0, or the first by its bytes"},
	{NULL}
};

/* ---- one number ---- */

static bool
is_cyclic(const ShopperSpec *spec, int j)
{
	ShopperKind kind = spec->column[spec->number[j].column].kind;

	return (kind == SHOPPER_KIND_DATE || kind == SHOPPER_KIND_TIMESTAMP) && spec->number[j].part != SHOPPER_PART_DAYS;
}

/*
 * The share of values up to x, by linear interpolation between the quantiles; of a value that many quantiles have the
 * middle of these.
 */
static double
rank_of(const double *q, int n, double x)
{
	int			low = 0,
				high = n;		/* becomes the number of quantiles <= x */
	int			first;

	if (x <= q[0])
		return 0;
	if (x >= q[n - 1])
		return 1;
	while (low < high)
	{
		int			middle = (low + high) / 2;

		if (q[middle] <= x)
			low = middle + 1;
		else
			high = middle;
	}
	if (q[high - 1] < x)
		return (high - 1 + (x - q[high - 1]) / (q[high] - q[high - 1])) / (n - 1);
	for (low = 0, first = high - 1; low < first;)
	{
		int			middle = (low + first) / 2;

		if (q[middle] < x)
			low = middle + 1;
		else
			first = middle;
	}
	return 0.5 * (first + high - 1) / (n - 1);
}

double
shopper_scale_number(const ShopperModel *model, int j, double x)
{
	const ShopperScaler *s = shopper_scaler_of(model);
	double		p;

	x = x != x && s->neighbours == 0 ? s->fill[j] : x;
	if (x != x || s->n_quantiles == 0 || is_cyclic(model->spec, j))
		return (x - s->centre[j]) / s->scale[j];
	p = rank_of(s->quantile + (int64_t) j * s->n_quantiles, s->n_quantiles, x);
	return s->normal ? shopper_normal_quantile(p < LEAST ? LEAST : p > 1 - LEAST ? 1 - LEAST : p) : p;
}

double
shopper_unscale_number(const ShopperModel *model, int j, double z)
{
	const ShopperScaler *s = shopper_scaler_of(model);
	const double *q;
	double		p = s->normal ? shopper_normal_cdf(z) : z,
				at = p * (s->n_quantiles - 1);
	int			i;

	if (z != z || s->n_quantiles == 0 || is_cyclic(model->spec, j))
		return z * s->scale[j] + s->centre[j];
	q = s->quantile + (int64_t) j * s->n_quantiles;
	if (p <= (s->normal ? 1.000001 * LEAST : 0))
		return q[0];
	if (p >= (s->normal ? 1 - 1.000001 * LEAST : 1))
		return q[s->n_quantiles - 1];
	i = (int) at;
	return q[i] + (at - i) * (q[i + 1] - q[i]);
}

/* ---- categories ---- */

double
shopper_scale_level(const ShopperModel *model, int k, int32_t code)
{
	const ShopperCategory *c = &model->spec->category[k];
	double		rows = 0;

	if (shopper_scaler_of(model)->coding == SHOPPER_CODING_ORDINAL)
		return code < 0 || code >= c->n_levels || code == c->null_code ? NAN : shopper_scaler_of(model)->rank[k][code];
	for (int l = 0; l < c->n_levels; l++)
		rows += (double) c->count[l];
	return code < 0 || code >= c->n_levels || rows == 0 ? 0 : (double) c->count[code] / rows;
}

int32_t
shopper_unscale_level(const ShopperModel *model, int k, double z)
{
	const ShopperCategory *c = &model->spec->category[k];
	int32_t		best = -1;

	for (int32_t l = 0; l < c->n_levels && z == z; l++)
		if (l != c->null_code && (best < 0 || fabs(shopper_scaler_of(model)->rank[k][l] - z) < fabs(shopper_scaler_of(model)->rank[k][best] - z)))
			best = l;
	return best;
}

static int
outputs(const ShopperModel *model)
{
	const ShopperSpec *spec = model->spec;
	ShopperCoding coding = shopper_scaler_of(model)->coding;

	return coding == SHOPPER_CODING_NONE ? spec->n_numbers
		: coding == SHOPPER_CODING_ONE_HOT ? spec->n_numbers + spec->width - spec->n_dense : spec->n_numbers + spec->n_categories;
}

void
shopper_scale_row(const ShopperModel *model, const double *dense, const int32_t *lookup, double *out)
{
	const ShopperSpec *spec = model->spec;
	ShopperCoding coding = shopper_scaler_of(model)->coding;
	double	   *blocks = out + spec->n_numbers;

	for (int j = 0; j < spec->n_numbers; j++)
		out[j] = shopper_scale_number(model, j, dense[j]);
	if (shopper_scaler_of(model)->neighbours > 0)
		shopper_impute_nearest(model, out);
	if (coding == SHOPPER_CODING_ONE_HOT)
		memset(blocks, 0, sizeof(double) * (size_t) (spec->width - spec->n_dense));
	for (int k = 0; k < spec->n_categories && coding != SHOPPER_CODING_NONE; k++)
		if (coding != SHOPPER_CODING_ONE_HOT)
			blocks[k] = shopper_scale_level(model, k, lookup[k]);
		else if (lookup[k] >= 0 && lookup[k] < spec->category[k].size)
			blocks[spec->category[k].offset - spec->n_dense + lookup[k]] = 1;
}

/* ---- training ---- */

/* Quantiles by linear interpolation between the sorted values: the definition that most programs use. */
static ShopperStatus
find_quantiles(ShopperEnv *env, const ShopperTable *t, int j, int n, uint32_t *order, double *quantile)
{
	int64_t		present = t->n;

	SHOPPER_TRY(shopper_sort_doubles(env, t->dense[j], order, t->n));
	while (present > 0 && t->dense[j][order[present - 1]] != t->dense[j][order[present - 1]])
		present--;
	for (int i = 0; i < n && present > 0; i++)
	{
		double		at = (double) i / (n - 1) * (double) (present - 1);
		int64_t		low = (int64_t) at,
					high = low + 1 < present ? low + 1 : low;
		double		a = t->dense[j][order[low]],
					b = t->dense[j][order[high]];

		quantile[i] = a + (at - (double) low) * (b - a);
		if (i > 0 && quantile[i] < quantile[i - 1])
			quantile[i] = quantile[i - 1];
	}
	return SHOPPER_OK;
}

static void
find_scale(const ShopperOptions *o, const ShopperTable *t, const ShopperSpec *spec, int j, ShopperScaler *s)
{
	const ShopperNumber *number = &spec->number[j];
	int64_t		present = t->n_train - number->n_missing;
	const char *impute = shopper_option_text(o, "impute");

	s->fill[j] = strcmp(impute, "median") == 0 ? shopper_table_quantile(t, j, 0.5) : strcmp(impute, "mean") == 0 || strcmp(impute, "nearest") == 0 ? number->mean
		: strcmp(impute, "zero") == 0 ? 0 : NAN;
	if (is_cyclic(spec, j))
		return;
	if (shopper_option_is(o, "method", "standard"))
	{
		s->centre[j] = number->mean;
		/* of the column with missing values at the mean: less than that of the present ones */
		s->scale[j] = number->high > number->low ? number->scale * sqrt((double) t->n_train / (double) present) : 1;
	}
	else if (shopper_option_is(o, "method", "min_max"))
	{
		s->centre[j] = number->low;
		s->scale[j] = number->high - number->low;
	}
	else if (shopper_option_is(o, "method", "robust"))
	{
		s->centre[j] = shopper_table_quantile(t, j, 0.5);
		s->scale[j] = shopper_table_quantile(t, j, 0.75) - shopper_table_quantile(t, j, 0.25);
	}
	if (!(s->scale[j] > 0))
		s->scale[j] = 1;
}

/* The first rows, which are a random sample. */
static ShopperStatus
keep_donors(ShopperEnv *env, const ShopperModel *model, const ShopperTable *t, ShopperScaler *s)
{
	int64_t		most = shopper_option_integer(&model->options, "donors");
	int			d = model->spec->n_numbers;

	if (d > SHOPPER_MAX_WIDTH)
		return shopper_fail(env, SHOPPER_LIMIT, "the rows have %d numbers, impute => 'nearest' takes at most %d", d, SHOPPER_MAX_WIDTH);
	s->n_donors = most < t->n ? most : t->n;
	SHOPPER_NEW(env, s->donor, s->n_donors * d);
	for (int j = 0; j < d; j++)
	{
		for (int64_t i = 0; i < s->n_donors; i++)
			s->donor[i * d + j] = t->dense[j][i] == t->dense[j][i] ? shopper_scale_number(model, j, t->dense[j][i]) : NAN;
		SHOPPER_TRY(shopper_poll(env));
	}
	s->neighbours = (int) shopper_option_integer(&model->options, "neighbours");
	return SHOPPER_OK;
}

static ShopperStatus
make_arrays(ShopperEnv *env, const ShopperSpec *spec, ShopperScaler *s)
{
	SHOPPER_NEW0(env, s->centre, spec->n_numbers);
	SHOPPER_NEW(env, s->scale, spec->n_numbers);
	SHOPPER_NEW(env, s->fill, spec->n_numbers);
	SHOPPER_NEW0(env, s->quantile, (int64_t) spec->n_numbers * s->n_quantiles);
	for (int j = 0; j < spec->n_numbers; j++)
	{
		s->scale[j] = 1;
		s->fill[j] = NAN;
	}
	return SHOPPER_OK;
}

typedef struct Level
{
	const ShopperDictionary *levels;
	int32_t		code;
} Level;

static int
by_bytes(const void *a, const void *b)
{
	const Level *x = a,
			   *y = b;
	const ShopperDictionary *d = x->levels;
	int32_t		m = d->length[x->code],
				n = d->length[y->code];
	int			c = memcmp(d->bytes + d->start[x->code], d->bytes + d->start[y->code], (size_t) (m < n ? m : n));

	return c != 0 ? c : (m > n) - (m < n);
}

/* Codes of levels are by falling count already. By value: by the bytes of their texts. The level of the rare ones stays behind. */
static ShopperStatus
rank_levels(ShopperEnv *env, const ShopperModel *model, ShopperScaler *s)
{
	const ShopperSpec *spec = model->spec;
	const ShopperOptionValue *sort = shopper_option_find(&model->options, "sort");
	bool		by_value = sort != NULL && strcmp(sort->text, "value") == 0;

	SHOPPER_NEW0(env, s->rank, spec->n_categories);
	for (int k = 0; k < spec->n_categories; k++)
	{
		const ShopperCategory *c = &spec->category[k];
		Level	   *sorted;

		SHOPPER_NEW0(env, s->rank[k], c->n_levels);
		for (int32_t l = 0; l < c->n_levels; l++)
			s->rank[k][l] = l < c->levels.n ? l : (int32_t) c->levels.n;
		if (!by_value)
			continue;
		SHOPPER_NEW(env, sorted, c->levels.n);
		for (int32_t l = 0; l < c->levels.n; l++)
			sorted[l] = (Level) {&c->levels, l};
		qsort(sorted, (size_t) c->levels.n, sizeof(Level), by_bytes);
		for (int32_t l = 0; l < c->levels.n; l++)
			s->rank[k][sorted[l].code] = l;
		shopper_release(env, sorted);
	}
	return SHOPPER_OK;
}

static ShopperCoding
coding_of(const ShopperModel *model)
{
	const ShopperOptions *o = &model->options;

	if (model->learner == &shopper_learner_scaler)
		return shopper_option_boolean(o, "one_hot") ? SHOPPER_CODING_ONE_HOT : SHOPPER_CODING_NONE;
	return shopper_option_is(o, "method", "one_hot") ? SHOPPER_CODING_ONE_HOT
		: shopper_option_is(o, "method", "ordinal") ? SHOPPER_CODING_ORDINAL : SHOPPER_CODING_FREQUENCY;
}

static ShopperStatus
train(ShopperEnv *env, ShopperModel *model, ShopperTable *t, const ShopperModel *previous)
{
	const ShopperOptions *o = &model->options;
	const ShopperSpec *spec = model->spec;
	bool		scales = model->learner == &shopper_learner_scaler;
	ShopperScaler *s;
	uint32_t   *order;

	(void) previous;
	SHOPPER_NEW0(env, s, 1);
	model->state = s;
	s->coding = coding_of(model);
	if (scales && shopper_option_is(o, "method", "quantile"))
	{
		int64_t		n = shopper_option_integer(o, "quantiles");

		n = n < t->n ? n : t->n;
		s->n_quantiles = n > 2 ? (int) n : 2;
		s->normal = shopper_option_is(o, "distribution", "normal");
	}
	SHOPPER_TRY(make_arrays(env, spec, s));
	SHOPPER_NEW(env, order, s->n_quantiles > 0 ? t->n : 1);
	for (int j = 0; j < spec->n_numbers && scales; j++)
	{
		find_scale(o, t, spec, j, s);
		if (s->n_quantiles > 0)
			SHOPPER_TRY(find_quantiles(env, t, j, s->n_quantiles, order, s->quantile + (int64_t) j * s->n_quantiles));
		SHOPPER_TRY(shopper_poll(env));
	}
	shopper_release(env, order);
	if (scales && shopper_option_is(o, "impute", "nearest"))
		SHOPPER_TRY(keep_donors(env, model, t, s));
	SHOPPER_TRY(rank_levels(env, model, s));
	return shopper_add_metric(env, model, "train", "rows", (double) model->n_rows);
}

/* ---- stored form ---- */

static void
encode(const ShopperModel *model, ShopperWriter *w)
{
	const ShopperScaler *s = model->state;
	const ShopperSpec *spec = model->spec;

	shopper_put_u8(w, s->normal);
	shopper_put_varint(w, (uint64_t) s->n_quantiles);
	for (int j = 0; j < spec->n_numbers; j++)
	{
		shopper_put_f64(w, s->centre[j]);
		shopper_put_f64(w, s->scale[j]);
		shopper_put_u8(w, s->fill[j] == s->fill[j]);
		if (s->fill[j] == s->fill[j])
			shopper_put_f64(w, s->fill[j]);
		shopper_put_f64s(w, s->quantile + (int64_t) j * s->n_quantiles, s->n_quantiles);
	}
	shopper_put_varint(w, (uint64_t) s->neighbours);
	shopper_put_varint(w, (uint64_t) s->n_donors);
	shopper_put_f64s(w, s->donor, s->n_donors * spec->n_numbers);
	for (int k = 0; k < spec->n_categories; k++)
		for (int l = 0; l < spec->category[k].n_levels; l++)
			shopper_put_varint(w, (uint64_t) s->rank[k][l]);
}

static ShopperStatus
decode_donors(const ShopperModel *model, ShopperReader *r, ShopperScaler *s)
{
	int			d = model->spec->n_numbers;
	uint64_t	neighbours = shopper_get_varint(r);

	s->n_donors = shopper_get_count(r, d > 0 ? 8 * (size_t) d : 1);
	if (r->failed || neighbours > SHOPPER_MAX_NEIGHBOURS || (neighbours > 0 && d > SHOPPER_MAX_WIDTH))
		return shopper_bad_bytes(r->env, "its donors are damaged");
	s->neighbours = (int) neighbours;
	SHOPPER_NEW(r->env, s->donor, s->n_donors * d);
	shopper_get_f64s(r, s->donor, s->n_donors * d);
	for (int64_t i = 0; i < s->n_donors * d; i++)
		if (isinf(s->donor[i]))
			return shopper_bad_bytes(r->env, "a donor is damaged");
	return r->failed ? shopper_bad_bytes(r->env, "its donors are cut off") : SHOPPER_OK;
}

static ShopperStatus
decode(ShopperModel *model, ShopperReader *r)
{
	ShopperEnv *env = r->env;
	const ShopperSpec *spec = model->spec;
	ShopperScaler *s;

	SHOPPER_NEW0(env, s, 1);
	model->state = s;
	s->coding = coding_of(model);
	s->normal = shopper_get_u8(r) != 0;
	s->n_quantiles = (int) shopper_get_count(r, spec->n_numbers > 0 ? 8 * (size_t) spec->n_numbers : 1);
	if (r->failed || s->n_quantiles == 1 || s->n_quantiles > 100000)
		return shopper_bad_bytes(env, "its scales are damaged");
	SHOPPER_TRY(make_arrays(env, spec, s));
	for (int j = 0; j < spec->n_numbers; j++)
	{
		double	   *q = s->quantile + (int64_t) j * s->n_quantiles;
		bool		sound;

		s->centre[j] = shopper_get_f64(r);
		s->scale[j] = shopper_get_f64(r);
		if (shopper_get_u8(r) != 0)
			s->fill[j] = shopper_get_f64(r);
		shopper_get_f64s(r, q, s->n_quantiles);
		sound = s->centre[j] - s->centre[j] == 0 && s->scale[j] > 0 && s->scale[j] - s->scale[j] == 0 && !isinf(s->fill[j]);
		for (int i = 0; i < s->n_quantiles; i++)
			sound &= q[i] - q[i] == 0 && (i == 0 || q[i] >= q[i - 1]);
		if (r->failed || !sound)
			return shopper_bad_bytes(env, "its scales are damaged");
	}
	SHOPPER_TRY(decode_donors(model, r, s));
	SHOPPER_NEW0(env, s->rank, spec->n_categories);
	for (int k = 0; k < spec->n_categories; k++)
	{
		SHOPPER_NEW0(env, s->rank[k], spec->category[k].n_levels);
		for (int l = 0; l < spec->category[k].n_levels; l++)
		{
			uint64_t	rank = shopper_get_varint(r);

			if (r->failed || rank > (uint64_t) spec->category[k].levels.n)
				return shopper_bad_bytes(env, "its levels are damaged");
			s->rank[k][l] = (int32_t) rank;
		}
	}
	return SHOPPER_OK;
}

const ShopperLearner shopper_learner_scaler = {
	.number = 32,
	.name = "scaler",
	.help = "numbers on one scale, for use elsewhere",
	.shape = SHOPPER_POINTS,
	.tasks = SHOPPER_SCALE,
	.wide = true,
	.input = SHOPPER_RAW,
	.options = scaler_options,
	.train_rows = train,
	.outputs = outputs,
	.predict = shopper_scale_row,
	.encode = encode,
	.decode = decode
};

const ShopperLearner shopper_learner_encoder = {
	.number = 33,
	.name = "encoder",
	.help = "categories as numbers, for use elsewhere; numbers stay as they are",
	.shape = SHOPPER_POINTS,
	.tasks = SHOPPER_SCALE,
	.wide = true,
	.input = SHOPPER_RAW,
	.options = encoder_options,
	.train_rows = train,
	.outputs = outputs,
	.predict = shopper_scale_row,
	.encode = encode,
	.decode = decode
};
