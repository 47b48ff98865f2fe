/* bench.h: what programs that time a learner without a server share: an env over malloc, a clock, an end on errors. */
#ifndef SHOPPER_BENCH_H
#define SHOPPER_BENCH_H

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "../../src/core/env.h"

static void *
bench_alloc(void *ctx, size_t size)
{
	(void) ctx;
	return malloc(size);
}

static void *
bench_resize(void *ctx, void *p, size_t size)
{
	(void) ctx;
	return realloc(p, size);
}

static void
bench_release(void *ctx, void *p)
{
	(void) ctx;
	free(p);
}

static inline ShopperEnv
bench_env(int threads)
{
	return (ShopperEnv) {.alloc = bench_alloc,.resize = bench_resize,.release = bench_release,.seed = 1,.threads = threads};
}

/* Seconds of the wall clock. */
static inline double
bench_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double) t.tv_sec + 1e-9 * (double) t.tv_nsec;
}

static inline void
bench_check(ShopperEnv *env, ShopperStatus status)
{
	if (status == SHOPPER_OK)
		return;
	fprintf(stderr, "failed: %s %s\n", env->message, env->hint);
	exit(1);
}

#endif
