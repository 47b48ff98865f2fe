-- Recommendations: train_recommender, and what is asked of its models.

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
	(SFUNC = @extschema@.shopper_recommender_accum, STYPE = internal, SSPACE = 1048576, FINALFUNC = @extschema@.shopper_pairs_final, FINALFUNC_MODIFY = READ_WRITE, PARALLEL = RESTRICTED);
CREATE AGGREGATE @extschema@.train_recommender(user_id "any", item_id "any", rating "any")
	(SFUNC = @extschema@.shopper_recommender_accum, STYPE = internal, SSPACE = 1048576, FINALFUNC = @extschema@.shopper_pairs_final, FINALFUNC_MODIFY = READ_WRITE, PARALLEL = RESTRICTED);
CREATE AGGREGATE @extschema@.train_recommender(user_id "any", item_id "any", rating "any", options jsonb)
	(SFUNC = @extschema@.shopper_recommender_accum, STYPE = internal, SSPACE = 1048576, FINALFUNC = @extschema@.shopper_pairs_final, FINALFUNC_MODIFY = READ_WRITE, PARALLEL = RESTRICTED);
CREATE AGGREGATE @extschema@.train_recommender(user_id "any", item_id "any", rating "any", options jsonb, previous_model bytea)
	(SFUNC = @extschema@.shopper_recommender_accum, STYPE = internal, SSPACE = 1048576, FINALFUNC = @extschema@.shopper_pairs_final, FINALFUNC_MODIFY = READ_WRITE, PARALLEL = RESTRICTED);
CREATE AGGREGATE @extschema@.train_recommender(user_id "any", item_id "any", rating "any", rated_at timestamptz, options jsonb)
	(SFUNC = @extschema@.shopper_recommender_accum, STYPE = internal, SSPACE = 1048576, FINALFUNC = @extschema@.shopper_pairs_final, FINALFUNC_MODIFY = READ_WRITE, PARALLEL = RESTRICTED);
COMMENT ON AGGREGATE @extschema@.train_recommender("any", "any") IS 'Learn what each user likes from the items that users took (implicit feedback), with svd()';
COMMENT ON AGGREGATE @extschema@.train_recommender("any", "any", "any") IS 'Learn what each user likes; the third argument is a rating, the time of the event, or options from svd() for implicit feedback';
COMMENT ON AGGREGATE @extschema@.train_recommender("any", "any", "any", jsonb) IS 'Learn what each user likes from ratings; options come from svd(). With a date or timestamp as third argument: from events and their times, as markov() and session_knn() need them';
COMMENT ON AGGREGATE @extschema@.train_recommender("any", "any", "any", jsonb, bytea) IS 'Learn what each user likes from ratings, starting from an earlier model';
COMMENT ON AGGREGATE @extschema@.train_recommender("any", "any", "any", timestamptz, jsonb) IS 'Learn what each user likes from ratings with their times: the latest rating of an item counts';

CREATE FUNCTION @extschema@.train_recommender_from(query text, options jsonb DEFAULT NULL, previous_model bytea DEFAULT NULL) RETURNS bytea
LANGUAGE c VOLATILE PARALLEL UNSAFE COST 100000 AS 'MODULE_PATHNAME', 'shopper_train_recommender_from';
COMMENT ON FUNCTION @extschema@.train_recommender_from(text, jsonb, bytea) IS 'train_recommender over the rows of a query that returns user, item and, when there are any, rating and time';

CREATE FUNCTION @extschema@.fold_in_from(model bytea, query text) RETURNS bytea
LANGUAGE c VOLATILE PARALLEL UNSAFE COST 100000 AS 'MODULE_PATHNAME', 'shopper_fold_in_from';
COMMENT ON FUNCTION @extschema@.fold_in_from(bytea, text) IS 'The model with the lines of a query, user, item and, when there are any, rating and time: their users, and items that are new, become known without training anew. Events add up, of ratings the new one counts. For factor models, ease and item_knn';

-- Asking a recommender. NULL model: no rows; NULL n: no limit; a NULL or unknown user gets popular items.

CREATE FUNCTION @extschema@.svd_recommend(model bytea, user_id bigint, n int DEFAULT 10, exclude_seen boolean DEFAULT true,
	only_items "any" DEFAULT NULL, not_items "any" DEFAULT NULL, diversity float8 DEFAULT 0)
RETURNS TABLE(item bigint, score float8, rank int, source text)
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 10000 ROWS 10 AS 'MODULE_PATHNAME', 'shopper_sql_recommend';
COMMENT ON FUNCTION @extschema@.svd_recommend(bytea, bigint, int, boolean, "any", "any", float8) IS 'The n best items for a user, for integer ids; source is model, or popular for a user that the model does not know; diversity from 0 to 1: how much unlike each other the items shall be';

CREATE FUNCTION @extschema@.svd_recommend(model bytea, user_id text, n int DEFAULT 10, exclude_seen boolean DEFAULT true,
	only_items "any" DEFAULT NULL, not_items "any" DEFAULT NULL, diversity float8 DEFAULT 0)
RETURNS TABLE(item text, score float8, rank int, source text)
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 10000 ROWS 10 AS 'MODULE_PATHNAME', 'shopper_sql_recommend';
COMMENT ON FUNCTION @extschema@.svd_recommend(bytea, text, int, boolean, "any", "any", float8) IS 'The n best items for a user, ids in text form, of any model; source is model, or popular for a user that the model does not know; diversity from 0 to 1: how much unlike each other the items shall be';

CREATE FUNCTION @extschema@.svd_recommend(model bytea, user_id uuid, n int DEFAULT 10, exclude_seen boolean DEFAULT true,
	only_items "any" DEFAULT NULL, not_items "any" DEFAULT NULL, diversity float8 DEFAULT 0)
RETURNS TABLE(item uuid, score float8, rank int, source text)
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 10000 ROWS 10 AS 'MODULE_PATHNAME', 'shopper_sql_recommend';
COMMENT ON FUNCTION @extschema@.svd_recommend(bytea, uuid, int, boolean, "any", "any", float8) IS 'The n best items for a user, for uuid ids; source is model, or popular for a user that the model does not know; diversity from 0 to 1: how much unlike each other the items shall be';

CREATE FUNCTION @extschema@.svd_recommend(model bytea, user_id "any", item_type anyelement, n int DEFAULT 10, exclude_seen boolean DEFAULT true,
	only_items "any" DEFAULT NULL, not_items "any" DEFAULT NULL, diversity float8 DEFAULT 0)
RETURNS TABLE(item anyelement, score float8, rank int, source text)
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 10000 ROWS 10 AS 'MODULE_PATHNAME', 'shopper_sql_recommend_as';
COMMENT ON FUNCTION @extschema@.svd_recommend(bytea, "any", anyelement, int, boolean, "any", "any", float8) IS 'The n best items for a user, items of the type of item_type, as in item_type => null::int; source is model, or popular for a user that the model does not know; diversity from 0 to 1: how much unlike each other the items shall be';

CREATE FUNCTION @extschema@.recommend(model bytea, user_id bigint, n int DEFAULT 10, exclude_seen boolean DEFAULT true,
	only_items "any" DEFAULT NULL, not_items "any" DEFAULT NULL, diversity float8 DEFAULT 0)
RETURNS TABLE(item bigint, score float8, rank int, source text)
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 10000 ROWS 10 AS 'MODULE_PATHNAME', 'shopper_sql_recommend';
COMMENT ON FUNCTION @extschema@.recommend(bytea, bigint, int, boolean, "any", "any", float8) IS 'The n best items for a user, from any recommender, for integer ids; source is model, or popular for a user that the model does not know; diversity from 0 to 1: how much unlike each other the items shall be';

CREATE FUNCTION @extschema@.recommend(model bytea, user_id text, n int DEFAULT 10, exclude_seen boolean DEFAULT true,
	only_items "any" DEFAULT NULL, not_items "any" DEFAULT NULL, diversity float8 DEFAULT 0)
RETURNS TABLE(item text, score float8, rank int, source text)
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 10000 ROWS 10 AS 'MODULE_PATHNAME', 'shopper_sql_recommend';
COMMENT ON FUNCTION @extschema@.recommend(bytea, text, int, boolean, "any", "any", float8) IS 'The n best items for a user, from any recommender, ids in text form, of any model; source is model, or popular for a user that the model does not know; diversity from 0 to 1: how much unlike each other the items shall be';

CREATE FUNCTION @extschema@.recommend(model bytea, user_id uuid, n int DEFAULT 10, exclude_seen boolean DEFAULT true,
	only_items "any" DEFAULT NULL, not_items "any" DEFAULT NULL, diversity float8 DEFAULT 0)
RETURNS TABLE(item uuid, score float8, rank int, source text)
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 10000 ROWS 10 AS 'MODULE_PATHNAME', 'shopper_sql_recommend';
COMMENT ON FUNCTION @extschema@.recommend(bytea, uuid, int, boolean, "any", "any", float8) IS 'The n best items for a user, from any recommender, for uuid ids; source is model, or popular for a user that the model does not know; diversity from 0 to 1: how much unlike each other the items shall be';

CREATE FUNCTION @extschema@.recommend(model bytea, user_id "any", item_type anyelement, n int DEFAULT 10, exclude_seen boolean DEFAULT true,
	only_items "any" DEFAULT NULL, not_items "any" DEFAULT NULL, diversity float8 DEFAULT 0)
RETURNS TABLE(item anyelement, score float8, rank int, source text)
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 10000 ROWS 10 AS 'MODULE_PATHNAME', 'shopper_sql_recommend_as';
COMMENT ON FUNCTION @extschema@.recommend(bytea, "any", anyelement, int, boolean, "any", "any", float8) IS 'The n best items for a user, from any recommender, items of the type of item_type, as in item_type => null::int; source is model, or popular for a user that the model does not know; diversity from 0 to 1: how much unlike each other the items shall be';

CREATE FUNCTION @extschema@.recommend_all(model bytea, n int DEFAULT 10, users "any" DEFAULT NULL, exclude_seen boolean DEFAULT true,
	only_items "any" DEFAULT NULL, not_items "any" DEFAULT NULL)
RETURNS TABLE(user_id text, item text, score float8, rank int, source text)
LANGUAGE c IMMUTABLE PARALLEL RESTRICTED COST 1000000 ROWS 10000 AS 'MODULE_PATHNAME', 'shopper_sql_recommend_all';
COMMENT ON FUNCTION @extschema@.recommend_all(bytea, int, "any", boolean, "any", "any") IS 'The n best items for each user of the model, or of the array users, in one call: the rows of recommend for each, ids in text form; users that the model does not know have no rows';

CREATE FUNCTION @extschema@.recommend_all(model bytea, user_type anyelement, item_type anycompatible, n int DEFAULT 10, users "any" DEFAULT NULL,
	exclude_seen boolean DEFAULT true, only_items "any" DEFAULT NULL, not_items "any" DEFAULT NULL)
RETURNS TABLE(user_id anyelement, item anycompatible, score float8, rank int, source text)
LANGUAGE c IMMUTABLE PARALLEL RESTRICTED COST 1000000 ROWS 10000 AS 'MODULE_PATHNAME', 'shopper_sql_recommend_all_as';
COMMENT ON FUNCTION @extschema@.recommend_all(bytea, anyelement, anycompatible, int, "any", boolean, "any", "any") IS 'The n best items for each user of the model, or of the array users, in one call: ids of the types of user_type and item_type, as in user_type => null::int';

CREATE FUNCTION @extschema@.recommend_for_basket(model bytea, items bigint[], n int DEFAULT 10, exclude_seen boolean DEFAULT true,
	only_items "any" DEFAULT NULL, not_items "any" DEFAULT NULL, ratings float8[] DEFAULT NULL)
RETURNS TABLE(item bigint, score float8, rank int, source text)
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 10000 ROWS 10 AS 'MODULE_PATHNAME', 'shopper_sql_recommend_for_basket';
COMMENT ON FUNCTION @extschema@.recommend_for_basket(bytea, bigint[], int, boolean, "any", "any", float8[]) IS 'The n best items to add to a basket, for integer ids; source is basket, or popular when no item is known; of markov and session_knn items are those of a session, the latest last, and exclude_seen => false lets it return to them; ratings: one for each item, for models of ratings';

CREATE FUNCTION @extschema@.recommend_for_basket(model bytea, items text[], n int DEFAULT 10, exclude_seen boolean DEFAULT true,
	only_items "any" DEFAULT NULL, not_items "any" DEFAULT NULL, ratings float8[] DEFAULT NULL)
RETURNS TABLE(item text, score float8, rank int, source text)
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 10000 ROWS 10 AS 'MODULE_PATHNAME', 'shopper_sql_recommend_for_basket';
COMMENT ON FUNCTION @extschema@.recommend_for_basket(bytea, text[], int, boolean, "any", "any", float8[]) IS 'The n best items to add to a basket, ids in text form, of any model; source is basket, or popular when no item is known; of markov and session_knn items are those of a session, the latest last, and exclude_seen => false lets it return to them; ratings: one for each item, for models of ratings';

CREATE FUNCTION @extschema@.recommend_for_basket(model bytea, items uuid[], n int DEFAULT 10, exclude_seen boolean DEFAULT true,
	only_items "any" DEFAULT NULL, not_items "any" DEFAULT NULL, ratings float8[] DEFAULT NULL)
RETURNS TABLE(item uuid, score float8, rank int, source text)
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 10000 ROWS 10 AS 'MODULE_PATHNAME', 'shopper_sql_recommend_for_basket';
COMMENT ON FUNCTION @extschema@.recommend_for_basket(bytea, uuid[], int, boolean, "any", "any", float8[]) IS 'The n best items to add to a basket, for uuid ids; source is basket, or popular when no item is known; of markov and session_knn items are those of a session, the latest last, and exclude_seen => false lets it return to them; ratings: one for each item, for models of ratings';

CREATE FUNCTION @extschema@.recommend_for_basket(model bytea, items text, n int DEFAULT 10, exclude_seen boolean DEFAULT true,
	only_items "any" DEFAULT NULL, not_items "any" DEFAULT NULL, ratings float8[] DEFAULT NULL)
RETURNS TABLE(item text, score float8, rank int, source text)
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 10000 ROWS 10 AS 'MODULE_PATHNAME', 'shopper_sql_recommend_for_basket';
COMMENT ON FUNCTION @extschema@.recommend_for_basket(bytea, text, int, boolean, "any", "any", float8[]) IS 'The n best items to add to a basket, items as an array literal like {1,2}; source is basket, or popular when no item is known; of markov and session_knn items are those of a session, the latest last, and exclude_seen => false lets it return to them; ratings: one for each item, for models of ratings';

CREATE FUNCTION @extschema@.recommend_for_basket(model bytea, items "any", item_type anyelement, n int DEFAULT 10, exclude_seen boolean DEFAULT true,
	only_items "any" DEFAULT NULL, not_items "any" DEFAULT NULL, ratings float8[] DEFAULT NULL)
RETURNS TABLE(item anyelement, score float8, rank int, source text)
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 10000 ROWS 10 AS 'MODULE_PATHNAME', 'shopper_sql_recommend_for_basket_as';
COMMENT ON FUNCTION @extschema@.recommend_for_basket(bytea, "any", anyelement, int, boolean, "any", "any", float8[]) IS 'The n best items to add to a basket, items of the type of item_type; source is basket, or popular when no item is known; of markov and session_knn items are those of a session, the latest last, and exclude_seen => false lets it return to them; ratings: one for each item, for models of ratings';

CREATE FUNCTION @extschema@.similar_items(model bytea, item bigint, n int DEFAULT 10)
RETURNS TABLE(item bigint, score float8, rank int)
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 10000 ROWS 10 AS 'MODULE_PATHNAME', 'shopper_sql_similar_items';
COMMENT ON FUNCTION @extschema@.similar_items(bytea, bigint, int) IS 'The n items most similar to one, by the cosine of their factors, for integer ids; no rows for an unknown item';

CREATE FUNCTION @extschema@.similar_items(model bytea, item text, n int DEFAULT 10)
RETURNS TABLE(item text, score float8, rank int)
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 10000 ROWS 10 AS 'MODULE_PATHNAME', 'shopper_sql_similar_items';
COMMENT ON FUNCTION @extschema@.similar_items(bytea, text, int) IS 'The n items most similar to one, by the cosine of their factors, ids in text form, of any model; no rows for an unknown item';

CREATE FUNCTION @extschema@.similar_items(model bytea, item uuid, n int DEFAULT 10)
RETURNS TABLE(item uuid, score float8, rank int)
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 10000 ROWS 10 AS 'MODULE_PATHNAME', 'shopper_sql_similar_items';
COMMENT ON FUNCTION @extschema@.similar_items(bytea, uuid, int) IS 'The n items most similar to one, by the cosine of their factors, for uuid ids; no rows for an unknown item';

CREATE FUNCTION @extschema@.similar_items(model bytea, item "any", item_type anyelement, n int DEFAULT 10)
RETURNS TABLE(item anyelement, score float8, rank int)
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 10000 ROWS 10 AS 'MODULE_PATHNAME', 'shopper_sql_similar_items_as';
COMMENT ON FUNCTION @extschema@.similar_items(bytea, "any", anyelement, int) IS 'The n items most similar to one, by the cosine of their factors, of the type of item_type; no rows for an unknown item';

CREATE FUNCTION @extschema@.similar_users(model bytea, user_id bigint, n int DEFAULT 10)
RETURNS TABLE(user_id bigint, score float8, rank int)
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 10000 ROWS 10 AS 'MODULE_PATHNAME', 'shopper_sql_similar_users';
COMMENT ON FUNCTION @extschema@.similar_users(bytea, bigint, int) IS 'The n users most similar to one, by the cosine of their factors, for integer ids; no rows for an unknown user';

CREATE FUNCTION @extschema@.similar_users(model bytea, user_id text, n int DEFAULT 10)
RETURNS TABLE(user_id text, score float8, rank int)
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 10000 ROWS 10 AS 'MODULE_PATHNAME', 'shopper_sql_similar_users';
COMMENT ON FUNCTION @extschema@.similar_users(bytea, text, int) IS 'The n users most similar to one, by the cosine of their factors, ids in text form, of any model; no rows for an unknown user';

CREATE FUNCTION @extschema@.similar_users(model bytea, user_id uuid, n int DEFAULT 10)
RETURNS TABLE(user_id uuid, score float8, rank int)
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 10000 ROWS 10 AS 'MODULE_PATHNAME', 'shopper_sql_similar_users';
COMMENT ON FUNCTION @extschema@.similar_users(bytea, uuid, int) IS 'The n users most similar to one, by the cosine of their factors, for uuid ids; no rows for an unknown user';

CREATE FUNCTION @extschema@.similar_users(model bytea, user_id "any", user_type anyelement, n int DEFAULT 10)
RETURNS TABLE(user_id anyelement, score float8, rank int)
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 10000 ROWS 10 AS 'MODULE_PATHNAME', 'shopper_sql_similar_users_as';
COMMENT ON FUNCTION @extschema@.similar_users(bytea, "any", anyelement, int) IS 'The n users most similar to one, by the cosine of their factors, of the type of user_type; no rows for an unknown user';

CREATE FUNCTION @extschema@.predict_rating(model bytea, user_id text, item_id text)
RETURNS float8
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 100 AS 'MODULE_PATHNAME', 'shopper_sql_predict_rating';
COMMENT ON FUNCTION @extschema@.predict_rating(bytea, text, text) IS 'The rating that a user would give an item, within the range of the training ratings; for models of events a preference of about 0 to 1. An unknown user or item leaves its part out';

CREATE FUNCTION @extschema@.predict_rating(model bytea, user_id "any", item_id "any")
RETURNS float8
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 100 AS 'MODULE_PATHNAME', 'shopper_sql_predict_rating';
COMMENT ON FUNCTION @extschema@.predict_rating(bytea, "any", "any") IS 'The rating that a user would give an item, within the range of the training ratings; for models of events a preference of about 0 to 1. An unknown user or item leaves its part out';

CREATE FUNCTION @extschema@.explain_recommendation(model bytea, user_id "any", item_id bigint, n int DEFAULT 5)
RETURNS TABLE(item bigint, contribution float8, share float8)
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 10000 ROWS 5 AS 'MODULE_PATHNAME', 'shopper_sql_explain_recommendation';
COMMENT ON FUNCTION @extschema@.explain_recommendation(bytea, "any", bigint, int) IS 'Why a user gets an item: the user''s own items by what each gives to the score, and its share of all; item_knn, ease, markov, session_knn and factor models; for integer ids';

CREATE FUNCTION @extschema@.explain_recommendation(model bytea, user_id "any", item_id text, n int DEFAULT 5)
RETURNS TABLE(item text, contribution float8, share float8)
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 10000 ROWS 5 AS 'MODULE_PATHNAME', 'shopper_sql_explain_recommendation';
COMMENT ON FUNCTION @extschema@.explain_recommendation(bytea, "any", text, int) IS 'Why a user gets an item: the user''s own items by what each gives to the score, and its share of all; item_knn, ease, markov, session_knn and factor models; ids in text form, of any model';

CREATE FUNCTION @extschema@.explain_recommendation(model bytea, user_id "any", item_id uuid, n int DEFAULT 5)
RETURNS TABLE(item uuid, contribution float8, share float8)
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 10000 ROWS 5 AS 'MODULE_PATHNAME', 'shopper_sql_explain_recommendation';
COMMENT ON FUNCTION @extschema@.explain_recommendation(bytea, "any", uuid, int) IS 'Why a user gets an item: the user''s own items by what each gives to the score, and its share of all; item_knn, ease, markov, session_knn and factor models; for uuid ids';

CREATE FUNCTION @extschema@.explain_recommendation(model bytea, user_id "any", item_id "any", item_type anyelement, n int DEFAULT 5)
RETURNS TABLE(item anyelement, contribution float8, share float8)
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 10000 ROWS 5 AS 'MODULE_PATHNAME', 'shopper_sql_explain_recommendation_as';
COMMENT ON FUNCTION @extschema@.explain_recommendation(bytea, "any", "any", anyelement, int) IS 'Why a user gets an item: the user''s own items by what each gives to the score, and its share of all; item_knn, ease, markov, session_knn and factor models; items of the type of item_type, as in item_type => null::int';

CREATE FUNCTION @extschema@.user_factors(model bytea)
RETURNS TABLE(id text, bias float8, factors float4[])
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 10000 ROWS 1000 AS 'MODULE_PATHNAME', 'shopper_sql_user_factors';
COMMENT ON FUNCTION @extschema@.user_factors(bytea) IS 'The factors and the bias of every user: a predicted rating is mean + both biases + the dot product of the factors';

CREATE FUNCTION @extschema@.item_factors(model bytea)
RETURNS TABLE(id text, bias float8, factors float4[])
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 10000 ROWS 1000 AS 'MODULE_PATHNAME', 'shopper_sql_item_factors';
COMMENT ON FUNCTION @extschema@.item_factors(bytea) IS 'The factors and the bias of every item: a predicted rating is mean + both biases + the dot product of the factors';

CREATE FUNCTION @extschema@.factor_profile(model bytea, factor int DEFAULT NULL, n int DEFAULT 10)
RETURNS TABLE(factor int, item text, weight float8, share float8, rank int)
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 10000 ROWS 100 AS 'MODULE_PATHNAME', 'shopper_sql_factor_profile';
COMMENT ON FUNCTION @extschema@.factor_profile(bytea, int, int) IS 'What the factors of a model are about: for one factor (from 1), or for all when it is NULL, the n items that weigh most in it, largest weight by size first; share is the weight''s part of all weights of the factor';

CREATE FUNCTION @extschema@.evaluate_recommender(train_query text, test_query text, options jsonb DEFAULT NULL, k int DEFAULT 10)
RETURNS TABLE(metric text, value float8, conf_low float8, conf_high float8)
LANGUAGE c VOLATILE PARALLEL UNSAFE COST 100000 ROWS 12 AS 'MODULE_PATHNAME', 'shopper_sql_evaluate_recommender';
COMMENT ON FUNCTION @extschema@.evaluate_recommender(text, text, jsonb, int) IS 'Train a recommender on the rows of one query and hold its lists of k items to the rows of another, user and item: precision, recall, ndcg, map, mrr, hit_rate, the same without the favour of popular items, novelty, diversity, coverage; 95 % intervals over users';

CREATE FUNCTION @extschema@.evaluate_recommender_split(query text, options jsonb DEFAULT NULL, k int DEFAULT 10, method text DEFAULT 'leave_last_out', fraction float8 DEFAULT 0.2)
RETURNS TABLE(metric text, value float8, conf_low float8, conf_high float8)
LANGUAGE c VOLATILE PARALLEL UNSAFE COST 100000 ROWS 12 AS 'MODULE_PATHNAME', 'shopper_sql_evaluate_recommender_split';
COMMENT ON FUNCTION @extschema@.evaluate_recommender_split(text, jsonb, int, text, float8) IS 'evaluate_recommender with lines held out of one query: each user''s last (leave_last_out), the latest fraction (time), or a fraction of the pairs of user and item (random)';
