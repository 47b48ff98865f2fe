#!/usr/bin/env bash
# isolation_forest() against scikit-learn on the same rows, inside the throw-away cluster:
#   test/cluster run test/bench/anomalies.sh [ROUNDS]
# PYTHON names an interpreter with scikit-learn, pandas and psycopg2 (default: the one of test/bench/run).
set -eu
cd "$(dirname "$0")/../.."
python=${PYTHON:-${SHOPPER_BENCH_VENV:-/tmp/shopper-bench}/bin/python}
psql -X -q -d postgres -c 'CREATE DATABASE bench' 2>/dev/null || true
export PGDATABASE=bench
psql -X -q -c 'SET client_min_messages = warning' -c 'DROP EXTENSION IF EXISTS pg_shopper CASCADE' -c 'CREATE EXTENSION pg_shopper'
[ "$(psql -XAtc "SELECT to_regclass('bench.visitors') IS NOT NULL")" = t ] || psql -X -q <<-'SQL'
	CREATE SCHEMA IF NOT EXISTS bench;
	SELECT setseed(0.44) \g /dev/null
	-- a cloud, and one row in a hundred further out
	CREATE TABLE bench.visitors AS
	SELECT i AS id, i % 100 = 0 AS strange, s * n[1] AS x1, s * (n[2] + n[1]) AS x2, s * n[3] AS x3, s * (n[4] - n[3]) AS x4, s * n[5] AS x5, s * n[6] AS x6, s * n[7] AS x7, s * n[8] AS x8
	FROM (SELECT i, CASE i % 100 WHEN 0 THEN 3 ELSE 1 END AS s FROM generate_series(1, 1000000) i) c,
	LATERAL (SELECT array_agg(sqrt(-2 * ln(1 - random())) * cos(2 * pi() * random())) AS n FROM generate_series(1, 8) j WHERE i > 0) t;
	VACUUM ANALYZE bench.visitors;
SQL
uptime
"$python" test/bench/anomalies_peer.py "${1:-3}"
uptime
