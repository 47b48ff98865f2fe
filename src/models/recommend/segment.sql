-- Items for a group of users.

CREATE FUNCTION @extschema@.recommend_for_segment(model bytea, users "any", n int DEFAULT 10, max_seen float8 DEFAULT 0.5,
	only_items "any" DEFAULT NULL, not_items "any" DEFAULT NULL)
RETURNS TABLE(item text, score float8, rank int, reach float8, seen float8, source text)
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 1000000 ROWS 10 AS 'MODULE_PATHNAME', 'shopper_sql_recommend_for_segment';
COMMENT ON FUNCTION @extschema@.recommend_for_segment(bytea, "any", int, float8, "any", "any") IS 'The n best items for a group, the array users (NULL: all users of the model): score is the mean of the members'' scores, each brought to 0 to 1, an item that a member has counting 0; reach the share of members whose own best n it is among, seen the share that has it; items that more than max_seen of them have are left out; ids in text form';

CREATE FUNCTION @extschema@.recommend_for_segment(model bytea, users "any", item_type anyelement, n int DEFAULT 10, max_seen float8 DEFAULT 0.5,
	only_items "any" DEFAULT NULL, not_items "any" DEFAULT NULL)
RETURNS TABLE(item anyelement, score float8, rank int, reach float8, seen float8, source text)
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 1000000 ROWS 10 AS 'MODULE_PATHNAME', 'shopper_sql_recommend_for_segment_as';
COMMENT ON FUNCTION @extschema@.recommend_for_segment(bytea, "any", anyelement, int, float8, "any", "any") IS 'The n best items for a group of users, items of the type of item_type, as in item_type => null::int';
