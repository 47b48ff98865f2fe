-- Association rules: train_rules.

CREATE FUNCTION @extschema@.shopper_rules_accum(internal, "any", "any") RETURNS internal
LANGUAGE c PARALLEL SAFE AS 'MODULE_PATHNAME', 'shopper_rules_accum';
CREATE FUNCTION @extschema@.shopper_rules_accum(internal, "any", "any", jsonb) RETURNS internal
LANGUAGE c PARALLEL SAFE AS 'MODULE_PATHNAME', 'shopper_rules_accum';
COMMENT ON FUNCTION @extschema@.shopper_rules_accum(internal, "any", "any") IS 'State function of train_rules';
COMMENT ON FUNCTION @extschema@.shopper_rules_accum(internal, "any", "any", jsonb) IS 'State function of train_rules';
CREATE AGGREGATE @extschema@.train_rules(basket "any", item "any")
	(SFUNC = @extschema@.shopper_rules_accum, STYPE = internal, SSPACE = 1048576, FINALFUNC = @extschema@.shopper_pairs_final, FINALFUNC_MODIFY = READ_WRITE, PARALLEL = RESTRICTED);
CREATE AGGREGATE @extschema@.train_rules(basket "any", item "any", options jsonb)
	(SFUNC = @extschema@.shopper_rules_accum, STYPE = internal, SSPACE = 1048576, FINALFUNC = @extschema@.shopper_pairs_final, FINALFUNC_MODIFY = READ_WRITE, PARALLEL = RESTRICTED);
COMMENT ON AGGREGATE @extschema@.train_rules("any", "any") IS 'Find the sets of items that many baskets hold; returns a model for assoc_rules, frequent_itemsets and assoc_recommend';
COMMENT ON AGGREGATE @extschema@.train_rules("any", "any", jsonb) IS 'Find the sets of items that many baskets hold; options come from itemsets()';

CREATE FUNCTION @extschema@.train_rules_from(query text, options jsonb DEFAULT NULL) RETURNS bytea
LANGUAGE c VOLATILE PARALLEL UNSAFE COST 100000 AS 'MODULE_PATHNAME', 'shopper_train_rules_from';
COMMENT ON FUNCTION @extschema@.train_rules_from(text, jsonb) IS 'train_rules over the rows of a query that returns basket and item';

-- Asking a model of rules. NULL model: no rows; a limit of 0 or NULL: none. Sets come in
-- the order of their ids (numbers by value, texts by bytes).
--
-- assoc_rules: the best rules first by order_by, then by lift, confidence and count, then
-- the shorter ones. antecedent_contains: arrays of ids that must all be on the left;
-- consequent_contains: of which one must be on the right. conviction is Infinity for rules
-- that always hold, and NULL when every basket holds the consequent; chi_square and p_value
-- (of independence, one degree of freedom) are NULL when a side is in every basket.
CREATE FUNCTION @extschema@.assoc_rules(model bytea, min_confidence float8 DEFAULT 0, min_lift float8 DEFAULT 0, min_support float8 DEFAULT 0,
	min_count bigint DEFAULT 0, min_length int DEFAULT 0, max_length int DEFAULT 0, max_antecedent int DEFAULT 0, max_consequent int DEFAULT 1,
	antecedent_contains "any" DEFAULT NULL, consequent_contains "any" DEFAULT NULL, max_confidence float8 DEFAULT 0,
	max_rules int DEFAULT 0, order_by text DEFAULT 'lift')
RETURNS TABLE(antecedent text[], consequent text[], basket_count bigint, antecedent_count bigint, consequent_count bigint, support float8,
	confidence float8, lift float8, leverage float8, conviction float8, chi_square float8, p_value float8)
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 100000 ROWS 1000 AS 'MODULE_PATHNAME', 'shopper_assoc_rules';
COMMENT ON FUNCTION @extschema@.assoc_rules(bytea, float8, float8, float8, bigint, int, int, int, int, "any", "any", float8, int, text) IS 'Rules "who buys antecedent also buys consequent", best first: counts of baskets, support, confidence, lift, leverage, conviction (Infinity: always holds; NULL: every basket has the consequent), chi-square test of independence';

CREATE FUNCTION @extschema@.assoc_rules(model bytea, item_type anyelement, min_confidence float8 DEFAULT 0, min_lift float8 DEFAULT 0, min_support float8 DEFAULT 0,
	min_count bigint DEFAULT 0, min_length int DEFAULT 0, max_length int DEFAULT 0, max_antecedent int DEFAULT 0, max_consequent int DEFAULT 1,
	antecedent_contains "any" DEFAULT NULL, consequent_contains "any" DEFAULT NULL, max_confidence float8 DEFAULT 0,
	max_rules int DEFAULT 0, order_by text DEFAULT 'lift')
RETURNS TABLE(antecedent anyarray, consequent anyarray, basket_count bigint, antecedent_count bigint, consequent_count bigint, support float8,
	confidence float8, lift float8, leverage float8, conviction float8, chi_square float8, p_value float8)
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 100000 ROWS 1000 AS 'MODULE_PATHNAME', 'shopper_assoc_rules_as';
COMMENT ON FUNCTION @extschema@.assoc_rules(bytea, anyelement, float8, float8, float8, bigint, int, int, int, int, "any", "any", float8, int, text) IS 'Rules with items of the type of item_type, as in item_type => null::bigint';

CREATE FUNCTION @extschema@.frequent_itemsets(model bytea, min_support float8 DEFAULT 0, min_count bigint DEFAULT 0, min_length int DEFAULT 0,
	max_length int DEFAULT 0, item_contains "any" DEFAULT NULL, max_sets int DEFAULT 0)
RETURNS TABLE(items text[], length int, basket_count bigint, support float8)
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 100000 ROWS 1000 AS 'MODULE_PATHNAME', 'shopper_frequent_itemsets';
COMMENT ON FUNCTION @extschema@.frequent_itemsets(bytea, float8, bigint, int, int, "any", int) IS 'Sets of items that many baskets hold, the most frequent first, then the shorter ones; item_contains: an array of ids that must all be in the set';

CREATE FUNCTION @extschema@.frequent_itemsets(model bytea, item_type anyelement, min_support float8 DEFAULT 0, min_count bigint DEFAULT 0, min_length int DEFAULT 0,
	max_length int DEFAULT 0, item_contains "any" DEFAULT NULL, max_sets int DEFAULT 0)
RETURNS TABLE(items anyarray, length int, basket_count bigint, support float8)
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 100000 ROWS 1000 AS 'MODULE_PATHNAME', 'shopper_frequent_itemsets_as';
COMMENT ON FUNCTION @extschema@.frequent_itemsets(bytea, anyelement, float8, bigint, int, int, "any", int) IS 'Frequent sets with items of the type of item_type, as in item_type => null::bigint';

-- assoc_recommend: what rules suggest for a basket, by the confidence of the best rule whose
-- antecedent lies in it, then the most popular other items. items and the lists may hold
-- unknown ids and NULLs, which do nothing; n NULL: no limit.
CREATE FUNCTION @extschema@.assoc_recommend(model bytea, items bigint[], n int DEFAULT 10, min_confidence float8 DEFAULT 0, min_lift float8 DEFAULT 0,
	rules_only boolean DEFAULT false, only_items "any" DEFAULT NULL, not_items "any" DEFAULT NULL)
RETURNS TABLE(item bigint, score float8, lift float8, rank int, source text, because text[])
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 10000 ROWS 10 AS 'MODULE_PATHNAME', 'shopper_assoc_recommend';
COMMENT ON FUNCTION @extschema@.assoc_recommend(bytea, bigint[], int, float8, float8, boolean, "any", "any") IS 'The n best items to add to a basket, for integer ids: score is the confidence of the rule, or the share of baskets for popular items; source is rule or popular; because is the antecedent that spoke';

CREATE FUNCTION @extschema@.assoc_recommend(model bytea, items text[], n int DEFAULT 10, min_confidence float8 DEFAULT 0, min_lift float8 DEFAULT 0,
	rules_only boolean DEFAULT false, only_items "any" DEFAULT NULL, not_items "any" DEFAULT NULL)
RETURNS TABLE(item text, score float8, lift float8, rank int, source text, because text[])
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 10000 ROWS 10 AS 'MODULE_PATHNAME', 'shopper_assoc_recommend';
COMMENT ON FUNCTION @extschema@.assoc_recommend(bytea, text[], int, float8, float8, boolean, "any", "any") IS 'The n best items to add to a basket, ids in text form, of any model: score is the confidence of the rule, or the share of baskets for popular items; source is rule or popular; because is the antecedent that spoke';

CREATE FUNCTION @extschema@.assoc_recommend(model bytea, items uuid[], n int DEFAULT 10, min_confidence float8 DEFAULT 0, min_lift float8 DEFAULT 0,
	rules_only boolean DEFAULT false, only_items "any" DEFAULT NULL, not_items "any" DEFAULT NULL)
RETURNS TABLE(item uuid, score float8, lift float8, rank int, source text, because text[])
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 10000 ROWS 10 AS 'MODULE_PATHNAME', 'shopper_assoc_recommend';
COMMENT ON FUNCTION @extschema@.assoc_recommend(bytea, uuid[], int, float8, float8, boolean, "any", "any") IS 'The n best items to add to a basket, for uuid ids: score is the confidence of the rule, or the share of baskets for popular items; source is rule or popular; because is the antecedent that spoke';

CREATE FUNCTION @extschema@.assoc_recommend(model bytea, items text, n int DEFAULT 10, min_confidence float8 DEFAULT 0, min_lift float8 DEFAULT 0,
	rules_only boolean DEFAULT false, only_items "any" DEFAULT NULL, not_items "any" DEFAULT NULL)
RETURNS TABLE(item text, score float8, lift float8, rank int, source text, because text[])
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 10000 ROWS 10 AS 'MODULE_PATHNAME', 'shopper_assoc_recommend';
COMMENT ON FUNCTION @extschema@.assoc_recommend(bytea, text, int, float8, float8, boolean, "any", "any") IS 'The n best items to add to a basket, the basket as an array literal like {1,2}: score is the confidence of the rule, or the share of baskets for popular items; source is rule or popular; because is the antecedent that spoke';

CREATE FUNCTION @extschema@.assoc_recommend(model bytea, items "any", item_type anyelement, n int DEFAULT 10, min_confidence float8 DEFAULT 0, min_lift float8 DEFAULT 0,
	rules_only boolean DEFAULT false, only_items "any" DEFAULT NULL, not_items "any" DEFAULT NULL)
RETURNS TABLE(item anyelement, score float8, lift float8, rank int, source text, because text[])
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 10000 ROWS 10 AS 'MODULE_PATHNAME', 'shopper_assoc_recommend_as';
COMMENT ON FUNCTION @extschema@.assoc_recommend(bytea, "any", anyelement, int, float8, float8, boolean, "any", "any") IS 'The n best items to add to a basket, items of the type of item_type, as in item_type => null::int: score is the confidence of the rule, or the share of baskets for popular items; source is rule or popular; because is the antecedent that spoke';
