-- Measuring predictions: aggregates over plain arguments, parallel safe.

CREATE TYPE @extschema@.roc_point AS (threshold float8, false_positive_rate float8, true_positive_rate float8);
COMMENT ON TYPE @extschema@.roc_point IS 'A point of a ROC curve: rates when scores from threshold on count as positive';
CREATE TYPE @extschema@.lift_bin AS (bin bigint, row_count bigint, positive_count bigint, positive_rate float8, cumulative_gain float8, cumulative_lift float8);
COMMENT ON TYPE @extschema@.lift_bin IS 'A bin of a lift curve, highest scores first: share of all positives found so far, and how many times more than by chance';
CREATE TYPE @extschema@.calibration_bin AS (bin bigint, row_count bigint, positive_count bigint, mean_score float8, positive_rate float8);
COMMENT ON TYPE @extschema@.calibration_bin IS 'A bin of a calibration curve, lowest scores first: predicted and true share of positives';
CREATE TYPE @extschema@.confusion_cell AS (actual text, predicted text, row_count bigint);
COMMENT ON TYPE @extschema@.confusion_cell IS 'A cell of a confusion matrix';

CREATE FUNCTION @extschema@.shopper_probability_accum(float8[], "any", float8) RETURNS float8[]
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'shopper_probability_accum';
COMMENT ON FUNCTION @extschema@.shopper_probability_accum(float8[], "any", float8) IS 'State function of measuring aggregates';

CREATE FUNCTION @extschema@.shopper_class_accum(float8[], "any", "any") RETURNS float8[]
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'shopper_class_accum';
COMMENT ON FUNCTION @extschema@.shopper_class_accum(float8[], "any", "any") IS 'State function of measuring aggregates';

CREATE FUNCTION @extschema@.shopper_class_accum(float8[], "any", "any", text) RETURNS float8[]
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'shopper_class_accum';
COMMENT ON FUNCTION @extschema@.shopper_class_accum(float8[], "any", "any", text) IS 'State function of measuring aggregates';

CREATE FUNCTION @extschema@.shopper_number_accum(float8[], float8, float8) RETURNS float8[]
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'shopper_number_accum';
COMMENT ON FUNCTION @extschema@.shopper_number_accum(float8[], float8, float8) IS 'State function of measuring aggregates';

CREATE FUNCTION @extschema@.shopper_sums_combine(float8[], float8[]) RETURNS float8[]
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'shopper_sums_combine';
COMMENT ON FUNCTION @extschema@.shopper_sums_combine(float8[], float8[]) IS 'Combine function of measuring aggregates';

CREATE FUNCTION @extschema@.shopper_number_combine(float8[], float8[]) RETURNS float8[]
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'shopper_number_combine';
COMMENT ON FUNCTION @extschema@.shopper_number_combine(float8[], float8[]) IS 'Combine function of rmse, mae and r2';

CREATE FUNCTION @extschema@.shopper_log_loss_final(float8[]) RETURNS float8
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'shopper_log_loss_final';
COMMENT ON FUNCTION @extschema@.shopper_log_loss_final(float8[]) IS 'Final function of a measuring aggregate';

CREATE FUNCTION @extschema@.shopper_brier_final(float8[]) RETURNS float8
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'shopper_brier_final';
COMMENT ON FUNCTION @extschema@.shopper_brier_final(float8[]) IS 'Final function of a measuring aggregate';

CREATE FUNCTION @extschema@.shopper_accuracy_final(float8[]) RETURNS float8
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'shopper_accuracy_final';
COMMENT ON FUNCTION @extschema@.shopper_accuracy_final(float8[]) IS 'Final function of a measuring aggregate';

CREATE FUNCTION @extschema@.shopper_precision_final(float8[]) RETURNS float8
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'shopper_precision_final';
COMMENT ON FUNCTION @extschema@.shopper_precision_final(float8[]) IS 'Final function of a measuring aggregate';

CREATE FUNCTION @extschema@.shopper_recall_final(float8[]) RETURNS float8
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'shopper_recall_final';
COMMENT ON FUNCTION @extschema@.shopper_recall_final(float8[]) IS 'Final function of a measuring aggregate';

CREATE FUNCTION @extschema@.shopper_f1_final(float8[]) RETURNS float8
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'shopper_f1_final';
COMMENT ON FUNCTION @extschema@.shopper_f1_final(float8[]) IS 'Final function of a measuring aggregate';

CREATE FUNCTION @extschema@.shopper_mae_final(float8[]) RETURNS float8
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'shopper_mae_final';
COMMENT ON FUNCTION @extschema@.shopper_mae_final(float8[]) IS 'Final function of a measuring aggregate';

CREATE FUNCTION @extschema@.shopper_rmse_final(float8[]) RETURNS float8
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'shopper_rmse_final';
COMMENT ON FUNCTION @extschema@.shopper_rmse_final(float8[]) IS 'Final function of a measuring aggregate';

CREATE FUNCTION @extschema@.shopper_r2_final(float8[]) RETURNS float8
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'shopper_r2_final';
COMMENT ON FUNCTION @extschema@.shopper_r2_final(float8[]) IS 'Final function of a measuring aggregate';

CREATE FUNCTION @extschema@.shopper_score_accum(internal, "any", float8) RETURNS internal
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'shopper_score_accum';
COMMENT ON FUNCTION @extschema@.shopper_score_accum(internal, "any", float8) IS 'State function of auc and the curves';

CREATE FUNCTION @extschema@.shopper_score_accum(internal, "any", float8, int) RETURNS internal
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'shopper_score_accum';
COMMENT ON FUNCTION @extschema@.shopper_score_accum(internal, "any", float8, int) IS 'State function of the curves';

CREATE FUNCTION @extschema@.shopper_rank_accum(internal, float8, bigint, int) RETURNS internal
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'shopper_rank_accum';
COMMENT ON FUNCTION @extschema@.shopper_rank_accum(internal, float8, bigint, int) IS 'State function of ndcg, precision_at and recall_at';

CREATE FUNCTION @extschema@.shopper_points_combine(internal, internal) RETURNS internal
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'shopper_points_combine';
COMMENT ON FUNCTION @extschema@.shopper_points_combine(internal, internal) IS 'Combine function of auc, the curves and ranking';

CREATE FUNCTION @extschema@.shopper_points_serial(internal) RETURNS bytea
LANGUAGE c IMMUTABLE PARALLEL SAFE STRICT AS 'MODULE_PATHNAME', 'shopper_points_serial';
COMMENT ON FUNCTION @extschema@.shopper_points_serial(internal) IS 'Serial function of auc, the curves and ranking';

CREATE FUNCTION @extschema@.shopper_points_deserial(bytea, internal) RETURNS internal
LANGUAGE c IMMUTABLE PARALLEL SAFE STRICT AS 'MODULE_PATHNAME', 'shopper_points_deserial';
COMMENT ON FUNCTION @extschema@.shopper_points_deserial(bytea, internal) IS 'Deserial function of auc, the curves and ranking';

CREATE FUNCTION @extschema@.shopper_auc_final(internal) RETURNS float8
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'shopper_auc_final';
COMMENT ON FUNCTION @extschema@.shopper_auc_final(internal) IS 'Final function of a measuring aggregate';

CREATE FUNCTION @extschema@.shopper_roc_final(internal) RETURNS @extschema@.roc_point[]
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'shopper_roc_final';
COMMENT ON FUNCTION @extschema@.shopper_roc_final(internal) IS 'Final function of a measuring aggregate';

CREATE FUNCTION @extschema@.shopper_lift_final(internal) RETURNS @extschema@.lift_bin[]
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'shopper_lift_final';
COMMENT ON FUNCTION @extschema@.shopper_lift_final(internal) IS 'Final function of a measuring aggregate';

CREATE FUNCTION @extschema@.shopper_calibration_final(internal) RETURNS @extschema@.calibration_bin[]
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'shopper_calibration_final';
COMMENT ON FUNCTION @extschema@.shopper_calibration_final(internal) IS 'Final function of a measuring aggregate';

CREATE FUNCTION @extschema@.shopper_ndcg_final(internal) RETURNS float8
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'shopper_ndcg_final';
COMMENT ON FUNCTION @extschema@.shopper_ndcg_final(internal) IS 'Final function of a measuring aggregate';

CREATE FUNCTION @extschema@.shopper_precision_at_final(internal) RETURNS float8
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'shopper_precision_at_final';
COMMENT ON FUNCTION @extschema@.shopper_precision_at_final(internal) IS 'Final function of a measuring aggregate';

CREATE FUNCTION @extschema@.shopper_recall_at_final(internal) RETURNS float8
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'shopper_recall_at_final';
COMMENT ON FUNCTION @extschema@.shopper_recall_at_final(internal) IS 'Final function of a measuring aggregate';

CREATE FUNCTION @extschema@.shopper_confusion_accum(internal, "any", "any") RETURNS internal
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'shopper_confusion_accum';
COMMENT ON FUNCTION @extschema@.shopper_confusion_accum(internal, "any", "any") IS 'State function of confusion';

CREATE FUNCTION @extschema@.shopper_confusion_combine(internal, internal) RETURNS internal
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'shopper_confusion_combine';
COMMENT ON FUNCTION @extschema@.shopper_confusion_combine(internal, internal) IS 'Combine function of confusion';

CREATE FUNCTION @extschema@.shopper_confusion_serial(internal) RETURNS bytea
LANGUAGE c IMMUTABLE PARALLEL SAFE STRICT AS 'MODULE_PATHNAME', 'shopper_confusion_serial';
COMMENT ON FUNCTION @extschema@.shopper_confusion_serial(internal) IS 'Serial function of confusion';

CREATE FUNCTION @extschema@.shopper_confusion_deserial(bytea, internal) RETURNS internal
LANGUAGE c IMMUTABLE PARALLEL SAFE STRICT AS 'MODULE_PATHNAME', 'shopper_confusion_deserial';
COMMENT ON FUNCTION @extschema@.shopper_confusion_deserial(bytea, internal) IS 'Deserial function of confusion';

CREATE FUNCTION @extschema@.shopper_confusion_final(internal) RETURNS @extschema@.confusion_cell[]
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'shopper_confusion_final';
COMMENT ON FUNCTION @extschema@.shopper_confusion_final(internal) IS 'Final function of confusion';

CREATE AGGREGATE @extschema@.log_loss(label "any", probability float8)
	(SFUNC = @extschema@.shopper_probability_accum, STYPE = float8[], FINALFUNC = @extschema@.shopper_log_loss_final, COMBINEFUNC = @extschema@.shopper_sums_combine, PARALLEL = SAFE);
COMMENT ON AGGREGATE @extschema@.log_loss("any", float8) IS 'Mean negative logarithm of the probability given to what happened. Labels are boolean, numbers (0 is negative), or texts of which true, t, 1, yes and y are positive';

CREATE AGGREGATE @extschema@.brier_score(label "any", probability float8)
	(SFUNC = @extschema@.shopper_probability_accum, STYPE = float8[], FINALFUNC = @extschema@.shopper_brier_final, COMBINEFUNC = @extschema@.shopper_sums_combine, PARALLEL = SAFE);
COMMENT ON AGGREGATE @extschema@.brier_score("any", float8) IS 'Mean squared error of probabilities. Labels are boolean, numbers (0 is negative), or texts of which true, t, 1, yes and y are positive';

CREATE AGGREGATE @extschema@.accuracy(actual "any", predicted "any")
	(SFUNC = @extschema@.shopper_class_accum, STYPE = float8[], FINALFUNC = @extschema@.shopper_accuracy_final, COMBINEFUNC = @extschema@.shopper_sums_combine, PARALLEL = SAFE);
COMMENT ON AGGREGATE @extschema@.accuracy("any", "any") IS 'Share of rows whose predicted class is the actual one, compared as texts';

CREATE AGGREGATE @extschema@.precision_score(actual "any", predicted "any")
	(SFUNC = @extschema@.shopper_class_accum, STYPE = float8[], FINALFUNC = @extschema@.shopper_precision_final, COMBINEFUNC = @extschema@.shopper_sums_combine, PARALLEL = SAFE);
COMMENT ON AGGREGATE @extschema@.precision_score("any", "any") IS 'Share of predicted positives that are positive. Labels are boolean, numbers (0 is negative), or texts of which true, t, 1, yes and y are positive';

CREATE AGGREGATE @extschema@.precision_score(actual "any", predicted "any", positive text)
	(SFUNC = @extschema@.shopper_class_accum, STYPE = float8[], FINALFUNC = @extschema@.shopper_precision_final, COMBINEFUNC = @extschema@.shopper_sums_combine, PARALLEL = SAFE);
COMMENT ON AGGREGATE @extschema@.precision_score("any", "any", text) IS 'Share of predicted positives that are positive; the third argument names the positive class';

CREATE AGGREGATE @extschema@.recall_score(actual "any", predicted "any")
	(SFUNC = @extschema@.shopper_class_accum, STYPE = float8[], FINALFUNC = @extschema@.shopper_recall_final, COMBINEFUNC = @extschema@.shopper_sums_combine, PARALLEL = SAFE);
COMMENT ON AGGREGATE @extschema@.recall_score("any", "any") IS 'Share of positives that were predicted. Labels are boolean, numbers (0 is negative), or texts of which true, t, 1, yes and y are positive';

CREATE AGGREGATE @extschema@.recall_score(actual "any", predicted "any", positive text)
	(SFUNC = @extschema@.shopper_class_accum, STYPE = float8[], FINALFUNC = @extschema@.shopper_recall_final, COMBINEFUNC = @extschema@.shopper_sums_combine, PARALLEL = SAFE);
COMMENT ON AGGREGATE @extschema@.recall_score("any", "any", text) IS 'Share of positives that were predicted; the third argument names the positive class';

CREATE AGGREGATE @extschema@.f1_score(actual "any", predicted "any")
	(SFUNC = @extschema@.shopper_class_accum, STYPE = float8[], FINALFUNC = @extschema@.shopper_f1_final, COMBINEFUNC = @extschema@.shopper_sums_combine, PARALLEL = SAFE);
COMMENT ON AGGREGATE @extschema@.f1_score("any", "any") IS 'Harmonic mean of precision and recall. Labels are boolean, numbers (0 is negative), or texts of which true, t, 1, yes and y are positive';

CREATE AGGREGATE @extschema@.f1_score(actual "any", predicted "any", positive text)
	(SFUNC = @extschema@.shopper_class_accum, STYPE = float8[], FINALFUNC = @extschema@.shopper_f1_final, COMBINEFUNC = @extschema@.shopper_sums_combine, PARALLEL = SAFE);
COMMENT ON AGGREGATE @extschema@.f1_score("any", "any", text) IS 'Harmonic mean of precision and recall; the third argument names the positive class';

CREATE AGGREGATE @extschema@.rmse(actual float8, predicted float8)
	(SFUNC = @extschema@.shopper_number_accum, STYPE = float8[], FINALFUNC = @extschema@.shopper_rmse_final, COMBINEFUNC = @extschema@.shopper_number_combine, PARALLEL = SAFE);
COMMENT ON AGGREGATE @extschema@.rmse(float8, float8) IS 'Root mean squared error';

CREATE AGGREGATE @extschema@.mae(actual float8, predicted float8)
	(SFUNC = @extschema@.shopper_number_accum, STYPE = float8[], FINALFUNC = @extschema@.shopper_mae_final, COMBINEFUNC = @extschema@.shopper_number_combine, PARALLEL = SAFE);
COMMENT ON AGGREGATE @extschema@.mae(float8, float8) IS 'Mean absolute error';

CREATE AGGREGATE @extschema@.r2(actual float8, predicted float8)
	(SFUNC = @extschema@.shopper_number_accum, STYPE = float8[], FINALFUNC = @extschema@.shopper_r2_final, COMBINEFUNC = @extschema@.shopper_number_combine, PARALLEL = SAFE);
COMMENT ON AGGREGATE @extschema@.r2(float8, float8) IS 'Share of the variance that predictions explain; NULL when the actual values do not vary';

CREATE AGGREGATE @extschema@.auc(label "any", score float8)
	(SFUNC = @extschema@.shopper_score_accum, STYPE = internal, FINALFUNC = @extschema@.shopper_auc_final, COMBINEFUNC = @extschema@.shopper_points_combine, SERIALFUNC = @extschema@.shopper_points_serial, DESERIALFUNC = @extschema@.shopper_points_deserial, PARALLEL = SAFE);
COMMENT ON AGGREGATE @extschema@.auc("any", float8) IS 'Area under the ROC curve: how often a positive row outscores a negative one, ties counting half; NULL when one kind is absent. Labels are boolean, numbers (0 is negative), or texts of which true, t, 1, yes and y are positive';

CREATE AGGREGATE @extschema@.roc_curve(label "any", score float8)
	(SFUNC = @extschema@.shopper_score_accum, STYPE = internal, FINALFUNC = @extschema@.shopper_roc_final, COMBINEFUNC = @extschema@.shopper_points_combine, SERIALFUNC = @extschema@.shopper_points_serial, DESERIALFUNC = @extschema@.shopper_points_deserial, PARALLEL = SAFE);
COMMENT ON AGGREGATE @extschema@.roc_curve("any", float8) IS 'ROC curve as an array of points, at most about 1000: SELECT * FROM unnest((SELECT roc_curve(label, score) FROM ...))';

CREATE AGGREGATE @extschema@.lift_curve(label "any", score float8)
	(SFUNC = @extschema@.shopper_score_accum, STYPE = internal, FINALFUNC = @extschema@.shopper_lift_final, COMBINEFUNC = @extschema@.shopper_points_combine, SERIALFUNC = @extschema@.shopper_points_serial, DESERIALFUNC = @extschema@.shopper_points_deserial, PARALLEL = SAFE);
COMMENT ON AGGREGATE @extschema@.lift_curve("any", float8) IS 'Lift and cumulative gain in ten bins of equal size, as an array of rows';

CREATE AGGREGATE @extschema@.lift_curve(label "any", score float8, bins int)
	(SFUNC = @extschema@.shopper_score_accum, STYPE = internal, FINALFUNC = @extschema@.shopper_lift_final, COMBINEFUNC = @extschema@.shopper_points_combine, SERIALFUNC = @extschema@.shopper_points_serial, DESERIALFUNC = @extschema@.shopper_points_deserial, PARALLEL = SAFE);
COMMENT ON AGGREGATE @extschema@.lift_curve("any", float8, int) IS 'Lift and cumulative gain in bins of equal size, as an array of rows';

CREATE AGGREGATE @extschema@.calibration_curve(label "any", score float8)
	(SFUNC = @extschema@.shopper_score_accum, STYPE = internal, FINALFUNC = @extschema@.shopper_calibration_final, COMBINEFUNC = @extschema@.shopper_points_combine, SERIALFUNC = @extschema@.shopper_points_serial, DESERIALFUNC = @extschema@.shopper_points_deserial, PARALLEL = SAFE);
COMMENT ON AGGREGATE @extschema@.calibration_curve("any", float8) IS 'Predicted against true share of positives in ten bins of equal size, as an array of rows';

CREATE AGGREGATE @extschema@.calibration_curve(label "any", score float8, bins int)
	(SFUNC = @extschema@.shopper_score_accum, STYPE = internal, FINALFUNC = @extschema@.shopper_calibration_final, COMBINEFUNC = @extschema@.shopper_points_combine, SERIALFUNC = @extschema@.shopper_points_serial, DESERIALFUNC = @extschema@.shopper_points_deserial, PARALLEL = SAFE);
COMMENT ON AGGREGATE @extschema@.calibration_curve("any", float8, int) IS 'Predicted against true share of positives in bins of equal size, as an array of rows';

CREATE AGGREGATE @extschema@.ndcg(relevance float8, rank bigint, k int)
	(SFUNC = @extschema@.shopper_rank_accum, STYPE = internal, FINALFUNC = @extschema@.shopper_ndcg_final, COMBINEFUNC = @extschema@.shopper_points_combine, SERIALFUNC = @extschema@.shopper_points_serial, DESERIALFUNC = @extschema@.shopper_points_deserial, PARALLEL = SAFE);
COMMENT ON AGGREGATE @extschema@.ndcg(float8, bigint, int) IS 'Normalized discounted cumulative gain of the first k ranks; NULL when nothing is relevant. One row per suggested or relevant item: relevance 0 or more, rank from 1, NULL for a relevant item that was not suggested';

CREATE AGGREGATE @extschema@.precision_at(relevance float8, rank bigint, k int)
	(SFUNC = @extschema@.shopper_rank_accum, STYPE = internal, FINALFUNC = @extschema@.shopper_precision_at_final, COMBINEFUNC = @extschema@.shopper_points_combine, SERIALFUNC = @extschema@.shopper_points_serial, DESERIALFUNC = @extschema@.shopper_points_deserial, PARALLEL = SAFE);
COMMENT ON AGGREGATE @extschema@.precision_at(float8, bigint, int) IS 'Share of the first k ranks that are relevant. One row per suggested or relevant item: relevance 0 or more, rank from 1, NULL for a relevant item that was not suggested';

CREATE AGGREGATE @extschema@.recall_at(relevance float8, rank bigint, k int)
	(SFUNC = @extschema@.shopper_rank_accum, STYPE = internal, FINALFUNC = @extschema@.shopper_recall_at_final, COMBINEFUNC = @extschema@.shopper_points_combine, SERIALFUNC = @extschema@.shopper_points_serial, DESERIALFUNC = @extschema@.shopper_points_deserial, PARALLEL = SAFE);
COMMENT ON AGGREGATE @extschema@.recall_at(float8, bigint, int) IS 'Share of the relevant items found in the first k ranks; NULL when nothing is relevant. One row per suggested or relevant item: relevance 0 or more, rank from 1, NULL for a relevant item that was not suggested';

CREATE AGGREGATE @extschema@.confusion(actual "any", predicted "any")
	(SFUNC = @extschema@.shopper_confusion_accum, STYPE = internal, FINALFUNC = @extschema@.shopper_confusion_final, COMBINEFUNC = @extschema@.shopper_confusion_combine, SERIALFUNC = @extschema@.shopper_confusion_serial, DESERIALFUNC = @extschema@.shopper_confusion_deserial, PARALLEL = SAFE);
COMMENT ON AGGREGATE @extschema@.confusion("any", "any") IS 'Confusion matrix as an array of cells: SELECT * FROM unnest((SELECT confusion(actual, predicted) FROM ...))';

CREATE FUNCTION @extschema@.fold(key "any", k int, seed bigint DEFAULT 1) RETURNS int
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'shopper_fold';
COMMENT ON FUNCTION @extschema@.fold("any", int, bigint) IS 'A number from 0 to k - 1 for a key, always the same: WHERE fold(customer_id, 5) = 0 is a fifth of the customers';

