SELECT name, actual, predicted, row_count FROM shopper.model_confusion WHERE live ORDER BY name, actual, predicted
