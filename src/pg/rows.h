/*
 * rows.h: reading the user's rows, for training and for scoring, by column name.
 */
#ifndef SHOPPER_ROWS_H
#define SHOPPER_ROWS_H

#include "pg.h"

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

/* ---- training: rows into an intake ---- */

typedef enum ShopperRole
{
	SHOPPER_ROLE_TARGET,
	SHOPPER_ROLE_WEIGHT,
	SHOPPER_ROLE_HELD_OUT,
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
	ShopperTrainingColumn *column;	/* target first, then weight, held out, features */
	bool		planned;		/* columns are known */
	int32_t		boolean_code[2];	/* class codes of false and true, -1 before they are seen */
	ShopperModel *previous;

	/* to notice arguments that change inside a group */
	ShopperTask task;
	char	   *target;
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
/* The model's bytes in the current context, or NULL when on_failure => 'null' applied. */
extern bytea *shopper_row_training_finish(ShopperRowTraining *t);

/* ---- scoring: a record into an encoded row ---- */

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
	double	   *dense;			/* (n_dense) */
	int32_t    *lookup;			/* (n_categories) */
	double	   *out;			/* (outputs, at least 2) */
} ShopperRowScoring;

/* Bind a model to the row type of a record, in a context below parent; an absent column is an error that names it. */
extern ShopperRowScoring *shopper_row_scoring_create(MemoryContext parent, const ShopperModel *model, HeapTupleHeader record);
extern void shopper_row_scoring_read(ShopperRowScoring *s, HeapTupleHeader record);
/* The same for rows of a query. */
extern ShopperRowScoring *shopper_row_scoring_plan(MemoryContext parent, const ShopperModel *model, TupleDesc desc);
extern void shopper_row_scoring_encode(ShopperRowScoring *s, Datum *values, bool *nulls);

/* ---- columns by name ---- */

/* The attribute of this name, or -1; two of the same name are an error. */
extern int	shopper_find_attribute(TupleDesc desc, const char *name);
extern void shopper_missing_column(TupleDesc desc, const char *what, const char *name);

#endif
