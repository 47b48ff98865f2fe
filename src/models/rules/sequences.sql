
-- Sequential rules: train_sequence_rules.

CREATE FUNCTION @extschema@.shopper_sequences_accum(internal, "any", "any", timestamptz) RETURNS internal
LANGUAGE c PARALLEL SAFE AS 'MODULE_PATHNAME', 'shopper_sequences_accum';
CREATE FUNCTION @extschema@.shopper_sequences_accum(internal, "any", "any", timestamptz, jsonb) RETURNS internal
LANGUAGE c PARALLEL SAFE AS 'MODULE_PATHNAME', 'shopper_sequences_accum';
COMMENT ON FUNCTION @extschema@.shopper_sequences_accum(internal, "any", "any", timestamptz) IS 'State function of train_sequence_rules';
COMMENT ON FUNCTION @extschema@.shopper_sequences_accum(internal, "any", "any", timestamptz, jsonb) IS 'State function of train_sequence_rules';
CREATE AGGREGATE @extschema@.train_sequence_rules(customer "any", item "any", at timestamptz)
	(SFUNC = @extschema@.shopper_sequences_accum, STYPE = internal, SSPACE = 1048576, FINALFUNC = @extschema@.shopper_pairs_final, FINALFUNC_MODIFY = READ_WRITE, PARALLEL = RESTRICTED);
CREATE AGGREGATE @extschema@.train_sequence_rules(customer "any", item "any", at timestamptz, options jsonb)
	(SFUNC = @extschema@.shopper_sequences_accum, STYPE = internal, SSPACE = 1048576, FINALFUNC = @extschema@.shopper_pairs_final, FINALFUNC_MODIFY = READ_WRITE, PARALLEL = RESTRICTED);
COMMENT ON AGGREGATE @extschema@.train_sequence_rules("any", "any", timestamptz) IS 'Find what customers buy after what; returns a model for sequence_rules';
COMMENT ON AGGREGATE @extschema@.train_sequence_rules("any", "any", timestamptz, jsonb) IS 'Find what customers buy after what; options come from sequences()';

CREATE FUNCTION @extschema@.train_sequence_rules_from(query text, options jsonb DEFAULT NULL) RETURNS bytea
LANGUAGE c VOLATILE PARALLEL UNSAFE COST 100000 AS 'MODULE_PATHNAME', 'shopper_train_sequence_rules_from';
COMMENT ON FUNCTION @extschema@.train_sequence_rules_from(text, jsonb) IS 'train_sequence_rules over the rows of a query that returns customer, item and time';

-- sequence_rules: best lift first. A customer counts for a rule when the consequent comes after the
-- antecedent, at least min_gap and at most max_gap days later, for any of the times; mean_days and
-- median_days are over these customers, of each the shortest time. support: customer_count over all
-- customers; lift: confidence over the share of customers who ever bought the consequent. p_value: Fisher's
-- exact test, one-sided, of at least so many customers with both, in any order: at least the p value of the order, so on the safe side; NULL
-- when the consequent is in the antecedent: bought again.
CREATE FUNCTION @extschema@.sequence_rules(model bytea, min_confidence float8 DEFAULT 0, min_lift float8 DEFAULT 0, min_support float8 DEFAULT 0,
	min_count bigint DEFAULT 0, antecedent_contains "any" DEFAULT NULL, consequent_contains "any" DEFAULT NULL, max_p float8 DEFAULT NULL,
	max_rules int DEFAULT 0)
RETURNS TABLE(antecedent text[], consequent text, customer_count bigint, antecedent_count bigint, consequent_count bigint, support float8,
	confidence float8, lift float8, mean_days float8, median_days float8, p_value float8)
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 100000 ROWS 1000 AS 'MODULE_PATHNAME', 'shopper_sequence_rules';
COMMENT ON FUNCTION @extschema@.sequence_rules(bytea, float8, float8, float8, bigint, "any", "any", float8, int) IS 'Rules "who buys antecedent buys consequent later", best lift first: counts of customers, support, confidence, lift, days between (of each customer the shortest time), Fisher''s exact test (one-sided; NULL when an item is bought again); max_p cuts there';
