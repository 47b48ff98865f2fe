/* match.c: see match.h */
#include "match.h"

#include <math.h>
#include <string.h>

/* ---- the same point in two encodings ---- */

static ShopperStatus
other_columns(ShopperEnv *env, const char *name)
{
	shopper_fail(env, SHOPPER_BAD_DATA, "column \"%.60s\" is not, or not of the same kind, in both models", name);
	shopper_hint(env, "Compare models of the same columns, or leave the previous model out.");
	return env->status;
}

/* Number j of `to` from x. */
static double
translate_number(const ShopperSpec *from, const ShopperColumn *source, const double *x, const ShopperSpec *to, int j)
{
	const ShopperNumber *target = &to->number[j];
	const ShopperColumn *column = &to->column[target->column];
	int			at = source->first + j - column->first;
	double		raw = x[at] * from->number[at].scale + from->number[at].mean;

	if ((column->kind == SHOPPER_KIND_DATE || column->kind == SHOPPER_KIND_TIMESTAMP) && target->part == SHOPPER_PART_DAYS)
		raw += source->origin - column->origin;
	return (raw - target->mean) / target->scale;
}

/* The level of `to` that a level of `from` is, -1: none. */
static int
same_level(const ShopperCategory *from, int code, const ShopperCategory *to)
{
	char		buffer[24];
	size_t		length;
	const char *text;

	if (code == from->null_code)
		return shopper_category_code(to, NULL, 0);
	if (code == from->other_code)
		return to->other_code;
	text = shopper_dictionary_text(&from->levels, code, buffer, &length);
	return shopper_category_code(to, text, length);
}

static void
translate_category(const ShopperCategory *from, double from_weight, const double *x, const ShopperCategory *to, double to_weight, double *out)
{
	for (int code = 0; code < from->n_levels; code++)
	{
		int			position = shopper_category_position(from, code),
					target = shopper_category_position(to, same_level(from, code, to));

		if (position < from->size && target < to->size)
			out[to->offset + target] += x[from->offset + position] / from_weight * to_weight;
	}
}

ShopperStatus
shopper_translate_points(ShopperEnv *env, const ShopperSpec *from, double from_weight, const double *x, int n,
						 const ShopperSpec *to, double to_weight, double *out)
{
	if (from->n_columns != to->n_columns)
		for (int c = 0; c < from->n_columns; c++)
			if (shopper_spec_find_like(to, &from->column[c]) == NULL)
				return other_columns(env, from->column[c].name);
	memset(out, 0, (size_t) n * (size_t) to->width * sizeof(double));
	for (int c = 0; c < to->n_columns; c++)
	{
		const ShopperColumn *column = &to->column[c],
				   *source = shopper_spec_find_like(from, column);

		if (source == NULL)
			return other_columns(env, column->name);
		for (int i = 0; i < n; i++)
		{
			const double *row = x + (int64_t) i * from->width;
			double	   *to_row = out + (int64_t) i * to->width;

			if (column->kind == SHOPPER_KIND_CATEGORY)
				translate_category(&from->category[source->first], from_weight, row, &to->category[column->first], to_weight, to_row);
			else
				for (int j = column->first; j < column->first + column->n; j++)
					to_row[j] = translate_number(from, source, row, to, j);
		}
		SHOPPER_TRY(shopper_poll(env));
	}
	return SHOPPER_OK;
}

/* ---- assignment ---- */

/* Rows and columns from 1, column 0 is the start of each search; rows <= columns. */
typedef struct Search
{
	int			rows;
	int			columns;
	const double *cost;
	bool		turned;			/* cost is (columns, rows) */
	double	   *row_price;
	double	   *column_price;
	int		   *row_of;			/* of each column, 0: none */
	int		   *way;			/* the column before on the shortest path */
	double	   *least;
	bool	   *used;
} Search;

static inline double
cost_of(const Search *s, int row, int column)
{
	return s->turned ? s->cost[(int64_t) (column - 1) * s->rows + row - 1] : s->cost[(int64_t) (row - 1) * s->columns + column - 1];
}

/* Find a place for one row, moving others along the cheapest path. */
static void
place(Search *s, int row)
{
	int			column = 0;

	s->row_of[0] = row;
	for (int j = 0; j <= s->columns; j++)
	{
		s->least[j] = INFINITY;
		s->used[j] = false;
	}
	do
	{
		int			current = s->row_of[column],
					next = 0;
		double		delta = INFINITY;

		s->used[column] = true;
		for (int j = 1; j <= s->columns; j++)
		{
			double		reduced;

			if (s->used[j])
				continue;
			reduced = cost_of(s, current, j) - s->row_price[current] - s->column_price[j];
			if (reduced < s->least[j])
			{
				s->least[j] = reduced;
				s->way[j] = column;
			}
			if (s->least[j] < delta || next == 0)
			{
				delta = s->least[j];
				next = j;
			}
		}
		for (int j = 0; j <= s->columns; j++)
			if (s->used[j])
			{
				s->row_price[s->row_of[j]] += delta;
				s->column_price[j] -= delta;
			}
			else
				s->least[j] -= delta;
		column = next;
	} while (s->row_of[column] != 0);
	while (column != 0)
	{
		s->row_of[column] = s->row_of[s->way[column]];
		column = s->way[column];
	}
}

ShopperStatus
shopper_assignment(ShopperEnv *env, const double *cost, int rows, int columns, int *column)
{
	Search		s = {.rows = rows,.columns = columns,.cost = cost};

	if (rows > columns)
		s = (Search) {.rows = columns,.columns = rows,.cost = cost,.turned = true};
	SHOPPER_NEW0(env, s.row_price, s.rows + 1);
	SHOPPER_NEW0(env, s.column_price, s.columns + 1);
	SHOPPER_NEW0(env, s.row_of, s.columns + 1);
	SHOPPER_NEW0(env, s.way, s.columns + 1);
	SHOPPER_NEW0(env, s.least, s.columns + 1);
	SHOPPER_NEW0(env, s.used, s.columns + 1);
	for (int row = 1; row <= s.rows; row++)
	{
		place(&s, row);
		SHOPPER_TRY(shopper_poll(env));
	}
	for (int r = 0; r < rows; r++)
		column[r] = -1;
	for (int j = 1; j <= s.columns; j++)
		if (s.row_of[j] > 0)
		{
			if (s.turned)
				column[j - 1] = s.row_of[j] - 1;
			else
				column[s.row_of[j] - 1] = j - 1;
		}
	shopper_release(env, s.row_price);
	shopper_release(env, s.column_price);
	shopper_release(env, s.row_of);
	shopper_release(env, s.way);
	shopper_release(env, s.least);
	shopper_release(env, s.used);
	return SHOPPER_OK;
}

ShopperStatus
shopper_clusters_match(ShopperEnv *env, const ShopperSpec *spec, const ShopperClusters *c,
					   const ShopperSpec *earlier_spec, const ShopperClusters *earlier, int *match)
{
	double	   *centre,
			   *cost;

	SHOPPER_NEW(env, centre, (int64_t) c->k * earlier->d);
	SHOPPER_NEW(env, cost, (int64_t) c->k * earlier->k);
	SHOPPER_TRY(shopper_translate_points(env, spec, c->category_weight, c->centre, c->k, earlier_spec, earlier->category_weight, centre));
	for (int a = 0; a < c->k; a++)
		for (int b = 0; b < earlier->k; b++)
			cost[(int64_t) a * earlier->k + b] = sqrt(shopper_squared_distance(centre + (int64_t) a * earlier->d, earlier->centre + (int64_t) b * earlier->d, earlier->d));
	SHOPPER_TRY(shopper_assignment(env, cost, c->k, earlier->k, match));
	shopper_release(env, centre);
	shopper_release(env, cost);
	return SHOPPER_OK;
}
