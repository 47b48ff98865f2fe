/* boosting_data.h: synthetic rows and short trainings for the tests of boosting(). */
#ifndef BOOSTING_DATA_H
#define BOOSTING_DATA_H

#include "check.h"

#include "../../src/core/hash.h"
#include "../../src/core/threads.h"
#include "../../src/features/intake.h"
#include "../../src/models/trees/boost.h"

enum
{
	COLUMNS = 4, LEVELS = 4
};

/* One row of the synthetic data: three numbers (the first sometimes missing), a category, a target. */
typedef struct Row
{
	double		x[3];
	int			level;			/* -1: missing */
	double		y;
	double		weight;
	bool		held;
} Row;

static inline Row
row_at(int64_t i, int task)
{
	Row			r = {.weight = 1};
	double		noise = shopper_normal(5, 9, (uint64_t) i),
				z;

	for (int j = 0; j < 3; j++)
		r.x[j] = shopper_normal(5, (uint64_t) j, (uint64_t) i);
	r.x[1] = floor(r.x[1] * 2);
	r.level = (int) (shopper_random(5, 20, (uint64_t) i) % (LEVELS + 1)) - 1;
	z = r.x[0] * r.x[0] + (r.x[1] > 0 ? 1 : -0.5) + (r.level == 2 ? 1.5 : 0) + 0.3 * r.x[2] + 0.5 * noise;
	if (i % 6 == 0)
	{
		z -= 2 + r.x[0] * r.x[0];
		r.x[0] = NAN;
	}
	r.y = task == 0 ? z : task == 1 ? exp(z) : task == 2 ? z > 0.8 : z > 1.5 ? 2 : z > 0 ? 1 : 0;
	r.held = i % 5 == 4;
	return r;
}

typedef struct Setting
{
	int			task;			/* 0 number, 1 amount, 2 two classes, 3 three */
	int64_t		n;
	bool		held;
	bool		weighted;
	bool		repeated;		/* weights as repeated rows */
	int			columns;		/* 0: all */
	const char *options;
} Setting;

static inline ShopperStatus
set_options(ShopperEnv *env, ShopperModel *model, const char *options)
{
	char		copy[300],
			   *save = NULL;

	snprintf(copy, sizeof(copy), "%s", options);
	for (char *word = strtok_r(copy, " ", &save); word != NULL; word = strtok_r(NULL, " ", &save))
	{
		char	   *value = strchr(word, '=');
		ShopperRaw	element = {.kind = SHOPPER_RAW_STRING},
					raw = {.kind = SHOPPER_RAW_NUMBER,.n = 1,.element = &element};
		ShopperOptionType type;

		*value++ = '\0';
		type = shopper_option(&model->options, word)->option->type;
		raw.text = element.text = value;
		raw.kind = type == SHOPPER_CHOICE ? SHOPPER_RAW_STRING : type == SHOPPER_BOOLEAN ? SHOPPER_RAW_BOOLEAN
			: type == SHOPPER_STRINGS ? SHOPPER_RAW_ARRAY : SHOPPER_RAW_NUMBER;
		SHOPPER_TRY(shopper_options_set(env, &model->options, "boosting", word, &raw));
	}
	return SHOPPER_OK;
}

static inline ShopperStatus
read_rows(ShopperEnv *env, const Setting *s, ShopperModel *model, ShopperTable *t)
{
	static const char *const names[] = {"a", "b", "c", "level"};
	static const char *const classes[] = {"no", "yes", "zz"};
	ShopperIntakeRules rules = {.max_levels = 100};
	ShopperIntake in;
	int			columns = s->columns > 0 ? s->columns : COLUMNS;

	memset(model, 0, sizeof(*model));
	model->learner = &shopper_learner_boosting;
	model->task = s->task < 2 ? SHOPPER_REGRESS : SHOPPER_CLASSIFY;
	SHOPPER_NEW0(env, model->spec, 1);
	SHOPPER_TRY(shopper_options_init(env, &model->options, model->learner->options, shopper_shape_options(SHOPPER_ROWS)));
	SHOPPER_TRY(set_options(env, model, s->options));
	SHOPPER_TRY(shopper_intake_init(&in, env, false, columns, "y", s->task < 2 ? SHOPPER_TARGET_NUMBER : SHOPPER_TARGET_CLASS,
									(ShopperIntakeRoles) {.weight = s->weighted,.held_out = s->held}));
	for (int j = 0; j < columns; j++)
		SHOPPER_TRY(shopper_intake_column(&in, j, names[j], j < 3 ? SHOPPER_KIND_NUMBER : SHOPPER_KIND_CATEGORY, false, false));
	for (int64_t i = 0; i < s->n; i++)
	{
		Row			r = row_at(i, s->task);
		int			weight = 1 + (int) (i % 3);
		char		level[8];

		snprintf(level, sizeof(level), "l%d", r.level);
		for (int copy = 0; copy < (s->repeated ? weight : 1); copy++)
		{
			SHOPPER_TRY(shopper_intake_row(&in));
			for (int j = 0; j < 3 && j < columns; j++)
				shopper_intake_number(&in, &in.column[j], r.x[j]);
			if (columns == COLUMNS)
				SHOPPER_TRY(shopper_intake_text(&in, &in.column[3], r.level < 0 ? NULL : level, 2));
			if (s->task < 2)
				in.y[in.n] = r.y;
			else
				SHOPPER_TRY(shopper_intake_class(&in, classes[(int) r.y], strlen(classes[(int) r.y])));
			if (s->weighted)
				in.weight[in.n] = weight;
			if (s->held)
				in.held_out[in.n] = r.held;
			shopper_intake_commit(&in);
		}
	}
	return shopper_intake_finish(&in, &rules, t, model->spec);
}

static inline ShopperStatus
train_from(ShopperEnv *env, const Setting *s, ShopperModel *model, const ShopperModel *previous)
{
	ShopperTable t;

	SHOPPER_TRY(read_rows(env, s, model, &t));
	return shopper_train_rows(env, model, &t, NULL, previous);
}

static inline ShopperStatus
train(ShopperEnv *env, const Setting *s, ShopperModel *model)
{
	return train_from(env, s, model, NULL);
}

static inline void
predict_row(const ShopperModel *model, const Row *r, double *out)
{
	char		level[8];
	int32_t		code;

	snprintf(level, sizeof(level), "l%d", r->level);
	code = model->spec->n_categories > 0 ? shopper_category_code(&model->spec->category[0], r->level < 0 ? NULL : level, 2) : -1;
	model->learner->predict(model, r->x, &code, out);
}

static inline double
metric(const ShopperModel *model, const char *dataset, const char *name)
{
	for (int64_t i = 0; i < model->n_metrics; i++)
		if (strcmp(model->metric[i].dataset, dataset) == 0 && strcmp(model->metric[i].name, name) == 0)
			return model->metric[i].value;
	return NAN;
}

static inline double
last_step(const ShopperModel *model, const char *name)
{
	double		value = NAN;

	for (int64_t i = 0; i < model->n_steps; i++)
		if (strcmp(model->history[i].metric, name) == 0)
			value = model->history[i].value;
	return value;
}

#endif
