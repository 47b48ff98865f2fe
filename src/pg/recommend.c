/*
 * recommend.c: the SQL calls of recommenders: the best items for a user or a basket,
 * neighbours, single ratings, factors.
 *
 * Ids may be of any type: an argument is read by the type that the call gives it and
 * looked up in the model's dictionary; an id that is not there is an unknown one,
 * never an error. Each set-returning call works in a context of its own.
 */
#include "pairs_reader.h"

#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/lsyscache.h"
#include "utils/tuplestore.h"

#include "../models/recommend/recommend.h"

#define MAX_ARGUMENTS 8

/* How to read an argument of ids; its type is fixed at the call site. */
typedef struct IdArgument
{
	bool		ready;
	Oid			array;			/* lists: the array type, or InvalidOid for the text of an array literal */
	Oid			type;
	ShopperValueReader reader;	/* of the id, or of the list's elements */
} IdArgument;

typedef struct CallSite
{
	ShopperEnv *env;			/* predict_rating's: it allocates nothing, but may fail */
	IdArgument	argument[MAX_ARGUMENTS];
} CallSite;

/* One call that returns rows. */
typedef struct Call
{
	const ShopperModel *model;
	CallSite   *site;
	ShopperEnv *env;
	MemoryContext context,
				old;
	const ShopperDictionary *users,
			   *items;
	Tuplestorestate *rows;
	TupleDesc	desc;
} Call;

/* ---- arguments ---- */

static ShopperModelUse *
recommender_argument(FunctionCallInfo fcinfo)
{
	ShopperModelUse *use = shopper_model_arg(fcinfo, 0);

	if (use->model->learner->shape != SHOPPER_RATINGS)
		ereport(ERROR, (errcode(ERRCODE_DATATYPE_MISMATCH),
						errmsg("expected a recommender, got a model of %s", use->model->learner->name),
						errhint("Recommenders come from train_recommender.")));
	if (use->extra == NULL)
		use->extra = MemoryContextAllocZero(fcinfo->flinfo->fn_mcxt, sizeof(CallSite));
	return use;
}

static Oid
argument_type(FunctionCallInfo fcinfo, int n)
{
	Oid			type = get_fn_expr_argtype(fcinfo->flinfo, n);

	if (!OidIsValid(type))
		elog(ERROR, "could not determine the type of argument %d", n + 1);
	return type;
}

/* The code of the id in argument n; -1 when it is NULL or unknown. */
static int64
id_argument(FunctionCallInfo fcinfo, CallSite *site, int n, const ShopperDictionary *d, const char *what)
{
	IdArgument *a = &site->argument[n];

	if (PG_ARGISNULL(n))
		return -1;
	if (!a->ready)
		shopper_id_reader(&a->reader, argument_type(fcinfo, n), fcinfo->flinfo->fn_mcxt, what);
	a->ready = true;
	return shopper_find_id(d, &a->reader, PG_GETARG_DATUM(n));
}

static void
start_list(FunctionCallInfo fcinfo, IdArgument *a, int n, const char *what)
{
	Oid			base,
				element = TEXTOID;

	a->type = argument_type(fcinfo, n);
	base = getBaseType(a->type);
	a->array = InvalidOid;
	if (base != UNKNOWNOID && base != TEXTOID && base != VARCHAROID)
	{
		a->array = base;
		element = get_element_type(base);
		if (!OidIsValid(element))
			ereport(ERROR, (errcode(ERRCODE_DATATYPE_MISMATCH),
							errmsg("%s must be an array of ids, got type %s", what, format_type_be(a->type))));
	}
	shopper_id_reader(&a->reader, element, fcinfo->flinfo->fn_mcxt, what);
	a->ready = true;
}

/* The array in argument n, parsed when it came as text. */
static ArrayType *
list_array(FunctionCallInfo fcinfo, const IdArgument *a, int n)
{
	Oid			input,
				element;
	char	   *literal;

	if (OidIsValid(a->array))
		return PG_GETARG_ARRAYTYPE_P(n);
	literal = a->type == UNKNOWNOID ? PG_GETARG_CSTRING(n) : text_to_cstring(PG_GETARG_TEXT_PP(n));
	getTypeInputInfo(TEXTARRAYOID, &input, &element);
	return DatumGetArrayTypeP(OidInputFunctionCall(input, literal, element, -1));
}

/* The codes of a list of ids, -1 for NULL elements and unknown ids; NULL when the argument is NULL. */
static int64_t *
list_argument(FunctionCallInfo fcinfo, CallSite *site, int n, const ShopperDictionary *d, const char *what, int64_t *length)
{
	IdArgument *a = &site->argument[n];
	ArrayType  *array;
	Datum	   *values;
	bool	   *nulls,
				byval;
	int			count;
	int16		width;
	char		align;
	int64_t    *code;

	*length = 0;
	if (PG_ARGISNULL(n))
		return NULL;
	if (!a->ready)
		start_list(fcinfo, a, n, what);
	array = list_array(fcinfo, a, n);
	get_typlenbyvalalign(ARR_ELEMTYPE(array), &width, &byval, &align);
	deconstruct_array(array, ARR_ELEMTYPE(array), width, byval, align, &values, &nulls, &count);
	code = palloc(sizeof(int64_t) * Max(count, 1));
	for (int i = 0; i < count; i++)
		code[i] = nulls[i] ? -1 : shopper_find_id(d, &a->reader, values[i]);
	*length = count;
	return code;
}

/* NULL is no limit, as in LIMIT NULL. */
static int64
limit_argument(FunctionCallInfo fcinfo, int n)
{
	if (PG_ARGISNULL(n))
		return PG_INT64_MAX;
	if (PG_GETARG_INT32(n) < 0)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("n must not be negative, got %d", PG_GETARG_INT32(n))));
	return PG_GETARG_INT32(n);
}

/* Arguments n to n + 3: n, exclude_seen, only_items, not_items. */
static ShopperItemFilter
filter_arguments(FunctionCallInfo fcinfo, const Call *call, int n)
{
	ShopperItemFilter filter;

	filter.n = limit_argument(fcinfo, n);
	filter.exclude_seen = PG_ARGISNULL(n + 1) || PG_GETARG_BOOL(n + 1);
	filter.only_items = list_argument(fcinfo, call->site, n + 2, call->items, "only_items", &filter.n_only);
	filter.not_items = list_argument(fcinfo, call->site, n + 3, call->items, "not_items", &filter.n_not);
	return filter;
}

/* ---- rows ---- */

/* False: the model is NULL, there are no rows. */
static bool
begin(FunctionCallInfo fcinfo, Call *call)
{
	ShopperModelUse *use;

	call->rows = shopper_rows_begin(fcinfo, &call->desc);
	if (PG_ARGISNULL(0))
		return false;
	use = recommender_argument(fcinfo);
	call->model = use->model;
	call->site = use->extra;
	call->env = shopper_env_create(CurrentMemoryContext, &call->context);
	call->old = MemoryContextSwitchTo(call->context);
	shopper_check(call->env, shopper_recommend_ids(call->env, call->model, &call->users, &call->items));
	return true;
}

static Datum
finish(Call *call)
{
	MemoryContextSwitchTo(call->old);
	MemoryContextDelete(call->context);
	return (Datum) 0;
}

static const char *
id_type_name(ShopperIdType type)
{
	return type == SHOPPER_ID_INT ? "integers" : type == SHOPPER_ID_UUID ? "uuids" : "texts";
}

/*
 * The type of the ids that go out. The forms without a witness type return the type
 * of the id given; they are strict, so that a query fails at once and not at the
 * first id that does not look like a number. The witness, argument 2, must be NULL:
 * a bigint meant as n would otherwise pass for one.
 */
static Oid
output_type(FunctionCallInfo fcinfo, const Call *call, const ShopperDictionary *d, const char *what, bool witness)
{
	Oid			type = TupleDescAttr(call->desc, 0)->atttypid;

	if (witness && !PG_ARGISNULL(2))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("%s_type must be null: it only names a type", what),
						errhint("Write %s_type => null::bigint; if the number of rows was meant, n => 10, or cast it to int.", what)));
	if (!witness && ((type == INT8OID && d->type != SHOPPER_ID_INT) || (type == UUIDOID && d->type != SHOPPER_ID_UUID)))
		ereport(ERROR, (errcode(ERRCODE_DATATYPE_MISMATCH),
						errmsg("the model's %s ids are %s, they cannot be returned as %s", what, id_type_name(d->type),
							   format_type_be(type)),
						errhint("Cast the id that you give to text, or name the type that you want: %s_type => null::text.", what)));
	return type;
}

/* Rows (id, score, rank [, source]). */
static void
put_rows(Call *call, const ShopperDictionary *d, Oid type, const ShopperRecommendation *row, int64_t n)
{
	for (int64_t i = 0; i < n; i++)
	{
		Datum		v[4];
		bool		null[4] = {false};

		v[0] = shopper_id_datum(d, row[i].code, type);
		shopper_set_float(&v[1], &null[1], row[i].score);
		v[2] = Int32GetDatum((int32) row[i].rank);
		if (call->desc->natts > 3)
			v[3] = CStringGetTextDatum(shopper_source_name(row[i].source));
		tuplestore_putvalues(call->rows, call->desc, v, null);
	}
}

/* ---- svd_recommend, recommend: (model, user_id [, item_type], n, exclude_seen, only_items, not_items) ---- */

static Datum
recommend(FunctionCallInfo fcinfo, bool witness)
{
	Call		call;
	ShopperItemFilter filter;
	ShopperRecommendation *row;
	int64_t		user,
				n;
	Oid			type;

	if (!begin(fcinfo, &call))
		return (Datum) 0;
	type = output_type(fcinfo, &call, call.items, "item", witness);
	user = id_argument(fcinfo, call.site, 1, call.users, "user");
	filter = filter_arguments(fcinfo, &call, witness ? 3 : 2);
	shopper_check(call.env, shopper_recommend(call.env, call.model, user, &filter, &row, &n));
	put_rows(&call, call.items, type, row, n);
	return finish(&call);
}

PG_FUNCTION_INFO_V1(shopper_sql_recommend);
Datum
shopper_sql_recommend(PG_FUNCTION_ARGS)
{
	return recommend(fcinfo, false);
}

PG_FUNCTION_INFO_V1(shopper_sql_recommend_as);
Datum
shopper_sql_recommend_as(PG_FUNCTION_ARGS)
{
	return recommend(fcinfo, true);
}

/* ---- recommend_for_basket: (model, items [, item_type], n, exclude_seen, only_items, not_items, ratings) ---- */

/* The ratings of the basket's items; NULL when there are none. A NULL element leaves its item out. */
static double *
ratings_argument(FunctionCallInfo fcinfo, int n, int64_t items)
{
	ShopperValueReader reader = {.from = SHOPPER_FROM_VECTOR,.element = FLOAT8OID};
	double	   *ratings;
	int			count;

	if (PG_ARGISNULL(n))
		return NULL;
	ratings = shopper_value_vector(&reader, PG_GETARG_DATUM(n), &count);
	if (count != items)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("expected one rating for each of the %lld items, got %d", (long long) items, count)));
	return ratings;
}

static Datum
recommend_for_basket(FunctionCallInfo fcinfo, bool witness)
{
	Call		call;
	ShopperItemFilter filter;
	ShopperRecommendation *row;
	int64_t    *items;
	double	   *ratings;
	int64_t		n_items,
				n;
	Oid			type;

	if (!begin(fcinfo, &call))
		return (Datum) 0;
	type = output_type(fcinfo, &call, call.items, "item", witness);
	items = list_argument(fcinfo, call.site, 1, call.items, "items", &n_items);
	filter = filter_arguments(fcinfo, &call, witness ? 3 : 2);
	ratings = ratings_argument(fcinfo, witness ? 7 : 6, n_items);
	shopper_check(call.env, shopper_recommend_for_basket(call.env, call.model, items, ratings, n_items, &filter, &row, &n));
	put_rows(&call, call.items, type, row, n);
	return finish(&call);
}

PG_FUNCTION_INFO_V1(shopper_sql_recommend_for_basket);
Datum
shopper_sql_recommend_for_basket(PG_FUNCTION_ARGS)
{
	return recommend_for_basket(fcinfo, false);
}

PG_FUNCTION_INFO_V1(shopper_sql_recommend_for_basket_as);
Datum
shopper_sql_recommend_for_basket_as(PG_FUNCTION_ARGS)
{
	return recommend_for_basket(fcinfo, true);
}

/* ---- similar_items, similar_users: (model, id [, type], n) ---- */

static Datum
similar(FunctionCallInfo fcinfo, bool users, bool witness)
{
	Call		call;
	const ShopperDictionary *d;
	const char *what = users ? "user" : "item";
	ShopperRecommendation *row;
	int64_t		code,
				limit,
				n;
	Oid			type;

	if (!begin(fcinfo, &call))
		return (Datum) 0;
	d = users ? call.users : call.items;
	type = output_type(fcinfo, &call, d, what, witness);
	code = id_argument(fcinfo, call.site, 1, d, what);
	limit = limit_argument(fcinfo, witness ? 3 : 2);
	shopper_check(call.env, (users ? shopper_similar_users : shopper_similar_items) (call.env, call.model, code, limit, &row, &n));
	put_rows(&call, d, type, row, n);
	return finish(&call);
}

PG_FUNCTION_INFO_V1(shopper_sql_similar_items);
Datum
shopper_sql_similar_items(PG_FUNCTION_ARGS)
{
	return similar(fcinfo, false, false);
}

PG_FUNCTION_INFO_V1(shopper_sql_similar_items_as);
Datum
shopper_sql_similar_items_as(PG_FUNCTION_ARGS)
{
	return similar(fcinfo, false, true);
}

PG_FUNCTION_INFO_V1(shopper_sql_similar_users);
Datum
shopper_sql_similar_users(PG_FUNCTION_ARGS)
{
	return similar(fcinfo, true, false);
}

PG_FUNCTION_INFO_V1(shopper_sql_similar_users_as);
Datum
shopper_sql_similar_users_as(PG_FUNCTION_ARGS)
{
	return similar(fcinfo, true, true);
}

/* ---- predict_rating: (model, user_id, item_id), strict ---- */

PG_FUNCTION_INFO_V1(shopper_sql_predict_rating);
Datum
shopper_sql_predict_rating(PG_FUNCTION_ARGS)
{
	ShopperModelUse *use = recommender_argument(fcinfo);
	CallSite   *site = use->extra;
	const ShopperDictionary *users,
			   *items;
	int64		user,
				item;
	double		rating;

	if (site->env == NULL)
		site->env = shopper_env_create(fcinfo->flinfo->fn_mcxt, NULL);
	shopper_check(site->env, shopper_recommend_ids(site->env, use->model, &users, &items));
	user = id_argument(fcinfo, site, 1, users, "user");
	item = id_argument(fcinfo, site, 2, items, "item");
	shopper_check(site->env, shopper_predict_rating(site->env, use->model, user, item, &rating));
	PG_RETURN_FLOAT8(rating);
}

/* ---- user_factors, item_factors: (model) ---- */

static Datum
factor_rows(FunctionCallInfo fcinfo, bool users)
{
	Call		call;
	const ShopperDictionary *d;
	ArrayType  *array = NULL;

	if (!begin(fcinfo, &call))
		return (Datum) 0;
	d = users ? call.users : call.items;
	for (int64_t code = 0; code < d->n; code++)
	{
		Datum		v[3];
		bool		null[3] = {false};
		double		bias;
		int			n;
		const float *x = (users ? shopper_user_factors : shopper_item_factors) (call.model, code, &n, &bias);

		if (array == NULL)
		{
			Datum	   *zeros = palloc0(sizeof(Datum) * n);

			array = construct_array(zeros, n, FLOAT4OID, sizeof(float4), true, TYPALIGN_INT);
		}
		memcpy(ARR_DATA_PTR(array), x, sizeof(float4) * n);
		v[0] = shopper_id_datum(d, code, TEXTOID);
		v[1] = Float8GetDatum(bias);
		v[2] = PointerGetDatum(array);
		tuplestore_putvalues(call.rows, call.desc, v, null);
		pfree(DatumGetPointer(v[0]));
	}
	return finish(&call);
}

PG_FUNCTION_INFO_V1(shopper_sql_user_factors);
Datum
shopper_sql_user_factors(PG_FUNCTION_ARGS)
{
	return factor_rows(fcinfo, true);
}

PG_FUNCTION_INFO_V1(shopper_sql_item_factors);
Datum
shopper_sql_item_factors(PG_FUNCTION_ARGS)
{
	return factor_rows(fcinfo, false);
}
