/* anomalies.c: the SQL calls about strange rows. */
#include "rows.h"

#include "inspect.h"

#include "../models/anomalies/isolation.h"

PG_FUNCTION_INFO_V1(shopper_anomaly_score_sql);
Datum
shopper_anomaly_score_sql(PG_FUNCTION_ARGS)
{
	ShopperRowScoring *s = shopper_scoring_args(fcinfo, SHOPPER_DETECT);

	if (s == NULL)
		PG_RETURN_NULL();
	shopper_predict(s->model, s->dense, s->lookup, s->out);
	PG_RETURN_FLOAT8(s->out[0]);
}

PG_FUNCTION_INFO_V1(shopper_is_anomaly_sql);
Datum
shopper_is_anomaly_sql(PG_FUNCTION_ARGS)
{
	ShopperRowScoring *s = shopper_scoring_args(fcinfo, SHOPPER_DETECT);

	if (s == NULL)
		PG_RETURN_NULL();
	shopper_predict(s->model, s->dense, s->lookup, s->out);
	PG_RETURN_BOOL(shopper_is_anomaly(s->model, s->out[0]));
}

PG_FUNCTION_INFO_V1(shopper_explain_anomaly_sql);
Datum
shopper_explain_anomaly_sql(PG_FUNCTION_ARGS)
{
	TupleDesc	desc;
	Tuplestorestate *rows = shopper_rows_begin(fcinfo, &desc);
	ShopperRowScoring *s = shopper_scoring_args(fcinfo, SHOPPER_DETECT);
	double	   *contribution;
	int		   *order;

	if (s == NULL)
		return (Datum) 0;
	contribution = shopper_contributions(s);
	order = shopper_order_by_size(contribution, s->n_columns);
	for (int i = 0; i < s->n_columns; i++)
		shopper_put_contribution(rows, desc, s, order[i], contribution[order[i]]);
	return (Datum) 0;
}
