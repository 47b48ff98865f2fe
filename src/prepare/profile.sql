-- A look at the columns of a table: profile_table, correlations.

CREATE FUNCTION @extschema@.profile_table(source text)
RETURNS TABLE("position" int, column_name text, type text, row_count bigint, null_count bigint, null_rate float8, invalid_count bigint, distinct_count bigint, distinct_is_exact boolean,
	min_value text, max_value text, mean float8, sd float8, skew float8, q05 float8, q25 float8, median float8, q75 float8, q95 float8, quantile_rank_error float8,
	top_values jsonb, is_constant boolean, is_identifier boolean, histogram text)
LANGUAGE c VOLATILE PARALLEL UNSAFE COST 1000000 ROWS 25 AS 'MODULE_PATHNAME', 'shopper_profile_table';
COMMENT ON FUNCTION @extschema@.profile_table(text) IS 'What each column of a table or query holds, from one scan: NULLs, NaN and infinity (invalid, left out of the rest), distinct values, least and greatest, mean, sample standard deviation, skewness, quantiles, the ten most frequent values, whether it is constant or looks like an identifier, and a picture of its distribution between the 1 % and 99 % quantiles. Quantiles, frequent and distinct values are exact up to a million known values of a column (fewer in very wide tables); beyond that quantile_rank_error tells how far the rank may be off, distinct_is_exact is false and distinct values are estimated';
CREATE FUNCTION @extschema@.profile_table(source regclass)
RETURNS TABLE("position" int, column_name text, type text, row_count bigint, null_count bigint, null_rate float8, invalid_count bigint, distinct_count bigint, distinct_is_exact boolean,
	min_value text, max_value text, mean float8, sd float8, skew float8, q05 float8, q25 float8, median float8, q75 float8, q95 float8, quantile_rank_error float8,
	top_values jsonb, is_constant boolean, is_identifier boolean, histogram text)
LANGUAGE c VOLATILE PARALLEL UNSAFE COST 1000000 ROWS 25 AS 'MODULE_PATHNAME', 'shopper_profile_table';
COMMENT ON FUNCTION @extschema@.profile_table(regclass) IS 'What each column of a table holds, as profile_table(text)';
CREATE FUNCTION @extschema@.correlations(source text, method text DEFAULT 'pearson')
RETURNS TABLE(feature_a text, feature_b text, correlation float8, row_count bigint, p_value float8)
LANGUAGE c VOLATILE PARALLEL UNSAFE COST 1000000 ROWS 100 AS 'MODULE_PATHNAME', 'shopper_correlations';
COMMENT ON FUNCTION @extschema@.correlations(text, text) IS 'The correlation of each pair of columns of numbers of a table or query, over the rows that know both (row_count), and how probable one as strong is by chance. method: pearson, as corr(), or spearman, of ranks';
