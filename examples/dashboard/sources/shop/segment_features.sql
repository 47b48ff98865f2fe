SELECT name, segment_name, rank, feature, value, overall_value, description FROM shopper.segment_features WHERE live ORDER BY name, segment, rank
