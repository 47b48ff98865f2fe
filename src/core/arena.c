/* arena.c: see arena.h */
#include "arena.h"

#include <string.h>

/* Before each allocation, in a list; 32 bytes keep the alignment. */
typedef struct ShopperArenaBlock
{
	struct ShopperArenaBlock *before;
	struct ShopperArenaBlock *after;
	size_t		size;
	size_t		unused;
} ShopperArenaBlock;

static void
link_block(ShopperArena *arena, ShopperArenaBlock *block)
{
	block->before = NULL;
	block->after = arena->first;
	if (arena->first != NULL)
		arena->first->before = block;
	arena->first = block;
	arena->used += block->size;
	arena->peak = arena->used > arena->peak ? arena->used : arena->peak;
}

static void
unlink_block(ShopperArena *arena, ShopperArenaBlock *block)
{
	arena->used -= block->size;
	if (block->before != NULL)
		block->before->after = block->after;
	else
		arena->first = block->after;
	if (block->after != NULL)
		block->after->before = block->before;
}

/* A failure of the parent (a limit) is this env's failure too. */
static void
take_failure(ShopperArena *arena)
{
	ShopperEnv *parent = arena->parent;

	if (parent->status == SHOPPER_OK)
		return;
	arena->env.status = parent->status;
	memcpy(arena->env.message, parent->message, sizeof(parent->message));
	memcpy(arena->env.detail, parent->detail, sizeof(parent->detail));
	memcpy(arena->env.hint, parent->hint, sizeof(parent->hint));
}

static void *
arena_alloc(void *ctx, size_t size)
{
	ShopperArena *arena = ctx;
	ShopperArenaBlock *block = arena->parent->alloc(arena->parent->ctx, size + sizeof(ShopperArenaBlock));

	if (block == NULL)
	{
		take_failure(arena);
		return NULL;
	}
	block->size = size;
	link_block(arena, block);
	return block + 1;
}

static void *
arena_resize(void *ctx, void *p, size_t size)
{
	ShopperArena *arena = ctx;
	ShopperArenaBlock *block = (ShopperArenaBlock *) p - 1,
			   *moved;

	unlink_block(arena, block);
	moved = arena->parent->resize(arena->parent->ctx, block, size + sizeof(ShopperArenaBlock));
	if (moved != NULL)
		moved->size = size;
	link_block(arena, moved != NULL ? moved : block);
	if (moved == NULL)
	{
		take_failure(arena);
		return NULL;
	}
	return moved + 1;
}

static void
arena_release(void *ctx, void *p)
{
	ShopperArena *arena = ctx;
	ShopperArenaBlock *block = (ShopperArenaBlock *) p - 1;

	unlink_block(arena, block);
	arena->parent->release(arena->parent->ctx, block);
}

static bool
arena_cancelled(void *ctx)
{
	const ShopperArena *arena = ctx;

	return arena->parent->cancelled != NULL && arena->parent->cancelled(arena->parent->ctx);
}

static bool
arena_valid_text(void *ctx, const char *text, size_t length)
{
	const ShopperArena *arena = ctx;

	return arena->parent->valid_text == NULL || arena->parent->valid_text(arena->parent->ctx, text, length);
}

void
shopper_arena_open(ShopperArena *arena, ShopperEnv *parent)
{
	memset(arena, 0, sizeof(*arena));
	arena->parent = parent;
	arena->env = *parent;
	arena->env.alloc = arena_alloc;
	arena->env.resize = arena_resize;
	arena->env.release = arena_release;
	arena->env.cancelled = arena_cancelled;
	arena->env.valid_text = arena_valid_text;
	arena->env.progress = NULL;
	arena->env.notice = NULL;
	arena->env.ctx = arena;
}

ShopperStatus
shopper_arena_close(ShopperArena *arena, ShopperStatus status)
{
	ShopperEnv *parent = arena->parent;

	while (arena->first != NULL)
		arena_release(arena, arena->first + 1);
	if (status == SHOPPER_OK)
		return status;
	parent->status = status;
	memcpy(parent->message, arena->env.message, sizeof(parent->message));
	memcpy(parent->detail, arena->env.detail, sizeof(parent->detail));
	memcpy(parent->hint, arena->env.hint, sizeof(parent->hint));
	return status;
}
