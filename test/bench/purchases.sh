#!/usr/bin/env bash
# purchase_features against plain SQL for the same columns: test/bench/purchases.sh [EVENTS] [ROUNDS]
# Run by test/cluster run test/bench/purchases.sh; the tables are made once.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
events=${1:-10000000} rounds=${2:-3}
psql -X -q -d postgres -c 'CREATE DATABASE bench' 2>/dev/null || true
export PGDATABASE=bench
psql -X -q -v ON_ERROR_STOP=1 -c 'SET client_min_messages = warning' -c 'DROP EXTENSION IF EXISTS pg_shopper CASCADE' -c 'CREATE EXTENSION pg_shopper'
[ "$(psql -XAtc "SELECT COALESCE((SELECT reltuples FROM pg_class WHERE oid = to_regclass('bench.events')), 0) > $events * 0.9")" = t ] ||
	psql -X -q -v ON_ERROR_STOP=1 -v events="$events" -f purchases_events.sql
uptime
psql -X -q -v ON_ERROR_STOP=1 -v rounds="$rounds" -f purchases_features.sql
