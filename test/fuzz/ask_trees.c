/* ask_trees.c: what SQL can ask of models of trees: why, rules, text, another model's trees. */
#include "fuzz.h"

#include <string.h>

#include "../../src/models/trees/trees.h"

static ShopperStatus
put_rule(void *ctx, const ShopperTreeRule *rule)
{
	int		   *left = ctx;

	fuzz_sink += (double) strlen(rule->rule) + (double) strlen(rule->prediction) + rule->value + rule->rows + rule->share;
	for (int c = 0; c < rule->n_probabilities; c++)
		fuzz_sink += rule->probability[c];
	return (*left)-- > 0 ? SHOPPER_OK : SHOPPER_CANCELLED;
}

void
fuzz_ask_trees(ShopperEnv *env, const ShopperModel *m, const double *dense, const int32_t *lookup, uint64_t random)
{
	const ShopperEnsemble *e = shopper_model_ensemble(m);
	double		base,
			   *contribution;
	int			rules = 200;
	char	   *text;
	int64_t		length;

	if (m->learner->explain != NULL)
	{
		contribution = shopper_alloc(env, (size_t) m->spec->n_dense + (size_t) m->spec->n_categories, sizeof(double));
		if (contribution != NULL &&
			m->learner->explain(env, m, dense, lookup, (int) (random % (uint64_t) shopper_model_outputs(m)), &base, contribution) == SHOPPER_OK)
			for (int j = 0; j < m->spec->n_dense + m->spec->n_categories; j++)
				base += contribution[j];
		if (m->learner->explain_unit != NULL)
			fuzz_sink += (double) strlen(m->learner->explain_unit(m));
	}
	if (e == NULL || shopper_ensemble_nodes(e) > 100000)
		return;
	if (shopper_tree_rules(env, m, random % 4 == 0 ? SHOPPER_ALL_TREES : (int64_t) (random % 4), put_rule, &rules) != SHOPPER_OK)
		env->status = SHOPPER_OK;
	if (shopper_tree_text(env, m, (int64_t) (random % 4), &text, &length) == SHOPPER_OK)
		fuzz_sink += (double) strlen(text);
	else
		env->status = SHOPPER_OK;
	if (m->learner->merge != NULL && random % 8 == 0)
	{
		ShopperModel into;
		unsigned char *bytes;

		if (shopper_model_encode(env, m, &bytes, &length) == SHOPPER_OK &&
			shopper_model_decode(env, bytes, (size_t) length, &into) == SHOPPER_OK)
			(void) m->learner->merge(env, &into, m);
		env->status = SHOPPER_OK;
	}
}
