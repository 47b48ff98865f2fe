-- Decisions and reasons: intervals, class sets, cut-offs by profit, explanations.

CREATE FUNCTION @extschema@.predict_interval(model bytea, features record, level float8 DEFAULT 0.9, OUT low float8, OUT value float8, OUT high float8) RETURNS record
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 200 AS 'MODULE_PATHNAME', 'shopper_predict_interval';
COMMENT ON FUNCTION @extschema@.predict_interval(bytea, record, float8) IS 'The amount expected for a row, and an interval that holds the true one with probability level: by how far predictions for held-out rows strayed to either side (split conformal; the model must have been trained with held-out rows)';
CREATE FUNCTION @extschema@.predict_set(model bytea, features record, level float8 DEFAULT 0.9) RETURNS text[]
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 200 AS 'MODULE_PATHNAME', 'shopper_predict_set';
COMMENT ON FUNCTION @extschema@.predict_set(bytea, record, float8) IS 'The classes that a row may have: the true one is among them with probability level (split conformal: the model must have been trained with held-out rows)';

CREATE TYPE @extschema@.profit_point AS (threshold float8, row_count float8, positive_count float8, profit float8);
COMMENT ON TYPE @extschema@.profit_point IS 'A point of a profit curve: saying yes from threshold on reaches row_count rows (their weight), positive_count of them rightly; NULL threshold: to nobody';
CREATE FUNCTION @extschema@.profit_curve(model bytea, gain float8, cost float8, OUT threshold float8, OUT row_count float8, OUT positive_count float8, OUT profit float8) RETURNS SETOF record
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 1000 ROWS 500 AS 'MODULE_PATHNAME', 'shopper_profit_curve_of_model';
COMMENT ON FUNCTION @extschema@.profit_curve(bytea, float8, float8) IS 'Profit on the rows held out in training when all from a probability on are approached: gain for each true yes, minus cost for each false one';
CREATE FUNCTION @extschema@.best_cutoff(model bytea, gain float8, cost float8) RETURNS float8
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 1000 AS 'MODULE_PATHNAME', 'shopper_best_cutoff_of_model';
COMMENT ON FUNCTION @extschema@.best_cutoff(bytea, float8, float8) IS 'The probability from which on saying yes earns most on the rows held out in training; NULL: nobody is worth it';
CREATE FUNCTION @extschema@.set_cutoff(model bytea, cutoff float8) RETURNS bytea
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 100000 AS 'MODULE_PATHNAME', 'shopper_set_cutoff';
COMMENT ON FUNCTION @extschema@.set_cutoff(bytea, float8) IS 'The model with another cut-off: predict_class says the positive class from this probability on';

CREATE FUNCTION @extschema@.shopper_profit_accum(internal, "any", float8, float8, float8) RETURNS internal
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'shopper_profit_accum';
COMMENT ON FUNCTION @extschema@.shopper_profit_accum(internal, "any", float8, float8, float8) IS 'State function of profit_curve and best_cutoff';
CREATE FUNCTION @extschema@.shopper_profit_curve_final(internal) RETURNS @extschema@.profit_point[]
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'shopper_profit_curve_final';
COMMENT ON FUNCTION @extschema@.shopper_profit_curve_final(internal) IS 'Final function of profit_curve';
CREATE FUNCTION @extschema@.shopper_best_cutoff_final(internal) RETURNS float8
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'shopper_best_cutoff_final';
COMMENT ON FUNCTION @extschema@.shopper_best_cutoff_final(internal) IS 'Final function of best_cutoff';
CREATE AGGREGATE @extschema@.profit_curve(label "any", score float8, gain float8, cost float8)
	(SFUNC = @extschema@.shopper_profit_accum, STYPE = internal, FINALFUNC = @extschema@.shopper_profit_curve_final, COMBINEFUNC = @extschema@.shopper_points_combine, SERIALFUNC = @extschema@.shopper_points_serial, DESERIALFUNC = @extschema@.shopper_points_deserial, PARALLEL = SAFE);
COMMENT ON AGGREGATE @extschema@.profit_curve("any", float8, float8, float8) IS 'Profit when all rows from a score on are approached, as an array of at most 1001 points: gain for each true yes, minus cost for each false one';
CREATE AGGREGATE @extschema@.best_cutoff(label "any", score float8, gain float8, cost float8)
	(SFUNC = @extschema@.shopper_profit_accum, STYPE = internal, FINALFUNC = @extschema@.shopper_best_cutoff_final, COMBINEFUNC = @extschema@.shopper_points_combine, SERIALFUNC = @extschema@.shopper_points_serial, DESERIALFUNC = @extschema@.shopper_points_deserial, PARALLEL = SAFE);
COMMENT ON AGGREGATE @extschema@.best_cutoff("any", float8, float8, float8) IS 'The score from which on saying yes earns most: gain for each true yes, minus cost for each false one; NULL: nobody is worth it';

CREATE FUNCTION @extschema@.explain_prediction(model bytea, features record, class text DEFAULT NULL, OUT feature text, OUT value text, OUT contribution float8) RETURNS SETOF record
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 10000 ROWS 25 AS 'MODULE_PATHNAME', 'shopper_explain_prediction';
COMMENT ON FUNCTION @extschema@.explain_prediction(bytea, record, text) IS 'Why: the contribution of each column to the raw score of a class (the positive one by default) or amount, the largest first after the base; they sum to the raw score: log-odds, amount or, for tree and forest, probability';
CREATE FUNCTION @extschema@.top_reasons(model bytea, features record, n int DEFAULT 3) RETURNS text
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 5000 AS 'MODULE_PATHNAME', 'shopper_top_reasons';
COMMENT ON FUNCTION @extschema@.top_reasons(bytea, record, int) IS 'The n largest contributions of explain_prediction or explain_anomaly as a text, such as "cart_adds = 3 (+0.84); channel = email (+0.41)"';
CREATE FUNCTION @extschema@.prediction_receipt(model bytea, features record, class text DEFAULT NULL) RETURNS jsonb
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 10000 AS 'MODULE_PATHNAME', 'shopper_prediction_receipt';
COMMENT ON FUNCTION @extschema@.prediction_receipt(bytea, record, text) IS 'One prediction on record: score, model id, five top reasons, columns with unseen levels, imputed columns, and how far numbers lie outside the training range (in ranges)';
CREATE FUNCTION @extschema@.partial_dependence(model bytea, feature text, query text, points int DEFAULT 20, OUT value text, OUT x float8, OUT class text, OUT prediction float8) RETURNS SETOF record
LANGUAGE c VOLATILE PARALLEL UNSAFE COST 100000 ROWS 20 AS 'MODULE_PATHNAME', 'shopper_partial_dependence_of_query';
COMMENT ON FUNCTION @extschema@.partial_dependence(bytea, text, text, int) IS 'The mean prediction over the rows of a query when one column takes the same value in all: each level of a category, or quantiles of a number';
