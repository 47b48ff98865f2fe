/*
 * factors.c: the learned state: memory, starting values, scores and stored form.
 *
 * Stored: flags u8 (1 implicit, 2 biased, 4 raw, 8 projected, 16 nonnegative), factors
 * varint, mu, lowest, highest, regularization, bias_regularization, alpha, lambda, loss
 * (f64), epochs, best_epoch (varint), the events (events.c), user_bias, item_bias (f32,
 * explicit only), user and item factors (f32, unpadded), singular values (f64, projected only).
 */
#include "factors.h"

#include <math.h>
#include <string.h>

#include "../../core/hash.h"

#define FLAG_IMPLICIT 1
#define FLAG_BIASED 2
#define FLAG_RAW 4
#define FLAG_PROJECTED 8
#define FLAG_NONNEGATIVE 16
#define BORDER 64

enum
{
	STREAM_USER = 1,
	STREAM_ITEM = 2
};

ShopperStatus
shopper_factor_rows(ShopperEnv *env, int64_t rows, int stride, float **out)
{
	size_t		floats = (size_t) rows * (size_t) stride + BORDER / sizeof(float);
	float	   *p;

	SHOPPER_NEW0(env, p, floats);
	*out = (float *) (((uintptr_t) p + BORDER - 1) & ~(uintptr_t) (BORDER - 1));
	return SHOPPER_OK;
}

ShopperStatus
shopper_factor_lanes(ShopperEnv *env, int64_t n, ShopperDouble8 **out)
{
	float	   *rows = NULL;

	SHOPPER_TRY(shopper_factor_rows(env, n, (int) (sizeof(ShopperDouble8) / sizeof(float)), &rows));
	*out = (ShopperDouble8 *) rows;
	return SHOPPER_OK;
}

ShopperStatus
shopper_factors_alloc(ShopperEnv *env, ShopperFactors *f)
{
	f->stride = (f->factors + SHOPPER_LANES - 1) / SHOPPER_LANES * SHOPPER_LANES;
	SHOPPER_NEW0(env, f->user_bias, f->events.user.n);
	SHOPPER_NEW0(env, f->item_bias, f->events.item.n);
	if (f->form == SHOPPER_PROJECTED)
		SHOPPER_NEW0(env, f->singular, f->factors);
	SHOPPER_TRY(shopper_factor_rows(env, f->events.user.n, f->stride, &f->user_factor));
	return shopper_factor_rows(env, f->events.item.n, f->stride, &f->item_factor);
}

/* ---- starting values ---- */

/* Sum of four uniform numbers of 16 bits: near normal with deviation 1, and the same on every machine (no libm). */
static float
near_normal(uint64_t random)
{
	int64_t		sum = 0;

	for (int i = 0; i < 4; i++)
		sum += (int64_t) (random >> (16 * i) & 0xffff);
	return (float) ((double) (sum - 2 * 65535) * (1.7320508075688772 / 65536));
}

int64_t
shopper_find_same(const ShopperDictionary *d, const ShopperDictionary *from, int64_t code)
{
	if ((d->type == SHOPPER_ID_INT) != (from->type == SHOPPER_ID_INT))
		return -1;
	if (d->type == SHOPPER_ID_INT)
		return shopper_dictionary_find_int(d, from->integer[code]);
	return shopper_dictionary_find_text(d, from->bytes + from->start[code], (size_t) from->length[code]);
}

/* One side; (old_*) is the previous model's side, old_ids NULL when there is none. */
static void
start_side(const ShopperDictionary *ids, float *bias, float *factor, const ShopperDictionary *old_ids,
		   const float *old_bias, const float *old_factor, int factors, int stride, uint64_t seed, double sd)
{
	for (int64_t row = 0; row < ids->n; row++)
	{
		float	   *to = factor + row * stride;
		int64_t		old = old_ids != NULL ? shopper_find_same(old_ids, ids, row) : -1;
		uint64_t	hash = shopper_dictionary_hash(ids, row);

		if (old >= 0)
		{
			memcpy(to, old_factor + old * stride, (size_t) stride * sizeof(float));
			bias[row] = old_bias[old];
			continue;
		}
		for (int i = 0; i < factors; i++)
			to[i] = (float) sd * near_normal(shopper_random(seed, hash, (uint64_t) i));
	}
}

void
shopper_factors_start(ShopperFactors *f, const ShopperFactors *previous, uint64_t seed, double sd)
{
	const ShopperFactors *p = previous;

	start_side(&f->events.user, f->user_bias, f->user_factor, p ? &p->events.user : NULL, p ? p->user_bias : NULL,
			   p ? p->user_factor : NULL, f->factors, f->stride, shopper_hash_add(seed, STREAM_USER), sd);
	start_side(&f->events.item, f->item_bias, f->item_factor, p ? &p->events.item : NULL, p ? p->item_bias : NULL,
			   p ? p->item_factor : NULL, f->factors, f->stride, shopper_hash_add(seed, STREAM_ITEM), sd);
}

/* ---- scores ---- */

double
shopper_factors_score(const ShopperFactors *f, int64_t user, int64_t item)
{
	double		score = f->mu;
	float		dot;

	if (f->raw && user >= 0 && item >= 0)
	{
		shopper_factor_kernels(-1)->dots(f->user_factor + user * f->stride, f->item_factor + item * f->stride, 1, f->stride, &dot);
		return dot;
	}
	if (user >= 0)
		score += f->user_bias[user];
	if (item >= 0)
		score += f->item_bias[item];
	if (user < 0 || item < 0)
		return score;
	shopper_factor_kernels(-1)->dots(f->user_factor + user * f->stride, f->item_factor + item * f->stride, 1, f->stride, &dot);
	return score + dot;
}

double
shopper_factors_clip(const ShopperFactors *f, double rating)
{
	if (f->implicit)
		return rating;
	return rating < f->lowest ? f->lowest : rating > f->highest ? f->highest : rating;
}

/* ---- stored form ---- */

static void
put_rows(const float *rows, int64_t n, const ShopperFactors *f, ShopperWriter *w)
{
	for (int64_t i = 0; i < n; i++)
		shopper_put_f32s(w, rows + i * f->stride, f->factors);
}

void
shopper_factors_encode(const ShopperFactors *f, ShopperWriter *w)
{
	const double numbers[] = {f->mu, f->lowest, f->highest, f->regularization, f->bias_regularization,
	f->alpha, f->lambda, f->loss};

	shopper_put_u8(w, (uint8_t) ((f->implicit ? FLAG_IMPLICIT : 0) | (f->biased ? FLAG_BIASED : 0) | (f->raw ? FLAG_RAW : 0) |
								(f->form == SHOPPER_PROJECTED ? FLAG_PROJECTED : f->form == SHOPPER_NONNEGATIVE ? FLAG_NONNEGATIVE : 0)));
	shopper_put_varint(w, (uint64_t) f->factors);
	shopper_put_f64s(w, numbers, 8);
	shopper_put_varint(w, (uint64_t) f->epochs);
	shopper_put_varint(w, (uint64_t) f->best_epoch);
	shopper_events_encode(&f->events, w);
	if (!f->implicit)
	{
		shopper_put_f32s(w, f->user_bias, f->events.user.n);
		shopper_put_f32s(w, f->item_bias, f->events.item.n);
	}
	put_rows(f->user_factor, f->events.user.n, f, w);
	put_rows(f->item_factor, f->events.item.n, f, w);
	if (f->form == SHOPPER_PROJECTED)
		shopper_put_f64s(w, f->singular, f->factors);
}

/* n float32 that must all be finite and not so large that a score could overflow. */
static ShopperStatus
get_floats(ShopperReader *r, float *v, int64_t n)
{
	shopper_get_f32s(r, v, n);
	for (int64_t i = 0; i < n && !r->failed; i++)
		if (!(fabsf(v[i]) <= 1e30f))
			return shopper_bad_bytes(r->env, "a factor is not finite");
	return SHOPPER_OK;
}

static ShopperStatus
get_rows(ShopperReader *r, float *rows, int64_t n, const ShopperFactors *f)
{
	for (int64_t i = 0; i < n && !r->failed; i++)
		SHOPPER_TRY(get_floats(r, rows + i * f->stride, f->factors));
	return SHOPPER_OK;
}

/* Flags and numbers in front of the arrays. */
static ShopperStatus
get_head(ShopperFactors *f, ShopperReader *r)
{
	double		v[8];
	uint8_t		flags = shopper_get_u8(r);
	uint64_t	factors = shopper_get_varint(r);

	shopper_get_f64s(r, v, 8);
	f->epochs = (int64_t) shopper_get_varint(r);
	f->best_epoch = (int64_t) shopper_get_varint(r);
	if (r->failed || flags >= 2 * FLAG_NONNEGATIVE || (flags & FLAG_PROJECTED && flags & FLAG_NONNEGATIVE) || factors < 1 || factors > SHOPPER_MAX_FACTORS || f->epochs < 0 ||
		f->best_epoch < 0)
		return shopper_bad_bytes(r->env, "its head is damaged");
	for (int i = 0; i < 8; i++)
		if (!(fabs(v[i]) <= (i < 7 ? 1e30 : 1e300)) || (i >= 3 && v[i] < 0))
			return shopper_bad_bytes(r->env, "a number is out of range");
	f->implicit = (flags & FLAG_IMPLICIT) != 0;
	f->biased = (flags & FLAG_BIASED) != 0;
	f->raw = (flags & FLAG_RAW) != 0;
	f->form = flags & FLAG_PROJECTED ? SHOPPER_PROJECTED : flags & FLAG_NONNEGATIVE ? SHOPPER_NONNEGATIVE : SHOPPER_LEAST_SQUARES;
	f->factors = (int) factors;
	f->mu = v[0];
	f->lowest = v[1];
	f->highest = v[2];
	f->regularization = v[3];
	f->bias_regularization = v[4];
	f->alpha = v[5];
	f->lambda = v[6];
	f->loss = v[7];
	if (f->lowest > f->highest || (f->implicit && f->lambda == 0 && f->form == SHOPPER_LEAST_SQUARES) || (f->form == SHOPPER_PROJECTED && !f->implicit))
		return shopper_bad_bytes(r->env, "a number is out of range");
	return SHOPPER_OK;
}

ShopperStatus
shopper_factors_decode(ShopperFactors *f, ShopperReader *r)
{
	ShopperEnv *env = r->env;
	int64_t		row;

	memset(f, 0, sizeof(*f));
	SHOPPER_TRY(get_head(f, r));
	SHOPPER_TRY(shopper_events_decode(&f->events, r));
	row = (f->factors + (f->implicit ? 0 : 1)) * (int64_t) sizeof(float);
	if (f->events.user.n + f->events.item.n > (r->end - r->next) / row)
		return shopper_bad_bytes(env, "its factors are cut off");
	SHOPPER_TRY(shopper_factors_alloc(env, f));
	if (!f->implicit)
	{
		SHOPPER_TRY(get_floats(r, f->user_bias, f->events.user.n));
		SHOPPER_TRY(get_floats(r, f->item_bias, f->events.item.n));
	}
	SHOPPER_TRY(get_rows(r, f->user_factor, f->events.user.n, f));
	SHOPPER_TRY(get_rows(r, f->item_factor, f->events.item.n, f));
	if (f->form == SHOPPER_PROJECTED)
	{
		shopper_get_f64s(r, f->singular, f->factors);
		for (int j = 0; j < f->factors; j++)
			if (!(f->singular[j] >= 0 && f->singular[j] <= 1e30))
				return shopper_bad_bytes(env, "a singular value is out of range");
	}
	else if (f->implicit)
	{
		SHOPPER_NEW(env, f->gram, (int64_t) f->factors * shopper_gram_stride(f->factors));
		return shopper_gram(env, f->item_factor, f->events.item.n, f->factors, f->stride, f->gram);
	}
	return SHOPPER_OK;
}
