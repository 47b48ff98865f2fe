/* sums.c: see sums.h */
#include "sums.h"

#include <math.h>
#include <string.h>

#include "../../features/intake.h"
#include "../projections/projection.h"

#define MAGIC 0x53754d31u

/*
 * Behind struct and setup: low (p), high (p), buffer (ROWS + 1, p), codes (ROWS); then
 * linear, pca: n, mean (p), cross (p, p); naive Bayes: for each class its name, weight and
 * moments (p).
 */

static size_t
head_size(int width, size_t setup)
{
	return sizeof(ShopperSums) + setup + ((size_t) width * (2 + SHOPPER_SUMS_ROWS + 1) + SHOPPER_SUMS_ROWS / 2) * sizeof(double);
}

static size_t
class_size(int width)
{
	return SHOPPER_SUMS_NAME + sizeof(double) + (size_t) width * sizeof(ShopperMoments);
}

size_t
shopper_sums_size(int width, ShopperSumsKind kind, int n_classes, size_t setup)
{
	size_t		p = (size_t) width;

	return head_size(width, setup) + (kind != SHOPPER_SUMS_BAYES ? (1 + p + p * p) * sizeof(double) : (size_t) n_classes * class_size(width));
}

static double *
low_of(const ShopperSums *s)
{
	return (double *) ((char *) (s + 1) + s->setup);
}

static double *
buffer_of(const ShopperSums *s)
{
	return low_of(s) + 2 * s->width;
}

int32_t *
shopper_sums_codes(ShopperSums *s)
{
	return (int32_t *) (buffer_of(s) + (SHOPPER_SUMS_ROWS + 1) * s->width);
}

static char *
statistics_of(const ShopperSums *s)
{
	return (char *) s + head_size(s->width, (size_t) s->setup);
}

static char *
class_of(const ShopperSums *s, int class)
{
	return statistics_of(s) + (size_t) class * class_size(s->width);
}

static double *
weight_of(const ShopperSums *s, int class)
{
	return (double *) (class_of(s, class) + SHOPPER_SUMS_NAME);
}

static ShopperMoments *
moments_of(const ShopperSums *s, int class)
{
	return (ShopperMoments *) (weight_of(s, class) + 1);
}

static ShopperCross
cross_of(const ShopperSums *s)
{
	double	   *x = (double *) statistics_of(s);

	return (ShopperCross) {s->width, x[0], x + 1, x + 1 + s->width};
}

void
shopper_sums_init(ShopperSums *s, int width, ShopperSumsKind kind, int n_classes, size_t setup)
{
	s->magic = MAGIC;
	s->width = width;
	s->kind = (int32_t) kind;
	s->n_classes = n_classes;
	s->setup = (int64_t) setup;
	for (int j = 0; j < width; j++)
	{
		low_of(s)[j] = INFINITY;
		low_of(s)[width + j] = -INFINITY;
	}
}

bool
shopper_sums_valid(const ShopperSums *s, size_t size)
{
	bool		valid = size >= sizeof(ShopperSums) && s->magic == MAGIC && s->width >= 1 && s->width <= SHOPPER_SUMS_MAX_WIDTH &&
		s->n_classes >= 0 && s->n_classes <= SHOPPER_SUMS_MAX_CLASSES && s->setup >= 0 && s->setup < (int64_t) size &&
		s->buffered >= 0 && s->buffered < SHOPPER_SUMS_ROWS &&
		s->kind >= SHOPPER_SUMS_BAYES && s->kind <= SHOPPER_SUMS_PCA && (s->kind == SHOPPER_SUMS_BAYES || s->n_classes == 0) &&
		size == shopper_sums_size(s->width, (ShopperSumsKind) s->kind, s->n_classes, (size_t) s->setup);

	for (int c = 0; valid && c < s->n_classes; c++)
		valid = memchr(class_of(s, c), '\0', SHOPPER_SUMS_NAME) != NULL;
	for (int i = 0; valid && s->kind == SHOPPER_SUMS_BAYES && i < s->buffered; i++)
		valid = shopper_sums_codes((ShopperSums *) s)[i] >= 0 && shopper_sums_codes((ShopperSums *) s)[i] < s->n_classes;
	return valid;
}

int
shopper_sums_class(const ShopperSums *s, const char *name, size_t length)
{
	for (int c = 0; c < s->n_classes; c++)
	{
		const char *known = class_of(s, c);

		if (memcmp(known, name, length) == 0 && known[length] == '\0')
			return c;
	}
	return -1;
}

void
shopper_sums_name(ShopperSums *s, int class, const char *name, size_t length)
{
	memcpy(class_of(s, class), name, length);
	class_of(s, class)[length] = '\0';
}

const char *
shopper_sums_class_name(const ShopperSums *s, int class)
{
	return class_of(s, class);
}

double *
shopper_sums_row(ShopperSums *s)
{
	return buffer_of(s) + s->buffered * s->width;
}

/* The moments of the buffered rows of each class: sums first, then squares of what differs from their means. */
static void
flush_bayes(ShopperSums *s)
{
	const int32_t *code = shopper_sums_codes(s);
	const double *rows = buffer_of(s);
	int			p = s->width,
				n = s->buffered;
	bool		done[SHOPPER_SUMS_ROWS] = {false};

	for (int first = 0; first < n; first++)
	{
		int			member[SHOPPER_SUMS_ROWS],
					members = 0;
		ShopperMoments *moments = moments_of(s, code[first]);

		for (int i = first; i < n && !done[first]; i++)
			if (code[i] == code[first])
				member[members++] = i;
		for (int i = 0; i < members; i++)
			done[member[i]] = true;
		if (members == 0)
			continue;
		*weight_of(s, code[first]) += members;
		for (int j = 0; j < p; j++)
		{
			ShopperMoments block = {0};
			double		sum = 0;

			for (int i = 0; i < members; i++)
			{
				double		x = rows[member[i] * p + j];

				sum += x == x ? x : 0;
				block.n += x == x;
			}
			block.mean = block.n > 0 ? sum / block.n : 0;
			for (int i = 0; i < members; i++)
			{
				double		d = rows[member[i] * p + j] - block.mean;

				block.squares += d == d ? d * d : 0;
			}
			shopper_moments_merge(&moments[j], &block);
		}
	}
}

void
shopper_sums_flush(ShopperSums *s)
{
	double	   *low = low_of(s),
			   *high = low + s->width,
			   *rows = buffer_of(s);

	for (int i = 0; i < s->buffered; i++)
		for (int j = 0; j < s->width; j++)
		{
			double		x = rows[i * s->width + j];

			low[j] = x < low[j] ? x : low[j];
			high[j] = x > high[j] ? x : high[j];
		}
	if (s->kind != SHOPPER_SUMS_BAYES)
	{
		ShopperCross c = cross_of(s);

		shopper_cross_add(&c, rows, s->buffered);
		((double *) statistics_of(s))[0] = c.n;
	}
	else
		flush_bayes(s);
	s->buffered = 0;
}

void
shopper_sums_merge(ShopperSums *s, const ShopperSums *other, const int *class)
{
	double	   *low = low_of(s),
			   *theirs = low_of(other);

	for (int j = 0; j < s->width; j++)
	{
		low[j] = theirs[j] < low[j] ? theirs[j] : low[j];
		low[s->width + j] = theirs[s->width + j] > low[s->width + j] ? theirs[s->width + j] : low[s->width + j];
	}
	s->n_rows += other->n_rows;
	if (s->kind != SHOPPER_SUMS_BAYES)
	{
		ShopperCross a = cross_of(s),
					b = cross_of(other);

		shopper_cross_merge(&a, &b);
		((double *) statistics_of(s))[0] = a.n;
		return;
	}
	for (int c = 0; c < other->n_classes; c++)
	{
		*weight_of(s, class[c]) += *weight_of(other, c);
		for (int j = 0; j < s->width; j++)
			shopper_moments_merge(&moments_of(s, class[c])[j], &moments_of(other, c)[j]);
	}
}

/* ---- the model ---- */

/* Columns, classes and the positive one, by the same rules as for rows: one empty row of each class goes through the intake. */
static ShopperStatus
make_spec(ShopperEnv *env, ShopperModel *model, ShopperSums *s, const char *const *names, ShopperTable *t)
{
	ShopperIntake in;
	ShopperIntakeRules rules = {.max_levels = 1,.positive = s->kind == SHOPPER_SUMS_PCA ? NULL : shopper_option_text(&model->options, "positive")};
	bool		bayes = s->kind == SHOPPER_SUMS_BAYES,
				linear = s->kind == SHOPPER_SUMS_LINEAR;
	int			p = s->width - linear,
				rows = bayes ? s->n_classes : 1;

	if (bayes && s->n_classes == 1)
	{
		shopper_fail(env, SHOPPER_BAD_DATA, "training set has only one class");
		shopper_detail(env, "All %lld rows have the class \"%s\".", (long long) s->n_rows, class_of(s, 0));
		return env->status;
	}
	SHOPPER_TRY(shopper_intake_init(&in, env, true, p, linear ? "y" : bayes ? "target" : NULL,
									linear ? SHOPPER_TARGET_NUMBER : bayes ? SHOPPER_TARGET_CLASS : SHOPPER_TARGET_NONE, (ShopperIntakeRoles) {0}));
	for (int j = 0; j < p; j++)
		SHOPPER_TRY(shopper_intake_column(&in, j, names[j], SHOPPER_KIND_NUMBER, false, false));
	for (int c = 0; c < rows && s->n_rows > 0; c++)
	{
		SHOPPER_TRY(shopper_intake_row(&in));
		if (bayes)
			SHOPPER_TRY(shopper_intake_class(&in, class_of(s, c), strlen(class_of(s, c))));
		for (int j = 0; j < p; j++)
			shopper_intake_number(&in, &in.column[j], NAN);
		shopper_intake_commit(&in);
	}
	for (int c = 0; c < s->n_classes; c++)
		in.classes.count[c] = (int64_t) *weight_of(s, c);
	SHOPPER_NEW0(env, model->spec, 1);
	SHOPPER_TRY(shopper_intake_finish(&in, &rules, t, model->spec));
	for (int j = 0; j < p; j++)
	{
		bool		empty = !(low_of(s)[j] <= low_of(s)[s->width + j]);

		model->spec->number[j].low = empty ? 0 : low_of(s)[j];
		model->spec->number[j].high = empty ? 0 : low_of(s)[s->width + j];
	}
	model->spec->width = p;
	return SHOPPER_OK;
}

static ShopperStatus
make_bayes(ShopperEnv *env, ShopperModel *model, const ShopperSums *s, const ShopperTable *t)
{
	ShopperBayes *b;

	SHOPPER_TRY(shopper_bayes_new(env, model, &b));
	for (int j = 0; j < s->width; j++)
	{
		ShopperNumber *number = &model->spec->number[j];
		ShopperMoments all = {0};

		for (int c = 0; c < s->n_classes; c++)
		{
			ShopperMoments *m = &moments_of(s, c)[j];

			b->moments[(size_t) j * (size_t) s->n_classes + (size_t) t->y_class[c]] = *m;
			shopper_moments_merge(&all, m);
		}
		number->mean = number->fill = all.mean;
		number->scale = all.n > 0 ? sqrt(all.squares / all.n) : 0;
		number->n_missing = s->n_rows - (int64_t) all.n;
	}
	for (int c = 0; c < s->n_classes; c++)
		b->weight[t->y_class[c]] = *weight_of(s, c);
	return shopper_bayes_finish(env, model, b);
}

ShopperStatus
shopper_sums_model(ShopperEnv *env, ShopperModel *model, ShopperSums *s, const char *const *names)
{
	ShopperTable t;
	ShopperCross cross;

	SHOPPER_TRY(make_spec(env, model, s, names, &t));
	model->n_rows = model->n_train = s->n_rows;
	if (s->kind == SHOPPER_SUMS_BAYES)
	{
		SHOPPER_TRY(make_bayes(env, model, s, &t));
		return shopper_add_metric(env, model, "train", "rows", (double) s->n_rows);
	}
	cross = cross_of(s);
	return s->kind == SHOPPER_SUMS_LINEAR ? shopper_linear_from_cross(env, model, &cross) : shopper_pca_from_cross(env, model, &cross);
}
