SELECT name, segment, segment_name, row_count, row_rate FROM shopper.model_segments WHERE live ORDER BY name, segment
