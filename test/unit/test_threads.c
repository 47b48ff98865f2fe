/* test_threads.c: every shard of every job runs exactly once, whatever the workers are doing meanwhile. */
#include "check.h"

#include <stdatomic.h>

#include "../../src/core/hash.h"
#include "../../src/core/threads.h"

#define MOST 100

typedef struct Job
{
	_Atomic int runs[MOST];
	uint64_t	number;
} Job;

static void
shard_of(void *arg, int shard)
{
	Job		   *job = arg;

	for (uint64_t i = shopper_below(shopper_random(1, job->number, (uint64_t) shard), 300); i > 0; i--)
		atomic_signal_fence(memory_order_seq_cst);
	atomic_fetch_add(&job->runs[shard], 1);
}

static void
jobs(int threads, int n)
{
	ShopperEnv *env = check_env(-1);
	bool		right = true;

	env->threads = threads;
	env->pool = shopper_pool_create(env, threads);
	for (int i = 0; i < n; i++)
	{
		Job			job = {.number = (uint64_t) i};
		int			shards = (int) shopper_below(shopper_random(2, 0, (uint64_t) i), i % 2 ? MOST : 9) + 1;

		shopper_parallel(env, shards, shard_of, &job);
		for (int s = 0; s < MOST; s++)
			right &= atomic_load(&job.runs[s]) == (s < shards);
	}
	CHECK(right);
	check_env_end(env);
}

void
test_threads(void)
{
	jobs(1, 100);
	jobs(2, 20000);
	jobs(7, 3000);
	for (int i = 0; i < 50; i++)	/* short lives: workers that never see a job */
		jobs(4, i % 3);
}
