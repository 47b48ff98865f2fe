/* test_knn.c: neighbours against sorting all distances; votes, means, several questions at once. */
#include "check.h"

#include "../../src/core/hash.h"
#include "../../src/core/threads.h"
#include "../../src/features/intake.h"
#include "../../src/models/learner.h"

enum {ROWS = 700, P = 3};

static ShopperStatus
set(ShopperEnv *env, ShopperModel *m, const char *name, const char *value, bool number)
{
	ShopperRaw	raw = {.kind = number ? SHOPPER_RAW_NUMBER : SHOPPER_RAW_STRING,.text = value};

	return shopper_options_set(env, &m->options, "knn", name, &raw);
}

/* Three numbers and a category with an unseen "all zeros" place; prepared by hand, so that the test knows the table. */
static ShopperStatus
train(ShopperEnv *env, ShopperTable *t, bool classify, const char *metric, const char *weights, const char *k, ShopperModel *model)
{
	static const char *const names[] = {"a", "b", "c"};
	ShopperSpec *spec;
	uint32_t	code;

	memset(model, 0, sizeof(*model));
	model->learner = shopper_learner_by_name("knn");
	model->task = classify ? SHOPPER_CLASSIFY : SHOPPER_REGRESS;
	SHOPPER_TRY(shopper_options_init(env, &model->options, model->learner->options, shopper_shape_options(SHOPPER_ROWS)));
	SHOPPER_TRY(set(env, model, "metric", metric, false));
	SHOPPER_TRY(set(env, model, "weights", weights, false));
	SHOPPER_TRY(set(env, model, "k", k, true));
	SHOPPER_NEW0(env, model->spec, 1);
	spec = model->spec;
	spec->prepared = true;
	spec->target = "y";
	spec->positive = classify ? 1 : -1;
	spec->target_kind = classify ? SHOPPER_TARGET_CLASS : SHOPPER_TARGET_NUMBER;
	spec->target_scale = 1;
	spec->n_columns = P + 1;
	SHOPPER_NEW0(env, spec->column, P + 1);
	SHOPPER_NEW0(env, spec->number, P);
	SHOPPER_NEW0(env, spec->category, 1);
	spec->n_numbers = spec->n_dense = P;
	spec->n_categories = 1;
	for (int j = 0; j < P; j++)
	{
		spec->column[j] = (ShopperColumn) {.name = (char *) names[j],.first = j,.n = 1};
		spec->number[j] = (ShopperNumber) {.column = j,.scale = 1,.flag = -1};
	}
	spec->column[P] = (ShopperColumn) {.name = "g",.kind = SHOPPER_KIND_CATEGORY,.n = 1};
	spec->category[0].column = P;
	SHOPPER_TRY(shopper_dictionary_init(&spec->category[0].levels, env, SHOPPER_ID_TEXT));
	for (int l = 0; l < 3; l++)
		SHOPPER_TRY(shopper_dictionary_add_text(&spec->category[0].levels, names[l], 1, &code));
	shopper_category_number(&spec->category[0], false, false);
	spec->category[0].size = 3;
	spec->category[0].offset = P;
	spec->width = P + 3;
	SHOPPER_TRY(shopper_dictionary_init(&spec->classes, env, SHOPPER_ID_TEXT));
	for (int c = 0; c < 2 && classify; c++)
		SHOPPER_TRY(shopper_dictionary_add_text(&spec->classes, c ? "yes" : "no", c ? 3 : 2, &code));
	SHOPPER_TRY(shopper_table_make(env, t, false, ROWS, P, 1, classify ? 2 : 0));
	t->size[0] = 3;
	SHOPPER_NEW(env, t->weight, ROWS);
	for (int i = 0; i < ROWS; i++)
	{
		for (int j = 0; j < P; j++)
			t->dense32[j][i] = (float) shopper_normal(3, (uint64_t) j, (uint64_t) i);
		t->lookup[0][i] = i % 4;
		t->weight[i] = 1 + i % 3;
		if (classify)
			t->y_class[i] = t->dense32[0][i] > 0;
		else
			t->y[i] = t->dense32[0][i] * 2 + t->dense32[1][i];
	}
	return model->learner->train_rows(env, model, t, NULL);
}

static double
distance(const ShopperTable *t, int i, const double *x, int code, const char *metric)
{
	double		sum = 0,
				a = 0,
				b = 0,
				dot = 0;

	for (int j = 0; j < P + 3; j++)
	{
		double		u = j < P ? t->dense32[j][i] : t->lookup[0][i] == j - P,
					v = j < P ? (double) (float) x[j] : code == j - P;

		sum += metric[0] == 'e' ? (u - v) * (u - v) : fabs(u - v);
		a += u * u;
		b += v * v;
		dot += u * v;
	}
	return metric[0] == 'c' ? 1 - dot / sqrt(a * b) : metric[0] == 'e' ? sqrt(sum) : sum;
}

static void
against_sorting(bool classify, const char *metric, const char *weights, int k)
{
	ShopperEnv *env = check_env(-1);
	ShopperTable t;
	ShopperModel model;
	char		text[8];
	double		block[2 * 40];

	snprintf(text, sizeof(text), "%d", k);
	CHECK_OK(env, train(env, &t, classify, metric, weights, text, &model));
	for (int q = 0; q < 40; q++)
	{
		double		dense[P],
					out[2],
					total = 0,
					sum = 0;
		int32_t		code = q % 4;
		bool		taken[ROWS] = {false};

		for (int j = 0; j < P; j++)
			dense[j] = shopper_normal(4, (uint64_t) j, (uint64_t) q);
		model.learner->predict(&model, dense, &code, out);
		for (int i = 0; i < k; i++)
		{
			int			best = -1;
			double		least = INFINITY,
						weight;

			for (int r = 0; r < ROWS; r++)
				if (!taken[r] && distance(&t, r, dense, code, metric) < least)
				{
					best = r;
					least = distance(&t, r, dense, code, metric);
				}
			taken[best] = true;
			weight = t.weight[best] / (weights[0] == 'd' ? least : 1);
			total += weight;
			sum += weight * (classify ? t.y_class[best] : t.y[best]);
		}
		CHECK_NEAR(out[classify], sum / total, weights[0] == 'd' ? 1e-4 : 1e-6);
	}
	model.learner->predict_block(&model, &t, 100, 140, block);
	for (int i = 0; i < 40; i++)
	{
		double		dense[P],
					out[2];
		int32_t		code = t.lookup[0][100 + i];

		for (int j = 0; j < P; j++)
			dense[j] = t.dense32[j][100 + i];
		model.learner->predict(&model, dense, &code, out);
		CHECK(block[i * (classify ? 2 : 1)] == out[0]);
		if (weights[0] == 'd' && metric[0] == 'e')
			CHECK(classify ? out[t.y_class[100 + i]] == 1 : out[0] == t.y[100 + i]);	/* itself alone */
	}
	check_env_end(env);
}

static void
stored(void)
{
	ShopperEnv *env = check_env(-1);
	ShopperTable t;
	ShopperModel model,
				back;
	unsigned char *bytes,
			   *again;
	int64_t		length,
				length2;
	ShopperStatus status = SHOPPER_OUT_OF_MEMORY;

	CHECK_OK(env, train(env, &t, true, "cosine", "uniform", "7", &model));
	CHECK_OK(env, shopper_model_encode(env, &model, &bytes, &length));
	CHECK_OK(env, shopper_model_decode(env, bytes, (size_t) length, &back));
	CHECK_OK(env, shopper_model_encode(env, &back, &again, &length2));
	CHECK(length == length2 && memcmp(bytes, again, (size_t) length) == 0);
	check_env_end(env);
	for (long k = 0; status == SHOPPER_OUT_OF_MEMORY && k < 500; k++)
	{
		env = check_env(k);
		status = train(env, &t, true, "cosine", "uniform", "7", &model);
		CHECK(status == SHOPPER_OUT_OF_MEMORY || status == SHOPPER_OK);
		check_env_end(env);
	}
	CHECK(status == SHOPPER_OK);
}

void
test_knn(void)
{
	static const char *const metrics[] = {"euclidean", "manhattan", "cosine"};

	for (int m = 0; m < 3; m++)
		for (int classify = 0; classify < 2; classify++)
		{
			against_sorting(classify, metrics[m], "uniform", 5);
			against_sorting(classify, metrics[m], "distance", 25);
		}
	against_sorting(true, "euclidean", "uniform", 1);
	stored();
}
