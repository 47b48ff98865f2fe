/* codec.c: see codec.h */
#include "codec.h"

#include <string.h>

void
shopper_writer_init(ShopperWriter *w, ShopperEnv *env)
{
	memset(w, 0, sizeof(*w));
	w->env = env;
}

static unsigned char *
room(ShopperWriter *w, size_t n)
{
	unsigned char *at;

	if (w->status != SHOPPER_OK)
		return NULL;
	w->status = shopper_grow(w->env, &w->data, &w->capacity, w->length + (int64_t) n, 1);
	if (w->status != SHOPPER_OK)
		return NULL;
	at = w->data + w->length;
	w->length += (int64_t) n;
	return at;
}

static void
put_le(ShopperWriter *w, uint64_t v, int bytes)
{
	unsigned char *at = room(w, (size_t) bytes);

	if (at != NULL)
		for (int i = 0; i < bytes; i++)
			at[i] = (unsigned char) (v >> (8 * i));
}

void
shopper_put_u8(ShopperWriter *w, uint8_t v)
{
	put_le(w, v, 1);
}

void
shopper_put_u16(ShopperWriter *w, uint16_t v)
{
	put_le(w, v, 2);
}

void
shopper_put_u32(ShopperWriter *w, uint32_t v)
{
	put_le(w, v, 4);
}

void
shopper_put_u64(ShopperWriter *w, uint64_t v)
{
	put_le(w, v, 8);
}

void
shopper_put_i64(ShopperWriter *w, int64_t v)
{
	put_le(w, (uint64_t) v, 8);
}

void
shopper_put_f64(ShopperWriter *w, double v)
{
	uint64_t	bits;

	memcpy(&bits, &v, 8);
	put_le(w, bits, 8);
}

void
shopper_put_varint(ShopperWriter *w, uint64_t v)
{
	unsigned char buffer[10];
	size_t		n = 0;

	do
	{
		buffer[n++] = (unsigned char) ((v & 0x7f) | (v > 0x7f ? 0x80 : 0));
		v >>= 7;
	} while (v != 0);
	shopper_put_bytes(w, buffer, n);
}

void
shopper_put_text(ShopperWriter *w, const char *text, size_t length)
{
	shopper_put_varint(w, length);
	shopper_put_bytes(w, text, length);
}

void
shopper_put_string(ShopperWriter *w, const char *text)
{
	shopper_put_text(w, text ? text : "", text ? strlen(text) : 0);
}

void
shopper_put_bytes(ShopperWriter *w, const void *bytes, size_t length)
{
	unsigned char *at = room(w, length);

	if (at != NULL && length > 0)
		memcpy(at, bytes, length);
}

void
shopper_put_f64s(ShopperWriter *w, const double *v, int64_t n)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	shopper_put_bytes(w, v, (size_t) n * sizeof(double));
#else
	for (int64_t i = 0; i < n; i++)
		shopper_put_f64(w, v[i]);
#endif
}

void
shopper_put_f32s(ShopperWriter *w, const float *v, int64_t n)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	shopper_put_bytes(w, v, (size_t) n * sizeof(float));
#else
	for (int64_t i = 0; i < n; i++)
	{
		uint32_t	bits;

		memcpy(&bits, &v[i], 4);
		shopper_put_u32(w, bits);
	}
#endif
}

int64_t
shopper_begin_section(ShopperWriter *w, uint8_t tag)
{
	shopper_put_u8(w, tag);
	shopper_put_u64(w, 0);
	return w->length;
}

void
shopper_end_section(ShopperWriter *w, int64_t at)
{
	uint64_t	length = (uint64_t) (w->length - at);

	if (w->status == SHOPPER_OK)
		for (int i = 0; i < 8; i++)
			w->data[at - 8 + i] = (unsigned char) (length >> (8 * i));
}

void
shopper_reader_init(ShopperReader *r, ShopperEnv *env, const void *bytes, size_t length)
{
	r->env = env;
	r->next = bytes;
	r->end = r->next + length;
	r->failed = false;
}

const unsigned char *
shopper_get_bytes(ShopperReader *r, size_t length)
{
	const unsigned char *at = r->next;

	if (r->failed || (size_t) (r->end - r->next) < length)
	{
		r->failed = true;
		return NULL;
	}
	r->next += length;
	return at;
}

static uint64_t
get_le(ShopperReader *r, int bytes)
{
	const unsigned char *at = shopper_get_bytes(r, (size_t) bytes);
	uint64_t	v = 0;

	if (at != NULL)
		for (int i = 0; i < bytes; i++)
			v |= (uint64_t) at[i] << (8 * i);
	return v;
}

uint8_t
shopper_get_u8(ShopperReader *r)
{
	return (uint8_t) get_le(r, 1);
}

uint16_t
shopper_get_u16(ShopperReader *r)
{
	return (uint16_t) get_le(r, 2);
}

uint32_t
shopper_get_u32(ShopperReader *r)
{
	return (uint32_t) get_le(r, 4);
}

uint64_t
shopper_get_u64(ShopperReader *r)
{
	return get_le(r, 8);
}

int64_t
shopper_get_i64(ShopperReader *r)
{
	return (int64_t) get_le(r, 8);
}

double
shopper_get_f64(ShopperReader *r)
{
	uint64_t	bits = get_le(r, 8);
	double		v;

	memcpy(&v, &bits, 8);
	return v;
}

uint64_t
shopper_get_varint(ShopperReader *r)
{
	uint64_t	v = 0;

	for (int shift = 0; shift < 64; shift += 7)
	{
		uint8_t		byte = shopper_get_u8(r);

		if (r->failed)
			return 0;
		v |= (uint64_t) (byte & 0x7f) << shift;
		if ((byte & 0x80) == 0)
			return v;
	}
	r->failed = true;
	return 0;
}

int64_t
shopper_get_count(ShopperReader *r, size_t min_bytes)
{
	uint64_t	n = shopper_get_varint(r);

	if (r->failed || n > (uint64_t) (r->end - r->next) / (min_bytes ? min_bytes : 1))
	{
		r->failed = true;
		return 0;
	}
	return (int64_t) n;
}

bool
shopper_valid_text(ShopperEnv *env, const char *text, size_t length)
{
	if (env->valid_text == NULL || env->valid_text(env->ctx, text, length))
		return true;
	shopper_bad_bytes(env, "a text is not valid in this database's encoding");
	return false;
}

char *
shopper_get_text(ShopperReader *r, size_t *length)
{
	size_t		n = (size_t) shopper_get_count(r, 1);
	const unsigned char *at = shopper_get_bytes(r, n);
	char	   *copy = at == NULL || !shopper_valid_text(r->env, (const char *) at, n) ? NULL : shopper_strdup(r->env, (const char *) at, n);

	if (copy == NULL)
		r->failed = true;
	if (length != NULL)
		*length = copy == NULL ? 0 : n;
	return copy;
}

void
shopper_get_f64s(ShopperReader *r, double *v, int64_t n)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	const unsigned char *at = shopper_get_bytes(r, (size_t) n * sizeof(double));

	if (at != NULL && n > 0)
		memcpy(v, at, (size_t) n * sizeof(double));
#else
	for (int64_t i = 0; i < n; i++)
		v[i] = shopper_get_f64(r);
#endif
}

void
shopper_get_f32s(ShopperReader *r, float *v, int64_t n)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	const unsigned char *at = shopper_get_bytes(r, (size_t) n * sizeof(float));

	if (at != NULL && n > 0)
		memcpy(v, at, (size_t) n * sizeof(float));
#else
	for (int64_t i = 0; i < n; i++)
	{
		uint32_t	bits = shopper_get_u32(r);

		memcpy(&v[i], &bits, 4);
	}
#endif
}

bool
shopper_get_section(ShopperReader *r, uint8_t tag, ShopperReader *section)
{
	uint64_t	length;

	if (r->failed || r->next == r->end || *r->next != tag)
		return false;
	shopper_get_u8(r);
	length = shopper_get_u64(r);
	if (r->failed || length > (uint64_t) (r->end - r->next))
	{
		r->failed = true;
		return false;
	}
	shopper_reader_init(section, r->env, r->next, (size_t) length);
	r->next += length;
	return true;
}

ShopperStatus
shopper_bad_bytes(ShopperEnv *env, const char *what)
{
	if (env->status != SHOPPER_OK)
		return env->status;		/* the first failure is the cause: no memory, perhaps */
	return shopper_fail(env, SHOPPER_BAD_BYTES, "invalid model: %s", what);
}

ShopperStatus
shopper_reader_done(ShopperReader *r, const char *what)
{
	if (r->env->status != SHOPPER_OK)
		return r->env->status;
	if (r->failed || r->next != r->end)
		return shopper_fail(r->env, SHOPPER_BAD_BYTES, "invalid model: its %s section is damaged", what);
	return SHOPPER_OK;
}
