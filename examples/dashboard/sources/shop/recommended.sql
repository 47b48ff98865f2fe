SELECT name, scored_on, item, user_count, user_rate, mean_rank FROM shopper.recommended_items WHERE scored_on = (SELECT max(scored_on) FROM shopper.recommended_items) ORDER BY user_count DESC
