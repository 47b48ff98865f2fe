SELECT name, version, metric, step, value FROM shopper.model_history WHERE live ORDER BY name, metric, step
