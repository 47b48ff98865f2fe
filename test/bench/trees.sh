#!/usr/bin/env bash
# tree() and forest() against scikit-learn on the same rows, inside the throw-away cluster:
#   test/cluster run test/bench/trees.sh [ROWS]
# ROWS: 100000, or 1000000 (minutes of waiting for the peer's forest). PYTHON names an
# interpreter with scikit-learn, pandas and psycopg2 (default: the one of test/bench/run).
set -eu
cd "$(dirname "$0")/../.."
python=${PYTHON:-${SHOPPER_BENCH_VENV:-/tmp/shopper-bench}/bin/python}
psql -X -q -d postgres -c 'CREATE DATABASE bench' 2>/dev/null || true
export PGDATABASE=bench
psql -X -q -c 'SET client_min_messages = warning' -c 'DROP EXTENSION IF EXISTS pg_shopper CASCADE' -c 'CREATE EXTENSION pg_shopper'
[ "$(psql -XAtc "SELECT to_regclass('bench.sessions') IS NOT NULL")" = t ] || psql -X -q -f test/bench/rows.sql >/dev/null
uptime
"$python" test/bench/trees_peer.py "${1:-100000}"
uptime
