-- pg_shopper 0.1.0 to 0.2.0: written by src/tools/upgrade.pl (make upgrade) from both install scripts; do not edit.
\echo Use "ALTER EXTENSION pg_shopper UPDATE" to load this file. \quit

-- ---- new and changed ----

CREATE FUNCTION shopper.own_model(model text) RETURNS shopper.models LANGUAGE plpgsql STABLE AS $$
DECLARE
	m constant shopper.models := shopper.owned_model(model);
BEGIN
	IF m.owner <> CURRENT_USER THEN
		RAISE insufficient_privilege USING MESSAGE = pg_catalog.format('model "%s" must be trained by its owner', model),
			DETAIL = 'Training runs the owner''s query, which must not run with the rights of others.', HINT = pg_catalog.format('SET ROLE %I', m.owner);
	END IF;
	RETURN m;
END $$;
COMMENT ON FUNCTION shopper.own_model(text) IS 'Step of the registry: the definition of a model that belongs to the caller itself; an error otherwise';
CREATE OR REPLACE FUNCTION shopper.train_version(model text) RETURNS shopper.versions LANGUAGE plpgsql VOLATILE AS $$
#variable_conflict use_variable
DECLARE
	m shopper.models := shopper.own_model(model);
	j shopper.jobs;
	gate shopper.gates;
	v shopper.versions;
	champion shopper.versions;
	compared shopper.paired_comparison;
	columns text;
	complaint text;
	positive text;
	at constant timestamptz := pg_catalog.clock_timestamp();
BEGIN
	IF m.retired THEN
		RAISE object_not_in_prerequisite_state USING MESSAGE = pg_catalog.format('model "%s" is retired', model), HINT = 'shopper.promote brings a version back.';
	ELSIF NOT pg_catalog.pg_try_advisory_xact_lock(shopper.lock_class(), m.lock_number) THEN
		RAISE lock_not_available USING MESSAGE = pg_catalog.format('model "%s" is being trained by another session', model), HINT = 'shopper.model_runs shows running trainings.';
	END IF;
	SELECT * INTO STRICT j FROM shopper.jobs d WHERE d.job = m.job;
	SELECT * INTO gate FROM shopper.gates g WHERE g.name = model;
	SELECT c.* INTO champion FROM shopper.live l JOIN shopper.versions c USING (name, version) WHERE l.name = model;

	columns := shopper.read_rows(m, j.pairs);
	EXECUTE pg_catalog.format('SELECT @extschema@.%I(%L%s, options => $1)', j.trainer, pg_catalog.format('SELECT %s FROM pg_temp.shopper_rows WHERE NOT shopper_held_out', columns),
		CASE WHEN j.needs_target THEN ', $2' END) INTO v.model USING m.options, m.target;
	IF v.model IS NULL THEN
		RAISE data_exception USING MESSAGE = 'training made no model', HINT = 'The option on_failure => ''null'' hides why.';
	END IF;
	EXECUTE 'SELECT pg_catalog.count(*) FILTER (WHERE NOT shopper_held_out), pg_catalog.count(*) FILTER (WHERE shopper_held_out) FROM pg_temp.shopper_rows' INTO v.row_count, v.holdout_count;
	IF m.job = 'classifier' THEN
		positive := @extschema@.model_info(v.model) ->> 'positive';
		EXECUTE pg_catalog.format('SELECT pg_catalog.avg((pg_catalog.to_jsonb(%I) #>> ''{}'' = $1)::int) FROM pg_temp.shopper_rows', m.target) INTO v.label_rate USING positive;
	END IF;
	IF j.metrics IS NOT NULL AND m.holdout > 0 THEN
		v.metric := coalesce(gate.metric, pg_catalog.split_part(j.metrics, ',', 1));
		IF champion.version IS NOT NULL THEN
			BEGIN
				compared := shopper.compare_on_holdout(m, v.metric, v.model, champion.model);
			EXCEPTION WHEN undefined_column OR datatype_mismatch OR invalid_binary_representation OR feature_not_supported THEN
				complaint := SQLERRM;
			END;
		END IF;
		IF compared.row_count IS NULL THEN
			compared := shopper.compare_on_holdout(m, v.metric, v.model, NULL);
		END IF;
		v.metric_value := compared.challenger;
		v.champion_value := compared.champion;
		v.difference := compared.difference;
		v.difference_low := compared.low;
		v.difference_high := compared.high;
		v.holdout_count := coalesce(compared.row_count, 0);
	END IF;
	EXECUTE 'DROP TABLE pg_temp.shopper_rows';
	v.champion := champion.version;
	SELECT d.verdict, d.reason INTO v.verdict, v.reason
	FROM shopper.judge(gate, v, champion, v.metric IN ('auc', 'accuracy', 'hit_rate'), complaint) d;
	v.features := ARRAY(SELECT f ->> 'name' FROM pg_catalog.jsonb_array_elements(coalesce(@extschema@.model_info(v.model) -> 'features', '[]')) f);
	SELECT coalesce(pg_catalog.max(o.version), 0) + 1 INTO v.version FROM shopper.versions o WHERE o.name = model;

	INSERT INTO shopper.versions (name, version, model, features, row_count, holdout_count, label_rate, seconds, metric, metric_value,
		champion, champion_value, difference, difference_low, difference_high, verdict, reason)
	VALUES (model, v.version, v.model, v.features, v.row_count, v.holdout_count, v.label_rate, extract(epoch FROM pg_catalog.clock_timestamp() - at), v.metric, v.metric_value,
		v.champion, v.champion_value, v.difference, v.difference_low, v.difference_high, v.verdict, v.reason)
	RETURNING * INTO v;
	INSERT INTO shopper.version_metrics SELECT model, v.version, x.dataset, x.metric, pg_catalog.min(x.value) FROM @extschema@.model_metrics(v.model) x GROUP BY x.dataset, x.metric;
	INSERT INTO shopper.version_metrics SELECT model, v.version, 'holdout', v.metric, v.metric_value WHERE v.metric IS NOT NULL;
	INSERT INTO shopper.version_importance SELECT model, v.version, x.feature, x.method, pg_catalog.min(x.importance) FROM @extschema@.feature_importance(v.model) x GROUP BY x.feature, x.method;
	INSERT INTO shopper.sources
	SELECT model, v.version, n.nspname, c.relname, shopper.inserted_rows(c.oid)
	FROM pg_catalog.unnest(shopper.query_relations(m.query)) r JOIN pg_catalog.pg_class c ON c.oid = r JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
	WHERE c.relkind IN ('r', 'p', 'm', 'f') GROUP BY 3, 4, c.oid;
	IF v.verdict IN ('first', 'better', 'not worse', 'trained') THEN
		PERFORM shopper.set_live(m, v.version, 'promote', v.reason);
	END IF;
	RETURN v;
END $$;
COMMENT ON FUNCTION shopper.train_version(text) IS 'Step of shopper.train: train, judge and store a version, and put it live when the gate lets it';
CREATE OR REPLACE FUNCTION shopper.drop_model(model text) RETURNS void LANGUAGE plpgsql VOLATILE AS $$
BEGIN
	PERFORM shopper.drop_jobs(shopper.owned_model(model));
	DELETE FROM shopper.models m WHERE m.name = model;
END $$;
COMMENT ON FUNCTION shopper.drop_model(text) IS 'Remove a model with all its versions, its history and its job in pg_cron';
CREATE OR REPLACE VIEW shopper.models_due AS
SELECT s.name, CASE WHEN s.trained_at IS NULL THEN 'never trained'
		WHEN s.trained_at + s.max_age <= pg_catalog.now() THEN pg_catalog.format('the newest version is %s days old, %s are allowed', pg_catalog.round((s.age_seconds / 86400::float8)::numeric, 1), pg_catalog.round((extract(epoch FROM s.max_age)::float8 / 86400::float8)::numeric, 1))
		ELSE pg_catalog.format('%s new rows, due from %s on', s.new_row_count, s.min_new_rows) END AS reason,
	s.age_seconds, s.new_row_count, s.owner::text AS owner
FROM (
	SELECT m.name, m.owner, m.max_age, m.min_new_rows, v.trained_at, extract(epoch FROM pg_catalog.now() - v.trained_at)::float8 AS age_seconds,
		(SELECT pg_catalog.sum(greatest(shopper.inserted_rows(c.oid) - o.inserted, 0))
		 FROM shopper.sources o JOIN pg_catalog.pg_namespace n ON n.nspname = o.schema_name JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relname = o.table_name
		 WHERE o.name = m.name AND o.version = v.version)::bigint AS new_row_count
	FROM shopper.models m
	LEFT JOIN LATERAL (SELECT w.version, w.trained_at FROM shopper.versions w WHERE w.name = m.name ORDER BY w.version DESC LIMIT 1) v ON true
	WHERE NOT m.retired) s
WHERE s.trained_at IS NULL OR s.trained_at + s.max_age <= pg_catalog.now() OR s.new_row_count >= s.min_new_rows;
CREATE OR REPLACE PROCEDURE shopper.retrain_due(model text) LANGUAGE plpgsql AS $$
DECLARE
	due text[];
	model text;
	number int;
	run bigint;
	outcome text;
	words text;
	v shopper.versions;
BEGIN
	IF retrain_due.model IS NOT NULL THEN
		PERFORM shopper.own_model(retrain_due.model);
	END IF;
	SELECT pg_catalog.array_agg(d.name ORDER BY d.name) INTO due FROM shopper.models_due d WHERE d.owner = CURRENT_USER AND d.name = coalesce(retrain_due.model, d.name);
	FOREACH model IN ARRAY coalesce(due, '{}') LOOP
		SELECT m.lock_number INTO number FROM shopper.models m WHERE m.name = model;
		CONTINUE WHEN number IS NULL OR NOT pg_catalog.pg_try_advisory_lock(shopper.lock_class(), number);
		-- due no more when another session has just trained it
		IF NOT EXISTS (SELECT FROM shopper.models_due d WHERE d.name = model) THEN
			PERFORM pg_catalog.pg_advisory_unlock(shopper.lock_class(), number);
			CONTINUE;
		END IF;
		UPDATE shopper.runs r SET state = 'interrupted', message = 'the session ended', finished_at = pg_catalog.clock_timestamp() WHERE r.name = model AND r.state = 'running';
		INSERT INTO shopper.runs (name, state) VALUES (model, 'running') RETURNING run_id INTO run;
		COMMIT;
		v := NULL;
		BEGIN
			v := shopper.train_version(model);
			outcome := CASE WHEN v.verdict IN ('first', 'better', 'not worse', 'trained') THEN 'promoted' ELSE 'kept back' END;
			words := v.reason;
		EXCEPTION
			WHEN query_canceled THEN
				outcome := 'cancelled';
				words := SQLERRM;
			WHEN OTHERS THEN
				outcome := 'failed';
				words := SQLERRM;
		END;
		UPDATE shopper.runs r SET state = outcome, version = v.version, message = words, finished_at = pg_catalog.clock_timestamp() WHERE r.run_id = run;
		PERFORM pg_catalog.pg_advisory_unlock(shopper.lock_class(), number);
		COMMIT;
		IF outcome = 'cancelled' THEN
			RAISE query_canceled USING MESSAGE = words;
		END IF;
	END LOOP;
END $$;
COMMENT ON PROCEDURE shopper.retrain_due(text) IS 'Train one model of the caller if it is due, in a transaction of its own; nothing happens when another session trains it. NULL: all, as CALL shopper.retrain_due()';
CREATE OR REPLACE PROCEDURE shopper.retrain_due() LANGUAGE plpgsql AS $$
BEGIN
	CALL shopper.retrain_due(NULL);
END $$;
COMMENT ON PROCEDURE shopper.retrain_due() IS 'Train the caller''s models of shopper.models_due, one after another, each in a transaction of its own: one that fails does not stop the others, one that another session trains is left out. shopper.model_runs tells';
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
DO $each_version$
DECLARE
	owner constant oid := (SELECT e.extowner FROM pg_catalog.pg_extension e WHERE e.extname = 'pg_shopper'::name);
	relation oid;
	foreign_routine regprocedure;
BEGIN
	SELECT p.oid INTO foreign_routine FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_proc'::regclass::oid AND d.objid = p.oid
	JOIN pg_catalog.pg_extension e ON d.refclassid = 'pg_catalog.pg_extension'::regclass::oid AND d.refobjid = e.oid
	JOIN pg_catalog.pg_roles r ON r.oid = p.proowner
	WHERE e.extname = 'pg_shopper'::name AND d.deptype = 'e'::"char" AND NOT r.rolsuper LIMIT 1;
	IF foreign_routine IS NOT NULL THEN
		RAISE object_not_in_prerequisite_state USING MESSAGE = pg_catalog.format('function %s of pg_shopper must belong to a superuser', foreign_routine),
			HINT = 'ALTER EXTENSION pg_shopper DROP FUNCTION it when it is not a part of the extension, else let a superuser own it.';
	END IF;
	FOR relation IN
		SELECT c.oid FROM pg_catalog.pg_class c JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_class'::regclass::oid AND d.objid = c.oid
		JOIN pg_catalog.pg_extension e ON d.refclassid = 'pg_catalog.pg_extension'::regclass::oid AND d.refobjid = e.oid
		WHERE e.extname = 'pg_shopper'::name AND c.relkind = ANY (ARRAY['r', 'v']::"char"[]) AND c.relowner <> owner
	LOOP
		EXECUTE pg_catalog.format('ALTER TABLE %s OWNER TO %I', relation::regclass, pg_catalog.pg_get_userbyid(owner));
	END LOOP;
END $each_version$;
