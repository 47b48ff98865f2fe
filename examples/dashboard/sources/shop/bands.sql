SELECT name, scored_on, scored_at, version, band, row_count, row_rate, mean_score FROM shopper.scores_by_band ORDER BY scored_at, name, mean_score
