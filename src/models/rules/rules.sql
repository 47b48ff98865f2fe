-- Association rules: train_rules.

CREATE FUNCTION @extschema@.shopper_rules_accum(internal, "any", "any") RETURNS internal
LANGUAGE c PARALLEL SAFE AS 'MODULE_PATHNAME', 'shopper_rules_accum';
CREATE FUNCTION @extschema@.shopper_rules_accum(internal, "any", "any", jsonb) RETURNS internal
LANGUAGE c PARALLEL SAFE AS 'MODULE_PATHNAME', 'shopper_rules_accum';
COMMENT ON FUNCTION @extschema@.shopper_rules_accum(internal, "any", "any") IS 'State function of train_rules';
COMMENT ON FUNCTION @extschema@.shopper_rules_accum(internal, "any", "any", jsonb) IS 'State function of train_rules';
CREATE AGGREGATE @extschema@.train_rules(basket "any", item "any")
	(SFUNC = @extschema@.shopper_rules_accum, STYPE = internal, SSPACE = 1048576, FINALFUNC = @extschema@.shopper_pairs_final, FINALFUNC_MODIFY = READ_WRITE);
CREATE AGGREGATE @extschema@.train_rules(basket "any", item "any", options jsonb)
	(SFUNC = @extschema@.shopper_rules_accum, STYPE = internal, SSPACE = 1048576, FINALFUNC = @extschema@.shopper_pairs_final, FINALFUNC_MODIFY = READ_WRITE);
COMMENT ON AGGREGATE @extschema@.train_rules("any", "any") IS 'Find the sets of items that many baskets hold; returns a model for assoc_rules, frequent_itemsets and assoc_recommend';
COMMENT ON AGGREGATE @extschema@.train_rules("any", "any", jsonb) IS 'Find the sets of items that many baskets hold; options come from itemsets()';

CREATE FUNCTION @extschema@.train_rules_from(query text, options jsonb DEFAULT NULL) RETURNS bytea
LANGUAGE c VOLATILE PARALLEL UNSAFE COST 100000 AS 'MODULE_PATHNAME', 'shopper_train_rules_from';
COMMENT ON FUNCTION @extschema@.train_rules_from(text, jsonb) IS 'train_rules over the rows of a query that returns basket and item';

