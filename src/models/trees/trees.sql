-- Reading trees: models of tree(), forest() and boosting().
--
-- tree_rules: one row a leaf, from left to right. rule: the conditions on the way there,
-- one a column. prediction: the class or the amount; of boosting what the leaf adds to the
-- score (of which class). value: the probability of that class, the amount, the addition.
-- rows: the training rows in the leaf (their weights), share: of the tree's.
CREATE FUNCTION @extschema@.tree_rules(model bytea, tree int DEFAULT NULL)
RETURNS TABLE(tree int, leaf int, rule text, prediction text, value float8, rows float8, share float8, probabilities float8[])
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 10000 ROWS 100 AS 'MODULE_PATHNAME', 'shopper_tree_rules_sql';
COMMENT ON FUNCTION @extschema@.tree_rules(bytea, int) IS 'The leaves of one tree (NULL: of all): condition in words, prediction, training rows, probabilities of the classes in their order';

CREATE FUNCTION @extschema@.tree_text(model bytea, tree int DEFAULT 1) RETURNS text
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 10000 AS 'MODULE_PATHNAME', 'shopper_tree_text_sql';
COMMENT ON FUNCTION @extschema@.tree_text(bytea, int) IS 'One tree of a model of tree(), forest() or boosting() as indented text: conditions, predictions, training rows';
