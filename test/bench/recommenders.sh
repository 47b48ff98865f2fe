#!/usr/bin/env bash
# recommenders.sh: als, item_knn, nmf, ease and svd(method => 'truncated') against implicit, scikit-learn, numpy and LAPACK.
#
# usage: test/cluster run test/bench/recommenders.sh [JOB ...]     (jobs: the functions of recommenders.py; ROUNDS=3)
#
# 1,000,000 ratings of 50,000 users and 5,000 items; peers come from PyPI into a throw-away environment.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
venv=${SHOPPER_BENCH_VENV:-/tmp/shopper-recommenders}
[ -x "$venv/bin/python" ] || python3 -m venv "$venv"
"$venv/bin/pip" install -q numpy scipy scikit-learn implicit psycopg2-binary
export PGDATABASE=bench_recommenders
psql -X -q -d postgres -c "CREATE DATABASE $PGDATABASE" 2>/dev/null || true
psql -X -q -c 'SET client_min_messages = error' -c 'DROP EXTENSION IF EXISTS pg_shopper CASCADE' -c 'CREATE EXTENSION pg_shopper'
if [ "$(psql -XAtc "SELECT to_regclass('bench_ratings') IS NOT NULL")" != t ]; then
	data=$(mktemp)
	"$venv/bin/python" test/bench/svd_peer.py data "$data"
	psql -X -q -c 'CREATE TABLE bench_ratings(u int, i int, r real, test boolean)' -c "\\copy bench_ratings FROM '$data' CSV" -c 'VACUUM ANALYZE bench_ratings'
	rm "$data"
fi
exec "$venv/bin/python" test/bench/recommenders.py "$@"
