/*
 * pairs_reader.h: (basket, item) lines and (user, item [, rating] [, time]) events
 * from aggregate arguments or query columns, ids of any type.
 */
#ifndef SHOPPER_PAIRS_READER_H
#define SHOPPER_PAIRS_READER_H

#include "pg.h"

typedef struct ShopperPairTraining
{
	ShopperEnv *env;
	MemoryContext context;
	ShopperModel model;
	ShopperModel *previous;
	ShopperPairs pairs;
	ShopperTask task;
	ShopperValueReader left,
				right,
				value,
				time;
	bool		has_value,
				has_time;
	bool		started;		/* types are known */
	Jsonb	   *options;		/* aggregates: to notice a change */
} ShopperPairTraining;

extern ShopperPairTraining *shopper_pair_training_create(MemoryContext parent, ShopperTask task, Jsonb *options, bytea *previous);
/* Types of user or basket, item, rating and time; InvalidOid for the last two when absent. */
extern void shopper_pair_training_types(ShopperPairTraining *t, Oid left, Oid right, Oid value, Oid time);
extern void shopper_pair_training_add(ShopperPairTraining *t, Datum left, bool left_null, Datum right, bool right_null,
									  Datum value, bool value_null, Datum time, bool time_null);
/* Add the rows of a query, columns by position. */
extern void shopper_pair_training_query(ShopperPairTraining *t, const char *query);
extern bytea *shopper_pair_training_finish(ShopperPairTraining *t);

/* A reader of ids; an error that names `what` when a type cannot be one. */
extern void shopper_id_reader(ShopperValueReader *reader, Oid type, MemoryContext context, const char *what);
/* The kind of dictionary that holds the ids of a reader, and the code of an id there, added when it is new. */
extern ShopperIdType shopper_id_type(const ShopperValueReader *reader);
extern uint32_t shopper_add_id(ShopperEnv *env, ShopperDictionary *d, ShopperValueReader *reader, Datum id);
/* The code of an id given as a datum of any type in a model's dictionary, or -1; texts are parsed to the dictionary's type. */
extern int64 shopper_find_id(const ShopperDictionary *d, ShopperValueReader *reader, Datum id);
/* The text that an id would have in the dictionary; NULL when it cannot be an id of its type. Valid as long as that of shopper_value_text(). */
extern const char *shopper_canonical_id(const ShopperDictionary *d, ShopperValueReader *reader, Datum id, size_t *length);
/* An id as a datum of a wanted type (int2, int4, int8, text, uuid, ...); parsed by the type's input function when needed. */
extern Datum shopper_id_datum(const ShopperDictionary *d, int64 code, Oid type);

#endif
