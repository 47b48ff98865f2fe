/*
 * select.c: select_features (mutual information, L1 path, recursive elimination) and
 * explain_train, a dry run that says what training would see.
 */
#include "choose.h"

#include <math.h>

#include "portability/instr_time.h"

#include "../core/arena.h"
#include "../models/supervised/screen.h"

#define SIGNIFICANT 0.01
#define PATH 20					/* penalties of the L1 path */
#define LEAK_AUC 0.99
#define LEAK_SHARE 0.98			/* of the variance of an amount */

/* ---- select_features ---- */

typedef struct Selecting
{
	ShopperChoosing c;
	int			n;				/* columns */
	int			k;
	int32_t    *fold;
	double	   *score;			/* (n) */
	int		   *rank;			/* (n) from 1 */
	bool	   *selected;		/* (n) */
} Selecting;

/* Ranks by falling score, ties in column order. */
static void
rank_by_score(Selecting *s)
{
	for (int i = 0; i < s->n; i++)
	{
		s->rank[i] = 1;
		for (int j = 0; j < s->n; j++)
			s->rank[i] += s->score[j] > s->score[i] || (s->score[j] == s->score[i] && j < i);
	}
}

static void
by_mutual_information(Selecting *s)
{
	for (int i = 0; i < s->n; i++)
	{
		ShopperScreen one;

		shopper_check(s->c.env, shopper_screen_column(s->c.env, &s->c.table, s->c.raw.spec, i, &one));
		s->score[i] = one.mutual_information;
		s->selected[i] = one.p_value < SIGNIFICANT;
		shopper_progress(s->c.env, "select_features", i + 1, s->n, one.mutual_information);
	}
	rank_by_score(s);
}

/* The mean of the usual loss over the folds, its standard error; importance (NULL: not wanted) is summed over them. */
static double
loss_over_folds(Selecting *s, const ShopperTrial *trial, double *importance, double *error)
{
	double		sum = 0,
				squares = 0;

	for (int f = 0; f < s->k; f++)
	{
		ShopperTrialMetrics m = {0};

		double		loss;

		shopper_check(s->c.env, shopper_trial_fold(s->c.env, trial, f, &m, importance));
		loss = shopper_trial_metric(&m, shopper_default_metric(s->c.task));
		sum += loss;
		squares += loss * loss;
	}
	*error = sqrt(fmax(squares / s->k - (sum / s->k) * (sum / s->k), 0) / (s->k - 1));
	return sum / s->k;
}

/* ---- the L1 path ---- */

static void
set_option(ShopperEnv *env, ShopperTrial *trial, const char *name, ShopperRawKind kind, const char *text)
{
	ShopperRaw	raw = {.kind = kind,.text = text};

	shopper_check(env, shopper_options_set(env, &trial->options, trial->learner->name, name, &raw));
}

/* Fit on all rows; score: the largest standardized coefficient of each column. */
static void
coefficients_by_column(Selecting *s, const ShopperTrial *trial)
{
	ShopperArena arena;
	ShopperModel model = {.learner = trial->learner,.task = trial->task,.options = trial->options};
	ShopperCoefficient *coefficient;
	int64_t		n = 0;
	ShopperStatus status;

	shopper_arena_open(&arena, s->c.env);
	status = shopper_fit_rows(&arena.env, &model, &trial->raw, NULL, s->c.table.n, false);
	if (status == SHOPPER_OK)
		status = model.learner->coefficients(&arena.env, &model, &coefficient, &n);
	for (int64_t i = 0; status == SHOPPER_OK && i < n; i++)
	{
		int			c = shopper_spec_find(s->c.raw.spec, coefficient[i].feature);

		if (c >= 0 && coefficient[i].standardized == coefficient[i].standardized)
			s->score[c] = fmax(s->score[c], fabs(coefficient[i].standardized));
	}
	shopper_check(s->c.env, shopper_arena_close(&arena, status));
}

static void
by_l1_path(Selecting *s)
{
	bool		classify = s->c.task == SHOPPER_CLASSIFY;
	Jsonb	   *options = DatumGetJsonbP(DirectFunctionCall1(jsonb_in, CStringGetDatum(classify
																					   ? "{\"algorithm\": \"logistic\", \"penalty\": \"l1\"}"
																					   : "{\"algorithm\": \"linear\", \"penalty\": \"lasso\"}")));
	ShopperTrial trial;
	double		loss[PATH],
				error[PATH];
	int			best = 0,
				chosen = 0;
	char		text[PATH][40];

	shopper_choosing_trial(&s->c, options, s->fold, &trial);
	for (int i = 0; i < PATH; i++)
	{
		double		spread = 0;

		/* logistic: c from 1e-4 to 1e2 times 1000 rows; lasso: alpha from the deviation of the target down by four decades */
		for (int64 r = 0; !classify && r < s->c.table.n; r++)
			spread += fabs(s->c.table.y[r] - s->c.table.y[0]) / s->c.table.n;
		snprintf(text[i], sizeof(text[i]), "%.17g", classify ? pow(10, -4 + 6.0 * i / (PATH - 1)) * 1000 / s->c.table.n
				 : (spread > 0 ? spread : 1) * pow(10, -4.0 * i / (PATH - 1)));
		set_option(s->c.env, &trial, classify ? "c" : "alpha", SHOPPER_RAW_NUMBER, text[i]);
		loss[i] = loss_over_folds(s, &trial, NULL, &error[i]);
		shopper_progress(s->c.env, "select_features", i + 1, PATH, loss[i]);
		if (loss[i] < loss[best])
			best = i;
	}
	/* the strongest penalty that is within one standard error of the best (Breiman et al. 1984) */
	while (loss[chosen] > loss[best] + error[best])
		chosen++;
	set_option(s->c.env, &trial, classify ? "c" : "alpha", SHOPPER_RAW_NUMBER, text[chosen]);
	coefficients_by_column(s, &trial);
	for (int c = 0; c < s->n; c++)
		s->selected[c] = s->score[c] > 0;
	rank_by_score(s);
}

/* ---- recursive feature elimination (Guyon et al. 2002), by permutation importance over the folds ---- */

static void
by_elimination(Selecting *s, Jsonb *options)
{
	ShopperTrial trial;
	bool	   *keep = palloc(sizeof(bool) * s->n);
	double	   *importance = palloc(sizeof(double) * s->n);
	double		best = INFINITY;
	int			best_size = s->n;

	shopper_choosing_trial(&s->c, options, s->fold, &trial);
	memset(keep, true, sizeof(bool) * s->n);
	trial.raw.keep = keep;
	for (int left = s->n; left > 0; left--)
	{
		double		loss,
					error;
		int			worst = -1;

		memset(importance, 0, sizeof(double) * s->n);
		loss = loss_over_folds(s, &trial, importance, &error);
		shopper_progress(s->c.env, "select_features", s->n - left + 1, s->n, loss);
		if (loss <= best)
		{
			best = loss;
			best_size = left;
		}
		for (int c = 0; c < s->n; c++)
			if (keep[c] && (worst < 0 || importance[c] <= importance[worst]))
				worst = c;
		keep[worst] = false;
		s->rank[worst] = left;
		s->score[worst] = loss;
	}
	for (int c = 0; c < s->n; c++)
		s->selected[c] = s->rank[c] <= best_size;
}

static void
put_selection(const Selecting *s, Tuplestorestate *rows, TupleDesc desc)
{
	for (int rank = 1; rank <= s->n; rank++)
		for (int c = 0; c < s->n; c++)
		{
			Datum		v[4] = {CStringGetTextDatum(s->c.raw.spec->column[c].name), Int32GetDatum(rank), 0, BoolGetDatum(s->selected[c])};
			bool		null[4] = {false};

			if (s->rank[c] != rank)
				continue;
			shopper_set_float(&v[2], &null[2], s->score[c]);
			tuplestore_putvalues(rows, desc, v, null);
		}
}

/* query, target, method, options, k, groups, time_column, job */
PG_FUNCTION_INFO_V1(shopper_select_features);
Datum
shopper_select_features(PG_FUNCTION_ARGS)
{
	TupleDesc	desc;
	Tuplestorestate *rows = shopper_rows_begin(fcinfo, &desc);
	Selecting	s = {0};
	char	   *method = PG_ARGISNULL(2) ? "mutual_information" : text_to_cstring(PG_GETARG_TEXT_PP(2));
	MemoryContext old;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("the query and the target's name must not be null")));
	if (strcmp(method, "mutual_information") != 0 && strcmp(method, "l1") != 0 && strcmp(method, "elimination") != 0)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("method must be one of mutual_information, l1, elimination, got \"%s\"", method)));
	s.k = (int) shopper_folds_arg(fcinfo, 4, 5);
	s.c.target = shopper_text_arg(fcinfo, 1);
	s.c.options = PG_ARGISNULL(3) ? NULL : PG_GETARG_JSONB_P(3);
	s.c.groups = shopper_text_arg(fcinfo, 5);
	s.c.time_column = shopper_text_arg(fcinfo, 6);
	s.c.job = shopper_text_arg(fcinfo, 7);
	s.c.wide = strcmp(method, "l1") == 0;
	shopper_choosing_read(&s.c, shopper_text_arg(fcinfo, 0));
	old = MemoryContextSwitchTo(s.c.training->context);
	s.fold = shopper_choosing_folds(&s.c, s.k);
	s.n = s.c.raw.spec->n_columns;
	s.score = palloc0(sizeof(double) * s.n);
	s.rank = palloc0(sizeof(int) * s.n);
	s.selected = palloc0(sizeof(bool) * s.n);
	if (strcmp(method, "l1") == 0)
		by_l1_path(&s);
	else if (strcmp(method, "elimination") == 0)
		by_elimination(&s, s.c.options);
	else
		by_mutual_information(&s);
	put_selection(&s, rows, desc);
	MemoryContextSwitchTo(old);
	shopper_choosing_end(&s.c);
	return (Datum) 0;
}

/* ---- explain_train ---- */

typedef struct Report
{
	Tuplestorestate *rows;
	TupleDesc	desc;
} Report;

static void
say(Report *r, const char *item, const char *column, double value, const char *message)
{
	Datum		v[4] = {CStringGetTextDatum(item)};
	bool		null[4] = {false};

	null[1] = column == NULL;
	if (column != NULL)
		v[1] = CStringGetTextDatum(column);
	shopper_set_float(&v[2], &null[2], value);
	v[3] = CStringGetTextDatum(message);
	tuplestore_putvalues(r->rows, r->desc, v, null);
}

static void
say_target(Report *r, ShopperChoosing *c)
{
	const ShopperTable *t = &c->table;
	const ShopperSpec *spec = c->raw.spec;
	double		sum = 0,
				squares = 0;

	for (int k = 0; k < t->n_classes && k < 20; k++)
	{
		const char *class = spec->classes.bytes + spec->classes.start[k];
		double		share = 0;

		for (int64 i = 0; i < t->n; i++)
			share += t->y_class[i] == k;
		share /= t->n;
		say(r, "class", spec->target, share, psprintf("%.1f %% of the rows are \"%s\"%s", share * 100, class,
													  share < 0.01 ? ": very rare; consider class_weight => 'balanced'" : ""));
	}
	if (t->n_classes > 20)
		say(r, "class", spec->target, t->n_classes, psprintf("%d classes", t->n_classes));
	if (t->n_classes > 0)
		return;
	for (int64 i = 0; i < t->n; i++)
		sum += t->y[i];
	for (int64 i = 0; i < t->n; i++)
		squares += (t->y[i] - sum / t->n) * (t->y[i] - sum / t->n);
	say(r, "target", spec->target, sum / t->n, psprintf("mean %g, standard deviation %g", sum / t->n, sqrt(squares / t->n)));
}

static void
say_columns(Report *r, ShopperChoosing *c)
{
	const ShopperTable *t = &c->table;
	const ShopperSpec *spec = c->raw.spec;
	bool		two = t->n_classes == 2;

	for (int i = 0; i < spec->n_columns; i++)
	{
		const char *name = spec->column[i].name;
		ShopperScreen s;

		shopper_check(c->env, shopper_screen_column(c->env, t, spec, i, &s));
		if (s.constant)
			say(r, "constant", name, NAN, "has one value in all rows: it teaches nothing");
		else if (s.strength > (t->n_classes > 0 ? LEAK_AUC : LEAK_SHARE))
			say(r, "leak", name, s.strength,
				psprintf("%s %.4f by this column alone: does it know the outcome?", two ? "AUC" : t->n_classes > 0 ? "accuracy" : "explained share of the variance", s.strength));
		if (s.n_missing > 0)
			say(r, "missing", name, (double) s.n_missing / t->n, psprintf("%.1f %% of the rows have none", 100.0 * s.n_missing / t->n));
		if (s.capped)
			say(r, "capped", name, s.n_levels, psprintf("more levels than max_levels: the rarest share one of %lld", (long long) s.n_levels));
	}
}

static void
say_dropped(Report *r, ShopperChoosing *c)
{
	const ShopperRowTraining *t = c->training;

	for (int i = 0; i < t->intake.n_columns; i++)
	{
		const ShopperIntakeColumn *column = &t->intake.column[i];

		if (shopper_spec_find(c->raw.spec, column->name) < 0)
			say(r, "dropped", column->name, column->levels.n, column->kind == SHOPPER_KIND_CATEGORY
				? psprintf("%lld different values look like an identifier", (long long) column->levels.n)
				: "it has no values");
	}
}

/* Seconds and peak memory of a fit on the first n rows. */
static void
try_fit(ShopperChoosing *c, const ShopperTrial *trial, int64 n, double *seconds, double *bytes)
{
	ShopperArena arena;
	ShopperModel model = {.learner = trial->learner,.task = trial->task,.options = trial->options};
	ShopperStatus status;
	instr_time	start,
				now;

	shopper_arena_open(&arena, c->env);
	INSTR_TIME_SET_CURRENT(start);
	status = shopper_fit_rows(&arena.env, &model, &trial->raw, NULL, n, true);
	*bytes = (double) arena.peak;
	shopper_check(c->env, shopper_arena_close(&arena, status));
	INSTR_TIME_SET_CURRENT(now);
	INSTR_TIME_SUBTRACT(now, start);
	*seconds = INSTR_TIME_GET_DOUBLE(now);
}

/* From fits on few rows, as a straight line. */
static void
say_cost(Report *r, ShopperChoosing *c)
{
	ShopperTrial trial;
	int64		n = c->table.n,
				large = Min(n, 8000),
				small = large / 2;
	double		seconds[2],
				bytes[2],
				slope;

	shopper_choosing_trial(c, c->options, NULL, &trial);
	say(r, "algorithm", NULL, NAN, trial.learner->name);
	try_fit(c, &trial, large, &seconds[1], &bytes[1]);
	if (n > large)
	{
		try_fit(c, &trial, small, &seconds[0], &bytes[0]);
		slope = fmax(seconds[1] - seconds[0], 0) / (double) (large - small);
		seconds[1] += slope * (double) (n - large);
		slope = fmax(bytes[1] - bytes[0], 0) / (double) (large - small);
		bytes[1] += slope * (double) (n - large);
	}
	say(r, "seconds", NULL, seconds[1], psprintf("training takes about %.2g s after reading", seconds[1]));
	bytes[1] += (double) MemoryContextMemAllocated(c->training->context, true);
	say(r, "memory", NULL, bytes[1], psprintf("about %.0f MB at most, of %d MB that pg_shopper.max_training_memory allows", bytes[1] / 1048576, shopper_max_training_memory));
}

/* query, target, options, job */
PG_FUNCTION_INFO_V1(shopper_explain_train);
Datum
shopper_explain_train(PG_FUNCTION_ARGS)
{
	Report		r;
	ShopperChoosing c = {0};
	MemoryContext old;

	r.rows = shopper_rows_begin(fcinfo, &r.desc);
	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("the query and the target's name must not be null")));
	c.target = shopper_text_arg(fcinfo, 1);
	c.options = PG_ARGISNULL(2) ? NULL : PG_GETARG_JSONB_P(2);
	c.job = shopper_text_arg(fcinfo, 3);
	shopper_choosing_read(&c, shopper_text_arg(fcinfo, 0));
	old = MemoryContextSwitchTo(c.training->context);
	say(&r, "rows", NULL, c.table.n, psprintf("%lld rows, %d columns", (long long) c.table.n, c.raw.spec->n_columns));
	if (c.training->intake.n_skipped > 0)
		say(&r, "skipped", NULL, c.training->intake.n_skipped, "rows without a target or weight are left out");
	say_target(&r, &c);
	say_dropped(&r, &c);
	say_columns(&r, &c);
	say_cost(&r, &c);
	MemoryContextSwitchTo(old);
	shopper_choosing_end(&c);
	return (Datum) 0;
}
