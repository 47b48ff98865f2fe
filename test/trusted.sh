#!/usr/bin/env bash
# A role that is no superuser installs the extension, trains, grants, dumps, restores and updates; and
# nothing that it lays out in its schema is run by the script, which a superuser's rights run. In a
# cluster of its own, which it removes.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. test/own_cluster.sh
trap 'test/cluster stop' EXIT

member="FROM pg_depend d JOIN pg_extension e ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid AND e.extname = 'pg_shopper' AND d.deptype = 'e'"

test/cluster start
psql -X -q -d postgres -c 'CREATE ROLE keeper LOGIN' -c 'CREATE ROLE analyst LOGIN' -c 'CREATE ROLE reader LOGIN' -c 'CREATE ROLE stranger LOGIN'
for database in shop copy trapped; do
	psql -X -q -d postgres -c "CREATE DATABASE $database" -c "GRANT CREATE ON DATABASE $database TO keeper" -c "ALTER DATABASE $database SET client_min_messages = error"
	as keeper -d $database -c 'CREATE SCHEMA mine'
done

# ---- a life without superuser ----
says 'a role that may not create here' 'permission denied to create extension' as stranger -c 'CREATE EXTENSION pg_shopper'
as keeper >/dev/null <<-'SQL'
	CREATE EXTENSION pg_shopper SCHEMA mine;
	GRANT USAGE ON SCHEMA mine TO PUBLIC;
	SELECT shopper.grant_reader('reader'), shopper.grant_analyst('analyst');
	SET search_path = mine;
	CREATE TABLE visits AS SELECT i AS id, sin(i) > 0.2 AS bought, 20 + i % 60 AS age FROM generate_series(1, 2000) i;
	GRANT SELECT ON visits TO analyst;
	SELECT shopper.create_model('buyers', 'classifier', 'SELECT * FROM mine.visits', 'bought', mine.tree(), 'id');
	CALL shopper.train('buyers');
	UPDATE shopper.rfm_segments SET advice = 'call them';
SQL
as analyst >/dev/null -c "SELECT shopper.create_model('theirs', 'classifier', 'SELECT * FROM mine.visits', 'bought', mine.logistic(), 'id')" -c 'CALL shopper.retrain_due()'
same 'it installs, trains and grants' 'buyers,theirs' "$(as reader -c "SELECT string_agg(name, ',' ORDER BY name) FROM shopper.model_list WHERE state = 'live'")"
same 'tables and views are its own' keeper "$(ask -c "SELECT DISTINCT pg_get_userbyid(c.relowner) $member JOIN pg_class c ON d.classid = 'pg_class'::regclass AND c.oid = d.objid WHERE c.relkind <> 'c'")"
same 'what they do is not' tester "$(ask -c "SELECT DISTINCT pg_get_userbyid(p.proowner) $member JOIN pg_proc p ON d.classid = 'pg_proc'::regclass AND p.oid = d.objid")"
says 'so it changes no function' 'must be owner of function' as keeper -c "ALTER FUNCTION shopper.train_version(text) SECURITY DEFINER"
says 'and puts none beside it' 'permission denied for schema shopper' as keeper -c 'CREATE FUNCTION shopper.train_version(name) RETURNS int LANGUAGE sql AS $$ SELECT 1 $$'
says 'others have no rights to its tables' 'permission denied' as stranger -c 'SELECT * FROM shopper.models'
PGUSER=keeper pg_dump shop >"$home/dump"
as keeper -d copy -c 'DROP SCHEMA mine'
as keeper -d copy -f "$home/dump" >/dev/null
answer="SELECT md5(string_agg(mine.predict_purchase(name, v)::text, ',' ORDER BY name, id)), count(DISTINCT name), (SELECT count(*) FROM shopper.versions) FROM mine.visits v, shopper.model_list"
same 'its dump is complete, and restores without superuser' "$(as keeper -c "$answer")" "$(as keeper -d copy -c "$answer")"
same 'with the rights of others' 2 "$(as analyst -d copy -c 'SELECT count(*) FROM shopper.live_models')"
as keeper -c 'DROP EXTENSION pg_shopper'
same 'it removes it' 0 "$(ask -c "SELECT count(*) FROM pg_namespace WHERE nspname = 'shopper'")"

# ---- traps ----
as keeper -d trapped -v schema=mine -f test/upgrade/traps.psql >/dev/null
says 'a trap works' 'a trap was sprung by keeper' as keeper -d trapped -c 'SET search_path = mine' -c 'SELECT 1::float8 >= 0::int2'
same 'the script springs none' 1 "$(as keeper -d trapped -c 'CREATE EXTENSION pg_shopper SCHEMA mine' -c "SELECT count(*) FROM pg_extension WHERE extname = 'pg_shopper'")"
tied=$(ask -d trapped -c "WITH own AS (SELECT d.classid, d.objid $member), trap AS (
		SELECT 'pg_proc'::regclass AS classid, p.oid AS objid FROM pg_proc p WHERE p.pronamespace = 'mine'::regnamespace AND p.oid NOT IN (SELECT objid FROM own)
		UNION ALL SELECT 'pg_operator'::regclass, o.oid FROM pg_operator o WHERE o.oprnamespace = 'mine'::regnamespace)
	SELECT pg_describe_object(d.classid, d.objid, 0) || ' uses ' || pg_describe_object(d.refclassid, d.refobjid, 0)
	FROM pg_depend d JOIN trap t ON t.classid = d.refclassid AND t.objid = d.refobjid
	WHERE (d.classid, d.objid) NOT IN (SELECT classid, objid FROM trap)")
same 'no view, constraint or policy is tied to one' none "${tied:-none}"
exit $failed
