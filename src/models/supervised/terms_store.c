/* terms_store.c: names and stored form of terms; see terms.h */
#include "terms.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---- names ---- */

/* Texts in a format of %s and %s, of any length. */
static ShopperStatus
join(ShopperEnv *env, const char *format, const char *a, const char *b, const char **out)
{
	size_t		size = strlen(format) + strlen(a) + strlen(b) + 1;
	char	   *text = shopper_alloc(env, size, 1);

	if (text == NULL)
		return env->status;
	snprintf(text, size, format, a, b);
	*out = text;
	return SHOPPER_OK;
}

static ShopperStatus
number_name(ShopperEnv *env, const ShopperTerms *terms, const ShopperSpec *spec, int j, const char **name)
{
	static const char *const forms[] = {"%s%s", "log(%s)%s", "log1p(%s)%s"};

	return join(env, forms[terms->log[j]], spec->column[spec->number[j].column].name, "", name);
}

static ShopperStatus
name_term(ShopperEnv *env, const ShopperTerms *terms, const ShopperTerm *term, const ShopperSpec *spec, const ShopperFeatureName *plain,
		  ShopperFeatureName *names)
{
	bool		cells = term->kind == SHOPPER_TERM_CELLS;
	const ShopperCategory *a = cells ? &spec->category[term->a] : NULL,
			   *b = cells || term->kind == SHOPPER_TERM_SLOPES ? &spec->category[term->b] : NULL;
	const char *left = NULL,
			   *right = NULL;
	char		number[16];

	if (cells)
		left = spec->column[a->column].name;
	else
		SHOPPER_TRY(number_name(env, terms, spec, term->a, &left));
	right = b != NULL ? spec->column[b->column].name : number;
	if (term->kind == SHOPPER_TERM_PRODUCT)
		SHOPPER_TRY(number_name(env, terms, spec, term->b, &right));
	for (int c = 0; c < term->n; c++)
	{
		ShopperFeatureName *name = &names[term->first + c];

		snprintf(number, sizeof(number), "%d", c + 2);	/* of a spline; the column itself is the first */
		SHOPPER_TRY(join(env, term->kind == SHOPPER_TERM_SPLINE ? "spline(%s, %s)" : "%s * %s", left, right, &name->column));
		if (term->kind == SHOPPER_TERM_SLOPES)
			name->level = plain[b->offset + c].level;
		else if (cells)
			SHOPPER_TRY(join(env, "%s * %s", plain[a->offset + c / b->size].level, plain[b->offset + c % b->size].level, &name->level));
	}
	return SHOPPER_OK;
}

ShopperStatus
shopper_terms_names(ShopperEnv *env, const ShopperSpec *spec, const ShopperTerms *terms, const ShopperSpec *design,
					ShopperFeatureName **names)
{
	ShopperFeatureName *plain;

	SHOPPER_TRY(shopper_spec_names(env, spec, &plain));
	*names = plain;
	if (terms == NULL)
		return SHOPPER_OK;
	SHOPPER_NEW0(env, *names, design->width);
	memcpy(*names, plain, (size_t) spec->n_dense * sizeof(*plain));
	for (int j = 0; j < spec->n_numbers; j++)
		if (terms->log[j] != SHOPPER_LOG_NONE)
			SHOPPER_TRY(number_name(env, terms, spec, j, &(*names)[j].column));
	for (int k = 0; k < spec->n_categories; k++)
		memcpy(*names + design->category[k].offset, plain + spec->category[k].offset, (size_t) spec->category[k].size * sizeof(*plain));
	for (int i = 0; i < terms->n; i++)
		SHOPPER_TRY(name_term(env, terms, &terms->term[i], spec, plain, *names));
	return SHOPPER_OK;
}

/* ---- stored form: kinds, what they are of, knots; then the units of the new columns ---- */

static bool
has_unit(const ShopperTerms *terms, const ShopperSpec *spec, int j)
{
	return j >= spec->n_dense || (j < spec->n_numbers && terms->log[j] != SHOPPER_LOG_NONE);
}

void
shopper_terms_encode(const ShopperTerms *terms, const ShopperSpec *spec, const ShopperSpec *design, ShopperWriter *w)
{
	shopper_put_u8(w, terms != NULL);
	if (terms == NULL)
		return;
	for (int j = 0; j < spec->n_numbers; j++)
	{
		shopper_put_u8(w, terms->log[j]);
		if (terms->log[j] != SHOPPER_LOG_NONE)
			shopper_put_f64(w, terms->least[j]);
	}
	shopper_put_varint(w, (uint64_t) terms->n);
	for (int i = 0; i < terms->n; i++)
	{
		const ShopperTerm *term = &terms->term[i];

		shopper_put_u8(w, (uint8_t) term->kind);
		shopper_put_varint(w, (uint64_t) term->a);
		if (term->kind != SHOPPER_TERM_SPLINE)
			shopper_put_varint(w, (uint64_t) term->b);
		else
		{
			shopper_put_u8(w, (uint8_t) term->n_knots);
			shopper_put_f64s(w, term->knot, term->n_knots);
		}
	}
	for (int j = 0; j < design->n_dense; j++)
		if (has_unit(terms, spec, j))
		{
			shopper_put_f64(w, design->number[j].mean);
			shopper_put_f64(w, design->number[j].scale);
		}
}

static bool
read_term(ShopperReader *r, const ShopperSpec *spec, ShopperTerm *term)
{
	uint64_t	numbers = (uint64_t) spec->n_numbers,
				categories = (uint64_t) spec->n_categories,
				kind = shopper_get_u8(r),
				a = shopper_get_varint(r),
				b = 0;

	if (r->failed || kind > SHOPPER_TERM_SPLINE || a >= (kind == SHOPPER_TERM_CELLS ? categories : numbers))
		return false;
	term->kind = (ShopperTermKind) kind;
	if (kind == SHOPPER_TERM_SPLINE)
	{
		term->n_knots = shopper_get_u8(r);
		if (term->n_knots < 3 || term->n_knots > SHOPPER_MAX_KNOTS)
			return false;
		shopper_get_f64s(r, term->knot, term->n_knots);
		for (int k = 0; k < term->n_knots; k++)
			if (!isfinite(term->knot[k]) || (k > 0 && !(term->knot[k] > term->knot[k - 1])))
				return false;
	}
	else
		b = shopper_get_varint(r);
	if (b >= (kind == SHOPPER_TERM_PRODUCT ? numbers : categories) && kind != SHOPPER_TERM_SPLINE)
		return false;
	term->a = (int) a;
	term->b = (int) b;
	return !r->failed;
}

ShopperStatus
shopper_terms_decode(const ShopperSpec *spec, ShopperReader *r, ShopperTerms **terms, const ShopperSpec **design)
{
	ShopperEnv *env = r->env;
	ShopperTerms *read;
	ShopperSpec *made;

	*terms = NULL;
	*design = spec;
	if (!shopper_get_u8(r))
		return SHOPPER_OK;
	if (r->failed || r->end - r->next < spec->n_numbers || !spec->prepared ||
		spec->n_dense + spec->n_categories > SHOPPER_MAX_TERM_INPUTS)
		return shopper_bad_bytes(env, "its terms do not fit its features");
	SHOPPER_NEW0(env, read, 1);
	SHOPPER_NEW0(env, read->log, spec->n_numbers);
	SHOPPER_NEW0(env, read->least, spec->n_numbers);
	for (int j = 0; j < spec->n_numbers; j++)
	{
		read->log[j] = shopper_get_u8(r);
		if (read->log[j] != SHOPPER_LOG_NONE)
			read->least[j] = shopper_get_f64(r);
		if (read->log[j] > SHOPPER_LOG1P || !isfinite(read->least[j]) || read->least[j] < 0 || (read->log[j] == SHOPPER_LOG && read->least[j] <= 0))
			return shopper_bad_bytes(env, "a logarithm is wrong");
	}
	read->n = (int) shopper_get_count(r, 3);
	SHOPPER_NEW0(env, read->term, read->n);
	for (int i = 0; i < read->n; i++)
		if (!read_term(r, spec, &read->term[i]))
			return shopper_bad_bytes(env, "a term does not fit its features");
	if (r->failed || shopper_terms_design(env, spec, read, &made) != SHOPPER_OK)
		return env->status == SHOPPER_OUT_OF_MEMORY ? env->status : shopper_bad_bytes(env, "its terms do not fit its features");
	for (int j = 0; j < made->n_dense; j++)
		if (has_unit(read, spec, j))
		{
			made->number[j].mean = shopper_get_f64(r);
			made->number[j].scale = shopper_get_f64(r);
			if (!isfinite(made->number[j].mean) || !isfinite(made->number[j].scale) || !(made->number[j].scale > 0))
				return shopper_bad_bytes(env, "a term's scale is wrong");
		}
	*terms = read;
	*design = made;
	return SHOPPER_OK;
}
