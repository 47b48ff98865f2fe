/* check.c: env over malloc for tests, and main(): every test_* file has one function named below. */
#include "check.h"

#include "../../src/core/threads.h"

int			check_failed,
			check_passed;

typedef struct Block
{
	struct Block *next,
			   *previous;
} Block;

typedef struct Heap
{
	ShopperEnv	env;
	Block		list;
	long		allocations_left;
	long		polls_left;
} Heap;

static void *
heap_alloc(void *ctx, size_t size)
{
	Heap	   *heap = ctx;
	Block	   *b;

	if (heap->allocations_left == 0)
		return NULL;
	if (heap->allocations_left > 0)
		heap->allocations_left--;
	b = malloc(sizeof(Block) + size);
	if (b == NULL)
		return NULL;
	b->next = heap->list.next;
	b->previous = &heap->list;
	heap->list.next->previous = b;
	heap->list.next = b;
	return b + 1;
}

static void
heap_release(void *ctx, void *p)
{
	Block	   *b = (Block *) p - 1;

	(void) ctx;
	b->next->previous = b->previous;
	b->previous->next = b->next;
	free(b);
}

static void *
heap_resize(void *ctx, void *p, size_t size)
{
	Heap	   *heap = ctx;
	Block	   *b = (Block *) p - 1,
			   *moved;

	if (heap->allocations_left == 0)
		return NULL;
	if (heap->allocations_left > 0)
		heap->allocations_left--;
	moved = realloc(b, sizeof(Block) + size);
	if (moved == NULL)
		return NULL;
	moved->next->previous = moved;
	moved->previous->next = moved;
	return moved + 1;
}

static bool
heap_cancelled(void *ctx)
{
	Heap	   *heap = ctx;

	if (heap->polls_left > 0)
		heap->polls_left--;
	else if (heap->polls_left == 0)
		return true;
	return false;
}

ShopperEnv *
check_env(long allocations)
{
	Heap	   *heap = calloc(1, sizeof(Heap));

	heap->list.next = heap->list.previous = &heap->list;
	heap->allocations_left = allocations;
	heap->polls_left = -1;
	heap->env.alloc = heap_alloc;
	heap->env.resize = heap_resize;
	heap->env.release = heap_release;
	heap->env.cancelled = heap_cancelled;
	heap->env.ctx = heap;
	heap->env.seed = 1;
	heap->env.threads = 1;
	return &heap->env;
}

void
check_cancel_after(ShopperEnv *env, long polls)
{
	((Heap *) env->ctx)->polls_left = polls;
}

void
check_env_end(ShopperEnv *env)
{
	Heap	   *heap = env->ctx;

	shopper_pool_end(env->pool);
	while (heap->list.next != &heap->list)
		heap_release(heap, heap->list.next + 1);
	free(heap);
}

#define TEST(name) extern void test_##name(void);
#include "tests.def"
#undef TEST

int
main(int argc, char **argv)
{
#define TEST(name) \
	if (argc < 2 || strcmp(argv[1], #name) == 0) { \
		int before = check_failed; \
		test_##name(); \
		printf("%-24s %s\n", #name, check_failed == before ? "ok" : "FAILED"); \
	}
#include "tests.def"
#undef TEST
	printf("unit: %d passed, %d failed\n", check_passed, check_failed);
	return check_failed != 0;
}
