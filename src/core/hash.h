/*
 * hash.h: 64-bit hashes that are stable for ever (they order training rows and
 * identify models), and counter-based random numbers made from them.
 */
#ifndef SHOPPER_HASH_H
#define SHOPPER_HASH_H

#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Finalizer of splitmix64 (Steele, Lea, Flood 2014): a bijection with full avalanche. */
static inline uint64_t
shopper_mix64(uint64_t x)
{
	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
	return x ^ (x >> 31);
}

/* Add one 64-bit value to a running hash; order matters. */
static inline uint64_t
shopper_hash_add(uint64_t hash, uint64_t value)
{
	return shopper_mix64(hash * 0x9e3779b97f4a7c15ULL + value);
}

/* Bytes of any length, any alignment; the same on either byte order. */
extern uint64_t shopper_hash_bytes(const void *bytes, size_t length, uint64_t seed);

/* A double as a key: -0.0 equals 0.0, every NaN is the same NaN. */
static inline uint64_t
shopper_double_key(double x)
{
	uint64_t	bits;

	if (x == 0.0)
		return 0;
	if (x != x)
		return 0x7ff8000000000000ULL;
	memcpy(&bits, &x, sizeof(bits));
	return bits;
}

/* ---- random numbers: a pure function of (seed, stream, index) ---- */

static inline uint64_t
shopper_random(uint64_t seed, uint64_t stream, uint64_t index)
{
	return shopper_mix64(shopper_mix64(seed + 0x9e3779b97f4a7c15ULL * (stream + 1)) + 0x9e3779b97f4a7c15ULL * index);
}

/* in [0, 1) with 53 bits */
static inline double
shopper_uniform(uint64_t seed, uint64_t stream, uint64_t index)
{
	return (double) (shopper_random(seed, stream, index) >> 11) * 0x1.0p-53;
}

/* standard normal (Box and Muller 1958) */
static inline double
shopper_normal(uint64_t seed, uint64_t stream, uint64_t index)
{
	double		u = 1.0 - shopper_uniform(seed, stream, 2 * index);
	double		v = shopper_uniform(seed, stream, 2 * index + 1);

	return sqrt(-2.0 * log(u)) * cos(6.283185307179586 * v);
}

/* in [0, n): the high half of a product (Lemire 2019, without rejection: bias below n / 2^64) */
static inline uint64_t
shopper_below(uint64_t random, uint64_t n)
{
	return (uint64_t) (((unsigned __int128) random * n) >> 64);
}

/* Shuffle order[0..n) (Fisher and Yates), a function of seed and stream alone. */
extern void shopper_shuffle(uint32_t *order, int64_t n, uint64_t seed, uint64_t stream);

#endif
