/*
 * pg.h: what the files of src/pg share. This is the only room that knows
 * PostgreSQL: it reads arguments and rows, hands them to the pure rooms, and turns
 * what comes back into datums or errors. It does no arithmetic.
 */
#ifndef SHOPPER_PG_H
#define SHOPPER_PG_H

#include "postgres.h"

#include "access/htup_details.h"
#include "access/tupdesc.h"
#include "fmgr.h"
#include "funcapi.h"
#include "utils/builtins.h"
#include "utils/json.h"
#include "utils/jsonb.h"
#include "utils/memutils.h"

#include "compat.h"

#include "../features/intake.h"
#include "../models/learner.h"

/* ---- settings (init.c) ---- */
extern int	shopper_max_training_memory;	/* MB */
extern int	shopper_max_model_size; /* MB */
extern int	shopper_cache_size; /* MB */
extern int	shopper_max_threads;
extern bool shopper_progress_on;
extern char *shopper_run;		/* number of the registry's run that this session is at work for; "": none */

/* ---- env.c: memory, cancel, threads for pure code ---- */

/* An env over a new child of parent: deleting *context frees everything and ends its threads. */
extern ShopperEnv *shopper_env_create(MemoryContext parent, MemoryContext *context);
/* Give it a pool of threads when work of this many rows is worth one; ended by shopper_env_end_pool or with the context. */
extern void shopper_env_start_pool(ShopperEnv *env, int64 rows);
extern void shopper_env_end_pool(ShopperEnv *env);

/* ---- report.c: the only place that raises errors for pure code ---- */
extern void shopper_report(ShopperEnv *env, int elevel);
#define shopper_check(env, call) \
	do { if ((call) != SHOPPER_OK) shopper_report((env), ERROR); } while (0)

/* A state that no row has made yet is NULL for SQL too: final and serial functions rely on that. */
#define SHOPPER_RETURN_STATE(state) \
	do { void *s_ = (state); if (s_ == NULL) PG_RETURN_NULL(); PG_RETURN_POINTER(s_); } while (0)

/* ---- options.c: jsonb to options ---- */
/* The learner that options name (NULL: the default of the task), with all its options set and checked. */
extern const ShopperLearner *shopper_options_from_jsonb(ShopperEnv *env, Jsonb *jsonb, ShopperTask task, ShopperOptions *options);
/* "a classifier", "clusters" ...: what a task makes. */
extern const char *shopper_task_in_words(ShopperTask task);
/* The algorithm that options name, or NULL. */
extern char *shopper_algorithm_of(Jsonb *jsonb);
/* {"class": weight} text to weights in class order; NULL for none and 'balanced'. */
extern double *shopper_class_weights(ShopperEnv *env, const ShopperOptions *options, const ShopperSpec *spec);

/* ---- values.c: from datums to numbers, texts and days ---- */
typedef enum ShopperConversion
{
	SHOPPER_FROM_NONE,			/* a type that cannot be a feature */
	SHOPPER_FROM_INT2, SHOPPER_FROM_INT4, SHOPPER_FROM_INT8, SHOPPER_FROM_FLOAT4, SHOPPER_FROM_FLOAT8,
	SHOPPER_FROM_NUMERIC, SHOPPER_FROM_BOOL, SHOPPER_FROM_INTERVAL,
	SHOPPER_FROM_TEXT, SHOPPER_FROM_BPCHAR, SHOPPER_FROM_NAME, SHOPPER_FROM_CHAR, SHOPPER_FROM_ENUM, SHOPPER_FROM_UUID,
	SHOPPER_FROM_DATE, SHOPPER_FROM_TIMESTAMP, SHOPPER_FROM_TIMESTAMPTZ,
	SHOPPER_FROM_VECTOR,		/* int2[], int4[], int8[], float4[], float8[] */
	SHOPPER_FROM_CSTRING,		/* an untyped literal given to "any" */
	SHOPPER_FROM_OTHER			/* ids only: the type's output text */
} ShopperConversion;

typedef struct ShopperEnumLabel
{
	Oid			oid;
	char	   *label;
} ShopperEnumLabel;

/* One column or argument: how to read it, with what reading it needs. */
typedef struct ShopperValueReader
{
	ShopperConversion from;
	Oid			element;		/* of arrays */
	ShopperEnumLabel *label;	/* seen so far */
	int			n_labels,
				label_capacity;
	FmgrInfo	output;			/* OTHER */
	text	   *zone;			/* timestamptz: NULL = UTC */
	MemoryContext context;		/* of labels */
	char		buffer[64];		/* of the text returned last */
} ShopperValueReader;

extern void shopper_value_reader(ShopperValueReader *reader, Oid type, MemoryContext context);
/* The kind of feature that a conversion makes. False: it makes none. */
extern bool shopper_feature_kind(ShopperConversion from, bool categorical, ShopperKind *kind, bool *utc, bool *may_be_id);
/* Of an integer conversion. */
extern int64 shopper_value_integer(const ShopperValueReader *reader, Datum value);
extern double shopper_value_number_slow(const ShopperValueReader *reader, Datum value);
static inline double
shopper_value_number(const ShopperValueReader *reader, Datum value)
{
	switch (reader->from)
	{
		case SHOPPER_FROM_INT4:
			return DatumGetInt32(value);
		case SHOPPER_FROM_FLOAT8:
			return DatumGetFloat8(value);
		default:
			return shopper_value_number_slow(reader, value);
	}
}

/* Text without a NUL in general; valid until the next call with this reader or the end of the memory context. */
extern const char *shopper_value_text(ShopperValueReader *reader, Datum value, size_t *length);
extern double shopper_value_days(const ShopperValueReader *reader, Datum value);
/* The numbers of an array (NULL elements are NaN), palloc'd. */
extern double *shopper_value_vector(const ShopperValueReader *reader, Datum value, int *n);
/* The n elements of a float8[]; NULL elements are NaN. */
extern void shopper_read_floats(const struct ArrayType *array, int n, double *x);
/* float8[] of x; nullable: NaN and infinity become NULL. */
extern Datum shopper_float_array(const double *x, int n, bool nullable);
extern bool shopper_conversion_is_integer(ShopperConversion from);
extern bool shopper_conversion_is_text(ShopperConversion from);

/* ---- query.c: the query twins' way in ---- */
typedef struct ShopperRowSink
{
	void		(*start) (void *state, TupleDesc desc);
	void		(*row) (void *state, Datum *values, bool *nulls);
	void	   *state;
} ShopperRowSink;

/* Run one read-only statement with the caller's rights and snapshot; rows go to the sink. */
extern void shopper_run_query(const char *query, const ShopperRowSink *sink);

/* ---- gateway.c: the only reader of model bytes ---- */
typedef struct ShopperCachedModel ShopperCachedModel;

typedef struct ShopperModelUse	/* kept in fn_extra by every function that takes a model */
{
	const ShopperModel *model;	/* held in memory until the next call of shopper_model_arg here */
	ShopperCachedModel *cached; /* NULL: none is held */
	uint64		serial;			/* of the decoding that was used last */
	bool		external;		/* the argument was an on-disk TOAST pointer: */
	struct varatt_external pointer;
	char		header[SHOPPER_MODEL_HEADER];	/* its first bytes */
	void	   *extra;			/* the function's own, see fresh */
	bool		fresh;			/* the model is another one than at the last call; drop what is bound to it first */
	struct NamedUse *named;		/* the argument is a name; NULL: bytes */
	MemoryContextCallback callback; /* of fn_mcxt: lets the model go */
} ShopperModelUse;

/* The model in argument n (not NULL), decoded and cached: bytes, or a registered name where the SQL declaration takes text. */
extern ShopperModelUse *shopper_model_arg(FunctionCallInfo fcinfo, int n);
/* The same for a learner's shape: another kind of model is an error. */
extern ShopperModelUse *shopper_model_of_shape(FunctionCallInfo fcinfo, int n, ShopperShape shape, const char *wanted, const char *hint);
/* The content hash of the model that was used last, 16 hexadecimal digits. */
extern char *shopper_model_id(const ShopperModelUse *use);
/* The length of its bytes. */
extern Size shopper_model_length(const ShopperModelUse *use);
/* The bytes that argument n holds or names. */
extern bytea *shopper_model_bytes(FunctionCallInfo fcinfo, int n);
/* Decode without the cache, into env. */
extern void shopper_model_read(ShopperEnv *env, bytea *bytes, ShopperModel *model);
/* Encode, check the size, copy into the current context. */
extern bytea *shopper_model_write(ShopperEnv *env, const ShopperModel *model);

/* ---- train.c ---- */
/*
 * Set the model's learner and options, and decode the model to continue from when there is one. Everything
 * goes into the current context, also the copy of the options that comes back.
 */
extern Jsonb *shopper_training_begin(ShopperEnv *env, ShopperTask task, Jsonb *options, bytea *previous,
									 ShopperModel *model, ShopperModel **earlier);
/* Aggregates: an error when a row brings other options than its group started with; NULL: none. */
extern void shopper_check_same_options(const Jsonb *first, const Jsonb *now);
/* The model's bytes in the current context, or NULL when on_failure => 'null' applied; ends the threads. */
extern bytea *shopper_training_end(ShopperEnv *env, ShopperStatus status, const ShopperModel *model);

/* ---- srf.c ---- */
extern Tuplestorestate *shopper_rows_begin(FunctionCallInfo fcinfo, TupleDesc *desc);

/* NaN and infinity become NULL where rows go out. */
static inline void
shopper_set_float(Datum *value, bool *null, double x)
{
	*null = x - x != 0;
	*value = Float8GetDatum(*null ? 0 : x);
}

#endif
