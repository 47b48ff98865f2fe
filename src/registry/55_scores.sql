-- What scoring jobs keep in the registry: bands, a log, and summaries; who may write them, and what
-- reports read.

CREATE TABLE shopper.bands (
	name text NOT NULL REFERENCES shopper.models ON DELETE CASCADE,
	target_table text NOT NULL,
	band text NOT NULL,
	lowest_score float8 NOT NULL CHECK (lowest_score <> 'NaN'),
	PRIMARY KEY (name, target_table, band),
	UNIQUE (name, target_table, lowest_score));
COMMENT ON TABLE shopper.bands IS 'What scores are called: made by the first scoring job of a table (the highest tenth, the next three tenths, the rest), then only by hand; the next job applies what was edited';
COMMENT ON COLUMN shopper.bands.name IS 'The model';
COMMENT ON COLUMN shopper.bands.target_table IS 'The table of the scores, with its schema';
COMMENT ON COLUMN shopper.bands.band IS 'The name of the band';
COMMENT ON COLUMN shopper.bands.lowest_score IS 'Scores from here on, up to the next band; -Infinity: all that are left';

CREATE TABLE shopper.scorings (
	score_run_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	name text NOT NULL REFERENCES shopper.models ON DELETE CASCADE,
	version int NOT NULL,
	target_table text NOT NULL,
	row_count bigint NOT NULL,
	scored_count bigint NOT NULL,
	removed_count bigint NOT NULL,
	state text NOT NULL DEFAULT 'finished' CHECK (state = 'finished'),
	message text,
	scored_by name NOT NULL DEFAULT CURRENT_USER,
	started_at timestamptz NOT NULL,
	finished_at timestamptz NOT NULL DEFAULT shopper.clock());
CREATE INDEX scorings_by_target ON shopper.scorings (target_table, score_run_id);
COMMENT ON TABLE shopper.scorings IS 'Log of scoring jobs; shopper.score_runs shows it to readers';
COMMENT ON COLUMN shopper.scorings.score_run_id IS 'Number of the job';
COMMENT ON COLUMN shopper.scorings.name IS 'The model';
COMMENT ON COLUMN shopper.scorings.version IS 'The version that was live';
COMMENT ON COLUMN shopper.scorings.target_table IS 'The table of the scores, with its schema';
COMMENT ON COLUMN shopper.scorings.row_count IS 'Rows of the query (for recommenders, users)';
COMMENT ON COLUMN shopper.scorings.scored_count IS 'Those that were new or changed';
COMMENT ON COLUMN shopper.scorings.removed_count IS 'Rows of the table whose key the query had no more';
COMMENT ON COLUMN shopper.scorings.state IS 'finished: a job that fails leaves nothing behind, not even its log';
COMMENT ON COLUMN shopper.scorings.message IS 'What was done, in words';
COMMENT ON COLUMN shopper.scorings.scored_by IS 'Who ran it';
COMMENT ON COLUMN shopper.scorings.started_at IS 'When it began';
COMMENT ON COLUMN shopper.scorings.finished_at IS 'When it ended';

CREATE TABLE shopper.scoring_bands (
	score_run_id bigint NOT NULL REFERENCES shopper.scorings ON DELETE CASCADE, band text NOT NULL,
	lowest_score float8, row_count bigint NOT NULL, mean_score float8, PRIMARY KEY (score_run_id, band));
COMMENT ON TABLE shopper.scoring_bands IS 'The scores of a job by band; shopper.scores_by_band shows it to readers';
COMMENT ON COLUMN shopper.scoring_bands.score_run_id IS 'The job';
COMMENT ON COLUMN shopper.scoring_bands.band IS 'The band, class or cluster';
COMMENT ON COLUMN shopper.scoring_bands.lowest_score IS 'Where it began; NULL: it has no lower end';
COMMENT ON COLUMN shopper.scoring_bands.row_count IS 'Its rows';
COMMENT ON COLUMN shopper.scoring_bands.mean_score IS 'The mean of their scores';

CREATE TABLE shopper.scoring_moves (
	score_run_id bigint NOT NULL REFERENCES shopper.scorings ON DELETE CASCADE, old_band text NOT NULL, new_band text NOT NULL,
	row_count bigint NOT NULL, PRIMARY KEY (score_run_id, old_band, new_band));
COMMENT ON TABLE shopper.scoring_moves IS 'Rows whose band a job changed; shopper.band_moves shows it to readers';
COMMENT ON COLUMN shopper.scoring_moves.score_run_id IS 'The job';
COMMENT ON COLUMN shopper.scoring_moves.old_band IS 'The band before';
COMMENT ON COLUMN shopper.scoring_moves.new_band IS 'The band after';
COMMENT ON COLUMN shopper.scoring_moves.row_count IS 'Rows that moved';

CREATE TABLE shopper.scoring_items (
	score_run_id bigint NOT NULL REFERENCES shopper.scorings ON DELETE CASCADE, item text NOT NULL,
	user_count bigint NOT NULL, user_rate float8, mean_rank float8, mean_score float8, PRIMARY KEY (score_run_id, item));
COMMENT ON TABLE shopper.scoring_items IS 'The items that a job recommended to most users, at most 1000; shopper.recommended_items shows it to readers';
COMMENT ON COLUMN shopper.scoring_items.score_run_id IS 'The job';
COMMENT ON COLUMN shopper.scoring_items.item IS 'The item';
COMMENT ON COLUMN shopper.scoring_items.user_count IS 'Users that it is recommended to';
COMMENT ON COLUMN shopper.scoring_items.user_rate IS 'Their share of all users';
COMMENT ON COLUMN shopper.scoring_items.mean_rank IS 'Its mean rank';
COMMENT ON COLUMN shopper.scoring_items.mean_score IS 'Its mean score';
COMMENT ON SEQUENCE shopper.scorings_score_run_id_seq IS 'Numbers of shopper.scorings';

-- ---- rights ----

CREATE FUNCTION shopper.may_write(target_table text) RETURNS boolean LANGUAGE sql STABLE COST 100
AS $$ SELECT coalesce(pg_catalog.has_table_privilege(pg_catalog.to_regclass($1), 'UPDATE'), false) $$;
COMMENT ON FUNCTION shopper.may_write(text) IS 'Step of the registry: whether the caller may change the rows of a table; false when there is none';
CREATE FUNCTION shopper.is_score_owner(score_run_id bigint) RETURNS boolean LANGUAGE sql STABLE COST 100
AS $$ SELECT EXISTS (SELECT FROM shopper.scorings s WHERE s.score_run_id = $1 AND shopper.is_owner(s.scored_by)) $$;
COMMENT ON FUNCTION shopper.is_score_owner(bigint) IS 'Step of the registry: whether a scoring job is one of the caller';

-- Who may change a table may score it, with any model; figures of a job are written by who ran it.
SELECT shopper.protect_tables('{bands}', '{}', 'shopper.may_write(target_table)');
SELECT shopper.protect_tables('{scorings}', '{scorings_score_run_id_seq}', 'shopper.is_owner(scored_by) AND shopper.may_write(target_table)');
SELECT shopper.protect_tables('{scoring_bands,scoring_moves,scoring_items}', '{}', 'shopper.is_score_owner(score_run_id)');

-- ---- views for reports ----

CREATE VIEW shopper.score_runs AS
SELECT s.score_run_id, s.name, s.version::bigint AS version, s.target_table, s.started_at, s.finished_at, extract(epoch FROM s.finished_at - s.started_at)::float8 AS seconds, s.scored_by::text AS scored_by,
	s.row_count, s.scored_count, s.row_count - s.scored_count AS unchanged_count, s.removed_count, s.state, s.message
FROM shopper.scorings s;
COMMENT ON VIEW shopper.score_runs IS 'Scoring jobs: one row per job that was finished';
COMMENT ON COLUMN shopper.score_runs.score_run_id IS 'Number of the job';
COMMENT ON COLUMN shopper.score_runs.name IS 'The model';
COMMENT ON COLUMN shopper.score_runs.version IS 'The version that was live';
COMMENT ON COLUMN shopper.score_runs.target_table IS 'The table of the scores, with its schema';
COMMENT ON COLUMN shopper.score_runs.started_at IS 'When it began';
COMMENT ON COLUMN shopper.score_runs.finished_at IS 'When it ended';
COMMENT ON COLUMN shopper.score_runs.seconds IS 'How long it took';
COMMENT ON COLUMN shopper.score_runs.scored_by IS 'Role that ran it';
COMMENT ON COLUMN shopper.score_runs.row_count IS 'Rows of the query (for recommenders, users)';
COMMENT ON COLUMN shopper.score_runs.scored_count IS 'Those that were new or changed, or scored by another version';
COMMENT ON COLUMN shopper.score_runs.unchanged_count IS 'Those whose scores were kept';
COMMENT ON COLUMN shopper.score_runs.removed_count IS 'Rows removed, since the query had their key no more';
COMMENT ON COLUMN shopper.score_runs.state IS 'finished; a job that fails leaves nothing behind';
COMMENT ON COLUMN shopper.score_runs.message IS 'What was done, in words';

CREATE VIEW shopper.scores_by_band AS
SELECT b.score_run_id, s.name, s.version::bigint AS version, s.started_at AS scored_at, s.started_at::date AS scored_on, b.band, b.lowest_score, b.row_count,
	b.row_count::float8 / nullif(s.row_count, 0)::float8 AS row_rate, CASE WHEN pg_catalog.abs(b.mean_score) < 'Infinity' THEN b.mean_score END AS mean_score
FROM shopper.scoring_bands b JOIN shopper.scorings s USING (score_run_id);
COMMENT ON VIEW shopper.scores_by_band IS 'How scores are spread: one row per scoring job and band (class, cluster)';
COMMENT ON COLUMN shopper.scores_by_band.score_run_id IS 'Number of the job';
COMMENT ON COLUMN shopper.scores_by_band.name IS 'The model';
COMMENT ON COLUMN shopper.scores_by_band.version IS 'The version that was live';
COMMENT ON COLUMN shopper.scores_by_band.scored_at IS 'When the job began';
COMMENT ON COLUMN shopper.scores_by_band.scored_on IS 'The day of it, in the time zone of the session';
COMMENT ON COLUMN shopper.scores_by_band.band IS 'Band of the score; the class, cluster, or anomaly or normal';
COMMENT ON COLUMN shopper.scores_by_band.lowest_score IS 'Where the band begins; NULL: it has no lower end';
COMMENT ON COLUMN shopper.scores_by_band.row_count IS 'Its rows after the job';
COMMENT ON COLUMN shopper.scores_by_band.row_rate IS 'Their share of all rows, 0 to 1';
COMMENT ON COLUMN shopper.scores_by_band.mean_score IS 'The mean of their scores; NULL: no rows';

CREATE VIEW shopper.band_moves AS
SELECT b.score_run_id, s.name, s.started_at AS scored_at, s.started_at::date AS scored_on, b.old_band, b.new_band, b.row_count
FROM shopper.scoring_moves b JOIN shopper.scorings s USING (score_run_id);
COMMENT ON VIEW shopper.band_moves IS 'Who moved: one row per scoring job and pair of bands (classes, clusters) between which rows went';
COMMENT ON COLUMN shopper.band_moves.score_run_id IS 'Number of the job';
COMMENT ON COLUMN shopper.band_moves.name IS 'The model';
COMMENT ON COLUMN shopper.band_moves.scored_at IS 'When the job began';
COMMENT ON COLUMN shopper.band_moves.scored_on IS 'The day of it, in the time zone of the session';
COMMENT ON COLUMN shopper.band_moves.old_band IS 'The band before the job';
COMMENT ON COLUMN shopper.band_moves.new_band IS 'The band after it';
COMMENT ON COLUMN shopper.band_moves.row_count IS 'Rows that went from the one to the other';

CREATE VIEW shopper.recommended_items AS
SELECT i.score_run_id, s.name, s.version::bigint AS version, s.started_at AS scored_at, s.started_at::date AS scored_on, i.item, i.user_count, i.user_rate, i.mean_rank, i.mean_score
FROM shopper.scoring_items i JOIN shopper.scorings s USING (score_run_id);
COMMENT ON VIEW shopper.recommended_items IS 'What is recommended: one row per scoring job and item, for the 1000 items with most users';
COMMENT ON COLUMN shopper.recommended_items.score_run_id IS 'Number of the job';
COMMENT ON COLUMN shopper.recommended_items.name IS 'The model';
COMMENT ON COLUMN shopper.recommended_items.version IS 'The version that was live';
COMMENT ON COLUMN shopper.recommended_items.scored_at IS 'When the job began';
COMMENT ON COLUMN shopper.recommended_items.scored_on IS 'The day of it, in the time zone of the session';
COMMENT ON COLUMN shopper.recommended_items.item IS 'The item';
COMMENT ON COLUMN shopper.recommended_items.user_count IS 'Users that it is recommended to after the job';
COMMENT ON COLUMN shopper.recommended_items.user_rate IS 'Their share of all users, 0 to 1';
COMMENT ON COLUMN shopper.recommended_items.mean_rank IS 'Its mean place in their lists, 1 is the best';
COMMENT ON COLUMN shopper.recommended_items.mean_score IS 'Its mean score';
