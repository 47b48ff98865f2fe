/* test_sequences.c: sequence rules against brute force; stored form; failures. */
#include "check.h"

#include "../../src/core/hash.h"
#include "../../src/models/rules/sequences.h"

enum {CUSTOMERS = 40, THINGS = 6, EVENTS = 12};

#define DAY INT64_C(86400000000)

typedef struct Log
{
	int			item[CUSTOMERS][EVENTS];
	int64_t		day[CUSTOMERS][EVENTS];
} Log;

static void
make_log(Log *log, uint64_t seed)
{
	for (int c = 0; c < CUSTOMERS; c++)
		for (int e = 0; e < EVENTS; e++)
		{
			log->item[c][e] = (int) shopper_below(shopper_random(seed, 1, (uint64_t) (c * EVENTS + e)), THINGS - (uint64_t) (c % 2));
			log->day[c][e] = (int64_t) shopper_below(shopper_random(seed, 2, (uint64_t) (c * EVENTS + e)), 25) - 10;
		}
}

static ShopperStatus
set_number(ShopperEnv *env, ShopperModel *model, const char *name, const char *text)
{
	ShopperRaw	raw = {.kind = SHOPPER_RAW_NUMBER,.text = text};

	return shopper_options_set(env, &model->options, "sequences", name, &raw);
}

static ShopperStatus
train(ShopperEnv *env, ShopperModel *model, const Log *log, uint64_t seed, const char *max_gap, const char *min_gap, const char *together, const char *min_count)
{
	ShopperPairs pairs;
	uint32_t	order[CUSTOMERS * EVENTS],
				left,
				right;
	int64_t    *start;

	memset(model, 0, sizeof(*model));
	model->learner = &shopper_learner_sequences;
	model->task = SHOPPER_FIND_SEQUENCES;
	SHOPPER_TRY(shopper_options_init(env, &model->options, model->learner->options, shopper_shape_options(SHOPPER_SEQUENCES)));
	SHOPPER_TRY(set_number(env, model, "max_gap", max_gap));
	SHOPPER_TRY(set_number(env, model, "min_gap", min_gap));
	SHOPPER_TRY(set_number(env, model, "together", together));
	SHOPPER_TRY(set_number(env, model, "min_count", min_count));
	SHOPPER_TRY(shopper_pairs_init(&pairs, env, SHOPPER_ID_INT, SHOPPER_ID_INT, false, true));
	for (uint32_t i = 0; i < CUSTOMERS * EVENTS; i++)
		order[i] = i;
	shopper_shuffle(order, CUSTOMERS * EVENTS, seed, 0);
	for (int k = 0; k < CUSTOMERS * EVENTS; k++)
	{
		uint32_t	c = order[k] / EVENTS,
					e = order[k] % EVENTS;

		SHOPPER_TRY(shopper_dictionary_add_int(&pairs.left, c, &left));
		SHOPPER_TRY(shopper_dictionary_add_int(&pairs.right, log->item[c][e], &right));
		SHOPPER_TRY(shopper_pairs_add(&pairs, left, right, 0, log->day[c][e] * DAY));
	}
	SHOPPER_TRY(shopper_pairs_finish(&pairs, &start));
	return model->learner->train_baskets(env, model, &pairs);
}

/* Does the customer have the antecedent (b -1: one item)? The shortest time to y, -1 when it does not follow. */
static bool
walk(const Log *log, int c, int a, int b, int y, int max_gap, int min_gap, int together, int64_t *gap)
{
	bool		found = false;

	*gap = -1;
	for (int i = 0; i < EVENTS; i++)
		for (int j = 0; j < EVENTS; j++)
		{
			int64_t		at = log->day[c][i];

			if (log->item[c][i] != a || (b < 0 ? j != i : log->item[c][j] != b || llabs(log->day[c][j] - at) > together))
				continue;
			at = log->day[c][j] > at ? log->day[c][j] : at;
			found = true;
			for (int k = 0; k < EVENTS; k++)
			{
				int64_t		later = log->day[c][k] - at;

				if (log->item[c][k] == y && later > 0 && later >= min_gap && later <= max_gap && (*gap < 0 || later < *gap))
					*gap = later;
			}
		}
	return found;
}

static int
compare_gaps(const void *a, const void *b)
{
	return (*(const int64_t *) a > *(const int64_t *) b) - (*(const int64_t *) a < *(const int64_t *) b);
}

static void
as_counted(uint64_t seed, int max_gap, int min_gap, int together, int min_count)
{
	ShopperEnv *env = check_env(-1);
	ShopperModel model;
	const ShopperSequences *s;
	Log			log;
	char		text[4][16];
	int64_t		expected = 0;
	int			wrong = 0;

	make_log(&log, seed);
	snprintf(text[0], 16, "%d", max_gap);
	snprintf(text[1], 16, "%d", min_gap);
	snprintf(text[2], 16, "%d", together);
	snprintf(text[3], 16, "%d", min_count);
	CHECK_OK(env, train(env, &model, &log, seed, text[0], text[1], text[2], text[3]));
	s = shopper_sequences(&model);
	for (int a = 0; a < THINGS; a++)
		for (int b = -1; b < THINGS; b++)
			for (int y = 0; y < THINGS && (b < 0 || b > a); y++)
			{
				int64_t		gaps[CUSTOMERS],
							gap;
				int			n = 0,
							antecedent = 0;
				double		sum = 0;
				bool		found = false;

				for (int c = 0; c < CUSTOMERS; c++)
				{
					antecedent += walk(&log, c, a, b, y, max_gap, min_gap, together, &gap);
					if (gap >= 0)
					{
						gaps[n++] = gap;
						sum += (double) gap;
					}
				}
				if (n < min_count)
					continue;
				expected++;
				qsort(gaps, (size_t) n, sizeof(*gaps), compare_gaps);
				for (int64_t i = 0; i < s->n; i++)
				{
					const ShopperSequenceRule *r = &s->rule[i];
					int64_t		first = s->items.integer[r->first],
								second = r->second < 0 ? -1 : s->items.integer[r->second];

					if (s->items.integer[r->consequent] != y || !((first == a && second == b) || (first == b && second == a)))
						continue;
					found = true;
					wrong += r->count != n || r->antecedent_count != antecedent || fabs(r->mean_days - sum / n) > 1e-12
						|| r->median_days != (double) (gaps[n / 2] + gaps[(n - 1) / 2]) / 2;
				}
				wrong += !found;
			}
	CHECK(wrong == 0 && s->n == expected && s->n_customers == CUSTOMERS);
	for (int64_t i = 1; i < s->n; i++)
		wrong += shopper_sequence_lift(s, &s->rule[i]) > shopper_sequence_lift(s, &s->rule[i - 1]);
	CHECK(wrong == 0);
	check_env_end(env);
}

static ShopperStatus
decode(ShopperEnv *env, const unsigned char *bytes, size_t length, ShopperModel *model)
{
	ShopperReader r;

	memset(model, 0, sizeof(*model));
	model->learner = &shopper_learner_sequences;
	shopper_reader_init(&r, env, bytes, length);
	SHOPPER_TRY(model->learner->decode(model, &r));
	return shopper_reader_done(&r, "state");
}

static void
stored_form(void)
{
	ShopperEnv *env = check_env(-1);
	ShopperModel model,
				back;
	ShopperWriter w[3];
	Log			log;

	make_log(&log, 5);
	for (int i = 0; i < 3; i++)
		shopper_writer_init(&w[i], env);
	for (int i = 0; i < 2; i++)	/* two orders of the lines */
	{
		CHECK_OK(env, train(env, &model, &log, (uint64_t) i + 1, "10", "0", "2", "4"));
		model.learner->encode(&model, &w[i]);
	}
	CHECK(w[0].length == w[1].length && memcmp(w[0].data, w[1].data, (size_t) w[0].length) == 0);
	CHECK_OK(env, decode(env, w[0].data, (size_t) w[0].length, &back));
	back.learner->encode(&back, &w[2]);
	CHECK(w[0].length == w[2].length && memcmp(w[0].data, w[2].data, (size_t) w[0].length) == 0);
	for (int64_t cut = 0; cut < w[0].length; cut += 7)
	{
		ShopperEnv *other = check_env(-1);

		CHECK(decode(other, w[0].data, (size_t) cut, &back) != SHOPPER_OK);
		check_env_end(other);
	}
	CHECK(train(env, &model, &log, 1, "2", "3", "0", "4") == SHOPPER_BAD_OPTION);
	CHECK_OK(env, train(env, &model, &log, 1, "10", "0", "2", "41"));
	CHECK(shopper_sequences(&model)->n == 0);
	check_env_end(env);
}

static void
out_of_memory(void)
{
	Log			log;
	ShopperModel model;

	make_log(&log, 1);
	for (int allowed = 0;; allowed++)
	{
		ShopperEnv *env = check_env(allowed);
		ShopperStatus status = train(env, &model, &log, 1, "10", "0", "2", "4");

		CHECK(status == SHOPPER_OK || status == SHOPPER_OUT_OF_MEMORY);
		check_env_end(env);
		if (status == SHOPPER_OK)
			break;
	}
}

void
test_sequences(void)
{
	as_counted(1, 10, 0, 0, 3);
	as_counted(2, 7, 2, 3, 3);
	as_counted(3, 30, 0, 5, 5);
	as_counted(4, 4, 4, 1, 1);
	as_counted(5, 3, 0, 30, 2);
	stored_form();
	out_of_memory();
}
