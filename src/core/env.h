/*
 * env.h: what pure code needs from its host.
 *
 * The pure rooms (core, features, models) know no PostgreSQL. Memory, the
 * cancel flag, progress, threads and the seed come in one ShopperEnv; failures
 * go out as a ShopperStatus plus text in the env. In the backend memory belongs
 * to a memory context: whatever a kernel leaves allocated is freed by its
 * reset, so a function that fails just returns.
 */
#ifndef SHOPPER_ENV_H
#define SHOPPER_ENV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum ShopperStatus
{
	SHOPPER_OK = 0,
	SHOPPER_OUT_OF_MEMORY,		/* alloc returned NULL */
	SHOPPER_CANCELLED,			/* cancelled() returned true */
	SHOPPER_BAD_BYTES,			/* stored bytes are not a valid model */
	SHOPPER_NEWER_FORMAT,		/* written by a newer version */
	SHOPPER_WRONG_MODEL,		/* a model, but of another kind */
	SHOPPER_BAD_OPTION,			/* an option's name, type or value */
	SHOPPER_BAD_DATA,			/* the rows cannot be learned from */
	SHOPPER_LIMIT,				/* a configured limit would be exceeded */
	SHOPPER_UNSUPPORTED			/* legal, but this version cannot do it */
} ShopperStatus;

/* Checks of our own, compiled into the unit tests and with make ASSERT=yes. */
#ifdef SHOPPER_ASSERT
#include <assert.h>
#define shopper_assert(condition) assert(condition)
#else
#define shopper_assert(condition) ((void) 0)
#endif

struct ShopperPool;

typedef struct ShopperEnv
{
	void	   *(*alloc) (void *ctx, size_t size);	/* NULL when out of memory */
	void	   *(*resize) (void *ctx, void *p, size_t size);	/* p stays valid on NULL */
	void		(*release) (void *ctx, void *p);
	bool		(*cancelled) (void *ctx);	/* a flag; never leaves by longjmp */
	void		(*progress) (void *ctx, const char *what, int64_t step, int64_t of, double loss);
	void		(*notice) (void *ctx, const char *message);
	bool		(*valid_text) (void *ctx, const char *text, size_t length);	/* of stored text; NULL: any will do */
	void	   *ctx;

	int64_t		max_model;		/* bytes that a model may have; 0: any */
	uint64_t	seed;
	int			threads;		/* how many threads pool work may use, at least 1 */
	struct ShopperPool *pool;	/* NULL: everything runs on the calling thread */

	/* the failure, set by shopper_fail() and its like */
	ShopperStatus status;
	char		message[400];
	char		detail[400];
	char		hint[400];
} ShopperEnv;

/* Return at once when a step fails. */
#define SHOPPER_TRY(call) \
	do { ShopperStatus try_status_ = (call); if (try_status_ != SHOPPER_OK) return try_status_; } while (0)

/* Allocate n objects of a type, or return SHOPPER_OUT_OF_MEMORY from the caller. */
#define SHOPPER_NEW(env, pointer, n) \
	do { \
		(pointer) = shopper_alloc((env), (size_t) (n), sizeof(*(pointer))); \
		if ((pointer) == NULL) return (env)->status; \
	} while (0)
#define SHOPPER_NEW0(env, pointer, n) \
	do { \
		(pointer) = shopper_alloc0((env), (size_t) (n), sizeof(*(pointer))); \
		if ((pointer) == NULL) return (env)->status; \
	} while (0)

/* count * size bytes (never 0 bytes), checked for overflow; NULL sets the status. */
extern void *shopper_alloc(ShopperEnv *env, size_t count, size_t size);
extern void *shopper_alloc0(ShopperEnv *env, size_t count, size_t size);
/* Make *p hold at least `need` objects: capacity doubles. *p may be NULL with *capacity 0. */
extern ShopperStatus shopper_grow(ShopperEnv *env, void *p, int64_t *capacity, int64_t need, size_t size);
extern void shopper_release(ShopperEnv *env, void *p);	/* NULL is fine */
extern char *shopper_strdup(ShopperEnv *env, const char *text, size_t length);

/* Record a failure; returns status, so that "return shopper_fail(...)" reads well. */
extern ShopperStatus shopper_fail(ShopperEnv *env, ShopperStatus status, const char *format,...)
			__attribute__((format(printf, 3, 4)));
extern void shopper_detail(ShopperEnv *env, const char *format,...) __attribute__((format(printf, 2, 3)));
extern void shopper_hint(ShopperEnv *env, const char *format,...) __attribute__((format(printf, 2, 3)));
extern void shopper_notice(ShopperEnv *env, const char *format,...) __attribute__((format(printf, 2, 3)));

/* Poll: SHOPPER_CANCELLED when the host wants the work to end. Poll at least every 20 ms of work. */
extern ShopperStatus shopper_poll(ShopperEnv *env);
extern void shopper_progress(ShopperEnv *env, const char *what, int64_t step, int64_t of, double loss);

#endif
