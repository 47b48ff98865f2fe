/* trees.c: what tree() and forest() share: leaves of shares or means, and their mean. */
#include "trees.h"

#include <string.h>

const ShopperEnsemble *
shopper_model_ensemble(const ShopperModel *model)
{
	static const char *const learners[] = {"tree", "forest", "boosting"};

	for (size_t i = 0; i < sizeof(learners) / sizeof(learners[0]); i++)
		if (strcmp(model->learner->name, learners[i]) == 0)
			return ((const ShopperTreeModel *) model->state)->ensemble;
	return NULL;
}

ShopperStatus
shopper_mean_make(ShopperEnv *env, const ShopperTable *t, ShopperTreeModel **model)
{
	int			values = t->n_classes > 2 ? t->n_classes : 1;

	SHOPPER_NEW0(env, *model, 1);
	return shopper_ensemble_make(env, t->n_dense, t->n_lookup, t->size, values, values, &(*model)->ensemble);
}

/* From sums over the trees, of as many numbers as a leaf has, to the answer. */
static void
mean(const ShopperModel *model, const ShopperEnsemble *e, double *out)
{
	double		n = (double) shopper_ensemble_trees(e);

	for (int k = 0; k < shopper_ensemble_outputs(e); k++)
		out[k] /= n;
	if (model->task == SHOPPER_CLASSIFY && shopper_ensemble_outputs(e) == 1)
	{
		out[1] = out[0];
		out[0] = 1 - out[1];
	}
}

void
shopper_mean_predict(const ShopperModel *model, const double *dense, const int32_t *lookup, double *out)
{
	const ShopperEnsemble *e = shopper_model_ensemble(model);

	shopper_ensemble_sum(e, dense, lookup, out);
	mean(model, e, out);
}

void
shopper_mean_predict_block(const ShopperModel *model, const ShopperTable *t, int64_t from, int64_t to, double *out)
{
	const ShopperEnsemble *e = shopper_model_ensemble(model);
	int			inside = shopper_ensemble_outputs(e),
				outside = model->task == SHOPPER_CLASSIFY && inside == 1 ? 2 : inside;

	shopper_ensemble_sum_block(e, t, from, to, out);
	/* rows become wider: the last one first */
	for (int64_t i = to - from - 1; i >= 0; i--)
	{
		if (outside > inside)
			out[i * outside] = out[i];
		mean(model, e, out + i * outside);
	}
}

ShopperStatus
shopper_mean_explain(ShopperEnv *env, const ShopperModel *model, const double *dense, const int32_t *lookup,
					 int output, double *base, double *contribution)
{
	const ShopperEnsemble *e = shopper_model_ensemble(model);
	bool		two = model->task == SHOPPER_CLASSIFY && shopper_ensemble_outputs(e) == 1;
	double		n = (double) shopper_ensemble_trees(e),
				sign = two && output == 0 ? -1 : 1;

	SHOPPER_TRY(shopper_ensemble_shap(env, e, dense, lookup, two ? 0 : output, base, contribution));
	*base = sign < 0 ? 1 - *base / n : *base / n;
	for (int j = 0; j < model->spec->n_numbers + model->spec->n_categories; j++)
		contribution[j] *= sign / n;
	return SHOPPER_OK;
}

const char *
shopper_mean_unit(const ShopperModel *model)
{
	return model->task == SHOPPER_CLASSIFY ? "probability" : "amount";
}

void
shopper_mean_encode(const ShopperModel *model, ShopperWriter *w)
{
	shopper_ensemble_encode(shopper_model_ensemble(model), w);
}

ShopperStatus
shopper_mean_decode(ShopperModel *model, ShopperReader *r)
{
	ShopperEnv *env = r->env;
	ShopperTreeModel *state;
	int			values = model->task == SHOPPER_CLASSIFY && model->spec->classes.n > 2 ? (int) model->spec->classes.n : 1;

	if (model->task == SHOPPER_CLASSIFY && model->spec->classes.n < 2)
		return shopper_bad_bytes(env, "trees for fewer than two classes");
	SHOPPER_NEW0(env, state, 1);
	SHOPPER_TRY(shopper_ensemble_decode(env, r, model->spec, values, &state->ensemble));
	if (shopper_ensemble_trees(state->ensemble) < 1 || shopper_ensemble_values(state->ensemble) != values)
		return shopper_bad_bytes(env, "no trees for its target");
	model->state = state;
	return SHOPPER_OK;
}

void
shopper_mean_describe(const ShopperModel *model, void (*add) (void *ctx, const char *key, double value), void *ctx)
{
	const ShopperEnsemble *e = shopper_model_ensemble(model);

	add(ctx, "trees", (double) shopper_ensemble_trees(e));
	add(ctx, "leaves", (double) shopper_ensemble_leaves(e));
	add(ctx, "depth", shopper_ensemble_depth(e));
}

ShopperStatus
shopper_add_gain_importance(ShopperEnv *env, ShopperModel *model, const ShopperEnsemble *e)
{
	const ShopperSpec *spec = model->spec;
	double	   *gain,
				total = 0;

	SHOPPER_NEW(env, gain, spec->n_numbers + spec->n_categories);
	shopper_ensemble_gains(e, gain);
	for (int j = 0; j < spec->n_numbers + spec->n_categories; j++)
		total += gain[j];
	for (int i = 0; i < spec->n_columns; i++)
	{
		const ShopperColumn *c = &spec->column[i];
		int			first = c->kind == SHOPPER_KIND_CATEGORY ? spec->n_numbers + c->first : c->first;
		double		sum = 0;

		for (int j = first; j < first + (c->kind == SHOPPER_KIND_CATEGORY ? 1 : c->n); j++)
			sum += gain[j];
		SHOPPER_TRY(shopper_add_importance(env, model, c->name, "gain", total > 0 ? sum / total : 0));
	}
	shopper_release(env, gain);
	return SHOPPER_OK;
}

ShopperStatus
shopper_read_criterion(ShopperEnv *env, const ShopperModel *model, ShopperCriterion *criterion)
{
	const char *name = shopper_option_text(&model->options, "criterion");
	bool		classify = model->task == SHOPPER_CLASSIFY;

	*criterion = strcmp(name, "entropy") == 0 ? SHOPPER_ENTROPY : strcmp(name, "gain_ratio") == 0 ? SHOPPER_GAIN_RATIO
		: strcmp(name, "squared") == 0 || !classify ? SHOPPER_SQUARED : SHOPPER_GINI;
	if (strcmp(name, "auto") == 0 || (strcmp(name, "squared") == 0) == !classify)
		return SHOPPER_OK;
	shopper_fail(env, SHOPPER_BAD_OPTION, "option \"criterion\" of %s cannot be \"%s\" for a target of %s",
				 model->learner->name, name, classify ? "classes" : "numbers");
	shopper_hint(env, "Leave it out, or use %s.", classify ? "gini or entropy" : "squared");
	return env->status;
}

/* ---- the trees of another model ---- */

ShopperStatus
shopper_check_classes(ShopperEnv *env, const ShopperSpec *spec, const ShopperSpec *other)
{
	if (shopper_spec_same_target(spec, other))
		return SHOPPER_OK;
	shopper_fail(env, SHOPPER_BAD_OPTION, "the other model has other classes");
	shopper_hint(env, "Trees can be put together when both models were trained on the same classes.");
	return env->status;
}

static const ShopperColumn *
find_column(ShopperEnv *env, const ShopperSpec *spec, const ShopperColumn *old)
{
	const ShopperColumn *column = shopper_spec_find_like(spec, old);

	if (column != NULL)
		return column;
	shopper_fail(env, SHOPPER_BAD_OPTION, "the other model uses column \"%.60s\", which this one does not have in that kind", old->name);
	shopper_hint(env, "Train both on the same columns; this one may have more.");
	return NULL;
}

/* Codes over there of the levels here. */
static ShopperStatus
map_levels(ShopperEnv *env, const ShopperCategory *here, const ShopperCategory *there, int32_t **codes)
{
	SHOPPER_NEW(env, *codes, here->n_levels);
	for (int32_t code = 0; code < here->n_levels; code++)
	{
		char		buffer[24];
		size_t		length;
		const char *text;

		if (code == here->null_code)
			(*codes)[code] = shopper_category_code(there, NULL, 0);
		else if (code == here->other_code)
			(*codes)[code] = there->other_code;
		else
		{
			text = shopper_dictionary_text(&here->levels, code, buffer, &length);
			(*codes)[code] = shopper_category_code(there, text, length);
		}
	}
	return SHOPPER_OK;
}

ShopperStatus
shopper_take_trees(ShopperEnv *env, const ShopperSpec *spec, ShopperEnsemble *ensemble,
				   const ShopperSpec *other, const ShopperEnsemble *from)
{
	int		   *input;
	int32_t   **old_code;
	double	   *shift;
	int64_t		first = shopper_ensemble_trees(ensemble);

	SHOPPER_TRY(shopper_check_classes(env, spec, other));
	SHOPPER_NEW0(env, input, other->n_numbers + other->n_categories);
	SHOPPER_NEW0(env, old_code, spec->n_categories);
	SHOPPER_NEW0(env, shift, spec->n_numbers);
	for (int i = 0; i < other->n_columns; i++)
	{
		const ShopperColumn *there = &other->column[i],
				   *here = find_column(env, spec, there);

		if (here == NULL)
			return env->status;
		if (here->kind == SHOPPER_KIND_CATEGORY)
		{
			input[other->n_numbers + there->first] = spec->n_numbers + here->first;
			SHOPPER_TRY(map_levels(env, &spec->category[here->first], &other->category[there->first], &old_code[here->first]));
			continue;
		}
		for (int j = 0; j < here->n; j++)
		{
			input[there->first + j] = here->first + j;
			if ((here->kind == SHOPPER_KIND_DATE || here->kind == SHOPPER_KIND_TIMESTAMP) && spec->number[here->first + j].part == SHOPPER_PART_DAYS)
				shift[here->first + j] = there->origin - here->origin;
		}
	}
	for (int k = 0; k < spec->n_categories; k++)
		if (old_code[k] == NULL)	/* a column that they do not read */
			SHOPPER_NEW0(env, old_code[k], spec->category[k].n_levels);
	SHOPPER_TRY(shopper_ensemble_append(env, ensemble, from, input, (const int32_t *const *) old_code));
	shopper_ensemble_shift(ensemble, first, shift);
	return SHOPPER_OK;
}
