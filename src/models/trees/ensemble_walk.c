/*
 * ensemble_walk.c: from the roots of trees to their leaves (ensemble_score.c says what
 * the nodes hold).
 *
 * A step needs the one before it, so many trees (one row) or rows (one tree) walk side
 * by side: 8 at a time, or 16 in a register and four such registers in turn.
 */
#include "../../core/simd.h"
#include "ensemble_internal.h"

#ifdef SHOPPER_X86_LEVELS
#include <immintrin.h>
#endif

#define LANES 8
#define WIDTH 16				/* lanes of a register */

/* ---- by words ---- */

/* 1: to the right. `categories` and the type of the node are constants of the caller. */
static inline __attribute__((always_inline)) uint32_t
goes_right(const ShopperEnsemble *e, uint32_t key, uint32_t slot, const int32_t *row, bool categories)
{
	int32_t		x = row[slot & SHOPPER_SLOT_MASK];
	uint32_t	kind = slot >> SHOPPER_KIND_SHIFT,
				right = x > (int32_t) key;

	if (!categories)
		return right;
	if (__builtin_expect(kind == SHOPPER_KIND_LARGE, 0))
		return e->right_levels[key + (uint32_t) x / 32] >> (x & 31) & 1;
	/* arithmetic, not a branch: nodes of both kinds alternate at random */
	return (right & (kind ^ 1)) | ((key >> (x & 31)) & kind);
}

/*
 * Walk LANES trees or rows to their leaves: at[l] is lane l's node, row[l] its row. After
 * two steps the second tells whether all stand still.
 */
#define WALK(NODE, CATEGORIES) \
	do { \
		uint32_t	moved_; \
		do { \
			moved_ = 0; \
			_Pragma("GCC unroll 8") \
			for (int l_ = 0; l_ < LANES; l_++) \
				at[l_] += (NODE)[at[l_]].child + goes_right(e, (NODE)[at[l_]].key, (NODE)[at[l_]].slot, row[l_], CATEGORIES); \
			_Pragma("GCC unroll 8") \
			for (int l_ = 0; l_ < LANES; l_++) \
			{ \
				uint32_t	step_ = (NODE)[at[l_]].child + goes_right(e, (NODE)[at[l_]].key, (NODE)[at[l_]].slot, row[l_], CATEGORIES); \
				at[l_] += step_; \
				moved_ |= step_; \
			} \
		} while (moved_ != 0); \
		_Pragma("GCC unroll 8") \
		for (int l_ = 0; l_ < LANES; l_++) \
			leaf[l_] = (NODE)[at[l_]].key; \
	} while (0)

static inline __attribute__((always_inline)) void
walk_lanes(const ShopperEnsemble *e, const int32_t *start, const int32_t *const *row, uint32_t *leaf)
{
	size_t		at[LANES];

	for (int l = 0; l < LANES; l++)
		at[l] = (size_t) start[l];
	if (e->wide != NULL)
		WALK(e->wide, true);
	else if (e->splits_categories)
		WALK(e->hot, true);
	else
		WALK(e->hot, false);
}

/* ---- by registers ---- */

#ifdef SHOPPER_X86_LEVELS

/* What the slots of a node are read from: four registers of a row, or memory, where lane l's row begins at offset. */
typedef struct Slots
{
	__m512i		row[SHOPPER_WALKS / WIDTH];
	const int32_t *rows;
	__m512i		offset[SHOPPER_WALKS / WIDTH];
} Slots;

/* Lanes to memory, and really there: the compiler would rather take them out of the register one by one. */
#define SPILL(place, lanes) \
	do { \
		_mm512_store_si512(place, lanes); \
		__asm__ volatile ("" : "+m" (place)); \
	} while (0)

/* Nodes at eight places, words at sixteen, by loads of their own: an instruction that gathers takes several times as long. */
static inline __attribute__((always_inline)) SHOPPER_V4 __m512i
load_nodes(const ShopperHotNode *node, const uint32_t *at)
{
	__m128i		pair[4];

	for (int k = 0; k < 4; k++)
		pair[k] = _mm_castpd_si128(_mm_loadh_pd(_mm_castsi128_pd(_mm_loadl_epi64((const __m128i *) &node[at[2 * k]])),
												(const double *) (const void *) &node[at[2 * k + 1]]));
	return _mm512_inserti64x4(_mm512_castsi256_si512(_mm256_inserti128_si256(_mm256_castsi128_si256(pair[0]), pair[1], 1)),
							  _mm256_inserti128_si256(_mm256_castsi128_si256(pair[2]), pair[3], 1), 1);
}

static inline __attribute__((always_inline)) SHOPPER_V4 __m512i
load_words(const uint32_t *word, __m512i at)
{
	uint32_t	place[WIDTH] __attribute__((aligned(64)));
	__m128i		four[4];

	SPILL(place, at);
	for (int k = 0; k < 4; k++)
	{
		four[k] = _mm_cvtsi32_si128((int) word[place[4 * k]]);
		four[k] = _mm_insert_epi32(four[k], (int) word[place[4 * k + 1]], 1);
		four[k] = _mm_insert_epi32(four[k], (int) word[place[4 * k + 2]], 2);
		four[k] = _mm_insert_epi32(four[k], (int) word[place[4 * k + 3]], 3);
	}
	return _mm512_inserti64x4(_mm512_castsi256_si512(_mm256_inserti128_si256(_mm256_castsi128_si256(four[0]), four[1], 1)),
							  _mm256_inserti128_si256(_mm256_castsi128_si256(four[2]), four[3], 1), 1);
}

static inline __attribute__((always_inline)) SHOPPER_V4 __m512i
read_slots(const Slots *s, bool registers, int group, __m512i slot)
{
	if (!registers)
		return load_words((const uint32_t *) s->rows, _mm512_add_epi32(s->offset[group], slot));
	return _mm512_mask_blend_epi32(_mm512_test_epi32_mask(slot, _mm512_set1_epi32(32)),
								   _mm512_permutex2var_epi32(s->row[0], slot, s->row[1]),
								   _mm512_permutex2var_epi32(s->row[2], slot, s->row[3]));
}

/* One step of 16 lanes. */
static inline __attribute__((always_inline)) SHOPPER_V4 __m512i
step(const ShopperEnsemble *e, __m512i at, const Slots *s, bool registers, int group, bool categories)
{
	const __m512i even = _mm512_set_epi32(30, 28, 26, 24, 22, 20, 18, 16, 14, 12, 10, 8, 6, 4, 2, 0),
				odd = _mm512_set_epi32(31, 29, 27, 25, 23, 21, 19, 17, 15, 13, 11, 9, 7, 5, 3, 1),
				one = _mm512_set1_epi32(1);
	uint32_t	place[WIDTH] __attribute__((aligned(64)));
	__m512i		low,
				high,
				key,
				rest,
				x;
	__mmask16	right;

	SPILL(place, at);
	low = load_nodes(e->hot, place);
	high = load_nodes(e->hot, place + 8);
	key = _mm512_permutex2var_epi32(low, even, high);
	rest = _mm512_permutex2var_epi32(low, odd, high);	/* slot, kind, child */
	x = read_slots(s, registers, group, _mm512_and_si512(rest, _mm512_set1_epi32(SHOPPER_SLOT_MASK)));
	right = _mm512_cmpgt_epi32_mask(x, key);
	if (categories)
	{
		__mmask16	small = _mm512_test_epi32_mask(rest, _mm512_set1_epi32(SHOPPER_KIND_CATEGORY << SHOPPER_KIND_SHIFT)),
					large = _mm512_test_epi32_mask(rest, _mm512_set1_epi32(SHOPPER_KIND_LARGE << SHOPPER_KIND_SHIFT));

		right = (__mmask16) ((right & ~small) | _mm512_mask_test_epi32_mask(small, _mm512_srlv_epi32(key, x), one));
		if (large)
		{
			__m512i		word = _mm512_add_epi32(key, _mm512_srli_epi32(x, 5)),
						bit = _mm512_and_si512(x, _mm512_set1_epi32(31));

			word = load_words(e->right_levels, _mm512_maskz_mov_epi32(large, word));
			right = (__mmask16) ((right & ~large) | _mm512_mask_test_epi32_mask(large, _mm512_srlv_epi32(word, bit), one));
		}
	}
	at = _mm512_add_epi32(at, _mm512_srli_epi32(rest, 16));
	return _mm512_mask_add_epi32(at, right, at, one);
}

/* Walk `groups` registers of lanes until all stand still; registers, groups and categories are constants of the caller. */
static inline __attribute__((always_inline)) SHOPPER_V4 void
walk_groups(const ShopperEnsemble *e, __m512i *at, const Slots *s, bool registers, int groups, bool categories, uint32_t *leaf)
{
	__mmask16	moved = 1;

	for (int depth = 0; depth < e->deepest && moved; depth++)
	{
		moved = 0;
		_Pragma("GCC unroll 4")
		for (int g = 0; g < groups; g++)
		{
			__m512i		next = step(e, at[g], s, registers, g, categories);

			moved |= _mm512_cmpneq_epi32_mask(next, at[g]);
			at[g] = next;
		}
	}
	for (int g = 0; g < groups; g++)
		_mm512_storeu_si512(leaf + g * WIDTH, load_words((const uint32_t *) (const void *) e->hot, _mm512_add_epi32(at[g], at[g])));
}

static inline __attribute__((always_inline)) SHOPPER_V4 void
walk_v4(const ShopperEnsemble *e, __m512i *at, const Slots *s, bool registers, int groups, uint32_t *leaf)
{
	if (e->splits_categories)
		walk_groups(e, at, s, registers, groups, true, leaf);
	else
		walk_groups(e, at, s, registers, groups, false, leaf);
}

static SHOPPER_V4 void
walk_trees_v4(const ShopperEnsemble *e, int64_t tree, int n, const int32_t *row, uint32_t *leaf)
{
	Slots		s;
	__m512i		at[SHOPPER_WALKS / WIDTH];

	for (int g = 0; g < SHOPPER_WALKS / WIDTH; g++)
	{
		s.row[g] = _mm512_loadu_si512(row + g * WIDTH);
		at[g] = _mm512_loadu_si512(e->start + tree + g * WIDTH);
	}
	if (n <= WIDTH)
		walk_v4(e, at, &s, true, 1, leaf);
	else if (n <= 2 * WIDTH)
		walk_v4(e, at, &s, true, 2, leaf);
	else if (n <= 3 * WIDTH)
		walk_v4(e, at, &s, true, 3, leaf);
	else
		walk_v4(e, at, &s, true, 4, leaf);
}

/* Lanes beyond the rows go with the first one. */
static SHOPPER_V4 void
walk_rows_v4(const ShopperEnsemble *e, int64_t tree, const int32_t *rows, int n, uint32_t *leaf)
{
	Slots		s = {.rows = rows};
	__m512i		at[SHOPPER_WALKS / WIDTH],
				lane = _mm512_set_epi32(15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0);

	for (int g = 0; g < SHOPPER_WALKS / WIDTH; g++)
	{
		__m512i		row = _mm512_add_epi32(lane, _mm512_set1_epi32(g * WIDTH));

		row = _mm512_maskz_mov_epi32(_mm512_cmplt_epi32_mask(row, _mm512_set1_epi32(n)), row);
		s.offset[g] = _mm512_mullo_epi32(row, _mm512_set1_epi32(e->n_slots));
		at[g] = _mm512_set1_epi32(e->start[tree]);
	}
	if (n <= WIDTH)
		walk_v4(e, at, &s, false, 1, leaf);
	else
		walk_v4(e, at, &s, false, 4, leaf);
}
#endif

/* ---- both ---- */

void
shopper_walk_trees(const ShopperEnsemble *e, int64_t tree, int n, const int32_t *row, uint32_t *leaf)
{
	const int32_t *rows[LANES];

#ifdef SHOPPER_X86_LEVELS
	if (e->vectors && e->wide == NULL && e->n_slots <= SHOPPER_WALKS)
	{
		walk_trees_v4(e, tree, n, row, leaf);
		return;
	}
#endif
	for (int l = 0; l < LANES; l++)
		rows[l] = row;
	for (int t = 0; t < n; t += LANES)
		walk_lanes(e, e->start + tree + t, rows, leaf + t);
}

void
shopper_walk_rows(const ShopperEnsemble *e, int64_t tree, const int32_t *rows, int n, uint32_t *leaf)
{
	int32_t		start[LANES];

#ifdef SHOPPER_X86_LEVELS
	if (e->vectors && e->wide == NULL)
	{
		walk_rows_v4(e, tree, rows, n, leaf);
		return;
	}
#endif
	for (int l = 0; l < LANES; l++)
		start[l] = e->start[tree];
	for (int i = 0; i < n; i += LANES)
	{
		const int32_t *row[LANES];

		for (int l = 0; l < LANES; l++)
			row[l] = rows + (i + l < n ? i + l : 0) * e->n_slots;
		walk_lanes(e, start, row, leaf + i);
	}
}
