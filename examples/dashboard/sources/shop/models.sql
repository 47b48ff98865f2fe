SELECT * FROM shopper.model_latest ORDER BY name
