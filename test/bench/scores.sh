#!/usr/bin/env bash
# Scoring jobs against plain CREATE TABLE AS SELECT predict_purchase, on the million rows of
# test/bench/rows.sql (24 columns): a first job, with and without reasons, nothing changed, 1 %
# changed, all anew. Then scores in real time: a prepared statement over an empty function call,
# and inserts with a scoring trigger over inserts without.
# Usage: test/cluster run test/bench/scores.sh [ROUNDS] [SECONDS]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
rounds=${1:-3}
seconds=${2:-1}
psql -X -q -d postgres -c 'DROP DATABASE IF EXISTS bench_scores' -c 'CREATE DATABASE bench_scores' 2>/dev/null
export PGDATABASE=bench_scores PGOPTIONS='-c max_parallel_workers_per_gather=0 -c client_min_messages=error'
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
ask() { psql -X -q -A -t -v ON_ERROR_STOP=1 "$@"; }
ask -c 'CREATE EXTENSION pg_shopper' -f test/bench/rows.sql >/dev/null
ask <<-'SQL' >/dev/null
	SELECT shopper.create_model(n, 'classifier', 'SELECT * FROM bench.sessions WHERE id <= 100000', 'bought', o, key_column => 'id') FROM (VALUES ('logistic', logistic()), ('boosting', boosting())) m(n, o);
	CALL shopper.train('logistic');
	CALL shopper.train('boosting');
	CREATE PROCEDURE job(model text, target text, reasons int DEFAULT 0, everything boolean DEFAULT false, source text DEFAULT 'bench.sessions') LANGUAGE plpgsql AS $$
	BEGIN CALL shopper.score(model, 'SELECT * FROM ' || source, target, reasons => reasons, everything => everything); END $$;
	CREATE VIEW changed AS SELECT id, f1 + (id % 100 = 3)::int AS f1, f2, f3, f4, f5, f6, f7, f8, f9, f10, f11, f12, f13, f14, f15, f16, f17, f18, f19, f20, c1, c2, c3, c4 FROM bench.sessions;
SQL
took() { # statements before, the statement: seconds, the best of the rounds; each one is undone
	for _ in $(seq "$rounds"); do
		ask -c "SET synchronous_commit = off" -c '\timing off' -c "BEGIN" -c "$1" -c '\timing on' -c "$2" -c '\timing off' -c 'ROLLBACK' | sed -n 's/^Time: \([0-9.]*\) ms.*/\1/p'
	done | sort -n | head -1 | awk '{ print $1 / 1000 }'
}
report() { awk -v what="$1" -v a="$2" -v b="$3" 'BEGIN { printf "%-58s %7.2f s, %5.2f of plain\n", what, a, a / b }'; }
for model in logistic boosting; do
	plain=$(took '' "CREATE TABLE plain AS SELECT id, predict_purchase('$model', s) AS score FROM bench.sessions s")
	report "$model: CREATE TABLE AS SELECT predict_purchase" "$plain" "$plain"
	report "$model: first job" "$(took '' "CALL job('$model', 'scores')")" "$plain"
	report "$model: first job, three reasons for the highest band" "$(took '' "CALL job('$model', 'scores', 3)")" "$plain"
	ask -c "CALL job('$model', '${model}_scores')" -c "VACUUM ANALYZE ${model}_scores"
	report "$model: nothing changed" "$(took '' "CALL job('$model', '${model}_scores')")" "$plain"
	report "$model: 1 % changed" "$(took '' "CALL job('$model', '${model}_scores', source => 'changed')")" "$plain"
	report "$model: all anew" "$(took '' "CALL job('$model', '${model}_scores', everything => true)")" "$plain"
done

# ---- in real time ----
ask <<-'SQL'
	CREATE TABLE plain_visits AS SELECT * FROM bench.sessions LIMIT 0;
	ALTER TABLE plain_visits ADD COLUMN score float8, ADD COLUMN band text;
	CREATE TABLE visits (LIKE plain_visits);
	CREATE FUNCTION score_visit() RETURNS trigger LANGUAGE plpgsql AS $$
	BEGIN
		NEW.score := predict_purchase('boosting', NEW);
		SELECT b.band INTO NEW.band FROM shopper.bands b WHERE b.name = 'boosting' AND b.target_table = 'public.boosting_scores' AND b.lowest_score <= NEW.score ORDER BY b.lowest_score DESC LIMIT 1;
		RETURN NEW;
	EXCEPTION WHEN OTHERS THEN
		RAISE WARNING 'not scored: %', SQLERRM;
		RETURN NEW;
	END $$;
	CREATE TRIGGER score BEFORE INSERT OR UPDATE ON visits FOR EACH ROW EXECUTE FUNCTION score_visit();
SQL
row="SELECT 1::bigint AS id, (SELECT 3) AS f1, 2 AS f2, 1 AS f3, 1 AS f4, 0 AS f5, 3 AS f6, 90.5::float8 AS f7, 25.5::float8 AS f8, 45::float8 AS f9, 0.3::float8 AS f10, 0.5::float8 AS f11, 12::float8 AS f12, 0.25::float8 AS f13, 0.5::float8 AS f14, 250::float8 AS f15, 1::float8 AS f16, 4.5::float8 AS f17, 0.5::float8 AS f18, 0::float8 AS f19, 50::float8 AS f20, 'phone'::text AS c1, 'channel_1'::text AS c2, 'region_3'::text AS c3, 'cat_7'::text AS c4"
echo "SELECT abs(f7) FROM ($row) s" >"$work/empty.sql"
echo "SELECT predict_purchase('boosting', s) FROM ($row) s" >"$work/predict.sql"
echo "INSERT INTO plain_visits (id, f1, f2, f3, f4, f5, f6, f7, f8, f9, f10, f11, f12, f13, f14, f15, f16, f17, f18, f19, f20, c1, c2, c3, c4) $row" >"$work/plain.sql"
sed 's/plain_visits/visits/' "$work/plain.sql" >"$work/trigger.sql"
for _ in 1 2 3; do	# side by side
	for what in empty predict plain trigger; do
		echo "$what $(pgbench -n -M prepared -c 1 -T "$seconds" -f "$work/$what.sql" 2>/dev/null | sed -n 's/^tps = \([0-9.]*\).*/\1/p')"
	done
done | awk '{ us = 1e6 / $2; if (!($1 in best) || us < best[$1]) best[$1] = us }
	END { printf "prepared statement: %.0f us, %.2f of an empty function call (%.0f us)\n", best["predict"], best["predict"] / best["empty"], best["empty"]
		printf "insert with scoring trigger: %.0f us, %.2f of an insert without (%.0f us)\n", best["trigger"], best["trigger"] / best["plain"], best["plain"] }'
