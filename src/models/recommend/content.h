/*
 * content.h: items known by their attributes (the learner content).
 *
 * Each attribute makes a part of an item's vector, of length 1, or 0 where the item has no value:
 *
 *     category, boolean   1 at the value's place
 *     bag (text[], int[]) idf at the place of each value
 *     text                (1 + ln times) idf at the place of each word
 *     number, date        a point on a quarter circle, at a quarter turn times Phi(z), z the standardized
 *                         number: 1 for equal numbers, falling to 0 for opposite ends
 *     vector (float8[])   the vector
 *
 * with idf = 1 + ln((1 + items) / (1 + items with it)) (Salton and Buckley 1988, "Term-weighting approaches
 * in automatic text retrieval"). Parts are scaled to sqrt(weight / sum of weights), so the dot product of two
 * items is the weighted mean of the cosines of their parts.
 */
#ifndef SHOPPER_CONTENT_H
#define SHOPPER_CONTENT_H

#include "recommender.h"

#define SHOPPER_MAX_ATTRIBUTES 1600

typedef enum ShopperAttributeKind
{
	SHOPPER_ATTRIBUTE_CATEGORY = 0,
	SHOPPER_ATTRIBUTE_BAG = 1,
	SHOPPER_ATTRIBUTE_TEXT = 2,
	SHOPPER_ATTRIBUTE_NUMBER = 3,
	SHOPPER_ATTRIBUTE_VECTOR = 4
} ShopperAttributeKind;

static inline bool
shopper_has_terms(ShopperAttributeKind kind)
{
	return kind <= SHOPPER_ATTRIBUTE_TEXT;
}

typedef struct ShopperAttribute
{
	char	   *name;			/* the user's column */
	ShopperAttributeKind kind;
	double		weight;
	ShopperDictionary terms;	/* by value, counts: items with it; those of at least two items */
	int64_t		first_term;		/* number of its first term among all */
	int			first;			/* its first place in the dense part, and how many places: numbers 2 */
	int			n;
	double		mean;			/* of numbers */
	double		scale;
} ShopperAttribute;

typedef struct ShopperContent
{
	ShopperEvents events;		/* items alone: no users, no events */
	int			n_attributes;
	ShopperAttribute *attribute;
	int64_t		n_terms;
	int64_t    *start;			/* (items + 1) */
	int32_t    *term;			/* rising within an item */
	float	   *weight;
	int			n_dense;
	int			stride;
	float	   *dense;			/* (items, stride) */
	/* by term, not stored: */
	int64_t    *posting;		/* (terms + 1) */
	int32_t    *posting_item;
	float	   *posting_weight;
} ShopperContent;

/* ---- training (content_intake.c, content_vectors.c) ---- */

/* Rows as they arrive; for each: item, then the setters of the attributes that it has, then commit. */
typedef struct ShopperContentIntake
{
	ShopperEnv *env;
	ShopperContent *content;	/* name, kind and weight of the attributes are the caller's, before the first row */
	int64_t		n;
	int64_t		capacity;
	int64_t    *start;			/* (n + 1) entries of a row, sorted by attribute and term */
	double	  **number;			/* (attributes) numbers: (n); vectors: (n, attribute.n); NAN: missing */
	bool	   *is_id;			/* (attributes) holds the item's id in each row so far: it will be left out */
	int64_t		entries;
	int64_t		entry_capacity;
	uint64_t   *entry;			/* attribute << 32 | code in its terms */
	int64_t		times_capacity;
	float	   *times;			/* how often the row has it */
} ShopperContentIntake;

extern ShopperStatus shopper_content_begin(ShopperEnv *env, ShopperModel *model, ShopperContentIntake *in, ShopperIdType items, int n_attributes);
/* The dictionary code of the row's item; one that was there is an error. */
extern ShopperStatus shopper_content_item(ShopperContentIntake *in, uint32_t code);
extern ShopperStatus shopper_content_term(ShopperContentIntake *in, int attribute, const char *text, size_t length);
extern ShopperStatus shopper_content_text(ShopperContentIntake *in, int attribute, const char *text, size_t length);
/* Not finite: missing. */
extern void shopper_content_number(ShopperContentIntake *in, int attribute, double x);
/* The first vector's length holds for all; another one is an error. A vector with an element that is not finite is missing. */
extern ShopperStatus shopper_content_vector(ShopperContentIntake *in, int attribute, const double *x, int n);
extern ShopperStatus shopper_content_commit(ShopperContentIntake *in);
/* From the rows to the model's state. */
extern ShopperStatus shopper_content_finish(ShopperEnv *env, ShopperModel *model, ShopperContentIntake *in);

/* ---- asking (content.c) ---- */

/* The lists by term. */
extern ShopperStatus shopper_content_index(ShopperEnv *env, ShopperContent *c);

/* What two items have in common: a term of an attribute, or (term -1) what a number or vector gives. */
typedef struct ShopperShared
{
	int			attribute;
	int64_t		term;			/* code in the attribute's terms */
	double		contribution;	/* their sum is the similarity */
} ShopperShared;

/* The greatest n, greatest first; none for an unknown item. */
extern ShopperStatus shopper_content_shared(ShopperEnv *env, const ShopperModel *model, int64_t item, int64_t other, int64_t n,
											ShopperShared **shared, int64_t *n_shared);

#endif
