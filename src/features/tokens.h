/*
 * tokens.h: the words of a text. A word is a run of letters and digits in lower case; of
 * scripts that write without spaces (Chinese, Japanese, Korean) each two neighbouring
 * characters are a word, or a character that stands alone.
 *
 * Texts are read as UTF-8; a byte that is not UTF-8 counts as a letter. Letters are made
 * small by tables of our own (Latin, Greek, Cyrillic), so no setting of the host shows.
 */
#ifndef SHOPPER_TOKENS_H
#define SHOPPER_TOKENS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SHOPPER_TOKEN_BYTES 64	/* longer words are cut */

typedef struct ShopperTokens
{
	const unsigned char *next;
	const unsigned char *end;
	char		word[SHOPPER_TOKEN_BYTES + 8];	/* of the last call, NUL-terminated */
	size_t		length;
	char		before[8];		/* the last character of a script without spaces, in its run; "" at the start of one */
	size_t		before_length;
	bool		paired;			/* it is in a word already */
} ShopperTokens;

extern void shopper_tokens_begin(ShopperTokens *t, const char *text, size_t length);
/* False at the end; else word and length are set. */
extern bool shopper_tokens_next(ShopperTokens *t);

#endif
