-- Window functions: gaps of series, missing values, values that stand out, sessions of click logs.

CREATE FUNCTION @extschema@.interpolate(value float8, ts "any", method text DEFAULT 'linear', ends text DEFAULT 'null', degree int DEFAULT 3, period interval DEFAULT NULL, max_gap interval DEFAULT NULL) RETURNS float8
LANGUAGE c WINDOW IMMUTABLE PARALLEL SAFE COST 10 AS 'MODULE_PATHNAME', 'shopper_sql_interpolate';
COMMENT ON FUNCTION @extschema@.interpolate(float8, "any", text, text, int, interval, interval) IS 'Window function: the value, or where it is NULL what the known values of the partition say of that time. method: step (last known value), linear, polynomial (through the degree + 1 known points around), spline (natural cubic), seasonal (linear, after a season of length period is taken out). ends: null, hold or extrapolate, before the first and after the last known value. A gap longer than max_gap stays. ts is a date, a timestamp or a number (then a day is 1)';
CREATE FUNCTION @extschema@.impute(value float8, method text DEFAULT 'median') RETURNS float8
LANGUAGE c WINDOW IMMUTABLE PARALLEL SAFE COST 10 AS 'MODULE_PATHNAME', 'shopper_sql_impute';
COMMENT ON FUNCTION @extschema@.impute(float8, text) IS 'Window function: the value, or where it is NULL the median, mean or mode of the partition';
CREATE FUNCTION @extschema@.impute(value text) RETURNS text
LANGUAGE c WINDOW IMMUTABLE PARALLEL SAFE COST 10 AS 'MODULE_PATHNAME', 'shopper_sql_impute_text';
COMMENT ON FUNCTION @extschema@.impute(text) IS 'Window function: the text, or where it is NULL the most frequent one of the partition (of several the first by bytes)';
CREATE FUNCTION @extschema@.zscore(value float8) RETURNS float8
LANGUAGE c WINDOW IMMUTABLE PARALLEL SAFE COST 10 AS 'MODULE_PATHNAME', 'shopper_sql_zscore';
COMMENT ON FUNCTION @extschema@.zscore(float8) IS 'Window function: (value - mean) / standard deviation of the partition';
CREATE FUNCTION @extschema@.robust_zscore(value float8) RETURNS float8
LANGUAGE c WINDOW IMMUTABLE PARALLEL SAFE COST 10 AS 'MODULE_PATHNAME', 'shopper_sql_robust_zscore';
COMMENT ON FUNCTION @extschema@.robust_zscore(float8) IS 'Window function: 0.6745 (value - median) / median absolute deviation of the partition; infinite when more than half of the values are equal and this one is not';
CREATE FUNCTION @extschema@.outlier_zscore(value float8, threshold float8 DEFAULT 3) RETURNS boolean
LANGUAGE c WINDOW IMMUTABLE PARALLEL SAFE COST 10 AS 'MODULE_PATHNAME', 'shopper_sql_outlier_zscore';
COMMENT ON FUNCTION @extschema@.outlier_zscore(float8, float8) IS 'Window function: whether the value is more than threshold standard deviations from the mean of the partition';
CREATE FUNCTION @extschema@.outlier_mad(value float8, threshold float8 DEFAULT 3.5) RETURNS boolean
LANGUAGE c WINDOW IMMUTABLE PARALLEL SAFE COST 10 AS 'MODULE_PATHNAME', 'shopper_sql_outlier_mad';
COMMENT ON FUNCTION @extschema@.outlier_mad(float8, float8) IS 'Window function: whether the robust_zscore of the value is beyond threshold; some outliers do not hide others';
CREATE FUNCTION @extschema@.outlier_iqr(value float8, fence float8 DEFAULT 1.5) RETURNS boolean
LANGUAGE c WINDOW IMMUTABLE PARALLEL SAFE COST 10 AS 'MODULE_PATHNAME', 'shopper_sql_outlier_iqr';
COMMENT ON FUNCTION @extschema@.outlier_iqr(float8, float8) IS 'Window function: whether the value is more than fence interquartile ranges below the first or above the third quartile of the partition';
CREATE FUNCTION @extschema@.winsorize(value float8, lower float8 DEFAULT 0.05, upper float8 DEFAULT 0.95) RETURNS float8
LANGUAGE c WINDOW IMMUTABLE PARALLEL SAFE COST 10 AS 'MODULE_PATHNAME', 'shopper_sql_winsorize';
COMMENT ON FUNCTION @extschema@.winsorize(float8, float8, float8) IS 'Window function: the value, drawn in to the quantiles lower and upper of the partition';
CREATE FUNCTION @extschema@.sessionize(ts "any", gap interval DEFAULT '30 minutes', min_lag interval DEFAULT NULL) RETURNS bigint
LANGUAGE c WINDOW IMMUTABLE PARALLEL SAFE COST 10 AS 'MODULE_PATHNAME', 'shopper_sql_sessionize';
COMMENT ON FUNCTION @extschema@.sessionize("any", interval, interval) IS 'Window function over one visitor''s events in the order of time: the number of the session, 1, 2, ...; one begins where nothing happened for longer than gap. NULL for events that follow the one before within less than min_lag: repeated clicks and robots';
