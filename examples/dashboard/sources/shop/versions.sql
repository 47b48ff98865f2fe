SELECT name, version, live, trained_at, trained_at::date AS trained_on, row_count, holdout_count, label_rate, seconds, model_bytes, metric, metric_value, champion_version, champion_value, verdict, reason
FROM shopper.model_versions ORDER BY name, version
