/* inspect.h: rows about a model, whether it was measured in training or on a query. */
#ifndef SHOPPER_INSPECT_H
#define SHOPPER_INSPECT_H

#include "pg.h"

#include "utils/tuplestore.h"

/* ---- json.c: name NULL inside arrays ---- */
typedef struct ShopperJson
{
	StringInfoData s;
	bool		first;
} ShopperJson;

extern void shopper_json_begin(ShopperJson *j);
/* The jsonb datum. */
extern Datum shopper_json_end(ShopperJson *j);
extern void shopper_json_number(void *json, const char *name, double value);	/* NaN and infinity: null */
extern void shopper_json_numbers(void *json, const char *name, const double *value, int64_t n);
extern void shopper_json_boolean(ShopperJson *j, const char *name, bool value);
extern void shopper_json_text(ShopperJson *j, const char *name, const char *value);
extern void shopper_json_open(ShopperJson *j, const char *name, char bracket);
extern void shopper_json_close(ShopperJson *j, char bracket);
/* An object's members: the options that are set. */
extern void shopper_json_options(ShopperJson *j, const ShopperOptions *options);

extern void shopper_put_metrics(Tuplestorestate *rows, TupleDesc desc, const ShopperModel *m);
extern void shopper_put_importance(Tuplestorestate *rows, TupleDesc desc, const ShopperModel *m);

#endif
