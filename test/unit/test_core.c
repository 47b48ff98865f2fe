/* test_core.c: codec, hash, sort, threads. */
#include "check.h"

#include "../../src/core/codec.h"
#include "../../src/core/dense.h"
#include "../../src/core/hash.h"
#include "../../src/core/sort.h"
#include "../../src/core/threads.h"

static void
codec(void)
{
	ShopperEnv *env = check_env(-1);
	ShopperWriter w;
	ShopperReader r,
				section;
	int64_t		at;
	uint64_t	big[] = {0, 1, 127, 128, 16383, 16384, UINT64_MAX};
	size_t		length;

	shopper_writer_init(&w, env);
	shopper_put_u16(&w, 0xbeef);
	shopper_put_f64(&w, -0.1);
	for (int i = 0; i < 7; i++)
		shopper_put_varint(&w, big[i]);
	at = shopper_begin_section(&w, 7);
	shopper_put_string(&w, "caf\xc3\xa9");
	shopper_end_section(&w, at);
	CHECK_OK(env, w.status);

	shopper_reader_init(&r, env, w.data, (size_t) w.length);
	CHECK(shopper_get_u16(&r) == 0xbeef);
	CHECK(shopper_get_f64(&r) == -0.1);
	for (int i = 0; i < 7; i++)
		CHECK(shopper_get_varint(&r) == big[i]);
	CHECK(!shopper_get_section(&r, 8, &section));
	CHECK(shopper_get_section(&r, 7, &section));
	CHECK(strcmp(shopper_get_text(&section, &length), "caf\xc3\xa9") == 0 && length == 5);
	CHECK_OK(env, shopper_reader_done(&section, "text"));
	CHECK_OK(env, shopper_reader_done(&r, "whole"));
	CHECK(shopper_get_u32(&r) == 0 && r.failed);

	/* a count that the bytes cannot hold */
	shopper_writer_init(&w, env);
	shopper_put_varint(&w, 1000000);
	shopper_reader_init(&r, env, w.data, (size_t) w.length);
	CHECK(shopper_get_count(&r, 8) == 0 && r.failed);
	check_env_end(env);
}

static void
sorting(void)
{
	ShopperEnv *env = check_env(-1);
	enum {N = 5000};
	uint64_t	key[N];
	uint32_t	order[N];

	for (int i = 0; i < N; i++)
		key[i] = shopper_sortable(floor(shopper_normal(3, 0, (uint64_t) i) * 100) - 0.0);
	key[17] = shopper_sortable(-0.0);
	key[18] = shopper_sortable(0.0);
	CHECK(key[17] == key[18]);
	CHECK(shopper_sortable(NAN) > shopper_sortable(INFINITY) && shopper_sortable(-INFINITY) < shopper_sortable(-1));
	CHECK_OK(env, shopper_sort_order(env, key, order, N));
	for (int i = 1; i < N; i++)
		if (key[order[i - 1]] > key[order[i]] || (key[order[i - 1]] == key[order[i]] && order[i - 1] > order[i]))
		{
			CHECK(!"sorted and stable");
			break;
		}
	for (int i = 0; i < N; i++)
		key[i] = shopper_mix64((uint64_t) i % 4000);
	CHECK_OK(env, shopper_sort_hashes(env, key, order, N));
	for (int i = 1; i < N; i++)
		if (key[order[i - 1]] > key[order[i]] || (key[order[i - 1]] == key[order[i]] && order[i - 1] > order[i]))
		{
			CHECK(!"hashes sorted and stable");
			break;
		}
	check_env_end(env);
}

static void
shard(void *arg, int i)
{
	((double *) arg)[i] += sin(i);
}

static void
threads(void)
{
	ShopperEnv *env = check_env(-1);
	double		serial[100] = {0},
				parallel[100] = {0};

	for (int round = 0; round < 1000; round++)
		shopper_parallel(env, 100, shard, serial);
	env->pool = shopper_pool_create(env, 3);
	for (int round = 0; round < 1000; round++)
		shopper_parallel(env, 100, shard, parallel);
	CHECK(memcmp(serial, parallel, sizeof(serial)) == 0);
	check_env_end(env);
}

/* L L' is the matrix again, the inverse inverts, and a column that others explain is found. */
static void
cholesky(int n)
{
	ShopperEnv *env = check_env(-1);
	double	   *x = shopper_alloc0(env, (size_t) (n * (n + 5)), sizeof(double)),
			   *a = shopper_alloc0(env, (size_t) (n * n), sizeof(double)),
			   *l = shopper_alloc0(env, (size_t) (n * n), sizeof(double)),
			   *inverse = shopper_alloc0(env, (size_t) (n * n), sizeof(double)),
				worst = 0;
	bool	   *skip = shopper_alloc0(env, (size_t) n, sizeof(bool));
	int			n_skipped;

	for (int i = 0; i < n * (n + 5); i++)
		x[i] = shopper_normal(6, 0, (uint64_t) i);
	for (int i = 0; i < n; i++)
		for (int j = 0; j < n; j++)
			a[i * n + j] = shopper_dot(x + i * (n + 5), x + j * (n + 5), n + 5);
	memcpy(l, a, sizeof(double) * (size_t) (n * n));
	CHECK_OK(env, shopper_cholesky(env, l, n, 1e-12, NULL, NULL));
	for (int i = 0; i < n; i++)
		for (int j = 0; j <= i; j++)
			worst = fmax(worst, fabs(shopper_dot(l + i * n, l + j * n, j + 1) - a[i * n + j]));
	CHECK(worst < 1e-10 * n);
	CHECK_OK(env, shopper_cholesky_inverse(env, l, n, NULL, inverse));
	worst = 0;
	for (int i = 0; i < n; i++)
		for (int j = 0; j < n; j++)
			worst = fmax(worst, fabs(shopper_dot(a + i * n, inverse + j * n, n) - (i == j)));
	CHECK(worst < 1e-6);
	/* make the last row and column those of the first two together */
	for (int j = 0; j < n && n > 2; j++)
		a[(n - 1) * n + j] = a[j * n + n - 1] = a[j * n] + a[j * n + 1];
	if (n > 2)
	{
		a[n * n - 1] = a[0] + 2 * a[1] + a[n + 1];
		CHECK_OK(env, shopper_cholesky(env, a, n, 1e-10, skip, &n_skipped));
		CHECK(n_skipped == 1 && skip[n - 1]);
	}
	check_env_end(env);
}

static void
random_numbers(void)
{
	double		sum = 0,
				squares = 0;

	for (uint64_t i = 0; i < 100000; i++)
	{
		double		z = shopper_normal(1, 2, i);

		sum += z;
		squares += z * z;
	}
	CHECK_NEAR(sum / 1e5, 0, 0.02);
	CHECK_NEAR(squares / 1e5, 1, 0.02);
	CHECK(shopper_hash_bytes("abc", 3, 0) != shopper_hash_bytes("abd", 3, 0));
	CHECK(shopper_hash_bytes("abc", 3, 0) != shopper_hash_bytes("abc\0", 4, 0));
}

void
test_core(void)
{
	ShopperEnv *env = check_env(0);

	CHECK(shopper_alloc(env, 10, 8) == NULL && env->status == SHOPPER_OUT_OF_MEMORY);
	check_env_end(env);
	env = check_env(-1);
	CHECK(shopper_alloc(env, SIZE_MAX / 4, 8) == NULL && env->status == SHOPPER_OUT_OF_MEMORY);
	check_env_end(env);
	codec();
	cholesky(1);
	cholesky(31);
	cholesky(32);
	cholesky(33);
	cholesky(100);
	sorting();
	threads();
	random_numbers();
}
