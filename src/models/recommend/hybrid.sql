-- One recommender from several.

CREATE FUNCTION @extschema@.hybrid(models bytea[], weights float8[] DEFAULT NULL, method text DEFAULT 'score', rank_constant float8 DEFAULT 60) RETURNS bytea
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 100000 AS 'MODULE_PATHNAME', 'shopper_hybrid';
COMMENT ON FUNCTION @extschema@.hybrid(bytea[], float8[], text, float8) IS 'One recommender from several, also of train_content: method score blends scores brought to 0 to 1, rank blends ranks (reciprocal rank fusion), first takes the first model that scores an item. A model that does not know a user gets what the user has in the others; source says which model gives most';
