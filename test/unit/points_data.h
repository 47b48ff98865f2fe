/* points_data.h: rows of numbers without a target, as a table in canonical order and its spec, for tests of clusters. */
#ifndef SHOPPER_TEST_POINTS_H
#define SHOPPER_TEST_POINTS_H

#include "check.h"

#include "../../src/core/hash.h"
#include "../../src/core/threads.h"
#include "../../src/features/intake.h"
#include "../../src/features/points.h"
#include "../../src/models/learner.h"

/* "name=value name=value": numbers and words */
static inline ShopperStatus
set_options(ShopperEnv *env, ShopperModel *model, const char *options)
{
	char		copy[200],
			   *save = NULL;

	snprintf(copy, sizeof(copy), "%s", options);
	for (char *word = strtok_r(copy, " ", &save); word != NULL; word = strtok_r(NULL, " ", &save))
	{
		char	   *value = strchr(word, '=');
		ShopperRaw	raw = {.kind = SHOPPER_RAW_STRING};

		*value++ = '\0';
		raw.text = value;
		if (shopper_option(&model->options, word)->option->type <= SHOPPER_INTEGER)
			raw.kind = SHOPPER_RAW_NUMBER;
		else if (shopper_option(&model->options, word)->option->type == SHOPPER_BOOLEAN)
			raw.kind = SHOPPER_RAW_BOOLEAN;
		SHOPPER_TRY(shopper_options_set(env, &model->options, model->learner->name, word, &raw));
	}
	return SHOPPER_OK;
}

/* Train on rows of d numbers x (n, d) and a category of `levels` levels (0: none) that is i % levels. */
static inline ShopperStatus
train_points(ShopperEnv *env, ShopperModel *model, const char *learner, const char *options, int n, int d, const double *x, int levels,
			 const ShopperModel *previous)
{
	ShopperIntakeRules rules = {.max_levels = 50};
	ShopperIntake in;
	ShopperTable table;
	char		name[16];

	memset(model, 0, sizeof(*model));
	model->learner = shopper_learner_by_name(learner);
	model->task = (ShopperTask) model->learner->tasks;
	SHOPPER_TRY(shopper_options_init(env, &model->options, model->learner->options, shopper_shared_options(model->learner)));
	SHOPPER_TRY(set_options(env, model, options));
	SHOPPER_TRY(shopper_intake_init(&in, env, true, d + (levels > 0), NULL, SHOPPER_TARGET_NONE, (ShopperIntakeRoles) {0}));
	for (int j = 0; j < d + (levels > 0); j++)
	{
		snprintf(name, sizeof(name), "x%d", j);
		SHOPPER_TRY(shopper_intake_column(&in, j, name, j < d ? SHOPPER_KIND_NUMBER : SHOPPER_KIND_CATEGORY, false, false));
	}
	for (int i = 0; i < n; i++)
	{
		SHOPPER_TRY(shopper_intake_row(&in));
		for (int j = 0; j < d; j++)
			shopper_intake_number(&in, &in.column[j], x[i * d + j]);
		snprintf(name, sizeof(name), "l%d", levels > 0 ? i % levels : 0);
		if (levels > 0)
			SHOPPER_TRY(shopper_intake_text(&in, &in.column[d], name, strlen(name)));
		shopper_intake_commit(&in);
	}
	SHOPPER_NEW0(env, model->spec, 1);
	SHOPPER_TRY(shopper_intake_finish(&in, &rules, &table, model->spec));
	return shopper_train_points(env, model, &table, previous);
}

/* n points of d coordinates around `groups` centres. */
static inline void
make_groups(double *x, int n, int d, int groups, uint64_t seed)
{
	for (int i = 0; i < n; i++)
		for (int j = 0; j < d; j++)
			x[i * d + j] = 6 * shopper_normal(seed, (uint64_t) j, (uint64_t) (i % groups)) + shopper_normal(seed, 50 + (uint64_t) j, (uint64_t) i);
}

/* The same points, in tiles. */
static inline ShopperStatus
make_tiles(ShopperEnv *env, const double *x, int n, int d, ShopperPointSet *p)
{
	SHOPPER_TRY(shopper_points_init(env, n, d, p));
	for (int i = 0; i < n; i++)
		for (int j = 0; j < d; j++)
			*shopper_coordinate(p, i, j) = x[i * d + j];
	return SHOPPER_OK;
}

static inline double
gap_between(const double *x, int d, int a, int b)
{
	double		sum = 0;

	for (int j = 0; j < d; j++)
		sum += (x[a * d + j] - x[b * d + j]) * (x[a * d + j] - x[b * d + j]);
	return sum;
}

#endif
