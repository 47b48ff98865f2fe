/* inspect.h: rows about a model, whether it was measured in training or on a query. */
#ifndef SHOPPER_INSPECT_H
#define SHOPPER_INSPECT_H

#include "pg.h"

#include "utils/tuplestore.h"

extern void shopper_put_metrics(Tuplestorestate *rows, TupleDesc desc, const ShopperModel *m);
extern void shopper_put_importance(Tuplestorestate *rows, TupleDesc desc, const ShopperModel *m);

#endif
