/*
 * net_continue.c: start a net from the weights of an earlier one.
 *
 * The new rows have means, scales, levels and flags of their own. Weights move to
 * the same column and level by name and are rescaled, so that the new net begins
 * with the function that the old one ended with. A level or flag that the old net
 * has not seen begins with the weights of "other", or 0.
 */
#include "net.h"

#include <string.h>

typedef struct Move
{
	ShopperNet *net;
	const ShopperNet *old;
	const ShopperSpec *spec;
	const ShopperSpec *old_spec;
} Move;

static bool
same_shape(const ShopperNet *a, const ShopperNet *b)
{
	if (a->n_layers != b->n_layers || a->activation != b->activation || a->head != b->head)
		return false;
	for (int l = 0; l < a->n_layers; l++)
		if (a->layer[l].out != b->layer[l].out)
			return false;
	return true;
}

static bool
same_columns(const ShopperNet *a, const ShopperNet *b)
{
	if (a->n_dense != b->n_dense || a->n_lookup != b->n_lookup)
		return false;
	for (int k = 0; k < a->n_lookup; k++)
		if (a->size[k] != b->size[k])
			return false;
	return true;
}

static ShopperStatus
check_classes(ShopperEnv *env, const Move *m)
{
	if (!shopper_spec_same_target(m->spec, m->old_spec))
		return shopper_fail(env, SHOPPER_BAD_OPTION, "previous model has other classes");
	return SHOPPER_OK;
}

/* The old column of this name and kind, or NULL with an error. */
static const ShopperColumn *
find_column(ShopperEnv *env, const Move *m, const ShopperColumn *column)
{
	const ShopperColumn *old = shopper_spec_find_like(m->old_spec, column);

	if (old != NULL)
		return old;
	shopper_fail(env, SHOPPER_BAD_OPTION, "previous model has no column \"%s\" of this kind", column->name);
	return NULL;
}

static float *
row_of(const ShopperNet *net, int64_t i)
{
	return net->param + net->layer[0].weight + i * net->layer[0].stride;
}

/* Number i of the new spec from number o of the old one. */
static void
move_number(const Move *m, int i, int o, double origins)
{
	const ShopperNumber *number = &m->spec->number[i];
	const ShopperNumber *old = &m->old_spec->number[o];
	float	   *bias = m->net->param + m->net->layer[0].bias;
	double		ratio = number->scale / old->scale;
	double		shift = (number->mean - old->mean + origins) / old->scale;

	for (int j = 0; j < m->net->layer[0].out; j++)
	{
		double		weight = row_of(m->old, o)[j];

		row_of(m->net, i)[j] = (float) (weight * ratio);
		bias[j] += (float) (weight * shift);
		if (number->flag >= 0)
			row_of(m->net, number->flag)[j] = old->flag >= 0 ? row_of(m->old, old->flag)[j] : 0.0f;
	}
}

static void
move_category(const Move *m, int k, int o)
{
	const ShopperCategory *category = &m->spec->category[k];
	const ShopperCategory *old = &m->old_spec->category[o];

	for (int32_t code = 0; code < category->n_levels; code++)
	{
		int32_t		position = shopper_category_position(category, code);
		int32_t		old_code,
					old_position;
		float	   *row;

		if (code == category->null_code)
			old_code = old->null_code >= 0 ? old->null_code : old->other_code;
		else if (code == category->other_code)
			old_code = old->other_code;
		else
		{
			char		buffer[64];
			size_t		length;
			const char *text = shopper_dictionary_text(&category->levels, code, buffer, &length);

			old_code = shopper_category_code(old, text, length);
		}
		if (position >= category->size)
			continue;
		old_position = shopper_category_position(old, old_code);
		row = row_of(m->net, m->net->block[k] + position);
		memset(row, 0, (size_t) m->net->layer[0].stride * sizeof(float));
		if (old_position < old->size)
			memcpy(row, row_of(m->old, m->old->block[o] + old_position), (size_t) m->net->layer[0].stride * sizeof(float));
	}
}

static ShopperStatus
move_columns(ShopperEnv *env, const Move *m)
{
	for (int i = 0; i < m->spec->n_columns; i++)
	{
		const ShopperColumn *column = &m->spec->column[i];
		const ShopperColumn *old = find_column(env, m, column);

		if (old == NULL)
			return env->status;
		if (column->kind == SHOPPER_KIND_CATEGORY)
			move_category(m, column->first, old->first);
		else
			for (int j = 0; j < column->n; j++)
			{
				bool		days = (column->kind == SHOPPER_KIND_DATE || column->kind == SHOPPER_KIND_TIMESTAMP) &&
					m->spec->number[column->first + j].part == SHOPPER_PART_DAYS;

				move_number(m, column->first + j, old->first + j, days ? column->origin - old->origin : 0);
			}
	}
	return SHOPPER_OK;
}

/* The output in units of the new target: old mean and scale become part of the last layer. */
static void
move_target(const Move *m)
{
	const ShopperNetLayer *last = &m->net->layer[m->net->n_layers - 1];
	double		ratio = m->old->target_scale / m->net->target_scale;
	double		shift = (m->old->target_mean - m->net->target_mean) / m->net->target_scale;
	float	   *weight = m->net->param + last->weight;
	float	   *bias = m->net->param + last->bias;

	for (int64_t i = 0; i < last->n_weights; i++)
		weight[i] = (float) (weight[i] * ratio);
	bias[0] = (float) (bias[0] * ratio + shift);
}

ShopperStatus
shopper_net_continue(ShopperEnv *env, ShopperNet *net, const ShopperSpec *spec, const ShopperModel *previous)
{
	const ShopperNet *old = previous->state;
	Move		m = {net, old, spec, previous->spec};
	int64_t		behind = net->layer[0].bias;	/* everything but the weights of layer 0 */

	if (!same_shape(net, old))
	{
		shopper_fail(env, SHOPPER_BAD_OPTION, "previous model has other layers");
		shopper_detail(env, "Hidden layers, activation and kind of target must be the same.");
		return SHOPPER_BAD_OPTION;
	}
	if (spec == NULL || previous->spec == NULL || spec->n_columns == 0)
	{
		if (!same_columns(net, old))
			return shopper_fail(env, SHOPPER_BAD_OPTION, "previous model has other columns");
		memcpy(net->param, old->param, (size_t) net->n_params * sizeof(float));
	}
	else
	{
		if (spec->n_columns != previous->spec->n_columns)
			return shopper_fail(env, SHOPPER_BAD_OPTION, "previous model has %d columns, got %d",
								previous->spec->n_columns, spec->n_columns);
		if (net->head != SHOPPER_HEAD_NUMBER)
			SHOPPER_TRY(check_classes(env, &m));
		memcpy(net->param + behind, old->param + old->layer[0].bias, (size_t) (net->n_params - behind) * sizeof(float));
		SHOPPER_TRY(move_columns(env, &m));
	}
	if (net->head == SHOPPER_HEAD_NUMBER)
		move_target(&m);
	return SHOPPER_OK;
}
