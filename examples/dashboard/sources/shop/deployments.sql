SELECT name, action, version, previous_version, reason, deployed_by, deployed_at FROM shopper.model_deployments ORDER BY deployment_id DESC
