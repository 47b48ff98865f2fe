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

CREATE FUNCTION @extschema@.train_rules_from(query text, options jsonb DEFAULT NULL, hierarchy text DEFAULT NULL) RETURNS bytea
LANGUAGE c VOLATILE PARALLEL UNSAFE COST 100000 AS 'MODULE_PATHNAME', 'shopper_train_rules_from';
COMMENT ON FUNCTION @extschema@.train_rules_from(text, jsonb, text) IS 'train_rules over the rows of a query that returns basket and item. hierarchy: a query that returns item and kind, or kind and kind; then sets and rules also speak of kinds, and no set holds an item beside a kind that it belongs to';

-- Asking a model of rules. NULL model: no rows; a limit of 0 or NULL: none. Sets come in
-- the order of their ids (numbers by value, texts by bytes).
--
-- assoc_rules: the best rules first by order_by, then by lift, confidence and count, then
-- the shorter ones. antecedent_contains: arrays of ids that must all be on the left;
-- consequent_contains: of which one must be on the right. conviction is Infinity for rules
-- that always hold, and NULL when every basket holds the consequent; chi_square and p_value
-- (of independence, one degree of freedom) are NULL when a side is in every basket.
-- fisher_p_value: Fisher's exact test, one-sided. q_value: the share of false discoveries
-- among the rules with at most this p value (Benjamini and Hochberg), over all rules that
-- the call has with its thresholds on support, confidence, lift, length and items, before
-- max_q, no_redundant and max_rules. no_redundant: a rule goes when the model has one with the same
-- consequent, a proper part of the antecedent (at least one item) and at least the same
-- confidence, within the thresholds or not.
CREATE FUNCTION @extschema@.assoc_rules(model bytea, min_confidence float8 DEFAULT 0, min_lift float8 DEFAULT 0, min_support float8 DEFAULT 0,
	min_count bigint DEFAULT 0, min_length int DEFAULT 0, max_length int DEFAULT 0, max_antecedent int DEFAULT 0, max_consequent int DEFAULT 1,
	antecedent_contains "any" DEFAULT NULL, consequent_contains "any" DEFAULT NULL, max_confidence float8 DEFAULT 0,
	max_rules int DEFAULT 0, order_by text DEFAULT 'lift', max_q float8 DEFAULT NULL, no_redundant boolean DEFAULT false)
RETURNS TABLE(antecedent text[], consequent text[], basket_count bigint, antecedent_count bigint, consequent_count bigint, support float8,
	confidence float8, lift float8, leverage float8, conviction float8, chi_square float8, p_value float8, fisher_p_value float8, q_value float8)
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 100000 ROWS 1000 AS 'MODULE_PATHNAME', 'shopper_assoc_rules';
COMMENT ON FUNCTION @extschema@.assoc_rules(bytea, float8, float8, float8, bigint, int, int, int, int, "any", "any", float8, int, text, float8, boolean) IS 'Rules "who buys antecedent also buys consequent", best first: counts of baskets, support, confidence, lift, leverage, conviction (Infinity: always holds; NULL: every basket has the consequent), chi-square test of independence, Fisher''s exact test (one-sided: together more often than by chance) and its false discovery rate over all rules within the thresholds; max_q cuts there; no_redundant leaves out a rule when a part of its antecedent gives at least its confidence';

CREATE FUNCTION @extschema@.assoc_rules(model bytea, item_type anyelement, min_confidence float8 DEFAULT 0, min_lift float8 DEFAULT 0, min_support float8 DEFAULT 0,
	min_count bigint DEFAULT 0, min_length int DEFAULT 0, max_length int DEFAULT 0, max_antecedent int DEFAULT 0, max_consequent int DEFAULT 1,
	antecedent_contains "any" DEFAULT NULL, consequent_contains "any" DEFAULT NULL, max_confidence float8 DEFAULT 0,
	max_rules int DEFAULT 0, order_by text DEFAULT 'lift', max_q float8 DEFAULT NULL, no_redundant boolean DEFAULT false)
RETURNS TABLE(antecedent anyarray, consequent anyarray, basket_count bigint, antecedent_count bigint, consequent_count bigint, support float8,
	confidence float8, lift float8, leverage float8, conviction float8, chi_square float8, p_value float8, fisher_p_value float8, q_value float8)
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 100000 ROWS 1000 AS 'MODULE_PATHNAME', 'shopper_assoc_rules_as';
COMMENT ON FUNCTION @extschema@.assoc_rules(bytea, anyelement, float8, float8, float8, bigint, int, int, int, int, "any", "any", float8, int, text, float8, boolean) IS 'Rules with items of the type of item_type, as in item_type => null::bigint';

CREATE FUNCTION @extschema@.frequent_itemsets(model bytea, min_support float8 DEFAULT 0, min_count bigint DEFAULT 0, min_length int DEFAULT 0,
	max_length int DEFAULT 0, item_contains "any" DEFAULT NULL, max_sets int DEFAULT 0, sets text DEFAULT 'all')
RETURNS TABLE(items text[], length int, basket_count bigint, support float8)
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 100000 ROWS 1000 AS 'MODULE_PATHNAME', 'shopper_frequent_itemsets';
COMMENT ON FUNCTION @extschema@.frequent_itemsets(bytea, float8, bigint, int, int, "any", int, text) IS 'Sets of items that many baskets hold, the most frequent first, then the shorter ones; item_contains: an array of ids that must all be in the set; sets: all, closed (no larger set of the model is in as many baskets) or maximal (no larger set has min_support and min_count)';

CREATE FUNCTION @extschema@.frequent_itemsets(model bytea, item_type anyelement, min_support float8 DEFAULT 0, min_count bigint DEFAULT 0, min_length int DEFAULT 0,
	max_length int DEFAULT 0, item_contains "any" DEFAULT NULL, max_sets int DEFAULT 0, sets text DEFAULT 'all')
RETURNS TABLE(items anyarray, length int, basket_count bigint, support float8)
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 100000 ROWS 1000 AS 'MODULE_PATHNAME', 'shopper_frequent_itemsets_as';
COMMENT ON FUNCTION @extschema@.frequent_itemsets(bytea, anyelement, float8, bigint, int, int, "any", int, text) IS 'Frequent sets with items of the type of item_type, as in item_type => null::bigint';

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


-- rule_changes: rules are the same when their ids are, as texts (sets of
-- several ids come in one order only when both models have integers, or neither). A rule counts in a model that holds
-- it within the thresholds; figures are shown where the model holds it at all. A NULL model has no rules.
CREATE FUNCTION @extschema@.shopper_two_sided(z float8) RETURNS float8
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'shopper_two_sided';
COMMENT ON FUNCTION @extschema@.shopper_two_sided(float8) IS 'Two-sided p value of a standard normal z; part of rule_changes';

CREATE FUNCTION @extschema@.rule_changes(old_model bytea, new_model bytea, min_confidence float8 DEFAULT 0, min_lift float8 DEFAULT 0,
	min_support float8 DEFAULT 0, max_length int DEFAULT 0, max_consequent int DEFAULT 1, alpha float8 DEFAULT 0.05)
RETURNS TABLE(antecedent text[], consequent text[], status text, old_support float8, new_support float8, old_confidence float8,
	new_confidence float8, old_lift float8, new_lift float8, z float8, p_value float8)
LANGUAGE sql IMMUTABLE PARALLEL SAFE COST 100000 ROWS 1000 AS $$
	SELECT c.antecedent, c.consequent,
		CASE WHEN NOT c.in_old THEN 'new' WHEN NOT c.in_new THEN 'gone'
			WHEN t.p <= coalesce($8, 0.05) THEN CASE WHEN t.z > 0 THEN 'rising' ELSE 'fading' END
			ELSE 'steady' END AS status,
		c.old_support, c.new_support, c.old_confidence, c.new_confidence, c.old_lift, c.new_lift, t.z, t.p
	FROM (SELECT antecedent, consequent,
			o.support AS old_support, n.support AS new_support, o.confidence AS old_confidence, n.confidence AS new_confidence,
			o.lift AS old_lift, n.lift AS new_lift,
			coalesce(o.confidence >= coalesce($3, 0) AND o.lift >= coalesce($4, 0) AND o.support >= coalesce($5, 0), false) AS in_old,
			coalesce(n.confidence >= coalesce($3, 0) AND n.lift >= coalesce($4, 0) AND n.support >= coalesce($5, 0), false) AS in_new,
			o.antecedent_count::float8 AS old_n, n.antecedent_count::float8 AS new_n,
			(o.basket_count + n.basket_count)::float8 / (o.antecedent_count + n.antecedent_count) AS pooled
		FROM @extschema@.assoc_rules($1, max_length => $6, max_consequent => $7) AS o
		FULL JOIN @extschema@.assoc_rules($2, max_length => $6, max_consequent => $7) AS n USING (antecedent, consequent)) AS c
	CROSS JOIN LATERAL (SELECT CASE WHEN c.pooled < 1 THEN (c.new_confidence - c.old_confidence) / sqrt(c.pooled * (1 - c.pooled) * (1 / c.old_n + 1 / c.new_n))
		WHEN c.pooled = 1 THEN 0 END AS z) AS s
	CROSS JOIN LATERAL (SELECT s.z, @extschema@.shopper_two_sided(s.z) AS p) AS t
	WHERE c.in_old OR c.in_new
	ORDER BY CASE WHEN NOT c.in_old THEN 1 WHEN NOT c.in_new THEN 5 WHEN t.p > coalesce($8, 0.05) THEN 3 WHEN t.z > 0 THEN 2 ELSE 4 END,
		abs(t.z) DESC NULLS LAST, coalesce(c.new_confidence, c.old_confidence) DESC, c.antecedent, c.consequent
$$;
COMMENT ON FUNCTION @extschema@.rule_changes(bytea, bytea, float8, float8, float8, int, int, float8) IS 'Rules of two models side by side: new, rising, steady, fading or gone, with support, confidence and lift then and now, and a z test of the change in confidence (two proportions, pooled); rising and fading: p_value is at most alpha';
