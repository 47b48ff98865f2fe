/*
 * arena.h: an env inside an env, for work that is done many times in one call (a fold,
 * a trial): what it allocated goes all at once. Cancelling, threads and seed are the
 * parent's; progress and notices are dropped.
 */
#ifndef SHOPPER_ARENA_H
#define SHOPPER_ARENA_H

#include "env.h"

struct ShopperArenaBlock;

typedef struct ShopperArena
{
	ShopperEnv	env;			/* use this one */
	ShopperEnv *parent;
	struct ShopperArenaBlock *first;
	size_t		used;			/* bytes now, and the most there were */
	size_t		peak;
} ShopperArena;

extern void shopper_arena_open(ShopperArena *arena, ShopperEnv *parent);
/* Frees everything; hands a failure on to the parent and returns the status. */
extern ShopperStatus shopper_arena_close(ShopperArena *arena, ShopperStatus status);

#endif
