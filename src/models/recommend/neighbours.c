/* neighbours.c: see neighbours.h */
#include "neighbours.h"

#include <math.h>
#include <string.h>

#include "../../core/threads.h"
#include "best.h"

#define SHARDS 8
#define SWEEPS 20
#define CELLS_PER_ROUND 4000000 /* additions between two polls */

/* ---- similarities ---- */

typedef struct Searching
{
	const ShopperLines *by_row;
	const ShopperLines *by_column;
	const ShopperNeighbourOptions *o;
	const double *norm;			/* (columns) root of the sum of squares */
	int64_t		columns;
	int64_t		from;			/* columns of this round */
	int64_t		to;
	int64_t		most;			/* neighbours a column may keep */
	double	   *dot;			/* (SHARDS, columns) zeros between two columns */
	double	   *own;			/* (SHARDS, columns) squares of the first over the common rows; adjusted cosine only */
	double	   *other;
	int32_t    *common;			/* (SHARDS, columns) */
	int32_t    *touched;		/* (SHARDS, columns) */
	int64_t    *found;			/* (columns) how many are kept */
	ShopperScored *kept;		/* (round, most) */
} Searching;

static double
similarity_of(const Searching *s, int64_t a, int64_t b, double dot, double own, double other, int64_t common)
{
	double		n = (double) common,
				sim;

	if (common < s->o->min_common)
		return 0;
	if (s->o->similarity == SHOPPER_JACCARD)
	{
		double		rows_a = (double) (s->by_column->start[a + 1] - s->by_column->start[a]),
					rows_b = (double) (s->by_column->start[b + 1] - s->by_column->start[b]);

		sim = n / (rows_a + rows_b - n);
	}
	else if (s->o->similarity == SHOPPER_ADJUSTED_COSINE)
		sim = own > 0 && other > 0 ? dot / sqrt(own * other) : 0;
	else
		sim = dot / (s->norm[a] * s->norm[b]);
	return sim * n / (n + s->o->shrinkage);
}

/* The neighbours of one column: add up over the rows that have it. */
static void
search_column(Searching *s, int shard, int64_t column)
{
	double	   *dot = s->dot + shard * s->columns,
			   *own = s->own != NULL ? s->own + shard * s->columns : NULL,
			   *other = s->own != NULL ? s->other + shard * s->columns : NULL;
	int32_t    *common = s->common + shard * s->columns,
			   *touched = s->touched + shard * s->columns;
	ShopperBest best = {.n = s->most,.entry = s->kept + (column - s->from) * s->most};
	int64_t		n_touched = 0;

	for (int64_t i = s->by_column->start[column]; i < s->by_column->start[column + 1]; i++)
	{
		const ShopperLine *row = &s->by_column->line[i];
		double		mine = row->value;

		for (int64_t k = s->by_row->start[row->code]; k < s->by_row->start[row->code + 1]; k++)
		{
			const ShopperLine *line = &s->by_row->line[k];

			if (common[line->code]++ == 0)
				touched[n_touched++] = line->code;
			dot[line->code] += mine * line->value;
			if (own != NULL)
			{
				own[line->code] += mine * mine;
				other[line->code] += (double) line->value * line->value;
			}
		}
	}
	for (int64_t i = 0; i < n_touched; i++)
	{
		int32_t		c = touched[i];

		if (c != column)
		{
			double		w = similarity_of(s, column, c, dot[c], own != NULL ? own[c] : 0, own != NULL ? other[c] : 0, common[c]);

			if (w != 0 && w == w)
				shopper_best_offer(&best, w, c);
		}
		dot[c] = 0;
		common[c] = 0;
		if (own != NULL)
			own[c] = other[c] = 0;
	}
	s->found[column] = shopper_best_sort(&best);
}

static void
search_shard(void *arg, int shard)
{
	Searching  *s = arg;

	/* interleaved: columns in value order may be of very different weight */
	for (int64_t column = s->from + shard; column < s->to; column += SHARDS)
		search_column(s, shard, column);
}

/* Columns of the next round: so many that their additions take some milliseconds. */
static int64_t
round_end(const Searching *s, int64_t from, int64_t limit)
{
	int64_t		cells = 0,
				to = from;

	while (to < s->columns && to - from < limit && cells < CELLS_PER_ROUND)
	{
		for (int64_t i = s->by_column->start[to]; i < s->by_column->start[to + 1]; i++)
			cells += s->by_row->start[s->by_column->line[i].code + 1] - s->by_row->start[s->by_column->line[i].code];
		to++;
	}
	return to;
}

static ShopperStatus
start_searching(ShopperEnv *env, Searching *s, int64_t limit)
{
	double	   *norm;

	SHOPPER_NEW0(env, norm, s->columns);
	for (int64_t c = 0; c < s->columns; c++)
	{
		for (int64_t i = s->by_column->start[c]; i < s->by_column->start[c + 1]; i++)
			norm[c] += (double) s->by_column->line[i].value * s->by_column->line[i].value;
		norm[c] = sqrt(norm[c]);
	}
	s->norm = norm;
	SHOPPER_NEW0(env, s->dot, SHARDS * s->columns);
	SHOPPER_NEW0(env, s->common, SHARDS * s->columns);
	SHOPPER_NEW(env, s->touched, SHARDS * s->columns);
	if (s->o->similarity == SHOPPER_ADJUSTED_COSINE)
	{
		SHOPPER_NEW0(env, s->own, SHARDS * s->columns);
		SHOPPER_NEW0(env, s->other, SHARDS * s->columns);
	}
	SHOPPER_NEW0(env, s->found, s->columns);
	SHOPPER_NEW(env, s->kept, limit * s->most);
	return SHOPPER_OK;
}

static void
end_searching(ShopperEnv *env, Searching *s)
{
	shopper_release(env, (void *) s->norm);
	shopper_release(env, s->dot);
	shopper_release(env, s->own);
	shopper_release(env, s->other);
	shopper_release(env, s->common);
	shopper_release(env, s->touched);
	shopper_release(env, s->found);
	shopper_release(env, s->kept);
}

ShopperStatus
shopper_neighbours_find(ShopperEnv *env, const ShopperLines *by_row, const ShopperLines *by_column,
						const ShopperNeighbourOptions *o, ShopperNeighbours *out)
{
	Searching	s = {.by_row = by_row,.by_column = by_column,.o = o,.columns = by_column->rows};
	int64_t		capacity[2] = {0, 0},
				limit;

	s.most = o->k > 0 && o->k < s.columns ? o->k : s.columns;
	limit = 1 + 1000000 / (s.most > 0 ? s.most : 1);
	SHOPPER_TRY(start_searching(env, &s, limit));
	out->n = s.columns;
	out->code = NULL;
	out->weight = NULL;
	SHOPPER_NEW0(env, out->start, s.columns + 1);
	for (s.from = 0; s.from < s.columns; s.from = s.to)
	{
		s.to = round_end(&s, s.from, limit);
		shopper_parallel(env, SHARDS, search_shard, &s);
		for (int64_t c = s.from; c < s.to; c++)
			out->start[c + 1] = out->start[c] + s.found[c];
		SHOPPER_TRY(shopper_grow(env, &out->code, &capacity[0], out->start[s.to] + 1, sizeof(int32_t)));
		SHOPPER_TRY(shopper_grow(env, &out->weight, &capacity[1], out->start[s.to] + 1, sizeof(double)));
		for (int64_t c = s.from; c < s.to; c++)
			for (int64_t i = 0; i < s.found[c]; i++)
			{
				out->code[out->start[c] + i] = (int32_t) s.kept[(c - s.from) * s.most + i].code;
				out->weight[out->start[c] + i] = s.kept[(c - s.from) * s.most + i].score;
			}
		shopper_progress(env, "neighbours", s.to, s.columns, 0);
		SHOPPER_TRY(shopper_poll(env));
	}
	end_searching(env, &s);
	return SHOPPER_OK;
}

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
	for (int sweep = 0; sweep < SWEEPS; sweep++)
	{
		memset(sum, 0, (size_t) items * sizeof(double));
		for (int64_t u = 0; u < lines->rows; u++)
			for (int64_t i = lines->start[u]; i < lines->start[u + 1]; i++)
				sum[lines->line[i].code] += lines->line[i].value - b->mu - b->user[u];
		for (int64_t i = 0; i < items; i++)
			b->item[i] = (float) (sum[i] / (damping + count[i]));
		for (int64_t u = 0; u < lines->rows; u++)
		{
			double		mine = 0;

			for (int64_t i = lines->start[u]; i < lines->start[u + 1]; i++)
				mine += lines->line[i].value - b->mu - b->item[lines->line[i].code];
			b->user[u] = (float) (mine / (damping + (double) (lines->start[u + 1] - lines->start[u])));
		}
		SHOPPER_TRY(shopper_poll(env));
	}
	shopper_release(env, sum);
	shopper_release(env, count);
	return SHOPPER_OK;
}
