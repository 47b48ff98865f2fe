/* marks.c: collecting the marks of lines, and a bounded sample of those of clouds; see pictures.h */
#include "frame.h"

#include <math.h>
#include <string.h>

#include "../core/hash.h"

ShopperStatus
shopper_marks_init(ShopperEnv *env, ShopperMarks *m)
{
	memset(m, 0, sizeof(*m));
	m->env = env;
	return shopper_dictionary_init(&m->names, env, SHOPPER_ID_TEXT);
}

static double
finite_or_none(double x)
{
	return x - x == 0 ? x + 0.0 : NAN;
}

static ShopperStatus
code_of(ShopperMarks *m, const char *name, size_t length, uint32_t *code)
{
	if (name == NULL)
	{
		name = SHOPPER_NO_NAME;
		length = strlen(SHOPPER_NO_NAME);
	}
	SHOPPER_TRY(shopper_dictionary_add_text(&m->names, name, length, code));
	m->names.count[*code]++;
	return SHOPPER_OK;
}

/* Room for one more. */
static ShopperStatus
reserve(ShopperMarks *m)
{
	double	  **column[] = {&m->x, &m->y, &m->low, &m->high};
	int64_t		capacity;

	for (int k = 0; k < (m->has_band ? 4 : 2); k++)
	{
		capacity = m->capacity;
		SHOPPER_TRY(shopper_grow(m->env, column[k], &capacity, m->n + 1, sizeof(double)));
	}
	return shopper_grow(m->env, &m->series, &m->capacity, m->n + 1, sizeof(uint32_t));
}

ShopperStatus
shopper_marks_add(ShopperMarks *m, double x, double y, double low, double high, const char *name, size_t length)
{
	uint32_t	code;

	if (x - x != 0)
		return SHOPPER_OK;
	SHOPPER_TRY(reserve(m));
	SHOPPER_TRY(code_of(m, name, length, &code));
	m->x[m->n] = x + 0.0;
	m->y[m->n] = finite_or_none(y);
	if (m->has_band)
	{
		m->low[m->n] = finite_or_none(fmin(low, high));
		m->high[m->n] = finite_or_none(fmax(low, high));
		if (low - low != 0 || high - high != 0)
			m->low[m->n] = m->high[m->n] = NAN;
	}
	m->series[m->n++] = code;
	return SHOPPER_OK;
}

/* ---- the sample ---- */

ShopperStatus
shopper_scatter_init(ShopperEnv *env, int64_t most, ShopperScatter *s)
{
	memset(s, 0, sizeof(*s));
	s->most = most;
	s->low[0] = s->low[1] = INFINITY;
	s->high[0] = s->high[1] = -INFINITY;
	SHOPPER_TRY(shopper_marks_init(env, &s->marks));
	SHOPPER_NEW(env, s->hash, most + 1);
	return SHOPPER_OK;
}

static void
swap_points(ShopperScatter *s, int64_t a, int64_t b)
{
	ShopperMarks *m = &s->marks;
	uint64_t	hash = s->hash[a];
	double		x = m->x[a],
				y = m->y[a];
	uint32_t	series = m->series[a];

	s->hash[a] = s->hash[b];
	m->x[a] = m->x[b];
	m->y[a] = m->y[b];
	m->series[a] = m->series[b];
	s->hash[b] = hash;
	m->x[b] = x;
	m->y[b] = y;
	m->series[b] = series;
}

/* The largest hash is at the top. */
static void
push(ShopperScatter *s)
{
	for (int64_t at = s->marks.n - 1; at > 0 && s->hash[at] > s->hash[(at - 1) / 2]; at = (at - 1) / 2)
		swap_points(s, at, (at - 1) / 2);
}

static void
pop(ShopperScatter *s)
{
	int64_t		n = --s->marks.n;

	swap_points(s, 0, n);
	for (int64_t at = 0;;)
	{
		int64_t		child = 2 * at + 1;

		if (child >= n)
			break;
		child += child + 1 < n && s->hash[child + 1] > s->hash[child];
		if (s->hash[child] <= s->hash[at])
			break;
		swap_points(s, at, child);
		at = child;
	}
}

ShopperStatus
shopper_scatter_add(ShopperScatter *s, double x, double y, const char *name, size_t length)
{
	ShopperMarks *m = &s->marks;
	uint64_t	hash;
	uint32_t	code;

	if (x - x != 0 || y - y != 0)
		return SHOPPER_OK;
	s->n++;
	s->low[0] = fmin(s->low[0], x);
	s->low[1] = fmin(s->low[1], y);
	s->high[0] = fmax(s->high[0], x);
	s->high[1] = fmax(s->high[1], y);
	SHOPPER_TRY(code_of(m, name, length, &code));
	hash = shopper_hash_add(shopper_hash_add(shopper_dictionary_hash(&m->names, code), shopper_double_key(x)), shopper_double_key(y));
	if (m->n == s->most && hash >= s->hash[0])
		return SHOPPER_OK;
	SHOPPER_TRY(reserve(m));
	m->x[m->n] = x + 0.0;
	m->y[m->n] = y + 0.0;
	m->series[m->n] = code;
	s->hash[m->n++] = hash;
	push(s);
	if (m->n > s->most)
		pop(s);
	return SHOPPER_OK;
}
