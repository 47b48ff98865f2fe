-- What train_rules, train_sequence_rules and train_recommender share.

CREATE FUNCTION @extschema@.shopper_pairs_final(internal) RETURNS bytea
LANGUAGE c PARALLEL SAFE COST 1000000 AS 'MODULE_PATHNAME', 'shopper_pairs_final';
COMMENT ON FUNCTION @extschema@.shopper_pairs_final(internal) IS 'Final function of train_rules, train_sequence_rules and train_recommender: sorts the lines and trains';

