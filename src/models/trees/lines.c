/*
 * lines.c: which columns share a place, and writing the lines.
 */
#include "lines.h"

#include <string.h>

#include "../../core/threads.h"

#define BLOCK 1024				/* rows that a shard writes */
#define WINDOW_CELLS 4000000	/* between two polls */

/* Columns by falling bins, each into the first place that has room (first fit). */
static ShopperStatus
choose_places(ShopperEnv *env, const ShopperBins *bins, ShopperLines *lines)
{
	SHOPPER_NEW(env, lines->place, bins->n_columns);
	SHOPPER_NEW(env, lines->step, bins->n_columns);
	SHOPPER_NEW(env, lines->cells, bins->n_columns);
	for (int size = SHOPPER_PLACE_CELLS; size > 0; size--)
	{
		int			open = 0;	/* the places before it have no room for this size */

		for (int j = 0; j < bins->n_columns; j++)
		{
			if (bins->column[j].n_bins != size)
				continue;
			while (open < lines->n_places && lines->cells[open] * size > SHOPPER_PLACE_CELLS)
				open++;
			if (open == lines->n_places)
				lines->cells[lines->n_places++] = 1;
			lines->place[j] = open;
			lines->step[j] = lines->cells[open];
			lines->cells[open] *= size;
		}
	}
	for (int j = 0; j < bins->n_columns; j++)
		if (bins->column[j].n_bins > SHOPPER_PLACE_CELLS)
		{
			lines->place[j] = lines->n_places + lines->n_wide;
			lines->step[j] = 1;
			lines->cells[lines->n_places + lines->n_wide++] = bins->column[j].n_bins;
		}
	lines->width = lines->n_places + 2 * lines->n_wide;
	return SHOPPER_OK;
}

typedef struct Writing
{
	const ShopperBins *bins;
	ShopperLines *lines;
	int64_t		from;			/* row of shard 0 */
	int64_t		to;
} Writing;

static void
write_block(void *arg, int shard)
{
	const Writing *w = arg;
	const ShopperLines *lines = w->lines;
	size_t		width = (size_t) lines->width;
	int64_t		from = w->from + (int64_t) shard * BLOCK,
				to = from + BLOCK < w->to ? from + BLOCK : w->to;
	uint8_t    *first = lines->line + (size_t) from * width;

	memset(first, 0, (size_t) (to - from) * width);
	for (int j = 0; j < w->bins->n_columns; j++)
	{
		const ShopperBinColumn *c = &w->bins->column[j];
		int			place = lines->place[j];
		uint8_t    *at = first + (place < lines->n_places ? place : 2 * place - lines->n_places);

		if (c->bin8 != NULL)
			for (int64_t i = from; i < to; i++, at += width)
				*at = (uint8_t) (*at + c->bin8[i] * lines->step[j]);
		else
			for (int64_t i = from; i < to; i++, at += width)
				memcpy(at, &c->bin16[i], sizeof(uint16_t));
	}
}

ShopperStatus
shopper_lines_make(ShopperEnv *env, const ShopperBins *bins, int64_t n, ShopperLines *lines)
{
	Writing		w = {.bins = bins,.lines = lines};
	int64_t		window = (WINDOW_CELLS / (bins->n_columns + 1) / BLOCK + 1) * BLOCK;

	memset(lines, 0, sizeof(*lines));
	SHOPPER_TRY(choose_places(env, bins, lines));
	SHOPPER_NEW(env, lines->line, (size_t) n * (size_t) lines->width);
	for (w.from = 0; w.from < n; w.from = w.to)
	{
		w.to = w.from + window < n ? w.from + window : n;
		shopper_parallel(env, (int) ((w.to - w.from + BLOCK - 1) / BLOCK), write_block, &w);
		SHOPPER_TRY(shopper_poll(env));
	}
	return SHOPPER_OK;
}

void
shopper_lines_release(ShopperEnv *env, ShopperLines *lines)
{
	shopper_release(env, lines->place);
	shopper_release(env, lines->step);
	shopper_release(env, lines->cells);
	shopper_release(env, lines->line);
	memset(lines, 0, sizeof(*lines));
}
