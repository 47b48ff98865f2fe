-- How far the rows of today are from those of training.

CREATE TYPE shopper.distribution AS (feature text, kind text, edges float8[], levels text[], counts float8[]);
COMMENT ON TYPE shopper.distribution IS 'How rows are distributed over a column: counts of ranges between edges (numbers) or of levels (categories), then of missing values and of levels that training did not keep';

CREATE FUNCTION shopper.distributions(model bytea, query text, reference shopper.distribution[] DEFAULT NULL) RETURNS SETOF shopper.distribution
LANGUAGE c VOLATILE PARALLEL UNSAFE COST 1000000 ROWS 25 AS 'MODULE_PATHNAME', 'shopper_distributions';
COMMENT ON FUNCTION shopper.distributions(bytea, text, shopper.distribution[]) IS 'How the rows of a query are distributed over the columns of a model, and over what it predicts ((score)); without those of dates, which always move on, and of arrays. Ranges of numbers are those of the reference, else about a hundred of equally many rows';

CREATE FUNCTION shopper.distributions(model text, query text, reference shopper.distribution[] DEFAULT NULL) RETURNS SETOF shopper.distribution
LANGUAGE c VOLATILE PARALLEL UNSAFE COST 1000000 ROWS 25 AS 'MODULE_PATHNAME', 'shopper_distributions';
COMMENT ON FUNCTION shopper.distributions(text, text, shopper.distribution[]) IS 'How the rows of a query are distributed over the columns of a model, and over what it predicts ((score)); without those of dates, which always move on, and of arrays. Ranges of numbers are those of the reference, else about a hundred of equally many rows; of the live version of that name';

CREATE FUNCTION shopper.drift(expected float8[], actual float8[], ordered boolean, OUT psi float8, OUT chance float8, OUT ks float8, OUT js float8, OUT missing float8, OUT unseen float8)
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 100 AS 'MODULE_PATHNAME', 'shopper_drift_of_counts';
COMMENT ON FUNCTION shopper.drift(float8[], float8[], boolean) IS 'How far two distributions are from each other, given as counts of the same cells: ranges (ordered) or levels, then missing values and levels that training did not keep. Population stability index over ranges of a tenth of the expected rows, and the probability of one as large without drift; Kolmogorov-Smirnov distance (of ranges); Jensen-Shannon divergence in bits; the shares of the last two cells in actual';

CREATE FUNCTION @extschema@.feature_drift(model bytea, training_query text, recent_query text)
RETURNS TABLE(feature text, kind text, psi float8, chance float8, ks float8, js float8, missing float8, training_missing float8, unseen float8, training_unseen float8)
LANGUAGE sql VOLATILE PARALLEL UNSAFE COST 1000000 ROWS 25 AS $$
	WITH training AS MATERIALIZED (SELECT pg_catalog.array_agg(d) AS reference FROM shopper.distributions($1, $2) d)
	SELECT r.feature, r.kind, s.psi, s.chance, s.ks, s.js, s.missing, t.missing, s.unseen, t.unseen
	FROM training, LATERAL pg_catalog.unnest(training.reference) o JOIN LATERAL shopper.distributions($1, $3, training.reference) r ON r.feature OPERATOR(pg_catalog.=) o.feature,
		LATERAL shopper.drift(o.counts, r.counts, o.edges IS NOT NULL) s, LATERAL shopper.drift(o.counts, o.counts, o.edges IS NOT NULL) t $$;
COMMENT ON FUNCTION @extschema@.feature_drift(bytea, text, text) IS 'How far the rows of a recent query are from those of a training query: one row per column of the model, and one for what it predicts ((score)). Population stability index (psi: below 0.1 nothing, from 0.2 on much has changed) and how probable one as large is by chance, Kolmogorov-Smirnov distance (ks) of numbers, Jensen-Shannon divergence in bits (js), shares of missing values and of levels that training did not keep. Dates, which always move on, and arrays are left out';
