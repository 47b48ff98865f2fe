-- Looking into any model.

CREATE FUNCTION @extschema@.model_info(model bytea) RETURNS jsonb
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 1000 AS 'MODULE_PATHNAME', 'shopper_model_info';
COMMENT ON FUNCTION @extschema@.model_info(bytea) IS 'What a model is: algorithm, columns and their training ranges, sizes, and its complete options';

CREATE FUNCTION @extschema@.model_metrics(model bytea, OUT dataset text, OUT metric text, OUT value float8) RETURNS SETOF record
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 1000 ROWS 10 AS 'MODULE_PATHNAME', 'shopper_model_metrics';
COMMENT ON FUNCTION @extschema@.model_metrics(bytea) IS 'How good a model was on its training and validation rows: one row per dataset (train, validation) and metric';

CREATE FUNCTION @extschema@.training_history(model bytea, OUT step int, OUT metric text, OUT value float8) RETURNS SETOF record
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 1000 ROWS 100 AS 'MODULE_PATHNAME', 'shopper_training_history';
COMMENT ON FUNCTION @extschema@.training_history(bytea) IS 'How training went: one row per step (iteration, epoch) and metric';

CREATE FUNCTION @extschema@.model_check(model bytea, OUT item text, OUT ok boolean, OUT message text) RETURNS SETOF record
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 1000 ROWS 3 AS 'MODULE_PATHNAME', 'shopper_model_check';
COMMENT ON FUNCTION @extschema@.model_check(bytea) IS 'Whether bytes are an intact model of a known version; never an error';

CREATE FUNCTION @extschema@.feature_importance(model bytea, OUT feature text, OUT method text, OUT importance float8) RETURNS SETOF record
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 1000 ROWS 30 AS 'MODULE_PATHNAME', 'shopper_feature_importance';
COMMENT ON FUNCTION @extschema@.feature_importance(bytea) IS 'How much worse the model gets when a column is shuffled (in log loss, or root mean squared error), measured on validation rows when there are some';

CREATE FUNCTION @extschema@.coefficients(model bytea, OUT class text, OUT feature text, OUT level text, OUT coefficient float8,
	OUT standardized float8, OUT std_error float8, OUT statistic float8, OUT p_value float8, OUT conf_low float8, OUT conf_high float8) RETURNS SETOF record
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 1000 ROWS 30 AS 'MODULE_PATHNAME', 'shopper_coefficients';
COMMENT ON FUNCTION @extschema@.coefficients(bytea) IS 'Coefficients of a logistic or linear model in the units of the columns; standard errors, z or t, p and 95 % confidence intervals for unpenalized fits; NULL where a column is a combination of others';

CREATE FUNCTION @extschema@.learner_options(OUT learner text, OUT option text, OUT type text, OUT default_value text,
	OUT min_value float8, OUT min_excluded boolean, OUT max_value float8, OUT choices text, OUT help text) RETURNS SETOF record
LANGUAGE c IMMUTABLE PARALLEL SAFE ROWS 100 AS 'MODULE_PATHNAME', 'shopper_learner_options';
COMMENT ON FUNCTION @extschema@.learner_options() IS 'The options of every learner, from the tables that the learners themselves use';

CREATE VIEW shopper.learner_options AS SELECT * FROM @extschema@.learner_options();
GRANT SELECT ON shopper.learner_options TO PUBLIC;
COMMENT ON VIEW shopper.learner_options IS 'One row per learner and option: type, default, limits, choices and help';
COMMENT ON COLUMN shopper.learner_options.learner IS 'Name of the learner and of its builder function';
COMMENT ON COLUMN shopper.learner_options.option IS 'Name of the option';
COMMENT ON COLUMN shopper.learner_options.type IS 'SQL type of its values';
COMMENT ON COLUMN shopper.learner_options.default_value IS 'Default as text; NULL: not set';
COMMENT ON COLUMN shopper.learner_options.min_value IS 'Least number, of arrays the least element; NULL: no limit';
COMMENT ON COLUMN shopper.learner_options.min_excluded IS 'Whether min_value itself is refused';
COMMENT ON COLUMN shopper.learner_options.max_value IS 'Greatest number; NULL: no limit';
COMMENT ON COLUMN shopper.learner_options.choices IS 'The words that are allowed, with commas between them; NULL: any';
COMMENT ON COLUMN shopper.learner_options.help IS 'What the option does';

CREATE FUNCTION @extschema@.model_id(model bytea) RETURNS text
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 10 AS 'MODULE_PATHNAME', 'shopper_model_id_sql';
COMMENT ON FUNCTION @extschema@.model_id(bytea) IS 'The content hash of a model, 16 hexadecimal digits: equal models have equal ids';
