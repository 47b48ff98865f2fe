-- One model from several.

CREATE FUNCTION @extschema@.merge_models(model bytea, other bytea) RETURNS bytea
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 10000 AS 'MODULE_PATHNAME', 'shopper_merge_models';
COMMENT ON FUNCTION @extschema@.merge_models(bytea, bytea) IS 'Two models of the same algorithm, target and columns become one: exact for bayes and for train_linear, the mean of the weights for mlp';
CREATE AGGREGATE @extschema@.merge_models(model bytea)
	(SFUNC = @extschema@.merge_models, STYPE = bytea, COMBINEFUNC = @extschema@.merge_models, PARALLEL = SAFE);
COMMENT ON AGGREGATE @extschema@.merge_models(bytea) IS 'Models of the same algorithm, target and columns, as of regions or days, become one';
