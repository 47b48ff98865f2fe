/*
 * sums.h: what the plain-column aggregates keep of their rows: for train_linear the
 * cross products of features and target, for train_pca those of the features, for
 * train_naive_bayes counts and moments of each class. Flat memory without pointers, so that the host can keep it as one value
 * and send it between processes; rows wait in a small buffer and are added in blocks.
 */
#ifndef SHOPPER_SUMS_H
#define SHOPPER_SUMS_H

#include "../../core/cross.h"
#include "bayes.h"
#include "linear_model.h"

#define SHOPPER_SUMS_ROWS 32	/* in the buffer */
#define SHOPPER_SUMS_NAME 64	/* bytes of a class name, with the final NUL */
#define SHOPPER_SUMS_MAX_WIDTH 1600
#define SHOPPER_SUMS_MAX_CLASSES 1000

typedef enum ShopperSumsKind
{
	SHOPPER_SUMS_BAYES, SHOPPER_SUMS_LINEAR, SHOPPER_SUMS_PCA
} ShopperSumsKind;

typedef struct ShopperSums
{
	uint32_t	host;			/* the host's length word */
	uint32_t	magic;
	int32_t		width;			/* numbers of a row; linear: the target is the last one */
	int32_t		kind;			/* ShopperSumsKind */
	int32_t		n_classes;
	int32_t		buffered;
	int64_t		n_rows;			/* added, the buffered ones included */
	int64_t		setup;			/* bytes of the host's own, behind the struct, a multiple of 8 */
} ShopperSums;

/* Bytes in all. */
extern size_t shopper_sums_size(int width, ShopperSumsKind kind, int n_classes, size_t setup);
/* Zeroed memory of that size becomes an empty state. */
extern void shopper_sums_init(ShopperSums *s, int width, ShopperSumsKind kind, int n_classes, size_t setup);
/* Whether bytes that came from elsewhere are a state. */
extern bool shopper_sums_valid(const ShopperSums *s, size_t size);
/* The class of this name, or -1. Names are added by the host: a larger copy, then this with the number. */
extern int	shopper_sums_class(const ShopperSums *s, const char *name, size_t length);
extern void shopper_sums_name(ShopperSums *s, int class, const char *name, size_t length);
extern const char *shopper_sums_class_name(const ShopperSums *s, int class);

/* Where the next row goes (width numbers, NaN for missing in naive Bayes); then commit it. */
extern double *shopper_sums_row(ShopperSums *s);
extern void shopper_sums_flush(ShopperSums *s);
extern int32_t *shopper_sums_codes(ShopperSums *s);
static inline void
shopper_sums_commit(ShopperSums *s, int class)
{
	shopper_sums_codes(s)[s->buffered++] = class;
	s->n_rows++;
	if (s->buffered == SHOPPER_SUMS_ROWS)
		shopper_sums_flush(s);
}

/* Add the flushed other to the flushed s; class[c] is the other's class c in s. */
extern void shopper_sums_merge(ShopperSums *s, const ShopperSums *other, const int *class);

/* The model: options are set; names (features). s is flushed. positive NULL: found out. */
extern ShopperStatus shopper_sums_model(ShopperEnv *env, ShopperModel *model, ShopperSums *s, const char *const *names);

#endif
