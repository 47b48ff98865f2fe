SELECT measured_at, name, feature, kind, psi, missing_rate, unseen_rate, state FROM shopper.model_drift ORDER BY measured_at, name, feature
