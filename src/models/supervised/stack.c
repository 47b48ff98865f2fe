/*
 * stack.c: several learners as one. stack: a logistic or ridge regression combines their
 * predictions, learned from predictions out of fold (Wolpert 1992; Breiman 1996); blend:
 * their weighted mean.
 *
 * Each member has its own spec, made from some or all columns of the stack's raw rows, and
 * its own encoding. The combiner is a model of its own too: its columns are the members'
 * log-odds, or amounts.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "../../core/arena.h"
#include "../../core/special.h"
#include "course.h"

#define MAX_MEMBERS 32
#define MAX_INPUTS 16384		/* numbers of a row: they lie on the stack of the thread that predicts */
#define ON_STACK(type, n) ((type *) __builtin_alloca(sizeof(type) * (size_t) ((n) + 1)))

typedef struct Member
{
	ShopperModel model;
	int		   *dense;			/* (numbers of its spec) which number of the stack's row */
	int		   *lookup;			/* (categories of its spec) */
	double		weight;			/* blend */
} Member;

typedef struct Stack
{
	int			n;
	Member	   *member;
	int			n_inputs;		/* of the combiner */
	ShopperModel combiner;		/* learner NULL in a blend */
	int			widest;			/* encoded numbers of any member */
	int			most_lookups;
} Stack;

extern const ShopperLearner shopper_learner_stack;

/* ---- scoring ---- */

/* What one member says about a raw row of the stack. */
static __attribute__((noinline)) void
ask_member(const Stack *s, const Member *m, const double *dense, const int32_t *lookup, double *out)
{
	const ShopperSpec *spec = m->model.spec;
	double	   *raw = ON_STACK(double, spec->n_numbers),
			   *encoded = ON_STACK(double, s->widest);
	int32_t    *position = ON_STACK(int32_t, s->most_lookups);

	for (int j = 0; j < spec->n_numbers; j++)
		raw[j] = dense[m->dense[j]];
	for (int k = 0; k < spec->n_categories; k++)
	{
		int32_t		code = lookup[m->lookup[k]];

		position[k] = spec->prepared ? shopper_category_position(&spec->category[k], code) : code;
	}
	if (spec->prepared)
		shopper_prepare_row(spec, raw, encoded);
	m->model.learner->predict(&m->model, spec->prepared ? encoded : raw, position, out);
}

/* A member's predictions as columns of the combiner; returns how many. */
static int
to_inputs(ShopperTask task, int outputs, const double *p, double *input)
{
	if (task != SHOPPER_CLASSIFY)
	{
		input[0] = p[0];
		return 1;
	}
	if (outputs == 2)
	{
		input[0] = shopper_logit(p[1], 1e-9);
		return 1;
	}
	for (int c = 0; c < outputs; c++)
		input[c] = shopper_logit(p[c], 1e-9);
	return outputs;
}

static __attribute__((noinline)) void
stack_predict(const ShopperModel *model, const double *dense, const int32_t *lookup, double *out)
{
	const Stack *s = model->state;
	int			outputs = shopper_model_outputs(model),
				at = 0;
	double	   *p = ON_STACK(double, outputs),
			   *input = ON_STACK(double, s->n_inputs),
			   *encoded = ON_STACK(double, s->n_inputs);

	memset(out, 0, (size_t) outputs * sizeof(double));
	for (int i = 0; i < s->n; i++)
	{
		ask_member(s, &s->member[i], dense, lookup, p);
		if (s->combiner.learner != NULL)
			at += to_inputs(model->task, outputs, p, input + at);
		else
			for (int c = 0; c < outputs; c++)
				out[c] += s->member[i].weight * p[c];
	}
	if (s->combiner.learner == NULL)
		return;
	shopper_prepare_row(s->combiner.spec, input, encoded);
	s->combiner.learner->predict(&s->combiner, encoded, NULL, out);
}

static void
stack_predict_block(const ShopperModel *model, const ShopperTable *t, int64_t from, int64_t to, double *out)
{
	double	   *dense = ON_STACK(double, t->n_dense);
	int32_t    *lookup = ON_STACK(int32_t, t->n_lookup);

	for (int64_t i = from; i < to; i++)
	{
		for (int j = 0; j < t->n_dense; j++)
			dense[j] = t->dense[j][i];
		for (int k = 0; k < t->n_lookup; k++)
			lookup[k] = t->lookup[k][i];
		stack_predict(model, dense, lookup, out + (i - from) * shopper_model_outputs(model));
	}
}

/* ---- members ---- */

/* Where a member's columns are in the stack's row; SHOPPER_BAD_BYTES when they do not fit. */
static ShopperStatus
map_member(ShopperEnv *env, const ShopperSpec *all, Member *m, Stack *s)
{
	const ShopperSpec *spec = m->model.spec;

	SHOPPER_NEW0(env, m->dense, spec->n_numbers);
	SHOPPER_NEW0(env, m->lookup, spec->n_categories);
	for (int i = 0; i < spec->n_columns; i++)
	{
		const ShopperColumn *c = &spec->column[i],
				   *found = shopper_spec_find_like(all, c);

		if (found == NULL)
			return shopper_bad_bytes(env, "a member's columns are not those of the model");
		if (c->kind == SHOPPER_KIND_CATEGORY)
		{
			if (all->category[found->first].n_levels != spec->category[c->first].n_levels)
				return shopper_bad_bytes(env, "a member's levels are not those of the model");
			m->lookup[c->first] = found->first;
		}
		for (int k = 0; c->kind != SHOPPER_KIND_CATEGORY && k < c->n; k++)
			m->dense[c->first + k] = found->first + k;
	}
	s->widest = spec->n_dense > s->widest ? spec->n_dense : s->widest;
	s->most_lookups = spec->n_categories > s->most_lookups ? spec->n_categories : s->most_lookups;
	return SHOPPER_OK;
}

static ShopperStatus
check_size(ShopperEnv *env, const ShopperModel *model, const Stack *s)
{
	const ShopperSpec *spec = model->spec;

	if (2 * spec->n_numbers <= MAX_INPUTS && spec->n_categories <= MAX_INPUTS && s->n_inputs <= MAX_INPUTS)
		return SHOPPER_OK;
	return shopper_fail(env, SHOPPER_LIMIT, "a stack takes at most %d numbers and categories a row, and as many predictions", MAX_INPUTS / 2);
}

/* Options that say how rows are read and weighed: only those of the stack itself count. */
static ShopperStatus
check_member(ShopperEnv *env, const ShopperModel *model, const ShopperMember *m)
{
	static const char *const reading[] = {"validation_column", "validation_time", "weight", "class_weight", "positive",
	"categorical", "timezone", "cutoff", NULL};

	if ((m->learner->tasks & model->task) == 0)
	{
		shopper_fail(env, SHOPPER_BAD_OPTION, "%s cannot be a member: it trains no %s", m->learner->name,
					 model->task == SHOPPER_CLASSIFY ? "classifier" : "regressor");
		return env->status;
	}
	for (int i = 0; reading[i] != NULL; i++)
		if (shopper_option_set(&m->options, reading[i]))
		{
			shopper_fail(env, SHOPPER_BAD_OPTION, "option \"%s\" of a member has no effect", reading[i]);
			shopper_hint(env, "Give it to %s() itself.", model->learner->name);
			return env->status;
		}
	if (!shopper_option_is(&m->options, "calibration", "none"))
	{
		shopper_fail(env, SHOPPER_BAD_OPTION, "option \"calibration\" of a member has no effect");
		shopper_hint(env, "Give it to %s() itself.", model->learner->name);
		return env->status;
	}
	return SHOPPER_OK;
}

/* The columns a member uses: its options features and exclude. */
static ShopperStatus
choose_columns(ShopperEnv *env, const ShopperSpec *spec, const ShopperMember *m, bool *keep)
{
	const ShopperOptions *o = &m->options;
	bool		all = !shopper_option_set(o, "features");
	int			kept = 0;

	for (int i = 0; i < spec->n_columns; i++)
	{
		const char *name = spec->column[i].name;

		keep[i] = (all || shopper_option_lists(o, "features", name)) && !shopper_option_lists(o, "exclude", name);
		kept += keep[i];
	}
	if (kept == 0)
		return shopper_fail(env, SHOPPER_BAD_OPTION, "options features and exclude leave %s no columns", m->learner->name);
	return SHOPPER_OK;
}

static ShopperStatus
fit_member(ShopperEnv *env, const ShopperModel *model, const ShopperMember *m, const ShopperTable *t,
		   int64_t folds, double *p, unsigned char **bytes, int64_t *length)
{
	ShopperRawRows raw = {.table = t,.spec = model->spec};
	ShopperModel member = {.learner = m->learner,.task = model->task,.options = m->options};
	bool	   *keep;

	SHOPPER_NEW(env, keep, model->spec->n_columns);
	SHOPPER_TRY(choose_columns(env, model->spec, m, keep));
	raw.keep = keep;
	env->seed = (uint64_t) shopper_option_integer(&m->options, "seed");
	if (p != NULL)
		SHOPPER_TRY(shopper_out_of_fold(env, &member, &raw, t->n_train, (int) folds, p));
	SHOPPER_TRY(shopper_fit_rows(env, &member, &raw, NULL, t->n_train, false));
	return shopper_model_encode(env, &member, bytes, length);
}

/* Only the model stays of what fitting a member took: a copy of the rows, and whatever its learner needs. */
static ShopperStatus
make_member(ShopperEnv *env, const ShopperModel *model, const ShopperMember *m, const ShopperTable *t,
			int64_t folds, double *p, Member *member)
{
	ShopperArena arena;
	ShopperStatus status,
				decoded = SHOPPER_OK;
	unsigned char *bytes;
	int64_t		length;

	shopper_arena_open(&arena, env);
	status = fit_member(&arena.env, model, m, t, folds, p, &bytes, &length);
	if (status == SHOPPER_OK)
		decoded = shopper_model_decode(env, bytes, (size_t) length, &member->model);
	SHOPPER_TRY(shopper_arena_close(&arena, status));
	return decoded;
}

/* ---- the combiner ---- */

/* The spec of the combiner's rows: one number for each prediction, named after its member. */
static ShopperStatus
combiner_spec(ShopperEnv *env, const ShopperModel *model, const Stack *s, ShopperSpec *spec)
{
	const ShopperSpec *all = model->spec;
	int			each = s->n_inputs / s->n;

	memset(spec, 0, sizeof(*spec));
	spec->n_columns = spec->n_numbers = spec->n_dense = s->n_inputs;
	SHOPPER_NEW0(env, spec->column, s->n_inputs);
	SHOPPER_NEW0(env, spec->number, s->n_inputs);
	for (int i = 0; i < s->n_inputs; i++)
	{
		char		name[80];

		snprintf(name, sizeof(name), each > 1 ? "%d %s %d" : "%d %s", i / each + 1, s->member[i / each].model.learner->name, i % each + 1);
		spec->column[i] = (ShopperColumn) {.name = shopper_strdup(env, name, strlen(name)),.kind = SHOPPER_KIND_NUMBER,.first = i,.n = 1};
		if (spec->column[i].name == NULL)
			return env->status;
		spec->number[i].column = i;
		spec->number[i].flag = -1;
	}
	spec->target = all->target;
	spec->target_kind = all->target_kind;
	spec->classes = all->classes;
	spec->positive = all->positive;
	spec->target_scale = 1;
	return SHOPPER_OK;
}

static ShopperStatus
set_number(ShopperEnv *env, ShopperModel *m, const char *option, double value)
{
	char		text[40];
	ShopperRaw	raw = {.kind = SHOPPER_RAW_NUMBER,.text = text};

	snprintf(text, sizeof(text), "%.17g", value);
	return shopper_options_set(env, &m->options, m->learner->name, option, &raw);
}

/* p: the members' predictions out of fold, one array of (n_train, outputs) each. */
static ShopperStatus
fit_combiner(ShopperEnv *env, const ShopperModel *model, const ShopperTable *t, double *const *p, Stack *s)
{
	bool		classify = model->task == SHOPPER_CLASSIFY;
	int			outputs = shopper_model_outputs(model);
	ShopperTable inputs;
	ShopperSpec spec;
	ShopperRawRows raw = {.table = &inputs,.spec = &spec};
	ShopperModel *m = &s->combiner;
	double	   *input;

	SHOPPER_NEW(env, input, s->n_inputs);
	SHOPPER_TRY(combiner_spec(env, model, s, &spec));
	SHOPPER_TRY(shopper_table_make(env, &inputs, true, t->n_train, s->n_inputs, 0, t->n_classes));
	for (int64_t i = 0; i < t->n_train; i++)
	{
		int			at = 0;

		for (int k = 0; k < s->n; k++)
			at += to_inputs(model->task, outputs, p[k] + i * outputs, input + at);
		for (int j = 0; j < s->n_inputs; j++)
			inputs.dense[j][i] = input[j];
		if (classify)
			inputs.y_class[i] = t->y_class[i];
		else
			inputs.y[i] = t->y[i];
		if (i % 4096 == 0)
			SHOPPER_TRY(shopper_poll(env));
	}
	inputs.weight = t->weight;
	m->learner = shopper_learner_by_name(classify ? "logistic" : "linear");
	m->task = model->task;
	SHOPPER_TRY(shopper_options_init(env, &m->options, m->learner->options, shopper_shape_options(SHOPPER_ROWS)));
	if (classify)
		SHOPPER_TRY(set_number(env, m, "c", 1 / shopper_option_number(&model->options, "penalty")));
	else
	{
		ShopperRaw	ridge = {.kind = SHOPPER_RAW_STRING,.text = "ridge"};

		SHOPPER_TRY(shopper_options_set(env, &m->options, "linear", "penalty", &ridge));
		SHOPPER_TRY(set_number(env, m, "alpha", shopper_option_number(&model->options, "penalty")));
	}
	return shopper_fit_rows(env, m, &raw, NULL, t->n_train, false);
}

/* ---- training ---- */

static ShopperStatus
stack_train(ShopperEnv *env, ShopperModel *model, ShopperTable *t, const ShopperModel *previous)
{
	const ShopperOptionValue *members = shopper_option(&model->options, "learners");
	bool		stacked = model->learner == &shopper_learner_stack;
	int64_t		folds = stacked ? shopper_option_integer(&model->options, "folds") : 0;
	int			outputs = shopper_model_outputs(model);
	double	   *p[MAX_MEMBERS] = {NULL};
	Stack	   *s;

	(void) previous;
	if (members->n < 1 || members->n > MAX_MEMBERS)
	{
		shopper_fail(env, SHOPPER_BAD_OPTION, "option \"learners\" must hold 1 to %d learners, got %d", MAX_MEMBERS, members->n);
		shopper_hint(env, "For example %s(ARRAY[boosting(), logistic()]).", model->learner->name);
		return env->status;
	}
	if (folds > t->n_train)
		return shopper_fail(env, SHOPPER_BAD_DATA, "%lld rows are too few for %lld folds", (long long) t->n_train, (long long) folds);
	SHOPPER_NEW0(env, s, 1);
	SHOPPER_NEW0(env, s->member, members->n);
	s->n = members->n;
	s->n_inputs = members->n * (outputs == 2 ? 1 : outputs);
	SHOPPER_TRY(check_size(env, model, s));
	for (int i = 0; i < s->n; i++)
	{
		SHOPPER_TRY(check_member(env, model, &members->members[i]));
		if (stacked)
			SHOPPER_NEW(env, p[i], t->n_train * outputs);
		SHOPPER_TRY(make_member(env, model, &members->members[i], t, folds, p[i], &s->member[i]));
		SHOPPER_TRY(map_member(env, model->spec, &s->member[i], s));
		shopper_progress(env, model->learner->name, i + 1, s->n, 0);
	}
	if (stacked)
		SHOPPER_TRY(fit_combiner(env, model, t, p, s));
	model->state = s;
	return SHOPPER_OK;
}

static ShopperStatus
blend_train(ShopperEnv *env, ShopperModel *model, ShopperTable *t, const ShopperModel *previous)
{
	const ShopperOptionValue *weights = shopper_option(&model->options, "weights");
	int			n = shopper_option(&model->options, "learners")->n;
	double		sum = 0;
	Stack	   *s;

	if (weights->set && weights->n != n)
		return shopper_fail(env, SHOPPER_BAD_OPTION, "option \"weights\" must have one number for each of %d learners, got %d", n, weights->n);
	for (int i = 0; i < weights->n; i++)
		sum += weights->numbers[i];
	if (weights->set && !(sum > 0))
		return shopper_fail(env, SHOPPER_BAD_OPTION, "option \"weights\" must not be all 0");
	SHOPPER_TRY(stack_train(env, model, t, previous));
	s = model->state;
	for (int i = 0; i < s->n; i++)
		s->member[i].weight = weights->set ? weights->numbers[i] / sum : 1.0 / s->n;
	return SHOPPER_OK;
}

/* ---- storing: members and combiner are whole models ---- */

static void
put_model(const ShopperModel *m, ShopperWriter *w)
{
	unsigned char *bytes;
	int64_t		length;

	if (w->status != SHOPPER_OK)
		return;
	w->status = shopper_model_encode(w->env, m, &bytes, &length);
	if (w->status != SHOPPER_OK)
		return;
	shopper_put_varint(w, (uint64_t) length);
	shopper_put_bytes(w, bytes, (size_t) length);
	shopper_release(w->env, bytes);
}

static ShopperStatus
get_model(ShopperReader *r, const ShopperModel *outer, ShopperModel *m)
{
	ShopperEnv *env = r->env;
	int64_t		length = shopper_get_count(r, 1);
	const unsigned char *bytes = shopper_get_bytes(r, (size_t) length);

	if (bytes == NULL)
		return env->status != SHOPPER_OK ? env->status : shopper_bad_bytes(env, "a member is cut off");
	if (length >= SHOPPER_MODEL_HEADER && shopper_learner_by_number((unsigned) (bytes[6] | bytes[7] << 8)) != NULL &&
		shopper_learner_by_number((unsigned) (bytes[6] | bytes[7] << 8))->predict == outer->learner->predict)
		return shopper_bad_bytes(env, "a stack holds a stack");
	SHOPPER_TRY(shopper_model_decode(env, bytes, (size_t) length, m));
	if (m->task != outer->task || m->spec == NULL || shopper_model_outputs(m) != shopper_model_outputs(outer))
		return shopper_bad_bytes(env, "a member does another job");
	return SHOPPER_OK;
}

static void
stack_encode(const ShopperModel *model, ShopperWriter *w)
{
	const Stack *s = model->state;

	shopper_put_varint(w, (uint64_t) s->n);
	for (int i = 0; i < s->n; i++)
	{
		shopper_put_f64(w, s->member[i].weight);
		put_model(&s->member[i].model, w);
	}
	if (s->combiner.learner != NULL)
		put_model(&s->combiner, w);
}

static ShopperStatus
stack_decode(ShopperModel *model, ShopperReader *r)
{
	ShopperEnv *env = r->env;
	int			outputs = shopper_model_outputs(model);
	Stack	   *s;

	SHOPPER_NEW0(env, s, 1);
	s->n = (int) shopper_get_count(r, 8);
	if (s->n < 1 || s->n > MAX_MEMBERS)
		return shopper_bad_bytes(env, "it has no members, or too many");
	s->n_inputs = s->n * (outputs == 2 ? 1 : outputs);
	SHOPPER_TRY(check_size(env, model, s));
	SHOPPER_NEW0(env, s->member, s->n);
	for (int i = 0; i < s->n; i++)
	{
		s->member[i].weight = shopper_get_f64(r);
		SHOPPER_TRY(get_model(r, model, &s->member[i].model));
		SHOPPER_TRY(map_member(env, model->spec, &s->member[i], s));
	}
	if (model->learner == &shopper_learner_stack)
	{
		SHOPPER_TRY(get_model(r, model, &s->combiner));
		if (s->combiner.spec->n_numbers != s->n_inputs || s->combiner.spec->n_dense != s->n_inputs ||
			s->combiner.spec->n_categories > 0 || !s->combiner.spec->prepared)
			return shopper_bad_bytes(env, "its combiner does not fit its members");
	}
	model->state = s;
	return SHOPPER_OK;
}

static void
stack_describe(const ShopperModel *model, void (*add) (void *ctx, const char *key, double value), void *ctx)
{
	add(ctx, "members", ((const Stack *) model->state)->n);
}

static const ShopperOption stack_options[] = {
	{"learners", SHOPPER_LEARNERS, NULL, 0, 0, false, NULL, "the members, as in ARRAY[boosting(), mlp(), logistic()]"},
	{"folds", SHOPPER_INTEGER, "5", 2, 100, false, NULL, "folds of the predictions that the combiner learns from"},
	{"penalty", SHOPPER_NUMBER, "1", 0, SHOPPER_NO_LIMIT, true, NULL, "strength of the combiner's L2 penalty: 1 / c of logistic(), alpha of linear()"},
	{NULL}
};

static const ShopperOption blend_options[] = {
	{"learners", SHOPPER_LEARNERS, NULL, 0, 0, false, NULL, "the members, as in ARRAY[boosting(), mlp(), logistic()]"},
	{"weights", SHOPPER_NUMBERS, NULL, 0, 1e9, false, NULL, "weight of each member in the mean; equal when not set"},
	{NULL}
};

const ShopperLearner shopper_learner_stack = {
	.number = 12,
	.name = "stack",
	.help = "several learners combined by a regression on their out-of-fold predictions",
	.shape = SHOPPER_ROWS,
	.tasks = SHOPPER_CLASSIFY | SHOPPER_REGRESS,
	.wide = true,
	.input = SHOPPER_RAW,
	.options = stack_options,
	.train_rows = stack_train,
	.predict = stack_predict,
	.predict_block = stack_predict_block,
	.encode = stack_encode,
	.decode = stack_decode,
	.describe = stack_describe,
};

const ShopperLearner shopper_learner_blend = {
	.number = 13,
	.name = "blend",
	.help = "the weighted mean of several learners' predictions",
	.shape = SHOPPER_ROWS,
	.tasks = SHOPPER_CLASSIFY | SHOPPER_REGRESS,
	.wide = true,
	.input = SHOPPER_RAW,
	.options = blend_options,
	.train_rows = blend_train,
	.predict = stack_predict,
	.predict_block = stack_predict_block,
	.encode = stack_encode,
	.decode = stack_decode,
	.describe = stack_describe,
};
