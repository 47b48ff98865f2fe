#!/usr/bin/env bash
# kmeans() and dbscan() against scikit-learn on the same rows, inside the throw-away cluster:
#   test/cluster run test/bench/segments.sh [ROUNDS]
# PYTHON names an interpreter with scikit-learn, pandas and psycopg2 (default: the one of test/bench/run).
set -eu
cd "$(dirname "$0")/../.."
python=${PYTHON:-${SHOPPER_BENCH_VENV:-/tmp/shopper-bench}/bin/python}
psql -X -q -d postgres -c 'CREATE DATABASE bench' 2>/dev/null || true
export PGDATABASE=bench
psql -X -q -c 'SET client_min_messages = warning' -c 'DROP EXTENSION IF EXISTS pg_shopper CASCADE' -c 'CREATE EXTENSION pg_shopper'
[ "$(psql -XAtc "SELECT to_regclass('bench.customers') IS NOT NULL")" = t ] || psql -X -q <<-'SQL'
	CREATE SCHEMA IF NOT EXISTS bench;
	SELECT setseed(0.44) \g /dev/null
	-- eight groups of unequal sizes and spreads
	CREATE TABLE bench.customers AS
	SELECT i AS id, r.*
	FROM (SELECT i, floor(8 * power(random(), 1.3))::int AS g FROM generate_series(1, 1000000) i) c,
	LATERAL (SELECT 5 * sin(g * 1.7 + 1) + (0.6 + 0.1 * g) * n[1] AS x1, 5 * cos(g * 2.3) + (0.6 + 0.1 * g) * n[2] AS x2,
	                5 * sin(g * 3.1 + 2) + (0.6 + 0.1 * g) * n[3] AS x3, 5 * cos(g * 0.9 + 1) + (0.6 + 0.1 * g) * n[4] AS x4,
	                4 * sin(g * 5.3) + (0.8 + 0.1 * g) * n[5] AS x5, 4 * cos(g * 4.1 + 3) + (0.8 + 0.1 * g) * n[6] AS x6,
	                n[7] AS x7, 1.5 * n[8] AS x8
	         FROM (SELECT array_agg(sqrt(-2 * ln(1 - random())) * cos(2 * pi() * random())) AS n FROM generate_series(1, 8) j WHERE i > 0) t) r;
	VACUUM ANALYZE bench.customers;
SQL
uptime
"$python" test/bench/segments_peer.py "${1:-3}"
uptime
