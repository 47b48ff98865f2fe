#!/usr/bin/env bash
# Retraining by pg_cron, which really runs it: over the socket, then by background workers. In a
# cluster of its own, which it removes.
# Usage: test/schedule.sh [TIME]   (by default @reboot, which pg_cron runs when the server starts;
# '* * * * *' waits for the next full minutes)
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. test/own_cluster.sh
at=${1:-@reboot}
lent=()
finish() {
	test/cluster stop
	[ ${#lent[@]} -eq 0 ] || rm -f "${lent[@]}" 2>/dev/null || sudo rm -f "${lent[@]}"
}
trap finish EXIT

quiet='SET client_min_messages = error;'
wait_for() { # query, seconds
	for _ in $(seq $(($2 * 5))); do
		[ "$(ask -c "$1")" != t ] || return 0
		sleep 0.2
	done
}
restart_with() { # settings
	as_server tee -a "$home/data/postgresql.conf" >/dev/null <<<"$1"
	as_server pg_ctl -D "$home/data" -l "$home/log" -m fast -w restart >/dev/null
}

# A server of one's own has no pg_cron; Debian's, for the same version, is lent to it.
lend() { # directory of Debian's server, directory, files
	local file as_root=()
	[ -w "$2" ] || as_root=(sudo)
	for file in "$1"/$3; do
		[ -e "$2/${file##*/}" ] || { "${as_root[@]}" cp "$file" "$2/" && lent+=("$2/${file##*/}"); }
	done
}
debian=/usr/lib/postgresql/${PG_MAJOR:-15}/bin/pg_config
if [ ! -e "$("$PG_CONFIG" --pkglibdir)/pg_cron.so" ] && [ "$("$PG_CONFIG" --version)" = "$("$debian" --version)" ]; then
	lend "$("$debian" --pkglibdir)" "$("$PG_CONFIG" --pkglibdir)" pg_cron.so
	lend "$("$debian" --sharedir)/extension" "$("$PG_CONFIG" --sharedir)/extension" 'pg_cron*'
fi

# ---- without pg_cron ----
test/cluster start
psql -X -q -d postgres -c 'CREATE DATABASE shop' -c 'CREATE DATABASE elsewhere'
ask >/dev/null <<-'SQL'
	SET client_min_messages = error;
	CREATE EXTENSION pg_shopper;
	CREATE ROLE analyst LOGIN;
	CREATE ROLE other LOGIN;
	CREATE ROLE team NOLOGIN;
	CREATE ROLE member LOGIN IN ROLE team, analyst;
	CREATE ROLE guest LOGIN;
	SELECT shopper.grant_analyst(r) FROM unnest('{analyst,other,team,member,guest}'::regrole[]) r;
	CREATE TABLE visits AS SELECT i AS id, sin(i) > 0.2 AS bought, 20 + i % 60 AS age FROM generate_series(1, 2000) i;
	GRANT SELECT ON visits TO PUBLIC;
	SELECT shopper.create_model('root', 'classifier', 'SELECT * FROM visits', 'bought', tree(), 'id');
	SET ROLE analyst;
	SELECT shopper.create_model(name, 'classifier', 'SELECT * FROM visits', 'bought', tree(), 'id')
	FROM unnest(ARRAY['buyers', 'O''Brien''s \ model', 'busy', 'dropped', repeat('n', 63)]) name;
	SET ROLE team;
	SELECT shopper.create_model('ours', 'classifier', 'SELECT * FROM visits', 'bought', tree(), 'id');
	SET ROLE guest;
	SELECT shopper.create_model('uninvited', 'classifier', 'SELECT * FROM visits', 'bought', tree(), 'id');
SQL
says 'without pg_cron: an error' 'pg_cron is not installed in database "shop"' ask -c "SELECT shopper.schedule('root', '0 3 * * *')"
says 'and what to do' "cron.database_name = 'shop'" ask -c "SELECT shopper.unschedule('root')"
says 'any scheduler will do' "CALL shopper.retrain_due('root')" ask -c "SELECT shopper.schedule('root', '0 3 * * *')"
same 'no schedules' 0 "$(as analyst -c 'SELECT count(*) FROM shopper.schedules')"
ask -c "SELECT shopper.drop_model('root')" >/dev/null

# ---- over the socket ----
restart_with "shared_preload_libraries = 'pg_cron'
cron.database_name = 'shop'
cron.host = '$home/socket'
max_prepared_transactions = 2"
says 'loaded, not created' 'CREATE EXTENSION pg_cron.' ask -c "SELECT shopper.schedule('*', '0 3 * * *')"
ask -c 'CREATE EXTENSION pg_cron' -c 'GRANT USAGE ON SCHEMA cron TO analyst, other, team, member'
ask -d elsewhere -c 'SET client_min_messages = error' -c 'CREATE EXTENSION pg_shopper' \
	-c "SELECT shopper.create_model('far', 'clusters', 'SELECT 1 AS x')" >/dev/null
says 'in another database: where it is' 'cron.database_name (shop)' ask -d elsewhere -c "SELECT shopper.schedule('far', '0 3 * * *')"
says 'for ordinary roles too' 'cron.schedule_in_database' as other -d elsewhere -c "SELECT shopper.schedule('*', '0 3 * * *')"

as analyst -c 'SET client_min_messages = error' -c "SELECT shopper.schedule(name, '$at') FROM shopper.models WHERE owner = 'analyst' AND name <> 'dropped'" >/dev/null
says 'it says when the model is due' 'if it is due then: 7 days old' as analyst -c "SELECT shopper.schedule('buyers', '$at')"
same 'a schedule for each' '4|4' "$(as analyst -c 'SELECT count(*), count(DISTINCT job_id) FROM shopper.schedules')"
same 'with its name and its role' "O'Brien's \\ model|$at|analyst|t" "$(as analyst -c "SELECT name, cron, run_as, active FROM shopper.schedules WHERE name LIKE 'O%'")"
same 'names of 63 bytes' 63 "$(as analyst -c 'SELECT max(length(name)) FROM shopper.schedules')"
same 'others do not see it' 0 "$(as other -c 'SELECT count(*) FROM shopper.schedules')"
says 'no right to pg_cron, no schedules' 'permission denied for schema cron' as guest -c 'SELECT * FROM shopper.schedules'

says 'a role without login: an error' 'role "team" may not log in, so pg_cron cannot run its jobs' ask -c 'SET ROLE team' -c "SELECT shopper.schedule('ours', '* * * * *')"
says 'and what to do' 'ALTER ROLE team LOGIN' ask -c 'SET ROLE team' -c "SELECT shopper.schedule('*', '* * * * *')"
says 'a member of the owning role' 'model "ours" must be trained by its owner' as member -c "SELECT shopper.schedule('ours', '* * * * *')"
says 'no right to pg_cron' 'GRANT USAGE ON SCHEMA cron TO guest' as guest -c "SELECT shopper.schedule('uninvited', '* * * * *')"
says 'the model of another' 'must be owner of model "buyers"' as other -c "SELECT shopper.schedule('buyers', '* * * * *')"
says 'no such model' 'there is no model "none"' as analyst -c "SELECT shopper.schedule('none', '* * * * *')"
says 'a wrong time' 'invalid schedule: every day' as analyst -c "SELECT shopper.schedule('buyers', 'every day')"
says 'no time' 'the time must not be null' as analyst -c "SELECT shopper.schedule('buyers', NULL)"
says 'never due' 'is never due once it is trained' as analyst -c 'BEGIN' -c "UPDATE shopper.models SET max_age = NULL WHERE name = 'buyers'" -c "SELECT shopper.schedule('buyers', '0 3 * * *')" -c 'ROLLBACK'
same 'another time, the same job' '1|0 4 * * *' "$(as analyst <<<"$quiet SELECT shopper.schedule('dropped', '0 3 * * *') = shopper.schedule('dropped', '0 4 * * *') \\g /dev/null
	SELECT count(*), min(cron) FROM shopper.schedules WHERE name = 'dropped'")"
ask -c "UPDATE cron.job SET active = false WHERE jobname = 'shopper dropped'"
same 'switched off, scheduled again' 't' "$(as analyst <<<"$quiet SELECT shopper.schedule('dropped', '0 4 * * *') \\g /dev/null
	SELECT active FROM shopper.schedules WHERE name = 'dropped'")"
same 'in a transaction that is undone' '4|5' "$(as analyst <<<"BEGIN; SELECT shopper.unschedule('dropped') \\g /dev/null
	SELECT count(*) AS inside FROM shopper.schedules \\gset
	ROLLBACK; SELECT :inside, count(*) FROM shopper.schedules")"
as analyst -c "SELECT shopper.drop_model('dropped')" >/dev/null
same 'a dropped model leaves no job' 0 "$(ask -c "SELECT count(*) FROM cron.job WHERE command LIKE '%dropped%'")"
says 'dropped by a member: it says so' 'may be left in pg_cron' as member -c "BEGIN; SELECT shopper.drop_model('buyers'); ROLLBACK"
same 'dropped by a superuser: gone' 3 "$(ask <<<"BEGIN; SELECT shopper.drop_model('buyers') \\g /dev/null
	SELECT count(*) FROM cron.job; ROLLBACK")"
same 'all of a role' "*|CALL shopper.retrain_due()" "$(as other <<<"SELECT shopper.schedule('*', '0 3 * * *') \\g /dev/null
	SELECT name, command FROM shopper.schedules")"
same 'unschedule' '{t,f}' "$(as other -c "SELECT array[shopper.unschedule('*'), shopper.unschedule('*')]")"
same 'jobs of others stay' f "$(as other -c "SELECT shopper.unschedule('buyers')")"

# Another session trains it: runs are left out as long as the lock is held (by a prepared transaction: over the restart).
ask >/dev/null <<<"BEGIN; SELECT pg_advisory_xact_lock(shopper.lock_class(), lock_number) FROM shopper.models WHERE name = 'busy'; PREPARE TRANSACTION 'busy'"
[ "$at" != @reboot ] || restart_with ''
done_jobs="SELECT count(DISTINCT j.jobid) = 4 FROM cron.job_run_details d JOIN cron.job j USING (jobid) WHERE d.status IN ('succeeded', 'failed')"
wait_for "$done_jobs" 75
same 'all jobs ran and succeeded' '4|succeeded' "$(ask -c "SELECT count(DISTINCT jobid), string_agg(DISTINCT coalesce(nullif(status, 'failed'), return_message), ', ') FROM cron.job_run_details")"
same 'their models are live' 3 "$(ask -c "SELECT count(*) FROM shopper.model_list WHERE state = 'live' AND owner = 'analyst'")"
same 'as their owner' 'analyst|promoted' "$(ask -c 'SELECT DISTINCT run_by, state FROM shopper.model_runs')"
same 'one that another session trains is left out' 0 "$(ask -c "SELECT count(*) FROM shopper.model_runs WHERE name = 'busy'")"
ask -c "ROLLBACK PREPARED 'busy'"

# ---- by background workers, which run one after another ----
ask -c 'TRUNCATE cron.job_run_details'
restart_with 'cron.use_background_workers = on
cron.enable_superuser_jobs = off'
says 'superusers where they are not wanted' 'Make and schedule the model as an ordinary role' ask -c "SELECT shopper.schedule('*', '* * * * *')"
wait_for "$done_jobs" 75
same 'all jobs ran again' '4|succeeded' "$(ask -c "SELECT count(DISTINCT jobid), string_agg(DISTINCT coalesce(nullif(status, 'failed'), return_message), ', ') FROM cron.job_run_details")"
same 'the one that was left out is live' 'promoted' "$(ask -c "SELECT state FROM shopper.model_runs WHERE name = 'busy'")"
same 'the others were not due' 4 "$(ask -c 'SELECT count(*) FROM shopper.model_runs')"

# ---- without either extension the other one works ----
ask -c 'DROP EXTENSION pg_cron'
same 'pg_cron dropped: no schedules' 0 "$(as analyst -c 'SELECT count(*) FROM shopper.schedules')"
same 'a model is dropped without it' 3 "$(as analyst <<<"SELECT shopper.drop_model('busy') \\g /dev/null
	SELECT count(*) FROM shopper.models WHERE owner = 'analyst'")"
exit $failed
