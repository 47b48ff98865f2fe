-- Projections: train_projection and what its models answer.

CREATE FUNCTION @extschema@.shopper_projection_accum(internal, record) RETURNS internal
LANGUAGE c PARALLEL SAFE AS 'MODULE_PATHNAME', 'shopper_projection_accum';
CREATE FUNCTION @extschema@.shopper_projection_accum(internal, record, jsonb) RETURNS internal
LANGUAGE c PARALLEL SAFE AS 'MODULE_PATHNAME', 'shopper_projection_accum';
CREATE FUNCTION @extschema@.shopper_projection_accum(internal, record, jsonb, bytea) RETURNS internal
LANGUAGE c PARALLEL SAFE AS 'MODULE_PATHNAME', 'shopper_projection_accum';
COMMENT ON FUNCTION @extschema@.shopper_projection_accum(internal, record) IS 'State function of train_projection';
COMMENT ON FUNCTION @extschema@.shopper_projection_accum(internal, record, jsonb) IS 'State function of train_projection';
COMMENT ON FUNCTION @extschema@.shopper_projection_accum(internal, record, jsonb, bytea) IS 'State function of train_projection';

CREATE AGGREGATE @extschema@.train_projection(f record)
	(SFUNC = @extschema@.shopper_projection_accum, STYPE = internal, SSPACE = 1048576, FINALFUNC = @extschema@.shopper_rows_final, FINALFUNC_MODIFY = READ_WRITE, PARALLEL = RESTRICTED);
CREATE AGGREGATE @extschema@.train_projection(f record, options jsonb)
	(SFUNC = @extschema@.shopper_projection_accum, STYPE = internal, SSPACE = 1048576, FINALFUNC = @extschema@.shopper_rows_final, FINALFUNC_MODIFY = READ_WRITE, PARALLEL = RESTRICTED);
CREATE AGGREGATE @extschema@.train_projection(f record, options jsonb, previous_model bytea)
	(SFUNC = @extschema@.shopper_projection_accum, STYPE = internal, SSPACE = 1048576, FINALFUNC = @extschema@.shopper_rows_final, FINALFUNC_MODIFY = READ_WRITE, PARALLEL = RESTRICTED);
COMMENT ON AGGREGATE @extschema@.train_projection(record) IS 'Learn to say a row with few numbers, with pca(); returns the model';
COMMENT ON AGGREGATE @extschema@.train_projection(record, jsonb) IS 'Learn to say a row with few numbers; options come from pca(components => 3), or lda(target => ''class_column'')';
COMMENT ON AGGREGATE @extschema@.train_projection(record, jsonb, bytea) IS 'Learn to say a row with few numbers; axes point the way they do in the earlier model';

CREATE FUNCTION @extschema@.train_projection_from(query text, options jsonb DEFAULT NULL, previous_model bytea DEFAULT NULL) RETURNS bytea
LANGUAGE c VOLATILE PARALLEL UNSAFE COST 100000 AS 'MODULE_PATHNAME', 'shopper_train_projection_from';
COMMENT ON FUNCTION @extschema@.train_projection_from(text, jsonb, bytea) IS 'train_projection over the rows of a query: the same model, read twice as fast';

CREATE FUNCTION @extschema@.project(model bytea, features record) RETURNS float8[]
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 200 AS 'MODULE_PATHNAME', 'shopper_project_sql';
COMMENT ON FUNCTION @extschema@.project(bytea, record) IS 'The scores of a row on the axes of pca() or lda(). Columns are matched by name, NULLs are fine';
CREATE FUNCTION @extschema@.unproject(model bytea, scores float8[]) RETURNS jsonb
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 200 AS 'MODULE_PATHNAME', 'shopper_unproject_sql';
COMMENT ON FUNCTION @extschema@.unproject(bytea, float8[]) IS 'The row that scores of pca() stand for: numbers in units of their columns, the most likely level of each category. Fewer scores than axes: the others are 0';
CREATE FUNCTION @extschema@.projection_error(model bytea, features record) RETURNS float8
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 300 AS 'MODULE_PATHNAME', 'shopper_projection_error_sql';
COMMENT ON FUNCTION @extschema@.projection_error(bytea, record) IS 'How far a row is from what its scores of pca() say of it, in the scale of the model: rows unlike the others are far';
CREATE FUNCTION @extschema@.explained_variance(model bytea, OUT component int, OUT variance float8, OUT ratio float8, OUT cumulative float8) RETURNS SETOF record
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 1000 ROWS 10 AS 'MODULE_PATHNAME', 'shopper_explained_variance_sql';
COMMENT ON FUNCTION @extschema@.explained_variance(bytea) IS 'The axes of a projection: variance along each (of lda(), between the classes), its share of the whole, and the share of the first ones together';
CREATE FUNCTION @extschema@.loadings(model bytea, OUT component int, OUT rank int, OUT feature text, OUT level text, OUT loading float8) RETURNS SETOF record
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 1000 ROWS 100 AS 'MODULE_PATHNAME', 'shopper_loadings_sql';
COMMENT ON FUNCTION @extschema@.loadings(bytea) IS 'What each axis of a projection is made of: the weight of each column (of each level of a category), largest first';
