-- Clusters of rows: train_clusters and what its models answer.

CREATE FUNCTION @extschema@.shopper_clusters_accum(internal, record) RETURNS internal
LANGUAGE c PARALLEL SAFE AS 'MODULE_PATHNAME', 'shopper_clusters_accum';
CREATE FUNCTION @extschema@.shopper_clusters_accum(internal, record, jsonb) RETURNS internal
LANGUAGE c PARALLEL SAFE AS 'MODULE_PATHNAME', 'shopper_clusters_accum';
CREATE FUNCTION @extschema@.shopper_clusters_accum(internal, record, jsonb, bytea) RETURNS internal
LANGUAGE c PARALLEL SAFE AS 'MODULE_PATHNAME', 'shopper_clusters_accum';
COMMENT ON FUNCTION @extschema@.shopper_clusters_accum(internal, record) IS 'State function of train_clusters';
COMMENT ON FUNCTION @extschema@.shopper_clusters_accum(internal, record, jsonb) IS 'State function of train_clusters';
COMMENT ON FUNCTION @extschema@.shopper_clusters_accum(internal, record, jsonb, bytea) IS 'State function of train_clusters';

CREATE AGGREGATE @extschema@.train_clusters(f record)
	(SFUNC = @extschema@.shopper_clusters_accum, STYPE = internal, SSPACE = 1048576, FINALFUNC = @extschema@.shopper_rows_final, FINALFUNC_MODIFY = READ_WRITE, PARALLEL = RESTRICTED);
CREATE AGGREGATE @extschema@.train_clusters(f record, options jsonb)
	(SFUNC = @extschema@.shopper_clusters_accum, STYPE = internal, SSPACE = 1048576, FINALFUNC = @extschema@.shopper_rows_final, FINALFUNC_MODIFY = READ_WRITE, PARALLEL = RESTRICTED);
CREATE AGGREGATE @extschema@.train_clusters(f record, options jsonb, previous_model bytea)
	(SFUNC = @extschema@.shopper_clusters_accum, STYPE = internal, SSPACE = 1048576, FINALFUNC = @extschema@.shopper_rows_final, FINALFUNC_MODIFY = READ_WRITE, PARALLEL = RESTRICTED);
COMMENT ON AGGREGATE @extschema@.train_clusters(record) IS 'Find groups of rows that are alike, with kmeans(), which chooses their number; returns the model';
COMMENT ON AGGREGATE @extschema@.train_clusters(record, jsonb) IS 'Find groups of rows that are alike; options come from a builder such as kmeans(k => 5)';
COMMENT ON AGGREGATE @extschema@.train_clusters(record, jsonb, bytea) IS 'Find groups of rows that are alike; clusters that continue those of the earlier model keep their ids and names, and kmeans() starts from its centres';

CREATE FUNCTION @extschema@.train_clusters_from(query text, options jsonb DEFAULT NULL, previous_model bytea DEFAULT NULL) RETURNS bytea
LANGUAGE c VOLATILE PARALLEL UNSAFE COST 100000 AS 'MODULE_PATHNAME', 'shopper_train_clusters_from';
COMMENT ON FUNCTION @extschema@.train_clusters_from(text, jsonb, bytea) IS 'train_clusters over the rows of a query: the same model, read twice as fast';

CREATE FUNCTION @extschema@.predict_cluster(model bytea, features record) RETURNS int
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 200 AS 'MODULE_PATHNAME', 'shopper_predict_cluster';
COMMENT ON FUNCTION @extschema@.predict_cluster(bytea, record) IS 'The id of the cluster of a row, from 1; NULL when it is in none, as with dbscan(). Columns are matched by name, NULLs are fine';
CREATE FUNCTION @extschema@.cluster_distance(model bytea, features record) RETURNS float8
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 200 AS 'MODULE_PATHNAME', 'shopper_cluster_distance_sql';
COMMENT ON FUNCTION @extschema@.cluster_distance(bytea, record) IS 'How far a row is from the centre of its cluster (of the nearest one when it is in none), in the scale of the model';
CREATE FUNCTION @extschema@.cluster_membership(model bytea, features record) RETURNS jsonb
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 300 AS 'MODULE_PATHNAME', 'shopper_cluster_membership_sql';
COMMENT ON FUNCTION @extschema@.cluster_membership(bytea, record) IS 'How much a row belongs to each cluster, by id: probabilities of gaussian_mixture(), else 1 for its cluster';

CREATE FUNCTION @extschema@.clusters(model bytea, OUT cluster int, OUT name text, OUT size float8, OUT share float8) RETURNS SETOF record
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 1000 ROWS 10 AS 'MODULE_PATHNAME', 'shopper_clusters_sql';
COMMENT ON FUNCTION @extschema@.clusters(bytea) IS 'The clusters of a model: id, name, training rows (their weights) and share of all; cluster NULL: the rows in none';
