/* tokens.c: see tokens.h */
#include "tokens.h"

#include <string.h>

typedef enum Class
{
	OTHER, LETTER, IDEOGRAPH
} Class;

/* One character and its length in bytes; what is not UTF-8 is 0xfffd with length 1. */
static uint32_t
character(const unsigned char *p, const unsigned char *end, int *length)
{
	uint32_t	c = *p;
	int			n = c < 0x80 ? 1 : c >= 0xc2 && c < 0xe0 ? 2 : c >= 0xe0 && c < 0xf0 ? 3 : c >= 0xf0 && c < 0xf5 ? 4 : 0;

	*length = 1;
	if (n == 1)
		return c;
	if (n == 0 || end - p < n)
		return 0xfffd;
	c &= 0xffu >> (n + 1);
	for (int i = 1; i < n; i++)
	{
		if ((p[i] & 0xc0) != 0x80)
			return 0xfffd;
		c = c << 6 | (p[i] & 0x3f);
	}
	*length = n;
	return c;
}

static Class
class_of(uint32_t c)
{
	if (c < 0x80)
		return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') ? LETTER : OTHER;
	if ((c >= 0x3040 && c <= 0x30ff && c != 0x30fb) || (c >= 0x3400 && c <= 0x4dbf) || (c >= 0x4e00 && c <= 0x9fff) ||
		(c >= 0xac00 && c <= 0xd7af) || (c >= 0xf900 && c <= 0xfaff) || (c >= 0x20000 && c <= 0x3ffff))
		return IDEOGRAPH;
	/* signs of Latin-1, general punctuation up to symbols, CJK punctuation, private, wide forms of punctuation */
	if (c < 0xc0)
		return c == 0xaa || c == 0xb5 || c == 0xba ? LETTER : OTHER;
	if (c == 0xd7 || c == 0xf7 || (c >= 0x2000 && c <= 0x2bff) || (c >= 0x3000 && c <= 0x303f) || c == 0x30fb ||
		(c >= 0xe000 && c <= 0xf8ff) || (c >= 0xfe00 && c <= 0xfe6f) || (c >= 0xff00 && c <= 0xff0f) ||
		(c >= 0xff1a && c <= 0xff20) || (c >= 0x1f000 && c <= 0x1faff))
		return OTHER;
	return LETTER;
}

static uint32_t
small(uint32_t c)
{
	if (c >= 'A' && c <= 'Z')
		return c + 0x20;
	if (c < 0xc0)
		return c;
	if (c <= 0xde)				/* Latin-1 */
		return c == 0xd7 ? c : c + 0x20;
	if (c >= 0x100 && c <= 0x17f)	/* Latin Extended-A: pairs, the capital first */
	{
		if (c == 0x130 || c == 0x131 || c == 0x138 || c == 0x149 || c == 0x17f)
			return c == 0x130 ? 'i' : c;
		if (c == 0x178)
			return 0xff;
		return (c >= 0x139 && c <= 0x148) || (c >= 0x179 && c <= 0x17e) ? c + (c & 1) : c | 1;
	}
	if (c >= 0x391 && c <= 0x3ab && c != 0x3a2)	/* Greek */
		return c + 0x20;
	if (c >= 0x410 && c <= 0x42f)	/* Cyrillic */
		return c + 0x20;
	if (c >= 0x400 && c <= 0x40f)
		return c + 0x50;
	if (c >= 0xff21 && c <= 0xff3a)	/* wide Latin */
		return c + 0x20;
	return c;
}

/* UTF-8 of a character into out; its length. */
static size_t
put(uint32_t c, char *out)
{
	if (c < 0x80)
	{
		out[0] = (char) c;
		return 1;
	}
	if (c < 0x800)
	{
		out[0] = (char) (0xc0 | c >> 6);
		out[1] = (char) (0x80 | (c & 0x3f));
		return 2;
	}
	if (c < 0x10000)
	{
		out[0] = (char) (0xe0 | c >> 12);
		out[1] = (char) (0x80 | (c >> 6 & 0x3f));
		out[2] = (char) (0x80 | (c & 0x3f));
		return 3;
	}
	out[0] = (char) (0xf0 | c >> 18);
	out[1] = (char) (0x80 | (c >> 12 & 0x3f));
	out[2] = (char) (0x80 | (c >> 6 & 0x3f));
	out[3] = (char) (0x80 | (c & 0x3f));
	return 4;
}

void
shopper_tokens_begin(ShopperTokens *t, const char *text, size_t length)
{
	memset(t, 0, sizeof(*t));
	t->next = (const unsigned char *) text;
	t->end = t->next + length;
}

/* The character before, when it stands alone; the run of its script ends. */
static bool
end_run(ShopperTokens *t)
{
	bool		alone = t->before_length > 0 && !t->paired;

	if (alone)
	{
		memcpy(t->word, t->before, t->before_length);
		t->length = t->before_length;
		t->word[t->length] = '\0';
	}
	t->before_length = 0;
	t->paired = false;
	return alone;
}

/* The letters from here on. */
static void
read_word(ShopperTokens *t)
{
	t->length = 0;
	while (t->next < t->end)
	{
		int			n;
		uint32_t	c = character(t->next, t->end, &n);

		if (class_of(c) != LETTER)
			break;
		if (t->length < SHOPPER_TOKEN_BYTES)
			t->length += put(small(c), t->word + t->length);
		t->next += n;
	}
	t->word[t->length] = '\0';
}

bool
shopper_tokens_next(ShopperTokens *t)
{
	while (t->next < t->end)
	{
		int			n;
		uint32_t	c = character(t->next, t->end, &n);
		Class		class = class_of(c);

		if (class != IDEOGRAPH)
		{
			if (end_run(t))
				return true;
			if (class == LETTER)
			{
				read_word(t);
				return true;
			}
			t->next += n;
			continue;
		}
		t->next += n;
		t->length = t->before_length;
		memcpy(t->word, t->before, t->before_length);
		t->before_length = put(c, t->before);
		if (t->length == 0)
			continue;
		memcpy(t->word + t->length, t->before, t->before_length);
		t->length += t->before_length;
		t->word[t->length] = '\0';
		t->paired = true;
		return true;
	}
	return end_run(t);
}
