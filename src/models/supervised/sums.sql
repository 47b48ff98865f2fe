-- Training over plain columns: small mergeable states, so parallel plans and partial aggregates work.

CREATE FUNCTION @extschema@.shopper_sums_combine_states(bytea, bytea) RETURNS bytea
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'shopper_sums_combine_states';
COMMENT ON FUNCTION @extschema@.shopper_sums_combine_states(bytea, bytea) IS 'Combine function of train_linear, train_pca and train_naive_bayes';

CREATE FUNCTION @extschema@.shopper_linear_accum(bytea, float8, float8[]) RETURNS bytea
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'shopper_linear_accum';
CREATE FUNCTION @extschema@.shopper_linear_accum(bytea, float8, float8[], text[]) RETURNS bytea
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'shopper_linear_accum';
CREATE FUNCTION @extschema@.shopper_linear_accum(bytea, float8, float8[], text[], jsonb) RETURNS bytea
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'shopper_linear_accum';
COMMENT ON FUNCTION @extschema@.shopper_linear_accum(bytea, float8, float8[]) IS 'State function of train_linear';
COMMENT ON FUNCTION @extschema@.shopper_linear_accum(bytea, float8, float8[], text[]) IS 'State function of train_linear';
COMMENT ON FUNCTION @extschema@.shopper_linear_accum(bytea, float8, float8[], text[], jsonb) IS 'State function of train_linear';
CREATE FUNCTION @extschema@.shopper_linear_final(bytea) RETURNS bytea
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 10000 AS 'MODULE_PATHNAME', 'shopper_linear_final';
COMMENT ON FUNCTION @extschema@.shopper_linear_final(bytea) IS 'Final function of train_linear: makes the model from the statistics';

CREATE FUNCTION @extschema@.shopper_naive_bayes_accum(bytea, "any", float8[]) RETURNS bytea
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'shopper_naive_bayes_accum';
CREATE FUNCTION @extschema@.shopper_naive_bayes_accum(bytea, "any", float8[], text[]) RETURNS bytea
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'shopper_naive_bayes_accum';
CREATE FUNCTION @extschema@.shopper_naive_bayes_accum(bytea, "any", float8[], text[], jsonb) RETURNS bytea
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'shopper_naive_bayes_accum';
COMMENT ON FUNCTION @extschema@.shopper_naive_bayes_accum(bytea, "any", float8[]) IS 'State function of train_naive_bayes';
COMMENT ON FUNCTION @extschema@.shopper_naive_bayes_accum(bytea, "any", float8[], text[]) IS 'State function of train_naive_bayes';
COMMENT ON FUNCTION @extschema@.shopper_naive_bayes_accum(bytea, "any", float8[], text[], jsonb) IS 'State function of train_naive_bayes';
CREATE FUNCTION @extschema@.shopper_naive_bayes_final(bytea) RETURNS bytea
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 10000 AS 'MODULE_PATHNAME', 'shopper_naive_bayes_final';
COMMENT ON FUNCTION @extschema@.shopper_naive_bayes_final(bytea) IS 'Final function of train_naive_bayes: makes the model from the statistics';

CREATE AGGREGATE @extschema@.train_linear(y float8, x float8[])
	(SFUNC = @extschema@.shopper_linear_accum, STYPE = bytea, FINALFUNC = @extschema@.shopper_linear_final, COMBINEFUNC = @extschema@.shopper_sums_combine_states, PARALLEL = SAFE);
COMMENT ON AGGREGATE @extschema@.train_linear(float8, float8[]) IS 'Linear regression of y on the numbers x, from sums alone: parallel, and models of parts can be merged; the columns are called x1, x2, ...';
CREATE AGGREGATE @extschema@.train_linear(y float8, x float8[], feature_names text[])
	(SFUNC = @extschema@.shopper_linear_accum, STYPE = bytea, FINALFUNC = @extschema@.shopper_linear_final, COMBINEFUNC = @extschema@.shopper_sums_combine_states, PARALLEL = SAFE);
COMMENT ON AGGREGATE @extschema@.train_linear(float8, float8[], text[]) IS 'Linear regression of y on the numbers x, from sums alone: parallel, and models of parts can be merged; columns get the names given';
CREATE AGGREGATE @extschema@.train_linear(y float8, x float8[], feature_names text[], options jsonb)
	(SFUNC = @extschema@.shopper_linear_accum, STYPE = bytea, FINALFUNC = @extschema@.shopper_linear_final, COMBINEFUNC = @extschema@.shopper_sums_combine_states, PARALLEL = SAFE);
COMMENT ON AGGREGATE @extschema@.train_linear(float8, float8[], text[], jsonb) IS 'Linear regression of y on the numbers x, from sums alone: parallel, and models of parts can be merged; options come from linear(), with penalty none or ridge';
CREATE AGGREGATE @extschema@.train_naive_bayes(target "any", features float8[])
	(SFUNC = @extschema@.shopper_naive_bayes_accum, STYPE = bytea, FINALFUNC = @extschema@.shopper_naive_bayes_final, COMBINEFUNC = @extschema@.shopper_sums_combine_states, PARALLEL = SAFE);
COMMENT ON AGGREGATE @extschema@.train_naive_bayes("any", float8[]) IS 'Naive Bayes for the class target from an array of numbers, from sums alone: parallel, and models of parts can be merged; the columns are called x1, x2, ...';
CREATE AGGREGATE @extschema@.train_naive_bayes(target "any", features float8[], feature_names text[])
	(SFUNC = @extschema@.shopper_naive_bayes_accum, STYPE = bytea, FINALFUNC = @extschema@.shopper_naive_bayes_final, COMBINEFUNC = @extschema@.shopper_sums_combine_states, PARALLEL = SAFE);
COMMENT ON AGGREGATE @extschema@.train_naive_bayes("any", float8[], text[]) IS 'Naive Bayes for the class target from an array of numbers, from sums alone: parallel, and models of parts can be merged; columns get the names given';
CREATE AGGREGATE @extschema@.train_naive_bayes(target "any", features float8[], feature_names text[], options jsonb)
	(SFUNC = @extschema@.shopper_naive_bayes_accum, STYPE = bytea, FINALFUNC = @extschema@.shopper_naive_bayes_final, COMBINEFUNC = @extschema@.shopper_sums_combine_states, PARALLEL = SAFE);
COMMENT ON AGGREGATE @extschema@.train_naive_bayes("any", float8[], text[], jsonb) IS 'Naive Bayes for the class target from an array of numbers, from sums alone: parallel, and models of parts can be merged; options come from bayes()';

CREATE FUNCTION @extschema@.shopper_pca_accum(bytea, float8[]) RETURNS bytea
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'shopper_pca_accum';
CREATE FUNCTION @extschema@.shopper_pca_accum(bytea, float8[], text[]) RETURNS bytea
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'shopper_pca_accum';
CREATE FUNCTION @extschema@.shopper_pca_accum(bytea, float8[], text[], jsonb) RETURNS bytea
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'shopper_pca_accum';
COMMENT ON FUNCTION @extschema@.shopper_pca_accum(bytea, float8[]) IS 'State function of train_pca';
COMMENT ON FUNCTION @extschema@.shopper_pca_accum(bytea, float8[], text[]) IS 'State function of train_pca';
COMMENT ON FUNCTION @extschema@.shopper_pca_accum(bytea, float8[], text[], jsonb) IS 'State function of train_pca';
CREATE FUNCTION @extschema@.shopper_pca_final(bytea) RETURNS bytea
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 10000 AS 'MODULE_PATHNAME', 'shopper_pca_final';
COMMENT ON FUNCTION @extschema@.shopper_pca_final(bytea) IS 'Final function of train_pca: makes the model from the statistics';
CREATE AGGREGATE @extschema@.train_pca(x float8[])
	(SFUNC = @extschema@.shopper_pca_accum, STYPE = bytea, FINALFUNC = @extschema@.shopper_pca_final, COMBINEFUNC = @extschema@.shopper_sums_combine_states, PARALLEL = SAFE);
CREATE AGGREGATE @extschema@.train_pca(x float8[], feature_names text[])
	(SFUNC = @extschema@.shopper_pca_accum, STYPE = bytea, FINALFUNC = @extschema@.shopper_pca_final, COMBINEFUNC = @extschema@.shopper_sums_combine_states, PARALLEL = SAFE);
CREATE AGGREGATE @extschema@.train_pca(x float8[], feature_names text[], options jsonb)
	(SFUNC = @extschema@.shopper_pca_accum, STYPE = bytea, FINALFUNC = @extschema@.shopper_pca_final, COMBINEFUNC = @extschema@.shopper_sums_combine_states, PARALLEL = SAFE);
COMMENT ON AGGREGATE @extschema@.train_pca(float8[]) IS 'Principal components of the numbers x from sums alone: parallel, without memory for rows; rows with a NULL are left out; the columns are called x1, x2, ...';
COMMENT ON AGGREGATE @extschema@.train_pca(float8[], text[]) IS 'Principal components of the numbers x from sums alone; columns get the names given';
COMMENT ON AGGREGATE @extschema@.train_pca(float8[], text[], jsonb) IS 'Principal components of the numbers x from sums alone; options come from pca(), with scale standard or none';

CREATE FUNCTION @extschema@.predict_purchase_array(model bytea, features float8[]) RETURNS float8
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 100 AS 'MODULE_PATHNAME', 'shopper_predict_purchase_array';
COMMENT ON FUNCTION @extschema@.predict_purchase_array(bytea, float8[]) IS 'Probability of the positive class for an array of numbers, in the order of the model''s columns; NULL elements are missing values';
CREATE FUNCTION @extschema@.predict_class_array(model bytea, features float8[]) RETURNS text
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 100 AS 'MODULE_PATHNAME', 'shopper_predict_class_array';
COMMENT ON FUNCTION @extschema@.predict_class_array(bytea, float8[]) IS 'The most probable class for an array of numbers, in the order of the model''s columns';
CREATE FUNCTION @extschema@.predict_value_array(model bytea, features float8[]) RETURNS float8
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 100 AS 'MODULE_PATHNAME', 'shopper_predict_value_array';
COMMENT ON FUNCTION @extschema@.predict_value_array(bytea, float8[]) IS 'The amount that a regressor expects for an array of numbers, in the order of the model''s columns';
