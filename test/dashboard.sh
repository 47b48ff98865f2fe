#!/usr/bin/env bash
# The example dashboard: test/dashboard.sh check runs each of its queries as the role that looks
# at it; test/dashboard.sh serve [PORT] builds the pages (npm, Node.js 18 or newer) and serves them.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
sources=examples/dashboard/sources/shop
psql -X -q -d postgres -c 'DROP DATABASE IF EXISTS dashboard' -c 'CREATE DATABASE dashboard' 2>/dev/null
export PGDATABASE=dashboard
PGOPTIONS='-c client_min_messages=warning' psql -X -q -v ON_ERROR_STOP=1 -f examples/dashboard/shop.sql >/dev/null
case ${1:-} in
	check)
		for file in "$sources"/*.sql; do
			rows=$(PGUSER=dashboard psql -X -q -A -t -v ON_ERROR_STOP=1 -c "SELECT count(*) FROM ($(cat "$file")) q")
			[ "$rows" -gt 0 ] || { echo "dashboard: $file: no rows" >&2; exit 1; }
		done
		! PGUSER=dashboard psql -X -q -c 'TABLE shop.customers' >/dev/null 2>&1 || { echo "dashboard: the reader sees tables of the shop" >&2; exit 1; }
		! PGUSER=dashboard psql -X -q -c 'TABLE shopper.versions' >/dev/null 2>&1 || { echo "dashboard: the reader sees tables of the registry" >&2; exit 1; }
		echo "dashboard: $(ls "$sources"/*.sql | wc -l) queries as the reader: ok"
		;;
	build | serve)
		command -v npm >/dev/null || test/setup nodejs npm
		export EVIDENCE_SOURCE__shop__host=$PGHOST EVIDENCE_SOURCE__shop__port=$PGPORT EVIDENCE_SOURCE__shop__database=dashboard EVIDENCE_SOURCE__shop__user=dashboard
		cd examples/dashboard
		npm install --no-audit --no-fund --loglevel=error
		npm run sources
		npm run build
		[ "$1" = build ] || NO_UPDATE_CHECK=1 exec npm run preview -- --listen "${2:-3000}"
		;;
	*) sed -n '2,3s/^# //p' "$0"; exit 2 ;;
esac
