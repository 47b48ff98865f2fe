-- From 0.1.0 to 0.2.0: what `make upgrade` cannot know: tables that hold rows, and what happens to the rows.
-- A statement here stands for the one in the install script whose text is named above it:
--     "-- instead of: CREATE TABLE shopper.models"
-- Statements below a line "-- afterwards" run when functions and views are new.

-- Numbers of CHECK have the type of their column now: the stored constraint is the same.
-- instead of: CREATE TABLE shopper.models
-- instead of: CREATE TABLE shopper.gates
-- Times come from shopper.clock(), below.
-- instead of: CREATE TABLE shopper.versions
-- instead of: CREATE TABLE shopper.deployments
-- instead of: CREATE TABLE shopper.runs
-- instead of: CREATE TABLE shopper.sources
ALTER TABLE shopper.sources ADD COLUMN row_security boolean NOT NULL DEFAULT false;
-- The old tables are protected already.
-- instead of: SELECT shopper.protect_tables('{versions,

-- afterwards
ALTER TABLE shopper.models ALTER created_at SET DEFAULT shopper.clock();
ALTER TABLE shopper.versions ALTER trained_at SET DEFAULT shopper.clock();
ALTER TABLE shopper.deployments ALTER deployed_at SET DEFAULT shopper.clock();
ALTER TABLE shopper.runs ALTER started_at SET DEFAULT shopper.clock();
SELECT shopper.protect_tables('{version_curves,version_confusion,version_history,version_rules,version_segments,version_segment_features,version_distributions}', '{}');
