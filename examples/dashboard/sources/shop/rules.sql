SELECT name, antecedent, consequent, basket_count, support_rate, confidence_rate, lift FROM shopper.model_rules WHERE live ORDER BY lift DESC
