/*
 * sums.c: the plain-column aggregates train_linear, train_pca and train_naive_bayes. Their state is
 * a bytea of statistics that is changed in place, has a combine function and may travel
 * between processes: parallel, and usable by extensions that push partial aggregates to
 * other nodes (of the same byte order).
 *
 * The host's part of a state ("setup") is the names (text[]) and options (jsonb) that
 * came with the first row, as they are.
 */
#include "evaluate.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "mb/pg_wchar.h"
#include "utils/array.h"

#include "../models/supervised/sums.h"

typedef struct Setup
{
	Size		names;			/* sizes of the two values, 0: not given */
	Size		options;
	/* they follow, each from a multiple of 8 on */
} Setup;

static Setup *
setup_of(ShopperSums *s)
{
	return (Setup *) (s + 1);
}

static char *
names_of(ShopperSums *s)
{
	return (char *) (setup_of(s) + 1);
}

static char *
options_of(ShopperSums *s)
{
	return names_of(s) + MAXALIGN(setup_of(s)->names);
}

/* ---- arguments: behind the state [the target,] the numbers, then names and options ---- */

static int
first_optional(ShopperSumsKind kind)
{
	return kind == SHOPPER_SUMS_PCA ? 2 : 3;
}

static struct varlena *
optional(FunctionCallInfo fcinfo, int n)
{
	return PG_NARGS() > n && !PG_ARGISNULL(n) ? PG_DETOAST_DATUM(PG_GETARG_DATUM(n)) : NULL;
}

static Size
size_of(const struct varlena *value)
{
	return value == NULL ? 0 : VARSIZE(value);
}

static void
check_names(const ArrayType *names, int width)
{
	int			n = ArrayGetNItems(ARR_NDIM(names), ARR_DIMS(names));

	if (ARR_NDIM(names) > 1 || array_contains_nulls((ArrayType *) names) || n != width)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("expected %d feature names without nulls, got %d", width, n)));
}

static ShopperSums *
start(FunctionCallInfo fcinfo, int features, ShopperSumsKind kind)
{
	int			at = first_optional(kind);
	struct varlena *names = optional(fcinfo, at),
			   *options = optional(fcinfo, at + 1);
	Size		setup = sizeof(Setup) + MAXALIGN(size_of(names)) + MAXALIGN(size_of(options)),
				size;
	int			width = features + (kind == SHOPPER_SUMS_LINEAR);
	ShopperSums *s;

	if (features < 1 || width > SHOPPER_SUMS_MAX_WIDTH)
		ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED), errmsg("expected 1 to %d features, got %d", SHOPPER_SUMS_MAX_WIDTH - 1, features)));
	if (names != NULL)
		check_names((ArrayType *) names, features);
	size = shopper_sums_size(width, kind, 0, setup);
	s = palloc0(size);
	SET_VARSIZE(s, size);
	shopper_sums_init(s, width, kind, 0, setup);
	setup_of(s)->names = size_of(names);
	setup_of(s)->options = size_of(options);
	if (names != NULL)
		memcpy(names_of(s), names, VARSIZE(names));
	if (options != NULL)
		memcpy(options_of(s), options, VARSIZE(options));
	return s;
}

static void
check_same(FunctionCallInfo fcinfo, ShopperSums *s)
{
	int			at = first_optional((ShopperSumsKind) s->kind);
	struct varlena *names,
			   *options;

	if (PG_NARGS() <= at)
		return;
	names = optional(fcinfo, at);
	options = optional(fcinfo, at + 1);
	if (size_of(names) == setup_of(s)->names && size_of(options) == setup_of(s)->options &&
		(names == NULL || memcmp(names, names_of(s), VARSIZE(names)) == 0) &&
		(options == NULL || memcmp(options, options_of(s), VARSIZE(options)) == 0))
		return;
	ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("names and options must be the same on all rows of a group")));
}

/* The state in argument n, checked; a copy when it is not ours to change. */
static ShopperSums *
state_argument(FunctionCallInfo fcinfo, int n, bool copy)
{
	ShopperSums *s = (ShopperSums *) (copy ? PG_DETOAST_DATUM_COPY(PG_GETARG_DATUM(n)) : PG_DETOAST_DATUM(PG_GETARG_DATUM(n)));
	Setup	   *setup = setup_of(s);

	if (VARSIZE(s) < sizeof(ShopperSums) || !shopper_sums_valid(s, VARSIZE(s)) || s->setup < (int64) sizeof(Setup) ||
		setup->names > (Size) s->setup || setup->options > (Size) s->setup ||
		sizeof(Setup) + MAXALIGN(setup->names) + MAXALIGN(setup->options) != (Size) s->setup)
		ereport(ERROR, (errcode(ERRCODE_INVALID_BINARY_REPRESENTATION), errmsg("the bytes are not a state of this aggregate")));
	return s;
}

/* ---- rows ---- */

static ArrayType *
features_argument(FunctionCallInfo fcinfo, int n, int *length)
{
	ArrayType  *array = PG_GETARG_ARRAYTYPE_P(n);

	*length = ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array));
	if (ARR_NDIM(array) > 1)
		ereport(ERROR, (errcode(ERRCODE_DATA_EXCEPTION), errmsg("expected an array of one dimension, got %d", ARR_NDIM(array))));
	return array;
}

static void
wrong_length(int expected, int got)
{
	ereport(ERROR, (errcode(ERRCODE_DATA_EXCEPTION), errmsg("feature arrays differ in length: expected %d, got %d", expected, got)));
}

/* The state, [y,] x [, names [, options]]; rows in which something is missing or infinite are left out. */
static Datum
add_to_cross(FunctionCallInfo fcinfo, ShopperSumsKind kind)
{
	bool		target = kind == SHOPPER_SUMS_LINEAR;
	ShopperSums *s;
	ArrayType  *x;
	double	   *to,
				sum = 0;
	int			n;

	shopper_aggregate_context(fcinfo);
	s = PG_ARGISNULL(0) ? NULL : (ShopperSums *) PG_GETARG_POINTER(0);
	if (PG_ARGISNULL(1) || (target && PG_ARGISNULL(2)))
		SHOPPER_RETURN_STATE(s);
	x = features_argument(fcinfo, 1 + target, &n);
	if (s == NULL)
		s = start(fcinfo, n, kind);
	else
		check_same(fcinfo, s);
	if (n != s->width - target)
		wrong_length(s->width - target, n);
	to = shopper_sums_row(s);
	shopper_read_floats(x, n, to);
	if (target)
		to[n] = PG_GETARG_FLOAT8(1);
	for (int j = 0; j < s->width; j++)
		sum += to[j] - to[j];	/* 0, or NaN */
	if (sum == 0)
		shopper_sums_commit(s, 0);
	PG_RETURN_POINTER(s);
}

PG_FUNCTION_INFO_V1(shopper_linear_accum);
Datum
shopper_linear_accum(PG_FUNCTION_ARGS)
{
	return add_to_cross(fcinfo, SHOPPER_SUMS_LINEAR);
}

PG_FUNCTION_INFO_V1(shopper_pca_accum);
Datum
shopper_pca_accum(PG_FUNCTION_ARGS)
{
	return add_to_cross(fcinfo, SHOPPER_SUMS_PCA);
}

/* The class of this text; a new one makes the state larger, so it moves. */
static int
find_class(ShopperSums **s, const char *name, size_t length)
{
	int			class;
	ShopperSums *larger;
	Size		size;

	if (length >= SHOPPER_SUMS_NAME)
		ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED), errmsg("class \"%.*s...\" has more than %d bytes", pg_mbcliplen(name, (int) length, 30), name, SHOPPER_SUMS_NAME - 1),
						errhint("train_classifier with bayes() takes longer ones.")));
	class = shopper_sums_class(*s, name, length);
	if (class >= 0)
		return class;
	class = (*s)->n_classes;
	if (class >= SHOPPER_SUMS_MAX_CLASSES)
		ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED), errmsg("more than %d classes", SHOPPER_SUMS_MAX_CLASSES),
						errhint("For amounts use train_linear.")));
	size = shopper_sums_size((*s)->width, SHOPPER_SUMS_BAYES, class + 1, (Size) (*s)->setup);
	larger = palloc0(size);
	memcpy(larger, *s, VARSIZE(*s));
	SET_VARSIZE(larger, size);
	larger->n_classes++;
	shopper_sums_name(larger, class, name, length);
	*s = larger;
	return class;
}

static ShopperValueReader *
target_reader(FunctionCallInfo fcinfo)
{
	ShopperValueReader *reader = fcinfo->flinfo->fn_extra;
	Oid			type;

	if (reader != NULL)
		return reader;
	type = get_fn_expr_argtype(fcinfo->flinfo, 1);
	if (!OidIsValid(type))
		elog(ERROR, "could not determine the type of the target");
	reader = MemoryContextAllocZero(fcinfo->flinfo->fn_mcxt, sizeof(ShopperValueReader));
	shopper_value_reader(reader, type, fcinfo->flinfo->fn_mcxt);
	if (reader->from == SHOPPER_FROM_VECTOR || reader->from == SHOPPER_FROM_TIMESTAMP || reader->from == SHOPPER_FROM_TIMESTAMPTZ || reader->from == SHOPPER_FROM_OTHER)
		ereport(ERROR, (errcode(ERRCODE_DATATYPE_MISMATCH), errmsg("a target of type %s cannot be a class", format_type_be(type)),
						errhint("Cast it to boolean or text.")));
	return fcinfo->flinfo->fn_extra = reader;
}

/* (state, target, features [, names [, options]]) */
PG_FUNCTION_INFO_V1(shopper_naive_bayes_accum);
Datum
shopper_naive_bayes_accum(PG_FUNCTION_ARGS)
{
	ShopperValueReader *reader = target_reader(fcinfo);
	ShopperSums *s;
	ArrayType  *x;
	const char *name;
	size_t		length;
	double	   *to;
	int			n,
				class;

	shopper_aggregate_context(fcinfo);
	s = PG_ARGISNULL(0) ? NULL : (ShopperSums *) PG_GETARG_POINTER(0);
	if (PG_ARGISNULL(1) || PG_ARGISNULL(2))
		SHOPPER_RETURN_STATE(s);
	x = features_argument(fcinfo, 2, &n);
	if (s == NULL)
		s = start(fcinfo, n, SHOPPER_SUMS_BAYES);
	else
		check_same(fcinfo, s);
	if (n != s->width)
		wrong_length(s->width, n);
	name = shopper_value_text(reader, PG_GETARG_DATUM(1), &length);
	class = find_class(&s, name, length);
	to = shopper_sums_row(s);
	shopper_read_floats(x, n, to);
	for (int j = 0; j < n; j++)
		if (isinf(to[j]))
			to[j] = NAN;
	shopper_sums_commit(s, class);
	PG_RETURN_POINTER(s);
}

PG_FUNCTION_INFO_V1(shopper_sums_combine_states);
Datum
shopper_sums_combine_states(PG_FUNCTION_ARGS)
{
	ShopperSums *s,
			   *other;
	int			class[SHOPPER_SUMS_MAX_CLASSES] = {0};

	shopper_aggregate_context(fcinfo);
	if (PG_ARGISNULL(1))
	{
		if (PG_ARGISNULL(0))
			PG_RETURN_NULL();
		PG_RETURN_DATUM(PG_GETARG_DATUM(0));
	}
	other = state_argument(fcinfo, 1, true);
	if (PG_ARGISNULL(0))
		PG_RETURN_POINTER(other);
	s = state_argument(fcinfo, 0, false);
	if (s->kind != other->kind)
		ereport(ERROR, (errcode(ERRCODE_INVALID_BINARY_REPRESENTATION), errmsg("states of different aggregates")));
	if (s->width != other->width)
		wrong_length(s->width, other->width);
	if (s->setup != other->setup || memcmp(setup_of(s), setup_of(other), s->setup) != 0)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("names and options must be the same on all rows of a group")));
	shopper_sums_flush(s);
	shopper_sums_flush(other);
	for (int c = 0; c < other->n_classes; c++)
	{
		const char *name = shopper_sums_class_name(other, c);

		class[c] = find_class(&s, name, strnlen(name, SHOPPER_SUMS_NAME));
	}
	shopper_sums_merge(s, other, class);
	PG_RETURN_POINTER(s);
}

/* ---- the model ---- */

static const char **
feature_names(ShopperSums *s)
{
	int			n = s->width - (s->kind == SHOPPER_SUMS_LINEAR),
				length;
	const char **names = palloc(sizeof(char *) * n);
	Datum	   *elements;

	if (setup_of(s)->names == 0)
	{
		for (int j = 0; j < n; j++)
			names[j] = psprintf("x%d", j + 1);
		return names;
	}
	deconstruct_array((ArrayType *) names_of(s), TEXTOID, -1, false, TYPALIGN_INT, &elements, NULL, &length);
	for (int j = 0; j < n; j++)
	{
		names[j] = TextDatumGetCString(elements[j]);
		for (int i = 0; i < j; i++)
			if (strcmp(names[i], names[j]) == 0)
				ereport(ERROR, (errcode(ERRCODE_DUPLICATE_COLUMN), errmsg("feature name \"%s\" appears twice", names[j])));
	}
	return names;
}

/* The learner is fixed: options that name none mean it. */
static Jsonb *
with_algorithm(Jsonb *options, const char *learner)
{
	char	   *algorithm = psprintf("{\"algorithm\": \"%s\"}", learner);
	Datum		base = DirectFunctionCall1(jsonb_in, CStringGetDatum(algorithm));

	return options == NULL ? DatumGetJsonbP(base) : DatumGetJsonbP(DirectFunctionCall2(jsonb_concat, base, JsonbPGetDatum(options)));
}

static const struct
{
	ShopperTask task;
	const ShopperLearner *learner;
	const char *aggregate;
}			job[] = {
	{SHOPPER_CLASSIFY, &shopper_learner_bayes, "train_naive_bayes"},
	{SHOPPER_REGRESS, &shopper_learner_linear, "train_linear"},
	{SHOPPER_PROJECT, &shopper_learner_pca, "train_pca"}
};

static Datum
finish(FunctionCallInfo fcinfo, ShopperSumsKind kind)
{
	const char *name = job[kind].learner->name;
	ShopperSums *s;
	MemoryContext context,
				old;
	ShopperEnv *env;
	ShopperModel model = {0},
			   *none = NULL;
	ShopperStatus status;
	bytea	   *result;

	shopper_aggregate_context(fcinfo);
	if (PG_ARGISNULL(0))
		ereport(ERROR, (errcode(ERRCODE_DATA_EXCEPTION), errmsg("no rows to learn from")));
	s = state_argument(fcinfo, 0, true);	/* more rows may follow */
	shopper_sums_flush(s);
	env = shopper_env_create(CurrentMemoryContext, &context);
	old = MemoryContextSwitchTo(context);
	shopper_training_begin(env, job[kind].task, with_algorithm(setup_of(s)->options > 0 ? (Jsonb *) options_of(s) : NULL, name), NULL, &model, &none);
	if (model.learner != job[kind].learner)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("%s takes the options of %s(), got those of %s", job[kind].aggregate, name, model.learner->name)));
	status = shopper_sums_model(env, &model, s, feature_names(s));
	MemoryContextSwitchTo(old);
	result = shopper_training_end(env, status, &model);
	MemoryContextDelete(context);
	if (result == NULL)
		PG_RETURN_NULL();
	PG_RETURN_BYTEA_P(result);
}

PG_FUNCTION_INFO_V1(shopper_linear_final);
Datum
shopper_linear_final(PG_FUNCTION_ARGS)
{
	return finish(fcinfo, SHOPPER_SUMS_LINEAR);
}

PG_FUNCTION_INFO_V1(shopper_naive_bayes_final);
Datum
shopper_naive_bayes_final(PG_FUNCTION_ARGS)
{
	return finish(fcinfo, SHOPPER_SUMS_BAYES);
}

PG_FUNCTION_INFO_V1(shopper_pca_final);
Datum
shopper_pca_final(PG_FUNCTION_ARGS)
{
	return finish(fcinfo, SHOPPER_SUMS_PCA);
}
