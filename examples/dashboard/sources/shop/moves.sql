SELECT name, scored_on, old_band, new_band, row_count FROM shopper.band_moves ORDER BY scored_on, name
