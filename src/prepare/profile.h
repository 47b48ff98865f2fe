/*
 * profile.h: what the columns of a table hold, from one pass over its rows.
 *
 * Counts, least, greatest, mean, deviation and skewness are those of all rows. Quantiles, the
 * picture and the most frequent values of numbers are exact up to `sample` known values of a
 * column; beyond that they come from a random sample of as many, whose rank error is told.
 */
#ifndef SHOPPER_PROFILE_H
#define SHOPPER_PROFILE_H

#include "../features/dictionary.h"

#define SHOPPER_PROFILE_TOP 10
#define SHOPPER_PROFILE_QUANTILES 7	/* 1, 5, 25, 50, 75, 95, 99 % */
#define SHOPPER_PROFILE_BINS 20

typedef enum ShopperProfileKind
{
	SHOPPER_PROFILE_INTEGER,	/* int64: whole numbers, times in microseconds, days */
	SHOPPER_PROFILE_NUMBER,		/* double */
	SHOPPER_PROFILE_TEXT
} ShopperProfileKind;

typedef struct ShopperProfileColumn
{
	ShopperProfileKind kind;
	int64_t		n;				/* known values */
	int64_t		n_invalid;		/* NaN and infinity: not among them */

	/* the rows of the present block */
	int64_t		n_block;
	uint64_t   *block;			/* sortable keys */

	/* numbers */
	uint64_t	least,
				greatest;
	double		mean,
				m2,				/* sums of powers of deviations */
				m3;
	int64_t		n_sample;
	int64_t		capacity;
	uint64_t   *sample;
	int64_t		next;			/* the number of the value that enters the full sample next */
	double		w;				/* of that draw */
	uint8_t    *registers;		/* distinct values once the sample, or the dictionary, no longer holds all; else NULL */

	/* texts */
	ShopperDictionary levels;
	int64_t		missed;			/* a level that was dropped had at most as many lines */
	char	   *first,			/* least and greatest by bytes */
			   *last;
	size_t		first_length,
				last_length;

	/* results */
	double		quantile[SHOPPER_PROFILE_QUANTILES];
	double		rank_error;		/* of the quantiles, at most, with probability 0.9999; 0: exact */
	double		sd;
	double		skew;
	double		distinct;
	bool		distinct_exact;
	int			n_top;			/* most frequent values, most first */
	uint64_t	top[SHOPPER_PROFILE_TOP];	/* keys, or codes of levels */
	double		top_count[SHOPPER_PROFILE_TOP];
	int			bins;
	int64_t		bin[SHOPPER_PROFILE_BINS];	/* of equal width between the 1 % and 99 % quantiles; the outermost hold the rest too */
} ShopperProfileColumn;

typedef struct ShopperProfile
{
	ShopperEnv *env;
	int			p;
	int64_t		n;				/* rows */
	int64_t		sample;			/* most values of a number that are kept */
	int64_t		levels;			/* most levels of a text that are kept */
	int64_t		block_rows;
	ShopperProfileColumn *column;
} ShopperProfile;

/* p columns whose kinds are set by the caller; budget: bytes that values and levels may take, at most. */
extern ShopperStatus shopper_profile_init(ShopperProfile *f, ShopperEnv *env, int p, int64_t budget);
extern ShopperStatus shopper_profile_begin(ShopperProfile *f);
/* Values of the present row; a column that is not given one is unknown there. */
static inline void
shopper_profile_integer(ShopperProfileColumn *c, int64_t x)
{
	c->block[c->n_block++] = (uint64_t) x ^ 0x8000000000000000ULL;
}
extern void shopper_profile_number(ShopperProfileColumn *c, double x);
extern ShopperStatus shopper_profile_text(ShopperProfile *f, ShopperProfileColumn *c, const char *text, size_t length);
/* The row is complete. */
extern ShopperStatus shopper_profile_row(ShopperProfile *f);
/* After the last row: fill the results. */
extern ShopperStatus shopper_profile_finish(ShopperProfile *f);

/* The number that a key stands for. */
extern double shopper_profile_value(const ShopperProfileColumn *c, uint64_t key);
extern int64_t shopper_profile_whole(uint64_t key);

#endif
