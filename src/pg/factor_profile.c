/* factor_profile.c: the SQL call factor_profile(model, factor, n). */
#include "ids.h"

#include "catalog/pg_type.h"

#include "../models/recommend/recommend.h"

PG_FUNCTION_INFO_V1(shopper_sql_factor_profile);
Datum
shopper_sql_factor_profile(PG_FUNCTION_ARGS)
{
	ShopperIdCall call;
	const ShopperDictionary *users,
			   *items;
	ShopperFactorItem *row;
	int64_t		n;
	int			factor = PG_ARGISNULL(1) ? 0 : PG_GETARG_INT32(1);

	if (!shopper_id_call_begin(fcinfo, &call, SHOPPER_RATINGS, "a recommender", "Recommenders come from train_recommender."))
		return (Datum) 0;
	if (!PG_ARGISNULL(1) && factor < 1)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("factor must be 1 or more, got %d", factor),
						errhint("NULL stands for all factors.")));
	if (!PG_ARGISNULL(2) && PG_GETARG_INT32(2) < 0)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("n must not be negative, got %d", PG_GETARG_INT32(2))));
	shopper_check(call.env, shopper_recommend_ids(call.env, call.model, &users, &items));
	shopper_check(call.env, shopper_factor_profile(call.env, call.model, factor - 1, PG_ARGISNULL(2) ? PG_INT64_MAX : PG_GETARG_INT32(2), &row, &n));
	for (int64_t i = 0; i < n; i++)
	{
		Datum		v[5];
		bool		null[5] = {false};

		shopper_id_row_begin(&call);
		v[0] = Int32GetDatum(row[i].factor + 1);
		v[1] = shopper_id_datum(items, row[i].code, TEXTOID);
		shopper_set_float(&v[2], &null[2], row[i].weight);
		shopper_set_float(&v[3], &null[3], row[i].share);
		v[4] = Int32GetDatum((int32) row[i].rank);
		shopper_id_row_end(&call, v, null);
	}
	return shopper_id_call_end(&call);
}
