/* fuzz.h: what the files of the fuzz test share. */
#ifndef SHOPPER_FUZZ_H
#define SHOPPER_FUZZ_H

#include "../../src/models/learner.h"

/* A model of each kind, small, so that a mutation is likely to hit something. */
enum
{
#define ROWS(name, learner, classes, options) +1
#define BASKETS(name, ids, options) +1
#define SEQUENCES(name, ids, options) +1
#define RATINGS(name, learner, implicit, options) +1
#define SUMS(name) +1
#define POINTS(name, learner, options) +1
#define MADE(name, function) +1
	FUZZ_KINDS = 0
#include "kinds.def"
#undef ROWS
#undef BASKETS
#undef SEQUENCES
#undef RATINGS
#undef SUMS
#undef POINTS
#undef MADE
};
extern const char *const fuzz_kind_name[FUZZ_KINDS];
/* Train kind k and encode it; ends the program when that fails. */
extern void fuzz_model(ShopperEnv *env, int k, unsigned char **bytes, int64_t *length);

/* Train a model of rows, starting from `previous` (NULL: from nothing), with its learner and task. */
extern ShopperStatus fuzz_train_rows(ShopperEnv *env, ShopperModel *model, const ShopperLearner *learner, int classes,
									 const char *options, const ShopperModel *previous);
/* The same of rows without a target. */
extern ShopperStatus fuzz_train_points(ShopperEnv *env, ShopperModel *model, const ShopperLearner *learner, const char *options,
									   const ShopperModel *previous);
extern ShopperStatus fuzz_train_ratings(ShopperEnv *env, ShopperModel *model, const ShopperLearner *learner, bool implicit, const char *options,
										const ShopperModel *previous);

/* Ask a decoded model everything that SQL can ask; `random` chooses the questions. */
extern void fuzz_ask(ShopperEnv *env, const ShopperModel *model, uint64_t random);
/* Go on training from it; slow. */
extern void fuzz_continue(ShopperEnv *env, const ShopperModel *model);

/* of ask.c: answers are added here, so that nothing is optimized away */
extern volatile double fuzz_sink;
extern void fuzz_touch_dictionary(const ShopperDictionary *d);
extern void fuzz_ask_trees(ShopperEnv *env, const ShopperModel *model, const double *dense, const int32_t *lookup, uint64_t random);
extern void fuzz_ask_rules(ShopperEnv *env, const ShopperModel *model, uint64_t random);
extern void fuzz_ask_sequences(const ShopperModel *model);
extern void fuzz_ask_clusters(ShopperEnv *env, const ShopperModel *model, const double *dense, const int32_t *lookup);

#endif
