/* test_pairs_split.c: what is held out, against the rules spelled out over plain tables. */
#include "check.h"

#include "../../src/core/hash.h"
#include "../../src/features/pairs_split.h"

enum {LINES = 400, USERS = 30};

typedef struct Line
{
	int			user,
				item,
				time;
} Line;

static void
split(ShopperSplit method, double fraction, bool backwards)
{
	ShopperEnv *env = check_env(-1);
	Line		line[LINES];
	ShopperPairs all,
				part[2];
	int			held_out = 0,
				cut,
				later = 0,
				wrong = 0;
	int64_t    *start;

	CHECK_OK(env, shopper_pairs_init(&all, env, SHOPPER_ID_INT, SHOPPER_ID_TEXT, true, true));
	for (int i = 0; i < LINES; i++)
	{
		int			at = backwards ? LINES - 1 - i : i;
		char		item[24];
		uint32_t	left,
					right;

		/* different (user, item); times repeat; user 0 has one line */
		line[at] = (Line) {at == 0 ? 0 : 1 + at % (USERS - 1), at, (int) shopper_below(shopper_random(3, (uint64_t) at, 0), 60)};
		snprintf(item, sizeof(item), "item %03d", at);
		CHECK_OK(env, shopper_dictionary_add_int(&all.left, line[at].user, &left));
		CHECK_OK(env, shopper_dictionary_add_text(&all.right, item, strlen(item), &right));
		CHECK_OK(env, shopper_pairs_add(&all, left, right, at, line[at].time));
	}
	CHECK_OK(env, shopper_pairs_split(&all, method, fraction, 5, &part[0], &part[1]));
	CHECK(part[0].n + part[1].n == LINES);
	CHECK_OK(env, shopper_pairs_finish(&part[0], &start));
	CHECK_OK(env, shopper_pairs_finish(&part[1], &start));
	CHECK(part[0].right.n == part[0].n && part[1].right.n == part[1].n);	/* only ids of their own */
	cut = 1000;
	for (int side = 1; side >= 0; side--)
		for (int64_t i = 0; i < part[side].n; i++)
		{
			const Line *l = &line[(int) part[side].value[i]];
			char		buffer[24];
			size_t		length;
			bool		last = true;
			int			lines = 0;

			wrong += part[side].left.integer[part[side].a[i]] != l->user || part[side].time[i] != l->time ||
				atoi(shopper_dictionary_text(&part[side].right, part[side].b[i], buffer, &length) + 5) != l->item;
			for (int k = 0; k < LINES; k++)
				if (line[k].user == l->user)
				{
					lines++;
					last &= line[k].time < l->time || (line[k].time == l->time && line[k].item <= l->item);
				}
			held_out += side;
			if (method == SHOPPER_LEAVE_LAST_OUT)
				wrong += (last && lines > 1) != side;
			if (method == SHOPPER_SPLIT_BY_TIME && side == 1)
				cut = l->time < cut ? l->time : cut;
			if (method == SHOPPER_SPLIT_BY_TIME && side == 0)
				wrong += l->time >= cut;
		}
	for (int i = 0; i < LINES; i++)
		later += line[i].time > cut;
	CHECK(wrong == 0);
	if (method == SHOPPER_LEAVE_LAST_OUT)
		CHECK(held_out == USERS - 1);
	if (method == SHOPPER_SPLIT_BY_TIME)
		CHECK(held_out >= fraction * LINES && later < fraction * LINES);
	if (method == SHOPPER_SPLIT_AT_RANDOM)
		CHECK_NEAR(held_out, fraction * LINES, 4 * sqrt(LINES * fraction * (1 - fraction)));
	check_env_end(env);
}

void
test_pairs_split(void)
{
	ShopperEnv *env = check_env(-1);
	ShopperPairs all,
				a,
				b;

	for (int method = SHOPPER_LEAVE_LAST_OUT; method <= SHOPPER_SPLIT_AT_RANDOM; method++)
		for (int f = 1; f <= 9; f += 2)
			split((ShopperSplit) method, f / 10.0, f % 4 == 1);
	CHECK_OK(env, shopper_pairs_init(&all, env, SHOPPER_ID_INT, SHOPPER_ID_INT, false, false));
	CHECK(shopper_pairs_split(&all, SHOPPER_SPLIT_BY_TIME, 0.2, 1, &a, &b) == SHOPPER_BAD_DATA && env->hint[0] != '\0');
	CHECK_OK(env, shopper_pairs_split(&all, SHOPPER_SPLIT_AT_RANDOM, 0.2, 1, &a, &b));
	CHECK(a.n == 0 && b.n == 0);
	check_env_end(env);
}
