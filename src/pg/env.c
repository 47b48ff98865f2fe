/*
 * env.c: the backend's ShopperEnv.
 *
 * Memory comes from one memory context, checked against
 * pg_shopper.max_training_memory. Threads are joined by shopper_env_end_pool(), or
 * by the context's reset callback when an error takes the training away.
 */
#include "pg.h"

#include <unistd.h>

#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "utils/guc.h"
#include "utils/timestamp.h"

#include "../core/threads.h"

#define POOL_ROWS 4000			/* below, threads cost more than they give */
#define LARGE 8192				/* requests from here on are checked one by one */

typedef struct PgEnv
{
	ShopperEnv	env;
	MemoryContext context;
	uint64		small;			/* small requests since the last check */
	MemoryContextCallback callback;
	TimestampTz started;		/* of the progress reports */
	TimestampTz reported;
} PgEnv;

static bool
over_limit(PgEnv *e, Size size)
{
	Size		used,
				limit = (Size) shopper_max_training_memory << 20;

	if (size < LARGE && ++e->small % 1024 != 0)
		return false;
	used = MemoryContextMemAllocated(e->context, true);
	if (used + size <= limit)
		return false;
	shopper_fail(&e->env, SHOPPER_LIMIT, "training needs more than %d MB of memory", shopper_max_training_memory);
	shopper_detail(&e->env, "%zu MB are in use and %zu MB more were asked for.", used >> 20, (size + 1048575) >> 20);
	shopper_hint(&e->env, "Raise pg_shopper.max_training_memory, or give fewer rows or columns.");
	return true;
}

static void *
env_alloc(void *ctx, size_t size)
{
	PgEnv	   *e = ctx;

	if (over_limit(e, size) || size > MaxAllocHugeSize)
		return NULL;
	return MemoryContextAllocExtended(e->context, size, MCXT_ALLOC_HUGE | MCXT_ALLOC_NO_OOM);
}

static void *
env_resize(void *ctx, void *p, size_t size)
{
	PgEnv	   *e = ctx;

	if (over_limit(e, size) || size > MaxAllocHugeSize)
		return NULL;
	return repalloc_huge(p, size);	/* grows large blocks in place; its error passes no thread at work */
}

static void
env_release(void *ctx, void *p)
{
	pfree(p);
}

static bool
env_cancelled(void *ctx)
{
	return InterruptPending && (QueryCancelPending || ProcDiePending);
}

/* What is stored was text in some database; this one may have another encoding. */
static bool
env_valid_text(void *ctx, const char *text, size_t length)
{
	return length <= INT_MAX && pg_verify_mbstr(GetDatabaseEncoding(), text, (int) length, true);
}

static void
env_notice(void *ctx, const char *message)
{
	ereport(NOTICE, (errmsg("%s", message)));
}

static void
env_progress(void *ctx, const char *what, int64_t step, int64_t of, double loss)
{
	PgEnv	   *e = ctx;
	TimestampTz now;
	double		seconds;

	if (!shopper_progress_on && shopper_run[0] == '\0')
		return;
	now = GetCurrentTimestamp();
	if (e->started == 0)
		e->started = now;
	if (e->reported != 0 && now - e->reported < USECS_PER_SEC && step < of)
		return;
	e->reported = now;
	if (shopper_run[0] != '\0')
	{
		/* what other sessions can see of a transaction that goes on: the view shopper.model_runs reads it */
		char		text[NAMEDATALEN],
					whole[NAMEDATALEN];

		snprintf(text, sizeof(text), "(pg_shopper run %.18s: %lld of %lld)", shopper_run, (long long) step, (long long) of);
		snprintf(whole, sizeof(whole), "%.*s %s", (int) (NAMEDATALEN - 2 - strlen(text)), application_name, text);
		pgstat_report_appname(whole);
	}
	if (!shopper_progress_on)
		return;
	seconds = (double) (now - e->started) / USECS_PER_SEC;
	ereport(NOTICE, (errmsg("%s: step %lld of %lld, loss %g, %.0f s left at most", what, (long long) step, (long long) of, loss,
							step > 0 ? seconds / (double) step * (double) (of - step) : 0)));
}

static void
context_gone(void *arg)
{
	PgEnv	   *e = arg;

	shopper_pool_end(e->env.pool);
	e->env.pool = NULL;
}

ShopperEnv *
shopper_env_create(MemoryContext parent, MemoryContext *context)
{
	MemoryContext own = AllocSetContextCreate(parent, "pg_shopper", ALLOCSET_SMALL_SIZES);
	PgEnv	   *e = MemoryContextAllocZero(own, sizeof(PgEnv));

	e->context = own;
	e->env.ctx = e;
	e->env.alloc = env_alloc;
	e->env.resize = env_resize;
	e->env.release = env_release;
	e->env.cancelled = env_cancelled;
	e->env.valid_text = env_valid_text;
	e->env.notice = env_notice;
	e->env.progress = env_progress;
	e->env.max_model = (int64) shopper_max_model_size << 20;
	e->env.seed = 1;
	e->env.threads = 1;
	e->callback.func = context_gone;
	e->callback.arg = e;
	MemoryContextRegisterResetCallback(own, &e->callback);
	if (context != NULL)
		*context = own;
	return &e->env;
}

void
shopper_env_start_pool(ShopperEnv *env, int64 rows)
{
	int			threads = shopper_max_threads;
	long		cores = sysconf(_SC_NPROCESSORS_ONLN);

	if (threads == 0)
		threads = Min((int) Max(cores, 1), 1 + max_parallel_maintenance_workers);
	env->threads = Max(threads, 1);
	if (rows >= POOL_ROWS && env->pool == NULL)
		env->pool = shopper_pool_create(env, env->threads);
}

void
shopper_env_end_pool(ShopperEnv *env)
{
	shopper_pool_end(env->pool);
	env->pool = NULL;
}
