/* test_dictionary.c: codes, order by value and by count, stored form. */
#include "check.h"

#include "../../src/features/dictionary.h"

void
test_dictionary(void)
{
	ShopperEnv *env = check_env(-1);
	ShopperDictionary d,
				back;
	uint32_t	code,
			   *new_code;
	ShopperWriter w;
	ShopperReader r;
	char		text[32];
	const char *words[] = {"pear", "fig", "", "apple", "fig", "fig", "pear"};

	CHECK_OK(env, shopper_dictionary_init(&d, env, SHOPPER_ID_TEXT));
	for (int i = 0; i < 7; i++)
	{
		CHECK_OK(env, shopper_dictionary_add_text(&d, words[i], strlen(words[i]), &code));
		d.count[code]++;
	}
	CHECK(d.n == 4 && shopper_dictionary_find_text(&d, "fig", 3) == 1 && shopper_dictionary_find_text(&d, "kiwi", 4) == -1);
	CHECK_OK(env, shopper_dictionary_sort(&d, SHOPPER_BY_COUNT, &new_code));
	CHECK(new_code[1] == 0 && new_code[0] == 1 && new_code[2] == 2 && new_code[3] == 3);
	CHECK(shopper_dictionary_find_text(&d, "pear", 4) == 1 && d.count[0] == 3);
	CHECK_OK(env, shopper_dictionary_sort(&d, SHOPPER_BY_VALUE, &new_code));
	CHECK(strcmp(shopper_dictionary_text(&d, 1, text, NULL), "apple") == 0 && d.count[2] == 3);

	shopper_writer_init(&w, env);
	shopper_dictionary_encode(&d, true, &w);
	shopper_reader_init(&r, env, w.data, (size_t) w.length);
	CHECK_OK(env, shopper_dictionary_decode(&back, env, true, &r));
	CHECK(back.n == 4 && shopper_dictionary_find_text(&back, "fig", 3) == 2 && back.count[2] == 3);
	for (int64_t cut = 0; cut < w.length; cut++)
	{
		env->status = SHOPPER_OK;
		shopper_reader_init(&r, env, w.data, (size_t) cut);
		CHECK(shopper_dictionary_decode(&back, env, true, &r) != SHOPPER_OK);
	}
	env->status = SHOPPER_OK;

	CHECK_OK(env, shopper_dictionary_init(&d, env, SHOPPER_ID_INT));
	for (int i = 0; i < 3000; i++)
		CHECK(shopper_dictionary_add_int(&d, (int64_t) (i * 7919 % 3000) - 1500, &code) == SHOPPER_OK);
	CHECK(d.n == 3000);
	CHECK_OK(env, shopper_dictionary_sort(&d, SHOPPER_BY_VALUE, &new_code));
	CHECK(d.integer[0] == -1500 && d.integer[2999] == 1499 && shopper_dictionary_find_int(&d, 0) == 1500);
	CHECK(strcmp(shopper_dictionary_text(&d, 0, text, NULL), "-1500") == 0);
	CHECK_OK(env, shopper_dictionary_truncate(&d, 10));
	CHECK(shopper_dictionary_find_int(&d, -1500) == 0 && shopper_dictionary_find_int(&d, 0) == -1);
	check_env_end(env);
}
