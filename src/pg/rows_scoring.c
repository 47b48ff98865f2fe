/* rows_scoring.c: a record, or a row of a query, into the encoding of a model; see rows.h. */
#include "rows.h"

#include <math.h>

static bool
fits(ShopperKind kind, ShopperConversion from, bool utc)
{
	bool		number = from >= SHOPPER_FROM_INT2 && from <= SHOPPER_FROM_INTERVAL;

	switch (kind)
	{
		case SHOPPER_KIND_NUMBER:
		case SHOPPER_KIND_BOOLEAN:
			return number;
		case SHOPPER_KIND_CATEGORY:
			return from != SHOPPER_FROM_OTHER && from != SHOPPER_FROM_VECTOR;
		case SHOPPER_KIND_DATE:
		case SHOPPER_KIND_TIMESTAMP:
			return from >= SHOPPER_FROM_DATE && from <= SHOPPER_FROM_TIMESTAMPTZ;
		case SHOPPER_KIND_VECTOR:
			return from == SHOPPER_FROM_VECTOR;
	}
	return false;
}

/* Find the model's columns in s->desc. */
static void
bind_columns(ShopperRowScoring *s)
{
	const ShopperModel *model = s->model;
	const ShopperSpec *spec = model->spec;

	s->column = palloc0(sizeof(ShopperScoringColumn) * spec->n_columns);
	for (int i = 0; i < spec->n_columns; i++)
	{
		ShopperScoringColumn *c = &s->column[i];
		const ShopperColumn *column = &spec->column[i];

		c->column = column;
		c->attribute = shopper_find_attribute(s->desc, column->name);
		if (c->attribute < 0)
			shopper_missing_column(s->desc, "the model's column", column->name);
		shopper_value_reader(&c->reader, TupleDescAttr(s->desc, c->attribute)->atttypid, s->context);
		c->reader.zone = spec->zone != NULL ? cstring_to_text(spec->zone) : NULL;
		if (!fits(column->kind, c->reader.from, column->utc))
			ereport(ERROR, (errcode(ERRCODE_DATATYPE_MISMATCH),
							errmsg("column \"%s\" of type %s does not fit the model", column->name,
								   format_type_be(TupleDescAttr(s->desc, c->attribute)->atttypid)),
							errhint("Cast it to the type that it had in training.")));
	}
	s->n_columns = spec->n_columns;
	s->values = palloc(sizeof(Datum) * Max(s->desc->natts, 1));
	s->nulls = palloc(sizeof(bool) * Max(s->desc->natts, 1));
	s->raw = palloc0(sizeof(double) * Max(spec->n_dense, 1));
	s->dense = spec->prepared ? palloc0(sizeof(double) * Max(spec->n_dense, 1)) : s->raw;
	s->lookup = palloc0(sizeof(int32_t) * Max(spec->n_categories, 1));
	s->code = spec->prepared ? palloc0(sizeof(int32_t) * Max(spec->n_categories, 1)) : s->lookup;
	s->unseen = palloc0(sizeof(bool) * Max(spec->n_columns, 1));
	s->out = palloc0(sizeof(double) * Max(shopper_model_outputs(model), 2));
}

static ShopperRowScoring *
make_scoring(MemoryContext parent, const ShopperModel *model, HeapTupleHeader record, TupleDesc desc)
{
	MemoryContext context = AllocSetContextCreate(parent, "pg_shopper scoring", ALLOCSET_SMALL_SIZES);
	MemoryContext old = MemoryContextSwitchTo(context);
	ShopperRowScoring *s = palloc0(sizeof(ShopperRowScoring));

	s->context = context;
	s->model = model;
	s->desc = record != NULL ? shopper_row_type(&s->type, record) : CreateTupleDescCopy(desc);
	bind_columns(s);
	MemoryContextSwitchTo(old);
	return s;
}

ShopperRowScoring *
shopper_row_scoring_create(MemoryContext parent, const ShopperModel *model, HeapTupleHeader record)
{
	return make_scoring(parent, model, record, NULL);
}

ShopperRowScoring *
shopper_row_scoring_plan(MemoryContext parent, const ShopperModel *model, TupleDesc desc)
{
	return make_scoring(parent, model, NULL, desc);
}

static void
unseen(const ShopperColumn *column, const char *level, size_t length)
{
	ereport(ERROR, (errcode(ERRCODE_DATA_EXCEPTION),
					errmsg("column \"%s\" has a level that training did not see: \"%.*s\"", column->name, (int) Min(length, 100), level),
					errhint("The model was trained with on_unseen => 'error'.")));
}

static void
read_category(ShopperRowScoring *s, ShopperScoringColumn *c, Datum value, bool null)
{
	const ShopperSpec *spec = s->model->spec;
	const ShopperCategory *category = &spec->category[c->column->first];
	size_t		length = 0;
	const char *level = null ? NULL : shopper_value_text(&c->reader, value, &length);
	int32_t		code = shopper_category_code(category, level, length);

	if (spec->on_unseen != SHOPPER_UNSEEN_OTHER && level != NULL &&
		(code < 0 || code == category->other_code) &&
		shopper_dictionary_find_text(&category->levels, level, length) < 0)
	{
		if (spec->on_unseen == SHOPPER_UNSEEN_ERROR)
			unseen(c->column, level, length);
		code = -1;
	}
	s->unseen[c - s->column] = level != NULL && (code < 0 || code == category->other_code);
	s->code[c->column->first] = code;
	if (spec->prepared)
		s->lookup[c->column->first] = shopper_category_position(category, code);
}

static void
read_vector(ShopperRowScoring *s, ShopperScoringColumn *c, Datum value, bool null)
{
	int			n = 0;
	double	   *x = null ? NULL : shopper_value_vector(&c->reader, value, &n);

	if (n > 0 && n != c->column->n)
		ereport(ERROR, (errcode(ERRCODE_DATA_EXCEPTION),
						errmsg("array of column \"%s\" has %d elements, the model was trained with %d", c->column->name, n, c->column->n)));
	for (int i = 0; i < c->column->n; i++)
		s->raw[c->column->first + i] = n > 0 && x[i] - x[i] == 0 ? x[i] : NAN;
	if (x != NULL)
		pfree(x);
}

void
shopper_row_scoring_read(ShopperRowScoring *s, HeapTupleHeader record)
{
	HeapTupleData tuple;

	tuple.t_len = HeapTupleHeaderGetDatumLength(record);
	ItemPointerSetInvalid(&tuple.t_self);
	tuple.t_tableOid = InvalidOid;
	tuple.t_data = record;
	heap_deform_tuple(&tuple, s->desc, s->values, s->nulls);
	shopper_row_scoring_encode(s, s->values, s->nulls);
}

void
shopper_row_scoring_encode(ShopperRowScoring *s, Datum *values, bool *nulls)
{
	const ShopperSpec *spec = s->model->spec;

	for (int i = 0; i < s->n_columns; i++)
	{
		ShopperScoringColumn *c = &s->column[i];
		Datum		value = values[c->attribute];
		bool		null = nulls[c->attribute];

		switch (c->column->kind)
		{
			case SHOPPER_KIND_NUMBER:
			case SHOPPER_KIND_BOOLEAN:
				{
					double		x = null ? NAN : shopper_value_number(&c->reader, value);

					s->raw[c->column->first] = x - x != 0 ? NAN : x;
					break;
				}
			case SHOPPER_KIND_CATEGORY:
				read_category(s, c, value, null);
				break;
			case SHOPPER_KIND_DATE:
			case SHOPPER_KIND_TIMESTAMP:
				{
					double		days = null ? NAN : shopper_value_days(&c->reader, value);

					for (int k = 0; k < c->column->n; k++)
						s->raw[c->column->first + k] = shopper_date_part(days, k, c->column->origin);
					break;
				}
			case SHOPPER_KIND_VECTOR:
				read_vector(s, c, value, null);
				break;
		}
	}
	if (spec->prepared)
		shopper_prepare_row(spec, s->raw, s->dense);
}
