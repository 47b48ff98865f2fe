/* init.c: module start and settings. */
#include "pg.h"

#include "utils/guc.h"

#ifdef PG_MODULE_MAGIC_EXT
PG_MODULE_MAGIC_EXT(.name = "pg_shopper");
#else
PG_MODULE_MAGIC;
#endif

int			shopper_max_training_memory = 4096;
int			shopper_max_model_size = 256;
int			shopper_cache_size = 256;
int			shopper_max_threads = 0;
char	   *shopper_run;
static char *shopper_clock;		/* read by shopper.clock() alone */
bool		shopper_progress_on = false;

extern PGDLLEXPORT void _PG_init(void);

void
_PG_init(void)
{
	DefineCustomIntVariable("pg_shopper.max_training_memory",
							"Most memory that one training may use.",
							"A training that needs more ends with an error that says how much.",
							&shopper_max_training_memory, 4096, 1, INT_MAX / 2, PGC_USERSET, GUC_UNIT_MB, NULL, NULL, NULL);
	DefineCustomIntVariable("pg_shopper.max_model_size",
							"Greatest size of a model.",
							"Values above 512 MB cannot be dumped as text.",
							&shopper_max_model_size, 256, 1, 1000, PGC_USERSET, GUC_UNIT_MB, NULL, NULL, NULL);
	DefineCustomIntVariable("pg_shopper.cache_size",
							"Memory of a session for decoded models.",
							NULL,
							&shopper_cache_size, 256, 1, INT_MAX / 2, PGC_USERSET, GUC_UNIT_MB, NULL, NULL, NULL);
	DefineCustomIntVariable("pg_shopper.max_threads",
							"Most threads of one training.",
							"0 follows max_parallel_maintenance_workers and the processor's cores. Results do not depend on it.",
							&shopper_max_threads, 0, 0, 64, PGC_USERSET, 0, NULL, NULL, NULL);
	DefineCustomBoolVariable("pg_shopper.progress",
							 "Report progress of training as notices.",
							 NULL,
							 &shopper_progress_on, false, PGC_USERSET, 0, NULL, NULL, NULL);
	DefineCustomStringVariable("pg_shopper.run",
							   "The run of the registry that this session is at work for.",
							   "Set by shopper.retrain_due, so that other sessions see its progress.",
							   &shopper_run, "", PGC_USERSET, GUC_NO_SHOW_ALL, NULL, NULL, NULL);
	DefineCustomStringVariable("pg_shopper.clock",
							   "The time that the registry goes by, for trying out what happens later.",
							   "Empty: the present.",
							   &shopper_clock, "", PGC_USERSET, 0, NULL, NULL, NULL);
	MarkGUCPrefixReserved("pg_shopper");
}
