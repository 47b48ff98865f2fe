/*
 * threads.c: a small fork-join pool.
 *
 * Workers wait by spinning for a short while (a minibatch step is some hundred
 * microseconds, a sleep and wake-up would cost a tenth of it), then sleep on a
 * condition variable. A job is published by raising `round`; shards are taken
 * from an atomic counter by everybody, the caller included.
 */
#include "threads.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>

#define MAX_WORKERS 63
#define SPINS 20000				/* about 50 microseconds of pauses */

typedef struct ShopperPool
{
	pthread_t	worker[MAX_WORKERS];
	int			workers;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	_Atomic uint64_t round;		/* rises by one for each job */
	_Atomic bool ending;
	_Atomic int running;		/* workers still in the current job */
	_Atomic int next_shard;
	int			shards;
	ShopperShardFn fn;
	void	   *arg;
} ShopperPool;

static inline void
pause_cpu(void)
{
#if defined(__x86_64__) || defined(__i386__)
	__builtin_ia32_pause();
#else
	atomic_signal_fence(memory_order_seq_cst);
#endif
}

static void
take_shards(ShopperPool *pool)
{
	int			shard;

	while ((shard = atomic_fetch_add(&pool->next_shard, 1)) < pool->shards)
		pool->fn(pool->arg, shard);
}

static void *
worker_main(void *p)
{
	ShopperPool *pool = p;
	uint64_t	seen = 0;

	for (;;)
	{
		for (int spin = 0; spin < SPINS && atomic_load(&pool->round) == seen; spin++)
			pause_cpu();
		if (atomic_load(&pool->round) == seen)
		{
			pthread_mutex_lock(&pool->lock);
			while (atomic_load(&pool->round) == seen)
				pthread_cond_wait(&pool->wake, &pool->lock);
			pthread_mutex_unlock(&pool->lock);
		}
		seen++;
		if (atomic_load(&pool->ending))
			return NULL;
		take_shards(pool);
		atomic_fetch_sub(&pool->running, 1);
	}
}

static void
publish(ShopperPool *pool)
{
	pthread_mutex_lock(&pool->lock);
	atomic_fetch_add(&pool->round, 1);
	pthread_cond_broadcast(&pool->wake);
	pthread_mutex_unlock(&pool->lock);
}

ShopperPool *
shopper_pool_create(ShopperEnv *env, int threads)
{
	ShopperPool *pool;
	sigset_t	all,
				before;

	if (threads < 2)
		return NULL;
	pool = env->alloc(env->ctx, sizeof(ShopperPool));
	if (pool == NULL)
		return NULL;
	memset(pool, 0, sizeof(*pool));
	pthread_mutex_init(&pool->lock, NULL);
	pthread_cond_init(&pool->wake, NULL);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);	/* workers inherit the full mask */
	while (pool->workers < threads - 1 && pool->workers < MAX_WORKERS &&
		   pthread_create(&pool->worker[pool->workers], NULL, worker_main, pool) == 0)
		pool->workers++;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return pool;
}

void
shopper_pool_end(ShopperPool *pool)
{
	if (pool == NULL || pool->workers == 0)
		return;
	atomic_store(&pool->ending, true);
	publish(pool);
	for (int i = 0; i < pool->workers; i++)
		pthread_join(pool->worker[i], NULL);
	pool->workers = 0;
	pthread_cond_destroy(&pool->wake);
	pthread_mutex_destroy(&pool->lock);
}

void
shopper_parallel(ShopperEnv *env, int shards, ShopperShardFn fn, void *arg)
{
	ShopperPool *pool = env->pool;

	if (pool == NULL || pool->workers == 0 || shards < 2)
	{
		for (int i = 0; i < shards; i++)
			fn(arg, i);
		return;
	}
	pool->fn = fn;
	pool->arg = arg;
	pool->shards = shards;
	atomic_store(&pool->next_shard, 0);
	atomic_store(&pool->running, pool->workers);
	publish(pool);
	take_shards(pool);
	for (int spin = 0; atomic_load(&pool->running) > 0; spin++)
	{
		if (spin < SPINS * 50)
			pause_cpu();
		else
		{
			struct timespec nap = {0, 50000};

			nanosleep(&nap, NULL);
		}
	}
}
