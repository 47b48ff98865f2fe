SELECT name, false_positive_rate, true_positive_rate FROM shopper.model_roc WHERE live ORDER BY name, point
