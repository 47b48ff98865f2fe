-- Asking Bayesian networks, the models of train_classifier with bayes_net().

CREATE FUNCTION @extschema@.bayes_query(model bytea, evidence jsonb DEFAULT NULL, target text DEFAULT NULL, OUT level text, OUT probability float8) RETURNS SETOF record
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 10000 ROWS 5 AS 'MODULE_PATHNAME', 'shopper_bayes_query';
COMMENT ON FUNCTION @extschema@.bayes_query(bytea, jsonb, text) IS 'Exact probabilities of each state of any node (the target when NULL) given what is known of others, as in {"device": "phone", "age": [18, "20-29"]}';
CREATE FUNCTION @extschema@.bayes_structure(model bytea, OUT parent text, OUT child text, OUT strength float8) RETURNS SETOF record
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 1000 ROWS 30 AS 'MODULE_PATHNAME', 'shopper_bayes_structure';
COMMENT ON FUNCTION @extschema@.bayes_structure(bytea) IS 'The edges of a Bayesian network; strength is the mutual information of both ends in nats, in tan between columns given the target';
CREATE FUNCTION @extschema@.bayes_tables(model bytea, OUT node text, OUT level text, OUT parents jsonb, OUT probability float8) RETURNS SETOF record
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 1000 ROWS 1000 AS 'MODULE_PATHNAME', 'shopper_bayes_tables';
COMMENT ON FUNCTION @extschema@.bayes_tables(bytea) IS 'The probability of each state of each node for each combination of states of its parents';
