#!/usr/bin/env bash
# Models say the same wherever they are: dumped and restored, in parallel plans, after
# a restart, after a crash, on a standby, in any storage, in another database; and their
# bytes depend on the rows alone. In a cluster of its own, which it removes.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. test/own_cluster.sh

finish() {
	[ ! -s "$home/standby/PG_VERSION" ] || as_server pg_ctl -D "$home/standby" -m immediate stop >/dev/null 2>&1 || true
	test/cluster stop
}
trap finish EXIT

test/cluster start
psql -X -q -d postgres -c 'CREATE DATABASE shop' -c 'CREATE DATABASE empty'

ask >/dev/null <<-'SQL'
	SET client_min_messages = error;
	CREATE EXTENSION pg_shopper;
	CREATE TABLE customers AS
	SELECT i AS id, (i * 7919) % 10007 AS place, sin(i) + 0.3 * cos(i * 12.9898) > 0.2 AS bought, 20 + i % 60 AS age,
		CASE WHEN i % 11 > 0 THEN 'city ' || i % 23 END AS city, date '2024-01-01' + i % 500 AS since, ARRAY[sin(i), cos(i * 3)] AS taste,
		3 * sin(i) + i % 5 AS spent
	FROM generate_series(1, 10000) i;
	CREATE TABLE ratings AS
	SELECT i % 907 AS u, 'item ' || (i * 7919) % 211 AS item, 1 + (i * 31 % 5) AS rating, (i * 104729) % 20011 AS place
	FROM (SELECT i::bigint FROM generate_series(1, 20000) i) s;
	CREATE TABLE queries (name text, query text);
	INSERT INTO queries VALUES
		('logistic', $$ SELECT train_classifier_from('SELECT bought, age, city, since, taste FROM customers %s', 'bought') $$),
		('linear', $$ SELECT train_regressor_from('SELECT spent, age, city, since, taste FROM customers %s', 'spent') $$),
		('mlp', $$ SELECT train_classifier_from('SELECT bought, age, city, since, taste FROM customers %s', 'bought', mlp(epochs => 3, validation => 0.1, dropout => 0.2)) $$),
		('tree', $$ SELECT train_classifier_from('SELECT bought, age, city, since, taste FROM customers %s', 'bought', tree()) $$),
		('forest', $$ SELECT train_regressor_from('SELECT spent, age, city, since, taste FROM customers %s', 'spent', forest(trees => 10)) $$),
		('boosting', $$ SELECT train_classifier_from('SELECT bought, age, city, since, taste FROM customers %s', 'bought', boosting(trees => 20, rows => 0.7, columns => 0.7, validation => 0.1)) $$),
		('bayes', $$ SELECT train_classifier_from('SELECT bought, age, city, since, taste FROM customers %s', 'bought', bayes(calibration => 'platt')) $$),
		('bayes_net', $$ SELECT train_classifier_from('SELECT bought, age, city, since FROM customers %s', 'bought', bayes_net()) $$),
		('knn', $$ SELECT train_classifier_from('SELECT bought, age, city, since, taste FROM customers %s', 'bought', knn(importance => false)) $$),
		('stack', $$ SELECT train_classifier_from('SELECT bought, age, city, since, taste FROM customers %s', 'bought', stack(ARRAY[boosting(trees => 5), tree(), bayes()], folds => 2)) $$),
		('svd', $$ SELECT train_recommender_from('SELECT u, item, rating FROM ratings %s', svd(factors => 8, epochs => 5)) $$),
		('implicit', $$ SELECT train_recommender_from('SELECT u, item FROM ratings %s', svd(factors => 8, epochs => 5)) $$),
		('itemsets', $$ SELECT train_rules_from('SELECT u, item FROM ratings %s', itemsets(min_count => 5, max_length => 2)) $$);
	SELECT shopper.create_model('buyers', 'classifier', 'SELECT id, bought, age, city FROM customers', 'bought', tree(), 'id');
	CALL shopper.train('buyers');
	CREATE TABLE models (name text, note text DEFAULT '', m bytea);
	CREATE FUNCTION train(wanted text, tail text) RETURNS bytea LANGUAGE plpgsql AS $$
	DECLARE
		model bytea;
	BEGIN
		EXECUTE (SELECT format(query, tail) FROM queries WHERE name = wanted) INTO model;
		RETURN model;
	END $$;
	INSERT INTO models (name, m) SELECT name, train(name, '') FROM queries;
	-- Every answer with all its digits, in one line.
	CREATE VIEW answers AS
	SELECT md5(string_agg(answer, ',' ORDER BY answer COLLATE "C")) AS answer FROM (
		SELECT name || id || predict_purchase(m, c) AS answer FROM models, customers c WHERE name IN ('logistic', 'mlp')
		UNION ALL SELECT name || id || predict_purchase(m, c) FROM models, customers c WHERE name IN ('tree', 'boosting', 'bayes', 'bayes_net', 'stack', 'knn') AND id % 20 = 0
		UNION ALL SELECT name || id || predict_value(m, c) FROM models, customers c WHERE name IN ('linear', 'forest')
		UNION ALL SELECT name || u || item || predict_rating(m, u, item) FROM models, ratings WHERE name IN ('svd', 'implicit')
		UNION ALL SELECT name || s.* FROM models, LATERAL (SELECT r::text FROM svd_recommend(m, 17::bigint, item_type => NULL::text) r) s WHERE name IN ('svd', 'implicit')
		UNION ALL SELECT 'buyers' || id || predict_purchase('buyers', c) FROM customers c
		UNION ALL SELECT name || r FROM models, assoc_rules(m, max_rules => 500) r WHERE name = 'itemsets'
		UNION ALL SELECT name || r FROM models, assoc_recommend(m, ARRAY['item 1', 'item 17']) r WHERE name = 'itemsets') s;
SQL
answers=$(ask -c 'SELECT answer FROM answers')
bytes=$(ask -c "SELECT md5(string_agg(md5(m), ',' ORDER BY name)) FROM models")
all_bytes="SELECT md5(string_agg(md5(train(name, :'tail')), ',' ORDER BY name)) FROM queries"
parallel="SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0; SET max_parallel_workers_per_gather = 2;"
forced=$(ask -c "SELECT format('SET %I = on;', name) FROM pg_settings WHERE name IN ('force_parallel_mode', 'debug_parallel_query')")

# ---- the same bytes ----
for threads in 1 2 3; do
	same "the same bytes by $threads threads" "$bytes" "$(ask -v tail= <<<"SET pg_shopper.max_threads = $threads; $all_bytes")"
done
same 'the same bytes from shuffled rows' "$bytes" "$(ask -v tail='ORDER BY place' <<<"$all_bytes")"
same 'the same bytes from a parallel scan' "$bytes" "$(ask -v tail='WHERE place >= 0' <<<"$parallel $all_bytes")"
same 'a parallel scan it is' t "$(ask <<<"$parallel EXPLAIN SELECT bought, age, city, since, taste FROM customers WHERE place >= 0" | grep -q Gather && echo t)"

# Aggregates of plain columns add up in the order of the scan and across workers: equal but for rounding.
ask <<-'SQL'
	CREATE TABLE sums AS SELECT train_linear(spent, x) AS lin, train_naive_bayes(bought, x) AS nb FROM customers, LATERAL (SELECT ARRAY[age, taste[1], taste[2]]::float8[] AS x) v;
	CREATE VIEW shuffled AS SELECT * FROM customers ORDER BY place;
	CREATE FUNCTION strays(lin bytea, nb bytea) RETURNS boolean LANGUAGE sql PARALLEL SAFE AS $$
		SELECT max(abs(predict_value_array(lin, x) / predict_value_array(s.lin, x) - 1)) > 1e-12 OR max(abs(predict_purchase_array(nb, x) - predict_purchase_array(s.nb, x))) > 1e-12
		FROM sums s, customers, LATERAL (SELECT ARRAY[age, taste[1], taste[2]]::float8[] AS x) v $$;
SQL
sums="SELECT strays(train_linear(spent, ARRAY[age, taste[1], taste[2]]::float8[]), train_naive_bayes(bought, ARRAY[age, taste[1], taste[2]]::float8[])) FROM"
same 'sums over shuffled rows' f "$(ask <<<"$sums shuffled")"
same 'sums in a parallel plan' f "$(ask <<<"$parallel $sums customers")"
same 'workers add up' t "$(ask <<<"$parallel EXPLAIN (COSTS off) $sums customers" | grep -q 'Partial Aggregate' && echo t)"

# ---- the same answers ----
same 'in a forced parallel plan' "$answers" "$(ask <<<"$parallel $forced SELECT answer FROM answers")"
same 'workers score' t "$(ask <<<"$parallel EXPLAIN (COSTS off) SELECT sum(predict_purchase((SELECT m FROM models WHERE name = 'mlp'), c)) FROM customers c" | grep -q 'Partial Aggregate' && echo t)"
same 'workers and leader agree' t "$(ask <<<"CREATE TEMP TABLE alone AS SELECT count(*) n FROM customers c WHERE predict_purchase((SELECT m FROM models WHERE name = 'mlp'), c) > 0.5;
	$parallel SELECT n = (SELECT count(*) FROM customers c WHERE predict_purchase((SELECT m FROM models WHERE name = 'mlp'), c) > 0.5) FROM alone")"
for storage in EXTERNAL EXTENDED MAIN; do
	same "stored $storage" "$answers" "$(ask <<<"ALTER TABLE models ALTER m SET STORAGE $storage; UPDATE models SET m = m || ''::bytea, note = '$storage'; SELECT answer FROM answers")"
done
same 'one session, the model replaced and put back' "t|t" "$(ask <<<"BEGIN; SELECT answer AS before FROM answers \\gset
	UPDATE models SET m = (SELECT o.m FROM models o WHERE o.name = 'mlp') WHERE name = 'logistic';
	SELECT answer AS between FROM answers \\gset
	ROLLBACK;
	SELECT :'before' <> :'between', :'before' = answer FROM answers")"

# ---- elsewhere ----
psql -X -q -d postgres -c 'CREATE DATABASE copy'
pg_dump shop | psql -X -q -v ON_ERROR_STOP=1 -d copy >/dev/null
same 'the same bytes after a dump' "$bytes" "$(ask -d copy -c "SELECT md5(string_agg(md5(m), ',' ORDER BY name)) FROM models")"
same 'the same answers after a dump' "$answers" "$(ask -d copy -c 'SELECT answer FROM answers')"
ask -d empty -c 'CREATE EXTENSION pg_shopper' -c 'CREATE TABLE given (m bytea)'
ask -c "COPY (SELECT m FROM models WHERE name = 'mlp') TO STDOUT (FORMAT binary)" | ask -d empty -c 'COPY given FROM STDIN (FORMAT binary)'
one="SELECT predict_purchase(m, v) FROM %s, (SELECT 33 AS age, 'city 3' AS city, date '2024-05-05' AS since, ARRAY[0.5, 0.25]::float8[] AS taste) v"
same 'a model alone in another database' "$(ask -c "$(printf "$one" "(SELECT m FROM models WHERE name = 'mlp') s")")" "$(ask -d empty -c "$(printf "$one" given)")"

# ---- sessions that end while they train ----
long="SELECT train_classifier_from('SELECT bought, age, city, since, taste FROM customers', 'bought', mlp(epochs => 100000))"
pid_of="SELECT pid FROM pg_stat_activity WHERE application_name = 'victim'"
start_victim() {
	PGAPPNAME=victim ask -c "$long" >"$home/victim.log" 2>&1 &
	for _ in $(seq 100); do
		[ -z "$(ask -c "$pid_of AND state = 'active' AND clock_timestamp() - query_start > '0.3 s'")" ] || return 0
		sleep 0.05
	done
}
start_victim
ask -c "SELECT pg_terminate_backend(pid) FROM ($pid_of) s" >/dev/null
wait $! || true
same 'a terminated training says so' t "$(grep -q 'terminating connection' "$home/victim.log" && echo t)"
same 'and leaves no temporary file' 0 "$(ask -c 'SELECT count(*) FROM pg_ls_tmpdir()')"
same 'and no session' 0 "$(ask -c "SELECT count(*) FROM ($pid_of) s")"

# ---- hot standby ----
as_server pg_basebackup -D "$home/standby" -R -X stream -c fast -U tester >/dev/null
as_server mkdir "$home/socket2"
as_server pg_ctl -D "$home/standby" -l "$home/standby.log" -w -o "-c fsync=off -k $home/socket2" start >/dev/null
ask -c "INSERT INTO models (name, m) SELECT 'logistic', m FROM models WHERE name = 'logistic'"
moved=$(ask -c 'SELECT answer FROM answers')
for _ in $(seq 100); do
	[ "$(ask -h "$home/socket2" -c 'SELECT count(*) = (SELECT count(*) FROM queries) FROM models')" = t ] || break
	sleep 0.1
done
same 'a standby it is' t "$(ask -h "$home/socket2" -c 'SELECT pg_is_in_recovery()')"
same 'on a standby' "$moved" "$(ask -h "$home/socket2" -c 'SELECT answer FROM answers')"
same 'trained on a standby' "$bytes" "$(ask -h "$home/socket2" -v tail= <<<"$all_bytes")"
as_server pg_ctl -D "$home/standby" -m immediate stop >/dev/null

# ---- restart and crash ----
as_server pg_ctl -D "$home/data" -m fast -w restart -l "$home/log" >/dev/null
same 'after a restart' "$moved" "$(ask -c 'SELECT answer FROM answers')"
ready='ready to accept connections'
before=$(grep -c "$ready" "$home/log")
start_victim
kill -9 "$(ask -c "$pid_of")"
wait $! || true
for _ in $(seq 100); do	# a moment passes before the server notices: asking it would prove nothing
	[ "$(grep -c "$ready" "$home/log")" -le "$before" ] || break
	sleep 0.1
done
same 'after a crash in a training' "$moved" "$(ask -c 'SELECT answer FROM answers')"
exit $failed
