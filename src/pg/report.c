/* report.c: the one place where a failure of pure code becomes an error. */
#include "pg.h"

#include "miscadmin.h"

static int
sqlstate(ShopperStatus status)
{
	switch (status)
	{
		case SHOPPER_OK:
			return ERRCODE_SUCCESSFUL_COMPLETION;
		case SHOPPER_OUT_OF_MEMORY:
			return ERRCODE_OUT_OF_MEMORY;
		case SHOPPER_CANCELLED:
			return ERRCODE_QUERY_CANCELED;
		case SHOPPER_BAD_BYTES:
			return ERRCODE_INVALID_BINARY_REPRESENTATION;
		case SHOPPER_NEWER_FORMAT:
		case SHOPPER_UNSUPPORTED:
			return ERRCODE_FEATURE_NOT_SUPPORTED;
		case SHOPPER_WRONG_MODEL:
			return ERRCODE_DATATYPE_MISMATCH;
		case SHOPPER_BAD_OPTION:
			return ERRCODE_INVALID_PARAMETER_VALUE;
		case SHOPPER_BAD_DATA:
			return ERRCODE_DATA_EXCEPTION;
		case SHOPPER_LIMIT:
			return ERRCODE_PROGRAM_LIMIT_EXCEEDED;
	}
	return ERRCODE_INTERNAL_ERROR;
}

void
shopper_report(ShopperEnv *env, int elevel)
{
	if (env->status == SHOPPER_CANCELLED)
	{
		if (elevel >= ERROR)
			shopper_env_end_pool(env);
		CHECK_FOR_INTERRUPTS(); /* says why: user request, timeout, shutdown */
	}
	ereport(elevel,
			(errcode(sqlstate(env->status)),
			 errmsg("%s", env->message),
			 env->detail[0] != '\0' ? errdetail("%s", env->detail) : 0,
			 env->hint[0] != '\0' ? errhint("%s", env->hint) : 0));
}
