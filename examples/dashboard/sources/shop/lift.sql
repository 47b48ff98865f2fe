SELECT name, bin, positive_rate, gain_rate, lift FROM shopper.model_lift WHERE live ORDER BY name, bin
