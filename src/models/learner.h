/*
 * learner.h: what a learner is, and what a model is.
 *
 * A learner is one const struct of functions over plain C types. Generic code in
 * src/pg makes every aggregate and function of SQL from it. Adding one touches its
 * .c, the .sql of its job, one line in models.def and a test pair.
 */
#ifndef SHOPPER_LEARNER_H
#define SHOPPER_LEARNER_H

#include "../core/codec.h"
#include "../core/env.h"
#include "../features/pairs.h"
#include "../features/spec.h"
#include "../features/table.h"
#include "options.h"

typedef enum ShopperShape
{
	SHOPPER_ROWS,				/* records with a target */
	SHOPPER_BASKETS,			/* (basket, item) */
	SHOPPER_RATINGS,			/* (user, item [, rating] [, time]) */
	SHOPPER_SEQUENCES,			/* (customer, item, time) */
	SHOPPER_POINTS				/* records without a target */
} ShopperShape;

typedef enum ShopperTask
{
	SHOPPER_CLASSIFY = 1,
	SHOPPER_REGRESS = 2,
	SHOPPER_FIND_RULES = 4,
	SHOPPER_RECOMMEND = 8,
	SHOPPER_FIND_SEQUENCES = 16,
	SHOPPER_CLUSTER = 32,
	SHOPPER_PROJECT = 64,
	SHOPPER_DETECT = 128,
	SHOPPER_SCALE = 256,
	SHOPPER_FIND_SIMILAR = 512, /* items by their attributes */
	SHOPPER_JOIN_MODELS = 1024	/* made from other models: no training, no builder of options */
} ShopperTask;

typedef struct ShopperMetric
{
	const char *dataset;		/* train, validation */
	const char *name;			/* auc, log_loss, rmse ... */
	double		value;
} ShopperMetric;

typedef struct ShopperStep
{
	int64_t		step;			/* iteration or epoch, from 1 */
	const char *metric;			/* train_loss, validation_loss, gradient_norm ... */
	double		value;
} ShopperStep;

typedef struct ShopperImportance
{
	const char *feature;		/* the user's column */
	const char *method;			/* coefficient, permutation */
	double		value;
} ShopperImportance;

/* One fitted coefficient in the user's units. Missing figures are NaN. */
typedef struct ShopperCoefficient
{
	const char *class_name;		/* the class it speaks for; NULL in regressions and two-class models */
	const char *feature;		/* column, "(intercept)" */
	const char *level;			/* category level, "(missing)" for a flag; NULL for a plain number */
	double		coefficient;	/* per unit of the raw column */
	double		standardized;	/* per standard deviation */
	double		std_error;
	double		statistic;		/* z or t */
	double		p_value;
	double		conf_low;		/* 95 % confidence interval */
	double		conf_high;
} ShopperCoefficient;

/*
 * From raw probabilities to calibrated ones (calibration.c): of class 1 when there are two
 * classes, else of each class, made to sum to 1 again.
 */
typedef enum ShopperCalibrationKind
{
	SHOPPER_CALIBRATION_NONE, SHOPPER_CALIBRATION_PLATT, SHOPPER_CALIBRATION_ISOTONIC
} ShopperCalibrationKind;

typedef struct ShopperCalibrationMap
{
	double		slope;			/* Platt: p = sigmoid(slope * logit(raw) + offset) */
	double		offset;
	int64_t		n;				/* isotonic: corners of a line that never falls */
	double	   *raw;
	double	   *calibrated;
} ShopperCalibrationMap;

typedef struct ShopperCalibration
{
	ShopperCalibrationKind kind;
	int			n_maps;
	ShopperCalibrationMap *map;
} ShopperCalibration;

/* What the model said of the held-out rows, in short (holdout.c): for cut-offs and intervals. */
typedef struct ShopperHoldout
{
	int64_t		n;				/* rows; 0: nothing was held out */
	/* amounts: y - prediction; classes: 1 - probability of the true class. Rising; score i has rank[i] (from 1) among all n. */
	int64_t		n_ranks;
	int64_t    *rank;			/* the first is 1, the last n */
	double	   *score;
	/* two classes: rows by falling probability, cut into at most 512 steps: at least threshold, how much weight of each class */
	int64_t		n_steps;
	double	   *threshold;
	double	   *positive;
	double	   *negative;
} ShopperHoldout;

struct ShopperLearner;
struct ShopperRecommender;
struct ShopperClusterer;
struct ShopperProjection;

typedef struct ShopperModel
{
	const struct ShopperLearner *learner;
	ShopperTask task;
	ShopperOptions options;
	ShopperSpec *spec;			/* ROWS and POINTS only */
	int64_t		n_rows;			/* rows (lines, ratings) given, and of these used for fitting */
	int64_t		n_train;
	ShopperMetric *metric;
	int64_t		n_metrics,
				metric_capacity;
	ShopperStep *history;
	int64_t		n_steps,
				step_capacity;
	ShopperImportance *importance;
	int64_t		n_importance,
				importance_capacity;
	ShopperCalibration calibration;
	ShopperHoldout holdout;
	const ShopperTable *fitted; /* the table that it was trained on, while it is measured on it; else NULL */
	void	   *state;			/* the learner's own */
} ShopperModel;

typedef struct ShopperLearner
{
	uint16_t	number;			/* stored in model bytes; from models.def */
	const char *name;
	const char *help;
	ShopperShape shape;
	unsigned	tasks;			/* ShopperTask bits */
	bool		wide;			/* ROWS: float64 columns; else float32. POINTS: always */
	ShopperInput input;			/* ROWS, POINTS: prepared or raw */
	int64_t		measured_rows;	/* ROWS: where measuring would take long beside fitting, how many training rows (a random sample) are measured; 0: all */
	const ShopperOption *options;	/* ends with a NULL name; the shape's are added */

	/* PREPARED: whether levels => 'auto' gives one level of each category no column (unpenalized fits); may be NULL */
	bool		(*wants_reference) (const ShopperOptions *options);

	/*
	 * fit: reads model->options, model->task (and model->spec), fills model->state, history and own metrics.
	 * Pairs arrive finished (shopper_pairs_finish). POINTS come by train_rows too; their numbers may be taken from
	 * the table (shopper_points_make), and the metrics are all the learner's own.
	 */
	ShopperStatus (*train_rows) (ShopperEnv *env, ShopperModel *model, ShopperTable *table, const ShopperModel *previous);
	ShopperStatus (*train_baskets) (ShopperEnv *env, ShopperModel *model, ShopperPairs *pairs);	/* SEQUENCES too */
	ShopperStatus (*train_ratings) (ShopperEnv *env, ShopperModel *model, ShopperPairs *pairs, const ShopperModel *previous);

	/* POINTS: how many numbers predict() writes; NULL: one */
	int			(*outputs) (const ShopperModel *model);
	/* ROWS, POINTS: one encoded row; out gets a probability per class, or shopper_model_outputs() numbers. Never fails, allocates nothing. */
	void		(*predict) (const ShopperModel *model, const double *dense, const int32_t *lookup, double *out);
	/* ROWS: rows [from, to) of a prepared table; out is (to - from, outputs) row-major. Thread-safe, allocates nothing. */
	void		(*predict_block) (const ShopperModel *model, const ShopperTable *table, int64_t from, int64_t to, double *out);
	/*
	 * ROWS: the same for the table of the last train_rows(), by a learner that kept what it said of those rows;
	 * false: it did not. May be NULL.
	 */
	bool		(*predict_fitted) (const ShopperModel *model, int64_t from, int64_t to, double *out);

	/*
	 * ROWS: why. *base + sum of contribution (n_dense + n_categories: one for each number of the encoding, then one
	 * for each category) = raw score of one output in the unit that explain_unit names. With two classes class 0 has the negated scores of class 1;
	 * with more, log_odds means the score before the softmax.
	 * NULL: the host estimates Shapley values from predictions.
	 */
	ShopperStatus (*explain) (ShopperEnv *env, const ShopperModel *model, const double *dense, const int32_t *lookup,
							  int output, double *base, double *contribution);
	/* Of explain: "log_odds", "probability", "amount", "log_amount". */
	const char *(*explain_unit) (const ShopperModel *model);

	/*
	 * Add what another model of the same learner knows; shopper_model_merge() has checked that task, target and
	 * classes are the same, adds the numbers of rows and has dropped the figures of `into`. May be NULL.
	 */
	ShopperStatus (*merge) (ShopperEnv *env, ShopperModel *into, const ShopperModel *other);

	/* RATINGS: the answers to questions (recommend/recommender.h) */
	const struct ShopperRecommender *recommender;
	/* POINTS that cluster: the same (segments/segments.h) */
	const struct ShopperClusterer *clusterer;

	/* models that project: how (projections/projection.h) */
	const struct ShopperProjection *(*projection) (const ShopperModel *model);

	/* linear models; *coefficients from env */
	ShopperStatus (*coefficients) (ShopperEnv *env, const ShopperModel *model, ShopperCoefficient **coefficients, int64_t *n);

	/* the learner's section of the model bytes */
	void		(*encode) (const ShopperModel *model, ShopperWriter *w);
	ShopperStatus (*decode) (ShopperModel *model, ShopperReader *r);
	/* (key, value) pairs for model_info, through add(); may be NULL */
	void		(*describe) (const ShopperModel *model, void (*add) (void *ctx, const char *key, double value), void *ctx);
	/* the same of lists of numbers; may be NULL */
	void		(*describe_lists) (const ShopperModel *model, void (*add) (void *ctx, const char *key, const double *value, int64_t n), void *ctx);
} ShopperLearner;

/* ---- the registry (models.def) ---- */
#define SHOPPER_LEARNER(number, name) extern const ShopperLearner shopper_learner_##name;
#include "models.def"
#undef SHOPPER_LEARNER

extern const ShopperLearner *const shopper_learners[];	/* ends with NULL */
extern const ShopperLearner *shopper_learner_by_name(const char *name);
extern const ShopperLearner *shopper_learner_by_number(unsigned number);
/* The options that every learner of a shape has. */
extern const ShopperOption *shopper_shape_options(ShopperShape shape);
/* Those that a learner shares with others: of its shape; of POINTS that are RAW without what prepares numbers, of scales without weight. */
extern const ShopperOption *shopper_shared_options(const ShopperLearner *learner);

/* ---- models ---- */
extern ShopperStatus shopper_add_metric(ShopperEnv *env, ShopperModel *model, const char *dataset, const char *name, double value);
extern ShopperStatus shopper_add_step(ShopperEnv *env, ShopperModel *model, int64_t step, const char *metric, double value);
extern ShopperStatus shopper_add_importance(ShopperEnv *env, ShopperModel *model, const char *feature, const char *method, double value);
/* Add another model of the same kind (merge.c): its learner must be able to. */
extern ShopperStatus shopper_model_merge(ShopperEnv *env, ShopperModel *into, const ShopperModel *other);
/* Whether models of a shape have columns with names: a spec, and options that choose columns. */
static inline bool
shopper_shape_has_spec(ShopperShape shape)
{
	return shape == SHOPPER_ROWS || shape == SHOPPER_POINTS;
}

/* How many numbers predict() writes: classes, outputs(), or 1. */
extern int	shopper_model_outputs(const ShopperModel *model);

/* ---- model bytes (model.c describes the format) ---- */
#define SHOPPER_MODEL_HEADER 32

typedef struct ShopperModelHeader
{
	uint16_t	format;
	uint16_t	learner;
	uint32_t	flags;
	uint64_t	payload;		/* bytes after the header */
	uint64_t	hash;			/* of everything but itself: checksum and identity */
} ShopperModelHeader;

extern ShopperStatus shopper_model_encode(ShopperEnv *env, const ShopperModel *model, unsigned char **bytes, int64_t *length);
/* Write length and hash of finished bytes (at least a header) into their header. */
extern void shopper_model_seal(unsigned char *bytes, size_t length);
/* The first SHOPPER_MODEL_HEADER bytes; `total` is the length of the whole value. */
extern ShopperStatus shopper_model_header(ShopperEnv *env, const void *bytes, size_t length, size_t total, ShopperModelHeader *header);
/* Checks the hash, then decodes everything into memory of env. */
extern ShopperStatus shopper_model_decode(ShopperEnv *env, const void *bytes, size_t length, ShopperModel *model);

/* ---- scoring rows: the learner's prediction, calibrated (calibration.c) ---- */
/* One encoded row; out gets a probability per class, or one number. Never fails, allocates nothing. */
extern void shopper_predict(const ShopperModel *model, const double *dense, const int32_t *lookup, double *out);
/* Rows [from, to) of an encoded table; out is (to - from, outputs) row-major. Thread-safe, allocates nothing. */
extern void shopper_predict_block(const ShopperModel *model, const ShopperTable *table, int64_t from, int64_t to, double *out);

/* The class that probabilities speak for: of two the positive one from the model's cut-off on, else the most probable. */
extern int	shopper_best_class(const ShopperModel *model, const double *p);
/* The same in two steps, for many rows: from which probability on class 1 of two is said; the class. */
extern double shopper_cutoff(const ShopperModel *model);
extern int	shopper_best_of(int classes, const double *p, double cutoff);

/* ---- the row shape's common course (supervised/train.c) ---- */
/*
 * Order, split, weigh, prepare, fit, measure: from a table that is fully read to a
 * finished model. class_weight (classes) may be NULL.
 */
extern ShopperStatus shopper_train_rows(ShopperEnv *env, ShopperModel *model, ShopperTable *table,
										const double *class_weight, const ShopperModel *previous);
/* The same for rows without a target (points.c): order, prepare, fit. */
extern ShopperStatus shopper_train_points(ShopperEnv *env, ShopperModel *model, ShopperTable *table, const ShopperModel *previous);
/* Of it, the encoding alone, of a table in canonical order. */
extern ShopperStatus shopper_prepare_points(ShopperModel *model, ShopperTable *table);
/* Add metrics (dataset "query"), or permutation importance, of a finished model on the encoded rows of t. */
extern ShopperStatus shopper_measure_rows(ShopperEnv *env, ShopperModel *model, const ShopperTable *t, bool importance);

#endif
