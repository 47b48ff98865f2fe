/*
 * ids.h: ids and lists of ids as arguments of SQL calls, and ids as results.
 *
 * An argument may be of any type that can be an id, whatever the type of the model's
 * ids; one that the model does not know has the code -1 and is never an error.
 */
#ifndef SHOPPER_IDS_H
#define SHOPPER_IDS_H

#include "pairs_reader.h"

#include "utils/array.h"

/* How to read one argument; zeroed, then kept for the call site, whose types are fixed. */
typedef struct ShopperIdArgument
{
	bool		ready;
	Oid			array;			/* the array type, or InvalidOid for the text of an array literal */
	Oid			type;
	ShopperValueReader reader;	/* of the list's elements */
} ShopperIdArgument;

/* The codes of the list in argument n, -1 for NULL elements and unknown ids; NULL when the argument is NULL. */
extern int32_t *shopper_id_list(FunctionCallInfo fcinfo, ShopperIdArgument *a, int n, const ShopperDictionary *d,
								const char *what, int *length);
/* An error when ids of this dictionary cannot be returned as a type: integers and uuids are strict, texts take anything. */
extern void shopper_check_id_type(const ShopperDictionary *d, Oid type, const char *what);

/* Sets of ids on their way out: each id is made once. */
typedef struct ShopperIdSets
{
	const ShopperDictionary *d;
	Oid			type;			/* of one id */
	int16		width;
	bool		by_value;
	char		align;
	MemoryContext context;		/* of the ids */
	Datum	   *id;				/* (d->n) */
	bool	   *ready;			/* (d->n) */
} ShopperIdSets;

extern void shopper_id_sets(ShopperIdSets *s, const ShopperDictionary *d, Oid type, MemoryContext context);
extern Datum shopper_id_of(ShopperIdSets *s, int32_t code);
/* An array of n ids in the order of their values, in the current context. Sorts the codes. */
extern Datum shopper_id_array(ShopperIdSets *s, int32_t *code, int n);

#endif
