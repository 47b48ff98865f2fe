#!/usr/bin/env bash
# The reference from the comments and catalogs of the installed extension.
# Usage: test/cluster run doc/reference.sh write|check
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
psql -X -q -d postgres -c 'DROP DATABASE IF EXISTS reference' -c 'CREATE DATABASE reference' 2>/dev/null
mkdir -p build
psql -X -q -d reference -f doc/reference.sql >build/reference.md
case ${1:-} in
	write) cp build/reference.md doc/reference.md ;;
	check)
		diff -u doc/reference.md build/reference.md || { echo 'doc/reference.md is out of date: make doc' >&2; exit 1; }
		echo 'doc: reference.md is up to date'
		;;
	*) sed -n '3s/^# //p' "$0"; exit 2 ;;
esac
