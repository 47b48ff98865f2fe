#!/usr/bin/env bash
# Predictions by name: what they cost over an empty function call, warm, after a commit (which
# has the name looked up anew) and after a promotion; and the first call of a session.
# Usage: test/cluster run test/bench/registry.sh [SECONDS]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
seconds=${1:-1}
psql -X -q -d postgres -c 'DROP DATABASE IF EXISTS bench_registry' -c 'CREATE DATABASE bench_registry' 2>/dev/null
export PGDATABASE=bench_registry
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
ask() { psql -X -q -A -t -v ON_ERROR_STOP=1 "$@"; }
ask <<-'SQL' >/dev/null
	SET client_min_messages = error;
	CREATE EXTENSION pg_shopper;
	CREATE TABLE visits AS SELECT i AS id, sin(i) + 0.3 * cos(i * 12.9898) > 0.2 AS bought, 20 + i % 60 AS age, sin(i) AS taste, cos(i * 3) AS mood FROM generate_series(1, 20000) i;
	CREATE TABLE noise (i int);
	SELECT shopper.create_model('buyers', 'classifier', 'SELECT * FROM visits', 'bought', forest(trees => 125), 'id');
	CALL shopper.train('buyers');
	UPDATE shopper.models SET options = forest(trees => 125, seed => 2) WHERE name = 'buyers';
	UPDATE shopper.gates SET maximum_drop = 100;
	CALL shopper.train('buyers');
SQL
echo "model: $(ask -c "SELECT model_bytes FROM shopper.model_versions WHERE live") bytes"
row="FROM (SELECT 33 AS age, 0.5::float8 AS taste, 0.25::float8 AS mood) v"
echo "SELECT abs(taste) $row" >"$work/empty.sql"
echo "SELECT predict_purchase(model, v) $row, shopper.live_models WHERE name = 'buyers'" >"$work/bytes.sql"
echo "SELECT predict_purchase('buyers', v) $row" >"$work/name.sql"
# The prediction without the statement around it: 20000 rows in one.
alone=$(ask <<<"SELECT predict_purchase('buyers', v) $row; SELECT clock_timestamp() AS t \\gset
	SELECT sum(predict_purchase('buyers', v)) FROM visits v \\g /dev/null
	SELECT round((extract(epoch FROM clock_timestamp() - :'t') / 20000 * 1e6)::numeric, 1)" | tail -1)
latency() { # milliseconds, the best of three
	for _ in 1 2 3; do pgbench -n -M prepared -c 1 -T "$seconds" -f "$work/$1.sql" | sed -n 's/^tps = \([0-9.]*\).*/\1/p'; done | sort -n | awk 'END { print 1000 / $1 }'
}
report() { awk -v what="$1" -v a="$2" -v b="$3" 'BEGIN { printf "%-48s %7.1f us a statement, %6.1f us over an empty call\n", what, a * 1000, (a - b) * 1000 }'; }
empty=$(latency empty)
report 'empty function call' "$empty" "$empty"
echo "the prediction itself: $alone us a row"
report 'by bytes from the table' "$(latency bytes)" "$empty"
report 'by name' "$(latency name)" "$empty"
# A commit between two predictions: the name is looked up anew for each.
for what in empty name; do { echo 'INSERT INTO noise VALUES (1);'; cat "$work/$what.sql"; } | sed '$s/$/;/' >"$work/after_$what.sql"; done
busy=$(latency after_empty)
report 'a commit, then an empty function call' "$busy" "$busy"
report 'a commit, then by name' "$(latency after_name)" "$busy"
# Right after promotions, in one warm session: both versions are decoded.
{
	echo '\timing off'
	echo "PREPARE one AS SELECT predict_purchase('buyers', v) $row; PREPARE none AS SELECT abs(taste) $row;"
	echo "SELECT shopper.promote('buyers', 1); EXECUTE one; SELECT shopper.promote('buyers', 2); EXECUTE one; EXECUTE none;"
	for i in $(seq 20); do
		echo "\\timing off"; echo "SELECT shopper.promote('buyers', $((i % 2 + 1)));"; echo "\\timing on"; echo "EXECUTE one; -- after"; echo "EXECUTE none;"
	done
} >"$work/promote.sql"
psql -X -q -A -t -f "$work/promote.sql" | awk '/^Time:/ { n++; if (n % 2) after[++k] = $2; else none[k] = $2 }
	END { n = asort_(after, k); m = asort_(none, k); printf "first statement after a promotion, median of %d: %.1f us over an empty call (times of psql)\n", k, (after[int((k + 1) / 2)] - none[int((k + 1) / 2)]) * 1000 }
	function asort_(a, n, i, j, t) { for (i = 2; i <= n; i++) for (j = i; j > 1 && a[j] < a[j - 1]; j--) { t = a[j]; a[j] = a[j - 1]; a[j - 1] = t } return n }'
# First call: new sessions, the extension's library and the model are loaded.
for i in 1 2 3 4 5; do
	psql -X -q -A -t -c '\timing on' -c "SELECT abs(taste) $row" -c "SELECT octet_length(model || ''::bytea) FROM shopper.live_models WHERE name = 'buyers'" -c "SELECT predict_purchase('buyers', v) $row" |
		sed -n 's/^Time: \([0-9.]*\) ms.*/\1/p' | tr '\n' ' ' | awk '{ print "first call of a session: " $3 " ms (reading the bytes " $2 " ms, empty call " $1 " ms)" }'
done
