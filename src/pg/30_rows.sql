-- What the training aggregates over rows share.

CREATE FUNCTION @extschema@.shopper_rows_final(internal) RETURNS bytea
LANGUAGE c PARALLEL SAFE COST 1000000 AS 'MODULE_PATHNAME', 'shopper_rows_final';
COMMENT ON FUNCTION @extschema@.shopper_rows_final(internal) IS 'Final function of the training aggregates over rows: orders the rows and trains';
