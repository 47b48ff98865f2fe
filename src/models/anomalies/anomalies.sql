-- Anomalies: train_anomaly and what its models answer.

CREATE FUNCTION @extschema@.shopper_anomaly_accum(internal, record) RETURNS internal
LANGUAGE c PARALLEL SAFE AS 'MODULE_PATHNAME', 'shopper_anomaly_accum';
CREATE FUNCTION @extschema@.shopper_anomaly_accum(internal, record, jsonb) RETURNS internal
LANGUAGE c PARALLEL SAFE AS 'MODULE_PATHNAME', 'shopper_anomaly_accum';
CREATE FUNCTION @extschema@.shopper_anomaly_accum(internal, record, jsonb, bytea) RETURNS internal
LANGUAGE c PARALLEL SAFE AS 'MODULE_PATHNAME', 'shopper_anomaly_accum';
COMMENT ON FUNCTION @extschema@.shopper_anomaly_accum(internal, record) IS 'State function of train_anomaly';
COMMENT ON FUNCTION @extschema@.shopper_anomaly_accum(internal, record, jsonb) IS 'State function of train_anomaly';
COMMENT ON FUNCTION @extschema@.shopper_anomaly_accum(internal, record, jsonb, bytea) IS 'State function of train_anomaly';

CREATE AGGREGATE @extschema@.train_anomaly(f record)
	(SFUNC = @extschema@.shopper_anomaly_accum, STYPE = internal, SSPACE = 1048576, FINALFUNC = @extschema@.shopper_rows_final, FINALFUNC_MODIFY = READ_WRITE, PARALLEL = RESTRICTED);
CREATE AGGREGATE @extschema@.train_anomaly(f record, options jsonb)
	(SFUNC = @extschema@.shopper_anomaly_accum, STYPE = internal, SSPACE = 1048576, FINALFUNC = @extschema@.shopper_rows_final, FINALFUNC_MODIFY = READ_WRITE, PARALLEL = RESTRICTED);
CREATE AGGREGATE @extschema@.train_anomaly(f record, options jsonb, previous_model bytea)
	(SFUNC = @extschema@.shopper_anomaly_accum, STYPE = internal, SSPACE = 1048576, FINALFUNC = @extschema@.shopper_rows_final, FINALFUNC_MODIFY = READ_WRITE, PARALLEL = RESTRICTED);
COMMENT ON AGGREGATE @extschema@.train_anomaly(record) IS 'Learn what rows are usually like, with isolation_forest(); returns the model';
COMMENT ON AGGREGATE @extschema@.train_anomaly(record, jsonb) IS 'Learn what rows are usually like; options come from isolation_forest(contamination => 0.02)';
COMMENT ON AGGREGATE @extschema@.train_anomaly(record, jsonb, bytea) IS 'Learn what rows are usually like, from an earlier model on; isolation_forest() cannot: each of its trees needs a few rows only, so train anew';

CREATE FUNCTION @extschema@.train_anomaly_from(query text, options jsonb DEFAULT NULL, previous_model bytea DEFAULT NULL) RETURNS bytea
LANGUAGE c VOLATILE PARALLEL UNSAFE COST 100000 AS 'MODULE_PATHNAME', 'shopper_train_anomaly_from';
COMMENT ON FUNCTION @extschema@.train_anomaly_from(text, jsonb, bytea) IS 'train_anomaly over the rows of a query: the same model, read twice as fast';

CREATE FUNCTION @extschema@.anomaly_score(model bytea, features record) RETURNS float8
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 500 AS 'MODULE_PATHNAME', 'shopper_anomaly_score_sql';
COMMENT ON FUNCTION @extschema@.anomaly_score(bytea, record) IS 'How strange a row is, from 0 to 1: 0.5 is a row like the others. Columns are matched by name, NULLs are fine';
CREATE FUNCTION @extschema@.is_anomaly(model bytea, features record) RETURNS boolean
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 500 AS 'MODULE_PATHNAME', 'shopper_is_anomaly_sql';
COMMENT ON FUNCTION @extschema@.is_anomaly(bytea, record) IS 'Whether the score of a row is at least the cut-off of the model, which the option contamination decides';
CREATE FUNCTION @extschema@.explain_anomaly(model bytea, features record, OUT feature text, OUT value text, OUT contribution float8) RETURNS SETOF record
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 2000 ROWS 20 AS 'MODULE_PATHNAME', 'shopper_explain_anomaly_sql';
COMMENT ON FUNCTION @extschema@.explain_anomaly(bytea, record) IS 'Why a row is strange: how much the splits by each column shortened its way to being alone; the sum is 1 + log2 of the score, 0 for a row like the others';
