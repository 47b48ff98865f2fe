/* hash.c: hash of bytes, shuffling. */
#include "hash.h"

static uint64_t
load64(const unsigned char *p)
{
	uint64_t	v;

	memcpy(&v, p, 8);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	v = __builtin_bswap64(v);
#endif
	return v;
}

/* up to 7 trailing bytes, zero-extended */
static uint64_t
load_tail(const unsigned char *p, size_t n)
{
	uint64_t	v = 0;

	for (size_t i = 0; i < n; i++)
		v |= (uint64_t) p[i] << (8 * i);
	return v;
}

/* 128-bit product folded to 64 bits, the mixing step of multiply-fold hashes */
static uint64_t
fold(uint64_t a, uint64_t b)
{
	unsigned __int128 m = (unsigned __int128) a * b;

	return (uint64_t) m ^ (uint64_t) (m >> 64);
}

uint64_t
shopper_hash_bytes(const void *bytes, size_t length, uint64_t seed)
{
	const unsigned char *p = bytes;
	size_t		left = length;
	uint64_t	h = seed ^ 0x2d358dccaa6c78a5ULL;
	uint64_t	g = seed ^ 0x8bb84b93962eacc9ULL;

	while (left >= 32)			/* two independent lanes: long models hash at memory speed */
	{
		h = fold(load64(p) ^ h, load64(p + 8) ^ 0x4b33a62ed433d4a3ULL);
		g = fold(load64(p + 16) ^ g, load64(p + 24) ^ 0x4d5a2da51de1aa47ULL);
		p += 32;
		left -= 32;
	}
	while (left >= 8)
	{
		h = fold(load64(p) ^ h, 0xa0761d6478bd642fULL ^ g);
		p += 8;
		left -= 8;
	}
	h = fold(load_tail(p, left) ^ h, 0xe7037ed1a0b428dbULL ^ g);
	return shopper_mix64(h ^ g ^ (uint64_t) length * 0x9e3779b97f4a7c15ULL);
}

void
shopper_shuffle(uint32_t *order, int64_t n, uint64_t seed, uint64_t stream)
{
	for (int64_t i = n - 1; i > 0; i--)
	{
		int64_t		j = (int64_t) shopper_below(shopper_random(seed, stream, (uint64_t) i), (uint64_t) i + 1);
		uint32_t	t = order[i];

		order[i] = order[j];
		order[j] = t;
	}
}
