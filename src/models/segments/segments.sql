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

-- cluster_profile: one row for each cluster and column, the most special ones first. value and
-- average are means in units of the column; for booleans and levels of categories shares, for
-- dates days since 2000-01-01. difference is in standard deviations of all rows.
CREATE FUNCTION @extschema@.cluster_profile(model bytea, OUT cluster int, OUT name text, OUT size float8, OUT share float8, OUT rank int,
	OUT feature text, OUT level text, OUT description text, OUT value float8, OUT average float8, OUT difference float8) RETURNS SETOF record
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 1000 ROWS 100 AS 'MODULE_PATHNAME', 'shopper_cluster_profile_sql';
COMMENT ON FUNCTION @extschema@.cluster_profile(bytea) IS 'What is special about each cluster: a row for each column with the mean of the cluster and of all rows, their difference in standard deviations, and words such as "3.1 times the average"';

CREATE FUNCTION @extschema@.name_clusters(model bytea, names jsonb) RETURNS bytea
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 10000 AS 'MODULE_PATHNAME', 'shopper_name_clusters';
COMMENT ON FUNCTION @extschema@.name_clusters(bytea, jsonb) IS 'The model with names for clusters, by id, as in {"1": "regulars"}; null takes a name away. Models trained from it keep them';

CREATE FUNCTION @extschema@.dendrogram(model bytea, OUT merge int, OUT clusters int, OUT height float8, OUT size int) RETURNS SETOF record
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 1000 ROWS 1000 AS 'MODULE_PATHNAME', 'shopper_dendrogram_sql';
COMMENT ON FUNCTION @extschema@.dendrogram(bytea) IS 'The steps of hierarchical(): clusters left after the step, distance of the two that were joined, rows of the new one';

CREATE FUNCTION @extschema@.segment_moves(old_model bytea, new_model bytea, query text, OUT from_cluster int, OUT from_name text,
	OUT to_cluster int, OUT to_name text, OUT customers bigint, OUT share float8) RETURNS SETOF record
LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE COST 100000 ROWS 30 AS 'MODULE_PATHNAME', 'shopper_segment_moves';
COMMENT ON FUNCTION @extschema@.segment_moves(bytea, bytea, text) IS 'In which clusters the rows of a query are by one model and by another: rows, and their share of the old cluster; NULL: in none';

CREATE FUNCTION @extschema@.segment_quality(model bytea, query text, sample int DEFAULT 10000, OUT cluster int, OUT metric text, OUT value float8) RETURNS SETOF record
LANGUAGE c VOLATILE PARALLEL UNSAFE COST 100000 ROWS 20 AS 'MODULE_PATHNAME', 'shopper_segment_quality';
COMMENT ON FUNCTION @extschema@.segment_quality(bytea, text, int) IS 'How well clusters are apart on the rows of a query, in the scale of the model: inertia, silhouette (on a random sample; NULL: all rows), Calinski-Harabasz, Davies-Bouldin; rows and silhouette of each cluster';

CREATE FUNCTION @extschema@.k_distance(query text, k int DEFAULT 5, options jsonb DEFAULT NULL, OUT rank bigint, OUT distance float8) RETURNS SETOF record
LANGUAGE c VOLATILE PARALLEL UNSAFE COST 100000 ROWS 1000 AS 'MODULE_PATHNAME', 'shopper_k_distance_sql';
COMMENT ON FUNCTION @extschema@.k_distance(text, int, jsonb) IS 'How far the k-th nearest row of each row is, itself the first, the greatest distances first: eps of dbscan() is where they begin to grow fast; with options such as dbscan(), whose scale is used';

-- Partitions that anybody made: a point and its label in each row.
CREATE FUNCTION @extschema@.shopper_partition_accum(internal, float8[], int) RETURNS internal
LANGUAGE c PARALLEL SAFE AS 'MODULE_PATHNAME', 'shopper_partition_accum';
CREATE FUNCTION @extschema@.shopper_partition_accum(internal, float8[], int, int) RETURNS internal
LANGUAGE c PARALLEL SAFE AS 'MODULE_PATHNAME', 'shopper_partition_accum';
CREATE FUNCTION @extschema@.shopper_silhouette_final(internal) RETURNS float8
LANGUAGE c PARALLEL SAFE COST 1000000 AS 'MODULE_PATHNAME', 'shopper_silhouette_final';
CREATE FUNCTION @extschema@.shopper_calinski_harabasz_final(internal) RETURNS float8
LANGUAGE c PARALLEL SAFE COST 100000 AS 'MODULE_PATHNAME', 'shopper_calinski_harabasz_final';
CREATE FUNCTION @extschema@.shopper_davies_bouldin_final(internal) RETURNS float8
LANGUAGE c PARALLEL SAFE COST 100000 AS 'MODULE_PATHNAME', 'shopper_davies_bouldin_final';
COMMENT ON FUNCTION @extschema@.shopper_partition_accum(internal, float8[], int) IS 'State function of aggregates that measure partitions';
COMMENT ON FUNCTION @extschema@.shopper_partition_accum(internal, float8[], int, int) IS 'State function of aggregates that measure partitions';
COMMENT ON FUNCTION @extschema@.shopper_silhouette_final(internal) IS 'Final function of silhouette';
COMMENT ON FUNCTION @extschema@.shopper_calinski_harabasz_final(internal) IS 'Final function of calinski_harabasz';
COMMENT ON FUNCTION @extschema@.shopper_davies_bouldin_final(internal) IS 'Final function of davies_bouldin';
CREATE AGGREGATE @extschema@.silhouette(point float8[], label int)
	(SFUNC = @extschema@.shopper_partition_accum, STYPE = internal, SSPACE = 1048576, FINALFUNC = @extschema@.shopper_silhouette_final, FINALFUNC_MODIFY = READ_WRITE, PARALLEL = RESTRICTED);
CREATE AGGREGATE @extschema@.silhouette(point float8[], label int, sample int)
	(SFUNC = @extschema@.shopper_partition_accum, STYPE = internal, SSPACE = 1048576, FINALFUNC = @extschema@.shopper_silhouette_final, FINALFUNC_MODIFY = READ_WRITE, PARALLEL = RESTRICTED);
CREATE AGGREGATE @extschema@.calinski_harabasz(point float8[], label int)
	(SFUNC = @extschema@.shopper_partition_accum, STYPE = internal, SSPACE = 1048576, FINALFUNC = @extschema@.shopper_calinski_harabasz_final, FINALFUNC_MODIFY = READ_WRITE, PARALLEL = RESTRICTED);
CREATE AGGREGATE @extschema@.davies_bouldin(point float8[], label int)
	(SFUNC = @extschema@.shopper_partition_accum, STYPE = internal, SSPACE = 1048576, FINALFUNC = @extschema@.shopper_davies_bouldin_final, FINALFUNC_MODIFY = READ_WRITE, PARALLEL = RESTRICTED);
COMMENT ON AGGREGATE @extschema@.silhouette(float8[], int) IS 'Mean silhouette of points in groups, exact: from -1 to 1, more is better; all distances are computed';
COMMENT ON AGGREGATE @extschema@.silhouette(float8[], int, int) IS 'Mean silhouette of a random sample of points in groups';
COMMENT ON AGGREGATE @extschema@.calinski_harabasz(float8[], int) IS 'Spread between groups of points over the spread inside: more is better';
COMMENT ON AGGREGATE @extschema@.davies_bouldin(float8[], int) IS 'Mean over the groups of points of the worst ratio of spreads to distance: less is better';
