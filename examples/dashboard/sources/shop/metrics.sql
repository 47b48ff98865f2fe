SELECT measured_at, name, version, metric, value, holdout_value, row_count FROM shopper.matured_metrics ORDER BY measured_at
