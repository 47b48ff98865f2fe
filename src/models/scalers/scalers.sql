-- Scalers and encoders: train_scaler and what its models answer.

CREATE FUNCTION @extschema@.shopper_scaler_accum(internal, record) RETURNS internal
LANGUAGE c PARALLEL SAFE AS 'MODULE_PATHNAME', 'shopper_scaler_accum';
CREATE FUNCTION @extschema@.shopper_scaler_accum(internal, record, jsonb) RETURNS internal
LANGUAGE c PARALLEL SAFE AS 'MODULE_PATHNAME', 'shopper_scaler_accum';
COMMENT ON FUNCTION @extschema@.shopper_scaler_accum(internal, record) IS 'State function of train_scaler';
COMMENT ON FUNCTION @extschema@.shopper_scaler_accum(internal, record, jsonb) IS 'State function of train_scaler';

CREATE AGGREGATE @extschema@.train_scaler(f record)
	(SFUNC = @extschema@.shopper_scaler_accum, STYPE = internal, SSPACE = 1048576, FINALFUNC = @extschema@.shopper_rows_final, FINALFUNC_MODIFY = READ_WRITE, PARALLEL = RESTRICTED);
CREATE AGGREGATE @extschema@.train_scaler(f record, options jsonb)
	(SFUNC = @extschema@.shopper_scaler_accum, STYPE = internal, SSPACE = 1048576, FINALFUNC = @extschema@.shopper_rows_final, FINALFUNC_MODIFY = READ_WRITE, PARALLEL = RESTRICTED);
COMMENT ON AGGREGATE @extschema@.train_scaler(record) IS 'Learn the scale of numbers: mean and deviation; returns the model';
COMMENT ON AGGREGATE @extschema@.train_scaler(record, jsonb) IS 'Learn the scale of numbers, scaler(method => ''robust''), or the levels of categories, encoder(method => ''ordinal'')';

CREATE FUNCTION @extschema@.train_scaler_from(query text, options jsonb DEFAULT NULL) RETURNS bytea
LANGUAGE c VOLATILE PARALLEL UNSAFE COST 100000 AS 'MODULE_PATHNAME', 'shopper_train_scaler_from';
COMMENT ON FUNCTION @extschema@.train_scaler_from(text, jsonb) IS 'train_scaler over the rows of a query: the same model, read twice as fast';

CREATE FUNCTION @extschema@.scale(model bytea, features record) RETURNS jsonb
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 500 AS 'MODULE_PATHNAME', 'shopper_scale_sql';
COMMENT ON FUNCTION @extschema@.scale(bytea, record) IS 'A row on the scale of the model, column by column. scaler() leaves categories as they are, encoder() numbers; NULLs stay NULL unless impute says otherwise';
CREATE FUNCTION @extschema@.scale_array(model bytea, features record) RETURNS float8[]
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 200 AS 'MODULE_PATHNAME', 'shopper_scale_array_sql';
COMMENT ON FUNCTION @extschema@.scale_array(bytea, record) IS 'The numbers of scale() alone, in the order of scaled_columns(): numbers first, then what stands for categories (of scaler() only with one_hot)';
CREATE FUNCTION @extschema@.unscale(model bytea, scaled jsonb) RETURNS jsonb
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 1000 AS 'MODULE_PATHNAME', 'shopper_unscale_sql';
COMMENT ON FUNCTION @extschema@.unscale(bytea, jsonb) IS 'Back from scale(): numbers in the units of their columns, levels of categories; columns may be left out';
CREATE FUNCTION @extschema@.scaled_columns(model bytea, OUT "position" int, OUT feature text, OUT level text, OUT centre float8, OUT scale float8) RETURNS SETOF record
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 1000 ROWS 20 AS 'MODULE_PATHNAME', 'shopper_scaled_columns_sql';
COMMENT ON FUNCTION @extschema@.scaled_columns(bytea) IS 'What the elements of scale_array() are; of numbers what is subtracted and the divisor (NULL with method quantile)';

CREATE FUNCTION @extschema@.hash_encode(value text, buckets int, seed bigint DEFAULT 1) RETURNS int
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 5 AS 'MODULE_PATHNAME', 'shopper_hash_encode_sql';
COMMENT ON FUNCTION @extschema@.hash_encode(text, int, bigint) IS 'A text as a number from 0 to buckets - 1, the same for ever: categories of any number of levels as few numbers';
