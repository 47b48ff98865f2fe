/* ratings.c: from sorted pairs to one line a (user, item), by user and by item. */
#include "factors.h"

#include <string.h>

#define POLL_LINES 1000000

static ShopperStatus
new_lines(ShopperEnv *env, int64_t rows, int64_t n, ShopperLines *lines)
{
	lines->rows = rows;
	SHOPPER_NEW0(env, lines->start, rows + 1);
	SHOPPER_NEW(env, lines->line, n + SHOPPER_AHEAD);
	memset(lines->line + n, 0, SHOPPER_AHEAD * sizeof(ShopperLine));
	return SHOPPER_OK;
}

/* Equal (user, item) lines [from, to) as one value. They are in order of time, then of value. */
static float
merge(const ShopperPairs *pairs, bool implicit, int64_t from, int64_t to)
{
	double		sum = 0;

	if (!pairs->has_value)
		return (float) (to - from);
	if (!implicit && pairs->has_time)
		return pairs->value[to - 1];
	for (int64_t i = from; i < to; i++)
		sum += pairs->value[i];
	return (float) (implicit ? sum : sum / (double) (to - from));
}

ShopperStatus
shopper_lines_from_pairs(ShopperEnv *env, const ShopperPairs *pairs, const int64_t *start, bool implicit,
						 ShopperLines *lines)
{
	int64_t		n = 0;

	SHOPPER_TRY(new_lines(env, pairs->left.n, pairs->n, lines));
	for (int64_t user = 0; user < pairs->left.n; user++)
	{
		int64_t		to;

		lines->start[user] = n;
		if ((user & 0xffff) == 0)
			SHOPPER_TRY(shopper_poll(env));
		for (int64_t from = start[user]; from < start[user + 1]; from = to)
		{
			ShopperLine *line = &lines->line[n++];

			for (to = from + 1; to < start[user + 1] && pairs->b[to] == pairs->b[from]; to++)
				;
			line->code = pairs->b[from];
			line->value = merge(pairs, implicit, from, to);
			if (implicit && !(line->value >= 0))
				return shopper_fail(env, SHOPPER_BAD_DATA, "a weight must not be negative, got %g", (double) line->value);
			if (!(line->value >= -1e30f && line->value <= 1e30f))
				return shopper_fail(env, SHOPPER_BAD_DATA, "a rating or weight must be finite, got %g", (double) line->value);
		}
	}
	lines->start[pairs->left.n] = n;
	memset(lines->line + n, 0, SHOPPER_AHEAD * sizeof(ShopperLine));
	return SHOPPER_OK;
}

ShopperStatus
shopper_lines_transpose(ShopperEnv *env, const ShopperLines *lines, int64_t rows, ShopperLines *out)
{
	int64_t		n = lines->start[lines->rows];
	int64_t    *next;

	SHOPPER_TRY(new_lines(env, rows, n, out));
	for (int64_t i = 0; i < n; i++)
		out->start[lines->line[i].code + 1]++;
	for (int64_t r = 0; r < rows; r++)
		out->start[r + 1] += out->start[r];
	SHOPPER_NEW(env, next, rows);
	memcpy(next, out->start, (size_t) rows * sizeof(int64_t));
	for (int64_t r = 0, poll = 0; r < lines->rows; r++)
	{
		for (int64_t i = lines->start[r]; i < lines->start[r + 1]; i++)
		{
			ShopperLine *line = &out->line[next[lines->line[i].code]++];

			line->code = (int32_t) r;
			line->value = lines->line[i].value;
		}
		if (lines->start[r + 1] >= poll)
		{
			SHOPPER_TRY(shopper_poll(env));
			poll = lines->start[r + 1] + POLL_LINES;
		}
	}
	shopper_release(env, next);
	return SHOPPER_OK;
}

ShopperStatus
shopper_lines_split(ShopperEnv *env, ShopperLines *lines, const unsigned char *flag, ShopperLines *out)
{
	int64_t		n = lines->start[lines->rows],
				moved = 0,
				kept = 0,
				to = 0;

	for (int64_t i = 0; i < n; i++)
		moved += flag[i] != 0;
	SHOPPER_TRY(new_lines(env, lines->rows, moved, out));
	moved = 0;
	for (int64_t r = 0; r < lines->rows; r++)
	{
		int64_t		from = to;

		to = lines->start[r + 1];
		lines->start[r] = kept;
		out->start[r] = moved;
		for (int64_t i = from; i < to; i++)
		{
			if (flag[i])
				out->line[moved++] = lines->line[i];
			else
				lines->line[kept++] = lines->line[i];
		}
	}
	lines->start[lines->rows] = kept;
	out->start[lines->rows] = moved;
	memset(lines->line + kept, 0, SHOPPER_AHEAD * sizeof(ShopperLine));
	return SHOPPER_OK;
}
