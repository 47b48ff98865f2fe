/*
 * ask.c: everything that SQL can ask of a model. Answers do not matter here; reading
 * outside of an array, an endless loop or a trap does. Arrays that the host would make
 * are made with exactly the size that it gives them.
 */
#include "fuzz.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../src/core/hash.h"
#include "../../src/models/anomalies/isolation.h"
#include "../../src/models/scalers/scaler.h"
#include "../../src/models/recommend/content.h"
#include "../../src/models/recommend/evaluate_lists.h"
#include "../../src/models/recommend/recommend.h"
#include "../../src/models/supervised/bayes_net.h"

volatile double fuzz_sink;

static void
touch(const char *text)
{
	if (text != NULL)
		fuzz_sink += (double) strlen(text);
}

static void
add(void *ctx, const char *key, double value)
{
	(void) ctx;
	touch(key);
	fuzz_sink += value;
}

void
fuzz_touch_dictionary(const ShopperDictionary *d)
{
	char		buffer[24];
	size_t		length;

	for (int64_t i = 0; i < d->n; i++)
	{
		touch(shopper_dictionary_text(d, i, buffer, &length));
		fuzz_sink += (double) d->count[i] + (double) length;
		if (d->type == SHOPPER_ID_INT ? shopper_dictionary_find_int(d, d->integer[i]) != i
			: shopper_dictionary_find_text(d, d->bytes + d->start[i], (size_t) d->length[i]) != i)
			abort();
	}
}

/* ---- rows ---- */

/* As src/pg/rows.c reads a record. */
static void
read_row(const ShopperSpec *spec, double *dense, int32_t *lookup, uint64_t random)
{
	for (int i = 0; i < spec->n_columns; i++)
	{
		const ShopperColumn *c = &spec->column[i];
		double		x = shopper_normal(random, 1, (uint64_t) i) * 1000;

		touch(c->name);
		random = shopper_mix64(random);
		if (c->kind == SHOPPER_KIND_CATEGORY)
		{
			const ShopperCategory *k = &spec->category[c->first];
			int64_t		level = k->levels.n > 0 ? (int64_t) (random % (uint64_t) k->levels.n) : 0;
			int32_t		code = random % 5 == 0 ? shopper_category_code(k, NULL, 0)
				: random % 5 == 1 || k->levels.n == 0 ? shopper_category_code(k, "new", 3)
				: shopper_category_code(k, k->levels.bytes + k->levels.start[level], (size_t) k->levels.length[level]);

			lookup[c->first] = spec->prepared ? shopper_category_position(k, code) : code;
			continue;
		}
		for (int k = 0; k < c->n; k++)
			dense[c->first + k] = random % 4 == 0 ? NAN
				: c->kind == SHOPPER_KIND_DATE || c->kind == SHOPPER_KIND_TIMESTAMP ? shopper_date_part(x, k, c->origin) : x;
	}
	if (spec->prepared)
		shopper_prepare_row(spec, dense, dense);
}

static void
ask_block(ShopperEnv *env, const ShopperModel *m, uint64_t random)
{
	const ShopperSpec *spec = m->spec;
	ShopperTable t;
	double	   *out;

	if (shopper_table_make(env, &t, m->learner->wide, 3, spec->n_dense, spec->n_categories,
						   m->task == SHOPPER_CLASSIFY ? (int) spec->classes.n : 0) != SHOPPER_OK)
		return;
	for (int i = 0; i < 3; i++)
	{
		for (int j = 0; j < spec->n_dense; j++)
		{
			double		x = shopper_normal(random, (uint64_t) j, (uint64_t) i);

			if (m->learner->wide)
				t.dense[j][i] = x;
			else
				t.dense32[j][i] = (float) x;
		}
		for (int k = 0; k < spec->n_categories; k++)
		{
			t.size[k] = spec->prepared ? spec->category[k].size : spec->category[k].n_levels;
			t.lookup[k][i] = (int32_t) (shopper_random(random, (uint64_t) k, (uint64_t) i) % (uint64_t) (t.size[k] + 1)) - !spec->prepared;
		}
	}
	out = shopper_alloc(env, (size_t) (3 * shopper_model_outputs(m)), sizeof(double));
	if (out == NULL)
		return;
	shopper_predict_block(m, &t, 0, 3, out);
	fuzz_sink += out[0];
}

/* Any node, given some others. */
static void
ask_network(ShopperEnv *env, const ShopperModel *m, uint64_t random)
{
	const ShopperBayesNet *net = m->state;
	int			query = (int) (random % (uint64_t) net->n_nodes);
	int		   *state = shopper_alloc(env, (size_t) net->n_nodes, sizeof(int));
	double	   *p = shopper_alloc(env, (size_t) net->node[query].n_states, sizeof(double));

	if (state == NULL || p == NULL)
		return;
	for (int i = 0; i < net->n_nodes; i++)
	{
		state[i] = shopper_random(random, 20, (uint64_t) i) % 2 ? -1
			: (int) (shopper_random(random, 21, (uint64_t) i) % (uint64_t) net->node[i].n_states);
		for (int s = 0; s < net->node[i].n_states; s++)
			touch(shopper_node_label(m, &net->node[i], s));
	}
	if (shopper_bayes_net_query(env, net, query, state, NULL, p) == SHOPPER_OK)
		fuzz_sink += p[net->node[query].n_states - 1];
}

static void
ask_why(ShopperEnv *env, const ShopperModel *m, const double *dense, const int32_t *lookup, int output)
{
	int			n = m->spec->n_dense + m->spec->n_categories;
	double	   *contribution = shopper_alloc0(env, (size_t) n, sizeof(double)),
				base;

	if (contribution == NULL || m->learner->explain == NULL)
		return;
	touch(m->learner->explain_unit(m));
	if (m->learner->explain(env, m, dense, lookup, output, &base, contribution) == SHOPPER_OK)
		for (int i = 0; i < n; i++)
			fuzz_sink += base + contribution[i];
}

/* Rows without a target: what the task asks. */
static void
ask_anomaly(ShopperEnv *env, const ShopperModel *m, const double *dense, const int32_t *lookup)
{
	double	   *contribution = shopper_alloc0(env, (size_t) m->spec->n_columns, sizeof(double));

	if (contribution == NULL)
		return;
	shopper_isolation_explain(m, dense, lookup, contribution);
	for (int c = 0; c < m->spec->n_columns; c++)
		fuzz_sink += contribution[c];
}

static void
ask_points(ShopperEnv *env, const ShopperModel *m, uint64_t random)
{
	const ShopperSpec *spec = m->spec;
	double	   *dense = shopper_alloc0(env, (size_t) spec->n_dense, sizeof(double)),
			   *out = shopper_alloc0(env, (size_t) shopper_model_outputs(m), sizeof(double));
	int32_t    *lookup = shopper_alloc0(env, (size_t) spec->n_categories, sizeof(int32_t));

	if (dense == NULL || out == NULL || lookup == NULL)
		return;
	if (spec->target != NULL)
		abort();
	touch(spec->zone);
	for (int k = 0; k < spec->n_categories; k++)
		fuzz_touch_dictionary(&spec->category[k].levels);
	read_row(spec, dense, lookup, random);
	m->learner->predict(m, dense, lookup, out);
	fuzz_sink += out[0];
	if (m->task == SHOPPER_CLUSTER)
		fuzz_ask_clusters(env, m, dense, lookup);
	if (m->task == SHOPPER_DETECT)
		ask_anomaly(env, m, dense, lookup);
	if (m->task == SHOPPER_SCALE)
	{
		for (int j = 0; j < spec->n_numbers; j++)
			fuzz_sink += shopper_unscale_number(m, j, (double) (random % 5) / 4);
		for (int k = 0; k < spec->n_categories; k++)
			fuzz_sink += shopper_unscale_level(m, k, (double) (random % 5));
	}
}

static void
ask_rows(ShopperEnv *env, const ShopperModel *m, uint64_t random)
{
	const ShopperSpec *spec = m->spec;
	int			outputs = shopper_model_outputs(m);
	double	   *dense = shopper_alloc0(env, (size_t) spec->n_dense, sizeof(double)),
			   *out = shopper_alloc0(env, (size_t) (outputs > 2 ? outputs : 2), sizeof(double));
	int32_t    *lookup = shopper_alloc0(env, (size_t) spec->n_categories, sizeof(int32_t));
	ShopperFeatureName *names;
	ShopperCoefficient *c;
	int64_t		n;

	if (dense == NULL || out == NULL || lookup == NULL)
		return;
	touch(spec->target);
	touch(spec->zone);
	if (spec->target_kind == SHOPPER_TARGET_CLASS)
		fuzz_touch_dictionary(&spec->classes);
	if (spec->positive >= outputs)
		abort();				/* predict_purchase would read there */
	for (int k = 0; k < spec->n_categories; k++)
		fuzz_touch_dictionary(&spec->category[k].levels);
	read_row(spec, dense, lookup, random);
	shopper_predict(m, dense, lookup, out);
	fuzz_sink += out[0];
	fuzz_ask_trees(env, m, dense, lookup, random);
	ask_block(env, m, random);
	if (m->learner == &shopper_learner_bayes_net)
		ask_network(env, m, random);
	ask_why(env, m, dense, lookup, (int) (random % (uint64_t) outputs));
	if (shopper_spec_names(env, spec, &names) == SHOPPER_OK)
		for (int i = 0; i < spec->width; i++)
		{
			touch(names[i].column);
			touch(names[i].level);
			if (names[i].column == NULL)
				abort();		/* a column that nothing feeds */
		}
	if (m->learner->coefficients != NULL && m->learner->coefficients(env, m, &c, &n) == SHOPPER_OK)
		for (int64_t i = 0; i < n; i++)
		{
			touch(c[i].class_name);
			touch(c[i].feature);
			touch(c[i].level);
			fuzz_sink += c[i].p_value;
		}
}

/* ---- recommenders ---- */

static void
touch_items(const ShopperDictionary *d, const ShopperRecommendation *rows, int64_t n)
{
	for (int64_t i = 0; i < n; i++)
		fuzz_sink += (double) d->count[rows[i].code] + rows[i].score;
}

/* Lists held to some of the model's own ids. */
static void
ask_lists(ShopperEnv *env, const ShopperModel *m, const ShopperDictionary *users, const ShopperDictionary *items, uint64_t random)
{
	ShopperPairs test = {.env = env,.left = *users,.right = *items,.n = 6};
	ShopperListMetric metric[SHOPPER_LIST_METRICS];
	int32_t		a[6] = {0},
				b[6];
	int64_t    *start = shopper_alloc0(env, (size_t) users->n + 1, sizeof(int64_t));

	if (users->n == 0 || items->n == 0 || start == NULL)
		return;
	test.a = a;
	test.b = b;
	for (int i = 0; i < 6; i++)
		b[i] = (int32_t) (shopper_random(random, 11, (uint64_t) i) % (uint64_t) items->n);
	for (int64_t u = 1; u <= users->n; u++)
		start[u] = 6;
	if (shopper_evaluate_lists(env, m, &test, start, 1 + (int64_t) (random % 7), metric) == SHOPPER_OK)
		fuzz_sink += metric[0].value;
}

static void
ask_shared(ShopperEnv *env, const ShopperModel *m, int64_t item, int64_t other)
{
	const ShopperContent *c = m->state;
	ShopperShared *shared;
	int64_t		n;

	if (shopper_content_shared(env, m, item, other, 20, &shared, &n) != SHOPPER_OK)
		return;
	for (int64_t i = 0; i < n; i++)
	{
		const ShopperAttribute *a = &c->attribute[shared[i].attribute];

		touch(a->name);
		if (shared[i].term >= 0)
			fuzz_sink += (double) a->terms.count[shared[i].term] + shared[i].contribution;
	}
}

static void
ask_ratings(ShopperEnv *env, const ShopperModel *m, uint64_t random)
{
	const ShopperDictionary *users,
			   *items;
	ShopperItemFilter filter = {.n = (int64_t) (random % 20),.exclude_seen = random % 2,.diversity = (double) (random / 64 % 3) / 2};
	ShopperRecommendation *rows;
	ShopperRecommendAll all;
	ShopperReason *reason;
	ShopperSegmentRow *segment;
	int32_t		basket[4],
				group[3];
	int64_t		user,
				item,
				n;
	double		ratings[4],
				rating,
				bias;
	const float *factors;
	int			n_factors;

	if (shopper_recommend_ids(env, m, &users, &items) != SHOPPER_OK)
		return;
	fuzz_touch_dictionary(users);
	fuzz_touch_dictionary(items);
	user = (int64_t) (random % (uint64_t) (users->n + 1)) - 1;
	item = (int64_t) (shopper_mix64(random) % (uint64_t) (items->n + 1)) - 1;
	for (int i = 0; i < 4; i++)
	{
		basket[i] = (int32_t) (shopper_random(random, 9, (uint64_t) i) % (uint64_t) (items->n + 1)) - 1;
		ratings[i] = i;
	}
	for (int i = 0; i < 3; i++)
		group[i] = (int32_t) (shopper_random(random, 10, (uint64_t) i) % (uint64_t) (users->n + 1)) - 1;
	if (shopper_recommend(env, m, user, &filter, &rows, &n) == SHOPPER_OK)
		touch_items(items, rows, n);
	if (users->n > 0 && shopper_recommend_all_begin(env, m, &filter, &all) == SHOPPER_OK)
	{
		int32_t		one = (int32_t) (random / 32 % (uint64_t) users->n);

		if (shopper_recommend_all_block(env, &all, &one, 1) == SHOPPER_OK)
			touch_items(items, all.rows, all.n_rows[0]);
	}
	if (shopper_recommend_for_basket(env, m, basket, random % 3 == 0 ? ratings : NULL, 4, &filter, &rows, &n) == SHOPPER_OK)
		touch_items(items, rows, n);
	if (shopper_recommend_for_segment(env, m, group, 3, 0.5, &filter, &segment, &n) == SHOPPER_OK)
		for (int64_t i = 0; i < n; i++)
			fuzz_sink += (double) items->count[segment[i].item.code] + segment[i].seen;
	if (shopper_predict_rating(env, m, user, item, &rating) == SHOPPER_OK)
		fuzz_sink += rating;
	ask_lists(env, m, users, items, random);
	if (shopper_explain_recommendation(env, m, user, item, 5, &reason, &n) == SHOPPER_OK)
		for (int64_t i = 0; i < n; i++)
			fuzz_sink += (double) items->count[reason[i].code] + reason[i].share;
	if (shopper_similar_items(env, m, item, 5, &rows, &n) == SHOPPER_OK)
		touch_items(items, rows, n);
	if (m->task == SHOPPER_FIND_SIMILAR)
		ask_shared(env, m, item, (int64_t) (random / 8 % (uint64_t) (items->n + 1)) - 1);
	if (shopper_similar_users(env, m, user, 5, &rows, &n) == SHOPPER_OK)
		for (int64_t i = 0; i < n; i++)
			if (rows[i].code < 0 || rows[i].code >= users->n)
				abort();
	{
		ShopperFactorItem *profile;

		if (shopper_factor_profile(env, m, (int) (random % 5) - 1, 3, &profile, &n) == SHOPPER_OK)
			for (int64_t i = 0; i < n; i++)
				fuzz_sink += (double) items->count[profile[i].code] + profile[i].share;
	}
	if (user >= 0 && shopper_has_factors(m))
	{
		factors = shopper_user_factors(m, user, &n_factors, &bias);
		for (int i = 0; i < n_factors; i++)
			fuzz_sink += factors[i];
	}
	if (item >= 0 && shopper_has_factors(m))
	{
		factors = shopper_item_factors(m, item, &n_factors, &bias);
		for (int i = 0; i < n_factors; i++)
			fuzz_sink += factors[i];
	}
}

static void
ask_any(const ShopperModel *m)
{
	for (int64_t i = 0; i < m->n_metrics; i++)
	{
		touch(m->metric[i].dataset);
		touch(m->metric[i].name);
	}
	for (int64_t i = 0; i < m->n_steps; i++)
		touch(m->history[i].metric);
	for (int64_t i = 0; i < m->n_importance; i++)
	{
		touch(m->importance[i].feature);
		touch(m->importance[i].method);
	}
	for (int i = 0; i < m->options.n; i++)
	{
		const ShopperOptionValue *v = &m->options.value[i];

		if (v->set && (v->option->type == SHOPPER_CHOICE || v->option->type == SHOPPER_STRING))
			fuzz_sink += (double) strlen(v->text);
		for (int k = 0; v->set && v->option->type == SHOPPER_STRINGS && k < v->n; k++)
			fuzz_sink += (double) strlen(v->texts[k]);
		for (int k = 0; v->set && v->option->type == SHOPPER_INTEGERS && k < v->n; k++)
			fuzz_sink += (double) v->integers[k];
	}
}

void
fuzz_ask(ShopperEnv *env, const ShopperModel *m, uint64_t random)
{
	ask_any(m);
	if (m->learner->describe != NULL)
		m->learner->describe(m, add, NULL);
	switch (m->learner->shape)
	{
		case SHOPPER_ROWS:
			ask_rows(env, m, random);
			break;
		case SHOPPER_BASKETS:
			fuzz_ask_rules(env, m, random);
			break;
		case SHOPPER_SEQUENCES:
			fuzz_ask_sequences(m);
			break;
		case SHOPPER_RATINGS:
			ask_ratings(env, m, random);
			break;
		case SHOPPER_POINTS:
			ask_points(env, m, random);
			break;
	}
}

/* Two readings of the same bytes, merged and asked; what comes out must be storable. */
static ShopperStatus
merge_with_itself(ShopperEnv *env, const ShopperModel *m)
{
	ShopperModel one,
				two;
	unsigned char *bytes;
	int64_t		length;

	SHOPPER_TRY(shopper_model_encode(env, m, &bytes, &length));
	SHOPPER_TRY(shopper_model_decode(env, bytes, (size_t) length, &one));
	SHOPPER_TRY(shopper_model_decode(env, bytes, (size_t) length, &two));
	SHOPPER_TRY(shopper_model_merge(env, &one, &two));
	ask_rows(env, &one, 1);
	SHOPPER_TRY(shopper_model_encode(env, &one, &bytes, &length));
	if (shopper_model_decode(env, bytes, (size_t) length, &two) != SHOPPER_OK)
		abort();
	return SHOPPER_OK;
}

void
fuzz_continue(ShopperEnv *env, const ShopperModel *m)
{
	const ShopperOptionValue *implicit = shopper_option_find(&m->options, "implicit");
	ShopperModel next;

	env->status = SHOPPER_OK;
	if (m->learner->merge != NULL)
		(void) merge_with_itself(env, m);
	env->status = SHOPPER_OK;
	if (m->learner->train_ratings != NULL)
		(void) fuzz_train_ratings(env, &next, m->learner, implicit == NULL || implicit->boolean,
								  m->learner == &shopper_learner_nmf ? "factors=3 iterations=1"
								  : shopper_option_find(&m->options, "method") != NULL && shopper_option_is(&m->options, "method", "truncated") ? "factors=3 method=truncated"
								  : m->learner == &shopper_learner_svd || m->learner == &shopper_learner_als ? "factors=3 epochs=1" : "", m);
	else if (m->learner->shape == SHOPPER_POINTS)
		(void) fuzz_train_points(env, &next, m->learner, strcmp(m->learner->name, "gaussian_mixture") == 0 ? "k=2 starts=1 max_iterations=3"
								 : strcmp(m->learner->name, "hierarchical") == 0 ? "k=3" : "", m);
	else if (m->learner->shape == SHOPPER_ROWS)
		(void) fuzz_train_rows(env, &next, m->learner, m->task == SHOPPER_REGRESS ? 0 : m->spec->classes.n > 2 ? 3 : 2,
							   strcmp(m->learner->name, "boosting") == 0 ? "trees=1 max_leaves=3"
							   : strcmp(m->learner->name, "mlp") != 0 ? "" : m->task == SHOPPER_REGRESS ? "hidden=4,3,2 epochs=1"
							   : m->spec->classes.n > 2 ? "hidden=5 epochs=1" : "hidden=4,3 epochs=1", m);
}
