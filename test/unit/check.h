/* check.h: the whole unit-test framework: CHECK macros, an env over malloc, a counter. */
#ifndef SHOPPER_CHECK_H
#define SHOPPER_CHECK_H

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../src/core/env.h"

extern int	check_failed;
extern int	check_passed;

#define CHECK(condition) \
	do { \
		if (condition) check_passed++; \
		else { check_failed++; printf("%s:%d: failed: %s\n", __FILE__, __LINE__, #condition); } \
	} while (0)
#define CHECK_OK(env, call) \
	do { \
		if ((call) == SHOPPER_OK) check_passed++; \
		else { check_failed++; printf("%s:%d: %s: %s\n", __FILE__, __LINE__, #call, (env)->message); } \
	} while (0)
#define CHECK_NEAR(got, wanted, tolerance) \
	do { \
		double got_ = (got), wanted_ = (wanted); \
		if (fabs(got_ - wanted_) <= (tolerance)) check_passed++; \
		else { check_failed++; printf("%s:%d: %s is %.10g, wanted %.10g\n", __FILE__, __LINE__, #got, got_, wanted_); } \
	} while (0)

/* A fresh env: memory is freed by check_env_end(); alloc fails after `allocations` (negative: never). */
extern ShopperEnv *check_env(long allocations);
/* The same, and cancelled() answers true from the given poll on (negative: never). */
extern void check_cancel_after(ShopperEnv *env, long polls);
extern void check_env_end(ShopperEnv *env);

#endif
