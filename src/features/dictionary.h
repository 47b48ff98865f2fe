/*
 * dictionary.h: values of any type as small codes, and back.
 *
 * Category levels, class labels, user ids, item ids and basket ids all live here.
 * A dictionary holds 64-bit integers or byte strings, never both. Codes are given
 * in order of arrival; shopper_dictionary_sort() replaces them by an order that
 * depends on the values alone.
 */
#ifndef SHOPPER_DICTIONARY_H
#define SHOPPER_DICTIONARY_H

#include "../core/codec.h"

typedef enum ShopperIdType
{
	SHOPPER_ID_TEXT = 0,		/* text, varchar, enum label, uuid in text form, anything else in text form */
	SHOPPER_ID_INT = 1,			/* int2, int4, int8 */
	SHOPPER_ID_UUID = 2			/* stored as its 36-character text, returned as uuid */
} ShopperIdType;

typedef struct ShopperDictionary
{
	ShopperEnv *env;
	ShopperIdType type;
	int64_t		n;				/* codes in use: 0 .. n-1 */
	int64_t		capacity;
	int64_t    *integer;		/* (n) of an INT dictionary */
	int64_t    *start;			/* (n) of the others: first byte in bytes; each text is NUL-terminated there */
	int32_t    *length;			/* (n) */
	int64_t    *count;			/* (n) weight or number of occurrences, kept by the caller */
	char	   *bytes;
	int64_t		bytes_used;
	int64_t		bytes_capacity;
	uint32_t   *slot;			/* open addressing: code + 1, 0 = empty */
	uint32_t   *tag;			/* 32 bits of the hash beside each slot */
	uint64_t	mask;			/* slots - 1 */
} ShopperDictionary;

extern ShopperStatus shopper_dictionary_init(ShopperDictionary *d, ShopperEnv *env, ShopperIdType type);
/* The code of a value, adding it when new (count starts at 0). */
extern ShopperStatus shopper_dictionary_add_int(ShopperDictionary *d, int64_t value, uint32_t *code);
extern ShopperStatus shopper_dictionary_add_text(ShopperDictionary *d, const char *text, size_t length, uint32_t *code);
/* The code of a value, or -1. */
extern int64_t shopper_dictionary_find_int(const ShopperDictionary *d, int64_t value);
extern int64_t shopper_dictionary_find_text(const ShopperDictionary *d, const char *text, size_t length);
/* The text of a code, for any type; integers are printed into buffer[24]. */
extern const char *shopper_dictionary_text(const ShopperDictionary *d, int64_t code, char *buffer, size_t *length);
/* A hash of the value of a code that does not depend on the code. */
extern uint64_t shopper_dictionary_hash(const ShopperDictionary *d, int64_t code);

typedef enum ShopperDictionaryOrder
{
	SHOPPER_BY_VALUE,			/* integers by number, texts by bytes */
	SHOPPER_BY_COUNT			/* count descending, then by value */
} ShopperDictionaryOrder;

/* Renumber; new_code (n, from alloc, the caller's) maps old codes to new. Polls. */
extern ShopperStatus shopper_dictionary_sort(ShopperDictionary *d, ShopperDictionaryOrder order, uint32_t **new_code);
/* Forget the codes from n on (after a sort by count: the rare ones). */
extern ShopperStatus shopper_dictionary_truncate(ShopperDictionary *d, int64_t n);

extern void shopper_dictionary_encode(const ShopperDictionary *d, bool with_count, ShopperWriter *w);
extern ShopperStatus shopper_dictionary_decode(ShopperDictionary *d, ShopperEnv *env, bool with_count, ShopperReader *r);

#endif
