/* test_content.c: words of texts; vectors of items against sums of cosines computed plainly. */
#include "check.h"

#include <math.h>

#include "../../src/core/hash.h"
#include "../../src/features/tokens.h"
#include "../../src/models/recommend/content.h"
#include "../../src/models/recommend/recommend.h"

enum {ITEMS = 60, TAGS = 9, DIM = 5};

/* The words of a text joined by |. */
static const char *
words(const char *text, size_t length)
{
	static char out[500];
	ShopperTokens t;
	size_t		at = 0;

	out[0] = '\0';
	shopper_tokens_begin(&t, text, length);
	while (shopper_tokens_next(&t) && at + t.length + 2 < sizeof(out))
		at += (size_t) snprintf(out + at, sizeof(out) - at, "%s%s", at > 0 ? "|" : "", t.word);
	return out;
}

static void
check_words(const char *text, const char *wanted)
{
	const char *got = words(text, strlen(text));

	if (strcmp(got, wanted) != 0)
		printf("words of \"%s\": \"%s\", wanted \"%s\"\n", text, got, wanted);
	CHECK(strcmp(got, wanted) == 0);
}

static void
tokens(void)
{
	char		random[200];

	check_words("", "");
	check_words("  -- !", "");
	check_words("The red MUG, 2nd-hand", "the|red|mug|2nd|hand");
	check_words("Ärger ŁÓDŹ Ωμέγα ЁЖ ÿ Ÿ", "ärger|łódź|ωμέγα|ёж|ÿ|ÿ");
	check_words("旅行マグ", "旅行|行マ|マグ");
	check_words("赤 mug旅行x。茶", "赤|mug|旅行|x|茶");
	check_words("a\xff\xc3", "a\xef\xbf\xbd\xef\xbf\xbd");
	/* whatever the bytes: words are short, and it ends */
	for (uint64_t k = 0; k < 300; k++)
	{
		ShopperTokens t;

		for (size_t i = 0; i < sizeof(random); i++)
			random[i] = (char) shopper_random(1, k, i);
		shopper_tokens_begin(&t, random, sizeof(random));
		while (shopper_tokens_next(&t))
			CHECK(t.length > 0 && t.length <= SHOPPER_TOKEN_BYTES + 3 && t.word[t.length] == '\0');
	}
}

/* ---- items: a category, tags, a number, a vector; some of them missing ---- */

static bool
has(int item, int attribute)
{
	return shopper_uniform(2, (uint64_t) item, (uint64_t) attribute) < 0.8;
}

static bool
has_tag(int item, int tag)
{
	return has(item, 1) && shopper_uniform(3, (uint64_t) item, (uint64_t) tag) < (tag == 0 ? 0.001 : 0.3);
}

static double
element(int item, int k)
{
	return shopper_normal(4, (uint64_t) item, (uint64_t) k);
}

static const double weights[] = {2, 1, 0.5, 1};

static ShopperStatus
train(ShopperEnv *env, ShopperModel *model, bool backwards)
{
	static char names[4][8] = {"kind", "tags", "price", "v"};
	static const ShopperAttributeKind kinds[] = {SHOPPER_ATTRIBUTE_CATEGORY, SHOPPER_ATTRIBUTE_BAG, SHOPPER_ATTRIBUTE_NUMBER, SHOPPER_ATTRIBUTE_VECTOR};
	ShopperContentIntake in;

	memset(model, 0, sizeof(*model));
	model->learner = &shopper_learner_content;
	model->task = SHOPPER_FIND_SIMILAR;
	SHOPPER_TRY(shopper_content_begin(env, model, &in, SHOPPER_ID_INT, 4));
	for (int a = 0; a < 4; a++)
	{
		in.content->attribute[a].name = names[a];
		in.content->attribute[a].kind = kinds[a];
		in.content->attribute[a].weight = weights[a];
		in.is_id[a] = false;
	}
	for (int i = 0; i < ITEMS; i++)
	{
		int			item = backwards ? ITEMS - 1 - i : i;
		uint32_t	code;
		char		word[24];
		double		v[DIM];

		SHOPPER_TRY(shopper_dictionary_add_int(&in.content->events.item, item, &code));
		SHOPPER_TRY(shopper_content_item(&in, code));
		snprintf(word, sizeof(word), "kind %d", item % 4);
		if (has(item, 0))
			SHOPPER_TRY(shopper_content_term(&in, 0, word, strlen(word)));
		for (int t = 0; t < TAGS; t++)
		{
			snprintf(word, sizeof(word), "%d", t);
			for (int twice = 0; has_tag(item, t) && twice < 2; twice++)
				SHOPPER_TRY(shopper_content_term(&in, 1, word, strlen(word)));
		}
		if (has(item, 2))
			shopper_content_number(&in, 2, item * item);
		for (int k = 0; k < DIM; k++)
			v[k] = element(item, k);
		if (has(item, 3))
			SHOPPER_TRY(shopper_content_vector(&in, 3, v, DIM));
		SHOPPER_TRY(shopper_content_commit(&in));
	}
	return shopper_content_finish(env, model, &in);
}

static double
idf(int tag)
{
	int			with = 0;

	for (int i = 0; i < ITEMS; i++)
		with += has_tag(i, tag);
	return 1 + log((1.0 + ITEMS) / (1.0 + with));
}

static double
quantile(int item)
{
	double		n = 0,
				sum = 0,
				squares = 0;

	for (int i = 0; i < ITEMS; i++)
		if (has(i, 2))
		{
			n++;
			sum += i * i;
			squares += (double) i * i * i * i;
		}
	return 0.5 * erfc(-((item * item - sum / n) / sqrt(squares / n - sum / n * sum / n)) / sqrt(2));
}

static double
naive(int a, int b)
{
	double		dot = 0,
				aa = 0,
				bb = 0,
				sum = 0,
				all = 0;

	for (int k = 0; k < 4; k++)
		all += weights[k];
	if (has(a, 0) && has(b, 0) && a % 4 == b % 4)
		sum += weights[0];
	for (int t = 0; t < TAGS; t++)
	{
		aa += has_tag(a, t) ? idf(t) * idf(t) : 0;
		bb += has_tag(b, t) ? idf(t) * idf(t) : 0;
		dot += has_tag(a, t) && has_tag(b, t) ? idf(t) * idf(t) : 0;
	}
	sum += dot > 0 ? weights[1] * dot / sqrt(aa * bb) : 0;
	if (has(a, 2) && has(b, 2))
		sum += weights[2] * cos(acos(-1) / 2 * (quantile(a) - quantile(b)));
	dot = aa = bb = 0;
	for (int k = 0; k < DIM && has(a, 3) && has(b, 3); k++)
	{
		dot += element(a, k) * element(b, k);
		aa += element(a, k) * element(a, k);
		bb += element(b, k) * element(b, k);
	}
	sum += dot != 0 ? weights[3] * dot / sqrt(aa * bb) : 0;
	return sum / all;
}

static void
similar(ShopperEnv *env, const ShopperModel *model)
{
	double		worst = 0,
				worst_sum = 0,
				worst_basket = 0;
	int32_t		basket[] = {3, 7, -1, 12};
	double		ratings[] = {1, 2, 5, -1};
	ShopperItemFilter filter = {.n = ITEMS};
	ShopperRecommendation *row;
	int64_t		n;

	for (int a = 0; a < ITEMS; a++)
	{
		CHECK_OK(env, shopper_similar_items(env, model, a, ITEMS, &row, &n));
		for (int64_t i = 0; i < n; i++)
		{
			ShopperShared *shared;
			int64_t		n_shared,
						other = row[i].code;
			double		sum = 0,
						alone;

			worst = fmax(worst, fabs(row[i].score - naive(a, (int) other)));
			CHECK_OK(env, shopper_content_shared(env, model, a, other, 100, &shared, &n_shared));
			for (int64_t k = 0; k < n_shared; k++)
				sum += shared[k].contribution;
			CHECK_OK(env, model->learner->recommender->similarity(env, model, a, &other, 1, &alone));
			worst_sum = fmax(worst_sum, fabs(sum - row[i].score) + fabs(alone - row[i].score));
		}
	}
	CHECK_NEAR(worst, 0, 1e-6);
	CHECK_NEAR(worst_sum, 0, 1e-6);
	CHECK_OK(env, shopper_recommend_for_basket(env, model, basket, ratings, 4, &filter, &row, &n));
	for (int64_t i = 0; i < n; i++)
		worst_basket = fmax(worst_basket, fabs(row[i].score - (naive(3, (int) row[i].code)
															  + 2 * naive(7, (int) row[i].code) - naive(12, (int) row[i].code)) / 4));
	CHECK_NEAR(worst_basket, 0, 1e-6);
}

static void
stored(ShopperEnv *env, const ShopperModel *model)
{
	ShopperModel back = {.learner = &shopper_learner_content},
				other;
	ShopperWriter a,
				b;
	ShopperReader r;

	shopper_writer_init(&a, env);
	model->learner->encode(model, &a);
	shopper_reader_init(&r, env, a.data, (size_t) a.length);
	CHECK_OK(env, back.learner->decode(&back, &r));
	CHECK_OK(env, shopper_reader_done(&r, "state"));
	shopper_writer_init(&b, env);
	back.learner->encode(&back, &b);
	CHECK(a.length == b.length && memcmp(a.data, b.data, (size_t) a.length) == 0);
	similar(env, &back);
	CHECK_OK(env, train(env, &other, true));
	shopper_writer_init(&b, env);
	other.learner->encode(&other, &b);
	CHECK(a.length == b.length && memcmp(a.data, b.data, (size_t) a.length) == 0);
	for (int64_t cut = 0; cut < a.length; cut += 89)
	{
		shopper_reader_init(&r, env, a.data, (size_t) cut);
		CHECK(back.learner->decode(&back, &r) != SHOPPER_OK || shopper_reader_done(&r, "state") != SHOPPER_OK);
		env->status = SHOPPER_OK;
	}
}

void
test_content(void)
{
	ShopperEnv *env = check_env(-1);
	ShopperModel model;

	tokens();
	CHECK_OK(env, train(env, &model, false));
	similar(env, &model);
	stored(env, &model);
	check_env_end(env);
}
