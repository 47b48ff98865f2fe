/*
 * neighbours_find.c: the nearest columns of each column; see neighbours.h.
 *
 * The product of the matrix with itself is made column by column: over the rows that have
 * the column, what they have is added up. Where every value is 1, and for Jaccard's index,
 * the number of common rows says all: then rows are lists of codes, sums are counters that
 * stay in the first cache, and sixteen of them at a time are held against what a neighbour
 * must have to come in.
 */
#include <float.h>
#include <math.h>
#include <string.h>

#include "../../core/simd.h"
#include "../../core/threads.h"
#include "best.h"
#include "neighbours.h"

#define SHARDS 8
#define LANES 32				/* counters that are looked at together */
#define CELLS_PER_ROUND 4000000 /* additions between two polls */
#define AHEAD 8					/* rows that are fetched early */
#define PLACES 256				/* for a first bound, a multiple of LANES */
#define HALVINGS 12
#define MARGIN (1 - 1e-6)		/* more than single precision is off by here */
#define FEW 8					/* fewer additions than one for so many columns: these columns are noted */

typedef struct Searching
{
	const ShopperLines *by_row;
	const ShopperLines *by_column;
	const ShopperNeighbourOptions *o;
	const double *norm;			/* (columns) root of the sum of squares */
	int64_t		columns;
	int64_t		wide;			/* columns, up to a multiple of PLACES */
	int64_t		from;			/* columns of this round */
	int64_t		to;
	int64_t		most;			/* neighbours a column may keep */
	int32_t    *common;			/* (SHARDS, wide) zeros between two columns */
	int32_t    *touched;		/* (SHARDS, columns) */
	int64_t    *found;			/* (columns) how many are kept */
	ShopperScored *kept;		/* (round, most) */
	/* common rows say all */
	bool		plain;			/* cosines as they are */
	int32_t    *code;			/* (lines) the columns of each row; NULL: sums are needed */
	float	   *reach;			/* (wide) 1 / root of the column's rows, 0 behind the last one */
	/* else */
	double	   *dot;			/* (SHARDS, columns) zeros between two columns */
	double	   *own;			/* (SHARDS, columns) squares of the first over the common rows; adjusted cosine only */
	double	   *other;
} Searching;

static double
rows_of(const Searching *s, int64_t column)
{
	return (double) (s->by_column->start[column + 1] - s->by_column->start[column]);
}

static double
similarity_of(const Searching *s, int64_t a, int64_t b, double dot, double own, double other, int64_t common)
{
	double		n = (double) common,
				sim;

	if (common < s->o->min_common)
		return 0;
	if (s->o->similarity == SHOPPER_JACCARD)
		sim = n / (rows_of(s, a) + rows_of(s, b) - n);
	else if (s->o->similarity == SHOPPER_ADJUSTED_COSINE)
		sim = own > 0 && other > 0 ? dot / sqrt(own * other) : 0;
	else
		sim = dot / (s->norm[a] * s->norm[b]);
	return sim * n / (n + s->o->shrinkage);
}

/* ---- sums ---- */

static void
add_up(Searching *s, int shard, int64_t column, ShopperBest *best)
{
	double	   *dot = s->dot + shard * s->columns,
			   *own = s->own != NULL ? s->own + shard * s->columns : NULL,
			   *other = s->own != NULL ? s->other + shard * s->columns : NULL;
	int32_t    *common = s->common + shard * s->wide,
			   *touched = s->touched + shard * s->columns;
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
				shopper_best_offer(best, w, c);
		}
		dot[c] = 0;
		common[c] = 0;
		if (own != NULL)
			own[c] = other[c] = 0;
	}
}

/* ---- counters ---- */

static void
offer_counted(const Searching *s, int64_t column, int64_t c, int32_t common, ShopperBest *best)
{
	double		w = c != column ? similarity_of(s, column, c, common, 0, 0, common) : 0;

	if (w != 0)
		shopper_best_offer(best, w, c);
}

/*
 * What common * reach must be at least for a place in the list. No similarity of counters is larger than
 * the cosine, common / (root of rows * root of rows): not Jaccard's index, and shrinking makes less of it.
 */
static float
least_reach(const ShopperBest *best, double root, float first)
{
	float		least = (float) (shopper_best_threshold(best) * root * MARGIN);

	return least > first ? least : first;
}

/*
 * A bound below the most-th largest common * reach, where plain cosines are asked for: the cells are dealt out to
 * more than that many places, and so many of the places have a largest cell of at least the bound.
 */
SHOPPER_CLONES static float
first_bound(const Searching *s, const int32_t *common)
{
	float		largest[PLACES] = {0},
				low = 0,
				high = 0;

	for (int64_t from = 0; from < s->wide; from += PLACES)
		for (int j = 0; j < PLACES; j++)
		{
			float		x = (float) common[from + j] * s->reach[from + j];

			largest[j] = x > largest[j] ? x : largest[j];
		}
	for (int j = 0; j < PLACES; j++)
		high = largest[j] > high ? largest[j] : high;
	for (int halving = 0; halving < HALVINGS; halving++)
	{
		float		middle = (low + high) / 2;
		int			n = 0;

		for (int j = 0; j < PLACES; j++)
			n += largest[j] >= middle;
		if (n >= s->most)
			low = middle;
		else
			high = middle;
	}
	low = (float) (low * MARGIN);
	return low > FLT_MIN ? low : FLT_MIN;
}

/* Offer all whose counter reaches far enough, and clear the counters. */
SHOPPER_CLONES static void
offer_reaching(const Searching *s, int64_t column, int32_t *common, ShopperBest *best)
{
	const float *reach = s->reach;
	double		root = sqrt(rows_of(s, column));
	float		first,
				least;

	common[column] = 0;
	first = s->plain && s->most <= PLACES / 2 ? first_bound(s, common) : FLT_MIN;
	least = least_reach(best, root, first);
	for (int64_t from = 0; from < s->wide; from += LANES)
	{
		int			any = 0;

		for (int j = 0; j < LANES; j++)
			any |= (float) common[from + j] * reach[from + j] >= least;
		for (int64_t c = from; any && c < from + LANES; c++)
			if ((float) common[c] * reach[c] >= least)
			{
				offer_counted(s, column, c, common[c], best);
				least = least_reach(best, root, first);
			}
	}
	memset(common, 0, (size_t) s->wide * sizeof(int32_t));
}

/* Additions that a column takes. */
static int64_t
additions(const Searching *s, int64_t column)
{
	int64_t		sum = 0;

	for (int64_t i = s->by_column->start[column]; i < s->by_column->start[column + 1]; i++)
		sum += s->by_row->start[s->by_column->line[i].code + 1] - s->by_row->start[s->by_column->line[i].code];
	return sum;
}

static void
count_up(Searching *s, int shard, int64_t column, ShopperBest *best)
{
	const int64_t *start = s->by_row->start;
	const ShopperLine *row = s->by_column->line + s->by_column->start[column];
	int32_t    *common = s->common + shard * s->wide,
			   *touched = s->touched + shard * s->columns;
	int64_t		n = s->by_column->start[column + 1] - s->by_column->start[column],
				n_touched = 0;

	if (additions(s, column) >= s->columns / FEW)
	{
		for (int64_t i = 0; i < n; i++)
		{
			const int32_t *code = s->code + start[row[i].code],
					   *end = s->code + start[row[i].code + 1];

			__builtin_prefetch(s->code + start[row[i + AHEAD < n ? i + AHEAD : i].code]);
			for (; code < end; code++)
				common[*code]++;
		}
		offer_reaching(s, column, common, best);
		return;
	}
	for (int64_t i = 0; i < n; i++)
		for (int64_t k = start[row[i].code]; k < start[row[i].code + 1]; k++)
			if (common[s->code[k]]++ == 0)
				touched[n_touched++] = s->code[k];
	for (int64_t i = 0; i < n_touched; i++)
	{
		offer_counted(s, column, touched[i], common[touched[i]], best);
		common[touched[i]] = 0;
	}
}

/* ---- all columns ---- */

static void
search_shard(void *arg, int shard)
{
	Searching  *s = arg;

	/* interleaved: columns in value order may be of very different weight */
	for (int64_t column = s->from + shard; column < s->to; column += SHARDS)
	{
		ShopperBest best = {.n = s->most,.entry = s->kept + (column - s->from) * s->most};

		(s->code != NULL ? count_up : add_up) (s, shard, column, &best);
		s->found[column] = shopper_best_sort(&best);
	}
}

/* Columns of the next round: so many that their additions take some milliseconds. */
static int64_t
round_end(const Searching *s, int64_t from, int64_t limit)
{
	int64_t		cells = 0,
				to = from;

	while (to < s->columns && to - from < limit && cells < CELLS_PER_ROUND)
		cells += additions(s, to++) + s->columns / FEW;
	return to;
}

/* Whether similarities follow from common rows alone. */
static bool
is_counted(const ShopperLines *by_row, const ShopperNeighbourOptions *o)
{
	if (o->similarity != SHOPPER_COSINE)
		return o->similarity == SHOPPER_JACCARD;
	for (int64_t i = 0; i < by_row->start[by_row->rows]; i++)
		if (by_row->line[i].value != 1)
			return false;
	return true;
}

static ShopperStatus
start_searching(ShopperEnv *env, Searching *s, int64_t limit)
{
	int64_t		lines = s->by_row->start[s->by_row->rows];
	double	   *norm;

	SHOPPER_NEW0(env, norm, s->columns);
	for (int64_t c = 0; c < s->columns; c++)
	{
		for (int64_t i = s->by_column->start[c]; i < s->by_column->start[c + 1]; i++)
			norm[c] += (double) s->by_column->line[i].value * s->by_column->line[i].value;
		norm[c] = sqrt(norm[c]);
	}
	s->norm = norm;
	SHOPPER_TRY(shopper_poll(env));
	s->wide = (s->columns + PLACES - 1) / PLACES * PLACES;
	SHOPPER_NEW0(env, s->common, SHARDS * s->wide);
	SHOPPER_NEW(env, s->touched, SHARDS * s->columns);
	SHOPPER_NEW0(env, s->found, s->columns);
	SHOPPER_NEW(env, s->kept, limit * s->most);
	if (is_counted(s->by_row, s->o))
	{
		s->plain = s->o->similarity == SHOPPER_COSINE && s->o->shrinkage == 0 && s->o->min_common <= 1;
		SHOPPER_NEW(env, s->code, lines);
		for (int64_t i = 0; i < lines; i++)
			s->code[i] = s->by_row->line[i].code;
		SHOPPER_NEW0(env, s->reach, s->wide);
		for (int64_t c = 0; c < s->columns; c++)
			s->reach[c] = rows_of(s, c) > 0 ? (float) (1 / sqrt(rows_of(s, c))) : 0;
		return shopper_poll(env);
	}
	SHOPPER_NEW0(env, s->dot, SHARDS * s->columns);
	if (s->o->similarity == SHOPPER_ADJUSTED_COSINE)
	{
		SHOPPER_NEW0(env, s->own, SHARDS * s->columns);
		SHOPPER_NEW0(env, s->other, SHARDS * s->columns);
	}
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
	shopper_release(env, s->code);
	shopper_release(env, s->reach);
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
