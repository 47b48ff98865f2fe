/*
 * ids.h: calls that ask a model of ids: ids and lists of ids as arguments, and ids as results.
 *
 * An argument may be of any type that can be an id, whatever the type of the model's
 * ids; one that the model does not know has the code -1 and is never an error.
 */
#ifndef SHOPPER_IDS_H
#define SHOPPER_IDS_H

#include "pairs_reader.h"

#include "utils/array.h"

#define SHOPPER_ID_ARGUMENTS 15

/* How to read one argument; zeroed, then kept for the call site, whose types are fixed. */
typedef struct ShopperIdArgument
{
	bool		ready;
	Oid			array;			/* of lists: the array type, or InvalidOid for the text of an array literal */
	Oid			type;
	ShopperValueReader reader;	/* of the id, or of the list's elements */
} ShopperIdArgument;

/* The code of the id in argument n, -1 when it is NULL or unknown. */
extern int64 shopper_id_argument(FunctionCallInfo fcinfo, ShopperIdArgument *a, int n, const ShopperDictionary *d, const char *what);
/* The codes of the list in argument n, -1 for NULL elements and unknown ids; NULL when the argument is NULL. */
extern int32_t *shopper_id_list(FunctionCallInfo fcinfo, ShopperIdArgument *a, int n, const ShopperDictionary *d,
								const char *what, int *length);
/*
 * The same, but ids that neither d nor strangers (a dictionary of texts) knows are added to strangers when add says
 * so; the code of one of these is its code there plus d->n.
 */
extern int32_t *shopper_id_list_with(FunctionCallInfo fcinfo, ShopperIdArgument *a, int n, const ShopperDictionary *d,
									 ShopperDictionary *strangers, bool add, const char *what, int *length);
/*
 * An error when ids of this dictionary cannot be returned as a type: integers and uuids are strict, texts take anything.
 * So a query fails at once and not at the first id that does not look like a number. list: ids were given as an array.
 */
extern void shopper_check_id_type(const ShopperDictionary *d, Oid type, const char *what, bool list);

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

/* One call that returns rows, in a context of its own. */
typedef struct ShopperIdCall
{
	FunctionCallInfo fcinfo;
	const ShopperModel *model;
	ShopperIdArgument *argument;	/* (SHOPPER_ID_ARGUMENTS) kept for the call site */
	ShopperEnv *env;
	MemoryContext context,
				row,			/* reset after each row */
				old;
	Tuplestorestate *rows;
	TupleDesc	desc;
} ShopperIdCall;

/* The arguments' readers of a call site. */
extern ShopperIdArgument *shopper_id_arguments(FunctionCallInfo fcinfo, ShopperModelUse *use);
/* Takes the model from argument 0, see shopper_model_of_shape(). False: it is NULL, there are no rows. */
extern bool shopper_id_call_begin(FunctionCallInfo fcinfo, ShopperIdCall *call, ShopperShape shape, const char *wanted, const char *hint);
extern Datum shopper_id_call_end(ShopperIdCall *call);
/* Between them the current context is that of the row. */
extern void shopper_id_row_begin(ShopperIdCall *call);
extern void shopper_id_row_end(ShopperIdCall *call, Datum *values, bool *nulls);

#endif
