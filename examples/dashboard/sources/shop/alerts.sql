SELECT alert_id, name, kind, feature, value, threshold, message, raised_at, resolved_at, resolved_at IS NULL AS open FROM shopper.alerts ORDER BY raised_at DESC
