/*
 * terms.h: what a linear model makes of its columns: logarithms, splines, interactions.
 *
 * A logarithm takes the place of its number, everywhere. A spline is a restricted cubic
 * one (Harrell 2015, section 2.4): the column itself and, for k knots, k - 2 more that
 * are linear outside the knots. An interaction is a product: of two numbers; of a number
 * and each level of a category; of each pair of levels.
 *
 * A design is the spec of the columns that the algebra sees: those of the encoding, then
 * the numbers that terms add; the categories, then the pairs of levels as one more.
 */
#ifndef SHOPPER_TERMS_H
#define SHOPPER_TERMS_H

#include "../learner.h"

#define SHOPPER_MAX_KNOTS 7

typedef enum ShopperTermKind
{
	SHOPPER_TERM_PRODUCT, SHOPPER_TERM_SLOPES, SHOPPER_TERM_CELLS, SHOPPER_TERM_SPLINE
} ShopperTermKind;

typedef struct ShopperTerm
{
	ShopperTermKind kind;
	int			a;				/* number; of CELLS a category */
	int			b;				/* PRODUCT: number; SLOPES, CELLS: category */
	int			n_knots;		/* SPLINE */
	double		knot[SHOPPER_MAX_KNOTS];
	int			n;				/* columns */
	int			first;			/* the first of them in the design */
} ShopperTerm;

typedef enum ShopperLog
{
	SHOPPER_LOG_NONE, SHOPPER_LOG, SHOPPER_LOG1P
} ShopperLog;

typedef struct ShopperTerms
{
	uint8_t    *log;			/* (n_numbers) ShopperLog */
	double	   *least;			/* (n_numbers) of the training rows: the logarithm of less is that of this */
	int			n;
	ShopperTerm *term;
} ShopperTerms;

#define SHOPPER_TERM_OPTIONS \
	{"interactions", SHOPPER_STRINGS, NULL, 0, 0, false, NULL, "products of two columns to add, as {\"age * device\"}"}, \
	{"logs", SHOPPER_STRINGS, NULL, 0, 0, false, NULL, "numbers to take the logarithm of: log(x), or log(1 + x) where zeros occur"}, \
	{"splines", SHOPPER_STRINGS, NULL, 0, 0, false, NULL, "numbers to fit a restricted cubic spline of, with 3 to 7 knots after the name (5)"}, \
	{"reference", SHOPPER_STRINGS, NULL, 0, 0, false, NULL, "levels to compare the others of their category with, as {\"device = phone\"}"}, \
	{"offset_column", SHOPPER_STRING, NULL, 0, 0, false, NULL, "number that is added to the score with coefficient 1"}, \
	{"errors", SHOPPER_CHOICE, "model", 0, 0, false, "model,robust,clustered", "standard errors: from the model, from squared residuals, from sums of each cluster"}, \
	{"cluster", SHOPPER_STRING, NULL, 0, 0, false, NULL, "column whose values are the clusters of errors => clustered"}

/*
 * The terms of the options, learned from the prepared table; NULL when there are none. *design and *expanded are
 * then what the algebra takes (rows [0, n_train) only), else the model's spec and the table.
 */
extern ShopperStatus shopper_terms_learn(ShopperEnv *env, const ShopperModel *model, const ShopperTable *t,
										 ShopperTerms **terms, const ShopperSpec **design, ShopperTable *expanded);
/* The number that has this column's name, for an option; SHOPPER_BAD_OPTION lists the columns. */
extern ShopperStatus shopper_terms_number(ShopperEnv *env, const ShopperSpec *spec, const char *option, const char *name, int *number);

/* What a term adds to the score of an encoded row, less what it adds at the given means of its columns (NULL: at 0). */
extern double shopper_term_score(const ShopperTerms *terms, const ShopperTerm *term, const ShopperSpec *spec, const ShopperSpec *design,
								 const double *dense, const int32_t *lookup, const double *w, const double *mean);
/* Number j of the design from its encoded value. */
extern double shopper_terms_dense(const ShopperTerms *terms, const ShopperSpec *spec, const ShopperSpec *design, int j, double encoded);
/* Names of all columns of the design. */
extern ShopperStatus shopper_terms_names(ShopperEnv *env, const ShopperSpec *spec, const ShopperTerms *terms, const ShopperSpec *design,
										 ShopperFeatureName **names);

extern void shopper_terms_encode(const ShopperTerms *terms, const ShopperSpec *spec, const ShopperSpec *design, ShopperWriter *w);
extern ShopperStatus shopper_terms_decode(const ShopperSpec *spec, ShopperReader *r, ShopperTerms **terms, const ShopperSpec **design);

/* ---- inside (terms_parse.c, terms.c, terms_store.c) ---- */

#define SHOPPER_MAX_TERM_COLUMNS 4096	/* the Gram matrix has the square of them */
#define SHOPPER_MAX_TERM_INPUTS 16384	/* numbers and categories of a row: they lie on the stack of the thread that predicts */

/* Logarithms and terms from the options; knots are not set yet. */
extern ShopperStatus shopper_terms_parse(ShopperEnv *env, const ShopperModel *model, ShopperTerms *terms);
/* The columns that parsed terms make; means and scales of those that are not of the spec are 0 and 1 yet. */
extern ShopperStatus shopper_terms_design(ShopperEnv *env, const ShopperSpec *spec, ShopperTerms *terms, ShopperSpec **design);
/* The value of a number for splines and interactions, from its encoded value. */
extern double shopper_terms_value(const ShopperTerms *terms, const ShopperSpec *spec, int j, double encoded);

#endif
