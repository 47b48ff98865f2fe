/*
 * fuzz.c: damaged models must be refused or work; nothing else may happen.
 *
 * Small models of every kind are mutated, most of them sealed again so that the
 * checksum holds, decoded, and asked. Mutant i of kind k is a function of (k, i)
 * alone. A failure leaves the bytes in build/fuzz.bad and names k and i.
 *
 * Usage: fuzz N [KIND [FIRST]]: N mutants of each kind (or of one, from FIRST on).
 */
#include "fuzz.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "../../src/core/hash.h"

#define MAX_BYTES 65536
#define MAX_SECTIONS 8
#define SECONDS 20				/* for 256 mutants, of some 20 us each */

/* Memory that decoding may hold at a time; then for answers, too. */
#define DECODE_CAP(length) ((int64_t) 262144 + 200 * (int64_t) (length))
#define ASK_CAP(length) ((int64_t) (64 << 20) + 200 * (int64_t) (length))

extern void __sanitizer_set_death_callback(void (*callback) (void));

/* ---- an env that counts bytes ---- */

typedef struct Block
{
	struct Block *next,
			   *previous;
	size_t		size;
	size_t		unused;			/* keeps what follows aligned to 16 bytes */
} Block;

static Block blocks = {&blocks, &blocks, 0, 0};
static int64_t live,
			cap,
			highest;
static bool over;

static void *
heap_resize(void *ctx, void *p, size_t size)
{
	Block	   *b = p == NULL ? NULL : (Block *) p - 1,
			   *moved;

	(void) ctx;
	if (size > (size_t) cap || live + (int64_t) size > cap)
	{
		over = true;
		return NULL;
	}
	moved = malloc(sizeof(Block) + size);	/* always moves, so that old pointers are caught */
	if (b != NULL)
	{
		memcpy(moved + 1, b + 1, b->size < size ? b->size : size);
		live -= (int64_t) b->size;
		b->next->previous = b->previous;
		b->previous->next = b->next;
		free(b);
	}
	moved->size = size;
	moved->next = blocks.next;
	moved->previous = &blocks;
	blocks.next->previous = moved;
	blocks.next = moved;
	live += (int64_t) size;
	highest = live > highest ? live : highest;
	return moved + 1;
}

static void *
heap_alloc(void *ctx, size_t size)
{
	return heap_resize(ctx, NULL, size);
}

static void
heap_release(void *ctx, void *p)
{
	Block	   *b = (Block *) p - 1;

	(void) ctx;
	live -= (int64_t) b->size;
	b->next->previous = b->previous;
	b->previous->next = b->next;
	free(b);
}

static bool
heap_valid_text(void *ctx, const char *text, size_t length)
{
	(void) ctx;
	return memchr(text, 0, length) == NULL;
}

static void
fresh_env(ShopperEnv *env)
{
	while (blocks.next != &blocks)
		heap_release(NULL, blocks.next + 1);
	memset(env, 0, sizeof(*env));
	env->alloc = heap_alloc;
	env->resize = heap_resize;
	env->release = heap_release;
	env->valid_text = heap_valid_text;
	env->seed = 1;
	env->threads = 1;
	over = false;
}

/* ---- the mutant at hand, and what to do when it breaks something ---- */

static unsigned char mutant[MAX_BYTES];
static size_t mutant_length;
static int	kind;
static int64_t number;

static void
leave_trace(void)
{
	FILE	   *f = fopen("build/fuzz.bad", "wb");

	if (f != NULL)
	{
		fwrite(mutant, 1, mutant_length, f);
		fclose(f);
	}
	fprintf(stderr, "fuzz: failed on mutant %lld of %s; again: build/fuzz 1 %d %lld; its bytes are in build/fuzz.bad\n",
			(long long) number, fuzz_kind_name[kind], kind, (long long) number);
}

static void
stop_here(int signal)
{
	fprintf(stderr, signal == SIGALRM ? "fuzz: more than %d seconds\n" : "fuzz: an answer is impossible\n", SECONDS);
	leave_trace();
	_exit(1);
}

static void
failed(const char *what)
{
	fprintf(stderr, "fuzz: %s (%lld bytes in use, model of %zu)\n", what, (long long) highest, mutant_length);
	leave_trace();
	exit(1);
}

/* ---- models and their sections ---- */

typedef struct Section
{
	unsigned char tag;
	size_t		start;
	size_t		length;
} Section;

typedef struct Sample
{
	unsigned char *bytes;
	size_t		length;
	Section		section[MAX_SECTIONS];
	int			n;
} Sample;

static Sample sample[FUZZ_KINDS];

static void
make_sample(int k)
{
	ShopperEnv	env;
	Sample	   *s = &sample[k];
	unsigned char *bytes;
	int64_t		length;

	cap = INT64_MAX;
	fresh_env(&env);
	fuzz_model(&env, k, &bytes, &length);
	s->length = (size_t) length;
	s->bytes = malloc(s->length);
	memcpy(s->bytes, bytes, s->length);
	for (size_t at = SHOPPER_MODEL_HEADER; at < s->length; at += s->section[s->n++].length)
	{
		uint64_t	n = 0;

		for (int i = 8; i >= 1; i--)
			n = n << 8 | s->bytes[at + (size_t) i];
		s->section[s->n] = (Section) {s->bytes[at], at + 9, (size_t) n};
		at += 9;
	}
}

/* ---- mutations ---- */

static uint64_t stream;			/* of this mutant */

static uint64_t
random_next(void)
{
	return stream = shopper_mix64(stream + 0x9e3779b97f4a7c15ULL);
}

static size_t
below(size_t n)
{
	return n == 0 ? 0 : (size_t) (random_next() % n);
}

static const uint64_t interesting[] = {0, 1, 2, 3, 7, 8, 16, 63, 64, 127, 128, 255, 256, 4096, 32767, 65535, 65536, 1000000, 1000001,
	0x7ffffff0, 0x7fffffff, 0x80000000, 0xffffffff, 0x100000000, 0x7fffffffffffffff, 0x8000000000000000, 0xffffffffffffffff,
0x7ff0000000000000, 0xfff0000000000000, 0x7ff8000000000000, 0x7fefffffffffffff, 0x47efffffe0000000, 1};

static uint64_t
interesting_value(void)
{
	return interesting[below(sizeof(interesting) / sizeof(interesting[0]))];
}

/* Bytes [at, at + out) of p (length) become the in bytes of `with`; what does not fit is left out. */
static size_t
replace(unsigned char *p, size_t length, size_t room, size_t at, size_t out, const unsigned char *with, size_t in)
{
	if (out > length - at)
		out = length - at;
	if (length - out + in > room)
		return length;
	memmove(p + at + in, p + at + out, length - at - out);
	memcpy(p + at, with, in);
	return length - out + in;
}

static size_t
put_number(unsigned char *p, size_t length, size_t room, bool varint)
{
	unsigned char bytes[10];
	uint64_t	v = interesting_value();
	size_t		at = below(length),
				n = 0,
				old = 0;

	if (varint)
	{
		if (below(2))
			v = p[at] + below(9) - 4;	/* near what stands there */
		do
		{
			bytes[n++] = (unsigned char) ((v & 0x7f) | (v > 0x7f ? 0x80 : 0));
			v >>= 7;
		} while (v != 0);
		while (at + old < length && old < 9 && (p[at + old] & 0x80) != 0)
			old++;
		return replace(p, length, room, at, old + 1, bytes, n);
	}
	n = (size_t) 1 << below(4);
	for (size_t i = 0; i < n; i++)
		bytes[i] = (unsigned char) (v >> (8 * i));
	return replace(p, length, room, at, n, bytes, n);
}

/* One mutation of p; returns the new length. */
static size_t
mutate(unsigned char *p, size_t length, size_t room)
{
	unsigned char bytes[16];
	size_t		at = below(length),
				n = 1 + below(8);

	if (length == 0)
		return 0;
	switch (below(10))
	{
		case 0:
			p[at] ^= (unsigned char) (1 << below(8));
			return length;
		case 1:
			p[at] = (unsigned char) random_next();
			return length;
		case 2:
			p[at] = (unsigned char) interesting_value();
			return length;
		case 3:
			return at;
		case 4:
			for (size_t i = 0; i < n; i++)
				bytes[i] = (unsigned char) random_next();
			return replace(p, length, room, at, 0, bytes, n);
		case 5:
			return replace(p, length, room, at, n, bytes, 0);
		case 6:					/* a piece again, elsewhere */
			{
				size_t		from = below(length);

				n = n > length - from ? length - from : n;
				memcpy(bytes, p + from, n);
				return replace(p, length, room, at, below(2) ? n : 0, bytes, n);
			}
		case 7:
			return put_number(p, length, room, false);
		default:
			return put_number(p, length, room, true);
	}
}

/* Another model's section of the same tag, from some place on. */
static size_t
splice(unsigned char *p, size_t length, size_t room, unsigned char tag)
{
	const Sample *other = &sample[below(FUZZ_KINDS)];

	for (int i = 0; i < other->n; i++)
	{
		const Section *s = &other->section[i];
		size_t		at = below(length + 1),
					from = below(2) ? below(s->length + 1) : at;

		if (s->tag != tag || from > s->length)
			continue;
		return replace(p, length, room, at, length - at, other->bytes + s->start + from, s->length - from);
	}
	return length;
}

/* Sections with right lengths, one or more of them mutated. */
static void
mutate_sections(const Sample *s)
{
	int			hit = (int) below((size_t) s->n);
	size_t		used = SHOPPER_MODEL_HEADER;

	memcpy(mutant, s->bytes, used);
	for (int i = 0; i < s->n; i++)
	{
		unsigned char *body = mutant + used + 9;
		size_t		length = s->section[i].length;
		size_t		room = MAX_BYTES - used - 9 - 8192;

		memcpy(body, s->bytes + s->section[i].start, length);
		if (i == hit || below(8) == 0)
		{
			if (below(12) == 0)
				length = splice(body, length, room, s->section[i].tag);
			else
				for (size_t rounds = 1 + below(3); rounds > 0; rounds--)
					length = mutate(body, length, room);
		}
		mutant[used] = s->section[i].tag;
		for (int k = 0; k < 8; k++)
			mutant[used + 1 + (size_t) k] = (unsigned char) ((uint64_t) length >> (8 * k));
		used += 9 + length;
	}
	mutant_length = used;
}

static void
make_mutant(void)
{
	const Sample *s = &sample[kind];

	stream = shopper_mix64((uint64_t) kind * 0x9e3779b97f4a7c15ULL + (uint64_t) number);
	if (below(8) != 0)
		mutate_sections(s);
	else
	{
		memcpy(mutant, s->bytes, s->length);
		mutant_length = s->length;
		if (below(12) == 0)
		{
			const Sample *other = &sample[below(FUZZ_KINDS)];
			size_t		at = below(other->length);

			mutant_length = replace(mutant, s->length, MAX_BYTES, below(s->length), s->length, other->bytes + at, other->length - at);
		}
		for (size_t rounds = 1 + below(4); rounds > 0; rounds--)
			mutant_length = mutate(mutant, mutant_length, MAX_BYTES);
	}
	if (mutant_length >= SHOPPER_MODEL_HEADER && below(16) != 0)
		shopper_model_seal(mutant, mutant_length);
}

/* ---- a mutant's way ---- */

static bool
try_mutant(void)
{
	ShopperEnv	env;
	ShopperModel model,
				again;
	unsigned char *exact = malloc(mutant_length ? mutant_length : 1),
			   *bytes;
	int64_t		length;
	bool		good;

	memcpy(exact, mutant, mutant_length);	/* so that a byte too many is noticed */
	highest = 0;
	cap = DECODE_CAP(mutant_length);
	fresh_env(&env);
	good = shopper_model_decode(&env, exact, mutant_length, &model) == SHOPPER_OK;
	if (over)
		failed("decoding asks for more memory than the bytes justify");
	if (good != (env.status == SHOPPER_OK) || (!good && env.message[0] == '\0'))
		failed("status and message do not agree");
	free(exact);				/* a decoded model must not point into the bytes */
	if (good)
	{
		cap = ASK_CAP(mutant_length);
		fuzz_ask(&env, &model, random_next());
		if (over)
			failed("an answer asks for too much memory");
		env.status = SHOPPER_OK;
		if (shopper_model_encode(&env, &model, &bytes, &length) != SHOPPER_OK ||
			shopper_model_decode(&env, bytes, (size_t) length, &again) != SHOPPER_OK)
			failed("a decoded model cannot be stored again");
		if (number % 64 == 0)
			fuzz_continue(&env, &model);
	}
	cap = INT64_MAX;
	fresh_env(&env);
	return good;
}

int
main(int argc, char **argv)
{
	int64_t		n = argc > 1 ? atoll(argv[1]) : 1000;
	int			only = argc > 2 ? atoi(argv[2]) : -1;
	int64_t		first = argc > 3 ? atoll(argv[3]) : 0,
				total = 0;
	time_t		began = time(NULL);

	setvbuf(stdout, NULL, _IOLBF, 0);
	for (int k = 0; k < FUZZ_KINDS; k++)
		make_sample(k);
	__sanitizer_set_death_callback(leave_trace);
	signal(SIGALRM, stop_here);
	signal(SIGABRT, stop_here);
	for (kind = 0; kind < FUZZ_KINDS; kind++)
	{
		int64_t		good = 0;

		if (only >= 0 && kind != only)
			continue;
		for (number = first; number < first + n; number++, total++)
		{
			if (number % 256 == 0)
				alarm(SECONDS);
			make_mutant();
			good += try_mutant();
		}
		alarm(0);
		printf("fuzz: %-22s %5zu bytes, %lld mutants, %.1f %% decoded and asked\n", fuzz_kind_name[kind], sample[kind].length,
			   (long long) n, 100.0 * (double) good / (double) (n > 0 ? n : 1));
	}
	for (int k = 0; k < FUZZ_KINDS; k++)
		free(sample[k].bytes);
	printf("fuzz: %lld mutants in %ld s, nothing broke\n", (long long) total, (long) (time(NULL) - began));
	return 0;
}
