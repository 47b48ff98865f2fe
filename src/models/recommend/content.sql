-- Items by their attributes: train_content. Its models are asked by the calls of recommenders.

CREATE FUNCTION @extschema@.shopper_content_accum(internal, "any", record) RETURNS internal
LANGUAGE c PARALLEL SAFE AS 'MODULE_PATHNAME', 'shopper_content_accum';
CREATE FUNCTION @extschema@.shopper_content_accum(internal, "any", record, jsonb) RETURNS internal
LANGUAGE c PARALLEL SAFE AS 'MODULE_PATHNAME', 'shopper_content_accum';
CREATE FUNCTION @extschema@.shopper_content_final(internal) RETURNS bytea
LANGUAGE c PARALLEL SAFE COST 100000 AS 'MODULE_PATHNAME', 'shopper_content_final';
COMMENT ON FUNCTION @extschema@.shopper_content_accum(internal, "any", record) IS 'State function of train_content';
COMMENT ON FUNCTION @extschema@.shopper_content_accum(internal, "any", record, jsonb) IS 'State function of train_content';
COMMENT ON FUNCTION @extschema@.shopper_content_final(internal) IS 'Final function of train_content';

CREATE AGGREGATE @extschema@.train_content(item "any", features record)
	(SFUNC = @extschema@.shopper_content_accum, STYPE = internal, SSPACE = 1048576, FINALFUNC = @extschema@.shopper_content_final, FINALFUNC_MODIFY = READ_WRITE, PARALLEL = RESTRICTED);
CREATE AGGREGATE @extschema@.train_content(item "any", features record, options jsonb)
	(SFUNC = @extschema@.shopper_content_accum, STYPE = internal, SSPACE = 1048576, FINALFUNC = @extschema@.shopper_content_final, FINALFUNC_MODIFY = READ_WRITE, PARALLEL = RESTRICTED);
COMMENT ON AGGREGATE @extschema@.train_content("any", record) IS 'Learn which items are alike from their attributes, the columns of the record: categories, numbers, dates, arrays of tags (text[], int[]), vectors (float8[]). One row an item; a column with the item''s id is left out';
COMMENT ON AGGREGATE @extschema@.train_content("any", record, jsonb) IS 'Learn which items are alike from their attributes; options come from content(), among them the columns to read word by word and the weights of columns';

CREATE FUNCTION @extschema@.train_content_from(query text, item text, options jsonb DEFAULT NULL) RETURNS bytea
LANGUAGE c VOLATILE PARALLEL UNSAFE COST 100000 AS 'MODULE_PATHNAME', 'shopper_train_content_from';
COMMENT ON FUNCTION @extschema@.train_content_from(text, text, jsonb) IS 'train_content over the rows of a query; item names the column of the item''s id, all others are attributes';

CREATE FUNCTION @extschema@.explain_similarity(model bytea, item "any", other "any", n int DEFAULT 10)
RETURNS TABLE(attribute text, value text, contribution float8)
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 1000 ROWS 10 AS 'MODULE_PATHNAME', 'shopper_explain_similarity';
COMMENT ON FUNCTION @extschema@.explain_similarity(bytea, "any", "any", int) IS 'Why two items of a train_content model are alike: the values and words that both have, and numbers and vectors (value NULL), by what each gives to the similarity, which is their sum';
