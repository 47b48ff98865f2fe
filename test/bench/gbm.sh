#!/usr/bin/env bash
# boosting() through SQL against Python with LightGBM, XGBoost, shap and optuna, inside the throw-away cluster:
#   test/cluster run test/bench/gbm.sh [JOB ...]     jobs: train score explain tune memory (default: all)
# TABLE: bench.sessions of rows.sql, or another table of the same columns. Peers come from PyPI into a throw-away environment.
set -eu
cd "$(dirname "$0")/../.."
venv=${SHOPPER_BENCH_VENV:-/tmp/shopper-bench}
[ -x "$venv/bin/python" ] || python3 -m venv "$venv"
"$venv/bin/python" -c 'import lightgbm, xgboost, shap, optuna, adbc_driver_postgresql, pyarrow, psycopg2, pandas, sklearn' 2>/dev/null ||
	"$venv/bin/pip" install -q lightgbm xgboost shap optuna adbc-driver-postgresql pyarrow psycopg2-binary pandas scikit-learn
if [ -z "${TABLE:-}" ]; then
	psql -X -q -d postgres -c 'CREATE DATABASE bench' 2>/dev/null || true
	export PGDATABASE=bench
	[ "$(psql -XAtc "SELECT to_regclass('bench.sessions') IS NOT NULL")" = t ] || psql -X -q -f test/bench/rows.sql >/dev/null
fi
psql -X -q -c 'SET client_min_messages = warning' -c 'DROP EXTENSION IF EXISTS pg_shopper CASCADE' -c 'CREATE EXTENSION pg_shopper'
[ $# -gt 0 ] || set -- train score explain tune memory
for job; do
	echo "== $job"
	uptime
	OMP_WAIT_POLICY=passive "$venv/bin/python" test/bench/gbm.py "$job"
done
