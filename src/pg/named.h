/* named.h: the live versions of registered models, for gateway.c. */
#ifndef SHOPPER_NAMED_H
#define SHOPPER_NAMED_H

#include "pg.h"

#define SHOPPER_NAME_MAX 63		/* bytes; longer ones are refused by the registry */

/* What decides which rows a statement sees; filled with zeros first and compared as bytes. */
typedef struct ShopperMoment
{
	TransactionId xmin,
				xmax,
				transaction;
	uint32		in_progress;
	int32		in_subprogress;
	CommandId	command;
	SubTransactionId subtransaction;
	Oid			role;			/* rights may differ */
} ShopperMoment;

typedef struct ShopperLive		/* the key of a decoded model */
{
	uint64		hash;
	uint64		length;
} ShopperLive;

/* Whether the SQL declaration takes a name, not bytes, as argument n. */
extern bool shopper_declared_as_name(FunctionCallInfo fcinfo, int n);
extern ShopperMoment shopper_moment(void);
/* The live version of that name at this moment, which is now; an error when there is none. */
extern void shopper_live_version(const char *name, const ShopperMoment *moment, ShopperLive *live);
/* Its bytes, in the current context. */
extern bytea *shopper_live_bytes(const char *name);

#endif
