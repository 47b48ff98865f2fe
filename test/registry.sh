#!/usr/bin/env bash
# Named models under fire: sessions that predict while versions change, sessions killed while
# they train, dump and restore. In a cluster of its own, which it removes.
# Usage: test/registry.sh [KILLS]   (of each kind; default 2)
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
kills=${1:-2}
. test/own_cluster.sh
trap 'test/cluster stop' EXIT

test/cluster start
psql -X -q -d postgres -c 'CREATE DATABASE shop' -c 'CREATE DATABASE copy'
ask >/dev/null <<-'SQL'
	SET client_min_messages = error;
	CREATE EXTENSION pg_shopper;
	CREATE TABLE visits AS SELECT i AS id, sin(i) + 0.3 * cos(i * 12.9898) > 0.2 AS bought, 20 + i % 60 AS age, sin(i) AS taste FROM generate_series(1, 10000) i;
	SELECT shopper.create_model('buyers', 'classifier', 'SELECT * FROM visits', 'bought', boosting(trees => 5), key_column => 'id');
	CALL shopper.train('buyers');
	UPDATE shopper.models SET options = boosting(trees => 40) WHERE name = 'buyers';
	CALL shopper.train('buyers');
SQL

# ---- 50 sessions predict while the model is promoted 20 times ----
# One statement, two call sites, 40 rows of the same content: more than one answer ends the session with an error.
cat >"$home/predict.sql" <<-'SQL'
	SELECT 1 / (count(DISTINCT p) = 1)::int FROM (SELECT predict_purchase('buyers', v) AS p FROM (SELECT 33 AS age, 0.5 AS taste) v, generate_series(1, 20)
		UNION ALL SELECT predict_purchase('buyers', v) FROM (SELECT 33 AS age, 0.5 AS taste) v, generate_series(1, 20)) s;
SQL
pids=()
for protocol in prepared simple; do
	pgbench -n -M $protocol -c 25 -j 1 -T 3 -f "$home/predict.sql" >"$home/bench.$protocol" 2>&1 &
	pids+=($!)
done
sleep 0.5
seen=$(for i in $(seq 20); do
	ask -c "SELECT shopper.promote('buyers', $((i % 2 + 1)))" >/dev/null
	ask -c "SELECT predict_purchase('buyers', v) FROM (SELECT 33 AS age, 0.5 AS taste) v"
	sleep 0.05
done | sort -u | wc -l)
clean=0
for pid in "${pids[@]}"; do wait "$pid" && clean=$((clean + 1)) || true; done
same '50 sessions predict during 20 promotions' 2 "$clean"
same 'and no statement failed' 0 "$(cat "$home"/bench.* | grep -ciE 'error:|aborted' || true)"
same 'both versions were served' 2 "$seen"

# ---- dump and restore ----
ask -c 'SET client_min_messages = error' -c "CALL shopper.score('buyers', 'SELECT * FROM visits', 'scores')"
pg_dump shop | psql -X -q -v ON_ERROR_STOP=1 -d copy >/dev/null
answers="SELECT md5(string_agg(predict_purchase('buyers', v)::text, ',' ORDER BY id)) FROM visits v"
listed="SELECT md5(string_agg(v::text, ',' ORDER BY name, version)) FROM shopper.model_versions v"
same 'the same predictions after a dump' "$(ask -c "$answers")" "$(ask -d copy -c "$answers")"
same 'the same versions' "$(ask -c "$listed")" "$(ask -d copy -c "$listed")"
tables="SELECT md5(string_agg(s::text, ',' ORDER BY id)) || (SELECT md5(string_agg(b::text, ',' ORDER BY band)) FROM shopper.scores_by_band b) FROM scores s"
same 'the same scores and bands' "$(ask -c "$tables")" "$(ask -d copy -c "$tables")"
same 'which the next job takes up' '1|0|10000' "$(ask -d copy -c 'SET client_min_messages = error' -c "UPDATE visits SET age = age + 1 WHERE id = 5" -c "CALL shopper.score('buyers', 'SELECT * FROM visits', 'scores')" \
	-c 'SELECT scored_count, removed_count, row_count FROM shopper.score_runs ORDER BY score_run_id DESC LIMIT 1')"
same 'and the copy goes on' 3 "$(ask -d copy -c 'SET client_min_messages = error' -c "CALL shopper.train('buyers')" -c 'SELECT max(version) FROM shopper.versions')"

# ---- kill -9 in the middle of a training ----
ready='ready to accept connections'
pid_of="SELECT pid FROM pg_stat_activity WHERE application_name LIKE 'victim%' AND state = 'active'"
kill_during() { # statement, seconds
	local before pid=
	before=$(grep -c "$ready" "$home/log")
	PGAPPNAME=victim ask -c 'SET client_min_messages = error' -c "$1" >"$home/victim.log" 2>&1 &
	for _ in $(seq 100); do
		pid=$(ask -c "$pid_of") && [ -z "$pid" ] || break
		sleep 0.02
	done
	sleep "$2"
	kill -9 "$pid" 2>/dev/null || true
	wait $! || true
	for _ in $(seq 200); do	# a moment passes before the server notices: asking it would prove nothing
		[ "$(grep -c "$ready" "$home/log")" -le "$before" ] || break
		sleep 0.05
	done
}
# Nothing half, nothing lost: all versions are whole, numbered without gaps, and one of them is live.
whole="SELECT count(*) = max(version) AND bool_and((SELECT bool_and(ok) FROM model_check(model))) AND (SELECT count(*) FROM shopper.live) = 1
	AND bool_and(EXISTS (SELECT FROM shopper.version_metrics x WHERE x.name = v.name AND x.version = v.version)) FROM shopper.versions v"
ask -c "UPDATE shopper.models SET options = mlp(epochs => 20000), max_age = '1 microsecond'"
versions=$(ask -c 'SELECT count(*) FROM shopper.versions')
good=0
for i in $(seq "$kills"); do
	kill_during "CALL shopper.train('buyers')" "0.$((i * 37 % 60 + 10))"
	[ "$(ask -c "$whole")" = t ] && good=$((good + 1))
done
same "$kills trainings killed, the registry is whole" "$kills" "$good"
good=0
for i in $(seq "$kills"); do
	kill_during 'CALL shopper.retrain_due()' "0.$((i * 23 % 60 + 10))"
	[ "$(ask -c "$whole")" = t ] && [ "$(ask -c 'SELECT state FROM shopper.model_runs ORDER BY run_id DESC LIMIT 1')" = interrupted ] && good=$((good + 1))
done
same "$kills retrainings killed, the registry is whole and says so" "$kills" "$good"
same 'no version of a killed training' "$versions" "$(ask -c 'SELECT count(*) FROM shopper.versions')"
ask -c "UPDATE shopper.models SET options = boosting(trees => 40)" -c 'CALL shopper.retrain_due()' >/dev/null
same 'the next run is clean' "$((versions + 1))|0|promoted" "$(ask -c "SELECT (SELECT count(*) FROM shopper.versions), (SELECT count(*) FROM shopper.runs WHERE state = 'running'),
	(SELECT state FROM shopper.model_runs ORDER BY run_id DESC LIMIT 1)")"

# ---- kill -9 in the middle of a scoring job: the table is as before, and a first one leaves none ----
many='SELECT id + 10000 * j AS id, age + j AS age, taste FROM visits, generate_series(0, 39) j'
scores="SELECT md5(string_agg(s::text, ',' ORDER BY id)) || (SELECT count(*) FROM shopper.score_runs) || (SELECT md5(string_agg(b::text, ',')) FROM shopper.bands b) FROM scores s"
before=$(ask -c "$scores")
good=0
for i in $(seq "$kills"); do
	kill_during "CALL shopper.score('buyers', '$many', 'scores', everything => true)" "$(awk -v i="$i" 'BEGIN { print 0.1 + (i * 41 % 120) / 100 }')"
	[ "$(ask -c "$scores")" = "$before" ] && good=$((good + 1))
done
same "$kills scoring jobs killed, the scores are as before" "$kills" "$good"
kill_during "CALL shopper.score('buyers', '$many', 'first')" 0.5
same 'a first one leaves no table' t "$(ask -c "SELECT to_regclass('first') IS NULL")"
ask -c 'SET client_min_messages = error' -c "CALL shopper.score('buyers', '$many', 'scores')"
same 'the next job is clean' '400000|400000|0' "$(ask -c 'SELECT row_count, (SELECT count(*) FROM scores), removed_count FROM shopper.score_runs ORDER BY score_run_id DESC LIMIT 1')"
PGAPPNAME=victim ask -c "CALL shopper.score('buyers', 'SELECT id, age, taste FROM visits WHERE pg_sleep(0.01) IS NOT NULL', 'scores')" >/dev/null 2>&1 &
for _ in $(seq 100); do
	[ "$(ask -c "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'")" = 0 ] || break
	sleep 0.02
done
same 'a second job of a table is refused' t "$( (ask -c "CALL shopper.score('buyers', 'SELECT * FROM visits', 'scores')" 2>&1 || true) | grep -q 'is being scored by another session' && echo t)"
same 'readers of its scores do not wait' 400000 "$(ask -c "SET statement_timeout = '500ms'" -c 'SELECT count(*) FROM scores')"
ask -c "SELECT pg_cancel_backend(pid) FROM ($pid_of) s" >/dev/null
wait $! || true
same 'a cancelled job leaves no lock' 0 "$(ask -c "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'")"

# ---- two at once ----
ask -c "UPDATE shopper.models SET options = mlp(epochs => 20000)"
PGAPPNAME=victim ask -c 'CALL shopper.retrain_due()' >/dev/null 2>&1 &
for _ in $(seq 100); do
	[ "$(ask -c "SELECT count(*) FROM shopper.model_runs WHERE state = 'running'")" = 0 ] || break
	sleep 0.02
done
same 'a running training shows' running "$(ask -c 'SELECT state FROM shopper.model_runs ORDER BY run_id DESC LIMIT 1')"
for _ in $(seq 100); do
	[ -z "$(ask -c "SELECT step FROM shopper.model_runs WHERE state = 'running'")" ] || break
	sleep 0.02
done
same 'and how far it is' t "$(ask -c "SELECT step > 0 AND step_count = 20000 FROM shopper.model_runs WHERE state = 'running'")"
same 'a second one is refused' t "$( (ask -c "CALL shopper.train('buyers')" 2>&1 || true) | grep -q 'is being trained by another session' && echo t)"
same 'and segments are not named meanwhile' t "$( (ask -c "SELECT shopper.name_segments('buyers', '{}')" 2>&1 || true) | grep -q 'is being trained by another session' && echo t)"
runs=$(ask -c 'SELECT count(*) FROM shopper.runs')
ask -c 'CALL shopper.retrain_due()'
same 'and left out of what is due' "$runs" "$(ask -c 'SELECT count(*) FROM shopper.runs')"
same 'readers do not wait' t "$(ask -c "SET statement_timeout = '100ms'" -c "SELECT predict_purchase('buyers', v) IS NOT NULL FROM visits v LIMIT 1")"
ask -c "SELECT pg_cancel_backend(pid) FROM ($pid_of) s" >/dev/null
wait $! || true
same 'a cancelled one says so' cancelled "$(ask -c 'SELECT state FROM shopper.model_runs ORDER BY run_id DESC LIMIT 1')"
same 'and raises an alert' 1 "$(ask -c "SELECT count(*) FROM shopper.alerts WHERE name = 'buyers' AND kind = 'training failed' AND resolved_at IS NULL")"
same 'and holds no lock' 0 "$(ask -c "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'")"
same 'the session has its name back' t "$(ask -c "UPDATE shopper.models SET options = boosting(trees => 5)" -c "SET application_name = 'nightly'" -c 'CALL shopper.retrain_due()' \
	-c "SELECT application_name = 'nightly' FROM pg_stat_activity WHERE pid = pg_backend_pid()")"

same 'the alert is over' 0 "$(ask -c "SELECT count(*) FROM shopper.alerts WHERE name = 'buyers' AND kind = 'training failed' AND resolved_at IS NULL")"

# ---- alerts ----
told=$(ask -c 'LISTEN shopper_alerts' -c "SELECT shopper.watch('buyers', 'SELECT bought, age + 50 AS age, taste FROM visits')" -c "CALL shopper.monitor()" -c 'CALL shopper.monitor()' -c 'SELECT 1')
same 'a listener hears of each alert once' "$(ask -c "SELECT count(*) FROM shopper.alerts WHERE resolved_at IS NULL AND kind LIKE '%drift'")" "$(grep -c '"name": "buyers".*drift' <<<"$told" || true)"
exit $failed
