/*
 * count.c: sums of gradients by the cells of places (lines.h).
 *
 * A thread takes a part of the rows and adds to cells of its own. Places come in blocks
 * whose cells fit into a core's first cache; where there are more blocks than threads,
 * each goes over all rows.
 */
#include <string.h>

#include "../../core/threads.h"
#include "grow.h"

#define BLOCK_CELLS 6144		/* 48 KB */
#define AHEAD 64				/* rows whose lines and gradients are fetched beforehand: memory answers after some hundred nanoseconds */

/* Byte p of four that were loaded at once. */
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
#define PLACE(four, p) ((four) >> (24 - 8 * (p)) & 255)
#else
#define PLACE(four, p) ((four) >> 8 * (p) & 255)
#endif

/* The cells of one row; a place of one byte has SHOPPER_PLACE_CELLS of them. */
static inline __attribute__((always_inline)) void
add_row(const ShopperCountBlock *b, const uint8_t *line, int64_t value, int64_t *cell)
{
	const uint32_t *at = b->at;
	int64_t    *c = cell;
	int			k = 0;

	for (line += at[0]; k < b->n_adjacent; k += 4, c += 4 * SHOPPER_PLACE_CELLS)
	{
		uint32_t	four;		/* places, by one load */

		memcpy(&four, line + k, sizeof(four));
		c[PLACE(four, 0)] += value;
		c[SHOPPER_PLACE_CELLS + PLACE(four, 1)] += value;
		c[2 * SHOPPER_PLACE_CELLS + PLACE(four, 2)] += value;
		c[3 * SHOPPER_PLACE_CELLS + PLACE(four, 3)] += value;
	}
	for (; k < b->n_places; k++, c += SHOPPER_PLACE_CELLS)
		c[line[at[k] - at[0]]] += value;
	for (; k < b->n; k++)
	{
		uint16_t	bin;

		memcpy(&bin, line + at[k] - at[0], sizeof(bin));
		cell[b->start[k] + bin] += value;
	}
}

static void
add_rows(const ShopperGrower *g, const ShopperCountBlock *b, const uint32_t *row, int64_t from, int64_t to, int64_t *cell)
{
	const uint8_t *line = g->lines.line;
	size_t		width = (size_t) g->lines.width,
				first = b->at[0],
				last = b->at[b->n - 1];

	if (row == NULL)
		for (int64_t i = from; i < to; i++)
			add_row(b, line + (size_t) i * width, shopper_unpack(g->packed[i]), cell);
	else
		for (int64_t i = from; i < to; i++)
		{
			size_t		next = row[i + AHEAD < to ? i + AHEAD : i];

			__builtin_prefetch(line + next * width + first);	/* a line may lie in two cache lines */
			__builtin_prefetch(line + next * width + last);
			__builtin_prefetch(g->packed + next);
			add_row(b, line + row[i] * width, shopper_unpack(g->packed[row[i]]), cell);
		}
}

typedef struct Counting
{
	const ShopperGrower *g;
	bool		clear;
	const uint32_t *rows;		/* NULL: 0 .. n - 1 */
	int			parts;
	int64_t		from;
	int64_t		to;
} Counting;

static void
count_part(void *arg, int shard)
{
	const Counting *c = arg;
	const ShopperGrower *g = c->g;
	const ShopperCountBlock *b = &g->block[shard / c->parts];
	int			part = shard % c->parts;
	int64_t    *cell = g->cells + part * g->n_cells + b->first_cell,
				from,
				to;

	if (c->clear)
		memset(cell, 0, (size_t) b->n_cells * sizeof(int64_t));
	shopper_shard_range(c->to - c->from, c->parts, part, &from, &to);
	add_rows(g, b, c->rows, c->from + from, c->from + to, cell);
}

/* Add rows[from .. to), in `parts` parts, to cells that are cleared before; NULL: the rows are 0 .. n - 1. */
void
shopper_count_rows(const ShopperGrower *g, const uint32_t *rows, int64_t from, int64_t to, bool clear, int parts, bool parallel)
{
	Counting	c = {.g = g,.clear = clear,.rows = rows,.parts = parts,.from = from,.to = to};

	if (parallel)
		shopper_parallel(g->env, parts * g->n_blocks, count_part, &c);
	else
		for (int s = 0; s < parts * g->n_blocks; s++)
			count_part(&c, s);
}

/* The sums of a column: its place's cells, added over parts and over the bins of the place's other columns. */
void
shopper_fold_column(const ShopperGrower *g, int column, int parts, int64_t *histogram)
{
	int			place = g->lines.place[column],
				n_bins = g->bins->column[column].n_bins,
				step = g->lines.step[column],
				cells = g->lines.cells[place];

	memset(histogram, 0, (size_t) n_bins * sizeof(int64_t));
	for (int p = 0; p < parts; p++)
	{
		const int64_t *cell = g->cells + p * g->n_cells + g->cell_of[place];

		if (step == 1)
			for (int c = 0; c < cells; c += n_bins)
				for (int b = 0; b < n_bins; b++)
					histogram[b] += cell[c + b];
		else
			for (int c = 0; c < cells;)
				for (int b = 0; b < n_bins; b++)
				{
					int64_t		sum = 0;

					for (int end = c + step; c < end; c++)
						sum += cell[c];
					histogram[b] += sum;
				}
	}
}

/* ---- blocks ---- */

/* Room for the rows' lines and for cells: of one block a thread, or once those of all places. */
ShopperStatus
shopper_count_make(ShopperGrower *g)
{
	int			places;

	SHOPPER_TRY(shopper_lines_make(g->env, g->bins, g->n, &g->lines));
	places = g->lines.n_places + g->lines.n_wide;
	SHOPPER_NEW(g->env, g->block, places);
	SHOPPER_NEW(g->env, g->at, places);
	SHOPPER_NEW(g->env, g->start, places);
	SHOPPER_NEW(g->env, g->cell_of, places);
	return SHOPPER_OK;
}

/* Cut the places of the columns that the next tree uses into blocks. */
ShopperStatus
shopper_count_begin(ShopperGrower *g)
{
	const ShopperLines *l = &g->lines;
	ShopperCountBlock *b = NULL;
	int			n = 0;
	int64_t		room;

	for (int p = 0; p < l->n_places + l->n_wide; p++)
		g->cell_of[p] = -1;
	for (int u = 0; u < g->n_used; u++)
		g->cell_of[l->place[g->used[u]]] = 0;
	g->n_blocks = 0;
	g->n_cells = 0;
	for (int p = 0; p < l->n_places + l->n_wide; p++)
	{
		bool		wide = p >= l->n_places;
		int			cells = wide ? l->cells[p] : SHOPPER_PLACE_CELLS;

		if (g->cell_of[p] < 0)
			continue;
		if (b == NULL || b->n_cells + cells > BLOCK_CELLS)
		{
			b = &g->block[g->n_blocks++];
			*b = (ShopperCountBlock) {.first_cell = g->n_cells,.at = g->at + n,.start = g->start + n};
		}
		g->at[n] = (uint32_t) (wide ? 2 * p - l->n_places : p);
		g->start[n++] = b->n_cells;
		g->cell_of[p] = g->n_cells;
		b->n++;
		b->n_places += !wide;
		while (b->n_adjacent + 4 <= b->n_places && b->at[b->n_adjacent + 3] == b->at[0] + (uint32_t) b->n_adjacent + 3)
			b->n_adjacent += 4;
		b->n_cells += cells;
		g->n_cells += cells;
	}
	g->max_parts = g->n_blocks == 0 ? 1 : (g->env->threads + g->n_blocks - 1) / g->n_blocks;
	if (g->max_parts < 1)
		g->max_parts = 1;
	room = g->max_parts * g->n_cells;
	return shopper_grow(g->env, &g->cells, &g->cell_capacity, room, sizeof(int64_t));
}

void
shopper_count_release(ShopperGrower *g)
{
	shopper_lines_release(g->env, &g->lines);
	shopper_release(g->env, g->cells);
	g->cells = NULL;
	g->cell_capacity = 0;
}
