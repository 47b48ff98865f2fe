/*
 * rows.h: reading the user's rows, for training and for scoring, by column name.
 */
#ifndef SHOPPER_ROWS_H
#define SHOPPER_ROWS_H

#include "pg.h"

#include "utils/tuplestore.h"
#include "utils/typcache.h"

/* Which row type was met last. A named one may get other columns meanwhile: then its version changes. */
typedef struct ShopperRowType
{
	Oid			oid;
	int32		typmod;
	TypeCacheEntry *entry;		/* NULL: anonymous, these never change */
	uint64		version;
} ShopperRowType;

static inline bool
shopper_same_row_type(const ShopperRowType *known, HeapTupleHeader record)
{
	return known->oid == HeapTupleHeaderGetTypeId(record) && known->typmod == HeapTupleHeaderGetTypMod(record) &&
		(known->entry == NULL || known->entry->tupDesc_identifier == known->version);
}

/* Take note of a record's type; its columns in the current context, with the defaults of those that came later. */
extern TupleDesc shopper_row_type(ShopperRowType *known, HeapTupleHeader record);

/* ---- training: rows into an intake (rows_training.c) ---- */

typedef enum ShopperRole
{
	SHOPPER_ROLE_TARGET,
	SHOPPER_ROLE_WEIGHT,
	SHOPPER_ROLE_HELD_OUT,
	SHOPPER_ROLE_TIME,
	SHOPPER_ROLE_GROUP,
	SHOPPER_ROLE_FEATURE
} ShopperRole;

typedef struct ShopperTrainingColumn
{
	ShopperRole role;
	int			attribute;		/* 0-based in the row */
	int			feature;		/* index in the intake */
	ShopperKind kind;
	ShopperValueReader reader;
} ShopperTrainingColumn;

typedef struct ShopperRowTraining
{
	ShopperEnv *env;
	MemoryContext context;		/* lives as long as the training */
	ShopperModel model;
	ShopperIntake intake;
	int			n_columns;
	ShopperTrainingColumn *column;	/* target, if any, first, then the other roles, features last */
	const char *time_column;	/* for time-ordered folds; NULL: that of option validation_time, if any */
	const char *group_column;	/* for grouped folds; NULL: none */
	bool		wide;			/* read numbers as float64 */
	bool		planned;		/* columns are known */
	int32_t		boolean_code[2];	/* class codes of false and true, -1 before they are seen */
	ShopperModel *previous;

	/* to notice arguments that change inside a group */
	ShopperTask task;
	char	   *target;			/* NULL: a model of rows without one */
	Jsonb	   *options;
	/* aggregates: the record */
	ShopperRowType type;
	TupleDesc	desc;
	Datum	   *values;
	bool	   *nulls;
} ShopperRowTraining;

extern ShopperRowTraining *shopper_row_training_create(MemoryContext parent, ShopperTask task, const char *target,
													   Jsonb *options, bytea *previous);
extern void shopper_row_training_plan(ShopperRowTraining *t, TupleDesc desc);
extern void shopper_row_training_add(ShopperRowTraining *t, Datum *values, bool *nulls);
/* Instead of training: the rows as a raw table in canonical order; its spec is t->model.spec. */
extern void shopper_row_training_table(ShopperRowTraining *t, ShopperTable *table);
/* The model's bytes in the current context, or NULL when on_failure => 'null' applied. */
extern bytea *shopper_row_training_finish(ShopperRowTraining *t);

/* ---- scoring: a record into an encoded row (rows_scoring.c) ---- */

typedef struct ShopperScoringColumn
{
	int			attribute;
	const ShopperColumn *column;
	ShopperValueReader reader;
} ShopperScoringColumn;

typedef struct ShopperRowScoring
{
	MemoryContext context;		/* its own: models may change from row to row */
	const ShopperModel *model;
	ShopperRowType type;
	TupleDesc	desc;
	int			n_columns;
	ShopperScoringColumn *column;
	Datum	   *values;
	bool	   *nulls;
	double	   *raw;			/* (n_numbers) as read, NaN for missing; the same array as dense when the model takes raw rows */
	double	   *dense;			/* (n_dense) */
	int32_t    *code;			/* (n_categories) as read, before they become positions */
	bool	   *unseen;			/* (n_columns) a level that training did not keep */
	int32_t    *lookup;			/* (n_categories) */
	double	   *out;			/* (outputs, at least 2) */
	void	   *extra;			/* the function's own, in context; NULL at first */
} ShopperRowScoring;

/* Bind a model to the row type of a record, in a context below parent; an absent column is an error that names it. */
extern ShopperRowScoring *shopper_row_scoring_create(MemoryContext parent, const ShopperModel *model, HeapTupleHeader record);
extern void shopper_row_scoring_read(ShopperRowScoring *s, HeapTupleHeader record);
/* The same for rows of a query. */
extern ShopperRowScoring *shopper_row_scoring_plan(MemoryContext parent, const ShopperModel *model, TupleDesc desc);
extern void shopper_row_scoring_encode(ShopperRowScoring *s, Datum *values, bool *nulls);

/*
 * The model in argument 0 and the record in argument 1, read and encoded; the binding is kept at the call site.
 * NULL when either is NULL. Another task than one of these is an error; task 0: a classifier or a regressor; SHOPPER_PROJECT: all that project.
 */
extern ShopperRowScoring *shopper_scoring_args(FunctionCallInfo fcinfo, unsigned task);

/* ---- reasons (explain.c) ---- */

/* The tasks whose models explain their answers. */
#define SHOPPER_EXPLAINED (SHOPPER_CLASSIFY | SHOPPER_REGRESS | SHOPPER_DETECT)

/* Contributions of the columns to the raw score, for the positive class, else the most probable one; palloc'd. */
extern double *shopper_contributions(ShopperRowScoring *s);
/* A column's value in the row as the user wrote it; NULL for NULL. */
extern char *shopper_column_value_text(const ShopperRowScoring *s, int column);
/* Columns by falling size of their contribution; palloc'd. */
extern int *shopper_order_by_size(const double *contribution, int n);
/* A row (feature, value, contribution); column -1: the base. */
extern void shopper_put_contribution(Tuplestorestate *rows, TupleDesc desc, const ShopperRowScoring *s, int column, double contribution);

/* ---- a model and the encoded rows of a query (measure.c) ---- */

typedef struct ShopperMeasured
{
	ShopperEnv *env;
	MemoryContext context;
	ShopperModel model;			/* a copy without metrics and importance: those of the query come in */
	ShopperTable table;
	ShopperRowScoring *scoring;
	bool		need_target;	/* else it may be absent, and y is 0 */
	int			target;			/* attribute, or -1 */
	ShopperValueReader reader;
	int			watched;		/* a number whose raw values are kept, or -1 */
	double	   *raw;			/* (n) of that number */
	int64_t		watched_capacity;
} ShopperMeasured;

extern ShopperMeasured *shopper_measured_query(const ShopperModel *model, const char *query, bool need_target, int watched);
/* Argument 0, which must be a classifier or regressor. */
extern const ShopperModel *shopper_rows_model_arg(FunctionCallInfo fcinfo);
/* Argument n, which must be a model of clusters. */
extern const ShopperModel *shopper_clusters_arg(FunctionCallInfo fcinfo, int n);
/* Error: no such column of the model; lists them. */
pg_noreturn extern void shopper_unknown_feature(const ShopperSpec *spec, const char *name);
/* Error: no such class; lists those that there are. */
pg_noreturn extern void shopper_unknown_class(const ShopperSpec *spec, const char *name);

/* ---- columns by name ---- */

/* The attribute of this name, or -1; two of the same name are an error. */
extern int	shopper_find_attribute(TupleDesc desc, const char *name);
extern void shopper_missing_column(TupleDesc desc, const char *what, const char *name);

#endif
