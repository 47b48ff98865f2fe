/* env.c: allocation with checked sizes, failures with text, polling. */
#include "env.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void *
shopper_alloc(ShopperEnv *env, size_t count, size_t size)
{
	size_t		bytes;
	void	   *p;

	if (__builtin_mul_overflow(count, size, &bytes) || bytes > SIZE_MAX / 2)
	{
		shopper_fail(env, SHOPPER_OUT_OF_MEMORY, "out of memory");
		shopper_detail(env, "A request for %zu objects of %zu bytes is not possible.", count, size);
		return NULL;
	}
	p = env->alloc(env->ctx, bytes ? bytes : 1);
	if (p == NULL && env->status == SHOPPER_OK)
	{
		shopper_fail(env, SHOPPER_OUT_OF_MEMORY, "out of memory");
		shopper_detail(env, "Failed on a request of %zu bytes.", bytes);
	}
	return p;
}

void *
shopper_alloc0(ShopperEnv *env, size_t count, size_t size)
{
	void	   *p = shopper_alloc(env, count, size);

	if (p != NULL)
		memset(p, 0, count * size);
	return p;
}

ShopperStatus
shopper_grow(ShopperEnv *env, void *p, int64_t *capacity, int64_t need, size_t size)
{
	void	  **slot = p;
	int64_t		wanted = *capacity > 0 ? *capacity : 16;
	size_t		bytes;
	void	   *grown;

	if (need <= *capacity)
		return SHOPPER_OK;
	while (wanted < need)
		wanted *= 2;
	if (__builtin_mul_overflow((size_t) wanted, size, &bytes))
		return shopper_fail(env, SHOPPER_OUT_OF_MEMORY, "out of memory");
	grown = *slot == NULL ? env->alloc(env->ctx, bytes) : env->resize(env->ctx, *slot, bytes);
	if (grown == NULL)
	{
		if (env->status != SHOPPER_OK)
			return env->status;
		shopper_fail(env, SHOPPER_OUT_OF_MEMORY, "out of memory");
		shopper_detail(env, "Failed on a request of %zu bytes.", bytes);
		return SHOPPER_OUT_OF_MEMORY;
	}
	*slot = grown;
	*capacity = wanted;
	return SHOPPER_OK;
}

void
shopper_release(ShopperEnv *env, void *p)
{
	if (p != NULL)
		env->release(env->ctx, p);
}

char *
shopper_strdup(ShopperEnv *env, const char *text, size_t length)
{
	char	   *copy = shopper_alloc(env, length + 1, 1);

	if (copy != NULL)
	{
		memcpy(copy, text, length);
		copy[length] = '\0';
	}
	return copy;
}

ShopperStatus
shopper_fail(ShopperEnv *env, ShopperStatus status, const char *format,...)
{
	va_list		args;

	env->status = status;
	env->detail[0] = env->hint[0] = '\0';
	va_start(args, format);
	vsnprintf(env->message, sizeof(env->message), format, args);
	va_end(args);
	return status;
}

void
shopper_detail(ShopperEnv *env, const char *format,...)
{
	va_list		args;

	va_start(args, format);
	vsnprintf(env->detail, sizeof(env->detail), format, args);
	va_end(args);
}

void
shopper_hint(ShopperEnv *env, const char *format,...)
{
	va_list		args;

	va_start(args, format);
	vsnprintf(env->hint, sizeof(env->hint), format, args);
	va_end(args);
}

void
shopper_notice(ShopperEnv *env, const char *format,...)
{
	char		message[400];
	va_list		args;

	if (env->notice == NULL)
		return;
	va_start(args, format);
	vsnprintf(message, sizeof(message), format, args);
	va_end(args);
	env->notice(env->ctx, message);
}

ShopperStatus
shopper_poll(ShopperEnv *env)
{
	if (env->cancelled != NULL && env->cancelled(env->ctx))
		return shopper_fail(env, SHOPPER_CANCELLED, "cancelled");
	return SHOPPER_OK;
}

void
shopper_progress(ShopperEnv *env, const char *what, int64_t step, int64_t of, double loss)
{
	if (env->progress != NULL)
		env->progress(env->ctx, what, step, of, loss);
}
