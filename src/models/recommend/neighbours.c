/* neighbours.c: lists of neighbours, weights and biases; see neighbours.h. Searching is in neighbours_find.c. */
#include "neighbours.h"

#include <math.h>
#include <string.h>

#define SWEEPS 20

/* ---- lists ---- */

ShopperStatus
shopper_neighbours_transpose(ShopperEnv *env, const ShopperNeighbours *lists, ShopperNeighbours *out)
{
	int64_t		total = lists->start[lists->n];
	int64_t    *next;

	out->n = lists->n;
	SHOPPER_NEW0(env, out->start, lists->n + 1);
	SHOPPER_NEW(env, out->code, total);
	SHOPPER_NEW(env, out->weight, total);
	for (int64_t i = 0; i < total; i++)
		out->start[lists->code[i] + 1]++;
	for (int64_t r = 0; r < lists->n; r++)
		out->start[r + 1] += out->start[r];
	SHOPPER_NEW(env, next, lists->n);
	memcpy(next, out->start, (size_t) lists->n * sizeof(int64_t));
	for (int64_t r = 0; r < lists->n; r++)
		for (int64_t i = lists->start[r]; i < lists->start[r + 1]; i++)
		{
			int64_t		to = next[lists->code[i]]++;

			out->code[to] = (int32_t) r;
			out->weight[to] = lists->weight[i];
		}
	shopper_release(env, next);
	return shopper_poll(env);
}

ShopperStatus
shopper_neighbours_renumber(ShopperEnv *env, const ShopperNeighbours *lists, const int64_t *old, int64_t n, ShopperNeighbours *out)
{
	int32_t    *code;			/* of the old codes */
	int64_t		total = 0;

	out->n = n;
	SHOPPER_NEW0(env, out->start, n + 1);
	SHOPPER_NEW(env, out->code, lists->start[lists->n]);
	SHOPPER_NEW(env, out->weight, lists->start[lists->n]);
	SHOPPER_NEW(env, code, lists->n);
	for (int64_t r = 0; r < n; r++)
		if (old[r] >= 0)
			code[old[r]] = (int32_t) r;
	for (int64_t r = 0; r < n; r++)
	{
		for (int64_t i = old[r] >= 0 ? lists->start[old[r]] : 0; old[r] >= 0 && i < lists->start[old[r] + 1]; i++, total++)
		{
			out->code[total] = code[lists->code[i]];
			out->weight[total] = lists->weight[i];
		}
		out->start[r + 1] = total;
	}
	shopper_release(env, code);
	return shopper_poll(env);
}

/* ---- storing ---- */

void
shopper_neighbours_encode(const ShopperNeighbours *lists, ShopperWriter *w)
{
	shopper_put_varint(w, (uint64_t) lists->start[lists->n]);
	for (int64_t r = 0; r < lists->n; r++)
	{
		shopper_put_varint(w, (uint64_t) (lists->start[r + 1] - lists->start[r]));
		for (int64_t i = lists->start[r]; i < lists->start[r + 1]; i++)
			shopper_put_varint(w, (uint64_t) lists->code[i]);
	}
	shopper_put_f64s(w, lists->weight, lists->start[lists->n]);
}

ShopperStatus
shopper_neighbours_decode(ShopperEnv *env, ShopperReader *r, int64_t n, ShopperNeighbours *lists)
{
	int64_t		total = shopper_get_count(r, 9),
				at = 0;

	lists->n = n;
	if (n > r->end - r->next)
		return shopper_bad_bytes(env, "its neighbours are cut off");
	SHOPPER_NEW0(env, lists->start, n + 1);
	SHOPPER_NEW0(env, lists->code, total);
	SHOPPER_NEW0(env, lists->weight, total);
	for (int64_t row = 0; row < n; row++)
	{
		int64_t		count = shopper_get_count(r, 1);

		if (count > total - at)
			return shopper_bad_bytes(env, "it has too many neighbours");
		for (int64_t i = 0; i < count; i++)
		{
			uint64_t	code = shopper_get_varint(r);

			if (code >= (uint64_t) n)
				return shopper_bad_bytes(env, "a neighbour is out of range");
			lists->code[at++] = (int32_t) code;
		}
		lists->start[row + 1] = at;
	}
	if (r->failed || at != total)
		return shopper_bad_bytes(env, "its neighbours are damaged");
	shopper_get_f64s(r, lists->weight, total);
	for (int64_t i = 0; i < total; i++)
		if (!(fabs(lists->weight[i]) <= 1e30))
			return shopper_bad_bytes(env, "a similarity is not finite");
	return r->failed ? shopper_bad_bytes(env, "its neighbours are damaged") : SHOPPER_OK;
}

/* ---- weights and biases ---- */

ShopperStatus
shopper_weigh_lines(ShopperEnv *env, ShopperLines *lines, int64_t items, ShopperWeighting weighting)
{
	int64_t		n = lines->start[lines->rows];
	int64_t    *users;
	double		length = (double) n / (double) (lines->rows > 0 ? lines->rows : 1);

	if (weighting == SHOPPER_WEIGHT_NONE)
		return SHOPPER_OK;
	SHOPPER_NEW0(env, users, items);
	for (int64_t i = 0; i < n; i++)
		users[lines->line[i].code]++;
	for (int64_t u = 0; u < lines->rows; u++)
	{
		double		mine = (double) (lines->start[u + 1] - lines->start[u]);

		for (int64_t i = lines->start[u]; i < lines->start[u + 1]; i++)
		{
			double		w = lines->line[i].value,
						in = (double) users[lines->line[i].code],
						idf = log((double) lines->rows / in) + (weighting == SHOPPER_WEIGHT_TFIDF);

			if (weighting == SHOPPER_WEIGHT_BINARY)
				w = 1;
			else if (weighting == SHOPPER_WEIGHT_TFIDF)
				w = sqrt(w) * idf;
			else
				w = w * 101 / (100 * (0.2 + 0.8 * mine / length) + w) * idf;
			lines->line[i].value = (float) w;
		}
	}
	shopper_release(env, users);
	return shopper_poll(env);
}

ShopperStatus
shopper_biases_fit(ShopperEnv *env, const ShopperLines *lines, int64_t items, double damping, ShopperBiases *b)
{
	int64_t		n = lines->start[lines->rows];
	double	   *sum,
			   *count,
				mu = 0;

	SHOPPER_NEW0(env, b->user, lines->rows);
	SHOPPER_NEW0(env, b->item, items);
	SHOPPER_NEW(env, sum, items);
	SHOPPER_NEW0(env, count, items);
	b->lowest = INFINITY;
	b->highest = -INFINITY;
	for (int64_t i = 0; i < n; i++)
	{
		mu += lines->line[i].value;
		count[lines->line[i].code]++;
		b->lowest = fmin(b->lowest, lines->line[i].value);
		b->highest = fmax(b->highest, lines->line[i].value);
	}
	b->mu = mu / (double) n;
	memset(sum, 0, (size_t) items * sizeof(double));
	for (int64_t i = 0; i < n; i++)
		sum[lines->line[i].code] += lines->line[i].value - b->mu;
	for (int sweep = 0; sweep < SWEEPS; sweep++)
	{
		for (int64_t i = 0; i < items; i++)
		{
			b->item[i] = (float) (sum[i] / (damping + count[i]));
			sum[i] = 0;
		}
		for (int64_t u = 0; u < lines->rows; u++)	/* and the items' sums for the next sweep */
		{
			double		mine = 0;

			for (int64_t i = lines->start[u]; i < lines->start[u + 1]; i++)
				mine += lines->line[i].value - b->mu - b->item[lines->line[i].code];
			b->user[u] = (float) (mine / (damping + (double) (lines->start[u + 1] - lines->start[u])));
			for (int64_t i = lines->start[u]; i < lines->start[u + 1]; i++)
				sum[lines->line[i].code] += lines->line[i].value - b->mu - b->user[u];
		}
		SHOPPER_TRY(shopper_poll(env));
	}
	shopper_release(env, sum);
	shopper_release(env, count);
	return SHOPPER_OK;
}
