#!/usr/bin/env bash
# Upgrades from each released version: the catalog is that of a fresh installation, views and named
# models of users live on, also through dump and restore. In a cluster of its own, which it removes.
# Usage: test/upgrade.sh write|check
#   write   write the script from the last released version to this one (src/upgrade)
# Released install scripts are test/upgrade/pg_shopper--VERSION.sql.gz.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. test/own_cluster.sh
new=$(sed -n "s/^default_version *= *'\(.*\)'/\1/p" pg_shopper.control)
released=$(ls test/upgrade/pg_shopper--*.sql.gz | sed 's/.*--\(.*\)\.sql\.gz/\1/' | sort -V)
work=build/upgrade
mkdir -p "$work"

# The server finds old install scripts where extensions are, as long as this runs.
extensions=$("$PG_CONFIG" --sharedir)/extension
as_root=()
[ -w "$extensions" ] || as_root=(sudo)
placed=()
place() { # file
	"${as_root[@]}" cp "$1" "$extensions/"
	placed+=("$extensions/${1##*/}")
}
finish() {
	[ ! -s "$home/moved/PG_VERSION" ] || as_server pg_ctl -D "$home/moved" -m immediate stop >/dev/null 2>&1 || true
	test/cluster stop
	[ ${#placed[@]} -eq 0 ] || "${as_root[@]}" rm -f "${placed[@]}"
}
trap finish EXIT

no_difference() { # what, file, file
	if [ -s "$2" ] && diff "$2" "$3" >"$work/difference"; then
		echo "upgrade: ok: $1"
	else
		cut -c1-200 "$work/difference" | head -20
		echo "upgrade: FAILED: $1"
		failed=1
	fi
}
database() { psql -X -q -d postgres -c 'SET client_min_messages = error' -c "DROP DATABASE IF EXISTS $1" -c "CREATE DATABASE $1" -c "ALTER DATABASE $1 SET client_min_messages = error"; }
# Routines that only the old version makes; the schema has a name that is found again.
routines() { # version
	database gone
	ask -d gone -c 'CREATE SCHEMA at_extschema' -c "CREATE EXTENSION pg_shopper SCHEMA at_extschema VERSION '$1'"
	ask -d gone -c "SELECT objid::regprocedure FROM pg_depend WHERE classid = 'pg_proc'::regclass AND deptype = 'e' AND refclassid = 'pg_extension'::regclass
		AND refobjid = (SELECT oid FROM pg_extension WHERE extname = 'pg_shopper')" | sed 's/at_extschema\./@extschema@./g' | LC_ALL=C sort
}
write_script() { # old install script, script by hand, directory
	local from
	from=$(basename "$1" .sql)
	from=${from#*--}
	routines "$from" >"$work/routines.old"
	routines "$new" >"$work/routines.new"
	LC_ALL=C comm -23 "$work/routines.old" "$work/routines.new" >"$work/gone"
	perl src/tools/upgrade.pl "$1" "build/pg_shopper--$new.sql" "$work/gone" "$2" >"$work/script"
	mv "$work/script" "$3/pg_shopper--$from--$new.sql"
}

test/cluster start
for version in $released; do
	if [ "$version" != "$new" ]; then
		gunzip -c "test/upgrade/pg_shopper--$version.sql.gz" >"$work/pg_shopper--$version.sql"
		place "$work/pg_shopper--$version.sql"
		last=$version
	fi
done

case ${1:-} in
	write)
		[ -n "${last:-}" ] || { echo "no version was released before $new"; exit 0; }
		by_hand=src/upgrade/by_hand/$last--$new.sql
		[ -e "$by_hand" ] || by_hand=/dev/null
		write_script "$work/pg_shopper--$last.sql" "$by_hand" src/upgrade
		echo "written: src/upgrade/pg_shopper--$last--$new.sql"
		exit 0
		;;
	check) ;;
	*) sed -n '4s/^# //p' "$0"; exit 2 ;;
esac

psql -X -q -d postgres -c 'CREATE ROLE reader LOGIN' -c 'CREATE ROLE analyst LOGIN'
database fresh
ask -d fresh -c 'CREATE EXTENSION pg_shopper'
ask -d fresh -f test/upgrade/members.sql >"$work/members.fresh"
make_shop() { # version
	database shop
	ask -c "CREATE EXTENSION pg_shopper VERSION '$1'" -f test/upgrade/shop.sql >/dev/null
}

for version in $released; do
	[ "$version" != "$new" ] || continue
	make_shop "$version"
	answers=$(ask -f test/upgrade/answers.sql)
	# a dump of the old version goes into the new one
	pg_dump shop >"$work/old.dump"
	ask -c 'ALTER EXTENSION pg_shopper UPDATE'
	same "$version is updated" "$new" "$(ask -c "SELECT extversion FROM pg_extension WHERE extname = 'pg_shopper'")"
	same "$version: views and named models say the same" "$answers" "$(ask -f test/upgrade/answers.sql)"
	same "$version: models are trained again" 't' "$(ask -c "CALL shopper.train('buyers')" -c "SELECT max(version) = 3 FROM shopper.model_versions WHERE name = 'buyers'")"
	ask -c "SELECT shopper.promote('buyers', 2)" >/dev/null
	same "$version: a reader reads" 't' "$(PGUSER=reader ask -c 'SELECT count(*) > 0 FROM shopper.model_list')"
	same "$version: an analyst predicts" 't' "$(PGUSER=analyst ask -c "SELECT predict_purchase('buyers', v) IS NOT NULL FROM (SELECT 33 AS age, 'city 3' AS city) v")"
	for dump in old new; do
		[ "$dump" = old ] || pg_dump shop >"$work/new.dump"
		database copy
		ask -d copy -f "$work/$dump.dump" >/dev/null
		same "$version: the same from a dump of the $dump version" "$answers" "$(ask -d copy -f test/upgrade/answers.sql)"
		same "$version: and it goes on" 't' "$(ask -d copy -c "CALL shopper.train('buyers')" -c "SELECT max(version) >= 3 FROM shopper.model_versions WHERE name = 'buyers'")"
		same "$version: with its rights" 't|t' "$(PGUSER=reader ask -d copy -c 'SELECT count(*) > 0 FROM shopper.model_list')|$(PGUSER=analyst ask -d copy -c "SELECT shopper.create_model('mine', 'clusters', 'SELECT 1 AS x') = 'mine'")"
	done

	database bare
	ask -d bare -c "CREATE EXTENSION pg_shopper VERSION '$version'" -c 'ALTER EXTENSION pg_shopper UPDATE'
	ask -d bare -f test/upgrade/members.sql >"$work/members.updated"
	no_difference "$version: the catalog is that of a fresh installation (make upgrade)" "$work/members.fresh" "$work/members.updated"
	database tools
	ask -d tools -c 'CREATE SCHEMA "my Tools"' -c "CREATE EXTENSION pg_shopper SCHEMA \"my Tools\" VERSION '$version'" -c 'ALTER EXTENSION pg_shopper UPDATE'
	ask -d tools -f test/upgrade/members.sql | sed 's/\\*"my Tools\\*"\./public./g' | LC_ALL=C sort >"$work/members.tools"
	LC_ALL=C sort "$work/members.fresh" >"$work/members.sorted"
	no_difference "$version: in another schema too" "$work/members.sorted" "$work/members.tools"
done

# ---- what the generator does about each kind of change ----
# A version before the tree got its last option, a view its last column and a table another default.
sed -e '/^CREATE FUNCTION @extschema@.tree(/,/^RETURNS/ { /seed bigint/d }' \
	-e 's/, w.newest_at AS newest_trained_at$//' -e '/^COMMENT ON COLUMN shopper.model_list.newest_trained_at /d' \
	-e 's/maximum_drop float8 NOT NULL DEFAULT 0.01 /maximum_drop float8 NOT NULL DEFAULT 0.5 /' "build/pg_shopper--$new.sql" >"$work/pg_shopper--0.0.1.sql"
place "$work/pg_shopper--0.0.1.sql"
same 'a changed table needs a hand' t "$( (write_script "$work/pg_shopper--0.0.1.sql" /dev/null "$work" 2>&1 || true) | grep -q 'must say how an upgrade comes to: CREATE TABLE shopper.gates' && echo t)"
printf '%s\n' '-- instead of: CREATE TABLE shopper.gates' 'ALTER TABLE shopper.gates ALTER maximum_drop SET DEFAULT 0.01;' >"$work/by_hand"
write_script "$work/pg_shopper--0.0.1.sql" "$work/by_hand" "$work"
place "$work/pg_shopper--0.0.1--$new.sql"
same 'what changed is in the script' 3 "$(grep -cE '^ALTER ROUTINE @extschema@.tree\(|^CREATE OR REPLACE VIEW shopper.model_list|^ALTER TABLE shopper.gates' "$work/pg_shopper--0.0.1--$new.sql")"
make_shop 0.0.1
answers=$(ask -f test/upgrade/answers.sql)
ask <<-'SQL'
	CREATE VIEW "grown Trees" WITH (security_barrier = true) AS SELECT tree(max_depth => 3) AS options, 'it''s' AS word, model_id(train_classifier(v, 'bought', tree(max_depth => 3))) AS id FROM (SELECT bought, age FROM visits) v;
	CREATE VIEW above AS SELECT options ->> 'max_depth' AS depth, word, id FROM "grown Trees";
	GRANT SELECT ON "grown Trees" TO reader;
	CREATE MATERIALIZED VIEW held AS SELECT tree() AS options;
SQL
above=$(ask -c 'SELECT * FROM above')
refusal=$(ask -c 'ALTER EXTENSION pg_shopper UPDATE' 2>&1 || true)
same 'what cannot follow is named' t "$(grep -q 'in use: .*tree(' <<<"$refusal" && grep -q 'materialized view held' <<<"$refusal" && echo t)"
ask -c 'DROP MATERIALIZED VIEW held' -c 'ALTER EXTENSION pg_shopper UPDATE'
same 'a view that calls it follows' "$above|{security_barrier=true}|t" "$(ask -c 'SELECT * FROM above')|$(ask -c "SELECT reloptions, has_table_privilege('reader', oid, 'SELECT') FROM pg_class WHERE relname = 'grown Trees'")"
same 'and stays the user'"'"'s' 0 "$(ask -c "SELECT count(*) FROM pg_depend WHERE deptype = 'e' AND objid = '\"grown Trees\"'::regclass")"
same 'the rest says the same' "$answers" "$(ask -f test/upgrade/answers.sql)"
database bare
ask -d bare -c "CREATE EXTENSION pg_shopper VERSION '0.0.1'" -c 'ALTER EXTENSION pg_shopper UPDATE'
ask -d bare -f test/upgrade/members.sql >"$work/members.updated"
no_difference 'the catalog is that of a fresh installation' "$work/members.fresh" "$work/members.updated"

# ---- without superuser, with traps laid out: nothing of the user runs with the rights of the script ----
psql -X -q -d postgres -c 'CREATE ROLE keeper LOGIN'
database trusting
psql -X -q -d postgres -c 'GRANT CREATE ON DATABASE trusting TO keeper'
export PGUSER=keeper PGDATABASE=trusting
ask -c 'CREATE SCHEMA keepers'
ask -v schema=keepers -f test/upgrade/traps.psql >/dev/null
ask -c "CREATE EXTENSION pg_shopper SCHEMA keepers VERSION '0.0.1'"
ask <<-'SQL'
	SET search_path = keepers;
	CREATE TABLE seen (who name);
	CREATE FUNCTION spy(t text) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN INSERT INTO keepers.seen VALUES (CURRENT_USER); RETURN true; END $$;
	CREATE DOMAIN spied AS text CHECK (keepers.spy(VALUE));
	CREATE TYPE pair AS (a spied, b text);
	CREATE VIEW sly AS SELECT keepers.tree(max_depth => 3) AS options, '(x,y)'::keepers.pair AS p;
	CREATE VIEW slier AS SELECT keepers.tree(max_depth => 3) AS options, '{x}'::keepers.spied[] AS q;
	CREATE VIEW honest AS SELECT keepers.tree(max_depth => 3) AS options, '{x}'::text[] AS q;
	TRUNCATE seen;
SQL
refusal=$(ask -c 'ALTER EXTENSION pg_shopper UPDATE' 2>&1 || true)
same 'literals of types of users are not read' 't|f' "$(grep -q 'view sly ' <<<"$refusal" && grep -q 'view slier ' <<<"$refusal" && echo t)|$(ask -c 'SELECT EXISTS (SELECT FROM keepers.seen)')"
ask -c 'DROP VIEW keepers.sly, keepers.slier'
# with a C function that it owns it could do anything
slip=$(sed -n '/^CREATE OR REPLACE FUNCTION @extschema@.tree(/,/)$/p' "$work/pg_shopper--0.0.1--$new.sql" | sed 's/@extschema@/keepers/')
refusal=$(ask 2>&1 <<<"BEGIN; $slip RETURNS jsonb LANGUAGE sql AS 'SELECT NULL::jsonb';
	SELECT format('ALTER EXTENSION pg_shopper ADD FUNCTION %s', oid::regprocedure) FROM pg_proc WHERE proname = 'tree' AND proowner = 'keeper'::regrole \\gexec
	ALTER EXTENSION pg_shopper UPDATE" || true)
same 'a function that was slipped in is not replaced' t "$(grep -q 'function .*tree(.* must belong to a superuser' <<<"$refusal" && echo t)"
ask -c 'ALTER EXTENSION pg_shopper UPDATE'
same 'the owner updates, with a view' 'f|3' "$(ask -c "SELECT EXISTS (SELECT FROM keepers.seen), options ->> 'max_depth' FROM keepers.honest")"
same 'all tables and views are its own' keeper "$(ask -c "SELECT string_agg(DISTINCT pg_get_userbyid(relowner), ',') FROM pg_class WHERE relnamespace = 'shopper'::regnamespace AND relkind IN ('r', 'v', 'i', 'S')")"
ask -f test/upgrade/members.sql | sed -e 's/keepers\./public./g' -e 's/\bkeeper\b/tester/g' | LC_ALL=C sort >"$work/members.updated"
LC_ALL=C sort "$work/members.fresh" >"$work/members.sorted"
no_difference 'the catalog is that of a fresh installation' "$work/members.sorted" "$work/members.updated"
export PGUSER=tester PGDATABASE=shop

# ---- pg_upgrade takes an old version along, with the new library ----
if [ -n "${last:-}" ]; then
	for database in $(ask -d postgres -c "SELECT datname FROM pg_database WHERE NOT datistemplate AND datname <> 'postgres'"); do
		ask -d postgres -c "DROP DATABASE $database"
	done
	make_shop "$last"
	answers=$(ask -f test/upgrade/answers.sql)
	as_server pg_ctl -D "$home/data" -m fast -w stop >/dev/null
	as_server mkdir "$home/moving"
	as_server initdb -D "$home/moved" -U tester -A trust --locale=C.UTF-8 -E UTF8 -N >/dev/null
	as_server bash -c "cd '$home/moving' && pg_upgrade --no-sync -U tester -b '$("$PG_CONFIG" --bindir)' -B '$("$PG_CONFIG" --bindir)' -d '$home/data' -D '$home/moved' -s '$home/socket'" >"$work/pg_upgrade.log" ||
		{ tail -20 "$work/pg_upgrade.log"; exit 1; }
	as_server pg_ctl -D "$home/moved" -l "$home/log" -w -o "-c fsync=off -c listen_addresses= -k $home/socket" start >/dev/null
	same "$last: the same after pg_upgrade" "$answers|$last" "$(ask -f test/upgrade/answers.sql)|$(ask -c "SELECT extversion FROM pg_extension WHERE extname = 'pg_shopper'")"
	ask -c 'ALTER EXTENSION pg_shopper UPDATE'
	same "$last: and after the update" "$answers" "$(ask -f test/upgrade/answers.sql)"
fi
exit $failed
