/*
 * codec.h: explicit little-endian bytes, the only way into and out of storage.
 *
 * A writer grows a buffer; after the first failure every put is a no-op and
 * writer->status tells. A reader never reads outside its bytes: after the first
 * short read every get returns 0 and reader->failed is set, so a decoder checks
 * once per loop. A count is accepted only when the bytes that remain could hold
 * that many elements, so garbage cannot ask for memory that it does not justify.
 */
#ifndef SHOPPER_CODEC_H
#define SHOPPER_CODEC_H

#include "env.h"

typedef struct ShopperWriter
{
	ShopperEnv *env;
	unsigned char *data;
	int64_t		length;
	int64_t		capacity;
	ShopperStatus status;
} ShopperWriter;

typedef struct ShopperReader
{
	ShopperEnv *env;
	const unsigned char *next;
	const unsigned char *end;
	bool		failed;
} ShopperReader;

extern void shopper_writer_init(ShopperWriter *w, ShopperEnv *env);
extern void shopper_put_u8(ShopperWriter *w, uint8_t v);
extern void shopper_put_u16(ShopperWriter *w, uint16_t v);
extern void shopper_put_u32(ShopperWriter *w, uint32_t v);
extern void shopper_put_u64(ShopperWriter *w, uint64_t v);
extern void shopper_put_i64(ShopperWriter *w, int64_t v);
extern void shopper_put_f64(ShopperWriter *w, double v);
extern void shopper_put_varint(ShopperWriter *w, uint64_t v);	/* 7 bits a byte, low first */
extern void shopper_put_text(ShopperWriter *w, const char *text, size_t length);	/* varint length, bytes */
extern void shopper_put_string(ShopperWriter *w, const char *text);	/* NULL is written as "" */
extern void shopper_put_bytes(ShopperWriter *w, const void *bytes, size_t length);	/* no length */
extern void shopper_put_f64s(ShopperWriter *w, const double *v, int64_t n);	/* no count */
extern void shopper_put_f32s(ShopperWriter *w, const float *v, int64_t n);	/* no count */
/* A section: leave room for its length, fill it in when done. */
extern int64_t shopper_begin_section(ShopperWriter *w, uint8_t tag);
extern void shopper_end_section(ShopperWriter *w, int64_t at);

extern void shopper_reader_init(ShopperReader *r, ShopperEnv *env, const void *bytes, size_t length);
extern uint8_t shopper_get_u8(ShopperReader *r);
extern uint16_t shopper_get_u16(ShopperReader *r);
extern uint32_t shopper_get_u32(ShopperReader *r);
extern uint64_t shopper_get_u64(ShopperReader *r);
extern int64_t shopper_get_i64(ShopperReader *r);
extern double shopper_get_f64(ShopperReader *r);
extern uint64_t shopper_get_varint(ShopperReader *r);
/* A count of elements of at least min_bytes each; 0 and failed when the bytes cannot hold them. */
extern int64_t shopper_get_count(ShopperReader *r, size_t min_bytes);
/* A NUL-terminated copy of its own memory; NULL when failed or out of memory (check r->failed). */
extern char *shopper_get_text(ShopperReader *r, size_t *length);
extern const unsigned char *shopper_get_bytes(ShopperReader *r, size_t length);	/* in place, or NULL */
extern void shopper_get_f64s(ShopperReader *r, double *v, int64_t n);
extern void shopper_get_f32s(ShopperReader *r, float *v, int64_t n);
/* Enter a section with this tag: *section gets its bytes, r moves behind it. False when it is not next. */
extern bool shopper_get_section(ShopperReader *r, uint8_t tag, ShopperReader *section);
/* SHOPPER_OK when nothing failed and every byte was read, else SHOPPER_BAD_BYTES (or out of memory). */
extern ShopperStatus shopper_reader_done(ShopperReader *r, const char *what);
/* False when the host could not show this stored text; fails the env. */
extern bool shopper_valid_text(ShopperEnv *env, const char *text, size_t length);
extern ShopperStatus shopper_bad_bytes(ShopperEnv *env, const char *what);

#endif
