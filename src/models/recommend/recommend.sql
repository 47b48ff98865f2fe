-- Recommendations: train_recommender.

CREATE FUNCTION @extschema@.shopper_recommender_accum(internal, "any", "any") RETURNS internal
LANGUAGE c PARALLEL SAFE AS 'MODULE_PATHNAME', 'shopper_recommender_accum';
CREATE FUNCTION @extschema@.shopper_recommender_accum(internal, "any", "any", "any") RETURNS internal
LANGUAGE c PARALLEL SAFE AS 'MODULE_PATHNAME', 'shopper_recommender_accum';
CREATE FUNCTION @extschema@.shopper_recommender_accum(internal, "any", "any", "any", jsonb) RETURNS internal
LANGUAGE c PARALLEL SAFE AS 'MODULE_PATHNAME', 'shopper_recommender_accum';
CREATE FUNCTION @extschema@.shopper_recommender_accum(internal, "any", "any", "any", jsonb, bytea) RETURNS internal
LANGUAGE c PARALLEL SAFE AS 'MODULE_PATHNAME', 'shopper_recommender_accum';
CREATE FUNCTION @extschema@.shopper_recommender_accum(internal, "any", "any", "any", timestamptz, jsonb) RETURNS internal
LANGUAGE c PARALLEL SAFE AS 'MODULE_PATHNAME', 'shopper_recommender_accum';
COMMENT ON FUNCTION @extschema@.shopper_recommender_accum(internal, "any", "any") IS 'State function of train_recommender';
COMMENT ON FUNCTION @extschema@.shopper_recommender_accum(internal, "any", "any", "any") IS 'State function of train_recommender';
COMMENT ON FUNCTION @extschema@.shopper_recommender_accum(internal, "any", "any", "any", jsonb) IS 'State function of train_recommender';
COMMENT ON FUNCTION @extschema@.shopper_recommender_accum(internal, "any", "any", "any", jsonb, bytea) IS 'State function of train_recommender';
COMMENT ON FUNCTION @extschema@.shopper_recommender_accum(internal, "any", "any", "any", timestamptz, jsonb) IS 'State function of train_recommender';

CREATE AGGREGATE @extschema@.train_recommender(user_id "any", item_id "any")
	(SFUNC = @extschema@.shopper_recommender_accum, STYPE = internal, SSPACE = 1048576, FINALFUNC = @extschema@.shopper_pairs_final, FINALFUNC_MODIFY = READ_WRITE);
CREATE AGGREGATE @extschema@.train_recommender(user_id "any", item_id "any", rating "any")
	(SFUNC = @extschema@.shopper_recommender_accum, STYPE = internal, SSPACE = 1048576, FINALFUNC = @extschema@.shopper_pairs_final, FINALFUNC_MODIFY = READ_WRITE);
CREATE AGGREGATE @extschema@.train_recommender(user_id "any", item_id "any", rating "any", options jsonb)
	(SFUNC = @extschema@.shopper_recommender_accum, STYPE = internal, SSPACE = 1048576, FINALFUNC = @extschema@.shopper_pairs_final, FINALFUNC_MODIFY = READ_WRITE);
CREATE AGGREGATE @extschema@.train_recommender(user_id "any", item_id "any", rating "any", options jsonb, previous_model bytea)
	(SFUNC = @extschema@.shopper_recommender_accum, STYPE = internal, SSPACE = 1048576, FINALFUNC = @extschema@.shopper_pairs_final, FINALFUNC_MODIFY = READ_WRITE);
CREATE AGGREGATE @extschema@.train_recommender(user_id "any", item_id "any", rating "any", rated_at timestamptz, options jsonb)
	(SFUNC = @extschema@.shopper_recommender_accum, STYPE = internal, SSPACE = 1048576, FINALFUNC = @extschema@.shopper_pairs_final, FINALFUNC_MODIFY = READ_WRITE);
COMMENT ON AGGREGATE @extschema@.train_recommender("any", "any") IS 'Learn what each user likes from the items that users took (implicit feedback), with svd()';
COMMENT ON AGGREGATE @extschema@.train_recommender("any", "any", "any") IS 'Learn what each user likes; the third argument is a rating, or options from svd() for implicit feedback';
COMMENT ON AGGREGATE @extschema@.train_recommender("any", "any", "any", jsonb) IS 'Learn what each user likes from ratings; options come from svd()';
COMMENT ON AGGREGATE @extschema@.train_recommender("any", "any", "any", jsonb, bytea) IS 'Learn what each user likes from ratings, starting from an earlier model';
COMMENT ON AGGREGATE @extschema@.train_recommender("any", "any", "any", timestamptz, jsonb) IS 'Learn what each user likes from ratings with their times: the latest rating of an item counts';

CREATE FUNCTION @extschema@.train_recommender_from(query text, options jsonb DEFAULT NULL, previous_model bytea DEFAULT NULL) RETURNS bytea
LANGUAGE c VOLATILE PARALLEL UNSAFE COST 100000 AS 'MODULE_PATHNAME', 'shopper_train_recommender_from';
COMMENT ON FUNCTION @extschema@.train_recommender_from(text, jsonb, bytea) IS 'train_recommender over the rows of a query that returns user, item and, when there are any, rating and time';

