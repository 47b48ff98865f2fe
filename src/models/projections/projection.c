/* projection.c: see projection.h. */
#include "projection.h"

#include <math.h>
#include <string.h>

#include "../../core/dense.h"
#include "../../core/threads.h"

#define BLOCK 256

const ShopperProjection *
shopper_projection_of(const ShopperModel *model)
{
	return model->learner->projection != NULL ? model->learner->projection(model) : NULL;
}

ShopperStatus
shopper_projection_make(ShopperEnv *env, int d, int k, ShopperProjection *p)
{
	memset(p, 0, sizeof(*p));
	p->d = d;
	p->k = k;
	p->category_weight = 1;
	SHOPPER_NEW0(env, p->mean, d);
	SHOPPER_NEW0(env, p->axis, (int64_t) k * d);
	SHOPPER_NEW0(env, p->scale, k);
	SHOPPER_NEW0(env, p->variance, k);
	return SHOPPER_OK;
}

void
shopper_projection_sign(double *axis, int d)
{
	int			most = 0;
	bool		turn;

	for (int j = 1; j < d; j++)
		if (fabs(axis[j]) > fabs(axis[most]) * (1 + 1e-9))	/* of two as large the first, whatever the last digits are */
			most = j;
	turn = axis[most] < 0;
	for (int j = 0; turn && j < d; j++)
		axis[j] = -axis[j];
}

void
shopper_project_point(const ShopperProjection *p, const double *x, double *score)
{
	double		away[SHOPPER_MAX_WIDTH];

	for (int j = 0; j < p->d; j++)
		away[j] = x[j] - p->mean[j];
	for (int i = 0; i < p->k; i++)
		score[i] = shopper_dot(p->axis + (int64_t) i * p->d, away, p->d) / p->scale[i];
}

void
shopper_unproject_point(const ShopperProjection *p, const double *score, double *x)
{
	memcpy(x, p->mean, (size_t) p->d * sizeof(double));
	for (int i = 0; i < p->k; i++)
		for (int j = 0; j < p->d; j++)
			x[j] += score[i] * p->scale[i] * p->axis[(int64_t) i * p->d + j];
}

void
shopper_project_row(const ShopperModel *model, const double *dense, const int32_t *lookup, double *score)
{
	const ShopperProjection *p = shopper_projection_of(model);
	double		x[SHOPPER_MAX_WIDTH];

	shopper_point(model->spec, dense, lookup, p->category_weight, x);
	shopper_project_point(p, x, score);
}

/* ---- stored form ---- */

void
shopper_projection_encode(const ShopperProjection *p, ShopperWriter *w)
{
	shopper_put_varint(w, (uint64_t) p->d);
	shopper_put_varint(w, (uint64_t) p->k);
	shopper_put_u8(w, p->orthonormal);
	shopper_put_f64(w, p->category_weight);
	shopper_put_f64(w, p->total);
	shopper_put_f64s(w, p->mean, p->d);
	shopper_put_f64s(w, p->axis, (int64_t) p->k * p->d);
	shopper_put_f64s(w, p->scale, p->k);
	shopper_put_f64s(w, p->variance, p->k);
}

static bool
all_finite(const double *x, int64_t n)
{
	bool		all = true;

	for (int64_t i = 0; i < n; i++)
		all &= x[i] - x[i] == 0;
	return all;
}

ShopperStatus
shopper_projection_decode(ShopperModel *model, ShopperReader *r, ShopperProjection *p)
{
	int64_t		d = shopper_get_count(r, sizeof(double)),
				k = shopper_get_count(r, sizeof(double));
	uint8_t		orthonormal = shopper_get_u8(r);
	double		category_weight = shopper_get_f64(r),
				total = shopper_get_f64(r);
	bool		sound;

	if (r->failed || orthonormal > 1 || d != model->spec->width || d > SHOPPER_MAX_WIDTH || k < 1 || k > d ||
		(size_t) (k * d) > (size_t) (r->end - r->next) / sizeof(double))
		return shopper_bad_bytes(r->env, "its projection does not fit its columns");
	SHOPPER_TRY(shopper_projection_make(r->env, (int) d, (int) k, p));
	p->orthonormal = orthonormal;
	p->category_weight = category_weight;
	p->total = total;
	shopper_get_f64s(r, p->mean, d);
	shopper_get_f64s(r, p->axis, k * d);
	shopper_get_f64s(r, p->scale, k);
	shopper_get_f64s(r, p->variance, k);
	sound = !r->failed && all_finite(&category_weight, 1) && all_finite(&total, 1) && all_finite(p->mean, d) && all_finite(p->axis, k * d) && all_finite(p->scale, k) &&
		all_finite(p->variance, k);
	for (int64_t i = 0; sound && i < k; i++)
		sound = p->scale[i] > 0 && p->variance[i] >= 0;
	return sound ? SHOPPER_OK : shopper_bad_bytes(r->env, "its projection does not fit its columns");
}

void
shopper_projection_describe(const ShopperProjection *p, void (*add) (void *ctx, const char *key, double value), void *ctx)
{
	double		shown = 0;

	for (int i = 0; i < p->k; i++)
		shown += p->variance[i];
	add(ctx, "components", p->k);
	add(ctx, "explained_variance", p->total > 0 ? shown / p->total : 1);
}

/* ---- cross products ---- */

typedef struct Crossing
{
	const ShopperTable *table;
	const ShopperSpec *spec;
	double		category_weight;
	const int32_t *group;
	const double *centre;
	int64_t		n;
	int			shards;
	ShopperCross *cross;		/* (shards) */
	double	  **rows;			/* (shards) of (BLOCK + 1, d) */
} Crossing;

/* Rows [from, from + n) of the table, one after the other. */
static void
gather(const Crossing *c, int64_t from, int n, double *rows)
{
	const ShopperSpec *spec = c->spec;
	const ShopperTable *t = c->table;
	int			d = spec->width;

	for (int j = 0; j < spec->n_dense; j++)
		for (int i = 0; i < n; i++)
			rows[i * d + j] = t->dense[j][from + i];
	for (int i = 0; i < n && d > spec->n_dense; i++)
		memset(rows + i * d + spec->n_dense, 0, sizeof(double) * (size_t) (d - spec->n_dense));
	for (int k = 0; k < spec->n_categories; k++)
		for (int i = 0; i < n; i++)
			if (t->lookup[k][from + i] < spec->category[k].size)
				rows[i * d + spec->category[k].offset + t->lookup[k][from + i]] = c->category_weight;
	for (int i = 0; i < n && c->group != NULL; i++)
		for (int j = 0; j < d; j++)
			rows[i * d + j] -= c->centre[(int64_t) c->group[from + i] * d + j];
}

static void
cross_shard(void *arg, int shard)
{
	Crossing   *c = arg;
	int64_t		from,
				to;

	shopper_shard_range(c->n, c->shards, shard, &from, &to);
	for (; from < to; from += BLOCK)
	{
		int			n = (int) (to - from < BLOCK ? to - from : BLOCK);

		if (shopper_stopped(c->table->env))
			return;
		gather(c, from, n, c->rows[shard]);
		if (c->table->weight != NULL)
			shopper_cross_add_weighted(&c->cross[shard], c->rows[shard], c->table->weight + from, n);
		else
			shopper_cross_add(&c->cross[shard], c->rows[shard], n);
	}
}

ShopperStatus
shopper_table_cross(const ShopperTable *table, const ShopperSpec *spec, double category_weight,
					const int32_t *group, const double *centre, int64_t n, ShopperCross *cross)
{
	ShopperEnv *env = table->env;
	int			d = spec->width;
	Crossing	c = {.table = table,.spec = spec,.category_weight = category_weight,.group = group,.centre = centre,.n = n};

	shopper_assert(table->wide && spec->prepared);
	SHOPPER_TRY(shopper_points_check(env, d));
	c.shards = d <= 64 ? 64 : d <= 400 ? 16 : 4;	/* their matrices need 8 d^2 bytes each */
	SHOPPER_NEW0(env, c.cross, c.shards);
	SHOPPER_NEW0(env, c.rows, c.shards);
	for (int s = 0; s < c.shards; s++)
	{
		c.cross[s].p = d;
		SHOPPER_NEW0(env, c.cross[s].mean, d);
		SHOPPER_NEW0(env, c.cross[s].cross, (int64_t) d * d);
		SHOPPER_NEW(env, c.rows[s], (int64_t) (BLOCK + 1) * d);
	}
	shopper_parallel(env, c.shards, cross_shard, &c);
	SHOPPER_TRY(shopper_poll(env));
	for (int s = 0; s < c.shards; s++)
	{
		if (s > 0)
		{
			shopper_cross_merge(&c.cross[0], &c.cross[s]);
			shopper_release(env, c.cross[s].mean);
			shopper_release(env, c.cross[s].cross);
		}
		shopper_release(env, c.rows[s]);
	}
	*cross = c.cross[0];
	return SHOPPER_OK;
}
