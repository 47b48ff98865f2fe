/*
 * threads.h: fork and join over fixed shards.
 *
 * Shards, not threads, decide what is computed together: a shard writes only its
 * own output, outputs are reduced in shard order by the caller, so results do not
 * depend on the number of threads. Worker threads block every signal, never
 * allocate, never call the host. The pool's owner (src/pg/env.c) ends it whatever
 * happens; learners only call shopper_parallel().
 */
#ifndef SHOPPER_THREADS_H
#define SHOPPER_THREADS_H

#include "env.h"

typedef void (*ShopperShardFn) (void *arg, int shard);

/* Run fn(arg, 0 .. shards-1), on the pool when there is one; returns when all are done. */
extern void shopper_parallel(ShopperEnv *env, int shards, ShopperShardFn fn, void *arg);

/*
 * For the inside of shards that run long: whether the host wants the work to end. A shard may then return at once;
 * what it leaves undone is not read, as the caller polls next.
 */
static inline bool
shopper_stopped(const ShopperEnv *env)
{
	return env->cancelled != NULL && env->cancelled(env->ctx);
}

/* The rows of shard `shard` of `shards`: [*from, *to), contiguous, by position only. */
static inline void
shopper_shard_range(int64_t n, int shards, int shard, int64_t *from, int64_t *to)
{
	*from = (int64_t) ((__int128) n * shard / shards);
	*to = (int64_t) ((__int128) n * (shard + 1) / shards);
}

/* Owner's side. Create returns NULL when threads < 2, memory or threads are short (then all runs serially). */
extern struct ShopperPool *shopper_pool_create(ShopperEnv *env, int threads);
extern void shopper_pool_end(struct ShopperPool *pool);	/* joins the workers; frees nothing */

#endif
