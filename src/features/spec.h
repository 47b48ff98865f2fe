/*
 * spec.h: the feature spec, what a model knows of its columns.
 *
 * A source column (a column of the user's row) becomes one or more numbers, or
 * one category. Two encodings exist:
 *
 *   raw:      dense  = the numbers as they are, NaN for missing;
 *             lookup = category codes 0 .. levels-1.
 *   prepared: dense  = numbers filled and standardized, then one 0/1 flag for each
 *                      number that was missing somewhere in training;
 *             lookup = position inside the category's block of one-hot columns,
 *                      or size[k] for "all zeros" (the reference level, or an
 *                      unseen level under on_unseen => 'zero').
 *
 * A prepared row is the sparse form of `width` columns: the n_dense ones, then
 * block k of size[k] columns from offset[k] on. Learners keep a weight slot
 * size[k] that stays 0, so that "all zeros" needs no branch.
 */
#ifndef SHOPPER_SPEC_H
#define SHOPPER_SPEC_H

#include "dictionary.h"

typedef enum ShopperInput
{
	SHOPPER_PREPARED,
	SHOPPER_RAW
} ShopperInput;

typedef enum ShopperKind
{
	SHOPPER_KIND_NUMBER = 0,	/* int, float, numeric, interval in seconds */
	SHOPPER_KIND_BOOLEAN = 1,	/* a number 0 or 1 */
	SHOPPER_KIND_CATEGORY = 2,
	SHOPPER_KIND_DATE = 3,		/* several numbers, see ShopperDatePart */
	SHOPPER_KIND_TIMESTAMP = 4,
	SHOPPER_KIND_VECTOR = 5		/* an array of a fixed length: that many numbers */
} ShopperKind;

typedef enum ShopperDatePart
{
	SHOPPER_PART_DAYS = 0,		/* since the model's origin, with fraction */
	SHOPPER_PART_WEEK_SIN = 1,
	SHOPPER_PART_WEEK_COS = 2,
	SHOPPER_PART_YEAR_SIN = 3,
	SHOPPER_PART_YEAR_COS = 4,
	SHOPPER_PART_DAY_SIN = 5,	/* timestamps only */
	SHOPPER_PART_DAY_COS = 6
} ShopperDatePart;

typedef enum ShopperOnUnseen
{
	SHOPPER_UNSEEN_OTHER = 0,
	SHOPPER_UNSEEN_ZERO = 1,
	SHOPPER_UNSEEN_ERROR = 2
} ShopperOnUnseen;

typedef struct ShopperColumn
{
	char	   *name;			/* as the user's query names it */
	ShopperKind kind;
	bool		utc;			/* timestamptz, shifted by the zone option */
	int			first;			/* its first number, or its category */
	int			n;				/* how many numbers; 1 for a category */
	double		origin;			/* dates: days since 2000-01-01 of the earliest training value */
} ShopperColumn;

typedef struct ShopperNumber
{
	int			column;			/* index into columns */
	int			part;			/* ShopperDatePart, element of a vector, else 0 */
	double		mean;			/* what is subtracted: the mean of the training rows, missing ones filled; else as ShopperScale says */
	double		scale;			/* divisor: population standard deviation, or as ShopperScale says; 1 for constants, flags and cyclic parts */
	double		fill;			/* what a missing value becomes */
	double		low;			/* training range */
	double		high;
	int64_t		n_missing;
	int			flag;			/* dense index of its missing flag, or -1 */
} ShopperNumber;

typedef struct ShopperCategory
{
	int			column;
	ShopperDictionary levels;	/* by count, at most max_levels */
	int			null_code;		/* code of the NULL level, or -1 */
	int			other_code;		/* code of the level for the rare ones, or -1 */
	int			n_levels;		/* levels.n and those two */
	int			base;			/* reference level without a column of its own, or -1 */
	int			size;			/* columns of its block */
	int			offset;			/* first column of its block */
	int64_t    *count;			/* (n_levels) training rows */
} ShopperCategory;

typedef enum ShopperTargetKind
{
	SHOPPER_TARGET_CLASS = 0,
	SHOPPER_TARGET_NUMBER = 1,
	SHOPPER_TARGET_NONE = 2
} ShopperTargetKind;

typedef struct ShopperSpec
{
	int			n_columns;
	ShopperColumn *column;
	int			n_numbers;
	ShopperNumber *number;
	int			n_categories;
	ShopperCategory *category;
	ShopperOnUnseen on_unseen;
	bool		prepared;		/* offsets and sizes below are set */
	int			n_dense;		/* numbers and missing flags (raw: numbers) */
	int			width;			/* all columns: n_dense and the blocks */

	char	   *target;			/* name of the target column; NULL: none */
	ShopperTargetKind target_kind;
	ShopperDictionary classes;	/* text of each class, in class order; with two, 1 is the positive one */
	int			positive;		/* the class whose probability predict_purchase() gives, or -1 */
	double		target_mean;	/* of the training rows */
	double		target_scale;	/* population standard deviation, 1 if constant */
	char	   *zone;			/* time zone of timestamptz columns, NULL = UTC */
} ShopperSpec;

/* The index of the column of this name, or -1. */
extern int	shopper_spec_find(const ShopperSpec *spec, const char *name);
/* The column of the same name, kind and number of numbers in another spec, or NULL. */
extern const ShopperColumn *shopper_spec_find_like(const ShopperSpec *spec, const ShopperColumn *column);
/* Whether both predict numbers, or the same classes with the same codes. */
extern bool shopper_spec_same_target(const ShopperSpec *a, const ShopperSpec *b);

/* Feature columns of `width` as the user knows them: column name, level (or NULL) and, for dates, part. */
typedef struct ShopperFeatureName
{
	const char *column;
	const char *level;			/* level text, "(missing)", "(other)", date part, element; NULL for a plain number */
} ShopperFeatureName;

/* Names of all `width` columns; memory from env. */
extern ShopperStatus shopper_spec_names(ShopperEnv *env, const ShopperSpec *spec, ShopperFeatureName **names);

/* Numbers from one date: days since 2000-01-01 (with fraction) to part; NaN stays NaN. */
extern double shopper_date_part(double days, int part, double origin);

/* Code of a level (raw encoding): unseen gives the other level, else -1. text NULL is the NULL level. */
extern int32_t shopper_category_code(const ShopperCategory *category, const char *text, size_t length);
/* Position in the block from a code; `size` for all zeros. */
static inline int32_t
shopper_category_position(const ShopperCategory *category, int32_t code)
{
	if (code < 0 || code == category->base)
		return category->size;
	return code - (category->base >= 0 && code > category->base);
}

/* Give the NULL level and the other level their codes, behind the levels; no base yet. */
extern void shopper_category_number(ShopperCategory *category, bool has_null, bool has_other);

/* Turn the raw row (n_numbers values, NaN missing) into the n_dense prepared ones; in place is fine. */
extern void shopper_prepare_row(const ShopperSpec *spec, const double *raw, double *dense);

extern void shopper_spec_encode(const ShopperSpec *spec, ShopperWriter *w);
extern ShopperStatus shopper_spec_decode(ShopperEnv *env, ShopperSpec *spec, ShopperReader *r);

#endif
