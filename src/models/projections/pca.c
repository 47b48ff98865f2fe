/*
 * pca.c: principal components: the directions in which rows differ most (Jolliffe, Principal
 * Component Analysis, 2002). The covariance has the divisor n - 1; its eigenvectors are the axes,
 * each with its largest element positive.
 *
 * Memory: 8 bytes a number of the table, and 64 matrices of 8 d^2 bytes (fewer from d = 65 on).
 */
#include "projection.h"

#include <math.h>

#include "../../core/dense.h"
#include "../../core/eigen.h"

static const ShopperOption options[] = {
	{"components", SHOPPER_INTEGER, NULL, 1, SHOPPER_MAX_WIDTH, false, NULL, "how many components are kept; all when neither this nor explained is set"},
	{"explained", SHOPPER_NUMBER, NULL, 0, 1, true, NULL, "keep as many components as explain this share of the variance"},
	{"whiten", SHOPPER_BOOLEAN, "false", 0, 0, false, NULL, "scores have variance 1"},
	{NULL}
};

/* How many of the axes are kept: those without variance never are, but for the first. */
static int
kept(const ShopperOptions *o, const double *variance, int d, double total)
{
	double		share = shopper_option_number(o, "explained"),
				sum = 0;
	int			real = 1,
				k;

	while (real < d && variance[real] > 1e-12 * variance[0])
		real++;
	if (shopper_option_set(o, "components"))
	{
		int64_t		most = shopper_option_integer(o, "components");

		real = most < real ? (int) most : real;
	}
	if (!shopper_option_set(o, "explained"))
		return real;
	for (k = 0; k < real && sum < share * total * (1 - 1e-12); k++)
		sum += variance[k];
	return k > 0 ? k : 1;
}

/* From the cross products to the axes; p->mean and the options are set. */
static ShopperStatus
find_axes(ShopperEnv *env, ShopperModel *model, ShopperCross *cross, ShopperProjection *p)
{
	int			d = cross->p,
				k;
	bool		whiten = shopper_option_boolean(&model->options, "whiten");
	double	   *variance,
			   *axis,
				total = 0;

	SHOPPER_NEW(env, variance, d);
	SHOPPER_NEW(env, axis, (int64_t) d * d);
	for (int a = 0; a < d; a++)
		for (int b = 0; b <= a; b++)
		{
			double		covariance = cross->n > 1 ? cross->cross[(int64_t) a * d + b] / (cross->n - 1) : 0;

			cross->cross[(int64_t) a * d + b] = cross->cross[(int64_t) b * d + a] = covariance;
		}
	for (int a = 0; a < d; a++)
		total += cross->cross[(int64_t) a * d + a];
	SHOPPER_TRY(shopper_eigen(env, cross->cross, d, variance, axis));
	for (int a = 0; a < d; a++)
		variance[a] = variance[a] > 0 ? variance[a] : 0;
	k = kept(&model->options, variance, d, total);
	SHOPPER_TRY(shopper_projection_make(env, d, k, p));
	p->orthonormal = true;
	p->category_weight = shopper_option_number(&model->options, "category_weight");
	p->total = total;
	for (int a = 0; a < d; a++)
		p->mean[a] = cross->mean[a];
	for (int i = 0; i < k; i++)
	{
		for (int j = 0; j < d; j++)
			p->axis[(int64_t) i * d + j] = axis[(int64_t) i * d + j];
		shopper_projection_sign(p->axis + (int64_t) i * d, d);
		p->variance[i] = variance[i];
		p->scale[i] = whiten && variance[i] > 0 ? sqrt(variance[i]) : 1;
	}
	shopper_release(env, variance);
	shopper_release(env, axis);
	return SHOPPER_OK;
}

/* Turn axes so that they point the way they did before. */
static void
point_alike(ShopperProjection *p, const ShopperProjection *previous)
{
	for (int i = 0; i < p->k && i < previous->k && p->d == previous->d; i++)
	{
		double	   *axis = p->axis + (int64_t) i * p->d;
		bool		turn = shopper_dot(axis, previous->axis + (int64_t) i * p->d, p->d) < 0;

		for (int j = 0; turn && j < p->d; j++)
			axis[j] = -axis[j];
	}
}

/* Axes and metrics of a model whose rows were scaled as the spec says. */
static ShopperStatus
finish(ShopperEnv *env, ShopperModel *model, ShopperCross *cross, const ShopperModel *previous)
{
	ShopperProjection *p;
	double		shown = 0;

	SHOPPER_NEW0(env, p, 1);
	SHOPPER_TRY(find_axes(env, model, cross, p));
	model->state = p;
	if (previous != NULL)
		point_alike(p, previous->state);
	for (int i = 0; i < p->k; i++)
		shown += p->variance[i];
	SHOPPER_TRY(shopper_add_metric(env, model, "train", "rows", (double) model->n_rows));
	return shopper_add_metric(env, model, "train", "explained_variance", p->total > 0 ? shown / p->total : 1);
}

static ShopperStatus
train(ShopperEnv *env, ShopperModel *model, ShopperTable *t, const ShopperModel *previous)
{
	ShopperCross cross;

	SHOPPER_TRY(shopper_table_cross(t, model->spec, shopper_option_number(&model->options, "category_weight"), NULL, NULL, t->n, &cross));
	return finish(env, model, &cross, previous);
}

ShopperStatus
shopper_pca_from_cross(ShopperEnv *env, ShopperModel *model, ShopperCross *cross)
{
	ShopperSpec *spec = model->spec;
	bool		standard = shopper_option_is(&model->options, "scale", "standard");

	if (!standard && !shopper_option_is(&model->options, "scale", "none"))
	{
		shopper_fail(env, SHOPPER_UNSUPPORTED, "sums alone do not tell what scale => '%s' needs", shopper_option_text(&model->options, "scale"));
		shopper_hint(env, "Use 'standard' or 'none', or train_projection.");
		return env->status;
	}
	spec->prepared = true;
	spec->n_dense = spec->width = cross->p;
	for (int j = 0; j < cross->p; j++)
	{
		ShopperNumber *number = &spec->number[j];
		double		deviation = cross->n > 0 ? sqrt(cross->cross[(int64_t) j * cross->p + j] / cross->n) : 0;

		number->fill = cross->mean[j];
		number->flag = -1;
		number->n_missing = 0;
		number->mean = standard ? cross->mean[j] : 0;
		number->scale = standard && deviation > 0 ? deviation : 1;
	}
	for (int a = 0; a < cross->p; a++)
	{
		for (int b = 0; b <= a; b++)
			cross->cross[(int64_t) a * cross->p + b] /= spec->number[a].scale * spec->number[b].scale;
		cross->mean[a] = (cross->mean[a] - spec->number[a].mean) / spec->number[a].scale;
	}
	return finish(env, model, cross, NULL);
}

static const ShopperProjection *
projection(const ShopperModel *model)
{
	return model->state;
}

static int
outputs(const ShopperModel *model)
{
	return projection(model)->k;
}

static void
encode(const ShopperModel *model, ShopperWriter *w)
{
	shopper_projection_encode(model->state, w);
}

static ShopperStatus
decode(ShopperModel *model, ShopperReader *r)
{
	ShopperProjection *p;

	SHOPPER_NEW0(r->env, p, 1);
	model->state = p;
	return shopper_projection_decode(model, r, p);
}

static void
describe(const ShopperModel *model, void (*add) (void *ctx, const char *key, double value), void *ctx)
{
	shopper_projection_describe(model->state, add, ctx);
}

const ShopperLearner shopper_learner_pca = {
	.number = 29,
	.name = "pca",
	.help = "principal components: the directions in which rows differ most",
	.shape = SHOPPER_POINTS,
	.tasks = SHOPPER_PROJECT,
	.wide = true,
	.input = SHOPPER_PREPARED,
	.options = options,
	.train_rows = train,
	.outputs = outputs,
	.predict = shopper_project_row,
	.projection = projection,
	.encode = encode,
	.decode = decode,
	.describe = describe
};
