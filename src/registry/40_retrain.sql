-- Which models are due, and training those.

CREATE FUNCTION shopper.days(seconds float8) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$ SELECT CASE WHEN seconds >= 86400 THEN pg_catalog.round((seconds / 86400)::numeric, 1)::text ELSE shopper.short(seconds / 86400) END $$;
COMMENT ON FUNCTION shopper.days(float8) IS 'Step of the registry: seconds as days for people, parts of a day with four digits that count';

CREATE VIEW shopper.models_due AS
SELECT s.name, CASE WHEN s.trained_at IS NULL THEN 'never trained'
		WHEN s.trained_at + s.max_age <= shopper.clock() THEN pg_catalog.format('the newest version is %s days old, %s are allowed', shopper.days(s.age_seconds), shopper.days(extract(epoch FROM s.max_age)::float8))
		WHEN s.verdict = 'refused' AND s.age_seconds >= 72000::float8 THEN pg_catalog.format('version %s was refused: %s', s.version, s.reason)
		WHEN s.new_row_count >= s.min_new_rows THEN pg_catalog.format('%s new rows, due from %s on', s.new_row_count, s.min_new_rows)
		ELSE s.alert END AS reason,
	s.age_seconds, s.new_row_count, s.owner::text AS owner
FROM (
	SELECT m.name, m.owner, m.max_age, m.min_new_rows, v.version, v.verdict, v.reason, v.trained_at, extract(epoch FROM shopper.clock() - v.trained_at)::float8 AS age_seconds,
		(SELECT pg_catalog.sum(greatest(shopper.inserted_rows(c.oid) - o.inserted, 0))
		 FROM shopper.sources o JOIN pg_catalog.pg_namespace n ON n.nspname = o.schema_name JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relname = o.table_name
		 WHERE o.name = m.name AND o.version = v.version)::bigint AS new_row_count,
		-- what shopper.monitor has found since the newest version was trained
		(SELECT pg_catalog.string_agg(a.message, '; ' ORDER BY a.alert_id) FROM shopper.alert_log a
		 WHERE a.name = m.name AND a.resolved_at IS NULL AND a.kind IN ('score drift', 'metric decay', 'calibration') AND a.seen_at > v.trained_at) AS alert
	FROM shopper.models m
	LEFT JOIN LATERAL (SELECT w.version, w.verdict, w.reason, w.trained_at FROM shopper.versions w WHERE w.name = m.name ORDER BY w.version DESC LIMIT 1) v ON true
	WHERE NOT m.retired) s
WHERE s.trained_at IS NULL OR s.trained_at + s.max_age <= shopper.clock() OR s.new_row_count >= s.min_new_rows OR s.alert IS NOT NULL
	OR s.verdict = 'refused' AND s.age_seconds >= 72000::float8;	-- what the guards refuse may be complete the next night
COMMENT ON VIEW shopper.models_due IS 'One row per model that should be trained, and why';
COMMENT ON COLUMN shopper.models_due.name IS 'The model';
COMMENT ON COLUMN shopper.models_due.reason IS 'Why, in words';
COMMENT ON COLUMN shopper.models_due.age_seconds IS 'Age of its newest version; NULL: there is none';
COMMENT ON COLUMN shopper.models_due.new_row_count IS 'Rows inserted since into the tables that its query reads, by the cumulative statistics';
COMMENT ON COLUMN shopper.models_due.owner IS 'Who trains it';

CREATE PROCEDURE shopper.retrain_due(model text) LANGUAGE plpgsql AS $$
DECLARE
	due text[];
	model text;
	number int;
	run bigint;
	outcome text;
	words text;
	v shopper.versions;
BEGIN
	COMMIT;	-- what cannot commit fails here, before locks that an error would leave behind
	IF pg_catalog.current_setting('transaction_read_only')::boolean THEN
		RAISE read_only_sql_transaction USING MESSAGE = 'cannot train models in a read-only transaction', HINT = 'SET default_transaction_read_only = off; a standby does not train.';
	ELSIF retrain_due.model IS NOT NULL THEN
		PERFORM shopper.own_model(retrain_due.model);
	END IF;
	-- those that waited longest come first, so that one that runs into a time limit each night does not keep the others out
	SELECT pg_catalog.array_agg(d.name ORDER BY (SELECT pg_catalog.max(r.run_id) FROM shopper.runs r WHERE r.name = d.name) NULLS FIRST, d.name) INTO due FROM shopper.models_due d WHERE d.owner = CURRENT_USER AND d.name = coalesce(retrain_due.model, d.name);
	FOREACH model IN ARRAY coalesce(due, '{}') LOOP
		SELECT m.lock_number INTO number FROM shopper.models m WHERE m.name = model;
		CONTINUE WHEN number IS NULL OR NOT pg_catalog.pg_try_advisory_lock(shopper.lock_class(), number);
		BEGIN
			-- due no more when another session has just trained it
			IF NOT EXISTS (SELECT FROM shopper.models_due d WHERE d.name = model) THEN
				PERFORM pg_catalog.pg_advisory_unlock(shopper.lock_class(), number);
				CONTINUE;
			END IF;
			UPDATE shopper.runs r SET state = 'interrupted', message = 'the session ended', finished_at = shopper.clock() WHERE r.name = model AND r.state = 'running';
			INSERT INTO shopper.runs (name, state) VALUES (model, 'running') RETURNING run_id INTO run;
		EXCEPTION WHEN OTHERS OR query_canceled THEN
			PERFORM pg_catalog.pg_advisory_unlock(shopper.lock_class(), number);
			RAISE;
		END;
		COMMIT;
		v := NULL;
		PERFORM pg_catalog.set_config('pg_shopper.run', run::text, false);
		BEGIN
			v := shopper.train_version(model);
			outcome := CASE WHEN shopper.goes_live(v.verdict) THEN 'promoted' ELSE 'kept back' END;
			words := v.reason;
		EXCEPTION
			WHEN query_canceled THEN
				outcome := 'cancelled';
				words := SQLERRM;
			WHEN OTHERS THEN
				outcome := 'failed';
				words := SQLERRM;
		END;
		PERFORM pg_catalog.set_config('pg_shopper.run', '', false), pg_catalog.set_config('application_name', pg_catalog.current_setting('application_name'), false);
		BEGIN
			PERFORM shopper.note_training(model, v, CASE WHEN outcome IN ('failed', 'cancelled') THEN words END);
			UPDATE shopper.runs r SET state = outcome, version = v.version, message = words, finished_at = shopper.clock() WHERE r.run_id = run;
		EXCEPTION WHEN OTHERS OR query_canceled THEN
			PERFORM pg_catalog.pg_advisory_unlock(shopper.lock_class(), number);
			RAISE;
		END;
		PERFORM pg_catalog.pg_advisory_unlock(shopper.lock_class(), number);
		COMMIT;
		IF outcome = 'cancelled' THEN
			RAISE query_canceled USING MESSAGE = words;
		END IF;
	END LOOP;
END $$;
COMMENT ON PROCEDURE shopper.retrain_due(text) IS 'Train one model of the caller if it is due, in a transaction of its own; nothing happens when another session trains it. NULL: all, as CALL shopper.retrain_due()';

CREATE PROCEDURE shopper.retrain_due() LANGUAGE plpgsql AS $$
BEGIN
	CALL shopper.retrain_due(NULL);
END $$;
COMMENT ON PROCEDURE shopper.retrain_due() IS 'Train the caller''s models of shopper.models_due, one after another, each in a transaction of its own: one that fails does not stop the others, one that another session trains is left out. shopper.model_runs tells';
