-- Training and scoring rows: train_classifier, train_regressor, predict_*.

CREATE FUNCTION @extschema@.shopper_classifier_accum(internal, record, text) RETURNS internal
LANGUAGE c PARALLEL SAFE AS 'MODULE_PATHNAME', 'shopper_classifier_accum';
CREATE FUNCTION @extschema@.shopper_classifier_accum(internal, record, text, jsonb) RETURNS internal
LANGUAGE c PARALLEL SAFE AS 'MODULE_PATHNAME', 'shopper_classifier_accum';
CREATE FUNCTION @extschema@.shopper_classifier_accum(internal, record, text, jsonb, bytea) RETURNS internal
LANGUAGE c PARALLEL SAFE AS 'MODULE_PATHNAME', 'shopper_classifier_accum';
CREATE FUNCTION @extschema@.shopper_regressor_accum(internal, record, text) RETURNS internal
LANGUAGE c PARALLEL SAFE AS 'MODULE_PATHNAME', 'shopper_regressor_accum';
CREATE FUNCTION @extschema@.shopper_regressor_accum(internal, record, text, jsonb) RETURNS internal
LANGUAGE c PARALLEL SAFE AS 'MODULE_PATHNAME', 'shopper_regressor_accum';
CREATE FUNCTION @extschema@.shopper_regressor_accum(internal, record, text, jsonb, bytea) RETURNS internal
LANGUAGE c PARALLEL SAFE AS 'MODULE_PATHNAME', 'shopper_regressor_accum';
COMMENT ON FUNCTION @extschema@.shopper_classifier_accum(internal, record, text) IS 'State function of train_classifier';
COMMENT ON FUNCTION @extschema@.shopper_classifier_accum(internal, record, text, jsonb) IS 'State function of train_classifier';
COMMENT ON FUNCTION @extschema@.shopper_classifier_accum(internal, record, text, jsonb, bytea) IS 'State function of train_classifier';
COMMENT ON FUNCTION @extschema@.shopper_regressor_accum(internal, record, text) IS 'State function of train_regressor';
COMMENT ON FUNCTION @extschema@.shopper_regressor_accum(internal, record, text, jsonb) IS 'State function of train_regressor';
COMMENT ON FUNCTION @extschema@.shopper_regressor_accum(internal, record, text, jsonb, bytea) IS 'State function of train_regressor';

CREATE AGGREGATE @extschema@.train_classifier(f record, target text)
	(SFUNC = @extschema@.shopper_classifier_accum, STYPE = internal, SSPACE = 1048576, FINALFUNC = @extschema@.shopper_rows_final, FINALFUNC_MODIFY = READ_WRITE, PARALLEL = RESTRICTED);
CREATE AGGREGATE @extschema@.train_classifier(f record, target text, options jsonb)
	(SFUNC = @extschema@.shopper_classifier_accum, STYPE = internal, SSPACE = 1048576, FINALFUNC = @extschema@.shopper_rows_final, FINALFUNC_MODIFY = READ_WRITE, PARALLEL = RESTRICTED);
CREATE AGGREGATE @extschema@.train_classifier(f record, target text, options jsonb, previous_model bytea)
	(SFUNC = @extschema@.shopper_classifier_accum, STYPE = internal, SSPACE = 1048576, FINALFUNC = @extschema@.shopper_rows_final, FINALFUNC_MODIFY = READ_WRITE, PARALLEL = RESTRICTED);
COMMENT ON AGGREGATE @extschema@.train_classifier(record, text) IS 'Learn to predict the class in column target from the other columns of the row, with logistic(); returns the model';
COMMENT ON AGGREGATE @extschema@.train_classifier(record, text, jsonb) IS 'Learn to predict the class in column target from the other columns of the row; options come from a builder such as logistic() or boosting()';
COMMENT ON AGGREGATE @extschema@.train_classifier(record, text, jsonb, bytea) IS 'Learn to predict the class in column target, starting from an earlier model';

CREATE AGGREGATE @extschema@.train_regressor(f record, target text)
	(SFUNC = @extschema@.shopper_regressor_accum, STYPE = internal, SSPACE = 1048576, FINALFUNC = @extschema@.shopper_rows_final, FINALFUNC_MODIFY = READ_WRITE, PARALLEL = RESTRICTED);
CREATE AGGREGATE @extschema@.train_regressor(f record, target text, options jsonb)
	(SFUNC = @extschema@.shopper_regressor_accum, STYPE = internal, SSPACE = 1048576, FINALFUNC = @extschema@.shopper_rows_final, FINALFUNC_MODIFY = READ_WRITE, PARALLEL = RESTRICTED);
CREATE AGGREGATE @extschema@.train_regressor(f record, target text, options jsonb, previous_model bytea)
	(SFUNC = @extschema@.shopper_regressor_accum, STYPE = internal, SSPACE = 1048576, FINALFUNC = @extschema@.shopper_rows_final, FINALFUNC_MODIFY = READ_WRITE, PARALLEL = RESTRICTED);
COMMENT ON AGGREGATE @extschema@.train_regressor(record, text) IS 'Learn to predict the amount in column target from the other columns of the row, with linear(); returns the model';
COMMENT ON AGGREGATE @extschema@.train_regressor(record, text, jsonb) IS 'Learn to predict the amount in column target from the other columns of the row; options come from a builder such as linear() or boosting()';
COMMENT ON AGGREGATE @extschema@.train_regressor(record, text, jsonb, bytea) IS 'Learn to predict the amount in column target, starting from an earlier model';

CREATE FUNCTION @extschema@.train_classifier_from(query text, target text, options jsonb DEFAULT NULL, previous_model bytea DEFAULT NULL) RETURNS bytea
LANGUAGE c VOLATILE PARALLEL UNSAFE COST 100000 AS 'MODULE_PATHNAME', 'shopper_train_classifier_from';
COMMENT ON FUNCTION @extschema@.train_classifier_from(text, text, jsonb, bytea) IS 'train_classifier over the rows of a query: the same model, read twice as fast';
CREATE FUNCTION @extschema@.train_regressor_from(query text, target text, options jsonb DEFAULT NULL, previous_model bytea DEFAULT NULL) RETURNS bytea
LANGUAGE c VOLATILE PARALLEL UNSAFE COST 100000 AS 'MODULE_PATHNAME', 'shopper_train_regressor_from';
COMMENT ON FUNCTION @extschema@.train_regressor_from(text, text, jsonb, bytea) IS 'train_regressor over the rows of a query: the same model, read twice as fast';

CREATE FUNCTION @extschema@.predict_purchase(model bytea, features record) RETURNS float8
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 200 AS 'MODULE_PATHNAME', 'shopper_predict_purchase';
COMMENT ON FUNCTION @extschema@.predict_purchase(bytea, record) IS 'Probability of the positive class for a row; columns are matched by name, NULLs are fine';
CREATE FUNCTION @extschema@.predict_class(model bytea, features record) RETURNS text
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 200 AS 'MODULE_PATHNAME', 'shopper_predict_class';
COMMENT ON FUNCTION @extschema@.predict_class(bytea, record) IS 'The most probable class for a row';
CREATE FUNCTION @extschema@.predict_proba(model bytea, features record) RETURNS jsonb
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 300 AS 'MODULE_PATHNAME', 'shopper_predict_proba';
COMMENT ON FUNCTION @extschema@.predict_proba(bytea, record) IS 'The probability of each class for a row';
CREATE FUNCTION @extschema@.predict_value(model bytea, features record) RETURNS float8
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 200 AS 'MODULE_PATHNAME', 'shopper_predict_value';
COMMENT ON FUNCTION @extschema@.predict_value(bytea, record) IS 'The amount that a regressor expects for a row';

CREATE FUNCTION @extschema@.model_metrics(model bytea, query text, OUT dataset text, OUT metric text, OUT value float8) RETURNS SETOF record
LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE COST 100000 ROWS 10 AS 'MODULE_PATHNAME', 'shopper_model_metrics_of_query';
COMMENT ON FUNCTION @extschema@.model_metrics(bytea, text) IS 'How good a classifier or regressor is on the rows of a query, which must return its columns and the target';
CREATE FUNCTION @extschema@.feature_importance(model bytea, query text, OUT feature text, OUT method text, OUT importance float8) RETURNS SETOF record
LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE COST 100000 ROWS 30 AS 'MODULE_PATHNAME', 'shopper_feature_importance_of_query';
COMMENT ON FUNCTION @extschema@.feature_importance(bytea, text) IS 'How much worse a classifier or regressor gets on the rows of a query when a column is shuffled (in log loss, or root mean squared error)';

