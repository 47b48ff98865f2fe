-- Retraining by the clock: a thin cover for pg_cron, when it is there. Any scheduler does, the job is one CALL.
-- pg_cron is found when a function runs, so neither extension needs the other to be installed.

-- The jobs of pg_cron that were made here and that the caller may see: pg_cron shows each role its own.
CREATE FUNCTION shopper.cron_jobs() RETURNS TABLE(job_id bigint, name text, cron text, command text, run_as text, active boolean) LANGUAGE plpgsql STABLE ROWS 20 AS $$
#variable_conflict use_column
BEGIN
	IF EXISTS (SELECT FROM pg_catalog.pg_extension e WHERE e.extname = 'pg_cron') THEN
		RETURN QUERY EXECUTE $query$
			SELECT j.jobid::bigint, CASE WHEN s.given = '' THEN '*'
					WHEN s.given LIKE 'E%' THEN pg_catalog.replace(pg_catalog.replace(pg_catalog.substr(s.given, 3, pg_catalog.length(s.given) - 3), '''''', ''''), '\\', '\')
					ELSE pg_catalog.replace(pg_catalog.substr(s.given, 2, pg_catalog.length(s.given) - 2), '''''', '''') END,
				j.schedule, j.command, j.username::text, j.active
			FROM cron.job j, LATERAL (SELECT pg_catalog.substring(j.command, '^CALL shopper\.retrain_due\((.*)\)$') AS given) s
			WHERE s.given IS NOT NULL AND j.database = pg_catalog.current_database() $query$;
	END IF;
END $$;
COMMENT ON FUNCTION shopper.cron_jobs() IS 'Step of the registry: the jobs in pg_cron that shopper.schedule made; none without pg_cron';

CREATE VIEW shopper.schedules AS SELECT j.name, j.cron, j.job_id, j.command, j.run_as, j.active FROM shopper.cron_jobs() j;
COMMENT ON VIEW shopper.schedules IS 'What shopper.schedule has given to pg_cron: one row per job. Each role sees its own, and needs USAGE on the schema cron; cron.job_run_details tells how the jobs ended';
COMMENT ON COLUMN shopper.schedules.name IS 'The model; *: all models of run_as';
COMMENT ON COLUMN shopper.schedules.cron IS 'When, as pg_cron understands it: minute, hour, day of the month, month, day of the week';
COMMENT ON COLUMN shopper.schedules.job_id IS 'Number of the job, cron.job.jobid';
COMMENT ON COLUMN shopper.schedules.command IS 'What is run';
COMMENT ON COLUMN shopper.schedules.run_as IS 'Role that runs it';
COMMENT ON COLUMN shopper.schedules.active IS 'Whether pg_cron runs it';
GRANT SELECT ON shopper.schedules TO PUBLIC;

CREATE FUNCTION shopper.require_pg_cron(command text) RETURNS void LANGUAGE plpgsql STABLE AS $$
DECLARE
	home text;
BEGIN
	IF NOT EXISTS (SELECT FROM pg_catalog.pg_extension e WHERE e.extname = 'pg_cron') THEN
		BEGIN
			home := pg_catalog.current_setting('cron.database_name', true);
		EXCEPTION WHEN insufficient_privilege THEN
			home := 'its own';	-- it is loaded, and only superusers may see where
		END;
		RAISE undefined_object USING MESSAGE = pg_catalog.format('pg_cron is not installed in database "%s"', pg_catalog.current_database()),
			HINT = CASE WHEN home IS NULL THEN pg_catalog.format('Put pg_cron into shared_preload_libraries, set cron.database_name = ''%s'', restart, CREATE EXTENSION pg_cron. Or let any other scheduler run: %s', pg_catalog.current_database(), command)
				WHEN home = pg_catalog.current_database() THEN 'The server has loaded it: CREATE EXTENSION pg_cron.'
				ELSE pg_catalog.format('pg_cron works in one database, cron.database_name (%s). There a superuser can run: SELECT cron.schedule_in_database(%L, %L, %L, %L, %L)', home,
					'shopper ' || pg_catalog.md5(command), '0 3 * * *', command, pg_catalog.current_database(), CURRENT_USER) END;
	ELSIF NOT pg_catalog.has_schema_privilege('cron', 'USAGE') THEN
		RAISE insufficient_privilege USING MESSAGE = pg_catalog.format('role "%s" may not use pg_cron', CURRENT_USER), HINT = pg_catalog.format('GRANT USAGE ON SCHEMA cron TO %I', CURRENT_USER);
	END IF;
END $$;
COMMENT ON FUNCTION shopper.require_pg_cron(text) IS 'Step of shopper.schedule: an error that says what to do when pg_cron is not there for the caller';

CREATE FUNCTION shopper.retrain_command(model text) RETURNS text LANGUAGE sql STABLE PARALLEL SAFE
AS $$ SELECT CASE WHEN $1 = '*' THEN 'CALL shopper.retrain_due()' ELSE pg_catalog.format('CALL shopper.retrain_due(%L)', $1) END $$;
COMMENT ON FUNCTION shopper.retrain_command(text) IS 'Step of shopper.schedule: what the job runs';

CREATE FUNCTION shopper.schedule(name text, cron text) RETURNS bigint LANGUAGE plpgsql VOLATILE AS $$
#variable_conflict use_variable
DECLARE
	m shopper.models;
	command constant text := shopper.retrain_command(name);
	job text := 'shopper ' || name;
	job_id bigint;
BEGIN
	IF name IS NULL OR cron IS NULL THEN
		RAISE null_value_not_allowed USING MESSAGE = pg_catalog.format('the %s must not be null', CASE WHEN name IS NULL THEN 'name' ELSE 'time' END),
			HINT = CASE WHEN name IS NULL THEN 'The name ''*'' schedules all models of yours.' ELSE 'Minute, hour, day of the month, month, day of the week: ''0 3 * * *'' is every night at three.' END;
	ELSIF name <> '*' THEN
		m := shopper.own_model(name);
	END IF;
	PERFORM shopper.require_pg_cron(command);
	-- pg_cron would take some of these jobs and then fail where nobody looks
	IF NOT (SELECT r.rolcanlogin FROM pg_catalog.pg_roles r WHERE r.rolname = CURRENT_USER) THEN
		RAISE object_not_in_prerequisite_state USING MESSAGE = pg_catalog.format('role "%s" may not log in, so pg_cron cannot run its jobs', CURRENT_USER),
			HINT = pg_catalog.format('ALTER ROLE %I LOGIN', CURRENT_USER) || CASE WHEN name <> '*' THEN ', or make the model as a role that may.' ELSE '.' END;
	ELSIF (SELECT r.rolsuper FROM pg_catalog.pg_roles r WHERE r.rolname = CURRENT_USER) AND pg_catalog.current_setting('cron.enable_superuser_jobs', true) = 'off' THEN
		RAISE insufficient_privilege USING MESSAGE = 'pg_cron runs no jobs of superusers here (cron.enable_superuser_jobs is off)', HINT = 'Make and schedule the model as an ordinary role: shopper.grant_analyst, SET ROLE.';
	END IF;
	-- names of jobs have 63 bytes
	IF pg_catalog.octet_length(job) > 63 THEN
		job := 'shopper ' || pg_catalog.md5(name);
	END IF;
	-- a new time for a job that was switched off would leave it so
	IF EXISTS (SELECT FROM shopper.cron_jobs() j WHERE j.command = command AND j.run_as = CURRENT_USER AND NOT j.active) THEN
		PERFORM shopper.remove_jobs(name);
	END IF;
	IF name <> '*' AND m.max_age IS NULL AND m.min_new_rows IS NULL THEN
		RAISE WARNING USING MESSAGE = pg_catalog.format('model "%s" is never due once it is trained', name), HINT = 'Set max_age or min_new_rows in shopper.models.';
	ELSIF name <> '*' THEN
		RAISE NOTICE '%', pg_catalog.format('at "%s" model "%s" will be trained if it is due then: %s', cron, name,
			pg_catalog.concat_ws(', or ', m.max_age || ' old', m.min_new_rows || ' new rows'));
	END IF;
	EXECUTE 'SELECT cron.schedule($1, $2, $3)' INTO job_id USING job, cron, command;
	RETURN job_id;
END $$;
COMMENT ON FUNCTION shopper.schedule(text, text) IS 'Let pg_cron train a named model of the caller (''*'': all of them) at these times if it is due (shopper.models_due): CALL shopper.retrain_due(name). Called again it changes the time. Returns the number of the job; shopper.schedules shows the jobs';

-- Jobs of a model that the caller may remove: a superuser those of all roles.
CREATE FUNCTION shopper.remove_jobs(name text) RETURNS boolean LANGUAGE plpgsql VOLATILE AS $$
#variable_conflict use_variable
DECLARE
	job bigint;
	found_one boolean := false;
BEGIN
	FOR job IN SELECT j.job_id FROM shopper.cron_jobs() j WHERE j.command = shopper.retrain_command(name) AND (name <> '*' OR j.run_as = CURRENT_USER) LOOP
		EXECUTE 'SELECT cron.unschedule($1)' USING job;
		found_one := true;
	END LOOP;
	RETURN found_one;
END $$;
COMMENT ON FUNCTION shopper.remove_jobs(text) IS 'Step of shopper.unschedule and shopper.drop_model: remove the jobs of a model from pg_cron; whether there were any';

CREATE FUNCTION shopper.unschedule(name text) RETURNS boolean LANGUAGE plpgsql VOLATILE AS $$
BEGIN
	PERFORM shopper.require_pg_cron(shopper.retrain_command($1));
	RETURN coalesce(shopper.remove_jobs($1), false);
END $$;
COMMENT ON FUNCTION shopper.unschedule(text) IS 'Remove what shopper.schedule made; false when there was no such job of the caller';

CREATE FUNCTION shopper.drop_jobs(m shopper.models) RETURNS void LANGUAGE plpgsql VOLATILE AS $$
BEGIN
	IF EXISTS (SELECT FROM pg_catalog.pg_extension e WHERE e.extname = 'pg_cron') AND pg_catalog.has_schema_privilege('cron', 'USAGE') THEN
		PERFORM shopper.remove_jobs(m.name);
		IF m.owner <> CURRENT_USER AND pg_catalog.row_security_active('cron.job') THEN
			RAISE NOTICE USING MESSAGE = pg_catalog.format('jobs of %s for model "%s" are hidden from you and may be left in pg_cron', m.owner, m.name),
				HINT = pg_catalog.format('%s removes them: SELECT shopper.unschedule(%L)', m.owner, m.name);
		END IF;
	END IF;
END $$;
COMMENT ON FUNCTION shopper.drop_jobs(shopper.models) IS 'Step of shopper.drop_model: leave no job behind in pg_cron, or say so';
