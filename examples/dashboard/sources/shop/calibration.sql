SELECT name, bin, row_count, predicted_rate, observed_rate FROM shopper.model_calibration WHERE live ORDER BY name, bin
