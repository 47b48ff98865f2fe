SELECT name, feature, importance FROM shopper.feature_importance WHERE live ORDER BY name, importance DESC
