/*
 * threads.c: a small fork-join pool.
 *
 * Workers wait by spinning for a short while (a minibatch step is some ten
 * microseconds, a sleep and wake-up would cost more), then sleep on a condition
 * variable. A job is published by one store to `claim`: its number in the high
 * half, the shards taken so far in the low half. Everybody claims shards there,
 * the caller included. A job ends when its shards are done, not when every worker
 * has looked at it, so a worker that the system is not running delays nobody. Such a
 * worker cannot take a shard of a later job by mistake: a job is closed before the
 * next one is written, so its compare-and-swap fails.
 *
 * A job of at most 32 shards gives each thread the same shard whenever it is
 * free, so that what a shard reads and writes stays in that core's cache. A cache
 * line that moves between cores costs 50 to 500 ns: the job is one line, the count
 * of finished shards another.
 *
 * A scheduler may leave a worker on the caller's own core although another one is
 * idle: they then take turns of milliseconds (measured: a fit of 0.8 s took 19 s).
 * A worker that finds itself there moves away.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE				/* sched_getcpu and the calls beside it */
#endif
#include "threads.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>

#define MAX_WORKERS 63
#define SPINS 4000				/* some 50 to 200 microseconds of pauses, by processor */
#define SPINS_TO_YIELD 256		/* let another thread on this core run: it may be the one waited for */
#define BITS 32					/* jobs of so many shards keep one bit a shard, larger ones a counter */
#define CLOSED UINT32_MAX
#define LINE _Alignas(128)		/* processors fetch lines in pairs */

typedef struct ShopperPool ShopperPool;

typedef struct Worker
{
	ShopperPool *pool;
	pthread_t	thread;
	int			number;			/* from 1; the caller is 0 */
} Worker;

struct ShopperPool
{
	/* the job: fn, arg and shards change only while claim is closed */
	LINE _Atomic uint64_t claim;	/* job number << 32 | shards taken: bits, or the next one, or CLOSED */
	_Atomic ShopperShardFn fn;
	_Atomic(void *) arg;
	_Atomic int shards;
	_Atomic int core;			/* where the caller runs; -1: not known */
	_Atomic bool ending;
	/* shards of the job that are finished */
	LINE _Atomic int done;
	LINE _Atomic int sleeping;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	int			workers;
	Worker		worker[MAX_WORKERS];
};

static inline void
pause_cpu(void)
{
#if defined(__x86_64__) || defined(__i386__)
	__builtin_ia32_pause();
#else
	atomic_signal_fence(memory_order_seq_cst);
#endif
}

/* One more pause of a wait; a core that somebody else needs is given away now and then. */
static inline void
wait_a_little(int spin)
{
	pause_cpu();
	if (spin % SPINS_TO_YIELD == SPINS_TO_YIELD - 1)
		sched_yield();
}

static int
this_core(void)
{
#ifdef __linux__
	return sched_getcpu();
#else
	return -1;
#endif
}

/* Leave the caller's core if this worker runs there and may run elsewhere; it may come back later. */
static void
move_away(ShopperPool *pool)
{
#ifdef __linux__
	int			core = atomic_load_explicit(&pool->core, memory_order_relaxed);
	cpu_set_t	allowed,
				others;

	if (core < 0 || core >= CPU_SETSIZE || core != this_core() || sched_getaffinity(0, sizeof(allowed), &allowed) != 0)
		return;
	others = allowed;
	CPU_CLR(core, &others);
	if (CPU_COUNT(&others) > 0 && sched_setaffinity(0, sizeof(others), &others) == 0)
		sched_setaffinity(0, sizeof(allowed), &allowed);
#else
	(void) pool;
#endif
}

/* Run shards of job `job` until all are claimed; thread `number` prefers shard `number`. */
static void
take_shards(ShopperPool *pool, uint32_t job, int number)
{
	uint64_t	word = atomic_load(&pool->claim);

	while (word >> 32 == job && (uint32_t) word != CLOSED)
	{
		uint32_t	taken = (uint32_t) word;
		int			shards = atomic_load_explicit(&pool->shards, memory_order_acquire);
		ShopperShardFn fn = atomic_load_explicit(&pool->fn, memory_order_acquire);
		void	   *arg = atomic_load_explicit(&pool->arg, memory_order_acquire);
		int			shard = (int) taken;

		if (shards <= BITS)
		{
			uint32_t	open = ~taken & (uint32_t) ((UINT64_C(1) << shards) - 1);

			shard = open == 0 ? shards : number < shards && (open >> number & 1) ? number : __builtin_ctz(open);
		}
		if (shard < 0 || shard >= shards)
			return;
		/* success also proves that the job read above is still this one */
		if (!atomic_compare_exchange_weak(&pool->claim, &word, shards <= BITS ? word | UINT64_C(1) << shard : word + 1))
			continue;
		fn(arg, shard);
		atomic_fetch_add(&pool->done, 1);
		word = atomic_load(&pool->claim);
	}
}

static void *
worker_main(void *p)
{
	Worker	   *worker = p;
	ShopperPool *pool = worker->pool;
	uint32_t	seen = 0;

	for (;;)
	{
		move_away(pool);
		for (int spin = 0; spin < SPINS && atomic_load(&pool->claim) >> 32 == seen; spin++)
			wait_a_little(spin);
		if (atomic_load(&pool->claim) >> 32 == seen)
		{
			pthread_mutex_lock(&pool->lock);
			atomic_fetch_add(&pool->sleeping, 1);	/* before looking again: publish() looks in the other order */
			while (atomic_load(&pool->claim) >> 32 == seen)
				pthread_cond_wait(&pool->wake, &pool->lock);
			atomic_fetch_sub(&pool->sleeping, 1);
			pthread_mutex_unlock(&pool->lock);
			move_away(pool);
		}
		seen = (uint32_t) (atomic_load(&pool->claim) >> 32);
		if (atomic_load(&pool->ending))
			return NULL;
		take_shards(pool, seen, worker->number);
	}
}

/* Start the next job with these shards taken; returns its number. Nobody works on the job before it. */
static uint32_t
publish(ShopperPool *pool, uint32_t taken)
{
	uint32_t	job = (uint32_t) (atomic_load_explicit(&pool->claim, memory_order_relaxed) >> 32) + 1;

	atomic_store(&pool->claim, (uint64_t) job << 32 | taken);
	if (atomic_load(&pool->sleeping) > 0)
	{
		pthread_mutex_lock(&pool->lock);
		pthread_cond_broadcast(&pool->wake);
		pthread_mutex_unlock(&pool->lock);
	}
	return job;
}

ShopperPool *
shopper_pool_create(ShopperEnv *env, int threads)
{
	ShopperPool *pool;
	char	   *memory;
	sigset_t	all,
				before;

	if (threads < 2)
		return NULL;
	memory = env->alloc(env->ctx, sizeof(ShopperPool) + _Alignof(ShopperPool));
	if (memory == NULL)
		return NULL;
	memory += (_Alignof(ShopperPool) - (uintptr_t) memory % _Alignof(ShopperPool)) % _Alignof(ShopperPool);
	pool = memset(memory, 0, sizeof(*pool));
	atomic_store(&pool->claim, CLOSED);
	atomic_store(&pool->core, -1);
	pthread_mutex_init(&pool->lock, NULL);
	pthread_cond_init(&pool->wake, NULL);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);	/* workers inherit the full mask */
	while (pool->workers < threads - 1 && pool->workers < MAX_WORKERS)
	{
		Worker	   *worker = &pool->worker[pool->workers];

		worker->pool = pool;
		worker->number = pool->workers + 1;
		if (pthread_create(&worker->thread, NULL, worker_main, worker) != 0)
			break;
		pool->workers++;
	}
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return pool;
}

void
shopper_pool_end(ShopperPool *pool)
{
	if (pool == NULL || pool->workers == 0)
		return;
	atomic_store(&pool->ending, true);
	atomic_store(&pool->shards, 0);
	publish(pool, 0);
	for (int i = 0; i < pool->workers; i++)
		pthread_join(pool->worker[i].thread, NULL);
	pool->workers = 0;
	pthread_cond_destroy(&pool->wake);
	pthread_mutex_destroy(&pool->lock);
}

void
shopper_parallel(ShopperEnv *env, int shards, ShopperShardFn fn, void *arg)
{
	ShopperPool *pool = env->pool;
	uint32_t	job;

	if (pool == NULL || pool->workers == 0 || shards < 2)
	{
		for (int i = 0; i < shards; i++)
			fn(arg, i);
		return;
	}
	atomic_store_explicit(&pool->fn, fn, memory_order_release);	/* not before the closing of the last job */
	atomic_store_explicit(&pool->arg, arg, memory_order_release);
	atomic_store_explicit(&pool->shards, shards, memory_order_release);
	atomic_store_explicit(&pool->core, this_core(), memory_order_relaxed);
	atomic_store_explicit(&pool->done, 1, memory_order_relaxed);	/* shard 0 is the caller's own */
	job = publish(pool, 1);
	fn(arg, 0);
	take_shards(pool, job, 0);
	for (int spin = 0; atomic_load(&pool->done) < shards; spin++)
		wait_a_little(spin);
	atomic_store(&pool->claim, (uint64_t) job << 32 | CLOSED);
}
