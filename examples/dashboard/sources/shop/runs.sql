SELECT run_id, name, state, version, message, started_at, seconds FROM shopper.model_runs ORDER BY run_id DESC
