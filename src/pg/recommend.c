/*
 * recommend.c: the SQL calls of recommenders: the best items for a user or a basket,
 * neighbours, single ratings, factors.
 *
 * Ids may be of any type: an argument is read by the type that the call gives it and
 * looked up in the model's dictionary; an id that is not there is an unknown one,
 * never an error. Each set-returning call works in a context of its own.
 */
#include "ids.h"

#include "catalog/pg_type.h"

#include "../models/recommend/recommend.h"

static const char *const wanted = "a recommender";
static const char *const hint = "Recommenders come from train_recommender.";

typedef struct Call
{
	ShopperIdCall c;
	const ShopperDictionary *users,
			   *items;
	ShopperDictionary strangers;	/* of sessions: items of the call that the model does not know */
} Call;

static bool
begin(FunctionCallInfo fcinfo, Call *call)
{
	if (!shopper_id_call_begin(fcinfo, &call->c, SHOPPER_RATINGS, wanted, hint))
		return false;
	shopper_check(call->c.env, shopper_recommend_ids(call->c.env, call->c.model, &call->users, &call->items));
	shopper_check(call->c.env, shopper_dictionary_init(&call->strangers, call->c.env, SHOPPER_ID_TEXT));
	return true;
}

/* ---- arguments ---- */

static int64
id_argument(const Call *call, int n, const ShopperDictionary *d, const char *what)
{
	return shopper_id_argument(call->c.fcinfo, &call->c.argument[n], n, d, what);
}

static int32_t *
items_argument(Call *call, int n, const char *what, int *length)
{
	return shopper_id_list_with(call->c.fcinfo, &call->c.argument[n], n, call->items, &call->strangers, false, what, length);
}

/* The items of a basket; of a session with those that the model does not know. */
static int32_t *
basket_argument(Call *call, int n, int *length)
{
	return shopper_id_list_with(call->c.fcinfo, &call->c.argument[n], n, call->items, &call->strangers,
								shopper_recommends_next(call->c.model), "items", length);
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

/* A share, from 0 to 1. */
static double
share_argument(FunctionCallInfo fcinfo, int n, const char *what, double initial)
{
	double		share = PG_ARGISNULL(n) ? initial : PG_GETARG_FLOAT8(n);

	if (!(share >= 0 && share <= 1))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("%s must be from 0 to 1, got %g", what, share)));
	return share;
}

/* Arguments n to n + 3: n, exclude_seen, only_items, not_items. */
static ShopperItemFilter
filter_arguments(FunctionCallInfo fcinfo, Call *call, int n)
{
	ShopperItemFilter filter = {.n = limit_argument(fcinfo, n),.strangers = (int) call->strangers.n};

	filter.exclude_seen = PG_ARGISNULL(n + 1) || PG_GETARG_BOOL(n + 1);
	filter.only_items = items_argument(call, n + 2, "only_items", &filter.n_only);
	filter.not_items = items_argument(call, n + 3, "not_items", &filter.n_not);
	return filter;
}

/* ---- rows ---- */

/* The type of the ids that go out. The witness, argument 2, must be NULL: a bigint meant as n would otherwise pass for one. */
static Oid
output_type(const Call *call, const ShopperDictionary *d, const char *what, bool witness, bool list)
{
	FunctionCallInfo fcinfo = call->c.fcinfo;
	Oid			type = TupleDescAttr(call->c.desc, 0)->atttypid;

	if (!witness)
		shopper_check_id_type(d, type, what, list);
	else if (!PG_ARGISNULL(2))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("%s_type must be null: it only names a type", what),
						errhint("Write %s_type => null::bigint; if the number of rows was meant, n => 10, or cast it to int.", what)));
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

		shopper_id_row_begin(&call->c);
		v[0] = row[i].code < d->n ? shopper_id_datum(d, row[i].code, type)
			: shopper_id_datum(&call->strangers, row[i].code - d->n, type);
		shopper_set_float(&v[1], &null[1], row[i].score);
		v[2] = Int32GetDatum((int32) row[i].rank);
		if (call->c.desc->natts > 3)
			v[3] = CStringGetTextDatum(shopper_source_name(call->c.model, row[i].source));
		shopper_id_row_end(&call->c, v, null);
	}
}

/* ---- svd_recommend, recommend: (model, user_id [, item_type], n, exclude_seen, only_items, not_items, diversity) ---- */

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
	type = output_type(&call, call.items, "item", witness, false);
	user = id_argument(&call, 1, call.users, "user");
	filter = filter_arguments(fcinfo, &call, witness ? 3 : 2);
	filter.diversity = share_argument(fcinfo, witness ? 7 : 6, "diversity", 0);
	shopper_check(call.c.env, shopper_recommend(call.c.env, call.c.model, user, &filter, &row, &n));
	put_rows(&call, call.items, type, row, n);
	return shopper_id_call_end(&call.c);
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
ratings_argument(FunctionCallInfo fcinfo, int n, int items)
{
	ShopperValueReader reader = {.from = SHOPPER_FROM_VECTOR,.element = FLOAT8OID};
	double	   *ratings;
	int			count;

	if (PG_ARGISNULL(n))
		return NULL;
	ratings = shopper_value_vector(&reader, PG_GETARG_DATUM(n), &count);
	if (count != items)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("expected one rating for each of the %d items, got %d", items, count)));
	return ratings;
}

static Datum
recommend_for_basket(FunctionCallInfo fcinfo, bool witness)
{
	Call		call;
	ShopperItemFilter filter;
	ShopperRecommendation *row;
	int32_t    *items;
	double	   *ratings;
	int			n_items;
	int64_t		n;
	Oid			type;

	if (!begin(fcinfo, &call))
		return (Datum) 0;
	type = output_type(&call, call.items, "item", witness, true);
	items = basket_argument(&call, 1, &n_items);
	filter = filter_arguments(fcinfo, &call, witness ? 3 : 2);
	ratings = ratings_argument(fcinfo, witness ? 7 : 6, n_items);
	shopper_check(call.c.env, shopper_recommend_for_basket(call.c.env, call.c.model, items, ratings, n_items, &filter, &row, &n));
	put_rows(&call, call.items, type, row, n);
	return shopper_id_call_end(&call.c);
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

/* ---- recommend_all: (model [, user_type, item_type], n, users, exclude_seen, only_items, not_items) ---- */

/* Rows (user_id, item, score, rank, source) of a block; ids of items are made once. */
static void
put_block(Call *call, const ShopperRecommendAll *all, const int32_t *user, int64_t n, ShopperIdSets *items)
{
	for (int64_t b = 0; b < n; b++)
		for (int64_t i = 0; i < all->n_rows[b]; i++)
		{
			const ShopperRecommendation *row = &all->rows[b * all->n + i];
			Datum		v[5];
			bool		null[5] = {false};

			shopper_id_row_begin(&call->c);
			v[0] = shopper_id_datum(call->users, user[b], TupleDescAttr(call->c.desc, 0)->atttypid);
			v[1] = shopper_id_of(items, (int32_t) row->code);
			shopper_set_float(&v[2], &null[2], row->score);
			v[3] = Int32GetDatum((int32) row->rank);
			v[4] = CStringGetTextDatum(shopper_source_name(call->c.model, row->source));
			shopper_id_row_end(&call->c, v, null);
		}
}

/* The known users of the list in argument n, in its order; all users of the model when it is NULL. */
static int32_t *
users_argument(Call *call, int n, int *length)
{
	int			given;
	int32_t    *user = shopper_id_list(call->c.fcinfo, &call->c.argument[n], n, call->users, "users", &given);

	*length = 0;
	if (user == NULL)
	{
		user = MemoryContextAllocHuge(CurrentMemoryContext, sizeof(int32_t) * Max(call->users->n, 1));
		for (; *length < call->users->n; (*length)++)
			user[*length] = *length;
		return user;
	}
	for (int i = 0; i < given; i++)
		if (user[i] >= 0)
			user[(*length)++] = user[i];
	return user;
}

static Datum
recommend_all(FunctionCallInfo fcinfo, bool witness)
{
	Call		call;
	ShopperItemFilter filter = {.n = 0};
	ShopperRecommendAll all;
	ShopperIdSets items;
	int32_t    *user;
	int			first = witness ? 3 : 1,
				n_users;

	if (!begin(fcinfo, &call))
		return (Datum) 0;
	if (witness && !(PG_ARGISNULL(1) && PG_ARGISNULL(2)))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("user_type and item_type must be null: they only name types"),
						errhint("Write user_type => null::bigint, item_type => null::bigint.")));
	filter.n = limit_argument(fcinfo, first);
	user = users_argument(&call, first + 1, &n_users);
	filter.exclude_seen = PG_ARGISNULL(first + 2) || PG_GETARG_BOOL(first + 2);
	filter.only_items = items_argument(&call, first + 3, "only_items", &filter.n_only);
	filter.not_items = items_argument(&call, first + 4, "not_items", &filter.n_not);
	shopper_id_sets(&items, call.items, TupleDescAttr(call.c.desc, 1)->atttypid, call.c.context);
	shopper_env_start_pool(call.c.env, (int64) n_users * call.items->n / 100);
	shopper_check(call.c.env, shopper_recommend_all_begin(call.c.env, call.c.model, &filter, &all));
	for (int64_t from = 0; from < n_users; from += all.block)
	{
		int64_t		n = Min(all.block, n_users - from);

		shopper_check(call.c.env, shopper_recommend_all_block(call.c.env, &all, user + from, n));
		put_block(&call, &all, user + from, n, &items);
	}
	return shopper_id_call_end(&call.c);
}

PG_FUNCTION_INFO_V1(shopper_sql_recommend_all);
Datum
shopper_sql_recommend_all(PG_FUNCTION_ARGS)
{
	return recommend_all(fcinfo, false);
}

PG_FUNCTION_INFO_V1(shopper_sql_recommend_all_as);
Datum
shopper_sql_recommend_all_as(PG_FUNCTION_ARGS)
{
	return recommend_all(fcinfo, true);
}

/* ---- recommend_for_segment: (model, users [, item_type], n, max_seen, only_items, not_items) ---- */

static Datum
recommend_for_segment(FunctionCallInfo fcinfo, bool witness)
{
	Call		call;
	ShopperItemFilter filter = {0};
	ShopperSegmentRow *row;
	int32_t    *user;
	int			first = witness ? 3 : 2,
				n_users;
	double		max_seen;
	int64_t		n;
	Oid			type;

	if (!begin(fcinfo, &call))
		return (Datum) 0;
	type = output_type(&call, call.items, "item", witness, false);
	user = shopper_id_list(fcinfo, &call.c.argument[1], 1, call.users, "users", &n_users);
	filter.n = limit_argument(fcinfo, first);
	max_seen = share_argument(fcinfo, first + 1, "max_seen", 0.5);
	filter.only_items = items_argument(&call, first + 2, "only_items", &filter.n_only);
	filter.not_items = items_argument(&call, first + 3, "not_items", &filter.n_not);
	shopper_check(call.c.env, shopper_recommend_for_segment(call.c.env, call.c.model, user, n_users, max_seen, &filter, &row, &n));
	for (int64_t i = 0; i < n; i++)
	{
		Datum		v[6];
		bool		null[6] = {false};

		shopper_id_row_begin(&call.c);
		v[0] = shopper_id_datum(call.items, row[i].item.code, type);
		shopper_set_float(&v[1], &null[1], row[i].item.score);
		v[2] = Int32GetDatum((int32) row[i].item.rank);
		shopper_set_float(&v[3], &null[3], row[i].reach);
		shopper_set_float(&v[4], &null[4], row[i].seen);
		v[5] = CStringGetTextDatum(shopper_source_name(call.c.model, row[i].item.source));
		shopper_id_row_end(&call.c, v, null);
	}
	return shopper_id_call_end(&call.c);
}

PG_FUNCTION_INFO_V1(shopper_sql_recommend_for_segment);
Datum
shopper_sql_recommend_for_segment(PG_FUNCTION_ARGS)
{
	return recommend_for_segment(fcinfo, false);
}

PG_FUNCTION_INFO_V1(shopper_sql_recommend_for_segment_as);
Datum
shopper_sql_recommend_for_segment_as(PG_FUNCTION_ARGS)
{
	return recommend_for_segment(fcinfo, true);
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
	type = output_type(&call, d, what, witness, false);
	code = id_argument(&call, 1, d, what);
	limit = limit_argument(fcinfo, witness ? 3 : 2);
	shopper_check(call.c.env, (users ? shopper_similar_users : shopper_similar_items) (call.c.env, call.c.model, code, limit, &row, &n));
	put_rows(&call, d, type, row, n);
	return shopper_id_call_end(&call.c);
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

/* ---- explain_recommendation: (model, user_id, item_id [, item_type], n) ---- */

static Datum
explain(FunctionCallInfo fcinfo, bool witness)
{
	Call		call;
	ShopperReason *row;
	int64_t		user,
				item,
				limit,
				n;
	Oid			type;

	if (!begin(fcinfo, &call))
		return (Datum) 0;
	type = TupleDescAttr(call.c.desc, 0)->atttypid;
	if (!witness)
		shopper_check_id_type(call.items, type, "item", false);
	else if (!PG_ARGISNULL(3))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("item_type must be null: it only names a type"),
						errhint("Write item_type => null::bigint; if the number of rows was meant, n => 10, or cast it to int.")));
	user = id_argument(&call, 1, call.users, "user");
	item = id_argument(&call, 2, call.items, "item");
	limit = limit_argument(fcinfo, witness ? 4 : 3);
	shopper_check(call.c.env, shopper_explain_recommendation(call.c.env, call.c.model, user, item, limit, &row, &n));
	for (int64_t i = 0; i < n; i++)
	{
		Datum		v[3];
		bool		null[3] = {false};

		shopper_id_row_begin(&call.c);
		v[0] = shopper_id_datum(call.items, row[i].code, type);
		shopper_set_float(&v[1], &null[1], row[i].contribution);
		shopper_set_float(&v[2], &null[2], row[i].share);
		shopper_id_row_end(&call.c, v, null);
	}
	return shopper_id_call_end(&call.c);
}

PG_FUNCTION_INFO_V1(shopper_sql_explain_recommendation);
Datum
shopper_sql_explain_recommendation(PG_FUNCTION_ARGS)
{
	return explain(fcinfo, false);
}

PG_FUNCTION_INFO_V1(shopper_sql_explain_recommendation_as);
Datum
shopper_sql_explain_recommendation_as(PG_FUNCTION_ARGS)
{
	return explain(fcinfo, true);
}

/* ---- predict_rating: (model, user_id, item_id), strict ---- */

PG_FUNCTION_INFO_V1(shopper_sql_predict_rating);
Datum
shopper_sql_predict_rating(PG_FUNCTION_ARGS)
{
	ShopperModelUse *use = shopper_model_of_shape(fcinfo, 0, SHOPPER_RATINGS, wanted, hint);
	ShopperIdArgument *argument = shopper_id_arguments(fcinfo, use);
	ShopperEnv	env;			/* of messages: nothing is allocated */
	const ShopperDictionary *users,
			   *items;
	int64		user,
				item;
	double		rating;

	env.status = SHOPPER_OK;
	shopper_check(&env, shopper_recommend_ids(&env, use->model, &users, &items));
	user = shopper_id_argument(fcinfo, &argument[1], 1, users, "user");
	item = shopper_id_argument(fcinfo, &argument[2], 2, items, "item");
	shopper_check(&env, shopper_predict_rating(&env, use->model, user, item, &rating));
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
	if (!shopper_has_factors(call.c.model))
		ereport(ERROR, (errcode(ERRCODE_DATATYPE_MISMATCH), errmsg("a model of %s has no factors", call.c.model->learner->name)));
	for (int64_t code = 0; code < d->n; code++)
	{
		Datum		v[3];
		bool		null[3] = {false};
		double		bias;
		int			n;
		const float *x = (users ? shopper_user_factors : shopper_item_factors) (call.c.model, code, &n, &bias);

		if (array == NULL)
		{
			Datum	   *zeros = palloc0(sizeof(Datum) * n);

			array = construct_array(zeros, n, FLOAT4OID, sizeof(float4), true, TYPALIGN_INT);
		}
		memcpy(ARR_DATA_PTR(array), x, sizeof(float4) * n);
		shopper_id_row_begin(&call.c);
		v[0] = shopper_id_datum(d, code, TEXTOID);
		v[1] = Float8GetDatum(bias);
		v[2] = PointerGetDatum(array);
		shopper_id_row_end(&call.c, v, null);
	}
	return shopper_id_call_end(&call.c);
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
