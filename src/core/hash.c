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

/* up to 7 trailing bytes as one number, different for different bytes of the same count */
static uint64_t
load_tail(const unsigned char *p, size_t n)
{
	uint32_t	low,
				high;

	if (n < 4)
		return n == 0 ? 0 : (uint64_t) p[0] | (uint64_t) p[n / 2] << 8 | (uint64_t) p[n - 1] << 16;
	memcpy(&low, p, 4);
	memcpy(&high, p + n - 4, 4);	/* overlaps: no loop over single bytes */
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	low = __builtin_bswap32(low);
	high = __builtin_bswap32(high);
#endif
	return (uint64_t) low | (uint64_t) high << 32;
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
